# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is planned of an order cycle at its home: who may ask, and what accounts can bear."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from protocol.book.accounts import account_id
from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Role, Write
from protocol.book.money import minor_of, payable
from protocol.book.personal import text_refusal
from protocol.book.refusals import CURRENCY_UNKNOWN, FORBIDDEN, MALFORMED, NOT_FOUND, Refused, foremost, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said
from protocol.lanes.entry import Body
from protocol.practices.market.measures import measured
from protocol.practices.market.purchasing.booking import Booked, held_at_closing, settling, taking
from protocol.practices.market.purchasing.entries import (
    BOX_PRICE_MAX,
    CYCLE_TITLE_CHARS_MAX,
    GivePortions,
    JoinCycle,
    PortionsGiven,
    PortionsTaken,
    PurchaseCancelled,
    PurchaseClosed,
    PurchaseCollected,
    PurchaseItem,
    PurchaseJoined,
    PurchaseOpened,
    PurchaseOrdered,
    PurchaseReceived,
    PurchaseSettled,
    ReceivedItem,
    ShiftTaken,
    SpoiltClaimed,
    SpoiltDecided,
    TakePortions,
    cycle_id,
)
from protocol.practices.market.purchasing.parameters import to_commons
from protocol.practices.market.purchasing.refusals import BALANCE_DUE, ITEM_UNKNOWN
from protocol.practices.market.purchasing.rules import (
    give_refusal,
    ordering_refusal,
    purchase_refusal,
    take_refusal,
    who_ordered,
)
from protocol.practices.market.purchasing.state import CYCLES, PURCHASE_LIFE, OrderCycle
from protocol.practices.market.purchasing.wishes import (
    DEPOSIT,
    OVER,
    CancelCycle,
    ClaimSpoilt,
    CloseCycle,
    CollectGoods,
    DecideClaim,
    HelpOut,
    ItemTold,
    OpenCycleOfOrders,
    OrderBoxes,
    ReceiveBoxes,
    SettleCycle,
)
from protocol.practices.people.authority import acts_for, speaks_as

T = TypeVar("T", JoinCycle, GivePortions, TakePortions)
PURCHASE_COORDINATORS = frozenset({Role.STEWARD, Role.COMMITTEE})
REFERENTS = frozenset({Role.MEMBER, *PURCHASE_COORDINATORS})


def plan_open(desk: Desk, wish: OpenCycleOfOrders) -> Plan | Refused:
    body = cycle_opened(desk, wish)
    if isinstance(body, Refused):
        return body
    return purchase_refusal(desk.book, body, desk.now) or Plan(uuid_text(body.cycle), (Write(body),))


def cycle_opened(desk: Desk, wish: OpenCycleOfOrders) -> PurchaseOpened | Refused:
    """Return the terms of a cycle that somebody opens, or why they cannot be read."""
    book, currency = desk.book, desk.book.currencies.get(wish.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=wish.currency)
    items = [_item(wish.currency, currency.scale, one) for one in wish.items]
    freight = 0 if wish.freight is None else minor_of(wish.freight, currency.code, currency.scale)
    deposit, over = DEPOSIT.read(wish.deposit, 0), OVER.read(wish.over, 0)
    refused = foremost(
        text_refusal("title", wish.title, CYCLE_TITLE_CHARS_MAX),
        None if wish.title.strip() else refuse(MALFORMED, field="title", expected="a name"),
        next((one for one in items if isinstance(one, Refused)), None),
        freight if isinstance(freight, Refused) else None,
        refuse(MALFORMED, field="freight", expected="an amount, not below zero") if _below(freight) else None,
        None if deposit is not None else refuse(MALFORMED, field="deposit", expected=DEPOSIT.expected),
        None if over is not None else refuse(MALFORMED, field="over", expected=OVER.expected),
        None if wish.closes_at > desk.now else refuse(MALFORMED, field="closes_at", expected="an hour to come"),
    )
    referent = speaks_as(desk, wish.referent)
    payee = referent if wish.payee is None else resolve_member(book, wish.payee)
    refused = refused or next((one for one in (referent, payee) if isinstance(one, Refused)), None)
    if refused:
        return refused
    assert not isinstance(referent, Refused) and not isinstance(payee, Refused) and isinstance(freight, int)
    assert deposit is not None and deposit.number is not None and over is not None and over.number is not None
    terms = PurchaseOpened(
        bytes(16), book.drawn(drawn_id(desk.chance)), wish.title, referent.id, payee.id, currency.code,
        tuple(one for one in items if not isinstance(one, Refused)), freight, deposit.number, over.number, wish.hands,
        wish.closes_at, wish.collect_days, to_commons(book),
    )  # fmt: skip
    return with_id(book, terms)


def with_id(book: Book, terms: PurchaseOpened) -> PurchaseOpened:
    """Return terms with the id that follows from them: as their salt was drawn, no cycle has it."""
    return replace(terms, cycle=book.drawn(cycle_id(terms)))


def _below(minor: int | Refused) -> bool:
    return isinstance(minor, int) and minor < 0


def _item(code: str, scale: int, told: ItemTold) -> PurchaseItem | Refused:
    portion, price = measured(told.portion, None, None), minor_of(told.price, code, scale)
    name = text_refusal("name", told.name, CYCLE_TITLE_CHARS_MAX)
    if name is None and not told.name.strip():
        name = refuse(MALFORMED, field="name", expected="what it is")
    refused = name or (portion if isinstance(portion, Refused) else None)
    if refused or isinstance(portion, Refused) or isinstance(price, Refused):
        return refused or (price if isinstance(price, Refused) else refuse(MALFORMED, field="portion"))
    if (refused := payable(price)) or price > BOX_PRICE_MAX:
        return refused or refuse(MALFORMED, field="price", expected="less for a box")
    return PurchaseItem(told.name, portion[0], portion[1], told.box, price)


def plan_join(desk: Desk, name: str, said: Said[JoinCycle]) -> Plan | Refused:
    told = _by_word(desk, said)
    refused = told if isinstance(told, Refused) else ordering_refusal(desk.book, told)
    if refused or isinstance(told, Refused):
        return refused or refuse(MALFORMED)
    cycle, member = desk.book.rows(CYCLES)[told.wish.cycle], who_ordered(told)
    account = desk.book.ledger.accounts[account_id(member, cycle.said.currency)]
    refused = desk.book.ledger.debit_refusal(account, _at_most(cycle, told.wish))
    return refused or Plan(name, (Write(PurchaseJoined(*told.held)),))


def _at_most(cycle: OrderCycle, wish: JoinCycle) -> int:
    """Return what somebody may have to pay for the goods, tolerance included; its part of the freight comes to it."""
    items = cycle.said.items
    prices = ((items[one.item - 1], one.quantity + one.tolerance) for one in wish.lines)
    return sum(-(-item.price * portions // item.box) for item, portions in prices)


def plan_give(desk: Desk, name: str, said: Said[GivePortions]) -> Plan | Refused:
    told = _by_word(desk, said)
    if isinstance(told, Refused):
        return told
    if told.signed is None:
        receiver = resolve_member(desk.book, told.wish.receiver)
        if isinstance(receiver, Refused):
            return receiver
        told = replace(told, wish=replace(told.wish, receiver=receiver.id))
    return give_refusal(desk.book, told) or Plan(name, (Write(PortionsGiven(*told.held)),))


def plan_take(desk: Desk, name: str, said: Said[TakePortions]) -> Plan | Refused:
    told = _by_word(desk, said)
    if isinstance(told, Refused):
        return told
    if told.signed is None:
        giver = resolve_member(desk.book, told.wish.giver)
        if isinstance(giver, Refused):
            return giver
        told = replace(told, wish=replace(told.wish, giver=giver.id))
    book, wish = desk.book, told.wish
    if refused := take_refusal(book, told):
        return refused
    cycle = book.rows(CYCLES)[wish.cycle]
    refused = _unbearable(book, taking(cycle, wish.item, wish.quantity, wish.giver, who_ordered(told)))
    return refused or Plan(name, (Write(PortionsTaken(*told.held)),))


def _unbearable(book: Book, booked: Booked) -> Refused | None:
    """Return which account cannot bear what is booked: for the author alone to ask."""
    for name, change in booked.changes:
        account = book.ledger.accounts[name]
        if account.member is not None and change < 0 and (refused := book.ledger.debit_refusal(account, -change)):
            return refused
    return None


def _by_word(desk: Desk, said: Said[T]) -> Said[T] | Refused:
    """Return what is said, with the member by its id where it, or a steward for one without a key, tells it by word."""
    if said.signed is not None:
        return said
    member = speaks_as(desk, said.wish.member)
    return member if isinstance(member, Refused) else replace(said, wish=replace(said.wish, member=member.id))


def cycle_for(desk: Desk, name: str) -> OrderCycle | Refused:
    """Return a cycle of which whoever asks may dispose: its referent, or who coordinates."""
    cycle = desk.book.rows(CYCLES).get(parse_uuid(name) or b"")
    if cycle is None:
        return refuse(NOT_FOUND)
    if desk.actor.role in PURCHASE_COORDINATORS or desk.actor.member == cycle.said.referent:
        return cycle
    return refuse(FORBIDDEN, allowed="the referent, and those who coordinate")


def _stepped(desk: Desk, name: str, body: Body) -> Plan | Refused:
    return purchase_refusal(desk.book, body, desk.now) or Plan(name, (Write(body),))


def plan_close(desk: Desk, name: str, wish: CloseCycle) -> Plan | Refused:
    del wish
    cycle = cycle_for(desk, name)
    return cycle if isinstance(cycle, Refused) else _stepped(desk, name, closed(desk.book, cycle))


def closed(book: Book, cycle: OrderCycle) -> PurchaseClosed:
    """Return how a cycle closes: without those who are not active, or whose accounts cannot bear what falls to them.

    Where somebody is left out, boxes are filled anew, and others may get less or more: it is looked at again.
    """
    code = cycle.said.currency
    without = {name for name in cycle.lines if book.members[name].inactive()}
    while True:
        members = {account_id(name, code): name for name in cycle.lines if name not in without}
        short = {
            members[account]
            for account, change in held_at_closing(cycle, without).changes
            if account in members and book.ledger.debit_refusal(book.ledger.accounts[account], -change)
        }
        if not short:
            return PurchaseClosed(cycle.id, tuple(name for name in cycle.lines if name in without))
        without |= short


def agenda(desk: Desk, row: bytes) -> Iterable[Plan]:
    """Close a cycle whose hour has come."""
    cycle = desk.book.rows(CYCLES)[row]
    if PURCHASE_LIFE.allows(cycle.state, PurchaseClosed.KIND):
        yield Plan(uuid_text(row), (Write(closed(desk.book, cycle)),))


def plan_order(desk: Desk, name: str, wish: OrderBoxes) -> Plan | Refused:
    del wish
    cycle = cycle_for(desk, name)
    return cycle if isinstance(cycle, Refused) else _stepped(desk, name, PurchaseOrdered(cycle.id))


def plan_receive(desk: Desk, name: str, wish: ReceiveBoxes) -> Plan | Refused:
    cycle = cycle_for(desk, name)
    if isinstance(cycle, Refused):
        return cycle
    currency = desk.book.currencies[cycle.said.currency]
    came: dict[int, ReceivedItem] = {}
    for number, item in enumerate(cycle.said.items, 1):
        boxes = cycle.boxes[number - 1] if cycle.boxes else 0
        came[number] = ReceivedItem(boxes * item.box, boxes * cycle.prices[number - 1])
    for told in wish.items:
        if told.item not in came:
            return refuse(ITEM_UNKNOWN, item=told.item, items=len(came))
        item = cycle.said.items[told.item - 1]
        portions = came[told.item].portions if told.portions is None else told.portions
        bill = told.bill and minor_of(told.bill, currency.code, currency.scale)
        if isinstance(bill, Refused) or _below(bill or 0):
            return bill if isinstance(bill, Refused) else refuse(MALFORMED, field="bill", expected="not below zero")
        usual = portions * cycle.prices[told.item - 1] // item.box
        came[told.item] = ReceivedItem(portions, usual if bill is None else bill)
    freight = cycle.freight_minor if any(one.portions for one in came.values()) else 0
    if wish.freight is not None:
        told_freight = minor_of(wish.freight, currency.code, currency.scale)
        if isinstance(told_freight, Refused) or told_freight < 0:
            refused = told_freight if isinstance(told_freight, Refused) else None
            return refused or refuse(MALFORMED, field="freight", expected="not below zero")
        freight = told_freight
    return _stepped(desk, name, PurchaseReceived(cycle.id, tuple(came.values()), freight))


def plan_collect(desk: Desk, name: str, wish: CollectGoods) -> Plan | Refused:
    cycle = cycle_for(desk, name)
    if isinstance(cycle, Refused) and desk.actor.member is not None:
        found = desk.book.rows(CYCLES).get(parse_uuid(name) or b"")
        cycle = found if found is not None and desk.actor.member in found.hands else cycle
    if isinstance(cycle, Refused):
        return cycle
    members = [resolve_member(desk.book, one) for one in wish.members]
    refused = next((one for one in members if isinstance(one, Refused)), None)
    if refused:
        return refused
    ids = tuple(one.id for one in members if not isinstance(one, Refused)) or tuple(cycle.waits_for)
    return _stepped(desk, name, PurchaseCollected(cycle.id, ids))


def plan_claim(desk: Desk, name: str, wish: ClaimSpoilt) -> Plan | Refused:
    member = speaks_as(desk, wish.member)
    if isinstance(member, Refused):
        return member
    return _stepped(desk, name, SpoiltClaimed(parse_uuid(name) or b"", member.id, wish.item, wish.portions))


def plan_decide(desk: Desk, name: str, wish: DecideClaim) -> Plan | Refused:
    cycle = desk.book.rows(CYCLES).get(parse_uuid(name) or b"")
    member = resolve_member(desk.book, wish.member)
    if cycle is None or isinstance(member, Refused):
        return refuse(NOT_FOUND) if cycle is None else member if isinstance(member, Refused) else refuse(NOT_FOUND)
    if not acts_for(desk.actor, desk.book.members[cycle.said.payee]):
        return refuse(FORBIDDEN, allowed="who is paid for the goods")
    return _stepped(desk, name, SpoiltDecided(cycle.id, member.id, wish.item, wish.accepted))


def plan_help(desk: Desk, name: str, wish: HelpOut) -> Plan | Refused:
    member = speaks_as(desk, wish.member)
    if isinstance(member, Refused):
        return member
    return _stepped(desk, name, ShiftTaken(parse_uuid(name) or b"", member.id, wish.helps))


def plan_settle(desk: Desk, name: str, wish: SettleCycle) -> Plan | Refused:
    del wish
    cycle = cycle_for(desk, name)
    if isinstance(cycle, Refused):
        return cycle
    planned, book = _stepped(desk, name, PurchaseSettled(cycle.id)), desk.book
    if isinstance(planned, Refused):
        return planned
    for account_name, change in settling(book, cycle).changes:
        account = book.ledger.accounts[account_name]
        if account.member is None:
            continue
        if change < 0 and (refused := book.ledger.debit_refusal(account, -change)):
            available, member = refused.figures["available"], book.members[account.member].handle
            missing, currency = refused.figures["missing"], account.currency
            return refuse(
                BALANCE_DUE, member=member, due=-change, available=available, missing=missing, currency=currency
            )
        if change > 0 and (refused := book.ledger.credit_refusal(account, change)):
            return refused
    return planned


def plan_cancel(desk: Desk, name: str, wish: CancelCycle) -> Plan | Refused:
    del wish
    cycle = cycle_for(desk, name)
    return cycle if isinstance(cycle, Refused) else _stepped(desk, name, PurchaseCancelled(cycle.id))
