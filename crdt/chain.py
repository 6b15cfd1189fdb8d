# SPDX-License-Identifier: AGPL-3.0-or-later
"""The statements of a chain in as little memory as they need: an id takes its own bytes, an epoch what begins it.

A lane may have millions of statements, and whoever keeps it asks for one of them now and then. As objects of their
own they would take three times as much.
"""

from bisect import bisect_right
from collections.abc import Iterator


class Chain:
    """Ids of one length, at the seq `first` and those that follow, each with its epoch, which never falls."""

    __slots__ = ("_first", "_ids", "_opened", "_opened_at", "_width")

    def __init__(self, first: int) -> None:
        self._first = first
        self._ids = bytearray()
        self._width = 0
        # The epochs that the chain has known, and the seq at which each of them begins.
        self._opened: list[int] = []
        self._opened_at: list[int] = []

    def __len__(self) -> int:
        """Return how many statements it has."""
        return len(self._ids) // self._width if self._width else 0

    def append(self, epoch: int, statement_id: bytes) -> None:
        """Add a statement, in the epoch of the last one or a later one; all ids of a chain are of one length."""
        if not self._opened or self._opened[-1] != epoch:
            self._opened.append(epoch)
            self._opened_at.append(self._first + len(self))
        self._width = self._width or len(statement_id)
        assert len(statement_id) == self._width
        self._ids += statement_id

    def id_at(self, seq: int) -> bytes | None:
        """Return the id at a seq, None where there is none."""
        at = (seq - self._first) * self._width
        return bytes(self._ids[at : at + self._width]) or None if at >= 0 else None

    def epoch_at(self, seq: int) -> int | None:
        """Return the epoch of the statement at a seq, None where there is none."""
        if not self._first <= seq < self._first + len(self):
            return None
        return self._opened[bisect_right(self._opened_at, seq) - 1]

    def cut(self, seq: int) -> None:
        """Forget the statement at a seq and what follows it."""
        del self._ids[max(0, seq - self._first) * self._width :]
        kept = bisect_right(self._opened_at, seq - 1)
        del self._opened[kept:], self._opened_at[kept:]

    def after(self, seq: int) -> Iterator[tuple[tuple[int, int], bytes]]:
        """Yield (epoch, seq) and id of each statement after a seq, in order."""
        for at in range(max(self._first, seq + 1), self._first + len(self)):
            epoch, statement_id = self.epoch_at(at), self.id_at(at)
            assert epoch is not None
            assert statement_id is not None
            yield (epoch, at), statement_id

    def __eq__(self, other: object) -> bool:
        """Tell whether both hold the same statements at the same places."""
        if not isinstance(other, Chain):
            return NotImplemented
        mine, theirs = self.after(self._first - 1), other.after(other._first - 1)
        return len(self) == len(other) and all(a == b for a, b in zip(mine, theirs, strict=True))

    __hash__ = None  # type: ignore[assignment]  # a chain changes
