# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a ledger says of a payment in several currencies to another network: that all of it left, that all has come."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.signed import Digest, Id16, Signed
from protocol.peers.messages import INVOICE_BYTES_MAX
from protocol.practices.between.abroad.entries import FOREIGN_ADDRESS_CHARS_MAX, Come, Part, Preimage
from protocol.practices.money.mixed.entries import LEGS_MAX, PayMixed
from protocol.wire.shape import AtMost, Holds, Length


@dataclass(frozen=True, slots=True)
class MixedSent:
    """A member is debited in several currencies into the accounts of holds; for each a hold is placed on a link.

    `parts` are in the order of the amounts that were wished. All holds are under one condition, and straight to the
    payee's network: none goes another way.
    """

    KIND: ClassVar[str] = "mixed-abroad/sent"
    OPERATION: ClassVar[str] = "mixed-payments.create"
    WISH: ClassVar[type[PayMixed]] = PayMixed
    payee: Annotated[str, AtMost(FOREIGN_ADDRESS_CHARS_MAX)]
    invoice: Annotated[bytes, AtMost(INVOICE_BYTES_MAX), Holds(("Invoice",))]
    signature: Annotated[bytes, Length(64)]
    parts: Annotated[tuple[Part, ...], AtMost(LEGS_MAX)]
    signed: Signed | None
    word: PayMixed | None


@dataclass(frozen=True, slots=True)
class MixedArrived:
    """The holds for all currencies of an invoice of ours have come: they are claimed together, and our member credited.

    `legs` are in the order of the invoice. The payment has the id under which the first hold has come.
    """

    KIND: ClassVar[str] = "mixed-abroad/arrived"
    payment: Id16
    partner: Digest
    legs: Annotated[tuple[Come, ...], AtMost(LEGS_MAX)]
    invoice: Annotated[bytes, AtMost(INVOICE_BYTES_MAX), Holds(("Invoice",))]
    preimage: Preimage
