# SPDX-License-Identifier: AGPL-3.0-or-later
"""An auditor's copy sees an operator that prints money abroad, and accuses no honest home of it."""

from dataclasses import replace

import pytest
from simulation.groups import account, balance, exchange, linked, pay
from simulation.theft import rotate
from simulation.world import World

from protocol.events import Publish, StoreFault
from protocol.lanes.entry import LEDGER
from protocol.practices.between.abroad.entries import Arrived, Come
from protocol.practices.between.faults.evidence import FaultKind
from protocol.practices.between.faults.seen import FaultShown, FaultsWanted
from protocol.practices.between.faults.unclaimed import CLAIM_LATE_AFTER_MS
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.practices.between.quotes.invoices import Invoice, condition_of, encode_invoice
from protocol.wire.keys import id_text

LATE_S = CLAIM_LATE_AFTER_MS // 1_000


@pytest.fixture
def world() -> World:
    """Riacho with Ana and Caio, Serra, its partner, and casa, which keeps a copy of Riacho's books."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", "caio")
    exchange(world, "serra", "FLOR", "edna")
    linked(world, "riacho", "serra", 400)
    world.second("casa", "riacho", world.granted("riacho", "replicas.invite").code)
    world.join("riacho", "casa")
    world.tick(3)
    pay(world, "serra", "edna", "ana@riacho", 20)
    world.tick(2)
    return world


def faults(world: World, name: str = "casa") -> list[FaultShown]:
    return list(world.granted(name, "faults.list", FaultsWanted()).items)


def prints(world: World, units: int, *, link: bytes | None = None) -> None:
    """Let Riacho's operator write that a payment over a link has come to Caio, which never did."""
    riacho, preimage, id = world.nodes["riacho"], world.seed(), world.rng.randbytes(16)
    amount, payee = units * 100, account(world, "riacho", "caio")
    invoice = Invoice(
        riacho.network, 0, payee, "caio", amount, 2, condition_of(preimage), world.now, id, "edna@serra", None, None,
        bytes(16),
    )  # fmt: skip
    come = Come(link or links(world)[0].id, id, amount, amount)
    lie = Arrived(id, world.nodes["serra"].network, (come,), encode_invoice(invoice), preimage)
    riacho.replica.journal.write(lie, LEDGER, world.now)
    world.tick()


def links(world: World, name: str = "riacho") -> list[Link]:
    return list(world.nodes[name].replica.book.of(Links).by_id.values())


def test_payments_that_came_without_a_claim_are_seen_by_a_copy_of_the_books_and_told_once(world: World) -> None:
    for _ in range(3):
        prints(world, 10_000)
    assert balance(world, "casa", "caio") == 30_000_00 and faults(world) == []
    world.tick(2 * LATE_S + 5)
    [fault] = faults(world)
    assert (fault.kind, fault.network) == (FaultKind.ARRIVAL_UNCLAIMED, id_text(world.nodes["riacho"].network))
    assert id_text(links(world)[0].id) in fault.detail
    told = [one for one in world.nodes["casa"].events if isinstance(one, Publish) and one.type == "fault.raised"]
    assert [one.figures["kind"] for one in told] == ["ARRIVAL_UNCLAIMED"]
    # What it prints besides is of the same kind, and the fault outlives a start.
    prints(world, 5)
    kept = [one for one in world.nodes["casa"].events if isinstance(one, StoreFault)]
    world.restart("casa")
    for one in kept:
        world.nodes["casa"].replica.recall(one.data)
    world.tick(2 * LATE_S + 5)
    assert [one.id for one in faults(world)] == [fault.id]


def test_what_is_printed_on_no_link_at_all_is_seen_and_so_is_what_hides_behind_honest_payments(world: World) -> None:
    prints(world, 7, link=bytes(32))
    prints(world, 300)
    for _ in range(2 * LATE_S // 60 + 1):
        pay(world, "serra", "edna", "ana@riacho", 1)
        world.tick(60)
    assert len(faults(world)) == 2


def test_a_record_that_is_under_way_for_long_accuses_nobody(world: World) -> None:
    before = links(world, "casa")[0].side.own.n
    # The push of the ledger's entry comes through, and the record's does not for a while.
    pay(world, "serra", "edna", "ana@riacho", 3)
    casa = world.nodes["casa"].replica
    assert links(world, "casa")[0].side.own.n > before
    lacking = replace(casa.book.of(Links).by_id[links(world)[0].id].side.own, claimed=20_00)
    side = casa.book.of(Links).by_id[links(world)[0].id]
    whole_side = side.side
    side.side = replace(side.side, own=lacking)
    world.tick(LATE_S - 5)
    side.side = whole_side
    world.tick(LATE_S)
    assert faults(world) == []


def test_a_copy_that_is_cut_off_or_whose_clock_leaps_waits(world: World) -> None:
    casa = world.nodes["casa"]
    link = casa.replica.book.of(Links).by_id[links(world)[0].id]
    whole_side = link.side
    link.side = replace(whole_side, own=replace(whole_side.own, claimed=0))
    world.cut("riacho", "casa")
    world.tick(3 * LATE_S)
    world.join("riacho", "casa")
    world.tick(5)
    casa.skew_ms = 30 * 365 * 24 * 3_600 * 1_000
    world.tick(5)
    casa.skew_ms = 0
    world.tick(5)
    link.side = whole_side
    world.tick(2)
    assert faults(world) == []


def test_of_a_link_whose_partner_has_yet_to_tell_what_it_took_nothing_is_said(world: World) -> None:
    link = world.nodes["casa"].replica.book.of(Links).by_id[links(world)[0].id]
    link.side, link.reopened = replace(link.side, own=replace(link.side.own, claimed=0)), 1
    world.tick(2 * LATE_S + 5)
    assert link.is_lost and faults(world) == []
    link.reopened = 0
    world.tick(2 * LATE_S + 5)
    assert len(faults(world)) == 1


@pytest.mark.parametrize("turned", [False, True])
def test_a_home_that_comes_back_from_an_old_copy_or_by_a_rotation_is_accused_of_nothing(
    world: World, *, turned: bool
) -> None:
    old = len(world.nodes["riacho"].disk)
    pay(world, "serra", "edna", "ana@riacho", 5)
    world.tick(2)
    world.cut("riacho", "serra")
    if turned:
        rotate(world, "riacho")
    else:
        world.restart("riacho", old_copy=old)
    # Its partner is away for long: what it has taken of us is not known meanwhile.
    world.tick(2 * LATE_S + 60)
    assert faults(world) == faults(world, "riacho") == []
    world.join("riacho", "serra")
    world.tick(30)
    pay(world, "serra", "edna", "ana@riacho", 5)
    world.tick(2 * LATE_S + 60)
    assert faults(world) == [] and balance(world, "casa", "ana") == 30_00
