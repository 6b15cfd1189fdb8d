# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fairs and their tallies as the book keeps them: what was typed in, what members say to it, what was paid."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from protocol.book.book import Book
from protocol.book.declaration import Parameter, Table
from protocol.book.lifecycle import Lifecycle
from protocol.book.members import Auth
from protocol.book.parameters import Number
from protocol.lanes.entry import Millis
from protocol.practices.credit.fairs.entries import TallyAnswered, TallyEntered, TallyPosted, TallyRow

OBJECT_HOURS = Parameter(
    "fairs.object_hours",
    Number(1, 24 * 30, "hours"),
    72,
    "how long who stands on the sheet of a fair may object before it is paid",
)


class TallyState(StrEnum):
    """Whether a sheet is paid."""

    ENTERED = "entered"
    POSTED = "posted"


TALLY_LIFE = Lifecycle(
    "tallies",
    TallyState,
    {
        (None, TallyEntered.KIND): TallyState.ENTERED,
        (TallyState.ENTERED, TallyAnswered.KIND): TallyState.ENTERED,
        (TallyState.ENTERED, TallyPosted.KIND): TallyState.POSTED,
    },
)


@dataclass(slots=True)
class Fair:
    """A fair: where people trade for a day, and tally on paper."""

    id: bytes
    title: str
    date_ms: Millis
    currency: str
    stalls: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """A sheet of a fair as it was typed in; `posted` are the places of the rows that were paid."""

    id: bytes
    fair: bytes
    sheet: str
    currency: str
    rows: tuple[TallyRow, ...]
    until_ms: Millis
    at_ms: Millis
    state: TallyState
    agreed: tuple[str, ...] = ()
    objected: tuple[str, ...] = ()
    posted: tuple[int, ...] = ()

    @property
    def total_minor(self) -> int:
        """What all rows come to."""
        return sum(row.amount for row in self.rows)


FAIRS = Table("fairs", Fair)
TALLIES = Table(
    "tallies",
    Tally,
    by={"fair": lambda tally: (tally.fair,)},
    closed=lambda tally: tally.state is TallyState.POSTED,
)


@dataclass(slots=True)
class TallySheets:
    """Which tally each sheet of each fair is: a sheet is typed in once."""

    by_name: dict[tuple[bytes, str], bytes] = field(default_factory=dict[tuple[bytes, str], bytes])


def members_of(book: Book, tally: Tally) -> tuple[str, ...]:
    """Return the ids of the members who stand on a sheet, each once."""
    ends = (end for row in tally.rows for end in (row.payer, row.payee))
    return tuple(dict.fromkeys(book.owner_of(end) for end in ends))


def payable_rows(book: Book, tally: Tally) -> Iterator[int]:
    """Yield the places of the rows that may be paid, the same on every node; no limit is looked at.

    Neither end objects and both are active; a payer with a key of its own has agreed.
    """
    for place, row in enumerate(tally.rows):
        payer, payee = (book.members[book.owner_of(end)] for end in (row.payer, row.payee))
        objects = payer.id in tally.objected or payee.id in tally.objected
        agrees = payer.auth is Auth.CUSTODIAL or payer.id in tally.agreed
        if agrees and not objects and payer.inactive() is None and payee.inactive() is None:
            yield place
