# SPDX-License-Identifier: AGPL-3.0-or-later
"""A payment between networks is given back by its payee, whole or in parts, and never more than it was."""

from typing import Any

import pytest
from simulation.groups import balance, exchange, linked, pay
from simulation.world import World, whole

from protocol.book.refusals import FORBIDDEN, ORDER_MISMATCH, PAYMENT_UNKNOWN, STATE_CONFLICT, Refused
from protocol.book.signed import parse_uuid
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.wishes import SetLinkRate
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.payments.entries import Pay, ReversePayment
from protocol.practices.money.payments.refunds import REFUND_EXCEEDS
from protocol.practices.money.payments.views import PaymentsWanted
from protocol.wire.keys import id_text

NAMES = ("riacho", "serra", "encants")


@pytest.fixture
def village() -> tuple[World, str, str]:
    """Ana of Riacho has paid 30.00 FLOR, 20.00 HORA, to Elio of Serra; what both books call it."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", "bia")
    exchange(world, "serra", "FLOR", "elio", "caio")
    linked(world, "riacho", "serra", 400, rate="1.5")
    first = pay(world, "riacho", "ana", "elio@serra", 30)
    return world, first, newest(world, "serra")


def newest(world: World, node: str) -> str:
    return world.granted(node, "payments.list", PaymentsWanted()).items[-1].id


def refund(world: World, units: int, first: str, payer: str = "elio", payee: str = "ana@riacho") -> Any:
    """Ask the price of giving so many HORA back, pay it, and return what Serra shows of it, or the refusal."""
    quote = world.ask("serra", "quotes.create", AskQuote(payee, whole(units), payer=payer, refunds=first))
    if isinstance(quote, Refused):
        return quote
    wish = Pay(payer=quote.payer, payee=payee, amount=whole(units), invoice=quote.invoice, refunds=parse_uuid(first))
    paid = world.ask("serra", "payments.create", wish)
    if isinstance(paid, Refused):
        return paid
    world.run()
    return world.granted("serra", "payments.show", subject=paid.id)


def refunded(world: World, node: str, payment: str) -> int | None:
    shown = world.granted(node, "payments.show", subject=payment).refunded
    return None if shown is None else shown.value


def test_the_payee_gives_back_a_part_and_then_the_rest(village: tuple[World, str, str]) -> None:
    world, first, there = village
    back = refund(world, 5, there)
    assert (back.state, back.refunds, back.debit.value) == ("posted", there, 7_50)
    assert (refunded(world, "riacho", first), refunded(world, "serra", there)) == (5_00, 7_50)
    assert world.granted("riacho", "payments.show", subject=newest(world, "riacho")).refunds == first
    refused = refund(world, 16, there)
    assert isinstance(refused, Refused) and refused.reason is REFUND_EXCEEDS
    assert (refused.figures["available"], refused.figures["unit"]) == (15_00, "HORA")
    assert refund(world, 15, there).state == "posted"
    assert (refunded(world, "riacho", first), refunded(world, "serra", there)) == (20_00, 30_00)
    assert balance(world, "riacho", "ana") == balance(world, "serra", "elio") == 0
    assert refund(world, 1, there).reason is REFUND_EXCEEDS and world.zero_sum()
    whole_back = ReversePayment(parse_uuid(there) or b"")
    assert world.ask("serra", "payments.reverse", whole_back, subject=there).reason is STATE_CONFLICT


def test_neither_network_lets_more_go_back_though_rates_have_moved(village: tuple[World, str, str]) -> None:
    world, first, there = village
    [link] = world.nodes["serra"].replica.book.of(Links).by_id
    world.granted("serra", "links.set-rate", SetLinkRate("3", sure=True), subject=id_text(link))
    world.tick(2)
    refused = refund(world, 11, there)
    assert refused.reason is REFUND_EXCEEDS and refused.figures["available"] == 30_00, "11.00 HORA are 33.00 FLOR now"
    assert refund(world, 10, there).state == "posted"
    assert (refunded(world, "riacho", first), refunded(world, "serra", there)) == (10_00, 30_00)
    assert refund(world, 1, there).reason is REFUND_EXCEEDS


def test_only_the_payee_gives_it_back_and_only_to_who_paid(village: tuple[World, str, str]) -> None:
    world, first, there = village
    assert refund(world, 5, there, payer="caio").reason is FORBIDDEN
    assert refund(world, 5, there, payee="bia@riacho").reason is ORDER_MISMATCH
    assert refund(world, 5, "00000000-0000-4000-8000-000000000000").reason is PAYMENT_UNKNOWN
    quote = world.granted("serra", "quotes.create", AskQuote("ana@riacho", whole(5), payer="elio"))
    wish = Pay(payer=quote.payer, payee="ana@riacho", amount=whole(5), invoice=quote.invoice, refunds=parse_uuid(there))
    assert world.ask("serra", "payments.create", wish).reason is ORDER_MISMATCH, "its price is that of no refund"
    assert refunded(world, "riacho", first) is refunded(world, "serra", there) is None


def test_it_comes_back_over_a_third_network_and_two_quotes_give_back_no_more_together() -> None:
    world = World()
    for name, code, who in zip(NAMES, ("HORA", "FLOR", "ECO"), ("ana", "bia", "elio"), strict=True):
        exchange(world, name, code, who)
    for one, other in (NAMES[:2], NAMES[1:]):
        linked(world, one, other, 400)
    world.tick(2)
    first = pay(world, "riacho", "ana", "elio@encants", 20, "serra")
    there = newest(world, "encants")
    quotes = [
        world.granted("encants", "quotes.create", AskQuote("ana@riacho", whole(15), "elio", ("serra",), refunds=there))
        for _ in range(2)
    ]
    for quote in quotes:
        wish = Pay(
            payer=quote.payer, payee="ana@riacho", amount=whole(15), invoice=quote.invoice, refunds=parse_uuid(there)
        )
        answer = world.ask("encants", "payments.create", wish)
        if quote is quotes[1]:
            assert isinstance(answer, Refused) and answer.reason is REFUND_EXCEEDS
            assert answer.figures["available"] == 5_00
    world.run()
    assert (refunded(world, "riacho", first), refunded(world, "encants", there)) == (15_00, 15_00)
    assert balance(world, "riacho", "ana") == -5_00 and world.zero_sum()


def test_a_refund_that_comes_back_can_be_given_again(village: tuple[World, str, str]) -> None:
    world, first, there = village
    quote = world.granted("serra", "quotes.create", AskQuote("ana@riacho", whole(20), payer="elio", refunds=there))
    world.now += 20 * 60 * 1_000
    wish = Pay(
        payer=quote.payer, payee="ana@riacho", amount=whole(20), invoice=quote.invoice, refunds=parse_uuid(there)
    )
    world.ask("serra", "payments.create", wish)
    world.run()
    assert refunded(world, "serra", there) is None
    assert refund(world, 20, there).state == "posted"
    assert refunded(world, "riacho", first) == 20_00
