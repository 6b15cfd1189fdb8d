# SPDX-License-Identifier: AGPL-3.0-or-later
"""Savings groups as the book keeps them: who saves, what is lent, how far a cycle and a meeting have come."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from protocol.book.book import Book
from protocol.book.declaration import SystemAccount, Table
from protocol.book.lifecycle import Lifecycle
from protocol.book.members import MemberState
from protocol.book.money import BASIS_POINTS
from protocol.lanes.entry import Millis
from protocol.practices.credit.savings.entries import (
    CycleOpened,
    GroupFounded,
    MeetingHeld,
    SavingsRow,
    SheetNoted,
    SheetSigned,
)

SAVINGS = SystemAccount("savings", "the loan funds and social funds of all savings groups")


class CycleState(StrEnum):
    """How far a group's saving has come."""

    OPEN = "open"
    CLOSED = "closed"


class MeetingState(StrEnum):
    """How far the sheet of a meeting has come."""

    NOTED = "noted"
    HELD = "held"
    DROPPED = "dropped"


CYCLE_LIFE = Lifecycle(
    "savings-cycles",
    CycleState,
    {
        (None, CycleOpened.KIND): CycleState.OPEN,
        (CycleState.OPEN, MeetingHeld.KIND): (CycleState.OPEN, CycleState.CLOSED),
    },
)
MEETING_LIFE = Lifecycle(
    "savings-meetings",
    MeetingState,
    {
        (None, SheetNoted.KIND): MeetingState.NOTED,
        (MeetingState.NOTED, SheetNoted.KIND): MeetingState.DROPPED,
        (MeetingState.DROPPED, SheetNoted.KIND): MeetingState.NOTED,
        (MeetingState.NOTED, SheetSigned.KIND): MeetingState.NOTED,
        (MeetingState.NOTED, MeetingHeld.KIND): MeetingState.HELD,
    },
)


@dataclass(slots=True)
class FundLoan:
    """What a group has lent to one of its own, in minor units: principal and charge, due at a meeting of the cycle."""

    principal_minor: int
    charge_minor: int
    due: int
    repaid_minor: int = 0

    @property
    def left_minor(self) -> int:
        """What is to be paid back."""
        return self.principal_minor + self.charge_minor - self.repaid_minor


@dataclass(slots=True)
class Saver:
    """A member of a group: the most that a meeting may take of it (None: any), its shares, its loan."""

    most_minor: int | None
    shares: int = 0
    loan: FundLoan | None = None


@dataclass(slots=True)
class SavingsGroup:
    """A group: its terms, who saves, and its two funds (minor units), of which only its meetings dispose.

    `cycles` counts those it has begun; `held` is the number of the newest meeting of this one, `noted` the sheet that
    waits for keys; `next_ms` is when it meets next, None while no cycle is open.
    """

    said: GroupFounded
    arrival: int
    savers: dict[str, Saver] = field(default_factory=dict[str, Saver])
    state: CycleState | None = None
    cycle: bytes = b""
    cycles: int = 0
    held: int = 0
    noted: bytes | None = None
    next_ms: Millis | None = None
    fund_minor: int = 0
    social_minor: int = 0
    charges_minor: int = 0
    """What of the fund service charges have brought in this cycle."""

    @property
    def id(self) -> bytes:
        """Its id."""
        return self.said.group

    @property
    def loans(self) -> Iterator[tuple[str, FundLoan]]:
        """Yield who owes the fund, and what."""
        return ((member, saver.loan) for member, saver in self.savers.items() if saver.loan is not None)

    @property
    def late(self) -> list[tuple[str, FundLoan]]:
        """Return the loans whose meeting has been held."""
        return [(member, loan) for member, loan in self.loans if loan.due <= self.held]

    def charge_minor(self, principal_minor: int) -> int:
        """Return the service charge of a loan, rounded half up."""
        return (principal_minor * self.said.charge * 2 + BASIS_POINTS) // (2 * BASIS_POINTS)


@dataclass(slots=True)
class Meeting:
    """The sheet of a meeting, who has signed it, and once it is held what a share-out has brought to whom."""

    id: bytes
    arrival: int
    at_ms: Millis
    group: bytes
    cycle: bytes
    number: int
    rows: tuple[SavingsRow, ...]
    share_out: bool
    state: MeetingState = MeetingState.NOTED
    signed: tuple[str, ...] = ()
    held_ms: Millis | None = None
    shared: tuple[tuple[str, int], ...] = ()


def _late(group: SavingsGroup) -> tuple[str, ...]:
    return ("late",) if group.late else ()


GROUPS = Table(
    "savings-groups",
    SavingsGroup,
    by={
        "member": lambda group: tuple(group.savers),
        "standing": _late,
        "currency": lambda group: (group.said.currency,),
    },
    due=lambda group: group.next_ms,
)
MEETINGS = Table(
    "savings-meetings",
    Meeting,
    by={"group": lambda meeting: (meeting.group,)},
    closed=lambda meeting: meeting.state is not MeetingState.NOTED,
)


def keys_needed(book: Book, group: SavingsGroup) -> int:
    """Return how many keys open the box now: those that the group has set, fewer only where key-holders have left."""
    there = sum(book.members[one].state is not MemberState.LEFT for one in group.said.key_holders)
    return max(1, min(group.said.keys_needed, there))


def funds_unlike(book: Book) -> str | None:
    """Return in which currency the groups' funds are not what their account holds, None where all are."""
    held: dict[str, int] = {}
    for group in book.rows(GROUPS).values():
        currency = group.said.currency
        held[currency] = held.get(currency, 0) + group.fund_minor + group.social_minor
    for currency in book.currencies:
        account = book.ledger.accounts.get(SAVINGS.of(currency))
        balance = 0 if account is None else account.balance_minor
        if balance != held.get(currency, 0):
            return f"{currency}: savings groups have {held.get(currency, 0)}, their account {balance}"
    return None
