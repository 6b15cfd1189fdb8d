# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of demurrage: what the group has decided, and that it was taken for a month."""

from dataclasses import dataclass
from typing import ClassVar

from protocol.practices.money.currencies.entries import BasisPoints, Code
from protocol.practices.money.dues.entries import Day, Period


@dataclass(frozen=True, slots=True)
class DemurrageSet:
    """From a month on, this part of what members hold above zero goes to the commons on a day of each month.

    `day` is the last one of a shorter month. No basis points: nothing is taken any more.
    """

    KIND: ClassVar[str] = "demurrage/set"
    currency: Code
    basis_points: BasisPoints
    day: Day
    first: Period


@dataclass(frozen=True, slots=True)
class DemurrageTaken:
    """It was taken for a month, of all who held something above zero just then."""

    KIND: ClassVar[str] = "demurrage/taken"
    currency: Code
    period: Period
