# SPDX-License-Identifier: AGPL-3.0-or-later
"""An auditor's node sees what is wrong, says so once, and hands out evidence that others check by themselves."""

from dataclasses import replace
from typing import Any

import pytest
from simulation.groups import exchange, linked
from simulation.theft import last, rotate, signed, steal
from simulation.world import Node, World, whole

from protocol.book.declaration import Actor, Entered, EvidenceWanted, Role
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, Refused
from protocol.events import Publish, Received, StoreFault
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, Body, Entry
from protocol.peers.messages import Entries, pack
from protocol.practices.between.checkpoints.entries import CheckpointMade
from protocol.practices.between.checkpoints.proofs import CheckpointSaid
from protocol.practices.between.checkpoints.roots import hear
from protocol.practices.between.checkpoints.state import Checkpoints
from protocol.practices.between.checkpoints.views import MakeCheckpoint
from protocol.practices.between.faults.evidence import Evidence, FaultKind, Weight, examine_evidence
from protocol.practices.between.faults.seen import FAULTS_KEPT_MAX, Fault, Faults, FaultsWanted
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.governance.parameters import ParameterSet
from protocol.practices.money.payments.entries import Pay
from protocol.practices.people.members.entries import Approved
from protocol.wire.codec import decode, encode
from protocol.wire.shape import from_map, to_map


@pytest.fixture
def world() -> World:
    """Riacho with Ana and Bia, casa that holds a copy of its books, and Serra, a partner."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", "bia")
    exchange(world, "serra", "FLOR", "edna")
    linked(world, "riacho", "serra", 100)
    world.second("casa", "riacho", world.granted("riacho", "replicas.invite").code)
    world.join("riacho", "casa")
    world.granted("riacho", "payments.create", Pay(payer="ana", payee="bia", amount=whole(3, "HORA")))
    world.granted("riacho", "checkpoints.make", MakeCheckpoint())
    world.tick(3)
    return world


def faults(world: World, name: str) -> list[Any]:
    return list(world.granted(name, "faults.list", FaultsWanted()).items)


def evidence(world: World, name: str, id: str) -> bytes:
    """Return the evidence of a fault, as the runtime completes it from storage."""
    node = world.nodes[name]
    wanted = world.granted(name, "faults.show", subject=id)
    assert isinstance(wanted, EvidenceWanted)

    def wires(lane: str, seq: int | None = None) -> tuple[bytes, ...]:
        held = (e for e in node.disk if (e.network, e.header.lane) == (wanted.network, lane))
        return tuple(e.wire for e in held if seq in (None, e.header.seq))

    stored = tuple(wire for lane, seq in wanted.places for wire in wires(lane, seq))
    return wanted.show(wires(IDENTITY), stored).document


def hands(world: World, target: str, source: str, *entries: Entry) -> None:
    """Let a peer bring entries."""
    world.give(target, Received(source, pack(Entries(tuple(one.wire for one in entries)))))
    world.run()


def says_next(world: World, body: Body, lane: str) -> Entry:
    """Let Riacho's operator sign something at the next place of a lane, past its own rules."""
    riacho = world.nodes["riacho"]
    return signed(riacho, lane, body, last(riacho, lane), epoch=0, at_ms=world.now)


def checkpoint(node: Node) -> CheckpointMade:
    newest = node.replica.book.of(Checkpoints).newest
    assert newest is not None
    return newest.made


def test_an_honest_network_is_accused_of_nothing(world: World) -> None:
    for name in ("riacho", "serra", "casa"):
        assert faults(world, name) == []


def test_two_entries_at_one_place_are_told_once_and_prove_themselves(world: World) -> None:
    thief = steal(world, "riacho")
    said = [signed(node, COMMONS, replace(profile(node), name=name), last(node, COMMONS), epoch=0, at_ms=world.now)
            for node, name in ((world.nodes["riacho"], "One"), (thief, "Other"))]  # fmt: skip
    hands(world, "serra", "riacho", said[0])
    hands(world, "serra", "riacho", said[1])
    hands(world, "serra", "riacho", said[1])
    [fault] = faults(world, "serra")
    assert (fault.kind, fault.proves_itself) == (FaultKind.FORK, True)
    waiting = world.granted("serra", "errands.list", ErrandsWanted(ErrandSpan.WEEK)).items
    [errand] = [one for one in waiting if one.verb == "faults.show"]
    assert (errand.id, errand.who, errand.sentence) == (fault.id, "riacho", "faults.fork")
    news = [one for one in world.nodes["serra"].events if isinstance(one, Publish) and one.type == "fault.raised"]
    assert [(one.resource, one.audience, one.figures["kind"]) for one in news] == [(fault.id, (), "FORK")]
    found = examine_evidence(evidence(world, "serra", fault.id))
    assert (found.weight, found.network) == (Weight.PROVEN, world.nodes["riacho"].network)
    assert {one.id for one in found.entries} == {one.id for one in said}


def test_two_checkpoints_that_cannot_both_be_true_convict_their_network(world: World) -> None:
    made = checkpoint(world.nodes["riacho"]).checkpoint
    lie = says_next(world, CheckpointSaid(replace(made, balances=bytes(32))), COMMONS)
    hands(world, "serra", "riacho", lie)
    [fault] = faults(world, "serra")
    assert fault.kind is FaultKind.CHECKPOINTS_DIFFER
    assert examine_evidence(evidence(world, "serra", fault.id)).weight is Weight.PROVEN
    # A partner that restarts finds it again, and tells nobody twice.
    world.restart("serra")
    world.tick()
    assert [one.id for one in faults(world, "serra")] == [fault.id]


def test_a_checkpoint_of_fewer_entries_contradicts_an_earlier_one_but_not_after_a_restore(world: World) -> None:
    book, made = world.nodes["serra"].replica.book, checkpoint(world.nodes["riacho"]).checkpoint
    state, network = book.of(Checkpoints), world.nodes["riacho"].network
    less = CheckpointSaid(replace(made, size=made.size - 1))
    # What a restore gave up is another epoch's.
    for epoch, expected in ((1, {}), (1, {}), (0, {})):
        hear(book, Entered(less, network, COMMONS, epoch, 7, bytes(32), world.now))
        assert state.doubled == expected
    hear(book, Entered(CheckpointSaid(made), network, COMMONS, 0, 8, bytes(32), world.now))
    hear(book, Entered(less, network, COMMONS, 0, 9, bytes(32), world.now))
    assert state.doubled == {network: (8, 9)}


def test_what_a_stolen_key_has_signed_proves_nothing_once_cold_keys_have_ended_its_time(world: World) -> None:
    made = checkpoint(world.nodes["riacho"]).checkpoint
    differing = says_next(world, CheckpointSaid(replace(made, accounts=1)), COMMONS)
    first = last(world.nodes["riacho"], COMMONS)
    twin = signed(world.nodes["riacho"], COMMONS, CheckpointSaid(made), first, epoch=0, at_ms=world.now)
    [word] = [one for one in world.nodes["riacho"].disk if b"checkpoints/said" in one.body_bytes]
    identity = last(world.nodes["riacho"], IDENTITY).wire
    rotation = rotate(world, "riacho").wire

    def weight(kind: FaultKind, *entries: Entry, events: tuple[bytes, ...]) -> Weight:
        return examine_evidence(encode(to_map(Evidence(kind, events, tuple(one.wire for one in entries))))).weight

    for kind, entries in (
        (FaultKind.FORK, (differing, twin)),
        (FaultKind.CHECKPOINTS_DIFFER, (word, differing)),
    ):
        assert weight(kind, *entries, events=(identity,)) is Weight.PROVEN
        assert weight(kind, *entries, events=(identity, rotation)) is Weight.WORTHLESS


def test_a_checkpoint_of_other_entries_than_stand_before_it_is_no_entry(world: World) -> None:
    made = checkpoint(world.nodes["riacho"])
    head = last(world.nodes["riacho"], LEDGER)
    for size, covered in ((head.header.seq + 2, head.id), (head.header.seq + 1, bytes(32))):
        said = replace(made.checkpoint, size=size, head=covered)
        hands(world, "casa", "riacho", says_next(world, CheckpointMade(made.seed, said), LEDGER))
        world.join("riacho", "casa")
        world.tick(2)
    assert [one.kind for one in faults(world, "casa")] == [FaultKind.ENTRY_INVALID, FaultKind.ENTRY_INVALID]


def test_sums_that_are_not_zero_convict_their_network(world: World) -> None:
    made = checkpoint(world.nodes["riacho"]).checkpoint
    [total] = made.totals
    lie = CheckpointSaid(replace(made, size=made.size + 9, totals=(replace(total, debit=total.debit - 1),)))
    hands(world, "serra", "riacho", says_next(world, lie, COMMONS))
    [fault] = faults(world, "serra")
    assert fault.kind is FaultKind.CHECKPOINT_UNBALANCED
    assert examine_evidence(evidence(world, "serra", fault.id)).weight is Weight.PROVEN


def test_a_checkpoint_that_the_fold_does_not_bear_out_is_told_by_who_holds_the_books(world: World) -> None:
    riacho = world.nodes["riacho"]
    made, head = checkpoint(riacho), last(riacho, LEDGER)
    said = replace(made.checkpoint, size=head.header.seq + 1, head=head.id)
    hands(world, "casa", "riacho", says_next(world, CheckpointMade(made.seed, said), LEDGER))
    [fault] = faults(world, "casa")
    assert (fault.kind, fault.proves_itself) == (FaultKind.CHECKPOINT_WRONG, False)
    found = examine_evidence(evidence(world, "casa", fault.id))
    assert (found.weight, len(found.entries)) == (Weight.NEEDS_BOOKS, 1)


def test_an_entry_that_a_rule_refuses_is_evidence_although_nobody_takes_it(world: World) -> None:
    lie = says_next(world, Approved("nobody", ()), LEDGER)
    hands(world, "casa", "riacho", lie)
    [fault] = faults(world, "casa")
    assert fault.kind is FaultKind.ENTRY_INVALID and "MEMBER_UNKNOWN" in fault.detail
    assert examine_evidence(evidence(world, "casa", fault.id)).entries == (lie,)
    # It is kept on the disk, since the entry itself is not.
    [kept] = [one for one in world.nodes["casa"].events if isinstance(one, StoreFault)]
    world.restart("casa")
    assert faults(world, "casa") == []
    world.nodes["casa"].replica.recall(kept.data)
    assert [one.id for one in faults(world, "casa")] == [fault.id]


def test_an_operator_that_passes_a_gate_without_its_motion_convicts_itself(world: World) -> None:
    alone = says_next(world, ParameterSet("motions.quorum", None, 1_00, None), LEDGER)
    hands(world, "casa", "riacho", alone)
    [fault] = faults(world, "casa")
    assert fault.kind is FaultKind.ENTRY_INVALID and "MOTION_NEEDED" in fault.detail


def test_evidence_that_was_changed_or_is_of_something_else_is_worth_nothing(world: World) -> None:
    made = checkpoint(world.nodes["riacho"]).checkpoint
    hands(world, "serra", "riacho", says_next(world, CheckpointSaid(replace(made, accounts=1)), COMMONS))
    [fault] = faults(world, "serra")
    document = evidence(world, "serra", fault.id)
    shown = from_map(Evidence, decode(document, bytes_max=2**20))
    serra = tuple(e.wire for e in world.nodes["serra"].disk if e.network == world.nodes["serra"].network)[:1]

    def weight(**changed: Any) -> Weight:
        return examine_evidence(encode(to_map(replace(shown, **changed)))).weight

    assert weight() is Weight.PROVEN
    assert weight(kind=FaultKind.FORK) is Weight.WORTHLESS
    assert weight(kind=FaultKind.CHECKPOINT_UNBALANCED) is Weight.WORTHLESS
    assert weight(entries=shown.entries[:1]) is Weight.WORTHLESS
    assert weight(entries=(shown.entries[0], shown.entries[0])) is Weight.WORTHLESS
    assert weight(entries=()) is Weight.WORTHLESS
    assert weight(identity=serra) is Weight.WORTHLESS
    assert weight(identity=()) is Weight.WORTHLESS
    forged = shown.entries[1][:-1] + bytes([shown.entries[1][-1] ^ 1])
    assert weight(entries=(shown.entries[0], forged)) is Weight.WORTHLESS
    assert weight(kind=FaultKind.ENTRY_INVALID, entries=(forged,)) is Weight.WORTHLESS
    assert examine_evidence(b"gossip").weight is Weight.WORTHLESS


def test_officers_alone_see_faults_and_there_is_room_for_so_many(world: World) -> None:
    ana = Actor(Role.MEMBER, world.nodes["riacho"].replica.book.member_by_handle["ana"])
    assert world.ask("riacho", "faults.list", FaultsWanted(), actor=ana).reason is FORBIDDEN
    assert world.ask("riacho", "faults.show", subject="x") == Refused(NOT_FOUND)
    kept = Faults()
    for number in range(FAULTS_KEPT_MAX):
        assert kept.add(Fault(FaultKind.FORK, bytes(32), str(number), 0))
        assert not kept.add(Fault(FaultKind.FORK, bytes(32), str(number), 1))
    assert not kept.add(Fault(FaultKind.FORK, bytes(32), "one more", 0))


def profile(node: Node) -> Any:
    return node.replica.journal.directory.networks[node.network].profile
