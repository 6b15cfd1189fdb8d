# SPDX-License-Identifier: AGPL-3.0-or-later
"""References: which rows a wish or an entry names, found by the marks on its fields alone."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import is_dataclass
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints

from protocol.book.declaration import Ref

_Find = Callable[[Any], Iterator[tuple[str, Any]]]


def references(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield (table, id as the field holds it) for each reference that a dataclass holds, however deep."""
    find = _find(value.__class__)
    return iter(()) if find is None else find(value)


@cache
def _find(hint: Any) -> _Find | None:
    """Return what finds the references in a value of a type, None where it can hold none."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        table = next((mark.table for mark in hint.__metadata__ if isinstance(mark, Ref)), None)
        return _find(arguments[0]) if table is None else _marked(table)
    if origin in (Union, UnionType):
        finds = [find for one in arguments if one is not NoneType and (find := _find(one)) is not None]
        return finds[0] if len(finds) == 1 else None
    if origin is tuple and arguments[1:] == (...,):
        return _each(_find(arguments[0]))
    if not is_dataclass(hint):
        return None
    hints = get_type_hints(hint, include_extras=True)
    finders = [(name, find) for name, kind in hints.items() if (find := _find(kind)) is not None]
    if not finders:
        return None

    def find_all(value: Any) -> Iterator[tuple[str, Any]]:
        for name, find in finders:
            item = getattr(value, name)
            if item is not None:
                yield from find(item)

    return find_all


def _marked(table: str) -> _Find:
    """Return what yields a marked field itself, or each of its elements."""

    def find(value: Any) -> Iterator[tuple[str, Any]]:
        yield from ((table, one) for one in _elements(value))

    return find


def _elements(value: Any) -> Iterable[Any]:
    return cast("Iterable[Any]", value) if isinstance(value, tuple) else (value,)


def _each(find: _Find | None) -> _Find | None:
    if find is None:
        return None
    return partial(_of_each, find)


def _of_each(find: _Find, items: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    for item in items:
        yield from find(item)
