# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading by pattern: the canonical bytes of most declared records are a regular language.

A replica that joins reads millions of records of few kinds. One match of a regular expression takes the
whole record apart, where `decode` and `from_map` take a step for each item. What does not match, such as
text beyond ASCII or a number below zero, is read by those two, who alone say what is wrong. So a pattern
may be narrow, and must never take what they would refuse: tests/protocol/wire/test_pattern.py compares them.
"""

import re
from collections.abc import Callable
from dataclasses import fields
from enum import StrEnum
from functools import cache
from itertools import count
from typing import Annotated, Any, NewType, TypeVar, get_args, get_origin, get_type_hints

from protocol.wire.codec import ENTRY_BYTES_MAX, INT_END, decode, encode
from protocol.wire.shape import DIGEST_BYTES, AtMost, Length, Range, from_map, is_personal, limits, split_optional

T = TypeVar("T")
_KEYS_IN_HEAD = 23
"""So many keys are counted in the first byte of a map, and each is one byte itself."""

NATURAL = rb"([\x00-\x17]|\x18[\x18-\xff]|\x19(?!\x00)..|\x1a(?!\x00\x00)....|\x1b(?!\x00{4})[\x00-\x7f].......)"
"""A whole number from 0 to 2^63 - 1, in its shortest spelling."""
TEXT = rb"([\x60-\x77]|\x78[\x18-\x7f])([\x20-\x7e]*)"
"""A text of printable ASCII, its length to be checked. A key follows it, or the end: both end the run."""
DATA = rb"([\x40-\x57]|\x58[\x18-\xff]|\x59(?!\x00)..)(.*)"
"""A byte string of any length, to be checked; at most one of a record, so that a match takes linear time."""


class _NoPattern(Exception):
    """A record has parts that no pattern of ours takes apart."""


def reader(kind: type[T]) -> Callable[..., T]:
    """Return what reads records of a kind from bytes: from_map(kind, decode(data)), or what these raise."""
    return _reader(kind)


@cache
def _reader(kind: type[Any]) -> Callable[..., Any]:
    fast = matcher(kind)

    def read(data: bytes, *, bytes_max: int = ENTRY_BYTES_MAX) -> Any:
        found = None if fast is None or len(data) > bytes_max else fast(data, 0)
        return from_map(kind, decode(data, bytes_max=bytes_max)) if found is None else found

    return read


@cache
def matcher(kind: type[Any]) -> Callable[[bytes, int], Any] | None:
    """Return what reads a record that goes from a place to the end of the bytes, or None where it cannot tell.

    Where no pattern fits the kind at all there is no matcher.
    """
    try:
        making = _Making()
        outcome = making.record(kind)
    except _NoPattern:
        return None
    match = re.compile(b"".join(making.pattern), re.DOTALL).fullmatch
    lines = "\n    ".join((*making.lines, f"return {outcome}"))
    # As dataclasses do: what a declaration means is written out once, and costs nothing at each record.
    source = f"def make({', '.join(making.groups)}):\n    {lines}\n"
    scope = making.scope
    exec(source, scope)  # noqa: S102 - of names of our own declarations, never of a peer
    make: Callable[..., Any] = scope["make"]

    def read(data: bytes, at: int) -> Any:
        found = match(data, at)
        return None if found is None else make(*found.groups())

    return read


def number(spelling: bytes) -> int:
    """Return the natural number that NATURAL has matched."""
    return spelling[0] if len(spelling) == 1 else int.from_bytes(spelling[1:], "big")


def length(spelling: bytes) -> int:
    """Return the length that DATA has matched."""
    return spelling[0] & 31 if len(spelling) == 1 else int.from_bytes(spelling[1:], "big")


class _Making:
    r"""The pattern of a record, and the statements that make the record of its groups.

    Of a record of a number up to 900 and, if it likes, a flag, the head is group 0, and the statements are:

        v0 = new_v0(kind_v0)
        v1 = g1[0] if len(g1) == 1 else from_bytes(g1[1:], 'big')
        if not 0 <= v1 <= 900: return None
        put_v0_1(v0, v1)
        if g2 is None:
            v2 = None
        else:
            v2 = g2 == b'\xf5'
        put_v0_2(v0, v2)
        if g0[0] - 0xA0 != 1 + (g2 is not None): return None
    """

    def __init__(self) -> None:
        self.pattern: list[bytes] = []
        self.groups: list[str] = []
        self.lines: list[str] = []
        self.scope: dict[str, Any] = {"from_bytes": int.from_bytes, "length": length}
        self._names = count()
        self._has_data = False

    def record(self, kind: type[Any]) -> str:
        """Add a record; returns the name of what holds it."""
        declared = fields(kind)
        hints = get_type_hints(kind, include_extras=True)
        split = [split_optional(hints[field.name]) for field in declared]
        least = sum(not optional for _, optional in split)
        if len(declared) > _KEYS_IN_HEAD or hasattr(kind, "__post_init__"):
            raise _NoPattern
        self.pattern.append(rb"([\x%02x-\x%02x])" % (0xA0 + least, 0xA0 + len(declared)))
        head, value = self._group(), self._name()
        here: list[str] = []
        self.scope[f"new_{value}"], self.scope[f"kind_{value}"] = object.__new__, kind
        self.lines.append(f"{value} = new_{value}(kind_{value})")
        for key, (field, (hint, optional)) in enumerate(zip(declared, split, strict=True), 1):
            put = f"put_{value}_{key}"
            self.scope[put] = getattr(kind, field.name).__set__
            self.pattern.append((b"(?:" if optional else b"") + re.escape(bytes((key,))))
            before, first = len(self.lines), len(self.groups)
            item = self._item(hint, ())
            if optional:
                self.pattern.append(b")?")
                present = self.groups[first]
                here.append(present)
                made = [f"    {line}" for line in self.lines[before:]]
                if made:  # else the item is its group, which is None where it is not there
                    self.lines[before:] = [f"if {present} is None:", f"    {item} = None", "else:", *made]
            self.lines.append(f"{put}({value}, {item})")
        present_count = " + ".join([str(least), *(f"({one} is not None)" for one in here)])
        self.lines.append(f"if {head}[0] - 0xA0 != {present_count}: return None")
        return value

    def _item(self, hint: Any, bounds: tuple[object, ...]) -> str:
        """Add an item of a declared type; returns the name of what holds it."""
        if isinstance(hint, NewType):
            return self._item(hint.__supertype__, bounds)
        if get_origin(hint) is Annotated:
            inner, *notes = get_args(hint)
            if is_personal(notes):
                return self._bytes(DIGEST_BYTES, DIGEST_BYTES)
            return self._item(inner, (*bounds, *(one for one in notes if isinstance(one, (AtMost, Length, Range)))))
        if hint is int:
            least, most = limits(bounds, 0, (Range,))
            self.pattern.append(NATURAL)
            group, value = self._group(), self._name()
            self.lines.append(f"{value} = {group}[0] if len({group}) == 1 else from_bytes({group}[1:], 'big')")
            if (least, most) != (0, INT_END - 1):
                self.lines.append(f"if not {least} <= {value} <= {most}: return None")
            return value
        if hint is bool:
            self.pattern.append(rb"([\xf4\xf5])")
            group, value = self._group(), self._name()
            self.lines.append(rf"{value} = {group} == b'\xf5'")
            return value
        if hint is bytes:
            return self._bytes(*limits(bounds, 0, (Length, AtMost)))
        if hint is str:
            least, most = limits(bounds, 0, (Length, AtMost))
            self.pattern.append(TEXT)
            head, text, value = self._group(), self._group(), self._name()
            size = f"({head}[0] - 0x60 if len({head}) == 1 else {head}[1])"
            self.lines.append(f"if not {least} <= {size} == len({text}) <= {most}: return None")
            self.lines.append(f"{value} = str({text}, 'ascii')")
            return value
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            words = {encode(word.value): word for word in hint}
            self.pattern.append(b"(" + b"|".join(map(re.escape, words)) + b")")
            group, value = self._group(), self._name()
            self.scope[f"words_{value}"] = words
            self.lines.append(f"{value} = words_{value}[{group}]")
            return value
        if isinstance(hint, type) and hasattr(hint, "__dataclass_fields__"):
            return self.record(hint)
        raise _NoPattern

    def _bytes(self, least: int, most: int) -> str:
        if least == most < 256:
            self.pattern.append(re.escape(encode(bytes(most))[: 1 if most < 24 else 2]) + b"(.{%d})" % most)
            return self._group()
        if self._has_data:
            raise _NoPattern
        self._has_data = True
        self.pattern.append(DATA)
        head, data = self._group(), self._group()
        self.lines.append(f"if not {least} <= length({head}) == len({data}) <= {most}: return None")
        return data

    def _group(self) -> str:
        self.groups.append(f"g{len(self.groups)}")
        return self.groups[-1]

    def _name(self) -> str:
        return f"v{next(self._names)}"
