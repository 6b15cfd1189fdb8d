# SPDX-License-Identifier: AGPL-3.0-or-later
"""The largest set-off: the same for everybody, no greater one is to be had, and whoever changes a unit is found out."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.solvers import netting
from protocol.solvers.circulation import Certificate, Graph, Lots, Solver, is_cheapest, solve
from protocol.solvers.cycles import Cycle, cycles
from protocol.solvers.mincost import by_networkx, by_ortools, fitting, has_ortools, narrowed
from protocol.solvers.netting import Headroom, Obligation, PartyName, SetOff, octets, set_off, verify_netting

SALT = b"salt"
SOLVERS = [by_networkx, by_ortools]


def owed(*debts: tuple[str, str, int]) -> list[Obligation]:
    """Debts in order, named by it."""
    return [Obligation(number.to_bytes(2, "big"), *debt) for number, debt in enumerate(debts)]


def cleared_of(found: SetOff, *obligations: Obligation) -> list[int]:
    return [found.cleared.get(one.id, 0) for one in obligations]


@st.composite
def debts(draw: st.DrawFn, parties: int = 6, most: int = 12, amount: int = 9) -> list[Obligation]:
    """Debts between a few parties, some of them several times between the same two."""
    names = st.sampled_from("abcdefgh"[:parties])
    pairs = st.tuples(names, names).filter(lambda pair: pair[0] != pair[1])
    found = draw(st.lists(st.tuples(pairs, st.integers(1, amount)), max_size=most))
    return owed(*((debtor, creditor, units) for (debtor, creditor), units in found))


@st.composite
def rooms(draw: st.DrawFn, parties: int = 6, most: int = 9) -> list[Headroom]:
    units = st.integers(0, most)
    named = draw(st.sets(st.sampled_from("abcdefgh"[:parties])))
    return [Headroom(name, draw(units), draw(units)) for name in sorted(named)]


def sums_of(obligations: list[Obligation], found: SetOff) -> dict[PartyName, int]:
    """What each party's cancelled claims come to, less its cancelled debts."""
    sums: dict[PartyName, int] = {}
    for one in obligations:
        units = found.cleared.get(one.id, 0)
        sums[one.creditor] = sums.get(one.creditor, 0) + units
        sums[one.debtor] = sums.get(one.debtor, 0) - units
    return {name: units for name, units in sums.items() if units}


def test_three_who_owe_one_another_in_a_ring_are_free_of_the_least_of_it() -> None:
    ring = owed(("ana", "bia", 100), ("bia", "caio", 80), ("caio", "ana", 120))
    found = set_off(ring, SALT)
    assert cleared_of(found, *ring) == [80, 80, 80]
    assert found.changes == {}


def test_two_bills_between_the_same_two_are_cleared_in_the_order_of_their_ids() -> None:
    bills = owed(("ana", "bia", 30), ("ana", "bia", 50), ("bia", "ana", 60))
    assert cleared_of(set_off(bills, SALT), *bills) == [30, 30, 60]
    turned = [replace(bills[0], id=b"\2"), replace(bills[1], id=b"\1"), bills[2]]
    assert cleared_of(set_off(turned, SALT), *turned) == [10, 50, 60]


def test_where_two_rings_fight_over_a_debt_the_larger_set_off_wins() -> None:
    # ana's debt of 10 can turn with bia alone, or by way of caio and duda: three debts cancelled by each unit.
    bills = owed(("ana", "bia", 10), ("bia", "ana", 10), ("bia", "caio", 10), ("caio", "ana", 10))
    assert cleared_of(set_off(bills, SALT), *bills) == [10, 0, 10, 10]


def test_a_chain_without_an_end_that_meets_clears_nothing_without_credit() -> None:
    chain = owed(("ana", "bia", 100), ("bia", "caio", 100))
    assert set_off(chain, SALT).cleared == {}


def test_credit_at_both_ends_clears_a_chain_and_moves_their_balances_alone() -> None:
    chain = owed(("ana", "bia", 100), ("bia", "caio", 100))
    found = set_off(chain, SALT, [Headroom("ana", 70, 0), Headroom("caio", 0, 500), Headroom("duda", 9, 9)])
    assert cleared_of(found, *chain) == [70, 70]
    assert found.changes == {"ana": -70, "caio": 70}


def test_no_more_credit_is_drawn_than_cancels_something() -> None:
    ring = owed(("ana", "bia", 100), ("bia", "ana", 100))
    found = set_off(ring, SALT, [Headroom("ana", 70, 70), Headroom("bia", 70, 70)])
    assert (cleared_of(found, *ring), found.changes) == ([100, 100], {})


def test_nothing_owed_is_nothing_cleared() -> None:
    found = set_off([], SALT)
    assert (found.cleared, found.changes) == ({}, {})
    assert verify_netting([], SALT, found)


@given(debts(), rooms())
def test_whatever_is_cancelled_leaves_each_net_position_but_for_the_credit_that_moved(
    obligations: list[Obligation], headrooms: list[Headroom]
) -> None:
    found = set_off(obligations, SALT, headrooms)
    assert sums_of(obligations, found) == found.changes
    amounts = {one.id: one.amount for one in obligations}
    assert all(0 < units <= amounts[name] for name, units in found.cleared.items())
    room = {one.of: one for one in headrooms}
    assert all(-room[name].fall_max <= change <= room[name].rise_max for name, change in found.changes.items())


def lots_of(debtor: bytes, creditor: bytes) -> str:
    """The lots of a pair by docs/decisions/0017, from its octets."""
    pair = len(debtor).to_bytes(4, "big") + debtor + creditor
    return sha256(b"mutirao/v1/set-off\0" + len(SALT).to_bytes(4, "big") + SALT + pair).hexdigest()


def octets_of(name: PartyName) -> bytes:
    return b"\1" + name.encode() if isinstance(name, str) else b"\0" + name


def told_apart(
    obligations: list[Obligation], units: Sequence[int], changes: Mapping[PartyName, int]
) -> tuple[int, ...]:
    """By what set-offs are told apart, the least first: what is cancelled, what is drawn, and lot after lot."""
    lots = [0] * 64
    moved = [
        (octets_of(one.debtor), octets_of(one.creditor), some) for one, some in zip(obligations, units, strict=True)
    ]
    moved += [(b"", octets_of(name), -change) for name, change in changes.items() if change < 0]
    moved += [(octets_of(name), b"", change) for name, change in changes.items() if change > 0]
    for debtor, creditor, some in moved:
        for at, lot in enumerate(lots_of(debtor, creditor)):
            lots[at] += some * int(lot, 16)
    return -sum(units), -sum(min(0, change) for change in changes.values()), *lots


def every_set_off(obligations: list[Obligation], headrooms: list[Headroom]) -> Iterator[tuple[int, ...]]:
    """How all that can be cancelled is told apart, tried one by one."""
    room = {one.of: one for one in headrooms}
    for units in product(*(range(one.amount + 1) for one in obligations)):
        cleared = {one.id: some for one, some in zip(obligations, units, strict=True)}
        changes = sums_of(obligations, SetOff(cleared, {}, Certificate((), ())))
        if all(
            name in room and -room[name].fall_max <= change <= room[name].rise_max for name, change in changes.items()
        ):
            yield told_apart(obligations, units, changes)


NAMES: list[PartyName] = ["a", b"a", "\u00e9", b""]


@given(st.data(), st.sampled_from(SOLVERS))
def test_no_set_off_is_larger_none_as_large_draws_less_and_lots_decide_between_equals(
    data: st.DataObject, solver: Solver
) -> None:
    pairs = st.permutations(NAMES).map(lambda names: (names[0], names[1]))
    drawn = data.draw(st.lists(st.tuples(pairs, st.integers(1, 3)), min_size=1, max_size=5))
    obligations = [Obligation(bytes([at]), *pair, units) for at, (pair, units) in enumerate(drawn)]
    most = st.integers(0, 3)
    headrooms = [
        Headroom(name, data.draw(most), data.draw(most)) for name in data.draw(st.sets(st.sampled_from(NAMES)))
    ]
    found = set_off(obligations, SALT, headrooms, solver)
    assert told_apart(obligations, cleared_of(found, *obligations), found.changes) == min(
        every_set_off(obligations, headrooms)
    )


@given(debts(), rooms(), st.randoms(use_true_random=False))
def test_the_order_in_which_debts_are_told_does_not_show(
    obligations: list[Obligation], headrooms: list[Headroom], chance: random.Random
) -> None:
    found = set_off(obligations, SALT, headrooms)
    chance.shuffle(obligations)
    chance.shuffle(headrooms)
    assert set_off(obligations, SALT, headrooms) == found


@given(debts(), rooms(), st.data())
def test_more_headroom_never_lowers_what_is_cleared(
    obligations: list[Obligation], headrooms: list[Headroom], data: st.DataObject
) -> None:
    before = sum(set_off(obligations, SALT, headrooms).cleared.values())
    more = st.integers(0, 9)
    raised = [Headroom(one.of, one.fall_max + data.draw(more), one.rise_max + data.draw(more)) for one in headrooms]
    assert sum(set_off(obligations, SALT, raised).cleared.values()) >= before


@given(debts(), rooms())
def test_the_certificate_is_checked_without_a_solver(obligations: list[Obligation], headrooms: list[Headroom]) -> None:
    found = set_off(obligations, SALT, headrooms)
    assert verify_netting(obligations, SALT, found, headrooms)
    assert verify_netting(obligations[::-1], SALT, found, headrooms[::-1])


@given(debts().filter(bool), rooms(), st.data())
def test_a_unit_that_was_tampered_with_is_found_out(
    obligations: list[Obligation], headrooms: list[Headroom], data: st.DataObject
) -> None:
    found = set_off(obligations, SALT, headrooms)
    name = data.draw(st.sampled_from(obligations)).id
    step = data.draw(st.sampled_from([-1, 1]))
    cleared = {**found.cleared, name: found.cleared.get(name, 0) + step}
    assert not verify_netting(obligations, SALT, replace(found, cleared=cleared), headrooms)
    changed = {**found.changes, "a": found.changes.get("a", 0) + step}
    assert not verify_netting(obligations, SALT, replace(found, changes=changed), headrooms)
    flow = list(found.certificate.flow)
    flow[data.draw(st.integers(0, len(flow) - 1))] += step
    told = replace(found, certificate=replace(found.certificate, flow=flow))
    assert not verify_netting(obligations, SALT, told, headrooms)


@given(debts(parties=4, most=7, amount=5))
def test_a_smaller_set_off_has_no_certificate_even_if_it_balances(obligations: list[Obligation]) -> None:
    found = set_off(obligations, SALT)
    flow = found.certificate.flow
    if not any(flow):
        return
    nothing = SetOff({}, {}, replace(found.certificate, flow=(0,) * len(flow)))
    assert not verify_netting(obligations, SALT, nothing)


def test_a_certificate_of_the_wrong_length_is_refused() -> None:
    ring = owed(("ana", "bia", 100), ("bia", "ana", 80))
    found = set_off(ring, SALT)
    flow, (potentials,) = found.certificate.flow, found.certificate.potentials
    for certificate in (
        Certificate(flow[:1], (potentials,)),
        Certificate(flow, (potentials[:1],)),
        Certificate(flow, ()),
        Certificate(flow, (potentials, potentials)),
        Certificate(flow, (potentials,) * (netting.LOTS_MAX + 2)),
    ):
        assert not verify_netting(ring, SALT, replace(found, certificate=certificate))


def two_ways() -> list[Obligation]:
    """What ana owes duda can go round by way of bia or of caio."""
    there = [("ana", "duda", 10), ("duda", "bia", 10), ("duda", "caio", 10)]
    return owed(*there, ("bia", "ana", 10), ("caio", "ana", 10))


def test_the_salt_decides_between_set_offs_of_equal_size() -> None:
    bills = two_ways()
    ways = {tuple(cleared_of(set_off(bills, salt.to_bytes(1, "big")), *bills)) for salt in range(32)}
    assert ways == {(10, 10, 0, 10, 0), (10, 0, 10, 0, 10)}


def test_a_certificate_has_potentials_for_each_lot_that_was_drawn_and_no_others() -> None:
    bills = two_ways()
    drawn: set[int] = set()
    for salt in range(64):
        found = set_off(bills, bytes([salt]))
        assert set_off(bills, bytes([salt]), solver=by_ortools) == found
        assert verify_netting(bills, bytes([salt]), found)
        flow, potentials = found.certificate.flow, found.certificate.potentials
        drawn.add(len(potentials))
        for wrong in (potentials[:-1], potentials[1:], (*potentials, potentials[-1])):
            assert not verify_netting(bills, bytes([salt]), replace(found, certificate=Certificate(flow, wrong)))
    assert drawn >= {2, 3}  # one lot, and where both ways drew the same a second


def test_set_offs_that_no_lot_tells_apart_are_a_mistake_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    bills = two_ways()
    found = set_off(bills, SALT)
    assert len(found.certificate.potentials) > 1
    monkeypatch.setattr(netting, "LOTS_MAX", 0)
    with pytest.raises(AssertionError, match="several set-offs"):
        set_off(bills, SALT)
    assert not verify_netting(bills, SALT, found)


def test_a_name_in_text_and_one_in_bytes_are_two_names() -> None:
    assert octets("ab") != octets(b"ab")
    assert octets(b"") != b""  # the hub's


def graph_with(arcs: list[tuple[int, int, int, int]]) -> Graph:
    tails, heads, capacities, costs = zip(*arcs, strict=True)
    return Graph(3, tails, heads, capacities, costs)


GRAPHS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 2), st.integers(-2, 2)).filter(
        lambda arc: arc[0] != arc[1]
    ),
    min_size=3,
    max_size=6,
).map(graph_with)


def circulations(graph: Graph) -> Iterator[tuple[int, ...]]:
    for flow in product(*(range(capacity + 1) for capacity in graph.capacities)):
        excess = [0] * graph.nodes
        for tail, head, carried in zip(graph.tails, graph.heads, flow, strict=True):
            excess[tail] -= carried
            excess[head] += carried
        if not any(excess):
            yield flow


LOTS = st.lists(st.lists(st.integers(0, 1), min_size=6, max_size=6), max_size=4)
"""What each of six arcs draws, lot by lot."""


class NoMoreLots(Exception):
    """All lots were drawn, and several circulations are left."""


def drawing(lots: list[list[int]]) -> Lots:
    def draw(arcs: Sequence[int], number: int) -> list[int]:
        if number == len(lots):
            raise NoMoreLots
        return [lots[number][arc] for arc in arcs]

    return draw


def unit_costs(graph: Graph, lots: list[list[int]]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """What each circulation costs in all: first by the costs, then by each lot."""
    levels = [graph.costs, *lots]
    for flow in circulations(graph):
        yield tuple(sum(cost * units for cost, units in zip(level, flow, strict=False)) for level in levels), flow


@given(GRAPHS, LOTS, st.sampled_from(SOLVERS))
def test_lots_are_drawn_until_one_circulation_is_the_cheapest_and_no_further(
    graph: Graph, lots: list[list[int]], solver: Solver
) -> None:
    costs = sorted(unit_costs(graph, lots))
    least = costs[0][0]
    equals = [sum(cost[: drawn + 1] == least[: drawn + 1] for cost, _ in costs) for drawn in range(len(lots) + 1)]
    if 1 not in equals:
        with pytest.raises(NoMoreLots):
            solve(graph, drawing(lots), solver)
        return
    found = solve(graph, drawing(lots), solver)
    assert tuple(found.flow) == costs[0][1]
    assert len(found.potentials) == equals.index(1) + 1
    assert is_cheapest(graph, drawing(lots), found)


@given(GRAPHS, LOTS, st.data())
def test_nothing_but_the_cheapest_circulation_has_a_certificate(
    graph: Graph, lots: list[list[int]], data: st.DataObject
) -> None:
    costs = sorted(unit_costs(graph, lots))
    flow = data.draw(st.sampled_from(costs))[1]
    near = st.just([0] * 3) | st.lists(st.integers(-4, 4), min_size=3, max_size=3)
    potentials = data.draw(st.lists(near, min_size=1, max_size=len(lots) + 1))
    try:
        found = is_cheapest(graph, drawing(lots), Certificate(flow, potentials))
    except NoMoreLots:
        return
    drawn = len(potentials)
    first = [one for cost, one in costs if cost[:drawn] == costs[0][0][:drawn]]
    assert not found or first == [flow]


@given(GRAPHS)
def test_narrowing_takes_from_no_circulation(graph: Graph) -> None:
    least = narrowed(graph)
    for flow in circulations(graph):
        assert all(carried <= capacity for carried, capacity in zip(flow, least, strict=True))


@given(GRAPHS, st.data())
def test_whatever_a_solver_says_is_checked_before_it_is_used(graph: Graph, data: st.DataObject) -> None:
    costs = sorted(unit_costs(graph, []))
    cheapest = [flow for cost, flow in costs if cost == costs[0][0]]
    wild = st.tuples(*(st.integers(-1, capacity + 1) for capacity in graph.capacities))
    flow = data.draw(st.sampled_from([flow for _, flow in costs]) | wild)
    if flow not in cheapest:
        with pytest.raises(AssertionError, match="the solver"):
            solve(graph, drawing([]), lambda _: flow)
    elif len(cheapest) > 1:
        with pytest.raises(NoMoreLots):
            solve(graph, drawing([]), lambda _: flow)
    else:
        assert tuple(solve(graph, drawing([]), lambda _: flow).flow) == flow


@pytest.mark.parametrize(("cost", "least", "beyond"), [(-1, 5, 6), (1, 0, -1)])
def test_what_an_arc_carries_beyond_its_capacity_or_below_zero_is_no_circulation(
    cost: int, least: int, beyond: int
) -> None:
    graph = Graph(2, [0, 1], [1, 0], [5, 5], [cost, 0])
    assert is_cheapest(graph, drawing([]), Certificate((least, least), ((0, 0),)))
    assert not is_cheapest(graph, drawing([]), Certificate((beyond, beyond), ((0, 0),)))


def test_what_carries_at_a_loss_has_no_certificate_though_nothing_would_save_by_more() -> None:
    graph = Graph(2, [0, 1], [1, 0], [5, 5], [1, 1])
    assert not is_cheapest(graph, drawing([]), Certificate((5, 5), ((0, 0),)))
    assert is_cheapest(graph, drawing([]), Certificate((0, 0), ((0, 0),)))


def test_the_solver_goes_by_size() -> None:
    small = Graph(2, [0], [1], [1], [0])
    large = Graph(2, [0] * 2_001, [1] * 2_001, [1] * 2_001, [0] * 2_001)
    assert has_ortools()
    assert fitting(small) is by_networkx
    assert fitting(large) is by_ortools


def scale_free(seed: int, debts: int = 600) -> list[Obligation]:
    """Debts among parties of whom a few trade much and most a little, with amounts to match."""
    chance = random.Random(seed)
    parties = 2 * debts // 7
    ends = list(range(3))
    found: list[tuple[str, str, int]] = []
    while len(found) < debts:
        debtor, creditor = (
            chance.choice(ends) if chance.random() < 0.7 else chance.randrange(parties) for _ in range(2)
        )
        if debtor == creditor:
            continue
        ends += [debtor, creditor]
        found.append((f"member-{debtor:03}", f"member-{creditor:03}", int(1_000 * chance.paretovariate(1.2))))
    return owed(*found)


@pytest.mark.parametrize("seed", range(20))
def test_both_solvers_give_the_same_to_the_unit(seed: int) -> None:
    obligations = scale_free(seed)
    chance = random.Random(-seed)
    headrooms = [
        Headroom(f"member-{one:03}", chance.randrange(5_000), chance.randrange(5_000)) for one in range(0, 170, 3)
    ]
    for room in ([], headrooms):
        first, second = (set_off(obligations, SALT, room, solver) for solver in SOLVERS)
        assert (first.cleared, first.changes) == (second.cleared, second.changes)
        assert first.cleared


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_greatest_amounts_are_set_off_to_the_unit(solver: Solver) -> None:
    half = netting.OBLIGATIONS_TOTAL_MAX // 2
    ring = owed(
        ("ana", "bia", half),
        ("bia", "ana", half - 1),
    )
    found = set_off(ring, SALT, [Headroom("ana", 2**62, 2**62), Headroom("bia", 2**62, 2**62)], solver)
    assert cleared_of(found, *ring) == [half, half - 1]
    assert found.changes == {"ana": -1, "bia": 1}
    with pytest.raises(AssertionError):
        set_off(owed(("ana", "bia", half), ("bia", "ana", half + 1)), SALT)


Flow = Mapping[tuple[str, str], int]


def flow_of(obligations: list[Obligation]) -> dict[tuple[str, str], int]:
    found = set_off(obligations, SALT)
    flow: dict[tuple[str, str], int] = {}
    for one in obligations:
        pair = str(one.debtor), str(one.creditor)
        if one.id in found.cleared:
            flow[pair] = flow.get(pair, 0) + found.cleared[one.id]
    return flow


def summed(found: list[Cycle[str]], left: Flow) -> dict[tuple[str, str], int]:
    flow = dict(left)
    for cycle in found:
        for pair in zip(cycle.members, (*cycle.members[1:], cycle.members[0]), strict=True):
            flow[pair] = flow.get(pair, 0) + cycle.amount
    return flow


@given(debts(parties=8, most=30), st.integers(2, 8), st.randoms(use_true_random=False))
def test_cycles_and_what_is_left_are_the_flow(obligations: list[Obligation], cap: int, chance: random.Random) -> None:
    flow = flow_of(obligations)
    found, left = cycles(flow, cap)
    assert summed(found, left) == flow
    for cycle in found:
        assert 2 <= len(cycle.members) <= cap and len(set(cycle.members)) == len(cycle.members)
        assert cycle.amount > 0 and cycle.members[0] == min(cycle.members)
    assert cap < 8 or left == {}
    told = list(flow.items())
    chance.shuffle(told)
    assert cycles(dict(told), cap) == (found, left)


def test_the_shortest_cycles_come_first() -> None:
    found, left = cycles(flow_of(scale_free(1)))
    lengths = [len(cycle.members) for cycle in found]
    assert lengths == sorted(lengths) and lengths[0] == 2 < lengths[-1] <= 20
    assert sum(left.values()) < sum(flow_of(scale_free(1)).values()) // 5


def test_a_cycle_of_more_members_than_may_take_part_is_left_over() -> None:
    names = [f"member-{number:02}" for number in range(21)]
    ring = dict.fromkeys(zip(names, names[1:] + names[:1], strict=True), 5)
    assert cycles(ring) == ([], ring)
    assert cycles(ring, 21) == ([Cycle(tuple(names), 5)], {})
