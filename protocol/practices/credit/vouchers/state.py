# SPDX-License-Identifier: AGPL-3.0-or-later
"""Vouchers as the book keeps them: batches, which of each were presented, and how one is named, signed and read."""

import re
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from enum import StrEnum

from protocol.book.book import Book
from protocol.book.declaration import Desk, Parameter, Table
from protocol.book.lifecycle import Lifecycle
from protocol.book.parameters import Number
from protocol.book.signed import Signed
from protocol.lanes.entry import Millis
from protocol.practices.credit.circulation import GATE
from protocol.practices.credit.vouchers.entries import Voucher, VoucherReplaced, VouchersIssued, VouchersLapsed
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.keys import KeyPair, digest, verify
from protocol.wire.shape import ShapeFault, from_map, to_map

VOUCHER_TEXT_CHARS_MAX = 400
"""A voucher as its QR code says it."""
VOUCHER_CODE_CHARS = 16
"""So many characters stand under the QR code, for who has no camera: 80 bits of the signature's digest."""
_TEXT_HEAD = "MUTIRAO1."
_SERIAL = re.compile(r"([0-9]{1,9})-([0-9]{1,3})")

REPLACE_DAYS = Parameter(
    "vouchers.replace_days",
    Number(0, 730, "days"),
    90,
    "for how many days after its date a voucher is still replaced by a new one; then the commons has its value",
    changed_by=GATE,
)


class BatchState(StrEnum):
    """Whether vouchers of a batch may still be presented or replaced."""

    CIRCULATING = "circulating"
    LAPSED = "lapsed"


BATCH_LIFE = Lifecycle(
    "vouchers",
    BatchState,
    {
        (None, VouchersIssued.KIND): BatchState.CIRCULATING,
        (None, VoucherReplaced.KIND): BatchState.CIRCULATING,
        (BatchState.CIRCULATING, VouchersLapsed.KIND): BatchState.LAPSED,
    },
)


class VoucherState(StrEnum):
    """What became of one voucher."""

    CIRCULATING = "circulating"
    REDEEMED = "redeemed"
    REPLACED = "replaced"
    EXPIRED = "expired"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class SpentVoucher:
    """A voucher that counts no more: it was redeemed or replaced, and when."""

    number: int
    state: VoucherState
    at_ms: Millis


@dataclass(slots=True)
class VoucherBatch:
    """Vouchers that were printed together; values in minor units. `spent` tells when which of them counted no more."""

    id: bytes
    index: int
    currency: str
    value_minor: int
    count: int
    expires_ms: Millis
    lapses_ms: Millis
    """Until when one that has expired is replaced, as the group's rule was when they were printed."""
    key: bytes
    at_ms: Millis
    state: BatchState
    spent: tuple[SpentVoucher, ...] = ()

    @property
    def left_minor(self) -> int:
        """What of it is still on paper."""
        lapsed = self.state is BatchState.LAPSED
        return 0 if lapsed else (self.count - len(self.spent)) * self.value_minor

    def serial(self, number: int) -> str:
        """Return what stands on a voucher."""
        return f"{self.index}-{number:03}"

    def spent_of(self, number: int) -> SpentVoucher | None:
        """Return how one of its vouchers was spent, None where it was not."""
        return next((one for one in self.spent if one.number == number), None)

    def state_of(self, number: int, at_ms: Millis) -> VoucherState:
        """Return what became of one of its vouchers by an hour."""
        spent = self.spent_of(number)
        if spent is not None:
            return spent.state
        if self.state is BatchState.LAPSED:
            return VoucherState.LAPSED
        return VoucherState.EXPIRED if at_ms > self.expires_ms else VoucherState.CIRCULATING


BATCHES = Table("vouchers", VoucherBatch, closed=lambda batch: batch.state is BatchState.LAPSED)


@dataclass(slots=True)
class VoucherBatches:
    """The ids of all batches, by their numbers from 1."""

    ids: list[bytes] = field(default_factory=list[bytes])


def batch_named(book: Book, name: str) -> VoucherBatch | None:
    """Return the batch of this number."""
    ids = book.of(VoucherBatches).ids
    index = int(name) if re.fullmatch(r"[0-9]{1,9}", name) else 0
    return book.rows(BATCHES).get(ids[index - 1]) if 1 <= index <= len(ids) else None


def serial_named(book: Book, serial: str) -> tuple[VoucherBatch, int] | None:
    """Return the batch of a serial such as 3-017, and the number in it."""
    found = _SERIAL.fullmatch(serial.strip())
    batch = None if found is None else batch_named(book, found[1])
    return None if batch is None or found is None or not 1 <= int(found[2]) <= batch.count else (batch, int(found[2]))


# What is printed.


def batch_keys(desk: Desk, batch: bytes) -> KeyPair:
    """Return the key that signs the vouchers of a batch: this node makes it anew from its secret."""
    return KeyPair.from_seed(digest("voucher-key", desk.secret + batch))


def voucher_bytes(book: Book, batch: VoucherBatch, number: int) -> bytes:
    """Return the bytes that a voucher says."""
    scale = book.currencies[batch.currency].scale
    said = Voucher(book.network, batch.id, number, batch.currency, scale, batch.value_minor, batch.expires_ms)
    return encode(to_map(said))


def is_genuine(book: Book, batch: VoucherBatch, number: int, signature: bytes) -> bool:
    """Tell whether a batch's key has signed one of its vouchers."""
    return verify(batch.key, Voucher.KIND, voucher_bytes(book, batch, number), signature)


def voucher_text(said: bytes, signature: bytes) -> str:
    """Return a voucher as its QR code says it."""
    text = urlsafe_b64encode(encode(to_map(Signed(said, signature)))).rstrip(b"=").decode()
    return f"{_TEXT_HEAD}{text}"


def read_voucher(text: str) -> tuple[Voucher, Signed] | None:
    """Return what a QR code says, its signature not yet checked; None for any other text."""
    head, _, body = text.strip().partition(".")
    if f"{head}." != _TEXT_HEAD or len(text) > VOUCHER_TEXT_CHARS_MAX:
        return None
    try:
        data = decode(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        signed = from_map(Signed, data) if isinstance(data, dict) else None
        said = None if signed is None else decode(signed.data)
        voucher = from_map(Voucher, said) if isinstance(said, dict) else None
    except (CodecFault, ShapeFault, ValueError):
        return None
    return None if voucher is None or signed is None else (voucher, signed)


def code_of(signature: bytes) -> str:
    """Return what stands under the QR code, for who types it."""
    text = b32encode(digest("voucher-code", signature)).decode("ascii")[:VOUCHER_CODE_CHARS]
    return "-".join(text[at : at + 4] for at in range(0, VOUCHER_CODE_CHARS, 4))


def same_code(one: str, other: str) -> bool:
    """Tell whether two codes are the same; case and dashes do not matter."""
    return one.replace("-", "").replace(" ", "").upper() == other.replace("-", "")
