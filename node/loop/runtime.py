# SPDX-License-Identifier: AGPL-3.0-or-later
"""One queue in, one loop, effects out: first stored, then sent, then told.

Whatever comes while a batch is on its way to the disk is the next batch, and a batch is one transaction:
nobody hears of what is not durable, and what could not be stored has not happened.
"""

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from node.loop.batch import Answered, Batch, Event
from node.loop.peering import Peering
from node.loop.refusals import IDEMPOTENCY_IN_FLIGHT, IDEMPOTENCY_REUSED, STORAGE_FAILED
from node.loop.subscriptions import Subscription, Subscriptions
from node.loop.texts import digests, filled, marked, with_texts
from node.store.connections import StorageFailed
from node.store.lanes import Reach
from node.store.private import PrivateStore
from node.store.rows import Packed, RowDamaged, opened, packed
from node.store.storage import Storage
from protocol.book.book import Book
from protocol.book.declaration import (
    PAGE_ITEMS_DEFAULT,
    Act,
    Actor,
    Create,
    EntriesWanted,
    EvidenceWanted,
    Lookup,
    Operation,
    RowsWanted,
)
from protocol.book.private import Item
from protocol.book.refusals import OVERLOADED, Refused, refuse
from protocol.book.tables import Fetched, Name
from protocol.events import (
    Answer,
    Asked,
    Brought,
    Drop,
    Effect,
    Erase,
    Fetch,
    Forget,
    Input,
    Keep,
    PeerDown,
    PeerUp,
    Publish,
    Recalled,
    Received,
    Send,
    SendRange,
    Store,
    StoreFault,
    StoreItem,
    TimerFired,
)
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, Millis, parse
from protocol.lanes.journal import Behind
from protocol.peers.messages import RANGE_BYTES_MAX

QUEUE_INPUTS_MAX = 4_096
"""How many inputs may wait; a wish that comes then is told that the node is overloaded."""
BATCH_INPUTS_MAX = 256
BATCH_FRAME_BYTES_MAX = 4 * 1024 * 1024
BUGS_IN_A_ROW_MAX = 3
TICK_SECONDS = 1.0
PRUNE_EVERY_MS = 60_000
SNAPSHOT_EVERY_ENTRIES = 10_000
"""After so many stored entries a snapshot is taken: a start folds what came since."""
SNAPSHOT_AT_STOP_ENTRIES = 500

READY, RECOVERING, BEHIND, SUCCEEDED, STOPPED = "READY", "RECOVERING", "BEHIND", "SUCCEEDED", "STOPPED"
TOO_MANY, SERVER_FAULT = 429, 500
"""Statuses that tell of a bad moment, from SERVER_FAULT up and TOO_MANY, are not remembered; nor what is transient."""

COUNTED = (
    "batches_total",
    "inputs_total",
    "commits_total",
    "entries_total",
    "handle_seconds_total",
    "commit_seconds_total",
    "overloads_total",
    "storage_failures_total",
    "bugs_total",
)

log = logging.getLogger(__name__)


class Broken(Exception):
    """A bug of ours met this wish: nothing of it is stored."""


class Overtaken(Exception):
    """What is stored has gone back to before what the replica has in memory: it is to be loaded anew."""


class BrokenForGood(Exception):
    """One bug followed the other: the process has to end."""


class Snapshots(Protocol):
    """What keeps snapshots: node.store.loading.Loader."""

    @property
    def folded(self) -> int:
        """How many entries the last start has folded."""
        ...

    async def take(self, replica: Any) -> Callable[[], None] | None:
        """Return what writes a snapshot of this moment, in a thread; None where there is to be none."""
        ...

    async def taken(self) -> None:
        """Let go of what only older snapshots wanted."""
        ...


class Replica(Protocol):
    """What is driven: protocol.replica.Replica."""

    @property
    def operations(self) -> Mapping[str, Operation]:
        """What can be asked for, by name."""
        ...

    @property
    def book(self) -> Book:
        """What its lanes amount to."""
        ...

    @property
    def recovering(self) -> bool:
        """Whether nothing is signed since this may be an old copy."""
        ...

    @property
    def succeeded(self) -> bool:
        """Whether another node signs for this network now."""
        ...

    @property
    def behind(self) -> Behind | None:
        """Before which entry of the ledger the book stands, since this version does not know its kind."""
        ...

    def handle(self, batch: Sequence[Input], now: Millis) -> list[Effect]:
        """Take inputs, return effects."""
        ...

    def names(self, batch: Iterable[Input]) -> frozenset[Name]:
        """Return the rows that inputs name and that only the store can have."""
        ...


@dataclass(frozen=True, slots=True)
class Remember:
    """Under which key an answer is remembered, and how it will look: status, content type, body.

    Scope and request are SHA-256 digests: of who asks with which key, and of what is asked.
    """

    scope: bytes
    request: bytes
    render: Callable[[Any], tuple[int, str, bytes]]


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answer that a key got: now, or (replayed) before."""

    status: int
    content_type: str
    body: bytes
    replayed: bool


@dataclass(frozen=True, slots=True)
class Waiter:
    """Somebody who waits for the outcome of a wish."""

    outcome: asyncio.Future[Any]
    remember: Remember | None

    def settle(self, result: Any) -> None:
        """Tell the outcome, rendered where it was to be remembered."""
        if self.remember is not None and not isinstance(result, Remembered):
            result = Remembered(*self.remember.render(result), False)
        if not self.outcome.done():
            self.outcome.set_result(result)


@dataclass(slots=True)
class Todo:
    """The effects of a batch by what is to be done: stored, then sent, then told."""

    stored: Batch = field(default_factory=Batch)
    sent: list[Send | SendRange | Drop] = field(default_factory=list)
    told: list[Answer] = field(default_factory=list)
    inputs: int = 0
    marks: bool = False
    """Whether the high-water mark may follow: not while the replica recovers."""

    def add(self, later: "Todo") -> None:
        """Append what comes after it."""
        self.stored.add(later.stored)
        self.sent += later.sent
        self.told += later.told
        self.inputs += later.inputs
        self.marks = later.marks


class Runtime:
    """Drives one replica: opened by `start`, driven by `run`, ended by `stop`."""

    def __init__(
        self,
        storage: Storage,
        load: Callable[[], Replica],
        snapshots: Snapshots | None = None,
        *,
        network: bytes,
        now: Callable[[], Millis],
        seconds: Callable[[], float],
        advance: Callable[[Reach], None],
    ) -> None:
        self.storage = storage
        self.started_at_ms = now()
        self._load = load
        self._snapshots = snapshots
        self._unsnapped = 0
        """How many entries were stored since the snapshot."""
        self._writing: asyncio.Task[None] | None = None
        self._network = network
        self._now = now
        self._seconds = seconds
        self._advance = advance

        self._replica: Replica | None = None
        self._reach = Reach(0, -1, bytes(32), 0)
        self._peering: Peering | None = None
        self._subscriptions = Subscriptions(storage, 0)

        self._queue: deque[tuple[Input, Waiter | None]] = deque()
        self._woken = asyncio.Event()
        self._requests = 0
        self._pending: dict[int, Waiter] = {}
        """Who waits for what the replica has been asked and not answered yet."""
        self._in_flight: dict[bytes, bytes] = {}
        """The idempotency scopes that wait for their outcome, with the digest of their request."""

        self._recalls: dict[tuple[bytes, str], asyncio.Task[None]] = {}
        """What reads lanes again that were cut, by network and lane."""
        self._event_seq = 0
        self._fresh_items: dict[bytes, Item] = {}
        """What is on its way to the private store."""
        self._erasing: list[Erase] = []
        """What is on its way out of it."""
        self._fresh_rows: dict[Name, Packed] = {}
        """The rows that are on their way to the disk."""
        self._loading = True
        self._stopping = False
        self._writable = True
        self._bugs_in_a_row = 0
        self._prune_at_ms = 0
        self._tick_waits = False
        self._told_behind = False
        self._counts = dict.fromkeys(COUNTED, 0.0)

    # What others see.

    @property
    def state(self) -> str:
        """READY, RECOVERING while nothing may be signed, SUCCEEDED once another node signs, or STOPPED.

        BEHIND while the books stand still before an entry of a kind that this version does not know.
        """
        if self._stopping:
            return STOPPED
        if not self._loading and self.replica.succeeded:
            return SUCCEEDED
        if not self._loading and self.replica.behind is not None:
            return BEHIND
        return RECOVERING if self._loading or self.replica.recovering else READY

    @property
    def writable(self) -> bool:
        """Whether the disk takes what is to be stored, as far as is known."""
        return self._writable

    @property
    def replica(self) -> Replica:
        """The replica that is driven."""
        assert self._replica is not None, "not started"
        return self._replica

    @property
    def book(self) -> Book:
        """The book as it is now; to be read on the event loop only."""
        return self.replica.book

    @property
    def private(self) -> PrivateStore:
        """What members own beside the book."""
        return self.storage.private

    def figures(self) -> Mapping[str, float]:
        """Return what is measured, by name; those that end in _total only grow."""
        return {
            "ready": self.state == READY,
            "writable": self._writable,
            "queue_inputs": len(self._queue),
            "answers_awaited": len(self._pending),
            "subscriptions": len(self._subscriptions),
            "own_entries": self._reach.count,
            **self._counts,
            **({} if self._peering is None else self._peering.figures()),
        }

    async def ask(
        self,
        operation: str,
        actor: Actor,
        wish: Any = None,
        *,
        subject: str = "",
        after: int = 0,
        limit: int = PAGE_ITEMS_DEFAULT,
    ) -> Any:
        """Return what a wish comes to: what is shown, a Page or a Refused; raises Broken."""
        asked = self._asked(operation, actor, wish, subject, after, limit)
        result = await self._put(asked, Waiter(asyncio.get_running_loop().create_future(), None))
        match result:
            case Lookup(account, after, limit, show, table):
                page = await self.storage.statement(account, after, limit)
                names = {line: Name(table.name, line.payment) for line in page.items if line.payment is not None}
                tables = self.book.tables if names else {}
                rows = {one.name: one.row for one in await self.storage.fetch(set(names.values()), tables)}
                shown = (show(line, rows.get(names[line]) if line in names else None) for line in page.items)
                result = replace(page, items=tuple(shown))
            case RowsWanted(show=show):
                page = await self.storage.listed(result)
                result = replace(page, items=tuple(map(show, page.items)))
            case EntriesWanted(seqs, show, commons_seqs):
                identity = await self.storage.identity_lane(self._network)
                wires = await self.storage.lane_at(self._network, LEDGER, seqs)
                result = show(identity, wires + await self.storage.lane_at(self._network, COMMONS, commons_seqs))
            case EvidenceWanted(network, places, show):
                identity = await self.storage.identity_lane(network)
                result = show(identity, await self.storage.all_at(network, places))
        wanted = set(digests(result))
        return with_texts(result, await self._texts(wanted)) if wanted else result

    async def knows(self, scope: bytes) -> bool:
        """Tell whether the key of this idempotency scope has got its answer, or is under way to it."""
        return scope in self._in_flight or bool(await self.storage.answers([scope]))

    async def ask_once(
        self, operation: str, actor: Actor, wish: Any = None, *, subject: str = "", remember: Remember
    ) -> Remembered:
        """Return the answer to a wish, the same for the same key; raises Broken."""
        under_way = self._in_flight.get(remember.scope)
        if under_way is not None:
            same = under_way == remember.request
            reason = IDEMPOTENCY_IN_FLIGHT if same else IDEMPOTENCY_REUSED
            return Remembered(*remember.render(refuse(reason)), False)
        self._in_flight[remember.scope] = remember.request
        waiter = Waiter(asyncio.get_running_loop().create_future(), remember)
        waiter.outcome.add_done_callback(lambda _: self._in_flight.pop(remember.scope))
        asked = self._asked(operation, actor, wish, subject, 0, PAGE_ITEMS_DEFAULT)
        return await self._put(asked, waiter)

    def subscribe(self, after: int | None, types: frozenset[str] | None, actor: Actor) -> Subscription:
        """Return the events after this seq (None: from now on) of these types that an actor may know."""
        return self._subscriptions.open(after, types, actor)

    def hear(self, heard: PeerUp | PeerDown | Received) -> None:
        """Take in what the network brings; it is told when frames are dealt with."""
        assert self._peering is not None
        if self._peering.admits(heard):
            self._queue.append((heard, None))
            self._woken.set()

    # Life.

    async def start(self) -> None:
        """Fold in what is stored; raises StorageUnusable."""
        await self._load_replica()
        self._subscriptions.newest = self._event_seq

    def connect(self, peering: Peering) -> None:
        """Send to these peers from now on."""
        self._peering = peering

    async def run(self) -> None:
        """Take batch after batch until `stop`; raises BrokenForGood."""
        ticking = asyncio.create_task(self._tick())
        try:
            await self._work()
            if self._unsnapped >= SNAPSHOT_AT_STOP_ENTRIES:
                await self._snap()
        finally:
            self._stopping = True
            ticking.cancel()
            if self._writing is not None:
                await asyncio.wait([self._writing])
            for task in self._recalls.values():
                task.cancel()
            for _, waiter in self._queue:
                if waiter is not None:
                    waiter.settle(refuse(OVERLOADED))
            self._queue.clear()
            for request in list(self._pending):
                self._answer(request, refuse(OVERLOADED))
            self._subscriptions.end()

    def stop(self) -> None:
        """Let `run` end after the batch in hand; what waits is told to come again."""
        self._stopping = True
        self._woken.set()

    async def _work(self) -> None:
        """Handle what comes while the batch before it is on its way to the disk."""
        todo, committing = Todo(), None
        while committing is not None or todo.inputs or not self._stopping:
            try:
                if committing is not None and committing.done():
                    committing.result()
                    committing = None
                if committing is None and todo.inputs:
                    committing = asyncio.create_task(self._carry_out(todo))
                    committing.add_done_callback(lambda _: self._woken.set())
                    todo = Todo()
                due = self._unsnapped >= SNAPSHOT_EVERY_ENTRIES
                if due and committing is None and not todo.inputs:
                    await self._snap()
                elif self._queue and todo.inputs < BATCH_INPUTS_MAX and not self._stopping and not due:
                    todo.add(await self._handled(self._drained()))
                else:
                    await self._woken.wait()
                    self._woken.clear()
            except StorageFailed as failure:
                todo, committing = Todo(), None
                await self._on_storage_failed(str(failure))
            except RowDamaged as damaged:
                todo, committing = Todo(), None
                await self._distrust_rows(str(damaged))
                for request in list(self._pending):
                    self._answer(request, refuse(OVERLOADED))
                await self._load_replica()
            except Overtaken:
                # What was handled since stands on what is none any more; peers bring it again.
                todo, committing = Todo(), None
                log.warning("a rotation has left out what was held of this network's books: they are loaded anew")
                for request in list(self._pending):
                    self._answer(request, refuse(OVERLOADED))
                await self._load_replica()
            except Exception as error:  # noqa: BLE001 - whatever it is, it ends with what is not durable yet
                if committing is not None:
                    await asyncio.wait([committing])
                todo, committing = Todo(), None
                await self._on_bug(error)

    async def _snap(self) -> None:
        """Take a snapshot while nothing is under way; it is written while the loop goes on."""
        if self._writing is not None:
            await asyncio.wait([self._writing])
        self._unsnapped = 0
        if self._snapshots is None:
            return
        write = await self._snapshots.take(self.replica)
        if write is not None:
            self._writing = asyncio.create_task(self._write_snapshot(self._snapshots, write))

    async def _write_snapshot(self, snapshots: Snapshots, write: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(write)
            await snapshots.taken()
        except (OSError, StorageFailed) as error:
            log.warning("a snapshot was not written", extra={"reason": str(error)})

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if not self._tick_waits:
                self._tick_waits = True
                self._queue.append((TimerFired(), None))
                self._woken.set()

    # In.

    def _asked(self, operation: str, actor: Actor, wish: Any, subject: str, after: int, limit: int) -> Asked:
        self._requests += 1
        return Asked(self._requests, operation, actor, wish, subject, after, limit)

    async def _put(self, asked: Asked, waiter: Waiter) -> Any:
        if self._stopping or len(self._queue) >= QUEUE_INPUTS_MAX:
            self._counts["overloads_total"] += 1
            waiter.settle(refuse(OVERLOADED))
        else:
            self._queue.append((asked, waiter))
            self._woken.set()
        # Whoever asked may leave; the wish stays, and its key stays taken until it has an outcome.
        return await asyncio.shield(waiter.outcome)

    def _drained(self) -> list[tuple[Input, Waiter | None]]:
        """Take what waits off the queue, as far as it is bounded."""
        batch: list[tuple[Input, Waiter | None]] = []
        frame_bytes = 0
        while self._queue and len(batch) < BATCH_INPUTS_MAX and frame_bytes < BATCH_FRAME_BYTES_MAX:
            one = self._queue.popleft()
            match one[0]:
                case Received(frame=frame):
                    frame_bytes += len(frame)
                case TimerFired():
                    self._tick_waits = False
                case _:
                    pass
            batch.append(one)
        return batch

    async def _handled(self, waiting: list[tuple[Input, Waiter | None]]) -> Todo:
        """Return what a batch asks for: the replica goes on from it, before it is durable."""
        for one, waiter in waiting:
            if isinstance(one, Asked) and waiter is not None:
                self._pending[one.request] = waiter
        try:
            inputs = await self._let_in([one for one, _ in waiting])
            if not inputs:
                return Todo(marks=not self.replica.recovering)
            todo = Todo()
            names = self.replica.names(inputs)
            while inputs:
                brought = await self._brought(names)
                began = self._seconds()
                effects = self.replica.handle([*brought, *inputs], self._now())
                todo.add(await self._sorted(effects))
                self._counts["handle_seconds_total"] += self._seconds() - began
                lacking = _together(one for one in effects if isinstance(one, Fetch))
                done = len(inputs) - len(lacking.inputs) + any(isinstance(one, Brought) for one in lacking.inputs[:1])
                assert done or not names.issuperset(lacking.names), "what was brought is asked for again"
                before = names if lacking.inputs and not done else frozenset[Name]()
                inputs = [one for one in lacking.inputs if not isinstance(one, Brought)]
                names = before.union(lacking.names, self.replica.names(inputs))
            self._tell_behind()
            todo.inputs = len(waiting)
            todo.marks = not self.replica.recovering
            return todo
        finally:
            if self._peering is not None:
                self._peering.consumed(one for one, _ in waiting if isinstance(one, Received))

    def _tell_behind(self) -> None:
        """Log, once, that the books stand still, and what would let them go on."""
        behind = self.replica.behind
        if behind is not None and not self._told_behind:
            self._told_behind = True
            lacks = {"kind": behind.kind, "seq": behind.seq}
            log.error("the books stand still before an entry that this version does not know: upgrade", extra=lacks)

    async def _brought(self, names: Iterable[Name]) -> tuple[Brought, ...]:
        """Return the rows that a batch names, as they are stored or about to be; raises RowDamaged."""
        wanted = set(names)
        if not wanted:
            return ()
        tables = self.book.tables
        fresh = [self._fresh_rows[name] for name in wanted if name in self._fresh_rows]
        rows = [Fetched(one.kept.name, one.kept.place, opened(one.stored, one.kept.table)) for one in fresh]
        rows += await self.storage.fetch(wanted.difference(one.name for one in rows), tables)
        return (Brought(tuple(rows)),)

    async def _carry_out(self, todo: Todo) -> None:
        """Store, then send, then tell."""
        if todo.stored:
            await self._commit(todo.stored, marks=todo.marks)
        try:
            if self._peering is not None:
                self._peering.perform(todo.sent)
            self._subscriptions.tell(todo.stored.events)
        finally:
            for answer in todo.told:
                self._answer(answer.request, answer.result)
        self._bugs_in_a_row = 0
        self._counts["batches_total"] += 1
        self._counts["inputs_total"] += todo.inputs
        for forgotten in todo.stored.forgotten:
            if forgotten.network != self._network and forgotten.lane == COMMONS:
                self._recall(forgotten)
        if any(one.network == self._network and one.lane != IDENTITY for one in todo.stored.forgotten):
            raise Overtaken

    def _recall(self, forgotten: Forget) -> None:
        """Hand back what is left of a lane that was cut."""
        place = forgotten.network, forgotten.lane
        if (task := self._recalls.pop(place, None)) is not None:
            task.cancel()
        self._recalls[place] = asyncio.create_task(self._read_again(forgotten))

    async def _read_again(self, forgotten: Forget) -> None:
        network, lane, last, turn = forgotten
        first = True
        pages = self.storage.lane_pages(network, lane, 0, last, bytes_max=RANGE_BYTES_MAX)
        async for wires in pages:
            self._put_recalled(Recalled(network, turn, tuple(map(parse, wires)), first=first, last=False))
            first = False
        self._put_recalled(Recalled(network, turn, (), first=first, last=True))
        self._recalls.pop((network, lane), None)

    def _put_recalled(self, recalled: Recalled) -> None:
        self._queue.append((recalled, None))
        self._woken.set()

    async def _let_in(self, waiting: Sequence[Input]) -> list[Input]:
        """Return what the replica is to handle: not what was answered before, nor what cannot be stored."""
        await self._replay([one for one in waiting if isinstance(one, Asked)])
        inputs: list[Input] = []
        for one in waiting:
            match one:
                case Asked(request, operation):
                    if request not in self._pending:
                        continue
                    if not self._writable and isinstance(self.replica.operations[operation], (Create, Act)):
                        self._answer(request, refuse(STORAGE_FAILED))
                        continue
                case TimerFired():
                    await self._mind_storage()
                    if not self._writable:
                        continue
                case Received():
                    if not self._writable:
                        continue
                case PeerUp(peer):
                    if not self._writable and self._peering is not None:
                        # Its hello would be lost, and what it says once there is room be taken for a fault.
                        self._peering.turn_away(peer)
                        continue
                case PeerDown() | Recalled() | Brought():
                    pass
            inputs.append(one)
        return inputs

    async def _replay(self, asked: Sequence[Asked]) -> None:
        """Answer those wishes whose keys have got their answer before."""
        keyed = [
            (one.request, remember) for one in asked if (remember := self._pending[one.request].remember) is not None
        ]
        known = await self.storage.answers(remember.scope for _, remember in keyed) if keyed else {}
        for request, remember in keyed:
            answered = known.get(remember.scope)
            if answered is None:
                continue
            if answered.request == remember.request:
                body = await filled(answered.body, remember.scope, self._texts)
                self._answer(request, Remembered(answered.status, answered.content_type, body, True))
            else:
                self._answer(request, refuse(IDEMPOTENCY_REUSED))

    async def _mind_storage(self) -> None:
        """See whether a disk that was full has room again, and forget what is old."""
        now = self._now()
        try:
            if not self._writable:
                await self.storage.probe()
                self._writable = True
                log.warning("the disk takes entries again")
            if now >= self._prune_at_ms:
                self._prune_at_ms = now + PRUNE_EVERY_MS
                await self.storage.prune(now)
                await self.storage.empty_log()
        except StorageFailed as failure:
            log.warning("the disk does not take entries", extra={"reason": str(failure)})

    # Out.

    async def _sorted(self, effects: Iterable[Effect]) -> Todo:
        """Return effects by what is to be done, and render the answers that are to be remembered."""
        todo = Todo()
        stored = todo.stored
        for effect in effects:
            match effect:
                case Store(entry, lines, folded):
                    stored.entries.append(entry)
                    stored.lines += lines
                    if not folded and stored.unread is None:
                        stored.unread = entry.header.seq
                case Answer():
                    todo.told.append(effect)
                case Publish(kind, resource, audience, figures):
                    self._event_seq += 1
                    stored.events.append(Event(self._event_seq, kind, resource, audience, figures))
                case Forget():
                    stored.forget(effect)
                case StoreItem(item):
                    stored.items.append(item)
                    self._fresh_items[item.digest] = item
                case Erase():
                    stored.erase(effect)
                    self._erasing.append(effect)
                    kept = self._fresh_items.items()
                    self._fresh_items = {digest: item for digest, item in kept if not effect.covers(item)}
                case StoreFault(id, data):
                    stored.faults.append((id, data))
                case Keep(kept):
                    row = packed(kept)
                    stored.rows.append(row)
                    self._fresh_rows[kept.name] = row
                case Fetch():
                    pass
                case Send() | SendRange() | Drop():
                    todo.sent.append(effect)
        await self._remember(todo)
        return todo

    async def _remember(self, todo: Todo) -> None:
        """Render, in place, the answers that are stored with the entries that they speak of."""
        lasting = [
            (place, remember, answer)
            for place, answer in enumerate(todo.told)
            if answer.request in self._pending and (remember := self._pending[answer.request].remember)
        ]
        if not lasting:
            return
        wanted = [set(digests(answer.result)) for _, _, answer in lasting]
        texts = await self._texts(set().union(*wanted))
        now = self._now()
        for (place, remember, answer), refers in zip(lasting, wanted, strict=True):
            result = with_texts(answer.result, texts) if refers else answer.result
            status, content_type, body = remember.render(result)
            todo.told[place] = Answer(answer.request, Remembered(status, content_type, body, False))
            if refers:  # what is remembered names the texts, and never holds them
                _, _, body = remember.render(marked(answer.result, remember.scope))
            passes = isinstance(answer.result, Refused) and answer.result.reason.transient
            if not passes and status < SERVER_FAULT and status != TOO_MANY:
                todo.stored.answers.append(Answered(remember.scope, remember.request, status, content_type, body, now))

    async def _texts(self, wanted: set[bytes]) -> Mapping[bytes, Item]:
        """Return those of these items that are stored, or are about to be, and are not about to be erased."""
        fresh = {digest: self._fresh_items[digest] for digest in wanted & self._fresh_items.keys()}
        missing = wanted - fresh.keys()
        found = {**await self.storage.private.items(missing), **fresh} if missing else fresh
        if not self._erasing:
            return found
        return {digest: item for digest, item in found.items() if not any(one.covers(item) for one in self._erasing)}

    async def _commit(self, batch: Batch, *, marks: bool) -> None:
        began = self._seconds()
        await self.storage.commit(batch)
        for item in batch.items:
            self._fresh_items.pop(item.digest, None)
        self._erasing = [one for one in self._erasing if one not in batch.erased]
        for row in batch.rows:
            if self._fresh_rows.get(row.kept.name) is row:
                del self._fresh_rows[row.kept.name]
        self._counts["commit_seconds_total"] += self._seconds() - began
        self._counts["commits_total"] += 1
        self._counts["entries_total"] += len(batch.entries)
        self._unsnapped += len(batch.entries)
        reach = self._reach
        for entry in batch.entries:
            if entry.network == self._network:
                seq, head = (entry.header.seq, entry.id) if entry.header.lane == LEDGER else (reach.seq, reach.head)
                reach = Reach(max(reach.epoch, entry.header.epoch), seq, head, reach.count + 1)
        if reach is not self._reach:
            self._reach = reach
            if marks:
                self._advance(reach)

    def _answer(self, request: int, result: Any) -> None:
        waiter = self._pending.pop(request, None)
        if waiter is not None:
            waiter.settle(result)

    # When it goes wrong.

    async def _load_replica(self) -> None:
        """Fold in what is stored, and nothing else; peers have to come anew."""
        self._loading = True
        for task in self._recalls.values():
            task.cancel()
        self._recalls.clear()
        self._queue = deque(one for one in self._queue if not isinstance(one[0], Recalled))
        if self._peering is not None:
            self._peering.drop_all()
            self._peering.consumed(one for one, _ in self._queue if isinstance(one, Received))
            self._queue = deque(one for one in self._queue if isinstance(one[0], (Asked, TimerFired)))
        self._replica = await asyncio.to_thread(self._load)
        self._unsnapped = 0 if self._snapshots is None else self._snapshots.folded
        self._fresh_items.clear()
        self._erasing.clear()
        self._fresh_rows.clear()
        _, self._event_seq = await self.storage.events_kept()
        self._reach = await self.storage.reach(self._network) or Reach(0, -1, bytes(32), 0)
        if not self._replica.recovering:
            self._advance(self._reach)
        self._loading = False
        self._tell_behind()

    async def _distrust_rows(self, damaged: str) -> None:
        """Have all rows made anew at the next load: one is not what was stored, and nothing is signed on it."""
        log.error("a stored row is damaged: all are made anew from the entries", extra={"reason": damaged})
        await self.storage.distrust_rows()

    async def _on_storage_failed(self, reason: str) -> None:
        """Forget what could not be stored, so that memory never runs ahead of the disk."""
        log.error("the disk does not take entries", extra={"reason": reason})
        self._counts["storage_failures_total"] += 1
        self._writable = False
        for request in list(self._pending):
            self._answer(request, refuse(STORAGE_FAILED))
        await self._load_replica()

    async def _on_bug(self, error: Exception) -> None:
        """Forget a batch that met a bug of ours; raises BrokenForGood where it is one after the other."""
        # Its message could hold what members wrote.
        frames = traceback.extract_tb(error.__traceback__)
        where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        log.critical("a bug", extra={"bug": type(error).__name__, "where": where})
        self._counts["bugs_total"] += 1
        self._bugs_in_a_row += 1
        for request in list(self._pending):
            outcome = self._pending.pop(request).outcome
            if not outcome.done():
                outcome.set_exception(Broken(type(error).__name__))
        if self._bugs_in_a_row >= BUGS_IN_A_ROW_MAX:
            raise BrokenForGood(f"{BUGS_IN_A_ROW_MAX} bugs in a row, the last a {type(error).__name__} at {where[-1]}")
        await self._load_replica()


def _together(fetches: Iterable[Fetch]) -> Fetch:
    """Return what several parts of a batch wait for as one."""
    found = tuple(fetches)
    names = (name for one in found for name in one.names)
    return Fetch(tuple(dict.fromkeys(names)), tuple(one for fetch in found for one in fetch.inputs))
