# SPDX-License-Identifier: AGPL-3.0-or-later
"""A bank of its savers: up to three times what one has saved, four guarantors, and a fund for what is never repaid."""

from typing import Any

import pytest

from protocol.book.refusals import FORBIDDEN, MALFORMED, MOTION_NEEDED, Refused
from protocol.book.signed import uuid_text
from protocol.practices.credit.funds.entries import FundKind, FundPart, WithdrawFund
from protocol.practices.credit.funds.refusals import SAVINGS_SHORT
from protocol.practices.credit.funds.state import Fund
from protocol.practices.credit.loans.entries import GuarantorPart, LoanWrittenOff
from protocol.practices.credit.loans.refusals import LOAN_ABOVE_SAVINGS, VOUCHERS_MISSING
from protocol.practices.credit.loans.state import LOANS, LoanState
from protocol.practices.credit.loans.views import ApproveLoan, WriteOffLoan
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.governance.motions.refusals import RECUSED
from protocol.practices.people.members.views import SetLimits, Suspend
from tests.protocol.practices.credit.lending import (
    ask,
    carry,
    founded,
    fund_of,
    hours,
    lend,
    moment,
    pay_in,
    repay,
    seat,
    shown_loan,
    vote,
    vouch,
)
from tests.protocol.practices.desk import Group, copy_of, snapshot

FOUR = ("bia", "caio", "dora", "elis")
Bank = tuple[Group, Fund, Fund]


@pytest.fixture
def bank() -> Bank:
    """A bank where Fia has saved 1,000.00 and Ana 150.00, and a guarantee of 40.00; the committee: Caio, Fia, Gil."""
    group = founded(("ana", *FOUR, "fia", "gil", "hugo", "ines", "jana", "kito"))
    seat(group, "caio", "fia", "gil")
    guarantee = fund_of(group, FundKind.GUARANTEE)
    fund = fund_of(group, FundKind.BANK, guarantee=uuid_text(guarantee.id))
    pay_in(group, "gil", guarantee, 40_00)
    pay_in(group, "fia", fund, 1_000_00, FundPart.SAVINGS)
    pay_in(group, "ana", fund, 150_00, FundPart.SAVINGS)
    return group, fund, guarantee


def test_savings_of_150_lend_450_at_most(bank: Bank) -> None:
    group, fund, _ = bank
    refused = ask(group, "ana", fund, 450_01, vouchers=FOUR)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.figures["available"], refused.figures["times"]) == (LOAN_ABOVE_SAVINGS, 450_00, 3)
    assert ask(group, "hugo", fund, 1, vouchers=FOUR).figures["available"] == 0, "who saves nothing borrows nothing"
    lend(group, "ana", fund, 450_00, vouchers=FOUR)
    assert ask(group, "ana", fund, 1, vouchers=FOUR).figures["available"] == 0


def test_what_stands_for_a_loan_is_not_taken_out(bank: Bank) -> None:
    group, fund, _ = bank
    loan = lend(group, "ana", fund, 300_00, vouchers=FOUR)

    def take(minor: int) -> Any:
        wish = WithdrawFund(fund.id, hours(minor))
        return group.ask("ana", "funds.withdraw", wish, uuid_text(fund.id))

    refused = take(50_01)
    assert (refused.reason, refused.figures) == (
        SAVINGS_SHORT, {"available": 50_00, "pledged": 100_00, "currency": "HORA"},
    )  # fmt: skip
    assert take(50_00).own_savings == hours(100_00)
    repay(group, loan, 50_00)
    assert take(16_66).own_savings == hours(83_34), "250.00 is still owed: a third of it, rounded up, stays"
    assert take(1).reason is SAVINGS_SHORT


def test_a_group_of_five_stands_for_a_loan(bank: Bank) -> None:
    group, fund, _ = bank
    for few_or_many in (FOUR[:3], (*FOUR, "hugo")):
        refused = ask(group, "ana", fund, 90_00, vouchers=few_or_many)
        assert (refused.reason, refused.figures["needed"]) == (VOUCHERS_MISSING, 4)
    loan = ask(group, "ana", fund, 90_00, vouchers=FOUR)
    with pytest.raises(Exception, match="MALFORMED"):
        vouch(group, loan, "bia")
    vouch(group, loan, *FOUR, guarantee=True)
    assert group.view("ana", "loans.show", loan.id).guarantors == FOUR
    motion = group.do("steward", "loans.approve", ApproveLoan(), loan.id)
    assert (motion.members, motion.recused) == (2, ("ana", *FOUR)), "Caio is of the committee, and stands for it"
    ballot = Vote(bytes.fromhex(motion.id.replace("-", "")), Ballot.YES)
    assert group.refusal("caio", "motions.vote", ballot, motion.id) is RECUSED


def default_of(group: Group, fund: Fund, minor: int, repaid: int = 0) -> Any:
    """Return a loan of which nothing more comes back."""
    loan = lend(group, "ana", fund, minor, 10, vouchers=FOUR)
    if repaid:
        repay(group, loan, repaid)
    group.pass_time(moment("2027-12-01T12:00"))
    return loan


def test_a_default_of_90_with_a_fund_of_40_costs_four_guarantors_12_50_each(bank: Bank) -> None:
    group, fund, guarantee = bank
    loan = default_of(group, fund, 100_00, 10_00)
    held = fund.free_minor
    assert group.check(LoanWrittenOff(loan.id, 0, ())) is MOTION_NEEDED
    motion = group.do("steward", "loans.write-off", WriteOffLoan(), uuid_text(loan.id))
    assert (motion.electorate, motion.recused) == ("members", ("ana", *FOUR))
    vote(group, motion)
    assert [group.balance(who) for who in FOUR] == [-12_50] * 4
    assert (guarantee.free_minor, fund.free_minor - held, fund.lent_minor, fund.lost_minor) == (0, 90_00, 0, 0)
    seen = shown_loan(group, loan)
    assert (seen.state, seen.covered, seen.guarantor_parts) == ("written_off", hours(40_00), (hours(12_50),) * 4)
    assert (seen.balance, seen.instalments) == (hours(0), ())
    assert group.book.rows(LOANS)[loan.id].state is LoanState.WRITTEN_OFF
    [line] = group.statement("bia", "bia")
    assert (line.kind, line.amount) == ("guarantee", hours(-12_50))
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_odd_units_go_by_lot_and_sum_to_what_is_lost(bank: Bank) -> None:
    group, fund, _ = bank
    loan = default_of(group, fund, 90_03)
    carry(group, "loans.write-off", WriteOffLoan(), uuid_text(loan.id))
    paid = sorted(-group.balance(who) for who in FOUR)
    assert (paid, sum(paid)) == ([12_50, 12_51, 12_51, 12_51], 50_03)
    again = copy_of(group.written)
    assert snapshot(again) == snapshot(group.book), "the lot is the loan's own, and the same on each node"


def test_what_a_guarantor_has_no_room_for_the_fund_loses(bank: Bank) -> None:
    group, fund, _ = bank
    loan = default_of(group, fund, 90_00)
    group.do("steward", "members.set-limits", SetLimits(hours(10_00), None), "bia")
    group.do("steward", "members.suspend", Suspend(), "elis")
    carry(group, "loans.write-off", WriteOffLoan(), uuid_text(loan.id))
    assert [group.balance(who) for who in FOUR] == [-10_00, -12_50, -12_50, 0]
    assert fund.lost_minor == 15_00


def test_no_node_takes_more_of_a_guarantor_than_its_part(bank: Bank) -> None:
    group, fund, _ = bank
    loan = default_of(group, fund, 90_00)
    bia, fia = (group.member(who).id for who in ("bia", "fia"))
    for parts, reason in (
        ((GuarantorPart(bia, 12_51),), FORBIDDEN),
        ((GuarantorPart(fia, 1),), FORBIDDEN),
        ((GuarantorPart(bia, 1), GuarantorPart(bia, 1)), FORBIDDEN),
    ):
        assert group.check(LoanWrittenOff(loan.id, 40_00, parts)) is reason, parts
    assert group.check(LoanWrittenOff(loan.id, 90_01, ())) is MALFORMED


def test_only_the_fund_loses_where_nobody_stands_for_it() -> None:
    group = founded()
    seat(group, "caio", "dora")
    fund = fund_of(group)
    pay_in(group, "fia", fund, 100_00)
    loan = lend(group, "ana", fund, 90_00)
    assert group.check(LoanWrittenOff(loan.id, 1, ())) is MALFORMED, "no fund is its guarantee"
    carry(group, "loans.write-off", WriteOffLoan(), uuid_text(loan.id))
    assert (fund.free_minor, fund.lent_minor, fund.lost_minor) == (10_00, 0, 90_00)
    assert group.balance("ana") == 90_00 and all(group.balance(who) == 0 for who in ("bia", "caio"))
