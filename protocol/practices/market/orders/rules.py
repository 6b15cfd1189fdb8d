# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a step of an order may stand, and what it changes."""

from collections.abc import Sequence
from typing import assert_never

from protocol.book.agenda import Agenda
from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.ledger import Posting
from protocol.book.money import BASIS_POINTS
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
    item_of,
    party_of,
)
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
    lapses = isinstance(body, OrderDelivered) and body.request is not None and body.amount < order.advance_minor
    if lapses or isinstance(body, OrderSettled | OrderCancelled):
        _asked(book, order)  # which its fold may withdraw
    if isinstance(body, OrderAccepted):
        is_asked = body.amount is not None
        if is_asked is (body.request is None) or (is_asked and body.amount != advance_of(order.placed)):
            return refuse(MALFORMED, field="amount")
    if isinstance(body, OrderDelivered):
        return _against_delivery(order, body, is_ours=side in order.own_sides)
    return None


def _against_delivery(order: Order, body: OrderDelivered, *, is_ours: bool) -> Refused | None:
    if not 0 < body.quantity <= order.placed.quantity:
        return refuse(MALFORMED, field="quantity")
    due = due_for(body.quantity, order.placed.price)
    asks = (False,) if not due else (due != order.advance_minor,)
    if order.advance_request is not None and due < order.advance_minor:
        # What the buyer has paid before is the seller's home to know.
        asks = (not order.is_advance_paid and due > 0,) if is_ours else (True, False)
    if body.amount != due or (body.request is not None) not in asks:
        return refuse(MALFORMED, field="amount")
    return None


def advance_of(placed: OrderPlaced) -> int:
    """Return what of an order's price is paid once it is accepted, in minor units rounded up."""
    return -(-due_for(placed.quantity, placed.price) * (placed.advance or 0) // BASIS_POINTS)


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
    remind_of_order(book, order)
    return ()


def remind_of_order(book: Book, order: Order) -> None:
    """Note when time alone ends an order: part of the fold."""
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
            if order.advance_request is not None and not order.advance_stands:
                end_request(book, order.advance_request, body.KIND)
        case OrderAccepted(amount=int(minor)):
            step = OrderStep(step.did, said_ms, amount=minor, request=body.request)
            order.advance_minor, order.advance_request = minor, body.request
        case OrderSettled():
            step = OrderStep(step.did, said_ms, fulfilled=body.fulfilled)
        case _:
            pass
    order.step(side, step, body.reason if isinstance(body, OrderDeclined | OrderDisputed) else None)
    chosen = (order.settled() or before) if isinstance(body, OrderSettled) else None
    order.state = ORDER_LIFE.after(before, body.KIND, chosen)
    if isinstance(body, OrderSettled):
        _ask(book, order, before, body.KIND)
    if isinstance(body, OrderCancelled) and order.state is OrderState.CANCELLED and order.advance_request is not None:
        end_request(book, order.advance_request, body.KIND)
    _count(book, order, before)


def _ask(book: Book, order: Order, before: OrderState, kind: str) -> None:
    """Withdraw the payment request of an order settled as cancelled; ask again if it is fulfilled after all."""
    undone = order.state is OrderState.CANCELLED and before is not OrderState.CANCELLED
    redone = order.state is OrderState.FULFILLED and before is OrderState.CANCELLED
    for request in _asked(book, order):
        if (undone and request.state is RequestState.OPEN) or (redone and request.state is RequestState.CANCELLED):
            changed = book.requests.change(request.id)
            changed.state = REQUEST_LIFE.after(changed.state, kind)


def _asked(book: Book, order: Order) -> list[Request]:
    """Return the payment requests of an order, but an advance that has lapsed: they are at the seller's home."""
    if False not in order.own_sides:
        return []
    named = (order.request, order.advance_request if order.advance_stands else None)
    found = (book.requests.get(one) for one in named if one is not None)
    return [one for one in found if one is not None]


def end_request(book: Book, id: bytes, kind: str) -> None:
    """Ask for an advance no more that nobody has paid: it is the seller's home that asks."""
    request = book.requests.get(id)
    if request is not None and request.state is RequestState.OPEN:
        changed = book.requests.change(id)
        changed.state = REQUEST_LIFE.after(changed.state, kind)


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
