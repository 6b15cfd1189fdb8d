# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a member's payment goes abroad: over the ways of its quote, and over others where a part comes back."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Write
from protocol.book.levies import beyond_room
from protocol.book.money import Amount, minor_of
from protocol.book.promised import beyond_promised
from protocol.book.refusals import ORDER_MISMATCH, Refused, refuse
from protocol.book.signed import uuid_text
from protocol.book.wishes import Said, said_in
from protocol.peers.messages import PATHS_MAX
from protocol.practices.between.abroad.entries import Part, Rerouted, Sent
from protocol.practices.between.abroad.moves import moves_of_parts
from protocol.practices.between.abroad.onward import Onward
from protocol.practices.between.abroad.rules import (
    authority_of,
    authority_of_wish,
    beyond_holds,
    levy_abroad,
    max_debit,
)
from protocol.practices.between.abroad.state import UnderWay, part_hold
from protocol.practices.between.links.entries import HoldItem
from protocol.practices.between.links.refusals import LINK_NOT_OPEN
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.steps import Place
from protocol.practices.between.mixed.entries import MixedSent
from protocol.practices.between.quotes.answers import is_reachable
from protocol.practices.between.quotes.asking import find_payee
from protocol.practices.between.quotes.invoices import is_open, read_invoice
from protocol.practices.between.quotes.prices import ON_THE_WAY, names
from protocol.practices.between.quotes.refusals import PARTNER_REFUSED, QUOTE_EXPIRED, QUOTE_UNKNOWN
from protocol.practices.between.quotes.state import Quote, Quotes
from protocol.practices.between.routes.paths import Path, PathWanted, find_path
from protocol.practices.money.daycaps import beyond_day_cap
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.payments.paying import MAX_DEBIT_EXCEEDED
from protocol.practices.money.payments.refunds import against_refund
from protocol.practices.people.authority import PAYMENT_EXISTS
from protocol.wire.codec import encode
from protocol.wire.keys import id_text
from protocol.wire.shape import to_map


def plan_send(desk: Desk, said: Said[Pay]) -> Plan | Refused:
    """Accept a quote: debit the payer into the holds account and place the first hold, in one transaction."""
    book, wish = desk.book, said.wish
    quotes = book.of(Quotes)
    payment, quote = wish.payment, quotes.by_invoice.get(wish.invoice or b"")
    if (
        quote is None
        or quote.also
        or quote.invoice is None
        or quote.condition is None
        or quote.invoice_signature is None
    ):
        return refuse(PAYMENT_EXISTS if payment in book.payments else QUOTE_UNKNOWN)
    assert payment is not None
    if wish.pending:
        # Between networks the preimage alone decides: there is nothing for the payee to post.
        return refuse(ORDER_MISMATCH, field="pending")
    # Anybody may have asked for the quote: it is the payer of the wish that the asker speaks for.
    if wish.payer != quote.payer.id:
        return refuse(ORDER_MISMATCH, field="payer")
    if said.signed is None:
        accepted = _accepted(book, wish, quote)
        if isinstance(accepted, Refused):
            return accepted
        said = replace(said, wish=accepted)
    sent = Sent(
        quote.payee_handle,
        quote.invoice,
        quote.invoice_signature,
        tuple(_part(payment, number, path) for number, path in enumerate(quote.paths)),
        *said.held,
    )
    authority = authority_of(book, sent, said, desk.now)
    if isinstance(authority, Refused):
        return authority
    places = tuple(
        _place(sent, part, quote.condition, path) for part, path in zip(sent.parts, quote.paths, strict=True)
    )
    levy = levy_abroad(book, authority.account, said.wish, sent.debit)
    refused = (
        against_refund(book, said.wish, authority.account, None, sent.debit, abroad=True)
        or _mismatch(book, sent, said.wish, quote, levy)
        or (refuse(QUOTE_EXPIRED) if desk.now > quote.not_after_ms else None)
        or beyond_room(book, authority.account, sent.debit, levy)
        or beyond_day_cap(book, authority.account, sent.debit, desk.now)
        or authority.short_of(sent.debit + levy)
        or beyond_promised(book, *moves_of_parts(authority.account.currency, sent.parts))
        or unplaceable(book, places)
    )
    if refused is not None:
        return refused
    quotes.use(quote)
    return Plan(uuid_text(payment), (Write(sent),), steps=places)


def _part(payment: bytes, number: int, path: Path) -> Part:
    first = path.hops[0]
    return Part(first.link, part_hold(payment, number), first.amount, path.debit, path.amount, path.route)


def _place(sent: Sent, part: Part, condition: bytes, path: Path) -> Place:
    onward = encode(to_map(Onward(sent.invoice, sent.signature, path.hops[1:], len(sent.parts) > 1)))
    return Place(part.link, HoldItem(part.hold, part.hold_amount, condition, onward))


def unplaceable(book: Book, places: Sequence[Place]) -> Refused | None:
    """Return why these holds may not be placed, all of them."""
    links = book.of(Links).by_id
    for id in dict.fromkeys(place.link for place in places):
        link, mine = links[id], [place for place in places if place.link == id]
        if not link.gives(sum(place.item.amount for place in mine)):
            return refuse(LINK_NOT_OPEN, state=link.state.value)
        refused = link.refusal(*mine)
        if refused is not None:
            return refused
    return None


def _mismatch(book: Book, sent: Sent, wish: Pay, quote: Quote, levy: int) -> Refused | None:
    """Return what a wish names that is not in the quote which it accepts, or that it costs more, its levy counted."""
    address, code = f"mutirao:{id_text(quote.payee_network)}/{quote.payee}", quote.payee.rpartition(".")[2]
    for name, fits in (
        ("payee", wish.payee == address),
        ("amount", minor_of(wish.amount, code, quote.amount_scale) == quote.amount),
        ("condition", wish.condition == quote.condition),
    ):
        if not fits:
            return refuse(ORDER_MISMATCH, field=name)
    invoice = read_invoice(sent.invoice)
    first = None if wish.refunds is None else book.payments[wish.refunds].abroad
    if invoice is None or invoice.refunds != (None if first is None else first.condition):
        return refuse(ORDER_MISMATCH, field="refunds")
    most = max_debit(book, wish)
    if most is None:
        return refuse(ORDER_MISMATCH, field="max_debit")
    debit = sent.debit + levy
    return refuse(MAX_DEBIT_EXCEEDED, debit=debit, max_debit=most) if debit > most else None


def _accepted(book: Book, wish: Pay, quote: Quote) -> Pay | Refused:
    """Return what a member without a key has wished, as the quote that it accepts has it.

    What it names besides, the payee and what that gets or what it costs, has to be in the quote.
    """
    found = find_payee(book, wish.payee)
    if isinstance(found, Refused):
        return found
    if found[0] != quote.payee_network or not names(found[1], quote.payee, quote.payee_handle):
        return refuse(ORDER_MISMATCH, field="payee")
    own = book.currencies[quote.payer.currency]
    code = quote.payee.rpartition(".")[2]
    gets = minor_of(wish.amount, code, quote.amount_scale)
    costs = minor_of(wish.amount, own.code, own.scale)
    if gets != quote.amount and costs not in (quote.debit, quote.cost):
        return refuse(ORDER_MISMATCH, field="amount")
    return replace(
        wish,
        payee=f"mutirao:{id_text(quote.payee_network)}/{quote.payee}",
        amount=Amount(quote.amount, code, quote.amount_scale),
        max_debit=Amount(quote.cost, own.code, own.scale) if wish.max_debit is None else wish.max_debit,
        condition=quote.condition,
    )


def rerouted(desk: Desk, under_way: UnderWay, hold: bytes, reason: str) -> Plan | None:
    """Send a part whose hold came back another way, within what the payer ordered; None where there is none.

    Once any of the payment was claimed it is paid: nothing more is promised for it.
    """
    book, sent, part = desk.book, under_way.sent, under_way.parts[hold]
    if isinstance(sent, MixedSent):
        return None  # In several currencies it goes straight, and all of it or nothing.
    invoice = read_invoice(sent.invoice)
    assert invoice is not None
    if (
        under_way.paid_minor
        or book.reasons.get(reason, PARTNER_REFUSED) not in ON_THE_WAY
        or not is_open(invoice, desk.now)
    ):
        return None
    said = said_in(book, sent, Pay)
    authority, most = authority_of_wish(book, said), max_debit(book, said.wish)
    assert said.wish.payment is not None and most is not None
    failed = frozenset(pair for way in under_way.ways for pair in pairwise((book.network, *way)))
    tried = list(under_way.ways)
    while len(under_way.ways) < PATHS_MAX and len(tried) < 2 * PATHS_MAX:
        currency = invoice.account.rpartition(".")[2]
        wanted = PathWanted(invoice.network, currency, part.amount, authority.account.currency, failed, tried)
        path = find_path(book, wanted, lambda link: link.largest if is_reachable(book, link.partner) else 0)
        if path is None:
            return None
        another = _part(said.wish.payment, len(under_way.ways), path)
        more = another.debit - part.debit
        place = _place(sent, another, invoice.condition, path)
        first = None if said.wish.refunds is None else book.payments[said.wish.refunds]
        refused = (
            under_way.debit_minor + more > most
            or (first is not None and more > first.refundable_minor)
            or (book.ledger.debit_refusal(authority.account, more) or authority.short_of(more) if more > 0 else None)
            or beyond_holds(book, authority.account, more, (another,))
            or beyond_promised(book, *moves_of_parts(authority.account.currency, (another,)))
            or unplaceable(book, (place,))
        )
        if not refused:
            return Plan("", (Write(Rerouted(said.wish.payment, hold, reason, another)),), steps=(place,))
        tried.append(path.route)
    return None
