# SPDX-License-Identifier: AGPL-3.0-or-later
"""Strangers with keys made up on the spot who speak the protocol down to its frames, many in one process.

`python -m processes.crowd ADDRESS WORDS SILENT FLOODING UNREAD` connects so many of each kind and keeps them there
until its input ends; it writes one line once all are connected, and each that loses its connection comes back. They
are spread over as many addresses of this machine as their places need.
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
from protocol.peers.messages import Entries, Hello, LaneRange, Message, NodeRole, Wanted, pack
from protocol.wire.keys import KeyPair

PER_ADDRESS = 24
"""Fewer than one address may hold."""
AGAIN_SECONDS = 0.5
TESTS = Path(__file__).parents[1]


@dataclass
class Stranger:
    """A network of one node, with a lane of words that say little."""

    transport: bytes
    network: bytes
    inception: Entry
    words: Sequence[Entry]

    @property
    def hello(self) -> Hello:
        return Hello(self.network, NodeRole.HOME, (self.inception.wire,))

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
    return Stranger(transport, first.id, first, said)


class Frames:
    """Frames out on a stream."""

    def __init__(self, stream: BoundedStream) -> None:
        self._stream = stream

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


async def _attend(address: str, source: str, one: Stranger, behave: Behaviour, up: Callable[[], object]) -> None:
    target = parse_dial(address)
    async with await trio.open_tcp_stream(target.host, target.port, local_address=source) as socket:
        raw = BufferedConnection(socket, initiator=True)
        session = await NoiseAndYamux(key_pair_from_seed(one.transport)).upgrade(raw, ID.from_base58(target.peer))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session.run)
            stream = await session.open_stream()
            await propose_protocol(stream, "/mutirao/1")
            frames = Frames(stream)
            await frames.say(one.hello)
            if behave is not ask_and_not_read:
                nursery.start_soon(_read, stream)
            up()
            await behave(one, frames)


async def _read(stream: BoundedStream) -> None:
    while True:
        await stream.read()


async def _keep(address: str, source: str, one: Stranger, behave: Behaviour, up: Callable[[], object]) -> None:
    while True:
        await contained(partial(_attend, address, source, one, behave, up))
        await trio.sleep(AGAIN_SECONDS)


async def _stay(address: str, kinds: Sequence[tuple[Behaviour, int]], words: int) -> None:
    ups: set[int] = set()
    wanted = sum(count for _, count in kinds)
    async with trio.open_nursery() as nursery:
        for behave, count in kinds:
            for _ in range(count):
                number = len(nursery.child_tasks)
                source = f"127.0.0.{10 + number // PER_ADDRESS}"
                one = stranger(0 if behave is be_silent else words)
                up = partial(ups.add, number)
                nursery.start_soon(partial(_keep, address, source, one, behave, up))
                await trio.sleep(0.02)
        while len(ups) < wanted:  # noqa: ASYNC110
            await trio.sleep(0.05)
        sys.stdout.write("here\n")
        sys.stdout.flush()
        await trio.to_thread.run_sync(sys.stdin.read)
        nursery.cancel_scope.cancel()


@contextmanager
def crowd(address: str, *, silent: int = 0, flooding: int = 0, unread: int = 0, words: int = 500) -> Iterator[None]:
    """Let strangers come to a node, in a process of their own, and stay while the block runs."""
    command = [sys.executable, "-m", "processes.crowd", address, *map(str, (words, silent, flooding, unread))]
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
    spoken, *counts = map(int, sys.argv[2:])
    trio.run(_stay, sys.argv[1], list(zip((be_silent, flood, ask_and_not_read), counts, strict=True)), spoken)
