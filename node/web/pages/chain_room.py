# SPDX-License-Identifier: AGPL-3.0-or-later
"""The chain room: what stays and what leaves, who is missing, what would be if; the flow as a picture; the sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from aiohttp.web import Response
from markupsafe import Markup

from node.http.auth import allow
from node.web.declared import OwnParts
from node.web.numerals import read_numeral
from node.web.pages.desk import PageDesk, PageHandlers
from node.web.visits import PageRequest
from protocol.book.declaration import SIGNED_IN
from protocol.book.refusals import Refused
from protocol.practices.chains.figures.funding import ReinvestWanted
from protocol.practices.chains.figures.linking import (
    MissingLinkShown,
    MissingLinksShown,
    MissingLinksWanted,
    SimulateWanted,
    SimulationShown,
)
from protocol.practices.chains.figures.sharing import SharesShown, SharesWanted
from protocol.practices.chains.outputs.assembly import ChainSheetShown, ChainSheetWanted
from protocol.practices.chains.outputs.drawing import ChainPictureKind, ChainPictureShown, ChainPictureWanted
from protocol.practices.chains.sheets.declaration import SheetLanguage

CANDIDATES_SHOWN = 12
SCREEN_PX, PHONE_PX = 1_080, 340
FIGURE_CHARS_MAX = 20
ASKED_FOR_CHARS_MAX = 200
HUNDRED = 100


@dataclass(frozen=True, slots=True)
class BuyerBar:
    """Who buys how much inside, as a bar as long as its purchases: both in percent of the widest."""

    name: str
    share: str
    bought: str
    inside: float
    width: float


@dataclass(frozen=True, slots=True)
class CandidateChosen:
    """Who could be founded, whether it is tried, and with which share of what is bought outside (percent)."""

    link: MissingLinkShown
    is_tried: bool
    percent: str


class ChainPages:
    """The chain room, the flow, and the sheet for the assembly."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk

    def handlers(self) -> PageHandlers:
        """Return what answers by method and path."""
        return {("GET", "/chains"): self._room, ("GET", "/chains/flow"): self._flow}

    def parts(self) -> Mapping[str, OwnParts]:
        """Return what these pages need, by template."""
        return {"chains/sheet": self._sheet_parts}

    async def _room(self, visit: PageRequest) -> Response:
        allow(visit.actor, SIGNED_IN, "chains:read")
        shares = await self._shares(visit)
        links = await self._desk.runtime.ask(
            "chains.missing-links", visit.actor, MissingLinksWanted(most=CANDIDATES_SHOWN)
        )
        found = links if isinstance(links, MissingLinksShown) else MissingLinksShown("0", None, ())
        tried = [_tried(visit, one) for one in found.links]
        written = ",".join(
            f"{one.link.candidate}={share}" for one in tried if one.is_tried and (share := _share(visit, one.percent))
        )
        fund = _figure(visit, visit.query.get("fund", ""))
        simulated, refused = await self._what_if(visit, written)
        reinvested = None
        if fund:
            reinvested = await self._desk.runtime.ask("chains.reinvest", visit.actor, ReinvestWanted(fund))
            if isinstance(reinvested, Refused):
                reinvested, refused = None, self._desk.problem(visit, reinvested)
        return self._desk.looks.show(
            "chains/room.html",
            visit,
            shares=shares,
            percent=lambda text: _percent(visit, text),
            figure=lambda text: _told(visit, text),
            buyers=_bars(visit, shares),
            income=found.income,
            tried=tried,
            simulated=simulated,
            reinvested=reinvested,
            fund=visit.query.get("fund", ""),
            refused=refused,
            flow=f"/chains/flow?{urlencode({'candidates': written})}",
        )

    async def _shares(self, visit: PageRequest) -> SharesShown:
        """Return who buys how much inside; zeros where nothing is entered yet."""
        found = await self._desk.runtime.ask("chains.shares", visit.actor, SharesWanted())
        return found if isinstance(found, SharesShown) else SharesShown("0", "0", "0", "0", 0, (), ())

    async def _what_if(self, visit: PageRequest, written: str) -> tuple[SimulationShown | None, Any]:
        if not written:
            return None, None
        found = await self._desk.runtime.ask("chains.simulate", visit.actor, SimulateWanted(written))
        return (None, self._desk.problem(visit, found)) if isinstance(found, Refused) else (found, None)

    async def _flow(self, visit: PageRequest) -> Response:
        allow(visit.actor, SIGNED_IN, "chains:read")
        candidates = ",".join(
            one.partition("=")[0] for one in visit.query.get("candidates", "")[:200].split(",") if one
        )
        shares = await self._shares(visit)
        pictures = [
            await self._picture(visit, ChainPictureKind.SEGMENTS),
            await self._picture(visit, ChainPictureKind.BEFORE_AFTER, candidates),
            await self._picture(visit, ChainPictureKind.TREE),
        ]
        return self._desk.looks.show(
            "chains/flow.html",
            visit,
            shares=shares,
            percent=lambda text: _percent(visit, text),
            figure=lambda text: _told(visit, text),
            pictures=[one for one in pictures if one is not None],
        )

    async def _picture(
        self, visit: PageRequest, which: ChainPictureKind, candidates: str = ""
    ) -> tuple[Markup, Markup, ChainPictureShown] | None:
        """Return a picture for a telephone and for a wide screen, with its table; None where nothing can be drawn."""
        drawn: list[ChainPictureShown] = []
        for width in (PHONE_PX, SCREEN_PX):
            wanted = ChainPictureWanted(
                which, width=width, language=SheetLanguage(visit.words.language), candidates=candidates
            )
            found = await self._desk.runtime.ask("chains.picture", visit.actor, wanted)
            if not isinstance(found, ChainPictureShown):
                return None
            drawn.append(found)
        narrow, wide = drawn
        return _in_page(narrow.svg, f"{which}-n"), _in_page(wide.svg, f"{which}-w"), wide

    async def _sheet_parts(self, visit: PageRequest, parts: Mapping[str, Any]) -> Mapping[str, Any]:
        del parts
        wanted = ChainSheetWanted(
            language=SheetLanguage(visit.words.language), fund=_figure(visit, visit.query.get("fund", "")) or "0"
        )
        sheet: ChainSheetShown = await self._desk.ask(visit, "chains.sheet", wanted)
        return {"sheet": sheet, "picture": _in_page(sheet.svg, "sheet")}


def _tried(visit: PageRequest, link: MissingLinkShown) -> CandidateChosen:
    """Return a candidate as it stands in the form: as it was typed, else as it is pledged."""
    percent = visit.query.get(f"share.{link.candidate}", "")[:FIGURE_CHARS_MAX]
    return CandidateChosen(
        link, visit.query.get(f"try.{link.candidate}") == "true", percent or _percent(visit, link.pledged)
    )


def _share(visit: PageRequest, percent: str) -> str:
    """Return a share as the engine reads it: 60 percent is 0.6; empty where it is no share."""
    figure = _figure(visit, percent)
    share = Decimal(figure or "0") / HUNDRED
    return f"{share.normalize():f}" if 0 < share <= 1 else ""


def _figure(visit: PageRequest, typed: str) -> str:
    """Return a figure as the engine reads it: 8000.50; empty where it is none."""
    plain = typed.strip().rstrip("%").strip()[:FIGURE_CHARS_MAX]
    read = read_numeral(plain, visit.words.decimal_mark)
    return "" if read is None or read[0] < 0 else f"{Decimal(read[0]).scaleb(-read[1]):f}"


def _bars(visit: PageRequest, shares: SharesShown) -> Sequence[BuyerBar]:
    bought = [Decimal(one.inside) + Decimal(one.outside) for one in shares.buyers]
    widest = max(bought, default=Decimal(1)) or Decimal(1)
    return [
        BuyerBar(
            one.buyer,
            _percent(visit, one.share),
            _told(visit, f"{all_bought}"),
            float(round(Decimal(one.inside) * HUNDRED / widest, 2)),
            float(round(all_bought * HUNDRED / widest, 2)),
        )
        for one, all_bought in sorted(zip(shares.buyers, bought, strict=True), key=lambda row: -row[1])
    ]


def _percent(visit: PageRequest, share: str) -> str:
    """Return a share as people write it: 0.4689 is 46.89."""
    return _told(visit, f"{Decimal(share) * HUNDRED:f}")


def _told(visit: PageRequest, figure: str) -> str:
    """Return a figure as people write it, without decimals that say nothing."""
    return visit.words.decimal(Decimal(figure))


def _in_page(svg: str, mark: str) -> Markup:
    """Return a drawing for a page on which there are others: its names are its own."""
    for name in ("title", "desc", "transition", "outside"):
        svg = svg.replace(f'id="{name}"', f'id="{mark}-{name}"').replace(f"url(#{name})", f"url(#{mark}-{name})")
    return Markup(svg.replace('aria-labelledby="title desc"', f'aria-labelledby="{mark}-title {mark}-desc"'))  # noqa: S704  # drawn here
