# SPDX-License-Identifier: AGPL-3.0-or-later
"""A home that is put back as a whole, mark and all: nothing shows a loss but what others hold."""

import pytest
from simulation.groups import exchange, linked, pay
from simulation.theft import rotate
from simulation.world import World

from protocol.book.refusals import Refused
from protocol.lanes.entry import LEDGER
from protocol.peers.standing import ALONE_MS
from protocol.practices.between.networks.replicas import InviteReplica
from protocol.practices.people.invitations import Invite


def riacho_and_serra(*, with_replica: bool) -> World:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    if with_replica:
        world.second("casa", "riacho", world.granted("riacho", "replicas.invite", InviteReplica()).code)
        world.join("casa", "riacho")
    world.tick(3)
    return world


def put_back(world: World, size: int, *, beside: tuple[str, ...]) -> None:
    """Put the whole of Riacho's home back, with some of those around who were there."""
    for peer in world.peers("riacho"):
        world.cut("riacho", peer)
    world.restart("riacho", old_copy=size, whole=True)
    for peer in beside:
        world.join("riacho", peer)


def said_twice(world: World) -> int:
    network = world.nodes["riacho"].network
    places: dict[tuple[str, int, int], set[bytes]] = {}
    for node in world.nodes.values():
        for entry in node.disk:
            if entry.network == network:
                header = entry.header
                places.setdefault((header.lane, header.epoch, header.seq), set()).add(entry.id)
    return sum(len(there) > 1 for there in places.values())


def codes(world: World) -> list[str]:
    return [one.code for one in world.nodes["riacho"].replica.troubles]


@pytest.mark.parametrize("with_replica", [True, False])
def test_a_home_asks_before_it_signs_and_gets_its_own_back(*, with_replica: bool) -> None:
    world = riacho_and_serra(with_replica=with_replica)
    size = len(world.nodes["riacho"].disk)
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(2)
    put_back(world, size, beside=("casa",) if with_replica else ("serra",))
    refused = world.ask("riacho", "invitations.create", Invite())
    assert isinstance(refused, Refused) and refused.reason.code == "RECOVERING" and refused.figures["waits_for"]
    if with_replica:
        world.tick(2)
        world.join("riacho", "serra")
    world.tick(20)
    riacho = world.nodes["riacho"].replica
    assert not riacho.recovering and riacho.troubles == () and said_twice(world) == 0
    assert riacho.journal.directory.networks[riacho.network].identity.epoch == 1
    pay(world, "riacho", "ana", "bia@serra", 10)
    assert (
        world.zero_sum()
        and world.nodes["serra"].balance(world.granted("serra", "members.show", subject="bia").accounts[0]) == 20_00
    )


@pytest.mark.parametrize("with_replica", [True, False])
def test_a_home_that_has_lost_nothing_goes_on_in_its_epoch(*, with_replica: bool) -> None:
    world = riacho_and_serra(with_replica=with_replica)
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(2)
    riacho = world.nodes["riacho"]
    put_back(world, len(riacho.disk), beside=("casa", "serra") if with_replica else ("serra",))
    assert codes(world) == ["COMPARING"]
    world.tick(4)
    assert codes(world) == [] and not riacho.replica.recovering
    assert riacho.replica.journal.directory.networks[riacho.network].identity.epoch == 0
    world.granted("riacho", "invitations.create", Invite())


def test_a_group_whose_partners_are_away_goes_on_and_says_so() -> None:
    world = riacho_and_serra(with_replica=True)
    put_back(world, len(world.nodes["riacho"].disk), beside=())
    world.tick(ALONE_MS // 1_000)
    assert codes(world) == ["COMPARING"]
    world.tick(2)
    assert codes(world) == ["NOT_COMPARED"]
    world.granted("riacho", "invitations.create", Invite())
    world.join("riacho", "casa")
    world.tick(6)
    assert codes(world) == []


def test_a_group_that_knows_nobody_waits_for_nobody() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    world.restart("riacho", whole=True)
    assert codes(world) == []
    world.granted("riacho", "invitations.create", Invite())


def test_a_key_event_of_its_own_that_a_replicas_hello_shows_is_a_loss() -> None:
    world = riacho_and_serra(with_replica=True)
    riacho = world.nodes["riacho"]
    before, size = list(riacho.disk), len(riacho.disk)
    world.granted("riacho", "invitations.create", Invite())
    world.tick(2)
    put_back(world, size, beside=("casa",))
    world.tick(10)
    assert codes(world) == [] and riacho.replica.journal.directory.networks[riacho.network].identity.epoch == 1

    riacho.disk[:] = before
    put_back(world, size, beside=())
    world.tick(7)
    world.granted("riacho", "invitations.create", Invite())
    world.join("riacho", "casa")
    world.run()
    assert riacho.replica.recovering
    world.tick(5)
    # What it has signed alone is none any more by its own key event: no new keys would bring it back.
    assert "restore it here" in riacho.replica.troubles[0].to_do
    riacho.disk[:] = world.nodes["casa"].disk
    world.cut("riacho", "casa")
    world.restart("riacho", old_copy=len(riacho.disk))
    world.join("riacho", "casa")
    world.join("riacho", "serra")
    world.tick(20)
    assert codes(world) == [] and riacho.replica.journal.directory.networks[riacho.network].identity.epoch == 2
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(3)
    heads = [world.nodes[name].replica.journal.held.head(riacho.network, LEDGER) for name in ("riacho", "casa")]
    assert heads[0] == heads[1]


def test_a_fork_of_its_own_is_told_and_new_keys_are_the_way_out() -> None:
    """Put back with nobody there, the home signs; then the replica comes, with what it had signed before."""
    world = riacho_and_serra(with_replica=True)
    size = len(world.nodes["riacho"].disk)
    for _ in range(3):
        world.granted("riacho", "invitations.create", Invite())
    world.tick(2)
    put_back(world, size, beside=())
    world.tick(7)
    world.granted("riacho", "invitations.create", Invite())
    world.join("riacho", "casa")
    world.tick(30)
    riacho = world.nodes["riacho"]
    [trouble] = riacho.replica.troubles
    assert trouble.code == "RECOVERING" and trouble.stops
    assert LEDGER in trouble.waits_for and "mutirao rotate" in trouble.to_do
    accused = [one for one in riacho.events if getattr(one, "type", "") == "fault.raised"]
    assert [one.figures["kind"] for one in accused] == ["FORK"]
    # So it is after a start, too.
    put_back(world, len(riacho.disk), beside=("casa",))
    world.tick(10)
    assert codes(world) == ["RECOVERING"]

    rotate(world, "riacho")
    put_back(world, len(riacho.disk), beside=("casa", "serra"))
    world.tick(20)
    assert codes(world) == []
    world.granted("riacho", "invitations.create", Invite())
    world.tick(3)
    heads = [world.nodes[name].replica.journal.held.head(riacho.network, LEDGER) for name in ("riacho", "casa")]
    assert heads[0] == heads[1]
