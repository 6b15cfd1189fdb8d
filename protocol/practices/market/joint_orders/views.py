# SPDX-License-Identifier: AGPL-3.0-or-later
"""Joint orders as members see them: who buys how much, what it costs each network, and what all save."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Errand, Urgency
from protocol.book.money import Amount
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.lanes.directory import Directory
from protocol.peers.boards import published
from protocol.practices.between.links.rates import RateSide, rate_said
from protocol.practices.market.joint_orders.costs import joint_costs
from protocol.practices.market.joint_orders.entries import JOINT_ITEMS, JointTerms, JointTold
from protocol.practices.market.joint_orders.state import (
    JOINTS,
    JointOrder,
    JointState,
    boxes_heard,
    cycle_at_hand,
    parts_heard,
)
from protocol.practices.market.purchasing.entries import PurchaseItem
from protocol.practices.market.purchasing.state import PurchaseState
from protocol.practices.market.purchasing.views import portion_text
from protocol.wire.keys import id_text

_HEARD_PLACE = 1 << 40
"""What boards invite to comes after all in which we take part."""


@dataclass(frozen=True, slots=True)
class JointItemShown:
    """An item of a joint order."""

    number: Annotated[int, Doc("its number, from 1")]
    name: Annotated[str, Doc("what it is")]
    portion: Annotated[str, Doc("how much a portion is")]
    box: Annotated[int, Doc("how many portions a box has")]
    alone: Annotated[Amount, Doc("what a box costs a network alone")]
    volume_price: Annotated[Amount, Doc("what a box costs where enough are bought together")]
    volume_from: Annotated[int, Doc("from how many boxes on")]
    boxes: Annotated[int, Doc("how many all buy, as far as is known")]
    price: Annotated[Amount, Doc("what a box costs by that")]


@dataclass(frozen=True, slots=True)
class JointNetworkShown:
    """What a network buys in a joint order, and pays."""

    network: Annotated[str, Doc("its id")]
    handle: Annotated[str | None, Doc("what it calls itself")]
    boxes: Annotated[tuple[int, ...], Doc("how many boxes of each item")]
    goods: Annotated[Amount, Doc("what they cost")]
    freight: Annotated[Amount, Doc("what of the freight falls to it")]
    together: Annotated[Amount, Doc("what it pays in all")]
    alone: Annotated[Amount, Doc("what it would pay alone")]
    request: Annotated[str | None, Doc("the payment request by which the host asks for it")]


@dataclass(frozen=True, slots=True)
class JointOrderShown:
    """What several networks order together; until the parts are fixed it is what boards tell by now."""

    id: Annotated[str, Doc("its id, which follows from its terms; of one that we have not joined with the host's")]
    title: Annotated[str, Doc("what it is called")]
    state: Annotated[JointState | None, Doc("joined, or fixed: the parts are agreed; null: we take no part")]
    host: Annotated[str, Doc("the network that invited, by its id")]
    handle: Annotated[str | None, Doc("what that calls itself")]
    referent: Annotated[str, Doc("whom there networks pay")]
    cycle: Annotated[str | None, Doc("our own cycle")]
    rate: Annotated[str | None, Doc("what the host's currency costs in ours, as was said when we joined")]
    items: Annotated[tuple[JointItemShown, ...], Doc("what can be ordered")]
    networks: Annotated[tuple[JointNetworkShown, ...], Doc("who buys how much")]
    freight: Annotated[Amount, Doc("what the way to one network costs")]
    stop: Annotated[Amount, Doc("what each stop more costs")]
    together: Annotated[Amount, Doc("what all pay")]
    alone: Annotated[Amount, Doc("what they would pay if each ordered alone")]
    saved: Annotated[Amount, Doc("what all save")]
    closes_at: Annotated[At, Doc("until when members order")]
    payment: Annotated[str | None, Doc("our payment to the host, as far as it is known")]
    paid: Annotated[bool, Doc("whether that has arrived; at the host, whether all parts are paid")]


@dataclass(frozen=True, slots=True)
class JointOrdersWanted:
    """Joint orders in which we take part, and those to which boards invite."""


def view_joint(desk: Desk, name: str) -> JointOrderShown | Refused:
    joint = desk.book.rows(JOINTS).get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if joint is None else _own_shown(desk.book, joint)


def view_joints(desk: Desk, wanted: JointOrdersWanted, after: int) -> Iterator[tuple[int, JointOrderShown]]:
    del wanted
    book, joints = desk.book, desk.book.rows(JOINTS)
    for cursor, joint in joints.since(after):
        yield cursor, _own_shown(book, joint)
    for arrival, item, body in published(book, JOINT_ITEMS):
        assert isinstance(body, JointTold)
        place = _HEARD_PLACE + arrival
        if place > after and item.network != book.network and body.terms.joint not in joints:
            yield place, _shown(book, None, body.terms, item.network, {})


def boxes_known(book: Book, joint: JointOrder) -> dict[bytes, tuple[int, ...]]:
    """Return how many boxes each network buys: as agreed, or as is known by now."""
    if joint.parts:
        return {one.network: one.boxes for one in joint.parts}
    cycle = cycle_at_hand(book, joint)
    own = {} if cycle is None or not cycle.boxes else {book.network: cycle.boxes}
    return own | boxes_heard(book, joint)


def _own_shown(book: Book, joint: JointOrder) -> JointOrderShown:
    return _shown(book, joint, joint.said.terms, joint.said.host, boxes_known(book, joint))


def _shown(
    book: Book, joint: JointOrder | None, terms: JointTerms, host: bytes, boxes: dict[bytes, tuple[int, ...]]
) -> JointOrderShown:
    costs, directory = joint_costs(terms, boxes), book.of(Directory)
    cycle = None if joint is None else cycle_at_hand(book, joint)
    rate = None
    if joint is not None and cycle is not None:
        own = RateSide(book.currencies[cycle.said.currency].scale, cycle.said.currency)
        rate = rate_said(joint.rate, own, RateSide(terms.scale, terms.currency))

    def amount(minor: int) -> Amount:
        return Amount(minor, terms.currency, terms.scale)

    def asked_of(network: bytes) -> str | None:
        part = None if joint is None else joint.part_of(network)
        return None if part is None or part.request is None else uuid_text(part.request)

    return JointOrderShown(
        id=uuid_text(terms.joint) if joint is not None else f"{uuid_text(terms.joint)}@{id_text(host)}",
        title=terms.title,
        state=None if joint is None else joint.state,
        host=id_text(host),
        handle=directory.handle(host),
        referent=terms.referent,
        cycle=None if joint is None else uuid_text(joint.said.cycle),
        rate=rate,
        items=tuple(
            JointItemShown(
                number,
                item.name,
                portion_text(PurchaseItem(item.name, item.portion, item.unit, item.box, item.price)),
                item.box,
                amount(item.price),
                amount(item.volume_price),
                item.volume_from,
                sum(one[number - 1] for one in boxes.values()),
                amount(costs.prices[number - 1]),
            )
            for number, item in enumerate(terms.items, 1)
        ),
        networks=tuple(
            JointNetworkShown(
                id_text(network),
                directory.handle(network),
                boxes[network],
                amount(cost.goods_minor),
                amount(cost.freight_minor),
                amount(cost.together_minor),
                amount(cost.alone_minor),
                asked_of(network),
            )
            for network, cost in sorted(costs.networks.items())
        ),
        freight=amount(terms.freight),
        stop=amount(terms.stop),
        together=amount(costs.together_minor),
        alone=amount(costs.alone_minor),
        saved=amount(costs.alone_minor - costs.together_minor),
        closes_at=terms.closes_ms,
        payment=None if joint is None or joint.payment is None else uuid_text(joint.payment),
        paid=joint is not None and is_paid(book, joint),
    )


def is_paid(book: Book, joint: JointOrder) -> bool:
    """Tell whether our part has arrived, or at the host whether all parts have."""
    if joint.said.host != book.network:
        return joint.is_paid
    asked = [book.requests.get(one.request) for one in joint.parts if one.request is not None]
    return joint.state is JointState.FIXED and all(one is not None and one.payment is not None for one in asked)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield what of joint orders waits for their referents: to fix the parts, to pay ours, or to order alone."""
    book = desk.book
    for joint in book.rows(JOINTS).values():
        cycle = cycle_at_hand(book, joint)
        if cycle is None or cycle.said.referent != desk.actor.member:
            continue
        title, name, terms = joint.said.terms.title, uuid_text(joint.id), joint.said.terms
        is_host = joint.said.host == book.network
        if joint.state is JointState.JOINED and cycle.state is PurchaseState.CLOSED:
            if is_host:
                yield Errand(
                    name, title, "joint-orders.to_fix", f"{title}: fix who buys how many boxes", "joint-orders.fix",
                    Urgency.WAITED_FOR, count=len(boxes_heard(book, joint)) + 1,
                )  # fmt: skip
            elif parts_heard(book, joint) is not None:
                yield Errand(
                    uuid_text(cycle.id), title, "joint-orders.without_us", f"{title} was fixed without us: order alone",
                    "order-cycles.order", Urgency.STOPPED,
                )  # fmt: skip
        part = joint.part_of(book.network)
        if part is not None and part.request is not None and joint.payment is None:
            payee = f"{terms.referent}@{book.of(Directory).handle(joint.said.host) or id_text(joint.said.host)}"
            due = joint.costs().networks[book.network].together_minor
            yield Errand(
                uuid_text(part.request), payee, "joint-orders.to_pay", f"{payee} asks for our part of {title}",
                "quotes.create", Urgency.WAITED_FOR, figure=Amount(due, terms.currency, terms.scale),
            )  # fmt: skip


def week(desk: Desk) -> Iterator[Errand]:
    """Yield which joint orders of ours are not fixed though they have closed."""
    for joint in desk.book.rows(JOINTS).values():
        terms, cycle = joint.said.terms, cycle_at_hand(desk.book, joint)
        if joint.state is JointState.JOINED and cycle is not None and cycle.state is PurchaseState.CLOSED:
            yield Errand(
                uuid_text(joint.id), terms.title, "joint-orders.waits", f"{terms.title} has closed, and is not fixed",
                "joint-orders.show", Urgency.WAITED_FOR, until_ms=terms.closes_ms,
            )  # fmt: skip
