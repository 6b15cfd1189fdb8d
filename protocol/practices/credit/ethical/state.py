# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ethical banks as the book keeps them: floor, sectors that savers want, published loans, notices of withdrawal."""

from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.book.declaration import Motion, Parameter
from protocol.book.money import BASIS_POINTS
from protocol.book.parameters import Number, Percentage
from protocol.book.refusals import Refused, refuse
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.credit.ethical.entries import LoanAssessed, LoanPublished
from protocol.practices.credit.ethical.refusals import LIQUIDITY_FLOOR
from protocol.practices.credit.funds.state import Fund
from protocol.practices.credit.loans.state import Portfolios

ETHICAL_GATE = Motion()
FLOOR: Parameter[int] = Parameter(
    "ethical.liquidity_floor",
    Percentage(),
    20_00,
    "the part of what is saved with an ethical bank that is not lent",
    ETHICAL_GATE,
)
NOTICE_DAYS: Parameter[int] = Parameter(
    "ethical.notice_days",
    Number(0, 366, "days"),
    0,
    "how long before a saver withdraws from an ethical bank she says so; 0: no notice is needed",
    ETHICAL_GATE,
)


@dataclass(slots=True)
class EthicalBank:
    """A fund that is an ethical bank: what savers want, and notices as (when, minor units left), by member."""

    fund: bytes
    arrival: int
    preferred: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    notices: dict[str, list[tuple[Millis, int]]] = field(default_factory=dict[str, list[tuple[Millis, int]]])
    published: dict[bytes, LoanPublished] = field(default_factory=dict[bytes, LoanPublished])
    """The loans that all may know of, by id."""


@dataclass(slots=True)
class EthicalBanks:
    """All of them by the fund's id, and what is known of loans by theirs."""

    by_fund: dict[bytes, EthicalBank] = field(default_factory=dict[bytes, EthicalBank])
    assessed: dict[bytes, LoanAssessed] = field(default_factory=dict[bytes, LoanAssessed])


def floor_minor(book: Book, fund: Fund) -> int:
    """Return what of a fund's money is not lent: the floor's part of what is saved, rounded up to whole minor units."""
    return -(-fund.saved_minor * book.parameter(FLOOR) // BASIS_POINTS)


def below_floor(book: Book, fund: Fund, amount_minor: int, at_ms: Millis) -> Refused | None:
    """Return LIQUIDITY_FLOOR where an ethical bank would keep too little; for the author alone to ask."""
    del at_ms
    if fund.id not in book.of(EthicalBanks).by_fund:
        return None
    available = max(0, fund.free_minor - floor_minor(book, fund))
    if amount_minor <= available:
        return None
    floor = FLOOR.kind.show(book.parameter(FLOOR), 0)
    return refuse(
        LIQUIDITY_FLOOR, available=available, missing=amount_minor - available, floor=floor, currency=fund.currency
    )


def matured_minor(book: Book, bank: EthicalBank, member: str, at_ms: Millis) -> int:
    """Return how much a saver may withdraw by an hour, of what she has given notice of long enough before."""
    before = at_ms - book.parameter(NOTICE_DAYS) * DAY_MS
    return sum(minor for given, minor in bank.notices.get(member, ()) if given <= before)


def lent_by_sector(book: Book, bank: EthicalBank) -> dict[str, int]:
    """Return what is owed of published loans, by the letter of their sector, in minor units."""
    known, found = book.of(EthicalBanks), dict[str, int]()
    balances = book.of(Portfolios).of(bank.fund).balances
    for loan in bank.published:
        _, balance = balances.get(loan, (0, 0))
        sector = known.assessed[loan].sector
        if balance:
            found[sector] = found.get(sector, 0) + balance
    return dict(sorted(found.items()))
