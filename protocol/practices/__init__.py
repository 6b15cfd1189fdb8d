# SPDX-License-Identifier: AGPL-3.0-or-later
"""Practices: what groups do with each other, by wings; a practice declares everything about itself in its own room."""

from collections.abc import Mapping

from protocol.book.declaration import Operation, Practice, operations_of
from protocol.practices import between, chains, governance, market, money, people

PRACTICES: tuple[Practice, ...] = (
    *people.PRACTICES,
    *money.PRACTICES,
    *between.PRACTICES,
    *market.PRACTICES,
    *governance.PRACTICES,
    *chains.PRACTICES,
)
OPERATIONS: Mapping[str, Operation] = operations_of(PRACTICES)
