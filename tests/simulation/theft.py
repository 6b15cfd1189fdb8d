# SPDX-License-Identifier: AGPL-3.0-or-later
"""A thief who has copied all of a network's home, and the rotation that ends his time."""

from collections.abc import Sequence

from simulation.world import Node, World

from protocol.lanes.claims import ColdKeys, Guardians, Reopening, Rotation, RotationClaim
from protocol.lanes.entry import IDENTITY, Body, Entry, encode_body, seal
from protocol.lanes.growing import cold_signature
from protocol.lanes.identity import Identity, promise
from protocol.lanes.journal import Keyring
from protocol.wire.keys import KeyPair


def steal(world: World, name: str, thief: str = "thief") -> Node:
    """Copy a home, its keys and its database, to a node of the thief's."""
    home = world.nodes[name]
    assert home.keyring is not None
    node = Node(thief, world.fresh(home), home.transport, home.keyring, disk=list(home.disk))
    list(node.replica.load(node.disk))
    world.nodes[thief] = node
    return node


def identity_of(node: Node, network: bytes | None = None) -> Identity:
    """Return a network as a node knows it."""
    return node.replica.journal.directory.networks[network or node.network].identity


def rotate(
    world: World,
    name: str,
    *,
    cold: Sequence[KeyPair] = (),
    hot_grant: int | None = None,
    guardians: Guardians | None = None,
) -> Entry:
    """Stop a home, let its keepers rotate its key, and start it again under a new transport key.

    `cold` are the keys that take the place of the cold ones, of which over half have to sign from then on, `hot_grant`
    is what the hot key alone may grant on a link then, and `guardians` are who may back a recovery.
    """
    home = world.nodes[name]
    assert home.offline is not None and home.keyring is not None
    peers = world.peers(name)
    for peer in peers:
        # Its process ends before its keys change: it says nothing more under another transport key.
        world.cut(name, peer)
    coming, guards = home.offline
    following, transport = KeyPair.from_seed(world.seed()), KeyPair.from_seed(world.seed()).public
    keyring = Keyring(coming, world.seed())
    stopped = world.fresh(home, keyring)
    list(stopped.load(home.disk))
    journal = stopped.journal
    identity = journal.directory.networks[home.network].identity
    claim = RotationClaim(
        home.network, identity.epoch + 1, coming.public, promise(following.public), transport,
        journal.held.lane_heads(),
        ColdKeys(tuple(one.public for one in cold), len(cold) // 2 + 1) if cold else None, hot_grant, guardians,
    )  # fmt: skip
    signatures = tuple(cold_signature(at, one, claim) for at, one in enumerate(guards))
    entry = journal.write(Rotation(claim, signatures), IDENTITY, world.now)
    home.disk.append(entry)
    home.keyring, home.offline, home.transport = keyring, (following, tuple(cold) or guards), transport
    world.restart(name)
    for peer in peers:
        world.join(name, peer)
    return entry


def signed(node: Node, lane: str, body: Body, after: Entry | None, *, epoch: int, at_ms: int) -> Entry:
    """Sign an entry with a node's hot key after another of its lane."""
    assert node.keyring is not None
    seq = 0 if after is None else after.header.seq + 1
    return seal(
        node.keyring.hot, network=node.network, lane=lane, epoch=epoch, seq=seq,
        prev=None if after is None else after.id, body=encode_body(body, at_ms), salt=bytes(16),
    )  # fmt: skip


def last(node: Node, lane: str) -> Entry:
    """Return the newest entry that a node has of a lane of its own network."""
    return next(one for one in reversed(node.disk) if (one.network, one.header.lane) == (node.network, lane))


def reopenings(node: Node, count: int, at_ms: int) -> list[Entry]:
    """Let a node's hot key open so many epochs, each of which voids all that the network has said."""
    said: list[Entry] = []
    after = last(node, IDENTITY)
    for _ in range(count):
        epoch = after.header.epoch + 1
        after = signed(node, IDENTITY, Reopening(epoch, ()), after, epoch=epoch, at_ms=at_ms)
        said.append(after)
    return said
