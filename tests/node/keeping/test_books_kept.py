# SPDX-License-Identifier: AGPL-3.0-or-later
"""The runtime with the real replica: what the book says is what the disk says, whatever happens."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from node import clock
from node.keeping.home import DATABASE, Founding, found, read_keys
from node.loop import inbox
from node.loop.batch import Batch
from node.loop.refusals import STORAGE_FAILED
from node.loop.runtime import Runtime
from node.loop.waiting import Remember, Remembered
from node.store.connections import StorageFailed
from node.store.loading import Loader
from node.store.storage import Storage
from protocol.book.declaration import Actor, Role
from protocol.book.money import Amount
from protocol.book.private import PrivateItem
from protocol.book.refusals import Refused, refuse
from protocol.lanes.entry import LEDGER
from protocol.practices import OPERATIONS, PRACTICES
from protocol.replica import Replica
from protocol.wire.keys import parse_id

STEWARD = Actor(Role.STEWARD)


@dataclass
class Riacho:
    """Riacho's books at work, with its members Ana and Bia."""

    runtime: Runtime
    storage: Storage

    async def ask(self, operation: str, subject: str = "", **wish: Any) -> Any:
        declared = OPERATIONS[operation]
        made = getattr(declared, "wish", None) or getattr(declared, "wanted", None)
        return await self.runtime.ask(operation, STEWARD, made and made(**wish), subject=subject)

    async def pay(self, key: str, hours: int) -> Remembered:
        wish = OPERATIONS["payments.create"].wish(payer="ana", payee="bia", amount=Amount(hours, "HORA"), note="pão")  # type: ignore[union-attr]
        remember = Remember(key.encode().ljust(32), b"%32d" % hours, render)
        return await self.runtime.ask_once("payments.create", STEWARD, wish, remember=remember)

    async def join(self, handle: str) -> None:
        code = (await self.ask("invitations.create")).code
        await self.ask("members.join", code=code, handle=handle)
        await self.ask("members.approve", handle)

    async def balances(self) -> list[int]:
        return [(await self.ask("accounts.show", name)).balance.value for name in ("ana", "bia")]

    async def statement(self, name: str) -> list[int]:
        return [line.balance.value for line in (await self.ask("accounts.entries", name)).items]


def render(result: Any) -> tuple[int, str, bytes]:
    """Return an answer as JSON: texts are kept apart from it, and stand in their places when it is told."""
    if isinstance(result, Refused):
        return 503 if result.reason is STORAGE_FAILED else 422, "", result.reason.code.encode()
    return 201, "", json.dumps({"id": result.id, "note": result.note}, ensure_ascii=False).encode()


@asynccontextmanager
async def at_work(home: Path, network: bytes) -> AsyncIterator[Riacho]:
    storage = await Storage.open(home / DATABASE)

    def load() -> Replica:
        keyring = read_keys(home).keyring
        return Loader(storage, network).load(lambda: Replica(network, PRACTICES, chance=clock.chance, keyring=keyring))

    books = Runtime(
        storage,
        load,
        network=network,
        now=clock.now_ms,
        seconds=clock.seconds,
        advance=lambda reach: None,  # noqa: ARG005
    )
    await books.start()
    running = asyncio.create_task(books.run())
    try:
        yield Riacho(books, storage)
    finally:
        books.stop()
        await running
        await storage.close()


@pytest.fixture
async def founded(tmp_path: Path) -> tuple[Path, bytes]:
    told = await found(tmp_path / "riacho", Founding("riacho", "Riacho", "HORA"), now=clock.now_ms, chance=clock.chance)
    network = parse_id(told.network_id)
    assert network is not None
    return tmp_path / "riacho", network


async def test_the_book_after_a_restart_is_the_book_before_it(founded: tuple[Path, bytes]) -> None:
    async with at_work(*founded) as riacho:
        await riacho.join("ana")
        await riacho.join("bia")
        answers = await asyncio.gather(*(riacho.pay(f"key {n}", 1) for n in range(20)))
        assert {json.loads(one.body)["note"] for one in answers} == {"pão"}
        before = riacho.runtime.book
        assert await riacho.balances() == [-2_000, 2_000]
    async with at_work(*founded) as riacho:
        after = riacho.runtime.book
        assert after.ledger.accounts == before.ledger.accounts
        assert after.payments == before.payments
        again = await asyncio.gather(*(riacho.pay(f"key {n}", 1) for n in range(20)))
        assert [one.body for one in again] == [one.body for one in answers]
        assert all(one.replayed for one in again)
        assert await riacho.balances() == [-2_000, 2_000]
        assert await riacho.statement("ana") == list(range(-100, -2_100, -100))
        assert await riacho.statement("bia") == list(range(100, 2_100, 100))


async def test_a_payment_that_found_no_room_is_made_once_when_there_is_room(
    founded: tuple[Path, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "TICK_SECONDS", 0.01)
    async with at_work(*founded) as riacho:
        await riacho.join("ana")
        await riacho.join("bia")
        assert (await riacho.pay("first", 3)).status == 201
        writer = riacho.storage._writer
        [(pages,)] = await writer.execute_fetchall("PRAGMA page_count")
        await writer.execute_fetchall(f"PRAGMA max_page_count = {pages}")
        with suppress(StorageFailed):
            for number in range(1_000):
                await riacho.storage.commit(
                    Batch(items=[PrivateItem(b"%32d" % number, "ana", "note", "", b"x" * 2_000, "", 0)])
                )
        refused = await asyncio.gather(*(riacho.pay(f"key {n}", 1) for n in range(50)))
        assert {(one.status, one.body) for one in refused} == {(503, b"STORAGE_FAILED")}
        assert await riacho.balances() == [-300, 300]
        assert await riacho.statement("ana") == [-300]
        assert await riacho.ask("invitations.create") == refuse(STORAGE_FAILED)

        await writer.execute_fetchall("PRAGMA max_page_count = 1000000")
        while not riacho.runtime.writable:
            await riacho.balances()
        made = await asyncio.gather(*(riacho.pay(f"key {n}", 1) for n in range(50)))
        assert {one.status for one in made} == {201}
        assert await riacho.balances() == [-5_300, 5_300]
        assert not any(riacho.runtime.book.ledger.sums().values())
        seqs = [one.header.seq for one in riacho.storage.entries() if one.header.lane == LEDGER]
        assert seqs == list(range(len(seqs))), "no place in the lane was skipped or used twice"
