# SPDX-License-Identifier: AGPL-3.0-or-later
"""A connection as both threads see it: frames queued one way, counted the other, bounded in both, no lock."""

from collections import deque
from dataclasses import dataclass
from math import inf

import trio

from node.p2p.admission import (
    HANDSHAKES_MAX,
    HANDSHAKES_PER_ADDRESS_MAX,
    INBOUND_KEPT_MAX,
    INBOUND_MAX,
    INBOUND_PER_ADDRESS_MAX,
)
from node.p2p.ending import ConnectionFault
from node.p2p.yamux import BoundedStream
from protocol.peers.messages import FRAME_BYTES_MAX
from protocol.peers.ties import Tie

FRAME_LENGTH_BYTES = 4
WRITE_BATCH_BYTES = 64 * 1024

OUTBOX_BYTES_MAX = 8 * 1024 * 1024
OUTBOXES_BYTES_MAX = 64 * 1024 * 1024
UNCONSUMED_BYTES_MAX = 4 * 1024 * 1024
UNCONSUMED_FRAMES_MAX = 1024
UNCONSUMED_BYTES_TOTAL_MAX = 32 * 1024 * 1024
UNCONSUMED_FRAMES_TOTAL_MAX = 64 * 1024

FAR_OUTBOX_BYTES_MAX = 128 * 1024
FAR_OUTBOXES_BYTES_MAX = 8 * 1024 * 1024
FAR_UNCONSUMED_BYTES_MAX = 128 * 1024
FAR_UNCONSUMED_FRAMES_MAX = 64
FAR_UNCONSUMED_BYTES_TOTAL_MAX = 8 * 1024 * 1024
FAR_UNCONSUMED_FRAMES_TOTAL_MAX = 4096
LONG_FRAME_BYTES = 64 * 1024
LONG_FRAMES_MAX = 8


@dataclass(frozen=True, slots=True)
class PeerBounds:
    """How much memory one peer may take, and all of its sort together: what waits for it, and what waits for us."""

    outbox_bytes_max: int
    outboxes_bytes_max: int
    unconsumed_bytes_max: int
    unconsumed_frames_max: int
    unconsumed_bytes_total_max: int
    unconsumed_frames_total_max: int


@dataclass(frozen=True, slots=True)
class NetworkBounds:
    """How much peers may ask of this host before it says no."""

    frame_bytes_max: int = FRAME_BYTES_MAX
    handshakes_max: int = HANDSHAKES_MAX
    handshakes_per_address_max: int = HANDSHAKES_PER_ADDRESS_MAX
    inbound_kept_max: int = INBOUND_KEPT_MAX
    inbound_max: int = INBOUND_MAX
    inbound_per_address_max: int = INBOUND_PER_ADDRESS_MAX
    outbox_bytes_max: int = OUTBOX_BYTES_MAX
    outboxes_bytes_max: int = OUTBOXES_BYTES_MAX
    unconsumed_bytes_max: int = UNCONSUMED_BYTES_MAX
    unconsumed_frames_max: int = UNCONSUMED_FRAMES_MAX
    unconsumed_bytes_total_max: int = UNCONSUMED_BYTES_TOTAL_MAX
    unconsumed_frames_total_max: int = UNCONSUMED_FRAMES_TOTAL_MAX

    @property
    def near(self) -> PeerBounds:
        """For partners, our own nodes, members of our federations, and whom we have dialled."""
        return PeerBounds(
            self.outbox_bytes_max,
            self.outboxes_bytes_max,
            self.unconsumed_bytes_max,
            self.unconsumed_frames_max,
            self.unconsumed_bytes_total_max,
            self.unconsumed_frames_total_max,
        )

    @property
    def far(self) -> PeerBounds:
        """For all others."""
        return PeerBounds(
            min(self.outbox_bytes_max, FAR_OUTBOX_BYTES_MAX),
            min(self.outboxes_bytes_max, FAR_OUTBOXES_BYTES_MAX),
            min(self.unconsumed_bytes_max, FAR_UNCONSUMED_BYTES_MAX),
            min(self.unconsumed_frames_max, FAR_UNCONSUMED_FRAMES_MAX),
            min(self.unconsumed_bytes_total_max, FAR_UNCONSUMED_BYTES_TOTAL_MAX),
            min(self.unconsumed_frames_total_max, FAR_UNCONSUMED_FRAMES_TOTAL_MAX),
        )


class FlowWindow:
    """Counts what was handed to a reader in another thread and not consumed there.

    The giver writes `given_*` and `waiting`, the taker writes `taken_*` and clears `waiting`: no lock.
    """

    def __init__(self, *, bytes_max: int, frames_max: int) -> None:
        self.bytes_max = bytes_max
        self.frames_max = frames_max
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
            self._given_bytes - self._taken_bytes >= self.bytes_max // parts
            or self._given_frames - self._taken_frames >= self.frames_max // parts
        )


class Outbox:
    """Frames on their way to one peer: put in one thread, taken in the other, bounded in bytes."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self._frames: deque[bytes] = deque()
        self._put_bytes = self._taken_bytes = 0
        self._asleep = False
        self._filled = trio.Event()

    @property
    def queued_bytes(self) -> int:
        """How much waits, or is being written."""
        return self._put_bytes - self._taken_bytes

    def put(self, frame: bytes, *, in_half: bool = False) -> bool:
        """Queue a frame; false if it does not fit, or not into half of the room, unless the queue is empty."""
        size = FRAME_LENGTH_BYTES + len(frame)
        queued = self.queued_bytes
        if queued and queued + size > (self.bytes_max // 2 if in_half else self.bytes_max):
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

    @property
    def within_long_frame(self) -> bool:
        """Whether the rest of a frame is awaited that is longer than most."""
        begun = len(self._buffer) >= FRAME_LENGTH_BYTES
        return begun and int.from_bytes(self._buffer[:FRAME_LENGTH_BYTES], "big") > LONG_FRAME_BYTES

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
        tie: Tie,
        bounds: NetworkBounds,
        windows: "tuple[FlowWindow, FlowWindow]",
    ) -> None:
        self.peer = peer
        self.public_key = public_key
        self.address = address
        self.outbound = outbound
        self.address_class = address_class
        self.tie = tie
        """What ties the peer to us; one that we have dialled is known."""
        self.outbox = Outbox(self.room(bounds).outbox_bytes_max)
        total = windows[not self.is_near]
        own = FlowWindow(bytes_max=0, frames_max=0)
        self.windows = own, total
        """Its own, and the one that all of its sort share."""
        self.stream: BoundedStream | None = None
        self.since: float | None = None
        self.brought = 0
        """The number of the last time that it brought something new; 0 where it has not."""
        self.down_for: str | None = None
        self.ended = trio.Event()
        self.scope = trio.move_on_at(inf)
        self.tie_by(tie, bounds)

    @property
    def is_near(self) -> bool:
        """Whether it has as much room as partners have."""
        return self.outbound or self.tie >= Tie.FEDERATION

    def room(self, bounds: NetworkBounds) -> PeerBounds:
        """Return how much memory it may take."""
        return bounds.near if self.is_near else bounds.far

    def tie_by(self, tie: Tie, bounds: NetworkBounds) -> None:
        """Know what ties the peer to us, and give it as much room; called in the trio thread."""
        self.tie = tie
        room = self.room(bounds)
        self.outbox.bytes_max = room.outbox_bytes_max
        self.windows[0].bytes_max, self.windows[0].frames_max = room.unconsumed_bytes_max, room.unconsumed_frames_max
        if self.is_near and self.stream is not None:
            self.stream.widen()
