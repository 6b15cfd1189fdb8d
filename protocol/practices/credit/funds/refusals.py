# SPDX-License-Identifier: AGPL-3.0-or-later
"""What funds alone refuse."""

from protocol.book.refusals import Reason, Stage

FUND_SHORT = Reason(
    "FUND_SHORT",
    Stage.RULE,
    422,
    "The fund holds less",
    "{fund} holds {available} now. Nothing was moved.",
    heading="{missing} missing in the fund",
    ways=("take {available} now", "wait until loans are repaid", "pay into it: mutirao funds pay"),
)
SAVINGS_SHORT = Reason(
    "SAVINGS_SHORT",
    Stage.RULE,
    422,
    "The member has less of its own there",
    "{available} can be taken out, {pledged} stands for a loan. Nothing was moved.",
    heading="{available} can be taken out",
    ways=("take {available} now", "repay the loan first: mutirao loans repay"),
)
FUND_REFUSALS = (FUND_SHORT, SAVINGS_SHORT)
