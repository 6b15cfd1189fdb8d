# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a federation's charter does for clearing: rounds without anybody's command, and what a unit is worth."""

from fractions import Fraction
from typing import Any

import pytest
from simulation.groups import exchange, linked, pay
from simulation.world import World

from protocol.events import TimerFired
from protocol.lanes.entry import LEDGER, decode_body
from protocol.practices.between.clearing.entries import RoundOpened
from protocol.practices.between.clearing.intents import LinkDebt, value
from protocol.practices.between.clearing.part import OpenRound, SetClearing, ValueCurrency
from protocol.practices.between.clearing.rounds import CUT_WAIT_MS, ROUND_EVERY_MS
from protocol.practices.between.clearing.state import Clearing
from protocol.practices.between.federations.membership import (
    CreateFederation,
    EndorseNetwork,
    JoinFederation,
    LeaveFederation,
)
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.wishes import LinksWanted
from protocol.wire.keys import parse_id

RING = {"riacho": "HORA", "serra": "FLOR", "encants": "ECO"}
MEMBERS = {"riacho": "ana", "serra": "bia", "encants": "clara"}
PAIRS = (("riacho", "serra"), ("serra", "encants"), ("encants", "riacho"))
HOUR_MS = 60 * ROUND_EVERY_MS


def ring(debts: tuple[int, int, int] = (30, 50, 40), rates: tuple[str, str, str] = ("1", "1", "1")) -> World:
    """Each owes the next so much, in units of their link, which is that of the first; all take part in clearing."""
    world = World()
    for name, code in RING.items():
        exchange(world, name, code, MEMBERS[name])
    for (one, other), rate, debt in zip(PAIRS, rates, debts, strict=True):
        linked(world, one, other, 200, rate=rate)
        if debt:
            pay(world, one, MEMBERS[one], f"{MEMBERS[other]}@{other}", int(debt * float(rate)))
    world.tick(2)
    take_part(world)
    return world


def take_part(world: World, *names: str, on: bool = True, publish: bool = True) -> None:
    for name in names or RING:
        world.granted(name, "clearing-terms.set", SetClearing(on=on, publish=publish))


def founded(world: World, *founders: str, unit: str = "HORA", **terms: Any) -> str:
    """Found a federation; returns its id."""
    first, *others = founders or RING
    id = world.granted(first, "federations.create", CreateFederation("Vale", unit, tuple(others), **terms)).id
    for name in others:
        world.granted(name, "federations.join", JoinFederation(), subject=id)
    return id


def debts(world: World) -> list[int]:
    """Return what each owes the next, in minor units of their link."""
    found: list[int] = []
    for one, other in PAIRS:
        [link] = world.nodes[one].replica.book.of(Links).with_partner(world.nodes[other].network)
        found.append(link.side.net_debt)
    return found


def rounds(world: World, name: str) -> list[int]:
    """Return the rounds that a node has written that it takes part in, in the order of its ledger."""
    node = world.nodes[name]
    kinds = {RoundOpened.KIND: RoundOpened}
    found: list[int] = []
    for entry in node.disk:
        is_own = (entry.network, entry.header.lane) == (node.network, LEDGER)
        if is_own and RoundOpened.KIND.encode() in entry.body_bytes:
            body, _ = decode_body(entry.body_bytes, kinds)
            assert isinstance(body, RoundOpened)
            found.append(body.round)
    return found


def all_rounds(world: World) -> list[list[int]]:
    return [rounds(world, name) for name in RING]


def before_the_hour(world: World) -> int:
    """Let all wait until it is five seconds to the full hour; returns that hour."""
    hour = world.now - world.now % HOUR_MS + HOUR_MS
    world.now = hour - 5_500
    world.tick()
    return hour


def test_a_federation_clears_by_its_rhythm_without_any_command() -> None:
    world = ring((30, 30, 40))
    founded(world, rhythm_minutes=60)
    hour = before_the_hour(world)
    assert all_rounds(world) == [[], [], []]
    world.tick(4)
    assert all_rounds(world) == [[], [], []], "it is not the hour yet"
    world.tick(CUT_WAIT_MS // 1_000 + 5)
    assert all_rounds(world) == [[hour]] * 3
    assert debts(world) == [0, 0, 10_00]
    for name in RING:
        assert world.granted(name, "clearings.show", subject=str(hour)).cleared == 1
    world.now = hour + HOUR_MS - 500
    world.tick(2)
    assert all_rounds(world) == [[hour]] * 3, "nobody owes and is owed"


def test_who_publishes_nothing_searches_for_rings_in_the_same_rhythm() -> None:
    world = ring((30, 50, 40))
    take_part(world, publish=False)
    founded(world, rhythm_minutes=60)
    hour = before_the_hour(world)
    world.tick(4)
    assert all_rounds(world) == [[], [], []], "it is not the hour yet"
    world.tick(20)
    assert debts(world) == [0, 20_00, 10_00]
    opened = all_rounds(world)
    assert all(len(one) == 1 and hour <= one[0] < hour + 2_000 for one in opened), "once each"
    world.restart("serra")
    world.tick(30)
    assert all_rounds(world) == opened


def test_members_open_the_same_round_though_nobody_hears_of_another() -> None:
    world = ring()
    founded(world, rhythm_minutes=60)
    hour = before_the_hour(world)
    for pair in [("riacho", "serra"), ("serra", "encants"), ("encants", "riacho")]:
        world.cut(*pair)
    world.nodes["serra"].skew_ms = 20_000
    world.nodes["encants"].skew_ms = -20_000
    world.tick(40)
    assert all_rounds(world) == [[hour]] * 3


def test_a_round_is_opened_once_over_restarts_and_with_the_clock_set_back() -> None:
    world = ring(debts=(30, 50, 0))
    founded(world, rhythm_minutes=60)
    hour = before_the_hour(world)
    world.tick(6)
    assert rounds(world, "serra") == [hour]
    world.restart("serra")
    world.tick(3)
    for back in (8_000, 3_000, 30 * 60_000, HOUR_MS, 24 * HOUR_MS):
        world.now -= back
        world.tick(4)
        world.now += back
        world.tick(2)
    opened = rounds(world, "serra")
    assert opened == [hour, hour - HOUR_MS, hour - 24 * HOUR_MS], "each hour of its clock once, and this one not again"
    world.restart("serra")
    world.now = hour + HOUR_MS
    world.tick(2)
    assert rounds(world, "serra") == [*opened, hour + HOUR_MS]
    assert world.zero_sum()


def test_who_has_slept_through_its_first_minute_does_not_open_a_round() -> None:
    world = ring()
    founded(world, rhythm_minutes=60)
    for pair in PAIRS:
        world.cut(*pair)
    hour = before_the_hour(world)
    world.now = hour + ROUND_EVERY_MS - 1_000
    world.tick(20)
    assert all_rounds(world) == [[], [], []]
    world.now = hour + HOUR_MS + ROUND_EVERY_MS - 2_000
    world.give("riacho", TimerFired())
    assert rounds(world, "riacho") == [hour + HOUR_MS]


def test_an_earlier_command_in_that_minute_takes_its_place() -> None:
    world = ring()
    id = founded(world, rhythm_minutes=60)
    world.granted("riacho", "federations.leave", LeaveFederation(), subject=id)
    hour = before_the_hour(world)
    world.now = hour + 10_000
    number = int(world.granted("riacho", "clearings.open", OpenRound()).id)
    world.granted("riacho", "federations.join", JoinFederation(), subject=id)
    world.tick(3)
    assert rounds(world, "riacho") == [number]


def test_the_common_round_comes_before_one_by_ones_own_rhythm() -> None:
    world = ring()
    founded(world, rhythm_minutes=60)
    for pair in PAIRS:
        world.cut(*pair)
    hour = world.now - world.now % HOUR_MS + HOUR_MS
    world.now = hour - HOUR_MS // 2 - 10_000
    world.granted("riacho", "clearing-terms.set", SetClearing(rhythm_seconds=1_800))
    world.give("riacho", TimerFired())
    [own] = rounds(world, "riacho")
    world.now = hour + 500
    for _ in range(2):
        world.give("riacho", TimerFired())
    assert rounds(world, "riacho") == [own, hour]
    world.now = hour + HOUR_MS // 2 + 500
    world.give("riacho", TimerFired())
    assert rounds(world, "riacho") == [own, hour, world.now]


@pytest.mark.parametrize("kind", ["outside", "candidate", "left", "off", "no rhythm"])
def test_who_is_no_member_or_takes_no_part_opens_none(kind: str) -> None:
    world = ring()
    id = founded(world, "riacho", "serra", rhythm_minutes=0 if kind == "no rhythm" else 60)
    world.granted("encants", "federations.join", JoinFederation(), subject=id)
    if kind != "candidate":
        world.granted("serra", "federations.endorse", EndorseNetwork("encants"), subject=id)
    if kind in ("left", "outside"):
        world.granted("encants", "federations.leave", LeaveFederation(), subject=id)
    if kind == "off":
        take_part(world, "encants", on=False)
    for pair in PAIRS:
        world.cut(*pair)
    hour = before_the_hour(world)
    world.tick(10)
    assert rounds(world, "encants") == []
    assert rounds(world, "riacho") == ([] if kind == "no rhythm" else [hour])


@pytest.mark.parametrize("owed", [(0, 0, 0), (30, 0, 0), (0, 30, 30)])
def test_who_has_nothing_that_could_go_round_leaves_no_words(owed: tuple[int, int, int]) -> None:
    world = ring(debts=owed)
    founded(world, rhythm_minutes=60)
    hour = before_the_hour(world)
    for pair in PAIRS:
        world.cut(*pair)
    world.tick(10)
    assert rounds(world, "riacho") == []
    assert rounds(world, "encants") == ([hour] if owed[1] else [])


def test_of_several_rhythms_each_calls_for_its_rounds_and_one_hour_for_one() -> None:
    world = ring()
    for minutes in (0, 7, 30, 60):
        founded(world, rhythm_minutes=minutes)
    for pair in PAIRS:
        world.cut(*pair)
    hour = before_the_hour(world)
    minute = ROUND_EVERY_MS
    sevens = {one for one in range(hour, hour + HOUR_MS + 1, minute) if one % (7 * minute) == 0}
    world.now = hour - 500
    for _ in range(61 * 2):
        world.give("riacho", TimerFired())
        world.now += 30_000
    assert rounds(world, "riacho") == sorted({hour, hour + HOUR_MS // 2, hour + HOUR_MS} | sevens)
    assert world.nodes["riacho"].replica.book.of(Clearing).newest(world.now) == hour + HOUR_MS


# The common unit.


def line_of(unit: str, scale: int = 2) -> LinkDebt:
    return LinkDebt(bytes(32), bytes(32), unit, scale, 1)


def worth(world: World, unit: str, scale: int = 2, one: str = "riacho", other: str = "serra") -> Fraction:
    """Return what all nodes compute that a minor unit is worth on a link between two networks."""
    ends = world.nodes[one].network, world.nodes[other].network
    books = [node.replica.book for node in world.nodes.values()]
    [found] = {value(book, line_of(unit, scale), *pair) for book in books for pair in (ends, ends[::-1])}
    return found


def test_a_common_unit_is_worth_what_the_charter_says_between_members() -> None:
    world = ring()
    assert worth(world, "HORA") == 10**4
    id = founded(world, "riacho", "serra", value="1.5", scale=0)
    assert worth(world, "HORA") == 15_000
    assert worth(world, "HORA", scale=0) == 1_500_000
    assert worth(world, "FLOR") == 10**4
    assert worth(world, "HORA", other="encants") == 10**4, "that one is no member"
    world.granted("serra", "federations.leave", LeaveFederation(), subject=id)
    assert worth(world, "HORA") == 10**4


def test_what_a_network_says_of_its_own_currency_counts_before_the_charter() -> None:
    world = ring()
    founded(world, value="1.5")
    world.granted("riacho", "currencies.value", ValueCurrency("2"), subject="HORA")
    world.tick(2)
    assert worth(world, "HORA") == 20_000
    assert worth(world, "HORA", one="serra", other="encants") == 15_000


def test_of_two_charters_with_one_unit_the_lower_id_counts() -> None:
    world = ring()
    values = {founded(world, value=value): value for value in ("2", "3", "4", "5")}
    lowest = min(values, key=lambda id: parse_id(id) or b"")
    assert worth(world, "HORA") == int(values[lowest]) * 10**4
    world.granted("serra", "federations.leave", LeaveFederation(), subject=lowest)
    del values[lowest]
    assert worth(world, "HORA") == int(values[min(values, key=lambda id: parse_id(id) or b"")]) * 10**4


def test_by_the_value_of_the_charter_a_ring_of_unlike_units_is_cleared_whole() -> None:
    # One HORA is two FLOR or two ECO.
    world = ring((15, 30, 30), rates=("2", "1", "0.5"))
    founded(world, value="2", rhythm_minutes=60)
    before_the_hour(world)
    world.tick(CUT_WAIT_MS // 1_000 + 10)
    assert debts(world) == [0, 0, 0]
    [link] = [
        one for one in world.granted("riacho", "links.list", LinksWanted()).items if one.partner_handle == "serra"
    ]
    assert (link.net_debt.value, link.net_debt.asset_code) == (0, "HORA")
    assert world.zero_sum()
