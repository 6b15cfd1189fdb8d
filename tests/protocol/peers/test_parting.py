# SPDX-License-Identifier: AGPL-3.0-or-later
"""A steward has another network forgotten, or what it has said taken anew."""

import pytest
from simulation.groups import exchange, linked
from simulation.world import World

from protocol.book.declaration import Actor, Role
from protocol.book.money import Amount
from protocol.book.refusals import FORBIDDEN, NETWORK_UNKNOWN, Reason, Refused
from protocol.lanes.directory import Profile
from protocol.lanes.entry import COMMONS, Entry
from protocol.practices.between.federations.membership import CreateFederation
from protocol.practices.between.links.wishes import ProposeLink
from protocol.practices.between.networks.known import SetProfile
from protocol.practices.between.networks.parting import NETWORK_NEEDED, ForgetNetwork, PurgeNetwork
from protocol.wire.keys import id_text


def world_of(*names: str) -> World:
    """Let the first of these exchanges be connected with all others."""
    world = World()
    for name in names:
        exchange(world, name, name.upper()[:4])
    for other in names[1:]:
        world.join(names[0], other)
    world.tick(3)
    return world


def said(world: World, name: str, of: str) -> list[Entry]:
    """Return what a node has stored of another network."""
    return [entry for entry in world.nodes[name].disk if entry.network == world.nodes[of].network]


def knows(world: World, name: str, of: str) -> Profile | None:
    """Return what a node knows of another network, the same after a restart."""
    known = world.nodes[name].replica.journal.directory.networks.get(world.nodes[of].network)
    return None if known is None else known.profile


def refused(world: World, name: str, operation: str, wish: object, subject: str, **asked: Actor) -> Reason:
    outcome = world.ask(name, operation, wish, subject=subject, **asked)
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


def test_a_network_that_nothing_rests_on_is_forgotten_and_may_come_again_as_a_stranger() -> None:
    world = world_of("serra", "riacho", "encants")
    shown = world.granted("serra", "networks.forget", ForgetNetwork(), subject="riacho")
    assert shown.id == id_text(world.nodes["riacho"].network)
    world.tick(5)
    assert not said(world, "serra", "riacho") and knows(world, "serra", "riacho") is None
    assert refused(world, "serra", "networks.show", None, "riacho") is NETWORK_UNKNOWN
    world.join("riacho", "encants")
    world.tick(20)
    assert knows(world, "encants", "riacho") is not None
    assert not said(world, "serra", "riacho"), "others' word of it is passed over for an hour"
    world.restart("serra")
    assert knows(world, "serra", "riacho") is None
    world.join("serra", "riacho")
    world.tick(3)
    assert knows(world, "serra", "riacho") is not None and len(said(world, "serra", "riacho")) == 2


def test_the_hour_over_it_is_heard_of_again() -> None:
    world = world_of("serra", "riacho", "encants")
    world.join("riacho", "encants")
    world.tick(3)
    world.granted("serra", "networks.forget", ForgetNetwork(), subject="riacho")
    world.tick(3)
    world.now += 3_600_000
    world.tick(65)
    assert knows(world, "serra", "riacho") is not None


def test_what_rests_on_a_network_keeps_it() -> None:
    world = world_of("serra", "riacho", "encants", "moinho")
    linked(world, "riacho", "serra", 100)
    world.granted("encants", "links.create", ProposeLink("serra", Amount(100_00, None, 2), "ENCA"))
    world.granted("serra", "federations.create", CreateFederation("Vale", "SERR", ("moinho",)))
    world.tick(3)
    before = len(world.nodes["serra"].disk)
    for name in ("riacho", "encants", "moinho"):
        assert refused(world, "serra", "networks.forget", ForgetNetwork(), name) is NETWORK_NEEDED, name
    assert len(world.nodes["serra"].disk) == before


@pytest.mark.parametrize("wish", [ForgetNetwork(), PurgeNetwork()])
def test_neither_is_done_to_ones_own_nor_to_who_is_not_known_nor_by_members(wish: ForgetNetwork | PurgeNetwork) -> None:
    world = world_of("serra", "riacho")
    operation = "networks.forget" if isinstance(wish, ForgetNetwork) else "networks.purge"
    before = len(world.nodes["serra"].disk)
    assert refused(world, "serra", operation, wish, "serra") is FORBIDDEN
    assert refused(world, "serra", operation, wish, "nobody") is NETWORK_UNKNOWN
    assert refused(world, "serra", operation, wish, "riacho", actor=Actor(Role.AUDITOR)) is FORBIDDEN
    assert len(world.nodes["serra"].disk) == before


@pytest.mark.parametrize("is_partner", [True, False])
def test_a_damaged_lane_is_purged_and_mended_from_peers(*, is_partner: bool) -> None:
    world = world_of("serra", "riacho", "encants")
    network = world.nodes["riacho"].network
    if is_partner:
        linked(world, "riacho", "serra", 100)
    for time in range(3):
        world.granted("riacho", "networks.set-profile", SetProfile(name=f"Riacho {time}"), subject=id_text(network))
    world.tick(3)
    serra = world.nodes["serra"]
    whole = {entry.id: entry for entry in said(world, "serra", "riacho")}
    damaged = next(entry for entry in serra.disk if entry.network == network and entry.header.lane == COMMONS)
    serra.disk[serra.disk.index(damaged)] = damaged._replace(signature=bytes(64), wire=damaged.wire[:-64] + bytes(64))
    world.granted("serra", "networks.purge", PurgeNetwork(), subject="riacho")
    world.tick(3)
    assert {entry.id: entry for entry in said(world, "serra", "riacho")} == whole
    profile = knows(world, "serra", "riacho")
    assert profile is not None and profile.name == "Riacho 2"
    world.restart("serra")
    assert knows(world, "serra", "riacho") == profile and not world.drops


def test_what_nobody_has_stays_away_until_its_network_comes() -> None:
    world = world_of("serra", "riacho")
    world.cut("serra", "riacho")
    world.granted("serra", "networks.purge", PurgeNetwork(), subject="riacho")
    world.tick(3)
    assert not said(world, "serra", "riacho")
    world.join("serra", "riacho")
    world.tick(3)
    assert knows(world, "serra", "riacho") is not None
