# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a link refuses, and why what is said of links is refused."""

from protocol.book.refusals import Reason, Stage

LINK_UNKNOWN = Reason(
    "LINK_UNKNOWN",
    Stage.SUBJECT,
    404,
    "There is no such link",
    "No link with this partner or id is known here.",
    heading="There is no such link",
    ways=("see the links: mutirao links list",),
)
LINK_AMBIGUOUS = Reason(
    "LINK_AMBIGUOUS",
    Stage.SUBJECT,
    409,
    "There are several links with this partner; use a link's id",
    "There are several links with this partner; use one of the ids {links}.",
    heading="There are several links with it",
    ways=("use a link's id: {links}",),
)
LINK_NOT_OPEN = Reason(
    "LINK_NOT_OPEN",
    Stage.RULE,
    422,
    "The link is not open",
    "The link is {state}.",
    transient=True,
    heading="The link is {state}",
    ways=("try again once both sides have opened it", "pay by another way"),
)
LINK_FROZEN = Reason(
    "LINK_FROZEN",
    Stage.RULE,
    422,
    "The link is frozen",
    "One of the two networks has stopped payments over it. Nothing was paid.",
    transient=True,
    heading="The link is frozen",
    ways=("try again later", "ask a steward why", "pay by another way"),
)
LINK_LIMIT_EXCEEDED = Reason(
    "LINK_LIMIT_EXCEEDED",
    Stage.RULE,
    422,
    "This goes beyond the link's limit",
    "{available} left on the link.",
    transient=True,
    heading="{available} left on the link",
    ways=("pay {available} now", "wait until the link is cleared", "ask a steward to raise it"),
)
LINK_HOLDS_EXCEEDED = Reason(
    "LINK_HOLDS_EXCEEDED",
    Stage.RULE,
    422,
    "Too many payments wait on this link; try again later",
    "As many payments as the link allows have not been confirmed yet. Nothing was paid.",
    transient=True,
    heading="Too many payments wait on the link",
    ways=("try again later",),
)
LINK_IN_USE = Reason(
    "LINK_IN_USE",
    Stage.RULE,
    422,
    "The link is in use",
    "{used} of the link is in use.",
    heading="{used} of it is in use",
    ways=("settle what is owed first",),
)
GRANT_UNSIGNED = Reason(
    "GRANT_UNSIGNED",
    Stage.RULE,
    422,
    "Cold keys have to sign a grant as great as this",
    "With this {granted} would be granted on the link in all; cold keys have to sign what is beyond {limit}.",
    heading="Cold keys have to sign it",
    ways=("sign it with cold keys: mutirao sign", "grant at most {limit} in all"),
)

LINK_REFUSALS = (
    LINK_UNKNOWN,
    LINK_AMBIGUOUS,
    LINK_NOT_OPEN,
    LINK_FROZEN,
    LINK_LIMIT_EXCEEDED,
    LINK_HOLDS_EXCEEDED,
    LINK_IN_USE,
    GRANT_UNSIGNED,
)
