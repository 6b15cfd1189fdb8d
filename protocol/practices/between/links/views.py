# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is shown of links: what each can carry, what is owed, and how far it has come."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc, OneOf
from protocol.book.money import Amount
from protocol.book.refusals import NETWORK_UNKNOWN, Refused, refuse
from protocol.lanes.claims import HOT_GRANT_MAX
from protocol.lanes.directory import Directory
from protocol.practices.between.links.entries import link_account
from protocol.practices.between.links.link import Link, LinkState
from protocol.practices.between.links.offering import DeclinedOffers
from protocol.practices.between.links.rates import own_rate_said, partner_rate_said
from protocol.practices.between.links.refusals import LINK_AMBIGUOUS, LINK_UNKNOWN
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.talk import Sendings
from protocol.practices.between.links.wishes import LinksWanted
from protocol.practices.between.networks.known import HANDLE_AMBIGUOUS, nearest
from protocol.practices.between.routes.state import Routes
from protocol.wire.keys import id_text, parse_id

LINKS_NAMED_MAX = 8
"""How many links are named where one was meant."""


@dataclass(frozen=True, slots=True)
class LinkShown:
    """A credit line as this network sees it. Amounts are in the link's unit, but for the mirror account."""

    id: str
    state: Annotated[
        str, OneOf(tuple(one.value for one in LinkState)), Doc("how far it has come, as this side sees it")
    ]
    delivery: Annotated[
        str,
        OneOf(("delivered", "not delivered yet")),
        Doc("whether our newest word on it is with the partner, as far as this node has seen; it is sent until it is"),
    ]
    partner: str
    partner_handle: str | None
    unit: str
    scale: int
    limit_given: Annotated[Amount, Doc("how much the partner may owe us")]
    limit_received: Annotated[Amount, Doc("how much we may owe the partner")]
    granted: Annotated[Amount, Doc("what we have granted the partner in all, with what it has given back since")]
    granted_signed: Annotated[Amount, Doc("how much in all cold keys have signed: up to that it may be granted")]
    granted_hot: Annotated[Amount | None, Doc("how much our hot key alone may grant on it in all; null: no bound")]
    net_debt: Annotated[Amount, Doc("what we owe the partner; negative: it owes us")]
    headroom: Annotated[Amount, Doc("how much our members may still pay over it")]
    headroom_given: Annotated[Amount, Doc("how much the partner's members may still pay over it")]
    status: Annotated[
        str,
        OneOf(
            (
                "OK",
                "ALERT",
                "FULL",
            )
        ),
        Doc("OK, ALERT over half of a limit, FULL"),
    ]
    holds_out: int
    holds_in: int
    largest_payment: Annotated[Amount, Doc("the most that one payment from here may be now, caps considered")]
    published: Annotated[bool, Doc("whether all may know that we forward on it, and at what price")]
    currency: str | None
    rate: Annotated[str | None, Doc("what the link's unit is worth in our currency, in whole units: 60 MIN = 1 HORA")]
    rate_num: Annotated[int | None, Doc("so many minor units of our currency are worth rate_den of the link's unit")]
    rate_den: Annotated[int | None, Doc("so many minor units of the link's unit are worth rate_num of our currency")]
    partner_rate: Annotated[
        str | None, Doc("the same as the partner has set it; null where we do not know its currency's decimals")
    ]
    partner_rate_num: Annotated[int | None, Doc("minor units of the partner's currency, for partner_rate_den")]
    partner_rate_den: Annotated[int | None, Doc("minor units of the link's unit, for partner_rate_num")]
    fee: Amount | None
    mirror: Annotated[Amount | None, Doc("the partner's mirror account in our book, in our currency")]
    declined: Annotated[str | None, Doc("by which code the partner has told that it does not take our offer up")]
    to_sign: Annotated[bytes | None, Doc("where a grant is to be signed: what `mutirao sign` signs with a cold key")]


def partner_named(book: Book, partner: str) -> bytes | Refused:
    directory = book.of(Directory)
    network = parse_id(partner)
    if network is not None:
        return network if network in directory.networks else refuse(NETWORK_UNKNOWN, network=partner)
    found = nearest(book, [one for one in directory.find(partner) if one != book.network])
    if not found:
        return refuse(NETWORK_UNKNOWN, network=partner[:64])
    if len(found) > 1:
        return refuse(HANDLE_AMBIGUOUS, networks=", ".join(map(id_text, found[:8])))
    return found[0]


def find_link(book: Book, id: str) -> Link | Refused:
    """Return the link of this id in text form, or the one with the partner of this handle or id.

    Of several those count that are not closed. A handle that more than one partner has, or a partner with more than
    one link, is refused: none is chosen for whoever asks.
    """
    raw = parse_id(id)
    link = None if raw is None else book.of(Links).by_id.get(raw)
    if link is not None:
        return link
    partner = partner_named(book, id)
    if isinstance(partner, Refused):
        return partner if partner.reason is HANDLE_AMBIGUOUS else refuse(LINK_UNKNOWN)
    found = book.of(Links).with_partner(partner)
    found = [one for one in found if not _is_over(one)] or found
    if len(found) > 1:
        return refuse(LINK_AMBIGUOUS, links=", ".join(id_text(one.id) for one in found[:LINKS_NAMED_MAX]))
    return found[0] if found else refuse(LINK_UNKNOWN)


def _is_over(link: Link) -> bool:
    """Tell whether a link is closed, or we have closed what the partner never took up."""
    given_up = link.mine is not None and link.mine.closed and link.theirs is None
    return given_up or link.state is LinkState.CLOSED


def partner_called(book: Book, account: str) -> str | None:
    """Return by which name people know a partner's mirror account: its handle behind an @, where it has told one."""
    link = book.of(Links).by_account.get(account.partition(".")[0])
    handle = None if link is None else book.of(Directory).handle(link.partner)
    return None if handle is None else f"@{handle}"


def show_link(desk: Desk, id: str) -> LinkShown | Refused:
    """Show a link."""
    link = find_link(desk.book, id)
    return link if isinstance(link, Refused) else link_shown(desk.book, link)


def list_links(desk: Desk, wanted: LinksWanted, after: int) -> Iterable[tuple[int, LinkShown]] | Refused:
    """List links in the order in which they were begun."""
    partner = None if wanted.partner is None else partner_named(desk.book, wanted.partner)
    if isinstance(partner, Refused):
        return partner
    return (
        (link.arrival + 1, link_shown(desk.book, link))
        for link in desk.book.of(Links).by_id.values()
        if link.arrival + 1 > after and partner in (None, link.partner)
    )


def usage(link: Link) -> str:
    """Return OK, ALERT where over half of a limit is in use, or FULL where one side can pay no more."""
    side = link.now
    owed, limit = (side.net_debt, side.limit) if side.net_debt > 0 else (-side.net_debt, side.limit_given)
    if owed and owed >= limit:
        return "FULL"
    return "ALERT" if owed * 2 > limit else "OK"


def _is_delivered(book: Book, link: Link) -> bool:
    """Tell whether the partner has our newest record, or gets it now: who is connected is sent each at once."""
    own, acked, known = link.side.own, link.side.partner.ack, book.of(Directory).networks.get(link.partner)
    seen = max((0, 0) if acked is None else (acked.epoch, acked.n), book.of(Sendings).sent.get(link.id, (0, 0)))
    return link.mine is None or (known is not None and known.connected) or (link.draft is None and own.position <= seen)


def link_shown(book: Book, link: Link) -> LinkShown:
    side, terms, mine = link.now, link.terms, link.mine

    def amount(minor: int) -> Amount:
        return Amount(minor, terms.unit, terms.scale)

    alone = book.of(Directory).networks[book.network].identity.hot_grant
    currency = None if mine is None else book.currencies[mine.currency]
    mirror = None if mine is None else book.ledger.accounts.get(link_account(link.id, mine.currency))
    return LinkShown(
        id=id_text(link.id),
        state=link.state.value,
        delivery="delivered" if _is_delivered(book, link) else "not delivered yet",
        partner=id_text(link.partner),
        partner_handle=book.of(Directory).handle(link.partner),
        unit=terms.unit,
        scale=terms.scale,
        limit_given=amount(side.limit_given),
        limit_received=amount(side.limit),
        granted=amount(side.own.granted),
        granted_signed=amount(0 if link.signed is None else link.signed.granted),
        granted_hot=None if alone == HOT_GRANT_MAX else amount(alone),
        net_debt=amount(side.net_debt),
        headroom=amount(max(0, side.headroom)),
        headroom_given=amount(max(0, side.headroom_given)),
        status=usage(link),
        holds_out=len(side.holds_out),
        holds_in=len(side.holds_in),
        largest_payment=amount(link.largest),
        published=book.of(Routes).on(book.network, link.id) is not None,
        currency=None if mine is None else mine.currency,
        rate=own_rate_said(book, link),
        rate_num=None if mine is None else mine.num,
        rate_den=None if mine is None else mine.den,
        partner_rate=partner_rate_said(book, link),
        partner_rate_num=None if link.theirs is None else link.theirs.num,
        partner_rate_den=None if link.theirs is None else link.theirs.den,
        fee=None if mine is None or currency is None else Amount(mine.fee, currency.code, currency.scale),
        mirror=None if currency is None
        else Amount(0 if mirror is None else mirror.balance_minor, currency.code, currency.scale),
        declined=None if link.theirs is not None else book.of(DeclinedOffers).elsewhere.get(link.id),
        to_sign=None,
    )  # fmt: skip
