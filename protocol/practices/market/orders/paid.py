# SPDX-License-Identifier: AGPL-3.0-or-later
"""What pays an order, its advance and its rest, here and across links; and what is undone, or given back."""

from collections.abc import Sequence

from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.ledger import Posting
from protocol.book.payments import Payment, PaymentState
from protocol.book.requests import RequestState
from protocol.book.wishes import said_in
from protocol.practices.between.abroad.entries import Arrived, Refunded, Sent, Settled
from protocol.practices.between.quotes.invoices import read_invoice
from protocol.practices.market.orders.entries import OrderCancelled
from protocol.practices.market.orders.rules import end_request, remind_of_order
from protocol.practices.market.orders.state import ORDERS, Order, is_over
from protocol.practices.money.payments.entries import Paid, Posted, Reversed, ReversePayment
from protocol.practices.money.setoffs.entries import SetOffMade


def see_payment(book: Book, entered: Entered) -> Sequence[Posting]:
    """Note what pays an order: part of the fold, after payments within the network and across links."""
    match entered.body:
        case Paid() | Arrived():
            _arrive(book, book.payment_at(entered.seq))
        case Posted():
            _arrive(book, book.payments[entered.body.payment])
        case Reversed():
            _reverse(book, said_in(book, entered.body, ReversePayment).wish.payment)
        case SetOffMade():
            for share in entered.body.shares:
                if book.requests[share.request].state is RequestState.PAID:
                    _pay(book, share.request, None)
        case Sent():
            invoice = read_invoice(entered.body.invoice)
            if invoice is not None and invoice.request is not None:
                _send(book, invoice.request, invoice.network, book.payment_at(entered.seq).id)
        case Settled() | Refunded():
            _end(book, book.payments[entered.body.payment])
        case _:
            raise AssertionError(entered.body)
    return ()


def _arrive(book: Book, payment: Payment) -> None:
    if payment.state is PaymentState.POSTED:
        _refund(book, payment)
        if payment.request is not None:
            _pay(book, payment.request, payment.id)


def _send(book: Book, request: bytes, network: bytes, payment: bytes) -> None:
    """Note that our buyer's payment is under way."""
    for order in _open(book, "request", request):
        if order.partner == network:
            if order.request == request and not order.is_paid:
                order.payment = payment
            elif order.advance_request == request and not order.is_advance_paid:
                order.advance_payment = payment
            remind_of_order(book, order)


def _end(book: Book, payment: Payment) -> None:
    """Note that our member's payment abroad has arrived, or has come back."""
    is_posted = payment.state is PaymentState.POSTED
    kept = None if payment.state is PaymentState.VOIDED else payment.id
    for order in _open(book, "payment", payment.id):
        if order.payment == payment.id:
            order.is_paid, order.payment = is_posted, kept
        else:
            order.is_advance_paid, order.advance_payment = is_posted, kept
        remind_of_order(book, order)
    if is_posted:
        _refund(book, payment)


def _pay(book: Book, request: bytes, payment: bytes | None) -> None:
    for order in _open(book, "request", request):
        if not order.placed.is_buyer or order.partner is None:
            if order.request == request:
                order.is_paid, order.payment = True, payment
            else:
                order.is_advance_paid, order.advance_payment = True, payment
            remind_of_order(book, order)


def _refund(book: Book, payment: Payment) -> None:
    """Note how much of an advance was given back by now, by the payments that refund it."""
    if payment.refunds is not None:
        paid = book.payments[payment.refunds]
        for order in _open(book, "payment", payment.refunds):
            if order.advance_payment == paid.id:
                # The payment is in this network's currency, the order perhaps in the other's.
                order.given_back_minor = order.advance_minor * paid.refunded_minor // paid.moved_minor
            remind_of_order(book, order)


def _reverse(book: Book, payment: bytes) -> None:
    """Note that a payment was undone: what it has paid is to be paid again, but for an advance that went back."""
    for order in _open(book, "payment", payment):
        if order.payment == payment:
            order.is_paid, order.payment = False, None
        elif order.give_back_minor:
            assert order.advance_request is not None
            order.given_back_minor = order.advance_minor
            end_request(book, order.advance_request, OrderCancelled.KIND)
        else:
            order.is_advance_paid, order.advance_payment = False, None
        remind_of_order(book, order)


def _open(book: Book, index: str, id: bytes) -> list[Order]:
    """Return the orders that name a request or a payment, and of which anything is still to come."""
    rows = book.rows(ORDERS)
    return [rows.change(order.id) for order in rows.find(index, id) if not is_over(order)]
