# SPDX-License-Identifier: AGPL-3.0-or-later
"""What nobody may do with a guaranteed currency, and what always holds of one."""

from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.refusals import Refused, refuse
from protocol.practices.credit.reserves.refusals import CREDIT_NOT_BACKED
from protocol.practices.credit.reserves.state import ISSUED, Reserves, outstanding_minor
from protocol.practices.money.currencies.entries import DefaultsSet
from protocol.practices.money.openings import BalancesOpened
from protocol.practices.people.imports import MemberImported
from protocol.practices.people.members.entries import Approved, LimitsSet


def no_credit_by_approval(book: Book, entered: Entered) -> Refused | None:
    """Refuse an account below zero."""
    assert isinstance(entered.body, Approved | MemberImported)
    owing = (one.currency for one in entered.body.openings if one.least < 0)
    return next((refused for code in owing if (refused := _unbacked(book, code)) is not None), None)


def no_credit_by_limits(book: Book, entered: Entered) -> Refused | None:
    """Refuse a limit below zero."""
    assert isinstance(entered.body, LimitsSet)
    account = book.ledger.accounts[entered.body.account]
    return _unbacked(book, account.currency) if entered.body.least < 0 else None


def no_credit_by_default(book: Book, entered: Entered) -> Refused | None:
    """Refuse a limit below zero for those to come."""
    assert isinstance(entered.body, DefaultsSet)
    return _unbacked(book, entered.body.code) if (entered.body.least or 0) < 0 else None


def no_opening_balance(book: Book, entered: Entered) -> Refused | None:
    """Refuse balances that come from nowhere."""
    assert isinstance(entered.body, BalancesOpened)
    return _unbacked(book, entered.body.currency)


def _unbacked(book: Book, code: str) -> Refused | None:
    return refuse(CREDIT_NOT_BACKED, currency=code) if book.currencies[code].guaranteed else None


def over_issued(book: Book) -> str | None:
    """Complain of a guaranteed currency of which there is more than its reserve backs."""
    for code, reserve in book.of(Reserves).by_currency.items():
        outstanding = outstanding_minor(book, code)
        if not 0 <= outstanding <= reserve.most_minor:
            return f"{outstanding} of {code} are outstanding, {reserve.most_minor} are backed"
    return None


def unbacked_account(book: Book) -> str | None:
    """Complain of an account in a guaranteed currency, other than that of issue, that is below zero."""
    for account in book.ledger.accounts.values():
        guaranteed = account.balance_minor < 0 and book.currencies[account.currency].guaranteed
        if guaranteed and account.id != ISSUED.of(account.currency):
            return f"{account.id} holds {account.balance_minor}"
    return None


def rights_astray(book: Book) -> str | None:
    """Complain of rights that are more than what is backed beyond what is outstanding."""
    for code, reserve in book.of(Reserves).by_currency.items():
        outstanding, held = outstanding_minor(book, code), reserve.rights.total
        if outstanding + held > reserve.most_minor:
            return f"{outstanding} of {code} are outstanding, {held} may be issued, {reserve.most_minor} are backed"
    return None
