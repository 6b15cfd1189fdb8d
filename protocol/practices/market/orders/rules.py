# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a step of an order may stand, and what it changes."""

from collections.abc import Sequence
from typing import assert_never

from protocol.book.agenda import Agenda
from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.ledger import Posting
from protocol.book.payments import PaymentState
from protocol.book.refusals import (
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.requests import REQUEST_LIFE, Request, RequestState
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Body, Millis
from protocol.peers.order_messages import OrderDid, OrderStep
from protocol.practices.between.abroad.entries import Arrived, Refunded, Sent, Settled
from protocol.practices.between.quotes.invoices import read_invoice
from protocol.practices.market.intents import due_for
from protocol.practices.market.orders.entries import (
    OrderAccepted,
    OrderCancelled,
    OrderConfirmed,
    OrderDeclined,
    OrderDelivered,
    OrderDenied,
    OrderDisputed,
    OrderPlaced,
    OrderSettled,
    OrderTold,
    Stepped,
)
from protocol.practices.market.orders.state import (
    ORDER_LIFE,
    ORDERS,
    Fulfilments,
    Order,
    OrderState,
    OrderTalk,
    is_over,
    item_of,
    party_of,
)
from protocol.practices.money.payments.entries import Paid, Posted
from protocol.practices.money.setoffs.entries import SetOffMade
from protocol.wire.keys import id_text


def check(book: Book, entered: Entered) -> Reason | None:
    """Tell why a step of an order may not stand: the same answer on every node."""
    refused = book.misplaced(entered) or order_refusal(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def order_refusal(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand."""
    if isinstance(body, OrderPlaced):
        return _against_order(book, body)
    assert isinstance(body, Stepped | OrderDenied | OrderTold)
    order = book.rows(ORDERS).get(body.order)
    if order is None:
        return refuse(NOT_FOUND)
    if isinstance(body, OrderDenied | OrderTold):
        if isinstance(body, OrderTold):
            return refuse(STATE_CONFLICT, state=order.state.value) if order.is_told else None
        if order.partner is None:
            return refuse(FORBIDDEN, allowed="the other network")
        return ORDER_LIFE.conflict(order.state, body.KIND)
    side = side_of(body)
    if (side in order.own_sides) is not (body.said_ms is None):
        return refuse(FORBIDDEN, allowed="the side itself")
    if not order.has_room(side):
        return refuse(MALFORMED, field="order", expected="fewer steps")
    # What the other side did it did by its own hour.
    state = order.state_at(at_ms if body.said_ms is None else min(at_ms, body.said_ms))
    if refused := ORDER_LIFE.conflict(state, body.KIND):
        return refused
    if isinstance(body, OrderSettled):
        _asked(book, order)  # which its fold may withdraw
    if isinstance(body, OrderDelivered):
        if not 0 < body.quantity <= order.placed.quantity:
            return refuse(MALFORMED, field="quantity")
        due = due_for(body.quantity, order.placed.price)
        if body.amount != due or (body.request is None) is not (due == 0):
            return refuse(MALFORMED, field="amount")
    return None


def _against_order(book: Book, body: OrderPlaced) -> Refused | None:
    if body.order in book.rows(ORDERS):
        return refuse(DUPLICATE)
    ours = (body.buyer, body.seller) if body.partner is None else (body.buyer if body.is_buyer else body.seller,)
    if (body.partner is None) and not body.is_buyer:
        return refuse(MALFORMED, field="is_buyer")
    if body.partner == book.network or len(set(ours)) != len(ours):
        return refuse(FORBIDDEN, allowed="two different members")
    for name in ours:
        member = book.members.get(name)
        if member is None:
            return refuse(MEMBER_UNKNOWN, member=name)
        if refused := member.inactive():
            return refused
    if (body.partner is None or not body.is_buyer) and body.price and body.currency not in book.currencies:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    return None


def side_of(body: Stepped) -> bool:
    """Return which side takes a step: the buyer's (True) or the seller's."""
    match body:
        case OrderCancelled() | OrderDisputed() | OrderSettled():
            return body.by_buyer
        case OrderConfirmed():
            return True
        case OrderAccepted() | OrderDeclined() | OrderDelivered():
            return False
        case _:
            assert_never(body)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    """Take a step of an order in; no money moves."""
    body = entered.body
    if isinstance(body, OrderPlaced):
        order = Order(
            body.order, entered.seq, entered.at_ms, body, ORDER_LIFE.after(None, body.KIND), entered.at_ms
        )  # fmt: skip
        book.rows(ORDERS).add(order)
        if body.partner is not None and not body.is_buyer:
            days, today = book.of(Fulfilments).days, entered.at_ms // DAY_MS
            day, count = days.get(body.partner, (today, 0))
            days[body.partner] = (today, count + 1) if day == today else (today, 1)
        book.of(OrderTalk).stir(order)
    else:
        assert isinstance(body, Stepped | OrderDenied | OrderTold)
        order = book.rows(ORDERS).change(body.order)
        if isinstance(body, OrderTold):
            order.is_told = True
        else:
            order.changed_ms, order.is_told = entered.at_ms, False
            _step(book, order, body, entered.at_ms)
            book.of(OrderTalk).stir(order)
    _note(book, order)
    return ()


def _note(book: Book, order: Order) -> None:
    book.of(Agenda).put("orders", order.id, order.due_ms)


def _step(book: Book, order: Order, body: Stepped | OrderDenied, at_ms: Millis) -> None:
    before = order.state
    if isinstance(body, OrderDenied):
        order.denied = body.reason
        order.state = ORDER_LIFE.after(before, body.KIND)
        return
    side, said_ms = side_of(body), at_ms if body.said_ms is None else body.said_ms
    step = OrderStep(OrderDid(body.KIND.partition("/")[2]), said_ms)
    match body:
        case OrderDelivered():
            step = OrderStep(step.did, said_ms, body.quantity, body.amount, body.request)
            order.delivered, order.due_minor, order.request = body.quantity, body.amount, body.request
        case OrderSettled():
            step = OrderStep(step.did, said_ms, fulfilled=body.fulfilled)
        case _:
            pass
    order.step(side, step, body.reason if isinstance(body, OrderDeclined | OrderDisputed) else None)
    chosen = (order.settled() or before) if isinstance(body, OrderSettled) else None
    order.state = ORDER_LIFE.after(before, body.KIND, chosen)
    if isinstance(body, OrderSettled):
        _ask(book, order, before, body.KIND)
    _count(book, order, before)


def _ask(book: Book, order: Order, before: OrderState, kind: str) -> None:
    """Withdraw the payment request of an order settled as cancelled; ask again if it is fulfilled after all."""
    request = _asked(book, order)
    undone = order.state is OrderState.CANCELLED and before is not OrderState.CANCELLED
    redone = order.state is OrderState.FULFILLED and before is OrderState.CANCELLED
    if request is not None and (
        (undone and request.state is RequestState.OPEN) or (redone and request.state is RequestState.CANCELLED)
    ):
        changed = book.requests.change(request.id)
        changed.state = REQUEST_LIFE.after(changed.state, kind)


def _asked(book: Book, order: Order) -> Request | None:
    """Return the payment request of an order: it is at the seller's home."""
    return None if order.request is None or False not in order.own_sides else book.requests.get(order.request)


def _count(book: Book, order: Order, before: OrderState) -> None:
    """Count an order that is fulfilled now, and no more one that was and is disputed."""
    change = (order.state is OrderState.FULFILLED) - (before is OrderState.FULFILLED)
    if change:
        partner = "" if order.partner is None else id_text(order.partner)
        buyer, seller = (party_of(order, buyer=one, partner_text=partner) for one in (True, False))
        key, counted = (buyer, seller, item_of(order.placed)), book.of(Fulfilments).of
        counted[key] = counted.get(key, 0) + change
        if not counted[key]:
            del counted[key]


def see_payment(book: Book, entered: Entered) -> Sequence[Posting]:
    """Note what pays an order: part of the fold, after payments within the network and across links."""
    match entered.body:
        case Paid() | Arrived():
            payment = book.payment_at(entered.seq)
            if payment.request is not None and payment.state is PaymentState.POSTED:
                _pay(book, payment.request, payment.id)
        case Posted():
            payment = book.payments[entered.body.payment]
            if payment.request is not None:
                _pay(book, payment.request, payment.id)
        case SetOffMade():
            for share in entered.body.shares:
                if book.requests[share.request].state is RequestState.PAID:
                    _pay(book, share.request, None)
        case Sent():
            invoice = read_invoice(entered.body.invoice)
            if invoice is not None and invoice.request is not None:
                for order in _open(book, "request", invoice.request):
                    if order.partner == invoice.network and not order.is_paid:
                        order.payment = book.payment_at(entered.seq).id
                        _note(book, order)
        case Settled() | Refunded():
            payment = book.payments[entered.body.payment]
            for order in _open(book, "payment", payment.id):
                order.is_paid = payment.state is PaymentState.POSTED
                order.payment = None if payment.state is PaymentState.VOIDED else order.payment
                _note(book, order)
        case _:
            raise AssertionError(entered.body)
    return ()


def _pay(book: Book, request: bytes, payment: bytes | None) -> None:
    for order in _open(book, "request", request):
        if not order.placed.is_buyer or order.partner is None:
            order.is_paid, order.payment = True, payment
            _note(book, order)


def _open(book: Book, index: str, id: bytes) -> list[Order]:
    """Return the orders that name a request or a payment, and of which anything is still to come."""
    rows = book.rows(ORDERS)
    return [rows.change(order.id) for order in rows.find(index, id) if not is_over(order)]
