# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node that came back from an old copy, and hears only later from a partner what happened meanwhile."""

from simulation.groups import account, balance, exchange, linked, offer_payment, state
from simulation.world import World


def world_of_three() -> World:
    """Riacho reaches campo over serra; campo and riacho are joined too, without a line between them."""
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    exchange(world, "campo", "MATE", "eva")
    linked(world, "riacho", "serra", 1_000)
    linked(world, "serra", "campo", 1_000)
    world.join("riacho", "campo")
    world.tick(3)
    return world


def deliver_until_credited(world: World, name: str, payee: str) -> None:
    while world.nodes[name].balance(payee) == 0:
        world.deliver(1)


def test_what_the_payees_node_claimed_before_a_restore_is_paid_after_it() -> None:
    world = world_of_three()
    bia = account(world, "serra", "bia")
    request = offer_payment(world, "riacho", "ana", "bia@serra", 30)
    deliver_until_credited(world, "serra", bia)
    world.cut("riacho", "serra")
    payment = world.nodes["riacho"].answers[request].id
    # The copy lacks nothing; and the link is found only when the node has long gone on.
    world.restart("riacho", old_copy=len(world.nodes["riacho"].disk))
    world.tick(20)
    world.join("riacho", "serra")
    world.tick(20)
    assert state(world, "riacho", payment) == "posted"
    assert (balance(world, "riacho", "ana"), balance(world, "serra", "bia")) == (-30_00, 30_00)
    assert world.nodes["riacho"].balance("commons.HORA") == 0


def test_what_went_on_before_a_restore_and_was_claimed_is_claimed_upstream_after_it() -> None:
    world = world_of_three()
    eva = account(world, "campo", "eva")
    offer_payment(world, "riacho", "ana", "eva@campo", 30, "serra")
    deliver_until_credited(world, "campo", eva)
    world.cut("serra", "campo")
    world.restart("serra", old_copy=len(world.nodes["serra"].disk))
    world.tick(20)
    world.join("serra", "campo")
    world.tick(20)
    assert (balance(world, "riacho", "ana"), balance(world, "campo", "eva")) == (-30_00, 30_00)
    assert world.nodes["serra"].balance("commons.FLOR") == 0
