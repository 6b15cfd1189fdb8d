# SPDX-License-Identifier: AGPL-3.0-or-later
"""A productive chain: who buys what from whom inside, what comes from outside, and what wages and surplus are.

All values are of one period and one unit, exact; an item is a code, such as of CPC.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from protocol.solvers.leontief import closed_groups

HOUSEHOLDS = "households"
"""The buyer that all households are together."""
ZERO = Fraction(0)


class ChainFault(ValueError):
    """Figures of which no chain can be made; `about` names whose they are."""

    def __init__(self, code: str, about: str) -> None:
        super().__init__(f"{code}: {about}")
        self.code, self.about = code, about


@dataclass(frozen=True, slots=True)
class Enterprise:
    """What an enterprise has turned over, and what of it went to its members and into its surplus."""

    turnover: Fraction
    wages: Fraction
    surplus: Fraction


@dataclass(frozen=True)
class ProductiveChain:
    """Enterprises by name; what each buys `inside`, by (buyer, supplier), and `outside`, by (buyer, item).

    Households buy as well; their spending is what they buy. Raises ChainFault: AMOUNT_NEGATIVE, SHARE_ABOVE_ONE,
    ENTERPRISE_UNKNOWN, CLOSED_GROUP.
    """

    enterprises: Mapping[str, Enterprise]
    inside: Mapping[tuple[str, str], Fraction] = field(default_factory=dict[tuple[str, str], Fraction])
    outside: Mapping[tuple[str, str], Fraction] = field(default_factory=dict[tuple[str, str], Fraction])

    def __post_init__(self) -> None:
        for name, one in self.enterprises.items():
            if one.turnover <= 0 or min(one.wages, one.surplus) < 0:
                raise ChainFault("AMOUNT_NEGATIVE", name)
        for (buyer, seller), value in (*self.inside.items(), *self.outside.items()):
            if value < 0:
                raise ChainFault("AMOUNT_NEGATIVE", f"{buyer}, {seller}")
            if buyer != HOUSEHOLDS and buyer not in self.enterprises:
                raise ChainFault("ENTERPRISE_UNKNOWN", buyer)
        for _, supplier in self.inside:
            if supplier not in self.enterprises:
                raise ChainFault("ENTERPRISE_UNKNOWN", supplier)
        for name, one in self.enterprises.items():
            if self.bought_inside(name) + self.bought_outside(name) + one.wages + one.surplus > one.turnover:
                raise ChainFault("SHARE_ABOVE_ONE", name)
        if closed := closed_groups(self.rows, (at for at, name in enumerate(self.names) if self.is_open(name))):
            raise ChainFault("CLOSED_GROUP", ", ".join(self.names[at] for at in closed))

    @cached_property
    def names(self) -> list[str]:
        """All enterprises, in order: the numbers of rows."""
        return sorted(self.enterprises)

    @cached_property
    def number(self) -> Mapping[str, int]:
        """The number of each enterprise's row."""
        return {name: at for at, name in enumerate(self.names)}

    @cached_property
    def _sums(self) -> tuple[Mapping[str, Fraction], Mapping[str, Fraction]]:
        sums: tuple[dict[str, Fraction], dict[str, Fraction]] = ({}, {})
        for one, bought in zip(sums, (self.inside, self.outside), strict=True):
            for (buyer, _), value in bought.items():
                one[buyer] = one.get(buyer, ZERO) + value
        return sums

    def bought_inside(self, buyer: str) -> Fraction:
        """Return how much a buyer spends inside."""
        return self._sums[0].get(buyer, ZERO)

    def bought_outside(self, buyer: str) -> Fraction:
        """Return how much a buyer spends outside."""
        return self._sums[1].get(buyer, ZERO)

    @property
    def buyers(self) -> list[str]:
        """Return who buys: households, if they do, and the enterprises."""
        return [HOUSEHOLDS, *self.names] if HOUSEHOLDS in self._sums[0] or HOUSEHOLDS in self._sums[1] else self.names

    def is_open(self, name: str) -> bool:
        """Tell whether some of an enterprise's turnover goes elsewhere than to other enterprises."""
        return self.bought_inside(name) < self.enterprises[name].turnover

    @cached_property
    def rows(self) -> list[dict[int, Fraction]]:
        """Return of each enterprise, in order, which share of its turnover goes to which supplier."""
        found: list[dict[int, Fraction]] = [{} for _ in self.names]
        for (buyer, supplier), value in self.inside.items():
            if buyer != HOUSEHOLDS:
                found[self.number[buyer]][self.number[supplier]] = value / self.enterprises[buyer].turnover
        return found

    def shares(self, of: Callable[[str, Enterprise], Fraction]) -> list[Fraction]:
        """Return of each enterprise, in order, a figure of it over its turnover."""
        return [of(name, self.enterprises[name]) / self.enterprises[name].turnover for name in self.names]


def fractions(values: Iterable[tuple[tuple[str, str], int | str | Fraction]]) -> dict[tuple[str, str], Fraction]:
    """Return what is bought as exact fractions; what is told twice is added up."""
    found: dict[tuple[str, str], Fraction] = {}
    for place, value in values:
        found[place] = found.get(place, ZERO) + Fraction(value)
    return found
