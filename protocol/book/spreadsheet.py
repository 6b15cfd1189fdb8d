# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures as tables for a spreadsheet: CSV as RFC 4180 has it, in which no cell is a formula."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, cast

from protocol.book.declaration import ReckonForm

_NUMBER = re.compile(r"[-\u2212]?[0-9][0-9.,\u00a0]*%?")
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula."""


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Return a table as CSV; what a spreadsheet would carry out stands behind an apostrophe."""
    return "".join(",".join(map(_quoted, map(guarded_cell, row))) + "\r\n" for row in rows)


def guarded_cell(cell: str) -> str:
    """Return a cell that is no formula: a number stays one."""
    return f"'{cell}" if cell.startswith(_FORMULAS) and not _NUMBER.fullmatch(cell) else cell


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(one in cell for one in ',"\r\n') else cell


def figures_as_csv(shown: Any) -> str:
    """Return figures as one table: their longest list, a row for each; where there is none, name and value."""
    values: dict[str, Any] = {one.name: getattr(shown, one.name) for one in fields(shown)}
    lists: list[tuple[Any, ...]] = [one for one in values.values() if _is_list(one)]
    if not lists:
        return csv_text([("name", "value"), *((name, _cell(value)) for name, value in values.items())])
    longest = max(lists, key=len)
    columns = [column for one in fields(longest[0]) for column in _columns(longest, one.name)]
    return csv_text([[_head(*one) for one in columns], *([_in(item, *one) for one in columns] for item in longest)])


def _columns(rows: Sequence[Any], name: str) -> list[tuple[str, str]]:
    """Return a field's column, or, of one that has words with a figure each, a column for each word."""
    told = [getattr(row, name) for row in rows]
    if not isinstance(told[0], Mapping):
        return [(name, "")]
    words = {word for one in told for word in one}
    return [(name, word) for word in sorted(words)]


def _head(name: str, word: str) -> str:
    return f"{name}_{word}" if word else name


def _in(row: Any, name: str, word: str) -> str:
    found = getattr(row, name)
    return _cell(found.get(word) if word else found)


FIGURE_FORMS = (ReckonForm("csv", "text/csv", figures_as_csv),)


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple) and value != () and is_dataclass(value[0])  # type: ignore[index]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(_cell, cast("tuple[Any, ...]", value))) if isinstance(value, tuple) else str(value)
