# SPDX-License-Identifier: AGPL-3.0-or-later
"""Nodes of two versions: an older one keeps and passes on what it cannot read, says so, and catches up."""

from collections.abc import Sequence
from typing import Any

import pytest
from simulation.groups import exchange, linked, pay, says
from simulation.world import Node, World, whole

from protocol.book.declaration import Actor, Practice, Role
from protocol.book.refusals import Refused
from protocol.book.signed import parse_uuid
from protocol.lanes.entry import LEDGER, Entry, seal
from protocol.lanes.journal import Behind
from protocol.peers.messages import Entries, LinkNews, pack, unpack
from protocol.practices import PRACTICES
from protocol.practices.between.faults.seen import Faults
from protocol.practices.between.networks.replicas import InviteReplica
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.money.dues.entries import DuesSet, DuesTaken
from protocol.practices.money.dues.views import SetDues
from protocol.practices.money.requests.entries import Requested
from protocol.practices.money.requests.views import AskPayment
from protocol.wire.codec import decode, encode

DAY_MS = 86_400_000
LACKING = "payment-requests"
OLDER = tuple(practice for practice in PRACTICES if practice.name != LACKING)


def group(practices: Sequence[Practice] = OLDER, *, audits: bool = False) -> tuple[World, Node, Node]:
    """Return a group, its home, and a replica whose version knows these practices."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", "bia")
    code = world.granted("riacho", "replicas.invite", InviteReplica()).code
    casa = world.second("casa", "riacho", code, practices)
    casa.replica.gossip.taking.checks_all = audits
    world.join("casa", "riacho")
    world.tick(3)
    return world, world.nodes["riacho"], casa


def ask_for(world: World, units: int) -> None:
    """Let Bia ask Ana for a payment: an entry of the kind that the older version lacks."""
    bia = Actor(Role.MEMBER, world.nodes["riacho"].replica.book.member_by_handle["bia"])
    world.granted("riacho", "payment-requests.create", AskPayment(whole(units), payer="ana"), actor=bia)


def balances(node: Node) -> dict[str, int]:
    return {id: account.balance_minor for id, account in node.replica.book.ledger.accounts.items()}


@pytest.mark.parametrize("audits", [False, True], ids=["replica", "auditor"])
def test_what_a_node_cannot_read_it_keeps_and_passes_on_and_reads_after_an_upgrade(*, audits: bool) -> None:
    world, riacho, casa = group(audits=audits)
    pay(world, "riacho", "ana", "bia", 5)
    before, copied = balances(casa), len(riacho.disk)
    assert before == balances(riacho)
    ask_for(world, 3)
    asked = riacho.replica.journal.held.head(riacho.network, LEDGER)
    pay(world, "riacho", "ana", "bia", 2)
    world.tick(2)
    assert asked is not None
    assert casa.replica.behind == Behind(asked.position.seq, Requested.KIND)
    assert balances(casa) == before != balances(riacho), "its books stand still"
    assert casa.replica.journal.held.head(riacho.network, LEDGER) == riacho.replica.journal.held.head(
        riacho.network, LEDGER
    )
    refused = world.ask("casa", "replicas.invite", InviteReplica())
    assert isinstance(refused, Refused) and refused.reason.code == "BEHIND"
    # A home that has lost it gets it back from there.
    kept = [one.id for one in casa.disk if one.header.lane == LEDGER]
    assert kept == [one.id for one in riacho.disk if one.header.lane == LEDGER]
    world.restart("riacho", old_copy=copied)
    world.tick(8)
    assert [one.id for one in riacho.disk if one.header.lane == LEDGER][: len(kept)] == kept
    # A start changes nothing in that; one of a version that knows the kind does.
    world.restart("casa")
    world.tick(2)
    assert casa.replica.behind == Behind(asked.position.seq, Requested.KIND)
    casa.practices = PRACTICES
    world.restart("casa")
    world.tick(3)
    assert casa.replica.behind is None and balances(casa) == balances(riacho)
    pay(world, "riacho", "ana", "bia", 1)
    assert balances(casa) == balances(riacho) and not casa.replica.book.of(Faults).by_id and not world.drops


def test_a_home_that_is_behind_signs_nothing() -> None:
    world, riacho, _ = group(PRACTICES)
    exchange(world, "serra", "FLOR", "caio")
    linked(world, "riacho", "serra", 1_000)
    ask_for(world, 3)
    said = own(riacho)
    riacho.practices = OLDER
    world.restart("riacho")
    world.tick(20)
    assert riacho.replica.behind is not None and not riacho.replica.recovering
    assert own(riacho) == said
    refused = world.ask("riacho", "replicas.invite", InviteReplica())
    assert isinstance(refused, Refused) and refused.reason.code == "BEHIND"
    riacho.practices = PRACTICES
    world.restart("riacho")
    world.tick(3)
    pay(world, "riacho", "ana", "caio@serra", 1)
    assert not world.drops and world.zero_sum()


def own(node: Node) -> list[bytes]:
    return [entry.id for entry in node.disk if entry.network == node.network]


def written(riacho: Node, content: dict[int, Any], kind: str) -> Entry:
    """Return an entry that the home signs after its newest, with a body of any form."""
    assert riacho.keyring is not None
    head = riacho.replica.journal.held.head(riacho.network, LEDGER)
    assert head is not None
    return seal(
        riacho.keyring.hot, network=riacho.network, lane=LEDGER, epoch=0, seq=head.position.seq + 1, prev=head.id,
        body=encode({1: kind, 2: 1_700_000_000_000, 3: content}), salt=bytes(16),
    )  # fmt: skip


def newest_request(riacho: Node) -> dict[int, object]:
    entry = next(one for one in reversed(riacho.disk) if Requested.KIND.encode() in one.body_bytes)
    fields = decode(entry.body_bytes)
    assert isinstance(fields, dict)
    return dict(fields[3])  # type: ignore[arg-type]


def test_a_field_that_a_node_does_not_know_is_of_a_newer_version_and_no_fault() -> None:
    world, riacho, casa = group(PRACTICES)
    ask_for(world, 3)
    newer = written(riacho, {**newest_request(riacho), 99: 1}, Requested.KIND)
    assert says(world, Entries((newer.wire,)), "casa") is None
    assert casa.replica.behind == Behind(newer.header.seq, Requested.KIND)
    assert not casa.replica.book.of(Faults).by_id


def test_an_entry_of_a_wrong_form_is_the_fault_of_who_signed_it() -> None:
    world, riacho, casa = group(PRACTICES)
    ask_for(world, 3)
    wrong = written(riacho, {**newest_request(riacho), 1: "no bytes"}, Requested.KIND)
    reason = says(world, Entries((wrong.wire,)), "casa")
    assert reason is not None and "MALFORMED" in reason
    (fault,) = casa.replica.book.of(Faults).by_id.values()
    assert (fault.kind, fault.network, fault.wires) == ("ENTRY_INVALID", riacho.network, (wrong.wire,))
    assert casa.replica.behind is None


def test_a_replica_and_an_auditor_without_dues_catch_up_once_they_know_them() -> None:
    """A practice that came later: its motion, its entries and what they post."""
    for audits in (False, True):
        world, riacho, casa = group(tuple(one for one in PRACTICES if one.name != "dues"), audits=audits)
        pay(world, "riacho", "ana", "bia", 5)
        motion = world.granted("riacho", "dues.create", SetDues("the hall", "HORA", whole(2)))
        for handle in ("ana", "bia"):
            member = Actor(Role.MEMBER, riacho.replica.book.member_by_handle[handle])
            vote = Vote(parse_uuid(motion.id) or b"", Ballot.YES)
            world.granted("riacho", "motions.vote", vote, subject=motion.id, actor=member)
        world.now += 8 * DAY_MS
        world.tick(3)
        assert casa.replica.behind is not None and casa.replica.behind.kind == DuesSet.KIND
        before = balances(casa)
        world.now += 62 * DAY_MS
        world.tick(3)
        assert any(DuesTaken.KIND.encode() in one.body_bytes for one in riacho.disk)
        assert balances(casa) == before != balances(riacho)
        assert [one.id for one in casa.disk if one.header.lane == LEDGER] == [
            one.id for one in riacho.disk if one.header.lane == LEDGER
        ]
        casa.practices = PRACTICES
        world.restart("casa")
        world.tick(3)
        assert casa.replica.behind is None and balances(casa) == balances(riacho)
        assert not casa.replica.book.of(Faults).by_id and not world.drops


def test_a_link_record_of_a_newer_version_is_neither_taken_nor_a_fault_and_the_link_goes_on_after_it() -> None:
    world, riacho, casa = group(PRACTICES)
    exchange(world, "serra", "FLOR", "caio")
    linked(world, "riacho", "serra", 1_000)
    pay(world, "riacho", "ana", "caio@serra", 1)
    newest = next(one for one in reversed(riacho.disk) if one.network == riacho.network and "link" in one.header.lane)
    fields: Any = decode(newest.body_bytes)
    assert riacho.keyring is not None
    newer = seal(
        riacho.keyring.hot, network=riacho.network, lane=newest.header.lane, epoch=newest.header.epoch,
        seq=newest.header.seq + 1, prev=newest.id, salt=bytes(16), body=encode({**fields, 3: {**fields[3], 99: 1}}),
    )  # fmt: skip
    serra = world.nodes["serra"]
    held, balance = len(serra.disk), balances(serra)
    assert says(world, LinkNews(newer.wire)) is None and says(world, Entries((newer.wire,)), "casa") is None
    assert (len(serra.disk), balances(serra)) == (held, balance)
    assert newer.id not in {one.id for one in casa.disk}
    for node in (serra, casa):
        assert not node.replica.book.of(Faults).by_id
    # Once it is understood, or said anew in a form that is, the link goes on.
    pay(world, "riacho", "ana", "caio@serra", 1)
    pay(world, "serra", "caio", "ana@riacho", 1)
    assert balances(serra) == balance and world.zero_sum() and not world.drops
    # One whose fields are of a wrong type is a fault as before.
    wrong = seal(
        riacho.keyring.hot, network=riacho.network, lane=newest.header.lane, epoch=newest.header.epoch,
        seq=newest.header.seq + 9, prev=newest.id, salt=bytes(16), body=encode({**fields, 3: {**fields[3], 1: 1}}),
    )  # fmt: skip
    assert says(world, LinkNews(wrong.wire)) is not None


def test_messages_and_fields_of_a_newer_version_are_passed_over_and_counted() -> None:
    world, _, casa = group(PRACTICES)
    session = casa.replica.gossip.sessions.by_peer["riacho"]
    counted = session.requests
    assert says(world, encode((99, {1: b"anything"})), "casa") is None
    assert session.requests == counted + 1
    number, fields = decode(pack(Entries(())))  # type: ignore[misc]
    assert isinstance(fields, dict)
    assert unpack(encode((number, {**fields, 77: "newer"}))) == Entries(())


def test_a_node_tells_what_it_knows_when_it_says_hello() -> None:
    _, riacho, casa = group()
    told = {one.practice: one.version for one in riacho.replica.gossip.sessions.by_peer["casa"].knows}
    assert LACKING not in told and told["payments"] == 1
    heard = casa.replica.gossip.sessions.by_peer["riacho"].knows
    assert {one.practice for one in heard} == {practice.name for practice in PRACTICES}
