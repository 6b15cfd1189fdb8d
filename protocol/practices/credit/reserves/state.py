# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reserves as the book keeps them: the state money, who holds rights to issue, what is attested, who waits for it."""

from dataclasses import dataclass, field
from enum import StrEnum

from crdt.rights import Rights
from protocol.book.book import Book
from protocol.book.declaration import SystemAccount, Table
from protocol.book.lifecycle import Lifecycle
from protocol.book.money import BASIS_POINTS
from protocol.lanes.entry import Millis
from protocol.practices.credit.reserves.entries import (
    MoveAttested,
    MoveCancelled,
    MoveTold,
    RedemptionAsked,
    ReserveOpened,
    TillMoved,
)

ISSUED = SystemAccount("issued", "of a guaranteed currency: below zero, by as much as there is of it")
REDEEMING = SystemAccount("redeeming", "what members have given back and wait for state money for")
NODE = b""
"""The writer of rights that the network itself is, at its node."""
HOUR_MS = 60 * 60 * 1_000


class MoveState(StrEnum):
    """How far a movement of a reserve has come."""

    TOLD = "told"
    COUNTED = "counted"
    CANCELLED = "cancelled"


MOVE_LIFE = Lifecycle(
    "reserve-moves",
    MoveState,
    {
        (None, MoveTold.KIND): MoveState.TOLD,
        (MoveState.TOLD, MoveAttested.KIND): (MoveState.TOLD, MoveState.COUNTED),
        (MoveState.TOLD, MoveCancelled.KIND): MoveState.CANCELLED,
    },
)


@dataclass(slots=True)
class ReserveMove:
    """State money (minor units) that has come into a reserve, or leaves it, and which custodians say so."""

    id: bytes
    arrival: int
    at_ms: Millis
    currency: str
    out: bool
    amount_minor: int
    state: MoveState
    attested: tuple[str, ...] = ()


MOVES = Table(
    "reserve-moves",
    ReserveMove,
    by={"currency": lambda move: (move.currency,)},
    closed=lambda move: move.state is not MoveState.TOLD,
)


class RedemptionState(StrEnum):
    """Whether whoever gave currency back has state money for it."""

    WAITING = "waiting"
    PAID = "paid"


REDEMPTION_LIFE = Lifecycle(
    "redemptions",
    RedemptionState,
    {
        (None, RedemptionAsked.KIND): (RedemptionState.WAITING, RedemptionState.PAID),
        (RedemptionState.WAITING, TillMoved.KIND): RedemptionState.PAID,
        (None, "kiosks/synced"): RedemptionState.PAID,
    },
)


@dataclass(slots=True)
class Redemption:
    """Currency (minor units) that a member gave back, the part that stays as the fund, and when it is due."""

    id: bytes
    arrival: int
    asked_ms: Millis
    account: str
    currency: str
    amount_minor: int
    fee_minor: int
    due_ms: Millis
    state: RedemptionState
    paid_ms: Millis | None = None

    @property
    def payout_minor(self) -> int:
        """How much state money it brings, in minor units."""
        return self.amount_minor - self.fee_minor


REDEMPTIONS = Table(
    "redemptions",
    Redemption,
    by={"currency": lambda one: (one.currency,), "member": lambda one: (one.account.partition(".")[0],)},
    closed=lambda one: one.state is RedemptionState.PAID,
)


@dataclass(slots=True)
class Reserve:
    """The state money behind a guaranteed currency (minor units), who holds rights to issue, and who waits for it."""

    terms: ReserveOpened
    arrival: int
    reserve_minor: int = 0
    fund_minor: int = 0
    till_minor: int = 0
    away_minor: int = 0
    """The state money in the tills of others: of kiosks."""
    rights: Rights = field(default_factory=Rights)
    waiting: list[bytes] = field(default_factory=list[bytes])
    """The redemptions that the till has not paid yet, the first first."""

    @property
    def most_minor(self) -> int:
        """How much of the currency there may be, in its minor units."""
        return self.reserve_minor * self.terms.num // self.terms.den

    @property
    def in_bank_minor(self) -> int:
        """How much state money is in no till."""
        return self.reserve_minor + self.fund_minor - self.till_minor - self.away_minor

    def created_minor(self, state_minor: int) -> int:
        """Return how many rights so much state money creates, rounded down."""
        return state_minor * self.terms.num // self.terms.den

    def consumed_minor(self, state_minor: int) -> int:
        """Return how many rights go with so much state money that leaves, rounded up."""
        return -(-state_minor * self.terms.num // self.terms.den)

    def fee_minor(self, amount_minor: int) -> int:
        """Return what stays as the fund of so much that is redeemed, rounded down."""
        return amount_minor * self.terms.fee // BASIS_POINTS


@dataclass(slots=True)
class Reserves:
    """All reserves, by the code of the currency, in the order in which they were opened."""

    by_currency: dict[str, Reserve] = field(default_factory=dict[str, Reserve])


def outstanding_minor(book: Book, currency: str) -> int:
    """Return how much of a guaranteed currency there is, in minor units."""
    account = book.ledger.accounts.get(ISSUED.of(currency))
    return 0 if account is None else -account.balance_minor


def first_waiting(book: Book, reserve: Reserve) -> Redemption | None:
    """Return who is the first in the queue of a till."""
    return book.rows(REDEMPTIONS)[reserve.waiting[0]] if reserve.waiting else None


def overdue(book: Book, reserve: Reserve, now: Millis) -> Redemption | None:
    """Return the first in the queue, where the hours that it was promised are over."""
    first = first_waiting(book, reserve)
    return first if first is not None and now > first.due_ms else None
