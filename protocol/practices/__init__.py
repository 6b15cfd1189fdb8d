# SPDX-License-Identifier: AGPL-3.0-or-later
"""Practices: what groups do with each other, by wings; a practice declares everything about itself in its own room."""

from collections.abc import Mapping

from protocol.book.declaration import Operation, Practice, operations_of
from protocol.practices import between, chains, credit, governance, market, marks, money, people

WINGS: Mapping[str, tuple[Practice, ...]] = {
    "people": people.PRACTICES,
    "money": money.PRACTICES,
    "between": between.PRACTICES,
    "market": market.PRACTICES,
    "governance": governance.PRACTICES,
    "credit": credit.PRACTICES,
    "marks": marks.PRACTICES,
    "chains": chains.PRACTICES,
}
"""The practices of each wing; a wing imports only those before it."""
PRACTICES: tuple[Practice, ...] = tuple(practice for wing in WINGS.values() for practice in wing)
OPERATIONS: Mapping[str, Operation] = operations_of(PRACTICES)
