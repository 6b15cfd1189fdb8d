# SPDX-License-Identifier: AGPL-3.0-or-later
"""Words are folded alike, whether a text takes the short way or the long one."""

from itertools import groupby
from unicodedata import combining, normalize

import pytest
from hypothesis import given
from hypothesis.strategies import characters, text

from protocol.book.folding import _AS, MARKS_ON_LETTER_MAX, TextFault, composed, words_of

LETTERS = "aZ0 .-éÀñçœŒßŀĿ·ºª1̃\u034f\u0323\u05b0ẞıŁﬁ½Ωжあ"


def the_long_way(said: str) -> list[str]:
    plain = normalize("NFKD", normalize("NFC", said).casefold().translate(_AS)).casefold()
    bare = "".join(char for char in plain if not combining(char)).translate(_AS)
    return ["".join(run) for is_word, run in groupby(bare, str.isalnum) if is_word]


@given(text(LETTERS) | text(characters(exclude_categories=["Cs"])))
def test_the_short_way_leads_to_the_same_words(said: str) -> None:
    assert list(words_of(said)) == the_long_way(said)


@given(text(LETTERS + "\u0301\u0323", max_size=MARKS_ON_LETTER_MAX))
def test_texts_are_made_nfc(said: str) -> None:
    assert composed(said) == normalize("NFC", said)


def test_marks_that_would_take_long_to_sort_are_refused() -> None:
    marks = "\u0301\u0323" * (MARKS_ON_LETTER_MAX // 2)
    assert composed(f"a{marks}b{marks}") == normalize("NFC", f"a{marks}b{marks}")
    with pytest.raises(TextFault):
        composed(f"a{marks}\u0301")
    # Those that stand in order take no time: what is in NFC is NFC, however odd.
    assert composed(kept := "q" + "\u0323" * 100) == kept
