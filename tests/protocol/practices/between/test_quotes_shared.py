# SPDX-License-Identifier: AGPL-3.0-or-later
"""Prices that are asked for are kept for everybody: nobody keeps another from paying abroad by asking."""

import pytest
from simulation.groups import exchange, linked
from simulation.world import World, whole

from protocol.book.declaration import Actor, Role
from protocol.book.refusals import OVERLOADED, Refused
from protocol.practices.between.quotes import asking, state
from protocol.practices.between.quotes.refusals import QUOTE_UNKNOWN
from protocol.practices.between.quotes.state import AskQuote, Quotes
from protocol.practices.money.payments.entries import Pay


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Riacho, with Ana, Gil and Dora, is linked with Serra; six quotes are kept, four of each who asks."""
    monkeypatch.setattr(state, "QUOTES_OPEN_MAX", 6)
    monkeypatch.setattr(state, "QUOTES_PER_ASKER_MAX", 4)
    monkeypatch.setattr(asking, "QUOTES_PER_ASKER_MAX", 4)
    found = World()
    exchange(found, "riacho", "HORA", "ana", "gil", "dora")
    exchange(found, "serra", "FLOR", "bia")
    linked(found, "riacho", "serra", 1_000)
    return found


def member(world: World, handle: str) -> Actor:
    return Actor(Role.MEMBER, world.nodes["riacho"].replica.book.member_by_handle[handle])


def priced(world: World, who: str, payee: str = "dora") -> str:
    wish = AskQuote(payee, whole(1), payer=who)
    return world.granted("riacho", "quotes.create", wish, actor=member(world, who)).id


def is_open(world: World, who: str, quote: str) -> bool:
    shown = world.ask("riacho", "quotes.show", subject=quote, actor=member(world, who))
    assert not isinstance(shown, Refused) or shown.reason is QUOTE_UNKNOWN
    return not isinstance(shown, Refused)


def test_who_asks_on_and_on_loses_its_own_oldest_quotes_and_another_pays_all_the_same(world: World) -> None:
    """4,096 quotes of one member, asked in 4 s, once kept everybody from paying abroad for a quarter of an hour."""
    asked = AskQuote("bia@serra", whole(5), payer="ana")
    quote = world.granted("riacho", "quotes.create", asked, actor=member(world, "ana"))
    gils = [priced(world, "gil") for _ in range(9)]
    assert [is_open(world, "gil", one) for one in gils] == [False] * 5 + [True] * 4
    paid = Pay("bia@serra", whole(5), payer="ana", invoice=quote.invoice)
    sent = world.granted("riacho", "payments.create", paid, actor=member(world, "ana"))
    world.tick(3)
    assert world.granted("riacho", "payments.show", subject=sent.id).state == "posted"


def test_where_there_are_too_many_in_all_the_oldest_of_who_has_most_goes(world: World) -> None:
    anas, gils = priced(world, "ana"), [priced(world, "gil") for _ in range(4)]
    doras = [priced(world, "dora", "ana") for _ in range(2)]
    assert is_open(world, "ana", anas)
    assert [is_open(world, "gil", one) for one in gils] == [False, True, True, True]
    assert all(is_open(world, "dora", one) for one in doras)
    quotes = world.nodes["riacho"].replica.book.of(Quotes)
    assert sum(map(len, quotes.by_asker.values())) == len(quotes.given) == 6
    world.now += 16 * 60_000
    world.tick(1)
    assert (quotes.given, quotes.by_asker, quotes.by_invoice) == ({}, {}, {})


def test_who_waits_for_so_many_prices_waits_and_others_ask(world: World) -> None:
    asked = AskQuote("bia@serra", whole(1), payer="gil")
    for _ in range(4):
        world.start("riacho", "quotes.create", asked, actor=member(world, "gil"))
    refused = world.ask("riacho", "quotes.create", asked, actor=member(world, "gil"))
    assert refused == Refused(OVERLOADED, {"maximum": 4})
    priced(world, "ana", "bia@serra")
