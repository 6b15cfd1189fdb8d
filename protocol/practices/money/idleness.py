# SPDX-License-Identifier: AGPL-3.0-or-later
"""Idleness: which members have not traded for long, so that somebody goes and asks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import READERS, At, Desk, Doc, Entered, Errand, List, Parameter, Practice, Urgency
from protocol.book.ledger import Posting
from protocol.book.members import Member, MemberState
from protocol.book.parameters import Number
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.people.absences import is_away
from protocol.wire.shape import Range

IDLE_DAYS_MAX = 3_650
IDLE_DAYS = Parameter(
    "members.idle_days",
    Number(7, IDLE_DAYS_MAX, "days"),
    90,
    "after how many days without a trade those who coordinate are told of a member",
)
_TRADES = frozenset({"payment", "hold"})
"""Statement words of what a member does; dues, levies and what clears debts happen to it."""


@dataclass(slots=True)
class Trades:
    """When each member has last paid or been paid, by id."""

    last_ms: dict[str, Millis] = field(default_factory=dict[str, Millis])


def posted(book: Book, entered: Entered, postings: Sequence[Posting]) -> None:
    """Follow who trades."""
    last_ms = book.of(Trades).last_ms
    for posting in postings:
        if posting.kind in _TRADES:
            member = book.ledger.accounts[posting.account].member
            if member is not None:
                last_ms[member] = entered.at_ms


@dataclass(frozen=True, slots=True)
class IdleWanted:
    """Members who have not traded for long, and are not on leave."""

    days: Annotated[int | None, Range(1, IDLE_DAYS_MAX), Doc("for how many days; default: `members.idle_days`")] = None


@dataclass(frozen=True, slots=True)
class IdleShown:
    """A member who has not traded for long."""

    id: Annotated[str, Doc("the member's id")]
    handle: str
    since: Annotated[At, Doc("when it last traded, or joined")]


def idle(book: Book, now: Millis, days: int) -> Iterator[tuple[Member, Millis]]:
    """Yield active members who have neither paid nor been paid for so many days, and since when (milliseconds)."""
    last_ms = book.of(Trades).last_ms
    for member in book.members.values():
        since = last_ms.get(member.id, member.at_ms)
        if now - since >= days * DAY_MS and member.state is MemberState.ACTIVE and not is_away(book, member.id, now):
            yield member, since


def view_idle(desk: Desk, wanted: IdleWanted, after: int) -> Iterable[tuple[int, IdleShown]]:
    days = desk.book.parameter(IDLE_DAYS) if wanted.days is None else wanted.days
    found = enumerate(idle(desk.book, desk.now, days), 1)
    return ((at, IdleShown(one.id, one.handle, since)) for at, (one, since) in found if at > after)


def week(desk: Desk) -> Iterator[Errand]:
    """Yield how many members have not traded for long."""
    days = desk.book.parameter(IDLE_DAYS)
    count = sum(1 for _ in idle(desk.book, desk.now, days))
    if count:
        said = f"{count} members have not traded for {days} days"
        yield Errand("", "members", "members.idle", said, "idle-members.list", Urgency.PEOPLE, count=count)


PRACTICE = Practice(
    name="idle-members",
    entries=(),
    posted=posted,
    week=week,
    parameters=(IDLE_DAYS,),
    operations=(
        List(
            "idle-members",
            IdleWanted,
            IdleShown,
            view=view_idle,
            who=READERS,
            example="mutirao idle-members list --days 60",
        ),
    ),
)
