# SPDX-License-Identifier: AGPL-3.0-or-later
"""One unit followed upstream: columns are steps, height is value; what is green stays, what is dotted leaves.

A part of the tree that no column is left for is drawn by what stays of it, and what leaves (retained shares): so the
green of the whole picture is always just what the root retains.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from protocol.practices.chains.engine.chain import HOUSEHOLDS, ZERO, ProductiveChain
from protocol.practices.chains.pictures.canvas import NARROW_PX, Canvas, CanvasFill
from protocol.practices.chains.pictures.layout import EDGE
from protocol.practices.chains.pictures.pictured import ChainDrawing, ChainPictured
from protocol.practices.chains.pictures.words import PictureLanguage, number_in, phrase_of, share_in

TREE_STEPS_WIDE, TREE_STEPS_NARROW = 3, 2
"""How many columns follow the root's."""
UNIT_PX = 440.0
"""How high the unit is."""
THIN_PX = 3.0
"""What would be thinner is drawn together with what is."""
NEARLY, NEARLY_ROUNDS = 1e-10, 2_000
_TALL_PX = 14.0
"""From so high on there is room for a word."""


@dataclass(frozen=True, slots=True)
class TreePart:
    """A part of the unit: what it is, how much, how it is drawn, and whose it is where it goes on."""

    name: str
    value: Fraction
    fill: CanvasFill
    id: str = ""


def tree_root(shown: ChainPictured) -> str:
    """Return from where a tree is followed if nobody says: from whom households buy most, else from the greatest."""
    chain = shown.chain
    sold = {supplier: value for (buyer, supplier), value in chain.inside.items() if buyer == HOUSEHOLDS}
    sold = sold or {name: one.turnover for name, one in chain.enterprises.items()}
    return min(sold, key=lambda name: (-sold[name], name), default=HOUSEHOLDS)


def tree_picture(shown: ChainPictured, language: PictureLanguage, width: int, root: str = "") -> ChainDrawing:
    """Draw where a unit goes that is spent with `root`, or by households."""
    root = root or tree_root(shown)
    steps = min(_steps_of(shown.chain, root), TREE_STEPS_NARROW if width < NARROW_PX else TREE_STEPS_WIDE)
    canvas = Canvas(width, 10_000, phrase_of(language, "tree_title", name=shown.name(root, language)))
    tree = _Tree(shown, language, nearly_retained(shown.chain), steps, canvas)
    top = canvas.paragraph(canvas.title, EDGE, 24, size=16, bold=True) - 8
    stays = sum((part.value * tree.stays(part) for part in tree.parts(root, Fraction(1))), ZERO)
    canvas.told.append(
        phrase_of(
            language, "tree_told", stays=number_in(stays, language, decimals=4),
            leaves=number_in(1 - stays, language, decimals=4),
        )
    )  # fmt: skip
    head = tuple(phrase_of(language, key) for key in ("step", "who", "value", "what"))
    rows = (head, *tree.draw(TreePart(shown.name(root, language), Fraction(1), CanvasFill.NONE, root), 0, top))
    entries = ((CanvasFill.INSIDE, phrase_of(language, "stays")), (CanvasFill.OUTSIDE, phrase_of(language, "leaves")))
    base = canvas.legend(EDGE, top + UNIT_PX + 24, entries)
    canvas.height = canvas.paragraph(canvas.told[0], EDGE, base + 4)
    return ChainDrawing(canvas.svg(), rows)


def _steps_of(chain: ProductiveChain, root: str) -> int:
    """Return how many columns it takes to follow all suppliers, at most TREE_STEPS_WIDE."""
    reached, steps = {root}, 1
    while steps < TREE_STEPS_WIDE and (
        reached := {to for (buyer, to), value in chain.inside.items() if value and buyer in reached}
    ):
        steps += 1
    return steps


def nearly_retained(chain: ProductiveChain) -> Mapping[str, Fraction]:
    """Return the share that stays of each enterprise, to NEARLY: exact sums of hundreds take minutes."""
    stays = [float(share) for share in chain.shares(lambda _, one: one.wages + one.surplus)]
    own = list(stays)
    rows = [[(at, float(share)) for at, share in row.items()] for row in chain.rows]
    for _ in range(NEARLY_ROUNDS):
        moved = 0.0
        for at, row in enumerate(rows):
            now = own[at] + sum(share * stays[supplier] for supplier, share in row)
            moved, stays[at] = max(moved, abs(now - stays[at])), now
        if moved < NEARLY:
            break
    return {
        name: Fraction(round(share, 9)).limit_denominator(10**9) for name, share in zip(chain.names, stays, strict=True)
    }


@dataclass(slots=True)
class _Tree:
    shown: ChainPictured
    language: PictureLanguage
    retained: Mapping[str, Fraction]
    steps: int
    canvas: Canvas

    def stays(self, part: TreePart) -> Fraction:
        """Return which share of a part stays in the end."""
        if part.id:
            return self.retained[part.id]
        return Fraction(part.fill is CanvasFill.INSIDE)

    def parts(self, id: str, value: Fraction) -> Iterator[TreePart]:
        """Yield where so much goes that is spent with an enterprise, or by households: suppliers first."""
        chain = self.shown.chain
        one = chain.enterprises.get(id)
        whole = one.turnover if one else chain.bought_inside(id) + chain.bought_outside(id)
        if not whole:
            return
        inside = [(name, spent) for (buyer, name), spent in chain.inside.items() if buyer == id and spent]
        outside = [(code, spent) for (buyer, code), spent in chain.outside.items() if buyer == id and spent]
        for name, spent in sorted(inside, key=lambda pair: (-pair[1], pair[0])):
            yield TreePart(self.shown.name(name, self.language), value * spent / whole, CanvasFill.PALE, name)
        rest = whole - sum((spent for _, spent in inside + outside), ZERO)
        for key, spent in (("wages", one.wages), ("surplus", one.surplus)) if one else ():
            rest -= spent
            if spent:
                yield TreePart(phrase_of(self.language, key), value * spent / whole, CanvasFill.INSIDE)
        for code, spent in sorted(outside, key=lambda pair: (-pair[1], pair[0])):
            yield TreePart(self.shown.item(code), value * spent / whole, CanvasFill.OUTSIDE)
        if rest:
            yield TreePart(phrase_of(self.language, "others"), value * rest / whole, CanvasFill.OUTSIDE)

    def draw(self, part: TreePart, step: int, top: float) -> Iterator[tuple[str, ...]]:
        """Draw a part and all that it goes into; yield the rows of the table beside it."""
        high = float(part.value) * UNIT_PX
        left, wide = self._column(step)
        figure = share_in(part.value, self.language)
        self.canvas.area(left, top, wide, high, part.fill, f"{part.name}: {figure}")
        if high >= _TALL_PX:
            dark = part.fill is CanvasFill.INSIDE
            base = top + high / 2 + 4
            if step == 0:
                self.canvas.write(figure, left + 5, base - 15, size=12, bold=True, room=wide - 9)
            told = part.name if step == 0 else f"{figure} {part.name}"
            self.canvas.write(told, left + 5, base, size=11, room=wide - 9, on_dark=dark)
        what = {CanvasFill.INSIDE: "stays", CanvasFill.OUTSIDE: "leaves"}.get(part.fill, "inside")
        yield str(step), part.name, figure, phrase_of(self.language, what)
        if not part.id:
            return
        for each in self._drawn_apart(part, step + 1):
            yield from self.draw(each, step + 1, top)
            top += float(each.value) * UNIT_PX

    def _drawn_apart(self, part: TreePart, step: int) -> list[TreePart]:
        """Return the parts of one in the order in which they are drawn; thin ones are put together."""
        found: list[TreePart] = []
        stays = leaves = ZERO
        thin = 0
        for each in self.parts(part.id, part.value):
            is_thin = float(each.value) * UNIT_PX < THIN_PX
            if is_thin or (each.id and step == self.steps):
                thin += 1
                stays += each.value * self.stays(each)
                leaves += each.value * (1 - self.stays(each))
            else:
                found.append(each)
        more = phrase_of(self.language, "more", count=str(thin))
        last = [
            TreePart(f"{phrase_of(self.language, key)} ({more})", value, fill)
            for key, value, fill in (("stays", stays, CanvasFill.INSIDE), ("leaves", leaves, CanvasFill.OUTSIDE))
            if value
        ]
        order = {CanvasFill.PALE: 0, CanvasFill.INSIDE: 1, CanvasFill.OUTSIDE: 2}
        return sorted([*found, *last], key=lambda one: order[one.fill])

    def _column(self, step: int) -> tuple[float, float]:
        whole = self.canvas.width - 2 * EDGE
        first = 0.2 * whole
        each = (whole - first) / self.steps
        return (EDGE, first) if step == 0 else (EDGE + first + (step - 1) * each, each)
