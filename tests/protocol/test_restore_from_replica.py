# SPDX-License-Identifier: AGPL-3.0-or-later
"""A home whose database is gone goes on from its replica's copy, which has no partner's records."""

from random import Random

import pytest
from simulation.groups import account, balance, exchange, linked, offer_payment, pay, state
from simulation.theft import rotate
from simulation.world import World, whole

from protocol.lanes.entry import LINK_PREFIX
from protocol.practices.between.links.wishes import LinksWanted, RaiseLink
from protocol.practices.between.networks.replicas import InviteReplica


def linked_with_replica(world: World, home: str, replica: str, limit: int) -> str:
    """Link Riacho and Serra, give one of them a replica, and return the link."""
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    link = linked(world, "riacho", "serra", limit)
    world.second(replica, home, world.granted(home, "replicas.invite", InviteReplica()).code)
    world.join(replica, home)
    world.tick(3)
    return link


def a_year(seed: int) -> World:
    """Let two networks trade, and one of them come back from an old copy once or not at all."""
    rng, world = Random(seed), World(seed)
    linked_with_replica(world, "riacho", "casa", 1_000)
    for number in range(rng.randrange(1, 6)):
        if rng.random() < 0.5:
            pay(world, "riacho", "ana", "bia@serra", rng.randrange(1, 9))
        else:
            pay(world, "serra", "bia", "ana@riacho", rng.randrange(1, 9))
        if rng.random() < 0.3 and number == 1:
            world.restart("riacho", old_copy=len(world.nodes["riacho"].disk) - 2)
            world.tick(20)
        if rng.random() < 0.5:
            world.tick(rng.randrange(3))
    world.tick(2)
    return world


# In five of these the partner's newest record is not the one that ours acknowledges.
@pytest.mark.parametrize("seed", range(20))
def test_the_copy_of_a_replica_loses_nothing_and_no_partner(seed: int) -> None:
    world = a_year(seed)
    before = balance(world, "riacho", "ana")
    world.nodes["riacho"].disk = list(world.nodes["casa"].disk)
    world.restart("riacho")
    assert world.nodes["riacho"].replica.recovering
    world.tick(20)
    assert balance(world, "riacho", "ana") == before == -balance(world, "serra", "bia")
    assert [link.state for link in world.granted("riacho", "links.list", LinksWanted()).items] == ["open"]
    payment = pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(3)
    assert state(world, "riacho", payment) == "posted"
    assert not world.drops and world.zero_sum()


def test_what_a_partner_shows_of_an_ended_epoch_keeps_nobody_apart() -> None:
    """A home takes back what it lost before a rotation, its replica does not; and it is restored once more."""
    world = World()
    link = linked_with_replica(world, "riacho", "casa", 100)
    lane = LINK_PREFIX + link
    place = world.nodes["riacho"].network, lane
    riacho = world.nodes["riacho"]
    copy = len(riacho.disk)
    world.cut("casa", "riacho")
    pay(world, "riacho", "ana", "bia@serra", 10)
    lost = riacho.replica.journal.held.heads()[place]
    world.cut("riacho", "serra")
    world.restart("riacho", old_copy=copy)
    world.join("riacho", "casa")
    world.tick(20)
    assert not riacho.replica.recovering and riacho.replica.journal.held.heads()[place] != lost
    rotate(world, "riacho")
    world.join("riacho", "serra")
    for _ in range(100):
        if riacho.replica.journal.held.heads()[place] == lost:
            break
        world.deliver(1)
    world.cut("riacho", "serra")
    world.tick(3)
    assert riacho.replica.journal.held.heads()[place] == lost != world.nodes["casa"].replica.journal.held.heads()[place]
    world.restart("riacho", old_copy=len(riacho.disk))
    assert riacho.replica.recovering
    world.tick(20)
    assert not riacho.replica.recovering
    world.join("riacho", "serra")
    world.tick(20)
    assert [one.state for one in world.granted("riacho", "links.list", LinksWanted()).items] == ["open"]
    assert balance(world, "riacho", "ana") == 0 and balance(world, "serra", "bia") == 10_00
    assert not world.drops and world.zero_sum()


def test_a_record_that_ours_acknowledges_is_shown_though_the_partner_has_gone_on_since() -> None:
    """What Serra claimed came back from its replica; Riacho never saw the claim, and has changed the link meanwhile."""
    world = World()
    link = linked_with_replica(world, "serra", "torre", 100)
    serra = world.nodes["serra"]
    copy, bia = len(serra.disk), account(world, "serra", "bia")
    request = offer_payment(world, "riacho", "ana", "bia@serra", 10)
    while serra.balance(bia) == 0:
        world.deliver(1)
    world.cut("riacho", "serra")
    world.tick(3)
    for limit in (200, 300):
        world.granted("riacho", "links.raise", RaiseLink(whole(limit, "HORA")), subject=link)
    world.restart("serra", old_copy=copy)
    world.tick(20)
    assert not serra.replica.recovering and serra.balance(bia) == 10_00
    world.join("riacho", "serra")
    world.tick(20)
    assert [one.state for one in world.granted("serra", "links.list", LinksWanted()).items] == ["open"]
    assert state(world, "riacho", world.nodes["riacho"].answers[request].id) == "posted"
    assert not world.drops and world.zero_sum()
