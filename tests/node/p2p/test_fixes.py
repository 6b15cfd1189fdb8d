# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each fault of libp2p 0.8.1 shows in the stock library and does not in ours.

A test that runs on the stock part expects the fault: when it fails, the fault is gone and its remedy can go.
"""

import gc
import inspect
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import pytest
import trio
import trio.testing
from libp2p import new_host, new_swarm
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.crypto.x25519 import create_new_key_pair as new_noise_key_pair
from libp2p.custom_types import TProtocol
from libp2p.host.basic_host import BasicHost
from libp2p.network.config import ConnectionConfig, RetryConfig
from libp2p.network.connection.raw_connection import RawConnection
from libp2p.network.swarm import Swarm
from libp2p.peer.id import ID
from libp2p.peer.peerinfo import PeerInfo
from libp2p.protocol_muxer.exceptions import MultiselectClientError
from libp2p.pubsub.pubsub import Pubsub
from libp2p.security.insecure.transport import PLAINTEXT_PROTOCOL_ID, make_exchange_message
from libp2p.security.noise.io import NoisePacketReadWriter
from libp2p.security.noise.transport import Transport as NoiseTransport
from libp2p.stream_muxer.yamux.yamux import Yamux
from libp2p.utils import encode_uvarint, encode_varint_prefixed
from multiaddr import Multiaddr

from node.p2p import fixes as libp2p_fixes
from node.p2p.connection import Connection, FlowWindow, Outbox
from node.p2p.fixes import (
    DATA,
    HEADER,
    NEGOTIATION_BYTES_MAX,
    NOISE_PROTOCOL,
    PING,
    STREAMS_OPEN_MAX,
    SYN,
    WINDOW_BYTES,
    WINDOW_BYTES_START,
    WINDOW_UPDATE,
    YAMUX_PROTOCOL,
    Backoff,
    BoundedCommunicator,
    BoundedStream,
    BoundedYamux,
    BufferedConnection,
    ConnectionFault,
    InboundSlots,
    MultiselectCommunicator,
    NoiseAndYamux,
    TrioTCPStream,
    contained,
    propose,
    require_version,
)
from node.p2p.host import DIALS_CROSS_SECONDS, DialAddress, Host, NetworkBounds, address_class_of

T = TypeVar("T")
PATIENCE_SECONDS = 5
PROTOCOL = TProtocol("/mutirao/1")

QUIET = {"min_connections": 0, "low_watermark": 0, "high_watermark": 4, "max_connections": 4}

both = pytest.mark.parametrize("mended", [True, False], ids=["mended", "stock"])


def check(number: int, *, sound: bool, mended: bool) -> None:
    """Ours is sound; the stock part is not, or its remedy may go."""
    if mended:
        assert sound, f"fault {number} shows"
    else:
        assert not sound, f"fault {number} is gone from the stock library: its remedy can go too"


def run(play: Callable[[], Awaitable[T]], *, clock: trio.abc.Clock | None = None) -> T:
    async def bounded() -> T:
        with trio.fail_after(1000 if clock else 20):
            return await play()

    return trio.run(bounded, clock=clock)


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - these parts set no event of ours
        await trio.sleep(0.001)


async def idle(_: object) -> None:
    await trio.sleep_forever()


def key_pair_of(name: str) -> Any:
    return create_new_key_pair(name.encode().ljust(32, b"."))


def peer_of(name: str) -> ID:
    return ID.from_pubkey(key_pair_of(name).public_key)


def sockets() -> tuple[Any, Any]:
    """Two ends of a connection with little room between them."""
    ends = socket.socketpair()
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        end.setblocking(False)
    one, other = (trio.SocketStream(trio.socket.from_stdlib_socket(end)) for end in ends)
    return one, other


# The two kinds of host, and the two kinds of Yamux.


@asynccontextmanager
async def stock_host(name: str, port: int = 0, **config: Any) -> AsyncIterator[SimpleNamespace]:
    key_pair = key_pair_of(name)
    host = new_host(
        key_pair=key_pair,
        sec_opt={NOISE_PROTOCOL: NoiseTransport(key_pair, new_noise_key_pair().private_key)},
        muxer_opt={TProtocol(YAMUX_PROTOCOL): Yamux},
        connection_config=ConnectionConfig(**{**QUIET, **config}),
    )
    host.get_network().retry_config = RetryConfig(max_retries=0)  # type: ignore[attr-defined]
    async with host.run(listen_addrs=[Multiaddr(f"/ip4/127.0.0.1/tcp/{port}")]):
        port = int(host.get_addrs()[0].value_for_protocol("tcp") or 0)
        yield SimpleNamespace(host=host, port=port, peer=host.get_id())


@asynccontextmanager
async def mended_host(name: str, port: int = 0, **bounds: int) -> AsyncIterator[SimpleNamespace]:
    connections: list[Connection] = []
    frames: list[bytes] = []
    stats: Counter[str] = Counter()
    host = Host(
        key_pair_of(name),
        bounds=NetworkBounds(**bounds),
        window=FlowWindow(bytes_max=1 << 30, frames_max=1 << 30),
        on_up=connections.append,
        on_down=lambda connection, _: connections.remove(connection),
        on_frame=lambda _, frame: frames.append(frame),
        stats=stats,
        random=Random(1),
    )
    ports: list[int] = []
    ready = trio.Event()

    def listening(found: list[int]) -> None:
        ports.extend(found)
        ready.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run, [("127.0.0.1", port)], listening)
        await ready.wait()
        yield SimpleNamespace(
            host=host, port=ports[0], peer=peer_of(name), connections=connections, stats=stats, frames=frames
        )
        host.stop()


def host_of(*, mended: bool) -> Callable[..., Any]:
    return mended_host if mended else stock_host


async def call(place: SimpleNamespace, name: str, *, source: str = "127.0.0.1") -> bool:
    """Tell whether a caller from this address gets through to /mutirao/1, and hang up."""
    with trio.move_on_after(1.5), suppress(Exception):
        async with await trio.open_tcp_stream("127.0.0.1", place.port, local_address=source) as stream:
            raw = BufferedConnection(stream, initiator=True)
            session = await NoiseAndYamux(key_pair_of(name)).upgrade(raw, place.peer)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(session.run)
                await propose(await session.open_stream(), PROTOCOL)
                nursery.cancel_scope.cancel()
            return True
    return False


class Muxer:
    """Yamux, stock or mended, over a connection that is not encrypted."""

    def __init__(self, end: Any, *, initiator: bool, mended: bool) -> None:
        self.mended = mended
        conn: Any = BufferedConnection(end, initiator=initiator)
        self.yamux: Any = (
            BoundedYamux(conn, initiator=initiator)
            if mended
            else Yamux(conn, peer_of("someone"), is_initiator=initiator)
        )
        self.run = self.yamux.run if mended else self.yamux.start
        self.send = self.yamux.send if mended else self.yamux._write_frame

    @property
    def stored(self) -> int:
        if self.mended:
            return sum(len(chunk) for stream in self.yamux._streams.values() for chunk in stream._chunks)
        return sum(len(buffer) for buffer in self.yamux.stream_buffers.values())

    @property
    def open(self) -> int:
        return len(self.yamux._streams if self.mended else self.yamux.streams)


async def swallow(run_it: Callable[[], Awaitable[object]]) -> None:
    with suppress(Exception):
        await contained(run_it)


# The faults, by the numbers of the table.


@both
def test_01_a_forged_peer_id_is_refused(*, mended: bool) -> None:
    victim = peer_of("victim")

    async def play() -> bool:
        ours, theirs = sockets()
        raw = BufferedConnection(ours, initiator=False)
        believed: list[ID] = []

        async def forge() -> None:
            liar = BufferedConnection(theirs, initiator=True)
            await propose(liar, PLAINTEXT_PROTOCOL_ID)
            claim = make_exchange_message(key_pair_of("victim").public_key).SerializeToString()
            await liar.write(encode_varint_prefixed(claim))
            await liar.read(1)

        async def answer() -> None:
            if mended:
                believed.append((await NoiseAndYamux(key_pair_of("host")).upgrade(raw, None)).peer)
            else:
                swarm: Any = new_swarm(key_pair=key_pair_of("host"))
                believed.append((await swarm.upgrader.upgrade_security(raw, False)).get_remote_peer())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(swallow, forge)
            with trio.move_on_after(1):
                await swallow(answer)
            nursery.cancel_scope.cancel()
        return victim not in believed

    check(1, sound=run(play), mended=mended)


@both
def test_02_a_place_is_free_again_when_its_connection_ends(*, mended: bool) -> None:
    async def play() -> bool:
        async with host_of(mended=mended)(
            "host", **({"inbound_max": 4, "handshakes_max": 4} if mended else {})
        ) as place:
            if not mended:
                place.host.set_stream_handler(PROTOCOL, idle)
            for number in range(8):
                assert await call(place, f"caller {number}") or number >= 4
                if mended:
                    await until(lambda: not place.connections)
            await trio.sleep(0.3)  # stock takes its time to notice
            return await call(place, "honest")

    check(2, sound=run(play), mended=mended)


@both
def test_03_an_exception_in_a_handler_ends_one_stream_only(*, mended: bool) -> None:
    survived: list[str] = []

    async def stumble(*_: object) -> None:
        raise RuntimeError("a bug in a stream handler")

    async def play() -> bool:
        async with host_of(mended=mended)("host") as place:
            if mended:
                carry = place.host._carry
                place.host._carry = stumble
                assert await call(place, "first")
                place.host._carry = carry
            else:
                place.host.set_stream_handler(PROTOCOL, stumble)
                assert await call(place, "first")
                survived.append("the first call")
            await trio.sleep(0.1)
            return await call(place, "second")

    sound = False
    with suppress(Exception, BaseExceptionGroup):  # the end of the host is the fault
        sound = run(play)
    assert mended or survived
    check(3, sound=sound, mended=mended)


def test_03_cancellation_passes_through_what_contains_exceptions() -> None:
    async def play() -> bool:
        with trio.move_on_after(0.01) as scope:
            await contained(trio.sleep_forever)
        return scope.cancelled_caught

    assert run(play)


def test_04_pubsub_is_not_spoken() -> None:
    async def play() -> list[str]:
        refused: list[str] = []
        async with mended_host("host") as place:
            for protocol in ("/meshsub/1.1.0", "/meshsub/1.0.0", "/floodsub/1.0.0", "/ipfs/id/1.0.0"):
                async with await trio.open_tcp_stream("127.0.0.1", place.port) as stream:
                    raw = BufferedConnection(stream, initiator=True)
                    session = await NoiseAndYamux(key_pair_of("caller")).upgrade(raw, place.peer)
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(session.run)
                        with suppress(MultiselectClientError):
                            await propose(await session.open_stream(), protocol)
                            refused.append("not " + protocol)
                        refused.append(protocol)
                        nursery.cancel_scope.cancel()
        return refused

    assert run(play) == ["/meshsub/1.1.0", "/meshsub/1.0.0", "/floodsub/1.0.0", "/ipfs/id/1.0.0"]


@both
def test_05_a_question_is_read_while_bulk_waits_to_be_written(*, mended: bool) -> None:
    # Two that both ask and both push wait for each other for ever if either reader waits for its writer.
    async def play() -> bytes:
        ours, theirs = sockets()
        muxer = Muxer(ours, initiator=True, mended=mended)
        heard = b""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(swallow, muxer.run)
            await trio.sleep(0.05)
            stream = await muxer.yamux.open_stream()
            await theirs.send_all(HEADER.pack(0, WINDOW_UPDATE, 0, 1, 8 * WINDOW_BYTES))
            nursery.start_soon(swallow, lambda: stream.write(bytes(8 * WINDOW_BYTES)))
            await trio.sleep(0.1)  # now the socket is full
            await theirs.send_all(HEADER.pack(0, PING, SYN, 0, 7) + HEADER.pack(0, DATA, 0, 1, 5) + b"hello")
            with trio.move_on_after(0.5):
                heard = await stream.read(5)
            nursery.cancel_scope.cancel()
        return heard

    check(5, sound=run(play) == b"hello", mended=mended)


@both
def test_06_what_exceeds_the_window_is_not_stored(*, mended: bool) -> None:
    async def play() -> bool:
        ours, theirs = sockets()
        muxer = Muxer(ours, initiator=False, mended=mended)
        most = 0

        async def push() -> None:
            await theirs.send_all(HEADER.pack(0, WINDOW_UPDATE, SYN, 1, 0))
            for _ in range(64):
                await theirs.send_all(HEADER.pack(0, DATA, 0, 1, 65_536) + bytes(65_536))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(swallow, muxer.run)
            nursery.start_soon(swallow, push)
            with trio.move_on_after(0.5):
                while most <= 2 * WINDOW_BYTES:
                    most = max(most, muxer.stored)
                    await trio.sleep(0.001)
            nursery.cancel_scope.cancel()
        return most <= WINDOW_BYTES_START

    check(6, sound=run(play), mended=mended)


def test_06_crumbs_take_no_more_memory_than_a_whole_loaf() -> None:
    stream = BoundedStream(BoundedYamux(cast(Any, None), initiator=True), 1)
    for _ in range(WINDOW_BYTES_START):
        stream.feed(b".")
    assert sum(map(sys.getsizeof, stream._chunks)) < 1.1 * WINDOW_BYTES_START
    assert b"".join(stream._chunks) == b"." * WINDOW_BYTES_START


@both
def test_07_a_negotiation_message_has_a_length_limit(*, mended: bool) -> None:
    asked: list[int] = []

    class Reader:
        """Announces 100 MB and has them."""

        def __init__(self) -> None:
            self._announced = list(encode_uvarint(100_000_000))

        async def read(self, n: int) -> bytes:
            if self._announced:
                return bytes([self._announced.pop(0)])
            asked.append(n)
            raise libp2p_fixes.IncompleteReadError("that is enough to see")

    kind = BoundedCommunicator if mended else MultiselectCommunicator

    async def play() -> None:
        with suppress(Exception):
            await kind(Reader()).read()  # type: ignore[arg-type]

    run(play)
    check(7, sound=max(asked, default=0) <= NEGOTIATION_BYTES_MAX, mended=mended)


def test_07_nor_are_there_endless_proposals() -> None:
    class Reader:
        """Proposes the same again and again."""

        def __init__(self) -> None:
            self.bytes = b""

        async def read(self, n: int) -> bytes:
            self.bytes = self.bytes or encode_varint_prefixed(b"/nonsense\n")
            head, self.bytes = self.bytes[:n], self.bytes[n:]
            return head

    async def play() -> int:
        communicator = BoundedCommunicator(Reader())  # type: ignore[arg-type]
        for number in range(1000):
            try:
                await communicator.read()
            except libp2p_fixes.MultiselectCommunicatorError:
                return number
        return 1000

    assert run(play) == libp2p_fixes.NEGOTIATION_MESSAGES_MAX


@both
def test_08_silent_sockets_of_one_address_lock_nobody_out(*, mended: bool) -> None:
    async def play() -> bool:
        bounds = {"handshakes_max": 16, "handshakes_per_address_max": 8} if mended else {}
        async with host_of(mended=mended)("host", **bounds) as place, trio.open_nursery() as nursery:
            if not mended:
                place.host.set_stream_handler(PROTOCOL, idle)
            assert await call(place, "early")
            silent = [await trio.open_tcp_stream("127.0.0.1", place.port, local_address="127.0.0.2") for _ in range(20)]
            sound = await call(place, "honest")
            for stream in silent:
                await stream.aclose()
            nursery.cancel_scope.cancel()
            return sound

    check(8, sound=run(play), mended=mended)


def test_08_places_are_counted_for_each_address() -> None:
    slots = InboundSlots(pending_max=5, pending_per_address_max=2)
    assert [slots.admit("198.51.100.1") for _ in range(3)] == [True, True, False]
    assert [slots.admit("198.51.100.2") for _ in range(3)] == [True, True, False]
    assert [slots.admit(f"198.51.100.{last}") for last in (3, 4)] == [True, False]
    slots.release("198.51.100.1")
    assert slots.admit("198.51.100.1")
    assert slots.pending == 5


def pair_in_memory() -> tuple[Any, Any]:
    return trio.testing.memory_stream_pair()


@both
def test_09_a_reader_may_pause_for_ten_seconds(*, mended: bool) -> None:
    async def play(pause_seconds: float) -> bool:
        left, right = (
            Muxer(end, initiator=first, mended=mended)
            for end, first in zip(pair_in_memory(), (True, False), strict=True)
        )
        amount = 3 * WINDOW_BYTES_START
        arrived = 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(swallow, left.run)
            nursery.start_soon(swallow, right.run)
            await trio.sleep(0.1)
            out = await left.yamux.open_stream()
            back = await right.yamux.accept_stream()
            nursery.start_soon(swallow, lambda: out.write(bytes(amount)))
            await trio.sleep(pause_seconds)
            with trio.move_on_after(1):
                while arrived < amount:
                    arrived += len(await back.read(65_536))
            nursery.cancel_scope.cancel()
        return arrived == amount

    assert run(lambda: play(1), clock=trio.testing.MockClock(autojump_threshold=0))
    check(9, sound=run(lambda: play(10), clock=trio.testing.MockClock(autojump_threshold=0)), mended=mended)


@both
def test_10_a_frozen_peer_is_noticed(*, mended: bool) -> None:
    async def play() -> bool:
        ours, _theirs = pair_in_memory()
        muxer = Muxer(ours, initiator=True, mended=mended)
        with trio.move_on_after(60) as scope:
            await swallow(muxer.run)
        return not scope.cancelled_caught

    check(10, sound=run(play, clock=trio.testing.MockClock(autojump_threshold=0)), mended=mended)


@both
def test_11_a_peer_that_was_away_is_reached_as_soon_as_it_is_back(*, mended: bool) -> None:
    async def play() -> bool:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        target = peer_of("bia")
        async with host_of(mended=mended)("ana") as ana:
            if mended:
                ana.host.dial(DialAddress("there", "127.0.0.1", port, target.to_base58()))
                await until(lambda: ana.stats["dials"] >= 2)
            else:
                info = PeerInfo(target, [Multiaddr(f"/ip4/127.0.0.1/tcp/{port}")])
                with suppress(Exception):
                    await ana.host.connect(info)
            async with mended_host("bia", port) as bia:
                with trio.move_on_after(3):
                    if not mended:
                        with suppress(Exception):
                            await ana.host.connect(info)
                    await until(lambda: bia.connections or not mended)
                sound = bool(bia.connections if mended else ana.host.get_connected_peers())
                if not mended:  # it is the bar, and nothing else, that keeps them apart
                    ana.host.get_network()._negative_peer_cache.clear()
                    await ana.host.connect(info)
                return sound

    check(11, sound=run(play), mended=mended)


def test_11_the_first_retries_are_quick_and_the_last_not_too_rare() -> None:
    backoff = Backoff(Random(1))
    waits = [backoff.next_seconds() for _ in range(20)]
    assert 0.2 < waits[0] < 0.4
    assert min(waits[-5:]) >= 7.5 and max(waits) <= 12.5
    backoff.reset()
    assert backoff.next_seconds() < 0.4


@both
def test_12_a_noise_message_may_come_in_small_segments(*, mended: bool) -> None:
    message = bytes(range(256)) * 255

    class Trickle:
        """A socket that has only so many bytes at a time."""

        def __init__(self, at_once: int) -> None:
            self._at_once = at_once
            self._left = len(message).to_bytes(2, "big") + message

        async def receive_some(self, most: int) -> bytes:
            size = min(self._at_once, most)
            piece, self._left = self._left[:size], self._left[size:]
            return piece

    async def play(at_once: int) -> bool:
        end: Any = Trickle(at_once)
        conn: Any = BufferedConnection(end, initiator=False) if mended else RawConnection(TrioTCPStream(end), False)
        with suppress(libp2p_fixes.IncompleteReadError):
            return await NoisePacketReadWriter(conn).read_msg() == message
        return False

    assert run(lambda: play(1000))
    check(12, sound=run(lambda: play(100)), mended=mended)


@both
def test_13_a_peer_opens_a_few_streams_and_no_more(*, mended: bool) -> None:
    async def play() -> bool:
        ours, theirs = sockets()
        muxer = Muxer(ours, initiator=False, mended=mended)
        most = 0

        async def accept_all() -> None:
            nonlocal most
            while True:
                await muxer.yamux.accept_stream()
                most = max(most, muxer.open)

        async def open_many() -> None:
            for number in range(1, 2001, 2):
                await theirs.send_all(HEADER.pack(0, WINDOW_UPDATE, SYN, number, 0))

        async def drain() -> None:
            while await theirs.receive_some():
                pass

        async def serve() -> None:
            await swallow(muxer.run)
            await ours.aclose()

        async with trio.open_nursery() as nursery:
            for act in (serve, accept_all, drain):
                nursery.start_soon(swallow, act)
            await swallow(open_many)
            await trio.sleep(0.2)
            nursery.cancel_scope.cancel()
        return most <= STREAMS_OPEN_MAX

    check(13, sound=run(play), mended=mended)


@both
def test_14_credit_is_not_given_back_byte_by_byte(*, mended: bool) -> None:
    async def play() -> bool:
        ours, theirs = pair_in_memory()
        muxer = Muxer(ours, initiator=False, mended=mended)
        updates = 0

        async def count() -> None:
            nonlocal updates
            raw = BufferedConnection(theirs, initiator=True)
            while True:
                _, kind, flags, _, value = HEADER.unpack(await raw.read(HEADER.size))
                updates += kind == WINDOW_UPDATE and not flags and value > 0

        async with trio.open_nursery() as nursery:
            for act in (muxer.run, count):
                nursery.start_soon(swallow, act)
            await theirs.send_all(HEADER.pack(0, WINDOW_UPDATE, SYN, 1, 0))
            await theirs.send_all(HEADER.pack(0, DATA, 0, 1, 200) + bytes(200))
            stream = await muxer.yamux.accept_stream()
            for _ in range(200):
                await stream.read(1)
            await trio.sleep(0.1)
            nursery.cancel_scope.cancel()
        return updates <= 1

    check(14, sound=run(play, clock=trio.testing.MockClock(autojump_threshold=0)), mended=mended)


@both
def test_14_a_dial_waits_for_nothing(*, mended: bool) -> None:
    async def play() -> float:
        took: list[float] = []
        async with mended_host("bia") as bia:
            for number in range(3):
                async with host_of(mended=mended)(f"ana {number}") as ana:
                    began = trio.current_time()
                    if mended:
                        ana.host.dial(DialAddress("there", "127.0.0.1", bia.port, bia.peer.to_base58()))
                        await until(lambda: ana.connections)
                    else:
                        await ana.host.connect(PeerInfo(bia.peer, [Multiaddr(f"/ip4/127.0.0.1/tcp/{bia.port}")]))
                    took.append(trio.current_time() - began)
        return min(took)

    check(14, sound=run(play) < 0.2, mended=mended)


def test_15_whom_nobody_asked_for_is_not_dialled() -> None:
    async def play() -> int:
        async with mended_host("host") as place:
            assert await call(place, "visitor")
            await trio.sleep(0.5)
            return place.stats["dials"]

    assert run(play) == 0


def test_15_the_stock_swarm_dials_by_itself_and_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ConnectionConfig().min_connections > 0, "fault 15 is gone from the stock library"

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the stock swarm, host and pubsub are not to be used")

    for kind in (Swarm, BasicHost, Pubsub):
        monkeypatch.setattr(kind, "__init__", never)

    async def play() -> bool:
        async with mended_host("host") as place:
            return await call(place, "visitor")

    assert run(play)


@both
def test_16_a_frozen_peer_does_not_keep_a_host_from_closing(*, mended: bool) -> None:
    async def push(stream: Any) -> None:
        while True:
            await stream.write(bytes(65_536))

    async def play() -> float:
        took: list[float] = []
        async with host_of(mended=mended)("host") as place:
            if not mended:
                place.host.set_stream_handler(PROTOCOL, push)
            async with await trio.open_tcp_stream("127.0.0.1", place.port) as stream:
                raw = BufferedConnection(stream, initiator=True)
                session = await NoiseAndYamux(key_pair_of("frozen")).upgrade(raw, place.peer)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(swallow, session.run)
                    await propose(await session.open_stream(), PROTOCOL)
                    await session.send(HEADER.pack(0, WINDOW_UPDATE, 0, 1, 64 * WINDOW_BYTES))
                    await trio.sleep(0.05)
                    nursery.cancel_scope.cancel()  # from here it neither reads nor writes
                if mended:
                    for _ in range(8):
                        place.connections[0].outbox.put(bytes(WINDOW_BYTES))
                    place.connections[0].outbox.wake()
                await trio.sleep(0.3)
                began = trio.current_time()
                if mended:
                    place.host.stop()
                    await until(lambda: not place.connections)
                else:
                    with trio.move_on_after(2):
                        await place.host.close()
                took.append(trio.current_time() - began)
        return took[0]

    gc.collect()
    before = open_sockets()
    sound = run(play) < 1
    if mended:
        assert open_sockets() == before
    check(16, sound=sound, mended=mended)


def open_sockets() -> int:
    return sum("socket:" in str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink())


# What the host adds.


@pytest.mark.parametrize("we_are_smaller", [True, False])
@pytest.mark.parametrize("held_is_ours", [True, False])
def test_of_two_crossing_connections_both_sides_keep_what_the_smaller_one_dialled(
    *, we_are_smaller: bool, held_is_ours: bool
) -> None:
    async def play() -> tuple[bool, bool]:
        smaller, larger = sorted((peer_of("ana"), peer_of("bia")), key=ID.to_bytes)
        me, other = (smaller, larger) if we_are_smaller else (larger, smaller)
        stays: list[bool] = []
        async with mended_host("ana" if me == peer_of("ana") else "bia") as place:
            for age_seconds in (0.1, DIALS_CROSS_SECONDS + 0.1):
                held, new = (connection_to(other, outbound=mine) for mine in (held_is_ours, not held_is_ours))
                place.host._connections[held.peer] = held
                held.since = trio.current_time() - age_seconds
                try:
                    stays.append(place.host._may_stay(new) is not held)
                except ConnectionFault:
                    stays.append(True)
                del place.host._connections[held.peer]
        return stays[0], stays[1]

    # An old one gives way in any case: whoever dials again has lost it.
    assert run(play) == (held_is_ours == we_are_smaller, False)


def connection_to(peer: ID, *, outbound: bool) -> Connection:
    return Connection(
        peer.to_base58(),
        b"",
        "",
        outbound=outbound,
        address_class="",
        outbox=Outbox(1),
        windows=(FlowWindow(bytes_max=1, frames_max=1), FlowWindow(bytes_max=1, frames_max=1)),
    )


def test_all_that_wait_for_credit_are_woken() -> None:
    async def play() -> int:
        window = FlowWindow(bytes_max=100, frames_max=100)
        window.give(100)
        woken = 0

        async def wait() -> None:
            nonlocal woken
            await window.wait()
            woken += 1

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            assert window.take(100)
            window.relieve()
            with trio.fail_after(1):
                await until(lambda: woken == 3)
        return woken

    assert run(play) == 3


@pytest.mark.parametrize(
    ("ip", "holder"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002"),
        ("2001:db8:1:2::9%eth0", "20010db800010002"),
    ],
)
def test_an_ipv6_network_counts_as_one_address(ip: str, holder: str) -> None:
    assert address_class_of(ip) == holder


# The module as a whole.


def test_another_libp2p_is_refused_by_name() -> None:
    require_version("0.8.1")
    with pytest.raises(ImportError, match=r"0\.8\.2 is installed"):
        require_version("0.8.2")


def test_every_fault_is_named_beside_its_remedy() -> None:
    text = inspect.getsource(libp2p_fixes)
    for number in range(1, 17):
        assert f"Fault {number} (seen in 0.8.1)" in text
        assert any(name.startswith(f"test_{number:02}_") for name in globals())


def test_a_stock_libp2p_host_and_ours_understand_each_other() -> None:
    async def play() -> list[bytes]:
        heard: list[bytes] = []

        async def hear(stream: Any) -> None:
            heard.append(await stream.read(9))
            await stream.write((3).to_bytes(4, "big") + b"yes")
            await trio.sleep_forever()

        async with mended_host("ours") as ours, stock_host("stock") as stock:
            stock.host.set_stream_handler(PROTOCOL, hear)
            ours.host.dial(DialAddress("there", "127.0.0.1", stock.port, stock.peer.to_base58()))
            await until(lambda: ours.connections)
            ours.connections[0].outbox.put(b"hello")
            ours.connections[0].outbox.wake()
            await until(lambda: ours.frames)
        async with mended_host("ours") as ours, stock_host("stock") as stock:
            await stock.host.connect(PeerInfo(ours.peer, [Multiaddr(f"/ip4/127.0.0.1/tcp/{ours.port}")]))
            stream = await stock.host.new_stream(ours.peer, [PROTOCOL])
            await stream.write((2).to_bytes(4, "big") + b"me")
            await until(lambda: ours.frames)
            heard += ours.frames
        return heard

    assert run(play) == [(5).to_bytes(4, "big") + b"hello", b"me"]
