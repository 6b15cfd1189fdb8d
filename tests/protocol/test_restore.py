# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node that starts from an old copy of its database (PROTOCOL 6): it signs nothing until it has its own back."""

import pytest
from simulation.groups import balance, exchange, linked, offer_payment, pay, state
from simulation.world import STEWARD, World, whole

from protocol.book.refusals import Refused
from protocol.events import Asked, Received
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, encode_body, seal
from protocol.peers.messages import IDENTITY_ENTRIES_MAX, Entries, LinkNews, pack
from protocol.practices.between.links.wishes import LinksWanted, RaiseLink
from protocol.practices.between.networks.replicas import InviteReplica
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.people.members.entries import Suspended
from protocol.wire.keys import KeyPair


def trading(*, with_replica: bool) -> World:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    if with_replica:
        code = world.granted("riacho", "replicas.invite", InviteReplica()).code
        world.second("casa", "riacho", code)
        world.join("casa", "riacho")
        world.tick(3)
    return world


def no_fork(world: World) -> bool:
    """Tell whether no network ever signed two entries at one place."""
    seen: dict[tuple[bytes, str, int, int], bytes] = {}
    for node in world.nodes.values():
        for entry in node.disk:
            header = entry.header
            place = (entry.network, header.lane, header.epoch, header.seq)
            if seen.setdefault(place, entry.id) != entry.id:
                return False
    return True


@pytest.mark.parametrize("lost_payments", [0, 1, 3])
def test_partner_and_replica_give_a_restored_node_its_own_back(lost_payments: int) -> None:
    world = trading(with_replica=True)
    pay(world, "riacho", "ana", "bia@serra", 10)
    backup = len(world.nodes["riacho"].disk)
    for _ in range(lost_payments):
        pay(world, "riacho", "ana", "bia@serra", 10)
    world.restart("riacho", old_copy=backup)
    refused = world.ask("riacho", "replicas.invite", InviteReplica())
    assert isinstance(refused, Refused) and refused.reason.code == "RECOVERING"

    world.tick(20)
    paid = 1 + lost_payments
    assert balance(world, "riacho", "ana") == -10_00 * paid
    payment = pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(3)
    assert state(world, "riacho", payment) == "posted"
    assert balance(world, "serra", "bia") == 10_00 * (paid + 1)
    assert world.zero_sum() and no_fork(world)


@pytest.mark.parametrize("delivered", range(10))
def test_what_was_under_way_at_the_loss_still_ends_one_way(delivered: int) -> None:
    world = trading(with_replica=True)
    pay(world, "riacho", "ana", "bia@serra", 10)
    backup = len(world.nodes["riacho"].disk)
    offer_payment(world, "riacho", "ana", "bia@serra", 30)
    world.deliver(delivered)
    world.restart("riacho", old_copy=backup)
    world.tick(40)
    # The payment never left the node that lost it, or has happened at both ends; where the ledger lost the
    # member's debit and the partner claims all the same, the network itself carries it, and the books agree.
    commons = world.nodes["riacho"].balance("commons.HORA")
    paid = (balance(world, "riacho", "ana") + commons, balance(world, "serra", "bia"))
    assert paid in ((-10_00, 10_00), (-40_00, 40_00))
    payment = pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(3)
    assert state(world, "riacho", payment) == "posted"
    assert world.zero_sum() and no_fork(world)


def test_the_payees_node_may_be_the_one_that_lost_its_disk() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    code = world.granted("serra", "replicas.invite", InviteReplica()).code
    world.second("torre", "serra", code)
    world.join("torre", "serra")
    world.tick(3)
    backup = len(world.nodes["serra"].disk)
    for _ in range(3):
        pay(world, "riacho", "ana", "bia@serra", 10)
    world.restart("serra", old_copy=backup)
    world.tick(20)
    assert balance(world, "serra", "bia") == 30_00
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(3)
    assert (balance(world, "riacho", "ana"), balance(world, "serra", "bia")) == (-40_00, 40_00)
    assert world.zero_sum() and no_fork(world)


def test_without_anybody_to_ask_the_node_waits_and_signs_nothing() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    world.restart("riacho", old_copy=4)
    entries = len(world.nodes["riacho"].disk)
    world.tick(600)
    assert world.nodes["riacho"].replica.recovering
    assert len(world.nodes["riacho"].disk) == entries


@pytest.mark.parametrize("lane", [IDENTITY, COMMONS, LEDGER])
def test_a_strangers_forgery_is_no_sign_of_a_loss(lane: str) -> None:
    world = trading(with_replica=False)
    stranger = KeyPair.from_seed(bytes(32))
    forged = seal(
        stranger, network=world.nodes["riacho"].network, lane=lane, epoch=0, seq=1_000, prev=bytes(32),
        body=encode_body(Suspended("A" * 16), world.now), salt=bytes(16),
    )  # fmt: skip
    world.give("riacho", Received("serra", pack(Entries((forged.wire,)))))
    assert not world.nodes["riacho"].replica.recovering
    if world.drops:
        world.join("riacho", "serra")
    world.tick(3)
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(3)
    assert balance(world, "serra", "bia") == 10_00


def test_but_an_entry_of_our_own_is() -> None:
    world = trading(with_replica=False)
    riacho = world.nodes["riacho"]
    assert riacho.keyring is not None
    lost = seal(
        riacho.keyring.hot, network=riacho.network, lane=COMMONS, epoch=0, seq=1_000, prev=bytes(32),
        body=encode_body(Suspended("A" * 16), world.now), salt=bytes(16),
    )  # fmt: skip
    world.give("riacho", Received("serra", pack(Entries((lost.wire,)))))
    assert riacho.replica.recovering


def test_a_copy_from_before_a_replica_was_let_in_gets_its_own_back_from_it() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana", "caio")
    exchange(world, "serra", "FLOR", "bia")
    code = world.granted("riacho", "replicas.invite", InviteReplica()).code
    backup = len(world.nodes["riacho"].disk)
    world.second("casa", "riacho", code)
    world.join("casa", "riacho")
    world.join("riacho", "serra")
    world.tick(3)
    pay(world, "riacho", "ana", "caio", 10)
    world.tick(3)
    world.restart("riacho", old_copy=backup)
    world.tick(20)
    assert (balance(world, "riacho", "ana"), balance(world, "riacho", "caio")) == (-10_00, 10_00)
    assert no_fork(world) and not world.drops


def test_a_node_that_finds_out_in_the_middle_of_a_batch_signs_nothing_more() -> None:
    world = trading(with_replica=True)
    riacho = world.nodes["riacho"]
    link = world.granted("riacho", "links.list", LinksWanted()).items[0].id
    backup = len(riacho.disk)
    world.granted("riacho", "links.raise", RaiseLink(whole(1_100)), subject=link)
    world.tick(2)
    lost = riacho.disk[-1]
    for peer in ("casa", "serra"):
        world.cut("riacho", peer)
    # Nobody has told this node that its disk holds an old copy.
    del riacho.disk[backup:]
    world.restart("riacho")
    world.join("casa", "riacho")
    world.run()
    raised = Asked(1_000_000, "links.raise", STEWARD, RaiseLink(whole(1_200)), link)
    world.give("riacho", raised, Received("casa", pack(Entries((lost.wire,)))))
    assert riacho.replica.recovering and len(riacho.disk) == backup + 1
    world.join("riacho", "serra")
    world.tick(20)
    assert not riacho.replica.recovering
    assert world.granted("riacho", "links.show", subject=link).limit_given.value == 1_100_00
    assert world.granted("riacho", "links.show", subject=link).state == "open"
    assert no_fork(world)


def test_a_network_of_many_key_events_still_says_hello() -> None:
    world = trading(with_replica=False)
    riacho = world.nodes["riacho"]
    for _ in range(IDENTITY_ENTRIES_MAX + 1):
        riacho.replica.reopen()
        world.tick()
    world.cut("riacho", "serra")
    world.join("riacho", "serra")
    world.tick(12)
    payment = pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(3)
    assert state(world, "riacho", payment) == "posted" and not world.drops


def test_what_was_in_the_making_on_another_link_is_signed_no_more_either() -> None:
    world = trading(with_replica=True)
    exchange(world, "campo", "MATE", "eva")
    linked(world, "riacho", "campo", 1_000)
    world.tick(2)
    riacho = world.nodes["riacho"]
    to_serra, to_campo = (
        next(one.id for one in world.granted("riacho", "links.list", LinksWanted()).items if one.partner_handle == name)
        for name in ("serra", "campo")
    )
    backup = len(riacho.disk)
    world.granted("riacho", "links.raise", RaiseLink(whole(1_100)), subject=to_serra)
    world.tick(2)
    lost = riacho.disk[-1]
    for peer in ("casa", "serra", "campo"):
        world.cut("riacho", peer)
    del riacho.disk[backup:]
    world.restart("riacho")
    world.join("casa", "riacho")
    world.join("campo", "riacho")
    world.run()
    known = len(riacho.disk)
    raised = Asked(1_000_000, "links.raise", STEWARD, RaiseLink(whole(1_200)), to_campo)
    theirs = world.nodes["campo"].replica.journal.held.records.newest
    campo = next(wire for (network, _), wire in theirs.items() if network == world.nodes["campo"].network)
    world.give(
        "riacho", raised, Received("casa", pack(Entries((lost.wire,)))), Received("campo", pack(LinkNews(campo)))
    )
    assert riacho.replica.recovering
    assert [entry.network == riacho.network for entry in riacho.disk[known:]] == [True]
    assert riacho.disk[-1].id == lost.id
    world.join("riacho", "serra")
    world.tick(20)
    assert not riacho.replica.recovering and no_fork(world)


def test_a_recovering_node_gives_no_invoice() -> None:
    world = trading(with_replica=False)
    world.cut("riacho", "serra")
    world.restart("riacho", old_copy=len(world.nodes["riacho"].disk))
    assert world.nodes["riacho"].replica.recovering
    world.join("riacho", "serra")
    world.run()
    asked = AskQuote("ana@riacho", whole(10, "HORA"), payer="bia")
    assert world.ask("serra", "quotes.create", asked).reason.code == "RECOVERING"
    world.tick(20)
    assert world.granted("serra", "quotes.create", asked).payee_handle == "ana@riacho"
