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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from math import floor, lcm

from protocol.practices.market.intents import PARTS_OF_UNIT, Need, Offer
from protocol.practices.market.pairing import PIECES_UNIT, OfferIndex, may_go_together
from protocol.practices.market.units import BY_CODE
from protocol.solvers.circulation import TOTAL_MAX, Solver
from protocol.solvers.flows import MatchWay, matched
from protocol.solvers.mincost import by_size

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
class CreditWay:
    """How a seller's price lands at a buyer's network: what its minor unit costs there, and what is left to pay with.

    `room_minor` is in the buyer's minor units, of `buyer_scale`.
    """

    seller_currency: str
    buyer_currency: str
    buyer_scale: int
    rate: Fraction
    room_minor: int


@dataclass(frozen=True, slots=True)
class Landed:
    """What one of the need's units costs the buyer, in minor units of its currency, rounded up."""

    currency: str
    scale: int
    minor: int
    exact: Fraction


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
    ways: Mapping[tuple[bytes, bytes], Sequence[CreditWay]] = field(
        default_factory=dict[tuple[bytes, bytes], Sequence[CreditWay]]
    )
    transport: Mapping[tuple[bytes, bytes], int] = field(default_factory=dict[tuple[bytes, bytes], int])


@dataclass(frozen=True, slots=True)
class MatchPair:
    """An offer and a need that may go together, and the most that what the buyer may pay allows (None: any)."""

    offer: OfferStanding
    need: NeedStanding
    landed: Landed | None
    most: Fraction | None


def matches(market: Market, solver: Solver = by_size) -> list[Match]:
    """Return the best match, in the order of its items; pairs that get nothing are left out."""
    found: list[Match] = []
    for pairs in _by_measure(pairs_of(market)):
        found += _matched(pairs, solver)
    return sorted(found, key=lambda one: (one.need.network, one.need.item, one.offer.network, one.offer.item))


def pairs_of(market: Market) -> list[MatchPair]:
    """Return the pairs that may go together, in the order of their items."""
    offers = OfferIndex((one.body, one) for one in sorted(market.offers, key=lambda one: (one.network, one.item)))
    found: list[MatchPair] = []
    for need in sorted(market.needs, key=lambda one: (one.network, one.item)):
        for offer in offers.named_as(need.body):
            own = offer.network == need.network and offer.body.member == need.body.member
            if not own and may_go_together(offer.body, need.body):
                found += _priced(market, offer, need)
    return found


def _priced(market: Market, offer: OfferStanding, need: NeedStanding) -> Iterator[MatchPair]:
    """Yield a pair with what it costs, in the currency that the need names first of those in which it can be had."""
    if not offer.body.prices:
        yield MatchPair(offer, need, None, None)
        return
    landed = list(_landing(market, offer, need))
    wanted = {price.currency: (at, price) for at, price in enumerate(need.body.prices)}
    best: tuple[tuple[int, Fraction, str], MatchPair] | None = None
    for price, room in landed:
        at, most_paid = wanted.get(price.currency, (0, None))
        if (need.body.prices and most_paid is None) or (most_paid is not None and price.exact > most_paid.minor):
            continue
        rooms = [one for one in (room, need.may_owe.get(price.currency)) if one is not None]
        most = None if not rooms or not price.exact else max(0, min(rooms)) / price.exact
        ranked = (at, price.exact, price.currency), MatchPair(offer, need, price, most)
        best = ranked if best is None or ranked[0] < best[0] else best
    if best is not None:
        yield best[1]


def _landing(market: Market, offer: OfferStanding, need: NeedStanding) -> Iterator[tuple[Landed, int | None]]:
    """Yield what a unit of the need's costs in each way to pay, and how much the line to the seller bears."""
    units = BY_CODE[need.body.unit or PIECES_UNIT].factor / BY_CODE[offer.body.unit or PIECES_UNIT].factor
    carried = market.transport.get((offer.item, need.item), 0)
    for price in offer.body.prices:
        if offer.network == need.network:
            yield _landed(price.currency, price.scale, price.minor * units + carried), None
            continue
        for way in market.ways.get((need.network, offer.network), ()):
            if way.seller_currency == price.currency:
                exact = price.minor * units * way.rate + carried
                yield _landed(way.buyer_currency, way.buyer_scale, exact), way.room_minor


def _landed(currency: str, scale: int, exact: Fraction) -> Landed:
    return Landed(currency, scale, -floor(-exact), exact)


def _by_measure(pairs: Sequence[MatchPair]) -> Iterator[list[MatchPair]]:
    """Yield pairs by what their units measure: kilograms and hours never compete."""
    by_measure: dict[str, list[MatchPair]] = {}
    for pair in pairs:
        by_measure.setdefault(BY_CODE[pair.need.body.unit or PIECES_UNIT].measures, []).append(pair)
    return (by_measure[name] for name in sorted(by_measure))


@dataclass(slots=True)
class _Grains:
    """Quantities as whole numbers: so many grains are one of the first unit of the measure."""

    each: int
    most: int

    def of(self, quantity: int, unit: str) -> int:
        """Return how many grains some thousandths of a unit are."""
        grains = quantity * BY_CODE[unit or PIECES_UNIT].factor * self.each / PARTS_OF_UNIT
        assert grains.denominator == 1
        return min(self.most, int(grains))

    def thousandths(self, grains: int, unit: str) -> int:
        """Return how many thousandths of a unit some grains are, rounded down."""
        return floor(Fraction(grains * PARTS_OF_UNIT, self.each) / BY_CODE[unit or PIECES_UNIT].factor)


def _matched(pairs: Sequence[MatchPair], solver: Solver) -> list[Match]:
    units = {one.body.unit or PIECES_UNIT for pair in pairs for one in (pair.offer, pair.need)}
    # Needs are counted twice at most where an offer has no end, and each arc has its own capacity.
    most = TOTAL_MAX // (4 * len(pairs) + 4)
    grains = _Grains(lcm(*((BY_CODE[one].factor / PARTS_OF_UNIT).denominator for one in units)), most)
    wants: dict[tuple[bytes, bytes], int] = {}
    asked: dict[tuple[bytes, bytes], int] = {}
    for pair in pairs:
        wants.setdefault(_place(pair.need), grains.of(pair.need.body.quantity or PARTS_OF_UNIT, pair.need.body.unit))
        asked[_place(pair.offer)] = asked.get(_place(pair.offer), 0) + wants[_place(pair.need)]
    gives: dict[tuple[bytes, bytes], int] = {}
    for pair in pairs:
        body = pair.offer.body
        gives[_place(pair.offer)] = grains.of(body.quantity, body.unit) if body.quantity else asked[_place(pair.offer)]
    offer_at = {place: at for at, place in enumerate(gives)}
    need_at = {place: at for at, place in enumerate(wants)}
    kept: list[MatchPair] = []
    ways: list[MatchWay] = []
    for pair in pairs:
        offer, need = _place(pair.offer), _place(pair.need)
        bound = min(gives[offer], wants[need], _bound(grains, pair))
        if bound > 0:
            cost, retained = _cost(pair)
            ways.append(MatchWay(offer_at[offer], need_at[need], bound, retained, cost))
            kept.append(pair)
    if not ways:
        return []
    names = [_place(one.offer) + _place(one.need) for one in kept]
    names += [(*place, b"", b"") for place in gives] + [(b"", b"", *place) for place in wants]
    found = matched(list(gives.values()), list(wants.values()), ways, _Lots(names).drawn, solver)
    told = (
        Match(pair.offer, pair.need, grains.thousandths(carried, pair.need.body.unit), pair.landed)
        for pair, carried in zip(kept, found.flow, strict=False)
    )
    return [one for one in told if one.quantity]


def _place(one: OfferStanding | NeedStanding) -> tuple[bytes, bytes]:
    return one.network, one.item


def _bound(grains: _Grains, pair: MatchPair) -> int:
    """Return how many grains the buyer can pay for; what is counted in pieces goes whole."""
    if pair.most is None:
        return grains.most
    unit = BY_CODE[pair.need.body.unit or PIECES_UNIT]
    whole = floor(pair.most) if unit.measures == BY_CODE[PIECES_UNIT].measures else pair.most
    return min(grains.most, floor(whole * unit.factor * grains.each))


def _cost(pair: MatchPair) -> tuple[int, int]:
    """Return what one of the measure's first unit costs, and what of that is retained; both as `_COST_SCALE` tells."""
    if pair.landed is None:
        return 0, 0
    each = pair.landed.exact * Fraction(10) ** (_COST_SCALE - pair.landed.scale)
    cost = min(MATCH_COST_MAX, -floor(-each / BY_CODE[pair.need.body.unit or PIECES_UNIT].factor))
    return cost, cost * pair.offer.retained_ppm // _PPM


class _Lots:
    """What pairs draw: hexadecimal digits of a hash of their items' networks and ids."""

    def __init__(self, names: Sequence[tuple[bytes, ...]]) -> None:
        self._names = names

    def drawn(self, arcs: Sequence[int], before: int) -> list[int]:
        return [self._digits(arc)[before] for arc in arcs]

    def _digits(self, arc: int) -> bytes:
        parts = b"".join(len(part).to_bytes(4, "big") + part for part in self._names[arc])
        hashed = sha256(b"mutirao/v1/match\0" + parts).hexdigest()
        return bytes(int(digit, 16) for digit in hashed)
