# SPDX-License-Identifier: AGPL-3.0-or-later
"""Baskets: 60 of 100 inside, 72 with one swap; what a campaign changes; and nothing of it in an entry."""

from dataclasses import dataclass
from typing import Any

import pytest

from protocol.book.declaration import Plan
from protocol.book.money import Amount
from protocol.book.refusals import MALFORMED, NOT_FOUND, Refused
from protocol.book.timezones import DAY_MS
from protocol.peers.home import KEEPS
from protocol.practices.chains.baskets.effect import effect_of
from protocol.practices.chains.baskets.kept import SHOPPING_BASKETS_MAX, BasketLine, ShoppingKept
from protocol.practices.chains.baskets.views import (
    BASKET_EMPTY,
    BASKETS_FULL,
    view_better,
    view_effect,
)
from protocol.practices.chains.baskets.wishes import (
    BetterWanted,
    EffectWanted,
    LineTold,
    RemoveBasket,
    RemoveWeights,
    SetBasket,
    SetWeights,
    ShoppingWanted,
)
from protocol.practices.chains.criteria import EnterCriterion
from protocol.practices.chains.enterprises import EnterEnterprise
from protocol.practices.chains.entries import EnterpriseStatus
from protocol.practices.chains.figures.refusals import SHARE_BEYOND_ONE
from protocol.practices.chains.supply import EnterSupply
from protocol.practices.marks.campaigns.entries import CampaignKind
from protocol.practices.marks.campaigns.wishes import AdoptCampaign, CallCampaign
from tests.protocol.practices.credit.club import Club, moment

MONTH = 202_701


@dataclass
class Shoppers(Club):
    """A club whose private things are heard as a home hears them."""

    def carry_out(self, plan: Plan) -> None:
        super().carry_out(plan)
        for item in plan.items:
            for keeping in self.book.fillings(KEEPS):
                if item.kind.startswith(keeping.prefix):
                    keeping.take(self.book, item)
        for owner in plan.erases:
            for keeping in self.book.fillings(KEEPS):
                keeping.erase(self.book, owner)


@pytest.fixture
def group() -> Shoppers:
    """Enterprises of which all that is spent stays (soap, oven) or half of it (emporium); acme and zeta are outside."""
    made = Shoppers(now=moment("2027-01-05T12:00"))
    made.admit("ana", "bia", "caio", "dora", custodial=True)
    for key, wages in (("emporium", 500), ("soap", 1_000), ("oven", 1_000)):
        made.do("steward", "enterprises.create", EnterEnterprise(key, turnover=Amount(1_000), wages=Amount(wages)))
    for key in ("acme", "zeta"):
        made.do("steward", "enterprises.create", EnterEnterprise(key, status=EnterpriseStatus.OUTSIDE))
    for item, supplier in (("food", "emporium"), ("cleaning", "soap"), ("bread", "oven"), ("energy", "acme"),
                           ("energy", "zeta")):  # fmt: skip
        made.do("steward", "supply.create", EnterSupply("households", item, Amount(10), supplier))
    made.pass_time(made.now + 10_000)
    return made


def line(item: str, value: int, supplier: str = "outside") -> LineTold:
    return LineTold(item, Amount(value), supplier)


FOOD, CLEANING, REST = line("food", 60, "emporium"), line("cleaning", 12, "acme"), line("rent", 28)


def told(group: Shoppers, who: str, *lines: LineTold, month: int = MONTH) -> Any:
    return group.do(who, "shopping-baskets.set", SetBasket(month, lines))


def better(group: Shoppers, who: str, **wanted: Any) -> Any:
    return view_better(group.desk(group.actor(who)), BetterWanted(**wanted))


def adopted(group: Shoppers, target: str, kind: CampaignKind = CampaignKind.BOYCOTT) -> str:
    wish = CallCampaign(kind, target, "Pay the growers", "report", group.now + 300 * DAY_MS, member="ana")
    name = group.do("steward", "campaigns.create", wish).id
    group.decide("campaigns.adopt", AdoptCampaign(), name, ("ana", "bia", "caio"))
    return name


def test_60_of_100_are_inside_and_72_with_one_swap(group: Shoppers) -> None:
    told(group, "ana", FOOD, CLEANING, REST)
    shown = better(group, "ana")
    assert (shown.month, shown.total, shown.inside, shown.inside_then) == (MONTH, "100.00", "60.00", "72.00")
    assert [(one.item, one.value, one.supplier, one.to, one.inside) for one in shown.swaps] == [
        ("cleaning", "12.00", "acme", "soap", True),
    ]  # fmt: skip
    assert (shown.keeps, shown.keeps_then) == ("0.3000", "0.4200")
    assert shown.said == "your basket keeps 0.30 here; with this swap 0.42"


def test_it_keeps_041_here_and_053_with_two_swaps(group: Shoppers) -> None:
    told(group, "bia", line("food", 82, "emporium"), line("cleaning", 7, "acme"), line("bread", 5), line("rent", 6))
    shown = better(group, "bia")
    assert (shown.keeps, shown.keeps_then) == ("0.4100", "0.5300")
    assert shown.said == "your basket keeps 0.41 here; with these 2 swaps 0.53"
    assert [(one.item, one.keeps) for one in shown.swaps] == [("cleaning", "0.4800"), ("bread", "0.5300")]
    one = better(group, "bia", swaps=1)
    assert (len(one.swaps), one.keeps_then) == (1, "0.4800")


def test_who_is_boycotted_is_swapped_first_and_never_chosen(group: Shoppers) -> None:
    for supplier, value in (("acme", "0.9"), ("zeta", "0.2")):
        group.do("steward", "criteria.create", EnterCriterion(supplier, "labour", value))
    group.do("ana", "criteria-weights.set", SetWeights("labour=1"))
    told(group, "ana", line("energy", 10, "zeta"), line("cleaning", 50))
    shown = better(group, "ana")
    assert [(one.item, one.to, one.inside) for one in shown.swaps] == [
        ("cleaning", "soap", True),
        ("energy", "acme", False),
    ]
    adopted(group, "acme")
    assert [one.item for one in better(group, "ana").swaps] == ["cleaning"], "acme is better, and out"
    told(group, "ana", line("energy", 10, "acme"), line("cleaning", 50))
    shown = better(group, "ana")
    assert [(one.item, one.to) for one in shown.swaps] == [("energy", "zeta"), ("cleaning", "soap")]
    assert shown.boycotted == ("acme",) and shown.swaps[0].why.startswith("boycott of acme by ")
    group.do("ana", "criteria-weights.remove", RemoveWeights(), "ana")
    assert [one.item for one in better(group, "ana").swaps] == ["cleaning"], "without weights nobody outside is better"


def test_nothing_of_it_is_in_an_entry_and_nobody_else_sees_it(group: Shoppers) -> None:
    written = len(group.written)
    answer = told(group, "ana", FOOD, CLEANING, REST)
    assert answer.lines == () and len(group.written) == written, "no remembered answer and no entry holds it"
    assert group.do("ana", "criteria-weights.set", SetWeights("labour=.3,ecology=.7")).weights is None
    name = f"ana.{MONTH}"
    assert [one.value.value for one in group.view("ana", "shopping-baskets.show", name).lines] == [60_00, 12_00, 28_00]
    assert group.view("ana", "criteria-weights.show", "ana").weights == "labour=.3,ecology=.7"
    for who in ("bia", group.actor("bia")):
        assert group.view(who, "shopping-baskets.show", name).reason is NOT_FOUND
        assert group.view(who, "criteria-weights.show", "ana").reason is NOT_FOUND
    listed = group.list("bia", "shopping-baskets.list", ShoppingWanted("ana"))
    assert isinstance(listed, Refused) and listed.reason is NOT_FOUND
    assert group.listed("ana", "shopping-baskets.list", ShoppingWanted())[0].month == MONTH
    assert len(group.listed("ana", "criteria-weights.list", ShoppingWanted())) == 1
    group.book.of(ShoppingKept).forget(group.member("ana").id)
    assert group.view("ana", "shopping-baskets.show", name).reason is NOT_FOUND
    assert better(group, "ana").reason is BASKET_EMPTY


def test_what_is_refused(group: Shoppers) -> None:
    def refused(*lines: LineTold, month: int = MONTH, who: str = "ana") -> Any:
        return group.refusal(who, "shopping-baskets.set", SetBasket(month, lines, "ana"))

    assert refused() is MALFORMED
    assert refused(FOOD, month=202_713) is MALFORMED
    assert refused(line("=1", 1)) is MALFORMED
    assert refused(line("food", 0)) is MALFORMED
    assert refused(FOOD, who="bia") is NOT_FOUND
    assert group.refusal("ana", "criteria-weights.set", SetWeights("labour=.5")) is SHARE_BEYOND_ONE
    assert group.refusal("ana", "criteria-weights.remove", RemoveWeights(), "ana") is NOT_FOUND
    assert better(group, "ana").reason is BASKET_EMPTY
    for number in range(SHOPPING_BASKETS_MAX):
        told(group, "ana", FOOD, month=202_501 + number % 12 + 100 * (number // 12))
    assert refused(FOOD) is BASKETS_FULL
    told(group, "ana", REST, month=202_501)
    group.do("ana", "shopping-baskets.remove", RemoveBasket(), "ana.202501")
    assert group.refusal("ana", "shopping-baskets.remove", RemoveBasket(), "ana.202501") is NOT_FOUND
    told(group, "ana", FOOD)
    assert better(group, "ana", month=202_501).reason is BASKET_EMPTY


def test_the_effect_of_a_boycott_is_told_of_three_members_and_no_fewer(group: Shoppers) -> None:
    stopped = {"ana": (30, 10), "bia": (20, 0), "caio": (12, 6)}
    for who, (before, _) in stopped.items():
        told(group, who, line("energy", before, "acme"), line("rent", 5), month=202_612)
    campaign = adopted(group, "acme")

    def effect() -> Any:
        return view_effect(group.desk(group.actor("dora")), EffectWanted(campaign))

    assert effect().members is None
    for who, (_, since) in list(stopped.items())[:2]:
        told(group, who, *([line("energy", since, "acme")] if since else []), line("rent", 5), month=202_702)
    assert (effect().members, effect().before) == (None, None), "two are too few"
    told(group, "caio", line("energy", 6, "acme"), month=202_702)
    told(group, "dora", line("rent", 9), month=202_612)
    told(group, "dora", line("rent", 9), month=202_702)
    shown = effect()
    assert (shown.members, shown.before, shown.since, shown.change) == (3, "62.00", "16.00", "-46.00")
    missing = view_effect(group.desk(group.actor("dora")), EffectWanted("nonsense"))
    assert isinstance(missing, Refused) and missing.reason is NOT_FOUND


def test_an_average_is_of_three_months_before_and_the_newest_three_since() -> None:
    def months(**values: int) -> dict[int, tuple[BasketLine, ...]]:
        return {int(month[1:]): (BasketLine("energy", value, "acme"),) for month, value in values.items()}

    one = months(m202601=900, m202609=30, m202610=60, m202611=90, m202612=5, m202701=20, m202702=10)
    found = effect_of([one] * 3, 202_612, "acme".__eq__)
    assert found is not None and (found.members, found.before, found.since) == (3, 3 * 60, 3 * 15)
    assert effect_of([one] * 2, 202_612, "acme".__eq__) is None
    assert effect_of([one] * 3, 202_612, "zeta".__eq__) is None
