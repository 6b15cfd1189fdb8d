# SPDX-License-Identifier: AGPL-3.0-or-later
"""What networks tell of what they order together: on boards the terms, how many boxes each buys, and what was agreed.

The ledger of each network has its own part: that a cycle of its own takes part, and who buys how many boxes in the end.
Nobody's order leaves its network: others see sums of whole boxes alone. Amounts are minor units of the host's currency.
"""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from protocol.book.declaration import BoardKind, Ref
from protocol.book.signed import Digest, Id16, Time
from protocol.book.uuids import derived_id
from protocol.practices.between.links.entries import RATE_TERM_MAX
from protocol.practices.market.intents import QUANTITY_MAX
from protocol.practices.market.purchasing.entries import (
    BOX_PRICE_MAX,
    CYCLE_TITLE_CHARS_MAX,
    PORTIONS_MAX,
    CycleId,
    ReceivedMinor,
)
from protocol.practices.money.currencies.entries import Code, Scale
from protocol.wire.codec import encode
from protocol.wire.keys import digest
from protocol.wire.shape import AtMost, Range, to_map

JOINT_ITEMS_MAX = 8
"""Items of one joint order: its terms go on a board in one item."""
JOINT_NETWORKS_MAX = 16
JOINT_BOXES_MAX = 2_000_000
"""Boxes of an item that one network buys."""
JOINT_REFERENT_CHARS_MAX = 32

JointId = Annotated[Id16, Ref("joint-orders")]
JointBoxes = Annotated[int, Range(0, JOINT_BOXES_MAX)]
RateTerm = Annotated[int, Range(1, RATE_TERM_MAX)]


@dataclass(frozen=True, slots=True)
class JointItem:
    """What is bought by the box, and what a box costs from so many boxes of all networks together on."""

    name: Annotated[str, AtMost(CYCLE_TITLE_CHARS_MAX)]
    portion: Annotated[int, Range(1, QUANTITY_MAX)]
    unit: Annotated[str, AtMost(3)]
    box: Annotated[int, Range(1, PORTIONS_MAX)]
    price: Annotated[int, Range(1, BOX_PRICE_MAX)]
    volume_price: Annotated[int, Range(1, BOX_PRICE_MAX)]
    volume_from: Annotated[int, Range(1, JOINT_BOXES_MAX)]


@dataclass(frozen=True, slots=True)
class JointTerms:
    """On which terms networks order together through a host, whose referent (by handle) they pay.

    `freight` is for the way to the first of them, `stop` for each one more. The id follows from all of it.
    """

    joint: Id16
    salt: Id16
    title: Annotated[str, AtMost(CYCLE_TITLE_CHARS_MAX)]
    referent: Annotated[str, AtMost(JOINT_REFERENT_CHARS_MAX)]
    currency: Code
    scale: Scale
    items: Annotated[tuple[JointItem, ...], AtMost(JOINT_ITEMS_MAX)]
    freight: ReceivedMinor
    stop: ReceivedMinor
    closes_ms: Time


@dataclass(frozen=True, slots=True)
class JointPart:
    """What a network buys, in boxes of each item; the host asks for its part by a payment request."""

    network: Digest
    boxes: Annotated[tuple[JointBoxes, ...], AtMost(JOINT_ITEMS_MAX)]
    request: Id16 | None


@dataclass(frozen=True, slots=True)
class JointTold:
    """A network invites others to order together."""

    KIND: ClassVar[str] = "joint-orders/told"
    terms: JointTerms


@dataclass(frozen=True, slots=True)
class JointBoxesTold:
    """So many boxes of each item a network buys."""

    KIND: ClassVar[str] = "joint-orders/boxes"
    joint: Id16
    boxes: Annotated[tuple[JointBoxes, ...], AtMost(JOINT_ITEMS_MAX)]


@dataclass(frozen=True, slots=True)
class JointPartsTold:
    """The host has agreed with who supplies it: these networks buy so many boxes."""

    KIND: ClassVar[str] = "joint-orders/parts"
    joint: Id16
    parts: Annotated[tuple[JointPart, ...], AtMost(JOINT_NETWORKS_MAX)]


JOINT_ITEMS, BOXES_ITEMS, PARTS_ITEMS = BoardKind(JointTold), BoardKind(JointBoxesTold), BoardKind(JointPartsTold)


@dataclass(frozen=True, slots=True)
class JointJoined:
    """A cycle of ours takes part: one minor unit of the host's currency counts num/den of ours."""

    KIND: ClassVar[str] = "joint-orders/joined"
    terms: JointTerms
    host: Digest
    cycle: CycleId
    num: RateTerm
    den: RateTerm


@dataclass(frozen=True, slots=True)
class JointFixed:
    """These networks buy so many boxes, and ours has its part by the prices and the freight that follow."""

    KIND: ClassVar[str] = "joint-orders/fixed"
    joint: JointId
    parts: Annotated[tuple[JointPart, ...], AtMost(JOINT_NETWORKS_MAX)]


def joint_id(terms: JointTerms) -> bytes:
    """Return the id that follows from the terms."""
    return derived_id(digest("joint-order", encode(to_map(replace(terms, joint=bytes(16))))))


def boxes_item_id(joint: bytes, network: bytes) -> bytes:
    """Return under which id a network tells its boxes."""
    return digest("joint-boxes", joint + network)[:16]


def parts_item_id(joint: bytes) -> bytes:
    """Return under which id the host tells what was agreed."""
    return digest("joint-parts", joint)[:16]
