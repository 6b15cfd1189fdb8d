# SPDX-License-Identifier: AGPL-3.0-or-later
"""Accounts: what a member holds or owes in a currency, how far it may go, and the statement of it."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from protocol.book.account_ids import account_uuid
from protocol.book.addresses import resolve_account, resolve_member
from protocol.book.book import Book
from protocol.book.currency import CURRENCY_KINDS
from protocol.book.declaration import (
    READERS,
    At,
    Desk,
    Doc,
    Entered,
    List,
    ListOf,
    Lookup,
    OneOf,
    Practice,
    Show,
    TextRef,
)
from protocol.book.ledger import Account, Line, Posting
from protocol.book.levies import most_payable
from protocol.book.money import Amount
from protocol.book.parameters import TIME_ZONE
from protocol.book.payments import PAYMENTS, Payment, PaymentState
from protocol.book.personal import shown_text
from protocol.book.refusals import FORBIDDEN, MALFORMED, Refused, refuse
from protocol.book.requests import REQUESTS, Request
from protocol.book.signed import uuid_text
from protocol.book.timezones import LocalTime
from protocol.lanes.entry import Millis
from protocol.practices.people.authority import may_see
from protocol.wire.shape import AtMost

YEARS_TOLD = range(1970, 3_000)
"""Of days in these years a statement can be asked for."""


@dataclass(frozen=True, slots=True)
class AccountsWanted:
    """Your own accounts; for those who read all, everybody's and the network's own."""

    currency: Annotated[str | None, AtMost(12), Doc("only accounts in this currency")] = None
    member: Annotated[str | None, AtMost(64), Doc("only accounts of the member with this handle or id")] = None


@dataclass(frozen=True, slots=True)
class AccountShown:
    """An account; the balances of all accounts in a currency sum to zero."""

    id: Annotated[str, Doc("its id, by which it can be paid")]
    uuid: Annotated[str, Doc("another name of it that is a UUID, for programs that know no other ids")]
    name: Annotated[str, Doc("the handle of its member; commons, holds, exchange or another for the network's own")]
    member: Annotated[str | None, Doc("the id of its member")]
    currency: Annotated[str, Doc("the code of its currency")]
    kind: Annotated[str, OneOf(CURRENCY_KINDS), Doc("how that comes into being: mutual credit, or from a reserve")]
    balance: Annotated[Amount, Doc("what it holds; below zero, what it owes; pending payments have left it")]
    pending: Annotated[Amount, Doc("what has left it for payments that are pending")]
    awaited: Annotated[Amount, Doc("what pending payments would bring it")]
    limit: Annotated[Amount | None, Doc("the lowest balance allowed: -200.00 where 200.00 may be owed; null: any")]
    ceiling: Annotated[Amount | None, Doc("the highest balance allowed; null: any")]
    headroom: Annotated[Amount | None, Doc("what it may still pay, with room for its levy; null: any")]


@dataclass(frozen=True, slots=True)
class StatementWanted:
    """What of a statement is shown: all of it, or a month, or the days from one to another, by the group's clocks."""

    month: Annotated[str | None, AtMost(7), Doc("only this month, such as 2026-11")] = None
    first_day: Annotated[str | None, AtMost(10), Doc("from this day on, such as 2026-11-05")] = None
    last_day: Annotated[str | None, AtMost(10), Doc("until the end of this day")] = None
    newest_first: Annotated[bool, Doc("the newest line first")] = False


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One change of a balance."""

    at: Annotated[At, Doc("when")]
    kind: Annotated[
        str,
        OneOf(
            (
                "payment",
                "hold",
                "void",
                "levy",
                "reversal",
                "write-off",
                "rounding",
                "clearing",
                "set-off",
                "mass-payment",
                "return",
                "opening",
                "dues",
                "fund",
                "grant",
                "demurrage",
                "loan",
                "repayment",
                "guarantee",
                "voucher",
                "fair",
                "collection",
                "reconciliation",
                "savings",
                "share-out",
                "work-day",
                "issue",
                "redemption",
                "premium",
            ),
            more=True,
        ),
        Doc("what it was: payment, hold (pending), void, levy, reversal, write-off, or a word of another kind"),
    ]
    amount: Annotated[Amount, Doc("by how much; below zero, what was paid")]
    balance: Annotated[Amount, Doc("the balance after it")]
    counterpart: Annotated[str | None, Doc("who was at its other end, by the handle of that time")]
    counterpart_account: Annotated[str | None, Doc("the account, or the address abroad, at its other end")]
    payment: Annotated[str | None, Doc("the payment that it belongs to")]
    note: Annotated[TextRef | None, Doc("what that payment was for, or the request that it has paid")]
    state: Annotated[PaymentState | None, Doc("where that payment's money is by now")]
    entry: Annotated[int, Doc("the place in the ledger lane of the entry that made it")]


def view_account(desk: Desk, address: str) -> AccountShown | Refused:
    account = _seen(desk, address)
    return account if isinstance(account, Refused) else _shown(desk.book, account)


def view_accounts(desk: Desk, wanted: AccountsWanted, after: int) -> Iterable[tuple[int, AccountShown]] | Refused:
    book = desk.book
    owner = desk.actor.member
    if wanted.member is not None:
        member = resolve_member(book, wanted.member)
        if isinstance(member, Refused):
            return member
        if not may_see(desk.actor, member.id):
            return refuse(FORBIDDEN, allowed="the member itself")
        owner = member.id
    elif desk.actor.role in READERS:
        owner = None
    # Several accounts may come by one entry, so their order is counted, not taken from the lane.
    accounts = enumerate(book.ledger.accounts.values() if owner is None else book.ledger.of_member(owner), 1)
    return (
        (cursor, _shown(book, one))
        for cursor, one in accounts
        if cursor > after and wanted.currency in (None, one.currency)
    )


def view_entries(desk: Desk, address: str, wanted: StatementWanted, after: int, limit: int) -> Lookup | Refused:
    account, period = _seen(desk, address), _period(desk.book, wanted)
    if isinstance(account, Refused):
        return account
    if isinstance(period, Refused):
        return period
    (since_ms, until_ms), book, currency = period, desk.book, account.currency

    def show(line: Line, payment: Payment | None, request: Request | None) -> StatementLine:
        note = None if payment is None else payment.note or (None if request is None else request.note)
        return StatementLine(
            at=line.at_ms,
            kind=line.kind,
            amount=book.amount(currency, line.amount_minor),
            balance=book.amount(currency, line.balance_minor),
            counterpart=None if line.counterpart is None else book.name_of(line.counterpart, line.seq),
            counterpart_account=line.counterpart,
            payment=None if line.payment is None else uuid_text(line.payment),
            note=shown_text(note),
            state=None if payment is None else payment.state,
            entry=line.seq,
        )

    return Lookup(account.id, after, limit, show, PAYMENTS, REQUESTS, since_ms, until_ms, wanted.newest_first)


def _period(book: Book, wanted: StatementWanted) -> tuple[Millis | None, Millis | None] | Refused:
    """Return from when on and until before when lines are wanted: whole days by the group's clocks; None: no bound."""
    if wanted.month is not None and (wanted.first_day is not None or wanted.last_day is not None):
        return refuse(MALFORMED, field="month", expected="nothing beside first_day and last_day")
    first = _day("first_day", wanted.first_day) if wanted.month is None else _day("month", f"{wanted.month}-01")
    last = _day("last_day", wanted.last_day)
    if isinstance(first, Refused):
        return first
    if isinstance(last, Refused):
        return last
    if first is not None and wanted.month is not None:
        last = first.replace(day=monthrange(first.year, first.month)[1])
    if first is not None and last is not None and last < first:
        return refuse(MALFORMED, field="last_day", expected="no day before first_day")
    after = None if last is None else last + timedelta(days=1)
    return _begins(book, first), _begins(book, after)


def _day(field: str, text: str | None) -> date | Refused | None:
    try:
        found = None if text is None else date.fromisoformat(text)
    except ValueError:
        found = date.max
    if found is not None and (found.isoformat() != text or found.year not in YEARS_TOLD):
        return refuse(MALFORMED, field=field, expected="2026-11" if field == "month" else "a day such as 2026-11-30")
    return found


def _begins(book: Book, day: date | None) -> Millis | None:
    zone = book.parameter(TIME_ZONE)
    return None if day is None else zone.moment(LocalTime(day.year, day.month, day.day, 0))


def _seen(desk: Desk, address: str) -> Account | Refused:
    """Return the account that an address names, if whoever asks may see it."""
    account = resolve_account(desk.book, address)
    if isinstance(account, Account) and account.member is not None and not may_see(desk.actor, account.member):
        return refuse(FORBIDDEN, allowed="the account's own member")
    return account


def _shown(book: Book, account: Account) -> AccountShown:
    def amount(minor: int) -> Amount:
        return book.amount(account.currency, minor)

    headroom = most_payable(book, account)
    return AccountShown(
        id=account.id,
        uuid=uuid_text(account_uuid(book.network, account)),
        name=book.name_of(account.id),
        member=account.member,
        currency=account.currency,
        kind=book.currencies[account.currency].kind,
        balance=amount(account.balance_minor),
        pending=amount(account.held_minor),
        awaited=amount(account.awaited_minor),
        limit=None if account.least_minor is None else amount(account.least_minor),
        ceiling=None if account.most_minor is None else amount(account.most_minor),
        headroom=None if headroom is None else amount(headroom),
    )


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    del book
    raise AssertionError(entered.body)


def owner_named(book: Book, address: str) -> tuple[str, ...]:
    """Return the id of the member whose account an address names, nobody's where it is the network's own or none."""
    account = resolve_account(book, address)
    return () if isinstance(account, Refused) or account.member is None else (account.member,)


PRACTICE = Practice(
    name="accounts",
    parties={"accounts": owner_named},
    entries=(),
    fold=fold,
    operations=(
        Show(
            "accounts",
            AccountShown,
            view=view_account,
            id_is="the account's id or UUID, or the handle of a member who has one account",
            example="mutirao accounts show ana",
        ),
        List("accounts", AccountsWanted, AccountShown, view=view_accounts, own=True, example="mutirao accounts list"),
        ListOf(
            "accounts",
            "entries",
            StatementWanted,
            StatementLine,
            view=view_entries,
            example="mutirao accounts entries ana --month 2026-11",
        ),
    ),
)
