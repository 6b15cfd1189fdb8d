# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a rule is not changed as it is asked."""

from protocol.book.refusals import Reason, Stage

NOTICE_SHORT = Reason(
    "NOTICE_SHORT",
    Stage.RULE,
    422,
    "A rule may not change so soon",
    "A by-law holds {days} days after it is adopted, at the soonest. Nothing was changed.",
    heading="{days} days' notice are needed",
    ways=(
        "let it hold later: mutirao bylaws change",
        "in an emergency, the committee may change it for a short while: mutirao emergencies create",
    ),
)
CHANGE_UNKNOWN = Reason(
    "CHANGE_UNKNOWN",
    Stage.SUBJECT,
    404,
    "There is no such change of a rule",
    "No change that was announced has this id here.",
    heading="There is no such change",
    ways=("see the by-laws and what comes: mutirao bylaws list",),
)
EMERGENCY_UNKNOWN = Reason(
    "EMERGENCY_UNKNOWN",
    Stage.SUBJECT,
    404,
    "There is no such emergency",
    "No emergency has this id here.",
    heading="There is no such emergency",
    ways=("see the emergencies: mutirao emergencies list",),
)
COMMITTEE_SMALL = Reason(
    "COMMITTEE_SMALL",
    Stage.RULE,
    422,
    "Too few sit on the committee for an emergency",
    "{seated} sit on it, and {needed} must agree. Nothing was changed.",
    heading="{needed} must agree, {seated} sit there",
    ways=("choose a larger committee: mutirao boards seat committee", "put the rule to the vote of all"),
)

BYLAW_REFUSALS = (NOTICE_SHORT, CHANGE_UNKNOWN, EMERGENCY_UNKNOWN, COMMITTEE_SMALL)
