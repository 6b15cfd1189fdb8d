# SPDX-License-Identifier: AGPL-3.0-or-later
"""The cheapest circulation of a graph: found by a solver, and shown to be the cheapest and the only one without it.

A circulation brings to each node as much as it takes away. With integer capacities and costs the cheapest
one is of integers. A potential for each node is the certificate: an arc that could carry more costs at
least the difference of the potentials at its ends, an arc that carries something costs at most that
(complementary slackness). Whoever has the flow and the potentials checks them in one walk over the arcs.

Where several are the cheapest, lots decide: what a unit costs is then the first lot of its arc; where that leaves
several, the second, and so on. They differ on few arcs, and seldom on many after the first lot.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from operator import eq

TOTAL_MAX = 2**62 - 1
"""The most that all capacities may sum to: solvers count in 64 bits."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Arcs between the nodes 0 to `nodes` - 1: where each begins and ends, what it may carry, what a unit costs."""

    nodes: int
    tails: Sequence[int]
    heads: Sequence[int]
    capacities: Sequence[int]
    costs: Sequence[int]

    def __post_init__(self) -> None:
        assert len(self.tails) == len(self.heads) == len(self.capacities) == len(self.costs)
        assert not any(map(eq, self.tails, self.heads))
        assert min(self.capacities, default=1) > 0 and sum(self.capacities) <= TOTAL_MAX


@dataclass(frozen=True, slots=True)
class Certificate:
    """What each arc carries, and the nodes' potentials that show it: by the costs, then by each lot that was drawn."""

    flow: Sequence[int]
    potentials: Sequence[Sequence[int]]


Solver = Callable[[Graph], Sequence[int]]
"""What returns how much each arc carries in some cheapest circulation."""
Lots = Callable[[Sequence[int], int], Sequence[int]]
"""What some arcs draw, by their numbers and by how many lots were drawn before."""


def solve(graph: Graph, lots: Lots, solver: Solver) -> Certificate:
    """Return the cheapest circulation, by lot where several are; what the solver said has been checked."""
    arcs, costs = list(range(len(graph.tails))), graph.costs
    flow, potentials = list(_asked(graph, solver)), list[Sequence[int]]()
    while True:
        found = _potentials(graph, arcs, costs, flow)
        tight = None if found is None else _tight(graph, arcs, costs, found, flow)
        assert found is not None and tight is not None, "the solver's circulation is not the cheapest"
        potentials.append(found)
        arcs = _turning(graph, tight, flow)
        if not arcs:
            return Certificate(flow, potentials)
        costs = lots(arcs, len(potentials) - 1)
        _turn(graph, arcs, costs, flow, solver)


def is_cheapest(graph: Graph, lots: Lots, certificate: Certificate) -> bool:
    """Tell, without a solver, whether this is the flow that `solve` returns, shown by potentials as good as its own."""
    flow, steps = certificate.flow, certificate.potentials
    if not _is_circulation(graph, flow) or any(len(potentials) != graph.nodes for potentials in steps):
        return False
    arcs, costs = list(range(len(graph.tails))), graph.costs
    for drawn, potentials in enumerate(steps):
        if drawn:
            if not arcs:
                return False
            costs = lots(arcs, drawn - 1)
        tight = _tight(graph, arcs, costs, potentials, flow)
        if tight is None:
            return False
        arcs = _turning(graph, tight, flow)
    return not arcs


def _is_circulation(graph: Graph, flow: Sequence[int]) -> bool:
    if len(flow) != len(graph.tails):
        return False
    excess = [0] * graph.nodes
    for tail, head, capacity, carried in zip(graph.tails, graph.heads, graph.capacities, flow, strict=True):
        if not 0 <= carried <= capacity:
            return False
        excess[tail] -= carried
        excess[head] += carried
    return not any(excess)


def _asked(graph: Graph, solver: Solver) -> Sequence[int]:
    flow = solver(graph) if graph.tails else ()
    assert _is_circulation(graph, flow), "the solver's circulation is none"
    return flow


def _turn(graph: Graph, arcs: Sequence[int], costs: Sequence[int], flow: list[int], solver: Solver) -> None:
    """Change what some arcs carry to what costs least, within what each could still take on or give back."""
    tails, heads, capacities = graph.tails, graph.heads, graph.capacities
    cost_of = dict(zip(arcs, costs, strict=True))
    more = [arc for arc in arcs if flow[arc] < capacities[arc]]
    less = [arc for arc in arcs if flow[arc] > 0]
    left = Graph(
        graph.nodes,
        [tails[arc] for arc in more] + [heads[arc] for arc in less],
        [heads[arc] for arc in more] + [tails[arc] for arc in less],
        [capacities[arc] - flow[arc] for arc in more] + [flow[arc] for arc in less],
        [cost_of[arc] for arc in more] + [-cost_of[arc] for arc in less],
    )
    change = _asked(left, solver)
    for arc, units in zip(more, change[: len(more)], strict=True):
        flow[arc] += units
    for arc, units in zip(less, change[len(more) :], strict=True):
        flow[arc] -= units


def _tight(
    graph: Graph, arcs: Sequence[int], costs: Sequence[int], potentials: Sequence[int], flow: Sequence[int]
) -> list[int] | None:
    """Return those of some arcs that cost what the potentials differ by; None where the potentials show nothing."""
    tails, heads, capacities = graph.tails, graph.heads, graph.capacities
    tight: list[int] = []
    for arc, cost in zip(arcs, costs, strict=True):
        reduced = cost + potentials[tails[arc]] - potentials[heads[arc]]
        if reduced == 0:
            tight.append(arc)
        elif (reduced < 0 and flow[arc] < capacities[arc]) or (reduced > 0 and flow[arc] > 0):
            return None
    return tight


def _turning(graph: Graph, arcs: Sequence[int], flow: Sequence[int]) -> list[int]:
    """Return those of some arcs by which circulations may differ from this one; none, if it is the only one.

    An arc is a way there if it could carry more, and a way back if it could carry less. Circulations differ along
    cycles of ways that use no arc twice. So a way goes that no other arc leads to, or that none leads on from. Whoever
    walks along what is left never turns back, and meets herself at last: that is such a cycle.
    """
    tails, heads, capacities = graph.tails, graph.heads, graph.capacities
    come, go = defaultdict[int, set[int]](set), defaultdict[int, set[int]](set)
    for arc in arcs:
        if flow[arc] < capacities[arc]:
            go[tails[arc]].add(2 * arc)
            come[heads[arc]].add(2 * arc)
        if flow[arc] > 0:
            go[heads[arc]].add(2 * arc + 1)
            come[tails[arc]].add(2 * arc + 1)
    to_see = list(come.keys() | go.keys())
    while to_see:
        node = to_see.pop()
        if len(come[node]) > 1 and len(go[node]) > 1:
            continue
        for way in _stuck(come[node], go[node]) | _stuck(go[node], come[node]):
            start, end = tails[way // 2], heads[way // 2]
            if way % 2:
                start, end = end, start
            go[start].remove(way)
            come[end].remove(way)
            to_see += (start, end)
    return sorted({way // 2 for ways in go.values() for way in ways})


def _stuck(ways: Set[int], others: Set[int]) -> Set[int]:
    """Return those ways at a node that have none of the others to join but their own arc's."""
    if len(others) > 1:
        return frozenset()
    return ways & {other ^ 1 for other in others} if others else set(ways)


def _potentials(graph: Graph, arcs: Sequence[int], costs: Sequence[int], flow: Sequence[int]) -> list[int] | None:
    """Return what it costs to reach each node by what is left of some arcs; None where a cycle would save.

    What arcs that could carry both more and less join is one group, since how far its nodes are apart is fixed. Only
    what leads from group to group is searched.
    """
    tails, heads, capacities = graph.tails, graph.heads, graph.capacities
    group, above = _grouped(graph, arcs, costs, flow)
    leads = defaultdict[int, dict[int, int]](dict)
    for arc, cost in zip(arcs, costs, strict=True):
        tail, head = group[tails[arc]], group[heads[arc]]
        if tail != head:
            apart = cost + above[tails[arc]] - above[heads[arc]]
            if flow[arc] < capacities[arc]:
                leads[tail][head] = min(apart, leads[tail].get(head, apart))
            if flow[arc] > 0:
                leads[head][tail] = min(-apart, leads[head].get(tail, -apart))
    least = [0] * graph.nodes
    return [least[first] + rise for first, rise in zip(group, above, strict=True)] if _lower(least, leads) else None


def _grouped(
    graph: Graph, arcs: Sequence[int], costs: Sequence[int], flow: Sequence[int]
) -> tuple[Sequence[int], Sequence[int]]:
    """Return by which node each node's group is known, and how far above that it lies."""
    joined = defaultdict[int, dict[int, int]](dict)
    for arc, cost in zip(arcs, costs, strict=True):
        if 0 < flow[arc] < graph.capacities[arc]:
            joined[graph.tails[arc]][graph.heads[arc]] = cost
            joined[graph.heads[arc]][graph.tails[arc]] = -cost
    group, above = list(range(graph.nodes)), [0] * graph.nodes
    reached: set[int] = set()
    for first in joined:
        if first in reached:
            continue
        reached.add(first)
        members = [first]
        for node in members:
            for other, rise in joined[node].items():
                if other not in reached:
                    reached.add(other)
                    group[other], above[other] = first, above[node] + rise
                    members.append(other)
    return group, above


def _lower(least: list[int], leads: Mapping[int, Mapping[int, int]]) -> bool:
    """Lower what each node costs to what it costs by way of others; tell whether that ends (Bellman and Ford)."""
    arcs_from_start = [0] * len(least)
    waiting, is_waiting = deque(leads), [True] * len(least)
    while waiting:
        node = waiting.popleft()
        is_waiting[node] = False
        for head, cost in leads.get(node, {}).items():
            if least[node] + cost < least[head]:
                least[head] = least[node] + cost
                arcs_from_start[head] = arcs_from_start[node] + 1
                if arcs_from_start[head] >= len(least):
                    return False
                if not is_waiting[head]:
                    is_waiting[head] = True
                    waiting.append(head)
    return True
