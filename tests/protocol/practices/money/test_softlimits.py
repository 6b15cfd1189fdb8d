# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who comes near a limit is told before anything is refused."""

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import FORBIDDEN, Refused
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.money.softlimits import NearLimitsWanted
from tests.protocol.practices.desk import Group, copy_of, snapshot


def hours(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


@pytest.fixture
def riacho() -> Group:
    """Ana and Bia, who may each owe 100.00; the group warns from 80 percent on."""
    group = Group()
    group.currency()
    group.admit("ana", "bia")
    group.do("steward", "parameters.set", SetParameter("80"), subject="limits.warn_percent")
    return group


def told(group: Group, who: str, span: ErrandSpan) -> list[tuple[str, Amount | None]]:
    found = group.list(who, "errands.list", ErrandsWanted(span))
    assert not isinstance(found, Refused)
    return [(one.said, one.figure) for one in found if one.sentence.startswith("limits.")]


def near(group: Group) -> list[tuple[str, str, int, int]]:
    found = group.list("steward", "near-limits.list", NearLimitsWanted())
    assert not isinstance(found, Refused)
    return [(one.handle, one.side, one.percent, one.left.value) for one in found]


def leaves(group: Group, minor: int) -> Amount | None:
    return group.do("ana", "quotes.create", AskQuote("bia", hours(minor))).leaves


def test_who_comes_near_a_limit_is_told_today_and_the_group_this_week(riacho: Group) -> None:
    riacho.pay("ana", "bia", 79_00)
    assert told(riacho, "ana", ErrandSpan.TODAY) == [] == told(riacho, "steward", ErrandSpan.WEEK)
    assert leaves(riacho, 99) is None and leaves(riacho, 1_00) == hours(20_00)
    riacho.pay("ana", "bia", 1_00)
    assert told(riacho, "ana", ErrandSpan.TODAY) == [
        ("You use 80% of your limit of owing: sell something before you buy more", hours(20_00))
    ]
    assert told(riacho, "bia", ErrandSpan.TODAY) == []
    assert told(riacho, "steward", ErrandSpan.WEEK) == [("1 member is near a limit", None)]
    assert near(riacho) == [("ana", "owing", 80, 20_00)]
    assert riacho.refusal("ana", "near-limits.list", NearLimitsWanted()) is FORBIDDEN
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)
    riacho.pay("bia", "ana", 1_00)
    assert told(riacho, "ana", ErrandSpan.TODAY) == [] and near(riacho) == []


def test_nothing_is_warned_of_until_the_group_says_so(riacho: Group) -> None:
    riacho.do("steward", "parameters.set", SetParameter("0"), subject="limits.warn_percent")
    riacho.pay("ana", "bia", 100_00)
    assert near(riacho) == [] == told(riacho, "ana", ErrandSpan.TODAY)
    riacho.do("steward", "parameters.set", SetParameter("100"), subject="limits.warn_percent")
    assert near(riacho) == [("ana", "owing", 100, 0)]
