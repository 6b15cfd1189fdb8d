# SPDX-License-Identifier: AGPL-3.0-or-later
"""What merging means: the least state that knows all that both know, so that replicas cannot help but agree.

M. Shapiro, N. Preguiça, C. Baquero, M. Zawirski, "Conflict-free replicated data types" (SSS 2011). For all
states a, b and c of one type:

    commutative  a.merge(b) == b.merge(a)                         who hears whom first does not show
    associative  a.merge(b).merge(c) == a.merge(b.merge(c))       nor along which way the news came
    idempotent   a.merge(a) == a                                  nor how often
    monotone     at_least(a, b) implies at_least(a.merge(c), b.merge(c)), and no update leads downwards

A merge leaves both states as they were.
"""

from typing import Protocol, Self, TypeVar


class Lattice(Protocol):
    """A state that merges by the laws above."""

    def merge(self, other: Self, /) -> Self:
        """Return the least state that is at least this one and the other."""
        ...


State = TypeVar("State", bound=Lattice)


def at_least(a: State, b: State) -> bool:
    """Tell whether a knows all that b knows: b <= a in the order of the lattice."""
    return a.merge(b) == a
