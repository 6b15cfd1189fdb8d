# SPDX-License-Identifier: AGPL-3.0-or-later
"""Funds as the book keeps them: what each holds, what it has lent, and whose savings are in it.

All money of funds of one currency stands in one account; each fund knows its own part of it. What lends, saves or
insures out of a fund takes and puts by `from_fund` and `into_fund`, as part of its fold.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.book.declaration import Slot, SystemAccount
from protocol.book.ledger import Posting
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.lanes.entry import Millis
from protocol.practices.credit.funds.entries import FundKind, FundPart
from protocol.practices.credit.funds.refusals import FUND_SHORT
from protocol.practices.governance.projects.state import TRANCHE_POSTED_AS, Purse

FUNDS = SystemAccount("funds", "what the group's funds hold: for loans, for losses, for what it likes")
SAVINGS_PLEDGED: Slot[Callable[[Book, "Fund", str], int]] = Slot(
    "tells how much of a member's savings in a fund (minor units) stands for what it owes, and stays there"
)
LENDING_BOUND: Slot[Callable[[Book, "Fund", int, Millis], Refused | None]] = Slot(
    "tells why a fund may not lend so much (minor units) at an hour; asked by the author alone, as any limit is"
)


@dataclass(slots=True)
class Fund:
    """A fund, all in minor units of its currency: `free_minor` can be lent or paid out now, `lent_minor` comes back.

    `savings` and `shares` are what members may take back, by member id; they are within what it holds or has lent.
    `earned_minor` is what interest and fees have brought it, `lost_minor` what was lent and never came back.
    """

    id: bytes
    title: str
    currency: str
    kind: FundKind
    guarantee: bytes | None
    arrival: int
    at_ms: Millis
    free_minor: int = 0
    lent_minor: int = 0
    earned_minor: int = 0
    lost_minor: int = 0
    savings: dict[str, int] = field(default_factory=dict[str, int])
    shares: dict[str, int] = field(default_factory=dict[str, int])
    saved_minor: int = 0
    shared_minor: int = 0

    def of_member(self, part: FundPart, member: str) -> int:
        """Return how much of the fund is a member's own, in minor units."""
        return (self.savings if part is FundPart.SAVINGS else self.shares).get(member, 0)

    def add_for(self, part: FundPart, member: str, amount_minor: int) -> None:
        """Note what a member pays in as its own, or takes out where it is below 0: part of the fold."""
        held = self.savings if part is FundPart.SAVINGS else self.shares
        held[member] = held.get(member, 0) + amount_minor
        if not held[member]:
            del held[member]
        if part is FundPart.SAVINGS:
            self.saved_minor += amount_minor
        else:
            self.shared_minor += amount_minor


@dataclass(slots=True)
class Funds:
    """All funds by id, in the order in which they were created."""

    by_id: dict[bytes, Fund] = field(default_factory=dict[bytes, Fund])


def fund_named(book: Book, name: str) -> Fund | Refused:
    """Return the fund that a path names."""
    return book.of(Funds).by_id.get(parse_uuid(name) or b"") or refuse(NOT_FOUND)


def fund_account(fund: Fund) -> str:
    """Return the account in which a fund's money stands, together with that of others."""
    return FUNDS.of(fund.currency)


def short_of_fund(fund: Fund, amount_minor: int) -> Refused | None:
    """Return FUND_SHORT where a fund holds less; for the author alone to ask, as any limit."""
    return _short(fund, fund.free_minor, amount_minor)


def short_of_own(fund: Fund, amount_minor: int) -> Refused | None:
    """Return FUND_SHORT where a fund holds less beside what members may take back: that it does not give away."""
    return _short(fund, fund.free_minor - fund.saved_minor - fund.shared_minor, amount_minor)


def _short(fund: Fund, free_minor: int, amount_minor: int) -> Refused | None:
    free = max(0, free_minor)
    if amount_minor <= free:
        return None
    return refuse(FUND_SHORT, available=free, missing=amount_minor - free, fund=fund.title, currency=fund.currency)


def bound_of_lending(book: Book, fund: Fund, amount_minor: int, now: Millis) -> Refused | None:
    """Return why a fund may not lend so much: it holds less, or a rule of another practice keeps some of it back."""
    bounds = (bound(book, fund, amount_minor, now) for bound in book.fillings(LENDING_BOUND))
    return short_of_fund(fund, amount_minor) or next((one for one in bounds if one is not None), None)


def from_fund(fund: Fund, account: str, amount_minor: int, kind: str) -> Sequence[Posting]:
    """Take so much out of a fund and return the postings that bring it to an account: part of the fold."""
    fund.free_minor -= amount_minor
    own = fund_account(fund)
    return (Posting(own, -amount_minor, kind, None, account), Posting(account, amount_minor, kind, None, own))


def into_fund(fund: Fund, account: str, amount_minor: int, kind: str) -> Sequence[Posting]:
    """Put so much into a fund and return the postings that take it of an account: part of the fold."""
    fund.free_minor += amount_minor
    own = fund_account(fund)
    return (Posting(account, -amount_minor, kind, None, own), Posting(own, amount_minor, kind, None, account))


def purse_of_fund(book: Book, name: bytes) -> Purse | None:
    """Return a fund as what pays projects, None where there is no such fund."""
    fund = book.of(Funds).by_id.get(name)
    if fund is None:
        return None
    return Purse(
        fund.currency,
        lambda amount_minor: short_of_own(fund, amount_minor),
        lambda account, amount_minor: from_fund(fund, account, amount_minor, TRANCHE_POSTED_AS),
        fund_account(fund),
    )


def uncovered(book: Book) -> str | None:
    """Tell what is wrong where what funds know of their money is not what stands in the account of its currency."""
    sums: dict[str, int] = {}
    for fund in book.of(Funds).by_id.values():
        sums[fund.currency] = sums.get(fund.currency, 0) + fund.free_minor
        if fund.saved_minor != sum(fund.savings.values()) or fund.shared_minor != sum(fund.shares.values()):
            return f"savings and shares of {uuid_text(fund.id)} are not what its members have there"
    for currency in book.currencies:
        account = book.ledger.accounts.get(FUNDS.of(currency))
        held = 0 if account is None else account.balance_minor
        if held != sums.get(currency, 0):
            return f"funds in {currency} know of {sums.get(currency, 0)}, and {held} is there"
    return None
