# SPDX-License-Identifier: AGPL-3.0-or-later
"""Demurrage as members see it, and how it is wished for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc
from protocol.book.money import Amount
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.practices.credit.demurrage.state import Demurrage, Demurrages, demurrage_due_at
from protocol.practices.money.currencies.entries import BasisPoints
from protocol.practices.money.dues.entries import Day, Period


@dataclass(frozen=True, slots=True)
class SetDemurrage:
    """Let a part of what members hold above zero go to the commons each month; the group votes on it."""

    basis_points: Annotated[BasisPoints, Doc("which part, in hundredths of a percent: 200 is 2%; 0 ends it")]
    day: Annotated[Day, Doc("on which day of the month; 31: always on the last")] = 1
    first: Annotated[
        Period | None, Doc("the first month, 202701 for January of 2027; default: the next in which it falls due")
    ] = None


@dataclass(frozen=True, slots=True)
class DemurrageWanted:
    """In which currencies something is taken of what is held."""


@dataclass(frozen=True, slots=True)
class DemurrageShown:
    """What the group takes each month of what members hold of a currency, and what it has taken."""

    currency: Annotated[str, Doc("the code of the currency")]
    basis_points: Annotated[int, Doc("which part of what is held, in hundredths of a percent; 0: it has ended")]
    day: Annotated[int, Doc("on which day of the month; 31: always on the last")]
    taken: Annotated[int | None, Doc("the newest month that was taken, such as 202701; null: none yet")]
    taken_at: Annotated[At | None, Doc("when that was; null: not yet")]
    amount: Annotated[Amount, Doc("how much was taken for it from all holders")]
    total: Annotated[Amount, Doc("how much was taken in all")]
    next_at: Annotated[At | None, Doc("when it falls due next, by the group's clocks; null: it has ended")]


def view_one(desk: Desk, code: str) -> DemurrageShown | Refused:
    found = desk.book.of(Demurrages).by_code.get(code)
    return refuse(NOT_FOUND) if found is None else _shown(desk.book, found)


def view_all(desk: Desk, wanted: DemurrageWanted, after: int) -> Iterable[tuple[int, DemurrageShown]]:
    del wanted
    found = since(list(desk.book.of(Demurrages).by_code.values()), after)
    return ((cursor, _shown(desk.book, one)) for cursor, one in found)


def _shown(book: Book, one: Demurrage) -> DemurrageShown:
    said, period = one.said, one.next_period
    return DemurrageShown(
        currency=said.currency,
        basis_points=said.basis_points,
        day=said.day,
        taken=one.period,
        taken_at=one.taken_at_ms,
        amount=book.amount(said.currency, one.taken_minor),
        total=book.amount(said.currency, one.total_minor),
        next_at=None if period is None else demurrage_due_at(book, said, period),
    )
