# SPDX-License-Identifier: AGPL-3.0-or-later
"""When an order cycle may be opened, closed, ordered, received and settled: the same answer on every node.

Who orders agrees by its own key to prices and terms, from which the cycle's id follows. So no operator and no referent
takes more of an account than what was told. What an account may still owe is for the author to look at.
"""

from collections.abc import Iterable
from typing import assert_never

from protocol.book.accounts import account_id
from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.money import BASIS_POINTS
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    SAME_ACCOUNT,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.market.purchasing.booking import cancelled, held_at_closing, settling
from protocol.practices.market.purchasing.entries import (
    CYCLE_LINES_MAX,
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
    PurchaseStep,
    ShiftTaken,
    SpoiltClaimed,
    SpoiltDecided,
    TakePortions,
    cycle_id,
)
from protocol.practices.market.purchasing.parameters import UNCOLLECTED, to_commons
from protocol.practices.market.purchasing.refusals import (
    COST_ABOVE_ORDER,
    ITEM_UNKNOWN,
    NOT_COLLECTED,
    PORTIONS_SHORT,
)
from protocol.practices.market.purchasing.state import CYCLES, PURCHASE_LIFE, ClaimState, OrderCycle
from protocol.practices.people.authority import not_said_by

WordOfMember = Said[JoinCycle] | Said[GivePortions] | Said[TakePortions]


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or purchase_refusal(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def purchase_refusal(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand."""
    assert isinstance(body, PurchaseSaid)
    match body:
        case PurchaseOpened():
            return _against_opening(book, body)
        case PurchaseJoined():
            return ordering_refusal(book, said_in(book, body, JoinCycle))
        case PortionsGiven():
            return give_refusal(book, said_in(book, body, GivePortions))
        case PortionsTaken():
            return take_refusal(book, said_in(book, body, TakePortions))
        case _:
            cycle = book.rows(CYCLES).get(body.cycle)
            if cycle is None:
                return refuse(NOT_FOUND)
            return PURCHASE_LIFE.conflict(cycle.state, body.KIND) or _against_step(book, cycle, body, at_ms)


def _against_step(book: Book, cycle: OrderCycle, body: PurchaseStep, at_ms: Millis) -> Refused | None:
    match body:
        case PurchaseClosed():
            return _against_closing(book, cycle, body)
        case PurchaseOrdered():
            return None if any(cycle.boxes) else refuse(STATE_CONFLICT, state="without a full box")
        case PurchaseReceived():
            return _against_receipt(book, cycle, body)
        case PurchaseCollected():
            return _against_collecting(book, cycle, body)
        case SpoiltClaimed():
            return _against_claim(book, cycle, body)
        case SpoiltDecided():
            return _against_decision(cycle, body)
        case ShiftTaken():
            return _against_shift(book, cycle, body)
        case PurchaseSettled():
            return _against_settling(book, cycle, at_ms)
        case PurchaseCancelled():
            return book.ledger.uncountable(*cancelled(book, cycle).changes)
        case _:
            assert_never(body)


def _against_opening(book: Book, body: PurchaseOpened) -> Refused | None:
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    if body.cycle != cycle_id(body):
        return refuse(MALFORMED, field="cycle", expected="the id that follows from its terms")
    if not body.items:
        return refuse(MALFORMED, field="items", expected="at least one")
    if body.cycle in book.rows(CYCLES):
        return refuse(DUPLICATE)
    if body.to_commons is not to_commons(book):
        return refuse(STATE_CONFLICT, state=f"{UNCOLLECTED.name} as the group has decided")
    for name in (body.referent, body.payee):
        member = book.members.get(name)
        if member is None:
            return refuse(MEMBER_UNKNOWN, member=name)
        if account_id(name, body.currency) not in book.ledger.accounts:
            return refuse(ACCOUNT_UNKNOWN, member=member.handle)
        if refused := member.inactive():
            return refused
    return refuse(CURRENCY_CLOSED, currency=body.currency) if currency.closed else None


def who_ordered(said: WordOfMember) -> str:
    """Return the id of who says it: of whose key signed it, or of whom the wish names."""
    return said.wish.member or "" if said.member is None else said.member.id


def _told(book: Book, said: WordOfMember, kind: str) -> OrderCycle | Refused:
    """Return the cycle of which a member says something, or why it may not."""
    cycle, name = book.rows(CYCLES).get(said.wish.cycle), who_ordered(said)
    if cycle is None:
        return refuse(NOT_FOUND)
    member = book.members.get(name)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=name)
    if account_id(name, cycle.said.currency) not in book.ledger.accounts:
        return refuse(ACCOUNT_UNKNOWN, member=member.handle)
    refused = foremost(
        None if said.wish.member in (None, name) else refuse(FORBIDDEN, allowed="the member itself"),
        not_said_by(said, member, capped=False),
        PURCHASE_LIFE.conflict(cycle.state, kind),
        member.inactive(),
    )
    return refused or cycle


def ordering_refusal(book: Book, said: Said[JoinCycle]) -> Refused | None:
    """Return why somebody cannot order so."""
    cycle = _told(book, said, PurchaseJoined.KIND)
    if isinstance(cycle, Refused):
        return cycle
    numbers = [line.item for line in said.wish.lines]
    if refused := _no_items(cycle, numbers):
        return refused
    if len(set(numbers)) < len(numbers):
        return refuse(MALFORMED, field="lines", expected="each item once")
    if any(not line.quantity and not line.tolerance for line in said.wish.lines):
        return refuse(MALFORMED, field="lines", expected="a quantity of each item that is named")
    return refuse(STATE_CONFLICT, state="full") if _is_full(cycle, who_ordered(said)) else None


def _no_items(cycle: OrderCycle, numbers: Iterable[int]) -> Refused | None:
    unknown = next((one for one in numbers if one not in cycle.numbers()), None)
    return None if unknown is None else refuse(ITEM_UNKNOWN, item=unknown, items=len(cycle.said.items))


def give_refusal(book: Book, said: Said[GivePortions]) -> Refused | None:
    """Return why somebody cannot hand portions over."""
    cycle, wish = _told(book, said, PortionsGiven.KIND), said.wish
    if isinstance(cycle, Refused):
        return cycle
    giver, receiver = who_ordered(said), book.members.get(wish.receiver)
    if receiver is None:
        return refuse(MEMBER_UNKNOWN, member=wish.receiver)
    if receiver.id == giver:
        return refuse(SAME_ACCOUNT)
    if refused := _no_items(cycle, (wish.item,)):
        return refused
    line = cycle.lines.get(giver)
    return _short(book, giver, wish.item, 0 if line is None else line.ordered[wish.item - 1], wish.quantity)


def take_refusal(book: Book, said: Said[TakePortions]) -> Refused | None:
    """Return why somebody cannot take portions of another."""
    cycle, wish = _told(book, said, PortionsTaken.KIND), said.wish
    if isinstance(cycle, Refused):
        return cycle
    if wish.giver not in book.members:
        return refuse(MEMBER_UNKNOWN, member=wish.giver)
    if refused := _no_items(cycle, (wish.item,)):
        return refused
    taker, line = who_ordered(said), cycle.lines.get(wish.giver)
    given = 0 if line is None else line.given_to(taker, wish.item)
    refused = _short(book, wish.giver, wish.item, given, wish.quantity)
    return refused or (refuse(STATE_CONFLICT, state="full") if _is_full(cycle, taker) else None)


def _is_full(cycle: OrderCycle, member: str) -> bool:
    return member not in cycle.lines and len(cycle.rows) >= CYCLE_LINES_MAX


def _short(book: Book, member: str, item: int, available: int, asked: int) -> Refused | None:
    handle = book.members[member].handle
    return (
        refuse(PORTIONS_SHORT, member=handle, item=item, available=available, asked=asked)
        if asked > available
        else None
    )


def _against_closing(book: Book, cycle: OrderCycle, body: PurchaseClosed) -> Refused | None:
    if len(set(body.without)) < len(body.without) or not set(body.without) <= cycle.lines.keys():
        return refuse(MALFORMED, field="without", expected="members who order, each once")
    for name in cycle.lines:
        if name not in body.without and (refused := book.members[name].inactive()):
            return refused
    return book.ledger.uncountable(*held_at_closing(cycle, body.without).changes)


def _against_receipt(book: Book, cycle: OrderCycle, body: PurchaseReceived) -> Refused | None:
    if len(body.items) != len(cycle.said.items):
        return refuse(MALFORMED, field="items", expected=f"all {len(cycle.said.items)} items of the cycle")
    for number, (item, came) in enumerate(zip(cycle.said.items, body.items, strict=True), 1):
        ordered = cycle.boxes[number - 1] * item.box
        if came.portions > ordered:
            return _short(book, cycle.said.payee, number, ordered, came.portions)
        most = cycle.prices[number - 1] * came.portions * (BASIS_POINTS + cycle.said.over) // (item.box * BASIS_POINTS)
        if came.bill > most:
            return refuse(COST_ABOVE_ORDER, what=item.name, maximum=most, currency=cycle.said.currency)
    if body.freight > cycle.freight_minor:
        return refuse(COST_ABOVE_ORDER, what="the freight", maximum=cycle.freight_minor, currency=cycle.said.currency)
    return None


def _against_collecting(book: Book, cycle: OrderCycle, body: PurchaseCollected) -> Refused | None:
    lines = cycle.lines
    for name in body.members:
        if name not in lines or not lines[name].has_goods:
            member = book.members.get(name)
            return refuse(MEMBER_UNKNOWN, member=name if member is None else member.handle)
        if lines[name].collected:
            return refuse(DUPLICATE)
    return None if body.members else refuse(MALFORMED, field="members", expected="who has collected")


def _against_claim(book: Book, cycle: OrderCycle, body: SpoiltClaimed) -> Refused | None:
    line = cycle.lines.get(body.member)
    if line is None:
        return refuse(MEMBER_UNKNOWN, member=body.member)
    if refused := _no_items(cycle, (body.item,)):
        return refused
    known = line.claim_of(body.item)
    if known is not None and known.state is not ClaimState.CLAIMED:
        return refuse(STATE_CONFLICT, state=known.state.value)
    return _short(book, body.member, body.item, line.got[body.item - 1], body.portions)


def _against_decision(cycle: OrderCycle, body: SpoiltDecided) -> Refused | None:
    line = cycle.lines.get(body.member)
    claim = None if line is None else line.claim_of(body.item)
    if claim is None:
        return refuse(NOT_FOUND)
    return None if claim.state is ClaimState.CLAIMED else refuse(STATE_CONFLICT, state=claim.state.value)


def _against_shift(book: Book, cycle: OrderCycle, body: ShiftTaken) -> Refused | None:
    member = book.members.get(body.member)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=body.member)
    if (body.member in cycle.hands) is body.helps:
        return refuse(DUPLICATE)
    if body.helps and len(cycle.hands) >= cycle.said.hands:
        return refuse(STATE_CONFLICT, state=f"with all {cycle.said.hands} hands there")
    return member.inactive()


def _against_settling(book: Book, cycle: OrderCycle, at_ms: Millis) -> Refused | None:
    if any(claim.state is ClaimState.CLAIMED for _, claim in cycle.claims):
        return refuse(STATE_CONFLICT, state="waiting for a claim to be decided")
    waits, until_ms = cycle.waits_for, cycle.collect_until_ms
    assert until_ms is not None
    if waits and at_ms < until_ms:
        return refuse(NOT_COLLECTED, count=len(waits), member=book.members[waits[0]].handle)
    return book.ledger.uncountable(*settling(book, cycle).changes)
