# SPDX-License-Identifier: AGPL-3.0-or-later
"""Slips put into the code, one at a time: a reader's rule that accepts, or a computation that differs.

A function is compiled anew from its changed source, and takes the place of the old one everywhere, since only its code
is changed: whoever has hold of the function runs the slip. Caches are emptied before and after.
"""

import ast
import gc
import importlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from protocol.book.declaration import reasons_of
from protocol.practices import PRACTICES

ROOT = Path(__file__).parents[2]
PACKAGES = ("protocol", "crdt")
Definition = ast.FunctionDef
REASONS = frozenset(reasons_of(PRACTICES))


@dataclass(frozen=True, slots=True)
class Slip:
    """What is said of it, the function that it is put into, and its source with the slip."""

    name: str
    module: str
    function: str
    changed: str


@cache
def sources() -> dict[str, ast.Module]:
    """Return the modules of our rules, by name."""
    found: dict[str, ast.Module] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = ast.parse(path.read_text())
    return found


def functions(tree: ast.Module) -> Iterator[tuple[str, Definition]]:
    """Yield the functions of a module and the methods of its classes, by their names."""
    for one in tree.body:
        if isinstance(one, Definition):
            yield one.name, one
        elif isinstance(one, ast.ClassDef):
            for method in one.body:
                if isinstance(method, Definition):
                    yield f"{one.name}.{method.name}", method


def edited(name: str, old: str, new: str) -> Slip:
    """Return the slip by which one expression or statement of the code, told as it stands there, becomes another.

    It is found wherever it stands: once, in all rules.
    """
    found: list[Slip] = []
    for module, tree in sources().items():
        for function, definition in functions(tree):
            source = ast.unparse(definition)
            if old in source:
                found.append(Slip(name, module, function, source.replace(old, new)))
                assert source.count(old) == 1, f"{name}: {old!r} stands {source.count(old)} times in {function}"
    assert len(found) == 1, f"{name}: {old!r} stands in {[one.function for one in found]}"
    return found[0]


def accepting(ran: Iterable[CodeType]) -> Iterator[Slip]:
    """Yield a slip for each condition under which a function that ran refuses: it holds no more."""
    for module, function, definition in _those(ran):
        yield from _accepting(module, function, definition)


def bordering(ran: Iterable[CodeType]) -> Iterator[Slip]:
    """Yield a slip for each comparison of more and less in a function that ran: it is of the other strictness."""
    for module, function, definition in _those(ran):
        for number in range(len(_comparisons(definition))):
            copy = ast.parse(ast.unparse(definition)).body[0]
            node = _comparisons(copy)[number]
            told = f"{function}: {ast.unparse(node)}"
            node.ops = [_STRICTNESS.get(type(one), type(one))() for one in node.ops]
            yield Slip(told, module, function, ast.unparse(ast.fix_missing_locations(copy)))


_STRICTNESS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}


def _comparisons(definition: ast.AST) -> list[ast.Compare]:
    return [
        node
        for node in ast.walk(definition)
        if isinstance(node, ast.Compare) and any(type(one) in _STRICTNESS for one in node.ops)
    ]


def _those(ran: Iterable[CodeType]) -> Iterator[tuple[str, str, Definition]]:
    """Yield the functions that ran, with their modules."""
    wanted = {(code.co_filename, code.co_qualname) for code in ran}
    for module, tree in sources().items():
        path = str(Path(inspect.getsourcefile(importlib.import_module(module)) or "").resolve())
        for function, definition in functions(tree):
            if (path, function) in wanted:
                yield module, function, definition


def _accepting(module: str, function: str, definition: Definition) -> Iterator[Slip]:
    """Yield the slips of one function, each from a copy of it in which one condition is decided."""
    count = len(_places(definition))
    for number in range(count):
        copy = ast.parse(ast.unparse(definition)).body[0]
        node, decided = _places(copy)[number]
        told = f"{function}: {ast.unparse(node.test)} -> {_said(node)}"
        # What the condition finds, or names, it goes on finding.
        both = ast.Tuple([node.test, ast.Constant(decided)], ast.Load())
        node.test = ast.Subscript(both, ast.Constant(1), ast.Load())
        yield Slip(told, module, function, ast.unparse(ast.fix_missing_locations(copy)))


def _places(definition: ast.AST) -> list[tuple[ast.If | ast.IfExp, bool]]:
    """Return the conditions that decide on a refusal or a fault, each with the answer that brings none."""
    found: list[tuple[ast.If | ast.IfExp, bool]] = []
    for node in ast.walk(definition):
        if isinstance(node, ast.If) and _ends_badly(node.body[-1]):
            found.append((node, False))
        elif isinstance(node, ast.IfExp):
            if _refuses(node.body):
                found.append((node, False))
            elif _refuses(node.orelse):
                found.append((node, True))
    return found


def _ends_badly(last: ast.stmt) -> bool:
    return isinstance(last, ast.Raise) or (isinstance(last, ast.Return) and _refuses(last.value))


def _refuses(value: ast.AST | None) -> bool:
    """Tell whether an expression is a refusal: `refuse(...)`, or a reason itself."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id == "refuse"
    if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
        return value.value.id.endswith("Fault")
    return isinstance(value, ast.Name) and value.id in REASONS


def _said(node: ast.If | ast.IfExp) -> str:
    return ast.unparse(node.body[-1] if isinstance(node, ast.If) else node)


@contextmanager
def put_in(slip: Slip) -> Iterator[None]:
    """Run with a slip in the code."""
    function = _function(slip)
    namespace = dict(vars(importlib.import_module(slip.module)))
    tree = ast.parse(slip.changed)
    tree.body[0].decorator_list.clear()  # type: ignore[attr-defined]
    # As in the module, hints are not evaluated.
    exec(compile(tree, f"<{slip.name}>", "exec", flags=_ANNOTATIONS), namespace)  # noqa: S102 - our own source
    changed = namespace[slip.function.rpartition(".")[2]].__code__
    before = function.__code__
    empty_caches()
    function.__code__ = changed
    try:
        yield
    finally:
        function.__code__ = before
        empty_caches()


_ANNOTATIONS = 0x1000000
"""`from __future__ import annotations`, as a flag of compile."""


def _function(slip: Slip) -> FunctionType:
    found: Any = importlib.import_module(slip.module)
    for name in slip.function.split("."):
        found = inspect.getattr_static(found, name)
    if isinstance(found, property):
        found = found.fget
    if isinstance(found, classmethod | staticmethod):
        found = found.__func__
    found = inspect.unwrap(found)
    assert isinstance(found, FunctionType), slip
    return found


@cache
def _cached() -> tuple[Any, ...]:
    return tuple(one for one in gc.get_objects() if type(one) is type(_cached) and _is_ours(one))


def _is_ours(one: Any) -> bool:
    module = getattr(inspect.unwrap(one), "__module__", "") or ""
    return module.partition(".")[0] in PACKAGES and "_form" not in one.__name__ and one.__name__ not in _KEPT


_KEPT = ("_record", "_reader", "matcher", "_find", "_domain", "reader")
"""What is made of declarations alone."""


def empty_caches() -> None:
    """Forget what was computed under another code."""
    for one in _cached():
        one.cache_clear()


def ran_in(act: Callable[[], None]) -> set[CodeType]:
    """Return the code of all functions that ran."""
    import sys

    found: set[CodeType] = set()

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call":
            found.add(frame.f_code)

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return found
