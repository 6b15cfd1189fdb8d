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

MOTION_REFUSALS = (
    RECUSED,
    MOTION_UNKNOWN,
    MOTION_CLOSED,
)
