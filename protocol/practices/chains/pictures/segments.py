# SPDX-License-Identifier: AGPL-3.0-or-later
"""The flow between the five segments: purchases run from buyers to suppliers, width is value, what leaves falls.

On a narrow page the drawing is turned by a quarter: purchases run down, and what leaves falls to the right.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from protocol.practices.chains.engine.chain import ZERO
from protocol.practices.chains.engine.shares import shares_of
from protocol.practices.chains.pictures.canvas import (
    NARROW_PX,
    Canvas,
    CanvasFill,
    cut_to,
    falling,
    looping,
    ribbon,
    text_width,
)
from protocol.practices.chains.pictures.layout import EDGE, THICK, BarPair, FallPlaced, FlowLayout
from protocol.practices.chains.pictures.pictured import SEGMENTS, ChainDrawing, ChainPictured, bars_of, flows_between
from protocol.practices.chains.pictures.words import PictureLanguage, percent_in, phrase_of, value_in

BARS_WIDE, BARS_NARROW = 6, 3
ITEMS_WIDE, ITEMS_NARROW = 6, 4
LEAKS_NAMED_WIDE, LEAKS_NAMED_NARROW = 24, 14
"""So many things that fall are named, those that are worth most; the others are in the table."""


def segments_picture(
    shown: ChainPictured, language: PictureLanguage, width: int, missing: Sequence[str] = ()
) -> ChainDrawing:
    """Draw the flow of a chain, with the names of links that are missing at their place."""
    upright = width < NARROW_PX
    found = bars_of(shown, language, *((BARS_NARROW, ITEMS_NARROW) if upright else (BARS_WIDE, ITEMS_WIDE)))
    bars = [bar for segment in SEGMENTS for bar in found[segment]]
    canvas = Canvas(width, 10_000, phrase_of(language, "segments_title"))
    begin = canvas.paragraph(canvas.title, EDGE, 24, size=16, bold=True) + (4 if upright else 48)
    layout = FlowLayout(bars, flows_between(shown.chain, bars), upright, float(width), begin)
    picture = _Picture(canvas, layout, language)
    shares = shares_of(shown.chain)
    bought = shares.leakage + sum(shown.chain.inside.values(), ZERO)
    canvas.told.append(
        phrase_of(
            language, "segments_told", leaks=value_in(shares.leakage, language),
            all=value_in(bought, language), share=percent_in(shares.all, language),
        ) if bars else phrase_of(language, "empty")
    )  # fmt: skip
    head = tuple(phrase_of(language, key) for key in ("who", "what", "value"))
    rows = (head, *picture.draw())
    picture.heads()
    base = picture.holes(missing, picture.ground())
    entries = [(CanvasFill.INSIDE, phrase_of(language, "inside"))]
    if any(bar.in_transition for bar in bars):
        entries.append((CanvasFill.TRANSITION, phrase_of(language, "transition")))
    base = canvas.legend(EDGE, base + 26, [*entries, (CanvasFill.OUTSIDE, phrase_of(language, "outside"))])
    canvas.height = canvas.paragraph(canvas.told[0], EDGE, base + 4)
    return ChainDrawing(canvas.svg(), rows)


@dataclass(slots=True)
class _Picture:
    """The picture as it is drawn: flows are taken off the edges of bars one after the other."""

    canvas: Canvas
    layout: FlowLayout
    language: PictureLanguage

    def draw(self) -> Iterator[tuple[str, str, str]]:
        """Draw what falls, then what flows, then the bars; yield what each of them is, as rows of a table."""
        layout, canvas, upright = self.layout, self.canvas, self.layout.upright
        near, far = dict(layout.across), dict(layout.across)
        # What comes in at the far side, or leaves at the near one, runs back: it lies over what is there.
        back_near, back_far = dict(layout.across), dict(layout.across)

        def take(side: dict[int, float], bar: int, value: Fraction) -> tuple[float, float]:
            begin = side[bar]
            side[bar] += layout.wide(value)
            return begin, side[bar]

        begins = {
            flow: take(far if layout.runs(flow) >= 0 else back_near, flow[0], layout.flows[flow])
            for flow in sorted(layout.flows, key=lambda one: (-layout.column(one[1]), one))
        }
        ends = {
            flow: take(near if layout.runs(flow) > 0 else back_far, flow[1], layout.flows[flow])
            for flow in sorted(layout.flows, key=lambda one: (layout.column(one[0]), one))
        }
        kept = {at: take(far, at, one.stays) for at, one in enumerate(layout.bars) if one.stays}
        for one in reversed(layout.falls):
            edge = (layout.along[layout.column(one.bar)] + THICK, *take(far, one.bar, one.value))
            said = self._said(f"{layout.bars[one.bar].name}, {one.item}", one.value)
            canvas.path(falling(edge, (layout.ground, one.begin, one.end), upright=upright), CanvasFill.OUTSIDE, said)
        for flow in sorted(layout.flows, key=layout.runs, reverse=True):
            self._flow(flow, begins[flow], ends[flow])
            buyer, supplier = (layout.bars[at] for at in flow)
            yield buyer.name, supplier.name, value_in(layout.flows[flow], self.language)
        for at, bar in enumerate(layout.bars):
            along = layout.along[layout.column(at)]
            if at in kept:
                begin, end = kept[at]
                said = self._said(f"{bar.name}, {phrase_of(self.language, 'stays')}", bar.stays)
                self._area(along + THICK, begin, 10, end - begin, CanvasFill.INSIDE, said)
                self._beside(along + THICK + 14, (begin + end) / 2, bar.stays)
                yield bar.name, phrase_of(self.language, "stays"), value_in(bar.stays, self.language)
            if sold := layout.sold_outside(at):
                begin, end = take(near, at, sold)
                said = self._said(f"{bar.name}, {phrase_of(self.language, 'sold_outside')}", sold)
                self._area(along - 9, begin, 9, end - begin, CanvasFill.OUTSIDE, said)
                yield bar.name, phrase_of(self.language, "sold_outside"), value_in(sold, self.language)
            for item, value in bar.leaves:
                yield bar.name, f"{item} ({phrase_of(self.language, 'outside')})", value_in(value, self.language)
            fill = CanvasFill.TRANSITION if bar.in_transition else CanvasFill.INK
            self._area(along, layout.across[at], THICK, layout.size(at), fill, self._said(bar.name, bar.value))

    def heads(self) -> None:
        """Write above each column which segment it is, and who stands in it."""
        layout, canvas = self.layout, self.canvas
        for k, segment in enumerate(SEGMENTS):
            at, title = layout.along[k], phrase_of(self.language, segment)
            nobody = phrase_of(self.language, "nobody")
            if layout.upright:
                base = at - 6 - 15.0 * len(layout.columns[k])
                canvas.write(title if layout.columns[k] else f"{title}: {nobody}", EDGE, base, bold=True)
                for line, bar in enumerate(layout.columns[k]):
                    self._label(bar, layout.across[bar], base + 15.0 * (line + 1))
                if not layout.columns[k]:
                    canvas.line((EDGE, at), (EDGE + 90, at), dashes="4 3")
                continue
            top = layout.begin - 42
            canvas.write(title, at, top, bold=True, size=13)
            broken = "" if layout.columns[k] else "4 3"
            canvas.line((at, top + 6), (at + 84, top + 6), dashes=broken, thick=1.5)
            if not layout.columns[k]:
                canvas.write(nobody, at, top + 22)
            for bar in layout.columns[k]:
                self._label(bar, at, layout.across[bar] - 6)

    def ground(self) -> float:
        """Draw the ground line and tell what has fallen to it; return how far down that reaches."""
        layout, canvas = self.layout, self.canvas
        if layout.upright:
            canvas.line((layout.ground, layout.along[0]), (layout.ground, layout.end), thick=2)
        else:
            canvas.line((EDGE, layout.ground), (layout.width - EDGE, layout.ground), thick=2)
        lowest = layout.ground if not layout.upright else layout.end
        beside, first = 0.0, len(canvas.parts)
        most = LEAKS_NAMED_NARROW if layout.upright else LEAKS_NAMED_WIDE
        named = sorted(layout.falls, key=lambda one: (-one.value, one.begin))[:most]
        for one in sorted(named, key=lambda one: (one.begin, one.bar)):
            room = layout.width - layout.ground - 14 if layout.upright else 150.0
            text, middle = self._fallen(one, room), (one.begin + one.end) / 2
            if layout.upright:
                beside = max(middle + 4, beside + 15)
                canvas.line((layout.ground, middle), (layout.ground + 8, beside - 4))
                canvas.write(text, layout.ground + 11, beside, size=11, room=room)
                lowest = max(lowest, beside)
                continue
            for level in range(7):
                base = layout.ground + 16 + 15 * level
                if canvas.write(text, middle, base, size=11, anchor="middle", room=room):
                    canvas.line((middle, layout.ground), (middle, base - 10))
                    canvas.parts.insert(first, canvas.parts.pop())  # Below all texts.
                    lowest = max(lowest, base)
                    break
        return lowest

    def _fallen(self, one: FallPlaced, room: float) -> str:
        """Return what has fallen with its value, of which nothing is cut."""
        value = value_in(one.value, self.language)
        value = f": {value}" if one.item[-1:].isdigit() else f" {value}"
        return cut_to(one.item, 11, bold=False, room=room - text_width(value, 11, bold=False)) + value

    def holes(self, missing: Sequence[str], base: float) -> float:
        """Draw a dashed hole for each link that is missing, with its name."""
        at = EDGE
        for name in missing[:3]:
            wide = 132.0 if self.layout.upright else 220.0
            if at + wide > self.layout.width:
                at, base = EDGE, base + 20
            self.canvas.hole(at, base + 14, 12, 14)
            said = phrase_of(self.language, "missing_named", name=name)
            self.canvas.write(said, at + 18, base + 25, room=wide - 24)
            at += wide
        return base + 24 if missing else base

    def _flow(self, flow: BarPair, begin: tuple[float, float], end: tuple[float, float]) -> None:
        layout, upright = self.layout, self.layout.upright
        buyer, supplier = (layout.bars[at] for at in flow)
        value = layout.flows[flow]
        fill = CanvasFill.TRANSITION if buyer.in_transition or supplier.in_transition else CanvasFill.INSIDE
        said = self._said(f"{buyer.name} → {supplier.name}", value)
        one, other = (layout.along[layout.column(at)] for at in flow)
        if layout.runs(flow) == 0:
            self.canvas.path(looping(one + THICK, begin, end, upright=upright), fill, said)
            return
        if layout.runs(flow) < 0:
            self.canvas.path(ribbon(((other + THICK, *end), (one, *begin)), upright=upright), fill, said)
            return
        lanes = [
            (at, across, across + layout.wide(value))
            for along, across in layout.lanes.get(flow, ())
            for at in (along, along + THICK)
        ]
        self.canvas.path(ribbon(((one + THICK, *begin), *lanes, (other, *end)), upright=upright), fill, said)

    def _area(self, along: float, across: float, deep: float, wide: float, fill: CanvasFill, said: str) -> None:
        if self.layout.upright:
            self.canvas.area(across, along, wide, deep, fill, said)
        else:
            self.canvas.area(along, across, deep, wide, fill, said)

    def _label(self, bar: int, left: float, base: float) -> None:
        one = self.layout.bars[bar]
        value = value_in(one.value, self.language)
        room = self.layout.width - left - EDGE if self.layout.upright else 190.0
        name = cut_to(one.name, 11, True, room - text_width(f": {value}", 11, bold=True))
        self.canvas.write(f"{name}: {value}", left, base, bold=True, size=11)

    def _beside(self, along: float, across: float, value: Fraction) -> None:
        if not self.layout.upright and self.layout.wide(value) >= 11:
            self.canvas.write(value_in(value, self.language), along, across + 4, size=11)

    def _said(self, what: str, value: Fraction) -> str:
        return f"{what}: {value_in(value, self.language)}"
