# SPDX-License-Identifier: AGPL-3.0-or-later
"""A chain as columns: what a hundred thousand enterprises and a million relations come to, in about a second.

The same rules as in `chain`, `shares` and `retained`, upon arrays of numpy in floating point; sums of whole minor units
are exact below 2**53. Needs the extra `chains`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any, Self

from protocol.practices.chains.engine.chain import HOUSEHOLDS, ChainFault, ProductiveChain
from protocol.solvers.sparse import NeverEnding, answered, felt, multipliers_of

CHANGE_REST = 2e-9
"""What is less than this of one change is not followed from row to row, but summed up; figures stay within 1e-9."""


@dataclass(frozen=True, eq=False)
class LargeChain:
    """Enterprises by number, households being the number after the last; relations as columns, each pair once.

    `inside` are columns of buyer, supplier and value, `outside` of buyer, item (by number) and value. Raises
    ChainFault: AMOUNT_NEGATIVE, SHARE_ABOVE_ONE, ENTERPRISE_UNKNOWN, CLOSED_GROUP.
    """

    turnover: Any
    wages: Any
    surplus: Any
    inside: tuple[Any, Any, Any]
    outside: tuple[Any, Any, Any]

    @classmethod
    def of(cls, chain: ProductiveChain) -> tuple[Self, list[str]]:
        """Return a chain as columns, and its items in the order of their numbers."""
        numpy: Any = import_module("numpy")
        number = {**chain.number, HOUSEHOLDS: len(chain.names)}
        items = sorted({item for _, item in chain.outside})
        place = {item: at for at, item in enumerate(items)}
        made = [chain.enterprises[name] for name in chain.names]

        def columns(bought: Mapping[tuple[str, str], Any], of: Mapping[str, int]) -> tuple[Any, Any, Any]:
            return (
                numpy.array([number[buyer] for buyer, _ in bought], dtype=numpy.int64),
                numpy.array([of[other] for _, other in bought], dtype=numpy.int64),
                numpy.array([float(value) for value in bought.values()]),
            )

        turnover, wages, surplus = (
            numpy.array([float(getattr(one, of)) for one in made]) for of in ("turnover", "wages", "surplus")
        )
        return cls(turnover, wages, surplus, columns(chain.inside, number), columns(chain.outside, place)), items

    def __post_init__(self) -> None:
        numpy: Any = import_module("numpy")
        for at in numpy.flatnonzero((self.turnover <= 0) | (self.wages < 0) | (self.surplus < 0))[:1]:
            raise ChainFault("AMOUNT_NEGATIVE", str(at))
        for buyers, others, values in (self.inside, self.outside):
            for at in numpy.flatnonzero(values < 0)[:1]:
                raise ChainFault("AMOUNT_NEGATIVE", f"{buyers[at]}, {others[at]}")
            for at in numpy.flatnonzero((buyers < 0) | (buyers > self.size))[:1]:
                raise ChainFault("ENTERPRISE_UNKNOWN", str(buyers[at]))
        for at in numpy.flatnonzero((self.inside[1] < 0) | (self.inside[1] >= self.size))[:1]:
            raise ChainFault("ENTERPRISE_UNKNOWN", str(self.inside[1][at]))
        spent = self.bought_inside[:-1] + self.bought_outside[:-1] + self.wages + self.surplus
        for at in numpy.flatnonzero(spent > self.turnover * (1 + 1e-12))[:1]:
            raise ChainFault("SHARE_ABOVE_ONE", str(at))
        if closed := self._closed_group():
            raise ChainFault("CLOSED_GROUP", ", ".join(map(str, closed)))

    @property
    def size(self) -> int:
        """How many enterprises there are."""
        return len(self.turnover)

    @cached_property
    def items(self) -> int:
        """How many items are bought outside, by their greatest number."""
        return int(self.outside[1].max(initial=-1)) + 1

    @cached_property
    def bought_inside(self) -> Any:
        """How much each spends inside, households last."""
        numpy: Any = import_module("numpy")
        return numpy.bincount(self.inside[0], self.inside[2], self.size + 1)

    @cached_property
    def bought_outside(self) -> Any:
        """How much each spends outside, households last."""
        numpy: Any = import_module("numpy")
        return numpy.bincount(self.outside[0], self.outside[2], self.size + 1)

    @cached_property
    def leaks(self) -> Any:
        """How much is bought outside, by item."""
        numpy: Any = import_module("numpy")
        return numpy.bincount(self.outside[1], self.outside[2], self.items)

    @cached_property
    def shares(self) -> Any:
        """Which share of its turnover each spends with whom: a csr array, households with what they spend last."""
        sparse: Any = import_module("scipy.sparse")
        numpy: Any = import_module("numpy")
        buyers, suppliers, values = self.inside
        spends = numpy.append(self.turnover, max(self.bought_inside[-1] + self.bought_outside[-1], 1e-300))
        over = (1 / spends)[buyers]
        shape = (self.size + 1, self.size)
        pairs = (buyers.astype(numpy.int32, copy=False), suppliers.astype(numpy.int32, copy=False))
        return sparse.coo_array((values * over, pairs), shape=shape).tocsr()

    @cached_property
    def rows(self) -> Any:
        """The shares of enterprises alone, square: views of the same numbers."""
        sparse: Any = import_module("scipy.sparse")
        end = int(self.shares.indptr[-2])
        parts = (self.shares.data[:end], self.shares.indices[:end], self.shares.indptr[:-1])
        return sparse.csr_array(parts, shape=(self.size, self.size))

    def _closed_group(self) -> list[int]:
        """Return those that lead to nobody who spends elsewhere, followed in the graph; most chains have none."""
        numpy: Any = import_module("numpy")
        closed = self.bought_inside[:-1] >= self.turnover * (1 - 1e-12)
        while closed.any():
            who = numpy.flatnonzero(closed)
            leads = (self.rows[who] @ (~closed).astype(float)) > 0
            if not leads.any():
                return who.tolist()
            closed[who[leads]] = False
        return []

    @cached_property
    def columns(self) -> Any:
        """The shares of enterprises by supplier: a csc array."""
        return self.rows.tocsc()

    def figures(self) -> "LargeFigures":
        """Return what the chain comes to, by two solutions. Raises ChainFault CHAIN_NEARLY_CLOSED."""
        try:
            multipliers = multipliers_of(self.rows)
            (stays,) = answered(self.rows, ((self.wages + self.surplus) / self.turnover,), multipliers)
        except NeverEnding:
            raise ChainFault("CHAIN_NEARLY_CLOSED", str(self.size)) from None
        bought = (self.bought_inside.copy(), self.bought_outside.copy(), self.leaks.copy())
        return LargeFigures(self, stays, multipliers, *bought)


@dataclass(eq=False)
class LargeFigures:
    """What a chain comes to, by enterprise: what stays of a unit spent with each, and what is turned over in all.

    One relation may change after another; the chain itself stays as it was, and `changed` tells what is other now.
    """

    chain: LargeChain
    stays: Any
    multipliers: Any
    bought_inside: Any
    bought_outside: Any
    leaks: Any
    changed: list[tuple[int, int, float]] = field(default_factory=list[tuple[int, int, float]])
    changed_outside: list[tuple[int, int, float]] = field(default_factory=list[tuple[int, int, float]])

    @property
    def of(self) -> Any:
        """The share of purchases inside of each, households last; zero of who buys nothing."""
        numpy: Any = import_module("numpy")
        return self.bought_inside / numpy.maximum(self.bought_inside + self.bought_outside, 1e-300)

    @property
    def all(self) -> float:
        """The share of all purchases."""
        inside, outside = float(self.bought_inside.sum()), self.leakage
        return inside / (inside + outside) if inside + outside else 0.0

    @property
    def leakage(self) -> float:
        """All that is bought outside."""
        return float(self.bought_outside.sum())

    @property
    def leaves(self) -> Any:
        """What leaves of a unit spent with each."""
        return 1 - self.stays

    def lm3(self) -> Any:
        """Return the local multiplier over three rounds, by who spends, households last, as the chain was."""
        numpy: Any = import_module("numpy")
        chain = self.chain
        to_households = numpy.append(chain.wages / chain.turnover, 0.0)
        once = chain.shares @ numpy.ones(chain.size) + to_households
        return 1 + once + chain.shares @ once[:-1] + to_households * once[-1]

    @property
    def rows(self) -> Any:
        """The shares as they are now, square."""
        if not self.changed:
            return self.chain.rows
        sparse: Any = import_module("scipy.sparse")
        buyers, suppliers, shares = zip(*self.changed, strict=True)
        more = sparse.coo_array((shares, (buyers, suppliers)), shape=self.chain.rows.shape)
        return (self.chain.rows + more).tocsr()

    def change_outside(self, buyer: int, item: int, more: float) -> None:
        """Let a buyer buy so much more of an item outside; nothing else changes by it. Raises as the chain does."""
        if more < 0:
            buyers, items, values = self.chain.outside
            now = float(values[(buyers == buyer) & (items == item)].sum())
            now += sum(one[2] for one in self.changed_outside if one[:2] == (buyer, item))
            self._look_below(buyer, now + more)
        self._look_above(buyer, more)
        self.bought_outside[buyer] += more
        self.leaks[item] += more
        self.changed_outside.append((buyer, item, more))

    def change(self, buyer: int, supplier: int, more: float) -> None:
        """Let a buyer buy so much more of a supplier: one row changes, and what follows from it everywhere.

        By Sherman's and Morrison's formula with one column of the inverse. Raises as the chain does.
        """
        if more < 0:
            row = self.chain.shares[[buyer]]
            now = float(row.data[row.indices == supplier].sum()) * self._spends(buyer)
            now += sum(one[2] for one in self.changed if one[:2] == (buyer, supplier)) * self._spends(buyer)
            self._look_below(buyer, now + more)
        self._look_above(buyer, more)
        self.bought_inside[buyer] += more
        share = more / self._spends(buyer)
        if buyer == self.chain.size:
            return
        most = abs(share) * float(self.multipliers.max())
        column = felt(self.chain.rows, self.chain.columns, buyer, CHANGE_REST / max(most, 1e-300), self.changed)
        times = share / (1 - share * float(column[supplier]))
        self.stays += column * (times * float(self.stays[supplier]))
        self.multipliers += column * (times * float(self.multipliers[supplier]))
        self.changed.append((buyer, supplier, share))

    def _spends(self, buyer: int) -> float:
        chain = self.chain
        if buyer < chain.size:
            return float(chain.turnover[buyer])
        return max(float(chain.bought_inside[buyer] + chain.bought_outside[buyer]), 1e-300)

    def _look_below(self, buyer: int, then: float) -> None:
        if then < -1e-12 * self._spends(buyer):
            raise ChainFault("AMOUNT_NEGATIVE", str(buyer))

    def _look_above(self, buyer: int, more: float) -> None:
        chain = self.chain
        if buyer < chain.size:
            spent = float(self.bought_inside[buyer] + self.bought_outside[buyer]) + more
            if spent + float(chain.wages[buyer] + chain.surplus[buyer]) > self._spends(buyer) * (1 + 1e-12):
                raise ChainFault("SHARE_ABOVE_ONE", str(buyer))
