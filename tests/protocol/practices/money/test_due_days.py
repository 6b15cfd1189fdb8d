# SPDX-License-Identifier: AGPL-3.0-or-later
"""a due day: on the 25th, by the group's clocks, what may be set off is, and what is left is due."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from protocol.book.declaration import Actor, Role
from protocol.book.refusals import CURRENCY_CLOSED, CURRENCY_UNKNOWN, DUPLICATE, FORBIDDEN, NOT_FOUND, STATE_CONFLICT
from protocol.book.requests import RequestState
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.money.currencies.views import CloseCurrency
from protocol.practices.money.due_days import (
    DueDayHeld,
    DueDays,
    DueDaysWanted,
    SetDueDay,
    day_begins,
    today,
    week,
)
from protocol.practices.money.requests.views import AskPayment
from tests.protocol.practices.desk import STEWARD, copy_of, snapshot
from tests.protocol.practices.money.test_set_offs import Circle, hours

MADRID = ZoneInfo("Europe/Madrid")


def at(*when: int) -> int:
    """Return an hour of Madrid's clocks."""
    return int(datetime(*when, tzinfo=MADRID).timestamp() * 1_000)  # type: ignore[misc]


@pytest.fixture
def riacho() -> Circle:
    """Ana owes Bia 30.00, Bia owes Caio 20.00, Caio owes Ana 25.00, and all let it be set off on the 25th."""
    group = Circle()
    group.currency()
    group.admit("ana", "bia", "caio")
    group.do("steward", "parameters.set", SetParameter("Europe/Madrid"), "group.time_zone")
    group.now = at(2027, 3, 1)
    group.do("steward", "due-days.set", SetDueDay(25), "HORA")
    group.now = at(2027, 3, 24, 20)
    for debtor, creditor, minor in (("ana", "bia", 30_00), ("bia", "caio", 20_00), ("caio", "ana", 25_00)):
        group.lets(debtor, group.owes(debtor, creditor, minor), not_after=at(2027, 6, 1))
    return group


def due_of(group: Circle, who: str) -> list[int]:
    member = Actor(Role.MEMBER, group.member(who).id)
    return [one.figure.value for one in today(group.desk(member)) if one.figure is not None]


def shown(group: Circle) -> Any:
    return group.view("bia", "due-days.show", "HORA")


def test_on_the_25th_20_go_round_and_15_are_due(riacho: Circle) -> None:
    riacho.pass_time(at(2027, 3, 25) - 1)
    assert shown(riacho).held_at is None and not list(week(riacho.desk(STEWARD)))
    assert due_of(riacho, "ana") == []
    riacho.pass_time(at(2027, 3, 25))
    assert [one.body.KIND for one in riacho.written[-2:]] == ["obligations/set-off", "due-days/held"]
    assert (due_of(riacho, "ana"), due_of(riacho, "bia"), due_of(riacho, "caio")) == ([10_00], [], [5_00])
    found = shown(riacho)
    assert (found.due.value, found.requests) == (15_00, 2)
    assert (found.held_at, found.next_at) == (at(2027, 3, 25), at(2027, 4, 25))
    [errand] = week(riacho.desk(STEWARD))
    assert (errand.said, errand.figure, errand.count) == ("2 payment requests are due", hours(15_00), 2)
    assert all(riacho.balance(who) == 0 for who in ("ana", "bia", "caio")), "nobody was debited"
    written = len(riacho.written)
    riacho.pass_time(at(2027, 4, 24))
    assert len(riacho.written) == written, "once a month"
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_what_is_asked_later_is_due_on_the_next_day_only(riacho: Circle) -> None:
    riacho.pass_time(at(2027, 3, 25))
    name = riacho.do("bia", "payment-requests.create", AskPayment(hours(7_00), payer="ana")).id
    assert shown(riacho).due.value == 15_00
    riacho.pass_time(at(2027, 4, 25))
    assert riacho.request(name).state is RequestState.OPEN
    assert shown(riacho).due.value == 22_00


def test_a_node_that_was_off_for_months_makes_up_for_it_once(riacho: Circle) -> None:
    written = len(riacho.written)
    riacho.pass_time(at(2027, 5, 26))
    held = [one.body for one in riacho.written[written:] if isinstance(one.body, DueDayHeld)]
    assert held == [DueDayHeld("HORA", 202705)]


def test_the_31st_is_the_last_day_of_each_month_and_december_is_followed_by_january(riacho: Circle) -> None:
    for period, day in ((202702, 28), (202704, 30), (202712, 31)):
        assert day_begins(riacho.book, 31, period) == at(2027, period % 100, day)
    riacho.now = at(2028, 1, 2)
    riacho.do("steward", "due-days.set", SetDueDay(31), "HORA")
    assert riacho.book.of(DueDays).by_currency["HORA"].period == 202712
    riacho.pass_time(at(2028, 1, 31))
    assert shown(riacho).held_at == at(2028, 1, 31)


def test_what_is_refused(riacho: Circle) -> None:
    assert riacho.refusal("ana", "due-days.set", SetDueDay(1), "HORA") is FORBIDDEN
    assert riacho.refusal("steward", "due-days.set", SetDueDay(1), "NADA") is CURRENCY_UNKNOWN
    assert riacho.check(DueDayHeld("NADA", 202703)) is CURRENCY_UNKNOWN
    assert riacho.check(DueDayHeld("HORA", 202703)) is STATE_CONFLICT, "it is the 24th"
    assert riacho.check(DueDayHeld("HORA", 202702)) is DUPLICATE, "it had passed when the day was set"
    riacho.pass_time(at(2027, 3, 25))
    assert riacho.check(DueDayHeld("HORA", 202703)) is DUPLICATE
    riacho.currency("FLOR")
    assert riacho.check(DueDayHeld("FLOR", 202703)) is NOT_FOUND
    assert riacho.refusal("steward", "due-days.set", SetDueDay(), "FLOR") is NOT_FOUND
    riacho.do("steward", "currencies.close", CloseCurrency(), "FLOR")
    assert riacho.refusal("steward", "due-days.set", SetDueDay(1), "FLOR") is CURRENCY_CLOSED


def test_it_ends(riacho: Circle) -> None:
    assert len(riacho.listed("ana", "due-days.list", DueDaysWanted())) == 1
    assert riacho.do("steward", "due-days.set", SetDueDay(), "HORA").day is None
    assert riacho.listed("ana", "due-days.list", DueDaysWanted()) == []
    written = len(riacho.written)
    riacho.pass_time(at(2027, 3, 26))
    assert len(riacho.written) == written
