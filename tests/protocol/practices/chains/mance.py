# SPDX-License-Identifier: AGPL-3.0-or-later
"""The worked network: households, an emporium, a bakery and growers in one month, and four candidates."""

from fractions import Fraction

from protocol.practices.chains.engine.chain import HOUSEHOLDS, Enterprise, ProductiveChain, fractions
from protocol.practices.chains.engine.missing import Candidate, Recipe

E, B, G = "emporium", "bakery", "growers"


def enterprise(turnover: int, wages: int, surplus: int) -> Enterprise:
    return Enterprise(Fraction(turnover), Fraction(wages), Fraction(surplus))


def network() -> ProductiveChain:
    """Return what all buy and sell in a month."""
    return ProductiveChain(
        {E: enterprise(8_000, 1_200, 400), B: enterprise(3_000, 1_100, 300), G: enterprise(3_000, 1_800, 300)},
        fractions([
            ((HOUSEHOLDS, E), 8_000), ((HOUSEHOLDS, B), 2_000), ((E, G), 2_400), ((E, B), 1_000), ((B, G), 150),
        ]),
        fractions([
            ((HOUSEHOLDS, "rent"), 3_000), ((HOUSEHOLDS, "other"), 2_400), ((HOUSEHOLDS, "clothing"), 2_000),
            ((HOUSEHOLDS, "transport"), 1_500), ((HOUSEHOLDS, "cleaning"), 900), ((HOUSEHOLDS, "flour"), 200),
            ((E, "cleaning"), 1_600), ((E, "pasta and oil"), 1_400), ((B, "flour"), 1_200), ((B, "energy"), 250),
            ((G, "inputs"), 900),
        ]),
    )  # fmt: skip


def candidates() -> list[Candidate]:
    """Return who could be founded: mill, soap, biofertiliser and sewing."""

    def one(
        name: str, item: str, pledged: int, investment: int, outside: int, wages: int, surplus: int, growers: int = 0
    ) -> Candidate:
        recipe = Recipe(
            {G: Fraction(growers, 100)} if growers else {}, {"various": Fraction(outside, 100)},
            Fraction(wages, 100), Fraction(surplus, 100),
        )  # fmt: skip
        return Candidate(name, item, Fraction(pledged, 100), recipe, Fraction(investment))

    return [
        one("mill", "flour", 100, 6_000, 10, 25, 15, growers=50),
        one("soap", "cleaning", 60, 2_700, 50, 35, 15),
        one("biofertiliser", "inputs", 50, 1_500, 20, 40, 20, growers=20),
        one("sewing", "clothing", 30, 1_800, 45, 45, 10),
    ]
