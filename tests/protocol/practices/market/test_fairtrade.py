# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fair trade: a price that covers what making costs, half of it before delivery, here and across networks."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulation.groups import balance
from simulation.world import World

from protocol.book.timezones import DAY_MS
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.market.cost_sheets import FUND_PART_MAX, CostKind, CostLine, CostSheet, price_shares
from protocol.practices.market.fairtrade.entries import PublishCostSheet
from protocol.practices.market.fairtrade.sheets import CostSheetsWanted, WithdrawCostSheet
from protocol.practices.market.orders.wishes import (
    AcceptOrder,
    CancelOrder,
    ConfirmOrder,
    DeliverOrder,
    DisputeOrder,
    OrderOutcome,
    OrdersWanted,
    PlaceOrder,
    SettleOrder,
)
from protocol.practices.market.wishes import ReplaceOffer
from protocol.practices.money.payments.entries import Pay, ReversePayment
from protocol.practices.money.requests.views import PayRequest
from protocol.wire.keys import id_text
from tests.protocol.practices.market.coffee import (
    accepted,
    did,
    flor,
    growers,
    lines,
    offered,
    pays_abroad,
    priced,
    sheet,
    why_not,
)
from tests.protocol.practices.market.fair import by
from tests.protocol.practices.market.test_orders import id_of


@pytest.fixture
def world() -> World:
    return growers()


def errands(world: World, name: str, handle: str) -> list[str]:
    listed = world.granted(name, "errands.list", ErrandsWanted(), actor=by(world, name, handle)).items
    return [one.sentence for one in listed]


def order_at(world: World, order: str, name: str = "serra") -> Any:
    return world.granted(name, "orders.show", subject=order)


def test_a_cost_sheet_sums_to_the_fair_floor(world: World) -> None:
    plain = sheet(world, fund="0%")
    assert (plain.cost.value, plain.floor.value, plain.fund) == (3_75, 3_75, None)
    shown = sheet(world)
    assert (shown.cost.value, shown.floor.value, shown.fund, shown.unit) == (3_75, 3_95, "5%", "KGM")
    assert [(one.kind.value, one.amount.value, one.hours) for one in shown.lines] == [
        ("inputs", 1_60, None), ("labour", 1_80, "0.12"), ("depreciation", 20, None), ("transport", 15, None)
    ]  # fmt: skip
    assert (shown.by_key, shown.versions, shown.at) == (False, 1, world.now - 2_000)


def test_an_offer_below_what_it_costs_is_refused(world: World) -> None:
    bare, with_fund = sheet(world, fund="0%").id, sheet(world).id
    for named, low, high in ((bare, (3_60, 3_74), 3_75), (with_fund, (3_60, 3_75, 3_94), 3_95)):
        for minor in low:
            refused = why_not(world, "serra", "bia", "offers.publish", priced(minor, named))
            assert (refused.reason.code, refused.figures["floor"]) == ("BELOW_COST", high)
        assert offered(world, high, named)
    offer = offered(world, 4_10, with_fund)
    lower = ReplaceOffer("Coffee", prices=(flor(3_94),), unit="kg", cost_sheet=with_fund)
    assert why_not(world, "serra", "bia", "offers.replace", lower, offer).reason.code == "BELOW_COST"
    plain = did(world, "serra", "bia", "offers.publish", priced(3_60, None))
    assert plain.why is None, "an offer that names no cost sheet is as any other"


def test_who_reads_an_offer_sees_why_it_has_its_price(world: World) -> None:
    named = sheet(world, advance="50%").id
    offer = offered(world, 4_20, named)
    for name, id in (("serra", offer), ("riacho", f"{offer}@serra")):
        why = world.granted(name, "offers.show", subject=id).why
        assert (why.price.value, why.cost.value, why.floor.value, why.advance) == (4_20, 3_75, 3_95, "50%")
        told = [(one.kind, one.amount.value, one.share) for one in why.shares]
        assert told[1:] == [
            ("labour", 1_80, "42.85%"), ("depreciation", 20, "4.76%"), ("transport", 15, "3.57%"),
            ("surplus", 24, "5.71%"), ("fund", 21, "5%"),
        ]  # fmt: skip
        assert sum(minor for _, minor, _ in told) == 4_20
        assert why.maker.value == 1_80 + 24
    at_floor = world.granted("serra", "offers.show", subject=offered(world, 3_95, named)).why
    assert [one.kind for one in at_floor.shares[-2:]] == ["surplus", "fund"] and at_floor.maker.value == 1_81


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=16),
    st.integers(0, FUND_PART_MAX), st.integers(0, 10**6), st.integers(1, 10**4),
)  # fmt: skip
def test_from_the_floor_on_the_cost_is_covered_and_below_it_is_not(
    costs: list[int], fund: int, above: int, hours: int
) -> None:
    told = tuple(CostLine("a", CostKind.INPUTS, minor, "") for minor in costs)
    told = (*told[:15], CostLine("b", CostKind.LABOUR, 1_500, "", hours))
    body = CostSheet("bia", "Coffee", "", "", "FLOR", 2, told, 0, fund or None)
    price = body.floor_minor + above
    assert price - body.fund_minor(price) >= body.cost_minor
    assert sum(minor for _, _, minor in price_shares(body, price)) == price
    less = body.floor_minor - 1
    assert less - less * fund / 10_000 < body.cost_minor


def test_a_cost_sheet_is_read_elsewhere_and_holds_there(world: World) -> None:
    named = sheet(world).id
    offer = offered(world, 4_00, named)
    [there] = world.granted("riacho", "cost-sheets.list", CostSheetsWanted(network="serra")).items
    assert (there.id, there.floor.value, there.by_key) == (
        f"{named}@{id_text(world.nodes['serra'].network)}", 3_95, None
    )  # fmt: skip
    assert did(world, "riacho", "ana", "orders.place", PlaceOrder(f"{offer}@serra", "1")).state == "placed"
    # Inputs get dearer: what is offered at the old price can be ordered nowhere any more.
    sheet(world, inputs=1_90, sheet=id_of(named))
    refused = why_not(world, "riacho", "ana", "orders.place", PlaceOrder(f"{offer}@serra", "1"))
    assert (refused.reason.code, refused.figures["floor"], refused.figures["price"]) == ("BELOW_COST", 4_27, 4_00)
    assert why_not(world, "serra", "caio", "orders.place", PlaceOrder(offer, "1")).reason.code == "BELOW_COST"
    assert errands(world, "serra", "bia")[0] == "fairtrade.below_cost"
    higher = ReplaceOffer("Coffee", prices=(flor(4_27),), unit="kg", code="01610", cost_sheet=named)
    did(world, "serra", "bia", "offers.replace", higher, offer)
    assert "fairtrade.below_cost" not in errands(world, "serra", "bia")
    assert did(world, "riacho", "ana", "orders.place", PlaceOrder(f"{offer}@serra", "1")).state == "placed"


def test_a_home_denies_an_order_of_who_has_not_heard_of_the_new_floor(world: World) -> None:
    named = sheet(world).id
    offer = offered(world, 4_00, named)
    world.cut("riacho", "serra")
    sheet(world, inputs=1_90, sheet=id_of(named))
    order = did(world, "riacho", "ana", "orders.place", PlaceOrder(f"{offer}@serra", "1")).id
    world.join("riacho", "serra")
    world.tick(30)
    shown = world.granted("riacho", "orders.show", subject=order)
    assert (shown.state, shown.denied) == ("declined", "BELOW_COST")


def test_half_of_an_order_of_1000_is_paid_in_advance_and_no_interest_grows(world: World) -> None:
    order = accepted(world)
    shown = order_at(world, order)
    assert (shown.advance.value, shown.advance_paid, shown.due.value) == (500_00, False, 0)
    assert "payment-requests.to_pay" in errands(world, "serra", "dora")
    did(world, "serra", "dora", "payment-requests.pay", PayRequest(), shown.advance_request)
    assert balance(world, "serra", "bia") == 500_00
    assert why_not(world, "serra", "dora", "orders.cancel", CancelOrder(), order).reason.code == "STATE_CONFLICT"
    world.now += 20 * DAY_MS
    assert order_at(world, order).days_late == 0, "who has paid in advance is not late"
    shown = did(world, "serra", "bia", "orders.deliver", DeliverOrder(), order)
    assert (shown.due.value, shown.asked.value, shown.advance_paid, shown.paid) == (1_000_00, 500_00, True, False)
    did(world, "serra", "dora", "orders.confirm", ConfirmOrder(), order)
    world.now += 6 * DAY_MS
    assert not [one for one in week(world) if one.sentence == "orders.late"]
    world.now += 34 * DAY_MS
    [late] = [one for one in week(world) if one.sentence == "orders.late"]
    assert (late.who, late.count) == ("dora", 40)
    assert [one.id for one in world.granted("serra", "orders.list", OrdersWanted(late=True)).items] == [order]
    asked = world.granted("serra", "payment-requests.show", subject=shown.request)
    assert asked.amount.value == 500_00, "no interest"
    world.restart("serra")
    did(world, "serra", "dora", "payment-requests.pay", PayRequest(), shown.request)
    shown = order_at(world, order)
    assert (shown.paid, shown.days_late, balance(world, "serra", "bia")) == (True, 0, 1_000_00)
    assert world.granted("serra", "orders.list", OrdersWanted(late=True)).items == ()


def week(world: World) -> Any:
    return world.granted("serra", "errands.list", ErrandsWanted(ErrandSpan.WEEK)).items


def test_an_advance_is_paid_across_networks(world: World) -> None:
    order = accepted(world, buyer="ana")
    here = order_at(world, order, "riacho")
    assert (here.state, here.advance.value, here.advance_paid) == ("accepted", 500_00, False)
    assert errands(world, "riacho", "ana") == ["orders.to_prepay"]
    paid = pays_abroad(world, here.advance_request, flor(500_00))
    assert errands(world, "riacho", "ana") == []
    for name in ("riacho", "serra"):
        assert order_at(world, order, name).advance_paid
    assert order_at(world, order, "riacho").advance_payment == paid
    did(world, "serra", "bia", "orders.deliver", DeliverOrder(), order)
    here = order_at(world, order, "riacho")
    assert (here.due.value, here.asked.value, here.paid) == (1_000_00, 500_00, False)
    did(world, "riacho", "ana", "orders.confirm", ConfirmOrder(), order)
    pays_abroad(world, here.request, here.asked)
    assert [order_at(world, order, name).paid for name in ("riacho", "serra")] == [True, True]
    assert (balance(world, "riacho", "ana"), balance(world, "serra", "bia")) == (-1_000_00, 1_000_00)
    assert not world.drops


def test_more_may_be_ordered_in_advance_and_a_cent_is_rounded_to_the_maker(world: World) -> None:
    offer = offered(world, 3_95, sheet(world, advance="50%").id)
    order = did(world, "serra", "dora", "orders.place", PlaceOrder(offer, "1")).id
    assert order_at(world, order).advance.value == 1_98, "half of 3.95, at least"
    whole = offered(world, 3_95, sheet(world, advance="100%").id)
    order = did(world, "serra", "dora", "orders.place", PlaceOrder(whole, "2")).id
    did(world, "serra", "bia", "orders.accept", AcceptOrder(), order)
    did(world, "serra", "dora", "payment-requests.pay", PayRequest(), order_at(world, order).advance_request)
    shown = did(world, "serra", "bia", "orders.deliver", DeliverOrder(), order)
    assert (shown.due.value, shown.asked.value, shown.request, shown.paid) == (7_90, 0, None, True)
    assert did(world, "serra", "dora", "orders.confirm", ConfirmOrder(), order).state == "fulfilled"


def test_where_less_comes_than_was_paid_the_rest_goes_back(world: World) -> None:
    order = accepted(world)
    advance = order_at(world, order).advance_request
    did(world, "serra", "dora", "payment-requests.pay", PayRequest(), advance)
    shown = did(world, "serra", "bia", "orders.deliver", DeliverOrder("80"), order)
    assert (shown.due.value, shown.request, shown.give_back.value, shown.paid) == (400_00, None, 100_00, True)
    assert errands(world, "serra", "bia") == ["orders.to_give_back"]
    for part, left in ((1, 99_99), (59_99, 40_00)):
        back = Pay(payer="bia", payee="dora", amount=flor(part), refunds=id_of(shown.advance_payment))
        did(world, "serra", "bia", "payments.create", back)
        assert order_at(world, order).give_back.value == left
        assert errands(world, "serra", "bia") == ["orders.to_give_back"]
    world.restart("serra")
    back = Pay(payer="bia", payee="dora", amount=flor(40_00), refunds=id_of(shown.advance_payment))
    did(world, "serra", "bia", "payments.create", back)
    assert (errands(world, "serra", "bia"), order_at(world, order).give_back) == ([], None)
    assert (balance(world, "serra", "dora"), balance(world, "serra", "bia")) == (-400_00, 400_00)


def test_what_is_settled_as_cancelled_after_a_part_went_back_gives_the_rest_back(world: World) -> None:
    order = accepted(world)
    did(world, "serra", "dora", "payment-requests.pay", PayRequest(), order_at(world, order).advance_request)
    shown = did(world, "serra", "bia", "orders.deliver", DeliverOrder("80"), order)
    back = Pay(payer="bia", payee="dora", amount=flor(100_00), refunds=id_of(shown.advance_payment))
    did(world, "serra", "bia", "payments.create", back)
    did(world, "serra", "dora", "orders.dispute", DisputeOrder("It is mouldy"), order)
    for handle in ("dora", "bia"):
        did(world, "serra", handle, "orders.settle", SettleOrder(OrderOutcome.CANCELLED), order)
    assert order_at(world, order).give_back.value == 400_00
    assert errands(world, "serra", "bia") == ["orders.to_give_back"]


def test_an_advance_that_nobody_has_paid_lapses_where_less_comes(world: World) -> None:
    order = accepted(world)
    advance = order_at(world, order).advance_request
    shown = did(world, "serra", "bia", "orders.deliver", DeliverOrder("80"), order)
    assert (shown.due.value, shown.asked.value, shown.give_back) == (400_00, 400_00, None)
    assert world.granted("serra", "payment-requests.show", subject=advance).state == "cancelled"
    did(world, "serra", "dora", "payment-requests.pay", PayRequest(), shown.request)
    assert order_at(world, order).paid
    other = accepted(world)
    shown = did(world, "serra", "bia", "orders.deliver", DeliverOrder(), other)
    assert (shown.asked.value, shown.advance_paid) == (500_00, False), "both halves are asked for"


def test_an_order_that_is_off_asks_for_no_advance(world: World) -> None:
    order = accepted(world, buyer="ana")
    advance = order_at(world, order).advance_request
    did(world, "riacho", "ana", "orders.cancel", CancelOrder(), order)
    assert order_at(world, order).state == "cancelled"
    assert world.granted("serra", "payment-requests.show", subject=advance).state == "cancelled"
    assert errands(world, "riacho", "ana") == errands(world, "serra", "bia") == []


def test_an_advance_of_what_never_comes_goes_back(world: World) -> None:
    order = accepted(world)
    advance = order_at(world, order).advance_request
    did(world, "serra", "dora", "payment-requests.pay", PayRequest(), advance)
    did(world, "serra", "dora", "orders.dispute", DisputeOrder("Nothing came"), order)
    for handle in ("dora", "bia"):
        did(world, "serra", handle, "orders.settle", SettleOrder(OrderOutcome.CANCELLED), order)
    shown = order_at(world, order)
    assert (shown.state, shown.give_back.value) == ("cancelled", 500_00)
    assert errands(world, "serra", "bia") == ["orders.to_give_back"]
    world.restart("serra")
    undo = ReversePayment(id_of(shown.advance_payment))
    did(world, "serra", "bia", "payments.reverse", undo, shown.advance_payment)
    assert world.granted("serra", "payment-requests.show", subject=advance).state == "cancelled"
    assert errands(world, "serra", "bia") == errands(world, "serra", "dora") == []
    assert (balance(world, "serra", "dora"), order_at(world, order).give_back) == (0, None)


def test_what_is_refused_of_cost_sheets_changes_nothing(world: World) -> None:
    named = sheet(world).id
    good = PublishCostSheet("Coffee", lines(), unit="kg")
    for wish, code in (
        (replace(good, title=" "), "MALFORMED"),
        (replace(good, lines=()), "MALFORMED"),
        (replace(good, lines=(replace(lines()[0], name=""),)), "MALFORMED"),
        (replace(good, lines=(replace(lines()[0], amount=flor(0)),)), "MALFORMED"),
        (replace(good, lines=(replace(lines()[0], amount=flor(-1)),)), "AMOUNT_MALFORMED"),
        (replace(good, lines=(replace(lines()[1], hours="0"),)), "MALFORMED"),
        (replace(good, lines=(replace(lines()[1], hours="a day"),)), "MALFORMED"),
        (replace(good, lines=tuple(replace(one, name="ß" * 40, source="ß" * 60) for one in lines() * 4)), "MALFORMED"),
        (replace(good, unit="handful"), "UNIT_UNKNOWN"),
        (replace(good, code="1"), "MALFORMED"),
        (replace(good, currency="SOL"), "CURRENCY_UNKNOWN"),
        (replace(good, fund="51%"), "MALFORMED"),
        (replace(good, fund="5"), "MALFORMED"),
        (replace(good, advance="49.99%"), "MALFORMED"),
        (replace(good, advance="101%"), "MALFORMED"),
        (replace(good, evidence="ab"), "MALFORMED"),
        (replace(good, sheet=bytes(16)), "NOT_FOUND"),
        (replace(good, member="caio"), "FORBIDDEN"),
    ):
        assert why_not(world, "serra", "bia", "cost-sheets.publish", wish).reason.code == code, wish
    theirs = replace(good, sheet=id_of(named))
    assert why_not(world, "serra", "caio", "cost-sheets.publish", theirs).reason.code == "FORBIDDEN"
    for offer, who, code in (
        (priced(4_00, "no id"), "bia", "NOT_FOUND"),
        (priced(4_00, "0198c6a0-0000-7000-8000-000000000000"), "bia", "NOT_FOUND"),
        (priced(4_00, named), "caio", "FORBIDDEN"),
        (priced(4_00, named, unit="g"), "bia", "MALFORMED"),
        (priced(4_00, named, prices=()), "bia", "MALFORMED"),
    ):
        assert why_not(world, "serra", who, "offers.publish", offer).reason.code == code, offer
    assert (
        why_not(world, "serra", "caio", "cost-sheets.withdraw", WithdrawCostSheet(), named).reason.code == "FORBIDDEN"
    )
    assert why_not(world, "serra", "bia", "cost-sheets.withdraw", WithdrawCostSheet(), "x").reason.code == "NOT_FOUND"


def test_a_cost_sheet_that_is_withdrawn_is_read_nowhere(world: World) -> None:
    named = sheet(world).id
    offer = offered(world, 4_00, named)
    did(world, "serra", "bia", "cost-sheets.withdraw", WithdrawCostSheet(), named)
    assert world.granted("riacho", "cost-sheets.list", CostSheetsWanted()).items == ()
    assert world.granted("riacho", "offers.show", subject=f"{offer}@serra").why is None
    assert errands(world, "serra", "bia") == ["fairtrade.no_sheet"]


def test_a_cost_sheet_is_told_again_under_its_id(world: World) -> None:
    named = sheet(world).id
    again = sheet(world, inputs=1_90, sheet=id_of(named))
    assert (again.id, again.versions, again.cost.value) == (named, 2, 4_05)
    world.restart("serra")
    assert world.granted("serra", "cost-sheets.show", subject=named).versions == 2
