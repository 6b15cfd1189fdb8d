# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a payment in several currencies leaves: at its price, all debits and holds in one transaction, or none."""

from dataclasses import replace

from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, WishReady, Write
from protocol.book.levies import payer_levy
from protocol.book.money import Amount, minor_of
from protocol.book.promised import beyond_promised
from protocol.book.refusals import ORDER_MISMATCH, Refused, refuse
from protocol.book.signed import leg_id, uuid_text
from protocol.book.timezones import MINUTE_MS
from protocol.book.wishes import Said
from protocol.lanes.directory import Directory
from protocol.peers.messages import Hop, QuoteGiven
from protocol.peers.runs import Runs
from protocol.practices.between.abroad.entries import Part
from protocol.practices.between.abroad.moves import moves_of_parts
from protocol.practices.between.abroad.onward import Onward
from protocol.practices.between.abroad.sending import unplaceable
from protocol.practices.between.links.entries import HoldItem
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.steps import Place
from protocol.practices.between.mixed.asking import MixedQuestion, MixedQuestions
from protocol.practices.between.mixed.entries import MixedSent
from protocol.practices.between.mixed.refusals import MIXED_NOT_KNOWN_THERE
from protocol.practices.between.mixed.rules import debits_of, mismatch, owner_of, payee_of
from protocol.practices.between.quotes.answers import is_foreign
from protocol.practices.between.quotes.asking import find_payee
from protocol.practices.between.quotes.invoices import Invoice, is_signed_by, read_invoice
from protocol.practices.between.quotes.most import room_refusal
from protocol.practices.between.quotes.prices import names
from protocol.practices.between.quotes.refusals import (
    PARTNER_CLOCK_DIFFERS,
    PARTNER_REFUSED,
    QUOTE_EXPIRED,
    QUOTE_UNKNOWN,
)
from protocol.practices.between.quotes.state import Quote, Quotes
from protocol.practices.between.routes.paths import Path
from protocol.practices.money.daycaps import beyond_day_cap
from protocol.practices.money.mixed.entries import PayMixed
from protocol.practices.people.authority import PAYMENT_EXISTS
from protocol.wire.codec import encode
from protocol.wire.keys import id_text
from protocol.wire.shape import to_map


def hear_mixed_given(desk: Desk, teller: bytes, given: QuoteGiven) -> tuple[WishReady, ...]:
    """Take the price that a member waits for."""
    question = desk.book.of(MixedQuestions).taken(given.key, teller)
    if question is None:
        return ()
    quotes, found = desk.book.of(Quotes), _price(desk, question, given)
    if isinstance(found, Refused):
        quotes.denied[given.key] = found
    else:
        quotes.give(found)
    return (WishReady(given.key),)


def _price(desk: Desk, question: MixedQuestion, given: QuoteGiven) -> Quote | Refused:
    """Return what all of it costs, or why the answer is none."""
    book, network = desk.book, question.network
    known, invoice = book.of(Directory).networks.get(network), read_invoice(given.invoice)
    if invoice is not None and invoice.also is None:
        return refuse(MIXED_NOT_KNOWN_THERE, network=id_text(network))
    off_ms = book.of(Runs).differing().get(network)
    if off_ms is not None and invoice is not None and invoice.not_after_ms < desk.now:
        handle = book.of(Directory).handle(network) or id_text(network)
        return refuse(PARTNER_CLOCK_DIFFERS, network=handle, minutes=abs(off_ms) // MINUTE_MS)
    hops = (*given.hops, *(given.also or ()))
    if (
        known is None
        or invoice is None
        or not is_signed_by(known.identity, invoice, given.invoice, given.signature)
        or invoice.not_after_ms < desk.now
        # A key that was rotated away may have been stolen.
        or invoice.epoch != known.identity.epoch
        or invoice.question != given.key
        or not _answers(book, question, invoice, hops)
    ):
        return refuse(PARTNER_REFUSED, network=id_text(network))
    legs: list[Quote] = []
    for leg, hop, account in zip(invoice.legs, hops, question.payers, strict=True):
        link, payer = book.of(Links).by_id[hop.link], book.ledger.accounts[account]
        if refused := room_refusal(book, link, hop.amount):
            return refused
        debit = link.settings.rate.up(hop.amount)
        legs.append(
            Quote(
                given.key, payer, network, leg.account, leg.handle, leg.amount, leg.scale, debit, leg.not_after_ms,
                given.invoice, given.signature, leg.condition, (Path((hop,), debit, leg.amount),), question.asker,
                levy=payer_levy(book, payer, None, debit),
            )
        )  # fmt: skip
    quote = replace(legs[0], also=tuple(legs[1:]))
    return _short(desk, quote) or quote


def _answers(book: Book, question: MixedQuestion, invoice: Invoice, hops: tuple[Hop, ...]) -> bool:
    """Tell whether an invoice asks what was asked: each amount, over its link, for the same payee."""
    found, legs, amounts = find_payee(book, question.wish.payee), invoice.legs, question.wish.amounts
    return (
        not isinstance(found, Refused)
        and found[0] == question.network
        and names(found[1], owner_of(invoice.account), invoice.handle)
        and is_foreign(invoice.handle)
        and invoice.request is None
        and len(legs) == len(hops) == len(amounts)
        and len({owner_of(leg.account) for leg in legs}) == 1
        and all(
            (hop.network, hop.link) == (question.network, link)
            and minor_of(amount, leg.account.rpartition(".")[2], leg.scale) == leg.amount
            for leg, hop, link, amount in zip(legs, hops, question.links, amounts, strict=True)
        )
    )


def priced_legs(quote: Quote) -> tuple[Quote, ...]:
    """Return what each currency of a payment costs."""
    return (quote, *quote.also)


def _short(desk: Desk, quote: Quote) -> Refused | None:
    """Return which account cannot be debited with all that it shall pay, or not on this day."""
    book = desk.book
    debits: dict[str, int] = {}
    levies: dict[str, int] = {}
    for leg in priced_legs(quote):
        debits[leg.payer.id] = debits.get(leg.payer.id, 0) + leg.debit
        levies[leg.payer.id] = levies.get(leg.payer.id, 0) + leg.levy
    accounts = book.ledger.accounts
    refused = (
        book.ledger.debit_refusal(accounts[payer], debit + levies[payer])
        or beyond_day_cap(book, accounts[payer], debit, desk.now)
        for payer, debit in debits.items()
    )
    return next((one for one in refused if one is not None), None)


def plan_send_mixed(desk: Desk, said: Said[PayMixed]) -> Plan | Refused:
    """Accept a price: debit all legs into the accounts of holds and place all holds, in one transaction."""
    book, wish = desk.book, said.wish
    quotes = book.of(Quotes)
    quote = quotes.by_invoice.get(wish.invoice or b"")
    invoice = None if quote is None else read_invoice(quote.invoice or b"")
    if quote is None or not quote.also or invoice is None or quote.invoice is None or quote.invoice_signature is None:
        return refuse(PAYMENT_EXISTS if wish.payment in book.payments else QUOTE_UNKNOWN)
    assert wish.payment is not None
    if wish.payer != quote.payer.member:
        return refuse(ORDER_MISMATCH, field="payer")
    if said.signed is None:
        accepted = _accepted(book, wish, quote, invoice)
        if isinstance(accepted, Refused):
            return accepted
        said = replace(said, wish=accepted)
    legs = priced_legs(quote)
    parts = tuple(_part(leg_id(wish.payment, number), leg) for number, leg in enumerate(legs))
    sent = MixedSent(quote.payee_handle, quote.invoice, quote.invoice_signature, parts, *said.held)
    onward = encode(to_map(Onward(sent.invoice, sent.signature, (), is_part=False)))
    places = tuple(Place(one.link, HoldItem(one.hold, one.hold_amount, invoice.condition, onward)) for one in parts)
    refused = debits_of(book, sent, said, desk.now)
    refused = (
        (refused if isinstance(refused, Refused) else mismatch(book, sent, said.wish))
        or (refuse(QUOTE_EXPIRED) if desk.now > quote.not_after_ms else None)
        or _short(desk, quote)
        or beyond_promised(
            book,
            *(
                move
                for leg, part in zip(legs, parts, strict=True)
                for move in moves_of_parts(leg.payer.currency, (part,))
            ),
        )
        or unplaceable(book, places)
    )
    if refused is not None:
        return refused
    quotes.use(quote)
    return Plan(uuid_text(wish.payment), (Write(sent),), steps=places)


def _part(hold: bytes, leg: Quote) -> Part:
    [path] = leg.paths
    [hop] = path.hops
    return Part(hop.link, hold, hop.amount, leg.debit, leg.amount, (hop.network,))


def _accepted(book: Book, wish: PayMixed, quote: Quote, invoice: Invoice) -> PayMixed | Refused:
    """Return what a member without a key has wished, as the price that it accepts has it.

    What it names besides, the payee and what that gets, has to be in the price.
    """
    found = find_payee(book, wish.payee)
    if isinstance(found, Refused):
        return found
    if found[0] != quote.payee_network or not names(found[1], owner_of(quote.payee), quote.payee_handle):
        return refuse(ORDER_MISMATCH, field="payee")
    legs = priced_legs(quote)
    debits = tuple(book.amount(leg.payer.currency, leg.cost) for leg in legs)
    return replace(
        wish,
        payee=payee_of(invoice),
        amounts=tuple(_as_priced(one, leg) for one, leg in zip(wish.amounts, legs, strict=False)),
        max_debits=wish.max_debits or debits,
        condition=quote.condition,
    )


def _as_priced(amount: Amount, leg: Quote) -> Amount:
    """Return an amount at the scale of its price, where it says the same."""
    code = leg.payee.rpartition(".")[2]
    same = minor_of(amount, code, leg.amount_scale) == leg.amount
    return Amount(leg.amount, code, leg.amount_scale) if same else amount
