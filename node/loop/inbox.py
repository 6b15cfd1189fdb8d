# SPDX-License-Identifier: AGPL-3.0-or-later
"""The queues in: wishes with those who wait for them, what peers bring, and the tick of the clock.

Each has its own bound, so that no peer, whatever it sends, keeps a member's wish from being heard.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator

from node.loop.turns import FromPeer, Turns
from node.loop.waiting import Waiter
from protocol.events import Asked, Input, Recalled, Received, ReckonedBeside, TimerFired
from protocol.peers.ties import Tie

WISHES_WAITING_MAX = 4_096
"""How many wishes may wait; one that comes then is told that the node is overloaded."""
BATCH_WISHES_MAX = 256
TICK_SECONDS = 1.0

QueuedInput = tuple[Input, Waiter | None]


class Inbox:
    """What waits to be handled; `woken` is set whenever there may be something to do."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self.woken = asyncio.Event()
        self._seconds = seconds
        self._wishes: deque[tuple[Asked, Waiter]] = deque()
        self._recalled: deque[Recalled | ReckonedBeside] = deque()
        self._tick_waits = False
        self._turns = Turns()
        self._alarm: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Return how many inputs wait."""
        return len(self._wishes) + len(self._recalled) + self._tick_waits + len(self._turns)

    @property
    def full(self) -> bool:
        """Whether a wish that comes now has to come again."""
        return len(self._wishes) >= WISHES_WAITING_MAX

    @property
    def ready(self) -> bool:
        """Whether there is something whose turn it is."""
        return self._near_waits or self._turns.far_waits(self._seconds())

    @property
    def _near_waits(self) -> bool:
        return bool(self._wishes or self._recalled or self._tick_waits or self._turns.near_waits)

    # In.

    def ask(self, asked: Asked, waiter: Waiter) -> None:
        """Let a wish wait for the next batch."""
        self._wishes.append((asked, waiter))
        self.woken.set()

    def recall(self, recalled: Recalled | ReckonedBeside) -> None:
        """Let what was read again from the disk, or reckoned beside, wait for the next batch."""
        self._recalled.append(recalled)
        self.woken.set()

    def hear(self, heard: FromPeer, tie: Tie) -> list[Received]:
        """Let what a peer brings wait for its turn; returns the frames that are let go of instead."""
        gone = self._turns.put(heard, tie)
        self.woken.set()
        return gone

    def retie(self, tie_of: Callable[[str], Tie | None]) -> None:
        """Know that ties have changed."""
        self._turns.retie(tie_of)

    async def tick(self) -> None:
        """Let the hour wait for the next batch each second, but never twice."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._tick_waits = True
            self.woken.set()

    # Out.

    def drain(self) -> list[QueuedInput]:
        """Take a batch: the hour, wishes, and what partners and own nodes have brought, each as far as its bound."""
        batch: list[QueuedInput] = []
        if self._tick_waits:
            self._tick_waits = False
            batch.append((TimerFired(round(self._seconds() * 1000)), None))
        if self._recalled:
            batch.append((self._recalled.popleft(), None))
        if self._wishes:
            self._turns.note_wish(self._seconds())
        batch += (self._wishes.popleft() for _ in range(min(len(self._wishes), BATCH_WISHES_MAX)))
        batch += ((heard, None) for heard in self._turns.near())
        return batch

    def turn(self) -> Iterator[FromPeer]:
        """Yield what other peers have brought, until their turn ends; each is handled before the next is asked for."""
        if self._turns.far_waits(self._seconds()):
            yield from self._turns.far(self._seconds)
        rest = self._turns.rest_seconds(self._seconds())
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None if rest is None else asyncio.get_running_loop().call_later(rest, self.woken.set)

    def drop_recalled(self) -> None:
        """Let go of what was read again from the disk: it is read anew."""
        self._recalled.clear()

    def drop_peers(self) -> list[Received]:
        """Let go of all that peers have brought; returns the frames."""
        return self._turns.clear()

    def close(self) -> list[Waiter]:
        """Let go of everything; returns those who wait for wishes in it."""
        waiters = [waiter for _, waiter in self._wishes]
        self._wishes.clear()
        self._recalled.clear()
        self._turns.clear()
        self._tick_waits = False
        if self._alarm is not None:
            self._alarm.cancel()
        return waiters
