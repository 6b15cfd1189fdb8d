# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a book knows of set-offs that were made, and what each was for whom."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.lanes.entry import Millis
from protocol.practices.money.obligations.rules import debtor_account
from protocol.practices.money.setoffs.entries import Share


@dataclass(slots=True)
class Party:
    """What a set-off does to an account: what it owes less and is owed less, its balance before (minor units)."""

    owes_less_minor: int = 0
    owed_less_minor: int = 0
    before_minor: int = 0

    @property
    def change_minor(self) -> int:
        """By how much its balance changes: who is freed of more than it gives up pays the difference."""
        return self.owed_less_minor - self.owes_less_minor


@dataclass(slots=True)
class Made:
    """A set-off as the book keeps it."""

    id: bytes
    currency: str
    arrival: int
    at_ms: Millis
    shares: tuple[Share, ...]
    ends: tuple[tuple[str, str], ...]
    """The accounts that owed and were owed each share."""
    parties: dict[str, Party]


@dataclass(slots=True)
class SetOffs:
    """All set-offs by id, in the order of arrival, and those of each account."""

    by_id: dict[bytes, Made] = field(default_factory=dict[bytes, Made])
    of_account: dict[str, list[Made]] = field(default_factory=dict[str, list[Made]])


def parties_of(book: Book, shares: Sequence[Share]) -> dict[str, Party]:
    """Return what shares mean to each account, in the order of the accounts' ids."""
    parties: dict[str, Party] = {}
    for share in shares:
        debtor, creditor = ends_of(book, share)
        parties.setdefault(debtor, Party()).owes_less_minor += share.amount
        parties.setdefault(creditor, Party()).owed_less_minor += share.amount
    return dict(sorted(parties.items()))


def ends_of(book: Book, share: Share) -> tuple[str, str]:
    """Return the accounts that owe and are owed what a share is of."""
    request = book.requests[share.request]
    debtor = debtor_account(book, request)
    assert debtor is not None
    return debtor, request.payee
