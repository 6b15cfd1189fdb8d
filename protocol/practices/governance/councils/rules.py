# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a council is founded and who may be elected to it: all members decide, by motion."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, News, Plan, Write, ungated
from protocol.book.ledger import Posting
from protocol.book.members import Member
from protocol.book.personal import text_refusal
from protocol.book.refusals import DUPLICATE, MALFORMED, MEMBER_UNKNOWN, NOT_FOUND, Reason, Refused, refuse
from protocol.book.signed import uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Millis
from protocol.practices.governance.councils.entries import (
    BOARD_SEATS,
    COUNCIL_TITLE_CHARS_MAX,
    BoardElected,
    ComptrollerElected,
    CouncilFounded,
)
from protocol.practices.governance.councils.refusals import SEATS_APART, SEATS_TAKEN
from protocol.practices.governance.councils.state import ELECTION, Council, Councils, Seat, council_named, term_ends
from protocol.practices.governance.councils.views import ElectBoard, ElectComptroller, FoundCouncil

CouncilSaid = CouncilFounded | BoardElected | ComptrollerElected


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, CouncilSaid)
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def _against(book: Book, body: CouncilSaid, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    council = book.of(Councils).by_id.get(body.council)
    if isinstance(body, CouncilFounded):
        refused = refuse(DUPLICATE) if council is not None else None
    elif council is None:
        refused = refuse(NOT_FOUND)
    else:
        refused = _against_election(book, council, body, at_ms)
    return refused or ungated(book, ELECTION)


def _against_election(
    book: Book, council: Council, body: BoardElected | ComptrollerElected, at_ms: Millis
) -> Refused | None:
    elected = body.members if isinstance(body, BoardElected) else (body.member,)
    if not elected or len(set(elected)) < len(elected):
        return refuse(MALFORMED, field="members", expected="at least one, each once")
    for one in elected:
        member = book.members.get(one)
        if member is None:
            return refuse(MEMBER_UNKNOWN, member=one)
        if (inactive := member.inactive()) is not None:
            return inactive
    board = council.board(at_ms)
    others = {council.comptroller_at(at_ms)} if isinstance(body, BoardElected) else set(board)
    both = next((one for one in elected if one in others), None)
    if both is not None:
        return refuse(SEATS_APART, member=book.members[both].handle, council=council.title)
    free = BOARD_SEATS - len([one for one in board if one not in elected])
    if isinstance(body, BoardElected) and len(elected) > free:
        return refuse(SEATS_TAKEN, wished=len(elected), free=free, seats=BOARD_SEATS, council=council.title)
    return None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, councils = entered.body, book.of(Councils).by_id
    assert isinstance(body, CouncilSaid)
    match body:
        case CouncilFounded(name, title):
            councils[name] = Council(name, title, entered.seq, entered.at_ms)
        case BoardElected(name, members):
            council, until = councils[name], term_ends(book, entered.at_ms)
            stay = [one for one in council.held(entered.at_ms) if one.member not in members]
            council.seats = (*stay, *(Seat(one, until) for one in members))
        case ComptrollerElected(name, member):
            council = councils[name]
            council.seats = council.held(entered.at_ms)
            council.comptroller = Seat(member, term_ends(book, entered.at_ms))
        case _:
            assert_never(body)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    assert isinstance(entered.body, CouncilSaid)
    word = entered.body.KIND.partition("/")[2]
    yield News(f"council.{word}", uuid_text(entered.body.council), tuple(book.members))


def plan_found(desk: Desk, wish: FoundCouncil) -> Plan | Refused:
    refused = text_refusal("title", wish.title, COUNCIL_TITLE_CHARS_MAX)
    if refused is None and not wish.title.strip():
        refused = refuse(MALFORMED, field="title", expected="a name")
    body = CouncilFounded(drawn_id(desk.chance), wish.title)
    refused = refused or _against(desk.book, body, desk.now)
    return refused or Plan(uuid_text(body.council), (Write(body),))


def plan_elect(desk: Desk, name: str, wish: ElectBoard) -> Plan | Refused:
    council = council_named(desk.book, name)
    if isinstance(council, Refused):
        return council
    members: list[str] = []
    for address in wish.members:
        member = resolve_member(desk.book, address)
        if isinstance(member, Refused):
            return member
        members.append(member.id)
    body = BoardElected(council.id, tuple(members))
    return _against(desk.book, body, desk.now) or Plan(name, (Write(body),))


def plan_elect_comptroller(desk: Desk, name: str, wish: ElectComptroller) -> Plan | Refused:
    council, member = council_named(desk.book, name), resolve_member(desk.book, wish.member)
    if isinstance(council, Refused):
        return council
    if not isinstance(member, Member):
        return member
    body = ComptrollerElected(council.id, member.id)
    return _against(desk.book, body, desk.now) or Plan(name, (Write(body),))
