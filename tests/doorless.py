# SPDX-License-Identifier: AGPL-3.0-or-later
"""A home at work without doors: its database, its loader and its loop, and wishes that reach them as they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from node import clock
from node.keeping.home import DATABASE, Founding, found, read_keys
from node.loop.runtime import Runtime
from node.store.loading import Loader
from node.store.storage import Storage
from protocol.book.declaration import Actor, Role
from protocol.book.money import Amount
from protocol.book.signed import parse_uuid
from protocol.practices import PRACTICES
from protocol.practices.money.payments.entries import Pay, ReversePayment
from protocol.practices.people.invitations import Invite
from protocol.practices.people.members.views import Approve, Join
from protocol.replica import Replica

STEWARD = Actor(Role.STEWARD)


class Riacho:
    """A home at work, without doors."""

    def __init__(self, home: Path, storage: Storage, books: Runtime, loader: Loader) -> None:
        self.home = home
        self.storage = storage
        self.books = books
        self.loader = loader

    async def ask(
        self, operation: str, wish: Any = None, *, subject: str = "", as_: str = "", after: int = 0, limit: int = 50
    ) -> Any:
        """Ask as a member, or as a steward."""
        actor = Actor(Role.MEMBER, self.books.book.member_by_handle[as_]) if as_ else STEWARD
        return await self.books.ask(operation, actor, wish, subject=subject, after=after, limit=limit)

    async def join(self, handle: str, name: str | None = None) -> None:
        code = (await self.ask("invitations.create", Invite())).code
        await self.ask("members.join", Join(code=code, handle=handle, name=name))
        await self.ask("members.approve", Approve(), subject=handle)

    async def pay(self, payer: str, payee: str, minor: int, note: str | None = None) -> str:
        wish = Pay(payer=payer, payee=payee, amount=Amount(minor, "HORA", 2), note=note)
        return (await self.ask("payments.create", wish)).id

    async def reverse(self, payment: str) -> Any:
        return await self.ask("payments.reverse", ReversePayment(parse_uuid(payment) or b""), subject=payment)

    def balance(self, handle: str) -> int:
        book = self.books.book
        return book.ledger.accounts[f"{book.member_by_handle[handle]}.HORA"].balance_minor


@asynccontextmanager
async def at_work(home: Path) -> AsyncIterator[Riacho]:
    keyring = read_keys(home).keyring
    storage = await Storage.open(home / DATABASE)
    network = await storage.network()
    assert network is not None
    loader = Loader(storage, network)

    def load() -> Replica:
        return loader.load(lambda: Replica(network, PRACTICES, chance=clock.chance, keyring=keyring))

    books = Runtime(
        storage, load, loader, network=network, now=clock.now_ms, seconds=clock.seconds, advance=lambda _: None
    )
    await books.start()
    running = asyncio.create_task(books.run())
    try:
        yield Riacho(home, storage, books, loader)
    finally:
        books.stop()
        await running
        await storage.close()


async def riacho_in(home: Path) -> Path:
    """Found a network in a home that is new."""
    await found(home, Founding("riacho", "Riacho", "HORA"), now=clock.now_ms, chance=clock.chance)
    return home
