# SPDX-License-Identifier: AGPL-3.0-or-later
"""Absences: who is on leave from when to when, until it is set anew."""

import pytest

from protocol.book.refusals import FORBIDDEN, MALFORMED, MEMBER_NOT_ACTIVE, MEMBER_UNKNOWN, NOT_FOUND, Reason
from protocol.practices.people.absences import AbsenceSet, AbsencesWanted, SetAbsence, is_away
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, snapshot


@pytest.fixture
def riacho() -> Group:
    group = Group()
    group.currency()
    group.admit("ana", "bia", custodial=True)
    return group


def away(group: Group, handle: str, day: int) -> bool:
    return is_away(group.book, group.member(handle).id, 1_790_000_000_000 + day * DAY_MS)


def test_a_member_is_on_leave_from_one_day_to_another(riacho: Group) -> None:
    wish = SetAbsence(until=riacho.now + 30 * DAY_MS, since=riacho.now + 10 * DAY_MS)
    shown = riacho.do("steward", "absences.set", wish, "ana")
    assert (shown.member, shown.away) == ("ana", False)
    assert [away(riacho, "ana", day) for day in (9, 10, 29, 30)] == [False, True, True, False]
    assert not away(riacho, "bia", 15)
    riacho.do("steward", "absences.set", SetAbsence(until=riacho.now + DAY_MS), "bia")
    assert riacho.view("ana", "absences.show", "bia").away
    listed = riacho.list("ana", "absences.list", AbsencesWanted(), limit=1)
    assert isinstance(listed, list) and [one.member for one in listed] == ["ana", "bia"]

    # Back earlier: from then on she is there.
    riacho.now += 15 * DAY_MS
    riacho.do("steward", "absences.set", SetAbsence(until=riacho.now), "ana")
    assert not away(riacho, "ana", 16)
    assert riacho.list("ana", "absences.list", AbsencesWanted()) == []
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_what_is_no_absence(riacho: Group) -> None:
    def refused(since: int | None, until: int, member: str = "ana", who: str = "steward") -> Reason:
        return riacho.refusal(who, "absences.set", SetAbsence(until, since), member)

    assert refused(10, 9) is MALFORMED
    assert refused(None, 2**46, "nobody") is MEMBER_UNKNOWN
    assert refused(None, 2**46, who="ana") is FORBIDDEN
    assert riacho.view("ana", "absences.show", "ana").reason is NOT_FOUND
    assert riacho.view("ana", "absences.show", "nobody").reason is MEMBER_UNKNOWN
    riacho.leave("ana")
    assert refused(None, 2**46) is MEMBER_NOT_ACTIVE
    assert riacho.check(AbsenceSet("A" * 16, 0, 1)) is MEMBER_UNKNOWN
