# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the entries of order cycles change, and what subscribers are told of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from protocol.book.agenda import Agenda
from protocol.book.book import Book
from protocol.book.declaration import Entered, News
from protocol.book.ledger import Posting
from protocol.book.signed import uuid_text
from protocol.book.wishes import said_in
from protocol.practices.market.purchasing.booking import cancelled, held_at_closing, moved_minor, settling, taking
from protocol.practices.market.purchasing.entries import (
    GivePortions,
    JoinCycle,
    PortionsGiven,
    PortionsTaken,
    PurchaseCancelled,
    PurchaseClosed,
    PurchaseCollected,
    PurchaseJoined,
    PurchaseOpened,
    PurchaseOrdered,
    PurchaseReceived,
    PurchaseSaid,
    PurchaseSettled,
    ShiftTaken,
    SpoiltClaimed,
    SpoiltDecided,
    TakePortions,
)
from protocol.practices.market.purchasing.filling import shared
from protocol.practices.market.purchasing.rules import who_ordered
from protocol.practices.market.purchasing.state import (
    CYCLES,
    PURCHASE_LIFE,
    ClaimState,
    OrderCycle,
    SpoiltClaim,
)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, PurchaseSaid)
    if isinstance(body, PurchaseOpened):
        prices = tuple(item.price for item in body.items)
        cycle = OrderCycle(body, entered.seq, entered.at_ms, prices, body.freight, PURCHASE_LIFE.after(None, body.KIND))
        book.rows(CYCLES).add(cycle)
        postings: Sequence[Posting] = ()
    else:
        cycle = book.rows(CYCLES).change(cycle_of(book, body))
        postings = _step(book, cycle, body, entered.at_ms)
        cycle.state = PURCHASE_LIFE.after(cycle.state, body.KIND)
    hour = cycle.said.closes_ms if PURCHASE_LIFE.allows(cycle.state, PurchaseClosed.KIND) else None
    book.of(Agenda).put("purchasing", cycle.id, hour)
    return postings


def cycle_of(book: Book, body: PurchaseSaid) -> bytes:
    """Return the id of the cycle of which an entry tells."""
    match body:
        case PurchaseJoined():
            return said_in(book, body, JoinCycle).wish.cycle
        case PortionsGiven():
            return said_in(book, body, GivePortions).wish.cycle
        case PortionsTaken():
            return said_in(book, body, TakePortions).wish.cycle
        case _:
            return body.cycle


def _step(book: Book, cycle: OrderCycle, body: PurchaseSaid, at_ms: int) -> Sequence[Posting]:
    match body:
        case PurchaseJoined():
            said = said_in(book, body, JoinCycle)
            _join(cycle, who_ordered(said), said.wish)
        case PurchaseClosed():
            return _close(cycle, body)
        case PortionsGiven():
            given = said_in(book, body, GivePortions)
            wish = given.wish
            cycle.lines[who_ordered(given)].give(wish.receiver, wish.item, wish.quantity)
        case PortionsTaken():
            taken = said_in(book, body, TakePortions)
            return _take(cycle, who_ordered(taken), taken.wish)
        case PurchaseReceived():
            _receive(cycle, body, at_ms)
        case PurchaseCollected():
            for line in cycle.rows:
                line.collected = line.collected or line.member in body.members
        case SpoiltClaimed():
            line = cycle.lines[body.member]
            others = tuple(one for one in line.spoilt if one.item != body.item)
            line.spoilt = (*others, SpoiltClaim(body.item, body.portions))
        case SpoiltDecided():
            claim = cycle.lines[body.member].claim_of(body.item)
            assert claim is not None
            claim.state = ClaimState.ACCEPTED if body.accepted else ClaimState.DECLINED
        case ShiftTaken():
            hands = tuple(name for name in cycle.hands if name != body.member)
            cycle.hands = (*hands, body.member) if body.helps else hands
        case PurchaseSettled() | PurchaseCancelled():
            booked = settling(book, cycle) if isinstance(body, PurchaseSettled) else cancelled(book, cycle)
            for line in cycle.rows:
                line.held_minor = 0
            return booked.postings
        case PurchaseOrdered() | PurchaseOpened():
            pass
        case _:
            assert_never(body)
    return ()


def _join(cycle: OrderCycle, name: str, wish: JoinCycle) -> None:
    cycle.drop(name)
    if wish.lines:
        told, line = {one.item: one for one in wish.lines}, cycle.blank(name)
        line.wants = tuple(told[number].quantity if number in told else 0 for number in cycle.numbers())
        line.tolerances = tuple(told[number].tolerance if number in told else 0 for number in cycle.numbers())
        cycle.put(line)


def _close(cycle: OrderCycle, body: PurchaseClosed) -> Sequence[Posting]:
    booked = held_at_closing(cycle, body.without)
    for name in body.without:
        cycle.drop(name)
    cycle.left_out = body.without
    fills = cycle.fills()
    cycle.boxes, cycle.short = tuple(fill.boxes for fill in fills), tuple(fill.short for fill in fills)
    portions = [fill.got for fill in fills]
    held = cycle.deposits(portions)
    for line in cycle.rows:
        line.ordered, line.held_minor = _of(portions, line.member), held[line.member]
    return booked.postings


def _of(by_item: Sequence[Mapping[str, int]], member: str) -> tuple[int, ...]:
    return tuple(one.get(member, 0) for one in by_item)


def _take(cycle: OrderCycle, taker: str, wish: TakePortions) -> Sequence[Posting]:
    booked = taking(cycle, wish.item, wish.quantity, wish.giver, taker)
    moved = moved_minor(cycle, wish.item, wish.quantity, wish.giver)
    lines = cycle.lines
    if taker not in lines:
        cycle.put(cycle.blank(taker))
        lines = cycle.lines
    giver = lines[wish.giver]
    giver.give(taker, wish.item, giver.given_to(taker, wish.item) - wish.quantity)
    for line, sign in ((giver, -1), (lines[taker], 1)):
        told = enumerate(line.ordered, 1)
        line.ordered = tuple(one + sign * wish.quantity if number == wish.item else one for number, one in told)
        line.held_minor += sign * moved
    return booked.postings


def _receive(cycle: OrderCycle, body: PurchaseReceived, at_ms: int) -> None:
    got = [
        shared(came.portions, {line.member: line.ordered[number - 1] for line in cycle.rows}, cycle.id, number)
        for number, came in enumerate(body.items, 1)
    ]
    costs = cycle.costs_of(got, [came.bill for came in body.items], body.freight)
    for line in cycle.rows:
        line.got, line.costs = _of(got, line.member), _of(costs.by_item, line.member)
        line.freight_minor, line.spoilt = costs.freight.get(line.member, 0), ()
    cycle.received_ms = at_ms


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, PurchaseSaid)
    cycle = book.rows(CYCLES)[cycle_of(book, body)]
    told = tuple(dict.fromkeys((cycle.said.referent, *cycle.lines)))
    audience: tuple[str, ...]
    match body:
        case PurchaseOpened():
            audience = tuple(book.members)
        case PurchaseClosed():
            audience = (*told, *cycle.left_out)
        case PurchaseJoined():
            audience = (cycle.said.referent, who_ordered(said_in(book, body, JoinCycle)))
        case PortionsGiven():
            given = said_in(book, body, GivePortions)
            audience = (who_ordered(given), given.wish.receiver)
        case PortionsTaken():
            taken = said_in(book, body, TakePortions)
            audience = (taken.wish.giver, who_ordered(taken))
        case SpoiltClaimed() | SpoiltDecided() | ShiftTaken():
            audience = tuple(dict.fromkeys((cycle.said.referent, cycle.said.payee, body.member)))
        case _:
            audience = told
    yield News(f"order-cycle.{body.KIND.partition('/')[2]}", uuid_text(cycle.id), audience)
