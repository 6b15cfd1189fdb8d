# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a campaign, or what is said of who owns whom, is refused."""

from protocol.book.refusals import Reason, Stage

REVIEW_TOO_FAR = Reason(
    "REVIEW_TOO_FAR",
    Stage.RULE,
    422,
    "A campaign is looked at again within a year",
    "The review date has to lie ahead, by {maximum} days at most. Nothing was called for.",
    heading="Review it within {maximum} days",
    ways=("name an earlier day", "call again when it is over, if it is still needed"),
)
REVIEW_TO_COME = Reason(
    "REVIEW_TO_COME",
    Stage.RULE,
    422,
    "The campaign's review date is still to come",
    "It ends by itself {hours} hours from now, and not before. Nothing was done.",
    heading="It runs {hours} hours more",
    ways=("suspend it by a motion, or say that it is won",),
)
CAMPAIGN_RUNS = Reason(
    "CAMPAIGN_RUNS",
    Stage.SUBJECT,
    409,
    "There is such a campaign already",
    "A campaign of this kind about {target} is proposed, adopted or suspended. Nothing was called for.",
    heading="There is one about {target} already",
    ways=("see it: mutirao campaigns list --target {target}", "wait until it is over"),
)
CAMPAIGNS_FULL = Reason(
    "CAMPAIGNS_FULL",
    Stage.RULE,
    422,
    "The network has as many of these as there is room for",
    "A network has at most {maximum} of these. Nothing was taken in.",
    heading="There are {maximum} of these already",
    ways=("withdraw or remove what is no longer needed",),
)
STAKES_ABOVE_WHOLE = Reason(
    "STAKES_ABOVE_WHOLE",
    Stage.RULE,
    422,
    "Owners would hold more than the whole of an enterprise",
    "Others hold {held} of {owned}, so {available} is left. Nothing was taken in.",
    heading="{available} of {owned} is left",
    ways=("compare the sources and their days", "remove what is out of date: mutirao stakes remove"),
)
NOT_COVERED = Reason(
    "NOT_COVERED",
    Stage.RULE,
    422,
    "The campaign does not cover this one",
    "The campaign covers {names}. Nothing was done.",
    heading="{name} is not covered",
    ways=("name one of those that it covers",),
)
CAMPAIGN_REFUSALS = (
    REVIEW_TOO_FAR,
    REVIEW_TO_COME,
    CAMPAIGN_RUNS,
    CAMPAIGNS_FULL,
    STAKES_ABOVE_WHOLE,
    NOT_COVERED,
)
