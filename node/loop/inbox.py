# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one queue in: wishes with those who wait for them, what peers bring, and the tick of the clock."""

import asyncio
from collections import deque
from collections.abc import Callable

from node.loop.waiting import Waiter
from protocol.events import Input, Received, TimerFired

QUEUE_INPUTS_MAX = 4_096
"""How many inputs may wait; a wish that comes then is told that the node is overloaded."""
BATCH_INPUTS_MAX = 256
BATCH_FRAME_BYTES_MAX = 4 * 1024 * 1024
TICK_SECONDS = 1.0

QueuedInput = tuple[Input, Waiter | None]


class Inbox:
    """Inputs in the order of their coming; `woken` is set whenever there may be something to do."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self._queue: deque[QueuedInput] = deque()
        self._tick_waits = False

    def __len__(self) -> int:
        """Return how many inputs wait."""
        return len(self._queue)

    @property
    def full(self) -> bool:
        """Whether a wish that comes now has to come again."""
        return len(self._queue) >= QUEUE_INPUTS_MAX

    def put(self, one: Input, waiter: Waiter | None = None) -> None:
        """Let an input wait for the next batch."""
        self._queue.append((one, waiter))
        self.woken.set()

    async def tick(self) -> None:
        """Put the hour into the queue each second, but never twice."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if not self._tick_waits:
                self._tick_waits = True
                self.put(TimerFired())

    def drain(self) -> list[QueuedInput]:
        """Take a batch off the queue: what waits, as far as it is bounded."""
        batch: list[QueuedInput] = []
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

    def drop(self, dropped: Callable[[Input], bool]) -> list[Input]:
        """Take out of the queue what is not to be handled any more, and return it."""
        gone = [one for one, _ in self._queue if dropped(one)]
        self._queue = deque(arrived for arrived in self._queue if not dropped(arrived[0]))
        return gone

    def close(self) -> list[Waiter]:
        """Empty the queue; return those who wait for wishes in it."""
        waiters = [waiter for _, waiter in self._queue if waiter is not None]
        self._queue.clear()
        return waiters
