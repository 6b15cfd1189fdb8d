# SPDX-License-Identifier: AGPL-3.0-or-later
"""The few whom a group has chosen: by all, by motion; then they alone may decide what is theirs."""

import pytest

from protocol.book.book import Book
from protocol.book.declaration import Motion, Parameter, Practice
from protocol.book.parameters import Number
from protocol.book.refusals import FORBIDDEN, MALFORMED, MEMBER_NOT_ACTIVE, MEMBER_UNKNOWN, MOTION_NEEDED, NOT_FOUND
from protocol.book.signed import parse_uuid
from protocol.practices import PRACTICES
from protocol.practices.governance.boards import Board, BoardsWanted, Seated, SeatMembers
from protocol.practices.governance.motions.entries import Ballot, MotionState, Vote
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.desk import DAY_MS, NETWORK, Group, copy_of, snapshot

LENT = Parameter("loans.lent_max", Number(0, 1_000), 100, "how much is lent at once", changed_by=Motion("committee"))
LOANS = Practice("loans", (), parameters=(LENT,))


@pytest.fixture
def riacho() -> Group:
    group = Group(book=Book(NETWORK, (*PRACTICES, LOANS)))
    group.currency()
    group.admit("ana", "bia", "caio", "dora", "elio", "fia", custodial=True)
    return group


def vote(group: Group, name: str, *handles: str) -> None:
    for handle in handles:
        group.do(handle, "motions.vote", Vote(parse_uuid(name) or b"", Ballot.YES), name)


def choose(group: Group, *handles: str) -> None:
    """Let all choose a committee: whom it names does not vote on it."""
    name = group.do("ana", "boards.seat", SeatMembers(handles), "committee").id
    others = [one.handle for one in group.book.members.values() if one.inactive() is None and one.handle not in handles]
    vote(group, name, *others)
    group.pass_time(group.now + 7 * DAY_MS)
    assert group.view("ana", "motions.show", name).state is MotionState.EXECUTED


def test_all_choose_a_committee_and_it_alone_decides_what_is_its_own(riacho: Group) -> None:
    choose(riacho, "ana", "bia", "caio")
    assert riacho.view("fia", "boards.show", "committee").members == ("ana", "bia", "caio")
    told = riacho.do("fia", "parameters.set", SetParameter("300"), "loans.lent_max")
    assert (told.electorate, told.members, told.needed) == ("committee", 3, 2)
    refused = riacho.refusal("fia", "motions.vote", Vote(parse_uuid(told.id) or b"", Ballot.YES), told.id)
    assert refused is FORBIDDEN
    vote(riacho, told.id, "ana", "caio")
    riacho.pass_time(riacho.now + 7 * DAY_MS)
    assert riacho.book.parameter(LENT) == 300
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_who_is_suspended_does_not_decide_and_another_committee_takes_its_place(riacho: Group) -> None:
    choose(riacho, "ana", "bia", "caio")
    riacho.do("steward", "members.suspend", Suspend(), "bia")
    told = riacho.do("fia", "parameters.set", SetParameter("300"), "loans.lent_max")
    assert (told.members, told.needed) == (2, 1)
    choose(riacho, "dora")
    found = riacho.list("ana", "boards.list", BoardsWanted())
    assert isinstance(found, list)
    assert [(one.id, one.members) for one in found] == [(Board.BOARD, ()), (Board.COMMITTEE, ("dora",))]


def test_nobody_seats_a_board_alone_nor_whom_there_is_not(riacho: Group) -> None:
    ana = riacho.member("ana").id
    assert riacho.check(Seated(Board.BOARD, (ana,))) is MOTION_NEEDED
    assert riacho.check(Seated(Board.BOARD, (ana, ana))) is MALFORMED
    assert riacho.check(Seated(Board.BOARD, ("X" * 16,))) is MEMBER_UNKNOWN
    assert riacho.refusal("ana", "boards.seat", SeatMembers(("nobody",)), "board") is MEMBER_UNKNOWN
    assert riacho.refusal("ana", "boards.seat", SeatMembers(("ana",)), "senate") is NOT_FOUND
    assert riacho.refusal("ana", "boards.seat", SeatMembers(("ana", "ana")), "board") is MALFORMED
    riacho.do("steward", "members.suspend", Suspend(), "ana")
    assert riacho.refusal("bia", "boards.seat", SeatMembers(("ana",)), "board") is MEMBER_NOT_ACTIVE
