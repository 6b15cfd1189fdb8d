# SPDX-License-Identifier: AGPL-3.0-or-later
"""Trees of hashes: the published roots and proofs of RFC 6962's test data, and proofs that hold for one claim alone."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.merkle import (
    BRANCH_LEAVES,
    EMPTY_ROOT,
    GrowingTree,
    audit_path,
    consistency_of,
    is_consistent,
    leaf_hash,
    root_by,
    root_of,
)

# The inputs and roots that implementations of Certificate Transparency test themselves by (reference data of RFC 6962).
INPUTS = [
    bytes.fromhex(one)
    for one in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def naive(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 2.1 defines it, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\1" + naive(leaves[:split]) + naive(leaves[split:])).digest()


def subproof(size: int, leaves: list[bytes], *, is_first: bool) -> list[bytes]:
    """SUBPROOF as RFC 6962 2.1.2 defines it, word for word."""
    if size == len(leaves):
        return [] if is_first else [naive(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if size <= split:
        return [*subproof(size, leaves[:split], is_first=is_first), naive(leaves[split:])]
    return [*subproof(size - split, leaves[split:], is_first=False), naive(leaves[:split])]


def test_the_published_roots() -> None:
    assert [root_of([leaf_hash(one) for one in INPUTS[: n + 1]]).hex() for n in range(8)] == ROOTS
    assert root_of([]) == EMPTY_ROOT == sha256(b"").digest()


def test_the_published_consistency_proofs() -> None:
    leaves = [leaf_hash(one) for one in INPUTS]
    for (old, new), path in CONSISTENCY.items():
        assert [one.hex() for one in consistency_of(leaves[:new], old)] == path


def test_every_leaf_of_every_small_tree_has_a_path_to_the_root_as_the_rfc_defines_it() -> None:
    data = [bytes([n]) for n in range(40)]
    for size in range(1, 41):
        leaves = [leaf_hash(one) for one in data[:size]]
        root = naive(data[:size])
        assert root_of(leaves) == root
        for index in range(size):
            path = audit_path(leaves, index)
            assert len(path) <= (size - 1).bit_length()
            assert root_by(leaves[index], index, size, path) == root


def test_a_path_proves_its_leaf_at_its_place_and_no_other() -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(13)]
    root, path = root_of(leaves), audit_path(leaves, 6)
    assert root_by(leaves[6], 6, 13, path) == root
    for leaf, index, size, shown in (
        (leaves[7], 6, 13, path),
        (leaves[6], 7, 13, path),
        (leaves[6], 6, 13, path[:-1]),
        (leaves[6], 6, 13, (*path, root)),
        (leaves[6], 6, 13, path[::-1]),
        (leaves[6], 13, 13, path),
        (leaves[6], -1, 13, path),
    ):
        assert root_by(leaf, index, size, shown) != root


def test_a_path_of_a_smaller_tree_leads_to_no_root_of_a_larger_one() -> None:
    leaves = [leaf_hash(b"a"), leaf_hash(b"b")]
    assert root_by(leaves[0], 0, 2, (leaves[1],)) == root_of(leaves)
    assert root_by(leaves[0], 0, 4, (leaves[1],)) is None


def test_a_node_does_not_pass_for_a_leaf() -> None:
    leaves = [leaf_hash(b"a"), leaf_hash(b"b")]
    assert leaf_hash(leaves[0] + leaves[1]) != root_of(leaves)


@pytest.mark.parametrize("size", [1, BRANCH_LEAVES - 1, BRANCH_LEAVES, BRANCH_LEAVES + 1, 3 * BRANCH_LEAVES + 77])
def test_a_growing_tree_has_the_roots_and_paths_of_the_whole_one(size: int) -> None:
    data = [n.to_bytes(2) for n in range(4 * BRANCH_LEAVES)]
    tree = GrowingTree(data.__getitem__, [])
    tree.root(2 * BRANCH_LEAVES)
    leaves = [leaf_hash(one) for one in data[:size]]
    assert tree.root(size) == root_of(leaves)
    for index in {0, size // 2, size - 1}:
        assert tree.path(index, size) == audit_path(leaves, index)
    blocks = {BRANCH_LEAVES * whole + rest for whole in (1, 2, 3) for rest in (0, 1, 3, 64)}
    for old in ({1, size // 2, size - 1, size} | blocks) & {*range(1, size + 1)}:
        assert tree.consistency(old, size) == consistency_of(leaves, old)


# That a tree has only grown.


def test_every_small_tree_is_shown_to_have_grown_out_of_each_smaller_one_as_the_rfc_defines_it() -> None:
    data = [bytes([n]) for n in range(40)]
    leaves = [leaf_hash(one) for one in data]
    roots = [root_of(leaves[:size]) for size in range(41)]
    for new in range(1, 41):
        for old in range(1, new + 1):
            path = consistency_of(leaves[:new], old)
            assert list(path) == subproof(old, data[:new], is_first=True)
            assert is_consistent(old, roots[old], new, roots[new], path)


sizes = st.integers(1, 300).flatmap(lambda new: st.tuples(st.integers(1, new), st.just(new)))


@given(sizes, st.data())
def test_nothing_of_a_consistency_path_can_be_changed(pair: tuple[int, int], data: st.DataObject) -> None:
    old, new = pair
    leaves = [leaf_hash(n.to_bytes(2)) for n in range(new)]
    old_root, new_root = root_of(leaves[:old]), root_of(leaves)
    path = consistency_of(leaves, old)
    assert is_consistent(old, old_root, new, new_root, path)
    other = data.draw(st.binary(min_size=32, max_size=32))
    if other not in (old_root, new_root):
        assert not is_consistent(old, other, new, new_root, path)
        assert not is_consistent(old, old_root, new, other, path)
    if old < new:
        assert not is_consistent(old, new_root, new, old_root, path)
    assert not is_consistent(old, old_root, new, new_root, (*path, other))
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not is_consistent(old, old_root, new, new_root, (*path[:at], *path[at + 1 :]))
        if other != path[at]:
            assert not is_consistent(old, old_root, new, new_root, (*path[:at], other, *path[at + 1 :]))


@given(sizes, st.integers(1, 300))
def test_the_sizes_of_a_consistency_path_are_no_others(pair: tuple[int, int], size: int) -> None:
    old, new = pair
    leaves = [leaf_hash(n.to_bytes(2)) for n in range(max(new, size))]
    path = consistency_of(leaves[:new], old)
    if size != old:
        assert not is_consistent(size, root_of(leaves[:size]), new, root_of(leaves[:new]), path)
    if size != new:
        assert not is_consistent(old, root_of(leaves[:old]), size, root_of(leaves[:size]), path)


def test_a_tree_that_has_lost_or_changed_a_leaf_has_not_grown_out_of_the_old_one() -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(13)]
    for at in range(7):
        changed = [*leaves[:at], leaf_hash(b"another"), *leaves[at + 1 :]]
        for path in (consistency_of(changed, 7), consistency_of(leaves, 7)):
            assert not is_consistent(7, root_of(leaves[:7]), 13, root_of(changed), path)


def test_a_path_that_ends_below_the_root_of_so_many_leaves_shows_nothing() -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(7)]
    path, old_root, root = consistency_of(leaves, 4), root_of(leaves[:4]), root_of(leaves)
    assert is_consistent(4, old_root, 7, root, path)
    assert not any(is_consistent(4, old_root, size, root, path) for size in (9, 16, 17, 1_000))


def test_no_path_leads_from_nothing_or_back() -> None:
    leaves = [leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")]
    assert not is_consistent(0, EMPTY_ROOT, 3, root_of(leaves), ())
    assert not is_consistent(3, root_of(leaves), 2, root_of(leaves[:2]), consistency_of(leaves, 2))
    assert not is_consistent(3, root_of(leaves), 2, root_of(leaves[:2]), ())
    assert not is_consistent(2, root_of(leaves[:2]), 3, root_of(leaves), ())
    assert not is_consistent(3, root_of(leaves), 4, root_of([*leaves, leaves[0]]), ())
