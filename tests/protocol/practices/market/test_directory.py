# SPDX-License-Identifier: AGPL-3.0-or-later
"""The directory: what networks of one's federations offer, found by what it is and by who they are."""

from itertools import combinations
from typing import Any

import pytest
from simulation.groups import exchange
from simulation.world import World

from protocol.book.declaration import Actor, Role, Seers
from protocol.book.refusals import Refused
from protocol.events import Asked
from protocol.lanes.entry import COMMONS
from protocol.practices.between.federations.membership import CreateFederation, JoinFederation, LeaveFederation
from protocol.practices.between.networks.known import SetProfile
from protocol.practices.market.directory import (
    LISTED_OFFERS_MAX,
    DirectoryWanted,
    OfferPublished,
    OfferWithdrawn,
)
from protocol.practices.market.wishes import PublishOffer, WithdrawOffer
from protocol.wire.keys import id_text

NAMES = ("riacho", "serra", "encants", "campo")


def world_of(*names: str) -> World:
    world = World()
    for name in names or NAMES:
        exchange(world, name, name.upper()[:4], "ana")
    for one, other in combinations(names or NAMES, 2):
        world.join(one, other)
    world.tick(2)
    return world


def founded(world: World, *founders: str) -> str:
    first, *others = founders
    id = world.granted(first, "federations.create", CreateFederation("Vale", "HORA", tuple(others))).id
    for name in others:
        world.granted(name, "federations.join", JoinFederation(), subject=id)
    return id


def publish(world: World, name: str, *titles: str) -> list[str]:
    """Let a member offer things to everybody, and wait until others have heard of them."""
    ids = [
        world.granted(name, "offers.publish", PublishOffer(title, seers=Seers.EVERYBODY, member="ana")).id
        for title in titles
    ]
    world.tick(2)
    return ids


def directory(world: World, name: str, **wanted: Any) -> dict[str, list[str]]:
    """Return which networks a node lists, in its order, and the titles of what each offers."""
    items = world.granted(name, "directory.list", DirectoryWanted(**wanted)).items
    return {one.handle: [offer.title for offer in one.offers] for one in items}


def pages(world: World, name: str, operation: str, wish: Any, limit: int) -> list[list[Any]]:
    """Return a whole list, page by page."""
    node, found, after = world.nodes[name], list[list[Any]](), 0
    while after is not None:
        world.give(name, Asked(77_777, operation, Actor(Role.STEWARD), wish, after=after, limit=limit))
        page = node.answers.pop(77_777)
        found.append([one.id for one in page.items])
        assert len(found) < 50, "the pages never end"
        after = page.next
    return found


def test_who_is_in_a_federation_sees_what_its_networks_offer() -> None:
    world = world_of()
    id = founded(world, "riacho", "serra")
    publish(world, "serra", "Flour", "Bread")
    publish(world, "campo", "Seed")
    assert directory(world, "riacho") == {"riacho": [], "serra": ["Bread", "Flour"]}
    assert directory(world, "campo") == {}, "it is in no federation"
    assert directory(world, "campo", federation=id) == {"serra": ["Bread", "Flour"], "riacho": []}
    [own, other] = world.granted("riacho", "directory.list", DirectoryWanted()).items
    assert (own.own, other.own, other.federations, other.name) == (True, False, (id,), "Serra")


def test_of_several_federations_all_networks_are_listed_once() -> None:
    world = world_of()
    first, second = founded(world, "riacho", "serra"), founded(world, "riacho", "serra", "encants")
    publish(world, "encants", "Wool")
    found = world.granted("riacho", "directory.list", DirectoryWanted()).items
    assert {one.handle: set(one.federations) for one in found} == {
        "riacho": {first, second}, "serra": {first, second}, "encants": {second}
    }  # fmt: skip
    assert set(directory(world, "riacho", federation=first)) == {"riacho", "serra"}
    assert set(directory(world, "campo", federation=second)) == {"riacho", "serra", "encants"}
    world.granted("encants", "federations.leave", LeaveFederation(), subject=second)
    assert set(directory(world, "riacho")) == {"riacho", "serra"}


def test_a_search_finds_offers_and_names_whatever_their_case() -> None:
    world = world_of("riacho", "serra", "encants")
    founded(world, "riacho", "serra", "encants")
    publish(world, "serra", "Flour of the mill", "Maize")
    publish(world, "encants", "Bread of mill flour", "Wool")
    assert directory(world, "riacho", search="FLOUR") == {
        "serra": ["Flour of the mill"], "encants": ["Bread of mill flour"]
    }  # fmt: skip
    assert directory(world, "riacho", search="sERR") == {"serra": ["Maize", "Flour of the mill"]}
    own = id_text(world.nodes["encants"].network)
    world.granted("encants", "networks.set-profile", SetProfile(name="Vila Alta"), subject=own)
    for sought in ("ENCANT", "alta"):
        assert directory(world, "riacho", search=sought) == {"encants": ["Wool", "Bread of mill flour"]}
    assert directory(world, "riacho", search="wool") == {"encants": ["Wool"]}
    assert directory(world, "riacho", search="honey") == {}


def test_an_unknown_federation_is_refused() -> None:
    world = world_of("riacho", "serra")
    for id in ("vale", id_text(bytes(32))):
        outcome = world.ask("riacho", "directory.list", DirectoryWanted(id))
        assert isinstance(outcome, Refused)
        assert outcome.reason.code == "FEDERATION_UNKNOWN"


def test_an_offer_that_is_withdrawn_is_listed_no_more() -> None:
    world = world_of("riacho", "serra")
    founded(world, "riacho", "serra")
    flour, bread = publish(world, "serra", "Flour", "Bread")
    world.granted("serra", "offers.withdraw", WithdrawOffer(), subject=flour)
    world.tick(2)
    [_, serra] = world.granted("riacho", "directory.list", DirectoryWanted()).items
    [shown] = serra.offers
    assert world.granted("riacho", "offers.show", subject=shown.id).title == shown.title == "Bread"
    assert shown.id == f"{bread}@{serra.id}"


def test_the_newest_offers_of_a_network_are_named() -> None:
    world = world_of("riacho", "serra")
    founded(world, "riacho", "serra")
    publish(world, "serra", *(f"Flour {number}" for number in range(LISTED_OFFERS_MAX + 2)))
    assert directory(world, "riacho")["serra"] == [f"Flour {number}" for number in range(LISTED_OFFERS_MAX + 1, 1, -1)]


def test_words_of_offers_that_lanes_remember_are_read_and_mean_nothing() -> None:
    world = world_of("riacho", "serra")
    founded(world, "riacho", "serra")
    serra = world.nodes["serra"]
    for word in (OfferPublished(bytes(16), "Flour"), OfferWithdrawn(bytes(16)), OfferPublished(bytes(16), "Rye")):
        serra.replica.journal.write(word, COMMONS, world.now)
    world.tick(2)
    assert directory(world, "riacho") == {"riacho": [], "serra": []}
    heads = [world.nodes[name].replica.journal.directory for name in ("riacho", "serra")]
    assert heads[0].networks.keys() == heads[1].networks.keys()
    world.restart("riacho")
    assert directory(world, "riacho") == {"riacho": [], "serra": []}


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_neither_skip_nor_repeat(limit: int) -> None:
    world = world_of("riacho", "serra", "encants", "campo")
    founded(world, "riacho", "serra", "encants", "campo")
    known = [one.id for one in world.granted("riacho", "directory.list", DirectoryWanted()).items]
    assert len(known) == 4
    assert pages(world, "riacho", "directory.list", DirectoryWanted(), limit) == [
        known[first : first + limit] for first in range(0, 4, limit)
    ]


def test_any_member_looks() -> None:
    world = world_of("riacho", "serra")
    founded(world, "riacho", "serra")
    assert world.granted("riacho", "directory.list", DirectoryWanted(), actor=Actor(Role.MEMBER, "x")).items
