# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures are read as people type them, and written as their language does."""

from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from node.languages.catalogues import LANGUAGES_TOLD
from node.web.numerals import read_numeral
from node.web.words import LOCALES, MINUS, PageWords
from protocol.book.money import Amount
from protocol.book.timezones import known_zone

UTC = known_zone("Etc/UTC")


@pytest.mark.parametrize(
    ("text", "mark", "read"),
    [
        ("12,50", ",", (1250, 2)),
        ("12.50", ",", (1250, 2)),
        ("12,50", ".", (1250, 2)),
        ("1.204,25", ",", (120425, 2)),
        ("1,204.25", ".", (120425, 2)),
        ("1 204,25", ",", (120425, 2)),
        ("1.000", ",", (1000, 0)),
        ("1.000", ".", (1000, 3)),
        ("1,000", ".", (1000, 0)),
        ("1.000.000", ",", (1_000_000, 0)),
        ("−2,5", ",", (-25, 1)),
        ("7", ",", (7, 0)),
        ("12,5O", ",", None),
        ("1.2.3", ",", None),
        ("1,2,3.4", ".", (1234, 1)),
        ("1.204,25,1", ",", None),
        ("", ",", None),
        (",5", ",", None),
        ("٣", ",", None),
        ("1" * 20, ",", None),
    ],
)
def test_a_figure_is_read_by_the_habits_of_its_language(text: str, mark: str, read: tuple[int, int] | None) -> None:
    assert read_numeral(text, mark) == read


@given(st.integers(-(10**15), 10**15), st.integers(0, 4), st.sampled_from(LANGUAGES_TOLD))
def test_what_is_written_is_read_as_it_was(value: int, scale: int, language: str) -> None:
    assert UTC is not None
    words = PageWords(language, UTC)
    read = read_numeral(words.amount(Amount(value, "HORA", scale)), words.decimal_mark)
    assert read is not None
    assert Decimal(read[0]).scaleb(-read[1]) == Decimal(value).scaleb(-scale)


@pytest.mark.parametrize("language", LANGUAGES_TOLD)
def test_amounts_are_written_as_cldr_says(language: str) -> None:
    assert UTC is not None
    told = PageWords(language, UTC).amount(Amount(-123_456_789, "HORA", 2))
    assert told == format_decimal(Decimal("-1234567.89"), locale=LOCALES[language]).replace("-", MINUS)
