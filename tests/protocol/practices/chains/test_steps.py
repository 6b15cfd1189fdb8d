# SPDX-License-Identifier: AGPL-3.0-or-later
"""A missing link on trial counts the orders of its item that members here have got, and is stable with the third."""

import pytest

from protocol.book.declaration import News, Plan, Write
from protocol.book.money import Amount
from protocol.book.signed import uuid_text
from protocol.practices.chains.entries import MissingLinkState
from protocol.practices.chains.recipes import CorrectRecipe, EnterRecipe
from protocol.practices.chains.steps import FulfilRecipe, MoveRecipe
from protocol.practices.market.orders.entries import (
    OrderAccepted,
    OrderConfirmed,
    OrderDelivered,
    OrderPlaced,
)
from protocol.practices.market.orders.wishes import (
    AcceptOrder,
    CancelOrder,
    ConfirmOrder,
    DeliverOrder,
    DisputeOrder,
    OrderOutcome,
    OrderSide,
    SettleOrder,
)
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, snapshot

FLOUR, BREAD = "23110", "23490"
FAR = bytes(range(32))
"""A network that nobody has met."""
TO_TRIAL = (MissingLinkState.WANTED, MissingLinkState.MATCHED, MissingLinkState.TRIAL)


@pytest.fixture
def group() -> Group:
    """Return a group of Ana, who buys, and Bia, who sells; a mill that would make flour is on trial, an oven wanted."""
    made = Group()
    made.currency()
    made.admit("ana", "bia")
    for handle in ("mill", "oven"):
        made.do("steward", "recipes.create", EnterRecipe(handle, FLOUR, "100%", "85%", "15%", Amount(6_000)))
    for state in TO_TRIAL:
        made.do("steward", "recipes.move", MoveRecipe(state), "mill")
    made.do("steward", "recipes.move", MoveRecipe(MissingLinkState.WANTED), "oven")
    return made


def placed(group: Group, code: str = FLOUR) -> str:
    """Let Ana order a kilogram that Bia gives away; returns the order's id."""
    order, ana, bia = group.chance(16), group.member("ana").id, group.member("bia").id
    body = OrderPlaced(
        order, None, ana, bia, is_buyer=True, offer=bytes(16), code=code, quantity=1_000, unit="KGM", currency="",
        scale=0, price=0, not_after_ms=group.now + DAY_MS, said_ms=None,
    )  # fmt: skip
    group.carry_out(Plan("", (Write(body),)))
    return uuid_text(order)


def delivered(group: Group, code: str = FLOUR) -> str:
    order = placed(group, code)
    group.do("bia", "orders.accept", AcceptOrder(), order)
    group.do("bia", "orders.deliver", DeliverOrder(), order)
    return order


def confirmed(group: Group, code: str = FLOUR) -> str:
    order = delivered(group, code)
    group.do("ana", "orders.confirm", ConfirmOrder(), order)
    return order


def settled(group: Group, order: str, outcome: OrderOutcome) -> None:
    for who in ("ana", "bia"):
        group.do(who, "orders.settle", SettleOrder(outcome), order)


def mill(group: Group) -> tuple[str, int]:
    shown = group.view("ana", "recipes.show", "mill")
    return shown.state.value, shown.fulfilled


def moved(group: Group) -> list[News]:
    return [one for one in group.news if one.type == "recipe.moved"]


def test_with_the_third_confirmed_order_of_its_item_it_is_stable(group: Group) -> None:
    group.news.clear()
    found = []
    for _ in range(4):
        confirmed(group)
        found.append(mill(group))
    assert found == [("trial", 1), ("trial", 2), ("stable", 3), ("stable", 3)], "on trial alone"
    oven = group.view("ana", "recipes.show", "oven")
    assert (oven.state.value, oven.fulfilled) == ("wanted", 0)
    [told] = moved(group)
    assert (told.resource, told.figures) == ("mill", {"state": "stable"}) and set(told.audience) == set(
        group.book.members
    )
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_what_is_told_by_hand_counts_beside_what_is_ordered_here(group: Group) -> None:
    confirmed(group)
    group.do("steward", "recipes.fulfil", FulfilRecipe(), "mill")
    confirmed(group)
    assert mill(group) == ("stable", 3)
    group.do("steward", "recipes.fulfil", FulfilRecipe(), "mill")
    assert mill(group) == ("stable", 4)


def test_orders_of_something_else_or_not_confirmed_do_not_count(group: Group) -> None:
    confirmed(group, BREAD)
    confirmed(group, "")
    delivered(group)
    group.do("ana", "orders.cancel", CancelOrder(OrderSide.BUYER), placed(group))
    for outcome in OrderOutcome:
        order = delivered(group)
        group.do("ana", "orders.dispute", DisputeOrder(OrderSide.BUYER), order)
        group.do("ana", "orders.settle", SettleOrder(outcome), order)
    assert mill(group) == ("trial", 0)
    group.do("steward", "recipes.correct", CorrectRecipe(BREAD, "100%", "85%", "15%", Amount(6_000)), "mill")
    confirmed(group)
    assert mill(group) == ("trial", 0)
    confirmed(group, BREAD)
    assert mill(group) == ("trial", 1)
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_what_is_disputed_during_the_trial_counts_again_once_it_is_settled_as_fulfilled(group: Group) -> None:
    first, second = confirmed(group), confirmed(group)
    for order, left in ((first, 1), (second, 0)):
        group.do("ana", "orders.dispute", DisputeOrder(OrderSide.BUYER), order)
        assert mill(group) == ("trial", left)
    settled(group, first, OrderOutcome.CANCELLED)
    assert mill(group) == ("trial", 0)
    settled(group, second, OrderOutcome.FULFILLED)
    assert mill(group) == ("trial", 1)
    confirmed(group)
    third = delivered(group)
    group.do("bia", "orders.dispute", DisputeOrder(OrderSide.SELLER), third)
    group.news.clear()
    settled(group, third, OrderOutcome.FULFILLED)
    assert (mill(group), len(moved(group))) == (("stable", 3), 1)
    group.do("ana", "orders.dispute", DisputeOrder(OrderSide.BUYER), confirmed(group))
    assert mill(group) == ("stable", 3), "a dispute later on takes nothing back"
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


@pytest.mark.parametrize(("is_buyer", "counts"), [(True, 1), (False, 0)])
def test_across_networks_it_counts_where_the_buyer_is(group: Group, is_buyer: bool, counts: int) -> None:  # noqa: FBT001
    ana, order = group.member("ana").id, group.chance(16)
    ours, theirs = (None, group.now) if is_buyer else (group.now, None)
    body = OrderPlaced(
        order, FAR, *((ana, "clara") if is_buyer else ("clara", ana)), is_buyer=is_buyer, offer=bytes(16), code=FLOUR,
        quantity=1_000, unit="KGM", currency="", scale=0, price=0, not_after_ms=group.now + DAY_MS, said_ms=ours,
    )  # fmt: skip
    steps = OrderAccepted(order, theirs), OrderDelivered(order, 1_000, 0, None, theirs), OrderConfirmed(order, ours)
    group.carry_out(Plan("", tuple(Write(one) for one in (body, *steps))))
    assert mill(group) == ("trial", counts)
    assert snapshot(copy_of(group.written)) == snapshot(group.book)
