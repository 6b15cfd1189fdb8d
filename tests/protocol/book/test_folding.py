# SPDX-License-Identifier: AGPL-3.0-or-later
"""Words are folded alike, whether a text takes the short way or the long one."""

from itertools import groupby
from unicodedata import combining, normalize

from hypothesis import given
from hypothesis.strategies import characters, text

from protocol.book.folding import _AS, words_of

LETTERS = "aZ0 .-éÀñçœŒßŀĿ·ºª1̃\u034f\u0323\u05b0ẞıŁﬁ½Ωжあ"


def the_long_way(said: str) -> list[str]:
    plain = normalize("NFKD", normalize("NFC", said).casefold().translate(_AS)).casefold()
    bare = "".join(char for char in plain if not combining(char)).translate(_AS)
    return ["".join(run) for is_word, run in groupby(bare, str.isalnum) if is_word]


@given(text(LETTERS) | text(characters(exclude_categories=["Cs"])))
def test_the_short_way_leads_to_the_same_words(said: str) -> None:
    assert list(words_of(said)) == the_long_way(said)
