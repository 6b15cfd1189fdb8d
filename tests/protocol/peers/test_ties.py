# SPDX-License-Identifier: AGPL-3.0-or-later
"""What ties a peer to a network: its own nodes, partners, fellow members, networks that it knows, strangers."""

from simulation.groups import exchange, linked
from simulation.world import World

from protocol.book.money import Amount
from protocol.peers.ties import Tie
from protocol.practices.between.federations.membership import CreateFederation, JoinFederation, LeaveFederation
from protocol.practices.between.links.wishes import CloseLink, ProposeLink
from protocol.practices.between.networks.replicas import DismissReplica, InviteReplica


def world_of(*names: str) -> World:
    """Let the first of these exchanges be connected with all others."""
    world = World()
    for name in names:
        exchange(world, name, name.upper()[:4])
    for other in names[1:]:
        world.join(names[0], other)
    world.tick(2)
    return world


def tie(world: World, name: str, other: str) -> Tie:
    """Return what ties one network to another, as it sees it, by its id and by its node's key alike."""
    ties, node = world.nodes[name].replica.gossip.ties, world.nodes[other]
    assert ties.of_node(node.transport) is ties.of(node.network)
    return ties.of(node.network)


def test_an_open_link_makes_a_partner_and_a_closed_one_leaves_it_known() -> None:
    world = world_of("riacho", "serra")
    assert tie(world, "riacho", "serra") is Tie.STRANGER
    link = linked(world, "riacho", "serra", 100)
    world.tick(2)
    assert tie(world, "riacho", "serra") is tie(world, "serra", "riacho") is Tie.PARTNER
    for name in ("riacho", "serra"):
        world.granted(name, "links.close", CloseLink(), subject=link)
        world.tick(3)
    assert tie(world, "riacho", "serra") is tie(world, "serra", "riacho") is Tie.KNOWN


def test_who_only_offers_a_link_stays_a_stranger() -> None:
    world = world_of("riacho", "serra")
    world.granted("serra", "links.create", ProposeLink("riacho", Amount(100_00, None, 2), "SERR"))
    world.tick(2)
    assert tie(world, "riacho", "serra") is Tie.STRANGER
    assert tie(world, "serra", "riacho") is Tie.KNOWN, "its own steward has named it"


def test_a_partners_partner_is_known_by_the_partners_word() -> None:
    world = world_of("serra", "riacho", "encants")
    linked(world, "riacho", "serra", 100)
    world.tick(2)
    assert tie(world, "riacho", "encants") is Tie.STRANGER
    linked(world, "serra", "encants", 100)
    world.tick(4)
    assert tie(world, "riacho", "encants") is tie(world, "encants", "riacho") is Tie.KNOWN
    assert tie(world, "serra", "encants") is Tie.PARTNER


def test_members_of_one_federation_are_tied_as_long_as_both_are_in_it() -> None:
    world = world_of("serra", "riacho", "encants")
    id = world.granted("serra", "federations.create", CreateFederation("Vale", "HORA", ("riacho",))).id
    world.tick(2)
    assert tie(world, "serra", "riacho") is Tie.STRANGER, "it is named, and has not joined"
    world.granted("riacho", "federations.join", JoinFederation(), subject=id)
    world.tick(3)
    assert tie(world, "serra", "riacho") is tie(world, "riacho", "serra") is Tie.FEDERATION
    assert tie(world, "encants", "riacho") is Tie.STRANGER
    world.granted("riacho", "federations.leave", LeaveFederation(), subject=id)
    world.tick(3)
    assert tie(world, "serra", "riacho") is tie(world, "riacho", "serra") is Tie.STRANGER


def test_a_home_and_its_replicas_are_each_others_own_until_one_is_dismissed() -> None:
    world = world_of("riacho")
    invited = world.granted("riacho", "replicas.invite", InviteReplica())
    copy = world.second("copia", "riacho", invited.code)
    home = world.nodes["riacho"].replica.gossip.ties
    assert home.of_node(copy.transport) is Tie.STRANGER
    world.join("riacho", "copia")
    world.tick(4)
    assert home.of_node(copy.transport) is Tie.OWN
    assert tie(world, "copia", "riacho") is Tie.OWN
    world.granted("riacho", "replicas.dismiss", DismissReplica(), subject=invited.id)
    world.tick(2)
    assert home.of_node(copy.transport) is Tie.STRANGER


def test_the_nearer_of_two_ties_counts() -> None:
    world = world_of("serra", "riacho")
    id = world.granted("serra", "federations.create", CreateFederation("Vale", "HORA", ("riacho",))).id
    world.tick(2)
    world.granted("riacho", "federations.join", JoinFederation(), subject=id)
    linked(world, "serra", "riacho", 100)
    world.tick(3)
    assert tie(world, "serra", "riacho") is Tie.PARTNER
