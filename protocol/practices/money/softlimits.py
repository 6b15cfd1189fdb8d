# SPDX-License-Identifier: AGPL-3.0-or-later
"""Soft limits: who comes near a limit, of owing or of holding, is told before anything is refused, and so is the group.

From how much of a limit on is a parameter; nothing is warned of until the group sets it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import READERS, Desk, Doc, Entered, Errand, List, OneOf, Parameter, Practice, Urgency
from protocol.book.ledger import Account, Posting
from protocol.book.members import MemberState
from protocol.book.money import Amount
from protocol.book.parameters import Number

WARN_PERCENT = Parameter(
    "limits.warn_percent",
    Number(0, 100, "percent"),
    0,
    "from how much of a credit limit or a ceiling on its use is warned of; 0: never",
)
OWING, HOLDING = "owing", "holding"


@dataclass(slots=True)
class NearLimits:
    """The accounts that have moved and may be near a limit, by id: those that use at least a hundredth of one."""

    using: dict[str, None] = field(default_factory=dict[str, None])


def used(account: Account, balance_minor: int) -> tuple[str, int, int] | None:
    """Return which limit a balance uses, how many whole percent of it, and what is left (minor units); None if none."""
    if balance_minor < 0 and account.least_minor:
        return OWING, balance_minor * 100 // account.least_minor, max(0, balance_minor - account.least_minor)
    if balance_minor > 0 and account.most_minor:
        return HOLDING, balance_minor * 100 // account.most_minor, max(0, account.most_minor - balance_minor)
    return None


def near(book: Book, account: Account, balance_minor: int) -> tuple[str, int, int] | None:
    """Return the same where the group warns of it."""
    percent = book.parameter(WARN_PERCENT)
    found = used(account, balance_minor) if percent and account.member is not None else None
    return found if found is not None and found[1] >= percent else None


def posted(book: Book, entered: Entered, postings: Sequence[Posting]) -> None:
    """Follow which accounts use a limit."""
    del entered
    using = book.of(NearLimits).using
    for posting in postings:
        account = book.ledger.accounts[posting.account]
        found = used(account, account.balance_minor) if account.member is not None else None
        if found is not None and found[1] >= 1:
            using[account.id] = None
        else:
            using.pop(account.id, None)


@dataclass(frozen=True, slots=True)
class NearLimitsWanted:
    """Accounts near a limit: the fullest first."""


@dataclass(frozen=True, slots=True)
class NearLimitShown:
    """An account that uses much of a limit."""

    account: Annotated[str, Doc("the account")]
    handle: Annotated[str, Doc("whose it is")]
    side: Annotated[str, OneOf((OWING, HOLDING)), Doc("whether it owes much or holds much")]
    balance: Annotated[Amount, Doc("what it holds; below zero it owes")]
    left: Annotated[Amount, Doc("how much there is to the limit")]
    percent: Annotated[int, Doc("how much of the limit is used, in whole percent")]


def _found(book: Book) -> list[NearLimitShown]:
    """Return the accounts of active members that are near a limit, the fullest first."""
    shown: list[NearLimitShown] = []
    for id in book.of(NearLimits).using if book.parameter(WARN_PERCENT) else ():
        account = book.ledger.accounts[id]
        found, member = near(book, account, account.balance_minor), book.members[account.member or ""]
        if found is not None and member.state is MemberState.ACTIVE:
            side, percent, left = found
            balance, rest = (book.amount(account.currency, minor) for minor in (account.balance_minor, left))
            shown.append(NearLimitShown(id, member.handle, side, balance, rest, percent))
    return sorted(shown, key=lambda one: (-one.percent, one.account))


def view_near(desk: Desk, wanted: NearLimitsWanted, after: int) -> Iterable[tuple[int, NearLimitShown]]:
    del wanted
    return ((at, one) for at, one in enumerate(_found(desk.book), 1) if at > after)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield that a member is near a limit of its own."""
    book = desk.book
    for account in book.ledger.of_member(desk.actor.member or ""):
        found = near(book, account, account.balance_minor)
        if found is not None:
            side, percent, left = found
            way = "sell something before you buy more" if side == OWING else "spend some before you sell more"
            said = f"You use {percent}% of your limit of {side}: {way}"
            figure = book.amount(account.currency, left)
            yield Errand(
                account.id, account.currency, f"limits.{side}", said, "accounts.show", Urgency.NEAR_LIMIT, figure
            )


def week(desk: Desk) -> Iterator[Errand]:
    """Yield how many members are near a limit."""
    count = len({one.handle for one in _found(desk.book)})
    if count:
        said = "1 member is near a limit" if count == 1 else f"{count} members are near a limit"
        yield Errand("", "members", "limits.near", said, "near-limits.list", Urgency.NEAR_LIMIT, count=count)


PRACTICE = Practice(
    name="near-limits",
    entries=(),
    posted=posted,
    today=today,
    week=week,
    parameters=(WARN_PERCENT,),
    operations=(
        List("near-limits", NearLimitsWanted, NearLimitShown, view=view_near, who=READERS,
             example="mutirao near-limits list"),
    ),
)  # fmt: skip
