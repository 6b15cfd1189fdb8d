# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is told of payments between networks: news, and whose texts they carry."""

from collections.abc import Iterable

from protocol.book.book import Book
from protocol.book.declaration import Entered, News
from protocol.book.parties import parties
from protocol.book.payments import PaymentState
from protocol.book.personal import digest_of
from protocol.book.private import Owned
from protocol.book.signed import uuid_text
from protocol.book.wishes import said_in
from protocol.lanes.entry import Body
from protocol.practices.between.abroad.entries import Arrived, Refunded, Sent, Settled
from protocol.practices.between.quotes.invoices import read_invoice
from protocol.practices.money.payments.entries import Pay


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell the member whose payment has gone out, come in, arrived or come back."""
    match entered.body:
        case Sent():
            id, word = book.payment_at(entered.seq).id, "payment.pending"
        case Settled(payment=id) | Arrived(payment=id):
            word = "payment.posted"
        case Refunded(payment=id):
            word = "payment.voided"
        case _:
            return ()
    if isinstance(entered.body, Settled | Refunded):
        ended = book.payments[id].state
        if ended is PaymentState.PENDING:
            return ()
        word = f"payment.{ended.value}"
    return (News(word, uuid_text(id), parties(book, book.payments[id])),)


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield the note of a payment that leaves, which is the payer's, or of one that has come, which is the payee's."""
    match body:
        case Sent():
            wish = said_in(book, body, Pay).wish
            note, account, payment = digest_of(wish.note), wish.payer or "", wish.payment or b""
        case Arrived(payment=payment):
            invoice = read_invoice(body.invoice)
            note, account = (None, "") if invoice is None else (invoice.note, invoice.account)
        case _:
            raise AssertionError(body)
    if note is not None:
        yield Owned(note, book.owner_of(account), f"payments/{uuid_text(payment)}")
