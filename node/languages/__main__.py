# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bring the catalogues up to what the code says: new texts in it are empty, what is no more said is gone.

`python -m node.languages` writes them, for who has changed a text of a refusal; the rest is for who translates.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from node.http.components import hints_of
from node.http.problems import REASONS
from node.languages.catalogues import FIGURE, HERE, LANGUAGES_TOLD, catalogue_of, reason_parts
from node.web.fields import FormField, form_fields, lead_of
from node.web.words import ERRAND_TEXT, PAGE_HELP, PAGE_LABEL, PAGE_TEXT, PageWords, plain_label
from protocol.book.declaration import Act, OneOf, Operation, Show, operation_name
from protocol.book.parameters import TIME_ZONE
from protocol.practices import OPERATIONS

FIGURES_TOLD = ("allowed", "state")
"""Figures of refusals that are words for people."""
SENTENCE_PLACE = 2
"""Where an Errand has the name of its sentence."""
_SAID_IN_TEMPLATE = re.compile(r'\b_\("([^"]+)"')
_REFUSING = ("refuse", "Denied")
_HEADER = """# SPDX-License-Identifier: AGPL-3.0-or-later
# What people are told in this language. A text keeps the names in braces of its English one.
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""


def texts_wanted() -> Iterator[tuple[str, str]]:
    """Yield all that a catalogue has to have: its context, and its English."""
    for reason in REASONS.values():
        yield from reason_parts(reason)
    for word in sorted(figure_words(HERE.parent.parent)):
        yield FIGURE, word
    for sentence in sorted(page_sentences(HERE.parent / "web")):
        yield PAGE_TEXT, sentence
    for sentence in sorted(errand_sentences(HERE.parent.parent / "protocol")):
        yield ERRAND_TEXT, sentence
    for name in sorted(labels_of(OPERATIONS.values())):
        yield PAGE_LABEL, name
    for text in sorted(helps_of(OPERATIONS.values())):
        yield PAGE_HELP, text


def figure_words(root: Path) -> set[str]:
    """Return the words that the code gives refusals as figures, as they stand there."""
    found: set[str] = set()
    for package in ("protocol", "node"):
        for path in sorted((root / package).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(call, ast.Call) and getattr(call.func, "id", None) in _REFUSING:
                    found.update(_words_in(call))
    return found


def _words_in(call: ast.Call) -> Iterator[str]:
    for given in call.keywords:
        ways = (given.value.body, given.value.orelse) if isinstance(given.value, ast.IfExp) else (given.value,)
        for one in ways:
            if given.arg in FIGURES_TOLD and isinstance(one, ast.Constant) and isinstance(one.value, str):
                yield one.value


def page_sentences(folder: Path) -> set[str]:
    """Return what pages say, as templates and their code have it: in _("...") and say("...")."""
    found: set[str] = set()
    for path in sorted(folder.rglob("*.html")):
        found.update(_SAID_IN_TEMPLATE.findall(path.read_text("utf-8")))
    for path in sorted(folder.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", None) == "say":
                found.update(str(one.value) for one in call.args if isinstance(one, ast.Constant))
    return found


def errand_sentences(folder: Path) -> set[str]:
    """Return the names of the sentences that errands say."""
    found: set[str] = set()
    for path in sorted(folder.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", None) == "Errand":
                given = {one.arg: one.value for one in call.keywords}
                told = given.get("sentence", call.args[SENTENCE_PLACE] if len(call.args) > SENTENCE_PLACE else None)
                ways = (told.body, told.orelse) if isinstance(told, ast.IfExp) else (told,)
                found.update(str(one.value) for one in ways if isinstance(one, ast.Constant))
    return found


def labels_of(operations: Iterable[Operation]) -> set[str]:
    """Return the names of nouns, verbs, fields and states that pages show, as words; and verbs that have their own."""
    found: set[str] = {str(one.id) for one in catalogue_of("en") if one.context == PAGE_LABEL}
    seen: set[Any] = set()
    for one in operations:
        found |= {plain_label(one.noun), plain_label(operation_name(one).partition(".")[2])}
        for part in ("wish", "wanted", "shown", "item"):
            found |= _labels_in(getattr(one, part, None), seen)
    return found


def _labels_in(hint: Any, seen: set[Any]) -> set[str]:
    found: set[str] = set()
    for mark in getattr(hint, "__metadata__", ()):
        if isinstance(mark, OneOf):
            found |= set(map(plain_label, mark.words))
    for inner in get_args(hint):
        found |= _labels_in(inner, seen)
    if isinstance(hint, type) and hint not in seen:
        seen.add(hint)
        if issubclass(hint, Enum):
            found |= {plain_label(str(one.value)) for one in hint}
        elif is_dataclass(hint):
            for name, inner in hints_of(hint).items():
                found |= {plain_label(name)} | _labels_in(inner, seen)
    return found


def helps_of(operations: Iterable[Operation]) -> set[str]:
    """Return what stands over the forms, lists and records of operations and beside their fields, as pages show it."""
    words = PageWords("en", TIME_ZONE.default)
    found: set[str] = set()
    for one in operations:
        told_by_path = (one.about,) if isinstance(one, Act) else ()
        for part in ("wish", "wanted"):
            asked = getattr(one, part, None)
            if asked is not None:
                found.add(lead_of(asked))
                found.update(_said_in(form_fields(asked, words, (), leave=told_by_path)))
        if isinstance(one, Show):
            found.add(lead_of(one.shown))
    return found - {""}


def _said_in(fields: Iterable[FormField]) -> Iterator[str]:
    for one in fields:
        yield one.said
        yield from _said_in(one.parts)
        for row in one.rows[:1]:  # all are alike
            yield from _said_in(row)


def renewed(language: str) -> Catalog:
    """Return the catalogue of a language with all that the code says and nothing else."""
    old = catalogue_of(language)
    new = Catalog(locale=language)
    for context, english in texts_wanted():
        known = old.get(english, context) if english else None
        if english:
            new.add(english, string="" if known is None else known.string, context=context)
    return new


def write_catalogues() -> None:
    """Write the catalogues anew."""
    for language in LANGUAGES_TOLD:
        if language != "en":
            # Opened to be written, a catalogue is empty: what it says is read before.
            catalogue = renewed(language)
            with (HERE / f"{language}.po").open("wb") as file:
                file.write(_HEADER.format(language=language).encode())
                write_po(file, catalogue, width=0, omit_header=True)


if __name__ == "__main__":
    write_catalogues()
