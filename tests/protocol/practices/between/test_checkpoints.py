# SPDX-License-Identifier: AGPL-3.0-or-later
"""Checkpoints: what a network commits to in public, and what a member proves by it without showing anybody else."""

from dataclasses import replace
from typing import Any

import pytest
from simulation.groups import balance, exchange, linked, says
from simulation.theft import last, reopenings, rotate, signed, steal
from simulation.world import World, whole

from protocol.book.cold import KeeperSignature, sign_claim
from protocol.book.declaration import Actor, EntriesWanted, Role
from protocol.book.gates import MotionWish
from protocol.book.payments import PAYMENTS
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    NOT_FOUND,
    READ_ONLY,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    TOO_FEW_SIGNATURES,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.lanes.claims import ColdSignature
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER
from protocol.peers.messages import Entries
from protocol.practices.between.checkpoints import roots as checkpoints
from protocol.practices.between.checkpoints.entries import CheckpointMade
from protocol.practices.between.checkpoints.proofs import (
    CheckpointClaim,
    CheckpointSaid,
    CheckpointSigned,
    ConsistencyProof,
    Proof,
    ProofFault,
    Proven,
    verify_consistency,
    verify_proof,
)
from protocol.practices.between.checkpoints.state import Checkpoints
from protocol.practices.between.checkpoints.views import CheckpointsWanted, MakeCheckpoint, SignCheckpoint
from protocol.practices.governance.motions.entries import MakeMotion
from protocol.practices.money.payments.entries import Pay
from protocol.wire.codec import decode, encode
from protocol.wire.keys import KeyPair, digest
from protocol.wire.shape import from_map, to_map


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
    assert refused.reason is FORBIDDEN
    told = shown(world, "riacho", "payment-proofs.show", payment, actor=member(world, "ana"))
    proven = verify_proof(told.document)
    assert proven.fault is None and proven.entry is not None
    assert proven.entry.header.seq == world.nodes["riacho"].rows_of(PAYMENTS)[parse_uuid(payment) or b""].arrival
    assert world.ask("riacho", "payment-proofs.show", subject=later) == Refused(NOT_FOUND)


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
    assert refused.reason is FORBIDDEN
    # An account of the network's own is nobody's.
    assert world.ask("riacho", "balance-proofs.show", subject="holds.HORA").reason is FORBIDDEN


def test_a_steward_alone_makes_one_and_not_twice_of_the_same_books(world: World) -> None:
    assert world.ask("riacho", "balance-proofs.show", subject="bia") == Refused(NOT_FOUND)
    refused = world.ask("riacho", "checkpoints.make", MakeCheckpoint(), actor=member(world, "ana"))
    assert refused.reason is FORBIDDEN
    checkpoint = make(world)
    assert world.ask("riacho", "checkpoints.make", MakeCheckpoint()).reason is DUPLICATE
    [total] = checkpoint.totals
    assert (total.credit.value, total.debit.value, total.credit.asset_scale) == (30_00, 30_00, 2)
    pay(world, "bia", "ana", 1)
    assert int(make(world).id) == int(checkpoint.id) + 2


def test_a_motion_cannot_make_a_checkpoint(world: World) -> None:
    """Its size and root would be those of the ledger before the motion is done, and no node would take it then."""
    wish = MotionWish("checkpoints.make", "", MakeCheckpoint())
    assert world.ask("riacho", "motions.create", MakeMotion("It", (wish,))).reason is STATE_CONFLICT


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
    listed = world.granted("riacho", "checkpoints.list", CheckpointsWanted(checkpoint.network)).items
    assert listed == (replace(checkpoint, to_sign=None),)


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


# That the books have only grown.


def grown(world: World, old: Any, new: Any) -> Any:
    return shown(world, "riacho", "consistency-proofs.show", f"{old.id}-{new.id}")


def test_anybody_checks_that_the_entries_under_a_checkpoint_begin_with_those_under_an_older_one(world: World) -> None:
    first = make(world)
    for _ in range(5):
        pay(world, "bia", "ana", 1)
    second = make(world)
    pay(world, "bia", "ana", 1)
    third = make(world)
    network = world.nodes["riacho"].network
    for old, new in ((first, second), (first, third), (second, third), (second, second)):
        told = grown(world, old, new)
        assert (told.old_root, told.new_root) == (old.entries_root, new.entries_root)
        proven = verify_consistency(told.document, network)
        assert proven.fault is None and proven.old is not None and proven.new is not None
        assert (proven.old.size, proven.new.size) == (int(old.id), int(new.id))
    before = grown(world, first, third).document
    world.restart("riacho")
    assert grown(world, first, third).document == before


def test_what_is_changed_in_a_proof_of_consistency_proves_nothing(world: World) -> None:
    first = make(world)
    pay(world, "bia", "ana", 1)
    second = make(world)
    pay(world, "bia", "ana", 1)
    third = make(world)
    document = grown(world, first, third).document
    proof = from_map(ConsistencyProof, decode(document, bytes_max=2**20))
    other = from_map(ConsistencyProof, decode(grown(world, second, third).document, bytes_max=2**20))

    def fault(**changed: Any) -> ProofFault | None:
        return verify_consistency(encode(to_map(replace(proof, **changed)))).fault

    assert fault() is None
    assert fault(old=other.old) is ProofFault.PATH_WRONG
    assert fault(old=proof.new, new=proof.old) is ProofFault.PATH_WRONG
    assert fault(path=other.path) is ProofFault.PATH_WRONG
    assert fault(path=(*proof.path, bytes(32))) is ProofFault.PATH_WRONG
    assert fault(old=proof.identity[0]) is ProofFault.CHECKPOINT_INVALID
    assert fault(new=proof.new[:-1] + bytes([proof.new[-1] ^ 1])) is ProofFault.CHECKPOINT_INVALID
    assert fault(new=world.nodes["riacho"].disk[1].wire) is ProofFault.CHECKPOINT_INVALID, "a profile"
    assert fault(identity=()) is ProofFault.IDENTITY_INVALID
    assert verify_consistency(document, bytes(32)).fault is ProofFault.NETWORK_MISMATCH
    assert verify_consistency(b"bread").fault is ProofFault.UNREADABLE


def test_there_is_no_proof_of_what_is_no_checkpoint_or_goes_back(world: World) -> None:
    first = make(world)
    pay(world, "bia", "ana", 1)
    second = make(world)
    one, two = first.id, second.id
    for subject in (f"{two}-{one}", f"{one}-9", f"9-{one}", one, "-", f"{one}-", f"{one}-{one}-{two}", "x-y"):
        assert world.ask("riacho", "consistency-proofs.show", subject=subject) == Refused(NOT_FOUND), subject


# Cold keys sign.


def keepers(world: World, name: str, number: int) -> list[KeyPair]:
    """Let a network be guarded by so many cold keys, of which over half have to sign, from now on."""
    cold = [KeyPair.from_seed(world.seed()) for _ in range(number)]
    rotate(world, name, cold=cold)
    world.tick(12)
    return cold


def by(claim: CheckpointClaim, *cold: KeyPair) -> SignCheckpoint:
    return SignCheckpoint(tuple(KeeperSignature(one.public, sign_claim(one, claim)) for one in cold))


def claim_of(world: World, checkpoint: Any, name: str = "riacho") -> CheckpointClaim:
    told = world.granted(name, "checkpoints.show", subject=checkpoint.id).to_sign
    return from_map(CheckpointClaim, decode(told))


def quorum(shown: Any) -> tuple[int, int, int]:
    return shown.cold_signatures, shown.cold_keys, shown.cold_needed


def test_two_of_three_cold_keys_sign_a_checkpoint_and_everybody_sees_by_how_many(world: World) -> None:
    exchange(world, "serra", "FLOR", "edna")
    linked(world, "riacho", "serra", 100)
    one, two, three = keepers(world, "riacho", 3)
    checkpoint = make(world)
    assert quorum(checkpoint) == (0, 3, 2)
    claim = claim_of(world, checkpoint)
    signed = world.granted("riacho", "checkpoints.sign", by(claim, three, one), subject=checkpoint.id)
    assert quorum(signed) == (2, 3, 2)
    world.tick(2)
    # A newer one that nobody has signed yet does not hide it.
    pay(world, "bia", "ana", 1)
    newer = make(world)
    world.tick(2)

    def seen() -> list[tuple[str, int]]:
        items = world.granted("serra", "checkpoints.list", CheckpointsWanted()).items
        return [(item.id.rpartition("-")[2], item.cold_signatures) for item in items]

    assert seen() == [(newer.id, 0), (checkpoint.id, 2)]
    name = f"{checkpoint.network}-{checkpoint.id}"
    assert quorum(world.granted("serra", "checkpoints.show", subject=name)) == (2, 3, 2)
    assert world.granted("serra", "checkpoints.show", subject=name).to_sign is None
    # The third keeper adds hers later.
    again = world.ask("riacho", "checkpoints.sign", by(claim, one, three), subject=checkpoint.id)
    assert again == Refused(DUPLICATE)
    signed = world.granted("riacho", "checkpoints.sign", by(claim, one, two, three), subject=checkpoint.id)
    assert quorum(signed) == (3, 3, 2)
    world.granted("riacho", "checkpoints.sign", by(claim_of(world, newer), one, two), subject=newer.id)
    world.tick(2)
    assert seen() == [(newer.id, 2)]
    for node in ("riacho", "serra"):
        world.restart(node)
    assert seen() == [(newer.id, 2)]
    listed = world.granted("riacho", "checkpoints.list", CheckpointsWanted()).items
    assert [quorum(item) for item in listed] == [(3, 3, 2), (2, 3, 2)]
    # Who guarded it then is told, whoever guards the network now, and to whoever comes only now.
    keepers(world, "riacho", 1)
    exchange(world, "campo", "MATE", "eva")
    world.join("riacho", "campo")
    world.tick(5)
    name = f"{newer.network}-{newer.id}"
    for node, id in (("riacho", newer.id), ("serra", name), ("campo", name)):
        world.restart(node)
        assert quorum(world.granted(node, "checkpoints.show", subject=id)) == (2, 3, 2)


def test_a_thief_hides_a_signed_checkpoint_and_puts_no_other_in_its_place(world: World) -> None:
    exchange(world, "serra", "FLOR", "edna")
    linked(world, "riacho", "serra", 100)
    one, two, _ = keepers(world, "riacho", 3)
    checkpoint = make(world)
    claim = claim_of(world, checkpoint)
    world.granted("riacho", "checkpoints.sign", by(claim, one, two), subject=checkpoint.id)
    world.tick(2)

    def seen() -> list[tuple[bytes, int]]:
        items = world.granted("serra", "checkpoints.list", CheckpointsWanted()).items
        return [(item.balances_root, item.cold_signatures) for item in items]

    assert seen() == [(claim.checkpoint.balances, 2)]
    thief = steal(world, "riacho")
    world.cut("riacho", "serra")
    world.join("thief", "serra")
    world.tick(2)
    other = CheckpointSaid(replace(claim.checkpoint, balances=bytes(32)))
    lie = signed(thief, COMMONS, other, last(thief, COMMONS), epoch=1, at_ms=world.now)
    says(world, Entries((lie.wire,)), "serra", "thief")
    assert seen() == [(bytes(32), 0), (claim.checkpoint.balances, 2)]
    says(world, Entries(tuple(entry.wire for entry in reopenings(thief, 1, world.now))), "serra", "thief")
    world.tick()
    assert seen() == []
    name = f"{checkpoint.network}-{checkpoint.id}"
    assert world.ask("serra", "checkpoints.show", subject=name) == Refused(NOT_FOUND)
    world.cut("thief", "serra")
    rotate(world, "riacho")
    world.join("riacho", "serra")
    world.tick(10)
    assert seen() == [(claim.checkpoint.balances, 2)]


def test_cold_keys_sign_no_checkpoint_of_another_network_as_their_own(world: World) -> None:
    exchange(world, "serra", "FLOR", "edna")
    linked(world, "riacho", "serra", 100)
    one, two, _ = keepers(world, "riacho", 3)
    theirs = world.granted("serra", "checkpoints.make", MakeCheckpoint())
    world.tick(2)
    claim = replace(claim_of(world, theirs, "serra"), network=world.nodes["riacho"].network)
    name = f"{theirs.network}-{theirs.id}"
    assert world.granted("riacho", "checkpoints.show", subject=name).cold_signatures == 0
    assert world.ask("riacho", "checkpoints.sign", by(claim, one, two), subject=name) == Refused(NOT_FOUND)


def test_a_wrong_signature_or_too_few_change_nothing(world: World) -> None:
    one, two, _ = keepers(world, "riacho", 3)
    checkpoint = make(world)
    claim = claim_of(world, checkpoint)
    node = world.nodes["riacho"]
    before = len(node.disk)
    stranger, other = KeyPair.from_seed(world.seed()), replace(claim, network=bytes(32))
    twisted = KeeperSignature(two.public, sign_claim(one, claim))

    def refusal(wish: SignCheckpoint, subject: str = checkpoint.id) -> Refused:
        return world.ask("riacho", "checkpoints.sign", wish, subject=subject)

    for wrong in (
        by(claim, one, stranger),
        by(other, one, two),
        SignCheckpoint((*by(claim, one).signatures, twisted)),
        SignCheckpoint((*by(claim, one).signatures, KeeperSignature(two.public, b""))),
        SignCheckpoint((*by(claim, one).signatures, KeeperSignature(b"", bytes(64)))),
    ):
        assert refusal(wrong) == Refused(SIGNATURE_INVALID)
    for few in (by(claim), by(claim, one), by(claim, one, one)):
        refused = refusal(few)
        assert refused.reason is TOO_FEW_SIGNATURES and refused.figures["needed"] == 2
    assert refusal(by(claim, one, two), "9").reason is NOT_FOUND
    actor = member(world, "ana")
    assert world.ask("riacho", "checkpoints.sign", by(claim, one, two), subject=checkpoint.id, actor=actor).reason is (
        FORBIDDEN
    )
    assert len(node.disk) == before
    assert quorum(world.granted("riacho", "checkpoints.show", subject=checkpoint.id)) == (0, 3, 2)


def test_the_hot_key_alone_makes_nobody_believe_that_cold_keys_have_signed(world: World) -> None:
    exchange(world, "serra", "FLOR", "edna")
    linked(world, "riacho", "serra", 100)
    one, two, _ = keepers(world, "riacho", 3)
    checkpoint = make(world)
    claim = claim_of(world, checkpoint)
    thief = steal(world, "riacho")
    right = [ColdSignature(at, sign_claim(key, claim)) for at, key in enumerate((one, two))]
    hot = thief.keyring
    assert hot is not None
    words = (
        (),
        (right[0],),
        (right[0], right[0]),
        (right[0], replace(right[1], index=2)),
        (right[0], replace(right[1], index=9)),
        (right[0], ColdSignature(1, sign_claim(hot.hot, claim))),
        (*right, ColdSignature(2, bytes(64))),
    )
    after = last(thief, COMMONS)
    for signatures in words:
        lie = CheckpointSigned(claim.checkpoint, signatures)
        after = signed(thief, COMMONS, lie, after, epoch=1, at_ms=world.now)
        thief.disk.append(after)
    richer = CheckpointSigned(replace(claim.checkpoint, balances=bytes(32)), tuple(right))
    thief.disk.append(signed(thief, COMMONS, richer, after, epoch=1, at_ms=world.now))
    # What he says in its commons the home takes up as its own, and its partner hears it too.
    world.cut("riacho", "serra")
    world.nodes["riacho"].disk = thief.disk
    del world.nodes["thief"]
    world.restart("riacho")
    world.join("riacho", "serra")
    world.tick(5)
    for node, id in (("riacho", checkpoint.id), ("serra", f"{checkpoint.network}-{checkpoint.id}")):
        assert quorum(world.granted(node, "checkpoints.show", subject=id)) == (0, 3, 2)
    assert not world.drops
    world.granted("riacho", "checkpoints.sign", by(claim, one, two), subject=checkpoint.id)
    world.tick(2)
    told = world.granted("serra", "checkpoints.list", CheckpointsWanted()).items
    assert [quorum(item) for item in told] == [(2, 3, 2)]


def test_a_keeper_takes_what_she_signs_from_a_replica_that_has_made_it_again(world: World) -> None:
    code = world.granted("riacho", "replicas.invite").code
    world.second("casa", "riacho", code)
    world.join("riacho", "casa")
    one, two, _ = keepers(world, "riacho", 3)
    checkpoint = make(world)
    world.tick(3)
    claim = claim_of(world, checkpoint, "casa")
    assert claim == claim_of(world, checkpoint)
    assert world.ask("casa", "checkpoints.sign", by(claim, one, two), subject=checkpoint.id).reason is (READ_ONLY)
    world.granted("riacho", "checkpoints.sign", by(claim, one, two), subject=checkpoint.id)
    world.tick(3)
    assert quorum(world.granted("casa", "checkpoints.show", subject=checkpoint.id)) == (2, 3, 2)
