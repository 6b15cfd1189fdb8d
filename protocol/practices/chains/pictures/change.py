# SPDX-License-Identifier: AGPL-3.0-or-later
"""Before and after: what each buys inside and outside today, and what it would with some candidates founded.

What would be bought of these is amber: it counts as in transition until it is tried. Each bar is all that one buys,
as long for small buyers as for great ones; what it is worth stands above.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from fractions import Fraction

from protocol.practices.chains.engine.chain import ZERO, ProductiveChain
from protocol.practices.chains.engine.shares import shares_of
from protocol.practices.chains.pictures.canvas import NARROW_PX, Canvas, CanvasFill, cut_to, text_width
from protocol.practices.chains.pictures.layout import EDGE
from protocol.practices.chains.pictures.pictured import ChainDrawing, ChainPictured
from protocol.practices.chains.pictures.words import PictureLanguage, number_in, percent_in, phrase_of, value_in

BUYERS_DRAWN = 10
_BAR_PX = 15.0


@dataclass(frozen=True, slots=True)
class BoughtPictured:
    """What somebody buys: inside, of those who would be new, and outside."""

    inside: Fraction
    new: Fraction
    outside: Fraction

    @property
    def all(self) -> Fraction:
        return self.inside + self.new + self.outside

    @property
    def share(self) -> Fraction:
        return (self.inside + self.new) / self.all if self.all else ZERO


def change_picture(
    shown: ChainPictured, after: ProductiveChain, language: PictureLanguage, width: int, founded: Mapping[str, str]
) -> ChainDrawing:
    """Draw what changes; `founded` are the candidates, each with the name that it is shown by."""
    before = shown.chain
    canvas = Canvas(width, 10_000, phrase_of(language, "change_title", name=", ".join(founded.values())))
    then, now = shares_of(after), shares_of(before)
    canvas.told.append(
        phrase_of(
            language, "change_told", before=percent_in(now.all, language), after=percent_in(then.all, language),
            leaks_before=number_in(now.leakage, language), leaks_after=number_in(then.leakage, language),
        )
    )  # fmt: skip
    new = after.enterprises.keys() - before.enterprises.keys()
    pairs = {one: (_bought(before, {one}, new), _bought(after, {one}, new)) for one in {*before.buyers, *after.buyers}}
    order = sorted(pairs, key=lambda one: (-abs(pairs[one][1].share - pairs[one][0].share), -pairs[one][1].all, one))
    alone = order if len(order) <= BUYERS_DRAWN else order[: BUYERS_DRAWN - 1]
    rest = set(order[len(alone) :])
    shown_rows = [(phrase_of(language, "all"), _bought(before, set(order), new), _bought(after, set(order), new))]
    shown_rows += [(founded.get(one) or shown.name(one, language), *pairs[one]) for one in alone]
    if rest:
        more = phrase_of(language, "more", count=str(len(rest)))
        shown_rows.append((more, _bought(before, rest, new), _bought(after, rest, new)))
    labels = 64.0 if width < NARROW_PX else 110.0
    room = width - 2 * EDGE - labels
    base = canvas.paragraph(canvas.title, EDGE, 24, size=16, bold=True) + 10
    told = [tuple(phrase_of(language, key) for key in ("who", "what", "inside", "outside", "share"))]
    for name, *both in shown_rows:
        shares = " → ".join(percent_in(one.share, language) if one.all else "–" for one in both)
        canvas.write(shares, width - EDGE, base, anchor="end", room=180, bold=True)
        bought = f" · {value_in(both[0].all or both[1].all, language)}"
        wide = width - 2 * EDGE - 175 - text_width(bought, 12, bold=True)
        canvas.write(cut_to(name, 12, bold=True, room=wide) + bought, EDGE, base, bold=True)
        for key, one in zip(("today", "then"), both, strict=True):
            base += 19
            canvas.write(phrase_of(language, key), EDGE, base, size=11, room=labels - 4)
            _bar(canvas, EDGE + labels, base - 11, one, room)
            told.append(
                (name, phrase_of(language, key), value_in(one.inside + one.new, language),
                 value_in(one.outside, language), percent_in(one.share, language))
            )  # fmt: skip
        base += 30
    keys = (CanvasFill.INSIDE, "inside"), (CanvasFill.TRANSITION, "transition"), (CanvasFill.OUTSIDE, "outside")
    base = canvas.legend(EDGE, base, [(fill, phrase_of(language, key)) for fill, key in keys])
    canvas.height = canvas.paragraph(canvas.told[0], EDGE, base + 4)
    return ChainDrawing(canvas.svg(), tuple(told))


def _bar(canvas: Canvas, left: float, top: float, bought: BoughtPictured, room: float) -> None:
    """Draw all that somebody buys, whatever it is worth, as long as the room is."""
    scale = room / float(bought.all or 1)
    parts = (
        (CanvasFill.INSIDE, bought.inside),
        (CanvasFill.TRANSITION, bought.new),
        (CanvasFill.OUTSIDE, bought.outside),
    )
    for fill, value in parts:
        if value:
            canvas.area(left, top, float(value) * scale, _BAR_PX, fill)
            left += float(value) * scale


def _bought(chain: ProductiveChain, buyers: Set[str], new: Set[str]) -> BoughtPictured:
    inside = [(supplier, value) for (buyer, supplier), value in chain.inside.items() if buyer in buyers]
    return BoughtPictured(
        sum((value for supplier, value in inside if supplier not in new), ZERO),
        sum((value for supplier, value in inside if supplier in new), ZERO),
        sum((value for (buyer, _), value in chain.outside.items() if buyer in buyers), ZERO),
    )
