# SPDX-License-Identifier: AGPL-3.0-or-later
"""When an entry of a payment between networks may stand: the same answer on every node.

What is to be written, and when, `protocol.practices.between.abroad.holds` decides.
"""

from collections.abc import Iterable

from protocol.book.accounts import commons_account, holds_account
from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.issuer_groups import foreigner
from protocol.book.ledger import Account
from protocol.book.levies import payer_levy
from protocol.book.money import minor_of
from protocol.book.promised import uncounted
from protocol.book.refusals import (
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    MALFORMED,
    ORDER_MISMATCH,
    PAYMENT_UNKNOWN,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.wishes import Said, said_in
from protocol.peers.messages import PATHS_MAX
from protocol.practices.between.abroad.entries import (
    Arrived,
    Forwarded,
    HoldReturned,
    Part,
    Passed,
    Reconciled,
    Refunded,
    Rerouted,
    Sent,
    Settled,
)
from protocol.practices.between.abroad.moves import moves_of_come, moves_of_parts
from protocol.practices.between.abroad.state import Forwards, UnderWay, part_hold
from protocol.practices.between.clearing.circles import read_circle
from protocol.practices.between.links.entries import link_account
from protocol.practices.between.mixed.entries import MixedSent
from protocol.practices.between.quotes.answers import is_foreign
from protocol.practices.between.quotes.invoices import Invoice, condition_of, invoice_hash, read_invoice
from protocol.practices.between.quotes.state import SentPayments
from protocol.practices.money.mixed.entries import PayMixed
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.payments.paying import MAX_DEBIT_EXCEEDED, own_minor
from protocol.practices.money.payments.refunds import REFUND_EXCEEDS, against_refund
from protocol.practices.people.authority import PAYMENT_EXISTS, Authority, authorise
from protocol.wire.keys import id_text


def authority_of(book: Book, sent: Sent, said: Said[Pay], at_ms: int) -> Authority | Refused:
    """Return on what a payment rests, or why nothing is paid: the same answer on every node; no limits."""
    wish = said.wish
    found = authorise(book, said, wish.payer or "", wish.payment, wish.mandate)
    if isinstance(found, Refused):
        return found
    account, code = found.account, found.account.currency
    if book.currencies[code].closed:
        return refuse(CURRENCY_CLOSED, currency=code)
    levy = levy_abroad(book, account, wish, sent.debit)
    refused = (
        foreigner(book, code, sent.payee)
        or beyond_holds(book, account, sent.debit + levy, sent.parts)
        or book.ledger.uncountable((commons_account(code), levy))
        or found.lapsed(book, at_ms)
    )
    return refused or found


def levy_abroad(book: Book, payer: Account, wish: Pay, debit: int) -> int:
    """Return what the payer of what leaves bears on top of what it costs, in its minor units; nothing of a refund."""
    return 0 if wish.refunds is not None else payer_levy(book, payer, None, debit)


def beyond_holds(book: Book, payer: Account, debit: int, parts: Iterable[Part]) -> Refused | None:
    """Return AMOUNT_TOO_LARGE where a balance could not count a debit, wherever its holds end."""
    holds = holds_account(payer.currency)
    # What waits in the account of holds may all go to one partner yet.
    waiting = book.ledger.accounts[holds].balance_minor + debit
    mirrors = ((link_account(part.link, payer.currency), waiting) for part in parts)
    return beyond_count(book, (payer.id, -debit), (holds, debit), *mirrors)


def beyond_count(book: Book, *changes: tuple[str, int]) -> Refused | None:
    """Return AMOUNT_TOO_LARGE where a balance would go beyond int64; a mirror account may still have to be opened."""
    return book.ledger.uncountable(*(change for change in changes if change[0] in book.ledger.accounts))


def check(book: Book, entered: Entered) -> Reason | None:
    """Accept what has authority and its preimage, each thing once: the same answer on every node."""
    refused = book.misplaced(entered)
    if refused is not None:
        return refused.reason
    body = entered.body
    forwards = book.of(Forwards)
    if isinstance(body, Sent):
        said = said_in(book, body, Pay)
        authority = authority_of(book, body, said, entered.at_ms)
        if isinstance(authority, Refused):
            return authority.reason
        refused = against_refund(book, said.wish, authority.account, None, body.debit, abroad=True)
        return refused.reason if refused else _check_sent(book, body, said.wish)
    if isinstance(body, Settled | Refunded | Rerouted):
        return _check_part(book, body)
    if isinstance(body, Arrived):
        return _check_arrived(book, body)
    if isinstance(body, Forwarded):
        known = (body.link_in, body.hold_in) in forwards.by_in or (
            body.link_out,
            body.hold_out,
        ) in forwards.open_out
        if body.currency not in book.currencies:
            return CURRENCY_UNKNOWN
        if body.circle is not None:
            circle = read_circle(body.circle)
            if circle is None or body.cost <= 0 or body.worth <= 0:
                return MALFORMED
            return STATE_CONFLICT if known or circle.id in forwards.circles else None
        return STATE_CONFLICT if known or not body.worth >= body.cost > 0 else None
    if isinstance(body, Reconciled):
        change = body.cost - body.worth
        moves = ((link_account(body.link, body.currency), change), (commons_account(body.currency), -change))
        return uncounted(book, moves) if body.currency in book.currencies else CURRENCY_UNKNOWN
    assert isinstance(body, Passed | HoldReturned)
    return None if (body.link_out, body.hold_out) in forwards.open_out else STATE_CONFLICT


def _check_sent(book: Book, sent: Sent, wish: Pay) -> Reason | None:
    invoice = read_invoice(sent.invoice)
    if invoice is None or invoice.also or not sent.parts or not is_foreign(sent.payee) or wish.payment is None:
        return MALFORMED
    for number, part in enumerate(sent.parts):
        if not is_way(part) or part.hold != part_hold(wish.payment, number):
            return MALFORMED
    if sum(part.amount for part in sent.parts) != invoice.amount:
        return MALFORMED
    most = max_debit(book, wish)
    first = None if wish.refunds is None else book.payments[wish.refunds].abroad
    fits = (
        invoice.refunds == (None if first is None else first.condition)
        and (wish.invoice, wish.condition) == (invoice_hash(sent.invoice), invoice.condition)
        and wish.payee == address_of(invoice)
        and minor_of(wish.amount, invoice.account.rpartition(".")[2], invoice.scale) == invoice.amount
        and not wish.pending
        and most is not None
        and sent.debit + levy_abroad(book, book.ledger.accounts[wish.payer or ""], wish, sent.debit) <= most
    )
    return None if fits else ORDER_MISMATCH


def address_of(invoice: Invoice) -> str:
    """Return the address of whom an invoice asks to pay, as a wish names it."""
    return f"mutirao:{id_text(invoice.network)}/{invoice.account}"


def is_way(part: Part) -> bool:
    """Tell whether a part costs something, brings something and goes somewhere."""
    return part.debit > 0 and part.hold_amount > 0 and part.amount > 0 and bool(part.route)


def _check_part(book: Book, body: Settled | Refunded | Rerouted) -> Reason | None:
    """Accept an end of a hold that is open; another way only within what the payer ordered, before all is claimed."""
    forwards = book.of(Forwards)
    payment, under_way = book.payments.get(body.payment), forwards.under_way.get(body.payment)
    if payment is None or payment.abroad is None or payment.debit_minor is None:
        return PAYMENT_UNKNOWN
    if under_way is None or body.hold not in under_way.parts:
        return STATE_CONFLICT
    if isinstance(body, Settled):
        code = book.ledger.accounts[payment.payer].currency
        moves = moves_of_parts(code, (under_way.parts[body.hold],))
        return uncounted(book, moves) if _fits(body.preimage, under_way.sent) else ORDER_MISMATCH
    if isinstance(body, Refunded):
        return None
    if isinstance(under_way.sent, MixedSent):
        return STATE_CONFLICT
    before, part = under_way.parts[body.hold], body.part
    number = len(under_way.ways)
    most = max_debit(book, under_way.wish)
    if not is_way(part) or part.amount != before.amount or part.hold != part_hold(body.payment, number):
        return MALFORMED
    if under_way.paid_minor or number >= PATHS_MAX:
        return STATE_CONFLICT
    more = part.debit - before.debit
    first = None if under_way.wish.refunds is None else book.payments[under_way.wish.refunds]
    if first is not None and more > first.refundable_minor:
        return REFUND_EXCEEDS
    if most is None or under_way.debit_minor + more > most:
        return MAX_DEBIT_EXCEEDED
    beyond = beyond_holds(book, book.ledger.accounts[payment.payer], more, (part,))
    return None if beyond is None else beyond.reason


def max_debit(book: Book, wish: Pay) -> int | None:
    """Return the most that a payment may cost the payer, in its minor units; None where the wish does not tell."""
    if wish.max_debit is None:
        return None
    found = own_minor(book, wish.max_debit, book.ledger.accounts[wish.payer or ""])
    return None if isinstance(found, Refused) else found


def _check_arrived(book: Book, arrived: Arrived) -> Reason | None:
    invoice, forwards = read_invoice(arrived.invoice), book.of(Forwards)
    if invoice is None or invoice.also or invoice.network != book.network:
        return MALFORMED
    if invoice.account not in book.ledger.accounts:
        return MALFORMED
    holds = {(part.link, part.hold) for part in arrived.parts}
    if not is_foreign(invoice.payer) or not holds or len(holds) < len(arrived.parts):
        return MALFORMED
    book.requests.need(() if invoice.request is None else (invoice.request,))
    if invoice.refunds is not None and invoice.refunds not in book.of(SentPayments).payments:
        return PAYMENT_UNKNOWN
    if invoice.nonce in forwards.paid or arrived.payment in book.payments:
        return PAYMENT_EXISTS
    fits = condition_of(arrived.preimage) == invoice.condition and arrived.worth >= invoice.amount > 0
    code = invoice.account.rpartition(".")[2]
    if (strange := foreigner(book, code, invoice.payer)) is not None:
        return strange.reason
    first = None if invoice.refunds is None else book.payments[book.of(SentPayments).payments[invoice.refunds]]
    back = 0 if first is None else first.payer_levy_minor
    arrived_moves = moves_of_come(code, arrived.parts, invoice.amount)
    moves = (*arrived_moves, (invoice.account, invoice.amount + back), (commons_account(code), -back))
    return uncounted(book, moves) if fits else ORDER_MISMATCH


def authority_of_wish(book: Book, said: Said[Pay]) -> Authority:
    """Return on what a payment rests that the book holds."""
    account = book.ledger.accounts[said.wish.payer or ""]
    assert account.member is not None
    mandate = None if said.wish.mandate is None else book.mandates[said.wish.mandate]
    return Authority(account, book.members[account.member], said.device, mandate)


def authority_under_way(book: Book, under_way: UnderWay) -> Authority:
    """Return on what a payment rests whose holds are open."""
    sent = under_way.sent
    if isinstance(sent, Sent):
        return authority_of_wish(book, said_in(book, sent, Pay))
    said = said_in(book, sent, PayMixed)
    return authority_of_wish(book, Said(under_way.wish, said.signed, said.envelope, said.member, said.device))


def _fits(preimage: bytes, sent: Sent | MixedSent) -> bool:
    invoice = read_invoice(sent.invoice)
    return invoice is not None and condition_of(preimage) == invoice.condition
