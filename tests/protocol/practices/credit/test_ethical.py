# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ethical banks: a floor that stays, sectors that savers name, loans that are assessed, and enterprises published."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.plans import Plan
from protocol.book.publishing import Seers
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    MOTION_NEEDED,
    NOT_FOUND,
    STATE_CONFLICT,
    Refused,
)
from protocol.book.signed import uuid_text
from protocol.practices.credit.ethical.entries import (
    BankDeclared,
    LoanAssessed,
    LoanPublication,
    LoanPublished,
    SectorsPreferred,
    SocialCriterion,
    SocialScore,
    WithdrawalNoticed,
)
from protocol.practices.credit.ethical.refusals import LIQUIDITY_FLOOR, NOT_AN_ORGANISATION, NOTICE_NEEDED
from protocol.practices.credit.ethical.state import EthicalBanks
from protocol.practices.credit.ethical.views import (
    AssessLoan,
    DeclareBank,
    EthicalBanksWanted,
    GiveNotice,
    PreferSectors,
    PublishLoan,
    ScoreTold,
)
from protocol.practices.credit.funds.entries import FundPart, WithdrawFund
from protocol.practices.credit.funds.state import Fund
from protocol.practices.credit.loans.entries import LoanKind
from protocol.practices.credit.loans.views import ApproveLoan, DisburseLoan
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.governance.parameters import SetParameter
from tests.protocol.practices.credit.lending import (
    ask,
    carry,
    founded,
    fund_of,
    hours,
    lend,
    pay_in,
    repay,
    seat,
    vote,
    vouch,
)
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, snapshot

PRODUCTIVE = {"kind": LoanKind.PRODUCTIVE, "rate": 1_00}


def bank(deposits: dict[str, int]) -> tuple[Group, Fund, str]:
    """Return a group with an ethical bank, in which some have saved so much (minor units)."""
    group = founded(limit=100_000_00)
    seat(group, "dora", "elis", "fia")
    fund = fund_of(group)
    name = uuid_text(fund.id)
    carry(group, "ethical-banks.declare", DeclareBank(), name)
    for handle, minor in deposits.items():
        pay_in(group, handle, fund, minor, FundPart.SAVINGS)
    return group, fund, name


def test_of_60_000_saved_and_14_000_liquid_2_000_can_be_lent_and_2_001_cannot() -> None:
    group, fund, name = bank({"elis": 60_000_00})
    lend(group, "ana", fund, 46_000_00, **PRODUCTIVE)
    assert (fund.saved_minor, fund.free_minor) == (60_000_00, 14_000_00)
    assert group.view("bia", "ethical-banks.show", name).can_lend == hours(2_000_00)
    refused, _ = approved(group, fund, 2_001_00)
    assert refused.reason is LIQUIDITY_FLOOR
    assert refused.figures == {"available": 2_000_00, "missing": 1_00, "floor": "20%", "currency": "HORA", "wish": 1}
    loans = [approved(group, fund, 2_000_00)[1] for _ in range(2)]
    group.do("ana", "loans.disburse", DisburseLoan(), loans[0])
    assert fund.free_minor == 12_000_00, "exactly 20%"
    again = group.ask("ana", "loans.disburse", DisburseLoan(), loans[1])
    assert again.reason is LIQUIDITY_FLOOR and again.figures["available"] == 0
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def approved(group: Group, fund: Fund, minor: int) -> tuple[Any, str | None]:
    """Ask for a loan, and return why it is refused, or its id once the committee has approved it."""
    loan = ask(group, "ana", fund, minor, **PRODUCTIVE)
    if isinstance(loan, Refused):
        return loan, None
    vouch(group, loan, "bia", "caio")
    shown = group.ask("steward", "loans.approve", ApproveLoan(), loan.id)
    if isinstance(shown, Refused):
        return shown, None
    vote(group, shown)
    return None, loan.id


def test_a_saver_sees_what_her_money_does() -> None:
    group, fund, name = bank({"elis": 600_00, "fia": 400_00})
    bread = lend(group, "ana", fund, 300_00, **PRODUCTIVE)
    lend(group, "ana", fund, 100_00)
    group.do("elis", "ethical-banks.prefer", PreferSectors(("A", "C")), name)
    scores = (ScoreTold(SocialCriterion.LABOUR, 80, "visit of May"), ScoreTold(SocialCriterion.ECOLOGY, 60))
    loan = uuid_text(bread.id)
    assert group.refusal("ana", "ethical-loans.assess", AssessLoan("C", scores), loan) is FORBIDDEN
    shown = group.do("steward", "ethical-loans.assess", AssessLoan("C", scores), loan)
    assert [(one.criterion, one.score) for one in shown.scores] == [("labour", 80), ("ecology", 60)]
    assert group.texts[shown.scores[0].source.digest] == "visit of May"
    assert b"visit of May" not in b"".join(entry.wire for entry in group.entries), "erasable"
    assert group.view("fia", "ethical-loans.show", loan).reason is NOT_FOUND, "it is not published yet"
    group.do("ana", "ethical-loans.publish", PublishLoan("Vale bakery"), loan)
    assert group.view("fia", "ethical-loans.show", loan).enterprise == "Vale bakery"
    shown = group.view("elis", "ethical-banks.show", name)
    assert {one.sector: (one.amount.value, one.own.value, one.wanted.value) for one in shown.uses} == {
        "C": (300_00, 180_00, 300_00),
        "liquid": (600_00, 360_00, 0),
        "not published": (100_00, 60_00, 0),
        "A": (0, 0, 300_00),
    }
    assert sum(one.own.value for one in shown.uses) == 600_00 and shown.sectors == ("A", "C")
    assert [(one.enterprise, one.sector, one.owed) for one in shown.published] == [("Vale bakery", "C", hours(300_00))]
    assert group.view("ana", "ethical-banks.show", name).own == hours(0)
    listed = group.list("ana", "ethical-banks.list", EthicalBanksWanted())
    assert isinstance(listed, list) and [one.id for one in listed] == [name]
    repay(group, bread, 100_00)
    [left] = group.view("elis", "ethical-banks.show", name).published
    assert left.owed.value == bread.balance_minor < 300_00


def test_organisations_are_published_and_persons_never() -> None:
    group, fund, _ = bank({"elis": 1_000_00})
    person = uuid_text(lend(group, "ana", fund, 100_00).id)
    firm = uuid_text(lend(group, "bia", fund, 100_00, **PRODUCTIVE, vouchers=("caio", "dora")).id)
    assert group.refusal("bia", "ethical-loans.publish", PublishLoan("Vale"), firm) is STATE_CONFLICT, "not assessed"
    for loan in (person, firm):
        group.do("steward", "ethical-loans.assess", AssessLoan("A", (ScoreTold(SocialCriterion.NEED, 90, "x"),)), loan)
    assert group.refusal("steward", "ethical-loans.publish", PublishLoan("Ana"), person) is NOT_AN_ORGANISATION
    assert group.refusal("ana", "ethical-loans.publish", PublishLoan("Vale"), firm) is FORBIDDEN
    assert group.refusal("bia", "ethical-loans.publish", PublishLoan(" "), firm) is MALFORMED
    planned = group.plan("ethical-loans.publish", group.actor("bia"), PublishLoan("Vale farm"), firm)
    assert isinstance(planned, Plan)
    [said] = planned.published
    assert said.body == LoanPublication(
        "lending", "Vale farm", "A", "HORA", 2, 100_00, (SocialScore(SocialCriterion.NEED, 90, None),)
    )
    assert said.seen_by == (), "for everybody, and without any member's name"
    inside = group.plan("ethical-loans.publish", group.actor("bia"), PublishLoan("Vale", Seers.GROUP), firm)
    assert isinstance(inside, Plan) and inside.published[0].seen_by == (group.book.network,)


def test_withdrawals_need_notice_where_the_group_says_so() -> None:
    group, fund, name = bank({"elis": 500_00})
    carry(group, "parameters.set", SetParameter("30"), "ethical.notice_days")
    withdraw = WithdrawFund(fund.id, hours(200_00))
    refused = group.ask("elis", "funds.withdraw", withdraw, name)
    assert refused.reason is NOTICE_NEEDED and refused.figures == {"available": 0, "days": 30, "currency": "HORA"}
    assert group.do("elis", "ethical-banks.notice", GiveNotice(hours(200_00)), name).can_withdraw == hours(0)
    assert errands(group, "elis") == ["ethical-banks.noticed"]
    group.pass_time(group.now + 29 * DAY_MS)
    assert group.refusal("elis", "funds.withdraw", withdraw, name) is NOTICE_NEEDED
    group.pass_time(group.now + DAY_MS)
    assert errands(group, "elis") == ["ethical-banks.withdraw"]
    more = replace(withdraw, amount=hours(200_01))
    assert group.refusal("elis", "funds.withdraw", more, name) is NOTICE_NEEDED
    group.do("elis", "funds.withdraw", replace(withdraw, amount=hours(150_00)), name)
    assert group.refusal("elis", "funds.withdraw", withdraw, name) is NOTICE_NEEDED, "50.00 are left of it"
    group.do("elis", "funds.withdraw", replace(withdraw, amount=hours(50_00)), name)
    assert group.book.of(EthicalBanks).by_fund[fund.id].notices == {}
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def errands(group: Group, who: str, span: ErrandSpan = ErrandSpan.TODAY) -> list[str]:
    listed = group.list(who, "errands.list", ErrandsWanted(span))
    assert isinstance(listed, list)
    return [one.sentence for one in listed if one.sentence.startswith("ethical")]


def test_who_coordinates_is_told_when_a_bank_is_near_its_floor() -> None:
    group, fund, _ = bank({"elis": 1_000_00})
    assert errands(group, "steward", ErrandSpan.WEEK) == []
    lend(group, "ana", fund, 760_00, **PRODUCTIVE)
    assert errands(group, "steward", ErrandSpan.WEEK) == ["ethical-banks.near_floor"]


def test_what_no_node_takes() -> None:
    group, fund, _ = bank({"elis": 1_000_00})
    loan = lend(group, "ana", fund, 100_00, **PRODUCTIVE)
    elis = group.member("elis").id
    other = fund_of(group)
    for body, reason in (
        (BankDeclared(bytes(16)), NOT_FOUND),
        (BankDeclared(fund.id), DUPLICATE),
        (BankDeclared(other.id), MOTION_NEEDED),
        (SectorsPreferred(other.id, elis, ("A",)), NOT_FOUND),
        (SectorsPreferred(fund.id, "X", ("A",)), MEMBER_UNKNOWN),
        (SectorsPreferred(fund.id, elis, ("Z",)), MALFORMED),
        (SectorsPreferred(fund.id, elis, ("A", "A")), MALFORMED),
        (WithdrawalNoticed(other.id, elis, 1), NOT_FOUND),
        (LoanAssessed(bytes(16), "A", ()), NOT_FOUND),
        (LoanAssessed(loan.id, "Z", ()), MALFORMED),
        (LoanAssessed(loan.id, "A", (SocialScore(SocialCriterion.NEED, 1, None),) * 2), DUPLICATE),
        (LoanPublished(bytes(16), "Vale"), NOT_FOUND),
        (LoanPublished(loan.id, "Vale"), STATE_CONFLICT),
    ):
        assert group.check(body) is reason, body


@pytest.mark.parametrize("operation", ["ethical-banks.show", "ethical-loans.show"])
def test_what_is_not_there_is_not_shown(operation: str) -> None:
    group, _, _ = bank({})
    assert group.view("ana", operation, "x").reason is NOT_FOUND
