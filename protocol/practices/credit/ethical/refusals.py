# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why an ethical bank does not do what is asked; amounts are minor units of the fund's currency."""

from protocol.book.refusals import Reason, Stage

LIQUIDITY_FLOOR = Reason(
    "LIQUIDITY_FLOOR",
    Stage.RULE,
    422,
    "The bank keeps so much of what is saved with it",
    "{available} can be lent: {floor} of what is saved has to stay, so that savers get back what they ask for."
    " Nothing was lent.",
    heading="{missing} too much for the floor of {floor}",
    ways=("lend {available} now", "wait for what is to be repaid", "let the group change ethical.liquidity_floor"),
)
NOT_AN_ORGANISATION = Reason(
    "NOT_AN_ORGANISATION",
    Stage.RULE,
    422,
    "A person's loan is never published",
    "The loan is for consumption, as a person's is. Nothing was published.",
    heading="Persons are never published",
    ways=("publish loans of enterprises, for production", "show it to its borrower: mutirao loans show"),
)
NOTICE_NEEDED = Reason(
    "NOTICE_NEEDED",
    Stage.RULE,
    422,
    "Withdrawals from this bank need notice",
    "{available} can be withdrawn now; more needs notice of {days} days. Nothing was withdrawn.",
    heading="Notice of {days} days is needed",
    ways=("withdraw {available} now", "give notice: mutirao ethical-banks notice", "wait until the notice is over"),
)

ETHICAL_REFUSALS = (LIQUIDITY_FLOOR, NOT_AN_ORGANISATION, NOTICE_NEEDED)
