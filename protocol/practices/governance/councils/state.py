# SPDX-License-Identifier: AGPL-3.0-or-later
"""Councils as the book keeps them: who sits on the board of each until when, and who is its comptroller."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from protocol.book.book import Book
from protocol.book.declaration import Entered, Motion, Parameter
from protocol.book.ledger import Posting
from protocol.book.parameters import Number
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.wishes import said_in
from protocol.lanes.entry import Millis
from protocol.practices.governance.councils.entries import BOARD_SEATS
from protocol.practices.governance.councils.refusals import BOARD_INCOMPLETE
from protocol.practices.people.members.entries import Leave, MemberLeft

ELECTION = Motion()
TERM_DAYS: Parameter[int] = Parameter(
    "councils.term_days",
    Number(1, 3_650, "days"),
    730,
    "for how long members are elected to a council",
    changed_by=ELECTION,
)


class Seat(NamedTuple):
    """Who was elected, and until when."""

    member: str
    until_ms: Millis


@dataclass(slots=True)
class Council:
    """A council: its title, the seats of its board that were filled, and its comptroller; some terms may be over."""

    id: bytes
    title: str
    arrival: int
    at_ms: Millis
    seats: tuple[Seat, ...] = ()
    comptroller: Seat | None = None

    def held(self, at_ms: Millis) -> tuple[Seat, ...]:
        """Return the seats of the board that are filled at an hour."""
        return tuple(one for one in self.seats if at_ms < one.until_ms)

    def board(self, at_ms: Millis) -> tuple[str, ...]:
        """Return who sits on the board at an hour."""
        return tuple(one.member for one in self.held(at_ms))

    def comptroller_at(self, at_ms: Millis) -> str | None:
        """Return who is the comptroller at an hour."""
        return None if self.comptroller is None or at_ms >= self.comptroller.until_ms else self.comptroller.member

    def incomplete(self, at_ms: Millis) -> Refused | None:
        """Return BOARD_INCOMPLETE where a seat of the board is free at an hour: it cannot act."""
        filled = len(self.board(at_ms))
        if filled == BOARD_SEATS:
            return None
        return refuse(
            BOARD_INCOMPLETE, council=self.title, filled=filled, seats=BOARD_SEATS, missing=BOARD_SEATS - filled
        )


@dataclass(slots=True)
class Councils:
    """All councils by id, in the order in which they were founded."""

    by_id: dict[bytes, Council] = field(default_factory=dict[bytes, Council])


def council_named(book: Book, name: str) -> Council | Refused:
    """Return the council that a path names."""
    return book.of(Councils).by_id.get(parse_uuid(name) or b"") or refuse(NOT_FOUND)


def term_ends(book: Book, at_ms: Millis) -> Millis:
    """Return when the term of who is elected at an hour ends."""
    return at_ms + book.parameter(TERM_DAYS) * DAY_MS


def vacate(book: Book, entered: Entered) -> Sequence[Posting]:
    """Free the seats of who has left the network."""
    assert isinstance(entered.body, MemberLeft)
    gone = said_in(book, entered.body, Leave).wish.member
    for council in book.of(Councils).by_id.values():
        council.seats = tuple(one for one in council.seats if one.member != gone)
        if council.comptroller is not None and council.comptroller.member == gone:
            council.comptroller = None
    return ()


def uneven(book: Book) -> str | None:
    """Complain of a council with more on its board than seats, one of them twice, or its comptroller among them."""
    for council in book.of(Councils).by_id.values():
        ends = {one.until_ms for one in council.seats}
        for at_ms in (one - 1 for one in ends):
            board = council.board(at_ms)
            if len(board) > BOARD_SEATS or len(set(board)) < len(board) or council.comptroller_at(at_ms) in board:
                return f"{uuid_text(council.id)} has {len(board)} on its board"
    return None
