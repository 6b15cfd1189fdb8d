# SPDX-License-Identifier: AGPL-3.0-or-later
"""Circulation: how much of a currency is in people's hands, how much the group lets circulate, and how near that is.

The barter clubs of Argentina issued credit to whoever paid for it, and prices rose fortyfold. Here the cap follows from
who has lately sold something. All of it is kept as entries are posted, so that nobody counts members to know it.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.book.declaration import Entered, Motion, Parameter, SystemAccount
from protocol.book.ledger import Account, Posting
from protocol.book.money import BASIS_POINTS
from protocol.book.parameters import Money, Number, Percentage
from protocol.book.refusals import Reason, Refused, Stage, refuse
from protocol.book.timezones import DAY_MS
from protocol.book.wishes import said_in
from protocol.lanes.entry import Millis
from protocol.practices.people.members.entries import Leave, MemberLeft

GATE = Motion()
PAPER = SystemAccount("vouchers", "what circulates on paper")
"""The account of paper vouchers: what it holds is in people's hands, as what members hold is."""

CAP_PER_SELLER = Parameter(
    "circulation.per_seller",
    Money(),
    0,
    "how much may circulate for each member who has lately sold something; 0: nothing is granted",
    changed_by=GATE,
)
CAP_BASE = Parameter(
    "circulation.base",
    Money(),
    0,
    "how much may circulate besides, so that a club in which nobody has sold anything yet can begin",
    changed_by=GATE,
)
ACTIVE_DAYS = Parameter(
    "circulation.active_days",
    Number(1, 730, "days"),
    90,
    "for how many days after a sale a member counts as one who sells",
    changed_by=GATE,
)
NEAR_CAP = Parameter(
    "circulation.near_cap",
    Percentage(),
    9_000,
    "from which part of the cap on coordinators are warned",
    changed_by=GATE,
)

OVER_ISSUE = Reason(
    "OVER_ISSUE",
    Stage.RULE,
    422,
    "More would circulate than the group's cap allows",
    "{asked} would circulate more, and {available} is what the cap of {cap} leaves. Nothing was issued.",
    heading="{available} available",
    ways=(
        "issue {available} or less",
        "wait until more members have sold something, or less circulates",
        "see what circulates: mutirao circulation show {currency}",
    ),
)


@dataclass(slots=True)
class Sellers:
    """Which accounts were paid by others, and when last."""

    last: dict[str, Millis] = field(default_factory=dict[str, int])
    hours: list[tuple[Millis, str]] = field(default_factory=list[tuple[int, str]])
    """The same, sorted by the hour."""

    def note(self, account: str, at_ms: Millis) -> None:
        """Note that an account was paid."""
        before = self.last.get(account)
        if before is not None:
            if before >= at_ms:
                return
            del self.hours[bisect_left(self.hours, (before, account))]
        self.last[account] = at_ms
        insort(self.hours, (at_ms, account))

    def forget(self, account: str) -> None:
        """Count an account no more."""
        before = self.last.pop(account, None)
        if before is not None:
            del self.hours[bisect_left(self.hours, (before, account))]

    def since(self, at_ms: Millis) -> int:
        """Return how many were paid at an hour or after it."""
        return len(self.hours) - bisect_right(self.hours, (at_ms - 1, "\U0010ffff"))


@dataclass(slots=True)
class Circulation:
    """What members hold above zero of each currency (minor units), and who has sold in it."""

    held: dict[str, int] = field(default_factory=dict[str, int])
    sellers: dict[str, Sellers] = field(default_factory=dict[str, Sellers])


def posted(book: Book, entered: Entered, postings: Sequence[Posting]) -> None:
    """Keep what members hold, and who was paid: part of the fold."""
    accounts, circulation = book.ledger.accounts, book.of(Circulation)
    changes: dict[str, int] = {}
    for one in postings:
        account = accounts[one.account]
        if account.member is None:
            continue
        changes[one.account] = changes.get(one.account, 0) + one.amount_minor
        if one.amount_minor > 0 and one.kind == "payment" and _is_of_another(book, account, one.counterpart):
            circulation.sellers.setdefault(account.currency, Sellers()).note(account.id, entered.at_ms)
    for name, change in changes.items():
        account = accounts[name]
        after = account.balance_minor
        grown = max(0, after) - max(0, after - change)
        if grown:
            circulation.held[account.currency] = circulation.held.get(account.currency, 0) + grown


def _is_of_another(book: Book, account: Account, counterpart: str | None) -> bool:
    """Tell whether who has paid is another member, here or abroad: what the group pays is no sale."""
    other = book.ledger.accounts.get(counterpart or "")
    return counterpart is not None if other is None else other.member not in (None, account.member)


def forget_gone(book: Book, entered: Entered) -> Sequence[Posting]:
    """Count a member who has left among the sellers no more: part of the fold."""
    assert isinstance(entered.body, MemberLeft)
    sellers = book.of(Circulation).sellers
    for account in book.ledger.of_member(said_in(book, entered.body, Leave).wish.member):
        if account.currency in sellers:
            sellers[account.currency].forget(account.id)
    return ()


def paper_minor(book: Book, currency: str) -> int:
    """Return what circulates on paper, in minor units."""
    account = book.ledger.accounts.get(PAPER.of(currency))
    return 0 if account is None else account.balance_minor


def circulating_minor(book: Book, currency: str) -> int:
    """Return what is in people's hands: on accounts above zero, and on paper."""
    return book.of(Circulation).held.get(currency, 0) + paper_minor(book, currency)


def sellers_at(book: Book, currency: str, at_ms: Millis) -> int:
    """Return how many members have sold something of late."""
    sellers = book.of(Circulation).sellers.get(currency)
    return 0 if sellers is None else sellers.since(at_ms - book.parameter(ACTIVE_DAYS) * DAY_MS)


def cap_minor(book: Book, currency: str, at_ms: Millis) -> int:
    """Return how much may circulate at an hour."""
    for_sellers = sellers_at(book, currency, at_ms) * book.parameter(CAP_PER_SELLER, currency)
    return book.parameter(CAP_BASE, currency) + for_sellers


def available_minor(book: Book, currency: str, at_ms: Millis) -> int:
    """Return how much more may be issued at an hour; below zero, by how much too much circulates."""
    return cap_minor(book, currency, at_ms) - circulating_minor(book, currency)


def is_near_cap(book: Book, currency: str, at_ms: Millis) -> bool:
    """Tell whether so much circulates that coordinators are warned."""
    cap = cap_minor(book, currency, at_ms)
    return circulating_minor(book, currency) * BASIS_POINTS >= cap * book.parameter(NEAR_CAP)


def is_capped(book: Book, currency: str) -> bool:
    """Tell whether the group has set a cap for a currency."""
    return book.parameter(CAP_PER_SELLER, currency) > 0 or book.parameter(CAP_BASE, currency) > 0


def over_issue(book: Book, currency: str, asked_minor: int, at_ms: Millis) -> Refused | None:
    """Return OVER_ISSUE where so much more may not be issued: for the author alone to ask."""
    available = available_minor(book, currency, at_ms)
    if asked_minor <= available:
        return None
    return refuse(
        OVER_ISSUE,
        available=max(0, available),
        asked=asked_minor,
        cap=cap_minor(book, currency, at_ms),
        currency=currency,
    )
