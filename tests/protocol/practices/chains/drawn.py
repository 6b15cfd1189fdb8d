# SPDX-License-Identifier: AGPL-3.0-or-later
"""Chains and candidates drawn from a seed, as large as a test wants them."""

import random
from fractions import Fraction

from protocol.practices.chains.engine.chain import HOUSEHOLDS, Enterprise, ProductiveChain
from protocol.practices.chains.engine.missing import Candidate, MissingLinks, Recipe


def drawn_chain(enterprises: int, items: int, seed: int, suppliers: int = 4) -> ProductiveChain:
    """Return enterprises that each buy from some others and some items outside, and households."""
    chance = random.Random(seed)
    names = [f"e{number:05}" for number in range(enterprises)]
    inside: dict[tuple[str, str], Fraction] = {}
    outside: dict[tuple[str, str], Fraction] = {}
    made: dict[str, Enterprise] = {}
    for name in names:
        turnover = Fraction(chance.randrange(1_000, 9_000))
        spent = Fraction(0)
        for supplier in chance.sample(names, min(suppliers, enterprises)):
            inside[name, supplier] = turnover * Fraction(chance.randrange(1, 48 // suppliers), 100)
            spent += inside[name, supplier]
        for item in chance.sample(range(items), min(3, items)):
            outside[name, f"i{item}"] = turnover * Fraction(chance.randrange(1, 12), 100)
            spent += outside[name, f"i{item}"]
        wages, surplus = chance.randrange(5, 12), chance.randrange(0, 7)
        made[name] = Enterprise(turnover, turnover * Fraction(wages, 100), turnover * Fraction(surplus, 100))
        outside[name, "other"] = turnover * Fraction(100 - wages - surplus, 100) - spent
    for name in names[::3]:
        inside[HOUSEHOLDS, name] = Fraction(chance.randrange(100, 900))
    outside[HOUSEHOLDS, "i0"] = Fraction(chance.randrange(100, 900))
    return ProductiveChain(made, inside, outside)


def drawn_links(enterprises: int, candidates: int, seed: int, items: int | None = None) -> MissingLinks:
    """Return as many candidates for the chain, some of which buy from others, and some want what others want."""
    items = items or max(3, candidates * 3 // 4)
    chain = drawn_chain(enterprises, items, seed)
    chance = random.Random(seed + 1)
    found: list[Candidate] = []
    for number in range(candidates):
        parts = [chance.randrange(1, 10) for _ in range(5)]
        supplier, item, wages, surplus, other = (Fraction(part, sum(parts)) for part in parts)
        bought = {f"i{chance.randrange(items)}": item}
        bought["nowhere"] = other
        recipe = Recipe({chance.choice(chain.names): supplier}, bought, wages, surplus)
        pledged, investment = Fraction(chance.randrange(1, 4), 4), Fraction(chance.randrange(100, 900))
        found.append(Candidate(f"k{number:05}", f"i{chance.randrange(items)}", pledged, recipe, investment))
    return MissingLinks(chain, found)
