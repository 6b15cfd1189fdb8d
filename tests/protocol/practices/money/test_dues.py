# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dues: decided by vote, taken once a period in one entry, by the group's own calendar, from who is there."""

from datetime import UTC, datetime
from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import (
    AMOUNT_NOT_POSITIVE,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    MOTION_NEEDED,
    NOT_FOUND,
    SCALE_EXCEEDED,
    STATE_CONFLICT,
    Reason,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.practices.governance.motions.entries import Ballot, MotionState, Vote
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.money.currencies.views import CloseCurrency
from protocol.practices.money.dues import DuesEnded, DuesSet, DuesTaken, DuesWanted, EndDues, SetDues
from protocol.practices.people.absences import SetAbsence
from protocol.practices.people.members.views import SetLimits, Suspend
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, snapshot

HANDLES = ("ana", "bia", "caio", "dora")


def moment(text: str) -> int:
    """Return an hour in UTC, milliseconds since 1970."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def founded(handles: tuple[str, ...], *, at: str = "2027-01-05T12:00") -> Group:
    group = Group(now=moment(at))
    group.currency()
    group.admit(*handles, custodial=True)
    return group


@pytest.fixture
def riacho() -> Group:
    return founded(HANDLES)


def hours(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


def decide(group: Group, handles: tuple[str, ...] = HANDLES, **changed: Any) -> str:
    """Let the group vote for dues of 2.00, and return their id once they are decided."""
    wish = SetDues(**{"title": "the hall", "currency": "HORA", "amount": hours(2_00), **changed})
    motion = group.do("steward", "dues.create", wish)
    for handle in handles[: len(handles) // 2 + 1]:
        group.do(handle, "motions.vote", Vote(parse_uuid(motion.id) or b"", Ballot.YES), motion.id)
    group.pass_time(group.now + 7 * DAY_MS)
    assert group.view("ana", "motions.show", motion.id).state is MotionState.EXECUTED
    listed = group.list("ana", "dues.list", DuesWanted())
    assert isinstance(listed, list)
    return listed[-1].id


def taken(group: Group) -> list[tuple[int, int]]:
    """Return for which periods dues were taken, and of how many members."""
    return [(one.body.period, len(one.body.members)) for one in group.written if isinstance(one.body, DuesTaken)]


def test_2_a_month_on_the_last_day_for_58_of_60_members() -> None:
    handles = ("ana", "bia", *(f"member-{number}" for number in range(58)))
    group = founded(handles)
    name = decide(group, handles)
    for handle in ("ana", "bia"):
        wish = SetAbsence(until=moment("2027-02-10T00:00"), since=moment("2027-01-20T00:00"))
        group.do("steward", "absences.set", wish, handle)
    group.pass_time(moment("2027-01-30T23:59"))
    assert taken(group) == []
    group.pass_time(moment("2027-01-31T00:00"))
    assert taken(group) == [(202701, 58)]
    assert (group.balance("commons"), group.balance("ana"), group.balance("member-0")) == (116_00, 0, -2_00)
    [line] = group.statement("ana", "commons.HORA")
    assert (line.kind, line.amount) == ("dues", hours(116_00))
    [line] = group.statement("member-0", "member-0")
    assert (line.kind, line.counterpart, line.balance) == ("dues", "commons", hours(-2_00))
    shown = group.view("ana", "dues.show", name)
    assert (shown.taken, shown.missed, shown.next_at) == (202701, (), moment("2027-02-28T00:00"))

    # February ends earlier, and by then both are back.
    group.pass_time(moment("2027-02-28T08:00"))
    assert taken(group)[1:] == [(202702, 60)]
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_the_groups_own_clocks_tell_the_day(riacho: Group) -> None:
    riacho.do("steward", "parameters.set", SetParameter("America/Sao_Paulo"), "group.time_zone")
    decide(riacho, day=20)
    riacho.pass_time(moment("2027-01-20T02:59"))
    assert taken(riacho) == []
    riacho.pass_time(moment("2027-01-20T03:00"))
    assert taken(riacho) == [(202701, 4)]


def test_once_a_year_for_some(riacho: Group) -> None:
    decide(riacho, day=1, month=3, members=("ana", "bia"), amount=hours(10_00))
    riacho.pass_time(moment("2027-02-28T23:59"))
    assert taken(riacho) == []
    for year in (2027, 2028):
        riacho.pass_time(moment(f"{year}-03-01T00:00"))
        riacho.pass_time(moment(f"{year}-04-15T00:00"))
    assert taken(riacho) == [(202703, 2), (202803, 2)]
    assert [riacho.balance(one) for one in HANDLES] == [-20_00, -20_00, 0, 0]


def test_each_period_is_taken_once_whatever_the_clock_does(riacho: Group) -> None:
    decide(riacho)
    riacho.pass_time(moment("2027-01-31T00:00"))
    riacho.pass_time(moment("2027-01-30T00:00"))
    riacho.pass_time(moment("2027-01-31T00:00"))
    assert taken(riacho) == [(202701, 4)]
    # A clock that leaps by four hundred days takes two months, not thirteen.
    for _ in range(20):
        riacho.pass_time(moment("2028-03-06T00:00"))
    assert taken(riacho) == [(202701, 4), (202801, 4), (202802, 4)]


def test_who_is_there_pays_and_who_has_no_room_is_shown(riacho: Group) -> None:
    name = decide(riacho)
    riacho.do("steward", "members.suspend", Suspend(), "bia")
    riacho.do("steward", "members.set-limits", SetLimits(hours(1_99)), "caio")
    riacho.now = moment("2027-01-31T06:00")
    riacho.admit("elio", custodial=True)
    riacho.pass_time(moment("2027-01-31T07:00"))
    assert [riacho.balance(one) for one in (*HANDLES, "elio")] == [-2_00, 0, 0, -2_00, 0]
    assert riacho.view("dora", "dues.show", name).missed == ("caio",)
    riacho.do("steward", "dues.end", EndDues(), name)
    riacho.pass_time(moment("2027-03-01T00:00"))
    assert taken(riacho) == [(202701, 2)]
    shown = riacho.view("dora", "dues.show", name)
    assert (shown.ended, shown.next_at) == (True, None)


def test_nobody_sets_dues_without_a_vote(riacho: Group) -> None:
    motion = riacho.do("steward", "dues.create", SetDues("the hall", "HORA", hours(2_00)))
    assert motion.state is MotionState.OPEN
    alone = DuesSet(bytes(16), "the hall", "HORA", 2_00, 31, None, 202701, ())
    assert riacho.check(alone) is MOTION_NEEDED
    riacho.pass_time(moment("2027-02-01T00:00"))
    assert riacho.list("ana", "dues.list", DuesWanted()) == [] and taken(riacho) == []


def test_what_is_no_wish_for_dues(riacho: Group) -> None:
    def refused(**changed: Any) -> Reason:
        wish = SetDues(**{"title": "the hall", "currency": "HORA", "amount": hours(2_00), **changed})
        shown = riacho.ask("steward", "dues.create", wish)
        assert isinstance(shown, Refused)
        return shown.reason

    assert refused(currency="FLOR") is CURRENCY_UNKNOWN
    assert refused(amount=hours(0)) is AMOUNT_NOT_POSITIVE
    assert refused(amount=Amount(1, None, 3)) is SCALE_EXCEEDED
    assert refused(title="x" * 101) is MALFORMED
    assert refused(members=("nobody",)) is MEMBER_UNKNOWN
    assert refused(members=("ana", "ana")) is DUPLICATE
    assert refused(month=3, first=202702) is MALFORMED
    assert refused(first=202713) is MALFORMED
    assert riacho.refusal("steward", "dues.end", EndDues(), "nonsense") is NOT_FOUND
    assert riacho.view("ana", "dues.show", "nonsense").reason is NOT_FOUND
    name = decide(riacho)
    assert riacho.refusal("ana", "dues.end", EndDues(), name) is FORBIDDEN
    riacho.do("steward", "dues.end", EndDues(), name)
    assert riacho.refusal("steward", "dues.end", EndDues(), name) is STATE_CONFLICT


def test_no_node_takes_dues_that_are_not_owed(riacho: Group) -> None:
    name = bytes.fromhex(decide(riacho, members=("ana", "bia")).replace("-", ""))
    ana, bia, caio = (riacho.member(handle).id for handle in ("ana", "bia", "caio"))

    def against(period: int, *members: str, last: bool = True, dues: bytes = name) -> Reason | None:
        return riacho.check(DuesTaken(dues, period, members, last))

    assert against(202701, ana) is STATE_CONFLICT, "not due yet"
    riacho.now = moment("2027-01-31T00:00")
    assert against(202701, ana) is None
    assert against(202701, ana, ana) is against(202701, caio) is FORBIDDEN
    assert against(202702, ana) is STATE_CONFLICT
    assert against(202612, ana) is DUPLICATE
    assert against(202701, ana, dues=bytes(16)) is NOT_FOUND
    assert riacho.check(DuesEnded(bytes(16))) is NOT_FOUND

    def write(*members: str, last: bool) -> None:
        entry = riacho.seal(DuesTaken(name, 202701, members, last))
        riacho.fold(entry, riacho.entered(entry))

    write(ana, last=False)
    assert against(202701, ana) is FORBIDDEN, "she has paid"
    assert against(202701, bia) is None
    write(bia, last=True)
    assert against(202701, bia) is DUPLICATE
    assert (riacho.balance("ana"), riacho.balance("commons")) == (-2_00, 4_00)
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_a_closed_currency_takes_none(riacho: Group) -> None:
    decide(riacho)
    riacho.do("steward", "currencies.close", CloseCurrency(), "HORA")
    riacho.pass_time(moment("2027-01-31T00:00"))
    assert taken(riacho) == []
