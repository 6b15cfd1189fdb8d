# SPDX-License-Identifier: AGPL-3.0-or-later
"""Deterministic CBOR, strict and bounded: every value has one spelling, and only that spelling is read.

RFC 8949 section 4.2.1 with fewer types: int64, byte string, NFC text, array, map with integer keys
from 0 up, bool, null. Why this reader is our own: docs/decisions/0003-strict-cbor.md.
"""

from collections.abc import Sequence
from itertools import groupby
from struct import pack
from typing import TypeAlias
from unicodedata import is_normalized, ucd_3_2_0

Value: TypeAlias = int | bytes | str | bool | tuple["Value", ...] | list["Value"] | dict[int, "Value"] | None

INT_END = 1 << 63
"""An int64 is at least -INT_END and less than INT_END."""
ENTRY_BYTES_MAX = 64 * 1024
DEPTH_MAX = 16
"""Arrays and maps inside one another, the outermost counted."""
ITEMS_MAX = 48 * 1024
"""Elements of all arrays, and keys and values of all maps, in one message: under 100 bytes of memory each."""


class CodecFault(ValueError):
    """A value outside the model, or bytes that no value is spelt as: for a stable short reason."""

    def __init__(self, reason: str) -> None:
        """Keep the reason, which tells nothing of what was read."""
        super().__init__(reason)
        self.reason = reason


def encode(value: Value) -> bytes:
    """Return the one spelling of a value; raise TypeError or CodecFault if the model has no such value."""
    out = bytearray()
    try:
        _write(value, out, DEPTH_MAX, [ITEMS_MAX])
    except UnicodeEncodeError:
        raise CodecFault("text not UTF-8") from None
    return bytes(out)


def decode(data: bytes, *, bytes_max: int = ENTRY_BYTES_MAX) -> Value:
    """Return the value that encode spells as exactly these bytes, arrays as tuples; or raise CodecFault."""
    if len(data) > bytes_max:
        raise CodecFault("too large")
    try:
        value, end = _read(data, 0, DEPTH_MAX, [ITEMS_MAX])
    except IndexError:  # the reader ran past the end
        raise CodecFault("truncated") from None
    except UnicodeDecodeError:
        raise CodecFault("text not UTF-8") from None
    if end != len(data):
        raise CodecFault("trailing bytes")
    return value


# The first byte of an item holds its major type in the upper three bits and a count in the lower five.
_NATURAL, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _CONSTANT = range(0, 256, 32)
_FALSE, _TRUE, _NULL = 0xF4, 0xF5, 0xF6


def _read(data: bytes, at: int, depth: int, room: list[int]) -> tuple[Value, int]:
    """Return the item at a position and where it ends; it may hold so many levels and room[0] items."""
    first = data[at]
    if first < 24:
        return first, at + 1
    if first >= _TAG:
        return _constant(first), at + 1
    count = first & 31
    if count < 24:
        at += 1
    elif count == 24:  # nearly every length that is not in the first byte is in the next
        count = data[at + 1]
        if count < 24:
            raise CodecFault("not shortest")
        at += 2
    else:
        count, at = _read_count(data, at + 1, count)
    if first < _BYTES:
        if count >= INT_END:
            raise CodecFault("beyond int64")
        return (count if first < _NEGATIVE else ~count), at
    if first < _ARRAY:
        end = at + count
        if end > len(data):
            raise CodecFault("truncated")
        return (data[at:end] if first < _TEXT else _text(data[at:end])), end
    # Bounded before anything is read, so that a declared length costs nothing.
    if first < _MAP:
        _enter(count, depth, room)
        return _read_array(data, at, count, depth - 1, room)
    _enter(2 * count, depth, room)
    return _read_map(data, at, count, depth - 1, room)


def _read_count(data: bytes, at: int, width: int) -> tuple[int, int]:
    """Return the count that follows in 1, 2, 4 or 8 bytes (width 24 to 27) and where it ends."""
    if width == 24:
        count = data[at]
        if count < 24:
            raise CodecFault("not shortest")
        return count, at + 1
    if width > 27:
        raise CodecFault("indefinite length" if width == 31 else "reserved")
    size = 1 << (width - 24)
    end = at + size
    if end > len(data):
        raise CodecFault("truncated")
    count = int.from_bytes(data[at:end], "big")
    if not count >> (4 * size):
        raise CodecFault("not shortest")
    return count, end


def _read_array(data: bytes, at: int, count: int, depth: int, room: list[int]) -> tuple[Value, int]:
    elements: list[Value] = []
    for _ in range(count):
        element, at = _read(data, at, depth, room)
        elements.append(element)
    return tuple(elements), at


def _read_map(data: bytes, at: int, count: int, depth: int, room: list[int]) -> tuple[Value, int]:
    entries: dict[int, Value] = {}
    previous = -1
    for _ in range(count):
        key = data[at]
        at += 1
        if key >= 24:
            if key >= _NEGATIVE:
                raise CodecFault("key not a natural number")
            key, at = _read_count(data, at, key)
            if key >= INT_END:
                raise CodecFault("beyond int64")
        if key <= previous:
            raise CodecFault("keys not ascending")
        previous = key
        entries[key], at = _read(data, at, depth, room)
    return entries, at


def _text(data: bytes) -> str:
    """Return UTF-8 as text, if it is in NFC."""
    text = str(data, "utf-8")
    if not (text.isascii() or _is_nfc(text)):
        raise CodecFault("text not NFC")
    return text


def _constant(first: int) -> bool | None:
    """Return false, true or null; what else begins with a byte from 0xC0 up is outside the model."""
    match first:
        case 0xF4:
            return False
        case 0xF5:
            return True
        case 0xF6:
            return None
        case 0xF9 | 0xFA | 0xFB:
            raise CodecFault("float")
        case 0xFF:
            raise CodecFault("indefinite length")
        case _:
            raise CodecFault("tag" if first < _CONSTANT else "simple value")


def _head(major: int, count: int) -> bytes:
    """Return the first byte of an item and its count, in the fewest bytes."""
    if count < 24:
        return bytes((major | count,))
    if count < 1 << 8:
        return bytes((major | 24, count))
    if count < 1 << 16:
        return pack(">BH", major | 25, count)
    if count < 1 << 32:
        return pack(">BI", major | 26, count)
    return pack(">BQ", major | 27, count)


# Nearly every count is below 256, and a look-up takes a third of the time of a call.
_NATURAL_HEAD, _BYTES_HEAD, _TEXT_HEAD, _ARRAY_HEAD, _MAP_HEAD = (
    tuple(_head(major, count) for count in range(256)) for major in (_NATURAL, _BYTES, _TEXT, _ARRAY, _MAP)
)


def _write(value: Value, out: bytearray, depth: int, room: list[int]) -> None:
    """Append the spelling of a value; it may hold so many levels and room[0] items, as in _read."""
    # Exact types: True is an int too, and an enum's member a str, but neither would be read back as it was.
    if type(value) is int:
        out += _NATURAL_HEAD[value] if 0 <= value < 256 else _integer(value)
    elif type(value) is bytes:
        count = len(value)
        out += _BYTES_HEAD[count] if count < 256 else _head(_BYTES, count)
        out += value
    elif type(value) is str:
        text = _utf8(value)
        count = len(text)
        out += _TEXT_HEAD[count] if count < 256 else _head(_TEXT, count)
        out += text
    elif type(value) is tuple or type(value) is list:
        _write_array(value, out, depth, room)
    elif type(value) is dict:
        _write_map(value, out, depth, room)
    elif value is None or value is True or value is False:
        out.append(_NULL if value is None else _TRUE if value else _FALSE)
    else:
        raise TypeError(f"{type(value).__name__} is outside the model")


def _write_array(elements: Sequence[Value], out: bytearray, depth: int, room: list[int]) -> None:
    count = len(elements)
    _enter(count, depth, room)
    out += _ARRAY_HEAD[count] if count < 256 else _head(_ARRAY, count)
    for element in elements:
        _write(element, out, depth - 1, room)


def _write_map(entries: dict[int, Value], out: bytearray, depth: int, room: list[int]) -> None:
    count = len(entries)
    _enter(2 * count, depth, room)
    out += _MAP_HEAD[count] if count < 256 else _head(_MAP, count)
    for key in sorted(entries):  # the shortest spellings of natural numbers sort as the numbers do
        if type(key) is not int:
            raise TypeError(f"a map key is {type(key).__name__}, not int")
        if key < 0:
            raise CodecFault("key not a natural number")
        out += _NATURAL_HEAD[key] if key < 256 else _integer(key)
        _write(entries[key], out, depth - 1, room)


def _integer(number: int) -> bytes:
    """Return the spelling of an int64."""
    if not -INT_END <= number < INT_END:
        raise CodecFault("beyond int64")
    return _head(_NATURAL, number) if number >= 0 else _head(_NEGATIVE, ~number)


def _utf8(text: str) -> bytes:
    """Return text in NFC as UTF-8."""
    if not (text.isascii() or _is_nfc(text)):
        raise CodecFault("text not NFC")
    return text.encode()


def _enter(items: int, depth: int, room: list[int]) -> None:
    """Take the items of an array or map out of the room; depth counts it too."""
    if not depth:
        raise CodecFault("too deep")
    room[0] -= items
    if room[0] < 0:
        raise CodecFault("too many items")


def _is_nfc(text: str) -> bool:
    """Return whether each run of characters known to Unicode 3.2 is in NFC: the same on every node, for ever.

    The tables of Python 3.11, 3.12 and 3.13 differ: a mark added in between is in its place for one
    and out of it for the other. Characters of 3.2 never change theirs (RFC 3454 pins the same version).
    """
    if is_normalized("NFC", text):
        return True  # and so is every part of it
    runs = groupby(text, lambda character: ucd_3_2_0.category(character) != "Cn")
    return all(is_normalized("NFC", "".join(run)) for known, run in runs if known)
