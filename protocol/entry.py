# SPDX-License-Identifier: AGPL-3.0-or-later
"""The signed envelope: a network's statement at one place of one of its lanes (PROTOCOL 1).

header = {v, network, lane, epoch, seq, prev, body_hash}; id = SHA-256("mutirao/v1/entry", 0, header);
body_hash = SHA-256("mutirao/v1/body", 0, 16-byte salt, body), so that a body can be erased and the chain
still verifies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Protocol

from protocol.codec import CodecFault, decode, encode
from protocol.keys import KeyPair, digest, verify
from protocol.shape import AtMost, Length, Range, ShapeFault, from_map, to_map

VERSION = 1
SALT_BYTES = 16
LANE_CHARS_MAX = 64
IDENTITY, COMMONS, LEDGER = "identity", "commons", "ledger"
LINK_PREFIX = "link/"
PUBLIC_LANES = (IDENTITY, COMMONS)
NO_NETWORK = bytes(32)
"""What an inception names as its network, whose id it is about to become."""

Millis = int
"""Milliseconds since 1970-01-01T00:00:00Z."""


class EntryFault(ValueError):
    """What a peer sent is not a well-formed, rightly signed entry."""


class Body(Protocol):
    """What an entry says: a frozen dataclass that bears its kind, such as "payments/paid"."""

    KIND: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Header:
    """Where a statement stands; `prev` is the id of the one before it in the lane, None for the first."""

    v: Annotated[int, Range(VERSION, VERSION)]
    network: Annotated[bytes, Length(32)]
    lane: Annotated[str, AtMost(LANE_CHARS_MAX)]
    epoch: Annotated[int, Range(0, 2**31)]
    seq: Annotated[int, Range(0, 2**53)]
    body_hash: Annotated[bytes, Length(32)]
    prev: Annotated[bytes, Length(32)] | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A statement as it travels and is stored; bytes are kept as received."""

    id: bytes
    header: Header
    header_bytes: bytes
    salt: bytes
    body_bytes: bytes
    signature: bytes

    @property
    def network(self) -> bytes:
        """The author: an inception's own id is its network."""
        return self.id if self.header.network == NO_NETWORK else self.header.network

    def wire(self) -> bytes:
        """Return the entry as one CBOR array: header, salt, body, signature."""
        return encode((self.header_bytes, self.salt, self.body_bytes, self.signature))

    def signed_by(self, public_key: bytes) -> bool:
        """Tell whether the signature is this key's."""
        return verify(public_key, "entry", self.header_bytes, self.signature)


def seal(
    keys: KeyPair,
    *,
    network: bytes,
    lane: str,
    epoch: int,
    seq: int,
    prev: bytes | None,
    body: bytes,
    salt: bytes,
) -> Entry:
    """Sign a body into its place in a lane."""
    header = Header(VERSION, network, lane, epoch, seq, digest("body", salt + body), prev)
    header_bytes = encode(to_map(header))
    return Entry(digest("entry", header_bytes), header, header_bytes, salt, body, keys.sign("entry", header_bytes))


def parse(wire: bytes) -> Entry:
    """Return the entry that these bytes hold, its hashes checked and its signature not yet.

    Raises EntryFault or CodecFault.
    """
    parts = decode(wire)
    if not (isinstance(parts, tuple) and len(parts) == 4):
        raise EntryFault("an entry is an array of four byte strings")
    header_bytes, salt, body, signature = parts
    if not (
        isinstance(header_bytes, bytes)
        and isinstance(salt, bytes)
        and isinstance(body, bytes)
        and isinstance(signature, bytes)
    ):
        raise EntryFault("an entry is an array of four byte strings")
    return assemble(header_bytes, salt, body, signature)


def assemble(header_bytes: bytes, salt: bytes, body: bytes, signature: bytes) -> Entry:
    """Return the entry of these parts, its hashes checked and its signature not yet; raises EntryFault."""
    fields = decode(header_bytes)
    if not isinstance(fields, dict):
        raise EntryFault("a header is a map")
    try:
        header = from_map(Header, fields)
    except ShapeFault as fault:
        raise EntryFault(f"header: {fault}") from None
    if len(salt) != SALT_BYTES or digest("body", salt + body) != header.body_hash:
        raise EntryFault("the body is not the one that the header names")
    return Entry(digest("entry", header_bytes), header, header_bytes, salt, body, signature)


def encode_body(body: Body, at_ms: Millis) -> bytes:
    """Return the canonical bytes of a body that its author dates `at_ms`."""
    return encode({1: body.KIND, 2: at_ms, 3: to_map(body)})


def decode_body(data: bytes, kinds: Mapping[str, type[Body]]) -> tuple[Body, Millis]:
    """Return a body and its date; raises EntryFault where it has no such form, or its kind is not among those known."""
    try:
        fields = decode(data)
    except CodecFault as fault:
        raise EntryFault(f"body: {fault}") from None
    if not (isinstance(fields, dict) and fields.keys() == {1, 2, 3}):
        raise EntryFault("a body is a map of kind, date and fields")
    name, at_ms, content = fields[1], fields[2], fields[3]
    if not isinstance(name, str) or (kind := kinds.get(name)) is None:
        raise EntryFault("a body of unknown kind")
    if not (type(at_ms) is int and isinstance(content, dict)):
        raise EntryFault("a body is a map of kind, date and fields")
    try:
        return from_map(kind, content), at_ms
    except ShapeFault as fault:
        raise EntryFault(f"{name}: {fault}") from None
