# SPDX-License-Identifier: AGPL-3.0-or-later
"""What people read: amounts in the currency's scale, times of their own clock, tables and figures.

It is made of the node's JSON alone, so whatever a node shows can be read here.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from shutil import get_terminal_size
from typing import Any, TextIO

_ASSET_SCALE_MAX = 255
"""As in Open Payments."""

_AMOUNT_KEYS = {"value", "asset_code", "asset_scale"}
_DIGITS = re.compile(r"-?[0-9]{1,40}")
_DECIMAL = re.compile(r"-?[0-9]{1,30}\.[0-9]{1,9}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
# What others wrote must not move the cursor, hide a line, or turn its direction round.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def put(text: str, stream: TextIO | None = None) -> None:
    """Print a line or several."""
    print(text, file=stream or sys.stdout)


def put_json(value: Any) -> None:
    """Print one JSON value on one line, as it came."""
    print(json.dumps(value, ensure_ascii=False))


def shown_decimal(amount_minor: int, scale: int) -> str:
    """Return minor units as a decimal: the economy's own function would load the whole economy first."""
    digits = str(abs(amount_minor)).rjust(scale + 1, "0")
    return f"{'-' if amount_minor < 0 else ''}{digits[:-scale]}.{digits[-scale:]}" if scale else str(amount_minor)


def is_amount(value: Any) -> bool:
    """Tell whether a JSON value has the form of an amount."""
    return (
        isinstance(value, dict)
        and value.keys() == _AMOUNT_KEYS
        and isinstance(value["value"], str)
        and _DIGITS.fullmatch(value["value"]) is not None
        and isinstance(value["asset_scale"], int)
        and 0 <= value["asset_scale"] <= _ASSET_SCALE_MAX
    )


def figure(amount: Mapping[str, Any]) -> str:
    """Return an amount as a decimal without its code: "12.50"."""
    return shown_decimal(int(amount["value"]), amount["asset_scale"])


def money(amount: Mapping[str, Any]) -> str:
    """Return an amount as people write it: "12.50 HORA"."""
    code = amount["asset_code"]
    return f"{figure(amount)} {plain(code)}" if code else figure(amount)


def moment(text: str) -> str:
    """Return a time of the node's as one of this machine's clock, in ISO 8601 to the second."""
    try:
        return datetime.fromisoformat(text).astimezone().isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return text


def plain(text: str) -> str:
    """Return a text without what a terminal would obey."""
    return _UNPRINTABLE.sub("�", text)


def cell(value: Any) -> str:
    """Return a JSON value in a few words."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return moment(value) if _MOMENT.fullmatch(value) else plain(value)
    if is_amount(value):
        return money(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(cell, value))
    if isinstance(value, dict):
        return " ".join(f"{plain(key)}={cell(one)}" for key, one in value.items() if one not in (None, []))
    return str(value)


def show_record(shown: Mapping[str, Any]) -> str:
    """Return one thing as lines of name and value; what has none is left out."""
    lines: list[tuple[str, str]] = []
    for name, value in shown.items():
        told = value if isinstance(value, list | tuple) and any(isinstance(one, dict) for one in value) else [value]
        lines += ((label(name), text) for one in told if (text := cell(one)))
    width = max((len(name) for name, _ in lines), default=0)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in lines)


def show_figures(shown: Mapping[str, Any], width: int | None = None) -> str:
    """Return figures: what is told once as lines of name and value, then each list as a table under its name."""
    lists = {name: value for name, value in shown.items() if isinstance(value, list) and _is_of_objects(value)}
    once = show_record({name: value for name, value in shown.items() if name not in lists})
    tables = (f"{label(name)}\n{table(_flat(items), width=width)}" for name, items in lists.items())
    return "\n\n".join(part for part in (once, *tables) if part)


def _is_of_objects(value: Sequence[Any]) -> bool:
    return bool(value) and all(isinstance(one, dict) and not is_amount(one) for one in value)


def _flat(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return items whose objects stand as columns of their own: before share, after share."""
    flat: list[dict[str, Any]] = []
    for item in items:
        row: dict[str, Any] = {}
        for name, value in item.items():
            inner = value if isinstance(value, dict) and not is_amount(value) else None
            row |= {name: value} if inner is None else {f"{name}_{each}": one for each, one in inner.items()}
        flat.append(row)
    names = dict.fromkeys(name for row in flat for name in row)
    return [{name: row.get(name) for name in names} for row in flat]


def label(name: str) -> str:
    """Return a field's name as a word."""
    return plain(name).replace("_", " ")


def table(items: Sequence[Mapping[str, Any]], columns: Sequence[str] = (), *, width: int | None = None) -> str:
    """Return items as a table of these columns (none: all that say something), or one below the other.

    They stand one below the other where all their columns together are wider than `width`.
    """
    if not items:
        return "none"
    names = [name for name in (columns or items[0]) if any(cell(item.get(name)) for item in items)]
    rows = [[cell(item.get(name)) for name in names] for item in items]
    head = [label(name) for name in names]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    if not columns and width is not None and sum(widths) + 2 * (len(widths) - 1) > width:
        return "\n\n".join(map(show_record, items))
    right = [_is_number(name, items) for name in names]
    return "\n".join(
        "  ".join(
            text.rjust(size) if number else text.ljust(size)
            for text, size, number in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in (head, *rows)
    )


def terminal_width() -> int | None:
    """Return how wide the terminal is, None where the output goes elsewhere."""
    return get_terminal_size().columns if sys.stdout.isatty() else None


def _is_number(name: str, items: Sequence[Mapping[str, Any]]) -> bool:
    values = [item.get(name) for item in items]
    return all(value is None or is_amount(value) or type(value) is int or _is_decimal(value) for value in values)


def _is_decimal(value: Any) -> bool:
    return isinstance(value, str) and _DECIMAL.fullmatch(value) is not None
