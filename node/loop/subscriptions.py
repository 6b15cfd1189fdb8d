# SPDX-License-Identifier: AGPL-3.0-or-later
"""Telling subscribers what happened: each event once and in order, from where they left off."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from node.loop.batch import EventStored
from node.store.storage import Storage
from protocol.book.declaration import READERS, Actor
from protocol.events import MISSED

WAITING_EVENTS_MAX = 1_024
"""How far a reader may fall behind before it is dropped; it can come back and catch up."""

Told = tuple[int, str, str, Mapping[str, Any]]
"""seq, type, resource, figures"""


class Subscription:
    """An asynchronous iterator of events; it ends when its reader is too slow or the node stops."""

    def __init__(
        self,
        everybody: "Subscriptions",
        after: int | None,
        types: frozenset[str] | None,
        actor: Actor,
    ) -> None:
        self._everybody = everybody
        self._types = types
        self._actor = actor
        # What is stored already is read from the database; what comes from now on is kept here.
        self._stored_until = everybody.newest
        self._after = self._stored_until if after is None else after
        self._stored: deque[Told] = deque()
        if self._after > self._stored_until:
            # This node was put back to an old copy: under the numbers between other things happen now.
            self._stored.append((self._stored_until, MISSED, "", {}))
        self._coming: deque[Told] = deque()
        self._wake = asyncio.Event()
        self._ended = False

    def __aiter__(self) -> "Subscription":
        """Return itself."""
        return self

    async def __anext__(self) -> Told:
        """Return the next event; nothing is lost where waiting for it is cancelled."""
        while not self._ended:
            if self._stored:
                return self._stored.popleft()
            if self._after < self._stored_until:
                await self._catch_up()
            elif self._coming:
                return self._coming.popleft()
            else:
                self._wake.clear()
                await self._wake.wait()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End it; nothing more is kept for it."""
        self.end()

    def end(self) -> None:
        """Let it end, at once."""
        self._ended = True
        self._everybody.forget(self)
        self._wake.set()

    def tell(self, event: EventStored) -> None:
        """Keep an event for the reader, or end where too many wait already."""
        if not self._wants(event):
            return
        if len(self._coming) < WAITING_EVENTS_MAX:
            self._coming.append(_told(event))
            self._wake.set()
        else:
            self.end()

    def _wants(self, event: EventStored) -> bool:
        """Tell whether an event is for this reader: officers may know all, members what concerns them."""
        if event.type == MISSED:
            return True
        if self._types is not None and event.type not in self._types:
            return False
        return self._actor.role in READERS or self._actor.member in event.audience

    async def _catch_up(self) -> None:
        events = [one for one in await self._everybody.stored(self._after) if one.seq <= self._stored_until]
        if not events or events[0].seq > self._after + 1:
            last_missed = events[0].seq - 1 if events else self._stored_until
            self._stored.append((last_missed, MISSED, "", {}))
        self._stored += (_told(event) for event in events if self._wants(event))
        self._after = events[-1].seq if events else self._stored_until


class Subscriptions:
    """All readers of one node's events; `newest` is the seq of the last event that was stored."""

    def __init__(self, storage: Storage, newest: int) -> None:
        self.newest = newest
        self.stored = storage.events
        self._open: set[Subscription] = set()

    def __len__(self) -> int:
        """Count the readers."""
        return len(self._open)

    def open(self, after: int | None, types: frozenset[str] | None, actor: Actor) -> Subscription:
        """Return the events after this seq (None: from now on) of these types that an actor may know."""
        subscription = Subscription(self, after, types, actor)
        self._open.add(subscription)
        return subscription

    def tell(self, events: Iterable[EventStored]) -> None:
        """Tell all readers of events that are durable now; none is waited for."""
        for event in events:
            self.newest = event.seq
            for subscription in list(self._open):
                subscription.tell(event)

    def forget(self, subscription: Subscription) -> None:
        """Keep nothing more for a reader."""
        self._open.discard(subscription)

    def end(self) -> None:
        """Let all readers end."""
        for subscription in list(self._open):
            subscription.end()


def _told(event: EventStored) -> Told:
    return event.seq, event.type, event.resource, event.figures
