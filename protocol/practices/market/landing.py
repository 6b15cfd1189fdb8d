# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an offer costs whoever needs it, as its price lands there: over a line, in the need's unit, with transport."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from protocol.practices.market.intents import Price
from protocol.practices.market.units import BY_CODE


@dataclass(frozen=True, slots=True)
class CreditWay:
    """How a seller's price lands at a buyer's network: what its minor unit costs there, and what is left to pay with.

    `room_minor` is in the buyer's minor units, of `buyer_scale`.
    """

    seller_currency: str
    buyer_currency: str
    buyer_scale: int
    rate: Fraction
    room_minor: int


class Landed(NamedTuple):
    """What one of the need's units costs the buyer: `num` / `den` minor units of its currency."""

    currency: str
    scale: int
    num: int
    den: int

    @property
    def exact(self) -> Fraction:
        """Minor units, as they are."""
        return Fraction(self.num, self.den)

    @property
    def minor(self) -> int:
        """Minor units, rounded up."""
        return -(-self.num // self.den)


class LandedWay(NamedTuple):
    """What a minor unit of a seller's currency costs a buyer: `num` / `den`, in a currency; no scale: as the price."""

    currency: str
    scale: int | None
    num: int
    den: int
    room_minor: int | None


CreditWays = Mapping[tuple[bytes, bytes], Sequence[CreditWay]]
"""Lines by (buyer's network, seller's network)."""


class LandedPrices:
    """How prices of one network land at another; what is the same for many pairs is reckoned once."""

    def __init__(self, ways: CreditWays) -> None:
        self._ways = ways
        self._known: dict[tuple[bytes, bytes], Mapping[str, Sequence[LandedWay]]] = {}
        self._own = _AsItIs()

    def between(self, buyer: bytes, seller: bytes) -> Mapping[str, Sequence[LandedWay]]:
        """Return the ways to pay, by the currency of the price; whatever currency is asked for has some, or none."""
        if buyer == seller:
            return self._own
        if (known := self._known.get((buyer, seller))) is None:
            found = defaultdict[str, list[LandedWay]](list)
            for one in self._ways.get((buyer, seller), ()):
                num, den = one.rate.as_integer_ratio()
                way = LandedWay(one.buyer_currency, one.buyer_scale, num, den, one.room_minor)
                found[one.seller_currency].append(way)
            known = self._known[buyer, seller] = found
        return known


class _AsItIs(dict[str, Sequence[LandedWay]]):
    """At home each currency is paid in itself."""

    def __missing__(self, currency: str) -> Sequence[LandedWay]:
        return self.setdefault(currency, (LandedWay(currency, None, 1, 1, None),))


@cache
def units_in(unit: str, other: str) -> tuple[int, int]:
    """Return how many of a unit one of another is, as a fraction."""
    return (BY_CODE[other].factor / BY_CODE[unit].factor).as_integer_ratio()


def cheapest(
    prices: Sequence[Price],
    ways: Mapping[str, Sequence[LandedWay]],
    units: tuple[int, int],
    wanted: Mapping[str, tuple[int, int]],
    carried: int,
) -> tuple[Landed, int | None] | None:
    """Return what a unit costs, and the room on the line; of several currencies in that which is wanted first.

    `wanted` has for each currency its place and the most that is paid in minor units; empty: any is paid. `carried` is
    what transport costs, in minor units; `units` how many that are paid for make one that is needed.
    """
    best: tuple[int, int, int, LandedWay, Price] | None = None
    of_one, of_each = units
    for price in prices:
        for way in ways[price.currency]:
            den = way.den * of_each
            num, at = price.minor * way.num * of_one + carried * den, 0
            if wanted:
                at, most = wanted.get(way.currency, (0, -1))
                if num > most * den:
                    continue
            if best is None or (at, num * best[2], way.currency) < (best[0], best[1] * den, best[3].currency):
                best = at, num, den, way, price
    if best is None:
        return None
    _, num, den, way, price = best
    return Landed(way.currency, price.scale if way.scale is None else way.scale, num, den), way.room_minor
