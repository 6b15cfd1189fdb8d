# SPDX-License-Identifier: AGPL-3.0-or-later
"""A long frame of entries as short ones, so that others have their turn between them.

What holds of a frame of entries holds of its pieces in order (PROTOCOL 6): no run of entries needs to come whole.
"""

from collections.abc import Iterator

from protocol.peers.board_messages import BoardAhead, BoardItems, BoardItemsWanted, BoardSpans
from protocol.peers.messages import Ahead, Entries, Heads, Wanted, pack

_HEAD = pack(Entries(()))[:2]
"""An array of two, and the number of Entries."""
_GOSSIP = frozenset(
    pack(kind(()))[:2] for kind in (Entries, Heads, Ahead, Wanted, BoardSpans, BoardAhead, BoardItemsWanted, BoardItems)
)
_SMALL_MAX, _BYTE, _SHORT, _LONG = 23, 24, 25, 26
_ARRAY, _MAP, _BYTES = 4, 5, 2


class _NoEntries(Exception):
    """The frame is none that can be cut."""


def is_gossip(frame: bytes) -> bool:
    """Tell by its first bytes whether a frame compares what both sides hold, or passes on what others have said."""
    return frame[:2] in _GOSSIP


def pieces(frame: bytes, entries_max: int) -> list[bytes]:
    """Return the frame, or where it tells more entries than so many, frames that tell them in order.

    It reads the lengths alone. A frame of another kind, or a broken one, comes back as it is: whoever reads it judges.
    Fields of a newer version behind the entries are left out.
    """
    if not frame.startswith(_HEAD):
        return [frame]
    try:
        fields, at = _length(frame, len(_HEAD), _MAP)
        if not fields or frame[at : at + 1] != b"\x01":
            return [frame]
        count, at = _length(frame, at + 1, _ARRAY)
        if count <= entries_max:
            return [frame]
        return list(_cut(frame, at, count, entries_max))
    except _NoEntries:
        return [frame]


def _cut(frame: bytes, at: int, count: int, entries_max: int) -> Iterator[bytes]:
    begin = _HEAD + b"\xa1\x01"
    while count:
        size = min(count, entries_max)
        start = at
        for _ in range(size):
            length, at = _length(frame, at, _BYTES)
            at += length
        if at > len(frame):
            raise _NoEntries
        yield b"".join((begin, _array_head(size), memoryview(frame)[start:at]))
        count -= size


def _length(frame: bytes, at: int, major: int) -> tuple[int, int]:
    """Return the length that stands here in the head of a value of this major type, and where the value begins."""
    if at >= len(frame) or frame[at] >> 5 != major:
        raise _NoEntries
    short = frame[at] & 31
    if short <= _SMALL_MAX:
        return short, at + 1
    if short > _LONG:
        raise _NoEntries
    end = at + 1 + (1 << (short - _BYTE))
    return int.from_bytes(frame[at + 1 : end], "big"), end


def _array_head(count: int) -> bytes:
    major = _ARRAY << 5
    if count <= _SMALL_MAX:
        return bytes([major | count])
    if count < 1 << 8:
        return bytes([major | _BYTE, count])
    return bytes([major | _SHORT]) + count.to_bytes(2, "big")
