# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members buy and hold important, in memory as it is kept beside the lanes: at the home alone, in no entry.

A basket is of a month; a member has so many of the newest. Weights are one text a member.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self

from protocol.book.book import Book
from protocol.book.declaration import Desk
from protocol.book.private import PrivateItem
from protocol.practices.chains.entries import ABROAD_KEY_CHARS_MAX
from protocol.practices.people.contacts import ITEM_ID_BYTES
from protocol.wire.shape import AtMost

KEPT_PREFIX = "shopping/"
"""With what the kinds of things begin that are baskets (the rest is the month) or weights."""
WEIGHTS_KIND = f"{KEPT_PREFIX}weights"
BASKET_LINES_MAX = 60
SHOPPING_BASKETS_MAX = 24
"""Months that are kept of a member: the newest."""
OWN_SIGHT = "me"

SellerName = Annotated[str, AtMost(ABROAD_KEY_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class BasketLine:
    """What a member buys in a month: an item, hundredths of the unit of account, and of whom by its short key."""

    item: str
    value: int
    supplier: str


class ShoppingKept:
    """The baskets and weights of our members: no part of the fold."""

    TRANSIENT: ClassVar[bool] = True

    def __init__(self) -> None:
        self.baskets: dict[str, dict[int, tuple[BasketLine, ...]]] = {}
        self.weights: dict[str, str] = {}

    def __deepcopy__(self, memo: object) -> Self:
        """No trial of wishes changes it."""
        return self

    def take(self, item: PrivateItem) -> None:
        """Know what is kept, or that it is kept no more."""
        if item.kind == WEIGHTS_KIND:
            if item.value:
                self.weights[item.owner] = item.value.decode()
            else:
                self.weights.pop(item.owner, None)
            return
        months, month = self.baskets.setdefault(item.owner, {}), int(item.kind.removeprefix(KEPT_PREFIX))
        if item.value:
            months[month] = tuple(BasketLine(*line) for line in json.loads(item.value))
        else:
            months.pop(month, None)

    def forget(self, owner: str) -> None:
        """Know nothing any more of what a member buys and holds important."""
        self.baskets.pop(owner, None)
        self.weights.pop(owner, None)

    def of_member(self, owner: str) -> Mapping[int, tuple[BasketLine, ...]]:
        """Return the baskets of a member by month, the oldest first."""
        return dict(sorted(self.baskets.get(owner, {}).items()))


def take_kept(book: Book, item: PrivateItem) -> None:
    """Know a basket or weights that are kept, or are kept no more."""
    book.of(ShoppingKept).take(item)


def forget_kept(book: Book, owner: str) -> None:
    """Know nothing any more of what a member buys."""
    book.of(ShoppingKept).forget(owner)


def kept_item(desk: Desk, owner: str, kind: str, value: str) -> PrivateItem:
    """Return something of a member's as it is kept, which it alone reads; an empty value takes away what there was."""
    return PrivateItem(desk.chance(ITEM_ID_BYTES), owner, kind, f"members/{owner}", value.encode(), OWN_SIGHT, desk.now)


def basket_kind(month: int) -> str:
    """Return the kind of a month's basket."""
    return f"{KEPT_PREFIX}{month}"


def lines_text(lines: Sequence[BasketLine]) -> str:
    """Return a basket as it is kept, for its member to read in an export."""
    return json.dumps([[one.item, one.value, one.supplier] for one in lines], ensure_ascii=False)


def all_baskets(book: Book) -> Iterator[Mapping[int, tuple[BasketLine, ...]]]:
    """Yield the baskets of each member, without whose they are."""
    kept = book.of(ShoppingKept)
    return (kept.of_member(owner) for owner in sorted(kept.baskets))
