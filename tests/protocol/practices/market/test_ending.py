# SPDX-License-Identifier: AGPL-3.0-or-later
"""With their members offers and needs end, by themselves and everywhere; who is renamed is told anew."""

from datetime import UTC, datetime
from typing import Any

import pytest
from simulation.groups import exchange
from simulation.world import World

from protocol.book.declaration import Actor, Role
from protocol.book.timezones import DAY_MS
from protocol.practices.market.wishes import NeedsWanted, OffersWanted, PublishNeed, PublishOffer
from protocol.practices.people.members.entries import Leave
from protocol.practices.people.members.views import Resume, Suspend
from protocol.practices.people.names import Rename


@pytest.fixture
def world() -> World:
    world = World()
    for name in ("riacho", "serra"):
        exchange(world, name, name.upper()[:4], "ana", "bia")
    world.join("riacho", "serra")
    world.tick(2)
    for member in ("ana", "bia"):
        world.granted("riacho", "offers.publish", PublishOffer(f"Wool of {member}", member=member))
        world.granted("riacho", "needs.publish", PublishNeed(f"Milk for {member}", days=10, member=member))
    world.tick(2)
    return world


def said(world: World, name: str) -> list[tuple[str, str]]:
    """Return all titles that a node knows, each with its member."""
    lists: list[tuple[str, Any]] = [("offers.list", OffersWanted()), ("needs.list", NeedsWanted())]
    return [(one.title, one.member) for list_, wanted in lists for one in world.granted(name, list_, wanted).items]


OF_BIA = [("Wool of bia", "bia"), ("Milk for bia", "bia")]


def test_who_is_suspended_has_none_and_who_comes_back_says_it_again(world: World) -> None:
    world.granted("riacho", "members.suspend", Suspend(), subject="ana")
    world.tick(2)
    assert said(world, "riacho") == said(world, "serra") == OF_BIA
    world.granted("riacho", "members.resume", Resume(), subject="ana")
    world.tick(2)
    assert said(world, "riacho") == OF_BIA


def test_who_left_has_none(world: World) -> None:
    world.granted("riacho", "members.leave", Leave("ana"), subject="ana")
    world.tick(2)
    assert said(world, "riacho") == said(world, "serra") == OF_BIA


def test_a_home_that_was_off_withdraws_at_its_start(world: World) -> None:
    world.granted("riacho", "members.suspend", Suspend(), subject="ana")
    assert len(said(world, "riacho")) == 4, "no second has passed"
    world.restart("riacho")
    world.tick(3)
    assert said(world, "riacho") == said(world, "serra") == OF_BIA


def test_what_lapses_is_gone_on_its_last_day(world: World) -> None:
    until = datetime.fromtimestamp(world.now / 1_000 + 5 * 86_400, UTC).isoformat()
    world.granted("riacho", "offers.publish", PublishOffer("Eggs", until=until, member="bia"))
    world.tick(2)
    for days, left in ((4, 5), (2, 4), (5, 2), (25, 0)):
        world.now += days * DAY_MS
        world.tick(2)
        assert [len(said(world, name)) for name in world.nodes] == [left, left], days


def test_who_is_renamed_is_told_anew(world: World) -> None:
    id = world.granted("riacho", "members.show", subject="ana").id
    world.granted("riacho", "members.rename", Rename(handle="ana-souza"), subject="ana", actor=Actor(Role.MEMBER, id))
    world.tick(2)
    titles = ["Wool of bia", "Wool of ana", "Milk for bia", "Milk for ana"]
    assert said(world, "serra") == [(one, "bia" if one.endswith("bia") else "ana-souza") for one in titles]
    own = world.granted("riacho", "offers.list", OffersWanted(member="ana-souza")).items
    assert [(one.title, one.version) for one in own] == [("Wool of ana", 2)]
    changes = world.nodes["riacho"].replica.home.pinning.boards.changes
    world.tick(5)
    assert world.nodes["riacho"].replica.home.pinning.boards.changes == changes, "it is told once"
