# SPDX-License-Identifier: AGPL-3.0-or-later
"""Nobody hears of what is not durable, and what could not be stored has not happened."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest

from node.http.problems import REASONS
from node.loop import inbox, peering, subscriptions, todo, turns
from node.loop.batch import Batch, EventStored
from node.loop.bugs import BrokenForGood
from node.loop.peering import STALL_SECONDS, Peering
from node.loop.refusals import STORAGE_FAILED
from node.loop.runtime import Runtime
from node.loop.waiting import Broken, Remember, Remembered
from node.store.connections import StorageFailed
from node.store.lanes import Reach
from node.store.storage import Storage
from protocol.book.book import Book
from protocol.book.declaration import Actor, Create, EntriesWanted, Lookup, Operation, Page, Role, Show, TextRef
from protocol.book.payments import PAYMENTS
from protocol.book.private import PrivateItem
from protocol.book.refusals import OVERLOADED, Refused, refuse
from protocol.book.requests import REQUESTS
from protocol.book.tables import Name
from protocol.events import (
    MISSED,
    Answer,
    Asked,
    Drop,
    Effect,
    Erase,
    Input,
    Line,
    PeerDown,
    PeerUp,
    Publish,
    Received,
    Send,
    SendRange,
    Store,
    StoreItem,
    TimerFired,
)
from protocol.lanes.entry import COMMONS, Entry
from protocol.lanes.journal import Behind
from protocol.peers.messages import Entries, unpack
from protocol.peers.ties import Tie
from protocol.peers.troubles import Trouble

RIACHO = b"r" * 32
ANA, BIA, STEWARD = Actor(Role.MEMBER, "ana"), Actor(Role.MEMBER, "bia"), Actor(Role.STEWARD)
NOW = 1_700_000_000_000

Lane = Callable[..., list[Entry]]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many marks there are, and what was noted at the last one."""

    marks: int
    note: TextRef | str | None = None


def never(*_: object) -> Any:
    raise AssertionError("the wall answers by itself")


class Wall:
    """A replica with one rule: a mark may be made. It does what the wish says, so that tests can tell it."""

    operations: Mapping[str, Operation] = {
        "marks.create": Create("marks", str, plan=never),
        "marks.show": Show("marks", Tally, view=never),
    }
    book: Book = Book(RIACHO, ())

    def __init__(self, lane: Lane, entries: Iterable[Entry]) -> None:
        self.lane = lane
        self.marks = len(list(entries))
        self.recovering = False
        self.succeeded = False
        self.behind: Behind | None = None
        self.comparing = False
        self.troubles: tuple[Trouble, ...] = ()
        self.handled: list[list[Input]] = []
        self.handled_more = asyncio.Event()
        """Set once a second batch was handled."""
        self.deferred: list[int] = []
        self.tied: Mapping[bytes, Tie] = {b"p": Tie.PARTNER}

    def ties(self) -> Mapping[bytes, Tie]:
        return self.tied

    def names(self, batch: Iterable[Input]) -> frozenset[Name]:
        del batch
        return frozenset()

    def handle(self, batch: Sequence[Input], now: int) -> list[Effect]:
        assert now == NOW
        self.handled.append(list(batch))
        if len(self.handled) > 1:
            self.handled_more.set()
        return [effect for one in batch for effect in self._one(one)]

    def _one(self, one: Input) -> list[Effect]:
        match one:
            case Asked(request, "marks.show", wish="statement"):
                wanted = Lookup("ana.HORA", 0, 2, lambda line, *_: line.amount_minor, PAYMENTS, REQUESTS)
                return [Answer(request, wanted)]
            case Asked(request, "marks.show", wish="receipt"):
                return [Answer(request, EntriesWanted((1, 0), lambda identity, ledger: (identity, ledger)))]
            case Asked(request, "marks.show", wish=bytes(digest)):
                return [Answer(request, Page((Tally(self.marks, TextRef(digest)), Tally(0)), None))]
            case Asked(request, "marks.show"):
                return [Answer(request, Tally(self.marks))]
            case Asked(request, wish=str(wish)):
                return self._wish(request, wish)
            case Received(_, b"answers"):
                deferred, self.deferred = self.deferred, []
                return [effect for request in deferred for effect in self._mark(request)]
            case Received(peer, b"range"):
                return [SendRange(peer, RIACHO, "ledger", 0, 9_999)]
            case Received(_, b"news"):
                return [Store(self.lane(1)[0])]
            case Received(peer, b"lie"):
                return [Drop(peer, "it lies")]
            case _:
                return []

    def _wish(self, request: int, wish: str) -> list[Effect]:
        match wish.split():
            case ["mark"]:
                return [*self._mark(request), Send("serra/1", b"news")]
            case ["push"]:
                return [*self._mark(request), Send("serra/1", b"pushed", spare=True)]
            case ["note", text]:
                digest = text.encode().ljust(32, b"#")
                item = PrivateItem(digest, "ana", "note", "marks/1", text.encode(), "", NOW)
                return [StoreItem(item), *self._mark(request, TextRef(digest))]
            case ["erase"]:
                return [Erase("ana", NOW), *self._mark(request, TextRef("pão".encode().ljust(32, b"#")))]
            case ["refuse", reason]:
                return [Answer(request, refuse(REASONS[reason], limit=-100))]
            case ["later"]:
                self.deferred.append(request)
                return []
            case ["stumble"]:
                self.marks += 1
                raise AssertionError("ana owes bia 12.50")
            case _:
                raise AssertionError(wish)

    def _mark(self, request: int, note: TextRef | None = None) -> list[Effect]:
        self.marks += 1
        (entry,) = self.lane(1)
        line = Line("ana.HORA", entry.header.seq, NOW, "payment", None, None, self.marks, 0)
        return [
            Store(entry, (line,)),
            Publish("mark.made", str(self.marks), ("ana",), {"marks": self.marks}),
            Answer(request, Tally(self.marks, note)),
        ]


class Network:
    """Keeps what is sent; `full` peers have no room."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.dropped: list[tuple[str, float]] = []
        self.credit: list[tuple[str, int]] = []
        self.full: set[str] = set()
        self.ties: Mapping[bytes, Tie] = {}
        self.commended: list[str] = []

    def send(self, peer: str, frame: bytes) -> bool:
        if peer in self.full:
            return False
        self.sent.append((peer, frame))
        return True

    def offer(self, peer: str, frame: bytes) -> bool:
        return self.send(peer, frame)

    def know(self, ties: Mapping[bytes, Tie]) -> None:
        self.ties = ties

    def commend(self, peer: str) -> None:
        self.commended.append(peer)

    def drop(self, peer: str, *, ban_seconds: float = 0) -> None:
        self.dropped.append((peer, ban_seconds))

    def consumed(self, peer: str, frames: int = 1) -> None:
        self.credit.append((peer, frames))

    def stats(self) -> Mapping[str, int]:
        return {"frames_out": len(self.sent), "peers": 1}


class Node:
    """A runtime at work on a wall, with what surrounds it."""

    def __init__(self, storage: Storage, lane: Lane) -> None:
        self.walls: list[Wall] = []
        self.marks: list[Reach] = []
        self.network = Network()
        self.recovering = False

        def load() -> Wall:
            self.walls.append(Wall(lane, storage.entries()))
            self.walls[-1].recovering = self.recovering
            return self.walls[-1]

        self.storage = storage
        self.seconds = 0.0
        self.runtime = Runtime(
            storage,
            load,
            network=RIACHO,
            now=lambda: NOW,
            seconds=self._seconds,
            advance=self.marks.append,
        )

    def _seconds(self) -> float:
        return self.seconds

    @property
    def wall(self) -> Wall:
        return self.walls[-1]

    def hear(self, *heard: PeerUp | PeerDown | Received) -> None:
        for one in heard:
            self.runtime.hear(one)

    async def mark(self, wish: str = "mark") -> Any:
        return await self.runtime.ask("marks.create", ANA, wish)

    async def marks_shown(self) -> int:
        return (await self.runtime.ask("marks.show", ANA)).marks

    async def once(self, key: str, wish: str = "mark", *, request: str | None = None) -> Remembered:
        remember = Remember(digest_of(key), digest_of(request or wish), render)
        return await self.runtime.ask_once("marks.create", ANA, wish, remember=remember)

    async def batches(self, count: int) -> None:
        """Wait for so many further batches."""
        before = self.runtime.figures()["batches_total"]
        while self.runtime.figures()["batches_total"] < before + count:
            await self.marks_shown()


def digest_of(text: str) -> bytes:
    return text.encode().ljust(32, b".")


def render(result: Any) -> tuple[int, str, bytes]:
    if isinstance(result, Refused):
        status = {STORAGE_FAILED: 503, OVERLOADED: 429}.get(result.reason, 422)
        return status, "application/problem+json", result.reason.code.encode()
    return 201, "application/json", json.dumps([result.marks, result.note]).encode()


@asynccontextmanager
async def at_work(storage: Storage, lane: Lane) -> AsyncIterator[Node]:
    """A node that runs until the block ends."""
    node = Node(storage, lane)
    node.runtime.connect(Peering(node.network, storage, node._seconds))
    await node.runtime.start()
    running = asyncio.create_task(node.runtime.run())
    try:
        yield node
    finally:
        node.runtime.stop()
        await asyncio.wait([running])
        if (error := running.exception()) is not None and not isinstance(error, BrokenForGood):
            raise error


@pytest.fixture
async def node(storage: Storage, lane: Lane) -> AsyncIterator[Node]:
    """A node at work on an empty database."""
    async with at_work(storage, lane) as working:
        yield working


class Gate:
    """Holds every commit back until it is opened."""

    def __init__(self, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.opened = asyncio.Event(), asyncio.Event()
        self.failure: StorageFailed | None = None
        commit = storage.commit

        async def held(batch: Batch) -> None:
            self.reached.set()
            await self.opened.wait()
            if self.failure is not None:
                raise self.failure
            await commit(batch)

        monkeypatch.setattr(storage, "commit", held)


async def fill(storage: Storage) -> None:
    """Let the disk be full."""
    [(pages,)] = await storage._writer.execute_fetchall("PRAGMA page_count")
    await storage._writer.execute_fetchall(f"PRAGMA max_page_count = {pages}")
    # What room the last page has is taken.
    with suppress(StorageFailed):
        for number in range(100):
            item = PrivateItem(bytes([number]) * 32, "ana", "note", "", b"x" * 500, "", NOW)
            await storage.commit(Batch(items=[item]))


async def make_room(storage: Storage) -> None:
    await storage._writer.execute_fetchall("PRAGMA max_page_count = 1000000")


# First stored, then sent, then told.


async def test_nothing_is_sent_or_told_before_it_is_durable(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.hear(PeerUp("serra", b"k", outbound=True))
    events = node.runtime.subscribe(None, None, STEWARD)
    gate = Gate(node.storage, monkeypatch)
    asking = asyncio.create_task(node.mark())
    hearing = asyncio.ensure_future(anext(events))
    await gate.reached.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not asking.done() and not hearing.done()
    assert node.network.sent == [] and node.marks == [Reach(0, -1, bytes(32), 0)]

    gate.opened.set()
    assert await asking == Tally(1)
    assert await hearing == (1, "mark.made", "1", {"marks": 1})
    assert node.network.sent == [("serra", b"news")]
    (entry,) = node.storage.entries()
    assert node.marks[1:] == [Reach(0, 0, entry.id, 1)]


async def test_what_is_sent_to_peers_is_measured(node: Node) -> None:
    node.hear(PeerUp("serra", b"k", outbound=True))
    await node.mark()
    figures = node.runtime.figures()
    assert (figures["network_frames_out_total"], figures["network_peers"]) == (1, 1)


async def test_what_waits_together_is_one_transaction(node: Node) -> None:
    await asyncio.gather(*(node.mark() for _ in range(200)))
    figures = node.runtime.figures()
    assert figures["entries_total"] == 200
    assert figures["commits_total"] <= 3
    assert [one.header.seq for one in node.storage.entries()] == list(range(200))


async def test_the_next_batch_is_handled_while_one_is_on_its_way_and_told_after_it(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(node.storage, monkeypatch)
    first = asyncio.create_task(node.mark("note pão"))
    await gate.reached.wait()
    digest = "pão".encode().ljust(32, b"#")
    look = asyncio.create_task(node.runtime.ask("marks.show", ANA, digest))
    second = asyncio.create_task(node.once("key", "note café"))
    third = asyncio.create_task(node.mark())
    await node.wall.handled_more.wait()
    assert not any(one.done() for one in (first, look, second, third))
    gate.opened.set()
    assert await first == Tally(1, "pão")
    assert (await look).items[0] == Tally(1, "pão")
    assert (await second).body == b'[2, "caf\\u00e9"]'
    assert await third == Tally(3)
    assert node.runtime.figures()["commits_total"] == 2


async def test_what_was_handled_behind_a_batch_that_could_not_be_stored_has_not_happened(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(node.storage, monkeypatch)
    first = asyncio.create_task(node.mark())
    await gate.reached.wait()
    look = asyncio.create_task(node.runtime.ask("marks.show", ANA))
    second, third = asyncio.create_task(node.mark()), asyncio.create_task(node.once("key"))
    await node.wall.handled_more.wait()
    gate.failure = StorageFailed("disk I/O error")
    gate.opened.set()
    failed = refuse(STORAGE_FAILED)
    assert [await one for one in (first, look, second)] == [failed] * 3
    assert (await third).status == 503
    assert await node.marks_shown() == 0
    assert list(node.storage.entries()) == []


async def test_a_bug_behind_a_batch_on_its_way_leaves_that_batch_alone(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(node.storage, monkeypatch)
    first = asyncio.create_task(node.mark())
    await gate.reached.wait()
    stumble = asyncio.create_task(node.mark("stumble"))
    await node.wall.handled_more.wait()
    gate.opened.set()
    assert await first == Tally(1)
    with pytest.raises(Broken):
        await stumble
    assert await node.mark() == Tally(2)


async def test_what_only_looks_is_not_committed(node: Node) -> None:
    assert await node.marks_shown() == 0
    assert node.runtime.figures()["commits_total"] == 0


# Keys.


async def test_the_same_key_gets_the_same_answer_also_after_a_restart(storage: Storage, lane: Lane) -> None:
    async with at_work(storage, lane) as node:
        first = await node.once("key")
        await node.mark()
        again = await node.once("key")
        assert first == Remembered(201, "application/json", b"[1, null]", replayed=False)
        assert await node.runtime.knows(digest_of("key")) and not await node.runtime.knows(digest_of("other"))
        assert again == Remembered(201, "application/json", b"[1, null]", replayed=True)
    async with at_work(storage, lane) as node:
        assert await node.once("key") == again
        assert await node.marks_shown() == 2


async def test_a_key_reused_for_something_else_is_refused(node: Node) -> None:
    await node.once("key")
    reused = await node.once("key", "note pão")
    assert (reused.status, reused.body, reused.replayed) == (422, b"IDEMPOTENCY_REUSED", False)
    assert await node.marks_shown() == 1


async def test_a_key_under_way_is_not_done_twice(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(node.storage, monkeypatch)
    asking = asyncio.create_task(node.once("key"))
    await gate.reached.wait()
    assert (await node.once("key")).body == b"IDEMPOTENCY_IN_FLIGHT"
    assert (await node.once("key", request="another")).body == b"IDEMPOTENCY_REUSED"
    assert await node.runtime.knows(digest_of("key"))
    gate.opened.set()
    assert (await asking).replayed is False
    assert (await node.once("key")).replayed is True


async def test_who_leaves_before_the_answer_finds_it_when_he_comes_back(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(node.storage, monkeypatch)
    asking = asyncio.create_task(node.once("key"))
    await gate.reached.wait()
    asking.cancel()
    await asyncio.wait([asking])
    assert (await node.once("key")).body == b"IDEMPOTENCY_IN_FLIGHT"
    gate.opened.set()
    await node.batches(1)
    assert await node.once("key") == Remembered(201, "application/json", b"[1, null]", replayed=True)


async def test_a_refusal_is_remembered_and_a_bad_moment_is_not(node: Node) -> None:
    for wish, replayed in (
        ("refuse LIMIT_EXCEEDED", True),
        ("refuse STORAGE_FAILED", False),
        ("refuse OVERLOADED", False),
        # The partner may be back, and the line have room again.
        ("refuse PEER_UNREACHABLE", False),
        ("refuse LINK_LIMIT_EXCEEDED", False),
    ):
        first, second = await node.once(wish, wish), await node.once(wish, wish)
        assert (first.replayed, second.replayed) == (False, replayed)
        assert second.body == wish.removeprefix("refuse ").encode()


async def test_an_answer_that_comes_later_is_remembered_with_its_batch(node: Node) -> None:
    node.hear(PeerUp("serra", b"k", outbound=True))
    asking = asyncio.create_task(node.once("key", "later"))
    await node.batches(1)
    assert not asking.done()
    node.hear(Received("serra", b"answers"))
    assert (await asking).body == b"[1, null]"
    assert (await node.once("key", "later")).replayed is True


# Texts, statements, receipts.


async def test_texts_are_shown_until_they_are_erased(node: Node) -> None:
    digest = "pão".encode().ljust(32, b"#")
    assert await node.mark("note pão") == Tally(1, "pão")
    assert (await node.once("key", "note café")).body == b'[2, "caf\\u00e9"]'
    shown = await node.runtime.ask("marks.show", ANA, digest)
    assert shown == Page((Tally(2, "pão"), Tally(0)), None)
    assert await node.mark("erase") == Tally(3, None)
    shown = await node.runtime.ask("marks.show", ANA, digest)
    assert shown.items[0] == Tally(3, None)


async def test_an_answer_that_is_remembered_holds_no_text_and_is_told_again_with_what_is_left(node: Node) -> None:
    first = await node.once("key", "note pão")
    assert json.loads(first.body) == [1, "pão"]
    assert (await node.once("key", "note pão")) == replace(first, body='[1, "pão"]'.encode(), replayed=True)
    [kept] = (await node.storage.answers([digest_of("key")])).values()
    assert b"p\\u00e3o" not in kept.body and "pão".encode() not in kept.body
    await node.mark("erase")
    assert json.loads((await node.once("key", "note pão")).body) == [1, None]


async def test_what_is_written_while_it_is_erased_goes_too(node: Node) -> None:
    shown = await asyncio.gather(node.mark("note pão"), node.mark("erase"), node.mark("mark"))
    assert [one.note for one in shown] == [None, None, None]
    assert await node.storage.private.items(["pão".encode().ljust(32, b"#")]) == {}


async def test_a_statement_comes_from_the_lines_that_are_stored(node: Node) -> None:
    for _ in range(3):
        await node.mark()
    page = await node.runtime.ask("marks.show", ANA, "statement")
    assert (page.items, page.next) == ((1, 2), 2)


async def test_a_receipt_comes_from_the_entries_that_are_stored(node: Node, lane: Lane) -> None:
    for _ in range(2):
        await node.mark()
    first, second = node.storage.entries()
    assert await node.runtime.ask("marks.show", ANA, "receipt") == ((), (second.wire, first.wire))


# A full disk.


async def test_a_full_disk_refuses_the_batch_and_memory_stays_with_the_disk(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "TICK_SECONDS", 0.01)
    node.hear(PeerUp("serra", b"k", outbound=True))
    await node.mark()
    later = asyncio.create_task(node.once("later", "later"))
    await node.batches(1)
    node.network.sent.clear()
    await fill(node.storage)

    outcomes = await asyncio.gather(*(node.mark() for _ in range(20)), node.once("key"))
    assert outcomes == [
        *[refuse(STORAGE_FAILED)] * 20,
        Remembered(503, "application/problem+json", b"STORAGE_FAILED", replayed=False),
    ]
    assert (await later).status == 503, "a replica that was loaded anew knows nothing of it"
    assert node.network.sent == []
    assert node.network.dropped == [("serra", 0)], "it will come back to the replica that was loaded"
    assert await node.marks_shown() == 1
    assert len(list(node.storage.entries())) == 1
    assert not node.runtime.writable

    assert await node.mark() == refuse(STORAGE_FAILED)
    loaded = len(node.walls)
    assert await node.marks_shown() == 1, "what only looks goes on"
    assert len(node.walls) == loaded, "what cannot be stored is not tried again and again"

    await make_room(node.storage)
    while not node.runtime.writable:
        await node.batches(1)
    assert (await node.once("key")).body == b"[2, null]"
    assert len(list(node.storage.entries())) == 2


async def test_who_calls_while_the_disk_is_full_is_told_to_come_again_and_not_banned_for_what_got_lost(
    node: Node,
) -> None:
    await fill(node.storage)
    while await node.mark() != refuse(STORAGE_FAILED):
        pass
    node.hear(PeerUp("serra", b"k", outbound=True), Received("serra", b"hello"))
    await node.batches(1)
    assert node.network.dropped == [("serra", 0)], "its words would be lost, and later ones would stand alone"

    await make_room(node.storage)
    while not node.runtime.writable:
        await node.batches(1)
    node.hear(Received("serra", b"alone"))
    node.hear(PeerUp("serra", b"k", outbound=True), Received("serra", b"x"))
    await node.batches(1)
    heard = [one for batch in node.wall.handled for one in batch if isinstance(one, PeerUp | Received)]
    assert heard == [PeerUp("serra/2", b"k", outbound=True), Received("serra/2", b"x")]
    assert node.network.dropped == [("serra", 0)]


# Bugs.


async def test_a_bug_ends_its_batch_and_nothing_else(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    await node.mark()
    with caplog.at_level(logging.DEBUG):
        outcomes = await asyncio.gather(node.mark(), node.mark("stumble"), node.once("key"), return_exceptions=True)
    assert [type(one) for one in outcomes] == [Broken] * 3
    assert await node.marks_shown() == 1
    assert (await node.once("key")).body == b"[2, null]"
    (record,) = [one for one in caplog.records if one.message == "a bug"]
    told = vars(record)
    assert told["bug"] == "AssertionError"
    assert told["where"][-1].startswith("test_runtime.py:")
    assert "12.50" not in str(told), "what members wrote is not logged"


async def test_three_bugs_in_a_row_end_the_process(storage: Storage, lane: Lane) -> None:
    node = Node(storage, lane)
    await node.runtime.start()
    running = asyncio.create_task(node.runtime.run())
    for _ in range(2):
        with pytest.raises(Broken):
            await node.mark("stumble")
    await node.mark()
    for _ in range(3):
        with pytest.raises(Broken):
            await node.mark("stumble")
    with pytest.raises(BrokenForGood, match="3 bugs in a row, the last a AssertionError at test_runtime"):
        await running
    assert node.runtime.state == "STOPPED"
    assert await node.mark() == refuse(OVERLOADED)


# Bounds, and the end.


async def test_a_wish_beyond_the_queue_is_told_to_come_again(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "WISHES_WAITING_MAX", 3)
    gate = Gate(node.storage, monkeypatch)
    first = asyncio.create_task(node.mark())
    await gate.reached.wait()
    waiting = [asyncio.create_task(node.mark()) for _ in range(5)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    gate.opened.set()
    outcomes = await asyncio.gather(first, *waiting)
    assert outcomes.count(refuse(OVERLOADED)) == 2
    assert len(list(node.storage.entries())) == 4
    assert node.runtime.figures()["overloads_total"] == 2


async def test_a_batch_is_bounded(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "BATCH_WISHES_MAX", 4)
    monkeypatch.setattr(turns, "NEAR_BYTES_MAX", 100)
    await asyncio.gather(*(node.marks_shown() for _ in range(10)))
    node.hear(PeerUp("serra", b"p", outbound=True), *[Received("serra", b"x" * 60)] * 4)
    await node.batches(1)
    sizes = [len(batch) for batch in node.wall.handled]
    assert sizes[:3] == [4, 4, 2]
    assert max(sum(len(one.frame) for one in batch if isinstance(one, Received)) for batch in node.wall.handled) == 120


async def test_wishes_are_heard_however_many_frames_wait(node: Node) -> None:
    for stranger in range(24):
        node.hear(PeerUp(str(stranger), b"s", outbound=False), *[Received(str(stranger), b"x")] * 200)
    assert await asyncio.gather(*(node.mark() for _ in range(18))) == [Tally(mark) for mark in range(1, 19)]
    first = next(batch for batch in node.wall.handled if any(isinstance(one, Asked) for one in batch))
    assert len(first) <= 19, "with the hour, perhaps; frames wait for their turn"
    assert node.runtime.figures()["overloads_total"] == 0
    assert node.runtime.figures()["queue_inputs"] > 4_000


async def test_who_waits_at_the_end_is_told_to_come_again(storage: Storage, lane: Lane) -> None:
    node = Node(storage, lane)
    await node.runtime.start()
    running = asyncio.create_task(node.runtime.run())
    later = asyncio.create_task(node.mark("later"))
    await node.batches(1)
    events = node.runtime.subscribe(None, None, STEWARD)
    node.runtime.stop()
    assert await later == refuse(OVERLOADED)
    await running
    assert [one async for one in events] == []


@pytest.mark.parametrize("turns", range(6))
async def test_a_stop_at_any_moment_about_the_end_of_a_batch_ends_the_loop(
    storage: Storage, lane: Lane, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    monkeypatch.setattr(inbox, "TICK_SECONDS", 60)  # no tick wakes the loop by chance
    node = Node(storage, lane)
    await node.runtime.start()
    running = asyncio.create_task(node.runtime.run())
    commit = storage.commit

    async def stopped(batch: Batch) -> None:
        await commit(batch)
        after(turns, node.runtime.stop)

    monkeypatch.setattr(storage, "commit", stopped)
    assert await node.mark() == Tally(1)
    done, _ = await asyncio.wait([running], timeout=10)
    assert done, "the loop waits for what nobody brings"


def after(turns: int, call: Callable[[], None]) -> None:
    """Call something so many turns of the event loop from now."""
    if turns:
        asyncio.get_running_loop().call_soon(after, turns - 1, call)
    else:
        call()


async def test_time_passes(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "TICK_SECONDS", 0.001)

    def ticks() -> int:
        return sum(isinstance(one, TimerFired) for batch in node.wall.handled for one in batch)

    async with asyncio.timeout(10):
        while ticks() < 3:
            await node.batches(1)


async def test_a_recovering_node_leaves_the_high_water_mark_alone(storage: Storage, lane: Lane) -> None:
    node = Node(storage, lane)
    node.recovering = True
    await node.runtime.start()
    running = asyncio.create_task(node.runtime.run())
    assert node.runtime.state == "RECOVERING"
    await node.mark()
    assert node.marks == []
    node.wall.recovering = False
    await node.mark()
    (_, last) = node.storage.entries()
    assert node.marks == [Reach(0, 1, last.id, 2)]
    node.runtime.stop()
    await running


async def test_what_a_recovering_node_stores_is_not_marked_by_the_batch_that_ends_its_recovery(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.marks.clear()
    node.wall.recovering = True
    gate = Gate(node.storage, monkeypatch)
    first = asyncio.create_task(node.mark())
    await gate.reached.wait()
    node.wall.recovering = False
    second = asyncio.create_task(node.mark())
    await node.wall.handled_more.wait()
    gate.opened.set()
    await asyncio.gather(first, second)
    (_, last) = node.storage.entries()
    assert node.marks == [Reach(0, 1, last.id, 2)]


# Events.


async def test_a_subscriber_takes_up_where_he_left_off(node: Node) -> None:
    await asyncio.gather(*(node.mark() for _ in range(301)))
    events = node.runtime.subscribe(2, None, ANA)
    third = await anext(events)
    await node.mark()
    found = [third] + [await anext(events) for _ in range(299)]
    assert [seq for seq, *_ in found] == list(range(3, 303))
    assert found[-1] == (302, "mark.made", "302", {"marks": 302})
    await events.aclose()
    assert [one async for one in events] == []
    assert node.runtime.figures()["subscriptions"] == 0


async def test_events_go_to_those_whom_they_concern(node: Node) -> None:
    after_none = {
        name: node.runtime.subscribe(None, types, actor)
        for name, types, actor in (
            ("ana", None, ANA),
            ("bia", None, BIA),
            ("auditor", None, Actor(Role.AUDITOR)),
            ("other types", frozenset({"member.joined"}), ANA),
        )
    }
    await node.mark()
    stored = {name: node.runtime.subscribe(0, one._types, one._actor) for name, one in after_none.items()}
    await node.mark()
    for events, expected in ((after_none, 2), (stored, 2)):
        counts: dict[str, int] = {}
        for name, one in events.items():
            counts[name] = 0
            while True:
                try:
                    async with asyncio.timeout(0.05):
                        await anext(one)
                except TimeoutError:
                    break
                counts[name] += 1
        assert counts == {"ana": expected, "bia": 0, "auditor": expected, "other types": 0}


async def test_that_something_was_missed_is_told_to_everybody(node: Node) -> None:
    types = frozenset({"member.joined"})
    readers = [node.runtime.subscribe(None, one, actor) for one, actor in ((None, BIA), (types, ANA), (None, STEWARD))]
    node.runtime._subscriptions.tell([EventStored(1, MISSED, "", (), {"entries": 300})])
    async with asyncio.timeout(5):
        assert [await anext(one) for one in readers] == [(1, MISSED, "", {"entries": 300})] * 3


async def test_a_slow_reader_is_dropped_and_can_catch_up(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "WAITING_EVENTS_MAX", 3)
    slow = node.runtime.subscribe(None, None, ANA)
    await asyncio.gather(*(node.mark() for _ in range(5)))
    assert [one async for one in slow] == []
    again = node.runtime.subscribe(0, None, ANA)
    assert [(await anext(again))[0] for _ in range(5)] == [1, 2, 3, 4, 5]


async def test_a_reader_who_comes_too_late_is_told_that_he_missed_something(node: Node) -> None:
    await asyncio.gather(*(node.mark() for _ in range(5)))
    await node.storage._writer.execute("DELETE FROM events WHERE seq <= 3")
    late = node.runtime.subscribe(1, None, ANA)
    assert [(await anext(late))[:2] for _ in range(3)] == [
        (3, "events.missed"),
        (4, "mark.made"),
        (5, "mark.made"),
    ]


async def test_a_reader_who_has_seen_more_than_there_is_is_told_that_he_missed_something(node: Node) -> None:
    await asyncio.gather(*(node.mark() for _ in range(2)))
    ahead = node.runtime.subscribe(5, None, ANA)  # the database is an old copy
    await node.mark()
    assert [(await anext(ahead))[:2] for _ in range(2)] == [(2, "events.missed"), (3, "mark.made")]


# Peers.


async def test_frames_are_credited_once_they_are_dealt_with(node: Node) -> None:
    node.hear(Received("stranger", b"x"), PeerUp("serra", b"k", outbound=True), *[Received("serra", b"x")] * 3)
    node.hear(PeerDown("serra"), Received("serra", b"too late"), PeerDown("stranger"))
    await node.batches(1)
    assert node.network.credit[:2] == [("stranger", 1), ("serra", 1)], "who is not up is not heard"
    assert sum(frames for _, frames in node.network.credit[2:]) == 3
    heard = [one for batch in node.wall.handled for one in batch if not isinstance(one, (Asked, TimerFired))]
    assert heard == [PeerUp("serra/1", b"k", outbound=True), *[Received("serra/1", b"x")] * 3, PeerDown("serra/1")]


async def test_a_peer_that_lies_is_refused_for_a_while(node: Node) -> None:
    node.hear(PeerUp("serra", b"k", outbound=True), Received("serra", b"lie"))
    await node.batches(1)
    assert node.network.dropped == [("serra", peering.FAULT_BAN_SECONDS)]


async def test_what_a_peer_has_no_room_for_costs_it_the_connection(node: Node) -> None:
    node.hear(PeerUp("serra", b"k", outbound=True))
    node.network.full.add("serra")
    await node.mark()
    assert node.network.dropped == [("serra", 0)]


async def test_what_was_meant_for_a_connection_that_is_gone_is_not_said_on_the_next(node: Node) -> None:
    node.hear(PeerUp("serra", b"k", outbound=True))
    node.hear(PeerDown("serra"), PeerUp("serra", b"k", outbound=False), Received("serra", b"lie"))
    await node.mark()
    assert node.network.sent == [], "it is the first connection that the news is for"
    assert node.network.dropped == [("serra", peering.FAULT_BAN_SECONDS)], "who lies on the second loses that"
    node.hear(PeerDown("serra"), PeerUp("serra", b"k", outbound=True))
    node.runtime.hear(Received("serra", b"lie"))
    node.hear(PeerDown("serra"), PeerUp("serra", b"k", outbound=True))
    await node.batches(1)
    assert len(node.network.dropped) == 1, "nor does who is here again answer for what was said before"


async def test_what_is_pushed_is_left_out_where_there_is_no_room(node: Node) -> None:
    node.hear(PeerUp("serra", b"k", outbound=True))
    node.network.full.add("serra")
    await node.mark("push")
    assert node.network.dropped == []
    node.network.full.clear()
    await node.mark("push")
    assert node.network.sent == [("serra", b"pushed")]


async def test_what_strangers_bring_is_stored_together_and_no_wish_waits_for_it(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(todo, "LINGER_SECONDS", 60)
    stranger = [PeerUp("0", b"s", outbound=False), *[Received("0", b"news")] * 3]
    node.hear(*stranger)
    await asyncio.sleep(0.01)
    before = node.runtime.figures()
    assert before["commits_total"] == 0, "it waits for more"
    assert await node.mark() == Tally(1)
    assert len(list(node.storage.entries())) == 4, "and goes with the wish that comes"
    assert node.runtime.figures()["commits_total"] == 1
    monkeypatch.setattr(todo, "LINGER_SECONDS", 0.01)
    node.hear(*stranger[1:])
    async with asyncio.timeout(5):
        while len(list(node.storage.entries())) < 7:  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0.01)
    assert node.runtime.figures()["commits_total"] == 2, "or by itself"


async def test_who_brings_something_new_is_commended_and_who_is_tied_is_told_to_the_network(node: Node) -> None:
    node.hear(PeerUp("serra", b"k", outbound=False), Received("serra", b"news"))
    await node.batches(2)
    assert node.network.commended == ["serra"]
    assert node.network.ties == {b"p": Tie.PARTNER}
    node.wall.tied = {b"k": Tie.KNOWN}
    await node.batches(1)
    assert node.network.ties == {b"k": Tie.KNOWN}


async def test_a_range_follows_in_pages_while_others_are_served(
    node: Node, lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peering, "ENTRIES_PER_FRAME_MAX", 1_000)
    entries = lane(3_000)
    await node.storage.commit(Batch([*entries, *lane(3, name=COMMONS)]))
    node.hear(PeerUp("serra", b"k", outbound=True), Received("serra", b"range"))
    node.network.full.add("serra")
    await node.batches(1)
    assert node.network.sent == []
    node.network.full.clear()
    async with asyncio.timeout(10):
        while not node.network.sent or len(wires_of(node.network.sent)) < 3_000:
            await node.batches(1)
    assert wires_of(node.network.sent) == [one.wire for one in entries]
    assert len(node.network.sent) >= 3


async def test_small_ranges_go_together_and_what_is_asked_beyond_a_bound_is_not_kept(
    node: Node, lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    await node.storage.commit(Batch(lane(3)))
    node.network.full.add("serra")  # so that they wait for each other
    node.hear(PeerUp("serra", b"k", outbound=True))
    monkeypatch.setattr(peering, "RANGES_WAITING_MAX", 10)
    for _ in range(30):
        node.hear(Received("serra", b"range"))
    await node.batches(2)
    node.network.full.clear()
    async with asyncio.timeout(10):
        while len(wires_of(node.network.sent)) < 3 * 10:
            await node.batches(1)
    await asyncio.sleep(0.1)
    assert node.network.dropped == []
    assert len(wires_of(node.network.sent)) <= 3 * 13 and len(node.network.sent) <= 3


async def test_a_peer_that_does_not_read_its_range_is_dropped(node: Node, lane: Lane) -> None:
    await node.storage.commit(Batch(lane(3)))
    node.network.full.add("serra")
    node.hear(PeerUp("serra", b"k", outbound=True), Received("serra", b"range"))
    await node.batches(2)
    assert node.network.dropped == []
    async with asyncio.timeout(10):
        while not node.network.dropped:
            node.seconds += STALL_SECONDS + 1
            await node.batches(1)
    assert node.network.dropped == [("serra", 0)]


def wires_of(sent: list[tuple[str, bytes]]) -> list[bytes]:
    found: list[bytes] = []
    for _, frame in sent:
        message = unpack(frame)
        assert isinstance(message, Entries)
        found += message.entries
    return found
