# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is offered and needed here and elsewhere, as it is found: by words, codes, marks, places, prices."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from protocol.book.book import Book
from protocol.book.declaration import BoardKind, Desk
from protocol.book.folding import words_of
from protocol.book.money import parse_decimal
from protocol.book.refusals import AMOUNT_MALFORMED, MALFORMED, Refused, refuse
from protocol.lanes.entry import Millis
from protocol.lanes.items import BoardItem
from protocol.peers.boards import HeldItem, body_of
from protocol.practices.between.networks.known import find_network
from protocol.practices.market.distances import is_within
from protocol.practices.market.intents import (
    INTENT_KINDS,
    OFFER_ITEMS,
    Intent,
    IntentPlace,
    Price,
    folded_label,
)
from protocol.practices.market.marked import marks_of
from protocol.practices.market.places import read_place
from protocol.practices.market.prices import is_at_most
from protocol.practices.market.wishes import IntentsWanted, OffersWanted

_PRICE = re.compile(r"([0-9.]{1,40}) ([A-Z][A-Z0-9-]{0,11})")
PRICE_SCALE = 9
"""In so many decimals a bound is read: no currency has more."""


@dataclass(frozen=True, slots=True)
class IntentSearch:
    """What somebody looks for: all conditions hold together."""

    words: Sequence[str] = ()
    code: str = ""
    network: bytes | None = None
    member: str | None = None
    label: str | None = None
    near: IntentPlace | None = None
    within_km: int | None = None
    max_price: tuple[str, int] | None = None
    """The code of a currency, and how much of it at most, at PRICE_SCALE."""
    verified: tuple[str, Millis] | None = None
    """The name, folded, or the id of a mark that counts for it, and at which hour."""


@dataclass(slots=True)
class HeardIntent:
    """An offer or a need that is held here, as it is looked for; `words` are folded, a blank around each.

    There may be a hundred thousand of these: what it says besides is read again from the item where it is shown.
    """

    arrival: int
    item: BoardItem
    kind: BoardKind
    words: str
    code: str
    member: str
    labels: tuple[str, ...]
    place: IntentPlace | None
    currencies: tuple[str, ...] = ()
    """In which its prices are."""

    @property
    def body(self) -> Any:
        """What it says."""
        return body_of(self.item, self.kind)


def heard_as(arrival: int, item: BoardItem, kind: BoardKind, body: Intent) -> HeardIntent:
    """Return an offer or a need as it is looked for."""
    words = words_of(" ".join((body.title, body.text, *body.labels)))
    labels = tuple(map(folded_label, body.labels))
    currencies = tuple(price.currency for price in body.prices)
    return HeardIntent(
        arrival, item, kind, f" {' '.join(words)} ", body.code, body.member, labels, body.place, currencies
    )


def heard_item(held: HeldItem) -> HeardIntent | None:
    """Return what an item of a board is as it is looked for; None where it is no offer and no need."""
    for kind in INTENT_KINDS:
        body = body_of(held.item, kind) if held.item.said.kind == kind.body.KIND else None
        if body is not None:
            return heard_as(held.arrival, held.item, kind, body)
    return None


def search_wanted(book: Book, wanted: IntentsWanted, max_price: str | None = None) -> IntentSearch | Refused:
    """Return what somebody looks for, or why nobody can."""
    words = tuple(words_of(wanted.search or ""))
    if wanted.search is not None and not words:
        return refuse(MALFORMED, field="search", expected="at least one letter or digit")
    if wanted.code is not None and not re.fullmatch("[0-9]{1,5}", wanted.code):
        return refuse(MALFORMED, field="code", expected="up to five digits of CPC 2.1")
    near = read_place("near", wanted.near)
    if isinstance(near, Refused):
        return near
    if wanted.within_km is not None and near is None:
        return refuse(MALFORMED, field="near", expected="the place from which it is measured")
    network = None if wanted.network is None else find_network(book, wanted.network)
    if isinstance(network, Refused):
        return network
    bound = None if max_price is None else _bound(max_price)
    if isinstance(bound, Refused):
        return bound
    label = None if wanted.label is None else folded_label(wanted.label)
    return IntentSearch(words, wanted.code or "", network, wanted.member, label, near, wanted.within_km, bound)


def offers_wanted(desk: Desk, wanted: OffersWanted) -> IntentSearch | Refused:
    """Return which offers somebody looks for, or why nobody can."""
    search = search_wanted(desk.book, wanted, wanted.max_price)
    if isinstance(search, Refused) or wanted.verified is None:
        return search
    return replace(search, verified=(folded_label(wanted.verified), desk.now))


def _bound(text: str) -> tuple[str, int] | Refused:
    found = _PRICE.fullmatch(text)
    minor = refuse(AMOUNT_MALFORMED) if found is None else parse_decimal(found[1], PRICE_SCALE)
    if found is None or isinstance(minor, Refused):
        return refuse(AMOUNT_MALFORMED, field="max_price", expected="an amount and a currency, such as 5.00 FLOR")
    return found[2], minor


def is_sought(book: Book, search: IntentSearch, one: HeardIntent) -> bool:
    """Tell whether an offer or a need is what somebody looks for."""
    return (
        all(f" {word}" in one.words for word in search.words)
        and one.code.startswith(search.code)
        and (search.network is None or one.item.network == search.network)
        and (search.member is None or one.member == search.member)
        and (search.label is None or search.label in one.labels)
        and (search.within_km is None or _is_near(search, one))
        and (search.max_price is None or _costs_at_most(book, *search.max_price, one))
        and (search.verified is None or _is_marked(book, *search.verified, one))
    )


def _is_marked(book: Book, mark: str, now: Millis, one: HeardIntent) -> bool:
    if one.kind is not OFFER_ITEMS:
        return False
    return any(True for _ in marks_of(book, one.item.network, one.member, one.code, now, mark))


def _is_near(search: IntentSearch, one: HeardIntent) -> bool:
    assert search.near is not None and search.within_km is not None
    return one.place is not None and is_within(search.near, one.place, search.within_km)


def _costs_at_most(book: Book, code: str, most: int, one: HeardIntent) -> bool:
    prices: tuple[Price, ...] = one.body.prices
    return any(is_at_most(book, one.item.network, price, code, most, PRICE_SCALE) for price in prices)
