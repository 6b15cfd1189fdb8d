# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shared tools: a keeper, a calendar in which no two bookings overlap, and loans without a price."""

from protocol.book.declaration import Act, Create, Invariant, List, Practice, Show
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
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
from protocol.practices.market.tools.folds import TOOLS_NAME, agenda, fold, news, owned
from protocol.practices.market.tools.plans import (
    plan_book,
    plan_cancel,
    plan_hand_out,
    plan_keep,
    plan_mend,
    plan_return,
    plan_share,
    plan_withdraw,
)
from protocol.practices.market.tools.refusals import TOOL_REFUSALS
from protocol.practices.market.tools.rules import check
from protocol.practices.market.tools.state import TOOL_LIFE, TOOL_LOAN_LIFE, TOOL_LOANS, TOOLS, overlapping
from protocol.practices.market.tools.views import (
    BookTool,
    CancelToolLoan,
    HandOutTool,
    KeepTool,
    MendTool,
    ReturnTool,
    ShareTool,
    ToolLoanShown,
    ToolLoansWanted,
    ToolShown,
    ToolsWanted,
    WithdrawTool,
    today,
    view_tool,
    view_tool_loan,
    view_tool_loans,
    view_tools,
    week,
)

PRACTICE = Practice(
    name=TOOLS_NAME,
    entries=(
        ToolShared, ToolKept, ToolMended, ToolWithdrawn,
        ToolBooked, ToolLoanCancelled, ToolLoanLapsed, ToolHandedOut, ToolReturned,
    ),
    check=check,
    fold=fold,
    news=news,
    agenda=agenda,
    today=today,
    week=week,
    tables=(TOOLS, TOOL_LOANS),
    private=(Private("note", NOTE_BYTES_MAX, (ToolReturned,), owned),),
    invariants=(Invariant("no two loans of a tool take the same hour", overlapping),),
    operations=(
        Create("tools", ShareTool, plan=plan_share, verb="share",
               example='mutirao tools share --title "Cement mixer" --days 3'),
        Act("tools", "keep", KeepTool, plan=plan_keep, example="mutirao tools keep TOOL --keeper bia"),
        Act("tools", "mend", MendTool, plan=plan_mend, example="mutirao tools mend TOOL"),
        Act("tools", "withdraw", WithdrawTool, plan=plan_withdraw,
            asks="Withdraw {id}, and cancel what is booked of it?", example="mutirao tools withdraw TOOL"),
        Show("tools", ToolShown, view=view_tool, example="mutirao tools show TOOL"),
        List("tools", ToolsWanted, ToolShown, rows=view_tools, example="mutirao tools list"),
        Create("tool-loans", BookTool, plan=plan_book, verb="book",
               example="mutirao tool-loans book --tool TOOL --since 2027-03-01 --until 2027-03-02"),
        Act("tool-loans", "cancel", CancelToolLoan, plan=plan_cancel, example="mutirao tool-loans cancel LOAN"),
        Act("tool-loans", "hand-out", HandOutTool, plan=plan_hand_out, example="mutirao tool-loans hand-out LOAN"),
        Act("tool-loans", "return", ReturnTool, plan=plan_return,
            example='mutirao tool-loans return LOAN --damaged --note "the belt is torn"'),
        Show("tool-loans", ToolLoanShown, view=view_tool_loan, example="mutirao tool-loans show LOAN"),
        List("tool-loans", ToolLoansWanted, ToolLoanShown, rows=view_tool_loans, own=True,
             example="mutirao tool-loans list --state out"),
    ),
    refusals=TOOL_REFUSALS,
    lives=(TOOL_LIFE, TOOL_LOAN_LIFE),
)  # fmt: skip
