# SPDX-License-Identifier: AGPL-3.0-or-later
"""What of payments waits for a member."""

from collections.abc import Iterator

from protocol.book.book import PaymentState
from protocol.book.declaration import Desk, Errand, Urgency
from protocol.book.signed import uuid_text


def today(desk: Desk) -> Iterator[Errand]:
    """Yield the pending payments that a member is to post, or to void."""
    book = desk.book
    for account in book.ledger.of_member(desk.actor.member or ""):
        if not account.awaited_minor:
            continue
        for payment in book.payments.find("account", account.id):
            if payment.state is PaymentState.PENDING and payment.payee == account.id:
                payer = book.name_of(payment.payer)
                yield Errand(
                    uuid_text(payment.id),
                    payer,
                    "payments.to_post",
                    f"{payer} has paid you, and waits for you to say that all is well",
                    "payments.post",
                    Urgency.WAITED_FOR,
                    figure=book.amount(account.currency, payment.amount_minor),
                )
