# SPDX-License-Identifier: AGPL-3.0-or-later
"""Free software diffusion: of 40 who pay 30 outside 25 migrate: 750 less go out, and 250 stay inside as support."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.declaration import Reckon
from protocol.book.money import Amount
from protocol.book.refusals import DUPLICATE, FORBIDDEN, MALFORMED, NOT_FOUND, STATE_CONFLICT, Reason, Refused
from protocol.book.signed import parse_uuid
from protocol.lanes.entry import Body
from protocol.practices.chains.enterprises import CorrectEnterprise, EnterEnterprise, RemoveEnterprise
from protocol.practices.chains.entries import EnterpriseStatus
from protocol.practices.chains.figures.sharing import SharesWanted
from protocol.practices.chains.refusals import (
    CHAIN_FULL,
    ENTERPRISE_NAMED,
    ENTERPRISE_UNKNOWN,
    FIGURE_NEGATIVE,
    MONTHS_MIXED,
    SHARE_ABOVE_ONE,
)
from protocol.practices.chains.software import state
from protocol.practices.chains.software.entries import SoftwareMigrated, SoftwareSupported, SoftwareUsed
from protocol.practices.chains.software.rules import software_refusal
from protocol.practices.chains.software.state import SoftwareUses
from protocol.practices.chains.software.wishes import (
    DiffusionWanted,
    MigrateSoftware,
    RemoveSoftware,
    SoftwareWanted,
    SupportSoftware,
    UseSoftware,
)
from protocol.practices.chains.supply import EnterSupply, RemoveSupply
from protocol.practices.chains.telling import shown_value
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from tests.protocol.practices.credit.club import Club
from tests.protocol.practices.desk import STEWARD, copy_of, snapshot

SUITE = "office suite"


@pytest.fixture
def group() -> Club:
    made = Club()
    made.admit("ana", "bia", "caio", custodial=True)
    enters(made, "teccoop", member="ana", turnover=Amount(9_000), wages=Amount(8_000))
    return made


def enters(group: Club, key: str, **told: Any) -> None:
    figures: dict[str, Any] = {"turnover": Amount(500)} | told
    group.do(STEWARD, "enterprises.create", EnterEnterprise(key, **figures))


def uses(group: Club, key: str, who: Any = STEWARD, cost: int = 30) -> str:
    return group.do(who, "software-uses.create", UseSoftware(key, SUITE, Amount(cost))).id


def migrates(group: Club, name: str, who: Any = STEWARD, **told: Any) -> Any:
    fields: dict[str, Any] = {"to": "LibreOffice", "supporter": "teccoop", "support": Amount(10)} | told
    wish = MigrateSoftware(**fields)
    return group.do(who, "software-uses.migrate", wish, name)


def figures(group: Club, name: str, wanted: Any) -> Any:
    operation = group.operations[name]
    assert isinstance(operation, Reckon)
    found = operation.view(group.desk(), wanted)
    assert not isinstance(found, Refused)
    return found.work(found.of)


def test_750_less_go_out_and_250_stay_inside_as_support(group: Club) -> None:
    group.quick = True
    names = []
    for number in range(40):
        enters(group, f"shop-{number}")
        names.append(uses(group, f"shop-{number}"))
    assert figures(group, "chains.shares", SharesWanted()).leakage == "1200.00"
    before = figures(group, "software-uses.diffusion", DiffusionWanted())
    assert (before.uses, before.migrated, before.outside, before.support) == (40, 0, "1200.00", "0.00")
    for name in names[:25]:
        migrates(group, name)
    told = figures(group, "software-uses.diffusion", DiffusionWanted())
    assert (told.before, told.saved, told.outside, told.support) == ("1200.00", "750.00", "450.00", "250.00")
    assert (told.uses, told.migrated, [one.software for one in told.software]) == (40, 25, [SUITE])
    chain = figures(group, "chains.shares", SharesWanted())
    assert (chain.leakage, chain.inside) == ("450.00", "250.00"), "all figures of the chain follow"
    [week] = errands(group, "steward", "week")
    assert (week.who, week.count, week.figure) == (SUITE, 15, shown_value(450_00))
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_who_stands_for_an_enterprise_says_what_it_uses_and_is_told_of_others(group: Club) -> None:
    enters(group, "bakery", member="bia")
    enters(group, "mill", member="caio")
    mine, other = uses(group, "bakery", "bia"), uses(group, "mill", "caio")
    assert errands(group, "bia", "today") == []
    assert group.refusal("bia", "software-uses.create", UseSoftware("mill", "x", Amount(1))) is FORBIDDEN
    wish = MigrateSoftware("LibreOffice", "teccoop", Amount(10))
    assert group.refusal("bia", "software-uses.migrate", wish, other) is FORBIDDEN
    migrates(group, other, "caio")
    [told] = errands(group, "bia", "today")
    assert (told.sentence, told.id, told.count, told.figure) == ("software-uses.others", mine, 1, shown_value(30_00))
    assert listed(group, "bia", SoftwareWanted()) == ["bakery"]
    assert listed(group, "ana", SoftwareWanted()) == ["mill"]
    assert listed(group, "steward", SoftwareWanted("mill", "migrated")) == ["mill"]
    assert listed(group, "steward", SoftwareWanted(state="outside")) == ["bakery"]
    assert listed(group, "steward", SoftwareWanted("mill", "outside")) == []
    seen = group.view("bia", "software-uses.show", other)
    assert isinstance(seen, Refused) and seen.reason is FORBIDDEN
    assert group.refusal("caio", "software-uses.remove", RemoveSoftware(), mine) is FORBIDDEN
    assert group.do("bia", "software-uses.remove", RemoveSoftware(), mine).software == SUITE
    assert group.refusal("bia", "software-uses.remove", RemoveSoftware(), mine) is NOT_FOUND
    assert figures(group, "chains.shares", SharesWanted()).leakage == "0.00"


def test_hours_of_support_are_told_by_who_gives_it(group: Club) -> None:
    enters(group, "bakery", member="bia")
    name = uses(group, "bakery")
    early = SupportSoftware(202_611, "2.5")
    assert group.refusal(STEWARD, "software-uses.support", early, name) is STATE_CONFLICT
    migrates(group, name)
    assert group.refusal("bia", "software-uses.support", early, name) is FORBIDDEN
    group.do("ana", "software-uses.support", SupportSoftware(202_612, "1"), name)
    shown = group.do("ana", "software-uses.support", early, name)
    assert [(one.period, one.hours) for one in shown.hours] == [(202_611, "2.50"), (202_612, "1.00")]
    assert figures(group, "software-uses.diffusion", DiffusionWanted()).hours == "3.50"
    shown = group.do("ana", "software-uses.support", SupportSoftware(202_612, "0"), name)
    assert [one.period for one in shown.hours] == [202_611]
    assert group.refusal("ana", "software-uses.support", SupportSoftware(202_612, "0"), name) is NOT_FOUND
    for period, hours in ((202_613, "1"), (202_611, "744.01"), (202_611, "1.001"), (202_611, "-1"), (202_611, "x")):
        assert group.refusal("ana", "software-uses.support", SupportSoftware(period, hours), name) is MALFORMED
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_support_from_outside_is_no_support_inside(group: Club) -> None:
    enters(group, "bakery")
    name = uses(group, "bakery")
    migrates(group, name)
    group.do(STEWARD, "enterprises.correct", CorrectEnterprise(status=EnterpriseStatus.OUTSIDE), "teccoop")
    told = figures(group, "software-uses.diffusion", DiffusionWanted())
    assert (told.saved, told.outside, told.support) == ("30.00", "10.00", "0.00")
    assert figures(group, "chains.shares", SharesWanted()).leakage == "10.00"
    group.do(STEWARD, "enterprises.correct", CorrectEnterprise(status=EnterpriseStatus.OUTSIDE), "bakery")
    assert figures(group, "software-uses.diffusion", DiffusionWanted()).uses == 0


def test_who_helps_itself_pays_nobody(group: Club) -> None:
    enters(group, "bakery", member="bia")
    name = uses(group, "bakery")
    assert migrates(group, name, supporter=None, support=Amount(0)).supporter is None
    assert figures(group, "chains.shares", SharesWanted()).inside == "0.00"
    assert group.do("bia", "software-uses.support", SupportSoftware(202_611, "1"), name).hours[0].hours == "1.00"


def test_what_a_coordinator_has_removed_from_the_chain_is_no_obstacle(group: Club) -> None:
    enters(group, "bakery")
    name = uses(group, "bakery")
    group.do(STEWARD, "supply.remove", RemoveSupply(), name)
    assert group.do(STEWARD, "software-uses.remove", RemoveSoftware(), name).cost == shown_value(30_00)
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_an_enterprise_stays_as_long_as_it_uses_or_supports(group: Club) -> None:
    enters(group, "bakery")
    name = uses(group, "bakery")
    migrates(group, name)
    group.do(STEWARD, "supply.remove", RemoveSupply(), name)
    for key in ("bakery", "teccoop"):
        assert group.refusal(STEWARD, "enterprises.remove", RemoveEnterprise(), key) is ENTERPRISE_NAMED
    group.do(STEWARD, "software-uses.remove", RemoveSoftware(), name)
    assert group.do(STEWARD, "enterprises.remove", RemoveEnterprise(), "bakery").handle == "bakery"


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (UseSoftware("bakery", SUITE, Amount(30)), DUPLICATE),
        (UseSoftware("bakery", "=1", Amount(30)), MALFORMED),
        (UseSoftware("bakery", "mail", Amount(0)), FIGURE_NEGATIVE),
        (UseSoftware("bakery", "mail", Amount(-1)), FIGURE_NEGATIVE),
        (UseSoftware("bakery", "mail", Amount(500)), SHARE_ABOVE_ONE),
        (UseSoftware("nobody", "mail", Amount(1)), ENTERPRISE_UNKNOWN),
        (UseSoftware("acme", "mail", Amount(1)), ENTERPRISE_UNKNOWN),
        (UseSoftware("bakery", "phone", Amount(1)), MONTHS_MIXED),
    ],
)
def test_what_is_wrong_with_a_use_changes_nothing(group: Club, wish: UseSoftware, reason: Reason) -> None:
    enters(group, "bakery")
    enters(group, "acme", status=EnterpriseStatus.OUTSIDE, turnover=Amount(0))
    group.do(STEWARD, "supply.create", EnterSupply("bakery", "phone", Amount(1), period=202_611))
    uses(group, "bakery")
    before = snapshot(group.book)
    assert group.refusal(STEWARD, "software-uses.create", wish) is reason
    assert snapshot(group.book) == before


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (MigrateSoftware("=1"), MALFORMED),
        (MigrateSoftware("LibreOffice", None, Amount(1)), MALFORMED),
        (MigrateSoftware("LibreOffice", "bakery", Amount(1)), MALFORMED),
        (MigrateSoftware("LibreOffice", "nobody", Amount(1)), ENTERPRISE_UNKNOWN),
        (MigrateSoftware("LibreOffice", "teccoop", Amount(501)), SHARE_ABOVE_ONE),
        (MigrateSoftware("LibreOffice", "teccoop", Amount(-1)), FIGURE_NEGATIVE),
    ],
)
def test_what_is_wrong_with_a_migration_changes_nothing(group: Club, wish: MigrateSoftware, reason: Reason) -> None:
    enters(group, "bakery")
    name = uses(group, "bakery")
    before = snapshot(group.book)
    assert group.refusal(STEWARD, "software-uses.migrate", wish, name) is reason
    assert snapshot(group.book) == before
    migrates(group, name)
    assert group.refusal(STEWARD, "software-uses.migrate", MigrateSoftware("GIMP"), name) is STATE_CONFLICT


def test_what_no_node_takes(group: Club) -> None:
    enters(group, "bakery")
    name = _id(uses(group, "bakery"))
    said, nothing = group.book.of(SoftwareUses).by_id[name].said, bytes(16)
    wrong: tuple[tuple[Body, Reason], ...] = (
        (said, DUPLICATE),
        (replace(said, software="mail"), DUPLICATE),
        (SoftwareUsed(nothing, nothing, "mail", 1), ENTERPRISE_UNKNOWN),
        (SoftwareMigrated(nothing, "x", None, 0), NOT_FOUND),
        (SoftwareMigrated(name, "x", nothing, 0), ENTERPRISE_UNKNOWN),
        (SoftwareSupported(nothing, 202_611, 1), NOT_FOUND),
    )
    for body, reason in wrong:
        assert isinstance(body, SoftwareUsed | SoftwareMigrated | SoftwareSupported)
        refused = software_refusal(group.book, body)
        assert refused is not None and refused.reason is reason, body
    assert software_refusal(group.book, replace(said, use=nothing, software="mail")) is None


def test_a_network_keeps_no_more_uses_than_this(group: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    enters(group, "bakery")
    monkeypatch.setattr("protocol.practices.chains.software.rules.SOFTWARE_USES_MAX", 1)
    uses(group, "bakery")
    assert state.SOFTWARE_USES_MAX == 4_000
    assert group.refusal(STEWARD, "software-uses.create", UseSoftware("bakery", "mail", Amount(1))) is CHAIN_FULL


def listed(group: Club, who: str, wanted: SoftwareWanted) -> list[str]:
    return [one.enterprise for one in group.listed(who, "software-uses.list", wanted)]


def errands(group: Club, who: str, when: str) -> list[Any]:
    found = group.listed(who, "errands.list", ErrandsWanted(ErrandSpan(when)))
    return [one for one in found if one.sentence.startswith("software-uses.")]


def _id(name: str) -> bytes:
    found = parse_uuid(name)
    assert found is not None
    return found
