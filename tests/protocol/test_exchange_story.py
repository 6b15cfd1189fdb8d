# SPDX-License-Identifier: AGPL-3.0-or-later
"""Community exchange systems (MISSION 2): two exchanges trade through mirrored accounts."""

from protocol.economy.currencies import CreateCurrency
from protocol.economy.members import Approve, Invite, Join
from protocol.economy.paying import Pay
from protocol.settlement.links import AcceptLink, ProposeLink
from protocol.settlement.quotes import AskQuote
from simulation.world import World, whole


def exchange(world: World, name: str, code: str, *handles: str) -> None:
    world.found(name, code)
    world.granted(name, "currencies.create", CreateCurrency(code, code.title(), whole(500)))
    for handle in handles:
        invitation = world.granted(name, "invitations.create", Invite())
        world.granted(name, "members.join", Join(invitation.code, handle))
        world.granted(name, "members.approve", Approve(), subject=handle)


def linked(world: World, one: str, other: str, limit: int, *, rate: str) -> str:
    """Link two exchanges in the unit of the first; the second's currency is worth `rate` for one of it."""
    world.join(one, other)
    world.tick(2)
    first, second = world.nodes[one].replica.book, world.nodes[other].replica.book
    own, foreign = next(iter(first.currencies)), next(iter(second.currencies))
    link = world.granted(one, "links.create", ProposeLink(other, whole(limit), own))
    world.granted(other, "links.accept", AcceptLink(whole(limit), foreign, rate), subject=link.id)
    return link.id


def test_a_buyer_pays_in_her_unit_and_the_seller_is_paid_in_his() -> None:
    world = World()
    exchange(world, "alto", "A", "ana")
    exchange(world, "baixo", "B", "bia")
    link = linked(world, "alto", "baixo", 500, rate="1.5")

    quote = world.granted("alto", "quotes.create", AskQuote("bia@baixo", whole(135), payer="ana"))
    assert (quote.debit.value, quote.amount.value) == (90_00, 135_00)
    paid = world.granted(
        "alto", "payments.create", Pay(payer=quote.payer, payee="bia@baixo", amount=whole(135), quote=quote.id)
    )
    assert paid.state == "pending"

    world.tick(2)
    assert world.granted("alto", "payments.show", subject=paid.id).state == "posted"
    ana, bia = (world.granted(n, "members.show", subject=h).accounts[0] for n, h in (("alto", "ana"), ("baixo", "bia")))
    assert world.nodes["alto"].balance(ana) == -90_00
    assert world.nodes["baixo"].balance(bia) == 135_00
    assert world.granted("alto", "links.show", subject=link).mirror.value == 90_00
    assert world.granted("baixo", "links.show", subject=link).mirror.value == -135_00
    assert world.zero_sum()


def test_beyond_the_links_limit_neither_leg_moves() -> None:
    world = World()
    exchange(world, "alto", "A", "ana")
    exchange(world, "baixo", "B", "bia")
    linked(world, "alto", "baixo", 80, rate="1.5")
    refused = world.ask("alto", "quotes.create", AskQuote("bia@baixo", whole(135), payer="ana"))
    assert refused.reason == "LINK_LIMIT_EXCEEDED"
    assert world.zero_sum()
    assert all(account.balance_minor == 0 for node in world.nodes.values() for account in node.replica.book.ledger.accounts.values())
