# SPDX-License-Identifier: AGPL-3.0-or-later
"""Texts as they are kept, in NFC, and words as they are compared: without accents, so that «acucar» finds «Açúcar»."""

import re
from collections.abc import Sequence
from itertools import groupby
from unicodedata import combining, is_normalized, normalize

MARKS_ON_LETTER_MAX = 30
"""As in the Stream-Safe Text Format of Unicode (UAX #15); no language writes more than a few."""

_AS = str.maketrans(
    {
        "œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "þ": "th",
        "º": None, "ª": None,  # 1º is 1
        "·": None, "‧": None, "•": None,  # col·lectiu is collectiu, however its dot is typed
    }
)  # fmt: skip
"""What has no accent that could be taken off, and is typed in another way all the same."""


_PLAIN_WORD = re.compile(r"[a-z0-9]+")
_ACCENTS = re.compile("[\u0300-\u034e\u0350-\u036f]")


class TextFault(ValueError):
    """More marks stand on one letter than anybody writes."""


def composed(text: str) -> str:
    """Return a text in NFC: é may be typed as two characters. Raises TextFault.

    To put marks in their order takes the square of how many stand on one letter: seconds for 64 KiB of them.
    """
    if is_normalized("NFC", text):
        return text
    marks = 0
    for char in text:
        marks = marks + 1 if combining(char) else 0
        if marks > MARKS_ON_LETTER_MAX:
            raise TextFault
    return normalize("NFC", text)


def words_of(text: str) -> Sequence[str]:
    """Return the words of a text, folded; a word is a run of letters and digits."""
    if text.isascii():
        return _PLAIN_WORD.findall(text.lower())
    # Once more after the accents have gone: ŀ comes apart only then.
    plain = normalize("NFKD", normalize("NFC", text).casefold().translate(_AS)).casefold()
    bare = _ACCENTS.sub("", plain)
    if bare.isascii():
        return _PLAIN_WORD.findall(bare)
    bare = "".join(char for char in bare if not combining(char)).translate(_AS)
    return ["".join(run) for is_word, run in groupby(bare, str.isalnum) if is_word]


def folded(text: str | None) -> str:
    """Return a text as the index holds it: its folded words, a space between them."""
    return "" if text is None else " ".join(words_of(text))
