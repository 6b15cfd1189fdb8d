# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dues as members see them, and how they are wished for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Ref
from protocol.book.money import Amount
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.money.currencies.entries import Code
from protocol.practices.money.dues.entries import DUES_MEMBERS_MAX, DUES_TITLE_CHARS_MAX, Day, MonthOfYear, Period
from protocol.practices.money.dues.state import AllDues, Dues, due_at
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class SetDues:
    """Let members pay dues to the commons, each month or each year; the group votes on it."""

    title: Annotated[str, AtMost(DUES_TITLE_CHARS_MAX), Doc("what they are for, seen by all members")]
    currency: Annotated[Code, Ref("currencies"), Doc("the currency's code")]
    amount: Annotated[Amount, Doc("what each member pays each time")]
    day: Annotated[Day, Doc("on which day of the month; 31: always on the last")] = 31
    month: Annotated[MonthOfYear | None, Doc("once a year, in this month; default: every month")] = None
    first: Annotated[
        Period | None, Doc("the first month, 202701 for January of 2027; default: the next in which they fall due")
    ] = None
    # Not marked as naming members: whom a motion is about does not vote on it, and who pays dues does.
    members: Annotated[
        tuple[Annotated[str, AtMost(ADDRESS_CHARS_MAX)], ...],
        AtMost(DUES_MEMBERS_MAX),
        Doc("only these members; default: all, whoever they are by then"),
    ] = ()


@dataclass(frozen=True, slots=True)
class EndDues:
    """Let no more dues be taken; what was taken stays in the commons."""


@dataclass(frozen=True, slots=True)
class DuesWanted:
    """All dues, ended ones too."""


@dataclass(frozen=True, slots=True)
class DuesShown:
    """What members pay to the commons by the calendar."""

    id: Annotated[str, Doc("its id")]
    title: Annotated[str, Doc("what they are for")]
    amount: Annotated[Amount, Doc("what each member pays each time")]
    day: Annotated[int, Doc("on which day of the month; 31: always on the last")]
    month: Annotated[int | None, Doc("in which month of the year; null: every month")]
    members: Annotated[tuple[str, ...], Doc("the handles of those who pay; none: all")]
    taken: Annotated[int | None, Doc("the newest month that was taken, such as 202701; null: none yet")]
    missed: Annotated[tuple[str, ...], Doc("who had no room for it then")]
    next_at: Annotated[At | None, Doc("when they fall due next, by the group's clocks; null: they have ended")]
    ended: Annotated[bool, Doc("whether they have ended")]


def view_one(desk: Desk, name: str) -> DuesShown | Refused:
    found = desk.book.of(AllDues).by_id.get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if found is None else _shown(desk.book, found)


def view_all(desk: Desk, wanted: DuesWanted, after: int) -> Iterable[tuple[int, DuesShown]]:
    del wanted
    found = since(list(desk.book.of(AllDues).by_id.values()), after)
    return ((cursor, _shown(desk.book, one)) for cursor, one in found)


def _shown(book: Book, dues: Dues) -> DuesShown:
    said, period = dues.said, dues.next_period
    return DuesShown(
        id=uuid_text(said.dues),
        title=said.title,
        amount=book.amount(said.currency, said.amount),
        day=said.day,
        month=said.month,
        members=tuple(book.members[one].handle for one in said.members),
        taken=dues.period,
        missed=tuple(book.members[one].handle for one in dues.missed),
        next_at=None if period is None else due_at(book, said, period),
        ended=dues.ended,
    )
