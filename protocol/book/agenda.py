# SPDX-License-Identifier: AGPL-3.0-or-later
"""The agenda of a book: rows whose hour is to come, and what their practices do about them once it has.

Every replica keeps it, as part of the fold; the home alone acts on it. A practice is asked about a row when its hour
has come, and not before.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from protocol.book.refusals import Refused

if TYPE_CHECKING:
    from protocol.book.plans import Desk, Plan
    from protocol.lanes.entry import Millis

DUE_MAX = 100
"""Rows that are dealt with at one time, so that a node that was down long still answers in between."""


@dataclass(slots=True)
class Agenda:
    """Which row of which practice is due when: the hours of all rows, sorted."""

    hours: dict[tuple[str, bytes], Millis] = field(default_factory=dict[tuple[str, bytes], int])
    line: list[tuple[Millis, str, bytes]] = field(default_factory=list[tuple[int, str, bytes]])

    @property
    def next_ms(self) -> Millis | None:
        """When the next row is due, None where none is."""
        return self.line[0][0] if self.line else None

    def put(self, practice: str, row: bytes, at_ms: Millis | None) -> None:
        """Note when a row is due, None where time does nothing to it any more: part of the fold."""
        before = self.hours.pop((practice, row), None)
        if before is not None:
            del self.line[bisect_left(self.line, (before, practice, row))]
        if at_ms is not None:
            self.hours[practice, row] = at_ms
            insort(self.line, (at_ms, practice, row))


def due_plans(desk: Desk) -> Iterator[Plan]:
    """Yield what the hour brings: each plan is carried out before the next is asked for.

    What another practice refuses waits for the next time. Asserts that whatever a practice does about a row takes it
    off this hour: it would be asked for ever.
    """
    book = desk.book
    agenda, practices = book.of(Agenda), {practice.name: practice for practice in book.practices}
    waiting: set[tuple[str, bytes]] = set()
    for _ in range(DUE_MAX):
        due = next((one for one in agenda.line if one[0] <= desk.now and one[1:] not in waiting), None)
        if due is None:
            return
        at_ms, name, row = due
        practice = practices[name]
        assert practice.agenda is not None, f"{name} has an hour and no agenda"
        for plan in practice.agenda(desk, row):
            if isinstance(book.vetted(plan, desk.now), Refused):
                waiting.add((name, row))
                break
            yield plan
        else:
            assert agenda.hours.get((name, row)) != at_ms, f"{name} does nothing about what is due"
