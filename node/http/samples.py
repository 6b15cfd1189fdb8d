# SPDX-License-Identifier: AGPL-3.0-or-later
"""Examples for the document: true ones, of a run; and wishes made from their types where no run has shown one.

The true ones are those of a group's first weeks, alone (tests/node/http/tried.py); what needs another network has none.
"""

import json
from collections.abc import Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from node.http.components import Components, hints_of, required_of
from node.http.schema import form
from node.http.signed import about_of
from protocol.book.declaration import KEY, Act, Create
from protocol.book.money import Amount
from protocol.book.signed import Signed

TRIED = Path(__file__).with_name("examples.json")

EXAMPLES: Mapping[str, Any] = {
    "account": "ana.HORA",
    "code": "HORA",
    "currency": "HORA",
    "handle": "ana",
    "label": "The shop's till",
    "member": "ana",
    "name": "Ana Souza",
    "note": "bread",
    "payee": "bia@serra",
    "payer": "ana",
    "role": "member",
    "scopes": ["payments:write", "accounts:read"],
    "unit_word": "hora",
}


@cache
def tried() -> Mapping[str, Mapping[str, Any]]:
    """Return what a run has asked and been answered, by operation: method, path, request, status, answer."""
    return json.loads(TRIED.read_bytes())


def example_of(kind: type[Any]) -> dict[str, Any]:
    """Return a wish as somebody might send it: what is required, and what is easily told."""
    required = required_of(kind)
    return {
        name: EXAMPLES.get(name) if name in EXAMPLES and not _is_amount(hint) else _example(hint)
        for name, hint in hints_of(kind).items()
        if name in required or name in EXAMPLES
    }


def example_of_signed(operation: Create | Act) -> dict[str, Any]:
    if operation.signed is KEY:
        return {"signed": example_of(Signed)}
    return {name: value for name, value in example_of(operation.wish).items() if name != about_of(operation)}


def _is_amount(hint: Any) -> bool:
    return Amount in (hint, *get_args(hint))


def _example(hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        described = form(hint).describe(Components(wished=True))
        if "format" in described and described["format"] == "date-time":
            return "2026-05-01T12:00:00Z"
        if "minLength" in described and described.get("contentEncoding"):
            return "A" * described["minLength"]
        return described.get("minimum", _example(arguments[0])) if arguments[0] is int else _example(arguments[0])
    if origin in (Union, UnionType):
        return _example(next(one for one in arguments if one is not NoneType))
    if origin is tuple:
        return [_example(arguments[0])]
    if hint is Amount:
        return {"value": "1250", "asset_code": "HORA", "asset_scale": 2}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint)).value
    plain: Mapping[Any, Any] = {str: "bread", int: 1, bool: True, bytes: "AAAA"}
    return plain[hint] if hint in plain else example_of(hint)
