# SPDX-License-Identifier: AGPL-3.0-or-later
"""Probes (PROTOCOL 4): rings of three and four networks clear though nobody publishes what it owes."""

from dataclasses import replace
from typing import Any

import pytest
from simulation.groups import exchange, linked, pay, says
from simulation.world import World

from protocol.events import Received, TimerFired
from protocol.peers.messages import CircleAsked, Debt, Message, Probe, ProbeMet, pack, unpack
from protocol.peers.sessions import REQUESTS_PER_MINUTE_MAX
from protocol.practices.between.clearing.circles import Circle
from protocol.practices.between.clearing.intents import Intents
from protocol.practices.between.clearing.joining import against_circle
from protocol.practices.between.clearing.part import OpenRound, SetClearing, ValueCurrency
from protocol.practices.between.clearing.probes import (
    ANSWERS_MAX,
    PROBE_FANOUT_MAX,
    PROBE_LIFE_MS,
    PROBES_MAX,
    PROBES_PER_PARTNER_MAX,
    TURN_MS,
    Probes,
)
from protocol.practices.between.clearing.remembered import Rounds
from protocol.practices.between.clearing.state import ROUND_LIFE_MS, Clearing
from protocol.practices.between.clearing.views import RoundsWanted
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.wishes import FreezeLink
from protocol.wire.keys import id_text

NAMES = ("riacho", "serra", "encants", "campo", "lagoa")
CODES: dict[str, str] = dict(zip(NAMES, ("HORA", "FLOR", "ECO", "MATE", "SOL"), strict=True))
CLEAR_SECONDS = 20


def ring(*owed: int, public: tuple[str, ...] = ()) -> World:
    """So many networks, each of which owes the next so many units of their link; who is not public keeps it private."""
    world = World()
    for name in NAMES[: len(owed)]:
        found(world, name, publish=name in public)
    for (one, other), units in zip(pairs(len(owed)), owed, strict=True):
        owes(world, one, other, units)
    world.tick(2)
    return world


def found(world: World, name: str, *, publish: bool = False) -> None:
    """Found a network that takes part in clearing."""
    exchange(world, name, CODES[name], "ana")
    world.granted(name, "clearing-terms.set", SetClearing(on=True, publish=publish))


def owes(world: World, one: str, other: str, units: int) -> None:
    """Link two networks, and let one come to owe the other so many units."""
    linked(world, one, other, 200)
    if units:
        pay(world, one, "ana", f"ana@{other}", units)


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


def test_no_longer_ring_is_cleared_though_one_is_known_by_a_creditor_that_is_a_debtor_too() -> None:
    """Riacho owes Encants 5 on one link, and is owed 5 on another: so it hears of all five debts of the ring."""
    world = ring(30, 30, 40, 40, 40)
    owes(world, "riacho", "encants", 5)
    encants = world.nodes["encants"].replica.book.of(Links)
    [first] = encants.with_partner(world.nodes["riacho"].network)
    linked(world, "encants", "riacho", 200)
    world.granted("encants", "links.freeze", FreezeLink(), subject=id_text(first.id))
    pay(world, "encants", "ana", "ana@riacho", 5)
    world.granted("encants", "links.freeze", FreezeLink(frozen=False), subject=id_text(first.id))
    world.tick(2)
    assert clear(world).cleared == 2, "one of three and one of four"
    for name, owed in zip(NAMES[:4], (25_00, 25_00, 35_00, 35_00), strict=True):
        assert debt(world, name, NAMES[NAMES.index(name) + 1]) == owed
    assert quiet(world)


@pytest.mark.parametrize("opener", NAMES[:4])
def test_where_one_publishes_and_the_others_do_not_a_ring_clears(opener: str) -> None:
    world = ring(30, 50, 40, 35, public=("serra",))
    assert clear(world, opener).cleared == 1
    assert debts(world) == [0, 20_00, 10_00, 5_00] and quiet(world)


def test_with_debts_to_several_each_is_cleared_as_far_as_it_goes_round() -> None:
    """Riacho owes Serra 50; that owes Encants 30 and Campo 40, and both owe Riacho 35."""
    world = ring(50, 30, 35)
    found(world, "campo")
    owes(world, "serra", "campo", 40)
    owes(world, "campo", "riacho", 35)
    world.tick(2)
    assert clear(world).cleared == 2
    assert debt(world, "riacho", "serra") == 0
    assert debt(world, "serra", "encants") + debt(world, "serra", "campo") == 20_00
    assert debt(world, "encants", "riacho") + debt(world, "campo", "riacho") == 20_00
    assert quiet(world)


def two_links() -> tuple[World, bytes, bytes]:
    """Return two networks of which Riacho owes 30 on one link and is owed 20 on another, and these links."""
    world = World()
    for name in NAMES[:2]:
        found(world, name)
    owes(world, "riacho", "serra", 30)
    linked(world, "serra", "riacho", 200)
    [first, second] = world.nodes["serra"].replica.book.of(Links).by_id
    world.granted("serra", "links.freeze", FreezeLink(), subject=id_text(first))
    pay(world, "serra", "ana", "ana@riacho", 20)
    world.granted("serra", "links.freeze", FreezeLink(frozen=False), subject=id_text(first))
    world.tick(2)
    return world, first, second


def test_a_ring_of_two_links_is_cleared() -> None:
    world, first, second = two_links()
    assert clear(world).cleared == 1
    links = world.nodes["riacho"].replica.book.of(Links).by_id
    assert [links[one].side.net_debt for one in (first, second)] == [10_00, 0] and quiet(world)


def test_a_round_of_ones_own_is_opened_by_rhythm_and_three_at_once_clear_one_ring_once() -> None:
    world = ring(30, 50, 40)
    for name in NAMES[:3]:
        world.granted(name, "clearing-terms.set", SetClearing(rhythm_seconds=3_600))
    world.tick(CLEAR_SECONDS)
    assert debts(world) == [0, 20_00, 10_00] and quiet(world)
    seen = [one for name in NAMES[:3] for one in rounds_of(world, name)]
    assert sum(one.cleared for one in seen) == 3 and not any(one.failed for one in seen)


def test_no_more_is_told_than_the_ring_itself() -> None:
    """Lagoa owes Serra, and Campo is owed by Serra: neither is in a ring, and nothing is said of either."""
    world = ring(30, 50, 40)
    found(world, "lagoa")
    found(world, "campo")
    owes(world, "lagoa", "serra", 45)
    owes(world, "serra", "campo", 45)
    told = wiretap(world)
    assert clear(world, "serra").cleared == 1
    outside = {world.nodes[name].network for name in ("campo", "lagoa")}
    probed = [one for one in told if isinstance(one[2], Probe) and {one[0], one[1]} & {"campo", "lagoa"}]
    assert {(source, target) for source, target, _ in probed} == {("serra", "lagoa"), ("serra", "campo")}
    met = [message for _, _, message in told if isinstance(message, ProbeMet)]
    assert met and not any({debt.debtor, debt.creditor} & outside for one in met for debt in one.debts)
    assert not any(name in (source, target) for source, target, one in told if not isinstance(one, Probe)
                   for name in ("campo", "lagoa"))  # fmt: skip
    least = min(30, 50, 40) * 10**6
    assert {one.worth for one in met if len(one.debts) == 2} <= {least, 40 * 10**6}


def wiretap(world: World) -> list[tuple[str, str, Message]]:
    """Return a list to which all that is said of probes and circles from now on is added, with who said it to whom."""
    told: list[tuple[str, str, Message]] = []
    carry = world.carry

    def listened(source: str, target: str, frame: bytes) -> None:
        message = unpack(frame)
        if isinstance(message, Probe | ProbeMet | CircleAsked):
            told.append((source, target, message))
        carry(source, target, frame)

    world.carry = listened
    return told


def test_who_owes_the_other_way_who_takes_no_part_and_who_is_asked_again_keeps_silent() -> None:
    world = ring(30, 50, 40)
    # Riacho owes Serra, so Serra may be asked for what it is owed, not for what it owes.
    assert heard_by(world, "serra", "riacho", Probe(bytes(16), True, True)) == []
    asked = heard_by(world, "serra", "riacho", Probe(bytes(16), False, True))
    assert asked == [("encants", Probe(bytes(16), False, False))]
    assert heard_by(world, "serra", "riacho", Probe(bytes(16), False, True)) == []
    assert heard_by(world, "serra", "riacho", Probe(b"1" * 16, False, False)) == [], "it goes no further"
    world.granted("serra", "clearing-terms.set", SetClearing(on=False))
    assert heard_by(world, "serra", "riacho", Probe(b"2" * 16, False, True)) == []
    world.granted("serra", "clearing-terms.set", SetClearing(on=True))
    world.nodes["serra"].replica.home.standing.recovering = True
    assert heard_by(world, "serra", "riacho", Probe(b"3" * 16, False, True)) == []


def test_a_probe_does_not_go_back_to_who_sent_it() -> None:
    world, _, _ = two_links()
    assert heard_by(world, "serra", "riacho", Probe(bytes(16), False, True)) == []


def test_each_who_brings_a_probe_is_told_once_that_it_has_met() -> None:
    world = ring(30, 50, 40)
    found(world, "lagoa")
    owes(world, "lagoa", "serra", 45)
    key = bytes(16)
    assert heard_by(world, "serra", "riacho", Probe(key, False, False)) == []
    met = ProbeMet(key, False, (debt_of(world, "riacho", "serra"),), 30 * 10**6)
    back = ProbeMet(key, True, (debt_of(world, "serra", "encants"),), 50 * 10**6)
    assert heard_by(world, "serra", "encants", Probe(key, True, False)) == [("encants", back), ("riacho", met)]
    late = ProbeMet(key, False, (debt_of(world, "lagoa", "serra"),), 45 * 10**6)
    assert heard_by(world, "serra", "lagoa", Probe(key, False, False)) == [("lagoa", late)]


def test_a_key_is_passed_on_once_each_way_whoever_else_brings_it() -> None:
    world = ring(30, 50, 40)
    found(world, "lagoa")
    owes(world, "lagoa", "serra", 45)
    key = bytes(16)
    assert heard_by(world, "serra", "riacho", Probe(key, False, True)) == [("encants", Probe(key, False, False))]
    assert heard_by(world, "serra", "lagoa", Probe(key, False, True)) == []


def heard_by(world: World, name: str, source: str, *messages: Message) -> list[tuple[str, Message]]:
    """Let one say something to another, and return what that one says at once of probes, and to whom."""
    world.run()
    for message in messages:
        world.give(name, Received(source, pack(message)))
    told = [(target, unpack(frame)) for teller, target, frame in world.wires if teller == name]
    world.wires.clear()
    return [(target, one) for target, one in told if isinstance(one, Probe | ProbeMet)]


def test_a_flood_of_probes_goes_on_within_bounds_and_costs_nobody_else() -> None:
    world = ring(30, 50, 40)
    went = 0
    for number in range(PROBES_PER_PARTNER_MAX * 3):
        went += len(heard_by(world, "serra", "riacho", Probe(number.to_bytes(16, "big"), False, True)))
    assert went == PROBES_PER_PARTNER_MAX
    # The other partner's probe finds room, and so does the next of the same one when these have gone.
    assert heard_by(world, "serra", "encants", Probe(b"e" * 16, True, True)) == [
        ("riacho", Probe(b"e" * 16, True, False))
    ]
    world.now += PROBE_LIFE_MS + 1
    assert len(heard_by(world, "serra", "riacho", Probe(b"n" * 16, False, True))) == 1


def test_who_sends_probes_without_end_loses_its_connection() -> None:
    world = ring(30, 50, 40)
    reasons = [
        says(world, Probe(number.to_bytes(16, "big"), False, True)) for number in range(REQUESTS_PER_MINUTE_MAX + 1)
    ]
    assert "too many requests in a minute" in reasons
    assert not any(one[0] != "riacho" for one in world.drops), "nobody whom they were passed on to hangs up on Serra"
    assert 6 * PROBES_MAX * 2 + 60 < REQUESTS_PER_MINUTE_MAX, "what all partners together can let it pass on to one"


def test_only_so_many_probes_are_remembered_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("protocol.practices.between.clearing.probes.PROBES_MAX", 3)
    world = ring(30, 50, 40)
    for number in range(10):
        heard_by(world, "serra", "riacho", Probe(number.to_bytes(16, "big"), False, True))
    assert len(world.nodes["serra"].replica.book.of(Probes).heard) == 3


def test_a_probe_goes_to_the_greatest_debts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("protocol.practices.between.clearing.probes.PROBE_FANOUT_MAX", 1)
    world = ring(30, 40, 40)
    found(world, "campo")
    owes(world, "serra", "campo", 45)
    assert heard_by(world, "serra", "riacho", Probe(bytes(16), False, True)) == [
        ("campo", Probe(bytes(16), False, False))
    ]
    world.cut("serra", "campo")
    world.now += PROBE_LIFE_MS + 1
    assert heard_by(world, "serra", "riacho", Probe(bytes(16), False, True)) == [
        ("encants", Probe(bytes(16), False, False))
    ]


# Lies.


def searching(world: World, name: str = "riacho") -> bytes:
    """Let a node begin to search, nobody having heard of it yet; returns the key."""
    world.granted(name, "clearings.open", OpenRound())
    world.now += 1_000
    world.give(name, TimerFired())
    world.wires.clear()
    search = world.nodes[name].replica.book.of(Probes).search
    assert search is not None
    return search.key


def debt_of(world: World, one: str, other: str) -> Debt:
    """Return a debt on the link between two, as they tell of it."""
    [link] = world.nodes[one].replica.book.of(Links).with_partner(world.nodes[other].network)
    return Debt(
        world.nodes[one].network, world.nodes[other].network, link.id, link.terms.unit, link.terms.scale
    )  # fmt: skip


def known(world: World, name: str = "riacho") -> set[tuple[str, str]]:
    search = world.nodes[name].replica.book.of(Probes).search
    assert search is not None
    return {(world.by_network(one).name, world.by_network(other).name) for one, other in search.known}


def test_who_searches_believes_a_partner_of_its_own_debts_only() -> None:
    world = ring(30, 50, 40)
    key = searching(world)
    serra, stranger = debt_of(world, "riacho", "serra"), bytes([9]) * 32
    lies = (
        ProbeMet(key, False, (), 10**9),
        ProbeMet(b"x" * 16, False, (serra,), 10**9),
        # Serra is no debtor of Riacho.
        ProbeMet(key, True, (serra,), 10**9),
        ProbeMet(key, True, (Debt(serra.creditor, serra.debtor, serra.link, "HORA", 2),), 10**9),
        # Not on that link, not in that unit, not Serra's debt.
        ProbeMet(key, False, (Debt(serra.debtor, serra.creditor, stranger, "HORA", 2),), 10**9),
        ProbeMet(key, False, (Debt(serra.debtor, serra.creditor, serra.link, "HORA", 3),), 10**9),
        ProbeMet(key, False, (debt_of(world, "encants", "riacho"),), 10**9),
    )
    for lie in lies:
        assert heard_by(world, "riacho", "serra", lie) == []
        assert known(world) == set()
    beyond = (
        Debt(stranger, serra.debtor, stranger, "FLOR", 2),
        Debt(serra.creditor, serra.creditor, stranger, "FLOR", 2),
        Debt(serra.creditor, serra.debtor, stranger, "FLOR", 2),
        Debt(stranger, serra.creditor, stranger, "FLOR", 2),
    )
    for debt in beyond:
        heard_by(world, "riacho", "serra", ProbeMet(key, False, (debt, serra), 10**9))
        assert known(world) == {("riacho", "serra")}


def test_what_a_partner_makes_up_beyond_itself_is_refused_by_whom_it_names() -> None:
    world = ring(30, 0, 40)
    key = searching(world)
    made_up = Debt(world.nodes["serra"].network, world.nodes["encants"].network, bytes(32), "FLOR", 2)
    met = (ProbeMet(key, False, (made_up, debt_of(world, "riacho", "serra")), 10**9),)
    heard_by(world, "riacho", "serra", *met)
    heard_by(world, "riacho", "encants", ProbeMet(key, True, (debt_of(world, "encants", "riacho"),), 10**9))
    world.tick(CLEAR_SECONDS)
    assert debts(world) == [30_00, 0, 40_00] and quiet(world)
    [seen] = rounds_of(world, "riacho")
    assert [(one.reason, one.refused_by) for one in seen.circles] == [("LINK_UNKNOWN", "encants")]


def test_who_says_that_more_is_owed_only_makes_its_own_circle_fail() -> None:
    world = ring(30, 10, 40)
    key = searching(world)
    more = ProbeMet(key, False, (debt_of(world, "serra", "encants"), debt_of(world, "riacho", "serra")), 2**63 - 1)
    heard_by(world, "riacho", "serra", more)
    heard_by(world, "riacho", "encants", ProbeMet(key, True, (debt_of(world, "encants", "riacho"),), 10**12))
    world.tick(CLEAR_SECONDS)
    assert debts(world) == [30_00, 10_00, 40_00] and quiet(world)
    [seen] = rounds_of(world, "riacho")
    assert [(one.reason, one.refused_by) for one in seen.circles] == [("BALANCE_OPEN", "encants")]
    assert seen.circles[0].owed.value == 30_00, "not more than Riacho itself owes"
    assert clear(world).cleared == 1 and debts(world) == [20_00, 0, 30_00]


def test_who_tells_of_a_debt_on_our_own_link_stops_nobody() -> None:
    world = ring(30, 10, 40)
    key = searching(world)
    serra = debt_of(world, "riacho", "serra")
    made_up = Debt(serra.creditor, world.nodes["encants"].network, serra.link, "FLOR", 2)
    heard_by(world, "riacho", "serra", ProbeMet(key, False, (made_up, serra), 2**63 - 1))
    heard_by(world, "riacho", "encants", ProbeMet(key, True, (debt_of(world, "encants", "riacho"),), 10**12))
    world.tick(CLEAR_SECONDS)
    assert debts(world) == [30_00, 10_00, 40_00] and quiet(world)
    [seen] = rounds_of(world, "riacho")
    assert seen.circles == ()


def test_a_unit_worth_next_to_nothing_makes_no_amount_that_does_not_fit() -> None:
    world = ring(30, 10, 40)
    world.granted("serra", "currencies.value", ValueCurrency("0.000001"), subject="FLOR")
    world.tick(2)
    key = searching(world)
    serra = debt_of(world, "riacho", "serra")
    book = world.nodes["riacho"].replica.book
    [said] = book.of(Intents).values[serra.creditor].values()
    book.of(Intents).values[serra.creditor]["FLOR"] = replace(said, scale=0, num=1, den=10**12)
    made_up = Debt(serra.creditor, world.nodes["encants"].network, bytes([7]) * 32, "FLOR", 9)
    heard_by(world, "riacho", "serra", ProbeMet(key, False, (made_up, serra), 2**63 - 1))
    heard_by(world, "riacho", "encants", ProbeMet(key, True, (debt_of(world, "encants", "riacho"),), 10**12))
    world.tick(CLEAR_SECONDS)
    assert debts(world) == [30_00, 10_00, 40_00] and quiet(world)


def test_a_partner_answers_so_often_only() -> None:
    world = ring(30, 50, 40)
    key = searching(world)
    serra = debt_of(world, "riacho", "serra")
    for number in range(ANSWERS_MAX * 2):
        other = bytes([number + 1]) * 32
        met = ProbeMet(key, False, (Debt(serra.creditor, other, other, "FLOR", 2), serra), 10**9)
        heard_by(world, "riacho", "serra", met)
    search = world.nodes["riacho"].replica.book.of(Probes).search
    assert search is not None and len(search.known) == 1 + ANSWERS_MAX


def test_an_answer_is_passed_back_once_from_whom_was_asked_and_says_what_all_carry() -> None:
    world = ring(30, 50, 40)
    probe = Probe(b"k" * 16, False, True)
    met = ProbeMet(probe.key, False, (debt_of(world, "serra", "encants"),), 45 * 10**6)
    assert heard_by(world, "serra", "encants", met) == [], "nobody has asked"
    assert heard_by(world, "serra", "riacho", probe) == [("encants", Probe(probe.key, False, False))]
    for lie in (
        ProbeMet(probe.key, True, met.debts, 1),
        ProbeMet(probe.key, False, (debt_of(world, "riacho", "serra"),), 1),
        ProbeMet(probe.key, False, (debt_of(world, "encants", "riacho"), *met.debts), 1),
    ):
        assert heard_by(world, "serra", "riacho", lie) == []
    back = ProbeMet(probe.key, False, (*met.debts, debt_of(world, "riacho", "serra")), 30 * 10**6)
    assert heard_by(world, "serra", "encants", met) == [("riacho", back)]
    assert heard_by(world, "serra", "encants", met) == [], "and once"


@pytest.mark.parametrize("lie", ["link", "unit", "turned round", "of another", "too many"])
def test_what_is_passed_back_is_a_debt_that_is_known_here(lie: str) -> None:
    world = ring(30, 50, 40)
    told = debt_of(world, "serra", "encants")
    lies = {
        "link": (replace(told, link=bytes(32)),),
        "unit": (replace(told, unit="HORA"),),
        "turned round": (replace(told, debtor=told.creditor, creditor=told.debtor),),
        "of another": (replace(told, creditor=bytes(32)),),
        "too many": (told, told),
    }
    probe = Probe(b"k" * 16, False, True)
    assert heard_by(world, "serra", "riacho", probe) == [("encants", Probe(probe.key, False, False))]
    assert heard_by(world, "serra", "encants", ProbeMet(probe.key, False, lies[lie], 45 * 10**6)) == []


# In between.


def asked_about(world: World, name: str = "riacho") -> None:
    """Let a node search, and stop just when it asks about what it has found."""
    world.granted(name, "clearings.open", OpenRound())
    for _ in range(6):
        world.now += 1_000
        for one in world.nodes:
            world.give(one, TimerFired())
        if world.nodes[name].replica.book.of(Rounds).asked:
            return
        world.run()
    raise AssertionError("it never asks")


def test_what_is_repaid_in_between_is_not_cleared_besides() -> None:
    world = ring(30, 50, 40)
    asked_about(world)
    waiting, world.wires = world.wires, []
    # Serra is owed 30 by Riacho, and pays 10 of them back.
    pay(world, "serra", "ana", "ana@riacho", 10)
    world.wires += waiting
    world.tick(CLEAR_SECONDS)
    assert debts(world) == [20_00, 50_00, 40_00] and quiet(world)
    [seen] = rounds_of(world, "riacho")
    assert [one.reason for one in seen.circles] == ["BALANCE_OPEN"]
    assert clear(world).cleared == 1 and debts(world) == [0, 30_00, 20_00]


def test_what_another_has_cleared_before_our_turn_is_no_failure() -> None:
    world = ring(30, 50, 40)
    last = max(NAMES[:3], key=lambda name: world.nodes[name].network)
    other = NAMES[NAMES.index(last) - 1]
    for name in (last, other):
        world.granted(name, "clearings.open", OpenRound())
    world.tick(3)
    [found] = world.nodes[last].replica.book.of(Probes).found
    assert found.at_ms - world.now > TURN_MS
    world.tick(CLEAR_SECONDS)
    assert debts(world) == [0, 20_00, 10_00] and quiet(world)
    assert [(one.cleared, one.failed) for one in rounds_of(world, last)] == [(0, 0), (1, 0)]


def test_nobody_waits_where_no_other_searches() -> None:
    world = ring(30, 50, 40)
    last = max(NAMES[:3], key=lambda name: world.nodes[name].network)
    world.granted(last, "clearings.open", OpenRound())
    world.tick(4)
    assert debts(world) == [0, 20_00, 10_00]


@pytest.mark.parametrize("after", range(0, 40, 3))
@pytest.mark.parametrize("victim", NAMES[:4])
def test_killed_anywhere_a_ring_is_cleared_whole_or_not_at_all(victim: str, after: int) -> None:
    world = ring(30, 50, 40, 35)
    world.granted("riacho", "clearings.open", OpenRound())
    left = after
    for _ in range(6):
        world.now += 1_000
        for name in NAMES[:4]:
            world.give(name, TimerFired())
        while world.wires and left:
            world.deliver(1)
            left -= 1
        if not left:
            break
    world.restart(victim)
    world.tick(60)
    assert debts(world) in ([30_00, 50_00, 40_00, 35_00], [0, 20_00, 10_00, 5_00])
    assert quiet(world)


def test_who_is_killed_while_it_searches_searches_again() -> None:
    world = ring(30, 50, 40)
    searching(world)
    world.restart("riacho")
    world.tick(CLEAR_SECONDS)
    assert debts(world) == [0, 20_00, 10_00] and quiet(world)


def test_an_old_round_is_not_searched_again() -> None:
    world = ring(30, 50, 40)
    world.granted("riacho", "clearings.open", OpenRound())
    world.now += ROUND_LIFE_MS + 1_000
    told = wiretap(world)
    world.tick(CLEAR_SECONDS)
    assert debts(world) == [30_00, 50_00, 40_00] and not told


# Rounds.


def test_a_circle_of_a_round_far_off_is_not_joined_and_keeps_nobody_from_the_next() -> None:
    world = ring(30, 50, 40, public=NAMES[:3])
    book = world.nodes["serra"].replica.book
    clear(world)
    [circle] = [
        one.circle for name in NAMES[:3] for one in world.nodes[name].replica.book.of(Clearing).initiated.values()
    ]  # fmt: skip
    pay(world, "riacho", "ana", "ana@serra", 30)
    far = Circle(world.now + ROUND_LIFE_MS + 1, circle.legs, circle.condition, world.now + 60_000)
    assert str(against_circle(book, far, world.now)) == "QUOTE_EXPIRED"
    past = Circle(world.now - ROUND_LIFE_MS - 1, circle.legs, circle.condition, world.now + 60_000)
    assert str(against_circle(book, past, world.now)) == "QUOTE_EXPIRED"
    near = Circle(world.now + ROUND_LIFE_MS, circle.legs, circle.condition, world.now + 60_000)
    assert str(against_circle(book, near, world.now)) != "QUOTE_EXPIRED"
    newest = book.of(Clearing).newest(world.now)
    world.granted("encants", "clearing-terms.set", SetClearing(publish=False))
    assert clear(world, "encants").cleared == 1
    assert len(book.of(Clearing).rounds) == 2 and book.of(Clearing).newest(world.now) == newest


def test_a_network_that_publishes_joins_a_round_and_lets_its_opener_search() -> None:
    world = ring(30, 50, 40, public=("riacho", "serra"))
    told = wiretap(world)
    clear(world)
    assert debts(world) == [0, 20_00, 10_00] and quiet(world)
    assert {source for source, _, one in told if isinstance(one, Probe) and one.onward} == {"riacho"}


def test_where_all_publish_the_round_goes_first() -> None:
    world = ring(30, 50, 40, public=NAMES[:3])
    told = wiretap(world)
    assert clear(world).cleared == 1
    first = next(number for number, (_, _, one) in enumerate(told) if isinstance(one, CircleAsked))
    assert not any(isinstance(one, Probe) for _, _, one in told[:first])
    assert TURN_MS * 3 < CLEAR_SECONDS * 1_000 and PROBE_FANOUT_MAX < PROBES_PER_PARTNER_MAX
