# SPDX-License-Identifier: AGPL-3.0-or-later
"""Receipts: what a member keeps of a payment, and can verify by itself, without any node.

A receipt holds the network's identity lane, the entry of the payment and those that its authority
rests on, and what the network attests of its books at that hour, with a head that a member can compare
with another's.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import auto
from hashlib import sha256
from typing import Annotated, Any, TypeVar

from protocol.book.declaration import At, Desk, Doc, EntriesWanted, Practice, Show
from protocol.book.money import Amount
from protocol.book.parties import concerned
from protocol.book.payments import PaymentState
from protocol.book.refusals import FORBIDDEN, PAYMENT_UNKNOWN, Refused, refuse
from protocol.book.signed import (
    AccountId,
    Digest,
    Id16,
    Minor,
    Signed,
    Time,
    is_authentic,
    leg_id,
    occurrence_id,
    parse_uuid,
)
from protocol.book.wishes import Said, read_said, rests_on_wish
from protocol.lanes.claims import IDENTITY_KINDS
from protocol.lanes.entry import LEDGER, Body, decode_body, parse
from protocol.lanes.growing import advance, begin_identity
from protocol.lanes.identity import Identity
from protocol.peers.messages import Seq
from protocol.practices.people.authority import may_see
from protocol.practices.people.joinings import is_joining_authentic as joining_is_authentic
from protocol.practices.people.joinings import read_joining
from protocol.wire.codec import decode, encode
from protocol.wire.keys import id_text, verify
from protocol.wire.named import OwnNamed
from protocol.wire.shape import AtMost, Holds, Length, from_map, to_map

RECEIPT_BYTES_MAX = 1024 * 1024
KEY_EVENTS_MAX = 64
RECEIPT_ENTRIES_MAX = 16
ENTRY_WIRE_BYTES_MAX = 66_000
ATTESTED_BYTES_MAX = 1_024

EntryBytes = Annotated[bytes, AtMost(ENTRY_WIRE_BYTES_MAX), Holds(("entry",))]


@dataclass(frozen=True, slots=True)
class Attested:
    """What the network signs: the payment's place and state, the payer's balance after it, the newest head.

    Account and balance are left out for whoever may not see them.
    """

    network: Digest
    payment: Id16
    seq: Seq
    state: PaymentState
    account: AccountId | None
    balance: Minor | None
    head_seq: Seq
    head: Digest
    at_ms: Time


@dataclass(frozen=True, slots=True)
class Receipt:
    """All that it takes to verify a payment, as one document."""

    attested: Annotated[bytes, AtMost(ATTESTED_BYTES_MAX), Holds(("Attested",))]
    signature: Annotated[bytes, Length(64)]
    identity: Annotated[tuple[EntryBytes, ...], AtMost(KEY_EVENTS_MAX)]
    entries: Annotated[tuple[EntryBytes, ...], AtMost(RECEIPT_ENTRIES_MAX)]


@dataclass(frozen=True, slots=True)
class ReceiptShown:
    """A receipt; `mutirao verify receipt FILE` verifies it offline."""

    payment: Annotated[str, Doc("the payment's UUID")]
    network: Annotated[str, Doc("the id of the network that keeps the books")]
    state: Annotated[PaymentState, Doc("where the payment's money is")]
    entry: Annotated[int, Doc("the payment's place in the ledger lane")]
    account: Annotated[str | None, Doc("the payer's account, for those who may see it")]
    balance: Annotated[Amount | None, Doc("the payer's balance after the payment, for those who may see it")]
    head: Annotated[bytes, Doc("the id of the newest ledger entry: the same for all who ask at this hour")]
    head_seq: Annotated[int, Doc("the place of that entry")]
    issued_at: Annotated[At, Doc("when the receipt was made")]
    document: Annotated[bytes, Doc("the receipt itself, to be kept and verified")]


class ReceiptFault(OwnNamed):
    """Why a receipt proves nothing."""

    UNREADABLE = auto()
    """It is no receipt."""
    IDENTITY_INVALID = auto()
    """The key events are not those of any network."""
    NETWORK_MISMATCH = auto()
    """It is of another network than the one expected, or than the one that it names."""
    ATTESTATION_INVALID = auto()
    """What is attested is not signed by the network's newest key."""
    ENTRY_INVALID = auto()
    """An entry is not this network's, not signed by the key of its epoch, or cannot be read."""
    PAYMENT_MISSING = auto()
    """No entry of this payment stands at the place that is attested."""
    ORDER_INVALID = auto()
    """The order is not signed by the key that it names, or speaks of something else."""
    KEY_UNPROVEN = auto()
    """No entry gives that key to the member whose account was debited, or to a helper with its mandate."""
    PREIMAGE_MISSING = auto()
    """It is said to have arrived in another network, and nothing shows the preimage that the order asks for."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a receipt proves: everything, if there are no faults.

    `signed` tells whether the debit rests on a member's own signature; else it rests on the network's
    word for a member without a key (custodial), or was ordered in another network.
    """

    faults: tuple[ReceiptFault, ...]
    attested: Attested | None = None
    order: Said[Any] | None = None
    """The wish by which a member's own key ordered the debit: a payment, or a scheduled one."""
    preimage: bytes | None = None
    """What the payee's node in another network released when the payment that a member signed arrived there."""

    @property
    def signed(self) -> bool:
        """Whether a member's own key ordered the debit."""
        return self.order is not None


def view_receipt(desk: Desk, name: str) -> EntriesWanted | Refused:
    book = desk.book
    payment = book.payments.get(parse_uuid(name) or b"")
    if payment is None:
        return refuse(PAYMENT_UNKNOWN)
    if not may_see(desk.actor, *concerned(book, payment)):
        return refuse(FORBIDDEN, allowed="payer and payee")
    if desk.silent is not None:
        return refuse(desk.silent)
    assert book.head is not None
    head_seq, head = book.head
    payer = book.ledger.accounts.get(payment.payer)
    seen = payer is not None and may_see(desk.actor, payer.member) and payment.balance_minor is not None
    account, balance = (payment.payer, payment.balance_minor) if seen else (None, None)
    attested = Attested(
        book.network, payment.id, payment.arrival, payment.state, account, balance, head_seq, head, desk.now
    )
    data = encode(to_map(attested))
    signature = desk.sign("receipt", data)
    places = {payment.arrival, *payment.rests_on}
    if payment.closed is not None:
        places.add(payment.closed)

    def show(identity: tuple[bytes, ...], entries: tuple[bytes, ...]) -> ReceiptShown:
        return ReceiptShown(
            payment=name,
            network=id_text(attested.network),
            state=attested.state,
            entry=attested.seq,
            account=account,
            balance=None if balance is None or payer is None else book.amount(payer.currency, balance),
            head=head,
            head_seq=head_seq,
            issued_at=attested.at_ms,
            document=encode(to_map(Receipt(data, signature, identity, entries))),
        )

    return EntriesWanted(tuple(sorted(places)), show)


def verify_receipt(document: bytes, kinds: Mapping[str, type[Body]], network: bytes | None = None) -> Verdict:
    """Return what a receipt proves, by itself alone.

    `kinds` are the bodies that may stand in a ledger lane, of all features. Whoever knows the id of the
    network says so; else it is to be compared with `attested.network`, to which all hangs.
    """
    receipt = _read(document, Receipt, RECEIPT_BYTES_MAX)
    attested = None if receipt is None else _read(receipt.attested, Attested, ATTESTED_BYTES_MAX)
    if receipt is None or attested is None:
        return Verdict((ReceiptFault.UNREADABLE,))
    identity = identity_of(receipt.identity)
    if identity is None:
        return Verdict((ReceiptFault.IDENTITY_INVALID,), attested)
    faults: list[ReceiptFault] = []
    if not identity.network == attested.network == (network or attested.network):
        faults.append(ReceiptFault.NETWORK_MISMATCH)
    # A key that was rotated away may be in a thief's hands: only the newest attests.
    if not verify(identity.epochs[-1].key, "receipt", receipt.attested, receipt.signature):
        faults.append(ReceiptFault.ATTESTATION_INVALID)
    bodies: dict[int, Body] = {}
    for wire in receipt.entries:
        found = _entry(identity, wire, kinds)
        if found is None:
            faults.append(ReceiptFault.ENTRY_INVALID)
            break
        bodies[found[0]] = found[1]
    order, fault = _order(bodies, attested)
    if fault is not None:
        faults.append(fault)
    condition = None if order is None else getattr(order.wish, "condition", None)
    preimage = None if condition is None else _preimage(bodies.values(), condition)
    if condition is not None and preimage is None and attested.state is PaymentState.POSTED:
        faults.append(ReceiptFault.PREIMAGE_MISSING)
    return Verdict(tuple(faults), attested, order, preimage)


R = TypeVar("R", Receipt, Attested)


def _read(data: bytes, kind: type[R], bytes_max: int) -> R | None:
    try:
        fields = decode(data, bytes_max=bytes_max)
        return from_map(kind, fields) if isinstance(fields, dict) else None
    except ValueError:
        return None


def identity_of(wires: Iterable[bytes]) -> Identity | None:
    """Return the identity that key events make, None where they make none.

    Nor do they by themselves with a recovery among them: guardians' own key events alone tell whether they backed it.
    """
    identity: Identity | None = None
    try:
        for wire in wires:
            entry = parse(wire)
            body, _ = decode_body(entry.body_bytes, IDENTITY_KINDS)
            identity = begin_identity(entry, body) if identity is None else advance(identity, entry, body)
    except ValueError:
        return None
    return None if identity is None or any(identity.recoveries()) else identity


def _entry(identity: Identity, wire: bytes, kinds: Mapping[str, type[Body]]) -> tuple[int, Body] | None:
    """Return the place and the body of an entry that this network has said in its ledger lane."""
    try:
        entry = parse(wire)
        body, _ = decode_body(entry.body_bytes, kinds)
    except ValueError:
        return None
    key = identity.key_of(entry.header.epoch)
    if (entry.network, entry.header.lane) != (identity.network, LEDGER) or key is None:
        return None
    if not (identity.was_said(entry) and entry.signed_by(key)):
        return None
    return entry.header.seq, body


# Practices do not know of one another, but those whose wishes order a debit, or give a member a key, call the fields
# alike: payer, payment or schedule, amounts, condition; account and helper; member and joining.


def _order(bodies: Mapping[int, Body], attested: Attested) -> tuple[Said[Any] | None, ReceiptFault | None]:
    """Return the wish on which a payment rests, None where it rests on no key's, and what is wrong with it."""
    body: Any = bodies.get(attested.seq)
    if body is None:
        return None, ReceiptFault.PAYMENT_MISSING
    schedule = getattr(body, "schedule", None)
    if schedule is not None:
        begun = occurrence_id(schedule, body.occurrence)
        wishes = (said for one in bodies.values() if (said := _said(one)) is not None)
        said = next((one for one in wishes if getattr(one.wish, "schedule", None) == schedule), None)
    else:
        said = _said(body)
        begun = getattr(body if said is None else said.wish, "payment", None)
    legs = len(getattr(body, "legs", ()) if said is None else getattr(said.wish, "amounts", ()))
    if begun != attested.payment and attested.payment not in (leg_id(begun or b"", number) for number in range(legs)):
        return None, ReceiptFault.PAYMENT_MISSING
    if said is None:
        # What came from abroad rests on another network's word; any other debit on what a member here has said.
        return None, ReceiptFault.ORDER_INVALID if schedule is not None or rests_on_wish(body) else None
    if said.signed is None:
        return None, None
    if not _is_signed(said, attested.network):
        return None, ReceiptFault.ORDER_INVALID
    proven = _is_proven(said, tuple(bodies.values()), attested.network)
    return said, None if proven else ReceiptFault.KEY_UNPROVEN


def _said(body: Any) -> Said[Any] | None:
    """Return what an entry rests on, the signature not yet checked; None where it rests on no wish."""
    if not rests_on_wish(body):
        return None
    said = read_said(body)
    return None if isinstance(said, Refused) else said


def _is_signed(said: Said[Any], network: bytes) -> bool:
    """Tell whether a key has signed a wish for a network."""
    envelope, signed = said.envelope, said.signed
    return (
        envelope is not None and signed is not None and envelope.network == network and is_authentic(signed, envelope)
    )


def _preimage(bodies: Iterable[Any], condition: bytes) -> bytes | None:
    """Return the preimage of the condition that a member has signed, if an entry shows it."""
    shown = (getattr(body, "preimage", None) for body in bodies)
    return next((one for one in shown if one is not None and sha256(one).digest() == condition), None)


def _is_proven(order: Said[Any], bodies: tuple[Any, ...], network: bytes) -> bool:
    """Tell whether the entries give the order's key to the account's member, or to a helper by its mandate."""
    assert order.envelope is not None
    keys, payer = set(_keys(bodies, network)), str(order.wish.payer)
    owner = payer.partition(".")[0]
    if (owner, order.envelope.key) in keys:
        return True
    for said in map(_said, bodies):
        if said is None or getattr(said.wish, "account", None) != payer:
            continue
        given = said.envelope is None or (_is_signed(said, network) and (owner, said.envelope.key) in keys)
        if given and (getattr(said.wish, "helper", ""), order.envelope.key) in keys:
            return True
    return False


def _keys(bodies: Iterable[Any], network: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (member, key) for each key that an entry gives to a member."""
    for body in bodies:
        said = _said(body)
        by_whom: Any = body if said is None else said.wish
        # Of a member who was brought along from another book the network says the keys by its own word.
        for key in getattr(by_whom, "keys", ()):
            yield by_whom.member, key
        signed: Signed | None = getattr(by_whom, "joining", None)
        joining = None if signed is None else read_joining(signed)
        if (
            signed is not None
            and joining is not None
            and joining.network == network
            and joining_is_authentic(signed, joining)
        ):
            yield by_whom.member, joining.key


PRACTICE = Practice(
    name="receipts",
    entries=(),
    operations=(
        Show(
            "receipts", ReceiptShown, view=view_receipt, id_is="the payment's UUID", example="mutirao receipts show ID"
        ),
    ),
)
