# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a chain gives out beside figures: pictures, a sheet for the assembly, all flows as a table or linked data."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from protocol.book.declaration import Desk, Practice, Reckon, ReckonForm, Reckoning
from protocol.book.spreadsheet import csv_text
from protocol.practices.chains.engine.chain import ChainFault
from protocol.practices.chains.figures.basis import ChainNow
from protocol.practices.chains.figures.views import chain_now, refused_fault
from protocol.practices.chains.outputs.assembly import SHEET_FORMS, ChainSheetShown, ChainSheetWanted, sheet_shown
from protocol.practices.chains.outputs.basis import ChainSource, names_of_chain, source_of
from protocol.practices.chains.outputs.drawing import (
    CHAIN_PICTURE_FORMS,
    ChainPictureShown,
    ChainPictureWanted,
    picture_shown,
)
from protocol.practices.chains.outputs.flowing import FlowsShown, FlowsWanted, flows_shown, table_of_flows
from protocol.practices.chains.outputs.linked import JSON_LD, linked_text
from protocol.practices.chains.telling import COORDINATORS

Work = Callable[[ChainSource, Mapping[str, str | None]], Any]


def view_chain_picture(desk: Desk, wanted: ChainPictureWanted) -> Reckoning:
    return _reckoned_of(desk, partial(picture_shown, wanted))


def view_sheet(desk: Desk, wanted: ChainSheetWanted) -> Reckoning:
    return _reckoned_of(desk, partial(sheet_shown, wanted))


def view_flows(desk: Desk, wanted: FlowsWanted) -> Reckoning:
    del wanted
    return _reckoned_of(desk, lambda outputs, _: flows_shown(outputs))


def _reckoned_of(desk: Desk, work: Work) -> Reckoning:
    """Return what is to be made of the chain as it is now."""
    now = chain_now(desk.book)
    return Reckoning(now, partial(_made, work), names_of_chain(now.inputs))


def _made(work: Work, now: ChainNow, names: Mapping[str, str | None]) -> Any:
    try:
        return work(source_of(now), names)
    except ChainFault as fault:
        return refused_fault(fault)


FLOW_FORMS = (
    ReckonForm("csv", "text/csv", lambda shown: csv_text(table_of_flows(shown))),
    ReckonForm("jsonld", JSON_LD, linked_text),
)

PRACTICE = Practice(
    name="chain-outputs",
    entries=(),
    operations=(
        Reckon("chains", "picture", ChainPictureWanted, ChainPictureShown, view=view_chain_picture,
               forms=CHAIN_PICTURE_FORMS, example="mutirao chains picture --which tree --output tree.svg"),
        Reckon("chains", "sheet", ChainSheetWanted, ChainSheetShown, view=view_sheet, forms=SHEET_FORMS,
               example="mutirao chains sheet --fund 8000 --language pt --output sheet.html"),
        Reckon("chains", "flows", FlowsWanted, FlowsShown, view=view_flows, who=COORDINATORS, forms=FLOW_FORMS,
               example="mutirao chains flows --output flows.csv"),
    ),
)  # fmt: skip
