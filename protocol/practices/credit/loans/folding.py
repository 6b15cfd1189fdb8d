# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an entry makes of a loan, of its fund and of balances."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from protocol.book.accounts import account_id
from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.ledger import Posting
from protocol.book.money import minor_of
from protocol.book.personal import digest_of
from protocol.book.wishes import said_in
from protocol.practices.credit.funds.state import Funds, from_fund, into_fund
from protocol.practices.credit.loans.entries import (
    AskReschedule,
    LoanApproved,
    LoanCharged,
    LoanDisbursed,
    LoanRepaid,
    LoanRequested,
    LoanRescheduled,
    LoanVouched,
    LoanWithdrawn,
    LoanWrittenOff,
    RepayLoan,
    RequestLoan,
    RescheduleAsked,
    VouchForLoan,
)
from protocol.practices.credit.loans.instalments import (
    EarlyRepayment,
    Instalment,
    LoanTerms,
    day_of,
    laid_out,
    laid_out_by,
    level_instalment,
    months_after,
)
from protocol.practices.credit.loans.rules import loan_in, repaid_minor, speaker_of
from protocol.practices.credit.loans.state import (
    LOAN_LIFE,
    LOANS,
    Loan,
    LoanLine,
    LoanState,
    Portfolios,
    fund_of_loan,
    today_of,
    vouchers_needed,
)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    if isinstance(body, LoanRequested):
        book.of(Portfolios).keep(book.rows(LOANS).add(_requested(book, body, entered)))
        return ()
    loan = book.rows(LOANS).change(loan_in(book, body))
    postings = _changed(book, loan, entered)
    if LOAN_LIFE.is_final(loan.state):
        loan.ended_ms = entered.at_ms
    book.of(Portfolios).keep(loan)
    return postings


def _requested(book: Book, body: LoanRequested, entered: Entered) -> Loan:
    said = said_in(book, body, RequestLoan)
    wish = said.wish
    fund = book.of(Funds).by_id[wish.fund]
    amount = minor_of(wish.amount, fund.currency, book.currencies[fund.currency].scale)
    assert isinstance(amount, int) and wish.loan is not None
    needed = vouchers_needed(book, fund)
    return Loan(
        wish.loan,
        entered.seq,
        entered.at_ms,
        speaker_of(said),
        fund.id,
        wish.kind,
        LoanTerms(amount, wish.rate, wish.method),
        wish.months,
        None if wish.first is None else day_of(wish.first),
        wish.vouchers,
        needed,
        digest_of(wish.purpose),
        LOAN_LIFE.after(None, body.KIND, LoanState.REQUESTED if needed else LoanState.VOUCHED),
    )


def _changed(book: Book, loan: Loan, entered: Entered) -> Sequence[Posting]:
    body, before = entered.body, loan.state
    match body:
        case LoanVouched():
            said = said_in(book, body, VouchForLoan)
            loan.vouched = (*loan.vouched, speaker_of(said))
            if said.wish.guarantee:
                loan.guarantors = (*loan.guarantors, speaker_of(said))
            enough = len(loan.vouched) >= loan.needed
            loan.state = LOAN_LIFE.after(before, body.KIND, LoanState.VOUCHED if enough else LoanState.REQUESTED)
        case LoanApproved():
            loan.state, loan.approved_ms = LOAN_LIFE.after(before, body.KIND), entered.at_ms
        case LoanWithdrawn():
            loan.state = LOAN_LIFE.after(before, body.KIND)
        case LoanDisbursed():
            loan.state, loan.disbursed_ms = LOAN_LIFE.after(before, body.KIND), entered.at_ms
            return _disburse(book, loan, body.first)
        case LoanRepaid():
            wish = said_in(book, body, RepayLoan)
            amount = repaid_minor(book, fund_of_loan(book, loan), wish)
            assert isinstance(amount, int)
            return _repay(book, loan, amount, wish.wish.early, today_of(book, entered.at_ms))
        case LoanCharged():
            loan.fees_minor += body.fee
        case RescheduleAsked():
            asked = said_in(book, body, AskReschedule).wish
            loan.asked = (asked.months, None if asked.first is None else day_of(asked.first))
        case LoanRescheduled():
            _reschedule(loan, body.first, today_of(book, entered.at_ms))
        case LoanWrittenOff():
            loan.state = LOAN_LIFE.after(before, body.KIND)
            return _write_off(book, loan, body)
        case _:
            raise AssertionError(body)
    return ()


def _disburse(book: Book, loan: Loan, first: str) -> Sequence[Posting]:
    fund, amount = fund_of_loan(book, loan), loan.terms.lent_minor
    _lay_out(loan, amount, loan.months, _day(first))
    fund.lent_minor += amount
    return from_fund(fund, account_id(loan.borrower, fund.currency), amount, "loan")


def _day(text: str) -> int:
    found = day_of(text)
    assert found is not None
    return found


def _lay_out(loan: Loan, balance_minor: int, months: int, first: int, carried_minor: int = 0) -> None:
    """Lay the instalments of a balance out, from a first day on; interest that is owed already comes with the first."""
    found = laid_out(loan.terms, balance_minor, months)
    found = (found[0]._replace(interest_minor=found[0].interest_minor + carried_minor), *found[1:])
    days = [0, *(months_after(first, at) for at in range(len(found)))]
    loan.lines = tuple(LoanLine(days[at], days[at + 1], *one) for at, one in enumerate(found))
    loan.balance_minor = balance_minor
    loan.level_minor = level_instalment(loan.terms, balance_minor, months)
    loan.first = first


class Allocation(NamedTuple):
    """What a repayment pays, in minor units, and the instalments that are left."""

    fees_minor: int
    interest_minor: int
    principal_minor: int
    lines: tuple[LoanLine, ...]


def allocated(loan: Loan, amount_minor: int, early: EarlyRepayment, today: int) -> Allocation:
    """Return what an amount pays: fees, then each instalment that has begun, its interest first; then what was lent.

    What goes beyond these makes the instalments that are left fewer or smaller, and their interest less.
    """
    fees = min(amount_minor, loan.fees_minor)
    left, interest, principal = amount_minor - fees, 0, 0
    begun = loan.begun(today)
    lines: list[LoanLine] = []
    for line in loan.lines[:begun]:
        of_interest = min(left, line.interest_minor)
        of_principal = min(left - of_interest, line.principal_minor)
        left, interest, principal = left - of_interest - of_principal, interest + of_interest, principal + of_principal
        rest = replace(
            line, principal_minor=line.principal_minor - of_principal, interest_minor=line.interest_minor - of_interest
        )
        if rest.amount_minor:
            lines.append(rest)
    later = loan.lines[begun:]
    if left:
        later = _fewer(loan, later, sum(line.principal_minor for line in later) - left, early)
        principal += left
    return Allocation(fees, interest, principal, (*lines, *later))


def _fewer(loan: Loan, later: tuple[LoanLine, ...], balance_minor: int, early: EarlyRepayment) -> tuple[LoanLine, ...]:
    """Return the instalments of what is left of months that have not begun, on the days that were agreed."""
    if early is EarlyRepayment.KEEP_TERM:
        found = laid_out(loan.terms, balance_minor, len(later))
    else:
        found = laid_out_by(loan.terms, balance_minor, loan.level_minor, len(later))
    return tuple(LoanLine(line.begins, line.day, *one) for line, one in zip(later, found, strict=False))


def _repay(book: Book, loan: Loan, amount_minor: int, early: EarlyRepayment, today: int) -> Sequence[Posting]:
    paid = allocated(loan, amount_minor, early, today)
    fund = fund_of_loan(book, loan)
    loan.lines = paid.lines
    loan.fees_minor -= paid.fees_minor
    loan.balance_minor -= paid.principal_minor
    loan.repaid_minor += paid.principal_minor
    loan.interest_paid_minor += paid.interest_minor
    loan.fees_paid_minor += paid.fees_minor
    fund.lent_minor -= paid.principal_minor
    fund.earned_minor += paid.interest_minor + paid.fees_minor
    over = not loan.lines and not loan.fees_minor
    loan.state = LOAN_LIFE.after(loan.state, LoanRepaid.KIND, LoanState.REPAID if over else LoanState.CURRENT)
    return into_fund(fund, account_id(loan.borrower, fund.currency), amount_minor, "repayment")


def _reschedule(loan: Loan, first: str, today: int) -> None:
    assert loan.asked is not None
    # Interest of instalments that are due stays owed, and bears none; that of the month that runs comes anew.
    carried = sum(line.interest_minor for line in loan.lines if line.day <= today)
    loan.rescheduled = True
    _lay_out(loan, loan.balance_minor, loan.asked[0], _day(first), carried)
    loan.asked = None


def _write_off(book: Book, loan: Loan, body: LoanWrittenOff) -> Sequence[Posting]:
    fund = fund_of_loan(book, loan)
    paid = sum(part.amount for part in body.parts)
    if body.covered:
        assert fund.guarantee is not None
        # The guarantee's money stands in the same account.
        book.of(Funds).by_id[fund.guarantee].free_minor -= body.covered
        fund.free_minor += body.covered
    fund.lent_minor -= loan.balance_minor
    fund.lost_minor += loan.balance_minor - body.covered - paid
    loan.covered_minor, loan.parts = body.covered, body.parts
    loan.lines, loan.balance_minor = (), 0
    return tuple(
        posting
        for part in body.parts
        if part.amount
        for posting in into_fund(fund, account_id(part.member, fund.currency), part.amount, "guarantee")
    )


def terms_shown(loan: Loan) -> tuple[Instalment, ...]:
    """Return the instalments of a loan that was not paid out yet."""
    return laid_out(loan.terms, loan.terms.lent_minor, loan.months)
