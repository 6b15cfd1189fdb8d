# SPDX-License-Identifier: AGPL-3.0-or-later
"""Opening balances: what a group that kept its books elsewhere brings along, as entries that each sum to zero.

They stand before all else: once anything has moved in a currency, nobody rewrites its balances.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.accounts import commons_account
from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_account
from protocol.book.book import Book
from protocol.book.declaration import STEWARDS, Create, Desk, Doc, Entered, News, Plan, Practice, Show, Write
from protocol.book.issuer_groups import outside
from protocol.book.ledger import Posting
from protocol.book.money import Amount, minor_of
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    BALANCE_OPEN,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    MALFORMED,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import AccountId
from protocol.practices.money.currencies.entries import CODE_CHARS_MAX, Code
from protocol.wire.shape import AtMost, Range

OPENINGS_MAX = 400
"""Balances that one entry opens; a larger group writes several, with the commons in between."""
Balance = Annotated[int, Range(1 - 2**63, 2**63 - 1)]


@dataclass(frozen=True, slots=True)
class BalanceOpened:
    """An account's balance (minor units) as another book had it."""

    account: AccountId
    balance: Balance


@dataclass(frozen=True, slots=True)
class BalancesOpened:
    """Accounts of a currency begin with these balances, which sum to zero."""

    KIND: ClassVar[str] = "openings/opened"
    currency: Code
    balances: Annotated[tuple[BalanceOpened, ...], AtMost(OPENINGS_MAX)]


@dataclass(slots=True)
class BooksBegun:
    """In which currencies something has moved besides opening balances, and which accounts were opened so."""

    currencies: set[str] = field(default_factory=set[str])
    accounts: set[str] = field(default_factory=set[str])


@dataclass(frozen=True, slots=True)
class OpeningBalance:
    """What a member, or the group, held or owed in the old book."""

    member: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Doc("the handle or the account; commons for the group's own")]
    balance: Annotated[Amount, Doc("what it held; below zero, what it owed")]


@dataclass(frozen=True, slots=True)
class OpenBalances:
    """Begin a currency with the balances of another book, which sum to zero; before anything is paid in it."""

    currency: Annotated[Code, Doc("the currency's code")]
    balances: Annotated[tuple[OpeningBalance, ...], AtMost(OPENINGS_MAX), Doc("who begins with what")]


@dataclass(frozen=True, slots=True)
class OpeningsShown:
    """With what a currency has begun."""

    currency: Annotated[str, Doc("its code")]
    accounts: Annotated[int, Doc("how many accounts were opened with a balance")]
    ended: Annotated[bool, Doc("whether something has moved in it since, so that no more balances are opened")]


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, BalancesOpened)
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: BalancesOpened) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency[:CODE_CHARS_MAX])
    if not body.balances:
        return refuse(MALFORMED, field="balances", expected="at least one")
    begun, named = book.of(BooksBegun), set[str]()
    for one in body.balances:
        account = book.ledger.accounts.get(one.account)
        if account is None or (account.member is None and account.id != commons_account(account.currency)):
            return refuse(ACCOUNT_UNKNOWN, member=one.account)
        if account.currency != body.currency:
            return refuse(CURRENCY_MISMATCH, currency=account.currency)
        again = one.account in named or (account.member is not None and one.account in begun.accounts)
        if again:
            return refuse(DUPLICATE)
        if refused := outside(book, account):
            return refused
        named.add(one.account)
    left = sum(one.balance for one in body.balances)
    if left:
        return refuse(BALANCE_OPEN, account="all", balance=left, currency=body.currency)
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=body.currency)
    if body.currency in begun.currencies:
        return refuse(STATE_CONFLICT, state="in use already")
    return book.ledger.uncountable(*((one.account, one.balance) for one in body.balances))


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, BalancesOpened)
    book.of(BooksBegun).accounts.update(one.account for one in body.balances)
    return tuple(Posting(one.account, one.balance, "opening") for one in body.balances if one.balance)


def posted(book: Book, entered: Entered, postings: Sequence[Posting]) -> None:
    """Keep in which currencies something has moved."""
    if not isinstance(entered.body, BalancesOpened):
        accounts = book.ledger.accounts
        book.of(BooksBegun).currencies.update(accounts[one.account].currency for one in postings)


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, BalancesOpened)
    members = (book.ledger.accounts[one.account].member for one in body.balances)
    yield News("openings.opened", body.currency, tuple(one for one in members if one is not None))


def plan_open(desk: Desk, wish: OpenBalances) -> Plan | Refused:
    book = desk.book
    currency = book.currencies.get(wish.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=wish.currency[:CODE_CHARS_MAX])
    balances: list[BalanceOpened] = []
    for one in wish.balances:
        address = commons_account(currency.code) if one.member == "commons" else one.member
        account = resolve_account(book, address, currency.code)
        if isinstance(account, Refused):
            return account
        minor = minor_of(one.balance, currency.code, currency.scale)
        if isinstance(minor, Refused):
            return minor
        balances.append(BalanceOpened(account.id, minor))
    body = BalancesOpened(currency.code, tuple(balances))
    return _against(book, body) or Plan(currency.code, (Write(body),))


def view_openings(desk: Desk, code: str) -> OpeningsShown | Refused:
    if code not in desk.book.currencies:
        return refuse(CURRENCY_UNKNOWN, currency=code[:CODE_CHARS_MAX])
    begun = desk.book.of(BooksBegun)
    opened = sum(desk.book.ledger.accounts[one].currency == code for one in begun.accounts)
    return OpeningsShown(code, opened, code in begun.currencies)


PRACTICE = Practice(
    name="openings",
    entries=(BalancesOpened,),
    check=check,
    fold=fold,
    posted=posted,
    news=news,
    operations=(
        Create(
            "openings",
            OpenBalances,
            plan=plan_open,
            who=STEWARDS,
            example="mutirao openings create --currency HORA"
            """ --balances '{"member":"ana","balance":{"value":"-500","asset_scale":2}}'"""
            """ --balances '{"member":"bia","balance":{"value":"500","asset_scale":2}}'""",
        ),
        Show(
            "openings",
            OpeningsShown,
            view=view_openings,
            id_is="the code of a currency",
            who=STEWARDS,
            example="mutirao openings show HORA",
        ),
    ),
)
