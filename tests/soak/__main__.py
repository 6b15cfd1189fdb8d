# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `make soak` runs first: stories from seeds for hours, plain ones and rings, honest and with each kind of cheat.

Where everything that is declared may be wished for, all are honest.

Each seed is a bad night of its own; one that fails is told in a line that plays it again.
"""

import argparse
import sys
import time
import traceback
from itertools import count, cycle
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from simulation.dishonest import STRATEGIES
from simulation.federation import Federation, drawn_debts
from simulation.search import search, told_of_search
from simulation.smallworlds import WORLDS
from simulation.story import DRAWN, draw_steps, line_of, play
from soak.hostile import play as play_hostile
from soak.world import play as play_world

TELL_EVERY_SECONDS = 30.0
STEPS = 2_000
STATES = 50_000
PAYMENTS = 1_000
"""About how many payments the hostile world makes."""


def night(seed: int, steps: int, cheat: str | None, kind: str) -> str | None:
    """Play one seed; returns what was found, if anything."""
    setting = DRAWN[kind](seed, cheat)
    try:
        ended = play(seed, setting, draw_steps(seed, setting, steps))
    except Exception as error:  # noqa: BLE001 - whatever it is, the next seed is played
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{error!r} at {Path(where.filename).name}:{where.lineno}"
    return None if ended.broken is None else f"step {ended.at}: {ended.broken}"


def rounds(networks: int, seed: int, online: float) -> int:
    """Let a federation clear ten rounds, and tell after each how much of the optimum it has reached."""
    federation = Federation(drawn_debts(networks, seed), seed)
    before, positions, optimum = federation.owed, federation.positions(), federation.optimum
    print(
        f"{networks} networks, {len(federation.debts)} debts of {before / 100:.2f} in all, optimum {optimum / 100:.2f}"
    )
    for number in range(1, 11):
        federation.round(online)
        print(f"round {number}: {(before - federation.owed) / optimum:.1%} of the optimum", flush=True)
        assert federation.positions() == positions
    assert not federation.world.drops and federation.world.zero_sum()
    return 0


def search_widely(states: int) -> int:
    """Search the small worlds while more befalls, up to so many states of each; returns 1 if something is broken."""
    failed = False
    for name, small in WORLDS.items():
        found = search(small.widened(), states_max=states)
        print(told_of_search(small, name, found), flush=True)
        failed |= found.broken is not None
    return 1 if failed else 0


def main() -> int:
    """Play seeds until the time is up; returns 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python tests/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=180, help="for how long; 180 if left out")
    parser.add_argument("--first", metavar="SEED", type=int, default=1_000, help="where to begin; 1000 if left out")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of each story; {STEPS} if left out")
    parser.add_argument("--federation", metavar="N", type=int, help="let so many networks clear ten rounds instead")
    parser.add_argument("--seed", type=int, default=1, help="of that federation or world; 1 if left out")
    parser.add_argument("--online", type=float, default=1.0, help="with which probability each is there; 1 if left out")
    parser.add_argument("--world", metavar="N", type=int, help="let 12 real nodes make N payments in all weathers")
    parser.add_argument(
        "--hostile", metavar="SECONDS", type=float, help="let 5 real nodes pay for so long, most of it beside strangers"
    )
    parser.add_argument(
        "--search",
        metavar="STATES",
        type=int,
        nargs="?",
        const=STATES,
        help="search so many states of each small world",
    )
    wanted = parser.parse_args()
    if wanted.search is not None:
        return search_widely(wanted.search)
    if wanted.hostile is not None:
        return play_hostile(wanted.hostile, PAYMENTS)
    if wanted.world is not None:
        return play_world(wanted.world, wanted.seed)
    if wanted.federation is not None:
        return rounds(wanted.federation, wanted.seed, wanted.online)
    began = told = time.monotonic()
    failed = 0
    nights = cycle(
        night
        for cheat in sorted(STRATEGIES)
        for night in ((None, ""), (cheat, ""), (None, "ring"), (cheat, "ring"), (None, "wishes"))
    )
    for seed, (cheat, kind) in zip(count(wanted.first), nights, strict=False):
        found = night(seed, wanted.steps, cheat, kind)
        if found is not None:
            failed += 1
            print(f"cd tests && {line_of(seed, wanted.steps, cheat, kind)}  # {found}", flush=True)
        now = time.monotonic()
        if now - told > TELL_EVERY_SECONDS or now - began > 60 * wanted.minutes:
            told = now
            print(f"{(now - began) / 60:.1f} min: {seed - wanted.first + 1} seeds, {failed} failed", flush=True)
        if now - began > 60 * wanted.minutes:
            return 1 if failed else 0
    raise AssertionError("seeds have no end")


if __name__ == "__main__":
    sys.exit(main())
