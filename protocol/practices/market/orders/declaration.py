# SPDX-License-Identifier: AGPL-3.0-or-later
"""Orders: placed, accepted, delivered, confirmed; disputed where it is not as agreed. No order moves money by itself.

In the words of ValueFlows an order proposes two commitments (vf:Commitment), to deliver and to pay; the seller's
acceptance makes them stand; delivery and confirmation are the economic events (vf:EconomicEvent) that fulfil the first
(vf:fulfills). Whoever delivers asks for the price by a payment request, and an ordinary payment fulfils the second.
"""

from protocol.book.declaration import Act, Create, List, Practice, Show
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.peers.home import AGAIN
from protocol.peers.messages import OrderNews, QuoteDenied
from protocol.peers.talks import HEARS, Hears, at_desk
from protocol.practices.between.abroad.entries import Arrived, Refunded, Sent, Settled
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
)
from protocol.practices.market.orders.paid import see_payment
from protocol.practices.market.orders.plans import (
    plan_accept,
    plan_cancel,
    plan_confirm,
    plan_decline,
    plan_deliver,
    plan_dispute,
    plan_place,
    plan_settle,
    reason_form,
)
from protocol.practices.market.orders.refusals import ORDER_REFUSALS
from protocol.practices.market.orders.rules import check, fold
from protocol.practices.market.orders.state import ORDER_LIFE, ORDERS
from protocol.practices.market.orders.talk import agenda, hear_denied, hear_news, tell_again
from protocol.practices.market.orders.views import news, owned, rests, today, view_order, view_orders, week
from protocol.practices.market.orders.wishes import (
    AcceptOrder,
    CancelOrder,
    ConfirmOrder,
    DeclineOrder,
    DeliverOrder,
    DisputeOrder,
    OrderShown,
    OrdersWanted,
    PlaceOrder,
    SettleOrder,
)
from protocol.practices.money.payments.entries import Paid, Posted, Reversed
from protocol.practices.money.requests.views import REQUEST_RESTS
from protocol.practices.money.setoffs.entries import SetOffMade

PRACTICE = Practice(
    name="orders",
    entries=(
        OrderPlaced, OrderAccepted, OrderDeclined, OrderDelivered, OrderConfirmed, OrderCancelled, OrderDisputed,
        OrderSettled, OrderDenied, OrderTold,
    ),
    check=check,
    fold=fold,
    news=news,
    today=today,
    week=week,
    agenda=agenda,
    tables=(ORDERS,),
    private=(Private("order-reason", NOTE_BYTES_MAX, (OrderDeclined, OrderDisputed), owned),),
    after=dict.fromkeys((Paid, Posted, Reversed, SetOffMade, Sent, Settled, Refunded, Arrived), see_payment),
    operations=(
        Create("orders", PlaceOrder, plan=plan_place, verb="place",
               example="mutirao orders place --offer OFFER@serra --quantity '40 kg'"),
        Act("orders", "accept", AcceptOrder, plan=plan_accept, example="mutirao orders accept ORDER"),
        Act("orders", "decline", DeclineOrder, plan=plan_decline, form=reason_form,
            example="mutirao orders decline ORDER --reason 'All is sold'"),
        Act("orders", "deliver", DeliverOrder, plan=plan_deliver,
            example="mutirao orders deliver ORDER --quantity 38.5"),
        Act("orders", "confirm", ConfirmOrder, plan=plan_confirm, example="mutirao orders confirm ORDER"),
        Act("orders", "cancel", CancelOrder, plan=plan_cancel, example="mutirao orders cancel ORDER"),
        Act("orders", "dispute", DisputeOrder, plan=plan_dispute, form=reason_form,
            example="mutirao orders dispute ORDER --reason 'Half of it was wet'"),
        Act("orders", "settle", SettleOrder, plan=plan_settle,
            example="mutirao orders settle ORDER --outcome fulfilled"),
        Show("orders", OrderShown, view=view_order, example="mutirao orders show ORDER"),
        List("orders", OrdersWanted, OrderShown, rows=view_orders, own=True,
             example="mutirao orders list --state delivered"),
    ),
    fills=(
        HEARS.by(Hears(OrderNews, at_desk(hear_news), counted=True)),
        HEARS.by(Hears(QuoteDenied, at_desk(hear_denied))),
        AGAIN.by(tell_again),
        REQUEST_RESTS.by(rests),
    ),
    refusals=ORDER_REFUSALS,
    lives=(ORDER_LIFE,),
)  # fmt: skip
