# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shares by largest remainder sum to what is shared, are as even as whole units can be, and ties are drawn by lot."""

from fractions import Fraction
from itertools import product

from protocol.solvers.apportionment import apportioned, apportioned_by_name

SEED = b"a cycle's id"


def unfairness(total: int, weights: tuple[int, ...], shares: tuple[int, ...]) -> Fraction:
    """Return how far shares are from the exact ones: the sum of squares."""
    whole = sum(weights)
    return sum(
        ((Fraction(total * weight, whole) - share) ** 2 for weight, share in zip(weights, shares, strict=True)),
        Fraction(0),
    )


def test_a_savings_group_shares_out_1_130_by_40_30_20_and_10_shares() -> None:
    assert apportioned(1_130, [40, 30, 20, 10], SEED) == [452, 339, 226, 113]


def test_what_four_families_want_of_a_box_that_is_short() -> None:
    assert apportioned(12, [5, 4, 6, 2], SEED) == [4, 3, 4, 1]
    assert apportioned(7, [2, 5, 8, 11], SEED) == [1, 1, 2, 3]
    assert apportioned(4, [1, 4, 7], SEED) in ([1, 1, 2], [0, 1, 3], [0, 2, 2])


def test_a_wheel_of_cheese_is_a_tie_of_fifteen() -> None:
    shares = apportioned(3_050, [200] * 15, SEED)
    assert sorted(shares) == [203] * 10 + [204] * 5
    assert shares != sorted(shares, reverse=True), "the odd units did not go to the first"
    assert apportioned(3_050, [200] * 15, b"another cycle's") != shares


def test_no_sharing_of_whole_units_is_nearer_to_the_exact_one_in_all_small_cases() -> None:
    cases = 0
    for weights in product(range(5), repeat=3):
        if not any(weights):
            continue
        for total in range(8):
            shares = tuple(apportioned(total, weights, SEED))
            assert sum(shares) == total
            assert all(share == 0 for share, weight in zip(shares, weights, strict=True) if not weight)
            least = min(
                unfairness(total, weights, (one, two, total - one - two))
                for one in range(total + 1)
                for two in range(total - one + 1)
            )
            assert unfairness(total, weights, shares) == least, (total, weights)
            cases += 1
    assert cases == 124 * 8


def test_by_name_the_order_in_which_they_are_told_does_not_show() -> None:
    told = {"ana": 1, "bia": 1, "caio": 1}
    shares = apportioned_by_name(100, told, SEED)
    assert sum(shares.values()) == 100
    assert apportioned_by_name(100, dict(reversed(told.items())), SEED) == shares
    lucky = {max(found, key=lambda one: found[one]) for n in range(60) if (found := drawn(told, n))}
    assert lucky == set(told), "each seed draws anew"


def drawn(told: dict[str, int], n: int) -> dict[str, int]:
    return apportioned_by_name(100, told, b"%d" % n)


def test_nobody_wants_and_nothing_is_shared() -> None:
    assert apportioned(5, [0, 0], SEED) == [0, 0]
    assert apportioned(5, [], SEED) == []
    assert apportioned(0, [3, 4], SEED) == [0, 0]


def test_amounts_beyond_what_floats_count_are_exact() -> None:
    total = 2**63 - 1
    shares = apportioned(total, [1, 2, 2**60 + 1], SEED)
    assert sum(shares) == total and shares[:2] == [8, 16]
