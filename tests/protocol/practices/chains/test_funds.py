# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a fund founds is the best of all sets, each reckoned anew, on 240 cases of 64 sets; and with many a good one."""

from dataclasses import replace
from fractions import Fraction
from itertools import chain as joined
from itertools import combinations, permutations

import pytest

from protocol.practices.chains.engine.funds import ALL_SETS_MAX, calendar, calendars, in_order, reinvested
from protocol.practices.chains.engine.missing import MissingLinks
from tests.protocol.practices.chains.drawn import drawn_links

FUNDS = (150, 500, 900, 1_400, 2_200, 10_000)


def _cost(links: MissingLinks, which: tuple[int, ...]) -> Fraction:
    return sum((links.candidates[at].investment for at in which), Fraction(0))


def test_the_best_of_all_sets() -> None:
    tried = 0
    for seed in range(40):
        links = drawn_links(5, 6, seed)
        sets = joined.from_iterable(combinations(range(6), size) for size in range(7))
        kept = {which: links.keeps(which) for which in sets if links.fits(which)}
        for fund in FUNDS:
            possible = ((-keeps, _cost(links, which), which) for which, keeps in kept.items())
            less, _, which = min(one for one in possible if one[1] <= fund)
            found = reinvested(links, Fraction(fund))
            assert (found.which, found.keeps) == (which, -less), (seed, fund)
            tried += 1
    assert tried == 240


def test_fifteen_candidates() -> None:
    """What is found among 32,768 sets keeps, reckoned anew, what is said of it, and no swap makes it better."""
    links = drawn_links(12, ALL_SETS_MAX, 3)
    found = reinvested(links, Fraction(2_500))
    assert (links.keeps(found.which), links.fits(found.which)) == (found.keeps, True)
    assert _cost(links, found.which) <= 2_500
    for out in (*found.which, None):
        kept = tuple(one for one in found.which if one != out)
        for at in set(range(ALL_SETS_MAX)) - set(kept):
            other = (*kept, at)
            assert _cost(links, other) > 2_500 or not links.fits(other) or links.keeps(other) <= found.keeps


@pytest.mark.parametrize("seed", range(3))
def test_beyond_that_nothing_is_left_that_a_swap_or_one_more_would_better(seed: int) -> None:
    links = drawn_links(8, ALL_SETS_MAX + 5, seed)
    fund = Fraction(2_000)
    found = reinvested(links, fund)
    assert (links.keeps(found.which), links.fits(found.which)) == (found.keeps, True)
    for out in (*found.which, None):
        kept = tuple(one for one in found.which if one != out)
        for at in set(range(len(links.candidates))) - set(found.which):
            other = (*kept, at)
            assert _cost(links, other) > fund or not links.fits(other) or links.keeps(other) <= found.keeps


def test_a_calendar_is_the_best_of_all_orders() -> None:
    links = drawn_links(6, 4, 11)
    best = calendar(links, Fraction(120), 18)
    assert best.keeps == max(in_order(links, one, Fraction(120), 18).keeps for one in permutations(range(4)))
    assert best.keeps == sum(
        (links.keeps([at for opened, at in best.opens if opened < month]) for month in range(1, 19)), Fraction(0)
    )


@pytest.mark.parametrize(("monthly", "months"), [(0, 5), (120, 18), (90, 7), (5_000, 3), (33, 1)])
def test_all_orders_are_among_the_calendars_and_nothing_else(monthly: int, months: int) -> None:
    for seed in range(8):
        links = drawn_links(6, 4, seed)
        each = {in_order(links, one, Fraction(monthly), months) for one in permutations(range(4))}
        assert set(calendars(links, Fraction(monthly), months)) == each


def test_who_costs_nothing_opens_in_the_first_month() -> None:
    links = drawn_links(6, 3, 2)
    free = [replace(one, investment=Fraction(0)) for one in links.candidates]
    links = MissingLinks(links.chain, free)
    for monthly in (0, 10):
        each = {in_order(links, one, Fraction(monthly), 4) for one in permutations(range(3))}
        assert set(calendars(links, Fraction(monthly), 4)) == each
        assert {opened for one in each for opened, _ in one.opens} == {1}
