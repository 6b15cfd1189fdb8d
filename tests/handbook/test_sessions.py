# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every command of the handbook, typed again: what the pages show is what people are told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from handbook.terminal import Differs, Terminal

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()


@pytest.mark.timeout(240)
def test_the_pages_tell_what_happens(terminal: Terminal) -> None:
    """The API's page and the operator's go on where the first hour ends."""
    for page in ("start.md", "api.md", "operating.md"):
        terminal.play(DOCS / page)


def test_a_page_that_tells_something_else_is_found_out(terminal: Terminal, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for told, fits in (
        ("$ echo one\none\n", True),
        ("$ echo one\ntwo\n", False),
        ("$ echo one\n", False),
        ("$ echo one\none\ntwo\n", False),
        ("$ printf 'one\\ntwo\\nthree\\n'\n...\nthree\n", True),
        ("$ printf 'one\\ntwo\\nthree\\n'\none\n...\n", True),
        ("$ printf 'one\\ntwo\\nthree\\n'\n...\ntwo\n", False),
        ("$ printf 'one\\ntwo\\nthree\\n'\n...\nfour\n", False),
        ("$ echo ABCD-EFGH-IJKL-MNOP\nABCD-EFGH-IJKL-MNOQ\n", True),
        ("$ echo AAAA-AAAA-AAAA-AAAA BBBB-BBBB-BBBB-BBBB\nCCCC-CCCC-CCCC-CCCC CCCC-CCCC-CCCC-CCCC\n", False),
        ("$ echo at 2026-11-24T00:00:00Z\nat 2027-01-01T00:00:00Z\n", True),
        ("$ export WORD=one\n$ echo $WORD\none\n", True),
    ):
        page.write_text(f"```console\n{told}```\n")
        if fits:
            terminal.play(page)
        else:
            with pytest.raises(Differs):
                terminal.play(page)
