# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members ask about pledges."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import At, Doc, OneOf, Ref
from protocol.book.money import Amount
from protocol.practices.chains.entries import ChainItem
from protocol.practices.chains.supply import QUANTITY_TEXT_CHARS_MAX
from protocol.practices.money.dues.entries import Period
from protocol.wire.shape import AtMost

UNIT_TEXT_CHARS_MAX = 20
Whose = Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who does; default: you")]
MuchText = Annotated[str, AtMost(QUANTITY_TEXT_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class CallDrive:
    """Ask who would buy of an enterprise that you would open: so all see whether it would pay for itself."""

    item: Annotated[ChainItem, Doc("what it would make: a code of CPC, or words")]
    unit: Annotated[str, AtMost(UNIT_TEXT_CHARS_MAX), Doc("in which unit it is sold, such as kg")]
    fixed: Annotated[Amount, Doc("what it costs in a month, whatever it sells, in the chain's unit of account")]
    margin: Annotated[Amount, Doc("what a unit sold leaves, once its own costs are paid")]
    until: Annotated[At, Doc("until when pledges are collected: within a year")]
    member: Whose = None


@dataclass(frozen=True, slots=True)
class PledgePurchase:
    """Pledge to buy so much of it in a month; it takes the place of what you pledged before."""

    quantity: Annotated[MuchText, Doc("how much in a month, such as 20; 0 takes the pledge back")]
    member: Whose = None


@dataclass(frozen=True, slots=True)
class OpenDrive:
    """Say that it is open: as soon as pledges reach what it needs to pay for itself."""


@dataclass(frozen=True, slots=True)
class CloseDrive:
    """Give it up, or say that it is closed again; pledges end."""


@dataclass(frozen=True, slots=True)
class KeepPledge:
    """Note how much a member has bought in a month of what it had pledged."""

    member: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who has bought")]
    period: Annotated[Period, Doc("the month, such as 202611")]
    quantity: Annotated[MuchText, Doc("how much, in the same unit")]


@dataclass(frozen=True, slots=True)
class DrivesWanted:
    """What members would open."""

    state: Annotated[
        str | None, AtMost(12), OneOf(("collecting", "open", "closed", "lapsed")), Doc("only those in this state")
    ] = None
