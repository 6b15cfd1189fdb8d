# SPDX-License-Identifier: AGPL-3.0-or-later
"""Options made from what a feature declares: one for each field of a wish, read by the field's type."""

import types
import typing
from argparse import SUPPRESS, BooleanOptionalAction, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from inspect import cleandoc
from typing import Annotated, Any, get_args, get_origin

from cli.arguments import (
    Parser,
    read_amount,
    read_bytes,
    read_moment,
    read_number,
    read_object,
    read_text,
)
from protocol.book.cold import KeeperSignature
from protocol.book.declaration import AskedFor, Doc, Moment, OwnId, Ref, Uuid
from protocol.book.money import Amount
from protocol.book.signed import Signed
from protocol.wire.shape import is_personal

PLACE = "field "
"""Before a field's name among all that was parsed: no option of ours is named so."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a wish: how a typed text becomes its JSON, and what --help says of it."""

    name: str
    said: str
    metavar: str
    read: Callable[[str], Any]
    required: bool
    many: bool = False
    choices: tuple[str, ...] | None = None
    flag: bool = False
    signed: bool = False
    asked: AskedFor | None = None
    hint: Any = None
    """Its declared type, without None and lists."""
    table: str = ""
    """Which table it names a row of."""
    own_id: bool = False
    """Whether it is the id of what the wish makes."""
    private: bool = False
    """Whether it is a personal text, of which a signed wish holds the salted digest."""

    @property
    def option(self) -> str:
        """The option that gives it."""
        return f"--{self.name.replace('_', '-')}"


def fields_of(kind: type[Any]) -> tuple[Field, ...]:
    """Return the fields of a wish; raises TypeError for a type that nobody could type in."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return tuple(
        _field(one.name, hints[one.name], one.default is MISSING and one.default_factory is MISSING)
        for one in fields(kind)
    )


def said_of(kind: type[Any]) -> str:
    """Return what a wish's docstring says, nothing where the dataclass decorator wrote it."""
    text = kind.__doc__ or ""
    return "" if text.startswith(f"{kind.__name__}(") else cleandoc(text)


def add_field(parser: Parser, field: Field, *, bare: bool = False, optional: bool = False) -> None:
    """Give a command the option of a field; raises ArgumentError where another option has its name.

    A bare one is written without the option's name; an optional one may be missing, whatever is declared.
    """
    more: dict[str, Any] = {"type": field.read, "metavar": field.metavar, "default": SUPPRESS}
    if field.asked is not None:
        _add_choice(parser, field, field.asked)
        return
    if field.flag:
        more = {"action": BooleanOptionalAction, "default": SUPPRESS}
    elif field.choices is not None:
        more |= {"choices": field.choices, "metavar": "|".join(field.choices)}
    if field.many:
        more["action"] = "append"
    told = " (may be given several times)" if field.many else ""
    more["help"] = f"{field.said}{told}".replace("%", "%%")
    if bare:
        nargs = {} if field.required else {"nargs": "?"}
        parser.add_argument(PLACE + field.name, **{**more, **nargs, "metavar": field.name.upper()})
    else:
        required = field.required and not optional
        parser.add_argument(field.option, dest=PLACE + field.name, required=required, **more)


def _add_choice(parser: Parser, field: Field, asked: AskedFor) -> None:
    """Give a command the two options of a yes or no that is asked for where neither was given."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(field.option, dest=PLACE + field.name, action="store_true", default=SUPPRESS, help=field.said)
    choice.add_argument(
        f"--{asked.no}", dest=PLACE + field.name, action="store_false", default=SUPPRESS, help="the contrary"
    )


def given(args: Namespace) -> dict[str, Any]:
    """Return the fields that were given, as JSON."""
    return {name.removeprefix(PLACE): value for name, value in vars(args).items() if name.startswith(PLACE)}


def parameters(body: Mapping[str, Any]) -> dict[str, str]:
    """Return fields as the parameters of a list."""
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in body.items()}


def usage_of(field: Field) -> str:
    """Return a required field as an example writes it."""
    return f"{field.option} {field.choices[0] if field.choices else field.metavar}"


def _field(name: str, hint: Any, required: bool) -> Field:  # noqa: FBT001
    said, table, moment = "", "", False
    many = flag = signed = False
    asked: AskedFor | None = None
    choices: tuple[str, ...] | None = None
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
        "hint": Moment if moment else hint, "many": many, "table": table, "own_id": _bears(found, OwnId),
        "private": is_personal(found),
    }  # fmt: skip
    if moment:
        return Field(name, said, "TIME", read_moment, required, **more)
    if _bears(found, Uuid):
        return Field(name, said, _row_of(table) or "UUID", read_text, required, **{**more, "hint": Uuid})
    if isinstance(hint, type) and issubclass(hint, Enum):
        choices = tuple(str(one.value) for one in hint)
        return Field(name, said, "WORD", read_text, required, choices=choices, **more)
    if isinstance(hint, type) and is_dataclass(hint) and hint is not Amount:
        signed = hint in (Signed, KeeperSignature)
        return Field(name, said, "JSON", read_object, required, signed=signed, **more)
    if hint is bool:
        flag = True
    metavar, read = _PLAIN[hint]
    return Field(name, said, _row_of(table) or metavar, read, required, flag=flag, asked=asked, **more)


def _row_of(table: str) -> str:
    """Return how an option names a row of a table."""
    return (f"{table[:-3]}y" if table.endswith("ies") else table.removesuffix("s")).upper()


def _bears(marks: Sequence[Any], kind: type[Any]) -> bool:
    return any(mark is kind or isinstance(mark, kind) for mark in marks)


_PLAIN: Mapping[Any, tuple[str, Callable[[str], Any]]] = {
    str: ("TEXT", read_text),
    int: ("N", read_number),
    bool: ("", read_text),
    bytes: ("BYTES", read_bytes),
    Amount: ("AMOUNT", read_amount),
}
