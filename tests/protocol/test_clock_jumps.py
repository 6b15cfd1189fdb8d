# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clocks that jump (PROTOCOL 9): what a node does again and again, it does also when its clock has gone back or on."""

import pytest
from simulation.groups import balance, exchange, linked, offer_payment, pay
from simulation.world import World

from protocol.replica import QUIET_MS, RESEND_EVERY_MS

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
