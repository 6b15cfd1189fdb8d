# SPDX-License-Identifier: AGPL-3.0-or-later
"""docs/lifecycles.md draws each lifecycle as its practice declares it, and every entry in it is one of a practice.

`PYTHONPATH=.:tests python -m handbook.test_lifecycles` draws the diagrams of the page anew.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from protocol.book.lifecycle import HOUR, Lifecycle
from protocol.practices import PRACTICES

PAGE = Path(__file__).parents[2] / "docs" / "lifecycles.md"
LIVES: dict[str, Lifecycle[StrEnum]] = {life.name: life for practice in PRACTICES for life in practice.lives}
KINDS = {kind.KIND for practice in PRACTICES for kind in practice.entries}
_DRAWN = re.compile(r"(?<=^## )([a-z-]+)\n(.*?)```mermaid\n(.*?)```\n", re.MULTILINE | re.DOTALL)


def drawn(life: Lifecycle[StrEnum]) -> str:
    """Return the diagram of a lifecycle: an arrow for each pair of states, with the entries that lead along it."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for before, kind in life.leads:
        for after in life.ends(before, kind):
            arrows.setdefault(("[*]" if before is None else before.value, after.value), []).append(kind)
    lines = [f"{before} --> {after}: {', '.join(kinds)}" for (before, after), kinds in arrows.items()]
    lines += [f"{state.value} --> [*]" for state in life.states if life.is_final(state)]
    return "".join(f"{line}\n" for line in ("stateDiagram-v2", *(f"    {line}" for line in lines)))


def anew(page: str) -> str:
    """Return the page with its diagrams drawn anew."""
    return _DRAWN.sub(lambda found: f"{found[1]}\n{found[2]}```mermaid\n{drawn(LIVES[found[1]])}```\n", page)


def test_the_page_draws_what_the_practices_declare() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [found[1] for found in _DRAWN.finditer(page)] == list(LIVES)
    assert anew(page) == page


def test_each_lifecycle_has_a_name_of_its_own() -> None:
    assert len(LIVES) == sum(len(practice.lives) for practice in PRACTICES) >= 7


def test_only_what_a_practice_writes_leads_on_and_every_state_is_reached() -> None:
    for life in LIVES.values():
        assert {kind for _, kind in life.leads} <= {*KINDS, HOUR}, life.name
        reached = {after for before, kind in life.leads for after in life.ends(before, kind) if after is not before}
        assert reached == set(life.states), life.name
        assert {before for before, _ in life.leads if before is not None} <= reached, life.name


def test_what_is_final_is_so() -> None:
    finals: Iterator[tuple[str, set[str]]] = (
        (name, {state.value for state in life.states if life.is_final(state)}) for name, life in LIVES.items()
    )
    ends = {"members": set[str](), "certifications": set[str]()}
    assert {name: found for name, found in finals if not found} == ends, (
        "who has left may come back, and who is refused appeal"
    )


if __name__ == "__main__":
    PAGE.write_text(anew(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
