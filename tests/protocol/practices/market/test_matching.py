# SPDX-License-Identifier: AGPL-3.0-or-later
"""Needs meet offers: what trying all finds, within labels, windows, distance, price and room on credit lines."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import asin, cos, radians, sin, sqrt
from typing import Any

import pytest

from protocol.practices.market.distances import is_within, km_between
from protocol.practices.market.intents import IntentPlace, Need, Offer, Price
from protocol.practices.market.matching import (
    CreditWay,
    Market,
    Match,
    MatchPair,
    NeedStanding,
    OfferStanding,
    matches,
    pairs_of,
)

A, B = b"a" * 32, b"b" * 32
FLOUR = "23110"


def offer(
    name: str, kg: int, minor: int | None, network: bytes = A, retained_ppm: int = 0, **more: object
) -> OfferStanding:
    prices = () if minor is None else (Price("FLOR", 2, minor),)
    said = {"text": "", "code": FLOUR, "unit": "KGM", "labels": (), **more}
    return OfferStanding(
        network,
        name.encode(),
        Offer(member=name, title="Flour", quantity=kg * 1000, prices=prices, **said),
        retained_ppm,  # type: ignore[arg-type]
    )


def need(name: str, kg: int, minor: int | None, network: bytes = A, **more: Any) -> NeedStanding:
    prices = () if minor is None else (Price("FLOR", 2, minor),)
    said = {"text": "", "code": "231", "unit": "KGM", "labels": (), **more}
    return NeedStanding(
        network, name.encode(), Need(member=name, title="Flour", quantity=kg * 1000, prices=prices, **said)
    )


def told(found: Sequence[Match]) -> list[tuple[str, str, int]]:
    return [(one.offer.body.member, one.need.body.member, one.quantity) for one in found]


def is_pair(one: OfferStanding, other: NeedStanding, *ways: CreditWay) -> bool:
    return bool(matches(Market([one], [other], {(other.network, one.network): ways})))


def test_the_match_of_the_worked_network() -> None:
    """O1 100 kg at 5.00 with a label, O2 80 kg at 4.60; C needs 90, D 60 with the label: 150 kg for 792, not 100."""
    offers = [offer("o1", 100, 500, labels=("Organic",)), offer("o2", 80, 460)]
    needs = [need("c", 90, 600), need("d", 60, 600, labels=("organic",))]
    transport = {(b"o1", b"c"): 10, (b"o1", b"d"): 30, (b"o2", b"c"): 80}
    found = matches(Market(offers, needs, transport=transport))
    assert told(found) == [("o1", "c", 40_000), ("o2", "c", 50_000), ("o1", "d", 60_000)]
    assert [one.landed.minor for one in found if one.landed] == [510, 540, 530]
    assert sum(one.pays_minor for one in found) == 792_00


def test_it_is_the_same_in_whatever_order_boards_are_read() -> None:
    offers = [offer(name, 10, 500) for name in ("o1", "o2", "o3")]
    needs = [need(name, 10, 500) for name in ("n1", "n2", "n3")]
    found = told(matches(Market(offers, needs)))
    assert found == told(matches(Market(offers[::-1], needs[::-1])))
    assert len(found) == 3


@pytest.mark.parametrize(
    ("offered", "needed", "fits"),
    [
        ({}, {}, True),
        ({"code": "23120"}, {"code": "23110"}, False),
        ({"code": "231"}, {"code": "23110"}, False),
        ({"code": ""}, {}, True),
        ({"code": "", "title": "Fine flour"}, {}, False),
        ({"title": "FLÓUR"}, {"code": "", "title": "flour!"}, True),
        ({"unit": "GRM"}, {}, True),
        ({"unit": "LTR"}, {}, False),
        ({"unit": "XXX"}, {}, False),
        ({"unit": "DZN"}, {"unit": ""}, True),
        ({"labels": ("fair", "Organic")}, {"labels": ("organic",)}, True),
        ({"labels": ()}, {"labels": ("organic",)}, False),
        ({"until_ms": 10}, {"from_ms": 10}, True),
        ({"until_ms": 9}, {"from_ms": 10}, False),
        ({"from_ms": 11}, {"until_ms": 10}, False),
        ({"place": IntentPlace(4138, 217)}, {"place": IntentPlace(4198, 282), "within_km": 86}, True),
        ({"place": IntentPlace(4138, 217)}, {"place": IntentPlace(4198, 282), "within_km": 85}, False),
        ({}, {"place": IntentPlace(4198, 282), "within_km": 86}, False),
    ],
)
def test_what_may_go_together(offered: dict[str, Any], needed: dict[str, Any], *, fits: bool) -> None:
    titles = offered.pop("title", "Flour"), needed.pop("title", "Flour")
    one, other = offer("o", 10, 1, **offered), need("n", 10, 10_000, **needed)
    one = replace(one, body=replace(one.body, title=str(titles[0])))
    other = replace(other, body=replace(other.body, title=str(titles[1])))
    assert is_pair(one, other) is fits


def test_nobody_is_matched_with_herself() -> None:
    assert not is_pair(offer("ana", 10, 500), need("ana", 10, 500))


def test_a_price_is_compared_as_it_lands() -> None:
    """4.60 a kg at 3/2 of ours a unit is 6.90; what pays 6.89 at most does not get it."""
    way = CreditWay("FLOR", "SOL", 2, Fraction(3, 2), 10**9)
    for most, fits in ((690, True), (689, False)):
        buyer = need("n", 10, None)
        buyer = replace(buyer, body=replace(buyer.body, prices=(Price("SOL", 2, most),)))
        assert is_pair(offer("o", 10, 460, B), buyer, way) is fits
    assert not is_pair(offer("o", 10, 460, B), need("n", 10, 10_000))


def test_a_gram_at_a_cent_is_ten_a_kilogram() -> None:
    (one,) = matches(Market([offer("o", 2_000, 1, unit="GRM")], [need("n", 5, 1_000)]))
    assert one.landed is not None
    assert (one.quantity, one.landed.minor, one.pays_minor) == (2_000, 1_000, 2_000)
    assert not is_pair(offer("o", 2_000, 1, unit="GRM"), need("n", 5, 999))


def test_room_on_the_line_and_what_a_buyer_may_owe_bound_a_pair() -> None:
    """10.00 at 3.00 a kg are 3.333 kg; pieces go whole."""
    way = CreditWay("FLOR", "FLOR", 2, Fraction(1), 10_00)
    market = Market([offer("o", 10, 300, B)], [need("n", 10, 300)], {(A, B): (way,)})
    assert told(matches(market)) == [("o", "n", 3_333)]
    pieces = Market([offer("o", 10, 300, B, unit="C62")], [need("n", 10, 300, unit="C62")], market.ways)
    assert told(matches(pieces)) == [("o", "n", 3_000)]
    poor = replace(need("n", 10, 300), may_owe={"FLOR": 7_50})
    assert told(matches(Market([offer("o", 10, 300)], [poor]))) == [("o", "n", 2_500)]
    assert matches(Market([offer("o", 10, 300)], [replace(poor, may_owe={"FLOR": -1})])) == []


def test_without_a_quantity_there_is_as_much_as_is_asked_for_and_one_is_needed() -> None:
    found = matches(Market([offer("o", 0, 300)], [need("n", 7, 300), need("m", 0, 300)]))
    assert told(found) == [("o", "m", 1_000), ("o", "n", 7_000)]


def test_what_stays_inside_goes_before_what_is_cheaper() -> None:
    offers = [offer("near", 10, 600, retained_ppm=700_000), offer("far", 10, 400, retained_ppm=200_000)]
    assert told(matches(Market(offers, [need("n", 10, 600)]))) == [("near", "n", 10_000)]


def test_a_gift_costs_nothing() -> None:
    (one,) = matches(Market([offer("o", 10, None, B)], [need("n", 4, 0)]))
    assert (one.quantity, one.landed, one.pays_minor) == (4_000, None, 0)


def all_flows(pairs: Sequence[MatchPair], gives: dict[bytes, int], wants: dict[bytes, int]) -> Iterator[list[int]]:
    """Every way to give pairs whole pieces."""
    bounds = [
        min(gives[one.offer.item], wants[one.need.item], 99 if one.most is None else int(one.most)) for one in pairs
    ]
    for flow in product(*(range(bound + 1) for bound in bounds)):
        given, taken = dict.fromkeys(gives, 0), dict.fromkeys(wants, 0)
        for pair, units in zip(pairs, flow, strict=True):
            given[pair.offer.item] += units
            taken[pair.need.item] += units
        if all(given[one] <= gives[one] for one in gives) and all(taken[one] <= wants[one] for one in wants):
            yield list(flow)


def worth(flow: Sequence[int], pairs: Sequence[MatchPair]) -> tuple[Fraction, Fraction, Fraction]:
    each = [Fraction(0) if one.landed is None else one.landed.exact for one in pairs]
    stays = [price * one.offer.retained_ppm for price, one in zip(each, pairs, strict=True)]
    return (
        Fraction(-sum(flow)),
        -sum((units * one for units, one in zip(flow, stays, strict=True)), Fraction(0)),
        sum((units * one for units, one in zip(flow, each, strict=True)), Fraction(0)),
    )


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_better_than_the_match(seed: int) -> None:
    draw = random.Random(seed)
    networks = (A, B)
    offers = [
        offer(f"o{at}", draw.randint(1, 3), draw.randint(1, 4), draw.choice(networks), draw.choice((0, 500_000)),
              unit="C62", labels=draw.choice(((), ("fair",))))
        for at in range(draw.randint(1, 3))
    ]  # fmt: skip
    needs = [
        replace(
            need(f"n{at}", draw.randint(1, 3), draw.randint(2, 9), draw.choice(networks), unit="C62",
                 labels=draw.choice(((), ("fair",)))),
            may_owe={"FLOR": draw.randint(0, 9)},
        )
        for at in range(draw.randint(1, 3))
    ]  # fmt: skip
    way = CreditWay("FLOR", "FLOR", 2, Fraction(2), draw.randint(0, 9))
    market = Market(offers, needs, {(A, B): (way,), (B, A): (way,)})
    pairs = pairs_of(market)
    found = {(one.offer.item, one.need.item): one.quantity // 1000 for one in matches(market)}
    flow = [found.get((one.offer.item, one.need.item), 0) for one in pairs]
    gives = {one.item: one.body.quantity // 1000 for one in offers}
    wants = {one.item: one.body.quantity // 1000 for one in needs}
    assert sum(found.values()) == sum(flow)
    assert worth(flow, pairs) == min(worth(one, pairs) for one in all_flows(pairs, gives, wants))


def test_distances_are_those_of_the_great_circle() -> None:
    draw = random.Random(7)
    for _ in range(100):
        one, other = (IntentPlace(draw.randint(-9_000, 9_000), draw.randint(-18_000, 18_000)) for _ in range(2))
        north, south = radians(one.north / 100), radians(other.north / 100)
        apart = radians((one.east - other.east) / 100)
        chord = sin((north - south) / 2) ** 2 + cos(north) * cos(south) * sin(apart / 2) ** 2
        km = 2 * 6_371 * asin(sqrt(min(1.0, chord)))
        assert km - 1e-6 <= km_between(one, other) < km + 1.001
        assert is_within(one, other, km_between(one, other))
    assert km_between(one, one) == 0
