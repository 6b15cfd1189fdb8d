# SPDX-License-Identifier: AGPL-3.0-or-later
"""The cheapest circulation of a graph: found by a solver, and shown to be cheapest without one.

A circulation brings to each node as much as it takes away. With integer capacities and costs the cheapest
one is of integers. A potential for each node is the certificate: an arc that could carry more costs at
least the difference of the potentials at its ends, an arc that carries something costs at most that
(complementary slackness). Whoever has the flow and the potentials checks them in one walk over the arcs.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

TOTAL_MAX = 2**62 - 1
"""The most that all capacities may sum to, and a cost times the nodes and one more: solvers count in 64 bits."""
SMALL_ARCS_MAX = 2_000
"""Up to so many arcs networkx answers in a fifth of a second, and the greater solver need not be loaded."""
NARROWING_ROUNDS = 3
"""Rounds after which narrowing capacities further saves a solver less than it costs."""


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
        assert all(tail != head for tail, head in zip(self.tails, self.heads, strict=True))
        assert all(capacity > 0 for capacity in self.capacities) and sum(self.capacities) <= TOTAL_MAX
        assert all(abs(cost) * (self.nodes + 1) <= TOTAL_MAX for cost in self.costs)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What each arc carries, and the potential of each node, which shows that nothing is cheaper."""

    flow: Sequence[int]
    potentials: Sequence[int]


Solver = Callable[[Graph], Sequence[int]]


def solve(graph: Graph, solver: Solver | None = None) -> Certificate:
    """Return a cheapest circulation; what the solver said has been checked by its certificate."""
    if not graph.tails:
        return Certificate((), (0,) * graph.nodes)
    flow = (solver or fitting(graph))(graph)
    potentials = _potentials(graph, flow)
    assert potentials is not None, "the solver's circulation is not the cheapest"
    certificate = Certificate(flow, potentials)
    assert is_cheapest(graph, certificate), "the solver's circulation is none, or not the cheapest"
    return certificate


def fitting(graph: Graph) -> Solver:
    """Return the solver for a graph of this size, of those that are installed."""
    return by_ortools if len(graph.tails) > SMALL_ARCS_MAX and has_ortools() else by_networkx


@cache
def has_ortools() -> bool:
    """Tell whether the extra `clearing` is installed; asking loads it."""
    try:
        import_module("ortools.graph.python.min_cost_flow")
    except ImportError:
        return False
    return True


def is_cheapest(graph: Graph, certificate: Certificate) -> bool:
    """Tell whether this is a circulation within the capacities and, by its potentials, a cheapest one."""
    flow, potentials = certificate.flow, certificate.potentials
    if len(flow) != len(graph.tails) or len(potentials) != graph.nodes:
        return False
    excess = [0] * graph.nodes
    for tail, head, capacity, cost, carried in zip(
        graph.tails, graph.heads, graph.capacities, graph.costs, flow, strict=True
    ):
        if not 0 <= carried <= capacity:
            return False
        excess[tail] -= carried
        excess[head] += carried
        reduced = cost + potentials[tail] - potentials[head]
        if (reduced < 0 and carried < capacity) or (reduced > 0 and carried > 0):
            return False
    return not any(excess)


def is_only(graph: Graph, certificate: Certificate) -> bool:
    """Tell whether a cheapest circulation is the only one.

    Any other differs from it along cycles that cost nothing, by arcs whose reduced cost is 0. Of these an arc that
    could carry both more and less leads both ways: such arcs must form no cycle, and with each of their
    trees taken for one node the rest, which lead one way, must form none either.
    """
    potentials = certificate.potentials
    group = list(range(graph.nodes))
    one_way: list[tuple[int, int]] = []
    for tail, head, capacity, cost, carried in zip(
        graph.tails, graph.heads, graph.capacities, graph.costs, certificate.flow, strict=True
    ):
        if cost + potentials[tail] != potentials[head]:
            continue
        if carried == 0:
            one_way.append((tail, head))
        elif carried == capacity:
            one_way.append((head, tail))
        else:
            first, second = _root(group, tail), _root(group, head)
            if first == second:
                return False
            group[first] = second
    return _has_no_cycle([(_root(group, tail), _root(group, head)) for tail, head in one_way])


def by_networkx(graph: Graph) -> list[int]:
    """Ask networkx, which every node has: half a second for ten thousand arcs, a minute for a hundred thousand."""
    networkx: Any = import_module("networkx")
    capacities = narrowed(graph)
    asked = networkx.MultiDiGraph()
    lacks = [0] * graph.nodes
    for number, (tail, head, cost) in enumerate(zip(graph.tails, graph.heads, graph.costs, strict=True)):
        # An arc that saves is taken to be full, and what of it to give back is asked: most of the way is gone then.
        capacity = capacities[number]
        if capacity and cost < 0:
            lacks[tail] += capacity
            lacks[head] -= capacity
            asked.add_edge(head, tail, number, capacity=capacity, weight=-cost)
        elif capacity:
            asked.add_edge(tail, head, number, capacity=capacity, weight=cost)
    asked.add_nodes_from((node, {"demand": lack}) for node, lack in enumerate(lacks))
    found: dict[int, dict[int, dict[int, int]]] = networkx.network_simplex(asked)[1]
    flow = [0 if cost >= 0 else capacity for capacity, cost in zip(capacities, graph.costs, strict=True)]
    for of_tail in found.values():
        for of_pair in of_tail.values():
            for number, carried in of_pair.items():
                flow[number] += carried if graph.costs[number] >= 0 else -carried
    return flow


def by_ortools(graph: Graph) -> list[int]:
    """Ask ortools, which the extra `clearing` installs: a hundred thousand arcs in about a second and a half."""
    ortools: Any = import_module("ortools.graph.python.min_cost_flow")
    solver = ortools.SimpleMinCostFlow()
    capacities = narrowed(graph)
    kept = [number for number, capacity in enumerate(capacities) if capacity]
    if kept:
        columns = (graph.tails, graph.heads, capacities, graph.costs)
        solver.add_arcs_with_capacity_and_unit_cost(*([column[number] for number in kept] for column in columns))
        status = solver.solve()
        assert status == solver.OPTIMAL, status
    flow = [0] * len(graph.tails)
    for number, carried in zip(kept, solver.flows(range(len(kept))).tolist(), strict=True):
        flow[number] = carried
    return flow


def narrowed(graph: Graph) -> list[int]:
    """Return the capacities without what no circulation can use: no more passes a node than enters it or leaves it.

    The cheapest circulations are the same, and a solver finds them in less time.
    """
    capacities = list(graph.capacities)
    for _ in range(NARROWING_ROUNDS):
        comes, leaves = [0] * graph.nodes, [0] * graph.nodes
        for tail, head, capacity in zip(graph.tails, graph.heads, capacities, strict=True):
            leaves[tail] += capacity
            comes[head] += capacity
        passes = [min(both) for both in zip(comes, leaves, strict=True)]
        arcs = zip(graph.tails, graph.heads, capacities, strict=True)
        capacities = [min(capacity, passes[tail], passes[head]) for tail, head, capacity in arcs]
    return capacities


def _potentials(graph: Graph, flow: Sequence[int]) -> list[int] | None:
    """Return the least cost at which each node is reached in what is left; None where some cycle would save."""
    leads: list[list[tuple[int, int]]] = [[] for _ in range(graph.nodes)]
    for tail, head, capacity, cost, carried in zip(
        graph.tails, graph.heads, graph.capacities, graph.costs, flow, strict=True
    ):
        if carried < capacity:
            leads[tail].append((head, cost))
        if carried > 0:
            leads[head].append((tail, -cost))
    potentials, arcs_from_start = [0] * graph.nodes, [0] * graph.nodes
    waiting, is_waiting = deque(range(graph.nodes)), [True] * graph.nodes
    while waiting:
        node = waiting.popleft()
        is_waiting[node] = False
        for head, cost in leads[node]:
            if potentials[node] + cost < potentials[head]:
                potentials[head] = potentials[node] + cost
                arcs_from_start[head] = arcs_from_start[node] + 1
                if arcs_from_start[head] >= graph.nodes:
                    return None
                if not is_waiting[head]:
                    is_waiting[head] = True
                    waiting.append(head)
    return potentials


def _root(group: list[int], node: int) -> int:
    """Return by which node its tree is known, and shorten the way there (union-find)."""
    while group[node] != node:
        group[node] = group[group[node]]
        node = group[node]
    return node


def _has_no_cycle(arcs: Sequence[tuple[int, int]]) -> bool:
    leads: dict[int, list[int]] = {}
    entering: dict[int, int] = {}
    for tail, head in arcs:
        leads.setdefault(tail, []).append(head)
        entering[head] = entering.get(head, 0) + 1
        entering.setdefault(tail, 0)
    free = [node for node, count in entering.items() if count == 0]
    passed = 0
    while free:
        passed += 1
        for head in leads.get(free.pop(), ()):
            entering[head] -= 1
            if entering[head] == 0:
                free.append(head)
    return passed == len(entering)
