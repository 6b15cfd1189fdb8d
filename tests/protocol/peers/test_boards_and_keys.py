# SPDX-License-Identifier: AGPL-3.0-or-later
"""Items whose keys one node has heard of and another has not: nobody is a liar for it, and in the end all agree."""

from dataclasses import replace

import pytest
from simulation.groups import exchange, linked, says
from simulation.theft import identity_of, reopenings, rotate, steal
from simulation.world import Node, World

from protocol.lanes.items import BoardItem, seal_item
from protocol.peers.board_messages import BoardItems
from protocol.peers.boards import Boards
from protocol.peers.messages import Ahead, Entries, Heads, Wanted, unpack
from protocol.practices.between.announcements import PublishAnnouncement
from protocol.wire.keys import KeyPair


class Slow(World):
    """A world in which what is said of lanes to and by a slow one comes later, in its order, and boards at once."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = ""
        self.later: list[tuple[str, str, bytes]] = []

    def carry(self, source: str, target: str, frame: bytes) -> None:
        if self.slow in (source, target) and isinstance(unpack(frame), Heads | Ahead | Wanted | Entries):
            self.later.append((source, target, frame))
        else:
            super().carry(source, target, frame)

    def catches_up(self) -> None:
        self.slow, self.wires, self.later = "", self.wires + self.later, []
        self.run()


@pytest.fixture
def world() -> Slow:
    """Three networks in a row, riacho - serra - campo, and a thief who has a copy of Riacho's home."""
    world = Slow()
    for name, code in (("riacho", "HORA"), ("serra", "SOL"), ("campo", "BOI")):
        exchange(world, name, code)
    linked(world, "riacho", "serra", 100)
    linked(world, "serra", "campo", 100)
    world.tick(3)
    world.granted("riacho", "announcements.publish", PublishAnnouncement("Market"))
    world.tick(2)
    steal(world, "riacho")
    return world


def held(world: World, name: str) -> list[BoardItem]:
    """Return what a node holds of Riacho's board; memory and disk agree about it."""
    node, network = world.nodes[name], world.nodes["riacho"].network
    items = [one.item for one in node.replica.book.of(Boards).of[network].items.values()]
    assert {one.place: one.wire for one in items} == {
        place: wire for place, (_, wire) in node.board.items() if place[0] == network
    }
    return items


def shows(world: World, items: list[BoardItem], to: str, source: str) -> str | None:
    return says(world, BoardItems(tuple(one.wire for one in items)), to, source)


def epoch_keys(world: World, name: str) -> list[bytes]:
    return [one.key for one in identity_of(world.nodes[name], world.nodes["riacho"].network).epochs]


def by_thief(world: World, epoch: int) -> BoardItem:
    """Return a later version of what Riacho has pinned up, as its stolen key signs it."""
    thief: Node = world.nodes["thief"]
    assert thief.keyring is not None
    [shown] = held(world, "campo")
    return seal_item(thief.keyring.hot, replace(shown.said, epoch=epoch, version=shown.said.version + 5))


def agree(world: World) -> bool:
    first, *others = ({one.wire for one in held(world, name)} for name in ("riacho", "serra", "campo"))
    return all(one == first for one in others)


@pytest.mark.parametrize("late_s", [1, 30])
def test_an_item_of_an_epoch_that_is_not_known_yet_waits_for_its_key(world: Slow, late_s: int) -> None:
    world.slow = "campo"
    rotate(world, "riacho")
    world.granted("riacho", "announcements.publish", PublishAnnouncement("Fair"))
    world.tick(late_s)
    before = held(world, "campo")
    assert shows(world, held(world, "serra"), "campo", "serra") is None
    assert held(world, "campo") == before
    world.catches_up()
    world.tick(1)
    assert len(held(world, "campo")) == 2 and agree(world) and not world.drops


@pytest.mark.parametrize("opened", [1, 3])
def test_of_two_who_know_other_keys_of_one_epoch_neither_is_a_liar(world: Slow, opened: int) -> None:
    """Campo has heard a thief's reopenings, Serra the rotation in their place: epoch 1 is another's for each."""
    world.slow = "campo"
    his = reopenings(world.nodes["thief"], opened, world.now)
    rotate(world, "riacho")
    world.tick(2)
    assert says(world, Entries(tuple(one.wire for one in his)), "campo", "serra") is None
    assert epoch_keys(world, "campo")[1] != epoch_keys(world, "serra")[1]
    # Each shows the other what its own keys have signed, before the key events have come.
    assert shows(world, held(world, "serra"), "campo", "serra") is None
    for epoch in range(1, opened + 1):
        its = by_thief(world, epoch)
        assert shows(world, [its], "campo", "serra") is None and held(world, "campo") == [its]
        assert shows(world, [its], "serra", "campo") is None and its not in held(world, "serra")
    world.catches_up()
    world.tick(2)
    assert agree(world) and not world.drops
    assert {one.said.version for one in held(world, "campo")} == {2}, "his, of a later version, is gone"
    world.restart("campo")
    world.tick(2)
    assert agree(world) and not world.drops


def test_in_the_first_epoch_there_is_one_key_and_who_shows_another_lies(world: Slow) -> None:
    [shown] = held(world, "serra")
    forged = seal_item(KeyPair.from_seed(bytes(32)), replace(shown.said, version=9))
    assert shows(world, [forged], "campo", "serra") == "an item that the network's key has not signed"
