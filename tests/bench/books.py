# SPDX-License-Identifier: AGPL-3.0-or-later
"""Books to measure with: members with keys of their own, and payments that they signed.

They are written by the protocol's own rules straight into a home's database, while nobody serves it.
"""

import os
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cli.stage import Node
from node.http.secret import new_token, token_hash
from node.keeping.home import DATABASE, Founding, found, read_keys
from node.loop.batch import Batch
from node.store.storage import Storage
from node.store.tokens import Token
from protocol.book.declaration import Actor, Role
from protocol.book.money import Amount
from protocol.book.refusals import Refused
from protocol.book.signed import Signed
from protocol.book.uuids import drawn_id
from protocol.book.wishes import sign_wish
from protocol.events import Answer, Asked, Store, StoreItem
from protocol.lanes.entry import LEDGER, Body, parse
from protocol.practices import PRACTICES
from protocol.practices.money.payments.entries import Paid, Pay
from protocol.practices.people.invitations import Invite
from protocol.practices.people.joinings import sign_joining
from protocol.practices.people.members.views import Approve, Join
from protocol.replica import Replica
from protocol.wire.keys import KeyPair, parse_id

CURRENCY = "HORA"
BATCH = 1_000
DAY_MS = 24 * 60 * 60 * 1_000
ENTRIES_PER_MEMBER = 3
"""Invited, joined, approved."""
_STEWARD = Actor(Role.STEWARD)


def now_ms() -> int:
    """Return the milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Member:
    """A member whose key is at hand, and the number of its newest order."""

    handle: str
    id: str
    account: str
    keys: KeyPair
    order_seq: int = 0


async def founded(folder: Path, handle: str, currency: str = CURRENCY) -> Node:
    """Found a network in a folder; its node does not serve yet."""
    home = folder / handle
    founding = Founding(handle, handle.title(), currency, default_limit="1000000.00")
    told = await found(home, founding, now=now_ms, chance=os.urandom)
    return Node(handle, home, told.steward_token, told.network_id, told.peer_id)


class Books:
    """The books of a home, written to by its own rules."""

    def __init__(self, replica: Replica, storage: Storage) -> None:
        self._replica = replica
        self._storage = storage

    async def admit(self, count: int) -> list[Member]:
        """Let so many members in, each with a key of its own."""
        invited = await self._ask(("invitations.create", _STEWARD, Invite(), "") for _ in range(count))
        handles = [f"member-{number:06}" for number in range(count)]
        keys = [KeyPair.from_seed(os.urandom(32)) for _ in handles]
        network = self._replica.network
        joined = await self._ask(
            (
                "members.join",
                Actor(Role.ANYONE),
                Join(one.code, handle, joining=sign_joining(pair, network, handle)),
                "",
            )
            for one, handle, pair in zip(invited, handles, keys, strict=True)
        )
        approved = await self._ask(("members.approve", _STEWARD, Approve(), one.id) for one in joined)
        return [Member(one.handle, one.id, one.accounts[0], pair) for one, pair in zip(approved, keys, strict=True)]

    async def trade(self, members: Sequence[Member], count: int) -> None:
        """Write so many payments, each ordered by its payer's key; they go round, so that nobody owes much."""
        signed = orders(self._replica.network, members, count)
        while some := list(islice(signed, BATCH)):
            for order in some:
                self._replica.journal.write(Paid(order, None), LEDGER, now_ms())
            batch = Batch()
            for store in self._replica.journal.drain()[0]:
                assert isinstance(store, Store)
                batch.entries.append(store.entry)
                batch.lines += store.lines
            await self._storage.commit(batch)

    @property
    def network(self) -> bytes:
        """The network's id."""
        return self._replica.network

    async def put_down(self, *bodies: Body) -> None:
        """Write entries by hand, as one durable batch; whether they may stand is not asked."""
        for body in bodies:
            self._replica.journal.write(body, LEDGER, now_ms())
        batch = Batch()
        for store in self._replica.journal.drain()[0]:
            assert isinstance(store, Store)
            batch.entries.append(store.entry)
            batch.lines += store.lines
        await self._storage.commit(batch)

    async def ask(self, operation: str, wish: Any) -> Any:
        """Ask for something as a steward, as one durable batch."""
        [answer] = await self._ask(iter([(operation, _STEWARD, wish, "")]))
        return answer

    async def token(self, member: Member) -> str:
        """Return a token of a member."""
        token = new_token(os.urandom)
        kept = Token(token_hash(token), Role.MEMBER, "bench", token[-4:], now_ms(), member=member.id)
        await self._storage.add_token(kept)
        return token

    async def _ask(self, wishes: Iterator[tuple[str, Actor, Any, str]]) -> list[Any]:
        answers: list[Any] = []
        while some := list(islice(wishes, BATCH)):
            asked = [
                Asked(number, operation, actor, wish, subject)
                for number, (operation, actor, wish, subject) in enumerate(some)
            ]
            batch = Batch()
            for effect in self._replica.handle(asked, now_ms()):
                match effect:
                    case Store(entry, lines):
                        batch.entries.append(entry)
                        batch.lines += lines
                    case StoreItem(item):
                        batch.items.append(item)
                    case Answer(_, result):
                        assert not isinstance(result, Refused), result
                        answers.append(result)
                    case _:
                        pass
            await self._storage.commit(batch)
        return answers


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Books]:
    """Open the books of a home that nobody serves."""
    storage = await Storage.open(home / DATABASE)
    try:
        network = await storage.network()
        assert network is not None
        replica = Replica(network, PRACTICES, chance=os.urandom, keyring=read_keys(home).keyring)
        for _ in replica.load(storage.entries()):
            pass
        yield Books(replica, storage)
    finally:
        await storage.close()


def orders(network: bytes, members: Sequence[Member], count: int) -> Iterator[Signed]:
    """Yield so many signed orders: each member in turn pays the next one a unit."""
    not_after_ms = now_ms() + DAY_MS
    for number in range(count):
        payer, payee = members[number % len(members)], members[(number + 1) % len(members)]
        yield signed_order(network, payer, payee, not_after_ms)


def signed_order(network: bytes, payer: Member, payee: Member, not_after_ms: int) -> Signed:
    """Return the payer's order to pay somebody a unit, as `mutirao pay` makes it."""
    payer.order_seq += 1
    wish = Pay(
        payee.account,
        Amount(1_00, "HORA", 2),
        payer.account,
        payment=drawn_id(os.urandom),
        max_debit=Amount(1_00, "HORA", 2),
    )
    head = network  # any 32 bytes: nobody but the member compares them
    return sign_wish(
        payer.keys, "payments.create", wish,
        network=network, order_seq=payer.order_seq, not_after_ms=not_after_ms, head=head,
    )  # fmt: skip


def network_of(node: Node) -> bytes:
    """Return the id of a node's network."""
    network = parse_id(node.network)
    assert network is not None
    return network


def stored(home: Path) -> list[tuple[bytes, bytes, bytes, bytes, bytes]]:
    """Return the ids, headers, salts, bodies and signatures that a home has stored, in order of arrival."""
    with closing(sqlite3.connect(home / DATABASE)) as database:
        entries = [parse(wire) for (wire,) in database.execute("SELECT wire FROM entries ORDER BY arrival")]
    return [(one.id, one.header_bytes, one.salt, one.body_bytes, one.signature) for one in entries]


def count_stored(home: Path) -> int:
    """Return how many entries a home has stored."""
    with closing(sqlite3.connect(home / DATABASE)) as database:
        [(count,)] = database.execute("SELECT count(*) FROM entries")
        return count
