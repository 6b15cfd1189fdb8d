# SPDX-License-Identifier: AGPL-3.0-or-later
"""The price of a payment, asked for before it is confirmed: what the payee gets, what it costs, until when."""

from collections.abc import Sequence
from typing import Any

from node.http.values import bytes_text
from node.web.shown import NamedPiece, PieceMaker
from protocol.book.declaration import Act, Create, operation_name
from protocol.book.signed import uuid_text
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.between.quotes.views import QuoteShown
from protocol.practices.money.payments.entries import Pay

PRICED = "payments.create"
TOLD_OF_PRICES = ("payee_handle", "amount", "debit", "leaves", "expires_at")


def price_asked(operation: Create | Act, wish: Any) -> AskQuote | None:
    """Return what is asked before a payment is confirmed; None for what has no price, or has been priced already."""
    if operation_name(operation) != PRICED or not isinstance(wish, Pay) or wish.invoice is not None:
        return None
    request, refunds = (None if one is None else uuid_text(one) for one in (wish.request, wish.refunds))
    return AskQuote(wish.payee, wish.amount, wish.payer, request=request, refunds=refunds)


def price_told(price: QuoteShown, maker: PieceMaker) -> Sequence[NamedPiece]:
    """Return what a confirmation says of a price."""
    return [one for one in maker.facts(price) if one.name in TOLD_OF_PRICES]


def fields_of_price(price: QuoteShown) -> list[tuple[str, str]]:
    """Return the fields by which a payment says at which price it is made."""
    return [] if price.invoice is None else [("invoice", bytes_text(price.invoice))]
