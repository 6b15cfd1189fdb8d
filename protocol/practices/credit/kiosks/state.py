# SPDX-License-Identifier: AGPL-3.0-or-later
"""Kiosks as the book keeps them: what each was given, how far it was heard, and what it has signed at each place."""

from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.book.declaration import Parameter, Table
from protocol.book.parameters import Number
from protocol.lanes.entry import Millis
from protocol.practices.credit.kiosks.statements import ReadStatement, SignedStatement
from protocol.practices.credit.reserves.state import Reserve, Reserves
from protocol.wire.keys import digest

KIOSK_UNSEEN_DAYS = Parameter(
    "kiosks.unseen_days",
    Number(1, 366, "days"),
    7,
    "after how many days without a sync a kiosk is on the list of the week",
)


@dataclass(slots=True)
class Kiosk:
    """Who issues a guaranteed currency out of reach; amounts in minor units."""

    id: bytes
    arrival: int
    at_ms: Millis
    currency: str
    name: str
    key: bytes
    given_minor: int = 0
    """All rights that it was ever sent, or got back by redemptions."""
    till_minor: int = 0
    issued_minor: int = 0
    paid_minor: int = 0
    unmet_minor: int = 0
    """State money that it paid for currency that nobody gave back: it owes that."""
    synced_ms: Millis | None = None
    forked_at: int | None = None
    """The place at which it has signed twice."""
    risk_minor: int = 0
    """The most that it can have issued twice: the rights that it held there, and what came after."""
    proof: tuple[bytes, bytes] = (b"", b"")
    """The two statements at one place, as they were signed."""


@dataclass(slots=True)
class Kiosks:
    """All kiosks, by id, in the order in which they were registered."""

    by_id: dict[bytes, Kiosk] = field(default_factory=dict[bytes, Kiosk])
    by_key: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])


@dataclass(slots=True)
class Placed:
    """What a kiosk has signed at a place, the rights that it held before, and all that it had been given by then."""

    id: bytes
    kiosk: bytes
    place: int
    signed: SignedStatement
    digest: bytes
    held_minor: int
    given_minor: int


PLACED = Table("kiosk-statements", Placed, closed=lambda one: one.place > 0, by={"kiosk": lambda one: (one.kiosk,)})


def place_id(kiosk: bytes, place: int) -> bytes:
    """Return by what the row of a kiosk's place is named."""
    return digest("kiosk-place", kiosk + place.to_bytes(8, "big"))


def newest_place(reserve: Reserve, kiosk: Kiosk) -> int:
    """Return how many statements of a kiosk were taken in."""
    return reserve.rights.newest.get(kiosk.id, (0, b""))[0]


def standing_at(book: Book, reserve: Reserve, kiosk: Kiosk, read: ReadStatement) -> Placed | None:
    """Return what stands at a statement's place, None where that is still to come."""
    if read.said.place > newest_place(reserve, kiosk):
        return None
    return book.rows(PLACED)[place_id(kiosk.id, read.said.place)]


def reserve_behind(book: Book, kiosk: Kiosk) -> Reserve:
    """Return the reserve that a kiosk issues from."""
    return book.of(Reserves).by_currency[kiosk.currency]
