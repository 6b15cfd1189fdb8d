# SPDX-License-Identifier: AGPL-3.0-or-later
"""Texts: personal ones stay out of the lanes, which hold salted digests; public ones are bounded.

A salt makes the digest tell nothing once the text is erased.
"""

from unicodedata import is_normalized

from protocol.book.declaration import Desk, TextRef
from protocol.book.refusals import Refused, Rejection, refuse
from protocol.wire.keys import digest

SALT_BYTES = 16
NAME_CHARS_MAX = 100
NOTE_CHARS_MAX = 500
NAME_BYTES_MAX, NOTE_BYTES_MAX = 4 * NAME_CHARS_MAX, 4 * NOTE_CHARS_MAX
"""A character takes at most 4 bytes in UTF-8."""
UNIT_WORD_CHARS_MAX = 32


def text_digest(salt: bytes, text: str) -> bytes:
    """Return the digest by which an entry or a signed order names a personal text (its UTF-8 bytes)."""
    return digest("text", salt + text.encode())


def text_refusal(field: str, text: str | None, chars_max: int) -> Refused | None:
    """Return why a text cannot be kept: not in NFC, or too long; None stands for no text."""
    if text is None:
        return None
    if not is_normalized("NFC", text):
        return refuse(Rejection.TEXT_NOT_NFC, field=field)
    if len(text) > chars_max:
        return refuse(Rejection.MALFORMED, field=field, expected=f"at most {chars_max} characters")
    return None


def salted(desk: Desk, text: str | None) -> tuple[bytes | None, tuple[tuple[bytes, str], ...]]:
    """Return the digest for the entry, under a new salt, and the text for the erasable store."""
    if text is None:
        return None, ()
    named = text_digest(desk.chance(SALT_BYTES), text)
    return named, ((named, text),)


def note_texts(named: bytes | None, text: str | None, salt: bytes | None) -> tuple[tuple[bytes, str], ...] | Refused:
    """Return, for the erasable store, the text that a signed order names by its salted digest.

    Without a text there is nothing to keep; a text that the order does not name is ORDER_MISMATCH.
    """
    if text is None:
        return ()
    if named is None or salt is None or text_digest(salt, text) != named:
        return refuse(Rejection.ORDER_MISMATCH, field="note")
    return ((named, text),)


def shown_text(named: bytes | None) -> TextRef | None:
    """Return a personal text as it is shown."""
    return None if named is None else TextRef(named)
