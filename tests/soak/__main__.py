# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `make soak` runs: honest networks in bad weather, seed after seed, for hours.

Each seed is a bad night of its own; one that fails is told in a line that plays it again.
"""

import argparse
import sys
import time
import traceback
from itertools import count
from pathlib import Path
from random import Random

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from simulation.federation import Federation, drawn_debts
from simulation.test_honest_networks import audit, fair, three_networks, weather
from soak.world import play

TELL_EVERY_SECONDS = 30.0


def night(seed: int, *, restores: bool) -> None:
    """Play one seed; raises whatever it finds."""
    world = three_networks(seed, replicas=restores)
    weather(world, Random(seed), restores=restores)
    fair(world)
    audit(world)


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


def main() -> int:
    """Play seeds until the time is up; returns 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python tests/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=180, help="for how long; 180 if left out")
    parser.add_argument("--first", metavar="SEED", type=int, default=1_000, help="where to begin; 1000 if left out")
    parser.add_argument("--seed", type=int, help="play this one seed, and show where it fails")
    parser.add_argument("--federation", metavar="N", type=int, help="let so many networks clear ten rounds instead")
    parser.add_argument("--online", type=float, default=1.0, help="with which probability each is there; 1 if left out")
    parser.add_argument("--world", metavar="N", type=int, help="let 12 real nodes make N payments in all weathers")
    wanted = parser.parse_args()
    if wanted.world is not None:
        return play(wanted.world, wanted.seed or 1)
    if wanted.federation is not None:
        return rounds(wanted.federation, wanted.seed or 1, wanted.online)
    if wanted.seed is not None:
        for restores in (False, True):
            night(wanted.seed, restores=restores)
        print(f"seed {wanted.seed} is sound")
        return 0
    began = told = time.monotonic()
    failed = 0
    for seed in count(wanted.first):
        for restores in (False, True):
            try:
                night(seed, restores=restores)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next seed is played
                failed += 1
                where = traceback.extract_tb(error.__traceback__)[-1]
                print(f"python tests/soak --seed {seed}  # {error!r} at {Path(where.filename).name}:{where.lineno}")
        now = time.monotonic()
        if now - told > TELL_EVERY_SECONDS or now - began > 60 * wanted.minutes:
            told = now
            played = seed - wanted.first + 1
            print(f"{(now - began) / 60:.1f} min: {played} seeds, {failed} failed", flush=True)
        if now - began > 60 * wanted.minutes:
            return 1 if failed else 0
    raise AssertionError("seeds have no end")


if __name__ == "__main__":
    sys.exit(main())
