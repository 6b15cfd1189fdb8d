# SPDX-License-Identifier: AGPL-3.0-or-later
"""Chains as columns: every figure is that of fractions within 1e-9, and what one change brings is a fresh answer's."""

from fractions import Fraction

import numpy as np
import pytest

from protocol.practices.chains.engine.chain import HOUSEHOLDS, ZERO, ChainFault, Enterprise, ProductiveChain
from protocol.practices.chains.engine.large import LargeChain, LargeFigures
from protocol.practices.chains.engine.large_links import LargeLinks
from protocol.practices.chains.engine.missing import MissingLinks
from protocol.practices.chains.engine.retained import lm3, output_multipliers, retained
from protocol.practices.chains.engine.shares import shares_of
from protocol.solvers import sparse
from tests.protocol.practices.chains.drawn import drawn_chain, drawn_links

NEAR = 1e-9


@pytest.fixture(params=[0, 10_000], ids=["by rounds", "by a factor"], autouse=True)
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "FACTOR_ROWS_MAX", request.param)


def as_fractions_say(figures: LargeFigures, items: list[str], chain: ProductiveChain) -> None:
    """Compare all that the columns come to with what the chain comes to."""
    found, shares = retained(chain), shares_of(chain)
    assert figures.stays == pytest.approx([float(one) for one in found.stays.values()], abs=NEAR)
    assert figures.leaves == pytest.approx([float(one) for one in found.leaves.values()], abs=NEAR)
    whole = [float(one) for one in output_multipliers(chain).values()]
    assert figures.multipliers == pytest.approx(whole, abs=NEAR)
    assert (figures.all, figures.leakage) == pytest.approx((float(shares.all), float(shares.leakage)), rel=1e-12)
    who = [*chain.names, HOUSEHOLDS]
    assert figures.of == pytest.approx([float(shares.of[name]) for name in who], abs=NEAR)
    told = dict(zip(items, figures.leaks.tolist(), strict=True))
    assert told == pytest.approx({item: float(value) for item, value in shares.by_item.items()}, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_columns_come_to_what_fractions_come_to(seed: int) -> None:
    chain = drawn_chain(20 + 10 * seed, 5, seed)
    large, items = LargeChain.of(chain)
    figures = large.figures()
    as_fractions_say(figures, items, chain)
    assert figures.lm3() == pytest.approx([float(one) for one in lm3(chain).values()], abs=NEAR)


@pytest.mark.parametrize("seed", range(3))
def test_ranks_and_what_each_keeps(seed: int) -> None:
    links = drawn_links(25, 30, seed)
    large, items = LargeChain.of(links.chain)
    mine = LargeLinks(
        large.figures(), links.candidates, links.chain.number, {item: at for at, item in enumerate(items)}
    )
    ranked = links.ranked(Fraction(700))
    names = [one.name for one in links.candidates]
    best = mine.best(20)
    assert [names[at] for at in best] == [one.candidate.name for one in ranked[:20]]
    assert mine.keeps(best) == pytest.approx([float(one.keeps) for one in ranked[:20]], rel=NEAR)


def test_one_change_after_another() -> None:
    """More of a supplier, a new supplier, less, more outside: each answer is that of the chain that was changed so."""
    chain = drawn_chain(40, 5, 7)
    large, items = LargeChain.of(chain)
    figures = large.figures()
    buyer, other = chain.names[3], chain.names[11]
    supplier = next(supplier for who, supplier in chain.inside if who == buyer)
    strange = next(name for name in chain.names if (buyer, name) not in chain.inside)
    inside, outside = dict(chain.inside), dict(chain.outside)
    for who, whom, more in ((buyer, supplier, 20), (buyer, strange, 31), (other, buyer, 12), (buyer, strange, -7)):
        # What is bought inside is bought outside no more, so that the sum stays within what is turned over.
        inside[who, whom] = inside.get((who, whom), ZERO) + more
        outside[who, "other"] -= more
        if more > 0:
            figures.change_outside(chain.number[who], items.index("other"), -more)
            figures.change(chain.number[who], chain.number[whom], more)
        else:
            figures.change(chain.number[who], chain.number[whom], more)
            figures.change_outside(chain.number[who], items.index("other"), -more)
        as_fractions_say(figures, items, ProductiveChain(chain.enterprises, inside, outside))
    changed = ProductiveChain(chain.enterprises, inside, outside)
    links = drawn_links(40, 6, 7)
    mine = LargeLinks(figures, links.candidates, chain.number, {item: at for at, item in enumerate(items)})
    fresh = MissingLinks(changed, links.candidates)
    assert mine.keeps(range(6)) == pytest.approx([float(fresh.keeps((at,))) for at in range(6)], rel=NEAR)


def test_a_change_that_cannot_be() -> None:
    chain = drawn_chain(20, 5, 1)
    large, _ = LargeChain.of(chain)
    figures = large.figures()
    before = figures.stays.copy()
    for change, code in (
        (lambda: figures.change(0, 1, 1e9), "SHARE_ABOVE_ONE"),
        (lambda: figures.change_outside(0, 1, 1e9), "SHARE_ABOVE_ONE"),
        (lambda: figures.change(0, 1, -1e9), "AMOUNT_NEGATIVE"),
        (lambda: figures.change_outside(0, 1, -1e9), "AMOUNT_NEGATIVE"),
    ):
        with pytest.raises(ChainFault) as fault:
            change()
        assert fault.value.code == code
    assert (figures.stays == before).all() and not figures.changed and not figures.changed_outside


def test_columns_of_which_no_chain_can_be_made() -> None:
    def columns(*rows: tuple[int, int, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return tuple(np.array(column) for column in zip(*rows, strict=True)) or (  # type: ignore[return-value]
            np.array([], dtype=int), np.array([], dtype=int), np.array([]),
        )  # fmt: skip

    none = columns()
    ten, nothing = np.array([10.0, 10.0, 10.0]), np.zeros(3)
    for code, inside, outside, turnover in (
        ("AMOUNT_NEGATIVE", none, none, np.array([10.0, 0.0, 10.0])),
        ("AMOUNT_NEGATIVE", columns((0, 1, -1.0)), none, ten),
        ("ENTERPRISE_UNKNOWN", columns((0, 3, 1.0)), none, ten),
        ("ENTERPRISE_UNKNOWN", none, columns((4, 0, 1.0)), ten),
        ("SHARE_ABOVE_ONE", columns((0, 1, 6.0)), columns((0, 0, 5.0)), ten),
        ("CLOSED_GROUP", columns((0, 1, 10.0), (1, 0, 10.0), (2, 0, 10.0)), none, ten),
    ):
        with pytest.raises(ChainFault) as fault:
            LargeChain(turnover, nothing, nothing, inside, outside)
        assert fault.value.code == code
    with pytest.raises(ChainFault) as fault:
        ProductiveChain(
            {name: Enterprise(Fraction(10), ZERO, ZERO) for name in "abc"},
            {("a", "b"): Fraction(10), ("b", "a"): Fraction(10), ("c", "a"): Fraction(10)},
        )
    assert fault.value.code == "CLOSED_GROUP", "as the exact engine says"
