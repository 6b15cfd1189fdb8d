# SPDX-License-Identifier: AGPL-3.0-or-later
"""Orders: placed, accepted, delivered, confirmed and paid, within a network and across; and what may go wrong."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from simulation.groups import balance, exchange
from simulation.world import World

from protocol.book.declaration import Refused
from protocol.book.lifecycle import HOUR
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.events import Received
from protocol.peers.messages import OrderNews, QuoteDenied, pack
from protocol.peers.order_messages import OrderDid, OrderStep, OrderTerms
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.market.orders.entries import (
    OrderAccepted,
    OrderCancelled,
    OrderConfirmed,
    OrderDeclined,
    OrderDelivered,
    OrderDisputed,
    OrderPlaced,
)
from protocol.practices.market.orders.state import (
    DISPUTE_DAYS_MAX,
    ORDER_LIFE,
    ORDERS,
    SILENT_DAYS_MAX,
    OrderState,
    fulfilled_between,
)
from protocol.practices.market.orders.talk import ORDERS_A_DAY_MAX, news_of
from protocol.practices.market.orders.wishes import (
    AcceptOrder,
    CancelOrder,
    ConfirmOrder,
    DeclineOrder,
    DeliverOrder,
    DisputeOrder,
    OrderOutcome,
    OrdersWanted,
    PlaceOrder,
    SettleOrder,
)
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.requests.views import PayRequest
from protocol.wire.keys import id_text
from tests.protocol.practices.market.fair import FLOUR, by, fair, flour, pinned


def id_of(text: str) -> bytes:
    found = parse_uuid(text)
    assert found is not None
    return found


@pytest.fixture
def world() -> World:
    return fair(rate="2")


def place(world: World, quantity: str = "40", **more: Any) -> Any:
    """Ana of Riacho orders of the 100 kg of flour that Bia of Serra offers at 4.00 FLOR, or 2.00 HORA."""
    offer = more.pop("offer", None) or pinned(world, "serra", flour("bia", 100, 400, "FLOR"))
    wish = PlaceOrder(f"{offer}@serra", quantity, **more)
    return world.granted("riacho", "orders.place", wish, actor=by(world, "riacho", "ana"))


def at(world: World, name: str, order: str) -> Any:
    return world.granted(name, "orders.show", subject=order)


def act(world: World, name: str, handle: str, verb: str, wish: Any, order: str) -> Any:
    shown = world.granted(name, f"orders.{verb}", wish, subject=order, actor=by(world, name, handle))
    world.tick(2)
    return shown


def states(world: World, order: str) -> tuple[str, str]:
    return at(world, "riacho", order).state.value, at(world, "serra", order).state.value


def delivered(world: World, **more: Any) -> str:
    order = place(world, **more).id
    world.tick(2)
    act(world, "serra", "bia", "accept", AcceptOrder(), order)
    act(world, "serra", "bia", "deliver", DeliverOrder(), order)
    return order


def paid_for(world: World, order: str) -> None:
    """Ana pays what the order asks for, by an ordinary payment across the link."""
    shown = at(world, "riacho", order)
    quote = world.granted(
        "riacho", "quotes.create", AskQuote("bia@serra", shown.due, payer="ana", request=shown.request)
    )
    wish = Pay(
        payer=quote.payer, payee="bia@serra", amount=shown.due, invoice=quote.invoice, request=id_of(shown.request)
    )
    world.granted("riacho", "payments.create", wish)
    world.tick(2)


def test_an_order_across_a_link_ends_in_a_payment(world: World) -> None:
    shown = place(world)
    assert (shown.state, shown.seller, shown.title, shown.quantity) == ("placed", "bia@serra", "Flour", "40")
    assert (shown.price.value, shown.price.asset_code, shown.known_there) == (400, "FLOR", False)
    order = shown.id
    world.tick(2)
    there = at(world, "serra", order)
    assert (there.state, there.buyer, there.network) == (
        "placed", "ana@riacho", id_text(world.nodes["riacho"].network)
    )  # fmt: skip
    assert at(world, "riacho", order).known_there
    act(world, "serra", "bia", "accept", AcceptOrder(), order)
    assert states(world, order) == ("accepted", "accepted")
    act(world, "serra", "bia", "deliver", DeliverOrder("38.5"), order)
    here = at(world, "riacho", order)
    assert (here.state, here.delivered, here.due.value, here.due.asset_code) == ("delivered", "38.5", 154_00, "FLOR")
    act(world, "riacho", "ana", "confirm", ConfirmOrder(), order)
    assert states(world, order) == ("fulfilled", "fulfilled")
    assert balance(world, "riacho", "ana") == 0, "no order moves money"
    paid_for(world, order)
    assert (at(world, "riacho", order).paid, at(world, "serra", order).paid) == (True, True)
    assert (balance(world, "riacho", "ana"), balance(world, "serra", "bia")) == (-77_00, 154_00)
    buyer, seller = (world.nodes[name].replica.book for name in ("riacho", "serra"))
    ana, bia = buyer.member_by_handle["ana"], seller.member_by_handle["bia"]
    assert fulfilled_between(buyer, ana, f"bia@{id_text(seller.network)}", FLOUR) == 1
    assert fulfilled_between(seller, f"ana@{id_text(buyer.network)}", bia, FLOUR) == 1
    world.tick(2)
    assert all(not world.nodes[name].replica.book.rows(ORDERS) for name in ("riacho", "serra")), "over on both sides"
    assert not world.drops


def test_an_order_within_a_network_is_paid_by_the_request_that_it_names(world: World) -> None:
    offer = pinned(world, "riacho", flour("edu", 10, 500, "HORA"))
    ana, edu = by(world, "riacho", "ana"), by(world, "riacho", "edu")
    shown = world.granted("riacho", "orders.place", PlaceOrder(offer, "1500 g"), actor=ana)
    for verb, wish, actor in (("accept", AcceptOrder(), edu), ("deliver", DeliverOrder(), edu)):
        shown = world.granted("riacho", f"orders.{verb}", wish, subject=shown.id, actor=actor)
    assert (shown.state, shown.due.value, shown.network) == ("delivered", 7_50, None)
    world.granted("riacho", "payment-requests.pay", PayRequest(), subject=shown.request, actor=ana)
    assert at(world, "riacho", shown.id).paid
    shown = world.granted("riacho", "orders.confirm", ConfirmOrder(), subject=shown.id, actor=ana)
    assert (shown.state, shown.paid) == ("fulfilled", True)
    assert (balance(world, "riacho", "ana"), balance(world, "riacho", "edu")) == (-7_50, 7_50)
    assert [one.id for one in world.granted("riacho", "orders.list", OrdersWanted()).items] == [shown.id]


def test_what_is_given_costs_nothing(world: World) -> None:
    free = replace(flour("bia", 100, 0, "FLOR"), prices=())
    order = delivered(world, offer=pinned(world, "serra", free))
    shown = act(world, "riacho", "ana", "confirm", ConfirmOrder(), order)
    assert (shown.state, shown.due.value, shown.request, shown.paid) == ("fulfilled", 0, None, False)
    world.tick(2)
    assert states(world, order) == ("fulfilled", "fulfilled")


def refusal(world: World, name: str, operation: str, wish: Any, order: str = "", handle: str = "ana") -> str:
    before = len(world.nodes[name].disk)
    refused = world.ask(name, operation, wish, subject=order, actor=by(world, name, handle))
    assert isinstance(refused, Refused), refused
    assert len(world.nodes[name].disk) == before, "nothing was written"
    return refused.reason.code


def test_what_is_refused_changes_nothing(world: World) -> None:
    offer = pinned(world, "serra", flour("bia", 100, 400, "FLOR")) + "@serra"
    own = pinned(world, "riacho", flour("ana", 100, 400, "HORA"))
    for wish, code in (
        (PlaceOrder(f"{uuid_text(bytes(16))}@serra", "1"), "OFFER_GONE"),
        (PlaceOrder(offer.removesuffix("@serra"), "1"), "OFFER_GONE"),
        (PlaceOrder(own, "1"), "SAME_ACCOUNT"),
        (PlaceOrder(offer, "101"), "QUANTITY_EXCEEDED"),
        (PlaceOrder(offer, "0"), "MALFORMED"),
        (PlaceOrder(offer, "-1"), "MALFORMED"),
        (PlaceOrder(offer, "1.0001 kg"), "MALFORMED"),
        (PlaceOrder(offer, "0.5 g"), "MALFORMED"),
        (PlaceOrder(offer, "a kilo"), "NUMBER_UNCLEAR"),
        (PlaceOrder(offer, "1", currency="HORA"), "MALFORMED"),
        (PlaceOrder(offer.replace("serra", "nowhere"), "1"), "NETWORK_UNKNOWN"),
        (PlaceOrder(offer, "1 l"), "UNITS_DIFFER"),
        (PlaceOrder(offer, "2 handfuls"), "UNIT_UNKNOWN"),
        (PlaceOrder(offer, "1/3 kg"), "NUMBER_UNCLEAR"),
        (PlaceOrder(offer, "1", buyer="edu"), "FORBIDDEN"),
    ):
        assert refusal(world, "riacho", "orders.place", wish) == code, wish
    order = place(world).id
    world.tick(2)
    assert refusal(world, "riacho", "orders.accept", AcceptOrder(), order) == "FORBIDDEN"
    assert refusal(world, "riacho", "orders.confirm", ConfirmOrder(), order) == "STATE_CONFLICT"
    assert refusal(world, "riacho", "orders.dispute", DisputeOrder("no"), order) == "STATE_CONFLICT"
    assert refusal(world, "riacho", "orders.cancel", CancelOrder(), order, "edu") == "FORBIDDEN"
    assert refusal(world, "riacho", "orders.cancel", CancelOrder(), "nothing") == "NOT_FOUND"
    assert refusal(world, "serra", "orders.deliver", DeliverOrder(), order, "bia") == "STATE_CONFLICT"
    act(world, "serra", "bia", "accept", AcceptOrder(), order)
    assert refusal(world, "serra", "orders.accept", AcceptOrder(), order, "bia") == "STATE_CONFLICT"
    assert refusal(world, "serra", "orders.deliver", DeliverOrder("40.001"), order, "bia") == "QUANTITY_EXCEEDED"
    assert (
        refusal(world, "serra", "orders.settle", SettleOrder(OrderOutcome.FULFILLED), order, "bia") == "STATE_CONFLICT"
    )


def test_nobody_else_sees_an_order(world: World) -> None:
    order = place(world).id
    refused = world.ask("riacho", "orders.show", subject=order, actor=by(world, "riacho", "edu"))
    assert isinstance(refused, Refused) and refused.reason.code == "FORBIDDEN"
    assert world.granted("riacho", "orders.list", OrdersWanted(), actor=by(world, "riacho", "edu")).items == ()


def test_it_is_told_once_the_other_home_is_there_and_survives_restarts(world: World) -> None:
    world.tick(2)
    offer = pinned(world, "serra", flour("bia", 100, 400, "FLOR"))
    world.cut("riacho", "serra")
    order = place(world, offer=offer).id
    world.tick(30)
    world.restart("riacho")
    world.join("riacho", "serra")
    world.tick(3)
    assert states(world, order) == ("placed", "placed")
    world.restart("serra")
    act(world, "serra", "bia", "accept", AcceptOrder(), order)
    world.tick(2)
    assert states(world, order) == ("accepted", "accepted")
    world.cut("riacho", "serra")
    act(world, "serra", "bia", "deliver", DeliverOrder(), order)
    assert states(world, order) == ("accepted", "delivered")
    for name in ("riacho", "serra"):
        world.restart(name)
    world.join("riacho", "serra")
    world.tick(3)
    assert states(world, order) == ("delivered", "delivered")


def test_a_home_that_never_answers_is_told_less_and_less_often(world: World) -> None:
    order = place(world)
    told = 0
    for _ in range(600):
        world.tick(1)
        told += sum(frame == pack_of(world, order.id) for _, _, frame in world.wires)
        world.wires = [one for one in world.wires if one[1] != "serra"]
    assert told <= 8


def pack_of(world: World, order: str) -> bytes:
    book = world.nodes["riacho"].replica.book
    return pack(news_of(book, book.rows(ORDERS)[id_of(order)]))


def test_the_seller_may_decline_and_the_buyer_learns_why(world: World) -> None:
    order = place(world).id
    world.tick(2)
    act(world, "serra", "bia", "decline", DeclineOrder("All is sold"), order)
    assert states(world, order) == ("declined", "declined")
    shown = world.granted("riacho", "orders.show", subject=order, actor=by(world, "riacho", "ana"))
    [reason] = shown.reasons
    assert reason.side == "seller" and reason.text is not None
    [seen] = world.granted("riacho", "orders.show", subject=order).reasons
    assert seen.text is None, "a steward reads no reasons"


def test_a_dispute_ends_when_both_sides_say_the_same(world: World) -> None:
    order = delivered(world)
    act(world, "riacho", "ana", "dispute", DisputeOrder("Half of it was wet"), order)
    assert states(world, order) == ("disputed", "disputed")
    act(world, "riacho", "ana", "settle", SettleOrder(OrderOutcome.CANCELLED), order)
    act(world, "serra", "bia", "settle", SettleOrder(OrderOutcome.FULFILLED), order)
    assert states(world, order) == ("disputed", "disputed")
    shown = at(world, "riacho", order)
    assert (shown.buyer_settles, shown.seller_settles) == ("cancelled", "fulfilled")
    # A steward of Riacho speaks for its side.
    world.granted("riacho", "orders.settle", SettleOrder(OrderOutcome.FULFILLED), subject=order)
    world.tick(2)
    assert states(world, order) == ("fulfilled", "fulfilled")


def test_a_steward_ends_a_dispute_within_the_network(world: World) -> None:
    offer = pinned(world, "riacho", flour("edu", 10, 500, "HORA"))
    ana, edu = by(world, "riacho", "ana"), by(world, "riacho", "edu")
    order = world.granted("riacho", "orders.place", PlaceOrder(offer, "2"), actor=ana).id
    world.granted("riacho", "orders.accept", AcceptOrder(), subject=order, actor=edu)
    world.granted("riacho", "orders.dispute", DisputeOrder("Nothing comes"), subject=order, actor=ana)
    shown = world.granted("riacho", "orders.settle", SettleOrder(OrderOutcome.CANCELLED), subject=order)
    assert shown.state == "cancelled"


def test_what_nobody_answers_or_settles_expires(world: World) -> None:
    first, second = place(world, days=1).id, delivered(world)
    act(world, "riacho", "ana", "dispute", DisputeOrder("No"), second)
    world.now += DAY_MS
    world.tick(2)
    assert states(world, first) == ("expired", "expired")
    assert refusal(world, "serra", "orders.accept", AcceptOrder(), first, "bia") == "STATE_CONFLICT"
    world.now += DISPUTE_DAYS_MAX * DAY_MS
    world.tick(2)
    assert states(world, second) == ("expired", "expired")
    world.now += (SILENT_DAYS_MAX + 1) * DAY_MS
    world.tick(2)
    assert all(not world.nodes[name].replica.book.rows(ORDERS) for name in ("riacho", "serra"))
    assert states(world, first) == states(world, second) == ("expired", "expired")


def say(world: World, message: Any, to: str = "serra", source: str = "riacho") -> None:
    world.give(to, Received(source, pack(message)))
    world.run()


def terms(world: World, item: str, **changed: Any) -> OrderTerms:
    return replace(OrderTerms(id_of(item), "ana", 1_000, "KGM", "FLOR", 400, world.now, world.now + DAY_MS), **changed)


def test_a_unit_that_only_the_other_network_knows_is_ordered_by_number_alone(world: World) -> None:
    offer = pinned(world, "serra", flour("bia", 100, 400, "FLOR", unit="SAK"))
    wish = PlaceOrder(f"{offer}@serra", "1 kg")
    refused = world.ask("riacho", "orders.place", wish, actor=by(world, "riacho", "ana"))
    assert isinstance(refused, Refused) and (refused.reason.code, refused.figures) == (
        "UNIT_UNKNOWN", {"about": "SAK"}
    )  # fmt: skip
    assert place(world, "1", offer=offer).unit == "SAK"


def test_an_order_that_is_not_as_the_offer_is_denied(world: World) -> None:
    offer = pinned(world, "serra", flour("bia", 100, 400, "FLOR"))
    before = len(world.nodes["serra"].disk)
    for number, (changed, code) in enumerate(
        (
            ({"offer": bytes(16)}, "OFFER_GONE"),
            ({"price": 399}, "OFFER_DIFFERS"),
            ({"unit": "GRM"}, "OFFER_DIFFERS"),
            ({"currency": "HORA", "price": 0}, "OFFER_DIFFERS"),
            ({"quantity": 100_001}, "QUANTITY_EXCEEDED"),
            ({"buyer": "\x1b[2J<b>"}, "MALFORMED"),
            ({"buyer": "bia@serra"}, "MALFORMED"),
        )
    ):
        world.give(
            "serra", Received("riacho", pack(OrderNews(bytes((number,)) * 16, terms(world, offer, **changed), (), 0)))
        )
        [(_, _, frame)] = world.wires
        assert frame == pack(QuoteDenied(bytes((number,)) * 16, code, world.nodes["serra"].network))
        world.run()
    assert len(world.nodes["serra"].disk) == before
    assert not world.drops


def test_of_a_gift_too_nobody_orders_more_than_there_is(world: World) -> None:
    gift = pinned(world, "serra", replace(flour("bia", 100, 0, "FLOR"), prices=()))
    much = terms(world, gift, price=0, currency="", quantity=100_001)
    say(world, OrderNews(b"x" * 16, much, (), 0), to="serra", source="riacho")
    assert b"x" * 16 not in world.nodes["serra"].replica.book.rows(ORDERS)


def test_an_order_that_was_denied_is_over(world: World) -> None:
    offer = pinned(world, "serra", flour("bia", 100, 400, "FLOR"))
    world.cut("riacho", "serra")
    order = place(world, offer=offer).id
    world.nodes["serra"].replica.book.members[by(world, "serra", "bia").member or ""].state = type(
        next(iter(world.nodes["serra"].replica.book.members.values())).state
    ).LEFT
    world.join("riacho", "serra")
    world.tick(3)
    shown = at(world, "riacho", order)
    assert (shown.state, shown.denied) == ("declined", "MEMBER_NOT_ACTIVE")


def test_what_a_partner_makes_up_is_not_written(world: World) -> None:
    order = delivered(world)
    before = len(world.nodes["riacho"].disk), len(world.nodes["serra"].disk)
    hour = world.now
    ends = (
        OrderStep(OrderDid.CONFIRMED, hour),
        OrderStep(OrderDid.DECLINED, hour),
        OrderStep(OrderDid.DELIVERED, hour),
    )
    known = (OrderStep(OrderDid.ACCEPTED, hour), OrderStep(OrderDid.DELIVERED, hour, 40_000, 160_00, bytes(16)))
    for step in (*ends, OrderStep(OrderDid.DISPUTED, hour + DAY_MS)):
        say(world, OrderNews(id_of(order), None, (*known, step), 0), to="riacho", source="serra")
    # Another network's order, an order of nobody, and one whose other side it would be.
    say(world, OrderNews(b"x" * 16, None, (), 0), to="riacho", source="serra")
    say(world, OrderNews(id_of(order), terms(world, order), ends, 0), to="riacho", source="serra")
    say(world, QuoteDenied(id_of(order), "OFFER_GONE", world.nodes["serra"].network), to="riacho", source="serra")
    assert (len(world.nodes["riacho"].disk), len(world.nodes["serra"].disk)) == before
    assert states(world, order) == ("delivered", "delivered")


def test_nobody_is_asked_for_more_than_was_agreed(world: World) -> None:
    order = place(world).id
    world.tick(2)
    act(world, "serra", "bia", "accept", AcceptOrder(), order)
    step = OrderStep(OrderDid.DELIVERED, world.now, 40_000, 160_01, bytes(16))
    say(world, OrderNews(id_of(order), None, (OrderStep(OrderDid.ACCEPTED, 0), step), 0), to="riacho", source="serra")
    assert at(world, "riacho", order).state == "accepted"


def test_a_partner_fills_no_more_of_a_ledger_than_a_day_holds(world: World) -> None:
    offer = pinned(world, "serra", flour("bia", 100, 400, "FLOR"))
    cancelled = (OrderStep(OrderDid.CANCELLED, world.now),)
    before = len(world.nodes["serra"].disk)
    for number in range(ORDERS_A_DAY_MAX + 20):
        say(world, OrderNews(number.to_bytes(16, "big"), terms(world, offer), cancelled, 0))
    written = len(world.nodes["serra"].disk) - before
    assert written == 3 * ORDERS_A_DAY_MAX, "each is placed, cancelled, and told"


def test_strangers_order_nothing(world: World) -> None:
    exchange(world, "lagoa", "ECO", "dora")
    world.join("lagoa", "serra")
    offer = pinned(world, "serra", flour("bia", 100, 400, "FLOR"))
    world.tick(2)
    assert refusal(world, "lagoa", "orders.place", PlaceOrder(f"{offer}@serra", "1"), handle="dora") == (
        "ORDER_STRANGER"
    )
    before = len(world.nodes["serra"].disk)
    say(world, OrderNews(bytes(16), terms(world, offer), (), 0), source="lagoa")
    assert len(world.nodes["serra"].disk) == before


BUYER = {
    "cancelled": (OrderCancelled, {OrderState.PLACED, OrderState.ACCEPTED}),
    "confirmed": (OrderConfirmed, {OrderState.DELIVERED}),
    "disputed": (OrderDisputed, {OrderState.ACCEPTED, OrderState.DELIVERED, OrderState.FULFILLED}),
}
SELLER = {
    "accepted": (OrderAccepted, {OrderState.PLACED}),
    "declined": (OrderDeclined, {OrderState.PLACED}),
    "delivered": (OrderDelivered, {OrderState.ACCEPTED}),
    "cancelled": (OrderCancelled, {OrderState.ACCEPTED}),
    "disputed": (OrderDisputed, {OrderState.ACCEPTED, OrderState.DELIVERED, OrderState.FULFILLED}),
}


def test_two_who_act_at_once_end_in_one_state() -> None:
    """Each steps from a state that it sees; the other's step comes after. Both orders lead to the same state."""
    start = ORDER_LIFE.after(None, OrderPlaced.KIND)
    shared = {
        OrderState.PLACED: start,
        OrderState.ACCEPTED: ORDER_LIFE.after(start, OrderAccepted.KIND),
    }
    shared[OrderState.DELIVERED] = ORDER_LIFE.after(shared[OrderState.ACCEPTED], OrderDelivered.KIND)
    shared[OrderState.FULFILLED] = ORDER_LIFE.after(shared[OrderState.DELIVERED], OrderConfirmed.KIND)
    tried = 0
    for state in shared.values():
        for one, others in ((BUYER, SELLER), (SELLER, BUYER)):
            for kind, seen in one.values():
                for other, seen_there in others.values():
                    if state in seen and state in seen_there:
                        tried += 1
                        first = ORDER_LIFE.after(ORDER_LIFE.after(state, kind.KIND), other.KIND)
                        second = ORDER_LIFE.after(ORDER_LIFE.after(state, other.KIND), kind.KIND)
                        assert first is second, (state, kind, other)
    assert tried >= 20
    assert ORDER_LIFE.after(OrderState.PLACED, HOUR) is OrderState.EXPIRED


@pytest.mark.parametrize("order", list(permutations(("riacho", "serra"))))
def test_cancelled_here_and_delivered_there_is_a_dispute(world: World, order: tuple[str, str]) -> None:
    placed = place(world).id
    world.tick(2)
    act(world, "serra", "bia", "accept", AcceptOrder(), placed)
    world.cut("riacho", "serra")
    for name in order:
        if name == "riacho":
            act(world, "riacho", "ana", "cancel", CancelOrder(), placed)
        else:
            act(world, "serra", "bia", "deliver", DeliverOrder(), placed)
    assert states(world, placed) == ("cancelled", "delivered")
    world.join("riacho", "serra")
    world.tick(3)
    assert states(world, placed) == ("disputed", "disputed")
