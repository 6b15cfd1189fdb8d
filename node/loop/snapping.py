# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a snapshot is taken, and that it is written while the loop goes on."""

import asyncio
import logging
from collections.abc import Callable

from node.loop.driven import DrivenReplica, Snapshots
from node.store.connections import StorageFailed

SNAPSHOT_EVERY_ENTRIES = 10_000
"""After so many stored entries a snapshot is taken: a start folds what came since."""
SNAPSHOT_AT_STOP_ENTRIES = 500
OTHERS_PER_ENTRY = 10
"""So many entries of other networks count as one of our own: they fold quickly, and strangers bring many.

While a snapshot is taken nothing else is done, so nobody else may say how often.
"""

log = logging.getLogger(__name__)


class Snapping:
    """Counts the entries that no snapshot has; `snapshots` is None where none is kept."""

    def __init__(self, snapshots: Snapshots | None) -> None:
        self._snapshots = snapshots
        self._entries = 0.0
        self._writing: asyncio.Task[None] | None = None

    @property
    def due(self) -> bool:
        """Whether a snapshot is to be taken as soon as nothing is under way."""
        return self._entries >= SNAPSHOT_EVERY_ENTRIES

    def loaded(self) -> None:
        """Begin anew, after a start that has folded what no snapshot had."""
        self._entries = 0 if self._snapshots is None else self._snapshots.folded

    def stored(self, own: int, of_others: int, *, outdated: bool = False) -> None:
        """Count entries that were stored, of our own network and of others.

        Where some were let go of, the newest snapshot is `outdated`: the next stop makes one. While the node runs none
        is made for that, since strangers would say how often.
        """
        self._entries += own + of_others / OTHERS_PER_ENTRY
        if outdated:
            self._entries = max(self._entries, SNAPSHOT_AT_STOP_ENTRIES)

    async def snap(self, replica: DrivenReplica) -> None:
        """Take a snapshot while nothing is under way; it is written while the loop goes on."""
        await self.written()
        self._entries = 0
        if self._snapshots is None:
            return
        write = await self._snapshots.take(replica)
        if write is not None:
            self._writing = asyncio.create_task(self._write(self._snapshots, write))

    async def snap_at_stop(self, replica: DrivenReplica) -> None:
        """Take one at the end of a run that has stored a good deal."""
        if self._entries >= SNAPSHOT_AT_STOP_ENTRIES:
            await self.snap(replica)

    async def written(self) -> None:
        """Wait until the one that is being written is."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write(self, snapshots: Snapshots, write: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(write)
            await snapshots.taken()
        except (OSError, StorageFailed) as error:
            log.warning("a snapshot was not written", extra={"reason": str(error)})
