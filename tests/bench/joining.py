# SPDX-License-Identifier: AGPL-3.0-or-later
"""A replica that joins: it pulls a network's books over libp2p, verifies, folds and stores them.

Beside it: how fast SQLite alone takes the same bytes into one bare table.
"""

import asyncio
import shutil
import time
from itertools import count
from pathlib import Path

import books
from figures import Figure, Target, Told, ratio
from machine import alternating, inserts_per_second
from serving import metrics, replica_of, served

from cli.stage import Node

TARGET = Target(0.20)
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 300.0


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Measure entries a second, from the first that is stored to the last."""
    members, payments, rounds = (200, 10_000, 2) if quick else (1_000, 57_000, 3)
    home = asyncio.run(_prepared(folder, members, payments))
    rows = books.stored(home.home)
    names = count()
    waits: list[float] = []
    with served(home):
        inserted, joined = alternating(
            rounds,
            lambda: inserts_per_second(rows, folder),
            lambda: _join(home, f"replica-{next(names)}", len(rows), waits),
        )
    inserts = Figure("bare SQLite inserts of the same bytes", "rows/s", inserted)
    entries = Figure("entries that a joining replica takes in", "entries/s", joined)
    return [
        inserts,
        entries,
        ratio("entries / inserts", entries, inserts, TARGET),
        Figure("from its start until it holds all", "s", waits),
        Figure("entries of the books", "", [len(rows)]),
        Figure("bytes of an entry, as stored", "bytes", [sum(sum(map(len, row)) for row in rows) / len(rows)]),
    ]


async def _prepared(folder: Path, members: int, payments: int) -> Node:
    home = await books.founded(folder, "riacho")
    async with books.opened(home.home) as desk:
        await desk.trade(await desk.admit(members), payments)
    return home


def _join(home: Node, name: str, entries: int, waits: list[float]) -> float:
    replica = replica_of(home, name)
    began = time.perf_counter()
    replica.start()
    try:
        replica.until_ready()
        first: tuple[float, float] | None = None
        while True:
            held, now = metrics(replica)["mutirao_entries_total"], time.perf_counter()
            # Its first entries are the few of the public lanes; what counts begins with the ledger.
            if first is None and held >= books.BATCH:
                first = now, held
            # What the home wrote to let it in comes on top.
            if held >= entries and first is not None:
                waits.append(now - began)
                return (held - first[1]) / (now - first[0])
            assert now - began < PATIENCE_SECONDS, f"only {held} of {entries} entries after {now - began:.0f} s"
            time.sleep(LOOK_SECONDS)
    finally:
        replica.stop()
        shutil.rmtree(replica.home)
