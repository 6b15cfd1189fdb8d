# SPDX-License-Identifier: AGPL-3.0-or-later
"""What holds in any chain: shares sum to one, what is kept is what leaks less, and short ways equal long ones."""

from fractions import Fraction
from itertools import chain as joined
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.practices.chains.engine.chain import HOUSEHOLDS, ZERO, ChainFault, Enterprise, ProductiveChain
from protocol.practices.chains.engine.founded import founded
from protocol.practices.chains.engine.funds import reinvested
from protocol.practices.chains.engine.missing import Candidate, MissingLinks, Recipe
from protocol.practices.chains.engine.retained import output_multipliers, retained
from protocol.practices.chains.engine.shares import shares_of
from protocol.solvers.leontief import solved

ITEMS: tuple[str, ...] = ("flour", "soap", "inputs")


@st.composite
def parts(draw: st.DrawFn, count: int) -> list[Fraction]:
    """Draw shares that sum to one, the last of them above zero."""
    drawn = [*(draw(st.integers(0, 6)) for _ in range(count - 1)), draw(st.integers(1, 6))]
    return [Fraction(one, sum(drawn)) for one in drawn]


@st.composite
def chains(draw: st.DrawFn) -> ProductiveChain:
    """Draw some enterprises, each of which sells to the others no more than it turns over."""
    names = [f"e{number}" for number in range(draw(st.integers(1, 4)))]
    shares = {name: draw(parts(len(names) + len(ITEMS) + 2)) for name in names}
    final = {name: Fraction(draw(st.integers(1, 50))) for name in names}
    rows = [{at: shares[buyer][one] for at, buyer in enumerate(names)} for one in range(len(names))]
    (turnover,) = solved(rows, ([final[name] for name in names],))
    inside = {
        (buyer, supplier): of_buyer * shares[buyer][at]
        for buyer, of_buyer in zip(names, turnover, strict=True)
        for at, supplier in enumerate(names)
    }
    outside = {
        (buyer, item): of_buyer * shares[buyer][len(names) + at]
        for buyer, of_buyer in zip(names, turnover, strict=True)
        for at, item in enumerate(ITEMS)
    }
    inside |= {(HOUSEHOLDS, name): value for name, value in final.items()}
    outside |= {(HOUSEHOLDS, item): Fraction(draw(st.integers(0, 30))) for item in ITEMS}
    made = {
        name: Enterprise(one, one * shares[name][-2], one * shares[name][-1])
        for name, one in zip(names, turnover, strict=True)
    }
    return ProductiveChain(made, inside, outside)


@st.composite
def missing_links(draw: st.DrawFn) -> MissingLinks:
    """Draw candidates, some of which buy from others."""
    chain = draw(chains())
    found: list[Candidate] = []
    for number in range(draw(st.integers(1, 4))):
        shares = draw(parts(len(chain.names) + len(ITEMS) + 2))
        inside = dict(zip(chain.names, shares, strict=False))
        outside = dict(zip(ITEMS, shares[len(chain.names) :], strict=False))
        recipe = Recipe(inside, outside, shares[-2], shares[-1])
        pledged = Fraction(draw(st.integers(0, 2)), 4)
        found.append(
            Candidate(f"k{number}", draw(st.sampled_from(ITEMS)), pledged, recipe, Fraction(draw(st.integers(1, 9))))
        )
    return MissingLinks(chain, found)


@given(chains())
def test_what_stays_and_what_leaves_are_all(chain: ProductiveChain) -> None:
    found = retained(chain)
    assert all(found.stays[name] + found.leaves[name] == 1 for name in chain.names)
    assert all(one >= 1 for one in output_multipliers(chain).values())


@given(missing_links())
def test_what_is_kept_is_what_leaks_less(links: MissingLinks) -> None:
    """At constant final demand leakage changes by minus what is kept, for any set: a fresh solve shows the same."""
    everybody = range(len(links.candidates))
    before = shares_of(links.chain).leakage
    for which in joined.from_iterable(combinations(everybody, size) for size in range(len(links.candidates) + 1)):
        if links.fits(which):
            assert links.keeps(which) == before - shares_of(founded(links, which)).leakage


@given(missing_links(), st.integers(0, 20))
def test_a_fund_founds_the_best_of_all_sets(links: MissingLinks, fund: int) -> None:
    everybody = range(len(links.candidates))
    found = reinvested(links, Fraction(fund))
    sets = joined.from_iterable(combinations(everybody, size) for size in range(len(links.candidates) + 1))
    possible = [one for one in sets if links.fits(one) and sum(links.candidates[at].investment for at in one) <= fund]
    best = max(links.keeps(one) for one in possible)
    assert found.keeps == best
    costs = {one: sum(links.candidates[at].investment for at in one) for one in possible if links.keeps(one) == best}
    assert costs[found.which] == min(costs.values()), "nothing is founded that keeps nothing"


def test_beyond_fifteen_candidates_swaps_never_do_worse_than_the_first_choice() -> None:
    chain = ProductiveChain(
        {"e": Enterprise(Fraction(100), Fraction(40), Fraction(10))},
        {(HOUSEHOLDS, "e"): Fraction(100)},
        {("e", f"i{number}"): Fraction(50, 17) for number in range(17)},
    )
    recipe = Recipe({}, {"other": Fraction(1, 2)}, Fraction(1, 2), ZERO)
    # The first choice keeps most for its cost, and leaves no room for the dear ones that keep more in all.
    cost = [Fraction(1), *(Fraction(10) for _ in range(16))]
    share = [Fraction(1, 5), *(Fraction(1) for _ in range(16))]
    candidates = [Candidate(f"k{at:02}", f"i{at}", share[at], recipe, cost[at]) for at in range(17)]
    links = MissingLinks(chain, candidates)
    found = reinvested(links, Fraction(20))
    assert len(found.which) == 2 and 0 not in found.which


OWN = Enterprise(Fraction(10), ZERO, ZERO)


@pytest.mark.parametrize(
    ("code", "about", "enterprises", "inside", "outside"),
    [
        ("AMOUNT_NEGATIVE", "a", {"a": Enterprise(ZERO, ZERO, ZERO)}, {}, {}),
        ("AMOUNT_NEGATIVE", "a, flour", {"a": OWN}, {}, {("a", "flour"): Fraction(-1)}),
        ("SHARE_ABOVE_ONE", "a", {"a": OWN}, {}, {("a", "flour"): Fraction(11)}),
        ("ENTERPRISE_UNKNOWN", "b", {"a": OWN}, {("a", "b"): Fraction(1)}, {}),
        ("ENTERPRISE_UNKNOWN", "b", {"a": OWN}, {("b", "a"): Fraction(1)}, {}),
        ("CLOSED_GROUP", "a, b", {"a": OWN, "b": OWN}, {("a", "b"): Fraction(10), ("b", "a"): Fraction(10)}, {}),
        ("CLOSED_GROUP", "a", {"a": OWN, "b": OWN}, {("a", "a"): Fraction(10)}, {}),
    ],
)
def test_figures_of_which_no_chain_can_be_made(
    code: str,
    about: str,
    enterprises: dict[str, Enterprise],
    inside: dict[tuple[str, str], Fraction],
    outside: dict[tuple[str, str], Fraction],
) -> None:
    with pytest.raises(ChainFault) as fault:
        ProductiveChain(enterprises, inside, outside)
    assert (fault.value.code, fault.value.about) == (code, about)


def test_candidates_of_which_nothing_can_be_said() -> None:
    chain = ProductiveChain({"a": OWN}, {}, {("a", "flour"): Fraction(5)})
    good = Recipe({"a": Fraction(1, 2)}, {}, Fraction(1, 2), ZERO)
    for code, candidates in (
        ("SHARE_ABOVE_ONE", [Candidate("k", "flour", Fraction(2), good, ZERO)]),
        ("SHARE_ABOVE_ONE", [Candidate("k", "flour", Fraction(1), Recipe({}, {}, Fraction(2), ZERO), ZERO)]),
        (
            "ENTERPRISE_UNKNOWN",
            [Candidate("k", "flour", Fraction(1), Recipe({"b": Fraction(1)}, {}, ZERO, ZERO), ZERO)],
        ),
        ("ENTERPRISE_TWICE", [Candidate("a", "flour", Fraction(1), good, ZERO)]),
        ("ENTERPRISE_TWICE", [Candidate("k", "flour", Fraction(1, 2), good, ZERO)] * 2),
    ):
        with pytest.raises(ChainFault) as fault:
            MissingLinks(chain, candidates)
        assert fault.value.code == code
