# SPDX-License-Identifier: AGPL-3.0-or-later
"""The directory: what networks of one's federations offer, found by what it is and by who they are."""

from itertools import combinations
from typing import Any

import pytest
from simulation.groups import exchange
from simulation.world import World

from protocol.book.declaration import Actor, Role
from protocol.book.refusals import Refused
from protocol.events import Asked
from protocol.lanes.entry import COMMONS
from protocol.practices.between import offers
from protocol.practices.between.federations.membership import CreateFederation, JoinFederation, LeaveFederation
from protocol.practices.between.networks.known import SetProfile
from protocol.practices.between.offers import (
    DirectoryWanted,
    OfferPublished,
    Offers,
    OffersWanted,
    PublishOffer,
    WithdrawOffer,
)
from protocol.wire.keys import id_text

NAMES = ("riacho", "serra", "encants", "campo")


def world_of(*names: str) -> World:
    world = World()
    for name in names or NAMES:
        exchange(world, name, name.upper()[:4])
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


def publish(world: World, name: str, *texts: str) -> list[str]:
    return [world.granted(name, "offers.publish", PublishOffer(text)).id for text in texts]


def directory(world: World, name: str, **wanted: Any) -> dict[str, list[str]]:
    """Return which networks a node lists, in its order, and the texts of what each offers."""
    items = world.granted(name, "directory.list", DirectoryWanted(**wanted)).items
    return {one.handle: [offer.text for offer in one.offers] for one in items}


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
    assert directory(world, "riacho") == {"riacho": [], "serra": ["Flour", "Bread"]}
    assert directory(world, "campo") == {}, "it is in no federation"
    assert directory(world, "campo", federation=id) == {"serra": ["Flour", "Bread"], "riacho": []}
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
    assert directory(world, "riacho", search="sERR") == {"serra": ["Flour of the mill", "Maize"]}
    own = id_text(world.nodes["encants"].network)
    world.granted("encants", "networks.set-profile", SetProfile(name="Vila Alta"), subject=own)
    for sought in ("ENCANT", "alta"):
        assert directory(world, "riacho", search=sought) == {"encants": ["Bread of mill flour", "Wool"]}
    assert directory(world, "riacho", search="wool") == {"encants": ["Wool"]}
    assert directory(world, "riacho", search="honey") == {}


def test_an_unknown_federation_is_refused() -> None:
    world = world_of("riacho", "serra")
    for id in ("vale", id_text(bytes(32))):
        outcome = world.ask("riacho", "directory.list", DirectoryWanted(id))
        assert isinstance(outcome, Refused)
        assert outcome.reason.code == "FEDERATION_UNKNOWN"


def test_an_offer_is_withdrawn_by_its_network_and_gone_everywhere() -> None:
    world = world_of("riacho", "serra")
    founded(world, "riacho", "serra")
    flour, bread = publish(world, "serra", "Flour", "Bread")
    assert world.granted("serra", "offers.withdraw", WithdrawOffer(), subject=flour).text == "Flour"
    assert directory(world, "riacho")["serra"] == ["Bread"]
    assert [one.id for one in world.granted("serra", "offers.list", OffersWanted()).items] == [bread]
    assert world.granted("serra", "offers.show", subject=bread).text == "Bread"
    for name, offer in (("serra", flour), ("riacho", bread), ("serra", "flour")):
        for operation, wish in (("offers.withdraw", WithdrawOffer()), ("offers.show", None)):
            outcome = world.ask(name, operation, wish, subject=offer)
            assert isinstance(outcome, Refused)
            assert outcome.reason.code == "NOT_FOUND"


def test_offers_are_there_after_a_restart() -> None:
    world = world_of("riacho", "serra")
    founded(world, "riacho", "serra")
    publish(world, "serra", "Flour", "Bread")
    for name in ("riacho", "serra"):
        world.restart(name)
        assert directory(world, name)["serra"] == ["Flour", "Bread"]


def test_so_many_offers_stand_and_a_withdrawn_one_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "OFFERS_OPEN_MAX", 2)
    world = world_of("riacho", "serra")
    founded(world, "riacho", "serra")
    first, second = publish(world, "serra", "Flour", "Bread")
    outcome = world.ask("serra", "offers.publish", PublishOffer("Wool"))
    assert isinstance(outcome, Refused)
    assert (outcome.reason.code, outcome.figures["maximum"]) == ("OVERLOADED", 2)
    serra = world.nodes["serra"]
    said = list(serra.replica.book.of(Offers).of[serra.network])
    for offer, text in ((bytes(16), "One too many"), (said[0], "Flour of rye")):
        serra.replica.journal.write(OfferPublished(offer, text), COMMONS, world.now)
    world.tick(2)
    assert directory(world, "riacho")["serra"] == ["Bread", "Flour of rye"]
    world.granted("serra", "offers.withdraw", WithdrawOffer(), subject=second)
    publish(world, "serra", "Wool")
    assert directory(world, "riacho")["serra"] == ["Flour of rye", "Wool"]
    assert world.granted("serra", "offers.list", OffersWanted()).items[0].id == first


@pytest.mark.parametrize(("text", "reason"), [("", "MALFORMED"), ("x" * 201, "MALFORMED"), ("e\u0301", "TEXT_NOT_NFC")])
def test_a_text_that_cannot_be_an_offer_is_refused(text: str, reason: str) -> None:
    world = world_of("riacho", "serra")
    outcome = world.ask("riacho", "offers.publish", PublishOffer(text))
    assert isinstance(outcome, Refused)
    assert (outcome.reason.code, outcome.figures["field"]) == (reason, "text")
    assert world.granted("riacho", "offers.publish", PublishOffer("x" * 200)).text == "x" * 200


def test_only_stewards_publish_and_withdraw_and_any_member_looks() -> None:
    world = world_of("riacho", "serra")
    founded(world, "riacho", "serra")
    [offer] = publish(world, "riacho", "Flour")
    member = Actor(Role.MEMBER, "x")
    for operation, wish, subject in (
        ("offers.publish", PublishOffer("Bread"), ""),
        ("offers.withdraw", WithdrawOffer(), offer),
    ):
        outcome = world.ask("riacho", operation, wish, subject=subject, actor=member)
        assert isinstance(outcome, Refused)
        assert outcome.reason.code == "FORBIDDEN"
    assert world.granted("riacho", "directory.list", DirectoryWanted(), actor=member).items


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_neither_skip_nor_repeat_though_something_comes_between(limit: int) -> None:
    world = world_of("riacho", "serra", "encants", "campo")
    founded(world, "riacho", "serra", "encants", "campo")
    ids = publish(world, "riacho", *(f"Offer {number}" for number in range(5)))
    assert pages(world, "riacho", "offers.list", OffersWanted(), limit) == [
        ids[first : first + limit] for first in range(0, 5, limit)
    ]
    known = [one.id for one in world.granted("riacho", "directory.list", DirectoryWanted()).items]
    assert len(known) == 4
    assert pages(world, "riacho", "directory.list", DirectoryWanted(), limit) == [
        known[first : first + limit] for first in range(0, 4, limit)
    ]
    # An offer that is changed meanwhile goes to the end.
    riacho = world.nodes["riacho"]
    first = next(iter(riacho.replica.book.of(Offers).of[riacho.network]))
    riacho.replica.journal.write(OfferPublished(first, "Changed"), COMMONS, world.now)
    changed = [*ids[1:], ids[0]]
    assert pages(world, "riacho", "offers.list", OffersWanted(), limit) == [
        changed[first : first + limit] for first in range(0, 5, limit)
    ]


def test_what_a_network_has_offered_is_dropped_with_its_words() -> None:
    world = world_of("riacho", "serra")
    founded(world, "riacho", "serra")
    publish(world, "serra", "Flour")
    book, serra = world.nodes["riacho"].replica.book, world.nodes["serra"].network
    book.unhear(serra)
    assert serra not in book.of(Offers).of
    assert directory(world, "riacho") == {}
