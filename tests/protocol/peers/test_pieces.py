# SPDX-License-Identifier: AGPL-3.0-or-later
"""A frame of entries in pieces tells the same entries in the same order; what is none stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.peers.messages import ENTRIES_PER_FRAME_MAX, Entries, LaneRange, Wanted, pack, unpack
from protocol.peers.pieces import pieces


def entries_of(frame: bytes) -> tuple[bytes, ...]:
    message = unpack(frame)
    assert isinstance(message, Entries)
    return message.entries


@given(
    st.lists(st.binary(max_size=300) | st.sampled_from([b"x" * 255, b"x" * 256, b"x" * 65_536]), max_size=60),
    st.integers(1, 40),
)
def test_pieces_tell_what_the_frame_tells(wires: list[bytes], entries_max: int) -> None:
    frame = pack(Entries(tuple(wires)))
    found = pieces(frame, entries_max)
    assert [wire for one in found for wire in entries_of(one)] == wires
    assert all(len(entries_of(one)) <= entries_max for one in found)
    assert len(found) == max(1, -(-len(wires) // entries_max))


@pytest.mark.parametrize("entries_max", [1, 23, 24, 255, 256, 4_095])
def test_as_many_entries_as_a_frame_may_hold(entries_max: int) -> None:
    wires = tuple(number.to_bytes(2, "big") for number in range(ENTRIES_PER_FRAME_MAX))
    found = pieces(pack(Entries(wires)), entries_max)
    assert tuple(wire for one in found for wire in entries_of(one)) == wires
    assert {len(entries_of(one)) for one in found[:-1]} == {entries_max}


def test_fields_of_a_newer_version_are_left_out() -> None:
    frame = pack(Entries((b"one", b"two")))
    newer = frame[:2] + b"\xa2" + frame[3:] + b"\x02\x43new"
    assert [entries_of(one) for one in pieces(newer, 1)] == [(b"one",), (b"two",)]


@given(st.binary(max_size=60))
def test_what_cannot_be_cut_comes_back_as_it_is(rest: bytes) -> None:
    whole = pack(Entries((b"one", b"two", b"three")))
    for frame in (rest, whole[:5] + rest, whole[:2] + rest):
        found = pieces(frame, 1)
        assert found == [frame] or len(found) > 1


@pytest.mark.parametrize("end", range(1, 15))
def test_a_frame_that_breaks_off_comes_back_as_it_is(end: int) -> None:
    frame = pack(Entries((b"one", b"two", b"three")))[:-end]
    assert pieces(frame, 1) == [frame]


def test_a_frame_of_another_kind_comes_back_as_it_is() -> None:
    frame = pack(Wanted((LaneRange(bytes(32), "commons", 0, 100),)))
    assert pieces(frame, 1) == [frame]
