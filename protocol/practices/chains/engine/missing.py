# SPDX-License-Identifier: AGPL-3.0-or-later
"""Missing links: who could make inside what is bought outside, and what that would keep (MISSION 3, formula 4).

A candidate takes a share of what each buyer buys outside of an item, and spends its turnover by its recipe. With final
demand constant, X what it would sell at today's turnovers, c the share that it retains with today's suppliers and G
what of a unit spent with one comes back as demand for another, leakage falls by X' (1 - G)^-1 c for any set of
candidates (the formula of Sherman, Morrison and Woodbury: one inverse of the chain serves all sets).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

from protocol.practices.chains.engine.chain import HOUSEHOLDS, ZERO, ChainFault, ProductiveChain
from protocol.practices.chains.engine.solving import answers


@dataclass(frozen=True, slots=True)
class Recipe:
    """Where a unit of turnover goes: shares to suppliers inside, to items from outside, to wages and surplus."""

    inside: Mapping[str, Fraction]
    outside: Mapping[str, Fraction]
    wages: Fraction
    surplus: Fraction


@dataclass(frozen=True, slots=True)
class Candidate:
    """An enterprise that could be founded to make an item: who bought outside would buy a share of it there."""

    name: str
    item: str
    pledged: Fraction
    """The share of what is bought outside now that would be bought of it."""
    recipe: Recipe
    investment: Fraction
    minimum: Fraction = ZERO
    """Below so much turnover it cannot work."""
    capacity: Fraction | None = None


@dataclass(frozen=True, slots=True)
class MissingLink:
    """What a candidate would bring by itself, in the chain's period and unit."""

    candidate: Candidate
    sells: Fraction
    retains: Fraction
    first_order: Fraction
    """What it would keep inside with today's turnovers: `sells` x `retains`."""
    keeps: Fraction
    """By how much leakage would fall exactly, with all that follows."""
    jobs: Fraction
    payback: Fraction | None
    """Periods until its surplus has paid the investment; None where it has none."""
    is_blocked: bool
    """Whether it would sell less than its minimum."""


@dataclass(frozen=True)
class MissingLinks:
    """Candidates in a chain. Raises ChainFault: SHARE_ABOVE_ONE, ENTERPRISE_UNKNOWN, ENTERPRISE_TWICE."""

    chain: ProductiveChain
    candidates: Sequence[Candidate]

    def __post_init__(self) -> None:
        for one in self.candidates:
            recipe = one.recipe
            parts = (*recipe.inside.values(), *recipe.outside.values(), recipe.wages, recipe.surplus)
            if min(parts, default=ZERO) < 0 or sum(parts, ZERO) != 1 or not 0 <= one.pledged <= 1:
                raise ChainFault("SHARE_ABOVE_ONE", one.name)
            if strange := recipe.inside.keys() - self.chain.enterprises.keys():
                raise ChainFault("ENTERPRISE_UNKNOWN", ", ".join(sorted(strange)))
        names = [one.name for one in self.candidates]
        if len(set(names)) < len(names) or self.chain.enterprises.keys() & set(names):
            raise ChainFault("ENTERPRISE_TWICE", ", ".join(sorted(names)))

    @cached_property
    def wanted(self) -> Mapping[str, Mapping[str, Fraction]]:
        """What each buyer buys outside, by item."""
        found: dict[str, dict[str, Fraction]] = {}
        for (buyer, item), value in self.chain.outside.items():
            found.setdefault(item, {})[buyer] = value
        return found

    @cached_property
    def demand(self) -> Mapping[str, Fraction]:
        """How much is bought outside, by item."""
        return {item: sum(bought.values(), ZERO) for item, bought in self.wanted.items()}

    @cached_property
    def pledged(self) -> list[Fraction]:
        """Of each candidate the share of its item's purchases that it would serve, as far as its capacity goes."""
        return [
            one.pledged
            if one.capacity is None or not self.demand.get(one.item)
            else min(one.pledged, one.capacity / self.demand[one.item])
            for one in self.candidates
        ]

    @cached_property
    def sells(self) -> list[Fraction]:
        """What each would sell at today's turnovers: X."""
        pairs = zip(self.candidates, self.pledged, strict=True)
        return [share * self.demand.get(one.item, ZERO) for one, share in pairs]

    @cached_property
    def retains(self) -> list[Fraction]:
        """Which share each would retain with today's suppliers: c."""
        kept = self.chain.shares(lambda _, one: one.wages + one.surplus)
        (stays,) = answers(self.chain.rows, (kept,))
        return [
            one.recipe.wages + one.recipe.surplus + self._spent(one.recipe.inside, stays) for one in self.candidates
        ]

    @cached_property
    def _through(self) -> Mapping[str, list[Fraction]]:
        """How much of an item a unit that is spent with each enterprise makes be bought outside, by item."""
        items = sorted({one.item for one in self.candidates})
        demands: list[list[Fraction]] = []
        for item in items:
            column = [ZERO] * len(self.chain.names)
            for buyer, value in self.wanted.get(item, {}).items():
                if buyer != HOUSEHOLDS:
                    column[self.chain.number[buyer]] = value / self.chain.enterprises[buyer].turnover
            demands.append(column)
        return dict(zip(items, answers(self.chain.rows, demands), strict=True))

    def _back(self, one: int, other: int) -> Fraction:
        """Return what of a unit spent with one candidate comes back as demand for another: an element of G."""
        recipe, item = self.candidates[one].recipe, self.candidates[other].item
        demand = self._spent(recipe.inside, self._through[item]) + recipe.outside.get(item, ZERO)
        return self.pledged[other] * demand

    @cached_property
    def returns(self) -> list[list[Fraction]]:
        """What of a unit spent with one candidate, by row, comes back as demand for another, by column: G."""
        everybody = range(len(self.candidates))
        return [[self._back(one, other) for other in everybody] for one in everybody]

    def _spent(self, inside: Mapping[str, Fraction], figures: Sequence[Fraction]) -> Fraction:
        return sum((share * figures[self.chain.number[name]] for name, share in inside.items()), ZERO)

    def keeps(self, founded: Iterable[int]) -> Fraction:
        """Return by how much leakage falls where these candidates, by number, are founded together."""
        chosen = sorted(set(founded))
        rows = [{at: back for at, other in enumerate(chosen) if (back := self._back(one, other))} for one in chosen]
        (stays,) = answers(rows, ([self.retains[one] for one in chosen],))
        return sum((self.sells[one] * share for one, share in zip(chosen, stays, strict=True)), ZERO)

    @cached_property
    def bordered(self) -> tuple[list[list[int]], int]:
        """1 - G beside c, above -X, each row times what makes its figures whole, and what the last row was taken times.

        Once some candidates are eliminated (`reduced`), the corner over the pivot and that number is what they keep.
        """
        rows = [
            [Fraction(int(at == one)) - share for one, share in enumerate(row)] + [self.retains[at]]
            for at, row in enumerate(self.returns)
        ]
        rows.append([*(-one for one in self.sells), ZERO])
        times = [lcm(*(one.denominator for one in row)) for row in rows]
        return [[int(one * by) for one in row] for row, by in zip(rows, times, strict=True)], times[-1]

    def ranked(self, monthly_income: Fraction) -> list[MissingLink]:
        """Return all candidates, those first that keep most at first order, then those with more jobs."""
        found: list[MissingLink] = []
        for at, (one, sells, retains) in enumerate(zip(self.candidates, self.sells, self.retains, strict=True)):
            surplus = sells * one.recipe.surplus
            found.append(
                MissingLink(
                    candidate=one,
                    sells=sells,
                    retains=retains,
                    first_order=sells * retains,
                    keeps=self.keeps((at,)),
                    jobs=sells * one.recipe.wages / monthly_income,
                    payback=one.investment / surplus if surplus else None,
                    is_blocked=sells < one.minimum or not sells,
                )
            )
        return sorted(found, key=lambda one: (one.is_blocked, -one.first_order, -one.jobs, one.candidate.name))

    def fits(self, founded: Iterable[int]) -> bool:
        """Tell whether these candidates, by number, leave no buyer more than what it buys."""
        taken: dict[str, Fraction] = {}
        for at in set(founded):
            item = self.candidates[at].item
            taken[item] = taken.get(item, ZERO) + self.pledged[at]
        return all(share <= 1 for share in taken.values())
