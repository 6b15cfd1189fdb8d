# SPDX-License-Identifier: AGPL-3.0-or-later
"""Boards: the highest version of an item counts, a withdrawn one keeps no body, and everything ends at its hour."""

from collections.abc import Callable
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from crdt.board import ItemBoard, ItemVersion
from crdt.lattice import at_least

FLOUR, EGGS = b"flour", b"eggs"


def version(number: int, not_after: int, body: bytes | None) -> ItemVersion:
    return ItemVersion(number, not_after, body, sha256(repr((number, not_after, body)).encode()).digest())


VERSION = st.builds(version, st.integers(1, 4), st.integers(0, 9), st.none() | st.binary(max_size=2))
ITEM = st.sampled_from([FLOUR, EGGS, b"tools"])
BOARD = st.builds(ItemBoard, st.dictionaries(ITEM, VERSION))
HOUR = st.integers(0, 9)


@st.composite
def of_careful_writers(draw: st.DrawFn) -> tuple[ItemBoard, ItemBoard]:
    """Draw two boards of one writer that lets no later version end before an earlier one."""
    hours = {item: sorted(draw(st.lists(HOUR, min_size=4, max_size=4))) for item in (FLOUR, EGGS)}

    def one() -> ItemBoard:
        numbers = draw(st.dictionaries(st.sampled_from([FLOUR, EGGS]), st.integers(1, 4)))
        bodies = st.none() | st.binary(max_size=2)
        return ItemBoard({item: version(n, hours[item][n - 1], draw(bodies)) for item, n in numbers.items()})

    return one(), one()


@given(BOARD, BOARD, BOARD)
def test_boards_merge_by_the_laws(laws: Callable[..., None], a: ItemBoard, b: ItemBoard, c: ItemBoard) -> None:
    laws(a, b, c)


@given(BOARD, ITEM, VERSION)
def test_saying_leads_upwards_and_twice_is_once(board: ItemBoard, item: bytes, said: ItemVersion) -> None:
    after = board.say(item, said)
    assert at_least(after, board)
    assert after.say(item, said) == after
    assert after.items[item].rank >= said.rank


@given(BOARD, HOUR, HOUR)
def test_time_takes_away_and_never_gives_back(board: ItemBoard, now: int, later: int) -> None:
    left = board.at(now)
    assert at_least(board, left)
    assert left.at(later) == board.at(max(now, later)) == board.at(later).at(now)
    assert all(one.not_after > now for one in left.items.values())


@given(of_careful_writers(), HOUR)
def test_whoever_lets_go_first_holds_the_same_in_the_end(boards: tuple[ItemBoard, ItemBoard], now: int) -> None:
    a, b = boards
    assert a.merge(b).at(now) == a.at(now).merge(b.at(now)) == a.at(now).merge(b).at(now)


@given(BOARD, ITEM, st.integers(0, 9))
def test_what_is_withdrawn_stays_so_whatever_older_versions_come(board: ItemBoard, item: bytes, not_after: int) -> None:
    number = board.items[item].number if item in board.items else 1
    gone = board.say(item, version(number, not_after, None))
    assert item not in dict(gone.standing())
    assert item not in dict(gone.merge(board).standing())
    for older in range(1, number + 1):
        assert item not in dict(gone.say(item, version(older, 9, b"x")).standing())


def test_two_bodies_under_one_version_are_the_same_one_for_all() -> None:
    flour, eggs = version(2, 9, b"flour"), version(2, 9, b"eggs")
    one, other = ItemBoard().say(FLOUR, flour).say(FLOUR, eggs), ItemBoard().say(FLOUR, eggs).say(FLOUR, flour)
    assert one == other
    assert one.items[FLOUR].mark == max(flour.mark, eggs.mark)


def test_an_item_is_published_anew_after_it_was_withdrawn() -> None:
    board = ItemBoard().say(FLOUR, version(1, 9, b"flour")).say(FLOUR, version(2, 9, None))
    assert dict(board.standing()) == {}
    assert dict(board.say(FLOUR, version(3, 9, b"flour again")).standing()) == {FLOUR: b"flour again"}


def test_an_item_ends_with_its_last_hour() -> None:
    board = ItemBoard().say(FLOUR, version(1, 5, b"flour"))
    assert board.at(4) == board
    assert board.at(5) == ItemBoard()
