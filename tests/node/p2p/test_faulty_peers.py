# SPDX-License-Identifier: AGPL-3.0-or-later
"""Peers that flood, stall or break the protocol harm nobody but themselves."""

import asyncio
import socket
from contextlib import suppress

import pytest
import trio
from stations import PATIENCE_SECONDS, Behaviour, Start, acquaint, impose, until

from node.p2p import yamux
from node.p2p.ending import ConnectionFault
from node.p2p.events import FrameReceived, StreamDown, StreamUp
from node.p2p.parts import ID, key_pair_from_seed
from node.p2p.upgrade import propose_protocol
from node.p2p.yamux import (
    HEADER,
    PING_FRAME,
    STREAMS_OPEN_MAX,
    STREAMS_REFUSED_MAX,
    SYN,
    WINDOW_BYTES,
    WINDOW_FRAME,
    BoundedStream,
    BoundedYamux,
)
from protocol.peers.ties import Tie


async def yield_for_ever(_: object = None) -> None:
    await trio.sleep_forever()


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


async def announce_64_mb(_: BoundedYamux, stream: BoundedStream) -> None:
    await stream.write((64 * 1024 * 1024).to_bytes(4, "big") + b"...")
    await stream.read()


async def exceed_the_window(session: BoundedYamux, stream: BoundedStream) -> None:
    stream.add_credit(2 * WINDOW_BYTES)  # which nobody gave
    await stream.write(bytes(WINDOW_BYTES + 1))
    await stream.read()


async def speak_nonsense(session: BoundedYamux, stream: BoundedStream) -> None:
    await session.send(b"nonsense beyond the length of a header")
    await stream.read()


async def open_many_streams(session: BoundedYamux, stream: BoundedStream) -> None:
    for number in range(STREAMS_OPEN_MAX + STREAMS_REFUSED_MAX):
        await session.send(HEADER.pack(0, WINDOW_FRAME, SYN, 2 * number + 3, 0))
    await stream.read()


async def speak_another_version(session: BoundedYamux, stream: BoundedStream) -> None:
    await session.send(HEADER.pack(1, PING_FRAME, SYN, 0, 7))
    await stream.read()


async def use_a_foreign_stream_id(session: BoundedYamux, stream: BoundedStream) -> None:
    await session.send(HEADER.pack(0, WINDOW_FRAME, SYN, 2, 0))
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
    down = await bia.next(StreamDown)
    assert down.peer != ana.peer
    assert reason in down.reason
    assert ana.network.send(bia.peer, b"still here")
    assert (await bia.next(FrameReceived)).frame == b"still here"


async def test_a_second_stream_of_one_peer_is_refused_and_the_first_goes_on(start: Start) -> None:
    bia = await start("bia")

    async def open_a_second(session: BoundedYamux, stream: BoundedStream) -> None:
        second = await session.open_stream()
        await propose_protocol(second, "/mutirao/1")
        with pytest.raises(ConnectionFault, match="closed the stream"):
            await second.read()
        await stream.write((5).to_bytes(4, "big") + b"first")
        await trio.sleep(0.1)

    await impose(bia, open_a_second)
    assert (await bia.next(FrameReceived)).frame == b"first"


async def test_a_peer_that_falls_silent_is_let_go(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    bia = await start("bia")

    async def fall_silent(session: BoundedYamux, stream: BoundedStream) -> None:
        session.send = yield_for_ever  # type: ignore[method-assign]
        while True:
            session._heard_at = trio.current_time()  # else it is the first to give up
            await trio.sleep(0.05)

    monkeypatch.setattr(yamux, "PING_SECONDS", 0.5)
    monkeypatch.setattr(yamux, "PING_ANSWER_SECONDS", 0.4)
    await impose(bia, fall_silent)
    assert (await bia.next(StreamDown)).reason == "the peer fell silent"


async def test_a_peer_that_reads_nothing_is_let_go(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    bia = await start("bia")

    async def read_nothing(session: BoundedYamux, stream: BoundedStream) -> None:
        await trio.sleep(PATIENCE_SECONDS)

    monkeypatch.setattr(yamux, "CREDIT_SECONDS", 0.3)
    imposing = asyncio.create_task(impose(bia, read_nothing))
    peer = (await bia.next(StreamUp)).peer
    for _ in range(2):
        assert bia.network.send(peer, bytes(WINDOW_BYTES))
    assert (await bia.next(StreamDown)).reason == "the peer reads nothing"
    await imposing


async def test_a_frame_that_stops_half_way_is_not_awaited_for_ever(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    bia = await start("bia")

    async def stop_half_way(session: BoundedYamux, stream: BoundedStream) -> None:
        await stream.write((1000).to_bytes(4, "big") + b"half")
        await stream.read()

    monkeypatch.setattr("node.p2p.host.FRAME_STALL_SECONDS", 0.3)
    await impose(bia, stop_half_way)
    assert (await bia.next(StreamDown)).reason == "the peer stopped in mid-frame"


async def test_a_host_that_is_not_the_peer_in_the_address_is_not_spoken_to(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    forged = bia.address.replace(bia.peer, ID.from_pubkey(key_pair_from_seed(bytes(32)).public_key).to_base58())
    ana.network.dial(forged)
    await until(lambda: ana.network.stats()["failed_handshakes"] >= 2)
    assert not ana.events and not bia.events


async def test_one_address_has_its_share_of_places_and_no_more(start: Start) -> None:
    bounds = {"inbound_per_address_max": 2, "inbound_max": 3}
    bia = await start("bia", tie=Tie.STRANGER, **bounds)
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
    await bia.next(StreamDown)

    # Whom we choose is not counted, whoever of us dials.
    bia.network.dial(near[3].address)
    assert (await bia.next(StreamUp)).peer == near[3].peer
    unreachable = near[2].address.replace(near[2].address.split("/")[4], "1")
    bia.network.dial(unreachable)
    assert (await bia.next(StreamUp)).peer == near[2].peer


async def test_callers_of_one_address_that_do_not_shake_hands_keep_no_honest_peer_out(start: Start) -> None:
    bounds = {"handshakes_max": 16, "handshakes_per_address_max": 8}
    ana, bia = await start("ana"), await start("bia", **bounds)
    await acquaint(ana, bia)
    port = int(bia.address.split("/")[4])
    loop = asyncio.get_running_loop()

    def caller() -> socket.socket:
        made = socket.socket()
        made.bind(("127.0.0.2", 0))
        made.setblocking(False)
        return made

    async def speak_to_no_purpose(words: bytes) -> None:
        with caller() as speaker, suppress(OSError):
            await loop.sock_connect(speaker, ("127.0.0.1", port))
            await loop.sock_sendall(speaker, words)
            while await loop.sock_recv(speaker, 4096):
                pass

    silent = [caller() for _ in range(12)]
    for one in silent:
        await loop.sock_connect(one, ("127.0.0.1", port))
    await until(lambda: bia.network.stats()["refused_handshakes"] == 4)
    speakers = asyncio.gather(*(speak_to_no_purpose(b"good day") for _ in range(20)))
    caio = await start("caio")
    async with asyncio.timeout(3):
        caio.network.dial(bia.address)
        await caio.next(StreamUp)
    for number in range(20):
        assert ana.network.send(bia.peer, number.to_bytes(4, "big"))
        await bia.next(FrameReceived)
    await speakers
    assert bia.network.stats()["peers"] == 2
    assert bia.network.stats()["refused_handshakes"] == 24
    for one in silent:
        one.close()
