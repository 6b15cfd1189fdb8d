# SPDX-License-Identifier: AGPL-3.0-or-later
"""Networks that remember what they heard, and peers that know the protocol down to its frames."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import trio

from node.p2p.ending import ConnectionFault
from node.p2p.events import FrameReceived, NetworkEvent, StreamUp
from node.p2p.network import Network, NetworkBounds
from node.p2p.parts import ID, IncompleteReadError, key_pair_from_seed
from node.p2p.upgrade import BufferedConnection, NoiseAndYamux, propose_protocol
from node.p2p.yamux import BoundedStream, BoundedYamux
from protocol.peers.ties import Tie

E = TypeVar("E")
PATIENCE_SECONDS = 20


class Alike(dict[bytes, Tie]):
    """What ties nodes to one for which they are all alike."""

    def __init__(self, tie: Tie) -> None:
        super().__init__()
        self._tie = tie

    def get(self, key: bytes, default: Any = None) -> Any:
        del key, default
        return self._tie


class Station:
    """A network, to which whoever calls is tied alike, and the list of what it told us."""

    def __init__(
        self,
        name: str,
        bounds: NetworkBounds,
        *,
        consuming: bool = True,
        tie: Tie = Tie.PARTNER,
        listen: str = "/ip4/127.0.0.1/tcp/0",
        behind_proxy: bool = False,
    ) -> None:
        self.events: deque[NetworkEvent] = deque()
        self.consuming = consuming
        self._arrived = asyncio.Event()
        seed = name.encode().ljust(32, b".")
        self.network = Network(seed, [listen], on_event=self._hear, bounds=bounds, behind_proxy=behind_proxy)
        self.network.know(Alike(tie))

    @property
    def peer(self) -> str:
        return self.network.peer_id

    @property
    def address(self) -> str:
        return self.network.addresses[0]

    def _hear(self, event: NetworkEvent) -> None:
        self.events.append(event)
        if self.consuming and isinstance(event, FrameReceived):
            self.network.consumed(event.peer)
        self._arrived.set()

    async def next(self, kind: type[E]) -> E:
        """Wait for the next event of this kind; those before it are forgotten."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                while self.events:
                    event = self.events.popleft()
                    if isinstance(event, kind):
                        return event
                self._arrived.clear()
                await self._arrived.wait()


Start = Callable[..., "asyncio.Future[Station]"]


async def acquaint(ana: Station, bia: Station) -> None:
    """Let ana dial bia, and wait until both have noticed."""
    ana.network.dial(bia.address)
    await ana.next(StreamUp)
    await bia.next(StreamUp)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - the other thread sets no event of ours
            await asyncio.sleep(0.01)


Behaviour = Callable[[BoundedYamux, BoundedStream], Awaitable[None]]


async def session_of(station: Station, behave: Behaviour, seed: bytes, source: str = "127.0.0.2") -> None:
    """Connect as a peer that knows the protocol down to its frames, and misbehave."""
    host, port = station.address.split("/")[2], int(station.address.split("/")[4])
    async with await trio.open_tcp_stream(host, port, local_address=source) as stream:
        raw = BufferedConnection(stream, initiator=True)
        key_pair = key_pair_from_seed(seed.ljust(32, b"."))
        session = await NoiseAndYamux(key_pair).upgrade(raw, ID.from_base58(station.peer))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session.run)
            opened = await session.open_stream()
            met = station.network.stats()["connections"]
            await propose_protocol(opened, "/mutirao/1")
            while station.network.stats()["connections"] == met:  # noqa: ASYNC110
                await trio.sleep(0.005)
            await behave(session, opened)
            nursery.cancel_scope.cancel()


async def impose(
    station: Station, behave: Behaviour, *, seed: bytes = b"a stranger", source: str = "127.0.0.2"
) -> None:
    """Let a peer of trio's world misbehave, until the other side hangs up or it has done enough."""

    async def run() -> None:
        with trio.fail_after(PATIENCE_SECONDS):
            await session_of(station, behave, seed, source)

    def ignore_the_end() -> None:
        try:
            trio.run(run)
        except* (ConnectionFault, OSError, trio.BrokenResourceError, IncompleteReadError):
            pass  # the other side hung up, as it should

    await asyncio.to_thread(ignore_the_end)


async def never(_: object = None) -> None:
    await trio.sleep_forever()
