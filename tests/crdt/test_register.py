# SPDX-License-Identifier: AGPL-3.0-or-later
"""Registers of one writer: the newest version holds, and a writer of two minds is found out."""

from collections.abc import Callable
from functools import reduce
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from crdt.lattice import at_least
from crdt.log import Position
from crdt.register import Register

VERSION = st.builds(Position, st.integers(0, 2), st.integers(0, 3))
REGISTER = st.builds(
    lambda version, values: Register(version, tuple(sorted(values))),
    VERSION,
    st.sets(st.binary(min_size=1, max_size=1), min_size=1, max_size=2),
)


def said(epoch: int, seq: int, value: bytes) -> Register:
    return Register(Position(epoch, seq), (value,))


def test_the_newest_version_holds_whichever_comes_last() -> None:
    older, newer = said(0, 7, b"one hour"), said(0, 8, b"half an hour")
    assert older.merge(newer) == newer == newer.merge(older)
    assert not newer.conflict


def test_a_later_epoch_is_newer_than_any_seq_before_it() -> None:
    assert said(0, 900, b"old key").merge(said(1, 3, b"new key")).value == b"new key"


def test_two_values_of_one_version_are_reported_and_all_choose_the_same() -> None:
    values = (b"a", b"b", b"c")
    for order in permutations(values):
        met = reduce(Register.merge, (said(0, 4, value) for value in order))
        assert met.conflict and met.value == b"c" and met.values == (b"b", b"c")


def test_a_newer_version_leaves_the_conflict_behind() -> None:
    conflict = said(0, 4, b"a").merge(said(0, 4, b"b"))
    assert not conflict.merge(said(0, 5, b"c")).conflict
    assert said(0, 3, b"z").merge(conflict) == conflict


@given(REGISTER, REGISTER, REGISTER)
def test_registers_merge_by_the_laws(laws: Callable[..., None], a: Register, b: Register, c: Register) -> None:
    laws(a, b, c)


@given(REGISTER, st.binary(max_size=1))
def test_a_new_version_leads_upwards(register: Register, value: bytes) -> None:
    epoch, seq = register.version
    after = said(epoch, seq + 1, value)
    assert at_least(after, register) and not at_least(register, after)
