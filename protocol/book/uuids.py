# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ids of 16 bytes that people see as UUIDs (RFC 9562): version 4 by chance, 8 where one follows from something else."""

from collections.abc import Callable

from protocol.book.refusals import MALFORMED, Refused, refuse

_BYTES = 16
VERSIONS = (4, 7, 8)
"""What an id that a client makes itself may be: by chance, by time and chance, or derived."""


def drawn_id(chance: Callable[[int], bytes]) -> bytes:
    """Return a new id by chance, which is asked for 16 bytes: a UUID of version 4."""
    return _stamped(chance(_BYTES), 4)


def derived_id(seed: bytes) -> bytes:
    """Return the id that follows from a digest's first 16 bytes: a UUID of version 8."""
    return _stamped(seed[:_BYTES], 8)


def part_id(seed: bytes) -> bytes:
    """Return the id of a part of what has an id: a UUID of version 5, which no client may choose for a thing."""
    return _stamped(seed[:_BYTES], 5)


def is_uuid(name: bytes) -> bool:
    """Tell whether 16 bytes are a UUID of version 4, 7 or 8."""
    return len(name) == _BYTES and name[6] >> 4 in VERSIONS and name[8] >> 6 == 0b10


def strange(field: str, name: bytes | None) -> Refused | None:
    """Return why an id that a client has made itself is none: the home alone asks, others take what it has taken."""
    if name is not None and is_uuid(name):
        return None
    return refuse(MALFORMED, field=field, expected="a UUID of version 4, 7 or 8")


def _stamped(data: bytes, version: int) -> bytes:
    name = bytearray(data)
    name[6] = name[6] & 0x0F | version << 4
    name[8] = name[8] & 0x3F | 0x80
    return bytes(name)
