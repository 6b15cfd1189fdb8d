# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bad weather between nodes: lines that lose, delay and throttle, and groups that are cut off from one another.

A proxy that speaks TCP cannot lose a segment, since the bytes behind it would be torn. It does what loss does to those
who speak TCP: a lost segment, and all behind it, waits until it is sent again; each time it is lost again it waits
twice as long; and who loses the same one too often gives the connection up.
"""

import asyncio
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Literal

SEGMENT_BYTES = 1_448
"""What one packet of an Ethernet carries."""
RESEND_SECONDS = 0.2
"""When TCP sends a lost segment again, at first: the least that Linux waits."""
RESENDS_MAX = 3
"""After how many losses of one segment a connection is given up. Linux tries 15 times; a shorter story kills more."""
CHUNK_BYTES = 16 * SEGMENT_BYTES
LOOK_SECONDS = 0.05
HOST = "127.0.0.1"

Parting = Literal["silent", "cut"]
"""Whether packets vanish, and both ends believe themselves connected, or connections end and new ones are refused."""


@dataclass(frozen=True, slots=True)
class Line:
    """What comes to `port` goes from one place to another."""

    one: str
    other: str
    port: int
    target: int


@dataclass
class Figures:
    """What the weather has done so far."""

    segments: int = 0
    lost: int = 0
    given_up: int = 0
    connections: int = 0
    partings: int = 0


@dataclass
class Weather:
    """A proxy for many lines, in a thread of its own; what is set holds at once for all of them."""

    random: Random
    loss: float = 0.0
    """The share of segments that is lost, 0 to 1."""
    delay_seconds: float = 0.0
    bytes_per_second: float | None = None
    """What each direction of a connection carries at most."""
    figures: Figures = field(default_factory=Figures)

    def __post_init__(self) -> None:
        self._groups: tuple[frozenset[str], ...] = ()
        self._parting: Parting = "silent"
        self._open: dict[asyncio.StreamWriter, Line] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    # What a story asks for.

    def line(self, one: str, other: str, *, port: int, target: int) -> Line:
        """Carry what comes to `port`, where one place calls, to the port `target` of another."""
        line = Line(one, other, port, target)

        async def listen() -> None:
            def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.create_task(self._carry_call(line, reader, writer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

            self._servers.append(await asyncio.start_server(called, HOST, port))

        asyncio.run_coroutine_threadsafe(listen(), self._loop).result(5)
        return line

    def part(self, *groups: Iterable[str], how: Parting = "silent") -> None:
        """Let nothing pass between places of different groups; those in none are a group of their own."""
        self._groups, self._parting = tuple(frozenset(group) for group in groups), how
        self.figures.partings += 1
        if how == "cut":
            self._loop.call_soon_threadsafe(self._end_parted)

    def heal(self) -> None:
        """Let everything pass again; what was under way in silence is under way still."""
        self._groups = ()

    def clear(self) -> None:
        """Make it fair: nothing is lost, nothing is slow, nobody is cut off."""
        self.heal()
        self.loss, self.delay_seconds, self.bytes_per_second = 0.0, 0.0, None

    def parts(self, line: Line) -> bool:
        """Tell whether the ends of a line are cut off from one another."""
        return self._group_of(line.one) != self._group_of(line.other)

    def close(self) -> None:
        """End all lines for good."""

        async def end() -> None:
            for server in self._servers:
                server.close()
            for writer in list(self._open):
                writer.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    # How it comes about.

    def _group_of(self, place: str) -> int:
        return next((number for number, group in enumerate(self._groups) if place in group), -1)

    def _end_parted(self) -> None:
        for writer, line in list(self._open.items()):
            if self.parts(line):
                writer.transport.abort()

    async def _carry_call(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[writer] = line
        onward: asyncio.StreamWriter | None = None
        try:
            if self.parts(line) and self._parting == "cut":
                return
            await self._wait_passable(line)
            from_there, onward = await asyncio.open_connection(HOST, line.target)
            self._open[onward] = line
            self.figures.connections += 1
            ways = [
                asyncio.create_task(self._carry(line, reader, onward)),
                asyncio.create_task(self._carry(line, from_there, writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            pass
        finally:
            for one in (writer, onward):
                if one is not None:
                    self._open.pop(one, None)
                    one.transport.abort()

    async def _carry(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                for start in range(0, len(chunk), SEGMENT_BYTES):
                    if not await self._sent(line) or writer.is_closing():
                        return
                    segment = chunk[start : start + SEGMENT_BYTES]
                    if self.bytes_per_second is not None:
                        await asyncio.sleep(len(segment) / self.bytes_per_second)
                    writer.write(segment)
                await writer.drain()

    async def _sent(self, line: Line) -> bool:
        """Wait as long as one segment takes; false where the connection is given up over it."""
        self.figures.segments += 1
        for resends in range(RESENDS_MAX):
            await self._wait_passable(line)
            if self.random.random() >= self.loss:
                return True
            self.figures.lost += 1
            await asyncio.sleep(RESEND_SECONDS * 2**resends)
        self.figures.given_up += 1
        return False

    async def _wait_passable(self, line: Line) -> None:
        while self.parts(line):  # noqa: ASYNC110 - the story sets it from another thread
            await asyncio.sleep(LOOK_SECONDS)
