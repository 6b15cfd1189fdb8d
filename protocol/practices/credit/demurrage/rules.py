# SPDX-License-Identifier: AGPL-3.0-or-later
"""Demurrage: money that is held loses a part each month, which the commons gets, so that it goes round.

One entry takes it of everybody: it names nobody, since all that it moves follows from the balances where it stands. Who
is at zero or below gives nothing, and so no limit is looked at.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from protocol.book.accounts import commons_account
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Motion, News, Plan, Write, ungated
from protocol.book.ledger import Posting
from protocol.book.parameters import TIME_ZONE
from protocol.book.refusals import (
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    MALFORMED,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.lanes.entry import Millis
from protocol.practices.credit.demurrage.entries import DemurrageSet, DemurrageTaken
from protocol.practices.credit.demurrage.state import Demurrage, Demurrages, demurrage_due_at, given_by
from protocol.practices.credit.demurrage.views import SetDemurrage
from protocol.practices.money.currencies.entries import CODE_CHARS_MAX
from protocol.practices.money.dues.rules import DUES_LATE_MS_MAX
from protocol.practices.money.dues.state import following

GATE = Motion()
DemurrageSaid = DemurrageSet | DemurrageTaken


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, DemurrageSaid)
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def _against(book: Book, body: DemurrageSaid, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency[:CODE_CHARS_MAX])
    match body:
        case DemurrageSet():
            if not 1 <= body.first % 100 <= 12:
                return refuse(MALFORMED, field="first", expected="a month, such as 202701")
            closed = refuse(CURRENCY_CLOSED, currency=body.currency) if currency.closed else None
            return closed or ungated(book, GATE)
        case DemurrageTaken():
            return _against_taking(book, body, at_ms)
        case _:
            assert_never(body)


def _against_taking(book: Book, body: DemurrageTaken, at_ms: Millis) -> Refused | None:
    known = book.of(Demurrages).by_code.get(body.currency)
    if known is None:
        return refuse(NOT_FOUND)
    first = known.next_period
    if first is None:
        return refuse(STATE_CONFLICT, state="ended")
    if body.period < first or not 1 <= body.period % 100 <= 12:
        return refuse(DUPLICATE)
    if at_ms < demurrage_due_at(book, known.said, body.period):
        return refuse(STATE_CONFLICT, state="not due yet")
    if book.currencies[body.currency].closed:
        return refuse(CURRENCY_CLOSED, currency=body.currency)
    given = sum(minor for _, minor in given_by(book, known.said))
    return book.ledger.uncountable((commons_account(body.currency), given))


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, by_code = entered.body, book.of(Demurrages).by_code
    assert isinstance(body, DemurrageSaid)
    match body:
        case DemurrageSet():
            known = by_code.get(body.currency)
            if known is None:
                by_code[body.currency] = Demurrage(body, entered.seq)
            else:
                known.said = body
            return ()
        case DemurrageTaken():
            return _take(book, by_code[body.currency], body, entered.at_ms)
        case _:
            assert_never(body)


def _take(book: Book, known: Demurrage, body: DemurrageTaken, at_ms: Millis) -> Sequence[Posting]:
    commons = commons_account(body.currency)
    postings = [Posting(account, -minor, "demurrage", None, commons) for account, minor in given_by(book, known.said)]
    taken = -sum(one.amount_minor for one in postings)
    known.period, known.taken_minor, known.taken_at_ms = body.period, taken, at_ms
    known.total_minor += taken
    return (*postings, Posting(commons, taken, "demurrage")) if taken else ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, DemurrageSaid)
    match body:
        case DemurrageSet(code):
            holders = (one.member for one in book.ledger.accounts.values() if one.currency == code)
            yield News("demurrage.set", code, tuple(one for one in holders if one is not None))
        case DemurrageTaken(code):
            yield News("demurrage.taken", code, (), {"period": body.period})
        case _:
            assert_never(body)


def due(desk: Desk) -> Iterator[Plan]:
    """Yield what is to be taken now: of each currency one entry a tick."""
    for code, known in list(desk.book.of(Demurrages).by_code.items()):
        period = _due_period(desk, known)
        if period is not None:
            yield Plan(code, (Write(DemurrageTaken(code, period)),))


def _due_period(desk: Desk, known: Demurrage) -> int | None:
    """Return the month that is due; what a node has missed by more than two is passed over."""
    book, said, period = desk.book, known.said, known.next_period
    while period is not None and demurrage_due_at(book, said, period) < desk.now - DUES_LATE_MS_MAX:
        period = following(period, yearly=False)
    closed = book.currencies[said.currency].closed
    return None if period is None or closed or demurrage_due_at(book, said, period) > desk.now else period


def plan_set(desk: Desk, code: str, wish: SetDemurrage) -> Plan | Refused:
    if code not in desk.book.currencies:
        return refuse(CURRENCY_UNKNOWN, currency=code[:CODE_CHARS_MAX])
    body = DemurrageSet(code, wish.basis_points, wish.day, 190_001)
    body = DemurrageSet(code, wish.basis_points, wish.day, wish.first or _first_period(desk, body))
    return _against(desk.book, body, desk.now) or Plan(code, (Write(body),))


def _first_period(desk: Desk, body: DemurrageSet) -> int:
    """Return the next month in which it falls due."""
    local = desk.book.parameter(TIME_ZONE).local(desk.now)
    period = local.year * 100 + local.month
    passed = demurrage_due_at(desk.book, body, period) <= desk.now
    return (following(period, yearly=False) or period) if passed else period
