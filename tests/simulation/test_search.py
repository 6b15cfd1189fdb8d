# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every order of events in small worlds: the code is sound in all of them, and mutants are found in some."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulation.copies import Chance, copied, marked
from simulation.mutants import CLEARING, MUTANTS
from simulation.search import Searched, Searching, search, told_of_search
from simulation.smallworlds import SOUGHT, WORLDS
from simulation.story import NAMES
from simulation.world import Node
from soak.marked import rest_to_soak

from protocol.events import PeerDown, TimerFired
from protocol.practices.between.clearing.state import Clearing
from protocol.practices.between.links.talk import Sendings
from protocol.practices.between.quotes.state import Quotes

HANDBOOK = (Path(__file__).parents[2] / "docs" / "properties.md").read_text()
PAYER, MIDDLE, PAYEE = NAMES[:3]


GREAT = ("two old copies", "a cut", "against each other", "two rings", "a payer that cheats")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", rest_to_soak(sorted(WORLDS, key=GREAT.__contains__), first=len(WORLDS) - len(GREAT)))
def test_every_property_holds_in_every_order_of_events(name: str) -> None:
    small = WORLDS[name]
    found = search(small)
    assert found.broken is None, told_of_search(small, name, found)
    assert found.complete == (small.depth is None)


def table_of_sought() -> Mapping[str, tuple[str, str, int]]:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([A-Z=>-]+) \| (\d+) \|$", HANDBOOK, re.MULTILINE)
    return {name: (world, found, int(events)) for name, world, found, events in rows}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", rest_to_soak(SOUGHT, first=2))
def test_a_mutant_is_found_by_name_on_the_shortest_way(name: str) -> None:
    world, caught_by = SOUGHT[name]
    with {**MUTANTS, **CLEARING}[name].loose():
        found = search(replace(WORLDS[world], depth=None))
    assert found.broken is not None and found.broken.name == caught_by, found
    assert (world, caught_by, len(found.path)) == table_of_sought()[name]


def test_the_handbook_names_the_worlds_and_what_is_found_in_them() -> None:
    assert table_of_sought().keys() == SOUGHT.keys()
    assert CLEARING.keys() <= SOUGHT.keys()
    told = re.findall(r"^\| ([^|`]+) \| ([^|]+) \|$", HANDBOOK, re.MULTILINE)
    assert {name: small.story for name, small in WORLDS.items()}.items() <= dict(told).items()


def test_what_is_found_is_told_with_the_way_there() -> None:
    small = WORLDS["a cut"]
    with MUTANTS["waived while open"].loose():
        found = search(small)
    told = told_of_search(small, "a cut", found).splitlines()
    assert "bounded" in told[0] and "NO-HONEST-LOSS" in told[1]
    assert [line.strip() for line in told[2:]] == [
        "wish pay 0 2 10", f"deliver {PAYER} {MIDDLE}", f"cut {PAYEE} {MIDDLE}", "tick 11",
    ]  # fmt: skip


# What the search rests on: nothing is merged that differs, and nothing is shared that changes.


SHORT = replace(WORLDS["a kill"], kills=(1,), often={"kill": 1, "tick": 1, "lose": 1}, depth=5)


def test_what_is_remembered_of_inputs_changes_no_state(monkeypatch: pytest.MonkeyPatch) -> None:
    remembering = Searching(SHORT)
    remembering.run()
    forgetful = Searching(SHORT)
    handle: Callable[..., Any] = forgetful.world.handle

    def worked_out_again(node: Node, inputs: tuple[Any, ...]) -> Any:
        forgetful.world.known.clear()
        forgetful.world.loaded.clear()
        return handle(node, inputs)

    monkeypatch.setattr(forgetful.world, "handle", worked_out_again)
    forgetful.run()
    assert forgetful.world.inputs > 2 * remembering.world.inputs
    assert forgetful.came.keys() == remembering.came.keys()


def test_no_state_is_left_out_for_one_in_which_more_may_befall(monkeypatch: pytest.MonkeyPatch) -> None:
    covered = Searching(SHORT)
    covered.run()
    all_of_them = Searching(SHORT)
    monkeypatch.setattr(all_of_them, "_is_covered", lambda mark, left: left in all_of_them.seen[mark])
    all_of_them.run()
    assert len(all_of_them.came) > len(covered.came)
    assert {mark for mark, _ in all_of_them.came} == {mark for mark, _ in covered.came}


@pytest.mark.parametrize("world", ["a kill", "a ring", "a middle that cheats"])
def test_what_befalls_a_copy_leaves_what_it_was_copied_from_as_it_was(world: str) -> None:
    searching = Searching(WORLDS[world], states_max=200)
    searching.run()
    assert searching.world.known
    for replica, mark, _ in searching.world.known.values():
        assert marked(replica.book) + marked(replica) == mark


def settled() -> tuple[Searched, Node]:
    world = Searched(WORLDS["rough wires"])
    return world, world.nodes[MIDDLE]


def test_equal_states_have_one_mark_and_a_copy_has_it_too() -> None:
    (one, _), (other, _) = settled(), settled()
    assert one.mark(one.keep()) == other.mark(other.keep())
    for node in one.nodes.values():
        assert marked(copied(node.replica)) == marked(node.replica)


def test_what_a_copy_holds_points_into_the_copy() -> None:
    world, _ = settled()
    one = world.nodes[PAYER].replica
    other = copied(one)
    quotes = list(other.book.of(Quotes).given.values())
    assert quotes
    for quote in quotes:
        assert quote.payer is other.book.ledger.accounts[quote.payer.id]
        assert quote.payer is not one.book.ledger.accounts[quote.payer.id]
    assert other.book.entry_id == other.journal.held.ledger_id
    assert other.home.chance is other.gossip.taking._chance is not one.home.chance


def notes(world: Searched) -> dict[Any, Any]:
    assert world.auditor is not None
    return world.auditor.note("SETTLED-STAYS")


DIFFERENCES: Mapping[str, Callable[[Searched], object]] = {
    "the clock": lambda world: setattr(world, "now", world.now + 1),
    "a wire": lambda world: world.wires.append((PAYER, MIDDLE, b"")),
    "a wire's direction": lambda world: world.wires.append((MIDDLE, PAYER, b"")),
    "a connection": lambda world: world.joined.clear(),
    "the disk": lambda world: world.nodes[MIDDLE].disk.pop(),
    "an old copy": lambda world: world.back_up(MIDDLE),
    "a wish": lambda world: world.wished_for.add(0),
    "what the auditor knows": lambda world: notes(world).clear(),
    "a node's sessions": lambda world: world.give(MIDDLE, PeerDown(PAYER)),
    "a node's timers": lambda world: world.give(MIDDLE, TimerFired()),
}


def test_states_that_differ_in_anything_have_marks_of_their_own() -> None:
    marks: set[bytes] = set()
    for differ in DIFFERENCES.values():
        world, _ = settled()
        world.now += 20_000
        marks.add(world.mark(world.keep()))
        differ(world)
        marks.add(world.mark(world.keep()))
    assert len(marks) == len(DIFFERENCES) + 1


def test_a_nodes_mark_tells_its_chance_and_what_it_knows_for_a_while() -> None:
    _, node = settled()
    chance = node.replica.home.chance
    assert isinstance(chance, Chance)

    def mark() -> bytes:
        return marked(node.replica.book) + marked(node.replica)

    marks = {mark()}
    chance(16)
    marks.add(mark())
    node.replica.book.of(Sendings).sent_at.clear()
    marks.add(mark())
    node.replica.gossip.sessions.by_peer[PAYER].agrees ^= True
    marks.add(mark())
    assert len(marks) == 4
    before = marked(node.replica.book)
    node.replica.book.of(Clearing).rounds.clear()
    assert marked(node.replica.book) == before


def test_chance_does_not_begin_anew_with_a_process() -> None:
    world, node = settled()
    drawn = world._chance(node).count
    assert drawn > 0
    world.kill(node.name)
    assert world._chance(node).count >= drawn
