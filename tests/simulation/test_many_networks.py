# SPDX-License-Identifier: AGPL-3.0-or-later
"""However many networks there are, a newcomer hears of all of them, and a partner that was away catches up."""

import pytest
from simulation.groups import exchange, linked
from simulation.world import Node, World
from soak.marked import rest_to_soak

from protocol.events import Effect, Received, Store, TimerFired
from protocol.lanes.claims import Inception
from protocol.lanes.directory import Directory, Profile
from protocol.lanes.entry import COMMONS, IDENTITY, NO_NETWORK, Entry, encode_body, seal
from protocol.lanes.identity import promise
from protocol.wire.keys import KeyPair, digest

WAY_MS = 50
"""How long a frame is on its way."""
MANY = rest_to_soak([300, 9_990], first=1)
COMPLETE_MS = 60_000


class Wide(World):
    """A world in which each frame takes its time, and disks that find a lane as fast as a database does."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes: dict[tuple[str, bytes, str], list[Entry]] = {}

    def store(self, node: Node, entry: Entry) -> None:
        super().store(node, entry)
        self.lanes.setdefault((node.name, entry.network, entry.header.lane), []).append(entry)

    def lane_of(self, node: Node, network: bytes, lane: str) -> list[Entry]:
        return self.lanes.get((node.name, network, lane), []) or super().lane_of(node, network, lane)

    def settle(self, most_ms: int) -> int:
        """Let frames come and clocks tick until all hold the same; returns after how many milliseconds that was."""
        began, ticked = self.now, self.now
        while self.now - began < most_ms:
            if self.now - ticked >= 1_000:
                ticked = self.now
                for name in self.nodes:
                    self.give(name, TimerFired())
            on_their_way, self.wires = self.wires, []
            self.now += WAY_MS
            for source, target, frame in on_their_way:
                if frozenset((source, target)) in self.joined:
                    self.give(target, Received(source, frame))
            if len({self.known(node) for node in self.nodes.values()}) == 1:
                return self.now - began
        raise AssertionError("they have not come to hold the same")

    def known(self, node: Node) -> tuple[int, int]:
        """Return how many networks a node knows, and of how many of them the words too."""
        networks = node.replica.book.of(Directory).networks.values()
        return len(networks), sum(one.profile is not None for one in networks)


def networks(count: int) -> list[Entry]:
    """Return the first words of so many networks, each rightly signed."""
    found: list[Entry] = []
    for number in range(count):
        hot, cold = (KeyPair.from_seed(digest("seed", b"%d %d" % (number, key))) for key in (0, 1))
        inception = Inception(hot.public, promise(cold.public), (cold.public,), 1, hot.public)
        first = seal(
            hot, network=NO_NETWORK, lane=IDENTITY, epoch=0, seq=0, prev=None,
            body=encode_body(inception, 1), salt=bytes(16),
        )  # fmt: skip
        profile = Profile(f"n{number}", "", "HORA", "Hora", 2, ())
        second = seal(
            hot, network=first.id, lane=COMMONS, epoch=0, seq=0, prev=None,
            body=encode_body(profile, 1), salt=bytes(16),
        )  # fmt: skip
        found += [first, second]
    return found


def heard(world: Wide, name: str, entries: list[Entry]) -> None:
    """Let a node have heard what others have said."""
    node = world.nodes[name]
    effects: list[Effect] = [Store(entry) for entry in entries]
    list(node.replica.load(entries))
    world.perform(node, effects)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", MANY)
def test_a_newcomer_hears_of_all_networks_within_a_minute(count: int) -> None:
    world = Wide()
    exchange(world, "riacho", "HORA", "ana")
    heard(world, "riacho", networks(count))
    exchange(world, "serra", "FLOR", "bia")
    world.join("riacho", "serra")
    assert world.settle(COMPLETE_MS) < COMPLETE_MS
    assert len(world.nodes["serra"].replica.book.of(Directory).networks) == count + 2
    assert not world.drops


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", MANY)
def test_a_partner_that_was_away_catches_up_and_stays(count: int) -> None:
    world = Wide()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    world.cut("riacho", "serra")
    heard(world, "riacho", networks(count))
    world.join("riacho", "serra")
    assert world.settle(COMPLETE_MS) < COMPLETE_MS
    assert frozenset(("riacho", "serra")) in world.joined and not world.drops
