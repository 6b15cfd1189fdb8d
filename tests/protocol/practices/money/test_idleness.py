# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who has not traded for long is told to those who coordinate."""

from protocol.book.refusals import Refused
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.money.idleness import IdleWanted
from protocol.practices.people.absences import SetAbsence
from tests.protocol.practices.desk import DAY_MS, Group


def idle(group: Group, days: int | None = None) -> list[str]:
    found = group.list("steward", "idle-members.list", IdleWanted(days))
    assert not isinstance(found, Refused)
    return [one.handle for one in found]


def told(group: Group) -> list[tuple[str, int | None]]:
    found = group.list("steward", "errands.list", ErrandsWanted(ErrandSpan.WEEK))
    assert not isinstance(found, Refused)
    return [(one.said, one.count) for one in found if one.sentence == "members.idle"]


def test_who_has_neither_paid_nor_been_paid_for_ninety_days_is_idle() -> None:
    group = Group()
    group.currency()
    group.admit("ana", "bia", "caio", "davi")
    assert told(group) == [] and idle(group) == []
    group.now += 89 * DAY_MS
    group.pay("ana", "bia", 1_00)
    assert told(group) == []
    group.now += DAY_MS
    assert idle(group) == ["caio", "davi"]
    assert told(group) == [("2 members have not traded for 90 days", 2)]
    group.leave("davi")
    assert idle(group) == ["caio"]
    assert idle(group, 1) == ["ana", "bia", "caio"] and idle(group, 2) == ["caio"]
    group.do("steward", "parameters.set", SetParameter("120"), subject="members.idle_days")
    assert told(group) == []


def test_who_is_on_leave_is_not_idle() -> None:
    group = Group()
    group.currency()
    group.admit("ana", "bia")
    group.now += 100 * DAY_MS
    assert idle(group) == ["ana", "bia"]
    group.do("steward", "absences.set", SetAbsence(group.now + 30 * DAY_MS), subject="ana")
    assert idle(group) == ["bia"]
