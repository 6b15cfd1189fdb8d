# SPDX-License-Identifier: AGPL-3.0-or-later
"""What we publish for other implementations says what this one does, and can be read with common tools alone."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import cbor2
import networkx as nx
import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from protocol.book.book import Book
from protocol.book.cold import signers
from protocol.book.declaration import Act, Create, Entered, operation_name
from protocol.book.money import Rate
from protocol.book.refusals import Refused
from protocol.book.signed import Envelope, Signed, is_authentic
from protocol.book.wishes import hear
from protocol.lanes.claims import IDENTITY_KINDS, ColdKeys, RotationClaim
from protocol.lanes.directory import COMMONS_KINDS, Directory
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, Entry, EntryFault, UnknownEntry, decode_body, parse
from protocol.lanes.growing import advance, begin_identity
from protocol.lanes.identity import Epoch, Identity
from protocol.lanes.journal import InvalidEntry, Journal
from protocol.practices import PRACTICES
from protocol.practices.between.checkpoints.proofs import (
    CheckpointClaim,
    CheckpointSigned,
    verify_consistency,
    verify_proof,
)
from protocol.practices.between.faults.evidence import examine_evidence
from protocol.practices.between.federations.charters import Charters
from protocol.practices.between.links.entries import LinkRecord, Settings, SignedGrant, Terms
from protocol.practices.between.links.records import binding
from protocol.practices.between.quotes.invoices import Invoice
from protocol.practices.money.payments.entries import Paid
from protocol.practices.money.receipts import Attested, ReceiptFault, verify_receipt
from protocol.practices.people.joinings import Joining
from protocol.solvers.netting import Headroom, Obligation, set_off
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.keys import KeyPair, verify
from protocol.wire.shape import from_map, to_map
from tests.vectors.untold import UNTOLD

VECTORS = Path(__file__).parents[1] / "vectors"
KINDS = {kind.KIND: kind for feature in PRACTICES for kind in feature.entries}


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"own_{name}.json").read_text())


def value_of(note: Any) -> Any:
    """Read the JSON notation of values."""
    match note:
        case {"int": digits}:
            return int(digits)
        case {"bytes": digits}:
            return bytes.fromhex(digits)
        case {"map": pairs}:
            return {key: value_of(one) for key, one in pairs}
        case list():
            return [value_of(one) for one in note]
        case _:
            return note


# Common tools: a CBOR library, a hash, Ed25519.


def spelt(fields: list[list[Any]]) -> bytes:
    """Return fields as a library spells their map."""
    return cbor2.dumps({number: value_of(value) for number, _, value in fields}, canonical=True)


def hashed(kind: str, data: bytes) -> str:
    return sha256(b"mutirao/v1/" + kind.encode() + b"\0" + data).hexdigest()


def is_signed(public: str, kind: str, data: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(bytes.fromhex(public)).verify(b"mutirao/v1/" + kind.encode() + b"\0" + data, signature)
    except BadSignatureError:
        return False
    return True


def keys_fit(keys: Mapping[str, Mapping[str, str]]) -> bool:
    return all(
        one["seed"] == sha256(name.encode()).hexdigest()
        and SigningKey(bytes.fromhex(one["seed"])).verify_key.encode().hex() == one["public"]
        and KeyPair.from_seed(bytes.fromhex(one["seed"])).public.hex() == one["public"]
        for name, one in keys.items()
    )


# Entries.

ENTRIES = vectors("entries")
REASONS = {
    "MALFORMED",
    "BODY_WRONG",
    "PREV_WRONG",
    "EPOCH_UNKNOWN",
    "EPOCH_CLOSED",
    "SIGNATURE_WRONG",
    "KEY_EVENT_INVALID",
    "KIND_UNKNOWN",
    "RULE_BROKEN",
}


@pytest.mark.parametrize("case", ENTRIES["entries"], ids=lambda case: case["name"])
def test_common_tools_read_an_entry(case: dict[str, Any]) -> None:
    header, salt, body, signature = (bytes.fromhex(case[part]) for part in ("header", "salt", "body", "signature"))
    assert cbor2.loads(bytes.fromhex(case["wire"])) == [header, salt, body, signature]
    assert spelt(case["header_fields"]) == header
    said = {name: value_of(value) for _, name, value in case["header_fields"]}
    assert (said["v"], said["body_hash"].hex()) == (1, hashed("body", salt + body))
    assert case["id"] == hashed("entry", header)
    assert case["network"] == (said["network"].hex() if any(said["network"]) else case["id"])
    assert is_signed(ENTRIES["keys"][case["signed_by"]]["public"], "entry", header, signature)
    at_ms = cbor2.loads(body)[2]
    content = {number: value_of(value) for number, _, value in case["body_fields"]}
    assert cbor2.dumps({1: case["kind"], 2: at_ms, 3: content}, canonical=True) == body


@pytest.mark.parametrize("case", ENTRIES["entries"], ids=lambda case: case["name"])
def test_we_read_an_entry_alike(case: dict[str, Any]) -> None:
    entry = parse(bytes.fromhex(case["wire"]))
    assert (entry.id.hex(), entry.network.hex()) == (case["id"], case["network"])
    assert entry.wire.hex() == case["wire"]
    body, _ = decode_body(entry.body_bytes, {**KINDS, **IDENTITY_KINDS, **COMMONS_KINDS})
    assert list(to_map(body)) == [number for number, _, _ in case["body_fields"]]
    names = [one.name for one in fields(type(body))]
    assert [names[number - 1] for number in to_map(body)] == [name for _, name, _ in case["body_fields"]]


def test_the_keys_are_those_of_their_names() -> None:
    assert keys_fit(ENTRIES["keys"])
    assert keys_fit(vectors("orders")["keys"])


def journal_of(entries: list[dict[str, Any]]) -> Journal:
    """Return what a replica of Riacho holds once it has folded these entries in."""
    network = bytes.fromhex(ENTRIES["entries"][0]["network"])
    journal = Journal(network, PRACTICES, _no_chance, None)
    for case in entries:
        assert verdict(journal, bytes.fromhex(case["wire"])) is None, case["name"]
    return journal


def _no_chance(size: int) -> bytes:
    raise AssertionError(f"who only reads needs no chance, nor {size} bytes of it")


def verdict(journal: Journal, wire: bytes) -> str | None:
    """Fold an entry in, or return why it cannot be, by the rules in the order in which a node asks them."""
    try:
        entry = parse(wire)
    except CodecFault:
        return "MALFORMED"
    except EntryFault as fault:
        return "BODY_WRONG" if "the body is not" in str(fault) else "MALFORMED"
    known = journal.directory.networks.get(entry.network)
    if entry.header.lane != IDENTITY:
        assert known is not None
        if known.identity.key_of(entry.header.epoch) is None:
            return "EPOCH_UNKNOWN"
        if not known.identity.was_said(entry):
            return "EPOCH_CLOSED"
        if not journal.follows(entry):
            return "PREV_WRONG"
        try:
            journal.directory.verify(entry)
        except EntryFault:
            return "SIGNATURE_WRONG"
    elif not journal.follows(entry):
        return "PREV_WRONG"
    try:
        journal.take(entry)
    except InvalidEntry:
        return "RULE_BROKEN"
    except EntryFault as fault:
        return "KIND_UNKNOWN" if isinstance(fault, UnknownEntry) else "KEY_EVENT_INVALID"
    if journal.behind is not None:
        # It is kept and passed on, and the book stands before it.
        return "KIND_UNKNOWN"
    return None


def test_the_entries_fold_in_their_order() -> None:
    journal = journal_of(ENTRIES["entries"])
    heads = {head.id for head in journal.held.heads().values()}
    last = {(case["network"], case["header_fields"][2][2]): case["id"] for case in ENTRIES["entries"]}
    assert heads == {bytes.fromhex(one) for one in last.values()}


@pytest.mark.parametrize("case", ENTRIES["invalid"], ids=lambda case: case["name"])
def test_an_invalid_entry_is_refused_for_its_reason_and_changes_no_book(case: dict[str, Any]) -> None:
    journal = journal_of(ENTRIES["entries"][: case["after"]])
    before, head = dict(journal.held.heads()), journal.book.head
    assert verdict(journal, bytes.fromhex(case["wire"])) == case["reason"]
    # One that may be of a newer version is kept.
    assert (journal.held.heads() == before) is (case["reason"] != "KIND_UNKNOWN")
    assert journal.book.head == head


def test_every_reason_is_met() -> None:
    assert {case["reason"] for case in ENTRIES["invalid"]} == REASONS
    assert all(reason in ENTRIES["about"] for reason in REASONS)


# Orders, and what else is signed.

ORDERS = vectors("orders")
SIGNED_KINDS: dict[str, Any] = {
    "wish": Envelope, "joining": Joining, "invoice": Invoice, "rotation": RotationClaim, "receipt": Attested,
}  # fmt: skip
WISHES: dict[str, Any] = {
    operation_name(one): one.wish
    for practice in PRACTICES
    for one in practice.operations
    if isinstance(one, Create | Act) and one.signed is not None
}


@pytest.mark.parametrize("case", ORDERS["signed"], ids=lambda case: case["name"])
def test_common_tools_make_the_same_bytes_and_signature(case: dict[str, Any]) -> None:
    data, signature = bytes.fromhex(case["bytes"]), bytes.fromhex(case["signature"])
    if case["fields"] is not None:
        assert spelt(case["fields"]) == data
    key = ORDERS["keys"][case["signed_by"]]
    assert is_signed(key["public"], case["kind"], data, signature)
    message = b"mutirao/v1/" + case["kind"].encode() + b"\0" + data
    assert SigningKey(bytes.fromhex(key["seed"])).sign(message).signature == signature


@pytest.mark.parametrize("case", ORDERS["signed"], ids=lambda case: case["name"])
def test_we_read_what_is_signed_alike(case: dict[str, Any]) -> None:
    data, signature = bytes.fromhex(case["bytes"]), bytes.fromhex(case["signature"])
    public = bytes.fromhex(ORDERS["keys"][case["signed_by"]]["public"])
    assert verify(public, case["kind"], data, signature)
    if case["kind"] == "session":
        assert len(data) == 64
        return
    kind = SIGNED_KINDS[case["kind"]]
    said = from_map(kind, decode(data))
    assert encode(to_map(said)) == data
    assert names_of(kind, case["fields"])
    if isinstance(said, Envelope):
        assert is_authentic(Signed(data, signature), said)
        wish = from_map(WISHES[said.operation], decode(said.fields))
        assert encode(to_map(wish)) == said.fields == spelt(case["wish"])
        assert names_of(type(wish), case["wish"])


def names_of(kind: type[Any], rows: list[Any]) -> bool:
    names = [one.name for one in fields(kind)]
    return [names[number - 1] for number, _, _ in rows] == [name for _, name, _ in rows]


def test_every_kind_that_is_signed_is_published_and_every_operation() -> None:
    assert {case["kind"] for case in ORDERS["signed"]} == {*SIGNED_KINDS, "session"}
    envelopes = [bytes.fromhex(case["bytes"]) for case in ORDERS["signed"] if case["kind"] == "wish"]
    assert {from_map(Envelope, decode(data)).operation for data in envelopes} == set(WISHES)


@pytest.mark.parametrize("case", ORDERS["invalid"], ids=lambda case: case["name"])
def test_what_is_wrongly_signed_is_refused_for_its_reason(case: dict[str, Any]) -> None:
    signed = Signed(bytes.fromhex(case["bytes"]), bytes.fromhex(case["signature"]))
    heard = hear(Book(bytes(32), PRACTICES), Paid(signed, None))
    told = heard.reason.code if isinstance(heard, Refused) else None
    assert told == case["reason"]


# Forks.

FORKS = vectors("fork_proofs")


@pytest.mark.parametrize("swapped", [False, True], ids=["as told", "swapped"])
@pytest.mark.parametrize("pair", FORKS["pairs"], ids=lambda pair: pair["name"])
def test_two_entries_at_one_place_are_a_fork_and_nothing_else_is(pair: dict[str, Any], *, swapped: bool) -> None:
    identity = None
    for wire in FORKS["identity"]:
        event = parse(bytes.fromhex(wire))
        body, _ = decode_body(event.body_bytes, IDENTITY_KINDS)
        identity = begin_identity(event, body) if identity is None else advance(identity, event, body)
    assert identity is not None and identity.network.hex() == FORKS["network"]
    found: list[Entry] = [parse(bytes.fromhex(pair[one])) for one in ("first", "second")]
    one, other = reversed(found) if swapped else found
    places = {(entry.network, entry.header.lane, entry.header.epoch, entry.header.seq) for entry in (one, other)}
    signed = all(entry.signed_by(identity.key_of(entry.header.epoch) or b"") for entry in (one, other))
    assert (len(places) == 1 and one.id != other.id and signed) is pair["fork"]


def test_a_node_convicts_by_a_published_proof() -> None:
    journal = Journal(bytes(32), PRACTICES, _no_chance, None)
    journal.take(parse(bytes.fromhex(FORKS["identity"][0])))
    proof = next(pair for pair in FORKS["pairs"] if "commons" in pair["name"])
    first, second = (parse(bytes.fromhex(proof[one])) for one in ("first", "second"))
    for entry in lane_before(first):
        journal.take(entry)
    journal.take(first)
    assert not journal.convict(first)
    assert journal.convict(second) and not journal.convict(second)
    assert journal.held.is_forked(first.network, first.header.lane)


def lane_before(entry: Entry) -> Iterator[Entry]:
    """Yield what stands before an entry of a published proof."""
    for wire in FORKS["before"]:
        found = parse(bytes.fromhex(wire))
        if found.header.lane == entry.header.lane and found.header.seq < entry.header.seq:
            yield found


# A ledger.

TRACE = vectors("fold_trace")


def trace_book() -> Book:
    return Book(bytes.fromhex(TRACE["network"]), PRACTICES)


def trace_entered(book: Book, wire: str) -> Entered:
    entry = parse(bytes.fromhex(wire))
    body, at_ms = decode_body(entry.body_bytes, book.kinds)
    header = entry.header
    return Entered(body, entry.network, header.lane, header.epoch, header.seq, entry.id, at_ms)


def balances_of(book: Book) -> dict[str, int]:
    return {name: one.balance_minor for name, one in book.ledger.accounts.items() if one.balance_minor}


def test_common_tools_check_the_chain_of_the_trace() -> None:
    inception = cbor2.loads(cbor2.loads(bytes.fromhex(TRACE["identity"][0]))[2])[3]
    prev = None
    for seq, case in enumerate(TRACE["entries"]):
        header, salt, body, signature = cbor2.loads(bytes.fromhex(case["wire"]))
        said = cbor2.loads(header)
        assert (said[2].hex(), said[3], said[5], said.get(7)) == (TRACE["network"], LEDGER, seq, prev)
        assert said[6].hex() == hashed("body", salt + body)
        assert is_signed(inception[1].hex(), "entry", header, signature)
        assert cbor2.loads(body)[1] == case["kind"]
        prev = bytes.fromhex(hashed("entry", header))


def test_the_trace_folds_to_its_balances() -> None:
    book = trace_book()
    for case in TRACE["entries"]:
        entered = trace_entered(book, case["wire"])
        assert book.check(entered) is None, case["kind"]
        book.apply(entered)
        assert balances_of(book) == case["balances"], case["kind"]
        assert not any(book.ledger.sums().values())


def test_the_trace_ends_as_it_is_told() -> None:
    book = trace_book()
    for case in TRACE["entries"]:
        book.apply(trace_entered(book, case["wire"]))
    final = TRACE["final"]
    accounts = {
        name: {
            "balance": one.balance_minor,
            "least": one.least_minor,
            "most": one.most_minor,
            "held": one.held_minor,
            "awaited": one.awaited_minor,
        }
        for name, one in book.ledger.accounts.items()
    }
    assert accounts == final["accounts"]
    members = {name: {"handle": one.handle, "auth": one.auth, "state": one.state} for name, one in book.members.items()}
    assert members == final["members"]
    assert {name.hex(): one.state for name, one in book.payments.items()} == {
        name.replace("-", ""): state for name, state in final["payments"].items()
    }


@cache
def verdicts() -> dict[str, str]:
    """Return why each entry is refused at its place, all asked of one book on its way."""
    book, told = trace_book(), dict[str, str]()
    waiting = iter(sorted([*TRACE["refused"], *TRACE["taken"]], key=lambda case: case["after"]))
    case = next(waiting, None)
    for place in range(len(TRACE["entries"]) + 1):
        while case is not None and case["after"] == place:
            reason = book.check(trace_entered(book, case["wire"]))
            told[case["name"]] = "" if reason is None else reason.code
            case = next(waiting, None)
        if place < len(TRACE["entries"]):
            book.apply(trace_entered(book, TRACE["entries"][place]["wire"]))
    return told


@pytest.mark.parametrize("case", TRACE["refused"], ids=lambda case: case["name"])
def test_every_node_refuses_what_breaks_a_rule_by_its_code(case: dict[str, Any]) -> None:
    assert verdicts()[case["name"]] == case["code"]


def test_no_two_entries_that_are_judged_have_one_name() -> None:
    assert len(verdicts()) == len(TRACE["refused"]) + len(TRACE["taken"])


@pytest.mark.parametrize("case", TRACE["taken"], ids=lambda case: case["name"])
def test_every_node_takes_what_breaks_no_rule(case: dict[str, Any]) -> None:
    assert verdicts()[case["name"]] == ""


def test_the_trace_tells_every_kind_that_may_stand_in_a_ledger() -> None:
    assert {case["kind"] for case in TRACE["entries"]} == KINDS.keys() - {LinkRecord.KIND} - UNTOLD


# Rates.

ROUNDING = vectors("rounding")


@pytest.mark.parametrize("case", ROUNDING["rates"], ids=lambda case: case["name"])
def test_amounts_are_rounded_as_told(case: dict[str, Any]) -> None:
    rate = Rate(int(case["num"]), int(case["den"]))
    for row in case["cases"]:
        amount, up, down, least = map(int, row)
        assert (rate.up(amount), rate.down(amount), rate.foreign_up(amount)) == (up, down, least)
        # In whole numbers and without a division: what rounding means.
        assert (up - 1) * rate.den < amount * rate.num <= up * rate.den
        assert down * rate.den <= amount * rate.num < (down + 1) * rate.den
        assert (least - 1) * rate.num < amount * rate.den <= least * rate.num


@pytest.mark.parametrize("case", ROUNDING["forwards"], ids=lambda case: f"{case['rate_in']} {case['out']}")
def test_a_forward_needs_what_is_told(case: dict[str, Any]) -> None:
    rate_in, rate_out = (Rate(*map(int, case[name])) for name in ("rate_in", "rate_out"))
    needed, out, fee = (int(case[name]) for name in ("in", "out", "fee"))
    assert rate_in.foreign_up(rate_out.up(out) + fee) == needed
    # Who forwards never loses by it, and one minor unit less would not do.
    assert rate_in.down(needed) >= rate_out.up(out) + fee
    assert rate_in.down(needed - 1) < rate_out.up(out) + fee


# Checkpoints.

CHECKPOINTS = vectors("checkpoints")


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word."""
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + mth(leaves[:split]) + mth(leaves[split:])).digest()


def test_the_roots_of_a_checkpoint_follow_from_its_leaves() -> None:
    assert mth([bytes.fromhex(one) for one in CHECKPOINTS["entries"]]).hex() == CHECKPOINTS["entries_root"]
    leaves = [bytes.fromhex(one) for one in CHECKPOINTS["balances"]]
    assert mth(leaves).hex() == CHECKPOINTS["balances_root"]
    accounts = [cbor2.loads(one) for one in leaves]
    assert [one[2] for one in accounts] == sorted(one[2] for one in accounts)
    seed = bytes.fromhex(CHECKPOINTS["seed"])
    assert [one[1].hex() for one in accounts] == [hashed("leaf-salt", seed + one[2].encode())[:32] for one in accounts]


@pytest.mark.parametrize("case", CHECKPOINTS["proofs"], ids=lambda case: case["name"])
def test_a_proof_proves_or_is_refused_as_told(case: dict[str, Any]) -> None:
    proven = verify_proof(bytes.fromhex(case["document"]), bytes.fromhex(CHECKPOINTS["network"]))
    assert proven.fault == case["fault"]


@pytest.mark.parametrize("case", CHECKPOINTS["consistency"], ids=lambda case: case["name"])
def test_a_proof_of_consistency_proves_or_is_refused_as_told(case: dict[str, Any]) -> None:
    proven = verify_consistency(bytes.fromhex(case["document"]), bytes.fromhex(CHECKPOINTS["network"]))
    assert proven.fault == case["fault"]


@pytest.mark.parametrize("case", CHECKPOINTS["signed"], ids=lambda case: case["name"])
def test_cold_keys_have_signed_a_checkpoint_or_not_as_told(case: dict[str, Any]) -> None:
    cold = ColdKeys(tuple(map(bytes.fromhex, CHECKPOINTS["cold"])), 2)
    body = from_map(CheckpointSigned, decode(bytes.fromhex(case["body"])))
    claim = CheckpointClaim(bytes.fromhex(CHECKPOINTS["network"]), body.checkpoint)
    assert signers(cold, claim, body.signatures) == case["by"]


RECEIPTS = vectors("receipts")


@pytest.mark.parametrize("case", RECEIPTS["receipts"], ids=lambda case: case["name"])
def test_a_receipt_proves_a_payment_or_not_as_told(case: dict[str, Any]) -> None:
    found = verify_receipt(bytes.fromhex(case["document"]), KINDS, bytes.fromhex(RECEIPTS["network"]))
    assert [*found.faults] == case["faults"]
    assert (found.signed and not found.faults) is case["signed"]


def test_every_fault_of_a_receipt_but_one_is_met() -> None:
    # A payment abroad takes two networks: tests/protocol/practices/between/test_receipts_abroad.py.
    met = {fault for case in RECEIPTS["receipts"] for fault in case["faults"]}
    assert met == {*ReceiptFault} - {ReceiptFault.PREIMAGE_MISSING}


GRANTS = vectors("signed_grants")


@pytest.mark.parametrize("case", GRANTS["cases"], ids=lambda case: case["name"])
def test_of_what_is_granted_so_much_binds_as_told(case: dict[str, Any]) -> None:
    epochs = tuple(
        Epoch(b"", b"", b"", {}, b"", number > 0, ColdKeys(tuple(map(bytes.fromhex, cold)), 2), value_of(hot_grant))
        for number, (cold, hot_grant) in enumerate(zip(GRANTS["cold"], GRANTS["hot_grant"], strict=True))
    )
    signed = None if case["signed"] is None else from_map(SignedGrant, decode(bytes.fromhex(case["signed"])))
    body = LinkRecord(
        from_map(Terms, decode(bytes.fromhex(GRANTS["terms"]))), Settings("HORA", 1, 1, 0),
        case["granted"], 0, 0, 0, 0, (), (), (), 0, None, signed,
    )  # fmt: skip
    identity = Identity(bytes.fromhex(GRANTS["network"]), epochs)
    assert binding(identity, body, case["epoch"], case["before"])[0] == case["binds"]


@pytest.mark.parametrize("case", CHECKPOINTS["evidence"], ids=lambda case: case["name"])
def test_evidence_weighs_as_told(case: dict[str, Any]) -> None:
    assert examine_evidence(bytes.fromhex(case["document"])).weight == case["weight"]


# Set-offs.

SET_OFFS = vectors("set_offs")


@pytest.mark.parametrize("case", SET_OFFS["cases"], ids=lambda case: case["name"])
def test_a_set_off_comes_to_what_is_told(case: dict[str, Any]) -> None:
    owed = [Obligation(*one) for one in case["obligations"]]
    found = set_off(owed, bytes.fromhex(SET_OFFS["salt"]), [Headroom(*one) for one in case["headrooms"]])
    assert sorted(map(list, found.cleared.items())) == case["cleared"]
    assert sorted(map(list, found.changes.items())) == case["changes"]


def test_the_lots_of_a_federation_follow_from_its_salt_and_names() -> None:
    salt = bytes.fromhex(SET_OFFS["salt"])
    start = b"mutirao/v1/set-off\0" + len(salt).to_bytes(4, "big") + salt
    for debtor, creditor, _, lots, _ in SET_OFFS["federation"]:
        tail, head = (b"\x01" + name.encode() for name in (debtor, creditor))
        assert lots == sha256(start + len(tail).to_bytes(4, "big") + tail + head).hexdigest()[: len(lots)]


def test_a_federation_clears_what_is_told() -> None:
    owed = [Obligation(f"{row[0]} {row[1]}", *row[:3]) for row in SET_OFFS["federation"]]
    cleared = set_off(owed, bytes.fromhex(SET_OFFS["salt"])).cleared
    assert cleared == {f"{row[0]} {row[1]}": row[4] for row in SET_OFFS["federation"] if row[4]}


def test_what_a_federation_clears_is_the_circulation_that_lots_leave() -> None:
    # All lots at once: what comes first is worth more than all that comes after it on a way that meets nobody twice.
    graph = nx.DiGraph()
    for debtor, creditor, units, lots, _ in SET_OFFS["federation"]:
        cost = -1
        for lot in lots:
            cost = cost * 100 * 16 + int(lot, 16)
        graph.add_edge(debtor, creditor, capacity=units, weight=cost)
    flow = nx.network_simplex(graph)[1]
    assert all(flow[row[0]][row[1]] == row[4] for row in SET_OFFS["federation"])
    assert len(graph) == 100
    assert sum(row[4] for row in SET_OFFS["federation"]) == SET_OFFS["federation_cleared"]


# Federations.

FEDERATIONS = vectors("federations")


@pytest.mark.parametrize("case", FEDERATIONS["cases"], ids=lambda case: case["name"])
def test_members_follow_from_what_is_said_in_any_order(case: dict[str, Any]) -> None:
    for seed in range(8):
        book = Book(bytes(32), PRACTICES)
        book.of(Directory).forked = {bytes.fromhex(one): seq for one, seq in case["forked"].items()}
        lanes = {bytes.fromhex(network): iter(enumerate(lane)) for network, lane in case["lanes"].items()}
        order = [network for network in lanes for _ in case["lanes"][network.hex()]]
        Random(seed).shuffle(order)
        for network in order:
            seq, data = next(lanes[network])
            body, at_ms = decode_body(bytes.fromhex(data), book.words)
            book.hear(Entered(body, network, COMMONS, 0, seq, bytes(32), at_ms))
        standing = book.of(Charters).standing(book, bytes.fromhex(FEDERATIONS["federation"]))
        assert standing is not None
        for found in ("missing", "members", "expelled"):
            assert sorted(one.hex() for one in getattr(standing, found)) == case[found]


def test_the_id_of_a_federation_is_the_digest_of_its_charter() -> None:
    lanes = FEDERATIONS["cases"][0]["lanes"]
    [charter] = {cbor2.dumps(cbor2.loads(bytes.fromhex(lane[0]))[3], canonical=True) for lane in lanes.values() if lane}
    assert hashed("federation", charter) == FEDERATIONS["federation"]
