# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which needs go with which offers, across networks: whoever holds the same boards and lines finds the same.

A pair may go together where the item codes say so (the need's begins the offer's; without codes the same words of the
title), quantities convert exactly, the offer bears the labels that the need wants, the windows overlap, the places are
near enough, and the price as it lands is no more than the need pays. Of all ways to give such pairs quantities that one
is the match which serves most; for that, retains most; for that, costs least; and then lots decide, drawn from the ids
of the items (protocol.solvers.flows, MISSION 3, formula 6).

**Room on credit lines** bounds each pair by itself: no pair is given more than what is left on the line between the two
networks pays for, nor than what its buyer may still owe. Pairs that share a line, or a buyer, are not bounded together:
a match books nothing, and the payment is refused that comes when the room is gone. A line's fee is for each payment,
and so is not in the price of a unit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from math import floor, lcm
from typing import NamedTuple

from protocol.practices.market.intents import PARTS_OF_UNIT, Need, Offer
from protocol.practices.market.landing import CreditWay, CreditWays, Landed, LandedPrices, cheapest, units_in
from protocol.practices.market.pairing import PIECES_UNIT, OfferIndex
from protocol.practices.market.units import BY_CODE
from protocol.solvers.circulation import TOTAL_MAX, Solver
from protocol.solvers.flows import MatchWay, matched_apart
from protocol.solvers.mincost import for_arcs

_COST_SCALE = 6
"""Costs are compared in whole units of money to so many decimals: a whole unit of any currency counts alike."""
MATCH_COST_MAX = 10**12
"""What is dearer than this, or retains more, counts as this: a solver has 64 bits."""
_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class OfferStanding:
    """An offer on the board of a network, by the id of its item; `retained_ppm` is what stays of its price."""

    network: bytes
    item: bytes
    body: Offer
    retained_ppm: int = 0


@dataclass(frozen=True, slots=True)
class NeedStanding:
    """A need on the board of a network; `may_owe` is what its member may still pay in a currency (None: any)."""

    network: bytes
    item: bytes
    body: Need
    may_owe: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class Match:
    """So many thousandths of the need's unit of an offer go to it, rounded down; no price: nothing is asked."""

    offer: OfferStanding
    need: NeedStanding
    quantity: int
    landed: Landed | None

    @property
    def pays_minor(self) -> int:
        """What the whole costs the buyer, rounded up."""
        each = Fraction(0) if self.landed is None else self.landed.exact
        return -floor(-each * self.quantity / PARTS_OF_UNIT)


@dataclass(frozen=True, slots=True)
class Market:
    """All that is matched: offers, needs, lines by (buyer's network, seller's network), and what transport costs.

    `transport` is in minor units of what the buyer pays in, for one of the need's units, by (offer, need).
    """

    offers: Sequence[OfferStanding]
    needs: Sequence[NeedStanding]
    ways: CreditWays = field(default_factory=dict[tuple[bytes, bytes], Sequence[CreditWay]])
    transport: Mapping[tuple[bytes, bytes], int] = field(default_factory=dict[tuple[bytes, bytes], int])


class MatchPair(NamedTuple):
    """An offer and a need that may go together, and what the buyer may pay at most (minor units; None: any)."""

    offer: OfferStanding
    need: NeedStanding
    landed: Landed | None
    room_minor: int | None

    @property
    def most(self) -> Fraction | None:
        """How many of the need's units that pays for."""
        if self.room_minor is None or self.landed is None or not self.landed.num:
            return None
        return Fraction(max(0, self.room_minor) * self.landed.den, self.landed.num)


def matches(market: Market, solver: Solver | None = None) -> list[Match]:
    """Return the best match, in the order of its items; pairs that get nothing are left out.

    The solver is the one that fits the number of pairs, if none is told.
    """
    found: list[Match] = []
    pairs = pairs_of(market)
    asked = solver or for_arcs(len(pairs))
    for of_measure in _by_measure(pairs):
        found += _matched(of_measure, asked)
    return sorted(found, key=lambda one: (one.need.network, one.need.item, one.offer.network, one.offer.item))


def pairs_of(market: Market) -> list[MatchPair]:
    """Return the pairs that may go together, in the order of their needs."""
    offers = OfferIndex((one.network, one.body, one) for one in sorted(market.offers, key=_place))
    sellers: dict[bytes, set[bytes]] = {}
    for buyer, seller in market.ways:
        sellers.setdefault(buyer, set()).add(seller)
    prices = LandedPrices(market.ways)
    found: list[MatchPair] = []
    for need in sorted(market.needs, key=_place):
        home = need.network
        sought = offers.fitting(need.body, sellers.setdefault(home, set()) | {home})
        found += _priced(market, prices, need, sought)
    return found


def _priced(
    market: Market, prices: LandedPrices, need: NeedStanding, sought: Iterable[tuple[bytes, Sequence[OfferStanding]]]
) -> Iterator[MatchPair]:
    """Yield pairs with what they cost, in the currency that the need names first of those in which it can be had."""
    home, member, unit = need.network, need.body.member, _unit(need)
    wanted = {price.currency: (at, price.minor) for at, price in enumerate(need.body.prices)}
    for seller, offers in sought:
        ways = prices.between(home, seller)
        for offer in offers:
            if offer.network == home and offer.body.member == member:
                continue
            if not offer.body.prices:
                yield MatchPair(offer, need, None, None)
                continue
            carried = market.transport.get((offer.item, need.item), 0) if market.transport else 0
            best = cheapest(offer.body.prices, ways, units_in(_unit(offer), unit), wanted, carried)
            if best is not None:
                landed, room = best
                owes = need.may_owe.get(landed.currency)
                yield MatchPair(
                    offer, need, landed, owes if room is None else room if owes is None else min(room, owes)
                )


def _by_measure(pairs: Sequence[MatchPair]) -> Iterator[list[MatchPair]]:
    """Yield pairs by what their units measure: kilograms and hours never compete."""
    by_measure: dict[str, list[MatchPair]] = {}
    for pair in pairs:
        by_measure.setdefault(BY_CODE[_unit(pair.need)].measures, []).append(pair)
    return (by_measure[name] for name in sorted(by_measure))


class _Grains:
    """Quantities as whole numbers: a thousandth of each unit is so many grains. Costs as whole numbers, likewise."""

    def __init__(self, units: Set[str], most: int) -> None:
        each = lcm(*((BY_CODE[one].factor / PARTS_OF_UNIT).denominator for one in units))
        self.each = {one: int(BY_CODE[one].factor * each / PARTS_OF_UNIT) for one in units}
        self.most = most
        self._costs: dict[tuple[int, str], tuple[int, int]] = {}

    def of(self, one: OfferStanding | NeedStanding) -> int:
        """Return how many grains are offered or needed; one unit, where it is not told."""
        return min(self.most, (one.body.quantity or PARTS_OF_UNIT) * self.each[_unit(one)])

    def bound(self, pair: MatchPair) -> int:
        """Return how many grains the buyer can pay for; what is counted in pieces goes whole."""
        landed, room = pair.landed, pair.room_minor
        if room is None or landed is None or not landed.num:
            return self.most
        unit = _unit(pair.need)
        units, each = max(0, room) * landed.den, self.each[unit] * PARTS_OF_UNIT
        is_whole = BY_CODE[unit].measures == BY_CODE[PIECES_UNIT].measures
        return min(self.most, units // landed.num * each if is_whole else units * each // landed.num)

    def cost(self, pair: MatchPair) -> int:
        """Return what one of the measure's first unit costs, rounded up, as `_COST_SCALE` tells."""
        landed = pair.landed
        if landed is None:
            return 0
        kind = landed.scale, _unit(pair.need)
        if (found := self._costs.get(kind)) is None:
            factor = Fraction(10) ** (_COST_SCALE - landed.scale) / BY_CODE[kind[1]].factor
            found = self._costs[kind] = factor.numerator, factor.denominator
        return min(MATCH_COST_MAX, -(-landed.num * found[0] // (landed.den * found[1])))


def _matched(pairs: Sequence[MatchPair], solver: Solver) -> list[Match]:
    # Needs are counted twice at most where an offer has no end, and each arc has its own capacity.
    most = TOTAL_MAX // (4 * len(pairs) + 4)
    units = {pair.offer.body.unit for pair in pairs} | {pair.need.body.unit for pair in pairs}
    grains = _Grains({one or PIECES_UNIT for one in units}, most)
    offer_at, need_at = dict[tuple[bytes, bytes], int](), dict[tuple[bytes, bytes], int]()
    gives, wants, asked = list[int](), list[int](), list[int]()
    places: list[tuple[int, int]] = []
    for pair in pairs:
        need = need_at.setdefault(_place(pair.need), len(wants))
        if need == len(wants):
            wants.append(grains.of(pair.need))
        offer = offer_at.setdefault(_place(pair.offer), len(gives))
        if offer == len(gives):
            gives.append(grains.of(pair.offer) if pair.offer.body.quantity else 0)
            asked.append(0)
        asked[offer] += wants[need]
        places.append((offer, need))
    gives = [units or all_asked for units, all_asked in zip(gives, asked, strict=True)]
    kept: list[MatchPair] = []
    ways: list[MatchWay] = []
    for pair, (offer, need) in zip(pairs, places, strict=True):
        bound = min(gives[offer], wants[need], grains.bound(pair))
        if bound > 0:
            cost = grains.cost(pair)
            ways.append(MatchWay(offer, need, bound, cost * pair.offer.retained_ppm // _PPM, cost))
            kept.append(pair)
    if not ways:
        return []
    lots = _Lots(kept, list(offer_at), list(need_at))
    flow = matched_apart(gives, wants, ways, lots.drawn, solver)
    told = (
        Match(pair.offer, pair.need, carried // grains.each[_unit(pair.need)], pair.landed)
        for pair, carried in zip(kept, flow, strict=True)
        if carried
    )
    return [one for one in told if one.quantity]


def _place(one: OfferStanding | NeedStanding) -> tuple[bytes, bytes]:
    return one.network, one.item


def _unit(one: OfferStanding | NeedStanding) -> str:
    return one.body.unit or PIECES_UNIT


class _Lots:
    """What arcs draw: hexadecimal digits of a hash of their items' networks and ids."""

    def __init__(
        self, pairs: Sequence[MatchPair], gives: Sequence[tuple[bytes, bytes]], takes: Sequence[tuple[bytes, bytes]]
    ) -> None:
        self._pairs = pairs
        self._ends = [(*place, b"", b"") for place in gives] + [(b"", b"", *place) for place in takes]

    def drawn(self, arcs: Sequence[int], before: int) -> list[int]:
        at, shift = before // 2, 4 - before % 2 * 4
        return [self._hash(arc)[at] >> shift & 15 for arc in arcs]

    def _hash(self, arc: int) -> bytes:
        at = arc - len(self._pairs)
        names = _place(self._pairs[arc].offer) + _place(self._pairs[arc].need) if at < 0 else self._ends[at]
        parts = b"".join(len(part).to_bytes(4, "big") + part for part in names)
        return sha256(b"mutirao/v1/match\0" + parts).digest()
