# SPDX-License-Identifier: AGPL-3.0-or-later
"""The signed envelope: a network's statement at one place of one of its lanes (PROTOCOL 1).

header = {v, network, lane, epoch, seq, prev, body_hash}; id = SHA-256("mutirao/v1/entry", 0, header);
body_hash = SHA-256("mutirao/v1/body", 0, 16-byte salt, body), so that a body can be erased and the chain
still verifies.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol

from protocol.wire.codec import ENTRY_BYTES_MAX, CodecFault, decode, encode
from protocol.wire.keys import KeyPair, digest, verify
from protocol.wire.pattern import NATURAL, matcher, number, reader
from protocol.wire.shape import UNKNOWN, AtMost, Length, Range, ShapeFault, Spelt, from_map, to_map

HEADER_VERSION = 1
ENTRY_SALT_BYTES = 16
LANE_CHARS_MAX = 64
KIND_CHARS_MAX = 64
"""How much is told of the kind of an entry that is not known."""
IDENTITY, COMMONS, LEDGER = "identity", "commons", "ledger"
LINK_PREFIX = "link/"
LANE_SPELT = "identity|commons|ledger|link/[a-z2-7]{52}"
"""How a lane is named; entries of others are not taken."""
PUBLIC_LANES = (IDENTITY, COMMONS)
NO_NETWORK = bytes(32)
"""What an inception names as its network, whose id it is about to become."""

Millis = int
"""Milliseconds since 1970-01-01T00:00:00Z."""


class EntryFault(ValueError):
    """What a peer sent is not a well-formed, rightly signed entry."""


class UnknownEntry(EntryFault):
    """An entry of a kind, or with a field, that this version does not know: a newer one may find it right."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"a body of unknown kind, or of a newer form: {kind[:KIND_CHARS_MAX]}")
        self.kind = kind[:KIND_CHARS_MAX]


class Body(Protocol):
    """What an entry says: a frozen dataclass that bears its kind, such as "payments/paid"."""

    KIND: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Header:
    """Where a statement stands; `prev` is the id of the one before it in the lane, None for the first."""

    v: Annotated[int, Range(HEADER_VERSION, HEADER_VERSION)]
    network: Annotated[bytes, Length(32)]
    lane: Annotated[str, AtMost(LANE_CHARS_MAX), Spelt(LANE_SPELT)]
    epoch: Annotated[int, Range(0, 2**31)]
    seq: Annotated[int, Range(0, 2**53)]
    body_hash: Annotated[bytes, Length(32)]
    prev: Annotated[bytes, Length(32)] | None


class Entry(NamedTuple):
    """A statement as it travels and is stored: `wire`, kept as received, and what it is made of."""

    id: bytes
    header: Header
    header_bytes: bytes
    salt: bytes
    body_bytes: bytes
    signature: bytes
    wire: bytes
    """One CBOR array: header, salt, body, signature."""

    @property
    def network(self) -> bytes:
        """The author: an inception's own id is its network."""
        return self.id if self.header.network == NO_NETWORK else self.header.network

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
    header = Header(HEADER_VERSION, network, lane, epoch, seq, digest("body", salt + body), prev)
    header_bytes = encode(to_map(header))
    signature = keys.sign("entry", header_bytes)
    wire = encode((header_bytes, salt, body, signature))
    return Entry(digest("entry", header_bytes), header, header_bytes, salt, body, signature, wire)


def parse(wire: bytes) -> Entry:
    """Return the entry that these bytes hold, its hashes checked and its signature not yet.

    Raises EntryFault or CodecFault.
    """
    header_bytes, salt, body, signature = _parts(wire)
    try:
        header = _read_header(header_bytes)
    except ShapeFault as fault:
        raise EntryFault(f"header: {fault}") from None
    if len(salt) != ENTRY_SALT_BYTES or digest("body", salt + body) != header.body_hash:
        raise EntryFault("the body is not the one that the header names")
    return Entry(digest("entry", header_bytes), header, header_bytes, salt, body, signature, wire)


_read_header: Callable[..., Header] = reader(Header)
_ARRAY_OF_FOUR, _SIGNATURE_HEAD = b"\x84\x58", b"\x58\x40"
_SHORT_BYTES, _LONG_BYTES, _SALT_HEAD = 0x58, 0x59, 0x50


def _parts(wire: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Return header, salt, body and signature; those of usual lengths are cut out without a reader."""
    if 90 <= len(wire) <= ENTRY_BYTES_MAX and wire[:2] == _ARRAY_OF_FOUR and len(wire) > (at := 3 + wire[2]) + 20:
        body_at, size = at + 19, wire[at + 18]
        if (lead := wire[at + 17]) == _LONG_BYTES:
            body_at, size = at + 20, size << 8 | wire[at + 19]
        end = body_at + size
        usual = (
            wire[at] == _SALT_HEAD
            and wire[2] >= 24
            and (24 <= size < 256 if lead == _SHORT_BYTES else lead == _LONG_BYTES and size >= 256)
            and wire[end : end + 2] == _SIGNATURE_HEAD
            and len(wire) == end + 66
        )
        if usual:
            return wire[3:at], wire[at + 1 : at + 17], wire[body_at:end], wire[end + 2 :]
    parts = decode(wire)
    if not (isinstance(parts, tuple) and len(parts) == 4 and all(isinstance(part, bytes) for part in parts)):
        raise EntryFault("an entry is an array of four byte strings")
    return parts  # pyright: ignore[reportReturnType] - four byte strings, as was just seen


def encode_body(body: Body, at_ms: Millis) -> bytes:
    """Return the canonical bytes of a body that its author dates `at_ms`."""
    return encode({1: body.KIND, 2: at_ms, 3: to_map(body)})


_ENVELOPE = re.compile(rb"\xa3\x01([\x60-\x77])([\x20-\x7e]*)\x02" + NATURAL + rb"\x03", re.DOTALL).match


def decode_body(data: bytes, kinds: Mapping[str, type[Body]], *, skips: bool = False) -> tuple[Body, Millis]:
    """Return a body and its date; raises EntryFault where it has no such form, or its kind is not among those known.

    Where it is that, or a known kind with a field that is not, it is an UnknownEntry. With `skips` such fields are
    passed over instead.
    """
    found = _ENVELOPE(data)
    if found is not None and len(data) <= ENTRY_BYTES_MAX:
        head, name, at = found.groups()
        kind = kinds.get(str(name, "ascii")) if head[0] - 0x60 == len(name) else None
        match = None if kind is None else matcher(kind)
        body = None if match is None else match(data, found.end())
        if body is not None:
            return body, number(at)
    return _decode_body(data, kinds, skips=skips)


def _decode_body(data: bytes, kinds: Mapping[str, type[Body]], *, skips: bool = False) -> tuple[Body, Millis]:
    try:
        fields = decode(data)
    except CodecFault as fault:
        raise EntryFault(f"body: {fault}") from None
    if not (isinstance(fields, dict) and fields.keys() == {1, 2, 3}):
        raise EntryFault("a body is a map of kind, date and fields")
    name, at_ms, content = fields[1], fields[2], fields[3]
    if not (isinstance(name, str) and type(at_ms) is int and isinstance(content, dict)):
        raise EntryFault("a body is a map of kind, date and fields")
    if (kind := kinds.get(name)) is None:
        raise UnknownEntry(name)
    try:
        return from_map(kind, content, skips=skips), at_ms
    except ShapeFault as fault:
        if fault.reason == UNKNOWN:
            raise UnknownEntry(name) from None
        raise EntryFault(f"{name}: {fault}") from None
