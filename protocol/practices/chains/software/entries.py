# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of software: who pays for which outside, who has migrated to free software, who supports it.

Values are hundredths of the chain's unit of account, in a month; hours are hundredths.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.signed import Id16, MostMinor
from protocol.practices.chains.entries import ChainItem
from protocol.practices.governance.companies.state import HOURS_MAX
from protocol.practices.money.dues.entries import Period
from protocol.wire.shape import Range

SupportedHours = Annotated[int, Range(0, HOURS_MAX)]


class SoftwareState(StrEnum):
    """Where the money for a software goes: outside, or, since its users have migrated, to support of free software."""

    OUTSIDE = "outside"
    MIGRATED = "migrated"


@dataclass(frozen=True, slots=True)
class SoftwareUsed:
    """An enterprise uses a software that it pays for outside, so much in a month.

    The supply relation under the same id is what the chain knows of it.
    """

    KIND: ClassVar[str] = "software/used"
    use: Id16
    enterprise: Id16
    software: ChainItem
    cost: MostMinor


@dataclass(frozen=True, slots=True)
class SoftwareMigrated:
    """It uses free software instead, supported by an enterprise for so much in a month: by none, it helps itself."""

    KIND: ClassVar[str] = "software/migrated"
    use: Id16
    to: ChainItem
    supporter: Id16 | None
    support: MostMinor


@dataclass(frozen=True, slots=True)
class SoftwareSupported:
    """So many hours of support were given in a month; it takes the place of what was told of that month."""

    KIND: ClassVar[str] = "software/supported"
    use: Id16
    period: Period
    hours: SupportedHours


@dataclass(frozen=True, slots=True)
class SoftwareRemoved:
    """It is used no more, or was told by mistake."""

    KIND: ClassVar[str] = "software/removed"
    use: Id16


SoftwareSaid = SoftwareUsed | SoftwareMigrated | SoftwareSupported | SoftwareRemoved
