# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wishes that members sign, as JSON: one way for all operations, made from what each declares.

A body holds the plain wish; or `signed`, the envelope's bytes and their signature, and beside it only the personal
texts that the wish names by digest, with their salts.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from node.http.components import Components, Misread, Schema, described_object, hints_of, required_of, said_of
from node.http.jsonbytes import parse_json
from node.http.problems import Denied
from node.http.schema import describe, form
from protocol.book.declaration import KEY, Act, Create, Doc, Way, operation_name
from protocol.book.personal import SALT_BYTES
from protocol.book.refusals import NOT_FOUND
from protocol.book.signed import Envelope, Signed
from protocol.book.wishes import Brought, private_fields
from protocol.wire.shape import AtMost, Length, is_personal, split_optional

SIGNED, SALT = "signed", "_salt"


def about_of(operation: Create | Act) -> str:
    """Return the field of a wish that the path tells, empty where there is none."""
    return operation.about if isinstance(operation, Act) else ""


def reader_of(operation: Create | Act) -> Callable[[bytes, str], Any]:
    """Return what reads an operation's wish from a body and the id in the path: Brought, or the plain wish.

    It raises Misread, or Denied where the path names nothing.
    """
    plain = form(operation.wish)
    if operation.signed is None:
        return lambda body, _: plain.read(parse_json(body) if body else {})
    about = about_of(operation)
    beside = {name: form(hint) for name, hint in _beside(operation.wish).items()}

    def read(body: bytes, subject: str) -> Any:
        value = parse_json(body) if body else {}
        if type(value) is dict and (SIGNED in value or operation.signed is KEY):
            return _brought(value)
        if about and type(value) is dict:
            if about in value:
                raise _misread(about, "nothing: the path tells it")
            _read_path(subject)
            value = {**value, about: subject}
        return plain.read(value)

    def _brought(value: dict[str, Any]) -> Brought:
        unknown = next((name for name in value if name not in beside), None)
        if unknown is not None:
            raise _misread(unknown, "nothing beside the signed wish but its texts")
        if SIGNED not in value:
            raise _misread(SIGNED, "a wish that your key has signed")
        found: dict[str, Any] = {}
        for name, one in value.items():
            try:
                found[name] = beside[name].read(one)
            except Misread as misread:
                misread.path.append(name)
                raise
        private = [name for name in private_fields(operation.wish) if found.get(name) is not None]
        salts = {name: found[name + SALT] for name in private if found.get(name + SALT) is not None}
        return Brought(found[SIGNED], {name: found[name] for name in private}, salts)

    path = form(hints_of(operation.wish)[about]) if about else None

    def _read_path(subject: str) -> None:
        try:
            assert path is not None
            path.read(subject)
        except Misread:
            raise Denied(NOT_FOUND) from None

    return read


def _misread(name: str, expected: str) -> Misread:
    misread = Misread(expected=expected)
    misread.path.append(name[:64])
    return misread


def _beside(wish: type[Any]) -> dict[str, Any]:
    """Return what may stand in a body with a signed wish, by type."""
    said = Doc("the envelope's bytes, and their signature of kind `wish`")
    found: dict[str, Any] = {SIGNED: Annotated[Signed, said]}
    for name, most in private_fields(wish).items():
        found[name] = Annotated[str | None, AtMost(most), Doc("the text that the wish names by digest; erasable")]
        found[name + SALT] = Annotated[
            bytes | None, Length(SALT_BYTES), Doc("the salt under which the wish names that text")
        ]
    return found


# What the OpenAPI document says of it.


def describe_body(operation: Create | Act, components: Components) -> Schema:
    """Return the JSON Schema of a body that holds an operation's plain wish or its signed one."""
    about = about_of(operation)
    hints = {name: hint for name, hint in hints_of(operation.wish).items() if name != about}
    required = tuple(name for name in required_of(operation.wish) if name != about)
    beside = _beside(operation.wish)
    signed = described_object(
        f"{said_of(operation.wish)}\n\nSigned by the member's own key.",
        {name: describe(hint, components) for name, hint in beside.items()},
        (SIGNED,),
        components,
    )
    signed = components.name(f"{operation.wish.__name__}Signed", signed)
    if operation.signed is KEY:
        return signed
    properties = {name: describe(hint, components) for name, hint in hints.items()}
    if isinstance(operation, Create) and operation.ways:
        return {"oneOf": [*(_way(one, properties, required, components) for one in operation.ways), signed]}
    plain = components.refer(
        operation.wish, lambda: described_object(said_of(operation.wish), properties, required, components)
    )
    return {"oneOf": [plain, signed]}


def _way(way: Way, properties: Schema, required: tuple[str, ...], components: Components) -> Schema:
    """Return the schema of one way to tell a wish."""
    left = {name: schema for name, schema in properties.items() if name not in way.without}
    return components.name(way.name, described_object(way.said, left, (*required, *way.needs), components))


def plain_required(operation: Create | Act) -> tuple[str, ...]:
    """Return which fields a body must have: of the plain wish, or `signed` where there is no plain one."""
    if operation.signed is KEY:
        return (SIGNED,)
    return tuple(name for name in required_of(operation.wish) if name != about_of(operation))


def describe_signed(operation: Create | Act) -> Schema:
    """Return what of an operation is signed: the envelope's fields and the wish's, by number, name and type."""
    return {
        "kind": Envelope.KIND,
        "operation": operation_name(operation),
        "cddl": f"wish-of-{operation_name(operation).replace('.', '_')}",
        "envelope": outline(Envelope),
        "fields": outline(operation.wish),
    }


def outline(kind: type[Any]) -> list[Schema]:
    """Return the fields of a record as they stand in its bytes."""
    hints = get_type_hints(kind, include_extras=True)
    rows: list[Schema] = []
    for number, one in enumerate(fields(kind), 1):
        hint, optional = split_optional(hints[one.name])
        row: Schema = {"number": number, "name": one.name, "type": wire_type(hint)}
        rows.append({**row, "optional": True} if optional else row)
    return rows


def wire_type(hint: Any) -> str:
    """Return what a value of a type is in the bytes, in words."""
    marks: list[Any] = []
    while get_origin(hint) is Annotated:
        hint, *more = get_args(hint)
        marks += more
    if is_personal(marks):
        return "bytes: digest `text` of a salt and the text"
    if get_origin(hint) is tuple:
        return f"array of {wire_type(get_args(hint)[0])}"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "text: " + " or ".join(str(one.value) for one in hint)
    if isinstance(hint, type) and is_dataclass(hint):
        inner = (f"{row['number']} {row['name']}{'?' if 'optional' in row else ''}" for row in outline(hint))
        return f"map of {', '.join(inner)}"
    size = next((f" of {mark.exact} octets" for mark in marks if isinstance(mark, Length)), "")
    return f"{ {str: 'text', bytes: 'bytes', int: 'integer', bool: 'boolean'}[hint] }{size}"
