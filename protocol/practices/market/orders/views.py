# SPDX-License-Identifier: AGPL-3.0-or-later
"""Orders as their two sides see them, and what each is told and has to do."""

from collections.abc import Callable, Iterable, Iterator

from protocol.book.book import Book
from protocol.book.declaration import READERS, Desk, Entered, Errand, News, RowsWanted, Slot, Urgency
from protocol.book.money import Amount
from protocol.book.personal import shown_text
from protocol.book.private import Owned
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, Refused, refuse
from protocol.book.requests import Request
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.lanes.directory import Directory
from protocol.lanes.entry import Body, Millis
from protocol.practices.market.measures import parts_text
from protocol.practices.market.orders.entries import (
    OrderDeclined,
    OrderDenied,
    OrderDisputed,
    OrderPlaced,
    OrderTold,
    Stepped,
)
from protocol.practices.market.orders.plans import offer_on
from protocol.practices.market.orders.rules import advance_of, side_of
from protocol.practices.market.orders.state import ORDERS, Order, OrderState, OrderTalk, dispute_ends_ms
from protocol.practices.market.orders.wishes import OrderOutcome, OrderReason, OrderShown, OrderSide, OrdersWanted
from protocol.practices.people.authority import may_see
from protocol.wire.keys import id_text

PAID_LATE_DAYS = 7
"""After so many days who coordinates is told that something is not paid."""
STEPPED_NEWS: Slot[Callable[[Book, Entered], Iterable[News]]] = Slot(
    "what else a step of an order means to subscribers"
)


def view_order(desk: Desk, id: str) -> OrderShown | Refused:
    """Show an order."""
    order = desk.book.rows(ORDERS).get(parse_uuid(id) or b"")
    if order is None:
        return refuse(NOT_FOUND)
    if not may_see(desk.actor, *order.own_members):
        return refuse(FORBIDDEN, allowed="buyer and seller")
    return _shown(desk, order)


def view_orders(desk: Desk, wanted: OrdersWanted, after: int, limit: int) -> RowsWanted:
    """List orders in the order in which they came."""
    member, now = desk.actor.member, desk.now

    def fits(order: Order) -> bool:
        if wanted.state not in (None, order.state_at(now)) or (wanted.late and not days_unpaid(order, now)):
            return False
        if wanted.side is None:
            return True
        buyer = wanted.side is OrderSide.BUYER
        return buyer in order.own_sides and member in (None, order.placed.buyer if buyer else order.placed.seller)

    return RowsWanted(
        ORDERS, after, limit, lambda order: _shown(desk, order),
        None if desk.actor.role in READERS else (("member", member or ""),), fits,
    )  # fmt: skip


def name_of_side(book: Book, order: Order, *, buyer: bool) -> str:
    """Return by which name people know a side of an order."""
    name = order.placed.buyer if buyer else order.placed.seller
    if buyer in order.own_sides:
        return book.members[name].handle
    assert order.partner is not None
    return f"{name}@{book.of(Directory).handle(order.partner) or id_text(order.partner)}"


def _shown(desk: Desk, order: Order) -> OrderShown:
    book, placed = desk.book, order.placed
    network = book.network if order.partner is None or not placed.is_buyer else order.partner
    offer = offer_on(book, network, placed.offer)
    sees = desk.actor.member in order.own_members
    state = order.state_at(desk.now)
    acked = book.of(OrderTalk).acked.get(order.id, -1) >= order.own_count
    return OrderShown(
        id=uuid_text(order.id),
        state=state,
        buyer=name_of_side(book, order, buyer=True),
        seller=name_of_side(book, order, buyer=False),
        network=None if order.partner is None else id_text(order.partner),
        offer=uuid_text(placed.offer),
        title=None if offer is None else offer.title,
        code=placed.code,
        quantity=parts_text(placed.quantity),
        unit=placed.unit,
        price=Amount(placed.price, placed.currency, placed.scale),
        delivered=parts_text(order.delivered),
        due=Amount(0 if state is OrderState.CANCELLED else order.due_minor, placed.currency, placed.scale),
        request=None if order.request is None else uuid_text(order.request),
        payment=None if order.payment is None else uuid_text(order.payment),
        asked=Amount(0 if state is OrderState.CANCELLED else order.asked_minor, placed.currency, placed.scale),
        paid=order.is_all_paid,
        advance=_amount(order, advance_of(placed)),
        advance_request=None if order.advance_request is None else uuid_text(order.advance_request),
        advance_payment=None if order.advance_payment is None else uuid_text(order.advance_payment),
        advance_paid=order.is_advance_paid,
        give_back=_amount(order, order.give_back_minor),
        days_late=days_unpaid(order, desk.now),
        reasons=tuple(
            OrderReason(_word(buyer=side), shown_text(digest) if sees else None) for side, _, digest in order.reasons
        ),
        buyer_settles=_outcome(order, buyer=True),
        seller_settles=_outcome(order, buyer=False),
        denied=order.denied,
        known_there=order.partner is None or order.is_told or acked,
        created_at=order.at_ms,
        changed_at=order.changed_ms,
        not_after=placed.not_after_ms,
    )


def _amount(order: Order, minor: int) -> Amount | None:
    return Amount(minor, order.placed.currency, order.placed.scale) if minor else None


def days_unpaid(order: Order, now: Millis) -> int:
    """Return since how many whole days something of an order is due and not paid."""
    since_ms = order.unpaid_since_ms()
    return 0 if since_ms is None else max(0, now - since_ms) // DAY_MS


def _word(*, buyer: bool) -> str:
    return (OrderSide.BUYER if buyer else OrderSide.SELLER).value


def _outcome(order: Order, *, buyer: bool) -> OrderOutcome | None:
    said = [one.fulfilled for one in order.steps(buyer) if one.fulfilled is not None]
    return (OrderOutcome.FULFILLED if said[-1] else OrderOutcome.CANCELLED) if said else None


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield why somebody declines or disputes: it is our member's, the other side's words as well."""
    assert isinstance(body, OrderDeclined | OrderDisputed)
    if body.reason is None:
        return
    order, side = book.rows(ORDERS)[body.order], side_of(body)
    whose = side if side in order.own_sides else order.own_sides[0]
    owner = order.placed.buyer if whose else order.placed.seller
    yield Owned(body.reason, owner, f"orders/{uuid_text(order.id)}")


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell both sides of each step, and whom what follows from it concerns."""
    body = entered.body
    assert isinstance(body, OrderPlaced | OrderDenied | OrderTold | Stepped)
    if not isinstance(body, OrderTold):
        word = body.KIND.partition("/")[2]
        yield News(f"order.{word}", uuid_text(body.order), book.rows(ORDERS)[body.order].own_members)
        for tell in book.fillings(STEPPED_NEWS):
            yield from tell(book, entered)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield what a member is waited for: to accept, to deliver, to confirm, to pay abroad, to end a dispute."""
    book, member = desk.book, desk.actor.member or ""
    for order in book.rows(ORDERS).find("member", member):
        sells = False in order.own_sides and order.placed.seller == member
        state = order.state_at(desk.now)
        buyer, seller = (name_of_side(book, order, buyer=one) for one in (True, False))
        if sells and state is OrderState.PLACED:
            yield Errand(
                uuid_text(order.id), buyer, "orders.to_accept", f"{buyer} orders of what you offer", "orders.accept",
                Urgency.WAITED_FOR, until_ms=order.placed.not_after_ms,
            )  # fmt: skip
        elif sells and state is OrderState.ACCEPTED:
            yield Errand(
                uuid_text(order.id), buyer, "orders.to_deliver", f"{buyer} waits for what you have accepted",
                "orders.deliver", Urgency.WAITED_FOR,
            )  # fmt: skip
        elif not sells and state is OrderState.DELIVERED:
            yield Errand(
                uuid_text(order.id), seller, "orders.to_confirm", f"{seller} says that your order is delivered",
                "orders.confirm", Urgency.WAITED_FOR,
            )  # fmt: skip
        elif state is OrderState.DISPUTED and _is_waited_for(order, buyer=not sells):
            other = buyer if sells else seller
            yield Errand(
                uuid_text(order.id), other, "orders.to_settle",
                f"How should the disputed order with {other} end?",
                "orders.settle", Urgency.WAITED_FOR, until_ms=dispute_ends_ms(order),
            )  # fmt: skip
        if sells and order.give_back_minor and order.advance_payment is not None:
            yield Errand(
                uuid_text(order.advance_payment), buyer, "orders.to_give_back",
                f"{buyer} has paid an advance for what it does not get", "payments.create", Urgency.WAITED_FOR,
                figure=_amount(order, order.give_back_minor),
            )  # fmt: skip
        if sells or order.partner is None:
            continue  # Within a network the requests themselves ask.
        if order.advance_payment is None and state in _DUE and order.advance_stands and not order.is_advance_paid:
            assert order.advance_request is not None
            yield Errand(
                uuid_text(order.advance_request), seller, "orders.to_prepay", f"{seller} asks you for the advance",
                "quotes.create", Urgency.WAITED_FOR, figure=_amount(order, order.advance_minor),
            )  # fmt: skip
        if order.payment is None and state in _DUE and order.request is not None and not order.is_paid:
            yield Errand(
                uuid_text(order.request), seller, "orders.to_pay", f"{seller} asks you to pay what was delivered",
                "quotes.create", Urgency.WAITED_FOR, figure=_amount(order, order.asked_minor),
            )  # fmt: skip


_DUE = (OrderState.ACCEPTED, OrderState.DELIVERED, OrderState.FULFILLED)


def _is_waited_for(order: Order, *, buyer: bool) -> bool:
    """Tell whether a side has still to say how a dispute ends, or says another end than the other side does."""
    own, other = _outcome(order, buyer=buyer), _outcome(order, buyer=not buyer)
    return own is None or (other is not None and own is not other)


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the disputes that a steward may settle for the sides of the network, and what is paid late."""
    book = desk.book
    for order in book.rows(ORDERS).values():
        if order.state_at(desk.now) is OrderState.DISPUTED:
            buyer, seller = (name_of_side(book, order, buyer=one) for one in (True, False))
            yield Errand(
                uuid_text(order.id), buyer, "orders.to_judge", f"{buyer} and {seller} do not agree about an order",
                "orders.settle", Urgency.WAITED_FOR, until_ms=dispute_ends_ms(order),
            )  # fmt: skip
        elif (late := days_unpaid(order, desk.now)) >= PAID_LATE_DAYS:
            buyer = name_of_side(book, order, buyer=True)
            yield Errand(
                uuid_text(order.id), buyer, "orders.late", f"{buyer} pays {late} days late", "orders.show",
                Urgency.PEOPLE, count=late,
            )  # fmt: skip


def rests(desk: Desk, request: Request) -> bool:
    """Tell whether a payment request is that of an order which is disputed."""
    found = desk.book.rows(ORDERS).find("request", request.id)
    return any(order.state_at(desk.now) is OrderState.DISPUTED for order in found)
