# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a savings group is founded, and how a meeting's sheet is typed in."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import Doc, Ref, Uuid
from protocol.book.money import Amount
from protocol.book.parameters import Percentage
from protocol.book.signed import Id16
from protocol.practices.credit.savings.entries import (
    KEY_HOLDERS,
    MEETING_DAYS_MAX,
    MEETINGS_MAX,
    SAVERS_MAX,
    SAVINGS_TITLE_CHARS_MAX,
    SHARES_BOUGHT_MAX,
)
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Range

CHARGE = Percentage()
CHARGE_CHARS_MAX = 8


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """Found a savings group: its members buy shares at meetings, borrow of what they save, and share it out.

    It holds no money before its key-holders have joined and a cycle is opened.
    """

    title: Annotated[str, AtMost(SAVINGS_TITLE_CHARS_MAX), Doc("what it is called, seen by all members")]
    currency: Annotated[Code, Ref("currencies"), Doc("in which currency it saves")]
    share: Annotated[Amount, Doc("what one share costs")]
    key_holders: Annotated[
        tuple[str, ...], AtMost(KEY_HOLDERS), Ref("members"), Doc("the three members who hold its keys, by handle")
    ]
    charge: Annotated[
        str, AtMost(CHARGE_CHARS_MAX), Doc("the service charge of a loan, once, as a part of it such as 10%")
    ] = "10%"
    shares_max: Annotated[int, Range(1, SHARES_BOUGHT_MAX), Doc("the most shares that one buys at one meeting")] = 5
    due_after: Annotated[int, Range(1, MEETINGS_MAX), Doc("after how many meetings a loan is due, charge and all")] = 4
    every_days: Annotated[int, Range(1, MEETING_DAYS_MAX), Doc("how many days there are between meetings")] = 7
    keys_needed: Annotated[int, Range(2, KEY_HOLDERS), Doc("how many key-holders sign a sheet, so that it counts")] = 3


@dataclass(frozen=True, slots=True)
class OpenCycle:
    """Begin a cycle of saving; all key-holders have joined by then. What the social fund holds stays in it."""


@dataclass(frozen=True, slots=True)
class RowTold:
    """What one member has paid and got at a meeting, as it stands on the paper sheet."""

    member: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("the handle")]
    shares: Annotated[int, Range(0, SHARES_BOUGHT_MAX), Doc("how many shares it buys")] = 0
    social: Annotated[Amount | None, Doc("what it pays into the social fund")] = None
    fine: Annotated[Amount | None, Doc("a fine, which goes into the social fund")] = None
    repaid: Annotated[Amount | None, Doc("what it pays back of its loan, charge included")] = None
    lent: Annotated[Amount | None, Doc("what the loan fund lends to it")] = None
    granted: Annotated[Amount | None, Doc("what it is granted of the social fund")] = None
    written_off: Annotated[bool, Doc("whether what is left of its loan is not asked for any more")] = False


@dataclass(frozen=True, slots=True)
class NoteSheet:
    """Type in the sheet of a meeting, all rows at once; the same sheet typed in again is the same meeting.

    Nothing is booked before the key-holders have signed it and it is held. Another sheet of the same number takes its
    place until then.
    """

    group: Annotated[Id16, Uuid, Ref("savings-groups"), Doc("the group")]
    number: Annotated[int, Range(1, MEETINGS_MAX), Doc("the how-manieth meeting of the cycle it is, from 1")]
    rows: Annotated[tuple[RowTold, ...], AtMost(SAVERS_MAX), Doc("what each member has paid and got")] = ()
    share_out: Annotated[bool, Doc("end the cycle with it, and share the loan fund out by shares")] = False


@dataclass(frozen=True, slots=True)
class HoldMeeting:
    """Book what a sheet says, once enough key-holders have signed it."""
