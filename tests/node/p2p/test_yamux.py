# SPDX-License-Identifier: AGPL-3.0-or-later
"""Streams of one connection stay within their bounds, and neither side waits for the other for ever."""

import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

import pytest
import trio
import trio.testing

from node.p2p.connection import FlowWindow
from node.p2p.ending import ConnectionFault, contained
from node.p2p.yamux import (
    ACK,
    CONTROL_FRAMES_MAX,
    DATA_FRAME,
    HEADER,
    PING_FRAME,
    STREAMS_OPEN_MAX,
    STREAMS_REFUSED_MAX,
    SYN,
    WINDOW_BYTES_START,
    WINDOW_FRAME,
    BoundedStream,
    BoundedYamux,
)

T = TypeVar("T")


def run(play: Callable[[], Awaitable[T]]) -> T:
    """Play in a time of its own, in which nothing waits that is not made to wait."""

    async def bounded() -> T:
        with trio.fail_after(1000):
            return await play()

    return trio.run(bounded, clock=trio.testing.MockClock(autojump_threshold=0))


class Secured:
    """What a connection is to Yamux: it reads whole messages and writes them."""

    def __init__(self, end: Any) -> None:
        self._end = end

    async def read(self, _: int | None = None) -> bytes:
        data = await self._end.receive_some(65_536)
        if not data:
            raise ConnectionFault("the other side hung up")
        return data

    async def write(self, data: bytes) -> None:
        await self._end.send_all(data)


def session_at(end: Any, *, initiator: bool) -> BoundedYamux:
    return BoundedYamux(cast(Any, Secured(end)), initiator=initiator)


def alone() -> BoundedYamux:
    """A session that nobody is at the other end of."""
    return BoundedYamux(cast(Any, None), initiator=False)


async def serve(session: BoundedYamux) -> None:
    with suppress(Exception):
        await contained(session.run)


def test_a_question_is_read_while_bulk_waits_to_be_written() -> None:
    class Clogged:
        """The other side has asked and told something, and takes nothing."""

        def __init__(self) -> None:
            self._told = [
                HEADER.pack(0, WINDOW_FRAME, ACK, 1, 0),
                HEADER.pack(0, PING_FRAME, SYN, 0, 7),
                HEADER.pack(0, DATA_FRAME, 0, 1, 5) + b"hello",
            ]

        async def read(self, _: int | None = None) -> bytes:
            if self._told:
                return self._told.pop(0)
            await trio.sleep_forever()
            raise AssertionError

        async def write(self, data: bytes) -> None:
            if len(data) > HEADER.size:
                await trio.sleep_forever()

    async def play() -> bytes:
        session = BoundedYamux(cast(Any, Clogged()), initiator=True)
        async with trio.open_nursery() as nursery:
            stream = await session.open_stream()
            nursery.start_soon(stream.write, bytes(1000))
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(serve, session)
            heard = await stream.read(5)
            nursery.cancel_scope.cancel()
        return heard

    assert run(play) == b"hello"


def test_a_byte_beyond_the_window_is_not_stored() -> None:
    stream = BoundedStream(alone(), 1)
    stream.expect(WINDOW_BYTES_START)
    with pytest.raises(ConnectionFault, match="exceeded its window"):
        stream.expect(1)


def test_crumbs_take_no_more_memory_than_a_whole_loaf() -> None:
    stream = BoundedStream(alone(), 1)
    for _ in range(WINDOW_BYTES_START):
        stream.feed(b".")
    assert sum(map(sys.getsizeof, stream._chunks)) < 1.1 * WINDOW_BYTES_START
    assert b"".join(stream._chunks) == b"." * WINDOW_BYTES_START


def test_a_reader_may_pause_for_ten_seconds() -> None:
    async def play() -> int:
        ends = trio.testing.memory_stream_pair()
        left, right = session_at(ends[0], initiator=True), session_at(ends[1], initiator=False)
        amount = 3 * WINDOW_BYTES_START
        arrived = 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, left)
            nursery.start_soon(serve, right)
            out = await left.open_stream()
            back = await right.accept_stream()
            nursery.start_soon(out.write, bytes(amount))
            await trio.sleep(10)
            while arrived < amount:
                arrived += len(await back.read(65_536))
            nursery.cancel_scope.cancel()
        return arrived - amount

    assert run(play) == 0


def test_a_frozen_peer_is_noticed() -> None:
    async def play() -> float:
        ours, _theirs = trio.testing.memory_stream_pair()
        began = trio.current_time()
        failure = await contained(session_at(ours, initiator=True).run)
        assert str(failure) == "the peer fell silent"
        return trio.current_time() - began

    assert 4 < run(play) < 6


def test_a_ping_is_answered_with_what_it_said() -> None:
    async def play() -> tuple[int, ...]:
        ours, theirs = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, session_at(ours, initiator=False))
            await theirs.send_all(HEADER.pack(0, PING_FRAME, SYN, 0, 7))
            answer = HEADER.unpack(await theirs.receive_some(HEADER.size))
            nursery.cancel_scope.cancel()
        return answer

    assert run(play) == (0, PING_FRAME, ACK, 0, 7)


def test_answers_that_nobody_takes_are_counted() -> None:
    session = alone()
    for _ in range(CONTROL_FRAMES_MAX):
        session.answer(PING_FRAME, ACK, 0, 7)
    with pytest.raises(ConnectionFault, match="asks faster than it reads"):
        session.answer(PING_FRAME, ACK, 0, 7)


def test_a_peer_opens_a_few_streams_and_no_more() -> None:
    async def play() -> tuple[int, str]:
        ours, theirs = trio.testing.memory_stream_pair()
        session = session_at(ours, initiator=False)
        most = 0
        ended: list[str] = []

        async def accept_all() -> None:
            nonlocal most
            while True:
                await session.accept_stream()
                most = max(most, len(session._streams))

        async def drain() -> None:
            while await theirs.receive_some(65_536):
                pass

        async def live() -> None:
            ended.append(str(await contained(session.run)))
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            for act in (live, accept_all, drain):
                nursery.start_soon(act)
            for number in range(STREAMS_OPEN_MAX + STREAMS_REFUSED_MAX + 1):
                await theirs.send_all(HEADER.pack(0, WINDOW_FRAME, SYN, 2 * number + 1, 0))
                await trio.testing.wait_all_tasks_blocked()
        return most, ended[0]

    assert run(play) == (STREAMS_OPEN_MAX, "too many streams")


def test_credit_is_not_given_back_byte_by_byte() -> None:
    async def play() -> int:
        ours, theirs = trio.testing.memory_stream_pair()
        session = session_at(ours, initiator=False)
        updates = 0

        async def count() -> None:
            nonlocal updates
            heard = bytearray()
            while True:
                heard += await theirs.receive_some(65_536)
                while len(heard) >= HEADER.size:
                    _, kind, flags, _, value = HEADER.unpack(heard[: HEADER.size])
                    del heard[: HEADER.size]
                    updates += kind == WINDOW_FRAME and not flags and value > 0

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, session)
            nursery.start_soon(count)
            await theirs.send_all(HEADER.pack(0, WINDOW_FRAME, SYN, 1, 0))
            stream = await session.accept_stream()
            for size, piece in ((200, 1), (WINDOW_BYTES_START - 200, 65_536)):
                await theirs.send_all(HEADER.pack(0, DATA_FRAME, 0, 1, size) + bytes(size))
                left = size
                while left:
                    left -= len(await stream.read(piece))
                await trio.testing.wait_all_tasks_blocked()
                assert updates <= (0 if size == 200 else 4)
            nursery.cancel_scope.cancel()
        return updates

    assert 1 <= run(play) <= 4


def test_all_that_wait_for_credit_are_woken() -> None:
    async def play() -> int:
        window = FlowWindow(bytes_max=100, frames_max=100)
        window.give(100)
        woken = 0

        async def wait() -> None:
            nonlocal woken
            await window.wait()
            woken += 1

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            assert window.take(100)
            window.relieve()
        return woken

    assert run(play) == 3
