# SPDX-License-Identifier: AGPL-3.0-or-later
"""A proven fork of the commons, and a key event that cuts the commons back: found by the stories of an equivocator."""

import pytest
from simulation.groups import exchange, linked
from simulation.story import draw_setting, draw_steps, play
from simulation.world import World

SEED, STEPS = 5, 300


@pytest.mark.xfail(strict=True, reason="what a key event drops of a commons takes the proof of its fork along")
def test_who_has_forked_is_frozen_after_a_restart_too() -> None:
    setting = draw_setting(SEED, "equivocate")
    ended = play(SEED, setting, draw_steps(SEED, setting, STEPS))
    assert ended.broken is None, ended.broken
