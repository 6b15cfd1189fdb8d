# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which reasons an operation can be refused for: those that its plan and all that it calls may give.

They are read off the compiled functions, so that the document follows the rules without being told twice: a function's
globals, and of methods those that may refuse. A reason too many may stand there: who calls a function gets all of its.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from inspect import isclass, isfunction, signature
from types import CodeType, ModuleType
from typing import Any

from protocol.book import wishes
from protocol.book.declaration import Act, Create, Operation, Slot, Waiting, reasons_of
from protocol.book.gates import gate_of
from protocol.book.refusals import BEHIND, FORBIDDEN, OVERLOADED, READ_ONLY, RECOVERING, SUCCEEDED, Reason
from protocol.book.rehearsal import rehearse
from protocol.practices import PRACTICES, between

_OURS = "protocol."
STANDING = (RECOVERING, BEHIND, SUCCEEDED, READ_ONLY, OVERLOADED)
"""What any wish can be told, whatever it is."""


def reasons_for(operation: Operation) -> frozenset[Reason]:
    """Return why the rules may refuse an operation, besides what the door itself refuses."""
    found: set[Reason] = {FORBIDDEN, OVERLOADED}
    if isinstance(operation, Create | Act):
        found |= set(STANDING)
        begun: list[Any] = [operation.plan, operation.form, *_vetoes()]
        if operation.signed is not None:
            begun.append(wishes.plan)
        if operation.gate is not None:
            begun += [gate_of, operation.gate, *(one.moves for one in PRACTICES)]
    else:
        begun = [getattr(operation, "view", None), getattr(operation, "rows", None)]
    seen: set[Any] = set()
    while begun:
        one = begun.pop()
        if one is None or one in seen:
            continue
        seen.add(one)
        if isinstance(one, Reason):
            found.add(one)
        elif one is Waiting:  # the answer of another network may refuse too, after the plan
            found |= {reason for practice in between.PRACTICES for reason in practice.refusals}
        elif one is rehearse:  # a motion may wish for anything
            found |= set(reasons_of(PRACTICES).values())
        elif isinstance(one, Slot):
            begun += [fill.filling for practice in PRACTICES for fill in practice.fills if fill.slot is one]
        else:
            begun += _named(one)
    return frozenset(found)


@cache
def _named(one: Any) -> tuple[Any, ...]:
    """Return what a function of ours names that may refuse, or leads to what may."""
    while isinstance(one, partial):
        one = one.func
    one = getattr(one, "__wrapped__", one)
    if not isfunction(one) or not one.__module__.startswith(_OURS):
        return ()
    found: list[Any] = [cell.cell_contents for cell in one.__closure__ or () if isfunction(cell.cell_contents)]
    for name in _names(one.__code__):
        known = one.__globals__.get(name)
        if isfunction(known) or isinstance(known, Reason | Slot) or known is Waiting:
            found.append(known)
        elif isinstance(known, Mapping):  # a table of reasons, by the state in which each is told
            found += [one for one in known.values() if isinstance(one, Reason)]
        found += _refusing().get(name, ())
    return tuple(found)


def _names(code: CodeType) -> Iterator[str]:
    """Yield what a function and those within it name."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


@cache
def _refusing() -> Mapping[str, tuple[Any, ...]]:
    """Return the methods of ours that may refuse, by name."""
    found: dict[str, tuple[Any, ...]] = {}
    for module in _modules():
        for kind in [one for one in vars(module).values() if isclass(one) and one.__module__ == module.__name__]:
            for name, method in vars(kind).items():
                if isfunction(method) and "Refused" in str(signature(method).return_annotation):
                    found[name] = (*found.get(name, ()), method)
    return found


def _modules() -> list[ModuleType]:
    """Return the modules that practices use; what else this process has loaded, such as a kiosk's own, is left out."""
    met: dict[str, ModuleType] = {}
    seen: set[int] = set()
    waiting: list[Any] = [PRACTICES]
    while waiting:
        one = waiting.pop()
        name = getattr(one, "__module__", None) or ""
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, tuple | frozenset):
            waiting += one
        elif isinstance(one, Mapping):
            waiting += one.values()
        elif is_dataclass(one) and not isclass(one):
            waiting += [getattr(one, part.name) for part in fields(one)]
        if name.startswith(_OURS) and name not in met:
            met[name] = sys.modules[name]
            waiting += vars(met[name]).values()
    return [met[name] for name in sorted(met)]


@cache
def _vetoes() -> tuple[Any, ...]:
    """Return what practices have against entries of others."""
    return tuple(veto for practice in PRACTICES for veto in practice.before.values())
