# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a second costs in which nothing is due: a hub with twice as many partners pays no more for it.

Counted are calls, of Python's functions and of those in C: the same on every machine.
"""

import sys
from collections.abc import Iterator
from types import FrameType

import pytest
from simulation.groups import balance, exchange, offer_payment
from simulation.story import DRAWN, draw_steps, play
from simulation.world import World, whole

from protocol.events import Effect, TimerFired
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.talk import RESOLVE, LinkTalk
from protocol.practices.between.links.wishes import AcceptLink, ProposeLink
from protocol.practices.between.routes.publishing import due

CALLS_BEFORE = 12_367
"""In the build that knew no hours: what a second cost a hub with 24 partners."""


def calls(world: World, name: str) -> tuple[int, list[Effect]]:
    """Let a second pass at one node; returns how many calls it took, and what the node does in it."""
    found = 0

    def count(_frame: FrameType, event: str, _what: object) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    world.now += 1_000
    node, before = world.nodes[name], sys.getprofile()
    sys.setprofile(count)
    try:
        effects = node.replica.handle((TimerFired(),), world.now + node.skew_ms)
    finally:
        sys.setprofile(before)
    world.perform(node, effects)
    world.run()
    return found, effects


def hub_with(world: World, numbers: range) -> None:
    """Let so many more partners be linked with the hub."""
    for number in numbers:
        exchange(world, f"p{number}", "ECO", *["bia"] * (number == 1))
        world.join("hub", f"p{number}")
    world.tick(2)
    for number in numbers:
        link = world.granted("hub", "links.create", ProposeLink(f"p{number}", whole(1_000), "HORA"))
        world.granted(f"p{number}", "links.accept", AcceptLink(whole(1_000), "ECO"), subject=link.id)
    world.tick(12)


def test_an_idle_second_costs_a_hub_the_same_whoever_its_partners_are() -> None:
    world = World()
    exchange(world, "hub", "HORA", "ana")
    counted: list[int] = []
    for numbers in (range(24), range(24, 48)):
        hub_with(world, numbers)
        found = [calls(world, "hub") for _ in range(3)]
        assert all(not effects for _, effects in found)
        counted.append(max(count for count, _ in found))
    assert counted[0] <= CALLS_BEFORE // 20
    assert abs(counted[1] - counted[0]) <= 4


def test_a_second_costs_more_while_something_is_under_way_and_no_longer() -> None:
    world = World()
    exchange(world, "hub", "HORA", "ana")
    hub_with(world, range(2))
    idle, _ = calls(world, "hub")
    offer_payment(world, "hub", "ana", "bia@p1", 1)
    world.wires.clear()
    assert calls(world, "hub")[0] > idle + 20
    world.tick(24)
    assert balance(world, "p1", "bia") == 1_00
    assert abs(calls(world, "hub")[0] - idle) <= 4


def quiet(links: Links, now: int) -> Iterator[Link]:
    """Yield the links that a second passes over."""
    for id, link in links.by_id.items():
        if link.mine is not None and links.stirred.get(id, now + 1) > now:
            yield link


@pytest.mark.parametrize(("kind", "seed"), [("", 1), ("", 27), ("", 29), ("", 41), ("wishes", 3)])
def test_nothing_is_ever_due_on_a_link_that_is_passed_over(
    kind: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0

    def go_on(talk: LinkTalk, honest=LinkTalk.go_on) -> None:  # noqa: ANN001
        nonlocal looked
        honest(talk)
        home, links = talk.home, talk.links
        if links.drafted:
            return
        for link in quiet(links, home.now):
            looked += 1
            assert not link.is_lost and not link.owes_ack
            assert not link.is_unacknowledged or link.id in links.stirred
            assert not [plan for resolve in home.book.fillings(RESOLVE) for plan in resolve(home.desk(), link)]
        told = dict(links.untold)
        if not any(at <= home.now for at in told.values()):
            links.untold = dict.fromkeys(links.by_id, 0)
            assert not list(due(home.desk()))
            links.untold = told

    monkeypatch.setattr(LinkTalk, "go_on", go_on)
    setting = DRAWN[kind](seed, None)
    assert play(seed, setting, draw_steps(seed, setting, 300)).broken is None
    assert looked > 20
