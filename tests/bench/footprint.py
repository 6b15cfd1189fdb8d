# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a node takes: memory when nothing happens, and the time until it serves again after a restart."""

import asyncio
import time
from pathlib import Path

import books
from figures import Figure, Target, Told, ratio
from machine import alternating, resident_mb
from serving import pid_of, served

from cli.stage import Node

IDLE_MB = Target(150, at_least=False)
REST_SECONDS = 3.0
"""After this long an idle node has done what it does at its start."""
MEMBERS, ENTRIES = 10_000, 200_000


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Measure an empty node and one with large books, in turn."""
    members, entries, rounds = (1_000, 20_000, 1) if quick else (MEMBERS, ENTRIES, 3)
    empty, full = asyncio.run(_prepared(folder, members, entries))
    memory: dict[str, list[float]] = {empty.handle: [], full.handle: []}

    def restart(node: Node) -> float:
        began = time.perf_counter()
        with served(node):
            seconds = time.perf_counter() - began
            time.sleep(REST_SECONDS)
            memory[node.handle].append(resident_mb(pid_of(node)))
        return seconds

    small, large = alternating(rounds, lambda: restart(empty), lambda: restart(full))
    held = books.count_stored(full.home)
    rest = Figure("from start to /readyz, new network", "s", small)
    loaded = Figure(f"from start to /readyz, {members:,} members, {held:,} entries", "s", large)
    extra = [1e6 * (many - few) / held for many, few in zip(memory[full.handle], memory[empty.handle], strict=True)]
    return [
        Figure("memory, new network", "MB", memory[empty.handle], IDLE_MB),
        Figure(f"memory, {members:,} members, {held:,} entries", "MB", memory[full.handle]),
        Figure("memory for each entry", "bytes", extra),
        rest,
        loaded,
        ratio("full / new", loaded, rest),
        Figure("entries loaded", "entries/s", [held / (many - few) for many, few in zip(large, small, strict=True)]),
    ]


async def _prepared(folder: Path, members: int, entries: int) -> tuple[Node, Node]:
    empty, full = await books.founded(folder, "riacho"), await books.founded(folder, "serra")
    async with books.opened(full.home) as desk:
        await desk.trade(await desk.admit(members), entries - books.ENTRIES_PER_MEMBER * members)
    return empty, full
