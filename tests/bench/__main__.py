# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `make bench` runs: speed, bytes and memory of real nodes, beside what this machine can do at all.

Each figure is told with its unit, its median over the rounds and their spread. Ratios compare two things
that were measured in turn, in one run: the machine that they are measured on may be busy otherwise.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import chains
import clubs
import comparing
import footprint
import growth
import joining
import labels
import machine
import market
import masses
import matching
import netting
import payments
import searching
import stories
import strangers
import today
import weeks
import wire
from figures import Told

BENCHES: dict[str, tuple[str, Callable[..., list[Told]]]] = {
    "payments": ("Local payments over HTTP", payments.run),
    "joining": ("A replica that joins", joining.run),
    "wire": ("One payment across a link, on the wire", wire.run),
    "netting": ("The largest set-off of obligations", netting.run),
    "chains": ("A productive chain of 100,000 enterprises", chains.run),
    "clubs": ("Demurrage of ten thousand members", clubs.run),
    "masses": ("A mass payment to ten thousand members", masses.run),
    "stories": ("Stories in the simulator", stories.run),
    "search": ("Small worlds in every order of events", searching.run),
    "footprint": ("Memory and restart", footprint.run),
    "comparing": ("Two nodes find that they hold the same", comparing.run),
    "market": ("A search among a hundred thousand offers", market.run),
    "labels": ("A label is verified, and searched for among ten thousand", labels.run),
    "matching": ("Ten thousand needs meet ten thousand offers", matching.run),
    "strangers": ("A payment beside strangers, and without them", strangers.run),
    "weeks": ("The week's list of ten thousand members", weeks.run),
    "today": ("The page today of ten thousand members", today.run),
    "growth": ("What history costs, beside the build before", growth.run),
}


def main() -> None:
    """Run what is asked for and print what it comes to."""
    parser = argparse.ArgumentParser(prog="python tests/bench", description=__doc__)
    parser.add_argument("--only", metavar="NAME", choices=BENCHES, action="append", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="fewer rounds of smaller books: for a first look only")
    wanted = parser.parse_args()
    print(f"{machine.described()}{'; QUICK: not to be quoted' if wanted.quick else ''}")
    for name in wanted.only or BENCHES:
        title, bench = BENCHES[name]
        began = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix="mutirao-bench-"))
        try:
            told = bench(folder, quick=wanted.quick)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(f"\n{title}: python tests/bench --only {name}  ({time.monotonic() - began:.0f} s)")
        for one in told:
            print(one.told(), flush=True)


if __name__ == "__main__":
    main()
