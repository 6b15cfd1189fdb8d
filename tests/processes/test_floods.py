# SPDX-License-Identifier: AGPL-3.0-or-later
"""Strangers beat on a node's door while payments go on: none is lost, memory stays, and the honest still get in."""

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from processes.harness import Commune, Member, Node, link_up, until

NOISY, SILENT, FLEETING = 200, 60, 60
OPEN_AT_ONCE = 40
NOISE_BYTES_MAX = 500
GROWTH_BYTES_MAX = 50 * 1024 * 1024
PAYMENT_SECONDS_MAX = 5.0
PAUSE_SECONDS = 0.05
ELSEWHERE = "127.0.0.2"


@dataclass
class Trade:
    """Payments that go on, here and to Serra, and what they and the node's memory came to."""

    ana: Member
    ends: threading.Event = field(default_factory=threading.Event)
    seconds: list[float] = field(default_factory=list)
    abroad: list[str] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    rss_bytes_most: int = 0

    def run(self) -> None:
        node = self.ana.node
        while not self.ends.is_set():
            began = time.monotonic()
            try:
                self.ana.pay("beto", 0.01)
                self.abroad.append(self.ana.pay("edna@serra", 0.01)["id"])
            except BaseException as failure:  # noqa: BLE001 - told by the test itself
                self.failures.append(failure)
                return
            self.seconds.append(time.monotonic() - began)
            self.rss_bytes_most = max(self.rss_bytes_most, node.rss_bytes)
            self.ends.wait(PAUSE_SECONDS)


@contextmanager
def trading(ana: Member) -> Iterator[Trade]:
    """Let payments go on, and check at the end that all of them arrived in time."""
    trade = Trade(ana)
    thread = threading.Thread(target=trade.run)
    thread.start()
    try:
        yield trade
        enough = len(trade.seconds) + 5
        until(lambda: trade.failures or len(trade.seconds) >= enough, "payments go on")
    finally:
        trade.ends.set()
        thread.join()
    assert not trade.failures, trade.failures
    assert max(trade.seconds) < PAYMENT_SECONDS_MAX
    assert {ana.node.ended(payment)["state"] for payment in trade.abroad} == {"posted"}


@dataclass
class Town:
    """Riacho, where Ana is, on whose door everybody beats; and Serra, where Edna is."""

    riacho: Node
    serra: Node
    ana: Member

    def door(self, source: str = "127.0.0.1") -> socket.socket:
        """Knock at the door of Riacho."""
        return socket.create_connection(("127.0.0.1", self.riacho.p2p_port), timeout=5, source_address=(source, 0))


@pytest.fixture(scope="module")
def town(lasting: Commune) -> Iterator[Town]:
    riacho, serra = lasting.riacho_and_serra()
    ana = riacho.join("ana", limit=1_000)
    riacho.join("beto")
    serra.join("edna")
    link_up(riacho, serra, 1_000)
    for _ in range(20):  # memory is what it is at work
        ana.pay("beto", 0.01)
        ana.pay_through("edna@serra", 0.01)
    yield Town(riacho, serra, ana)
    for node in (riacho, serra):
        assert node.is_zero_sum
        node.stop()
        node.verify_book()


def noise(town: Town) -> Iterator[socket.socket]:
    """Send random bytes on two hundred connections, some of which stay open for a while."""
    random = Random(7)
    kept: deque[socket.socket] = deque()
    for _ in range(NOISY):
        one = town.door()
        with suppress(OSError):
            one.sendall(random.randbytes(random.randrange(1, NOISE_BYTES_MAX)))
        kept.append(one)
        if len(kept) > OPEN_AT_ONCE:
            kept.popleft().close()
    yield from kept


def silence(town: Town) -> Iterator[socket.socket]:
    """Open sixty connections and say nothing on any."""
    for _ in range(SILENT):
        yield town.door()


def flight(town: Town) -> Iterator[socket.socket]:
    """Open sixty connections and close each at once."""
    for _ in range(FLEETING):
        town.door().close()
    yield from ()


@pytest.mark.parametrize("flood", [noise, silence, flight])
def test_a_flood_at_the_door(town: Town, commune: Commune, flood: Callable[[Town], Iterator[socket.socket]]) -> None:
    before = town.riacho.rss_bytes
    newcomer = commune.found("encants", "ECO", serves=False)
    # The newcomer calls from another address than those who flood the door.
    commune.wire(newcomer, town.riacho, source=ELSEWHERE)
    left: list[socket.socket] = []
    try:
        with trading(town.ana) as trade:
            left += flood(town)
            newcomer.start()
            until(lambda: town.riacho.knows(newcomer) and newcomer.knows(town.riacho), "the newcomer gets in", 10)
            assert trade.seconds
    finally:
        for one in left:
            one.close()
    assert trade.rss_bytes_most - before < GROWTH_BYTES_MAX
    assert town.riacho.rss_bytes - before < GROWTH_BYTES_MAX


def test_those_who_say_nothing_are_not_kept(town: Town) -> None:
    """A silent connection ends within the time of a handshake, 5 s, whoever opened it."""
    with town.door() as silent:
        began = time.monotonic()
        silent.settimeout(10)
        with suppress(ConnectionError):
            while silent.recv(1_024):
                pass
        assert time.monotonic() - began < 6


def test_a_flood_leaves_nothing_open(town: Town) -> None:
    """When all have gone, so have their sockets: a flood costs no more than it lasts."""
    files = f"/proc/{town.riacho.pid}/fd"
    before = _count(files)
    doors = [town.door() for _ in range(50)]
    until(lambda: _count(files) <= before + 16, "no more than 16 handshakes of one address are begun")
    for one in doors:
        one.close()
    until(lambda: _count(files) <= before, "they are gone")


def _count(folder: str) -> int:
    return len(list(Path(folder).iterdir()))
