# SPDX-License-Identifier: AGPL-3.0-or-later
"""What loans alone refuse."""

from protocol.book.refusals import Reason, Stage

PORTFOLIO_AT_RISK = Reason(
    "PORTFOLIO_AT_RISK",
    Stage.RULE,
    422,
    "Too much of what the fund has lent is at risk",
    "{par} of what the fund has lent is over 30 days late or was rescheduled; above {par_max} it lends nothing new."
    " Nothing was done.",
    heading="{par} at risk, {par_max} at most",
    ways=(
        "see whose loans are late: mutirao loans list --late",
        "repay what is late: mutirao loans repay",
        "change loans.par30_max by a vote",
    ),
)
LOAN_ABOVE_SAVINGS = Reason(
    "LOAN_ABOVE_SAVINGS",
    Stage.RULE,
    422,
    "The loan is more than savings allow",
    "The fund lends up to {times} times what a member has saved there: {available} now. Nothing was done.",
    heading="At most {available} now",
    ways=("ask for {available}", "save more first: mutirao funds pay --part savings"),
)
VOUCHERS_MISSING = Reason(
    "VOUCHERS_MISSING",
    Stage.RULE,
    422,
    "Not as many are asked to vouch as have to",
    "{needed} members have to vouch for a loan of this fund, {named} were named. Nothing was done.",
    heading="{needed} must vouch, {named} named",
    ways=("name {needed} members whom you ask: --vouchers", "ask neighbours first"),
)
RATE_ABOVE_MAX = Reason(
    "RATE_ABOVE_MAX",
    Stage.RULE,
    422,
    "The rate is higher than the group allows",
    "The group allows {rate_max} a month, {rate} was asked for. Nothing was done.",
    heading="At most {rate_max} a month",
    ways=("ask for {rate_max} a month or less", "change loans.rate_max by a vote"),
)
REPAYMENT_ABOVE_REST = Reason(
    "REPAYMENT_ABOVE_REST",
    Stage.RULE,
    422,
    "This is more than is left to repay",
    "{available} is all that is left, with its interest and fees. Nothing was paid.",
    heading="{available} is left",
    ways=("repay {available}", "look at the loan: mutirao loans show"),
)
LOAN_REFUSALS = (PORTFOLIO_AT_RISK, LOAN_ABOVE_SAVINGS, VOUCHERS_MISSING, RATE_ABOVE_MAX, REPAYMENT_ABOVE_REST)
