# SPDX-License-Identifier: AGPL-3.0-or-later
"""Personal texts in what is shown: the book knows their salted hashes, the store may know the words."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, get_args, get_type_hints

from protocol.book.declaration import TextRef

PLAIN = (str, bytes, int, float, Enum, NoneType)


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


def with_texts(shown: Any, texts: Mapping[bytes, str]) -> Any:
    """Return the same with each reference replaced by its text, or by None where it was erased."""
    if isinstance(shown, TextRef):
        return texts.get(shown.digest)
    if isinstance(shown, (tuple, list)):
        return tuple(with_texts(item, texts) for item in shown)
    if isinstance(shown, Mapping):
        return {key: with_texts(item, texts) for key, item in shown.items()}
    names = _carriers(type(shown))
    return replace(shown, **{name: with_texts(getattr(shown, name), texts) for name in names}) if names else shown


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
    return not issubclass(hint, PLAIN)
