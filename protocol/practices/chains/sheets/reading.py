# SPDX-License-Identifier: AGPL-3.0-or-later
"""A sheet as it comes: bytes become rows of cells, each of which knows its place; cells become figures."""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any, NoReturn, TypeVar

from protocol.book.folding import MARKS_ON_LETTER_MAX, TextFault, composed
from protocol.book.refusals import Reason, Refused
from protocol.practices.chains.entries import SHARE_PARTS
from protocol.practices.chains.refusals import FIGURE_MISSING, FIGURE_NEGATIVE, SHARE_ABOVE_ONE
from protocol.practices.chains.sheets.columns import (
    COLUMN_NAMES,
    SHEET_LANGUAGES,
    SHEETS,
    column_of,
    columns_said,
    language_of,
    meant_by,
    words_said,
)
from protocol.practices.chains.sheets.refusals import (
    CELL_FORMULA,
    CELL_MALFORMED,
    COLUMN_MISSING,
    COLUMN_TWICE,
    COLUMN_UNKNOWN,
    SHEET_UNREADABLE,
)
from protocol.practices.market.measures import NUMBER_UNCLEAR, QUANTITY_REASONS
from protocol.practices.market.quantities import Quantity, QuantityFault, number_read, read_quantity, read_unit
from protocol.practices.market.units import BY_CODE, Language

SHEET_BYTES_MAX = 1024 * 1024
"""Of one file."""
SHEET_LINES_MAX = 20_001
CELL_CHARS_MAX = 2_000
CELL_SHOWN_CHARS_MAX = 60
CELL_FORMULA_SIGNS = ("=", "+", "-", "@", "\t")
"""With these a spreadsheet takes a cell for a formula."""

SHEET_FIGURES = frozenset(
    {"rate", "turnover", "wages", "surplus", "value", "investment", "minimum", "capacity", "hours", "times"}
)
"""Columns that hold numbers; shares are read where they are wanted."""

E = TypeVar("E", bound=Enum)
_MONTH = re.compile(r"(?:([0-9]{4})-?([0-9]{2})|([0-9]{1,2})/([0-9]{4}))")
_DATE = re.compile(r"(?:([0-9]{4})-([0-9]{2})-([0-9]{2})|([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}))")


class SheetFault(ValueError):
    """What cannot be taken in, with its place."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason.code)
        self.refused = refused


def fault(reason: Reason, sheet: str, line: int, column: str = "", **figures: str) -> NoReturn:
    """Refuse something at its place; raises SheetFault."""
    raise SheetFault(placed(reason, sheet, line, column, **figures))


def placed(reason: Reason, sheet: str, line: int, column: str = "", **figures: str) -> Refused:
    """Return a refusal with the place in a sheet that it is about."""
    place = f"{sheet}.csv, line {line}" + (f", column {column}" if column else "")
    figures = {name: one[:CELL_SHOWN_CHARS_MAX] if name != "expected" else one for name, one in figures.items()}
    about = {"about": f"{figures.pop('about')} ({place})"} if "about" in figures else {}
    return Refused(reason, {"file": f"{sheet}.csv", "line": line, "column": column, "place": place, **about, **figures})


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One row: what stands in each column, by our names, and how the columns are called there."""

    sheet: str
    line: int
    cells: Mapping[str, str]
    headers: Mapping[str, str]
    language: Language
    known: dict[str, Any] = field(default_factory=dict[str, Any])
    """Figures that were read ahead, by column."""

    def read_ahead(self) -> None:
        """Read the figures that say the same whatever the chain is; raises SheetFault."""
        for column in SHEET_FIGURES & self.cells.keys():
            self.known[column] = self.number(column)
        if "quantity" in self.cells or "unit" in self.cells:
            self.known["quantity"] = self.quantity()

    def wrong(self, reason: Reason, column: str, **figures: str) -> NoReturn:
        """Refuse what stands in a column; raises SheetFault."""
        fault(reason, self.sheet, self.line, self.headers.get(column, column), **figures)

    def text(self, column: str) -> str:
        """Return a text, empty where there is none; refuses what a spreadsheet would take for a formula."""
        cell = self.cells.get(column, "")
        if cell.startswith(CELL_FORMULA_SIGNS):
            self.wrong(CELL_FORMULA, column, cell=cell)
        return cell[1:] if cell[:1] == "'" and cell[1:2] in CELL_FORMULA_SIGNS else cell

    def needed(self, column: str) -> str:
        """Return a text that has to be there."""
        return self.text(column) or self.wrong(FIGURE_MISSING, column)

    def word(self, column: str, kind: type[E], default: E) -> E:
        """Return the word of ours that a cell means."""
        cell = self.text(column)
        found = meant_by(kind, cell) if cell else default
        if not isinstance(found, kind):
            self.wrong(CELL_MALFORMED, column, cell=cell, expected=self._one_of(kind))
        return found

    def words(self, column: str, kind: type[E]) -> tuple[E, ...]:
        """Return the words of ours that a cell means, each once, in our order."""
        told = [one.strip() for one in re.split(r"[,;+/|]", self.text(column)) if one.strip()]
        found = {meant_by(kind, one) for one in told}
        if None in found:
            self.wrong(CELL_MALFORMED, column, cell=self.text(column), expected=self._one_of(kind))
        return tuple(one for one in kind if one in found)

    def _one_of(self, kind: type[Enum]) -> str:
        return f"one of {words_said(kind, language_of(self.headers.values(), self.language))}"

    def number(self, column: str) -> Fraction | None:
        """Return a number that is not below zero, None where the cell is empty."""
        if column in self.known:
            return self.known[column]
        cell = self.cells.get(column, "")
        if not cell:
            return None
        if cell.startswith(("-", "\u2212")):
            self.wrong(FIGURE_NEGATIVE, column, cell=cell)
        if cell.startswith(CELL_FORMULA_SIGNS):
            self.wrong(CELL_FORMULA, column, cell=cell)
        try:
            return number_read(cell, self.language)
        except QuantityFault:
            self.wrong(NUMBER_UNCLEAR, column, about=cell)

    def figure(self, column: str) -> Fraction:
        """Return a number that has to be there."""
        found = self.number(column)
        return self.wrong(FIGURE_MISSING, column) if found is None else found

    def share(self, column: str, cell: str = "") -> int | None:
        """Return a share, written as 0.6 or 60%, in parts of a million; None where the cell is empty."""
        cell = cell or self.cells.get(column, "")
        bare = cell.removesuffix("%").strip()
        if not cell:
            return None
        if bare.startswith("-"):
            self.wrong(FIGURE_NEGATIVE, column, cell=cell)
        try:
            parts = number_read(bare, self.language) * SHARE_PARTS / (100 if cell.endswith("%") else 1)
        except QuantityFault:
            self.wrong(NUMBER_UNCLEAR, column, about=cell)
        if parts > SHARE_PARTS:
            self.wrong(SHARE_ABOVE_ONE, column, about=cell)
        if parts.denominator != 1:
            self.wrong(CELL_MALFORMED, column, cell=cell, expected="a share with at most six decimals")
        return int(parts)

    def quantity(self) -> Quantity | None:
        """Return how much, of the columns quantity and unit or of the first alone ("1,5 kg"); None: not said."""
        if "quantity" in self.known:
            return self.known["quantity"]
        cell, unit = self.cells.get("quantity", ""), self.text("unit")
        if not cell and not unit:
            return None
        if not cell:
            self.wrong(FIGURE_MISSING, "quantity")
        if cell.startswith(("-", "\u2212")):
            self.wrong(FIGURE_NEGATIVE, "quantity", cell=cell)
        if cell.startswith(CELL_FORMULA_SIGNS):
            self.wrong(CELL_FORMULA, "quantity", cell=cell)
        try:
            if not unit:
                return read_quantity(cell, self.language)
            code, times = (unit, Fraction(1)) if unit in BY_CODE else read_unit(unit)
            return Quantity(number_read(cell, self.language) * times, code)
        except QuantityFault as wrong:
            column = "unit" if unit and wrong.code == "UNIT_UNKNOWN" else "quantity"
            is_bare = not unit and wrong.code == "NUMBER_UNCLEAR" and not any(map(str.isalpha, cell))
            if is_bare:
                self.wrong(FIGURE_MISSING, "unit")
            self.wrong(QUANTITY_REASONS[wrong.code], column, about=unit if column == "unit" else cell)

    def month(self, column: str) -> int | None:
        """Return a month, written as 2026-11 or 11/2026, as 202611; None where the cell is empty."""
        cell = self.text(column)
        found = _MONTH.fullmatch(cell)
        if not cell:
            return None
        year, month = (int(found[1] or found[4]), int(found[2] or found[3])) if found else (0, 0)
        if not (1_901 <= year <= 3_000 and 1 <= month <= 12):
            self.wrong(CELL_MALFORMED, column, cell=cell, expected="a month, such as 2026-11")
        return year * 100 + month

    def day(self, column: str) -> int | None:
        """Return a day, written as 2026-11-30 or 30/11/2026, as 20261130; None where the cell is empty."""
        cell = self.text(column)
        found = _DATE.fullmatch(cell)
        if not cell:
            return None
        year, month, day = (
            (int(found[1] or found[6]), int(found[2] or found[5]), int(found[3] or found[4])) if found else (0, 0, 0)
        )
        if not (1_901 <= year <= 3_000 and 1 <= month <= 12 and 1 <= day <= 31) or (
            found and found[4] and self.language == "en"
        ):
            self.wrong(CELL_MALFORMED, column, cell=cell, expected="a day, such as 2026-11-30")
        return (year * 100 + month) * 100 + day


def lines_ahead(sheets: Mapping[str, bytes], language: Language) -> dict[str, list[SheetLine]]:
    """Return the rows of all sheets, their figures read; raises SheetFault."""
    found = {sheet: list(lines_of(sheet, data, language)) for sheet, data in sheets.items()}
    for lines in found.values():
        for line in lines:
            # A recipe's wages and surplus are shares.
            if line.sheet != "recipes":
                line.read_ahead()
    return found


def lines_of(sheet: str, data: bytes, language: Language) -> Iterator[SheetLine]:
    """Yield the rows of a sheet that say anything; raises SheetFault."""
    lines = [line + "\n" for line in sheet_text(sheet, data).split("\n")]
    head = next((line for line in lines if line.strip()), "")
    mark = max(";,\t", key=head.count)
    rows = csv.reader(lines, delimiter=mark, strict=True)
    columns: list[str] | None = None
    called: list[str] = []
    headers: dict[str, str] = {}
    while True:
        begun = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as wrong:
            fault(SHEET_UNREADABLE, sheet, begun, expected=f"rows of cells ({wrong})")
        if row is None:
            break
        cells = _cells(sheet, begun, row, called)
        if not any(cells):
            continue
        if columns is None:
            columns, called = _columns(sheet, begun, cells, language), cells
            headers = dict(zip(columns, cells, strict=True))
            continue
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            fault(SHEET_UNREADABLE, sheet, begun, expected=f"at most {len(columns)} cells, as in the first row")
        found = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
        yield SheetLine(sheet, begun, found, headers, language)
    if columns is None:
        fault(SHEET_UNREADABLE, sheet, 1, expected="a first row with the names of columns")


def _cells(sheet: str, line: int, row: list[str], called: list[str]) -> list[str]:
    """Return the texts of a row, made NFC as those of any wish; raises SheetFault."""
    cells = [cell.strip(" \u00a0") for cell in row]
    for place, cell in enumerate(cells):
        expected = f"at most {CELL_CHARS_MAX} characters" if len(cell) > CELL_CHARS_MAX else ""
        try:
            cells[place] = cell if expected else composed(cell)
        except TextFault:
            expected = f"at most {MARKS_ON_LETTER_MAX} marks on a letter"
        if expected:
            fault(SHEET_UNREADABLE, sheet, line, called[place] if place < len(called) else "", expected=expected)
    return cells


def sheet_text(sheet: str, data: bytes) -> str:
    """Return the text of a sheet, its lines ended by line feeds; raises SheetFault for what is none, or too large."""
    if len(data) > SHEET_BYTES_MAX:
        fault(SHEET_UNREADABLE, sheet, 1, expected=f"at most {SHEET_BYTES_MAX} bytes")
    if (nul := data.find(b"\0")) >= 0:
        fault(SHEET_UNREADABLE, sheet, data.count(b"\n", 0, nul) + 1, expected="a text in UTF-8, without NUL bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        fault(SHEET_UNREADABLE, sheet, line, expected="UTF-8: save it as CSV UTF-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") > SHEET_LINES_MAX:
        fault(SHEET_UNREADABLE, sheet, SHEET_LINES_MAX, expected=f"at most {SHEET_LINES_MAX} lines")
    return text


def _columns(sheet: str, line: int, cells: list[str], language: Language) -> list[str]:
    """Return our names of the columns that a first row names; raises SheetFault."""
    columns: list[str] = []
    for cell in cells:
        name = column_of(sheet, cell) if cell else ""
        if name is None:
            fault(COLUMN_UNKNOWN, sheet, line, cell, expected=columns_said(sheet, language_of(cells, language)))
        if name and name in columns:
            fault(COLUMN_TWICE, sheet, line, cell)
        columns.append(name)
    missing = sorted(SHEETS[sheet][0] - set(columns))
    if missing:
        called = COLUMN_NAMES[missing[0]][SHEET_LANGUAGES.index(language_of(cells, language))]
        fault(COLUMN_MISSING, sheet, line, called)
    return columns
