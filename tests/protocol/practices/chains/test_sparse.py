# SPDX-License-Identifier: AGPL-3.0-or-later
"""Chains beyond the exact size: the extra gives the same figures within 1e-9, and without it the refusal says so."""

from collections.abc import Sequence
from fractions import Fraction

import pytest

from protocol.practices.chains.engine import solving
from protocol.practices.chains.engine.chain import HOUSEHOLDS, ChainFault, Enterprise, ProductiveChain
from protocol.practices.chains.engine.founded import founded
from protocol.practices.chains.engine.missing import MissingLinks
from protocol.practices.chains.engine.retained import full_multipliers, lm3, output_multipliers, retained
from protocol.practices.chains.engine.shares import fragility, shares_of, without
from protocol.solvers import sparse
from protocol.solvers.leontief import solved
from tests.protocol.practices.chains.drawn import drawn_chain, drawn_links

NEAR = Fraction(1, 10**9)


def near(found: Sequence[Fraction], exact: Sequence[Fraction]) -> bool:
    return all(abs(one - other) <= NEAR * max(1, abs(other)) for one, other in zip(found, exact, strict=True))


@pytest.fixture
def always_sparse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solving, "EXACT_ROWS_MAX", 0)


@pytest.mark.parametrize("seed", range(6))
def test_the_same_figures(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    links = drawn_links(20 + 8 * seed, 6, seed)
    chain = links.chain
    full = full_multipliers(chain)
    assert full is not None
    exact = (retained(chain), output_multipliers(chain), full, lm3(chain), links.ranked(Fraction(700)))
    monkeypatch.setattr(solving, "EXACT_ROWS_MAX", 0)
    again = MissingLinks(chain, links.candidates)
    full = full_multipliers(chain)
    assert full is not None and retained(chain).stays != exact[0].stays, "the last digits are not those of fractions"
    assert near([*retained(chain).stays.values()], [*exact[0].stays.values()])
    assert near([*retained(chain).leaves.values()], [*exact[0].leaves.values()])
    assert near([*output_multipliers(chain).values()], [*exact[1].values()])
    assert near([*full.values()], [*exact[2].values()])
    assert lm3(chain) == exact[3], "three rounds are sums, which nobody has to solve"
    ranked = again.ranked(Fraction(700))
    assert [one.candidate for one in ranked] == [one.candidate for one in exact[4]]
    for one, other in zip(ranked, exact[4], strict=True):
        assert near((one.retains, one.first_order, one.keeps), (other.retains, other.first_order, other.keeps))
    assert near([again.keeps(range(3))], [links.keeps(range(3))])


def test_all_rounds_beside_the_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the iteration finds is what the factor finds, and both what fractions find."""
    chain = drawn_chain(70, 5, 9)
    given = (chain.shares(lambda _, one: one.wages), chain.shares(lambda _, one: one.surplus))
    exact = solved(chain.rows, given)
    for most in (0, 1_000):
        monkeypatch.setattr(sparse, "FACTOR_ROWS_MAX", most)
        found = sparse.solved_sparse(chain.rows, given)
        assert near([*found[0], *found[1]], [*exact[0], *exact[1]])


def test_what_goes_round_nearly_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ring that keeps all but a millionth of what is spent with it: no iteration hides how far a rest still goes."""
    size = 60
    share = 1 - Fraction(1, 10**6)
    rows = [{(at + 1) % size: share} for at in range(size)]
    given = [[Fraction(int(at == 0)) for at in range(size)]]
    exact = solved(rows, given)
    for most in (0, 1_000):
        monkeypatch.setattr(sparse, "FACTOR_ROWS_MAX", most)
        assert near(sparse.solved_sparse(rows, given)[0], exact[0]), most
    monkeypatch.setattr(sparse, "FACTOR_ROWS_MAX", 0)
    monkeypatch.setattr(sparse, "FACTOR_ROWS_AT_MOST", size - 1)
    monkeypatch.setattr(solving, "EXACT_ROWS_MAX", 0)
    with pytest.raises(ChainFault) as fault:
        solving.answers(rows, given)
    assert fault.value.code == "CHAIN_NEARLY_CLOSED", "a factor of very many rows is not tried"


def test_who_is_at_the_end_of_a_long_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left at one step has nothing in common with what was left first: the iteration begins anew there."""
    monkeypatch.setattr(sparse, "FACTOR_ROWS_MAX", 0)
    monkeypatch.setattr(sparse, "FACTOR_ROWS_AT_MOST", 0)
    rows = [{at + 1: Fraction(1, 2)} for at in range(30)] + [{}]
    given = [[Fraction(int(at == 30)) for at in range(31)]]
    assert near(sparse.solved_sparse(rows, given)[0], solved(rows, given)[0])


def test_a_large_chain_before_and_after(always_sparse: None) -> None:
    """At constant final demand leakage falls by what is kept: here to nine digits, by a fresh solve."""
    links = drawn_links(150, 5, 2)
    for which in ((0,), (0, 3)):
        assert links.fits(which)
        fell = shares_of(links.chain).leakage - shares_of(founded(links, which)).leakage
        assert near([fell], [links.keeps(which)])


def test_few_that_buy_of_many_are_not_reckoned_in_fractions(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = drawn_chain(30, 6, 1)
    exact = retained(chain).stays
    monkeypatch.setattr(solving, "EXACT_SHARES_MAX", sum(map(len, chain.rows)) - 1)
    found = retained(chain).stays
    assert found != exact
    assert near([*found.values()], [*exact.values()])


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = drawn_chain(60, 5, 1)
    exact = retained(chain)
    monkeypatch.setattr(solving, "has_scipy", lambda: False)
    monkeypatch.setattr(solving, "EXACT_ROWS_MAX", 40)
    assert retained(chain) == exact, "small ones are reckoned all the same"
    monkeypatch.setattr(solving, "BARE_ROWS_MAX", 59)
    with pytest.raises(ChainFault) as fault:
        retained(chain)
    assert (fault.value.code, fault.value.about) == ("CHAIN_TOO_LARGE", "60")
    assert shares_of(chain).leakage > 0, "sums need no solver"


def test_a_closed_group_is_found_before_anything_is_solved(always_sparse: None) -> None:
    """A third to each of three: a solver that rounds would answer 9e15 without a word."""
    third = Fraction(1, 3)
    enterprises = {f"e{at:03}": Enterprise(Fraction(3), Fraction(0), Fraction(0)) for at in range(90)}
    names = list(enterprises)
    ring = {(names[at], names[(at + step) % 90]): 3 * third for at in range(90) for step in (1, 2, 3)}
    with pytest.raises(ChainFault) as fault:
        ProductiveChain(enterprises, ring)
    assert fault.value.code == "CLOSED_GROUP"


def test_what_breaks_is_as_in_the_chain_without_it() -> None:
    chain = drawn_chain(25, 5, 4)
    inside = {**chain.inside, ("e00003", "e00003"): Fraction(1), (HOUSEHOLDS, "e00003"): Fraction(7)}
    other = chain.outside["e00003", "other"]
    chain = ProductiveChain(chain.enterprises, inside, {**chain.outside, ("e00003", "other"): other - 1})
    assert {one.stopped: one.share for one in fragility(chain)} == {
        name: shares_of(without(chain, name)).all for name in chain.names
    }
