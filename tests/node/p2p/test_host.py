# SPDX-License-Identifier: AGPL-3.0-or-later
"""A host on trio: it takes whom it can, dials whom it is told to, and outlives whatever befalls one connection."""

import gc
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
import trio

from node.p2p.addresses import DialAddress, HostAddress, address_class_of
from node.p2p.connection import Connection, FlowWindow, NetworkBounds
from node.p2p.connections import DIALS_CROSS_SECONDS
from node.p2p.courtesies import IDENTIFY_PROTOCOL
from node.p2p.ending import ConnectionFault, contained
from node.p2p.host import Host
from node.p2p.parts import ID, MultiselectClientError, key_pair_from_seed
from node.p2p.streams import PROTOCOL
from node.p2p.upgrade import BufferedConnection, NoiseAndYamux, propose_protocol
from node.p2p.yamux import WINDOW_BYTES
from protocol.peers.ties import Tie

T = TypeVar("T")


def run(play: Callable[[], Awaitable[T]]) -> T:
    async def bounded() -> T:
        with trio.fail_after(20):
            return await play()

    return trio.run(bounded)


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - these parts set no event of ours
        await trio.sleep(0.001)


def identity(name: str) -> Any:
    return key_pair_from_seed(name.encode().ljust(32, b"."))


def peer_of(name: str) -> ID:
    return ID.from_pubkey(identity(name).public_key)


@asynccontextmanager
async def host_of(name: str, port: int = 0, **bounds: int) -> AsyncIterator[SimpleNamespace]:
    connections: list[Connection] = []
    stats: Counter[str] = Counter()
    host = Host(
        identity(name),
        bounds=NetworkBounds(**bounds),
        windows=(FlowWindow(bytes_max=1 << 30, frames_max=1 << 30), FlowWindow(bytes_max=1 << 30, frames_max=1 << 30)),
        on_up=connections.append,
        on_down=lambda connection, _: connections.remove(connection),
        on_frame=lambda *_: None,
        stats=stats,
        random=Random(1),
    )
    ports: list[int] = []
    ready = trio.Event()

    def listening(found: list[int]) -> None:
        ports.extend(found)
        ready.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run, [HostAddress("127.0.0.1", port)], listening)
        await ready.wait()
        yield SimpleNamespace(host=host, port=ports[0], peer=peer_of(name), connections=connections, stats=stats)
        host.stop()


@asynccontextmanager
async def session_with(place: SimpleNamespace, name: str) -> AsyncIterator[Any]:
    """A caller's side of a connection, up to where streams are opened; it hangs up in the end."""
    async with await trio.open_tcp_stream("127.0.0.1", place.port) as stream:
        session = await NoiseAndYamux(identity(name)).upgrade(BufferedConnection(stream, initiator=True), place.peer)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session.run)
            yield SimpleNamespace(open_stream=session.open_stream, nursery=nursery)
            nursery.cancel_scope.cancel()


async def call(place: SimpleNamespace, name: str) -> bool:
    """Tell whether a caller gets through to /mutirao/1, and hang up."""
    with trio.move_on_after(1.5), suppress(Exception):
        async with session_with(place, name) as session:
            await propose_protocol(await session.open_stream(), PROTOCOL)
        return True
    return False


def test_a_place_is_free_again_when_its_connection_ends() -> None:
    async def play() -> list[bool]:
        met: list[bool] = []
        async with host_of("host", inbound_max=2, handshakes_max=2) as place:
            for number in range(5):
                met.append(await call(place, f"caller {number}"))
                await until(lambda: not place.connections)
        return met

    assert run(play) == [True] * 5


def test_an_exception_in_one_connection_ends_that_one_only() -> None:
    async def stumble(*_: object) -> None:
        raise RuntimeError("a bug")

    async def play() -> bool:
        async with host_of("host") as place:
            carry = place.host._carry
            place.host._carry = stumble
            assert await call(place, "first")
            place.host._carry = carry
            return await call(place, "second")

    assert run(play)


def test_cancellation_passes_through_what_contains_exceptions() -> None:
    async def play() -> bool:
        with trio.move_on_after(0.01) as scope:
            await contained(trio.sleep_forever)
        return scope.cancelled_caught

    assert run(play)


def test_no_other_protocol_is_spoken() -> None:
    async def play() -> list[str]:
        refused: list[str] = []
        async with host_of("host") as place:
            for protocol in ("/meshsub/1.1.0", "/ipfs/id/push/1.0.0", "/ipfs/kad/1.0.0"):
                async with session_with(place, "caller") as session:
                    with suppress(MultiselectClientError):
                        await propose_protocol(await session.open_stream(), protocol)
                        refused.append("not " + protocol)
                    refused.append(protocol)
        return refused

    assert run(play) == ["/meshsub/1.1.0", "/ipfs/id/push/1.0.0", "/ipfs/kad/1.0.0"]


def test_who_only_asks_who_we_are_has_no_place_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> float:
        began = trio.current_time()
        async with host_of("host", handshakes_max=1) as place:
            with suppress(ExceptionGroup):  # it is hung up on
                async with session_with(place, "asker") as session:
                    stream = await session.open_stream()
                    await propose_protocol(stream, IDENTIFY_PROTOCOL)
                    assert await stream.read()
                    await trio.sleep_forever()
            await until(lambda: place.stats["failed_handshakes"] == 1)
            assert await call(place, "another")
            return trio.current_time() - began

    monkeypatch.setattr("node.p2p.host.HANDSHAKE_SECONDS", 0.4)
    assert 0.4 < run(play) < 3


def test_whom_we_have_dialled_may_ask_who_we_are() -> None:
    async def play() -> bytes:
        async with host_of("ana") as ana, host_of("bia") as bia:
            ana.host.dial(DialAddress("there", "127.0.0.1", bia.port, bia.peer.to_base58()))
            await until(lambda: ana.connections and bia.connections)
            stream = await bia.connections[0].stream._connection.open_stream()
            await propose_protocol(stream, IDENTIFY_PROTOCOL)
            return await stream.read()

    assert identity("ana").public_key.serialize() in run(play)


def test_a_peer_that_was_away_is_reached_as_soon_as_it_is_back() -> None:
    async def play() -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        async with host_of("ana") as ana:
            ana.host.dial(DialAddress("there", "127.0.0.1", port, peer_of("bia").to_base58()))
            await until(lambda: ana.stats["dials"] >= 2)
            async with host_of("bia", port) as bia:
                with trio.fail_after(3):
                    await until(lambda: ana.connections and bia.connections)

    run(play)


def test_a_dial_waits_for_nothing() -> None:
    async def play() -> float:
        took: list[float] = []
        async with host_of("bia") as bia:
            for number in range(3):
                async with host_of(f"ana {number}") as ana:
                    began = trio.current_time()
                    ana.host.dial(DialAddress("there", "127.0.0.1", bia.port, bia.peer.to_base58()))
                    await until(lambda: ana.connections)
                    took.append(trio.current_time() - began)
        return min(took)

    assert run(play) < 0.2


def test_whom_nobody_asked_for_is_not_dialled() -> None:
    async def play() -> int:
        async with host_of("host") as place:
            assert await call(place, "visitor")
            await trio.sleep(0.5)
            return place.stats["dials"]

    assert run(play) == 0


def test_a_frozen_peer_does_not_keep_a_host_from_closing() -> None:
    async def play() -> float:
        async with host_of("host") as place, await trio.open_tcp_stream("127.0.0.1", place.port) as stream:
            raw = BufferedConnection(stream, initiator=True)
            session = await NoiseAndYamux(identity("frozen")).upgrade(raw, place.peer)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(session.run)
                opened = await session.open_stream()
                await propose_protocol(opened, PROTOCOL)
                opened.widen()
                await until(lambda: place.connections)
                nursery.cancel_scope.cancel()  # from here it neither reads nor writes
            for _ in range(8):
                place.connections[0].outbox.put(bytes(WINDOW_BYTES))
            place.connections[0].outbox.wake()
            await trio.sleep(0.2)
            began = trio.current_time()
            place.host.stop()
            await until(lambda: not place.connections)
            return trio.current_time() - began

    gc.collect()
    before = open_sockets()
    assert run(play) < 1
    assert open_sockets() == before


def open_sockets() -> int:
    return sum("socket:" in str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink())


@pytest.mark.parametrize("we_are_smaller", [True, False])
@pytest.mark.parametrize("held_is_ours", [True, False])
def test_of_two_crossing_connections_both_sides_keep_what_the_smaller_one_dialled(
    *, we_are_smaller: bool, held_is_ours: bool
) -> None:
    async def play() -> tuple[bool, bool]:
        smaller, larger = sorted((peer_of("ana"), peer_of("bia")), key=ID.to_bytes)
        me, other = (smaller, larger) if we_are_smaller else (larger, smaller)
        stays: list[bool] = []
        async with host_of("ana" if me == peer_of("ana") else "bia") as place:
            for age_seconds in (0.1, DIALS_CROSS_SECONDS + 0.1):
                held, new = (connection_to(other, outbound=mine) for mine in (held_is_ours, not held_is_ours))
                place.host._peers.by_peer[held.peer] = held
                held.since = trio.current_time() - age_seconds
                try:
                    making_way = place.host._peers.making_way(new)
                    stays.append(making_way is None or making_way[0] is not held)
                except ConnectionFault:
                    stays.append(True)
                del place.host._peers.by_peer[held.peer]
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
        tie=Tie.KNOWN,
        bounds=NetworkBounds(),
        windows=(FlowWindow(bytes_max=1, frames_max=1), FlowWindow(bytes_max=1, frames_max=1)),
    )


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
