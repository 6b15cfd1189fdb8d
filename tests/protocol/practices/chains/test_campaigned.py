# SPDX-License-Identifier: AGPL-3.0-or-later
"""The least bad supplier and the campaigns that count: X scores .425 but is boycotted, so it is out, and why."""

from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import Refused
from protocol.book.timezones import DAY_MS
from protocol.practices.chains.campaigned import marked_by
from protocol.practices.chains.criteria import EnterCriterion
from protocol.practices.chains.enterprises import EnterEnterprise
from protocol.practices.chains.entries import EnterpriseStatus
from protocol.practices.chains.figures.choosing import LeastBadWanted
from protocol.practices.chains.figures.refusals import OFFERED_INSIDE
from protocol.practices.chains.figures.views import view_least_bad
from protocol.practices.chains.supply import EnterSupply
from protocol.practices.marks.campaigns.entries import CampaignKind
from protocol.practices.marks.campaigns.wishes import AdoptCampaign, CallCampaign, ExemptCampaign, SayStake
from tests.protocol.practices.credit.club import Club, club

WEIGHTS = "labour=.30,ecology=.25,ownership=.20,nearness=.15,openness=.10"
CRITERIA = ("labour", "ecology", "ownership", "nearness", "openness")
KNOWN: dict[str, tuple[str | None, ...]] = {
    "x": ("0.4", "0.8", "0", "0.3", "0.6"),
    "y": (None, "0.4", "0.5", "0.9", "0.3"),
    "z": ("0.8", "0.3", "0.2", "0.5", "0.7"),
}


@pytest.fixture
def group() -> Club:
    """A group that knows three suppliers outside."""
    made = club()
    for key, values in KNOWN.items():
        made.do("steward", "enterprises.create", EnterEnterprise(key, status=EnterpriseStatus.OUTSIDE))
        for criterion, value in zip(CRITERIA, values, strict=True):
            made.do("steward", "criteria.create", EnterCriterion(key, criterion, value))
    return made


def adopted(group: Club, target: str, kind: CampaignKind = CampaignKind.BOYCOTT) -> str:
    wish = CallCampaign(kind, target, "Pay the growers", "report", group.now + 90 * DAY_MS, member="ana")
    name = group.do("steward", "campaigns.create", wish).id
    group.decide("campaigns.adopt", AdoptCampaign(), name, ("ana", "caio"))
    return name


def card(group: Club, weights: str = WEIGHTS, item: str = "") -> Any:
    return view_least_bad(group.desk(), LeastBadWanted(weights, item))


def test_an_adopted_boycott_is_out_with_its_reason(group: Club) -> None:
    assert [one.excluded for one in card(group).ranked] == [None, None, None]
    campaign = adopted(group, "x")
    shown = card(group)
    assert shown.chosen == "z"
    assert [(one.supplier, one.low, one.high, one.excluded) for one in shown.ranked] == [
        ("z", "0.5000", "0.5000", None), ("y", "0.3650", "0.6650", None), ("x", "0.4250", "0.4250", "BOYCOTTED"),
    ]  # fmt: skip
    assert [one.said for one in shown.questions] == ["y overtakes if labour >= .45: ask"]
    assert shown.ranked[2].campaign == campaign and shown.ranked[2].why.startswith("boycott of x by ")
    group.decide("campaigns.exempt", ExemptCampaign("x"), campaign)
    assert [one.excluded for one in card(group).ranked] == [None, None, None], "a motion overrides it"


def test_it_follows_the_chain_of_control_and_ends_on_its_day(group: Club) -> None:
    group.do("steward", "stakes.create", SayStake("p", "x", "60%", "register", "2026-11-30"))
    adopted(group, "p")
    out = card(group).ranked[2]
    assert (out.supplier, out.excluded, out.why.partition(": ")[2]) == ("x", "BOYCOTTED", "p owns 60% of x")
    group.now += 90 * DAY_MS
    assert card(group).ranked[1].supplier == "x" and card(group).ranked[1].excluded is None


def test_support_breaks_a_tie_and_is_shown(group: Club) -> None:
    even = "closeness=1"
    for key in KNOWN:
        group.do("steward", "criteria.create", EnterCriterion(key, "closeness", "0.5"))
    assert card(group, even).chosen == "x"
    adopted(group, "z", CampaignKind.SUPPORT)
    shown = card(group, even)
    assert (shown.chosen, shown.ranked[0].excluded) == ("z", None)
    assert shown.ranked[0].why.startswith("support of z by ")
    adopted(group, "z")
    assert card(group, even).ranked[2].excluded == "BOYCOTTED", "who is both is out"


def test_who_inside_is_boycotted_is_no_maker(group: Club) -> None:
    made = EnterEnterprise("mill", turnover=Amount(500), wages=Amount(100), surplus=Amount(50), member="bia")
    group.do("steward", "enterprises.create", made)
    for supplier in ("mill", "x"):
        group.do("steward", "supply.create", EnterSupply("households", "flour", Amount(20), supplier))
    refused = card(group, item="flour")
    assert isinstance(refused, Refused) and refused.reason is OFFERED_INSIDE
    adopted(group, "bia")
    assert card(group, item="flour").chosen == "x", "its member is the target"
    assert marked_by(group.book, group.now, ["mill", "abroad/mill"]).boycotted.keys() == {"mill"}
