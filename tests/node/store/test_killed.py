# SPDX-License-Identifier: AGPL-3.0-or-later
"""Killed while snapshots are written and closed rows leave memory, a home has lost and doubled nothing."""

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
from doorless import at_work, riacho_in
from soak.marked import rest_to_soak

from node.keeping.upkeep import verify_book
from protocol.book.declaration import Page
from protocol.practices.money.payments.views import PaymentsWanted

WORKER = Path(__file__).parents[2] / "worked.py"
ANSWERS_MAX = 40
LAST_MOMENT_SECONDS = 0.02


def killed(home: Path, chance: Random) -> dict[str, str]:
    """Let a home trade, kill it, and return what it has answered: the state of each payment by its id."""
    seed = str(chance.getrandbits(30))
    worker = subprocess.Popen([sys.executable, str(WORKER), str(home), seed], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    lines = [worker.stdout.readline() for _ in range(chance.randrange(1, ANSWERS_MAX))]
    time.sleep(chance.random() * LAST_MOMENT_SECONDS)
    worker.kill()
    lines += worker.stdout.readlines()
    worker.wait()
    worker.stdout.close()
    return dict(line.split() for line in lines if line.endswith("\n"))


async def kept(home: Path) -> dict[str, str]:
    """Return the payments that a home shows after a start."""
    found: dict[str, str] = {}
    of_caio: set[str] = set()
    after: int | None = 0
    async with at_work(home) as riacho:
        while after is not None:
            page = await riacho.ask("payments.list", PaymentsWanted(), after=after)
            assert isinstance(page, Page)
            assert not found.keys() & {one.id for one in page.items}
            found |= {one.id: str(one.state) for one in page.items}
            of_caio |= {one.id for one in page.items if "caio" in (one.payer, one.payee)}
            after = page.next
        searched = {one.id for one in (await riacho.ask("payments.list", PaymentsWanted(search="cai"))).items}
        assert searched <= of_caio and len(searched) == min(len(of_caio), 50), "the index has followed"
        for name, state in found.items():
            assert (await riacho.ask("payments.show", subject=name)).state == state
        accounts = riacho.books.book.ledger.accounts.values()
        assert sum(one.balance_minor for one in accounts) == 0
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", rest_to_soak([2, 50], first=1))
async def test_nothing_is_lost_or_doubled_however_often_a_home_is_killed(kills: int, tmp_path: Path) -> None:
    home = await riacho_in(tmp_path / "riacho")
    async with at_work(home) as riacho:
        for handle in ("ana", "bia", "caio"):
            await riacho.join(handle)
    chance, known = Random(kills), dict[str, str]()
    for number in range(kills):
        answered = killed(home, chance)
        found = await kept(home)
        # What was under way may have been done: one payment, or the next state of one.
        unanswered = {name for name in found if found[name] != {**known, **answered}.get(name)}
        assert len(unanswered) <= 1, number
        assert found.keys() >= known.keys() | answered.keys(), number
        assert not verify_book(home, lambda _: None).faults
        known = found
