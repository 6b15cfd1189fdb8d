# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rows as bytes: a slotted dataclass, frozen or not, as an array of its fields in the order of declaration.

It is how a node stores what it can make again from the lanes, never how it speaks to another: cbor2 reads and writes
it as it is, and a row of another form is made anew, not understood. Fields may be int, str, bytes, bool, enums of
texts or numbers, such dataclasses, tuples of these, and `X | None`.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

import cbor2

T = TypeVar("T")

_Turn = Callable[[Any], Any]
"""Turns a value into its other form; None where both are the same."""


def pack_record(row: Any) -> bytes:
    """Return a row as bytes, the same for equal rows."""
    return cbor2.dumps(_forms(row.__class__)[0](row))


def unpack_record(kind: type[T], data: bytes) -> T:
    """Return the row of which `pack_record` has made these bytes; raises ValueError for bytes of another form."""
    try:
        return _forms(kind)[1](cbor2.loads(data))
    except (TypeError, KeyError, IndexError) as error:
        raise ValueError(f"no {kind.__name__}: {error}") from None


def form_of(kind: type[Any]) -> str:
    """Return a text that changes whenever the form of a row does."""
    hints = get_type_hints(kind)
    parts = [f"{one.name}:{_told(hints[one.name])}" for one in fields(kind)]
    return f"{kind.__qualname__}({','.join(parts)})"


@cache
def _forms(kind: type[Any]) -> tuple[_Turn, _Turn]:
    """Return how a dataclass is written as an array, and read."""
    if not is_dataclass(kind):
        raise TypeError(f"{kind} is no row")
    hints = get_type_hints(kind)
    names = [one.name for one in fields(kind)]
    turns = [_turns(hints[name]) for name in names]
    writes = [write for write, _ in turns]
    reads = [read for _, read in turns]

    def write(row: Any) -> tuple[Any, ...]:
        return tuple(
            item if turn is None or item is None else turn(item)
            for item, turn in zip((getattr(row, name) for name in names), writes, strict=True)
        )

    def read(items: list[Any]) -> Any:
        return kind(
            *(item if turn is None or item is None else turn(item) for item, turn in zip(items, reads, strict=True))
        )

    return write, read


def _turns(hint: Any) -> tuple[_Turn | None, _Turn | None]:
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(hint, NewType):
        return _turns(hint.__supertype__)
    if origin is Annotated:
        return _turns(arguments[0])
    if origin in (Union, UnionType):
        kinds = [one for one in arguments if one is not NoneType]
        if len(kinds) != 1:
            raise TypeError(f"{hint} is a union of more than a type and None")
        return _turns(kinds[0])
    if origin is tuple and arguments[1:] == (...,):
        write, read = _turns(arguments[0])
        if write is None or read is None:
            return None, tuple
        return lambda items: tuple(map(write, items)), lambda items: tuple(map(read, items))
    if origin is tuple:
        if any(turn is not None for one in arguments for turn in _turns(one)):
            raise TypeError(f"{hint} holds more than plain values")
        return None, tuple
    if hint in (int, str, bytes, bool):
        return None, None
    if isinstance(hint, type) and issubclass(hint, Enum):
        return attrgetter("value"), hint
    if isinstance(hint, type) and is_dataclass(hint):
        return _forms(hint)
    raise TypeError(f"{hint} has no form in a row")


def _told(hint: Any) -> str:
    if isinstance(hint, type) and is_dataclass(hint):
        return form_of(hint)
    arguments = get_args(hint)
    return f"{hint if not arguments else get_origin(hint)}[{','.join(_told(one) for one in arguments)}]"
