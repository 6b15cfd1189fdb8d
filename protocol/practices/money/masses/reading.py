# SPDX-License-Identifier: AGPL-3.0-or-later
"""A file of payees: CSV of a handle or account and an amount in each row, with or without a first row of names."""

import csv
from typing import NamedTuple

from protocol.book.money import parse_decimal
from protocol.book.refusals import AMOUNT_MALFORMED, AMOUNT_NOT_POSITIVE, MALFORMED, Refused, refuse
from protocol.practices.money.masses.entries import MASS_FILE_BYTES_MAX, MASS_ROWS_MAX
from protocol.wire.keys import digest

PAYEE_FORMULA_SIGNS = ("=", "+", "-", "@", "\t")
"""With these a spreadsheet takes a cell for a formula."""
PAYEE_COLUMNS = ("handle", "amount")


class MassRow(NamedTuple):
    """A row of the file, counted from 1 without the names of the columns: whom it names, and how much (minor units)."""

    row: int
    address: str
    minor: int | Refused


def read_rows(data: bytes, scale: int) -> tuple[MassRow, ...] | Refused:
    """Return the rows of a file; a wrong amount is its row's, what cannot be read at all is the file's."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _unreadable("text in UTF-8")
    if len(data) > MASS_FILE_BYTES_MAX:
        return _unreadable(f"at most {MASS_FILE_BYTES_MAX:,} bytes")
    mark = ";" if ";" in text.partition("\n")[0] else ","
    try:
        lines = [line for line in csv.reader(text.splitlines(), delimiter=mark, strict=True) if any(line)]
    except csv.Error:
        return _unreadable("CSV, one payee a row")
    cells = [[cell.strip() for cell in line] for line in lines]
    if cells and [cell.casefold() for cell in cells[0][:2]] in (list(PAYEE_COLUMNS), ["account", "amount"]):
        cells = cells[1:]
    if not cells or len(cells) > MASS_ROWS_MAX:
        return _unreadable(f"one to {MASS_ROWS_MAX:,} rows of a handle and an amount")
    return tuple(_row(number, line, mark, scale) for number, line in enumerate(cells, 1))


def _row(number: int, line: list[str], mark: str, scale: int) -> MassRow:
    address = line[0][:64]
    if len(line) != len(PAYEE_COLUMNS) or any(cell.startswith(PAYEE_FORMULA_SIGNS) for cell in line):
        return MassRow(number, address, refuse(MALFORMED, field=f"row {number}", expected="a handle and an amount"))
    # Where fields are parted by semicolons, as spreadsheets write them in many countries, a comma parts decimals.
    typed = line[1].replace(",", ".") if mark == ";" else line[1]
    minor = parse_decimal(typed, scale)
    if isinstance(minor, Refused) and minor.reason is AMOUNT_MALFORMED:
        minor = refuse(AMOUNT_MALFORMED, field=f"row {number}", expected="an amount such as 12.50")
    return MassRow(number, address, refuse(AMOUNT_NOT_POSITIVE) if minor == 0 else minor)


def content_of(payer: str, title: str, rows: tuple[MassRow, ...]) -> bytes:
    """Return the digest of what is asked for: the same file for the same payer and title is the same mass payment."""
    told = "\n".join(f"{one.address},{one.minor if isinstance(one.minor, int) else ''}" for one in rows)
    return digest("mass", f"{payer}\n{title}\n{told}".encode())


def _unreadable(expected: str) -> Refused:
    return refuse(MALFORMED, field="file", expected=expected)
