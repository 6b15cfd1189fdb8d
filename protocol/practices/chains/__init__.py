# SPDX-License-Identifier: AGPL-3.0-or-later
"""Productive chains (Euclides Mance): what leaves a network, who could make it inside, what that would keep."""

from protocol.book.declaration import Practice
from protocol.practices.chains import (
    baskets,
    criteria,
    enterprises,
    figures,
    outputs,
    paid,
    pledges,
    prices,
    published,
    recipes,
    software,
    steps,
    supply,
)
from protocol.practices.chains.sheets import declaration as sheets

PRACTICES: tuple[Practice, ...] = (
    enterprises.PRACTICE,
    supply.PRACTICE,
    paid.PRACTICE,
    recipes.PRACTICE,
    steps.PRACTICE,
    criteria.PRACTICE,
    sheets.PRACTICE,
    prices.PRACTICE,
    figures.PRACTICE,
    outputs.PRACTICE,
    published.PRACTICE,
    pledges.PRACTICE,
    baskets.PRACTICE,
    software.PRACTICE,
)
