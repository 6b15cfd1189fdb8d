# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a price is made of, along the chain: parts that are bought of another seller open up into that seller's own.

Nothing is guessed: a part without a source, and what of a seller's price nobody has told, is unknown and shown grey.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, ClassVar

from protocol.book.declaration import BoardKind
from protocol.book.signed import Digest, Id16
from protocol.practices.market.intents import INTENT_TITLE_CHARS_MAX, PriceMinor
from protocol.practices.money.currencies.entries import Scale
from protocol.wire.shape import AtMost

PRICE_PARTS_MAX = 16
PART_NAME_CHARS_MAX = 40
PART_SOURCE_CHARS_MAX = 60
PRICES_DEEP_MAX = 8
"""So many sellers are followed behind a part; what lies further is unknown."""
PARTS_FOLLOWED_MAX = 250
"""So many parts are shown of one price in all."""


class PricePartKind(StrEnum):
    """What a part of a price is for."""

    WORK = "work"
    SURPLUS = "surplus"
    INSIDE = "inside"
    OUTSIDE = "outside"
    TRANSPORT = "transport"
    DEPOSIT = "deposit"
    FUND = "fund"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PricePart:
    """A part of a price, in its minor units; `of` is the open price of whom it was bought of, in another network too.

    `source` says what the figure rests on; a part that has neither is unknown.
    """

    name: Annotated[str, AtMost(PART_NAME_CHARS_MAX)]
    minor: PriceMinor
    kind: PricePartKind
    source: Annotated[str, AtMost(PART_SOURCE_CHARS_MAX)]
    of: Id16 | None = None
    network: Digest | None = None


@dataclass(frozen=True, slots=True)
class OpenPrice:
    """A seller tells what a price is made of: parts that are the whole of it."""

    KIND: ClassVar[str] = "open-prices/price"
    member: Annotated[str, AtMost(32)]
    title: Annotated[str, AtMost(INTENT_TITLE_CHARS_MAX)]
    currency: Annotated[str, AtMost(12)]
    scale: Scale
    minor: PriceMinor
    parts: Annotated[tuple[PricePart, ...], AtMost(PRICE_PARTS_MAX)]


OPEN_PRICES = BoardKind(OpenPrice)

PriceOf = Callable[[bytes, PricePart], tuple[bytes, OpenPrice] | None]
"""Finds the open price that a part names which stands in one of a network, and whose that is; None: it is gone."""


@dataclass(frozen=True, slots=True)
class PricePartFollowed:
    """A part at its place in the chain: names from the whole price down, and its value in minor units of that price."""

    path: tuple[str, ...]
    minor: Fraction
    kind: PricePartKind
    source: str
    is_known: bool
    is_opened: bool
    """Whether the parts behind it follow: these are counted then, and not this one."""


def followed(network: bytes, price: OpenPrice, price_of: PriceOf) -> Iterator[PricePartFollowed]:
    """Yield the parts of a price, and behind each that is another's open price that one's parts, in proportion."""
    left = PARTS_FOLLOWED_MAX
    for one in _parts((network, price), (), Fraction(1), (price,), price_of):
        yield one
        left -= 1
        if not left:
            return


def is_whole(price: OpenPrice) -> bool:
    """Tell whether parts are the whole of a price, which is something: what another network says need not be."""
    return 0 < price.minor == sum(one.minor for one in price.parts)


def sums_of(parts: Iterable[PricePartFollowed], whole: int) -> Mapping[PricePartKind, Fraction]:
    """Return what the parts come to by kind, in minor units; what no part tells is unknown."""
    found: dict[PricePartKind, Fraction] = {}
    for one in parts:
        if not one.is_opened:
            kind = one.kind if one.is_known else PricePartKind.UNKNOWN
            found[kind] = found.get(kind, Fraction(0)) + one.minor
    untold = whole - sum(found.values(), Fraction(0))
    if untold:
        found[PricePartKind.UNKNOWN] = found.get(PricePartKind.UNKNOWN, Fraction(0)) + untold
    return found


def _parts(
    of: tuple[bytes, OpenPrice],
    above: tuple[str, ...],
    times: Fraction,
    seen: tuple[OpenPrice, ...],
    price_of: PriceOf,
) -> Iterator[PricePartFollowed]:
    network, price = of
    for one in price.parts:
        path, value = (*above, one.name), one.minor * times
        behind = price_of(network, one) if len(seen) < PRICES_DEEP_MAX else None
        if behind is None or behind[1] in seen or not is_whole(behind[1]):  # gone, or round again
            is_known = one.kind is not PricePartKind.UNKNOWN and bool(one.source) and one.of is None
            yield PricePartFollowed(path, value, one.kind, one.source, is_known, is_opened=False)
            continue
        yield PricePartFollowed(path, value, one.kind, one.source, is_known=True, is_opened=True)
        yield from _parts(behind, path, value / behind[1].minor, (*seen, behind[1]), price_of)
