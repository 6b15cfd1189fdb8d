# SPDX-License-Identifier: AGPL-3.0-or-later
"""What cards, terminals and their network sign for each other, to be checked without a node.

The network signs a certificate for each card and a grant for each terminal; a card signs each payment; a terminal signs
each record of its log, which names the one before by its digest. All of it is canonical CBOR under a kind of its own.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypeVar

from protocol.book.signed import AccountId, Digest, Id16, Key, Signed, Time
from protocol.book.timezones import DAY_MS, ZONE_CHARS_MAX, zone_of
from protocol.practices.money.currencies.entries import Code
from protocol.wire.codec import CodecFault, encode
from protocol.wire.keys import KeyPair, digest, verify
from protocol.wire.pattern import reader
from protocol.wire.shape import AtMost, Holds, Length, Range, ShapeFault, to_map

SaidKind = TypeVar("SaidKind")

STATEMENT_BYTES_MAX = 1_024
HOTLIST_BYTES_MAX = 64 * 1_024
HOT_CARDS_MAX = 3_500
"""Cards on one hotlist, those first that were frozen last."""
COUNTER_MAX = 2**53
UNSEEN_DAYS_MAX = 365

CardMinor = Annotated[int, Range(1, 2**63 - 1)]
CardCounter = Annotated[int, Range(1, COUNTER_MAX)]
Version = Annotated[int, Range(1, 2**31)]
LocalDay = Annotated[int, Range(0, 4_000_000)]
"""A day on the group's clocks, counted from 1 January 1970."""


@dataclass(frozen=True, slots=True)
class CardCertificate:
    """The network says of a card: its key and its caps (minor units), until when, and when it was last seen.

    It stops `unseen_days` days after `seen_ms`, until the network has seen the card again.
    """

    KIND: ClassVar[str] = "card-certificate"
    network: Digest
    card: Id16
    key: Key
    currency: Code
    version: Version
    payment_cap: CardMinor
    day_cap: CardMinor
    seen_ms: Time
    unseen_days: Annotated[int, Range(1, UNSEEN_DAYS_MAX)]
    expires_ms: Time


@dataclass(frozen=True, slots=True)
class TerminalGrant:
    """The network says of a terminal: its key, whose account it fills, and whose clocks tell when a day begins."""

    KIND: ClassVar[str] = "terminal-grant"
    network: Digest
    terminal: Id16
    key: Key
    account: AccountId
    currency: Code
    scale: Annotated[int, Range(0, 9)]
    zone: Annotated[str, AtMost(ZONE_CHARS_MAX)]
    stale_days: Annotated[int, Range(1, UNSEEN_DAYS_MAX)]


@dataclass(frozen=True, slots=True)
class CardHotlist:
    """The network says which cards are not to be taken, as of a version; `synced` records of the terminal it has."""

    KIND: ClassVar[str] = "card-hotlist"
    network: Digest
    terminal: Id16
    version: Annotated[int, Range(0, COUNTER_MAX)]
    at_ms: Time
    synced: Annotated[int, Range(0, COUNTER_MAX)]
    cards: Annotated[tuple[Id16, ...], AtMost(HOT_CARDS_MAX)]


@dataclass(frozen=True, slots=True)
class CardPayment:
    """A card pays a merchant at a terminal, in minor units; its counter grows with each payment, gaps allowed."""

    KIND: ClassVar[str] = "card-payment"
    network: Digest
    card: Id16
    counter: CardCounter
    amount: CardMinor
    terminal: Id16
    account: AccountId
    at_ms: Time


@dataclass(frozen=True, slots=True)
class TerminalRecord:
    """A terminal has taken a payment: in its log at `seq`, after the record whose bytes have the digest `prev`.

    `version` is that of the certificate and `hotlist` that of the list by which it judged, `day` the group's.
    """

    KIND: ClassVar[str] = "terminal-record"
    terminal: Id16
    seq: Annotated[int, Range(0, COUNTER_MAX)]
    prev: Digest | None
    version: Version
    hotlist: Annotated[int, Range(0, COUNTER_MAX)]
    day: LocalDay
    at_ms: Time
    payment: Annotated[bytes, AtMost(STATEMENT_BYTES_MAX), Holds(("CardPayment",))]
    signature: Annotated[bytes, Length(64)]


def signed_statement(keys: KeyPair, statement: Any) -> Signed:
    """Encode and sign a statement under its kind."""
    data = encode(to_map(statement))
    return Signed(data, keys.sign(statement.KIND, data))


def read_statement(kind: type[SaidKind], data: bytes) -> SaidKind | None:
    """Return the statement that canonical bytes hold, no signature checked; None where they hold none."""
    most = HOTLIST_BYTES_MAX if kind is CardHotlist else STATEMENT_BYTES_MAX
    try:
        return reader(kind)(data, bytes_max=most)
    except (CodecFault, ShapeFault):
        return None


def verified(kind: type[SaidKind], signed: Signed, key: bytes) -> SaidKind | None:
    """Return the statement that a key has signed, None where it has not, or the bytes hold none."""
    said = read_statement(kind, signed.data)
    name: str = getattr(kind, "KIND")  # noqa: B009 - each kind of statement has one
    return said if said is not None and verify(key, name, signed.data, signed.signature) else None


def record_digest(data: bytes) -> bytes:
    """Return the digest by which the next record of a log names the one of these bytes."""
    return digest("terminal-record", data)


def local_day(zone: str, at_ms: int) -> int:
    """Return the day on a zone's clocks at an hour; UTC's where the zone cannot be read."""
    found = zone_of(zone)
    offset = 0 if found is None else found.offset(at_ms)
    return (at_ms + offset * 60_000) // DAY_MS
