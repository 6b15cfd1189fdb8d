# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why there is no price, and why the way to another network refuses a payment."""

import re

from protocol.book.book import Book
from protocol.book.refusals import REASON_CODE_CHARS_MAX, Reason, Refused, Stage, refuse
from protocol.wire.keys import id_text

QUOTE_UNKNOWN = Reason(
    "QUOTE_UNKNOWN",
    Stage.SUBJECT,
    404,
    "There is no such quote",
    "Quotes are kept for some minutes only.",
    heading="There is no such quote",
    ways=("ask for another quote",),
)
QUOTE_EXPIRED = Reason(
    "QUOTE_EXPIRED",
    Stage.RULE,
    422,
    "The quote has expired; ask for another",
    "The quote has expired. Nothing was paid.",
    heading="The price is too old",
    ways=("ask for another quote",),
)
ROUTE_INVALID = Reason(
    "ROUTE_INVALID",
    Stage.RULE,
    422,
    "This route cannot be used",
    "A link on it has changed, or rate and fee are not as they were. Nothing was paid.",
    transient=True,
    heading="This way cannot be used",
    ways=("ask for another quote",),
)
NO_ROUTE = Reason(
    "NO_ROUTE",
    Stage.RULE,
    422,
    "No credit lines with enough room lead to this network",
    "No credit lines with enough room lead to this network. Nothing was paid.",
    transient=True,
    heading="No way leads there now",
    ways=("pay less", "try again later", "ask a steward for a link"),
)
PARTNER_CLOCK_DIFFERS = Reason(
    "PARTNER_CLOCK_DIFFERS",
    Stage.RULE,
    422,
    "The clocks of the two networks' nodes differ",
    "The clocks of {network} and this node differ by {minutes} minutes. Nothing was paid.",
    transient=True,
    heading="The clocks of {network} and this node differ",
    ways=("tell a steward: one of the two clocks is to be set right",),
)
PARTNER_REFUSED = Reason(
    "PARTNER_REFUSED",
    Stage.RULE,
    422,
    "The other network refused it",
    "The network {network} refused it.",
    transient=True,
    heading="The other network refused it",
    ways=("ask the payee", "try again later"),
)
ACCEPTANCE_LIMIT = Reason(
    "ACCEPTANCE_LIMIT",
    Stage.RULE,
    422,
    "The other network takes no more of this currency",
    "The network {network} takes {available} more of it: it holds enough. Nothing was paid.",
    transient=True,
    heading="{available} more is taken there",
    ways=("pay {available} now", "wait until the link is cleared", "pay by another way"),
)

QUOTE_REFUSALS = (
    QUOTE_UNKNOWN,
    QUOTE_EXPIRED,
    ROUTE_INVALID,
    NO_ROUTE,
    PARTNER_CLOCK_DIFFERS,
    PARTNER_REFUSED,
    ACCEPTANCE_LIMIT,
)

_CODE = re.compile(rf"[A-Z][A-Z_]{{0,{REASON_CODE_CHARS_MAX - 1}}}")


def code_told(text: str) -> str:
    """Return a reason as a partner told it, one that we do not know too; PARTNER_REFUSED for what is no code."""
    return text if _CODE.fullmatch(text) else PARTNER_REFUSED.code


def refused_by(book: Book, code: str, network: bytes) -> Refused:
    """Return the refusal that another network told: with its code, where that is none that we know."""
    reason = book.reasons.get(code)
    if reason is not None:
        return refuse(reason, network=id_text(network))
    return refuse(PARTNER_REFUSED, network=id_text(network), code=code_told(code))
