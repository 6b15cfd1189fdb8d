# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members wish of shared tools, and which entries that makes."""

from protocol.book.addresses import resolve_member
from protocol.book.declaration import Desk, Plan, Role, Write
from protocol.book.personal import NOTE_CHARS_MAX, salted, text_refusal
from protocol.book.refusals import FORBIDDEN, MALFORMED, NOT_FOUND, Refused, foremost, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.practices.market.hours import hour_meant
from protocol.practices.market.tools.entries import (
    TOOL_TITLE_CHARS_MAX,
    ToolBooked,
    ToolHandedOut,
    ToolKept,
    ToolLoanCancelled,
    ToolMended,
    ToolReturned,
    ToolShared,
    ToolWithdrawn,
)
from protocol.practices.market.tools.rules import against_tool_said
from protocol.practices.market.tools.state import TOOL_LOANS, TOOLS, ToolLoan
from protocol.practices.market.tools.views import (
    BookTool,
    CancelToolLoan,
    HandOutTool,
    KeepTool,
    MendTool,
    ReturnTool,
    ShareTool,
    WithdrawTool,
)
from protocol.practices.people.authority import acts_for, speaks_as


def plan_share(desk: Desk, wish: ShareTool) -> Plan | Refused:
    keeper = speaks_as(desk, wish.keeper)
    refused = foremost(
        text_refusal("title", wish.title, TOOL_TITLE_CHARS_MAX),
        None if wish.title.strip() else refuse(MALFORMED, field="title", expected="a name"),
        keeper if isinstance(keeper, Refused) else None,
    )
    if refused or isinstance(keeper, Refused):
        return refused or refuse(MALFORMED)
    body = ToolShared(desk.book.drawn(drawn_id(desk.chance)), keeper.id, wish.title, wish.days)
    return against_tool_said(desk.book, body, desk.now) or Plan(uuid_text(body.tool), (Write(body),))


def plan_keep(desk: Desk, name: str, wish: KeepTool) -> Plan | Refused:
    tool, keeper = _own_tool(desk, name), resolve_member(desk.book, wish.keeper)
    if isinstance(tool, Refused) or isinstance(keeper, Refused):
        return foremost(*(one for one in (tool, keeper) if isinstance(one, Refused))) or refuse(MALFORMED)
    return _planned(desk, name, ToolKept(tool, keeper.id))


def plan_mend(desk: Desk, name: str, wish: MendTool) -> Plan | Refused:
    del wish
    tool = _own_tool(desk, name)
    return tool if isinstance(tool, Refused) else _planned(desk, name, ToolMended(tool))


def plan_withdraw(desk: Desk, name: str, wish: WithdrawTool) -> Plan | Refused:
    del wish
    tool = _own_tool(desk, name)
    return tool if isinstance(tool, Refused) else _planned(desk, name, ToolWithdrawn(tool))


def plan_book(desk: Desk, wish: BookTool) -> Plan | Refused:
    book = desk.book
    since = hour_meant(book, "since", wish.since, is_end=False)
    until = hour_meant(book, "until", wish.until, is_end=True)
    borrower = speaks_as(desk, wish.borrower)
    if isinstance(since, Refused) or isinstance(until, Refused) or isinstance(borrower, Refused):
        said = (one for one in (since, until, borrower) if isinstance(one, Refused))
        return foremost(*said) or refuse(MALFORMED)
    assert until is not None
    body = ToolBooked(
        book.drawn(drawn_id(desk.chance)), wish.tool, borrower.id, desk.now if since is None else since, until
    )
    return _planned(desk, uuid_text(body.loan), body)


def plan_cancel(desk: Desk, name: str, wish: CancelToolLoan) -> Plan | Refused:
    del wish
    loan = desk.book.rows(TOOL_LOANS).get(parse_uuid(name) or b"")
    if loan is None:
        return refuse(NOT_FOUND)
    if not acts_for(desk.actor, desk.book.members[loan.borrower]) and not _keeps(desk, loan.keeper):
        return refuse(FORBIDDEN, allowed="who has booked it, and who keeps the tool")
    return _planned(desk, name, ToolLoanCancelled(loan.id))


def plan_hand_out(desk: Desk, name: str, wish: HandOutTool) -> Plan | Refused:
    del wish
    loan = _kept_loan(desk, name)
    return loan if isinstance(loan, Refused) else _planned(desk, name, ToolHandedOut(loan.id))


def plan_return(desk: Desk, name: str, wish: ReturnTool) -> Plan | Refused:
    loan, refused = _kept_loan(desk, name), text_refusal("note", wish.note, NOTE_CHARS_MAX)
    if refused is not None or isinstance(loan, Refused):
        return foremost(refused, loan if isinstance(loan, Refused) else None) or refuse(MALFORMED)
    note, texts = salted(desk, wish.note)
    body = ToolReturned(loan.id, wish.damaged, note)
    return against_tool_said(desk.book, body, desk.now) or Plan(name, (Write(body),), texts)


def _planned(
    desk: Desk, name: str, body: ToolKept | ToolMended | ToolWithdrawn | ToolBooked | ToolLoanCancelled | ToolHandedOut
) -> Plan | Refused:
    return against_tool_said(desk.book, body, desk.now) or Plan(name, (Write(body),))


def _keeps(desk: Desk, keeper: str) -> bool:
    """Tell whether who asks is the keeper, or a steward, who stands in for every keeper."""
    return desk.actor.role is Role.STEWARD or acts_for(desk.actor, desk.book.members[keeper])


def _own_tool(desk: Desk, name: str) -> bytes | Refused:
    """Return the id of a tool, if who asks keeps it."""
    tool = desk.book.rows(TOOLS).get(parse_uuid(name) or b"")
    if tool is None:
        return refuse(NOT_FOUND)
    return tool.id if _keeps(desk, tool.keeper) else refuse(FORBIDDEN, allowed="who keeps the tool, and stewards")


def _kept_loan(desk: Desk, name: str) -> ToolLoan | Refused:
    """Return a loan, if who asks keeps its tool."""
    loan = desk.book.rows(TOOL_LOANS).get(parse_uuid(name) or b"")
    if loan is None:
        return refuse(NOT_FOUND)
    return loan if _keeps(desk, loan.keeper) else refuse(FORBIDDEN, allowed="who keeps the tool, and stewards")
