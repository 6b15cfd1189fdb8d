# SPDX-License-Identifier: AGPL-3.0-or-later
"""Idempotency keys: a request sent again with its key is answered again, not done again."""

import re
from hashlib import sha256

from node.http.problems import Denied
from protocol.book.declaration import Actor
from protocol.book.refusals import MALFORMED

KEY_CHARS_MAX = 255

_KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_CHARS_MAX}}}")


def check_key(key: str) -> None:
    """Raise Denied unless a client's key is 1 to 255 visible ASCII characters."""
    if not _KEY.fullmatch(key):
        raise Denied(
            MALFORMED,
            field="Idempotency-Key",
            expected=f"1 to {KEY_CHARS_MAX} visible ASCII characters",
        )


def scope_of(actor: Actor, key: str) -> bytes:
    """Return under what a key is remembered: who asks, whichever token they ask with, and the key."""
    return sha256(f"{actor.role}\0{actor.member or ''}\0{key}".encode()).digest()


def request_of(method: str, path: str, body: bytes, key: str) -> bytes:
    """Return the digest by which a reused key is found out.

    The key, which is kept nowhere, is a part of it: what is stored tells nobody who tries them out one by one whether
    a PIN was in the body.
    """
    return sha256(f"{method} {path}\0{key}\0".encode() + body).digest()
