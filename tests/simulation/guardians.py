# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network whose keys are all lost, its guardians, and the new home that they give it."""

from dataclasses import dataclass
from typing import Any

from simulation.theft import identity_of, rotate
from simulation.world import Node, World

from protocol.lanes.claims import ColdKeys, Guardians, Recovery, RecoveryClaim
from protocol.lanes.entry import IDENTITY, LEDGER, Entry
from protocol.lanes.identity import promise
from protocol.lanes.journal import Keyring
from protocol.practices.between.networks.entries import ReplicaDismissed
from protocol.practices.between.networks.replicas import Replicas
from protocol.practices.between.recoveries import BackRecovery, ProposeRecovery
from protocol.wire.codec import decode, encode
from protocol.wire.keys import KeyPair
from protocol.wire.shape import from_map, to_map


@dataclass
class Heirs:
    """The new keys of a network, and the claim that shows them."""

    keyring: Keyring
    offline: tuple[KeyPair, tuple[KeyPair, ...]]
    transport: bytes
    claim: RecoveryClaim

    @property
    def document(self) -> bytes:
        return encode(to_map(self.claim))


def name_guardians(world: World, name: str, *guardians: str, needed: int, delay_ms: int) -> None:
    """Let the cold keys of a network name its guardians."""
    named = Guardians(tuple(world.nodes[one].network for one in guardians), needed, delay_ms)
    rotate(world, name, guardians=named)
    world.tick(5)


def heirs(world: World, copy: Node, transport: bytes | None = None) -> Heirs:
    """Make new keys for the network of a copy of its books, and the claim that stands on it."""
    hot, following, cold = (KeyPair.from_seed(world.seed()) for _ in range(3))
    transport = transport or KeyPair.from_seed(world.seed()).public
    stopped = world.fresh(copy)
    list(stopped.load(copy.disk))
    epoch = stopped.journal.directory.networks[copy.network].identity.epoch + 1
    heads = stopped.journal.held.lane_heads()
    claim = RecoveryClaim(
        copy.network, epoch, hot.public, promise(following.public), transport, ColdKeys((cold.public,), 1), heads
    )
    return Heirs(Keyring(hot, world.seed()), (following, (cold,)), transport, claim)


def back(world: World, one: Heirs, *guardians: str) -> Any:
    """Let guardians back a claim, one after the other; returns what the last of them shows."""
    shown = world.granted(guardians[0], "recoveries.propose", ProposeRecovery(one.document))
    world.tick(3)
    for guardian in guardians[1:]:
        shown = world.granted(guardian, "recoveries.back", BackRecovery(), subject=shown.id)
        world.tick(3)
    return shown


def recovered(world: World, one: Heirs, copy: Node, document: bytes) -> Entry:
    """Let the new home begin on a copy of the books: what `mutirao recover --finish` writes."""
    fields = decode(document)
    assert isinstance(fields, dict)
    stopped = world.fresh(copy)
    list(stopped.load(copy.disk))
    stopped.journal.keyring = one.keyring
    entry = stopped.journal.write(from_map(Recovery, fields), IDENTITY, world.now)
    copy.disk.append(entry)
    own = [one.code for one in stopped.book.of(Replicas).places.values() if one.transport == copy.transport]
    copy.disk += [stopped.journal.write(ReplicaDismissed(code), LEDGER, world.now) for code in own]
    copy.keyring, copy.offline, copy.transport = one.keyring, one.offline, one.transport
    return entry


def key_in_force(node: Node, network: bytes) -> bytes | None:
    """Return the signing key of a network as a node knows it."""
    identity = identity_of(node, network)
    return identity.key_of(identity.epoch)
