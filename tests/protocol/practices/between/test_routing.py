# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ways over several networks: published, found, asked one after the other, taken again, split (PROTOCOL 3)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, pairwise, permutations
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation.groups import balance, exchange, linked
from simulation.world import World, whole

from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.lanes.directory import Directory, Known
from protocol.lanes.entry import COMMONS, LEDGER
from protocol.lanes.identity import Identity
from protocol.peers.messages import HOPS_MAX
from protocol.practices import PRACTICES
from protocol.practices.between.abroad.entries import Rerouted
from protocol.practices.between.abroad.state import Forwards, part_hold
from protocol.practices.between.links.entries import Settings, Terms, link_id
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.wishes import (
    CloseLink,
    FreezeLink,
    LinksWanted,
    ProposeLink,
    RaiseLink,
    SetLinkRate,
)
from protocol.practices.between.quotes.answers import HOLD_WAIT_MS, Relays
from protocol.practices.between.quotes.asking import ATTEMPT_WAIT_MS
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.between.routes.entries import Published
from protocol.practices.between.routes.paths import DETOUR_HOPS_MAX, HOP_SHARE, PathWanted, find_path
from protocol.practices.between.routes.publishing import BAND_EVERY_MS, PublishLink, WithdrawLink, band_of
from protocol.practices.between.routes.state import Routes
from protocol.practices.money.payments.entries import Pay
from protocol.wire.keys import id_text

# Riacho reaches Encants by Serra, which takes 1 for it, and by Campo, which takes 2.
WAYS = {"serra": 1, "campo": 2}


def ring(limit: int = 1_000, limits: dict[str, int] | None = None) -> World:
    """Riacho and Encants, joined by Serra and by Campo; all count in the same worth."""
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    for name, code in (("serra", "FLOR"), ("campo", "MATE")):
        exchange(world, name, code, "bia")
    exchange(world, "encants", "ECO", "clara")
    for name, fee in WAYS.items():
        linked(world, "riacho", name, (limits or {}).get(name, limit))
        linked(world, name, "encants", (limits or {}).get(name, limit), fee=fee)
    world.tick(2)
    return world


def link_of(world: World, name: str, partner: str) -> str:
    return next(
        one.id for one in world.granted(name, "links.list", LinksWanted()).items if one.partner_handle == partner
    )


def quoted(world: World, units: int, payee: str = "clara@encants", name: str = "riacho") -> Any:
    return world.granted(name, "quotes.create", AskQuote(payee, whole(units), payer="ana"))


def ways(world: World, shown: Any) -> list[list[str]]:
    """Return the networks of each way by handle."""
    handles = {id_text(node.network): name for name, node in world.nodes.items()}
    return [[handles[hop.network] for hop in path.hops] for path in shown.paths]


def ordered(world: World, quote: Any) -> int:
    """Pay a quote; returns the number of the request, nothing delivered yet."""
    wish = Pay(payer=quote.payer, payee="clara@encants", amount=quote.amount, invoice=quote.invoice)
    return world.start("riacho", "payments.create", wish)


def shown(world: World, request: int) -> Any:
    return world.granted("riacho", "payments.show", subject=world.nodes["riacho"].answers[request].id)


def settled(world: World) -> bool:
    """Tell whether nothing is held anywhere, all adds up, and nobody was dropped."""
    held = any(
        account.balance_minor
        for node in world.nodes.values()
        for account in node.replica.book.ledger.accounts.values()
        if account.id.startswith("holds.")
    )
    return not held and world.zero_sum() and not world.drops


def test_a_payment_finds_its_way_and_takes_the_cheapest() -> None:
    world = ring()
    quote = quoted(world, 60)
    assert ways(world, quote) == [["serra", "encants"]]
    assert quote.debit.value == 61_00
    request = ordered(world, quote)
    world.run()
    assert shown(world, request).state == "posted"
    assert (balance(world, "riacho", "ana"), balance(world, "encants", "clara")) == (-61_00, 60_00)
    assert settled(world)


def test_of_two_ways_the_one_with_room_is_taken() -> None:
    world = ring(limits={"serra": 100})
    # Of a limit a quarter is the most that is open at a time.
    assert ways(world, quoted(world, 60)) == [["campo", "encants"]]
    assert ways(world, quoted(world, 10)) == [["serra", "encants"]]


def test_refused_on_one_way_the_price_is_asked_on_the_next() -> None:
    world = ring()
    world.start("serra", "links.freeze", FreezeLink(), subject=link_of(world, "serra", "encants"))
    quote = quoted(world, 60)
    assert ways(world, quote) == [["campo", "encants"]]
    assert quote.debit.value == 62_00


def test_where_a_way_stays_silent_the_next_is_asked() -> None:
    world = ring()
    request = world.start("riacho", "quotes.create", AskQuote("clara@encants", whole(60), payer="ana"))
    world.deliver(1)
    # Serra has passed the question on, and it is lost.
    world.cut("serra", "encants")
    world.run()
    assert request not in world.nodes["riacho"].answers
    world.tick(ATTEMPT_WAIT_MS // 1_000 + 1)
    assert ways(world, world.nodes["riacho"].answers[request]) == [["campo", "encants"]]


def test_the_payees_own_refusal_is_the_last_word() -> None:
    world = ring()
    refused = world.ask("riacho", "quotes.create", AskQuote("zoe@encants", whole(60), payer="ana"))
    assert refused.reason.code == "MEMBER_UNKNOWN"
    world.granted("riacho", "quotes.create", AskQuote("clara@encants", whole(60), payer="ana"))
    asked = [one for one in world.nodes["campo"].replica.book.of(Routes).said if one]
    assert asked


def test_no_way_is_said_to_be_none() -> None:
    world = ring()
    for name in WAYS:
        world.granted(name, "links.withdraw", WithdrawLink(), subject=link_of(world, name, "encants"))
    world.tick(2)
    refused = world.ask("riacho", "quotes.create", AskQuote("clara@encants", whole(60), payer="ana"))
    assert refused.reason.code == "NO_ROUTE"


def test_a_link_that_is_only_proposed_counts_for_no_way() -> None:
    world = ring()
    world.granted("riacho", "links.create", ProposeLink("encants", whole(9), "HORA"))
    assert ways(world, quoted(world, 60)) == [["serra", "encants"]]
    for name in WAYS:
        world.granted("riacho", "links.freeze", FreezeLink(), subject=link_of(world, "riacho", name))
    refused = world.ask("riacho", "quotes.create", AskQuote("clara@encants", whole(60), payer="ana"))
    assert (refused.reason.code, refused.figures["state"]) == ("LINK_NOT_OPEN", "frozen")


def test_what_the_last_way_tells_is_told() -> None:
    world = ring()
    world.granted("serra", "links.freeze", FreezeLink(), subject=link_of(world, "serra", "encants"))
    request = world.start("riacho", "quotes.create", AskQuote("clara@encants", whole(60), payer="ana"))
    # Serra says that its link is frozen; Campo, asked next, has lost sight of Encants.
    world.cut("campo", "encants")
    world.run()
    refused = world.nodes["riacho"].answers[request]
    assert refused.reason.code == "PEER_UNREACHABLE"


def test_from_behind_a_silent_partner_the_partner_is_told() -> None:
    world = ring()
    for name in WAYS:
        world.cut("riacho", name)
    refused = world.ask("riacho", "quotes.create", AskQuote("clara@encants", whole(60), payer="ana"))
    assert refused.reason.code == "PEER_UNREACHABLE"


def frozen_behind_serra(world: World) -> None:
    """Serra stops on its link to Encants after it has given a price."""
    world.start("serra", "links.freeze", FreezeLink(), subject=link_of(world, "serra", "encants"))


def campo_takes(world: World, fee: int) -> None:
    """Campo changes its fee."""
    wish = SetLinkRate("1", whole(fee, "MATE"))
    world.granted("campo", "links.set-rate", wish, subject=link_of(world, "campo", "encants"))
    world.tick(2)


def test_waived_on_its_way_the_payment_goes_another_under_one_id() -> None:
    world = ring()
    quote = quoted(world, 60)
    # Without a fee on the other way it costs no more than was allowed.
    campo_takes(world, 1)
    frozen_behind_serra(world)
    request = ordered(world, quote)
    world.run()
    payment = shown(world, request)
    assert (payment.state, payment.debit.value) == ("posted", 61_00)
    assert payment.route == tuple(id_text(world.nodes[name].network) for name in ("campo", "encants"))
    assert (balance(world, "riacho", "ana"), balance(world, "encants", "clara")) == (-61_00, 60_00)
    assert settled(world)


def test_another_way_never_costs_more_than_was_allowed() -> None:
    world = ring()
    quote = quoted(world, 60)
    frozen_behind_serra(world)
    request = ordered(world, quote)
    world.run()
    assert (shown(world, request).state, shown(world, request).reason) == ("voided", "LINK_NOT_OPEN")
    assert balance(world, "riacho", "ana") == 0 and settled(world)


def test_a_cheaper_way_gives_back_what_it_saves() -> None:
    world = ring()
    quote = quoted(world, 60)
    campo_takes(world, 0)
    frozen_behind_serra(world)
    request = ordered(world, quote)
    world.run()
    assert (shown(world, request).state, shown(world, request).debit.value) == ("posted", 60_00)
    assert balance(world, "riacho", "ana") == -60_00 and settled(world)


@pytest.mark.parametrize("after", range(14))
@pytest.mark.parametrize("victim", ["riacho", "serra", "campo", "encants"])
def test_killed_while_it_goes_another_way_the_payment_happens_once(victim: str, after: int) -> None:
    world = ring()
    quote = quoted(world, 60)
    campo_takes(world, 1)
    frozen_behind_serra(world)
    request = ordered(world, quote)
    world.deliver(after)
    world.restart(victim)
    world.tick(HOLD_WAIT_MS // 1_000 + 15)
    payment = shown(world, request)
    assert payment.state in ("posted", "voided")
    paid = payment.state == "posted"
    assert balance(world, "riacho", "ana") == (-61_00 if paid else 0)
    assert balance(world, "encants", "clara") == (60_00 if paid else 0)
    assert settled(world)


# Over several ways at once.


def narrow() -> World:
    """Neither way carries 60 alone: a quarter of 200 may be open on each link."""
    return ring(limit=200)


def test_what_no_way_carries_alone_goes_over_two() -> None:
    world = narrow()
    quote = quoted(world, 60)
    assert sorted(ways(world, quote)) == [["campo", "encants"], ["serra", "encants"]]
    assert quote.debit.value == sum(path.debit.value for path in quote.paths) == 63_00
    request = ordered(world, quote)
    world.run()
    payment = shown(world, request)
    assert (payment.state, payment.debit.value) == ("posted", 63_00)
    assert len(payment.links) == 2
    assert (balance(world, "riacho", "ana"), balance(world, "encants", "clara")) == (-63_00, 60_00)
    assert settled(world)


def test_no_part_is_claimed_before_all_are_there() -> None:
    world = narrow()
    request = ordered(world, quoted(world, 60))
    world.cut("campo", "encants")
    world.run()
    assert balance(world, "encants", "clara") == 0
    world.join("campo", "encants")
    world.tick(3)
    assert shown(world, request).state == "posted"
    assert balance(world, "encants", "clara") == 60_00 and settled(world)


def test_where_a_part_does_not_come_all_comes_back() -> None:
    world = narrow()
    request = ordered(world, quoted(world, 60))
    world.cut("campo", "encants")
    world.tick(HOLD_WAIT_MS // 1_000 + 10)
    assert shown(world, request).state == "voided"
    assert balance(world, "riacho", "ana") == 0 == balance(world, "encants", "clara")
    assert settled(world)


@pytest.mark.parametrize("after", range(0, 24, 2))
@pytest.mark.parametrize("victim", ["riacho", "serra", "campo", "encants"])
def test_killed_between_its_parts_the_payment_happens_once_or_not_at_all(victim: str, after: int) -> None:
    world = narrow()
    request = ordered(world, quoted(world, 60))
    world.deliver(after)
    world.restart(victim)
    world.tick(2 * HOLD_WAIT_MS // 1_000)
    paid = shown(world, request).state == "posted"
    assert balance(world, "riacho", "ana") == (-63_00 if paid else 0)
    assert balance(world, "encants", "clara") == (60_00 if paid else 0)
    assert settled(world)


def test_what_all_ways_together_do_not_carry_is_refused() -> None:
    world = narrow()
    refused = world.ask("riacho", "quotes.create", AskQuote("clara@encants", whole(120), payer="ana"))
    assert refused.reason.code in ("LINK_LIMIT_EXCEEDED", "NO_ROUTE")


# What is published.


def said_by(world: World, name: str, of: str) -> dict[str, Any]:
    """Return what a network says of its links, by the handle of the partner, as another node has heard it."""
    handles = {node.network: other for other, node in world.nodes.items()}
    routes = world.nodes[of].replica.book.of(Routes)
    return {handles[word.partner]: word for word in routes.of(world.nodes[name].network)}


def test_each_node_hears_on_which_links_the_others_forward() -> None:
    world = ring()
    said = said_by(world, "serra", of="riacho")
    assert set(said) == {"riacho", "encants"}
    assert (said["encants"].unit, said["encants"].currency, said["encants"].fee) == ("FLOR", "FLOR", 1_00)
    assert said["encants"].band == band_of(250_00)


def test_a_closed_link_is_published_no_more() -> None:
    world = ring()
    world.granted("serra", "links.close", CloseLink(), subject=link_of(world, "serra", "encants"))
    world.tick(3)
    assert set(said_by(world, "serra", of="riacho")) == {"riacho"}


def test_a_withdrawn_link_forwards_nothing_until_it_is_published_again() -> None:
    world = ring()
    link = link_of(world, "serra", "encants")
    assert not world.granted("serra", "links.withdraw", WithdrawLink(), subject=link).published
    assert world.ask("serra", "links.withdraw", WithdrawLink(), subject=link).reason.code == "STATE_CONFLICT"
    world.tick(2)
    assert ways(world, quoted(world, 60)) == [["campo", "encants"]]
    named = world.ask("riacho", "quotes.create", AskQuote("clara@encants", whole(60), payer="ana", via=("serra",)))
    assert named.reason.code == "ROUTE_INVALID"
    world.restart("serra")
    world.tick(2)
    assert ways(world, quoted(world, 60)) == [["campo", "encants"]]
    assert world.granted("serra", "links.publish", PublishLink(), subject=link).published
    world.tick(2)
    assert ways(world, quoted(world, 60)) == [["serra", "encants"]]


@pytest.mark.parametrize("jump_ms", [BAND_EVERY_MS, pytest.param(-3_600_000, id="the clock set back")])
def test_room_is_told_again_after_a_while_only(jump_ms: int) -> None:
    world = ring(limit=20)
    before = said_by(world, "riacho", of="encants")["serra"]
    for units in (4, 4, 4, 4, 2):
        request = ordered(world, quoted(world, units))
        world.run()
        assert shown(world, request).state == "posted"
    world.tick(5)
    assert said_by(world, "riacho", of="encants")["serra"] == before
    world.now += jump_ms
    world.tick(2)
    assert said_by(world, "riacho", of="encants")["serra"].band < before.band


def test_a_line_that_only_one_end_has_drawn_is_none() -> None:
    world = ring()
    serra = world.nodes["serra"]
    true = said_by(world, "serra", of="riacho")["encants"]
    for name in WAYS:
        world.granted(name, "links.withdraw", WithdrawLink(), subject=link_of(world, name, "encants"))
    lie = replace(true, link=bytes(32), fee=0)
    serra.replica.journal.write(lie, COMMONS, world.now)
    world.tick(3)
    assert bytes(32) in world.nodes["riacho"].replica.book.of(Routes).said[serra.network]
    refused = world.ask("riacho", "quotes.create", AskQuote("clara@encants", whole(60), payer="ana"))
    assert refused.reason.code == "NO_ROUTE"


@pytest.mark.parametrize(("room", "band"), [(0, 0), (1, 1), (3, 1), (4, 2), (15, 2), (16, 3), (2**63 - 1, 32), (-5, 0)])
def test_a_band_is_the_least_power_of_four_above_the_room(room: int, band: int) -> None:
    assert band_of(room) == band
    assert max(0, room) < 4**band and (band == 0 or max(0, room) >= 4 ** (band - 1))


def test_no_way_has_more_than_eight_hops() -> None:
    world = World()
    names = [f"net{number}" for number in range(HOPS_MAX + 2)]
    for name in names:
        exchange(world, name, "HORA", "ana")
    for one, other in pairwise(names):
        linked(world, one, other, 1_000)
    world.tick(6)
    within = world.granted(names[0], "quotes.create", AskQuote(f"ana@{names[HOPS_MAX]}", whole(10), payer="ana"))
    assert len(within.paths[0].hops) == HOPS_MAX
    beyond = world.ask(names[0], "quotes.create", AskQuote(f"ana@{names[HOPS_MAX + 1]}", whole(10), payer="ana"))
    assert beyond.reason.code == "NO_ROUTE"


# The search, against all ways there are.


def published_graph(draw: Callable[[Any], Any]) -> tuple[Book, list[bytes]]:
    """Return a book that has heard of a few networks, how they are joined, and at what rates; ours is the first."""
    networks = [bytes([number]) * 32 for number in range(draw(st.integers(3, 6)))]
    book = Book(networks[0], PRACTICES)
    for network in networks:
        book.of(Directory).networks[network] = Known(cast("Identity", None), 0)
    # One rate for each network: were there a gain in going round, the cheapest way might meet a network twice.
    rates = {network: (draw(st.integers(1, 5)), draw(st.integers(1, 5))) for network in networks}
    routes, links = book.of(Routes), book.of(Links)
    for one, other in combinations(networks, 2):
        if not draw(st.booleans()):
            continue
        terms = Terms(one, other, "L", 0, bytes(16))
        for near, far in ((one, other), (other, one)):
            (num, den), fee = rates[near], draw(st.integers(0, 4))
            word = Published(link_id(terms), far, "L", 0, f"C{near[0]}", num, den, fee, 32)
            routes.said.setdefault(near, {})[word.link] = (word, 0)
            if near == book.network:
                link = links.by_id[word.link] = Link(word.link, terms, far, 0)
                link.mine = Settings("C0", num, den, fee)
    return book, networks


def every_way(book: Book, target: bytes, amount: int) -> Iterator[tuple[int, tuple[bytes, ...]]]:
    """Yield all ways that meet no network twice, and what each costs, computed as by who stands on it."""
    routes = book.of(Routes)
    others = [network for network in book.of(Directory).networks if network not in (book.network, target)]
    for length in range(len(others) + 1):
        for between in permutations(others, length):
            stops = (book.network, *between, target)
            own = amount
            for near, far in reversed(list(pairwise(stops))):
                word = next((one for one in routes.of(far) if one.partner == near), None)
                back = next((one for one in routes.of(near) if one.partner == far), None)
                if word is None or back is None:
                    break
                line = -(-own * word.den // word.num)
                own = -(-line * back.num // back.den) + (back.fee if near != book.network else 0)
            else:
                yield own, stops[1:]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_way_is_much_cheaper_than_the_one_that_is_found(data: st.DataObject) -> None:
    book, networks = published_graph(data.draw)
    target, amount = networks[-1], data.draw(st.integers(1, 10_000))
    found = find_path(book, PathWanted(target, None, amount, "C0"), lambda _: 2**62)
    shortest = min((len(way) for _, way in every_way(book, target, amount)), default=0)
    ways = [(cost, way) for cost, way in every_way(book, target, amount) if len(way) <= shortest + DETOUR_HOPS_MAX]
    assert (found is None) == (not ways)
    if found is not None:
        costs = {way: cost for cost, way in ways}
        assert costs[found.route] == found.debit, "evaluated exactly as the networks on the way will"
        dearness = {way: cost + cost * len(way) // HOP_SHARE for cost, way in ways}
        assert dearness[found.route] <= min(dearness.values()) + len(found.route)


# What other nodes check, and what a search goes by.


def rerouted(world: World, **changed: Any) -> Rerouted:
    """Return an entry by which the payment that is under way goes over Campo, with some fields of its part changed."""
    [(payment, under_way)] = world.nodes["riacho"].replica.book.of(Forwards).under_way.items()
    [part] = under_way.parts.values()
    [link] = world.nodes["riacho"].replica.book.of(Links).with_partner(world.nodes["campo"].network)
    another = replace(part, link=link.id, hold=part_hold(payment, 1))
    return Rerouted(payment, part.hold, "LINK_NOT_OPEN", replace(another, **changed))


def verdict(world: World, body: Rerouted) -> str | None:
    book = world.nodes["riacho"].replica.book
    reason = book.check(Entered(body, book.network, LEDGER, 0, 10_000, bytes(32), world.now))
    return None if reason is None else reason.code


def test_every_node_checks_what_another_way_may_cost_and_when_it_may_be_taken() -> None:
    world = ring()
    ordered(world, quoted(world, 60))
    assert verdict(world, rerouted(world)) is None
    assert verdict(world, rerouted(world, debit=61_01)) == "MAX_DEBIT_EXCEEDED"
    assert verdict(world, rerouted(world, amount=59_99)) == "MALFORMED"
    assert verdict(world, rerouted(world, hold=bytes(16))) == "MALFORMED"
    body = rerouted(world)
    [under_way] = world.nodes["riacho"].replica.book.of(Forwards).under_way.values()
    under_way.paid_minor = 1
    assert verdict(world, body) == "STATE_CONFLICT", "once a part was claimed, nothing more is promised"


def test_once_a_part_was_claimed_no_other_way_is_taken() -> None:
    world = ring()
    quote = quoted(world, 60)
    # The other way would be cheaper than was allowed.
    campo_takes(world, 0)
    frozen_behind_serra(world)
    ordered(world, quote)
    [under_way] = world.nodes["riacho"].replica.book.of(Forwards).under_way.values()
    under_way.paid_minor = 1
    world.run()
    assert len(under_way.ways) == 1 and not under_way.parts
    assert balance(world, "encants", "clara") == 0


def test_a_way_whose_band_has_no_room_is_not_asked_first() -> None:
    world = ring(limits={"serra": 40})
    world.granted("riacho", "links.raise", RaiseLink(whole(1_000)), subject=link_of(world, "riacho", "serra"))
    world.granted("serra", "links.raise", RaiseLink(whole(1_000)), subject=link_of(world, "serra", "riacho"))
    world.tick(2)
    world.start("riacho", "quotes.create", AskQuote("clara@encants", whole(60), payer="ana"))
    assert [target for _, target, _ in world.wires] == ["campo"]


def test_a_link_counts_only_where_both_ends_tell_it_alike() -> None:
    world = ring()
    routes, serra, encants = (
        world.nodes["riacho"].replica.book.of(Routes), world.nodes["serra"].network, world.nodes["encants"].network,
    )  # fmt: skip
    [near] = [word for word in routes.of(encants) if word.partner == serra]
    assert serra in {word.partner for word, _ in routes.into(encants)}
    for unlike in (replace(near, unit="GOLD"), replace(near, scale=0), replace(near, partner=bytes(32))):
        routes.said[encants][near.link] = unlike, 0
        assert serra not in {word.partner for word, _ in routes.into(encants)}


def test_a_hold_waits_no_longer_when_the_clock_is_set_back() -> None:
    relays = Relays()
    assert relays.waits(b"link", b"hold", 1_000)
    assert relays.waits(b"link", b"hold", 1_000 + HOLD_WAIT_MS)
    assert not relays.waits(b"link", b"hold", 1_001 + HOLD_WAIT_MS)
    assert not relays.waits(b"link", b"hold", 999)
