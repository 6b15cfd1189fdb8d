# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bitstring Status List 1.0: one bit for each label, the first index the highest bit of the first byte."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable

LIST_BITS = 131_072
"""The least that the standard allows, so that an index tells little of a small issuer."""
LIST_BYTES_MAX = 2**20
"""What a list of others may hold at most once it is unpacked."""
PACKED_CHARS_MAX = 2**21
_GZIP = 16 + zlib.MAX_WBITS
_MULTIBASE = "u"


def packed_list(indices: Iterable[int]) -> bytes:
    """Return a list of LIST_BITS bits in which these are set, in gzip."""
    bits = bytearray(LIST_BITS // 8)
    for index in indices:
        bits[index // 8] |= 0x80 >> index % 8
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    return packer.compress(bytes(bits)) + packer.flush()


def unpacked(data: bytes) -> bytes | None:
    """Return the bits of a list; None for what is no gzip, too short for the standard, or too long."""
    reader = zlib.decompressobj(_GZIP)
    try:
        bits = reader.decompress(data, LIST_BYTES_MAX + 1)
    except zlib.error:
        return None
    whole = reader.eof and not reader.unused_data
    return bits if whole and LIST_BITS // 8 <= len(bits) <= LIST_BYTES_MAX else None


def encoded_list(data: bytes) -> str:
    """Return gzip bytes as they stand in a credential: multibase base64url without padding."""
    return _MULTIBASE + urlsafe_b64encode(data).decode("ascii").rstrip("=")


def decoded_list(text: str) -> bytes | None:
    """Return the bits that stand so in a credential; None where they cannot be read."""
    if not text.startswith(_MULTIBASE) or len(text) > PACKED_CHARS_MAX or not text.isascii():
        return None
    coded = text.removeprefix(_MULTIBASE)
    if set(coded) - _ALPHABET:
        return None
    try:
        return unpacked(urlsafe_b64decode(coded + "=" * (-len(coded) % 4)))
    except ValueError:
        return None


def is_set(bits: bytes, index: int) -> bool:
    """Tell whether a bit is set; raises IndexError beyond the list's end."""
    return bool(bits[index // 8] & 0x80 >> index % 8)


_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
