# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many stories the simulator plays: seeds a minute, steps and audits a second, on one core."""

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from figures import Figure, Told
from simulation.story import draw_setting, draw_steps, play

STEPS = 300


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Play the same seeds in each round."""
    del folder
    seeds = range(1, 11) if quick else range(1, 31)
    per_minute, per_second, audited = [], [], []
    for _ in range(2 if quick else 3):
        began, checked = time.perf_counter(), 0
        for seed in seeds:
            setting = draw_setting(seed)
            ended = play(seed, setting, draw_steps(seed, setting, STEPS))
            assert ended.broken is None, ended.broken
            checked += ended.checked
        taken_s = time.perf_counter() - began
        per_minute.append(60 * len(seeds) / taken_s)
        per_second.append(len(seeds) * STEPS / taken_s)
        audited.append(checked / taken_s)
    return [
        Figure(f"seeds of {STEPS} steps", "/min", per_minute),
        Figure("steps, with founding and healing", "/s", per_second),
        Figure("inputs after which every property was checked", "/s", audited),
    ]
