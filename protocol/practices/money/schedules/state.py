# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a book knows of scheduled payments: how far each has come, and when it is due next."""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from protocol.book.lifecycle import Lifecycle
from protocol.book.members import Auth
from protocol.book.refusals import ReasonCode
from protocol.book.timezones import UTC_ZONE, LocalTime, TimeZone, zone_of
from protocol.lanes.entry import Millis
from protocol.practices.money.schedules.entries import (
    OCCURRENCES_MAX,
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
    zone: str | None = None
    """The time zone by whose clocks it counts, as it is stored; UTC where none is."""
    occurrence: int = 0
    paid: int = 0
    missed: list[tuple[int, Millis, ReasonCode]] = field(default_factory=list[tuple[int, Millis, ReasonCode]])

    @property
    def next_at_ms(self) -> Millis:
        """When the next occurrence is due."""
        return self.due_at(self.occurrence)

    @property
    def runs(self) -> int:
        """How many times it runs, one that stands until it is cancelled too."""
        return self.times or OCCURRENCES_MAX

    def due_at(self, occurrence: int) -> Millis:
        """Return when an occurrence is due."""
        zone = None if self.zone is None else zone_of(self.zone)
        return time_of(self.first_at_ms, self.rhythm, occurrence, zone or UTC_ZONE)

    def move(self, kind: str) -> None:
        """Go where an entry of this kind leads; after the last occurrence it has ended: part of the fold."""
        over = ScheduleState.ENDED if self.occurrence == self.runs else ScheduleState.ACTIVE
        ends = SCHEDULE_LIFE.ends(self.state, kind)
        self.state = SCHEDULE_LIFE.after(self.state, kind, over if over in ends else None)


@dataclass(slots=True)
class Schedules:
    """All standing orders."""

    by_id: dict[bytes, Schedule] = field(default_factory=dict[bytes, Schedule])
    by_member: dict[str, list[Schedule]] = field(default_factory=dict[str, list[Schedule]])


def time_of(first_at_ms: Millis, rhythm: Rhythm, occurrence: int, zone: TimeZone = UTC_ZONE) -> Millis:
    """Return when the n-th occurrence is due: at the same hour by the clocks of a zone, from the first one's day.

    A month too short for the day has it on its last; so has a year without a 29 February.
    """
    first = zone.local(first_at_ms)
    if rhythm in (Rhythm.ONCE, Rhythm.DAILY, Rhythm.WEEKLY):
        on = date(first.year, first.month, first.day) + timedelta(
            days=occurrence * (7 if rhythm is Rhythm.WEEKLY else 1)
        )
        return zone.moment(LocalTime(on.year, on.month, on.day, first.of_day_ms))
    months = first.year * 12 + first.month - 1 + occurrence * (12 if rhythm is Rhythm.YEARLY else 1)
    year, month = months // 12, months % 12 + 1
    last = monthrange(year, month)[1]
    day = last if rhythm is Rhythm.LAST_DAY else min(first.day, last)
    return zone.moment(LocalTime(year, month, day, first.of_day_ms))
