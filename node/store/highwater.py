# SPDX-License-Identifier: AGPL-3.0-or-later
"""How far this node had signed, kept outside the database: what shows that the database is an old copy.

A node that signed on from an old copy would say two things at one place of a lane (PROTOCOL 6).
"""

import os
import struct
from hashlib import sha256
from pathlib import Path

from node.store.lanes import Reach
from node.store.storage import Storage
from protocol.lanes.entry import LEDGER

SLOT_BYTES = 512
"""One sector: a write that is torn spoils one of the two slots."""
_SLOT = struct.Struct(">8s32sQQq32sQ")
_MAGIC = b"mutirao1"
_CHECK_BYTES = 32


class HighWater:
    """The mark of one network's home: two slots, written in turn after each commit.

    Writes are not forced to the disk: what the process wrote outlives it in any case, and a power cut can
    only leave an older mark, which is harmless.
    """

    def __init__(self, path: Path, network: bytes) -> None:
        self._network = network
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._turn = 0
        self._mark: Reach | None = None
        for slot in (0, 1):
            found = self._slot(os.pread(self._descriptor, SLOT_BYTES, slot * SLOT_BYTES))
            if found is not None and found[0] > self._turn:
                self._turn, self._mark = found

    def read(self) -> Reach | None:
        """Return the newest mark, or None where there is none that can be read."""
        return self._mark

    def advance(self, reach: Reach) -> None:
        """Put a new mark in the place of the older one of the two."""
        self._turn += 1
        self._mark = reach
        data = _SLOT.pack(_MAGIC, self._network, self._turn, reach.epoch, reach.seq, reach.head, reach.count)
        os.pwrite(self._descriptor, (data + _check(data)).ljust(SLOT_BYTES, b"\0"), (self._turn % 2) * SLOT_BYTES)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _slot(self, data: bytes) -> tuple[int, Reach] | None:
        fields, check = data[: _SLOT.size], data[_SLOT.size : _SLOT.size + _CHECK_BYTES]
        if len(fields) < _SLOT.size or check != _check(fields):
            return None
        magic, network, turn, epoch, seq, head, count = _SLOT.unpack(fields)
        if magic != _MAGIC or network != self._network:
            return None
        return turn, Reach(epoch, seq, head, count)


async def why_recover(mark: Reach | None, storage: Storage, network: bytes) -> str | None:
    """Return why nothing may be signed from this database yet, or None where it holds all that was signed."""
    stored = await storage.reach(network)
    if stored is None:
        return None if mark is None else "the database is empty, and this network has signed entries before"
    if mark is None:
        return "the high-water mark is missing or cannot be read"
    if mark.epoch > stored.epoch:
        return f"this network had opened epoch {mark.epoch}, and the database ends in epoch {stored.epoch}"
    if mark.count > stored.count:
        return f"this network had signed {mark.count} entries, and the database holds {stored.count} of them"
    if mark.seq >= 0 and not await storage.holds(network, LEDGER, mark.seq, mark.head):
        return "the database does not hold the newest ledger entry that this network had signed"
    return None


async def opened_since(mark: Reach | None, storage: Storage, network: bytes) -> int:
    """Return the newest epoch that this network has opened since the database was copied, 0 where it has opened none.

    An epoch that is opened a second time is a fork of the network's own identity.
    """
    stored = await storage.reach(network)
    if mark is None or (stored is not None and mark.epoch <= stored.epoch):
        return 0
    return mark.epoch


def _check(fields: bytes) -> bytes:
    return sha256(fields).digest()
