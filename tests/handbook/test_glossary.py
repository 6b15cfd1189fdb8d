# SPDX-License-Identifier: AGPL-3.0-or-later
"""The glossary is what names are made of: a class has no word that it lacks, and no name a word that it rules out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOUSE = ("node", "protocol", "crdt", "cli")
PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")


def words_in(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def public_names() -> Iterator[tuple[str, bool]]:
    """Yield the public top-level names of all modules, each with whether it is a class."""
    for top in HOUSE:
        for path in sorted((ROOT / top).rglob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    yield node.name, True
                elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield node.name, False
                elif isinstance(node, ast.Assign):
                    yield from ((one.id, False) for one in node.targets if isinstance(one, ast.Name))


def notions() -> list[list[str]]:
    """Return the rows of the table of notions: use, for, not, and what groups say."""
    lines = PAGE.partition("| Use |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def known_words() -> set[str]:
    table = {word for row in notions() for word in re.findall(r"[a-z]+", row[0] + " " + row[1])}
    forms = PAGE.partition("## Forms")[2].partition("## Words beside them")
    return table | {word.lower() for word in re.findall(r"[A-Za-z]+", forms[0] + forms[2])}


def ruled_out() -> set[str]:
    return {word for row in notions() for word in re.findall(r"[a-z]+", row[2])}


def is_one_of(word: str, known: set[str]) -> bool:
    """Tell whether a word is known, in the singular or the plural."""
    forms = {word, word.removesuffix("s"), word.removesuffix("es"), f"{word}s"}
    if word.endswith("ies"):
        forms.add(f"{word[:-3]}y")
    return bool(forms & known)


def test_every_name_of_a_class_is_made_of_the_words_of_the_glossary() -> None:
    known = known_words()
    strange = {
        name: lacking
        for name, is_class in public_names()
        if is_class and not name.startswith("_")
        if (lacking := [word for word in words_in(name) if not is_one_of(word, known)])
    }
    assert strange == {}, "use a word of docs/glossary.md, or give it a row there"


def test_no_public_name_has_a_word_that_the_glossary_rules_out() -> None:
    wrong = sorted(
        {
            name
            for name, _ in public_names()
            if not name.startswith("_") and any(is_one_of(word, ruled_out()) for word in words_in(name))
        }
    )
    assert wrong == [], "docs/glossary.md says what to use in its place"


def test_every_notion_has_a_row_of_its_own() -> None:
    rows = notions()
    assert len(rows) > 30
    assert all(len(row) == 4 and row[0] and row[1] for row in rows)


def test_no_word_is_listed_twice() -> None:
    beside = PAGE.partition("## Words beside them")[2].partition("\n\n")[2].partition("\n\n")[2]
    words = re.findall(r"[a-z0-9]+", beside)
    table = {word for row in notions() for word in re.findall(r"[a-z]+", row[0] + " " + row[1])}
    assert words == sorted(set(words))
    assert not set(words) & table, "it stands above"
