# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clocks that jump (PROTOCOL 9): what a node does again and again, it does also when its clock has gone back or on."""

import pytest
from simulation.groups import balance, exchange, linked, offer_payment, pay
from simulation.world import World

from protocol.peers.standing import QUIET_MS
from protocol.practices.between.clearing.part import OpenRound, SetClearing
from protocol.practices.between.clearing.state import Clearing
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.talk import RESEND_EVERY_MS

HOUR_MS = 3_600_000


def riacho_and_serra() -> World:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    world.tick(2)
    return world


@pytest.mark.parametrize(
    ("jump_ms", "paid"),
    [
        pytest.param(-HOUR_MS, 10_00, id="an-hour-back"),
        # The payee's invoice is no longer good then, so that the money comes back.
        pytest.param(HOUR_MS, 0, id="an-hour-on"),
    ],
)
def test_a_lost_record_is_sent_again_though_the_clock_has_jumped(jump_ms: int, paid: int) -> None:
    world = riacho_and_serra()
    offer_payment(world, "riacho", "ana", "bia@serra", 10)
    assert world.wires, "the record with the hold is on its way"
    world.wires.clear()
    world.now += jump_ms
    world.tick(RESEND_EVERY_MS // 1_000 + 2)
    assert (balance(world, "riacho", "ana"), balance(world, "serra", "bia")) == (-paid, paid)
    assert not world.nodes["riacho"].balance("holds.HORA"), "nothing is held any more"
    assert world.zero_sum()


@pytest.mark.parametrize("jump_ms", [-HOUR_MS, HOUR_MS])
def test_a_restored_node_goes_on_though_the_clock_has_jumped(jump_ms: int) -> None:
    world = riacho_and_serra()
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.restart("riacho", old_copy=len(world.nodes["riacho"].disk) - 1)
    world.tick(3)
    assert world.nodes["riacho"].replica.recovering, "it is waiting for more of its own"
    world.now += jump_ms
    world.tick(QUIET_MS // 1_000 + 2)
    assert not world.nodes["riacho"].replica.recovering
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(2)
    assert (balance(world, "riacho", "ana"), balance(world, "serra", "bia")) == (-20_00, 20_00)


def test_who_once_opened_a_round_with_a_wrong_clock_clears_again_when_it_is_right() -> None:
    world = riacho_and_serra()
    exchange(world, "encants", "ECO", "clara")
    linked(world, "serra", "encants", 1_000)
    linked(world, "encants", "riacho", 1_000)
    for name, member, payee in (
        ("riacho", "ana", "bia@serra"),
        ("serra", "bia", "clara@encants"),
        ("encants", "clara", "ana@riacho"),
    ):
        pay(world, name, member, payee, 30)
        world.granted(name, "clearing-terms.set", SetClearing(on=True, publish=True))
    world.tick(2)
    world.nodes["riacho"].skew_ms = 10 * 365 * 24 * HOUR_MS
    world.granted("riacho", "clearings.open", OpenRound())
    world.tick(20)
    world.nodes["riacho"].skew_ms = 0
    world.tick(2)
    number = world.granted("riacho", "clearings.open", OpenRound()).id
    world.tick(20)
    assert world.granted("riacho", "clearings.show", subject=number).cleared == 1
    links = world.nodes["riacho"].replica.book.of(Links).by_id.values()
    assert [link.side.net_debt for link in links] == [0, 0]
    world.restart("riacho")
    world.tick(2)
    again = world.nodes["riacho"].replica.book.of(Clearing)
    assert again.newest(world.now) == int(number)
