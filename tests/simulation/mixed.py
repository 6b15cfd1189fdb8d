# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two networks with two currencies each, linked in both: what payments in several currencies go over."""

from typing import Any, TypeVar

from simulation.world import World, whole

from protocol.book.accounts import account_id
from protocol.book.money import Amount
from protocol.practices.between.links.entries import link_account
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.wishes import AcceptLink, CapLink, ProposeLink
from protocol.practices.between.mixed.asking import AskMixedQuote
from protocol.practices.money.currencies.views import CreateCurrency
from protocol.practices.money.mixed.entries import PayMixed
from protocol.practices.people.invitations import Invite
from protocol.practices.people.members.views import Approve, Join
from protocol.wire.keys import id_text

FORTY_AND_SIXTY = (Amount(40, "FLOR", 0), Amount(60, "REAL", 0))
PARTIES = {"riacho": (("ana",), ("HORA", "NOTA")), "serra": (("bia", "caio"), ("FLOR", "REAL"))}
"""Who pays and who is paid, in which currencies: FLOR comes for HORA, REAL for NOTA, 1 for 1."""


W = TypeVar("W", bound=World)


def two_by_two(
    world: W, limits: tuple[int, int] = (500, 500), *, credit: int = 500, rates: tuple[str, str] = ("1", "1")
) -> W:
    """Found Riacho and Serra with two currencies each, and link them in both."""
    for name, (handles, codes) in PARTIES.items():
        world.found(name, codes[0])
        for code in codes:
            world.granted(name, "currencies.create", CreateCurrency(code, code.title(), whole(credit)))
        for handle in handles:
            invitation = world.granted(name, "invitations.create", Invite())
            world.granted(name, "members.join", Join(invitation.code, handle))
            world.granted(name, "members.approve", Approve(), subject=handle)
    world.join("riacho", "serra")
    world.tick(2)
    for limit, rate, own, foreign in zip(limits, rates, *(codes for _, codes in PARTIES.values()), strict=True):
        link = world.granted("riacho", "links.create", ProposeLink("serra", whole(limit), own)).id
        world.granted("serra", "links.accept", AcceptLink(whole(limit), foreign, rate), subject=link)
        for name in PARTIES:
            world.granted(name, "links.cap", CapLink(holds_percent=100), subject=link)
    world.tick(2)
    return world


def link_of(world: World, currency: str) -> str:
    """Return the link over which a currency of Riacho's leaves."""
    links = world.nodes["riacho"].replica.book.of(Links).by_id.values()
    return next(id_text(link.id) for link in links if link.settings.currency == currency)


def ask_price(world: World, amounts: tuple[Amount, ...] = FORTY_AND_SIXTY, **told: Any) -> Any:
    """Ask what it costs Ana to pay Bia so."""
    return world.ask("riacho", "mixed-quotes.create", AskMixedQuote("bia@serra", amounts, "ana", **told))


def accepted(price: Any, **told: Any) -> PayMixed:
    """Return the wish that accepts a price by word of mouth."""
    amounts = tuple(one.amount for one in price.parts)
    return PayMixed("bia@serra", amounts, "ana", **{"invoice": price.invoice, **told})


def start_mixed(world: World) -> int:
    """Price a payment and order it; returns the number of the request, nothing delivered yet."""
    return world.start("riacho", "mixed-payments.create", accepted(ask_price(world)))


def account_of(world: World, name: str, handle: str, currency: str) -> str:
    """Return the account of a member; nothing is delivered meanwhile."""
    return account_id(world.nodes[name].replica.book.member_by_handle[handle], currency)


def balances_of(world: World) -> tuple[int, int, int, int]:
    """Return what Ana holds of HORA and NOTA, and Bia of FLOR and REAL, in minor units; nothing is delivered."""
    hora, nota = (world.nodes["riacho"].balance(account_of(world, "riacho", "ana", one)) for one in ("HORA", "NOTA"))
    flor, real = (world.nodes["serra"].balance(account_of(world, "serra", "bia", one)) for one in ("FLOR", "REAL"))
    return hora, nota, flor, real


def states_of(world: World, payment: str) -> list[str]:
    """Return the states of the parts of a payment of Ana's."""
    return [one.state.value for one in world.granted("riacho", "mixed-payments.show", subject=payment).parts]


def at_odds(world: World) -> list[str]:
    """Return what does not fit once all is quiet: money held, sums that are not zero, links whose ends differ."""
    found = [] if world.zero_sum() else ["a sum is not zero"]
    links: dict[bytes, int] = {}
    for node in world.nodes.values():
        book = node.replica.book
        found += [
            f"{node.name} {one.id} holds {one.balance_minor}"
            for one in book.ledger.accounts.values()
            if one.id.startswith("holds.") and one.balance_minor
        ]
        found += list(book.complaints())
        for link in book.of(Links).by_id.values():
            if link.now.holds_in or link.now.holds_out:
                found.append(f"{node.name}: a hold is open")
            mirror = book.ledger.accounts.get(link_account(link.id, link.settings.currency))
            links[link.id] = links.get(link.id, 0) + (0 if mirror is None else mirror.balance_minor)
    return found + [f"the two ends of a link differ by {rest}" for rest in links.values() if rest]
