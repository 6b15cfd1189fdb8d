# SPDX-License-Identifier: AGPL-3.0-or-later
"""Strangers with keys made up on the spot who speak the protocol down to its frames, many in one process.

`python -m processes.crowd ADDRESS HOME WORDS SILENT FLOODING UNREAD HOSTILE` connects so many of each kind and keeps
them there until its input ends; it writes one line once all are connected, and each that loses its connection comes
back. They are spread over as many addresses of this machine as their places need.
"""

import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import trio

from node.p2p.addresses import parse_dial
from node.p2p.ending import contained
from node.p2p.parts import ID, key_pair_from_seed
from node.p2p.upgrade import BufferedConnection, NoiseAndYamux, propose_protocol
from node.p2p.yamux import BoundedStream
from protocol.lanes.claims import Inception
from protocol.lanes.directory import Profile
from protocol.lanes.entry import COMMONS, IDENTITY, NO_NETWORK, Entry, encode_body, seal
from protocol.lanes.identity import promise
from protocol.peers.messages import Entries, Heads, Hello, LaneRange, LinkNews, Message, NodeRole, Span, Wanted, pack
from protocol.practices.between.links.entries import LinkRecord, Settings, Terms, link_id, link_lane
from protocol.wire.keys import KeyPair

FRESH_AT_ONCE = 20
WORD_BYTES = 8_000
COMPARED_AT_ONCE = 5
PER_ADDRESS = 24
"""Fewer than one address may hold."""
AGAIN_SECONDS = 0.5
TESTS = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Gibberish:
    """A word of a kind that nobody has heard of."""

    KIND: ClassVar[str] = "strangers/gibberish"
    said: bytes


@dataclass
class Stranger:
    """A network of one node, with a lane of words that say little."""

    hot: KeyPair
    transport: bytes
    network: bytes
    inception: Entry
    words: Sequence[Entry]

    @property
    def hello(self) -> Hello:
        return Hello(self.network, NodeRole.HOME, (self.inception.wire,))

    def more(self, prev: bytes, seq: int, count: int) -> list[Entry]:
        """Say more, as large as words may be that nobody knows the kind of."""
        said: list[Entry] = []
        for number in range(seq, seq + count):
            said.append(self._sealed(COMMONS, number, prev, Gibberish(os.urandom(WORD_BYTES))))
            prev = said[-1].id
        return said

    def offer(self, home: bytes) -> Entry:
        """Offer a link of terms that are new each time."""
        low, high = sorted((self.network, home))
        terms = Terms(low, high, "STR", 2, os.urandom(16))
        record = LinkRecord(terms, Settings("STR", 1, 1, 0), 100, 0, 0, 0, 0, (), (), (), 0, None)
        return self._sealed(link_lane(link_id(terms)), 0, None, record)

    def _sealed(self, lane: str, seq: int, prev: bytes | None, body: Any) -> Entry:
        now = round(time.time() * 1000)
        return seal(
            self.hot, network=self.network, lane=lane, epoch=0, seq=seq, prev=prev, body=encode_body(body, now),
            salt=bytes(16),
        )  # fmt: skip

    def told(self) -> bytes:
        """All that it has said, as one frame."""
        return pack(Entries((self.inception.wire, *(one.wire for one in self.words))))


def stranger(words: int) -> Stranger:
    """Make keys, and so many words signed with them."""
    hot, following, cold = (KeyPair.from_seed(os.urandom(32)) for _ in range(3))
    transport = os.urandom(32)
    now = round(time.time() * 1000)
    body = Inception(hot.public, promise(following.public), (cold.public,), 1, KeyPair.from_seed(transport).public)
    first = seal(
        hot, network=NO_NETWORK, lane=IDENTITY, epoch=0, seq=0, prev=None, body=encode_body(body, now), salt=bytes(16)
    )
    said: list[Entry] = []
    for seq in range(words):
        profile = Profile(f"s{first.id.hex()[:8]}", f"Stranger {seq}", "STR", "Str", 2, ())
        prev = said[-1].id if said else None
        word = encode_body(profile, now)
        said.append(seal(hot, network=first.id, lane=COMMONS, epoch=0, seq=seq, prev=prev, body=word, salt=bytes(16)))
    return Stranger(hot, transport, first.id, first, said)


class Frames:
    """Frames out on a stream."""

    def __init__(self, stream: BoundedStream, home: bytes) -> None:
        self._stream = stream
        self.home = home
        """The network to which they go."""

    async def say(self, message: Message) -> None:
        await self.say_bytes(pack(message))

    async def say_bytes(self, frame: bytes) -> None:
        await self._stream.write(len(frame).to_bytes(4, "big") + frame)


Behaviour = Callable[[Stranger, Frames], Awaitable[None]]


async def be_silent(one: Stranger, frames: Frames) -> None:
    """Say no more than hello."""
    del one, frames
    await trio.sleep_forever()


async def flood(one: Stranger, frames: Frames) -> None:
    """Tell what is known already, as fast as it is taken."""
    told = one.told()
    while True:
        await frames.say_bytes(told)


async def ask_and_not_read(one: Stranger, frames: Frames) -> None:
    """Tell what it has to say, ask for it again and again, and read nothing of it."""
    await frames.say_bytes(one.told())
    while True:
        for _ in range(15):
            await frames.say(Wanted((LaneRange(one.network, COMMONS, 0, max(0, len(one.words) - 1)),)))
        await trio.sleep(1)


async def do_all(one: Stranger, frames: Frames) -> None:
    """Say new words and known ones, tell of new networks, offer links, ask for all, compare all: without a pause."""
    told = one.told()
    last, seq = one.words[-1].id, len(one.words)
    while True:
        fresh = one.more(last, seq, FRESH_AT_ONCE)
        last, seq = fresh[-1].id, seq + FRESH_AT_ONCE
        await frames.say(Entries(tuple(word.wire for word in fresh)))
        await frames.say_bytes(told)
        await frames.say(Entries(tuple(stranger(0).inception.wire for _ in range(FRESH_AT_ONCE))))
        await frames.say(LinkNews(one.offer(frames.home).wire))
        await frames.say(Wanted((LaneRange(one.network, COMMONS, 0, len(one.words) - 1),)))
        for _ in range(COMPARED_AT_ONCE):
            await frames.say(Heads((Span(None, "", os.urandom(32), None),), os.urandom(32)))
        await trio.lowlevel.checkpoint()


@dataclass(frozen=True, slots=True)
class Door:
    """Where they go: an address, and the network whose home is there."""

    address: str
    home: bytes


async def _attend(door: Door, source: str, one: Stranger, behave: Behaviour, up: Callable[[], object]) -> None:
    target = parse_dial(door.address)
    async with await trio.open_tcp_stream(target.host, target.port, local_address=source) as socket:
        raw = BufferedConnection(socket, initiator=True)
        session = await NoiseAndYamux(key_pair_from_seed(one.transport)).upgrade(raw, ID.from_base58(target.peer))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session.run)
            stream = await session.open_stream()
            await propose_protocol(stream, "/mutirao/1")
            frames = Frames(stream, door.home)
            await frames.say(one.hello)
            if behave is not ask_and_not_read:
                nursery.start_soon(_read, stream)
            up()
            await behave(one, frames)


async def _read(stream: BoundedStream) -> None:
    while True:
        await stream.read()


async def _keep(door: Door, source: str, one: Stranger, behave: Behaviour, up: Callable[[], object]) -> None:
    while True:
        await contained(partial(_attend, door, source, one, behave, up))
        await trio.sleep(AGAIN_SECONDS)


async def _stay(door: Door, kinds: Sequence[tuple[Behaviour, int]], words: int) -> None:
    ups: set[int] = set()
    wanted = sum(count for _, count in kinds)
    async with trio.open_nursery() as nursery:
        for behave, count in kinds:
            for _ in range(count):
                number = len(nursery.child_tasks)
                source = f"127.0.0.{10 + number // PER_ADDRESS}"
                one = stranger(0 if behave is be_silent else words)
                up = partial(ups.add, number)
                nursery.start_soon(partial(_keep, door, source, one, behave, up))
                await trio.sleep(0.02)
        while len(ups) < wanted:  # noqa: ASYNC110
            await trio.sleep(0.05)
        sys.stdout.write("here\n")
        sys.stdout.flush()
        await trio.to_thread.run_sync(sys.stdin.read)
        nursery.cancel_scope.cancel()


@contextmanager
def crowd(
    address: str, *, silent: int = 0, flooding: int = 0, unread: int = 0, hostile: int = 0, words: int = 500,
    home: bytes = bytes(32),
) -> Iterator[None]:  # fmt: skip
    """Let strangers come to a node, in a process of their own, and stay while the block runs.

    Those that are hostile offer links to the network of which the node is the `home`.
    """
    counts = words, silent, flooding, unread, hostile
    command = [sys.executable, "-m", "processes.crowd", address, home.hex(), *map(str, counts)]
    paths = {"PYTHONPATH": os.pathsep.join((str(TESTS.parent), str(TESTS)))}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=os.environ | paths) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            assert process.stdout.readline() == "here\n"
            yield
        finally:
            with suppress(OSError):
                process.stdin.close()


if __name__ == "__main__":
    spoken, *counts = map(int, sys.argv[3:])
    # What they do costs the machine of theirs, which is this one here.
    os.nice(10)
    behaviours = be_silent, flood, ask_and_not_read, do_all
    trio.run(_stay, Door(sys.argv[1], bytes.fromhex(sys.argv[2])), list(zip(behaviours, counts, strict=True)), spoken)
