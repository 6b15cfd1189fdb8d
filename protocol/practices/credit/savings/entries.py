# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of savings groups, and what members sign about them.

Amounts are minor units of the group's currency. A sheet is what a meeting has done, row by row; its id follows from all
that it says, so whoever signs the id signs the figures.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import Doc, Ref, Uuid
from protocol.book.money import BASIS_POINTS, Amount
from protocol.book.signed import Id16, MemberId, Signed
from protocol.book.uuids import derived_id
from protocol.practices.money.currencies.entries import Code
from protocol.wire.codec import encode
from protocol.wire.keys import digest
from protocol.wire.shape import AtMost, Range, to_map

SAVERS_MAX = 60
"""Members of one group, and so rows of a sheet."""
KEY_HOLDERS = 3
SAVINGS_TITLE_CHARS_MAX = 60
SHARES_BOUGHT_MAX = 1_000
"""Shares that one member buys at one meeting."""
MEETING_DAYS_MAX = 366
MEETINGS_MAX = 1_000
"""Of one cycle."""

GroupId = Annotated[Id16, Ref("savings-groups")]
MeetingId = Annotated[Id16, Ref("savings-meetings")]
MeetingNumber = Annotated[int, Range(1, MEETINGS_MAX)]
SheetMinor = Annotated[int, Range(0, 2**63 - 1)]
"""What somebody pays or gets at a meeting, in minor units."""


@dataclass(frozen=True, slots=True)
class GroupFounded:
    """A group saves together: what a share costs, what a loan costs, when it meets, who holds the keys.

    `charge` is the service charge of a loan in hundredths of a percent of it, once; it is due `due_after` meetings on.
    """

    KIND: ClassVar[str] = "savings/founded"
    group: GroupId
    title: Annotated[str, AtMost(SAVINGS_TITLE_CHARS_MAX)]
    currency: Code
    share: Annotated[int, Range(1, 2**53)]
    shares_max: Annotated[int, Range(1, SHARES_BOUGHT_MAX)]
    charge: Annotated[int, Range(0, BASIS_POINTS)]
    due_after: MeetingNumber
    every_days: Annotated[int, Range(1, MEETING_DAYS_MAX)]
    key_holders: Annotated[tuple[MemberId, ...], AtMost(KEY_HOLDERS)]
    keys_needed: Annotated[int, Range(2, KEY_HOLDERS)]


@dataclass(frozen=True, slots=True)
class JoinSavings:
    """Save with a group: a sheet that its key-holders sign debits your account; join again to change its most."""

    group: Annotated[Id16, Uuid, Doc("the group")]
    most: Annotated[Amount | None, Doc("the most that one meeting may take of your account; default: any amount")] = (
        None
    )
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("who joins; default: you")] = None


@dataclass(frozen=True, slots=True)
class SavingsJoined:
    """A member saves with a group, by signed wish or by word (custodial)."""

    KIND: ClassVar[str] = "savings/joined"
    OPERATION: ClassVar[str] = "savings-groups.join"
    WISH: ClassVar[type[JoinSavings]] = JoinSavings
    signed: Signed | None
    word: JoinSavings | None


@dataclass(frozen=True, slots=True)
class CycleOpened:
    """A group begins to save: what was shared out before is over. Ties at the next share-out are drawn from `cycle`."""

    KIND: ClassVar[str] = "savings/cycle-opened"
    group: GroupId
    cycle: Id16


@dataclass(frozen=True, slots=True)
class SavingsRow:
    """What one member has paid and got at a meeting.

    It buys `shares`, pays into the social fund, pays a fine, pays back of its loan; it is lent, or granted of the
    social fund; `written_off` tells that what is left of its loan is not asked for any more, which the fund bears.
    """

    member: MemberId
    shares: Annotated[int, Range(0, SHARES_BOUGHT_MAX)]
    social: SheetMinor
    fine: SheetMinor
    repaid: SheetMinor
    lent: SheetMinor
    granted: SheetMinor
    written_off: bool


@dataclass(frozen=True, slots=True)
class SheetNoted:
    """What a meeting has done, as somebody has typed it in; it takes the place of another that was not yet held."""

    KIND: ClassVar[str] = "savings/noted"
    meeting: MeetingId
    group: GroupId
    cycle: Id16
    number: MeetingNumber
    rows: Annotated[tuple[SavingsRow, ...], AtMost(SAVERS_MAX)]
    share_out: bool
    """Whether the cycle ends with it, and the fund is shared out."""


@dataclass(frozen=True, slots=True)
class SignSheet:
    """Turn your key: say as a key-holder that a sheet tells what the meeting has done."""

    meeting: Annotated[Id16, Uuid, Doc("the meeting; its id follows from all figures of the sheet")]
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("whose key it is; default: your own")] = None


@dataclass(frozen=True, slots=True)
class SheetSigned:
    """A key-holder agrees to a sheet, by signed wish or by word (custodial)."""

    KIND: ClassVar[str] = "savings/signed"
    OPERATION: ClassVar[str] = "savings-meetings.sign"
    WISH: ClassVar[type[SignSheet]] = SignSheet
    signed: Signed | None
    word: SignSheet | None


@dataclass(frozen=True, slots=True)
class MeetingHeld:
    """The keys are there: what the sheet says is booked."""

    KIND: ClassVar[str] = "savings/held"
    meeting: MeetingId


def meeting_id(group: bytes, cycle: bytes, number: int, rows: tuple[SavingsRow, ...], *, share_out: bool) -> bytes:
    """Return the id of a meeting: it follows from all that its sheet says, so a sheet typed in twice is one."""
    told = encode([group, cycle, number, [to_map(row) for row in rows], share_out])
    return derived_id(digest("savings-sheet", told))


SavingsSaid = GroupFounded | SavingsJoined | CycleOpened | SheetNoted | SheetSigned | MeetingHeld
