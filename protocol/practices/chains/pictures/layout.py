# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the parts of a flow lie: bars stand in columns, flows that pass a column have lanes, what leaves falls.

`along` goes with the flow, `across` athwart: a picture that is turned by a quarter has the same layout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from protocol.practices.chains.engine.chain import ZERO
from protocol.practices.chains.pictures.pictured import SEGMENTS, BarPictured

THICK = 14.0
"""How thick a bar is."""
EDGE = 12.0
FALL_GAP = 8.0
_STACK_PX = 300.0
"""How high the greatest stack is, where purchases run right."""
GROUND_ROOM = 126.0
"""How much room there is beside the ground line, where they run down."""

BarPair = tuple[int, int]
"""A flow: the numbers of who buys and of who sells."""
Slot2 = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FallPlaced:
    """What leaves a bar: which item, and between which places along it arrives at the ground."""

    bar: int
    item: str
    value: Fraction
    begin: float
    end: float


@dataclass(slots=True)
class FlowLayout:
    """Bars by number, each with what it turns over, and the flows between them."""

    bars: Sequence[BarPictured]
    flows: Mapping[BarPair, Fraction]
    upright: bool
    width: float
    begin: float
    """Where across, or along where it is turned, the drawing begins."""
    scale: float = 1.0
    """Pixels for a unit of value."""
    along: list[float] = field(default_factory=list[float])
    """Where each column begins."""
    across: dict[int, float] = field(default_factory=dict[int, float])
    lanes: dict[BarPair, list[tuple[float, float]]] = field(default_factory=dict[BarPair, list[tuple[float, float]]])
    """Of each flow that passes columns, where along and from where across it does."""
    falls: list[FallPlaced] = field(default_factory=list[FallPlaced])
    ground: float = 0.0
    """Where across the ground line lies."""
    end: float = 0.0
    """Where along the drawing ends."""
    columns: list[list[int]] = field(init=False)
    """The bars of each segment."""
    _sizes: list[Fraction] = field(init=False)

    def __post_init__(self) -> None:
        self.columns = [[at for at in range(len(self.bars)) if self.column(at) == k] for k in range(len(SEGMENTS))]
        self._sizes = [self._size(at) for at in range(len(self.bars))]
        self._find_scale()
        self._place()

    def column(self, bar: int) -> int:
        """Return in which column a bar stands."""
        return SEGMENTS.index(self.bars[bar].segment)

    def runs(self, flow: BarPair) -> int:
        """Return by how many columns a flow goes forward; below zero where it goes back."""
        return self.column(flow[1]) - self.column(flow[0])

    def size(self, bar: int) -> float:
        """Return how far a bar reaches across."""
        return float(self._sizes[bar]) * self.scale

    def wide(self, value: Fraction) -> float:
        """Return how wide a flow of so much is."""
        return float(value) * self.scale

    def sold_outside(self, bar: int) -> Fraction:
        """Return what a bar sells to who is not in the chain."""
        sold = sum((value for flow, value in self.flows.items() if flow[1] == bar), ZERO)
        return max(self.bars[bar].sold - sold, ZERO)

    def labels(self, k: int) -> int:
        """Return how many lines stand above a column where purchases run down."""
        return 1 + len(self.columns[k])

    def _size(self, at: int) -> Fraction:
        """Return what a bar turns over; where it is told to sell more than that, so much."""
        return max(self.bars[at].value, sum((value for flow, value in self.flows.items() if flow[1] == at), ZERO))

    def _passing(self, k: int) -> list[BarPair]:
        return [flow for flow in sorted(self.flows) if self.column(flow[0]) < k < self.column(flow[1])]

    def _gap(self) -> float:
        return 8.0 if self.upright else 24.0

    def _gutter(self, k: int) -> float:
        """Return how far it is from a column to the next, without what falls between them."""
        falls = FALL_GAP * (1 + sum(bool(self.bars[at].leaves) for at in self.columns[k]))
        if self.upright:
            return falls + 26.0 + (15.0 * self.labels(k + 1) if k + 1 < len(SEGMENTS) else 0.0)
        return falls + (100.0 if self.columns[k] else 76.0)

    def _find_scale(self) -> None:
        totals = [
            sum((self._sizes[at] for at in column), ZERO) + sum((self.flows[one] for one in self._passing(k)), ZERO)
            for k, column in enumerate(self.columns)
        ]
        leaks = sum((value for bar in self.bars for _, value in bar.leaves), ZERO)
        if self.upright:
            rooms = [self.width - EDGE - GROUND_ROOM - self._gap() * len(column) for column in self.columns]
        else:
            rooms = [_STACK_PX] * len(SEGMENTS)
        found = [room / float(total) for room, total in zip(rooms, totals, strict=True) if total]
        if leaks and not self.upright:
            fixed = 2 * EDGE + len(SEGMENTS) * THICK + sum(map(self._gutter, range(len(SEGMENTS))))
            found.append((self.width - fixed) / float(leaks))
        self.scale = min(found, default=1.0)

    def _place(self) -> None:
        at = EDGE if not self.upright else self.begin + 15.0 * self.labels(0)
        bottom, spare = 0.0, self._spare()
        for k, column in enumerate(self.columns):
            self.along.append(at)
            place = EDGE if self.upright else self.begin
            passing = self._passing(k)
            for flow in passing:
                self.lanes.setdefault(flow, []).append((at, place))
                place += self.wide(self.flows[flow])
            place += self._gap() if passing else 0.0
            for bar in column:
                self.across[bar] = place
                place += self.size(bar) + self._gap()
            bottom = max(bottom, place - self._gap())
            at = self._fall(column, at + THICK) + self._gutter(k) + spare
        self.end = at
        reach = (
            self.across[one.bar] + self.size(one.bar) + one.end - self.along[self.column(one.bar)] for one in self.falls
        )
        self.ground = self.width - GROUND_ROOM if self.upright else max(bottom, 150.0, *reach) + 14

    def _spare(self) -> float:
        """Return how much further columns may stand apart, so that the drawing is as wide as it may be."""
        if self.upright:
            return 0.0
        leaks = sum((value for bar in self.bars for _, value in bar.leaves), ZERO)
        used = 2 * EDGE + len(SEGMENTS) * THICK + sum(map(self._gutter, range(len(SEGMENTS)))) + self.wide(leaks)
        return max(self.width - used, 0.0) / (len(SEGMENTS) - 1)

    def _fall(self, column: Sequence[int], at: float) -> float:
        """Place what leaves a column's bars: of the last bar nearest; return where it ends, without gaps."""
        place, used = at + FALL_GAP, 0.0
        for bar in reversed(column):
            for item, value in reversed(self.bars[bar].leaves):
                self.falls.append(FallPlaced(bar, item, value, place, place + self.wide(value)))
                place += self.wide(value)
                used += self.wide(value)
            place += FALL_GAP if self.bars[bar].leaves else 0.0
        return at + used
