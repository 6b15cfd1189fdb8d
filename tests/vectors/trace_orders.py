# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the trace tells of orders: within the network and with another, fulfilled, declined, cancelled, disputed."""

from collections.abc import Sequence

from riacho import DAY_MS, Riacho

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
from protocol.practices.money.requests.entries import Requested

ORDERS = {
    name: bytes([number]) * 16
    for number, name in enumerate(
        ("fulfilled", "declined", "cancelled", "settled", "denied", "bought", "sold", "full", "open", "accepted"), 65
    )
}
"""The orders of the story by what becomes of them."""
FAR = bytes(range(32))
"""A network that nobody has met."""


def orders(told: Riacho) -> None:
    """Bia buys of Caio, and of somebody elsewhere; both sides do what they may."""
    for name in ORDERS:
        told.write(placed(told, name))
    fulfilled, cancelled, settled, sold, full = (
        ORDERS[one] for one in ("fulfilled", "cancelled", "settled", "sold", "full")
    )
    request = bytes([64]) * 16
    told.write(OrderAccepted(fulfilled, None))
    told.write(Requested(request, told.account("caio"), 6_00, told.id_of("bia"), None, None))
    told.write(OrderDelivered(fulfilled, 1_500, 6_00, request, None))
    told.write(OrderConfirmed(fulfilled, None))
    told.write(OrderDeclined(ORDERS["declined"], bytes(32), None))
    told.write(OrderCancelled(cancelled, by_buyer=True, said_ms=None))
    told.write(OrderAccepted(settled, None))
    told.write(OrderDisputed(settled, by_buyer=True, reason=bytes(32), said_ms=None))
    for by_buyer in (True, False):
        told.write(OrderSettled(settled, by_buyer, False, None))
    told.write(OrderDenied(ORDERS["denied"], "OFFER_GONE"))
    told.write(OrderTold(ORDERS["denied"]))
    told.write(OrderAccepted(ORDERS["accepted"], None))
    now = told.world.now
    told.write(OrderAccepted(sold, None))
    told.write(OrderDelivered(sold, 2_000, 8_00, bytes(16), None))
    told.write(OrderConfirmed(sold, now))
    told.write(OrderAccepted(ORDERS["bought"], now))
    told.write(OrderAccepted(full, None))
    for step in steps(full):
        told.write(step)


def steps(order: bytes) -> Sequence[Stepped]:
    """Return what fills both sides of an order that is accepted."""
    buyers = [OrderDisputed(order, by_buyer=True, reason=None, said_ms=None)] * 16
    return buyers + [OrderDisputed(order, by_buyer=False, reason=None, said_ms=None)] * 15


def placed(told: Riacho, name: str) -> OrderPlaced:
    """Return an order of the story: two kilograms at 4.00."""
    far = name in ("denied", "bought", "sold")
    buys = name != "sold"
    buyer, seller = told.id_of("bia") if buys else "clara", told.id_of("caio") if not buys or not far else "clara"
    return OrderPlaced(
        ORDERS[name], FAR if far else None, buyer, seller, is_buyer=buys, offer=bytes(16), code="23110",
        quantity=2_000, unit="KGM", currency="HORA", scale=2, price=4_00, not_after_ms=told.world.now + 600 * DAY_MS,
        said_ms=None if buys else told.world.now,
    )  # fmt: skip
