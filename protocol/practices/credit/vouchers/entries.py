# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of paper vouchers, and what is printed on each: signed, so that nobody can make more of them."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import Ref
from protocol.book.signed import AccountId, Digest, Id16, Key, Time
from protocol.practices.money.commons.entries import Positive
from protocol.practices.money.currencies.entries import Code, Scale
from protocol.wire.shape import Length, Range

VOUCHER_BATCH_MAX = 200
"""Vouchers of one batch: what is printed at once."""

VoucherNumber = Annotated[int, Range(1, VOUCHER_BATCH_MAX)]
VoucherSignature = Annotated[bytes, Length(64)]


@dataclass(frozen=True, slots=True)
class Voucher:
    """What a voucher says: the network owes its bearer so much (minor units) until an hour.

    The key of its batch signs it.
    """

    KIND: ClassVar[str] = "voucher"
    network: Digest
    batch: Id16
    number: VoucherNumber
    currency: Code
    scale: Scale
    value: Positive
    expires_ms: Time


@dataclass(frozen=True, slots=True)
class VouchersIssued:
    """So many vouchers of a value are printed, signed by a key made for them: they circulate from here on."""

    KIND: ClassVar[str] = "vouchers/issued"
    batch: Annotated[Id16, Ref("vouchers")]
    currency: Code
    value: Positive
    count: VoucherNumber
    expires_ms: Time
    key: Key


@dataclass(frozen=True, slots=True)
class VoucherRedeemed:
    """A voucher was presented with its signature: its value is on an account again."""

    KIND: ClassVar[str] = "vouchers/redeemed"
    batch: Annotated[Id16, Ref("vouchers")]
    number: VoucherNumber
    signature: VoucherSignature
    account: AccountId


@dataclass(frozen=True, slots=True)
class VoucherReplaced:
    """A voucher that is damaged, or has expired, counts no more: another is printed, a batch of its own."""

    KIND: ClassVar[str] = "vouchers/replaced"
    batch: Annotated[Id16, Ref("vouchers")]
    number: VoucherNumber
    new: Annotated[Id16, Ref("vouchers")]
    expires_ms: Time
    key: Key


@dataclass(frozen=True, slots=True)
class VouchersLapsed:
    """What nobody has brought in time is the commons' again."""

    KIND: ClassVar[str] = "vouchers/lapsed"
    batch: Annotated[Id16, Ref("vouchers")]
