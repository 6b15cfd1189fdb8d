# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two and more nodes keep one stream to each other, through restarts of either and of the thread that carries it."""

import asyncio
from typing import Any

import pytest
from stations import Start, Station, acquaint, impose, until

from node.p2p import admission
from node.p2p.events import FrameReceived, NetworkEvent, NetworkFailed, NetworkRestarted, StreamDown, StreamUp
from node.p2p.network import Network, NetworkBounds, NetworkStartFailed
from node.p2p.yamux import BoundedStream, BoundedYamux


async def test_two_nodes_meet_and_know_each_other_by_key(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    ana.network.dial(bia.address)
    seen_by_ana, seen_by_bia = await ana.next(StreamUp), await bia.next(StreamUp)
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
    assert (await ana.next(StreamDown)).peer == bia.peer
    again = Network(b"bia".ljust(32, b"."), [address.partition("/p2p/")[0]], on_event=bia._hear)
    await again.start()
    try:
        assert (await ana.next(StreamUp)).peer == bia.peer
    finally:
        await again.stop()


async def test_a_severed_peer_stays_away_until_mended(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    bia.network.sever(ana.peer)
    assert (await bia.next(StreamDown)).reason == "severed"
    await ana.next(StreamDown)
    tried = ana.network.stats()["failed_handshakes"]
    await until(lambda: ana.network.stats()["failed_handshakes"] > tried)
    assert bia.network.stats()["peers"] == ana.network.stats()["peers"] == 0
    bia.network.mend(ana.peer)
    await bia.next(StreamUp)
    await ana.next(StreamUp)


async def test_a_dropped_peer_comes_back_unless_it_is_banned(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    bia.network.drop(ana.peer)
    assert (await bia.next(StreamDown)).reason == "dropped"
    await bia.next(StreamUp)
    bia.network.drop(ana.peer, ban_seconds=60)
    await bia.next(StreamDown)
    tried = ana.network.stats()["failed_handshakes"]
    await until(lambda: ana.network.stats()["failed_handshakes"] > tried)
    assert bia.network.stats()["peers"] == 0


async def test_a_forgotten_peer_is_not_dialled_again(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    await acquaint(ana, bia)
    ana.network.forget(bia.address)
    ana.network.drop(bia.peer)
    await ana.next(StreamDown)
    await bia.next(StreamDown)
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
    monkeypatch.setattr(admission, "RETRY_FIRST_SECONDS", 0.05)
    monkeypatch.setattr("node.p2p.host.STABLE_SECONDS", 0.1)
    ana, bia = await start("ana"), await start("bia")
    address = bia.address
    await bia.network.stop()
    ana.network.dial(address)
    await until(lambda: ana.network.stats()["dials"] == 5)  # by now it waits for almost a second
    again = Network(b"bia".ljust(32, b"."), [address.partition("/p2p/")[0]], on_event=lambda _: None)
    await again.start()
    await ana.next(StreamUp)
    await asyncio.sleep(0.2)
    await again.stop()
    await ana.next(StreamDown)
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
    peer = (await bia.next(StreamUp)).peer
    second = asyncio.create_task(impose(bia, send, seed=b"the same"))
    assert (await bia.next(StreamDown)).reason == "replaced by a newer connection"
    await first
    assert (await bia.next(StreamUp)).peer == peer
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
    assert isinstance(await events.get(), StreamUp)
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
    await ana.next(StreamUp)
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
    assert (await bia.next(StreamDown)).peer == ana.peer
    assert "a bug in the trio side" in (await bia.next(NetworkFailed)).reason
    assert not bia.network.send(ana.peer, b"nobody carries this")
    await bia.next(NetworkRestarted)
    assert bia.network.alive and bia.address == address
    await bia.next(StreamUp)
    await ana.next(StreamUp)


async def test_what_was_wished_is_remembered_when_the_trio_side_comes_back(start: Start) -> None:
    ana, bia, caio = await start("ana"), await start("bia"), await start("caio")
    await acquaint(ana, bia)
    await acquaint(caio, ana)
    ana.network.sever(caio.peer)
    await ana.next(StreamDown)
    await break_down(ana, in_task=True)
    await ana.next(NetworkRestarted)
    assert (await ana.next(StreamUp)).peer == bia.peer
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
    assert (await bia.next(StreamDown)).peer == ana.peer
