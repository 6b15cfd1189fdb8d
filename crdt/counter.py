# SPDX-License-Identifier: AGPL-3.0-or-later
"""Counters that many write and none loses: each writer raises what is its own, merging takes the greater.

A writer makes its own slots durable before others see them: going on from an old copy it would count what
merging drops, and consume rights twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self, TypeVar

_Slot = TypeVar("_Slot")


@dataclass(frozen=True, slots=True)
class GrowOnlyCounter:
    """A sum that only grows, one slot for each writer (G-Counter, Shapiro et al. 2011); maps never change."""

    slots: Mapping[bytes, int] = field(default_factory=dict[bytes, int])

    @property
    def value(self) -> int:
        """Return what all writers counted, as far as we know."""
        return sum(self.slots.values())

    def add(self, writer: bytes, amount: int) -> Self:
        """Count so much more, which is above zero; only the writer itself may call for its slot."""
        assert amount > 0
        return replace(self, slots=_raised(self.slots, writer, amount))

    def merge(self, other: Self) -> Self:
        """Return the counter that knows what both know."""
        return replace(self, slots=_greater(self.slots, other.slots))


class CounterRefusal(StrEnum):
    """Why a counter stays as it was."""

    AMOUNT_NOT_POSITIVE = "AMOUNT_NOT_POSITIVE"
    RIGHTS_EXCEEDED = "RIGHTS_EXCEEDED"


@dataclass(frozen=True, slots=True)
class BoundedCounter:
    """A count that never falls below zero, whoever is out of reach of whom; another bound is an offset.

    What one writer counts up gives it the right to count as much down, or to hand that right on (V. Balegas
    et al., "Extending eventually consistent cloud databases for enforcing numeric invariants", SRDS 2015).
    Each writer raises its own slots of the three maps alone: `raised` and `consumed` under its name, `handed`
    where it is the giver. The maps never change.
    """

    raised: Mapping[bytes, int] = field(default_factory=dict[bytes, int])
    handed: Mapping[tuple[bytes, bytes], int] = field(default_factory=dict[tuple[bytes, bytes], int])
    consumed: Mapping[bytes, int] = field(default_factory=dict[bytes, int])

    @property
    def value(self) -> int:
        """Return the count, as far as we know; it is the sum of all rights."""
        return sum(self.raised.values()) - sum(self.consumed.values())

    def rights(self, writer: bytes) -> int:
        """Return how much a writer may count down or hand on; of itself it knows the exact number."""
        received = sum(amount for (_, taker), amount in self.handed.items() if taker == writer)
        given = sum(amount for (giver, _), amount in self.handed.items() if giver == writer)
        return self.raised.get(writer, 0) + received - given - self.consumed.get(writer, 0)

    def increment(self, writer: bytes, amount: int) -> Self | CounterRefusal:
        """Count up, which gives the writer as many rights."""
        if amount <= 0:
            return CounterRefusal.AMOUNT_NOT_POSITIVE
        return replace(self, raised=_raised(self.raised, writer, amount))

    def decrement(self, writer: bytes, amount: int) -> Self | CounterRefusal:
        """Count down, which consumes rights of the writer's own."""
        return self._refuse(writer, amount) or replace(self, consumed=_raised(self.consumed, writer, amount))

    def transfer(self, giver: bytes, taker: bytes, amount: int) -> Self | CounterRefusal:
        """Hand rights of the giver's own on to another."""
        return self._refuse(giver, amount) or replace(self, handed=_raised(self.handed, (giver, taker), amount))

    def merge(self, other: Self) -> Self:
        """Return the counter that knows what both know."""
        return replace(
            self,
            raised=_greater(self.raised, other.raised),
            handed=_greater(self.handed, other.handed),
            consumed=_greater(self.consumed, other.consumed),
        )

    def _refuse(self, writer: bytes, amount: int) -> CounterRefusal | None:
        if amount <= 0:
            return CounterRefusal.AMOUNT_NOT_POSITIVE
        return CounterRefusal.RIGHTS_EXCEEDED if amount > self.rights(writer) else None


def _raised(slots: Mapping[_Slot, int], slot: _Slot, amount: int) -> Mapping[_Slot, int]:
    return {**slots, slot: slots.get(slot, 0) + amount}


def _greater(ours: Mapping[_Slot, int], theirs: Mapping[_Slot, int]) -> Mapping[_Slot, int]:
    return {**ours, **{slot: max(amount, ours.get(slot, amount)) for slot, amount in theirs.items()}}
