# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the door refuses before anybody asks what is wished."""

from protocol.book.refusals import Reason, Stage

UNAUTHENTICATED = Reason("UNAUTHENTICATED", Stage.DOOR, 401, "This needs a valid token")
CHALLENGE_UNKNOWN = Reason(
    "CHALLENGE_UNKNOWN", Stage.DOOR, 401, "The challenge is unknown, used or too old; ask for another"
)
SCOPE_MISSING = Reason(
    "SCOPE_MISSING", Stage.DOOR, 403, "The token does not allow this", "The token lacks the scope {scope}."
)
PRECONDITION_FAILED = Reason("PRECONDITION_FAILED", Stage.DOOR, 412, "It has changed since you saw it; look again")
PATH_UNKNOWN = Reason("PATH_UNKNOWN", Stage.DOOR, 404, "There is nothing at this address")
METHOD_NOT_ALLOWED = Reason(
    "METHOD_NOT_ALLOWED", Stage.DOOR, 405, "This address does not take this method", "This address takes {allowed}."
)
BODY_TOO_LARGE = Reason(
    "BODY_TOO_LARGE", Stage.DOOR, 413, "The body is too large", "A body may have at most {maximum} bytes."
)
CONTENT_TYPE_UNSUPPORTED = Reason(
    "CONTENT_TYPE_UNSUPPORTED", Stage.DOOR, 415, "The body must be JSON", "Send the body as {expected}, not compressed."
)
RATE_LIMITED = Reason(
    "RATE_LIMITED",
    Stage.DOOR,
    429,
    "Too many attempts from this address",
    "Try again in {retry_after} seconds.",
    transient=True,
)
INTERNAL = Reason(
    "INTERNAL",
    Stage.DOOR,
    500,
    "The node made a mistake; it is logged, and trying again with the same key is safe",
    transient=True,
)
NOT_READY = Reason(
    "NOT_READY", Stage.DOOR, 503, "The node cannot take wishes now", "Not ready: {reasons}.", transient=True
)
CURSOR_UNKNOWN = Reason("CURSOR_UNKNOWN", Stage.FORM, 400, "This cursor was not given by this node")

HTTP_REFUSALS = (
    UNAUTHENTICATED,
    CHALLENGE_UNKNOWN,
    SCOPE_MISSING,
    PRECONDITION_FAILED,
    PATH_UNKNOWN,
    METHOD_NOT_ALLOWED,
    BODY_TOO_LARGE,
    CONTENT_TYPE_UNSUPPORTED,
    RATE_LIMITED,
    INTERNAL,
    NOT_READY,
    CURSOR_UNKNOWN,
)
