# SPDX-License-Identifier: AGPL-3.0-or-later
"""Personal texts in what is shown: the book knows their digests, the private store may know the words.

An answer that is remembered must not hold what may have to be erased: it has marks in the places of the texts, and they
are filled in when it is told again.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, get_args, get_type_hints

from protocol.book.declaration import TextRef
from protocol.book.private import PrivateItem

_WITHOUT_TEXTS = (str, bytes, int, float, Enum, NoneType)


def digests(shown: object) -> Iterator[bytes]:
    """Yield the hash of each text that something shown refers to, however deep inside."""
    if isinstance(shown, TextRef):
        yield shown.digest
    elif isinstance(shown, (tuple, list)):
        for item in shown:
            yield from digests(item)
    elif isinstance(shown, Mapping):
        yield from digests(tuple(shown.values()))
    else:
        for name in _carriers(type(shown)):
            yield from digests(getattr(shown, name))


def with_texts(shown: Any, items: Mapping[bytes, PrivateItem]) -> Any:
    """Return the same with each reference replaced by its text, or by None where it was erased or is not to be read."""
    return _replaced(shown, lambda reference: _text(items.get(reference.digest), reference))


def marked(shown: Any, scope: bytes) -> Any:
    """Return the same with a mark in the place of each reference.

    A mark begins with a control character, which no member can write, and with what nobody else knows: the scope of the
    answer (SHA-256 of who asked with which key).
    """
    return _replaced(shown, lambda reference: _mark(reference, scope))


async def filled(
    body: bytes, scope: bytes, items: Callable[[set[bytes]], Awaitable[Mapping[bytes, PrivateItem]]]
) -> bytes:
    """Return a JSON body with the texts that are still kept in the places of their marks, and null for the others."""
    marks = re.compile(rf'"\\u0001{scope.hex()}\|([0-9a-f]{{64}})\|([^"|]*)\|([^"|]*)"'.encode())
    references = [_reference(found) for found in marks.finditer(body)]
    if not references:
        return body
    kept = await items({reference.digest for reference in references})

    def fill(found: re.Match[bytes]) -> bytes:
        reference = _reference(found)
        return json.dumps(_text(kept.get(reference.digest), reference), ensure_ascii=False).encode()

    return marks.sub(fill, body)


def _text(item: PrivateItem | None, reference: TextRef) -> str | None:
    if item is None or (reference.seen is not None and item.seen not in reference.seen):
        return None
    return reference.stands_for or item.value.decode()


def _mark(reference: TextRef, scope: bytes) -> str:
    seen = "*" if reference.seen is None else ",".join(sorted(reference.seen))
    return f"\x01{scope.hex()}|{reference.digest.hex()}|{seen}|{reference.stands_for}"


def _reference(found: re.Match[bytes]) -> TextRef:
    digest, seen, stands_for = (part.decode() for part in found.groups())
    return TextRef(bytes.fromhex(digest), None if seen == "*" else frozenset(seen.split(",")), stands_for)


def _replaced(shown: Any, change: Callable[[TextRef], Any]) -> Any:
    if isinstance(shown, TextRef):
        return change(shown)
    if isinstance(shown, (tuple, list)):
        return tuple(_replaced(item, change) for item in shown)
    if isinstance(shown, Mapping):
        return {key: _replaced(item, change) for key, item in shown.items()}
    names = _carriers(type(shown))
    return replace(shown, **{name: _replaced(getattr(shown, name), change) for name in names}) if names else shown


@cache
def _carriers(kind: type) -> tuple[str, ...]:
    """Return the fields of a dataclass that can hold a reference; of any other type, none."""
    if not is_dataclass(kind):
        return ()
    hints = get_type_hints(kind)
    return tuple(one.name for one in fields(kind) if one.init and _can_carry(hints[one.name]))


def _can_carry(hint: object) -> bool:
    if arguments := get_args(hint):
        return any(_can_carry(argument) for argument in arguments if argument is not ...)
    if not isinstance(hint, type):
        return True
    if is_dataclass(hint):
        return hint is TextRef or bool(_carriers(hint))
    return not issubclass(hint, _WITHOUT_TEXTS)
