# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which streams of a connection are served: ours, which the dialler opens, and two that every libp2p peer may open."""

from collections.abc import Callable

import trio

from node.p2p.admission import HANDSHAKE_SECONDS
from node.p2p.courtesies import IDENTIFY_PROTOCOL, PING_PROTOCOL, StreamTurns, answer_pings
from node.p2p.ending import contained
from node.p2p.upgrade import agree, propose_protocol
from node.p2p.yamux import BoundedStream, BoundedYamux

PROTOCOL = "/mutirao/1"
SPOKEN = (PROTOCOL, IDENTIFY_PROTOCOL, PING_PROTOCOL)
PING_STREAMS_MAX = 2


class PeerStreams:
    """Takes the streams that a peer opens on one connection.

    What else than ours it opens keeps 4 KiB at most, is answered in turns, and counts for nothing: a peer that only
    asks who we are and never opens our stream is let go after 5 s like one that says nothing.
    """

    def __init__(self, session: BoundedYamux, introduce: Callable[[], bytes]) -> None:
        self._session = session
        self._introduce = introduce
        self._turns = StreamTurns()
        self._pinged = 0
        self._found = trio.Event()
        self._chosen: BoundedStream | None = None

    async def find_stream(self, nursery: trio.Nursery, *, outbound: bool) -> BoundedStream:
        """Open our stream, or let the dialler open it; go on answering in the nursery."""
        if outbound:
            self._chosen = await self._session.open_stream()
        nursery.start_soon(self._answer_all, nursery)
        if self._chosen is not None:
            await propose_protocol(self._chosen, PROTOCOL)
            return self._chosen
        await self._found.wait()
        assert self._chosen is not None
        return self._chosen

    async def _answer_all(self, nursery: trio.Nursery) -> None:
        while True:
            nursery.start_soon(self._answer, await self._session.accept_stream())

    async def _answer(self, stream: BoundedStream) -> None:
        if self._chosen is not None:
            stream.narrow()
        await contained(self._serve, stream)
        if stream is not self._chosen:
            stream.reset()

    async def _serve(self, stream: BoundedStream) -> None:
        await self._turns.next()
        with trio.fail_after(HANDSHAKE_SECONDS):
            protocol = await agree(stream, *SPOKEN)
        if protocol == PROTOCOL:
            if self._chosen is None:
                self._chosen = stream
                self._found.set()
            return
        stream.narrow()
        if protocol == IDENTIFY_PROTOCOL:
            await stream.write(self._introduce())
            await stream.finish()
        elif self._pinged < PING_STREAMS_MAX:
            self._pinged += 1
            try:
                await contained(answer_pings, stream, self._turns)
                await stream.finish()
            finally:
                self._pinged -= 1
