# SPDX-License-Identifier: AGPL-3.0-or-later
"""Loans as those see them whom they concern, what all see of them together, and what is wished without a signature."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import READERS, At, Desk, Doc, RowsWanted, TextRef
from protocol.book.money import Amount
from protocol.book.personal import digest_of, shown_text
from protocol.book.private import Owned
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.wishes import said_in
from protocol.lanes.entry import Body
from protocol.practices.credit.funds.state import Fund, Funds, fund_named
from protocol.practices.credit.loans.entries import LoanKind, LoanRequested, RequestLoan
from protocol.practices.credit.loans.folding import terms_shown
from protocol.practices.credit.loans.instalments import InterestMethod, day_text, interest_in_all
from protocol.practices.credit.loans.rules import speaker_of
from protocol.practices.credit.loans.state import (
    LOANS,
    PAR30_MAX,
    RISK_DAYS,
    Loan,
    LoanState,
    Portfolios,
    fund_of_loan,
    is_frozen,
    part_at_risk,
    percent,
    today_of,
)
from protocol.practices.governance.boards import Board, seated


@dataclass(frozen=True, slots=True)
class WithdrawLoan:
    """Ask for it no more; what was paid out is repaid instead."""


@dataclass(frozen=True, slots=True)
class ApproveLoan:
    """Lend on the terms that were asked for; the committee votes, without who borrows or stands for it."""


@dataclass(frozen=True, slots=True)
class DisburseLoan:
    """Pay out what the committee has approved; by who borrows, or a steward."""


@dataclass(frozen=True, slots=True)
class ChargeLoan:
    """Charge a fee, due at once; the committee votes."""

    fee: Annotated[Amount, Doc("how much")]


@dataclass(frozen=True, slots=True)
class RescheduleLoan:
    """Agree to the other instalments that who has borrowed asks for; the committee votes. It counts as at risk."""


@dataclass(frozen=True, slots=True)
class WriteOffLoan:
    """Give up what is owed: the guarantee pays, then guarantors, the rest is the fund's loss; all members vote."""


@dataclass(frozen=True, slots=True)
class LoansWanted:
    """Loans that concern you; for the committee and those who coordinate, all."""

    state: Annotated[LoanState | None, Doc("only those of this state")] = None
    late: Annotated[bool, Doc("only those of which something is late")] = False


@dataclass(frozen=True, slots=True)
class InstalmentShown:
    """What is left of one instalment."""

    due_on: Annotated[str | None, Doc("on which day; null: counted once it is paid out")]
    amount: Annotated[Amount, Doc("how much in all")]
    principal: Annotated[Amount, Doc("of what was lent")]
    interest: Annotated[Amount, Doc("of interest")]


@dataclass(frozen=True, slots=True)
class LoanShown:
    """A loan, what it costs in all, and what is left of it."""

    id: Annotated[str, Doc("its UUID")]
    state: Annotated[LoanState, Doc("how far it has come")]
    fund: Annotated[str, Doc("the id of the fund that lends")]
    borrower: Annotated[str, Doc("the handle of who borrows")]
    amount: Annotated[Amount, Doc("how much is lent")]
    kind: Annotated[LoanKind, Doc("consumption or productive")]
    monthly_rate: Annotated[str, Doc("interest a month, such as 1%")]
    method: Annotated[InterestMethod, Doc("of what interest is reckoned")]
    months: Annotated[int, Doc("in how many instalments it was to be repaid")]
    first_on: Annotated[str | None, Doc("when the first instalment is due; null: a month after it is paid out")]
    cost: Annotated[Amount, Doc("what it costs in all: interest and fees, paid and to come")]
    total: Annotated[Amount, Doc("what is paid back in all")]
    instalments: Annotated[tuple[InstalmentShown, ...], Doc("the instalments that are left, the oldest first")]
    balance: Annotated[Amount, Doc("what is owed of what was lent")]
    fees: Annotated[Amount, Doc("fees that are due")]
    due: Annotated[Amount, Doc("what is due by today, fees and what is late too")]
    rest: Annotated[Amount, Doc("with how much all of it is repaid today")]
    late_days: Annotated[int, Doc("for how many days the oldest instalment has waited")]
    rescheduled: Annotated[bool, Doc("whether its instalments were agreed on anew")]
    reschedule_months: Annotated[int | None, Doc("in how many instalments it is asked to be repaid instead")]
    reschedule_first: Annotated[str | None, Doc("when the first of those would be due")]
    asked_of: Annotated[tuple[str, ...], Doc("the handles of those who are asked to vouch")]
    vouched: Annotated[tuple[str, ...], Doc("the handles of those who vouch")]
    guarantors: Annotated[tuple[str, ...], Doc("the handles of those who pay their part of what is never repaid")]
    needed: Annotated[int, Doc("how many have to vouch")]
    purpose: Annotated[TextRef | None, Doc("what it is for")]
    covered: Annotated[Amount, Doc("what the fund's guarantee has paid of it")]
    guarantor_parts: Annotated[tuple[Amount, ...], Doc("what guarantors have paid of it, in the order of their ids")]
    created_at: Annotated[At, Doc("when it was asked for")]
    disbursed_at: Annotated[At | None, Doc("when it was paid out")]
    ended_at: Annotated[At | None, Doc("when it was repaid, given up or withdrawn")]


@dataclass(frozen=True, slots=True)
class PortfoliosWanted:
    """What each fund has lent, and how much of that is at risk."""


@dataclass(frozen=True, slots=True)
class PortfolioShown:
    """What a fund has lent, without a name: whole balances of loans that are late, and of those rescheduled."""

    id: Annotated[str, Doc("the id of the fund")]
    title: Annotated[str, Doc("what the fund is called")]
    loans: Annotated[int, Doc("how many loans are being repaid")]
    gross: Annotated[Amount, Doc("what is owed of what was lent")]
    rescheduled: Annotated[Amount, Doc("what is owed of loans that were rescheduled")]
    at_risk: Annotated[Amount, Doc("what is owed of loans more than 30 days late, or rescheduled")]
    par1: Annotated[str, Doc("which part is at risk, where a loan more than a day late is: 20%")]
    par7: Annotated[str, Doc("which part, with more than 7 days late")]
    par30: Annotated[str, Doc("which part, with more than 30 days late")]
    par90: Annotated[str, Doc("which part, with more than 90 days late")]
    par30_max: Annotated[str, Doc("above which part the fund lends nothing new")]
    frozen: Annotated[bool, Doc("whether it lends nothing new now")]


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield what a loan is for: the words are of who asks for it."""
    assert isinstance(body, LoanRequested)
    said = said_in(book, body, RequestLoan)
    purpose = digest_of(said.wish.purpose)
    if purpose is not None:
        yield Owned(purpose, speaker_of(said), f"loans/{uuid_text(said.wish.loan or b'')}")


def sees_all_loans(desk: Desk) -> bool:
    """Tell whether somebody sees all loans: who coordinates, and who sits on the committee."""
    return desk.actor.role in READERS or desk.actor.member in set(seated(Board.COMMITTEE, desk.book))


def view_loan(desk: Desk, name: str) -> LoanShown | Refused:
    loan = desk.book.rows(LOANS).get(parse_uuid(name) or b"")
    if loan is None:
        return refuse(NOT_FOUND)
    if not sees_all_loans(desk) and desk.actor.member not in (loan.borrower, *loan.asked_of):
        return refuse(FORBIDDEN, allowed="who borrows, who vouches, and the committee")
    return _shown(desk, loan)


def view_loans(desk: Desk, wanted: LoansWanted, after: int, limit: int) -> RowsWanted | Refused:
    state, today = wanted.state, today_of(desk.book, desk.now)

    def counts(loan: Loan) -> bool:
        is_late = loan.state is LoanState.CURRENT and loan.late_days(today) > 0
        return state in (None, loan.state) and (is_late or not wanted.late)

    return RowsWanted(
        LOANS,
        after,
        limit,
        lambda loan: _shown(desk, loan),
        None if sees_all_loans(desk) else (("party", desk.actor.member or ""),),
        counts,
        open_only=wanted.late,
    )


def _shown(desk: Desk, loan: Loan) -> LoanShown:
    book = desk.book
    currency, today = fund_of_loan(book, loan).currency, today_of(book, desk.now)
    is_out = loan.disbursed_ms is not None
    lines = [(day_text(one.day), one) for one in loan.lines]
    to_come = [(None, one) for one in terms_shown(loan)]
    interest = (
        loan.interest_paid_minor + sum(one.interest_minor for one in loan.lines)
        if is_out
        else interest_in_all(terms_shown(loan))
    )
    cost = interest + loan.fees_paid_minor + loan.fees_minor

    def amount(minor: int) -> Amount:
        return book.amount(currency, minor)

    def handles(members: Iterable[str]) -> tuple[str, ...]:
        return tuple(book.members[one].handle for one in members)

    return LoanShown(
        id=uuid_text(loan.id),
        state=loan.state,
        fund=uuid_text(loan.fund),
        borrower=book.members[loan.borrower].handle,
        amount=amount(loan.terms.lent_minor),
        kind=loan.kind,
        monthly_rate=percent(loan.terms.rate),
        method=loan.terms.method,
        months=loan.months,
        first_on=None if loan.first is None else day_text(loan.first),
        cost=amount(cost),
        total=amount(loan.terms.lent_minor + cost),
        instalments=tuple(
            InstalmentShown(day, amount(one.amount_minor), amount(one.principal_minor), amount(one.interest_minor))
            for day, one in (lines if is_out else to_come)
        ),
        balance=amount(loan.balance_minor),
        fees=amount(loan.fees_minor),
        due=amount(loan.due_minor(today)),
        rest=amount(loan.rest_minor(today)),
        late_days=loan.late_days(today),
        rescheduled=loan.rescheduled,
        reschedule_months=None if loan.asked is None else loan.asked[0],
        reschedule_first=None if loan.asked is None or loan.asked[1] is None else day_text(loan.asked[1]),
        asked_of=handles(loan.asked_of),
        vouched=handles(loan.vouched),
        guarantors=handles(loan.guarantors),
        needed=loan.needed,
        purpose=shown_text(loan.purpose),
        covered=amount(loan.covered_minor),
        guarantor_parts=tuple(amount(part.amount) for part in loan.parts),
        created_at=loan.at_ms,
        disbursed_at=loan.disbursed_ms,
        ended_at=loan.ended_ms,
    )


def view_portfolio(desk: Desk, name: str) -> PortfolioShown | Refused:
    found = fund_named(desk.book, name)
    return found if isinstance(found, Refused) else _portfolio_shown(desk, found)


def view_portfolios(desk: Desk, wanted: PortfoliosWanted, after: int) -> Iterable[tuple[int, PortfolioShown]]:
    del wanted
    lent, found = desk.book.of(Portfolios).by_fund, since(list(desk.book.of(Funds).by_id.values()), after)
    return ((cursor, _portfolio_shown(desk, one)) for cursor, one in found if one.id in lent)


def _portfolio_shown(desk: Desk, fund: Fund) -> PortfolioShown:
    book, today = desk.book, today_of(desk.book, desk.now)
    portfolio = book.of(Portfolios).of(fund.id)
    risks = [portfolio.risk_minor(today, days) for days in RISK_DAYS]
    par1, par7, par30, par90 = (percent(part_at_risk(risk, portfolio.gross_minor)) for risk in risks)
    return PortfolioShown(
        id=uuid_text(fund.id),
        title=fund.title,
        loans=len(portfolio.balances),
        gross=book.amount(fund.currency, portfolio.gross_minor),
        rescheduled=book.amount(fund.currency, sum(portfolio.balances[one][1] for one in portfolio.rescheduled)),
        at_risk=book.amount(fund.currency, risks[RISK_DAYS.index(30)]),
        par1=par1,
        par7=par7,
        par30=par30,
        par90=par90,
        par30_max=percent(book.parameter(PAR30_MAX)),
        frozen=is_frozen(book, fund.id, desk.now),
    )
