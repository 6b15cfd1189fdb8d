# SPDX-License-Identifier: AGPL-3.0-or-later
"""Announcements: pinned up for a while, replaced, withdrawn; and what is refused changes nothing."""

from typing import Any

import pytest
from simulation.groups import exchange
from simulation.world import World

from protocol.book.declaration import Actor, Refused, Role, Seers
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.peers.boards import BOARD_BOUNDS, Boards
from protocol.peers.ties import Tie
from protocol.practices.between.announcements import (
    ANNOUNCEMENT_CHARS_MAX,
    AnnouncementsWanted,
    PublishAnnouncement,
    ReplaceAnnouncement,
    WithdrawAnnouncement,
)
from protocol.practices.between.federations.membership import CreateFederation, JoinFederation
from protocol.wire.keys import id_text


@pytest.fixture
def world() -> World:
    world = World()
    for name in ("riacho", "serra"):
        exchange(world, name, name.upper()[:4], "ana")
    world.join("riacho", "serra")
    world.tick(2)
    return world


def texts(world: World, name: str, **wanted: str) -> list[str]:
    return [one.text for one in world.granted(name, "announcements.list", AnnouncementsWanted(**wanted)).items]


def refusal(world: World, operation: str, wish: Any, subject: str = "", **asked: Any) -> tuple[str, Any]:
    before = dict(world.nodes["riacho"].board)
    refused = world.ask("riacho", operation, wish, subject=subject, **asked)
    assert isinstance(refused, Refused), refused
    assert world.nodes["riacho"].board == before
    return refused.reason.code, refused.figures.get("field")


def test_what_is_shown_of_one(world: World) -> None:
    shown = world.granted("riacho", "announcements.publish", PublishAnnouncement("Market on Saturday", days=6))
    assert (shown.text, shown.seers, shown.federations, shown.version) == ("Market on Saturday", "everybody", (), 1)
    assert (shown.network, shown.handle) == (id_text(world.nodes["riacho"].network), "riacho")
    assert shown.ends_at == world.now + 6 * DAY_MS
    assert world.granted("riacho", "announcements.show", subject=shown.id) == shown
    world.tick(2)
    [there] = world.granted("serra", "announcements.list", AnnouncementsWanted()).items
    assert there == shown


def test_it_is_found_by_network_and_by_words(world: World) -> None:
    for name, text in (("riacho", "Market on Saturday"), ("riacho", "Lost: a dog"), ("serra", "Found: a dog")):
        world.granted(name, "announcements.publish", PublishAnnouncement(text))
    world.tick(2)
    assert texts(world, "riacho") == ["Market on Saturday", "Lost: a dog", "Found: a dog"]
    assert texts(world, "riacho", search="DOG") == ["Lost: a dog", "Found: a dog"]
    assert texts(world, "riacho", search="DOG", network="serra") == ["Found: a dog"]
    assert texts(world, "serra", network=id_text(world.nodes["riacho"].network)) == [
        "Market on Saturday",
        "Lost: a dog",
    ]
    assert refusal(world, "announcements.list", AnnouncementsWanted(network="nowhere"))[0] == "NETWORK_UNKNOWN"


def test_a_list_is_paged_by_arrival(world: World) -> None:
    for number in range(3):
        world.granted("riacho", "announcements.publish", PublishAnnouncement(f"{number}"))
    [first, *_] = world.granted("riacho", "announcements.list", AnnouncementsWanted()).items
    world.granted("riacho", "announcements.replace", ReplaceAnnouncement("0 again"), subject=first.id)
    assert texts(world, "riacho") == ["1", "2", "0 again"]
    world.restart("riacho")
    assert texts(world, "riacho") == ["1", "2", "0 again"]


def test_what_takes_its_place_stands_no_shorter_and_the_same_read_it(world: World) -> None:
    shown = world.granted("riacho", "announcements.publish", PublishAnnouncement("Market", days=60, seers=Seers.GROUP))
    later = world.granted("riacho", "announcements.replace", ReplaceAnnouncement("No market", days=1), subject=shown.id)
    assert (later.id, later.text, later.version, later.seers) == (shown.id, "No market", 2, "group")
    assert later.ends_at == shown.ends_at
    world.granted("riacho", "announcements.withdraw", WithdrawAnnouncement(), subject=shown.id)
    board = world.nodes["riacho"].replica.book.of(Boards)
    [held] = board.of[world.nodes["riacho"].network].items.values()
    assert (held.item.said.body, held.item.said.not_after) == (None, shown.ends_at)


def test_what_is_refused_for_its_form(world: World) -> None:
    publish = "announcements.publish"
    assert refusal(world, publish, PublishAnnouncement("")) == ("MALFORMED", "text")
    assert refusal(world, publish, PublishAnnouncement("x" * (ANNOUNCEMENT_CHARS_MAX + 1))) == ("MALFORMED", "text")
    assert refusal(world, publish, PublishAnnouncement("e\u0301"))[0] == "TEXT_NOT_NFC"
    wish = PublishAnnouncement("Market", federations=(id_text(bytes(32)),))
    assert refusal(world, publish, wish) == ("MALFORMED", "federations")
    longest = "𝔐" * ANNOUNCEMENT_CHARS_MAX
    assert world.granted("riacho", publish, PublishAnnouncement(longest, days=366)).text == longest
    world.tick(2)
    assert texts(world, "serra") == [longest]


def test_a_federation_is_named_of_which_one_is_a_member(world: World) -> None:
    wish = PublishAnnouncement("Assembly", seers=Seers.FEDERATIONS)
    assert refusal(world, "announcements.publish", wish)[0] == "FEDERATION_UNKNOWN"
    id = world.granted("riacho", "federations.create", CreateFederation("Vale", "COM", ("serra",))).id
    assert refusal(world, "announcements.publish", wish)[0] == "FEDERATION_UNKNOWN", "it is not founded yet"
    world.tick(2)
    world.granted("serra", "federations.join", JoinFederation(), subject=id)
    world.tick(2)
    assert world.granted("riacho", "announcements.publish", wish).federations == (id,)
    other = PublishAnnouncement("Assembly", seers=Seers.FEDERATIONS, federations=(id, id_text(bytes(32))))
    assert refusal(world, "announcements.publish", other)[0] == "FEDERATION_UNKNOWN"
    twice = PublishAnnouncement("Assembly", seers=Seers.FEDERATIONS, federations=(id, id))
    assert world.granted("riacho", "announcements.publish", twice).federations == (id,)


def test_what_is_not_there_or_withdrawn_is_not_found(world: World) -> None:
    shown = world.granted("riacho", "announcements.publish", PublishAnnouncement("Market"))
    theirs = world.granted("serra", "announcements.publish", PublishAnnouncement("Fair"))
    world.tick(2)
    world.granted("riacho", "announcements.withdraw", WithdrawAnnouncement(), subject=shown.id)
    for id in (shown.id, theirs.id, uuid_text(bytes(16)), "nonsense"):
        assert refusal(world, "announcements.replace", ReplaceAnnouncement("x"), id)[0] == "NOT_FOUND"
        assert refusal(world, "announcements.withdraw", WithdrawAnnouncement(), id)[0] == "NOT_FOUND"
        assert refusal(world, "announcements.show", None, id)[0] == "NOT_FOUND"


def test_only_stewards_publish(world: World) -> None:
    ana = Actor(Role.MEMBER, world.nodes["riacho"].replica.book.member_by_handle["ana"])
    assert refusal(world, "announcements.publish", PublishAnnouncement("Market"), actor=ana)[0] == "FORBIDDEN"


def test_a_full_board_takes_no_more_and_what_is_withdrawn_keeps_its_place(world: World) -> None:
    most = BOARD_BOUNDS[Tie.OWN].items
    ids = [world.granted("riacho", "announcements.publish", PublishAnnouncement("x", days=2)).id for _ in range(most)]
    assert refusal(world, "announcements.publish", PublishAnnouncement("y"))[0] == "BOARD_FULL"
    world.granted("riacho", "announcements.replace", ReplaceAnnouncement("z", days=1), subject=ids[0])
    world.granted("riacho", "announcements.withdraw", WithdrawAnnouncement(), subject=ids[1])
    assert refusal(world, "announcements.publish", PublishAnnouncement("y"))[0] == "BOARD_FULL"
    world.now += 3 * DAY_MS
    world.tick(1)
    assert world.granted("riacho", "announcements.publish", PublishAnnouncement("y")).text == "y"
    assert texts(world, "riacho") == ["y"]
