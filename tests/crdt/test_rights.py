# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rights to issue hold in every view: with four writers apart, old copies put back, and one kiosk that signs twice."""

import random
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import permutations
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.rights import Rights, RightsStep, StepKind, StepVerdict, counted_of, rights_of

KEEPER, KIOSKS = b"keeper", (b"a", b"b", b"c")
WRITERS = (KEEPER, *KIOSKS)
DISHONEST = b"c"
STEPS = 140
LIES = [0.2]
"""How often the dishonest one lies, of each way to do so."""
SPENDS = (StepKind.ISSUE, StepKind.PAY, StepKind.SEND)


def amounts(steps: Iterable[RightsStep], kind: StepKind) -> int:
    return sum(one.amount for one in steps if one.kind is kind)


def backed(steps: Iterable[RightsStep]) -> int:
    """Return what a reserve backs by these steps, reckoned without any rights."""
    return amounts(steps, StepKind.CREATE) - amounts(steps, StepKind.PAY)


def outstanding(steps: Iterable[RightsStep]) -> int:
    """Return what is out by these steps: whatever was redeemed is given back once."""
    given_back = {one.redemption: one.amount for one in steps if one.kind is StepKind.RETURN}
    return amounts(steps, StepKind.ISSUE) - sum(given_back.values())


class Broken(AssertionError):
    """More is out in a view than is backed."""


@dataclass
class Weather:
    """Four writers, what each has seen, who reaches whom, and what the dishonest one has kept of old copies."""

    seed: int
    seen: dict[bytes, set[RightsStep]] = field(default_factory=lambda: {one: set() for one in WRITERS})
    parts: list[tuple[bytes, ...]] = field(default_factory=lambda: [WRITERS])
    copies: list[tuple[bytes, set[RightsStep]]] = field(default_factory=list)
    drawn: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def play(self, steps: int = STEPS) -> "Weather":
        for _ in range(steps):
            self.chance.choice((self.deposit, self.spend, self.spend, self.spend, self.give_back, self.meet, self.meet,
                                self.part, self.keep, self.put_back))()  # fmt: skip
        self.parts = [WRITERS]
        for _ in range(2):
            for one in WRITERS:
                for other in WRITERS:
                    self.tell(one, other)
        assert len({frozenset(seen) for seen in self.seen.values()}) == 1, "all have seen all"
        return self

    def step(self, writer: bytes, kind: StepKind, amount: int, to: bytes | None, redemption: bytes | None) -> bool:
        """Let a writer say what its own view allows; the dishonest one says it anyway."""
        if writer == DISHONEST and self.chance.random() < LIES[0]:
            # It goes on as if its newest step had not been.
            own = [one for one in self.seen[writer] if one.writer == writer]
            self.seen[writer] -= {one for one in own if one.place == max(each.place for each in own)}
        rights = rights_of(self.seen[writer])
        place, head = rights.newest.get(writer, (0, b""))
        self.drawn += 1
        found = RightsStep(writer, place + 1, head, b"%06d" % self.drawn, kind, amount, to, redemption)
        lies = writer == DISHONEST and self.chance.random() < LIES[0]
        if not self.may(rights, found) and not lies:
            return False
        self.seen[writer].add(found)
        self.look(writer)
        return True

    def may(self, rights: Rights, found: RightsStep) -> bool:
        """Tell whether an honest writer says this, by what it sees."""
        return rights.judge(found) is StepVerdict.NEXT

    def deposit(self) -> None:
        self.step(KEEPER, StepKind.CREATE, self.chance.randint(1, 40), None, None)

    def spend(self) -> None:
        writer, kind = self.chance.choice(WRITERS), self.chance.choice(SPENDS)
        to = self.chance.choice([one for one in WRITERS if one != writer]) if kind is StepKind.SEND else None
        # A slip may be shown at two kiosks: there are few names.
        redemption = b"slip-%d" % self.chance.randrange(12) if kind is StepKind.PAY else None
        held = rights_of(self.seen[writer]).held(writer)
        amount = self.chance.choice((held, held + 1, self.chance.randint(1, 30)))
        if amount > 0:
            self.step(writer, kind, amount, to, redemption)

    def give_back(self) -> None:
        """Let the keeper book what was paid for at a kiosk that it has heard of, as often as it is brought."""
        _, counted = counted_of(self.seen[KEEPER])
        paid = [one for one in counted if one.kind is StepKind.PAY]
        first = {one.redemption: one for one in reversed(paid)}
        if paid and outstanding(counted) >= (one := self.chance.choice(paid)).amount:
            amount = first[one.redemption].amount
            self.step(KEEPER, StepKind.RETURN, amount, one.writer, one.redemption)

    def meet(self) -> None:
        part = self.chance.choice(self.parts)
        self.tell(self.chance.choice(part), self.chance.choice(part))

    def tell(self, one: bytes, other: bytes) -> None:
        self.seen[other] |= self.seen[one]
        self.look(other)

    def part(self) -> None:
        order = list(WRITERS)
        self.chance.shuffle(order)
        cut = self.chance.randint(1, 4)
        self.parts = [one for one in (tuple(order[:cut]), tuple(order[cut:])) if one]

    def keep(self) -> None:
        """Copy what a writer has."""
        writer = self.chance.choice(WRITERS)
        self.copies.append((writer, set(self.seen[writer])))

    def put_back(self) -> None:
        """Put an old copy in a writer's place: an honest one keeps its own steps, which it made durable."""
        if self.copies:
            writer, copy = self.chance.choice(self.copies)
            own = {one for one in self.seen[writer] if one.writer == writer and writer != DISHONEST}
            rests_on = self.seen[writer] if own else set[RightsStep]()
            self.seen[writer] = copy | own | {one for one in rests_on if one.kind is StepKind.SEND}
            self.look(writer)

    def look(self, writer: bytes) -> None:
        """See that no more is out than is backed in this view."""
        _, counted = counted_of(self.seen[writer])
        # Below zero it may be: what was given back can come from a branch of a fork that does not count.
        if outstanding(counted) > backed(counted):
            raise Broken(f"seed {self.seed}: {outstanding(counted)} out, {backed(counted)} backed")


@pytest.mark.parametrize("seed", range(12))
def test_no_more_is_out_than_is_backed_in_every_view(seed: int) -> None:
    weather = Weather(seed).play()
    _, counted = counted_of(weather.seen[KEEPER])
    assert outstanding(counted) <= backed(counted)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_no_more_is_out_in_a_thousand_weathers() -> None:
    for seed in range(1_000, 2_000):
        Weather(seed).play()


def test_weathers_hold_what_they_are_for() -> None:
    """Every kind of step, forks that freeze, what is exhausted when it arrives, redemptions that came twice."""
    kinds, frozen, dropped, twice = set[StepKind](), 0, 0, 0
    for seed in range(8):
        steps = Weather(seed).play().seen[KEEPER]
        rights, counted = counted_of(steps)
        kinds |= {one.kind for one in counted}
        frozen += bool(rights.frozen)
        dropped += len(steps) - len(counted)
        returned = [one.redemption for one in counted if one.kind is StepKind.RETURN]
        twice += len(returned) - len(set(returned))
    assert kinds == set(StepKind)
    assert frozen and dropped and twice


def test_a_fork_loses_no_more_than_the_writer_held() -> None:
    """All that a forked kiosk has told anybody, both branches of it, beyond what is backed: at most what it held."""
    for seed in range(12):
        steps = Weather(seed).play().seen[KEEPER]
        rights, counted = counted_of(steps)
        # What all have heard of it beyond what counts is what it has signed twice, or without rights.
        forks = [(one, other) for one in steps for other in steps if one != other and one.writer == other.writer
                 and one.place == other.place]  # fmt: skip
        assert {one.writer for one, _ in forks} <= {DISHONEST}
        assert rights.frozen == {one.writer for one, other in forks if one in counted or other in counted}
        assert all(rights.held(writer) >= 0 for writer in WRITERS)


@given(st.integers(0, 200), st.randoms())
@settings(max_examples=25, deadline=None)
def test_what_follows_from_steps_does_not_depend_on_their_order(seed: int, order: random.Random) -> None:
    steps = list(Weather(seed).play(60).seen[KEEPER])
    expected = rights_of(steps)
    order.shuffle(steps)
    assert rights_of(steps) == rights_of(steps + steps[:10]) == expected


# Broken variants, which the weathers have to catch.


def check_the_total_that_i_can_see(self: Weather, rights: Rights, found: RightsStep) -> bool:
    """Let a writer issue what all together could: no reader refuses what another has taken."""
    del self
    return found.kind not in SPENDS or found.amount <= rights.total


def take_whatever_comes(self: Rights, step: RightsStep, stood: bytes | None = None) -> StepVerdict:
    found = JUDGE(self, step, stood)
    return StepVerdict.NEXT if found is StepVerdict.EXHAUSTED else found


def lend(self: Rights, writer: bytes, amount: int) -> Rights:
    """Spend without asking whether there is as much: what goes with a check of the total."""
    consumed = {**self.counted.consumed, writer: self.counted.consumed.get(writer, 0) + amount}
    return replace(self, counted=replace(self.counted, consumed=consumed)) if amount else self


def hand(self: Rights, giver: bytes, taker: bytes, amount: int) -> Rights:
    """Send without asking whether there is as much."""
    handed = {**self.counted.handed, (giver, taker): self.counted.handed.get((giver, taker), 0) + amount}
    return replace(self, counted=replace(self.counted, handed=handed))


def rights_from_nowhere(self: Rights, giver: bytes, taker: bytes, amount: int) -> Rights:
    del giver
    return self.create(taker, amount)


def redeem_twice(self: Rights, step: RightsStep) -> Rights:
    return (
        PASS_BY(self.create(step.to or b"", step.amount), step) if step.kind is StepKind.RETURN else PASS_BY(self, step)
    )


JUDGE, PASS_BY = Rights.judge, Rights.pass_by
MUTANTS: dict[str, Callable[[], list[AbstractContextManager[object]]]] = {
    "check the total that I can see": lambda: [
        # With honest writers alone: no reader could tell a lie from what a total allows.
        patch.object(sys.modules[__name__], "LIES", [0.0]),
        patch.object(Weather, "may", check_the_total_that_i_can_see),
        patch.object(Rights, "judge", take_whatever_comes),
        patch.object(Rights, "spend", lend),
        patch.object(Rights, "send", hand),
    ],
    "redeem twice": lambda: [
        patch.object(Rights, "pass_by", redeem_twice),
        patch.object(Rights, "take", take_once),
    ],
    "rights from nowhere": lambda: [patch.object(Rights, "send", rights_from_nowhere)],
}


def take_once(self: Rights, step: RightsStep) -> Rights:
    """Take a step, whose own return is counted by `redeem_twice` alone."""
    match step.kind:
        case StepKind.CREATE:
            after = self.create(step.writer, step.amount)
        case StepKind.ISSUE | StepKind.PAY:
            after = self.spend(step.writer, step.amount)
        case StepKind.SEND:
            after = self.send(step.writer, step.to or b"", step.amount)
        case StepKind.RETURN:
            return redeem_twice(self, step)
    return PASS_BY(after, step)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_variant_dies(name: str) -> None:
    patches = MUTANTS[name]()
    for one in patches:
        one.__enter__()
    try:
        for seed in range(40):
            try:
                Weather(seed).play()
            except Broken:
                return
        raise AssertionError(f"{name} lives through 40 weathers")
    finally:
        for one in reversed(patches):
            one.__exit__(None, None, None)


# By hand.


def step(writer: bytes, place: int, kind: StepKind, amount: int, to: bytes | None = None) -> RightsStep:
    before = b"" if place == 1 else b"%b-%d" % (writer, place - 1)
    return RightsStep(writer, place, before, b"%b-%d" % (writer, place), kind, amount, to)


def test_rights_are_one_writers_and_go_on_by_being_sent() -> None:
    steps = (
        step(KEEPER, 1, StepKind.CREATE, 1_500),
        step(KEEPER, 2, StepKind.SEND, 900, b"a"),
        step(KEEPER, 3, StepKind.SEND, 600, b"b"),
        step(b"a", 1, StepKind.ISSUE, 900),
        step(b"b", 1, StepKind.ISSUE, 600),
    )
    for order in permutations(steps):
        assert rights_of(order).total == 0
    rights = rights_of(steps[:3])
    assert [rights.held(one) for one in WRITERS] == [0, 900, 600, 0]
    assert rights.judge(replace(steps[3], amount=1_000)) is StepVerdict.EXHAUSTED
    assert rights.judge(replace(steps[3], place=2)) is StepVerdict.GAP
    assert rights.judge(replace(steps[3], prev=b"other")) is StepVerdict.FORKED
    after = rights.take(steps[3])
    assert after.judge(steps[3]) is StepVerdict.KNOWN
    assert after.judge(replace(steps[3], id=b"other")) is StepVerdict.FORKED
    assert after.freeze(b"a").judge(step(b"a", 2, StepKind.ISSUE, 1)) is StepVerdict.FROZEN


def test_a_step_waits_for_the_rights_that_it_spends() -> None:
    sent, spent = step(KEEPER, 2, StepKind.SEND, 5, b"a"), step(b"a", 1, StepKind.ISSUE, 5)
    created = step(KEEPER, 1, StepKind.CREATE, 5)
    assert counted_of((spent, sent)) == (Rights(), ())
    assert len(counted_of((spent, sent, created))[1]) == 3
