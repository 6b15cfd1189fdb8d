# SPDX-License-Identifier: AGPL-3.0-or-later
"""The trio side of the network: listens, dials, and carries frames over one stream for each peer."""

import logging
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from math import inf
from random import Random

import trio

from node.p2p.addresses import DialAddress, HostAddress, PeerAddress, Target, listen_on
from node.p2p.admission import HANDSHAKE_SECONDS, Backoff, InboundSlots
from node.p2p.connection import LONG_FRAMES_MAX, Connection, FlowWindow, FrameDecoder, NetworkBounds
from node.p2p.connections import CONNECT_SECONDS, PeerConnections
from node.p2p.courtesies import introduction, told_addresses
from node.p2p.ending import ConnectionFault, close_at_once, contained
from node.p2p.parts import ID, Ed25519PublicKey, KeyPair
from node.p2p.places import NoPlace
from node.p2p.streams import PROTOCOL, SPOKEN, PeerStreams
from node.p2p.upgrade import BufferedConnection, NoiseAndYamux
from node.p2p.websocket import WebSocketDoor, open_websocket
from node.p2p.yamux import BoundedStream, BoundedYamux
from protocol.peers.ties import Tie

FRAME_STALL_SECONDS = 30.0

LONG_FRAME_SECONDS = 20.0
"""How long a peer that is none of ours may take over a long frame, while others wait to send theirs."""

# A peer that takes calls only to hang up is called less and less often.
STABLE_SECONDS = 1.0

log = logging.getLogger(__name__)


class Host:
    """Runs inside trio; every method but `run` is called in its thread."""

    def __init__(
        self,
        key_pair: KeyPair,
        *,
        bounds: NetworkBounds,
        windows: tuple[FlowWindow, FlowWindow],
        on_up: Callable[[Connection], None],
        on_down: Callable[[Connection, str], None],
        on_frame: Callable[[Connection, bytes], None],
        stats: Counter[str],
        random: Random,
    ) -> None:
        self._me = ID.from_pubkey(key_pair.public_key)
        self._public_key = key_pair.public_key.serialize()
        self._listening: list[HostAddress] = []
        self._upgrader = NoiseAndYamux(key_pair)
        self._bounds = bounds
        self._windows = windows
        """What partners and whom we have dialled share, and what all others share."""
        self._long_frames = trio.CapacityLimiter(LONG_FRAMES_MAX)
        self._on_up = on_up
        self._on_down = on_down
        self._on_frame = on_frame
        self._stats = stats
        self._random = random
        self._slots = InboundSlots(
            pending_max=bounds.handshakes_max, pending_per_address_max=bounds.handshakes_per_address_max
        )
        self._targets: dict[str, Target] = {}
        self._peers = PeerConnections(self._me, bounds, self._targets)
        self._nursery: trio.Nursery | None = None

    async def run(self, listen: Sequence[HostAddress], ready: Callable[[list[int]], None]) -> None:
        """Listen on these addresses, tell the real ports, and serve until cancelled; PortTaken if not."""
        listeners: list[trio.SocketListener] = []
        try:
            for address in listen:
                listeners += [await listen_on(address)]
            ports = [listener.socket.getsockname()[1] for listener in listeners]
            self._listening = [replace(address, port=port) for address, port in zip(listen, ports, strict=True)]
            async with trio.open_nursery() as self._nursery:
                for target in self._targets.values():
                    self._nursery.start_soon(self._keep, target)
                for address, listener in zip(listen, listeners, strict=True):
                    door = WebSocketDoor(self._bounds, behind_proxy=address.behind_proxy) if address.websocket else None
                    serve = partial(trio.serve_listeners, handler_nursery=self._nursery)
                    self._nursery.start_soon(serve, partial(self._take_inbound, door), [listener])
                ready(ports)
                await trio.sleep_forever()
        finally:
            self._nursery = None
            for connection in list(self._peers.by_peer.values()):
                self._down(connection, "the network stopped")
            for listener in listeners:
                listener.socket.close()

    def stop(self) -> None:
        """Cancel everything."""
        if self._nursery is not None:
            self._nursery.cancel_scope.cancel()

    def dial(self, address: DialAddress) -> None:
        """Keep a connection to the peer at this address."""
        target = self._targets.get(address.peer)
        if target is None:
            target = self._targets[address.peer] = Target(address.peer, [address])
            if self._nursery is not None:
                self._nursery.start_soon(self._keep, target)
        elif address not in target.addresses:
            target.addresses.append(address)
            target.again.set()

    def forget(self, address_or_peer: str) -> None:
        """Dial this address, or this peer at any address, no more; a connection that is up stays up."""
        for target in list(self._targets.values()):
            if target.peer == address_or_peer:
                target.addresses.clear()
            else:
                target.addresses[:] = [a for a in target.addresses if a.text != address_or_peer]
            if not target.addresses:
                del self._targets[target.peer]
                target.again.set()

    def know(self, ties: Mapping[bytes, Tie]) -> None:
        """Take in which nodes are more than strangers, by libp2p key."""
        self._peers.know(ties)

    def drop(self, peer: str, ban_seconds: float) -> None:
        """End the connection to this peer and refuse it for a while."""
        if ban_seconds > 0:
            self._peers.ban(peer, ban_seconds)
        self._cut(peer, "dropped")

    def sever(self, peer: str) -> None:
        """Cut the connection to this peer and refuse it until mended."""
        self._peers.sever(peer)
        self._cut(peer, "severed")

    def mend(self, peer: str) -> None:
        """Let this peer connect again, and dial it at once if we keep a connection to it."""
        self._peers.mend(peer)
        if target := self._targets.get(peer):
            target.again.set()

    # Dialling.

    async def _keep(self, target: Target) -> None:
        backoff = Backoff(self._random)
        turn = 0
        while target.addresses:
            target.again = trio.Event()
            if connection := self._peers.by_peer.get(target.peer):
                await connection.ended.wait()
            elif not self._peers.is_refused(target.peer):
                address = target.addresses[turn % len(target.addresses)]
                turn += 1
                failure = await contained(self._dial, target, address)
                log.debug("dial ended", extra={"address": address.text, "reason": str(failure)})
            if target.was_stable:
                target.was_stable = False
                backoff.reset()
            with trio.move_on_after(backoff.next_seconds()):
                await target.again.wait()
                backoff.reset()

    async def _dial(self, target: Target, address: DialAddress) -> None:
        self._stats["dials"] += 1
        with trio.fail_after(CONNECT_SECONDS):
            stream = await trio.open_tcp_stream(address.host, address.port)
        try:
            await self._connected(stream, stream, PeerAddress(*stream.socket.getpeername()[:2]), (target, address))
        finally:
            await close_at_once(stream)

    # Being dialled.

    async def _take_inbound(self, door: WebSocketDoor | None, stream: trio.SocketStream) -> None:
        try:
            failure = await contained(self._answer, door, stream)
        finally:
            await close_at_once(stream)
        if failure is not None:
            log.debug("inbound connection ended", extra={"reason": str(failure)})

    async def _answer(self, door: WebSocketDoor | None, stream: trio.SocketStream) -> None:
        caller = PeerAddress(*stream.socket.getpeername()[:2])
        channel: trio.abc.Stream = stream
        if door is not None:
            try:
                channel, caller = await door.let_in(stream, caller)
            except NoPlace:
                self._stats["refused_handshakes"] += 1
                return
            except Exception:
                self._stats["failed_handshakes"] += 1
                raise
        shaking = trio.move_on_at(inf)
        if not self._slots.admit(caller.held_by, shaking.cancel):
            self._stats["refused_handshakes"] += 1
            return
        release = partial(self._slots.release, caller.held_by, shaking.cancel)
        with shaking:
            await self._connected(stream, channel, caller, None, release)

    # Both.

    async def _connected(
        self,
        stream: trio.SocketStream,
        channel: trio.abc.Stream,
        other: PeerAddress,
        dialled: tuple[Target, DialAddress] | None,
        release: Callable[[], None] | None = None,
    ) -> None:
        """Keep up a connection over this socket, and what runs over it, until it ends."""
        connection: Connection | None = None
        failure: BaseException | None = None
        try:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with trio.move_on_after(HANDSHAKE_SECONDS) as scope:
                if dialled is not None and dialled[1].websocket:
                    channel = await open_websocket(dialled[1], stream)
                raw = BufferedConnection(channel, initiator=dialled is not None)
                session = await self._upgrader.upgrade(raw, dialled and ID.from_base58(dialled[1].peer))
                connection = self._new_connection(session, other, dialled and dialled[1])
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(session.run)
                    streams = PeerStreams(session, partial(self._introduction, stream, other))
                    mutirao = await streams.find_stream(nursery, outbound=connection.outbound)
                    connection.stream = mutirao
                    if dialled is not None and not dialled[0].addresses:
                        raise ConnectionFault("forgotten while dialling")
                    self._up(connection)
                    if release is not None:
                        release()
                        release = None
                    scope.deadline = inf
                    with connection.scope:
                        await self._carry(connection, mutirao)
                    nursery.cancel_scope.cancel()
        except BaseException as error:
            failure = error
            raise
        finally:
            if release is not None:
                release()
            if connection is None or connection.since is None:
                self._stats["failed_handshakes"] += 1
            else:
                self._down(connection, _reason(failure))

    def _new_connection(self, session: BoundedYamux, other: PeerAddress, dialled: DialAddress | None) -> Connection:
        """Make a connection, not up yet, or raise ConnectionFault now that it is known who the peer is."""
        peer_id = session.peer
        peer = peer_id.to_base58()
        key = peer_id.extract_public_key()
        if not isinstance(key, Ed25519PublicKey):
            raise ConnectionFault("the peer's key is not Ed25519")
        if peer_id == self._me:
            raise ConnectionFault("this is ourselves")
        outbound = dialled is not None
        connection = Connection(
            peer,
            key.to_bytes(),
            f"{other.text}/p2p/{peer}" if dialled is None else dialled.text,
            outbound=outbound,
            address_class="" if outbound else other.held_by,
            tie=self._peers.tie_of(peer, key.to_bytes(), outbound=outbound),
            bounds=self._bounds,
            windows=self._windows,
        )
        self._peers.making_way(connection)
        return connection

    def _introduction(self, stream: trio.SocketStream, asker: PeerAddress) -> bytes:
        """Say who we are to the peer at the other end of a socket."""
        return introduction(
            self._public_key,
            listening=told_addresses(self._listening, stream.socket.getsockname()[0], asker.ip),
            observed=None if asker.port is None else asker.text,
            protocols=SPOKEN,
            versions=(PROTOCOL.removeprefix("/"), f"mutirao/{version('mutirao')}"),
        )

    async def _carry(self, connection: Connection, stream: BoundedStream) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write, connection, stream)
            await self._read(connection, stream)

    async def _write(self, connection: Connection, stream: BoundedStream) -> None:
        while True:
            data, frames = await connection.outbox.take()
            await stream.write(data)
            connection.outbox.sent(len(data))
            self._stats["frames_out"] += frames
            self._stats["bytes_out"] += len(data)

    async def _read(self, connection: Connection, stream: BoundedStream) -> None:
        decoder = FrameDecoder(self._bounds.frame_bytes_max)
        while True:
            if decoder.within_long_frame and not connection.is_near:
                async with self._long_frames:
                    with trio.move_on_after(LONG_FRAME_SECONDS) as patience:
                        while decoder.within_long_frame:
                            await self._read_some(connection, stream, decoder)
                if patience.cancelled_caught:
                    raise ConnectionFault("the peer takes too long over a frame")
            else:
                await self._read_some(connection, stream, decoder)

    async def _read_some(self, connection: Connection, stream: BoundedStream, decoder: FrameDecoder) -> None:
        with trio.move_on_after(FRAME_STALL_SECONDS if decoder.within_frame else inf) as patience:
            chunk = await stream.read()
        if patience.cancelled_caught:
            raise ConnectionFault("the peer stopped in mid-frame")
        self._stats["bytes_in"] += len(chunk)
        for frame in decoder.feed(chunk):
            for window in connection.windows:
                if window.full:
                    await window.wait()
            if connection.down_for is not None:
                return
            for window in connection.windows:
                window.give(len(frame))
            self._stats["frames_in"] += 1
            self._on_frame(connection, frame)

    # Who is connected.

    def _up(self, connection: Connection) -> None:
        # Asked again, for much may have happened since it was made.
        if (making_way := self._peers.making_way(connection)) is not None:
            self._down(*making_way)
        connection.since = trio.current_time()
        tie = self._peers.tie_of(connection.peer, connection.public_key, outbound=connection.outbound)
        connection.tie_by(tie, self._bounds)
        self._peers.by_peer[connection.peer] = connection
        self._stats["connections"] += 1
        self._on_up(connection)
        log.info("peer up", extra={"peer": connection.peer, "outbound": connection.outbound})

    def _cut(self, peer: str, reason: str) -> None:
        if connection := self._peers.by_peer.get(peer):
            self._down(connection, reason)

    def _down(self, connection: Connection, reason: str) -> None:
        if connection.down_for is not None:
            return
        connection.scope.cancel()
        connection.down_for = reason
        del self._peers.by_peer[connection.peer]
        connection.ended.set()
        was_stable = connection.since is not None and trio.current_time() - connection.since > STABLE_SECONDS
        if was_stable and (target := self._targets.get(connection.peer)):
            target.was_stable = True
        self._stats["dropped_connections"] += 1
        self._on_down(connection, reason)
        log.info("peer down", extra={"peer": connection.peer, "reason": reason})


def _reason(failure: BaseException | None) -> str:
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    if failure is None or isinstance(failure, trio.Cancelled):
        return "ended"
    if isinstance(failure, ConnectionFault):
        return str(failure)
    return "connection lost" if isinstance(failure, Exception) else "ended"
