# SPDX-License-Identifier: AGPL-3.0-or-later
"""A fair for stories: networks whose boards have offers and needs on them, put there without the practices for it."""

from typing import Any

from simulation.groups import exchange, linked
from simulation.world import World

from protocol.book.declaration import Actor, Plan, Publication, Role
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Body
from protocol.practices.market.intents import Need, Offer, Price

FLOUR = "23110"


def pinned(world: World, name: str, body: Body, days: int = 60) -> str:
    """Put an item, such as an offer or a need, on a network's board; returns its id."""
    node = world.nodes[name]
    item, home = world.rng.randbytes(16), node.replica.home
    home.now, home.out = world.now, []
    home.carry_out(Plan("", published=(Publication(item, body, world.now + days * DAY_MS),)))
    world.perform(node, home.out)
    world.tick(2)
    return uuid_text(item)


def flour(member: str, kg: int, minor: int, currency: str, **more: Any) -> Offer:
    """So many kilograms of flour at a price."""
    said = {"text": "", "code": FLOUR, "unit": "KGM", "labels": (), **more}
    return Offer(member, "Flour", quantity=kg * 1_000, prices=(Price(currency, 2, minor),), **said)


def flour_needed(member: str, kg: int, minor: int, currency: str, **more: Any) -> Need:
    """So many kilograms of flour, at a price at most."""
    said = {"text": "", "code": "231", "unit": "KGM", "labels": (), **more}
    return Need(member, "Flour", quantity=kg * 1_000, prices=(Price(currency, 2, minor),), **said)


def fair(rate: str = "1", limit: int = 1_000) -> World:
    """Riacho (HORA; ana, edu) and Serra (FLOR; bia), linked; one HORA is worth `rate` FLOR."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", "edu")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", limit, rate=rate)
    world.tick(2)
    return world


def by(world: World, name: str, handle: str) -> Actor:
    """Return a member as it asks."""
    return Actor(Role.MEMBER, world.nodes[name].replica.book.member_by_handle[handle])
