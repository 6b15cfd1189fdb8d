# SPDX-License-Identifier: AGPL-3.0-or-later
"""Parameters: figures and words of a practice that its group decides; read by rules through the book.

What was set counts from its place in the ledger lane on. A set value that does not fit its declaration, as another
version of the program may have written it, counts as not set: no check judges it, so that all nodes judge alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from protocol.book.gates import Motion
from protocol.book.money import AMOUNT_MINOR_MAX, BASIS_POINTS, decimal, parse_decimal
from protocol.book.plans import STEWARDS, Role
from protocol.book.refusals import Refused
from protocol.book.timezones import UTC_ZONE, ZONE_CHARS_MAX, TimeZone, known_zone, zone_of

if TYPE_CHECKING:
    from protocol.book.book import Book

PARAMETER_CHARS_MAX = 64
VALUE_CHARS_MAX = ZONE_CHARS_MAX

T = TypeVar("T")


class Stored(NamedTuple):
    """A value as it stands in the lane: a whole number or a text."""

    number: int | None = None
    text: str | None = None


class ValueKind(Protocol[T]):
    """A kind of value: how a typed text becomes what is stored, and what is stored a value that fits (None: not)."""

    @property
    def word(self) -> str:
        """What clients call it."""
        ...

    @property
    def expected(self) -> str:
        """What may be written, in words."""
        ...

    def read(self, text: str, scale: int) -> Stored | None:
        """Return what is stored for a typed text, None where it does not fit; `scale` is the currency's."""
        ...

    def value(self, stored: Stored) -> T | None:
        """Return the value that is stored, None where it does not fit."""
        ...

    def show(self, value: T, scale: int) -> str:
        """Return a value as it is typed."""
        ...


@dataclass(frozen=True, slots=True)
class _Bounded:
    """What is stored as a number from least to most."""

    least: int
    most: int

    def value(self, stored: Stored) -> int | None:
        """Return the number, where it is within the bounds."""
        number = stored.number
        return number if number is not None and self.least <= number <= self.most else None


@dataclass(frozen=True, slots=True)
class Number(_Bounded):
    """A whole number from least to most, of something: days, members, minutes."""

    unit: str = ""
    word = "number"

    @property
    def expected(self) -> str:
        """What may be written."""
        return f"a whole number from {self.least} to {self.most}{self.unit and f' ({self.unit})'}"

    def read(self, text: str, scale: int) -> Stored | None:
        """Read a number."""
        del scale
        found = Stored(int(text)) if re.fullmatch("-?[0-9]{1,18}", text) else Stored()
        return None if self.value(found) is None else found

    def show(self, value: int, scale: int) -> str:
        """Return its digits."""
        del scale
        return str(value)


@dataclass(frozen=True, slots=True)
class Percentage(_Bounded):
    """A part of the whole, in hundredths of a percent, written "12.5%"."""

    least: int = 0
    most: int = BASIS_POINTS
    word = "share"

    @property
    def expected(self) -> str:
        """What may be written."""
        return f"a share from {self.show(self.least, 0)} to {self.show(self.most, 0)}, such as 12.5%"

    def read(self, text: str, scale: int) -> Stored | None:
        """Read a percentage of at most two decimals."""
        del scale
        points = parse_decimal(text[:-1].strip(), 2) if text.endswith("%") else None
        found = Stored(points) if isinstance(points, int) else Stored()
        return None if self.value(found) is None else found

    def show(self, value: int, scale: int) -> str:
        """Return it in percent."""
        del scale
        text = decimal(value, 2)
        return f"{text.rstrip('0').rstrip('.')}%"


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    word = "flag"
    expected = "yes or no"

    def read(self, text: str, scale: int) -> Stored | None:
        """Read yes or no."""
        del scale
        return {"yes": Stored(1), "no": Stored(0)}.get(text)

    def value(self, stored: Stored) -> bool | None:
        """Return whether."""
        return bool(stored.number) if stored.number in (0, 1) else None

    def show(self, value: bool, scale: int) -> str:  # noqa: FBT001
        """Return yes or no."""
        del scale
        return "yes" if value else "no"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]
    word = "choice"

    @property
    def expected(self) -> str:
        """What may be written."""
        return f"one of {', '.join(self.words)}"

    def read(self, text: str, scale: int) -> Stored | None:
        """Read a word."""
        del scale
        return Stored(text=text) if text in self.words else None

    def value(self, stored: Stored) -> str | None:
        """Return one of the words."""
        return stored.text if stored.text in self.words else None

    def show(self, value: str, scale: int) -> str:
        """Return the word."""
        del scale
        return value


@dataclass(frozen=True, slots=True)
class Money(_Bounded):
    """An amount of a currency in minor units, from least to most: each currency has its own value."""

    least: int = 0
    most: int = AMOUNT_MINOR_MAX
    word = "amount"
    expected = "an amount in the currency's own decimals"

    def read(self, text: str, scale: int) -> Stored | None:
        """Read a decimal of the currency's scale."""
        minor = parse_decimal(text, scale)
        found = Stored(minor) if isinstance(minor, int) else Stored()
        return None if self.value(found) is None else found

    def show(self, value: int, scale: int) -> str:
        """Return it in the currency's decimals."""
        return decimal(value, scale)


@dataclass(frozen=True, slots=True)
class Zone:
    """A place's clocks: its name in the IANA database is written, its rule is stored beside it."""

    word = "time-zone"
    expected = "a time zone such as America/Sao_Paulo or Europe/Madrid"

    def read(self, text: str, scale: int) -> Stored | None:
        """Look a zone up."""
        del scale
        zone = known_zone(text)
        return None if zone is None else Stored(text=f"{zone.name} {zone.rule}")

    def value(self, stored: Stored) -> TimeZone | None:
        """Return the zone by its rule."""
        return None if stored.text is None else zone_of(stored.text)

    def show(self, value: TimeZone, scale: int) -> str:
        """Return its name."""
        del scale
        return value.name


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """What a group decides for a practice: "dues.grace_days", its kind and bounds, what holds until it is set, and why.

    `changed_by` tells which roles may set it, or on which terms the group does. One of the kind
    Money has a value in each currency.

    `guard` tells why a value may not come to hold in a book as it stands, though it is within its bounds: a cap below
    what is outstanding, a ratio above what the reserve covers. It is asked with the book, the value and the currency
    (None where the parameter has none), by the author alone: when a motion that wishes for the value is made, when it
    is opened, and again when it is done. It may not draw, write or look at a clock.
    """

    name: str
    kind: ValueKind[T]
    default: T
    doc: str
    changed_by: frozenset[Role] | Motion = STEWARDS
    guard: Callable[[Book, T, str | None], Refused | None] | None = None

    def holds(self, book: Book, value: T, currency: str | None = None) -> Refused | None:
        """Return why a value may not come to hold in this book, None where it may."""
        return None if self.guard is None else self.guard(book, value, currency)

    @property
    def of_currency(self) -> bool:
        """Whether each currency has its own value."""
        return isinstance(self.kind, Money)


@dataclass(slots=True)
class Setting:
    """What was set: where in the lane, when, and the value."""

    arrival: int
    at_ms: int
    stored: Stored


@dataclass(slots=True)
class Decided:
    """What was set last, by name and currency ("": none); what lies over it for a while leaves it as it is."""

    by_name: dict[tuple[str, str], Setting] = field(default_factory=dict[tuple[str, str], Setting])
    over: dict[tuple[str, str], Setting] = field(default_factory=dict[tuple[str, str], Setting])


def value_of(settings: Decided, parameter: Parameter[T], currency: str = "") -> T:
    """Return what lies over it or was set last if it fits, else what holds until then."""
    key = (parameter.name, currency)
    setting = settings.over.get(key) or settings.by_name.get(key)
    return parameter.default if setting is None else stored_value(parameter, setting.stored)


def stored_value(parameter: Parameter[T], stored: Stored) -> T:
    """Return what holds where this is stored: the default where it says nothing, or nothing that fits."""
    found = parameter.kind.value(stored)
    return parameter.default if found is None else found


def declared(parameters: Sequence[Parameter[Any]]) -> dict[str, Parameter[Any]]:
    """Return parameters by name; asserts that each is declared once and that its default fits."""
    found = {parameter.name: parameter for parameter in parameters}
    assert len(found) == len(parameters), "two parameters have one name"
    for one in parameters:
        assert re.fullmatch(r"[a-z][a-z-]*(\.[a-z][a-z0-9_]*)+", one.name) and len(one.name) <= PARAMETER_CHARS_MAX - 13
        shown = one.kind.show(one.default, 2)
        assert one.kind.read(shown, 2) is not None, f"{one.name}: its default {shown} is not {one.kind.expected}"
    return found


TIME_ZONE: Parameter[TimeZone] = Parameter(
    "group.time_zone", Zone(), UTC_ZONE, "whose clocks tell when a day, a month and what is due in it begin"
)
LANGUAGE: Parameter[str] = Parameter(
    "group.language",
    Choice(("en", "es", "fr", "pt")),
    "en",
    "the language of the pages for who has chosen none and whose browser asks for none that there is",
)
PIGMENT: Parameter[str] = Parameter(
    "group.pigment",
    Choice(("drawn", "petrol", "plum", "indigo", "earth", "night")),
    "drawn",
    "the colour of the group's pages and of its tile; drawn: one that follows from the network's id",
)
