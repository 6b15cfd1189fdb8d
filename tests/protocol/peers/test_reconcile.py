# SPDX-License-Identifier: AGPL-3.0-or-later
"""Range-based reconciliation: two sides find exactly what differs, at a cost that grows with the difference."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.peers.messages import Heads, Item, pack
from protocol.peers.reconcile import Difference, HeadsVector


def item(number: int, seq: int, lane: str = "commons") -> Item:
    network = number.to_bytes(4, "big") * 8
    return Item(network, lane, 0, seq, seq.to_bytes(32, "big"))


def converse(mine: list[Item], theirs: list[Item]) -> tuple[list[Difference], int, int]:
    """Let two sides talk until they have nothing to say; returns what was found, rounds and bytes."""
    sides = (HeadsVector(mine), HeadsVector(theirs))
    message: Heads | None = sides[0].opening(item(150, 0).network)
    found: list[Difference] = []
    rounds = size = 0
    while message is not None:
        rounds += 1
        size += len(pack(message))
        message, differences = sides[rounds % 2].answer(message)
        # Each side tells from where it stands; told from the first side's here.
        found += differences if rounds % 2 == 0 else [Difference(one.theirs, one.mine) for one in differences]
    return found, rounds, size


heads = st.dictionaries(st.integers(0, 300), st.integers(0, 3), max_size=120)


@given(heads, heads)
def test_what_is_found_is_what_differs(mine: dict[int, int], theirs: dict[int, int]) -> None:
    found, _, _ = converse([item(*one) for one in mine.items()], [item(*one) for one in theirs.items()])
    different = {number for number in mine.keys() | theirs.keys() if mine.get(number) != theirs.get(number)}
    told = {one.mine or one.theirs: one for one in found}
    assert {int.from_bytes(one.network[:4], "big") for one in told if one} == different
    for one in found:
        number = int.from_bytes((one.mine or one.theirs).network[:4], "big")  # type: ignore[union-attr]
        assert one == Difference(
            item(number, mine[number]) if number in mine else None,
            item(number, theirs[number]) if number in theirs else None,
        )


def test_equal_sides_say_one_thing() -> None:
    many = [item(number, 7) for number in range(5_000)]
    found, rounds, size = converse(many, many)
    assert (found, rounds) == ([], 1)
    assert size < 300


def test_one_difference_among_many_costs_little() -> None:
    many = [item(number, 7) for number in range(10_000)]
    changed = [*many[:5_000], item(5_000, 8), *many[5_001:]]
    found, rounds, size = converse(many, changed)
    assert found == [Difference(item(5_000, 7), item(5_000, 8))]
    assert rounds <= 6
    assert size < 12_000, "all heads would be some 900,000 bytes"


def test_more_differences_than_a_frame_holds_are_found_round_by_round() -> None:
    mine = dict.fromkeys(range(3000), 1)
    theirs = dict.fromkeys(range(3_000), 2)
    for _ in range(10):
        found, _, _ = converse([item(*one) for one in mine.items()], [item(*one) for one in theirs.items()])
        for one in found:
            assert one.theirs is not None
            mine[int.from_bytes(one.theirs.network[:4], "big")] = one.theirs.seq
    assert mine == theirs


def test_an_opening_tells_of_one_network_apart_from_all_others() -> None:
    ours = [item(2, 5), item(2, 9, "ledger")]
    mine = HeadsVector([item(1, 1), *ours, item(3, 1)])
    network = ours[0].network
    other_neighbours = HeadsVector([item(1, 2), *ours, item(4, 1)])
    assert mine.agrees(other_neighbours.opening(network), network) is True
    assert mine.agrees(HeadsVector([item(1, 1), ours[0], item(2, 10, "ledger")]).opening(network), network) is False
    assert mine.agrees(other_neighbours.opening(item(3, 1).network), network) is None
