# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ten thousand needs with ten thousand offers in two hundred networks, beside what bare ortools takes for the flows.

Most goods first, then what stays inside, then the price, then lots: that is one solve after the other, of the arcs that
the one before leaves open. Bare ortools solves the whole graphs so, one after the other, from columns that lie ready,
and does nothing else; what it takes for the first of them alone, most goods, is told beside it. The match begins with
the offers and needs: it finds the pairs, has the flows solved, shows by potentials that they are best, and tells them.
"""

import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from figures import Figure, Target, Told, ratio
from machine import alternating

from protocol.practices.market import matching
from protocol.practices.market.intents import IntentPlace, Need, Offer, Price
from protocol.practices.market.item_codes import ITEM_CODES
from protocol.practices.market.matching import CreditWay, Market, NeedStanding, OfferStanding, matches, pairs_of
from protocol.solvers.circulation import Graph, Lots, Solver
from protocol.solvers.flows import MatchWay, matched
from protocol.solvers.mincost import by_networkx, by_ortools, has_ortools

NEAR, FAR = 20, 4
"""So many lines a network opens: with its neighbours, and with others anywhere."""
DAY_MS = 24 * 3_600_000
UNITS = (("KGM", "GRM"), ("KGM",), ("LTR", "MLT"), ("C62", "DZN"), ("HUR", "MIN"))
"""In what an item is counted: most in the first."""
RATES = tuple(Fraction(num, den) for num, den in ((1, 1), (1, 1), (3, 2), (2, 3), (10, 1), (1, 10), (7, 5)))


BARE, NETWORKX = Target(2.0, at_least=False), Target(60.0, at_least=False)


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Measure the whole match beside the bare flows, and by networkx alone."""
    del folder
    assert has_ortools()
    count, networks = (2_000, 40) if quick else (10_000, 200)
    market = market_of(count, networks)
    found = matches(market, by_ortools)
    ready = [[columns(graph) for graph in stages] for stages in whole_graphs(market)]
    bare_s, first_s, pairs_s, whole_s = alternating(
        2 if quick else 5,
        _seconds(lambda: [solved(one) for stages in ready for one in stages]),
        _seconds(lambda: [solved(stages[0]) for stages in ready]),
        _seconds(lambda: pairs_of(market)),
        _seconds(lambda: matches(market, by_ortools)),
    )
    began = time.perf_counter()
    assert matches(market, by_networkx) == found
    networkx_s = time.perf_counter() - began
    name = f"{count:,} needs, {count:,} offers, {networks} networks"
    whole = Figure(name, "s", whole_s)
    bare = Figure("bare ortools: the same flows one after the other", "s", bare_s)
    first = Figure("bare ortools: one solve, most goods alone", "s", first_s)
    return [
        whole, bare, first,
        Figure("finding the pairs that may go together, alone", "s", pairs_s),
        ratio("the whole match / bare ortools", whole, bare, BARE),
        ratio("the whole match / one solve alone", whole, first),
        Figure("the whole match by networkx alone", "s", [networkx_s], NETWORKX),
        Figure("pairs that may go together", "", [len(pairs_of(market))]),
        Figure("of them matched", "", [len(found)]),
    ]  # fmt: skip


def whole_graphs(market: Market) -> list[list[Graph]]:
    """Return what is solved one after the other for each measure, nothing of it apart."""
    asked: list[list[Graph]] = []

    def noted(graph: Graph) -> Sequence[int]:
        asked[-1].append(graph)
        return by_ortools(graph)

    def whole(
        offers: Sequence[int], wants: Sequence[int], ways: Sequence[MatchWay], lots: Lots, solver: Solver
    ) -> Sequence[int]:
        asked.append([])
        return matched(offers, wants, ways, lots, solver).flow[: len(ways)]

    with patch.object(matching, "matched_apart", whole):
        matches(market, noted)
    return asked


def columns(graph: Graph) -> list[Any]:
    """Return what ortools takes."""
    import numpy as np

    return [np.array(one, dtype=np.int64) for one in (graph.tails, graph.heads, graph.capacities, graph.costs)]


def solved(arcs: Sequence[Any]) -> Any:
    """Let ortools solve one graph."""
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    solver: Any = SimpleMinCostFlow()
    numbers = solver.add_arcs_with_capacity_and_unit_cost(*arcs)
    assert solver.solve() == solver.OPTIMAL
    return solver.flows(numbers)


def _seconds(work: Callable[[], object]) -> Callable[[], float]:
    def measured() -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    return measured


def market_of(count: int, networks: int, seed: int = 1) -> Market:
    """Return so many offers and so many needs: a few things are offered by many, prices differ by a third."""
    chance = Random(seed)
    ids = [chance.randbytes(32) for _ in range(networks)]
    towns = [(chance.randrange(-800, 800), chance.randrange(-800, 800)) for _ in ids]
    worth = [chance.choice(RATES) for _ in ids]
    codes = list(ITEM_CODES)
    units = {code: chance.choice(UNITS) for code in codes}
    price = {code: chance.paretovariate(1) for code in codes}
    common = [1 / (at + 10) for at in range(len(codes))]
    chance.shuffle(common)

    def said(at: int) -> tuple[dict[str, Any], float]:
        code = chance.choices(codes, common)[0]
        unit = chance.choice(units[code]) if chance.random() < 0.2 else units[code][0]
        each = price[code] * float(worth[at]) * (1 if unit == units[code][0] else 12 if unit == "DZN" else 0.01)
        begins = chance.randrange(60) * DAY_MS if chance.random() < 0.4 else None
        north, east = towns[at]
        return {
            "member": f"m{chance.randrange(200)}",
            "title": ITEM_CODES[code].en,
            "text": "",
            "code": code if chance.random() < 0.95 else "",
            "quantity": 0 if chance.random() < 0.1 else 1_000 * int(10 * chance.paretovariate(1.2)),
            "unit": unit,
            "place": IntentPlace(north + chance.randrange(-20, 20), east + chance.randrange(-20, 20)),
            "from_ms": begins,
            "until_ms": None if begins is None else begins + chance.randrange(1, 45) * DAY_MS,
        }, each  # fmt: skip

    offers: list[OfferStanding] = []
    needs: list[NeedStanding] = []
    for _ in range(count):
        at = chance.randrange(networks)
        body, each = said(at)
        prices = (
            ()
            if chance.random() < 0.03
            else (Price(f"C{at}", 2, max(1, int(100 * each * chance.uniform(0.75, 1.25)))),)
        )
        labels = tuple(one for one, share in (("organic", 0.3), ("fair", 0.2)) if chance.random() < share)
        retained = chance.choice((0, chance.randrange(1_000_000)))
        offers.append(
            OfferStanding(ids[at], chance.randbytes(16), Offer(**body, prices=prices, labels=labels), retained)
        )
    for _ in range(count):
        at = chance.randrange(networks)
        body, each = said(at)
        code = body["code"][: chance.choice((3, 5, 5, 5))]
        prices = (
            () if chance.random() < 0.2 else (Price(f"C{at}", 2, max(1, int(100 * each * chance.uniform(0.9, 1.5)))),)
        )
        labels = tuple(one for one, share in (("organic", 0.1), ("fair", 0.05)) if chance.random() < share)
        body |= {"code": code, "within_km": chance.choice((None, None, 50, 200, 800))}
        owes = {f"C{at}": chance.randrange(100_000)} if chance.random() < 0.3 else {}
        needs.append(NeedStanding(ids[at], chance.randbytes(16), Need(**body, prices=prices, labels=labels), owes))
    ways: dict[tuple[bytes, bytes], tuple[CreditWay, ...]] = {}
    for at, (north, east) in enumerate(towns):
        near = sorted(range(networks), key=lambda one: (towns[one][0] - north) ** 2 + (towns[one][1] - east) ** 2)
        for other in near[1 : NEAR + 1] + chance.sample(range(networks), FAR):
            if other != at:
                for buyer, seller in ((at, other), (other, at)):
                    room = int(100 * float(worth[buyer]) * chance.randrange(1, 5_000))
                    rate = worth[buyer] / worth[seller]
                    ways[ids[buyer], ids[seller]] = (CreditWay(f"C{seller}", f"C{buyer}", 2, rate, room),)
    return Market(offers, needs, ways)
