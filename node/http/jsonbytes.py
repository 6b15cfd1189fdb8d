# SPDX-License-Identifier: AGPL-3.0-or-later
"""JSON bytes, strictly both ways."""

import json
from typing import Any, NoReturn

from node.http.components import Misread


def parse_json(data: bytes) -> Any:
    """Return what JSON bytes say: no NaN, no key twice, no bottomless depth; raises Misread."""
    try:
        return _decoder.decode(data.decode())
    except Misread:
        raise
    except (ValueError, RecursionError):
        raise Misread(expected="JSON in UTF-8") from None


def dump(value: Any) -> bytes:
    """Return a shown value as JSON bytes."""
    return _encode(value).encode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Misread(expected="each key once")
    return value


def _not_a_number(text: str) -> NoReturn:
    raise Misread(expected=f"JSON, which has no {text}")


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_not_a_number)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False).encode
