# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is read by pattern is read as step by step: the same value, or the same refusal."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from random import Random
from types import NoneType, UnionType
from typing import Annotated, Any, NewType, Union, get_args, get_origin, get_type_hints

from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.book.money import Amount
from protocol.book.signed import Envelope
from protocol.lanes.entry import Entry, EntryFault, Header, _decode_body, decode_body, encode_body, parse, seal
from protocol.practices import PRACTICES
from protocol.practices.money.payments.entries import Paid, Pay
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.keys import KeyPair
from protocol.wire.pattern import matcher, reader
from protocol.wire.shape import AtMost, Length, Range, ShapeFault, from_map, is_personal, to_map

BODIES = {kind.KIND: kind for feature in PRACTICES for kind in feature.entries}
KINDS = [Header, Envelope, *{vars(one)["WISH"] for one in BODIES.values() if "WISH" in vars(one)}, *BODIES.values()]
READ_BY_PATTERN = [kind for kind in KINDS if matcher(kind) is not None]


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Inner:
    colour: Colour
    count: Annotated[int, Range(-5, 300)] | None


@dataclass(frozen=True, slots=True)
class Everything:
    """A field of each kind that a pattern knows."""

    data: Annotated[bytes, AtMost(700)]
    inner: Inner | None
    text: Annotated[str, AtMost(40)]
    flag: bool | None
    word: Annotated[str, Length(3)] | None
    number: int


@dataclass(frozen=True, slots=True)
class Careful:
    """A record that looks at itself."""

    number: int

    def __post_init__(self) -> None:
        if self.number == 5:
            raise ValueError("five")


def value_of(hint: Any, chance: Random, bounds: tuple[Any, ...] = ()) -> Any:
    """Return some value of a declared type within its bounds, and often at one of them."""
    if isinstance(hint, NewType):
        return value_of(hint.__supertype__, chance, bounds)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated and is_personal(arguments[1:]):
        return chance.randbytes(32)
    if origin is Annotated:
        return value_of(arguments[0], chance, (*bounds, *arguments[1:]))
    if origin in (Union, UnionType):
        kinds = [one for one in arguments if one is not NoneType]
        return None if chance.random() < 0.4 else value_of(kinds[0], chance, bounds)
    if hint is bool:
        return chance.random() < 0.5
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return chance.choice(list(hint))
    if hint is int:
        ranges = [one for one in bounds if isinstance(one, Range)]
        low, high = max([-(2**63), *(one.least for one in ranges)]), min([2**63 - 1, *(one.most for one in ranges)])
        near = (low, high, 0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, chance.randint(low, high))
        return chance.choice([one for one in near if low <= one <= high])
    if hint in (bytes, str):
        least = max([0, *(one.exact for one in bounds if isinstance(one, Length))])
        most = min([300, *(one.exact for one in bounds if isinstance(one, Length))])
        most = min([most, *(one.most for one in bounds if isinstance(one, AtMost))])
        size = chance.choice([least, most, min(most, 23), min(most, 24), chance.randint(least, most)])
        size = max(size, least)
        if hint is bytes:
            return chance.randbytes(size)
        letters = "abc é~\x1f" if chance.random() < 0.2 else "abc-XYZ.09"
        return "".join(chance.choice(letters) for _ in range(size))
    if origin is tuple:
        if arguments[1:] == (...,):
            return tuple(value_of(arguments[0], chance) for _ in range(chance.randint(0, 2)))
        return tuple(value_of(one, chance) for one in arguments)
    return some(hint, chance)


def some(kind: type[Any], chance: Random) -> Any:
    """Return some record of a kind."""
    hints = get_type_hints(kind, include_extras=True)
    return kind(**{field.name: value_of(hints[field.name], chance) for field in fields(kind)})


def spoilt(data: bytes, chance: Random) -> bytes:
    """Return bytes with a slip in them: a bit, a byte more or less, an end too soon, another head."""
    at = chance.randrange(len(data))
    match chance.randrange(5):
        case 0:
            return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        case 1:
            return data[:at] + data[at + 1 :]
        case 2:
            return data[:at] + bytes([chance.randrange(256)]) + data[at:]
        case 3:
            return data[:at]
        case _:
            heads = (
                b"\x18\x05",
                b"\x19\x00\x20",
                b"\x1b" + bytes(8),
                b"\x78\x02",
                b"\x58\x03",
                b"\xf6",
                b"\xbf",
                b"\x20",
            )
            return data[:at] + chance.choice(heads) + data[at + 1 :]


def head(major: int, count: int, width: int) -> bytes:
    """Return the head of an item with its count in so many bytes, or more where it needs more; 0: in the first."""
    shortest = 0 if count < 24 else next(size for size in (1, 2, 4, 8) if count < 1 << 8 * size)
    size = max(width, shortest)
    if size == 0:
        return bytes([major << 5 | count])
    return bytes([major << 5 | 23 + size.bit_length()]) + count.to_bytes(size, "big")


def misspelt(value: Any, chance: Random) -> bytes:
    """Return a value in CBOR, some of its heads longer than they need be."""

    def begun(major: int, count: int) -> bytes:
        return head(major, count, chance.choice([0] * 20 + [1, 2, 4, 8]))

    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return begun(0, value) if value >= 0 else begun(1, ~value)
    if isinstance(value, bytes):
        return begun(2, len(value)) + value
    if isinstance(value, str):
        return begun(3, len(value.encode())) + value.encode()
    if isinstance(value, dict):
        return begun(5, len(value)) + b"".join(misspelt(part, chance) for pair in value.items() for part in pair)
    return begun(4, len(value)) + b"".join(misspelt(part, chance) for part in value)


def stretched(value: Any, chance: Random) -> Any:
    """Return a map with one of its items, or of those within, beyond its bounds or away."""
    key = chance.choice(sorted(value))
    item = value[key]
    if isinstance(item, dict) and item and chance.random() < 0.7:
        return {**value, key: stretched(item, chance)}
    match chance.randrange(4):
        case 0:
            return {name: one for name, one in value.items() if name != key}
        case 1:
            return {**value, max(value) + chance.choice([1, 30]): 0}
        case _ if isinstance(item, int) and not isinstance(item, bool):
            near = (-1, 0, item + 1, 2**31 + 1, 2**47 + 1, 2**53 + 1, 2**63 - 1, -(2**63), 301, 1_201)
            return {**value, key: chance.choice([one for one in near if one < 2**63])}
        case _ if isinstance(item, bytes):
            return {**value, key: chance.choice([item + b"+", item[1:], bytes(701), bytes(300), b""])}
        case _ if isinstance(item, str):
            return {**value, key: chance.choice([item + "+", "x" * 65, "y" * 130, "z" * 41, "", "\x7f", "four"])}
        case _:
            return {**value, key: 5}


def outcome(read: Any, *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except (CodecFault, ShapeFault, EntryFault) as fault:
        return type(fault), str(fault)


def slowly(kind: type[Any], data: bytes) -> Any:
    return from_map(kind, decode(data))


@settings(max_examples=1_500)
@given(st.integers(0, 2**64), st.sampled_from([*[Everything] * 20, *READ_BY_PATTERN]))
def test_a_record_and_whatever_is_nearly_one_are_read_as_step_by_step(seed: int, kind: type[Any]) -> None:
    chance = Random(seed)
    try:
        fields_ = to_map(some(kind, chance))
    except ShapeFault:
        return
    whole = encode(fields_)
    tried = [whole, *(spoilt(whole, chance) for _ in range(4)), *(misspelt(fields_, chance) for _ in range(4))]
    tried += (encode(stretched(fields_, chance)) for _ in range(8) if fields_)
    for data in tried:
        assert outcome(reader(kind), data) == outcome(slowly, kind, data), data.hex()


@given(st.integers(0, 2**64), st.sampled_from(sorted(BODIES)))
def test_a_body_is_read_as_step_by_step(seed: int, name: str) -> None:
    chance = Random(seed)
    body = some(BODIES[name], chance)
    at_ms = chance.choice([0, 23, 2**40, 2**63 - 1])
    whole = encode_body(body, at_ms)
    assert decode_body(whole, BODIES) == (body, at_ms)
    for _ in range(8):
        data = spoilt(whole, chance)
        assert outcome(decode_body, data, BODIES) == outcome(_decode_body, data, BODIES)


@given(st.integers(0, 2**64), st.integers(0, 400))
def test_an_entry_is_cut_as_a_reader_cuts_it(seed: int, size: int) -> None:
    chance = Random(seed)
    keys = KeyPair.from_seed(bytes(32))
    entry = seal(
        keys, network=bytes(32), lane=chance.choice(["ledger", "link/" + "a" * 52, "x" * 64]), epoch=0,
        seq=chance.choice([0, 300, 70_000]), prev=None, body=chance.randbytes(size), salt=bytes(16),
    )  # fmt: skip
    assert parse(entry.wire) == entry
    for _ in range(8):
        data = spoilt(entry.wire, chance)
        found = outcome(parse, data)
        if isinstance(found, Entry):
            assert decode(data) == (found.header_bytes, found.salt, found.body_bytes, found.signature)


@given(st.binary(max_size=120))
def test_whatever_begins_like_an_entry_is_one_or_a_fault(rest: bytes) -> None:
    assert isinstance(outcome(parse, b"\x84\x58" + rest)[0], type)


def test_what_comes_by_the_thousand_is_read_by_pattern() -> None:
    chance = Random(1)
    for kind in (Header, Envelope, Paid, Pay):
        assert kind in READ_BY_PATTERN or matcher(kind) is not None
    wish = replace(some(Pay, chance), payer="A" * 16 + ".HORA", payee="bia", amount=Amount(12_50, "HORA", 2))
    wish = replace(wish, max_debit=None)
    envelope = replace(some(Envelope, chance), operation="payments.create", fields=encode(to_map(wish)))
    for told in (wish, envelope):
        match = matcher(type(told))
        assert match is not None and match(encode(to_map(told)), 0) == told


def test_a_record_that_looks_at_itself_is_read_step_by_step() -> None:
    assert matcher(Careful) is None
    assert reader(Careful)(b"\xa1\x01\x04") == Careful(4)
    assert outcome(reader(Careful), b"\xa1\x01\x05") == (ShapeFault, "five")


def test_a_byte_string_that_looks_like_what_follows_it_takes_no_time() -> None:
    match = matcher(Everything)
    assert match is not None
    assert match(b"\xa6\x01\x59\xff\xff" + b"\x02\xa2\x01" * 20_000, 0) is None
