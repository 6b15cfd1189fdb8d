# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much is kept of other networks: little of strangers, more of the nearer, all of partners."""

from itertools import pairwise

import pytest
from simulation.groups import exchange, linked
from simulation.strangers import Stranger
from simulation.world import World

from protocol.events import PeerDown
from protocol.lanes.entry import COMMONS, IDENTITY
from protocol.lanes.weights import Weighed
from protocol.peers import budgets
from protocol.peers.budgets import BUDGETS, HEAVIER, Budget
from protocol.peers.messages import Entries, Heads, Wanted, unpack
from protocol.peers.ties import Tie
from protocol.practices.between.faults.seen import Faults
from protocol.practices.between.networks.known import SetProfile
from protocol.wire.keys import id_text

SMALL = Weighed(8, 64 * 1024)
MANY = Weighed(10_000, 64 * 1024 * 1024)


def kept(world: World, name: str, one: Stranger) -> int:
    """Return how many entries of a network a node keeps; memory and disk agree about it."""
    node = world.nodes[name]
    held = node.replica.journal.held
    heads = (held.head(one.network, lane) for lane in (IDENTITY, COMMONS))
    found = sum(head.position.seq + 1 for head in heads if head is not None)
    assert found == sum(entry.network == one.network for entry in node.disk)
    assert (one.network in node.replica.journal.directory.networks) == bool(found)
    return found


def bounded(
    monkeypatch: pytest.MonkeyPatch, each: Weighed = SMALL, together: Weighed = MANY, networks: int = 100
) -> None:
    """Let strangers have so much."""
    monkeypatch.setattr(budgets, "BUDGETS", {**BUDGETS, Tie.STRANGER: Budget(each, together)})
    monkeypatch.setattr(budgets, "NETWORKS_MAX", networks)


def serra_and_riacho() -> World:
    world = World()
    exchange(world, "serra", "FLOR", "bia")
    exchange(world, "riacho", "HORA", "ana")
    return world


def partners() -> World:
    world = serra_and_riacho()
    linked(world, "riacho", "serra", 100)
    world.tick(3)
    world.drops.clear()
    return world


def test_of_a_stranger_so_much_is_kept_and_whoever_tells_of_it_has_told_no_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch)
    world = partners()
    one = Stranger().names_itself(20).connects(world, "serra")
    one.tells(world, "serra")
    assert kept(world, "serra", one) == 8
    world.tick(5)
    assert kept(world, "riacho", one) == 8, "by the partner's word"
    assert not world.drops
    world.restart("serra")
    world.tick(5)
    assert kept(world, "serra", one) == 8 and not world.drops


def test_words_that_mean_nothing_here_count_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch)
    world = serra_and_riacho()
    one = Stranger().chatters(10, 20).connects(world, "serra")
    one.tells(world, "serra", one.said[1:])
    assert kept(world, "serra", one) == 4, "the inception, and three words that count twice: 7 of 8"


def test_bytes_are_bounded_as_entries_are(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch)
    world = serra_and_riacho()
    one = Stranger().chatters(20_000, 3).connects(world, "serra")
    one.tells(world, "serra", one.said[1:])
    assert kept(world, "serra", one) == 2


def test_what_is_not_taken_is_not_asked_for_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch)
    world = serra_and_riacho()
    one = Stranger().names_itself(20).connects(world, "riacho")
    monkeypatch.setattr(budgets, "BUDGETS", BUDGETS)
    one.tells(world, "riacho")
    assert kept(world, "riacho", one) == 21
    bounded(monkeypatch)
    world.join("serra", "riacho")
    world.tick(10)
    assert kept(world, "serra", one) == 8
    said: list[object] = []
    hear = world.carry

    def carry(source: str, target: str, frame: bytes) -> None:
        said.append(unpack(frame))
        hear(source, target, frame)

    monkeypatch.setattr(world, "carry", carry)
    world.tick(120)
    assert not [one for one in said if isinstance(one, Entries | Wanted)]
    assert len([one for one in said if isinstance(one, Heads)]) < 40, "they still differ, and compare seldom"
    assert not world.drops


def test_partners_are_always_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch, together=Weighed(12, 64 * 1024), networks=5)
    world = partners()
    for _ in range(3):
        Stranger().names_itself(20).connects(world, "serra").tells(world, "serra")
    for time in range(30):
        riacho = world.nodes["riacho"]
        world.granted(
            "riacho", "networks.set-profile", SetProfile(name=f"Riacho {time}"), subject=id_text(riacho.network)
        )
    world.tick(2)
    held = world.nodes["serra"].replica.journal
    known = held.directory.networks[world.nodes["riacho"].network].profile
    assert known is not None and known.name == "Riacho 29"
    assert not world.drops


def test_where_strangers_have_all_there_is_the_heaviest_gives_way_to_a_light_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together = Weighed(1_000, 40_000)
    bounded(monkeypatch, together=together)
    world = serra_and_riacho()
    heavy = [Stranger().chatters(4_000, 2) for _ in range(2)]
    for one in heavy:
        one.connects(world, "serra").tells(world, "serra")
        world.give("serra", PeerDown(one.peer))
    world.tick(60)
    assert [kept(world, "serra", one) for one in heavy] == [3, 3]
    light = [Stranger().names_itself() for _ in range(20)]
    teller = Stranger().connects(world, "serra")
    for one in light:
        world.tick()
        teller.tells(world, "serra", one.said)
    assert [kept(world, "serra", one) for one in light] == [2] * 20
    assert sorted(kept(world, "serra", one) for one in heavy) == [0, 3]
    world.tick(2)
    weights = world.nodes["serra"].replica.journal.held.weights
    assert sum(weights.of(one.network).bytes for one in (*heavy, *light, teller)) <= together.bytes
    teller.tells(world, "serra", [entry for one in heavy for entry in one.said])
    assert sorted(kept(world, "serra", one) for one in heavy) == [0, 3], "who gave way is not heard again at once"


def test_a_stranger_takes_no_others_place_by_being_late(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch, networks=10)
    world = serra_and_riacho()
    first = [Stranger() for _ in range(9)]
    teller = first[0].connects(world, "serra")
    teller.tells(world, "serra", [one.said[0] for one in first])
    more = [Stranger() for _ in range(30)]
    teller.tells(world, "serra", [one.said[0] for one in more])
    assert [kept(world, "serra", one) for one in first] == [1] * 9
    assert not any(kept(world, "serra", one) for one in more) and not world.drops


def test_two_partners_with_different_strangers_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch, networks=60)
    world = partners()
    exchange(world, "encants", "COIN", "eva")
    exchange(world, "moinho", "PA", "rui")
    crowds = {name: [Stranger().names_itself() for _ in range(200)] for name in ("serra", "riacho")}
    world.cut("serra", "riacho")
    for name, crowd in crowds.items():
        teller = crowd[0].connects(world, name)
        teller.tells(world, name, [entry for one in crowd for entry in one.said])
        world.give(name, PeerDown(teller.peer))
        assert len(world.nodes[name].replica.journal.directory.networks) == 60
    world.join("serra", "riacho")
    world.tick(120)
    assert frozenset(("serra", "riacho")) in world.joined and not world.drops
    # A newcomer that connects has a place, and so has who is linked to a partner.
    world.join("serra", "encants")
    world.tick(3)
    directory = world.nodes["serra"].replica.journal.directory
    assert world.nodes["encants"].network in directory.networks and len(directory.networks) == 60
    linked(world, "encants", "serra", 10)
    linked(world, "encants", "moinho", 10)
    world.tick(120)
    for name in ("serra", "riacho"):
        networks = world.nodes[name].replica.journal.directory.networks
        assert {world.nodes[one].network for one in ("serra", "riacho", "encants")} <= networks.keys()
        assert len(networks) == 60
    assert world.nodes["moinho"].network in world.nodes["serra"].replica.journal.directory.networks
    assert not world.drops
    for name in crowds:
        world.restart(name)
        assert len(world.nodes[name].replica.journal.directory.networks) == 60


def test_a_connected_stranger_keeps_its_place_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch, each=Weighed(100, 64 * 1024), together=Weighed(24, 64 * 1024))
    world = serra_and_riacho()
    heavy = Stranger().names_itself(20).connects(world, "serra")
    heavy.tells(world, "serra")
    world.tick(60)
    light = Stranger().names_itself(4).connects(world, "serra")
    light.tells(world, "serra")
    assert (kept(world, "serra", heavy), kept(world, "serra", light)) == (1, 5)
    assert not world.drops


def test_who_is_accused_keeps_its_key_events_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch, together=Weighed(1_000, 20_000))
    world = serra_and_riacho()
    liar = Stranger().chatters(6_000).connects(world, "serra")
    liar.tells(world, "serra")
    twin = Stranger()
    twin.hot, twin.network, twin.said = liar.hot, liar.network, liar.said[:1]
    liar.tells(world, "serra", [twin.names_itself().said[1]])
    assert [one.network for one in world.nodes["serra"].replica.book.of(Faults).by_id.values()] == [liar.network]
    world.give("serra", PeerDown(liar.peer))
    world.tick(60)
    teller = Stranger().connects(world, "serra")
    light = [Stranger().names_itself() for _ in range(12)]
    for one in light:
        world.tick()
        teller.tells(world, "serra", one.said)
    assert [kept(world, "serra", one) for one in light] == [2] * 12
    assert kept(world, "serra", liar) == 1


def test_a_network_that_has_come_nearer_is_heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch, each=Weighed(3, 64 * 1024))
    world = serra_and_riacho()
    world.join("serra", "riacho")
    network = world.nodes["riacho"].network
    for time in range(6):
        world.granted("riacho", "networks.set-profile", SetProfile(name=f"Riacho {time}"), subject=id_text(network))
    world.tick(3)
    known = world.nodes["serra"].replica.journal.directory.networks[network].profile
    assert known is not None and known.name == "Riacho 0"
    linked(world, "riacho", "serra", 100)
    world.tick(5)
    known = world.nodes["serra"].replica.journal.directory.networks[network].profile
    assert known is not None and known.name == "Riacho 5"


def test_the_table_grows_with_nearness() -> None:
    ties = [BUDGETS[tie] for tie in (Tie.STRANGER, Tie.KNOWN, Tie.FEDERATION)]
    for far, near in pairwise(ties):
        assert far.each.fits(near.each) and far.together.fits(near.together)
    assert not {Tie.PARTNER, Tie.OWN} & BUDGETS.keys() and HEAVIER > 1
