# SPDX-License-Identifier: AGPL-3.0-or-later
"""What loans put on a member's day and on a coordinator's week: found by what is due, never by looking at all loans."""

from collections.abc import Iterator

from protocol.book.book import Book
from protocol.book.declaration import Desk, Errand, Urgency
from protocol.book.parameters import TIME_ZONE
from protocol.book.signed import uuid_text
from protocol.book.timezones import LocalTime
from protocol.lanes.entry import Millis
from protocol.practices.credit.funds.state import Funds
from protocol.practices.credit.loans.instalments import day_text
from protocol.practices.credit.loans.state import (
    LOANS,
    PAR30_MAX,
    Loan,
    LoanState,
    Portfolios,
    fund_of_loan,
    is_frozen,
    part_at_risk,
    percent,
    today_of,
)

SOON_DAYS = 7
"""So many days before it is due a member is told of an instalment."""


def today(desk: Desk) -> Iterator[Errand]:
    """Yield what a member has to repay soon, can have paid out, and for whom it is asked to vouch."""
    book, member = desk.book, desk.actor.member or ""
    day = today_of(book, desk.now)
    for loan in book.rows(LOANS).find("party", member):
        if loan.borrower == member:
            yield from _of_borrower(book, loan, day)
        elif loan.state is LoanState.REQUESTED and member not in loan.vouched:
            borrower = book.members[loan.borrower].handle
            yield Errand(
                uuid_text(loan.id),
                borrower,
                "loans.to_vouch",
                f"{borrower} asks you to vouch for a loan",
                "loans.vouch",
                Urgency.WAITED_FOR,
                figure=book.amount(fund_of_loan(book, loan).currency, loan.terms.lent_minor),
            )


def _of_borrower(book: Book, loan: Loan, day: int) -> Iterator[Errand]:
    currency, title = fund_of_loan(book, loan).currency, fund_of_loan(book, loan).title
    if loan.state is LoanState.APPROVED:
        said = "Your loan is approved, and can be paid out"
        figure = book.amount(currency, loan.terms.lent_minor)
        yield Errand(uuid_text(loan.id), title, "loans.to_draw", said, "loans.disburse", Urgency.DATE, figure=figure)
    if loan.state is not LoanState.CURRENT or not loan.lines or loan.lines[0].day > day + SOON_DAYS:
        return
    late = loan.late_days(day)
    figure = loan.due_minor(day) or loan.lines[0].amount_minor
    yield Errand(
        uuid_text(loan.id),
        title,
        "loans.late" if late else "loans.to_repay",
        f"An instalment is {late} days late" if late else "An instalment of your loan is due",
        "loans.repay",
        Urgency.STOPPED if late else Urgency.DATE,
        figure=book.amount(currency, figure),
        count=late or None,
        until_ms=_end_of(book, loan.lines[0].day),
    )


def _end_of(book: Book, day: int) -> Millis:
    year, month, of_month = (int(part) for part in day_text(day + 1).split("-"))
    return book.parameter(TIME_ZONE).moment(LocalTime(year, month, of_month, 0))


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the funds of which too much is at risk, the loans that are late, and those that wait."""
    book, portfolios = desk.book, desk.book.of(Portfolios)
    day, loans = today_of(book, desk.now), book.rows(LOANS)
    for name, portfolio in portfolios.by_fund.items():
        fund, risk = book.of(Funds).by_id[name], portfolio.risk_minor(day, 30)
        part, most = part_at_risk(risk, portfolio.gross_minor), book.parameter(PAR30_MAX)
        frozen = is_frozen(book, name, desk.now)
        if frozen or (risk and 2 * part >= most):
            said = f"{percent(part)} of what the fund has lent is at risk, {percent(most)} at most"
            yield Errand(
                uuid_text(name),
                fund.title,
                "loans.at_risk",
                f"{said}: it lends nothing new" if frozen else said,
                "portfolios.show",
                Urgency.STOPPED if frozen else Urgency.NEAR_LIMIT,
                figure=book.amount(fund.currency, risk),
            )
        for oldest, id in portfolio.late(day):
            loan = loans[id]
            borrower = book.members[loan.borrower].handle
            yield Errand(
                uuid_text(id),
                borrower,
                "loans.late_of",
                f"A loan of {borrower} is {day - oldest} days late",
                "loans.show",
                Urgency.WAITED_FOR,
                figure=book.amount(fund.currency, loan.due_minor(day)),
                count=day - oldest,
            )
    for id in portfolios.waiting:
        loan = loans[id]
        borrower = book.members[loan.borrower].handle
        decided = loan.state is LoanState.APPROVED
        yield Errand(
            uuid_text(id),
            borrower,
            "loans.to_disburse" if decided else "loans.to_decide",
            f"A loan of {borrower} is approved, and not paid out" if decided else f"{borrower} has asked for a loan",
            "loans.disburse" if decided else "loans.approve",
            Urgency.WAITED_FOR,
            figure=book.amount(fund_of_loan(book, loan).currency, loan.terms.lent_minor),
        )
