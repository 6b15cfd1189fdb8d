# SPDX-License-Identifier: AGPL-3.0-or-later
"""Councils as members see them, how members are elected, and which seats are or will soon be free."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.arrivals import since
from protocol.book.declaration import At, Desk, Doc, Errand, Urgency
from protocol.book.refusals import Refused
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.practices.governance.councils.entries import BOARD_SEATS, COUNCIL_TITLE_CHARS_MAX
from protocol.practices.governance.councils.state import Council, Councils, Seat, council_named
from protocol.wire.shape import AtMost

TERM_ENDS_SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class FoundCouncil:
    """Let the group have a council, such as that of a communal bank: five on its board and a comptroller, elected."""

    title: Annotated[str, AtMost(COUNCIL_TITLE_CHARS_MAX), Doc("what it is called; stands in the ledger for good")]


@dataclass(frozen=True, slots=True)
class ElectBoard:
    """Elect members to free seats of the board, for a term; of who sits there already it begins anew."""

    # Not marked as naming members: whom a motion is about does not vote on it, and who stands for election does.
    members: Annotated[
        tuple[Annotated[str, AtMost(ADDRESS_CHARS_MAX)], ...],
        AtMost(BOARD_SEATS),
        Doc("handles or ids of who is elected"),
    ]


@dataclass(frozen=True, slots=True)
class ElectComptroller:
    """Elect the comptroller for a term, in place of who was; nobody who sits on the board."""

    member: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Doc("the handle or id of who is elected")]


@dataclass(frozen=True, slots=True)
class CouncilsWanted:
    """All councils."""


@dataclass(frozen=True, slots=True)
class SeatShown:
    """Who was elected, and until when."""

    member: Annotated[str, Doc("the handle")]
    until: Annotated[At, Doc("when the term ends, and the seat falls free")]


@dataclass(frozen=True, slots=True)
class CouncilShown:
    """A council: who sits on its board, and who looks at its accounts."""

    id: Annotated[str, Doc("its id")]
    title: Annotated[str, Doc("what it is called")]
    board: Annotated[tuple[SeatShown, ...], Doc("who sits on its board now")]
    seats: Annotated[int, Doc("how many seats the board has")]
    free: Annotated[int, Doc("how many of them are free; with one free it cannot act")]
    comptroller: Annotated[SeatShown | None, Doc("who accepts or rejects reports; null: nobody")]
    founded_at: Annotated[At, Doc("since when there is one")]


def view_council(desk: Desk, name: str) -> CouncilShown | Refused:
    found = council_named(desk.book, name)
    return found if isinstance(found, Refused) else _shown(desk, found)


def view_councils(desk: Desk, wanted: CouncilsWanted, after: int) -> Iterable[tuple[int, CouncilShown]]:
    del wanted
    found = since(list(desk.book.of(Councils).by_id.values()), after)
    return ((cursor, _shown(desk, one)) for cursor, one in found)


def _shown(desk: Desk, council: Council) -> CouncilShown:
    def seat(one: Seat) -> SeatShown:
        return SeatShown(desk.book.members[one.member].handle, one.until_ms)

    board = tuple(seat(one) for one in council.held(desk.now))
    held = council.comptroller if council.comptroller_at(desk.now) is not None else None
    return CouncilShown(
        id=uuid_text(council.id),
        title=council.title,
        board=board,
        seats=BOARD_SEATS,
        free=BOARD_SEATS - len(board),
        comptroller=None if held is None else seat(held),
        founded_at=council.at_ms,
    )


def week(desk: Desk) -> Iterator[Errand]:
    """Yield which councils have free seats or no comptroller, and whose terms end within 30 days."""
    for council in desk.book.of(Councils).by_id.values():
        name, free = uuid_text(council.id), BOARD_SEATS - len(council.board(desk.now))
        if free:
            yield Errand(
                name,
                council.title,
                "councils.seats_free",
                "Seats of the board are free, and it cannot act",
                "councils.elect",
                Urgency.STOPPED,
                count=free,
            )
        if council.comptroller_at(desk.now) is None:
            yield Errand(
                name,
                council.title,
                "councils.no_comptroller",
                "It has no comptroller, so that nobody can accept a report",
                "councils.elect-comptroller",
                Urgency.STOPPED,
            )
        held = council.seats if council.comptroller is None else (*council.seats, council.comptroller)
        for seat in held:
            if desk.now < seat.until_ms <= desk.now + TERM_ENDS_SOON_DAYS * DAY_MS:
                yield Errand(
                    name,
                    desk.book.members[seat.member].handle,
                    "councils.term_ends",
                    "A term in the council ends soon",
                    "councils.elect-comptroller" if seat is council.comptroller else "councils.elect",
                    Urgency.DATE,
                    until_ms=seat.until_ms,
                )
