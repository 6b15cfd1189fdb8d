# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a payment in several currencies to another network costs, as members see it: never added up."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.declaration import At, Desk, Doc
from protocol.book.money import Amount
from protocol.book.refusals import Refused, refuse
from protocol.book.signed import parse_uuid
from protocol.practices.between.mixed.rules import payee_of
from protocol.practices.between.mixed.sending import priced_legs
from protocol.practices.between.quotes.invoices import invoice_hash, read_invoice
from protocol.practices.between.quotes.refusals import QUOTE_UNKNOWN
from protocol.practices.between.quotes.state import Quotes
from protocol.wire.keys import id_text


@dataclass(frozen=True, slots=True)
class LegQuote:
    """What one currency of a payment costs."""

    amount: Annotated[Amount, Doc("what the payee gets of it")]
    debit: Annotated[Amount, Doc("what the payer is debited for it")]
    payer_account: Annotated[str, Doc("the account that pays it")]
    link: Annotated[str, Doc("the credit line that it goes over")]


@dataclass(frozen=True, slots=True)
class MixedQuoteShown:
    """A price for several currencies at once, which holds until it expires; its parts are never added up."""

    id: str
    payer: Annotated[str, Doc("the member who pays, by id")]
    payee_network: str
    payee: Annotated[str, Doc("the payee as a signed wish names it")]
    payee_handle: str
    parts: Annotated[tuple[LegQuote, ...], Doc("what each currency costs")]
    expires_at: At
    invoice: Annotated[bytes, Doc("digest of the payee's invoice, for the payment")]
    condition: Annotated[bytes, Doc("hash of the preimage that releases the money, of all parts at once")]
    head: Annotated[bytes | None, Doc("newest ledger entry of this node, for the envelope")]


def show_mixed_quote(desk: Desk, id: str) -> MixedQuoteShown | Refused:
    """Show an open price, or why there is none."""
    book, key = desk.book, parse_uuid(id) or b""
    quotes = book.of(Quotes)
    denied = quotes.denied.pop(key, None)
    if denied is not None:
        return denied
    quote = quotes.given.get(key)
    invoice = None if quote is None or not quote.also else read_invoice(quote.invoice or b"")
    if quote is None or invoice is None:
        return refuse(QUOTE_UNKNOWN)
    return MixedQuoteShown(
        id=id,
        payer=quote.payer.member or "",
        payee_network=id_text(quote.payee_network),
        payee=payee_of(invoice),
        payee_handle=quote.payee_handle,
        parts=tuple(
            LegQuote(
                Amount(leg.amount, leg.payee.rpartition(".")[2], leg.amount_scale),
                book.amount(leg.payer.currency, leg.cost),
                leg.payer.id,
                id_text(leg.paths[0].hops[0].link),
            )
            for leg in priced_legs(quote)
        ),
        expires_at=quote.not_after_ms,
        invoice=invoice_hash(quote.invoice or b""),
        condition=invoice.condition,
        head=None if book.head is None else book.head[1],
    )
