# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments between networks: hash lock and backward waiver (PROTOCOL 3).

No party decides for the others, and no clock releases money. What is to be done follows from the newest
records of a link and the book alone, so a restart asks again and does the rest. Every step is one
transaction: the ledger entry and the link records leave together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated

from protocol.book.book import Book, exchange_account
from protocol.book.declaration import Desk, Plan, Write
from protocol.book.money import AMOUNT_MINOR_MAX, Amount, minor_of
from protocol.book.refusals import (
    AMOUNT_TOO_LARGE,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    MALFORMED,
    ORDER_MISMATCH,
    PEER_UNREACHABLE,
    RECOVERING,
    SIGNATURE_INVALID,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.directory import Directory
from protocol.peers.messages import HOPS_MAX, INVOICE_BYTES_MAX, PATHS_MAX, Hop
from protocol.practices.between.abroad.entries import (
    COME_MAX,
    Arrived,
    Come,
    Forwarded,
    Forwards,
    Part,
    Passed,
    Reconciled,
    Refunded,
    Rerouted,
    Returned,
    Sent,
    Settled,
    UnderWay,
    authority_of,
    authority_of_wish,
    beyond_count,
    beyond_holds,
    max_debit,
    next_hold_id,
    part_hold,
)
from protocol.practices.between.clearing import rounds
from protocol.practices.between.clearing.part import Clearing
from protocol.practices.between.links.records import Claim, GiveBack, HoldItem, Link, Links, Place, Waive, link_account
from protocol.practices.between.links.refusals import LINK_NOT_OPEN
from protocol.practices.between.quotes.answers import Relays, arrival_refusal, is_reachable, needed_in
from protocol.practices.between.quotes.invoices import condition_of, is_open, is_signed_by, preimage_of, read_invoice
from protocol.practices.between.quotes.prices import ON_THE_WAY, Quote, Quotes, find_payee, names
from protocol.practices.between.quotes.refusals import (
    PARTNER_REFUSED,
    QUOTE_EXPIRED,
    QUOTE_UNKNOWN,
    ROUTE_INVALID,
    code_told,
)
from protocol.practices.between.routes import Path, Wanted, find_path, passes_on
from protocol.practices.money.payments.rules import MAX_DEBIT_EXCEEDED, Pay
from protocol.practices.people.authority import PAYMENT_EXISTS
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.keys import id_text
from protocol.wire.shape import AtMost, Length, ShapeFault, from_map, to_map


@dataclass(frozen=True, slots=True)
class Onward:
    """What travels beside a hold: the invoice that it pays, wholly or in part, and the hops that are left."""

    invoice: Annotated[bytes, AtMost(INVOICE_BYTES_MAX)]
    signature: Annotated[bytes, Length(64)]
    hops: Annotated[tuple[Hop, ...], AtMost(HOPS_MAX)]
    is_part: bool


# The payer's node.


def plan_send(desk: Desk, said: Said[Pay]) -> Plan | Refused:
    """Accept a quote: debit the payer into the holds account and place the first hold, in one transaction."""
    book, wish = desk.book, said.wish
    quotes = book.of(Quotes)
    payment, quote = wish.payment, quotes.by_invoice.get(wish.invoice or b"")
    if quote is None or quote.invoice is None or quote.condition is None or quote.invoice_signature is None:
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
    refused = (
        _mismatch(book, sent, said.wish, quote)
        or (refuse(QUOTE_EXPIRED) if desk.now > quote.not_after_ms else None)
        or book.ledger.debit_refusal(authority.account, sent.debit)
        or authority.short_of(sent.debit)
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


def _mismatch(book: Book, sent: Sent, wish: Pay, quote: Quote) -> Refused | None:
    """Return what a wish names that is not in the quote which it accepts."""
    address, code = f"mutirao:{id_text(quote.payee_network)}/{quote.payee}", quote.payee.rpartition(".")[2]
    for name, fits in (
        ("payee", wish.payee == address),
        ("amount", minor_of(wish.amount, code, quote.amount_scale) == quote.amount),
        ("condition", wish.condition == quote.condition),
    ):
        if not fits:
            return refuse(ORDER_MISMATCH, field=name)
    most = max_debit(book, wish)
    if most is None:
        return refuse(ORDER_MISMATCH, field="max_debit")
    return refuse(MAX_DEBIT_EXCEEDED, debit=sent.debit, max_debit=most) if sent.debit > most else None


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
    if gets != quote.amount and costs != quote.debit:
        return refuse(ORDER_MISMATCH, field="amount")
    return replace(
        wish,
        payee=f"mutirao:{id_text(quote.payee_network)}/{quote.payee}",
        amount=Amount(quote.amount, code, quote.amount_scale),
        max_debit=Amount(quote.debit, own.code, own.scale) if wish.max_debit is None else wish.max_debit,
        condition=quote.condition,
    )


# What follows from the records of a link.


def resolve(desk: Desk, link: Link) -> Iterator[Plan]:
    """Yield what is to be done about a link's open holds; each plan is carried out before the next is asked for."""
    book = desk.book
    forwards = book.of(Forwards)
    if link.reopened:
        yield from _taken_up(desk, link)
    yield from _settled(desk, link)
    for hold in sorted(link.now.holds_in):
        # A hold that went on is answered when the one that it became is, never before; parts are claimed together.
        if (link.id, hold) not in forwards.by_in and hold in link.now.holds_in:
            yield _answer(desk, link, hold)
    if link.reopened:
        yield from _after_loss(book, link)
    if link.idle_grant > 0:
        yield Plan("", steps=(GiveBack(link.id, link.idle_grant),))


def _settled(desk: Desk, link: Link) -> Iterator[Plan]:
    """Pass on what the partner has claimed and waived of our holds."""
    book = desk.book
    forwards = book.of(Forwards)
    partner = link.side.partner
    for hold, preimage in sorted(partner.claims.items()):
        forward = forwards.open_out.get((link.id, hold))
        payment = forwards.part_of.get((link.id, hold))
        if forward is not None:
            yield Plan("", (Write(Passed(link.id, hold, preimage)),), steps=_claimed(book, forward, preimage))
        elif payment is not None:
            yield Plan("", (Write(Settled(payment, hold, preimage)),))
        else:
            yield from rounds.cleared(book, link, hold, preimage)
    for hold, told in sorted(partner.waived.items()):
        reason = code_told(told)
        forward = forwards.open_out.get((link.id, hold))
        payment = forwards.part_of.get((link.id, hold))
        if forward is not None:
            yield Plan("", (Write(Returned(link.id, hold, reason)),), steps=_waived(book, forward, reason))
        elif payment is not None:
            refunded = Plan("", (Write(Refunded(payment, hold, reason)),))
            yield _rerouted(desk, forwards.under_way[payment], hold, reason) or refunded
        else:
            yield from rounds.failed(book, link, hold, reason)


def _rerouted(desk: Desk, under_way: UnderWay, hold: bytes, reason: str) -> Plan | None:
    """Send a part whose hold came back another way, within what the payer ordered; None where there is none.

    Once any of the payment was claimed it is paid: nothing more is promised for it.
    """
    book, sent, part = desk.book, under_way.sent, under_way.parts[hold]
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
        wanted = Wanted(invoice.network, currency, part.amount, authority.account.currency, failed, tried)
        path = find_path(book, wanted, lambda link: link.largest if is_reachable(book, link.partner) else 0)
        if path is None:
            return None
        another = _part(said.wish.payment, len(under_way.ways), path)
        more = another.debit - part.debit
        place = _place(sent, another, invoice.condition, path)
        refused = (
            under_way.debit_minor + more > most
            or (book.ledger.debit_refusal(authority.account, more) or authority.short_of(more) if more > 0 else None)
            or beyond_holds(book, authority.account, more, (another,))
            or unplaceable(book, (place,))
        )
        if not refused:
            return Plan("", (Write(Rerouted(said.wish.payment, hold, reason, another)),), steps=(place,))
        tried.append(path.route)
    return None


def _taken_up(desk: Desk, link: Link) -> Iterator[Plan]:
    """Write again that holds have gone on, where the ledger has lost it and the links still show both ends.

    Else the one that came would be waived while the one that went is open.
    """
    book = desk.book
    links = book.of(Links).by_id
    forwards = book.of(Forwards)
    came = [link]
    known = forwards.open_out.keys() | forwards.part_of.keys() | book.of(Clearing).by_hold.keys()
    if any((link.id, hold) not in known for hold in link.side.own.holds):
        came = list(links.values())
    unknown = [
        (link_in, hold, next_hold_id(hold, link_in.id))
        for link_in in came
        for hold in sorted(link_in.now.holds_in)
        if (link_in.id, hold) not in forwards.by_in and (link_in.id, hold) not in forwards.ended
    ]
    for link_in, hold, hold_out in unknown:
        for link_out in links.values():
            held, out = link_in.now.holds_in[hold], link_out.side.own.holds.get(hold_out)
            if out is not None and out.condition == held.condition:
                forwarded = _forwarded(link_in, hold, held.amount, link_out, out.amount)
                # The rates may have changed since, so that what came is worth less than what went, or nothing.
                worth = max(1, forwarded.worth)
                yield Plan("", (Write(replace(forwarded, worth=worth, cost=min(forwarded.cost, worth))),))
                yield from _settled(desk, link_out)
                break


def _after_loss(book: Book, link: Link) -> Iterator[Plan]:
    """Bring ledger and link together where one of them came back from an old copy without the other.

    What is open in the ledger alone was never promised in a record that still counts; what is claimed on the
    link alone was lost in the ledger.
    """
    forwards = book.of(Forwards)
    for (on, hold), payment in list(forwards.part_of.items()):
        if on == link.id and hold not in link.now.own.holds:
            yield Plan("", (Write(Refunded(payment, hold, RECOVERING.code)),))
    yield from rounds.after_loss(book, link)
    for forward in list(forwards.open_out.values()):
        if forward.link_out == link.id and forward.hold_out not in link.now.own.holds:
            reason = RECOVERING.code
            yield Plan("", (Write(Returned(link.id, forward.hold_out, reason)),), steps=_waived(book, forward, reason))
    known = forwards.on(link.id)
    paid, received = link.side.partner.claimed - known.paid, link.now.own.claimed - known.received
    if paid or received:
        rate = link.settings.rate
        cost, worth = rate.up(paid), rate.down(received)
        yield Plan("", (Write(Reconciled(link.id, paid, cost, received, worth, link.settings.currency)),))


def _claimed(book: Book, forward: Forwarded, preimage: bytes) -> tuple[Claim, ...]:
    return (Claim(forward.link_in, forward.hold_in, preimage),) if _is_answerable(book, forward) else ()


def _waived(book: Book, forward: Forwarded, reason: str) -> tuple[Waive, ...]:
    return (Waive(forward.link_in, forward.hold_in, reason),) if _is_answerable(book, forward) else ()


def _is_answerable(book: Book, forward: Forwarded) -> bool:
    """Tell whether the hold that went on can be answered now; if not, it is when its link is found again."""
    link_in = book.of(Links).by_id[forward.link_in]
    return not link_in.is_lost and forward.hold_in in link_in.now.holds_in


def _answer(desk: Desk, link: Link, hold: bytes) -> Plan:
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
    circle = rounds.read_onward(link.onward_in[hold])
    if circle is not None:
        return rounds.answer(desk, link, hold, circle)
    onward = _read_onward(link.onward_in[hold])
    if onward is None:
        return MALFORMED
    if not link.takes(sum(one.amount for one in link.now.holds_in.values())):
        return LINK_NOT_OPEN
    return _forward(desk, link, hold, onward) if onward.hops else _arrive(desk, link, hold, onward)


def _read_onward(data: bytes) -> Onward | None:
    try:
        fields = decode(data)
        return from_map(Onward, fields) if isinstance(fields, dict) else None
    except (CodecFault, ShapeFault):
        return None


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
    code = link.settings.currency
    mirrors = ((link_account(one.link, code), -one.worth) for one in come)
    if beyond_count(book, *mirrors, (exchange_account(code), worth - invoice.amount)) is not None:
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
            onward = _read_onward(link.onward_in[hold])
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
    if hop.amount <= 0 or held.amount < needed_in(link, link_out, hop.amount):
        return QUOTE_EXPIRED
    forwarded = _forwarded(link, hold, held.amount, link_out, hop.amount)
    if forwarded.worth > AMOUNT_MINOR_MAX:
        return AMOUNT_TOO_LARGE
    rest = encode(to_map(replace(onward, hops=onward.hops[1:])))
    place = Place(link_out.id, HoldItem(forwarded.hold_out, hop.amount, held.condition, rest))
    refused = link_out.refusal(place)
    if refused is not None:
        return refused.reason
    return Plan("", (Write(forwarded),), steps=(place,))


def _forwarded(link_in: Link, hold: bytes, amount_in: int, link_out: Link, amount_out: int) -> Forwarded:
    worth, cost = link_in.settings.rate.down(amount_in), link_out.settings.rate.up(amount_out)
    hold_out, currency = next_hold_id(hold, link_in.id), link_out.settings.currency
    return Forwarded(hold, link_in.id, amount_in, worth, hold_out, link_out.id, amount_out, cost, currency, None)
