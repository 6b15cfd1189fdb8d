# SPDX-License-Identifier: AGPL-3.0-or-later
"""The clock of a node, as its stewards see it: whether it has leapt, and their word that it is right."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.clock import Clock
from protocol.book.declaration import (
    SIGNED_IN,
    STEWARDS,
    At,
    Create,
    Desk,
    Doc,
    Errand,
    Plan,
    Practice,
    Refused,
    Show,
    Urgency,
)
from protocol.book.refusals import NOT_FOUND, Reason, Stage, refuse
from protocol.book.timezones import MINUTE_MS
from protocol.peers.troubles import span
from protocol.practices.money.schedules.state import Schedules, ScheduleState

_OWN = "own"
CLOCK_RIGHT = Reason(
    "CLOCK_RIGHT",
    Stage.RULE,
    409,
    "The clock has not leapt; nothing waits for it",
    "What the calendar brings is done already. Nothing was changed.",
    heading="Nothing waits for the clock",
    ways=("look at the clock: `mutirao clocks show own`",),
)


@dataclass(frozen=True, slots=True)
class AcceptClock:
    """Say that this node's clock is right though it has leapt: what the calendar has brought is done now."""


@dataclass(frozen=True, slots=True)
class ClockShown:
    """The clock of this node."""

    id: str
    at: At
    ahead_ms: Annotated[int, Doc("how far it is ahead of the time that has passed, in milliseconds")]
    held: Annotated[bool, Doc("whether standing payments, dues and clearing rounds wait for a steward's look")]


def plan_accept(desk: Desk, wish: AcceptClock) -> Plan | Refused:
    """Take the clock as it is."""
    del wish
    clock = desk.book.of(Clock)
    if not clock.leapt:
        return refuse(CLOCK_RIGHT)
    clock.accept()
    return Plan(_OWN)


def show_clock(desk: Desk, id: str) -> ClockShown | Refused:
    """Show what the clock says, and whether it is believed."""
    if id != _OWN:
        return refuse(NOT_FOUND)
    clock = desk.book.of(Clock)
    return ClockShown(_OWN, desk.now, clock.ahead_ms if clock.leapt else 0, clock.leapt)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield, to whoever pays or is paid by a standing order, that it waits."""
    schedules = desk.book.of(Schedules)
    mine = schedules.by_member.get(desk.actor.member or "", [])
    if desk.book.of(Clock).leapt and any(one.state is ScheduleState.ACTIVE for one in mine):
        yield _leapt(desk, "standing payments wait until a steward has looked at the node's clock", "clocks.show")


def week(desk: Desk) -> Iterator[Errand]:
    """Yield that the clock has leapt."""
    clock = desk.book.of(Clock)
    if clock.leapt:
        told = f"the node's clock has leapt by {span(clock.ahead_ms)}: set it, or say that it is right"
        yield _leapt(desk, told, "clocks.accept")


def _leapt(desk: Desk, said: str, verb: str) -> Errand:
    minutes = desk.book.of(Clock).ahead_ms // MINUTE_MS
    return Errand(_OWN, "clock", "clocks.leapt", said, verb, Urgency.STOPPED, count=minutes)


PRACTICE = Practice(
    name="clocks",
    entries=(),
    today=today,
    week=week,
    operations=(
        Create("clocks", AcceptClock, plan=plan_accept, who=STEWARDS, verb="accept", example="mutirao clocks accept"),
        Show("clocks", ClockShown, view=show_clock, who=SIGNED_IN, id_is="own", example="mutirao clocks show own"),
    ),
    refusals=(CLOCK_RIGHT,),
)  # fmt: skip
