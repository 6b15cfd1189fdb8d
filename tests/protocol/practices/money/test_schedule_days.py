# SPDX-License-Identifier: AGPL-3.0-or-later
"""Standing orders run by the group's clocks: the same local hour, and they have an end that is said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import MALFORMED
from protocol.book.timezones import known_zone
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.money.schedules.entries import OCCURRENCES_MAX, Rhythm, Scheduled, SchedulePayment
from protocol.practices.money.schedules.rules import SCHEDULE_END_UNSAID
from protocol.practices.money.schedules.state import Schedules, ScheduleState, time_of
from protocol.practices.money.schedules.views import CancelSchedule
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, snapshot

MADRID = "Europe/Madrid"


def ms(zone: str, text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def shown(zone: str, at_ms: int) -> str:
    return (
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms))
        .astimezone(ZoneInfo(zone))
        .strftime("%m-%d %H:%M")
    )


@pytest.mark.parametrize(
    ("zone", "first", "rhythm", "days"),
    [
        (MADRID, "2027-07-01", "monthly", "07-01 08-01 09-01 10-01 11-01 12-01 01-01 02-01 03-01 04-01"),
        (MADRID, "2027-01-31", "monthly", "01-31 02-28 03-31 04-30 05-31 06-30"),
        (MADRID, "2027-01-30", "monthly", "01-30 02-28 03-30 04-30"),
        ("Asia/Kolkata", "2027-01-31", "monthly", "01-31 02-28 03-31 04-30 05-31 06-30"),
        ("America/Fortaleza", "2026-01-30T22:00", "monthly", "01-30 02-28 03-30 04-30 05-30 06-30"),
        (MADRID, "2026-01-31T08:00", "monthly", "01-31 02-28 03-31 04-30"),
        (MADRID, "2027-02-28T18:00", "last-day", "02-28 03-31 04-30 05-31"),
        (MADRID, "2027-02-01", "last-day", "02-28 03-31"),
        (MADRID, "2028-02-29", "yearly", "02-29 02-28 02-28 02-28 02-29"),
        (MADRID, "2027-03-21T08:00", "weekly", "03-21 03-28 04-04"),
        (MADRID, "2027-10-30T08:00", "daily", "10-30 10-31 11-01"),
    ],
)  # fmt: skip
def test_each_time_is_the_same_hour_of_the_group_s_clocks(zone: str, first: str, rhythm: str, days: str) -> None:
    known, begins = known_zone(zone), ms(zone, first)
    assert known is not None
    hour = first.partition("T")[2] or "00:00"
    found = [shown(zone, time_of(begins, Rhythm(rhythm), n, known)) for n in range(len(days.split()))]
    assert found == [f"{day} {hour}" for day in days.split()]


@pytest.fixture
def riacho() -> Group:
    group = Group(now=ms(MADRID, "2027-01-01"))
    group.currency()
    group.admit("ana", "bia")
    group.admit("caio", custodial=True)
    group.do("steward", "parameters.set", SetParameter(MADRID), subject="group.time_zone")
    return group


def rent(group: Group, first: str, rhythm: Rhythm, times: int = 1) -> SchedulePayment:
    return SchedulePayment("bia", Amount(1_00, "HORA", 2), ms(MADRID, first), rhythm, times)


def test_it_stands_until_it_is_cancelled_and_pays_at_midnight_of_the_group(riacho: Group) -> None:
    order = riacho.do("caio", "scheduled-payments.create", rent(riacho, "2027-02-01", Rhythm.MONTHLY, 0)).id
    told = riacho.view("caio", "scheduled-payments.show", order)
    assert (told.times, told.zone, told.next_at) == (0, MADRID, ms(MADRID, "2027-02-01"))
    paid: list[str] = []
    for day in range(200):
        for hour in (0, 12):
            before = riacho.balance("bia")
            riacho.pass_time(ms(MADRID, "2027-01-01") + day * DAY_MS + hour * 3_600_000)
            if riacho.balance("bia") != before:
                paid.append(shown(MADRID, riacho.now)[:5])
    assert paid == ["02-01", "03-01", "04-01", "05-01", "06-01", "07-01"]
    assert riacho.view("caio", "scheduled-payments.show", order).state is ScheduleState.ACTIVE
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)
    riacho.do("caio", "scheduled-payments.cancel", CancelSchedule(), subject=order)
    assert riacho.view("caio", "scheduled-payments.show", order).state is ScheduleState.CANCELLED


def test_another_zone_of_the_group_changes_nothing_that_was_ordered(riacho: Group) -> None:
    order = riacho.do("caio", "scheduled-payments.create", rent(riacho, "2027-02-01", Rhythm.YEARLY, 3)).id
    riacho.do("steward", "parameters.set", SetParameter("Asia/Kolkata"), subject="group.time_zone")
    assert riacho.view("caio", "scheduled-payments.show", order).next_at == ms(MADRID, "2027-02-01")


def test_a_rhythm_without_an_end_is_asked_for_one(riacho: Group) -> None:
    for rhythm in (Rhythm.DAILY, Rhythm.WEEKLY, Rhythm.MONTHLY, Rhythm.LAST_DAY, Rhythm.YEARLY):
        wish = rent(riacho, "2027-02-01", rhythm)
        assert riacho.refusal("caio", "scheduled-payments.create", wish) is SCHEDULE_END_UNSAID
    wish = rent(riacho, "2027-02-01", Rhythm.ONCE, 0)
    assert riacho.refusal("caio", "scheduled-payments.create", wish) is MALFORMED
    assert not riacho.book.of(Schedules).by_id


def test_an_order_of_before_there_were_zones_counts_in_utc(riacho: Group) -> None:
    riacho.do("caio", "scheduled-payments.create", rent(riacho, "2027-01-31", Rhythm.MONTHLY, 4))
    [schedule] = riacho.book.of(Schedules).by_id.values()
    assert schedule.zone is not None and schedule.zone.startswith(MADRID)
    old = replace(schedule, zone=None)
    assert [shown(MADRID, old.due_at(n)) for n in range(2)] == ["01-31 00:00", "03-01 00:00"], "as it was paid then"
    body = next(one.body for one in riacho.written if isinstance(one.body, Scheduled))
    assert replace(body, zone=None) == Scheduled(body.signed, body.word)
    assert schedule.runs == 4 and replace(schedule, times=0).runs == OCCURRENCES_MAX
