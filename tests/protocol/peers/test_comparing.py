# SPDX-License-Identifier: AGPL-3.0-or-later
"""How often nodes compare what they hold: a busy one is not asked again before it has answered."""

import pytest
from simulation.groups import exchange
from simulation.world import World

from protocol.events import TimerFired
from protocol.lanes.directory import Directory
from protocol.peers import compare
from protocol.peers.messages import Entries, Heads, Message, Wanted, unpack
from protocol.practices.between.networks.known import SetProfile
from protocol.wire.keys import id_text


class Slow(World):
    """A world in which time passes before what is on its way comes."""

    def pass_seconds(self, seconds: int, *names: str) -> None:
        """Let these nodes know that time passes, and nothing arrive."""
        for _ in range(seconds):
            self.now += 1_000
            for name in names:
                self.give(name, TimerFired())

    def on_the_way(self, source: str, kind: type[Message]) -> int:
        """Count the messages of one kind that a node has said and nobody has heard yet."""
        return sum(one == source and isinstance(unpack(frame), kind) for one, _, frame in self.wires)

    def knows(self, name: str, other: str) -> bool:
        return self.nodes[other].network in self.nodes[name].replica.book.of(Directory).networks


@pytest.fixture
def world() -> Slow:
    """Riacho and Serra know each other; Campo is new to Riacho and knows nobody."""
    world = Slow()
    for name, code in (("riacho", "HORA"), ("serra", "FLOR"), ("campo", "MATE")):
        exchange(world, name, code, f"{name}-1")
    world.join("riacho", "serra")
    world.tick(3)
    world.join("riacho", "campo")
    world.run()
    return world


def test_a_comparison_is_begun_once_until_it_is_answered(world: Slow) -> None:
    network = id_text(world.nodes["riacho"].network)
    for time in range(20):
        world.start("riacho", "networks.set-profile", SetProfile(name=f"Riacho {time}"), subject=network)
        world.pass_seconds(1, "riacho")
    assert world.on_the_way("riacho", Heads) == 2, "one for each peer"
    world.run()
    world.tick(2)
    assert world.knows("campo", "serra")


def test_who_never_answers_is_asked_again_after_a_while(world: Slow) -> None:
    world.pass_seconds(2, "riacho")
    said = world.on_the_way("riacho", Heads)
    world.pass_seconds(compare.OPENING_MS_MAX // 1_000, "riacho")
    assert said < world.on_the_way("riacho", Heads) <= 2 * said


def test_what_is_on_its_way_is_not_asked_for_again(world: Slow) -> None:
    """All but entries arrives, each second, and what has come may differ from what was compared."""
    world.cut("riacho", "campo")
    world.join("riacho", "campo")
    asked = 0
    late: list[tuple[str, str, bytes]] = []
    for _ in range(20):
        world.pass_seconds(1, "riacho", "campo")
        while world.wires:
            source, _, frame = world.wires[0]
            message = unpack(frame)
            asked += source == "campo" and isinstance(message, Wanted)
            if isinstance(message, Entries) and source == "riacho":
                late.append(world.wires.pop(0))
            else:
                world.deliver(1)
    assert asked == 1
    world.wires += late
    world.run()
    assert world.knows("campo", "serra")


def test_so_many_comparisons_begin_at_a_tick_and_all_have_their_turn(
    world: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "OPENED_AT_ONCE_MAX", 1)
    world.pass_seconds(1, "riacho")
    assert world.on_the_way("riacho", Heads) == 1
    world.pass_seconds(1, "riacho")
    assert world.on_the_way("riacho", Heads) == 2, "the other one in its turn"
