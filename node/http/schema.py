# SPDX-License-Identifier: AGPL-3.0-or-later
"""Between JSON and the values that features declare, strictly both ways, and their JSON Schema.

A form is made once for each type, from its hints alone; reading and showing then build nothing but
the value itself.
"""

import json
import re
import types
import typing
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache, lru_cache
from inspect import cleandoc
from operator import attrgetter
from typing import Annotated, Any, NoReturn, get_args, get_origin
from unicodedata import normalize

from protocol.book.declaration import Act, Create, Doc, Moment, MotionWish, Ref, TextRef, Uuid, operation_name
from protocol.book.money import AMOUNT_MINOR_MAX, ASSET_SCALE_MAX, Amount
from protocol.book.refusals import AMOUNT_MALFORMED, AMOUNT_TOO_LARGE, MALFORMED, Figure, Reason, Refused
from protocol.book.signed import TIME_MS_MAX, parse_uuid, uuid_text
from protocol.practices import PRACTICES
from protocol.wire.shape import AtMost, Length, PersonalText, Range, is_personal

MOMENT_MS_MAX = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last moment that RFC 3339 can write."""

Schema = dict[str, Any]
Read = Callable[[Any], Any]

_TO_BASE64URL = bytes.maketrans(b"+/", b"-_")
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/   ")

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_DIGITS = re.compile(r"-?(0|[1-9][0-9]*)")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|\+00:00)", re.ASCII)


class Misread(ValueError):
    """JSON that is not of the form wished for: the reason, the field's path, what was expected there."""

    def __init__(self, reason: Reason = MALFORMED, **figures: Figure) -> None:
        super().__init__(reason.code)
        self.reason = reason
        self.path: list[str] = []
        self.figures = figures

    def refused(self) -> Refused:
        """Return the refusal that this is."""
        field = ".".join(reversed(self.path)) or "body"
        # A key may be half a surrogate pair, which no answer can carry.
        shown = field[:200].encode(errors="replace").decode()
        return Refused(self.reason, {"field": shown, **self.figures})


@dataclass(frozen=True, slots=True)
class Form:
    """How a type is read from JSON and from a query parameter, shown as JSON (None: as it is), described."""

    read: Read
    show: Callable[[Any], Any] | None
    describe: Callable[["Components"], Schema]
    read_text: Callable[[str], Any] | None = None


class Components:
    """The named schemas of one document; what a wish may hold is closed, what is shown is complete."""

    def __init__(self, *, wished: bool, taken: Mapping[str, Schema] | None = None) -> None:
        self.wished = wished
        self.schemas: dict[str, Schema] = {}
        self._taken = taken or {}
        self._names: dict[type[Any], str] = {}

    def refer(self, kind: type[Any], describe: Callable[[], Schema]) -> Schema:
        """Return a reference to the schema of a class, describing it at its first mention."""
        name = self._names.get(kind)
        if name is None:
            name = kind.__name__
            if name in self.schemas or name in self._taken:
                name = f"{name}{'Wished' if self.wished else 'Shown'}"
            if name in self.schemas:
                name = f"{kind.__module__.rpartition('.')[2].capitalize()}{name}"
            assert name not in self.schemas, f"two schemas would be named {name}"
            self._names[kind] = name
            self.schemas[name] = {}
            self.schemas[name] = describe()
        return {"$ref": f"#/components/schemas/{name}"}


def parse(data: bytes) -> Any:
    """Return what JSON bytes say: no NaN, no key twice, no bottomless depth; raises Misread."""
    try:
        return _decoder.decode(data.decode())
    except Misread:
        raise
    except (ValueError, RecursionError):
        raise Misread(expected="JSON in UTF-8") from None


def dump(value: Any) -> bytes:
    """Return a shown value as JSON bytes."""
    return _encode(value).encode()


def dumped(value: Any) -> bytes:
    """Return a value of a class that has a form as JSON bytes."""
    show = form(type(value)).show
    assert show is not None
    return dump(show(value))


@cache
def form(hint: Any) -> Form:
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
            return _ANYTHING
        if key is not str:
            raise TypeError("keys of a JSON object are texts")
        return _map(form(item))
    if isinstance(hint, typing.NewType):
        return form(hint.__supertype__)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        return _record(hint)
    raise TypeError(f"{hint} has no JSON form")


def describe(hint: Any, components: Components) -> Schema:
    """Return the JSON Schema of a type."""
    return form(hint).describe(components)


def docs_of(hint: Any) -> str:
    """Return what an annotated type's Doc says, empty where it has none."""
    return next((mark.text for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Doc)), "")


def hints_of(kind: type[Any]) -> dict[str, Any]:
    """Return the resolved hints of a dataclass's fields, in order."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind) if field.init}


def required_of(kind: type[Any]) -> tuple[str, ...]:
    """Return the names of the fields that have no default."""
    return tuple(
        one.name for one in fields(kind) if one.init and one.default is MISSING and one.default_factory is MISSING
    )


def bytes_text(data: bytes) -> str:
    """Return bytes as base64url without padding (RFC 4648 5)."""
    return b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_BASE64URL).decode()


def moment_text(at_ms: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 in UTC, the nearest that years 1970 to 9999 can tell."""
    at_ms = min(max(at_ms, 0), MOMENT_MS_MAX)
    return f"{_second_text(at_ms // 1000)}.{at_ms % 1000:03}Z"


@lru_cache(maxsize=1_024)
def _second_text(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat()[:19]


def read_text(value: Any) -> str:
    """Read a text, made NFC: no control characters but line feed and tab, nothing that UTF-8 cannot carry.

    Keyboards and file systems write é in one character or in two. What is signed is not read here.
    """
    if type(value) is not str:
        raise Misread(expected="a text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Misread(expected="a text of Unicode characters") from None
        value = normalize("NFC", value)
    if _CONTROL.search(value):
        raise Misread(expected="a text without control characters")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Misread(expected="each key once")
    return value


def _not_a_number(text: str) -> NoReturn:
    raise Misread(expected=f"JSON, which has no {text}")


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_not_a_number)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False).encode


def _read_int(value: Any) -> int:
    if type(value) is not int or not -AMOUNT_MINOR_MAX - 1 <= value <= AMOUNT_MINOR_MAX:
        raise Misread(expected="a whole number of at most 64 bits")
    return value


def _read_int_text(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise Misread(expected="a whole number")
    return _read_int(int(text))


def _read_bool(value: Any) -> bool:
    if type(value) is not bool:
        raise Misread(expected="true or false")
    return value


def _read_bool_text(text: str) -> bool:
    if text not in ("true", "false"):
        raise Misread(expected="true or false")
    return text == "true"


def _read_bytes(value: Any) -> bytes:
    if type(value) is str and value.isascii():
        padded = value.encode().translate(_TO_BASE64) + b"=" * (-len(value) % 4)
        try:
            data = a2b_base64(padded)
        except ValueError:
            data = b""
        # One text for one value: what decodes otherwise, with padding or stray bits, is refused.
        if b2a_base64(data, newline=False) == padded:
            return data
    raise Misread(expected="bytes as base64url without padding")


def _read_uuid(value: Any) -> bytes:
    found = parse_uuid(value) if type(value) is str else None
    if found is None:
        raise Misread(expected="a UUID in small letters")
    return found


def _read_moment(value: Any) -> int:
    if type(value) is str and _MOMENT.fullmatch(value):
        try:
            at = datetime.fromisoformat(value.upper())
        except ValueError:
            pass
        else:
            at_ms = int(at.replace(microsecond=0).timestamp()) * 1000 + at.microsecond // 1000
            if 0 <= at_ms <= TIME_MS_MAX:
                return at_ms
    raise Misread(expected="a time such as 2026-05-01T12:00:00Z, not beyond the year 6429")


def _read_amount(value: Any) -> Amount:
    if type(value) is not dict:
        raise Misread(AMOUNT_MALFORMED, expected="an object of value, asset_code, asset_scale")
    if not value.keys() <= {"value", "asset_code", "asset_scale"}:
        raise Misread(AMOUNT_MALFORMED, expected="only value, asset_code, asset_scale")
    digits = value.get("value")
    if type(digits) is not str or not _DIGITS.fullmatch(digits) or digits == "-0":
        raise Misread(AMOUNT_MALFORMED, expected="value as digits in a text")
    if len(digits) > 20 + ASSET_SCALE_MAX:
        raise Misread(AMOUNT_TOO_LARGE, maximum=AMOUNT_MINOR_MAX)
    code = value.get("asset_code")
    if code is not None:
        code = read_text(code)
    scale = value.get("asset_scale")
    if type(scale) is not int or not 0 <= scale <= ASSET_SCALE_MAX:
        # Left out, 1250 could be meant as 12.50 or as 1250.00.
        misread = Misread(AMOUNT_MALFORMED, expected="how many of the digits are decimals: 2 in 12.50")
        misread.path.append("asset_scale")
        raise misread
    amount = Amount(int(digits), code, scale).reduced()
    if abs(amount.value) > AMOUNT_MINOR_MAX:
        raise Misread(AMOUNT_TOO_LARGE, maximum=AMOUNT_MINOR_MAX)
    return amount


def _show_amount(amount: Amount) -> dict[str, Any]:
    return {"value": str(amount.value), "asset_code": amount.asset_code, "asset_scale": amount.asset_scale}


def _describe_amount(components: Components) -> Schema:
    def described() -> Schema:
        code: Schema = {"type": "string", "description": "The currency's code."}
        if components.wished:
            code = {
                "type": ["string", "null"],
                "description": "The currency's code; may be left out for the account's own.",
            }
        return described_object(
            "Whole units of the smallest part: value 1250 at asset_scale 2 is 12.50.",
            {
                "value": {"type": "string", "pattern": r"^(0|-?[1-9][0-9]{0,18})$", "examples": ["1250"]},
                "asset_code": code,
                "asset_scale": {"type": "integer", "minimum": 0, "maximum": ASSET_SCALE_MAX},
            },
            ("value", "asset_scale"),
            components,
        )

    return components.refer(Amount, described)


def _read_motion_wish(value: Any) -> MotionWish:
    if type(value) is not dict or not {"operation"} <= value.keys() <= {"operation", "subject", "wish"}:
        raise Misread(expected="an object of operation, subject, wish")
    name, subject = (read_text(value.get(key, "")) for key in ("operation", "subject"))
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


def _show_text_ref(text: Any) -> str | None:
    # An erased text leaves its reference behind, which tells a member nothing.
    return text if isinstance(text, str) else None


def _read_text_ref(value: Any) -> NoReturn:
    del value
    raise TypeError("a text reference is shown, never wished for")


def _fixed(schema: Schema) -> Callable[[Components], Schema]:
    return lambda _: dict(schema)


_PLAIN: Mapping[Any, Form] = {
    str: Form(read_text, None, _fixed({"type": "string"}), read_text),
    int: Form(_read_int, None, _fixed({"type": "integer", "format": "int64"}), _read_int_text),
    bool: Form(_read_bool, None, _fixed({"type": "boolean"}), _read_bool_text),
    bytes: Form(
        _read_bytes,
        bytes_text,
        _fixed({"type": "string", "contentEncoding": "base64url", "pattern": "^[A-Za-z0-9_-]*$"}),
        _read_bytes,
    ),
    Amount: Form(_read_amount, _show_amount, _describe_amount),
    MotionWish: Form(_read_motion_wish, _show_motion_wish, _describe_motion_wish),
    TextRef: Form(
        _read_text_ref,
        _show_text_ref,
        _fixed({"type": ["string", "null"], "description": "null once it has been erased."}),
    ),
}
_ANYTHING = Form(_read_text_ref, None, _fixed({"type": "object"}))
_UUID_FORM = Form(_read_uuid, uuid_text, _fixed({"type": "string", "format": "uuid"}), _read_uuid)
_MOMENT_FORM = Form(_read_moment, moment_text, _fixed({"type": "string", "format": "date-time"}), _read_moment)


def _annotated(base: Any, marks: list[Any]) -> Form:
    if get_origin(base) is Annotated:
        base, *inner = get_args(base)
        return _annotated(base, [*inner, *marks])
    if get_origin(base) in (typing.Union, types.UnionType) and types.NoneType in get_args(base):
        # Bounds speak of the value, not of its absence.
        return _optional(_annotated(_without_none(base), marks))
    if any(mark is Moment or isinstance(mark, Moment) for mark in marks):
        # Their own forms know their bounds.
        made, marks = _MOMENT_FORM, [mark for mark in marks if not isinstance(mark, Range)]
    elif any(mark is Uuid or isinstance(mark, Uuid) for mark in marks):
        made, marks = _UUID_FORM, [mark for mark in marks if not isinstance(mark, Length)]
    else:
        made = _PLAIN[str] if is_personal(marks) else form(base)
    for mark in marks:
        match mark:
            case Doc(text):
                made = _extended(made, None, description=text)
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


def _extended(made: Form, check: Callable[[Any], None] | None, **words: Any) -> Form:
    """Return a form that also checks what it has read, and whose description says so."""

    def describe_more(components: Components) -> Schema:
        return {**made.describe(components), **words}

    if check is None:
        return Form(made.read, made.show, describe_more, made.read_text)

    def read(value: Any) -> Any:
        found = made.read(value)
        check(found)
        return found

    def read_parameter(text: str) -> Any:
        assert made.read_text is not None
        found = made.read_text(text)
        check(found)
        return found

    return Form(read, made.show, describe_more, made.read_text and read_parameter)


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


def _union(hint: Any) -> Form:
    return _optional(form(_without_none(hint))) if types.NoneType in get_args(hint) else _one_of(hint)


def _without_none(hint: Any) -> Any:
    kinds = [kind for kind in get_args(hint) if kind is not types.NoneType]
    if len(kinds) != 1:
        raise TypeError(f"{hint} has no JSON form")
    return kinds[0]


def _optional(made: Form) -> Form:
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

    return Form(read, show and show_optional, describe_optional, made.read_text)


def _one_of(hint: Any) -> Form:
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

    return Form(read, show, lambda components: {"oneOf": [made.describe(components) for made in forms.values()]})


def _array(item: Form) -> Form:
    show = item.show

    def read(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise Misread(expected="a list")
        found: list[Any] = []
        try:
            for one in value:
                found.append(item.read(one))  # noqa: PERF401  # its length tells which one was misread  # the count tells which one was misread
        except Misread as misread:
            misread.path.append(str(len(found)))
            raise
        return tuple(found)

    return Form(
        read,
        (lambda values: [show(value) for value in values]) if show else list,
        lambda components: {"type": "array", "items": item.describe(components)},
    )


def _map(item: Form) -> Form:
    show = item.show

    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise Misread(expected="an object")
        found: dict[str, Any] = {}
        for key, one in value.items():
            try:
                found[read_text(key)] = item.read(one)
            except Misread as misread:
                misread.path.append(key[:64])
                raise
        return found

    return Form(
        read,
        (lambda values: {key: show(value) for key, value in values.items()}) if show else dict,
        lambda components: {"type": "object", "additionalProperties": item.describe(components)},
    )


def _enum(kind: type[Enum]) -> Form:
    members = {member.value: member for member in kind}
    words = ", ".join(members)

    def read(value: Any) -> Enum:
        if type(value) is not str or value not in members:
            raise Misread(expected=f"one of {words}")
        return members[value]

    return Form(read, lambda member: member.value, _fixed({"type": "string", "enum": list(members)}), read)


def _record(kind: type[Any]) -> Form:
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

    return Form(read, show, describe_record)


def said_of(kind: type[Any]) -> str:
    """Return a class's docstring, unless the dataclass decorator made it."""
    text = kind.__doc__ or ""
    return "" if text.startswith(f"{kind.__name__}(") else cleandoc(text)


def described_object(said: str, properties: Schema, required: tuple[str, ...], components: Components) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    if said:
        schema["description"] = said
    if components.wished:
        schema["additionalProperties"] = False
    needed = list(required) if components.wished else list(properties)
    if needed:
        schema["required"] = needed
    return schema
