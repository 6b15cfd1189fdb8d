# SPDX-License-Identifier: AGPL-3.0-or-later
"""Motions as the book keeps them, and how their votes are counted."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from protocol.book.book import Book
from protocol.book.declaration import Motion, Parameter
from protocol.book.gates import UnderMotion
from protocol.book.lifecycle import Lifecycle
from protocol.book.members import MemberState
from protocol.book.money import BASIS_POINTS
from protocol.book.parameters import Number, Percentage
from protocol.book.private import PrivateItem
from protocol.book.rehearsal import Proposed
from protocol.lanes.entry import Millis
from protocol.practices.governance.motions.entries import (
    Ballot,
    MotionClosed,
    MotionCounted,
    MotionDrafted,
    MotionExecuted,
    MotionFailed,
    MotionOpened,
    MotionState,
    SecretlyVoted,
    Voted,
)

QUORUM: Parameter[int] = Parameter(
    "motions.quorum", Percentage(1), 50_00, "how large a part of those who may vote must vote", changed_by=Motion()
)
MAJORITY: Parameter[int] = Parameter(
    "motions.majority", Percentage(), 50_00, "more than this part of yes and no must be yes", changed_by=Motion()
)
OPEN_DAYS: Parameter[int] = Parameter(
    "motions.open_days", Number(1, 365, "days"), 7, "how long a motion is open, unless it says otherwise"
)
LEAST_MINUTES: Parameter[int] = Parameter(
    "motions.least_minutes", Number(0, 525_600, "minutes"), 1_440, "how long a motion is open at least"
)
DRAFT_DAYS: Parameter[int] = Parameter(
    "motions.draft_days", Number(1, 365, "days"), 30, "after how long a draft that nobody opens expires"
)
OPEN_MAX: Parameter[int] = Parameter(
    "motions.open_max", Number(1, 1_000), 3, "how many motions of one member may wait at a time"
)


MOTION_LIFE = Lifecycle(
    "motions",
    MotionState,
    {
        (None, MotionDrafted.KIND): MotionState.DRAFT,
        (MotionState.DRAFT, MotionOpened.KIND): MotionState.OPEN,
        (MotionState.DRAFT, MotionClosed.KIND): MotionState.EXPIRED,
        (MotionState.OPEN, Voted.KIND): MotionState.OPEN,
        (MotionState.OPEN, MotionClosed.KIND): (MotionState.CARRIED, MotionState.LOST),
        (MotionState.OPEN, SecretlyVoted.KIND): MotionState.OPEN,
        (MotionState.OPEN, MotionCounted.KIND): (MotionState.CARRIED, MotionState.LOST),
        (MotionState.CARRIED, MotionExecuted.KIND): MotionState.EXECUTED,
        (MotionState.CARRIED, MotionFailed.KIND): MotionState.FAILED,
    },
)


@dataclass(slots=True)
class MotionKept:
    """A motion, its terms and its votes; `opened` is the place of the entry that opened it."""

    id: bytes
    arrival: int
    at_ms: Millis
    proposer: str | None
    title: str | None
    text: bytes | None
    wishes: tuple[Proposed, ...]
    touched: frozenset[str]
    electorate: str
    quorum: int
    majority: int
    open_ms: Millis
    ends_ms: Millis
    secret: bool = False
    state: MotionState = MotionState.DRAFT
    opened: int = -1
    ended_ms: Millis | None = None
    votes: dict[str, Ballot] = field(default_factory=dict[str, Ballot])
    sealed: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Who has voted in secret, and the salted digest of how."""
    count: "Count | None" = None
    """How it was counted when it closed."""
    refused: tuple[int, str] | None = None
    """Which wish was refused when it was to be done, and why."""

    @property
    def due_ms(self) -> Millis | None:
        """When time alone brings it further: it closes, it expires, or what it wishes is done."""
        waits = self.state in (MotionState.DRAFT, MotionState.OPEN)
        return self.ends_ms if waits or (self.state is MotionState.CARRIED and self.wishes) else None

    def has_voted(self, member: str) -> bool:
        """Tell whether a member has voted, however."""
        return member in self.votes or member in self.sealed

    @property
    def terms(self) -> UnderMotion:
        """Return the terms on which it is decided."""
        return UnderMotion(self.id, self.electorate, self.quorum, self.majority)


class Count(NamedTuple):
    """How many may vote, how many of them must, and how they did."""

    electorate: int
    needed: int
    yes: int
    no: int
    abstained: int

    @property
    def voted(self) -> int:
        """How many have voted."""
        return self.yes + self.no + self.abstained

    def carries(self, majority: int) -> bool:
        """Tell whether enough have voted, and more than this part of yes and no said yes."""
        return self.voted >= self.needed and self.yes * BASIS_POINTS > (self.yes + self.no) * majority


@dataclass(slots=True)
class SecretBallots:
    """How members have voted in secret, by the digests of their ballots: in the private store of the home alone."""

    TRANSIENT: ClassVar[bool] = True
    by_digest: dict[bytes, tuple[str, str]] = field(default_factory=dict[bytes, tuple[str, str]])
    """Whose ballot it is, and what it says."""

    def take(self, item: PrivateItem) -> None:
        """Know a ballot that is kept."""
        self.by_digest[item.digest] = item.owner, item.value.decode(errors="replace")

    def forget(self, owner: str) -> None:
        """Know nothing any more of what a member has erased."""
        self.by_digest = {name: one for name, one in self.by_digest.items() if one[0] != owner}


@dataclass(slots=True)
class Motions:
    """All motions."""

    by_id: dict[bytes, MotionKept] = field(default_factory=dict[bytes, MotionKept])
    waiting: dict[bytes, MotionKept] = field(default_factory=dict[bytes, MotionKept])
    """Drafts, and those on which members vote."""


def active_members(book: Book) -> Iterable[str]:
    """Return the ids of all active members: each has one vote."""
    return (member.id for member in book.members.values() if member.state is MemberState.ACTIVE)


def voters(book: Book, motion: MotionKept) -> frozenset[str]:
    """Return who may vote: who was there when it opened, still is, and is not touched by what it wishes."""
    found = book.electors(motion.electorate)
    return frozenset(one for one in found if one not in motion.touched and book.members[one].arrival < motion.opened)


def counted(book: Book, motion: MotionKept) -> Count:
    """Count the votes of those who may vote now; as long as ballots are secret, all of them as abstentions."""
    eligible = voters(book, motion)
    said = [ballot for member, ballot in motion.votes.items() if member in eligible]
    said += [Ballot.ABSTAIN for member in motion.sealed if member in eligible]
    return _count(motion, len(eligible), said)


def open_ballots(book: Book, motion: MotionKept) -> Count:
    """Count the secret ballots of those who may vote now, as their home keeps them; one that was erased abstains."""
    eligible, ballots = voters(book, motion), book.of(SecretBallots).by_digest
    told = [ballots.get(name, ("", ""))[1] for member, name in motion.sealed.items() if member in eligible]
    return _count(motion, len(eligible), [Ballot(one) if one in tuple(Ballot) else Ballot.ABSTAIN for one in told])


def _count(motion: MotionKept, eligible: int, said: list[Ballot]) -> Count:
    yes, no, abstained = (said.count(one) for one in (Ballot.YES, Ballot.NO, Ballot.ABSTAIN))
    return Count(eligible, max(1, -(-eligible * motion.quorum // BASIS_POINTS)), yes, no, abstained)
