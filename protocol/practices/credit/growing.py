# SPDX-License-Identifier: AGPL-3.0-or-later
"""Limits that grow by a rule that everybody knows: after months of membership, and some trade, one may owe more.

On the first of each month one entry says whose limit grows and by what trade; every node reckons it again. It never
lowers a limit: that is a steward's to do, by hand.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.addresses import resolve_account
from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Entered, List, Motion, News, Parameter, Plan, Practice, Show, Write
from protocol.book.ledger import Account, Posting
from protocol.book.money import BASIS_POINTS, Amount
from protocol.book.parameters import TIME_ZONE, Money, Number, Percentage
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import AccountId, LeastMinor
from protocol.book.timezones import LocalTime
from protocol.lanes.entry import Millis
from protocol.practices.money.currencies.entries import Code
from protocol.practices.money.dues.entries import Period
from protocol.practices.people.authority import may_see
from protocol.wire.shape import AtMost

GROWN_MAX = 1_500
"""Limits that grow by one entry; where there are more, several follow each other."""
GATE = Motion()
MONTHS = Parameter(
    "limit-growth.months",
    Number(1, 120, "months"),
    6,
    "how long one has to be a member, or to have had a limit, before it grows",
    changed_by=GATE,
)
TURNOVER = Parameter(
    "limit-growth.turnover",
    Money(),
    0,
    "how much one has to have paid and been paid meanwhile",
    changed_by=GATE,
)
STEP_OF_GROWTH = Parameter(
    "limit-growth.step",
    Percentage(),
    0,
    "by which part of itself a limit grows each time; 0%: limits do not grow by themselves",
    changed_by=GATE,
)
MOST = Parameter(
    "limit-growth.most",
    Money(),
    0,
    "up to which credit limit it grows; 0: none grows in this currency",
    changed_by=GATE,
)


@dataclass(frozen=True, slots=True)
class GrownLimit:
    """How far an account may owe from now on (minor units), and the trade for which."""

    account: AccountId
    least: LeastMinor
    turnover: Annotated[int, Doc("what it has paid and been paid, in minor units")]


@dataclass(frozen=True, slots=True)
class LimitsGrown:
    """By the group's rule these limits grow in a month."""

    KIND: ClassVar[str] = "limit-growth/grown"
    currency: Code
    period: Period
    grown: Annotated[tuple[GrownLimit, ...], AtMost(GROWN_MAX)]


@dataclass(slots=True)
class Growing:
    """What each account has traded since its limit grew last (minor units), and when that was."""

    turnover: dict[str, int] = field(default_factory=dict[str, int])
    grown_at: dict[str, Millis] = field(default_factory=dict[str, int])


@dataclass(slots=True)
class LookingForGrown:
    """For which month this node has looked last, by currency: no part of the fold."""

    TRANSIENT: ClassVar[bool] = True
    periods: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class GrowingWanted:
    """When your limits grow next."""


@dataclass(frozen=True, slots=True)
class GrowingShown:
    """How far an account may owe, and what is still to be done until it may owe more."""

    id: Annotated[str, Doc("the account")]
    limit: Annotated[Amount, Doc("how far it may owe now")]
    next_limit: Annotated[Amount, Doc("how far it may owe after the next time; the same where it grows no more")]
    most: Annotated[Amount, Doc("up to where it grows by itself")]
    turnover: Annotated[Amount, Doc("what was paid and received since the last time")]
    turnover_missing: Annotated[Amount, Doc("how much trade is missing")]
    months_missing: Annotated[int, Doc("how many months are missing")]
    grown_at: Annotated[At | None, Doc("when it grew last; null: it has not")]


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, LimitsGrown)
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def _against(book: Book, body: LimitsGrown, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    if not body.grown or body.period != _period_at(book, at_ms):
        return refuse(MALFORMED, field="period", expected="this month, and whose limit grows")
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=currency.code)
    if len({one.account for one in body.grown}) < len(body.grown):
        return refuse(DUPLICATE)
    for one in body.grown:
        account = book.ledger.accounts.get(one.account)
        if account is None or account.currency != currency.code or account.member is None:
            return refuse(ACCOUNT_UNKNOWN, member=one.account)
        if _grown(book, account, at_ms) != one:
            return refuse(FORBIDDEN, allowed="what the group's rule says")
    return None


def _period_at(book: Book, at_ms: Millis) -> int:
    local = book.parameter(TIME_ZONE).local(at_ms)
    return local.year * 100 + local.month


def months_since(book: Book, since_ms: Millis, at_ms: Millis) -> int:
    """Return how many months have gone by on the group's clocks."""
    zone = book.parameter(TIME_ZONE)
    since, now = zone.local(since_ms), zone.local(at_ms)
    months = (now.year - since.year) * 12 + now.month - since.month
    return max(0, months - (_of_month(now) < _of_month(since)))


def _of_month(local: LocalTime) -> tuple[int, int]:
    return local.day, local.of_day_ms


def _grown(book: Book, account: Account, at_ms: Millis) -> GrownLimit | None:
    """Return how an account's limit grows at an hour by the group's rule, None where it does not."""
    assert account.member is not None
    turnover = book.of(Growing).turnover.get(account.id, 0)
    least = _next_least(book, account)
    waits = months_since(book, _since(book, account), at_ms) < book.parameter(MONTHS)
    if waits or turnover < book.parameter(TURNOVER, account.currency) or least == account.least_minor:
        return None
    return None if book.members[account.member].inactive() else GrownLimit(account.id, least, turnover)


def _since(book: Book, account: Account) -> Millis:
    grown_at = book.of(Growing).grown_at.get(account.id)
    return book.members[account.member or ""].at_ms if grown_at is None else grown_at


def _next_least(book: Book, account: Account) -> int:
    """Return how low the balance may go after the next time: never higher than now."""
    now = -(account.least_minor or 0)
    grown = now + now * book.parameter(STEP_OF_GROWTH) // BASIS_POINTS
    return -max(now, min(grown, book.parameter(MOST, account.currency)))


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, growing = entered.body, book.of(Growing)
    assert isinstance(body, LimitsGrown)
    for one in body.grown:
        book.ledger.accounts[one.account].least_minor = one.least
        growing.turnover.pop(one.account, None)
        growing.grown_at[one.account] = entered.at_ms
    return ()


def posted(book: Book, entered: Entered, postings: Sequence[Posting]) -> None:
    """Keep what members pay and are paid: part of the fold."""
    del entered
    turnover = book.of(Growing).turnover
    for one in postings:
        if one.kind == "payment" and book.ledger.accounts[one.account].member is not None:
            turnover[one.account] = turnover.get(one.account, 0) + abs(one.amount_minor)


def news(book: Book, entered: Entered) -> Iterable[News]:
    assert isinstance(entered.body, LimitsGrown)
    whom = tuple(book.owner_of(one.account) for one in entered.body.grown)
    yield News("limits.grown", entered.body.currency, whom, {"period": entered.body.period})


def due(desk: Desk) -> Iterator[Plan]:
    """Yield whose limits grow this month: looked for once a month, and after a start."""
    book, looked = desk.book, desk.book.of(LookingForGrown).periods
    period = _period_at(book, desk.now) if book.parameter(STEP_OF_GROWTH) else 0
    for code, currency in book.currencies.items():
        if not period or currency.closed or not book.parameter(MOST, code) or looked.get(code) == period:
            continue
        looked[code] = period
        accounts = (one for one in book.ledger.accounts.values() if one.currency == code and one.member is not None)
        grown = [found for one in accounts if (found := _grown(book, one, desk.now)) is not None]
        for first in range(0, len(grown), GROWN_MAX):
            some = tuple(grown[first : first + GROWN_MAX])
            yield Plan(code, (Write(LimitsGrown(code, period, some)),))


def view_growing(desk: Desk, address: str) -> GrowingShown | Refused:
    account = resolve_account(desk.book, address)
    if isinstance(account, Refused):
        return account
    if account.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=address)
    if not may_see(desk.actor, account.member):
        return refuse(FORBIDDEN, allowed="the member itself")
    return _shown(desk, account)


def list_growing(desk: Desk, wanted: GrowingWanted, after: int) -> Iterator[tuple[int, GrowingShown]]:
    del wanted
    own = desk.book.ledger.of_member(desk.actor.member or "")
    return ((cursor, _shown(desk, one)) for cursor, one in enumerate(own, 1) if cursor > after)


def _shown(desk: Desk, account: Account) -> GrowingShown:
    book, code = desk.book, account.currency
    turnover = book.of(Growing).turnover.get(account.id, 0)
    gone = months_since(book, _since(book, account), desk.now)
    return GrowingShown(
        id=account.id,
        limit=book.amount(code, -(account.least_minor or 0)),
        next_limit=book.amount(code, -_next_least(book, account)),
        most=book.amount(code, book.parameter(MOST, code)),
        turnover=book.amount(code, turnover),
        turnover_missing=book.amount(code, max(0, book.parameter(TURNOVER, code) - turnover)),
        months_missing=max(0, book.parameter(MONTHS) - gone),
        grown_at=book.of(Growing).grown_at.get(account.id),
    )


PRACTICE = Practice(
    name="limit-growth",
    entries=(LimitsGrown,),
    check=check,
    fold=fold,
    posted=posted,
    news=news,
    due=due,
    parameters=(MONTHS, TURNOVER, STEP_OF_GROWTH, MOST),
    operations=(
        Show(
            "limit-growth",
            GrowingShown,
            view=view_growing,
            id_is="the handle or the account of a member",
            example="mutirao limit-growth show ana",
        ),
        List("limit-growth", GrowingWanted, GrowingShown, view=list_growing, example="mutirao limit-growth list"),
    ),
)
