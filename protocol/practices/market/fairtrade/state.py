# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is kept of fair trade: who signed which cost sheet, what premiums hold, what items are sold at elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.book.declaration import Motion, SystemAccount
from protocol.book.members import MemberState
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid
from protocol.book.tables import Table
from protocol.lanes.entry import Millis
from protocol.practices.market.fairtrade.entries import ReferenceNoted

PREMIUM = SystemAccount("premium", "what buyers have paid for groups of producers, until these spend it")
PRODUCERS = "producers"
"""The family of electorates: the producers of one premium, named producers:<its number, from 1>."""
SPENDINGS_KEPT = 24
"""So many of the last spendings of a premium are shown with it."""


@dataclass(slots=True)
class SignedSheet:
    """A cost sheet as the ledger knows it: whose it is, how often it was told, whether by a key the last time."""

    id: bytes
    arrival: int
    member: str
    at_ms: Millis
    by_key: bool
    versions: int = 1


SIGNED_SHEETS = Table("cost-sheets", SignedSheet, by={"member": lambda sheet: (sheet.member,)})


@dataclass(frozen=True, slots=True)
class PremiumSpending:
    """What of a premium was spent, in minor units: when, for whom, for what."""

    at_ms: Millis
    payee: str
    amount: int
    purpose: str


@dataclass(slots=True)
class Premium:
    """The premium of a group of producers, in minor units of its currency; `number` is which one opened it was."""

    id: bytes
    number: int
    title: str
    currency: str
    producers: tuple[str, ...]
    arrival: int
    at_ms: Millis
    held_minor: int = 0
    paid_minor: int = 0
    spent: tuple[PremiumSpending, ...] = ()

    @property
    def gate(self) -> Motion:
        """On which terms its producers decide: each has one vote."""
        return Motion(electorate=f"{PRODUCERS}:{self.number}")


@dataclass(slots=True)
class Premiums:
    """All premiums by id, in the order in which they were opened."""

    by_id: dict[bytes, Premium] = field(default_factory=dict[bytes, Premium])


@dataclass(slots=True)
class KeptReference:
    """A price elsewhere, and where in the lane it was noted."""

    said: ReferenceNoted
    arrival: int


@dataclass(slots=True)
class References:
    """All prices elsewhere by id, in the order in which they were noted."""

    by_id: dict[bytes, KeptReference] = field(default_factory=dict[bytes, KeptReference])

    def newest(self, code: str, unit: str, currency: str) -> KeptReference | None:
        """Return the newest of an item by the day that it tells; none of what has no code."""
        found = [one for one in self.by_id.values() if (one.said.code, one.said.unit) == (code, unit) and code]
        return max((one for one in found if one.said.currency == currency), key=_age, default=None)


def _age(one: KeptReference) -> tuple[int, int]:
    return one.said.at_ms, one.arrival


def premium_named(book: Book, name: str) -> Premium | Refused:
    """Return the premium that a path names."""
    return book.of(Premiums).by_id.get(parse_uuid(name) or b"") or refuse(NOT_FOUND)


def producers_of(book: Book, name: str) -> Iterator[str]:
    """Yield the ids of the active members who decide on a premium."""
    found = next((one for one in book.of(Premiums).by_id.values() if str(one.number) == name), None)
    for producer in () if found is None else found.producers:
        if book.members[producer].state is MemberState.ACTIVE:
            yield producer


def held_unlike_premiums(book: Book) -> str | None:
    """Tell what is wrong where premiums do not hold what stands in their account."""
    sums: dict[str, int] = {}
    for premium in book.of(Premiums).by_id.values():
        sums[premium.currency] = sums.get(premium.currency, 0) + premium.held_minor
    for currency in book.currencies:
        account = book.ledger.accounts.get(PREMIUM.of(currency))
        held = 0 if account is None else account.balance_minor
        if held != sums.get(currency, 0):
            return f"premiums in {currency} know of {sums.get(currency, 0)}, and {held} is there"
    return None
