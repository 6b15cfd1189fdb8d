# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why an order cycle does not do what is asked; amounts are minor units, shown in the cycle's currency."""

from protocol.book.refusals import Reason, Stage

ITEM_UNKNOWN = Reason(
    "ITEM_UNKNOWN",
    Stage.SUBJECT,
    422,
    "The cycle has no such item",
    "It has {items} items, and none of number {item}. Nothing was ordered.",
    heading="There is no item {item}",
    ways=("see its items: mutirao order-cycles show", "name each item once, from 1 to {items}"),
)
PORTIONS_SHORT = Reason(
    "PORTIONS_SHORT",
    Stage.RULE,
    422,
    "There are fewer portions",
    "{member} has {available} portions of item {item} here. Nothing was done.",
    heading="{available} portions, not {asked}",
    ways=("name {available} at most", "see what falls to whom: mutirao order-cycles show"),
)
COST_ABOVE_ORDER = Reason(
    "COST_ABOVE_ORDER",
    Stage.RULE,
    422,
    "The bill is higher than members have agreed to",
    "For {what} at most {maximum} may be asked, as was told when the cycle was opened. Nothing was booked.",
    heading="At most {maximum} for {what}",
    ways=("ask who supplies it to correct the bill", "cancel the cycle: what is held goes back"),
)
BALANCE_DUE = Reason(
    "BALANCE_DUE",
    Stage.RULE,
    422,
    "A member's account cannot bear what is due",
    "{member} has {due} to pay beyond what is held, and its account bears {available}. Nothing was settled.",
    heading="{missing} missing of {member}",
    ways=("let {member} earn or be lent {missing} first", "ask a steward for a higher limit"),
)
NOT_COLLECTED = Reason(
    "NOT_COLLECTED",
    Stage.RULE,
    422,
    "Not all have collected what is theirs",
    "{count} members have not collected yet, {member} among them. Nothing was settled.",
    heading="{count} have not collected yet",
    ways=("say who has: mutirao order-cycles collect", "wait until the days of collecting are over"),
)

PURCHASE_REFUSALS = (ITEM_UNKNOWN, PORTIONS_SHORT, COST_ABOVE_ORDER, BALANCE_DUE, NOT_COLLECTED)
