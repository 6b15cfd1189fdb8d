# SPDX-License-Identifier: AGPL-3.0-or-later
"""Groups for stories: networks with members, linked to each other."""

from simulation.world import World, whole

from protocol.events import Received
from protocol.peers.messages import Message, pack
from protocol.practices.between.links.wishes import AcceptLink, ProposeLink
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.money.currencies.views import CreateCurrency
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.invitations import Invite
from protocol.practices.people.members.views import Approve, Join


def exchange(world: World, name: str, code: str, *handles: str, limit: int = 500) -> None:
    """Found a network with one currency and these members."""
    world.found(name, code)
    world.granted(name, "currencies.create", CreateCurrency(code, code.title(), whole(limit)))
    for handle in handles:
        invitation = world.granted(name, "invitations.create", Invite())
        world.granted(name, "members.join", Join(invitation.code, handle))
        world.granted(name, "members.approve", Approve(), subject=handle)


def linked(world: World, one: str, other: str, limit: int, *, rate: str = "1", fee: int = 0) -> str:
    """Link two networks in the unit of the first; the second's currency is worth `rate` for one of it."""
    world.join(one, other)
    world.tick(2)
    own, foreign = (next(iter(world.nodes[name].replica.book.currencies)) for name in (one, other))
    fees = (whole(fee, own), whole(fee, foreign)) if fee else (None, None)
    link = world.granted(one, "links.create", ProposeLink(other, whole(limit), own, fee=fees[0]))
    world.granted(other, "links.accept", AcceptLink(whole(limit), foreign, rate, fees[1]), subject=link.id)
    return link.id


def account(world: World, name: str, handle: str) -> str:
    """Return the account of a member."""
    return world.granted(name, "members.show", subject=handle).accounts[0]


def balance(world: World, name: str, handle: str) -> int:
    """Return the balance of a member, in minor units."""
    return world.nodes[name].balance(account(world, name, handle))


def offer_payment(world: World, name: str, payer: str, payee: str, units: int, *via: str) -> int:
    """Quote a payment and order it; returns the number of the request, nothing delivered yet."""
    quote = world.granted(name, "quotes.create", AskQuote(payee, whole(units), payer=payer, via=via))
    wish = Pay(payer=quote.payer, payee=payee, amount=whole(units), invoice=quote.invoice)
    return world.start(name, "payments.create", wish)


def pay(world: World, name: str, payer: str, payee: str, units: int, *via: str) -> str:
    """Pay across networks and let everything that follows happen; returns the payment's id."""
    request = offer_payment(world, name, payer, payee, units, *via)
    world.run()
    return world.nodes[name].answers.pop(request).id


def state(world: World, name: str, payment: str) -> str:
    """Return the state of a payment."""
    return world.granted(name, "payments.show", subject=payment).state.value


def says(world: World, message: Message | bytes, to: str = "serra", source: str = "riacho") -> str | None:
    """Let one node say something to another; returns why that one hung up, if it did."""
    before = len(world.drops)
    world.give(to, Received(source, message if isinstance(message, bytes) else pack(message)))
    world.run()
    return world.drops[-1][1] if len(world.drops) > before else None
