# SPDX-License-Identifier: AGPL-3.0-or-later
"""A clock that is set back by a year keeps nobody waiting for a year: found by the simulator's stories."""

from simulation.groups import exchange, linked, offer_payment
from simulation.world import World, whole

from protocol.book.payments import PAYMENTS
from protocol.book.refusals import PEER_UNREACHABLE, Refused
from protocol.events import TimerFired
from protocol.practices.between.quotes.state import AskQuote

YEAR_MS = 365 * 86_400_000


def two_networks() -> World:
    world = World(1)
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    return world


def test_a_record_that_got_lost_is_sent_again_though_the_clock_is_set_back() -> None:
    world = two_networks()
    offer_payment(world, "riacho", "ana", "bia@serra", 5)
    world.wires.clear()
    world.nodes["riacho"].skew_ms = -YEAR_MS
    world.tick(20)
    assert [one.state.value for one in world.nodes["riacho"].rows_of(PAYMENTS).values()] == ["posted"]


def test_a_member_who_waits_for_a_price_is_answered_though_the_clock_is_set_back() -> None:
    world = two_networks()
    request = world.start("riacho", "quotes.create", AskQuote("bia@serra", whole(5), payer="ana"))
    world.wires.clear()
    world.nodes["riacho"].skew_ms = -YEAR_MS
    for _ in range(12):
        world.now += 1_000
        world.give("riacho", TimerFired())
        world.wires.clear()
    answer = world.nodes["riacho"].answers[request]
    assert isinstance(answer, Refused) and answer.reason is PEER_UNREACHABLE
