# SPDX-License-Identifier: AGPL-3.0-or-later
"""Crowds of strangers keep no member waiting, no partner out, and take little memory."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from processes.crowd import crowd
from processes.harness import Commune, Member, Node, link_up, until

pytestmark = pytest.mark.soak

MEGABYTE = 1024 * 1024


@dataclass
class Town:
    """Riacho, where Ana is and where strangers come, and Serra, its partner."""

    riacho: Node
    serra: Node
    ana: Member


@pytest.fixture(scope="module")
def town(lasting: Commune) -> Iterator[Town]:
    riacho, serra = lasting.riacho_and_serra()
    ana = riacho.join("ana", limit=10_000)
    riacho.join("beto")
    serra.join("edna")
    link_up(riacho, serra, 1_000)
    # From now on it is the partner that dials.
    riacho.stop()
    serra.stop()
    riacho.dials.clear()
    lasting.connect(serra, riacho)
    riacho.start()
    serra.start()
    ana.pay("beto", 0.01)
    yield Town(riacho, serra, ana)
    for node in (riacho, serra):
        node.stop()
        node.verify_book()


@contextmanager
def payments(town: Town, count: int) -> Iterator[list[float]]:
    """Let Ana pay so many times, eight at a time; yields what each took, in seconds, filled at the end."""
    took: list[float] = []
    yield took

    def pay() -> None:
        for _ in range(count // 8):
            began = time.monotonic()
            town.ana.pay("beto", 0.01)
            took.append(time.monotonic() - began)

    threads = [threading.Thread(target=pay) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def test_wishes_are_granted_beside_strangers_who_send_all_they_can(town: Town) -> None:
    """16 that tell what is known already, as fast as it is taken: none of 80 wishes is refused, nor waits for long."""
    with crowd(town.riacho.address, flooding=16), payments(town, 80) as took:
        time.sleep(1)
    assert len(took) == 80
    assert sorted(took)[len(took) // 2] < 0.25


def test_a_linked_partner_comes_in_where_idle_strangers_hold_all_places(town: Town) -> None:
    town.serra.stop()
    with crowd(town.riacho.address, silent=128):
        town.serra.start()
        until(lambda: town.ana.pay_through("edna@serra", 0.01)["state"] == "posted", "the partner is there", 10)


def test_those_who_ask_and_do_not_read_take_little_memory(town: Town) -> None:
    before = town.riacho.rss_bytes
    with crowd(town.riacho.address, unread=31, words=500):
        time.sleep(8)
        most = town.riacho.rss_bytes
        assert town.ana.pay("beto", 0.01)["state"] == "posted"
    assert most - before < 60 * MEGABYTE
