# SPDX-License-Identifier: AGPL-3.0-or-later
"""What other networks ask of us when they price a payment: our invoice, or the way on (PROTOCOL 3).

The payee's node answers with an invoice; each network on the way back adds the hold that it needs on
the line before it: in = ceil(out * num / den) + fee.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple

from protocol.book.accounts import commons_account
from protocol.book.addresses import resolve_account
from protocol.book.book import Book
from protocol.book.declaration import Desk, Tell
from protocol.book.issuer_groups import foreigner
from protocol.book.ledger import Account
from protocol.book.members import MemberState
from protocol.book.money import AMOUNT_MINOR_MAX, Amount, minor_of, payable
from protocol.book.personal import text_digest
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    FORBIDDEN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    NOT_FOUND,
    ORDER_MISMATCH,
    OVERLOADED,
    PAYMENT_UNKNOWN,
    PEER_UNREACHABLE,
    Reason,
    Refused,
    refuse,
)
from protocol.book.requests import RequestState
from protocol.book.slots import Slot
from protocol.lanes.directory import Directory
from protocol.lanes.entry import Millis
from protocol.peers.messages import HOPS_MAX, Hop, QuoteDenied, QuoteGiven, QuoteWanted
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.refusals import LINK_LIMIT_EXCEEDED, LINK_NOT_OPEN, LINK_UNKNOWN
from protocol.practices.between.links.state import Links
from protocol.practices.between.quotes.invoices import (
    INVOICE_LIFE_MS,
    Invoice,
    InvoiceLeg,
    condition_of,
    encode_invoice,
    preimage_of,
)
from protocol.practices.between.quotes.refusals import NO_ROUTE, PARTNER_REFUSED, ROUTE_INVALID
from protocol.practices.between.quotes.state import SentPayments
from protocol.practices.between.routes.publishing import passes_on
from protocol.practices.money.payments.paying import REQUEST_CLOSED
from protocol.practices.money.payments.refunds import REFUND_EXCEEDS, against_part
from protocol.wire.keys import id_text

ACCEPTS: Slot[Callable[[Book, Link, Mapping[bytes, int]], Refused | None]] = Slot(
    "tells why the group takes no more of a partner's currency: holds in minor units, by link, beside what it promised"
)
RELAY_WAIT_MS = 10_000
"""How long a question that we passed on may stay without an answer."""
HOLD_WAIT_MS = 20_000
"""How long a hold that has come may wait for a partner to be back, or for other parts, before it is waived."""
RELAYS_OPEN_MAX = 1_024
NOTES_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Relay:
    """A question that we passed on: who asked us, on which link, and over which link it went on."""

    asker: bytes
    link_in: bytes
    link_out: bytes
    until_ms: Millis
    split: bool


@dataclass(frozen=True, slots=True)
class Noted:
    """What a payer wrote beside an invoice, until nobody can pay that any more."""

    text: str
    not_after_ms: Millis


@dataclass(slots=True)
class Relays:
    """Questions that went on from here: not part of the fold, and lost at a restart without harm."""

    TRANSIENT: ClassVar[bool] = True
    open: dict[bytes, Relay] = field(default_factory=dict[bytes, Relay])
    notes: dict[bytes, Noted] = field(default_factory=dict[bytes, Noted])
    """What payers write beside invoices of ours that nobody has paid yet, by nonce."""
    waiting: dict[tuple[bytes, bytes], Millis] = field(default_factory=dict[tuple[bytes, bytes], Millis])
    """Since when holds that have come wait, by link and hold."""

    def waits(self, link: bytes, hold: bytes, now: Millis) -> bool:
        """Tell whether a hold may go on waiting for what it needs: nothing is promised onward for it yet."""
        return 0 <= now - self.waiting.setdefault((link, hold), now) <= HOLD_WAIT_MS

    def forget(self, now: Millis) -> None:
        """Drop what has expired."""
        self.waiting = {key: since for key, since in self.waiting.items() if 0 <= now - since <= 2 * HOLD_WAIT_MS}
        self.open = {key: one for key, one in self.open.items() if one.until_ms >= now}
        self.notes = {key: one for key, one in self.notes.items() if one.not_after_ms >= now}


def choose_link(book: Book, partner: bytes, currency: str | None, gets: str | None = None) -> Link | Refused:
    """Return an open link with a partner, of this own currency if one is told, by which the payee gets `gets`.

    Where that is not told it is the partner's main currency, if any link with us is in it; else the one of the oldest
    link. What is left on links decides only between those by which the payee gets the same.
    """
    links = book.of(Links).with_partner(partner)
    if not links:
        return refuse(NO_ROUTE, network=id_text(partner))
    wanted = gets or gets_there(book, partner, currency)
    ours = [link for link in links if link.has_begun and currency in (None, link.settings.currency)]
    if gets is not None and ours and not any(_is_in(link, gets) for link in ours):
        return refuse(CURRENCY_MISMATCH, currency=gets_there(book, partner, currency) or gets)
    usable = [link for link in ours if link.gives(1) and (wanted is None or _is_in(link, wanted))]
    if not usable:
        begun = [link for link in links if link.has_begun] or links
        states = ", ".join(sorted({link.state.value for link in begun}))
        return refuse(LINK_NOT_OPEN, state=states)
    return max(usable, key=lambda link: link.now.headroom)


def gets_there(book: Book, partner: bytes, currency: str | None) -> str | None:
    """Return what is paid in over links with a partner where no currency is named, whatever is left on each of them.

    None where no link of this own currency has begun.
    """
    links = [link for link in book.of(Links).with_partner(partner) if link.has_begun and link.mine is not None]
    found = [
        link.theirs.currency for link in links if link.theirs is not None and currency in (None, link.settings.currency)
    ]
    main = main_currency(book, partner)
    return main if main in found else next(iter(found), None)


def main_currency(book: Book, network: bytes) -> str | None:
    """Return what a network says is its main currency."""
    known = book.of(Directory).networks.get(network)
    return None if known is None or known.profile is None else known.profile.currency


def _is_in(link: Link, currency: str) -> bool:
    return link.theirs is not None and link.theirs.currency == currency


def is_reachable(book: Book, network: bytes) -> bool:
    """Tell whether a network's home node is connected to this one."""
    known = book.of(Directory).networks.get(network)
    return known is not None and known.connected


class LegAsked(NamedTuple):
    """What is asked of one currency: the line that it comes over, whom it reaches, how much, and the hold for it."""

    link: Link
    payee: Account
    amount: int
    hold_amount: int


def hear_wanted(desk: Desk, asker: bytes, wanted: QuoteWanted) -> tuple[Tell, ...]:
    """Answer a partner's question if the payee is ours, else pass it on along its route."""
    if wanted.also is not None:
        return ()  # Whoever knows payments in several currencies answers that.
    link = line_asked(desk, asker, wanted)
    if isinstance(link, Reason):
        return deny_quote(desk, asker, wanted.key, link)
    answer = _invoice(desk, link, wanted) if not wanted.route else _pass_on(desk, link, wanted)
    if isinstance(answer, Reason):
        left = _left_of(desk.book, wanted) if answer is REFUND_EXCEEDS else None
        return deny_quote(desk, asker, wanted.key, answer, left)
    given = answer.message
    held = {link.id: given.hops[0].amount} if isinstance(given, QuoteGiven) and not wanted.split else {}
    return deny_unaccepted(desk, asker, wanted.key, held) or (answer,)


def line_asked(desk: Desk, asker: bytes, wanted: QuoteWanted) -> Link | Reason:
    """Return the line over which a partner asks to pay, or why nothing comes over it now."""
    book = desk.book
    link = book.of(Links).by_id.get(wanted.link)
    if link is None or link.partner != asker:
        return LINK_UNKNOWN
    if not link.takes(1):
        return LINK_NOT_OPEN
    if (strange := foreigner(book, link.settings.currency, wanted.payer)) is not None:
        return strange.reason
    return link if desk.silent is None else desk.silent


def deny_quote(desk: Desk, asker: bytes, key: bytes, reason: Reason, left: int | None = None) -> tuple[Tell, ...]:
    """Return what tells a partner that there is no price, and why."""
    return (Tell(asker, QuoteDenied(key, reason.code, desk.book.network, left)),)


def acceptance_refusal(book: Book, link: Link, held: Mapping[bytes, int]) -> Refused | None:
    """Return why the group does not take holds from a link's partner: so many minor units, by link."""
    return next((refused for accepts in book.fillings(ACCEPTS) if (refused := accepts(book, link, held))), None)


def unaccepted_of(book: Book, held: Mapping[bytes, int]) -> Refused | None:
    """Return why the group does not take holds together, so many minor units on each of these links."""
    links = book.of(Links).by_id
    return next((refused for id in held if (refused := acceptance_refusal(book, links[id], held))), None)


def deny_unaccepted(desk: Desk, asker: bytes, key: bytes, held: Mapping[bytes, int]) -> tuple[Tell, ...]:
    """Return the denial where the group takes no holds as large from a partner, with what it would take."""
    refused = unaccepted_of(desk.book, held)
    if refused is None:
        return ()
    left = refused.figures.get("available")
    return deny_quote(desk, asker, key, refused.reason, left if isinstance(left, int) else None)


def _pass_on(desk: Desk, link: Link, wanted: QuoteWanted) -> Tell | Reason:
    book = desk.book
    gets = wanted.currency if len(wanted.route) == 1 else None
    onward = choose_link(book, wanted.route[0], link.settings.currency, gets)
    if isinstance(onward, Refused):
        return onward.reason
    if not passes_on(book, link, onward):
        return ROUTE_INVALID
    if not is_reachable(book, onward.partner):
        return PEER_UNREACHABLE
    relays = book.of(Relays)
    if wanted.key in relays.open:
        return ROUTE_INVALID
    if len(relays.open) >= RELAYS_OPEN_MAX:
        return OVERLOADED
    amount = wanted.amount
    if wanted.of_payer:
        own = link.settings.rate.down(amount) - onward.settings.fee
        amount = own * onward.settings.den // onward.settings.num
        refused = payable(amount)
        if refused is not None:
            return refused.reason
    until = desk.now + RELAY_WAIT_MS
    relays.open[wanted.key] = Relay(link.partner, link.id, onward.id, until, wanted.split)
    return Tell(onward.partner, replace(wanted, link=onward.id, route=wanted.route[1:], amount=amount))


def _invoice(desk: Desk, link: Link, wanted: QuoteWanted) -> Tell | Reason:
    asked = asked_here(desk.book, link, wanted)
    return asked if isinstance(asked, Reason) else issue_invoice(desk, wanted, (asked,))


def asked_here(book: Book, link: Link, wanted: QuoteWanted) -> LegAsked | Reason:
    """Return what a payee here is asked to be paid over a line, or why that cannot be."""
    if not is_foreign(wanted.payer):
        return MALFORMED
    payee = resolve_account(book, wanted.payee, wanted.currency or link.settings.currency)
    if isinstance(payee, Refused):
        return payee.reason
    if payee.currency != link.settings.currency:
        return CURRENCY_MISMATCH
    if payee.member is None and payee.id != commons_account(payee.currency):
        # Nobody owns the accounts of holds, rounding and partners: what they hold follows from payments.
        return ACCOUNT_UNKNOWN
    currency, rate = book.currencies[payee.currency], link.settings.rate
    if wanted.of_payer:
        amount: int | Refused = rate.down(wanted.amount)
    else:
        amount = minor_of(Amount(wanted.amount, wanted.currency, wanted.scale), currency.code, currency.scale)
    if isinstance(amount, Refused):
        return amount.reason
    refused = payable(amount) or book.ledger.credit_refusal(payee, amount)
    if refused is not None:
        return refused.reason
    hold_amount = rate.foreign_up(amount)
    if hold_amount > AMOUNT_MINOR_MAX or (not wanted.split and hold_amount > max(0, link.now.headroom_given)):
        return LINK_LIMIT_EXCEEDED
    return LegAsked(link, payee, amount, hold_amount)


def issue_invoice(desk: Desk, wanted: QuoteWanted, asked: Sequence[LegAsked]) -> Tell | Reason:
    """Return what tells a partner the invoice for all that it has asked, one currency each, and the holds for it."""
    book, (link, payee, amount, hold_amount), others = desk.book, asked[0], asked[1:]
    # Whoever asks by a handle that the member had earlier compares the answer with that.
    name = wanted.payee if wanted.payee in book.member_by_handle else book.name_of(payee.id)
    nonce = desk.chance(16)
    invoice = Invoice(
        network=book.network,
        epoch=book.of(Directory).networks[book.network].identity.epoch,
        account=payee.id,
        handle=f"{name}@{book.handle or ''}",
        amount=amount,
        scale=book.currencies[payee.currency].scale,
        condition=condition_of(preimage_of(desk.secret, nonce)),
        not_after_ms=desk.now + INVOICE_LIFE_MS,
        nonce=nonce,
        payer=wanted.payer,
        note=text_digest(nonce, wanted.note) if wanted.note else None,
        request=wanted.request,
        question=wanted.key,
        also=tuple(InvoiceLeg(one.payee.id, one.amount, book.currencies[one.payee.currency].scale) for one in others)
        or None,
        refunds=wanted.refunds,
    )
    for leg in invoice.legs:
        refusal = arrival_refusal(book, leg, desk.now)
        if refusal is not None:
            return refusal
    relays = book.of(Relays)
    if wanted.note and len(relays.notes) < NOTES_MAX:
        relays.notes[nonce] = Noted(wanted.note, invoice.not_after_ms)
    data = encode_invoice(invoice)
    hop = Hop(book.network, link.id, hold_amount)
    also = tuple(Hop(book.network, one.link.id, one.hold_amount) for one in others) or None
    return Tell(link.partner, QuoteGiven(wanted.key, data, desk.sign("invoice", data), (hop,), also))


def arrival_refusal(book: Book, invoice: Invoice, now: int) -> Reason | None:
    """Return why the payee of an invoice cannot be credited now."""
    account = book.ledger.accounts.get(invoice.account)
    if account is None:
        return ACCOUNT_UNKNOWN
    if account.member is not None and book.members[account.member].state is not MemberState.ACTIVE:
        return MEMBER_NOT_ACTIVE
    if book.currencies[account.currency].closed:
        return CURRENCY_CLOSED
    if (strange := foreigner(book, account.currency, invoice.payer)) is not None:
        return strange.reason
    refused = book.ledger.credit_refusal(account, invoice.amount)
    if refused is not None:
        return refused.reason
    if invoice.request is not None:
        request = book.requests.get(invoice.request)
        if request is None:
            return NOT_FOUND
        if request.payer is not None:
            # It asks one member of ours, whom nobody abroad can be.
            return FORBIDDEN
        if request.state_at(now) is not RequestState.OPEN or (request.payee, request.amount_minor) != (
            account.id,
            invoice.amount,
        ):
            return REQUEST_CLOSED
    return _refund_refusal(book, invoice)


def _left_of(book: Book, wanted: QuoteWanted) -> int:
    """Return how much of a payment of ours can still be given back, in the payer's minor units."""
    return book.payments[book.of(SentPayments).payments[wanted.refunds or b""]].refundable_minor


def _refund_refusal(book: Book, invoice: Invoice) -> Reason | None:
    """Return why what an invoice asks for is no refund of the payment of ours that it names."""
    if invoice.refunds is None:
        return None
    sent = book.of(SentPayments).payments.get(invoice.refunds)
    first = None if sent is None else book.payments.get(sent)
    if first is None:
        return PAYMENT_UNKNOWN
    if first.payer != invoice.account:
        return ORDER_MISMATCH
    code = invoice.account.rpartition(".")[2]
    refused = against_part(first, invoice.amount, code, book.currencies[code].scale)
    return None if refused is None else refused.reason


def hand_back(desk: Desk, teller: bytes, relay: Relay, given: QuoteGiven) -> tuple[Tell, ...]:
    """Add our own hop to a quote that we asked for on another's behalf, and hand it to who asked."""
    links = desk.book.of(Links).by_id
    link_in, link_out = links[relay.link_in], links[relay.link_out]
    if link_out.partner != teller or not given.hops or given.hops[0].link != link_out.id or len(given.hops) >= HOPS_MAX:
        return deny_quote(desk, relay.asker, given.key, PARTNER_REFUSED)
    needed = needed_in(link_in, link_out, given.hops[0].amount)
    if needed > AMOUNT_MINOR_MAX or (
        not relay.split
        and (given.hops[0].amount > link_out.now.headroom or needed > max(0, link_in.now.headroom_given))
    ):
        return deny_quote(desk, relay.asker, given.key, LINK_LIMIT_EXCEEDED)
    if refused := deny_unaccepted(desk, link_in.partner, given.key, {} if relay.split else {link_in.id: needed}):
        return refused
    hop = Hop(desk.book.network, link_in.id, needed)
    return (Tell(relay.asker, replace(given, hops=(hop, *given.hops))),)


def needed_in(link_in: Link, link_out: Link, out: int) -> int:
    """Return the in-hold that a forward needs, in minor units of the line that it comes from.

    in = ceil(out * num / den) + fee, each step rounded toward the payer (PROTOCOL 3).
    """
    own = link_out.settings.rate.up(out) + link_out.settings.fee
    return link_in.settings.rate.foreign_up(own)


def is_foreign(address: str) -> bool:
    """Tell whether an address can be of another network alone: no account or member here has an @ in its name."""
    return "@" in address
