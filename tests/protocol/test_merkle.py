# SPDX-License-Identifier: AGPL-3.0-or-later
"""Trees of hashes: the published roots of RFC 6962's test data, and proofs that hold for one leaf at one place."""

from hashlib import sha256

import pytest

from protocol.merkle import BLOCK_LEAVES, EMPTY_ROOT, GrowingTree, leaf_hash, path_of, root_by, root_of

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


def test_the_published_roots() -> None:
    assert [root_of([leaf_hash(one) for one in INPUTS[: n + 1]]).hex() for n in range(8)] == ROOTS
    assert root_of([]) == EMPTY_ROOT == sha256(b"").digest()


def test_every_leaf_of_every_small_tree_has_a_path_to_the_root_as_the_rfc_defines_it() -> None:
    data = [bytes([n]) for n in range(40)]
    for size in range(1, 41):
        leaves = [leaf_hash(one) for one in data[:size]]
        root = naive(data[:size])
        assert root_of(leaves) == root
        for index in range(size):
            path = path_of(leaves, index)
            assert len(path) <= (size - 1).bit_length()
            assert root_by(leaves[index], index, size, path) == root


def test_a_path_proves_its_leaf_at_its_place_and_no_other() -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(13)]
    root, path = root_of(leaves), path_of(leaves, 6)
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


@pytest.mark.parametrize("size", [1, BLOCK_LEAVES - 1, BLOCK_LEAVES, BLOCK_LEAVES + 1, 3 * BLOCK_LEAVES + 77])
def test_a_growing_tree_has_the_roots_and_paths_of_the_whole_one(size: int) -> None:
    data = [n.to_bytes(2) for n in range(4 * BLOCK_LEAVES)]
    tree = GrowingTree(data.__getitem__)
    tree.root(2 * BLOCK_LEAVES)
    leaves = [leaf_hash(one) for one in data[:size]]
    assert tree.root(size) == root_of(leaves)
    for index in {0, size // 2, size - 1}:
        assert tree.path(index, size) == path_of(leaves, index)
