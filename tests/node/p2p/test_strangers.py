# SPDX-License-Identifier: AGPL-3.0-or-later
"""Strangers take little memory and no partner's place, whatever they do with their connections."""

import asyncio

import pytest
import trio
from stations import Alike, Start, Station, acquaint, impose, until

from node.p2p import connection
from node.p2p.connection import (
    FAR_OUTBOX_BYTES_MAX,
    FAR_OUTBOXES_BYTES_MAX,
    FAR_UNCONSUMED_BYTES_MAX,
    FAR_UNCONSUMED_BYTES_TOTAL_MAX,
    LONG_FRAME_BYTES,
)
from node.p2p.events import FrameReceived, StreamDown, StreamUp
from node.p2p.yamux import BoundedStream, BoundedYamux
from protocol.peers.ties import Tie

FRAME = bytes(16_000)


def key_of(station: Station) -> bytes:
    return station.network._key_pair.public_key.to_bytes()


def heard(station: Station, peer: str) -> int:
    """Return how many bytes of frames have come from a peer."""
    return sum(len(one.frame) for one in station.events if isinstance(one, FrameReceived) and one.peer == peer)


async def test_idle_strangers_keep_no_partner_out_and_one_gives_way_to_a_newcomer(start: Start) -> None:
    bia = await start("bia", tie=Tie.STRANGER, inbound_max=4)
    for number in range(4):
        await acquaint(await start(f"idle {number}"), bia)
    partner = await start("partner")
    bia.network.know({key_of(partner): Tie.PARTNER})
    await acquaint(partner, bia)
    assert bia.network.stats()["peers"] == 5
    newcomer = await start("newcomer")
    newcomer.network.dial(bia.address)
    assert (await bia.next(StreamDown)).reason == "its place is another's now"
    await newcomer.next(StreamUp)
    assert partner.peer in bia.network._connections


async def test_what_strangers_send_and_nobody_has_handled_yet_is_bounded_and_leaves_partners_room(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FAR_UNCONSUMED_BYTES_TOTAL_MAX", 2 * FAR_UNCONSUMED_BYTES_MAX)
    bia = await start("bia", consuming=False, tie=Tie.STRANGER)
    strangers = [await start(f"stranger {number}") for number in range(4)]
    partner = await start("partner")
    bia.network.know({key_of(partner): Tie.PARTNER})
    for one in (*strangers, partner):
        await acquaint(one, bia)
    for one in strangers:
        while one.network.send(bia.peer, FRAME):
            pass
    await until(lambda: sum(heard(bia, one.peer) for one in strangers) >= 2 * FAR_UNCONSUMED_BYTES_MAX)
    for _ in range(100):
        assert partner.network.send(bia.peer, FRAME)
    await until(lambda: heard(bia, partner.peer) == 100 * len(FRAME))
    assert max(heard(bia, one.peer) for one in strangers) < FAR_UNCONSUMED_BYTES_MAX + len(FRAME)
    assert sum(heard(bia, one.peer) for one in strangers) <= 2 * FAR_UNCONSUMED_BYTES_MAX + 4 * len(FRAME)


async def test_what_waits_for_strangers_is_bounded_each_and_in_all(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FAR_OUTBOXES_BYTES_MAX", FAR_OUTBOX_BYTES_MAX)
    bia = await start("bia", tie=Tie.STRANGER)

    async def read_nothing(session: BoundedYamux, stream: BoundedStream) -> None:
        await trio.sleep(1.5)

    imposing = [asyncio.create_task(impose(bia, read_nothing, seed=b"idle %d" % number)) for number in range(6)]
    await until(lambda: bia.network.stats()["peers"] == 6)
    peers = sorted(bia.network._connections)
    sent = dict.fromkeys(peers, 0)
    for _ in range(100):
        for peer in peers:
            while bia.network.offer(peer, FRAME):
                sent[peer] += len(FRAME)
        await asyncio.sleep(0.005)
    waiting = {peer: bia.network._connections[peer].outbox.queued_bytes for peer in peers}
    assert max(waiting.values()) <= FAR_OUTBOX_BYTES_MAX // 2 + len(FRAME)
    assert sum(waiting.values()) <= FAR_OUTBOX_BYTES_MAX + 6 * (len(FRAME) + 4)
    assert min(sent.values()) > 0
    small = bytes(1_000)
    assert all(bia.network.send(peer, small) for peer in peers), "what cannot wait has room beside it"
    for one in imposing:
        one.cancel()


async def test_who_becomes_a_partner_has_a_partners_room_at_once(start: Start) -> None:
    bia, caio = await start("bia", tie=Tie.STRANGER), await start("caio", consuming=False)
    await acquaint(caio, bia)
    assert bia.network.send(caio.peer, bytes(200_000)), "a frame that is longer than the room goes alone"
    assert not bia.network.send(caio.peer, bytes(2_000_000))
    bia.network.know(Alike(Tie.PARTNER))
    await until(lambda: bia.network.send(caio.peer, bytes(2_000_000)))


async def test_few_strangers_at_a_time_are_in_the_midst_of_a_long_frame(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.p2p.host.LONG_FRAMES_MAX", 1)
    monkeypatch.setattr("node.p2p.host.LONG_FRAME_SECONDS", 1.0)
    bia = await start("bia", tie=Tie.STRANGER)
    honest = await start("honest")
    await acquaint(honest, bia)

    async def dawdle(session: BoundedYamux, stream: BoundedStream) -> None:
        await stream.write((4 * LONG_FRAME_BYTES).to_bytes(4, "big") + bytes(LONG_FRAME_BYTES))
        while True:
            await trio.sleep(0.05)
            await stream.write(b".")

    dawdling = asyncio.create_task(impose(bia, dawdle))
    await until(lambda: bia.network.stats()["peers"] == 2)
    await until(lambda: bia.network._host is not None and bia.network._host._long_frames.borrowed_tokens == 1)
    assert honest.network.send(bia.peer, bytes(1_000))
    assert honest.network.send(bia.peer, bytes(3 * LONG_FRAME_BYTES))
    await asyncio.sleep(0.3)
    assert heard(bia, honest.peer) == 1_000, "it waits with the long one"
    await until(lambda: heard(bia, honest.peer) == 1_000 + 3 * LONG_FRAME_BYTES)
    assert (await bia.next(StreamDown)).reason == "the peer takes too long over a frame"
    dawdling.cancel()


def test_all_strangers_together_take_what_a_small_machine_has() -> None:
    places = 128
    streams = places * (256 * 1024 + LONG_FRAME_BYTES)
    frames = FAR_UNCONSUMED_BYTES_TOTAL_MAX + 8 * 4 * 1024 * 1024
    waiting = FAR_OUTBOXES_BYTES_MAX + places * FAR_OUTBOX_BYTES_MAX
    assert streams + frames + waiting < 128 * 1024 * 1024
