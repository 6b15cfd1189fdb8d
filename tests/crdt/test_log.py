# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lanes: what one author said, whatever the order of its coming; keys that change, and authors who fork."""

import tracemalloc
from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import pairwise, permutations
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crdt import log
from crdt.lattice import at_least
from crdt.log import (
    BEGINNING,
    FORKS_KEPT_MAX,
    GAP_STATEMENTS_MAX,
    Fork,
    Gap,
    Head,
    Lane,
    Linked,
    Position,
    Statement,
    StatementWaiting,
    Unchanged,
)


def say(word: str, after: Statement | None = None, *, epoch: int | None = None) -> Statement:
    """Return the statement that an honest author writes after another, in the same epoch or a new one."""
    if epoch is None:
        epoch = after.position.epoch if after else 0
    seq = after.position.seq + 1 if after else 0
    return Statement(Position(epoch, seq), sha256(word.encode()).digest(), after.id if after else None)


def talk(words: str, after: Statement | None = None, *, epoch: int | None = None) -> list[Statement]:
    """Return a chain of statements, one for each word."""
    said: list[Statement] = []
    for word in words.split():
        said.append(say(word, said[-1] if said else after, epoch=epoch))
    return said


def long_talk(count: int, after: Statement | None = None) -> list[Statement]:
    return talk(" ".join(f"{after.id.hex() if after else ''}{n}" for n in range(count)), after)


def lane_of(*statements: Statement) -> Lane:
    lane = Lane()
    for statement in statements:
        lane.add(statement)
    return lane


def chain_of(lane: Lane) -> list[Statement]:
    """Return the past of the head, oldest first, found from outside."""
    by_id = {statement.id: statement for statement in lane.statements()}
    chain: list[Statement] = []
    at = lane.head.id
    while at is not None and at != lane.base.id:
        chain.append(by_id[at])
        at = by_id[at].prev
    return chain[::-1]


def proof(a: Statement, b: Statement) -> Fork:
    assert a.position == b.position
    low, high = sorted((a.id, b.id))
    return Fork(a.position, (low, high))


# An honest author.


def test_statements_that_come_in_order_are_linked_one_by_one() -> None:
    lane = Lane()
    assert lane.head == BEGINNING
    for statement in talk("one two three"):
        assert lane.add(statement) == Linked((statement,))
        assert lane.head == Head(statement.position, statement.id)
    assert lane.gaps() == [] and lane.orphans == () and not lane.frozen


def test_a_statement_waits_for_its_past_and_is_then_linked_with_it_in_order() -> None:
    s = talk("zero one two three four five six")
    lane = lane_of(s[0])
    assert lane.add(s[3]) == StatementWaiting()
    assert lane.add(s[6]) == StatementWaiting()
    assert lane.add(s[4]) == StatementWaiting()
    assert lane.waiting == (s[3], s[4], s[6])
    assert lane.gaps() == [Gap(1, 2), Gap(5, 5)]
    assert lane.add(s[2]) == StatementWaiting()
    assert lane.add(s[1]) == Linked((s[1], s[2], s[3], s[4]))
    assert lane.head.id == s[4].id
    assert lane.gaps() == [Gap(5, 5)]


def test_only_the_next_of_the_chain_is_appended_and_then_the_lane_is_as_if_it_were_added() -> None:
    one, two, three = talk("one two three")
    lane, added = Lane(), Lane()
    assert not lane.append(*two.position, two.id, two.prev)
    for statement in (one, two):
        added.add(statement)
        assert lane.append(*statement.position, statement.id, statement.prev)
        assert not lane.append(*statement.position, statement.id, statement.prev)
    assert lane == added
    lane.add(talk("four", three)[0])
    assert not lane.append(0, 3, three.id, two.id), "not the place after the head"
    assert not lane.append(*three.position, three.id, two.id), "another waits for it"


def test_a_statement_that_comes_again_changes_nothing() -> None:
    s = talk("zero one two three four")
    orphan = say("said with the old key", s[0])
    new_key = say("said with the new key", s[0], epoch=1)
    lane = lane_of(s[0], orphan, new_key, s[4])
    before = lane.merge(lane)
    for statement in (s[0], new_key, orphan, s[4]):
        assert lane.add(statement) == Unchanged.KNOWN
    assert lane == before


def test_the_first_statement_alone_has_no_prev() -> None:
    lane = Lane()
    assert lane.add(Statement(Position(0, 0), b"a", b"b")) == Unchanged.MISPLACED
    assert lane.add(Statement(Position(0, 1), b"a", None)) == Unchanged.MISPLACED
    assert lane == Lane()


def test_a_statement_that_does_not_follow_its_prev_is_never_linked() -> None:
    s = talk("zero one two", epoch=3)
    seq_skipped = Statement(Position(3, 3), b"skipped", s[1].id)
    epoch_lowered = Statement(Position(2, 2), b"lowered", s[1].id)
    lanes = [lane_of(*order) for order in permutations((*s, seq_skipped, epoch_lowered))]
    assert all(lane == lanes[0] for lane in lanes)
    assert lanes[0].waiting == (epoch_lowered, seq_skipped)
    assert lanes[0].head.id == s[2].id
    assert lane_of(*s, epoch_lowered).gaps() == [], "its prev is here"


def test_lanes_that_hold_different_things_are_not_equal() -> None:
    s = talk("zero one two")
    assert lane_of(*s) != lane_of(*s[:2]) != lane_of(s[0], s[2])
    assert Lane(Head(s[0].position, s[0].id)) != lane_of(s[0])
    assert lane_of(*s) == lane_of(*reversed(s)) != s


# Keys change, backups come back.


def test_a_new_epoch_orphans_what_the_old_one_said_past_it_and_that_is_no_fork() -> None:
    old = talk("zero one two three")
    new = talk("renewed again", old[1], epoch=1)
    lane = lane_of(*old)
    assert lane.add(new[0]) == Linked((new[0],), orphaned=(old[2], old[3]))
    assert lane.add(new[1]) == Linked((new[1],))
    assert chain_of(lane) == [*old[:2], *new]
    assert lane.orphans == (old[2], old[3])
    assert lane.forks == () and not lane.frozen


def test_stragglers_of_the_old_epoch_are_orphans_when_they_come() -> None:
    old = talk("zero one two three")
    new = talk("renewed again", old[1], epoch=1)
    lane = lane_of(*old[:2], *new)
    assert lane.add(old[2]) == Linked((old[2],))
    assert lane.head.id == new[1].id and lane.orphans == (old[2],)


def test_whoever_holds_a_stolen_key_of_an_older_epoch_cannot_turn_the_lane() -> None:
    first = talk("zero one")
    second = talk("two three", first[-1], epoch=2)
    thief = talk("mine all of it is mine as you see", first[0], epoch=1)
    for order in ((*first, *second, *thief), (*thief, *second, *first)):
        lane = lane_of(*order)
        assert lane.head.id == second[-1].id
        assert lane.orphans == tuple(thief)
        assert not lane.frozen


def test_a_branch_that_leaves_the_chain_far_below_the_head_is_asked_for_backwards_in_growing_steps() -> None:
    old = long_talk(1_000)
    new = [say("renewed", old[909], epoch=1)]
    new += long_talk(60, new[0])
    lane = lane_of(*old)
    lane.add(new[60])  # at 970, and the head is at 999
    rounds = wanted = 0
    while gaps := lane.gaps():
        rounds += 1
        for first, last in gaps:
            wanted += last - first + 1
            for statement in new:
                if first <= statement.position.seq <= last:
                    lane.add(statement)
    assert lane == lane_of(*old, *new)
    assert rounds <= 7 and wanted <= 60 + 30, "in few rounds, and not the whole lane for one stray statement"


# An author who forks.


def test_two_statements_at_one_position_are_a_proof_whichever_comes_first() -> None:
    s = talk("zero one")
    to_ana, to_bia = say("ana is paid", s[1]), say("bia is paid", s[1])
    for one, other in permutations((to_ana, to_bia)):
        lane = lane_of(*s, one)
        assert not lane.frozen
        outcome = lane.add(other)
        assert isinstance(outcome, Linked) and outcome.forks == (proof(one, other),)
        assert lane.forks == (proof(one, other),) and lane.frozen
        assert lane.head.id == max(one.id, other.id)
        assert [s.id for s in lane.orphans] == [min(one.id, other.id)]


def test_a_forked_lane_goes_on_along_the_branch_that_goes_further() -> None:
    s = talk("zero one")
    short, long = say("short", s[1]), talk("long longer", s[1])
    for order in permutations((short, *long)):
        lane = lane_of(*s, *order)
        assert lane.head.id == long[1].id
        assert lane.forks == (proof(short, long[0]),)


def test_every_position_where_two_branches_meet_is_a_proof_and_each_is_told_once() -> None:
    s = talk("zero")
    left, right = talk("a b c", s[0]), talk("d e f g", s[0])
    lane = lane_of(*s, *left)
    told = [outcome.forks for statement in right if isinstance(outcome := lane.add(statement), Linked)]
    proofs = [proof(*pair) for pair in zip(left, right, strict=False)]
    assert told == [*((one,) for one in proofs), ()]
    assert lane.forks == tuple(proofs)


def test_branches_that_were_put_aside_are_compared_with_one_another_and_with_a_growing_chain() -> None:
    s = talk("zero")
    aside, also = talk("a b", s[0]), talk("c d", s[0])
    new = say("renewed", s[0], epoch=1)
    lane = lane_of(*s, new, *aside, *also)
    assert lane.head.id == new.id
    assert lane.forks == tuple(proof(*pair) for pair in zip(aside, also, strict=True))

    twice = say("renewed twice", aside[1], epoch=1)
    lane = lane_of(*s, *aside, twice, new)
    assert lane.head.id == twice.id and not lane.frozen
    again = talk("p q r", new)
    for statement in again:
        lane.add(statement)
    assert lane.forks == (proof(twice, again[1]),), "the new epoch was opened in two places"


def test_of_many_statements_at_one_position_the_two_lowest_ids_are_the_proof() -> None:
    rivals = [say(word) for word in ("a", "b", "c", "d")]
    low, high = sorted(statement.id for statement in rivals)[:2]
    for order in permutations(rivals):
        assert lane_of(*order).forks == (Fork(Position(0, 0), (low, high)),)


def test_a_proof_that_comes_by_itself_is_kept_and_told_once() -> None:
    s = talk("zero one two")
    rival = Statement(s[2].position, b"shown to others", b"with another past")
    lane = lane_of(*s)
    assert lane.prove(proof(s[2], rival))
    assert not lane.prove(proof(s[2], rival))
    assert lane.frozen and lane.forks == (proof(s[2], rival),)
    assert lane.merge(lane_of(*s)) == lane


def test_one_id_proves_nothing_and_lanes_on_other_ground_do_not_merge() -> None:
    with pytest.raises(AssertionError):
        Fork(Position(0, 1), (b"a", b"a"))
    with pytest.raises(AssertionError):
        Lane().merge(Lane(Head(Position(0, 4), b"a")))


def test_of_very_many_proofs_the_first_are_kept() -> None:
    fork_at = [Fork(Position(0, seq), (b"a", b"b")) for seq in range(FORKS_KEPT_MAX + 3)]
    Random(7).shuffle(fork_at)
    lane = Lane()
    for fork in fork_at:
        lane.prove(fork)
    assert [fork.position.seq for fork in lane.forks] == list(range(FORKS_KEPT_MAX))
    assert not lane.prove(Fork(Position(0, FORKS_KEPT_MAX), (b"a", b"b"))), "what is not kept is no news"


# Bounds, and lanes that begin anew.


def test_a_flood_from_far_ahead_does_not_push_out_what_is_needed_next() -> None:
    s = long_talk(GAP_STATEMENTS_MAX + 12)
    lane = lane_of(s[0])
    outcomes = [lane.add(statement) for statement in reversed(s[4:])]
    assert outcomes[:GAP_STATEMENTS_MAX] == [StatementWaiting()] * GAP_STATEMENTS_MAX
    assert outcomes[GAP_STATEMENTS_MAX:] == [StatementWaiting(dropped=s[-n]) for n in range(1, 9)]
    assert lane.waiting == tuple(s[4:-8])
    assert lane.add(s[-1]) == Unchanged.TOO_FAR
    assert lane.add(s[1]) == Linked((s[1],))
    assert lane.add(s[3]) == StatementWaiting(dropped=s[-9])
    assert lane.add(s[2]) == Linked(tuple(s[2:-9]))


def test_a_flood_from_far_below_does_not_push_it_out_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "GAP_STATEMENTS_MAX", 3)
    s = long_talk(20)
    lane = lane_of(*s[:15], s[16], s[17])
    junk = [Statement(Position(0, seq), b"junk %d" % seq, b"nothing") for seq in (1, 5, 9)]
    assert [lane.add(statement) for statement in junk] == [
        StatementWaiting(),
        StatementWaiting(dropped=junk[0]),
        StatementWaiting(dropped=junk[1]),
    ]
    assert lane.add(junk[0]) == Unchanged.TOO_FAR
    assert lane.waiting == (junk[2], s[16], s[17])


def test_a_lane_begins_anew_at_a_stored_head() -> None:
    s = talk("zero one two three four five")
    lane = Lane(Head(s[2].position, s[2].id))
    assert lane.head == Head(s[2].position, s[2].id)
    assert lane.add(s[4]) == StatementWaiting()
    assert lane.gaps() == [Gap(3, 3)]
    assert lane.add(s[3]) == Linked((s[3], s[4]))
    assert lane.add(s[2]) == Unchanged.KNOWN
    assert lane.add(s[4]) == Unchanged.KNOWN


def test_what_lies_below_the_base_is_left_to_whoever_holds_it() -> None:
    s = talk("zero one two three")
    lane = Lane(Head(s[2].position, s[2].id))
    rival = say("another two", s[1])
    assert lane.add(s[1]) == Unchanged.BELOW_BASE
    assert lane.add(rival) == Unchanged.BELOW_BASE
    assert lane.add(say("and three after it", rival)) == Unchanged.BELOW_BASE
    assert lane.add(say("renewed", s[0], epoch=1)) == Unchanged.BELOW_BASE
    assert lane == Lane(Head(s[2].position, s[2].id))
    assert lane.add(Statement(Position(0, 5), b"later", b"unknown")) == StatementWaiting()
    assert lane.gaps() == [Gap(3, 4)], "what is below the base is not asked for"


def test_a_branch_just_above_the_base_is_asked_for_down_to_the_base() -> None:
    s = talk("zero one two three four five")
    lane = Lane(Head(s[2].position, s[2].id))
    for statement in (*s[3:], *talk("renewed once twice", say("and renewed", s[3], epoch=1))):
        lane.add(statement)
    assert [w.position for w in lane.waiting] == [Position(1, 5), Position(1, 6), Position(1, 7)]
    assert lane.gaps() == [Gap(3, 4)]


def test_what_stands_at_a_position_of_the_chain_can_be_looked_up() -> None:
    old = talk("zero one two three")
    new = say("renewed", old[2], epoch=1)
    lane = Lane(Head(old[1].position, old[1].id))
    for statement in (old[2], old[3], new):
        lane.add(statement)
    assert [lane.at(s.position) for s in (old[1], old[2], new)] == [old[1].id, old[2].id, new.id]
    for unknown in (Position(1, 0), old[3].position, Position(1, 2), Position(1, 4)):
        assert lane.at(unknown) is None
    assert Lane().at(BEGINNING.position) is None


def test_branches_above_a_base_are_told_apart_as_they_are_from_the_beginning() -> None:
    s = talk("zero one two")
    old = talk("three four", s[2])
    new = say("renewed", old[0], epoch=1)
    rival = say("renewed otherwise", old[0], epoch=1)
    lane = Lane(Head(s[2].position, s[2].id))
    for statement in (*old, new, rival):
        lane.add(statement)
    whole = lane_of(*s, *old, new, rival)
    assert (lane.head, lane.orphans, lane.forks) == (whole.head, whole.orphans, whole.forks)


def test_a_long_lane_costs_an_id_a_statement_and_little_more() -> None:
    s = long_talk(20_000)
    lane = Lane()
    tracemalloc.start()
    try:
        for statement in s:
            lane.add(statement)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lane.head.position.seq == 19_999
    assert held / len(s) < 32 + 8


# What is always so, for any author, honest or not.


@st.composite
def statements_of(draw: st.DrawFn, *, well_formed: bool = False) -> list[Statement]:
    """Return a tree of statements by an author who may renew keys, fork, and break every rule of position."""
    said: list[Statement] = []
    for number in range(draw(st.integers(1, 12))):
        prev = draw(st.sampled_from([None, *said, *said[-1:] * 4]))
        honest = say(str(number), prev)
        epoch = honest.position.epoch + draw(st.sampled_from([0, 0, 0, 1, 2]))
        seq = honest.position.seq
        if prev is not None and not well_formed and draw(st.integers(0, 7)) == 0:
            epoch, seq = draw(st.integers(0, 3)), draw(st.integers(1, 6))
        said.append(Statement(Position(epoch, seq), honest.id, honest.prev))
    return said


def linked_of(statements: Iterable[Statement]) -> set[Statement]:
    """Return what is linked among these, found the slow way."""
    linked: set[Statement] = set()
    while True:
        more = {
            s
            for s in statements
            if s.prev is None
            or any(
                p.id == s.prev and p.position.seq + 1 == s.position.seq and p.position.epoch <= s.position.epoch
                for p in linked
            )
        }
        if more == linked:
            return linked
        linked = more


@given(statements_of(), st.randoms(use_true_random=False))
def test_the_lane_is_what_the_statements_say_in_any_order(said: list[Statement], chance: Random) -> None:
    arrivals = said + chance.sample(said, len(said) // 2)
    chance.shuffle(arrivals)
    lane = lane_of(*arrivals)

    linked = linked_of(said)
    head = max(linked, key=lambda s: (s.position, s.id), default=None)
    assert lane.head == (Head(head.position, head.id) if head else BEGINNING)
    assert set(lane.waiting) == set(said) - linked
    assert set(lane.orphans) == linked - set(chain_of(lane))
    assert all(later.prev == earlier.id for earlier, later in pairwise(chain_of(lane)))
    assert sorted(lane.statements(), key=repr) == sorted(said, key=repr)

    at: dict[Position, list[bytes]] = {}
    for statement in sorted(linked, key=lambda s: s.id):
        at.setdefault(statement.position, []).append(statement.id)
    assert lane.forks == tuple(Fork(position, (ids[0], ids[1])) for position, ids in sorted(at.items()) if len(ids) > 1)
    assert lane == lane_of(*said)


@given(statements_of(), st.randoms(use_true_random=False))
def test_each_outcome_tells_what_changed(said: list[Statement], chance: Random) -> None:
    chance.shuffle(said)
    lane = Lane()
    linked: list[Statement] = []
    proofs: dict[Position, Fork] = {}
    for statement in said:
        before = chain_of(lane)
        outcome = lane.add(statement)
        after = chain_of(lane)
        if isinstance(outcome, Linked):
            assert outcome.orphaned == tuple(s for s in before if s not in after)
            linked += outcome.statements
            proofs |= {fork.position: fork for fork in outcome.forks}
        else:
            assert outcome == StatementWaiting() and before == after
    assert len(linked) == len(set(linked)) and set(linked) == linked_of(said)
    places = {statement.id: place for place, statement in enumerate(linked)}
    assert all(s.prev is None or places[s.prev] < places[s.id] for s in linked), "each after its prev"
    assert tuple(fork for _, fork in sorted(proofs.items())) == lane.forks


LANES = st.tuples(statements_of(), st.lists(st.integers(0, 7), min_size=12, max_size=12))


@given(LANES)
def test_lanes_merge_by_the_laws(laws: Callable[..., None], lanes: tuple[list[Statement], list[int]]) -> None:
    said, who_heard = lanes
    a, b, c = (lane_of(*(s for s, heard in zip(said, who_heard, strict=False) if heard & mask)) for mask in (1, 2, 4))
    a.prove(Fork(Position(0, 9), (b"a", b"c")))
    b.prove(Fork(Position(0, 9), (b"b", b"c")))
    laws(a, b, c)
    merged = lane_of(*(s for s, heard in zip(said, who_heard, strict=False) if heard & 3))
    merged.prove(Fork(Position(0, 9), (b"a", b"b")))
    assert a.merge(b) == merged


@given(statements_of(), st.randoms(use_true_random=False))
def test_hearing_more_leads_upwards(said: list[Statement], chance: Random) -> None:
    chance.shuffle(said)
    lane = lane_of(*said[:-1])
    after = lane_of(*said)
    assert at_least(after, lane) and not at_least(lane, after)
    assert {fork.position for fork in lane.forks} <= {fork.position for fork in after.forks}
    assert after.frozen or not lane.frozen


@given(statements_of(well_formed=True), st.data())
def test_asking_for_the_gaps_brings_the_past_of_everything_heard(said: list[Statement], data: st.DataObject) -> None:
    heard = data.draw(st.lists(st.sampled_from(said), unique=True))
    lane = lane_of(*heard)
    for _ in said:
        for gap in lane.gaps():
            for statement in sorted(said, key=lambda s: s.position):
                if gap.first <= statement.position.seq <= gap.last:
                    lane.add(statement)
    assert lane.waiting == () and lane.gaps() == []
    assert {*heard} <= {*lane.statements()}


@given(statements_of(well_formed=True), st.randoms(use_true_random=False), st.integers(1, 3))
@example(talk("a b c d e f g"), Random(1), 2)
def test_a_full_waiting_room_delays_and_never_loses(said: list[Statement], chance: Random, room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "GAP_STATEMENTS_MAX", room)
        lane = Lane()
        for statement in chance.sample(said, len(said)):
            lane.add(statement)
            assert len(lane.waiting) <= room
        for statement in said:
            lane.add(statement)
    assert lane == lane_of(*said)
