# SPDX-License-Identifier: AGPL-3.0-or-later
"""One backup put back twice, whoever comes first the second time: no epoch is opened a second time."""

from itertools import permutations

import pytest
from simulation.groups import exchange, linked, pay
from simulation.world import World

from protocol.lanes.entry import IDENTITY
from protocol.practices.between.networks.replicas import InviteReplica


def riacho_and_serra(*, with_replica: bool = False) -> World:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    exchange(world, "novo", "NOVO", "nina")
    linked(world, "riacho", "serra", 1_000)
    if with_replica:
        code = world.granted("riacho", "replicas.invite", InviteReplica()).code
        world.second("casa", "riacho", code)
        world.join("casa", "riacho")
    world.tick(3)
    return world


def alone(world: World, name: str) -> None:
    for peer in world.peers(name):
        world.cut(name, peer)


def key_events(world: World) -> list[set[bytes]]:
    """Return by seq the key events of Riacho that anybody holds: two at one place are a fork."""
    network = world.nodes["riacho"].network
    found: dict[int, set[bytes]] = {}
    for node in world.nodes.values():
        for entry in node.disk:
            if entry.network == network and entry.header.lane == IDENTITY:
                found.setdefault(entry.header.seq, set()).add(entry.id)
    return [found[seq] for seq in sorted(found)]


def test_a_newcomer_vouches_for_nothing_while_a_partner_is_known() -> None:
    """Tuesday the backup is put back beside the partner, Wednesday beside a newcomer alone."""
    world = riacho_and_serra()
    riacho, backup = world.nodes["riacho"], len(world.nodes["riacho"].disk)
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.restart("riacho", old_copy=backup)
    world.tick(20)
    assert (
        not riacho.replica.recovering and riacho.replica.journal.directory.networks[riacho.network].identity.epoch == 1
    )

    alone(world, "riacho")
    world.restart("riacho", old_copy=backup)
    world.join("riacho", "novo")
    world.tick(60)
    assert riacho.replica.recovering and not riacho.replica.reopen()
    assert len(key_events(world)) == 2

    world.join("riacho", "serra")
    world.tick(20)
    assert not riacho.replica.recovering
    assert [len(there) for there in key_events(world)] == [1, 1, 1]
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(3)
    assert not world.nodes["serra"].replica.journal.directory.networks[riacho.network].forked
    assert world.zero_sum()


@pytest.mark.parametrize("comes", list(permutations(("serra", "novo", "casa"))))
def test_whoever_comes_first_no_epoch_is_opened_twice(comes: tuple[str, ...]) -> None:
    world = riacho_and_serra(with_replica=True)
    riacho, backup = world.nodes["riacho"], len(world.nodes["riacho"].disk)
    for _ in range(2):
        pay(world, "riacho", "ana", "bia@serra", 10)
        world.tick(2)
        alone(world, "riacho")
        world.restart("riacho", old_copy=backup)
        for peer in comes:
            world.join("riacho", peer)
            world.tick(10)
        assert not riacho.replica.recovering
    assert [len(there) for there in key_events(world)] == [1, 1, 1]
    assert world.zero_sum()
