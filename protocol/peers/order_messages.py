# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the homes of a buyer and a seller say to each other of an order: each its own steps, all of them each time."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from protocol.book.personal import NOTE_CHARS_MAX
from protocol.wire.shape import AtMost, Length, Range

ORDER_STEPS_MAX = 16
"""How many steps one side may take of an order: deals with more of them are made anew."""
_Id16 = Annotated[bytes, Length(16)]
_Time = Annotated[int, Range(0, 2**47)]
_Minor = Annotated[int, Range(0, 2**63 - 1)]


class OrderDid(StrEnum):
    """What a side did: the seller accepts, declines, delivers; the buyer confirms; either may do the rest."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    DELIVERED = "delivered"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    DISPUTED = "disputed"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One step of a side, at its hour; what was delivered, what is asked for it, or how it would settle a dispute.

    Who accepts asks for the advance, if one was agreed.
    `text` is why it declines or disputes, as long as its home remembers: nobody's ledger has it.
    """

    did: OrderDid
    at_ms: _Time
    quantity: _Minor = 0
    amount: _Minor = 0
    request: _Id16 | None = None
    fulfilled: bool | None = None
    text: Annotated[str, AtMost(NOTE_CHARS_MAX)] | None = None


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What is ordered: so many thousandths of a unit of an offer on the seller's board, at a price of it.

    `buyer` is the handle that the seller sees; `advance` the part that is paid once it is accepted, in hundredths of a
    percent, as the offer's cost sheet asks.
    """

    offer: _Id16
    buyer: Annotated[str, AtMost(32)]
    quantity: Annotated[int, Range(1, 10**12)]
    unit: Annotated[str, AtMost(3)]
    currency: Annotated[str, AtMost(12)]
    price: Annotated[int, Range(0, 10**15)]
    placed_ms: _Time
    not_after_ms: _Time
    advance: Annotated[int, Range(1, 10_000)] | None = None


@dataclass(frozen=True, slots=True)
class OrderNews:
    """All that my side has said of an order with you, and how many of your steps I have: an answer lacks nothing.

    From the buyer's home it comes with `terms`; the seller's home writes them down the first time.
    """

    order: _Id16
    terms: OrderTerms | None
    steps: Annotated[tuple[OrderStep, ...], AtMost(ORDER_STEPS_MAX)]
    seen: Annotated[int, Range(0, ORDER_STEPS_MAX)]
