# SPDX-License-Identifier: AGPL-3.0-or-later
"""Companies as the book keeps them: workers, hours that count, advances, capital, and what months were shared into."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from protocol.book.accounts import account_id
from protocol.book.book import Book
from protocol.book.declaration import Motion, Parameter, SystemAccount
from protocol.book.guards import BELOW_WHAT_STANDS
from protocol.book.lifecycle import Lifecycle
from protocol.book.members import MemberState
from protocol.book.money import BASIS_POINTS, parse_decimal
from protocol.book.parameters import TIME_ZONE, Percentage
from protocol.book.refusals import Refused, refuse
from protocol.book.tables import Table
from protocol.lanes.entry import Millis
from protocol.practices.governance.companies.entries import PAY_PLAIN, Confirmed, Logged, SurplusAllocated

SET_ASIDE = SystemAccount("setaside", "what companies keep: reserves, education and the capital of their workers")
WORKERS = "workers"
"""The electorate of a company: workers:<member id>."""
HOURS_SCALE = 2
HOURS_MAX = 744_00
"""Hundredths of an hour in one month."""
MONTHS_KEPT = 24
"""Months of a company that are shown; the ledger has all."""


class WorkState(StrEnum):
    """Whether hours count; those that nobody has confirmed when their month is shared out never do."""

    WAITING = "waiting"
    COUNTED = "counted"
    LAPSED = "lapsed"


WORK_LIFE = Lifecycle(
    "work",
    WorkState,
    {
        (None, Logged.KIND): (WorkState.WAITING, WorkState.COUNTED),
        (WorkState.WAITING, Confirmed.KIND): WorkState.COUNTED,
        (WorkState.WAITING, SurplusAllocated.KIND): WorkState.LAPSED,
        (WorkState.WAITING, "members/left"): WorkState.LAPSED,
    },
)


@dataclass(slots=True)
class WorkKept:
    """Hours (hundredths) that a worker says to have worked in a month."""

    id: bytes
    arrival: int
    at_ms: Millis
    company: str
    worker: str
    period: int
    hours: int
    note: bytes | None
    state: WorkState
    confirmed_by: str | None = None


WORK = Table(
    "work",
    WorkKept,
    by={"company": lambda work: (work.company,), "worker": lambda work: (work.worker,)},
    closed=lambda work: work.state is not WorkState.WAITING,
)


class Shared(NamedTuple):
    """One worker's share of a month: hours (hundredths), the whole share, and where it went, in minor units."""

    worker: str
    hours: int
    share_minor: int
    kept_minor: int
    repaid_minor: int
    paid_minor: int


class MonthShared(NamedTuple):
    """What a month's surplus (below zero: loss) was shared into, in minor units; the parts sum to it."""

    period: int
    surplus_minor: int
    covered_minor: int
    """What earlier losses took first; of a loss, below zero, what the reserve has given for it."""
    reserve_minor: int
    network_minor: int
    education_minor: int
    shares: tuple[Shared, ...]


def _percents() -> dict[str, int]:
    return {}


@dataclass(slots=True)
class Company:
    """A company: what an hour of each worker is worth in percent, hired others, and its money besides its account."""

    member: str
    currency: str
    arrival: int
    at_ms: Millis
    pay: dict[str, int]
    hired: int = 0
    reserve_minor: int = 0
    education_minor: int = 0
    uncovered_minor: int = 0
    """Losses that no reserve has covered yet."""
    capital: dict[str, int] = field(default_factory=_percents)
    advances: dict[str, int] = field(default_factory=_percents)
    hours: dict[int, dict[str, int]] = field(default_factory=dict[int, dict[str, int]])
    """Hours that count, in hundredths, by month and worker; a month that is shared out goes."""
    months: tuple[MonthShared, ...] = ()
    last_period: int = 0

    @property
    def account(self) -> str:
        """The id of the account from which it pays."""
        return account_id(self.member, self.currency)

    @property
    def electorate(self) -> str:
        """The name of the electorate of its workers."""
        return f"{WORKERS}:{self.member}"

    @property
    def gate(self) -> Motion:
        """On which terms its workers decide."""
        return Motion(electorate=self.electorate)

    @property
    def spread(self) -> int:
        """How much the highest pay is of the lowest, in hundredths of a percent, rounded up."""
        return spread_of(self.pay)

    @property
    def hired_part(self) -> int:
        """How many of all who work there are hired, in hundredths of a percent."""
        people = len(self.pay) + self.hired
        return self.hired * BASIS_POINTS // people if people else 0


@dataclass(slots=True)
class Companies:
    """All companies, by the id of the member that each is."""

    by_member: dict[str, Company] = field(default_factory=dict[str, Company])


def roster(workers: Sequence[str], pay: Sequence[int]) -> dict[str, int]:
    """Return what an hour of each is worth, in percent of the plain one."""
    return dict(zip(workers, pay or [PAY_PLAIN] * len(workers), strict=True))


def spread_of(pay: Mapping[str, int]) -> int:
    """Return how much the highest pay is of the lowest, in hundredths of a percent, rounded up."""
    values = pay.values()
    return -(-max(values) * BASIS_POINTS // min(values)) if pay else BASIS_POINTS


def _no_narrower(book: Book, value: int, currency: str | None) -> Refused | None:
    """Refuse a spread that is narrower than that of a company now."""
    del currency
    widest = max((one.spread for one in book.of(Companies).by_member.values()), default=BASIS_POINTS)
    if value >= widest:
        return None
    shown = (PAY_SPREAD_MOST.kind.show(one, 0) for one in (value, widest))
    return refuse(BELOW_WHAT_STANDS, wished=next(shown), standing=next(shown))


PAY_SPREAD_MOST: Parameter[int] = Parameter(
    "companies.pay_spread",
    Percentage(BASIS_POINTS, 20 * BASIS_POINTS),
    3 * BASIS_POINTS,
    "how much the highest pay of a company may be of its lowest",
    changed_by=Motion(),
    guard=_no_narrower,
)
HIRED_MOST: Parameter[int] = Parameter(
    "companies.hired_part",
    Percentage(),
    20_00,
    "above which part of all who work there hired non-members are told to the coordinators",
    changed_by=Motion(),
)
RESERVE: Parameter[int] = Parameter(
    "companies.reserve", Percentage(), 20_00, "which part of a surplus is kept as reserve", changed_by=Motion()
)
NETWORK: Parameter[int] = Parameter(
    "companies.network", Percentage(), 10_00, "which part of a surplus the network's commons gets", changed_by=Motion()
)
EDUCATION: Parameter[int] = Parameter(
    "companies.education", Percentage(), 5_00, "which part of a surplus is kept for education", changed_by=Motion()
)
PARAMETERS = (PAY_SPREAD_MOST, HIRED_MOST, RESERVE, NETWORK, EDUCATION)


def workers_of(book: Book, company: str) -> Iterator[str]:
    """Yield the ids of the active members who work in a company: each has one vote there."""
    found = book.of(Companies).by_member.get(company)
    for worker in () if found is None else found.pay:
        if book.members[worker].state is MemberState.ACTIVE:
            yield worker


def period_at(book: Book, at_ms: Millis) -> int:
    """Return the month of an hour by the group's clocks, such as 202701."""
    local = book.parameter(TIME_ZONE).local(at_ms)
    return local.year * 100 + local.month


def hours_of(text: str) -> int | None:
    """Return hours as they are typed in hundredths, None where they are none that a month has."""
    found = parse_decimal(text, HOURS_SCALE)
    return found if isinstance(found, int) and 0 < found <= HOURS_MAX else None


def hours_in(book: Book, company: Company, period: int) -> dict[str, int]:
    """Return the hours that count in a month, in hundredths, of those who are still in the network."""
    found = company.hours.get(period, {})
    return {worker: count for worker, count in found.items() if book.members[worker].state is not MemberState.LEFT}


def set_aside_minor(company: Company) -> int:
    """Return what a company keeps besides its account, in minor units."""
    return company.reserve_minor + company.education_minor + sum(company.capital.values())


def unlike(book: Book) -> str | None:
    """Complain of a currency in which what companies keep is not what stands in the account of it."""
    kept: dict[str, int] = {}
    for one in book.of(Companies).by_member.values():
        kept[one.currency] = kept.get(one.currency, 0) + set_aside_minor(one)
    for code in book.currencies:
        account = book.ledger.accounts.get(SET_ASIDE.of(code))
        if (0 if account is None else account.balance_minor) != kept.get(code, 0):
            return f"companies keep {kept.get(code, 0)} {code}, and their account says something else"
    return None
