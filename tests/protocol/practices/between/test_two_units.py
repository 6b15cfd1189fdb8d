# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two links to one partner in different units: the payee's main currency always, another by name, none by headroom."""

from typing import Any

import pytest
from simulation.groups import balance, exchange, pay
from simulation.world import World, whole

from protocol.book.money import Amount
from protocol.book.refusals import Refused
from protocol.lanes.directory import Profile
from protocol.lanes.entry import COMMONS
from protocol.practices.between.links.wishes import AcceptLink, CapLink, ProposeLink
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.currencies.views import CreateCurrency
from protocol.practices.people.invitations import Invite
from protocol.practices.people.members.views import Approve, Join


@pytest.fixture
def village() -> World:
    """Riacho pays Serra in FLOR, its main currency (1:1, 300.00), and in OURO (100 HORA for one, 200.00)."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", limit=50_000)
    exchange(world, "serra", "FLOR", limit=50_000)
    world.granted("serra", "currencies.create", CreateCurrency("OURO", "Ouro", whole(50_000)))
    code = world.granted("serra", "invitations.create", Invite()).code
    world.granted("serra", "members.join", Join(code, "elio"))
    world.granted("serra", "members.approve", Approve(), subject="elio")
    world.nodes["serra"].replica.journal.write(Profile("serra", "Serra", "FLOR", "FLOR", 2, ()), COMMONS, world.now)
    world.join("riacho", "serra")
    world.tick(2)
    for unit, limit, rate in (("OURO", 200, "100"), ("FLOR", 300, "1")):
        link = world.granted("serra", "links.create", ProposeLink("riacho", whole(limit), unit)).id
        world.granted("riacho", "links.accept", AcceptLink(whole(limit), "HORA", rate), subject=link)
        world.granted("riacho", "links.cap", CapLink(holds_percent=100), subject=link)
    world.tick(3)
    return world


def quoted(world: World, amount: Amount) -> Any:
    return world.ask("riacho", "quotes.create", AskQuote("elio@serra", amount, payer="ana"))


def test_the_payee_gets_its_main_currency_whatever_is_left_on_which_link(village: World) -> None:
    for _ in range(2):
        quote = quoted(village, whole(1))
        assert (quote.amount, quote.debit) == (Amount(1_00, "FLOR", 2), Amount(1_00, "HORA", 2))
        quote = quoted(village, whole(1, "HORA"))
        assert (quote.amount, quote.debit) == (Amount(1_00, "FLOR", 2), Amount(1_00, "HORA", 2))
        pay(village, "riacho", "ana", "elio@serra", 149)
        village.tick(3)
    # 298.00 of 300.00 are used, and 200.00 are left in OURO: still it is FLOR, or nothing.
    refused = quoted(village, whole(5))
    assert isinstance(refused, Refused) and refused.reason.code == "LINK_LIMIT_EXCEEDED"
    assert refused.figures["available"] == 2_00


def test_another_of_the_payees_currencies_is_paid_by_name(village: World) -> None:
    quote = quoted(village, whole(1, "OURO"))
    assert (quote.amount, quote.debit) == (Amount(1_00, "OURO", 2), Amount(100_00, "HORA", 2))
    assert quoted(village, whole(1, "FLOR")).debit == Amount(1_00, "HORA", 2)
    refused = quoted(village, whole(1, "ECO"))
    assert isinstance(refused, Refused) and refused.reason.code == "CURRENCY_MISMATCH"
    assert balance(village, "riacho", "ana") == 0
