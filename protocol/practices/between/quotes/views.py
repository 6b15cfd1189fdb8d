# SPDX-License-Identifier: AGPL-3.0-or-later
"""Quotes as members see them."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc
from protocol.book.money import Amount
from protocol.book.refusals import Refused, refuse
from protocol.book.signed import parse_uuid
from protocol.lanes.directory import Directory
from protocol.practices.between.quotes.invoices import invoice_hash
from protocol.practices.between.quotes.refusals import QUOTE_UNKNOWN
from protocol.practices.between.quotes.state import Quote, Quotes
from protocol.practices.money.softlimits import OWING, near
from protocol.wire.keys import id_text


@dataclass(frozen=True, slots=True)
class HopShown:
    """One credit line of the route: to which network, and the amount held on it, in the link's minor units."""

    network: str
    handle: str | None
    link: str
    amount: int


@dataclass(frozen=True, slots=True)
class PathShown:
    """One way of a payment, and what of the debit goes over it."""

    hops: tuple[HopShown, ...]
    debit: Amount


@dataclass(frozen=True, slots=True)
class QuoteShown:
    """A price that holds until it expires: the payer is debited exactly `debit`."""

    id: str
    payer: str
    payee_network: str
    payee: str
    payee_handle: str
    amount: Annotated[Amount, Doc("what the payee gets")]
    debit: Annotated[Amount, Doc("what the payer is debited, its levy counted")]
    leaves: Annotated[
        Amount | None, Doc("what the payer could still pay then, where the group warns of so little; null: it does not")
    ]
    expires_at: At
    invoice: Annotated[bytes | None, Doc("digest of the payee's invoice, for the payment; only across networks")]
    condition: Annotated[bytes | None, Doc("hash of the preimage that releases the money; only across networks")]
    head: Annotated[bytes | None, Doc("newest ledger entry of this node, for the envelope")]
    paths: Annotated[tuple[PathShown, ...], Doc("over which credit lines it goes: one way, or several at once")]


def _warned(book: Book, quote: Quote) -> Amount | None:
    """Return what a payer could still pay after it, where that is so little that the group warns of it."""
    payer = book.ledger.accounts[quote.payer.id]
    found = near(book, payer, payer.balance_minor - quote.cost)
    return book.amount(payer.currency, found[2]) if found is not None and found[0] == OWING else None


def show_quote(desk: Desk, id: str) -> QuoteShown | Refused:
    """Show an open quote, or why it was denied."""
    book = desk.book
    quotes = book.of(Quotes)
    key = parse_uuid(id) or b""
    denied = quotes.denied.pop(key, None)
    if denied is not None:
        return denied
    quote = quotes.given.get(key)
    if quote is None or quote.also:
        return refuse(QUOTE_UNKNOWN)
    own = book.currencies[quote.payer.currency]
    directory = book.of(Directory)
    return QuoteShown(
        id=id,
        payer=quote.payer.id,
        payee_network=id_text(quote.payee_network),
        payee=quote.payee,
        payee_handle=quote.payee_handle,
        amount=Amount(quote.amount, quote.payee.rpartition(".")[2], quote.amount_scale),
        debit=Amount(quote.cost, own.code, own.scale),
        leaves=_warned(book, quote),
        expires_at=quote.not_after_ms,
        invoice=None if quote.invoice is None else invoice_hash(quote.invoice),
        condition=quote.condition,
        head=None if book.head is None else book.head[1],
        paths=tuple(
            PathShown(
                tuple(
                    HopShown(id_text(hop.network), directory.handle(hop.network), id_text(hop.link), hop.amount)
                    for hop in path.hops
                ),
                Amount(path.debit, own.code, own.scale),
            )
            for path in quote.paths
        ),
    )
