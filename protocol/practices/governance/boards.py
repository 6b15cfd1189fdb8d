# SPDX-License-Identifier: AGPL-3.0-or-later
"""Boards: the few whom a group has chosen to decide some things, the board itself and committees.

Who sits on one is decided by all, by motion. A motion may then be for the board or the committee alone to vote on: they
are electorates as all members are.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Annotated, ClassVar

from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import (
    SIGNED_IN,
    Act,
    At,
    Desk,
    Doc,
    Entered,
    List,
    Motion,
    News,
    Plan,
    Practice,
    Ref,
    Show,
    Write,
    ungated,
)
from protocol.book.ledger import Posting
from protocol.book.members import MemberState
from protocol.book.refusals import MALFORMED, MEMBER_UNKNOWN, NOT_FOUND, Reason, Refused, refuse
from protocol.book.signed import MemberId
from protocol.wire.shape import AtMost

SEATS_MAX = 25
ELECTED = Motion()


class Board(StrEnum):
    """Those whom a group chooses."""

    BOARD = "board"
    COMMITTEE = "committee"


@dataclass(frozen=True, slots=True)
class Seated:
    """These members, and no others, sit on a board from here on."""

    KIND: ClassVar[str] = "boards/seated"
    board: Board
    members: Annotated[tuple[MemberId, ...], AtMost(SEATS_MAX)]


@dataclass(slots=True)
class Seats:
    """Who sits where, since when."""

    by_board: dict[Board, tuple[str, ...]] = field(default_factory=dict[Board, tuple[str, ...]])
    since_ms: dict[Board, int] = field(default_factory=dict[Board, int])


@dataclass(frozen=True, slots=True)
class SeatMembers:
    """Choose who sits on a board, in place of those who did: all members decide, by motion."""

    members: Annotated[tuple[str, ...], AtMost(SEATS_MAX), Ref("members"), Doc("handles or ids of who sits on it")]


@dataclass(frozen=True, slots=True)
class BoardsWanted:
    """All boards."""


@dataclass(frozen=True, slots=True)
class BoardShown:
    """A board, and who sits on it."""

    id: Annotated[Board, Doc("board or committee")]
    members: Annotated[tuple[str, ...], Doc("the handles of who sits on it")]
    since: Annotated[At | None, Doc("since when")]


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, Seated)
    seats = book.of(Seats)
    seats.by_board[body.board], seats.since_ms[body.board] = body.members, entered.at_ms
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    assert isinstance(entered.body, Seated)
    yield News("board.seated", entered.body.board, tuple(book.members))


def seated(board: Board, book: Book) -> Iterator[str]:
    """Yield the ids of the active members who sit on a board."""
    for member in book.of(Seats).by_board.get(board, ()):
        if book.members[member].state is MemberState.ACTIVE:
            yield member


def _against(book: Book, body: object) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    assert isinstance(body, Seated)
    if len(set(body.members)) != len(body.members):
        return refuse(MALFORMED, field="members", expected="each once")
    for one in body.members:
        member = book.members.get(one)
        if member is None:
            return refuse(MEMBER_UNKNOWN, member=one)
        if (inactive := member.inactive()) is not None:
            return inactive
    return ungated(book, ELECTED)


def plan_seat(desk: Desk, name: str, wish: SeatMembers) -> Plan | Refused:
    board = _named(name)
    if board is None:
        return refuse(NOT_FOUND)
    members: list[str] = []
    for address in wish.members:
        member = resolve_member(desk.book, address)
        if isinstance(member, Refused):
            return member
        members.append(member.id)
    body = Seated(board, tuple(members))
    return _against(desk.book, body) or Plan(name, (Write(body),))


def view_board(desk: Desk, name: str) -> BoardShown | Refused:
    board = _named(name)
    return refuse(NOT_FOUND) if board is None else _shown(desk.book, board)


def view_boards(desk: Desk, wanted: BoardsWanted, after: int) -> Iterator[tuple[int, BoardShown]]:
    del wanted
    return ((cursor, _shown(desk.book, board)) for cursor, board in enumerate(Board, 1) if cursor > after)


def _named(name: str) -> Board | None:
    return next((board for board in Board if board.value == name), None)


def _shown(book: Book, board: Board) -> BoardShown:
    seats = book.of(Seats)
    handles = tuple(book.members[one].handle for one in seats.by_board.get(board, ()))
    return BoardShown(board, handles, seats.since_ms.get(board))


PRACTICE = Practice(
    name="boards",
    entries=(Seated,),
    check=check,
    fold=fold,
    news=news,
    electorates={board.value: partial(seated, board) for board in Board},
    operations=(
        Act(
            "boards",
            "seat",
            SeatMembers,
            plan=plan_seat,
            who=SIGNED_IN,
            gate=ELECTED,
            example="mutirao boards seat committee --members ana --members bia --members caio",
        ),
        Show(
            "boards",
            BoardShown,
            view=view_board,
            id_is="the name of the board",
            example="mutirao boards show committee",
        ),
        List("boards", BoardsWanted, BoardShown, view=view_boards, example="mutirao boards list"),
    ),
)
