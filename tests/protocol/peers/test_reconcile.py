# SPDX-License-Identifier: AGPL-3.0-or-later
"""Range-based reconciliation: two sides find exactly what differs, at a cost that grows with the difference."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.peers.messages import SPANS_PER_FRAME_MAX, Heads, Item, PeerFault, Span, pack
from protocol.peers.reconcile import Difference, HeadIndex, check_parts, key_of


def item(number: int, seq: int, lane: str = "commons") -> Item:
    place = number.to_bytes(4, "big")
    network = sha256(place).digest()[:28] + place
    return Item(network, lane, 0, seq, seq.to_bytes(32, "big"))


def index_of(items: list[Item]) -> HeadIndex:
    made = HeadIndex(None)
    for one in items:
        made.put((one.network, one.lane), one)
    return made


def converse(mine: HeadIndex, theirs: HeadIndex) -> tuple[list[Difference], int, int]:
    """Let two sides talk until they have nothing to say; returns what was found, rounds and bytes."""
    sides = (mine, theirs)
    message = Heads((mine.opening(),))
    found: list[Difference] = []
    rounds = size = 0
    while message.spans:
        rounds += 1
        size += len(pack(message))
        check_parts(message.spans)
        spans: list[Span] = []
        for span in message.spans:
            more, differences = sides[rounds % 2].answer(span)
            spans += more
            # Each side tells from where it stands; told from the first side's here.
            found += differences if rounds % 2 == 0 else [Difference(one.theirs, one.mine) for one in differences]
        message = Heads(tuple(spans[:SPANS_PER_FRAME_MAX]))
    return found, rounds, size


heads = st.dictionaries(st.integers(0, 300), st.integers(0, 3), max_size=120)


@given(heads, heads)
def test_what_is_found_is_what_differs(mine: dict[int, int], theirs: dict[int, int]) -> None:
    found, _, _ = converse(
        index_of([item(*one) for one in mine.items()]), index_of([item(*one) for one in theirs.items()])
    )
    different = {number for number in mine.keys() | theirs.keys() if mine.get(number) != theirs.get(number)}
    assert len(found) == len(different)
    for one in found:
        number = int.from_bytes((one.mine or one.theirs).network[28:], "big")  # type: ignore[union-attr]
        different.discard(number)
        assert one == Difference(
            item(number, mine[number]) if number in mine else None,
            item(number, theirs[number]) if number in theirs else None,
        )
    assert not different


def test_equal_sides_say_one_thing() -> None:
    many = index_of([item(number, 7) for number in range(5_000)])
    found, rounds, size = converse(many, many)
    assert (found, rounds) == ([], 1)
    assert size < 100


def test_one_difference_among_many_costs_little() -> None:
    many = [item(number, 7) for number in range(10_000)]
    changed = [*many[:5_000], item(5_000, 8), *many[5_001:]]
    found, rounds, size = converse(index_of(many), index_of(changed))
    assert found == [Difference(item(5_000, 7), item(5_000, 8))]
    assert rounds <= 6
    assert size < 6_000, "all heads would be some 900,000 bytes"


def test_more_differences_than_a_frame_holds_are_found_round_by_round() -> None:
    mine = index_of([item(number, 1) for number in range(3_000)])
    theirs = index_of([item(number, 2) for number in range(3_000)])
    for _ in range(20):
        for one in converse(mine, theirs)[0]:
            assert one.theirs is not None
            mine.put((one.theirs.network, one.theirs.lane), one.theirs)
    assert mine.opening() == theirs.opening()


def test_a_head_that_is_none_any_more_leaves_nothing() -> None:
    some = index_of([item(1, 1), item(2, 1)])
    some.put((item(2, 1).network, "commons"), None)
    assert some.opening() == index_of([item(1, 1)]).opening()


def test_who_lists_what_is_not_of_a_part_is_refused() -> None:
    prefix = key_of(None, item(1, 1).network, "commons").hex()[:2]
    other = "0" if prefix[0] != "0" else "1"
    with pytest.raises(PeerFault, match="outside of its part"):
        index_of([]).answer(Span(None, other, None, (item(1, 1),)))


@pytest.mark.parametrize(
    ("spans", "fault"),
    [
        ([("", False)], None),
        ([("a", False), ("b", True)], None),
        ([("a0", False), ("a1", True), ("b", False)], None),
        ([("", False), ("a", False)], "overlap"),
        ([("a", False), ("a", False)], "overlap"),
        ([("b", False), ("a", False)], "overlap"),
        ([("ab", False), ("abc", True)], "overlap"),
        ([("A", False)], "digits"),
        ([("g", False)], "digits"),
    ],
)
def test_parts_come_in_order_and_do_not_overlap(spans: list[tuple[str, bool]], fault: str | None) -> None:
    told = [Span(None, prefix, None if few else bytes(32), () if few else None) for prefix, few in spans]
    if fault is None:
        check_parts(told)
        return
    with pytest.raises(PeerFault, match=fault):
        check_parts(told)


def test_parts_of_one_audience_come_together() -> None:
    one, other = Span(None, "a", bytes(32), None), Span(bytes(32), "", bytes(32), None)
    check_parts([one, other])
    with pytest.raises(PeerFault, match="overlap"):
        check_parts([one, other, Span(None, "b", bytes(32), None)])
    with pytest.raises(PeerFault, match="items or a fingerprint"):
        check_parts([Span(None, "", None, None)])
