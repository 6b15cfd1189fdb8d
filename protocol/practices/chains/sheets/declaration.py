# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sheets of a chain: a group sends them all at once; they are taken in whole, or refused with file, line and column."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import At, Create, Desk, Doc, Entered, FromFile, List, News, Plan, Practice, Show, Write
from protocol.book.ledger import Posting
from protocol.book.refusals import DUPLICATE, MALFORMED, NOT_FOUND, Reason, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.practices.chains.entries import SheetsTaken
from protocol.practices.chains.sheets.reading import SheetFault, SheetLine, lines_ahead
from protocol.practices.chains.sheets.refusals import SHEET_REFUSALS
from protocol.practices.chains.sheets.taking import sheets_read
from protocol.practices.chains.state import SheetsHeld, inputs_of
from protocol.practices.chains.telling import COORDINATORS
from protocol.wire.shape import AtMost

SHEETS_BODY_BYTES_MAX = 4 * 1024 * 1024
"""All sheets of one request, in base64."""
SHEETS_COUNTED = ("enterprises", "relations", "recipes", "criteria", "households")
Sheet = Annotated[bytes | None, AtMost(SHEETS_BODY_BYTES_MAX), FromFile]


class SheetLanguage(StrEnum):
    """In which language the numbers of sheets are written."""

    EN = "en"
    ES = "es"
    PT = "pt"
    FR = "fr"


@dataclass(frozen=True, slots=True)
class TakeSheets:
    """Take sheets of a chain in, all or nothing: CSV in UTF-8, at most 1 MiB each, as any spreadsheet saves them."""

    enterprises: Annotated[Sheet, Doc("enterprises.csv: key, turnover, wages, surplus and more")] = None
    relations: Annotated[Sheet, Doc("relations.csv: buyer, item, supplier, value and more")] = None
    recipes: Annotated[Sheet, Doc("recipes.csv: key, item, pledged, buys, wages, surplus, investment and more")] = None
    criteria: Annotated[Sheet, Doc("criteria.csv: enterprise, criterion, value, day, source")] = None
    households: Annotated[
        Sheet, Doc("households.csv: household, item, supplier, value; summed before anything is kept")
    ] = None
    rates: Annotated[Sheet, Doc("rates.csv: currency, rate to the unit of account, source, day")] = None
    language: Annotated[SheetLanguage, Doc("how numbers are written: 1,234.5 in en, 1.234,5 in es, pt, fr")] = (
        SheetLanguage.EN
    )
    dry_run: Annotated[bool, Doc("read all of it, and take nothing in")] = False


@dataclass(frozen=True, slots=True)
class SheetsAhead:
    """Sheets as they are once read, before anybody has looked at the chain."""

    lines: Mapping[str, Sequence[SheetLine]]
    language: SheetLanguage
    dry_run: bool


@dataclass(frozen=True, slots=True)
class SheetsWanted:
    """Sheets that were taken in."""


@dataclass(frozen=True, slots=True)
class SheetsShown:
    """How many rows of each sheet were taken in."""

    id: Annotated[str, Doc("its id")]
    enterprises: Annotated[int, Doc("rows of enterprises")]
    relations: Annotated[int, Doc("rows of relations")]
    recipes: Annotated[int, Doc("rows of recipes")]
    criteria: Annotated[int, Doc("rows of criteria")]
    households: Annotated[int, Doc("rows of the survey")]
    taken_at: Annotated[At | None, Doc("when; null: it was a dry run")]


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, SheetsTaken)
    refused = book.misplaced(entered)
    if refused is None and entered.body.sheets in inputs_of(book).sheets:
        refused = refuse(DUPLICATE)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    assert isinstance(entered.body, SheetsTaken)
    inputs = inputs_of(book)
    inputs.sheets[entered.body.sheets] = SheetsHeld(inputs.next_place(), entered.at_ms, entered.body)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    assert isinstance(entered.body, SheetsTaken)
    yield News("chain.sheets-taken", uuid_text(entered.body.sheets))


def read_ahead(wish: TakeSheets) -> SheetsAhead | Refused:
    """Return the sheets of a wish, read: what takes long of it, and looks at no book."""
    told = {
        "enterprises": wish.enterprises,
        "relations": wish.relations,
        "recipes": wish.recipes,
        "criteria": wish.criteria,
        "households": wish.households,
        "rates": wish.rates,
    }
    sheets = {name: data for name, data in told.items() if data is not None}
    if not sheets:
        return refuse(MALFORMED, field="enterprises", expected="at least one sheet")
    try:
        return SheetsAhead(lines_ahead(sheets, wish.language.value), wish.language, wish.dry_run)
    except SheetFault as fault:
        return fault.refused


def plan_take(desk: Desk, wish: TakeSheets | SheetsAhead) -> Plan | Refused:
    ahead = read_ahead(wish) if isinstance(wish, TakeSheets) else wish
    if isinstance(ahead, Refused):
        return ahead
    read = sheets_read(desk.book, ahead.lines, ahead.language.value, desk.chance)
    if isinstance(read, Refused):
        return read
    enterprises, relations, recipes, criteria, households = (read.rows.get(name, 0) for name in SHEETS_COUNTED)
    counts = (enterprises, relations, recipes, criteria, households)
    said = SheetsTaken(
        drawn_id(desk.chance), enterprises or None, relations or None, recipes or None, criteria or None,
        households or None,
    )  # fmt: skip
    if ahead.dry_run:
        return Plan("", answer=SheetsShown(uuid_text(said.sheets), *counts, taken_at=None))
    writes = (*map(Write, read.writes), Write(said))
    return Plan(uuid_text(said.sheets), writes, read.texts, erases=read.erases)


def view_one(desk: Desk, name: str) -> SheetsShown | Refused:
    held = inputs_of(desk.book).sheets.get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if held is None else _shown(held)


def view_all(desk: Desk, wanted: SheetsWanted, after: int) -> Iterable[tuple[int, SheetsShown]]:
    del wanted
    held = list(inputs_of(desk.book).sheets.values())
    return ((cursor, _shown(one)) for cursor, one in since(held, after))


def _shown(held: SheetsHeld) -> SheetsShown:
    said = held.said
    return SheetsShown(
        uuid_text(said.sheets),
        said.enterprises or 0,
        said.relations or 0,
        said.recipes or 0,
        said.criteria or 0,
        said.households or 0,
        held.at_ms,
    )


PRACTICE = Practice(
    name="chain-sheets",
    entries=(SheetsTaken,),
    check=check,
    fold=fold,
    news=news,
    refusals=SHEET_REFUSALS,
    operations=(
        Create(
            "chain-sheets",
            TakeSheets,
            plan=plan_take,
            who=COORDINATORS,
            verb="take",
            body_bytes_max=SHEETS_BODY_BYTES_MAX,
            ahead=read_ahead,
            example="mutirao chain-sheets take --enterprises enterprises.csv --relations relations.csv --language pt",
        ),
        Show(
            "chain-sheets",
            SheetsShown,
            view=view_one,
            who=COORDINATORS,
            example="mutirao chain-sheets show ID",
        ),
        List(
            "chain-sheets",
            SheetsWanted,
            SheetsShown,
            view=view_all,
            who=COORDINATORS,
            example="mutirao chain-sheets list",
        ),
    ),
)
