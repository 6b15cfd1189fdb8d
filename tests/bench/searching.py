# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many states of small worlds the simulator searches: in all, and a second on one core."""

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from figures import Figure, Told
from simulation.search import search
from simulation.smallworlds import WORLDS

QUICK = ("a kill", "too late", "a full ring")


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Search the same worlds in each round."""
    del folder
    searched: list[float] = []
    states_per_second: list[float] = []
    events_per_second: list[float] = []
    for _ in range(1 if quick else 3):
        began = time.perf_counter()
        found = [search(WORLDS[name]) for name in (QUICK if quick else WORLDS)]
        taken_s = time.perf_counter() - began
        assert not [one.broken for one in found if one.broken is not None]
        searched.append(sum(one.states for one in found))
        states_per_second.append(searched[-1] / taken_s)
        events_per_second.append(sum(one.events for one in found) / taken_s)
    return [
        Figure(f"states of {len(QUICK if quick else WORLDS)} small worlds", "", searched),
        Figure("states searched, every property checked", "/s", states_per_second),
        Figure("events that lead to them", "/s", events_per_second),
    ]
