# SPDX-License-Identifier: AGPL-3.0-or-later
"""Order cycles as the book keeps them: who wants what, what falls to whom, what is held and what is to be paid."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from protocol.book.book import Book
from protocol.book.declaration import SystemAccount, Table
from protocol.book.lifecycle import Lifecycle
from protocol.book.money import BASIS_POINTS
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.market.purchasing.entries import (
    PortionsGiven,
    PortionsTaken,
    PurchaseCancelled,
    PurchaseClosed,
    PurchaseCollected,
    PurchaseJoined,
    PurchaseOpened,
    PurchaseOrdered,
    PurchaseReceived,
    PurchaseSettled,
    ShiftTaken,
    SpoiltClaimed,
    SpoiltDecided,
)
from protocol.practices.market.purchasing.filling import BoxFill, boxes_filled, seed_of, shared

PURCHASES = SystemAccount("purchases", "what is held of members for order cycles that are not settled")


class PurchaseState(StrEnum):
    """How far an order cycle has come."""

    OPEN = "open"
    CLOSED = "closed"
    ORDERED = "ordered"
    RECEIVED = "received"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class ClaimState(StrEnum):
    """What has become of a claim."""

    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    DECLINED = "declined"


_S = PurchaseState
PURCHASE_LIFE = Lifecycle(
    "order-cycles",
    PurchaseState,
    {
        (None, PurchaseOpened.KIND): _S.OPEN,
        (_S.OPEN, PurchaseJoined.KIND): _S.OPEN,
        (_S.OPEN, PurchaseClosed.KIND): _S.CLOSED,
        (_S.CLOSED, PurchaseOrdered.KIND): _S.ORDERED,
        (_S.ORDERED, PurchaseReceived.KIND): _S.RECEIVED,
        (_S.RECEIVED, PurchaseReceived.KIND): _S.RECEIVED,
        (_S.RECEIVED, PurchaseCollected.KIND): _S.RECEIVED,
        (_S.RECEIVED, SpoiltClaimed.KIND): _S.RECEIVED,
        (_S.RECEIVED, SpoiltDecided.KIND): _S.RECEIVED,
        (_S.RECEIVED, PurchaseSettled.KIND): _S.SETTLED,
        **{(state, PortionsGiven.KIND): state for state in (_S.CLOSED, _S.ORDERED)},
        **{(state, PortionsTaken.KIND): state for state in (_S.CLOSED, _S.ORDERED)},
        **{(state, ShiftTaken.KIND): state for state in (_S.OPEN, _S.CLOSED, _S.ORDERED, _S.RECEIVED)},
        **{(state, PurchaseCancelled.KIND): _S.CANCELLED for state in (_S.OPEN, _S.CLOSED, _S.ORDERED)},
    },
)  # fmt: skip


@dataclass(slots=True)
class SpoiltClaim:
    """Portions of an item (from 1) that were spoilt, and what has become of the claim."""

    item: int
    portions: int
    state: ClaimState = ClaimState.CLAIMED


@dataclass(slots=True)
class PortionsLeft:
    """Portions of an item (from 1) that wait for whoever is to take them."""

    item: int
    receiver: str
    quantity: int


@dataclass(slots=True)
class CycleLine:
    """What a member orders, item by item in their order: portions, and minor units.

    `ordered` is what falls to it, `got` what it gets of what came, `costs` what that comes to.
    """

    member: str
    wants: tuple[int, ...]
    tolerances: tuple[int, ...]
    ordered: tuple[int, ...]
    got: tuple[int, ...]
    costs: tuple[int, ...]
    freight_minor: int = 0
    held_minor: int = 0
    collected: bool = False
    gives: tuple[PortionsLeft, ...] = ()
    spoilt: tuple[SpoiltClaim, ...] = ()

    def claim_of(self, item: int) -> SpoiltClaim | None:
        """Return what it claims of an item, from 1."""
        return next((one for one in self.spoilt if one.item == item), None)

    def credit_minor(self, item: int) -> int:
        """Return what is taken off for spoilt portions of an item, rounded half up."""
        claim = self.claim_of(item)
        if claim is None or claim.state is not ClaimState.ACCEPTED:
            return 0
        got = self.got[item - 1]
        return (2 * self.costs[item - 1] * claim.portions + got) // (2 * got)

    @property
    def share_minor(self) -> int:
        """What the member is to pay: its part of the bill and the freight, without what was spoilt."""
        return sum(self.costs) + self.freight_minor - sum(self.credit_minor(one.item) for one in self.spoilt)

    @property
    def has_goods(self) -> bool:
        """Whether anything came for it."""
        return any(self.got)

    def given_to(self, receiver: str, item: int) -> int:
        """Return how many portions of an item wait for somebody: as many as there are, at most."""
        given = sum(one.quantity for one in self.gives if (one.item, one.receiver) == (item, receiver))
        return min(given, self.ordered[item - 1])

    def give(self, receiver: str, item: int, quantity: int) -> None:
        """Let so many portions of an item wait for somebody, in the place of those before: part of the fold."""
        others = tuple(one for one in self.gives if (one.item, one.receiver) != (item, receiver))
        self.gives = (*others, PortionsLeft(item, receiver, quantity)) if quantity else others


@dataclass(slots=True)
class OrderCycle:
    """A cycle: its terms, who orders, who helps, and how far it has come.

    `prices` are those of the boxes, item by item, and `freight_minor` what bringing them costs: as its terms have them,
    unless several networks have ordered together for less. `rows` are the orders, as they came.
    """

    said: PurchaseOpened
    arrival: int
    at_ms: Millis
    prices: tuple[int, ...]
    freight_minor: int
    state: PurchaseState = PurchaseState.OPEN
    rows: tuple[CycleLine, ...] = ()
    left_out: tuple[str, ...] = ()
    boxes: tuple[int, ...] = ()
    short: tuple[int, ...] = ()
    hands: tuple[str, ...] = ()
    received_ms: Millis | None = None
    is_joint: bool = False
    """Whether several networks order together."""

    @property
    def id(self) -> bytes:
        """Its id."""
        return self.said.cycle

    @property
    def lines(self) -> dict[str, CycleLine]:
        """Return the orders by member."""
        return {line.member: line for line in self.rows}

    @property
    def collect_until_ms(self) -> Millis | None:
        """Until when the goods are collected; None: they have not come."""
        return None if self.received_ms is None else self.received_ms + self.said.collect_days * DAY_MS

    @property
    def waits_for(self) -> list[str]:
        """The members who have not collected what is theirs."""
        return [line.member for line in self.rows if line.has_goods and not line.collected]

    @property
    def claims(self) -> Iterator[tuple[str, SpoiltClaim]]:
        """Yield what is claimed, and by whom."""
        return ((line.member, claim) for line in self.rows for claim in line.spoilt)

    def numbers(self) -> range:
        """Return the numbers of its items."""
        return range(1, len(self.said.items) + 1)

    def blank(self, member: str) -> CycleLine:
        """Return the line of a member who has ordered nothing."""
        none = (0,) * len(self.said.items)
        return CycleLine(member, none, none, none, none, none)

    def put(self, line: CycleLine) -> None:
        """Keep what a member orders, behind all others: part of the fold."""
        self.drop(line.member)
        self.rows = (*self.rows, line)

    def drop(self, member: str) -> None:
        """Keep nothing of what a member has ordered: part of the fold."""
        self.rows = tuple(line for line in self.rows if line.member != member)

    def fills(self, without: Container[str] = ()) -> list[BoxFill]:
        """Return what is bought of each item, and who gets what, where these are left out."""
        lines = [line for line in self.rows if line.member not in without]
        return [
            boxes_filled(
                item.box,
                {line.member: line.wants[number - 1] for line in lines},
                {line.member: line.tolerances[number - 1] for line in lines},
                seed_of(self.id, number),
            )
            for number, item in enumerate(self.said.items, 1)
        ]

    def costs_of(self, portions: Sequence[Mapping[str, int]], bills: Sequence[int], freight_minor: int) -> "Costs":
        """Return what a bill comes to for each member: each item by portions, the freight by what the items cost."""
        told = enumerate(zip(bills, portions, strict=True), 1)
        by_item = tuple(shared(bill, of, self.id, number) for number, (bill, of) in told)
        sums = {line.member: sum(costs.get(line.member, 0) for costs in by_item) for line in self.rows}
        return Costs(by_item, shared(freight_minor, sums, self.id, 0) if any(sums.values()) else {})

    def deposits(self, portions: Sequence[Mapping[str, int]]) -> dict[str, int]:
        """Return what is held of each member for what is ordered, at the prices of the boxes: rounded up."""
        told = zip(self.prices, portions, self.said.items, strict=True)
        bills = [price * sum(of.values()) // item.box for price, of, item in told]
        costs = self.costs_of(portions, bills, self.freight_minor)
        return {line.member: -(-costs.of(line.member) * self.said.deposit // BASIS_POINTS) for line in self.rows}


@dataclass(frozen=True, slots=True)
class Costs:
    """What is paid for each item by member, and for the freight; minor units."""

    by_item: tuple[dict[str, int], ...]
    freight: dict[str, int]

    def of(self, name: str) -> int:
        """Return what a member pays in all."""
        return sum(costs.get(name, 0) for costs in self.by_item) + self.freight.get(name, 0)


CYCLES = Table(
    "order-cycles",
    OrderCycle,
    by={
        "member": lambda cycle: sorted({cycle.said.referent, cycle.said.payee, *cycle.lines, *cycle.hands}),
        "currency": lambda cycle: (cycle.said.currency,),
    },
    closed=lambda cycle: PURCHASE_LIFE.is_final(cycle.state),
)  # fmt: skip


def held_unlike(book: Book) -> str | None:
    """Return in which currency what is held of members is not what the account holds, None where all are."""
    held: dict[str, int] = {}
    for cycle in book.rows(CYCLES).values():
        currency = cycle.said.currency
        held[currency] = held.get(currency, 0) + sum(line.held_minor for line in cycle.rows)
    for currency in book.currencies:
        account = book.ledger.accounts.get(PURCHASES.of(currency))
        balance = 0 if account is None else account.balance_minor
        if balance != held.get(currency, 0):
            return f"{currency}: {held.get(currency, 0)} are held of members, the account has {balance}"
    return None
