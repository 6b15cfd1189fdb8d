# SPDX-License-Identifier: AGPL-3.0-or-later
"""A partner's records are counted by what they cost; of those beyond, the newest waits, and nobody loses by it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from simulation.groups import balance, exchange, linked, offer_payment, pay, state
from simulation.story import DRAWN, draw_steps, play
from simulation.world import World

from protocol.events import RANKS
from protocol.lanes.entry import Entry
from protocol.practices.between.links import paced
from protocol.practices.between.links.entries import link_lane
from protocol.practices.between.links.paced import (
    RECORD_BYTES_AT_ONCE,
    RECORD_BYTES_PER_SECOND,
    RECORD_COSTS_BYTES,
    RecordsWaiting,
)
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.steps import Acknowledge
from protocol.practices.between.links.talk import LinkTalk

AT_ONCE, A_SECOND = 8 * 1_024, 1_024


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> tuple[World, str]:
    """Two linked groups, where little is taken at once."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", limit=5_000)
    exchange(world, "serra", "FLOR", "bia", limit=5_000)
    id = linked(world, "riacho", "serra", 1_000)
    world.tick(2)
    monkeypatch.setattr(paced, "RECORD_BYTES_AT_ONCE", AT_ONCE)
    monkeypatch.setattr(paced, "RECORD_BYTES_PER_SECOND", A_SECOND)
    return world, id


def says_again(world: World, times: int, name: str = "riacho") -> None:
    """Let a partner write its record anew, so many times in one moment, though nothing has changed."""
    home = world.nodes[name].replica.home
    home.now = world.now
    links = home.book.of(Links)
    for _ in range(times):
        for id in links.by_id:
            links.take(home.book, Acknowledge(id))
        LinkTalk(home).seal()
    world.nodes[name].replica.told_out.flush(None)
    out, home.out = home.out, []
    world.perform(world.nodes[name], sorted(out, key=lambda effect: RANKS[type(effect)]))
    world.run()


def taken(world: World, name: str = "serra", of: str = "riacho") -> list[Entry]:
    """Return what a node has stored of another's records."""
    node, network = world.nodes[name], world.nodes[of].network
    lanes = [link_lane(id) for id in node.replica.book.of(Links).by_id]
    return [entry for lane in lanes for entry in world.lane_of(node, network, lane)]


def cost(entries: list[Entry]) -> int:
    return sum(len(entry.wire) + RECORD_COSTS_BYTES for entry in entries)


def agrees(world: World) -> bool:
    """Tell whether the partner knows the newest record."""
    near, far = (next(iter(world.nodes[name].replica.book.of(Links).by_id.values())) for name in ("riacho", "serra"))
    return near.side.own.position == far.side.partner.position


def test_a_flood_of_records_is_taken_as_far_as_there_is_room_and_then_its_newest(two: tuple[World, str]) -> None:
    world, _ = two
    before = len(taken(world))
    says_again(world, 200)
    found = taken(world)[before:]
    assert 0 < len(found) < 20
    assert cost(found) <= AT_ONCE + max(len(entry.wire) for entry in found) + RECORD_COSTS_BYTES
    waits = world.nodes["serra"].replica.book.of(RecordsWaiting)
    assert len(waits.waiting) == 1 and not agrees(world)
    world.tick(1)
    assert agrees(world) and not waits.waiting and len(taken(world)) == before + len(found) + 1
    assert not world.drops


def test_what_is_stored_of_an_hour_of_floods_is_what_time_gives(two: tuple[World, str]) -> None:
    world, _ = two
    before = cost(taken(world))
    for _ in range(30):
        says_again(world, 20)
        world.tick(1)
    most = AT_ONCE + 31 * A_SECOND + 2_048
    assert AT_ONCE < cost(taken(world)) - before <= most
    assert agrees(world) and not world.drops


def test_who_is_connected_anew_goes_on_from_what_it_has_said(two: tuple[World, str]) -> None:
    world, _ = two
    says_again(world, 200)
    before = len(taken(world))
    world.cut("riacho", "serra")
    world.join("riacho", "serra")
    world.run()
    says_again(world, 200)
    assert len(taken(world)) == before
    # An hour later all is free again, and nothing is remembered of it.
    world.now += 3_600_000
    world.tick(5)
    assert not world.nodes["serra"].replica.book.of(RecordsWaiting).spent
    says_again(world, 200)
    assert len(taken(world)) > before + 5


def test_a_payment_in_a_flood_waits_a_moment_and_another_partners_does_not(two: tuple[World, str]) -> None:
    world, _ = two
    exchange(world, "vale", "SOL", "rui", limit=5_000)
    linked(world, "vale", "serra", 1_000)
    world.tick(2)
    says_again(world, 200)
    request = offer_payment(world, "riacho", "ana", "bia@serra", 7)
    world.run()
    assert balance(world, "serra", "bia") == 0
    pay(world, "vale", "rui", "bia@serra", 5)
    assert balance(world, "serra", "bia") == 5_00
    world.tick(3)
    assert balance(world, "serra", "bia") == 12_00
    assert state(world, "riacho", world.nodes["riacho"].answers[request].id) == "posted"
    assert not world.drops


def test_a_record_that_waited_and_breaks_a_rule_costs_the_connection(two: tuple[World, str]) -> None:
    world, _ = two
    says_again(world, 20)
    link = next(iter(world.nodes["riacho"].replica.book.of(Links).by_id.values()))
    link.side = replace(link.side, own=replace(link.side.own, granted=link.side.own.granted - 1))
    says_again(world, 1)
    assert not world.drops
    world.tick(1)
    assert world.drops == [("riacho", "a record that breaks a rule of the link: COUNTER_LOWERED")]


def test_a_clock_that_goes_back_gives_nothing_and_stops_nobody_for_long(two: tuple[World, str]) -> None:
    world, _ = two
    says_again(world, 200)
    before = len(taken(world))
    world.now -= 3_600_000
    world.tick(1)
    assert len(taken(world)) <= before + 1
    world.tick(3)
    assert agrees(world)


def test_thousands_of_payments_a_minute_have_room() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana", limit=5_000)
    exchange(world, "serra", "FLOR", "bia", limit=5_000)
    linked(world, "riacho", "serra", 1_000)
    world.tick(2)
    before = [cost(taken(world)), cost(taken(world, "riacho", "serra"))]
    for _ in range(10):
        pay(world, "riacho", "ana", "bia@serra", 1)
    spent = [cost(taken(world)), cost(taken(world, "riacho", "serra"))]
    a_minute = 60 * RECORD_BYTES_PER_SECOND
    # One at a time, so that no record speaks of two payments: as dear as they can be.
    assert all((now - then) / 10 * 3_000 <= a_minute for now, then in zip(spent, before, strict=True))
    assert 2 * a_minute <= RECORD_BYTES_AT_ONCE


def test_a_story_keeps_its_promises_where_records_wait_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[Entry] = []

    def put_off(waits: RecordsWaiting, entry: Entry, honest: Callable[..., None] = RecordsWaiting.put_off) -> None:
        waited.append(entry)
        honest(waits, entry)

    monkeypatch.setattr(paced, "RECORD_BYTES_AT_ONCE", 2_048)
    monkeypatch.setattr(paced, "RECORD_BYTES_PER_SECOND", 512)
    monkeypatch.setattr(RecordsWaiting, "put_off", put_off)
    setting = DRAWN[""](3, None)
    assert play(3, setting, draw_steps(3, setting, 300)).broken is None
    assert len(waited) > 10
