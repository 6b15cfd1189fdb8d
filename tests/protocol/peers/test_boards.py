# SPDX-License-Identifier: AGPL-3.0-or-later
"""Boards between nodes: who may see an item hears of it, nobody else does, and what is withdrawn is gone everywhere."""

from hashlib import sha256
from typing import Any

import pytest
from simulation.groups import exchange, linked, says
from simulation.theft import rotate
from simulation.world import Node, World
from soak.marked import rest_to_soak

from crdt.index import NOTHING
from protocol.book.declaration import Refused, Seers
from protocol.book.publishing import ITEM_LIFE_MS_MAX
from protocol.book.signed import parse_uuid
from protocol.book.timezones import DAY_MS
from protocol.lanes.items import BoardItem, ItemSaid, parse_item, seal_item
from protocol.peers import boards
from protocol.peers.board_messages import (
    BOARD_ITEMS_PER_FRAME_MAX,
    BoardAhead,
    BoardItems,
    BoardItemsWanted,
    BoardPlace,
    BoardSpans,
)
from protocol.peers.boards import BOARD_BOUNDS, ENDS_SPARE_MAX, Boards
from protocol.peers.messages import unpack
from protocol.peers.pinning import CLOCKS_APART_MS_MAX
from protocol.peers.ties import Tie
from protocol.practices.between.announcements import (
    Announcement,
    AnnouncementShown,
    AnnouncementsWanted,
    PublishAnnouncement,
    ReplaceAnnouncement,
    WithdrawAnnouncement,
)
from protocol.practices.between.federations.membership import CreateFederation, JoinFederation, LeaveFederation
from protocol.practices.between.networks.replicas import InviteReplica
from protocol.wire.keys import KeyPair

KIND = Announcement.KIND
FLOODS = rest_to_soak([1_000, 20_000], first=1)


class Overheard(World):
    """A world in which all that is said of boards is noted: to whom, and by which message."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, Any]] = []

    def carry(self, source: str, target: str, frame: bytes) -> None:
        super().carry(source, target, frame)
        message = unpack(frame)
        if isinstance(message, BoardSpans | BoardAhead | BoardItemsWanted | BoardItems):
            self.said.append((target, message))

    def told(self, name: str, item: bytes) -> bool:
        """Tell whether a node was told that an item is there: by its id, or in a fingerprint of more than it holds."""
        here = frozenset(self.nodes[name].board)
        for target, message in self.said:
            text = repr(message)
            if target == name and repr(item)[2:-1] in text:
                return True
        return any(one == item for _, one in here)


@pytest.fixture
def world() -> Overheard:
    """Three networks in a row: riacho - serra - campo."""
    world = Overheard()
    for name, code in (("riacho", "HORA"), ("serra", "SOL"), ("campo", "BOI")):
        exchange(world, name, code)
    linked(world, "riacho", "serra", 100)
    linked(world, "serra", "campo", 100)
    world.tick(3)
    return world


def publish(world: World, name: str, text: str, **said: object) -> AnnouncementShown:
    return world.granted(name, "announcements.publish", PublishAnnouncement(text, **said))  # type: ignore[arg-type]


def read(world: World, name: str, **wanted: str) -> list[str]:
    return [one.text for one in world.granted(name, "announcements.list", AnnouncementsWanted(**wanted)).items]


def board(world: World, name: str) -> Boards:
    return world.nodes[name].replica.book.of(Boards)


def federate(world: World, *names: str) -> str:
    first, *others = names
    wish = CreateFederation("Vale", "COM", founders=tuple(others))
    federation = world.granted(first, "federations.create", wish).id
    world.tick(2)
    for name in others:
        world.granted(name, "federations.join", JoinFederation(), subject=federation)
    world.tick(3)
    return federation


def home(world: World, name: str) -> Node:
    return world.nodes[name]


def item_of(node: Node, number: int, **said: Any) -> BoardItem:
    """Return an item as the home of a network could sign it, whatever it says."""
    assert node.keyring is not None
    fields = {
        "version": 1,
        "not_after": 1_700_000_000_000 + 30 * DAY_MS,
        "seen_by": (),
        "body": b"\xa1\x01\x61x",
    } | said
    full = ItemSaid(1, node.network, 0, sha256(b"%d" % number).digest()[:16], kind=KIND, **fields)
    return seal_item(node.keyring.hot, full)


def brought(world: World, to: str, source: str, *items: BoardItem) -> str | None:
    """Let one node bring items to another; returns why that one hung up, if it did."""
    for at in range(0, len(items), BOARD_ITEMS_PER_FRAME_MAX):
        why = says(world, BoardItems(tuple(one.wire for one in items[at : at + BOARD_ITEMS_PER_FRAME_MAX])), to, source)
        if why is not None:
            return why
    return None


def test_what_is_published_reaches_all_and_is_replaced_and_withdrawn_everywhere(world: World) -> None:
    shown = publish(world, "riacho", "Market on Saturday")
    world.tick(3)
    assert [read(world, name) for name in world.nodes] == [["Market on Saturday"]] * 3
    world.granted("riacho", "announcements.replace", ReplaceAnnouncement("Market on Sunday"), subject=shown.id)
    world.tick(3)
    assert [read(world, name) for name in world.nodes] == [["Market on Sunday"]] * 3
    world.granted("riacho", "announcements.withdraw", WithdrawAnnouncement(), subject=shown.id)
    world.tick(3)
    assert [read(world, name) for name in world.nodes] == [[]] * 3
    for node in world.nodes.values():
        [(_, wire)] = node.board.values()
        assert parse_item(wire).said.body is None
        assert b"Market" not in wire


def test_whoever_was_away_finds_it_by_comparing_and_whoever_restarts_has_it_still(world: World) -> None:
    world.cut("serra", "campo")
    for number in range(40):
        publish(world, "riacho", f"Notice {number}")
    world.tick(2)
    world.restart("serra")
    assert len(read(world, "serra")) == 40
    assert read(world, "campo") == []
    world.join("serra", "campo")
    world.tick(5)
    assert sorted(read(world, "campo")) == sorted(read(world, "riacho"))


def test_what_was_withdrawn_while_one_was_away_does_not_come_back(world: World) -> None:
    shown = publish(world, "riacho", "Lost: a dog")
    world.tick(3)
    world.cut("serra", "campo")
    world.granted("riacho", "announcements.withdraw", WithdrawAnnouncement(), subject=shown.id)
    world.tick(3)
    assert read(world, "campo") == ["Lost: a dog"]
    world.join("serra", "campo")
    world.tick(3)
    assert [read(world, name) for name in world.nodes] == [[]] * 3


def test_everything_ends_with_its_last_day_at_every_node(world: World) -> None:
    publish(world, "riacho", "Market tomorrow", days=1)
    world.tick(3)
    world.now += DAY_MS
    world.tick(1)
    assert [read(world, name) for name in world.nodes] == [[]] * 3
    assert all(node.board == {} and board(world, node.name).items == 0 for node in world.nodes.values())


def test_a_federations_item_reaches_its_members_and_nobody_else_is_told_that_it_is_there(world: Overheard) -> None:
    federation = federate(world, "riacho", "serra")
    shown = publish(world, "riacho", "Assembly of the valley", seers=Seers.FEDERATIONS)
    assert shown.federations == (federation,)
    world.cut("serra", "campo")
    world.join("serra", "campo")
    world.tick(70)
    assert [read(world, name) for name in world.nodes] == [["Assembly of the valley"]] * 2 + [[]]
    id = parse_uuid(shown.id)
    assert id is not None and not world.told("campo", id)
    spans = [
        one for to, message in world.said if to == "campo" and isinstance(message, BoardSpans) for one in message.spans
    ]
    assert spans and {one.audience for one in spans} == {None}
    assert {one.fingerprint for one in spans} == {NOTHING}
    # Nor is it sent where it is asked for by its id.
    world.said.clear()
    says(world, BoardItemsWanted((BoardPlace(home(world, "riacho").network, id),)), "serra", "campo")
    assert world.said == []


def test_who_joins_a_federation_hears_of_its_items_and_who_leaves_keeps_none(world: World) -> None:
    federation = federate(world, "riacho", "serra", "campo")
    publish(world, "riacho", "Assembly", seers=Seers.FEDERATIONS, federations=(federation,))
    world.tick(3)
    assert read(world, "campo") == ["Assembly"]
    world.granted("campo", "federations.leave", LeaveFederation(), subject=federation)
    world.tick(3)
    assert read(world, "campo") == []
    assert world.nodes["campo"].board == {}
    assert read(world, "serra") == ["Assembly"]


def test_the_groups_own_items_go_to_its_replicas_alone(world: Overheard) -> None:
    code = world.granted("riacho", "replicas.invite", InviteReplica()).code
    world.second("copy", "riacho", code)
    world.join("copy", "riacho")
    world.tick(3)
    shown = publish(world, "riacho", "Keys are under the mat", seers=Seers.GROUP)
    world.tick(3)
    assert [read(world, name) for name in ("riacho", "copy")] == [["Keys are under the mat"]] * 2
    id = parse_uuid(shown.id)
    assert id is not None and not world.told("serra", id) and not world.told("campo", id)
    assert isinstance(world.ask("copy", "announcements.withdraw", WithdrawAnnouncement(), subject=shown.id), Refused)
    world.granted("riacho", "announcements.withdraw", WithdrawAnnouncement(), subject=shown.id)
    world.tick(2)
    assert read(world, "copy") == []


# Bounds.


@pytest.mark.parametrize("flood", FLOODS)
def test_a_stranger_brings_thousands_of_items_and_costs_its_budget_alone(world: Overheard, flood: int) -> None:
    publish(world, "riacho", "Market")
    world.tick(3)
    exchange(world, "hostil", "ZZZ")
    world.join("hostil", "serra")
    world.tick(2)
    items = [item_of(home(world, "hostil"), number) for number in range(flood)]
    assert brought(world, "serra", "hostil", *items) is None, "what exceeds our bound is no fault of the teller"
    held = board(world, "serra").of[home(world, "hostil").network]
    bound = BOARD_BOUNDS[Tie.STRANGER]
    assert len(held.items) == bound.items and held.bytes <= bound.bytes
    assert sorted(held.items) == sorted(one.said.item for one in items)[: bound.items], "those of the least ids"
    assert len(home(world, "serra").board) == bound.items + 1
    world.tick(5)
    assert read(world, "campo", network="riacho") == read(world, "serra", network="riacho") == ["Market"]
    for node in ("riacho", "campo"):
        assert len(board(world, node).of[home(world, "hostil").network].items) <= bound.items


def test_nodes_with_equal_room_keep_the_same_and_have_nothing_more_to_say(world: Overheard) -> None:
    exchange(world, "hostil", "ZZZ")
    items = [item_of(home(world, "hostil"), number) for number in range(200)]
    for name, some in (("riacho", items), ("campo", items[::-1])):
        world.join("hostil", name)
        world.tick(2)
        brought(world, name, "hostil", *some)
        world.cut("hostil", name)
    assert board(world, "riacho").index(None).opening() == board(world, "campo").index(None).opening()
    world.tick(5)
    world.said.clear()
    world.tick(120)
    assert len(world.said) <= 16, "an opening a minute and neighbour"


def test_where_all_is_full_the_least_connected_give_way(world: Overheard, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(world, "serra", "Ours")
    publish(world, "riacho", "A partner's")
    world.tick(3)
    exchange(world, "hostil", "ZZZ")
    world.join("hostil", "serra")
    world.tick(2)
    brought(world, "serra", "hostil", *(item_of(home(world, "hostil"), number) for number in range(20)))
    monkeypatch.setattr(boards, "BOARDS_ITEMS_MAX", 22)
    partner = [item_of(home(world, "riacho"), number) for number in range(12)]
    brought(world, "serra", "riacho", *partner)
    held = board(world, "serra")
    assert held.items <= 22
    assert len(held.of[home(world, "riacho").network].items) == 13
    assert len(held.of[home(world, "serra").network].items) == 1
    assert len(held.of[home(world, "hostil").network].items) < 20
    assert set(home(world, "serra").board) == {
        one.item.place for of in held.of.values() for one in of.items.values()
    }, "what has given way is not on the disk either"
    more = [item_of(home(world, "hostil"), number) for number in range(100, 120)]
    brought(world, "serra", "hostil", *more)
    assert held.items <= 22


def test_a_later_version_and_a_withdrawal_find_room_where_the_board_is_full(world: Overheard) -> None:
    exchange(world, "hostil", "ZZZ")
    world.join("hostil", "serra")
    world.tick(2)
    items = sorted((item_of(home(world, "hostil"), number) for number in range(32)), key=lambda one: one.said.item)
    brought(world, "serra", "hostil", *items)
    last = next(number for number in range(32) if item_of(home(world, "hostil"), number) == items[-1])
    brought(world, "serra", "hostil", item_of(home(world, "hostil"), last, version=2, body=None))
    held = board(world, "serra").get(*items[-1].place)
    assert held is not None and held.said.body is None


# What nobody keeps.


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"not_after": 0}, "ended"),
        ({"not_after": 1_700_000_000_000 + ITEM_LIFE_MS_MAX + 2 * CLOCKS_APART_MS_MAX}, "beyond the longest life"),
        ({"seen_by": (bytes(32),)}, "of a federation of others"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_not_to_be_kept_is_passed_over(world: Overheard, said: dict[str, Any], name: str) -> None:
    del name
    assert brought(world, "serra", "riacho", item_of(home(world, "riacho"), 1, **said)) is None
    assert board(world, "serra").items == 0


def test_another_networks_own_items_are_not_kept(world: Overheard) -> None:
    own = item_of(home(world, "riacho"), 1, seen_by=(home(world, "riacho").network,))
    assert brought(world, "serra", "riacho", own) is None
    assert board(world, "serra").items == 0


def test_what_nobody_has_signed_costs_the_connection(world: Overheard) -> None:
    good = item_of(home(world, "campo"), 1)
    forged = seal_item(KeyPair.from_seed(bytes(32)), good.said)
    assert brought(world, "serra", "riacho", forged) == "an item that the network's key has not signed"
    assert board(world, "serra").items == 0


def test_what_a_thief_has_signed_ends_with_his_epoch_and_the_home_signs_its_own_anew(world: Overheard) -> None:
    shown = publish(world, "riacho", "Market")
    world.tick(3)
    stolen = home(world, "riacho")
    thiefs = item_of(stolen, 7, seen_by=())
    rotate(world, "riacho")
    world.tick(5)
    assert [read(world, name, network="riacho") for name in world.nodes] == [["Market"]] * 3
    for name in world.nodes:
        [held] = [one.item for one in board(world, name).of[stolen.network].items.values()]
        assert (held.said.epoch, held.said.version) == (1, 2), name
    assert brought(world, "campo", "serra", thiefs) is None
    assert read(world, "campo", network="riacho") == ["Market"]
    assert world.granted("riacho", "announcements.show", subject=shown.id).text == "Market"


def test_a_home_from_an_old_copy_takes_its_own_board_back_from_others(world: Overheard) -> None:
    shown = publish(world, "riacho", "Market on Saturday")
    old = dict(home(world, "riacho").board)
    world.granted("riacho", "announcements.withdraw", WithdrawAnnouncement(), subject=shown.id)
    world.tick(3)
    home(world, "riacho").board = old
    world.restart("riacho")
    assert read(world, "riacho") == ["Market on Saturday"]
    world.tick(5)
    assert [read(world, name) for name in world.nodes] == [[]] * 3


def test_versions_without_end_take_no_memory(world: Overheard) -> None:
    held = board(world, "serra")
    for version in range(1, 3 * ENDS_SPARE_MAX):
        held.put(item_of(home(world, "riacho"), 1, version=version), version)
    assert held.items == 1 and len(held._ends) <= ENDS_SPARE_MAX + 4
