# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rotations as the book keeps them: who takes part, and which days were worked for whom."""

from dataclasses import dataclass, field
from enum import StrEnum

from protocol.book.declaration import Table
from protocol.book.lifecycle import Lifecycle
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.credit.rotations.entries import DayConfirmed, DayDenied, DayWorked, RotationFounded

UNCONFIRMED_MS = 14 * DAY_MS
"""After how long a day that nobody has confirmed is told to who coordinates."""


class WorkDayState(StrEnum):
    """How far a day of work has come."""

    TOLD = "told"
    CONFIRMED = "confirmed"
    DENIED = "denied"


WORK_DAY_LIFE = Lifecycle(
    "work-days",
    WorkDayState,
    {
        (None, DayWorked.KIND): WorkDayState.TOLD,
        (WorkDayState.TOLD, DayConfirmed.KIND): WorkDayState.CONFIRMED,
        (WorkDayState.TOLD, DayDenied.KIND): WorkDayState.DENIED,
    },
)


@dataclass(slots=True)
class Worked:
    """How many days a member has given and received in a rotation, as far as they were confirmed."""

    given: int = 0
    received: int = 0


@dataclass(slots=True)
class WorkRotation:
    """A rotation: its terms, and who has given and received how much; `pairs` counts days by (worker, receiver)."""

    said: RotationFounded
    arrival: int
    workers: dict[str, Worked] = field(default_factory=dict[str, Worked])
    pairs: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    @property
    def id(self) -> bytes:
        """Its id."""
        return self.said.rotation

    @property
    def days(self) -> int:
        """How many days were worked."""
        return sum(self.pairs.values())


@dataclass(slots=True)
class WorkDay:
    """A day that one member says to have worked for another."""

    id: bytes
    arrival: int
    at_ms: Millis
    rotation: bytes
    worker: str
    receiver: str
    state: WorkDayState

    @property
    def is_told(self) -> bool:
        """Whether the receiver has not answered yet."""
        return self.state is WorkDayState.TOLD


ROTATIONS = Table("rotations", WorkRotation, by={"member": lambda rotation: tuple(rotation.workers)})
WORK_DAYS = Table(
    "work-days",
    WorkDay,
    by={
        "rotation": lambda day: (day.rotation,),
        "member": lambda day: (day.worker, day.receiver),
        "waits": lambda day: (day.receiver,) if day.is_told else (),
    },
    due=lambda day: day.at_ms + UNCONFIRMED_MS if day.is_told else None,
    closed=lambda day: not day.is_told,
)
