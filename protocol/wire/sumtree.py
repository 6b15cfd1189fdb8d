# SPDX-License-Identifier: AGPL-3.0-or-later
"""Trees that add up: each node holds the sum of what is below it, so that a root commits to a total.

Whoever holds a leaf and the other side of each node on the way up reckons the root and the total. As no sum is below
zero, no leaf can be hidden: the total is at least what all who check theirs hold (G. Maxwell).
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, NamedTuple

from protocol.wire.shape import Length, Range

SUM_MAX = 2**63 - 1
SumNode = tuple[Annotated[bytes, Length(32)], Annotated[int, Range(0, SUM_MAX)]]
"""The hash of a node, and the sum of the leaves below it."""


class SumRoot(NamedTuple):
    """The hash at the top of a tree, and the sum of all its leaves."""

    hash: bytes
    total: int


def sum_leaf(data: bytes, amount: int) -> SumNode:
    """Return the node of a leaf that counts for so much."""
    return sha256(b"\0" + amount.to_bytes(8, "big") + data).digest(), amount


def sum_root(leaves: Sequence[SumNode]) -> SumRoot:
    """Return the root over leaves; of none it is the hash of nothing."""
    level = list(leaves)
    while len(level) > 1:
        level = _sums_above(level)
    return SumRoot(*level[0]) if level else SumRoot(sha256(b"").digest(), 0)


def sum_path(leaves: Sequence[SumNode], index: int) -> tuple[SumNode, ...]:
    """Return the other side of each node on the way up from a leaf, lowest first."""
    level, path = list(leaves), list[SumNode]()
    while len(level) > 1:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        level, index = _sums_above(level), index >> 1
    return tuple(path)


def sum_root_by(leaf: SumNode, index: int, size: int, path: Sequence[SumNode]) -> SumRoot | None:
    """Return the root that a leaf at an index of so many leads to by its path; None where the path does not fit."""
    found, left, width = leaf, list(path), size
    if not 0 <= index < size:
        return None
    while width > 1:
        if index ^ 1 < width:
            if not left:
                return None
            other = left.pop(0)
            found = _join(other, found) if index & 1 else _join(found, other)
        index, width = index >> 1, (width + 1) >> 1
    return None if left or found[1] > SUM_MAX else SumRoot(*found)


def _sums_above(level: Sequence[SumNode]) -> list[SumNode]:
    joined = [_join(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return [*joined, level[-1]] if len(level) & 1 else joined


def _join(left: SumNode, right: SumNode) -> SumNode:
    data = b"".join(one + amount.to_bytes(16, "big") for one, amount in (left, right))
    return sha256(b"\1" + data).digest(), left[1] + right[1]
