# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rights to issue: what a reserve backs beyond what is outstanding, each right owned by one writer.

A deposit creates rights, issuing and paying state money out consume the writer's own, a redemption brings them back,
and they are sent from one writer to another. So what all hold together is what is backed less what is outstanding, in
every view in which each step stands behind those that it rests on, whoever is out of reach of whom. A writer that is
out of reach numbers its steps and chains them: two at one place are a fork, and end it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from typing import Self

from crdt.counter import BoundedCounter, CounterRefusal


class StepKind(StrEnum):
    """What a step does with rights."""

    CREATE = "create"
    """A deposit has come: the writer's own grow."""
    ISSUE = "issue"
    """There is more of the currency."""
    PAY = "pay"
    """State money has left the reserve."""
    SEND = "send"
    """They are another writer's from here on."""
    RETURN = "return"
    """Less of the currency is outstanding: the rights of whoever paid for that come back."""


@dataclass(frozen=True, slots=True)
class RightsStep:
    """What one writer does with rights, at its next place: `prev` is the id of its step before, empty for none.

    `to` is who gets them: whoever they are sent to, or return to. `redemption` names what was redeemed, which returns
    rights once.
    """

    writer: bytes
    place: int
    prev: bytes
    id: bytes
    kind: StepKind
    amount: int
    to: bytes | None = None
    redemption: bytes | None = None


class StepVerdict(StrEnum):
    """What becomes of a step that comes from elsewhere."""

    NEXT = "next"
    KNOWN = "known"
    GAP = "gap"
    FORKED = "forked"
    FROZEN = "frozen"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class Rights:
    """Who holds how many rights, and how far each writer has come; it never changes."""

    counted: BoundedCounter = field(default_factory=BoundedCounter)
    newest: Mapping[bytes, tuple[int, bytes]] = field(default_factory=dict[bytes, tuple[int, bytes]])
    """The place and the id of each writer's newest step."""
    frozen: frozenset[bytes] = frozenset()
    """Who has forked: what it holds is nobody's any more."""

    def held(self, writer: bytes) -> int:
        """Return how many rights a writer holds; of itself it knows the exact number."""
        return self.counted.rights(writer)

    @property
    def total(self) -> int:
        """Return how many all hold together, those of who is frozen too."""
        return self.counted.value

    def judge(self, step: RightsStep, stood: bytes | None = None) -> StepVerdict:
        """Tell what becomes of a step; `stood` is the id of what stands at its place, None where nothing is known."""
        place, head = self.newest.get(step.writer, (0, b""))
        if step.place <= place:
            return StepVerdict.KNOWN if step.id == (head if step.place == place else stood) else StepVerdict.FORKED
        if step.writer in self.frozen:
            return StepVerdict.FROZEN
        if step.place > place + 1:
            return StepVerdict.GAP
        if step.prev != head:
            return StepVerdict.FORKED
        spends = step.kind in (StepKind.ISSUE, StepKind.PAY, StepKind.SEND)
        return StepVerdict.EXHAUSTED if spends and step.amount > self.held(step.writer) else StepVerdict.NEXT

    def take(self, step: RightsStep) -> Self:
        """Return the rights after a step that was judged to be the next."""
        assert self.judge(step) is StepVerdict.NEXT, step
        match step.kind:
            case StepKind.CREATE:
                after = self.create(step.writer, step.amount)
            case StepKind.ISSUE | StepKind.PAY:
                after = self.spend(step.writer, step.amount)
            case StepKind.SEND:
                assert step.to is not None
                after = self.send(step.writer, step.to, step.amount)
            case StepKind.RETURN:
                assert step.to is not None
                after = self.create(step.to, step.amount)
        return after.pass_by(step)

    def pass_by(self, step: RightsStep) -> Self:
        """Return them with a step at its place that does nothing: what it redeems returned rights before."""
        return replace(self, newest={**self.newest, step.writer: (step.place, step.id)})

    def create(self, writer: bytes, amount: int) -> Self:
        """Return them with so many more of a writer's: a deposit, or what a redemption returns."""
        return self._counting(self.counted.increment(writer, amount)) if amount else self

    def spend(self, writer: bytes, amount: int) -> Self:
        """Return them with so many less of a writer's, which holds as many."""
        return self._counting(self.counted.decrement(writer, amount)) if amount else self

    def send(self, giver: bytes, taker: bytes, amount: int) -> Self:
        """Return them with so many of a writer's, which holds as many, in another's hands."""
        return self._counting(self.counted.transfer(giver, taker, amount))

    def freeze(self, writer: bytes) -> Self:
        """Return them with a writer that has forked: it takes no further step."""
        return replace(self, frozen=self.frozen | {writer})

    def _counting(self, counted: BoundedCounter | CounterRefusal) -> Self:
        assert isinstance(counted, BoundedCounter), counted
        return replace(self, counted=counted)


def counted_of(steps: Iterable[RightsStep]) -> tuple[Rights, tuple[RightsStep, ...]]:
    """Return the rights that follow from a set of steps, in whatever order they came, and which of them count.

    That is its causally closed part: a step counts once all before it of its writer do, and the rights that it spends
    are there. Of two at one place the one with the lesser id counts, and then none any more of that writer. What one
    redemption returns counts once.
    """
    rights, redeemed, taken = Rights(), set[bytes](), list[RightsStep]()
    waiting = sorted(set(steps), key=lambda one: (one.place, one.writer, one.id))
    forked = {(one.writer, one.place) for one, after in pairwise(waiting) if _same_place(one, after)}
    while True:
        left: list[RightsStep] = []
        for step in waiting:
            verdict = rights.judge(step)
            if verdict in (StepVerdict.GAP, StepVerdict.EXHAUSTED):
                left.append(step)
            elif verdict is StepVerdict.NEXT:
                again = step.kind is StepKind.RETURN and step.redemption in redeemed
                rights = rights.pass_by(step) if again else rights.take(step)
                taken.append(step)
                if step.redemption is not None and step.kind is StepKind.RETURN:
                    redeemed.add(step.redemption)
                if (step.writer, step.place) in forked:
                    rights = rights.freeze(step.writer)
        if len(left) == len(waiting):
            return rights, tuple(taken)
        waiting = left


def rights_of(steps: Iterable[RightsStep]) -> Rights:
    """Return the rights that follow from a set of steps."""
    return counted_of(steps)[0]


def _same_place(one: RightsStep, other: RightsStep) -> bool:
    return (one.writer, one.place) == (other.writer, other.place)
