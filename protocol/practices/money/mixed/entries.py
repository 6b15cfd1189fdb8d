# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members sign, and the ledger says, of payments in several currencies at once."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import Doc, OwnId, Ref, Uuid
from protocol.book.money import Amount
from protocol.book.personal import Note
from protocol.book.signed import Digest, Id16, Signed
from protocol.practices.money.payments.entries import PAYEE_ADDRESS_CHARS_MAX
from protocol.wire.shape import AtMost

LEGS_MIN = 2
LEGS_MAX = 4
"""In how many currencies one payment may be."""


@dataclass(frozen=True, slots=True)
class PayMixed:
    """Pay somebody in two to four currencies at once: all of it or nothing, each as it is named, none converted."""

    payee: Annotated[str, AtMost(PAYEE_ADDRESS_CHARS_MAX), Doc("who is paid, such as bia")]
    amounts: Annotated[
        tuple[Amount, ...], AtMost(LEGS_MAX), Doc("what the payee gets, two to four amounts, each with its currency")
    ]
    payer: Annotated[
        str | None,
        AtMost(64),
        Ref("members"),
        Doc("who pays; default: you. A signed wish names the member by id"),
    ] = None
    payment: Annotated[Id16 | None, Uuid, OwnId, Doc("your own UUID for the payment; makes a retry safe")] = None
    note: Annotated[Note | None, Doc("what it is for; kept outside the ledger, erasable")] = None
    max_debits: Annotated[
        tuple[Amount, ...],
        AtMost(LEGS_MAX),
        Doc("to another network: what each amount may cost at most, each in a currency of the payer's own"),
    ] = ()
    invoice: Annotated[Digest | None, Doc("to another network: the `invoice` of the quote that is accepted")] = None
    condition: Annotated[Digest | None, Doc("to another network, signed: the `condition` of that quote")] = None


@dataclass(frozen=True, slots=True)
class MixedPaid:
    """A payment in several currencies within the network: by signed wish, or by word of mouth (custodial)."""

    KIND: ClassVar[str] = "mixed-payments/paid"
    OPERATION: ClassVar[str] = "mixed-payments.create"
    WISH: ClassVar[type[PayMixed]] = PayMixed
    signed: Signed | None
    word: PayMixed | None
