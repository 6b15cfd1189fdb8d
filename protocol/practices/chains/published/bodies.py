# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a network tells of its chain on its board: what stays with whom, what leaves by item, who could make it.

No ledger is shown: of an enterprise the share that stays of what is spent with it, in parts of a million; of purchases
outside sums by item and month, and only where at least three bought; of a candidate its recipe's figures.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, TypeVar

from protocol.book.declaration import BoardKind
from protocol.book.publishing import ITEM_BODY_BYTES_MAX
from protocol.book.signed import MostMinor
from protocol.lanes.entry import Body
from protocol.practices.chains.entries import ChainItem, ChainShare, EnterpriseKey
from protocol.practices.money.dues.entries import Period
from protocol.wire.codec import encode
from protocol.wire.shape import AtMost, to_map

TOLD_AT_ONCE_MAX = 64
"""Rows of one item of a board; as many as its bytes hold, if these are fewer."""
TOLD_HEAD_BYTES = 48
"""What an item's body takes besides its rows."""


class RetainedBasis(StrEnum):
    """What a share that stays rests on: a word, purchases that were reckoned with, or payments in a book."""

    DECLARED = "declared"
    RECKONED = "reckoned"
    PROVED = "proved"


@dataclass(frozen=True, slots=True)
class RetainedShare:
    """What stays of a unit that is spent with an enterprise, in parts of a million, and on what that rests."""

    key: EnterpriseKey
    share: ChainShare
    basis: RetainedBasis


@dataclass(frozen=True, slots=True)
class RetainedTold:
    """What stays with some enterprises of a network; suppliers of other networks are in it as these have told."""

    KIND: ClassVar[str] = "chains/retained"
    shares: Annotated[tuple[RetainedShare, ...], AtMost(TOLD_AT_ONCE_MAX)]


@dataclass(frozen=True, slots=True)
class OutsideValue:
    """What a network buys outside of an item, in hundredths of the unit of account: at least three buyers together."""

    item: ChainItem
    value: MostMinor


@dataclass(frozen=True, slots=True)
class OutsideTold:
    """What a network buys outside in a month, or in each month where none is said."""

    KIND: ClassVar[str] = "chains/outside"
    period: Period | None
    sums: Annotated[tuple[OutsideValue, ...], AtMost(TOLD_AT_ONCE_MAX)]


@dataclass(frozen=True, slots=True)
class CandidateSaid:
    """Who could be founded to make an item: shares in parts of a million, values in hundredths, of a month."""

    key: EnterpriseKey
    item: ChainItem
    pledged: ChainShare
    retains: ChainShare
    wages: ChainShare
    surplus: ChainShare
    investment: MostMinor
    minimum: MostMinor
    capacity: MostMinor | None


@dataclass(frozen=True, slots=True)
class CandidatesTold:
    """Some candidates of a network."""

    KIND: ClassVar[str] = "chains/candidates"
    candidates: Annotated[tuple[CandidateSaid, ...], AtMost(TOLD_AT_ONCE_MAX)]


RETAINED_ITEMS, OUTSIDE_ITEMS, CANDIDATE_ITEMS = (
    BoardKind(body) for body in (RetainedTold, OutsideTold, CandidatesTold)
)
CHAIN_KINDS = (RETAINED_ITEMS, OUTSIDE_ITEMS, CANDIDATE_ITEMS)


R = TypeVar("R", RetainedShare, OutsideValue, CandidateSaid)


def told_together(rows: Iterable[R], make: Callable[[tuple[R, ...]], Body]) -> list[Body]:
    """Return as few bodies as hold these rows, in their order."""
    found: list[Body] = []
    some: list[R] = []
    taken = 0
    for row in rows:
        size = len(encode(to_map(row)))
        if some and (taken + size > ITEM_BODY_BYTES_MAX - TOLD_HEAD_BYTES or len(some) == TOLD_AT_ONCE_MAX):
            found.append(make(tuple(some)))
            some, taken = [], 0
        some.append(row)
        taken += size
    return [*found, make(tuple(some))] if some else found
