# SPDX-License-Identifier: AGPL-3.0-or-later
"""The chain as it would be with some candidates in it: as much is bought for use as before."""

from collections.abc import Iterable
from fractions import Fraction

from protocol.practices.chains.engine.chain import HOUSEHOLDS, ZERO, Enterprise, ProductiveChain
from protocol.practices.chains.engine.missing import MissingLinks
from protocol.practices.chains.engine.retained import turnovers


def founded(links: MissingLinks, which: Iterable[int]) -> ProductiveChain:
    """Return the chain with these candidates, by number, founded; raises ChainFault where they take too much."""
    before, chosen = links.chain, sorted(set(which))
    names = [links.candidates[at].name for at in chosen]
    inside, outside = dict(before.inside), dict(before.outside)
    enterprises = dict(before.enterprises)
    for at, name in zip(chosen, names, strict=True):
        recipe, turnover = links.candidates[at].recipe, links.sells[at] or Fraction(1)
        enterprises[name] = Enterprise(turnover, turnover * recipe.wages, turnover * recipe.surplus)
        inside |= {(name, supplier): turnover * share for supplier, share in recipe.inside.items()}
        outside |= {(name, item): turnover * share for item, share in recipe.outside.items()}
    bought = dict(outside)
    for at, name in zip(chosen, names, strict=True):
        for (buyer, item), value in bought.items():
            if item == links.candidates[at].item:
                inside[buyer, name] = inside.get((buyer, name), ZERO) + links.pledged[at] * value
                outside[buyer, item] -= links.pledged[at] * value
    return _grown(before, ProductiveChain(enterprises, inside, outside))


def _grown(before: ProductiveChain, after: ProductiveChain) -> ProductiveChain:
    """Return a chain in which all turn over what is bought for use, as before, and what follows from it."""
    sold = dict.fromkeys(before.names, ZERO)
    for (buyer, supplier), value in before.inside.items():
        sold[supplier] += value if buyer != HOUSEHOLDS else ZERO
    final = [
        before.enterprises[name].turnover - sold[name]
        if name in before.enterprises
        else after.inside.get((HOUSEHOLDS, name), ZERO)
        for name in after.names
    ]
    grown = dict(zip(after.names, turnovers(after, final), strict=True))
    # Who would sell nothing is not there.
    times = {name: grown[name] / one.turnover for name, one in after.enterprises.items() if grown[name]}
    enterprises = {
        name: Enterprise(grown[name], share * after.enterprises[name].wages, share * after.enterprises[name].surplus)
        for name, share in times.items()
    }
    times[HOUSEHOLDS] = Fraction(1)
    return ProductiveChain(
        enterprises,
        {place: times[place[0]] * value for place, value in after.inside.items() if times.keys() >= set(place)},
        {place: times[place[0]] * value for place, value in after.outside.items() if value and place[0] in times},
    )
