# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a motion refuses what is asked of it."""

from protocol.book.refusals import Reason, Stage

RECUSED = Reason(
    "RECUSED", Stage.AUTHORITY, 403, "Whom a motion is about does not vote on it", "The motion is about {member}."
)
MOTION_UNKNOWN = Reason("MOTION_UNKNOWN", Stage.SUBJECT, 404, "There is no such motion")
MOTION_CLOSED = Reason(
    "MOTION_CLOSED", Stage.RULE, 422, "Nobody votes on this motion now", "The motion is {state}: nobody votes."
)

MOTION_REFUSALS = (
    RECUSED,
    MOTION_UNKNOWN,
    MOTION_CLOSED,
)
