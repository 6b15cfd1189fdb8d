# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every node refuses of orders: a line for each kind and each reason, at the end of the trace."""

from dataclasses import replace

from riacho import Riacho
from trace_orders import ORDERS, placed

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


def refused(told: Riacho) -> None:
    """Refuse orders, and steps of them."""
    fine = replace(placed(told, "open"), order=bytes(16), seller=told.id_of("rosa"))
    for says, changed, code in (
        ("an order under an id that was used", {"order": ORDERS["open"]}, "DUPLICATE"),
        ("an order within the network that is the seller's alone", {"is_buyer": False}, "MALFORMED"),
        ("an order with oneself", {"seller": fine.buyer}, "FORBIDDEN"),
        ("an order across networks with one's own", {"partner": told.network}, "FORBIDDEN"),
        ("an order of nobody", {"buyer": "B" * 16}, "MEMBER_UNKNOWN"),
        ("an order from who has left", {"seller": told.id_of("hugo")}, "MEMBER_NOT_ACTIVE"),
        ("an order in no currency", {"currency": "NADA"}, "CURRENCY_UNKNOWN"),
    ):
        told.refuse(says, replace(fine, **changed), code)  # type: ignore[arg-type]
    for kind in (OrderAccepted, OrderDeclined, OrderDelivered, OrderConfirmed, OrderCancelled, OrderDisputed):
        of_kind(told, kind)
    of_kind(told, OrderSettled)
    accepted = step_of(OrderDelivered, ORDERS["accepted"])
    assert isinstance(accepted, OrderDelivered)
    told.refuse("more delivered than was ordered", replace(accepted, quantity=2_001), "MALFORMED")
    told.refuse("nothing delivered", replace(accepted, quantity=0), "MALFORMED")
    told.refuse("more asked for than was agreed", replace(accepted, amount=8_01), "MALFORMED")
    told.refuse("a delivery that asks for nothing", replace(accepted, request=None), "MALFORMED")
    late = replace(step_of(OrderAccepted, ORDERS["open"]), said_ms=None)
    [open_one] = [one for one in told.all_said(OrderPlaced) if one.order == ORDERS["open"]]
    told.accept("an order accepted at its last moment", late, open_one.not_after_ms)
    told.refuse("an order accepted when it is over", late, "STATE_CONFLICT", open_one.not_after_ms + 1)
    told.refuse("no order, denied", OrderDenied(bytes(16), "OFFER_GONE"), "NOT_FOUND")
    told.refuse("an order within the network, denied", OrderDenied(ORDERS["open"], "OFFER_GONE"), "FORBIDDEN")
    told.refuse("an accepted order, denied", OrderDenied(ORDERS["bought"], "OFFER_GONE"), "STATE_CONFLICT")
    told.refuse("no order, told", OrderTold(bytes(16)), "NOT_FOUND")
    told.refuse("an order told twice", OrderTold(ORDERS["denied"]), "STATE_CONFLICT")


def step_of(kind: type[Stepped], order: bytes) -> Stepped:
    """Return a step of the buyer's where a kind is of both sides, as if taken here."""
    if kind is OrderDelivered:
        return OrderDelivered(order, 2_000, 8_00, bytes(16), None)
    if kind is OrderDeclined:
        return OrderDeclined(order, None, None)
    if kind is OrderDisputed:
        return OrderDisputed(order, by_buyer=True, reason=None, said_ms=None)
    if kind is OrderSettled:
        return OrderSettled(order, by_buyer=True, fulfilled=True, said_ms=None)
    if kind is OrderCancelled:
        return OrderCancelled(order, by_buyer=True, said_ms=None)
    return OrderConfirmed(order, None) if kind is OrderConfirmed else OrderAccepted(order, None)


def of_kind(told: Riacho, kind: type[Stepped]) -> None:
    """Refuse a step of no order, of a side that is not its own, at a wrong time, and one too many."""
    name = kind.KIND.partition("/")[2]
    buyers = kind in (OrderConfirmed, OrderCancelled, OrderDisputed, OrderSettled)
    told.refuse(f"no order, {name}", step_of(kind, bytes(16)), "NOT_FOUND")
    other = ORDERS["sold" if buyers else "bought"]
    told.refuse(f"an order {name} for the other network's side", step_of(kind, other), "FORBIDDEN")
    heard = replace(step_of(kind, ORDERS["open"]), said_ms=1)
    told.refuse(f"an order within the network {name} elsewhere", heard, "FORBIDDEN")
    state = "open" if kind in (OrderDelivered, OrderConfirmed, OrderDisputed, OrderSettled) else "fulfilled"
    told.refuse(f"an order {name} that is {state}", step_of(kind, ORDERS[state]), "STATE_CONFLICT")
    told.refuse(f"an order {name} after sixteen steps", step_of(kind, ORDERS["full"]), "MALFORMED")
