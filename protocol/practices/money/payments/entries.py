# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members sign, and the ledger says, of payments within the network: made, posted, voided, reversed."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import Doc, OwnId, Ref, Uuid
from protocol.book.money import Amount
from protocol.book.personal import Note
from protocol.book.signed import Digest, Id16, Signed
from protocol.wire.shape import AtMost

PAYEE_ADDRESS_CHARS_MAX = 256


@dataclass(frozen=True, slots=True)
class Pay:
    """Pay somebody, here or in another network at the price of a quote."""

    payee: Annotated[
        str,
        AtMost(PAYEE_ADDRESS_CHARS_MAX),
        Doc("who is paid, such as bia or bia@serra; a signed wish names one abroad as mutirao:<network>/<account>"),
    ]
    amount: Annotated[Amount, Doc("how much the payee gets")]
    payer: Annotated[
        str | None,
        AtMost(PAYEE_ADDRESS_CHARS_MAX),
        Ref("accounts"),
        Doc("handle or account that pays; default: your own. A signed wish names the account by id"),
    ] = None
    pending: Annotated[bool, Doc("hold the money until the payee posts or voids it")] = False
    payment: Annotated[Id16 | None, Uuid, OwnId, Doc("your own UUID for the payment; makes a retry safe")] = None
    note: Annotated[Note | None, Doc("what it is for; kept outside the ledger, erasable")] = None
    mandate: Annotated[Id16 | None, Uuid, Doc("the mandate under which a helper pays from another's account")] = None
    request: Annotated[Id16 | None, Uuid, Ref("payment-requests"), Doc("the payment request that this pays")] = None
    max_debit: Annotated[Amount | None, Doc("pay at most this, in the payer's own currency")] = None
    invoice: Annotated[Digest | None, Doc("to another network: the `invoice` of the quote that is accepted")] = None
    condition: Annotated[Digest | None, Doc("to another network, signed: the `condition` of that quote")] = None
    refunds: Annotated[
        Id16 | None, Uuid, Ref("payments"), Doc("the payment of which this pays back all or a part, to who paid it")
    ] = None


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment within the network: by signed wish, or by word of mouth (custodial)."""

    KIND: ClassVar[str] = "payments/paid"
    OPERATION: ClassVar[str] = "payments.create"
    WISH: ClassVar[type[Pay]] = Pay
    signed: Signed | None
    word: Pay | None


@dataclass(frozen=True, slots=True)
class Posted:
    """A pending payment reaches its payee."""

    KIND: ClassVar[str] = "payments/posted"
    payment: Id16


@dataclass(frozen=True, slots=True)
class Voided:
    """A pending payment goes back to its payer."""

    KIND: ClassVar[str] = "payments/voided"
    payment: Id16


@dataclass(frozen=True, slots=True)
class ReversePayment:
    """Pay a payment back whole: its payee says so."""

    payment: Annotated[Id16, Uuid, Ref("payments"), Doc("the payment")]


@dataclass(frozen=True, slots=True)
class Reversed:
    """A posted payment is paid back whole, by its payee's signed wish or word (custodial)."""

    KIND: ClassVar[str] = "payments/reversed"
    OPERATION: ClassVar[str] = "payments.reverse"
    WISH: ClassVar[type[ReversePayment]] = ReversePayment
    signed: Signed | None
    word: ReversePayment | None
