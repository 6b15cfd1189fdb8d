# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much can be sent: refusals that tell it, at the quote, and the question that asks it before."""

from typing import Any

from simulation.groups import account, exchange, linked, pay
from simulation.world import World, whole

from protocol.book.declaration import Actor, Role
from protocol.book.money import Amount
from protocol.book.refusals import Refused
from protocol.practices.between.links.wishes import CapLink
from protocol.practices.between.quotes.most import MostWanted
from protocol.practices.between.quotes.state import AskQuote


def two(limit: int, rate: str = "1") -> tuple[World, str]:
    """Serra's FLOR is the link's unit; riacho's HORA is worth `rate` for one of it, so that ana's HORA are dearer."""
    world = World()
    exchange(world, "serra", "FLOR", "bia", limit=5_000)
    exchange(world, "riacho", "HORA", "ana", limit=5_000)
    return world, linked(world, "serra", "riacho", limit, rate=rate)


def quoted(world: World, units: int, code: str | None = None, payee: str = "bia@serra") -> Any:
    return world.ask("riacho", "quotes.create", AskQuote(payee, whole(units, code), payer="ana"))


def most(world: World, payee: str = "bia@serra", **wanted: Any) -> Any:
    return world.ask("riacho", "quotes.most", MostWanted(payee, "ana"), **wanted)


def figures(refused: Any) -> tuple[str, Any, Any, Any]:
    assert isinstance(refused, Refused), refused
    told = refused.figures
    return refused.reason.code, told["available"], told["largest_payment"], told["unit"]


def test_what_is_more_than_a_link_has_left_is_told_with_what_is_left() -> None:
    world, _ = two(300)
    assert figures(quoted(world, 500)) == ("LINK_LIMIT_EXCEEDED", 300_00, 75_00, "HORA")
    pay(world, "riacho", "ana", "bia@serra", 75)
    world.tick(2)
    assert figures(quoted(world, 500)) == ("LINK_LIMIT_EXCEEDED", 225_00, 75_00, "HORA")


def test_what_is_more_than_a_payment_may_be_is_refused_at_the_quote_with_how_much_it_may() -> None:
    # A quarter of 400.00 FLOR is 100.00, which are 66.67 HORA at 3 FLOR for 2 HORA.
    world, link = two(400, rate="2 HORA = 3 FLOR")
    refused = quoted(world, 70, "HORA")
    assert figures(refused) == ("LINK_PAYMENT_TOO_LARGE", 266_67, 66_67, "HORA")
    assert not refused.reason.transient, "waiting does not help"
    shown = most(world)
    assert (shown.debit, shown.amount) == (Amount(66_67, "HORA", 2), Amount(100_00, "FLOR", 2))
    assert shown.bounded_by == "the links" and shown.one_way == shown.debit
    exact = world.ask("riacho", "quotes.create", AskQuote("bia@serra", shown.debit, payer="ana"))
    assert (exact.debit, exact.amount) == (shown.debit, shown.amount), "what is told can be paid"
    world.granted("riacho", "links.cap", CapLink(holds_percent=100), subject=link)
    assert quoted(world, 70, "HORA").debit == Amount(70_00, "HORA", 2)


def test_the_most_is_what_the_payer_may_owe_where_that_is_less() -> None:
    world = World()
    exchange(world, "serra", "FLOR", "bia", limit=5_000)
    exchange(world, "riacho", "HORA", "ana", "caio", limit=50)
    linked(world, "serra", "riacho", 400)
    shown = most(world)
    assert (shown.debit, shown.bounded_by) == (Amount(50_00, "HORA", 2), "your limit")
    home = most(world, "caio")
    assert (home.debit, home.amount, home.bounded_by) == (shown.debit, shown.debit, "your limit")
    stranger = Actor(Role.MEMBER, "somebody-else")
    assert most(world, actor=stranger).reason.code == "FORBIDDEN", "it tells how much ana can pay"
    assert most(world, "bia@nowhere").reason.code == "NETWORK_UNKNOWN"
    assert account(world, "riacho", "ana") == shown.payer


def test_the_most_counts_a_way_by_another_network() -> None:
    world, _ = two(400)
    exchange(world, "campo", "MATE", "eva", limit=5_000)
    linked(world, "serra", "campo", 400)
    world.tick(3)
    # From riacho by way of serra: the band of its link tells at least 64.00 of the 100.00 that it bears.
    shown = most(world, "eva@campo")
    assert Amount(40_00, "HORA", 2).value <= shown.debit.value <= 100_00 and shown.bounded_by == "the links"
    assert not isinstance(quoted(world, shown.debit.value // 100, payee="eva@campo"), Refused)
