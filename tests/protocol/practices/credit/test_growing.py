# SPDX-License-Identifier: AGPL-3.0-or-later
"""Limits grow by a rule that everybody knows, once a month, up to a maximum, and never fall by themselves."""

from typing import Any

import pytest

from protocol.book.refusals import ACCOUNT_UNKNOWN, CURRENCY_UNKNOWN, DUPLICATE, FORBIDDEN, MALFORMED
from protocol.practices.credit.growing import GrowingWanted, GrownLimit, LimitsGrown
from protocol.practices.people.members.views import SetLimits, Suspend
from tests.protocol.practices.credit.club import CODE, Club, club, credits_of, moment
from tests.protocol.practices.desk import copy_of, snapshot


@pytest.fixture
def riacho() -> Club:
    """After 3 months and 200.00 of trade a limit of 100.00 grows by a fifth, up to 130.00; they joined on 5 January."""
    told = club(limit=100_00)
    for name, value in (("months", "3"), ("step", "20%")):
        told.set(f"limit-growth.{name}", value)
    for name, value in (("turnover", "200"), ("most", "130")):
        told.set(f"limit-growth.{name}", value, CODE)
    return told


def grown(told: Club) -> list[tuple[int, list[int]]]:
    """Return for which months limits grew, and to what."""
    found = [one.body for one in told.written if isinstance(one.body, LimitsGrown)]
    return [(one.period, [-limit.least for limit in one.grown]) for one in found]


def show(told: Club, handle: str) -> Any:
    return told.view(handle, "limit-growth.show", handle)


def test_after_three_months_and_200_of_trade_a_limit_grows_by_a_fifth_up_to_the_maximum(riacho: Club) -> None:
    for _ in range(2):
        riacho.say("ana", "bia", 50_00)
        riacho.say("bia", "ana", 50_00)
    riacho.say("caio", "ana", 90_00)
    shown = show(riacho, "caio")
    assert (shown.limit, shown.next_limit, shown.most) == (credits_of(100_00), credits_of(120_00), credits_of(130_00))
    assert (shown.turnover_missing, shown.months_missing) == (credits_of(110_00), 2)
    riacho.pass_time(moment("2027-04-01T00:00"))
    assert grown(riacho) == [], "they are members since the 5th"
    riacho.pass_time(moment("2027-05-01T00:00"))
    riacho.pass_time(moment("2027-05-01T00:01"))
    assert grown(riacho) == [(202705, [120_00, 120_00])]
    assert [riacho.account(one, CODE).least_minor for one in ("ana", "bia", "caio")] == [-120_00, -120_00, -100_00]
    shown = show(riacho, "ana")
    assert (shown.turnover, shown.months_missing, shown.grown_at) == (credits_of(0), 3, moment("2027-05-01T00:00"))
    assert riacho.news[-1].audience == tuple(riacho.member(one).id for one in ("ana", "bia"))
    riacho.say("ana", "bia", 100_00)
    riacho.say("bia", "ana", 100_00)
    riacho.pass_time(moment("2027-08-01T00:00"))
    assert grown(riacho)[1:] == [(202708, [130_00, 130_00])]
    riacho.say("ana", "bia", 100_00)
    riacho.say("bia", "ana", 100_00)
    riacho.pass_time(moment("2027-12-01T00:00"))
    assert len(grown(riacho)) == 2 and show(riacho, "ana").next_limit == credits_of(130_00)
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_it_never_lowers_what_a_steward_has_set_and_leaves_out_who_is_suspended(riacho: Club) -> None:
    for who, other in (("ana", "bia"), ("bia", "ana"), ("ana", "bia"), ("bia", "ana")):
        riacho.say(who, other, 60_00)
    riacho.do("steward", "members.set-limits", SetLimits(credits_of(500_00)), "ana")
    riacho.do("steward", "members.suspend", Suspend(), "bia")
    riacho.pass_time(moment("2027-05-01T00:00"))
    assert grown(riacho) == []
    assert riacho.account("ana", CODE).least_minor == -500_00


def test_no_node_takes_what_the_rule_does_not_say(riacho: Club) -> None:
    riacho.say("ana", "bia", 100_00)
    riacho.say("bia", "ana", 100_00)
    riacho.now = moment("2027-05-01T00:00")
    ana, caio = (riacho.account(one, CODE).id for one in ("ana", "caio"))

    def against(*limits: GrownLimit, code: str = CODE, period: int = 202705) -> Any:
        return riacho.check(LimitsGrown(code, period, limits))

    right = GrownLimit(ana, -120_00, 200_00)
    assert against(right) is None
    assert against(GrownLimit(ana, -121_00, 200_00)) is FORBIDDEN
    assert against(GrownLimit(ana, -120_00, 300_00)) is FORBIDDEN
    assert against(GrownLimit(caio, -120_00, 0)) is FORBIDDEN
    assert against(GrownLimit(f"commons.{CODE}", -1, 0)) is ACCOUNT_UNKNOWN
    assert against(right, right) is DUPLICATE
    assert against() is against(right, period=202704) is MALFORMED
    assert against(right, code="FLOR") is CURRENCY_UNKNOWN


def test_each_sees_its_own(riacho: Club) -> None:
    [mine] = riacho.listed("ana", "limit-growth.list", GrowingWanted())
    assert mine == show(riacho, "ana")
    assert riacho.view("bia", "limit-growth.show", "ana").reason is FORBIDDEN
    assert riacho.view("steward", "limit-growth.show", f"commons.{CODE}").reason is ACCOUNT_UNKNOWN
