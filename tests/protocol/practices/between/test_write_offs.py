# SPDX-License-Identifier: AGPL-3.0-or-later
"""A partner dies with payments open: they go back at the risk of the commons, which pays what is claimed later."""

from dataclasses import replace
from unittest.mock import patch

import pytest
from simulation.groups import balance, exchange, linked, offer_payment, pay, state
from simulation.world import World, whole

from protocol.book.declaration import Entered
from protocol.book.promised import Promised
from protocol.book.refusals import MOTION_NEEDED, ORDER_MISMATCH, STATE_CONFLICT, Reason, Refused
from protocol.lanes.entry import LEDGER
from protocol.practices.between.faults.seen import FaultsWanted
from protocol.practices.between.links.state import Links
from protocol.practices.between.rests import SweepLink
from protocol.practices.between.writeoffs import rules
from protocol.practices.between.writeoffs.entries import LinkWrittenOff, WrittenOffAnswered
from protocol.practices.between.writeoffs.state import WrittenOff, open_toward
from protocol.practices.between.writeoffs.views import WriteOffLink, WriteOffsWanted
from protocol.practices.governance.motions.views import MotionsWanted
from protocol.practices.money.commons.views import Collect, PayOut
from protocol.practices.money.currencies.views import CloseCurrency
from protocol.practices.people.members.entries import Leave
from protocol.wire.keys import parse_id


def parted() -> tuple[World, str, str]:
    """Ana has paid Edna 5.00, and 20.00 are on their way when the wire to Serra is cut: before or after the claim."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", "bia")
    exchange(world, "serra", "FLOR", "edna")
    link = linked(world, "riacho", "serra", 400)
    pay(world, "riacho", "ana", "edna@serra", 5)
    request = offer_payment(world, "riacho", "ana", "edna@serra", 20)
    return world, link, world.nodes["riacho"].answers[request].id


def commons(world: World, name: str = "riacho", code: str = "HORA") -> int:
    return world.nodes[name].balance(f"commons.{code}")


def refused(world: World, *args: object, **named: object) -> str:
    answer = world.ask(*args, **named)  # pyright: ignore[reportArgumentType]
    assert isinstance(answer, Refused)
    return answer.reason.code


def test_a_payment_that_a_dead_partner_holds_goes_back_and_its_payer_can_leave() -> None:
    world, link, payment = parted()
    assert refused(world, "riacho", "links.write-off", WriteOffLink(), subject=link) == "STATE_CONFLICT"
    world, link, payment = parted()
    world.cut("riacho", "serra")
    assert state(world, "riacho", payment) == "pending" and balance(world, "riacho", "ana") == -25_00
    world.granted("riacho", "links.write-off", WriteOffLink(), subject=link)
    assert state(world, "riacho", payment) == "voided" and balance(world, "riacho", "ana") == -5_00
    [shown] = world.granted("riacho", "write-offs.list", WriteOffsWanted()).items
    assert (shown.id, shown.returned, shown.claimed, shown.paid.value) == (link, 1, 0, 5_00)
    assert [one.value for one in shown.at_risk] == [20_00]
    assert world.granted("riacho", "links.show", subject=link).state == "closing"
    assert refused(world, "riacho", "links.write-off", WriteOffLink(), subject=link) == "STATE_CONFLICT"
    world.granted("riacho", "members.leave", Leave(member="ana"), subject="ana")
    # What the group owed its dead partner is swept, collected, and so the currency can be closed.
    world.granted("riacho", "links.sweep", SweepLink(), subject=link)
    world.granted("riacho", "commons.collect", Collect(), subject="HORA")
    world.restart("riacho")
    assert commons(world) == 0
    world.granted("riacho", "currencies.close", CloseCurrency(), subject="HORA")
    assert world.zero_sum()


@pytest.mark.parametrize("restarted", [False, True])
def test_what_the_partner_claims_all_the_same_is_paid_by_the_commons(*, restarted: bool) -> None:
    world, link, payment = parted()
    # Serra has taken the payment and claimed it; the claim is lost on its way.
    world.deliver(1)
    world.cut("riacho", "serra")
    assert balance(world, "serra", "edna") == 25_00
    world.granted("riacho", "links.write-off", WriteOffLink(), subject=link)
    assert (balance(world, "riacho", "ana"), commons(world)) == (-5_00, 0)
    if restarted:
        world.restart("riacho")
        world.restart("serra")
    world.join("riacho", "serra")
    world.tick(15)
    assert (balance(world, "riacho", "ana"), commons(world)) == (-5_00, -20_00)
    assert state(world, "riacho", payment) == "voided"
    shown = world.granted("riacho", "write-offs.show", subject=link)
    assert (shown.claimed, shown.at_risk) == (1, ())
    # Both ends of the link agree, nothing is left promised, and nobody is accused.
    ends = [world.granted(name, "links.show", subject=link).net_debt.value for name in ("riacho", "serra")]
    assert ends == [25_00, -25_00] and world.zero_sum() and not world.drops
    assert world.nodes["riacho"].replica.book.of(Promised) == Promised()
    assert world.nodes["riacho"].balance(f"link-{link[:16]}.HORA") == 25_00
    assert all(not world.granted(name, "faults.list", FaultsWanted()).items for name in ("riacho", "serra"))


def test_a_hold_that_the_partner_lets_go_costs_the_commons_nothing() -> None:
    world, link, _ = parted()
    world.cut("riacho", "serra")
    world.granted("riacho", "links.write-off", WriteOffLink(), subject=link)
    # Serra, back after the hour of its invoice, waives what it gets to know only now.
    world.now += 3_600_000
    world.join("riacho", "serra")
    world.tick(15)
    assert commons(world) == 0 and world.nodes["riacho"].replica.book.of(WrittenOff).at_risk == {}
    assert world.granted("riacho", "write-offs.show", subject=link).claimed == 0
    assert world.nodes["riacho"].replica.book.of(Promised) == Promised()


def test_whoever_passes_on_to_a_dead_partner_frees_who_sent_it() -> None:
    world = World()
    for name, code, handle in (("vale", "OURO", "hugo"), ("riacho", "HORA", "ana"), ("serra", "FLOR", "edna")):
        exchange(world, name, code, handle)
    linked(world, "vale", "riacho", 400)
    link = linked(world, "riacho", "serra", 400)
    world.tick(2)
    request = offer_payment(world, "vale", "hugo", "edna@serra", 20, "riacho")
    while not world.nodes["riacho"].replica.book.passing.get("HORA"):
        world.deliver(1)
    world.deliver(1)
    world.cut("riacho", "serra")
    world.run()
    world.granted("riacho", "links.write-off", WriteOffLink(), subject=link)
    payment = world.nodes["vale"].answers[request].id
    assert state(world, "vale", payment) == "voided" and balance(world, "vale", "hugo") == 0
    assert not world.nodes["riacho"].replica.book.passing["HORA"]
    world.join("riacho", "serra")
    world.tick(15)
    assert (balance(world, "serra", "edna"), commons(world)) == (20_00, -20_00)
    assert world.zero_sum() and world.nodes["riacho"].replica.book.of(Promised) == Promised()


def test_after_a_restore_the_late_claim_is_paid_once() -> None:
    world, link, _ = parted()
    world.deliver(1)
    world.cut("riacho", "serra")
    world.granted("riacho", "links.write-off", WriteOffLink(), subject=link)
    copy = len(world.nodes["riacho"].disk)
    world.restart("riacho", old_copy=copy)
    world.join("riacho", "serra")
    world.tick(40)
    assert (balance(world, "riacho", "ana"), commons(world)) == (-5_00, -20_00)
    assert world.granted("riacho", "write-offs.show", subject=link).claimed == 1


def test_beyond_what_stewards_spend_alone_the_group_decides() -> None:
    world, link, payment = parted()
    world.cut("riacho", "serra")
    book = world.nodes["riacho"].replica.book
    [hold] = open_toward(book, book.of(Links).by_id[parse_id(link) or b""].id)
    made = LinkWrittenOff(hold.link, 5_00, 0, (hold.hold,))
    with patch.object(rules, "alone_minor", lambda *_: 20_00):
        assert check_made(world, made) is None
    with patch.object(rules, "alone_minor", lambda *_: 19_99):
        world.ask("riacho", "links.write-off", WriteOffLink(), subject=link)
        [motion] = world.granted("riacho", "motions.list", MotionsWanted()).items
        assert [one.operation for one in motion.wishes] == ["links.write-off"]
        # No operator passes by it: every node refuses the entry.
        assert check_made(world, made) is MOTION_NEEDED
    assert state(world, "riacho", payment) == "pending"
    for wrong in (replace(made, paid=4_99), replace(made, received=1), replace(made, holds=())):
        assert check_made(world, wrong) is STATE_CONFLICT


def check_made(world: World, body: LinkWrittenOff | WrittenOffAnswered) -> Reason | None:
    book = world.nodes["riacho"].replica.book
    seq, _ = book.head or (-1, b"")
    return book.check(Entered(body, book.network, LEDGER, 0, seq + 1, bytes(32), world.now))


def test_an_answer_stands_once_and_with_its_preimage_only() -> None:
    world, link, _ = parted()
    world.cut("riacho", "serra")
    id = parse_id(link) or b""
    hold = next(iter(world.nodes["riacho"].replica.book.of(Links).by_id[id].now.own.holds))
    assert check_made(world, WrittenOffAnswered(id, hold, None)) is STATE_CONFLICT
    world.granted("riacho", "links.write-off", WriteOffLink(), subject=link)
    assert check_made(world, WrittenOffAnswered(id, hold, bytes(32))) is ORDER_MISMATCH
    assert check_made(world, WrittenOffAnswered(id, hold, None)) is None


def test_what_the_commons_stands_for_is_spent_by_nobody_twice() -> None:
    world, link, _ = parted()
    world.cut("riacho", "serra")
    assert refused(world, "riacho", "links.write-off", WriteOffLink(), subject="serra-x") == "LINK_UNKNOWN"
    world.granted("riacho", "links.write-off", WriteOffLink(), subject=link)
    wish = PayOut(payee="bia", amount=whole(1))
    assert refused(world, "riacho", "commons.pay", wish, subject="HORA") == "LIMIT_EXCEEDED"
