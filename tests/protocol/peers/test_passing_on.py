# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an honest node takes others take from it; and of a proved fork the proof is all that there is to say."""

from dataclasses import replace

import pytest
from simulation.groups import exchange, linked, says
from simulation.strangers import Stranger
from simulation.theft import rotate
from simulation.world import World
from soak.marked import rest_to_soak

from protocol.events import PeerDown
from protocol.lanes.directory import Directory, Profile, is_public
from protocol.lanes.entry import COMMONS, Entry, encode_body, seal
from protocol.peers.messages import Ahead, Entries, Heads, Item, Wanted, unpack
from protocol.peers.reconcile import HeadIndex
from protocol.practices.between.networks.known import SetProfile
from protocol.wire.keys import KeyPair, id_text


class Overheard(World):
    """A world that keeps what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[object] = []

    def carry(self, source: str, target: str, frame: bytes) -> None:
        self.said.append(unpack(frame))
        super().carry(source, target, frame)

    def item(self, name: str, network: bytes) -> Item | None:
        """Return the head of a network's commons as a node shows it."""
        return self.nodes[name].replica.gossip.compare.item((network, COMMONS))

    def is_kept_up(self, name: str) -> bool:
        """Tell whether what a node compares is what it holds."""
        journal, compare = self.nodes[name].replica.journal, self.nodes[name].replica.gossip.compare
        compare._refresh()
        anew = HeadIndex(None)
        for place in journal.held.heads():
            if is_public(place[1]):
                anew.put(place, compare.item(place))
        return anew.opening() == compare._public.opening()

    def profile(self, name: str, network: bytes) -> Profile:
        profile = self.nodes[name].replica.book.of(Directory).networks[network].profile
        assert profile is not None
        return profile


@pytest.fixture
def world() -> Overheard:
    """Riacho and Serra are partners; Encants is known to both, and connected to Riacho."""
    world = Overheard()
    for name, code in (("riacho", "HORA"), ("serra", "FLOR"), ("encants", "ECO")):
        exchange(world, name, code, f"{name}-1")
    linked(world, "riacho", "serra", 1_000)
    world.join("riacho", "encants")
    world.tick(3)
    return world


def word(world: Overheard, name: str, *before: Entry, key: KeyPair | None = None) -> Entry:
    """Return a word of Encants that gives it a name, after others that it has not told."""
    encants = world.nodes["encants"]
    head = encants.replica.journal.held.head(encants.network, COMMONS)
    assert head is not None and encants.keyring is not None
    body = encode_body(replace(world.profile("encants", encants.network), name=name), world.now)
    return seal(
        key or encants.keyring.hot, network=encants.network, lane=COMMONS, epoch=0,
        seq=head.position.seq + 1 + len(before), prev=before[-1].id if before else head.id, body=body, salt=bytes(16),
    )  # fmt: skip


@pytest.mark.parametrize("unsigned", [0, 1])
def test_each_word_of_another_network_has_to_be_signed(world: Overheard, unsigned: int) -> None:
    """A chain whose end alone is signed could not be passed on in pieces, and whoever did would look like a liar."""
    encants, riacho = world.nodes["encants"].network, world.nodes["riacho"]
    held = len(riacho.disk)
    words: list[Entry] = []
    for number in range(3):
        forged = KeyPair.from_seed(bytes(32)) if number == unsigned else None
        words.append(word(world, f"Word {number}", *words, key=forged))
    reason = says(world, Entries(tuple(one.wire for one in words)), to="riacho", source="encants")
    assert reason == "an entry that the network's key has not signed"
    assert len(riacho.disk) == held
    world.drops.clear()
    world.tick(5)
    assert not world.drops and frozenset(("riacho", "serra")) in world.joined
    assert world.item("serra", encants) == world.item("riacho", encants)


def test_whoever_has_heard_two_things_agrees_with_its_partner_once_both_hold_the_proof(world: Overheard) -> None:
    encants = world.nodes["encants"].network
    world.cut("riacho", "serra")
    world.join("encants", "serra")
    world.tick(2)
    for name, told in (("riacho", "Angel"), ("serra", "Devil")):
        says(world, Entries((word(world, told).wire,)), to=name, source="encants")
    for name in ("riacho", "serra"):
        world.cut("encants", name)
    world.join("riacho", "serra")
    world.tick(3)
    assert (world.profile("riacho", encants).name, world.profile("serra", encants).name) == ("Angel", "Devil")
    item = world.item("riacho", encants)
    assert item is not None and item.twin is not None and item == world.item("serra", encants)
    world.said.clear()
    world.tick(130)
    # Each minute one asks, and is told that nothing differs.
    compared = [one for one in world.said if isinstance(one, Heads | Ahead | Wanted | Entries)]
    assert compared and all(isinstance(one, Heads) and not one.spans[1:] for one in compared) and len(compared) <= 12
    assert not world.drops
    assert world.is_kept_up("riacho") and world.is_kept_up("serra")

    world.join("riacho", "encants")
    rotate(world, "encants")
    world.tick(5)
    item = world.item("riacho", encants)
    assert item is not None and item.twin is None and item == world.item("serra", encants)
    assert world.is_kept_up("riacho") and world.is_kept_up("serra")


def test_a_proof_reaches_who_has_heard_nothing_though_nobody_pushes_it(
    world: Overheard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protocol.told.push", lambda *_: [])
    encants = world.nodes["encants"].network
    for told in ("Angel", "Devil"):
        says(world, Entries((word(world, told).wire,)), to="riacho", source="encants")
    world.tick(3)
    assert world.nodes["serra"].replica.book.of(Directory).networks[encants].forked
    assert world.item("serra", encants) == world.item("riacho", encants)


def test_what_is_compared_follows_a_pardon_that_leaves_the_lane_as_it_was(world: Overheard) -> None:
    encants = world.nodes["encants"].network
    devil = word(world, "Devil")
    wish = SetProfile(name="Angel")
    world.granted("encants", "networks.set-profile", wish, subject=id_text(encants))
    world.tick(2)
    says(world, Entries((devil.wire,)), to="riacho", source="encants")
    world.tick(1)
    forked = world.item("riacho", encants)
    assert forked is not None and forked.twin is not None
    rotate(world, "encants")
    world.tick(5)
    item = world.item("riacho", encants)
    assert item is not None and (item.seq, item.twin) == (forked.seq, None)
    assert world.is_kept_up("riacho") and world.is_kept_up("serra")


@pytest.mark.parametrize("count", rest_to_soak([60, 300], first=1))
def test_however_many_have_said_two_things_two_partners_agree_and_grow_silent(world: Overheard, count: int) -> None:
    """300 networks that said one thing to each partner once parted them: forks were compared anew each second."""
    crowd = [Stranger() for _ in range(count)]
    world.cut("riacho", "serra")
    for name, told in (("riacho", "angel"), ("serra", "devil")):
        teller = crowd[0].connects(world, name)
        for one in crowd:
            del one.said[1:]
            one.says(encode_body(Profile("s", told, "HORA", "Hora", 2, ()), 1))
        for first in range(0, count, 50):
            teller.tells(world, name, [entry for one in crowd[first : first + 50] for entry in one.said])
        world.give(name, PeerDown(teller.peer))
    world.join("riacho", "serra")
    world.tick(8)
    for name in ("riacho", "serra"):
        forked = world.nodes[name].replica.book.of(Directory).forked
        assert {one.network for one in crowd} <= forked.keys()
    world.said.clear()
    world.tick(65)
    assert not [one for one in world.said if isinstance(one, Entries | Wanted | Ahead)], "all is settled"
    assert not world.drops and frozenset(("riacho", "serra")) in world.joined
    for name in ("riacho", "serra"):
        world.restart(name)
    world.tick(8)
    assert not world.drops and frozenset(("riacho", "serra")) in world.joined
