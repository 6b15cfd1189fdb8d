# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two and more nodes keep one stream to each other, and a faulty one harms nobody but itself."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest

from node.network import (
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
PATIENCE_SECONDS = 10


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
            lambda ana=ana, bia=bia: ana.peer in bia.network._links and bia.peer in ana.network._links
        )
        await asyncio.sleep(0.2)  # longer than any handshake that is still under way
        links = ana.network._links[bia.peer], bia.network._links[ana.peer]
        assert links[0].outbound != links[1].outbound
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
    dials = ana.network.stats()["dials"]
    await asyncio.sleep(1)  # three times the first retry
    assert ana.network.stats()["dials"] == dials


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


async def test_a_taken_port_is_told_clearly(start: Start) -> None:
    ana = await start("ana")
    taken = ana.address.partition("/p2p/")[0]
    with pytest.raises(NetworkStartFailed, match=r"cannot listen on 127.0.0.1 port .* in use"):
        await Network(bytes(32), [taken], on_event=lambda _: None).start()


@pytest.mark.parametrize("where", ["in a task of the host", "in trio's own loop"])
async def test_a_dead_trio_side_is_noticed_and_brought_back(start: Start, where: str) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    address = bia.address

    def break_down() -> None:
        raise RuntimeError("a bug in the trio side")

    async def break_down_in_task() -> None:
        break_down()

    assert bia.network._host is not None and bia.network._host._nursery is not None
    start_soon = bia.network._host._nursery.start_soon
    in_task = where == "in a task of the host"
    bia.network._call_trio((lambda: start_soon(break_down_in_task)) if in_task else break_down)
    await until(lambda: not bia.network.alive)
    assert (await bia.next(PeerDown)).peer == ana.peer
    assert "a bug in the trio side" in (await bia.next(NetworkFailed)).reason
    assert not bia.network.send(ana.peer, b"nobody carries this")
    await bia.next(NetworkRestarted)
    assert bia.network.alive and bia.address == address
    await bia.next(PeerUp)
    await ana.next(PeerUp)


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
    async with asyncio.timeout(3):
        await ana.network.stop()
    assert thread is not None and not thread.is_alive() and not ana.network.alive
    assert not ana.events
    assert (await bia.next(PeerDown)).peer == ana.peer
