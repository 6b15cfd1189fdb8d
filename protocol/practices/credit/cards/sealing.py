# SPDX-License-Identifier: AGPL-3.0-or-later
"""A card's key closed by a PIN, as it stands on printed cards: Argon2id (RFC 9106) and XSalsa20-Poly1305.

A PIN of a few digits holds up who finds the paper, and nobody who has an hour and a computer.
"""

from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox

PIN_SALT_BYTES = 16
SEAL_NONCE_BYTES = 24
SEALED_BYTES_MAX = 128


def seal_seed(seed: bytes, pin: str, salt: bytes, nonce: bytes) -> bytes:
    """Return a key's seed of 32 bytes closed by a PIN: salt, nonce and box, end to end."""
    return salt + bytes(SecretBox(_stretched(pin, salt)).encrypt(seed, nonce))


def open_seed(sealed: bytes, pin: str) -> bytes | None:
    """Return the seed that a PIN opens, None where it opens nothing."""
    try:
        return SecretBox(_stretched(pin, sealed[:PIN_SALT_BYTES])).decrypt(sealed[PIN_SALT_BYTES:])
    except (CryptoError, ValueError, TypeError):
        return None


def _stretched(pin: str, salt: bytes) -> bytes:
    return argon2id.kdf(
        SecretBox.KEY_SIZE,
        pin.encode(),
        salt,
        opslimit=argon2id.OPSLIMIT_INTERACTIVE,
        memlimit=argon2id.MEMLIMIT_INTERACTIVE,
    )
