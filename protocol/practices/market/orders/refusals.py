# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why an order is not taken."""

from protocol.book.refusals import Reason, Stage

OFFER_GONE = Reason(
    "OFFER_GONE",
    Stage.SUBJECT,
    404,
    "No such offer stands on this board",
    "The offer was withdrawn, has ended, or was never there. Nothing was ordered.",
    heading="There is no such offer any more",
    ways=("see what is offered now: mutirao offers list",),
)
OFFER_DIFFERS = Reason(
    "OFFER_DIFFERS",
    Stage.SUBJECT,
    409,
    "The offer is not as the order says",
    "Unit or price of the offer have changed. Nothing was ordered.",
    heading="The offer has changed",
    ways=("look at the offer again, and order what it says now",),
)
QUANTITY_EXCEEDED = Reason(
    "QUANTITY_EXCEEDED",
    Stage.RULE,
    422,
    "That is more than there is",
    "There is {available} of it. Nothing was written.",
    heading="There is only {available} of it",
    ways=("take {available}", "speak with who offers it"),
)
ORDERS_TOO_MANY = Reason(
    "ORDERS_TOO_MANY",
    Stage.RULE,
    409,
    "So many orders are open already",
    "{maximum} orders are open already, or were placed today. Nothing was ordered.",
    transient=True,
    heading="No more than {maximum} orders at a time",
    ways=("confirm, pay or cancel what is open", "order again tomorrow"),
)
ORDER_STRANGER = Reason(
    "ORDER_STRANGER",
    Stage.AUTHORITY,
    403,
    "Orders come from partners and fellow members of federations alone",
    "No link and no federation ties the two networks together. Nothing was ordered.",
    heading="The two networks do not know each other",
    ways=("ask a steward for a link: mutirao links create",),
)
ORDER_REFUSALS = (OFFER_GONE, OFFER_DIFFERS, QUANTITY_EXCEEDED, ORDERS_TOO_MANY, ORDER_STRANGER)
