# SPDX-License-Identifier: AGPL-3.0-or-later
"""Stewards found a federation, admit and expel, each at its own node (PROTOCOL 8)."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from simulation.groups import exchange, says
from simulation.theft import rotate
from simulation.world import World

from protocol.book.declaration import Actor, Role
from protocol.book.refusals import Refused
from protocol.events import Asked, Publish
from protocol.lanes.directory import Directory
from protocol.lanes.entry import COMMONS, LEDGER, encode_body, seal
from protocol.peers.messages import Entries
from protocol.practices.between.federations import charters, views
from protocol.practices.between.federations import membership as federations
from protocol.practices.between.federations.charters import Charters, Endorsed, FederationJoined
from protocol.practices.between.federations.membership import (
    CreateFederation,
    EndorseNetwork,
    ExpelNetwork,
    JoinFederation,
    LeaveFederation,
)
from protocol.practices.between.federations.places import FederationPlace
from protocol.practices.between.federations.views import FederationsWanted
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


def founded(world: World, *founders: str, **terms: Any) -> str:
    """Found a federation; returns its id."""
    first, *others = founders
    wish = CreateFederation("Vale", "HORA", tuple(others), **terms)
    id = world.granted(first, "federations.create", wish).id
    for name in others:
        world.granted(name, "federations.join", JoinFederation(), subject=id)
    return id


def act(world: World, name: str, verb: str, id: str, other: str | None = None) -> Any:
    wishes: dict[str, Any] = {
        "join": JoinFederation, "leave": LeaveFederation, "endorse": EndorseNetwork, "expel": ExpelNetwork
    }  # fmt: skip
    wish = wishes[verb]() if other is None else wishes[verb](other)
    return world.ask(name, f"federations.{verb}", wish, subject=id)


def refusal(outcome: Any) -> tuple[str, Any]:
    assert isinstance(outcome, Refused), outcome
    return outcome.reason.code, next(iter(outcome.figures.values()), None)


def shown(world: World, name: str, id: str) -> Any:
    return world.granted(name, "federations.show", subject=id)


def places(world: World, name: str, id: str) -> dict[str, str]:
    """Return what each network is in a federation, as one of them sees it."""
    return {one.handle: one.place.value for one in shown(world, name, id).networks}


def told(world: World, name: str) -> list[tuple[str, str | None]]:
    """Return what stewards of a network were told of federations since the last time, and of which network."""
    node = world.nodes[name]
    handles = {id_text(one.network): handle for handle, one in world.nodes.items()}
    news = [one for one in node.events if isinstance(one, Publish) and one.type.startswith("federation.")]
    node.events.clear()
    return [(one.type.partition(".")[2], handles.get(one.figures.get("network", ""))) for one in news]


def test_founders_found_and_admit_and_all_nodes_see_the_same() -> None:
    world = world_of()
    id = founded(world, "riacho", "serra", endorsements=2, scale=0, value="1.5", rhythm_minutes=60)
    seen = shown(world, "campo", id)
    assert (seen.name, seen.founded, seen.place, seen.members, seen.candidates) == ("Vale", True, "outside", 2, 0)
    assert (seen.unit, seen.scale, seen.value, seen.rhythm_minutes, seen.endorsements) == ("HORA", 0, "3/2", 60, 2)
    assert act(world, "encants", "join", id).place == "candidate"
    assert act(world, "riacho", "endorse", id, "encants").candidates == 1
    assert act(world, "serra", "endorse", id, "encants").members == 3
    for name in NAMES:
        assert places(world, name, id) == {"riacho": "member", "serra": "member", "encants": "member"}
    assert [one.endorsements for one in shown(world, "campo", id).networks if one.handle == "encants"] == [2]


def test_until_the_last_founder_joins_it_is_not_founded() -> None:
    world = world_of()
    wish = CreateFederation("Vale", "HORA", ("serra", id_text(world.nodes["encants"].network), "riacho"))
    id = world.granted("riacho", "federations.create", wish).id
    assert places(world, "serra", id) == {"riacho": "founding", "serra": "named", "encants": "named"}
    assert act(world, "encants", "join", id).place == "founding"
    assert refusal(act(world, "riacho", "endorse", id, "campo")) == ("STATE_CONFLICT", "founding")
    assert (shown(world, "riacho", id).founded, shown(world, "riacho", id).members) == (False, 0)
    assert act(world, "serra", "join", id).place == "member"
    assert set(places(world, "campo", id).values()) == {"member"}


def test_it_is_all_there_after_a_restart() -> None:
    world = world_of()
    id = founded(world, "riacho", "serra")
    act(world, "encants", "join", id)
    act(world, "serra", "endorse", id, "encants")
    before = {name: shown(world, name, id) for name in NAMES}
    for name in NAMES:
        world.restart(name)
        assert shown(world, name, id) == before[name]


def test_two_thirds_expel_and_an_endorsement_lets_back_in() -> None:
    world = world_of()
    id = founded(world, "riacho", "serra", "encants")
    assert act(world, "riacho", "expel", id, "encants").members == 3
    [accused] = [one for one in shown(world, "campo", id).networks if one.handle == "encants"]
    assert (accused.place, accused.votes) == ("member", 1)
    assert refusal(act(world, "riacho", "expel", id, "encants")) == ("STATE_CONFLICT", "voted")
    assert act(world, "serra", "expel", id, "encants").members == 2
    assert places(world, "encants", id)["encants"] == "expelled"
    assert refusal(act(world, "encants", "endorse", id, "campo")) == ("STATE_CONFLICT", "expelled")
    assert refusal(act(world, "encants", "join", id)) == ("STATE_CONFLICT", "expelled")
    assert act(world, "serra", "endorse", id, "encants").members == 3
    assert act(world, "serra", "expel", id, "encants").members == 2
    assert act(world, "serra", "endorse", id, "encants").members == 3, "an earlier endorsement is no hindrance"


def test_a_vote_tells_how_far_the_accused_was_heard() -> None:
    world = world_of()
    id = founded(world, "riacho", "serra", "encants")
    act(world, "campo", "join", id)
    act(world, "encants", "endorse", id, "campo")
    for name in ("riacho", "serra", "campo"):
        act(world, name, "expel", id, "encants")
    assert places(world, "riacho", id) == {
        "riacho": "member", "serra": "member", "encants": "expelled", "campo": "member"
    }  # fmt: skip
    [federation] = world.nodes["riacho"].replica.book.of(Charters).said
    said = world.nodes["riacho"].replica.book.of(Charters).said[federation]
    encants = world.nodes["encants"].network
    assert [one.votes[encants].seen for one in said.values() if encants in one.votes] == [said[encants].newest] * 3


def test_who_leaves_is_outside_and_may_come_back() -> None:
    world = world_of()
    id = founded(world, "riacho", "serra")
    assert act(world, "serra", "leave", id).place == "outside"
    assert refusal(act(world, "serra", "leave", id)) == ("STATE_CONFLICT", "outside")
    assert refusal(act(world, "riacho", "expel", id, "serra")) == ("STATE_CONFLICT", "outside")
    assert act(world, "serra", "join", id).place == "member"
    assert refusal(act(world, "serra", "join", id)) == ("STATE_CONFLICT", "member")


def test_a_candidate_withdraws() -> None:
    world = world_of()
    id = founded(world, "riacho", "serra")
    assert act(world, "campo", "join", id).candidates == 1
    assert refusal(act(world, "campo", "endorse", id, "encants")) == ("STATE_CONFLICT", "candidate")
    assert refusal(act(world, "riacho", "expel", id, "campo")) == ("STATE_CONFLICT", "candidate")
    assert act(world, "campo", "leave", id).candidates == 0


def test_a_network_that_is_endorsed_beforehand_is_admitted_when_it_joins() -> None:
    world = world_of()
    id = founded(world, "riacho", "serra")
    act(world, "riacho", "endorse", id, "campo")
    assert refusal(act(world, "riacho", "endorse", id, "campo")) == ("STATE_CONFLICT", "endorsed")
    assert places(world, "riacho", id) == {"riacho": "member", "serra": "member"}
    assert act(world, "campo", "join", id).place == "member"


@pytest.mark.parametrize(
    ("wish", "reason", "figure"),
    [
        (CreateFederation("Vale", "HORA", ("nowhere",)), "NETWORK_UNKNOWN", "nowhere"),
        (CreateFederation("Vale", "HORA", ("y" * 51 + "a",)), "NETWORK_UNKNOWN", "y" * 51 + "a"),
        (CreateFederation("Vale", "HORA", ("serra",), endorsements=3), "MALFORMED", "endorsements"),
        (CreateFederation("", "HORA"), "MALFORMED", "name"),
        (CreateFederation("V" * 101, "HORA"), "MALFORMED", "name"),
        (CreateFederation("Vale\u0301", "HORA"), "TEXT_NOT_NFC", "name"),
        (CreateFederation("Vale", ""), "MALFORMED", "unit"),
        (CreateFederation("Vale", "H" * 13), "MALFORMED", "unit"),
        (CreateFederation("Vale", "HORA", value="0"), "MALFORMED", "value"),
        (CreateFederation("Vale", "HORA", value="1_0"), "MALFORMED", "value"),
        (CreateFederation("Vale", "HORA", value="much"), "MALFORMED", "value"),
    ],
)
def test_a_charter_that_cannot_be_is_refused_and_leaves_nothing(
    wish: CreateFederation, reason: str, figure: str
) -> None:
    world = world_of("riacho", "serra")
    before = len(world.nodes["riacho"].disk)
    assert refusal(world.ask("riacho", "federations.create", wish)) == (reason, figure)
    assert len(world.nodes["riacho"].disk) == before


def test_there_are_so_many_founders_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(federations, "FOUNDERS_MAX", 2)
    world = world_of("riacho", "serra", "encants")
    wish = CreateFederation("Vale", "HORA", ("serra", "encants"))
    assert refusal(world.ask("riacho", "federations.create", wish)) == ("MALFORMED", "founders")
    assert world.granted("riacho", "federations.create", CreateFederation("Vale", "HORA", ("serra", "serra")))


def test_a_federation_that_is_not_known_is_told_by_its_code() -> None:
    world = world_of("riacho", "serra")
    for id in ("a" * 52, "vale", ""):
        for verb in ("join", "leave"):
            assert refusal(act(world, "riacho", verb, id)) == ("FEDERATION_UNKNOWN", None)
        for verb in ("endorse", "expel"):
            assert refusal(act(world, "riacho", verb, id, "serra")) == ("FEDERATION_UNKNOWN", None)
        assert refusal(world.ask("riacho", "federations.show", subject=id)) == ("FEDERATION_UNKNOWN", None)


@pytest.mark.parametrize("verb", ["endorse", "expel"])
def test_one_speaks_of_networks_that_are_known_and_not_of_oneself(verb: str) -> None:
    world = world_of("riacho", "serra")
    id = founded(world, "riacho", "serra")
    own = id_text(world.nodes["riacho"].network)
    assert refusal(act(world, "riacho", verb, id, "riacho")) == ("MALFORMED", "network")
    assert refusal(act(world, "riacho", verb, id, own)) == ("MALFORMED", "network")
    assert refusal(act(world, "riacho", verb, id, "nowhere")) == ("NETWORK_UNKNOWN", "nowhere")
    unknown = id_text(bytes(32))
    assert refusal(act(world, "riacho", verb, id, unknown)) == ("NETWORK_UNKNOWN", unknown)


def test_a_handle_that_two_networks_bear_names_none_of_them() -> None:
    world = world_of("riacho", "serra", "campo")
    campo = world.nodes["campo"]
    profile = campo.replica.book.of(Directory).networks[campo.network].profile
    assert profile is not None
    campo.replica.journal.write(replace(profile, handle="serra"), COMMONS, world.now)
    world.tick(2)
    wish = CreateFederation("Vale", "HORA", ("serra",))
    reason, networks = refusal(world.ask("riacho", "federations.create", wish))
    assert (reason, len(networks.split(", "))) == ("HANDLE_AMBIGUOUS", 2)
    by_id = CreateFederation("Vale", "HORA", (id_text(campo.network),))
    id = world.granted("riacho", "federations.create", by_id).id
    assert act(world, "campo", "join", id).place == "member"


def test_of_several_forks_the_first_place_in_the_commons_counts() -> None:
    world = world_of("riacho", "serra")
    directory, serra = world.nodes["riacho"].replica.book.of(Directory), world.nodes["serra"].network
    for lane, seq in ((COMMONS, 9), (COMMONS, 3), (COMMONS, 5), (LEDGER, 1)):
        directory.note_fork(serra, lane, seq)
    assert (directory.forked, directory.networks[serra].forked) == ({serra: 3}, True)
    directory.pardon(serra)
    assert (directory.forked, directory.networks[serra].forked) == ({}, False)


def test_only_stewards_speak_for_a_network() -> None:
    world = world_of("riacho", "serra")
    id = founded(world, "riacho", "serra")
    for verb, wish in (("join", JoinFederation()), ("leave", LeaveFederation()), ("expel", ExpelNetwork("serra"))):
        actor = Actor(Role.COMMITTEE)
        assert refusal(world.ask("riacho", f"federations.{verb}", wish, subject=id, actor=actor))[0] == "FORBIDDEN"
    assert world.granted("riacho", "federations.show", subject=id, actor=Actor(Role.MEMBER, "x")).members == 2


def test_a_network_takes_part_in_so_many_federations(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (charters, federations):
        monkeypatch.setattr(module, "FEDERATIONS_MAX", 2)
    world = world_of("riacho", "serra")
    first = founded(world, "riacho", "serra")
    founded(world, "riacho", "serra")
    assert refusal(world.ask("riacho", "federations.create", CreateFederation("C", "HORA"))) == ("OVERLOADED", 2)
    exchange(world, "campo", "MATE")
    world.join("campo", "riacho")
    world.tick(2)
    other = world.granted("campo", "federations.create", CreateFederation("D", "MATE")).id
    world.tick(2)
    assert refusal(act(world, "riacho", "join", other)) == ("OVERLOADED", 2)
    assert act(world, "riacho", "leave", first).place == "outside"
    assert act(world, "riacho", "join", first).place == "member", "it speaks of that one already"


def test_a_member_speaks_of_so_many_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (charters, federations):
        monkeypatch.setattr(module, "OTHERS_MAX", 2)
    world = world_of()
    id = founded(world, "riacho", "serra")
    act(world, "riacho", "endorse", id, "serra")
    act(world, "riacho", "endorse", id, "encants")
    assert refusal(act(world, "riacho", "endorse", id, "campo")) == ("OVERLOADED", 2)
    assert not isinstance(act(world, "riacho", "expel", id, "serra"), Refused), "of that one it speaks already"


def test_stewards_are_told_what_asks_for_their_word_and_who_comes_and_goes() -> None:
    world = world_of()
    for name in NAMES:
        told(world, name)
    wish = CreateFederation("Vale", "HORA", ("serra", "encants"), endorsements=2)
    id = world.granted("riacho", "federations.create", wish).id
    assert [told(world, name) for name in NAMES] == [[], [("proposed", None)], [("proposed", None)], []]
    act(world, "serra", "join", id)
    act(world, "encants", "join", id)
    assert [told(world, name) for name in NAMES] == [[("founded", None)]] * 3 + [[]]
    act(world, "campo", "join", id)
    assert [told(world, name) for name in NAMES] == [[("candidate", "campo")]] * 3 + [[]]
    act(world, "riacho", "endorse", id, "campo")
    assert [told(world, name) for name in NAMES] == [[]] * 4
    act(world, "serra", "endorse", id, "campo")
    assert [told(world, name) for name in NAMES] == [[("admitted", "campo")]] * 4
    for name in ("riacho", "serra", "encants"):
        act(world, name, "expel", id, "campo")
    assert [told(world, name) for name in NAMES] == [[("expelled", "campo")]] * 4
    act(world, "encants", "leave", id)
    assert [told(world, name) for name in NAMES] == [[("left", "encants")]] * 3 + [[]]
    act(world, "encants", "join", id)
    assert [told(world, name) for name in NAMES] == [[("admitted", "encants")]] * 3 + [[]]


def test_after_a_restart_nothing_is_news_but_what_comes_then() -> None:
    world = world_of()
    id = founded(world, "riacho", "serra")
    act(world, "campo", "join", id)
    world.restart("riacho")
    told(world, "riacho")
    world.tick(2)
    act(world, "serra", "endorse", id, "campo")
    assert told(world, "riacho") == [("admitted", "campo")]


def test_federations_are_listed_as_their_charters_came_and_pages_neither_skip_nor_repeat() -> None:
    world = world_of("riacho", "serra")
    ids = [founded(world, "riacho", "serra") for _ in range(3)]
    ids.append(world.granted("serra", "federations.create", CreateFederation("Own", "FLOR")).id)
    world.tick(2)
    node, found, after = world.nodes["riacho"], list[str](), 0
    for number in range(1_000, 1_003):
        wish = FederationsWanted()
        world.give("riacho", Asked(number, "federations.list", Actor(Role.STEWARD), wish, after=after, limit=2))
        page = node.answers.pop(number)
        found += [one.id for one in page.items]
        after = page.next
        if after is None:
            break
    assert found == ids
    for place, expected in (
        (FederationPlace.MEMBER, ids[:3]),
        (FederationPlace.OUTSIDE, ids[3:]),
        (FederationPlace.NAMED, []),
    ):
        listed = world.granted("riacho", "federations.list", FederationsWanted(place)).items
        assert [one.id for one in listed] == expected


def test_of_candidates_those_with_the_most_endorsements_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "CANDIDATES_SHOWN_MAX", 1)
    world = world_of()
    id = founded(world, "riacho", "serra", endorsements=2)
    act(world, "encants", "join", id)
    act(world, "campo", "join", id)
    for endorsed in ("campo", "encants"):
        act(world, "riacho" if endorsed == "campo" else "serra", "endorse", id, endorsed)
    assert shown(world, "riacho", id).candidates == 2
    lower = min("encants", "campo", key=lambda name: world.nodes[name].network)
    assert [name for name, place in places(world, "riacho", id).items() if place == "candidate"] == [lower]
    exchange(world, "vila", "VILA")
    for name in NAMES:
        world.join("vila", name)
    world.tick(2)
    act(world, "vila", "join", id)
    assert [name for name, place in places(world, "riacho", id).items() if place == "candidate"] == [lower]


def test_a_forked_member_is_suspended_until_its_cold_keys_speak() -> None:
    world = world_of()
    id = founded(world, "riacho", "serra", "encants")
    serra = world.nodes["serra"]
    head = serra.replica.journal.held.head(serra.network, COMMONS)
    assert head is not None
    assert serra.keyring is not None
    federation = next(iter(serra.replica.book.of(Charters).said))
    for other in (world.nodes["riacho"], world.nodes["encants"]):
        word = seal(
            serra.keyring.hot, network=serra.network, lane=COMMONS, epoch=0, seq=head.position.seq + 1, prev=head.id,
            body=encode_body(Endorsed(federation, other.network), world.now), salt=bytes(16),
        )  # fmt: skip
        says(world, Entries((word.wire,)), to="riacho", source="serra")
    world.tick(2)
    assert world.nodes["riacho"].replica.book.of(Directory).networks[serra.network].forked
    for name in ("riacho", "encants", "campo"):
        assert (places(world, name, id)["serra"], shown(world, name, id).members) == ("suspended", 2)
    assert act(world, "riacho", "expel", id, "serra").members == 2, "it can be voted on meanwhile"
    world.restart("riacho")
    assert places(world, "riacho", id)["serra"] == "suspended"
    rotate(world, "serra")
    world.tick(5)
    for name in ("riacho", "encants", "campo"):
        assert places(world, name, id)["serra"] == "member"


def test_a_word_from_a_later_version_or_for_another_federation_means_nothing_and_is_kept() -> None:
    world = world_of("riacho", "serra")
    id = founded(world, "riacho", "serra")
    serra = world.nodes["serra"]
    serra.replica.journal.write(FederationJoined(bytes(32)), COMMONS, world.now)
    world.give("serra", Asked(9_999, "federations.list", Actor(Role.STEWARD), FederationsWanted()))
    world.run()
    assert [one.id for one in world.granted("riacho", "federations.list", FederationsWanted()).items] == [id]
