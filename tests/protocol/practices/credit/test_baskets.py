# SPDX-License-Identifier: AGPL-3.0-or-later
"""A club is warned when prices rise, and when less is offered than circulates."""

from typing import Any

import pytest

from protocol.book.refusals import CURRENCY_UNKNOWN, FORBIDDEN, MALFORMED, NOT_FOUND
from protocol.practices.credit.baskets import BasketPrice, BasketRecorded, BasketsWanted, PriceTold, RecordBasket
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from tests.protocol.practices.credit.club import CODE, Club, club, credits_of
from tests.protocol.practices.desk import DAY_MS, copy_of, snapshot

BREAD, JAM = "23410", "21494"


@pytest.fixture
def feira() -> Club:
    return club()


def recorded(told: Club, *prices: tuple[str, int | None], currency: str = CODE) -> Any:
    items = tuple(PriceTold(code, None if minor is None else credits_of(minor)) for code, minor in prices)
    return told.ask("steward", "baskets.record", RecordBasket("food", currency, items))


def weekly(told: Club) -> list[Any]:
    listed = told.listed("steward", "errands.list", ErrandsWanted(ErrandSpan.WEEK))
    return [one for one in listed if one.sentence == "baskets.rising"]


def test_a_basket_that_rises_by_10_percent_in_30_days_is_warned_of(feira: Club) -> None:
    shown = recorded(feira, (BREAD, 6_00), (JAM, 4_00))
    assert (shown.total, shown.rise_basis_points, shown.warnings) == (credits_of(10_00), None, ())
    feira.now += 30 * DAY_MS
    assert recorded(feira, (BREAD, 6_50), (JAM, 4_49)).warnings == () and weekly(feira) == []
    shown = recorded(feira, (BREAD, 6_50), (JAM, 4_50))
    assert (shown.total, shown.rise_basis_points, shown.warnings) == (credits_of(11_00), 1_000, ("PRICES_RISING",))
    assert [(one.who, one.count, one.verb) for one in weekly(feira)] == [("food", 10, "baskets.show")]
    assert feira.news[-1].type == "basket.rising"
    feira.now += 30 * DAY_MS
    assert feira.view("ana", "baskets.show", "food").warnings == (), "it has not risen since"
    assert len(feira.listed("ana", "baskets.list", BasketsWanted())) == 1
    assert snapshot(copy_of(feira.written)) == snapshot(feira.book)


def test_what_is_not_told_is_the_middle_price_of_the_board(feira: Club) -> None:
    for handle, minor in (("ana", 5_00), ("bia", 9_00), ("caio", 6_00)):
        feira.offer(handle, code=BREAD, prices=(credits_of(minor),))
    assert recorded(feira, (BREAD, None)).total == credits_of(6_00)
    assert recorded(feira, (JAM, None)).reason is MALFORMED


def test_what_no_basket_is(feira: Club) -> None:
    assert recorded(feira, (BREAD, 1_00), currency="FLOR").reason is CURRENCY_UNKNOWN
    assert recorded(feira).reason is recorded(feira, (BREAD, 0)).reason is MALFORMED
    assert recorded(feira, (BREAD, 1_00), (BREAD, 2_00)).reason is MALFORMED
    wish = RecordBasket("food", CODE, (PriceTold(BREAD, credits_of(1_00)),))
    assert feira.refusal("ana", "baskets.record", wish) is FORBIDDEN
    assert feira.view("ana", "baskets.show", "food").reason is NOT_FOUND
    recorded(feira, (BREAD, 1_00))
    assert recorded(feira, (JAM, 1_00)).reason is MALFORMED
    assert feira.check(BasketRecorded("food", CODE, (BasketPrice(JAM, 1),))) is MALFORMED


def test_less_is_offered_than_circulates(feira: Club) -> None:
    feira.set("circulation.base", "1000", CODE)
    feira.open_with({"ana": 60_00})
    feira.offer("ana", quantity="10 kg", prices=(credits_of(5_00),))
    shown = feira.circulation()
    assert (shown.offered, shown.warnings) == (credits_of(50_00), ("OFFERS_THIN",))
    feira.offer("bia", prices=(credits_of(10_00),))
    assert feira.circulation().warnings == ()
