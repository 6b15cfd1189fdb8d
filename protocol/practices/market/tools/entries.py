# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of shared tools: who keeps one, who has booked it for when, and that it came back."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import Ref
from protocol.book.signed import Digest, Id16, MemberId, Time
from protocol.wire.shape import AtMost, Range

TOOL_TITLE_CHARS_MAX = 60
TOOL_DAYS_MAX = 366
"""How many days one loan of a tool may last at most, and how far ahead it may be booked."""

ToolId = Annotated[Id16, Ref("tools")]
ToolLoanId = Annotated[Id16, Ref("tool-loans")]
ToolDays = Annotated[int, Range(1, TOOL_DAYS_MAX)]


@dataclass(frozen=True, slots=True)
class ToolShared:
    """Members share a tool, without a price; the keeper hands it out, for so many days at most."""

    KIND: ClassVar[str] = "tools/shared"
    tool: ToolId
    keeper: MemberId
    title: Annotated[str, AtMost(TOOL_TITLE_CHARS_MAX)]
    days: ToolDays


@dataclass(frozen=True, slots=True)
class ToolKept:
    """Another member keeps the tool from now on."""

    KIND: ClassVar[str] = "tools/kept"
    tool: ToolId
    keeper: MemberId


@dataclass(frozen=True, slots=True)
class ToolMended:
    """A tool that came back damaged can be lent again."""

    KIND: ClassVar[str] = "tools/mended"
    tool: ToolId


@dataclass(frozen=True, slots=True)
class ToolWithdrawn:
    """A tool is shared no longer; what was booked of it is cancelled."""

    KIND: ClassVar[str] = "tools/withdrawn"
    tool: ToolId


@dataclass(frozen=True, slots=True)
class ToolBooked:
    """A member borrows a tool from one hour to another: `since_ms` counts, `until_ms` no longer."""

    KIND: ClassVar[str] = "tool-loans/booked"
    loan: ToolLoanId
    tool: ToolId
    borrower: MemberId
    since_ms: Time
    until_ms: Time


@dataclass(frozen=True, slots=True)
class ToolLoanCancelled:
    """A booking is given up, by the borrower or the keeper."""

    KIND: ClassVar[str] = "tool-loans/cancelled"
    loan: ToolLoanId


@dataclass(frozen=True, slots=True)
class ToolLoanLapsed:
    """Its time is over, and nobody has come for the tool."""

    KIND: ClassVar[str] = "tool-loans/lapsed"
    loan: ToolLoanId


@dataclass(frozen=True, slots=True)
class ToolHandedOut:
    """The borrower has the tool."""

    KIND: ClassVar[str] = "tool-loans/handed-out"
    loan: ToolLoanId


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """The keeper has the tool back, whole or damaged; a damaged one is lent to nobody until it is mended."""

    KIND: ClassVar[str] = "tool-loans/returned"
    loan: ToolLoanId
    damaged: bool
    note: Digest | None


ToolSaid = ToolShared | ToolKept | ToolMended | ToolWithdrawn
ToolLoanSaid = ToolBooked | ToolLoanCancelled | ToolLoanLapsed | ToolHandedOut | ToolReturned
