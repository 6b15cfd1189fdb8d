# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is shown, as parts of a page: each value by its type, so that a template only says how a part looks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin
from urllib.parse import quote

from node.http.components import hints_of
from node.http.values import bytes_text
from node.web.words import PageWords
from protocol.book.declaration import Moment, OneOf, Ref, TextRef, Uuid
from protocol.book.money import Amount
from protocol.book.signed import uuid_text

CELLS_MAX = 200
"""So many rows of a list within a record are shown."""


class ShownPiece(NamedTuple):
    """A part of a page: `kind` says which template draws it.

    text, code (an id or a digest), amount, backed (an amount of backed money), moment, number, yes, no, state, link,
    list (of parts), record (of facts), table (rows of facts), none.
    """

    kind: str
    text: str = ""
    unit: str = ""
    href: str = ""
    parts: "Sequence[ShownPiece]" = ()
    facts: "Sequence[NamedPiece]" = ()
    rows: "Sequence[Sequence[NamedPiece]]" = ()

    @property
    def holds_backed(self) -> bool:
        """Whether an amount of backed money stands in it, however deep."""
        named = (*self.facts, *(one for row in self.rows for one in row))
        return self.kind == "backed" or any(one.holds_backed for one in (*self.parts, *(fact.part for fact in named)))


class NamedPiece(NamedTuple):
    """A named part: a field of what is shown."""

    name: str
    label: str
    part: ShownPiece


NO_PIECE = ShownPiece("none")


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One row of a list: where its record is, its heading, and the other fields."""

    href: str
    heading: str
    facts: Sequence[NamedPiece]


@dataclass(frozen=True)
class PieceMaker:
    """Makes parts of values for one reader; `nouns` are those that have a record of their own to link to."""

    words: PageWords
    nouns: Mapping[str, Any]
    scales: Mapping[str, int]
    """The decimals of each currency here; where there is one alone, it is meant by an amount that names none."""
    backed: frozenset[str] = frozenset()
    """The currencies that a reserve backs: they look and are called otherwise, wherever an amount of them stands."""

    def facts(self, value: Any, *, leave: Iterable[str] = ()) -> list[NamedPiece]:
        """Return the fields of a shown thing that hold something, in order."""
        left = set(leave)
        found = (
            NamedPiece(name, self.words.label(name), self.part(getattr(value, name), hint))
            for name, hint in hints_of(type(value)).items()
            if name not in left
        )
        return [one for one in found if one.part is not NO_PIECE]

    def part(self, value: Any, hint: Any) -> ShownPiece:
        """Return a value of a type as a part of a page."""
        marks = _marks(hint)
        if value is None or value in ((), ""):
            return NO_PIECE
        match value:
            case bool():
                return ShownPiece("yes" if value else "no", self.words.say("yes") if value else self.words.say("no"))
            case Amount():
                amount = self._whole(value)
                kind = "backed" if amount.asset_code in self.backed else "amount"
                return ShownPiece(kind, self.words.amount(amount), unit=amount.asset_code or "")
            case Enum():
                return ShownPiece("state", self.words.label(str(value.value)))
            case int() if any(mark is Moment or isinstance(mark, Moment) for mark in marks):
                return ShownPiece("moment", self.words.moment(value))
            case int():
                return ShownPiece("number", self.words.number(value))
            case bytes() if any(mark is Uuid or isinstance(mark, Uuid) for mark in marks):
                return self._reference(uuid_text(value), marks)
            case bytes():
                return ShownPiece("code", self.words.told(bytes_text(value)))
            case TextRef():
                return NO_PIECE
            case str():
                return self._text(value, marks)
            case tuple() | list():
                return self._several(value, hint)
            case Mapping():
                return ShownPiece(
                    "record", facts=[NamedPiece(str(key), str(key), self.part(one, Any)) for key, one in value.items()]
                )
            case _ if is_dataclass(value):
                return ShownPiece("record", facts=self.facts(value))
            case _:
                return ShownPiece("text", str(value))

    def _whole(self, amount: Amount) -> Amount:
        """Return an amount as it was typed with the unit and the decimals that it has here."""
        code = amount.asset_code or (next(iter(self.scales)) if len(self.scales) == 1 else None)
        scale = self.scales.get(code or "", amount.asset_scale)
        if code is None or scale <= amount.asset_scale:
            return replace(amount, asset_code=code)
        return Amount(amount.value * 10 ** (scale - amount.asset_scale), code, scale)

    def _text(self, value: str, marks: Sequence[Any]) -> ShownPiece:
        if any(isinstance(mark, OneOf) for mark in marks):
            return ShownPiece("state", self.words.label(value))
        if any(isinstance(mark, Ref) for mark in marks):
            return self._reference(value, marks)
        told = self.words.told(value)
        return ShownPiece("text" if told == value or " " in told else "code", told)

    def _reference(self, name: str, marks: Sequence[Any]) -> ShownPiece:
        table = next((mark.table for mark in marks if isinstance(mark, Ref)), "")
        noun = self.nouns.get(table)
        return (
            ShownPiece("code", self.words.told(name))
            if noun is None or noun.show is None
            else ShownPiece("link", self.words.told(name), href=path_to(table, name))
        )

    def _several(self, values: Sequence[Any], hint: Any) -> ShownPiece:
        inner = next((one for one in get_args(_bare(hint)) if one is not ...), Any)
        shown = values[:CELLS_MAX]
        if is_dataclass(shown[0]) and not isinstance(shown[0], Amount):
            return ShownPiece("table", rows=[self.facts(one) for one in shown])
        return ShownPiece("list", parts=[self.part(one, inner) for one in shown])


def path_to(noun: str, name: str, *more: str) -> str:
    """Return where the page of one thing is."""
    return "/".join(("", noun, quote(name, safe="@:"), *more))


def _marks(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        return (*marks, *_marks(inner))
    if get_origin(hint) in (Union, UnionType):
        return tuple(mark for option in get_args(hint) for mark in _marks(option))
    return ()


def _bare(hint: Any) -> Any:
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, UnionType):
        return _bare(next(one for one in get_args(hint) if one is not NoneType))
    return hint
