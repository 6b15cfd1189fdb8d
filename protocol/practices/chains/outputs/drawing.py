# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of the chain: which there are, what is asked of them, and the forms in which they are given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import islice
from typing import Annotated

from protocol.book.declaration import Doc, ReckonForm
from protocol.book.refusals import MALFORMED, Refused, refuse
from protocol.book.spreadsheet import csv_text
from protocol.practices.chains.engine.chain import HOUSEHOLDS
from protocol.practices.chains.engine.founded import founded
from protocol.practices.chains.engine.missing import MissingLinks
from protocol.practices.chains.entries import ENTERPRISE_KEY_CHARS_MAX
from protocol.practices.chains.outputs.basis import ChainSource
from protocol.practices.chains.pictures.canvas import text_in_xml
from protocol.practices.chains.pictures.change import change_picture
from protocol.practices.chains.pictures.networks import NetworksPictured, map_picture
from protocol.practices.chains.pictures.pictured import ChainDrawing
from protocol.practices.chains.pictures.segments import segments_picture
from protocol.practices.chains.pictures.tree import tree_picture
from protocol.practices.chains.pictures.words import plain_number
from protocol.practices.chains.refusals import ENTERPRISE_UNKNOWN
from protocol.practices.chains.sheets.declaration import SheetLanguage
from protocol.wire.shape import AtMost, Range

PICTURE_PX_LEAST, PICTURE_PX_MOST = 320, 1_600
CANDIDATES_PICTURED = 5
"""So many candidates may be founded in one picture."""


class ChainPictureKind(StrEnum):
    """Which picture of a chain."""

    SEGMENTS = "segments"
    TREE = "tree"
    BEFORE_AFTER = "before-after"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class ChainPictureWanted:
    """A picture of the chain: the flow between segments, a unit followed upstream, before and after, or networks."""

    which: Annotated[ChainPictureKind, Doc("which picture")] = ChainPictureKind.SEGMENTS
    width: Annotated[
        int, Range(PICTURE_PX_LEAST, PICTURE_PX_MOST), Doc("pixels; below 600 it is drawn for a phone")
    ] = 1_280
    language: Annotated[SheetLanguage, Doc("in which it speaks")] = SheetLanguage.EN
    root: Annotated[
        str, AtMost(ENTERPRISE_KEY_CHARS_MAX), Doc("from whom a tree is followed: a short key, or households")
    ] = ""
    candidates: Annotated[
        str, AtMost(200), Doc("who is founded in before-after: mill,soap; without it whoever keeps most")
    ] = ""


@dataclass(frozen=True, slots=True)
class ChainPictureShown:
    """A picture, and what it shows in words and figures, for who does not see it."""

    which: ChainPictureKind
    language: Annotated[SheetLanguage, Doc("in which it speaks, and writes numbers")]
    svg: Annotated[str, Doc("the picture: SVG without style or script")]
    table: Annotated[tuple[tuple[str, ...], ...], Doc("the same as a table; its first row is its head")]


def picture_shown(
    wanted: ChainPictureWanted, outputs: ChainSource, names: Mapping[str, str | None]
) -> ChainPictureShown | Refused:
    """Draw a picture; raises ChainFault."""
    drawing = _drawn(wanted, outputs, names)
    if isinstance(drawing, Refused):
        return drawing
    return ChainPictureShown(wanted.which, wanted.language, drawing.svg, drawing.rows)


def _drawn(wanted: ChainPictureWanted, outputs: ChainSource, names: Mapping[str, str | None]) -> ChainDrawing | Refused:
    language, width, shown = wanted.language.value, wanted.width, outputs.pictured(names, wanted.language.value)
    match wanted.which:
        case ChainPictureKind.SEGMENTS:
            wanted_still = (one.name for one in outputs.candidates if one.name not in outputs.settled)
            missing = [outputs.candidate(name, names) for name in wanted_still]
            return segments_picture(shown, language, width, missing)
        case ChainPictureKind.TREE:
            if wanted.root not in ("", HOUSEHOLDS) and wanted.root not in shown.chain.enterprises:
                return refuse(ENTERPRISE_UNKNOWN, about=wanted.root)
            return tree_picture(shown, language, width, wanted.root)
        case ChainPictureKind.MAP:
            own = outputs.network or "—"
            flows = {(own, other): value for other, value in outputs.abroad.items() if value}
            called = {name: name for name in sorted({own, *outputs.abroad})}
            return map_picture(NetworksPictured(called, flows), language, width)
        case ChainPictureKind.BEFORE_AFTER:
            chosen = chosen_candidates(wanted.candidates, outputs)
            if isinstance(chosen, Refused):
                return chosen
            links = MissingLinks(outputs.chain, outputs.candidates)
            if not links.fits(chosen):
                return refuse(MALFORMED, field="candidates", expected="some that do not want the same buyers")
            called = {
                outputs.candidates[at].name: outputs.candidate(outputs.candidates[at].name, names) for at in chosen
            }
            return change_picture(shown, founded(links, chosen), language, width, called)


def chosen_candidates(written: str, outputs: ChainSource) -> Sequence[int] | Refused:
    """Return the candidates that are written down, by number; without any the first of the missing links."""
    if not written.strip():
        ranked = MissingLinks(outputs.chain, outputs.candidates).ranked(Fraction(1))
        missing = (one for one in ranked if one.candidate.name not in outputs.settled and not one.is_blocked)
        return [outputs.candidates.index(one.candidate) for one in islice(missing, 1)]
    number = {one.name: at for at, one in enumerate(outputs.candidates)}
    keys = [one.strip() for one in written.split(",")]
    if len(keys) > CANDIDATES_PICTURED or len(set(keys)) < len(keys):
        return refuse(MALFORMED, field="candidates", expected=f"at most {CANDIDATES_PICTURED}, each once")
    if strange := next((one for one in keys if one not in number), None):
        return refuse(ENTERPRISE_UNKNOWN, about=strange[:ENTERPRISE_KEY_CHARS_MAX])
    return [number[one] for one in keys]


PAGE_STYLE = """
body{font:14px/1.45 Archivo,system-ui,sans-serif;color:#15211e;background:#fff;margin:12px;max-width:1280px}
svg{max-width:100%;height:auto}table{border-collapse:collapse;margin-top:16px}
td,th{padding:2px 14px 2px 0;text-align:left;border-bottom:1px solid #c3ccc5;vertical-align:top}
"""


def page_of_picture(shown: ChainPictureShown) -> str:
    """Return a page with the picture and its table."""
    head, *rows = shown.table
    title = text_in_xml(shown.which.value)
    cells = "".join(f"<tr>{''.join(f'<td>{text_in_xml(one)}' for one in row)}" for row in rows)
    heads = "".join(f"<th>{text_in_xml(one)}" for one in head)
    return (
        f'<!doctype html><html><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{PAGE_STYLE}</style>'
        f"{shown.svg}<table><tr>{heads}{cells}</table></html>"
    )


def table_of_picture(shown: ChainPictureShown) -> str:
    """Return the table of a picture as CSV: its numbers are plain, with a point, whatever its language is."""
    return csv_text([plain_number(cell, shown.language.value) for cell in row] for row in shown.table)


CHAIN_PICTURE_FORMS = (
    ReckonForm("svg", "image/svg+xml", lambda shown: shown.svg),
    ReckonForm("html", "text/html", page_of_picture, PAGE_STYLE),
    ReckonForm("csv", "text/csv", table_of_picture),
)
