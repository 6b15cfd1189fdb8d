# SPDX-License-Identifier: AGPL-3.0-or-later
"""Slots: what one part of the house leaves to practices that it does not know.

Whoever leaves something open declares a slot, and a practice says in its declaration by what it fills it. So lanes
tell links of a fork, and a payment finds the practice that carries it abroad, and neither imports the other.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

F = TypeVar("F")


class Slot(Generic[F]):
    """Something that is left open, told in words; its type is that of what fills it."""

    def __init__(self, what: str) -> None:
        self.what = what

    def by(self, filling: F) -> "Filled":
        """Return that a practice fills it."""
        return Filled(self, filling)


@dataclass(frozen=True, slots=True)
class Filled:
    """By what a practice fills a slot."""

    slot: Slot[Any]
    filling: Any
