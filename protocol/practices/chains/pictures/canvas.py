# SPDX-License-Identifier: AGPL-3.0-or-later
"""A canvas for pictures of figures: SVG without style or script, where no text ever lies on another.

Green solid stays inside, amber stripes are in transition, grey dots leave; each is outlined in ink, so that nothing is
lost in black and white. Lengths are presentation attributes in CSS pixels: a page needs no `style-src` for them.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from unicodedata import category, combining, east_asian_width

INK, INK_SOFT, GROUND, RULE = "#15211E", "#45534E", "#FFFFFF", "#C3CCC5"
FONT = "Archivo, system-ui, sans-serif"
NARROW_PX = 600
"""A picture that is narrower stands on a phone, or in a column: it is drawn another way, not smaller."""
TEXT_GAP = 1.0
"""So much room, at least, is left around each text."""

_DIRECTIONS = frozenset("\u200e\u200f\u061c" + "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))))
_NO_BREAK = "\u00a0"
_NARROW, _WIDE = frozenset("ijlItfr.,:;'|!()[] -·"), frozenset("mwMW%@QOGÆŒæœ—")


class CanvasFill(StrEnum):
    """How an area is filled: by what becomes of the value that it shows."""

    INSIDE = "#1F7A4D"
    PALE = "#D5E8DC"
    TRANSITION = "url(#transition)"
    OUTSIDE = "url(#outside)"
    INK = INK
    NONE = "none"


_PATTERNS = (
    '<defs><pattern id="transition" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="8" height="8" fill="#FFE2A0"/><rect width="4" height="8" fill="#B97900"/></pattern>'
    '<pattern id="outside" width="4" height="4" patternUnits="userSpaceOnUse">'
    '<rect width="4" height="4" fill="#E3E6E4"/><circle cx="1" cy="1" r="0.9" fill="#7C8682"/>'
    '<circle cx="3" cy="3" r="0.9" fill="#7C8682"/></pattern></defs>'
)


@dataclass(frozen=True, slots=True)
class TextBox:
    """Where a text lies: its left and upper edge, and how far it reaches."""

    left: float
    top: float
    width: float
    height: float

    def meets(self, other: "TextBox") -> bool:
        """Tell whether two overlap."""
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and self.top < other.top + other.height
            and other.top < self.top + self.height
        )


@dataclass(slots=True)
class Canvas:
    """What has been drawn so far."""

    width: float
    height: float
    title: str
    parts: list[str] = field(default_factory=list[str])
    boxes: list[TextBox] = field(default_factory=list[TextBox])
    told: list[str] = field(default_factory=list[str])
    """Sentences that tell the picture to who does not see it."""

    def area(self, left: float, top: float, wide: float, high: float, fill: CanvasFill, said: str = "") -> None:
        """Draw a rectangle, outlined in ink; what is said of it is its title."""
        place = f'x="{_px(left)}" y="{_px(top)}" width="{_px(wide)}" height="{_px(high)}"'
        self._shape(f"rect {place}", fill, said)

    def path(self, path: str, fill: CanvasFill, said: str = "") -> None:
        """Draw an area of any form."""
        self._shape(f'path d="{path}"', fill, said)

    def line(self, start: tuple[float, float], end: tuple[float, float], *, dashes: str = "", thick: float = 1) -> None:
        """Draw a line of ink; where `dashes` are given (such as "4 3"), a broken one."""
        broken = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(
            f'<line x1="{_px(start[0])}" y1="{_px(start[1])}" x2="{_px(end[0])}" y2="{_px(end[1])}" '
            f'stroke="{INK}" stroke-width="{_px(thick)}"{broken}/>'
        )

    def hole(self, left: float, top: float, wide: float, high: float) -> None:
        """Draw where something is missing: a dashed outline without anything in it."""
        place = f'x="{_px(left)}" y="{_px(top)}" width="{_px(wide)}" height="{_px(high)}"'
        self.parts.append(f'<rect {place} fill="none" stroke="{INK_SOFT}" stroke-width="1" stroke-dasharray="4 3"/>')

    def write(
        self,
        text: str,
        left: float,
        base: float,
        *,
        size: float = 12,
        bold: bool = False,
        anchor: str = "start",
        room: float | None = None,
        on_dark: bool = False,
    ) -> bool:
        """Write a text where its base line begins, or ends, or has its middle; tell whether there was room for it.

        It is cut with an ellipsis to `room`; where it would lie on another text, or out of the picture, it is not
        written: what it tells has to be said elsewhere too.
        """
        text = cut_to(text, size, bold, self.width - left - 2 * TEXT_GAP if room is None else room)
        box = box_of(text, left, base, size, bold, anchor)
        within = box.left >= 0 and box.left + box.width <= self.width and 0 <= box.top <= self.height - box.height
        if not text or not within or any(box.meets(other) for other in self.boxes):
            return False
        self.boxes.append(box)
        weight = ' font-weight="700"' if bold else ""
        turned = "" if anchor == "start" else f' text-anchor="{anchor}"'
        colour = GROUND if on_dark else INK
        halo = "" if on_dark else f' stroke="{GROUND}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
        self.parts.append(
            f'<text x="{_px(left)}" y="{_px(base)}" font-size="{_px(size)}" fill="{colour}"{halo}{weight}{turned}>'
            f"{text_in_xml(text)}</text>"
        )
        return True

    def legend(self, left: float, base: float, entries: Iterable[tuple[CanvasFill, str]]) -> float:
        """Draw what the fills mean, in lines; return where the line after them has its base."""
        at = left
        for fill, said in entries:
            wide = text_width(said, 12, bold=False) + 44
            if at > left and at + wide > self.width:
                at, base = left, base + 20
            self.area(at, base - 11, 22, 13, fill)
            self.write(said, at + 28, base)
            at += wide
        return base + 20

    def paragraph(self, text: str, left: float, base: float, *, size: float = 12, bold: bool = False) -> float:
        """Write a sentence or two in as many lines as it takes; return where the line after them has its base."""
        line = ""
        for word in text.split(" "):
            longer = f"{line} {word}".strip()
            if line and text_width(longer, size, bold=bold) > self.width - 2 * left:
                self.write(line, left, base, size=size, bold=bold)
                line, base = word, base + 1.4 * size
            else:
                line = longer
        self.write(line, left, base, size=size, bold=bold)
        return base + 1.4 * size

    def svg(self) -> str:
        """Return the whole picture as an SVG document."""
        size = f'viewBox="0 0 {_px(self.width)} {_px(self.height)}" width="{_px(self.width)}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} height="{_px(self.height)}" role="img" '
            f'aria-labelledby="title desc" font-family="{FONT}">'
            f'<title id="title">{text_in_xml(self.title)}</title>'
            f'<desc id="desc">{text_in_xml(" ".join(self.told))}</desc>{_PATTERNS}'
            f'<rect width="{_px(self.width)}" height="{_px(self.height)}" fill="{GROUND}"/>'
            f"{''.join(self.parts)}</svg>"
        )

    def _shape(self, shape: str, fill: CanvasFill, said: str) -> None:
        drawn = f'<{shape} fill="{fill}" stroke="{INK}" stroke-width="0.75"'
        tag = shape.partition(" ")[0]
        self.parts.append(f"{drawn}><title>{text_in_xml(said)}</title></{tag}>" if said else f"{drawn}/>")


def box_of(text: str, left: float, base: float, size: float, bold: bool, anchor: str) -> TextBox:  # noqa: FBT001
    """Return the box of a text, with the room that it needs around it."""
    wide = text_width(text, size, bold=bold)
    start = left - wide * {"start": 0, "middle": 0.5, "end": 1}[anchor]
    return TextBox(start - TEXT_GAP, base - 0.95 * size, wide + 2 * TEXT_GAP, 1.25 * size)


def text_width(text: str, size: float, *, bold: bool) -> float:
    """Return how wide a text is at most, in the widest font that a browser is likely to take."""
    return sum(map(_em, text)) * size * (1.1 if bold else 1.0)


def _em(char: str) -> float:
    if combining(char):
        return 0.0
    if east_asian_width(char) in "WF":
        return 1.05
    if char in _NARROW:
        return 0.42
    if char in _WIDE:
        return 1.0
    return 0.74 if char.isupper() or not char.isascii() else 0.64


def cut_to(text: str, size: float, bold: bool, room: float) -> str:  # noqa: FBT001
    """Return a text that is no wider than `room`; what is cut ends in an ellipsis, empty where nothing fits."""
    text = plain_text(text)
    if text_width(text, size, bold=bold) <= room:
        return text
    while text and text_width(f"{text}…", size, bold=bold) > room:
        text = text[:-1]
    return f"{text.rstrip()}…" if len(text) > 1 else ""


def plain_text(text: str) -> str:
    """Return a text in one line, without what turns the direction of others, and without what no XML may hold."""
    kept = (" " if one.isspace() and one != _NO_BREAK else one for one in text if one not in _DIRECTIONS)
    return " ".join("".join(one for one in kept if category(one) not in ("Cc", "Cs", "Cn", "Co")).split(" "))


def text_in_xml(text: str) -> str:
    """Return a text as it stands in XML or HTML."""
    return escape(plain_text(text))


def ribbon(stops: Sequence[tuple[float, float, float]], *, upright: bool = False) -> str:
    """Return the path of a ribbon from edge to edge: each stop is (along, from, to).

    Between the first two it bends, between the next two it goes straight, and so on. `upright` turns it by a quarter:
    along is then downwards.
    """

    def at(along: float, across: float) -> str:
        return f"{_px(across)} {_px(along)}" if upright else f"{_px(along)} {_px(across)}"

    def edge(points: Sequence[tuple[float, float]], *, bends: bool) -> str:
        drawn = at(*points[0])
        for (a, one), (b, other) in itertools.pairwise(points):
            middle = (a + b) / 2
            drawn += f"C{at(middle, one)} {at(middle, other)} {at(b, other)}" if bends else f"L{at(b, other)}"
            bends = not bends
        return drawn

    near = edge([(along, begin) for along, begin, _ in stops], bends=True)
    back = edge([(along, end) for along, _, end in reversed(stops)], bends=True)
    return f"M{near}L{back}Z"


def falling(start: Sequence[float], end: Sequence[float], *, upright: bool = False) -> str:
    """Return the path of a ribbon that turns by a quarter and falls: (along, from, to), then (across, from, to).

    It leaves an edge between two places across, bends, and arrives at a ground line between two places along.
    """
    (a, a_from, a_to), (ground, b_from, b_to) = start, end

    def at(along: float, across: float) -> str:
        return f"{_px(across)} {_px(along)}" if upright else f"{_px(along)} {_px(across)}"

    def bend(along: float, across: float) -> tuple[float, float]:
        reach = along - a
        return a + 0.55 * reach, across + min(0.45 * reach, max(ground - across, 0.0))

    # The outer edge leaves at the upper place and arrives at the further one.
    far, near = bend(b_to, a_from), bend(b_from, a_to)
    low_far, low_near = a_from + (b_to - a), a_to + (b_from - a)
    low_far, low_near = min(low_far, ground), min(low_near, ground)
    return (
        f"M{at(a, a_from)}C{at(far[0], a_from)} {at(b_to, far[1])} {at(b_to, low_far)}L{at(b_to, ground)}"
        f"L{at(b_from, ground)}L{at(b_from, low_near)}C{at(b_from, near[1])} {at(near[0], a_to)} {at(a, a_to)}Z"
    )


def looping(along: float, one: Sequence[float], other: Sequence[float], *, upright: bool = False) -> str:
    """Return the path of a ribbon between two places (from, to) of the same edge: it bulges out and comes back."""
    (a_from, a_to), (b_from, b_to) = sorted((tuple(one), tuple(other)))
    reach = min(14.0 + (b_to - a_from) / 2, 46.0)
    inner = max(reach - (a_to - a_from), 4.0)

    def at(far: float, across: float) -> str:
        return f"{_px(across)} {_px(far)}" if upright else f"{_px(far)} {_px(across)}"

    return (
        f"M{at(along, a_from)}C{at(along + reach, a_from)} {at(along + reach, b_to)} {at(along, b_to)}"
        f"L{at(along, b_from)}C{at(along + inner, b_from)} {at(along + inner, a_to)} {at(along, a_to)}Z"
    )


def _px(length: float) -> str:
    """Return a length to a hundredth of a pixel, without zeros at its end."""
    text = f"{length:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
