# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was delivered: an order that its buyer has confirmed, or the boxes of an order cycle, as both sides know it.

A delivery that was confirmed stays one, whatever is quarrelled over later. All that it says follows from what the two
networks of an order both have, so that they write the same event of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from protocol.book.addresses import party_id
from protocol.book.book import Book
from protocol.book.declaration import Entered, Table
from protocol.book.ledger import Posting
from protocol.book.uuids import derived_id
from protocol.lanes.entry import Millis
from protocol.peers.order_messages import OrderDid
from protocol.practices.market.joint_orders.state import JOINTS
from protocol.practices.market.orders.entries import OrderConfirmed, OrderSettled
from protocol.practices.market.orders.state import ORDERS, Order, OrderState
from protocol.practices.market.purchasing.entries import PurchaseSettled
from protocol.practices.market.purchasing.state import CYCLES, OrderCycle
from protocol.wire.keys import digest


@dataclass(slots=True)
class DeliveredItem:
    """So many thousandths of a unit of something: an offer, or an item of a cycle, by its id, with code or name."""

    id: bytes
    code: str
    name: str
    quantity: int
    unit: str


@dataclass(slots=True)
class Delivery:
    """Something that came: from whom (nothing: from outside) to whom, by which orders; `members` are those of ours.

    `sent_ms` is when who gave it says that it was sent (nothing: nobody says), `at_ms` when it was received.
    """

    id: bytes
    arrival: int
    sent_ms: Millis | None
    at_ms: Millis
    giver: str | None
    receiver: str
    members: tuple[str, ...]
    items: tuple[DeliveredItem, ...]
    orders: tuple[bytes, ...]


def month_of(at_ms: Millis) -> str:
    """Return the month in UTC under which deliveries are found, such as 2026-11."""
    return f"{datetime.fromtimestamp(at_ms // 1_000, UTC):%Y-%m}"


DELIVERIES = Table(
    "deliveries",
    Delivery,
    by={"member": lambda row: row.members, "month": lambda row: (month_of(row.at_ms),)},
    closed=lambda _: True,
)


def look_for_order(book: Book, entered: Entered) -> None:
    """Have at hand whether an order is noted already: a fold may look at nothing that is not."""
    assert isinstance(entered.body, OrderConfirmed | OrderSettled)
    book.rows(DELIVERIES).need((entered.body.order,))


def note_order(book: Book, entered: Entered) -> Sequence[Posting]:
    """Note an order that is fulfilled now: part of the fold, after what its buyer confirms or a settlement says."""
    assert isinstance(entered.body, OrderConfirmed | OrderSettled)
    order = book.rows(ORDERS)[entered.body.order]
    if order.state is OrderState.FULFILLED and order.delivered and order.id not in book.rows(DELIVERIES):
        book.rows(DELIVERIES).add(_of_order(book, order, entered.seq))
    return ()


def _of_order(book: Book, order: Order, arrival: int) -> Delivery:
    placed = order.placed
    confirmed = [one.at_ms for one in order.steps(True) if one.did is OrderDid.CONFIRMED]
    sent = [one.at_ms for one in order.steps(False) if one.did is OrderDid.DELIVERED]
    item = DeliveredItem(placed.offer, placed.code, "", order.delivered, placed.unit)
    giver, receiver = (_party(book, order, buyer=one) for one in (False, True))
    return Delivery(
        order.id, arrival, sent[-1], (confirmed or sent)[-1], giver, receiver, order.own_members, (item,), (order.id,)
    )  # fmt: skip


def _party(book: Book, order: Order, *, buyer: bool) -> str:
    name = order.placed.buyer if buyer else order.placed.seller
    if buyer in order.own_sides:
        return party_id(book.network, book.members[name].handle)
    assert order.partner is not None
    return party_id(order.partner, name)


def note_cycle(book: Book, entered: Entered) -> Sequence[Posting]:
    """Note what came for an order cycle once it is settled: part of the fold."""
    assert isinstance(entered.body, PurchaseSettled)
    cycle = book.rows(CYCLES)[entered.body.cycle]
    delivery = _of_cycle(book, cycle, entered.seq)
    if delivery.items:
        book.rows(DELIVERIES).add(delivery)
    return ()


def _of_cycle(book: Book, cycle: OrderCycle, arrival: int) -> Delivery:
    joint = next(iter(book.rows(JOINTS).find("cycle", cycle.id)), None)
    # All networks of a joint order buy the same items: they are called alike in all.
    whole = cycle.id if joint is None else joint.id
    items = tuple(
        DeliveredItem(item_id(whole, number), "", said.name, portions * said.portion, said.unit)
        for number, said in enumerate(cycle.said.items, 1)
        if (portions := sum(line.got[number - 1] for line in cycle.rows))
    )
    payee, referent = cycle.said.payee, cycle.said.referent
    giver = None if payee == referent else party_id(book.network, book.members[payee].handle)
    if joint is not None and joint.said.host != book.network:
        giver = party_id(joint.said.host, joint.said.terms.referent)
    assert cycle.received_ms is not None
    return Delivery(
        cycle.id, arrival, None, cycle.received_ms, giver, party_id(book.network, book.members[referent].handle),
        tuple(dict.fromkeys((referent, payee))), items, tuple(dict.fromkeys((cycle.id, whole))),
    )  # fmt: skip


def item_id(order: bytes, number: int) -> bytes:
    """Return the id by which an item of a cycle, or of a joint order, is called in events."""
    return derived_id(digest("delivered-item", order + number.to_bytes(2, "big")))
