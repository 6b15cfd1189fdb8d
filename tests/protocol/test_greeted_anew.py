# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network of very many key events greets who has never heard of it: what its hello cannot hold is asked for."""

from dataclasses import replace

import pytest
from simulation.groups import exchange, linked, pay, says, state
from simulation.theft import identity_of
from simulation.world import World

from protocol.events import Input, PeerUp
from protocol.lanes.entry import IDENTITY
from protocol.peers.messages import IDENTITY_ENTRIES_MAX, Entries, Hello, NodeRole, Wanted, unpack
from protocol.peers.sessions import HELLO_WITHIN_MS
from protocol.practices.between.networks.replicas import InviteReplica
from protocol.wire.keys import KeyPair

EPOCHS = IDENTITY_ENTRIES_MAX + 3


def restored_often(world: World, *names: str) -> None:
    for name in names:
        for _ in range(EPOCHS):
            world.nodes[name].replica.reopen()
            world.tick()
        assert identity_of(world.nodes[name]).epoch == EPOCHS


def knows(world: World, name: str, other: str) -> bool:
    network = world.nodes[other].network
    known = world.nodes[name].replica.journal.directory.networks.get(network)
    return known is not None and known.identity == identity_of(world.nodes[other])


@pytest.mark.parametrize("both", [False, True])
def test_who_has_never_heard_of_a_network_hears_of_all_its_keys(*, both: bool) -> None:
    """After 64 restores a network could greet nobody new once: it "has not certified" its own home."""
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    restored_often(world, "riacho", *(("serra",) if both else ()))
    world.join("serra", "riacho")
    world.run()
    assert knows(world, "serra", "riacho") and knows(world, "riacho", "serra")
    linked(world, "riacho", "serra", 100)
    world.tick(2)
    payment = pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(3)
    assert state(world, "riacho", payment) == "posted" and not world.drops


def test_a_replica_joins_it_too() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    restored_often(world, "riacho")
    world.second("casa", "riacho", world.granted("riacho", "replicas.invite", InviteReplica()).code)
    world.join("casa", "riacho")
    world.tick(5)
    assert knows(world, "casa", "riacho") and not world.drops
    assert world.nodes["casa"].replica.book.head == world.nodes["riacho"].replica.book.head


class Overheard(World):
    """A world in which somebody speaks to Serra who is no node, and what is said to it is noted."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[object] = []

    def give(self, name: str, *inputs: Input) -> None:
        if name in self.nodes:
            super().give(name, *inputs)

    def carry(self, source: str, target: str, frame: bytes) -> None:
        super().carry(source, target, frame)
        if target == "liar":
            self.said.append(unpack(frame))


def half_greeted() -> tuple[Overheard, Hello, tuple[bytes, ...]]:
    """Return a world where somebody who is not Riacho's home shows its newest key events, and all of them."""
    world = Overheard()
    exchange(world, "riacho", "HORA")
    exchange(world, "serra", "FLOR")
    restored_often(world, "riacho")
    events = tuple(one.wire for one in world.nodes["riacho"].disk if one.header.lane == IDENTITY)
    world.give("serra", PeerUp("liar", KeyPair.from_seed(bytes(32)).public, outbound=False))
    hello = Hello(world.nodes["riacho"].network, NodeRole.HOME, events[-IDENTITY_ENTRIES_MAX:])
    assert says(world, hello, "serra", "liar") is None
    return world, hello, events


def test_whoever_is_not_certified_is_shown_the_door_once_all_key_events_are_there() -> None:
    world, _, events = half_greeted()
    asked = [one for message in world.said if isinstance(message, Wanted) for one in message.ranges]
    assert [(one.lane, one.first, one.last) for one in asked] == [(IDENTITY, 0, EPOCHS)]
    # Meanwhile nothing else of it counts.
    others = tuple(one.wire for one in world.nodes["riacho"].disk if one.header.lane != IDENTITY)
    held = len(world.nodes["serra"].disk)
    assert says(world, Entries(others), "serra", "liar") is None and len(world.nodes["serra"].disk) == held
    assert says(world, Entries(events), "serra", "liar") == "a node that its network has not certified"


def test_who_does_not_bring_the_rest_is_shown_the_door_too() -> None:
    world, _, _ = half_greeted()
    world.tick(HELLO_WITHIN_MS // 1_000 + 2)
    assert world.drops == [("liar", "no hello")]


def test_hello_is_said_once_all_the_same() -> None:
    world, hello, _ = half_greeted()
    assert says(world, replace(hello, invitation=bytes(16)), "serra", "liar") == "hello is said once"
