# SPDX-License-Identifier: AGPL-3.0-or-later
"""The reasons that the book itself or practices of several wings give to refuse, in the order of their stages.

A practice declares in its own room what it alone refuses. Where several reasons hold at once, one of the
earliest stage is told, so that every node and every client library answers alike. Codes are stable: clients
branch on them.
"""

# What a reason is made of is at hand where reasons are.
from protocol.book.reason import REASON_CODE_CHARS_MAX as REASON_CODE_CHARS_MAX  # noqa: PLC0414
from protocol.book.reason import Figure as Figure  # noqa: PLC0414
from protocol.book.reason import Reason as Reason  # noqa: PLC0414
from protocol.book.reason import ReasonCode as ReasonCode  # noqa: PLC0414
from protocol.book.reason import Refused as Refused  # noqa: PLC0414
from protocol.book.reason import Stage as Stage  # noqa: PLC0414
from protocol.book.reason import by_code as by_code  # noqa: PLC0414
from protocol.book.reason import foremost as foremost  # noqa: PLC0414
from protocol.book.reason import refuse as refuse  # noqa: PLC0414

# Whether the node takes wishes now.

RECOVERING = Reason(
    "RECOVERING",
    Stage.DOOR,
    503,
    "The node is recovering and writes nothing yet; try again soon",
    "It compares its books with what others hold of them, and writes nothing until then. Nothing was done.",
    transient=True,
    heading="The node is recovering",
    ways=("try again soon", "it waits for {waits_for}", "stewards: {to_do}"),
)
BEHIND = Reason(
    "BEHIND",
    Stage.DOOR,
    503,
    "The node's books stand still before an entry that it does not know; its steward has to upgrade it",
    "Its books stand still before an entry that it does not know. Nothing was done.",
    heading="The node needs an upgrade",
    ways=("ask a steward to upgrade the node", "stewards: {to_do}"),
)
SUCCEEDED = Reason(
    "SUCCEEDED",
    Stage.DOOR,
    503,
    "Another node signs for this network now; ask the steward for its address",
    "This one signs nothing any more. Nothing was done.",
    heading="Another node serves this network now",
    ways=("ask a steward for the address of the other node", "stewards: {to_do}"),
)
READ_ONLY = Reason(
    "READ_ONLY",
    Stage.DOOR,
    503,
    "The node only reads at present",
    "This node holds a copy, and writes nothing. Nothing was done.",
    heading="Only reading is possible here",
    ways=("ask the network's home node",),
)
OVERLOADED = Reason(
    "OVERLOADED",
    Stage.DOOR,
    503,
    "The node is too busy; nothing was done, try again soon",
    "Too many wishes wait already. Nothing was done.",
    transient=True,
    heading="The node is too busy",
    ways=("try again soon",),
)

# Whether the wish can be read.

MALFORMED = Reason(
    "MALFORMED",
    Stage.FORM,
    400,
    "The request cannot be read",
    "{field}: expected {expected}.",
    heading="{field} cannot be read",
    ways=("correct {field} and send it again",),
)
TEXT_NOT_NFC = Reason(
    "TEXT_NOT_NFC",
    Stage.FORM,
    400,
    "A text is not in Unicode normal form C",
    "{field}: the text is not in Unicode normal form C.",
    heading="{field} is written in another form",
    ways=("write {field} in Unicode normal form C",),
)
AMOUNT_MALFORMED = Reason(
    "AMOUNT_MALFORMED",
    Stage.FORM,
    400,
    "An amount cannot be read",
    "{field}: expected {expected}.",
    heading="{field} is not an amount",
    ways=("write it with a point, as 12.50 or 12.50 HORA",),
)
AMOUNT_NOT_POSITIVE = Reason(
    "AMOUNT_NOT_POSITIVE",
    Stage.FORM,
    400,
    "The amount must be more than zero",
    "An amount of nothing moves nothing. Nothing was paid.",
    heading="More than zero, please",
    ways=("write an amount of more than zero",),
)
AMOUNT_TOO_LARGE = Reason(
    "AMOUNT_TOO_LARGE",
    Stage.FORM,
    400,
    "The amount is too large",
    "The amount is too large: {maximum} is the most.",
    heading="At most {maximum}",
    ways=("write a smaller amount",),
)
SCALE_EXCEEDED = Reason(
    "SCALE_EXCEEDED",
    Stage.FORM,
    400,
    "The amount has too many decimals",
    "The amount has too many decimals: {scale} are allowed.",
    heading="At most {scale} decimals",
    ways=("round the amount to {scale} decimals",),
)
KEY_UNACCEPTABLE = Reason(
    "KEY_UNACCEPTABLE",
    Stage.FORM,
    422,
    "This is not an acceptable Ed25519 public key",
    "It is not the public half of an Ed25519 key that can sign.",
    heading="This is not a key",
    ways=("make a key: mutirao keys",),
)

# Whether who asks may.

SIGNATURE_INVALID = Reason(
    "SIGNATURE_INVALID",
    Stage.AUTHORITY,
    403,
    "The signature is not by this key over these bytes",
    "It is not by this key over these bytes. Nothing was done.",
    heading="The signature does not fit",
    ways=("sign once more, with the key that you name",),
)
TOO_FEW_SIGNATURES = Reason(
    "TOO_FEW_SIGNATURES",
    Stage.AUTHORITY,
    403,
    "Too few cold keys have signed it",
    "{needed} cold keys have to sign, {signed} did.",
    heading="{needed} signatures needed, {signed} there",
    ways=("ask those who keep the other cold keys to sign",),
)
KEY_UNKNOWN = Reason(
    "KEY_UNKNOWN",
    Stage.AUTHORITY,
    403,
    "This key belongs to no member",
    "It was never a member's key, or is none any more. Nothing was done.",
    heading="This key belongs to no member",
    ways=("sign with another key of yours", "ask a steward, if you have lost it", "join with an invitation"),
)
FORBIDDEN = Reason(
    "FORBIDDEN",
    Stage.AUTHORITY,
    403,
    "Your role does not allow this",
    "Only {allowed} may do this.",
    heading="Not for you to do",
    ways=("ask who may: {allowed}",),
)
MOTION_NEEDED = Reason(
    "MOTION_NEEDED",
    Stage.AUTHORITY,
    403,
    "This is decided by a motion",
    "This is decided by a motion on which {electorate} vote.",
    heading="The group decides this",
    ways=("put it to the vote: mutirao motions create",),
)

# Whether what it speaks of is there and as it says.

NOT_FOUND = Reason(
    "NOT_FOUND",
    Stage.SUBJECT,
    404,
    "There is no such thing",
    "There is no such thing here, or it is not for you to see.",
    heading="It is not there",
    ways=("look at the list",),
)
CURRENCY_UNKNOWN = Reason(
    "CURRENCY_UNKNOWN",
    Stage.SUBJECT,
    404,
    "There is no such currency here",
    "There is no currency {currency} here.",
    heading="No currency {currency} here",
    ways=("see which there are: mutirao currencies list",),
)
MEMBER_UNKNOWN = Reason(
    "MEMBER_UNKNOWN",
    Stage.SUBJECT,
    404,
    "There is no such member here",
    "There is no member {member} here.",
    heading="Nobody here is called {member}",
    ways=("look for the name: mutirao members list",),
)
ACCOUNT_UNKNOWN = Reason(
    "ACCOUNT_UNKNOWN",
    Stage.SUBJECT,
    404,
    "There is no such account",
    "{member} has no such account.",
    heading="{member} has no such account",
    ways=("see the accounts of a member: mutirao members show",),
)
NETWORK_UNKNOWN = Reason(
    "NETWORK_UNKNOWN",
    Stage.SUBJECT,
    404,
    "This network is not known here",
    "The network {network} is not known here.",
    heading="{network} is not known here",
    ways=("see the networks known here: mutirao networks list", "ask a steward to connect it"),
)
PAYMENT_UNKNOWN = Reason(
    "PAYMENT_UNKNOWN",
    Stage.SUBJECT,
    404,
    "There is no such payment",
    "No payment has this id here, or it is not for you to see.",
    heading="There is no such payment",
    ways=("look at your payments: mutirao payments list",),
)
DUPLICATE = Reason(
    "DUPLICATE",
    Stage.SUBJECT,
    409,
    "This exists already",
    "The same was done before, and stands. Nothing was done twice.",
    heading="It is there already",
    ways=("look at what there is",),
)
STATE_CONFLICT = Reason(
    "STATE_CONFLICT",
    Stage.SUBJECT,
    409,
    "Its state does not allow this now",
    "It is {state}, which does not allow this.",
    heading="It is {state}",
    ways=("look at it again, then decide",),
)
WRONG_NETWORK = Reason(
    "WRONG_NETWORK",
    Stage.SUBJECT,
    422,
    "The order is for another network",
    "What was signed names another network than this one. Nothing was done.",
    heading="It is for another network",
    ways=("sign it for this network, or send it to the other",),
)
ORDER_REPLAYED = Reason(
    "ORDER_REPLAYED",
    Stage.SUBJECT,
    409,
    "This order has been carried out already",
    "This very order has been carried out already. It was not done twice.",
    heading="It was carried out before",
    ways=("look at what came of it", "sign a new one, under a number above {order_seq}"),
)
ORDER_STALE = Reason(
    "ORDER_STALE",
    Stage.SUBJECT,
    409,
    "A newer order by this key came first",
    "A newer order by this key came first: sign one above {order_seq}.",
    heading="Its number must be above {order_seq}",
    ways=("sign once more, under a number above {order_seq}",),
)
ORDER_AHEAD = Reason(
    "ORDER_AHEAD",
    Stage.SUBJECT,
    422,
    "The order's number runs far ahead",
    "The order's number runs far ahead, and would end the key: sign one above {order_seq}, of at most {maximum}.",
    heading="Its number must be at most {maximum}",
    ways=("sign once more, with a number of milliseconds",),
)
ORDER_EXPIRED = Reason(
    "ORDER_EXPIRED",
    Stage.SUBJECT,
    422,
    "The order has expired",
    "It counted until an hour that has passed. Nothing was done.",
    heading="It came too late",
    ways=("sign once more, with a later hour",),
)
ORDER_MISMATCH = Reason(
    "ORDER_MISMATCH",
    Stage.SUBJECT,
    422,
    "What was signed is not what is asked",
    "What was signed differs: {field}.",
    heading="{field} differs from what was signed",
    ways=("sign what is asked", "ask for what was signed"),
)

# Whether a rule of the group allows it.

MEMBER_NOT_ACTIVE = Reason(
    "MEMBER_NOT_ACTIVE",
    Stage.RULE,
    422,
    "The member is not active",
    "{member} is not active.",
    heading="{member} is not active now",
    ways=("ask a steward",),
)
CURRENCY_CLOSED = Reason(
    "CURRENCY_CLOSED",
    Stage.RULE,
    422,
    "The currency is closed",
    "The currency {currency} is closed.",
    heading="{currency} is closed",
    ways=("use another currency: mutirao currencies list",),
)
BALANCE_OPEN = Reason(
    "BALANCE_OPEN",
    Stage.RULE,
    422,
    "The balance is not settled",
    "The balance is {balance}, not settled.",
    heading="{balance} is not settled",
    ways=("settle the balance first", "to leave in debt, ask a steward"),
)
SAME_ACCOUNT = Reason(
    "SAME_ACCOUNT",
    Stage.RULE,
    422,
    "Payer and payee are the same account",
    "Payer and payee are one. Nothing was paid.",
    heading="This is the same account",
    ways=("name somebody else",),
)
CURRENCY_MISMATCH = Reason(
    "CURRENCY_MISMATCH",
    Stage.RULE,
    422,
    "The currencies do not match",
    "The account is in {currency}.",
    heading="The account is in {currency}",
    ways=("name the amount in {currency}",),
)
LIMIT_EXCEEDED = Reason(
    "LIMIT_EXCEEDED",
    Stage.RULE,
    422,
    "This goes beyond the account's limit",
    "{available} left: the account's limit is {limit}.",
    heading="{missing} missing",
    ways=("pay {available} now", "ask a steward for a higher limit", "sell something first"),
)
PAYEE_LIMIT_EXCEEDED = Reason(
    "PAYEE_LIMIT_EXCEEDED",
    Stage.RULE,
    422,
    "The payee's account cannot take so much",
    "The payee's account can take {available} more.",
    heading="The payee can take {available} more",
    ways=("pay {available} now", "ask the payee to spend first"),
)
PEER_UNREACHABLE = Reason(
    "PEER_UNREACHABLE",
    Stage.RULE,
    422,
    "The other network cannot be reached now; nothing was paid",
    "It cannot be reached now. Nothing was paid.",
    transient=True,
    heading="The other network does not answer",
    ways=("try again later",),
)

BOOK_REFUSALS = tuple(one for one in tuple(globals().values()) if isinstance(one, Reason))
"""All of these, as they are declared."""
