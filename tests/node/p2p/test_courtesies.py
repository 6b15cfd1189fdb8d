# SPDX-License-Identifier: AGPL-3.0-or-later
"""Any libp2p peer is told who we are and whether we are there, and can ask for no more than that costs little."""

from contextlib import suppress
from typing import Any

import pytest
import trio
import trio.testing
from libp2p.identity.identify.pb.identify_pb2 import Identify
from multiaddr import Multiaddr
from stations import Start, impose

from node.p2p import courtesies, yamux
from node.p2p.addresses import HostAddress
from node.p2p.courtesies import (
    IDENTIFY_PROTOCOL,
    PING_BYTES,
    PING_PROTOCOL,
    TURN_SECONDS,
    TURNS_AT_ONCE,
    StreamTurns,
    told_addresses,
)
from node.p2p.ending import ConnectionFault
from node.p2p.events import FrameReceived
from node.p2p.streams import PING_STREAMS_MAX
from node.p2p.upgrade import propose_protocol
from node.p2p.yamux import FIN, HEADER, NARROW_BYTES_MAX, WINDOW_FRAME, BoundedStream, BoundedYamux

ANY = "0.0.0.0"  # noqa: S104
PING = bytes(range(PING_BYTES))


async def opened(session: BoundedYamux, protocol: str) -> BoundedStream:
    stream = await session.open_stream()
    await propose_protocol(stream, protocol)
    return stream


async def whole(stream: BoundedStream) -> bytes:
    """Read to the end."""
    read = b""
    with suppress(ConnectionFault):
        while True:
            read += await stream.read()
    return read


async def exactly(stream: BoundedStream, size: int) -> bytes:
    read = b""
    while len(read) < size:
        read += await stream.read(size - len(read))
    return read


@pytest.mark.parametrize("closes_first", [False, True])
async def test_who_asks_is_told_who_we_are_and_where_it_is_seen(start: Start, *, closes_first: bool) -> None:
    bia = await start("bia")
    said: list[Any] = []

    async def ask(session: BoundedYamux, _: BoundedStream) -> None:
        stream = await opened(session, IDENTIFY_PROTOCOL)
        if closes_first:  # as libp2p of Rust does
            await session.send(HEADER.pack(0, WINDOW_FRAME, FIN, stream.id, 0))
        message = Identify.FromString((await whole(stream))[2:])
        said.append(message)

    await impose(bia, ask)
    message = said[0]
    assert message.public_key == bia.network._key_pair.public_key.serialize()
    assert [str(Multiaddr(one)) for one in message.listen_addrs] == [bia.address.partition("/p2p/")[0]]
    assert str(Multiaddr(message.observed_addr)).startswith("/ip4/127.0.0.2/tcp/")
    assert list(message.protocols) == ["/mutirao/1", "/ipfs/id/1.0.0", "/ipfs/ping/1.0.0"]
    assert message.protocol_version == "mutirao/1" and message.agent_version.startswith("mutirao/0.")


async def test_pings_are_given_back_on_one_stream_and_on_new_ones(start: Start) -> None:
    bia = await start("bia")
    back: list[bytes] = []

    async def ping(session: BoundedYamux, ours: BoundedStream) -> None:
        first = await opened(session, PING_PROTOCOL)
        for number in range(3):
            await first.write(bytes([number]) * PING_BYTES)
            back.append(await exactly(first, PING_BYTES))
        await first.finish()
        first.reset()
        for _ in range(yamux.STREAMS_OPEN_MAX):  # what was closed on both sides takes no place
            stream = await opened(session, PING_PROTOCOL)
            await stream.write(PING[:5])
            await stream.write(PING[5:])
            back.append(await exactly(stream, PING_BYTES))
            await stream.finish()
            stream.reset()

    await impose_until_heard(bia, ping)
    assert back == [bytes([number]) * PING_BYTES for number in range(3)] + [PING] * yamux.STREAMS_OPEN_MAX


async def impose_until_heard(bia: Any, behave: Any) -> None:
    """Let a peer do something, and see that our own stream still works at its end."""

    async def then_go(session: BoundedYamux, ours: BoundedStream) -> None:
        await behave(session, ours)
        await ours.write((5).to_bytes(4, "big") + b"hello")
        await trio.sleep(0.1)

    await impose(bia, then_go)
    assert (await bia.next(FrameReceived)).frame == b"hello"


def test_a_peer_has_many_turns_at_once_and_then_few() -> None:
    async def play() -> tuple[float, float, float]:
        turns, began = StreamTurns(), trio.current_time()
        for _ in range(TURNS_AT_ONCE):
            await turns.next()
        at_once = trio.current_time() - began
        for _ in range(10):
            await turns.next()
        then = trio.current_time() - began
        await trio.sleep(TURNS_AT_ONCE * TURN_SECONDS + 10 * TURN_SECONDS)
        rested = trio.current_time()
        for _ in range(TURNS_AT_ONCE):
            await turns.next()
        return at_once, then, trio.current_time() - rested

    seen = trio.run(play, clock=trio.testing.MockClock(autojump_threshold=0))
    assert seen == (0, pytest.approx(10 * TURN_SECONDS), 0)


async def test_who_sends_more_than_pings_loses_that_stream_alone(start: Start) -> None:
    bia = await start("bia")
    ended: list[str] = []

    async def pour(session: BoundedYamux, _: BoundedStream) -> None:
        stream = await opened(session, PING_PROTOCOL)
        await stream.write(bytes(NARROW_BYTES_MAX + (TURNS_AT_ONCE + 1) * PING_BYTES))
        try:
            while True:
                await stream.read()
        except ConnectionFault as fault:
            ended.append(str(fault))

    await impose_until_heard(bia, pour)
    assert ended == ["the peer closed the stream"]


async def test_two_streams_of_pings_are_served_and_not_three(start: Start) -> None:
    bia = await start("bia")
    back: list[bytes] = []

    async def ping_thrice(session: BoundedYamux, _: BoundedStream) -> None:
        three = [await opened(session, PING_PROTOCOL) for _ in range(PING_STREAMS_MAX + 1)]
        for stream in three:
            with suppress(ConnectionFault):
                await stream.write(PING)
        back.extend([await whole(three[-1]), *[await exactly(one, PING_BYTES) for one in three[:-1]]])

    await impose_until_heard(bia, ping_thrice)
    assert back == [b"", PING, PING]


async def test_a_ping_that_does_not_come_is_not_awaited_for_ever(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesies, "PING_IDLE_SECONDS", 0.2)
    bia = await start("bia")
    back: list[bytes] = []

    async def dawdle(session: BoundedYamux, _: BoundedStream) -> None:
        stream = await opened(session, PING_PROTOCOL)
        await stream.write(PING[:-1])
        back.append(await whole(stream))

    await impose_until_heard(bia, dawdle)
    assert back == [b""]


@pytest.mark.parametrize(
    ("listening", "met_at", "asker", "told"),
    [
        (ANY, "192.0.2.7", "198.51.100.1", ["/ip4/192.0.2.7/tcp/4001"]),
        (ANY, "127.0.0.1", "127.0.0.1", ["/ip4/127.0.0.1/tcp/4001"]),
        (ANY, "2001:db8::7", "2001:db8::1", []),
        ("::", "::ffff:192.0.2.7", "::ffff:198.51.100.1", ["/ip4/192.0.2.7/tcp/4001"]),
        ("::", "fe80::7%eth0", "fe80::1%eth0", ["/ip6/fe80::7/tcp/4001"]),
        ("192.0.2.8", "192.0.2.7", "198.51.100.1", ["/ip4/192.0.2.8/tcp/4001"]),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", ["/ip4/127.0.0.1/tcp/4001"]),
        ("127.0.0.1", "127.0.0.1", "198.51.100.1", []),
    ],
)
def test_only_addresses_of_use_are_told(listening: str, met_at: str, asker: str, told: list[str]) -> None:
    assert told_addresses([HostAddress(listening, 4001)], met_at, asker) == told
