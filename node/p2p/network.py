# SPDX-License-Identifier: AGPL-3.0-or-later
"""The network as the node sees it: frames to and from peers, with libp2p in a thread of its own."""

import asyncio
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from random import Random
from typing import TypeVar

import trio

from node.p2p.addresses import DialAddress, parse_dial, parse_listen
from node.p2p.connection import Connection, FlowWindow, NetworkBounds
from node.p2p.ending import bottom_of
from node.p2p.events import FrameReceived, NetworkEvent, NetworkFailed, NetworkRestarted, StreamDown, StreamUp
from node.p2p.host import Host
from node.p2p.parts import ID, key_pair_from_seed
from protocol.peers.messages import FRAME_BYTES_MAX
from protocol.peers.ties import Tie

__all__ = [
    "FRAME_BYTES_MAX",
    "FrameReceived",
    "Network",
    "NetworkBounds",
    "NetworkEvent",
    "NetworkFailed",
    "NetworkRestarted",
    "NetworkStartFailed",
    "StreamDown",
    "StreamUp",
]

_SEED_BYTES = 32
NETWORK_STOP_SECONDS = 3.0
RESTART_FIRST_SECONDS = 0.5
RESTART_SECONDS_MAX = 30.0
EVENTS_PER_TURN_MAX = 256
DEFAULT_BOUNDS = NetworkBounds()

COUNTERS = (
    "bytes_in",
    "bytes_out",
    "frames_in",
    "frames_out",
    "frames_refused",
    "connections",
    "dropped_connections",
    "dials",
    "failed_handshakes",
    "refused_handshakes",
    "restarts",
)

log = logging.getLogger(__name__)
T = TypeVar("T")


class NetworkStartFailed(OSError):
    """The network cannot listen where it should."""


class Network:
    """A libp2p host on trio in a thread of its own, used from one asyncio loop.

    Events reach `on_event` on that loop, in order for each peer; after `stop` none do. A peer whose frames
    are not consumed is read no further, so it fills its own buffers and not ours.
    """

    def __init__(
        self,
        seed: bytes,
        listen: Sequence[str],
        *,
        on_event: Callable[[NetworkEvent], None],
        bounds: NetworkBounds = DEFAULT_BOUNDS,
        behind_proxy: bool = False,
    ) -> None:
        if len(seed) != _SEED_BYTES:
            raise ValueError("the seed of the transport key has 32 bytes")
        self._key_pair = key_pair_from_seed(seed)
        self.peer_id = ID.from_pubkey(self._key_pair.public_key).to_base58()
        self._listen = [replace(parse_listen(address), behind_proxy=behind_proxy) for address in listen]
        self._on_event = on_event
        self._bounds = bounds
        self._stats: Counter[str] = Counter(dict.fromkeys(COUNTERS, 0))

        self._targets: dict[str, DialAddress] = {}
        self._severed: set[str] = set()
        self._ties: Mapping[bytes, Tie] = {}
        self._connections: dict[str, Connection] = {}
        self._commended = 0
        self._unconsumed: dict[str, deque[tuple[Connection, int]]] = {}

        self._loop: asyncio.AbstractEventLoop | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._host: Host | None = None
        self._ended: asyncio.Future[str] | None = None
        self._alive = False
        self._stopping = False

        # What crosses, each way: one wakeup of the other loop carries everything that waits.
        self._events: deque[tuple[NetworkEvent, Connection]] = deque()
        self._events_announced = False
        self._commands: deque[Callable[[], None]] = deque()
        self._commands_announced = False

    @property
    def alive(self) -> bool:
        """Whether the libp2p side runs."""
        return self._alive

    @property
    def addresses(self) -> list[str]:
        """Where this host listens, as multiaddrs that end in its PeerID; real ports once started."""
        return [f"{one.at(one.ip)}/p2p/{self.peer_id}" for one in self._listen]

    def stats(self) -> Mapping[str, int]:
        """Count what happened since the start, and the peers that are up now."""
        return {**self._stats, "peers": len(self._connections)}

    async def start(self) -> None:
        """Listen, and dial what is to be dialled; NetworkStartFailed says which address cannot be had."""
        self._loop = asyncio.get_running_loop()
        await self._launch()
        self._supervisor = asyncio.create_task(self._supervise())

    async def stop(self) -> None:
        """Close every socket and end the thread, within 3 s."""
        self._stopping = True
        if self._supervisor is not None:
            self._supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await self._supervisor
        if self._host is not None and self._ended is not None and self._thread is not None:
            self._call_trio(self._host.stop)
            await asyncio.wait([self._ended], timeout=NETWORK_STOP_SECONDS)
            if self._ended.done():
                self._thread.join()  # it has nothing left to do
            else:
                log.error("the network did not end in time")
        self._events.clear()
        self._connections.clear()
        self._unconsumed.clear()

    def dial(self, address: str) -> None:
        """Keep a connection to the peer at this multiaddr, which names its PeerID; ValueError if not."""
        target = parse_dial(address)
        if target.peer == self.peer_id:
            raise ValueError(f"this is our own address: {address}")
        self._targets[address] = target
        self._with_host(lambda host: host.dial(target))

    def forget(self, address_or_peer: str) -> None:
        """Dial this address, or this peer, no more; a connection that is up stays until it is dropped."""
        for address, target in list(self._targets.items()):
            if address_or_peer in (address, target.peer):
                del self._targets[address]
        self._with_host(lambda host: host.forget(address_or_peer))

    def know(self, ties: Mapping[bytes, Tie]) -> None:
        """Take in which nodes are more than strangers, by libp2p key: they have more room, and places of their own."""
        self._ties = ties
        self._with_host(lambda host: host.know(ties))

    def commend(self, peer: str) -> None:
        """Know that a peer has brought something new: it keeps its place when others have to go."""
        if (connection := self._connections.get(peer)) is not None:
            self._commended += 1
            connection.brought = self._commended

    def offer(self, peer: str, frame: bytes) -> bool:
        """Queue a frame that can wait: false if the peer, or all of its sort together, have enough under way."""
        connection = self._connections.get(peer)
        if connection is None or len(frame) > self._bounds.frame_bytes_max:
            return False
        if connection.outbox.queued_bytes:
            others = (one.outbox for one in self._connections.values() if one.is_near == connection.is_near)
            if sum(one.queued_bytes for one in others) > connection.room(self._bounds).outboxes_bytes_max:
                return False
        return self._put(connection, frame, in_half=True)

    def send(self, peer: str, frame: bytes) -> bool:
        """Queue a frame for this peer; false if it is not connected, the queue full or the frame too long."""
        connection = self._connections.get(peer)
        if connection is None or len(frame) > self._bounds.frame_bytes_max or not self._put(connection, frame):
            self._stats["frames_refused"] += 1
            return False
        return True

    def _put(self, connection: Connection, frame: bytes, *, in_half: bool = False) -> bool:
        if not connection.outbox.put(frame, in_half=in_half):
            return False
        if connection.outbox.needs_waking():
            self._call_trio(connection.outbox.wake)
        return True

    def consumed(self, peer: str, frames: int = 1) -> None:
        """Say that the oldest of this peer's frames are dealt with, so that more may come."""
        waiting = self._unconsumed.get(peer)
        while waiting and frames > 0:
            connection, size = waiting.popleft()
            frames -= 1
            for window in connection.windows:
                if window.take(size):
                    self._call_trio(window.relieve)
        if not waiting:
            self._unconsumed.pop(peer, None)

    def drop(self, peer: str, *, ban_seconds: float = 0) -> None:
        """End the connection to a faulty peer and refuse it for so long."""
        self._with_host(lambda host: host.drop(peer, ban_seconds))

    def sever(self, peer: str) -> None:
        """Cut the connection to this peer and refuse it until mended."""
        self._severed.add(peer)
        self._with_host(lambda host: host.sever(peer))

    def mend(self, peer: str) -> None:
        """Let this peer connect again, whether it was severed or banned."""
        self._severed.discard(peer)
        self._with_host(lambda host: host.mend(peer))

    # The other thread: its life.

    async def _launch(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[list[int]] = loop.create_future()
        ended: asyncio.Future[str] = loop.create_future()
        self._token = None
        self._commands.clear()
        self._commands_announced = False
        # A new one each time: frames that nobody consumed before a restart do not hold the new host back.
        near, far = (
            FlowWindow(bytes_max=room.unconsumed_bytes_total_max, frames_max=room.unconsumed_frames_total_max)
            for room in (self._bounds.near, self._bounds.far)
        )
        host = Host(
            self._key_pair,
            bounds=self._bounds,
            windows=(near, far),
            on_up=self._hear_up,
            on_down=self._hear_down,
            on_frame=self._hear_frame,
            stats=self._stats,
            random=Random(),  # noqa: S311 - spreads retries
        )
        for target in self._targets.values():
            host.dial(target)
        for peer in self._severed:
            host.sever(peer)
        host.know(self._ties)

        def announce(ports: list[int]) -> None:
            self._token = trio.lowlevel.current_trio_token()
            self._run_commands()  # what was asked for since the thread began
            self._alive = True
            loop.call_soon_threadsafe(_settle, ready, ports)

        def run() -> None:
            reason = "it ended"
            try:
                trio.run(partial(host.run, tuple(self._listen), announce))
            except BaseException as error:  # noqa: BLE001 - told to asyncio
                reason = bottom_of(error)
            self._alive = False
            with suppress(RuntimeError):  # the loop was closed without stop()
                loop.call_soon_threadsafe(_settle, ended, reason)

        self._host, self._ended = host, ended
        self._thread = threading.Thread(target=run, name="libp2p", daemon=True)
        self._thread.start()
        await asyncio.wait([ready, ended], return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            self._thread.join()
            raise NetworkStartFailed(ended.result())
        self._listen = [replace(one, port=port) for one, port in zip(self._listen, ready.result(), strict=True)]

    async def _supervise(self) -> None:
        """Bring the libp2p side back whenever it dies."""
        loop = asyncio.get_running_loop()
        launched_at = loop.time()
        wait_seconds = RESTART_FIRST_SECONDS
        while True:
            assert self._ended is not None
            reason = await asyncio.shield(self._ended)
            while self._events and not self._stopping:
                self._deliver()
            for peer in list(self._connections):
                del self._connections[peer]
                self._tell(StreamDown(peer, "the network failed"))
            log.error("the network failed", extra={"reason": reason})
            self._tell(NetworkFailed(reason))
            if loop.time() - launched_at > RESTART_SECONDS_MAX:
                wait_seconds = RESTART_FIRST_SECONDS
            while not self._alive:
                await asyncio.sleep(wait_seconds)
                wait_seconds = min(2 * wait_seconds, RESTART_SECONDS_MAX)
                with suppress(NetworkStartFailed):
                    await self._launch()
            launched_at = loop.time()
            self._stats["restarts"] += 1
            log.info("the network is back")
            self._tell(NetworkRestarted())

    # Crossing to trio.

    def _with_host(self, act: Callable[[Host], None]) -> None:
        if self._host is not None:
            self._call_trio(partial(act, self._host))

    def _call_trio(self, command: Callable[[], None]) -> None:
        self._commands.append(command)
        if not self._commands_announced and self._token is not None:
            self._commands_announced = True
            with suppress(trio.RunFinishedError):  # it died just now, and will be told everything again
                self._token.run_sync_soon(self._run_commands)

    def _run_commands(self) -> None:
        self._commands_announced = False
        while self._commands:
            self._commands.popleft()()

    # Crossing to asyncio. These three run in the trio thread.

    def _hear_up(self, connection: Connection) -> None:
        self._cross(
            StreamUp(connection.peer, connection.public_key, connection.address, connection.outbound), connection
        )

    def _hear_down(self, connection: Connection, reason: str) -> None:
        self._cross(StreamDown(connection.peer, reason), connection)

    def _hear_frame(self, connection: Connection, frame: bytes) -> None:
        self._cross(FrameReceived(connection.peer, frame), connection)

    def _cross(self, event: NetworkEvent, connection: Connection) -> None:
        self._events.append((event, connection))
        if not self._events_announced:
            self._events_announced = True
            assert self._loop is not None
            try:
                self._loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the loop was closed without stop()
                if self._host is not None:
                    self._host.stop()

    def _deliver(self) -> None:
        self._events_announced = False
        for _ in range(EVENTS_PER_TURN_MAX):
            if not self._events or self._stopping:
                return
            event, connection = self._events.popleft()
            match event:
                case FrameReceived(peer, frame):
                    owed = self._unconsumed.setdefault(peer, deque())
                    owed.append((connection, len(frame)))
                case StreamUp(peer):
                    self._connections[peer] = connection
                case StreamDown(peer):
                    self._connections.pop(peer, None)
                case _:
                    pass
            self._tell(event)
        if not self._events_announced:  # let others have the loop in between
            self._events_announced = True
            assert self._loop is not None
            self._loop.call_soon(self._deliver)

    def _tell(self, event: NetworkEvent) -> None:
        try:
            self._on_event(event)
        except Exception:
            log.exception("an event of the network was not handled", extra={"event": type(event).__name__})
            if isinstance(event, FrameReceived):
                self.consumed(event.peer)


def _settle(future: asyncio.Future[T], value: T) -> None:
    if not future.done():
        future.set_result(value)
