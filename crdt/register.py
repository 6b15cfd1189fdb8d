# SPDX-License-Identifier: AGPL-3.0-or-later
"""A register of one writer: what it said last holds, and whether it said two things at once is known."""

from dataclasses import dataclass
from typing import Self

from crdt.log import Position


@dataclass(frozen=True, slots=True)
class Register:
    """What its writer gave the newest version: one value, in bytes such as an entry's id.

    A writer that gives one version several values is in conflict with itself; of those the two greatest are
    known, in their order.
    """

    version: Position
    values: tuple[bytes, ...]

    @property
    def value(self) -> bytes:
        """Return the value that holds: of several the greatest, so that all choose alike."""
        return self.values[-1]

    @property
    def conflict(self) -> bool:
        """Tell whether its writer gave this version more than one value."""
        return len(self.values) > 1

    def merge(self, other: Self) -> Self:
        """Return the newer of the two, and of one version the values of both."""
        if self.version != other.version:
            return self if self.version > other.version else other
        return type(self)(self.version, tuple(sorted({*self.values, *other.values})[-2:]))
