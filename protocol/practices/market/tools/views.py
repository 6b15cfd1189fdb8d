# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shared tools and their calendars as members see them, how they are wished for, and what waits for whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import READERS, At, Desk, Doc, Errand, Ref, RowsWanted, TextRef, Urgency, Uuid
from protocol.book.members import MemberState
from protocol.book.personal import NOTE_CHARS_MAX, shown_text
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import Id16, parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.practices.market.hours import HOUR_CHARS_MAX
from protocol.practices.market.tools.entries import TOOL_TITLE_CHARS_MAX, ToolDays
from protocol.practices.market.tools.state import (
    TOOL_LOANS,
    TOOLS,
    Tool,
    ToolLoan,
    ToolLoanState,
    ToolState,
    calendar_of,
)
from protocol.practices.people.authority import may_see
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class ShareTool:
    """Share a tool, without a price: who keeps it hands it out to members who have booked it."""

    title: Annotated[str, AtMost(TOOL_TITLE_CHARS_MAX), Doc("what it is, seen by all members")]
    days: Annotated[ToolDays, Doc("for how many days it is lent at most")] = 7
    keeper: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who keeps it and hands it out; default: you")
    ] = None


@dataclass(frozen=True, slots=True)
class KeepTool:
    """Let another member keep a tool from now on."""

    keeper: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who keeps it, by handle")]


@dataclass(frozen=True, slots=True)
class MendTool:
    """Say that a damaged tool can be lent again."""


@dataclass(frozen=True, slots=True)
class WithdrawTool:
    """Share a tool no longer; what was booked of it is cancelled."""


@dataclass(frozen=True, slots=True)
class BookTool:
    """Book a shared tool: from one day or hour to another, which nobody else has booked."""

    tool: Annotated[Id16, Uuid, Ref("tools"), Doc("the tool")]
    until: Annotated[
        str,
        AtMost(HOUR_CHARS_MAX),
        Doc("until when: a day such as 2026-12-20, to its end by the group's clock, or an hour: 2026-12-20T18:00:00Z"),
    ]
    since: Annotated[
        str | None,
        AtMost(HOUR_CHARS_MAX),
        Doc("from when on: a day by the group's clock, or an hour: 2026-12-20T09:00:00Z; default: now"),
    ] = None
    borrower: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who borrows it; default: you")] = (
        None
    )


@dataclass(frozen=True, slots=True)
class CancelToolLoan:
    """Give up a booking, as who has booked or who keeps the tool."""


@dataclass(frozen=True, slots=True)
class HandOutTool:
    """Say that who has booked a tool has it now."""


@dataclass(frozen=True, slots=True)
class ReturnTool:
    """Say that a tool is back, whole or damaged; a damaged one is lent to nobody until it is mended."""

    damaged: Annotated[bool, Doc("it came back damaged")] = False
    note: Annotated[
        str | None,
        AtMost(NOTE_CHARS_MAX),
        Doc("in what state it is; kept outside the ledger, erasable, seen by you and the borrower"),
    ] = None


@dataclass(frozen=True, slots=True)
class ToolsWanted:
    """The tools that members share."""

    withdrawn: Annotated[bool, Doc("those too that are shared no longer")] = False


@dataclass(frozen=True, slots=True)
class ToolLoansWanted:
    """Loans of tools, of which you are borrower or keeper; for those who read all, everybody's."""

    tool: Annotated[Id16 | None, Uuid, Ref("tools"), Doc("only of this tool")] = None
    state: Annotated[ToolLoanState | None, Doc("only those of this state")] = None


@dataclass(frozen=True, slots=True)
class ToolHoursShown:
    """When a tool is taken, and by whom."""

    since: Annotated[At, Doc("from when on")]
    until: Annotated[At, Doc("until when")]
    borrower: Annotated[str, Doc("the handle of who has booked it, or has it")]
    out: Annotated[bool, Doc("whether the borrower has it")]
    days_late: Annotated[int, Doc("how many days it is late, begun ones too")]


@dataclass(frozen=True, slots=True)
class ToolShown:
    """A shared tool, and its calendar."""

    id: Annotated[str, Doc("its id")]
    title: Annotated[str, Doc("what it is")]
    keeper: Annotated[str, Doc("the handle of who keeps it and hands it out")]
    days: Annotated[int, Doc("for how many days it is lent at most")]
    state: Annotated[ToolState, Doc("shared; damaged: lent to nobody until it is mended; withdrawn: shared no longer")]
    calendar: Annotated[tuple[ToolHoursShown, ...], Doc("when it is booked or lent, the earliest first")]
    shared_at: Annotated[At, Doc("since when it is shared")]


@dataclass(frozen=True, slots=True)
class ToolLoanShown:
    """A loan of a tool, without a price."""

    id: Annotated[str, Doc("its id")]
    tool: Annotated[str, Doc("the id of the tool")]
    title: Annotated[str, Doc("what it is")]
    keeper: Annotated[str, Doc("the handle of who keeps the tool")]
    borrower: Annotated[str, Doc("the handle of who borrows it")]
    state: Annotated[
        ToolLoanState,
        Doc("booked; out: the borrower has it; returned; cancelled; lapsed: nobody came for it in its time"),
    ]
    since: Annotated[At, Doc("from when on it is booked, or has been out if that was earlier")]
    until: Annotated[At, Doc("until when it is to be back")]
    days_late: Annotated[int, Doc("how many days it is late, or was when it came back, begun ones too")]
    returned_at: Annotated[At | None, Doc("when it came back")]
    damaged: Annotated[bool, Doc("whether it came back damaged")]
    note: Annotated[TextRef | None, Doc("in what state it came back")]
    booked_at: Annotated[At, Doc("when it was booked")]


def view_tool(desk: Desk, name: str) -> ToolShown | Refused:
    tool = desk.book.rows(TOOLS).get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if tool is None else _tool_shown(desk, tool)


def view_tools(desk: Desk, wanted: ToolsWanted, after: int, limit: int) -> RowsWanted:
    return RowsWanted(TOOLS, after, limit, lambda tool: _tool_shown(desk, tool), open_only=not wanted.withdrawn)


def _tool_shown(desk: Desk, tool: Tool) -> ToolShown:
    return ToolShown(
        id=uuid_text(tool.id),
        title=tool.title,
        keeper=desk.book.members[tool.keeper].handle,
        days=tool.days,
        state=tool.state,
        calendar=tuple(
            ToolHoursShown(
                loan.since_ms,
                loan.until_ms,
                desk.book.members[loan.borrower].handle,
                loan.state is ToolLoanState.OUT,
                loan.days_late(desk.now),
            )
            for loan in calendar_of(desk.book, tool.id)
        ),
        shared_at=tool.at_ms,
    )


def view_tool_loan(desk: Desk, name: str) -> ToolLoanShown | Refused:
    loan = desk.book.rows(TOOL_LOANS).get(parse_uuid(name) or b"")
    if loan is None or not may_see(desk.actor, loan.borrower, loan.keeper):
        return refuse(NOT_FOUND)
    return _loan_shown(desk, loan)


def view_tool_loans(desk: Desk, wanted: ToolLoansWanted, after: int, limit: int) -> RowsWanted:
    of_tool = None if wanted.tool is None else (("tool", wanted.tool),)
    return RowsWanted(
        TOOL_LOANS,
        after,
        limit,
        show=lambda loan: _loan_shown(desk, loan),
        by=of_tool if desk.actor.role in READERS else (("member", desk.actor.member or ""),),
        wanted=lambda loan: wanted.tool in (None, loan.tool) and wanted.state in (None, loan.state),
    )


def _loan_shown(desk: Desk, loan: ToolLoan) -> ToolLoanShown:
    book = desk.book
    return ToolLoanShown(
        id=uuid_text(loan.id),
        tool=uuid_text(loan.tool),
        title=loan.title,
        keeper=book.members[loan.keeper].handle,
        borrower=book.members[loan.borrower].handle,
        state=loan.state,
        since=loan.since_ms,
        until=loan.until_ms,
        days_late=loan.days_late(desk.now),
        returned_at=loan.back_ms,
        damaged=loan.damaged,
        note=shown_text(loan.note),
        booked_at=loan.at_ms,
    )


def today(desk: Desk) -> Iterator[Errand]:
    """Yield the tools that a member is to bring back, to hand out, to take back and to mend, within a day."""
    member, rows = desk.actor.member or "", desk.book.rows(TOOL_LOANS)
    for loan in rows.find("member", member):
        borrower = desk.book.members[loan.borrower].handle
        late = loan.days_late(desk.now) or None
        if loan.state is ToolLoanState.OUT and loan.borrower == member and loan.until_ms <= desk.now + DAY_MS:
            yield Errand(
                uuid_text(loan.id), loan.title, "tool-loans.to_bring_back", "It is to be brought back",
                "tool-loans.show", Urgency.WAITED_FOR, count=late, until_ms=loan.until_ms,
            )  # fmt: skip
        elif loan.state is ToolLoanState.OUT and loan.keeper == member and late is not None:
            yield Errand(
                uuid_text(loan.id), borrower, "tool-loans.late", f"{loan.title} is not back",
                "tool-loans.return", Urgency.WAITED_FOR, count=late, until_ms=loan.until_ms,
            )  # fmt: skip
        elif loan.state is ToolLoanState.BOOKED and loan.keeper == member and loan.since_ms <= desk.now + DAY_MS:
            yield Errand(
                uuid_text(loan.id), borrower, "tool-loans.to_hand_out", f"{borrower} comes for {loan.title}",
                "tool-loans.hand-out", Urgency.DATE, until_ms=loan.until_ms,
            )  # fmt: skip
    for tool in desk.book.rows(TOOLS).find("keeper", member):
        if tool.state is ToolState.DAMAGED:
            yield Errand(
                uuid_text(tool.id), tool.title, "tools.damaged", "It is lent to nobody until it is mended",
                "tools.mend", Urgency.STOPPED,
            )  # fmt: skip


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the tools that are late, and those whose keeper has left."""
    book = desk.book
    for loan in book.rows(TOOL_LOANS).due(desk.now):
        late = loan.days_late(desk.now)
        if late:
            yield Errand(
                uuid_text(loan.id), book.members[loan.borrower].handle, "tool-loans.late", f"{loan.title} is not back",
                "tool-loans.show", Urgency.PEOPLE, count=late, until_ms=loan.until_ms,
            )  # fmt: skip
    for tool in book.rows(TOOLS).values():
        if book.members[tool.keeper].state is MemberState.LEFT and tool.state is not ToolState.WITHDRAWN:
            yield Errand(
                uuid_text(tool.id), tool.title, "tools.unkept", "Its keeper has left; somebody else has to keep it",
                "tools.keep", Urgency.PEOPLE,
            )  # fmt: skip
