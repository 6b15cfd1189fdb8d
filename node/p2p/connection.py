# SPDX-License-Identifier: AGPL-3.0-or-later
"""A connection as both threads see it: frames queued one way, counted the other, bounded in both, no lock."""

from collections import deque
from dataclasses import dataclass
from math import inf

import trio

from node.p2p.admission import HANDSHAKES_MAX, HANDSHAKES_PER_ADDRESS_MAX, INBOUND_MAX, INBOUND_PER_ADDRESS_MAX
from node.p2p.ending import ConnectionFault
from protocol.peers.messages import FRAME_BYTES_MAX

FRAME_LENGTH_BYTES = 4
WRITE_BATCH_BYTES = 64 * 1024

OUTBOX_BYTES_MAX = 8 * 1024 * 1024
UNCONSUMED_BYTES_MAX = 4 * 1024 * 1024
UNCONSUMED_FRAMES_MAX = 1024
UNCONSUMED_BYTES_TOTAL_MAX = 32 * 1024 * 1024
UNCONSUMED_FRAMES_TOTAL_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class NetworkBounds:
    """How much peers may ask of this host before it says no."""

    frame_bytes_max: int = FRAME_BYTES_MAX
    handshakes_max: int = HANDSHAKES_MAX
    handshakes_per_address_max: int = HANDSHAKES_PER_ADDRESS_MAX
    inbound_max: int = INBOUND_MAX
    inbound_per_address_max: int = INBOUND_PER_ADDRESS_MAX
    outbox_bytes_max: int = OUTBOX_BYTES_MAX
    unconsumed_bytes_max: int = UNCONSUMED_BYTES_MAX
    unconsumed_frames_max: int = UNCONSUMED_FRAMES_MAX
    unconsumed_bytes_total_max: int = UNCONSUMED_BYTES_TOTAL_MAX
    unconsumed_frames_total_max: int = UNCONSUMED_FRAMES_TOTAL_MAX


class FlowWindow:
    """Counts what was handed to a reader in another thread and not consumed there.

    The giver writes `given_*` and `waiting`, the taker writes `taken_*` and clears `waiting`: no lock.
    """

    def __init__(self, *, bytes_max: int, frames_max: int) -> None:
        self._bytes_max = bytes_max
        self._frames_max = frames_max
        self._given_bytes = self._given_frames = 0
        self._taken_bytes = self._taken_frames = 0
        self._waiting = False
        self._relief = trio.Event()

    @property
    def full(self) -> bool:
        """Whether the taker owes so much that nothing more is given."""
        return self._owed(1)

    def give(self, size: int) -> None:
        """Count a frame that is handed over; one frame may go beyond the limit."""
        self._given_bytes += size
        self._given_frames += 1

    def take(self, size: int) -> bool:
        """Count a frame that was consumed; true if the giver waits and should now be relieved."""
        self._taken_bytes += size
        self._taken_frames += 1
        if self._waiting and not self._owed(2):
            self._waiting = False
            return True
        return False

    def relieve(self) -> None:
        """Wake the giver; called in the giver's thread."""
        self._relief.set()

    async def wait(self) -> None:
        """Wait, as a giver, until half is consumed."""
        while self.full:
            if self._relief.is_set():  # else others wait for it already
                self._relief = trio.Event()
            self._waiting = True
            if self.full:  # else it was consumed before the taker could see that we wait
                await self._relief.wait()

    def _owed(self, parts: int) -> bool:
        return (
            self._given_bytes - self._taken_bytes >= self._bytes_max // parts
            or self._given_frames - self._taken_frames >= self._frames_max // parts
        )


class Outbox:
    """Frames on their way to one peer: put in one thread, taken in the other, bounded in bytes."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._frames: deque[bytes] = deque()
        self._put_bytes = self._taken_bytes = 0
        self._asleep = False
        self._filled = trio.Event()

    def put(self, frame: bytes) -> bool:
        """Queue a frame; false if it does not fit, unless the queue is empty."""
        size = FRAME_LENGTH_BYTES + len(frame)
        queued = self._put_bytes - self._taken_bytes
        if queued and queued + size > self._bytes_max:
            return False
        self._put_bytes += size
        self._frames.append(frame)
        return True

    def needs_waking(self) -> bool:
        """Whether the taker sleeps and nobody has called `wake` for it yet."""
        if self._asleep:
            self._asleep = False
            return True
        return False

    def wake(self) -> None:
        """Wake the taker; called in the taker's thread."""
        self._filled.set()

    async def take(self) -> tuple[bytes, int]:
        """Wait for frames and return some of them, each behind its length, and how many."""
        while not self._frames:
            self._filled = trio.Event()
            self._asleep = True
            if not self._frames:  # else it came before the putter could see that we sleep
                await self._filled.wait()
        self._asleep = False
        parts: list[bytes] = []
        size = count = 0
        while self._frames and size < WRITE_BATCH_BYTES:
            frame = self._frames.popleft()
            parts += (len(frame).to_bytes(FRAME_LENGTH_BYTES, "big"), frame)
            size += FRAME_LENGTH_BYTES + len(frame)
            count += 1
        return b"".join(parts), count

    def sent(self, size: int) -> None:
        """Make room again for this many bytes."""
        self._taken_bytes += size


class FrameDecoder:
    """Cuts a stream of bytes into frames; a frame too long is refused by its length alone."""

    def __init__(self, frame_bytes_max: int) -> None:
        self._frame_bytes_max = frame_bytes_max
        self._buffer = bytearray()

    @property
    def within_frame(self) -> bool:
        """Whether the rest of a frame is awaited."""
        return bool(self._buffer)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the frames that this chunk completes, or raise ConnectionFault."""
        buffer = self._buffer
        buffer += chunk
        frames: list[bytes] = []
        at = 0
        with memoryview(buffer) as view:
            while len(buffer) - at >= FRAME_LENGTH_BYTES:
                size = int.from_bytes(view[at : at + FRAME_LENGTH_BYTES], "big")
                if size > self._frame_bytes_max:
                    raise ConnectionFault("the peer announced a frame that is too long")
                end = at + FRAME_LENGTH_BYTES + size
                if len(buffer) < end:
                    break
                frames.append(bytes(view[at + FRAME_LENGTH_BYTES : end]))
                at = end
        del buffer[:at]
        return frames


class Connection:
    """A live stream to one peer, seen from both threads."""

    def __init__(
        self,
        peer: str,
        public_key: bytes,
        address: str,
        *,
        outbound: bool,
        address_class: str,
        outbox: Outbox,
        windows: tuple[FlowWindow, FlowWindow],
    ) -> None:
        self.peer = peer
        self.public_key = public_key
        self.address = address
        self.outbound = outbound
        self.address_class = address_class
        self.outbox = outbox
        self.windows = windows  # its own, and the one that all share
        self.since: float | None = None
        self.down_for: str | None = None
        self.ended = trio.Event()
        self.scope = trio.move_on_at(inf)
