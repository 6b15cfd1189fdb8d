# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a refusal is, and the reasons that the book itself or practices of several wings give.

A practice declares in its own room what it alone refuses. Where several reasons hold at once, one of the
earliest stage is told, so that every node and every client library answers alike. Codes are stable: clients
branch on them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Annotated

from protocol.wire.shape import AtMost

REASON_CODE_CHARS_MAX = 40

ReasonCode = Annotated[str, AtMost(REASON_CODE_CHARS_MAX)]
"""A reason as it stands on the wire and in storage: its code, which may be one that only a partner knows."""


class Stage(IntEnum):
    """How far a wish has come when it is refused; of two reasons the one of the earlier stage is told."""

    DOOR = 0
    """The node takes no wish now, or none from there: the wish itself has not been looked at."""
    FORM = 1
    """The wish cannot be read."""
    AUTHORITY = 2
    """Who asks may not, or has not signed it so that it counts."""
    SUBJECT = 3
    """What it speaks of is not there, or not as it says: an order, too, that was carried out or is too late."""
    RULE = 4
    """A rule of the group, or the way to another network, refuses it."""


@dataclass(frozen=True, slots=True, eq=False)
class Reason:
    """A reason to refuse, and how it is told.

    `status` is HTTP's. `title` always holds; `sentence` is used where the refusal brings every figure that it
    names. `transient` is what passes by itself, so that the same wish may be granted later.
    """

    code: str
    stage: Stage
    status: int
    title: str
    sentence: str = ""
    transient: bool = False

    def __str__(self) -> str:
        return self.code

    def __repr__(self) -> str:
        return self.code


# Whether the node takes wishes now.

RECOVERING = Reason(
    "RECOVERING", Stage.DOOR, 503, "The node is recovering and writes nothing yet; try again soon", transient=True
)
BEHIND = Reason(
    "BEHIND",
    Stage.DOOR,
    503,
    "The node's books stand still before an entry that it does not know; its steward has to upgrade it",
)
SUCCEEDED = Reason(
    "SUCCEEDED", Stage.DOOR, 503, "Another node signs for this network now; ask the steward for its address"
)
READ_ONLY = Reason("READ_ONLY", Stage.DOOR, 503, "The node only reads at present")
OVERLOADED = Reason(
    "OVERLOADED", Stage.DOOR, 503, "The node is too busy; nothing was done, try again soon", transient=True
)

# Whether the wish can be read.

MALFORMED = Reason("MALFORMED", Stage.FORM, 400, "The request cannot be read", "{field}: expected {expected}.")
TEXT_NOT_NFC = Reason(
    "TEXT_NOT_NFC",
    Stage.FORM,
    400,
    "A text is not in Unicode normal form C",
    "{field}: the text is not in Unicode normal form C.",
)
AMOUNT_MALFORMED = Reason(
    "AMOUNT_MALFORMED", Stage.FORM, 400, "An amount cannot be read", "{field}: expected {expected}."
)
AMOUNT_NOT_POSITIVE = Reason("AMOUNT_NOT_POSITIVE", Stage.FORM, 400, "The amount must be more than zero")
AMOUNT_TOO_LARGE = Reason(
    "AMOUNT_TOO_LARGE", Stage.FORM, 400, "The amount is too large", "The amount is too large: {maximum} is the most."
)
SCALE_EXCEEDED = Reason(
    "SCALE_EXCEEDED",
    Stage.FORM,
    400,
    "The amount has too many decimals",
    "The amount has too many decimals: {scale} are allowed.",
)
KEY_UNACCEPTABLE = Reason("KEY_UNACCEPTABLE", Stage.FORM, 422, "This is not an acceptable Ed25519 public key")

# Whether who asks may.

SIGNATURE_INVALID = Reason(
    "SIGNATURE_INVALID", Stage.AUTHORITY, 403, "The signature is not by this key over these bytes"
)
TOO_FEW_SIGNATURES = Reason(
    "TOO_FEW_SIGNATURES",
    Stage.AUTHORITY,
    403,
    "Too few cold keys have signed it",
    "{needed} cold keys have to sign, {signed} did.",
)
KEY_UNKNOWN = Reason("KEY_UNKNOWN", Stage.AUTHORITY, 403, "This key belongs to no member")
FORBIDDEN = Reason("FORBIDDEN", Stage.AUTHORITY, 403, "Your role does not allow this", "Only {allowed} may do this.")
MOTION_NEEDED = Reason(
    "MOTION_NEEDED",
    Stage.AUTHORITY,
    403,
    "This is decided by a motion",
    "This is decided by a motion on which {electorate} vote.",
)

# Whether what it speaks of is there and as it says.

NOT_FOUND = Reason("NOT_FOUND", Stage.SUBJECT, 404, "There is no such thing")
CURRENCY_UNKNOWN = Reason(
    "CURRENCY_UNKNOWN", Stage.SUBJECT, 404, "There is no such currency here", "There is no currency {currency} here."
)
MEMBER_UNKNOWN = Reason(
    "MEMBER_UNKNOWN", Stage.SUBJECT, 404, "There is no such member here", "There is no member {member} here."
)
ACCOUNT_UNKNOWN = Reason(
    "ACCOUNT_UNKNOWN", Stage.SUBJECT, 404, "There is no such account", "{member} has no such account."
)
NETWORK_UNKNOWN = Reason(
    "NETWORK_UNKNOWN", Stage.SUBJECT, 404, "This network is not known here", "The network {network} is not known here."
)
PAYMENT_UNKNOWN = Reason("PAYMENT_UNKNOWN", Stage.SUBJECT, 404, "There is no such payment")
DUPLICATE = Reason("DUPLICATE", Stage.SUBJECT, 409, "This exists already")
STATE_CONFLICT = Reason(
    "STATE_CONFLICT",
    Stage.SUBJECT,
    409,
    "Its state does not allow this now",
    "It is {state}, which does not allow this.",
)
WRONG_NETWORK = Reason("WRONG_NETWORK", Stage.SUBJECT, 422, "The order is for another network")
ORDER_REPLAYED = Reason("ORDER_REPLAYED", Stage.SUBJECT, 409, "This order has been carried out already")
ORDER_STALE = Reason(
    "ORDER_STALE",
    Stage.SUBJECT,
    409,
    "A newer order by this key came first",
    "A newer order by this key came first: sign one above {order_seq}.",
)
ORDER_AHEAD = Reason(
    "ORDER_AHEAD",
    Stage.SUBJECT,
    422,
    "The order's number runs far ahead",
    "The order's number runs far ahead, and would end the key: sign one above {order_seq}, of at most {maximum}.",
)
ORDER_EXPIRED = Reason("ORDER_EXPIRED", Stage.SUBJECT, 422, "The order has expired")
ORDER_MISMATCH = Reason(
    "ORDER_MISMATCH", Stage.SUBJECT, 422, "What was signed is not what is asked", "What was signed differs: {field}."
)

# Whether a rule of the group allows it.

MEMBER_NOT_ACTIVE = Reason("MEMBER_NOT_ACTIVE", Stage.RULE, 422, "The member is not active", "{member} is not active.")
CURRENCY_CLOSED = Reason(
    "CURRENCY_CLOSED", Stage.RULE, 422, "The currency is closed", "The currency {currency} is closed."
)
SAME_ACCOUNT = Reason("SAME_ACCOUNT", Stage.RULE, 422, "Payer and payee are the same account")
CURRENCY_MISMATCH = Reason(
    "CURRENCY_MISMATCH", Stage.RULE, 422, "The currencies do not match", "The account is in {currency}."
)
LIMIT_EXCEEDED = Reason(
    "LIMIT_EXCEEDED",
    Stage.RULE,
    422,
    "This goes beyond the account's limit",
    "{available} left: the account's limit is {limit}.",
)
PAYEE_LIMIT_EXCEEDED = Reason(
    "PAYEE_LIMIT_EXCEEDED",
    Stage.RULE,
    422,
    "The payee's account cannot take so much",
    "The payee's account can take {available} more.",
)
PEER_UNREACHABLE = Reason(
    "PEER_UNREACHABLE", Stage.RULE, 422, "The other network cannot be reached now; nothing was paid", transient=True
)

BOOK_REFUSALS = (
    RECOVERING,
    BEHIND,
    SUCCEEDED,
    READ_ONLY,
    OVERLOADED,
    MALFORMED,
    TEXT_NOT_NFC,
    AMOUNT_MALFORMED,
    AMOUNT_NOT_POSITIVE,
    AMOUNT_TOO_LARGE,
    SCALE_EXCEEDED,
    KEY_UNACCEPTABLE,
    SIGNATURE_INVALID,
    TOO_FEW_SIGNATURES,
    KEY_UNKNOWN,
    FORBIDDEN,
    MOTION_NEEDED,
    NOT_FOUND,
    CURRENCY_UNKNOWN,
    MEMBER_UNKNOWN,
    ACCOUNT_UNKNOWN,
    NETWORK_UNKNOWN,
    PAYMENT_UNKNOWN,
    DUPLICATE,
    STATE_CONFLICT,
    WRONG_NETWORK,
    ORDER_REPLAYED,
    ORDER_STALE,
    ORDER_AHEAD,
    ORDER_EXPIRED,
    ORDER_MISMATCH,
    MEMBER_NOT_ACTIVE,
    CURRENCY_CLOSED,
    SAME_ACCOUNT,
    CURRENCY_MISMATCH,
    LIMIT_EXCEEDED,
    PAYEE_LIMIT_EXCEEDED,
    PEER_UNREACHABLE,
)
"""What the book itself refuses, and what practices of several wings do."""


Figure = int | str
"""A number in minor units, or a word, that explains a refusal."""


def _no_figures() -> Mapping[str, Figure]:
    return {}


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal: the reason and the figures that explain it (amounts in minor units)."""

    reason: Reason
    figures: Mapping[str, Figure] = field(default_factory=_no_figures)


def refuse(reason: Reason, **figures: Figure) -> Refused:
    """Return the refusal for a reason with its figures."""
    return Refused(reason, figures)


def foremost(*refusals: Refused | None) -> Refused | None:
    """Return the first refusal of the earliest stage, None where nothing refuses."""
    found = [refused for refused in refusals if refused is not None]
    return min(found, key=lambda refused: refused.reason.stage) if found else None


def by_code(reasons: Iterable[Reason]) -> Mapping[str, Reason]:
    """Return reasons by their codes; no two may share one."""
    found: dict[str, Reason] = {}
    for reason in reasons:
        assert reason.code not in found, f"{reason.code} is declared twice"
        found[reason.code] = reason
    return found
