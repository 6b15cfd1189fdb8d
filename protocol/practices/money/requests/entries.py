# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of requests for payment: asked, declined, cancelled."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import Ref
from protocol.book.signed import AccountId, Digest, Id16, MemberId, Minor, Time


@dataclass(frozen=True, slots=True)
class Requested:
    """A payee asks for an amount (minor units); of one member, or of anybody."""

    KIND: ClassVar[str] = "payment-requests/requested"
    request: Annotated[Id16, Ref("payment-requests")]
    payee: AccountId
    amount: Minor
    payer: MemberId | None
    not_after_ms: Time | None
    note: Digest | None


@dataclass(frozen=True, slots=True)
class Declined:
    """The member who was asked will not pay."""

    KIND: ClassVar[str] = "payment-requests/declined"
    request: Id16


@dataclass(frozen=True, slots=True)
class RequestCancelled:
    """The payee asks no more."""

    KIND: ClassVar[str] = "payment-requests/cancelled"
    request: Id16
