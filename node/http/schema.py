# SPDX-License-Identifier: AGPL-3.0-or-later
"""Between JSON and the values that features declare, strictly both ways, and their JSON Schema.

A form is made once for each type, from its hints alone; reading and showing then build nothing but
the value itself.
"""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, NoReturn, get_args, get_origin

from node.http.components import (
    Components,
    Misread,
    Schema,
    ValueForm,
    described_object,
    hints_of,
    required_of,
    said_of,
)
from node.http.jsonbytes import dump
from node.http.values import ANYTHING, MOMENT_FORM, PLAIN, UUID_FORM, fixed, read_json_text
from protocol.book.declaration import Act, Create, Doc, Moment, MotionWish, OneOf, Ref, Uuid, operation_name
from protocol.practices import PRACTICES
from protocol.wire.shape import AtMost, Length, PersonalText, Range, is_personal


def json_bytes(value: Any) -> bytes:
    """Return a value of a class that has a form as JSON bytes."""
    show = form(type(value)).show
    assert show is not None
    return dump(show(value))


@cache
def form(hint: Any) -> ValueForm:
    """Return the form of a type; raises TypeError for one that has none, when routes are made."""
    origin = get_origin(hint)
    if origin is Annotated:
        base, *marks = get_args(hint)
        return _annotated(base, marks)
    if origin in (typing.Union, types.UnionType):
        return _union(hint)
    if origin is tuple:
        item, *rest = get_args(hint)
        if rest != [...]:
            raise TypeError(f"a tuple of unknown length has a JSON form, {hint} has none")
        return _array(form(item))
    if origin is not None and issubclass(origin, Mapping):
        key, item = get_args(hint)
        if item is Any:
            return ANYTHING
        if key is not str:
            raise TypeError("keys of a JSON object are texts")
        return _map(form(item))
    if isinstance(hint, typing.NewType):
        return form(hint.__supertype__)
    if hint in PLAIN:
        return PLAIN[hint]
    if hint is MotionWish:
        return _MOTION_WISH
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        return _record(hint)
    raise TypeError(f"{hint} has no JSON form")


def describe(hint: Any, components: Components) -> Schema:
    """Return the JSON Schema of a type."""
    return form(hint).describe(components)


def _read_motion_wish(value: Any) -> MotionWish:
    if type(value) is not dict or not {"operation"} <= value.keys() <= {"operation", "subject", "wish"}:
        raise Misread(expected="an object of operation, subject, wish")
    name, subject = (read_json_text(value.get(key, "")) for key in ("operation", "subject"))
    kind = _wishes().get(name)
    if kind is None:
        raise Misread(expected="an operation that changes something, such as members.suspend")
    try:
        return MotionWish(name, subject, form(kind).read(value.get("wish", {})))
    except Misread as misread:
        misread.path.append("wish")
        raise


def _show_motion_wish(one: MotionWish) -> dict[str, Any]:
    show = form(type(one.wish)).show
    assert show is not None
    return {"operation": one.operation, "subject": one.subject, "wish": show(one.wish)}


def _describe_motion_wish(components: Components) -> Schema:
    return components.refer(
        MotionWish,
        lambda: described_object(
            "A wish that a motion does once it is carried.",
            {
                "operation": {"type": "string", "enum": sorted(_wishes()), "description": "What is done."},
                "subject": {"type": "string", "description": "The id that stands in its path; empty where none does."},
                "wish": {"type": "object", "description": "The body that the operation takes."},
            },
            ("operation",),
            components,
        ),
    )


@cache
def _wishes() -> Mapping[str, type[Any]]:
    """Return the wish of each operation that changes something."""
    return {
        operation_name(one): one.wish
        for practice in PRACTICES
        for one in practice.operations
        if isinstance(one, Create | Act)
    }


_MOTION_WISH = ValueForm(_read_motion_wish, _show_motion_wish, _describe_motion_wish)


def _annotated(base: Any, marks: list[Any]) -> ValueForm:
    if get_origin(base) is Annotated:
        base, *inner = get_args(base)
        return _annotated(base, [*inner, *marks])
    if get_origin(base) in (typing.Union, types.UnionType) and types.NoneType in get_args(base):
        # Bounds speak of the value, not of its absence.
        return _optional(_annotated(_without_none(base), marks))
    if any(mark is Moment or isinstance(mark, Moment) for mark in marks):
        # Their own forms know their bounds.
        made, marks = MOMENT_FORM, [mark for mark in marks if not isinstance(mark, Range)]
    elif any(mark is Uuid or isinstance(mark, Uuid) for mark in marks):
        made, marks = UUID_FORM, [mark for mark in marks if not isinstance(mark, Length)]
    else:
        made = PLAIN[str] if is_personal(marks) else form(base)
    for mark in marks:
        match mark:
            case Doc(text):
                made = _extended(made, None, description=text)
            case OneOf(words, more):
                made = _extended(made, None, **{"x-extensible-enum" if more else "enum": list(words)})
            case Ref(table):
                made = _extended(made, None, **{"x-references": table})
            case AtMost(most) | PersonalText(most):
                made = _extended(made, _bounded(0, most), **_length_words(base, 0, most))
            case Length(exact):
                made = _extended(made, _bounded(exact, exact), **_length_words(base, exact, exact))
            case Range(least, most):
                made = _extended(made, _between(least, most), minimum=least, maximum=most)
            case _:
                pass
    return made


def _extended(made: ValueForm, check: Callable[[Any], None] | None, **words: Any) -> ValueForm:
    """Return a form that also checks what it has read, and whose description says so."""

    def describe_more(components: Components) -> Schema:
        return {**made.describe(components), **words}

    if check is None:
        return ValueForm(made.read, made.show, describe_more, made.read_text)

    def read(value: Any) -> Any:
        found = made.read(value)
        check(found)
        return found

    def read_parameter(text: str) -> Any:
        assert made.read_text is not None
        found = made.read_text(text)
        check(found)
        return found

    return ValueForm(read, made.show, describe_more, made.read_text and read_parameter)


def _bounded(least: int, most: int) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        if not least <= len(value) <= most:
            raise Misread(expected=f"a length of {least if least == most else f'at most {most}'}")

    return check


def _length_words(base: Any, least: int, most: int) -> Schema:
    if base is bytes:  # so many bytes take so many characters of base64url
        least, most = -(-least * 4 // 3), -(-most * 4 // 3)
    if get_origin(base) is tuple:
        return {"maxItems": most} if least == 0 else {"minItems": least, "maxItems": most}
    return {"maxLength": most} if least == 0 else {"minLength": least, "maxLength": most}


def _between(least: int, most: int) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        if not least <= value <= most:
            raise Misread(expected=f"a number from {least} to {most}")

    return check


def _union(hint: Any) -> ValueForm:
    return _optional(form(_without_none(hint))) if types.NoneType in get_args(hint) else _one_of(hint)


def _without_none(hint: Any) -> Any:
    kinds = [kind for kind in get_args(hint) if kind is not types.NoneType]
    if len(kinds) != 1:
        raise TypeError(f"{hint} has no JSON form")
    return kinds[0]


def _optional(made: ValueForm) -> ValueForm:
    show = made.show

    def read(value: Any) -> Any:
        return None if value is None else made.read(value)

    def show_optional(value: Any) -> Any:
        assert show is not None
        return None if value is None else show(value)

    def describe_optional(components: Components) -> Schema:
        schema = made.describe(components)
        if isinstance(schema.get("type"), str) and "enum" not in schema:
            return {**schema, "type": [schema["type"], "null"]}
        if isinstance(schema.get("type"), list):
            return schema
        said = {"description": schema.pop("description")} if "description" in schema else {}
        return {"anyOf": [schema, {"type": "null"}], **said}

    return ValueForm(read, show and show_optional, describe_optional, made.read_text)


def _one_of(hint: Any) -> ValueForm:
    """Return the form of a thing shown as one of several classes; nothing is read so."""
    kinds = get_args(hint)
    if not all(map(is_dataclass, kinds)):
        raise TypeError(f"{hint} has no JSON form")
    forms = {kind: form(kind) for kind in kinds}

    def read(value: Any) -> NoReturn:
        del value
        raise TypeError(f"{hint} is shown, never wished for")

    def show(value: Any) -> Any:
        made = forms[type(value)]
        assert made.show is not None
        return made.show(value)

    return ValueForm(read, show, lambda components: {"oneOf": [made.describe(components) for made in forms.values()]})


def _array(item: ValueForm) -> ValueForm:
    show = item.show

    def read(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise Misread(expected="a list")
        found: list[Any] = []
        try:
            for one in value:
                found.append(item.read(one))  # noqa: PERF401  # its length tells which one was misread
        except Misread as misread:
            misread.path.append(str(len(found)))
            raise
        return tuple(found)

    return ValueForm(
        read,
        (lambda values: [show(value) for value in values]) if show else list,
        lambda components: {"type": "array", "items": item.describe(components)},
    )


def _map(item: ValueForm) -> ValueForm:
    show = item.show

    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise Misread(expected="an object")
        found: dict[str, Any] = {}
        for key, one in value.items():
            try:
                found[read_json_text(key)] = item.read(one)
            except Misread as misread:
                misread.path.append(key[:64])
                raise
        return found

    return ValueForm(
        read,
        (lambda values: {key: show(value) for key, value in values.items()}) if show else dict,
        lambda components: {"type": "object", "additionalProperties": item.describe(components)},
    )


def _enum(kind: type[Enum]) -> ValueForm:
    members = {member.value: member for member in kind}
    words = ", ".join(members)

    def read(value: Any) -> Enum:
        if type(value) is not str or value not in members:
            raise Misread(expected=f"one of {words}")
        return members[value]

    return ValueForm(read, lambda member: member.value, fixed({"type": "string", "enum": list(members)}), read)


def _record(kind: type[Any]) -> ValueForm:
    hints = hints_of(kind)
    forms = {name: form(hint) for name, hint in hints.items()}
    required = required_of(kind)
    readers = tuple((name, made.read, name in required) for name, made in forms.items())
    names = tuple(hints)
    shows = tuple((name, made.show) for name, made in forms.items())
    pick = attrgetter(*names) if len(names) > 1 else lambda value: tuple(getattr(value, name) for name in names)

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise Misread(expected="an object")
        found: dict[str, Any] = {}
        name = ""
        try:
            for name, read_field, is_required in readers:
                if name in value:
                    found[name] = read_field(value[name])
                elif is_required:
                    raise Misread(expected="a value")
        except Misread as misread:
            misread.path.append(name)
            raise
        if len(found) != len(value):
            unknown = Misread(expected="no such field")
            unknown.path.append(next(key for key in value if key not in found)[:64])
            raise unknown
        try:
            return kind(**found)
        except ValueError as fault:
            raise Misread(expected=str(fault) or "another value") from None

    def show(value: Any) -> dict[str, Any]:
        return {
            name: found if show_field is None else show_field(found)
            for (name, show_field), found in zip(shows, pick(value), strict=True)
        }

    def describe_record(components: Components) -> Schema:
        return components.refer(
            kind,
            lambda: described_object(
                said_of(kind),
                {name: made.describe(components) for name, made in forms.items()},
                required,
                components,
            ),
        )

    return ValueForm(read, show, describe_record)
