# SPDX-License-Identifier: AGPL-3.0-or-later
"""Care as the book keeps it: what was told and waits for its receiver, and how long each has given and received."""

from dataclasses import dataclass, field
from enum import StrEnum

from protocol.book.book import Book
from protocol.book.declaration import Table
from protocol.book.lifecycle import Lifecycle
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.market.care.entries import CareConfirmed, CareDenied, CareGiven

CARE_SCALE = 2
"""Decimals of hours."""
CARE_UNCONFIRMED_MS = 14 * DAY_MS
"""After how long care that nobody has confirmed is told to those who coordinate."""


class CareState(StrEnum):
    """How far care has come that was told."""

    TOLD = "told"
    CONFIRMED = "confirmed"
    DENIED = "denied"


CARE_LIFE = Lifecycle(
    "care",
    CareState,
    {
        (None, CareGiven.KIND): CareState.TOLD,
        (CareState.TOLD, CareConfirmed.KIND): CareState.CONFIRMED,
        (CareState.TOLD, CareDenied.KIND): CareState.DENIED,
    },
)


@dataclass(slots=True)
class CareKept:
    """Care that one member says to have given another."""

    id: bytes
    at_ms: Millis
    giver: str
    receiver: str
    hours: int
    note: bytes | None
    state: CareState

    @property
    def is_told(self) -> bool:
        """Whether the receiver has not answered yet."""
        return self.state is CareState.TOLD


CARE = Table(
    "care",
    CareKept,
    by={
        "member": lambda care: (care.giver, care.receiver),
        "waits": lambda care: (care.receiver,) if care.is_told else (),
    },
    due=lambda care: care.at_ms + CARE_UNCONFIRMED_MS if care.is_told else None,
    closed=lambda care: not care.is_told,
)


@dataclass(slots=True)
class CareHours:
    """How long a member has cared for others, and others for it, in hundredths of an hour that were confirmed.

    `arrival` is its place among those who have given or received care.
    """

    member: str
    arrival: int
    given: int = 0
    received: int = 0


@dataclass(slots=True)
class Carers:
    """The hours of each member that has given or received care, in the order in which they came."""

    by_member: dict[str, CareHours] = field(default_factory=dict[str, CareHours])

    def count(self, care: CareKept) -> None:
        """Count the hours of care that was confirmed: part of the fold."""
        for member in (care.giver, care.receiver):
            self.by_member.setdefault(member, CareHours(member, len(self.by_member)))
        self.by_member[care.giver].given += care.hours
        self.by_member[care.receiver].received += care.hours


def unlike_care(book: Book) -> str | None:
    """Complain where the hours that were given are not those that were received."""
    hours = book.of(Carers).by_member.values()
    given, received = sum(one.given for one in hours), sum(one.received for one in hours)
    return None if given == received else f"{given} hundredths of an hour of care are given, and {received} received"
