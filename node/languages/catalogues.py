# SPDX-License-Identifier: AGPL-3.0-or-later
"""Catalogues of languages: gettext's own files (.po), read as they are, so that a translator changes one and sees it.

Each text of a refusal stands under its code and part ("LIMIT_EXCEEDED heading"), and words that a refusal brings as a
figure ("members, each for itself") under FIGURE. What a catalogue lacks is told in English.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol

from protocol.book.reason import Reason, Texts

LANGUAGES_TOLD = ("en", "es", "fr", "pt")
FIGURE = "figure"
"""The context of words that come as a figure of a refusal."""
ACCEPTED_CHARS_MAX = 200
"""Of an Accept-Language header so much is read."""

HERE = Path(__file__).parent


@cache
def catalogue_of(language: str) -> Catalog:
    """Return the catalogue of a language; an empty one for English, which stands in the code."""
    path = HERE / f"{language}.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def reason_parts(reason: Reason) -> Iterator[tuple[str, str]]:
    """Yield the parts of a refusal's texts, each with its context in a catalogue and its English."""
    yield f"{reason.code} title", reason.title
    yield f"{reason.code} heading", reason.heading
    yield f"{reason.code} sentence", reason.sentence
    for number, way in enumerate(reason.ways, 1):
        yield f"{reason.code} way {number}", way


def texts_of(reason: Reason, language: str) -> Texts:
    """Return what people are told of a refusal in a language; what that lacks in English."""
    if language == "en":
        return reason.texts
    title, heading, sentence, *ways = (wording(language, english, where) for where, english in reason_parts(reason))
    return Texts(title, heading, sentence, tuple(ways))


def figures_in(language: str, figures: Mapping[str, int | str]) -> Mapping[str, int | str]:
    """Return the figures of a refusal with those that are words in a language."""
    return {name: wording(language, one, FIGURE) if isinstance(one, str) else one for name, one in figures.items()}


def decimal_mark(language: str) -> str:
    """Return what stands before decimals in a language (CLDR)."""
    return get_decimal_symbol(language)


def wording(language: str, english: str, context: str) -> str:
    """Return what stands for an English text in a language; the text itself where the catalogue lacks it."""
    message = catalogue_of(language).get(english, context) if english else None
    return str(message.string) if message is not None and message.string else english


def language_accepted(accepted: str | None, otherwise: str = "en") -> str:
    """Return the language to answer in, by an Accept-Language header: the best one that there is, or another."""
    best, wanted = otherwise, 0.0
    for number, one in enumerate((accepted or "")[:ACCEPTED_CHARS_MAX].split(",")):
        name, _, weight = one.partition(";")
        language = name.strip().lower().partition("-")[0]
        worth = _weight(weight.strip()) - number / 1_000_000  # of two that are worth the same the first
        if language in LANGUAGES_TOLD and worth > wanted:
            best, wanted = language, worth
    return best


def _weight(text: str) -> float:
    """Return how much a language is wanted, from 0 to 1 (RFC 9110, section 12.4.2)."""
    if not text:
        return 1.0
    try:
        weight = float(text.removeprefix("q="))
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
