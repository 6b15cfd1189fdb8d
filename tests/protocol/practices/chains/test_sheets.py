# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sheets of a chain: the worked network comes in as it is printed, and whatever is wrong is told with its place."""

from pathlib import Path
from typing import Any

from protocol.practices.chains.book_chain import candidates_of, chain_of
from protocol.practices.chains.sheets.declaration import SheetLanguage, TakeSheets
from tests.protocol.practices.chains import mance
from tests.protocol.practices.desk import Group, copy_of, snapshot

WORKED = Path(__file__).parent / "worked"


def worked(**changed: bytes) -> TakeSheets:
    """Return the sheets of the worked network, some of them changed."""
    files: dict[str, Any] = {path.stem: path.read_bytes() for path in WORKED.glob("*.csv")}
    files.update(changed, language=SheetLanguage.PT)
    return TakeSheets(**files)


def told(**sheets: str) -> TakeSheets:
    """Return sheets in English."""
    files: dict[str, Any] = {name: text.encode() for name, text in sheets.items()}
    return TakeSheets(**files)


def group() -> Group:
    made = Group()
    made.admit("ana")
    return made


def test_the_worked_network_comes_in_as_it_is_printed() -> None:
    told = group()
    shown = told.do("steward", "chain-sheets.take", worked())
    assert (shown.enterprises, shown.relations, shown.recipes, shown.households) == (3, 8, 4, 32)
    assert chain_of(told.book) == mance.network()
    assert candidates_of(told.book) == mance.candidates()
    assert snapshot(copy_of(told.written)) == snapshot(told.book)


def test_sheets_sent_twice_say_everything_once() -> None:
    told = group()
    for _ in range(2):
        told.do("steward", "chain-sheets.take", worked())
    assert chain_of(told.book) == mance.network()
    assert candidates_of(told.book) == mance.candidates()
