# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of fairs: that one is held, what was tallied on paper, what members say to it, what is paid."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import Doc, Ref, Uuid
from protocol.book.signed import AccountId, Id16, Signed, Time
from protocol.practices.money.commons.entries import Positive
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Range

FAIR_TITLE_CHARS_MAX = 100
STALL_CHARS_MAX = 60
STALLS_MAX = 100
TALLY_ROWS_MAX = 200
"""Rows of one sheet; a larger fair has several."""
SHEET_CHARS_MAX = 40

FairTitle = Annotated[str, AtMost(FAIR_TITLE_CHARS_MAX)]
Stalls = Annotated[tuple[Annotated[str, AtMost(STALL_CHARS_MAX)], ...], AtMost(STALLS_MAX)]
SheetName = Annotated[str, AtMost(SHEET_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class FairHeld:
    """A fair is held on a day, in a currency, with these stalls."""

    KIND: ClassVar[str] = "fairs/held"
    fair: Annotated[Id16, Ref("fairs")]
    title: FairTitle
    date_ms: Time
    currency: Code
    stalls: Stalls


@dataclass(frozen=True, slots=True)
class TallyRow:
    """One line of a sheet: who has given how much (minor units) to whom."""

    payer: AccountId
    payee: AccountId
    amount: Positive


@dataclass(frozen=True, slots=True)
class TallyEntered:
    """A steward has typed a sheet in; who stands on it may object until its time is over."""

    KIND: ClassVar[str] = "tallies/entered"
    tally: Annotated[Id16, Ref("tallies")]
    fair: Annotated[Id16, Ref("fairs")]
    sheet: SheetName
    rows: Annotated[tuple[TallyRow, ...], AtMost(TALLY_ROWS_MAX)]
    until_ms: Time


@dataclass(frozen=True, slots=True)
class AnswerTally:
    """Say whether what a sheet says of you is right: what you object to is not paid."""

    tally: Annotated[Id16, Uuid, Ref("tallies"), Doc("the id of the tally")]
    agrees: Annotated[bool, Doc("whether your rows are right; who has a key pays by this answer alone")]
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who says so; default: yourself")] = (
        None
    )


@dataclass(frozen=True, slots=True)
class TallyAnswered:
    """A member agrees, or objects, to what a sheet says of it."""

    KIND: ClassVar[str] = "tallies/answered"
    OPERATION: ClassVar[str] = "tallies.answer"
    WISH: ClassVar[type[AnswerTally]] = AnswerTally
    signed: Signed | None
    word: AnswerTally | None


@dataclass(frozen=True, slots=True)
class TallyPosted:
    """The time to object is over: these rows, by their places from 0, are paid, and no others."""

    KIND: ClassVar[str] = "tallies/posted"
    tally: Annotated[Id16, Ref("tallies")]
    rows: Annotated[tuple[Annotated[int, Range(0, TALLY_ROWS_MAX - 1)], ...], AtMost(TALLY_ROWS_MAX)]
