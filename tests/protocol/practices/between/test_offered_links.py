# SPDX-License-Identifier: AGPL-3.0-or-later
"""Offers of links: strangers share a bound of their own, nearer ones always get in, and each can be declined."""

import pytest
from simulation.groups import exchange, linked
from simulation.strangers import Stranger
from simulation.world import World

from protocol.book.money import Amount
from protocol.book.refusals import STATE_CONFLICT, Refused
from protocol.events import PeerDown, Send
from protocol.peers.messages import QuoteDenied, unpack
from protocol.peers.ties import Tie
from protocol.practices.between.links import offering
from protocol.practices.between.links.offering import (
    OFFER_LIFE_MS,
    OFFER_RECORDS_MAX,
    OFFERS,
    DeclineLink,
)
from protocol.practices.between.links.refusals import LINK_UNKNOWN
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.wishes import AcceptLink, LinksWanted, ProposeLink
from protocol.wire.keys import id_text


def world_of_two() -> World:
    world = World()
    exchange(world, "serra", "FLOR", "bia")
    exchange(world, "riacho", "HORA", "ana")
    world.join("serra", "riacho")
    world.tick(2)
    return world


def proposes(world: World, name: str, partner: str, limit: int = 100) -> str:
    code = next(iter(world.nodes[name].replica.book.currencies))
    return world.granted(name, "links.create", ProposeLink(partner, Amount(limit, None, 2), code)).id


def offered(world: World, name: str) -> set[str]:
    """Return the offers that lie at a node, of which memory and disk hold the same."""
    node = world.nodes[name]
    shown = {one.id for one in world.granted(name, "links.list", LinksWanted()).items if one.state == "offered"}
    stored = {one.header.lane for one in node.disk if one.network != node.network}
    assert {f"link/{id}" for id in shown} <= stored
    waiting = {id_text(one.id) for one in node.replica.book.of(Links).by_id.values() if one.mine is None}
    assert waiting == shown
    return shown


def test_a_steward_declines_an_offer_and_its_network_is_told() -> None:
    world = world_of_two()
    link = proposes(world, "riacho", "serra")
    assert offered(world, "serra") == {link}
    shown = world.granted("serra", "links.decline", DeclineLink(), subject=link)
    assert (shown.id, shown.state) == (link, "offered")
    world.run()
    assert world.granted("riacho", "links.show", subject=link).declined == "OFFER_DECLINED"
    world.tick(60)
    refused = world.ask("serra", "links.show", subject=link)
    assert isinstance(refused, Refused) and refused.reason is LINK_UNKNOWN
    assert not [one for one in world.nodes["serra"].disk if one.header.lane == f"link/{link}"]


def test_a_declined_offer_stays_declined_over_restarts_on_both_sides() -> None:
    world = world_of_two()
    link = proposes(world, "riacho", "serra")
    world.granted("serra", "links.decline", DeclineLink(), subject=link)
    for name in ("serra", "riacho"):
        world.restart(name)
        for id in [one.id for one in world.nodes[name].events if isinstance(one, offering.StoreDeclined)]:
            world.nodes[name].replica.recall_declined(id)
    world.tick(15)
    assert not offered(world, "serra")
    assert world.granted("riacho", "links.show", subject=link).declined == "OFFER_DECLINED", "it is told anew"
    other = proposes(world, "riacho", "serra", 200)
    assert offered(world, "serra") == {other}, "another offer is another word"


def test_only_what_nobody_has_taken_up_is_declined() -> None:
    world = world_of_two()
    link = linked(world, "riacho", "serra", 100)
    for name in ("riacho", "serra"):
        refused = world.ask(name, "links.decline", DeclineLink(), subject=link)
        assert isinstance(refused, Refused) and refused.reason is STATE_CONFLICT
    link = proposes(world, "riacho", "serra")
    refused = world.ask("riacho", "links.decline", DeclineLink(), subject=link)
    assert isinstance(refused, Refused) and refused.reason is STATE_CONFLICT, "who offers closes it"


def test_strangers_fill_their_own_bound_and_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offering, "OFFERS", {**OFFERS, Tie.STRANGER: 6})
    world = world_of_two()
    exchange(world, "encants", "COIN", "eva")
    linked(world, "serra", "riacho", 100)
    linked(world, "riacho", "encants", 100)
    world.join("serra", "encants")
    world.tick(4)
    crowd = [Stranger().connects(world, "serra") for _ in range(4)]
    for one in crowd:
        for number in range(3):
            one.offers(world, "serra", number)
    assert len(offered(world, "serra")) == 6
    newcomer = Stranger().connects(world, "serra")
    its = newcomer.offers(world, "serra")
    assert id_text(its) in offered(world, "serra"), "who has offered least"
    near = {proposes(world, name, "serra") for name in ("riacho", "encants")}
    assert near < offered(world, "serra") and len(offered(world, "serra")) == 8
    for one in crowd:
        world.give("serra", PeerDown(one.peer))
    late = [Stranger().connects(world, "serra") for _ in range(5)]
    ids = {id_text(one.offers(world, "serra")) for one in late}
    assert ids < offered(world, "serra") and id_text(its) in offered(world, "serra"), "who is not here gives way first"
    world.restart("serra")
    assert len(offered(world, "serra")) == 8


def test_an_offer_of_a_stranger_ends_and_is_told_to_have(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of_two()
    one = Stranger().connects(world, "serra")
    link = one.offers(world, "serra")
    old = one.offers(world, "serra", 1, at_ms=world.now - OFFER_LIFE_MS - 1)
    ahead = one.offers(world, "serra", 2, at_ms=world.now + OFFER_LIFE_MS)
    assert offered(world, "serra") == {id_text(link)}
    said: list[object] = []
    handle = world.handle

    def handled(node: object, inputs: object) -> object:
        effects = handle(node, inputs)  # type: ignore[arg-type]
        said.extend(unpack(one.frame) for one in effects if isinstance(one, Send))
        return effects

    monkeypatch.setattr(world, "handle", handled)
    world.now += OFFER_LIFE_MS + 1_000
    world.tick(2)
    assert not offered(world, "serra")
    one.connects(world, "serra")
    for number, id in ((0, link), (1, old), (2, ahead)):
        said.clear()
        one.offers(world, "serra", number, at_ms=world.now - OFFER_LIFE_MS - 1)
        told = [one for one in said if isinstance(one, QuoteDenied)]
        assert [(one.key, one.code) for one in told] == [(id[:16], "OFFER_EXPIRED")]


def test_of_a_strangers_offer_few_and_short_records_are_kept() -> None:
    world = world_of_two()
    one = Stranger().connects(world, "serra")
    before = len(world.nodes["serra"].disk)
    for seq in range(OFFER_RECORDS_MAX + 5):
        one.offers(world, "serra", 0, seq=seq)
    assert len(world.nodes["serra"].disk) - before == OFFER_RECORDS_MAX
    one.offers(world, "serra", 1, size=2_000)
    one.offers(world, "serra", 2, size=2_048)
    assert not world.drops


def test_what_was_declined_elsewhere_can_be_taken_up_after_all() -> None:
    world = world_of_two()
    first = proposes(world, "riacho", "serra")
    world.granted("serra", "links.decline", DeclineLink(), subject=first)
    link = proposes(world, "riacho", "serra")
    world.granted("serra", "links.accept", AcceptLink(Amount(50, None, 2), "FLOR"), subject=link)
    world.tick(2)
    shown = world.granted("riacho", "links.show", subject=link)
    assert (shown.state, shown.declined) == ("open", None)
