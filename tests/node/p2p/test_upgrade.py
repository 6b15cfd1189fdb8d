# SPDX-License-Identifier: AGPL-3.0-or-later
"""What comes before anybody has shown who they are: short, bounded, and Noise in the end."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any, TypeVar

import pytest
import trio
import trio.testing

from node.p2p.admission import Backoff, InboundSlots
from node.p2p.parts import (
    ID,
    IncompleteReadError,
    MultiselectClientError,
    MultiselectCommunicatorError,
    key_pair_from_seed,
)
from node.p2p.upgrade import (
    NEGOTIATION_BYTES_MAX,
    NEGOTIATION_MESSAGES_MAX,
    BoundedCommunicator,
    BufferedConnection,
    NoiseAndYamux,
    propose_protocol,
)

T = TypeVar("T")


def run(play: Callable[[], Awaitable[T]]) -> T:
    async def bounded() -> T:
        with trio.fail_after(20):
            return await play()

    return trio.run(bounded)


def identity(name: str) -> Any:
    return key_pair_from_seed(name.encode().ljust(32, b"."))


class Told:
    """A peer who has said these bytes and says no more; counts what was asked of it."""

    def __init__(self, said: bytes) -> None:
        self._said = said
        self.asked_most = 0

    async def read(self, n: int) -> bytes:
        self.asked_most = max(self.asked_most, n)
        if len(self._said) < n:
            raise IncompleteReadError("the peer hung up")
        head, self._said = self._said[:n], self._said[n:]
        return head


def prefixed(message: bytes) -> bytes:
    """A message behind its length, as negotiation writes it: seven bits a byte, lowest first."""
    size, head = len(message), b""
    while size > 127:
        head += bytes([size & 127 | 128])
        size >>= 7
    return head + bytes([size]) + message


async def taken(told: Told) -> str:
    return await BoundedCommunicator(told).read()  # type: ignore[arg-type]


@pytest.mark.parametrize("protocol", ["/plaintext/2.0.0", "/secio/1.0.0", "/tls/1.0.0"])
def test_nothing_is_agreed_upon_but_noise(protocol: str) -> None:
    async def play() -> str:
        ours, theirs = trio.testing.memory_stream_pair()
        ended: list[str] = []

        async def answer() -> None:
            with suppress(Exception):
                await NoiseAndYamux(identity("host")).upgrade(BufferedConnection(ours, initiator=False), None)  # type: ignore[arg-type]
                ended.append("upgraded")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            with pytest.raises(MultiselectClientError):
                await propose_protocol(BufferedConnection(theirs, initiator=True), protocol)  # type: ignore[arg-type]
            nursery.cancel_scope.cancel()
        return " ".join(ended)

    assert run(play) == ""


def test_each_side_knows_the_other_by_its_key() -> None:
    async def play() -> list[ID]:
        ours, theirs = trio.testing.memory_stream_pair()
        met: dict[str, ID] = {}

        async def upgrade(name: str, end: Any, expected: ID | None) -> None:
            raw = BufferedConnection(end, initiator=expected is not None)
            met[name] = (await NoiseAndYamux(identity(name)).upgrade(raw, expected)).peer

        async with trio.open_nursery() as nursery:
            nursery.start_soon(upgrade, "ana", ours, ID.from_pubkey(identity("bia").public_key))
            nursery.start_soon(upgrade, "bia", theirs, None)
        return [met["bia"], met["ana"]]

    assert run(play) == [ID.from_pubkey(identity(name).public_key) for name in ("ana", "bia")]


def test_a_negotiation_message_has_a_length_limit() -> None:
    longest = b"/" + b"a" * (NEGOTIATION_BYTES_MAX - 2) + b"\n"
    assert run(lambda: taken(Told(prefixed(longest)))) == longest[:-1].decode()
    too_long = Told(prefixed(b"a" + longest))
    with pytest.raises(Exception, match=r"."):
        run(lambda: taken(too_long))
    assert too_long.asked_most <= NEGOTIATION_BYTES_MAX


@pytest.mark.parametrize(
    ("said", "why"), [(b"/mutirao/1", "without an end"), (b"/mutir\xc3\xa3o/1\n", "in no known tongue")]
)
def test_a_negotiation_message_is_a_line_of_ascii(said: bytes, why: str) -> None:
    with pytest.raises(MultiselectCommunicatorError, match=why):
        run(lambda: taken(Told(prefixed(said))))


def test_nor_are_there_endless_proposals() -> None:
    async def play() -> None:
        communicator = BoundedCommunicator(Told(prefixed(b"/another\n") * (NEGOTIATION_MESSAGES_MAX + 1)))  # type: ignore[arg-type]
        for _ in range(NEGOTIATION_MESSAGES_MAX):
            assert await communicator.read() == "/another"
        with pytest.raises(MultiselectCommunicatorError, match="too many"):
            await communicator.read()

    run(play)


def test_a_message_may_come_in_small_segments() -> None:
    message = bytes(range(256)) * 255

    class Trickle:
        """A socket that has only so many bytes at a time."""

        def __init__(self) -> None:
            self._left = message

        async def receive_some(self, most: int) -> bytes:
            size = min(100, most)
            piece, self._left = self._left[:size], self._left[size:]
            return piece

    async def play() -> tuple[bytes, bytes, bytes]:
        end: Any = Trickle()
        conn = BufferedConnection(end, initiator=False)
        parts = await conn.read(2), await conn.read(len(message) - 3), await conn.read()
        with pytest.raises(IncompleteReadError):
            await conn.read(1)
        return parts

    assert b"".join(run(play)) == message


def test_places_are_counted_for_each_address() -> None:
    ended: list[int] = []
    slots = InboundSlots(pending_max=5, pending_per_address_max=2)
    ends = [partial(ended.append, number) for number in range(9)]
    assert [slots.admit("198.51.100.1", ends[number]) for number in (0, 1, 2)] == [True, True, False]
    assert [slots.admit("198.51.100.2", ends[number]) for number in (3, 4, 5)] == [True, True, False]
    assert slots.admit("198.51.100.3", ends[6])
    assert ended == []
    assert slots.admit("198.51.100.4", ends[7]), "who holds fewer places than another is let in"
    assert ended == [0], "for the oldest of the address that held most"
    slots.release("198.51.100.1", ends[0])
    assert slots.pending == 5, "its place was given away before"
    slots.release("198.51.100.2", ends[4])
    assert slots.admit("198.51.100.1", ends[8])
    assert ended == [0]


def test_nobody_makes_way_for_who_holds_as_many_places() -> None:
    slots = InboundSlots(pending_max=2, pending_per_address_max=2)
    assert slots.admit("198.51.100.1", never) and slots.admit("198.51.100.2", never)
    assert not slots.admit("198.51.100.1", never)


def never() -> None:
    raise AssertionError("nobody is to go")


def test_the_first_retries_are_quick_and_the_last_not_too_rare() -> None:
    backoff = Backoff(Random(1))
    waits = [backoff.next_seconds() for _ in range(20)]
    assert 0.2 < waits[0] < 0.4
    assert min(waits[-5:]) >= 7.5 and max(waits) <= 12.5
    backoff.reset()
    assert backoff.next_seconds() < 0.4
