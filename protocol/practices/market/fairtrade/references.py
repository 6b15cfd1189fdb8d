# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reference prices: what an item is sold at elsewhere, with its day and its source. They bind nobody."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Plan, Write
from protocol.book.money import Amount, minor_of
from protocol.book.personal import text_refusal
from protocol.book.refusals import AMOUNT_MALFORMED, CURRENCY_UNKNOWN, MALFORMED, NOT_FOUND, Refused, foremost, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.practices.market.fairtrade.entries import PURPOSE_CHARS_MAX, ReferenceNoted
from protocol.practices.market.fairtrade.rules import fairtrade_refusal
from protocol.practices.market.fairtrade.state import KeptReference, References
from protocol.practices.market.intents import INTENT_TITLE_CHARS_MAX, PRICE_MINOR_MAX
from protocol.practices.market.measures import measured
from protocol.practices.market.wishes import CODE_CHARS, QUANTITY_CHARS_MAX
from protocol.wire.shape import AtMost

_CODE = re.compile(r"(?!00)[0-9]{5}")


@dataclass(frozen=True, slots=True)
class NoteReference:
    """Note at which price an item is sold elsewhere: it is shown beside cost sheets, and binds nobody."""

    title: Annotated[str, AtMost(INTENT_TITLE_CHARS_MAX), Doc("what it is, and where it is sold so")]
    code: Annotated[str, AtMost(CODE_CHARS), Doc("which item it is, by five digits of CPC 2.1")]
    price: Annotated[Amount, Doc("what one unit costs there, as the group reckons it in a currency of its own")]
    source: Annotated[str, AtMost(PURPOSE_CHARS_MAX), Doc("where the figure is from")]
    at: Annotated[At, Doc("of which day it is")]
    unit: Annotated[str | None, AtMost(QUANTITY_CHARS_MAX), Doc("of what, such as kg; default: of one piece")] = None


@dataclass(frozen=True, slots=True)
class ReferencesWanted:
    """Reference prices, in the order in which they were noted."""

    code: Annotated[str | None, AtMost(CODE_CHARS), Doc("only those of items whose code begins so")] = None


@dataclass(frozen=True, slots=True)
class ReferenceShown:
    """At which price an item is sold elsewhere."""

    id: Annotated[str, Doc("its id")]
    title: Annotated[str, Doc("what it is, and where")]
    code: Annotated[str, Doc("the item's code, five digits of CPC 2.1")]
    unit: Annotated[str | None, Doc("the code of the unit; null: of one piece")]
    price: Annotated[Amount, Doc("what one unit costs there")]
    source: Annotated[str, Doc("where the figure is from")]
    at: Annotated[At, Doc("of which day it is")]


def plan_note(desk: Desk, wish: NoteReference) -> Plan | Refused:
    """Note a price elsewhere."""
    book = desk.book
    code = wish.price.asset_code or next(iter(book.currencies), "")
    texts = text_refusal("title", wish.title, INTENT_TITLE_CHARS_MAX)
    texts = texts or text_refusal("source", wish.source, PURPOSE_CHARS_MAX)
    unit, currency = measured(None, wish.unit, None), book.currencies.get(code)
    if currency is None:
        return texts or refuse(CURRENCY_UNKNOWN, currency=code)
    minor = minor_of(wish.price, code, currency.scale)
    refused = foremost(texts, *(one for one in (unit, minor) if isinstance(one, Refused)))
    if refused or isinstance(unit, Refused) or isinstance(minor, Refused):
        return refused or refuse(MALFORMED)
    if not wish.title.strip() or not wish.source.strip():
        return refuse(MALFORMED, field="source", expected="what it is, and where the figure is from")
    if not _CODE.fullmatch(wish.code):
        return refuse(MALFORMED, field="code", expected="five digits of CPC 2.1")
    if not 0 < minor <= PRICE_MINOR_MAX:
        return refuse(AMOUNT_MALFORMED, field="price", expected="more than zero")
    if wish.at > desk.now:
        return refuse(MALFORMED, field="at", expected="a day that has been")
    id = book.drawn(drawn_id(desk.chance))
    body = ReferenceNoted(id, wish.title, wish.code, unit[1], code, minor, wish.source, wish.at)
    return fairtrade_refusal(book, body) or Plan(uuid_text(id), (Write(body),))


def show_reference(desk: Desk, id: str) -> ReferenceShown | Refused:
    """Show a price elsewhere."""
    found = desk.book.of(References).by_id.get(parse_uuid(id) or b"")
    return refuse(NOT_FOUND) if found is None else reference_shown(desk.book, found)


def list_references(desk: Desk, wanted: ReferencesWanted, after: int) -> Iterable[tuple[int, ReferenceShown]]:
    """List prices elsewhere."""
    found = since(list(desk.book.of(References).by_id.values()), after)
    kept = ((cursor, one) for cursor, one in found if one.said.code.startswith(wanted.code or ""))
    return ((cursor, reference_shown(desk.book, one)) for cursor, one in kept)


def reference_shown(book: Book, one: KeptReference) -> ReferenceShown:
    """Return a price elsewhere as it is shown."""
    said = one.said
    return ReferenceShown(
        uuid_text(said.reference), said.title, said.code, said.unit or None, book.amount(said.currency, said.price),
        said.source, said.at_ms,
    )  # fmt: skip
