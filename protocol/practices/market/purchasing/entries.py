# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of order cycles, and what members sign about them.

Goods are counted in portions, such as 200 g or a piece, and bought in boxes of so many. Amounts are minor units of the
cycle's currency. A cycle's id follows from all its terms: whoever signs the id signs the prices.
"""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from protocol.book.declaration import Doc, Ref, Uuid
from protocol.book.money import BASIS_POINTS
from protocol.book.signed import Id16, MemberId, Signed, Time
from protocol.book.uuids import derived_id
from protocol.practices.market.intents import QUANTITY_MAX
from protocol.practices.money.currencies.entries import Code
from protocol.wire.codec import encode
from protocol.wire.keys import digest
from protocol.wire.shape import AtMost, Range, to_map

CYCLE_ITEMS_MAX = 40
CYCLE_LINES_MAX = 200
"""Members who order in one cycle."""
PORTIONS_MAX = 10_000
"""Portions in a box, and of an item that one member orders."""
CYCLE_TITLE_CHARS_MAX = 60
BOX_PRICE_MAX = 2**40
COLLECT_DAYS_MAX = 60
HANDS_MAX = 40
"""Members who help when the goods are handed out."""
DEPOSIT_MAX = 2 * BASIS_POINTS

CycleId = Annotated[Id16, Ref("order-cycles")]
ItemNumber = Annotated[int, Range(1, CYCLE_ITEMS_MAX)]
"""Which item of a cycle it is, from 1."""
Portions = Annotated[int, Range(0, PORTIONS_MAX)]
ReceivedMinor = Annotated[int, Range(0, 2**53)]


@dataclass(frozen=True, slots=True)
class PurchaseItem:
    """What is bought by the box: a portion is so many thousandths of a unit, a box so many portions at a price."""

    name: Annotated[str, AtMost(CYCLE_TITLE_CHARS_MAX)]
    portion: Annotated[int, Range(1, QUANTITY_MAX)]
    unit: Annotated[str, AtMost(3)]
    box: Annotated[int, Range(1, PORTIONS_MAX)]
    price: Annotated[int, Range(1, BOX_PRICE_MAX)]


@dataclass(frozen=True, slots=True)
class PurchaseOpened:
    """Families order together: on which terms, through whom, and until when.

    `deposit` is the part of what is ordered that is held when the cycle closes, `over` by which part a bill may go
    beyond what was ordered, both in hundredths of a percent. Who has not collected in `collect_days` after the goods
    came pays all the same, or the goods are the commons' (`to_commons`). `salt` makes two cycles of like terms two.
    """

    KIND: ClassVar[str] = "purchasing/opened"
    cycle: CycleId
    salt: Id16
    title: Annotated[str, AtMost(CYCLE_TITLE_CHARS_MAX)]
    referent: MemberId
    payee: MemberId
    """Who is paid for the goods: who supplies them, or the referent who buys them elsewhere."""
    currency: Code
    items: Annotated[tuple[PurchaseItem, ...], AtMost(CYCLE_ITEMS_MAX)]
    freight: ReceivedMinor
    deposit: Annotated[int, Range(0, DEPOSIT_MAX)]
    over: Annotated[int, Range(0, BASIS_POINTS)]
    hands: Annotated[int, Range(0, HANDS_MAX)]
    closes_ms: Time
    collect_days: Annotated[int, Range(1, COLLECT_DAYS_MAX)]
    to_commons: bool


@dataclass(frozen=True, slots=True)
class PortionsWanted:
    """How much of an item somebody wants, and how much more it would take so that a box is full."""

    item: Annotated[ItemNumber, Doc("which item of the cycle, from 1")]
    quantity: Annotated[Portions, Doc("how many portions")]
    tolerance: Annotated[Portions, Doc("how many more it takes at most, so that a box is full")] = 0


@dataclass(frozen=True, slots=True)
class JoinCycle:
    """Order in a cycle: what falls to you is taken of your account. Ordered again, it takes the place of before."""

    cycle: Annotated[Id16, Uuid, Doc("the cycle; its id follows from its terms and prices")]
    lines: Annotated[
        tuple[PortionsWanted, ...],
        AtMost(CYCLE_ITEMS_MAX),
        Doc("what you want, each item once; none: you order nothing"),
    ]
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("who orders; default: you")] = None


@dataclass(frozen=True, slots=True)
class PurchaseJoined:
    """A member orders, by signed wish or by word (custodial)."""

    KIND: ClassVar[str] = "purchasing/joined"
    OPERATION: ClassVar[str] = "order-cycles.join"
    WISH: ClassVar[type[JoinCycle]] = JoinCycle
    signed: Signed | None
    word: JoinCycle | None


@dataclass(frozen=True, slots=True)
class PurchaseClosed:
    """What was ordered is shared out in whole boxes, and held; these are left out: their accounts cannot bear it."""

    KIND: ClassVar[str] = "purchasing/closed"
    cycle: CycleId
    without: Annotated[tuple[MemberId, ...], AtMost(CYCLE_LINES_MAX)]


@dataclass(frozen=True, slots=True)
class PurchaseOrdered:
    """The boxes are ordered of who supplies them."""

    KIND: ClassVar[str] = "purchasing/ordered"
    cycle: CycleId


@dataclass(frozen=True, slots=True)
class GivePortions:
    """Hand portions that fall to you over to another member, who then takes and pays them; nothing is done before."""

    cycle: Annotated[Id16, Uuid, Doc("the cycle")]
    item: Annotated[ItemNumber, Doc("which item of the cycle, from 1")]
    quantity: Annotated[Annotated[int, Range(1, PORTIONS_MAX)], Doc("how many portions")]
    receiver: Annotated[str, AtMost(64), Ref("members"), Doc("who is to take them; a signed wish names it by id")]
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("who gives them; default: you")] = None


@dataclass(frozen=True, slots=True)
class PortionsGiven:
    """A member offers portions of its own to another, by signed wish or by word (custodial)."""

    KIND: ClassVar[str] = "purchasing/given"
    OPERATION: ClassVar[str] = "order-cycles.give"
    WISH: ClassVar[type[GivePortions]] = GivePortions
    signed: Signed | None
    word: GivePortions | None


@dataclass(frozen=True, slots=True)
class TakePortions:
    """Take portions that another member hands over to you: you pay for them what it would have paid."""

    cycle: Annotated[Id16, Uuid, Doc("the cycle")]
    item: Annotated[ItemNumber, Doc("which item of the cycle, from 1")]
    quantity: Annotated[Annotated[int, Range(1, PORTIONS_MAX)], Doc("how many portions: as many as are handed over")]
    giver: Annotated[str, AtMost(64), Ref("members"), Doc("who hands them over; a signed wish names it by id")]
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("who takes them; default: you")] = None


@dataclass(frozen=True, slots=True)
class PortionsTaken:
    """A member takes portions of another, and what is held for them; by signed wish or by word (custodial)."""

    KIND: ClassVar[str] = "purchasing/taken"
    OPERATION: ClassVar[str] = "order-cycles.take"
    WISH: ClassVar[type[TakePortions]] = TakePortions
    signed: Signed | None
    word: TakePortions | None


@dataclass(frozen=True, slots=True)
class ReceivedItem:
    """What came of an item, in portions, and what the bill says for it."""

    portions: Annotated[int, Range(0, CYCLE_LINES_MAX * PORTIONS_MAX)]
    bill: ReceivedMinor


@dataclass(frozen=True, slots=True)
class PurchaseReceived:
    """The goods came, item by item in their order, with a bill; told again, it takes the place of before."""

    KIND: ClassVar[str] = "purchasing/received"
    cycle: CycleId
    items: Annotated[tuple[ReceivedItem, ...], AtMost(CYCLE_ITEMS_MAX)]
    freight: ReceivedMinor


@dataclass(frozen=True, slots=True)
class PurchaseCollected:
    """These members have collected what is theirs."""

    KIND: ClassVar[str] = "purchasing/collected"
    cycle: CycleId
    members: Annotated[tuple[MemberId, ...], AtMost(CYCLE_LINES_MAX)]


@dataclass(frozen=True, slots=True)
class SpoiltClaimed:
    """A member says that so many of its portions of an item were spoilt."""

    KIND: ClassVar[str] = "purchasing/claimed"
    cycle: CycleId
    member: MemberId
    item: ItemNumber
    portions: Annotated[int, Range(1, PORTIONS_MAX)]


@dataclass(frozen=True, slots=True)
class SpoiltDecided:
    """Who is paid for the goods takes a claim, and so much less, or does not."""

    KIND: ClassVar[str] = "purchasing/decided"
    cycle: CycleId
    member: MemberId
    item: ItemNumber
    accepted: bool


@dataclass(frozen=True, slots=True)
class ShiftTaken:
    """A member helps when the goods are handed out, or does not after all."""

    KIND: ClassVar[str] = "purchasing/shift"
    cycle: CycleId
    member: MemberId
    helps: bool


@dataclass(frozen=True, slots=True)
class PurchaseSettled:
    """What is held goes back, shares are paid."""

    KIND: ClassVar[str] = "purchasing/settled"
    cycle: CycleId


@dataclass(frozen=True, slots=True)
class PurchaseCancelled:
    """Nothing is bought: what is held goes back."""

    KIND: ClassVar[str] = "purchasing/cancelled"
    cycle: CycleId


def cycle_id(terms: PurchaseOpened) -> bytes:
    """Return the id that follows from a cycle's terms."""
    return derived_id(digest("order-cycle", encode(to_map(replace(terms, cycle=bytes(16))))))


PurchaseStep = (
    PurchaseClosed | PurchaseOrdered | PurchaseReceived | PurchaseCollected | SpoiltClaimed | SpoiltDecided | ShiftTaken
    | PurchaseSettled | PurchaseCancelled
)  # fmt: skip
PurchaseSaid = PurchaseOpened | PurchaseJoined | PortionsGiven | PortionsTaken | PurchaseStep
