# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every refusal as a client sees it: status, title, a sentence a member understands (RFC 9457)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto

from protocol.book.money import decimal
from protocol.book.refusals import Figure, Refused, Rejection

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER = "5"
"""Seconds after which a busy or recovering node is worth asking again."""

ScaleOf = Callable[[str], int | None]
"""Tells the scale of a currency by its code, None where the node does not know it."""


class Fault(StrEnum):
    """What can be wrong with a request before anybody asks what it wishes; its text is its own name."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        del start, count, last_values
        return name

    PATH_UNKNOWN = auto()
    METHOD_NOT_ALLOWED = auto()
    BODY_TOO_LARGE = auto()
    CONTENT_TYPE_UNSUPPORTED = auto()
    RATE_LIMITED = auto()
    INTERNAL = auto()
    NOT_READY = auto()


@dataclass(frozen=True, slots=True)
class Explained:
    """How one reason is told: its status, a title that always holds, and a sentence with figures.

    The sentence is used only where the refusal brings every figure that it names.
    """

    status: int
    title: str
    sentence: str = ""


FAULTS: Mapping[Fault, Explained] = {
    Fault.PATH_UNKNOWN: Explained(404, "There is nothing at this address"),
    Fault.METHOD_NOT_ALLOWED: Explained(405, "This address does not take this method", "This address takes {allowed}."),
    Fault.BODY_TOO_LARGE: Explained(413, "The body is too large", "A body may have at most {maximum} bytes."),
    Fault.CONTENT_TYPE_UNSUPPORTED: Explained(
        415, "The body must be JSON", "Send the body as {expected}, not compressed."
    ),
    Fault.RATE_LIMITED: Explained(429, "Too many attempts from this address", "Try again in {retry_after} seconds."),
    Fault.INTERNAL: Explained(500, "The node made a mistake; it is logged, and trying again with the same key is safe"),
    Fault.NOT_READY: Explained(503, "The node cannot take wishes now", "Not ready: {reasons}."),
}

REJECTIONS: Mapping[Rejection, Explained] = {
    Rejection.MALFORMED: Explained(400, "The request cannot be read", "{field}: expected {expected}."),
    Rejection.TEXT_NOT_NFC: Explained(
        400, "A text is not in Unicode normal form C", "{field}: the text is not in Unicode normal form C."
    ),
    Rejection.AMOUNT_MALFORMED: Explained(400, "An amount cannot be read", "{field}: expected {expected}."),
    Rejection.AMOUNT_NOT_POSITIVE: Explained(400, "The amount must be more than zero"),
    Rejection.AMOUNT_TOO_LARGE: Explained(
        400, "The amount is too large", "The amount is too large: {maximum} is the most."
    ),
    Rejection.SCALE_EXCEEDED: Explained(
        400, "The amount has too many decimals", "The amount has too many decimals: {scale} are allowed."
    ),
    Rejection.CURSOR_UNKNOWN: Explained(400, "This cursor was not given by this node"),
    Rejection.RECOVERING: Explained(503, "The node is recovering and writes nothing yet; try again soon"),
    Rejection.BEHIND: Explained(
        503, "The node's books stand still before an entry that it does not know; its steward has to upgrade it"
    ),
    Rejection.SUCCEEDED: Explained(503, "Another node signs for this network now; ask the steward for its address"),
    Rejection.READ_ONLY: Explained(503, "The node only reads at present"),
    Rejection.STORAGE_FAILED: Explained(503, "The node cannot write to its disk; nothing was done"),
    Rejection.OVERLOADED: Explained(503, "The node is too busy; nothing was done, try again soon"),
    Rejection.UNAUTHENTICATED: Explained(401, "This needs a valid token"),
    Rejection.CHALLENGE_UNKNOWN: Explained(401, "The challenge is unknown, used or too old; ask for another"),
    Rejection.SIGNATURE_INVALID: Explained(403, "The signature is not by this key over these bytes"),
    Rejection.TOO_FEW_SIGNATURES: Explained(
        403, "Too few cold keys have signed it", "{needed} cold keys have to sign, {signed} did."
    ),
    Rejection.KEY_UNACCEPTABLE: Explained(422, "This is not an acceptable Ed25519 public key"),
    Rejection.KEY_UNKNOWN: Explained(403, "This key belongs to no member"),
    Rejection.FORBIDDEN: Explained(403, "Your role does not allow this", "Only {allowed} may do this."),
    Rejection.SCOPE_MISSING: Explained(403, "The token does not allow this", "The token lacks the scope {scope}."),
    Rejection.NOT_GUARDIAN: Explained(403, "This network is not a guardian of that one"),
    Rejection.MOTION_NEEDED: Explained(
        403, "This is decided by a motion", "This is decided by a motion on which {electorate} vote."
    ),
    Rejection.RECUSED: Explained(403, "Whom a motion is about does not vote on it", "The motion is about {member}."),
    Rejection.NOT_FOUND: Explained(404, "There is no such thing"),
    Rejection.CURRENCY_UNKNOWN: Explained(
        404, "There is no such currency here", "There is no currency {currency} here."
    ),
    Rejection.MEMBER_UNKNOWN: Explained(404, "There is no such member here", "There is no member {member} here."),
    Rejection.ACCOUNT_UNKNOWN: Explained(404, "There is no such account", "{member} has no such account."),
    Rejection.NETWORK_UNKNOWN: Explained(
        404, "This network is not known here", "The network {network} is not known here."
    ),
    Rejection.HANDLE_AMBIGUOUS: Explained(
        409,
        "Several networks bear this handle; use the network's id",
        "Several networks bear this handle; use one of the ids {networks}.",
    ),
    Rejection.FEDERATION_UNKNOWN: Explained(404, "This federation is not known here"),
    Rejection.LINK_UNKNOWN: Explained(404, "There is no such link"),
    Rejection.PAYMENT_UNKNOWN: Explained(404, "There is no such payment"),
    Rejection.QUOTE_UNKNOWN: Explained(404, "There is no such quote"),
    Rejection.INVITATION_UNKNOWN: Explained(404, "There is no such invitation"),
    Rejection.MANDATE_UNKNOWN: Explained(404, "There is no such mandate"),
    Rejection.MOTION_UNKNOWN: Explained(404, "There is no such motion"),
    Rejection.DUPLICATE: Explained(409, "This exists already"),
    Rejection.INVITATION_USED: Explained(409, "Somebody has joined by this invitation already"),
    Rejection.INVITATION_WITHDRAWN: Explained(409, "This invitation was withdrawn"),
    Rejection.INVITATION_EXPIRED: Explained(409, "This invitation has expired; ask for another"),
    Rejection.HANDLE_TAKEN: Explained(
        409, "The handle is taken", "The handle {handle} is taken; who has left comes back by `members return`."
    ),
    Rejection.KEY_TAKEN: Explained(409, "This key belongs to somebody already"),
    Rejection.PAYMENT_EXISTS: Explained(409, "A payment with this id exists already"),
    Rejection.STATE_CONFLICT: Explained(
        409, "Its state does not allow this now", "It is {state}, which does not allow this."
    ),
    Rejection.RECOVERY_VOID: Explained(
        409,
        "The network has changed its keys since, or stopped this recovery",
        "The network has changed its keys since, or stopped this recovery: it is in epoch {epoch}.",
    ),
    Rejection.PRECONDITION_FAILED: Explained(412, "It has changed since you saw it; look again"),
    Rejection.IDEMPOTENCY_IN_FLIGHT: Explained(409, "A request with this key is still under way"),
    Rejection.IDEMPOTENCY_REUSED: Explained(422, "This key was used already, for another request"),
    Rejection.WRONG_NETWORK: Explained(422, "The order is for another network"),
    Rejection.ORDER_REPLAYED: Explained(409, "This order has been carried out already"),
    Rejection.ORDER_STALE: Explained(
        409,
        "A newer order by this key came first",
        "A newer order by this key came first: sign one above {order_seq}.",
    ),
    Rejection.ORDER_AHEAD: Explained(
        422,
        "The order's number runs far ahead",
        "The order's number runs far ahead, and would end the key: sign one above {order_seq}, of at most {maximum}.",
    ),
    Rejection.ORDER_EXPIRED: Explained(422, "The order has expired"),
    Rejection.ORDER_MISMATCH: Explained(
        422, "What was signed is not what is asked", "What was signed differs: {field}."
    ),
    Rejection.MEMBER_NOT_ACTIVE: Explained(422, "The member is not active", "{member} is not active."),
    Rejection.CURRENCY_CLOSED: Explained(422, "The currency is closed", "The currency {currency} is closed."),
    Rejection.SAME_ACCOUNT: Explained(422, "Payer and payee are the same account"),
    Rejection.CURRENCY_MISMATCH: Explained(422, "The currencies do not match", "The account is in {currency}."),
    Rejection.BALANCE_OPEN: Explained(422, "The balance is not settled", "The balance is {balance}, not settled."),
    Rejection.LIMIT_EXCEEDED: Explained(
        422, "This goes beyond the account's limit", "{available} left: the account's limit is {limit}."
    ),
    Rejection.PAYEE_LIMIT_EXCEEDED: Explained(
        422, "The payee's account cannot take so much", "The payee's account can take {available} more."
    ),
    Rejection.KEY_CAP_EXCEEDED: Explained(
        422, "This goes beyond what the key may pay", "The key may pay {available} more."
    ),
    Rejection.MANDATE_EXCEEDED: Explained(422, "This goes beyond the mandate", "The mandate allows {available} more."),
    Rejection.CONSENT_EXCEEDED: Explained(422, "This goes beyond what a member lets be set off"),
    Rejection.REQUEST_CLOSED: Explained(422, "The payment request is closed", "The payment request is {state}."),
    Rejection.MOTION_CLOSED: Explained(422, "Nobody votes on this motion now", "The motion is {state}: nobody votes."),
    Rejection.SCHEDULE_LOCAL_ONLY: Explained(422, "Scheduled payments stay within the network"),
    Rejection.QUOTE_EXPIRED: Explained(422, "The quote has expired; ask for another"),
    Rejection.MAX_DEBIT_EXCEEDED: Explained(
        422,
        "It would cost more than you allowed",
        "It would cost {debit}, more than the {max_debit} you allowed.",
    ),
    Rejection.ROUTE_INVALID: Explained(422, "This route cannot be used"),
    Rejection.NO_ROUTE: Explained(422, "No credit lines with enough room lead to this network"),
    Rejection.PEER_UNREACHABLE: Explained(422, "The other network cannot be reached now; nothing was paid"),
    Rejection.LINK_NOT_OPEN: Explained(422, "The link is not open", "The link is {state}."),
    Rejection.LINK_FROZEN: Explained(422, "The link is frozen"),
    Rejection.LINK_LIMIT_EXCEEDED: Explained(422, "This goes beyond the link's limit", "{available} left on the link."),
    Rejection.LINK_HOLDS_EXCEEDED: Explained(422, "Too many payments wait on this link; try again later"),
    Rejection.LINK_IN_USE: Explained(422, "The link is in use", "{used} of the link is in use."),
    Rejection.GRANT_UNSIGNED: Explained(
        422,
        "Cold keys have to sign a grant as great as this",
        "With this {granted} would be granted on the link in all; cold keys have to sign what is beyond {limit}.",
    ),
    Rejection.PARTNER_REFUSED: Explained(422, "The other network refused it", "The network {network} refused it."),
}

AMOUNT_FIGURES = frozenset(
    {"available", "balance", "debit", "granted", "limit", "max_debit", "maximum", "projected_balance", "used"}
)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def explained(reason: Rejection | Fault) -> Explained:
    """Return how a reason is told."""
    return FAULTS[reason] if isinstance(reason, Fault) else REJECTIONS[reason]


def detail(row: Explained, figures: Mapping[str, Figure], scale_of: ScaleOf) -> str:
    """Return the sentence for a refusal; amounts as members write them, if the currency is named."""
    code = figures.get("currency", figures.get("unit"))
    # A link's unit may be nobody's currency here; then the refusal tells its scale itself.
    scale = figures["scale"] if "unit" in figures and "scale" in figures else scale_of(str(code))

    def told(name: str, figure: Figure) -> Figure:
        if not isinstance(scale, int) or name not in AMOUNT_FIGURES or isinstance(figure, str):
            return figure
        return f"{decimal(figure, scale)} {code}"

    try:
        text = row.sentence.format_map({name: told(name, figure) for name, figure in figures.items()})
    except KeyError:
        text = ""
    return text or f"{row.title}."


def problem(reason: Rejection | Fault, figures: Mapping[str, Figure], scale_of: ScaleOf) -> tuple[int, bytes]:
    """Return the status and the problem document of a refusal; figures keep their minor units."""
    row = explained(reason)
    document = {
        "type": f"/docs#{reason}",
        "title": row.title,
        "status": row.status,
        "code": str(reason),
        "detail": detail(row, figures, scale_of),
        "figures": dict(figures),
    }
    return row.status, _encode(document).encode()


def refusal(refused: Refused, scale_of: ScaleOf) -> tuple[int, bytes]:
    """Return the status and the problem document for a wish that a rule refused."""
    return problem(refused.reason, refused.figures, scale_of)


class Denied(Exception):
    """Ends the handling of one request with a problem: raised by this door alone, never by rules."""

    def __init__(
        self, reason: Rejection | Fault, *, headers: Mapping[str, str] | None = None, **figures: Figure
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.figures: Mapping[str, Figure] = figures
        self.headers = headers or {}

    @classmethod
    def of(cls, refused: Refused) -> "Denied":
        """Return what ends a request that is refused so."""
        denied = cls(refused.reason)
        denied.figures = refused.figures
        return denied
