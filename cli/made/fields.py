# SPDX-License-Identifier: AGPL-3.0-or-later
"""The fields of a wish, read from what a practice declares: one option for each, by the field's type."""

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from inspect import cleandoc
from typing import Annotated, Any, get_args, get_origin

from cli.made.options import Field
from protocol.book.cold import KeeperSignature
from protocol.book.declaration import AskedFor, Doc, FromFile, Moment, OwnId, Picture, Ref, Uuid
from protocol.book.money import Amount
from protocol.book.signed import Signed
from protocol.wire.shape import is_personal


def fields_of(kind: type[Any]) -> tuple[Field, ...]:
    """Return the fields of a wish; raises TypeError for a type that nobody could type in."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return tuple(
        _field(one.name, hints[one.name], one.default is MISSING and one.default_factory is MISSING)
        for one in fields(kind)
    )


def field_said(kind: type[Any]) -> str:
    """Return what a wish's docstring says, nothing where the dataclass decorator wrote it."""
    text = kind.__doc__ or ""
    return "" if text.startswith(f"{kind.__name__}(") else cleandoc(text)


def word_of(kind: type[Any], name: str) -> type[Enum]:
    """Return the words that a field of a wish is one of."""
    hint = typing.get_type_hints(kind)[name]
    while not (isinstance(hint, type) and issubclass(hint, Enum)):
        hint = next(one for one in get_args(hint) if one not in (types.NoneType, ...))
    return hint


def object_of(kind: type[Any], name: str) -> type[Any]:
    """Return the dataclass of which a field of a wish holds one or several."""
    hint = typing.get_type_hints(kind)[name]
    while not (isinstance(hint, type) and is_dataclass(hint)):
        hint = next(one for one in get_args(hint) if one not in (types.NoneType, ...))
    return hint


def _field(name: str, hint: Any, required: bool) -> Field:  # noqa: FBT001
    said, table, moment = "", "", False
    many = False
    asked: AskedFor | None = None
    found: list[Any] = []
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            hint, *marks = get_args(hint)
            found += marks
            said = next((mark.text for mark in marks if isinstance(mark, Doc)), said)
            table = next((mark.table for mark in marks if isinstance(mark, Ref)), table)
            asked = next((mark for mark in marks if isinstance(mark, AskedFor)), asked)
            moment = moment or _bears(marks, Moment)
            if is_personal(marks):
                hint = str
        elif origin in (typing.Union, types.UnionType):
            hint, *others = (one for one in get_args(hint) if one is not types.NoneType)
            if others:
                raise TypeError(f"{name} is a union of more than a type and None")
        elif origin is tuple and get_args(hint)[1:] == (...,) and not many:
            hint, many = get_args(hint)[0], True
        elif isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        else:
            break
    more: dict[str, Any] = {
        "many": many, "table": table, "own_id": _bears(found, OwnId), "private": is_personal(found),
    }  # fmt: skip
    if moment:
        return Field(name, said, "TIME", required, kind="moment", **more)
    if _bears(found, Uuid):
        return Field(name, said, _row_of(table) or "UUID", required, kind="uuid", **more)
    if _bears(found, Picture) or _bears(found, FromFile):
        return Field(name, said, "FILE", required, kind="file", **more)
    if isinstance(hint, type) and issubclass(hint, Enum):
        choices = tuple(str(one.value) for one in hint)
        return Field(name, said, "WORD", required, choices=choices, kind="word", **more)
    if isinstance(hint, type) and is_dataclass(hint) and hint is not Amount:
        signed = hint in (Signed, KeeperSignature)
        parts = () if signed else tuple(_parts(hint))
        metavar = "NAME=VALUE,..." if parts else "JSON"
        return Field(name, said, metavar, required, signed=signed, kind="object", parts=parts, **more)
    metavar, kind = _PLAIN[hint]
    questions = None if asked is None else (asked.question, asked.no)
    return Field(name, said, _row_of(table) or metavar, required, flag=hint is bool, asked=questions, kind=kind, **more)


def _parts(kind: type[Any]) -> Iterator[tuple[str, str]]:
    """Yield the fields of an object that can be typed in a word each; none of one that holds what may be anything."""
    try:
        inner = fields_of(kind)
    except (KeyError, TypeError):
        return
    for one in inner:
        if not one.many and one.kind not in ("object", "file", "bytes"):
            yield one.name, "flag" if one.flag else one.kind


def _row_of(table: str) -> str:
    """Return how an option names a row of a table."""
    return (f"{table[:-3]}y" if table.endswith("ies") else table.removesuffix("s")).upper()


def _bears(marks: Sequence[Any], kind: type[Any]) -> bool:
    return any(mark is kind or isinstance(mark, kind) for mark in marks)


_PLAIN: Mapping[Any, tuple[str, str]] = {
    str: ("TEXT", "text"),
    int: ("N", "number"),
    bool: ("", "flag"),
    bytes: ("BYTES", "bytes"),
    Amount: ("AMOUNT", "amount"),
}
