# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who pays abroad by a handle that the payee had earlier still reaches her."""

from simulation.groups import account, exchange, linked
from simulation.world import World, whole

from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.names import Rename


def test_an_old_handle_still_reaches_a_payee_abroad() -> None:
    world = World()
    exchange(world, "alto", "A", "ana")
    exchange(world, "baixo", "B", "bia")
    linked(world, "alto", "baixo", 500)
    bia = account(world, "baixo", "bia")
    world.granted("baixo", "members.rename", Rename("bia-souza"), subject="bia")
    for number, handle in enumerate(("bia", "bia-souza"), 1):
        payee = f"{handle}@baixo"
        quote = world.granted("alto", "quotes.create", AskQuote(payee, whole(5), payer="ana"))
        assert quote.payee_handle == payee
        pay = Pay(payer=quote.payer, payee=payee, amount=whole(5), invoice=quote.invoice)
        world.granted("alto", "payments.create", pay)
        world.tick(2)
        assert world.nodes["baixo"].balance(bia) == number * 5_00
