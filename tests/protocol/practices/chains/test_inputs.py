# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures of a chain entered one by one: corrected, removed, seen by whom they are for, and refused where wrong."""

from fractions import Fraction
from typing import Any

import pytest

from protocol.book.declaration import Actor, Plan, Role
from protocol.book.money import Amount
from protocol.book.refusals import FORBIDDEN, MALFORMED, MEMBER_UNKNOWN, NOT_FOUND, STATE_CONFLICT, Reason, Refused
from protocol.practices.chains.book_chain import candidates_of, chain_of, name_in_chain
from protocol.practices.chains.criteria import EnterCriterion, RemoveCriterion, criteria_of
from protocol.practices.chains.engine.chain import ChainFault
from protocol.practices.chains.enterprises import CorrectEnterprise, EnterEnterprise, RemoveEnterprise
from protocol.practices.chains.entries import EnterpriseStatus, MissingLinkState, SegmentKind, SupplyEvidence
from protocol.practices.chains.figures.basis import ChainNow
from protocol.practices.chains.recipes import CorrectRecipe, EnterRecipe, RemoveRecipe, SpentOn
from protocol.practices.chains.refusals import (
    CLOSED_GROUP,
    ENTERPRISE_NAMED,
    ENTERPRISE_TWICE,
    ENTERPRISE_UNKNOWN,
    FIGURE_NEGATIVE,
    SHARE_ABOVE_ONE,
    refused_chain,
)
from protocol.practices.chains.state import inputs_of
from protocol.practices.chains.steps import FulfilRecipe, MoveRecipe
from protocol.practices.chains.supply import CorrectSupply, EnterSupply, RemoveSupply, SupplyWanted
from tests.protocol.practices.desk import STEWARD, Group, copy_of, snapshot

COMMITTEE = Actor(Role.COMMITTEE)


def whole(value: int) -> Amount:
    return Amount(value)


def shop(**changed: Any) -> EnterEnterprise:
    told: dict[str, Any] = {
        "handle": "shop", "name": "The corner shop", "evidence": "statutes of 2019", "isic": "4711",
        "segments": (SegmentKind.COMMERCE,), "turnover": whole(1_000), "wages": whole(200), "surplus": whole(100),
        "place": "-25.42841,-49.27334", "member": "ana",
    }  # fmt: skip
    return EnterEnterprise(**(told | changed))


@pytest.fixture
def group() -> Group:
    """Return a group with a shop that Ana stands for, a mill, and Zeta outside."""
    made = Group()
    made.admit("ana", "bia")
    made.do("steward", "enterprises.create", shop())
    mill = EnterEnterprise("mill", turnover=whole(500), wages=whole(100), surplus=whole(50))
    made.do(COMMITTEE, "enterprises.create", mill)
    made.do("steward", "enterprises.create", EnterEnterprise("zeta", status=EnterpriseStatus.OUTSIDE))
    return made


def test_an_enterprise_is_kept_without_its_name_and_with_a_place_to_a_kilometre(group: Group) -> None:
    wires = b"".join(entry.wire for entry in group.entries)
    assert not any(word in wires for word in (b"corner", b"statutes", b"42841", b"27334"))
    assert {"The corner shop", "statutes of 2019"} <= set(group.texts.values())
    shown = group.view("steward", "enterprises.show", "shop")
    assert (shown.place, shown.member, shown.turnover.value) == ("-25.43,-49.27", "ana", 1_000_00)
    assert name_in_chain(group.book, "shop") == "ana" and name_in_chain(group.book, "mill") == "mill"


def test_its_figures_are_seen_by_who_coordinates_and_who_stands_for_it(group: Group) -> None:
    for who, sees in (("steward", True), (COMMITTEE, True), ("ana", True), ("bia", False)):
        shown = group.view(who, "enterprises.show", "shop")
        assert [one is not None for one in (shown.turnover, shown.wages, shown.surplus, shown.evidence)] == [sees] * 4
        assert shown.name is not None
    for name in ("supply.list", "supply.show", "chain-sheets.list"):
        assert Role.MEMBER not in group.operations[name].who and Role.AUDITOR not in group.operations[name].who
    for name in ("enterprises.create", "supply.create", "recipes.create", "criteria.create"):
        assert group.plan(name, group.actor("ana"), shop()) == Refused(FORBIDDEN)


def test_an_enterprise_is_corrected_and_its_former_name_erased(group: Group) -> None:
    old = next(digest for digest, text in group.texts.items() if text == "The corner shop")
    planned = group.plan("enterprises.correct", STEWARD, CorrectEnterprise(name="Shop", wages=whole(300)), "shop")
    assert isinstance(planned, Plan) and planned.erases == (f"chain-{old[:16].hex()}",)
    group.carry_out(planned)
    shown = group.view("steward", "enterprises.show", "shop")
    assert (shown.wages.value, shown.surplus.value, shown.isic) == (300_00, 100_00, "4711")
    outside = group.do("steward", "enterprises.correct", CorrectEnterprise(status=EnterpriseStatus.OUTSIDE), "shop")
    assert outside.turnover.value == 0 and "shop" not in chain_of(group.book).enterprises


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (shop(handle="Shop 2"), MALFORMED),
        (shop(handle="two", isic="4710"), MALFORMED),
        (shop(handle="two", segments=(SegmentKind.CREDIT,) * 2), MALFORMED),
        (shop(handle="two", place="91,0"), MALFORMED),
        (shop(handle="two", place="-25,4 -49,2"), MALFORMED),
        (shop(handle="two", member="nobody"), MEMBER_UNKNOWN),
        (shop(), ENTERPRISE_TWICE),
        (shop(handle="two", turnover=whole(0)), FIGURE_NEGATIVE),
        (shop(handle="two", wages=whole(-1)), FIGURE_NEGATIVE),
        (shop(handle="two", status=EnterpriseStatus.OUTSIDE), FIGURE_NEGATIVE),
        (shop(handle="two", wages=whole(901)), SHARE_ABOVE_ONE),
    ],
)
def test_what_is_no_enterprise_is_refused(group: Group, wish: EnterEnterprise, reason: Reason) -> None:
    assert group.refusal("steward", "enterprises.create", wish) is reason


def test_relations_are_entered_corrected_and_removed(group: Group) -> None:
    buys = EnterSupply("shop", "flour", whole(100), "mill", "1.5 kg", 202_611, SupplyEvidence.INVOICE, "17")
    first = group.do("steward", "supply.create", buys)
    assert (first.quantity, first.period, first.supplier) == ("1.5 KGM", 202_611, "mill")
    group.do(COMMITTEE, "supply.create", EnterSupply("shop", "flour", whole(30), "zeta"))
    group.do("steward", "supply.create", EnterSupply("households", "bread", whole(50), "serra/bakery"))
    assert chain_of(group.book).inside == {("shop", "mill"): Fraction(100)}
    assert chain_of(group.book).outside == {
        ("shop", "flour"): Fraction(30), ("households", "bread"): Fraction(50),
    }  # fmt: skip
    told = CorrectSupply("shop", "flour", whole(90), "mill", first.quantity)
    assert group.do("steward", "supply.correct", told, first.id).value.value == 90_00
    listed = group.list("steward", "supply.list", SupplyWanted("shop"))
    assert not isinstance(listed, Refused) and [one.supplier for one in listed] == ["mill", "zeta"]
    for name in ("mill", "zeta"):
        assert group.refusal("steward", "enterprises.remove", RemoveEnterprise(), name) is ENTERPRISE_NAMED
    group.do("steward", "supply.remove", RemoveSupply(), first.id)
    assert group.refusal("steward", "supply.remove", RemoveSupply(), first.id) is NOT_FOUND
    group.do("steward", "enterprises.remove", RemoveEnterprise(), "mill")
    assert group.refusal("steward", "enterprises.remove", RemoveEnterprise(), "mill") is NOT_FOUND
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (EnterSupply("farm", "flour", whole(1)), ENTERPRISE_UNKNOWN),
        (EnterSupply("shop", "flour", whole(1), "farm"), ENTERPRISE_UNKNOWN),
        (EnterSupply("shop", "flour", whole(1), "shop"), MALFORMED),
        (EnterSupply("shop", "flour", whole(1), "Serra/mill"), MALFORMED),
        (EnterSupply("shop", "=flour", whole(1)), MALFORMED),
        (EnterSupply("shop", "flour", whole(1), quantity="a lot"), MALFORMED),
        (EnterSupply("shop", "flour", whole(1), period=202_613), MALFORMED),
        (EnterSupply("shop", "flour", whole(1), evidence=SupplyEvidence.ENTRY), MALFORMED),
        (EnterSupply("shop", "flour", whole(-1)), FIGURE_NEGATIVE),
        (EnterSupply("shop", "flour", whole(701)), SHARE_ABOVE_ONE),
    ],
)
def test_what_is_no_relation_is_refused(group: Group, wish: EnterSupply, reason: Reason) -> None:
    assert group.refusal("steward", "supply.create", wish) is reason


def test_a_relation_that_closes_a_group_is_refused(group: Group) -> None:
    for handle in ("shop", "mill"):
        alone = CorrectEnterprise(turnover=whole(100), wages=whole(0), surplus=whole(0))
        group.do("steward", "enterprises.correct", alone, handle)
    group.do("steward", "supply.create", EnterSupply("shop", "flour", whole(100), "mill"))
    refused = group.ask("steward", "supply.create", EnterSupply("mill", "oil", whole(100), "shop"))
    assert refused.reason is CLOSED_GROUP and refused.figures == {"about": "mill, shop"}
    assert refused_chain(ChainFault("AMOUNT_NEGATIVE", "shop")).reason is FIGURE_NEGATIVE


def test_recipes_and_criteria_come_and_go(group: Group) -> None:
    buys = (SpentOn("grain", "50%", "mill"), SpentOn("various", "0.1"))
    bakery = EnterRecipe("bakery", "bread", "100%", "25%", "15%", whole(6_000), buys, name="Bakery")
    group.do("steward", "recipes.create", bakery)
    [candidate] = candidates_of(group.book)
    assert candidate.recipe.inside == {"mill": Fraction(1, 2)} and candidate.capacity is None
    assert group.refusal("steward", "recipes.create", bakery) is ENTERPRISE_TWICE
    assert group.refusal("steward", "enterprises.create", shop(handle="bakery")) is ENTERPRISE_TWICE
    less = CorrectRecipe("bread", "0.5", "25%", "14%", whole(6_000), buys)
    assert group.refusal("steward", "recipes.correct", less, "bakery") is SHARE_ABOVE_ONE
    assert group.refusal("steward", "recipes.correct", less, "nobody") is NOT_FOUND
    group.do("steward", "recipes.remove", RemoveRecipe(), "bakery")
    labour = EnterCriterion("zeta", "labour", "0.8", "2026-11-30", "a report")
    assert group.do("steward", "criteria.create", labour).id == "zeta.labour"
    group.do("steward", "criteria.create", EnterCriterion("zeta", "ecology"))
    assert criteria_of(group.book) == {"zeta": {"labour": Fraction("0.8"), "ecology": None}}
    assert group.refusal("steward", "criteria.create", EnterCriterion("zeta", "labour", "1.1")) is SHARE_ABOVE_ONE
    assert group.refusal("steward", "criteria.create", EnterCriterion("zeta", "Labour", "1")) is MALFORMED
    assert group.refusal("steward", "criteria.create", EnterCriterion("nobody", "labour")) is ENTERPRISE_UNKNOWN
    group.do("steward", "criteria.remove", RemoveCriterion(), "zeta.labour")
    assert group.refusal("steward", "criteria.remove", RemoveCriterion(), "zeta.labour") is NOT_FOUND
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_a_missing_link_is_wanted_matched_tried_and_stable_after_three_orders(group: Group) -> None:
    bakery = EnterRecipe("bakery", "bread", "100%", "85%", "15%", whole(6_000))
    assert group.do("steward", "recipes.create", bakery).state is MissingLinkState.OUTSIDE
    early = group.ask("steward", "recipes.fulfil", FulfilRecipe(), "bakery")
    assert early.reason is STATE_CONFLICT and early.figures == {"state": "outside"}
    for state in (MissingLinkState.WANTED, MissingLinkState.MATCHED, MissingLinkState.TRIAL):
        assert group.do(COMMITTEE, "recipes.move", MoveRecipe(state), "bakery").state is state
    why = MoveRecipe(MissingLinkState.STABLE, "it works")
    assert group.refusal("steward", "recipes.move", why, "bakery") is MALFORMED
    found = [group.do("steward", "recipes.fulfil", FulfilRecipe(), "bakery") for _ in range(4)]
    assert [(one.state.value, one.fulfilled) for one in found] == [
        ("trial", 1), ("trial", 2), ("stable", 3), ("stable", 4),
    ]  # fmt: skip
    failed = group.do("steward", "recipes.move", MoveRecipe(MissingLinkState.FAILED, "no flour"), "bakery")
    assert failed.state is MissingLinkState.FAILED and group.texts[failed.reason.digest] == "no flour"
    assert ChainNow(inputs_of(group.book), 0).basis.states == {"bakery": "failed"}
    assert group.refusal("steward", "recipes.move", MoveRecipe(MissingLinkState.WANTED), "bakery") is STATE_CONFLICT
    assert group.refusal("steward", "recipes.move", MoveRecipe(MissingLinkState.WANTED), "nobody") is NOT_FOUND
    assert group.refusal("steward", "recipes.fulfil", FulfilRecipe(), "nobody") is NOT_FOUND
    assert snapshot(copy_of(group.written)) == snapshot(group.book)
