# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a home lets its side do with an order is what every node takes, whatever else has happened meanwhile."""

from typing import Any

import pytest

from protocol.book.declaration import Plan, Write
from protocol.book.money import Amount
from protocol.book.signed import uuid_text
from protocol.peers.order_messages import ORDER_STEPS_MAX
from protocol.practices.market.orders.entries import OrderPlaced
from protocol.practices.market.orders.wishes import (
    AcceptOrder,
    CancelOrder,
    DeliverOrder,
    DisputeOrder,
    OrderOutcome,
    SettleOrder,
)
from protocol.practices.money.currencies.views import CloseCurrency, CreateCurrency
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.desk import Group

ORDER = uuid_text(b"o" * 16)
CANCELLED = SettleOrder(OrderOutcome.CANCELLED)


@pytest.fixture
def group() -> Group:
    """Ana has ordered flour of Edu for 160.00 HORA, and Edu has accepted."""
    told = Group()
    told.do("steward", "currencies.create", CreateCurrency("HORA", "Hora", Amount(1_000_00, "HORA", 2)))
    told.admit("ana", "edu")
    ana, edu = (told.member(handle).id for handle in ("ana", "edu"))
    placed = OrderPlaced(
        b"o" * 16, None, ana, edu, is_buyer=True, offer=b"i" * 16, code="23110", quantity=40_000, unit="KGM",
        currency="HORA", scale=2, price=400, not_after_ms=told.now + 1_000_000, said_ms=None,
    )  # fmt: skip
    told.carry_out(Plan("", (Write(placed),)))
    told.do("edu", "orders.accept", AcceptOrder(), ORDER)
    return told


def refusal(group: Group, who: str, verb: str, wish: Any) -> str:
    written = len(group.entries)
    code = group.refusal(who, f"orders.{verb}", wish, ORDER).code
    assert len(group.entries) == written
    return code


def test_nothing_is_delivered_that_cannot_be_asked_for_since_the_currency_is_closed(group: Group) -> None:
    group.do("steward", "currencies.close", CloseCurrency(), "HORA")
    assert refusal(group, "edu", "deliver", DeliverOrder()) == "CURRENCY_CLOSED"
    group.do("edu", "orders.cancel", CancelOrder(), ORDER)


def test_nothing_is_delivered_that_cannot_be_asked_for_since_the_buyer_has_left(group: Group) -> None:
    group.leave("ana")
    assert refusal(group, "edu", "deliver", DeliverOrder()) == "MEMBER_NOT_ACTIVE"


def test_nothing_is_delivered_by_a_seller_who_is_suspended(group: Group) -> None:
    group.do("steward", "members.suspend", Suspend(), "edu")
    assert refusal(group, "edu", "deliver", DeliverOrder()) == "MEMBER_NOT_ACTIVE"


def test_who_says_again_how_a_dispute_should_end_takes_no_step_more(group: Group) -> None:
    group.do("edu", "orders.dispute", DisputeOrder("wet"), ORDER)
    shown = group.do("edu", "orders.settle", CANCELLED, ORDER)
    written = len(group.entries)
    for _ in range(ORDER_STEPS_MAX):
        assert group.do("edu", "orders.settle", CANCELLED, ORDER) == shown
    assert len(group.entries) == written
    assert group.do("steward", "orders.settle", SettleOrder(OrderOutcome.FULFILLED), ORDER).state == "fulfilled"
