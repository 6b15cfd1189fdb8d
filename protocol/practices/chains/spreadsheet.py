# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures as tables for a spreadsheet: CSV as RFC 4180 has it, in which no cell is a formula."""

import re
from collections.abc import Iterable, Sequence
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
    names = [one.name for one in fields(longest[0])]
    return csv_text([names, *([_cell(getattr(item, name)) for name in names] for item in longest)])


FIGURE_FORMS = (ReckonForm("csv", "text/csv", figures_as_csv),)


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple) and value != () and is_dataclass(value[0])  # type: ignore[index]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(_cell, cast("tuple[Any, ...]", value))) if isinstance(value, tuple) else str(value)
