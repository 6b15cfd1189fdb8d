# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of a productive chain: enterprises, what they buy, recipes, criteria, sheets."""

from dataclasses import replace

from riacho import Riacho

from protocol.book.money import Amount
from protocol.practices.chains.criteria import EnterCriterion, RemoveCriterion
from protocol.practices.chains.enterprises import CorrectEnterprise, EnterEnterprise, RemoveEnterprise
from protocol.practices.chains.entries import (
    CHAIN_ITEM_CHARS_MAX,
    CriterionRemoved,
    CriterionSaid,
    EnterpriseRemoved,
    EnterpriseSaid,
    EnterpriseStatus,
    MissingLinkState,
    RecipeFulfilled,
    RecipeMoved,
    RecipeRemoved,
    RecipeSaid,
    RecipeShare,
    SegmentKind,
    SheetsTaken,
    SupplyRemoved,
    SupplySaid,
)
from protocol.practices.chains.recipes import EnterRecipe, RemoveRecipe, SpentOn
from protocol.practices.chains.sheets.declaration import TakeSheets
from protocol.practices.chains.steps import FulfilRecipe, MoveRecipe
from protocol.practices.chains.supply import EnterSupply, RemoveSupply

NOTHING = bytes(16)


def chains(told: Riacho) -> None:
    """An emporium buys of growers and outside; a mill could be founded; sheets bring the rest."""
    emporium = EnterEnterprise(
        "emporium", "Empório da Praça", evidence="statutes", isic="4711", segments=(SegmentKind.COMMERCE,),
        turnover=Amount(8_000), wages=Amount(1_200), surplus=Amount(400), place="-25.4284,-49.2733", member="ana",
    )  # fmt: skip
    told.do("enterprises.create", emporium)
    growers = EnterEnterprise("growers", turnover=Amount(3_000), wages=Amount(1_800), surplus=Amount(300))
    told.do("enterprises.create", growers)
    told.do("enterprises.create", EnterEnterprise("zeta", status=EnterpriseStatus.OUTSIDE))
    told.do("enterprises.correct", CorrectEnterprise(wages=Amount(1_100)), "emporium")
    buys = EnterSupply("emporium", "22110", Amount(2_400), "growers", "1200 kg", 202_611, source="invoice 17")
    first = told.do("supply.create", buys).id
    told.do("supply.create", EnterSupply("households", "rent", Amount(3_000)))
    told.do("supply.create", EnterSupply("growers", "inputs", Amount(900), "serra/mill"))
    mill = EnterRecipe(
        "mill", "flour", "100%", "25%", "15%", Amount(6_000), (SpentOn("wheat", "50%", "growers"),
        SpentOn("various", "10%")), name="Mill",
    )  # fmt: skip
    told.do("recipes.create", mill)
    told.do("criteria.create", EnterCriterion("zeta", "labour", "0.8", "2026-11-30", "a report"))
    told.do("criteria.create", EnterCriterion("zeta", "ecology"))
    _refused(told)
    _moved(told)
    told.do("supply.remove", RemoveSupply(), first)
    told.do("recipes.remove", RemoveRecipe(), "mill")
    told.do("criteria.remove", RemoveCriterion(), "zeta.labour")
    told.do("enterprises.create", EnterEnterprise("sewing", turnover=Amount(1), name="Sewing"))
    told.do("enterprises.remove", RemoveEnterprise(), "sewing")
    told.do("chain-sheets.take", TakeSheets(relations=b"buyer,item,value\nemporium,oil,1400\n"))
    told.refuse("sheets that were taken in", told.said(SheetsTaken), "DUPLICATE")


def _moved(told: Riacho) -> None:
    """The mill is wanted, matched, on trial, stable after three orders, and fails."""
    mill = told.said(RecipeSaid).recipe
    told.refuse("how far no recipe has come", RecipeMoved(NOTHING, MissingLinkState.WANTED, None), "NOT_FOUND")
    told.refuse("an order that no recipe fulfils", RecipeFulfilled(NOTHING), "NOT_FOUND")
    told.refuse("a trial that nobody wants", RecipeMoved(mill, MissingLinkState.TRIAL, None), "STATE_CONFLICT")
    told.refuse("an order that a link fulfils before its trial", RecipeFulfilled(mill), "STATE_CONFLICT")
    for state in (MissingLinkState.WANTED, MissingLinkState.MATCHED, MissingLinkState.TRIAL):
        told.do("recipes.move", MoveRecipe(state), "mill")
    for _ in range(3):
        told.do("recipes.fulfil", FulfilRecipe(), "mill")
    told.do("recipes.move", MoveRecipe(MissingLinkState.FAILED, "no water"), "mill")


def _refused(told: Riacho) -> None:
    emporium, growers = told.all_said(EnterpriseSaid)[:2]
    for says, changed, code in (
        ("spelt in capitals", {"key": "Soap"}, "MALFORMED"),
        ("of a class of three digits", {"isic": "471"}, "MALFORMED"),
        ("that turns nothing over", {"turnover": 0, "wages": 0, "surplus": 0}, "FIGURE_NEGATIVE"),
        ("outside, with a turnover", {"status": EnterpriseStatus.OUTSIDE}, "FIGURE_NEGATIVE"),
        ("that earns more than it turns over", {"wages": 9_000_00}, "SHARE_ABOVE_ONE"),
        ("of nobody", {"member": "nobody"}, "MEMBER_UNKNOWN"),
        ("under another's short name", {"key": growers.key}, "ENTERPRISE_TWICE"),
        ("under a recipe's short name", {"key": "mill"}, "ENTERPRISE_TWICE"),
    ):
        told.refuse(f"an enterprise {says}", replace(emporium, **changed), code)
    told.refuse("no enterprise, removed", EnterpriseRemoved(NOTHING), "NOT_FOUND")
    told.refuse("an enterprise that others buy of, removed", EnterpriseRemoved(growers.enterprise), "ENTERPRISE_NAMED")
    [one] = told.all_said(SupplySaid)[0].relations
    for says, changed, code in (
        ("of what a spreadsheet would reckon", {"item": "=1+1"}, "MALFORMED"),
        ("of a number without a unit", {"unit": None}, "MALFORMED"),
        ("in a month 13", {"period": 202_613}, "MALFORMED"),
        ("of itself", {"supplier": emporium.enterprise}, "MALFORMED"),
        ("of two suppliers", {"abroad": "serra/mill"}, "MALFORMED"),
        ("of nobody's", {"supplier": NOTHING}, "ENTERPRISE_UNKNOWN"),
    ):
        told.refuse(f"a relation {says}", SupplySaid((replace(one, **changed),)), code)
    for says, changed in (
        ("in the first month", {"period": 202_601}),
        ("in the last month", {"period": 202_612}),
        ("of the longest word", {"item": "a" * CHAIN_ITEM_CHARS_MAX}),
    ):
        told.accept(f"a relation {says}", SupplySaid((replace(one, relation=NOTHING, **changed),)))
    every = tuple(one.relation for said in told.all_said(SupplySaid) for one in said.relations)
    told.accept("all relations removed", SupplyRemoved(every))
    told.refuse("a relation told twice", SupplySaid((one, one)), "DUPLICATE")
    told.refuse("no relation, removed", SupplyRemoved((NOTHING,)), "NOT_FOUND")
    told.refuse("a relation removed twice", SupplyRemoved((one.relation, one.relation)), "DUPLICATE")
    mill = told.said(RecipeSaid)
    for says, changed, code in (
        ("spelt in capitals", {"key": "Mill"}, "MALFORMED"),
        ("of what a spreadsheet would reckon", {"item": "@flour"}, "MALFORMED"),
        ("that buys of nobody", {"shares": (RecipeShare("wheat", 600_000, NOTHING),)}, "ENTERPRISE_UNKNOWN"),
        ("under an enterprise's short name", {"key": "growers"}, "ENTERPRISE_TWICE"),
        ("that leaves something over", {"wages": 249_999}, "SHARE_ABOVE_ONE"),
    ):
        told.refuse(f"a recipe {says}", replace(mill, **changed), code)
    told.refuse("no recipe, removed", RecipeRemoved(NOTHING), "NOT_FOUND")
    labour = told.all_said(CriterionSaid)[0]
    told.refuse("a criterion spelt in capitals", replace(labour, criterion="Labour"), "MALFORMED")
    for day in (20_260_101, 20_261_231):
        told.accept(f"a criterion of the day {day}", replace(labour, criterion="openness", day=day))
    told.refuse("a criterion of a day 32", replace(labour, day=20_261_132), "MALFORMED")
    told.refuse("a criterion of no enterprise", replace(labour, enterprise=NOTHING), "ENTERPRISE_UNKNOWN")
    told.refuse("no criterion, removed", CriterionRemoved(labour.enterprise, "openness"), "NOT_FOUND")
