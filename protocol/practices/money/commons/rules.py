# SPDX-License-Identifier: AGPL-3.0-or-later
"""Spending what the group owns: a payment from the commons to a member, no more than the commons holds.

That it holds so much is the author's to check, as every limit is. What fees and rounding have brought to the account of
exchange is collected into the commons first; so a currency can be closed.
"""

from collections.abc import Iterable, Sequence
from typing import assert_never

from protocol.book.accounts import commons_account, exchange_account
from protocol.book.addresses import resolve_account
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Motion, News, Plan, Write, ungated
from protocol.book.ledger import Account, Posting
from protocol.book.money import minor_of, payable
from protocol.book.parties import parties
from protocol.book.payments import PAYMENT_LIFE, Payment, PaymentAuth
from protocol.book.personal import NOTE_CHARS_MAX, salted, text_refusal
from protocol.book.private import Owned
from protocol.book.promised import beyond_promised
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_MISMATCH,
    LIMIT_EXCEEDED,
    MALFORMED,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Body, Millis
from protocol.practices.money.commons.entries import Collected, PaidOut
from protocol.practices.money.commons.state import GATE, alone_minor, note
from protocol.practices.money.commons.views import Collect, PayOut, code_refusal
from protocol.practices.money.payments.transfers import unable
from protocol.practices.people.authority import PAYMENT_EXISTS

CommonsSaid = PaidOut | Collected


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, CommonsSaid)
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def _against(book: Book, body: CommonsSaid, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case PaidOut():
            payee = book.ledger.accounts.get(body.payee)
            if payee is None or payee.member is None:
                return refuse(ACCOUNT_UNKNOWN, member=body.payee)
            if body.payment in book.payments:
                return refuse(PAYMENT_EXISTS)
            refused = unable(book, _commons(book, payee.currency), payee, body.amount)
            alone = body.amount <= alone_minor(book, payee.currency, at_ms)
            return refused or (None if alone else ungated(book, GATE))
        case Collected():
            return _against_collecting(book, body)
        case _:
            assert_never(body)


def _against_collecting(book: Book, body: Collected) -> Refused | None:
    account = book.ledger.accounts.get(body.account)
    if account is None or account.id != exchange_account(account.currency):
        return refuse(ACCOUNT_UNKNOWN, member=body.account)
    if not account.balance_minor:
        return refuse(STATE_CONFLICT, state="at zero")
    return book.ledger.uncountable((commons_account(account.currency), account.balance_minor))


def _commons(book: Book, currency: str) -> Account:
    return book.ledger.accounts[commons_account(currency)]


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, CommonsSaid)
    match body:
        case PaidOut():
            return _pay(book, body, entered)
        case Collected(name):
            account = book.ledger.accounts[name]
            commons, amount = commons_account(account.currency), account.balance_minor
            return (
                Posting(name, -amount, "collection", None, commons),
                Posting(commons, amount, "collection", None, name),
            )
        case _:
            assert_never(body)


def _pay(book: Book, body: PaidOut, entered: Entered) -> Sequence[Posting]:
    payee = book.ledger.accounts[body.payee]
    commons = _commons(book, payee.currency)
    payment = Payment(
        body.payment,
        entered.seq,
        entered.at_ms,
        commons.id,
        payee.id,
        body.amount,
        body.amount,
        PAYMENT_LIFE.after(None, body.KIND),
        PaymentAuth.COMMONS,
        note=body.note,
        balance_minor=commons.balance_minor - body.amount,
    )
    book.add_payment(payment)
    note(book, payee.currency, body.amount, entered.at_ms)
    return (
        Posting(commons.id, -body.amount, "payment", body.payment, payee.id),
        Posting(payee.id, body.amount, "payment", body.payment, commons.id),
    )


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield the note with which the group pays a member: it is about the payee, and so the payee's."""
    assert isinstance(body, PaidOut)
    if body.note is not None:
        yield Owned(body.note, book.owner_of(body.payee), f"payments/{uuid_text(body.payment)}")


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, CommonsSaid)
    match body:
        case PaidOut():
            yield News("payment.posted", uuid_text(body.payment), parties(book, book.payments[body.payment]))
            yield News("commons.paid-out", book.ledger.accounts[body.payee].currency)
        case Collected():
            yield News("commons.collected", book.ledger.accounts[body.account].currency)
        case _:
            assert_never(body)


def gate(desk: Desk, code: str, wish: PayOut) -> Motion | None:
    """Return the vote that a payment needs, None where stewards may still pay so much by themselves."""
    book = desk.book
    if code not in book.currencies:
        return None
    amount = minor_of(wish.amount, code, book.currencies[code].scale)
    alone = isinstance(amount, Refused) or amount <= alone_minor(book, code, desk.now)
    return None if alone else GATE


def plan_pay(desk: Desk, code: str, wish: PayOut) -> Plan | Refused:
    book = desk.book
    refused = text_refusal("note", wish.note, NOTE_CHARS_MAX) or code_refusal(book, code)
    if refused:
        return refused
    payee = resolve_account(book, wish.payee, code)
    amount = minor_of(wish.amount, code, book.currencies[code].scale)
    if isinstance(payee, Refused) or isinstance(amount, Refused):
        return foremost(*(one for one in (payee, amount) if isinstance(one, Refused))) or refuse(MALFORMED)
    if payee.currency != code:
        return refuse(CURRENCY_MISMATCH, currency=payee.currency)
    note, texts = salted(desk, wish.note)
    body = PaidOut(book.drawn(drawn_id(desk.chance)), payee.id, amount, note)
    refused = payable(amount) or _against(book, body, desk.now)
    refused = refused or _short(_commons(book, code), amount) or book.ledger.credit_refusal(payee, amount)
    return refused or Plan(code, (Write(body),), texts)


def _short(commons: Account, amount_minor: int) -> Refused | None:
    """Return LIMIT_EXCEEDED where the commons holds less: what the group owns is spent, not what it does not have."""
    if amount_minor <= commons.balance_minor:
        return None
    return refuse(
        LIMIT_EXCEEDED,
        available=max(0, commons.balance_minor),
        missing=amount_minor - commons.balance_minor,
        limit=0,
        projected_balance=commons.balance_minor - amount_minor,
        currency=commons.currency,
    )


def plan_collect(desk: Desk, code: str, wish: Collect) -> Plan | Refused:
    del wish
    body = Collected(exchange_account(code))
    refused = code_refusal(desk.book, code) or _against(desk.book, body, desk.now)
    if refused:
        return refused
    leaves = (body.account, -desk.book.ledger.accounts[body.account].balance_minor)
    return beyond_promised(desk.book, leaves) or Plan(code, (Write(body),))
