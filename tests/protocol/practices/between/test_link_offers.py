# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who proposes a link sees whether it has arrived, and who is offered one is told."""

from simulation.groups import exchange
from simulation.world import World, whole

from protocol.events import Publish
from protocol.practices.between.links.wishes import AcceptLink, ProposeLink, RaiseLink


def told(world: World, name: str) -> list[tuple[str, str, tuple[str, ...]]]:
    said = [one for one in world.nodes[name].events if isinstance(one, Publish) and one.type == "link.offered"]
    return [(one.type, one.resource, tuple(one.audience)) for one in said]


def test_a_proposal_to_who_is_away_is_shown_as_not_delivered_and_told_once_when_it_comes() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    world.join("riacho", "serra")
    world.tick(3)
    world.cut("riacho", "serra")
    link = world.granted("riacho", "links.create", ProposeLink("serra", whole(9), "HORA"))
    assert link.delivery == "not delivered yet"
    world.tick(15)
    assert world.granted("riacho", "links.show", subject=link.id).delivery == "not delivered yet"
    assert told(world, "serra") == []
    world.join("riacho", "serra")
    world.tick(12)
    assert world.granted("riacho", "links.show", subject=link.id).delivery == "delivered"
    assert told(world, "serra") == [("link.offered", link.id, ())]
    # Away again it has what it has; and not what is said from now on.
    world.cut("riacho", "serra")
    assert world.granted("riacho", "links.show", subject=link.id).delivery == "delivered"
    world.granted("riacho", "links.raise", RaiseLink(whole(10)), subject=link.id)
    assert world.granted("riacho", "links.show", subject=link.id).delivery == "not delivered yet"
    world.join("riacho", "serra")
    world.tick(12)
    world.granted("serra", "links.accept", AcceptLink(whole(9), "FLOR"), subject=link.id)
    world.tick(2)
    assert [world.granted(name, "links.show", subject=link.id).delivery for name in ("riacho", "serra")] == [
        "delivered", "delivered",
    ]  # fmt: skip
    assert told(world, "serra") == [("link.offered", link.id, ())] and told(world, "riacho") == []


def test_a_proposal_to_who_is_there_is_on_its_way_at_once() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    world.join("riacho", "serra")
    world.tick(3)
    assert world.granted("riacho", "links.create", ProposeLink("serra", whole(9), "HORA")).delivery == "delivered"
