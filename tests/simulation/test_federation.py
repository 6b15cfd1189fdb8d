# SPDX-License-Identifier: AGPL-3.0-or-later
"""A federation clears in rounds: close to the optimum, nobody's position changes, and who is away stops nobody."""

import pytest
from simulation.federation import Federation, drawn_debts

from protocol.practices.between.clearing.probes import CIRCLE_MEMBERS_MAX
from protocol.practices.between.links.wishes import LinksWanted
from protocol.solvers.cycles import cycles


@pytest.mark.timeout(120)
def test_a_federation_of_thirty_reaches_the_optimum_in_one_round() -> None:
    federation = Federation(drawn_debts(30, seed=2), seed=2)
    before, positions, optimum = federation.owed, federation.positions(), federation.optimum
    federation.round()
    assert before - federation.owed >= optimum * 95 // 100
    assert federation.positions() == positions, "not by a minor unit"
    assert not federation.world.drops and federation.world.zero_sum()
    for name in federation.names:
        links = federation.world.granted(name, "links.list", LinksWanted()).items
        assert not any(link.holds_in or link.holds_out for link in links)


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_with_some_away_in_each_round_most_is_cleared_all_the_same() -> None:
    federation = Federation(drawn_debts(20, seed=3), seed=3)
    before, positions, optimum = federation.owed, federation.positions(), federation.optimum
    for _ in range(10):
        federation.round(online=0.95)
    assert before - federation.owed >= optimum * 80 // 100
    assert federation.positions() == positions
    assert not federation.world.drops and federation.world.zero_sum()


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_where_nobody_publishes_no_ring_of_four_is_left() -> None:
    federation = Federation(drawn_debts(16, seed=4), seed=4, private=True)
    before, positions, owed = federation.owed, federation.positions(), federation.owed_now()
    federation.search()
    assert not cycles(federation.owed_now(), CIRCLE_MEMBERS_MAX)[0]
    # What somebody who saw all debts would clear in rings of four, the shortest first.
    best = sum(len(one.members) * one.amount for one in cycles(owed, CIRCLE_MEMBERS_MAX)[0])
    assert before - federation.owed >= best * 95 // 100 > 0
    assert federation.positions() == positions, "not by a minor unit"
    assert not federation.world.drops and federation.world.zero_sum()
