# SPDX-License-Identifier: AGPL-3.0-or-later
"""A frozen dataclass is its own wire format: a map of its fields, numbered in the order of declaration.

Fields may be int, str, bytes, bool, StrEnum, IntEnum, frozen slotted dataclasses, NewType over these,
tuple[X, ...], tuple[X, Y] of these, and `X | None`; Annotated adds bounds, outside of the None or inside. There is
one map for a value: a field that is None is left out, and nothing else may be.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from enum import IntEnum, StrEnum
from functools import cache, partial
from itertools import repeat
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from protocol.wire.codec import INT_END, Value

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Length:
    """Exactly so many bytes, characters (code points) or elements."""

    exact: int


@dataclass(frozen=True, slots=True)
class AtMost:
    """At most so many bytes, characters (code points) or elements."""

    most: int


@dataclass(frozen=True, slots=True)
class Range:
    """A whole number from least to most, both included; without it, any int64."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Spelt:
    """Tells how a rule of the book wants a text spelt, as a regular expression of the whole; shapes do not check it."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Holds:
    """Tells which records, by their names, a byte string is the bytes of; whoever needs one reads it there."""

    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonalText:
    """Marks a personal text, which goes on the wire as its salted digest: `Annotated[str | bytes, PersonalText(500)]`.

    It is a text of at most so many characters only between a client and its node.
    """

    chars_max: int


DIGEST_BYTES = 32


class ShapeFault(ValueError):
    """A map or a value that does not fit its declaration: which field ("holds[2].amount_minor") and why."""

    def __init__(self, reason: str, field: str = "") -> None:
        """Keep where and why; neither tells anything of the value."""
        super().__init__(f"{field}: {reason}" if field else reason)
        self.reason = reason
        self.field = field

    def within(self, outer: str) -> "ShapeFault":
        """Return the same fault as seen from the field or element that holds its place."""
        joint = "." if self.field and not self.field.startswith("[") else ""
        return ShapeFault(self.reason, outer + joint + self.field)


def to_map(value: object, *, first: int = 1) -> dict[int, Value]:
    """Return a dataclass as its map, keys counted from first; raise ShapeFault for a field out of bounds."""
    return _record(type(value), first).write(value)


def from_map(cls: type[T], data: Value | Mapping[int, Value], *, first: int = 1, skips: bool = False) -> T:
    """Return the dataclass of which to_map makes this map; raise ShapeFault for anything else.

    With `skips` fields that the dataclass does not have are passed over, as a newer version may send them.
    """
    return _record(cls, first, skips).read(data)


UNKNOWN = "unknown"
"""The reason of a ShapeFault where a map has a field that the dataclass does not have."""


_Check = Callable[[Any], Any]
"""Takes an item and returns it in its other form, or raises ShapeFault."""


class _Form(NamedTuple):
    """How items of one declared type are read from the wire and written to it."""

    read: _Check
    write: _Check


class _Column(NamedTuple):
    """A field of a dataclass; put sets it past the frozen __setattr__."""

    key: int
    name: str
    put: Callable[[Any, Any], None]
    optional: bool
    form: _Form


# What a declaration means is found once for each class, when it is first used.


@cache
def _record(cls: type[Any], first: int, skips: bool = False) -> _Form:  # noqa: FBT001, FBT002 - a key of the cache
    """Return the form of a frozen slotted dataclass; raise TypeError for a declaration that has none."""
    parameters = vars(cls).get("__dataclass_params__")
    if parameters is None or not parameters.frozen or "__slots__" not in vars(cls):
        raise TypeError(f"{cls.__qualname__} is not a frozen slotted dataclass")
    hints = get_type_hints(cls, include_extras=True)
    declared = fields(cls)
    if not all(field.init for field in declared):
        raise TypeError(f"{cls.__qualname__} has a field that is no argument")
    columns = [_column(cls, key, field.name, hints[field.name], skips) for key, field in enumerate(declared, first)]
    check = getattr(cls, "__post_init__", None)
    return _Form(partial(_read_record, cls, columns, check, skips), partial(_write_record, cls, columns))


def _column(cls: type[Any], key: int, name: str, hint: object, skips: bool) -> _Column:  # noqa: FBT001
    """Return the column of a field, with None split off its type."""
    try:
        kind, optional = split_optional(hint)
        form = _form(kind, (), skips)
    except TypeError as error:
        raise TypeError(f"{cls.__qualname__}.{name}: {error}") from None
    return _Column(key, name, getattr(cls, name).__set__, optional, form)


def split_optional(hint: Any) -> tuple[Any, bool]:
    """Return a type without its None, and whether it had one; raises TypeError for a union of more than that."""
    marks: tuple[Any, ...] = ()
    inner = hint
    if get_origin(hint) is Annotated:
        inner, *rest = get_args(hint)
        marks = tuple(rest)
    if get_origin(inner) not in (Union, UnionType) or is_personal(marks):
        return hint, False
    kinds = [kind for kind in get_args(inner) if kind is not NoneType]
    if len(kinds) != 1 or NoneType not in get_args(inner):
        raise TypeError("it is a union of more than a type and None")
    return (Annotated[kinds[0], *marks] if marks else kinds[0]), True


def is_personal(marks: Iterable[object]) -> bool:
    """Tell whether a type has been marked as a personal text."""
    return any(isinstance(mark, PersonalText) for mark in marks)


def _form(hint: Any, bounds: tuple[object, ...], skips: bool) -> _Form:  # noqa: FBT001
    """Return the form of a type with the bounds that Annotated has given it so far."""
    if isinstance(hint, NewType):
        return _form(hint.__supertype__, bounds, skips)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        if is_personal(arguments[1:]):
            return _form(bytes, (Length(DIGEST_BYTES),), skips)
        added = (note for note in arguments[1:] if isinstance(note, (Length, AtMost, Range)))
        return _form(arguments[0], (*bounds, *added), skips)
    if hint is int:
        return _both_ways(_check_int, *limits(bounds, -INT_END, (Range,)))
    if hint is str or hint is bytes:
        return _both_ways(_check_sized, hint, *limits(bounds, 0, (Length, AtMost)))
    if origin is tuple and arguments[1:] == (...,):
        least, most = limits(bounds, 0, (Length, AtMost))
        form = _form(arguments[0], (), skips)
        return _Form(*(partial(_check_array, least, most, repeat(one)) for one in form))
    if bounds:
        raise TypeError(f"{bounds} do not bound {hint}")
    if hint is bool:
        return _both_ways(_check_bool)
    if origin is tuple:
        row = [_form(argument, (), skips) for argument in arguments]
        count = len(row)
        return _Form(*(partial(_check_array, count, count, each) for each in zip(*row, strict=True)))
    if isinstance(hint, type) and issubclass(hint, (StrEnum, IntEnum)):
        plain = str if issubclass(hint, StrEnum) else int
        words: dict[object, object] = {word.value: word for word in hint}
        return _Form(partial(_read_word, hint, plain, words), partial(_write_word, hint))
    if isinstance(hint, type):
        return _record(hint, 1, skips)
    raise TypeError(f"{hint} has no form on the wire")


def _both_ways(check: Callable[..., Any], *arguments: object) -> _Form:
    """Return the form of a type that goes on the wire as it is."""
    one = partial(check, *arguments)
    return _Form(one, one)


def limits(bounds: tuple[object, ...], least: int, fitting: tuple[type, ...]) -> tuple[int, int]:
    """Return the least and the greatest number or length that all bounds leave; raises TypeError for other bounds."""
    most = INT_END - 1
    for bound in bounds:
        if not isinstance(bound, fitting):
            raise TypeError(f"{bound} bounds something else")
        match bound:
            case Length(exact):
                least, most = max(least, exact), min(most, exact)
            case AtMost(limit):
                most = min(most, limit)
            case Range(low, high):
                least, most = max(least, low), min(most, high)
            case _:
                pass
    return least, most


# The rest runs for every item.


def _read_record(
    cls: type[Any],
    columns: list[_Column],
    check: Callable[[Any], None] | None,
    skips: bool,  # noqa: FBT001
    data: Value | Mapping[int, Value],
) -> object:
    if not isinstance(data, (dict, Mapping)):
        raise ShapeFault("not a map")
    value = object.__new__(cls)
    present = 0
    for key, name, put, optional, form in columns:
        item = data.get(key)
        if item is not None:
            present += 1
            try:
                put(value, form.read(item))
            except ShapeFault as fault:
                raise fault.within(name) from None
        elif key in data:
            raise ShapeFault("null", name)
        elif optional:
            put(value, None)
        else:
            raise ShapeFault("missing", name)
    if present != len(data) and not skips:
        raise ShapeFault(UNKNOWN, str(min(data.keys() - {column.key for column in columns})))
    if check is not None:
        try:
            check(value)
        except ValueError as error:
            raise ShapeFault(str(error)) from None
    return value


def _write_record(cls: type[Any], columns: list[_Column], value: object) -> dict[int, Value]:
    if type(value) is not cls:
        raise ShapeFault(f"not a {cls.__name__}")
    data: dict[int, Value] = {}
    for key, name, _, optional, form in columns:
        item = getattr(value, name)
        if item is not None:
            try:
                data[key] = form.write(item)
            except ShapeFault as fault:
                raise fault.within(name) from None
        elif not optional:
            raise ShapeFault("missing", name)
    return data


def _check_array(least: int, most: int, checks: Iterable[_Check], items: tuple[object, ...]) -> tuple[object, ...]:
    if type(items) is not tuple:
        raise ShapeFault("not an array")
    if not least <= len(items) <= most:
        raise ShapeFault(f"length not in {least}..{most}")
    done: list[object] = []
    try:
        for item, check in zip(items, checks, strict=False):  # tuple[X, ...] has checks without end
            done.append(check(item))
    except ShapeFault as fault:
        raise fault.within(f"[{len(done)}]") from None
    return tuple(done)


def _check_int(least: int, most: int, item: int) -> int:
    if type(item) is not int:  # exactly: True is an int too
        raise ShapeFault("not an integer")
    if not least <= item <= most:
        raise ShapeFault(f"not in {least}..{most}")
    return item


def _check_sized(kind: type[Any], least: int, most: int, item: bytes | str) -> bytes | str:
    if type(item) is not kind:
        raise ShapeFault("not text" if kind is str else "not bytes")
    if not least <= len(item) <= most:
        raise ShapeFault(f"length not in {least}..{most}")
    return item


def _check_bool(item: object) -> object:
    if type(item) is not bool:
        raise ShapeFault("not a boolean")
    return item


def _read_word(kind: type[Any], plain: type[Any], words: Mapping[object, object], item: object) -> object:
    if type(item) is not plain or item not in words:
        raise ShapeFault(f"not a {kind.__name__}")
    return words[item]


def _write_word(kind: type[Any], item: StrEnum | IntEnum) -> str | int:
    if type(item) is not kind:
        raise ShapeFault(f"not a {kind.__name__}")
    return item.value
