# SPDX-License-Identifier: AGPL-3.0-or-later
"""Members with guardians as the book keeps them, and which new keys are backed."""

from dataclasses import dataclass, field

from protocol.book.signed import Signed
from protocol.lanes.entry import Millis


@dataclass(slots=True)
class Guarded:
    """A member's guardians, how many it takes, which key each backs, and when the one that enough back is due."""

    member: str
    arrival: int
    guardians: tuple[str, ...]
    needed: int
    backed: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """By guardian, in the order in which they backed."""
    joinings: dict[bytes, Signed] = field(default_factory=dict[bytes, Signed])
    due_ms: Millis | None = None

    @property
    def coming(self) -> bytes | None:
        """Return the key that enough guardians back, None where there is none."""
        keys = list(self.backed.values())
        return next((key for key in keys if keys.count(key) >= self.needed), None)

    def end(self) -> None:
        """Forget what guardians have begun: part of the fold."""
        self.backed, self.joinings, self.due_ms = {}, {}, None


@dataclass(slots=True)
class AllGuarded:
    """Members with guardians, by id, in the order in which they named them first."""

    by_member: dict[str, Guarded] = field(default_factory=dict[str, Guarded])
