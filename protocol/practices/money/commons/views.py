# SPDX-License-Identifier: AGPL-3.0-or-later
"""The commons as all members see it, and what a steward may wish of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.accounts import commons_account, exchange_account
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.currency import Currency
from protocol.book.declaration import Desk, Doc
from protocol.book.money import Amount
from protocol.book.personal import NOTE_CHARS_MAX
from protocol.book.refusals import CURRENCY_UNKNOWN, Refused, refuse
from protocol.lanes.entry import Millis
from protocol.practices.money.commons.state import alone_minor
from protocol.wire.shape import AtMost

PAYEE_CHARS_MAX = 64


@dataclass(frozen=True, slots=True)
class PayOut:
    """Pay a member from the group's commons, no more than that holds; all members see it."""

    payee: Annotated[str, AtMost(PAYEE_CHARS_MAX), Doc("the handle or account of the member who is paid")]
    amount: Annotated[Amount, Doc("how much")]
    note: Annotated[
        str | None, AtMost(NOTE_CHARS_MAX), Doc("what it is for; kept outside the ledger, seen by all members")
    ] = None


@dataclass(frozen=True, slots=True)
class Collect:
    """Move what fees and rounding have brought, or cost, from the account of exchange into the commons."""


@dataclass(frozen=True, slots=True)
class CommonsWanted:
    """What the group owns, currency by currency."""


@dataclass(frozen=True, slots=True)
class CommonsShown:
    """What the group owns in a currency."""

    currency: Annotated[str, Doc("the code of the currency")]
    balance: Annotated[Amount, Doc("what the commons holds; below zero, what leavers owed and no levy has repaid")]
    left: Annotated[Amount, Doc("what can be paid out of it")]
    without_vote: Annotated[Amount, Doc("what stewards can pay out of it now without a vote of the group")]
    exchange: Annotated[Amount, Doc("what fees and rounding have brought, which can be collected into the commons")]
    account: Annotated[str, Doc("the account of the commons; `accounts entries` lists all that came and went")]


def code_refusal(book: Book, code: str) -> Refused | None:
    """Return CURRENCY_UNKNOWN where there is no currency of this code."""
    return None if code in book.currencies else refuse(CURRENCY_UNKNOWN, currency=code[:12])


def view_one(desk: Desk, code: str) -> CommonsShown | Refused:
    return code_refusal(desk.book, code) or _shown(desk.book, desk.book.currencies[code], desk.now)


def view_all(desk: Desk, wanted: CommonsWanted, after: int) -> Iterable[tuple[int, CommonsShown]]:
    del wanted
    book = desk.book
    return ((cursor, _shown(book, one, desk.now)) for cursor, one in since(list(book.currencies.values()), after))


def _shown(book: Book, currency: Currency, now: Millis) -> CommonsShown:
    commons, exchange = commons_account(currency.code), exchange_account(currency.code)
    balance = book.ledger.accounts[commons].balance_minor
    return CommonsShown(
        currency=currency.code,
        balance=book.amount(currency.code, balance),
        left=book.amount(currency.code, max(0, balance)),
        without_vote=book.amount(currency.code, max(0, min(balance, alone_minor(book, currency.code, now)))),
        exchange=book.amount(currency.code, book.ledger.accounts[exchange].balance_minor),
        account=commons,
    )
