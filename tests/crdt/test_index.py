# SPDX-License-Identifier: AGPL-3.0-or-later
"""The fingerprints of an index follow from what it holds, whatever came when, and are kept up at little cost."""

import sys
from hashlib import sha256
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crdt import index as module
from crdt.index import FEW, NOTHING, Index


def crowded(number: int) -> bytes:
    """Return a key of which many share their first digits, as whoever tries long enough can make them."""
    return (b"\xab\xcd" if number % 3 else b"\xab\x00") + sha256(b"%d" % number).digest()[:30]


def digest(value: int) -> bytes:
    return sha256(b"%d" % value).digest()


changes = st.lists(st.tuples(st.integers(0, 80), st.integers(0, 3)), max_size=200)


@given(changes)
def test_it_is_the_same_whatever_came_when(made: list[tuple[int, int]]) -> None:
    held: dict[bytes, bytes] = {}
    grown = Index()
    for number, value in made:
        key = crowded(number)
        if value:
            held[key] = digest(value)
            grown.put(key, digest(value))
        else:
            held.pop(key, None)
            grown.remove(key)
        grown.fingerprint()  # what is kept of it is to be forgotten with the next change
    anew = Index()
    for key in sorted(held, reverse=True):
        anew.put(key, held[key])
    for prefix in ("", "a", "ab", "abc", "abcd", "ab0", "ab00", "f"):
        assert grown.fingerprint(prefix) == anew.fingerprint(prefix)
        of = sorted(key for key in held if key.hex().startswith(prefix))
        assert list(grown.keys(prefix)) == of and grown.count(prefix) == len(of)
        assert (grown.fingerprint(prefix) == NOTHING) == (not of)
    assert len(grown) == len(held)
    assert all(grown.get(key) == value for key, value in held.items())


@given(st.dictionaries(st.integers(0, 60), st.integers(1, 3)), st.dictionaries(st.integers(0, 60), st.integers(1, 3)))
@example({1: 1}, {1: 2})
@example(dict.fromkeys(range(FEW), 1), dict.fromkeys(range(FEW + 1), 1))
def test_parts_are_equal_where_their_fingerprints_are(one: dict[int, int], other: dict[int, int]) -> None:
    sides = [Index(), Index()]
    for side, items in zip(sides, (one, other), strict=True):
        for number, value in items.items():
            side.put(crowded(number), digest(value))
    for prefix in ("", "ab", "abcd", "abcd1", "abcd12", "ab00"):
        parts = [
            {crowded(number): value for number, value in items.items() if crowded(number).hex().startswith(prefix)}
            for items in (one, other)
        ]
        told = {side.fingerprint(prefix) for side in sides}
        assert (len(told) == 1) == (parts[0] == parts[1])


def test_what_is_already_so_changes_nothing() -> None:
    index = Index()
    index.put(digest(1), digest(2))
    version = index.version
    index.put(digest(1), digest(2))
    index.remove(digest(3))
    assert index.version == version
    index.remove(digest(1))
    assert index.version == version + 1 and index.fingerprint() == NOTHING


@pytest.mark.parametrize("known", [1_000, 30_000])
def test_a_change_costs_what_is_on_its_way_to_the_root(known: int) -> None:
    index = Index()
    for number in range(known):
        index.put(digest(number), digest(0))
    index.fingerprint()
    hashed = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal hashed
        hashed += event == "call" and frame.f_code is module._fingerprint.__code__

    sys.setprofile(count)
    index.put(digest(5), digest(1))
    index.fingerprint()
    sys.setprofile(None)
    # At each of at most five levels: the part itself, and its fifteen neighbours, that are known.
    assert 1 <= hashed <= 5 * 17
