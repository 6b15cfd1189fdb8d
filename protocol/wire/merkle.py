# SPDX-License-Identifier: AGPL-3.0-or-later
"""Merkle trees as in RFC 6962, section 2.1 (RFC 9162 has the same): one root for many leaves, short proofs.

That one leaf is among them is proved by an audit path; that a tree has only grown, by a consistency path.

A leaf is hashed after the byte 0, a node after the byte 1, so that none passes for the other.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

PATH_HASHES_MAX = 53
"""Hashes of a proof: no tree has more than 2**53 leaves."""
EMPTY_ROOT = sha256(b"").digest()
BRANCH_LEAVES = 256
"""Of so many leaves a growing tree keeps the one root, and hashes the leaves again for a proof: a power of two."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\0" + data).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else EMPTY_ROOT


def audit_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the audit path of the leaf at an index: the other side of each node on the way up, lowest first."""
    assert 0 <= index < len(leaves)
    level, path = list(leaves), list[bytes]()
    while len(level) > 1:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        level, index = _above(level), index >> 1
    return tuple(path)


def root_by(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root to which a leaf hash and its path lead (RFC 9162, 2.1.3.2), None if the path does not fit."""
    if not 0 <= index < size:
        return None
    at, last, found = index, size - 1, leaf
    for other in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = _node(other, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = _node(found, other)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


def consistency_of(leaves: Sequence[bytes], size: int) -> tuple[bytes, ...]:
    """Return the consistency path from the tree of the first leaves to that of all (RFC 6962, 2.1.2)."""
    assert 0 < size <= len(leaves)
    return () if size == len(leaves) else _grown(leaves, size, is_first=True)


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether a path shows that the tree of `new` leaves begins with the `old` ones (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    # Of a tree that is one whole node the path does not repeat the root.
    hashes = (*path,) if old & (old - 1) else (old_root, *path)
    if not hashes:
        return False
    first, *rest = hashes
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    found = grown = first
    for other in rest:
        if last == 0:
            return False
        if at & 1 or at == last:
            found, grown = _node(other, found), _node(other, grown)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            grown = _node(grown, other)
        at, last = at >> 1, last >> 1
    return last == 0 and (found, grown) == (old_root, new_root)


class GrowingTree:
    """The tree over leaves that only grow in number, read from where they are held: roots and paths at any size."""

    def __init__(self, leaf_at: Callable[[int], bytes], blocks: list[bytes]) -> None:
        """Read leaves as they are needed; `blocks`, begun as an empty list, keeps the roots of those that are whole."""
        self._leaf_at = leaf_at
        self._blocks = blocks

    def root(self, size: int) -> bytes:
        """Return the root over the first leaves."""
        return root_of(self._tops(size))

    def path(self, index: int, size: int) -> tuple[bytes, ...]:
        """Return the audit path of a leaf among the first ones."""
        assert 0 <= index < size
        block, within = divmod(index, BRANCH_LEAVES)
        first = block * BRANCH_LEAVES
        leaves = self._leaves(first, min(first + BRANCH_LEAVES, size))
        return (*audit_path(leaves, within), *audit_path(self._tops(size), block))

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return the consistency path from the tree over the first `old` leaves to that over the first `new` ones."""
        assert 0 < old <= new
        if old == new:
            return ()
        block, within = divmod(old, BRANCH_LEAVES)
        if within == 0:
            return consistency_of(self._tops(new), block)
        first = block * BRANCH_LEAVES
        leaves = self._leaves(first, min(first + BRANCH_LEAVES, new))
        return (*_grown(leaves, within, is_first=block == 0), *audit_path(self._tops(new), block))

    def _tops(self, size: int) -> list[bytes]:
        """Return the roots of the blocks; that of the last may be of fewer leaves."""
        whole = size // BRANCH_LEAVES
        while len(self._blocks) < whole:
            first = len(self._blocks) * BRANCH_LEAVES
            self._blocks.append(root_of(self._leaves(first, first + BRANCH_LEAVES)))
        rest = self._leaves(whole * BRANCH_LEAVES, size)
        return [*self._blocks[:whole], *([root_of(rest)] if rest else [])]

    def _leaves(self, first: int, after: int) -> list[bytes]:
        return [leaf_hash(self._leaf_at(at)) for at in range(first, after)]


def _grown(leaves: Sequence[bytes], size: int, *, is_first: bool) -> tuple[bytes, ...]:
    """Return the greatest whole node that ends with the first leaves, and the way up from it.

    A node that is the whole earlier tree, as it can be where these leaves are the first ones, is known and left out.
    """
    level, index = list(leaves), size - 1
    while index & 1:
        level, index = _above(level), index >> 1
    known = is_first and index == 0
    return audit_path(level, index) if known else (level[index], *audit_path(level, index))


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Return the next level: pairs joined, an odd one at the end as it is."""
    joined = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return [*joined, level[-1]] if len(level) & 1 else joined


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()
