# SPDX-License-Identifier: AGPL-3.0-or-later
"""The house: small files, each name defined once, and a contract for each wing."""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
HOUSE = ("node", "protocol", "crdt", "cli")
LINES_MAX = 400
LINES_MEDIAN_MAX = 150
REPLICA_LINES_MAX = 250

# What every practice has under one name: its declaration, and the functions that the declaration names.
OF_EACH_PRACTICE = {
    "PRACTICE", "PRACTICES", "GATE", "agenda", "check", "due", "fold", "hear", "hear_denied", "news", "owned", "posted",
    "proceed", "today", "unhear", "view_all", "view_one", "week",
}  # fmt: skip
# What every module may have under one name: its logger, and its variables of types.
OF_EACH_MODULE = {"log", "R", "T"}


def sources() -> list[Path]:
    return sorted(path for top in HOUSE for path in (ROOT / top).rglob("*.py"))


def lines_of(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def names_in(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the public top-level names that a module defines, each with whether it is a class."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        found: list[str] = []
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found = [node.name]
        elif isinstance(node, ast.Assign):
            found = [one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found = [node.target.id]
        yield from ((name, isinstance(node, ast.ClassDef)) for name in found if not name.startswith("_"))


def is_of_each_practice(name: str) -> bool:
    return name in OF_EACH_PRACTICE or name.startswith(("plan_",))


def twice() -> dict[str, set[str]]:
    """Return the names that several modules define, each with these."""
    places: dict[str, set[str]] = defaultdict(set)
    for path in sources():
        for name, _ in names_in(path):
            if not is_of_each_practice(name) and name not in OF_EACH_MODULE:
                places[name].add(str(path.relative_to(ROOT)))
    return {name: where for name, where in places.items() if len(where) > 1}


def test_no_file_is_long() -> None:
    long = {str(path.relative_to(ROOT)): lines for path in sources() if (lines := lines_of(path)) > LINES_MAX}
    assert long == {}, "split it by its subjects"


def test_half_of_all_files_are_short() -> None:
    assert median(lines_of(path) for path in sources()) <= LINES_MEDIAN_MAX


def test_the_replica_holds_no_rule_and_knows_no_practice() -> None:
    replica = ROOT / "protocol" / "replica.py"
    assert lines_of(replica) <= REPLICA_LINES_MAX
    assert "protocol.practices" not in replica.read_text(encoding="utf-8")


def test_a_name_is_defined_once() -> None:
    assert twice() == {}, "a name is defined once: call one of them otherwise"


def test_every_wing_of_practices_has_an_exhaustive_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    exhaustive = {place for one in contracts if one.get("exhaustive") for place in one["containers"]}
    wings = {path.parent.name for path in (ROOT / "protocol" / "practices").glob("*/__init__.py")}
    assert len(wings) >= 4
    assert {"protocol", "protocol.practices"} | {f"protocol.practices.{wing}" for wing in wings} <= exhaustive
