# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a company refuses what is asked of it."""

from protocol.book.refusals import Reason, Stage

NOT_A_WORKER = Reason(
    "NOT_A_WORKER",
    Stage.SUBJECT,
    422,
    "This member does not work there",
    "{member} is no worker of {company}. Nothing was done.",
    heading="{member} does not work there",
    ways=(
        "see who works there: mutirao companies show {company}",
        "let its workers vote on it",
    ),
)
PAY_SPREAD = Reason(
    "PAY_SPREAD",
    Stage.RULE,
    422,
    "The highest pay is too far from the lowest",
    "The highest pay would be {spread} of the lowest, and {most} is the most. Nothing was changed.",
    heading="{spread}, and {most} at most",
    ways=("bring the highest pay down", "bring the lowest pay up", "put companies.pay_spread to the vote"),
)
NO_HOURS = Reason(
    "NO_HOURS",
    Stage.RULE,
    422,
    "Nobody's hours are counted in this month",
    "Of {period} no hours are counted, by which {available} could be shared. Nothing was shared.",
    heading="No hours in {period}",
    ways=("log hours: mutirao work create", "confirm hours: mutirao work list --company {company}"),
)
MONTH_SHARED = Reason(
    "MONTH_SHARED",
    Stage.SUBJECT,
    409,
    "The month has been shared out already",
    "Up to {period} all is shared out. Nothing was done twice.",
    heading="Shared out up to {period}",
    ways=("see what was shared: mutirao companies show {company}", "name a later month"),
)

COMPANY_REFUSALS = (NOT_A_WORKER, PAY_SPREAD, NO_HOURS, MONTH_SHARED)
