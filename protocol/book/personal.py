# SPDX-License-Identifier: AGPL-3.0-or-later
"""Texts: personal ones stay out of the lanes, which hold salted digests; public ones are bounded.

A salt makes the digest tell nothing once the text is erased.
"""

from typing import Annotated
from unicodedata import is_normalized

from protocol.book.declaration import Desk, Doc, TextRef
from protocol.book.refusals import MALFORMED, TEXT_NOT_NFC, Refused, refuse
from protocol.wire.keys import digest
from protocol.wire.shape import AtMost, PersonalText

SALT_BYTES = 16
NAME_CHARS_MAX = 100
NOTE_CHARS_MAX = 500
NAME_BYTES_MAX, NOTE_BYTES_MAX = 4 * NAME_CHARS_MAX, 4 * NOTE_CHARS_MAX
"""A character takes at most 4 bytes in UTF-8."""
UNIT_WORD_CHARS_MAX = 32
Note = Annotated[str | bytes, PersonalText(NOTE_CHARS_MAX)]
"""What something is for: a text between a client and its node, and its salted digest wherever it stays."""

Search = Annotated[
    str | None,
    AtMost(NAME_CHARS_MAX),
    Doc("only what all these words find, or beginnings of words, in any order; accents do not matter"),
]


def no_word_in(search: str) -> Refused | None:
    """Return why nothing can be searched for."""
    if any(map(str.isalnum, search)):
        return None
    return refuse(MALFORMED, field="search", expected="at least one letter or digit")


def text_digest(salt: bytes, text: str) -> bytes:
    """Return the digest by which an entry or a signed order names a personal text (its UTF-8 bytes)."""
    return digest("text", salt + text.encode())


def text_refusal(field: str, text: str | None, chars_max: int) -> Refused | None:
    """Return why a text cannot be kept: not in NFC, or too long; None stands for no text."""
    if text is None:
        return None
    if not is_normalized("NFC", text):
        return refuse(TEXT_NOT_NFC, field=field)
    if len(text) > chars_max:
        return refuse(MALFORMED, field=field, expected=f"at most {chars_max} characters")
    return None


def salted(desk: Desk, text: str | None) -> tuple[bytes | None, tuple[tuple[bytes, str], ...]]:
    """Return the digest for the entry, under a new salt, and the text for the erasable store."""
    if text is None:
        return None, ()
    named = text_digest(desk.chance(SALT_BYTES), text)
    return named, ((named, text),)


def digest_of(note: str | bytes | None) -> bytes | None:
    """Return the salted digest that stands in a wish, once it was heard, for a personal text."""
    assert not isinstance(note, str), "a wish that was heard holds no text"
    return note


def shown_text(named: bytes | None) -> TextRef | None:
    """Return a personal text as it is shown."""
    return None if named is None else TextRef(named)
