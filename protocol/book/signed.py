# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members sign with their own keys: the wish itself, in one envelope for all operations (PROTOCOL 5).

The client encodes what it shows as canonical CBOR and signs those bytes; the node keeps them as they
came, so that everybody can check later who wished what. `order_seq` grows strictly for each key,
gaps allowed: a client without memory may use its clock in milliseconds (docs/decisions/0030).
"""

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.uuids import derived_id, part_id
from protocol.wire.codec import CodecFault, encode
from protocol.wire.keys import KeyPair, digest, verify
from protocol.wire.pattern import reader
from protocol.wire.shape import AtMost, Holds, Length, Range, ShapeFault, to_map

SIGNED_BYTES_MAX = 2_048
"""The fields of a wish, and 256 bytes for what the envelope puts around them."""
FIELDS_BYTES_MAX = SIGNED_BYTES_MAX - 256
OPERATION_CHARS_MAX = 64
ORDER_SEQ_MAX = 2**53
"""What every JSON reader can count."""
ORDER_SEQ_AHEAD_MAX = 24 * 60 * 60 * 1_000
"""How far a number may run ahead of the key's newest one and of the entry's hour: a day, where clocks give numbers."""
TIME_MS_MAX = 2**47
"""The year 6429: far enough that no sum of a time and a standing order's rhythm leaves the calendar."""
Digest = Annotated[bytes, Length(32)]
Key = Annotated[bytes, Length(32)]
Id16 = Annotated[bytes, Length(16)]
AccountId = Annotated[str, AtMost(64)]
Minor = Annotated[int, Range(-(2**63), 2**63 - 1)]
LeastMinor = Annotated[int, Range(1 - 2**63, 0)]
"""How low a balance may go: how far an account may owe."""
MostMinor = Annotated[int, Range(0, 2**63 - 1)]
"""How high it may go."""
OrderSeq = Annotated[int, Range(0, ORDER_SEQ_MAX)]
Time = Annotated[int, Range(0, TIME_MS_MAX)]
MemberId = Annotated[str, AtMost(32)]


@dataclass(frozen=True, slots=True)
class Envelope:
    """I, who hold `key`, wish this: `fields` are the canonical bytes of the operation's wish.

    It counts until `not_after_ms`. `head` is the newest ledger entry that the member has seen: it exposes a node
    that shows different books to different members.
    """

    KIND: ClassVar[str] = "wish"
    network: Digest
    operation: Annotated[str, AtMost(OPERATION_CHARS_MAX)]
    fields: Annotated[bytes, AtMost(FIELDS_BYTES_MAX), Holds(("wish",))]
    key: Key
    order_seq: OrderSeq
    not_after_ms: Time
    head: Digest | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """Signed bytes as they came, and the signature by the key that they name."""

    data: Annotated[bytes, AtMost(SIGNED_BYTES_MAX), Holds(("Envelope", "Joining"))]
    signature: Annotated[bytes, Length(64)]


def wish_digest(signed: Signed) -> bytes:
    """Return the digest by which the book remembers the very bytes that a member signed."""
    return digest("wish-bytes", signed.data)


def occurrence_id(schedule: bytes, occurrence: int) -> bytes:
    """Return the id of the payment that a standing order brings the n-th time, counted from 0."""
    return derived_id(digest("occurrence", schedule + occurrence.to_bytes(4, "big")))


def leg_id(payment: bytes, number: int) -> bytes:
    """Return the id of a leg of a payment in several currencies, counted from 0: the first has that of the whole."""
    return payment if number == 0 else part_id(digest("leg", payment + bytes((number,))))


def sign_envelope(keys: KeyPair, envelope: Envelope) -> Signed:
    """Encode and sign an envelope."""
    data = encode(to_map(envelope))
    return Signed(data, keys.sign(Envelope.KIND, data))


def read_signed(signed: Signed) -> Envelope | None:
    """Return the envelope that the bytes hold, the signature not yet checked; None where they hold none."""
    try:
        return reader(Envelope)(signed.data, bytes_max=SIGNED_BYTES_MAX)
    except (CodecFault, ShapeFault):
        return None


def is_authentic(signed: Signed, envelope: Envelope) -> bool:
    """Tell whether the key that an envelope names has signed it."""
    return verify(envelope.key, Envelope.KIND, signed.data, signed.signature)


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def uuid_text(name: bytes) -> str:
    """Return a 16-byte id as people see it, in the form of a UUID (RFC 9562)."""
    text = name.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def parse_uuid(text: str) -> bytes | None:
    """Return the id that uuid_text writes so; None for any other text."""
    return bytes.fromhex(text.replace("-", "")) if _UUID.fullmatch(text) else None
