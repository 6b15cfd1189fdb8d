# SPDX-License-Identifier: AGPL-3.0-or-later
"""What orders leave to do: disputes to end, and payments that are asked for as long as they are due."""

import pytest
from simulation.world import World

from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.market.orders.wishes import (
    AcceptOrder,
    ConfirmOrder,
    DeliverOrder,
    DisputeOrder,
    OrderOutcome,
    PlaceOrder,
    SettleOrder,
)
from protocol.practices.money.requests.views import PayRequest
from tests.protocol.practices.market.fair import by, fair, flour, pinned
from tests.protocol.practices.market.test_orders import act, at, delivered, paid_for, refusal, states


@pytest.fixture
def world() -> World:
    return fair(rate="2")


def within(world: World) -> tuple[str, str]:
    """Ana orders 2 kg of Edu, in the same network, at 5.00 HORA; delivered. Returns the order and its request."""
    offer = pinned(world, "riacho", flour("edu", 10, 500, "HORA"))
    order = world.granted("riacho", "orders.place", PlaceOrder(offer, "2"), actor=by(world, "riacho", "ana")).id
    act(world, "riacho", "edu", "accept", AcceptOrder(), order)
    return order, act(world, "riacho", "edu", "deliver", DeliverOrder(), order).request


def errands(world: World, name: str, handle: str) -> list[tuple[str, str]]:
    """Return what waits for a member today: of what it is told, and the id that it is settled by."""
    actor = by(world, name, handle)
    listed = world.granted(name, "errands.list", ErrandsWanted(), actor=actor).items
    return [(one.sentence, one.id) for one in listed]


def asked(world: World, name: str, request: str) -> str:
    return world.granted(name, "payment-requests.show", subject=request).state.value


def test_nobody_is_asked_to_pay_for_an_order_during_a_dispute_nor_after_it_is_cancelled(world: World) -> None:
    order, request = within(world)
    assert ("payment-requests.to_pay", request) in errands(world, "riacho", "ana")
    act(world, "riacho", "ana", "dispute", DisputeOrder("All was wet"), order)
    assert errands(world, "riacho", "ana") == errands(world, "riacho", "edu") == [("orders.to_settle", order)]
    assert asked(world, "riacho", request) == "open", "who wants to may still pay it"
    act(world, "riacho", "ana", "settle", SettleOrder(OrderOutcome.CANCELLED), order)
    assert (errands(world, "riacho", "ana"), len(errands(world, "riacho", "edu"))) == ([], 1)
    week = world.granted("riacho", "errands.list", ErrandsWanted(ErrandSpan.WEEK)).items
    assert [one.id for one in week if one.verb == "orders.settle"] == [order]
    shown = act(world, "riacho", "edu", "settle", SettleOrder(OrderOutcome.CANCELLED), order)
    assert (shown.state, shown.due.value, shown.delivered) == ("cancelled", 0, "2")
    assert asked(world, "riacho", request) == "cancelled"
    assert errands(world, "riacho", "ana") == errands(world, "riacho", "edu") == []
    assert refusal(world, "riacho", "payment-requests.pay", PayRequest(), request) == "REQUEST_CLOSED"


def test_a_dispute_that_is_settled_as_fulfilled_leaves_what_is_due(world: World) -> None:
    order, request = within(world)
    act(world, "riacho", "edu", "dispute", DisputeOrder("Not paid for"), order)
    world.granted("riacho", "orders.settle", SettleOrder(OrderOutcome.FULFILLED), subject=order)
    assert (at(world, "riacho", order).due.value, asked(world, "riacho", request)) == (10_00, "open")
    assert errands(world, "riacho", "ana") == [("payment-requests.to_pay", request)]


def test_what_is_due_abroad_is_told_until_it_is_on_its_way_or_cancelled(world: World) -> None:
    order = delivered(world)
    request = at(world, "serra", order).request
    assert errands(world, "riacho", "ana") == [("orders.to_confirm", order), ("orders.to_pay", request)]
    act(world, "riacho", "ana", "confirm", ConfirmOrder(), order)
    [errand] = world.granted("riacho", "errands.list", ErrandsWanted(), actor=by(world, "riacho", "ana")).items
    assert (errand.who, errand.figure.value, errand.figure.asset_code) == ("bia@serra", 160_00, "FLOR")
    act(world, "riacho", "ana", "dispute", DisputeOrder("It was rye"), order)
    assert errands(world, "riacho", "ana") == errands(world, "serra", "bia") == [("orders.to_settle", order)]
    for name, handle in (("serra", "bia"), ("riacho", "ana")):
        act(world, name, handle, "settle", SettleOrder(OrderOutcome.CANCELLED), order)
    assert states(world, order) == ("cancelled", "cancelled")
    assert asked(world, "serra", request) == "cancelled", (
        "the seller's home withdraws it, though the buyer said it last"
    )
    assert errands(world, "riacho", "ana") == errands(world, "serra", "bia") == []
    assert [at(world, name, order).due.value for name in ("riacho", "serra")] == [0, 0]


def test_what_is_paid_abroad_is_asked_for_no_more(world: World) -> None:
    order = delivered(world)
    act(world, "riacho", "ana", "confirm", ConfirmOrder(), order)
    assert len(errands(world, "riacho", "ana")) == 1
    paid_for(world, order)
    assert errands(world, "riacho", "ana") == []
