# SPDX-License-Identifier: AGPL-3.0-or-later
"""JSON is read strictly, shown faithfully, and described as it is read."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, NewType

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.http.components import Components, Misread
from node.http.jsonbytes import dump, parse_json
from node.http.schema import describe, form
from node.http.values import moment_text
from protocol.book.declaration import At, Doc, Ref
from protocol.book.money import AMOUNT_MINOR_MAX, Amount
from protocol.book.refusals import AMOUNT_MALFORMED, AMOUNT_TOO_LARGE, MALFORMED, Reason
from protocol.book.signed import TIME_MS_MAX
from protocol.wire.shape import AtMost, Length, Range

Handle = NewType("Handle", str)


class Grain(StrEnum):
    RYE = "rye"
    WHEAT = "wheat"


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal."""

    mark: Annotated[bytes, Length(4)]
    pressed: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """Bread."""

    grain: Grain
    price: Amount
    baker: Handle
    count: Annotated[int, Range(1, 99), Doc("how many")] = 1
    note: Annotated[str | None, AtMost(5), Doc("why")] = None
    ready: At | None = None
    seals: tuple[Seal, ...] = ()
    weights: dict[str, int] | None = None


LEAST = {"grain": "rye", "price": {"value": "1", "asset_scale": 0}, "baker": "ana"}


def read(body: Any) -> Any:
    return form(Wish).read(parse_json(body if isinstance(body, bytes) else json.dumps(body).encode()))


def misread(body: Any) -> tuple[str, str]:
    with pytest.raises(Misread) as caught:
        read(body)
    refused = caught.value.refused()
    assert dump(dict(refused.figures)), "it can be told"
    return refused.reason.code, str(refused.figures["field"])


def test_a_wish_is_read_with_its_defaults() -> None:
    assert read({**LEAST, "note": None, "ready": None}) == read(LEAST)
    assert read(LEAST) == Wish(Grain.RYE, Amount(1), Handle("ana"))


def test_what_is_shown_is_read_again_as_the_same() -> None:
    wish = Wish(
        Grain.WHEAT,
        Amount(-5, "HORA", 2),
        Handle("bia"),
        7,
        "crûst",
        1_777_636_800_250,
        (Seal(b"\xff\xfe\0a", pressed=True),),
        {"a": 1},
    )
    show = form(Wish).show
    assert show is not None
    shown = show(wish)
    assert shown["ready"] == "2026-05-01T12:00:00.250Z"
    assert shown["price"] == {"value": "-5", "asset_code": "HORA", "asset_scale": 2}
    assert shown["seals"] == [{"mark": "__4AYQ", "pressed": True}]
    assert read(dump(shown)) == wish


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"grain": "oats"}, "grain"),
        ({"grain": None}, "grain"),
        ({"baker": 3}, "baker"),
        ({"baker": "an\x00a"}, "baker"),
        ({"baker": "\ud800"}, "baker"),
        ({"baker": "a" + "\u0301\u0323" * 16}, "baker"),
        ({"count": 1.0}, "count"),
        ({"count": "1"}, "count"),
        ({"count": True}, "count"),
        ({"count": 0}, "count"),
        ({"count": 10**30}, "count"),
        ({"note": "longer"}, "note"),
        ({"ready": "2026-05-01"}, "ready"),
        ({"ready": "2026-02-30T12:00:00Z"}, "ready"),
        ({"ready": "2026-05-01T12:00:00+02:00"}, "ready"),
        ({"ready": "1969-12-31T23:59:59Z"}, "ready"),
        ({"ready": 5}, "ready"),
        ({"seals": {}}, "seals"),
        ({"seals": [{"mark": "AAAAAA"}, {"mark": "AAAAAA=="}]}, "seals.1.mark"),
        ({"seals": [{"mark": "AAAAAB"}]}, "seals.0.mark"),
        ({"seals": [{"mark": "AAAA"}]}, "seals.0.mark"),
        ({"seals": [{"mark": "AA+AAA"}]}, "seals.0.mark"),
        ({"seals": [{"mark": "AAAAAA", "pressed": 1}]}, "seals.0.pressed"),
        ({"seals": [{}]}, "seals.0.mark"),
        ({"weights": {"a": "1"}}, "weights.a"),
        ({"weights": {"\ud800": 1}}, "weights.?"),
        ({"grian": "rye"}, "grian"),
        ({"\ud800": "rye"}, "?"),
    ],
)
def test_what_is_not_of_the_form_is_refused_by_its_place(change: Any, field: str) -> None:
    assert misread(LEAST | change) == (MALFORMED.code, field)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"grain":"rye","price":{"value":"1","asset_scale":0},"baker":"ana","baker":"ana"}',
        b'{"grain":"rye","price":{"value":"1","value":"1","asset_scale":0},"baker":"ana"}',
        b'{"grain":"rye","count":1e999}',
        b'{"count":NaN}',
        b'{"count":-Infinity}',
        b'{"count":' + b"9" * 5_000 + b"}",
        b"[" * 30_000,
        b'{"a":' * 10_000,
        b"\xef\xbb\xbf{}",
        b"{} {}",
    ],
)
def test_what_is_no_strict_json_is_refused(body: bytes) -> None:
    assert misread(body)[0] == MALFORMED.code


def test_a_text_is_made_nfc() -> None:
    assert read(LEAST | {"baker": "Jose\u0301"}).baker == "José"
    assert read(LEAST | {"note": "e\u0301" * 5}).note == "ééééé", "its length is what is kept"
    assert read(LEAST | {"baker": "José 👩‍🌾\n"}).baker == "José 👩‍🌾\n"


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        (12.5, AMOUNT_MALFORMED),
        ({"value": 1250}, AMOUNT_MALFORMED),
        ({"value": "12.50"}, AMOUNT_MALFORMED),
        ({"value": "1e3"}, AMOUNT_MALFORMED),
        ({"value": "+5"}, AMOUNT_MALFORMED),
        ({"value": "007"}, AMOUNT_MALFORMED),
        ({"value": "-0"}, AMOUNT_MALFORMED),
        ({"value": "٣"}, AMOUNT_MALFORMED),
        ({"value": "1\n"}, AMOUNT_MALFORMED),
        ({"value": ""}, AMOUNT_MALFORMED),
        ({}, AMOUNT_MALFORMED),
        ({"value": "1_0"}, AMOUNT_MALFORMED),
        ({"value": "1", "scale": 2}, AMOUNT_MALFORMED),
        ({"value": "1", "asset_code": 2}, MALFORMED),
        ({"value": str(AMOUNT_MINOR_MAX + 1)}, AMOUNT_TOO_LARGE),
        ({"value": f"{AMOUNT_MINOR_MAX + 1}0", "asset_scale": 1}, AMOUNT_TOO_LARGE),
        ({"value": "9" * 60_000}, AMOUNT_TOO_LARGE),
    ],
)
def test_an_amount_is_digits_in_a_text(price: Any, reason: Reason) -> None:
    wished = {"asset_scale": 0, **price} if isinstance(price, dict) else price
    assert misread(LEAST | {"price": wished}) == (reason.code, "price")


@pytest.mark.parametrize("scale", [{}, *({"asset_scale": one} for one in (None, -1, 256, "2", 1.0, True))])
def test_an_amount_says_how_many_of_its_digits_are_decimals(scale: dict[str, Any]) -> None:
    """A 3 alone would be 3.00 to one program and 0.03 to another."""
    assert misread(LEAST | {"price": {"value": "3", **scale}}) == (AMOUNT_MALFORMED.code, "price.asset_scale")


def test_an_amount_may_be_negative_in_form() -> None:
    assert read(LEAST | {"price": {"value": "-3", "asset_code": None, "asset_scale": 0}}).price == Amount(-3)


def test_zeros_at_the_end_of_decimals_mean_nothing() -> None:
    for value, scale in (("125", 1), ("1250", 2), (f"125{'0' * 200}", 201)):
        price = {"value": value, "asset_code": "HORA", "asset_scale": scale}
        assert read(LEAST | {"price": price}).price == Amount(125, "HORA", 1)


@given(st.integers(0, TIME_MS_MAX))
def test_a_moment_is_shown_and_read_to_the_millisecond(at_ms: int) -> None:
    assert form(At).read(moment_text(at_ms)) == at_ms


@pytest.mark.parametrize(
    "moment", ["6429-10-17T02:45:55.329Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "0001-01-01T00:00:00Z"]
)
def test_a_moment_that_no_entry_can_tell_is_refused(moment: str) -> None:
    assert form(At).read("6429-10-17T02:45:55.328Z") == TIME_MS_MAX
    with pytest.raises(Misread):
        form(At).read(moment)


def test_a_moment_out_of_reach_is_shown_as_the_nearest() -> None:
    assert moment_text(2**63) == "9999-12-31T23:59:59.999Z"
    assert moment_text(-5) == "1970-01-01T00:00:00.000Z"


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-100, 100) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "grain": st.sampled_from(["rye", "oats"]) | _json,
            "price": st.fixed_dictionaries({"value": st.from_regex(r"-?[0-9]{1,3}"), "asset_scale": st.integers(-1, 3)})
            | _json,
            "baker": st.just("ana") | _json,
            "count": st.integers(-1, 101) | _json,
            "note": _json,
            "ready": st.just("2026-05-01T12:00:00Z") | _json,
            "seals": st.lists(st.fixed_dictionaries({"mark": st.just("AAAAAA")})) | _json,
            "weights": _json,
            "other": _json,
        },
    )
)
def test_whatever_is_read_is_what_the_schema_allows(body: dict[str, Any]) -> None:
    components = Components(wished=True)
    schema = {**describe(Wish, components), "components": {"schemas": components.schemas}}
    try:
        read(body)
    except Misread:
        return
    jsonschema.Draft202012Validator(schema).validate(body)


@given(st.binary(max_size=60))
def test_whatever_bytes_come_are_read_or_refused(body: bytes) -> None:
    refused = None
    try:
        read(body)
    except Misread as fault:
        refused = fault.refused()
    assert refused is None or refused.figures["field"]


def test_a_type_without_a_form_is_found_when_routes_are_made() -> None:
    for hint in (float, dict[int, str], tuple[int, str], str | int, object):
        with pytest.raises(TypeError):
            form(hint)


def test_a_schema_says_what_fields_mean_and_which_are_needed() -> None:
    wished, shown = Components(wished=True), Components(wished=False)
    describe(Wish, wished)
    describe(Wish, shown)
    assert wished.schemas["Wish"]["required"] == ["grain", "price", "baker"]
    assert wished.schemas["Wish"]["additionalProperties"] is False
    assert set(shown.schemas["Wish"]["required"]) == set(Wish.__dataclass_fields__)
    count = wished.schemas["Wish"]["properties"]["count"]
    assert (count["description"], count["minimum"], count["maximum"]) == ("how many", 1, 99)
    note = wished.schemas["Wish"]["properties"]["note"]
    assert (note["type"], note["maxLength"], note["description"]) == (["string", "null"], 5, "why")
    assert wished.schemas["Seal"]["properties"]["mark"]["minLength"] == 6


def test_a_field_says_which_table_it_names_a_row_of() -> None:
    named = describe(Annotated[str | None, Ref("members"), Doc("who")], Components(wished=True))
    assert named == {"type": ["string", "null"], "description": "who", "x-references": "members"}
