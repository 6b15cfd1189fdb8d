# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of scheduled payments: the order, each time it paid or was missed, and its end."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.declaration import Doc, Moment, OwnId, Ref, Uuid
from protocol.book.money import Amount
from protocol.book.personal import Note
from protocol.book.refusals import ReasonCode
from protocol.book.signed import Id16, Signed, Time
from protocol.book.timezones import ZONE_CHARS_MAX
from protocol.practices.money.payments.entries import PAYEE_ADDRESS_CHARS_MAX
from protocol.wire.shape import AtMost, Range

TIMES_MAX = 1_200
"""A hundred years of months."""
OCCURRENCES_MAX = 100_000
"""How many times an order runs that stands until it is cancelled: daily, for 273 years."""


class Rhythm(StrEnum):
    """How often a standing order runs, by the group's clocks; a month too short for the day has it on its last."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    LAST_DAY = "last-day"
    YEARLY = "yearly"


@dataclass(frozen=True, slots=True)
class SchedulePayment:
    """Pay later, once or again and again, within the network."""

    payee: Annotated[str, AtMost(PAYEE_ADDRESS_CHARS_MAX), Doc("who is paid, in this network")]
    amount: Annotated[Amount, Doc("how much each time")]
    first_at: Annotated[Time, Moment, Doc("when it is paid first")]
    rhythm: Annotated[Rhythm, Doc("how often; default: once")] = Rhythm.ONCE
    times: Annotated[int, Range(0, TIMES_MAX), Doc("how many times in all; 0: until it is cancelled")] = 1
    payer: Annotated[
        str | None,
        AtMost(PAYEE_ADDRESS_CHARS_MAX),
        Ref("accounts"),
        Doc("handle or account that pays; default: your own. A signed wish names the account by id"),
    ] = None
    schedule: Annotated[Id16 | None, Uuid, OwnId, Doc("a UUID of your own for it; makes a retry safe")] = None
    note: Annotated[Note | None, Doc("what it is for; erasable")] = None


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A standing order: by signature, or by word of mouth (custodial).

    `zone` is the group's time zone when it was written, by which its days and hours count; without one they count in
    UTC, as all did before there was one.
    """

    KIND: ClassVar[str] = "scheduled-payments/scheduled"
    OPERATION: ClassVar[str] = "scheduled-payments.create"
    WISH: ClassVar[type[SchedulePayment]] = SchedulePayment
    signed: Signed | None
    word: SchedulePayment | None
    zone: Annotated[str, AtMost(ZONE_CHARS_MAX)] | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """The n-th occurrence, counted from 0, is paid."""

    KIND: ClassVar[str] = "scheduled-payments/ran"
    schedule: Id16
    occurrence: Annotated[int, Range(0, OCCURRENCES_MAX)]


@dataclass(frozen=True, slots=True)
class Missed:
    """The n-th occurrence, counted from 0, could not be paid."""

    KIND: ClassVar[str] = "scheduled-payments/missed"
    schedule: Id16
    occurrence: Annotated[int, Range(0, OCCURRENCES_MAX)]
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class Paused:
    """Nothing is paid until it is resumed."""

    KIND: ClassVar[str] = "scheduled-payments/paused"
    schedule: Id16


@dataclass(frozen=True, slots=True)
class Continued:
    """It pays again; the occurrences whose time has passed meanwhile are skipped."""

    KIND: ClassVar[str] = "scheduled-payments/continued"
    schedule: Id16


@dataclass(frozen=True, slots=True)
class ScheduleCancelled:
    """Nothing is paid any more."""

    KIND: ClassVar[str] = "scheduled-payments/cancelled"
    schedule: Id16
