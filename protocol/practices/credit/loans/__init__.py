# SPDX-License-Identifier: AGPL-3.0-or-later
"""Loans of the group's funds: on the word of neighbours or among savers, decided by a committee, repaid month by month.

Who borrows and who vouches have signed for it; the committee decides by motion, without those whom it touches.
"""

from collections.abc import Iterable

from protocol.book.book import Book
from protocol.book.declaration import KEY_OR_WORD, Act, Create, List, Practice, Show
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.book.signed import parse_uuid
from protocol.practices.credit.funds.state import SAVINGS_PLEDGED
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
from protocol.practices.credit.loans.errands import today, week
from protocol.practices.credit.loans.folding import fold
from protocol.practices.credit.loans.planning import (
    plan_approve,
    plan_ask,
    plan_charge,
    plan_disburse,
    plan_repay,
    plan_request,
    plan_reschedule,
    plan_vouch,
    plan_withdraw,
    plan_write_off,
)
from protocol.practices.credit.loans.refusals import LOAN_REFUSALS
from protocol.practices.credit.loans.rules import check, news
from protocol.practices.credit.loans.state import (
    COMMITTEE,
    GIVEN_UP,
    GUARANTORS,
    LOAN_LIFE,
    LOANS,
    PAR30_MAX,
    RATE_MAX,
    SAVINGS_TIMES,
    VOUCHERS_MIN,
    about_loan,
    pledged,
)
from protocol.practices.credit.loans.views import (
    ApproveLoan,
    ChargeLoan,
    DisburseLoan,
    LoanShown,
    LoansWanted,
    PortfolioShown,
    PortfoliosWanted,
    RescheduleLoan,
    WithdrawLoan,
    WriteOffLoan,
    owned,
    view_loan,
    view_loans,
    view_portfolio,
    view_portfolios,
)


def touched_by_loan(book: Book, name: str) -> Iterable[str]:
    """Return whom a motion on a loan is about: they do not vote on it."""
    loan = book.rows(LOANS).get(parse_uuid(name) or b"")
    return () if loan is None else about_loan(loan)


PRACTICE = Practice(
    name="loans",
    entries=(
        LoanRequested,
        LoanVouched,
        LoanWithdrawn,
        LoanApproved,
        LoanDisbursed,
        LoanRepaid,
        LoanCharged,
        RescheduleAsked,
        LoanRescheduled,
        LoanWrittenOff,
    ),
    check=check,
    fold=fold,
    news=news,
    today=today,
    week=week,
    private=(Private("loan", NOTE_BYTES_MAX, (LoanRequested,), owned),),
    tables=(LOANS,),
    parameters=(VOUCHERS_MIN, GUARANTORS, SAVINGS_TIMES, RATE_MAX, PAR30_MAX),
    parties={"loans": touched_by_loan},
    fills=(SAVINGS_PLEDGED.by(pledged),),
    operations=(
        Create(
            "loans",
            RequestLoan,
            plan=plan_request,
            signed=KEY_OR_WORD,
            example="mutirao loans create --fund ID --amount 600.00 --months 6 --vouchers bia --vouchers caio",
        ),
        Act(
            "loans",
            "vouch",
            VouchForLoan,
            plan=plan_vouch,
            signed=KEY_OR_WORD,
            about="loan",
            example="mutirao loans vouch ID",
        ),
        Act("loans", "withdraw", WithdrawLoan, plan=plan_withdraw, example="mutirao loans withdraw ID"),
        Act("loans", "approve", ApproveLoan, plan=plan_approve, gate=COMMITTEE, example="mutirao loans approve ID"),
        Act("loans", "disburse", DisburseLoan, plan=plan_disburse, example="mutirao loans disburse ID"),
        Act(
            "loans",
            "repay",
            RepayLoan,
            plan=plan_repay,
            signed=KEY_OR_WORD,
            about="loan",
            example="mutirao loans repay ID --amount 103.53",
        ),
        Act(
            "loans",
            "charge",
            ChargeLoan,
            plan=plan_charge,
            gate=COMMITTEE,
            example="mutirao loans charge ID --fee 2.00",
        ),
        Act(
            "loans",
            "ask",
            AskReschedule,
            plan=plan_ask,
            signed=KEY_OR_WORD,
            about="loan",
            example="mutirao loans ask ID --months 12",
        ),
        Act(
            "loans",
            "reschedule",
            RescheduleLoan,
            plan=plan_reschedule,
            gate=COMMITTEE,
            example="mutirao loans reschedule ID",
        ),
        Act(
            "loans",
            "write-off",
            WriteOffLoan,
            plan=plan_write_off,
            gate=GIVEN_UP,
            example="mutirao loans write-off ID",
        ),
        Show("loans", LoanShown, view=view_loan, example="mutirao loans show ID"),
        List("loans", LoansWanted, LoanShown, rows=view_loans, own=True, example="mutirao loans list --late"),
        Show(
            "portfolios",
            PortfolioShown,
            view=view_portfolio,
            id_is="the id of a fund",
            example="mutirao portfolios show ID",
        ),
        List(
            "portfolios",
            PortfoliosWanted,
            PortfolioShown,
            view=view_portfolios,
            example="mutirao portfolios list",
        ),
    ),
    refusals=LOAN_REFUSALS,
    lives=(LOAN_LIFE,),
)
