# SPDX-License-Identifier: AGPL-3.0-or-later
"""Strangers fill a home's inbox, and its members are answered all the same: by the node's own order of turns."""

from simulation.mutants import MUTANTS
from simulation.story import draw_steps, play

STEPS = 20
SEED = 1


def test_a_wish_waits_for_one_turn_of_strangers_and_longer_where_turns_are_broken() -> None:
    besieged = [mutant for mutant in MUTANTS.values() if mutant.cheat == "besiege"]
    setting = besieged[0].setting(SEED)
    steps = draw_steps(SEED, setting, STEPS)
    assert sum(kind == "scheme" for kind, *_ in steps) >= 3
    assert play(SEED, setting, steps).broken is None
    for mutant in besieged:
        with mutant.loose():
            broken = play(SEED, setting, steps).broken
        assert broken is not None and broken.name == "LIVE-UNDER-STRANGERS", mutant.story
