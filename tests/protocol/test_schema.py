# SPDX-License-Identifier: AGPL-3.0-or-later
"""The schema for other implementations is what this one reads by, and every body of our vectors fits it.

It is read here by a small reader that knows a CBOR library and the schema alone.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2
import pytest
from vectors.make_schema import Schema, as_cddl, as_json, schema

from protocol.wire.codec import encode
from protocol.wire.shape import ShapeFault, from_map
from tests.vectors.untold import UNTOLD

VECTORS = Path(__file__).parents[1] / "vectors"
TOLD = json.loads((VECTORS / "schema.json").read_text())
RECORDS: dict[str, Any] = TOLD["records"]
LARGE = 70_000
"""Lengths above it are not tried out."""


class Unfit(Exception):
    """A value that does not fit its type."""


def demand(holds: bool, told: object) -> None:  # noqa: FBT001
    if not holds:
        raise Unfit(told)


def fit_record(name: str, value: Any, *, spelling: bool = True) -> None:
    """Raise Unfit where a map is not such a record; with `spelling` its texts are spelt as rules ask."""
    fields = {one["number"]: one for one in RECORDS[name]["fields"]}
    demand(isinstance(value, dict), f"{name} is no map")
    demand(value.keys() <= fields.keys(), f"{name} has unknown fields")
    named = {one["name"]: value[number] for number, one in fields.items() if number in value}
    for number, one in fields.items():
        if number not in value:
            demand(one.get("optional", False), f"{name} lacks {one['name']}")
            continue
        fit(one["type"], value[number], f"{name}.{one['name']}", spelling)
        fit_held(one, value[number], RECORDS[name].get("operation"), named, spelling)


def fit(kind: dict[str, Any], value: Any, where: str, spelling: bool) -> None:  # noqa: FBT001
    match kind:
        case {"int": [least, most]}:
            demand(type(value) is int and int(least) <= value <= int(most), where)
        case {"bool": _}:
            demand(type(value) is bool, where)
        case {"bytes": sizes}:
            demand(type(value) is bytes and is_within(len(value), sizes), where)
        case {"text": sizes}:
            demand(type(value) is str and is_within(len(value), sizes), where)
            demand(not spelling or re.fullmatch(kind.get("spelt", "(?s:.*)"), value) is not None, where)
        case {"words": words} | {"numbers": words}:
            demand(type(value) is type(words[0]) and value in words, where)
        case {"array": of, "length": sizes}:
            demand(isinstance(value, list) and is_within(len(value), sizes), where)
            for one in value:
                fit(of, one, where, spelling)
        case {"row": kinds}:
            demand(isinstance(value, list) and len(value) == len(kinds), where)
            for of, one in zip(kinds, value, strict=True):
                fit(of, one, where, spelling)
        case {"record": name}:
            fit_record(name, value, spelling=spelling)
        case _:
            raise AssertionError(kind)


def is_within(size: int, sizes: list[int | None]) -> bool:
    least, most = sizes
    return size >= (least or 0) and (most is None or size <= most)


def fit_held(field: dict[str, Any], value: Any, operation: str | None, named: dict[str, Any], spelling: bool) -> None:  # noqa: FBT001
    """Look into byte strings: at what their type says that they hold."""
    if field["type"] == {"record": "Signed"} and spelling:
        kind = "Joining" if field["name"] == "joining" else "Envelope"
        inner = cbor2.loads(value[1])
        fit_record(kind, inner)
        demand(operation is None or kind == "Joining" or inner[2] == operation, "another operation")
        return
    of = field["type"].get("array", field["type"])
    for one in value if "array" in field["type"] else [value]:
        for kinds in [of["holds"]] if "holds" in of and spelling else []:
            demand(any(is_held(kind, one, named) for kind in kinds), f"{field['name']} holds none of {kinds}")


def is_held(kind: str, data: bytes, named: dict[str, Any]) -> bool:
    try:
        if kind == "entry":
            fit_entry(data)
        elif kind == "item":
            fit_record("ItemSaid", cbor2.loads(cbor2.loads(data)[0]))
        elif kind == "wish":
            fit_record(TOLD["wishes"][named["operation"]]["record"], cbor2.loads(data))
        elif kind not in ("Envelope", "Joining"):  # which of these it is, tells the field that holds it
            fit_record(kind, cbor2.loads(data))
    except Unfit:
        return False
    return True


def fit_entry(wire: bytes, *, spelling: bool = True) -> None:
    header, salt, body, signature = cbor2.loads(wire)
    demand((len(salt), len(signature)) == (16, 64), "salt and signature")
    said = cbor2.loads(header)
    fit_record("Header", said)
    fit_body(said[3].partition("/")[0], body, spelling=spelling)


def fit_body(lane: str, data: bytes, *, spelling: bool = True) -> None:
    body = cbor2.loads(data)
    demand(body.keys() == {1, 2, 3} and type(body[2]) is int, "a body")
    demand(body[1] in TOLD["lanes"]["link/" if lane == "link" else lane], body[1])
    fit_record(body[1], body[3], spelling=spelling)


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"own_{name}.json").read_text())


# The files.


def test_the_schema_is_what_the_code_reads_by() -> None:
    """`PYTHONPATH=.:tests python tests/vectors/make.py` writes both anew, and all vectors."""
    made = schema()
    assert (VECTORS / "schema.json").read_text() == as_json(made)
    assert (VECTORS / "schema.cddl").read_text() == as_cddl(made)
    assert json.loads(as_json(made)) == made


# Our own vectors.


def wires() -> Iterator[tuple[str, str]]:
    for one in vectors("entries")["entries"]:
        yield one["name"], one["wire"]
    trace = vectors("fold_trace")
    yield from (("the trace's identity", wire) for wire in trace["identity"])
    yield from ((one["kind"], one["wire"]) for one in trace["entries"])
    proofs = vectors("fork_proofs")
    yield from (("a fork's lane", wire) for wire in (*proofs["identity"], *proofs["before"]))
    for pair in proofs["pairs"]:
        yield from ((pair["name"], pair[one]) for one in ("first", "second"))


def test_every_entry_of_our_vectors_fits() -> None:
    for _, wire in wires():
        fit_entry(bytes.fromhex(wire))


def test_what_every_node_refuses_is_of_the_right_types() -> None:
    for one in vectors("fold_trace")["refused"]:
        body = cbor2.loads(cbor2.loads(bytes.fromhex(one["wire"]))[2])
        fit_record(body[1], body[3], spelling=False)


def test_every_signed_thing_and_every_wish_of_our_vectors_fits() -> None:
    records = {"wish": "Envelope", "joining": "Joining", "rotation": "RotationClaim", "recovery": "RecoveryClaim"}
    records |= {"invoice": "Invoice", "receipt": "Attested", "checkpoint": "CheckpointClaim", "grant": "GrantClaim"}
    for one in vectors("orders")["signed"]:
        if one["kind"] in records:
            fit_record(records[one["kind"]], cbor2.loads(bytes.fromhex(one["bytes"])))


def test_every_document_and_word_of_our_vectors_fits() -> None:
    told = vectors("checkpoints")
    for kind, name in (("proofs", "Proof"), ("consistency", "ConsistencyProof"), ("evidence", "Evidence")):
        for one in told[kind]:
            fit_record(name, cbor2.loads(bytes.fromhex(one["document"])))
    for one in vectors("receipts")["receipts"]:
        if "UNREADABLE" not in one["faults"]:
            fit_record("Receipt", cbor2.loads(bytes.fromhex(one["document"])))
    for leaf in told["balances"]:
        fit_record("BalanceLeaf", cbor2.loads(bytes.fromhex(leaf)))
    for one in vectors("board_items")["items"]:
        said = cbor2.loads(cbor2.loads(bytes.fromhex(one["wire"]))[0])
        fit_record("ItemSaid", said)
        if said[8] in TOLD["boards"] and one["name"] != "of the longest body" and 9 in said:
            fit_record(said[8], cbor2.loads(said[9]))
    for case in vectors("federations")["cases"]:
        for lane in case["lanes"].values():
            for word in lane:
                fit_body("commons", bytes.fromhex(word))


def test_every_kind_of_the_schema_stands_in_a_vector_that_has_them_all() -> None:
    seen = {cbor2.loads(cbor2.loads(bytes.fromhex(wire))[2])[1] for _, wire in wires()}
    assert {*TOLD["lanes"]["ledger"], *TOLD["lanes"]["identity"], "links/record"} - UNTOLD <= seen


# The schema says what our reader takes: each field at its bounds, and past them.


def least(kind: dict[str, Any]) -> Any:
    """Return the least value of a type."""
    match kind:
        case {"int": [low, high]}:
            return max(int(low), min(0, int(high)))
        case {"bool": _}:
            return False
        case {"bytes": sizes}:
            return bytes(sizes[0])
        case {"text": sizes}:
            return "a" * sizes[0]
        case {"words": words} | {"numbers": words}:
            return words[0]
        case {"array": of, "length": sizes}:
            return tuple(least(of) for _ in range(sizes[0]))
        case {"row": kinds}:
            return tuple(map(least, kinds))
        case _:
            return least_record(kind["record"])


def least_record(name: str) -> dict[int, Any]:
    """Return a record whose fields that may be left out are."""
    return {one["number"]: least(one["type"]) for one in RECORDS[name]["fields"] if not one.get("optional")}


def variants(kind: dict[str, Any]) -> Iterator[tuple[bool, Any]]:
    """Yield values at the bounds of a type, and past them, each with whether it fits."""
    match kind:
        case {"int": [low, high]}:
            yield from ((True, int(one)) for one in (low, high))
            yield from ((False, one) for one in (int(low) - 1, int(high) + 1))
            yield from ((False, one) for one in ("1", b"1", True, None))
        case {"bool": _}:
            yield True, True
            yield from ((False, one) for one in (0, 1, "true", None))
        case {"bytes": sizes}:
            yield from sized(sizes, bytes)
            yield from ((False, one) for one in ("", 0, None))
        case {"text": sizes}:
            yield from sized(sizes, lambda size: "é" * size)
            yield from ((False, one) for one in (b"", 0, None))
        case {"words": words} | {"numbers": words}:
            yield from ((True, one) for one in words)
            yield from ((False, one) for one in ("another", 99, b"", None))
        case {"array": of, "length": sizes}:
            yield from sized(sizes, lambda size: (least(of),) * size)
            yield from ((fits, (one,)) for fits, one in variants(of) if is_within(1, sizes))
            yield from ((False, one) for one in ({}, b"", None))
        case {"row": kinds}:
            yield False, tuple(map(least, kinds))[1:]
        case _:
            for _, fits, one in records(kind["record"]):
                yield fits, one
            yield from ((False, one) for one in ((), 0, None))


def sized(sizes: list[int | None], make: Any) -> Iterator[tuple[bool, Any]]:
    low, high = sizes
    for size in {low or 0, (low or 0) - 1, *(() if high is None else (high, high + 1))}:
        if 0 <= size <= LARGE:
            yield is_within(size, sizes), make(size)


def records(name: str) -> Iterator[tuple[str, bool, dict[int, Any]]]:
    """Yield records of which one field is at its bounds, or past them, or not there."""
    base = least_record(name)
    yield "", True, base
    yield "one field more", False, base | {1 + max(base, default=0) + len(RECORDS[name]["fields"]): 0}
    for one in RECORDS[name]["fields"]:
        if not one.get("optional"):
            yield f"{one['name']} left out", False, {key: item for key, item in base.items() if key != one["number"]}
        for fits, value in variants(one["type"]):
            yield one["name"], fits, base | {one["number"]: value}


class Classes(Schema):
    """The classes of records, by the names that the schema gives them."""

    def by_name(self) -> dict[str, type[Any]]:
        return {name: kind for kind, name in self._names.items()}


def classes() -> dict[str, type[Any]]:
    found = Classes()
    schema(found)
    return found.by_name()


CLASSES = classes()


@pytest.mark.parametrize("name", RECORDS)
def test_our_reader_takes_what_the_schema_says_and_nothing_else(name: str) -> None:
    for field, fits, value in records(name):
        assert is_taken(name, value) is fits, (field, value)
        if fits:
            fit_record(name, cbor2.loads(encode(value)), spelling=False)


def is_taken(name: str, value: dict[int, Any]) -> bool:
    try:
        from_map(CLASSES[name], value)
    except ShapeFault:
        return False
    return True
