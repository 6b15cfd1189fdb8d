# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clearing between networks (PROTOCOL 4): debts that go round are cleared whole or not at all, by nobody's command."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation.groups import exchange, linked, pay
from simulation.world import World, whole

from protocol.book.declaration import Entered
from protocol.book.refusals import MALFORMED, STATE_CONFLICT, refuse
from protocol.events import Received, TimerFired
from protocol.lanes.directory import Directory
from protocol.lanes.entry import COMMONS, LEDGER
from protocol.peers.messages import CircleAsked, QuoteDenied, pack, unpack
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.clearing import asking, proposing, rounds
from protocol.practices.between.clearing.circles import Circle, CircleOnward, Leg, encode_circle, read_circle
from protocol.practices.between.clearing.entries import CircleLeft, Cleared, Failed, RoundJoined, RoundOpened, Turned
from protocol.practices.between.clearing.intents import DEBT_WORTH_MAX, Intended, Intents, LinkDebt, cut
from protocol.practices.between.clearing.joining import against_circle
from protocol.practices.between.clearing.part import OpenRound, SetClearing, ValueCurrency
from protocol.practices.between.clearing.remembered import Rounds
from protocol.practices.between.clearing.rounds import CUT_WAIT_MS, ROUND_EVERY_MS, TAKEOVER_MS
from protocol.practices.between.clearing.state import Clearing
from protocol.practices.between.clearing.views import RoundsWanted
from protocol.practices.between.links.entries import RATE_TERM_MAX, HoldItem
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.steps import Place
from protocol.practices.between.links.wishes import FreezeLink
from protocol.practices.between.quotes.invoices import condition_of
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.between.routes.paths import Pair
from protocol.practices.money.payments.entries import Pay
from protocol.wire.codec import encode
from protocol.wire.keys import digest, id_text
from protocol.wire.shape import to_map

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
    assert world.ask("encants", "clearings.open", OpenRound()).reason.code == "STATE_CONFLICT"
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


# What a network does not join, whoever asks.


def circle_at(world: World, amounts: tuple[int, int, int], not_after_ms: int | None = None) -> Circle:
    """Return the ring as a circle that Riacho initiates, for so much of each debt."""
    legs: list[Leg] = []
    for (one, other), amount in zip(pairs(), amounts, strict=True):
        [link] = world.nodes[one].replica.book.of(Links).with_partner(world.nodes[other].network)
        legs.append(Leg(world.nodes[one].network, link.id, amount))
    until = world.now + 60_000 if not_after_ms is None else not_after_ms
    return Circle(world.now, tuple(legs), condition_of(bytes(32)), until)


def refused(world: World, circle: Circle, name: str = "serra") -> str | None:
    reason = against_circle(world.nodes[name].replica.book, circle, world.now)
    return None if reason is None else reason.code


def test_no_debt_is_cleared_beyond_what_is_owed_and_not_promised() -> None:
    world = ring((30, 50, 40))
    take_part(world)
    assert refused(world, circle_at(world, (30_00, 30_00, 30_00))) is None
    # To Serra comes a hold from Encants for what it owes there, and goes one to Riacho, who owes Serra.
    assert refused(world, circle_at(world, (30_01, 30_01, 30_01))) == "BALANCE_OPEN"
    assert refused(world, circle_at(world, (30_00, 50_01, 30_00))) == "BALANCE_OPEN"
    assert refused(world, circle_at(world, (30_00, 50_01, 30_00)), "encants") == "BALANCE_OPEN"
    assert refused(world, circle_at(world, (30_00, 50_00, 40_01)), "riacho") == "BALANCE_OPEN"


def test_what_a_payment_under_way_pays_back_is_not_cleared_besides() -> None:
    world = ring((30, 30, 30))
    take_part(world)
    wish = AskQuote("ana@riacho", whole(10), payer="bia")
    quote = world.granted("serra", "quotes.create", wish)
    order = Pay(payer=quote.payer, payee="ana@riacho", amount=whole(10), invoice=quote.invoice)
    world.start("serra", "payments.create", order)
    # Serra pays 10 of what Riacho owes it by a hold that is open yet: of 30 only 20 are left to clear, at both ends.
    assert refused(world, circle_at(world, (20_01, 20_01, 20_01))) == "BALANCE_OPEN"
    assert refused(world, circle_at(world, (20_00, 20_00, 20_00))) is None


def link_between(world: World, one: str, other: str) -> str:
    [link] = world.nodes[one].replica.book.of(Links).with_partner(world.nodes[other].network)
    return id_text(link.id)


def test_a_circle_is_joined_in_time_and_by_its_own_networks_and_links() -> None:
    world = ring()
    take_part(world, "riacho", "serra")
    fits = circle_at(world, (10_00, 10_00, 10_00))
    assert refused(world, fits, "encants") == "FORBIDDEN"
    take_part(world)
    assert refused(world, replace(fits, not_after_ms=world.now - 1)) == "QUOTE_EXPIRED"
    stranger = replace(fits, legs=(replace(fits.legs[0], network=bytes(32)), *fits.legs[1:]))
    assert refused(world, stranger, "riacho") == "ROUTE_INVALID"
    assert refused(world, stranger, "serra") == "LINK_UNKNOWN"
    backward = replace(fits, legs=(fits.legs[0], *reversed(fits.legs[1:])))
    assert refused(world, backward) == "LINK_UNKNOWN"
    world.cut("serra", "riacho")
    assert refused(world, fits) == "PEER_UNREACHABLE"


def test_a_circle_is_joined_once() -> None:
    world = ring()
    take_part(world)
    shown = open_round(world)
    assert shown.cleared == 1
    for name in RING:
        book = world.nodes[name].replica.book
        clearing, forwards = book.of(Clearing), book.of(Forwards)
        [circle] = [one.circle for one in clearing.initiated.values()] or [
            read_circle(one.circle or b"") for one in forwards.circles.values()
        ]
        assert circle is not None
        assert refused(world, circle, name) == "STATE_CONFLICT"


def test_two_circles_over_one_debt_clear_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each network works out a circle of its own, by another salt, and none sees that another was taken up."""
    world = ring()
    take_part(world)
    monkeypatch.setattr(rounds, "TAKEOVER_MS", 0)
    monkeypatch.setattr(Circle, "id", property(lambda circle: digest("circle", circle.initiator + circle.condition)))
    open_round(world)
    world.tick(60)
    assert debts(world) in ([0, 0, 0], [30_00, 30_00, 30_00]) and quiet(world)


def test_a_hold_whose_circle_the_initiator_has_not_signed_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ring()
    take_part(world)
    begin = asking._begin
    monkeypatch.setattr(asking, "_begin", lambda desk, asked, _: begin(desk, asked, bytes(64)))
    shown = open_round(world)
    assert (shown.cleared, debts(world)) == (0, [30_00, 30_00, 30_00]) and quiet(world)
    reasons = {
        circle.reason
        for name in RING
        for one in world.granted(name, "clearings.list", RoundsWanted()).items
        for circle in one.circles
    }
    assert reasons == {"SIGNATURE_INVALID"}


def test_a_question_that_the_initiator_has_not_signed_is_denied() -> None:
    world = ring()
    take_part(world)
    data = encode_circle(circle_at(world, (10_00, 10_00, 10_00)))
    # To Serra it comes from Encants, which it owes.
    world.give("serra", Received("encants", pack(CircleAsked(bytes(16), data, bytes(64)))))
    denied = [unpack(frame) for source, target, frame in world.wires if (source, target) == ("serra", "encants")]
    assert denied == [QuoteDenied(bytes(16), "SIGNATURE_INVALID", world.nodes["serra"].network)]
    world.run()
    world.give("serra", Received("riacho", pack(CircleAsked(bytes(16), data, bytes(64)))))
    denied = [unpack(frame) for source, target, frame in world.wires if (source, target) == ("serra", "riacho")]
    assert denied == [QuoteDenied(bytes(16), "ROUTE_INVALID", world.nodes["serra"].network)]


def test_a_debt_that_its_creditor_has_not_offered_counts_for_nothing() -> None:
    world = ring((30, 30, 0))
    take_part(world)
    [link] = world.nodes["encants"].replica.book.of(Links).with_partner(world.nodes["riacho"].network)
    claimed = LinkDebt(link.id, link.partner, "ECO", 2, 30_00)
    shown = world.granted("riacho", "clearings.open", OpenRound())
    lie = Intended(int(shown.id), (claimed,), ())
    world.nodes["encants"].replica.journal.write(lie, COMMONS, world.now)
    world.run()
    found = cut(world.nodes["serra"].replica.book, int(shown.id))
    assert (world.nodes["encants"].network, world.nodes["riacho"].network) not in found
    assert found == {} or all(pair[0] != world.nodes["encants"].network for pair in found)


def test_rounds_by_rhythm_come_by_themselves() -> None:
    world = ring()
    take_part(world, rhythm_seconds=3_600)
    world.tick(ROUND_SECONDS + 5)
    assert debts(world) == [0, 0, 0] and quiet(world)
    counts = [len(world.granted(name, "clearings.list", RoundsWanted()).items) for name in RING]
    assert counts == [1, 1, 1], "three that open one at the same moment take part in one"


def test_a_rhythm_of_ones_own_opens_no_round_that_could_clear_nothing() -> None:
    world = ring((30, 0, 0))
    take_part(world, rhythm_seconds=60)
    world.tick(130)
    assert [world.granted(name, "clearings.list", RoundsWanted()).items for name in RING] == [()] * 3


@pytest.mark.parametrize("seconds", [1, 59])
def test_a_rhythm_of_less_than_a_minute_is_refused(seconds: int) -> None:
    world = ring()
    take_part(world, rhythm_seconds=0)
    before = world.granted("riacho", "clearing-terms.show", subject=id_text(world.nodes["riacho"].network))
    outcome = world.ask("riacho", "clearing-terms.set", SetClearing(rhythm_seconds=seconds))
    assert outcome == refuse(MALFORMED, field="rhythm_seconds", expected="0, or at least 60")
    assert world.granted("riacho", "clearing-terms.show", subject=id_text(world.nodes["riacho"].network)) == before
    assert world.granted("riacho", "clearing-terms.set", SetClearing(rhythm_seconds=60)).rhythm_seconds == 60


def test_what_waits_on_a_debt_of_ours_is_promised_too() -> None:
    world = ring((30, 30, 30))
    take_part(world)
    # Serra pays Clara by way of Riacho, which cannot go on: 10 of what Riacho owes Serra wait there.
    quote = world.granted("serra", "quotes.create", AskQuote("clara@encants", whole(10), payer="bia", via=("riacho",)))
    order = Pay(payer=quote.payer, payee="clara@encants", amount=whole(10), invoice=quote.invoice)
    world.start("serra", "payments.create", order)
    world.cut("riacho", "encants")
    world.run()
    world.join("riacho", "encants")
    world.run()
    [link] = world.nodes["riacho"].replica.book.of(Links).with_partner(world.nodes["serra"].network)
    assert sum(hold.amount for hold in link.now.holds_in.values()) == 10_00
    assert refused(world, circle_at(world, (20_01, 20_01, 20_01)), "riacho") == "BALANCE_OPEN"
    assert refused(world, circle_at(world, (20_00, 20_00, 20_00)), "riacho") is None


def test_who_has_stopped_takes_no_part_any_more() -> None:
    world = ring()
    take_part(world)
    fits = circle_at(world, (10_00, 10_00, 10_00))
    assert refused(world, fits) is None
    world.granted("serra", "clearing-terms.set", SetClearing(on=False))
    assert refused(world, fits) == "FORBIDDEN"
    assert open_round(world).cleared == 0


def asked_again(circle: Circle) -> bytes:
    """Return a circle of a round that nobody here has heard of."""
    return encode_circle(replace(circle, round=circle.round + 1))


def test_each_step_of_a_circle_stands_once() -> None:
    world = ring()
    take_part(world)
    open_round(world)
    [(name, one)] = [
        (name, one)
        for name in RING
        for one in world.nodes[name].replica.book.of(Clearing).initiated.values()
    ]  # fmt: skip
    book = world.nodes[name].replica.book
    assert one.turned is not None
    number = one.circle.round
    for body in (
        Turned(one.id, one.turned), Cleared(one.id, bytes(32)), Failed(one.id, "NO_ROUTE"),
        RoundOpened(number, ()), RoundJoined(number, ()), CircleLeft(asked_again(one.circle), "NO_ROUTE", None),
    ):  # fmt: skip
        entered = Entered(body, book.network, LEDGER, 0, 10_000, bytes(32), world.now)
        assert book.check(entered) is STATE_CONFLICT


def test_only_who_can_be_in_a_ring_with_us_is_counted() -> None:
    """Strangers who offer debts among themselves cost the others nothing: each looks at its own rings only."""
    world = ring()
    take_part(world)
    shown = world.granted("riacho", "clearings.open", OpenRound())
    world.tick(2)
    book = world.nodes["serra"].replica.book
    known = book.of(Directory).networks
    strangers = [bytes([number]) * 32 for number in range(200, 203)]
    for one, other, third in zip(strangers, (*strangers[1:], strangers[0]), (strangers[-1], *strangers), strict=False):
        known[one] = replace(known[book.network])
        owes, owed = (
            LinkDebt(bytes([max(a[0], b[0]), min(a[0], b[0])]) * 16, b, "X", 2, 5_00)
            for a, b in ((one, other), (one, third))
        )
        book.of(Intents).said[one] = Intended(int(shown.id), (owes,), (owed,))
    found = cut(book, int(shown.id))
    assert {network for pair in found for network in pair} == {world.nodes[name].network for name in RING}


def initiator(world: World) -> tuple[str, Any]:
    """Return who has asked about a circle, and the question: its key and what was asked."""
    for name in RING:
        for key, asked in world.nodes[name].replica.book.of(Rounds).asked.items():
            return name, (key, asked)
    raise AssertionError("nobody has asked")


def test_only_the_creditor_brings_the_question_round() -> None:
    world = ring()
    take_part(world)
    on_its_way(world, 0)
    name, (key, asked) = initiator(world)
    debtor = world.by_network(asked.circle.legs[-1].network).name
    world.give(name, Received(debtor, pack(CircleAsked(key, asked.data, bytes(64)))))
    assert not world.nodes[name].replica.book.of(Clearing).initiated


def test_who_recovers_joins_no_circle() -> None:
    world = ring()
    take_part(world)
    world.nodes["serra"].replica.home.standing.recovering = True
    data = encode_circle(circle_at(world, (10_00, 10_00, 10_00)))
    world.give("serra", Received("encants", pack(CircleAsked(bytes(16), data, bytes(64)))))
    denied = [unpack(frame) for source, target, frame in world.wires if (source, target) == ("serra", "encants")]
    assert denied == [QuoteDenied(bytes(16), "RECOVERING", world.nodes["serra"].network)]


def test_a_circle_whose_hold_was_lost_with_an_old_copy_is_given_up() -> None:
    world = ring()
    take_part(world)
    on_its_way(world, 0)
    name, _ = initiator(world)
    node = world.nodes[name]
    while not node.replica.book.of(Clearing).initiated:
        world.deliver(1)
    [begun] = [at for at, entry in enumerate(node.disk) if b"clearing/begun" in entry.wire]
    world.restart(name, old_copy=begun + 1)
    world.tick(60)
    [one] = node.replica.book.of(Clearing).initiated.values()
    assert (one.is_open, one.reason) == (False, "RECOVERING")
    assert debts(world) == [30_00, 30_00, 30_00] and quiet(world)


def test_a_circle_that_was_turned_is_claimed_no_second_time() -> None:
    world = ring()
    take_part(world)
    open_round(world)
    [(name, one)] = [
        (name, one) for name in RING for one in world.nodes[name].replica.book.of(Clearing).initiated.values()
    ]  # fmt: skip
    leg, creditor = one.circle.legs[0], world.by_network(one.circle.legs[1].network)
    onward = encode(to_map(CircleOnward(encode_circle(one.circle), bytes(64))))
    links = creditor.replica.book.of(Links)
    links.take(creditor.replica.book, Place(leg.link, HoldItem(bytes(16), leg.amount, one.circle.condition, onward)))
    world.tick(20)
    assert debts(world) == [0, 0, 0] and quiet(world)
    [link] = world.nodes[name].replica.book.of(Links).with_partner(creditor.network)
    assert link.side.own.waived.get(bytes(16), "STATE_CONFLICT") == "STATE_CONFLICT"


# Lies in what is published.


def published(world: World, number: int, **lies: tuple[tuple[LinkDebt, ...], tuple[LinkDebt, ...]]) -> None:
    """Let some say, beside what they have said in a round, these debts and credits too; all hear it."""
    for name, (owes, owed) in lies.items():
        node = world.nodes[name]
        said = node.replica.book.of(Intents).said[node.network]
        word = Intended(number, (*owes, *said.debts), (*owed, *said.credits))
        node.replica.journal.write(word, COMMONS, world.now)
        world.give(name, TimerFired())
    world.run()


def test_who_says_that_it_owes_itself_stops_nobody() -> None:
    world = ring((30, 50, 40))
    take_part(world)
    shown = world.granted("riacho", "clearings.open", OpenRound())
    world.tick(1)
    line = LinkDebt(bytes([7]) * 32, world.nodes["encants"].network, "ECO", 2, 90_00)
    published(world, int(shown.id), encants=((line,), (line,)))
    assert debts(world) == [30_00, 50_00, 40_00]
    world.tick(ROUND_SECONDS)
    assert debts(world) == [0, 20_00, 10_00] and quiet(world)


def test_two_who_tell_of_a_debt_on_the_link_of_another_stop_nobody() -> None:
    world = ring((30, 50, 40))
    take_part(world)
    shown = world.granted("riacho", "clearings.open", OpenRound())
    world.tick(1)
    [link] = world.nodes["riacho"].replica.book.of(Links).with_partner(world.nodes["serra"].network)
    owes = LinkDebt(link.id, world.nodes["encants"].network, "FLOR", 2, 90_00)
    owed = replace(owes, partner=world.nodes["serra"].network)
    published(world, int(shown.id), serra=((owes,), ()), encants=((), (owed,)))
    world.tick(60)
    assert debts(world) == [0, 20_00, 10_00] and quiet(world), "a probe finds the debts that there are"
    [seen] = world.granted("riacho", "clearings.list", RoundsWanted()).items
    assert (seen.cleared, seen.failed) == (1, 0), "the circle of the lie is not even asked about"


def told_of(ids: list[bytes]) -> st.SearchStrategy[dict[Pair, tuple[int, LinkDebt, Fraction]]]:
    """Return debts between some as words may tell of them, be the words lies."""
    pairs = st.tuples(st.sampled_from(ids), st.sampled_from(ids)).filter(lambda pair: pair[0] != pair[1])
    lines = st.builds(
        LinkDebt, st.sampled_from((bytes(32), bytes([1]) * 32)) | st.binary(min_size=32, max_size=32),
        st.sampled_from(ids), st.just("FLOR"), st.integers(0, 9), st.just(1),
    )  # fmt: skip
    each = st.builds(Fraction, st.integers(1, RATE_TERM_MAX), st.integers(1, RATE_TERM_MAX))
    return st.dictionaries(pairs, st.tuples(st.integers(1, DEBT_WORTH_MAX), lines, each), max_size=12)


def test_whatever_is_told_of_debts_the_circles_made_of_it_can_be_read() -> None:
    book = World().found("riacho", "HORA").replica.book
    ids = [book.network, *(bytes([number]) * 32 for number in range(4))]

    @settings(max_examples=200, deadline=None)
    @given(told_of(ids))
    def holds(lines: dict[Pair, tuple[int, LinkDebt, Fraction]]) -> None:
        for circle in proposing.circles_with_us(book, 1, lines, 20):
            assert read_circle(encode_circle(circle)) == circle

    holds()


def test_whoever_calls_rounds_far_ahead_calls_for_one_a_minute_at_most() -> None:
    world = ring((30, 50, 40))
    take_part(world)
    liar = world.nodes["encants"]
    ahead = world.now + 60_000
    for number in range(ahead, ahead + 40):
        liar.replica.journal.write(Intended(number, (), ()), COMMONS, world.now)
        world.tick(1)
    assert len(world.nodes["riacho"].replica.book.of(Clearing).rounds) == 1


def test_after_the_clock_has_gone_back_others_call_again() -> None:
    world = ring((30, 50, 40))
    take_part(world)
    open_round(world)
    world.now -= 365 * 24 * 3_600_000
    shown = world.granted("encants", "clearings.open", OpenRound())
    world.tick(2)
    assert int(shown.id) in world.nodes["riacho"].replica.book.of(Clearing).opened


def test_who_recovers_neither_leaves_a_circle_nor_begins_one() -> None:
    world = ring()
    take_part(world)
    on_its_way(world, 0)
    name, (key, asked) = initiator(world)
    node = world.nodes[name]
    debtor, creditor = (world.by_network(asked.circle.legs[at].network).name for at in (-1, 1))
    node.replica.home.standing.recovering = True
    written = len(node.disk)
    signature = node.keyring.hot.sign("circle", asked.data) if node.keyring else b""
    world.give(name, Received(debtor, pack(QuoteDenied(key, "FORBIDDEN", bytes(32)))))
    world.give(name, Received(creditor, pack(CircleAsked(key, asked.data, signature))))
    assert len(node.disk) == written


def test_a_question_of_a_time_that_is_yet_to_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ASKED_MAX", 1)
    world = ring((30, 50, 40))
    take_part(world)
    on_its_way(world, 0)
    name, _ = initiator(world)
    world.wires.clear()
    world.now -= 365 * 24 * 3_600_000
    world.tick(1)
    assert not world.nodes[name].replica.book.of(Rounds).asked
