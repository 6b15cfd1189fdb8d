# SPDX-License-Identifier: AGPL-3.0-or-later
"""Missing links of a chain as columns: ten thousand candidates ranked, and what each would keep by one more solution.

As in `missing`: a candidate changes the chain by one row and one column, so what it would keep follows from the chain
as it is (Sherman, Morrison, Woodbury), with one solution for each item and none for each candidate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

from protocol.practices.chains.engine.large import LargeFigures
from protocol.practices.chains.engine.missing import Candidate
from protocol.solvers.sparse import answered


@dataclass(frozen=True, eq=False)
class LargeLinks:
    """Candidates for a chain, whose names of enterprises and items are told by number."""

    figures: LargeFigures
    candidates: Sequence[Candidate]
    number: Mapping[str, int]
    items: Mapping[str, int]

    @cached_property
    def item(self) -> Any:
        """The number of each candidate's item; of what nobody buys the number after the last."""
        numpy: Any = import_module("numpy")
        return numpy.array([self.items.get(one.item, len(self.figures.leaks)) for one in self.candidates])

    @property
    def demand(self) -> Any:
        """How much is bought outside of each candidate's item."""
        numpy: Any = import_module("numpy")
        return numpy.append(self.figures.leaks, 0.0)[self.item]

    @property
    def pledged(self) -> Any:
        """Which share of its item's purchases each would serve, as far as its capacity goes."""
        numpy: Any = import_module("numpy")
        wanted = numpy.maximum(self.demand, 1e-300)
        asked = numpy.array([float(one.pledged) for one in self.candidates])
        most = [numpy.inf if one.capacity is None else float(one.capacity) for one in self.candidates]
        return numpy.minimum(asked, numpy.array(most) / wanted)

    @property
    def sells(self) -> Any:
        """What each would sell at today's turnovers."""
        return self.pledged * self.demand

    @cached_property
    def recipes(self) -> Any:
        """Which share of its turnover each candidate would spend with which enterprise: a csr array."""
        numpy: Any = import_module("numpy")
        sparse: Any = import_module("scipy.sparse")
        shares = [float(share) for one in self.candidates for share in one.recipe.inside.values()]
        who = [self.number[name] for one in self.candidates for name in one.recipe.inside]
        counts = [len(one.recipe.inside) for one in self.candidates]
        shape = (len(self.candidates), self.figures.chain.size)
        return sparse.csr_array((numpy.array(shares), who, numpy.append(0, numpy.cumsum(counts))), shape=shape)

    @cached_property
    def _own(self) -> Any:
        numpy: Any = import_module("numpy")
        return numpy.array([float(one.recipe.wages + one.recipe.surplus) for one in self.candidates])

    @property
    def retains(self) -> Any:
        """Which share each would retain with today's suppliers."""
        return self._own + self.recipes @ self.figures.stays

    def best(self, count: int) -> list[int]:
        """Return the candidates that keep most at first order, then those with more wages, as `missing` ranks them."""
        numpy: Any = import_module("numpy")
        first = self.sells * self.retains
        jobs = self.sells * self.wages
        blocked = (self.sells < self.minimum) | (self.sells == 0)
        return numpy.lexsort((-jobs, -first, blocked))[:count].tolist()

    @cached_property
    def wages(self) -> Any:
        """Which share of its turnover each would pay as wages."""
        numpy: Any = import_module("numpy")
        return numpy.array([float(one.recipe.wages) for one in self.candidates])

    @cached_property
    def minimum(self) -> Any:
        """Below which turnover each cannot work."""
        numpy: Any = import_module("numpy")
        return numpy.array([float(one.minimum) for one in self.candidates])

    def keeps(self, which: Sequence[int]) -> list[float]:
        """Return by how much leakage would fall exactly with each of these alone, by a solution for each item."""
        numpy: Any = import_module("numpy")
        chain, found = self.figures.chain, dict[int, float]()
        by_item: dict[int, list[int]] = {}
        for at in which:
            by_item.setdefault(int(self.item[at]), []).append(at)
        retains, sells, pledged, rows = self.retains, self.sells, self.pledged, self.figures.rows
        for item, those in sorted(by_item.items()):
            buyers, items, values = chain.outside
            mine = (items == item) & (buyers < chain.size)
            bought = numpy.bincount(buyers[mine], values[mine], chain.size)
            for buyer, other, more in self.figures.changed_outside:
                if other == item and buyer < chain.size:
                    bought[buyer] += more
            (through,) = answered(rows, (bought / chain.turnover,), self.figures.multipliers)
            name = self.candidates[those[0]].item
            spent = self.recipes[those] @ through
            for at, share in zip(those, spent, strict=True):
                again = pledged[at] * (share + float(self.candidates[at].recipe.outside.get(name, 0)))
                found[at] = float(sells[at] * retains[at] / (1 - again))
        return [found[at] for at in which]
