# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shared tools as the book keeps them: who keeps each, and when it is booked, lent, late and back."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from protocol.book.book import Book
from protocol.book.declaration import Table
from protocol.book.lifecycle import Lifecycle
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.market.tools.entries import (
    ToolBooked,
    ToolHandedOut,
    ToolKept,
    ToolLoanCancelled,
    ToolLoanLapsed,
    ToolMended,
    ToolReturned,
    ToolShared,
    ToolWithdrawn,
)

TOOL_BOOKINGS_MAX = 200
"""Loans of one tool that are booked and not over."""
CLOCK_CHANGE_MS = DAY_MS // 24
"""A day on which clocks are put back is longer by it."""


class ToolState(StrEnum):
    """Whether a tool can be borrowed."""

    SHARED = "shared"
    DAMAGED = "damaged"
    WITHDRAWN = "withdrawn"


TOOL_LIFE = Lifecycle(
    "tools",
    ToolState,
    {
        (None, ToolShared.KIND): ToolState.SHARED,
        (ToolState.SHARED, ToolKept.KIND): ToolState.SHARED,
        (ToolState.SHARED, ToolBooked.KIND): ToolState.SHARED,
        (ToolState.SHARED, ToolHandedOut.KIND): ToolState.SHARED,
        (ToolState.SHARED, ToolReturned.KIND): (ToolState.SHARED, ToolState.DAMAGED),
        (ToolState.SHARED, ToolWithdrawn.KIND): ToolState.WITHDRAWN,
        (ToolState.DAMAGED, ToolKept.KIND): ToolState.DAMAGED,
        (ToolState.DAMAGED, ToolMended.KIND): ToolState.SHARED,
        (ToolState.DAMAGED, ToolWithdrawn.KIND): ToolState.WITHDRAWN,
    },
)


class ToolLoanState(StrEnum):
    """How far a loan of a tool has come."""

    BOOKED = "booked"
    OUT = "out"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


TOOL_LOAN_LIFE = Lifecycle(
    "tool-loans",
    ToolLoanState,
    {
        (None, ToolBooked.KIND): ToolLoanState.BOOKED,
        (ToolLoanState.BOOKED, ToolHandedOut.KIND): ToolLoanState.OUT,
        (ToolLoanState.BOOKED, ToolLoanCancelled.KIND): ToolLoanState.CANCELLED,
        (ToolLoanState.BOOKED, ToolWithdrawn.KIND): ToolLoanState.CANCELLED,
        (ToolLoanState.BOOKED, ToolLoanLapsed.KIND): ToolLoanState.LAPSED,
        (ToolLoanState.OUT, ToolReturned.KIND): ToolLoanState.RETURNED,
    },
)


@dataclass(slots=True)
class Tool:
    """A shared tool: who keeps it, and for how many days it is lent at most."""

    id: bytes
    keeper: str
    title: str
    days: int
    state: ToolState
    at_ms: Millis


@dataclass(slots=True)
class ToolLoan:
    """A loan of a tool, from `since_ms` on and before `until_ms`; `keeper` is who keeps it until that is over."""

    id: bytes
    tool: bytes
    title: str
    keeper: str
    borrower: str
    since_ms: Millis
    until_ms: Millis
    state: ToolLoanState
    at_ms: Millis
    out_ms: Millis | None = None
    back_ms: Millis | None = None
    damaged: bool = False
    note: bytes | None = None

    @property
    def is_open(self) -> bool:
        """Whether the tool is booked or lent by it."""
        return self.state in (ToolLoanState.BOOKED, ToolLoanState.OUT)

    def days_late(self, now: Millis) -> int:
        """Return how many days it is late, or was when it came back, begun ones too; 0 where it is in time."""
        if self.out_ms is None:
            return 0
        return max(0, -((self.until_ms - (now if self.back_ms is None else self.back_ms)) // DAY_MS))


TOOLS = Table(
    "tools",
    Tool,
    by={"keeper": lambda tool: (tool.keeper,)},
    closed=lambda tool: tool.state is ToolState.WITHDRAWN,
)
TOOL_LOANS = Table(
    "tool-loans",
    ToolLoan,
    by={
        "tool": lambda loan: (loan.tool,),
        "member": lambda loan: (loan.borrower, loan.keeper),
    },
    due=lambda loan: loan.until_ms if loan.state is ToolLoanState.OUT else None,
    closed=lambda loan: not loan.is_open,
)


def calendar_of(book: Book, tool: bytes) -> list[ToolLoan]:
    """Return the loans of a tool that are booked or out, in the order of their hours."""
    found = (loan for loan in book.rows(TOOL_LOANS).find("tool", tool) if loan.is_open)
    return sorted(found, key=lambda loan: (loan.since_ms, loan.id))


def in_the_way(book: Book, tool: bytes, since_ms: Millis, until_ms: Millis, but: bytes = b"") -> ToolLoan | None:
    """Return the first loan of a tool, other than one, that takes an hour of these."""
    for loan in calendar_of(book, tool):
        if loan.id != but and loan.since_ms < until_ms and since_ms < loan.until_ms:
            return loan
    return None


def overlapping(book: Book) -> str | None:
    """Complain where two loans of a tool take the same hour, or it is out twice."""
    rows = book.rows(TOOL_LOANS)
    for tool in book.rows(TOOLS):
        loans = calendar_of(book, tool)
        if any(one.until_ms > other.since_ms for one, other in pairwise(loans)):
            return f"tool {tool.hex()} is booked twice at one hour"
        if sum(rows[loan.id].state is ToolLoanState.OUT for loan in loans) > 1:
            return f"tool {tool.hex()} is lent twice at once"
    return None
