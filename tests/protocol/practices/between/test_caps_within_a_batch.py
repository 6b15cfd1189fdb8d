# SPDX-License-Identifier: AGPL-3.0-or-later
"""Caps that are raised count for what is asked next, in one batch with what was asked before: found by a story."""

from simulation.groups import exchange, linked
from simulation.world import STEWARD, World, whole

from protocol.book.refusals import Refused
from protocol.events import Asked
from protocol.practices.between.links.wishes import CapLink
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.payments.entries import Pay


def test_a_cap_is_raised_between_two_payments_of_one_batch() -> None:
    world = World(1)
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    link = linked(world, "riacho", "serra", 1_000)
    world.granted("riacho", "links.cap", CapLink(holds_open=1), subject=link)
    wishes: list[Asked] = []
    for number in (901, 903):
        quote = world.granted("riacho", "quotes.create", AskQuote("bia@serra", whole(5), payer="ana"))
        wish = Pay(payer=quote.payer, payee="bia@serra", amount=whole(5), invoice=quote.invoice)
        wishes.append(Asked(number, "payments.create", STEWARD, wish, ""))
    wishes.insert(1, Asked(902, "links.cap", STEWARD, CapLink(holds_open=2), link))
    world.give("riacho", *wishes)
    world.run()
    answers = world.nodes["riacho"].answers
    assert not [one for one in (901, 902, 903) if isinstance(answers[one], Refused)]
