# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the door refuses before anybody asks what is wished."""

from protocol.book.refusals import Reason, Stage

UNAUTHENTICATED = Reason(
    "UNAUTHENTICATED",
    Stage.DOOR,
    401,
    "This needs a valid token",
    "It is not known who asks: the token is missing, wrong, revoked or too old. Nothing was done.",
    heading="Please sign in first",
    ways=("sign in with your key: mutirao login", "ask a steward for a token"),
)
CHALLENGE_UNKNOWN = Reason(
    "CHALLENGE_UNKNOWN",
    Stage.DOOR,
    401,
    "The challenge is unknown, used or too old; ask for another",
    "It is unknown, was used already, or is older than two minutes. Nobody was signed in.",
    heading="This challenge does not count",
    ways=("ask for another challenge and sign that",),
)
SCOPE_MISSING = Reason(
    "SCOPE_MISSING",
    Stage.DOOR,
    403,
    "The token does not allow this",
    "The token lacks the scope {scope}.",
    heading="The token lacks {scope}",
    ways=("use a token that has the scope {scope}", "sign in with your own key"),
)
LAST_STEWARD_TOKEN = Reason(
    "LAST_STEWARD_TOKEN",
    Stage.SUBJECT,
    409,
    "It is the last token by which a steward comes in",
    "Without it no steward could come in any more. It was not revoked.",
    heading="This is the last token of a steward",
    ways=("make another first: mutirao tokens create --role steward", "revoke this one then"),
)
PRECONDITION_FAILED = Reason(
    "PRECONDITION_FAILED",
    Stage.DOOR,
    412,
    "It has changed since you saw it; look again",
    "Somebody has changed it meanwhile. Nothing was done.",
    heading="It has changed since you saw it",
    ways=("look at it again, then decide",),
)
PATH_UNKNOWN = Reason(
    "PATH_UNKNOWN",
    Stage.DOOR,
    404,
    "There is nothing at this address",
    "No resource has this address. Nothing was done.",
    heading="There is nothing here",
    ways=("look for the address at /docs",),
)
SIGN_IN_CODE_UNKNOWN = Reason(
    "SIGN_IN_CODE_UNKNOWN",
    Stage.DOOR,
    401,
    "This code is unknown, used or too old",
    "A code lets in once, within 15 minutes. Nobody was signed in.",
    heading="This code does not open",
    ways=("look whether each letter is right", "ask for a new code"),
)
FORM_STALE = Reason(
    "FORM_STALE",
    Stage.DOOR,
    403,
    "This page was open too long, or belongs to somebody else",
    "The form does not belong to who is signed in now. Nothing was done; what you typed is still here.",
    heading="Send it once more",
    ways=("look at the form and send it again",),
)
METHOD_NOT_ALLOWED = Reason(
    "METHOD_NOT_ALLOWED",
    Stage.DOOR,
    405,
    "This address does not take this method",
    "This address takes {allowed}.",
    heading="Only {allowed} here",
    ways=("look for the address at /docs",),
)
BODY_TOO_LARGE = Reason(
    "BODY_TOO_LARGE",
    Stage.DOOR,
    413,
    "The body is too large",
    "A body may have at most {maximum} bytes.",
    heading="At most {maximum} bytes",
    ways=("send less at once",),
)
CONTENT_TYPE_UNSUPPORTED = Reason(
    "CONTENT_TYPE_UNSUPPORTED",
    Stage.DOOR,
    415,
    "The body must be JSON",
    "Send the body as {expected}, not compressed.",
    heading="Send {expected}",
    ways=("set Content-Type: {expected}",),
)
RATE_LIMITED = Reason(
    "RATE_LIMITED",
    Stage.DOOR,
    429,
    "Too many attempts from this address",
    "Try again in {retry_after} seconds.",
    transient=True,
    heading="Wait {retry_after} seconds",
    ways=("wait, then try again",),
)
INTERNAL = Reason(
    "INTERNAL",
    Stage.DOOR,
    500,
    "The node made a mistake; it is logged, and trying again with the same key is safe",
    "The node made a mistake, and has logged it. Trying again with the same key is safe.",
    transient=True,
    heading="A mistake of the node",
    ways=("try again", "tell a steward when it was"),
)
NOT_READY = Reason(
    "NOT_READY",
    Stage.DOOR,
    503,
    "The node cannot take wishes now",
    "{code}: it waits for {waits_for}.",
    transient=True,
    heading="The node is not ready",
    ways=("stewards: {to_do}", "try again soon", "ask a steward"),
)
SOURCE_CHANGED = Reason(
    "SOURCE_CHANGED",
    Stage.DOOR,
    503,
    "The files of the program are not those that run",
    "{to_do}. Another source than that of the program that runs is not given.",
    transient=True,
    heading="The program was changed under the node",
    ways=("stewards: start the node again", "ask a steward"),
)
CURSOR_UNKNOWN = Reason(
    "CURSOR_UNKNOWN",
    Stage.FORM,
    400,
    "This cursor was not given by this node",
    "The cursor does not belong to this list with these filters.",
    heading="This page is not known",
    ways=("begin with the first page",),
)

HTTP_REFUSALS = (
    UNAUTHENTICATED,
    CHALLENGE_UNKNOWN,
    SCOPE_MISSING,
    LAST_STEWARD_TOKEN,
    PRECONDITION_FAILED,
    PATH_UNKNOWN,
    SIGN_IN_CODE_UNKNOWN,
    FORM_STALE,
    METHOD_NOT_ALLOWED,
    BODY_TOO_LARGE,
    CONTENT_TYPE_UNSUPPORTED,
    RATE_LIMITED,
    INTERNAL,
    NOT_READY,
    SOURCE_CHANGED,
    CURSOR_UNKNOWN,
)
