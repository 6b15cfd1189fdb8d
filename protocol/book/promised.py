# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is promised and has not ended yet: how far it may still take accounts, so that none goes beyond int64 by it.

A hold that went on may be claimed long after; by then the claim stands on the link, and has to fit the ledger. So
whoever promises looks at what all that is promised besides may bring. That is the author's to look at: a reader who
looked again could refuse what another reader took.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.book.refusals import AMOUNT_TOO_LARGE, Reason, Refused, refuse

BalanceMove = tuple[str, int]
"""An account, and by how much its balance may change, in minor units."""


@dataclass(slots=True)
class Promised:
    """By how much, in minor units, what is open may yet take accounts down and up."""

    down: dict[str, int] = field(default_factory=dict[str, int])
    up: dict[str, int] = field(default_factory=dict[str, int])

    def begin(self, changes: Iterable[BalanceMove]) -> None:
        """Count what is promised from now on."""
        for account, change in changes:
            if change:
                side = self.up if change > 0 else self.down
                side[account] = side.get(account, 0) + abs(change)

    def end(self, changes: Iterable[BalanceMove]) -> None:
        """Count no more what has come about, or never will."""
        for account, change in changes:
            if change:
                side = self.up if change > 0 else self.down
                side[account] -= abs(change)
                if not side[account]:
                    del side[account]


def room(book: Book, account: str) -> tuple[int, int]:
    """Return how far an account may still go down and up, whatever of all that is promised comes about."""
    found, promised = book.ledger.accounts.get(account), book.of(Promised)
    balance = 0 if found is None else found.balance_minor
    down = AMOUNT_MINOR_MAX + balance - promised.down.get(account, 0)
    up = AMOUNT_MINOR_MAX - balance - promised.up.get(account, 0)
    return max(0, down), max(0, up)


def beyond_promised(book: Book, *changes: BalanceMove) -> Refused | None:
    """Return AMOUNT_TOO_LARGE where these changes, beside all that is promised, could take a balance beyond int64.

    An account need not be open yet. For the author alone to ask.
    """
    asked = Promised()
    asked.begin(changes)
    for account in dict.fromkeys(account for account, _ in changes):
        down, up = room(book, account)
        if asked.down.get(account, 0) > down or asked.up.get(account, 0) > up:
            return refuse(AMOUNT_TOO_LARGE, maximum=AMOUNT_MINOR_MAX)
    return None


def uncounted(book: Book, changes: Iterable[BalanceMove]) -> Reason | None:
    """Return AMOUNT_TOO_LARGE where changes, taken together, carry a balance beyond what can be stored.

    An account need not be open yet. The same answer on every node: only what is posted now is looked at.
    """
    sums: dict[str, int] = {}
    for account, change in changes:
        sums[account] = sums.get(account, 0) + change
    for account, change in sums.items():
        found = book.ledger.accounts.get(account)
        if abs(change + (0 if found is None else found.balance_minor)) > AMOUNT_MINOR_MAX:
            return AMOUNT_TOO_LARGE
    return None
