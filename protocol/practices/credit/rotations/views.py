# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rotating work as members see it, how it is wished for, and what waits to be confirmed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import READERS, At, Desk, Doc, Errand, Ref, RowsWanted, Urgency, Uuid
from protocol.book.members import MemberState
from protocol.book.money import Amount
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import Id16, parse_uuid, uuid_text
from protocol.practices.credit.rotations.entries import ROTATION_TITLE_CHARS_MAX
from protocol.practices.credit.rotations.state import (
    ROTATIONS,
    UNCONFIRMED_MS,
    WORK_DAYS,
    WorkDay,
    WorkDayState,
    WorkRotation,
)
from protocol.practices.money.currencies.entries import Code
from protocol.practices.people.authority import may_see
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class FoundRotation:
    """Let members work for each other by turns: a day counts a day, whoever works it."""

    title: Annotated[str, AtMost(ROTATION_TITLE_CHARS_MAX), Doc("what it is called, seen by all members")]
    currency: Annotated[Code, Ref("currencies"), Doc("in which currency days are kept")]
    day: Annotated[Amount, Doc("what a day counts in it")]


@dataclass(frozen=True, slots=True)
class JoinRotation:
    """Take part in a rotation."""

    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who takes part; default: you")] = None


@dataclass(frozen=True, slots=True)
class TellDay:
    """Say that you have worked a day for another; it counts once that one confirms it."""

    rotation: Annotated[Id16, Uuid, Ref("rotations"), Doc("the rotation")]
    receiver: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("for whom, by handle")]
    worker: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who has worked; default: you")] = None


@dataclass(frozen=True, slots=True)
class DenyDay:
    """Say that a day was not worked as it was told; it counts nothing."""


@dataclass(frozen=True, slots=True)
class RotationsWanted:
    """The rotations that there are."""


@dataclass(frozen=True, slots=True)
class WorkDaysWanted:
    """Days of work, given or received by you; for those who read all, everybody's."""

    rotation: Annotated[Id16 | None, Uuid, Ref("rotations"), Doc("only of this rotation")] = None
    state: Annotated[WorkDayState | None, Doc("only those of this state")] = None


@dataclass(frozen=True, slots=True)
class RotationWorkerShown:
    """What a member has given and received in a rotation."""

    member: Annotated[str, Doc("the handle")]
    given: Annotated[int, Doc("how many days it has worked for others")]
    received: Annotated[int, Doc("how many days others have worked for it")]
    balance: Annotated[Amount, Doc("what it has given beyond what it has received; below zero, it owes work")]
    owes_to: Annotated[tuple[str, ...], Doc("who has worked more days for it than it for them")]


@dataclass(frozen=True, slots=True)
class RotationShown:
    """A rotation, and how far it has come round."""

    id: Annotated[str, Doc("its id")]
    title: Annotated[str, Doc("what it is called")]
    day: Annotated[Amount, Doc("what a day counts")]
    days: Annotated[int, Doc("how many days were worked and confirmed")]
    round: Annotated[int, Doc("how many days a whole round has: each for each other once")]
    workers: Annotated[tuple[RotationWorkerShown, ...], Doc("who takes part")]


@dataclass(frozen=True, slots=True)
class WorkDayShown:
    """A day that one member has worked for another."""

    id: Annotated[str, Doc("its id")]
    rotation: Annotated[str, Doc("the id of the rotation")]
    worker: Annotated[str, Doc("the handle of who has worked")]
    receiver: Annotated[str, Doc("the handle of for whom")]
    state: Annotated[WorkDayState, Doc("told: it waits for the receiver; confirmed: it counts; denied: it does not")]
    told_at: Annotated[At, Doc("when it was told")]


def view_rotation(desk: Desk, name: str) -> RotationShown | Refused:
    rotation = desk.book.rows(ROTATIONS).get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if rotation is None else _shown(desk, rotation)


def view_rotations(desk: Desk, wanted: RotationsWanted, after: int) -> Iterable[tuple[int, RotationShown]]:
    del wanted
    return ((cursor, _shown(desk, rotation)) for cursor, rotation in desk.book.rows(ROTATIONS).since(after))


def _shown(desk: Desk, rotation: WorkRotation) -> RotationShown:
    book, said = desk.book, rotation.said
    there = [one for one in rotation.workers if book.members[one].state is not MemberState.LEFT]
    return RotationShown(
        id=uuid_text(rotation.id),
        title=said.title,
        day=book.amount(said.currency, said.day),
        days=rotation.days,
        round=len(there) * (len(there) - 1),
        workers=tuple(_worker(desk, rotation, one, there) for one in rotation.workers),
    )


def _worker(desk: Desk, rotation: WorkRotation, member: str, there: list[str]) -> RotationWorkerShown:
    book, worked = desk.book, rotation.workers[member]
    pairs, more = rotation.pairs, (worked.given - worked.received) * rotation.said.day
    owes = (one for one in there if pairs.get((one, member), 0) > pairs.get((member, one), 0))
    return RotationWorkerShown(
        member=book.members[member].handle,
        given=worked.given,
        received=worked.received,
        balance=book.amount(rotation.said.currency, more),
        owes_to=tuple(book.members[one].handle for one in owes),
    )


def view_day(desk: Desk, name: str) -> WorkDayShown | Refused:
    day = desk.book.rows(WORK_DAYS).get(parse_uuid(name) or b"")
    if day is None or not may_see(desk.actor, day.worker, day.receiver):
        return refuse(NOT_FOUND)
    return _day_shown(desk, day)


def view_days(desk: Desk, wanted: WorkDaysWanted, after: int, limit: int) -> RowsWanted:
    reads_all, member = desk.actor.role in READERS, desk.actor.member or ""
    rotation, state = wanted.rotation, wanted.state
    of_rotation = None if rotation is None else (("rotation", rotation),)

    def counts(day: WorkDay) -> bool:
        return (rotation in (None, day.rotation)) and (state in (None, day.state))

    return RowsWanted(
        WORK_DAYS, after, limit, lambda day: _day_shown(desk, day),
        of_rotation if reads_all else (("member", member),), counts,
    )  # fmt: skip


def _day_shown(desk: Desk, day: WorkDay) -> WorkDayShown:
    worker, receiver = (desk.book.members[one].handle for one in (day.worker, day.receiver))
    return WorkDayShown(uuid_text(day.id), uuid_text(day.rotation), worker, receiver, day.state, day.at_ms)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield the days of work that a member is asked to confirm."""
    for day in desk.book.rows(WORK_DAYS).find("waits", desk.actor.member or ""):
        worker = desk.book.members[day.worker].handle
        yield Errand(
            uuid_text(day.id), worker, "work-days.to_confirm", f"{worker} has worked a day for you",
            "work-days.confirm", Urgency.WAITED_FOR,
        )  # fmt: skip


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the days of work that nobody has confirmed for two weeks."""
    for day in desk.book.rows(WORK_DAYS).due(desk.now):
        receiver = desk.book.members[day.receiver].handle
        weeks = 2 + (desk.now - day.at_ms - UNCONFIRMED_MS) // (UNCONFIRMED_MS // 2)
        yield Errand(
            uuid_text(day.id), receiver, "work-days.unconfirmed", f"{receiver} has not confirmed a day of work",
            "work-days.show", Urgency.PEOPLE, count=weeks,
        )  # fmt: skip
