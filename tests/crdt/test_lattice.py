# SPDX-License-Identifier: AGPL-3.0-or-later
"""The law checker itself: it passes a known lattice and stops each way of not being one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.lattice import at_least


@dataclass
class HighWater:
    """How high the water ever stood: the plainest lattice."""

    level: float

    def merge(self, other: Self) -> Self:
        return type(self)(max(self.level, other.level))


class TrustsTheOther(HighWater):
    def merge(self, other: Self) -> Self:
        return type(self)(other.level)


class MeetsHalfway(HighWater):
    def merge(self, other: Self) -> Self:
        return type(self)((self.level + other.level) / 2)


class Adds(HighWater):
    def merge(self, other: Self) -> Self:
        return type(self)(self.level + other.level)


class RaisesItself(HighWater):
    def merge(self, other: Self) -> Self:
        self.level = max(self.level, other.level)
        return type(self)(self.level)


class LowWater(HighWater):
    def merge(self, other: Self) -> Self:
        return type(self)(min(self.level, other.level))


LEVELS = st.integers(0, 9)


@given(LEVELS, LEVELS, LEVELS)
def test_the_high_water_mark_keeps_the_laws(laws: Callable[..., None], a: int, b: int, c: int) -> None:
    laws(HighWater(a), HighWater(b), HighWater(c))
    assert at_least(HighWater(a), HighWater(b)) == (a >= b)


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        (TrustsTheOther, "commutative"),
        (MeetsHalfway, "associative"),
        (Adds, "idempotent"),
        (RaisesItself, "a merge leaves"),
    ],
)
def test_each_broken_merge_is_caught_by_the_law_that_it_breaks(
    laws: Callable[..., None], broken: type[HighWater], law: str
) -> None:
    with pytest.raises(AssertionError, match=law):
        laws(broken(1), broken(2), broken(5))


def test_a_merge_that_forgets_shows_only_where_an_update_leads_downwards(laws: Callable[..., None]) -> None:
    laws(LowWater(1), LowWater(2), LowWater(5))
    assert not at_least(LowWater(2), LowWater(1)), "the water rose from 1 to 2, and that must not be less"
