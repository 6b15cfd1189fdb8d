# SPDX-License-Identifier: AGPL-3.0-or-later
"""Probes (PROTOCOL 4): rings of three and four networks clear though nobody publishes what it owes."""

from typing import Any

import pytest
from simulation.groups import exchange, linked, pay
from simulation.world import World

from protocol.settlement.clearing import OpenRound, RoundsWanted, SetClearing
from protocol.settlement.records import Links

NAMES = ("riacho", "serra", "encants", "campo", "lagoa")
CODES = dict(zip(NAMES, ("HORA", "FLOR", "ECO", "MATE", "SOL"), strict=True))
CLEAR_SECONDS = 14


def ring(*owed: int, public: tuple[str, ...] = ()) -> World:
    """So many networks, each of which owes the next so many units of their link; who is not public keeps it private."""
    world = World()
    for name in NAMES[: len(owed)]:
        exchange(world, name, CODES[name], "ana")
        world.granted(name, "clearing-terms.set", SetClearing(on=True, publish=name in public))
    for (one, other), units in zip(pairs(len(owed)), owed, strict=True):
        linked(world, one, other, 200)
        if units:
            pay(world, one, "ana", f"ana@{other}", units)
    world.tick(2)
    return world


def pairs(count: int) -> list[tuple[str, str]]:
    return list(zip(NAMES[:count], (*NAMES[1:count], NAMES[0]), strict=True))


def debt(world: World, one: str, other: str) -> int:
    """Return what one owes another, in minor units of their link; both ends say the same."""
    [link] = world.nodes[one].replica.book.of(Links).with_partner(world.nodes[other].network)
    [back] = world.nodes[other].replica.book.of(Links).with_partner(world.nodes[one].network)
    assert link.side.net_debt == -back.side.net_debt
    return link.side.net_debt


def debts(world: World) -> list[int]:
    return [debt(world, one, other) for one, other in pairs(len(world.nodes))]


def quiet(world: World) -> bool:
    """Tell whether no hold is open anywhere, all adds up, and nobody was dropped."""
    links = [link for node in world.nodes.values() for link in node.replica.book.of(Links).by_id.values()]
    held = any(link.side.holds_out or link.side.holds_in for link in links)
    passing = any(any(node.replica.book.passing.values()) for node in world.nodes.values())
    return not held and not passing and world.zero_sum() and not world.drops


def clear(world: World, name: str = "riacho") -> Any:
    """Open a round and return what its opener sees of it in the end."""
    shown = world.granted(name, "clearings.open", OpenRound())
    world.tick(CLEAR_SECONDS)
    return world.granted(name, "clearings.show", subject=shown.id)


def rounds_of(world: World, name: str) -> Any:
    return world.granted(name, "clearings.list", RoundsWanted()).items


@pytest.mark.parametrize("opener", NAMES[:3])
def test_a_ring_of_three_private_networks_clears_whoever_asks(opener: str) -> None:
    world = ring(30, 50, 40)
    shown = clear(world, opener)
    assert (shown.cleared, shown.failed, shown.under_way) == (1, 0, 0)
    assert debts(world) == [0, 20_00, 10_00] and quiet(world)
    for name in NAMES[:3]:
        [seen] = rounds_of(world, name)
        assert (seen.id, seen.cleared, seen.failed) == (shown.id, 1, 0)
        assert set(seen.circles[0].members) == set(NAMES[:3])
        assert sorted(line.cleared.value for line in seen.links) == [30_00, 30_00]


def test_a_ring_of_four_private_networks_clears() -> None:
    world = ring(30, 50, 40, 35)
    assert clear(world).cleared == 1
    assert debts(world) == [0, 20_00, 10_00, 5_00] and quiet(world)


def test_a_ring_of_five_is_not_found() -> None:
    world = ring(30, 30, 30, 30, 30)
    shown = clear(world)
    assert (shown.cleared, shown.failed, shown.circles) == (0, 0, ())
    assert debts(world) == [30_00] * 5 and quiet(world)


@pytest.mark.parametrize("opener", NAMES[:4])
def test_where_one_publishes_and_the_others_do_not_a_ring_clears(opener: str) -> None:
    world = ring(30, 50, 40, 35, public=("serra",))
    assert clear(world, opener).cleared == 1
    assert debts(world) == [0, 20_00, 10_00, 5_00] and quiet(world)
