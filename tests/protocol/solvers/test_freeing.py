# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a new debt frees is what solving everything anew would find; and an old way is paid back first on a link."""

from collections.abc import Iterable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.solvers.circulation import Graph
from protocol.solvers.freeing import Freeing
from protocol.solvers.mincost import by_networkx
from protocol.solvers.netting import Headroom, Obligation, set_off

Debts = Mapping[tuple[str, str], int]
PARTIES = "abcde"


def obligations(debts: Debts) -> list[Obligation]:
    return [Obligation(f"{debtor}{creditor}", debtor, creditor, amount) for (debtor, creditor), amount in debts.items()]


def cleared(debts: Debts, rooms: Iterable[Headroom] = ()) -> int:
    return sum(set_off(obligations(debts), b"", rooms, by_networkx).cleared.values())


def plus(debts: Debts, debtor: str, creditor: str, amount: int) -> Debts:
    return {**debts, (debtor, creditor): debts.get((debtor, creditor), 0) + amount}


CHAIN = {("A", "B"): 100, ("B", "C"): 100}


def test_a_trade_that_closes_a_ring_frees_three_for_one() -> None:
    """A owes B 100, B owes C 100. C buys for 60 from A: 180 freed; A buying from C frees nothing."""
    freeing = Freeing(obligations(CHAIN))
    assert freeing.cleared == 0
    assert freeing.freed("C", "A", 60) == 180
    assert freeing.freed("A", "C", 60) == 0
    assert freeing.freed("C", "A", 150) == 300
    assert freeing.freed("C", "A", 60) == 180, "nothing was booked"
    assert freeing.freed("D", "A", 60) == freeing.freed("C", "E", 60) == 0


def test_what_is_owed_the_other_way_is_paid_back_first_on_a_link() -> None:
    assert Freeing(obligations({("A", "C"): 50})).freed("C", "A", 60, nets=True) == 100
    # A owes C 100 in a ring that clears 300. If C buys for 60 from A, 120 go at once, and 120 of the ring are left.
    ring = {("A", "C"): 100, ("C", "B"): 100, ("B", "A"): 100}
    assert Freeing(obligations(ring)).freed("C", "A", 60, nets=True) == 120 + 120 - 300
    assert Freeing(obligations(ring)).freed("C", "A", 60) == 0


amounts = st.integers(1, 6)
pairs = st.tuples(st.sampled_from(PARTIES), st.sampled_from(PARTIES)).filter(lambda pair: pair[0] != pair[1])
some_debts = st.dictionaries(pairs, amounts, max_size=10)


@given(some_debts, pairs, amounts)
def test_it_is_what_solving_anew_finds(debts: Debts, pair: tuple[str, str], amount: int) -> None:
    freed = Freeing(obligations(debts), solver=by_networkx).freed(*pair, amount)
    assert freed == cleared(plus(debts, *pair, amount)) - cleared(debts)


@given(some_debts, pairs, amounts, st.dictionaries(st.sampled_from(PARTIES), st.tuples(*[st.integers(0, 9)] * 2)))
def test_it_is_so_with_mutual_credit(
    debts: Debts, pair: tuple[str, str], amount: int, rooms: Mapping[str, tuple[int, int]]
) -> None:
    headrooms = [Headroom(name, *most) for name, most in sorted(rooms.items())]
    freed = Freeing(obligations(debts), headrooms, by_networkx).freed(*pair, amount)
    assert freed == cleared(plus(debts, *pair, amount), headrooms) - cleared(debts, headrooms)


@given(some_debts, pairs, amounts)
def test_it_is_so_where_links_hold_net_debts(debts: Debts, pair: tuple[str, str], amount: int) -> None:
    netted = {(one, other): units for (one, other), units in debts.items() if (other, one) not in debts or one < other}
    debtor, creditor = pair
    owed = netted.get((creditor, debtor), 0)
    after = {key: units for key, units in netted.items() if key != (creditor, debtor)}
    if owed > amount:
        after[creditor, debtor] = owed - amount
    elif owed < amount:
        after = dict(plus(after, debtor, creditor, amount - owed))
    freed = Freeing(obligations(netted), solver=by_networkx).freed(debtor, creditor, amount, nets=True)
    assert freed == 2 * min(owed, amount) + cleared(after) - cleared(netted)


@pytest.mark.parametrize("size", [300])
def test_a_larger_graph_is_not_solved_anew_for_each_question(size: int) -> None:
    names = [f"{at:03}" for at in range(size)]
    debts = {(names[at], names[(at * 7 + step) % size]): 1 + at % 9 for at in range(size) for step in (1, 3)}
    debts = {pair: units for pair, units in debts.items() if pair[0] != pair[1]}
    asked: list[int] = []

    def solver(graph: Graph) -> Sequence[int]:
        asked.append(1)
        return by_networkx(graph)

    freeing = Freeing(obligations(debts), solver=solver)
    before = len(asked)
    for at in range(0, size, 60):
        debtor, creditor = names[at], names[(at * 5 + 2) % size]
        assert freeing.freed(debtor, creditor, 4) == cleared(plus(debts, debtor, creditor, 4)) - freeing.cleared
    assert len(asked) == before
