# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two networks and the credit between them: stories, laws under every transport, lies, broken variants."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.link import draft, rules
from crdt.link.draft import HOLDS_OPEN_MAX, Caps, Draft, LinkRefusal
from crdt.link.record import (
    GENESIS,
    HOLD_ID_BYTES_MAX,
    HOLDS_STRUCTURAL_MAX,
    INT64_MAX,
    REASON_CHARS_MAX,
    Ack,
    Hold,
    LinkFault,
    Record,
)
from crdt.link.rules import accept
from crdt.link.side import Changes, RecordFork, Side, Stale, changes

VECTORS = Path(__file__).parents[1] / "vectors" / "own_link_records.json"
UNCAPPED = Caps(holds=HOLDS_STRUCTURAL_MAX, percent=100)


def preimage_of(word: str) -> bytes:
    return sha256(word.encode()).digest()


def promise(amount: int, word: str) -> Hold:
    return Hold(amount, sha256(preimage_of(word)).digest())


def digest_of(record: Record) -> bytes:
    items = [sorted(m.items()) for m in (record.holds, record.claims, record.waived)]
    totals = (record.granted, record.returned, record.placed, record.claimed, record.waived_sum)
    return sha256(repr((record.position, totals, items, record.ack)).encode()).digest()


def write(side: Side, *steps: tuple[Any, ...], caps: Caps = UNCAPPED) -> Side:
    """Do all steps in one record; none of them may be refused."""
    draft = Draft(side, caps)
    for step, *arguments in steps:
        assert getattr(draft, step)(*arguments) is None
    record = draft.seal()
    return side.wrote(record, digest_of(record))


def read(reader: Side, writer: Side) -> Side:
    after = accept(reader, writer.own, writer.own_digest)
    assert isinstance(after, Side), after
    return after


def linked(*, riacho_may_owe: int, serra_may_owe: int = 0) -> tuple[Side, Side]:
    """Return riacho's and serra's side of a link whose grants both know."""
    riacho, serra = write(Side(), ("grant", serra_may_owe)) if serra_may_owe else Side(), Side()
    serra = write(serra, ("grant", riacho_may_owe))
    serra = read(serra, riacho) if serra_may_owe else serra
    return read(riacho, serra), serra


def paid(amount: int, riacho: Side, serra: Side, word: str = "bread") -> tuple[Side, Side]:
    """Return both sides after riacho paid serra, up to riacho's knowing it."""
    riacho = write(riacho, ("place", word.encode(), promise(amount, word)))
    serra = write(read(serra, riacho), ("claim", word.encode(), preimage_of(word)))
    return read(riacho, serra), serra


# Stories.


def test_a_payment_goes_there_and_back_and_leaves_nothing_open() -> None:
    riacho, serra = linked(riacho_may_owe=1_000)
    riacho = write(riacho, ("place", b"bread", promise(135, "bread")))
    assert (riacho.headroom, riacho.net_debt) == (865, 0)

    before, serra = serra, read(serra, riacho)
    assert changes(before, serra).placed == {b"bread": promise(135, "bread")}
    serra = write(serra, ("claim", b"bread", preimage_of("bread")))
    assert (serra.net_debt, serra.headroom_given) == (-135, 865)

    before, riacho = riacho, read(riacho, serra)
    assert changes(before, riacho) == Changes({}, {b"bread": preimage_of("bread")}, {}, 0, 0)
    assert (riacho.net_debt, riacho.headroom) == (135, 865)

    assert riacho.ack_due and not serra.ack_due
    riacho = write(riacho)  # drops the hold
    serra = write(read(serra, riacho))  # forgets the claim
    assert not riacho.own.holds and not serra.own.claims
    assert not riacho.ack_due and not serra.ack_due


def test_a_waived_hold_gives_the_headroom_back_and_says_why() -> None:
    riacho, serra = linked(riacho_may_owe=100)
    riacho = write(riacho, ("place", b"h", promise(100, "h")))
    assert Draft(riacho, UNCAPPED).place(b"i", promise(1, "i")) == LinkRefusal.LIMIT_EXCEEDED
    serra = write(read(serra, riacho), ("waive", b"h", "NO_ROUTE"))
    before, riacho = riacho, read(riacho, serra)
    assert changes(before, riacho).waived == {b"h": "NO_ROUTE"}
    assert (riacho.headroom, riacho.net_debt, riacho.holds_out) == (100, 0, {})


def test_a_network_may_owe_up_to_the_limit_and_no_more() -> None:
    riacho, _ = linked(riacho_may_owe=80)
    assert Draft(riacho, UNCAPPED).place(b"h", promise(81, "h")) == LinkRefusal.LIMIT_EXCEEDED
    assert Draft(riacho, UNCAPPED).place(b"h", promise(80, "h")) is None


def test_what_the_partner_owes_us_can_be_spent_beyond_its_grant_to_us() -> None:
    riacho, serra = linked(riacho_may_owe=50, serra_may_owe=200)
    serra, riacho = paid(200, serra, riacho)
    assert (riacho.net_debt, riacho.headroom, riacho.reach) == (-200, 250, 250)
    serra = read(serra, write(riacho))
    assert (serra.net_debt, serra.headroom_given, serra.reach_given) == (200, 250, 250)
    assert Draft(riacho, UNCAPPED).place(b"h", promise(250, "h")) is None


def test_a_claim_may_be_spent_in_the_same_record() -> None:
    riacho, serra = linked(riacho_may_owe=10, serra_may_owe=40)
    serra = write(serra, ("place", b"in", promise(40, "in")))
    riacho = read(riacho, serra)
    assert Draft(riacho, UNCAPPED).place(b"out", promise(50, "out")) == LinkRefusal.LIMIT_EXCEEDED
    riacho = write(riacho, ("claim", b"in", preimage_of("in")), ("place", b"out", promise(50, "out")))
    assert riacho.own.n == 2
    assert read(serra, riacho).net_debt == 40


def test_a_payment_in_flight_toward_us_is_no_headroom() -> None:
    riacho, serra = linked(riacho_may_owe=10, serra_may_owe=40)
    riacho = read(riacho, write(serra, ("place", b"in", promise(40, "in"))))
    assert riacho.headroom == 10


def test_credit_is_given_back_by_who_may_use_it_and_only_while_unused() -> None:
    riacho, serra = linked(riacho_may_owe=100)
    riacho, serra = paid(60, riacho, serra)
    riacho = write(riacho, ("place", b"h", promise(15, "h")))
    assert Draft(riacho).give_back(26) == LinkRefusal.LIMIT_EXCEEDED
    riacho = write(riacho, ("give_back", 25))
    assert (riacho.limit, riacho.headroom) == (75, 0)
    before, serra = serra, read(serra, riacho)
    assert changes(before, serra).returned == 25
    assert (serra.limit_given, serra.headroom_given) == (75, 0)

    serra = write(serra, ("waive", b"h", "LATE"))
    before, serra = serra, read(serra, write(read(riacho, serra), ("give_back", 5)))
    assert (changes(before, serra).returned, serra.limit_given) == (5, 70)


def test_no_more_is_given_back_than_was_granted_though_the_partner_owes_us() -> None:
    riacho, serra = linked(riacho_may_owe=50, serra_may_owe=200)
    serra, riacho = paid(200, serra, riacho)
    assert Draft(riacho).give_back(51) == LinkRefusal.LIMIT_EXCEEDED
    assert Draft(riacho).give_back(50) is None


def test_a_grant_grows() -> None:
    riacho, serra = linked(riacho_may_owe=100)
    assert Draft(serra).grant(0) == Draft(serra).grant(-1) == LinkRefusal.AMOUNT_NOT_POSITIVE
    assert Draft(serra).grant(INT64_MAX - 99) == LinkRefusal.COUNTER_EXHAUSTED
    assert Draft(serra).grant(INT64_MAX - 100) is None
    before, riacho = riacho, read(riacho, write(serra, ("grant", 50)))
    assert (changes(before, riacho).granted, riacho.limit) == (50, 150)


def test_a_refused_step_leaves_the_draft_as_it_was() -> None:
    riacho, serra = linked(riacho_may_owe=100)
    riacho = write(riacho, ("place", b"h", promise(30, "h")))
    serra = read(serra, riacho)

    draft = Draft(riacho, UNCAPPED)
    before = draft.side
    assert draft.place(b"h", promise(1, "h")) == LinkRefusal.HOLD_DUPLICATE
    assert draft.place(b"", promise(1, "i")) == LinkRefusal.HOLD_MALFORMED
    assert draft.place(b"i" * 33, promise(1, "i")) == LinkRefusal.HOLD_MALFORMED
    assert draft.place(b"i", Hold(1, b"short")) == LinkRefusal.HOLD_MALFORMED
    assert draft.place(b"i", promise(0, "i")) == LinkRefusal.AMOUNT_NOT_POSITIVE
    assert draft.place(b"i", promise(INT64_MAX, "i")) == LinkRefusal.COUNTER_EXHAUSTED
    assert draft.give_back(0) == LinkRefusal.AMOUNT_NOT_POSITIVE
    assert draft.side == before

    draft = Draft(serra)
    assert draft.claim(b"i", preimage_of("i")) == LinkRefusal.HOLD_UNKNOWN
    assert draft.claim(b"h", preimage_of("i")) == LinkRefusal.PREIMAGE_WRONG
    assert draft.claim(b"h", preimage_of("h")) is None
    before = draft.side
    assert draft.claim(b"h", preimage_of("h")) == LinkRefusal.HOLD_SETTLED
    assert draft.waive(b"h", "LATE") == LinkRefusal.HOLD_SETTLED
    assert draft.side == before


def test_a_preimage_has_one_length_on_every_link() -> None:
    long = b"x" * 64
    riacho, serra = linked(riacho_may_owe=100)
    serra = read(serra, write(riacho, ("place", b"h", Hold(10, sha256(long).digest()))))
    assert Draft(serra).claim(b"h", long) == LinkRefusal.PREIMAGE_WRONG


def test_a_placer_keeps_at_most_a_quarter_of_its_reach_and_64_holds_open() -> None:
    riacho, _ = linked(riacho_may_owe=1_000)
    assert Draft(riacho).place(b"h", promise(251, "h")) == LinkRefusal.HOLD_CAP_EXCEEDED
    draft = Draft(riacho)
    for i in range(HOLDS_OPEN_MAX):
        assert draft.place(bytes([i]), promise(3, str(i))) is None
    assert draft.place(b"one more", promise(1, "h")) == LinkRefusal.TOO_MANY_HOLDS


def test_what_only_clears_a_debt_is_capped_by_the_debt_and_not_by_share() -> None:
    riacho, serra = paid(400, *linked(riacho_may_owe=1_000, serra_may_owe=1_000))
    # Serra is owed 400: a quarter of its reach of 1,400 is 350.
    assert Draft(serra).place(b"h", promise(400, "h")) == LinkRefusal.HOLD_CAP_EXCEEDED
    assert Draft(serra).place(b"h", promise(401, "h"), clears=True) == LinkRefusal.LIMIT_EXCEEDED
    draft = Draft(serra)
    assert draft.place(b"h", promise(400, "h"), clears=True) is None
    assert draft.place(b"i", promise(1, "i"), clears=True) == LinkRefusal.LIMIT_EXCEEDED
    assert Draft(riacho).place(b"h", promise(1, "h"), clears=True) == LinkRefusal.LIMIT_EXCEEDED


def test_the_caps_are_a_choice_and_no_reason_to_refuse_a_record() -> None:
    riacho, serra = linked(riacho_may_owe=1_000)
    riacho = write(riacho, ("place", b"h", promise(1_000, "h")))
    serra = read(serra, riacho)
    assert serra.reach_given == 1_000
    assert Caps().refuse({}, 1_000, serra.reach_given) == LinkRefusal.HOLD_CAP_EXCEEDED
    assert Draft(serra).waive(b"h", "HOLD_CAP_EXCEEDED") is None


def test_a_record_has_128_holds_at_most_whatever_the_caps_say() -> None:
    riacho, serra = linked(riacho_may_owe=1_000)
    boundless = Caps(holds=10_000, percent=100)
    steps = [("place", bytes([i]), promise(1, str(i))) for i in range(HOLDS_STRUCTURAL_MAX)]
    riacho = write(riacho, *steps, caps=boundless)
    assert Draft(riacho, boundless).place(b"one more", promise(1, "h")) == LinkRefusal.TOO_MANY_HOLDS
    read(serra, riacho)

    one_more = {**riacho.own.holds, b"one more": promise(1, "h")}
    too_long = replace(riacho.own, placed=HOLDS_STRUCTURAL_MAX + 1, holds=one_more)
    assert accept(serra, too_long, digest_of(too_long)) == LinkFault.MALFORMED


def test_every_bound_may_be_reached() -> None:
    riacho, serra = linked(riacho_may_owe=INT64_MAX)
    assert Draft(riacho, UNCAPPED).place(b"h", promise(INT64_MAX, "h")) is None
    boundless = Caps(holds=HOLDS_STRUCTURAL_MAX, percent=100)
    ids = [bytes([i]) * HOLD_ID_BYTES_MAX for i in range(HOLDS_STRUCTURAL_MAX)]
    riacho = write(riacho, *(("place", h, promise(1, "h")) for h in ids), caps=boundless)
    serra = write(read(serra, riacho), *(("waive", h, "R" * REASON_CHARS_MAX) for h in ids))
    riacho = read(riacho, serra)
    assert (len(riacho.partner.waived), riacho.holds_out) == (HOLDS_STRUCTURAL_MAX, {})


def test_an_id_serves_again_only_when_both_have_forgotten_the_first_hold() -> None:
    riacho, serra = paid(10, *linked(riacho_may_owe=100), word="h")
    assert Draft(riacho, UNCAPPED).place(b"h", promise(10, "h2")) == LinkRefusal.HOLD_DUPLICATE
    riacho = write(riacho)
    assert Draft(riacho, UNCAPPED).place(b"h", promise(10, "h2")) == LinkRefusal.HOLD_DUPLICATE
    serra = write(read(serra, riacho))
    riacho = read(riacho, serra)
    riacho = write(riacho, ("place", b"h", promise(10, "h2")))
    assert read(serra, riacho).holds_in == {b"h": promise(10, "h2")}


def test_two_records_at_one_position_freeze_the_link_and_what_is_open_still_resolves() -> None:
    riacho, serra = linked(riacho_may_owe=100, serra_may_owe=100)
    serra = write(serra, ("place", b"out", promise(10, "out")))
    one = write(riacho, ("place", b"in", promise(20, "in")))
    other = write(riacho, ("place", b"in", promise(30, "in")))
    serra = read(serra, one)
    fork = accept(serra, other.own, other.own_digest)
    assert isinstance(fork, RecordFork)
    assert (fork.accepted, fork.incoming) == (one.own_digest, other.own_digest)

    serra = fork.frozen
    assert Draft(serra).place(b"new", promise(1, "new")) == LinkRefusal.LINK_FROZEN
    serra = write(serra, ("claim", b"in", preimage_of("in")))
    one = write(read(one, serra), ("claim", b"out", preimage_of("out")))
    assert (serra.net_debt, read(serra, one).net_debt) == (-20, -10)


def test_a_restored_node_goes_on_in_a_new_epoch_from_what_its_partner_has() -> None:
    riacho, serra = linked(riacho_may_owe=100)
    backup = riacho
    riacho, serra = paid(30, riacho, serra)
    riacho = write(riacho, ("place", b"h", promise(20, "h")))
    serra = read(serra, riacho)
    acked = riacho.partner

    # Its old copy would fork itself; the partner's first record tells.
    serra = write(serra)
    assert accept(backup, serra.own, serra.own_digest) == LinkFault.ACK_UNKNOWN

    serra = serra.fence(1)
    riacho = backup.resume(1, serra.partner, serra.partner_digest, acked, digest_of(acked))
    assert isinstance(riacho, Side)
    riacho = write(read(riacho, serra), ("give_back", 50))
    assert (riacho.own.position, riacho.net_debt, riacho.headroom) == ((1, 3), 30, 0)
    assert read(serra, riacho).headroom_given == 0


def test_a_restored_node_takes_no_other_record_for_the_one_it_acknowledged() -> None:
    riacho, serra = linked(riacho_may_owe=100)
    backup = riacho
    riacho = write(riacho, ("place", b"h", promise(20, "h")))
    swapped = replace(serra.own, granted=1)
    verdict = backup.resume(1, riacho.own, riacho.own_digest, swapped, digest_of(swapped))
    assert verdict == LinkFault.ACK_UNKNOWN


def test_a_restored_node_with_the_newest_copy_only_opens_the_epoch() -> None:
    riacho, serra = paid(30, *linked(riacho_may_owe=100))
    resumed = riacho.resume(5, serra.partner, serra.partner_digest, GENESIS, b"")
    assert resumed == replace(riacho, epoch=5)
    assert write(riacho.resume(5, GENESIS, b"", GENESIS, b"")).own.position == (5, 2)  # type: ignore[arg-type]


# Counter-examples: each rule that PROTOCOL 2 states only in part, and what happens without it.


def test_a_record_from_before_a_restore_must_not_arrive_after_it() -> None:
    """Without the fence the late record is taken, and the honest new epoch is refused for good."""
    riacho, serra = linked(riacho_may_owe=100)
    riacho = write(riacho, ("place", b"h", promise(10, "h")))
    serra = read(serra, riacho)
    acked = riacho.partner
    late = write(riacho, ("place", b"lost", promise(20, "lost")))  # sent, then the disk dies

    riacho = Side().resume(1, serra.partner, serra.partner_digest, acked, digest_of(acked))
    assert isinstance(riacho, Side)
    riacho = write(riacho, ("place", b"i", promise(5, "i")))

    fenced = serra.fence(1)
    assert accept(fenced, late.own, late.own_digest) == Stale()
    read(fenced, riacho)
    assert accept(read(serra, late), riacho.own, riacho.own_digest) == LinkFault.COUNTER_LOWERED


def test_a_new_epoch_begins_with_a_record() -> None:
    """Till it does, the fence keeps out what was said before; lost again, the waiver would be unsaid."""
    riacho, serra = linked(riacho_may_owe=100)
    riacho = write(riacho, ("place", b"h", promise(10, "h")))
    serra = write(read(serra, riacho), ("waive", b"h", "NO_ROUTE"))

    riacho = riacho.fence(1)  # serra came back and says so
    resumed = serra.resume(1, riacho.partner, riacho.partner_digest, GENESIS, b"")
    assert isinstance(resumed, Side)
    assert accept(riacho, resumed.own, resumed.own_digest) == Stale()
    assert read(riacho, write(resumed)).partner.waived == {b"h": "NO_ROUTE"}


def test_an_open_hold_cannot_be_changed_for_another_of_the_same_amount() -> None:
    """The sums match, yet serra has forwarded h: claimed downstream, it could claim nothing upstream."""
    riacho, serra = linked(riacho_may_owe=100)
    riacho = write(riacho, ("place", b"h", promise(10, "h")))
    serra = read(serra, riacho)
    for swapped in ({b"i": promise(10, "i")}, {b"h": promise(10, "i")}):
        record = replace(write(riacho).own, holds=swapped)
        assert accept(serra, record, digest_of(record)) == LinkFault.HOLD_LOST


def test_no_more_of_a_grant_comes_back_than_was_granted() -> None:
    """The limit rule alone allows it while serra is owed, and the limit would be negative."""
    riacho, serra = linked(riacho_may_owe=50, serra_may_owe=200)
    serra, riacho = paid(200, serra, riacho)
    record = replace(write(riacho).own, returned=51)
    assert accept(serra, record, digest_of(record)) == LinkFault.LIMIT_BROKEN


# What another implementation must answer.


def record_from(told: dict[str, Any]) -> Record:
    holds = {h: Hold(hold["amount"], bytes.fromhex(hold["condition"])) for h, hold in told["holds"].items()}
    return Record(
        **told
        | {
            "holds": {bytes.fromhex(h): hold for h, hold in holds.items()},
            "claims": {bytes.fromhex(h): bytes.fromhex(preimage) for h, preimage in told["claims"].items()},
            "waived": {bytes.fromhex(h): reason for h, reason in told["waived"].items()},
            "ack": told["ack"] and Ack(**told["ack"] | {"digest": bytes.fromhex(told["ack"]["digest"])}),
        }
    )


def number_of(note: dict[str, Any]) -> Any:
    """Read a number that other languages would round, as {"int": decimal}."""
    return int(note["int"]) if note.keys() == {"int"} else note


SEQUENCES = json.loads(VECTORS.read_text(), object_hook=number_of)["sequences"]


@pytest.mark.parametrize("sequence", SEQUENCES, ids=[sequence["story"] for sequence in SEQUENCES])
def test_published_records_get_their_verdict(sequence: dict[str, Any]) -> None:
    told = sequence["reader"]
    side = Side(
        record_from(told["own"]),
        bytes.fromhex(told["own_digest"]),
        record_from(told["partner"]),
        bytes.fromhex(told["partner_digest"]),
        partner_epoch_min=told["partner_epoch_min"],
    )
    for step in sequence["steps"]:
        verdict = accept(side, record_from(step["record"]), bytes.fromhex(step["digest"]))
        if isinstance(verdict, Side):
            side = verdict
            assert step["verdict"] == "ACCEPTED", step["what"]
            assert {figure: getattr(side, figure) for figure in step["after"]} == step["after"], step["what"]
        else:
            name = verdict if isinstance(verdict, LinkFault) else {RecordFork: "FORK", Stale: "STALE"}[type(verdict)]
            assert name == step["verdict"], step["what"]


def test_the_published_records_meet_every_verdict() -> None:
    verdicts = {step["verdict"] for sequence in SEQUENCES for step in sequence["steps"]}
    assert verdicts == {"ACCEPTED", "STALE", "FORK", *LinkFault}


# The laws, with two honest writers and a transport that loses, repeats and reorders.


class Broken(AssertionError):
    """A law does not hold; its name comes first."""

    def __init__(self, law: str, detail: object = "") -> None:
        super().__init__(f"{law} {detail}")
        self.law = law


def require(law: str, holds: bool, detail: object = "") -> None:  # noqa: FBT001
    if not holds:
        raise Broken(law, detail)


Step = tuple[str, int, int]
"""What happens, at which of the two, and a number that settles every choice in it."""

WISHES = ("grant", "give_back", "place", "claim", "waive")
HAPPENS = (*WISHES, "place", "claim", "mixed", "acknowledge", "newest", "newest", "any", "crash", "restore")


@dataclass
class World:
    """Two honest networks, all that each ever sent, and copies of their disks."""

    sides: list[Side] = field(default_factory=lambda: [Side(), Side()])
    sent: list[list[tuple[Record, bytes]]] = field(default_factory=lambda: [[], []])
    disks: list[list[Side]] = field(default_factory=lambda: [[Side()], [Side()]])
    seen: list[Side] = field(default_factory=lambda: [Side(), Side()])
    outcomes: list[dict[bytes, str]] = field(default_factory=lambda: [{}, {}])
    amounts: dict[bytes, int] = field(default_factory=dict[bytes, int])
    epochs: list[int] = field(default_factory=lambda: [0, 0])

    def happen(self, steps: Iterable[Step]) -> None:
        for what, who, number in steps:
            self.step(what, who, number)
            self.check()

    def step(self, what: str, who: int, number: int) -> None:
        rng = Random(number)
        match what:
            case "newest":
                self.deliver(who, len(self.sent[1 - who]) - 1)
            case "any":
                self.deliver(who, rng.randrange(max(1, len(self.sent[1 - who]))))
            case "restore":
                self.restore(who, rng.choice(self.disks[who]))
            case "mixed":
                self.write(who, [(rng.choice(WISHES), rng) for _ in range(4)])
            case "crash":  # after the work and before it was durable: nothing left the node
                self.draft(who, [(rng.choice(WISHES), rng) for _ in range(4)])
            case "acknowledge":
                self.write(who, [])
            case wish:
                self.write(who, [(wish, rng)])

    def draft(self, who: int, wishes: list[tuple[str, Random]]) -> Draft:
        draft = Draft(self.sides[who], UNCAPPED)
        for wish, rng in wishes:
            before = draft.side
            if self.wish(draft, wish, rng) is not None:
                require("REFUSED=UNCHANGED", draft.side == before)
        return draft

    def wish(self, draft: Draft, wish: str, rng: Random) -> LinkRefusal | None:
        amount = rng.choice((1, 7, 20, 45, draft.side.headroom))
        theirs = sorted(draft.side.partner.holds) or [b"unknown"]
        match wish:
            case "grant":
                return draft.grant(rng.choice((10, 60)))
            case "give_back":
                return draft.give_back(amount)
            case "place":
                word = f"hold {len(self.amounts)}"
                self.amounts[word.encode()] = amount
                return draft.place(word.encode(), promise(amount, word))
            case "claim":
                hold_id = rng.choice(theirs)
                word = rng.choice((hold_id.decode(), hold_id.decode(), "a guess"))
                return draft.claim(hold_id, preimage_of(word))
            case _:
                return draft.waive(rng.choice(theirs), "LATE")

    def write(self, who: int, wishes: list[tuple[str, Random]]) -> None:
        side, record = self.sides[who], self.draft(who, wishes).seal()
        require("BOUNDED-STORAGE", not any(side.partner.settles(h) for h in record.holds))
        settled = record.claims.keys() | record.waived.keys()
        require("BOUNDED-STORAGE", settled <= side.partner.holds.keys(), settled)
        self.store(who, side.wrote(record, digest_of(record)))
        self.sent[who].append((record, digest_of(record)))

    def store(self, who: int, side: Side) -> None:
        self.sides[who] = side
        self.disks[who].append(side)

    def deliver(self, who: int, index: int) -> None:
        if not self.sent[1 - who]:
            return
        record, digest = self.sent[1 - who][index]
        after = accept(self.sides[who], record, digest)
        require("ACCEPT-STABLE", isinstance(after, Side | Stale), after)
        if isinstance(after, Side):
            self.store(who, after)
            self.note(who)

    def note(self, who: int) -> None:
        """Write down how the partner settled our holds, the first time that we hear of it."""
        after = self.sides[who]
        if after.partner.position <= self.seen[who].partner.position:
            return
        news = changes(self.seen[who], after)
        for outcome, settled in (("claimed", news.claimed), ("waived", news.waived)):
            for hold_id in settled:
                require("SETTLED-STAYS", hold_id not in self.outcomes[who], hold_id)
                self.outcomes[who][hold_id] = outcome
        self.seen[who] = after
        for outcome, total in (("claimed", after.partner.claimed), ("waived", after.partner.waived_sum)):
            noted = sum(self.amounts[h] for h, o in self.outcomes[who].items() if o == outcome)
            require("SETTLED-STAYS", noted == total, (outcome, noted, total))

    def restore(self, who: int, backup: Side) -> None:
        """The disk is lost: go on from an old copy with what the partner kept."""
        other = 1 - who
        self.epochs[who] += 1
        self.store(other, self.sides[other].fence(self.epochs[who]))
        partner = self.sides[other]
        accepted = partner.partner
        history = {digest: record for record, digest in self.sent[other]}
        acked_digest = accepted.ack.digest if accepted.ack else b""
        resumed = backup.resume(
            self.epochs[who],
            accepted,
            partner.partner_digest,
            history.get(acked_digest, GENESIS),
            acked_digest,
        )
        require("RESTORE-NO-SELF-FORK", isinstance(resumed, Side), resumed)
        assert isinstance(resumed, Side)
        self.sides[who] = resumed.fence(partner.epoch)
        self.open_epoch(who)
        self.deliver(who, len(self.sent[other]) - 1)

    def open_epoch(self, who: int) -> None:
        self.write(who, [])

    def check(self) -> None:
        for who in (0, 1):
            me, other = self.sides[who], self.sides[1 - who]
            true_debt = other.own.claimed - me.own.claimed
            require("TRUE-LIMIT", true_debt <= other.own.granted - me.own.returned, true_debt)
            given = me.own.granted - me.partner.returned
            require("CREDITOR-LIMIT", me.own.claimed - me.partner.claimed <= given)
            require("NO-DOUBLE-SPEND", me.own.claimed + me.own.waived_sum <= me.partner.placed)
            for record, digest in self.on_its_way(who):
                verdict = accept(me, record, digest)
                require("ACCEPT-STABLE", isinstance(verdict, Side), verdict)
        x, y = self.sides
        unseen = y.own.claimed - x.partner.claimed + x.own.claimed - y.partner.claimed
        require("MIRROR=IN-FLIGHT", x.net_debt + y.net_debt == -unseen)

    def on_its_way(self, who: int) -> list[tuple[Record, bytes]]:
        me = self.sides[who]
        return [
            (record, digest)
            for record, digest in self.sent[1 - who]
            if record.position > me.partner.position and record.epoch >= me.partner_epoch_min
        ]

    def heal(self) -> None:
        """Let both exchange newest records and resolve every hold, as honest networks do."""
        for _ in range(3):
            for who in (0, 1):
                self.deliver(who, len(self.sent[1 - who]) - 1)
                draft = Draft(self.sides[who])
                for i, (hold_id, _) in enumerate(sorted(draft.side.holds_in.items())):
                    if i % 2:
                        draft.waive(hold_id, "LATE")
                    else:
                        draft.claim(hold_id, preimage_of(hold_id.decode()))
                record = draft.seal()
                self.store(who, self.sides[who].wrote(record, digest_of(record)))
                self.sent[who].append((record, digest_of(record)))
        self.deliver(0, len(self.sent[1]) - 1)
        self.check()
        x, y = self.sides
        require("CONVERGE", (x.partner, y.partner) == (y.own, x.own))
        require("CONVERGE", x.net_debt == -y.net_debt, (x.net_debt, y.net_debt))
        require("CONVERGE", (x.headroom, x.limit) == (y.headroom_given, y.limit_given))
        for record in (x.own, y.own):
            require("NO-HOLD-LEFT", not (record.holds or record.claims or record.waived), record)


def steps_of(rng: Random, count: int) -> list[Step]:
    return [(rng.choice(HAPPENS), rng.randrange(2), rng.randrange(2**16)) for _ in range(count)]


HONEST_STEPS = st.lists(st.tuples(st.sampled_from(HAPPENS), st.integers(0, 1), st.integers(0, 2**16)), max_size=60)


@settings(max_examples=500)
@given(HONEST_STEPS)
def test_the_laws_hold_between_honest_networks_under_every_transport(steps: list[Step]) -> None:
    world = World()
    world.happen(steps)
    world.heal()


def test_the_laws_hold_in_long_runs_that_use_every_step() -> None:
    happened: Counter[str] = Counter()
    for seed in range(40):
        world = World()
        world.happen(steps_of(Random(seed), 250))
        world.heal()
        happened.update(world.outcomes[0].values())
        happened.update(world.outcomes[1].values())
    assert min(happened["claimed"], happened["waived"]) > 300  # the runs are not idle


@settings(max_examples=200)
@given(HONEST_STEPS, st.data())
def test_any_order_of_an_honest_partners_records_merges_to_the_newest(steps: list[Step], data: st.DataObject) -> None:
    """MERGE-LAWS: taking the newer one is a join: idempotent, commutative, associative."""
    world = World()
    world.happen(steps)
    me, pending = world.sides[0], world.on_its_way(0)
    arrivals = data.draw(st.lists(st.sampled_from(pending), max_size=8)) if pending else []

    merged = me
    for record, digest in arrivals:
        after = accept(merged, record, digest)
        merged = after if isinstance(after, Side) else merged
    newest = max(arrivals, key=lambda arrival: arrival[0].position, default=None)
    assert merged == (accept(me, *newest) if newest else me)


# The laws for an honest network whose partner writes whatever it likes.


@dataclass
class Siege:
    """Honest serra, and a partner that edits records, mends their sums, and sends what it made of them."""

    rng: Random
    serra: Side = field(default_factory=lambda: write(Side(), ("grant", 100)))
    shown: dict[bytes, str] = field(default_factory=dict[bytes, str])  # preimages that the partner may know
    owed: dict[bytes, Hold] = field(default_factory=dict[bytes, Hold])  # every hold that serra ever placed
    outcomes: dict[bytes, str] = field(default_factory=dict[bytes, str])
    verdicts: Counter[str] = field(default_factory=Counter[str])

    def run(self, steps: int) -> None:
        for _ in range(steps):
            if self.rng.random() < 0.3:
                self.serra_writes()
            forged = self.forge()
            before, after = self.serra, accept(self.serra, forged, digest_of(forged))
            verdict = "ACCEPTED" if isinstance(after, Side) else str(after)
            self.verdicts[verdict] += 1
            if isinstance(after, Side):
                self.serra = after
                self.check(before, after)

    def serra_writes(self) -> None:
        draft, rng = Draft(self.serra, UNCAPPED), self.rng
        word = f"out {len(self.owed)}"
        match rng.choice(("grant", "place", "place", "claim", "claim", "waive")):
            case "grant":
                draft.grant(20)
            case "place":
                hold = promise(rng.choice((5, 25)), word)
                if draft.place(word.encode(), hold) is None:
                    self.owed[word.encode()] = hold
                    if rng.random() < 0.5:
                        self.shown[word.encode()] = word
            case settles:
                for hold_id, hold in sorted(draft.side.holds_in.items())[:2]:
                    if settles == "waive" or hold != promise(hold.amount, hold_id.decode()):
                        draft.waive(hold_id, "LATE")
                    else:
                        draft.claim(hold_id, preimage_of(hold_id.decode()))
        record = draft.seal()
        self.serra = self.serra.wrote(record, digest_of(record))

    def forge(self) -> Record:
        rng, known = self.rng, self.serra.partner
        record = replace(known, n=known.n + 1)
        for _ in range(rng.randrange(1, 4)):
            record = self.edit(record)
        if rng.random() < 0.8:
            settled = self.serra.own
            still_open = sum(h.amount for i, h in record.holds.items() if not settled.settles(i))
            record = replace(record, placed=settled.claimed + settled.waived_sum + still_open)
        if rng.random() < 0.8:
            ours = self.serra.own.holds
            claimed = sum(ours[h].amount for h in record.claims.keys() - known.claims.keys() if h in ours)
            waived = sum(ours[h].amount for h in record.waived.keys() - known.waived.keys() if h in ours)
            record = replace(record, claimed=known.claimed + claimed, waived_sum=known.waived_sum + waived)
        return record

    def edit(self, record: Record) -> Record:
        rng, own = self.rng, self.serra.own
        amount = rng.choice((1, 5, 30, 100, -5, -30))
        old = sorted(record.holds) or [b"none"]
        word = rng.choice((f"in {rng.randrange(40)}", old[0].decode()))
        ours = rng.choice(sorted(self.owed) or [b"none"])
        edits: list[Callable[[], Record]] = [
            lambda: replace(record, holds={**record.holds, word.encode(): promise(amount, word)}),
            lambda: replace(record, holds={**record.holds, word.encode(): promise(abs(amount), word)}),
            lambda: replace(record, holds=without(record.holds, rng.choice(old))),
            lambda: replace(record, holds={h: v for h, v in record.holds.items() if not own.settles(h)}),
            lambda: replace(record, claims={**record.claims, ours: preimage_of(self.shown.get(ours, "guess"))}),
            lambda: replace(record, waived={**record.waived, ours: "LATE"}),
            lambda: replace(record, claims=without(record.claims, ours)),
            lambda: replace(record, waived=without(record.waived, ours)),
            lambda: replace(record, claims=without(record.claims, ours), waived={**record.waived, ours: "LATE"}),
            lambda: replace(record, ack=Ack(*own.position, self.serra.own_digest)),
            lambda: replace(record, ack=Ack(own.epoch, own.n + rng.randrange(-1, 2), b"x")),
            lambda: replace(record, granted=record.granted + amount),
            lambda: replace(record, returned=record.returned + amount),
            lambda: replace(record, placed=record.placed + amount),
            lambda: replace(record, claimed=record.claimed + amount),
            lambda: replace(record, waived_sum=record.waived_sum + amount),
        ]
        return rng.choice(edits)()

    def check(self, before: Side, after: Side) -> None:
        own, partner = after.own, after.partner
        require("CREDITOR-LIMIT", own.claimed - partner.claimed <= own.granted - partner.returned)
        open_in = sum(hold.amount for hold in after.holds_in.values())
        worst = own.claimed + open_in - partner.claimed
        require("CREDITOR-LIMIT", worst <= own.granted - partner.returned, "with every open hold claimed")
        require("GRANTS-STAY", partner.granted >= before.partner.granted)
        require("GRANTS-STAY", before.partner.returned <= partner.returned <= own.granted)
        for hold_id, hold in before.holds_in.items():
            require("OPEN-HOLDS-STAY", partner.holds.get(hold_id) == hold, hold_id)
        for outcome, settled in (("claimed", partner.claims), ("waived", partner.waived)):
            for hold_id in settled:
                first = self.outcomes.setdefault(hold_id, outcome)
                require("SETTLED-STAYS", first == outcome, hold_id)
        still_shown = before.own.holds.keys() & self.outcomes.keys()
        require("SETTLED-STAYS", still_shown <= partner.claims.keys() | partner.waived.keys())
        for outcome, total in (("claimed", partner.claimed), ("waived", partner.waived_sum)):
            noted = sum(self.owed[h].amount for h, o in self.outcomes.items() if o == outcome and h in self.owed)
            require("PAID=>PREIMAGE", noted == total, (outcome, noted, total))
        claimed = {h for h, outcome in self.outcomes.items() if outcome == "claimed"}
        require("PAID=>PREIMAGE", claimed <= self.shown.keys(), claimed)
        require("BACKUP-NOTICED", partner.ack is None or partner.ack.n <= own.n, partner.ack)


def without(items: Mapping[bytes, Any], hold_id: bytes) -> dict[bytes, Any]:
    return {h: item for h, item in items.items() if h != hold_id}


@settings(max_examples=200)
@given(st.integers(0, 2**32))
def test_no_forged_record_breaks_the_limit_or_undoes_a_settlement(seed: int) -> None:
    Siege(Random(seed)).run(120)


def test_the_siege_meets_every_rule() -> None:
    verdicts: Counter[str] = Counter()
    for seed in range(30):
        siege = Siege(Random(seed))
        siege.run(150)
        verdicts.update(siege.verdicts)
    assert verdicts.pop("ACCEPTED") > 500
    assert verdicts.keys() == set(LinkFault)


# Broken variants: the laws above are worth what they catch.


HEADROOM, HEADROOM_GIVEN, BEGIN = Side.headroom, Side.headroom_given, Draft.__init__


def counts_what_is_in_flight(side: Side) -> int:
    return HEADROOM.__get__(side) + sum(hold.amount for hold in side.holds_in.values())


def counts_what_is_in_flight_given(side: Side) -> int:
    return HEADROOM_GIVEN.__get__(side) + sum(hold.amount for hold in side.holds_out.values())


def sets_the_limit(draft: Draft, limit: int) -> None:
    draft.side = replace(draft.side, own=replace(draft.side.own, granted=limit))


def settles_again(draft: Draft, hold_id: bytes) -> Hold | LinkRefusal:
    return draft.side.partner.holds.get(hold_id, LinkRefusal.HOLD_UNKNOWN)


def begins_with(**items: Callable[[Side], Any]) -> Callable[[Draft, Side, Caps], None]:
    def begin(draft: Draft, before: Side, caps: Caps) -> None:
        BEGIN(draft, before, caps)
        own = replace(draft.side.own, **{name: change(before) for name, change in items.items()})
        draft.side = replace(draft.side, own=own)

    return begin


def all_but_one(side: Side) -> dict[bytes, Hold]:
    return dict(sorted(side.holds_out.items())[1:])


def as_if_nothing_happened(unchanged: Any, *_: object) -> Any:
    return unchanged


def without_rule(name: str) -> tuple[Any, str, Any]:
    return rules, "ACCEPT_RULES", tuple(rule for rule in rules.ACCEPT_RULES if rule.__name__ != name)


# What is broken: the patches that break it, and the law that catches it.
BROKEN_WRITERS: dict[str, tuple[list[tuple[Any, str, Any]], str]] = {
    "the payer counts what is in flight toward it": (
        [(Side, "headroom", property(counts_what_is_in_flight))],
        "ACCEPT-STABLE",
    ),
    "both count what is in flight": (
        [
            (Side, "headroom", property(counts_what_is_in_flight)),
            (Side, "headroom_given", property(counts_what_is_in_flight_given)),
        ],
        "TRUE-LIMIT",
    ),
    "the limit that was set last counts": (
        [(Draft, "grant", sets_the_limit), without_rule("_only_counts_up")],
        "TRUE-LIMIT",
    ),
    "a payer frees its own hold": ([(Draft, "__init__", begins_with(holds=all_but_one))], "ACCEPT-STABLE"),
    "a claim is shown once": ([(Draft, "__init__", begins_with(claims=lambda _: {}))], "ACCEPT-STABLE"),
    "settled holds are never dropped": (
        [(Draft, "__init__", begins_with(holds=lambda side: side.own.holds))],
        "BOUNDED-STORAGE",
    ),
    "claims are never forgotten": (
        [(Draft, "__init__", begins_with(claims=lambda side: side.own.claims))],
        "BOUNDED-STORAGE",
    ),
    "a claimed hold is waived as well": ([(Draft, "_open", settles_again)], "NO-DOUBLE-SPEND"),
    "an old copy goes on without asking": ([(Side, "resume", as_if_nothing_happened)], "ACCEPT-STABLE"),
    "late records of a lost past are taken": ([(Side, "fence", as_if_nothing_happened)], "ACCEPT-STABLE"),
    "a new epoch begins without a record": (
        [(World, "open_epoch", as_if_nothing_happened)],
        "SETTLED-STAYS",
    ),
}

BROKEN_READERS: dict[str, tuple[list[tuple[Any, str, Any]], str]] = {
    "any preimage fits": ([(draft, "fits", lambda *_: True), (rules, "fits", lambda *_: True)], "PAID=>PREIMAGE"),
    "_is_well_formed": ([without_rule("_is_well_formed")], "SETTLED-STAYS"),
    "_only_counts_up": ([without_rule("_only_counts_up")], "GRANTS-STAY"),
    "_acknowledges_what_we_wrote": ([without_rule("_acknowledges_what_we_wrote")], "BACKUP-NOTICED"),
    "_keeps_its_holds": ([without_rule("_keeps_its_holds")], "OPEN-HOLDS-STAY"),
    "_placed_sum_matches": ([without_rule("_placed_sum_matches")], "CREDITOR-LIMIT"),
    "_never_undoes": ([without_rule("_never_undoes")], "SETTLED-STAYS"),
    "_settles_our_open_holds": ([without_rule("_settles_our_open_holds")], "PAID=>PREIMAGE"),
    "_stays_within_our_grant": ([without_rule("_stays_within_our_grant")], "CREDITOR-LIMIT"),
}


def laws_that_catch(run: Callable[[Random], None]) -> Iterable[str]:
    for seed in range(120):
        try:
            run(Random(seed))
        except Broken as broken:
            yield broken.law


@pytest.mark.parametrize("name", BROKEN_WRITERS)
def test_a_broken_writer_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    patches, law = BROKEN_WRITERS[name]
    for patch in patches:
        monkeypatch.setattr(*patch)
    assert law in laws_that_catch(lambda rng: World().happen(steps_of(rng, 200)))


@pytest.mark.parametrize("name", BROKEN_READERS)
def test_a_broken_reader_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    patches, law = BROKEN_READERS[name]
    for patch in patches:
        monkeypatch.setattr(*patch)
    assert law in laws_that_catch(lambda rng: Siege(rng).run(120))


def test_no_rule_of_acceptance_goes_without_its_broken_variant() -> None:
    assert {rule.__name__ for rule in rules.ACCEPT_RULES} < BROKEN_READERS.keys()
