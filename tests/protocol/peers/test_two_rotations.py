# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network that changes its keys in two ways, and tells each partner of one: what it says then parts nobody."""

import pytest
from simulation.groups import exchange, linked, says
from simulation.strangers import Stranger
from simulation.theft import identity_of, last, rotate, signed, steal
from simulation.world import World

from protocol.events import PeerDown
from protocol.lanes.claims import LaneHead, Reopening, Rotation, RotationClaim
from protocol.lanes.directory import Profile
from protocol.lanes.entry import COMMONS, IDENTITY, Entry, encode_body, parse, seal
from protocol.lanes.growing import cold_signature
from protocol.lanes.identity import promise
from protocol.peers.messages import Entries, unpack
from protocol.practices.between.networks.known import SetProfile
from protocol.wire.keys import KeyPair, digest, id_text


def rotated_twice(one: Stranger, face: str, words: int) -> list[Entry]:
    """Return two rotations, of which the second puts a key in place that is this face's alone, and what that says."""
    before, epoch, key, said = one.said[-1], one.said[0], one.cold, []
    heads = (LaneHead(COMMONS, before.header.seq, before.id),)
    for number in (1, 2):
        key, signer = KeyPair.from_seed(digest("seed", f"{face} {number}".encode())), key
        claim = RotationClaim(
            one.network, number, signer.public, promise(key.public), one.transport.public, heads, None, None, None
        )
        body = encode_body(Rotation(claim, (cold_signature(0, one.cold, claim),)), 1)
        epoch = seal(
            signer, network=one.network, lane=IDENTITY, epoch=number, seq=number, prev=epoch.id, body=body,
            salt=bytes(16),
        )  # fmt: skip
        said.append(epoch)
        hot = signer
    for number in range(words):
        body = encode_body(Profile("s", f"{face} {number}", "HORA", "Hora", 2, ()), 1)
        before = seal(
            hot, network=one.network, lane=COMMONS, epoch=2, seq=before.header.seq + 1, prev=before.id, body=body,
            salt=bytes(16),
        )  # fmt: skip
        said.append(before)
    return said


class Counted(World):
    """A world that counts the entries of the commons that travel."""

    words = 0

    def carry(self, source: str, target: str, frame: bytes) -> None:
        super().carry(source, target, frame)
        message = unpack(frame)
        if isinstance(message, Entries):
            self.words += sum(parse(one).header.lane == COMMONS for one in message.entries)


def partners() -> Counted:
    world = Counted()
    exchange(world, "serra", "FLOR", "bia")
    exchange(world, "riacho", "HORA", "ana")
    linked(world, "riacho", "serra", 100)
    world.tick(3)
    return world


def test_who_has_heard_of_other_keys_of_a_stranger_stays_with_its_partner() -> None:
    """It was: dropped at each comparison, every second second, for good and over restarts."""
    world = partners()
    world.cut("riacho", "serra")
    one = Stranger().names_itself(2)
    for name, face, words in (("serra", "angel", 30), ("riacho", "devil", 40)):
        one.connects(world, name)
        one.tells(world, name)
        one.tells(world, name, rotated_twice(one, face, words))
        world.give(name, PeerDown(one.peer))
        head = world.nodes[name].replica.journal.held.head(one.network, COMMONS)
        assert head is not None and head.position == (2, 1 + words)
    world.join("riacho", "serra")
    for _ in range(2):
        world.tick(60)
        assert not world.drops and frozenset(("riacho", "serra")) in world.joined
        world.words = 0
        world.tick(180)
        assert world.words <= 8, "what is not taken is not asked for again, but for the last word"
        for name in ("riacho", "serra"):
            world.restart(name)
    # A newcomer believes whom it has heard first, and parts with nobody either.
    exchange(world, "novo", "NOVO")
    for name in ("riacho", "serra"):
        world.join("novo", name)
        world.tick(10)
    assert not world.drops and len(world.joined) == 3


def test_a_word_that_comes_before_the_rotation_that_it_rests_on_is_no_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serra has heard of a thief's epoch, which keeps all that was said; then a word under the new key is pushed."""
    world = partners()
    thief, network = steal(world, "riacho"), world.nodes["riacho"].network
    world.cut("riacho", "serra")
    kept = Reopening(1, thief.replica.journal.held.lane_heads())
    his = signed(thief, IDENTITY, kept, last(thief, IDENTITY), epoch=1, at_ms=world.now)
    exchange(world, "campo", "MATE")
    world.join("campo", "serra")
    world.tick(2)
    assert says(world, Entries((his.wire,)), "serra", "campo") is None
    assert identity_of(world.nodes["serra"], network).epochs[1].event == his.id
    rotate(world, "riacho")
    world.granted("riacho", "networks.set-profile", SetProfile(name="Anew"), subject=id_text(network))
    held = len(world.nodes["serra"].disk)
    assert says(world, Entries((last(world.nodes["riacho"], COMMONS).wire,)), "serra", "campo") is None
    assert len(world.nodes["serra"].disk) == held
    world.join("riacho", "serra")
    world.tick(2)
    directory = world.nodes["serra"].replica.journal.directory
    assert directory.handle(network) == "riacho" and not world.drops
    # From Campo too it takes all that comes later, be it by comparing alone.
    world.cut("riacho", "serra")
    world.join("riacho", "campo")
    monkeypatch.setattr("protocol.told.push", lambda *_: [])
    for number in range(5):
        wish = SetProfile(name=f"Anew {number}")
        world.granted("riacho", "networks.set-profile", wish, subject=id_text(network))
    world.tick(5)
    profile = directory.networks[network].profile
    assert profile is not None and profile.name == "Anew 4" and not world.drops
