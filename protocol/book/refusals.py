# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every reason for which a member's wish is refused, in order of precedence.

Where several reasons hold at once, the one that stands first is given, so that every node and every
client library answers alike. The names are stable: clients branch on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto


class Rejection(StrEnum):
    """A stable reason code; its text is its own name."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        del start, count, last_values
        return name

    # The wish cannot be read.
    MALFORMED = auto()
    TEXT_NOT_NFC = auto()
    AMOUNT_MALFORMED = auto()
    AMOUNT_NOT_POSITIVE = auto()
    AMOUNT_TOO_LARGE = auto()
    SCALE_EXCEEDED = auto()
    CURSOR_UNKNOWN = auto()

    # The node cannot take it now.
    RECOVERING = auto()
    BEHIND = auto()
    SUCCEEDED = auto()
    READ_ONLY = auto()
    STORAGE_FAILED = auto()
    OVERLOADED = auto()

    # Who you are, what you may.
    UNAUTHENTICATED = auto()
    CHALLENGE_UNKNOWN = auto()
    KEY_UNACCEPTABLE = auto()
    SIGNATURE_INVALID = auto()
    TOO_FEW_SIGNATURES = auto()
    KEY_UNKNOWN = auto()
    FORBIDDEN = auto()
    SCOPE_MISSING = auto()
    NOT_GUARDIAN = auto()
    MOTION_NEEDED = auto()
    RECUSED = auto()

    # What you speak of is not there.
    NOT_FOUND = auto()
    CURRENCY_UNKNOWN = auto()
    MEMBER_UNKNOWN = auto()
    ACCOUNT_UNKNOWN = auto()
    NETWORK_UNKNOWN = auto()
    HANDLE_AMBIGUOUS = auto()
    FEDERATION_UNKNOWN = auto()
    LINK_UNKNOWN = auto()
    PAYMENT_UNKNOWN = auto()
    QUOTE_UNKNOWN = auto()
    INVITATION_UNKNOWN = auto()
    MANDATE_UNKNOWN = auto()
    MOTION_UNKNOWN = auto()

    # It stands against what is already there.
    DUPLICATE = auto()
    INVITATION_USED = auto()
    INVITATION_WITHDRAWN = auto()
    INVITATION_EXPIRED = auto()
    HANDLE_TAKEN = auto()
    KEY_TAKEN = auto()
    PAYMENT_EXISTS = auto()
    STATE_CONFLICT = auto()
    RECOVERY_VOID = auto()
    PRECONDITION_FAILED = auto()
    IDEMPOTENCY_IN_FLIGHT = auto()
    IDEMPOTENCY_REUSED = auto()

    # The order itself.
    WRONG_NETWORK = auto()
    ORDER_REPLAYED = auto()
    ORDER_STALE = auto()
    ORDER_AHEAD = auto()
    ORDER_EXPIRED = auto()
    ORDER_MISMATCH = auto()

    # A rule of the group refuses it.
    MEMBER_NOT_ACTIVE = auto()
    CURRENCY_CLOSED = auto()
    SAME_ACCOUNT = auto()
    CURRENCY_MISMATCH = auto()
    BALANCE_OPEN = auto()
    LIMIT_EXCEEDED = auto()
    PAYEE_LIMIT_EXCEEDED = auto()
    KEY_CAP_EXCEEDED = auto()
    MANDATE_EXCEEDED = auto()
    CONSENT_EXCEEDED = auto()
    REQUEST_CLOSED = auto()
    MOTION_CLOSED = auto()
    SCHEDULE_LOCAL_ONLY = auto()

    # The way to another network refuses it.
    QUOTE_EXPIRED = auto()
    MAX_DEBIT_EXCEEDED = auto()
    ROUTE_INVALID = auto()
    NO_ROUTE = auto()
    PEER_UNREACHABLE = auto()
    LINK_NOT_OPEN = auto()
    LINK_FROZEN = auto()
    LINK_LIMIT_EXCEEDED = auto()
    LINK_HOLDS_EXCEEDED = auto()
    LINK_IN_USE = auto()
    GRANT_UNSIGNED = auto()
    PARTNER_REFUSED = auto()


Figure = int | str
"""A number in minor units, or a word, that explains a refusal."""


def _no_figures() -> Mapping[str, Figure]:
    return {}


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal: the reason and the figures that explain it (amounts in minor units)."""

    reason: Rejection
    figures: Mapping[str, Figure] = field(default_factory=_no_figures)


def refuse(reason: Rejection, **figures: Figure) -> Refused:
    """Return the refusal for a reason with its figures."""
    return Refused(reason, figures)


_PRECEDENCE = {reason: place for place, reason in enumerate(Rejection)}


def foremost(*refusals: Refused | None) -> Refused | None:
    """Return the refusal whose reason stands first, None where nothing refuses."""
    found = [refused for refused in refusals if refused is not None]
    return min(found, key=lambda refused: _PRECEDENCE[refused.reason]) if found else None
