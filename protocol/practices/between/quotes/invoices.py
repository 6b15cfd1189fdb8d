# SPDX-License-Identifier: AGPL-3.0-or-later
"""Invoices: what a payee's node promises to release a preimage for (PROTOCOL 3).

An invoice costs its issuer no memory: the preimage is derived from the node's secret and the invoice's
nonce, and the signature brings the rest back when the hold arrives.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from hmac import digest as hmac_digest
from typing import Annotated, ClassVar

from protocol.lanes.entry import Millis
from protocol.lanes.identity import Identity
from protocol.peers.messages import ALSO_MAX, INVOICE_BYTES_MAX, Id32
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.keys import digest, verify
from protocol.wire.shape import AtMost, Length, Range, ShapeFault, from_map, to_map

INVOICE_LIFE_MS = 15 * 60 * 1_000


@dataclass(frozen=True, slots=True)
class InvoiceLeg:
    """What an invoice asks besides, in another currency of the same payee."""

    account: Annotated[str, AtMost(64)]
    amount: Annotated[int, Range(1, 2**63 - 1)]
    scale: Annotated[int, Range(0, 9)]


@dataclass(frozen=True, slots=True)
class Invoice:
    """Whoever brings holds under `condition` that are worth `amount` to us pays that to `account`, by any way.

    `amount` is in the payee's minor units. `payer` is who asked, as told by the networks on the way: a name for
    the statement, no proof. `question` is the key of the question that it answers, which the payer's node has
    made up: so nobody can show it to another. With `also` it asks for several currencies at once, under one condition:
    nothing is claimed for it before holds for all of them have come. `refunds` is the condition of the payment of
    which it gives back a part.
    """

    KIND: ClassVar[str] = "invoice"
    network: Id32
    epoch: Annotated[int, Range(0, 2**31)]
    account: Annotated[str, AtMost(64)]
    handle: Annotated[str, AtMost(65)]
    amount: Annotated[int, Range(1, 2**63 - 1)]
    scale: Annotated[int, Range(0, 9)]
    condition: Id32
    not_after_ms: int
    nonce: Annotated[bytes, Length(16)]
    payer: Annotated[str, AtMost(120)]
    note: Id32 | None
    request: Annotated[bytes, Length(16)] | None
    question: Annotated[bytes, Length(16)]
    also: Annotated[tuple[InvoiceLeg, ...], AtMost(ALSO_MAX)] | None = None
    refunds: Id32 | None = None

    @property
    def legs(self) -> tuple["Invoice", ...]:
        """What it asks in each currency, as an invoice of its own; the first has what stands in the whole."""
        others = (
            replace(self, account=one.account, amount=one.amount, scale=one.scale, also=None) for one in self.also or ()
        )
        return (replace(self, also=None), *others)


def preimage_of(secret: bytes, nonce: bytes) -> bytes:
    """Return the preimage that belongs to an invoice's nonce: HMAC-SHA256 under the node's secret."""
    return hmac_digest(secret, b"mutirao/v1/preimage\0" + nonce, "sha256")


def condition_of(preimage: bytes) -> bytes:
    """Return the condition that a preimage fulfils."""
    return sha256(preimage).digest()


def invoice_hash(data: bytes) -> bytes:
    """Return the hash by which an order names an invoice."""
    return digest("invoice", data)


def encode_invoice(invoice: Invoice) -> bytes:
    """Return the bytes of an invoice that its issuer signs."""
    return encode(to_map(invoice))


def read_invoice(data: bytes) -> Invoice | None:
    """Return the invoice that these bytes hold, its signature not yet checked; None where they hold none."""
    try:
        fields = decode(data, bytes_max=INVOICE_BYTES_MAX)
        return from_map(Invoice, fields) if isinstance(fields, dict) else None
    except (CodecFault, ShapeFault):
        return None


def is_signed_by(identity: Identity, invoice: Invoice, data: bytes, signature: bytes) -> bool:
    """Tell whether the payee's network has signed this invoice with the key of the epoch it names."""
    key = identity.key_of(invoice.epoch)
    return invoice.network == identity.network and key is not None and verify(key, "invoice", data, signature)


def is_open(invoice: Invoice, now: Millis) -> bool:
    """Tell whether the payee's node, by its own clock, may still claim for this invoice."""
    return now <= invoice.not_after_ms
