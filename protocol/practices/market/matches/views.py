# SPDX-License-Identifier: AGPL-3.0-or-later
"""Matches and suggestions as members see them; those that free most of debts come first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.accounts import account_id
from protocol.book.book import Book
from protocol.book.declaration import READERS, Desk, Doc, OneOf
from protocol.book.ledger import Account
from protocol.book.money import Amount
from protocol.book.refusals import FORBIDDEN, Refused, refuse
from protocol.lanes.directory import Directory
from protocol.lanes.items import BoardItem
from protocol.peers.boards import Boards, published
from protocol.practices.market.distances import km_between
from protocol.practices.market.intents import NEED_ITEMS, OFFER_ITEMS, Intent, Need, Offer
from protocol.practices.market.matches.debts import KnownDebts
from protocol.practices.market.matches.finding import own_matches, retained_ppm
from protocol.practices.market.matching import Match
from protocol.practices.market.measures import parts_text
from protocol.practices.market.shown import find_intent, intent_id
from protocol.wire.keys import id_text

_PPM = 1_000_000
_FAR_PART = 2
"""A balance is far from zero that has used up one part in so many of how far it may fall."""
SUGGESTIONS_MAX = 200


@dataclass(frozen=True, slots=True)
class MatchesWanted:
    """Which matches of your own needs; for those who read all, of all needs of the network."""

    need: Annotated[str | None, Doc("only those of this need, by its id")] = None


@dataclass(frozen=True, slots=True)
class MatchListed:
    """An offer that goes to a need. Nothing is booked by it: order it, if you want it."""

    need: Annotated[str, Doc("the need's id")]
    offer: Annotated[str, Doc("the offer's id; behind an @ the network's, where it is another than yours")]
    network: Annotated[str, Doc("whose offer it is, by the network's id")]
    handle: Annotated[str | None, Doc("what that network calls itself")]
    buyer: Annotated[str, Doc("the handle of who needs it")]
    seller: Annotated[str, Doc("the handle of who offers it")]
    title: Annotated[str, Doc("what is offered")]
    code: Annotated[str | None, Doc("the offer's item code")]
    quantity: Annotated[str, Doc("how much of it would go to the need, so that most needs are served")]
    unit: Annotated[str | None, Doc("of which unit, the need's")]
    price: Annotated[Amount | None, Doc("what one unit costs as it lands, without fees; null: as agreed")]
    total: Annotated[Amount | None, Doc("what all of it costs so")]
    stays_inside: Annotated[Amount | None, Doc("how much of that stays inside; null: nobody tells")]
    freed: Annotated[Amount | None, Doc("of how much debt all together would be free, the price itself included")]
    km: Annotated[int | None, Doc("how far away it is, where both tell")]


@dataclass(frozen=True, slots=True)
class SuggestionsWanted:
    """What would do you and others good: what frees debts, then what helps balances meet."""


@dataclass(frozen=True, slots=True)
class SuggestionListed:
    """Somebody's offer that you might take, or a need that you might serve; nobody's balance is told."""

    kind: Annotated[str, OneOf(("offer", "need")), Doc("what it is that you see")]
    id: Annotated[str, Doc("its id")]
    member: Annotated[str, Doc("whose it is, by handle; behind an @ the network's")]
    title: Annotated[str, Doc("what it is")]
    freed: Annotated[Amount | None, Doc("for an offer that is matched with a need of yours: how much debt that frees")]


def list_matches(desk: Desk, wanted: MatchesWanted, after: int) -> Iterator[tuple[int, MatchListed]] | Refused:
    """List matches, those that free most first."""
    book, only = desk.book, None
    if wanted.need is not None:
        found = find_intent(book, wanted.need, NEED_ITEMS)
        if isinstance(found, Refused):
            return found
        only = found[0].said.item
    handle = _handle(desk)
    if handle is None and desk.actor.role not in READERS:
        return refuse(FORBIDDEN, allowed="members")
    sees = [
        (match, freed)
        for match, freed in with_freed(desk)
        if (only is None or match.need.item == only) and (handle is None or match.need.body.member == handle)
    ]
    return ((at, _shown(book, *one)) for at, one in enumerate(sees, 1) if at > after)


def with_freed(desk: Desk) -> list[tuple[Match, int]]:
    """Return our members' matches and what each frees (minor units), those that free most first."""
    debts = KnownDebts(desk.book, desk.now)
    found = [(match, _freed(desk.book, debts, match)) for match in own_matches(desk.book, desk.now)]
    return sorted(found, key=lambda one: -one[1])


def _freed(book: Book, debts: KnownDebts, match: Match) -> int:
    if match.landed is None:
        return 0
    if match.offer.network != book.network:
        return debts.freed_between(match.offer.network, match.landed.currency, match.pays_minor)
    buyer, seller = (book.member_by_handle.get(one.body.member) for one in (match.need, match.offer))
    if buyer is None or seller is None:
        return 0
    currency = match.landed.currency
    return debts.freed_within(currency, account_id(buyer, currency), account_id(seller, currency), match.pays_minor)


def _handle(desk: Desk) -> str | None:
    """Return the handle of the member who asks; None for who reads all."""
    if desk.actor.role in READERS or desk.actor.member is None:
        return None
    return desk.book.members[desk.actor.member].handle


def _shown(book: Book, match: Match, freed: int) -> MatchListed:
    offer, need, landed = match.offer, match.need, match.landed
    price = total = stays = frees = None
    if landed is not None:
        price, total, frees = (
            Amount(minor, landed.currency, landed.scale) for minor in (landed.minor, match.pays_minor, freed)
        )
        ppm = retained_ppm(book, offer.network, offer.body.member)
        stays = None if ppm is None else Amount(match.pays_minor * ppm // _PPM, landed.currency, landed.scale)
    places = offer.body.place, need.body.place
    return MatchListed(
        need=intent_id(book, _item(book, need.network, need.item)),
        offer=intent_id(book, _item(book, offer.network, offer.item)),
        network=id_text(offer.network),
        handle=book.of(Directory).handle(offer.network),
        buyer=need.body.member,
        seller=offer.body.member,
        title=offer.body.title,
        code=offer.body.code or None,
        quantity=parts_text(match.quantity),
        unit=need.body.unit or None,
        price=price,
        total=total,
        stays_inside=stays,
        freed=frees,
        km=None if places[0] is None or places[1] is None else km_between(places[0], places[1]),
    )


def _item(book: Book, network: bytes, item: bytes) -> BoardItem:
    held = book.of(Boards).get(network, item)
    assert held is not None, "it was just matched"
    return held


def list_suggestions(
    desk: Desk, wanted: SuggestionsWanted, after: int
) -> Iterator[tuple[int, SuggestionListed]] | Refused:
    """List what is suggested to a member: matches that free debts, then what helps far balances, then the rest."""
    del wanted
    book, member = desk.book, desk.actor.member
    if member is None:
        return refuse(FORBIDDEN, allowed="members, each for itself")
    own = {account.currency: account for account in book.ledger.of_member(member)}
    handle = book.members[member].handle
    freeing = {
        (match.offer.network, match.offer.item): (freed, match)
        for match, freed in with_freed(desk)
        if freed and match.need.body.member == handle
    }
    ranked: list[tuple[tuple[int, int], SuggestionListed]] = []
    for kind in (OFFER_ITEMS, NEED_ITEMS):
        for _, item, body in published(book, kind):
            assert isinstance(body, Offer | Need)
            if item.network == book.network and body.member == handle:
                continue
            freed, match = freeing.get(item.place, (0, None)) if kind is OFFER_ITEMS else (0, None)
            rank = (-freed, 0) if match is not None else (0, 0 if _helps(book, own, item, body) else 1)
            amount = None
            if match is not None and match.landed is not None:
                amount = Amount(freed, match.landed.currency, match.landed.scale)
            word = "offer" if kind is OFFER_ITEMS else "need"
            shown = SuggestionListed(word, intent_id(book, item), _called(book, item, body), body.title, amount)
            ranked.append((rank, shown))
    ranked.sort(key=lambda one: one[0])
    shown = (one for _, one in ranked[:SUGGESTIONS_MAX])
    return ((at, one) for at, one in enumerate(shown, 1) if at > after)


def _called(book: Book, item: BoardItem, body: Intent) -> str:
    if item.network == book.network:
        return body.member
    return f"{body.member}@{book.of(Directory).handle(item.network) or id_text(item.network)}"


def _helps(book: Book, own: dict[str, Account], item: BoardItem, body: Intent) -> bool:
    """Tell whether a trade brings two balances nearer to zero of which the other's, or one's own, is far from it."""
    member = book.member_by_handle.get(body.member) if item.network == book.network else None
    if member is None:
        return False
    theirs = {account.currency: account for account in book.ledger.of_member(member)}
    for currency in _currencies(body) & own.keys() & theirs.keys():
        mine, other = own[currency], theirs[currency]
        if isinstance(body, Offer) and mine.balance_minor > 0 and _is_far_below(other):
            return True
        if isinstance(body, Need) and _is_far_below(mine) and other.balance_minor > 0:
            return True
    return False


def _currencies(body: Intent) -> set[str]:
    return {price.currency for price in body.prices}


def _is_far_below(account: Account) -> bool:
    return account.balance_minor < 0 and account.balance_minor * _FAR_PART <= (account.least_minor or 0)
