# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a changed rate leaves on a link's account goes to exchange, to the commons, and the currency can end."""

import pytest
from simulation.groups import account, exchange, linked, offer_payment
from simulation.world import World, whole

from protocol.book.declaration import Entered
from protocol.book.refusals import ACCOUNT_UNKNOWN, STATE_CONFLICT, Reason, Refused
from protocol.lanes.entry import LEDGER
from protocol.practices.between.importers import ImportersWanted
from protocol.practices.between.links.refusals import LINK_UNKNOWN
from protocol.practices.between.links.wishes import CloseLink, SetLinkRate
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.between.rests import RestSwept, SweepLink
from protocol.practices.money.commons import Collect, PayOut
from protocol.practices.money.currencies.views import CloseCurrency
from protocol.practices.money.payments.entries import Pay


def pay(world: World, node: str, payer: str, payee: str, units: int) -> None:
    quote = world.granted(node, "quotes.create", AskQuote(payee, whole(units), payer=payer))
    world.granted(
        node, "payments.create", Pay(payer=quote.payer, payee=payee, amount=whole(units), invoice=quote.invoice)
    )
    world.tick(2)


@pytest.fixture
def village() -> tuple[World, str]:
    """10.00 HORA were owed at 1.5 FLOR, and paid back at 3: 15.00 FLOR are left of Baixo's account of Alto."""
    world = World()
    exchange(world, "alto", "HORA", "ana")
    exchange(world, "baixo", "FLOR", "bia")
    link = linked(world, "alto", "baixo", 500, rate="1.5")
    pay(world, "alto", "ana", "bia@baixo", 15)
    world.granted("baixo", "links.set-rate", SetLinkRate("3", sure=True), subject=link)
    pay(world, "baixo", "bia", "ana@alto", 10)
    return world, link


def test_what_a_changed_rate_has_left_is_swept_collected_and_paid_out(village: tuple[World, str]) -> None:
    world, link = village
    shown = world.granted("baixo", "links.show", subject=link)
    assert (shown.state, shown.net_debt.value, shown.mirror.value) == ("open", 0, 0)
    for name in ("alto", "baixo"):
        world.granted(name, "links.close", CloseLink(), subject=link)
        assert not world.granted(name, "importers.list", ImportersWanted(0)).items, "nobody owes anybody"
    world.tick(3)
    shown = world.granted("baixo", "links.show", subject=link)
    assert (shown.state, shown.net_debt.value, shown.mirror.value) == ("closed", 0, 0)
    assert world.nodes["baixo"].balance("exchange.FLOR") == 15_00
    assert world.nodes["baixo"].balance(account(world, "baixo", "bia")) == -15_00
    assert world.granted("baixo", "commons.collect", Collect(), subject="FLOR").balance.value == 15_00
    world.granted("baixo", "commons.pay", PayOut("bia", whole(15)), subject="FLOR")
    assert world.nodes["baixo"].balance(account(world, "baixo", "bia")) == 0
    assert world.granted("baixo", "currencies.close", CloseCurrency(), subject="FLOR").closed
    assert world.zero_sum()


def test_nothing_is_swept_while_something_is_owed_or_under_way() -> None:
    world = World()
    exchange(world, "alto", "HORA", "ana")
    exchange(world, "baixo", "FLOR", "bia")
    link = linked(world, "alto", "baixo", 500, rate="1.5")
    pay(world, "alto", "ana", "bia@baixo", 15)
    world.granted("baixo", "links.set-rate", SetLinkRate("3", sure=True), subject=link)
    mirror = f"link-{link[:16]}.FLOR"
    pay(world, "baixo", "bia", "ana@alto", 4)
    assert world.nodes["baixo"].balance(mirror) == -3_00, "6.00 HORA are owed: what came at 1.5 went back at 3"
    offer_payment(world, "baixo", "bia", "ana@alto", 6)
    world.deliver(1)
    assert world.nodes["baixo"].balance(mirror) == -3_00, "it is under way"
    world.run()
    assert world.nodes["baixo"].balance(mirror) == 0
    assert world.nodes["baixo"].balance("exchange.FLOR") == 15_00 and world.zero_sum()


def test_what_is_not_swept(village: tuple[World, str]) -> None:
    world, link = village

    def refused(node: str, id: str = link) -> Reason:
        answer = world.ask(node, "links.sweep", SweepLink(), subject=id)
        assert isinstance(answer, Refused)
        return answer.reason

    assert refused("baixo", "nonsense") is LINK_UNKNOWN
    assert refused("baixo") is STATE_CONFLICT, "it is open"
    for name in ("alto", "baixo"):
        world.granted(name, "links.close", CloseLink(), subject=link)
    world.tick(3)
    assert refused("alto") is STATE_CONFLICT, "nothing is left there"


def test_no_node_takes_the_sweeping_of_another_account(village: tuple[World, str]) -> None:
    world, _ = village
    book = world.nodes["baixo"].replica.book
    for name in ("exchange.FLOR", "commons.FLOR", "link-nonsense.FLOR", account(world, "baixo", "bia")):
        entered = Entered(RestSwept(name), book.network, LEDGER, 0, 99, bytes(32), 0)
        assert book.check(entered) is ACCOUNT_UNKNOWN
