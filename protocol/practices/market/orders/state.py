# SPDX-License-Identifier: AGPL-3.0-or-later
"""How far an order has come. Two homes write the same steps in different orders, and find the same state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from protocol.book.book import Book
from protocol.book.lifecycle import HOUR, Lifecycle
from protocol.book.tables import Table
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.peers.order_messages import ORDER_STEPS_MAX, OrderDid, OrderStep
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
    Stepped,
)

DISPUTE_DAYS_MAX = 90
"""After so many days a dispute that nobody has settled is over, as expired."""
SILENT_DAYS_MAX = 30
"""For so many days the other home is told how an order has ended."""


class OrderState(StrEnum):
    """How far an order has come."""

    PLACED = "placed"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FULFILLED = "fulfilled"
    DISPUTED = "disputed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


_S = OrderState
ORDER_LIFE = Lifecycle(
    "orders",
    OrderState,
    {
        (None, OrderPlaced.KIND): _S.PLACED,
        (_S.PLACED, OrderAccepted.KIND): _S.ACCEPTED,
        (_S.PLACED, OrderDeclined.KIND): _S.DECLINED,
        (_S.PLACED, OrderDenied.KIND): _S.DECLINED,
        (_S.PLACED, OrderCancelled.KIND): _S.CANCELLED,
        (_S.PLACED, HOUR): _S.EXPIRED,
        (_S.ACCEPTED, OrderDelivered.KIND): _S.DELIVERED,
        (_S.ACCEPTED, OrderCancelled.KIND): _S.CANCELLED,
        (_S.ACCEPTED, OrderDisputed.KIND): _S.DISPUTED,
        (_S.DELIVERED, OrderConfirmed.KIND): _S.FULFILLED,
        (_S.DELIVERED, OrderDisputed.KIND): _S.DISPUTED,
        (_S.FULFILLED, OrderDisputed.KIND): _S.DISPUTED,
        (_S.DISPUTED, OrderSettled.KIND): (_S.DISPUTED, _S.FULFILLED, _S.CANCELLED),
        (_S.DISPUTED, HOUR): _S.EXPIRED,
        # What one side did while it did not know yet what the other had done: whatever comes first, it ends alike.
        (_S.CANCELLED, OrderAccepted.KIND): _S.CANCELLED,
        (_S.CANCELLED, OrderCancelled.KIND): _S.CANCELLED,
        (_S.CANCELLED, OrderDeclined.KIND): _S.DECLINED,
        (_S.DECLINED, OrderCancelled.KIND): _S.DECLINED,
        (_S.CANCELLED, OrderDelivered.KIND): _S.DISPUTED,
        (_S.DELIVERED, OrderCancelled.KIND): _S.DISPUTED,
        (_S.CANCELLED, OrderDisputed.KIND): _S.DISPUTED,
        (_S.DISPUTED, OrderCancelled.KIND): _S.DISPUTED,
        (_S.DISPUTED, OrderDelivered.KIND): _S.DISPUTED,
        (_S.DISPUTED, OrderConfirmed.KIND): _S.DISPUTED,
        (_S.DISPUTED, OrderDisputed.KIND): _S.DISPUTED,
        (_S.FULFILLED, OrderSettled.KIND): _S.FULFILLED,
        (_S.CANCELLED, OrderSettled.KIND): (_S.CANCELLED, _S.FULFILLED),
    },
)
BEGINS_AT: Mapping[type[Stepped], tuple[OrderState, ...]] = {
    OrderAccepted: (_S.PLACED,),
    OrderDeclined: (_S.PLACED,),
    OrderDelivered: (_S.ACCEPTED,),
    OrderConfirmed: (_S.DELIVERED,),
    OrderCancelled: (_S.PLACED, _S.ACCEPTED),
    OrderDisputed: (_S.ACCEPTED, _S.DELIVERED, _S.FULFILLED),
    OrderSettled: (_S.DISPUTED,),
}
"""In which states a home lets its own side take a step."""


@dataclass(slots=True)
class Order:
    """An order as this network's ledger has it; quantities in thousandths of the unit, amounts in minor units.

    A side is told as whether it is the buyer's.
    """

    id: bytes
    arrival: int
    at_ms: Millis
    placed: OrderPlaced
    state: OrderState
    changed_ms: Millis
    buyer_steps: tuple[OrderStep, ...] = ()
    seller_steps: tuple[OrderStep, ...] = ()
    delivered: int = 0
    due_minor: int = 0
    request: bytes | None = None
    payment: bytes | None = None
    """What pays it, as far as this network knows."""
    is_paid: bool = False
    is_told: bool = False
    denied: str | None = None
    advance_minor: int = 0
    advance_request: bytes | None = None
    advance_payment: bytes | None = None
    is_advance_paid: bool = False
    given_back_minor: int = 0
    """What of an advance has gone back to the buyer, in the order's currency."""
    reasons: tuple[tuple[bool, int, bytes], ...] = ()
    """Why it was declined or disputed: whose step of which number says it, by a salted digest."""

    @property
    def partner(self) -> bytes | None:
        """The other network; None within ours."""
        return self.placed.partner

    @property
    def own_sides(self) -> tuple[bool, ...]:
        """Which sides are ours: the buyer's (True), the seller's (False), or both."""
        return (True, False) if self.partner is None else (self.placed.is_buyer,)

    @property
    def own_members(self) -> tuple[str, ...]:
        """The members of ours that it concerns, by id."""
        return tuple(self.placed.buyer if side else self.placed.seller for side in self.own_sides)

    @property
    def own_count(self) -> int:
        """How many steps our side has taken, across networks."""
        return len(self.steps(self.placed.is_buyer))

    @property
    def far_count(self) -> int:
        """How many of the other side's are known here."""
        return len(self.steps(not self.placed.is_buyer))

    @property
    def due_ms(self) -> Millis | None:
        """When time alone ends it, or ends the telling of it."""
        if self.is_told or self.owes:
            return None
        more = 0 if self.partner is None else SILENT_DAYS_MAX * DAY_MS
        match self.state:
            case OrderState.PLACED:
                return self.placed.not_after_ms + 1 + more
            case OrderState.DISPUTED:
                return dispute_ends_ms(self) + 1 + more
            case OrderState.ACCEPTED | OrderState.DELIVERED:
                return None
            case _:
                return None if self.partner is None else self.changed_ms + more

    @property
    def owes(self) -> bool:
        """Tell whether it is fulfilled and not paid."""
        return self.state is OrderState.FULFILLED and bool(self.due_minor) and not self.is_all_paid

    @property
    def is_all_paid(self) -> bool:
        """Tell whether all that is due has been paid: an agreed advance, and what is left."""
        rest_is_paid = self.is_paid if self.request is not None else self.advance_stands
        return bool(self.due_minor) and rest_is_paid and (not self.advance_stands or self.is_advance_paid)

    @property
    def advance_stands(self) -> bool:
        """Tell whether an advance is, or was, to be paid: not one that would have been more than what came costs."""
        lapsed = bool(self.due_minor) and self.due_minor < self.advance_minor and self.request is not None
        return self.advance_request is not None and not lapsed

    @property
    def asked_minor(self) -> int:
        """What its payment request asks for after delivery: what the advance leaves of what is due."""
        if self.request is None:
            return 0
        return self.due_minor - (self.advance_minor if self.advance_stands else 0)

    @property
    def give_back_minor(self) -> int:
        """What the seller has to give back of an advance that was paid: less came, or nothing at all."""
        over = self.state is OrderState.CANCELLED or bool(self.due_minor)
        if not self.is_advance_paid or not over:
            return 0
        kept = 0 if self.state is OrderState.CANCELLED else self.due_minor - (self.asked_minor if self.is_paid else 0)
        return max(0, self.advance_minor - kept - self.given_back_minor)

    def unpaid_since_ms(self) -> Millis | None:
        """Return since when something is due that is not paid: an advance since it was asked for; None: nothing is."""
        hours = {one.did: one.at_ms for one in self.steps(side=False)}
        if self.state not in (OrderState.ACCEPTED, OrderState.DELIVERED, OrderState.FULFILLED):
            return None
        if self.advance_stands and not self.is_advance_paid:
            return hours.get(OrderDid.ACCEPTED)
        return None if self.request is None or self.is_paid else hours.get(OrderDid.DELIVERED)

    def state_at(self, now: Millis) -> OrderState:
        """Return its state at an hour: one that nobody has answered, or settled, expires by itself."""
        is_disputed = self.state is OrderState.DISPUTED
        hour = dispute_ends_ms(self) if is_disputed else self.placed.not_after_ms
        late = now > hour and ORDER_LIFE.allows(self.state, HOUR)
        return ORDER_LIFE.after(self.state, HOUR) if late else self.state

    def settled(self) -> OrderState | None:
        """Return how both sides would end a dispute: alike in whatever order they have said it; None: not alike."""
        said = [{one.fulfilled for one in self.steps(side) if one.fulfilled is not None} for side in (True, False)]
        both = said[0] & said[1]
        if not both:
            return None
        return OrderState.FULFILLED if True in both else OrderState.CANCELLED

    def steps(self, side: bool) -> tuple[OrderStep, ...]:  # noqa: FBT001
        """Return the steps of a side, in its order."""
        return self.buyer_steps if side else self.seller_steps

    def step(self, side: bool, step: OrderStep, reason: bytes | None) -> None:  # noqa: FBT001
        """Note a step of a side, and why it was taken: part of the fold."""
        if reason is not None:
            self.reasons = (*self.reasons, (side, len(self.steps(side)), reason))
        if side:
            self.buyer_steps = (*self.buyer_steps, step)
        else:
            self.seller_steps = (*self.seller_steps, step)

    def has_room(self, side: bool) -> bool:  # noqa: FBT001
        """Tell whether a side may still take a step; the last one is kept for settling."""
        return len(self.steps(side)) < ORDER_STEPS_MAX


def dispute_ends_ms(order: Order) -> Millis:
    """Return until when a dispute can be settled."""
    return order.changed_ms + DISPUTE_DAYS_MAX * DAY_MS


def is_over(order: Order) -> bool:
    """Tell whether nothing more is to come of an order here, nor to be told of it."""
    ended = order.state in (OrderState.DECLINED, OrderState.CANCELLED, OrderState.FULFILLED)
    return not order.owes and not order.give_back_minor and (order.is_told or (ended and order.partner is None))


ORDERS = Table(
    "orders",
    Order,
    by={
        "member": lambda order: order.own_members,
        "partner": lambda order: () if order.partner is None else (order.partner,),
        "request": lambda order: tuple(one for one in (order.request, order.advance_request) if one is not None),
        "payment": lambda order: tuple(one for one in (order.payment, order.advance_payment) if one is not None),
    },
    closed=is_over,
)


@dataclass(slots=True)
class Fulfilments:
    """How often somebody has bought something of somebody, as far as orders were fulfilled."""

    of: dict[tuple[str, str, str], int] = field(default_factory=dict[tuple[str, str, str], int])
    days: dict[bytes, tuple[int, int]] = field(default_factory=dict[bytes, tuple[int, int]])
    """How many orders of another network were written on its newest day."""


@dataclass(slots=True)
class OrderTalk:
    """What the other homes are known to have, and what was just said to them: lost at a restart, and said again."""

    TRANSIENT: ClassVar[bool] = True
    untold: dict[bytes, None] | None = None
    """Orders of which the other home may lack something; None: nobody has looked since the start."""
    acked: dict[bytes, int] = field(default_factory=dict[bytes, int])
    """How many of our steps the other home has."""
    tried: dict[bytes, tuple[Millis, int]] = field(default_factory=dict[bytes, tuple[Millis, int]])
    """When it was told last, and how often."""
    texts: dict[bytes, str] = field(default_factory=dict[bytes, str])
    """Why ours decline and dispute, by digest: it goes along as long as this is here."""

    def stir(self, order: Order) -> None:
        """Tell the other home of it soon."""
        if order.partner is not None:
            self.tried.pop(order.id, None)
            if self.untold is not None:
                self.untold[order.id] = None

    def forget(self, order: bytes) -> None:
        """Have nothing more to tell of an order."""
        for known in (self.acked, self.tried, self.untold or {}):
            known.pop(order, None)


def party_of(order: Order, *, buyer: bool, partner_text: str) -> str:
    """Return by what a side is counted: a member's id, or a handle abroad with its network's id."""
    name = order.placed.buyer if buyer else order.placed.seller
    return name if buyer in order.own_sides else f"{name}@{partner_text}"


def item_of(placed: OrderPlaced) -> str:
    """Return by what an item is counted: its code, or without one the offer's id in hexadecimal."""
    return placed.code or placed.offer.hex()


def fulfilled_between(book: Book, buyer: str, seller: str, item: str) -> int:
    """Return how many orders of an item were fulfilled between two: members' ids, or handle@network-id abroad."""
    return book.of(Fulfilments).of.get((buyer, seller, item), 0)
