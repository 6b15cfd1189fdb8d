# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of the commons: what is paid out of it, and what is collected into it."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import Ref
from protocol.book.signed import AccountId, Digest, Id16
from protocol.wire.shape import Range

Positive = Annotated[int, Range(1, 2**63 - 1)]


@dataclass(frozen=True, slots=True)
class PaidOut:
    """The group pays a member from its commons, in minor units of the account's currency."""

    KIND: ClassVar[str] = "commons/paid-out"
    payment: Annotated[Id16, Ref("payments")]
    payee: AccountId
    amount: Positive
    note: Digest | None


@dataclass(frozen=True, slots=True)
class Collected:
    """What an account of the network's own holds, or owes, is the commons' from now on."""

    KIND: ClassVar[str] = "commons/collected"
    account: AccountId
