# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is at risk of all that a fund has lent: by whole balances, and what freezes then."""

from random import Random
from typing import Any

import pytest

from protocol.book.refusals import NOT_FOUND, Refused
from protocol.book.signed import uuid_text
from protocol.practices.credit.funds.state import Fund
from protocol.practices.credit.loans.entries import AskReschedule, LoanKind
from protocol.practices.credit.loans.instalments import InterestMethod, LoanTerms
from protocol.practices.credit.loans.refusals import PORTFOLIO_AT_RISK
from protocol.practices.credit.loans.state import Loan, LoanLine, LoanState, Portfolio, part_at_risk
from protocol.practices.credit.loans.views import ApproveLoan, DisburseLoan, PortfoliosWanted, RescheduleLoan
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.governance.parameters import SetParameter
from tests.protocol.practices.credit.lending import (
    ask,
    carry,
    founded,
    fund_of,
    hours,
    lend,
    moment,
    name_of,
    pay_in,
    repay,
    seat,
    vouch,
)
from tests.protocol.practices.desk import Group, copy_of, snapshot

BORROWERS = (("dora", 400_00), ("ana", 250_00), ("elis", 800_00), ("fia", 150_00), ("gil", 400_00))


@pytest.fixture
def lent() -> tuple[Group, Fund, dict[str, Loan]]:
    """Balances of 400/250/800/150/400; Ana's of 250 will be due first, on 22 February."""
    group = founded(("ana", "bia", "caio", "dora", "elis", "fia", "gil", "hugo"))
    seat(group, "bia", "caio")
    fund = fund_of(group)
    pay_in(group, "hugo", fund, 5_000_00)
    loans = {}
    for who, minor in BORROWERS:
        first = "2027-02-22" if who == "ana" else "2027-09-01"
        loans[who] = lend(group, who, fund, minor, 10, first=first)
    return group, fund, loans


def shown(group: Group, fund: Fund) -> Any:
    return group.view("hugo", "portfolios.show", name_of(group, fund))


def week(group: Group) -> list[tuple[str, str]]:
    found = group.list("steward", "errands.list", ErrandsWanted(ErrandSpan.WEEK))
    assert isinstance(found, list)
    return [(one.urgency, one.said) for one in found if one.sentence == "loans.at_risk"]


def test_par30_is_12_5_percent_and_20_with_what_was_rescheduled(lent: tuple[Group, Fund, dict[str, Loan]]) -> None:
    group, fund, loans = lent
    group.pass_time(moment("2027-03-24T12:00"))
    seen = shown(group, fund)
    assert (seen.loans, seen.gross, seen.par1, seen.par30) == (5, hours(2_000_00), "12.5%", "0%"), "30 days, not more"
    assert week(group) == []
    group.pass_time(moment("2027-03-29T12:00"))
    seen = shown(group, fund)
    assert (seen.at_risk, seen.par1, seen.par7, seen.par30, seen.par90) == (
        hours(250_00), "12.5%", "12.5%", "12.5%", "0%",
    )  # fmt: skip
    assert seen.frozen and week(group) == [
        ("stopped", "12.5% of what the fund has lent is at risk, 10% at most: it lends nothing new")
    ]
    group.do("fia", "loans.ask", AskReschedule(loans["fia"].id, 12), uuid_text(loans["fia"].id))
    carry(group, "loans.reschedule", RescheduleLoan(), uuid_text(loans["fia"].id))
    seen = shown(group, fund)
    assert (seen.par30, seen.par90, seen.rescheduled) == ("20%", "7.5%", hours(150_00)), "rescheduling hides no loss"
    listed = group.list("hugo", "portfolios.list", PortfoliosWanted())
    assert listed == [seen]
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_above_10_percent_new_loans_freeze(lent: tuple[Group, Fund, dict[str, Loan]]) -> None:
    group, fund, loans = lent
    waiting, approved = (ask(group, who, fund, 10_00, vouchers=("bia", "caio")) for who in ("dora", "hugo"))
    for one in (waiting, approved):
        vouch(group, one, "bia", "caio")
    carry(group, "loans.approve", ApproveLoan(), approved.id)
    group.pass_time(moment("2027-03-29T12:00"))
    refused = ask(group, "hugo", fund, 10_00)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.figures) == (PORTFOLIO_AT_RISK, {"par": "12.5%", "par_max": "10%"})
    assert group.refusal("steward", "loans.approve", ApproveLoan(), waiting.id) is PORTFOLIO_AT_RISK
    assert group.refusal("steward", "loans.disburse", DisburseLoan(), approved.id) is PORTFOLIO_AT_RISK
    repay(group, loans["ana"], 24_99)
    assert group.refusal("steward", "loans.disburse", DisburseLoan(), approved.id) is PORTFOLIO_AT_RISK, "a cent lacks"
    repay(group, loans["ana"], 1)
    assert not shown(group, fund).frozen, "what is late is paid, and the rest is not due yet"
    group.do("steward", "loans.disburse", DisburseLoan(), approved.id)


def test_a_group_may_bear_more(lent: tuple[Group, Fund, dict[str, Loan]]) -> None:
    group, fund, _ = lent
    carry(group, "parameters.set", SetParameter("12.5%"), "loans.par30_max")
    group.pass_time(moment("2027-03-29T12:00"))
    assert not shown(group, fund).frozen, "12.5% is not above 12.5%"
    assert week(group) == [("near_limit", "12.5% of what the fund has lent is at risk, 12.5% at most")]


def test_no_fund_has_no_portfolio(lent: tuple[Group, Fund, dict[str, Loan]]) -> None:
    group, _, _ = lent
    assert group.view("ana", "portfolios.show", uuid_text(bytes(16))).reason is NOT_FOUND


def test_what_is_kept_is_what_a_look_at_all_loans_finds() -> None:
    chance, portfolio = Random(30), Portfolio()
    loans: dict[bytes, Loan] = {}
    for step in range(1_000):
        name = bytes([chance.randrange(40)]) * 16
        balance, day = chance.randint(1, 1_000), chance.randint(1, 200)
        terms = LoanTerms(1_000, 0, InterestMethod.DECLINING)
        loan = Loan(name, step, 0, "ana", b"", LoanKind.CONSUMPTION, terms, 1, None, (), 0, None, LoanState.CURRENT)
        loan.balance_minor, loan.lines = balance, (LoanLine(0, day, balance, 0),)
        loan.rescheduled = chance.random() < 0.2
        if chance.random() < 0.3:
            loan.state = LoanState.REPAID
        loans[name] = loan
        portfolio.keep(loan)
        open_loans = [one for one in loans.values() if one.state is LoanState.CURRENT]
        assert portfolio.gross_minor == sum(one.balance_minor for one in open_loans)
        for days in (0, 30):
            at_risk = [one for one in open_loans if one.rescheduled or 100 - one.lines[0].day > days]
            assert portfolio.risk_minor(100, days) == sum(one.balance_minor for one in at_risk)


def test_a_part_is_rounded_half_up_and_of_nothing_is_nothing() -> None:
    assert [part_at_risk(*one) for one in ((0, 0), (1, 3), (2, 3), (1, 20_000), (1, 20_001))] == [0, 33_33, 66_67, 1, 0]
