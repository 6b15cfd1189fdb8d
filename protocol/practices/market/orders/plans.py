# SPDX-License-Identifier: AGPL-3.0-or-later
"""How wishes with orders are planned, each for the side that asks."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from protocol.book.addresses import resolve_account, resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Role, Slot, Write
from protocol.book.members import Member
from protocol.book.money import AMOUNT_MINOR_MAX, parse_decimal
from protocol.book.personal import NOTE_CHARS_MAX, salted, text_refusal
from protocol.book.refusals import (
    AMOUNT_TOO_LARGE,
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    SAME_ACCOUNT,
    STATE_CONFLICT,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.uuids import drawn_id
from protocol.peers.boards import Boards, body_of
from protocol.peers.ties import TIES, Tie
from protocol.practices.market.cost_sheets import advance_asked, below_cost
from protocol.practices.market.intents import OFFER_ITEMS, PARTS_OF_UNIT, QUANTITY_MAX, Offer, Price, due_for
from protocol.practices.market.measures import QUANTITY_REASONS, UNIT_UNKNOWN, measured, parts_text, quantity_of
from protocol.practices.market.orders.entries import (
    OrderAccepted,
    OrderCancelled,
    OrderConfirmed,
    OrderDeclined,
    OrderDelivered,
    OrderDisputed,
    OrderPlaced,
    OrderSettled,
    Stepped,
)
from protocol.practices.market.orders.refusals import (
    OFFER_GONE,
    ORDER_STRANGER,
    ORDERS_TOO_MANY,
    QUANTITY_EXCEEDED,
)
from protocol.practices.market.orders.rules import advance_of, order_refusal
from protocol.practices.market.orders.state import BEGINS_AT, ORDERS, Order, OrderState, OrderTalk
from protocol.practices.market.orders.wishes import (
    AcceptOrder,
    CancelOrder,
    ConfirmOrder,
    DeclineOrder,
    DeliverOrder,
    DisputeOrder,
    OrderOutcome,
    OrderSide,
    PlaceOrder,
    SettleOrder,
)
from protocol.practices.market.pairing import PIECES_UNIT
from protocol.practices.market.quantities import QuantityFault
from protocol.practices.market.shown import find_intent
from protocol.practices.market.units import BY_CODE
from protocol.practices.money.requests.entries import Requested
from protocol.practices.money.requests.rules import against_request
from protocol.practices.people.authority import acts_for

PLACED_WITH: Slot[Callable[[Desk, OrderPlaced, Offer], Iterable[Write]]] = Slot(
    "tells what the buyer's home writes beside an order of an offer"
)
ORDERS_OPEN_MAX = 256
"""How many orders of one member, or with one other network, are open at a time."""
REASONS_REMEMBERED_MAX = 1_024
"""How many reasons are remembered for the other homes."""
FREE = Price("", 0, 0)
"""The price of what is offered without one."""
_DECIMALS = 3
"""A quantity has so many decimals at most."""


def plan_place(desk: Desk, wish: PlaceOrder) -> Plan | Refused:
    """Order so much of an offer, here or on the board of another network."""
    book = desk.book
    found = find_intent(book, wish.offer, OFFER_ITEMS)
    buyer = _own(desk, wish.buyer)
    refused = foremost(*(one for one in (found, buyer) if isinstance(one, Refused)))
    if isinstance(found, Refused) or isinstance(buyer, Refused):
        assert refused is not None
        return refuse(OFFER_GONE) if refused.reason is NOT_FOUND else refused
    item, offer = found
    network: bytes = item.network
    quantity = ordered_quantity(wish.quantity, offer.unit)
    if isinstance(quantity, Refused):
        return quantity
    price = price_in(offer, wish.currency)
    if price is None:
        return refuse(MALFORMED, field="currency", expected=", ".join(one.currency for one in offer.prices))
    seller = offer.member
    if network == book.network:
        member = resolve_member(book, offer.member)
        account = None if not offer.prices else resolve_account(book, offer.member, price.currency)
        if isinstance(member, Refused) or isinstance(account, Refused):
            return member if isinstance(member, Refused) else refuse(OFFER_GONE)
        if member is buyer:
            return refuse(SAME_ACCOUNT)
        seller = member.id
    elif tie_of(book, network) < Tie.FEDERATION:
        return refuse(ORDER_STRANGER)
    refused = below_cost(book, network, offer, price.minor) or beyond(offer, price, quantity)
    if refused := refused or _too_many(book, buyer.id, network):
        return refused
    body = OrderPlaced(
        book.drawn(drawn_id(desk.chance)), None if network == book.network else network, buyer.id, seller,
        is_buyer=True, offer=item.said.item, code=offer.code, quantity=quantity, unit=offer.unit,
        currency=price.currency, scale=price.scale, price=price.minor, not_after_ms=desk.now + wish.days * DAY_MS,
        said_ms=None, advance=advance_asked(book, network, offer),
    )  # fmt: skip
    beside = (write for more in book.fillings(PLACED_WITH) for write in more(desk, body, offer))
    return order_refusal(book, body, desk.now) or Plan(uuid_text(body.order), (Write(body), *beside))


def offer_on(book: Book, network: bytes, item: bytes) -> Offer | None:
    """Return an offer that stands on a network's board."""
    held = book.of(Boards).get(network, item)
    return None if held is None else body_of(held, OFFER_ITEMS)


def price_in(offer: Offer, currency: str | None) -> Price | None:
    """Return an offer's price in a currency, or its first; one without prices is free."""
    if not offer.prices:
        return FREE if currency in (None, "") else None
    return next((one for one in offer.prices if currency in (None, one.currency)), None)


def beyond(offer: Offer, price: Price, quantity: int) -> Refused | None:
    """Return why so much of an offer cannot be ordered."""
    if offer.quantity and quantity > offer.quantity:
        return refuse(QUANTITY_EXCEEDED, available=parts_text(offer.quantity))
    return (
        refuse(AMOUNT_TOO_LARGE, maximum=AMOUNT_MINOR_MAX)
        if due_for(quantity, price.minor) > AMOUNT_MINOR_MAX
        else None
    )


def tie_of(book: Book, network: bytes) -> Tie:
    """Return what ties another network to ours."""
    found = [tie for tell in book.fillings(TIES) for one, tie in tell(book) if one == network]
    return max(found, default=Tie.STRANGER)


def _too_many(book: Book, member: str, network: bytes) -> Refused | None:
    rows = book.rows(ORDERS)
    counts = [len(rows.find("member", member))]
    counts += [] if network == book.network else [len(rows.find("partner", network))]
    return refuse(ORDERS_TOO_MANY, maximum=ORDERS_OPEN_MAX) if max(counts) >= ORDERS_OPEN_MAX else None


def ordered_quantity(text: str, unit: str) -> int | Refused:
    """Return a quantity in thousandths of a unit: as a bare decimal, or with another unit that converts exactly."""
    found = parse_decimal(text, _DECIMALS)
    if isinstance(found, Refused):
        told = measured(text, None, None)
        if isinstance(told, Refused):
            return told
        quantity, code = quantity_of(*told), unit or PIECES_UNIT
        assert quantity is not None
        if code not in BY_CODE:  # another network may say anything
            return refuse(UNIT_UNKNOWN, about=code)
        try:
            parts = quantity.in_unit(code).number * PARTS_OF_UNIT
        except QuantityFault as fault:
            return refuse(QUANTITY_REASONS[fault.code], about=fault.about)
        found = int(parts) if parts.denominator == 1 else 0
    if not 0 < found <= QUANTITY_MAX:
        return refuse(MALFORMED, field="quantity", expected="more than nothing, with three decimals at most")
    return found


def _own(desk: Desk, address: str | None) -> Member | Refused:
    """Return the member that whoever asks may order for."""
    name = desk.actor.member if address is None else address
    if name is None:
        return refuse(MALFORMED, field="buyer", expected="a value")
    member = resolve_member(desk.book, name)
    if isinstance(member, Member) and not acts_for(desk.actor, member):
        return refuse(FORBIDDEN, allowed="the member itself")
    return member


def plan_accept(desk: Desk, id: str, wish: AcceptOrder) -> Plan | Refused:
    """Accept an order."""
    del wish
    order = find_order(desk, id, OrderSide.SELLER)
    if isinstance(order, Refused):
        return order
    advance = advance_of(order.placed)
    if not advance:
        return _stepped(desk, order, OrderAccepted(order.id, None))
    asked = _asked_of(desk, order, advance)
    if isinstance(asked, Refused):
        return asked
    planned = _stepped(desk, order, OrderAccepted(order.id, None, advance, asked.request))
    return planned if isinstance(planned, Refused) else replace(planned, writes=(Write(asked), *planned.writes))


def plan_decline(desk: Desk, id: str, wish: DeclineOrder) -> Plan | Refused:
    """Decline an order."""
    order = find_order(desk, id, OrderSide.SELLER)
    if isinstance(order, Refused):
        return order
    digest, texts = salted(desk, wish.reason)
    return _stepped(desk, order, OrderDeclined(order.id, digest, None), texts)


def plan_deliver(desk: Desk, id: str, wish: DeliverOrder) -> Plan | Refused:
    """Say that it is delivered, and ask for the price by a payment request."""
    order = find_order(desk, id, OrderSide.SELLER)
    if isinstance(order, Refused):
        return order
    placed = order.placed
    quantity = placed.quantity if wish.quantity is None else ordered_quantity(wish.quantity, placed.unit)
    if isinstance(quantity, Refused):
        return quantity
    if quantity > placed.quantity:
        return refuse(QUANTITY_EXCEEDED, available=parts_text(placed.quantity))
    due = due_for(quantity, placed.price)
    body = OrderDelivered(order.id, quantity, due, None, None)
    # An advance that would be more than what came costs, and that nobody has paid, is asked for no more.
    keeps = order.advance_request is not None and (due >= order.advance_minor or order.is_advance_paid)
    left = max(0, due - order.advance_minor) if keeps else due
    if not left:
        return _stepped(desk, order, body)
    asked = _asked_of(desk, order, left)
    if isinstance(asked, Refused):
        return asked
    body = replace(body, request=asked.request)
    # The request that it names is in the book with the entry before it.
    planned = _stepped(desk, order, body)
    return planned if isinstance(planned, Refused) else replace(planned, writes=(Write(asked), Write(body)))


def _asked_of(desk: Desk, order: Order, minor: int) -> Requested | Refused:
    """Return how the seller asks the buyer for so much; of another network's buyer by the order that names it."""
    placed = order.placed
    account = resolve_account(desk.book, placed.seller, placed.currency)
    if isinstance(account, Refused):
        return account
    payer = placed.buyer if order.partner is None else None
    asked = Requested(desk.book.drawn(drawn_id(desk.chance)), account.id, minor, payer, None, None)
    return against_request(desk.book, asked) or asked


def plan_confirm(desk: Desk, id: str, wish: ConfirmOrder) -> Plan | Refused:
    """Confirm what was delivered."""
    del wish
    order = find_order(desk, id, OrderSide.BUYER)
    return order if isinstance(order, Refused) else _stepped(desk, order, OrderConfirmed(order.id, None))


def plan_cancel(desk: Desk, id: str, wish: CancelOrder) -> Plan | Refused:
    """Step back."""
    order = find_order(desk, id, wish.side)
    if isinstance(order, Refused):
        return order
    return _stepped(desk, order, OrderCancelled(order.id, _side(desk, order, wish.side), None))


def plan_dispute(desk: Desk, id: str, wish: DisputeOrder) -> Plan | Refused:
    """Dispute an order."""
    order = find_order(desk, id, wish.side)
    if isinstance(order, Refused):
        return order
    digest, texts = salted(desk, wish.reason)
    return _stepped(desk, order, OrderDisputed(order.id, _side(desk, order, wish.side), digest, None), texts)


def plan_settle(desk: Desk, id: str, wish: SettleOrder) -> Plan | Refused:
    """Say how a dispute should end: for one's side, or as a steward for all sides that are ours."""
    order = find_order(desk, id, None, settles=True)
    if isinstance(order, Refused):
        return order
    fulfilled = wish.outcome is OrderOutcome.FULFILLED
    sides = order.own_sides if desk.actor.role is Role.STEWARD else (_side(desk, order, None),)
    # Who says again what it has said takes no step: each side has few.
    lacking = tuple(side for side in sides if fulfilled not in {one.fulfilled for one in order.steps(side)})
    writes = tuple(Write(OrderSettled(order.id, side, fulfilled, None)) for side in lacking)
    planned = _stepped(desk, order, OrderSettled(order.id, (lacking or sides)[0], fulfilled, None))
    return planned if isinstance(planned, Refused) else replace(planned, writes=writes)


def reason_form(desk: Desk, wish: DeclineOrder | DisputeOrder) -> Refused | None:
    """Return why a reason cannot be read."""
    del desk
    return text_refusal("reason", wish.reason, NOTE_CHARS_MAX)


def find_order(desk: Desk, id: str, side: OrderSide | None, *, settles: bool = False) -> Order | Refused:
    """Return an order, if whoever asks may act for a side of it: for this one, where it is told."""
    order = desk.book.rows(ORDERS).get(parse_uuid(id) or b"")
    if order is None:
        return refuse(NOT_FOUND)
    if settles and desk.actor.role is Role.STEWARD:
        return order
    sides = order.own_sides if side is None else (side is OrderSide.BUYER,)
    if any(one in order.own_sides and _acts(desk, order, one) for one in sides):
        return order
    return refuse(FORBIDDEN, allowed="buyer and seller" if side is None else f"the {side.value}")


def _acts(desk: Desk, order: Order, side: bool) -> bool:  # noqa: FBT001
    name = order.placed.buyer if side else order.placed.seller
    return acts_for(desk.actor, desk.book.members[name])


def _side(desk: Desk, order: Order, side: OrderSide | None) -> bool:
    """Return for which side somebody acts: for the buyer's (True) where it could be both."""
    if side is not None:
        return side is OrderSide.BUYER
    return next(one for one in order.own_sides if _acts(desk, order, one))


def _stepped(desk: Desk, order: Order, body: Stepped, texts: tuple[tuple[bytes, str], ...] = ()) -> Plan | Refused:
    state = order.state_at(desk.now)
    begins = state in BEGINS_AT[type(body)] and not (isinstance(body, OrderDisputed) and order.settled())
    if isinstance(body, OrderCancelled) and not body.by_buyer and state is OrderState.PLACED:
        # Who has accepted nothing yet declines.
        begins = False
    if isinstance(body, OrderCancelled) and order.is_advance_paid:
        return refuse(STATE_CONFLICT, state="prepaid")  # They settle it in a dispute, with what goes back.
    refused = order_refusal(desk.book, body, desk.now) if begins else refuse(STATE_CONFLICT, state=state.value)
    if refused is not None:
        return refused
    if order.partner is not None and texts:
        remembered = desk.book.of(OrderTalk).texts
        remembered.update(texts)
        while len(remembered) > REASONS_REMEMBERED_MAX:
            del remembered[next(iter(remembered))]
    return Plan(uuid_text(order.id), (Write(body),), texts)
