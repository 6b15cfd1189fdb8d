# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a motion refuses what is asked of it."""

from protocol.book.refusals import Reason, Stage

RECUSED = Reason(
    "RECUSED",
    Stage.AUTHORITY,
    403,
    "Whom a motion is about does not vote on it",
    "The motion is about {member}.",
    heading="It is about {member}",
    ways=("let the others vote",),
)
MOTION_UNKNOWN = Reason(
    "MOTION_UNKNOWN",
    Stage.SUBJECT,
    404,
    "There is no such motion",
    "No motion has this id here.",
    heading="There is no such motion",
    ways=("see the motions: mutirao motions list",),
)
MOTION_CLOSED = Reason(
    "MOTION_CLOSED",
    Stage.RULE,
    422,
    "Nobody votes on this motion now",
    "The motion is {state}: nobody votes.",
    heading="The motion is {state}",
    ways=("look at what was decided: mutirao motions show", "put it to the vote again"),
)
VOTED_ALREADY = Reason(
    "VOTED_ALREADY",
    Stage.RULE,
    409,
    "In a secret ballot each votes once",
    "{member} has voted. In a secret ballot no vote is changed: nothing was counted twice.",
    heading="{member} has voted already",
    ways=("wait for the count: mutirao motions show",),
)
OTHER_BALLOT = Reason(
    "OTHER_BALLOT",
    Stage.RULE,
    422,
    "This motion is voted on in another way",
    "This motion is voted on {how}. Nothing was counted.",
    heading="This motion is voted on {how}",
    ways=("in secret: mutirao motions vote-secretly", "openly: mutirao motions vote"),
)

MOTION_REFUSALS = (
    VOTED_ALREADY,
    OTHER_BALLOT,
    RECUSED,
    MOTION_UNKNOWN,
    MOTION_CLOSED,
)
