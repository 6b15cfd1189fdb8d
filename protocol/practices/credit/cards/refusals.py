# SPDX-License-Identifier: AGPL-3.0-or-later
"""What practices of cards alone refuse: at a terminal without a node, and where its log reaches the node."""

from protocol.book.refusals import Reason, Stage

CERTIFICATE_INVALID = Reason(
    "CERTIFICATE_INVALID",
    Stage.AUTHORITY,
    422,
    "The card's certificate is not this network's",
    "The network's key has not signed what the card says of itself. Nothing was paid.",
    heading="This card is not of this network",
    ways=("get a fresh certificate: mutirao cards show CARD", "ask who issued the card"),
)
CARD_COUNTER = Reason(
    "CARD_COUNTER",
    Stage.SUBJECT,
    409,
    "The card's counter must grow",
    "The card says {counter}, and this terminal has seen {newest} of it. Nothing was paid.",
    heading="The counter must be above {newest}",
    ways=("sign a new payment with the card", "report the card if somebody else may have a copy: cards freeze"),
)
CARD_ELSEWHERE = Reason(
    "CARD_ELSEWHERE",
    Stage.SUBJECT,
    422,
    "The card's payment is for another terminal or merchant",
    "The card signed a payment whose {field} is another. Nothing was paid.",
    heading="It is for another {field}",
    ways=("sign a payment for this terminal", "take it to the terminal that it names"),
)
TERMINAL_LOG_BROKEN = Reason(
    "TERMINAL_LOG_BROKEN",
    Stage.SUBJECT,
    409,
    "The terminal's log does not go on from what is known of it",
    "Record {seq} does not follow on the {known} that the node has of this terminal. Nothing was settled.",
    heading="The node has {known} of its records",
    ways=("send the log from record {known} on", "retire the terminal and register another"),
)
RECORD_MISDATED = Reason(
    "RECORD_MISDATED",
    Stage.RULE,
    422,
    "A record is dated before the one before it, or ahead of now",
    "Record {seq} bears a date that cannot be: before the last record, or ahead of now. Nothing was settled.",
    heading="Record {seq} bears an impossible date",
    ways=("set the terminal's clock right", "retire the terminal and register another"),
)
CARD_DAILY_CAP = Reason(
    "CARD_DAILY_CAP",
    Stage.RULE,
    422,
    "This goes beyond what the card pays in a day without a node",
    "{missing} in all today, and the card pays {limit} a day without a node. Nothing was paid.",
    heading="{missing} > {limit} a day",
    ways=("pay {available} with the card today", "pay the rest by a payment over the node", "come back tomorrow"),
)
CARD_PAYMENT_CAP = Reason(
    "CARD_PAYMENT_CAP",
    Stage.RULE,
    422,
    "This goes beyond what the card pays at once",
    "The card pays at most {available} at once. Nothing was paid.",
    heading="At most {available} at once",
    ways=("pay {available} with the card", "pay the rest by a payment over the node"),
)
CARD_PURSE_MAX = Reason(
    "CARD_PURSE_MAX",
    Stage.RULE,
    422,
    "A card's purse holds no more",
    "The purse holds {balance} of at most {limit}. Nothing was loaded.",
    heading="The purse takes {available} more",
    ways=("load {available}", "let the group decide on another cap: parameters set cards.purse_max"),
)
CARD_PURSE_SHORT = Reason(
    "CARD_PURSE_SHORT",
    Stage.RULE,
    422,
    "The purse holds less",
    "The purse holds {available}. Nothing was unloaded.",
    heading="{available} in the purse",
    ways=("unload {available}", "look at the card: mutirao cards show CARD"),
)
CARD_FROZEN = Reason(
    "CARD_FROZEN",
    Stage.RULE,
    422,
    "The card is frozen, or ended",
    "The card is {state} ({why}), and pays nothing. Nothing was done.",
    heading="This card is {state}",
    ways=("ask its holder", "its holder or a steward renews it: mutirao cards renew CARD"),
)
CARD_EXPIRED = Reason(
    "CARD_EXPIRED",
    Stage.RULE,
    422,
    "The card's certificate has expired",
    "The certificate is past its date. Nothing was paid.",
    heading="The card has expired",
    ways=("renew it: mutirao cards renew CARD", "pay by a payment over the node"),
)
CARD_UNSEEN = Reason(
    "CARD_UNSEEN",
    Stage.RULE,
    422,
    "The network has not seen the card for too long",
    "The network has not seen the card for more than {days} days. Nothing was paid.",
    heading="Not seen for more than {days} days",
    ways=("renew it where there is a node: mutirao cards renew CARD", "pay by a payment over the node"),
)
TERMINAL_STALE = Reason(
    "TERMINAL_STALE",
    Stage.RULE,
    422,
    "The terminal has not met its network for too long",
    "The terminal has not met its network for more than {days} days. Nothing was paid.",
    heading="Not in touch for more than {days} days",
    ways=("sync it: mutirao terminal sync FILE", "take the payment over the node"),
)
CARDS_OPEN = Reason(
    "CARDS_OPEN",
    Stage.RULE,
    422,
    "The member still has cards or terminals",
    "{member} has {cards} cards and {terminals} terminals. Nothing was done.",
    heading="{cards} cards, {terminals} terminals left",
    ways=("end its cards: mutirao cards end CARD", "retire its terminals: mutirao terminals retire TERMINAL"),
)

CARD_REFUSALS = tuple(one for one in tuple(globals().values()) if isinstance(one, Reason))
"""All of these, as they are declared."""
