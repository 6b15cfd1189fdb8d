# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of rotating work: who takes part, whose day was worked for whom, and that it was received."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import Doc, Ref, Uuid
from protocol.book.signed import Id16, MemberId, Signed
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Range

ROTATION_TITLE_CHARS_MAX = 60
ROTATION_WORKERS_MAX = 100
"""Members of one rotation."""

RotationId = Annotated[Id16, Ref("rotations")]
WorkDayId = Annotated[Id16, Ref("work-days")]


@dataclass(frozen=True, slots=True)
class RotationFounded:
    """Members work for each other by turns; a day counts so much (minor units) of a currency, whoever works it."""

    KIND: ClassVar[str] = "rotations/founded"
    rotation: RotationId
    title: Annotated[str, AtMost(ROTATION_TITLE_CHARS_MAX)]
    currency: Code
    day: Annotated[int, Range(1, 2**53)]


@dataclass(frozen=True, slots=True)
class RotationJoined:
    """A member takes part."""

    KIND: ClassVar[str] = "rotations/joined"
    rotation: RotationId
    member: MemberId


@dataclass(frozen=True, slots=True)
class DayWorked:
    """A member says that it has worked a day for another; it counts once that one confirms it."""

    KIND: ClassVar[str] = "rotations/worked"
    work: WorkDayId
    rotation: RotationId
    worker: MemberId
    receiver: MemberId


@dataclass(frozen=True, slots=True)
class ConfirmDay:
    """Confirm that somebody has worked a day for you: you owe a day to all, and the worker has one to its credit."""

    work: Annotated[Id16, Uuid, Doc("the day of work")]
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("who confirms it; default: you")] = None


@dataclass(frozen=True, slots=True)
class DayConfirmed:
    """The receiver confirms a day of work, by signed wish or by word (custodial)."""

    KIND: ClassVar[str] = "rotations/confirmed"
    OPERATION: ClassVar[str] = "work-days.confirm"
    WISH: ClassVar[type[ConfirmDay]] = ConfirmDay
    signed: Signed | None
    word: ConfirmDay | None


@dataclass(frozen=True, slots=True)
class DayDenied:
    """The receiver says that it was not worked, or the worker that it has erred."""

    KIND: ClassVar[str] = "rotations/denied"
    work: WorkDayId


RotationSaid = RotationFounded | RotationJoined | DayWorked | DayConfirmed | DayDenied
