# SPDX-License-Identifier: AGPL-3.0-or-later
"""A WebSocket carries what TCP carries, under the same bounds; what is none is refused and harms nobody."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import pytest
import trio
import trio.testing
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from stations import Start, Station, acquaint, until
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Message, Ping, Pong, Request, TextMessage

from node.p2p import websocket
from node.p2p.addresses import HostAddress, PeerAddress, parse_dial, parse_listen
from node.p2p.ending import ConnectionFault
from node.p2p.events import FrameReceived, StreamDown, StreamUp
from node.p2p.parts import ID, IncompleteReadError, key_pair_from_seed
from node.p2p.upgrade import BufferedConnection, NoiseAndYamux, propose_protocol
from node.p2p.websocket import HEADER_BYTES_MAX, WebSocketStream
from protocol.peers.ties import Tie

WS = "/ip4/127.0.0.1/tcp/0/ws"
PEER = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"


def port_of(station: Station) -> int:
    return int(station.address.split("/")[4])


async def test_frames_of_any_length_go_both_ways(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia", listen=WS)
    assert bia.address.endswith(f"/ws/p2p/{bia.peer}")
    await acquaint(ana, bia)
    for size in (0, 1, 125, 126, 65_535, 65_536, 3_000_000):
        frame = bytes([size % 251]) * size
        assert ana.network.send(bia.peer, frame) and bia.network.send(ana.peer, frame)
        assert (await bia.next(FrameReceived)).frame == frame
        assert (await ana.next(FrameReceived)).frame == frame


async def test_whoever_goes_away_is_dialled_again(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia", listen=WS)
    await acquaint(ana, bia)
    bia.network.drop(ana.peer)
    await ana.next(StreamDown)
    assert (await ana.next(StreamUp)).address == bia.address


# By TLS.


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a node of ours")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    text = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, *private)
    path = tmp_path / "certificate.pem"
    path.write_bytes(text)
    return path


@asynccontextmanager
async def proxy_before(station: Station, certificate: Path) -> AsyncIterator[int]:
    """Bring TLS for a node, and tell it nothing of who calls; yields the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    pumping: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port_of(station))
        pumping.update(
            (asyncio.create_task(pump(reader, inner_writer)), asyncio.create_task(pump(inner_reader, writer)))
        )

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in pumping:
            task.cancel()


@pytest.mark.parametrize("form", ["wss", "tls/ws"])
async def test_a_node_behind_a_proxy_that_brings_tls_is_dialled(
    start: Start, certificate: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(websocket, "trusted", lambda: context)
    ana, bia = await start("ana"), await start("bia", listen=WS)
    async with proxy_before(bia, certificate) as port:
        ana.network.dial(f"/ip4/127.0.0.1/tcp/{port}/{form}/p2p/{bia.peer}")
        await ana.next(StreamUp)
        assert ana.network.send(bia.peer, bytes(1_000_000))
        assert (await bia.next(FrameReceived)).frame == bytes(1_000_000)


async def test_a_certificate_that_nobody_vouches_for_is_not_believed(start: Start, certificate: Path) -> None:
    ana, bia = await start("ana"), await start("bia", listen=WS)
    async with proxy_before(bia, certificate) as port:
        ana.network.dial(f"/ip4/127.0.0.1/tcp/{port}/wss/p2p/{bia.peer}")
        await until(lambda: ana.network.stats()["failed_handshakes"] > 0)
    assert not ana.events and not bia.events


async def test_a_peer_that_is_no_websocket_is_not_spoken_to(start: Start) -> None:
    ana, bia = await start("ana"), await start("bia")
    ana.network.dial(bia.address.replace("/p2p/", "/ws/p2p/"))
    await until(lambda: ana.network.stats()["failed_handshakes"] > 0)
    assert not ana.events and not bia.events


# Who calls.


async def call(station: Station, name: str, forwarded_for: bytes, *, stay: trio.Event | None = None) -> bool:
    """Tell whether somebody gets through a proxy that tells for whom it calls; raises nothing."""
    stream = await trio.open_tcp_stream("127.0.0.1", port_of(station))
    async with stream:
        wire = WSConnection(ConnectionType.CLIENT)
        asked = Request(host="a.example", target="/", extra_headers=[(b"X-Forwarded-For", forwarded_for)])
        await stream.send_all(wire.send(asked))
        wire.receive_data(bytes(await stream.receive_some(4096)))
        assert isinstance(next(wire.events()), AcceptConnection)
        raw = BufferedConnection(WebSocketStream(stream, wire), initiator=True)
        key_pair = key_pair_from_seed(name.encode().ljust(32, b"."))
        session = await NoiseAndYamux(key_pair).upgrade(raw, ID.from_base58(station.peer))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session.run)
            opened = await session.open_stream()
            await propose_protocol(opened, "/mutirao/1")
            await opened.write((5).to_bytes(4, "big") + b"hello")
            await trio.sleep_forever()
    return True


async def calls(station: Station, callers: dict[str, bytes], count: int) -> None:
    """Let many call, until so many are connected and no more can be."""

    async def quietly(name: str, forwarded_for: bytes) -> None:
        with suppress(ExceptionGroup, ConnectionFault, OSError, trio.BrokenResourceError, IncompleteReadError):
            await call(station, name, forwarded_for)

    async def run() -> None:
        with trio.move_on_after(0.6):
            async with trio.open_nursery() as nursery:
                for name, forwarded_for in callers.items():
                    nursery.start_soon(quietly, name, forwarded_for)
                    await trio.sleep(0.05)

    calling = asyncio.create_task(asyncio.to_thread(trio.run, run))
    await until(lambda: station.network.stats()["connections"] == count)
    await calling
    assert station.network.stats()["connections"] == count


async def test_behind_a_proxy_each_address_has_its_share(start: Start) -> None:
    bia = await start("bia", tie=Tie.STRANGER, listen=WS, behind_proxy=True, inbound_per_address_max=2)
    many = {f"many {number}": b"203.0.113.9, 198.51.100.1" for number in range(4)}
    others = {"other 1": b"198.51.100.1, 198.51.100.2", "other 2": b"2001:db8::1"}
    await calls(bia, many | others, 4)
    up = [event.address.partition("/p2p/")[0] for event in bia.events if isinstance(event, StreamUp)]
    assert up == ["/ip4/198.51.100.1/ws"] * 2 + ["/ip4/198.51.100.2/ws", "/ip6/2001:db8::1/ws"]


@pytest.mark.parametrize("said", [b"198.51.100.1", b"nonsense", b""])
async def test_who_stands_behind_no_proxy_says_nothing_of_its_address(start: Start, said: bytes) -> None:
    trusting = said != b"198.51.100.1"  # what is no address is not believed anyway
    bia = await start("bia", tie=Tie.STRANGER, listen=WS, behind_proxy=trusting, inbound_per_address_max=2)
    await calls(bia, {f"caller {number}": said for number in range(4)}, 2)
    up = [event.address for event in bia.events if isinstance(event, StreamUp)]
    assert all(address.startswith("/ip4/127.0.0.1/tcp/") and "/ws/p2p/" in address for address in up)


# What is no request.

GOOD = (
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 400 "),
        (GOOD.replace(b"GET", b"POST"), b"HTTP/1.1 400 "),
        (GOOD.replace(b": 13", b": 8"), b"HTTP/1.1 426 "),
        (GOOD.replace(b"Host: a\r\n", b""), b"HTTP/1.1 400 "),
        (GOOD.replace(b"websocket", b"h2c"), b"HTTP/1.1 400 "),
        (b"\x13/multistream/1.0.0\n\r\n\r\n", b"HTTP/1.1 400 "),
        (b"GET /" + b"a" * HEADER_BYTES_MAX, b""),
        (GOOD + b"\x81\x81\0\0\0\0a", b"HTTP/1.1 101 "),
        (GOOD + b"\x82\x01a", b"HTTP/1.1 101 "),
        (GOOD + b"\x83\x80\0\0\0\0", b"HTTP/1.1 101 "),
        (GOOD + b"\xc2\x80\0\0\0\0", b"HTTP/1.1 101 "),
        (GOOD + b"\x88\x80\0\0\0\0", b"HTTP/1.1 101 "),
        (GOOD + b"\x82\x86\0\0\0\0\x05good\n", b"HTTP/1.1 101 "),
    ],
    ids=lambda value: value[:4].decode("latin-1") + str(len(value)) if isinstance(value, bytes) else None,
)
async def test_what_is_no_websocket_is_hung_up_on_and_others_go_on(start: Start, said: bytes, answer: bytes) -> None:
    ana, bia = await start("ana"), await start("bia", listen=WS)
    await acquaint(ana, bia)
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(bia))
    request, accepted, message = said.partition(GOOD)
    writer.write(request or accepted)
    heard = b""
    with suppress(ConnectionResetError):
        async with asyncio.timeout(3):
            if accepted:
                heard += await reader.readuntil(b"\r\n\r\n")
                writer.write(message)
            while data := await reader.read(4096):
                heard += data
    writer.close()
    assert heard.startswith(answer) and (answer or not heard or heard.startswith(b"HTTP/1.1 4"))
    await until(lambda: bia.network.stats()["failed_handshakes"] == 1)
    assert ana.network.send(bia.peer, b"still here")
    assert (await bia.next(FrameReceived)).frame == b"still here"


@pytest.mark.parametrize("said", [b"", GOOD[:40], GOOD])
async def test_who_says_nothing_more_is_let_go(start: Start, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(websocket, "HANDSHAKE_SECONDS", 0.3)
    monkeypatch.setattr("node.p2p.host.HANDSHAKE_SECONDS", 0.3)
    bia = await start("bia", listen=WS)
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(bia))
    writer.write(said)
    async with asyncio.timeout(3):
        with suppress(ConnectionResetError):
            while await reader.read(4096):
                pass
    writer.close()
    await until(lambda: bia.network.stats()["failed_handshakes"] == 1)


async def test_of_one_address_so_many_ask_at_once_and_no_more(start: Start) -> None:
    bia = await start("bia", listen=WS, handshakes_max=16, handshakes_per_address_max=4)
    silent = [socket.create_connection(("127.0.0.1", port_of(bia)), source_address=("127.0.0.2", 0)) for _ in range(7)]
    await until(lambda: bia.network.stats()["refused_handshakes"] == 3)
    await acquaint(await start("ana"), bia)
    for one in silent:
        one.close()


# What a message is.


def played(*said: bytes) -> bytes:
    """Return what a caller is understood to say, or raise what is wrong with it."""

    async def play() -> bytes:
        ours, theirs = trio.testing.memory_stream_pair()
        wire = WSConnection(ConnectionType.SERVER)
        wire.receive_data(GOOD)
        next(wire.events())
        wire.send(AcceptConnection())
        stream = WebSocketStream(ours, wire)
        for one in said:
            await theirs.send_all(one)
        await theirs.send_eof()
        heard = b""
        while data := await stream.receive_some(7):
            assert len(data) <= 7
            heard += data
        with suppress(ConnectionFault):
            await stream.send_all(b"ok")
            written = bytes(await theirs.receive_some(4096))
            heard += b" -> " + written
        return heard

    return trio.run(play)


def spoken(*events: Message[Any] | Ping | Pong | CloseConnection) -> list[bytes]:
    wire = WSConnection(ConnectionType.CLIENT)
    wire.send(Request(host="a", target="/"))
    key = wire.handshake._nonce  # type: ignore[attr-defined]
    server = WSConnection(ConnectionType.SERVER)
    server.receive_data(GOOD.replace(b"AAAAAAAAAAAAAAAAAAAAAA==", cast(bytes, key)))
    next(server.events())
    wire.receive_data(server.send(AcceptConnection()))
    next(wire.events())
    return [wire.send(event) for event in events]


def test_where_a_message_ends_means_nothing() -> None:
    parts = (
        BytesMessage(b"Good ", message_finished=False),
        BytesMessage(b"", message_finished=False),
        BytesMessage(b"day"),
    )
    assert played(*spoken(*parts, BytesMessage(b"."))) == b"Good day. -> \x82\x02ok"


def test_the_last_ping_is_answered_with_what_goes_out_next() -> None:
    assert played(*spoken(Ping(b"one"), Ping(b"two"), BytesMessage(b"."))) == b". -> \x8a\x03two\x82\x02ok"


def test_a_close_ends_what_is_read_and_written() -> None:
    assert played(*spoken(BytesMessage(b"bye"), CloseConnection(1000))) == b"bye"


def test_text_is_no_message_of_ours() -> None:
    with pytest.raises(ConnectionFault, match="text"):
        played(*spoken(TextMessage("good day")))


def test_a_message_is_not_kept_until_it_is_whole() -> None:
    endless = b"\x82\xff" + (1 << 40).to_bytes(8, "big") + bytes(4)
    assert played(endless + b"first", b"second") == b"firstsecond -> \x82\x02ok"


# Addresses.


@pytest.mark.parametrize(
    ("over", "seen"),
    [("", (False, False)), ("/ws", (True, False)), ("/wss", (True, True)), ("/tls/ws", (True, True))],
)
def test_an_address_to_dial_says_what_carries(over: str, seen: tuple[bool, bool]) -> None:
    address = parse_dial(f"/dns4/a.example/tcp/443{over}/p2p/{PEER}")
    assert (address.host, address.port, address.peer) == ("a.example", 443, PEER)
    assert (address.websocket, address.tls) == seen


@pytest.mark.parametrize("over", ["/tls", "/ws/ws", "/ws/tls", "/wss/ws", "/quic-v1", "/http"])
def test_nothing_else_carries(over: str) -> None:
    with pytest.raises(ValueError, match="not an address to dial"):
        parse_dial(f"/dns4/a.example/tcp/443{over}/p2p/{PEER}")


def test_websockets_are_listened_for_without_tls() -> None:
    assert parse_listen("/ip4/127.0.0.1/tcp/4002/ws") == HostAddress("127.0.0.1", 4002, websocket=True)
    assert parse_listen("/ip6/::1/tcp/4002/ws").at("::1") == "/ip6/::1/tcp/4002/ws"
    for wrong in ("/ip4/127.0.0.1/tcp/4002/wss", "/ip4/127.0.0.1/tcp/4002/ws/ws", "/dns4/localhost/tcp/4002/ws"):
        with pytest.raises(ValueError, match="listen on"):
            parse_listen(wrong)


def test_where_a_peer_calls_from_is_told_as_far_as_it_is_known() -> None:
    assert PeerAddress("::ffff:192.0.2.7", 9, websocket=True).text == "/ip4/192.0.2.7/tcp/9/ws"
    assert PeerAddress("192.0.2.7", None, websocket=True).text == "/ip4/192.0.2.7/ws"
    assert PeerAddress("fe80::1%eth0", 9).text == "/ip6/fe80::1/tcp/9"
