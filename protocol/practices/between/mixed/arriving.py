# SPDX-License-Identifier: AGPL-3.0-or-later
"""How holds for several currencies are answered: all claimed in one transaction once all have come, else all waived.

The preimage leaves for none of them before it leaves for all, so no partner ever has a proof of a part.
"""

from typing import NamedTuple

from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Write
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.book.promised import beyond_promised
from protocol.book.refusals import AMOUNT_TOO_LARGE, ORDER_MISMATCH, Reason
from protocol.book.signed import leg_id
from protocol.practices.between.abroad.entries import Come
from protocol.practices.between.abroad.moves import moves_of_come
from protocol.practices.between.abroad.onward import Onward, read_onward
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.steps import Claim, Waive
from protocol.practices.between.mixed.entries import MixedArrived
from protocol.practices.between.quotes.answers import Relays, arrival_refusal, unaccepted_of
from protocol.practices.between.quotes.invoices import Invoice, is_open
from protocol.practices.between.quotes.refusals import QUOTE_EXPIRED
from protocol.practices.people.authority import PAYMENT_EXISTS


class Together(NamedTuple):
    """What holds for several currencies come for: what travels beside them, the invoice and its preimage."""

    onward: Onward
    invoice: Invoice
    preimage: bytes


class _Held(NamedTuple):
    """A hold for an invoice that is open here."""

    link: Link
    hold: bytes

    @property
    def come(self) -> Come:
        amount = self.link.now.holds_in[self.hold].amount
        return Come(self.link.id, self.hold, amount, self.link.settings.rate.down(amount))


def answer_together(desk: Desk, link: Link, hold: bytes, together: Together) -> Plan:
    """Claim all holds for an invoice, let this one wait for the others, or waive all that have come."""
    held = _held(desk.book, together)
    found = _claimed(desk, held, together)
    if not isinstance(found, Reason):
        return found
    if found is QUOTE_EXPIRED and _may_wait(desk, link, hold, together):
        return Plan("")
    return Plan("", steps=tuple(Waive(one.link.id, one.hold, found.code) for one in held))


def _held(book: Book, together: Together) -> list[_Held]:
    """Return what has come for an invoice, over whatever links."""
    return [
        _Held(link, hold)
        for link in book.of(Links).by_id.values()
        if link.mine is not None and not link.is_lost
        for hold, held in sorted(link.now.holds_in.items())
        if held.condition == together.invoice.condition and read_onward(link.onward_in[hold]) == together.onward
    ]


def _may_wait(desk: Desk, link: Link, hold: bytes, together: Together) -> bool:
    """Tell whether a hold may wait for the others: it is one that is asked for, and there is time."""
    fits = any(_fits(_Held(link, hold), leg) for leg in together.invoice.legs)
    return fits and is_open(together.invoice, desk.now) and desk.book.of(Relays).waits(link.id, hold, desk.now)


def _fits(held: _Held, leg: Invoice) -> bool:
    link = held.link
    is_taken = link.takes(sum(one.amount for one in link.now.holds_in.values()))
    return is_taken and link.settings.currency == leg.account.rpartition(".")[2] and held.come.worth >= leg.amount


def _claimed(desk: Desk, held: list[_Held], together: Together) -> Plan | Reason:
    """Return what claims all of it, or why not; QUOTE_EXPIRED where some of it has not come."""
    book, (onward, invoice, preimage) = desk.book, together
    if onward.hops or onward.is_part:
        return ORDER_MISMATCH
    if not is_open(invoice, desk.now):
        return QUOTE_EXPIRED
    legs, come, moves = invoice.legs, list[Come](), list[tuple[str, int]]()
    for leg in legs:
        if (against := arrival_refusal(book, leg, desk.now)) is not None:
            return against
    for leg in legs:
        fitting = next((one for one in held if _fits(one, leg)), None)
        if fitting is None:
            return QUOTE_EXPIRED
        come.append(fitting.come)
        moves += moves_of_come(fitting.link.settings.currency, come[-1:], leg.amount)
    if refused := unaccepted_of(book, {one.link: one.amount for one in come}):
        return refused.reason
    if any(one.worth > AMOUNT_MINOR_MAX for one in come) or beyond_promised(book, *moves) is not None:
        return AMOUNT_TOO_LARGE
    payment = come[0].hold
    if any(leg_id(payment, number) in book.payments for number in range(len(legs))):
        return PAYMENT_EXISTS
    noted = book.of(Relays).notes.pop(invoice.nonce, None)
    texts = () if noted is None or invoice.note is None else ((invoice.note, noted.text),)
    partner = held[0].link.partner
    arrived = MixedArrived(payment, partner, tuple(come), onward.invoice, preimage)
    return Plan("", (Write(arrived),), texts, tuple(Claim(one.link, one.hold, preimage) for one in come))
