# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clearing between networks (PROTOCOL 4): debts that go round are cleared whole or not at all, by nobody's command."""

from typing import Any

import pytest
from simulation.groups import exchange, linked, pay
from simulation.world import World

from protocol.events import TimerFired
from protocol.keys import digest, id_text
from protocol.settlement.abroad import Forwards
from protocol.settlement.clearing import Clearing, OpenRound, RoundsWanted, SetClearing, ValueCurrency
from protocol.settlement.links import FreezeLink
from protocol.settlement.records import Links
from protocol.settlement.rounds import CUT_WAIT_MS, ROUND_EVERY_MS, TAKEOVER_MS, Rounds

RING = {"riacho": "HORA", "serra": "FLOR", "encants": "ECO"}
MEMBERS = {"riacho": "ana", "serra": "bia", "encants": "clara"}
FRAMES = range(0, 60, 2)
"""After how many frames of a circle somebody is killed."""
ROUND_SECONDS = CUT_WAIT_MS // 1_000 + 3


def ring(debts: tuple[int, int, int] = (30, 30, 30), rates: tuple[str, str, str] = ("1", "1", "1")) -> World:
    """Riacho owes Serra, Serra owes Encants, Encants owes Riacho: so many units of the link, the first one's."""
    world = World()
    for name, code in RING.items():
        exchange(world, name, code, MEMBERS[name])
    for (one, other), rate in zip(pairs(), rates, strict=True):
        linked(world, one, other, 200, rate=rate)
    for (one, other), debt, rate in zip(pairs(), debts, rates, strict=True):
        if debt:
            pay(world, one, MEMBERS[one], f"{MEMBERS[other]}@{other}", int(debt * float(rate)))
    world.tick(2)
    return world


def pairs() -> list[tuple[str, str]]:
    names = list(RING)
    return list(zip(names, (*names[1:], names[0]), strict=True))


def take_part(world: World, *names: str, **terms: Any) -> None:
    for name in names or RING:
        world.granted(name, "clearing-terms.set", SetClearing(on=True, publish=True, **terms))


def debts(world: World) -> list[int]:
    """Return what each owes the next, in minor units of their link."""
    found: list[int] = []
    for one, other in pairs():
        partner = world.nodes[other].network
        [link] = world.nodes[one].replica.book.of(Links).with_partner(partner)
        [back] = world.nodes[other].replica.book.of(Links).with_partner(world.nodes[one].network)
        assert link.side.net_debt == -back.side.net_debt, "both ends say the same"
        found.append(link.side.net_debt)
    return found


def quiet(world: World) -> bool:
    """Tell whether no hold is open anywhere, all adds up, and nobody was dropped."""
    links = [link for node in world.nodes.values() for link in node.replica.book.of(Links).by_id.values()]
    held = any(link.side.holds_out or link.side.holds_in for link in links)
    waiting = any(
        account.balance_minor
        for node in world.nodes.values()
        for account in node.replica.book.ledger.accounts.values()
        if account.id.startswith("holds.")
    )
    passing = any(any(node.replica.book.passing.values()) for node in world.nodes.values())
    return not held and not waiting and not passing and world.zero_sum() and not world.drops


def open_round(world: World, name: str = "riacho") -> Any:
    shown = world.granted(name, "clearings.open", OpenRound())
    world.tick(ROUND_SECONDS)
    return world.granted(name, "clearings.show", subject=shown.id)


def test_what_goes_round_is_cleared() -> None:
    world = ring((30, 50, 40))
    take_part(world)
    shown = open_round(world)
    assert debts(world) == [0, 20_00, 10_00]
    assert (shown.cleared, shown.failed, shown.under_way) == (1, 0, 0)
    by_partner = {line.partner: line for line in shown.links}
    assert (by_partner["serra"].before.value, by_partner["serra"].after.value) == (30_00, 0)
    assert (by_partner["encants"].before.value, by_partner["encants"].after.value) == (-40_00, -10_00)
    assert set(shown.circles[0].members) == set(RING)
    assert quiet(world)
    for name in RING:
        [seen] = world.granted(name, "clearings.list", RoundsWanted()).items
        assert (seen.cleared, seen.failed) == (1, 0)


def test_no_members_balance_and_no_position_changes() -> None:
    world = ring((30, 50, 40))
    take_part(world)
    before = {name: dict(positions(world, name)) for name in RING}
    open_round(world)
    assert {name: dict(positions(world, name)) for name in RING} == before


def positions(world: World, name: str) -> Any:
    """Yield each member's balance, and what all mirror accounts of partners come to."""
    total = 0
    for account in world.nodes[name].replica.book.ledger.accounts.values():
        if account.id.startswith("link-"):
            total += account.balance_minor
        else:
            yield account.id, account.balance_minor
    yield "all partners", total


def test_units_of_other_worth_are_cleared_by_their_values() -> None:
    # Serra counts 2 FLOR for 1 HORA, Encants 2.5 ECO for 1 FLOR, Riacho 1 HORA for 5 ECO.
    world = ring((30, 30, 50), rates=("2", "2.5", "0.2"))
    take_part(world)
    for name, code, value in (("riacho", "HORA", "5"), ("serra", "FLOR", "2.5"), ("encants", "ECO", "1")):
        world.granted(name, "currencies.value", ValueCurrency(value), subject=code)
    world.tick(2)
    shown = open_round(world)
    # 10 HORA are 20 FLOR and 50 ECO.
    assert (shown.cleared, debts(world)) == (1, [20_00, 10_00, 0])
    assert quiet(world)


def test_who_has_not_said_so_takes_no_part() -> None:
    world = ring()
    take_part(world, "riacho", "serra")
    shown = open_round(world)
    assert debts(world) == [30_00, 30_00, 30_00]
    assert (shown.cleared, shown.failed) == (0, 0)
    assert world.ask("encants", "clearings.open", OpenRound()).reason == "STATE_CONFLICT"
    assert not world.granted("encants", "clearings.list", RoundsWanted()).items


def test_where_the_worth_differs_a_network_refuses_unless_it_has_agreed_to_lose() -> None:
    # 30 HORA go from Riacho to Serra as 60 FLOR; nobody has said that a FLOR is worth less than an HORA.
    world = ring((30, 30, 30), rates=("2", "1", "1"))
    take_part(world)
    shown = open_round(world)
    assert shown.cleared == 0 and debts(world) == [30_00, 30_00, 30_00] and quiet(world)
    failed = [
        circle
        for name in RING
        for one in world.granted(name, "clearings.list", RoundsWanted()).items
        for circle in one.circles
    ]
    assert {circle.reason for circle in failed} == {"ORDER_MISMATCH"}


def test_silent_first_initiator_is_taken_over() -> None:
    world = ring()
    take_part(world)
    shown = world.granted("riacho", "clearings.open", OpenRound())
    world.tick(CUT_WAIT_MS // 1_000 - 1)
    salt = int(shown.id).to_bytes(8, "big")
    first = min(RING, key=lambda name: digest("initiator", salt + world.nodes[name].network))
    # It has said what it would clear, and then forgets that it should begin.
    world.nodes[first].replica.book.of(Rounds).computed = int(shown.id)
    world.tick(4)
    assert debts(world) == [30_00, 30_00, 30_00]
    world.tick(TAKEOVER_MS // 1_000 + 2)
    assert debts(world) == [0, 0, 0] and quiet(world)


def test_frozen_link_fails_the_circle_and_leaves_no_trace() -> None:
    world = ring()
    take_part(world)
    [link] = world.nodes["serra"].replica.book.of(Links).with_partner(world.nodes["encants"].network)
    world.granted("serra", "links.freeze", FreezeLink(), subject=id_text(link.id))
    shown = open_round(world)
    assert shown.cleared == 0 and debts(world) == [30_00, 30_00, 30_00] and quiet(world)
    world.granted("serra", "links.freeze", FreezeLink(frozen=False), subject=id_text(link.id))
    world.now += ROUND_EVERY_MS
    assert open_round(world, "encants").cleared == 1
    assert debts(world) == [0, 0, 0] and quiet(world)


@pytest.mark.parametrize("after", FRAMES)
@pytest.mark.parametrize("victim", RING)
def test_killed_anywhere_the_circle_is_cleared_whole_or_not_at_all(victim: str, after: int) -> None:
    world = ring((30, 50, 40))
    take_part(world)
    on_its_way(world, after)
    world.restart(victim)
    world.tick(60)
    assert debts(world) in ([30_00, 50_00, 40_00], [0, 20_00, 10_00])
    assert quiet(world)


def test_the_kills_come_before_in_the_middle_of_and_after_a_circle() -> None:
    seen: list[tuple[int, int, int]] = []
    for after in FRAMES:
        world = ring((30, 50, 40))
        take_part(world)
        on_its_way(world, after)
        begun = [one for node in world.nodes.values() for one in node.replica.book.of(Clearing).initiated.values()]
        joined = sum(len(node.replica.book.of(Forwards).open_out) for node in world.nodes.values())
        seen.append((len(begun), joined, sum(not one.is_open for one in begun)))
    assert seen[0] == (0, 0, 0) and seen[-1] == (1, 0, 1)
    assert {(1, 0, 0), (1, 1, 0), (1, 2, 0)} <= set(seen)


def on_its_way(world: World, frames: int) -> None:
    """Open a round, and let so many frames pass once the circle is asked about."""
    world.granted("riacho", "clearings.open", OpenRound())
    world.tick(CUT_WAIT_MS // 1_000 - 1)
    for _ in range(3):
        world.now += 1_000
        for name in RING:
            world.give(name, TimerFired())
    world.deliver(frames)


def test_cut_off_in_the_middle_what_was_promised_waits() -> None:
    world = ring((30, 50, 40))
    take_part(world)
    on_its_way(world, 0)
    forwards = {name: world.nodes[name].replica.book.of(Forwards) for name in RING}
    while not any(one.open_out for one in forwards.values()):
        world.deliver(1)
    for one, other in pairs():
        world.cut(one, other)
    world.tick(600)
    links = [link for node in world.nodes.values() for link in node.replica.book.of(Links).by_id.values()]
    assert any(link.side.holds_out for link in links), "no clock frees it"
    for one, other in pairs():
        world.join(one, other)
    world.tick(30)
    assert debts(world) in ([30_00, 50_00, 40_00], [0, 20_00, 10_00])
    assert quiet(world)
