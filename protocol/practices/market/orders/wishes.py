# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members wish with orders, and what they are shown of them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from protocol.book.declaration import At, Doc, TextRef
from protocol.book.money import Amount
from protocol.book.personal import NOTE_CHARS_MAX
from protocol.book.refusals import ReasonCode
from protocol.practices.market.orders.state import OrderState
from protocol.practices.market.wishes import QUANTITY_CHARS_MAX
from protocol.wire.shape import AtMost, Range

ORDER_DAYS_MAX = 90


class OrderSide(StrEnum):
    """Who of the two."""

    BUYER = "buyer"
    SELLER = "seller"


class OrderOutcome(StrEnum):
    """How a dispute ends."""

    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"


BySide = Annotated[
    OrderSide | None, Doc("for which side; default: yours. A steward says it for a member without a key")
]
Reasoned = Annotated[str | None, AtMost(NOTE_CHARS_MAX), Doc("why; erasable, and seen by the two sides alone")]


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Order so much of an offer. Nothing is paid by it: the seller asks for the payment, and for an advance."""

    offer: Annotated[str, AtMost(160), Doc("the offer's id; behind an @ the network, where it is another than yours")]
    quantity: Annotated[
        str, AtMost(QUANTITY_CHARS_MAX), Doc('how much: so many of the offer\'s unit, such as 40, or "1,5 kg"')
    ]
    currency: Annotated[str | None, AtMost(12), Doc("by which of its prices; default: the first")] = None
    days: Annotated[int, Range(1, ORDER_DAYS_MAX), Doc("for how many days it may be accepted")] = 14
    buyer: Annotated[str | None, AtMost(64), Doc("the handle of who orders; default: you")] = None


@dataclass(frozen=True, slots=True)
class AcceptOrder:
    """Say that you will deliver; you ask for the advance, if the cost sheet of what you offer tells of one."""


@dataclass(frozen=True, slots=True)
class DeclineOrder:
    """Say that you will not deliver."""

    reason: Reasoned = None


@dataclass(frozen=True, slots=True)
class DeliverOrder:
    """Say that it is delivered: you ask for what is left of its price by a payment request that the order names."""

    quantity: Annotated[
        str | None, AtMost(QUANTITY_CHARS_MAX), Doc("how much; default, and at most: what was ordered")
    ] = None


@dataclass(frozen=True, slots=True)
class ConfirmOrder:
    """Say that you have got it; paying is another matter."""


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Step back, as long as nothing is delivered."""

    side: BySide = None


@dataclass(frozen=True, slots=True)
class DisputeOrder:
    """Say that it is not as was agreed; it ends when both sides, or a steward within the network, settle it alike."""

    reason: Annotated[str, AtMost(NOTE_CHARS_MAX), Doc("what is the matter; erasable, and seen by the two sides alone")]
    side: BySide = None


@dataclass(frozen=True, slots=True)
class SettleOrder:
    """Say how a dispute should end; a steward says it for the whole network's side."""

    outcome: Annotated[OrderOutcome, Doc("fulfilled: as if confirmed; cancelled: as if never delivered")]


@dataclass(frozen=True, slots=True)
class OrdersWanted:
    """Orders that you have placed or are to deliver; for those who read all, everybody's."""

    state: Annotated[OrderState | None, Doc("only orders in this state")] = None
    late: Annotated[bool, Doc("only those of which something is due since a day or more, and not paid")] = False
    side: Annotated[OrderSide | None, Doc("only those in which you are so")] = None


@dataclass(frozen=True, slots=True)
class OrderReason:
    """Why somebody declined or disputes."""

    side: Annotated[str, Doc("who says it: buyer or seller")]
    text: TextRef | None


@dataclass(frozen=True, slots=True)
class OrderShown:
    """An order, as this network's ledger has it."""

    id: Annotated[str, Doc("its UUID, the same in both networks")]
    state: Annotated[OrderState, Doc("how far it has come")]
    buyer: Annotated[str, Doc("the handle of who orders; with the network's, where it is another")]
    seller: Annotated[str, Doc("the handle of who delivers; with the network's, where it is another")]
    network: Annotated[str | None, Doc("the other network, by its id; null: both are here")]
    offer: Annotated[str, Doc("the offer's UUID, on the seller's board")]
    title: Annotated[str | None, Doc("what the offer is called, as long as it stands")]
    code: Annotated[str, Doc("the item code, or empty")]
    quantity: Annotated[str, Doc("how much is ordered")]
    unit: Annotated[str, Doc("of which unit, by its code of UN/CEFACT, or empty")]
    price: Annotated[Amount, Doc("what one unit costs, in the seller's currency")]
    delivered: Annotated[str, Doc("how much was delivered")]
    due: Annotated[Amount, Doc("what is to be paid for that, in the seller's currency")]
    request: Annotated[str | None, Doc("the payment request that asks for it, at the seller's home")]
    asked: Annotated[Amount, Doc("what that asks for: what an advance leaves of what is due")]
    payment: Annotated[str | None, Doc("the payment for it, as far as it is known here")]
    paid: Annotated[bool, Doc("whether all that is due has arrived, or was set off")]
    advance: Annotated[Amount | None, Doc("what is paid once it is accepted, without interest, as its cost sheet asks")]
    advance_request: Annotated[str | None, Doc("the payment request that asks for the advance, at the seller's home")]
    advance_payment: Annotated[str | None, Doc("the payment of the advance, as far as it is known here")]
    advance_paid: Annotated[bool, Doc("whether the advance has arrived")]
    give_back: Annotated[Amount | None, Doc("what the seller is to give back of an advance: less came, or nothing")]
    days_late: Annotated[int, Doc("since how many whole days something is due that is not paid; no interest grows")]
    reasons: Annotated[tuple[OrderReason, ...], Doc("why it was declined or is disputed")]
    buyer_settles: Annotated[OrderOutcome | None, Doc("how the buyer would end the dispute")]
    seller_settles: Annotated[OrderOutcome | None, Doc("how the seller would end it")]
    denied: Annotated[ReasonCode | None, Doc("why the seller's home has not taken it")]
    known_there: Annotated[bool, Doc("whether the other network's home has all of this")]
    created_at: At
    changed_at: At
    not_after: Annotated[At, Doc("until when it can be accepted")]
