# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a book knows of scheduled payments: how far each has come, and when it is due next."""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from protocol.book.lifecycle import Lifecycle
from protocol.book.members import Auth
from protocol.book.refusals import ReasonCode
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.money.schedules.entries import (
    Continued,
    Missed,
    Paused,
    Ran,
    Rhythm,
    ScheduleCancelled,
    Scheduled,
)


class ScheduleState(StrEnum):
    """Whether a standing order goes on."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"
    CANCELLED = "cancelled"


SCHEDULE_LIFE = Lifecycle(
    "scheduled-payments",
    ScheduleState,
    {
        (None, Scheduled.KIND): ScheduleState.ACTIVE,
        (ScheduleState.ACTIVE, Ran.KIND): (ScheduleState.ACTIVE, ScheduleState.ENDED),
        (ScheduleState.ACTIVE, Missed.KIND): (ScheduleState.ACTIVE, ScheduleState.ENDED),
        (ScheduleState.ACTIVE, Paused.KIND): ScheduleState.PAUSED,
        (ScheduleState.PAUSED, Continued.KIND): (ScheduleState.ACTIVE, ScheduleState.ENDED),
        (ScheduleState.ACTIVE, ScheduleCancelled.KIND): ScheduleState.CANCELLED,
        (ScheduleState.PAUSED, ScheduleCancelled.KIND): ScheduleState.CANCELLED,
    },
)


@dataclass(slots=True)
class Schedule:
    """A standing order and how far it has come; `occurrence` is the next one, counted from 0."""

    id: bytes
    arrival: int
    at_ms: Millis
    payer: str
    payee: str
    amount_minor: int
    first_at_ms: Millis
    rhythm: Rhythm
    times: int
    note: bytes | None
    auth: Auth
    rests_on: tuple[int, ...]
    said: bytes | None
    state: ScheduleState = ScheduleState.ACTIVE
    occurrence: int = 0
    paid: int = 0
    missed: list[tuple[int, Millis, ReasonCode]] = field(default_factory=list[tuple[int, Millis, ReasonCode]])

    @property
    def next_at_ms(self) -> Millis:
        """When the next occurrence is due."""
        return time_of(self.first_at_ms, self.rhythm, self.occurrence)

    def move(self, kind: str) -> None:
        """Go where an entry of this kind leads; after the last occurrence it has ended: part of the fold."""
        over = ScheduleState.ENDED if self.occurrence == self.times else ScheduleState.ACTIVE
        ends = SCHEDULE_LIFE.ends(self.state, kind)
        self.state = SCHEDULE_LIFE.after(self.state, kind, over if over in ends else None)


@dataclass(slots=True)
class Schedules:
    """All standing orders."""

    by_id: dict[bytes, Schedule] = field(default_factory=dict[bytes, Schedule])
    by_member: dict[str, list[Schedule]] = field(default_factory=dict[str, list[Schedule]])


def time_of(first_at_ms: Millis, rhythm: Rhythm, occurrence: int) -> Millis:
    """Return when the n-th occurrence is due, in UTC; a month too short for its day has it on its last."""
    match rhythm:
        case Rhythm.ONCE | Rhythm.DAILY:
            return first_at_ms + occurrence * DAY_MS
        case Rhythm.WEEKLY:
            return first_at_ms + occurrence * 7 * DAY_MS
        case Rhythm.MONTHLY:
            days, of_day_ms = divmod(first_at_ms, DAY_MS)
            first = _EPOCH + timedelta(days=days)
            years, month = divmod(first.month - 1 + occurrence, 12)
            year, month = first.year + years, month + 1
            day = min(first.day, monthrange(year, month)[1])
            return (datetime(year, month, day, tzinfo=UTC) - _EPOCH).days * DAY_MS + of_day_ms


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
