# SPDX-License-Identifier: AGPL-3.0-or-later
"""Yamux over one secured connection: streams in bounded memory, and a reader that never waits for its writer."""

import struct
from collections import deque
from contextlib import suppress
from typing import NoReturn

import trio

from node.p2p.ending import ConnectionFault
from node.p2p.parts import ID, ISecureConn

WINDOW_BYTES_START = 256 * 1024  # what the Yamux specification gives a new stream
WINDOW_BYTES = 1024 * 1024
CREDIT_PARTS = 4
CREDIT_SECONDS = 30.0
CRUMBS_BYTES_MAX = 4096
NARROW_BYTES_MAX = 4096
FINISH_SECONDS = 5.0
# One Noise message of 65,535 bytes holds a tag of 16, a Yamux header of 12, and this.
DATA_BYTES_MAX = 65_535 - 16 - 12
STREAMS_OPEN_MAX = 8
STREAMS_REFUSED_MAX = 64
CONTROL_FRAMES_MAX = 256
PING_SECONDS = 5.0
PING_ANSWER_SECONDS = 4.0
PING_GRACE_SECONDS = 0.1

DATA_FRAME, WINDOW_FRAME, PING_FRAME, GO_AWAY_FRAME = range(4)
SYN, ACK, FIN, RST = 1, 2, 4, 8
HEADER = struct.Struct("!BBHII")


class BoundedYamux:
    """Yamux over one secured connection, in bounded memory, with a reader that never writes.

    Fault 5 of libp2p 0.8.1: the reader of frames waits for its own writer, so that two busy peers can stop for
    ever. Here answers go to a bounded queue that another task drains.
    Fault 6: the receive window is not enforced. Here a byte beyond it ends the connection before it is stored.
    Fault 10: nothing notices a frozen peer. Here a ping goes out every 5 s, and a peer that sends nothing at all
    for 4 s after it is gone; a busy peer need not hurry with the answer itself.
    Fault 13: the streams that a peer may open are not bounded. Here it has 8 open at once, and 64 refusals end the
    connection.
    The stock reader is one function, so none of this could be mended from outside it.
    """

    def __init__(self, secure: ISecureConn, *, initiator: bool) -> None:
        self._secure = secure
        self._streams: dict[int, BoundedStream] = {}
        self._next_id = 1 if initiator else 2
        self._peer_parity = 0 if initiator else 1
        self._refused = 0
        self._opened: trio.MemorySendChannel[BoundedStream]
        self._opened, self._accepting = trio.open_memory_channel[BoundedStream](STREAMS_OPEN_MAX)
        self._control: deque[bytes] = deque()
        self._control_waits = trio.Event()
        self._write_lock = trio.Lock()
        self._torn = False
        self._heard_at = 0.0

    @property
    def peer(self) -> ID:
        """The peer that Noise authenticated."""
        return self._secure.get_remote_peer()

    async def run(self) -> NoReturn:
        """Carry frames until the connection ends, and raise what ended it."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read_frames)
                nursery.start_soon(self._write_control)
                nursery.start_soon(self._keep_alive)
        finally:
            for stream in list(self._streams.values()):
                stream.end("the connection ended")
        raise AssertionError("a connection ends by an exception")

    async def open_stream(self) -> "BoundedStream":
        """Open a stream to the peer."""
        stream = BoundedStream(self, self._next_id)
        self._next_id += 2
        self._streams[stream.id] = stream
        await self.send(HEADER.pack(0, WINDOW_FRAME, SYN, stream.id, 0))
        return stream

    async def accept_stream(self) -> "BoundedStream":
        """Wait for the next stream that the peer opens."""
        return await self._accepting.receive()

    async def send(self, frame: bytes) -> None:
        """Write one frame; a cancelled write tears the connection, for half of it may be out."""
        async with self._write_lock:
            if self._torn:
                raise ConnectionFault("a frame was cut off in mid-write")
            self._torn = True
            await self._secure.write(frame)
            self._torn = False

    def answer(self, kind: int, flags: int, stream_id: int, value: int) -> None:
        """Queue a control frame; a peer that asks for more than it reads raises ConnectionFault."""
        if len(self._control) >= CONTROL_FRAMES_MAX:
            raise ConnectionFault("the peer asks faster than it reads")
        self._control.append(HEADER.pack(0, kind, flags, stream_id, value))
        self._control_waits.set()

    def forget_stream(self, stream: "BoundedStream") -> None:
        """Drop a stream that was reset."""
        self._streams.pop(stream.id, None)

    async def _write_control(self) -> None:
        while True:
            await self._control_waits.wait()
            self._control_waits = trio.Event()
            frames = b"".join(self._control)
            self._control.clear()
            await self.send(frames)

    async def _keep_alive(self) -> None:
        while True:
            await trio.sleep(PING_SECONDS - PING_ANSWER_SECONDS)
            asked_at = trio.current_time()
            self.answer(PING_FRAME, SYN, 0, int(asked_at) & 0xFFFF_FFFF)
            await trio.sleep(PING_ANSWER_SECONDS)
            if self._heard_at < asked_at:
                # A machine that slept wakes this task before the one that reads the socket.
                await trio.sleep(PING_GRACE_SECONDS)
                if self._heard_at < asked_at:
                    raise ConnectionFault("the peer fell silent")

    async def _read_frames(self) -> None:
        head = bytearray()
        stream: BoundedStream | None = None
        body_left = flags = 0
        while True:
            message = await self._secure.read()
            self._heard_at = trio.current_time()
            at = 0
            while at < len(message):
                if body_left:
                    chunk = message[at : at + body_left]
                    at += len(chunk)
                    body_left -= len(chunk)
                    if stream is not None:
                        stream.feed(chunk)
                    if not body_left:
                        self._close_by_flags(stream, flags)
                    continue
                missing = HEADER.size - len(head)
                head += message[at : at + missing]
                at += missing
                if len(head) < HEADER.size:
                    break
                number, kind, flags, stream_id, value = HEADER.unpack(head)
                head.clear()
                if number != 0:
                    raise ConnectionFault("not a Yamux frame")
                stream = self._begin(kind, flags, stream_id, value)
                if kind == DATA_FRAME and value:
                    body_left = value
                else:
                    self._close_by_flags(stream, flags)

    def _begin(self, kind: int, flags: int, stream_id: int, value: int) -> "BoundedStream | None":
        if kind == PING_FRAME:
            if flags & SYN:
                self.answer(PING_FRAME, ACK, 0, value)
            return None
        if kind == GO_AWAY_FRAME:
            raise ConnectionFault("the peer says goodbye")
        if kind not in (DATA_FRAME, WINDOW_FRAME):
            raise ConnectionFault("not a Yamux frame")
        stream = self._admit(stream_id) if flags & SYN else self._streams.get(stream_id)
        if stream is None:
            return None  # what was under way when we reset the stream
        if kind == DATA_FRAME:
            stream.expect(value)
        else:
            stream.add_credit(value)
        return stream

    def _admit(self, stream_id: int) -> "BoundedStream | None":
        if stream_id in self._streams or stream_id % 2 != self._peer_parity:
            raise ConnectionFault("a stream id that is not the peer's to use")
        if len(self._streams) >= STREAMS_OPEN_MAX:
            self._refused += 1
            if self._refused > STREAMS_REFUSED_MAX:
                raise ConnectionFault("too many streams")
            self.answer(WINDOW_FRAME, RST, stream_id, 0)
            return None
        stream = BoundedStream(self, stream_id)
        try:
            self._opened.send_nowait(stream)
        except trio.WouldBlock:
            raise ConnectionFault("streams come faster than they are taken") from None
        self._streams[stream_id] = stream
        self.answer(WINDOW_FRAME, ACK, stream_id, 0)
        return stream

    @staticmethod
    def _close_by_flags(stream: "BoundedStream | None", flags: int) -> None:
        if stream is not None and flags & RST:
            stream.end("the peer closed the stream")
        elif stream is not None and flags & FIN:
            stream.end_reading("the peer closed the stream")


class BoundedStream:
    """One Yamux stream for one reader and one writer.

    Fault 9 of libp2p 0.8.1: a writer polls a closed window and gives up after 5 s, so a slow reader loses its
    stream. Here the writer waits on an event, for 30 s.
    Fault 14: a window update goes out for each read, even of one byte (and every dial waits a quarter of a second
    for nothing; ours does not go through the swarm). Here credit is given back a quarter at a time.
    """

    def __init__(self, connection: BoundedYamux, stream_id: int) -> None:
        self.id = stream_id
        self._connection = connection
        self._chunks: deque[bytes] = deque()
        self._arrived = trio.Event()
        self._credited = trio.Event()
        self._send_window = WINDOW_BYTES_START
        self._receive_window = WINDOW_BYTES_START
        self._credit_due = 0
        self._wide = False
        self._narrow = False
        self._nothing_in: str | None = None
        self._nothing_out: str | None = None

    async def read(self, n: int | None = None) -> bytes:
        """Return what has arrived, at most n bytes and at least one; ConnectionFault after the end."""
        while not self._chunks:
            if self._nothing_in is not None:
                raise ConnectionFault(self._nothing_in)
            self._arrived = trio.Event()
            await self._arrived.wait()
        chunk = self._chunks.popleft()
        if n is not None and n < len(chunk):
            self._chunks.appendleft(chunk[n:])
            chunk = chunk[:n]
        self._credit_due += len(chunk)
        if self._credit_due >= (WINDOW_BYTES if self._wide else WINDOW_BYTES_START) // CREDIT_PARTS:
            self._grant(self._credit_due)
            self._credit_due = 0
        return chunk

    async def write(self, data: bytes) -> None:
        """Send all of data; ConnectionFault when the stream ends or the peer takes nothing for 30 s."""
        at = 0
        while at < len(data):
            if self._send_window == 0 and self._nothing_out is None:
                await self._wait_for_credit()
            if self._nothing_out is not None:
                raise ConnectionFault(self._nothing_out)
            size = min(self._send_window, DATA_BYTES_MAX, len(data) - at)
            self._send_window -= size
            await self._connection.send(HEADER.pack(0, DATA_FRAME, 0, self.id, size) + data[at : at + size])
            at += size

    def reset(self) -> None:
        """End the stream at both sides."""
        self._connection.forget_stream(self)
        if self._nothing_in is None or self._nothing_out is None:
            self._connection.answer(WINDOW_FRAME, RST, self.id, 0)
            self.end("we reset the stream")

    async def finish(self) -> None:
        """Say that no more comes from here, and wait a while until the peer says the same; `reset` follows."""
        if self._nothing_out is None:
            self._nothing_out = "we closed the stream"
            await self._connection.send(HEADER.pack(0, WINDOW_FRAME, FIN, self.id, 0))
        with trio.move_on_after(FINISH_SECONDS), suppress(ConnectionFault):
            while True:
                await self.read()

    def widen(self) -> None:
        """Let the peer be 1 MiB ahead of our reading, where a new stream has a quarter of that."""
        if not self._wide:
            self._wide = True
            self._grant(WINDOW_BYTES - WINDOW_BYTES_START)

    def narrow(self) -> None:
        """Keep no more than 4 KiB that was not read: a peer that sends more on this stream loses it."""
        self._narrow = True

    def expect(self, size: int) -> None:
        """Count bytes that the peer announces, before any of them is stored."""
        if size > self._receive_window:
            raise ConnectionFault("the peer exceeded its window")
        self._receive_window -= size

    def feed(self, chunk: bytes) -> None:
        """Keep what arrived until it is read; crumbs together, for each object costs 40 bytes more."""
        if self._nothing_in is not None:
            return
        if self._narrow and sum(map(len, self._chunks)) + len(chunk) > NARROW_BYTES_MAX:
            self.reset()
            return
        if self._chunks and len(self._chunks[-1]) + len(chunk) <= CRUMBS_BYTES_MAX:
            self._chunks[-1] += chunk
        else:
            self._chunks.append(chunk)
        self._arrived.set()

    def add_credit(self, size: int) -> None:
        """Let the writer send this many bytes more."""
        self._send_window += size
        self._credited.set()

    def end(self, reason: str) -> None:
        """Tell the reader, after what it has not read yet, and the writer that there is no more."""
        self.end_reading(reason)
        if self._nothing_out is None:
            self._nothing_out = reason
        self._credited.set()

    def end_reading(self, reason: str) -> None:
        """Tell the reader, after what it has not read yet, that there is no more; the writer may go on."""
        if self._nothing_in is None:
            self._nothing_in = reason
        self._arrived.set()

    def _grant(self, size: int) -> None:
        if self._nothing_in is None:
            self._receive_window += size
            self._connection.answer(WINDOW_FRAME, 0, self.id, size)

    async def _wait_for_credit(self) -> None:
        with trio.move_on_after(CREDIT_SECONDS):
            while self._send_window == 0 and self._nothing_out is None:
                self._credited = trio.Event()
                await self._credited.wait()
            return
        raise ConnectionFault("the peer reads nothing")
