# SPDX-License-Identifier: AGPL-3.0-or-later
"""Forms made from the type of a wish: its fields as people fill them in, and what they typed as its JSON."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from node.http.components import docs_of, hints_of, required_of, said_of
from node.http.values import moment_text
from node.web.numerals import read_numeral
from node.web.words import PageWords
from protocol.book.declaration import Doc, FromFile, Moment, MotionWish, OneOf, OwnId, Picture, Ref, Uuid
from protocol.book.money import Amount
from protocol.book.timezones import LocalTime
from protocol.wire.shape import AtMost, PersonalText, Range

LONG_CHARS = 300
"""A text that may be longer than this has a field of several lines."""
ROWS_SHOWN = 3
"""So many empty rows a list of things has in a form."""
FEW_FIELDS = 5
"""A form of so many fields or fewer shows them all."""

FormSent = Mapping[str, Sequence[str]]
"""What a form sent: values by name; the parts of a field have its name, a point and their own."""


@dataclass(frozen=True)
class FormField:
    """One field of a form, as a template draws it.

    `kind` is text, lines, long, number, amount, moment, check, choice, which (of several people that were meant), file,
    group or rows; `parts` are those of a group, `rows` the groups of a list, and `known` what a browser may complete.
    """

    name: str
    label: str
    kind: str
    said: str = ""
    required: bool = False
    choices: Sequence[tuple[str, str]] = ()
    chars_max: int | None = None
    least: int | None = None
    most: int | None = None
    refers: str = ""
    known: Sequence[tuple[str, str]] = ()
    value: str = ""
    unit: str = ""
    error: str = ""
    is_usual: bool = True
    """Whether people fill it in mostly; what is not stands behind a fold."""
    parts: "Sequence[FormField]" = ()
    rows: "Sequence[Sequence[FormField]]" = field(default=())


ABSENT: Any = object()
_WHOLE = re.compile(r"-?[0-9]{1,20}", re.ASCII)
"""More digits than any field takes, and fewer than Python reads at most."""
_OF_A_MOMENT = re.compile(r"[0-9]{1,4}", re.ASCII)


def form_fields(
    kind: type[Any], words: PageWords, units: Sequence[str], *, leave: Sequence[str] = ()
) -> list[FormField]:
    """Return the fields of a wish; `units` are the codes of currencies, `leave` what the path tells."""
    required = required_of(kind)
    hints = {name: hint for name, hint in hints_of(kind).items() if name not in leave}
    fields = [
        made
        for name, hint in hints.items()
        if (made := _field(name, hint, words, units, required=name in required)) is not None
    ]
    few = len(fields) <= FEW_FIELDS
    return [replace(one, is_usual=few or one.required or one.kind in ("long", "rows", "group")) for one in fields]


def lead_of(kind: type[Any]) -> str:
    """Return what stands over a form, a list or a record of a type: the first line of its docstring."""
    return said_of(kind).partition("\n")[0]


def _field(name: str, hint: Any, words: PageWords, units: Sequence[str], *, required: bool) -> FormField | None:
    base, marks, optional = parted(hint)
    said = next((mark.text for mark in marks if isinstance(mark, Doc)), docs_of(hint))
    label = words.label(name.rpartition(".")[2])
    made = FormField(name, label, "text", words.help(said), required and not optional)
    marked = {type(mark) if not isinstance(mark, type) else mark: mark for mark in marks}
    chars_max = next((mark.most for mark in marks if isinstance(mark, AtMost)), None)
    chars_max = next((mark.chars_max for mark in marks if isinstance(mark, PersonalText)), chars_max)
    if base is MotionWish or Mapping in (base, get_origin(base)):
        return None
    if base is Amount:
        return replace(made, kind="amount", choices=[(code, code) for code in units])
    if base is bool:
        return replace(made, kind="check", required=False)
    if base is int:
        if Moment in marked:
            return replace(made, kind="moment")
        bounds = marked.get(Range)
        least, most = (bounds.least, bounds.most) if isinstance(bounds, Range) else (None, None)
        return replace(made, kind="number", least=least, most=most)
    if base is bytes:
        if OwnId in marked:
            return None
        kind = "file" if FromFile in marked or Picture in marked else "text"
        return replace(made, kind=kind, refers=_refers(marks)) if Uuid in marked or kind == "file" else made
    if isinstance(base, type) and issubclass(base, Enum):
        return replace(made, kind="choice", choices=[(str(one.value), words.label(str(one.value))) for one in base])
    if get_origin(base) is tuple:
        return _rows(made, get_args(base)[0], words, units)
    if isinstance(base, type) and is_dataclass(base):
        parts = [replace(one, name=f"{name}.{one.name}") for one in form_fields(base, words, units)]
        return replace(made, kind="group", parts=parts)
    choices = next((mark.words for mark in marks if isinstance(mark, OneOf) and not mark.more), ())
    if choices:
        return replace(made, kind="choice", choices=[(one, words.label(one)) for one in choices])
    refers = _refers(marks)
    kind = "long" if chars_max is not None and chars_max > LONG_CHARS and not refers else "text"
    return replace(made, kind=kind, chars_max=chars_max, refers=refers)


def _rows(made: FormField, item: Any, words: PageWords, units: Sequence[str]) -> FormField:
    base, marks, _ = parted(item)
    if not (isinstance(base, type) and is_dataclass(base)) or base is Amount:
        if base is Amount:
            empty = _field("", item, words, units, required=False)
            assert empty is not None
            return replace(
                made,
                kind="rows",
                rows=[[replace(empty, name=f"{made.name}.{n}", label=made.label)] for n in range(ROWS_SHOWN)],
            )
        return replace(made, kind="lines", refers=_refers(marks))
    rows = [
        [
            replace(one, name=f"{made.name}.{number}.{one.name}", required=False)
            for one in form_fields(base, words, units)
        ]
        for number in range(ROWS_SHOWN)
    ]
    return replace(made, kind="rows", rows=rows)


def _refers(marks: Sequence[Any]) -> str:
    return next((mark.table for mark in marks if isinstance(mark, Ref)), "")


# What was typed.


class FieldMisread(ValueError):
    """A field that cannot be read: its name, and what is expected there."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(name)
        self.name = name
        self.expected = expected


def form_json(
    kind: type[Any], posted: FormSent, words: PageWords, *, leave: Sequence[str] = (), under: str = ""
) -> dict[str, Any]:
    """Return what a form sent as the JSON of a wish; empty fields are left out. Raises FieldMisread."""
    found: dict[str, Any] = {}
    for name, hint in hints_of(kind).items():
        if name in leave:
            continue
        value = _value(f"{under}{name}", hint, posted, words)
        if value is not ABSENT:
            found[name] = value
    return found


def _value(name: str, hint: Any, posted: FormSent, words: PageWords) -> Any:
    base, marks, _ = parted(hint)
    if get_origin(base) is tuple:
        return _values(name, get_args(base)[0], posted, words)
    if isinstance(base, type) and is_dataclass(base) and base is not Amount:
        inner = form_json(base, posted, words, under=f"{name}.")
        return inner if any(one not in ("", False) for one in inner.values()) else ABSENT
    text = next(iter(posted.get(name, ())), "").strip()
    if base is bool:
        return ABSENT if name not in posted else text in ("on", "true", "yes", "1")
    if not text:
        return ABSENT
    if base is Amount:
        unit = next(iter(posted.get(f"{name}.unit", ())), "").strip()
        return _amount(name, text, unit, words)
    if base is int and any(mark is Moment or isinstance(mark, Moment) for mark in marks):
        return moment_text(_moment(name, text, words))
    if base is int:
        digits = text.replace("\u2212", "-")
        if not _WHOLE.fullmatch(digits):
            raise FieldMisread(name, words.say("a whole number"))
        return int(digits)
    return text


def _values(name: str, item: Any, posted: FormSent, words: PageWords) -> Any:
    base, _, _ = parted(item)
    if (isinstance(base, type) and is_dataclass(base)) or base is Amount:
        found = [_value(f"{name}.{number}", item, posted, words) for number in _numbers(name, posted)]
        rows = [one for one in found if one is not ABSENT]
        return rows or ABSENT
    lines = [line.strip() for text in posted.get(name, ()) for line in text.splitlines()]
    found = [_value(name, item, {name: [line]}, words) for line in lines if line]
    return found or ABSENT


def _numbers(name: str, posted: FormSent) -> Iterator[int]:
    heads = {key.removeprefix(f"{name}.").partition(".")[0] for key in posted if key.startswith(f"{name}.")}
    yield from sorted(int(one) for one in heads if one.isascii() and one.isdigit() and len(one) < 4)


def _amount(name: str, text: str, unit: str, words: PageWords) -> dict[str, Any]:
    read = read_numeral(text, words.decimal_mark)
    if read is None:
        raise FieldMisread(name, words.say("an amount such as {example}", example=words.amount(Amount(1250, "", 2))))
    value, scale = read
    return {"value": str(value), "asset_scale": scale, **({"asset_code": unit} if unit else {})}


def _moment(name: str, text: str, words: PageWords) -> int:
    day, _, hour = text.partition("T")
    parts, clock = day.split("-"), (hour or "00:00").split(":")
    numbers = [*parts, *clock]
    if len(parts) != 3 or len(clock) not in (2, 3) or not all(_OF_A_MOMENT.fullmatch(one) for one in numbers):
        raise FieldMisread(name, words.say("a day and an hour"))
    year, month, of_month, hours, minutes = (int(one) for one in numbers[:5])
    if not (1970 <= year <= 6000 and 1 <= month <= 12 and 1 <= of_month <= 31 and hours < 24 and minutes < 60):
        raise FieldMisread(name, words.say("a day and an hour"))
    try:
        return words.zone.moment(LocalTime(year, month, of_month, (hours * 60 + minutes) * 60_000))
    except ValueError:
        raise FieldMisread(name, words.say("a day and an hour")) from None


def with_typed(fields: Sequence[FormField], posted: FormSent, errors: Mapping[str, str]) -> list[FormField]:
    """Return fields with what was typed in them, and what is wrong with it."""

    def one(each: FormField) -> FormField:
        return replace(
            each,
            value="\n".join(posted.get(each.name, ())) or each.value,
            unit=next(iter(posted.get(f"{each.name}.unit", ())), each.unit),
            error=errors.get(each.name, ""),
            parts=[one(part) for part in each.parts],
            rows=[[one(part) for part in row] for row in each.rows],
        )

    return [one(each) for each in fields]


def parted(hint: Any) -> tuple[Any, tuple[Any, ...], bool]:
    """Return a type without its marks and its None, its marks, and whether None may stand there."""
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        base, more, optional = parted(inner)
        return base, (*marks, *more), optional
    if get_origin(hint) in (Union, UnionType):
        options = [one for one in get_args(hint) if one is not NoneType]
        base, marks, _ = parted(options[0])
        return base, marks, len(options) < len(get_args(hint))
    if hasattr(hint, "__supertype__"):
        return parted(hint.__supertype__)
    return hint, (), False
