# SPDX-License-Identifier: AGPL-3.0-or-later
"""What can be asked of deliveries, and how they are shown."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.declaration import At, Doc
from protocol.practices.market.hours import HOUR_CHARS_MAX
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class DeliveriesWanted:
    """Your deliveries, or all for those who read all."""


@dataclass(frozen=True, slots=True)
class DeliveredItemShown:
    """How much of what came."""

    id: Annotated[str, Doc("the id of the offer, or of the item of a cycle")]
    code: Annotated[str | None, Doc("its item code (CPC 2.1); null: none was told")]
    name: Annotated[str | None, Doc("what an item of a cycle is called; null: it was an offer")]
    quantity: Annotated[str, Doc("how much, as a decimal")]
    unit: Annotated[str, Doc("the UN/CEFACT code of the unit; empty: pieces")]


@dataclass(frozen=True, slots=True)
class DeliveryShown:
    """An order that its buyer has confirmed, or what came for an order cycle that is settled."""

    id: Annotated[str, Doc("the id of the order, or of the cycle")]
    events: Annotated[
        tuple[str, ...], Doc("the ids of its events, the last that it was received: hashes by CBV 2.0 of GS1")
    ]
    sent_at: Annotated[At | None, Doc("when its giver says that it was sent; null: nobody says")]
    received_at: Annotated[At, Doc("when it was received")]
    giver: Annotated[str | None, Doc("from whom, as mutirao:NETWORK/HANDLE; null: from outside")]
    receiver: Annotated[str, Doc("by whom, as mutirao:NETWORK/HANDLE")]
    items: Annotated[tuple[DeliveredItemShown, ...], Doc("what came")]
    orders: Annotated[tuple[str, ...], Doc("the ids of the order, or of the cycle and its joint order")]


@dataclass(frozen=True, slots=True)
class DeliveryEventsWanted:
    """What you have delivered and received in a time, as events of EPCIS 2.0; all of the network for readers."""

    since: Annotated[
        str, AtMost(HOUR_CHARS_MAX), Doc("from when on: a day such as 2026-11-01 by the group's clock, or an hour")
    ]
    until: Annotated[
        str | None, AtMost(HOUR_CHARS_MAX), Doc("until when: a day, to its end, or an hour; default: now")
    ] = None


@dataclass(frozen=True, slots=True)
class DeliveryEventsShown:
    """Deliveries of a time; the document of EPCIS is the form jsonld."""

    made_at: Annotated[At, Doc("when this was made")]
    deliveries: Annotated[tuple[DeliveryShown, ...], Doc("what came, in the order in which it was noted")]
