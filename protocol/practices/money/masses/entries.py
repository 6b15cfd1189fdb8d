# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of a mass payment: one payer, many payees, in entries of so many each."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.refusals import ReasonCode
from protocol.book.signed import AccountId, Digest, Id16, MemberId
from protocol.practices.money.commons.entries import Positive
from protocol.wire.shape import AtMost, Range

MASS_PAYEES_MAX = 1_500
"""Payees of one entry; where there are more, several entries make one mass payment."""
MASS_ROWS_MAX = 20_000
"""Rows of one file."""
MASS_FILE_BYTES_MAX = 2 * 1024 * 1024
MASS_TITLE_CHARS_MAX = 100


@dataclass(frozen=True, slots=True)
class RowRefused:
    """A row of the file, counted from 1, that was passed over, and why."""

    row: Annotated[int, Range(1, MASS_ROWS_MAX)]
    code: ReasonCode


@dataclass(frozen=True, slots=True)
class MassPaid:
    """These members get so much each (minor units) of a payer; the last entry of a mass payment says so.

    `content` is the digest of what was asked for in all, from which the id follows; `part` counts its entries from 0.
    """

    KIND: ClassVar[str] = "mass-payments/paid"
    mass: Id16
    payer: AccountId
    title: Annotated[str, AtMost(MASS_TITLE_CHARS_MAX)]
    content: Digest
    part: Annotated[int, Range(0, MASS_ROWS_MAX)]
    payees: Annotated[tuple[MemberId, ...], AtMost(MASS_PAYEES_MAX)]
    amounts: Annotated[tuple[Positive, ...], AtMost(MASS_PAYEES_MAX)]
    refused: Annotated[tuple[RowRefused, ...], AtMost(MASS_PAYEES_MAX)]
    last: bool
