# SPDX-License-Identifier: AGPL-3.0-or-later
"""Transfers: how a payment within the network moves value, at once or by way of the holds account.

All of it is fold: what may be refused was refused before. Each function returns balanced postings.
"""

from collections.abc import Sequence

from protocol.book.accounts import commons_account, holds_account
from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.issuer_groups import outside
from protocol.book.ledger import Account, Posting
from protocol.book.levies import beyond_room, payee_levy, payer_levy
from protocol.book.payments import PAYMENT_LIFE, Payment, PaymentState
from protocol.book.refusals import ACCOUNT_UNKNOWN, CURRENCY_CLOSED, CURRENCY_MISMATCH, SAME_ACCOUNT, Refused, refuse
from protocol.lanes.entry import Millis
from protocol.practices.money.daycaps import beyond_day_cap
from protocol.practices.money.payments.refunds import levied, levy_returned, note_refund
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
    if refused := outside(book, payer, payee):
        return refused
    levy = payer_levy(book, payer, payee, amount_minor)
    return book.ledger.uncountable(
        (payer.id, -amount_minor - levy),
        (payee.id, reserved(payee) + amount_minor),
        (holds_account(payer.currency), amount_minor + levy),
        (commons_account(payer.currency), amount_minor + levy),
    )


def reserved(account: Account) -> int:
    """Return what pending payments may still bring an account, whether they are posted or voided."""
    return account.awaited_minor + account.held_minor


def beyond_limits(
    book: Book, payer: Account, payee: Account, amount_minor: int, now: Millis, *, refunds: bool = False
) -> Refused | None:
    """Return which limit a payment would break, each way, or which cap of a day; for the author alone to ask.

    The payer has to have room for its levy too, which none bears of what it `refunds`.
    """
    levy = 0 if refunds else payer_levy(book, payer, payee, amount_minor)
    return (
        beyond_room(book, payer, amount_minor, levy)
        or book.ledger.credit_refusal(payee, amount_minor)
        or beyond_day_cap(book, payer, amount_minor, now)
    )


def begin_payment(book: Book, payment: Payment) -> Sequence[Posting]:
    """Keep a payment and debit its payer: to the payee, or to the holds account while it is pending.

    The payer's levy is reckoned here, and kept whatever is decided of levies while the payment is pending.
    """
    accounts = book.ledger.accounts
    payer, payee, amount = accounts[payment.payer], accounts[payment.payee], payment.amount_minor
    payment.payer_levy_minor = levy = 0 if payment.refunds else payer_levy(book, payer, payee, amount)
    payment.debit_minor = amount + levy
    payment.balance_minor = payer.balance_minor - amount - levy
    book.add_payment(payment)
    if payment.state is PaymentState.PENDING:
        payer.held_minor += amount + levy
        payee.awaited_minor += amount
        holds = holds_account(payer.currency)
        return (
            Posting(payer.id, -amount, "hold", payment.id, payee.id),
            Posting(holds, amount, "hold", payment.id, payer.id),
            *levied(payment, payer.id, holds, levy),
        )
    note_refund(book, payment, amount)
    return (
        Posting(payer.id, -amount, "payment", payment.id, payee.id),
        *received(book, payment, payee),
        *levied(payment, payer.id, commons_account(payer.currency), levy),
        *levy_returned(book, payment),
    )


def post(book: Book, payment: Payment, entered: Entered) -> Sequence[Posting]:
    """Bring a pending payment to its payee."""
    payer, payee = _settled(book, payment, entered)
    holds, commons = holds_account(payer.currency), commons_account(payer.currency)
    return (
        Posting(holds, -payment.amount_minor, "payment", payment.id, payee.id),
        *received(book, payment, payee),
        *levied(payment, holds, commons, payment.payer_levy_minor),
    )


def void(book: Book, payment: Payment, entered: Entered) -> Sequence[Posting]:
    """Give a pending payment back to its payer, its levy too, and the caps what it took of them."""
    payer, payee = _settled(book, payment, entered)
    give_back(book, payment)
    holds = holds_account(payer.currency)
    return (
        Posting(holds, -payment.amount_minor, "void", payment.id, payer.id),
        Posting(payer.id, payment.amount_minor, "void", payment.id, payee.id),
        *levied(payment, holds, payer.id, payment.payer_levy_minor),
    )


def reverse(book: Book, payment: Payment, entered: Entered) -> Sequence[Posting]:
    """Pay a posted payment back whole, and its levies, and the caps what it took; what it paid is asked again."""
    _end(payment, entered)
    give_back(book, payment)
    if payment.request is not None:
        book.requests.change(payment.request).reopen(payment.id, entered.body.KIND)
    payee = book.ledger.accounts[payment.payee]
    commons = commons_account(payee.currency)
    return (
        *levied(payment, commons, payee.id, payment.levy_minor),
        Posting(payee.id, -payment.amount_minor, "reversal", payment.id, payment.payer),
        Posting(payment.payer, payment.amount_minor, "reversal", payment.id, payee.id),
        *levied(payment, commons, payment.payer, payment.payer_levy_minor),
    )


def _end(payment: Payment, entered: Entered) -> None:
    payment.state = PAYMENT_LIFE.after(payment.state, entered.body.KIND)
    payment.closed, payment.closed_at_ms = entered.seq, entered.at_ms


def _settled(book: Book, payment: Payment, entered: Entered) -> tuple[Account, Account]:
    _end(payment, entered)
    payer, payee = book.ledger.accounts[payment.payer], book.ledger.accounts[payment.payee]
    payer.held_minor -= payment.amount_minor + payment.payer_levy_minor
    payee.awaited_minor -= payment.amount_minor
    return payer, payee


def received(book: Book, payment: Payment, payee: Account) -> Sequence[Posting]:
    """Credit a payee, and take the levy of it that the currency asks for; none of a refund."""
    credit = Posting(payee.id, payment.amount_minor, "payment", payment.id, payment.payer)
    levy = 0 if payment.refunds else payee_levy(book, payee, payment.amount_minor, payment.payer_levy_minor)
    payment.levy_minor = levy
    return (credit, *levied(payment, payee.id, commons_account(payee.currency), levy))
