# SPDX-License-Identifier: AGPL-3.0-or-later
"""Order cycles as members see them, and what each is told and has to do."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import READERS, At, Desk, Doc, Errand, RowsWanted, Urgency
from protocol.book.money import Amount
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.practices.market.measures import parts_text
from protocol.practices.market.purchasing.entries import PurchaseItem
from protocol.practices.market.purchasing.state import (
    CYCLES,
    ClaimState,
    CycleLine,
    OrderCycle,
    PurchaseState,
)
from protocol.practices.market.purchasing.wishes import CyclesWanted
from protocol.practices.market.units import BY_CODE

CLOSES_SOON_MS = 2 * DAY_MS


@dataclass(frozen=True, slots=True)
class CycleItemShown:
    """An item of a cycle, how much of it is wanted, and how many boxes that makes."""

    number: Annotated[int, Doc("its number, from 1")]
    name: Annotated[str, Doc("what it is")]
    portion: Annotated[str, Doc("how much a portion is")]
    box: Annotated[int, Doc("how many portions a box has")]
    price: Annotated[Amount, Doc("what a box costs")]
    wanted: Annotated[int, Doc("how many portions are wanted")]
    tolerance: Annotated[int, Doc("how many more are taken, so that a box is full")]
    boxes: Annotated[int, Doc("how many boxes that makes; once it is closed, how many are bought")]
    short: Annotated[int, Doc("how many portions are short of one box more; 0: none is begun")]
    say: Annotated[str, Doc("the same in a few words: 1 box, 1 short of a second")]


@dataclass(frozen=True, slots=True)
class CyclePortionShown:
    """What of an item somebody wants and gets."""

    item: Annotated[int, Doc("which item, from 1")]
    quantity: Annotated[int, Doc("how many portions it wants")]
    tolerance: Annotated[int, Doc("how many more it takes, so that a box is full")]
    ordered: Annotated[int, Doc("how many fall to it, once the cycle is closed")]
    got: Annotated[int, Doc("how many came for it")]
    cost: Annotated[Amount, Doc("what of the bill falls to it")]
    spoilt: Annotated[int, Doc("how many of them were spoilt, as it claims")]
    claim: Annotated[ClaimState | None, Doc("what has become of that claim; null: there is none")]


@dataclass(frozen=True, slots=True)
class CycleLineShown:
    """What somebody orders in a cycle, and pays."""

    member: Annotated[str, Doc("the handle")]
    portions: Annotated[tuple[CyclePortionShown, ...], Doc("item by item")]
    freight: Annotated[Amount, Doc("what of the freight falls to it")]
    held: Annotated[Amount, Doc("what is held of it now")]
    share: Annotated[Amount, Doc("what it is to pay in all, of what came")]
    due: Annotated[Amount, Doc("what it is to pay beyond what is held; below zero: what it gets back")]
    collected: Annotated[bool, Doc("whether it has collected what is its")]


@dataclass(frozen=True, slots=True)
class PortionsGivenShown:
    """Portions that one member would hand over to another."""

    giver: Annotated[str, Doc("who gives them")]
    receiver: Annotated[str, Doc("who is to take them")]
    item: Annotated[int, Doc("of which item, from 1")]
    quantity: Annotated[int, Doc("how many")]


@dataclass(frozen=True, slots=True)
class OrderCycleShown:
    """An order cycle: its terms, how full its boxes are, and who has ordered what."""

    id: Annotated[str, Doc("its id, which follows from its terms")]
    title: Annotated[str, Doc("what it is called")]
    state: Annotated[PurchaseState, Doc("how far it has come")]
    referent: Annotated[str, Doc("the handle of who orders for all")]
    payee: Annotated[str, Doc("the handle of who is paid for the goods")]
    items: Annotated[tuple[CycleItemShown, ...], Doc("what can be ordered")]
    freight: Annotated[Amount, Doc("what bringing it costs")]
    deposit: Annotated[str, Doc("which part of what is ordered is held when it closes")]
    over: Annotated[str, Doc("by how much a bill may be higher")]
    uncollected: Annotated[str, Doc("who pays for goods that nobody collects: charged or commons")]
    closes_at: Annotated[At, Doc("when it closes by itself")]
    received_at: Annotated[At | None, Doc("when the goods came; null: they have not")]
    collect_until: Annotated[At | None, Doc("until when they can be collected")]
    hands: Annotated[tuple[str, ...], Doc("who helps when they are handed out")]
    hands_wanted: Annotated[int, Doc("how many are to help")]
    members: Annotated[int, Doc("how many members order")]
    total: Annotated[Amount, Doc("what all pay in all, of what came")]
    held: Annotated[Amount, Doc("what is held of all now")]
    left_out: Annotated[
        tuple[str, ...], Doc("whose orders fell out when it closed, as their accounts cannot bear them")
    ]
    lines: Annotated[tuple[CycleLineShown, ...], Doc("who has ordered what: your own, or all for who sees to it")]
    gives: Annotated[tuple[PortionsGivenShown, ...], Doc("portions that wait for who is to take them")]


def view_cycle(desk: Desk, name: str) -> OrderCycleShown | Refused:
    cycle = desk.book.rows(CYCLES).get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if cycle is None else cycle_shown(desk, cycle)


def view_cycles(desk: Desk, wanted: CyclesWanted, after: int, limit: int) -> RowsWanted:
    return RowsWanted(
        CYCLES, after, limit, lambda cycle: cycle_shown(desk, cycle),
        wanted=lambda cycle: wanted.state in (None, cycle.state),
    )  # fmt: skip


def sees_all(desk: Desk, cycle: OrderCycle) -> bool:
    """Tell whether somebody may see who has ordered what: who sees to the cycle, and who reads all."""
    return desk.actor.role in READERS or desk.actor.member in (cycle.said.referent, cycle.said.payee, *cycle.hands)


def cycle_shown(desk: Desk, cycle: OrderCycle) -> OrderCycleShown:
    """Return a cycle as whoever asks may see it."""
    book, said = desk.book, cycle.said
    sees, me = sees_all(desk, cycle), desk.actor.member

    def amount(minor: int) -> Amount:
        return book.amount(said.currency, minor)

    def handles(members: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(book.members[one].handle for one in members)

    return OrderCycleShown(
        id=uuid_text(cycle.id),
        title=said.title,
        state=cycle.state,
        referent=book.members[said.referent].handle,
        payee=book.members[said.payee].handle,
        items=tuple(_items(book, cycle)),
        freight=amount(cycle.freight_minor),
        deposit=part_text(said.deposit),
        over=part_text(said.over),
        uncollected="commons" if said.to_commons else "charged",
        closes_at=said.closes_ms,
        received_at=cycle.received_ms,
        collect_until=cycle.collect_until_ms,
        hands=handles(cycle.hands),
        hands_wanted=said.hands,
        members=len(cycle.rows),
        total=amount(sum(line.share_minor for line in cycle.rows)),
        held=amount(sum(line.held_minor for line in cycle.rows)),
        left_out=handles(tuple(one for one in cycle.left_out if sees or one == me)),
        lines=tuple(line_shown(book, cycle, line) for line in cycle.rows if sees or line.member == me),
        gives=tuple(
            PortionsGivenShown(
                book.members[line.member].handle, book.members[one.receiver].handle, one.item, one.quantity
            )
            for line in cycle.rows
            for one in line.gives
            if sees or me in (line.member, one.receiver)
        ),
    )


def part_text(basis_points: int) -> str:
    """Return a part of the whole in percent."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") + "%"


def _items(book: Book, cycle: OrderCycle) -> Iterator[CycleItemShown]:
    fills = cycle.fills() if cycle.state is PurchaseState.OPEN else []
    for number, item in enumerate(cycle.said.items, 1):
        place = number - 1
        boxes = fills[place].boxes if fills else cycle.boxes[place] if cycle.boxes else 0
        short = fills[place].short if fills else cycle.short[place] if cycle.short else 0
        yield CycleItemShown(
            number,
            item.name,
            portion_text(item),
            item.box,
            book.amount(cycle.said.currency, cycle.prices[place]),
            sum(line.wants[place] for line in cycle.rows),
            sum(line.tolerances[place] for line in cycle.rows),
            boxes,
            short,
            fill_text(boxes, short),
        )


def portion_text(item: PurchaseItem) -> str:
    """Return how much a portion of an item is: 200 g, or 1 where nothing is measured."""
    word = "piece" if item.unit in ("", "C62") else BY_CODE[item.unit].symbol if item.unit in BY_CODE else item.unit
    return f"{parts_text(item.portion)} {word}"


def fill_text(boxes: int, short: int) -> str:
    """Return how full boxes are, in a few words."""
    told = f"{boxes} box" if boxes == 1 else f"{boxes} boxes"
    return f"{told}, {short} short of a {_ORDINALS.get(boxes + 1, 'further one')}" if short else told


_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth"}


def line_shown(book: Book, cycle: OrderCycle, line: CycleLine) -> CycleLineShown:
    """Return what somebody orders and pays."""

    def amount(minor: int) -> Amount:
        return book.amount(cycle.said.currency, minor)

    due = line.share_minor - line.held_minor if cycle.state is PurchaseState.RECEIVED else 0
    return CycleLineShown(
        book.members[line.member].handle,
        tuple(_portions(book, cycle, line)),
        amount(line.freight_minor),
        amount(line.held_minor),
        amount(line.share_minor),
        amount(due),
        line.collected,
    )


def _portions(book: Book, cycle: OrderCycle, line: CycleLine) -> Iterator[CyclePortionShown]:
    told = zip(line.wants, line.tolerances, line.ordered, line.got, line.costs, strict=True)
    for number, (wanted, tolerance, ordered, got, cost) in enumerate(told, 1):
        claim = line.claim_of(number)
        if wanted or tolerance or ordered or got:
            paid = book.amount(cycle.said.currency, cost - line.credit_minor(number))
            spoilt, state = (0, None) if claim is None else (claim.portions, claim.state)
            yield CyclePortionShown(number, wanted, tolerance, ordered, got, paid, spoilt, state)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield what of order cycles waits for a member: to order, to take, to collect, to decide, to see to."""
    member, book = desk.actor.member or "", desk.book
    for cycle in book.rows(CYCLES).values():
        name, title = uuid_text(cycle.id), cycle.said.title
        line = cycle.lines.get(member)
        closes_soon = cycle.state is PurchaseState.OPEN and cycle.said.closes_ms <= desk.now + CLOSES_SOON_MS
        if closes_soon and line is None:
            yield Errand(
                name, title, "order-cycles.closes", f"{title} closes soon: order what you want", "order-cycles.join",
                Urgency.DATE, until_ms=cycle.said.closes_ms,
            )  # fmt: skip
        if cycle.state in (PurchaseState.CLOSED, PurchaseState.ORDERED):
            yield from _given(book, cycle, member)
        if cycle.state is PurchaseState.RECEIVED and line is not None and line.has_goods and not line.collected:
            yield Errand(
                name, title, "order-cycles.to_collect", f"{title}: collect what is yours", "order-cycles.show",
                Urgency.DATE, figure=book.amount(cycle.said.currency, line.share_minor),
                until_ms=cycle.collect_until_ms,
            )  # fmt: skip
        claims = [claim for _, claim in cycle.claims if claim.state is ClaimState.CLAIMED]
        if claims and member == cycle.said.payee and cycle.state is PurchaseState.RECEIVED:
            yield Errand(
                name, title, "order-cycles.to_decide", f"{title}: decide about spoilt goods", "order-cycles.decide",
                Urgency.WAITED_FOR, count=len(claims),
            )  # fmt: skip
        if member == cycle.said.referent:
            yield from _next_step(desk, cycle)


def _given(book: Book, cycle: OrderCycle, member: str) -> Iterator[Errand]:
    for line in cycle.rows:
        for given in line.gives:
            if given.receiver == member:
                handle = book.members[line.member].handle
                yield Errand(
                    uuid_text(cycle.id), handle, "order-cycles.to_take",
                    f"{handle} would hand {cycle.said.items[given.item - 1].name} over to you", "order-cycles.take",
                    Urgency.PEOPLE, count=given.quantity,
                )  # fmt: skip


_NEXT = {
    PurchaseState.CLOSED: ("order-cycles.to_order", "{title} is closed: order its boxes", "order-cycles.order"),
    PurchaseState.ORDERED: ("order-cycles.to_receive", "{title}: say what came", "order-cycles.receive"),
    PurchaseState.RECEIVED: ("order-cycles.to_settle", "{title} is handed out: settle it", "order-cycles.settle"),
}  # fmt: skip


def _next_step(desk: Desk, cycle: OrderCycle) -> Iterator[Errand]:
    """Yield what the referent does next."""
    if cycle.state not in _NEXT:
        return
    if cycle.is_joint and cycle.state is PurchaseState.CLOSED:
        return  # what the networks do next is told of their joint order
    over = cycle.collect_until_ms is not None and cycle.collect_until_ms <= desk.now
    if cycle.state is PurchaseState.RECEIVED and cycle.waits_for and not over:
        return
    sentence, said, verb = _NEXT[cycle.state]
    if cycle.state is PurchaseState.CLOSED and not any(cycle.boxes):
        sentence, said, verb = "order-cycles.no_box", "{title}: no box is full, cancel it", "order-cycles.cancel"
    title = cycle.said.title
    yield Errand(uuid_text(cycle.id), title, sentence, said.format(title=title), verb, Urgency.WAITED_FOR)


def week(desk: Desk) -> Iterator[Errand]:
    """Yield which cycles close, which goods nobody has collected, and where hands are missing."""
    for cycle in desk.book.rows(CYCLES).values():
        name, title, said = uuid_text(cycle.id), cycle.said.title, cycle.said
        if cycle.state is PurchaseState.OPEN:
            yield Errand(
                name, title, "order-cycles.open", f"{title} closes", "order-cycles.show", Urgency.DATE,
                count=len(cycle.rows), until_ms=said.closes_ms,
            )  # fmt: skip
        until_ms = cycle.collect_until_ms
        if cycle.state is PurchaseState.RECEIVED and until_ms is not None and until_ms <= desk.now:
            yield Errand(
                name, title, "order-cycles.uncollected", f"{title}: not all have collected, and it is not settled",
                "order-cycles.settle", Urgency.WAITED_FOR, count=len(cycle.waits_for),
            )  # fmt: skip
        missing = said.hands - len(cycle.hands)
        if missing > 0 and cycle.state in _NEXT:
            yield Errand(
                name, title, "order-cycles.hands", f"Hands are missing to hand {title} out", "order-cycles.help",
                Urgency.PEOPLE, count=missing,
            )  # fmt: skip
