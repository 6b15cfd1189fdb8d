# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keys and signatures as other formats write them: multibase base58btc, and did:key for Ed25519."""

import base58

from protocol.wire.keys import PUBLIC_KEY_BYTES, is_acceptable_key

DID_CHARS_MAX = 64
_BASE58BTC = "z"
_DID_KEY = "did:key:"
_ED25519 = b"\xed\x01"
"""What multicodec puts before the public half of an Ed25519 key."""
_MULTIBASE_CHARS_MAX = 128
"""A signature takes 88 characters."""


def multibase(data: bytes) -> str:
    """Return bytes in multibase base58btc."""
    return _BASE58BTC + base58.b58encode(data).decode("ascii")


def from_multibase(text: str) -> bytes | None:
    """Return the bytes that a multibase base58btc text stands for; None for any other text."""
    if text[:1] != _BASE58BTC or len(text) > _MULTIBASE_CHARS_MAX or not text.isascii():
        return None
    try:
        return base58.b58decode(text[1:])
    except ValueError:
        return None


def did_of(key: bytes) -> str:
    """Return the did:key of an Ed25519 key."""
    return _DID_KEY + multibase(_ED25519 + key)


def method_of(key: bytes) -> str:
    """Return the verification method of a did:key: the key itself."""
    return f"{did_of(key)}#{multibase(_ED25519 + key)}"


def key_of_did(text: str) -> bytes | None:
    """Return the Ed25519 key that a did:key names; None for any other text."""
    if not text.startswith(_DID_KEY) or len(text) > DID_CHARS_MAX:
        return None
    data = from_multibase(text.removeprefix(_DID_KEY))
    if data is None or len(data) != len(_ED25519) + PUBLIC_KEY_BYTES or not data.startswith(_ED25519):
        return None
    key = data[len(_ED25519) :]
    return key if is_acceptable_key(key) and did_of(key) == text else None
