# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a shared tool cannot be borrowed now."""

from protocol.book.refusals import Reason, Stage

TOOL_BOOKED = Reason(
    "TOOL_BOOKED",
    Stage.RULE,
    409,
    "Somebody else has booked it then",
    "{tool} is booked from {since} to {until}. Nothing was done.",
    heading="Booked until {until}",
    ways=("take it from {until} on", "see when it is free: mutirao tools show"),
)
TOOL_OUT = Reason(
    "TOOL_OUT",
    Stage.RULE,
    409,
    "The tool is not back yet",
    "{tool} was lent until {until}, and is not back. Nothing was done.",
    heading="It is not back yet",
    ways=("ask who has it: mutirao tools show", "once it is back: mutirao tool-loans return"),
)
TOOL_DAYS = Reason(
    "TOOL_DAYS",
    Stage.RULE,
    422,
    "It is not lent for so long",
    "{tool} is lent for {days} days at most. Nothing was booked.",
    heading="{days} days at most",
    ways=("book {days} days or fewer", "bring it back, and book it again"),
)
TOOL_REFUSALS = (TOOL_BOOKED, TOOL_OUT, TOOL_DAYS)
