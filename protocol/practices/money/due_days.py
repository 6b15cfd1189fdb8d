# SPDX-License-Identifier: AGPL-3.0-or-later
"""Due days: once a month, by the group's clocks, what members let be set off is, and what is left is due.

Whoever takes part has consented as for any set-off; nobody is debited otherwise. What is due is what was asked before
the day began and is open still: the debtor sees it on today, coordinators on the week's list, until it is paid.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.book import Book
from protocol.book.declaration import (
    STEWARDS,
    Act,
    At,
    Desk,
    Doc,
    Entered,
    Errand,
    List,
    News,
    Plan,
    Practice,
    Show,
    Urgency,
    Write,
)
from protocol.book.ledger import Posting
from protocol.book.money import Amount
from protocol.book.parameters import TIME_ZONE
from protocol.book.refusals import (
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.requests import Request, RequestState
from protocol.book.signed import uuid_text
from protocol.book.timezones import LocalTime
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Millis
from protocol.practices.money.currencies.entries import CODE_CHARS_MAX, Code
from protocol.practices.money.dues.entries import Day, Period
from protocol.practices.money.dues.state import following
from protocol.practices.money.obligations.rules import debtor_account
from protocol.practices.money.setoffs.entries import SetOffMade
from protocol.practices.money.setoffs.finding import largest_now, open_between


@dataclass(frozen=True, slots=True)
class DueDaySet:
    """On this day of each month what is owed in a currency is settled, at the latest on its last one; None: on none."""

    KIND: ClassVar[str] = "due-days/set"
    currency: Code
    day: Day | None


@dataclass(frozen=True, slots=True)
class DueDayHeld:
    """The due day of a month has come: what was asked before it and is open still is due."""

    KIND: ClassVar[str] = "due-days/held"
    currency: Code
    period: Period


@dataclass(slots=True)
class DueDay:
    """A currency's day of the month, and the newest month in which it has come."""

    day: int
    period: int
    """The newest month that is held, or passed when the day was set."""
    held: bool = False


@dataclass(slots=True)
class DueDays:
    """Due days by currency."""

    by_currency: dict[str, DueDay] = field(default_factory=dict[str, DueDay])


@dataclass(frozen=True, slots=True)
class SetDueDay:
    """Settle what members owe each other on one day of each month, or on none."""

    day: Annotated[Day | None, Doc("the day of the month, 31 always the last one; left out: no day any more")] = None


@dataclass(frozen=True, slots=True)
class DueDaysWanted:
    """The due days of all currencies that have one."""


@dataclass(frozen=True, slots=True)
class DueDayShown:
    """A currency's due day, and what is due by the last one."""

    currency: Annotated[str, Doc("the code of the currency")]
    day: Annotated[int | None, Doc("the day of the month; null: none")]
    next_at: Annotated[At | None, Doc("when it comes next")]
    held_at: Annotated[At | None, Doc("when it came last")]
    due: Annotated[Amount, Doc("what members owe each other that is due")]
    requests: Annotated[int, Doc("how many payment requests that is")]


def day_begins(book: Book, day: int, period: int) -> Millis:
    """Return when a due day begins by the group's clocks."""
    year, month = divmod(period, 100)
    return book.parameter(TIME_ZONE).moment(LocalTime(year, month, min(day, monthrange(year, month)[1]), 0))


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, DueDaySet | DueDayHeld)
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def _against(book: Book, body: DueDaySet | DueDayHeld, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency[:CODE_CHARS_MAX])
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=body.currency)
    known = book.of(DueDays).by_currency.get(body.currency)
    if isinstance(body, DueDaySet):
        return refuse(NOT_FOUND) if body.day is None and known is None else None
    if known is None:
        return refuse(NOT_FOUND)
    if body.period <= known.period or not 1 <= body.period % 100 <= 12:
        return refuse(DUPLICATE)
    return refuse(STATE_CONFLICT, state="not due yet") if at_ms < day_begins(book, known.day, body.period) else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, by_currency = entered.body, book.of(DueDays).by_currency
    match body:
        case DueDaySet(currency, None):
            del by_currency[currency]
        case DueDaySet(currency, int(day)):
            by_currency[currency] = DueDay(day, _passed(book, day, entered.at_ms))
        case DueDayHeld(currency, period):
            by_currency[currency].period, by_currency[currency].held = period, True
        case _:
            raise AssertionError(body)
    return ()


def _passed(book: Book, day: int, at_ms: Millis) -> int:
    """Return the newest month whose day has begun at an hour."""
    local = book.parameter(TIME_ZONE).local(at_ms)
    period = local.year * 100 + local.month
    if day_begins(book, day, period) <= at_ms:
        return period
    return period - 1 if period % 100 > 1 else period - 89


def news(book: Book, entered: Entered) -> Iterable[News]:
    match entered.body:
        case DueDaySet(currency):
            yield News("due-day.set", currency)
        case DueDayHeld(currency):
            found = _due(book, currency, entered.at_ms)
            debtors = dict.fromkeys(one.payer for one in found if one.payer is not None)
            yield News("due-day.held", currency, tuple(debtors))
        case _:
            raise AssertionError(entered.body)


def due(desk: Desk) -> Iterator[Plan]:
    """Yield the set-off of each currency whose day has come, and that it has."""
    for currency, known in list(desk.book.of(DueDays).by_currency.items()):
        period = _come(desk, currency, known)
        if period is None:
            continue
        found = largest_now(desk.book, currency, desk.now)
        shares = () if isinstance(found, Refused) else found.shares
        made = (Write(SetOffMade(drawn_id(desk.chance), currency, shares)),) if shares else ()
        yield Plan(currency, (*made, Write(DueDayHeld(currency, period))))


def _come(desk: Desk, currency: str, known: DueDay) -> int | None:
    """Return the newest month whose day has come and is not held: what a node was off for is made up for once."""
    if desk.book.currencies[currency].closed:
        return None
    period, found = following(known.period, yearly=False), None
    while period is not None and day_begins(desk.book, known.day, period) <= desk.now:
        period, found = following(period, yearly=False), period
    return found


def _due(book: Book, currency: str, now: Millis) -> Iterator[Request]:
    """Yield the requests between members that were open before the last due day, and are open still."""
    known = book.of(DueDays).by_currency.get(currency)
    if known is not None and known.held:
        begins = day_begins(book, known.day, known.period)
        yield from (request for request, _ in open_between(book, currency, now) if request.at_ms < begins)


def _shown(desk: Desk, currency: str, known: DueDay | None) -> DueDayShown:
    book, found = desk.book, list(_due(desk.book, currency, desk.now))
    if known is None:
        return DueDayShown(currency, None, None, None, book.amount(currency, 0), 0)
    coming = following(known.period, yearly=False)
    return DueDayShown(
        currency=currency,
        day=known.day,
        next_at=None if coming is None else day_begins(book, known.day, coming),
        held_at=day_begins(book, known.day, known.period) if known.held else None,
        due=book.amount(currency, sum(one.left_minor for one in found)),
        requests=len(found),
    )


def plan_set(desk: Desk, code: str, wish: SetDueDay) -> Plan | Refused:
    body = DueDaySet(code, wish.day)
    return _against(desk.book, body, desk.now) or Plan(code, (Write(body),))


def view_due_day(desk: Desk, code: str) -> DueDayShown | Refused:
    if code not in desk.book.currencies:
        return refuse(CURRENCY_UNKNOWN, currency=code[:CODE_CHARS_MAX])
    return _shown(desk, code, desk.book.of(DueDays).by_currency.get(code))


def view_due_days(desk: Desk, wanted: DueDaysWanted, after: int) -> Iterator[tuple[int, DueDayShown]]:
    del wanted
    for number, (currency, known) in enumerate(desk.book.of(DueDays).by_currency.items(), 1):
        if number > after:
            yield number, _shown(desk, currency, known)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield what a member owes that is due."""
    book = desk.book
    days = book.of(DueDays).by_currency
    for request in (
        book.requests.find("member", desk.actor.member or "") if any(one.held for one in days.values()) else ()
    ):
        currency = request.payee.rpartition(".")[2]
        known = days.get(currency)
        if (
            known is not None
            and known.held
            and request.payer == desk.actor.member
            and request.state_at(desk.now) is RequestState.OPEN
            and debtor_account(book, request) is not None
            and request.at_ms < day_begins(book, known.day, known.period)
        ):
            who, owed = book.name_of(request.payee), book.amount(currency, request.left_minor)
            yield Errand(
                uuid_text(request.id), who, "due-days.due", f"what you owe {who} is due", "payment-requests.pay",
                Urgency.DATE, figure=owed,
            )  # fmt: skip


def week(desk: Desk) -> Iterator[Errand]:
    """Yield what is due of each currency's last due day."""
    for currency, known in desk.book.of(DueDays).by_currency.items():
        shown = _shown(desk, currency, known)
        if shown.requests:
            what = "1 payment request is due" if shown.requests == 1 else f"{shown.requests} payment requests are due"
            yield Errand(
                currency, currency, "due-days.left", what, "due-days.show", Urgency.DATE, figure=shown.due,
                count=shown.requests,
            )  # fmt: skip


PRACTICE = Practice(
    name="due-days",
    entries=(DueDaySet, DueDayHeld),
    check=check,
    fold=fold,
    news=news,
    due=due,
    today=today,
    week=week,
    operations=(
        Act("due-days", "set", SetDueDay, plan=plan_set, who=STEWARDS,
            example="mutirao due-days set HORA --day 25"),
        Show("due-days", DueDayShown, view=view_due_day, id_is="the code of the currency",
             example="mutirao due-days show HORA"),
        List("due-days", DueDaysWanted, DueDayShown, view=view_due_days,
             example="mutirao due-days list"),
    ),
)  # fmt: skip
