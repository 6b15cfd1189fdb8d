# SPDX-License-Identifier: AGPL-3.0-or-later
"""Accounts: what a member holds or owes in a currency, how far it may go, and the statement of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from protocol.book.account_ids import account_uuid
from protocol.book.addresses import resolve_account, resolve_member
from protocol.book.book import Book
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
from protocol.book.money import Amount
from protocol.book.payments import PAYMENTS, Payment
from protocol.book.personal import shown_text
from protocol.book.refusals import FORBIDDEN, Refused, refuse
from protocol.book.signed import uuid_text
from protocol.practices.people.authority import may_see
from protocol.wire.shape import AtMost


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
    balance: Annotated[Amount, Doc("what it holds; below zero, what it owes; pending payments have left it")]
    pending: Annotated[Amount, Doc("what has left it for payments that are pending")]
    awaited: Annotated[Amount, Doc("what pending payments would bring it")]
    limit: Annotated[Amount | None, Doc("the lowest balance allowed: -200.00 where 200.00 may be owed; null: any")]
    ceiling: Annotated[Amount | None, Doc("the highest balance allowed; null: any")]
    headroom: Annotated[Amount | None, Doc("what it may still pay; null: any")]


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
                "return",
                "opening",
                "dues",
                "collection",
                "reconciliation",
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
    note: Annotated[TextRef | None, Doc("what that payment was for")]
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


def view_entries(desk: Desk, address: str, after: int, limit: int) -> Lookup | Refused:
    account = _seen(desk, address)
    if isinstance(account, Refused):
        return account
    book, currency = desk.book, account.currency

    def show(line: Line, payment: Payment | None) -> StatementLine:
        return StatementLine(
            at=line.at_ms,
            kind=line.kind,
            amount=book.amount(currency, line.amount_minor),
            balance=book.amount(currency, line.balance_minor),
            counterpart=None if line.counterpart is None else book.name_of(line.counterpart, line.seq),
            counterpart_account=line.counterpart,
            payment=None if line.payment is None else uuid_text(line.payment),
            note=None if payment is None else shown_text(payment.note),
            entry=line.seq,
        )

    return Lookup(account.id, after, limit, show, PAYMENTS)


def _seen(desk: Desk, address: str) -> Account | Refused:
    """Return the account that an address names, if whoever asks may see it."""
    account = resolve_account(desk.book, address)
    if isinstance(account, Account) and account.member is not None and not may_see(desk.actor, account.member):
        return refuse(FORBIDDEN, allowed="the account's own member")
    return account


def _shown(book: Book, account: Account) -> AccountShown:
    def amount(minor: int) -> Amount:
        return book.amount(account.currency, minor)

    headroom = account.headroom_minor
    return AccountShown(
        id=account.id,
        uuid=uuid_text(account_uuid(book.network, account)),
        name=book.name_of(account.id),
        member=account.member,
        currency=account.currency,
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
        ListOf("accounts", "entries", StatementLine, view=view_entries, example="mutirao accounts entries ana"),
    ),
)
