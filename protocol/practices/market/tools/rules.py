# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shared tools are lent without a price: no two loans of one take the same hour, and it is with one borrower at a time.

In the words of ValueFlows a loan is an event of use that no commitment answers. Nothing here posts anything.
"""

from typing import assert_never

from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.refusals import (
    DUPLICATE,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.market.hours import clock_text
from protocol.practices.market.tools.entries import (
    TOOL_DAYS_MAX,
    ToolBooked,
    ToolHandedOut,
    ToolKept,
    ToolLoanCancelled,
    ToolLoanLapsed,
    ToolLoanSaid,
    ToolMended,
    ToolReturned,
    ToolSaid,
    ToolShared,
    ToolWithdrawn,
)
from protocol.practices.market.tools.refusals import TOOL_BOOKED, TOOL_DAYS, TOOL_OUT
from protocol.practices.market.tools.state import (
    CLOCK_CHANGE_MS,
    TOOL_BOOKINGS_MAX,
    TOOL_LIFE,
    TOOL_LOAN_LIFE,
    TOOL_LOANS,
    TOOLS,
    Tool,
    ToolLoan,
    ToolLoanState,
    calendar_of,
    in_the_way,
)


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, ToolSaid | ToolLoanSaid)
    refused = book.misplaced(entered) or against_tool_said(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def against_tool_said(book: Book, body: ToolSaid | ToolLoanSaid, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if isinstance(body, ToolShared):
        taken = refuse(DUPLICATE) if body.tool in book.rows(TOOLS) else None
        return taken or _against_keeper(book, body.keeper)
    if isinstance(body, ToolBooked):
        return _against_booking(book, body, at_ms)
    if isinstance(body, ToolKept | ToolMended | ToolWithdrawn):
        tool = book.rows(TOOLS).get(body.tool)
        return refuse(NOT_FOUND) if tool is None else _against_tool(book, body, tool)
    loan = book.rows(TOOL_LOANS).get(body.loan)
    return refuse(NOT_FOUND) if loan is None else _against_loan(book, body, loan, at_ms)


def _against_keeper(book: Book, name: str) -> Refused | None:
    member = book.members.get(name)
    return refuse(MEMBER_UNKNOWN, member=name) if member is None else member.inactive()


def _against_tool(book: Book, body: ToolKept | ToolMended | ToolWithdrawn, tool: Tool) -> Refused | None:
    conflict = TOOL_LIFE.conflict(tool.state, body.KIND)
    if isinstance(body, ToolKept):
        same = refuse(DUPLICATE) if body.keeper == tool.keeper else None
        return foremost(conflict, same, _against_keeper(book, body.keeper))
    return conflict or (_not_back(book, tool) if isinstance(body, ToolWithdrawn) else None)


def _not_back(book: Book, tool: Tool) -> Refused | None:
    """Return TOOL_OUT where somebody has the tool."""
    for loan in calendar_of(book, tool.id):
        if loan.state is ToolLoanState.OUT:
            return refuse(TOOL_OUT, tool=tool.title, until=clock_text(book, loan.until_ms))
    return None


def _against_booking(book: Book, body: ToolBooked, at_ms: Millis) -> Refused | None:
    tool, borrower = book.rows(TOOLS).get(body.tool), book.members.get(body.borrower)
    if body.until_ms <= max(body.since_ms, at_ms):
        return refuse(MALFORMED, field="until", expected="a time after its beginning, and to come")
    if body.until_ms > at_ms + TOOL_DAYS_MAX * DAY_MS:
        return refuse(MALFORMED, field="until", expected=f"at most {TOOL_DAYS_MAX} days ahead")
    if tool is None:
        return refuse(NOT_FOUND)
    if borrower is None:
        return refuse(MEMBER_UNKNOWN, member=body.borrower)
    if body.loan in book.rows(TOOL_LOANS):
        return refuse(DUPLICATE)
    full = len(calendar_of(book, tool.id)) >= TOOL_BOOKINGS_MAX
    too_long = body.until_ms - body.since_ms > tool.days * DAY_MS + CLOCK_CHANGE_MS
    return foremost(
        TOOL_LIFE.conflict(tool.state, body.KIND),
        refuse(STATE_CONFLICT, state="full") if full else None,
        borrower.inactive(),
        refuse(TOOL_DAYS, tool=tool.title, days=tool.days) if too_long else None,
        _taken(book, tool, in_the_way(book, tool.id, body.since_ms, body.until_ms)),
    )


def _taken(book: Book, tool: Tool, loan: ToolLoan | None) -> Refused | None:
    if loan is None:
        return None
    since, until = clock_text(book, loan.since_ms), clock_text(book, loan.until_ms)
    return refuse(TOOL_BOOKED, tool=tool.title, since=since, until=until)


def _against_loan(
    book: Book,
    body: ToolLoanCancelled | ToolLoanLapsed | ToolHandedOut | ToolReturned,
    loan: ToolLoan,
    at_ms: Millis,
) -> Refused | None:
    conflict = TOOL_LOAN_LIFE.conflict(loan.state, body.KIND)
    match body:
        case ToolLoanCancelled() | ToolReturned():
            return conflict
        case ToolLoanLapsed():
            return conflict or (refuse(STATE_CONFLICT, state=loan.state.value) if at_ms < loan.until_ms else None)
        case ToolHandedOut():
            tool = book.rows(TOOLS)[loan.tool]
            over = refuse(STATE_CONFLICT, state=ToolLoanState.LAPSED.value) if at_ms >= loan.until_ms else None
            before = in_the_way(book, tool.id, min(at_ms, loan.since_ms), loan.until_ms, but=loan.id)
            return foremost(
                conflict,
                over,
                TOOL_LIFE.conflict(tool.state, body.KIND),
                book.members[loan.borrower].inactive(),
                _not_back(book, tool),
                _taken(book, tool, before),
            )
        case _:
            assert_never(body)
