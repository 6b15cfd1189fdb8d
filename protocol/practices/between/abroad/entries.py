# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a ledger says of payments between networks: the entries, and what they are made of."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.refusals import ReasonCode
from protocol.book.signed import Digest, Id16, Minor, Signed
from protocol.peers.messages import CIRCLE_BYTES_MAX, HOPS_MAX, INVOICE_BYTES_MAX, PATHS_MAX
from protocol.practices.money.payments.entries import Pay
from protocol.wire.shape import AtMost, Holds, Length

FOREIGN_ADDRESS_CHARS_MAX = 160
COME_MAX = 32
"""Of how many holds a payment that comes may consist: more than PATHS_MAX, since a part may have come twice."""
Preimage = Annotated[bytes, Length(32)]


@dataclass(frozen=True, slots=True)
class Part:
    """What goes over one way: the hold on its first link, and the debit for it in the payer's minor units.

    `amount` is what the payee shall get of it, in its minor units; `route` the networks that it passes.
    """

    link: Digest
    hold: Id16
    hold_amount: Minor
    debit: Minor
    amount: Minor
    route: Annotated[tuple[Digest, ...], AtMost(HOPS_MAX)]


@dataclass(frozen=True, slots=True)
class Sent:
    """A member is debited into the holds account, and a hold is placed on the first link of each way."""

    KIND: ClassVar[str] = "abroad/sent"
    OPERATION: ClassVar[str] = "payments.create"
    WISH: ClassVar[type[Pay]] = Pay
    payee: Annotated[str, AtMost(FOREIGN_ADDRESS_CHARS_MAX)]
    invoice: Annotated[bytes, AtMost(INVOICE_BYTES_MAX), Holds(("Invoice",))]
    signature: Annotated[bytes, Length(64)]
    parts: Annotated[tuple[Part, ...], AtMost(PATHS_MAX)]
    signed: Signed | None
    word: Pay | None

    @property
    def debit(self) -> int:
        """What the payer is debited at first, in its minor units."""
        return sum(part.debit for part in self.parts)


@dataclass(frozen=True, slots=True)
class Rerouted:
    """The hold of a part was waived on its way: the part goes another way, under the same payment."""

    KIND: ClassVar[str] = "abroad/rerouted"
    payment: Id16
    hold: Id16
    reason: ReasonCode
    part: Part


@dataclass(frozen=True, slots=True)
class Settled:
    """A part's hold was claimed: its money goes to the partner's mirror account, against the preimage."""

    KIND: ClassVar[str] = "abroad/settled"
    payment: Id16
    hold: Id16
    preimage: Preimage


@dataclass(frozen=True, slots=True)
class Refunded:
    """A part's hold was waived: its money goes back to the member."""

    KIND: ClassVar[str] = "abroad/refunded"
    payment: Id16
    hold: Id16
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class Come:
    """A hold for an invoice of ours, in minor units of its link; `worth` is the same in our currency's."""

    link: Digest
    hold: Id16
    amount: Minor
    worth: Minor


@dataclass(frozen=True, slots=True)
class Arrived:
    """Holds for an invoice of ours, together worth what it asks: they are claimed, and our member credited."""

    KIND: ClassVar[str] = "abroad/arrived"
    payment: Id16
    partner: Digest
    parts: Annotated[tuple[Come, ...], AtMost(COME_MAX)]
    invoice: Annotated[bytes, AtMost(INVOICE_BYTES_MAX), Holds(("Invoice",))]
    preimage: Preimage

    @property
    def worth(self) -> int:
        """What has come in all, in our minor units."""
        return sum(part.worth for part in self.parts)


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A hold on one link goes on over another. `worth` and `cost` are both sides in our minor units."""

    KIND: ClassVar[str] = "abroad/forwarded"
    hold_in: Id16
    link_in: Digest
    amount_in: Minor
    worth: Minor
    hold_out: Id16
    link_out: Digest
    amount_out: Minor
    cost: Minor
    currency: Annotated[str, AtMost(12)]
    circle: Annotated[bytes, AtMost(CIRCLE_BYTES_MAX), Holds(("Circle",))] | None
    """Where it clears debts: the circle. Then rounding, or the member's own tolerance, may make it cost more."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The hold that went on was claimed: so is the one that came, with the same preimage."""

    KIND: ClassVar[str] = "abroad/passed"
    link_out: Digest
    hold_out: Id16
    preimage: Preimage


@dataclass(frozen=True, slots=True)
class HoldReturned:
    """The hold that went on was waived: so is the one that came."""

    KIND: ClassVar[str] = "abroad/returned"
    link_out: Digest
    hold_out: Id16
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class Reconciled:
    """After a restore: what a link says was claimed and the ledger has lost goes to the account of the commons.

    `paid` and `received` are link minor units, `cost` and `worth` the same in our currency.
    """

    KIND: ClassVar[str] = "abroad/reconciled"
    link: Digest
    paid: Minor
    cost: Minor
    received: Minor
    worth: Minor
    currency: Annotated[str, AtMost(12)]
