# SPDX-License-Identifier: AGPL-3.0-or-later
"""The least bad supplier, until somebody inside makes it (MISSION 3, formula 5).

A score is the sum of weights times values, all from 0 to 1. What is not known makes it an interval: suppliers are
ranked by its low end, and whatever answer would change the order is told. The price stands apart. Whom the group
boycotts is out, unless a motion says otherwise; of two that are equal whom it supports goes first.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from protocol.practices.chains.engine.chain import ZERO, ChainFault

NEARNESS_KM = 300
"""From this distance on a supplier counts as far."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A supplier with the least and the greatest score that it may have, and what is not known of it."""

    name: str
    low: Fraction
    high: Fraction
    unknown: tuple[str, ...]
    is_boycotted: bool


@dataclass(frozen=True, slots=True)
class AnswerWanted:
    """An answer that would change the order: this supplier overtakes the first from this value of a criterion on."""

    name: str
    criterion: str
    value: Fraction


@dataclass(frozen=True, slots=True)
class LeastBad:
    """Suppliers in the order of choice, those boycotted last, and what to ask."""

    ranked: tuple[Scored, ...]
    questions: tuple[AnswerWanted, ...]


def nearness(km: Fraction) -> Fraction:
    """Return the value of a distance: 1 where it is none, 0 from 300 km on."""
    return max(ZERO, 1 - km / NEARNESS_KM)


def least_bad(
    weights: Mapping[str, Fraction],
    suppliers: Mapping[str, Mapping[str, Fraction | None]],
    boycotted: Collection[str] = (),
    supported: Collection[str] = (),
) -> LeastBad:
    """Return suppliers ranked by what is known of them. Raises ChainFault SHARE_ABOVE_ONE, for values beyond 0 to 1."""
    if sum(weights.values(), ZERO) != 1 or min(weights.values()) < 0:
        raise ChainFault("SHARE_ABOVE_ONE", "weights")
    found: list[Scored] = []
    for name, values in suppliers.items():
        known = {criterion: value for criterion in weights if (value := values.get(criterion)) is not None}
        if any(not 0 <= value <= 1 for value in known.values()):
            raise ChainFault("SHARE_ABOVE_ONE", name)
        low = sum((weights[criterion] * value for criterion, value in known.items()), ZERO)
        unknown = tuple(criterion for criterion in weights if criterion not in known)
        high = low + sum((weights[criterion] for criterion in unknown), ZERO)
        found.append(Scored(name, low, high, unknown, name in boycotted))
    found.sort(key=lambda one: (one.is_boycotted, -one.low, one.name not in supported, one.name))
    return LeastBad(tuple(found), tuple(_questions(weights, found)))


def _questions(weights: Mapping[str, Fraction], ranked: Sequence[Scored]) -> list[AnswerWanted]:
    """Return what would bring another supplier before the first: each answer by itself, the others at their worst."""
    asked: list[AnswerWanted] = []
    for one in ranked[1:]:
        if one.is_boycotted or ranked[0].is_boycotted:
            continue
        for criterion in one.unknown:
            lacks = ranked[0].low - one.low
            if weights[criterion] and lacks <= weights[criterion]:
                asked.append(AnswerWanted(one.name, criterion, lacks / weights[criterion]))
    return sorted(asked, key=lambda one: (one.value, one.name, one.criterion))
