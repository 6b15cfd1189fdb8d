# SPDX-License-Identifier: AGPL-3.0-or-later
"""A payment beside strangers, and without them: 32 that say nothing, 16 that flood, 31 that ask and do not read.

One client pays, one payment after the other, in turn without strangers and beside them, on one running node. The
strangers are a process of their own: on a small machine what it costs to be them is felt as well.
"""

import asyncio
import json
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

sys.path[:0] = [str(Path(__file__).parents[1])]

import books
from figures import Figure, Target, Told, ratio
from machine import resident_mb
from payments import payment_request
from processes.crowd import crowd
from serving import HERE, pid_of, served

from cli.stage import Node

SILENT, FLOODING, UNREAD = 32, 16, 31
SETTLE_SECONDS = 3.0
TARGET = Target(2.0, at_least=False)
MS = "ms"

Waits = list[float]


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Measure both in turn, so many rounds."""
    rounds, each = (2, 200) if quick else (5, 500)
    node, members, token = asyncio.run(_prepared(folder))
    calm: list[Waits] = []
    beside: list[Waits] = []
    grown: list[float] = []
    with served(node), _client(node, members, token) as pay:
        pay(each)  # whatever is made at first use is made now
        for _ in range(rounds):
            calm.append(pay(each))
            before = resident_mb(pid_of(node))
            with crowd(node.address(), silent=SILENT, flooding=FLOODING, unread=UNREAD):
                time.sleep(SETTLE_SECONDS)
                beside.append(pay(each))
                grown.append(resident_mb(pid_of(node)) - before)
            time.sleep(SETTLE_SECONDS)
    without, with_them = Figure("99 of 100 within, without strangers", MS, _worst(calm)), _worst(beside)
    beside_them = Figure(f"99 of 100 within, beside {SILENT} + {FLOODING} + {UNREAD} of them", MS, with_them)
    return [
        Figure("a payment, median, without strangers", MS, [median(one) for one in calm]),
        Figure("a payment, median, beside them", MS, [median(one) for one in beside]),
        without,
        beside_them,
        ratio("99 of 100 within, beside them / without", beside_them, without, TARGET),
        Figure("memory that they take", "MB", grown),
    ]


def _worst(rounds: list[Waits]) -> list[float]:
    return [sorted(waits)[len(waits) * 99 // 100] for waits in rounds]


async def _prepared(folder: Path) -> tuple[Node, list[books.Member], str]:
    node = await books.founded(folder, "riacho")
    async with books.opened(node.home) as desk:
        members = await desk.admit(2)
        return node, members, await desk.token(members[0])


@contextmanager
def _client(node: Node, members: list[books.Member], token: str) -> Iterator[Callable[[int], Waits]]:
    """Connect one client; yields what lets it pay so many times, and returns how long each took, in milliseconds."""
    command = [sys.executable, str(HERE / "load.py"), str(node.http), "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        sink, source = process.stdin, process.stdout
        payer, payee = members

        def pay(count: int) -> Waits:
            signed = (
                books.signed_order(books.network_of(node), payer, payee, books.now_ms() + 3_600_000)
                for _ in range(count)
            )  # fmt: skip
            file = node.home.parent / "requests"
            file.write_bytes(
                pickle.dumps([[payment_request(one.data, one.signature, token, with_key=True) for one in signed]])
            )
            sink.write(f"{file}\n")
            sink.flush()
            return json.loads(source.readline())["waits_ms"]

        yield pay
        sink.close()
