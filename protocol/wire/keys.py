# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ed25519 signatures (RFC 8032) and SHA-256 digests, each bound to the kind of thing it speaks of.

What is signed or hashed is "mutirao/v1/<kind>", a zero byte, then the data: a signature on an order
can never pass for one on an entry.
"""

from base64 import b32decode, b32encode
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from re import fullmatch

from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import BadSignatureError

SEED_BYTES = 32
PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
HASH_BYTES = 32
ID_CHARS = 52


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key that signs; two are equal if their public halves are, and its text never shows the secret."""

    public: bytes
    _secret: bytes = field(repr=False, compare=False)

    @classmethod
    def from_seed(cls, seed: bytes) -> "KeyPair":
        """Return the key pair of a 32-byte seed (RFC 8032 5.1.5); raise ValueError for another length."""
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes")
        return cls(*crypto_sign_seed_keypair(seed))

    def sign(self, kind: str, data: bytes) -> bytes:
        """Return the signature of data of a kind."""
        return self.sign_bare(_domain(kind) + data)

    def sign_bare(self, message: bytes) -> bytes:
        """Return the signature of a message without a kind, as other formats sign; never of what a peer chooses."""
        return crypto_sign(message, self._secret)[:SIGNATURE_BYTES]


def sign(key: KeyPair | bytes, kind: str, data: bytes) -> bytes:
    """Return the signature of data of a kind by a key pair or a seed (a seed takes twice as long)."""
    return (KeyPair.from_seed(key) if isinstance(key, bytes) else key).sign(kind, data)


def verify(public: bytes, kind: str, data: bytes, signature: bytes) -> bool:
    """Return whether the signature is this key's on data of this kind; key and signature of any length."""
    return verify_bare(public, _domain(kind) + data, signature)


def verify_bare(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether the signature is this key's on a message without a kind, as other formats sign."""
    # libsodium reads 32 and 64 bytes, whatever it is given.
    if len(public) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, public)
    except BadSignatureError:
        return False
    return True


def is_acceptable_key(public: bytes) -> bool:
    """Return whether a key may be registered: a canonical point of the main subgroup, not of small order."""
    return len(public) == PUBLIC_KEY_BYTES and crypto_core_ed25519_is_valid_point(public)


def digest(kind: str, data: bytes) -> bytes:
    """Return the SHA-256 of data of a kind, 32 bytes."""
    return sha256(_domain(kind) + data).digest()


@lru_cache(maxsize=4_096)
def id_text(raw: bytes) -> str:
    """Return a 32-byte id of a network or link as people see it: 52 characters of lower-case base32."""
    if len(raw) != HASH_BYTES:
        raise ValueError(f"an id has {HASH_BYTES} bytes")
    return b32encode(raw).decode("ascii").rstrip("=").lower()


def parse_id(text: str) -> bytes | None:
    """Return the id that id_text writes as exactly this text; None for any other."""
    if len(text) != ID_CHARS or not fullmatch("[a-z2-7]*", text):
        return None
    raw = b32decode(text.upper() + "====")
    # The last character carries one bit: sixteen of its values would write the same id.
    return raw if id_text(raw) == text else None


@lru_cache(maxsize=256)
def _domain(kind: str) -> bytes:
    """Return what stands before data of a kind; a kind is a word of the program, never of a peer."""
    if not fullmatch("[a-z0-9][a-z0-9/_-]*", kind):
        raise ValueError("a kind is lower-case words joined by - _ or /")
    return b"mutirao/v1/" + kind.encode("ascii") + b"\0"
