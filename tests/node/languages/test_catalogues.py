# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever a node refuses, it says so in each of its languages, with the same figures."""

import json
from string import Formatter

import pytest

from node.http.problems import problem
from node.languages.__main__ import texts_wanted
from node.languages.catalogues import LANGUAGES_TOLD, catalogue_of, figures_in, language_accepted
from node.web.words import ERRAND_TEXT
from protocol.book.refusals import FORBIDDEN, LIMIT_EXCEEDED

TRANSLATED = [language for language in LANGUAGES_TOLD if language != "en"]


ERRAND_FIGURES = {"who", "figure", "count"}


def braced(text: str) -> list[str]:
    """Return the names in braces of a text."""
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_what_the_code_says_and_nothing_else(language: str) -> None:
    catalogue = catalogue_of(language)
    asked = {(context, english) for context, english in texts_wanted() if english}
    there = {(message.context, str(message.id)) for message in catalogue if message.id}
    assert (sorted(asked - there), sorted(there - asked)) == ([], []), "renew it: python -m node.languages"
    empty = [message.context for message in catalogue if message.id and not message.string]
    assert empty == [], f"{len(empty)} texts lack in {language}.po"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_text_has_the_figures_of_its_english_one(language: str) -> None:
    for message in catalogue_of(language):
        if message.id and message.string:
            told, known = braced(str(message.string)), braced(str(message.id))
            # What an errand says stands under its name, and may speak of any of an errand's figures.
            is_right = set(told) <= ERRAND_FIGURES if message.context == ERRAND_TEXT else told == known
            assert is_right, (language, message.context, message.id)
            assert str(message.id).endswith(".") == str(message.string).endswith("."), (language, message.context)


def test_a_refusal_is_told_in_the_language_that_is_read() -> None:
    figures = {"available": 72_50, "missing": 17_50, "limit": -100_00, "currency": "HORA"}
    told = {}
    for accepted in (None, "pt-BR,pt;q=0.9,en;q=0.8", "es", "fr-CA"):
        status, body = problem(LIMIT_EXCEEDED, figures, {"HORA": 2}.get, accepted)
        shown = json.loads(body)
        assert (status, shown["code"], shown["figures"]) == (LIMIT_EXCEEDED.status, "LIMIT_EXCEEDED", figures)
        told[accepted] = shown["heading"]
    assert told[None] == "17.50 HORA missing"
    assert told["pt-BR,pt;q=0.9,en;q=0.8"] == "Faltam 17,50 HORA"
    assert len(set(told.values())) == len(told)


def test_words_that_come_as_a_figure_are_told_in_it_too() -> None:
    assert figures_in("pt", {"allowed": "members", "balance": 5}) == {"allowed": "membros", "balance": 5}
    assert figures_in("pt", {"allowed": "ana"}) == {"allowed": "ana"}
    _, body = problem(FORBIDDEN, {"allowed": "members"}, lambda _: None, "pt")
    assert "members" not in json.loads(body)["heading"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("de, fr;q=0.5", "fr"),
        ("en;q=0.2, es;q=0.7", "es"),
        ("es, pt", "es"),
        ("es;q=0, pt;q=oh", "en"),
        ("*", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_the_language_is_the_one_accepted_best(accepted: str | None, language: str) -> None:
    assert language_accepted(accepted) == language
