# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much can be sent: what is left on a link, what one payment over it may be, and the most that reaches somebody."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc, OneOf
from protocol.book.issuer_groups import foreigner
from protocol.book.ledger import Account
from protocol.book.levies import most_payable
from protocol.book.money import AMOUNT_MINOR_MAX, Amount
from protocol.book.refusals import Figure, Refused, refuse
from protocol.lanes.directory import Directory
from protocol.peers.messages import PATHS_MAX, Hop
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.refusals import (
    LINK_HOLDS_EXCEEDED,
    LINK_LIMIT_EXCEEDED,
    LINK_NOT_OPEN,
    LINK_PAYMENT_TOO_LARGE,
)
from protocol.practices.between.links.state import Links
from protocol.practices.between.quotes.answers import choose_link, is_reachable
from protocol.practices.between.quotes.asking import find_payee, paying_account
from protocol.practices.between.quotes.refusals import ACCEPTANCE_LIMIT
from protocol.practices.between.quotes.state import Question
from protocol.practices.between.routes.paths import Path, PathWanted, filled_ways
from protocol.practices.between.routes.state import Routes
from protocol.practices.money.payments.refunds import REFUND_EXCEEDS
from protocol.wire.keys import id_text

OWN_LIMIT = "your limit"
THE_LINKS = "the links"
NO_BOUND = "nothing"


@dataclass(frozen=True, slots=True)
class MostWanted:
    """To whom somebody would send as much as can be sent now."""

    payee: Annotated[str, Doc("who would be paid: bia, bia@serra, or an account")]
    payer: Annotated[str | None, Doc("the paying account; your only one where it is left out")] = None


@dataclass(frozen=True, slots=True)
class MostShown:
    """The most that can be sent now, several ways together counted; a payment may still find less: nothing is kept."""

    payer: str
    debit: Annotated[Amount | None, Doc("the most that the payer may be debited; null where nothing bounds it")]
    amount: Annotated[Amount | None, Doc("what the payee would get of it; null where its unit is not known here")]
    one_way: Annotated[Amount | None, Doc("the most that goes over one way alone, in the payer's currency")]
    bounded_by: Annotated[
        str, OneOf((OWN_LIMIT, THE_LINKS, NO_BOUND)), Doc("what bounds it: how far the payer may owe, or the links")
    ]


def figures_of(book: Book, link: Link) -> dict[str, Figure]:
    """Return what is left on a link, and what one payment over it may be now, in our currency on it."""
    currency = book.currencies[link.settings.currency]
    return {
        "available": own_most(link, max(0, link.now.headroom)),
        "largest_payment": own_most(link, link.largest),
        "unit": currency.code,
        "scale": currency.scale,
    }


def own_most(link: Link, bound: int) -> int:
    """Return the most of our currency that needs no more than so many minor units of a link."""
    rate = link.settings.rate
    most = rate.up(bound)
    return most if most * rate.den // rate.num <= bound else rate.down(bound)


def room_refusal(book: Book, link: Link, held: int) -> Refused | None:
    """Return why a hold on a link could never be placed as the link stands: too little is left, or it has a cap."""
    if held > link.now.headroom:
        return refuse(LINK_LIMIT_EXCEEDED, limit=own_most(link, link.now.limit), **figures_of(book, link))
    if held > link.now.reach * link.settings.holds_percent // 100:
        return refuse(LINK_PAYMENT_TOO_LARGE, **figures_of(book, link))
    return None


def with_figures(book: Book, question: Question, refused: Refused, left: int | None) -> Refused:
    """Return what a partner told of a link that leads straight to it, with what we know of its room.

    How much more of our currency it takes, or how much of its own can be given back (`left`, minor units), it alone
    knows, and tells.
    """
    link = book.of(Links).by_id.get(question.link)
    straight = question.route == (question.payee_network,)
    if link is not None and straight and refused.reason is ACCEPTANCE_LIMIT and left is not None:
        currency = book.currencies[link.settings.currency]
        name = book.of(Directory).handle(link.partner) or id_text(link.partner)
        return refuse(refused.reason, network=name, available=left, unit=currency.code, scale=currency.scale)
    if refused.reason is REFUND_EXCEEDS and left is not None:
        known = book.of(Directory).networks.get(question.payee_network)
        profile, code = None if known is None else known.profile, question.wish.amount.asset_code
        if profile is not None and code in (None, profile.currency):
            return refuse(refused.reason, available=left, unit=profile.currency, scale=profile.scale)
    if link is None or not straight or refused.reason not in (LINK_LIMIT_EXCEEDED, LINK_HOLDS_EXCEEDED):
        return refused
    return refuse(refused.reason, **{**refused.figures, **figures_of(book, link)})


def view_most(desk: Desk, wanted: MostWanted) -> MostShown | Refused:
    """Tell how much can be sent to somebody now."""
    book = desk.book
    found = find_payee(book, wanted.payee)
    if isinstance(found, Refused):
        return found
    payer = paying_account(desk, wanted.payer, None)
    if isinstance(payer, Refused):
        return payer
    own = book.currencies[payer.currency]
    bound = most_payable(book, payer)
    most = None if bound is None else Amount(bound, own.code, own.scale)
    network = found[0]
    if network == book.network:
        return MostShown(payer.id, most, most, most, NO_BOUND if bound is None else OWN_LIMIT)
    abroad = foreigner(book, payer.currency, wanted.payee)
    ways = abroad if abroad is not None else _ways(book, payer, network, bound)
    if isinstance(ways, Refused):
        return ways
    debit = sum(way.debit for way in ways)
    is_own = bound is not None and debit >= bound
    return MostShown(
        payer.id,
        Amount(debit, own.code, own.scale),
        _gets(book, network, ways),
        Amount(max((way.debit for way in ways), default=0), own.code, own.scale),
        OWN_LIMIT if is_own else THE_LINKS,
    )


def _ways(book: Book, payer: Account, network: bytes, bound: int | None) -> tuple[Path, ...] | Refused:
    """Return the ways over which most goes there, as published; the direct link where none is."""

    def room(link: Link) -> int:
        return link.largest if is_reachable(book, link.partner) and link.gives(1) else 0

    wanted = PathWanted(network, None, AMOUNT_MINOR_MAX, payer.currency)
    ways = filled_ways(book, wanted, room, PATHS_MAX, debit_max=bound)
    if ways:
        return ways
    link = choose_link(book, network, payer.currency)
    if isinstance(link, Refused):
        return () if link.reason is LINK_NOT_OPEN else link
    rate = link.settings.rate
    held = room(link) if bound is None else min(room(link), bound * rate.den // rate.num)
    gets = 0 if link.theirs is None else link.theirs.rate.down(held)
    return (Path((Hop(network, link.id, held),), rate.up(held), gets),) if held else ()


def _gets(book: Book, network: bytes, ways: tuple[Path, ...]) -> Amount | None:
    """Return what the payee gets in all, where all ways end in its main currency: of others we know no decimals."""
    known = book.of(Directory).networks.get(network)
    profile = None if known is None else known.profile
    ends = {_end_currency(book, way) for way in ways}
    if profile is None or ends - {profile.currency}:
        return None
    return Amount(sum(way.amount for way in ways), profile.currency, profile.scale)


def _end_currency(book: Book, way: Path) -> str | None:
    link = book.of(Links).by_id.get(way.hops[-1].link)
    if link is not None and len(way.hops) == 1:
        return None if link.theirs is None else link.theirs.currency
    said = book.of(Routes).on(way.hops[-1].network, way.hops[-1].link)
    return None if said is None else said.currency
