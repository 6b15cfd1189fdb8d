# SPDX-License-Identifier: AGPL-3.0-or-later
"""Demurrage of all members in one durable entry, beside as many single payments in the same books."""

import asyncio
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

import books
from figures import Figure, Target, Told, ratio

from protocol.book.money import Amount
from protocol.practices.credit.demurrage.entries import DemurrageSet, DemurrageTaken
from protocol.practices.money.openings import OPENINGS_MAX, OpenBalances, OpeningBalance
from protocol.practices.money.payments.entries import Paid

MOST = 0.1
"""How long it may take, of what single payments take."""


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Let so many members pay once each, each payment durable by itself, and give a part of what they hold, in turn."""
    return asyncio.run(_run(folder, 1_000 if quick else 10_000, 3))


async def _run(folder: Path, count: int, rounds: int) -> list[Told]:
    node = await books.founded(folder, "riacho")
    async with books.opened(node.home) as desk:
        members = await desk.admit(count)
        for first in range(0, count, OPENINGS_MAX - 1):
            await _open(desk, [one.handle for one in members[first : first + OPENINGS_MAX - 1]])
        await desk.put_down(DemurrageSet(books.CURRENCY, 200, 1, 202_001))
        paid, given = list[float](), list[float]()
        for number in range(rounds):
            began = time.perf_counter()
            for order in books.orders(desk.network, members, count):
                await desk.put_down(Paid(order, None))
            paid.append(time.perf_counter() - began)
            began = time.perf_counter()
            await desk.put_down(DemurrageTaken(books.CURRENCY, 202_001 + number))
            given.append(time.perf_counter() - began)
    of_all, singly = (
        Figure(f"demurrage of {count:,} in one entry", "s", given),
        Figure(f"{count:,} payments", "s", paid),
    )
    return [singly, of_all, ratio("demurrage over single payments", of_all, singly, Target(MOST, at_least=False))]


async def _open(desk: books.Books, handles: list[str]) -> None:
    """Let members begin with 100.00 each, which the commons owes."""
    whole = [OpeningBalance(handle, Amount(100_00, books.CURRENCY, 2)) for handle in handles]
    owed = OpeningBalance("commons", Amount(-100_00 * len(whole), books.CURRENCY, 2))
    await desk.ask("openings.create", OpenBalances(books.CURRENCY, (*whole, owed)))
