# SPDX-License-Identifier: AGPL-3.0-or-later
"""The best match is what trying all finds: in quantity, in what is retained, in cost; and its certificate shows it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.solvers.flows import MatchWay, is_best_match, matched, matched_apart
from protocol.solvers.mincost import by_networkx


def by_order(arcs: Sequence[int], drawn: int) -> Sequence[int]:
    """Draw what differs for each arc, and each time otherwise."""
    return [(arc * 7 + drawn * 3) % 11 + arc for arc in arcs]


def test_the_match_of_the_worked_network() -> None:
    """O1 100 kg, O2 80 kg; C wants 90, D 60 with a label that O1 alone has: cheapest-first would leave D 50 short."""
    ways = [MatchWay(0, 0, 90, 0, 510), MatchWay(0, 1, 60, 0, 530), MatchWay(1, 0, 80, 0, 540)]
    found = matched((100, 80), (90, 60), ways, by_order, by_networkx).flow[:3]
    assert list(found) == [40, 60, 50]
    assert sum(units * way.cost for units, way in zip(found, ways, strict=True)) == 792_00


def all_flows(offers: list[int], wants: list[int], ways: Sequence[MatchWay]) -> Iterator[list[int]]:
    if not ways:
        yield []
        return
    first, *others = ways
    for units in range(min(first.units, offers[first.offer], wants[first.want]) + 1):
        left, lacks = list(offers), list(wants)
        left[first.offer] -= units
        lacks[first.want] -= units
        yield from ([units, *rest] for rest in all_flows(left, lacks, others))


def worth(flow: Sequence[int], ways: Sequence[MatchWay]) -> tuple[int, int, int]:
    return (
        -sum(flow),
        -sum(units * way.retained for units, way in zip(flow, ways, strict=True)),
        sum(units * way.cost for units, way in zip(flow, ways, strict=True)),
    )


@st.composite
def markets(draw: st.DrawFn) -> tuple[list[int], list[int], list[MatchWay]]:
    offers = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    wants = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    pairs = draw(st.lists(st.tuples(st.integers(0, len(offers) - 1), st.integers(0, len(wants) - 1)), unique=True))
    figures = st.integers(0, 4)
    return (
        offers,
        wants,
        [MatchWay(offer, want, draw(st.integers(1, 3)), draw(figures), draw(figures)) for offer, want in sorted(pairs)],
    )


@given(markets())
def test_nothing_is_better_than_the_match(market: tuple[list[int], list[int], list[MatchWay]]) -> None:
    offers, wants, ways = market
    found = matched(offers, wants, ways, by_order, by_networkx)
    flow = found.flow[: len(ways)]
    assert flow in [list(one) for one in all_flows(offers, wants, ways)]
    assert worth(flow, ways) == min(worth(one, ways) for one in all_flows(offers, wants, ways))
    assert is_best_match(offers, wants, ways, by_order, found)


@given(markets())
def test_what_no_ways_join_is_solved_apart_with_the_same_result(
    market: tuple[list[int], list[int], list[MatchWay]],
) -> None:
    offers, wants, ways = [one + 1 for one in market[0]], [one + 1 for one in market[1]], market[2]
    flow = matched(offers, wants, ways, by_order, by_networkx).flow[: len(ways)]
    assert matched_apart(offers, wants, ways, by_order, by_networkx) == list(flow)


@pytest.mark.parametrize("changed", ["retained", "cost"])
def test_another_match_is_not_shown_by_the_certificate(changed: str) -> None:
    ways = [MatchWay(0, 0, 1, 2, 2), MatchWay(1, 0, 1, 1, 1)]
    found = matched((1, 1), (1,), ways, by_order, by_networkx)
    assert list(found.flow[:2]) == [1, 0]
    other = [replace(ways[0], retained=1), ways[1]] if changed == "cost" else [replace(ways[0], retained=0), ways[1]]
    assert not is_best_match((1, 1), (1,), other, by_order, found)
