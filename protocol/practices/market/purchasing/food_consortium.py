# SPDX-License-Identifier: AGPL-3.0-or-later
"""An order cycle as the Data Food Consortium writes orders (JSON-LD, context 1.16.0), and items read of such documents.

Its connector knows the context by its old address alone, and fetches whatever is not in the document: so everything
stands nested in the order, and quantities are decimal texts. Of members nothing is told: sums of boxes alone. Words for
units are in no package of theirs: how much a portion is stands in the product's description.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from protocol.book.declaration import At, Desk, Doc, FromFile, ReckonForm, Ref, Uuid
from protocol.book.money import Amount, decimal, parse_decimal
from protocol.book.refusals import CURRENCY_UNKNOWN, FORBIDDEN, MALFORMED, NOT_FOUND, Refused, refuse
from protocol.book.signed import Id16, uuid_text
from protocol.practices.market.measures import measured
from protocol.practices.market.purchasing.entries import CYCLE_ITEMS_MAX, CYCLE_TITLE_CHARS_MAX, PORTIONS_MAX
from protocol.practices.market.purchasing.state import CYCLES
from protocol.practices.market.purchasing.views import CycleItemShown, cycle_shown, sees_all
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost

FOOD_CONTEXT = "https://www.datafoodconsortium.org/wp-content/plugins/wordpress-context-jsonld/context_1.16.0.jsonld"
FOOD_BYTES_MAX = 256 * 1024
FOOD_NODES_MAX = 10_000
_DIGITS_MAX = 12


@dataclass(frozen=True, slots=True)
class FoodOrderWanted:
    """What a cycle orders, for who supplies it."""

    cycle: Annotated[Id16, Uuid, Ref("order-cycles"), Doc("the cycle")]


@dataclass(frozen=True, slots=True)
class FoodOrderShown:
    """What a cycle orders; the document of the Data Food Consortium is its form jsonld."""

    id: Annotated[str, Doc("the cycle's id")]
    title: Annotated[str, Doc("what it is called")]
    opened_at: Annotated[At, Doc("when it was opened")]
    closes_at: Annotated[At, Doc("when it closes")]
    items: Annotated[tuple[CycleItemShown, ...], Doc("what is ordered, in boxes")]


@dataclass(frozen=True, slots=True)
class FoodItemsWanted:
    """Read what somebody offers or orders of a document of the Data Food Consortium; nothing is opened."""

    file: Annotated[bytes, AtMost(FOOD_BYTES_MAX), FromFile, Doc("JSON-LD with the context 1.16.0")]
    currency: Annotated[Code, Ref("currencies"), Doc("in which currency its prices are meant")]


@dataclass(frozen=True, slots=True)
class FoodItemShown:
    """An item as it can be told when a cycle is opened."""

    name: Annotated[str, Doc("what it is")]
    portion: Annotated[str, Doc("how much a portion is")]
    box: Annotated[int, Doc("how many portions a box has")]
    price: Annotated[Amount, Doc("what a box costs")]
    boxes: Annotated[int | None, Doc("how many boxes are ordered; null: it is only offered")]


@dataclass(frozen=True, slots=True)
class FoodItemsShown:
    """What a document offers or orders."""

    items: Annotated[tuple[FoodItemShown, ...], Doc("each offer or line with a product and a price")]


def view_food_order(desk: Desk, wanted: FoodOrderWanted) -> FoodOrderShown | Refused:
    cycle = desk.book.rows(CYCLES).get(wanted.cycle)
    if cycle is None:
        return refuse(NOT_FOUND)
    if not sees_all(desk, cycle):
        return refuse(FORBIDDEN, allowed="the referent, who helps, and those who coordinate")
    shown = cycle_shown(desk, cycle)
    return FoodOrderShown(uuid_text(cycle.id), shown.title, cycle.at_ms, shown.closes_at, shown.items)


def food_document(shown: FoodOrderShown) -> str:
    """Return the order as JSON-LD, all of it nested in the order and its sale session."""
    base = f"urn:uuid:{shown.id}"
    lines = [_line(base, item) for item in shown.items if item.boxes]
    order: dict[str, Any] = {
        "@id": base,
        "@type": "dfc-b:Order",
        "dfc-b:orderNumber": shown.id,
        "dfc-b:date": _day(shown.closes_at),
        "dfc-b:hasPart": lines,
    }
    session = {
        "@id": f"{base}#session",
        "@type": "dfc-b:SaleSession",
        "dfc-b:beginDate": _day(shown.opened_at),
        "dfc-b:endDate": _day(shown.closes_at),
    }
    return json.dumps({"@context": FOOD_CONTEXT, "@graph": [order, session]}, ensure_ascii=False, indent=1) + "\n"


def _line(base: str, item: CycleItemShown) -> dict[str, Any]:
    at, price = f"{base}#{item.number}", decimal(item.price.value, item.price.asset_scale)
    product = {
        "@id": f"{at}-product",
        "@type": "dfc-b:SuppliedProduct",
        "dfc-b:name": item.name,
        "dfc-b:description": item.portion,
        "dfc-b:hasQuantity": {"@type": "dfc-b:QuantitativeValue", "dfc-b:value": str(item.box)},
    }
    offer = {
        "@id": f"{at}-offer",
        "@type": "dfc-b:Offer",
        "dfc-b:hasPrice": {"@type": "dfc-b:Price", "dfc-b:value": price},
        "dfc-b:offeredItem": {"@id": f"{at}-item", "@type": "dfc-b:CatalogItem", "dfc-b:references": product},
    }
    return {
        "@id": at,
        "@type": "dfc-b:OrderLine",
        "dfc-b:quantity": str(item.boxes),
        "dfc-b:hasPrice": {"@type": "dfc-b:Price", "dfc-b:value": price},
        "dfc-b:concerns": offer,
    }


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


FOOD_FORMS = (ReckonForm("jsonld", "application/ld+json", food_document),)


def view_food_items(desk: Desk, wanted: FoodItemsWanted) -> FoodItemsShown | Refused:
    """Return what a document offers or orders; nothing that it names is fetched."""
    currency = desk.book.currencies.get(wanted.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=wanted.currency)
    try:
        told = json.loads(wanted.file, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return refuse(MALFORMED, field="file", expected="JSON")
    if _fields(told).get("@context") != FOOD_CONTEXT:
        return refuse(MALFORMED, field="@context", expected=FOOD_CONTEXT)
    nodes = list(_nodes(told))
    if len(nodes) > FOOD_NODES_MAX:
        return refuse(MALFORMED, field="file", expected=f"at most {FOOD_NODES_MAX} things")
    named = {one["@id"]: one for one in nodes if isinstance(one.get("@id"), str) and len(one) > 1}
    items: list[FoodItemShown] = []
    lines = [one for one in nodes if _is(one, "OrderLine")]
    for one in lines or [one for one in nodes if _is(one, "Offer") and len(one) > 2]:
        item = _item_of(named, one, currency.code, currency.scale)
        if isinstance(item, Refused):
            return item
        items.append(item)
    if not 0 < len(items) <= CYCLE_ITEMS_MAX:
        return refuse(MALFORMED, field="file", expected=f"1 to {CYCLE_ITEMS_MAX} order lines or offers")
    return FoodItemsShown(tuple(items))


def _nodes(told: Any) -> Iterator[dict[str, Any]]:
    """Yield all things of a document, however they are nested."""
    waiting: list[Any] = [told]
    count = 0
    while waiting and count <= FOOD_NODES_MAX:
        one = waiting.pop(0)
        if isinstance(one, list):
            waiting = [*cast("list[Any]", one), *waiting]
        elif isinstance(one, dict):
            found = _fields(one)
            count += 1
            yield found
            waiting = [*found.values(), *waiting]


def _is(node: Mapping[str, Any], kind: str) -> bool:
    told = node.get("@type")
    return f"dfc-b:{kind}" in (cast("list[Any]", told) if isinstance(told, list) else (told,))


def _at(named: Mapping[str, dict[str, Any]], node: Mapping[str, Any], *path: str) -> Any:
    """Return what a way through a document leads to, by nesting or by ids; the first where there are several."""
    found: Any = node
    for step in path:
        told: Any = _first(_fields(found).get(f"dfc-b:{step}"))
        name: Any = _fields(told).get("@id", told)
        found = named.get(name, told) if isinstance(name, str) else told
    return found


def _fields(told: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {}


def _first(told: Any) -> Any:
    several = cast("list[Any]", told) if isinstance(told, list) else [told]
    return several[0] if several else None


def _item_of(
    named: Mapping[str, dict[str, Any]], node: Mapping[str, Any], code: str, scale: int
) -> FoodItemShown | Refused:
    is_line = _is(node, "OrderLine")
    offer = _at(named, node, "concerns") if is_line else node
    told = _fields(_at(named, _fields(offer), "offeredItem", "references"))
    if not told:
        return refuse(MALFORMED, field="dfc-b:offeredItem", expected="a product in the document")
    name, price = _at(named, told, "name"), _at(named, node, "hasPrice", "value")
    box, about = _at(named, told, "hasQuantity", "value"), _at(named, told, "description")
    minor = parse_decimal(price, scale) if isinstance(price, str) else refuse(MALFORMED)
    if isinstance(minor, Refused) or minor <= 0:
        return refuse(MALFORMED, field="dfc-b:hasPrice", expected=f"an amount of {code}, with {scale} decimals at most")
    if not isinstance(name, str) or not 0 < len(name) <= CYCLE_TITLE_CHARS_MAX:
        return refuse(MALFORMED, field="dfc-b:name", expected=f"1 to {CYCLE_TITLE_CHARS_MAX} characters")
    count = _whole(box) if box is not None else 1
    boxes = _whole(_at(named, node, "quantity")) if is_line else None
    if count is None or not 0 < count <= PORTIONS_MAX or (is_line and boxes is None):
        return refuse(MALFORMED, field="dfc-b:quantity", expected="a whole number")
    portion = (
        about if isinstance(about, str) and not isinstance(measured(about[:64], None, None), Refused) else "1 piece"
    )
    return FoodItemShown(name, portion, count, Amount(minor, code, scale), boxes)


def _whole(told: Any) -> int | None:
    whole, _, rest = told.partition(".") if isinstance(told, str) else ("", "", "")
    is_whole = whole.isascii() and whole.isdigit() and len(whole) <= _DIGITS_MAX and not rest.strip("0")
    return int(whole) if is_whole else None
