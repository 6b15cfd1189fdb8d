# SPDX-License-Identifier: AGPL-3.0-or-later
"""A payer's levy abroad: held with it, brought to the commons for what was claimed, given back for the rest."""

from typing import Any

import pytest
from simulation.groups import balance, exchange, linked, pay
from simulation.world import World, whole

from protocol.book.currency import LevySide
from protocol.book.refusals import LIMIT_EXCEEDED, Refused
from protocol.book.signed import parse_uuid
from protocol.practices.between.abroad.state import UnderWay
from protocol.practices.between.quotes.most import MostWanted
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.currencies.views import SetLevy
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.payments.paying import MAX_DEBIT_EXCEEDED
from protocol.practices.money.payments.views import PaymentsWanted
from protocol.practices.people.members.views import Suspend


@pytest.fixture
def village() -> World:
    """Riacho takes 10% of who pays; 1.00 HORA is worth 1.50 FLOR of Serra, which takes 10%, half of each."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", limit=100)
    exchange(world, "serra", "FLOR", "elio")
    linked(world, "riacho", "serra", 400, rate="1.5")
    for name, code, side in (("riacho", "HORA", LevySide.PAYER), ("serra", "FLOR", LevySide.BOTH)):
        world.granted(name, "currencies.set-levy", SetLevy(1_000, until_repaid=False, side=side), subject=code)
    return world


def own(world: World, name: str, system: str) -> int:
    [code] = world.nodes[name].replica.book.currencies
    return world.nodes[name].balance(f"{system}.{code}")


def quoted(world: World, units: int, **changed: Any) -> Any:
    return world.ask("riacho", "quotes.create", AskQuote("elio@serra", whole(units), payer="ana", **changed))


def test_the_price_and_the_debit_count_it_and_each_network_takes_its_own(village: World) -> None:
    quote = quoted(village, 30)
    assert (quote.amount.value, quote.debit.value) == (30_00, 22_00), "20.00 and 2.00 for the commons"
    wish = Pay(payer=quote.payer, payee="elio@serra", amount=whole(30), invoice=quote.invoice, max_debit=whole(21))
    assert village.ask("riacho", "payments.create", wish).reason is MAX_DEBIT_EXCEEDED
    paid = pay(village, "riacho", "ana", "elio@serra", 30)
    shown = village.granted("riacho", "payments.show", subject=paid)
    assert (shown.state, shown.debit.value, shown.payer_levy.value) == ("posted", 22_00, 2_00)
    assert (balance(village, "riacho", "ana"), own(village, "riacho", "commons")) == (-22_00, 2_00)
    assert own(village, "riacho", "holds") == 0
    assert (balance(village, "serra", "elio"), own(village, "serra", "commons")) == (28_50, 1_50)
    assert village.zero_sum()


def test_room_for_it_has_to_be_left(village: World) -> None:
    village.granted("riacho", "currencies.set-levy", SetLevy(0), subject="HORA")
    assert quoted(village, 150).debit.value == 100_00
    village.granted(
        "riacho", "currencies.set-levy", SetLevy(1_000, until_repaid=False, side=LevySide.PAYER), subject="HORA"
    )
    refused = quoted(village, 150)
    assert isinstance(refused, Refused) and refused.reason is LIMIT_EXCEEDED and refused.figures["available"] == 90_91
    most = village.granted("riacho", "quotes.most", MostWanted("elio@serra", "ana"))
    assert most.debit.value == 90_91


def test_it_comes_back_with_what_does_not_arrive(village: World) -> None:
    quote = quoted(village, 30)
    village.granted("serra", "members.suspend", Suspend(), subject="elio")
    wish = Pay(payer=quote.payer, payee="elio@serra", amount=whole(30), invoice=quote.invoice)
    request = village.start("riacho", "payments.create", wish)
    village.run()
    shown = village.granted("riacho", "payments.show", subject=village.nodes["riacho"].answers.pop(request).id)
    assert (shown.state, shown.debit.value, shown.payer_levy.value) == ("voided", 22_00, 2_00), "so much was held"
    assert (balance(village, "riacho", "ana"), own(village, "riacho", "commons")) == (0, 0)
    accounts = village.nodes["riacho"].replica.book.ledger.accounts
    assert own(village, "riacho", "holds") == accounts[quote.payer].held_minor == 0


def test_what_is_refunded_brings_it_back_in_proportion_and_bears_none_itself(village: World) -> None:
    pay(village, "riacho", "ana", "elio@serra", 30)
    [first] = village.granted("serra", "payments.list", PaymentsWanted()).items
    for units, ana in ((5, -16_50), (15, 0)):
        quote = village.granted(
            "serra", "quotes.create", AskQuote("ana@riacho", whole(units), payer="elio", refunds=first.id)
        )
        back = Pay(
            payer=quote.payer, payee="ana@riacho", amount=whole(units), invoice=quote.invoice,
            refunds=parse_uuid(first.id),
        )  # fmt: skip
        village.granted("serra", "payments.create", back)
        village.run()
        assert balance(village, "riacho", "ana") == ana
    assert own(village, "riacho", "commons") == own(village, "serra", "commons") == 0
    assert balance(village, "serra", "elio") == 0 and village.zero_sum()


@pytest.mark.parametrize(("paid", "kept"), [(0, 0), (1, 0), (9, 0), (10, 1), (99, 9), (100, 10), (101, 10)])
def test_of_what_was_claimed_in_part_the_levy_is_rounded_down(paid: int, kept: int) -> None:
    assert UnderWay(None, None, {}, [], paid, levy_minor=10, left_minor=100).kept_levy_minor == kept  # type: ignore[arg-type]
