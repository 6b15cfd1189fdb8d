# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pick-up sheet of an order cycle: who gets how much, what is to be paid, and a place to sign; and as CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Annotated

from protocol.book.declaration import At, Desk, Doc, ReckonForm, Ref, Uuid
from protocol.book.money import Amount, decimal
from protocol.book.parameters import TIME_ZONE
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, Refused, refuse
from protocol.book.signed import Id16
from protocol.book.spreadsheet import csv_text
from protocol.practices.market.purchasing.state import CYCLES
from protocol.practices.market.purchasing.views import CycleLineShown, OrderCycleShown, cycle_shown, sees_all


@dataclass(frozen=True, slots=True)
class PickUpWanted:
    """The pick-up sheet of an order cycle, to print."""

    cycle: Annotated[Id16, Uuid, Ref("order-cycles"), Doc("the cycle")]


@dataclass(frozen=True, slots=True)
class PickUpShown:
    """What is printed on a pick-up sheet; the whole of it is its form html."""

    network: Annotated[str, Doc("the handle of the network")]
    day: Annotated[str, Doc("the last day of collecting, by the group's clocks; empty: the goods have not come")]
    collect_until: Annotated[At | None, Doc("until when the goods can be collected; null: they have not come")]
    cycle: Annotated[OrderCycleShown, Doc("the cycle, and what is whose")]


def view_pick_up(desk: Desk, wanted: PickUpWanted) -> PickUpShown | Refused:
    cycle = desk.book.rows(CYCLES).get(wanted.cycle)
    if cycle is None:
        return refuse(NOT_FOUND)
    if not sees_all(desk, cycle):
        return refuse(FORBIDDEN, allowed="the referent, who helps, and those who coordinate")
    day, until_ms = "", cycle.collect_until_ms
    if until_ms is not None:
        local = desk.book.parameter(TIME_ZONE).local(until_ms)
        day = f"{local.year}-{local.month:02}-{local.day:02}"
    return PickUpShown(desk.book.handle or "", day, until_ms, cycle_shown(desk, cycle))


PICK_UP_STYLE = """
@page{size:A4 landscape;margin:10mm}
body{font:12px/1.35 system-ui,sans-serif;color:#000;background:#fff;margin:0 auto;max-width:277mm}
h1{font-size:20px;margin:0}p{margin:3px 0}
table{border-collapse:collapse;width:100%;margin-top:6px}
td,th{border:1px solid #000;padding:2px 6px;height:7mm;text-align:right}
td:first-child,th:first-child{text-align:left}
th{font-size:10.5px;font-weight:600}
.w{background:#fff;min-width:22mm}
tr{break-inside:avoid}thead{display:table-header-group}
"""


def page_of_pick_up(shown: PickUpShown) -> str:
    """Return the sheet as a page that prints on A4 across; longer ones go on overleaf, with the heads again."""
    cycle = shown.cycle
    heads = "".join(f"<th>{escape(one)}" for one in _heads(cycle, signed=True))
    rows = "".join(f'<tr>{_cells(cycle, line)}<td class="w">' for line in cycle.lines)
    together = "".join(f"<td>{one}" for one in _together(cycle))
    hands = ", ".join(cycle.hands) or "nobody yet"
    until = f"collect until {shown.day}" if shown.day else "the goods have not come"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{escape(cycle.title)}</title><style>{PICK_UP_STYLE}</style>"
        f"<h1>{escape(cycle.title)}: pick-up</h1>"
        f"<p>{escape(shown.network)} · {escape(until)} · amounts in {escape(cycle.held.asset_code or '')}</p>"
        f"<p>referent {escape(cycle.referent)} · who helps: {escape(hands)}</p>"
        f"<table><thead><tr>{heads}</thead><tbody>{rows}<tr>{together}<td></tbody></table></html>\n"
    )


def _heads(cycle: OrderCycleShown, *, signed: bool) -> Iterator[str]:
    yield "member"
    for item in cycle.items:
        yield f"{item.name} ({item.portion})"
    yield from ("freight", "to pay", "held", "due")
    if signed:
        yield "signature"


def _figures(cycle: OrderCycleShown, line: CycleLineShown) -> Iterator[str]:
    """Yield what a member gets of each item: what came, or before that what is ordered for it."""
    by_item = {one.item: one for one in line.portions}
    for item in cycle.items:
        found = by_item.get(item.number)
        count = 0 if found is None else found.ordered if cycle.received_at is None else found.got
        yield str(count) if count else ""
    for amount in (line.freight, line.share, line.held, line.due):
        yield _text(amount)


def _cells(cycle: OrderCycleShown, line: CycleLineShown) -> str:
    mark = " ✓" if line.collected else ""
    return "".join(f"<td>{escape(one)}" for one in (line.member + mark, *_figures(cycle, line)))


def _together(cycle: OrderCycleShown) -> Iterator[str]:
    yield "together"
    for item in cycle.items:
        found = [one for line in cycle.lines for one in line.portions if one.item == item.number]
        yield str(sum(one.ordered if cycle.received_at is None else one.got for one in found))
    for name in ("freight", "share", "held", "due"):
        amounts = [getattr(line, name) for line in cycle.lines]
        yield decimal(sum(one.value for one in amounts), cycle.held.asset_scale)


def _text(amount: Amount) -> str:
    return decimal(amount.value, amount.asset_scale)


def csv_of_pick_up(shown: PickUpShown) -> str:
    """Return the sheet as a table for a spreadsheet: a row for each member."""
    cycle = shown.cycle
    rows = ((line.member, *_figures(cycle, line), "yes" if line.collected else "no") for line in cycle.lines)
    return csv_text([(*_heads(cycle, signed=False), "collected"), *rows])


PICK_UP_FORMS = (
    ReckonForm("html", "text/html", page_of_pick_up, PICK_UP_STYLE),
    ReckonForm("csv", "text/csv", csv_of_pick_up),
)
