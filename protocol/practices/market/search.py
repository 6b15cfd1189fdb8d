# SPDX-License-Identifier: AGPL-3.0-or-later
"""The search of the market: offers and needs of all networks together, the newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from protocol.book.book import Book
from protocol.book.declaration import BoardKind, Desk, Doc, List, Practice
from protocol.book.refusals import Refused
from protocol.practices.market.heard import HeardIntent, offers_wanted
from protocol.practices.market.index import newest_intents, price_refusal
from protocol.practices.market.intents import INTENT_KINDS, NEED_ITEMS, OFFER_ITEMS, IntentPlace
from protocol.practices.market.shown import intent_fields
from protocol.practices.market.wishes import IntentShown, OffersWanted


class IntentKind(StrEnum):
    """What a member says: that it offers something, or that it needs it."""

    OFFER = "offer"
    NEED = "need"


ITEMS_OF: dict[IntentKind, BoardKind] = {IntentKind.OFFER: OFFER_ITEMS, IntentKind.NEED: NEED_ITEMS}
KIND_OF: dict[BoardKind, IntentKind] = {items: kind for kind, items in ITEMS_OF.items()}


@dataclass(frozen=True, slots=True)
class SearchWanted(OffersWanted):
    """What is looked for among offers and needs: of those that this node may see, where all conditions hold."""

    kind: Annotated[IntentKind | None, Doc("only offers, or only needs")] = None


@dataclass(frozen=True, slots=True)
class SearchShown(IntentShown):
    """An offer or a need that was found."""

    kind: Annotated[IntentKind, Doc("which of both it is")]


def kinds_sought(kind: IntentKind | None) -> tuple[BoardKind, ...]:
    """Return the kinds of items of which what is looked for may be."""
    return INTENT_KINDS if kind is None else (ITEMS_OF[kind],)


def list_found(desk: Desk, wanted: SearchWanted, after: int) -> Iterator[tuple[int, SearchShown]] | Refused:
    """List what is found, the newest first."""
    search = offers_wanted(desk, wanted)
    if isinstance(search, Refused):
        return search
    if refused := price_refusal(desk.book, search):
        return refused
    found = newest_intents(desk.book, kinds_sought(wanted.kind), search, after or None)
    return ((one.arrival, found_shown(desk.book, one, search.near)) for one in found)


def found_shown(book: Book, one: HeardIntent, near: IntentPlace | None) -> SearchShown:
    """Return an offer or a need as a search shows it."""
    said: dict[str, Any] = intent_fields(book, one.item, one.body, near)
    return SearchShown(**said, kind=KIND_OF[one.kind])


PRACTICE = Practice(
    name="search",
    entries=(),
    operations=(
        List("search", SearchWanted, SearchShown, view=list_found,
             example="mutirao search list --search 'farinha trigo' --code 231 --kind offer"),
    ),
)  # fmt: skip
