# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node that came back from an old copy, and hears only later from a partner what happened meanwhile."""

from dataclasses import replace

from simulation.groups import account, balance, exchange, linked, offer_payment, pay, says, state
from simulation.theft import rotate
from simulation.world import World, whole

from protocol.events import Received, TimerFired
from protocol.lanes.entry import IDENTITY, LEDGER, decode_body, encode_body, parse, seal
from protocol.peers.messages import Entries, LinkNews, LinkWanted, pack, unpack
from protocol.practices.between.abroad.entries import Forwarded
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.faults.seen import FaultsWanted
from protocol.practices.between.links.entries import AckItem, LinkRecord, link_lane
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.wishes import LinksWanted, RaiseLink, SetLinkRate
from protocol.practices.between.networks.known import SetProfile
from protocol.wire.keys import id_text


def world_of_three() -> World:
    """Riacho reaches campo over serra; campo and riacho are joined too, without a line between them."""
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    exchange(world, "campo", "MATE", "eva")
    linked(world, "riacho", "serra", 1_000)
    linked(world, "serra", "campo", 1_000)
    world.join("riacho", "campo")
    world.tick(3)
    return world


def goes_on(world: World, name: str) -> None:
    """Let a steward give up what is not here, as `mutirao serve --reopen` does: no partner is there to vouch."""
    assert world.nodes[name].replica.recovering
    assert world.nodes[name].replica.reopen()
    world.tick(20)


def deliver_until_credited(world: World, name: str, payee: str) -> None:
    while world.nodes[name].balance(payee) == 0:
        world.deliver(1)


def test_what_the_payees_node_claimed_before_a_restore_is_paid_after_it() -> None:
    world = world_of_three()
    bia = account(world, "serra", "bia")
    request = offer_payment(world, "riacho", "ana", "bia@serra", 30)
    deliver_until_credited(world, "serra", bia)
    world.cut("riacho", "serra")
    payment = world.nodes["riacho"].answers[request].id
    # The copy lacks nothing; and the link is found only when the node has long gone on.
    world.restart("riacho", old_copy=len(world.nodes["riacho"].disk))
    world.tick(20)
    goes_on(world, "riacho")
    world.join("riacho", "serra")
    world.tick(20)
    assert state(world, "riacho", payment) == "posted"
    assert (balance(world, "riacho", "ana"), balance(world, "serra", "bia")) == (-30_00, 30_00)
    assert world.nodes["riacho"].balance("commons.HORA") == 0


def test_what_went_on_before_a_restore_and_was_claimed_is_claimed_upstream_after_it() -> None:
    world = world_of_three()
    eva = account(world, "campo", "eva")
    offer_payment(world, "riacho", "ana", "eva@campo", 30, "serra")
    deliver_until_credited(world, "campo", eva)
    world.cut("serra", "campo")
    world.restart("serra", old_copy=len(world.nodes["serra"].disk))
    world.tick(20)
    world.join("serra", "campo")
    world.tick(20)
    assert (balance(world, "riacho", "ana"), balance(world, "campo", "eva")) == (-30_00, 30_00)
    assert world.nodes["serra"].balance("commons.FLOR") == 0


def test_what_went_on_is_claimed_upstream_in_the_moment_in_which_both_links_are_found_again() -> None:
    world = world_of_three()
    eva = account(world, "campo", "eva")
    offer_payment(world, "riacho", "ana", "eva@campo", 30, "serra")
    deliver_until_credited(world, "campo", eva)
    for peer in ("riacho", "campo"):
        world.cut("serra", peer)
    rotate(world, "serra")
    # It compares after its start: what partners show of both links is taken in, and answered when it signs.
    world.restart("serra", whole=True)
    for peer in ("riacho", "campo"):
        world.join("serra", peer)
    world.run()
    serra = world.nodes["serra"].replica
    assert all(link.is_lost and link.is_found for link in serra.book.of(Links).by_id.values())
    while serra.comparing:
        world.now += 1_000
        world.give("serra", TimerFired())
    told = {link.id: link.side for link in serra.book.of(Links).by_id.values()}
    known = {id: serra.book.of(Forwards).on(id) for id in told}
    assert {id: (side.partner.claimed, side.own.claimed) for id, side in told.items()} == {
        id: (one.paid, one.received) for id, one in known.items()
    }
    assert sum(one.received for one in known.values()) == 30_00


def test_a_partner_that_was_away_gives_a_restored_node_its_lost_records_back() -> None:
    world = world_of_three()
    copy = len(world.nodes["riacho"].disk)
    for _ in range(2):
        pay(world, "riacho", "ana", "bia@serra", 10)
    world.cut("riacho", "serra")
    world.restart("riacho", old_copy=copy)
    world.tick(20)
    goes_on(world, "riacho")
    world.join("riacho", "serra")
    world.tick(20)
    payment = pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(3)
    assert state(world, "riacho", payment) == "posted"
    # Its ledger was with nobody: so the commons carries what the link says (decision 15).
    assert world.nodes["riacho"].balance("commons.HORA") == -20_00
    assert not world.drops and world.zero_sum()


def test_what_a_node_gave_up_in_a_restore_stops_neither_it_nor_who_still_has_it() -> None:
    world = world_of_three()
    riacho = world.nodes["riacho"]
    world.cut("riacho", "campo")
    world.cut("serra", "campo")
    copy = len(riacho.disk)
    world.granted("riacho", "networks.set-profile", SetProfile(name="Riacho Fundo"), subject=id_text(riacho.network))
    world.tick(2)
    world.cut("riacho", "serra")
    world.restart("riacho", old_copy=copy)
    world.join("riacho", "campo")
    world.tick(20)
    goes_on(world, "riacho")
    # Serra alone has the new name, and comes when the node has gone on without it.
    world.join("riacho", "serra")
    world.tick(30)
    assert riacho.replica.journal.directory.networks[riacho.network].identity.epoch == 1
    payment = pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(3)
    assert state(world, "riacho", payment) == "posted"
    assert not world.drops


def test_who_shows_what_was_given_up_together_with_what_was_said_is_heard() -> None:
    world = world_of_three()
    riacho, campo = world.nodes["riacho"], world.nodes["campo"]

    def renamed(name: str) -> None:
        world.granted("riacho", "networks.set-profile", SetProfile(name=name), subject=id_text(riacho.network))

    world.cut("riacho", "campo")
    world.cut("serra", "campo")
    renamed("Riacho Claro")
    world.tick(2)
    said = riacho.disk[-1]
    copy = len(riacho.disk)
    renamed("Riacho Fundo")
    given_up = riacho.disk[-1]
    world.cut("riacho", "serra")
    world.restart("riacho", old_copy=copy)
    riacho.replica.reopen()
    world.tick()
    # Campo hears of the new epoch first, and then both names from one who still has both.
    identity = [one for one in riacho.disk if (one.network, one.header.lane) == (riacho.network, IDENTITY)]
    world.join("serra", "campo")
    world.run()
    assert says(world, Entries(tuple(one.wire for one in identity)), "campo", "serra") is None
    assert says(world, Entries((said.wire, given_up.wire)), "campo", "serra") is None
    profile = campo.replica.journal.directory.networks[riacho.network].profile
    assert profile is not None and profile.name == "Riacho Claro"


def test_a_record_that_a_partner_kept_back_undoes_nothing() -> None:
    world = world_of_three()
    riacho = world.nodes["riacho"]
    copy = len(riacho.disk)
    offer_payment(world, "riacho", "ana", "bia@serra", 10)
    kept_back = riacho.disk[-1]
    world.cut("riacho", "serra")
    world.restart("riacho", old_copy=copy)
    world.tick(20)
    world.join("riacho", "serra")
    world.tick(20)
    before = riacho.replica.journal.held.head(riacho.network, kept_back.header.lane)
    world.give("riacho", Received("serra", pack(LinkNews(kept_back.wire))))
    assert not riacho.replica.recovering
    assert riacho.replica.journal.held.head(riacho.network, kept_back.header.lane) == before
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(3)
    assert balance(world, "serra", "bia") == 10_00


def test_what_went_on_is_not_waived_upstream_though_the_ledger_has_lost_it() -> None:
    world = world_of_three()
    eva = account(world, "campo", "eva")
    copy = len(world.nodes["serra"].disk)
    offer_payment(world, "riacho", "ana", "eva@campo", 30, "serra")
    deliver_until_credited(world, "campo", eva)
    world.cut("serra", "campo")
    world.restart("serra", old_copy=copy)
    world.tick(20)
    # Riacho has shown its hold again by now; whether it went on only campo can tell.
    world.join("serra", "campo")
    world.tick(20)
    assert (balance(world, "riacho", "ana"), balance(world, "campo", "eva")) == (-30_00, 30_00)
    assert world.nodes["serra"].balance("commons.FLOR") == 0
    assert world.zero_sum() and not world.drops


def test_what_went_on_is_written_again_though_a_new_rate_makes_nothing_of_what_came() -> None:
    world = world_of_three()
    serra = world.nodes["serra"]
    eva = account(world, "campo", "eva")
    to_riacho = next(
        one.id for one in world.granted("serra", "links.list", LinksWanted()).items if one.partner_handle == "riacho"
    )
    offer_payment(world, "riacho", "ana", "eva@campo", 30, "serra")
    copy = len(serra.disk)
    deliver_until_credited(world, "campo", eva)
    world.cut("serra", "campo")
    world.granted("serra", "links.set-rate", SetLinkRate("0.00000001", sure=True), subject=to_riacho)
    world.tick(3)
    world.restart("serra", old_copy=copy)
    world.tick(20)
    world.join("serra", "campo")
    world.tick(20)
    assert (balance(world, "riacho", "ana"), balance(world, "campo", "eva")) == (-30_00, 30_00)
    bodies = [
        decode_body(one.body_bytes, serra.replica.book.kinds)[0]
        for one in serra.disk
        if (one.network, one.header.lane) == (serra.network, LEDGER)
    ]
    forwarded = [body for body in bodies if isinstance(body, Forwarded)]
    assert [body.worth >= body.cost > 0 for body in forwarded] == [True], "every replica takes it"
    assert world.zero_sum() and not world.drops


def test_a_partner_that_acknowledges_what_was_never_signed_is_asked_now_and_then_only() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    riacho, serra = world.nodes["riacho"], world.nodes["serra"]
    [link] = riacho.replica.book.of(Links).by_id.values()
    lane = link_lane(link.id)
    known = parse(riacho.replica.journal.held.records.newest[riacho.network, lane])
    body, at_ms = decode_body(known.body_bytes, {LinkRecord.KIND: LinkRecord})
    assert isinstance(body, LinkRecord) and riacho.keyring is not None
    lie = seal(
        riacho.keyring.hot, network=riacho.network, lane=lane, epoch=0, seq=known.header.seq + 1, prev=known.id,
        body=encode_body(replace(body, ack=AckItem(0, 9, bytes(32))), at_ms), salt=bytes(16),
    )  # fmt: skip

    def asked(times: int) -> int:
        for _ in range(times):
            world.give("serra", Received("riacho", pack(LinkNews(lie.wire))))
        sent = [unpack(frame) for source, _, frame in world.wires if source == "serra"]
        world.wires.clear()
        return sum(isinstance(message, LinkWanted) for message in sent)

    assert asked(3) == 1
    world.now += 10_000
    assert asked(3) == 1
    world.now -= 60_000
    assert asked(3) == 1, "the clock has gone back: that time is not waited for"
    assert serra.replica.book.of(Links).by_id[link.id].side.partner_digest == known.id


def test_a_fence_that_an_earlier_restore_was_given_does_not_do_for_the_next() -> None:
    """The second copy is made while the node comes back from the first: the partner's fence is in it."""
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    world.tick(2)
    serra = world.nodes["serra"]
    world.restart("serra", old_copy=len(serra.disk))
    world.run()
    [link] = serra.replica.book.of(Links).by_id.values()
    assert serra.replica.recovering and link.fenced == 1
    copy = len(serra.disk)
    world.tick(10)
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(2)
    world.restart("serra", old_copy=copy)
    while serra.replica.recovering:
        world.run()
        world.now += 1_000
        for name in ("riacho", "serra"):
            world.give(name, TimerFired())
    # What riacho answers to the question of the new epoch has not come yet.
    world.now += 1_000
    world.give("serra", TimerFired())
    world.tick(20)
    [link] = serra.replica.book.of(Links).by_id.values()
    assert link.side.own.claimed > 0, "what riacho has paid is known again"
    assert world.zero_sum() and not world.drops


def test_what_was_granted_after_a_rotation_is_not_held_against_the_partner_in_a_later_restore() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    link = linked(world, "riacho", "serra", 100)
    rotate(world, "riacho")
    world.tick(5)
    world.granted("serra", "links.raise", RaiseLink(whole(400, "HORA")), subject=link)
    for _ in range(3):
        assert state(world, "riacho", pay(world, "riacho", "ana", "bia@serra", 100)) == "posted"
    world.tick(3)
    world.restart("riacho", old_copy=len(world.nodes["riacho"].disk))
    world.tick(20)
    assert not world.granted("riacho", "faults.list", FaultsWanted()).items
    assert [one.state for one in world.granted("riacho", "links.list", LinksWanted()).items] == ["open"]
    assert state(world, "riacho", pay(world, "riacho", "ana", "bia@serra", 50)) == "posted"
