# SPDX-License-Identifier: AGPL-3.0-or-later
"""A replica takes over from a dead home, on its keepers' word, and the old home cannot go on when it comes back."""

import pytest
from simulation.groups import account, balance, exchange, linked, offer_payment, pay, state
from simulation.theft import identity_of
from simulation.world import Node, World, whole

from protocol.book.refusals import SUCCEEDED
from protocol.lanes.claims import Rotation, RotationClaim
from protocol.lanes.entry import IDENTITY, LEDGER
from protocol.lanes.growing import cold_signature
from protocol.lanes.identity import promise
from protocol.lanes.journal import Keyring
from protocol.practices.between.faults.seen import Faults
from protocol.practices.between.networks.entries import ReplicaDismissed
from protocol.practices.between.networks.replicas import Replicas
from protocol.practices.money.payments.entries import Pay
from protocol.wire.keys import KeyPair


def told() -> World:
    """Riacho with a replica, casa, and a link with Serra."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", "bia")
    exchange(world, "serra", "FLOR", "edna")
    linked(world, "riacho", "serra", 100)
    world.second("casa", "riacho", world.granted("riacho", "replicas.invite").code)
    world.join("riacho", "casa")
    world.tick(3)
    return world


def die(world: World, name: str) -> None:
    """Let a home be gone, with whatever it has."""
    for pair in [pair for pair in world.joined if name in pair]:
        world.cut(*sorted(pair))


def take_over(world: World, name: str, home: str) -> Node:
    """Let a replica's keepers make it the home: what `mutirao takeover` writes."""
    casa, offline = world.nodes[name], world.nodes[home].offline
    assert offline is not None
    coming, (cold,) = offline
    keyring = Keyring(coming, world.seed())
    stopped = world.fresh(casa, keyring)
    list(stopped.load(casa.disk))
    journal = stopped.journal
    identity = journal.directory.networks[casa.network].identity
    following = KeyPair.from_seed(world.seed())
    claim = RotationClaim(
        casa.network,
        identity.epoch + 1,
        coming.public,
        promise(following.public),
        casa.transport,
        journal.held.lane_heads(),
    )
    casa.disk.append(journal.write(Rotation(claim, (cold_signature(0, cold, claim),)), IDENTITY, world.now))
    [place] = stopped.book.of(Replicas).places.values()
    casa.disk.append(journal.write(ReplicaDismissed(place.code), LEDGER, world.now))
    casa.keyring, casa.offline = keyring, (following, (cold,))
    world.restart(name)
    return casa


def test_the_replica_signs_on_and_pays_over_the_link() -> None:
    world = told()
    pay(world, "riacho", account(world, "riacho", "ana"), "edna@serra", 10)
    world.tick(2)
    die(world, "riacho")
    take_over(world, "casa", "riacho")
    world.join("casa", "serra")
    world.tick(10)
    casa = world.nodes["casa"]
    assert not casa.replica.recovering and identity_of(world.nodes["serra"], casa.network).transport == casa.transport
    assert (balance(world, "casa", "ana"), balance(world, "serra", "edna")) == (-10_00, 10_00)

    assert state(world, "casa", pay(world, "casa", account(world, "casa", "ana"), "edna@serra", 5)) == "posted"
    back = pay(world, "serra", account(world, "serra", "edna"), "bia@riacho", 3)
    world.tick(2)
    assert state(world, "serra", back) == "posted"
    world.granted("casa", "payments.create", Pay(payer="ana", payee="bia", amount=whole(1, "HORA")))
    assert (balance(world, "casa", "ana"), balance(world, "casa", "bia")) == (-16_00, 4_00)
    assert world.zero_sum()


def test_what_was_on_its_way_when_the_home_died_ends_one_way_or_the_other() -> None:
    world = told()
    offer_payment(world, "riacho", account(world, "riacho", "ana"), "edna@serra", 10)
    # The replica has the debit, and the partner claims; the home dies before it hears of that.
    world.wires = [wire for wire in world.wires if wire[1] in ("casa", "serra")]
    while world.wires:
        world.deliver(1)
        world.wires = [wire for wire in world.wires if wire[1] != "riacho"]
    die(world, "riacho")
    assert balance(world, "serra", "edna") == 10_00
    take_over(world, "casa", "riacho")
    world.join("casa", "serra")
    world.tick(10)
    assert (balance(world, "casa", "ana"), world.nodes["casa"].balance("holds.HORA")) == (-10_00, 0)
    assert world.zero_sum()


def test_the_old_home_learns_that_it_has_a_successor_and_signs_nothing_more() -> None:
    world = told()
    die(world, "riacho")
    # Nobody can keep it from signing while it hears of nobody; it counts for nothing.
    world.granted("riacho", "payments.create", Pay(payer="ana", payee="bia", amount=whole(7, "HORA")))
    casa = take_over(world, "casa", "riacho")
    world.join("casa", "serra")
    world.tick(10)

    world.join("riacho", "serra")
    world.tick(2)
    riacho = world.nodes["riacho"].replica
    assert riacho.succeeded and not riacho.recovering
    refused = world.ask("riacho", "payments.create", Pay(payer="ana", payee="bia", amount=whole(1, "HORA")))
    assert refused.reason is SUCCEEDED
    assert world.ask("riacho", "invitations.create", None).reason is SUCCEEDED
    assert balance(world, "riacho", "ana") == balance(world, "casa", "ana") == 0, "what it signed alone is dropped"
    signed = len(world.nodes["riacho"].disk)
    world.tick(30)
    assert len(world.nodes["riacho"].disk) == signed
    # Nobody has forked, nobody is accused, and the true home goes on.
    known = [node.replica.journal.directory.networks for node in world.nodes.values()]
    assert not any(one.forked for networks in known for one in networks.values())
    assert [node.replica.book.of(Faults).details for node in world.nodes.values()] == [[], [], []]
    assert state(world, "casa", pay(world, "casa", account(world, "casa", "ana"), "edna@serra", 5)) == "posted"
    with pytest.raises(AssertionError, match="signs nothing"):
        riacho.journal.write(ReplicaDismissed(bytes(32)), LEDGER, world.now)
    # A restart does not make it forget.
    world.restart("riacho")
    assert world.nodes["riacho"].replica.succeeded
    assert casa.replica.journal.held.head(casa.network, LEDGER) is not None


def test_the_new_home_itself_tells_the_old_one() -> None:
    world = told()
    die(world, "riacho")
    take_over(world, "casa", "riacho")
    world.tick(2)
    world.join("riacho", "casa")
    world.tick(2)
    assert world.nodes["riacho"].replica.succeeded
    assert not world.nodes["casa"].replica.succeeded
