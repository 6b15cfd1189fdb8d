# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members and referents wish with order cycles."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import At, Doc, Ref
from protocol.book.money import BASIS_POINTS, Amount
from protocol.book.parameters import Percentage
from protocol.practices.market.purchasing.entries import (
    COLLECT_DAYS_MAX,
    CYCLE_ITEMS_MAX,
    CYCLE_LINES_MAX,
    CYCLE_TITLE_CHARS_MAX,
    DEPOSIT_MAX,
    HANDS_MAX,
    PORTIONS_MAX,
    ItemNumber,
)
from protocol.practices.market.purchasing.state import PurchaseState
from protocol.practices.market.wishes import QUANTITY_CHARS_MAX
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Range

DEPOSIT = Percentage(0, DEPOSIT_MAX)
OVER = Percentage(0, BASIS_POINTS)
CYCLE_PART_CHARS_MAX = 8

OrderedBy = Annotated[
    str | None,
    AtMost(ADDRESS_CHARS_MAX),
    Ref("members"),
    Doc("who; default: you. A steward says it for who has no key"),
]


@dataclass(frozen=True, slots=True)
class ItemTold:
    """What is bought by the box."""

    name: Annotated[str, AtMost(CYCLE_TITLE_CHARS_MAX), Doc("what it is")]
    box: Annotated[int, Range(1, PORTIONS_MAX), Doc("how many portions a box has")]
    price: Annotated[Amount, Doc("what a box costs")]
    portion: Annotated[str, AtMost(QUANTITY_CHARS_MAX), Doc("how much a portion is, such as 200 g")] = "1 piece"


@dataclass(frozen=True, slots=True)
class OpenCycleOfOrders:
    """Open an order cycle: families order through you until it closes, and what falls to them is held then.

    You advance nothing. Its prices and terms stand from then on: who orders agrees to them.
    """

    title: Annotated[str, AtMost(CYCLE_TITLE_CHARS_MAX), Doc("what it is called, seen by all members")]
    currency: Annotated[Code, Ref("currencies"), Doc("in which currency its prices are")]
    items: Annotated[tuple[ItemTold, ...], AtMost(CYCLE_ITEMS_MAX), Doc("what can be ordered")]
    closes_at: Annotated[At, Doc("until when members order; then it closes by itself")]
    freight: Annotated[Amount | None, Doc("what bringing it costs at most, shared by what the goods cost")] = None
    deposit: Annotated[
        str, AtMost(CYCLE_PART_CHARS_MAX), Doc("which part of what is ordered is held when it closes")
    ] = "100%"
    over: Annotated[
        str, AtMost(CYCLE_PART_CHARS_MAX), Doc("by how much a bill may be higher, as weights are known at delivery")
    ] = "10%"
    hands: Annotated[int, Range(0, HANDS_MAX), Doc("how many are to help when the goods are handed out")] = 0
    collect_days: Annotated[int, Range(1, COLLECT_DAYS_MAX), Doc("for how many days the goods can be collected")] = 7
    referent: OrderedBy = None
    payee: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who is paid for the goods; default: the referent")
    ] = None


@dataclass(frozen=True, slots=True)
class CloseCycle:
    """Close a cycle before its hour: boxes are filled, and what falls to each is held."""


@dataclass(frozen=True, slots=True)
class OrderBoxes:
    """Say that the boxes are ordered."""


@dataclass(frozen=True, slots=True)
class CameTold:
    """What came of an item, and what is asked for it."""

    item: Annotated[ItemNumber, Doc("which item of the cycle, from 1")]
    bill: Annotated[Amount | None, Doc("what the bill says; default: as ordered")] = None
    portions: Annotated[
        int | None, Range(0, CYCLE_LINES_MAX * PORTIONS_MAX), Doc("how many portions came; default: all of them")
    ] = None


@dataclass(frozen=True, slots=True)
class ReceiveBoxes:
    """Say what came and what the bill says; items that are not named came as ordered."""

    items: Annotated[tuple[CameTold, ...], AtMost(CYCLE_ITEMS_MAX), Doc("what came otherwise than ordered")] = ()
    freight: Annotated[Amount | None, Doc("what bringing it has cost; default: what was told")] = None


@dataclass(frozen=True, slots=True)
class CollectGoods:
    """Say who has collected what is theirs."""

    members: Annotated[
        tuple[str, ...], AtMost(CYCLE_LINES_MAX), Ref("members"), Doc("their handles; none: all who had not yet")
    ] = ()


@dataclass(frozen=True, slots=True)
class ClaimSpoilt:
    """Say that portions of yours were spoilt: where the claim is taken, you pay so much less."""

    item: Annotated[ItemNumber, Doc("which item of the cycle, from 1")]
    portions: Annotated[int, Range(1, PORTIONS_MAX), Doc("how many portions")]
    member: OrderedBy = None


@dataclass(frozen=True, slots=True)
class DecideClaim:
    """Take a claim of spoilt goods, and be paid so much less, or do not; for who is paid for the goods."""

    member: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("whose claim it is")]
    item: Annotated[ItemNumber, Doc("of which item of the cycle, from 1")]
    accepted: Annotated[bool, Doc("whether you take it")] = True


@dataclass(frozen=True, slots=True)
class HelpOut:
    """Help when the goods are handed out, or not after all."""

    helps: Annotated[bool, Doc("whether you help")] = True
    member: OrderedBy = None


@dataclass(frozen=True, slots=True)
class SettleCycle:
    """Give back what is held, and let each pay its share of the bill."""


@dataclass(frozen=True, slots=True)
class CancelCycle:
    """Buy nothing after all: what is held goes back."""


@dataclass(frozen=True, slots=True)
class CyclesWanted:
    """Order cycles."""

    state: Annotated[PurchaseState | None, Doc("only cycles in this state")] = None
