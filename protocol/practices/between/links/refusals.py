# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a link refuses, and why what is said of links is refused."""

from protocol.book.refusals import Reason, Stage

LINK_UNKNOWN = Reason("LINK_UNKNOWN", Stage.SUBJECT, 404, "There is no such link")
LINK_NOT_OPEN = Reason("LINK_NOT_OPEN", Stage.RULE, 422, "The link is not open", "The link is {state}.", transient=True)
LINK_FROZEN = Reason("LINK_FROZEN", Stage.RULE, 422, "The link is frozen", transient=True)
LINK_LIMIT_EXCEEDED = Reason(
    "LINK_LIMIT_EXCEEDED",
    Stage.RULE,
    422,
    "This goes beyond the link's limit",
    "{available} left on the link.",
    transient=True,
)
LINK_HOLDS_EXCEEDED = Reason(
    "LINK_HOLDS_EXCEEDED", Stage.RULE, 422, "Too many payments wait on this link; try again later", transient=True
)
LINK_IN_USE = Reason("LINK_IN_USE", Stage.RULE, 422, "The link is in use", "{used} of the link is in use.")
GRANT_UNSIGNED = Reason(
    "GRANT_UNSIGNED",
    Stage.RULE,
    422,
    "Cold keys have to sign a grant as great as this",
    "With this {granted} would be granted on the link in all; cold keys have to sign what is beyond {limit}.",
)

LINK_REFUSALS = (
    LINK_UNKNOWN,
    LINK_NOT_OPEN,
    LINK_FROZEN,
    LINK_LIMIT_EXCEEDED,
    LINK_HOLDS_EXCEEDED,
    LINK_IN_USE,
    GRANT_UNSIGNED,
)
