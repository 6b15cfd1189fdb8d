# SPDX-License-Identifier: AGPL-3.0-or-later
"""Counters of several writers: nothing counted is lost, and a bound holds however long they are apart."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crdt.counter import BoundedCounter, CounterRefusal, GrowOnlyCounter
from crdt.lattice import at_least

ANA, BIA, CAIO = b"ana", b"bia", b"caio"
WRITERS: tuple[bytes, ...] = (ANA, BIA, CAIO)
WRITER = st.sampled_from(WRITERS)
AMOUNT = st.integers(1, 20)

GROW_ONLY = st.builds(GrowOnlyCounter, st.dictionaries(WRITER, AMOUNT))
BOUNDED = st.builds(
    BoundedCounter,
    st.dictionaries(WRITER, AMOUNT),
    st.dictionaries(st.tuples(WRITER, WRITER), AMOUNT),
    st.dictionaries(WRITER, AMOUNT),
)


def took(outcome: BoundedCounter | CounterRefusal) -> BoundedCounter:
    assert isinstance(outcome, BoundedCounter), outcome
    return outcome


# The grow-only counter.


def test_what_two_count_apart_is_counted_once_when_they_meet() -> None:
    ana = GrowOnlyCounter().add(ANA, 3).add(ANA, 4)
    bia = GrowOnlyCounter().add(BIA, 5)
    met = ana.merge(bia)
    assert met.value == 12
    assert met.merge(bia).merge(ana).value == 12
    assert met.slots == {ANA: 7, BIA: 5}


def test_an_older_copy_takes_nothing_back() -> None:
    older = GrowOnlyCounter().add(ANA, 3)
    assert older.add(ANA, 1).merge(older).value == 4


@given(GROW_ONLY, GROW_ONLY, GROW_ONLY)
def test_grow_only_counters_merge_by_the_laws(
    laws: Callable[..., None], a: GrowOnlyCounter, b: GrowOnlyCounter, c: GrowOnlyCounter
) -> None:
    laws(a, b, c)


@given(GROW_ONLY, WRITER, AMOUNT)
def test_counting_leads_upwards(counter: GrowOnlyCounter, writer: bytes, amount: int) -> None:
    after = counter.add(writer, amount)
    assert at_least(after, counter) and not at_least(counter, after)
    assert after.value == counter.value + amount


# The bounded counter.


def test_rights_are_made_by_counting_up_and_used_by_counting_down() -> None:
    vouchers = took(BoundedCounter().increment(ANA, 10))
    vouchers = took(vouchers.decrement(ANA, 4))
    assert (vouchers.value, vouchers.rights(ANA)) == (6, 6)
    assert vouchers.decrement(ANA, 7) == CounterRefusal.RIGHTS_EXCEEDED
    assert took(vouchers.decrement(ANA, 6)).value == 0


def test_who_owns_no_rights_counts_nothing_down_and_hands_nothing_on() -> None:
    vouchers = took(BoundedCounter().increment(ANA, 10))
    assert vouchers.decrement(BIA, 1) == CounterRefusal.RIGHTS_EXCEEDED
    assert vouchers.transfer(BIA, CAIO, 1) == CounterRefusal.RIGHTS_EXCEEDED
    assert vouchers.transfer(ANA, BIA, 11) == CounterRefusal.RIGHTS_EXCEEDED


def test_rights_handed_on_are_the_takers_alone() -> None:
    vouchers = took(took(BoundedCounter().increment(ANA, 10)).transfer(ANA, BIA, 6))
    assert [vouchers.rights(writer) for writer in WRITERS] == [4, 6, 0]
    assert vouchers.value == 10
    vouchers = took(vouchers.transfer(BIA, CAIO, 5))
    assert vouchers.decrement(BIA, 2) == CounterRefusal.RIGHTS_EXCEEDED
    assert took(vouchers.decrement(CAIO, 5)).value == 5


def test_handing_rights_to_oneself_makes_none() -> None:
    vouchers = took(BoundedCounter().increment(ANA, 10))
    assert took(vouchers.transfer(ANA, ANA, 10)).rights(ANA) == 10


def test_amounts_are_above_zero() -> None:
    vouchers = took(BoundedCounter().increment(ANA, 10))
    for amount in (0, -1):
        assert vouchers.increment(ANA, amount) == CounterRefusal.AMOUNT_NOT_POSITIVE
        assert vouchers.decrement(ANA, amount) == CounterRefusal.AMOUNT_NOT_POSITIVE
        assert vouchers.transfer(ANA, BIA, amount) == CounterRefusal.AMOUNT_NOT_POSITIVE


@given(BOUNDED, BOUNDED, BOUNDED)
def test_bounded_counters_merge_by_the_laws(
    laws: Callable[..., None], a: BoundedCounter, b: BoundedCounter, c: BoundedCounter
) -> None:
    laws(a, b, c)


@dataclass
class Heard:
    """What happened in truth, to hold against what each replica believes."""

    raised: int = 0
    consumed: int = 0
    states: list[BoundedCounter] = field(default_factory=list)


class ApartForLong(RuleBasedStateMachine):
    """Three writers, each with a replica of its own, and old copies of any of them that arrive at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.replicas: dict[bytes, BoundedCounter] = dict.fromkeys(WRITERS, BoundedCounter())
        self.heard = Heard()

    def write(self, writer: bytes, outcome: BoundedCounter | CounterRefusal) -> bool:
        if isinstance(outcome, CounterRefusal):
            return False
        assert at_least(outcome, self.replicas[writer]) and not at_least(self.replicas[writer], outcome)
        self.heard.states.append(outcome)
        self.replicas[writer] = outcome
        return True

    @rule(writer=WRITER, amount=AMOUNT)
    def count_up(self, writer: bytes, amount: int) -> None:
        assert self.write(writer, self.replicas[writer].increment(writer, amount))
        self.heard.raised += amount

    @rule(writer=WRITER, amount=AMOUNT)
    def count_down(self, writer: bytes, amount: int) -> None:
        if self.write(writer, self.replicas[writer].decrement(writer, amount)):
            self.heard.consumed += amount

    @rule(giver=WRITER, taker=WRITER, amount=AMOUNT)
    def hand_on(self, giver: bytes, taker: bytes, amount: int) -> None:
        self.write(giver, self.replicas[giver].transfer(giver, taker, amount))

    @precondition(lambda self: self.heard.states)
    @rule(reader=WRITER, data=st.data())
    def some_old_copy_arrives(self, reader: bytes, data: st.DataObject) -> None:
        copy = data.draw(st.sampled_from(self.heard.states))
        self.replicas[reader] = self.replicas[reader].merge(copy)

    @invariant()
    def the_bound_holds_in_truth_and_for_every_reader(self) -> None:
        assert self.heard.consumed <= self.heard.raised
        for writer, replica in self.replicas.items():
            assert replica.value >= 0 and replica.rights(writer) >= 0
            assert replica.value == sum(replica.rights(one) for one in WRITERS)

    def teardown(self) -> None:
        ana, bia, caio = self.replicas.values()
        met = ana.merge(bia).merge(caio)
        assert met.value == self.heard.raised - self.heard.consumed
        for writer, replica in self.replicas.items():
            assert met.rights(writer) >= replica.rights(writer), "others can only add to what one owns"


TestApartForLong = ApartForLong.TestCase
