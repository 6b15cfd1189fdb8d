# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first members from a spreadsheet: rows as they are copied from one, each judged before any is taken in."""

import csv
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO

from node.web.first_run import handle_from, limit_of
from protocol.book.currency import Currency
from protocol.book.money import Amount
from protocol.book.personal import NAME_CHARS_MAX, text_refusal
from protocol.practices.people.imports import ImportedAccount, ImportedMember
from protocol.practices.people.names import HANDLE

ROWS_MAX = 1_000
_HEADINGS = {"name", "nome", "nombre", "nom"}
"""What the first cell of a row of headings says."""


class RowFault(StrEnum):
    """Why a row is not taken in."""

    NAME = "name"
    HANDLE = "handle"
    TWICE = "twice"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class SheetMember:
    """A row: its number, what it says, and the member that it brings, or why it brings none.

    Somebody who is a member already is brought by none either, so that a sheet can be sent again.
    """

    number: int
    cells: tuple[str, str, str]
    member: ImportedMember | None = None
    fault: RowFault | None = None
    is_here: bool = False


def sheet_rows(text: str, currency: Currency, taken: Collection[str]) -> Sequence[SheetMember]:
    """Return the rows of a sheet: name, handle and limit, the last two if they are told; `taken` are handles here."""
    first = text.lstrip().partition("\n")[0]
    mark = next((one for one in "\t;" if one in first), ",")
    rows = [[cell.strip() for cell in row] for row in csv.reader(StringIO(text), delimiter=mark)]
    found: list[SheetMember] = []
    brought = set[str]()
    for number, row in enumerate(rows[: ROWS_MAX + 1], 1):
        cells = (*row, "", "", "")[:3]
        if not any(cells) or (number == 1 and cells[0].lower() in _HEADINGS):
            continue
        one = _row(number, (cells[0], cells[1], cells[2]), currency, taken, brought)
        if one.member is not None:
            brought.add(one.member.handle)
        found.append(one)
    return found


def _row(
    number: int, cells: tuple[str, str, str], currency: Currency, taken: Collection[str], brought: Collection[str]
) -> SheetMember:
    name, handle, limit = cells
    handle = handle.lower() or handle_from(name)
    said = (name, handle, limit)
    if not 1 <= len(name) <= NAME_CHARS_MAX or text_refusal("name", name, NAME_CHARS_MAX):
        return SheetMember(number, said, fault=RowFault.NAME)
    if not re.fullmatch(HANDLE, handle):
        return SheetMember(number, said, fault=RowFault.HANDLE)
    if handle in brought:
        return SheetMember(number, said, fault=RowFault.TWICE)
    if handle in taken:
        return SheetMember(number, said, is_here=True)
    read = -currency.default_least_minor if not limit else limit_of(limit, currency.scale)
    if read is None:
        return SheetMember(number, said, fault=RowFault.LIMIT)
    account = ImportedAccount(currency.code, Amount(read, currency.code, currency.scale))
    return SheetMember(number, said, ImportedMember(handle, name, accounts=(account,)))
