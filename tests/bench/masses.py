# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mass payment to ten thousand, beside as many single payments in the same books."""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

import books
from figures import Figure, Target, Told, ratio

from protocol.book.accounts import commons_account
from protocol.practices.money.masses.entries import MASS_PAYEES_MAX, MassPaid
from protocol.practices.money.payments.entries import Paid

MOST = 0.1
"""How long it may take, of what single payments take."""


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Let so many members pay once each, each payment durable by itself, and let all be paid at once, in turn."""
    return asyncio.run(_run(folder, 1_000 if quick else 10_000, 3))


async def _run(folder: Path, count: int, rounds: int) -> list[Told]:
    node = await books.founded(folder, "riacho")
    async with books.opened(node.home) as desk:
        members = await desk.admit(count)
        ids = [one.id for one in members]
        paid, given = list[float](), list[float]()
        for number in range(rounds):
            began = time.perf_counter()
            for order in books.orders(desk.network, members, count):
                await desk.put_down(Paid(order, None))
            paid.append(time.perf_counter() - began)
            began = time.perf_counter()
            for body in _mass(ids, number):
                await desk.put_down(body)
            given.append(time.perf_counter() - began)
    at_once, singly = (
        Figure(f"a mass payment to {count:,}", "s", given),
        Figure(f"{count:,} payments", "s", paid),
    )
    return [
        singly,
        at_once,
        ratio("a mass payment over single payments", at_once, singly, Target(MOST, at_least=False)),
    ]


def _mass(ids: list[str], number: int) -> Iterator[MassPaid]:
    """Yield the entries of a payment of 1.00 each from the commons."""
    name, payer = bytes([number]) * 16, commons_account(books.CURRENCY)
    for part, at in enumerate(range(0, len(ids), MASS_PAYEES_MAX)):
        some = tuple(ids[at : at + MASS_PAYEES_MAX])
        last = at + MASS_PAYEES_MAX >= len(ids)
        yield MassPaid(name, payer, "benefit", bytes(32), part, some, (1_00,) * len(some), (), last)
