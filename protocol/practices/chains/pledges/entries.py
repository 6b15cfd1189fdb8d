# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of pledges: who would open what, who would buy how much of it in a month, and who then did.

Values are hundredths of the chain's unit of account, quantities thousandths of their unit.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.signed import Id16, MemberId, Time
from protocol.practices.chains.entries import ChainItem
from protocol.practices.market.intents import QUANTITY_MAX
from protocol.practices.money.dues.entries import Period
from protocol.wire.shape import AtMost, Range

DRIVE_VALUE_MAX = 10**14
DRIVE_DAYS_MAX = 365
PLEDGES_MAX = 500
"""Pledges of one drive."""
PledgedQuantity = Annotated[int, Range(0, QUANTITY_MAX)]
DriveMinor = Annotated[int, Range(1, DRIVE_VALUE_MAX)]


class DriveState(StrEnum):
    """How far an opening has come: pledges are collected, it is open, given up, or its day is over."""

    COLLECTING = "collecting"
    OPEN = "open"
    CLOSED = "closed"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class DriveCalled:
    """A member would open an enterprise: what it costs in a month whatever it sells, and what a unit sold leaves."""

    KIND: ClassVar[str] = "pledges/called"
    drive: Id16
    starter: MemberId
    item: ChainItem
    unit: Annotated[str, AtMost(3)]
    fixed: DriveMinor
    margin: DriveMinor
    until_ms: Time


@dataclass(frozen=True, slots=True)
class Pledged:
    """A member would buy so much in a month; it takes the place of what it pledged before, and 0 takes it back."""

    KIND: ClassVar[str] = "pledges/pledged"
    drive: Id16
    member: MemberId
    quantity: PledgedQuantity


@dataclass(frozen=True, slots=True)
class DriveMoved:
    """It is open, given up or closed again, or its day has come without enough pledges."""

    KIND: ClassVar[str] = "pledges/moved"
    drive: Id16
    to: DriveState


@dataclass(frozen=True, slots=True)
class PledgeKept:
    """How much a member has bought in a month of what it had pledged; it takes the place of what was told before."""

    KIND: ClassVar[str] = "pledges/kept"
    drive: Id16
    member: MemberId
    period: Period
    quantity: PledgedQuantity


PledgesSaid = DriveCalled | Pledged | DriveMoved | PledgeKept
