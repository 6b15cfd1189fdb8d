# SPDX-License-Identifier: AGPL-3.0-or-later
"""Transfers: how a payment within the network moves value, at once or by way of the holds account.

All of it is fold: what may be refused was refused before. Each function returns balanced postings.
"""

from collections.abc import Sequence

from protocol.book.accounts import commons_account, holds_account
from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.ledger import Account, Posting
from protocol.book.money import BASIS_POINTS
from protocol.book.payments import PAYMENT_LIFE, Payment, PaymentState
from protocol.book.refusals import ACCOUNT_UNKNOWN, CURRENCY_CLOSED, CURRENCY_MISMATCH, SAME_ACCOUNT, Refused, refuse
from protocol.practices.people.authority import give_back


def unable(book: Book, payer: Account, payee: Account, amount_minor: int = 0) -> Refused | None:
    """Return why this may not move between two accounts now: the same answer on every node; no limits."""
    member = None if payee.member is None else book.members[payee.member]
    if member is None and payee.id != commons_account(payee.currency):
        return refuse(ACCOUNT_UNKNOWN, member=payee.id)
    if member is not None and (refused := member.inactive()):
        return refused
    if book.currencies[payer.currency].closed:
        return refuse(CURRENCY_CLOSED, currency=payer.currency)
    if payer is payee:
        return refuse(SAME_ACCOUNT)
    if payer.currency != payee.currency:
        return refuse(CURRENCY_MISMATCH, currency=payee.currency)
    return book.ledger.uncountable(
        (payer.id, -amount_minor),
        (payee.id, reserved(payee) + amount_minor),
        (holds_account(payer.currency), amount_minor),
        (commons_account(payer.currency), amount_minor),
    )


def reserved(account: Account) -> int:
    """Return what pending payments may still bring an account, whether they are posted or voided."""
    return account.awaited_minor + account.held_minor


def beyond_limits(book: Book, payer: Account, payee: Account, amount_minor: int) -> Refused | None:
    """Return which limit a payment would break, each way; for the author alone to ask."""
    return book.ledger.debit_refusal(payer, amount_minor) or book.ledger.credit_refusal(payee, amount_minor)


def begin_payment(book: Book, payment: Payment) -> Sequence[Posting]:
    """Keep a payment and debit its payer: to the payee, or to the holds account while it is pending."""
    accounts = book.ledger.accounts
    payer, payee, amount = accounts[payment.payer], accounts[payment.payee], payment.amount_minor
    payment.balance_minor = payer.balance_minor - amount
    book.add_payment(payment)
    if payment.state is PaymentState.PENDING:
        payer.held_minor += amount
        payee.awaited_minor += amount
        return (
            Posting(payer.id, -amount, "hold", payment.id, payee.id),
            Posting(holds_account(payer.currency), amount, "hold", payment.id, payer.id),
        )
    return (Posting(payer.id, -amount, "payment", payment.id, payee.id), *received(book, payment, payee))


def post(book: Book, payment: Payment, entered: Entered) -> Sequence[Posting]:
    """Bring a pending payment to its payee."""
    payer, payee = _settled(book, payment, entered)
    hold = Posting(holds_account(payer.currency), -payment.amount_minor, "payment", payment.id, payee.id)
    return (hold, *received(book, payment, payee))


def void(book: Book, payment: Payment, entered: Entered) -> Sequence[Posting]:
    """Give a pending payment back to its payer, and the caps what it took of them."""
    payer, payee = _settled(book, payment, entered)
    give_back(book, payment)
    return (
        Posting(holds_account(payer.currency), -payment.amount_minor, "void", payment.id, payer.id),
        Posting(payer.id, payment.amount_minor, "void", payment.id, payee.id),
    )


def reverse(book: Book, payment: Payment, entered: Entered) -> Sequence[Posting]:
    """Pay a posted payment back whole, the commons its levy, and the caps what it took; what it paid is asked again."""
    _end(payment, entered)
    give_back(book, payment)
    if payment.request is not None:
        book.requests.change(payment.request).reopen(payment.id, entered.body.KIND)
    payee = book.ledger.accounts[payment.payee]
    back = (
        Posting(payee.id, -payment.amount_minor, "reversal", payment.id, payment.payer),
        Posting(payment.payer, payment.amount_minor, "reversal", payment.id, payee.id),
    )
    if not payment.levy_minor:
        return back
    commons = commons_account(payee.currency)
    return (
        Posting(commons, -payment.levy_minor, "levy", payment.id, payee.id),
        Posting(payee.id, payment.levy_minor, "levy", payment.id, commons),
        *back,
    )


def _end(payment: Payment, entered: Entered) -> None:
    payment.state = PAYMENT_LIFE.after(payment.state, entered.body.KIND)
    payment.closed, payment.closed_at_ms = entered.seq, entered.at_ms


def _settled(book: Book, payment: Payment, entered: Entered) -> tuple[Account, Account]:
    _end(payment, entered)
    payer, payee = book.ledger.accounts[payment.payer], book.ledger.accounts[payment.payee]
    payer.held_minor -= payment.amount_minor
    payee.awaited_minor -= payment.amount_minor
    return payer, payee


def received(book: Book, payment: Payment, payee: Account) -> Sequence[Posting]:
    """Credit a payee, and take the levy of it that the currency asks for."""
    credit = Posting(payee.id, payment.amount_minor, "payment", payment.id, payment.payer)
    payment.levy_minor = levy = _levy(book, payee, payment.amount_minor)
    if not levy:
        return (credit,)
    commons = commons_account(payee.currency)
    return (
        credit,
        Posting(payee.id, -levy, "levy", payment.id, commons),
        Posting(commons, levy, "levy", payment.id, payee.id),
    )


def _levy(book: Book, payee: Account, amount_minor: int) -> int:
    """Return what the commons takes of a receipt: rounded down; if to be repaid, no more than its debt."""
    currency = book.currencies[payee.currency]
    if not currency.levy_basis_points or payee.member is None:
        return 0
    levy = amount_minor * currency.levy_basis_points // BASIS_POINTS
    if not currency.levy_until_repaid:
        return levy
    return max(0, min(levy, -book.ledger.accounts[commons_account(currency.code)].balance_minor))
