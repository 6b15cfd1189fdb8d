# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lanes: the hash-linked statements of one author, in whatever order they come.

A statement names the one before it, so a lane is a tree that an honest author keeps a chain. Head, chain,
orphans and forks depend on the statements alone, never on the order of their coming; docs/decisions/0004
says why they are what they are.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeVar

from crdt.chain import Chain

GAP_STATEMENTS_MAX = 1_024
"""How many statements may wait for their past in one lane."""
FORKS_KEPT_MAX = 64
"""How many fork proofs a lane keeps, those of the least positions: from the first on an author is not believed."""


class Position(NamedTuple):
    """Where a statement stands: seq grows by one along the lane, epoch now and then; epoch counts first."""

    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Statement:
    """An id at its position, after the statement `prev`, which is None for seq 0 alone.

    An id is a hash over position and prev: equal ids are equal statements.
    """

    position: Position
    id: bytes
    prev: bytes | None


class Head(NamedTuple):
    """A statement that stands for its whole past."""

    position: Position
    id: bytes | None


BEGINNING = Head(Position(0, -1), None)
"""What a lane stands on before its first statement."""


@dataclass(frozen=True, slots=True)
class Fork:
    """The proof that an author spoke twice: two ids at one position."""

    position: Position
    ids: tuple[bytes, bytes]

    def __post_init__(self) -> None:
        """Hold no proof that proves nothing."""
        assert self.ids[0] != self.ids[1]


class Gap(NamedTuple):
    """A range of seq, both ends in, from which statements are wanted."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Linked:
    """The statement has its whole past, and so have others that waited for it.

    `statements` became linked, each after its prev; `orphaned` were on the chain and are no longer, so what
    was folded from them is to be folded anew; `forks` are new proofs.
    """

    statements: tuple[Statement, ...]
    orphaned: tuple[Statement, ...] = ()
    forks: tuple[Fork, ...] = ()


@dataclass(frozen=True, slots=True)
class StatementWaiting:
    """The statement waits for its past; `dropped` had to make room for it and is to be asked for again."""

    dropped: Statement | None = None


class Unchanged(StrEnum):
    """Why a statement left the lane as it was."""

    KNOWN = "KNOWN"
    MISPLACED = "MISPLACED"
    """It has a prev although it is the first, or none although it is not."""
    BELOW_BASE = "BELOW_BASE"
    """It belongs to what the lane took on trust: only who holds that can tell a repetition from a fork."""
    TOO_FAR = "TOO_FAR"
    """So many wait already that are nearer to the head; it is to be asked for again."""


_Key = TypeVar("_Key")


class Lane:
    """Statements of one author: linked ones, on the chain or off it, and those that wait for their past.

    What lies up to the base is taken on trust, so a lane can begin anew at a head that was stored.
    """

    __slots__ = ("_aside", "_chain", "_forks", "_queue", "_waiting", "base", "head")

    def __init__(self, base: Head = BEGINNING) -> None:
        self.base = base
        self.head = base
        """The greatest linked statement by position, by id among equals; its past is the chain."""
        self._chain = Chain(base.position.seq + 1)
        # Linked, but off the chain; by seq.
        self._aside: dict[int, dict[bytes | None, Statement]] = {}
        # Not linked; by the prev that each waits for, and all of them by seq.
        self._waiting: dict[bytes | None, dict[bytes | None, Statement]] = {}
        self._queue: list[Statement] = []
        self._forks: dict[Position, tuple[bytes, bytes]] = {}

    @property
    def orphans(self) -> tuple[Statement, ...]:
        """The linked statements that are not in the past of the head, each after its prev."""
        return tuple(sorted((s for shelf in self._aside.values() for s in shelf.values()), key=_rank))

    @property
    def waiting(self) -> tuple[Statement, ...]:
        """The statements whose past is not whole, in order of seq."""
        return tuple(self._queue)

    @property
    def forks(self) -> tuple[Fork, ...]:
        """The proofs against the author in order of position, each of the two lowest ids that stand there."""
        return tuple(Fork(position, ids) for position, ids in sorted(self._forks.items()))

    @property
    def frozen(self) -> bool:
        """Whether the author is proved to have forked; this is never undone."""
        return bool(self._forks)

    def at(self, position: Position) -> bytes | None:
        """Return the id that stands at a position of the chain, from the base on, None where none does."""
        found = self._chain_epoch(position.seq) == position.epoch
        return self.id_at(position.seq) if found else None

    def id_at(self, seq: int) -> bytes | None:
        """Return the id that stands at a seq of the chain, from the base on, None where none does."""
        return self.base.id if seq == self.base.position.seq else self._chain.id_at(seq)

    def add(self, statement: Statement) -> Linked | StatementWaiting | Unchanged:
        """Take a statement that its author signed; one that does not follow its prev waits for ever."""
        seq, base_seq = statement.position.seq, self.base.position.seq
        if self.append(*statement.position, statement.id, statement.prev):
            return Linked((statement,))
        if (statement.prev is None) != (seq == 0):
            return Unchanged.MISPLACED
        if self._holds(statement):
            return Unchanged.KNOWN
        if seq <= base_seq or (seq == base_seq + 1 and statement.prev != self.base.id):
            return Unchanged.BELOW_BASE
        return self._link(statement) if self._may_follow(statement) else self._wait(statement)

    def append(self, epoch: int, seq: int, statement_id: bytes, prev: bytes | None) -> bool:
        """Take a statement that its author signed if it is the next of the chain: `add` without a word of it."""
        (head_epoch, head_seq), head_id = self.head
        if prev != head_id or seq != head_seq + 1 or epoch < head_epoch or statement_id in self._waiting:
            return False
        # Nothing linked is beyond the head, so nothing stands at its position.
        self._extend(Position(epoch, seq), statement_id)
        return True

    def prove(self, fork: Fork) -> bool:
        """Keep a proof, such as one that came by itself or lies below the base; tell whether it is news."""
        known = self._forks.get(fork.position, ())
        low, high = sorted({*known, *fork.ids})[:2]
        self._forks[fork.position] = low, high
        if len(self._forks) > FORKS_KEPT_MAX:
            del self._forks[max(self._forks)]
        return self._forks.get(fork.position, known) != known

    def gaps(self) -> list[Gap]:
        """Return what to ask for so that the waiting statements can be linked, lowest first.

        How deep a branch leaves the chain cannot be known, so each time as much again is wanted as waits.
        """
        queue, head_seq, base_seq = self._queue, self.head.position.seq, self.base.position.seq
        held = {statement.id for statement in queue}
        wanted = {
            statement.position.seq - 1
            for statement in queue
            if statement.prev not in held and self._epoch_of(statement.position.seq - 1, statement.prev) is None
        }
        gaps: list[Gap] = []
        for last in sorted(wanted):
            after = head_seq if head_seq < last else max(base_seq, last - len(queue))
            lower = bisect_left(queue, last, key=_seq)
            gaps.append(Gap(max(after, queue[lower - 1].position.seq if lower else after) + 1, last))
        return gaps

    def statements(self) -> Iterator[Statement]:
        """Yield all that it holds above the base: the chain, then orphans, then what waits."""
        yield from self._chain_after(self.base.position.seq)
        yield from self.orphans
        yield from self.waiting

    def until(self, seq: int, epoch_min: int = 0) -> "Lane":
        """Return the lane as if nothing had been said past a seq of its chain, nor proved of epochs below `epoch_min`.

        The algebra never forgets; which statements were none, and which proofs are pardoned, others decide.
        """
        kept = Lane(self.base)
        for statement in self._chain_after(self.base.position.seq):
            if statement.position.seq > seq:
                break
            kept.append(*statement.position, statement.id, statement.prev)
        for fork in self.forks:
            if fork.position.seq <= seq and fork.position.epoch >= epoch_min:
                kept.prove(fork)
        return kept

    def merge(self, other: "Lane") -> "Lane":
        """Return the lane of all statements and proofs of two lanes that stand on one base.

        The laws hold as long as what waits finds room.
        """
        assert self.base == other.base
        merged = Lane(self.base)
        for fork in (*self.forks, *other.forks):
            merged.prove(fork)
        for statement in sorted({*self.statements(), *other.statements()}, key=_rank):
            merged.add(statement)
        return merged

    def __eq__(self, other: object) -> bool:
        """Tell whether both hold the same statements and proofs above the same base."""
        if not isinstance(other, Lane):
            return NotImplemented
        return all(getattr(self, part) == getattr(other, part) for part in Lane.__slots__)

    __hash__ = None  # type: ignore[assignment]  # a lane changes

    def _chain_after(self, seq: int) -> Iterator[Statement]:
        prev = self.id_at(seq)
        for position, statement_id in self._chain.after(seq):
            yield Statement(Position(*position), statement_id, prev)
            prev = statement_id

    def _extend(self, position: Position, statement_id: bytes) -> None:
        self._chain.append(position.epoch, statement_id)
        self.head = Head(position, statement_id)

    def _chain_epoch(self, seq: int) -> int | None:
        return self.base.position.epoch if seq == self.base.position.seq else self._chain.epoch_at(seq)

    def _epoch_of(self, seq: int, statement_id: bytes | None) -> int | None:
        """Return the epoch of the linked statement with this id at this seq, None where there is none."""
        epoch = self._chain_epoch(seq)
        if epoch is not None and self.id_at(seq) == statement_id:
            return epoch
        aside = self._aside.get(seq, {}).get(statement_id)
        return aside.position.epoch if aside else None

    def _may_follow(self, statement: Statement) -> bool:
        """Tell whether its prev is linked, one seq before it and in no later epoch."""
        epoch = self._epoch_of(statement.position.seq - 1, statement.prev)
        return epoch is not None and epoch <= statement.position.epoch

    def _holds(self, statement: Statement) -> bool:
        waits = statement.id in self._waiting.get(statement.prev, {})
        return waits or self._epoch_of(statement.position.seq, statement.id) is not None

    def _link(self, first: Statement) -> Linked:
        """Link a statement and all that waited for it, and let the greatest of all be the head."""
        proved = self.forks
        linked: list[Statement] = []
        ready = [first]
        while ready:
            statement = ready.pop()
            linked.append(statement)
            self._compare(statement)
            self._aside.setdefault(statement.position.seq, {})[statement.id] = statement
            followers = [s for s in self._waiting.get(statement.id, {}).values() if self._may_follow(s)]
            for follower in followers:
                self._stop_waiting(follower)
            ready += followers
        linked.sort(key=_rank)
        orphaned = self._follow(linked[-1]) if _rank(linked[-1]) > self.head else ()
        return Linked(tuple(linked), orphaned, tuple(fork for fork in self.forks if fork not in proved))

    def _compare(self, statement: Statement) -> None:
        """Keep the proof if another linked statement stands at this position."""
        other = self.at(statement.position)
        if other is None:
            aside = self._aside.get(statement.position.seq, {}).values()
            other = next((s.id for s in aside if s.position == statement.position), None)
        if other is not None:
            self.prove(Fork(statement.position, (other, statement.id)))

    def _follow(self, tip: Statement) -> tuple[Statement, ...]:
        """Make the past of the tip the chain; return what leaves the chain."""
        branch: list[Statement] = []
        link: Statement | None = tip
        while link is not None:
            branch.append(link)
            _take(self._aside, link.position.seq, link.id)
            link = self._aside.get(link.position.seq - 1, {}).get(link.prev)
        kept_seq = branch[-1].position.seq - 1
        orphaned = tuple(self._chain_after(kept_seq))
        for statement in orphaned:
            self._aside.setdefault(statement.position.seq, {})[statement.id] = statement
        self._chain.cut(kept_seq + 1)
        for statement in reversed(branch):
            self._extend(statement.position, statement.id)
        return orphaned

    def _wait(self, statement: Statement) -> StatementWaiting | Unchanged:
        """Let a statement wait; where too many do, the farthest from the head has to go."""
        self._waiting.setdefault(statement.prev, {})[statement.id] = statement
        insort(self._queue, statement, key=_place)
        if len(self._queue) <= GAP_STATEMENTS_MAX:
            return StatementWaiting()
        lowest, highest, head_seq = self._queue[0], self._queue[-1], self.head.position.seq
        farthest = highest if _seq(highest) - head_seq >= head_seq - _seq(lowest) else lowest
        self._stop_waiting(farthest)
        return Unchanged.TOO_FAR if farthest is statement else StatementWaiting(farthest)

    def _stop_waiting(self, statement: Statement) -> None:
        _take(self._waiting, statement.prev, statement.id)
        del self._queue[bisect_left(self._queue, _place(statement), key=_place)]


def _rank(statement: Statement) -> Head:
    return Head(statement.position, statement.id)


def _seq(statement: Statement) -> int:
    return statement.position.seq


def _place(statement: Statement) -> tuple[int, Head]:
    return statement.position.seq, _rank(statement)


def _take(shelves: dict[_Key, dict[bytes | None, Statement]], key: _Key, statement_id: bytes) -> None:
    del shelves[key][statement_id]
    if not shelves[key]:
        del shelves[key]
