# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lifecycles: tables of which entry leads from which state to which; rules ask them, docs/lifecycles.md draws them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from protocol.book.refusals import STATE_CONFLICT, Refused, refuse

T = TypeVar("T", bound=StrEnum)

HOUR = "its hour"
"""What leads on without an entry: a time that is over."""


@dataclass(frozen=True, slots=True)
class Lifecycle(Generic[T]):
    """The states that a thing goes through: for each state and kind of entry, the states to which it may lead.

    The state None is that of a thing not there yet. Where several are told, what the entry says decides, or how the
    thing stands. A state from which nothing leads is final; from one to itself leads what stands in it and changes
    none.
    """

    name: str
    states: type[T]
    leads: Mapping[tuple[T | None, str], T | tuple[T, ...]]

    def ends(self, state: T | None, kind: str) -> tuple[T, ...]:
        """Return to which states an entry of this kind may lead from a state: none where it may not stand."""
        found = self.leads.get((state, kind), ())
        return found if isinstance(found, tuple) else (found,)

    def allows(self, state: T | None, kind: str) -> bool:
        """Tell whether an entry of this kind may stand in a state."""
        return bool(self.ends(state, kind))

    def conflict(self, state: T, kind: str) -> Refused | None:
        """Return STATE_CONFLICT where an entry of this kind may not stand in a state."""
        return None if self.allows(state, kind) else refuse(STATE_CONFLICT, state=state.value)

    def after(self, state: T | None, kind: str, chosen: T | None = None) -> T:
        """Return the state to which an entry of this kind leads: part of the fold, and so it was checked before.

        Where several are told, `chosen` is the one.
        """
        ends = self.ends(state, kind)
        if chosen is None:
            assert len(ends) == 1, f"{self.name}: {kind} leads from {state} to {ends}"
            return ends[0]
        assert chosen in ends, f"{self.name}: {kind} does not lead from {state} to {chosen}"
        return chosen

    def is_final(self, state: T) -> bool:
        """Tell whether nothing leads out of a state."""
        return all(before is not state or self.ends(before, kind) == (state,) for before, kind in self.leads)
