# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses: multiaddrs to listen on and to dial, and what one holder is likely to hold whole."""

import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address

import trio
from multiaddr import Multiaddr

from node.p2p.parts import ID, Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class DialAddress:
    """Where to reach a peer, and who must answer there."""

    text: str
    host: str
    port: int
    peer: str
    websocket: bool = False
    tls: bool = False


@dataclass(frozen=True, slots=True)
class PeerAddress:
    """Where a peer calls from; without a port where a proxy has told it."""

    ip: str
    port: int | None
    websocket: bool = False

    @property
    def text(self) -> str:
        """It as a multiaddr."""
        port = "" if self.port is None else f"/tcp/{self.port}"
        return f"{ip_multiaddr(str(plain_ip(self.ip)))}{port}{'/ws' if self.websocket else ''}"

    @property
    def held_by(self) -> str:
        """What one holder is likely to hold whole."""
        return address_class_of(self.ip)


@dataclass(frozen=True, slots=True)
class HostAddress:
    """Where this host listens, for WebSockets or for TCP; port 0 until it has one."""

    ip: str
    port: int
    websocket: bool = False
    behind_proxy: bool = False

    def at(self, ip: str) -> str:
        """Return it as a multiaddr, with an IP address of this machine in the place of all of them."""
        return f"{ip_multiaddr(ip)}/tcp/{self.port}{'/ws' if self.websocket else ''}"


@dataclass(slots=True)
class Target:
    """A peer that we keep a connection to."""

    peer: str
    addresses: list[DialAddress] = field(default_factory=list[DialAddress])
    again: trio.Event = field(default_factory=trio.Event)
    was_stable: bool = False


class PortTaken(OSError):
    """A listening address cannot be had."""


def parse_listen(address: str) -> HostAddress:
    """Read a multiaddr to listen on; ValueError if it names no IP address and port."""
    parts = [(protocol.name, value) for protocol, value in Multiaddr(address).items()]
    match parts:
        case [("ip4" | "ip6", str(ip)), ("tcp", str(port))]:
            return HostAddress(ip, int(port))
        case [("ip4" | "ip6", str(ip)), ("tcp", str(port)), ("ws", _)]:
            return HostAddress(ip, int(port), websocket=True)
        case _:
            raise ValueError(f"not an address to listen on, like /ip4/0.0.0.0/tcp/4001 (or .../ws): {address}")


def parse_dial(address: str) -> DialAddress:
    """Read a multiaddr that names a host, a port and the peer who answers there; ValueError if it does not."""
    parts = [(protocol.name, value) for protocol, value in Multiaddr(address).items()]
    match parts:
        case [("ip4" | "ip6" | "dns" | "dns4" | "dns6", str(host)), ("tcp", str(port)), *over, ("p2p", str(peer))]:
            carried = _CARRIED.get(tuple(name for name, _ in over))
            if carried is not None:
                return DialAddress(address, host, int(port), _parse_peer(peer), *carried)
        case _:
            pass
    raise ValueError(f"not an address to dial, like /ip4/192.0.2.7/tcp/4001/p2p/12D3K...: {address}")


_CARRIED = {(): (False, False), ("ws",): (True, False), ("wss",): (True, True), ("tls", "ws"): (True, True)}
"""What may stand between the port and the peer: whether it is a WebSocket, and whether by TLS."""


def _parse_peer(text: str) -> str:
    """Return a PeerID in base58; ValueError unless it holds an Ed25519 key, as every node's does."""
    try:
        peer = ID.from_string(text)
        key = peer.extract_public_key()
    except Exception as error:
        raise ValueError(f"not a PeerID: {text}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"not a PeerID that holds an Ed25519 key: {text}")
    return peer.to_base58()


def ip_multiaddr(ip: str) -> str:
    """Return an IP address as the beginning of a multiaddr."""
    return f"/ip6/{ip}" if ":" in ip else f"/ip4/{ip}"


def plain_ip(text: str) -> IPv4Address | IPv6Address:
    """Read the IP address of a socket, without its zone and not wrapped into another kind."""
    ip = ip_address(text.partition("%")[0])
    return ip if isinstance(ip, IPv4Address) else ip.ipv4_mapped or ip


def address_class_of(ip: str) -> str:
    """Return what one holder is likely to hold whole: an IPv4 address, or the /64 of an IPv6 address."""
    if ":" not in ip:
        return ip
    packed = socket.inet_pton(socket.AF_INET6, ip.partition("%")[0])
    if packed[:12] == bytes(10) + b"\xff\xff":
        return socket.inet_ntoa(packed[12:])
    return packed[:8].hex()


async def listen_on(address: HostAddress) -> trio.SocketListener:
    """Bind without SO_REUSEPORT: the stock listener sets it, and two nodes then share a port unawares."""
    ip, port = address.ip, address.port
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    listening = trio.socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        await listening.bind((ip, port))
        listening.listen(socket.SOMAXCONN)
    except OSError as error:
        listening.close()
        raise PortTaken(error.errno, f"cannot listen on {ip} port {port}: {error.strerror}") from None
    return trio.SocketListener(listening)
