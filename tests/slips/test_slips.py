# SPDX-License-Identifier: AGPL-3.0-or-later
"""A slip in any rule of a reader is noticed by a vector: what passes here would pass in another implementation.

Two kinds of slips are put in: each condition on which what ran refuses something holds no more, found in the code by
itself; and computations that differ, told in a table. `make soak` tries all of them, `make test` a sample.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from tests.crdt import test_link
from tests.protocol import test_own_vectors as own
from tests.protocol.peers import test_frame_vectors
from tests.protocol.wire import test_codec, test_keys
from tests.slips.code import Slip, accepting, bordering, edited, put_in, ran_in
from tests.slips.unseen import BORDERS_TO_COME
from tests.soak.marked import rest_to_soak


class Vectors(NamedTuple):
    """Vectors of one file or some, and the rules that they are to guard."""

    name: str
    tests: tuple[Callable[..., None], ...]
    rules: tuple[str, ...]

    def replay(self) -> None:
        """Read all of them; raises where one is read otherwise than it is told."""
        own.verdicts.cache_clear()
        for test in self.tests:
            for arguments in arguments_of(test):
                test(**arguments)


def arguments_of(test: Callable[..., None]) -> list[dict[str, Any]]:
    """Return with what pytest calls a test that it calls for each vector of a list."""
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    return [{mark.args[0]: one} for mark in marks for one in mark.args[1]] or [{}]


def every_refused_entry_is_refused() -> None:
    told = own.verdicts()
    assert all(told[case["name"]] == case["code"] for case in own.TRACE["refused"])
    assert not any(told[case["name"]] for case in own.TRACE["taken"])


LEDGER = Vectors(
    "own_fold_trace",
    (own.test_the_trace_folds_to_its_balances, own.test_the_trace_ends_as_it_is_told, every_refused_entry_is_refused),
    ("protocol.book", "protocol.practices"),
)
ENTRIES = Vectors(
    "own_entries",
    (
        own.test_the_entries_fold_in_their_order,
        own.test_an_invalid_entry_is_refused_for_its_reason_and_changes_no_book,
    ),
    ("protocol.lanes",),
)
FRAMES = Vectors("own_frames", (test_frame_vectors.test_a_frame_is_heard_as_told,), ("protocol.peers",))
BYTES = Vectors(
    "own_codec, own_text, own_keys",
    (
        test_codec.test_our_vectors_read_and_write,
        test_codec.test_our_vectors_are_refused_for_their_reason,
        test_codec.test_a_text_is_one_by_the_runs_of_those_characters,
        test_keys.test_what_may_be_a_key_is_one_and_nothing_else,
        test_keys.test_a_signature_holds_as_told,
        test_keys.test_our_vectors,
    ),
    ("protocol.wire.codec", "protocol.wire.keys"),
)
LINKS = Vectors("own_link_records", (test_link.test_published_records_get_their_verdict,), ("crdt.link",))
FEDERATIONS = Vectors("own_federations", (own.test_members_follow_from_what_is_said_in_any_order,), ())
SET_OFFS = Vectors("own_set_offs", (own.test_a_set_off_comes_to_what_is_told,), ())
ROUNDING = Vectors("own_rounding", (own.test_amounts_are_rounded_as_told, own.test_a_forward_needs_what_is_told), ())
RECEIPTS = Vectors("own_receipts", (own.test_a_receipt_proves_a_payment_or_not_as_told,), ())
PROOFS = Vectors(
    "own_checkpoints, own_signed_grants",
    (
        own.test_a_proof_proves_or_is_refused_as_told,
        own.test_a_proof_of_consistency_proves_or_is_refused_as_told,
        own.test_cold_keys_have_signed_a_checkpoint_or_not_as_told,
        own.test_of_what_is_granted_so_much_binds_as_told,
        own.test_evidence_weighs_as_told,
    ),
    (),
)

UNSEEN = {
    "_against_keeping: currency.guaranteed": "no group of the story would keep a currency that a reserve backs",
    "Book.misplaced": "what is in another lane stands in own_entries",
    "Book._judged": "it turns a reason into what is compared with another",
    "payable: amount_minor > AMOUNT_MINOR_MAX": "what is more than int64 was refused, or could not be read, before",
    "parse_decimal": "it reads what people type",
    "Rows.__getitem__": "a bug of ours, and no rule",
    "Rows.change": "a bug of ours, and no rule",
    "against: not motion.wishes": "it would take a motion of words alone that is carried",
    "busy -> refuse(STATE_CONFLICT": "it would take a story in which two motions are done at once",
    ">= MANDATES_MAX": "it would take 64 mandates",
    "_told: verdict is StepVerdict.FROZEN": "a kiosk that has forked is refused before its statements are read",
    "_closed: book.currencies[currency].closed": "it would take a currency that is closed with all that goes on in it",
    "_unable_to_pay: book.currencies[payer.currency].closed": "it would take a payer in a currency that is closed",
    "_unlike_wish: parameter_id": "it would take an emergency whose entry says another rule than its signed wish",
    "_told: account_id(name, cycle.said.currency) not in": "it would take a member without an account where she orders",
    "_against_disbursing: account not in": "it would take a fund whose borrower's account is gone",
    "against_confirming: beyond": "it would take 744 hours that are confirmed in a month",
    "_against_working: closed": "it would take a closed currency in which a rotation still stands",
    "_against_confirming: book.currencies": "it would take a closed currency in which a rotation still stands",
    "join_refusal: full": "it would take a hundred savers",
    "_against_booking: full": "it would take 200 bookings of a tool",
    "_against_moving: book.currencies": "it would take a closed currency in which a fund still stands",
    "Directory.verify: known is None": "who asks has looked whether the epoch is known",
    "Directory.verify: not known.identity.was_said": "who asks has looked whether the epoch is closed",
    "Directory.verify: known.identity.signed_in": "records of links come from partners, not into this journal",
    "Directory._admit_key_event": "it would take 10,000 networks",
    "Directory._admit_word": "who asks has looked whether the network is known",
    "Greeting.hear: known is None": "under another key than is certified one is dropped afterwards too",
    "Sessions.greet": "it would take 512 peers",
    "Standing.silent": "it tells members, not peers",
    "Taking.hear_entries: not self.sessions.may_hold": "what is of no lane that is held here is refused once more",
    "Taking._take_run: not journal.follows": "what does not follow is not linked, or is asked for",
    "Talks._partner": "it would take a replica that speaks of payments",
    "decode: len(data) > bytes_max": "it would take a vector of 64 KiB",
    "_write_map": "the writer's",
    "_integer": "the writer's",
    "_utf8": "the writer's",
    "_domain": "a kind is a word of the program",
    "id_text": "who writes an id has one",
    "KeyPair.from_seed": "who signs has a seed",
}
"""Conditions of which no vector tells, by what their slips are called among other things, and why."""


def is_unseen(slip: Slip) -> bool:
    return any(told in slip.name for told in UNSEEN)


def found_in(vectors: Vectors) -> list[Slip]:
    ran = ran_in(vectors.replay)
    return [one for one in accepting(ran) if one.module.startswith(vectors.rules)]


def is_noticed(vectors: Vectors, slip: Slip) -> bool:
    with put_in(slip):
        try:
            vectors.replay()
        except Exception:  # noqa: BLE001 - whatever a slip brings about, it was noticed
            return True
    return False


SHARE = 40
"""Of so many slips found in the code `make test` tries one."""


@pytest.mark.parametrize("vectors", [ENTRIES, FRAMES, BYTES, LINKS, LEDGER], ids=lambda one: one.name)
def test_a_reader_that_asks_one_thing_less_is_noticed(vectors: Vectors) -> None:
    slips = [one for one in found_in(vectors) if not is_unseen(one)]
    assert len(slips) > 5
    assert [one.name for one in slips[::SHARE] if not is_noticed(vectors, one)] == []


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("vectors", [ENTRIES, FRAMES, BYTES, LINKS, LEDGER], ids=lambda one: one.name)
def test_each_condition_of_a_reader_is_guarded_by_a_vector(vectors: Vectors) -> None:
    passed = [one for one in found_in(vectors) if not is_noticed(vectors, one)]
    assert [one.name for one in passed if not is_unseen(one)] == []


# Borders: what holds at an hour or a figure itself.

BORDERS_UNSEEN = {
    "_passed: ": "nothing of the story happens in the first millisecond of a due day, or of a year",
    "UnderMotion.satisfies": "no gate asks for more than the group's own terms",
    "AMOUNT_MINOR_MAX": "the last of int64 is no border that a group comes near",
    "decimal: ": "it shows figures",
    "Number.value": "what a parameter may be is the home's to ask",
    "Percentage.value": "what a parameter may be is the home's to ask",
    "declared: ": "it looks at our own declarations",
    "zone_of: ": "no zone is a whole day off, or so long",
    "_fold_rerouted": "nothing moves at zero",
    "check: body.": "a circle that brings nothing is refused at zero, and no vector goes below",
    "is_way: part.amount": "parts have to come to the invoice's amount",
    "WRONG_KEPT_MAX": "an auditor's own list",
    "Circle.is_well_formed": "a circle of two is well formed, and none of the trace has so few",
    "Position.move": "which half of a position moves at zero is told in the clearing's own tests",
    "terms.low < terms.high": "no link is with oneself",
    "against_voter": "the place of an entry is never below zero",
    "voters: ": "no member joins by the entry that opens a motion",
    "SPENDING_MS": "it would take a payout to the millisecond 30 days ago",
    "due_at": "dues are taken by the second",
    "body.period < newest": "a period that is not over is never older",
    "debtors: ": "nobody joins at the millisecond when dues fall due",
    "Agreed.state_at": "no set-off is made in the last millisecond of a consent",
    "fold: schedule.": "no standing order goes on in the millisecond of its date, or past its last",
    "is_away: ": "a leave is shown, and no rule",
    "MANDATES_MAX": "it would take 64 mandates",
    "at_ms <= one.not_after_ms": "it would take 64 mandates",
    "EARLIER_HANDLES_MAX": "it would take 16 handles",
    "left_minor > 0": "nothing is taken up at zero",
    "Promised.begin: change > 0": "what changes nothing was left out in the line before",
    "Promised.end: change > 0": "what changes nothing was left out in the line before",
    "posted: ": "what members pay each other is a figure of the chain, and no rule",
    "unseen_days * DAY_MS": "it would take a card's payment in the millisecond after which its card is not taken",
    "record.hotlist >= card.hot_since": "it would take a terminal that has heard just as much as told it of a card",
    "holders: account.balance_minor > 0": "nobody gives a part of zero",
    "given_by: due > given": "nothing moves at zero",
    "_share: month.surplus_minor": "of a month without a surplus nothing is covered",
    "sharing: body.surplus <= 0": "of a month without a surplus nobody gets anything",
    "shared_postings: month.surplus_minor <= 0": "of a month without a surplus nothing is covered",
    "used: balance_minor": "how much of a limit is used is shown, and is no rule",
    "VoucherBatch.state_of: at_ms > self.expires_ms": "it is shown; a rule of its own refuses what has expired",
    "freeze: _WEIGHT": "of two equal reasons it is the same which stands",
    "use_notice: minor > used": "a notice of zero lets nobody withdraw",
    "_against_filling: body.amount > 0": "a movement of zero is refused",
    "_told: read.said.place > place": "which statement is missing is shown, and is no rule",
    "_strange_sectors: set(sectors)": "nobody names all sectors there are",
    "_counted: ": "how often a link was ordered of is shown, and is no rule",
}
"""Comparisons at whose border no vector stands, by what their slips are called among other things, and why."""


def borders() -> list[Slip]:
    found = bordering(ran_in(LEDGER.replay))
    ours = [one for one in found if one.module.startswith(LEDGER.rules)]
    left = [one for one in ours if not any(told in one.name for told in BORDERS_UNSEEN)]
    return [one for one in left if one.name not in BORDERS_TO_COME]


def test_a_border_that_is_moved_is_noticed() -> None:
    assert [one.name for one in borders()[::SHARE] if not is_noticed(LEDGER, one)] == []


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_each_border_of_the_ledger_is_guarded_by_a_vector() -> None:
    assert [one.name for one in borders() if not is_noticed(LEDGER, one)] == []


# Computations that differ, and rules beyond one condition.


@dataclass(frozen=True, slots=True)
class Different:
    """What is wrong, what stands in the code, and what then stands there; and the vectors that notice."""

    vectors: Vectors
    what: str
    stands: str
    then: str


DIFFERENT = [
    Different(
        LEDGER,
        "an occurrence's number the other way round",
        "occurrence.to_bytes(4, 'big')",
        "occurrence.to_bytes(4, 'little')",
    ),
    Different(
        LEDGER,
        "a levy rounded up",
        "amount_minor * terms.basis_points // BASIS_POINTS",
        "-(-amount_minor * terms.basis_points // BASIS_POINTS)",
    ),
    Different(
        LEDGER,
        "a levy beyond what the commons owes",
        "min(levy, _debt(book, account)",
        "max(levy, _debt(book, account)",
    ),
    Different(
        LEDGER,
        "a levy kept when a payment is paid back",
        "commons, payee.id, payment.levy_minor",
        "commons, payee.id, 0",
    ),
    Different(LEDGER, "a levy that the payer pays", "{LevySide.PAYEE: 0,", "{LevySide.PAYEE: levy,"),
    Different(LEDGER, "a payer's levy that the payee pays", "LevySide.PAYER: levy,", "LevySide.PAYER: 0,"),
    Different(
        LEDGER, "the odd unit of a levy at the payer", "LevySide.BOTH: levy // 2", "LevySide.BOTH: -(-levy // 2)"
    ),
    Different(
        LEDGER,
        "a group's own levy for nobody",
        "if account.member in groups[name].members)",
        "if account.member is None)",
    ),
    Different(LEDGER, "limits and caps looked at by a reader", "if author:", "if True:"),
    Different(LEDGER, "an order's number not noted", "said.device.order_seq = said.envelope.order_seq", "pass"),
    Different(
        LEDGER,
        "a request that stays open when it is paid",
        "self.state, self.payment = (REQUEST_LIFE.after(self.state, kind), payment)",
        "pass",
    ),
    Different(
        LEDGER,
        "a request that stays paid",
        "self.state, self.payment = (REQUEST_LIFE.after(self.state, kind), None)",
        "pass",
    ),
    Different(LEDGER, "requests of who leaves, left open", "_close_requests(book, leaver.id)", "pass"),
    Different(
        LEDGER,
        "mandates of a revoked key, left in force",
        "mandate.revoked or member.has_ended(mandate.rests_on)",
        "mandate.revoked",
    ),
    Different(LEDGER, "a draw not counted", "drawn_minor += max(0, -party.change_minor)", "drawn_minor += 0"),
    Different(LEDGER, "what passed in a pause, made up for", "and schedule.next_at_ms < entered.at_ms", "and False"),
    Different(LEDGER, "a quorum met by one vote less", "self.voted >= self.needed", "self.voted >= self.needed - 1"),
    Different(LEDGER, "half of the votes as a majority", "self.yes * BASIS_POINTS > ", "self.yes * BASIS_POINTS >= "),
    Different(LEDGER, "entries under a motion, not counted", "under.left -= 1", "pass"),
    Different(
        LEDGER,
        "an old key that stays when it is rebound",
        "member.keys[said.wish.gives_way or said.envelope.key]",
        "DeviceKey(None, 0)",
    ),
    Different(
        LEDGER,
        "changes of one account, counted one by one",
        "sums[account] = sums.get(account, 0) + change",
        "sums[account] = change",
    ),
    Different(LEDGER, "a circle turned, whatever its worth", "uncounted(book, moved[:1])", "None"),
    Different(LEDGER, "a circle cleared, whatever its cost", "uncounted(book, moved[-1:])", "None"),
    Different(FRAMES, "any parts of lanes", "check_parts(heads.spans)", "pass"),
    Different(FRAMES, "any parts of boards", "check_parts(message.spans)", "pass"),
    Different(
        ENTRIES, "a ledger's kind in another lane", "entered.network != self.network or entered.lane != LEDGER", "False"
    ),
    Different(ENTRIES, "a twin of the head that is named", "seq < head.seq or entry.id == head.id", "seq <= head.seq"),
    Different(ENTRIES, "the key of another epoch", "or not entry.signed_by(after.epochs[-1].key)", "or False"),
    Different(
        ENTRIES,
        "guardians that a rotation does not name, forgotten",
        "claim.guardians or before.guardians",
        "claim.guardians",
    ),
    Different(ENTRIES, "guardians forgotten by a recovery", "guardians=identity.guardians", "guardians=None"),
    Different(FRAMES, "a recovery taken before its time", "now < epoch.recovered.in_force_ms or ", ""),
    Different(FRAMES, "the earliest of what guardians say", "max((one.at_ms for one", "min((one.at_ms for one"),
    Different(FEDERATIONS, "the upper median of what voters have seen", "[(len(cast) - 1) // 2]", "[len(cast) // 2]"),
    Different(
        FEDERATIONS, "the place that voters have seen, left out", "(len(cast) - 1) // 2] + 1", "(len(cast) - 1) // 2]"
    ),
    Different(FEDERATIONS, "more than two thirds asked for", "3 * len(cast) >= ", "3 * len(cast) > "),
    Different(FEDERATIONS, "an endorsement that takes no vote back", "said.votes.pop(other, None)", "pass"),
    Different(
        FEDERATIONS,
        "the first of two votes counts",
        "said.votes[other] = ExpulsionVote(seq, seen)",
        "said.votes.setdefault(other, ExpulsionVote(seq, seen))",
    ),
    Different(FEDERATIONS, "judged once", "range(JUDGEMENTS_MAX)", "range(1)"),
    Different(FEDERATIONS, "the accused speaks on", "ends.update(found)", "pass"),
    Different(
        SET_OFFS,
        "debts of a pair in another order",
        "sorted(owed, key=lambda at: octets(self._obligations[at].id))",
        "owed",
    ),
    Different(
        ROUNDING,
        "rounded for the payer",
        "-(-foreign_minor * self.num // self.den)",
        "foreign_minor * self.num // self.den",
    ),
    Different(
        ROUNDING,
        "less asked of the link before",
        "-(-own_minor * self.den // self.num)",
        "own_minor * self.den // self.num",
    ),
    Different(RECEIPTS, "a key that nobody has given", "None if proven else ReceiptFault.KEY_UNPROVEN", "None"),
    Different(
        RECEIPTS,
        "an attestation that is not signed",
        "not verify(identity.epochs[-1].key, 'receipt', receipt.attested, receipt.signature)",
        "False",
    ),
    Different(RECEIPTS, "an order that is not signed", "if not _is_signed(said, attested.network)", "if False"),
    Different(
        RECEIPTS,
        "an entry of another's",
        "if not (identity.was_said(entry) and entry.signed_by(key))",
        "if not identity.was_said(entry)",
    ),
    Different(PROOFS, "a leaf hashed as a node", "b'\\x00' + data", "b'\\x01' + data"),
]


@pytest.mark.parametrize("slip", rest_to_soak(DIFFERENT, first=3), ids=lambda one: one.what)
def test_a_computation_that_differs_is_noticed(slip: Different) -> None:
    assert is_noticed(slip.vectors, edited(slip.what, slip.stands, slip.then))
