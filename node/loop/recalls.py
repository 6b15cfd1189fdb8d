# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lanes that were cut are read again from the disk, page by page, beside the loop."""

import asyncio
from collections.abc import Callable

from node.store.storage import Storage
from protocol.events import Forget, Recalled
from protocol.lanes.entry import parse
from protocol.peers.messages import RANGE_BYTES_MAX


class Overtaken(Exception):
    """What is stored has gone back to before what the replica has in memory: it is to be loaded anew."""


class Recalls:
    """What reads them, one task a lane; `put` hands the loop what was read."""

    def __init__(self, storage: Storage, put: Callable[[Recalled], None]) -> None:
        self._storage = storage
        self._put = put
        self._tasks: dict[tuple[bytes, str], asyncio.Task[None]] = {}

    def begin(self, forgotten: Forget) -> None:
        """Hand back what is left of a lane that was cut."""
        place = forgotten.network, forgotten.lane
        if (task := self._tasks.pop(place, None)) is not None:
            task.cancel()
        self._tasks[place] = asyncio.create_task(self._read(forgotten))

    def end(self) -> None:
        """Read no more."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    async def _read(self, forgotten: Forget) -> None:
        network, lane, last, turn = forgotten
        first = True
        async for wires in self._storage.lane_pages(network, lane, 0, last, bytes_max=RANGE_BYTES_MAX):
            self._put(Recalled(network, turn, tuple(map(parse, wires)), first=first, last=False))
            first = False
        self._put(Recalled(network, turn, (), first=first, last=True))
        self._tasks.pop((network, lane), None)
