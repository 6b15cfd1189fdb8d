# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each holder of a guaranteed currency checks that its balance is in the published total, and no total is made up."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.book.refusals import FORBIDDEN, NOT_FOUND, ORDER_MISMATCH, Refused
from protocol.practices.credit.liabilities import (
    LiabilitiesPublished,
    LiabilityProof,
    PublishLiabilities,
    verify_liability,
)
from protocol.wire.codec import decode, encode
from protocol.wire.shape import from_map, to_map
from protocol.wire.sumtree import sum_leaf, sum_path, sum_root, sum_root_by
from tests.protocol.practices.credit.palmas import deposited, founded, issued, palmas
from tests.protocol.practices.desk import INCEPTION, NETWORK, Group, copy_of, snapshot

HELD = {"ana": 5_00, "bia": 7_50, "caio": 12_00, "dora": 100_00, "elio": 75_25}


@pytest.fixture
def conjunto() -> Group:
    group = founded()
    deposited(group, 1_000_00)
    for handle, minor in HELD.items():
        issued(group, handle, minor)
    return group


def proof_of(group: Group, who: str, address: str) -> Any:
    """Return a proof as the runtime completes it from storage."""
    wanted = group.view(who, "liability-proofs.show", address)
    if isinstance(wanted, Refused):
        return wanted
    return wanted.show((INCEPTION.wire,), tuple(group.entries[seq].wire for seq in wanted.ledger_seqs))


def test_each_holder_checks_its_balance_against_the_published_total(conjunto: Group) -> None:
    assert conjunto.view("dora", "liabilities.show", "PALMAS").reason is NOT_FOUND
    shown = conjunto.do("steward", "liabilities.publish", PublishLiabilities("PALMAS"))
    assert (shown.total, shown.holders) == (palmas(199_75), 5)
    for handle, minor in HELD.items():
        told = proof_of(conjunto, handle, handle)
        proven = verify_liability(told.document, NETWORK)
        assert proven is not None
        assert (proven.account, proven.balance) == (conjunto.account(handle, "PALMAS").id, minor)
        assert (proven.said.total, proven.said.root) == (199_75, shown.root) == (told.total.value, told.root)
    assert snapshot(copy_of(conjunto.written)) == snapshot(conjunto.book)


def test_a_proof_that_was_changed_proves_nothing(conjunto: Group) -> None:
    conjunto.do("steward", "liabilities.publish", PublishLiabilities("PALMAS"))
    document = proof_of(conjunto, "dora", "dora").document
    proof = from_map(LiabilityProof, decode(document))
    (first, amount), *rest = proof.path
    for wrong in (
        replace(proof, balance=proof.balance + 1),
        replace(proof, index=proof.index + 1),
        replace(proof, path=((first, amount - 1), *rest)),
        replace(proof, path=tuple(rest)),
        replace(proof, leaf=from_map(LiabilityProof, decode(proof_of(conjunto, "elio", "elio").document)).leaf),
    ):
        assert verify_liability(encode(to_map(wrong))) is None
    assert verify_liability(document, bytes(32)) is None and verify_liability(b"\x00") is None


def test_no_node_takes_a_total_in_that_its_book_does_not_hold(conjunto: Group) -> None:
    conjunto.do("steward", "liabilities.publish", PublishLiabilities("PALMAS"))
    [said] = [one.body for one in conjunto.written if isinstance(one.body, LiabilitiesPublished)]
    assert conjunto.check(said) is ORDER_MISMATCH, "its salts are not those before it"
    assert conjunto.check(replace(said, total=said.total - 1)) is ORDER_MISMATCH
    assert conjunto.refusal("steward", "liabilities.publish", PublishLiabilities("HORA")).code == "CURRENCY_UNKNOWN"
    assert conjunto.refusal("dora", "liabilities.publish", PublishLiabilities("PALMAS")) is FORBIDDEN


def test_a_proof_is_its_members_alone(conjunto: Group) -> None:
    assert proof_of(conjunto, "dora", "dora").reason is NOT_FOUND
    conjunto.do("steward", "liabilities.publish", PublishLiabilities("PALMAS"))
    assert proof_of(conjunto, "elio", "dora").reason is FORBIDDEN
    # Salts are drawn anew: two who hold as much as before have other leaves.
    before = proof_of(conjunto, "dora", "dora")
    assert conjunto.do("steward", "liabilities.publish", PublishLiabilities("PALMAS")).root != before.root


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=40), st.data())
def test_every_leaf_leads_to_the_root_and_the_total(amounts: list[int], data: st.DataObject) -> None:
    leaves = [sum_leaf(b"%d" % at, amount) for at, amount in enumerate(amounts)]
    root, at = sum_root(leaves), data.draw(st.integers(0, len(amounts) - 1))
    path = sum_path(leaves, at)
    assert root.total == sum(amounts)
    assert sum_root_by(leaves[at], at, len(leaves), path) == root
    assert sum_root_by(leaves[at], at, len(leaves), (*path, path[0]) if path else (leaves[at],)) is None
    assert sum_root_by(leaves[at], len(leaves), len(leaves), path) is None
