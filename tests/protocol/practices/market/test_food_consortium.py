# SPDX-License-Identifier: AGPL-3.0-or-later
"""Orders as the Data Food Consortium writes them: there and back, and what cannot be read.

What its connector made of such a document (npm @datafoodconsortium/connector 1.0.0-beta.2) is written down here as it
came out: it sets things apart by their ids, gives blank nodes labels of its own, and lets numbers be texts.
"""

import json
from typing import Any

import pytest

from protocol.book.refusals import CURRENCY_UNKNOWN, FORBIDDEN, MALFORMED, NOT_FOUND, Refused
from protocol.practices.market.purchasing.food_consortium import (
    FOOD_CONTEXT,
    FoodItemsShown,
    FoodItemsWanted,
    FoodOrderShown,
    FoodOrderWanted,
    food_document,
    view_food_items,
    view_food_order,
)
from tests.protocol.practices.market.buyers import Buyers, flour, hours

APART = {
    "@context": FOOD_CONTEXT,
    "@graph": [
        {"@id": "_:_:b2", "@type": ["dfc-b:Price", "dfc-b:Price"], "dfc-b:value": ["60", "60"]},
        {"@id": "_:_:b3", "@type": "dfc-b:QuantitativeValue", "dfc-b:value": "12"},
        {
            "@id": "x:line", "@type": "dfc-b:OrderLine", "dfc-b:concerns": "x:offer", "dfc-b:hasPrice": "_:_:b2",
            "dfc-b:quantity": "5",
        },
        {"@id": "x:offer", "@type": "dfc-b:Offer", "dfc-b:hasPrice": "_:_:b2", "dfc-b:offeredItem": {"@id": "x:item"}},
        {"@id": "x:item", "@type": "dfc-b:CatalogItem", "dfc-b:references": "x:flour"},
        {"@id": "x:order", "@type": "dfc-b:Order", "dfc-b:hasPart": "x:line"},
        {
            "@id": "x:flour", "@type": "dfc-b:SuppliedProduct", "dfc-b:description": "1 kg",
            "dfc-b:hasQuantity": "_:_:b3", "dfc-b:name": "flour",
        },
    ],
}  # fmt: skip


def read(buyers: Buyers, told: Any, currency: str = "HORA") -> FoodItemsShown | Refused:
    data = told if isinstance(told, bytes) else json.dumps(told).encode()
    return view_food_items(buyers.group.desk(), FoodItemsWanted(data, currency))


def ordered() -> tuple[Buyers, FoodOrderShown]:
    buyers = Buyers(flour(), flour(name="cheese", box=15, price=hours(30_05), portion="200 g"))
    buyers.wants("ana", 24)
    buyers.close()
    shown = view_food_order(buyers.group.desk(), FoodOrderWanted(buyers.id))
    assert isinstance(shown, FoodOrderShown)
    return buyers, shown


def test_an_order_goes_out_in_boxes_and_comes_back_as_items() -> None:
    buyers, shown = ordered()
    told = json.loads(food_document(shown))
    assert told["@context"] == FOOD_CONTEXT
    [line] = told["@graph"][0]["dfc-b:hasPart"]
    assert (line["dfc-b:quantity"], line["dfc-b:hasPrice"]["dfc-b:value"]) == ("2", "60.00"), "texts, and nested"
    assert "ana" not in food_document(shown)
    back = read(buyers, told)
    assert isinstance(back, FoodItemsShown)
    assert [(one.name, one.portion, one.box, one.price, one.boxes) for one in back.items] == [
        ("flour", "1 kg", 12, hours(60_00), 2)
    ]


def test_what_the_connector_sets_apart_is_read_alike() -> None:
    found = read(Buyers(), APART)
    assert isinstance(found, FoodItemsShown)
    assert [(one.name, one.portion, one.box, one.price, one.boxes) for one in found.items] == [
        ("flour", "1 kg", 12, hours(60_00), 5)
    ]
    offers = [one for one in APART["@graph"] if one["@type"] not in ("dfc-b:OrderLine", "dfc-b:Order")]  # type: ignore[index]
    only = read(Buyers(), APART | {"@graph": offers})
    assert isinstance(only, FoodItemsShown) and only.items[0].boxes is None


@pytest.mark.parametrize(
    ("place", "field", "value"),
    [
        (0, "dfc-b:value", "1e+21"),
        (0, "dfc-b:value", "0.30000000000000004"),
        (0, "dfc-b:value", "-60"),
        (1, "dfc-b:value", "0.5"),
        (1, "dfc-b:value", "0"),
        (2, "dfc-b:quantity", "NaN"),
        (2, "dfc-b:concerns", "x:elsewhere"),
        (6, "dfc-b:name", "x" * 61),
        (6, "dfc-b:name", None),
    ],
)
def test_what_cannot_be_read_is_refused(place: int, field: str, value: Any) -> None:
    graph = [dict(one) for one in APART["@graph"]]  # type: ignore[arg-type]
    graph[place][field] = value
    found = read(Buyers(), APART | {"@graph": graph})
    assert isinstance(found, Refused) and found.reason is MALFORMED


def test_nothing_is_fetched_and_no_other_context_is_read() -> None:
    buyers = Buyers()
    for told, reason in (
        (APART | {"@context": "https://example.org/context.jsonld"}, MALFORMED),
        (b"{", MALFORMED),
        (b"[" * 100_000, MALFORMED),
        ([], MALFORMED),
        ({"@context": FOOD_CONTEXT}, MALFORMED),
        (APART | {"@graph": [{}] * 10_001}, MALFORMED),
    ):
        found = read(buyers, told)
        assert isinstance(found, Refused) and found.reason is reason
    other = read(buyers, APART, "NADA")
    assert isinstance(other, Refused) and other.reason is CURRENCY_UNKNOWN


def test_who_only_orders_does_not_see_it() -> None:
    buyers, _ = ordered()
    for who, cycle, reason in (("ana", buyers.id, FORBIDDEN), ("rosa", bytes(16), NOT_FOUND)):
        found = view_food_order(buyers.group.desk(buyers.group.actor(who)), FoodOrderWanted(cycle))
        assert isinstance(found, Refused) and found.reason is reason
