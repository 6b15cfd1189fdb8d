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
LINK_PAYMENT_TOO_LARGE = Reason(
    "LINK_PAYMENT_TOO_LARGE",
    Stage.RULE,
    422,
    "One payment over this link may not be as large",
    "At most {largest_payment} can go over the link in one payment: the rest is kept for others. Nothing was paid.",
    heading="At most {largest_payment} in one payment",
    ways=(
        "pay {largest_payment} now",
        "see what can be sent there: mutirao pay --most PAYEE",
        "stewards: mutirao links cap LINK --holds-percent 100",
    ),
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
RATE_LEAPS = Reason(
    "RATE_LEAPS",
    Stage.RULE,
    422,
    "The rate would move by more than a tenth; say once more that it is meant",
    "It was {before} and would be {after}, which moves it by more than a tenth. Nothing was changed.",
    heading="From {before} to {after}?",
    ways=("if it is meant, say it once more: sure in JSON, --yes in the command", "correct the rate"),
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
GUARANTEED_UNLENT = Reason(
    "GUARANTEED_UNLENT",
    Stage.RULE,
    422,
    "A guaranteed currency is not lent to another network",
    "{currency} is guaranteed: its network grants no credit in it, and one unit of the link is one of it. Nothing was"
    " changed.",
    heading="No credit in {currency}, 1 for 1",
    ways=("take a limit of 0 and a rate of 1", "let the partner grant as much as it accepts of the currency"),
)

LINK_REFUSALS = (
    LINK_UNKNOWN,
    LINK_AMBIGUOUS,
    LINK_NOT_OPEN,
    LINK_FROZEN,
    LINK_LIMIT_EXCEEDED,
    LINK_PAYMENT_TOO_LARGE,
    LINK_HOLDS_EXCEEDED,
    LINK_IN_USE,
    RATE_LEAPS,
    GRANT_UNSIGNED,
    GUARANTEED_UNLENT,
)
