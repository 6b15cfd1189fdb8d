# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sixteen faults of py-libp2p 0.8.1, each with the part that mutirao uses in place of the faulty one."""

import logging
import struct
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from random import Random
from typing import NoReturn

import trio

LIBP2P_VERSION = "0.8.1"


def require_version(found: str) -> None:
    """Raise ImportError unless this is the libp2p whose faults are mended here."""
    if found != LIBP2P_VERSION:
        raise ImportError(
            f"mutirao mends libp2p {LIBP2P_VERSION}, but libp2p {found} is installed: install the locked "
            "version, or run tests/node/p2p/test_fixes.py against the new one and adapt this module"
        )


require_version(version("libp2p"))

# Its loggers write a traceback for every peer that hangs up, and some name key material.
for noisy in ("libp2p", "multiaddr", "trio-websocket"):
    logging.getLogger(noisy).setLevel(logging.CRITICAL + 1)
    logging.getLogger(noisy).propagate = False  # some of its modules set a level of their own

from libp2p.abc import ISecureConn  # noqa: E402
from libp2p.crypto.keys import KeyPair  # noqa: E402
from libp2p.crypto.x25519 import create_new_key_pair as new_noise_key_pair  # noqa: E402
from libp2p.custom_types import TProtocol  # noqa: E402
from libp2p.io.exceptions import IncompleteReadError  # noqa: E402
from libp2p.io.trio import TrioTCPStream  # noqa: E402
from libp2p.network.connection.raw_connection import RawConnection  # noqa: E402
from libp2p.peer.id import ID  # noqa: E402
from libp2p.protocol_muxer.exceptions import MultiselectCommunicatorError  # noqa: E402
from libp2p.protocol_muxer.multiselect import Multiselect  # noqa: E402
from libp2p.protocol_muxer.multiselect_client import MultiselectClient  # noqa: E402
from libp2p.protocol_muxer.multiselect_communicator import MultiselectCommunicator  # noqa: E402
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE_PROTOCOL  # noqa: E402
from libp2p.security.noise.transport import Transport as NoiseTransport  # noqa: E402
from libp2p.stream_muxer.yamux.yamux import PROTOCOL_ID as YAMUX_PROTOCOL  # noqa: E402
from libp2p.utils.varint import read_varint_prefixed_bytes_limited  # noqa: E402

NEGOTIATION_BYTES_MAX = 1024
NEGOTIATION_MESSAGES_MAX = 16
SOCKET_READ_BYTES = 128 * 1024

WINDOW_BYTES_START = 256 * 1024  # what the Yamux specification gives a new stream
WINDOW_BYTES = 1024 * 1024
CREDIT_BYTES = WINDOW_BYTES // 4
CREDIT_SECONDS = 30.0
CRUMBS_BYTES_MAX = 4096
# One Noise message of 65,535 bytes holds a tag of 16, a Yamux header of 12, and this.
DATA_BYTES_MAX = 65_535 - 16 - 12
STREAMS_OPEN_MAX = 8
STREAMS_REFUSED_MAX = 64
CONTROL_FRAMES_MAX = 256
PING_SECONDS = 5.0
PING_ANSWER_SECONDS = 4.0
PING_GRACE_SECONDS = 0.1

HANDSHAKE_SECONDS = 5.0
HANDSHAKES_PER_ADDRESS_MAX = 16
HANDSHAKES_MAX = 256

RETRY_FIRST_SECONDS = 0.3
RETRY_SECONDS_MAX = 10.0


class ConnectionFault(Exception):
    """The peer broke the protocol or fell silent: its connection ends, and nothing else does."""


# Getting a connection: sockets, Noise, negotiation.


class BufferedConnection(RawConnection):
    """A socket whose `read(n)` gives exactly n bytes, however small the segments are.

    Fault 12 (seen in 0.8.1): `read_exactly` gives up after 100 partial reads, so a Noise message that
    arrives in small segments ends the connection. It also reads each length field with a call of its own.
    """

    def __init__(self, socket: trio.SocketStream, *, initiator: bool) -> None:
        super().__init__(TrioTCPStream(socket), initiator)
        self._socket = socket
        self._buffer = bytearray()

    async def read(self, n: int | None = None) -> bytes:
        """Return exactly n bytes, or whatever is there if n is None; IncompleteReadError at the end."""
        wanted = 1 if n is None else n
        while len(self._buffer) < wanted:
            data = await self._socket.receive_some(SOCKET_READ_BYTES)
            if not data:
                raise IncompleteReadError("the peer hung up", expected_bytes=wanted, received_bytes=len(self._buffer))
            self._buffer += data
        size = len(self._buffer) if n is None else n
        with memoryview(self._buffer) as view:
            result = bytes(view[:size])
        del self._buffer[:size]
        return result

    async def write(self, data: bytes) -> None:
        await self._socket.send_all(data)


class BoundedCommunicator(MultiselectCommunicator):
    """Multistream negotiation that takes at most 16 messages of at most 1 KiB from the peer.

    Fault 7 (seen in 0.8.1): the length of a negotiation message is unbounded, before anybody has shown
    who they are: 129 MB from one socket. The number of proposals is unbounded too.
    """

    _messages = 0

    async def read(self) -> str:
        """Return one message; MultiselectCommunicatorError for anything longer, later or not text."""
        self._messages += 1
        if self._messages > NEGOTIATION_MESSAGES_MAX:
            raise MultiselectCommunicatorError("too many negotiation messages")
        try:
            data = await read_varint_prefixed_bytes_limited(self.read_writer, NEGOTIATION_BYTES_MAX)
            text = data.decode("ascii")
        except UnicodeDecodeError as error:
            raise MultiselectCommunicatorError("negotiation in no known tongue") from error
        if not text.endswith("\n"):
            raise MultiselectCommunicatorError("negotiation message without an end")
        return text[:-1]


async def propose(channel: "BufferedConnection | ISecureConn | BoundedStream", protocol: str) -> None:
    """Agree with the other side to speak this protocol, or raise MultiselectClientError."""
    await MultiselectClient().select_one_of([TProtocol(protocol)], BoundedCommunicator(channel))  # type: ignore[arg-type]


async def agree(channel: "BufferedConnection | ISecureConn | BoundedStream", protocol: str) -> None:
    """Let the other side choose this protocol and no other, or raise MultiselectError."""
    await Multiselect({TProtocol(protocol): None}).negotiate(BoundedCommunicator(channel))  # type: ignore[arg-type]


class NoiseAndYamux:
    """Upgrades a socket to an authenticated, multiplexed connection by Noise and Yamux and nothing else.

    Fault 1 (seen in 0.8.1): a host with default options also takes plaintext and SECIO; over plaintext it
    believes any PeerID that it is told. Here there is no other choice to make.
    """

    def __init__(self, key_pair: KeyPair) -> None:
        self._noise = NoiseTransport(key_pair, noise_privkey=new_noise_key_pair().private_key)

    async def upgrade(self, raw: BufferedConnection, expected: ID | None) -> "BoundedYamux":
        """Shake hands, as the dialler if a peer is expected; raises if it is another or breaks off."""
        if expected is None:
            await agree(raw, NOISE_PROTOCOL)
            secure = await self._noise.secure_inbound(raw)
            await agree(secure, YAMUX_PROTOCOL)
        else:
            await propose(raw, NOISE_PROTOCOL)
            secure = await self._noise.secure_outbound(raw, expected)
            await propose(secure, YAMUX_PROTOCOL)
        return BoundedYamux(secure, initiator=expected is not None)


class InboundSlots:
    """Counts who is shaking hands and who is connected, so that one address cannot take every place.

    Fault 2 (seen in 0.8.1): the swarm releases an inbound slot only when the swarm itself ends; after 250
    connect-and-close all inbound is refused for ever.
    Fault 8 (seen in 0.8.1): a silent socket keeps its slot for 10 s and nothing counts per address: 300
    silent sockets lock everyone out.
    """

    def __init__(self, *, pending_max: int, pending_per_address_max: int) -> None:
        self._pending_max = pending_max
        self._pending_per_address_max = pending_per_address_max
        self._pending: Counter[str] = Counter()

    @property
    def pending(self) -> int:
        """How many handshakes are under way."""
        return self._pending.total()

    def admit(self, address: str) -> bool:
        """Take a place for a handshake from this address if there is one; `release` gives it back."""
        if self._pending[address] >= self._pending_per_address_max or self.pending >= self._pending_max:
            return False
        self._pending[address] += 1
        return True

    def release(self, address: str) -> None:
        """Give back a place that `admit` gave, whether the handshake succeeded or not."""
        self._pending[address] -= 1
        if not self._pending[address]:
            del self._pending[address]


# Running a connection.


async def contained(run: Callable[..., Awaitable[object]], *args: object) -> Exception | None:
    """Run one connection or stream and return what broke it, if anything did.

    Fault 3 (seen in 0.8.1): an exception in any stream handler ends the whole host.
    Fault 4 (seen in 0.8.1): one garbage frame on the pubsub protocol does the same; pubsub is not mounted.
    Cancellation passes through: it belongs to whoever asked for it.
    """
    failure: Exception | None = None
    try:
        await run(*args)
    except* Exception as group:  # noqa: BLE001 - that is the promise
        failure = first_of(group)
    return failure


def first_of(error: BaseException) -> Exception:
    """Return the first plain exception in a group, which is what broke first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, Exception) else RuntimeError(repr(error))


DATA, WINDOW_UPDATE, PING, GO_AWAY = range(4)
SYN, ACK, FIN, RST = 1, 2, 4, 8
HEADER = struct.Struct("!BBHII")


class BoundedYamux:
    """Yamux over one secured connection, in bounded memory, with a reader that never writes.

    Fault 5 (seen in 0.8.1): the frame reader itself writes answers (ACK, PONG, RST) under the write lock;
    two peers that push bulk stop for ever. Here answers go to a bounded queue that another task drains.
    Fault 6 (seen in 0.8.1): the receive window is not enforced: 300 MiB went into an unread stream. Here a
    byte beyond the window ends the connection before it is stored.
    Fault 10 (seen in 0.8.1): nothing notices a frozen peer. Here a ping goes out every 5 s, and a peer that
    sends nothing at all for 4 s after it is gone; a busy peer need not hurry with the answer itself.
    Fault 13 (seen in 0.8.1): 20,000 streams opened by a peer freeze the host, and the 257th of our own
    waits for ever. Here a peer has 8 open at once, and 64 refusals end the connection.
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
        await self.send(HEADER.pack(0, WINDOW_UPDATE, SYN, stream.id, 0))
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
            self.answer(PING, SYN, 0, int(asked_at) & 0xFFFF_FFFF)
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
                if kind == DATA and value:
                    body_left = value
                else:
                    self._close_by_flags(stream, flags)

    def _begin(self, kind: int, flags: int, stream_id: int, value: int) -> "BoundedStream | None":
        if kind == PING:
            if flags & SYN:
                self.answer(PING, ACK, 0, value)
            return None
        if kind == GO_AWAY:
            raise ConnectionFault("the peer says goodbye")
        if kind not in (DATA, WINDOW_UPDATE):
            raise ConnectionFault("not a Yamux frame")
        stream = self._admit(stream_id) if flags & SYN else self._streams.get(stream_id)
        if stream is None:
            return None  # what was under way when we reset the stream
        if kind == DATA:
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
            self.answer(WINDOW_UPDATE, RST, stream_id, 0)
            return None
        stream = BoundedStream(self, stream_id)
        try:
            self._opened.send_nowait(stream)
        except trio.WouldBlock:
            raise ConnectionFault("streams come faster than they are taken") from None
        self._streams[stream_id] = stream
        self.answer(WINDOW_UPDATE, ACK, stream_id, 0)
        return stream

    @staticmethod
    def _close_by_flags(stream: "BoundedStream | None", flags: int) -> None:
        if stream is not None and flags & (FIN | RST):
            stream.end("the peer closed the stream")


class BoundedStream:
    """One Yamux stream for one reader and one writer.

    Fault 9 (seen in 0.8.1): a writer polls a closed window each 10 ms and gives up after 5 s, so a slow
    reader loses its stream. Here the writer waits on an event, for 30 s.
    Fault 14 (seen in 0.8.1): a window update goes out for each read, even of one byte (and every dial waits
    250 ms for nothing; ours does not go through the swarm). Here credit is given back a quarter at a time.
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
        self._ended: str | None = None

    async def read(self, n: int | None = None) -> bytes:
        """Return what has arrived, at most n bytes and at least one; ConnectionFault after the end."""
        while not self._chunks:
            if self._ended is not None:
                raise ConnectionFault(self._ended)
            self._arrived = trio.Event()
            await self._arrived.wait()
        chunk = self._chunks.popleft()
        if n is not None and n < len(chunk):
            self._chunks.appendleft(chunk[n:])
            chunk = chunk[:n]
        self._credit_due += len(chunk)
        if self._credit_due >= CREDIT_BYTES:
            self._grant(self._credit_due)
            self._credit_due = 0
        return chunk

    async def write(self, data: bytes) -> None:
        """Send all of data; ConnectionFault when the stream ends or the peer takes nothing for 30 s."""
        at = 0
        while at < len(data):
            if self._send_window == 0 and self._ended is None:
                await self._wait_for_credit()
            if self._ended is not None:
                raise ConnectionFault(self._ended)
            size = min(self._send_window, DATA_BYTES_MAX, len(data) - at)
            self._send_window -= size
            await self._connection.send(HEADER.pack(0, DATA, 0, self.id, size) + data[at : at + size])
            at += size

    def reset(self) -> None:
        """End the stream at both sides."""
        self._connection.forget_stream(self)
        if self._ended is None:
            self._connection.answer(WINDOW_UPDATE, RST, self.id, 0)
            self.end("we reset the stream")

    def widen(self) -> None:
        """Let the peer be 1 MiB ahead of our reading, where a new stream has a quarter of that."""
        self._grant(WINDOW_BYTES - WINDOW_BYTES_START)

    def expect(self, size: int) -> None:
        """Count bytes that the peer announces, before any of them is stored."""
        if size > self._receive_window:
            raise ConnectionFault("the peer exceeded its window")
        self._receive_window -= size

    def feed(self, chunk: bytes) -> None:
        """Keep what arrived until it is read; crumbs together, for each object costs 40 bytes more."""
        if self._ended is not None:
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
        if self._ended is None:
            self._ended = reason
        self._arrived.set()
        self._credited.set()

    def _grant(self, size: int) -> None:
        if self._ended is None:
            self._receive_window += size
            self._connection.answer(WINDOW_UPDATE, 0, self.id, size)

    async def _wait_for_credit(self) -> None:
        with trio.move_on_after(CREDIT_SECONDS):
            while self._send_window == 0 and self._ended is None:
                self._credited = trio.Event()
                await self._credited.wait()
            return
        raise ConnectionFault("the peer reads nothing")


# Keeping connections.


class Backoff:
    """How long to wait before dialling a peer again: 0.3 s at first, 10 s at most, never barred.

    Fault 11 (seen in 0.8.1): the swarm bars a peer for 60 s after one failed dial, and within 200 ms of a
    peer's death `connect()` says yes while `new_stream` fails. Here every dial opens its own connection.
    Fault 15 (seen in 0.8.1): the auto-connector dials every address it has heard of. Here the only dialler
    is the loop that waits on this, for addresses that the operator gave.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._failures = 0

    def reset(self) -> None:
        """Begin again with the shortest wait."""
        self._failures = 0

    def next_seconds(self) -> float:
        """Return the next wait; spread out, so that two peers that dial each other do not stay in step."""
        longest = min(RETRY_SECONDS_MAX, RETRY_FIRST_SECONDS * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        return longest * self._random.uniform(0.75, 1.25)


async def close_at_once(socket: trio.SocketStream) -> None:
    """Close a socket without asking anybody, and so without waiting for anybody.

    Fault 16 (seen in 0.8.1): leaving `host.run()` leaks sockets, and `host.close()` can hang on a frozen
    peer, for it writes a farewell first.
    """
    await trio.aclose_forcefully(socket)
