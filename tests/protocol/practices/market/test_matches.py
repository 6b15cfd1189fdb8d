# SPDX-License-Identifier: AGPL-3.0-or-later
"""Matches say what they free, and the next clearing frees just that; suggestions help balances, and tell none."""

from typing import Any

import pytest
from simulation.groups import account, balance, exchange, linked, pay
from simulation.world import World, whole

from protocol.book.book import Book
from protocol.book.declaration import Plan, Publication, Refused
from protocol.book.money import Amount
from protocol.book.signed import parse_uuid
from protocol.book.timezones import DAY_MS
from protocol.lanes.directory import Directory
from protocol.practices.between.clearing.part import OpenRound, SetClearing
from protocol.practices.between.clearing.rounds import CUT_WAIT_MS
from protocol.practices.between.links.state import Links
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.market.matches.finding import MATCH_LOOKED_MAX, RETAINED, market_known
from protocol.practices.market.matches.views import MatchesWanted, SuggestionsWanted
from protocol.practices.market.matching import pairs_of
from protocol.practices.market.orders.wishes import AcceptOrder, ConfirmOrder, DeliverOrder, PlaceOrder
from protocol.practices.money.obligations.entries import GiveConsent
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.requests.views import AskPayment
from protocol.practices.people.invitations import Invite
from protocol.practices.people.members.views import Approve, Join
from tests.protocol.practices.market.fair import by, flour, flour_needed, pinned

NETWORKS = {"riacho": ("HORA", "ana"), "serra": ("FLOR", "bia"), "encants": ("ECO", "clara")}


@pytest.fixture
def world() -> World:
    """Riacho (A) owes Serra (B) 100, Serra owes Encants (C) 100; each has a link with each, and all clear in public."""
    world = World()
    for name, (code, handle) in NETWORKS.items():
        exchange(world, name, code, handle)
    for one, other in (("riacho", "serra"), ("serra", "encants"), ("encants", "riacho")):
        linked(world, one, other, 400)
    for one, payer, payee in (("riacho", "ana", "bia@serra"), ("serra", "bia", "clara@encants")):
        pay(world, one, payer, payee, 100)
    for name in NETWORKS:
        world.granted(name, "clearing-terms.set", SetClearing(on=True, publish=True))
    clear(world)
    return world


def clear(world: World) -> None:
    world.granted("riacho", "clearings.open", OpenRound())
    world.tick(CUT_WAIT_MS // 1_000 + 4)


def owed(world: World) -> int:
    """Return what all networks owe each other, in minor units."""
    links = (link for node in world.nodes.values() for link in node.replica.book.of(Links).by_id.values())
    return sum(max(0, link.side.net_debt) for link in links)


def matches(world: World, name: str, **asked: Any) -> list[Any]:
    return list(world.granted(name, "matches.list", MatchesWanted(), **asked).items)


def test_a_match_across_a_link_frees_just_what_the_next_clearing_clears(world: World) -> None:
    assert owed(world) == 200_00
    offer = pinned(world, "riacho", flour("ana", 60, 1_00, "HORA"))
    need = pinned(world, "encants", flour_needed("clara", 60, 1_10, "ECO"))
    before = {name: len(node.disk) for name, node in world.nodes.items()}
    [match] = matches(world, "encants")
    assert (match.need, match.seller, match.quantity, match.total.value) == (need, "ana", "60", 60_00)
    assert (match.freed.value, match.freed.asset_code) == (180_00, "ECO"), "three for one"
    assert before == {name: len(node.disk) for name, node in world.nodes.items()}, "nothing was booked"
    assert not world.wires, "and nobody was told"
    [first, *_] = world.granted(
        "encants", "suggestions.list", SuggestionsWanted(), actor=by(world, "encants", "clara")
    ).items
    assert (first.kind, first.id, first.freed.value) == ("offer", match.offer, 180_00)

    order = world.granted(
        "encants", "orders.place", PlaceOrder(match.offer, match.quantity), actor=by(world, "encants", "clara")
    ).id
    world.tick(2)
    for verb, wish in (("accept", AcceptOrder()), ("deliver", DeliverOrder())):
        world.granted("riacho", f"orders.{verb}", wish, subject=order, actor=by(world, "riacho", "ana"))
        world.tick(2)
    clara = by(world, "encants", "clara")
    shown = world.granted("encants", "orders.confirm", ConfirmOrder(), subject=order, actor=clara)
    quote = world.granted("encants", "quotes.create", AskQuote("ana@riacho", shown.due, "clara", request=shown.request))
    request = parse_uuid(shown.request)
    wish = Pay("ana@riacho", shown.due, quote.payer, invoice=quote.invoice, request=request)
    world.granted("encants", "payments.create", wish)
    world.tick(2)
    assert world.granted("encants", "orders.show", subject=order).paid
    assert offer in match.offer
    assert owed(world) == 260_00
    clear(world)
    assert owed(world) == 80_00, "180 are gone, 100 of which were owed before and 60 by this trade"


def test_a_trade_that_closes_no_ring_frees_nothing(world: World) -> None:
    pinned(world, "encants", flour("clara", 60, 1_00, "ECO"))
    pinned(world, "riacho", flour_needed("ana", 60, 1_10, "HORA"))
    [match] = matches(world, "riacho")
    assert (match.total.value, match.freed.value) == (60_00, 0)


def test_who_does_not_clear_frees_nothing(world: World) -> None:
    world.granted("encants", "clearing-terms.set", SetClearing(on=False))
    pinned(world, "riacho", flour("ana", 60, 1_00, "HORA"))
    pinned(world, "encants", flour_needed("clara", 60, 1_10, "ECO"))
    [match] = matches(world, "encants")
    assert match.freed.value == 0


def test_debts_of_members_are_freed_by_what_they_buy_of_each_other() -> None:
    """Ana owes Bia 100, Bia owes Caio 100: Caio buys for 60 of Ana, 180 freed; the other way round nothing."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", "bia", "caio")
    for payer, payee in (("ana", "bia"), ("bia", "caio")):
        asked = world.granted("riacho", "payment-requests.create", AskPayment(whole(100), payee, payer))
        name = parse_uuid(asked.id)
        assert name is not None
        consent = GiveConsent(world.now + 10**9, account(world, "riacho", payer), requests=(name,))
        world.granted("riacho", "set-off-consents.create", consent)
    world.granted("riacho", "set-off-consents.create", GiveConsent(world.now + 10**9, account(world, "riacho", "caio")))
    pinned(world, "riacho", flour("ana", 60, 1_00, "HORA"))
    pinned(world, "riacho", flour_needed("caio", 60, 1_00, "HORA"))
    before = len(world.nodes["riacho"].disk)
    [match] = matches(world, "riacho")
    assert (match.freed.value, match.freed.asset_code) == (180_00, "HORA")
    pinned(world, "riacho", flour("caio", 50, 1_00, "HORA", code="23120"))
    pinned(world, "riacho", flour_needed("ana", 50, 1_00, "HORA", code="23120"))
    assert [(one.buyer, one.freed.value) for one in matches(world, "riacho")] == [("caio", 180_00), ("ana", 0)]
    assert len(world.nodes["riacho"].disk) == before


def test_each_sees_her_own_matches_and_stewards_all(world: World) -> None:
    pinned(world, "riacho", flour("ana", 60, 1_00, "HORA"))
    need = pinned(world, "encants", flour_needed("clara", 60, 1_10, "ECO"))
    exchange_member(world, "encants", "dani")
    assert matches(world, "encants", actor=by(world, "encants", "dani")) == []
    assert len(matches(world, "encants", actor=by(world, "encants", "clara"))) == 1
    assert [one.need for one in world.granted("encants", "matches.list", MatchesWanted(need)).items] == [need]
    other = pinned(world, "encants", flour_needed("clara", 1, 1, "ECO", code="999"))
    assert world.granted("encants", "matches.list", MatchesWanted(other)).items == ()
    refused = world.ask("encants", "matches.list", MatchesWanted("nothing"))
    assert isinstance(refused, Refused) and refused.reason.code == "NOT_FOUND"


def exchange_member(world: World, name: str, handle: str) -> None:
    invitation = world.granted(name, "invitations.create", Invite())
    world.granted(name, "members.join", Join(invitation.code, handle))
    world.granted(name, "members.approve", Approve(), subject=handle)


def test_room_on_the_line_and_what_a_member_may_owe_bound_a_match(world: World) -> None:
    """Clara may owe 500 and the link of Encants to Riacho lets 400 through: 400 kg of 900 at 1.00."""
    pinned(world, "riacho", flour("ana", 900, 1_00, "HORA"))
    pinned(world, "encants", flour_needed("clara", 900, 1_00, "ECO"))
    [match] = matches(world, "encants")
    assert match.quantity == "400"
    exchange_member(world, "encants", "dora")
    pinned(world, "encants", flour("dora", 900, 1_00, "ECO", code="99999"))
    pinned(world, "encants", flour_needed("clara", 900, 1_00, "ECO", code="99999"))
    within = next(one for one in matches(world, "encants") if one.seller == "dora")
    assert within.quantity == "600", "clara has 100, and may go down to -500"
    assert balance(world, "encants", "clara") == 100_00


def test_what_stays_inside_is_told_by_whoever_knows_it(world: World) -> None:
    pinned(world, "riacho", flour("ana", 60, 1_00, "HORA"))
    pinned(world, "encants", flour_needed("clara", 60, 1_10, "ECO"))
    [match] = matches(world, "encants")
    assert match.stays_inside is None

    def told(book: Book, network: bytes, member: str) -> int | None:
        assert network in book.of(Directory).networks
        return 473_000 if member == "ana" else None

    world.nodes["encants"].replica.book._filled[RETAINED] = (told,)
    [match] = matches(world, "encants")
    assert match.stays_inside == Amount(28_38, "ECO", 2)


def suggested(world: World, handle: str) -> list[tuple[str, str]]:
    found = world.granted("riacho", "suggestions.list", SuggestionsWanted(), actor=by(world, "riacho", handle)).items
    assert {name for one in found for name in one.__dataclass_fields__} == {"kind", "id", "member", "title", "freed"}
    return [(one.kind, one.member) for one in found]


def test_who_holds_much_sees_first_what_those_far_below_zero_offer() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana", "bia", "caio", "dora", limit=100)
    for payer, minor in (("bia", 60_00), ("caio", 10_00)):
        wish = Pay("ana", Amount(minor, "HORA", 2), account(world, "riacho", payer))
        world.granted("riacho", "payments.create", wish)
    for handle in ("caio", "dora", "bia"):
        pinned(world, "riacho", flour(handle, 1, 1_00, "HORA"))
    pinned(world, "riacho", flour_needed("dora", 1, 1_00, "HORA", code="99999"))
    pinned(world, "riacho", flour_needed("ana", 1, 1_00, "HORA", code="99999"))
    assert suggested(world, "ana") == [("offer", "bia"), ("offer", "caio"), ("offer", "dora"), ("need", "dora")]
    assert suggested(world, "bia")[0] == ("need", "ana")
    assert suggested(world, "dora") == [("offer", "caio"), ("offer", "bia"), ("need", "ana")]
    refused = world.ask("riacho", "suggestions.list", SuggestionsWanted())
    assert isinstance(refused, Refused) and refused.reason.code == "FORBIDDEN"


def test_who_pins_up_the_same_again_and_again_keeps_no_node_busy(world: World) -> None:
    serra = world.nodes["serra"]
    said = [flour("bia", 60, 1_00 + at, "FLOR") for at in range(150)]
    said += [flour_needed("bia", 60, 1_00 + at, "FLOR") for at in range(150)]
    items = ((at.to_bytes(16, "big"), body) for at, body in enumerate(said))
    home = serra.replica.home
    home.now, home.out = world.now, []
    home.carry_out(Plan("", published=tuple(Publication(id, body, world.now + DAY_MS) for id, body in items)))
    world.perform(serra, home.out)
    world.tick(4)
    need = pinned(world, "encants", flour_needed("clara", 60, 2_00, "ECO"))
    pairs = pairs_of(market_known(world.nodes["encants"].replica.book, world.now))
    hers = [pair for pair in pairs if pair.need.network == world.nodes["encants"].network]
    assert len(hers) == 101, "all that she can pay, whoever else wants it"
    assert len(pairs) <= MATCH_LOOKED_MAX < 150 * 150
    assert [match.need for match in matches(world, "encants")] == [need]
