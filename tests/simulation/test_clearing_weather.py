# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rings that clear while members trade and nodes are cut off, killed and restored: nobody is out of pocket."""

from collections.abc import Mapping
from random import Random

import pytest
from simulation.groups import exchange, linked
from simulation.world import World, whole
from soak.marked import rest_to_soak

from protocol.book.refusals import Refused
from protocol.practices.between.clearing.part import OpenRound, SetClearing
from protocol.practices.between.clearing.rounds import ROUND_EVERY_MS
from protocol.practices.between.clearing.state import Clearing
from protocol.practices.between.links.state import Links
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.payments.entries import Pay

RING = {"riacho": "ana", "serra": "bia", "encants": "clara", "campo": "dora"}
LINKS = (("riacho", "serra"), ("serra", "encants"), ("encants", "riacho"), ("encants", "campo"), ("campo", "riacho"))
SEEDS = 10
PRIVATE_SEEDS = (3, 4, 5)
"""In the nights of these some ring is cleared though nobody publishes."""


def ring(seed: int, *, publish: bool = True) -> World:
    """Four networks in one unit, so that each one's position is the sum of what its links say."""
    world = World(seed)
    for name, member in RING.items():
        exchange(world, name, "HORA", member)
        world.granted(name, "clearing-terms.set", SetClearing(on=True, publish=publish))
    for one, other in LINKS:
        linked(world, one, other, 300)
    world.tick(2)
    return world


def weather(world: World, rng: Random, *, restores: bool) -> None:
    """Let people trade and rounds be opened while wires are cut and nodes are killed."""
    copies: dict[str, int] = {}
    for _ in range(160):
        chance = rng.random()
        if chance < 0.45:
            _pay_somebody(world, rng)
        elif chance < 0.55:
            world.now += ROUND_EVERY_MS * rng.randrange(2)
            world.start(rng.choice(list(RING)), "clearings.open", OpenRound())
        elif chance < 0.63:
            pair = rng.choice(LINKS)
            (world.cut if frozenset(pair) in world.joined else world.join)(*pair)
        elif chance < 0.7:
            world.restart(rng.choice(list(RING)))
        elif restores and chance < 0.74 and not copies:
            name = rng.choice(list(RING))
            copies[name] = len(world.nodes[name].disk)
        elif restores and chance < 0.78 and copies and _whole(world):
            name, size = copies.popitem()
            world.run()
            world.restart(name, old_copy=size)
        world.deliver(rng.randrange(24))
        if rng.random() < 0.4:
            world.tick(rng.randrange(1, 5))


def _whole(world: World) -> bool:
    homes = [node.replica for node in world.nodes.values()]
    links = [link for home in homes for link in home.book.of(Links).by_id.values()]
    return not any(home.recovering for home in homes) and not any(link.is_lost or link.is_unheard for link in links)


def _pay_somebody(world: World, rng: Random) -> None:
    payer, payee = rng.sample(list(RING), 2)
    address, units = f"{RING[payee]}@{payee}", rng.randrange(1, 50)
    quote = world.ask_briefly(payer, AskQuote(address, whole(units), payer=RING[payer]))
    if quote is not None and not isinstance(quote, Refused):
        world.start(
            payer, "payments.create", Pay(payer=quote.payer, payee=address, amount=whole(units), invoice=quote.invoice)
        )


def heal(world: World) -> None:
    for pair in LINKS:
        if frozenset(pair) not in world.joined:
            world.join(*pair)
    world.tick(80)


def positions(world: World) -> Mapping[str, int]:
    """Return what each network is owed by the others, less what it owes them, as its links say."""
    return {
        name: -sum(link.side.net_debt for link in world.nodes[name].replica.book.of(Links).by_id.values())
        for name in RING
    }


def audit(world: World, *, restored: bool) -> None:
    """Check that all is resolved, and that each network is owed abroad what its members have earned there."""
    assert world.zero_sum() and not world.drops
    for name, place in positions(world).items():
        node = world.nodes[name]
        accounts = node.replica.book.ledger.accounts.values()
        assert not any(one.balance_minor for one in accounts if one.id.startswith("holds."))
        mirrors = sum(one.balance_minor for one in accounts if one.id.startswith("link-"))
        # One unit, no fees: the ledger says of the partners what the links say.
        assert mirrors == -place, name
        assert not any(node.replica.book.passing.values())
        assert restored or not node.balance("exchange.HORA"), "no circle costs anybody anything"
        for link in node.replica.book.of(Links).by_id.values():
            far = world.by_network(link.partner).replica.book.of(Links).by_id[link.id].side
            assert link.side.net_debt == -far.net_debt
            assert not link.side.holds_in and not link.side.holds_out
            assert link.side.net_debt <= link.side.limit


@pytest.mark.parametrize("seed", rest_to_soak(range(SEEDS), first=3), ids=lambda seed: f"seed-{seed}")
def test_rings_clear_in_bad_weather(seed: int) -> None:
    world = ring(seed)
    weather(world, Random(seed), restores=False)
    heal(world)
    audit(world, restored=False)


@pytest.mark.parametrize("seed", rest_to_soak(range(SEEDS), first=3), ids=lambda seed: f"seed-{seed}")
def test_rings_clear_while_nodes_come_back_from_old_copies(seed: int) -> None:
    world = ring(seed)
    weather(world, Random(seed), restores=True)
    heal(world)
    audit(world, restored=True)


@pytest.mark.parametrize("seed", rest_to_soak(PRIVATE_SEEDS, first=1), ids=lambda seed: f"seed-{seed}")
def test_rings_that_nobody_publishes_clear_in_bad_weather(seed: int) -> None:
    world = ring(seed, publish=False)
    weather(world, Random(seed), restores=seed % 2 == 1)
    heal(world)
    audit(world, restored=seed % 2 == 1)
    begun = [one for node in world.nodes.values() for one in node.replica.book.of(Clearing).initiated.values()]
    assert any(one.reason is None and not one.is_open for one in begun)


@pytest.mark.soak
def test_the_weather_clears_circles_and_breaks_some() -> None:
    cleared = failed = 0
    for seed in range(6):
        world = ring(seed)
        weather(world, Random(seed), restores=False)
        heal(world)
        for node in world.nodes.values():
            clearing = node.replica.book.of(Clearing)
            cleared += sum(one.reason is None and not one.is_open for one in clearing.initiated.values())
            failed += sum(one.reason is not None for one in clearing.initiated.values())
            failed += sum(len(one.left) for one in clearing.rounds.values())
    assert cleared > 3 and failed > 0, (cleared, failed)
