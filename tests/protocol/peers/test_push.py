# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is new goes to a few at once: to all of our own, to who is tied to us before strangers, and to no one twice."""

from collections import Counter
from dataclasses import replace
from random import Random

from simulation.groups import exchange
from simulation.world import World

from protocol.events import Send
from protocol.lanes.entry import COMMONS, LEDGER, Entry
from protocol.peers.messages import Entries, NodeRole, unpack
from protocol.peers.push import FANOUT_MAX, push
from protocol.peers.sessions import Session, Sessions
from protocol.peers.ties import Tie, Ties


class Tied(Ties):
    """Ties by the first byte of a network's id."""

    def of(self, network: bytes) -> Tie:
        return {0: Tie.PARTNER, 1: Tie.FEDERATION, 2: Tie.KNOWN}.get(network[0], Tie.STRANGER)


def world_with(*networks: bytes) -> tuple[Sessions, Ties, list[Entry]]:
    """Return the sessions of a node with these networks' homes, its ties, and its public entries."""
    world = World()
    exchange(world, "riacho", "HORA")
    gossip, journal = world.nodes["riacho"].replica.gossip, world.nodes["riacho"].replica.journal
    for number, network in enumerate(networks):
        peer = f"peer {number}"
        gossip.sessions.by_peer[peer] = Session(peer, network, 0, network=network, role=NodeRole.HOME)
    return gossip.sessions, Tied(journal), [one for one in world.nodes["riacho"].disk if one.header.lane == COMMONS]


def network(first: int, number: int = 0) -> bytes:
    return bytes([first, number]) + bytes(30)


def pushed_to(sent: list[Send]) -> list[str]:
    return [one.peer for one in sent]


def test_of_many_strangers_some_are_told_by_lot_and_each_once() -> None:
    sessions, ties, entries = world_with(*(network(9, number) for number in range(60)))
    random, told = Random(1), Counter[str]()
    for _ in range(300):
        peers = pushed_to(push(sessions, ties, entries, "peer 7", random.randbytes))
        assert len(set(peers)) == len(peers) == FANOUT_MAX
        told.update(peers)
    assert told.keys() == sessions.by_peer.keys() - {"peer 7"}, "who has brought it knows it"
    assert max(told.values()) < 3 * min(told.values())


def test_partners_and_members_of_ones_federations_are_told_before_strangers() -> None:
    near = [network(0, 1), network(1, 2)]
    sessions, ties, entries = world_with(*(network(9, number) for number in range(60)), *near, network(2, 3))
    for seed in range(20):
        peers = pushed_to(push(sessions, ties, entries, None, Random(seed).randbytes))
        assert {"peer 60", "peer 61"} <= set(peers)
        assert len(set(peers)) == FANOUT_MAX


def test_what_is_private_goes_to_ones_own_replicas_alone() -> None:
    sessions, ties, entries = world_with(network(9))
    own = sessions.network
    sessions.by_peer["copy"] = Session("copy", bytes(32), 0, network=own, role=NodeRole.REPLICA)
    private = [one._replace(header=replace(one.header, lane=LEDGER)) for one in entries]
    sent = push(sessions, ties, [*entries, *private], None, Random(1).randbytes)
    told = {one.peer: unpack(one.frame) for one in sent}
    assert {peer: len(one.entries) for peer, one in told.items() if isinstance(one, Entries)} == {
        "copy": 2 * len(entries),
        "peer 0": len(entries),
    }
    assert all(one.spare for one in sent), "what finds no room is found by comparison"


def test_nothing_new_asks_nobody() -> None:
    sessions, ties, _ = world_with(*(network(9, number) for number in range(60)))

    def never(count: int) -> bytes:
        raise AssertionError(count)

    assert push(sessions, ties, [], None, never) == []
