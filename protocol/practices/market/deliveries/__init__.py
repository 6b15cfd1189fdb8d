# SPDX-License-Identifier: AGPL-3.0-or-later
"""Deliveries: what orders and order cycles have brought, for who follows goods on their way (EPCIS 2.0 of GS1).

A delivery follows from what its buyer has confirmed, or from a cycle that is settled; nothing is entered for it. Each
is an event with a hash of the standard's, the same at both networks of an order.
"""

from protocol.book.declaration import List, Practice, Reckon, Show
from protocol.practices.market.deliveries.events import EVENT_FORMS
from protocol.practices.market.deliveries.state import DELIVERIES, look_for_order, note_cycle, note_order
from protocol.practices.market.deliveries.views import view_deliveries, view_delivery, view_events
from protocol.practices.market.deliveries.wishes import (
    DeliveriesWanted,
    DeliveryEventsShown,
    DeliveryEventsWanted,
    DeliveryShown,
)
from protocol.practices.market.orders.entries import OrderConfirmed, OrderSettled
from protocol.practices.market.purchasing.entries import PurchaseSettled

PRACTICE = Practice(
    name="deliveries",
    entries=(),
    before={OrderConfirmed: look_for_order, OrderSettled: look_for_order},
    after={OrderConfirmed: note_order, OrderSettled: note_order, PurchaseSettled: note_cycle},
    tables=(DELIVERIES,),
    operations=(
        Show("deliveries", DeliveryShown, view=view_delivery, id_is="the id of an order, or of an order cycle",
             example="mutirao deliveries show ORDER"),
        List("deliveries", DeliveriesWanted, DeliveryShown, rows=view_deliveries, own=True,
             example="mutirao deliveries list"),
        Reckon("deliveries", "events", DeliveryEventsWanted, DeliveryEventsShown, view=view_events, forms=EVENT_FORMS,
               example="mutirao deliveries events --since 2026-11-01 --output november.jsonld"),
    ),
)  # fmt: skip
