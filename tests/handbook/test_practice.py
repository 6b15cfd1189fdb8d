# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page "write a practice": what it says, done in a copy of the tree, adds a practice that works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "write-a-practice.md"
LINES_MAX = 150
WING = "protocol/practices/people/__init__.py"


def rooms() -> dict[str, str]:
    """Return the files that the page writes, each with all its blocks in order."""
    found: dict[str, str] = {}
    for path, text in re.findall(r"```python (\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL):
        found[path] = f"{found[path]}\n\n{text}" if path in found else text
    return found


def test_the_page_adds_a_practice_from_nothing(tmp_path: Path) -> None:
    page = PAGE.read_text()
    assert len(page.splitlines()) <= LINES_MAX
    for folder in ("crdt", "protocol", "node", "cli", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    written = rooms()
    assert len(written) == 2
    for path, text in written.items():
        assert not (ROOT / path).exists(), "it is not there yet"
        (tmp_path / path).write_text(text)
    [line] = re.findall(r"^ {4}(thanks\.PRACTICE,)$", page, re.MULTILINE)
    wing = (tmp_path / WING).read_text()
    declared = "\nPRACTICES: tuple[Practice, ...] = (\n"
    assert declared in wing
    wing = wing.replace(declared, f"from protocol.practices.people import thanks\n{declared}    {line}\n")
    (tmp_path / WING).write_text(wing)

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout

    test = next(path for path in written if path.startswith("tests/"))
    assert "1 passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", test)
    told = run("-m", "cli", "thanks", "create", "--help")
    assert "Thank a member." in told and "--receiver TEXT" in told
    assert '"/v1/thanks"' in run("-m", "node.http")
    run("-m", "ruff", "check", "--no-cache", *written)
    run("-m", "ruff", "format", "--no-cache", "--check", *written)
