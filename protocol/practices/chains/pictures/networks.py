# SPDX-License-Identifier: AGPL-3.0-or-later
"""The map of networks: who buys of whom across them, by names alone: no place of an enterprise is drawn.

Networks stand on a round in the order of their names; the width of what goes between two is its value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import cos, hypot, pi, sin

from protocol.practices.chains.engine.chain import ZERO
from protocol.practices.chains.pictures.canvas import NARROW_PX, Canvas, CanvasFill
from protocol.practices.chains.pictures.layout import EDGE
from protocol.practices.chains.pictures.pictured import ChainDrawing, ChainPictured
from protocol.practices.chains.pictures.words import PictureLanguage, phrase_of, value_in

NETWORKS_WIDE, NETWORKS_NARROW = 12, 6
_SIDE, _WIDEST_PX = 26.0, 22.0


@dataclass(frozen=True)
class NetworksPictured:
    """Networks by handle, each with its name, what they buy of each other, and which of them have a link."""

    names: Mapping[str, str]
    flows: Mapping[tuple[str, str], Fraction]
    links: frozenset[frozenset[str]] = field(default_factory=frozenset[frozenset[str]])


def networks_of(
    shown: ChainPictured, names: Mapping[str, str], links: Iterable[tuple[str, str]] = ()
) -> NetworksPictured:
    """Return the networks of a chain, ours among them, and what goes between them."""
    own = shown.network
    found: dict[tuple[str, str], Fraction] = {}

    def network(id: str) -> str:
        one = shown.enterprises.get(id)
        return one.network or own if one else own

    for (buyer, supplier), value in shown.chain.inside.items():
        pair = network(buyer), network(supplier)
        if pair[0] != pair[1] and value:
            found[pair] = found.get(pair, ZERO) + value
    every = {own, *names, *(network(id) for id in shown.chain.enterprises), *(one for pair in links for one in pair)}
    called = {handle: names.get(handle, handle) for handle in sorted(every - {""})}
    return NetworksPictured(called, found, frozenset(frozenset(pair) for pair in links))


def map_picture(shown: NetworksPictured, language: PictureLanguage, width: int) -> ChainDrawing:
    """Draw networks and what goes between them."""
    count = str(len(shown.names))
    shown = _joined(shown, language, NETWORKS_NARROW if width < NARROW_PX else NETWORKS_WIDE)
    canvas = Canvas(width, 10_000, phrase_of(language, "map_title"))
    canvas.told.append(phrase_of(language, "map_told" if shown.flows else "map_none", count=count))
    top = canvas.paragraph(canvas.title, EDGE, 24, size=16, bold=True)
    radius = min((width - 2 * EDGE) / 2 - 66, 190.0)
    middle = width / 2, top + radius + 40
    places = {
        name: (
            middle[0]
            + (min(radius * 1.7, width / 2 - 110) if width >= NARROW_PX else radius)
            * sin(2 * pi * at / len(shown.names)),
            middle[1] - (radius if len(shown.names) > 1 else 0) * cos(2 * pi * at / len(shown.names)),
        )
        for at, name in enumerate(shown.names)
    }
    for pair in sorted(map(sorted, shown.links)):
        if len(pair) == 2 and not any(tuple(one) in shown.flows for one in (pair, pair[::-1])):
            canvas.line(places[pair[0]], places[pair[1]], dashes="4 3")
    most = max(shown.flows.values(), default=ZERO)
    rows = [tuple(phrase_of(language, key) for key in ("who", "to_whom", "value"))]
    marks: list[tuple[str, float, float]] = []
    for (buyer, supplier), value in sorted(shown.flows.items(), key=lambda one: (-one[1], one[0])):
        names = shown.names[buyer], shown.names[supplier]
        wide = max(float(value / most) * _WIDEST_PX, 0.5)
        said = f"{names[0]} → {names[1]}: {value_in(value, language)}"
        path, mark = _arc(places[buyer], places[supplier], wide)
        canvas.path(path, CanvasFill.INSIDE, said)
        marks.append((value_in(value, language), *mark))
        rows.append((*names, value_in(value, language)))
    for handle, (x, y) in places.items():
        canvas.area(x - _SIDE / 2, y - _SIDE / 2, _SIDE, _SIDE, CanvasFill.INK, shown.names[handle])
        above = y < middle[1] - 1
        canvas.write(shown.names[handle], x, y - 20 if above else y + 30, bold=True, anchor="middle", room=120)
    for text, x, y in marks:
        canvas.write(text, x, y + 4, size=11, anchor="middle")
    canvas.height = canvas.paragraph(canvas.told[0], EDGE, max((y for _, y in places.values()), default=top) + 72)
    return ChainDrawing(canvas.svg(), tuple(rows))


def _arc(start: tuple[float, float], end: tuple[float, float], wide: float) -> tuple[str, tuple[float, float]]:
    """Return the path of a bent arrow that is as wide as its value, and where its figure stands."""
    far = hypot(end[0] - start[0], end[1] - start[1]) or 1.0
    ahead = (end[0] - start[0]) / far, (end[1] - start[1]) / far
    aside = -ahead[1], ahead[0]
    bend = 0.16 * far

    def at(along: float, across: float) -> str:
        x, y = (start[one] + along * ahead[one] + across * aside[one] for one in (0, 1))
        return f"{x:.1f} {y:.1f}"

    begin, tip, half = _SIDE * 0.7, far - _SIDE * 0.8, wide / 2
    neck = tip - 8 - half
    path = (
        f"M{at(begin, half)}Q{at(far / 2, bend + half)} {at(neck, half)}L{at(neck, half + 4)}L{at(tip, 0)}"
        f"L{at(neck, -half - 4)}L{at(neck, -half)}Q{at(far / 2, bend - half)} {at(begin, -half)}Z"
    )
    beyond = bend / 2 + half + 11
    return path, (start[0] + far / 2 * ahead[0] + beyond * aside[0], start[1] + far / 2 * ahead[1] + beyond * aside[1])


def _joined(shown: NetworksPictured, language: PictureLanguage, most: int) -> NetworksPictured:
    """Return the same with the least of many networks as one."""
    if len(shown.names) <= most:
        return shown
    worth = dict.fromkeys(shown.names, ZERO)
    for pair, value in shown.flows.items():
        for one in pair:
            worth[one] += value
    kept = set(sorted(worth, key=lambda one: (-worth[one], one))[: most - 1])
    rest = "\uffff"
    names = {one: name for one, name in shown.names.items() if one in kept}
    names[rest] = phrase_of(language, "more", count=str(len(shown.names) - len(kept)))
    flows: dict[tuple[str, str], Fraction] = {}
    for (buyer, supplier), value in shown.flows.items():
        pair = buyer if buyer in kept else rest, supplier if supplier in kept else rest
        if pair[0] != pair[1]:
            flows[pair] = flows.get(pair, ZERO) + value
    links = frozenset(frozenset(one if one in kept else rest for one in pair) for pair in shown.links)
    return NetworksPictured(names, flows, links)
