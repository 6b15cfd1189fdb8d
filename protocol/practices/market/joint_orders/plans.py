# SPDX-License-Identifier: AGPL-3.0-or-later
"""How networks come to order together: a host invites, others join, each tells its boxes, and the host fixes the parts.

Nothing here waits for a network that is cut off: who has not told its boxes when the host fixes the parts is not in
them, sees that, and may order alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

from protocol.book.accounts import account_id
from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Plan, Publication, Ref, Write
from protocol.book.money import PAR, Amount, minor_of, payable
from protocol.book.refusals import FORBIDDEN, MALFORMED, NOT_FOUND, STATE_CONFLICT, Refused, foremost, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.uuids import drawn_id
from protocol.peers.boards import Boards
from protocol.peers.ties import Tie
from protocol.practices.between.announcements import board_full
from protocol.practices.between.links.rates import RATE_CHARS_MAX, RateSide, read_rate
from protocol.practices.market.joint_orders.costs import joint_costs
from protocol.practices.market.joint_orders.entries import (
    JOINT_BOXES_MAX,
    JOINT_ITEMS,
    JOINT_ITEMS_MAX,
    JointBoxesTold,
    JointFixed,
    JointItem,
    JointJoined,
    JointPart,
    JointPartsTold,
    JointTerms,
    JointTold,
    boxes_item_id,
    joint_id,
    parts_item_id,
)
from protocol.practices.market.joint_orders.refusals import JOINT_STRANGER
from protocol.practices.market.joint_orders.rules import fixed_refusal, items_alone, joined_refusal
from protocol.practices.market.joint_orders.state import (
    JOINTS,
    JointOrder,
    JointState,
    boxes_heard,
    cycle_at_hand,
    parts_heard,
)
from protocol.practices.market.orders.plans import tie_of
from protocol.practices.market.purchasing.entries import (
    BOX_PRICE_MAX,
    CYCLE_TITLE_CHARS_MAX,
    PORTIONS_MAX,
    PurchaseOpened,
    PurchaseOrdered,
)
from protocol.practices.market.purchasing.plans import PURCHASE_COORDINATORS, cycle_opened, with_id
from protocol.practices.market.purchasing.rules import purchase_refusal
from protocol.practices.market.purchasing.state import PurchaseState
from protocol.practices.market.purchasing.wishes import CYCLE_PART_CHARS_MAX, ItemTold, OpenCycleOfOrders, OrderedBy
from protocol.practices.market.shown import find_intent
from protocol.practices.market.wishes import QUANTITY_CHARS_MAX
from protocol.practices.money.currencies.entries import Code
from protocol.practices.money.requests.entries import Requested
from protocol.practices.money.requests.rules import against_request
from protocol.wire.shape import AtMost, Range

JOINT_TOLD_DAYS = 60
"""For so many days after it closes a joint order stands on boards."""


@dataclass(frozen=True, slots=True)
class JointItemTold:
    """What several networks buy by the box."""

    name: Annotated[str, AtMost(CYCLE_TITLE_CHARS_MAX), Doc("what it is")]
    box: Annotated[int, Range(1, PORTIONS_MAX), Doc("how many portions a box has")]
    price: Annotated[Amount, Doc("what a box costs a network alone")]
    volume_price: Annotated[Amount, Doc("what a box costs where enough are bought together")]
    volume_from: Annotated[int, Range(1, JOINT_BOXES_MAX), Doc("from how many boxes on, of all networks")]
    portion: Annotated[str, AtMost(QUANTITY_CHARS_MAX), Doc("how much a portion is, such as 200 g")] = "1 piece"


@dataclass(frozen=True, slots=True)
class OpenJoint:
    """Invite other networks to order together through you; your own network's cycle is opened with it."""

    title: Annotated[str, AtMost(CYCLE_TITLE_CHARS_MAX), Doc("what it is called, seen by all networks")]
    currency: Annotated[Code, Ref("currencies"), Doc("in which currency its prices are")]
    items: Annotated[tuple[JointItemTold, ...], AtMost(JOINT_ITEMS_MAX), Doc("what can be ordered")]
    closes_at: Annotated[At, Doc("until when members order, in all networks")]
    freight: Annotated[Amount | None, Doc("what the way to one network costs")] = None
    stop: Annotated[Amount | None, Doc("what each stop more costs")] = None
    deposit: Annotated[str, AtMost(CYCLE_PART_CHARS_MAX), Doc("which part is held when it closes")] = "100%"
    over: Annotated[str, AtMost(CYCLE_PART_CHARS_MAX), Doc("by how much a bill may be higher")] = "10%"
    referent: OrderedBy = None


@dataclass(frozen=True, slots=True)
class JoinJoint:
    """Take part in what another network orders: a cycle of yours is opened with its items, in your currency.

    The joint order is named by its id, and behind an @ the network that invites.
    """

    currency: Annotated[Code, Ref("currencies"), Doc("in which currency of yours its prices are to be")]
    rate: Annotated[
        str,
        AtMost(RATE_CHARS_MAX),
        Doc("what a unit of the host's currency costs in yours: 1.5, 3/2 or 3 ECO = 2 HORA"),
    ] = "1"
    deposit: Annotated[str, AtMost(CYCLE_PART_CHARS_MAX), Doc("which part is held when it closes")] = "100%"
    over: Annotated[str, AtMost(CYCLE_PART_CHARS_MAX), Doc("by how much a bill may be higher")] = "10%"
    referent: OrderedBy = None


@dataclass(frozen=True, slots=True)
class FixJoint:
    """Fix who buys how many boxes, as networks have told by now, and ask each for its part."""


def plan_open_joint(desk: Desk, wish: OpenJoint) -> Plan | Refused:
    book = desk.book
    usual = tuple(ItemTold(one.name, one.box, one.price, one.portion) for one in wish.items)
    terms = OpenCycleOfOrders(
        wish.title, wish.currency, usual, wish.closes_at, wish.freight, wish.deposit, wish.over, referent=wish.referent
    )
    opened = cycle_opened(desk, terms)
    if isinstance(opened, Refused):
        return opened
    currency = book.currencies[opened.currency]
    stop = 0 if wish.stop is None else minor_of(wish.stop, currency.code, currency.scale)
    volume = [minor_of(one.volume_price, currency.code, currency.scale) for one in wish.items]
    refused = foremost(
        stop if isinstance(stop, Refused) else None,
        refuse(MALFORMED, field="stop", expected="an amount, not below zero") if _out(stop, 0) else None,
        *(one if isinstance(one, Refused) else payable(one) for one in volume),
        *(refuse(MALFORMED, field="volume_price", expected="less for a box") for one in volume if _out(one, 1)),
    )
    if refused:
        return refused
    assert isinstance(stop, int)
    items = tuple(
        JointItem(item.name, item.portion, item.unit, item.box, item.price, minor, told.volume_from)
        for item, minor, told in zip(opened.items, volume, wish.items, strict=True)
        if isinstance(minor, int)
    )
    found = JointTerms(
        bytes(16), book.drawn(drawn_id(desk.chance)), wish.title, book.members[opened.referent].handle, currency.code,
        currency.scale, items, opened.freight, stop, opened.closes_ms,
    )  # fmt: skip
    found = replace(found, joint=joint_id(found))
    planned = _joined(desk, JointJoined(found, book.network, opened.cycle, PAR.num, PAR.den), opened)
    return planned if isinstance(planned, Refused) else replace(planned, published=(_told(found),))


def _out(minor: int | Refused, least: int) -> bool:
    return isinstance(minor, int) and not least <= minor <= BOX_PRICE_MAX


def _told(terms: JointTerms) -> Publication:
    return Publication(terms.joint, JointTold(terms), terms.closes_ms + JOINT_TOLD_DAYS * DAY_MS)


def _joined(desk: Desk, body: JointJoined, opened: PurchaseOpened) -> Plan | Refused:
    book = desk.book
    refused = purchase_refusal(book, opened, desk.now) or joined_refusal(book, body, opened)
    # The cycle that it names is in the book with the entry before it.
    return refused or board_full(book, body.terms.joint) or Plan(
        uuid_text(body.terms.joint), (Write(opened), Write(body))
    )  # fmt: skip


def plan_join_joint(desk: Desk, name: str, wish: JoinJoint) -> Plan | Refused:
    book = desk.book
    found = find_intent(book, name, JOINT_ITEMS)
    if isinstance(found, Refused):
        return found
    item, told = found
    terms: JointTerms = told.terms
    if item.network == book.network or tie_of(book, item.network) < Tie.FEDERATION:
        return refuse(JOINT_STRANGER)
    if item.said.item != terms.joint:
        return refuse(NOT_FOUND)
    currency = book.currencies.get(wish.currency)
    scale = 0 if currency is None else currency.scale
    rate = read_rate(wish.rate, RateSide(scale, wish.currency), RateSide(terms.scale, terms.currency))
    if isinstance(rate, Refused):
        return rate
    empty = OpenCycleOfOrders(
        terms.title, wish.currency, (), terms.closes_ms, None, wish.deposit, wish.over, referent=wish.referent
    )
    opened = cycle_opened(desk, empty)
    if isinstance(opened, Refused):
        return opened
    body = JointJoined(terms, item.network, bytes(16), rate.num, rate.den)
    items = items_alone(body, rate)
    if any(one.price > BOX_PRICE_MAX for one in items):
        return refuse(MALFORMED, field="rate", expected="a lower one")
    opened = with_id(book, replace(opened, items=items, freight=rate.up(terms.freight)))
    return _joined(desk, replace(body, cycle=opened.cycle), opened)


def plan_fix_joint(desk: Desk, name: str, wish: FixJoint) -> Plan | Refused:
    del wish
    book, joint = desk.book, desk.book.rows(JOINTS).get(parse_uuid(name) or b"")
    cycle = None if joint is None else cycle_at_hand(book, joint)
    if joint is None or cycle is None:
        return refuse(NOT_FOUND) if joint is None else refuse(STATE_CONFLICT, state=joint.state.value)
    if desk.actor.role not in PURCHASE_COORDINATORS and desk.actor.member != cycle.said.referent:
        return refuse(FORBIDDEN, allowed="the referent, and those who coordinate")
    if joint.said.host != book.network:
        return refuse(FORBIDDEN, allowed="the network that invited")
    if cycle.state is not PurchaseState.CLOSED:
        return refuse(STATE_CONFLICT, state=cycle.state.value)
    boxes = {book.network: cycle.boxes} | boxes_heard(book, joint)
    costs, terms = joint_costs(joint.said.terms, boxes), joint.said.terms
    payee = account_id(cycle.said.referent, terms.currency)
    asked: list[Requested] = []
    parts: list[JointPart] = []
    for network in sorted(boxes):
        due = 0 if network == book.network else costs.networks[network].together_minor
        if due:
            asked.append(Requested(book.drawn(drawn_id(desk.chance)), payee, due, None, None, None))
        parts.append(JointPart(network, boxes[network], asked[-1].request if due else None))
    body = JointFixed(terms.joint, tuple(parts))
    refused = fixed_refusal(book, body, asked=False) or board_full(book, parts_item_id(terms.joint))
    refused = refused or next((one for one in (against_request(book, asking) for asking in asked) if one), None)
    if refused:
        return refused
    until_ms = desk.now + JOINT_TOLD_DAYS * DAY_MS
    told = Publication(parts_item_id(terms.joint), JointPartsTold(terms.joint, body.parts), until_ms)
    writes = (*map(Write, asked), Write(body), *_orders(joint, any(cycle.boxes)))
    return Plan(name, writes, published=(told,))


def _orders(joint: JointOrder, has_boxes: bool) -> tuple[Write, ...]:  # noqa: FBT001
    return (Write(PurchaseOrdered(joint.said.cycle)),) if has_boxes else ()


def due(desk: Desk) -> Iterator[Plan]:
    """Tell the host how many boxes a cycle of ours buys once it has closed, and take in what the host has fixed."""
    book = desk.book
    for joint in list(book.rows(JOINTS).values()):
        cycle = cycle_at_hand(book, joint) if joint.state is JointState.JOINED else None
        if cycle is None or cycle.state is not PurchaseState.CLOSED or joint.said.host == book.network:
            continue
        yield from _tell_boxes(book, joint, cycle.boxes, desk.now)
        parts = parts_heard(book, joint)
        body = None if parts is None else JointFixed(joint.id, parts)
        if body is not None and fixed_refusal(book, body) is None:
            yield Plan(uuid_text(joint.id), (Write(body), *_orders(joint, any(cycle.boxes))))


def _tell_boxes(book: Book, joint: JointOrder, boxes: tuple[int, ...], now: int) -> Iterator[Plan]:
    id = boxes_item_id(joint.id, book.network)
    if book.of(Boards).get(book.network, id) is None and board_full(book, id) is None:
        told = Publication(id, JointBoxesTold(joint.id, boxes), now + JOINT_TOLD_DAYS * DAY_MS)
        yield Plan(uuid_text(joint.id), published=(told,))
