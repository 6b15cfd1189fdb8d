# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network with real keys of its own that speaks the protocol, and lies when it is told to."""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from processes.harness import PATIENCE_SECONDS, Node, until
from simulation.rows import StoredRows, decided

from node.p2p import network as wire
from node.p2p.network import Network, NetworkBounds
from protocol.book.declaration import Actor, Role
from protocol.book.money import Amount
from protocol.book.refusals import Refused
from protocol.events import Answer, Asked, Input, Keep, PeerDown, PeerUp, Received, Send, SendRange, Store, TimerFired
from protocol.lanes.claims import Inception
from protocol.lanes.directory import Profile
from protocol.lanes.entry import (
    COMMONS,
    IDENTITY,
    LINK_PREFIX,
    NO_NETWORK,
    Entry,
    decode_body,
    encode_body,
    parse,
    seal,
)
from protocol.lanes.identity import promise
from protocol.lanes.journal import Keyring
from protocol.peers.messages import Entries, LinkNews, Message, pack, unpack
from protocol.practices import PRACTICES
from protocol.practices.between.links.entries import LinkRecord
from protocol.practices.money.currencies.views import CreateCurrency
from protocol.practices.people.invitations import Invite
from protocol.practices.people.members.views import Approve, Join
from protocol.replica import Replica
from protocol.wire.keys import KeyPair, id_text

STEWARD = Actor(Role.STEWARD)
TICK_SECONDS = 0.5
BOUNDS = NetworkBounds(frame_bytes_max=2**27, outbox_bytes_max=2**28)
"""More than any honest node would send."""


class Liar:
    """Does as an honest home node does, but for what its tongue makes of the messages that it sends.

    The core runs on a loop in a thread of its own; what a test asks is done there.
    """

    def __init__(self, handle: str) -> None:
        self.handle = handle
        self.hot, following, cold = (KeyPair.from_seed(os.urandom(32)) for _ in range(3))
        self._transport = os.urandom(32)
        inception = Inception(
            self.hot.public, promise(following.public), (cold.public,), 1, KeyPair.from_seed(self._transport).public
        )
        first = self.sealed(IDENTITY, 0, None, inception, network=NO_NETWORK)
        self.network = first.id
        second = self.sealed(COMMONS, 0, None, profile(handle, handle.title()))
        self.replica = Replica(first.id, PRACTICES, chance=os.urandom, keyring=Keyring(self.hot, os.urandom(32)))
        self._disk = [first, second]
        list(self.replica.load(self._disk))
        self._rows = StoredRows()
        self._rows.begin(self.replica)
        self.tongue: Callable[[Message], Message | None] = lambda message: message
        self.heard: list[Message] = []
        self.peer: str | None = None
        self.ups = self.downs = 0
        self._asked: dict[int, Future[Any]] = {}
        self._requests = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE_SECONDS)

    @property
    def network_id(self) -> str:
        return id_text(self.network)

    @property
    def peer_id(self) -> str:
        return self._net.peer_id

    # What a test lets it do.

    def call(self, node: Node) -> None:
        """Dial a node, and wait until it answers."""
        ups = self.ups
        self._loop.call_soon_threadsafe(self._net.dial, node.address)
        until(lambda: self.ups > ups, "the liar is let in")

    def say(self, *messages: Message) -> None:
        """Send messages as they are."""
        for message in messages:
            self.say_bytes(pack(message))

    def say_bytes(self, frame: bytes) -> None:
        """Send a frame as it is."""
        self._loop.call_soon_threadsafe(lambda: self.peer is not None and self._net.send(self.peer, frame))

    def mute(self) -> None:
        """Keep its records of links to itself from now on."""
        self.tongue = lambda message: None if isinstance(message, LinkNews) else message

    def repeat(self) -> None:
        """Send its newest records of links, as its tongue makes them."""

        def send() -> None:
            for (network, lane), record in self.replica.journal.held.records.newest.items():
                if network == self.network and lane.startswith(LINK_PREFIX) and self.peer is not None:
                    self._tell(self.peer, LinkNews(record))

        self._loop.call_soon_threadsafe(send)

    def ask(self, operation: str, wish: Any = None, *, subject: str = "") -> Any:
        """Ask its own node for something that is not refused."""
        outcome: Future[Any] = Future()
        self._requests += 1
        self._asked[self._requests] = outcome
        asked = Asked(self._requests, operation, STEWARD, wish, subject)
        self._loop.call_soon_threadsafe(self._handle, asked)
        result = outcome.result(PATIENCE_SECONDS)
        assert not isinstance(result, Refused), result
        return result

    def open_shop(self, code: str, member: str) -> None:
        """Create a currency and take in a member."""
        self.ask("currencies.create", CreateCurrency(code, code.title(), Amount(1_000)))
        invitation = self.ask("invitations.create", Invite())
        self.ask("members.join", Join(invitation.code, member))
        self.ask("members.approve", Approve(), subject=member)

    def resealed(self, news: LinkNews, change: Callable[[LinkRecord], LinkRecord]) -> LinkNews:
        """Return a record of its own with other words at the same place, rightly signed."""
        entry = parse(news.record)
        body, at_ms = decode_body(entry.body_bytes, {LinkRecord.KIND: LinkRecord})
        assert isinstance(body, LinkRecord)
        header = entry.header
        changed = seal(
            self.hot, network=self.network, lane=header.lane, epoch=header.epoch, seq=header.seq, prev=header.prev,
            body=encode_body(change(body), at_ms), salt=entry.salt,
        )  # fmt: skip
        return LinkNews(changed.wire)

    def sealed(self, lane: str, seq: int, prev: bytes | None, body: Any, *, network: bytes | None = None) -> Entry:
        """Sign a body into a place of a lane."""
        return seal(
            self.hot, network=self.network if network is None else network, lane=lane, epoch=0, seq=seq, prev=prev,
            body=encode_body(body, round(time.time() * 1000)), salt=os.urandom(16),
        )  # fmt: skip

    def words(self, count: int) -> list[Entry]:
        """Return so many profiles, each linked to the one before, that nobody has seen yet."""
        head = self.replica.journal.held.head(self.network, COMMONS)
        assert head is not None
        prev, found = head.id, list[Entry]()
        for number in range(count):
            found.append(
                self.sealed(COMMONS, head.position.seq + 1 + number, prev, profile(self.handle, f"Liar {number}"))
            )
            prev = found[-1].id
        return found

    def close(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(PATIENCE_SECONDS)

    # What it does on its own loop.

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._net = Network(self._transport, [], on_event=self._on_event, bounds=BOUNDS)
        await self._net.start()
        self._ready.set()
        while not self._ended.is_set():
            self._handle(TimerFired())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), TICK_SECONDS)
        await self._net.stop()

    def _on_event(self, event: wire.NetworkEvent) -> None:
        match event:
            case wire.StreamUp(peer, public_key, _, outbound):
                self.peer = peer
                self._handle(PeerUp(peer, public_key, outbound))
                self.ups += 1
            case wire.StreamDown(peer):
                self.peer = None
                self._handle(PeerDown(peer))
                self.downs += 1
            case wire.FrameReceived(peer, frame):
                self.heard.append(unpack(frame))
                self._handle(Received(peer, frame))
                self._net.consumed(peer)
            case _:
                pass

    def _handle(self, one: Input) -> None:
        now = round(time.time() * 1000)
        for effect in decided(self.replica, self._rows, [one], lambda inputs: self.replica.handle(inputs, now)):
            match effect:
                case Keep(kept):
                    self._rows.keep(kept)
                case Store(entry):
                    self._disk.append(entry)
                case Send(peer, frame):
                    self._tell(peer, unpack(frame))
                case SendRange(peer, network, lane, first, last):
                    held = (one for one in self._disk if (one.network, one.header.lane) == (network, lane))
                    self._tell(peer, Entries(tuple(one.wire for one in held if first <= one.header.seq <= last)))
                case Answer(request, result) if request in self._asked:
                    self._asked.pop(request).set_result(result)
                case _:
                    pass

    def _tell(self, peer: str, message: Message) -> None:
        said = self.tongue(message)
        if said is not None:
            self._net.send(peer, pack(said))


def profile(handle: str, name: str) -> Profile:
    """Return what a network says of itself."""
    return Profile(handle, name, "LIE", "Lie", 2, ())
