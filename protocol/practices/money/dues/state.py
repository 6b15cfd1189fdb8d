# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dues as the book keeps them, when they are due by the group's clocks, and who owes them then."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field

from protocol.book.accounts import account_id
from protocol.book.book import Book
from protocol.book.issuer_groups import outside
from protocol.book.members import Member
from protocol.book.parameters import TIME_ZONE
from protocol.book.timezones import LocalTime
from protocol.lanes.entry import Millis
from protocol.practices.money.dues.entries import YEAR_MAX, DuesSet
from protocol.practices.people.absences import is_away


@dataclass(slots=True)
class Dues:
    """What a group takes of its members, the newest period that it was taken for, and who has paid for that."""

    said: DuesSet
    arrival: int
    period: int | None = None
    closed: bool = True
    """Whether all of the newest period was taken."""
    paid: set[str] = field(default_factory=set[str])
    missed: tuple[str, ...] = ()
    """Who had no room for them in the newest period."""
    ended: bool = False

    @property
    def next_period(self) -> int | None:
        """Return the period that comes next, None once it has ended."""
        if self.ended:
            return None
        if self.period is None:
            return self.said.first
        return self.period if not self.closed else following(self.period, self.said.month is not None)


@dataclass(slots=True)
class AllDues:
    """All dues by id, in the order in which they were set."""

    by_id: dict[bytes, Dues] = field(default_factory=dict[bytes, Dues])


def following(period: int, yearly: bool) -> int | None:  # noqa: FBT001
    """Return the period after one, a month or a year on; None beyond the calendar."""
    year, month = divmod(period, 100)
    year, month = (year + 1, month) if yearly else (year + month // 12, month % 12 + 1)
    return None if year > YEAR_MAX else year * 100 + month


def is_period(said: DuesSet, period: int) -> bool:
    """Tell whether dues fall due in a period."""
    month = period % 100
    return said.first <= period and 1 <= month <= 12 and said.month in (None, month)


def due_at(book: Book, said: DuesSet, period: int) -> Millis:
    """Return when dues of a period fall due: as that day begins by the group's clocks."""
    year, month = divmod(period, 100)
    day = min(said.day, monthrange(year, month)[1])
    return book.parameter(TIME_ZONE).moment(LocalTime(year, month, day, 0))


def debtors(book: Book, dues: Dues, period: int) -> Iterator[Member]:
    """Yield who owes dues for a period and has not paid: the same on every node; room for them is not looked at.

    It is who is active and has an account, had asked to join by then, and is not on leave on that day; of a currency
    that is a group's, its members.
    """
    said, due_ms = dues.said, due_at(book, dues.said, period)
    names = said.members or tuple(book.members)
    paid = dues.paid if dues.period == period else frozenset[str]()
    for name in names:
        member = book.members[name]
        if (
            name not in paid
            and member.inactive() is None
            and member.at_ms <= due_ms
            and (account := book.ledger.accounts.get(account_id(name, said.currency))) is not None
            and outside(book, account) is None
            and not is_away(book, name, due_ms)
        ):
            yield member
