# SPDX-License-Identifier: AGPL-3.0-or-later
"""A program that trades in a home without doors until it is killed: it says what was answered, line by line."""

import asyncio
import sys
from itertools import count
from pathlib import Path
from random import Random

from doorless import Riacho, at_work

from node.loop import snapping
from protocol.book.money import Amount
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.payments.views import PostPayment, VoidPayment

HOURS = (25, 50, 125)


def tell(line: str) -> None:
    """Say a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def trade(riacho: Riacho, chance: Random) -> None:
    """Pay, wait, post, void and reverse for ever."""
    waiting: list[str] = []
    posted: list[str] = []
    for _ in count():
        match chance.randrange(5):
            case 0 if waiting:
                name = waiting.pop(chance.randrange(len(waiting)))
                verb, wish = chance.choice((("post", PostPayment()), ("void", VoidPayment())))
                shown = await riacho.ask(f"payments.{verb}", wish, subject=name)
            case 1 if posted:
                shown = await riacho.reverse(posted.pop(chance.randrange(len(posted))))
            case turn:
                payer, payee = chance.sample(("ana", "bia", "caio"), 2)
                amount = Amount(chance.choice(HOURS), "HORA", 2)
                shown = await riacho.ask(
                    "payments.create", Pay(payer=payer, payee=payee, amount=amount, pending=turn == 2)
                )
                (waiting if turn == 2 else posted).append(shown.id)
        tell(f"{shown.id} {shown.state}")


async def main(home: Path, seed: int) -> None:
    snapping.SNAPSHOT_EVERY_ENTRIES = 2
    async with at_work(home) as riacho:
        tell("ready")
        await trade(riacho, Random(seed))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
