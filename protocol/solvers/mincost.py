# SPDX-License-Identifier: AGPL-3.0-or-later
"""The solvers that find a cheapest circulation: networkx, which every node has, and ortools of the extra `clearing`."""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any

from protocol.solvers.circulation import Graph, Solver

SMALL_ARCS_MAX = 2_000
"""Up to so many arcs networkx answers in a fifth of a second, and the greater solver need not be loaded."""
NARROWING_ROUNDS = 3
"""Rounds after which narrowing capacities further saves a solver less than it costs."""


def by_size(graph: Graph) -> Sequence[int]:
    """Ask the solver that fits."""
    return fitting(graph)(graph)


def fitting(graph: Graph) -> Solver:
    """Return the solver for a graph of this size, of those that are installed."""
    return for_arcs(len(graph.tails))


def for_arcs(count: int) -> Solver:
    """Return the solver for so many arcs, whether in one graph or in many."""
    return by_ortools if count > SMALL_ARCS_MAX and has_ortools() else by_networkx


@cache
def has_ortools() -> bool:
    """Tell whether the extra `clearing` is installed; asking loads it."""
    try:
        import_module("ortools.graph.python.min_cost_flow")
    except ImportError:
        return False
    return True


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
    asked.add_nodes_from((node, {"demand": lack}) for node, lack in enumerate(lacks) if lack)
    found: dict[int, dict[int, dict[int, int]]] = networkx.network_simplex(asked)[1] if asked else {}
    flow = [0 if cost >= 0 else capacity for capacity, cost in zip(capacities, graph.costs, strict=True)]
    for of_tail in found.values():
        for of_pair in of_tail.values():
            for number, carried in of_pair.items():
                flow[number] += carried if graph.costs[number] >= 0 else -carried
    return flow


def by_ortools(graph: Graph) -> list[int]:
    """Ask ortools, which the extra `clearing` installs: a hundred thousand arcs in about half a second."""
    ortools: Any = import_module("ortools.graph.python.min_cost_flow")
    numpy: Any = import_module("numpy")  # ortools takes and returns its arrays
    tails, heads, capacities, costs = (
        numpy.array(column, dtype=numpy.int64) for column in (graph.tails, graph.heads, graph.capacities, graph.costs)
    )
    for _ in range(NARROWING_ROUNDS):  # as `narrowed` does it
        comes, leaves = numpy.zeros(graph.nodes, numpy.int64), numpy.zeros(graph.nodes, numpy.int64)
        numpy.add.at(leaves, tails, capacities)
        numpy.add.at(comes, heads, capacities)
        passes = numpy.minimum(comes, leaves)
        capacities = numpy.minimum(capacities, numpy.minimum(passes[tails], passes[heads]))
    solver = ortools.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(tails, heads, capacities, costs)
    status = solver.solve()
    assert status == solver.OPTIMAL, status
    return solver.flows(arcs).tolist()


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
