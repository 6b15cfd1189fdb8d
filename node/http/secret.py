# SPDX-License-Identifier: AGPL-3.0-or-later
"""Secrets that open the API, and what is kept of them."""

from collections.abc import Callable
from dataclasses import is_dataclass, replace
from hashlib import sha256
from typing import Any, get_args

from node.http.components import hints_of
from node.http.values import bytes_text
from protocol.book.declaration import ToldOnce

TOKEN_PREFIX = "mt_"  # noqa: S105  # by which a leaked token is recognised, no secret
TOKEN_BYTES = 32


def new_token(chance: Callable[[int], bytes]) -> str:
    """Return a new secret that opens the API, 256 bits of chance."""
    return TOKEN_PREFIX + bytes_text(chance(TOKEN_BYTES))


def token_hash(token: str) -> bytes:
    """Return what is kept of a token: the SHA-256 of its text."""
    return sha256(token.encode()).digest()


def secrets_of(shown: Any) -> tuple[str, ...]:
    """Return the fields of what is shown that are told once and never stored."""
    if not is_dataclass(shown) or not isinstance(shown, type):
        return ()
    return tuple(name for name, hint in hints_of(shown).items() if ToldOnce in get_args(hint))


def without_secrets(shown: Any) -> Callable[[Any], Any]:
    """Return what makes of a result that which may be remembered: the same, its secrets null."""
    secrets = dict.fromkeys(secrets_of(shown))

    def keep(result: Any) -> Any:
        return replace(result, **secrets) if secrets and isinstance(result, shown) else result

    return keep


def is_told_once(shown: Any, wish: Any) -> bool:
    """Tell whether an answer holds a text that nobody is told again, and that its wish, of this type, did not say."""
    told = (getattr(shown, name) for name in secrets_of(type(shown)) if name not in hints_of(wish))
    return any(one and isinstance(one, str | tuple) for one in told)
