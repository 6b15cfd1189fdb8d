# SPDX-License-Identifier: AGPL-3.0-or-later
"""Secrets that open the API, and what is kept of them."""

from collections.abc import Callable
from hashlib import sha256

from node.http.values import bytes_text

TOKEN_PREFIX = "mt_"  # noqa: S105  # by which a leaked token is recognised, no secret
TOKEN_BYTES = 32


def new_token(chance: Callable[[int], bytes]) -> str:
    """Return a new secret that opens the API, 256 bits of chance."""
    return TOKEN_PREFIX + bytes_text(chance(TOKEN_BYTES))


def token_hash(token: str) -> bytes:
    """Return what is kept of a token: the SHA-256 of its text."""
    return sha256(token.encode()).digest()
