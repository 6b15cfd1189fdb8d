# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of dues: what the group has decided, what was taken for a period, and when it ends."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.signed import Id16, MemberId
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Range

DUES_MEMBERS_MAX = 1_500
"""Members of whom one entry takes; where there are more, several take of a period."""
YEAR_MAX = 3_000
DUES_TITLE_CHARS_MAX = 100

Period = Annotated[int, Range(190_001, YEAR_MAX * 100 + 12)]
"""A month of a year, as 100 times the year and the month: 202701."""
MonthOfYear = Annotated[int, Range(1, 12)]
Day = Annotated[int, Range(1, 31)]


@dataclass(frozen=True, slots=True)
class DuesSet:
    """From a period on, members pay so much (minor units) to the commons, each month, or in one month of each year.

    `day` is the day of the month, the last one of a shorter month: 31 is always the last. No members: all.
    """

    KIND: ClassVar[str] = "dues/set"
    dues: Id16
    title: Annotated[str, AtMost(DUES_TITLE_CHARS_MAX)]
    currency: Code
    amount: Annotated[int, Range(1, 2**63 - 1)]
    day: Day
    month: MonthOfYear | None
    first: Period
    members: Annotated[tuple[MemberId, ...], AtMost(DUES_MEMBERS_MAX)]


@dataclass(frozen=True, slots=True)
class DuesTaken:
    """These members have paid for a period; the last entry of a period says so."""

    KIND: ClassVar[str] = "dues/taken"
    dues: Id16
    period: Period
    members: Annotated[tuple[MemberId, ...], AtMost(DUES_MEMBERS_MAX)]
    last: bool


@dataclass(frozen=True, slots=True)
class DuesEnded:
    """Nothing is taken any more."""

    KIND: ClassVar[str] = "dues/ended"
    dues: Id16
