# SPDX-License-Identifier: AGPL-3.0-or-later
"""A WebSocket (RFC 6455) as a stream of bytes: what a proxy that brings TLS passes on, and what a web page can open.

Noise and Yamux run over it as over TCP, so the proxy reads nothing and changes nothing. docs/decisions/0042 tells more.
"""

import ssl
from dataclasses import replace
from functools import cache
from ipaddress import ip_address

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError, RemoteProtocolError

from node.p2p.addresses import DialAddress, PeerAddress, plain_ip
from node.p2p.admission import HANDSHAKE_SECONDS, InboundSlots
from node.p2p.connection import NetworkBounds
from node.p2p.ending import ConnectionFault
from node.p2p.places import NoPlace

HEADER_BYTES_MAX = 16 * 1024
"""What the request, or the answer to it, may take before the first message."""
WEBSOCKET_READ_BYTES = 16 * 1024
"""At most so much is cut into messages without letting others have a turn."""


class WebSocketStream(trio.abc.Stream):
    """The bytes of all binary messages, one after the other; where one message ends means nothing.

    No extension is agreed upon, so nothing is inflated; a message is not kept until it is whole, so its length does not
    matter; only the last ping is answered, with the next bytes that go out (Yamux sends some each 5 s), so the
    reader waits for no writer.
    """

    def __init__(self, below: trio.abc.Stream, wire: WSConnection) -> None:
        self._below = below
        self._wire = wire
        self._arrived = bytearray()
        self._pong = b""
        self._closed = False
        self._hear()  # what came with the end of the handshake

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Return what has come, nothing at the end; ConnectionFault for what is no message of bytes."""
        while not self._arrived and not self._closed:
            data = await self._below.receive_some(WEBSOCKET_READ_BYTES)
            if not data:
                return b""
            try:
                self._wire.receive_data(bytes(data))
                self._hear()
            except ProtocolError as error:
                raise ConnectionFault("not a message of a WebSocket") from error
        taken = bytes(self._arrived[:max_bytes])
        del self._arrived[: len(taken)]
        return taken

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send data as one message; ConnectionFault once the peer has closed."""
        if self._closed:
            raise ConnectionFault("the peer closed the WebSocket")
        pong, self._pong = self._pong, b""
        await self._below.send_all(pong + self._wire.send(BytesMessage(bytes(data))))

    async def wait_send_all_might_not_block(self) -> None:
        await self._below.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._below.aclose()

    def _hear(self) -> None:
        for event in self._wire.events():
            match event:
                case BytesMessage(data=data):
                    self._arrived += data
                case TextMessage():
                    raise ConnectionFault("the peer sends text where bytes are spoken")
                case Ping():
                    self._pong = self._wire.send(event.response())
                case CloseConnection():
                    self._closed = True
                case _:
                    pass


class WebSocketDoor:
    """Lets callers in who ask for a WebSocket, from one machine as from TCP: so many at once, within 5 s.

    Behind a proxy, which calls from this machine itself, the caller is the last one that X-Forwarded-For names.
    """

    def __init__(self, bounds: NetworkBounds, *, behind_proxy: bool) -> None:
        each = bounds.handshakes_max if behind_proxy else bounds.handshakes_per_address_max
        self._slots = InboundSlots(pending_max=bounds.handshakes_max, pending_per_address_max=each)
        self._behind_proxy = behind_proxy

    async def let_in(self, stream: trio.SocketStream, caller: PeerAddress) -> tuple[WebSocketStream, PeerAddress]:
        """Return the WebSocket, and who is at its end; NoPlace, and ConnectionFault for no such request."""
        with trio.move_on_after(HANDSHAKE_SECONDS) as shaking:
            if not self._slots.admit(caller.held_by, shaking.cancel):
                raise NoPlace("no place for more handshakes")
            try:
                opened, forwarded_for = await _answer_request(stream)
            finally:
                self._slots.release(caller.held_by, shaking.cancel)
            if self._behind_proxy and plain_ip(caller.ip).is_loopback and forwarded_for:
                return opened, PeerAddress(forwarded_for, None, websocket=True)
            return opened, replace(caller, websocket=True)
        raise ConnectionFault("the caller asks for nothing")


async def _answer_request(stream: trio.SocketStream) -> tuple[WebSocketStream, str]:
    """Accept a request for a WebSocket; return it and the IP address that it was forwarded for, empty if none."""
    wire = WSConnection(ConnectionType.SERVER)
    try:
        request = await _next_event(stream, wire)
        if not isinstance(request, Request):
            raise ConnectionFault("no request for a WebSocket")
        await stream.send_all(wire.send(AcceptConnection()))
    except RemoteProtocolError as error:
        await stream.send_all(wire.send(error.event_hint or RejectConnection()))
        raise ConnectionFault("no request for a WebSocket") from error
    named = [value.decode("latin-1") for name, value in request.extra_headers if name.lower() == b"x-forwarded-for"]
    return WebSocketStream(stream, wire), _ip_in(named[-1] if named else "")


async def open_websocket(address: DialAddress, stream: trio.SocketStream) -> WebSocketStream:
    """Ask for a WebSocket at the other end of a socket, by TLS if the address says so; ConnectionFault if refused."""
    below: trio.abc.Stream = stream
    if address.tls:
        below = trio.SSLStream(stream, trusted(), server_hostname=address.host, https_compatible=True)
    wire = WSConnection(ConnectionType.CLIENT)
    host = f"[{address.host}]" if ":" in address.host else address.host
    await below.send_all(wire.send(Request(host=f"{host}:{address.port}", target="/")))
    try:
        answer = await _next_event(below, wire)
    except RemoteProtocolError as error:
        raise ConnectionFault("no answer of a WebSocket") from error
    if isinstance(answer, RejectConnection):
        raise ConnectionFault(f"no WebSocket there: {answer.status_code}")
    return WebSocketStream(below, wire)


async def _next_event(stream: trio.abc.Stream, wire: WSConnection) -> object:
    """Read until the handshake of a WebSocket has an event; RemoteProtocolError where it is none."""
    read = 0
    while read < HEADER_BYTES_MAX:
        data = await stream.receive_some(HEADER_BYTES_MAX - read)
        if not data:
            raise ConnectionFault("the peer hung up")
        read += len(data)
        wire.receive_data(bytes(data))
        if (event := next(wire.events(), None)) is not None:
            return event
    raise ConnectionFault("a handshake of a WebSocket that is too long")


def _ip_in(forwarded_for: str) -> str:
    try:
        return str(ip_address(forwarded_for.rpartition(",")[2].strip()))
    except ValueError:
        return ""


@cache
def trusted() -> ssl.SSLContext:
    """Whose certificates are believed: whom the machine believes; SSL_CERT_FILE names others."""
    return ssl.create_default_context()
