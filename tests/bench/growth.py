# SPDX-License-Identifier: AGPL-3.0-or-later
"""What history costs: this build beside the build before, with books from none to a million entries.

Both are measured in turn, in one run. Books are made once, into the folder of before.py, since a million entries take
minutes; they are made anew when the code has changed.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from before import Build, build_before, cache, this_build
from figures import Figure, Target, Told, ratio

Books = tuple[int, int]
"""How many members, and how many entries in all."""
EMPTY: Books = (0, 0)
SIZES: tuple[Books, Books, Books] = ((10_000, 200_000), (10_000, 1_000_000), (100, 10_000))
QUICK: tuple[Books, Books, Books] = ((100, 2_000), (100, 10_000), (64, 6_400))
"""Full books, large ones, and small ones in which each account has as many entries as in the large."""
ROUNDS = 3
EACH = 60
"""Payments of each client in a round."""
ENTRY_SHARE, EMPTY_MB_SHARE, EMPTY_SECONDS_SHARE, USED_SHARE = 0.10, 0.75, 0.80, 0.90
START_FULL, START_GROWN = 1.3, 1.5
PAYMENTS_SHARE, JOINING_SHARE = 0.124, 0.095


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Measure starts, memory, payments, statements and joining, of both builds."""
    full, large, small = QUICK if quick else SIZES
    rounds, each = (1, 5) if quick else (ROUNDS, EACH)
    builds = (build_before(), this_build())
    sizes = (EMPTY, full, large)
    homes = {
        (build.name, size): made(build, size, quick=quick, folder=folder)
        for build in builds
        for size in (*sizes, small)
    }
    started: dict[tuple[str, Books], list[Mapping[str, float]]] = {}
    for _ in range(rounds):
        for size in sizes:
            for build in builds:
                told = ask(build, "start", homes[build.name, size])
                started.setdefault((build.name, size), []).append(told)
    used = {
        (build.name, size): ask(build, "use", homes[build.name, size], rounds, each)
        for size in (small, large)
        for build in builds
    }
    joined = {build.name: ask(build, "join", homes[build.name, full], rounds) for build in builds}

    figures: list[Told] = []
    for build in builds:
        ours = build is builds[-1]

        def starts(size: Books, what: str, build: Build = build) -> list[float]:
            return [one[what] for one in started[build.name, size]]

        def start_of(size: Books, build: Build = build) -> Figure:
            return Figure(f"{build.title}: start, {named(size)}", "s", starts(size, "seconds"))

        empty, filled, grown = map(start_of, (EMPTY, full, large))
        between = [
            1e6 * (most - some) / (large[1] - full[1])
            for most, some in zip(starts(large, "mb"), starts(full, "mb"), strict=True)
        ]
        few, many = used[build.name, small], used[build.name, large]
        figures += [
            empty,
            filled,
            ratio(
                f"{build.title}: {named(full)} / empty",
                filled,
                empty,
                Target(START_FULL, at_least=False) if ours else None,
            ),
            grown,
            ratio(
                f"{build.title}: {large[1]:,} / {full[1]:,} entries",
                grown,
                filled,
                Target(START_GROWN, at_least=False) if ours else None,
            ),
            Figure(f"{build.title}: memory, empty", "MB", starts(EMPTY, "mb")),
            Figure(f"{build.title}: memory, {named(large)}", "MB", starts(large, "mb")),
            Figure(f"{build.title}: memory for each closed entry", "bytes", between),
            *(
                ratio(
                    f"{build.title}: {what}, {named(large)} / {named(small)}",
                    Figure("", "", many[what]),
                    Figure("", "", few[what]),
                    Target(USED_SHARE) if ours else None,
                )
                for what in ("payments", "pages")
            ),
            Figure(f"{build.title}: payments over HTTP", "/s", few["payments"]),
            Figure(f"{build.title}: pages of a statement", "/s", few["pages"]),
            ratio(
                f"{build.title}: payments / verifications",
                Figure("", "", few["payments"]),
                Figure("", "", few["verifications"]),
                Target(PAYMENTS_SHARE) if ours else None,
            ),
            ratio(
                f"{build.title}: joining / bare inserts",
                Figure("", "", joined[build.name]["joined"]),
                Figure("", "", joined[build.name]["inserts"]),
                Target(JOINING_SHARE) if ours else None,
            ),
        ]
    return [*figures, *compared(figures, builds)]


def compared(figures: list[Told], builds: tuple[Build, Build]) -> list[Told]:
    """Return what this build takes of what the build before takes, round by round."""
    before, this = builds
    by_name = {one.name: one for one in figures if isinstance(one, Figure)}
    shares = (
        ("memory, empty", EMPTY_MB_SHARE),
        (f"start, {named(EMPTY)}", EMPTY_SECONDS_SHARE),
        ("memory for each closed entry", ENTRY_SHARE),
    )
    return [
        ratio(
            f"now / before: {what}",
            by_name[f"{this.title}: {what}"],
            by_name[f"{before.title}: {what}"],
            Target(bound, at_least=False),
        )
        for what, bound in shares
    ]


def named(size: Books) -> str:
    """Return how books of a size are called."""
    members, entries = size
    return f"{members:,} members, {entries:,} entries" if entries else "empty"


def made(build: Build, size: Books, *, quick: bool, folder: Path) -> Path:
    """Return the folder with a build's books of a size; they are made if they are not there."""
    place = (folder if quick else cache() / "books" / build.name) / f"{build.name}-{size[0]}-{size[1]}"
    if not (place / "kept").exists():
        if not quick:
            forget_others(build)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        ask(build, "make", place, *size)
    return place


def forget_others(build: Build) -> None:
    """Remove the books that earlier states of this tree have made."""
    kind = build.name.partition("-")[0]
    for other in (cache() / "books").glob(f"{kind}-*"):
        if other.name != build.name:
            shutil.rmtree(other, ignore_errors=True)


def ask(build: Build, what: str, folder: Path, *numbers: int) -> Any:
    """Let a build measure itself, in a process of its own; returns what it tells."""
    command = [build.python, "-P", Path(__file__).with_name("grown.py"), what, folder, *map(str, numbers)]
    done = subprocess.run(
        command,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**ambient(), "PYTHONPATH": build.paths()},
    )
    return json.loads(done.stdout)


def ambient() -> dict[str, str]:
    """Return the environment without what would point one build to another's code."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
