# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is let in: while the disk is full nothing that would have to be stored, and nothing that was answered before."""

import logging
from collections.abc import Sequence

from node.loop.driven import DrivenReplica
from node.loop.peering import Peering
from node.loop.refusals import STORAGE_FAILED
from node.loop.waiting import Waiters
from node.store.connections import StorageFailed
from node.store.storage import Storage
from protocol.book.declaration import Act, Create
from protocol.book.refusals import refuse
from protocol.events import Asked, Input, PeerDown, PeerUp, Recalled, Received, ReckonedBeside, RowsBrought, TimerFired
from protocol.lanes.entry import Millis

PRUNE_EVERY_MS = 60_000
PURGE_EVERY_MS = 5_000
"""How long what was withdrawn or erased may still lie in the database's log."""

log = logging.getLogger(__name__)


class Disk:
    """A disk that was full is tried again at each tick."""

    def __init__(self, storage: Storage) -> None:
        self.writable = True
        """Whether it takes what is to be stored, as far as is known."""
        self._storage = storage
        self._prune_at_ms = self._purge_at_ms = 0

    def failed(self, reason: str) -> None:
        """Take it that nothing can be stored until the disk is tried again."""
        log.error("the disk does not take entries", extra={"reason": reason})
        self.writable = False

    async def mind(self, now: Millis) -> None:
        """See whether a disk that was full has room again, and forget what is old."""
        try:
            if not self.writable:
                await self._storage.probe()
                self.writable = True
                log.warning("the disk takes entries again")
            if now >= self._prune_at_ms:
                self._prune_at_ms = now + PRUNE_EVERY_MS
                await self._storage.prune(now)
            if now >= self._purge_at_ms:
                self._purge_at_ms = now + PURGE_EVERY_MS
                await self._storage.empty_log()
        except StorageFailed as failure:
            log.warning("the disk does not take entries", extra={"reason": str(failure)})


async def let_in(
    waiting: Sequence[Input], replica: DrivenReplica, waiters: Waiters, disk: Disk, peering: Peering | None, now: Millis
) -> list[Input]:
    """Return what the replica is to handle; the others are answered, turned away or come again."""
    await waiters.replay([one for one in waiting if isinstance(one, Asked)])
    inputs: list[Input] = []
    for one in waiting:
        match one:
            case Asked(request, operation):
                if request not in waiters:
                    continue
                if not disk.writable and isinstance(replica.operations[operation], (Create, Act)):
                    waiters.answer(request, refuse(STORAGE_FAILED))
                    continue
            case TimerFired():
                await disk.mind(now)
                if not disk.writable:
                    continue
            case Received():
                if not disk.writable:
                    continue
            case PeerUp(peer):
                if not disk.writable and peering is not None:
                    # Its hello would be lost, and what it says once there is room be taken for a fault.
                    peering.turn_away(peer)
                    continue
            case PeerDown() | Recalled() | RowsBrought() | ReckonedBeside():
                pass
        inputs.append(one)
    return inputs
