# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is said of shared tools changes: who keeps one, when it is taken, and what time does to a booking."""

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from protocol.book.agenda import Agenda
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, News, Plan, Write
from protocol.book.ledger import Posting
from protocol.book.private import Owned
from protocol.book.signed import uuid_text
from protocol.lanes.entry import Body, Millis
from protocol.practices.market.tools.entries import (
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
from protocol.practices.market.tools.state import (
    TOOL_LIFE,
    TOOL_LOAN_LIFE,
    TOOL_LOANS,
    TOOLS,
    Tool,
    ToolLoan,
    ToolLoanState,
    ToolState,
    calendar_of,
)

TOOLS_NAME = "tools"
"""The practice, as the agenda knows it."""


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, at_ms = entered.body, entered.at_ms
    assert isinstance(body, ToolSaid | ToolLoanSaid)
    if isinstance(body, ToolSaid):
        _change_tool(book, body, at_ms)
    elif isinstance(body, ToolBooked):
        tool, state = book.rows(TOOLS)[body.tool], TOOL_LOAN_LIFE.after(None, body.KIND)
        book.rows(TOOL_LOANS).add(
            ToolLoan(
                body.loan, tool.id, tool.title, tool.keeper, body.borrower, body.since_ms, body.until_ms, state, at_ms
            )
        )
        book.of(Agenda).put(TOOLS_NAME, body.loan, body.until_ms)
    else:
        _change_loan(book, body, at_ms)
    return ()


def _change_tool(book: Book, body: ToolSaid, at_ms: Millis) -> None:
    rows = book.rows(TOOLS)
    if isinstance(body, ToolShared):
        rows.add(Tool(body.tool, body.keeper, body.title, body.days, TOOL_LIFE.after(None, body.KIND), at_ms))
        return
    tool = rows.change(body.tool)
    tool.state = TOOL_LIFE.after(tool.state, body.KIND)
    match body:
        case ToolKept(_, keeper):
            tool.keeper = keeper
            for loan in calendar_of(book, tool.id):
                book.rows(TOOL_LOANS).change(loan.id).keeper = keeper
        case ToolWithdrawn():
            for loan in calendar_of(book, tool.id):
                _lead_on(book, loan.id, body.KIND)
        case ToolMended():
            pass
        case _:
            assert_never(body)


def _lead_on(book: Book, name: bytes, kind: str) -> ToolLoan:
    """Let a loan be in the state to which a kind leads; nobody waits for a borrower any more."""
    loan = book.rows(TOOL_LOANS).change(name)
    loan.state = TOOL_LOAN_LIFE.after(loan.state, kind)
    book.of(Agenda).put(TOOLS_NAME, name, None)
    return loan


def _change_loan(
    book: Book, body: ToolLoanCancelled | ToolLoanLapsed | ToolHandedOut | ToolReturned, at_ms: Millis
) -> None:
    loan = _lead_on(book, body.loan, body.KIND)
    match body:
        case ToolHandedOut():
            loan.out_ms, loan.since_ms = at_ms, min(loan.since_ms, at_ms)
        case ToolReturned(_, damaged, note):
            loan.back_ms, loan.damaged, loan.note = at_ms, damaged, note
            tool = book.rows(TOOLS).change(loan.tool)
            tool.state = TOOL_LIFE.after(tool.state, body.KIND, ToolState.DAMAGED if damaged else ToolState.SHARED)
        case ToolLoanCancelled() | ToolLoanLapsed():
            pass
        case _:
            assert_never(body)


def agenda(desk: Desk, row: bytes) -> Iterator[Plan]:
    """Let a booking lapse whose time is over, if nobody has come for the tool."""
    loan = desk.book.rows(TOOL_LOANS)[row]
    assert loan.state is ToolLoanState.BOOKED
    yield Plan(uuid_text(row), (Write(ToolLoanLapsed(row)),))


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield in what state a tool came back: the keeper's word, and the keeper's own."""
    assert isinstance(body, ToolReturned)
    if body.note is not None:
        yield Owned(body.note, book.rows(TOOL_LOANS)[body.loan].keeper, f"tool-loans/{uuid_text(body.loan)}")


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, ToolSaid | ToolLoanSaid)
    _, _, verb = body.KIND.partition("/")
    if isinstance(body, ToolSaid):
        yield News(f"tool.{verb}", uuid_text(body.tool), tuple(book.members))
    else:
        loan = book.rows(TOOL_LOANS)[body.loan]
        yield News(f"tool-loan.{verb}", uuid_text(loan.id), (loan.borrower, loan.keeper))
