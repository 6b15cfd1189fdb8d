# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whom a payment concerns."""

from protocol.book.book import Book
from protocol.book.payments import Payment


def parties(book: Book, payment: Payment) -> tuple[str, ...]:
    """Return the ids of the members at the ends of a payment, as far as they are here."""
    ends = (book.ledger.accounts.get(account) for account in (payment.payer, payment.payee))
    return tuple(end.member for end in ends if end is not None and end.member is not None)


def concerned(book: Book, payment: Payment) -> tuple[str, ...]:
    """Return the ids of the members who may see a payment: its parties, and the helper who ordered it."""
    of_helper = () if payment.mandate is None else (book.mandates[payment.mandate].helper,)
    return (*parties(book, payment), *of_helper)
