# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members sign with their own keys: orders, consents, standing orders, mandates, key changes.

The client encodes what it shows as canonical CBOR and signs those bytes; the node keeps them as they
came, so that everybody can check later who ordered what. `order_seq` grows strictly for each key,
gaps allowed: a client without memory may use its clock in milliseconds.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, TypeVar

from protocol.wire.codec import CodecFault, encode
from protocol.wire.keys import KeyPair, digest, verify
from protocol.wire.pattern import reader
from protocol.wire.shape import AtMost, Length, Range, ShapeFault, to_map

SIGNED_BYTES_MAX = 1_024
TIMES_MAX = 1_200
"""A hundred years of months."""
CONSENTED_REQUESTS_MAX = 40
"""So many ids go into what a member signs, beside the rest."""
TIME_MS_MAX = 2**47
"""The year 6429: far enough that no sum of a time and a standing order's rhythm leaves the calendar."""
Digest = Annotated[bytes, Length(32)]
Key = Annotated[bytes, Length(32)]
Id = Annotated[bytes, Length(16)]
AccountId = Annotated[str, AtMost(64)]
Minor = Annotated[int, Range(-(2**63), 2**63 - 1)]
OrderSeq = Annotated[int, Range(0, 2**53)]
Time = Annotated[int, Range(0, TIME_MS_MAX)]
MemberId = Annotated[str, AtMost(32)]


@dataclass(frozen=True, slots=True)
class Order:
    """Pay `amount` (payee's minor units) and debit me at most `max_debit` (my minor units).

    A payment to another network names the invoice and its condition. `head` is the newest ledger entry
    that the member has seen: it exposes a node that shows different books to different members.
    """

    KIND: ClassVar[str] = "order"
    network: Digest
    payer: AccountId
    key: Key
    order_seq: OrderSeq
    payment: Id
    payee_network: Digest
    payee: AccountId
    amount: Minor
    max_debit: Minor
    not_after_ms: Time
    pending: bool
    invoice: Digest | None = None
    condition: Digest | None = None
    note: Digest | None = None
    head: Digest | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """I, the payee, consent that this payment be reversed whole."""

    KIND: ClassVar[str] = "consent"
    network: Digest
    payment: Id
    key: Key
    order_seq: OrderSeq
    not_after_ms: Time


class Rhythm(StrEnum):
    """How often a standing order runs; months run on the same day, or the last one of a shorter month."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """Pay this amount within the network, `times` times, the first at `first_at_ms`."""

    KIND: ClassVar[str] = "standing-order"
    network: Digest
    payer: AccountId
    key: Key
    order_seq: OrderSeq
    schedule: Id
    payee: AccountId
    amount: Minor
    first_at_ms: Time
    rhythm: Rhythm
    times: Annotated[int, Range(1, TIMES_MAX)]
    note: Digest | None = None


@dataclass(frozen=True, slots=True)
class Mandate:
    """My helper may pay from my account up to `cap` in all (minor units), until `not_after_ms`."""

    KIND: ClassVar[str] = "mandate"
    network: Digest
    account: AccountId
    key: Key
    order_seq: OrderSeq
    mandate: Id
    helper: MemberId
    cap: Minor
    not_after_ms: Time


@dataclass(frozen=True, slots=True)
class SetOffConsent:
    """I owe these payment requests, and they may be set off against what others are asked to pay me.

    For a greater set-off my balance may fall by up to `draw_max` in all (minor units; 0: it stays as it is).
    It holds until `not_after_ms`, or until I consent anew.
    """

    KIND: ClassVar[str] = "set-off-consent"
    network: Digest
    account: AccountId
    key: Key
    order_seq: OrderSeq
    consent: Id
    requests: Annotated[tuple[Id, ...], AtMost(CONSENTED_REQUESTS_MAX)]
    draw_max: Annotated[int, Range(0, 2**63 - 1)]
    not_after_ms: Time


@dataclass(frozen=True, slots=True)
class Rebinding:
    """My key `gives_way` is replaced by `new_key` (None: it is only revoked).

    It is signed by the key that gives way or by another of the member's, so that a lost phone can be
    shut out from the one that is left.
    """

    KIND: ClassVar[str] = "rebinding"
    network: Digest
    member: MemberId
    key: Key
    order_seq: OrderSeq
    gives_way: Key
    new_key: Key | None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """`new_key` is mine too: it may pay up to `cap` in all (minor units; None: as much as I may)."""

    KIND: ClassVar[str] = "enrolment"
    network: Digest
    member: MemberId
    key: Key
    order_seq: OrderSeq
    new_key: Key
    cap: Annotated[int, Range(1, 2**63 - 1)] | None


@dataclass(frozen=True, slots=True)
class Joining:
    """I hold this key, and it is to be that of the member with this handle."""

    KIND: ClassVar[str] = "joining"
    network: Digest
    handle: MemberId
    key: Key


Ordered = Order | Consent | StandingOrder | Mandate | SetOffConsent | Rebinding | Enrolment
"""What a member signs with a key that is registered already, each under its own `order_seq`."""
SignedKind = Ordered | Joining
T = TypeVar("T", Order, Consent, StandingOrder, Mandate, SetOffConsent, Rebinding, Enrolment, Joining)


@dataclass(frozen=True, slots=True)
class Signed:
    """Signed bytes as they came, and the signature by the key that they name."""

    data: Annotated[bytes, AtMost(SIGNED_BYTES_MAX)]
    signature: Annotated[bytes, Length(64)]


def occurrence_id(schedule: bytes, occurrence: int) -> bytes:
    """Return the id of the payment that a standing order brings the n-th time, counted from 0."""
    return digest("occurrence", schedule + occurrence.to_bytes(4, "big"))[:16]


def order_digest(signed: Signed) -> bytes:
    """Return the digest by which the book remembers the very bytes that a member signed."""
    return digest("order-bytes", signed.data)


def sign(keys: KeyPair, said: SignedKind) -> Signed:
    """Encode and sign what a member says."""
    data = encode(to_map(said))
    return Signed(data, keys.sign(said.KIND, data))


def read(signed: Signed, kind: type[T]) -> T | None:
    """Return what the bytes say, the signature not yet checked; None where they say no such thing."""
    try:
        return reader(kind)(signed.data, bytes_max=SIGNED_BYTES_MAX)
    except (CodecFault, ShapeFault):
        return None


def is_authentic(signed: Signed, said: SignedKind) -> bool:
    """Tell whether the key that these words name has signed them."""
    return verify(said.key, said.KIND, signed.data, signed.signature)


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def uuid_text(name: bytes) -> str:
    """Return a 16-byte id as people see it, in the form of a UUID (RFC 9562)."""
    text = name.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def parse_uuid(text: str) -> bytes | None:
    """Return the id that uuid_text writes so; None for any other text."""
    return bytes.fromhex(text.replace("-", "")) if _UUID.fullmatch(text) else None
