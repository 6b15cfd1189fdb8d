# SPDX-License-Identifier: AGPL-3.0-or-later
"""What it costs to find that two nodes hold the same, this build beside the build before."""

import json
import subprocess
from pathlib import Path

from before import Build, build_before, this_build
from figures import Figure, Target, Told, ratio
from growth import ambient

NETWORKS = (1_000, 10_000, 50_000)
ROUNDS = 5
SHARE_OF_BEFORE, GROWTH = 0.01, 2.0


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Measure one comparison, opened and answered, with few and with many networks known."""
    few, some, many = NETWORKS
    rounds = 2 if quick else ROUNDS
    before, now = build_before(), this_build()
    figures = {
        (build.name, networks): Figure(
            f"{build.title}: one comparison, {networks:,} networks", "s", measured(build, networks, rounds, folder)
        )
        for networks in NETWORKS
        for build in (before, now)
    }
    return [
        *figures.values(),
        ratio(
            f"now / before: {some:,} networks",
            figures[now.name, some],
            figures[before.name, some],
            Target(SHARE_OF_BEFORE, at_least=False),
        ),
        ratio(
            f"now: {many:,} / {few:,} networks",
            figures[now.name, many],
            figures[now.name, few],
            Target(GROWTH, at_least=False),
        ),
    ]


def measured(build: Build, networks: int, rounds: int, folder: Path) -> list[float]:
    """Let a build measure itself, in a process of its own; returns seconds for each round."""
    command = [build.python, "-P", Path(__file__).with_name("compared.py"), str(networks), str(rounds)]
    environment = {**ambient(), "PYTHONPATH": build.paths()}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment)
    return json.loads(done.stdout)
