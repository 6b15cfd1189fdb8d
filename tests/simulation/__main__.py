# SPDX-License-Identifier: AGPL-3.0-or-later
"""Play stories from the shell, in the folder tests: `python -m simulation SEED STEPS [--to SEED] [--cheat NAME]`.

With `--ring` they are of networks that owe each other in a ring, and clear; with `--wishes` of everything that the
features declare. One that fails is told with the line that plays it again; `--shorten` leaves out what it does not
need. `--mutants` prints the table of the handbook. `--search` searches the small worlds instead, or one by its name;
and with `--mutants` it looks for the mutants in them.
"""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2])]

from simulation.dishonest import STRATEGIES
from simulation.mutants import CLEARING, MUTANTS, hunt, row
from simulation.search import search, told_of_search
from simulation.smallworlds import SOUGHT, WORLDS
from simulation.story import DRAWN, Ended, draw_steps, line_of, play, shrink

from protocol.practices import OPERATIONS


def told(seed: int, steps: int, cheat: str | None, kind: str, ended: Ended) -> str:
    """Return how a story has ended; one that failed as the line that plays it again."""
    if ended.broken is None:
        return f"{seed} {ended.digest}"
    return f"{line_of(seed, steps, cheat, kind)}  # step {ended.at}: {ended.broken}"


def search_worlds(worlds: Iterable[str]) -> int:
    """Search small worlds and tell what it came to; returns 1 if a property was found to be broken."""
    failed = False
    for name in worlds:
        found = search(WORLDS[name])
        print(told_of_search(WORLDS[name], name, found), flush=True)
        failed |= found.broken is not None
    return 1 if failed else 0


def search_mutants() -> int:
    """Look for mutants in small worlds; prints the table of the handbook."""
    for name, (world, _) in SOUGHT.items():
        with {**MUTANTS, **CLEARING}[name].loose():
            found = search(replace(WORLDS[world], depth=None))
        print(f"| {name} | {world} | {'nothing' if found.broken is None else found.broken.name} | {len(found.path)} |")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("steps", type=int, nargs="?", default=300)
    parser.add_argument("--to", metavar="SEED", type=int, help="play all seeds up to this one")
    parser.add_argument("--cheat", choices=sorted(STRATEGIES), help="let one of the networks cheat in this way")
    kinds = parser.add_mutually_exclusive_group()
    parser.set_defaults(kind="")
    for kind, meaning in (
        ("ring", "let the networks owe each other in a ring, and clear"),
        ("wishes", "wish for everything that the features declare"),
    ):
        kinds.add_argument(f"--{kind}", dest="kind", action="store_const", const=kind, help=meaning)
    parser.add_argument("--shorten", action="store_true", help="print the shortest story found that fails alike")
    parser.add_argument("--mutants", action="store_true", help="look for every mutant; print the table")
    parser.add_argument("--search", metavar="WORLD", nargs="?", const="all", choices=["all", *WORLDS])
    wanted = parser.parse_args()
    if wanted.search is not None:
        return (
            search_mutants() if wanted.mutants else search_worlds(WORLDS if wanted.search == "all" else [wanted.search])
        )
    if wanted.mutants:
        for name, mutant in MUTANTS.items():
            print(row(name, hunt(mutant)), flush=True)
        return 0
    failed, granted = False, set[str]()
    for seed in range(wanted.seed, (wanted.to or wanted.seed) + 1):
        setting = DRAWN[wanted.kind](seed, wanted.cheat)
        steps = draw_steps(seed, setting, wanted.steps)
        ended = play(seed, setting, steps)
        print(told(seed, wanted.steps, wanted.cheat, wanted.kind, ended), flush=True)
        failed |= ended.broken is not None
        granted.update(outcome.removesuffix(" done") for outcome in ended.outcomes)
        if ended.broken is not None and wanted.shorten:
            for step in shrink(seed, setting, steps[: ended.at], ended.broken.name):
                print("   ", step)
    if wanted.kind == "wishes":
        print("never granted:", *sorted(OPERATIONS.keys() - granted))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
