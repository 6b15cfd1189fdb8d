# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a plot is not visited, or nothing is decided of it."""

from protocol.book.refusals import Reason, Stage

VISIT_INCOMPLETE = Reason(
    "VISIT_INCOMPLETE", Stage.RULE, 422, "Too few visitors have reported",
    "{peers} of 3 peers and {consumers} of 1 consumer have reported on a visit. Nothing was decided.",
    heading="{reports} of 4 visitors have reported",
    ways=("ask the others to report: mutirao visits show", "who cannot go lets the next go: mutirao visits excuse"),
)  # fmt: skip
LOT_TOO_SMALL = Reason(
    "LOT_TOO_SMALL", Stage.RULE, 422, "Too few can be drawn",
    "3 peers and 1 consumer visit, each of another household, none of whom certified the other within a year:"
    " {peers} peers and {consumers} consumers fit. No visit was called.",
    heading="{peers} peers, {consumers} consumers fit",
    ways=("let more members take part: mutirao certifiers enrol", "ask a neighbouring group for visitors"),
)  # fmt: skip
NOT_A_VISITOR = Reason(
    "NOT_A_VISITOR", Stage.AUTHORITY, 403, "This is for those who were drawn and have been there",
    "{member} was not drawn for this visit, or has not reported on it. Nothing was written.",
    heading="{member} is no visitor here",
    ways=("see who was drawn: mutirao visits show",),
)  # fmt: skip
ISSUE_OVERDUE = Reason(
    "ISSUE_OVERDUE", Stage.RULE, 422, "What had to be put right by now is not",
    "Issue {issue} was due {days} days ago, and nobody who visited has cleared it. Nothing was decided.",
    heading="Issue {issue} is {days} days overdue",
    ways=("let a visitor clear it: mutirao certifications clear", "put it right first"),
)  # fmt: skip
DRAW_NOT_HELD = Reason(
    "DRAW_NOT_HELD", Stage.RULE, 422, "The public draw has not been held yet",
    "The numbers of {source} are not known before {known}. Nobody was drawn.",
    heading="Its numbers are known on {known}", ways=("come back then: mutirao visits draw",),
)  # fmt: skip
GUARANTEE_REFUSALS = (VISIT_INCOMPLETE, LOT_TOO_SMALL, NOT_A_VISITOR, ISSUE_OVERDUE, DRAW_NOT_HELD)
