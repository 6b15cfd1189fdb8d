# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sending to peers what the replica asked for: in order, and never lost in silence.

What a peer has no room for costs it the connection: when it comes back both sides compare what they hold.

The replica knows each connection by a name of its own, for a peer that is here again may be so before the replica has
heard that it was gone: what was meant for the old connection is not said on the new one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from node.loop.turns import FromPeer, Piece
from node.store.storage import Storage
from protocol.events import Drop, Input, PeerDown, PeerUp, Received, Send, SendRange
from protocol.peers.messages import ENTRIES_PER_FRAME_MAX, RANGE_BYTES_MAX, Entries, pack
from protocol.peers.ties import Tie

RANGES_WAITING_MAX = 1_024
"""How many ranges one peer may have on their way; it asks again for what it gets no answer to."""
FAR_RANGE_BYTES_MAX = 64 * 1024
"""How long the pages are that strangers are sent: what waits for them is in memory."""
RETRY_SECONDS, RETRY_LATER_SECONDS = 0.02, 0.3
STALL_SECONDS = 30.0
"""How long a peer may take to make room for the next page of a range."""
FAULT_BAN_SECONDS = 5.0
"""How long a peer that broke the protocol is refused."""

log = logging.getLogger(__name__)


class PeerNetwork(Protocol):
    """What is needed of node.p2p.network.Network."""

    def send(self, peer: str, frame: bytes) -> bool:
        """Queue a frame; false where there is no room for it, or no such peer."""
        ...

    def offer(self, peer: str, frame: bytes) -> bool:
        """Queue a frame that can wait; false where enough is under way."""
        ...

    def know(self, ties: Mapping[bytes, Tie]) -> None:
        """Take in which nodes are more than strangers, by libp2p key."""
        ...

    def commend(self, peer: str) -> None:
        """Know that a peer has brought something new."""
        ...

    def drop(self, peer: str, *, ban_seconds: float = 0) -> None:
        """End the connection to a peer, and refuse it for so long."""
        ...

    def consumed(self, peer: str, frames: int = 1) -> None:
        """Let the peer send so many frames more."""
        ...

    def stats(self) -> Mapping[str, int]:
        """Count what happened since the start, and the peers that are up now."""
        ...


class Peering:
    """The peers that the replica knows of, and what is on its way to them."""

    def __init__(self, network: PeerNetwork, storage: Storage, seconds: Callable[[], float]) -> None:
        self._network = network
        self._storage = storage
        self._seconds = seconds
        self._up: dict[str, PeerUp] = {}
        self._names: dict[str, str] = {}
        """By which name the connection is known that a peer has now."""
        self._named = 0
        self._ties: Mapping[bytes, Tie] = {}
        self._ranges: dict[str, deque[SendRange]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def figures(self) -> Mapping[str, float]:
        """Return what is measured, by name; those that end in _total only grow."""
        counts = dict(self._network.stats())
        return {
            "network_peers": counts.pop("peers"),
            **{f"network_{name}_total": count for name, count in counts.items()},
        }

    def admitted(self, heard: FromPeer) -> FromPeer | None:
        """Return what the replica should hear, under the connection's name: nothing of one that it does not know."""
        match heard:
            case PeerUp(peer):
                self._named += 1
                name = self._names[peer] = f"{peer}/{self._named}"
                self._up[name] = replace(heard, peer=name)
                return self._up[name]
            case PeerDown(peer):
                name = self._names.pop(peer, "")
                self._forget(name)
                return None if self._up.pop(name, None) is None else PeerDown(name)
            case Received(peer, frame):
                name = self._names.get(peer, "")
                if name in self._up:
                    return Received(name, frame)
                self._network.consumed(peer)
                return None

    def know(self, ties: Mapping[bytes, Tie]) -> bool:
        """Take in which nodes are more than strangers, by libp2p key; tell whether that has changed."""
        if ties is self._ties:
            return False
        self._ties = ties
        self._network.know(ties)
        return True

    def commend(self, peer: str) -> None:
        """Let a peer that has brought something new keep its place when others have to go."""
        self._network.commend(_peer_of(peer))

    def tie_of(self, peer: str) -> Tie | None:
        """Return what ties a peer to us, one that we have dialled being known; None where it is not up."""
        up = self._up.get(peer)
        if up is None:
            return None
        return max(self._ties.get(up.transport, Tie.STRANGER), Tie.KNOWN if up.outbound else Tie.STRANGER)

    def consumed(self, inputs: Iterable[Input]) -> None:
        """Let peers send on in the place of the frames among these."""
        frames: dict[str, int] = {}
        for one in inputs:
            if isinstance(one, Received) and not isinstance(one, Piece):
                frames[one.peer] = frames.get(one.peer, 0) + 1
        for peer, count in frames.items():
            self._network.consumed(_peer_of(peer), count)

    def perform(self, effects: Iterable[Send | SendRange | Drop]) -> None:
        """Send, in order for each peer; what belongs to a range follows in pages."""
        for effect in effects:
            match effect:
                case Send(peer, frame, spare):
                    if peer in self._up and not self._network.send(_peer_of(peer), frame) and not spare:
                        self._drop(peer, "it does not read what is sent to it")
                case SendRange(peer):
                    if peer in self._up:
                        self._send_range(effect)
                case Drop(peer, reason):
                    if peer in self._up:
                        self._drop(peer, reason, ban_seconds=FAULT_BAN_SECONDS)

    def drop_all(self) -> None:
        """Part with every peer: a replica that is loaded anew knows none, and they come back."""
        for peer in sorted(self._up):
            self._drop(peer, "this node begins anew")
            self._up.pop(peer, None)

    def turn_away(self, peer: str) -> None:
        """Part with a peer that is not at fault: what it says cannot be kept, and it may come again at once."""
        self._drop(peer, "the disk does not take entries")
        self._up.pop(peer, None)

    async def close(self) -> None:
        """Stop sending ranges."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _drop(self, peer: str, reason: str, *, ban_seconds: float = 0) -> None:
        log.warning("a peer is dropped", extra={"peer": _peer_of(peer), "reason": reason})
        self._forget(peer)
        self._network.drop(_peer_of(peer), ban_seconds=ban_seconds)

    def _forget(self, peer: str) -> None:
        self._ranges.pop(peer, None)
        if (task := self._tasks.pop(peer, None)) is not None:
            task.cancel()

    def _is_near(self, peer: str) -> bool:
        up, tie = self._up.get(peer), self.tie_of(peer)
        return up is not None and tie is not None and (up.outbound or tie >= Tie.FEDERATION)

    def _send_range(self, effect: SendRange) -> None:
        waiting = self._ranges.setdefault(effect.peer, deque())
        if len(waiting) >= RANGES_WAITING_MAX:
            return
        waiting.append(effect)
        if effect.peer not in self._tasks:
            task = asyncio.create_task(self._send_ranges(effect.peer, waiting))
            self._tasks[effect.peer] = task
            task.add_done_callback(lambda done: self._ended(effect.peer, done))

    async def _send_ranges(self, peer: str, waiting: deque[SendRange]) -> None:
        """Send what waits, small ranges together; a page is read when the one before it has found room."""
        together: list[bytes] = []
        size = 0
        while waiting:
            one = waiting.popleft()
            page_bytes = RANGE_BYTES_MAX if self._is_near(peer) else FAR_RANGE_BYTES_MAX
            pages = self._storage.lane_pages(one.network, one.lane, one.first, one.last, bytes_max=page_bytes)
            async for wires in pages:
                more = sum(map(len, wires))
                if together and (len(together) + len(wires) > ENTRIES_PER_FRAME_MAX or size + more > page_bytes):
                    await self._send_entries(peer, together)
                    together, size = [], 0
                together += wires
                size += more
            if not waiting:
                await self._send_entries(peer, together)
                together, size = [], 0

    async def _send_entries(self, peer: str, wires: Sequence[bytes]) -> None:
        if not wires:
            return
        frame = pack(Entries(tuple(wires)))
        stalled_at, retry_seconds = self._seconds() + STALL_SECONDS, RETRY_SECONDS
        while not self._network.offer(_peer_of(peer), frame):
            if self._seconds() > stalled_at:
                self._drop(peer, "it does not read the range that it asked for")
            await asyncio.sleep(retry_seconds)
            retry_seconds = min(2 * retry_seconds, RETRY_LATER_SECONDS)

    def _ended(self, peer: str, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        waiting = self._ranges.pop(peer)
        del self._tasks[peer]
        if (error := task.exception()) is not None:
            self._drop(peer, f"a range could not be read: {type(error).__name__}")
        elif waiting:  # one came while it ended
            for effect in waiting:
                self._send_range(effect)


def _peer_of(name: str) -> str:
    """Return whose connection it is: a libp2p PeerID."""
    return name.partition("/")[0]
