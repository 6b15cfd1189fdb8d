# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much is bought inside, and what leaks where (MISSION 3, formula 1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from protocol.practices.chains.engine.chain import ZERO, ProductiveChain


@dataclass(frozen=True, slots=True)
class ChainShares:
    """The share of purchases inside, of each buyer and of all; what leaks, in all, by item and by buyer."""

    of: Mapping[str, Fraction]
    all: Fraction
    leakage: Fraction
    by_item: Mapping[str, Fraction]
    by_buyer: Mapping[str, Fraction]


def shares_of(chain: ProductiveChain) -> ChainShares:
    """Return shares and leakage; who buys nothing has a share of zero. Items that leak most come first."""
    of: dict[str, Fraction] = {}
    by_buyer: dict[str, Fraction] = {}
    for buyer in chain.buyers:
        within, without = chain.bought_inside(buyer), chain.bought_outside(buyer)
        of[buyer] = within / (within + without) if within + without else ZERO
        by_buyer[buyer] = without
    by_item: dict[str, Fraction] = {}
    for (_, item), value in chain.outside.items():
        by_item[item] = by_item.get(item, ZERO) + value
    leakage = sum(by_buyer.values(), ZERO)
    bought = leakage + sum(chain.inside.values(), ZERO)
    return ChainShares(
        of=of,
        all=1 - leakage / bought if bought else ZERO,
        leakage=leakage,
        by_item=dict(sorted(by_item.items(), key=lambda one: (-one[1], one[0]))),
        by_buyer=by_buyer,
    )


def without(chain: ProductiveChain, stopped: str) -> ProductiveChain:
    """Return the chain where one enterprise has stopped: it buys nothing, and its customers buy outside.

    What they bought of it counts as an item by its name.
    """
    inside: dict[tuple[str, str], Fraction] = {}
    outside = {place: value for place, value in chain.outside.items() if place[0] != stopped}
    for (buyer, supplier), value in chain.inside.items():
        if supplier == stopped and buyer != stopped:
            outside[buyer, stopped] = outside.get((buyer, stopped), ZERO) + value
        elif buyer != stopped:
            inside[buyer, supplier] = value
    left = {name: one for name, one in chain.enterprises.items() if name != stopped}
    return ProductiveChain(left, inside, outside)


@dataclass(frozen=True, slots=True)
class StoppedLeft:
    """What is bought inside, and in all, once an enterprise has stopped."""

    stopped: str
    inside: Fraction
    bought: Fraction

    @property
    def share(self) -> Fraction:
        """The share that is bought inside then."""
        return self.inside / self.bought if self.bought else ZERO


def fragility(chain: ProductiveChain) -> list[StoppedLeft]:
    """Return what would be left if one stopped, of each enterprise; the worst first.

    What it bought is gone, and what others bought of it is bought outside: as in the chain `without` it.
    """
    sold = dict.fromkeys(chain.names, ZERO)
    for (_, supplier), value in chain.inside.items():
        sold[supplier] += value
    inside = sum(chain.inside.values(), ZERO)
    bought = inside + sum(chain.outside.values(), ZERO)
    found: list[StoppedLeft] = []
    for name in chain.names:
        own = chain.bought_inside(name)
        left = inside - own - sold[name] + chain.inside.get((name, name), ZERO)
        found.append(StoppedLeft(name, left, bought - own - chain.bought_outside(name)))
    return sorted(found, key=lambda one: (one.share, one.stopped))
