# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments as a book knows them: where the money of each is, and on whose word it went."""

from dataclasses import dataclass
from enum import StrEnum

from protocol.book.lifecycle import Lifecycle
from protocol.book.refusals import ReasonCode
from protocol.book.searching import CALLED_TABLE, searched_by
from protocol.book.tables import Table
from protocol.lanes.entry import Millis


class PaymentState(StrEnum):
    """Where the money of a payment is: on its way, arrived, given back unpaid, paid back."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"
    REVERSED = "reversed"


PAYMENT_LIFE = Lifecycle(
    "payments",
    PaymentState,
    {
        (None, "payments/paid"): (PaymentState.PENDING, PaymentState.POSTED),
        (None, "mixed-payments/paid"): PaymentState.POSTED,
        (None, "scheduled-payments/ran"): PaymentState.POSTED,
        (None, "commons/paid-out"): PaymentState.POSTED,
        (None, "paper-codes/paid"): PaymentState.POSTED,
        (None, "pins/paid"): PaymentState.POSTED,
        (None, "abroad/sent"): PaymentState.PENDING,
        (None, "abroad/arrived"): PaymentState.POSTED,
        (None, "mixed-abroad/sent"): PaymentState.PENDING,
        (None, "mixed-abroad/arrived"): PaymentState.POSTED,
        (PaymentState.PENDING, "payments/posted"): PaymentState.POSTED,
        (PaymentState.PENDING, "payments/voided"): PaymentState.VOIDED,
        (PaymentState.POSTED, "payments/reversed"): PaymentState.REVERSED,
        # One over several ways ends with the last of its holds: posted if any was claimed.
        (PaymentState.PENDING, "abroad/rerouted"): PaymentState.PENDING,
        (PaymentState.PENDING, "abroad/settled"): (PaymentState.PENDING, PaymentState.POSTED),
        (PaymentState.PENDING, "abroad/refunded"): (PaymentState.PENDING, PaymentState.POSTED, PaymentState.VOIDED),
    },
)


class PaymentAuth(StrEnum):
    """On whose word the payer was debited: key, word of mouth, helper, standing order; abroad, or the group itself."""

    SELF = "self"
    CUSTODIAL = "custodial"
    MANDATE = "mandate"
    STANDING = "standing"
    ABROAD = "abroad"
    COMMONS = "commons"


@dataclass(slots=True)
class Abroad:
    """What a payment has besides if its other end is in another network.

    `code` and `scale` are the unit of the amount at the payee; `links` those by which it leaves or comes, and
    `route` the networks that it passes; `reason` is why it, or a part of it, was given back.
    """

    network: bytes
    code: str
    scale: int
    links: tuple[str, ...] = ()
    route: tuple[str, ...] = ()
    reason: ReasonCode | None = None
    condition: bytes | None = None
    """By which it is known on both sides, whatever its holds are called on the way."""


@dataclass(slots=True)
class Payment:
    """A payment that debits or credits an account here; an end abroad is an address, not an account id.

    `debit_minor` is in the payer's currency (None where that is abroad) and has the payer's levy in it,
    `amount_minor` is in the payee's.
    `rests_on` are the places in the ledger lane of the entries that authorise the debit, besides its
    own; `balance_minor` is the payer's balance after it; `said` is the digest of the signed order.
    """

    id: bytes
    arrival: int
    at_ms: Millis
    payer: str
    payee: str
    debit_minor: int | None
    amount_minor: int
    state: PaymentState
    auth: PaymentAuth
    rests_on: tuple[int, ...] = ()
    said: bytes | None = None
    note: bytes | None = None
    mandate: bytes | None = None
    request: bytes | None = None
    schedule: bytes | None = None
    levy_minor: int = 0
    balance_minor: int | None = None
    was_pending: bool = False
    closed: int | None = None
    closed_at_ms: Millis | None = None
    abroad: Abroad | None = None
    mixed: bytes | None = None
    """The payment in several currencies of which it is a leg."""
    refunds: bytes | None = None
    """The payment of which it pays a part back."""
    refunded_minor: int = 0
    """What refunds have given back of it, or are giving, in the currency of its account here."""
    levy_back_minor: int = 0
    """What of its levy the commons has given back to who refunds it."""
    payer_levy_minor: int = 0
    """What its payer bears of the levy, on top of what is paid; `levy_minor` is what its payee bears."""
    payer_levy_back_minor: int = 0
    """What of that the commons has given back to the payer, as parts were refunded."""

    @property
    def refundable_minor(self) -> int:
        """What refunds may still give back of it."""
        return self.moved_minor - self.refunded_minor

    @property
    def moved_minor(self) -> int:
        """What it moved here, without levies: of one that has left, what it cost the payer."""
        if self.debit_minor is None or self.abroad is None:
            return self.amount_minor
        return self.debit_minor - self.payer_levy_minor


PAYMENTS = Table(
    "payments",
    Payment,
    search=lambda payment: searched_by(payment.note, payment.payer, payment.payee),
    through=(CALLED_TABLE,),
    by={"account": lambda payment: dict.fromkeys((payment.payer, payment.payee))},
    # What other networks may still speak of stays: a link's records name it.
    closed=lambda payment: payment.state is not PaymentState.PENDING and payment.abroad is None,
)
