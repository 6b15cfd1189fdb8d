# SPDX-License-Identifier: AGPL-3.0-or-later
"""Paying within the network: what a member says, what is written of it, and why it may be refused.

Payments and payment requests both end here.
"""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, NamedTuple

from protocol.book.book import Book, Payment, PaymentState, RequestState
from protocol.book.declaration import Desk, Doc, Plan, Waiting, Write
from protocol.book.ledger import Account
from protocol.book.money import Amount, minor_of, payable
from protocol.book.personal import NOTE_CHARS_MAX, SALT_BYTES, note_texts, salted, text_refusal
from protocol.book.refusals import Refused, Rejection, foremost, refuse
from protocol.book.signed import AccountId, Digest, Id, Minor, Order, Signed, order_digest, parse_uuid, uuid_text
from protocol.lanes.entry import Millis
from protocol.practices.money.payments.transfers import beyond_limits, unable
from protocol.practices.people.authority import Authority, acts_for, authorise, entrust, may_bring
from protocol.wire.shape import AtMost, Length

ADDRESS_CHARS_MAX = 256


@dataclass(frozen=True, slots=True)
class Pay:
    """Pay somebody: by an order that the member signed, or, for one without a key, by naming the terms."""

    order: Annotated[Signed | None, Doc("the signed order; it names payer, payee, amount and the rest")] = None
    payer: Annotated[
        str | None,
        AtMost(ADDRESS_CHARS_MAX),
        Doc("without an order: handle or account that pays; default: your own"),
    ] = None
    payee: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Doc("without an order: who is paid, such as bia or bia@serra")
    ] = None
    amount: Annotated[Amount | None, Doc("without an order: how much the payee gets")] = None
    pending: Annotated[bool, Doc("without an order: hold the money until the payee posts or voids it")] = False
    payment: Annotated[str | None, Doc("without an order: your own UUID for the payment; makes a retry safe")] = None
    note: Annotated[str | None, AtMost(NOTE_CHARS_MAX), Doc("what it is for; kept outside the ledger, erasable")] = None
    note_salt: Annotated[
        bytes | None, Length(SALT_BYTES), Doc("with an order: the salt under which it names the note")
    ] = None
    mandate: Annotated[str | None, Doc("the mandate under which a helper pays from another's account")] = None
    request: Annotated[str | None, Doc("the payment request that this pays")] = None
    quote: Annotated[str | None, Doc("without an order, to another network: the quote that is accepted")] = None


@dataclass(frozen=True, slots=True)
class Word:
    """The terms of a payment within the network, as a member without a key told them."""

    payment: Id
    payer: AccountId
    payee: AccountId
    amount: Minor
    pending: bool
    note: Digest | None = None


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment within the network: by signed order, or by word of mouth (custodial)."""

    KIND: ClassVar[str] = "payments/paid"
    order: Signed | None
    word: Word | None
    mandate: Id | None = None
    request: Id | None = None


class Payable(NamedTuple):
    """A payment that nothing refuses: its terms, what it rests on, whom it reaches, the order if signed."""

    terms: Word | Order
    authority: Authority
    payee: Account


def plan_pay(desk: Desk, wish: Pay) -> Plan | Waiting | Refused:
    """Decide, at the payer's own node, whether a member may pay; a payment known already is shown again."""
    refused = text_refusal("note", wish.note, NOTE_CHARS_MAX)
    if refused:
        return refused
    return _plan_word(desk, wish) if wish.order is None else _plan_order(desk, wish, wish.order)


def examine(book: Book, paid: Paid, at_ms: Millis, *, author: bool) -> Payable | Refused:
    """Return a payment as it stands in the book, or why it may not: on every node alike.

    Limits and caps are looked at for the author only.
    """
    terms = terms_of(book, paid)
    if isinstance(terms, Refused):
        return terms
    refused = payable(terms.amount)
    if refused:
        return refused
    if isinstance(terms, Order):
        assert paid.order is not None
        heard = book.heard(paid.order, Order)
        if isinstance(heard, Refused):
            return heard
        authority = authorise(book, terms, at_ms, paid.mandate)
    else:
        authority = entrust(book, terms.payer, terms.payment, at_ms, paid.mandate)
    payer = book.ledger.accounts.get(terms.payer)
    payee = book.resolve_account(terms.payee, payer.currency if payer else None)
    if isinstance(authority, Refused) or isinstance(payee, Refused):
        refused = foremost(*(one for one in (authority, payee) if isinstance(one, Refused)))
        assert refused is not None
        return refused
    refused = unable(book, authority.account, payee, terms.amount)
    refused = refused or _mismatch(book, paid, terms, authority, payee, at_ms)
    if author:
        limits = beyond_limits(book, authority.account, payee, terms.amount) or authority.short_of(terms.amount)
        refused = foremost(refused, limits)
    return refused or Payable(terms, authority, payee)


def payable_of(book: Book, paid: Paid) -> Payable:
    """Return the parts of a payment that was checked."""
    examined, found = book.examined
    if examined is paid:
        return found
    terms = terms_of(book, paid)
    assert not isinstance(terms, Refused)
    account = book.ledger.accounts[terms.payer]
    assert account.member is not None
    key = None
    if isinstance(terms, Order):
        key = book.members[book.member_by_key[terms.key]].keys[terms.key]
    mandate = None if paid.mandate is None else book.mandates[paid.mandate]
    payee = book.resolve_account(terms.payee, account.currency)
    assert isinstance(payee, Account)
    return Payable(terms, Authority(account, book.members[account.member], key, mandate), payee)


def record(paid: Paid, parts: Payable, seq: int, at_ms: Millis) -> Payment:
    """Return a checked payment as the book keeps it, not yet kept."""
    terms, authority, payee = parts
    return Payment(
        terms.payment,
        seq,
        at_ms,
        authority.account.id,
        payee.id,
        terms.amount,
        terms.amount,
        PaymentState.PENDING if terms.pending else PaymentState.POSTED,
        authority.auth,
        authority.rests_on,
        None if paid.order is None else order_digest(paid.order),
        terms.note,
        paid.mandate,
        paid.request,
        was_pending=terms.pending,
    )


def terms_of(book: Book, paid: Paid) -> Word | Order | Refused:
    if (paid.order is None) is (paid.word is None):
        return refuse(Rejection.MALFORMED, field="order", expected="either an order or a word")
    return book.said(paid.order, Order) if paid.order is not None else paid.word or refuse(Rejection.MALFORMED)


def _mismatch(
    book: Book, paid: Paid, terms: Word | Order, authority: Authority, payee: Account, at_ms: Millis
) -> Refused | None:
    """Return what in an order does not fit a payment within the network, or the request that it pays."""
    if isinstance(terms, Order):
        if terms.payee_network != book.network:
            return refuse(Rejection.ORDER_MISMATCH, field="payee_network")
        if terms.invoice is not None or terms.condition is not None:
            return refuse(Rejection.ORDER_MISMATCH, field="invoice")
        if terms.amount > terms.max_debit:
            return refuse(
                Rejection.MAX_DEBIT_EXCEEDED,
                debit=terms.amount,
                max_debit=terms.max_debit,
                currency=authority.account.currency,
            )
    if paid.request is None:
        return None
    request = book.requests.get(paid.request)
    if request is None:
        return refuse(Rejection.NOT_FOUND)
    if request.payer not in (None, authority.member.id):
        return refuse(Rejection.FORBIDDEN, allowed="the member who is asked")
    for field, fits in (
        ("payee", request.payee == payee.id),
        ("amount", request.left_minor == terms.amount),
        ("pending", not terms.pending),
    ):
        if not fits:
            return refuse(Rejection.ORDER_MISMATCH, field=field)
    state = request.state_at(at_ms)
    return None if state is RequestState.OPEN else refuse(Rejection.REQUEST_CLOSED, state=state.value)


def _plan_order(desk: Desk, wish: Pay, signed: Signed) -> Plan | Waiting | Refused:
    book = desk.book
    for field in ("payer", "payee", "amount", "payment", "quote"):
        if getattr(wish, field) is not None:
            return refuse(Rejection.MALFORMED, field=field, expected="nothing beside the order")
    if wish.pending:
        return refuse(Rejection.MALFORMED, field="pending", expected="nothing beside the order")
    order = book.said(signed, Order)
    if isinstance(order, Refused):
        return order
    known = book.payments.get(order.payment)
    if known is not None and known.said == order_digest(signed):
        return Plan(uuid_text(known.id))
    texts = note_texts(order.note, wish.note, wish.note_salt)
    mismatch = texts if isinstance(texts, Refused) else None
    if order.key in book.member_by_key and not may_bring(book, desk.actor, order.key):
        mismatch = refuse(Rejection.FORBIDDEN, allowed="the member who signed the order")
    if order.payee_network != book.network:
        return mismatch or _plan_abroad(desk, wish, order)
    paid = _paid(wish, signed, None)
    found = paid if isinstance(paid, Refused) else examine(book, paid, desk.now, author=True)
    refused = foremost(found if isinstance(found, Refused) else None, mismatch)
    if refused:
        return refused
    assert isinstance(paid, Paid) and not isinstance(texts, Refused)
    return Plan(uuid_text(order.payment), (Write(paid),), texts)


def _plan_word(desk: Desk, wish: Pay) -> Plan | Waiting | Refused:
    book = desk.book
    if wish.payee is None or wish.amount is None:
        field = "payee" if wish.payee is None else "amount"
        return refuse(Rejection.MALFORMED, field=field, expected="a value, unless there is an order")
    local = book.local(wish.payee)
    # The amount is in the payee's currency, which says nothing of the payer's where the payee is abroad.
    payer = _payer_of(desk, wish, None if local is None else wish.amount.asset_code)
    if isinstance(payer, Refused):
        return payer
    payment = desk.chance(16) if wish.payment is None else parse_uuid(wish.payment)
    if payment is None:
        return refuse(Rejection.MALFORMED, field="payment", expected="a UUID")
    if local is None:
        return _plan_abroad(desk, replace(wish, payer=payer.id), None)
    amount = minor_of(wish.amount, payer.currency, book.currencies[payer.currency].scale)
    payee = book.resolve_account(local, payer.currency)
    if isinstance(amount, Refused) or isinstance(payee, Refused):
        refused = foremost(*(one for one in (amount, payee) if isinstance(one, Refused)))
        assert refused is not None
        return refused
    known = book.payments.get(payment)
    terms = (None, payer.id, payee.id, amount, wish.pending)
    if known is not None and terms == (
        known.said,
        known.payer,
        known.payee,
        known.amount_minor,
        known.was_pending,
    ):
        return Plan(uuid_text(payment))
    note, texts = salted(desk, wish.note)
    paid = _paid(wish, None, Word(payment, payer.id, payee.id, amount, wish.pending, note))
    if isinstance(paid, Refused):
        return paid
    found = examine(book, paid, desk.now, author=True)
    return found if isinstance(found, Refused) else Plan(uuid_text(payment), (Write(paid),), texts)


def _payer_of(desk: Desk, wish: Pay, currency: str | None) -> Account | Refused:
    """Return the account that pays by word of mouth, if whoever asks may speak for it."""
    book, actor = desk.book, desk.actor
    address = wish.payer
    speaks_for = None
    if wish.mandate is not None:
        mandate = book.mandates.get(parse_uuid(wish.mandate) or b"")
        if mandate is None:
            return refuse(Rejection.MANDATE_UNKNOWN)
        address, speaks_for = mandate.account if address is None else address, mandate.helper
    if address is None:
        address = actor.member
    if address is None:
        return refuse(Rejection.MALFORMED, field="payer", expected="a value")
    account = book.resolve_account(address, currency)
    if isinstance(account, Refused):
        return account
    member = book.members.get(speaks_for or account.member or "")
    if member is None or not acts_for(actor, member):
        return refuse(Rejection.FORBIDDEN, allowed="the payer")
    return account


def _paid(wish: Pay, order: Signed | None, word: Word | None) -> Paid | Refused:
    mandate = None if wish.mandate is None else parse_uuid(wish.mandate)
    if mandate is None and wish.mandate is not None:
        return refuse(Rejection.MANDATE_UNKNOWN)
    request = None if wish.request is None else parse_uuid(wish.request)
    if request is None and wish.request is not None:
        return refuse(Rejection.NOT_FOUND)
    return Paid(order, word, mandate, request)


def _plan_abroad(desk: Desk, wish: Pay, order: Order | None) -> Plan | Waiting | Refused:
    if desk.book.abroad is None:
        return refuse(Rejection.NETWORK_UNKNOWN, network=(wish.payee or "").rpartition("@")[2][:64])
    return desk.book.abroad(desk, wish, order)
