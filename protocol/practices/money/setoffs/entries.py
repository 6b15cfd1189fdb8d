# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of a set-off: so much of each of these payments is settled, all at once."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.refusals import Reason, Stage
from protocol.book.signed import Id16, Minor
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost

CONSENT_EXCEEDED = Reason(
    "CONSENT_EXCEEDED",
    Stage.RULE,
    422,
    "This goes beyond what a member lets be set off",
    "A member lets less be set off than this. Nothing was set off.",
    heading="More than was agreed to",
    ways=("take the set-off that the node proposes", "ask the member to agree to more"),
)
SHARES_MAX = 2_000
"""Requests that one entry may cancel: with 29 bytes at most for each they fit into an entry."""


@dataclass(frozen=True, slots=True)
class Share:
    """So much of a payment request is cancelled (minor units)."""

    request: Id16
    amount: Minor


@dataclass(frozen=True, slots=True)
class SetOffMade:
    """What members owe each other in a currency is set off; the shares stand in the order of their requests' ids."""

    KIND: ClassVar[str] = "obligations/set-off"
    set_off: Id16
    currency: Code
    shares: Annotated[tuple[Share, ...], AtMost(SHARES_MAX)]
