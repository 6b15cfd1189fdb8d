# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which offers go to which wants: most quantity first, then most that is retained, then least cost, then by lot.

Cheapest-first would leave wants open that only a dearer choice elsewhere can serve; so it is one flow, found in stages:
each goes on from all flows that the one before leaves open, and the same certificate shows the whole (circulation.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from protocol.solvers.circulation import Certificate, Graph, Lots, Solver, is_cheapest, solve


@dataclass(frozen=True, slots=True)
class MatchWay:
    """An offer that may go to a want: how much of it at most, what of a unit is retained, and what it costs landed."""

    offer: int
    want: int
    units: int
    retained: int
    cost: int


def matched(
    offers: Sequence[int], wants: Sequence[int], ways: Sequence[MatchWay], lots: Lots, solver: Solver
) -> Certificate:
    """Return how many units go each way, in the order of `ways`, and then what shows that it is the best.

    `offers` and `wants` are units. Ways come in an order that all share: lots are drawn by it.
    """
    return solve(_graph(offers, wants, ways), _stages(ways, lots), solver)


def matched_apart(
    offers: Sequence[int], wants: Sequence[int], ways: Sequence[MatchWay], lots: Lots, solver: Solver
) -> Sequence[int]:
    """Return how many units go each way, as `matched` does: what no ways join is solved apart, in less time.

    No offer and no want is of nothing.
    """
    assert all(offers) and all(wants)
    flow = [0] * len(ways)
    for numbers in _joined(len(offers), len(wants), ways):
        offer_at, want_at = dict[int, int](), dict[int, int]()
        own: list[MatchWay] = []
        for one in (ways[number] for number in numbers):
            offer, want = offer_at.setdefault(one.offer, len(offer_at)), want_at.setdefault(one.want, len(want_at))
            own.append(MatchWay(offer, want, one.units, one.retained, one.cost))
        ends = [len(ways) + at for at in offer_at] + [len(ways) + len(offers) + at for at in want_at]
        drawn = _renumbered(lots, numbers + ends)
        found = matched([offers[at] for at in offer_at], [wants[at] for at in want_at], own, drawn, solver)
        for number, carried in zip(numbers, found.flow, strict=False):
            flow[number] = carried
    return flow


def _joined(offers: int, wants: int, ways: Sequence[MatchWay]) -> list[list[int]]:
    """Return the numbers of ways by what they join, directly or by others."""
    above = list(range(offers + wants))

    def top(at: int) -> int:
        while above[at] != at:
            above[at] = at = above[above[at]]
        return at

    for one in ways:
        above[top(one.offer)] = top(offers + one.want)
    found: dict[int, list[int]] = {}
    for number, one in enumerate(ways):
        found.setdefault(top(one.offer), []).append(number)
    return list(found.values())


def _renumbered(lots: Lots, numbers: Sequence[int]) -> Lots:
    return lambda arcs, before: lots([numbers[arc] for arc in arcs], before)


def is_best_match(
    offers: Sequence[int], wants: Sequence[int], ways: Sequence[MatchWay], lots: Lots, certificate: Certificate
) -> bool:
    """Tell, without a solver, whether this is the match that `matched` returns."""
    return is_cheapest(_graph(offers, wants, ways), _stages(ways, lots), certificate)


def _graph(offers: Sequence[int], wants: Sequence[int], ways: Sequence[MatchWay]) -> Graph:
    """Return ways, then what each offer may give, then what each want may take, which goes back to the source."""
    source, first_want = 0, 1 + len(offers)
    gives = [at for at, units in enumerate(offers) if units]
    takes = [at for at, units in enumerate(wants) if units]
    ends = [source] * len(gives), [source] * len(takes)
    return Graph(
        nodes=1 + len(offers) + len(wants),
        tails=[1 + one.offer for one in ways] + ends[0] + [first_want + at for at in takes],
        heads=[first_want + one.want for one in ways] + [1 + at for at in gives] + ends[1],
        capacities=[one.units for one in ways] + [offers[at] for at in gives] + [wants[at] for at in takes],
        costs=[-1] * len(ways) + [0] * (len(gives) + len(takes)),
    )


def _stages(ways: Sequence[MatchWay], lots: Lots) -> Lots:
    """Return as the first lots what is lost where less is retained, as the second what it costs."""

    def drawn(arcs: Sequence[int], before: int) -> Sequence[int]:
        if before < 2:
            told = (ways[arc] if arc < len(ways) else None for arc in arcs)
            return [0 if one is None else one.cost if before else -one.retained for one in told]
        return lots(arcs, before - 2)

    return drawn
