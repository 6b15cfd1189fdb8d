# SPDX-License-Identifier: AGPL-3.0-or-later
"""How the homes of buyer and seller tell each other of an order, until each has what the other's side did.

Each says all of its own side's steps, so that loss, repetition and disorder do no harm, and says them again, less and
less often, for as long as the other home lacks some of them. What the other says is written down as what it says: no
step of ours follows from it, and no money moves. Who is silent, or says what cannot be,
costs a bounded number of entries.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Tell, Write
from protocol.book.personal import salted, text_refusal
from protocol.book.refusals import ACCOUNT_UNKNOWN, MALFORMED, MEMBER_NOT_ACTIVE, Reason
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.peers.home import Home, HomeSaid
from protocol.peers.messages import QuoteDenied
from protocol.peers.order_messages import OrderDid, OrderNews, OrderStep, OrderTerms
from protocol.peers.ties import Tie
from protocol.practices.between.quotes.refusals import code_told
from protocol.practices.market.cost_sheets import advance_asked, below_cost
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
from protocol.practices.market.orders.plans import FREE, ORDERS_OPEN_MAX, beyond, offer_on, tie_of
from protocol.practices.market.orders.refusals import OFFER_DIFFERS, OFFER_GONE, ORDER_STRANGER, ORDERS_TOO_MANY
from protocol.practices.market.orders.rules import order_refusal
from protocol.practices.market.orders.state import ORDER_LIFE, ORDERS, Fulfilments, Order, OrderState, OrderTalk
from protocol.practices.market.orders.wishes import ORDER_DAYS_MAX
from protocol.practices.people.names import HANDLE

ORDERS_A_DAY_MAX = 128
"""How many orders of one other network are written down in a day."""
RESEND_ORDER_MS = 10_000
"""How long a home waits before it tells of an order again; each time twice as long, an hour at most."""
RESEND_DOUBLINGS_MAX = 8
ORDER_NEWS_MAX = 8
"""Of how many orders it tells in a second."""
CLOCKS_DIFFER_MS = 10 * 60_000
"""How far ahead of ours another home's clock may be."""
_ENDED = (OrderState.DECLINED, OrderState.CANCELLED, OrderState.FULFILLED)


def hear_news(desk: Desk, network: bytes, news: OrderNews) -> Iterator[HomeSaid]:
    """Write down what the other home says of an order, and tell it what it lacks."""
    book, talk = desk.book, desk.book.of(OrderTalk)
    if desk.silent is not None:
        return
    order, is_new = book.rows(ORDERS).get(news.order), False
    if order is None:
        if news.terms is None:
            return
        placed = _taken(desk, network, news.order, news.terms)
        if isinstance(placed, Reason):
            yield Tell(network, QuoteDenied(news.order, placed.code, book.network))
            return
        yield Plan("", (Write(placed),))
        order, is_new = book.rows(ORDERS)[news.order], True
    elif order.partner != network or (news.terms is None) is not order.placed.is_buyer:
        return
    known = order.far_count
    for step in news.steps[known:]:
        body, texts = _entry(desk, order, step)
        if step.at_ms > desk.now + CLOCKS_DIFFER_MS or order_refusal(book, body, desk.now) is not None:
            break
        yield Plan("", (Write(body),), texts)
    talk.acked[order.id] = min(news.seen, order.own_count)
    if talk.acked[order.id] == order.own_count and order.state in _ENDED and not order.is_told:
        yield Plan("", (Write(OrderTold(order.id)),))
    if is_new or order.far_count > known or news.seen < order.own_count:
        yield Tell(network, news_of(book, order))


def hear_denied(desk: Desk, network: bytes, denied: QuoteDenied) -> Iterator[HomeSaid]:
    """Write down that the seller's home takes no such order."""
    order = desk.book.rows(ORDERS).get(denied.key) if _may_be(desk.book, denied.key) else None
    if (
        order is not None
        and desk.silent is None
        and (order.partner, order.placed.is_buyer, order.far_count) == (network, True, 0)
        and order.denied is None
        and not order.is_told
    ):
        is_open = ORDER_LIFE.allows(order.state, OrderDenied.KIND)
        body = OrderDenied(order.id, code_told(denied.code)) if is_open else OrderTold(order.id)
        yield Plan("", (Write(body),))


def _may_be(book: Book, key: bytes) -> bool:
    """Tell whether a key of a question can be an order's that is not over: others are not looked up in the store."""
    return not book.rows(ORDERS).lacks(key)


def _taken(desk: Desk, network: bytes, id: bytes, terms: OrderTerms) -> OrderPlaced | Reason:
    """Return what is written down of an order that comes, or why it is not taken."""
    book = desk.book
    if tie_of(book, network) < Tie.FEDERATION:
        return ORDER_STRANGER
    if re.fullmatch(HANDLE, terms.buyer) is None:
        return MALFORMED
    today, count = book.of(Fulfilments).days.get(network, (-1, 0))
    is_full = today == desk.now // DAY_MS and count >= ORDERS_A_DAY_MAX
    if is_full or len(book.rows(ORDERS).find("partner", network)) >= ORDERS_OPEN_MAX:
        return ORDERS_TOO_MANY
    offer = offer_on(book, book.network, terms.offer)
    if offer is None:
        return OFFER_GONE
    price = next((one for one in offer.prices if one.currency == terms.currency), None)
    if (offer.unit, 0 if price is None else price.minor) != (terms.unit, terms.price) or (
        price is None and (offer.prices or terms.currency)
    ):
        return OFFER_DIFFERS
    if terms.advance != advance_asked(book, book.network, offer):
        return OFFER_DIFFERS
    refused = below_cost(book, book.network, offer, terms.price) or beyond(offer, price or FREE, terms.quantity)
    if refused is not None:
        return refused.reason
    member = book.members.get(book.member_by_handle.get(offer.member, ""))
    if member is None or member.inactive() is not None:
        return MEMBER_NOT_ACTIVE
    if price is not None and not any(one.currency == price.currency for one in book.ledger.of_member(member.id)):
        return ACCOUNT_UNKNOWN
    latest = desk.now + (ORDER_DAYS_MAX + 1) * DAY_MS
    body = OrderPlaced(
        id, network, terms.buyer, member.id, is_buyer=False, offer=terms.offer, code=offer.code,
        quantity=terms.quantity, unit=terms.unit, currency=terms.currency, scale=0 if price is None else price.scale,
        price=terms.price, not_after_ms=min(terms.not_after_ms, latest), said_ms=min(terms.placed_ms, desk.now),
        advance=terms.advance,
    )  # fmt: skip
    refused = order_refusal(book, body, desk.now)
    return body if refused is None else refused.reason


def _entry(desk: Desk, order: Order, step: OrderStep) -> tuple[Stepped, tuple[tuple[bytes, str], ...]]:
    """Return what is written down of a step of the other side, and its text."""
    id, said_ms, buyer = order.id, step.at_ms, not order.placed.is_buyer
    readable = step.text is not None and text_refusal("reason", step.text, len(step.text)) is None
    match step.did:
        case OrderDid.ACCEPTED:
            return OrderAccepted(id, said_ms, step.amount or None, step.request), ()
        case OrderDid.DECLINED:
            digest, texts = salted(desk, step.text if readable else None)
            return OrderDeclined(id, digest, said_ms), texts
        case OrderDid.DELIVERED:
            return OrderDelivered(id, step.quantity, step.amount, step.request, said_ms), ()
        case OrderDid.CONFIRMED:
            return OrderConfirmed(id, said_ms), ()
        case OrderDid.CANCELLED:
            return OrderCancelled(id, buyer, said_ms), ()
        case OrderDid.DISPUTED:
            digest, texts = salted(desk, step.text if readable else None)
            return OrderDisputed(id, buyer, digest, said_ms), texts
        case OrderDid.SETTLED:
            return OrderSettled(id, buyer, bool(step.fulfilled), said_ms), ()


def news_of(book: Book, order: Order) -> OrderNews:
    """Return all that our side has said of an order, and how many steps of the other's it has."""
    placed, side = order.placed, order.placed.is_buyer
    terms = None
    if side:
        terms = OrderTerms(
            placed.offer, book.members[placed.buyer].handle, placed.quantity, placed.unit, placed.currency,
            placed.price, order.at_ms, placed.not_after_ms, placed.advance,
        )  # fmt: skip
    texts = book.of(OrderTalk).texts
    told = {number: texts.get(digest) for one, number, digest in order.reasons if one is side}
    steps = (replace(step, text=told.get(number)) for number, step in enumerate(order.steps(side)))
    return OrderNews(order.id, terms, tuple(steps), order.far_count)


def tell_again(home: Home) -> None:
    """Tell the homes that are there what they may lack of orders."""
    book, talk, rows = home.book, home.book.of(OrderTalk), home.book.rows(ORDERS)
    if talk.untold is None:
        talk.untold = {id: None for id, order in rows.items() if order.partner is not None}
    told = 0
    for id in list(talk.untold):
        order = None if rows.lacks(id) else rows.get(id)
        # Who has not answered yet may not know the order itself.
        if order is None or order.is_told or talk.acked.get(id, -1) >= order.own_count:
            talk.untold.pop(id)
            talk.tried.pop(id, None)
            continue
        if told < ORDER_NEWS_MAX and _is_time(talk.tried.get(id), home.now):
            _, times = talk.tried.get(id, (0, 0))
            assert order.partner is not None
            if home.tell(Tell(order.partner, news_of(book, order))):
                talk.tried[id] = home.now, times + 1
                told += 1


def _is_time(tried: tuple[Millis, int] | None, now: Millis) -> bool:
    if tried is None:
        return True
    at_ms, times = tried
    wait = min(3_600_000, RESEND_ORDER_MS << min(times - 1, RESEND_DOUBLINGS_MAX))
    return not 0 <= now - at_ms < wait


def agenda(desk: Desk, row: bytes) -> Iterable[Plan]:
    """Let go of what time has ended, and of what the other home was told for long enough."""
    order = desk.book.rows(ORDERS)[row]
    yield Plan("", (Write(OrderTold(order.id)),))
