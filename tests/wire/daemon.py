# SPDX-License-Identifier: AGPL-3.0-or-later
"""Speaks with p2pd, the daemon of go-libp2p, by its control socket: enough to connect and to open streams."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import base58
from multiaddr import Multiaddr

CONNECT, STREAM_OPEN = 1, 2
START_SECONDS = 10

Fields = list[tuple[int, int | bytes]]


class Refused(Exception):
    """The daemon could not do what it was asked for; its words are the text."""


def varint(value: int) -> bytes:
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes([*written, value])


def message(fields: Fields) -> bytes:
    """Write fields as protobuf does: whole numbers and bytes."""
    written = b""
    for number, value in fields:
        if isinstance(value, int):
            written += varint(number << 3) + varint(value)
        else:
            written += varint(number << 3 | 2) + varint(len(value)) + value
    return written


def fields_of(data: bytes) -> Fields:
    """Read fields as `message` writes them."""
    read: Fields = []
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            value |= (data[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if data[at - 1] < 128:
                return value

    while at < len(data):
        key = number()
        value = number()
        if key & 7 == 2:
            read.append((key >> 3, data[at : at + value]))
            at += value
        else:
            read.append((key >> 3, value))
    return read


class Daemon:
    """A running daemon."""

    def __init__(self, control: Path) -> None:
        self._control = control

    async def ask(self, fields: Fields) -> tuple[Fields, asyncio.StreamReader, asyncio.StreamWriter]:
        """Return what it answers, and the connection, which is the stream where one was opened; raises Refused."""
        reader, writer = await asyncio.open_unix_connection(str(self._control))
        asked = message(fields)
        writer.write(varint(len(asked)) + asked)
        size = shift = 0
        while True:
            part = (await reader.readexactly(1))[0]
            size |= (part & 127) << shift
            shift += 7
            if part < 128:
                break
        answer = fields_of(await reader.readexactly(size))
        told = dict(answer)
        if told[1] != 0:
            writer.close()
            error = told[2]
            assert isinstance(error, bytes)
            raise Refused(str(dict(fields_of(error))[1]))
        return answer, reader, writer

    async def connect(self, address: str) -> bytes:
        """Connect to this address; return the peer's id in bytes."""
        peer = base58.b58decode(address.rpartition("/")[2])
        where = Multiaddr(address.partition("/p2p/")[0]).to_bytes()
        _, _, writer = await self.ask([(1, CONNECT), (2, message([(1, peer), (2, where)]))])
        writer.close()
        return peer

    async def open(self, peer: bytes, protocol: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a stream of this protocol; raises Refused."""
        wanted = message([(1, peer), (2, protocol.encode()), (3, 5)])
        _, reader, writer = await self.ask([(1, STREAM_OPEN), (3, wanted)])
        return reader, writer


@asynccontextmanager
async def running(program: str, folder: Path) -> AsyncIterator[Daemon]:
    """Run a daemon that listens for nobody, and end it."""
    control = folder / "p2pd"
    words = ("-listen", f"/unix{control}", "-noListenAddrs", "-q")
    process = await asyncio.create_subprocess_exec(program, *words, cwd=folder, stderr=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(START_SECONDS):
            while not control.exists():  # noqa: ASYNC110 - it is another program's
                await asyncio.sleep(0.05)
        yield Daemon(control)
    finally:
        process.terminate()
        await process.wait()
