# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one side holds, in an order of its own, with a fingerprint for each part of it that is kept up as things change.

Two sides find where they differ by comparing fingerprints of parts, then of parts of those (A. Meyer, "Range-Based
Set Reconciliation", SRDS 2023). A part is named by a prefix: the first hexadecimal digits of the keys in it. The
fingerprints are a tree of hashes whose shape follows from the keys alone, so that equal parts have equal fingerprints
whatever came when; docs/decisions/0040 says why it is no sum.
"""

from collections.abc import Iterator
from hashlib import sha256

KEY_BYTES = 32
FEW = 16
"""So many items or fewer are not divided further."""
DIGITS = "0123456789abcdef"
NOTHING = bytes(32)
"""The fingerprint of a part that holds nothing."""


class _Part:
    """Either few items by key, or sixteen parts of it."""

    __slots__ = ("count", "fingerprint", "items", "parts")

    def __init__(self) -> None:
        self.count = 0
        self.fingerprint: bytes | None = NOTHING
        """None while it has changed since it was asked for."""
        self.items: dict[bytes, bytes] = {}
        self.parts: list[_Part | None] | None = None


class Index:
    """Items by key, 32 bytes that a hash has made; of each its digest alone is known here."""

    def __init__(self) -> None:
        self.version = 0
        """Grows with each change."""
        self._root = _Part()

    def __len__(self) -> int:
        """Return how many items it holds."""
        return self._root.count

    def get(self, key: bytes) -> bytes | None:
        """Return the digest of the item with a key, None where there is none."""
        part, depth = self._root, 0
        while part.parts is not None:
            below = part.parts[_digit(key, depth)]
            if below is None:
                return None
            part, depth = below, depth + 1
        return part.items.get(key)

    def put(self, key: bytes, digest: bytes) -> None:
        """Hold an item, in the place of the one that had its key."""
        assert len(key) == KEY_BYTES
        known = self.get(key)
        if known == digest:
            return
        self.version += 1
        added = known is None
        part, depth = self._root, 0
        while True:
            part.fingerprint = None
            part.count += added
            if part.parts is None:
                break
            at = _digit(key, depth)
            below = part.parts[at]
            if below is None:
                below = part.parts[at] = _Part()
            part, depth = below, depth + 1
        part.items[key] = digest
        if part.count > FEW:
            _divide(part, depth)

    def remove(self, key: bytes) -> None:
        """Hold the item with a key no more, if it was held."""
        if self.get(key) is None:
            return
        self.version += 1
        part, depth = self._root, 0
        way: list[_Part] = []
        while True:
            way.append(part)
            part.fingerprint = None
            part.count -= 1
            if part.parts is None:
                break
            below = part.parts[_digit(key, depth)]
            assert below is not None
            part, depth = below, depth + 1
        del part.items[key]
        for one in way:
            if one.parts is not None and one.count <= FEW:
                one.items, one.parts = dict(_items(one)), None
                break

    def fingerprint(self, prefix: str = "") -> bytes:
        """Return the fingerprint of the items whose keys begin with a prefix."""
        part, rest = self._down(prefix)
        if part is None:
            return NOTHING
        return _of_items(_beginning(part, prefix)) if rest else _fingerprint(part)

    def count(self, prefix: str = "") -> int:
        """Return how many items have keys that begin with a prefix."""
        part, rest = self._down(prefix)
        if part is None:
            return 0
        return len(_beginning(part, prefix)) if rest else part.count

    def keys(self, prefix: str = "") -> Iterator[bytes]:
        """Yield the keys that begin with a prefix, in order."""
        part, rest = self._down(prefix)
        if part is None:
            return
        if rest:
            yield from sorted(_beginning(part, prefix))
            return
        for key, _ in _items(part):
            yield key

    def _down(self, prefix: str) -> tuple[_Part | None, bool]:
        """Return the part of a prefix, None where it is empty; and whether that holds more than the prefix says."""
        part = self._root
        for at, digit in enumerate(prefix):
            if part.parts is None:
                return part, at < len(prefix)
            below = part.parts[int(digit, 16)]
            if below is None:
                return None, False
            part = below
        return part, False


def _digit(key: bytes, depth: int) -> int:
    byte = key[depth >> 1]
    return byte & 15 if depth & 1 else byte >> 4


def _divide(part: _Part, depth: int) -> None:
    """Let a part that holds many items hold parts of them."""
    parts: list[_Part | None] = [None] * len(DIGITS)
    for key, digest in part.items.items():
        at = _digit(key, depth)
        below = parts[at]
        if below is None:
            below = parts[at] = _Part()
        below.items[key] = digest
        below.count += 1
        below.fingerprint = None
    part.items, part.parts = {}, parts
    for below in parts:
        if below is not None and below.count > FEW:
            _divide(below, depth + 1)


def _items(part: _Part) -> Iterator[tuple[bytes, bytes]]:
    """Yield the items of a part in the order of their keys."""
    if part.parts is None:
        yield from sorted(part.items.items())
        return
    for below in part.parts:
        if below is not None:
            yield from _items(below)


def _beginning(part: _Part, prefix: str) -> dict[bytes, bytes]:
    """Return the items of an undivided part whose keys begin with a prefix."""
    return {key: digest for key, digest in part.items.items() if key.hex().startswith(prefix)}


def _fingerprint(part: _Part) -> bytes:
    if part.fingerprint is None:
        if part.parts is None:
            part.fingerprint = _of_items(part.items)
        else:
            state = sha256(b"mutirao/v1/parts\0")
            for below in part.parts:
                state.update(NOTHING if below is None else _fingerprint(below))
            part.fingerprint = state.digest()
    return part.fingerprint


def _of_items(items: dict[bytes, bytes]) -> bytes:
    if not items:
        return NOTHING
    state = sha256(b"mutirao/v1/items\0")
    for key, digest in sorted(items.items()):
        state.update(key)
        state.update(digest)
    return state.digest()
