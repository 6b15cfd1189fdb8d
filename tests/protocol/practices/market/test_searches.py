# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whoever keeps a search is told of what comes from anywhere, and of no more than it can look at."""

from typing import Any

from simulation.groups import exchange
from simulation.world import World

from protocol.book.declaration import Actor, Role
from protocol.events import Publish
from protocol.practices.market.saved import TOLD_MAX, SavedSearches
from protocol.practices.market.searches import SaveSearch
from protocol.practices.market.wishes import PublishNeed, PublishOffer, ReplaceOffer


def world_of_two() -> World:
    world = World()
    for name in ("riacho", "serra"):
        exchange(world, name, name.upper()[:4], "ana", "bia")
    world.join("riacho", "serra")
    world.tick(2)
    return world


def told(world: World) -> list[str]:
    events = (one for one in world.nodes["riacho"].events if isinstance(one, Publish))
    return [one.resource for one in events if one.type == "search.matched"]


def save(world: World, **said: Any) -> None:
    ana = Actor(Role.MEMBER, world.granted("riacho", "members.show", subject="ana").id)
    world.granted("riacho", "searches.save", SaveSearch(**said), actor=ana)


def test_what_another_network_offers_is_told_as_it_comes() -> None:
    world = world_of_two()
    save(world, search="mel de abelha")
    save(world, code="029")
    honey = world.granted("serra", "offers.publish", PublishOffer("Mel puro", "de abelhas sem ferrão", member="bia"))
    need = world.granted("serra", "needs.publish", PublishNeed("Colmeias", code="02910", member="bia"))
    bread = world.granted("serra", "offers.publish", PublishOffer("Pão", member="bia"))
    world.tick(2)
    assert [one.partition("@")[0] for one in told(world)] == [honey.id, need.id]
    world.granted("serra", "offers.replace", ReplaceOffer("Pão de mel de abelha"), subject=bread.id)
    world.tick(2)
    assert [one.partition("@")[0] for one in told(world)] == [honey.id, need.id, bread.id], (
        "it has become what she wants"
    )


def test_of_a_flood_a_member_is_told_so_much_in_a_second() -> None:
    world = world_of_two()
    save(world, search="mel")
    for number in range(TOLD_MAX + 3):
        world.granted("riacho", "offers.publish", PublishOffer(f"Mel {number}", member="bia"))
    assert len(told(world)) == TOLD_MAX
    world.tick(1)
    world.granted("riacho", "offers.publish", PublishOffer("Mel again", member="bia"))
    assert len(told(world)) == TOLD_MAX + 1


def test_only_searches_that_may_want_a_thing_are_asked() -> None:
    world = world_of_two()
    for number in range(15):
        save(world, search=f"thing{number} abcdef{number}")
    save(world, search="mel")
    saved = world.nodes["riacho"].replica.book.of(SavedSearches)
    assert {len(one) for one in saved._by_key.values()} == {1, 15}, "by the beginnings of their longest words"
    assert not [one for one in world.nodes["riacho"].events if isinstance(one, Publish) and "thing" in str(one)]
