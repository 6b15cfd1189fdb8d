# SPDX-License-Identifier: AGPL-3.0-or-later
"""Loans on the word of neighbours: asked for, vouched for, decided by a committee, paid out and repaid."""

from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    DUPLICATE,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_UNKNOWN,
    MOTION_NEEDED,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.credit.funds.refusals import FUND_SHORT
from protocol.practices.credit.funds.state import Fund, Funds
from protocol.practices.credit.loans.entries import (
    AskReschedule,
    LoanApproved,
    LoanCharged,
    LoanDisbursed,
    LoanKind,
    LoanRescheduled,
    LoanWrittenOff,
    RepayLoan,
    RequestLoan,
    VouchForLoan,
)
from protocol.practices.credit.loans.instalments import EarlyRepayment, InterestMethod
from protocol.practices.credit.loans.refusals import RATE_ABOVE_MAX, REPAYMENT_ABOVE_REST, VOUCHERS_MISSING
from protocol.practices.credit.loans.state import LOANS, LoanState, Portfolios
from protocol.practices.credit.loans.views import (
    ApproveLoan,
    ChargeLoan,
    DisburseLoan,
    LoansWanted,
    RescheduleLoan,
    WithdrawLoan,
)
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.governance.motions.entries import Ballot, MotionState, Vote
from protocol.practices.governance.motions.refusals import RECUSED
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.people.members.views import SetLimits
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
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, snapshot

PRODUCTIVE = {"kind": LoanKind.PRODUCTIVE, "rate": 1_00}


@pytest.fixture
def riacho() -> Group:
    """A fund of 2,000.00, and a committee of three: Caio, Dora and Elis."""
    group = founded()
    seat(group, "caio", "dora", "elis")
    pay_in(group, "fia", fund_of(group), 2_000_00)
    return group


def fund(group: Group) -> Fund:
    return next(iter(group.book.of(Funds).by_id.values()))


def agrees(group: Group) -> None:
    """See that another node makes the same of all that was written."""
    other = copy_of(group.written)
    assert snapshot(other) == snapshot(group.book)
    assert dict(other.rows(LOANS).items()) == dict(group.book.rows(LOANS).items())


def errands(group: Group, who: str, span: ErrandSpan = ErrandSpan.TODAY) -> list[tuple[str, str]]:
    found = group.list(who, "errands.list", ErrandsWanted(span))
    assert isinstance(found, list)
    return [(one.sentence, one.said) for one in found if one.sentence.startswith("loans")]


def test_600_at_1_percent_is_lent_and_repaid_in_six_months(riacho: Group) -> None:
    loan = ask(riacho, "ana", fund(riacho), 600_00, **PRODUCTIVE, purpose="a sewing machine")
    assert (loan.state, loan.monthly_rate, loan.cost, loan.total) == ("requested", "1%", hours(21_16), hours(621_16))
    assert [one.amount.value for one in loan.instalments] == [103_53] * 5 + [103_51]
    assert errands(riacho, "bia") == [("loans.to_vouch", "ana asks you to vouch for a loan")]
    vouch(riacho, loan, "bia")
    assert riacho.refusal("steward", "loans.approve", ApproveLoan(), loan.id) is STATE_CONFLICT, "one is not enough"
    vouch(riacho, loan, "caio")
    assert errands(riacho, "steward", ErrandSpan.WEEK)[-1] == ("loans.to_decide", "ana has asked for a loan")
    carry(riacho, "loans.approve", ApproveLoan(), loan.id)
    assert riacho.balance("ana") == 0
    riacho.do("ana", "loans.disburse", DisburseLoan(), loan.id)
    row = riacho.book.rows(LOANS)[parse_uuid(loan.id)]
    assert (riacho.balance("ana"), fund(riacho).free_minor, fund(riacho).lent_minor) == (600_00, 1_400_00, 600_00)
    due = [one.due_on for one in shown_loan(riacho, row).instalments]
    assert (due[0], due[-1], len(due)) == ("2027-02-22", "2027-07-22", 6)
    for month in range(6):
        riacho.pass_time(moment(f"2027-{month + 2:02}-20T12:00"))
        assert errands(riacho, "ana") == [("loans.to_repay", "An instalment of your loan is due")]
        asked = 103_51 if month == 5 else 103_53
        assert repay(riacho, row, asked).balance.value == row.balance_minor
    assert (row.state, row.interest_paid_minor, riacho.balance("ana")) == (LoanState.REPAID, 21_16, -21_16)
    assert (fund(riacho).free_minor, fund(riacho).lent_minor, fund(riacho).earned_minor) == (2_021_16, 0, 21_16)
    assert riacho.book.of(Portfolios).of(fund(riacho).id).gross_minor == 0
    assert repay(riacho, row, 1).reason is STATE_CONFLICT
    agrees(riacho)


def test_who_sees_a_loan(riacho: Group) -> None:
    loan = ask(riacho, "ana", fund(riacho), 100_00, purpose="medicine")
    for who in ("ana", "bia", "caio", "dora", "steward"):
        purpose = riacho.view(who, "loans.show", loan.id).purpose
        assert riacho.texts[purpose.digest] == "medicine"
    assert riacho.view("fia", "loans.show", loan.id).reason is FORBIDDEN
    assert riacho.list("fia", "loans.list", LoansWanted()) == []
    for who in ("bia", "elis", "steward"):
        listed = riacho.list(who, "loans.list", LoansWanted())
        assert isinstance(listed, list) and len(listed) == 1, who
    wires = b"".join(entry.wire for entry in riacho.entries)
    assert b"medicine" not in wires


def test_the_committee_decides_without_who_borrows(riacho: Group) -> None:
    loan = ask(riacho, "dora", fund(riacho), 100_00, vouchers=("ana", "bia"))
    vouch(riacho, loan, "ana", "bia")
    motion = riacho.do("steward", "loans.approve", ApproveLoan(), loan.id)
    assert (motion.electorate, motion.members, motion.recused) == ("committee", 2, ("dora",))
    ballot = Vote(parse_uuid(motion.id) or b"", Ballot.YES)
    assert riacho.refusal("dora", "motions.vote", ballot, motion.id) is RECUSED
    assert riacho.refusal("ana", "motions.vote", ballot, motion.id) is FORBIDDEN, "she is not of the committee"
    assert vote(riacho, motion).state is MotionState.EXECUTED
    assert riacho.check(LoanApproved(parse_uuid(loan.id) or b"")) is STATE_CONFLICT


def test_nobody_approves_alone(riacho: Group) -> None:
    loan = ask(riacho, "ana", fund(riacho), 100_00)
    vouch(riacho, loan, "bia", "caio")
    name = parse_uuid(loan.id) or b""
    assert riacho.check(LoanApproved(name)) is MOTION_NEEDED
    assert riacho.check(LoanDisbursed(name, "2027-12-31")) is STATE_CONFLICT
    riacho.do("ana", "loans.withdraw", WithdrawLoan(), loan.id)
    assert riacho.check(LoanApproved(name)) is STATE_CONFLICT
    agrees(riacho)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"fund": bytes(16)}, NOT_FOUND),
        ({"amount": hours(0)}, AMOUNT_NOT_POSITIVE),
        ({"first": "2027-02-30"}, MALFORMED),
        ({"rate": 1_00}, MALFORMED),
        ({"rate": 1_01, "kind": LoanKind.PRODUCTIVE}, RATE_ABOVE_MAX),
        ({"vouchers": ("bia",)}, VOUCHERS_MISSING),
        ({"vouchers": ("bia", "nobody")}, MEMBER_UNKNOWN),
        ({"vouchers": ("bia", "bia")}, DUPLICATE),
        ({"vouchers": ("bia", "ana")}, FORBIDDEN),
        ({"member": "bia"}, FORBIDDEN),
    ],
)
def test_what_does_not_fit_is_refused(riacho: Group, changed: dict[str, Any], reason: Reason) -> None:
    wish = RequestLoan(
        **{"fund": fund(riacho).id, "amount": hours(100_00), "months": 6, "vouchers": ("bia", "caio"), **changed}
    )
    assert riacho.refusal("ana", "loans.create", wish) is reason


def test_who_was_not_asked_does_not_vouch(riacho: Group) -> None:
    loan = ask(riacho, "ana", fund(riacho), 100_00)
    wish = VouchForLoan(parse_uuid(loan.id) or b"")
    assert riacho.refusal("dora", "loans.vouch", wish, loan.id) is FORBIDDEN
    assert riacho.refusal("bia", "loans.vouch", VouchForLoan(wish.loan, guarantee=True), loan.id) is MALFORMED
    vouch(riacho, loan, "bia")
    assert riacho.refusal("bia", "loans.vouch", wish, loan.id) is DUPLICATE
    assert riacho.refusal("bia", "loans.vouch", VouchForLoan(bytes(16)), uuid_text(bytes(16))) is NOT_FOUND


def test_a_fund_lends_what_it_holds(riacho: Group) -> None:
    loan = ask(riacho, "ana", fund(riacho), 2_000_01)
    vouch(riacho, loan, "bia", "caio")
    assert riacho.refusal("steward", "loans.approve", ApproveLoan(), loan.id) is FUND_SHORT
    first, second = (ask(riacho, who, fund(riacho), 1_500_00) for who in ("ana", "dora"))
    for one in (first, second):
        vouch(riacho, one, "bia", "caio")
        carry(riacho, "loans.approve", ApproveLoan(), one.id)
    assert riacho.refusal("fia", "loans.disburse", DisburseLoan(), first.id) is FORBIDDEN
    riacho.do("steward", "loans.disburse", DisburseLoan(), first.id)
    assert riacho.refusal("dora", "loans.disburse", DisburseLoan(), second.id) is FUND_SHORT
    assert riacho.refusal("ana", "loans.withdraw", WithdrawLoan(), first.id) is STATE_CONFLICT


def test_a_repayment_pays_fees_then_interest_then_what_was_lent(riacho: Group) -> None:
    loan = lend(riacho, "ana", fund(riacho), 600_00, **PRODUCTIVE, first="2027-01-31")
    carry(riacho, "loans.charge", ChargeLoan(hours(2_00)), uuid_text(loan.id))
    assert [str(one.due_on) for one in shown_loan(riacho, loan).instalments][:3] == [
        "2027-01-31", "2027-02-28", "2027-03-31",
    ]  # fmt: skip
    assert riacho.check(LoanCharged(loan.id, 1)) is MOTION_NEEDED
    repay(riacho, loan, 1_50)
    assert (loan.fees_minor, loan.interest_paid_minor, loan.balance_minor) == (50, 0, 600_00)
    repay(riacho, loan, 5_00)
    assert (loan.fees_minor, loan.interest_paid_minor, loan.balance_minor) == (0, 4_50, 600_00)
    repay(riacho, loan, 2_50)
    assert (loan.interest_paid_minor, loan.balance_minor) == (6_00, 599_00)
    assert fund(riacho).earned_minor == 8_00
    assert shown_loan(riacho, loan).cost == hours(21_16 + 2_00)
    riacho.do("steward", "members.set-limits", SetLimits(hours(0), None), "ana")
    riacho.pay("ana", "bia", riacho.balance("ana"))
    assert repay(riacho, loan, 1_00).reason is LIMIT_EXCEEDED
    agrees(riacho)


@pytest.mark.parametrize(
    ("early", "left", "last"), [(EarlyRepayment.KEEP_INSTALMENT, 3, 103_53), (EarlyRepayment.KEEP_TERM, 5, 62_32)]
)
def test_early_repayment_keeps_the_instalment_or_the_term(
    riacho: Group, early: EarlyRepayment, left: int, last: int
) -> None:
    loan = lend(riacho, "ana", fund(riacho), 600_00, **PRODUCTIVE)
    repay(riacho, loan, 103_53 + 200_00, early=early)
    lines = loan.lines
    assert (loan.balance_minor, len(lines), lines[0].amount_minor) == (302_47, left, last)
    assert sum(line.principal_minor for line in lines) == 302_47
    rest = shown_loan(riacho, loan).rest.value
    assert rest == 302_47, "no interest of months that have not begun"
    assert repay(riacho, loan, rest + 1).reason is REPAYMENT_ABOVE_REST
    repay(riacho, loan, rest)
    assert (loan.state, loan.interest_paid_minor) == (LoanState.REPAID, 6_00)


def test_a_loan_is_rescheduled_as_who_has_borrowed_asks(riacho: Group) -> None:
    loan = lend(riacho, "ana", fund(riacho), 600_00, **PRODUCTIVE)
    name = uuid_text(loan.id)
    assert riacho.refusal("steward", "loans.reschedule", RescheduleLoan(), name) is STATE_CONFLICT, "nobody asks"
    assert riacho.refusal("bia", "loans.ask", AskReschedule(loan.id, 12), name) is FORBIDDEN
    riacho.pass_time(moment("2027-03-30T12:00"))
    riacho.do("ana", "loans.ask", AskReschedule(loan.id, 12), name)
    assert riacho.check(LoanRescheduled(loan.id, "2027-12-31")) is MOTION_NEEDED
    carry(riacho, "loans.reschedule", RescheduleLoan(), name)
    assert (loan.rescheduled, loan.asked, loan.balance_minor, len(loan.lines)) == (True, None, 600_00, 12)
    assert loan.lines[0].interest_minor == 6_00 + 6_00 + 5_02, "interest of two months that were due stays owed"
    seen = shown_loan(riacho, loan)
    assert (seen.late_days, seen.first_on) == (0, "2027-05-06")
    agrees(riacho)


def test_late_loans_are_told_to_who_borrows_and_to_who_coordinates(riacho: Group) -> None:
    loan = lend(riacho, "ana", fund(riacho), 600_00)
    lend(riacho, "dora", fund(riacho), 100_00, first="2028-01-01")
    riacho.pass_time(moment("2027-03-29T12:00"))
    assert loan.late_days(loan.lines[0].day + 35) == 35
    assert errands(riacho, "ana") == [("loans.late", "An instalment is 35 days late")]
    week = errands(riacho, "steward", ErrandSpan.WEEK)
    assert ("loans.late_of", "A loan of ana is 35 days late") in week
    late = riacho.list("steward", "loans.list", LoansWanted(late=True))
    assert isinstance(late, list)
    assert [one.borrower for one in late] == ["ana"]


def test_flat_interest_only_where_it_is_named(riacho: Group) -> None:
    loan = lend(riacho, "ana", fund(riacho), 600_00, **PRODUCTIVE, method=InterestMethod.FLAT)
    assert {line.interest_minor for line in loan.lines} == {6_00}
    assert shown_loan(riacho, loan).cost == hours(36_00)


def test_the_rules_of_the_group_are_its_own(riacho: Group) -> None:
    for name, value in (("loans.vouchers_min", "0"), ("loans.rate_max", "2%")):
        carry(riacho, "parameters.set", SetParameter(value), name)
    loan = ask(riacho, "ana", fund(riacho), 100_00, kind=LoanKind.PRODUCTIVE, rate=2_00, vouchers=())
    assert (loan.state, loan.monthly_rate) == ("vouched", "2%"), "nobody has to vouch"


def test_in_whole_units() -> None:
    group = founded(scale=0, limit=5_000)
    seat(group, "caio", "dora")
    one = fund_of(group)
    pay_in(group, "fia", one, 1_000)
    loan = lend(group, "ana", one, 600, **PRODUCTIVE)
    assert [line.amount_minor for line in loan.lines] == [104] * 5 + [101]


def test_who_has_no_account_in_the_currency_is_lent_nothing(riacho: Group) -> None:
    riacho.currency("FLOR")
    flowers = fund_of(riacho, currency="FLOR")
    assert ask(riacho, "ana", flowers, 1_00).reason is ACCOUNT_UNKNOWN
    assert riacho.check(LoanWrittenOff(bytes(16), 0, ())) is NOT_FOUND


def test_an_amount_in_another_currency_repays_nothing(riacho: Group) -> None:
    loan = lend(riacho, "ana", fund(riacho), 600_00)
    wish = RepayLoan(loan.id, Amount(1_00, "FLOR", 2))
    riacho.now += DAY_MS
    assert riacho.ask("ana", "loans.repay", wish, uuid_text(loan.id)).reason.code == "CURRENCY_MISMATCH"
