# SPDX-License-Identifier: AGPL-3.0-or-later
"""Checkpoints: what a network commits to in public, and what a member proves by it without showing anybody else."""

from dataclasses import replace
from typing import Any

import pytest
from simulation.groups import balance, exchange, linked
from simulation.world import World, whole

from protocol.codec import decode, encode
from protocol.economy.feature import Actor, EntriesWanted, Role
from protocol.economy.orders import parse_uuid
from protocol.economy.paying import Pay
from protocol.entry import COMMONS, IDENTITY, LEDGER
from protocol.keys import digest
from protocol.rejection import Refused, Rejection
from protocol.settlement import checkpoints
from protocol.settlement.checkpoints import CheckpointMade, Checkpoints, CheckpointsWanted, MakeCheckpoint
from protocol.settlement.proofs import Proof, ProofFault, Proven, verify_proof
from protocol.shape import from_map, to_map


@pytest.fixture
def world() -> World:
    world = World()
    exchange(world, "riacho", "HORA", "ana", "bia", "caio")
    pay(world, "ana", "bia", 30)
    pay(world, "bia", "caio", 5)
    return world


def pay(world: World, payer: str, payee: str, units: int) -> str:
    wish = Pay(payer=payer, payee=payee, amount=whole(units, "HORA"))
    return world.granted("riacho", "payments.create", wish).id


def make(world: World) -> Any:
    return world.granted("riacho", "checkpoints.make", MakeCheckpoint())


def shown(world: World, name: str, operation: str, subject: str, **asking: Any) -> Any:
    """Return what is shown, as the runtime completes it from storage."""
    node = world.nodes[name]
    result = world.ask(name, operation, subject=subject, **asking)
    if not isinstance(result, EntriesWanted):
        return result

    def wires(lane: str, *seqs: int) -> tuple[bytes, ...]:
        by_seq = {e.header.seq: e.wire for e in node.disk if (e.network, e.header.lane) == (node.network, lane)}
        return tuple(by_seq[seq] for seq in seqs or sorted(by_seq))

    entries = wires(LEDGER, *result.ledger_seqs) if result.ledger_seqs else ()
    return result.show(wires(IDENTITY), entries + wires(COMMONS, *result.commons_seqs))


def proof_of(world: World, handle: str, name: str = "riacho") -> Any:
    return shown(world, name, "balance-proofs.show", handle)


def member(world: World, handle: str) -> Actor:
    return Actor(Role.MEMBER, world.nodes["riacho"].replica.book.member_by_handle[handle])


def forged(document: bytes, **changed: Any) -> Proven:
    proof = from_map(Proof, decode(document, bytes_max=2**20))
    return verify_proof(encode(to_map(replace(proof, **changed))))


def test_a_member_proves_her_balance_at_the_checkpoint_and_learns_no_other(world: World) -> None:
    checkpoint = make(world)
    pay(world, "bia", "ana", 1)
    told = proof_of(world, "bia")
    assert (told.balance.value, told.checkpoint) == (25_00, checkpoint.id)

    proven = verify_proof(told.document, world.nodes["riacho"].network)
    assert proven.fault is None and proven.balance is not None and proven.checkpoint is not None
    assert proven.balance.balance == 25_00 != balance(world, "riacho", "bia")
    assert (proven.checkpoint.entries, proven.checkpoint.balances) == (
        checkpoint.entries_root,
        checkpoint.balances_root,
    )
    # Hashes alone tell of the others: neither their accounts nor what salts them.
    book = world.nodes["riacho"].replica.book
    newest = book.of(Checkpoints).newest
    assert newest is not None and newest.made.seed not in told.document
    # Her salt is no other's: it comes from the seed and her own account.
    account = proven.balance.account.encode()
    assert proven.balance.salt == digest("leaf-salt", newest.made.seed + account)[:16]
    for name in book.ledger.accounts.keys() - {proven.balance.account}:
        assert name.encode() not in told.document


def test_the_proof_of_a_payment_is_its_own_entry_under_the_root_of_all(world: World) -> None:
    payment = pay(world, "ana", "caio", 2)
    make(world)
    later = pay(world, "ana", "caio", 3)
    refused = world.ask("riacho", "payment-proofs.show", subject=payment, actor=member(world, "bia"))
    assert refused.reason is Rejection.FORBIDDEN
    told = shown(world, "riacho", "payment-proofs.show", payment, actor=member(world, "ana"))
    proven = verify_proof(told.document)
    assert proven.fault is None and proven.entry is not None
    assert proven.entry.header.seq == world.nodes["riacho"].replica.book.payments[parse_uuid(payment) or b""].arrival
    assert world.ask("riacho", "payment-proofs.show", subject=later) == Refused(Rejection.NOT_FOUND)


def test_what_is_changed_in_a_proof_proves_nothing(world: World) -> None:
    make(world)
    bia, ana = proof_of(world, "bia").document, proof_of(world, "ana").document
    proof, others = (from_map(Proof, decode(one, bytes_max=2**20)) for one in (bia, ana))
    richer = encode({**decode(proof.leaf), 3: 99_00})  # type: ignore[dict-item]
    assert forged(bia).fault is None
    assert forged(bia, leaf=richer).fault is ProofFault.PATH_WRONG
    assert forged(bia, leaf=others.leaf).fault is ProofFault.PATH_WRONG
    assert forged(bia, index=others.index).fault is ProofFault.PATH_WRONG
    assert forged(bia, path=others.path).fault is ProofFault.PATH_WRONG
    assert forged(bia, leaf=b"\xa0").fault is ProofFault.LEAF_INVALID
    assert forged(bia, kind="payment").fault is ProofFault.LEAF_INVALID
    assert forged(bia, word=proof.identity[0]).fault is ProofFault.CHECKPOINT_INVALID
    assert forged(bia, word=proof.word[:-1] + bytes([proof.word[-1] ^ 1])).fault is ProofFault.CHECKPOINT_INVALID
    assert forged(bia, identity=()).fault is ProofFault.IDENTITY_INVALID
    assert verify_proof(bia, bytes(32)).fault is ProofFault.NETWORK_MISMATCH
    assert verify_proof(b"bread").fault is ProofFault.UNREADABLE


def test_a_balance_is_shown_to_its_member_only(world: World) -> None:
    make(world)
    told = shown(world, "riacho", "balance-proofs.show", "bia", actor=member(world, "bia"))
    assert told.balance.value == 25_00
    refused = world.ask("riacho", "balance-proofs.show", subject="bia", actor=member(world, "ana"))
    assert refused.reason is Rejection.FORBIDDEN
    # An account of the network's own is nobody's.
    assert world.ask("riacho", "balance-proofs.show", subject="holds.HORA").reason is Rejection.FORBIDDEN


def test_a_steward_alone_makes_one_and_not_twice_of_the_same_books(world: World) -> None:
    assert world.ask("riacho", "balance-proofs.show", subject="bia") == Refused(Rejection.NOT_FOUND)
    refused = world.ask("riacho", "checkpoints.make", MakeCheckpoint(), actor=member(world, "ana"))
    assert refused.reason is Rejection.FORBIDDEN
    checkpoint = make(world)
    assert world.ask("riacho", "checkpoints.make", MakeCheckpoint()).reason is Rejection.DUPLICATE
    [total] = checkpoint.totals
    assert (total.credit.value, total.debit.value, total.credit.asset_scale) == (30_00, 30_00, 2)
    pay(world, "bia", "ana", 1)
    assert int(make(world).id) == int(checkpoint.id) + 2


def test_a_network_signs_one_by_itself_after_so_many_entries(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "CHECKPOINT_ENTRIES_MIN", 30)
    monkeypatch.setattr(checkpoints, "ENTRIES_PER_ACCOUNT", 0)
    state = world.nodes["riacho"].replica.book.of(Checkpoints)
    book = world.nodes["riacho"].replica.book
    while book.head is not None and book.head[0] < 28:
        pay(world, "ana", "bia", 1)
        world.tick()
    assert not state.own
    pay(world, "ana", "bia", 1)
    world.tick(2)
    assert list(state.own) == [30]
    # With many accounts it takes more.
    monkeypatch.setattr(checkpoints, "ENTRIES_PER_ACCOUNT", 6)
    for _ in range(31):
        pay(world, "ana", "bia", 1)
    world.tick(2)
    assert list(state.own) == [30], "six accounts, so 36 entries"
    for _ in range(5):
        pay(world, "ana", "bia", 1)
    world.tick(2)
    assert len(state.own) == 2


def test_partners_see_the_same_roots_and_a_restart_changes_nothing(world: World) -> None:
    exchange(world, "serra", "FLOR", "edna")
    linked(world, "riacho", "serra", 100)
    checkpoint = make(world)
    world.tick(3)
    seen = world.granted("serra", "checkpoints.list", CheckpointsWanted()).items
    assert [(one.id, one.balances_root) for one in seen] == [
        (f"{checkpoint.network}-{checkpoint.id}", checkpoint.balances_root)
    ]
    assert world.granted("serra", "checkpoints.show", subject=seen[0].id) == seen[0]
    before = proof_of(world, "bia").document
    pay(world, "ana", "bia", 1)
    for name in ("riacho", "serra"):
        world.restart(name)
    assert proof_of(world, "bia").document == before
    assert world.granted("serra", "checkpoints.list", CheckpointsWanted()).items == seen
    assert world.granted("riacho", "checkpoints.list", CheckpointsWanted(checkpoint.network)).items == (checkpoint,)


def test_a_replica_makes_the_same_roots_from_the_entries_and_says_so_where_they_differ(world: World) -> None:
    code = world.granted("riacho", "replicas.invite").code
    world.second("casa", "riacho", code)
    world.join("riacho", "casa")
    make(world)
    world.tick(3)
    casa = world.nodes["casa"].replica.book.of(Checkpoints)
    assert casa.newest == world.nodes["riacho"].replica.book.of(Checkpoints).newest and casa.wrong == []

    # A home that claims other balances than its entries make.
    journal = world.nodes["riacho"].replica.journal
    pay(world, "ana", "bia", 1)
    newest, head = casa.newest, journal.book.head
    assert newest is not None and head is not None
    lie = replace(newest.made.checkpoint, size=head[0] + 1, head=head[1])
    journal.write(CheckpointMade(newest.made.seed, lie), LEDGER, world.now)
    world.tick(3)
    assert casa.wrong == [(lie.size, "entries, balances, totals")]
    world.restart("casa")
    assert world.nodes["casa"].replica.book.of(Checkpoints).wrong == casa.wrong
