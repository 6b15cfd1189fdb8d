# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stewards have lately paid out by themselves, and how much more they may before the group is asked."""

from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.book.declaration import Motion, Parameter
from protocol.book.gates import UnderMotion
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.book.parameters import Money
from protocol.lanes.entry import Millis

SPENDING_MS = 30 * 24 * 60 * 60 * 1_000
GATE = Motion()
STEWARD_LIMIT = Parameter(
    "commons.steward_limit",
    Money(),
    AMOUNT_MINOR_MAX,
    "what stewards may pay out of the commons in 30 days; more is put to the vote",
    changed_by=GATE,
)


@dataclass(slots=True)
class Spending:
    """What stewards have paid out by themselves in the last 30 days: (when, minor units) by currency, oldest first."""

    by_currency: dict[str, list[tuple[Millis, int]]] = field(default_factory=dict[str, list[tuple[Millis, int]]])


def alone_minor(book: Book, currency: str, at_ms: Millis) -> int:
    """Return how much stewards may still pay out at an hour without a vote, the same on every node."""
    spent = book.of(Spending).by_currency.get(currency, ())
    lately = sum(minor for when, minor in spent if when > at_ms - SPENDING_MS)
    return max(0, book.parameter(STEWARD_LIMIT, currency) - lately)


def note(book: Book, currency: str, amount_minor: int, at_ms: Millis) -> None:
    """Note what is paid out, unless the group has carried it: part of the fold."""
    if book.of(UnderMotion).satisfies(GATE):
        return
    spent = book.of(Spending).by_currency
    kept = [one for one in spent.get(currency, ()) if one[0] > at_ms - SPENDING_MS]
    spent[currency] = [*kept, (at_ms, amount_minor)]
