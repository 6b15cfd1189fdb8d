# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledgers of the buyer's and the seller's networks say of an order: each step, by which side it is.

In the words of ValueFlows: an order that is placed proposes two commitments, to deliver and to pay; accepted, they
stand; what is delivered and confirmed are events that fulfil the first, and the payment fulfils the second. In a step
`said_ms` is the hour at which the other network's home says that its side took it; nothing: it was taken here.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import Ref
from protocol.book.money import BASIS_POINTS
from protocol.book.refusals import ReasonCode
from protocol.book.signed import Digest, Id16, MemberId, Time
from protocol.practices.market.intents import QUANTITY_MAX, PriceMinor, Quantities
from protocol.wire.shape import AtMost, Range

OrderId = Annotated[Id16, Ref("orders")]
AmountDue = Annotated[int, Range(0, 2**63 - 1)]
AdvancePart = Annotated[int, Range(1, BASIS_POINTS)]
"""Which part of a price is paid before delivery, in hundredths of a percent."""


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """A buyer orders so much of an offer, at a price of one unit of it in minor units (`partner`: across networks).

    Buyer and seller are members' ids here, and the handle of who is of the partner's network. `code` is the item's.
    `advance` is the part of the price that is paid once the order is accepted, without interest.
    """

    KIND: ClassVar[str] = "orders/placed"
    order: OrderId
    partner: Digest | None
    buyer: MemberId
    seller: MemberId
    is_buyer: bool
    """Whether the buyer is ours; within one network both are."""
    offer: Id16
    code: Annotated[str, AtMost(5)]
    quantity: Annotated[int, Range(1, QUANTITY_MAX)]
    unit: Annotated[str, AtMost(3)]
    currency: Annotated[str, AtMost(12)]
    scale: Annotated[int, Range(0, 9)]
    price: PriceMinor
    not_after_ms: Time
    said_ms: Time | None
    advance: AdvancePart | None = None


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The seller will deliver: both commitments stand. An agreed advance is asked for by a payment request."""

    KIND: ClassVar[str] = "orders/accepted"
    order: OrderId
    said_ms: Time | None
    amount: Annotated[int, Range(1, 2**63 - 1)] | None = None
    request: Id16 | None = None


@dataclass(frozen=True, slots=True)
class OrderDeclined:
    """The seller will not deliver."""

    KIND: ClassVar[str] = "orders/declined"
    order: OrderId
    reason: Digest | None
    said_ms: Time | None


@dataclass(frozen=True, slots=True)
class OrderDelivered:
    """The seller has delivered so much, which costs so much, and asks by a payment request for what is left of that.

    There is none where nothing is left. Where less is due than an advance that nobody has paid, it asks for all of it.
    """

    KIND: ClassVar[str] = "orders/delivered"
    order: OrderId
    quantity: Quantities
    amount: AmountDue
    request: Id16 | None
    said_ms: Time | None


@dataclass(frozen=True, slots=True)
class OrderConfirmed:
    """The buyer has got what was delivered."""

    KIND: ClassVar[str] = "orders/confirmed"
    order: OrderId
    said_ms: Time | None


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """A side steps back before anything is delivered."""

    KIND: ClassVar[str] = "orders/cancelled"
    order: OrderId
    by_buyer: bool
    said_ms: Time | None


@dataclass(frozen=True, slots=True)
class OrderDisputed:
    """A side says that it is not as was agreed."""

    KIND: ClassVar[str] = "orders/disputed"
    order: OrderId
    by_buyer: bool
    reason: Digest | None
    said_ms: Time | None


@dataclass(frozen=True, slots=True)
class OrderSettled:
    """A side, or a steward for it, would end the dispute so: as fulfilled, or as cancelled."""

    KIND: ClassVar[str] = "orders/settled"
    order: OrderId
    by_buyer: bool
    fulfilled: bool
    said_ms: Time | None


@dataclass(frozen=True, slots=True)
class OrderDenied:
    """The seller's home takes no such order."""

    KIND: ClassVar[str] = "orders/denied"
    order: OrderId
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class OrderTold:
    """The other home knows how the order has ended here, or was silent for too long after that."""

    KIND: ClassVar[str] = "orders/told"
    order: OrderId


Stepped = (
    OrderAccepted | OrderDeclined | OrderDelivered | OrderConfirmed | OrderCancelled | OrderDisputed | OrderSettled
)
