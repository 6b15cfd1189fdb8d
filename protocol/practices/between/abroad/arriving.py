# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a hold that comes is answered: claimed where its invoice is ours, passed on over the next link, or waived."""

from dataclasses import replace

from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Write
from protocol.book.issuer_groups import foreigner
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.book.promised import beyond_promised
from protocol.book.refusals import (
    AMOUNT_TOO_LARGE,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    MALFORMED,
    ORDER_MISMATCH,
    PEER_UNREACHABLE,
    SIGNATURE_INVALID,
    Reason,
)
from protocol.lanes.directory import Directory
from protocol.practices.between.abroad.entries import COME_MAX, Arrived, Come, Forwarded
from protocol.practices.between.abroad.moves import moves_of, moves_of_come
from protocol.practices.between.abroad.onward import Onward, read_onward
from protocol.practices.between.abroad.state import Forwards, next_hold_id
from protocol.practices.between.clearing import turning
from protocol.practices.between.links.entries import HoldItem
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.refusals import LINK_NOT_OPEN
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.steps import Claim, Place, Waive
from protocol.practices.between.mixed.arriving import Together, answer_together
from protocol.practices.between.quotes.answers import (
    Relays,
    acceptance_refusal,
    arrival_refusal,
    is_reachable,
    needed_in,
    unaccepted_of,
)
from protocol.practices.between.quotes.invoices import condition_of, is_open, is_signed_by, preimage_of, read_invoice
from protocol.practices.between.quotes.refusals import QUOTE_EXPIRED, ROUTE_INVALID
from protocol.practices.between.routes.publishing import passes_on
from protocol.practices.people.authority import PAYMENT_EXISTS
from protocol.wire.codec import encode
from protocol.wire.shape import to_map


def answer_hold(desk: Desk, link: Link, hold: bytes) -> Plan:
    """Claim, forward or waive a hold that has just come."""
    plan = _claim_or_forward(desk, link, hold)
    return Plan("", steps=(Waive(link.id, hold, plan.code),)) if isinstance(plan, Reason) else plan


def _claim_or_forward(desk: Desk, link: Link, hold: bytes) -> Plan | Reason:
    ended = desk.book.of(Forwards).ended.get((link.id, hold))
    if ended is not None:
        # Our answer was lost with an old copy, not what it was; or the partner uses an id for a second hold.
        if isinstance(ended, bytes):
            again = link.reopened and condition_of(ended) == link.now.holds_in[hold].condition
            return Plan("", steps=(Claim(link.id, hold, ended),)) if again else PAYMENT_EXISTS
        return Plan("", steps=(Waive(link.id, hold, ended),))
    circle = turning.read_circle_onward(link.onward_in[hold])
    if circle is not None:
        return turning.answer_circle(desk, link, hold, circle)
    onward = read_onward(link.onward_in[hold])
    if onward is None:
        return MALFORMED
    if not link.takes(sum(one.amount for one in link.now.holds_in.values())):
        return LINK_NOT_OPEN
    if refused := acceptance_refusal(desk.book, link, {link.id: link.now.holds_in[hold].amount}):
        return refused.reason
    return _forward(desk, link, hold, onward) if onward.hops else _arrive(desk, link, hold, onward)


def _arrive(desk: Desk, link: Link, hold: bytes, onward: Onward) -> Plan | Reason:
    book = desk.book
    held = link.now.holds_in[hold]
    invoice = read_invoice(onward.invoice)
    identity = book.of(Directory).networks[book.network].identity
    if invoice is None or not is_signed_by(identity, invoice, onward.invoice, onward.signature):
        return SIGNATURE_INVALID
    preimage = preimage_of(desk.secret, invoice.nonce)
    if not invoice.condition == held.condition == condition_of(preimage):
        return ORDER_MISMATCH
    paid = book.of(Forwards).paid.get(invoice.nonce)
    if paid is not None:
        again = (link.id, hold) in paid and link.reopened
        return Plan("", steps=(Claim(link.id, hold, preimage),)) if again else PAYMENT_EXISTS
    if invoice.also is not None:
        return answer_together(desk, link, hold, Together(onward, invoice, preimage))
    if not is_open(invoice, desk.now):
        return QUOTE_EXPIRED
    refusal = arrival_refusal(book, invoice, desk.now)
    if refusal is not None:
        return refusal
    come = _come(book, onward.invoice) if onward.is_part else [_one_come(link, hold)]
    worth = sum(one.worth for one in come)
    if worth < invoice.amount:
        # Parts are on their way yet; or a rate was changed between the quote and the hold: the payer asks again.
        waits = onward.is_part and book.of(Relays).waits(link.id, hold, desk.now)
        return Plan("") if waits else QUOTE_EXPIRED
    if worth > AMOUNT_MINOR_MAX:
        # Rounding up to whole units of the link can carry it beyond what an entry can say.
        return AMOUNT_TOO_LARGE
    held = {id: sum(one.amount for one in come if one.link == id) for id in dict.fromkeys(one.link for one in come)}
    if refused := unaccepted_of(book, held):
        return refused.reason
    if beyond_promised(book, *moves_of_come(link.settings.currency, come, invoice.amount)) is not None:
        return AMOUNT_TOO_LARGE
    noted = book.of(Relays).notes.pop(invoice.nonce, None)
    texts = () if noted is None or invoice.note is None else ((invoice.note, noted.text),)
    payment = come[0].hold
    if payment in book.payments:
        return PAYMENT_EXISTS
    arrived = Arrived(payment, link.partner, tuple(come), onward.invoice, preimage)
    return Plan("", (Write(arrived),), texts, tuple(Claim(one.link, one.hold, preimage) for one in come))


def _one_come(link: Link, hold: bytes) -> Come:
    amount = link.now.holds_in[hold].amount
    return Come(link.id, hold, amount, link.settings.rate.down(amount))


def _come(book: Book, invoice: bytes) -> list[Come]:
    """Return the parts that have come for an invoice, over whatever links."""
    known, told = read_invoice(invoice), book.of(Forwards)
    assert known is not None
    come: list[Come] = []
    for link in book.of(Links).by_id.values():
        if link.is_lost or link.mine is None or link.settings.currency != known.account.rpartition(".")[2]:
            continue
        for hold, held in sorted(link.now.holds_in.items()):
            onward = read_onward(link.onward_in[hold])
            if (
                onward is not None
                and (onward.invoice, onward.hops, onward.is_part) == (invoice, (), True)
                and held.condition == known.condition
                and (link.id, hold) not in told.by_in
                and link.takes(sum(one.amount for one in link.now.holds_in.values()))
            ):
                come.append(_one_come(link, hold))
    return come[:COME_MAX]


def _forward(desk: Desk, link: Link, hold: bytes, onward: Onward) -> Plan | Reason:
    book = desk.book
    links = book.of(Links).by_id
    held, hop = link.now.holds_in[hold], onward.hops[0]
    link_out = links.get(hop.link)
    if link_out is None or link_out is link or link_out.partner != hop.network:
        return ROUTE_INVALID
    if link_out.is_lost:
        # It may have gone on before a restore: only what the partner kept for us can tell.
        return Plan("")
    if not passes_on(book, link, link_out):
        return ROUTE_INVALID
    if not link_out.gives(hop.amount):
        return LINK_NOT_OPEN
    if not is_reachable(book, link_out.partner):
        # Once promised it would lie there until the partner is back, and the payer could not go another way.
        waits = book.of(Relays).waits(link.id, hold, desk.now)
        return Plan("") if waits else PEER_UNREACHABLE
    if link_out.settings.currency != link.settings.currency:
        return CURRENCY_MISMATCH
    if book.currencies[link.settings.currency].closed:
        return CURRENCY_CLOSED
    if (refused := foreigner(book, link.settings.currency, "")) is not None:
        return refused.reason
    if hop.amount <= 0 or held.amount < needed_in(link, link_out, hop.amount):
        return QUOTE_EXPIRED
    forwarded = forwarding(link, hold, held.amount, link_out, hop.amount)
    if forwarded.worth > AMOUNT_MINOR_MAX or beyond_promised(book, *moves_of(forwarded)) is not None:
        # Claimed, it has to be counted, whatever else was promised before.
        return AMOUNT_TOO_LARGE
    rest = encode(to_map(replace(onward, hops=onward.hops[1:])))
    place = Place(link_out.id, HoldItem(forwarded.hold_out, hop.amount, held.condition, rest))
    refused = link_out.refusal(place)
    if refused is not None:
        return refused.reason
    return Plan("", (Write(forwarded),), steps=(place,))


def forwarding(link_in: Link, hold: bytes, amount_in: int, link_out: Link, amount_out: int) -> Forwarded:
    worth, cost = link_in.settings.rate.down(amount_in), link_out.settings.rate.up(amount_out)
    hold_out, currency = next_hold_id(hold, link_in.id), link_out.settings.currency
    return Forwarded(hold, link_in.id, amount_in, worth, hold_out, link_out.id, amount_out, cost, currency, None)
