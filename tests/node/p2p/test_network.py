# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two and more nodes keep one stream to each other, and a faulty one harms nobody but itself."""

import asyncio
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random
from textwrap import dedent
from typing import Any, TypeVar

import pytest
import trio
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.peer.id import ID

from node.p2p import fixes as libp2p_fixes
from node.p2p.fixes import (
    HEADER,
    PING,
    SYN,
    WINDOW_BYTES,
    WINDOW_UPDATE,
    BoundedStream,
    BoundedYamux,
    BufferedConnection,
    ConnectionFault,
    NoiseAndYamux,
    propose,
)
from node.p2p.network import (
    FrameReceived,
    Network,
    NetworkBounds,
    NetworkEvent,
    NetworkFailed,
    NetworkRestarted,
    NetworkStartFailed,
    PeerDown,
    PeerUp,
)

E = TypeVar("E")
PATIENCE_SECONDS = 20


class Station:
    """A network and the list of what it told us."""

    def __init__(self, name: str, bounds: NetworkBounds, *, consuming: bool = True) -> None:
        self.events: deque[NetworkEvent] = deque()
        self.consuming = consuming
        self._arrived = asyncio.Event()
        seed = name.encode().ljust(32, b".")
        self.network = Network(seed, ["/ip4/127.0.0.1/tcp/0"], on_event=self._hear, bounds=bounds)

    @property
    def peer(self) -> str:
        return self.network.peer_id

    @property
    def address(self) -> str:
        return self.network.addresses[0]

    def _hear(self, event: NetworkEvent) -> None:
        self.events.append(event)
        if self.consuming and isinstance(event, FrameReceived):
            self.network.consumed(event.peer)
        self._arrived.set()

    async def next(self, kind: type[E]) -> E:
        """Wait for the next event of this kind; those before it are forgotten."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                while self.events:
                    event = self.events.popleft()
                    if isinstance(event, kind):
                        return event
                self._arrived.clear()
                await self._arrived.wait()


Start = Callable[..., "asyncio.Future[Station]"]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    stations: list[Station] = []

    async def start_station(name: str, *, consuming: bool = True, **bounds: int) -> Station:
        station = Station(name, NetworkBounds(**bounds), consuming=consuming)
        stations.append(station)
        await station.network.start()
        return station

    yield start_station  # type: ignore[misc]
    for station in stations:
        await station.network.stop()


async def acquaint(ana: Station, bia: Station) -> None:
    """Let ana dial bia, and wait until both have noticed."""
    ana.network.dial(bia.address)
    await ana.next(PeerUp)
    await bia.next(PeerUp)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - the other thread sets no event of ours
            await asyncio.sleep(0.01)


async def test_two_nodes_meet_and_know_each_other_by_key(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    ana.network.dial(bia.address)
    seen_by_ana, seen_by_bia = await ana.next(PeerUp), await bia.next(PeerUp)
    assert (seen_by_ana.peer, seen_by_ana.outbound) == (bia.peer, True)
    assert (seen_by_bia.peer, seen_by_bia.outbound) == (ana.peer, False)
    assert seen_by_ana.public_key == bia.network._key_pair.public_key.to_bytes()
    assert seen_by_bia.address.endswith(f"/p2p/{ana.peer}")


async def test_frames_arrive_whole_and_in_order_whatever_their_size(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    sizes = [0, 1, 65_506, 65_507, 65_508, 1_000_000, 3, 4 * 1024 * 1024]
    sent = [bytes([number]) * size for number, size in enumerate(sizes)]
    for frame in sent:
        assert ana.network.send(bia.peer, frame)
    assert [(await bia.next(FrameReceived)).frame for _ in sent] == sent


async def test_many_frames_cross_both_ways_at_once(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    frames = [number.to_bytes(4, "big") * 5000 for number in range(300)]
    for frame in frames:
        assert ana.network.send(bia.peer, frame)
        assert bia.network.send(ana.peer, frame)
    assert [(await bia.next(FrameReceived)).frame for _ in frames] == frames
    assert [(await ana.next(FrameReceived)).frame for _ in frames] == frames


async def test_a_frame_for_nobody_or_beyond_the_limit_is_not_taken(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    assert not ana.network.send(bia.peer, b"too early")
    await acquaint(ana, bia)
    assert not ana.network.send(bia.peer, bytes(4 * 1024 * 1024 + 1))
    assert ana.network.stats()["frames_refused"] == 2


async def test_when_both_dial_at_once_one_stream_is_left_and_it_carries(start: Start) -> None:
    for round_number in range(5):
        ana, bia = await start(f"ana{round_number}"), await start(f"bia{round_number}")
        ana.network.dial(bia.address)
        bia.network.dial(ana.address)

        async def heard(speaker: Station, listener: Station) -> None:
            while True:
                if speaker.network.send(listener.peer, b"do you hear me?"):
                    return
                await asyncio.sleep(0.01)

        await until(
            lambda ana=ana, bia=bia: ana.peer in bia.network._connections and bia.peer in ana.network._connections
        )
        await asyncio.sleep(0.2)  # longer than any handshake that is still under way
        connections = ana.network._connections[bia.peer], bia.network._connections[ana.peer]
        assert connections[0].outbound != connections[1].outbound
        await heard(ana, bia)
        assert (await bia.next(FrameReceived)).frame == b"do you hear me?"
        await heard(bia, ana)
        assert (await ana.next(FrameReceived)).frame == b"do you hear me?"
        assert ana.network.stats()["peers"] == bia.network.stats()["peers"] == 1


async def test_a_peer_that_restarts_is_found_again(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    address = bia.address
    await bia.network.stop()
    assert (await ana.next(PeerDown)).peer == bia.peer
    again = Network(b"bia".ljust(32, b"."), [address.partition("/p2p/")[0]], on_event=bia._hear)
    await again.start()
    try:
        assert (await ana.next(PeerUp)).peer == bia.peer
    finally:
        await again.stop()


async def test_a_severed_peer_stays_away_until_mended(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    bia.network.sever(ana.peer)
    assert (await bia.next(PeerDown)).reason == "severed"
    await ana.next(PeerDown)
    tried = ana.network.stats()["failed_handshakes"]
    await until(lambda: ana.network.stats()["failed_handshakes"] > tried)
    assert bia.network.stats()["peers"] == ana.network.stats()["peers"] == 0
    bia.network.mend(ana.peer)
    await bia.next(PeerUp)
    await ana.next(PeerUp)


async def test_a_dropped_peer_comes_back_unless_it_is_banned(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    bia.network.drop(ana.peer)
    assert (await bia.next(PeerDown)).reason == "dropped"
    await bia.next(PeerUp)
    bia.network.drop(ana.peer, ban_seconds=60)
    await bia.next(PeerDown)
    tried = ana.network.stats()["failed_handshakes"]
    await until(lambda: ana.network.stats()["failed_handshakes"] > tried)
    assert bia.network.stats()["peers"] == 0


async def test_a_forgotten_peer_is_not_dialled_again(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    ana.network.forget(bia.address)
    ana.network.drop(bia.peer)
    await ana.next(PeerDown)
    await bia.next(PeerDown)
    dials = ana.network.stats()["dials"]
    await asyncio.sleep(1)  # three times the first retry
    assert ana.network.stats()["dials"] == dials


async def test_a_peer_forgotten_while_it_is_dialled_does_not_come_up(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    assert ana.network._host is not None
    upgrader = ana.network._host._upgrader
    upgrade = upgrader.upgrade

    async def forget_meanwhile(*arguments: Any) -> BoundedYamux:
        session = await upgrade(*arguments)
        assert ana.network._host is not None
        ana.network._host.forget(bia.peer)
        return session

    upgrader.upgrade = forget_meanwhile  # type: ignore[method-assign]
    ana.network.dial(bia.address)
    await until(lambda: ana.network.stats()["failed_handshakes"] == 1)
    await asyncio.sleep(0.05)
    assert not ana.events


async def test_a_connection_that_held_is_dialled_again_at_once(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libp2p_fixes, "RETRY_FIRST_SECONDS", 0.05)
    monkeypatch.setattr("node.p2p.host.STABLE_SECONDS", 0.1)
    ana, bia = await start("ana"), await start("bia")
    address = bia.address
    await bia.network.stop()
    ana.network.dial(address)
    await until(lambda: ana.network.stats()["dials"] == 5)  # by now it waits for almost a second
    again = Network(b"bia".ljust(32, b"."), [address.partition("/p2p/")[0]], on_event=lambda _: None)
    await again.start()
    await ana.next(PeerUp)
    await asyncio.sleep(0.2)
    await again.stop()
    await ana.next(PeerDown)
    dials = ana.network.stats()["dials"]
    await asyncio.sleep(0.5)
    assert ana.network.stats()["dials"] >= dials + 2


async def test_a_peer_that_lost_its_connection_unnoticed_replaces_it(start: Start) -> None:
    bia = await start("bia")

    async def stay(_: BoundedYamux, stream: BoundedStream) -> None:
        await stream.read()

    async def send(_: BoundedYamux, stream: BoundedStream) -> None:
        await stream.write((5).to_bytes(4, "big") + b"again")
        await stream.read()

    first = asyncio.create_task(impose(bia, stay, seed=b"the same"))
    peer = (await bia.next(PeerUp)).peer
    second = asyncio.create_task(impose(bia, send, seed=b"the same"))
    assert (await bia.next(PeerDown)).reason == "replaced by a newer connection"
    await first
    assert (await bia.next(PeerUp)).peer == peer
    assert (await bia.next(FrameReceived)).frame == b"again"
    bia.network.drop(peer)
    await second


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nonsense",
        "/ip4/127.0.0.1/tcp/4001",
        "/ip4/127.0.0.1/tcp/70000/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
        "/ip4/127.0.0.1/udp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
        "/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWwrong",
    ],
)
def test_an_address_that_names_no_peer_is_refused(address: str) -> None:
    network = Network(bytes(32), [], on_event=lambda _: None)
    with pytest.raises(ValueError):  # noqa: PT011 - the library's and ours
        network.dial(address)


async def test_a_node_that_listens_nowhere_can_dial(start: Start) -> None:
    bia = await start("bia")
    events: asyncio.Queue[NetworkEvent] = asyncio.Queue()
    network = Network(bytes(32), [], on_event=events.put_nowait)
    await network.start()
    network.dial(bia.address)
    assert isinstance(await events.get(), PeerUp)
    assert network.addresses == []
    await network.stop()


def test_nobody_dials_himself() -> None:
    network = Network(bytes(32), ["/ip4/127.0.0.1/tcp/4001"], on_event=lambda _: None)
    with pytest.raises(ValueError, match="our own address"):
        network.dial(network.addresses[0])


async def test_what_is_asked_for_while_it_starts_is_done(start: Start) -> None:
    bia = await start("bia")
    ana = Station("ana", NetworkBounds())
    starting = asyncio.create_task(ana.network.start())
    await asyncio.sleep(0)
    assert not starting.done()
    ana.network.dial(bia.address)
    await starting
    await ana.next(PeerUp)
    await ana.network.stop()


async def test_a_taken_port_is_told_clearly(start: Start) -> None:
    ana = await start("ana")
    taken = ana.address.partition("/p2p/")[0]
    with pytest.raises(NetworkStartFailed, match=r"cannot listen on 127.0.0.1 port .* in use"):
        await Network(bytes(32), [taken], on_event=lambda _: None).start()


async def break_down(station: Station, *, in_task: bool) -> None:
    def stumble() -> None:
        raise RuntimeError("a bug in the trio side")

    async def stumble_in_task() -> None:
        stumble()

    assert station.network._host is not None and station.network._host._nursery is not None
    start_soon = station.network._host._nursery.start_soon
    station.network._call_trio((lambda: start_soon(stumble_in_task)) if in_task else stumble)
    await until(lambda: not station.network.alive)


@pytest.mark.parametrize("in_task", [True, False], ids=["in a task of the host", "in trio's own loop"])
async def test_a_dead_trio_side_is_noticed_and_brought_back(start: Start, *, in_task: bool) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    address = bia.address
    await break_down(bia, in_task=in_task)
    assert (await bia.next(PeerDown)).peer == ana.peer
    assert "a bug in the trio side" in (await bia.next(NetworkFailed)).reason
    assert not bia.network.send(ana.peer, b"nobody carries this")
    await bia.next(NetworkRestarted)
    assert bia.network.alive and bia.address == address
    await bia.next(PeerUp)
    await ana.next(PeerUp)


async def test_what_was_wished_is_remembered_when_the_trio_side_comes_back(start: Start) -> None:
    ana, bia, caio = await start("ana"), await start("bia"), await start("caio")
    await acquaint(ana, bia)
    await acquaint(caio, ana)
    ana.network.sever(caio.peer)
    await ana.next(PeerDown)
    await break_down(ana, in_task=True)
    await ana.next(NetworkRestarted)
    assert (await ana.next(PeerUp)).peer == bia.peer
    tried = caio.network.stats()["failed_handshakes"]
    await until(lambda: caio.network.stats()["failed_handshakes"] > tried)
    assert ana.network.stats()["peers"] == 1


async def test_a_network_that_is_down_can_be_stopped(start: Start) -> None:
    bia = await start("bia")
    assert bia.network._host is not None
    bia.network._call_trio(bia.network._host.stop)
    await bia.next(NetworkFailed)
    async with asyncio.timeout(3):
        await bia.network.stop()


async def test_an_exception_in_the_event_handler_ends_nothing(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    hear, heard = bia._hear, []

    def stumble(event: NetworkEvent) -> None:
        heard.append(event)
        if len(heard) == 1:
            raise RuntimeError("the node stumbles")
        hear(event)

    bia.network._on_event = stumble
    ana.network.send(bia.peer, b"first")
    ana.network.send(bia.peer, b"second")
    assert (await bia.next(FrameReceived)).frame == b"second"
    assert bia.network._unconsumed == {}


async def test_stopping_ends_the_thread_and_tells_no_more(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    thread = ana.network._thread
    assert ana.network.send(bia.peer, b"goodbye")
    async with asyncio.timeout(3):
        await ana.network.stop()
    assert thread is not None and not thread.is_alive() and not ana.network.alive
    assert not ana.events
    assert not ana.network.send(bia.peer, b"too late")
    assert (await bia.next(PeerDown)).peer == ana.peer


# Peers that flood, stall, lie.

LIMITS = {"unconsumed_bytes_max": 1_000_000, "outbox_bytes_max": 2_000_000}


async def test_a_peer_whose_frames_are_not_consumed_fills_its_own_buffers(start: Start) -> None:
    ana, bia = await start("ana", **LIMITS), await start("bia", consuming=False, **LIMITS)
    caio = await start("caio", **LIMITS)
    await acquaint(ana, bia)
    await acquaint(caio, bia)
    sent = 0
    for _ in range(10_000):
        if ana.network.send(bia.peer, sent.to_bytes(4, "big") * 4000):
            sent += 1
        else:
            await asyncio.sleep(0.001)
        if ana.network.stats()["frames_refused"] > 200:
            break
    frames = [event for event in bia.events if isinstance(event, FrameReceived)]
    assert 1_000_000 <= sum(len(event.frame) for event in frames) <= 1_016_000
    # Ana holds 2 MB, Bia 1 MB, the stream 1 MiB, the rest is between their sockets.
    assert sent * 16_000 < 12_000_000

    assert caio.network.send(bia.peer, b"and the others?")
    await until(lambda: isinstance(bia.events[-1], FrameReceived) and bia.events[-1].peer == caio.peer)

    bia.consuming = True
    bia.network.consumed(ana.peer, len(frames))
    last = (sent - 1).to_bytes(4, "big") * 4000
    while (await bia.next(FrameReceived)).frame != last:
        pass


async def test_all_peers_together_are_bounded_too(start: Start) -> None:
    bounds = {"unconsumed_bytes_total_max": 500_000}
    ana, bia, caio = await start("ana"), await start("bia", consuming=False, **bounds), await start("caio")
    await acquaint(ana, bia)
    await acquaint(caio, bia)
    for _ in range(20):
        assert ana.network.send(bia.peer, bytes(50_000)) and caio.network.send(bia.peer, bytes(50_000))
    await until(lambda: len(bia.events) == 10)
    await asyncio.sleep(0.1)  # would more come, they would be here
    assert len(bia.events) == 10
    bia.consuming = True
    for event in list(bia.events):
        bia.network.consumed(event.peer)  # type: ignore[union-attr]
    await until(lambda: len(bia.events) == 40)


async def test_two_that_flood_each_other_do_not_lock_each_other(start: Start) -> None:
    ana, bia = await start("ana", consuming=False, **LIMITS), await start("bia", consuming=False, **LIMITS)
    await acquaint(ana, bia)
    sent = {ana: 0, bia: 0}
    for one, other in ((ana, bia), (bia, ana)):
        while one.network.send(other.peer, bytes(64_000)):
            sent[one] += 1
    await until(lambda: len(ana.events) > 10 and len(bia.events) > 10)
    waiting = len(ana.events), len(bia.events)
    ana.consuming = bia.consuming = True
    ana.network.consumed(bia.peer, waiting[0])
    bia.network.consumed(ana.peer, waiting[1])
    await until(lambda: len(ana.events) == sent[bia] and len(bia.events) == sent[ana])


Behaviour = Callable[[BoundedYamux, BoundedStream], Awaitable[None]]


async def session_of(station: Station, behave: Behaviour, seed: bytes, source: str = "127.0.0.2") -> None:
    """Connect as a peer that knows the protocol down to its frames, and misbehave."""
    host, port = station.address.split("/")[2], int(station.address.split("/")[4])
    async with await trio.open_tcp_stream(host, port, local_address=source) as stream:
        raw = BufferedConnection(stream, initiator=True)
        key_pair = create_new_key_pair(seed.ljust(32, b"."))
        session = await NoiseAndYamux(key_pair).upgrade(raw, ID.from_base58(station.peer))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session.run)
            opened = await session.open_stream()
            met = station.network.stats()["connections"]
            await propose(opened, "/mutirao/1")
            while station.network.stats()["connections"] == met:  # noqa: ASYNC110
                await trio.sleep(0.005)
            await behave(session, opened)
            nursery.cancel_scope.cancel()


async def impose(
    station: Station, behave: Behaviour, *, seed: bytes = b"a stranger", source: str = "127.0.0.2"
) -> None:
    """Let a peer of trio's world misbehave, until the other side hangs up or it has done enough."""

    async def run() -> None:
        with trio.fail_after(PATIENCE_SECONDS):
            await session_of(station, behave, seed, source)

    def ignore_the_end() -> None:
        try:
            trio.run(run)
        except* (ConnectionFault, OSError, trio.BrokenResourceError, libp2p_fixes.IncompleteReadError):
            pass  # the other side hung up, as it should

    await asyncio.to_thread(ignore_the_end)


async def never(_: object = None) -> None:
    await trio.sleep_forever()


async def announce_64_mb(_: BoundedYamux, stream: BoundedStream) -> None:
    await stream.write((64 * 1024 * 1024).to_bytes(4, "big") + b"...")
    await stream.read()


async def exceed_the_window(session: BoundedYamux, stream: BoundedStream) -> None:
    stream.add_credit(8 * WINDOW_BYTES)  # which nobody gave
    await stream.write(bytes(4) * WINDOW_BYTES)
    await stream.read()


async def speak_nonsense(session: BoundedYamux, stream: BoundedStream) -> None:
    await session.send(b"nonsense beyond the length of a header")
    await stream.read()


async def open_many_streams(session: BoundedYamux, stream: BoundedStream) -> None:
    for number in range(3, 203, 2):
        await session.send(HEADER.pack(0, WINDOW_UPDATE, SYN, number, 0))
    await stream.read()


async def speak_another_version(session: BoundedYamux, stream: BoundedStream) -> None:
    await session.send(HEADER.pack(1, PING, SYN, 0, 7))
    await stream.read()


async def use_a_foreign_stream_id(session: BoundedYamux, stream: BoundedStream) -> None:
    await session.send(HEADER.pack(0, WINDOW_UPDATE, SYN, 2, 0))
    await stream.read()


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (announce_64_mb, "a frame that is too long"),
        (exceed_the_window, "exceeded its window"),
        (speak_nonsense, "not a Yamux frame"),
        (speak_another_version, "not a Yamux frame"),
        (open_many_streams, "streams"),
        (use_a_foreign_stream_id, "a stream id that is not the peer's"),
    ],
)
async def test_a_peer_that_breaks_the_protocol_loses_its_connection(
    start: Start, behave: Behaviour, reason: str
) -> None:
    ana, bia = await start("ana"), await start("bia", consuming=False)
    await acquaint(ana, bia)
    await impose(bia, behave)
    down = await bia.next(PeerDown)
    assert down.peer != ana.peer
    assert reason in down.reason
    assert ana.network.send(bia.peer, b"still here")
    assert (await bia.next(FrameReceived)).frame == b"still here"


async def test_a_second_stream_of_one_peer_is_refused_and_the_first_goes_on(start: Start) -> None:
    bia = await start("bia")

    async def open_a_second(session: BoundedYamux, stream: BoundedStream) -> None:
        second = await session.open_stream()
        await propose(second, "/mutirao/1")
        with pytest.raises(ConnectionFault, match="closed the stream"):
            await second.read()
        await stream.write((5).to_bytes(4, "big") + b"first")
        await trio.sleep(0.1)

    await impose(bia, open_a_second)
    assert (await bia.next(FrameReceived)).frame == b"first"


async def test_a_peer_that_falls_silent_is_let_go(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    bia = await start("bia")

    async def fall_silent(session: BoundedYamux, stream: BoundedStream) -> None:
        session.send = never  # type: ignore[method-assign]
        while True:
            session._heard_at = trio.current_time()  # else it is the first to give up
            await trio.sleep(0.05)

    monkeypatch.setattr(libp2p_fixes, "PING_SECONDS", 0.5)
    monkeypatch.setattr(libp2p_fixes, "PING_ANSWER_SECONDS", 0.4)
    await impose(bia, fall_silent)
    assert (await bia.next(PeerDown)).reason == "the peer fell silent"


async def test_a_peer_that_reads_nothing_is_let_go(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    bia = await start("bia")

    async def read_nothing(session: BoundedYamux, stream: BoundedStream) -> None:
        await trio.sleep(PATIENCE_SECONDS)

    monkeypatch.setattr(libp2p_fixes, "CREDIT_SECONDS", 0.3)
    imposing = asyncio.create_task(impose(bia, read_nothing))
    peer = (await bia.next(PeerUp)).peer
    for _ in range(2):
        assert bia.network.send(peer, bytes(WINDOW_BYTES))
    assert (await bia.next(PeerDown)).reason == "the peer reads nothing"
    await imposing


async def test_pings_without_reading_the_answers_are_bounded(start: Start) -> None:
    bia = await start("bia")

    async def ping_only(session: BoundedYamux, stream: BoundedStream) -> None:
        secure: Any = session._secure
        secure.conn.read_writer.read_write_closer.read = never
        pings = HEADER.pack(0, PING, SYN, 0, 7) * 5000
        while True:
            await session.send(pings)

    await impose(bia, ping_only)
    assert (await bia.next(PeerDown)).reason == "the peer asks faster than it reads"


async def test_a_frame_that_stops_half_way_is_not_awaited_for_ever(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    bia = await start("bia")

    async def stop_half_way(session: BoundedYamux, stream: BoundedStream) -> None:
        await stream.write((1000).to_bytes(4, "big") + b"half")
        await stream.read()

    monkeypatch.setattr("node.p2p.host.FRAME_STALL_SECONDS", 0.3)
    await impose(bia, stop_half_way)
    assert (await bia.next(PeerDown)).reason == "the peer stopped in mid-frame"


async def test_a_host_that_is_not_the_peer_in_the_address_is_not_spoken_to(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    forged = bia.address.replace(bia.peer, ID.from_pubkey(create_new_key_pair(bytes(32)).public_key).to_base58())
    ana.network.dial(forged)
    await until(lambda: ana.network.stats()["failed_handshakes"] >= 2)
    assert not ana.events and not bia.events


async def test_one_address_has_its_share_of_places_and_no_more(start: Start) -> None:
    bounds = {"inbound_per_address_max": 2, "inbound_max": 3}
    bia = await start("bia", **bounds)
    near = [await start(name) for name in ("ana", "caio", "duda", "edu")]
    for station in near[:2]:
        await acquaint(station, bia)
    near[2].network.dial(bia.address)
    await until(lambda: near[2].network.stats()["failed_handshakes"] > 0)
    assert bia.network.stats()["peers"] == 2

    far = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def stay(session: BoundedYamux, stream: BoundedStream) -> None:
        await trio.sleep(0.1)
        loop.call_soon_threadsafe(far.set)

    await impose(bia, stay, source="127.0.0.3")
    assert far.is_set()
    await bia.next(PeerDown)

    # Whom we choose is not counted, whoever of us dials.
    bia.network.dial(near[3].address)
    assert (await bia.next(PeerUp)).peer == near[3].peer
    unreachable = near[2].address.replace(near[2].address.split("/")[4], "1")
    bia.network.dial(unreachable)
    assert (await bia.next(PeerUp)).peer == near[2].peer


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_a_flood_from_one_address_keeps_no_honest_peer_out(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    port = int(bia.address.split("/")[4])
    chance = Random(7)
    before = resident_bytes()

    def call() -> socket.socket:
        caller = socket.socket()
        caller.bind(("127.0.0.2", 0))
        caller.setblocking(False)
        return caller

    async def attack(noise: bytes, *, hold: bool = False) -> socket.socket | None:
        caller = call()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await loop.sock_connect(caller, ("127.0.0.1", port))
                await loop.sock_sendall(caller, noise)
                while noise and await loop.sock_recv(caller, 4096):
                    pass
        except OSError:
            pass
        if hold:
            return caller
        caller.close()
        return None

    silent = await asyncio.gather(*(attack(b"", hold=True) for _ in range(300)))
    flood = asyncio.gather(*(attack(chance.randbytes(500)) for _ in range(1000)), *(attack(b"") for _ in range(300)))
    caio = await start("caio")
    async with asyncio.timeout(3):
        caio.network.dial(bia.address)
        await caio.next(PeerUp)
    for number in range(100):
        assert ana.network.send(bia.peer, number.to_bytes(4, "big"))
        await bia.next(FrameReceived)
    await flood
    assert resident_bytes() - before < 50_000_000
    assert bia.network.stats()["peers"] == 2
    assert bia.network.stats()["refused_handshakes"] > 300 - 16
    for caller in silent:
        if caller is not None:
            caller.close()


# Whole processes.

NODE = dedent(
    """
    import asyncio, signal, sys
    from node.p2p.network import FrameReceived, Network

    # Whoever runs the tests beside other work may have told all that he starts to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    async def main():
        def hear(event):
            if isinstance(event, FrameReceived):
                network.consumed(event.peer)
                network.send(event.peer, event.frame)
        network = Network(sys.argv[1].encode().ljust(32, b"."), ["/ip4/127.0.0.1/tcp/0"], on_event=hear)
        await network.start()
        done = asyncio.Event()
        if "handle" in sys.argv:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
        print(network.addresses[0], flush=True)
        try:
            if "leave" not in sys.argv:
                await done.wait()
        finally:
            if "careless" not in sys.argv:
                await network.stop()

    asyncio.run(main())
    """
)


async def launch(*arguments: str) -> tuple[asyncio.subprocess.Process, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", NODE, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        return process, (await process.stdout.readline()).decode().strip()


async def test_a_peer_that_is_killed_or_frozen_in_mid_stream_is_missed(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libp2p_fixes, "PING_SECONDS", 2.0)
    monkeypatch.setattr(libp2p_fixes, "PING_ANSWER_SECONDS", 1.8)
    ana = await start("ana")
    (killed, killed_address), (frozen, frozen_address) = await asyncio.gather(launch("killed"), launch("frozen"))
    for process, address, blow, reason in (
        (killed, killed_address, signal.SIGKILL, "connection lost"),  # at once
        (frozen, frozen_address, signal.SIGSTOP, "the peer fell silent"),  # by the next ping
    ):
        ana.network.dial(address)
        peer = (await ana.next(PeerUp)).peer
        for _ in range(50):
            ana.network.send(peer, bytes(100_000))
        await ana.next(FrameReceived)
        process.send_signal(blow)
        assert await ana.next(PeerDown) == PeerDown(peer, reason)
        ana.network.forget(peer)
    frozen.kill()
    await asyncio.gather(killed.communicate(), frozen.communicate())


@pytest.mark.parametrize(
    ("arguments", "blow", "code"),
    [
        (["handle"], signal.SIGTERM, 0),
        ([], signal.SIGINT, -signal.SIGINT),
        (["careless", "leave"], None, 0),
    ],
)
async def test_a_process_ends_quickly_and_without_a_word_from_libp2p(
    start: Start, arguments: list[str], blow: signal.Signals | None, code: int
) -> None:
    ana = await start("ana")
    process, address = await launch("leaving", *arguments)
    if blow is not None:
        ana.network.dial(address)
        peer = (await ana.next(PeerUp)).peer
        for _ in range(20):
            ana.network.send(peer, bytes(100_000))
        await ana.next(FrameReceived)
        process.send_signal(blow)
    async with asyncio.timeout(3):
        _, errors = await process.communicate()
    assert process.returncode == code
    said = errors.decode()
    assert "libp2p" not in said and "trio" not in said
    assert said == "" or said.rstrip().endswith("KeyboardInterrupt")
