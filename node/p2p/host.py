# SPDX-License-Identifier: AGPL-3.0-or-later
"""The trio side of the network: listens, dials, and carries frames over one stream for each peer."""

import logging
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from random import Random

import trio

from node.p2p.addresses import DialAddress, Target, address_class_of, ip_multiaddr, listen_on
from node.p2p.admission import HANDSHAKE_SECONDS, Backoff, InboundSlots
from node.p2p.connection import Connection, FlowWindow, FrameDecoder, NetworkBounds, Outbox
from node.p2p.ending import ConnectionFault, close_at_once, contained
from node.p2p.parts import ID, Ed25519PublicKey, KeyPair
from node.p2p.upgrade import BufferedConnection, NoiseAndYamux, agree, propose_protocol
from node.p2p.yamux import BoundedStream, BoundedYamux

PROTOCOL = "/mutirao/1"

FRAME_STALL_SECONDS = 30.0

BANS_MAX = 4096

CONNECT_SECONDS = 5.0
# Two dials that cross are both younger than this; a second connection later means that the first is dead.
DIALS_CROSS_SECONDS = CONNECT_SECONDS + HANDSHAKE_SECONDS
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
        window: FlowWindow,
        on_up: Callable[[Connection], None],
        on_down: Callable[[Connection, str], None],
        on_frame: Callable[[Connection, bytes], None],
        stats: Counter[str],
        random: Random,
    ) -> None:
        self._me = ID.from_pubkey(key_pair.public_key)
        self._upgrader = NoiseAndYamux(key_pair)
        self._bounds = bounds
        self._window = window
        self._on_up = on_up
        self._on_down = on_down
        self._on_frame = on_frame
        self._stats = stats
        self._random = random
        self._slots = InboundSlots(
            pending_max=bounds.handshakes_max, pending_per_address_max=bounds.handshakes_per_address_max
        )
        self._connections: dict[str, Connection] = {}
        self._targets: dict[str, Target] = {}
        self._severed: set[str] = set()
        self._banned_until: dict[str, float] = {}
        self._nursery: trio.Nursery | None = None

    async def run(self, listen: Sequence[tuple[str, int]], ready: Callable[[list[int]], None]) -> None:
        """Listen on these addresses, tell the real ports, and serve until cancelled; PortTaken if not."""
        listeners: list[trio.SocketListener] = []
        try:
            for ip, port in listen:
                listeners.append(await listen_on(ip, port))
            async with trio.open_nursery() as self._nursery:
                for target in self._targets.values():
                    self._nursery.start_soon(self._keep, target)
                for listener in listeners:
                    serve = partial(trio.serve_listeners, handler_nursery=self._nursery)
                    self._nursery.start_soon(serve, self._take_inbound, [listener])
                ready([listener.socket.getsockname()[1] for listener in listeners])
                await trio.sleep_forever()
        finally:
            self._nursery = None
            for connection in list(self._connections.values()):
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

    def drop(self, peer: str, ban_seconds: float) -> None:
        """End the connection to this peer and refuse it for a while."""
        now = trio.current_time()
        if ban_seconds > 0:
            if len(self._banned_until) >= BANS_MAX:
                del self._banned_until[min(self._banned_until, key=self._banned_until.__getitem__)]
            self._banned_until[peer] = now + ban_seconds
        self._cut(peer, "dropped")

    def sever(self, peer: str) -> None:
        """Cut the connection to this peer and refuse it until mended."""
        self._severed.add(peer)
        self._cut(peer, "severed")

    def mend(self, peer: str) -> None:
        """Let this peer connect again, and dial it at once if we keep a connection to it."""
        self._severed.discard(peer)
        self._banned_until.pop(peer, None)
        if target := self._targets.get(peer):
            target.again.set()

    # Dialling.

    async def _keep(self, target: Target) -> None:
        backoff = Backoff(self._random)
        turn = 0
        while target.addresses:
            target.again = trio.Event()
            if connection := self._connections.get(target.peer):
                await connection.ended.wait()
            elif not self._refused(target.peer):
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
        await self._connected(stream, address.text, ID.from_base58(address.peer), target)

    # Being dialled.

    async def _take_inbound(self, stream: trio.SocketStream) -> None:
        failure = await contained(self._answer, stream)
        if failure is not None:
            log.debug("inbound connection ended", extra={"reason": str(failure)})

    async def _answer(self, stream: trio.SocketStream) -> None:
        try:
            ip, port = stream.socket.getpeername()[:2]
        except OSError:
            await close_at_once(stream)
            return
        address_class = address_class_of(ip)
        if not self._slots.admit(address_class):
            self._stats["refused_handshakes"] += 1
            await close_at_once(stream)
            return
        release = partial(self._slots.release, address_class)
        await self._connected(stream, f"{ip_multiaddr(ip)}/tcp/{port}", None, None, address_class, release)

    # Both.

    async def _connected(
        self,
        stream: trio.SocketStream,
        address: str,
        expected: ID | None,
        target: Target | None,
        address_class: str = "",
        release: Callable[[], None] | None = None,
    ) -> None:
        """Own this socket from here until the connection ends."""
        connection: Connection | None = None
        failure: BaseException | None = None
        try:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with trio.move_on_after(HANDSHAKE_SECONDS) as scope:
                raw = BufferedConnection(stream, initiator=expected is not None)
                session = await self._upgrader.upgrade(raw, expected)
                connection = self._new_connection(session, address, address_class, outbound=expected is not None)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(session.run)
                    mutirao = await self._find_stream(session, nursery, outbound=connection.outbound)
                    if target is not None and not target.addresses:
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
            await close_at_once(stream)

    def _new_connection(self, session: BoundedYamux, address: str, address_class: str, *, outbound: bool) -> Connection:
        """Make a connection, not up yet, or raise ConnectionFault now that it is known who the peer is."""
        peer_id = session.peer
        peer = peer_id.to_base58()
        key = peer_id.extract_public_key()
        if not isinstance(key, Ed25519PublicKey):
            raise ConnectionFault("the peer's key is not Ed25519")
        if peer_id == self._me:
            raise ConnectionFault("this is ourselves")
        own_window = FlowWindow(
            bytes_max=self._bounds.unconsumed_bytes_max, frames_max=self._bounds.unconsumed_frames_max
        )
        connection = Connection(
            peer,
            key.to_bytes(),
            address if outbound else f"{address}/p2p/{peer}",
            outbound=outbound,
            address_class=address_class,
            outbox=Outbox(self._bounds.outbox_bytes_max),
            windows=(own_window, self._window),
        )
        self._may_stay(connection)
        return connection

    async def _find_stream(self, session: BoundedYamux, nursery: trio.Nursery, *, outbound: bool) -> BoundedStream:
        """Open our stream, or let the dialler open it; whatever else it opens is refused."""
        found = trio.Event()
        chosen: list[BoundedStream] = []

        async def answer(stream: BoundedStream) -> None:
            with trio.move_on_after(HANDSHAKE_SECONDS):
                failure = await contained(agree, stream, PROTOCOL)
                if failure is None and not outbound and not chosen:
                    chosen.append(stream)
                    found.set()
                    return
            stream.reset()

        async def answer_all() -> None:
            while True:
                nursery.start_soon(answer, await session.accept_stream())

        nursery.start_soon(answer_all)
        if outbound:
            stream = await session.open_stream()
            await propose_protocol(stream, PROTOCOL)
            chosen.append(stream)
        else:
            await found.wait()
        chosen[0].widen()
        return chosen[0]

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

    def _refused(self, peer: str) -> bool:
        return peer in self._severed or self._banned_until.get(peer, 0) > trio.current_time()

    def _may_stay(self, connection: Connection) -> Connection | None:
        """Return the connection that the new one replaces, if any; ConnectionFault if the new one gives way.

        Where both sides dialled at once, both keep what the smaller PeerID dialled. Where the old one is no
        child of the same moment, whoever dialled again has lost it and knows better.
        """
        if self._refused(connection.peer):
            raise ConnectionFault("the peer is refused")
        held = self._connections.get(connection.peer)
        if held is None or held.since is None:
            self._find_place(connection)
            return None
        crossed = trio.current_time() - held.since < DIALS_CROSS_SECONDS and held.outbound != connection.outbound
        we_are_smaller = self._me.to_bytes() < ID.from_base58(connection.peer).to_bytes()
        if crossed and connection.outbound != we_are_smaller:
            raise ConnectionFault("the other of two crossing connections stays")
        return held

    def _find_place(self, connection: Connection) -> None:
        if connection.outbound or connection.peer in self._targets:
            return  # those we chose
        inbound = [held for held in self._connections.values() if not held.outbound]
        if len(inbound) >= self._bounds.inbound_max:
            raise ConnectionFault("no place for more inbound connections")
        if (
            sum(held.address_class == connection.address_class for held in inbound)
            >= self._bounds.inbound_per_address_max
        ):
            raise ConnectionFault("no place for more connections from this address")

    def _up(self, connection: Connection) -> None:
        if held := self._may_stay(connection):  # asked again, for much may have happened since it was made
            self._down(held, "replaced by a newer connection")
        connection.since = trio.current_time()
        self._connections[connection.peer] = connection
        self._stats["connections"] += 1
        self._on_up(connection)
        log.info("peer up", extra={"peer": connection.peer, "outbound": connection.outbound})

    def _cut(self, peer: str, reason: str) -> None:
        if connection := self._connections.get(peer):
            self._down(connection, reason)

    def _down(self, connection: Connection, reason: str) -> None:
        if connection.down_for is not None:
            return
        connection.scope.cancel()
        connection.down_for = reason
        del self._connections[connection.peer]
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
