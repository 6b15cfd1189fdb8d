# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dues: the group decides by vote what its members pay to the commons; each period is taken once, in one entry.

No member signs it, so every node sees to it that the group has decided it, that the day has come, and that each who is
debited owes it. Who has no room for it is passed over and shown; that is the author's to check, as every limit is.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import assert_never

from protocol.book.accounts import account_id, commons_account
from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Motion, News, Plan, Write, ungated
from protocol.book.ledger import Posting
from protocol.book.money import minor_of, payable
from protocol.book.parameters import TIME_ZONE
from protocol.book.personal import text_refusal
from protocol.book.refusals import (
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Millis
from protocol.practices.money.dues.entries import DUES_MEMBERS_MAX, DUES_TITLE_CHARS_MAX, DuesEnded, DuesSet, DuesTaken
from protocol.practices.money.dues.state import AllDues, Dues, debtors, due_at, following, is_period
from protocol.practices.money.dues.views import EndDues, SetDues

GATE = Motion()
DUES_LATE_MS_MAX = 62 * 24 * 60 * 60 * 1_000
"""How late a period is still taken: what a node missed by more is passed over, and no clock that leaps takes years."""

DuesSaid = DuesSet | DuesTaken | DuesEnded


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, DuesSaid)
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def _against(book: Book, body: DuesSaid, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    known = book.of(AllDues).by_id.get(body.dues)
    match body:
        case DuesSet():
            return _against_setting(book, body, known)
        case DuesEnded():
            return _not_running(known)
        case DuesTaken():
            return _not_running(known) or _against_taking(book, body, known, at_ms)
        case _:
            assert_never(body)


def _not_running(known: Dues | None) -> Refused | None:
    if known is None:
        return refuse(NOT_FOUND)
    return refuse(STATE_CONFLICT, state="ended") if known.ended else None


def _against_setting(book: Book, body: DuesSet, known: Dues | None) -> Refused | None:
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    strange = next((one for one in body.members if one not in book.members), None)
    if strange is not None:
        return refuse(MEMBER_UNKNOWN, member=strange)
    if known is not None or len(set(body.members)) < len(body.members):
        return refuse(DUPLICATE)
    if not is_period(body, body.first):
        return refuse(MALFORMED, field="first", expected="a month in which they fall due")
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=body.currency)
    return ungated(book, GATE)


def _against_taking(book: Book, body: DuesTaken, known: Dues | None, at_ms: Millis) -> Refused | None:
    assert known is not None
    said = known.said
    newest = known.period
    again = newest is not None and (body.period < newest or (body.period == newest and known.closed))
    if again or not is_period(said, body.period):
        return refuse(DUPLICATE)
    if at_ms < due_at(book, said, body.period):
        return refuse(STATE_CONFLICT, state="not due yet")
    owing = {member.id for member in debtors(book, known, body.period)}
    strange = next((name for name in body.members if name not in owing), None)
    if strange is not None or len(set(body.members)) < len(body.members):
        return refuse(FORBIDDEN, allowed="who owes them")
    if book.currencies[said.currency].closed:
        return refuse(CURRENCY_CLOSED, currency=said.currency)
    debits = ((account_id(name, said.currency), -said.amount) for name in body.members)
    return book.ledger.uncountable(*debits, (commons_account(said.currency), said.amount * len(body.members)))


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, DuesSaid)
    by_id = book.of(AllDues).by_id
    match body:
        case DuesSet():
            by_id[body.dues] = Dues(body, entered.seq)
            return ()
        case DuesEnded():
            by_id[body.dues].ended = True
            return ()
        case DuesTaken():
            return _take(book, by_id[body.dues], body)
        case _:
            assert_never(body)


def _take(book: Book, dues: Dues, body: DuesTaken) -> Sequence[Posting]:
    said = dues.said
    if dues.period != body.period:
        dues.period, dues.paid = body.period, set()
    dues.paid.update(body.members)
    dues.closed = body.last
    dues.missed = tuple(member.id for member in debtors(book, dues, body.period)) if body.last else ()
    if body.last:
        dues.paid = set()
    if not body.members:
        return ()
    commons = commons_account(said.currency)
    accounts = [account_id(name, said.currency) for name in body.members]
    taken = (Posting(account, -said.amount, "dues", None, commons) for account in accounts)
    return (*taken, Posting(commons, said.amount * len(accounts), "dues"))


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, DuesSaid)
    name = uuid_text(body.dues)
    match body:
        case DuesSet():
            yield News("dues.set", name, body.members or tuple(book.members))
        case DuesEnded():
            yield News("dues.ended", name)
        case DuesTaken():
            yield News("dues.taken", name, body.members, {"period": body.period})
        case _:
            assert_never(body)


def due(desk: Desk) -> Iterator[Plan]:
    """Yield what is to be taken now: for each dues at most one entry a tick."""
    for name, dues in list(desk.book.of(AllDues).by_id.items()):
        period = _due_period(desk, dues)
        if period is not None:
            yield Plan(uuid_text(name), (Write(_taking(desk.book, dues, period)),))


def _due_period(desk: Desk, dues: Dues) -> int | None:
    book, said, period = desk.book, dues.said, dues.next_period
    while period is not None and due_at(book, said, period) < desk.now - DUES_LATE_MS_MAX:
        period = following(period, said.month is not None)
    closed = book.currencies[said.currency].closed
    return None if period is None or closed or due_at(book, said, period) > desk.now else period


def _taking(book: Book, dues: Dues, period: int) -> DuesTaken:
    said, accounts = dues.said, book.ledger.accounts
    able = (
        member.id
        for member in debtors(book, dues, period)
        if book.ledger.debit_refusal(accounts[account_id(member.id, said.currency)], said.amount) is None
    )
    found = tuple(islice(able, DUES_MEMBERS_MAX + 1))
    return DuesTaken(said.dues, period, found[:DUES_MEMBERS_MAX], len(found) <= DUES_MEMBERS_MAX)


def plan_set(desk: Desk, wish: SetDues) -> Plan | Refused:
    book = desk.book
    currency = book.currencies.get(wish.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=wish.currency)
    amount = minor_of(wish.amount, currency.code, currency.scale)
    refused = payable(amount) if isinstance(amount, int) else amount
    refused = foremost(text_refusal("title", wish.title, DUES_TITLE_CHARS_MAX), refused)
    found = [resolve_member(book, address) for address in wish.members]
    refused = refused or next((one for one in found if isinstance(one, Refused)), None)
    if refused is not None:
        return refused
    assert isinstance(amount, int)
    members = tuple(one.id for one in found if not isinstance(one, Refused))
    body = DuesSet(drawn_id(desk.chance), wish.title, currency.code, amount, wish.day, wish.month, 0, members)
    first = wish.first or _first_period(desk, body)
    body = DuesSet(body.dues, body.title, body.currency, amount, body.day, body.month, first, members)
    return _against(book, body, desk.now) or Plan(uuid_text(body.dues), (Write(body),))


def _first_period(desk: Desk, body: DuesSet) -> int:
    """Return the next period in which dues fall due."""
    local = desk.book.parameter(TIME_ZONE).local(desk.now)
    period = local.year * 100 + (local.month if body.month is None else body.month)
    passed = due_at(desk.book, body, period) <= desk.now
    return (following(period, body.month is not None) or period) if passed else period


def plan_end(desk: Desk, name: str, wish: EndDues) -> Plan | Refused:
    del wish
    body = DuesEnded(parse_uuid(name) or b"")
    return _against(desk.book, body, desk.now) or Plan(name, (Write(body),))
