# SPDX-License-Identifier: AGPL-3.0-or-later
"""One queue in, one loop, effects out: first stored, then sent, then told.

Whatever comes while a batch is on its way to the disk is the next batch, and a batch is one transaction:
nobody hears of what is not durable, and what could not be stored has not happened.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from node.loop.batch import Batch
from node.loop.bugs import Bugs
from node.loop.counted import COUNTED
from node.loop.door import Disk, let_in
from node.loop.driven import DrivenReplica, Snapshots
from node.loop.handling import handled
from node.loop.inbox import Inbox, QueuedInput
from node.loop.looking import Looking
from node.loop.peering import Peering
from node.loop.recalls import Overtaken, Recalls
from node.loop.refusals import STORAGE_DAMAGED, STORAGE_FAILED
from node.loop.snapping import Snapping
from node.loop.subscriptions import Subscription, Subscriptions
from node.loop.telling import Telling
from node.loop.todo import LINGER_SECONDS, Todo, todo_of
from node.loop.underway import Underway
from node.loop.waiting import Remember, Remembered, Waiter, Waiters
from node.store.connections import StorageFailed, StorageUnusable
from node.store.lanes import Reach
from node.store.private import PrivateStore
from node.store.rows import RowDamaged
from node.store.storage import Storage
from protocol.book.book import Book
from protocol.book.declaration import PAGE_ITEMS_DEFAULT, Actor
from protocol.book.refusals import BEHIND, OVERLOADED, RECOVERING, SUCCEEDED, Refused, refuse
from protocol.events import Asked, PeerDown, PeerUp, Received
from protocol.lanes.entry import COMMONS, IDENTITY, Millis
from protocol.peers.ties import Tie

BATCH_INPUTS_MAX = 256
"""How many inputs are handled at most while the batch before them is on its way to the disk."""
READY, STOPPED = "READY", "STOPPED"

log = logging.getLogger(__name__)


class Runtime:
    """Drives one replica: opened by `start`, driven by `run`, ended by `stop`."""

    def __init__(
        self,
        storage: Storage,
        load: Callable[[], DrivenReplica],
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
        self._network = network
        self._now = now
        self._seconds = seconds
        self._advance = advance

        self._replica: DrivenReplica | None = None
        self._reach = Reach(0, -1, bytes(32), 0)
        self._peering: Peering | None = None
        self._subscriptions = Subscriptions(storage, 0)

        self._inbox = Inbox(seconds)
        self._requests = 0
        self._underway = Underway(storage)
        self._waiters = Waiters(storage, self._underway)
        self._recalls = Recalls(storage, self._inbox.recall)
        self._snapping = Snapping(snapshots)
        self._disk = Disk(storage)
        self._looking = Looking(storage, self._underway, network, self._inbox.recall)
        self._event_seq = 0
        self._loading = True
        self._stopping = False
        self._bugs = Bugs()
        self._telling = Telling()
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
            return SUCCEEDED.code
        if not self._loading and self.replica.behind is not None:
            return BEHIND.code
        waits = self._loading or self.replica.recovering or self.replica.comparing
        return RECOVERING.code if waits else READY

    @property
    def writable(self) -> bool:
        """Whether the disk takes what is to be stored, as far as is known."""
        return self._disk.writable

    @property
    def replica(self) -> DrivenReplica:
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
            "writable": self._disk.writable,
            "queue_inputs": len(self._inbox),
            "answers_awaited": len(self._waiters),
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
        waiter = self._waiters.open()
        assert isinstance(waiter, Waiter), "a wish without a key waits for nothing"
        result = await self._outcome(waiter, Asked(self._request(), operation, actor, wish, subject, after, limit))
        try:
            return await self._looking.up((operation, wish), result, self.book, actor)
        except StorageUnusable:
            return refuse(STORAGE_DAMAGED)

    async def knows(self, scope: bytes) -> bool:
        """Tell whether the key of this idempotency scope has got its answer, or is under way to it."""
        return await self._waiters.knows(scope)

    async def ask_once(
        self, operation: str, actor: Actor, wish: Any = None, *, subject: str = "", remember: Remember
    ) -> Remembered:
        """Return the answer to a wish, the same for the same key; raises Broken."""
        waiter = self._waiters.open(remember)
        if isinstance(waiter, Refused):
            return Remembered(*remember.render(waiter), False)
        return await self._outcome(waiter, Asked(self._request(), operation, actor, wish, subject))

    def subscribe(self, after: int | None, types: frozenset[str] | None, actor: Actor) -> Subscription:
        """Return the events after this seq (None: from now on) of these types that an actor may know."""
        return self._subscriptions.open(after, types, actor)

    def hear(self, heard: PeerUp | PeerDown | Received) -> None:
        """Take in what the network brings; it is told when frames are dealt with."""
        assert self._peering is not None
        admitted = self._peering.admitted(heard)
        if admitted is not None:
            tie = self._peering.tie_of(admitted.peer) or Tie.STRANGER
            self._peering.consumed(self._inbox.hear(admitted, tie))

    # Life.

    async def start(self) -> None:
        """Fold in what is stored; raises StorageUnusable."""
        await self._load_replica()
        self._subscriptions.newest = self._event_seq

    def connect(self, peering: Peering) -> None:
        """Send to these peers from now on."""
        self._peering = peering
        if self._replica is not None:
            peering.know(self._replica.ties())

    async def run(self) -> None:
        """Take batch after batch until `stop`; raises BrokenForGood."""
        ticking = asyncio.create_task(self._inbox.tick())
        try:
            await self._work()
            await self._snapping.snap_at_stop(self.replica)
        finally:
            self._stopping = True
            ticking.cancel()
            await self._snapping.written()
            self._recalls.end()
            for waiter in self._inbox.close():
                waiter.settle(refuse(OVERLOADED))
            self._waiters.answer_all(refuse(OVERLOADED))
            self._subscriptions.end()

    def stop(self) -> None:
        """Let `run` end after the batch in hand; what waits is told to come again."""
        self._stopping = True
        self._inbox.woken.set()

    async def _work(self) -> None:
        """Handle what comes while the batch before it is on its way to the disk."""
        todo, committing = Todo(), None
        while committing is not None or todo.inputs or not self._stopping:
            try:
                if committing is not None and committing.done():
                    committing.result()
                    committing = None
                    continue  # it may have been all that was waited for
                if committing is None and todo.is_due(asyncio.get_running_loop().time()):
                    committing = asyncio.create_task(self._carry_out(todo))
                    committing.add_done_callback(lambda _: self._inbox.woken.set())
                    todo = Todo()
                due = self._snapping.due
                if due and committing is None and not todo.inputs:
                    await self._snapping.snap(self.replica)
                elif self._inbox.ready and todo.inputs < BATCH_INPUTS_MAX and not self._stopping and not due:
                    await self._take_turns(todo)
                else:
                    await self._inbox.woken.wait()
                    self._inbox.woken.clear()
            except StorageFailed as failure:
                todo, committing = Todo(), None
                await self._on_storage_failed(str(failure))
            except RowDamaged as damaged:
                todo, committing = Todo(), None
                await self._distrust_rows(str(damaged))
                self._waiters.answer_all(refuse(OVERLOADED))
                await self._load_replica()
            except Overtaken:
                # What was handled since stands on what is none any more; peers bring it again.
                todo, committing = Todo(), None
                log.warning("a rotation has left out what was held of this network's books: they are loaded anew")
                self._waiters.answer_all(refuse(OVERLOADED))
                await self._load_replica()
            except Exception as error:  # noqa: BLE001 - whatever it is, it ends with what is not durable yet
                if committing is not None:
                    await asyncio.wait([committing])
                todo, committing = Todo(), None
                await self._on_bug(error)

    # In.

    def _request(self) -> int:
        self._requests += 1
        return self._requests

    async def _outcome(self, waiter: Waiter, asked: Asked) -> Any:
        if self._stopping or self._inbox.full:
            self._counts["overloads_total"] += 1
            waiter.settle(refuse(OVERLOADED))
        else:
            self._inbox.ask(asked, waiter)
        # Whoever asked may leave; the wish stays, and its key stays taken until it has an outcome.
        return await asyncio.shield(waiter.outcome)

    async def _take_turns(self, todo: Todo) -> None:
        """Handle what waits: first what members wish and partners bring, then others' turn, one input at a time."""
        if self._peering is not None and self._peering.know(self.replica.ties()):
            self._inbox.retie(self._peering.tie_of)
        loop = asyncio.get_running_loop()
        todo.begun = todo.begun if todo.inputs else loop.time()
        if waiting := self._inbox.drain():
            todo.add(await self._handled(waiting))
            todo.urgent = True
        began = self._seconds()
        for heard in self._inbox.turn():
            todo.add(done := await self._handled([(heard, None)]))
            if self._peering is not None and done.stored.entries:
                self._peering.commend(heard.peer)
        self._counts["others_seconds_total"] += self._seconds() - began
        if not todo.urgent:
            loop.call_later(LINGER_SECONDS, self._inbox.woken.set)
        await asyncio.sleep(0)  # whoever waits at the door has a turn too

    async def _handled(self, waiting: list[QueuedInput]) -> Todo:
        """Return what a batch asks for: the replica goes on from it, before it is durable."""
        for one, waiter in waiting:
            if isinstance(one, Asked) and waiter is not None:
                self._waiters.await_(one.request, waiter)
        try:
            came = [one for one, _ in waiting]
            inputs = await let_in(came, self.replica, self._waiters, self._disk, self._peering, self._now())
            todo = Todo()
            began = self._seconds()
            async for effects in handled(self.replica, inputs, self._underway, self._now()):
                more = todo_of(effects, self._underway, self._next_event)
                more.stored.answers += await self._waiters.render(more.told, self._now())
                todo.add(more)
            self._counts["handle_seconds_total"] += self._seconds() - began
            self._telling.tell(self.replica.troubles, self.replica.behind)
            todo.inputs = len(waiting)
            todo.marks = not self.replica.recovering
            return todo
        finally:
            if self._peering is not None:
                self._peering.consumed(one for one, _ in waiting)

    async def _carry_out(self, todo: Todo) -> None:
        """Store, then send, then tell."""
        if todo.stored:
            await self._commit(todo.stored, marks=todo.marks)
        try:
            if self._peering is not None:
                self._peering.perform(todo.sent)
            self._subscriptions.tell(todo.stored.events)
            self._telling.tell_faults(todo.stored.events)
        finally:
            for answer in todo.told:
                self._waiters.answer(answer.request, answer.result)
        self._looking.begin(todo.reckoned)
        self._bugs.passed()
        self._counts["batches_total"] += 1
        self._counts["inputs_total"] += todo.inputs
        for forgotten in todo.stored.forgotten:
            if forgotten.network != self._network and forgotten.lane == COMMONS:
                self._recalls.begin(forgotten)
        if any(one.network == self._network and one.lane != IDENTITY for one in todo.stored.forgotten):
            raise Overtaken

    # Out.

    def _next_event(self) -> int:
        self._event_seq += 1
        return self._event_seq

    async def _commit(self, batch: Batch, *, marks: bool) -> None:
        began = self._seconds()
        await self.storage.commit(batch)
        self._underway.stored(batch)
        self._counts["commit_seconds_total"] += self._seconds() - began
        self._counts["commits_total"] += 1
        self._counts["entries_total"] += len(batch.entries)
        own = sum(one.network == self._network for one in batch.entries)
        self._snapping.stored(own, len(batch.entries) - own, outdated=bool(batch.forgotten))
        before, self._reach = self._reach, self._reach.with_entries(self._network, batch.entries)
        if marks and self._reach is not before:
            self._advance(self._reach)

    # When it goes wrong.

    async def _load_replica(self) -> None:
        """Fold in what is stored, and nothing else; peers have to come anew."""
        self._loading = True
        self._recalls.end()
        self._inbox.drop_recalled()
        if self._peering is not None:
            self._peering.drop_all()
            self._peering.consumed(self._inbox.drop_peers())
        await self.storage.search.close()
        replica = self._replica = await asyncio.to_thread(self._load)
        await self.storage.search.open()
        self._snapping.loaded()
        self._underway.clear()
        _, self._event_seq = await self.storage.events_kept()
        self._reach = await self.storage.reach(self._network) or Reach(0, -1, bytes(32), 0)
        if not replica.recovering:
            self._advance(self._reach)
        self._loading = False
        self._telling.tell(self.replica.troubles, self.replica.behind)

    async def _distrust_rows(self, damaged: str) -> None:
        """Have all rows made anew at the next load: one is not what was stored, and nothing is signed on it."""
        log.error("a stored row is damaged: all are made anew from the entries", extra={"reason": damaged})
        await self.storage.distrust_rows()

    async def _on_storage_failed(self, reason: str) -> None:
        """Forget what could not be stored, so that memory never runs ahead of the disk."""
        self._disk.failed(reason)
        self._counts["storage_failures_total"] += 1
        self._waiters.answer_all(refuse(STORAGE_FAILED))
        await self._load_replica()

    async def _on_bug(self, error: Exception) -> None:
        """Forget a batch that met a bug of ours; raises BrokenForGood where it is one after the other."""
        bug = self._bugs.note(error)
        self._counts["bugs_total"] += 1
        self._waiters.break_all(bug)
        self._bugs.end_if_broken()
        await self._load_replica()
