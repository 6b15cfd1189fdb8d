# SPDX-License-Identifier: AGPL-3.0-or-later
"""One spelling for each value: published vectors, a second implementation, mutations, and what asks for much."""

import json
import tracemalloc
from collections.abc import Callable
from enum import IntEnum, StrEnum
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any
from unicodedata import is_normalized, normalize, ucd_3_2_0

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocol.wire.codec import DEPTH_MAX, ENTRY_BYTES_MAX, INT_END, ITEMS_MAX, CodecFault, Value, decode, encode

VECTORS = Path(__file__).parents[2] / "vectors"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def value_of(note: Any) -> Value:
    """Read the JSON notation of own_codec.json."""
    match note:
        case {"int": decimal}:
            return int(decimal)
        case {"bytes": digits}:
            return bytes.fromhex(digits)
        case {"map": pairs}:
            return {key if type(key) is int else int(key["int"]): value_of(one) for key, one in pairs}
        case list():
            return tuple(map(value_of, note))
        case _:
            return note


def as_decoded(value: Any) -> Any:
    """Return what cbor2 or JSON gives as decode gives it: arrays as tuples."""
    match value:
        case list():
            return tuple(map(as_decoded, value))
        case dict():
            return {key: as_decoded(one) for key, one in value.items()}
        case _:
            return value


def refusal_of(data: bytes) -> str | None:
    try:
        decode(data)
    except CodecFault as fault:
        return fault.reason
    return None


# Published vectors


OWN = vectors("own_codec.json")


def test_our_vectors_state_our_bounds() -> None:
    assert OWN["bounds"] == {"depth": DEPTH_MAX, "items": ITEMS_MAX, "entry_bytes": ENTRY_BYTES_MAX}


@pytest.mark.parametrize("case", OWN["valid"], ids=lambda case: case["name"])
def test_our_vectors_read_and_write(case: dict[str, Any]) -> None:
    value, data = value_of(case["value"]), bytes.fromhex(case["hex"])
    assert encode(value) == data
    assert decode(data) == value


@pytest.mark.parametrize("case", OWN["invalid"], ids=lambda case: case["name"])
def test_our_vectors_are_refused_for_their_reason(case: dict[str, Any]) -> None:
    assert refusal_of(bytes.fromhex(case["hex"])) == case["reason"]


# RFC 8949 appendix A has 82 examples; these many bytes begin what our model leaves out.
OUTSIDE = {
    "beyond int64": ("1bffffffffffffffff", "3bffffffffffffffff"),
    "tag": ("c", "d"),
    "float": ("f9", "fa", "fb"),
    "simple value": ("f7", "f0", "f8"),
    "indefinite length": ("5f", "7f", "9f", "bf", "8301820203" + "9f", "83019f", "826161bf"),
    "key not a natural number": ("a26161", "826161a1", "a56161"),
}


def outside(data: str) -> str | None:
    return next((reason for reason, starts in OUTSIDE.items() if data.startswith(starts)), None)


TEXT = vectors("own_text.json")


def test_the_characters_of_unicode_3_2_are_told() -> None:
    told = {code for first, last in TEXT["known"] for code in range(first, last + 1)}
    assert told == {code for code in range(0x110000) if ucd_3_2_0.category(chr(code)) != "Cn"}


@pytest.mark.parametrize("case", TEXT["cases"], ids=lambda case: case["name"])
def test_a_text_is_one_by_the_runs_of_those_characters(case: dict[str, Any]) -> None:
    text = "".join(map(chr, case["points"]))
    runs = groupby(text, lambda one: any(first <= ord(one) <= last for first, last in TEXT["known"]))
    assert all(is_normalized("NFC", "".join(run)) for known, run in runs if known) is case["is_text"]
    spelt = cbor2.dumps(text)
    if case["is_text"]:
        assert decode(spelt) == text and encode(text) == spelt
    else:
        with pytest.raises(CodecFault, match="text not NFC"):
            decode(spelt)


@pytest.mark.parametrize("case", vectors("rfc8949_appendix_a.json"), ids=lambda case: case["hex"])
def test_rfc_8949_appendix_a(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    assert refusal_of(data) == outside(case["hex"])
    if not outside(case["hex"]):
        assert encode(decode(data)) == data
        if "decoded" in case:
            assert decode(data) == as_decoded(case["decoded"])


@pytest.mark.parametrize("case", vectors("dcbor_valid.json"), ids=lambda case: case["diagnostic"])
def test_dcbor_valid(case: dict[str, Any]) -> None:
    """What dCBOR takes we take alike, but for floats and for the upper half of its unsigned numbers."""
    data = bytes.fromhex(case["hex"])
    if data[0] >= 0xF9:
        assert refusal_of(data) == "float"
    elif case["hex"].startswith("1bff"):
        assert refusal_of(data) == "beyond int64"
    else:
        assert decode(data) == int(case["diagnostic"])
        assert encode(decode(data)) == data


@pytest.mark.parametrize("case", vectors("dcbor_invalid.json"), ids=lambda case: case["diagnostic"])
def test_dcbor_invalid(case: dict[str, Any]) -> None:
    assert refusal_of(bytes.fromhex(case["hex"])) is not None


def test_the_vector_files_are_whole() -> None:
    names = ("rfc8949_appendix_a.json", "dcbor_valid.json", "dcbor_invalid.json")
    assert [len(vectors(name)) for name in names] == [82, 40, 37]
    inside = [case for case in vectors(names[0]) if not outside(case["hex"])]
    assert len(inside) == 32


# Properties


int64s = st.integers(-INT_END, INT_END - 1)
texts = st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: normalize("NFC", text))
scalars = st.none() | st.booleans() | int64s | st.binary(max_size=300) | texts
keys = st.integers(0, 30) | st.integers(0, INT_END - 1)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=30).map(tuple) | st.dictionaries(keys, inner, max_size=30),
    max_leaves=40,
)


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """Draw the spelling of a value with a few bytes changed, put in, taken out or repeated."""
    data = bytearray(encode(draw(values)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        # Favours first bytes of items, where the rules are.
        new = draw(st.binary(max_size=3) | st.sampled_from([bytes((first,)) for first in range(256)]))
        gone = draw(st.integers(0, 3))
        data[at : at + gone] = new
    return bytes(data)


@given(values)
def test_what_is_written_is_read(value: Value) -> None:
    data = encode(value)
    assert decode(data) == value
    assert encode(decode(data)) == data


@given(values)
def test_cbor2_writes_the_same_bytes(value: Value) -> None:
    assert encode(value) == cbor2.dumps(value, canonical=True)


@given(st.dictionaries(keys, int64s, min_size=2), st.randoms())
def test_a_map_is_written_alike_in_any_order(entries: dict[int, Value], rng: Any) -> None:
    shuffled = list(entries.items())
    rng.shuffle(shuffled)
    assert encode(dict(shuffled)) == encode(entries)


def in_model(value: Any) -> bool:
    """Tell whether what cbor2 read is a value of the model (its text being without newer marks)."""
    match value:
        case None | bool() | bytes():
            return True
        case int():
            return -INT_END <= value < INT_END
        case str():
            return normalize("NFC", value) == value
        case list():
            return all(map(in_model, value))
        case dict():
            return all(type(key) is int and 0 <= key < INT_END for key in value) and all(map(in_model, value.values()))
        case _:
            return False


def spells_a_value(data: bytes) -> bool:
    """Judge by cbor2, as a second opinion: in the model, and written back to the same bytes."""
    try:
        value = cbor2.loads(data, max_depth=DEPTH_MAX)
        return in_model(value) and cbor2.dumps(value, canonical=True) == data
    except (cbor2.CBORError, ArithmeticError, TypeError, ValueError):
        return False


@given(mutations() | st.binary(max_size=60))
@settings(max_examples=400)
@example(bytes.fromhex("a280008001"))  # survives decode-and-re-encode by cbor2, as do the next two
@example(bytes.fromhex("f7"))
@example(bytes.fromhex("a1f500"))
def test_bytes_are_taken_if_and_only_if_they_are_the_one_spelling(data: bytes) -> None:
    refused = refusal_of(data)
    if refused is None:
        assert encode(decode(data)) == data
        assert decode(data) == as_decoded(cbor2.loads(data))
    else:
        assert not spells_a_value(data), refused


@given(values)
def test_every_beginning_is_refused(value: Value) -> None:
    data = encode(value)
    for end in range(min(len(data), 200)):
        assert refusal_of(data[:end]) is not None


# What the model leaves out


class Colour(StrEnum):
    RED = "red"


class Size(IntEnum):
    SMALL = 1


def nested(depth: int) -> Value:
    value: Value = 0
    for _ in range(depth):
        value = (value,)
    return value


@pytest.mark.parametrize(
    "value",
    [1.5, 1j, bytearray(b"a"), memoryview(b"a"), {1, 2}, frozenset(), object(), Colour.RED, Size.SMALL,
     {"a": 1}, {b"a": 1}, {None: 1}, {True: 1}, {1.0: 1}, {"a": 1, 1: 1}, (1, [2.0])],
    ids=lambda value: type(value).__name__ if " at 0x" in repr(value) else repr(value),
)  # fmt: skip
def test_foreign_types_are_not_written(value: Any) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (INT_END, "beyond int64"),
        (-INT_END - 1, "beyond int64"),
        ({INT_END: 0}, "beyond int64"),
        ({-1: 0}, "key not a natural number"),
        ("e\u0301", "text not NFC"),
        ("\ud800", "text not UTF-8"),
        (nested(DEPTH_MAX + 1), "too deep"),
        ({1: {2: nested(DEPTH_MAX - 1)}}, "too deep"),
        ((0,) * (ITEMS_MAX + 1), "too many items"),
        (dict.fromkeys(range(ITEMS_MAX // 2 + 1), 0), "too many items"),
    ],
    ids=str,
)
def test_foreign_values_are_not_written(value: Value, reason: str) -> None:
    with pytest.raises(CodecFault) as caught:
        encode(value)
    assert caught.value.reason == reason


def test_a_value_inside_itself_is_not_written() -> None:
    circle: list[Value] = []
    circle.append(circle)
    with pytest.raises(CodecFault, match="too deep"):
        encode(circle)


def test_lists_are_written_as_tuples_are() -> None:
    assert encode([1, [2, 3]]) == encode((1, (2, 3)))
    assert decode(encode([1, [2, 3]])) == (1, (2, 3))


def test_the_bounds_are_met_exactly() -> None:
    most = (0,) * ITEMS_MAX
    assert decode(encode(most)) == most
    assert decode(encode(nested(DEPTH_MAX))) == nested(DEPTH_MAX)
    largest, larger = (encode(b"\0" * (ENTRY_BYTES_MAX - head)) for head in (3, 2))
    assert len(largest) == ENTRY_BYTES_MAX
    assert refusal_of(largest) is None
    assert refusal_of(larger) == "too large"
    assert decode(larger, bytes_max=len(larger)) == b"\0" * (ENTRY_BYTES_MAX - 2)


@given(st.text(st.characters(max_codepoint=0x24F) | st.characters(categories=["Mn"]), max_size=8))
def test_text_in_the_nfc_of_this_python_is_always_taken(text: str) -> None:
    normal = normalize("NFC", text)
    assert decode(encode(normal)) == normal


@given(st.text(st.characters(max_codepoint=0x21F) | st.characters(min_codepoint=0x300, max_codepoint=0x341)))
def test_text_of_unicode_3_2_is_taken_in_nfc_only(text: str) -> None:
    data = cbor2.dumps(text)
    assert (refusal_of(data) is None) == (normalize("NFC", text) == text)


# What asks for much and brings little


COSTLY: dict[str, tuple[bytes, str]] = {
    "more elements announced than are taken": (b"\x99\xc0\x01", "too many items"),
    "more entries announced than are taken": (b"\xb9\x60\x01", "too many items"),
    "more bytes announced than sent": (b"\x59\xff\xf0", "truncated"),
    "more characters announced than sent": (b"\x79\xff\xf0", "truncated"),
    "all items announced, none sent": (b"\x99\xc0\x00", "truncated"),
    "two arrays announce all items": (b"\x99\xbf\xff" * 2, "too many items"),
    "arrays one deeper than allowed": (b"\x81" * (DEPTH_MAX + 1) + b"\0", "too deep"),
    "maps one deeper than allowed": (b"\xa1\0" * (DEPTH_MAX + 1) + b"\0", "too deep"),
    "64 KiB of zeros": (b"\x99\xff\xfd" + b"\0" * 65_533, "too many items"),
    "64 KiB of empty maps": (b"\x99\xff\xfd" + b"\xa0" * 65_533, "too many items"),
    "all items, none allowed twice": (b"\xb9\x60\x00" + b"\0\0" * 24_576, "keys not ascending"),
    "a value that others may refer to": (b"\xd8\x1c\x80", "tag"),
    "a number of nine bytes": (b"\xc2\x49\1" + b"\0" * 8, "tag"),
    "a regular expression": (b"\xd8\x23\x61a", "tag"),
    "marks out of order": (b"\x78\xc8" + "\u0301\u0316".encode() * 50, "text not NFC"),
    "newer marks among old": (b"\x78\xcb" + b"q\xe1\xb7\x82" * 50 + b"e\xcc\x81", "text not NFC"),
}


@pytest.mark.parametrize("name", COSTLY)
def test_what_asks_for_much_costs_neither_memory_nor_time(name: str) -> None:
    data, reason = COSTLY[name]
    assert len(data) <= ENTRY_BYTES_MAX
    assert measured(lambda: refusal_of(data)) == reason


@pytest.mark.parametrize(
    ("element", "items"),
    [(0, 1), (1 << 40, 1), (b"", 1), ("", 1), ((), 1), ({}, 1), ({0: None}, 3), (((0,),), 3)],
)
def test_the_largest_message_costs_under_100_bytes_an_item(element: Value, items: int) -> None:
    message = (element,) * (ITEMS_MAX // items)
    data = encode(message)
    assert measured(lambda: decode(data, bytes_max=len(data))) == message


def measured(work: Callable[[], Any]) -> Any:
    """Return what the work returns, having seen it take under a second and 100 bytes an item of ITEMS_MAX."""
    began = perf_counter()
    work()
    assert perf_counter() - began < 1
    tracemalloc.start()
    try:
        result = work()
        assert tracemalloc.get_traced_memory()[1] < 100 * ITEMS_MAX
    finally:
        tracemalloc.stop()
    return result
