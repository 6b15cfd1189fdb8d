# SPDX-License-Identifier: AGPL-3.0-or-later
"""Honest networks in bad weather: whatever is cut, killed or restored, no unit is lost and all books agree.

A failing seed is one line: `pytest tests/simulation/test_honest_networks.py -k 'seed-17'`.
"""

from random import Random

import pytest
from simulation.groups import exchange, linked
from simulation.world import World, whole
from soak.marked import rest_to_soak

from protocol.book.refusals import Refused
from protocol.practices.between.links.state import Links
from protocol.practices.between.networks.replicas import InviteReplica
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.payments.entries import Pay

NETWORKS = (("riacho", "HORA", "ana", "davi"), ("serra", "FLOR", "bia", "caio"), ("encants", "ECO", "clara", "enric"))
SEEDS = 30
STEPS = 120


def three_networks(seed: int, *, replicas: bool) -> World:
    world = World(seed)
    for name, code, *handles in NETWORKS:
        exchange(world, name, code, *handles, limit=10_000)
    linked(world, "riacho", "serra", 2_000, rate="2", fee=1)
    linked(world, "serra", "encants", 3_000, rate="1.5", fee=1)
    if replicas:
        for name, *_ in NETWORKS:
            code = world.granted(name, "replicas.invite", InviteReplica()).code
            world.second(f"{name}-2", name, code)
            world.join(f"{name}-2", name)
    world.tick(3)
    return world


def weather(world: World, rng: Random, *, restores: bool) -> None:
    """Let members pay, and cut, join, kill and restore nodes, in any order."""
    homes = [name for name, *_ in NETWORKS]
    pairs = [("riacho", "serra"), ("serra", "encants")]
    copies: dict[str, int] = {}
    for _ in range(STEPS):
        what = rng.random()
        if what < 0.55:
            _pay_somebody(world, rng)
        elif what < 0.63:
            one, other = rng.choice(pairs)
            if frozenset((one, other)) in world.joined:
                world.cut(one, other)
            else:
                world.join(one, other)
        elif what < 0.70:
            world.restart(rng.choice(homes))
        elif what < 0.74 and restores:
            name = rng.choice(homes)
            copies.setdefault(name, len(world.nodes[name].disk))
        elif what < 0.76 and copies:
            name, size = copies.popitem()
            world.run()
            world.restart(name, old_copy=size)
        world.deliver(rng.randrange(8))
        if rng.random() < 0.2:
            world.tick(rng.randrange(1, 4))


def _pay_somebody(world: World, rng: Random) -> None:
    payer_home, _, *payers = rng.choice(NETWORKS)
    payee_home, _, *payees = rng.choice(NETWORKS)
    payer, payee = rng.choice(payers), rng.choice(payees)
    units = rng.randrange(1, 40)
    if payer_home == payee_home:
        world.start(payer_home, "payments.create", Pay(payer=payer, payee=payee, amount=whole(units)))
        return
    via = ("serra",) if "serra" not in (payer_home, payee_home) else ()
    quote = world.ask_briefly(payer_home, AskQuote(f"{payee}@{payee_home}", whole(units), payer=payer, via=via))
    if quote is None or isinstance(quote, Refused):
        return
    wish = Pay(payer=quote.payer, payee=f"{payee}@{payee_home}", amount=whole(units), invoice=quote.invoice)
    world.start(payer_home, "payments.create", wish)


def fair(world: World) -> None:
    """Mend everything and let time pass."""
    for one, other in (("riacho", "serra"), ("serra", "encants"), *((f"{n}-2", n) for n, *_ in NETWORKS)):
        if one in world.nodes and frozenset((one, other)) not in world.joined:
            world.join(one, other)
    world.tick(60)


def audit(world: World) -> None:
    """Check what must always be so once all are back."""
    assert world.zero_sum(), "ZERO-SUM"
    assert not world.drops, f"ACCEPT-STABLE: {world.drops}"
    homes = [world.nodes[name] for name, *_ in NETWORKS]
    places: dict[tuple[bytes, str, int, int], bytes] = {}
    for node in world.nodes.values():
        for entry in node.disk:
            header = entry.header
            place = (entry.network, header.lane, header.epoch, header.seq)
            assert places.setdefault(place, entry.id) == entry.id, "RESTORE-NO-SELF-FORK"
    for node in homes:
        assert not node.replica.recovering, f"{node.name} is still recovering"
        for account in node.replica.book.ledger.accounts.values():
            assert not (account.id.startswith("holds.") and account.balance_minor), f"NO-HOLD-LEFT at {node.name}"
            if account.least_minor is not None:
                assert account.balance_minor >= account.least_minor, "LIMIT"
        for link in node.replica.book.of(Links).by_id.values():
            far = world.by_network(link.partner).replica.book.of(Links).by_id[link.id].side
            side = link.side
            assert side.net_debt == -far.net_debt, "MIRROR"
            assert not side.holds_in and not side.holds_out, "NO-HOLD-LEFT on a link"
            assert side.net_debt <= side.limit, "CREDITOR-LIMIT"


@pytest.mark.parametrize("seed", rest_to_soak(range(SEEDS), first=8), ids=lambda seed: f"seed-{seed}")
def test_cut_and_killed_nodes_lose_nothing(seed: int) -> None:
    world = three_networks(seed, replicas=False)
    weather(world, Random(seed), restores=False)
    fair(world)
    audit(world)
    for name, code, *_ in NETWORKS:
        assert world.nodes[name].balance(f"commons.{code}") == 0, "NO-HONEST-LOSS"


@pytest.mark.parametrize("seed", rest_to_soak(range(SEEDS), first=8), ids=lambda seed: f"seed-{seed}")
def test_restored_nodes_fork_nothing_and_agree(seed: int) -> None:
    world = three_networks(seed, replicas=True)
    weather(world, Random(seed), restores=True)
    fair(world)
    audit(world)
