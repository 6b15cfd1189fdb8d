# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which offers and needs are matched for our members: theirs, and all that compete with them, near and far.

What boards and published lines say is the same for all; what our own members may still owe, and what is left on our own
links, only we know, and it bounds our pairs alone.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import islice

from protocol.book.book import Book
from protocol.book.declaration import Slot
from protocol.book.folding import words_of
from protocol.lanes.entry import Millis
from protocol.practices.between.links.link import LinkState
from protocol.practices.between.links.state import Links
from protocol.practices.between.routes.state import Routes
from protocol.practices.market.heard import HeardIntent, IntentSearch
from protocol.practices.market.index import IntentIndex
from protocol.practices.market.intents import NEED_ITEMS, OFFER_ITEMS
from protocol.practices.market.matching import CreditWay, Market, Match, NeedStanding, OfferStanding, matches

MATCH_LOOKED_MAX = 10_000
"""So many offers and needs are looked at for one list: nobody keeps a node busy by pinning up the same.

A solver is given no more pairs than that, which takes it some two seconds; needs of others whose offers were not all
looked at are left out, and those of our members come first.
"""
SCALE_UNKNOWN = 2
"""Decimals of a currency of which nobody here knows how many it has."""

RETAINED: Slot[Callable[[Book, bytes, str], int | None]] = Slot(
    "tells how much of what is paid to a member of a network (by handle) stays inside, in millionths; None: unknown"
)


def own_matches(book: Book, now: Millis) -> list[Match]:
    """Return the matches of our members' needs."""
    return [one for one in matches(market_known(book, now)) if one.need.network == book.network]


def market_known(book: Book, now: Millis) -> Market:
    """Return our members' needs with all that competes for what they want, as far as it is looked at."""
    offers, needs = _competing(book, now)
    networks = {(need.network, offer.network) for need in needs for offer in offers if need.network != offer.network}
    ways = {pair: tuple(credit_ways(book, *pair)) for pair in sorted(networks)}
    return Market(offers, needs, ways)


def retained_ppm(book: Book, network: bytes, member: str) -> int | None:
    """Return how much of what is paid to a member stays inside, in millionths, as far as anybody here knows."""
    told = (tell(book, network, member) for tell in book.fillings(RETAINED))
    return next((one for one in told if one is not None), None)


def _competing(book: Book, now: Millis) -> tuple[list[OfferStanding], list[NeedStanding]]:
    """Return our members' needs, the offers that are called so, the needs that want these, and so on."""
    index = book.of(IntentIndex)
    offers, needs = dict[int, HeardIntent](), dict[int, HeardIntent]()
    waiting = deque(one for one in index.of_network(book.network) if one.kind is NEED_ITEMS)
    known = {one.arrival for one in waiting}
    looked = 0
    while waiting:
        one = waiting.popleft()
        look = _offers_for if one.kind is NEED_ITEMS else _needs_for
        found = list(islice(look(book, index, one), MATCH_LOOKED_MAX))
        looked += len(found)
        if looked > MATCH_LOOKED_MAX:
            waiting.appendleft(one)
            break
        (needs if one.kind is NEED_ITEMS else offers)[one.arrival] = one
        more = [other for other in found if other is not None and other.arrival not in known]
        known.update(other.arrival for other in more)
        waiting += more
    offers |= {one.arrival: one for one in waiting if one.kind is OFFER_ITEMS}
    return (
        [
            OfferStanding(one.item.network, one.item.said.item, one.body,
                          retained_ppm(book, one.item.network, one.member) or 0)
            for one in offers.values() if _lasts(one, now)
        ],
        [
            NeedStanding(one.item.network, one.item.said.item, one.body, _may_owe(book, one))
            for one in needs.values() if _lasts(one, now)
        ],
    )  # fmt: skip


def _lasts(one: HeardIntent, now: Millis) -> bool:
    until = one.body.until_ms
    return until is None or until >= now


def _offers_for(book: Book, index: IntentIndex, need: HeardIntent) -> Iterator[HeardIntent | None]:
    """Yield the offers that are called as a need asks; None for each that was looked at in vain."""
    if need.code:
        yield from index.find(book, OFFER_ITEMS, IntentSearch(code=need.code), 0)
    for one in index.find(book, OFFER_ITEMS, IntentSearch(words=_title(need)), 0):
        yield one if not (need.code and one.code) and set(_title(one)) == set(_title(need)) else None


def _needs_for(book: Book, index: IntentIndex, offer: HeardIntent) -> Iterator[HeardIntent | None]:
    if offer.code:
        for one in index.find(book, NEED_ITEMS, IntentSearch(code=offer.code[:1]), 0):
            yield one if one.code and offer.code.startswith(one.code) else None
    for one in index.find(book, NEED_ITEMS, IntentSearch(words=_title(offer)), 0):
        yield one if not (one.code and offer.code) and set(_title(one)) == set(_title(offer)) else None


def _title(one: HeardIntent) -> tuple[str, ...]:
    return tuple(words_of(one.body.title))


def _may_owe(book: Book, need: HeardIntent) -> dict[str, int]:
    """Return what a member of ours may still pay, by currency; of others nobody here knows it."""
    member = book.member_by_handle.get(need.member)
    if need.item.network != book.network or member is None:
        return {}
    rooms = ((one.currency, one.headroom_minor) for one in book.ledger.of_member(member))
    return {currency: room for currency, room in rooms if room is not None}


def credit_ways(book: Book, buyer: bytes, seller: bytes) -> Iterable[CreditWay]:
    """Yield how prices of a seller's network land at a buyer's, and what is left on the lines between both."""
    if buyer == book.network:
        yield from _own_ways(book, seller)
        return
    routes = book.of(Routes)
    for near in sorted(routes.of(buyer), key=lambda one: one.link):
        far = routes.on(seller, near.link)
        if near.partner == seller and far is not None and far.partner == buyer:
            rate = Fraction(far.den, far.num) * Fraction(near.num, near.den)
            # Of a band the least is counted on that it can mean.
            room = near.rate.down(4**near.band // 4)
            yield CreditWay(far.currency, near.currency, SCALE_UNKNOWN, rate, room)


def _own_ways(book: Book, seller: bytes) -> Iterator[CreditWay]:
    for link in sorted(book.of(Links).with_partner(seller), key=lambda one: one.id):
        if link.state is LinkState.OPEN and link.theirs is not None:
            ours, theirs = link.settings, link.theirs
            rate = Fraction(theirs.den, theirs.num) * Fraction(ours.num, ours.den)
            scale = book.currencies[ours.currency].scale
            yield CreditWay(theirs.currency, ours.currency, scale, rate, ours.rate.down(max(0, link.now.headroom)))
