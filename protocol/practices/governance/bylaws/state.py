# SPDX-License-Identifier: AGPL-3.0-or-later
"""By-laws as the book keeps them: what was announced, what lies over them in an emergency, and all that they were."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from protocol.book.book import Book
from protocol.book.declaration import Motion, Parameter
from protocol.book.lifecycle import Lifecycle
from protocol.book.parameters import Decided, Number, Stored
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.governance.boards import Board, seated
from protocol.practices.governance.bylaws.entries import (
    ChangeState,
    EmergencyBacked,
    EmergencyCalled,
    EmergencyLapsed,
    EmergencyState,
    RuleAnnounced,
    RuleCame,
    RuleDropped,
)

BYLAW_NOTICE_DAYS: Parameter[int] = Parameter(
    "bylaws.notice_days",
    Number(0, 365, "days"),
    0,
    "how long before it holds a change of what the group alone changes is announced",
    changed_by=Motion(),
)
EMERGENCY_BACKERS: Parameter[int] = Parameter(
    "bylaws.emergency_backers",
    Number(2, 25),
    3,
    "how many of the committee must agree to an emergency",
    changed_by=Motion(),
)
EMERGENCY_SEATS: Parameter[int] = Parameter(
    "bylaws.emergency_seats",
    Number(2, 25),
    5,
    "of how many on the committee: of more, as large a part of them must agree",
    changed_by=Motion(),
)
EMERGENCY_HOURS: Parameter[int] = Parameter(
    "bylaws.emergency_hours",
    Number(1, 168, "hours"),
    72,
    "after how long an emergency lapses by itself",
    changed_by=Motion(),
)
BYLAW_PARAMETERS = (BYLAW_NOTICE_DAYS, EMERGENCY_BACKERS, EMERGENCY_SEATS, EMERGENCY_HOURS)

CHANGE_LIFE = Lifecycle(
    "bylaws",
    ChangeState,
    {
        (None, RuleAnnounced.KIND): ChangeState.ANNOUNCED,
        (ChangeState.ANNOUNCED, RuleCame.KIND): ChangeState.IN_FORCE,
        (ChangeState.ANNOUNCED, RuleDropped.KIND): ChangeState.DROPPED,
    },
)
EMERGENCY_LIFE = Lifecycle(
    "emergencies",
    EmergencyState,
    {
        (None, EmergencyCalled.KIND): EmergencyState.CALLED,
        (EmergencyState.CALLED, EmergencyBacked.KIND): (EmergencyState.CALLED, EmergencyState.IN_FORCE),
        (EmergencyState.CALLED, EmergencyLapsed.KIND): EmergencyState.EXPIRED,
        (EmergencyState.IN_FORCE, EmergencyLapsed.KIND): EmergencyState.LAPSED,
    },
)
RuleKey = tuple[str, str]
"""The name of a parameter, and the code of a currency where each has its own ("": none)."""


class How(StrEnum):
    """How a rule came to be what it was."""

    SET = "set"
    ANNOUNCED = "announced"
    EMERGENCY = "emergency"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class RuleStep:
    """What a rule was from an hour on, how, and by which motion or emergency."""

    at_ms: Millis
    stored: Stored
    how: How
    motion: bytes | None = None
    emergency: bytes | None = None


@dataclass(slots=True)
class RuleChange:
    """A change of a rule that was announced; `motion` has adopted it (None: whoever may set it alone)."""

    id: bytes
    arrival: int
    at_ms: Millis
    key: RuleKey
    stored: Stored
    from_ms: Millis
    motion: bytes | None
    state: ChangeState
    reason: str | None = None


@dataclass(slots=True)
class Emergency:
    """A rule that is another for a while; `until_ms` is when it lapses, or when too few have agreed in time."""

    id: bytes
    arrival: int
    at_ms: Millis
    key: RuleKey
    stored: Stored
    until_ms: Millis
    state: EmergencyState
    backers: dict[str, Millis] = field(default_factory=dict[str, int])
    since_ms: Millis | None = None


@dataclass(slots=True)
class Bylaws:
    """All that rules were, are and will be; `coming` are announced, `standing` called or in force."""

    history: dict[RuleKey, list[RuleStep]] = field(default_factory=dict[RuleKey, list[RuleStep]])
    changes: dict[bytes, RuleChange] = field(default_factory=dict[bytes, RuleChange])
    emergencies: dict[bytes, Emergency] = field(default_factory=dict[bytes, Emergency])
    coming: dict[bytes, None] = field(default_factory=dict[bytes, None])
    standing: dict[bytes, None] = field(default_factory=dict[bytes, None])

    def has(self, id: bytes | None) -> bool:
        """Tell whether a change or an emergency has an id: their hours stand in one agenda."""
        return id in self.changes or id in self.emergencies

    def note(self, key: RuleKey, step: RuleStep) -> None:
        """Keep what a rule is from now on."""
        self.history.setdefault(key, []).append(step)


def committee(book: Book) -> frozenset[str]:
    """Return the ids of the active members who sit on the committee."""
    return frozenset(seated(Board.COMMITTEE, book))


def needed(book: Book) -> int:
    """Return how many of the committee must agree: so many, and as large a part of all who sit there."""
    backers, seats = book.parameter(EMERGENCY_BACKERS), book.parameter(EMERGENCY_SEATS)
    return max(backers, -(-len(committee(book)) * backers // seats))


def notice_ms(book: Book, parameter: Parameter[Any] | None) -> Millis:
    """Return how long before it holds a change of a parameter is announced: only a by-law needs any."""
    is_bylaw = parameter is not None and isinstance(parameter.changed_by, Motion)
    return book.parameter(BYLAW_NOTICE_DAYS) * DAY_MS if is_bylaw else 0


def by_group(history: list[RuleStep]) -> RuleStep | None:
    """Return the newest step that no emergency has made, None where the default has held ever since."""
    return next((one for one in reversed(history) if one.emergency is None), None)


def unlike_history(book: Book) -> str | None:
    """Tell which rule is not what its history says."""
    decided, bylaws = book.of(Decided), book.of(Bylaws)
    for key, setting in decided.by_name.items():
        step = by_group(bylaws.history.get(key, []))
        if step is None or (step.stored, step.at_ms) != (setting.stored, setting.at_ms):
            return f"{key} is not what was decided last"
    lying = {one.key: one.stored for one in _in_force(bylaws)}
    if lying != {key: setting.stored for key, setting in decided.over.items()}:
        return "another rule lies over the by-laws than the emergencies that are in force"
    return None


def _in_force(bylaws: Bylaws) -> Iterator[Emergency]:
    found = (bylaws.emergencies[id] for id in bylaws.standing)
    return (one for one in found if one.state is EmergencyState.IN_FORCE)
