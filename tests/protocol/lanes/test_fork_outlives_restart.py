# SPDX-License-Identifier: AGPL-3.0-or-later
"""A fork of the commons, proved, and a key event that cuts this commons back: found by an equivocator's stories."""

from dataclasses import replace

from simulation.groups import exchange, linked, says
from simulation.theft import rotate
from simulation.world import World

from protocol.lanes.directory import Directory
from protocol.lanes.entry import COMMONS, encode_body, seal
from protocol.peers.messages import Entries
from protocol.practices.between.links.state import Links
from protocol.practices.between.networks.known import SetProfile
from protocol.wire.keys import id_text


def forked_before_riacho() -> World:
    """Let riacho be shown two entries at one place of its partner's commons."""
    world = World(1)
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    serra = world.nodes["serra"]
    head = serra.replica.journal.held.head(serra.network, COMMONS)
    profile = serra.replica.book.of(Directory).networks[serra.network].profile
    assert head is not None and profile is not None and serra.keyring is not None
    for name in ("Angel", "Devil"):
        said = seal(
            serra.keyring.hot, network=serra.network, lane=COMMONS, epoch=0, seq=head.position.seq + 1, prev=head.id,
            body=encode_body(replace(profile, name=name), world.now), salt=bytes(16),
        )  # fmt: skip
        says(world, Entries((said.wire,)), to="riacho", source="serra")
    world.tick(2)
    return world


def is_frozen(world: World) -> bool:
    [link] = world.nodes["riacho"].replica.book.of(Links).by_id.values()
    return link.side.frozen


def test_the_proof_of_a_fork_outlives_a_restart() -> None:
    world = forked_before_riacho()
    assert is_frozen(world)
    world.restart("riacho")
    assert is_frozen(world)


def test_the_proof_outlives_a_restart_where_the_hot_key_has_opened_an_epoch_since() -> None:
    world = forked_before_riacho()
    serra = world.nodes["serra"]
    serra.replica.reopen()
    world.tick(5)
    riacho = world.nodes["riacho"]
    assert riacho.replica.book.of(Directory).networks[serra.network].identity.epoch == 1
    assert is_frozen(world)
    world.restart("riacho")
    assert is_frozen(world)


def test_what_was_forked_goes_once_cold_keys_have_spoken_and_the_commons_goes_on() -> None:
    world = forked_before_riacho()
    serra = world.nodes["serra"]
    rotate(world, "serra")
    world.granted("serra", "networks.set-profile", SetProfile(name="Serra Nova"), subject=id_text(serra.network))
    world.tick(5)
    assert not is_frozen(world)
    profile = world.nodes["riacho"].replica.book.of(Directory).networks[serra.network].profile
    assert profile is not None and profile.name == "Serra Nova"
    world.restart("riacho")
    assert not is_frozen(world)
