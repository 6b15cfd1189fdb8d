# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fairs and tallies as members see them, how they are wished for, and the empty sheet to print."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Moment, ReckonForm, Ref, RowsWanted, Uuid
from protocol.book.money import Amount
from protocol.book.parameters import TIME_ZONE
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import Id16, Time, parse_uuid, uuid_text
from protocol.practices.credit.fairs.entries import TALLY_ROWS_MAX, FairTitle, SheetName, Stalls
from protocol.practices.credit.fairs.state import FAIRS, TALLIES, Fair, Tally, TallyState
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class HoldFair:
    """Announce a fair: where people trade for a day, and tally on paper what they give each other."""

    title: Annotated[FairTitle, Doc("what it is called")]
    date: Annotated[Time, Moment, Doc("when it is held")]
    currency: Annotated[Code, Ref("currencies"), Doc("in which currency is paid")]
    stalls: Annotated[Stalls, Doc("who has a stall, or what is there")] = ()


@dataclass(frozen=True, slots=True)
class RowTyped:
    """One line of the sheet."""

    payer: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Doc("the handle of who gave")]
    payee: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Doc("the handle of who got it")]
    amount: Annotated[Amount, Doc("how much")]


@dataclass(frozen=True, slots=True)
class EnterTally:
    """Type in a sheet of a fair, all of it at once; typed again it is shown as it stands."""

    fair: Annotated[Id16, Uuid, Ref("fairs"), Doc("the id of the fair")]
    sheet: Annotated[SheetName, Doc("what stands on the sheet as its number: typed in once")]
    rows: Annotated[tuple[RowTyped, ...], AtMost(TALLY_ROWS_MAX), Doc("its lines, from above to below")]


@dataclass(frozen=True, slots=True)
class FairsWanted:
    """All fairs."""


@dataclass(frozen=True, slots=True)
class FairShown:
    """A fair, and the sheets of it that were typed in."""

    id: Annotated[str, Doc("its UUID")]
    title: Annotated[str, Doc("what it is called")]
    date: Annotated[At, Doc("when it is held")]
    currency: Annotated[str, Doc("in which currency is paid")]
    stalls: Annotated[tuple[str, ...], Doc("who has a stall, or what is there")]


@dataclass(frozen=True, slots=True)
class TalliesWanted:
    """All sheets that were typed in."""

    fair: Annotated[Id16 | None, Uuid, Doc("only those of one fair")] = None


@dataclass(frozen=True, slots=True)
class RowShown:
    """One line of a sheet."""

    payer: Annotated[str, Doc("the handle of who gave")]
    payee: Annotated[str, Doc("the handle of who got it")]
    amount: Annotated[Amount, Doc("how much")]
    paid: Annotated[bool, Doc("whether it was paid")]


@dataclass(frozen=True, slots=True)
class TallyShown:
    """A sheet of a fair as it was typed in, and what became of each row."""

    id: Annotated[str, Doc("its UUID")]
    fair: Annotated[str, Doc("the fair")]
    sheet: Annotated[str, Doc("the sheet's number")]
    state: Annotated[TallyState, Doc("whether it was paid")]
    rows: Annotated[tuple[RowShown, ...], Doc("its lines")]
    total: Annotated[Amount, Doc("what all of them come to")]
    objected: Annotated[tuple[str, ...], Doc("the handles of those who object")]
    agreed: Annotated[tuple[str, ...], Doc("the handles of those who agree; who has a key pays so alone")]
    until: Annotated[At, Doc("until when who stands on it may object")]


@dataclass(frozen=True, slots=True)
class FairSheetWanted:
    """The empty sheet of a fair, to print and to fill in by hand; the form html is the page."""

    fair: Annotated[str, AtMost(40), Doc("the id of the fair")]


@dataclass(frozen=True, slots=True)
class FairSheetShown:
    """What stands on the empty sheet."""

    fair: Annotated[str, Doc("the id of the fair")]
    network: Annotated[str, Doc("the network's handle")]
    title: Annotated[str, Doc("what the fair is called")]
    date: Annotated[str, Doc("its day by the group's clocks")]
    unit: Annotated[str, Doc("the group's own word for one unit")]
    stalls: Annotated[tuple[str, ...], Doc("who has a stall")]
    rows: Annotated[int, Doc("how many lines it has")]


def view_fair(desk: Desk, name: str) -> FairShown | Refused:
    fair = desk.book.rows(FAIRS).get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if fair is None else _fair_shown(fair)


def view_fairs(desk: Desk, wanted: FairsWanted, after: int) -> Iterable[tuple[int, FairShown]]:
    del wanted
    return ((cursor, _fair_shown(fair)) for cursor, fair in desk.book.rows(FAIRS).since(after))


def _fair_shown(fair: Fair) -> FairShown:
    return FairShown(uuid_text(fair.id), fair.title, fair.date_ms, fair.currency, fair.stalls)


def view_tally(desk: Desk, name: str) -> TallyShown | Refused:
    tally = desk.book.rows(TALLIES).get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if tally is None else tally_shown(desk.book, tally)


def view_tallies(desk: Desk, wanted: TalliesWanted, after: int, limit: int) -> RowsWanted:
    by = None if wanted.fair is None else (("fair", wanted.fair),)
    return RowsWanted(TALLIES, after, limit, lambda tally: tally_shown(desk.book, tally), by)


def tally_shown(book: Book, tally: Tally) -> TallyShown:
    """Return a sheet as members see it."""
    return TallyShown(
        id=uuid_text(tally.id),
        fair=uuid_text(tally.fair),
        sheet=tally.sheet,
        state=tally.state,
        rows=tuple(_rows_shown(book, tally)),
        total=book.amount(tally.currency, tally.total_minor),
        objected=tuple(book.members[one].handle for one in tally.objected),
        agreed=tuple(book.members[one].handle for one in tally.agreed),
        until=tally.until_ms,
    )


def _rows_shown(book: Book, tally: Tally) -> Iterator[RowShown]:
    for place, row in enumerate(tally.rows):
        amount = book.amount(tally.currency, row.amount)
        yield RowShown(book.name_of(row.payer), book.name_of(row.payee), amount, place in tally.posted)


SHEET_LINES = 24
"""Lines of an empty sheet: a page of A4."""


def view_fair_sheet(desk: Desk, wanted: FairSheetWanted) -> FairSheetShown | Refused:
    book = desk.book
    fair = book.rows(FAIRS).get(parse_uuid(wanted.fair) or b"")
    if fair is None:
        return refuse(NOT_FOUND)
    local = book.parameter(TIME_ZONE).local(fair.date_ms)
    return FairSheetShown(
        fair=uuid_text(fair.id),
        network=book.handle or "",
        title=fair.title,
        date=f"{local.year:04}-{local.month:02}-{local.day:02}",
        unit=book.currencies[fair.currency].unit_word,
        stalls=fair.stalls,
        rows=SHEET_LINES,
    )


FAIR_SHEET_STYLE = """
@page{size:A4;margin:12mm}
body{font:13px/1.4 Archivo,system-ui,sans-serif;color:#000;background:#fff;margin:0}
h1{font-size:20px;margin:0}p{margin:2px 0}
table{border-collapse:collapse;width:100%;margin-top:6px}
td,th{border:1px solid #000;height:8.2mm;padding:0 4px;text-align:left}
td:first-child,th:first-child{width:9mm;text-align:right}
"""


def page_of_fair(shown: FairSheetShown) -> str:
    """Return the page to print: a number to write on it, and lines of from, to, how much."""
    lines = "".join(f"<tr><td>{place}</td><td></td><td></td><td></td></tr>" for place in range(1, shown.rows + 1))
    stalls = f"<p>{escape(' · '.join(shown.stalls))}</p>" if shown.stalls else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(shown.title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{FAIR_SHEET_STYLE}</style>'
        f"<h1>{escape(shown.title)}</h1><p>{escape(shown.network)} · {shown.date}</p>{stalls}<p>Sheet No. ________</p>"
        f"<table><tr><th></th><th>From</th><th>To</th><th>{escape(shown.unit)}</th></tr>{lines}</table></html>\n"
    )


FAIR_SHEET_FORMS = (ReckonForm("html", "text/html", page_of_fair, FAIR_SHEET_STYLE),)
