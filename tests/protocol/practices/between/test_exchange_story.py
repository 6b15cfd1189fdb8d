# SPDX-License-Identifier: AGPL-3.0-or-later
"""Community exchange systems (MISSION 2): two exchanges trade through mirrored accounts."""

from simulation.groups import account, exchange, linked
from simulation.world import World, whole

from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.payments.entries import Pay
from protocol.wire.keys import id_text


def test_a_buyer_pays_in_her_unit_and_the_seller_is_paid_in_his() -> None:
    world = World()
    exchange(world, "alto", "A", "ana")
    exchange(world, "baixo", "B", "bia")
    link = linked(world, "alto", "baixo", 500, rate="1.5")

    quote = world.granted("alto", "quotes.create", AskQuote("bia@baixo", whole(135), payer="ana"))
    assert (quote.debit.value, quote.amount.value) == (90_00, 135_00)
    paid = world.granted(
        "alto",
        "payments.create",
        Pay(payer=quote.payer, payee="bia@baixo", amount=whole(135), invoice=quote.invoice),
    )
    assert paid.state == "pending"

    world.tick(2)
    assert world.granted("alto", "payments.show", subject=paid.id).state == "posted"
    assert world.nodes["alto"].balance(account(world, "alto", "ana")) == -90_00
    assert world.nodes["baixo"].balance(account(world, "baixo", "bia")) == 135_00
    assert world.granted("alto", "links.show", subject=link).mirror.value == 90_00
    assert world.granted("baixo", "links.show", subject=link).mirror.value == -135_00
    assert world.zero_sum()


def test_a_payee_is_named_by_the_id_of_its_network_as_well() -> None:
    world = World()
    exchange(world, "alto", "A", "ana", "caio")
    exchange(world, "baixo", "B", "bia")
    linked(world, "alto", "baixo", 500)
    alto, baixo = (id_text(world.nodes[name].network) for name in ("alto", "baixo"))
    for payee, unit in ((f"bia@{baixo}", "B"), (f"mutirao:{baixo}/bia", "B"), (f"caio@{alto}", "A")):
        quote = world.granted("alto", "quotes.create", AskQuote(payee, whole(10, unit), payer="ana"))
        assert quote.payee_handle in ("bia@baixo", "caio@alto")
    refused = world.ask("alto", "quotes.create", AskQuote("mutirao:baixo/bia", whole(10), payer="ana"))
    assert refused.figures["expected"] == "mutirao:<network id>/<account>"


def test_beyond_the_links_limit_neither_leg_moves() -> None:
    world = World()
    exchange(world, "alto", "A", "ana")
    exchange(world, "baixo", "B", "bia")
    linked(world, "alto", "baixo", 80, rate="1.5")
    refused = world.ask("alto", "quotes.create", AskQuote("bia@baixo", whole(135), payer="ana"))
    assert refused.reason.code == "LINK_LIMIT_EXCEEDED"
    assert world.zero_sum()
    for node in world.nodes.values():
        assert all(one.balance_minor == 0 for one in node.replica.book.ledger.accounts.values())
