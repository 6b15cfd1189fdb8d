# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why what is asked of a guaranteed currency may be refused."""

from protocol.book.refusals import Reason, Stage

RATIO_ABOVE_RESERVE = Reason(
    "RATIO_ABOVE_RESERVE",
    Stage.RULE,
    422,
    "More would be issued than the reserve can redeem",
    "{num} would be issued for each {den} of state money: then not all of it could be redeemed. Nothing was decided.",
    heading="At most 1 for 1",
    ways=("take a ratio of at most 1:1",),
)
CREDIT_NOT_BACKED = Reason(
    "CREDIT_NOT_BACKED",
    Stage.RULE,
    422,
    "Nobody owes in a guaranteed currency",
    "{currency} is guaranteed: all of it comes from its reserve, and no account goes below zero. Nothing was changed.",
    heading="No credit in {currency}",
    ways=("take a credit limit of 0", "owe in a currency of mutual credit: mutirao currencies list"),
)
RIGHTS_EXHAUSTED = Reason(
    "RIGHTS_EXHAUSTED",
    Stage.RULE,
    422,
    "More than the rights that are left here",
    "{wished} is more than the rights that are left here: {available}. Nothing was issued or taken out.",
    heading="{available} left",
    ways=(
        "ask for {available} now",
        "have a deposit attested: mutirao reserve-moves create",
        "bring rights back that a kiosk holds: mutirao kiosks list",
    ),
)
RESERVE_SHORT = Reason(
    "RESERVE_SHORT",
    Stage.RULE,
    422,
    "There is not so much state money there",
    "{wished} is more than the {available} that is there. Nothing was moved.",
    heading="{available} is there",
    ways=("move {available} now", "empty a till into the bank first", "look at the reserve: mutirao reserves show"),
)
REDEMPTION_OVERDUE = Reason(
    "REDEMPTION_OVERDUE",
    Stage.RULE,
    422,
    "Somebody waits longer for state money than was promised",
    "{hours} hours were promised, and {covered} is not paid yet. Until it is, nothing more of {currency} is issued.",
    heading="{covered} is overdue",
    ways=("fill the till: mutirao reserves fill-till", "see who waits: mutirao redemptions list"),
)
NOT_CUSTODIAN = Reason(
    "NOT_CUSTODIAN",
    Stage.AUTHORITY,
    403,
    "Only custodians of the reserve attest to it",
    "The custodians of {currency} attest to its reserve; this member is none of them. Nothing was counted.",
    heading="Custodians attest to the reserve",
    ways=("see who they are: mutirao reserves show {currency}",),
)
ATTESTED_TWICE = Reason(
    "ATTESTED_TWICE",
    Stage.SUBJECT,
    409,
    "This custodian has attested to it",
    "Each custodian counts once. Nothing was counted twice.",
    heading="You have attested to it",
    ways=("ask another custodian",),
)

RESERVE_REFUSALS = (
    RATIO_ABOVE_RESERVE,
    CREDIT_NOT_BACKED,
    RIGHTS_EXHAUSTED,
    RESERVE_SHORT,
    REDEMPTION_OVERDUE,
    NOT_CUSTODIAN,
    ATTESTED_TWICE,
)
