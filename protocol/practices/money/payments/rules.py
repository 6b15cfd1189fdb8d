# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a payment may stand, be posted, voided and reversed, and what that moves."""

from collections.abc import Sequence

from protocol.book.accounts import commons_account
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Plan, Role, Write
from protocol.book.ledger import Posting
from protocol.book.members import MemberState
from protocol.book.parties import parties
from protocol.book.payments import PAYMENT_LIFE, Payment
from protocol.book.refusals import (
    CURRENCY_CLOSED,
    FORBIDDEN,
    PAYMENT_UNKNOWN,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.money.payments.entries import Paid, Pay, Posted, Reversed, ReversePayment, Voided
from protocol.practices.money.payments.paying import examine, payable_of, record
from protocol.practices.money.payments.refunds import REFUND_EXCEEDS
from protocol.practices.money.payments.transfers import begin_payment, post, reserved, reverse, void
from protocol.practices.money.payments.views import PostPayment, VoidPayment
from protocol.practices.people.authority import Authority, acts_for, may_see, not_said_by


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    match entered.body:
        case Paid() as body:
            parts = payable_of(book, body)
            payment = record(parts, entered.seq, entered.at_ms)
            if payment.request is not None:
                book.requests.change(payment.request).settle(payment.id, body.KIND)
            postings = begin_payment(book, payment)
            parts.authority.spend(payment.debit_minor or 0)
            return postings
        case Posted() as body:
            return post(book, book.payments.change(body.payment), entered)
        case Voided() as body:
            return void(book, book.payments.change(body.payment), entered)
        case Reversed() as body:
            said = said_in(book, body, ReversePayment)
            payment = book.payments.change(said.wish.payment)
            if said.device is not None:
                said.device.spend(_given_back(payment))
            return reverse(book, payment, entered)
        case _:
            raise AssertionError(entered.body)


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case Paid():
            found = examine(book, said_in(book, body, Pay), at_ms, author=False)
            if isinstance(found, Refused):
                return found
            book.examined = body, found
            return None
        case Posted(name):
            payment = _local(book, name, Posted.KIND)
            if isinstance(payment, Refused):
                return payment
            payee = book.ledger.accounts[payment.payee]
            refused = None if payee.member is None else book.members[payee.member].inactive()
            commons = commons_account(payee.currency)
            return refused or book.ledger.uncountable((commons, payment.amount_minor + payment.payer_levy_minor))
        case Voided(name):
            payment = _local(book, name, Voided.KIND)
            return payment if isinstance(payment, Refused) else None
        case Reversed():
            return _against_reversal(book, said_in(book, body, ReversePayment))
        case _:
            raise AssertionError(body)


def _local(book: Book, name: bytes, kind: str) -> Payment | Refused:
    """Return a payment within the network that is in a state in which an entry of this kind may stand."""
    payment = book.payments.get(name)
    if payment is None:
        return refuse(PAYMENT_UNKNOWN)
    conflict = PAYMENT_LIFE.conflict(payment.state, kind)
    if conflict is not None:
        return conflict
    if payment.abroad is not None:
        return refuse(STATE_CONFLICT, state="between networks")
    return payment


def _against_reversal(book: Book, said: Said[ReversePayment]) -> Refused | None:
    payment = _local(book, said.wish.payment, Reversed.KIND)
    if isinstance(payment, Refused):
        return payment
    if payment.refunds is not None:
        return refuse(STATE_CONFLICT, state="a refund itself")
    book.requests.need(() if payment.request is None else (payment.request,))
    payee = book.ledger.accounts[payment.payee].member
    if payee is not None and (refused := not_said_by(said, book.members[payee])):
        return refused
    if payee is None and said.device is not None:
        return refuse(FORBIDDEN, allowed="the network itself")
    for name in parties(book, payment):
        member = book.members[name]
        if member.state is MemberState.LEFT:
            return member.inactive()
    payer, currency = book.ledger.accounts[payment.payer], book.ledger.accounts[payment.payee].currency
    if book.currencies[currency].closed:
        return refuse(CURRENCY_CLOSED, currency=currency)
    if payment.refunded_minor:
        scale = book.currencies[currency].scale
        return refuse(REFUND_EXCEEDS, available=payment.refundable_minor, currency=currency, unit=currency, scale=scale)
    return book.ledger.uncountable(
        (payment.payee, -payment.amount_minor),
        (payer.id, reserved(payer) + payment.amount_minor + payment.payer_levy_minor),
        (commons_account(currency), -payment.levy_minor - payment.payer_levy_minor),
    )


def plan_post(desk: Desk, name: str, wish: PostPayment) -> Plan | Refused:
    del wish
    book = desk.book
    payment = book.payments.get(parse_uuid(name) or b"")
    if payment is None:
        return refuse(PAYMENT_UNKNOWN)
    if not _speaks_for_payee(desk, payment):
        return refuse(FORBIDDEN, allowed="the payee")
    body = Posted(payment.id)
    refused = _against(book, body, desk.now)
    if refused is None:
        refused = book.ledger.credit_refusal(book.ledger.accounts[payment.payee], payment.amount_minor)
    return refused or Plan(uuid_text(payment.id), (Write(body),))


def plan_void(desk: Desk, name: str, wish: VoidPayment) -> Plan | Refused:
    del wish
    payment = desk.book.payments.get(parse_uuid(name) or b"")
    if payment is None:
        return refuse(PAYMENT_UNKNOWN)
    if desk.actor.role is not Role.STEWARD and not _speaks_for_payee(desk, payment):
        return refuse(FORBIDDEN, allowed="the payee and stewards")
    body = Voided(payment.id)
    return _against(desk.book, body, desk.now) or Plan(uuid_text(payment.id), (Write(body),))


def plan_reverse(desk: Desk, name: str, said: Said[ReversePayment]) -> Plan | Refused:
    book = desk.book
    payment = book.payments.get(said.wish.payment)
    if payment is None:
        return refuse(PAYMENT_UNKNOWN)
    signed = said.signed is not None
    # The payer may bring what the payee has signed.
    may = may_see(desk.actor, *parties(book, payment)) if signed else _speaks_for_payee(desk, payment)
    if not may:
        return refuse(FORBIDDEN, allowed="payer and payee" if signed else "the payee")
    refused = _against_reversal(book, said)
    if refused is None:
        payee, debit_minor = book.ledger.accounts[payment.payee], _given_back(payment)
        by_key = None if said.member is None else Authority(payee, said.member, said.device, None).short_of(debit_minor)
        refused = foremost(book.ledger.debit_refusal(payee, debit_minor), by_key)
    return refused or Plan(name, (Write(Reversed(*said.held)),))


def _given_back(payment: Payment) -> int:
    """Return what the payee of a payment gives back, in minor units: the commons gives the levy."""
    return payment.amount_minor - payment.levy_minor


def _speaks_for_payee(desk: Desk, payment: Payment) -> bool:
    account = desk.book.ledger.accounts.get(payment.payee)
    if account is None or account.member is None:
        return desk.actor.role is Role.STEWARD
    return acts_for(desk.actor, desk.book.members[account.member])
