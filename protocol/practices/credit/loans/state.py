# SPDX-License-Identifier: AGPL-3.0-or-later
"""Loans as the book keeps them, how far each has come, and what of a fund's loans is at risk.

All is in minor units of the fund's currency; days are numbers of days by the group's clocks.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from protocol.book.book import Book
from protocol.book.declaration import Motion, Parameter, Table
from protocol.book.lifecycle import Lifecycle
from protocol.book.money import BASIS_POINTS
from protocol.book.parameters import TIME_ZONE, Number, Percentage
from protocol.lanes.entry import Millis
from protocol.practices.credit.funds.entries import FundKind
from protocol.practices.credit.funds.state import Fund, Funds
from protocol.practices.credit.loans.entries import (
    LOAN_RATE_MAX,
    VOUCHERS_MAX,
    GuarantorPart,
    LoanApproved,
    LoanCharged,
    LoanDisbursed,
    LoanKind,
    LoanRepaid,
    LoanRequested,
    LoanRescheduled,
    LoanVouched,
    LoanWithdrawn,
    LoanWrittenOff,
    RescheduleAsked,
)
from protocol.practices.credit.loans.instalments import LoanTerms
from protocol.practices.governance.boards import Board

COMMITTEE = Motion(Board.COMMITTEE.value)
GIVEN_UP = Motion()
VOUCHERS_MIN: Parameter[int] = Parameter(
    "loans.vouchers_min", Number(0, VOUCHERS_MAX), 2, "how many neighbours vouch for a loan of a lending fund", GIVEN_UP
)
GUARANTORS: Parameter[int] = Parameter(
    "loans.guarantors",
    Number(0, VOUCHERS_MAX),
    4,
    "how many guarantors a loan of a bank has",
    GIVEN_UP,
)
SAVINGS_TIMES: Parameter[int] = Parameter(
    "loans.savings_times", Number(0, 100), 3, "how many times its savings a member may borrow of a bank", GIVEN_UP
)
RATE_MAX: Parameter[int] = Parameter(
    "loans.rate_max", Percentage(0, LOAN_RATE_MAX), 1_00, "the highest interest a month", GIVEN_UP
)
PAR30_MAX: Parameter[int] = Parameter(
    "loans.par30_max",
    Percentage(),
    10_00,
    "the part over 30 days late above which nothing new is lent",
    GIVEN_UP,
)
RISK_DAYS = (1, 7, 30, 90)
"""After how many days late a loan counts as at risk, in each of the four measures."""


class LoanState(StrEnum):
    """How far a loan has come; one that is `current` may be late."""

    REQUESTED = "requested"
    VOUCHED = "vouched"
    APPROVED = "approved"
    CURRENT = "current"
    REPAID = "repaid"
    WRITTEN_OFF = "written_off"
    WITHDRAWN = "withdrawn"


LOAN_LIFE = Lifecycle(
    "loans",
    LoanState,
    {
        (None, LoanRequested.KIND): (LoanState.REQUESTED, LoanState.VOUCHED),
        (LoanState.REQUESTED, LoanVouched.KIND): (LoanState.REQUESTED, LoanState.VOUCHED),
        (LoanState.REQUESTED, LoanWithdrawn.KIND): LoanState.WITHDRAWN,
        (LoanState.VOUCHED, LoanWithdrawn.KIND): LoanState.WITHDRAWN,
        (LoanState.VOUCHED, LoanApproved.KIND): LoanState.APPROVED,
        (LoanState.APPROVED, LoanWithdrawn.KIND): LoanState.WITHDRAWN,
        (LoanState.APPROVED, LoanDisbursed.KIND): LoanState.CURRENT,
        (LoanState.CURRENT, LoanRepaid.KIND): (LoanState.CURRENT, LoanState.REPAID),
        (LoanState.CURRENT, LoanCharged.KIND): LoanState.CURRENT,
        (LoanState.CURRENT, RescheduleAsked.KIND): LoanState.CURRENT,
        (LoanState.CURRENT, LoanRescheduled.KIND): LoanState.CURRENT,
        (LoanState.CURRENT, LoanWrittenOff.KIND): LoanState.WRITTEN_OFF,
    },
)


@dataclass(frozen=True, slots=True)
class LoanLine:
    """What is left of one instalment, when it is due, and when its month begins (0: with the loan)."""

    begins: int
    day: int
    principal_minor: int
    interest_minor: int

    @property
    def amount_minor(self) -> int:
        """Return both together."""
        return self.principal_minor + self.interest_minor


@dataclass(slots=True)
class Loan:
    """A loan: its terms, who vouches (and who stands for it), what is still to be paid, and what was.

    `needed` is how many have to vouch. `lines` are the instalments that are left, the oldest first; `balance_minor` is
    what they repay of what was lent. `asked` are the months and the first day of other instalments that are asked for.
    """

    id: bytes
    arrival: int
    at_ms: Millis
    borrower: str
    fund: bytes
    kind: LoanKind
    terms: LoanTerms
    months: int
    first: int | None
    asked_of: tuple[str, ...]
    needed: int
    purpose: bytes | None
    state: LoanState
    vouched: tuple[str, ...] = ()
    guarantors: tuple[str, ...] = ()
    lines: tuple[LoanLine, ...] = ()
    balance_minor: int = 0
    level_minor: int = 0
    fees_minor: int = 0
    repaid_minor: int = 0
    interest_paid_minor: int = 0
    fees_paid_minor: int = 0
    covered_minor: int = 0
    parts: tuple[GuarantorPart, ...] = ()
    asked: tuple[int, int | None] | None = None
    rescheduled: bool = False
    approved_ms: Millis | None = None
    disbursed_ms: Millis | None = None
    ended_ms: Millis | None = None

    @property
    def oldest_day(self) -> int | None:
        """Return when the oldest instalment that is left is due."""
        return self.lines[0].day if self.lines else None

    def late_days(self, today: int) -> int:
        """Return for how many days the oldest instalment has waited, 0 where none is late."""
        return max(0, today - self.lines[0].day) if self.lines else 0

    def begun(self, today: int) -> int:
        """Return how many of the instalments are of months that have begun by today: their interest is owed."""
        return sum(line.begins <= today for line in self.lines)

    def due_minor(self, today: int) -> int:
        """Return what is due by today: fees, and instalments."""
        return self.fees_minor + sum(line.amount_minor for line in self.lines if line.day <= today)

    def rest_minor(self, today: int) -> int:
        """Return with how much all of it is repaid today: no interest of months that have not begun."""
        interest = sum(line.interest_minor for line in self.lines[: self.begun(today)])
        return self.fees_minor + interest + self.balance_minor


def _about(loan: Loan) -> Iterator[str]:
    yield from dict.fromkeys((loan.borrower, *loan.asked_of))


LOANS = Table(
    "loans",
    Loan,
    by={
        "party": _about,
        "borrower": lambda loan: (loan.borrower,),
        "fund": lambda loan: (loan.fund,),
    },
    closed=lambda loan: LOAN_LIFE.is_final(loan.state),
)


@dataclass(slots=True)
class Portfolio:
    """What a fund has lent and is to get back: by the oldest day that waits, and what was rescheduled of it."""

    gross_minor: int = 0
    oldest: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    balances: dict[bytes, tuple[int, int]] = field(default_factory=dict[bytes, tuple[int, int]])
    """The oldest day and the balance of each loan."""
    rescheduled: dict[bytes, None] = field(default_factory=dict[bytes, None])

    def late(self, today: int, days: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield (the oldest day, id) of the loans that are more than so many days late, the latest first."""
        for day, loan in self.oldest:
            if today - day <= days:
                return
            yield day, loan

    def risk_minor(self, today: int, days: int) -> int:
        """Return the whole balances of loans more than so many days late, and of those that were rescheduled."""
        late = {loan for _, loan in self.late(today, days)}
        return sum(self.balances[loan][1] for loan in late | self.rescheduled.keys())

    def keep(self, loan: Loan) -> None:
        """Know of a loan as it stands now: part of the fold."""
        before = self.balances.pop(loan.id, None)
        if before is not None:
            self.gross_minor -= before[1]
            del self.oldest[bisect_left(self.oldest, (before[0], loan.id))]
        self.rescheduled.pop(loan.id, None)
        if loan.state is LoanState.CURRENT and loan.oldest_day is not None:
            self.balances[loan.id] = (loan.oldest_day, loan.balance_minor)
            self.gross_minor += loan.balance_minor
            insort(self.oldest, (loan.oldest_day, loan.id))
            if loan.rescheduled:
                self.rescheduled[loan.id] = None


@dataclass(slots=True)
class Portfolios:
    """The portfolios of all funds by id, and the loans that wait to be decided or paid out, in their order."""

    by_fund: dict[bytes, Portfolio] = field(default_factory=dict[bytes, Portfolio])
    waiting: dict[bytes, None] = field(default_factory=dict[bytes, None])

    def of(self, fund: bytes) -> Portfolio:
        """Return what a fund has lent."""
        return self.by_fund.get(fund) or Portfolio()

    def keep(self, loan: Loan) -> None:
        """Know of a loan as it stands now: part of the fold."""
        self.by_fund.setdefault(loan.fund, Portfolio()).keep(loan)
        if loan.state in (LoanState.VOUCHED, LoanState.APPROVED):
            self.waiting[loan.id] = None
        else:
            self.waiting.pop(loan.id, None)


def today_of(book: Book, at_ms: Millis) -> int:
    """Return the day by the group's clocks at an hour, as a number of days."""
    local = book.parameter(TIME_ZONE).local(at_ms)
    return date(local.year, local.month, local.day).toordinal()


def percent(basis_points: int) -> str:
    """Return hundredths of a percent as they are written: 12.5%."""
    return RATE_MAX.kind.show(basis_points, 0)


def part_at_risk(risk_minor: int, gross_minor: int) -> int:
    """Return a part in hundredths of a percent, rounded half up; 0 of nothing."""
    return 0 if not gross_minor else (2 * risk_minor * BASIS_POINTS + gross_minor) // (2 * gross_minor)


def is_frozen(book: Book, fund: bytes, at_ms: Millis) -> bool:
    """Tell whether more of what a fund has lent is at risk than the group allows: then nothing new is lent."""
    portfolio = book.of(Portfolios).of(fund)
    risk = portfolio.risk_minor(today_of(book, at_ms), 30)
    return risk * BASIS_POINTS > portfolio.gross_minor * book.parameter(PAR30_MAX)


def is_bank(fund: Fund) -> bool:
    """Tell whether a fund lends among its savers, by savings and guarantors, and not on the word of neighbours."""
    return fund.kind is FundKind.BANK


def vouchers_needed(book: Book, fund: Fund) -> int:
    """Return how many have to vouch for a loan of a fund."""
    return book.parameter(GUARANTORS if is_bank(fund) else VOUCHERS_MIN)


def owed_minor(book: Book, fund: bytes, member: str) -> int:
    """Return what a member owes a fund of what was lent, or is about to: what was approved counts."""
    loans = (loan for loan in book.rows(LOANS).find("borrower", member) if loan.fund == fund)
    return sum(
        loan.terms.lent_minor if loan.state is LoanState.APPROVED else loan.balance_minor
        for loan in loans
        if loan.state in (LoanState.APPROVED, LoanState.CURRENT)
    )


def pledged(book: Book, fund: Fund, member: str) -> int:
    """Return how much of a member's savings in a bank stands for what it owes there (minor units)."""
    times = book.parameter(SAVINGS_TIMES)
    if not is_bank(fund) or not times:
        return 0
    return -(-owed_minor(book, fund.id, member) // times)


def fund_of_loan(book: Book, loan: Loan) -> Fund:
    """Return the fund that lends."""
    return book.of(Funds).by_id[loan.fund]


def about_loan(loan: Loan) -> Iterable[str]:
    """Return whom a loan touches so that they do not decide on it: who borrows, and who stands for it."""
    return (loan.borrower, *loan.guarantors)
