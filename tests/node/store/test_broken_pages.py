# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whichever page of the database a disk breaks: it is noticed and named, and nothing wrong is served or signed on."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest
from doorless import Riacho, at_work, riacho_in
from soak.marked import rest_to_soak

from node.keeping.home import DATABASE, HomeUnusable
from node.keeping.upkeep import verify_book
from node.loop.refusals import STORAGE_DAMAGED
from node.store.connections import StorageUnusable
from protocol.book.refusals import OVERLOADED, Refused
from protocol.practices.money.payments.views import PaymentsWanted

PARTS = 16
"""The pages are shared out: `make test` breaks those of the first part."""
PAID = {"ana": -3_780, "bia": 2_780, "caio": 1_000}
WRITTEN_SINCE = 1


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with something in each table, and its log empty."""

    async def live(home: Path) -> None:
        await riacho_in(home)
        async with at_work(home) as riacho:
            for handle in PAID:
                await riacho.join(handle, f"{handle.capitalize()} Souza")
            for number in range(28):
                await riacho.pay("ana", "bia", 135, f"nota {number}")
            for _ in range(20):
                await riacho.pay("bia", "caio", 50)

    home = tmp_path_factory.mktemp("whole") / "riacho"
    asyncio.run(live(home))
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return home


def broken(whole: Path, part: int, where: Path) -> Iterator[tuple[int, Path]]:
    """Yield homes with one page overwritten each."""
    data = (whole / DATABASE).read_bytes()
    size = int.from_bytes(data[16:18], "big")
    for page in range(part, len(data) // size, PARTS):
        home = where / str(page)
        shutil.copytree(whole, home, ignore=lambda _, names: [one for one in names if one.startswith(f"{DATABASE}-")])
        noise = Random(page).randbytes(size)
        (home / DATABASE).write_bytes(data[: page * size] + noise + data[(page + 1) * size :])
        yield page + 1, home


async def tried(home: Path) -> str:
    """Return what becomes of a start, a look and a payment."""
    try:
        async with at_work(home) as riacho:
            return await _tried(riacho)
    except StorageUnusable as told:
        return "does not start" if "damaged" in str(told) and "restore a backup" in str(told) else str(told)


async def _tried(riacho: Riacho) -> str:
    assert {handle: riacho.balance(handle) for handle in PAID} == PAID, "it never counts on what is broken"
    listed = await riacho.ask("payments.list", PaymentsWanted())
    assert (listed.reason in (STORAGE_DAMAGED, OVERLOADED)) if isinstance(listed, Refused) else len(listed.items) == 48
    with suppress(AttributeError):  # refused
        await riacho.pay("ana", "bia", WRITTEN_SINCE)
        return "goes on"
    shown = await riacho.ask("accounts.show", subject="ana")
    if not isinstance(shown, Refused):  # else the node has ended
        assert shown.balance.value == PAID["ana"], "what is not stored has not happened"
    return "takes nothing"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", rest_to_soak(range(PARTS), first=1))
async def test_any_page_that_is_broken_is_noticed_and_nothing_is_signed_on_it(
    part: int, whole: Path, tmp_path: Path
) -> None:
    for page, home in broken(whole, part, tmp_path):
        try:
            faults = verify_book(home, lambda _: None).faults
        except HomeUnusable as told:
            faults = (str(told),)
        assert any("damaged" in fault or "no database" in fault for fault in faults), (page, faults)
        became = await tried(home)
        assert became in ("does not start", "takes nothing", "goes on"), page


def test_a_whole_database_has_nothing_to_complain_of(whole: Path) -> None:
    assert verify_book(whole, lambda _: None).faults == ()
