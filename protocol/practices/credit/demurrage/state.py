# SPDX-License-Identifier: AGPL-3.0-or-later
"""Demurrage as the book keeps it, when it falls due by the group's clocks, and what each holder gives."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.book.ledger import Account
from protocol.book.money import BASIS_POINTS
from protocol.book.parameters import TIME_ZONE
from protocol.book.timezones import LocalTime
from protocol.lanes.entry import Millis
from protocol.practices.credit.demurrage.entries import DemurrageSet
from protocol.practices.money.dues.state import following


@dataclass(slots=True)
class Demurrage:
    """What the group takes of what is held, the newest month for which it was taken, and how much that was (minor)."""

    said: DemurrageSet
    arrival: int
    period: int | None = None
    taken_minor: int = 0
    taken_at_ms: Millis | None = None
    total_minor: int = 0
    """What was taken in all months together."""

    @property
    def next_period(self) -> int | None:
        """Return the month that comes next, None where nothing is taken any more."""
        if not self.said.basis_points:
            return None
        after = self.said.first if self.period is None else following(self.period, yearly=False)
        return None if after is None else max(after, self.said.first)


@dataclass(slots=True)
class Demurrages:
    """Demurrage by currency, in the order in which it was set first."""

    by_code: dict[str, Demurrage] = field(default_factory=dict[str, Demurrage])


def demurrage_due_at(book: Book, said: DemurrageSet, period: int) -> Millis:
    """Return when it falls due for a month: as that day begins by the group's clocks."""
    year, month = divmod(period, 100)
    day = min(said.day, monthrange(year, month)[1])
    return book.parameter(TIME_ZONE).moment(LocalTime(year, month, day, 0))


def holders(book: Book, currency: str) -> Iterator[Account]:
    """Yield the accounts of members that hold something above zero, in the order in which they were opened."""
    for account in book.ledger.accounts.values():
        if account.currency == currency and account.member is not None and account.balance_minor > 0:
            yield account


def given_by(book: Book, said: DemurrageSet) -> Iterator[tuple[str, int]]:
    """Yield what each holder gives, in minor units: in all it is that part of all, rounded half up.

    What rounding leaves is carried on from one holder to the next, so that nobody gives a unit more or less than its
    part, and a currency without decimals loses its part though each holds little.
    """
    held = given = 0
    for account in holders(book, said.currency):
        held += account.balance_minor
        due = part_of(held, said.basis_points)
        if due > given:
            yield account.id, due - given
        given = due


def part_of(amount_minor: int, basis_points: int) -> int:
    """Return a part of an amount of zero or more, rounded half up to minor units."""
    return (2 * amount_minor * basis_points + BASIS_POINTS) // (2 * BASIS_POINTS)
