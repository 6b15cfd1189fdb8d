# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments between networks: hash lock and backward waiver (PROTOCOL 3).

No party decides for the others, and no clock releases money. What is to be done follows from the newest
records of a link and the book alone, so a restart asks again and does the rest. Every step is one
transaction: the ledger entry and the link records leave together.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from protocol.codec import CodecFault, decode, encode
from protocol.economy.authority import Authority, authorise, entrust
from protocol.economy.book import (
    Abroad,
    Book,
    Payment,
    PaymentAuth,
    PaymentState,
    RequestState,
    commons_account,
    exchange_account,
    holds_account,
    parties,
)
from protocol.economy.feature import Desk, Entered, Feature, News, Plan, Write
from protocol.economy.ledger import Account, Posting
from protocol.economy.money import AMOUNT_MINOR_MAX, minor_of
from protocol.economy.orders import AccountId, Digest, Id, Minor, Order, Signed, parse_uuid, uuid_text
from protocol.economy.paying import Pay, order_digest
from protocol.economy.personal import note_texts, salted
from protocol.economy.transfers import received, uncountable
from protocol.keys import digest, id_text, parse_id
from protocol.rejection import Refused, Rejection, refuse
from protocol.settlement.invoices import (
    condition_of,
    invoice_hash,
    is_open,
    is_signed_by,
    preimage_of,
    read_invoice,
)
from protocol.settlement.quotes import Quote, Quotes, arrival_refusal, find_payee, is_foreign, names, needed_in
from protocol.settlement.records import (
    Claim,
    GiveBack,
    HoldItem,
    Link,
    Links,
    Place,
    Waive,
    link_account,
)
from protocol.shape import AtMost, Length, ShapeFault, from_map, to_map
from protocol.sync.directory import Directory
from protocol.sync.messages import HOPS_MAX, INVOICE_BYTES_MAX, Hop

ADDRESS_CHARS_MAX = 160
Preimage = Annotated[bytes, Length(32)]
Reason = Annotated[str, AtMost(64)]


@dataclass(frozen=True, slots=True)
class Onward:
    """What travels beside a hold: the invoice that it pays, and the hops that are left."""

    invoice: Annotated[bytes, AtMost(INVOICE_BYTES_MAX)]
    signature: Annotated[bytes, Length(64)]
    hops: Annotated[tuple[Hop, ...], AtMost(HOPS_MAX)]


# What the ledger lane says of them.


@dataclass(frozen=True, slots=True)
class Sent:
    """A member is debited into the holds account, and a hold is placed on the first link of the route."""

    KIND: ClassVar[str] = "abroad/sent"
    payment: Id
    payer: AccountId
    debit: Minor
    payee: Annotated[str, AtMost(ADDRESS_CHARS_MAX)]
    invoice: Annotated[bytes, AtMost(INVOICE_BYTES_MAX)]
    link: Digest
    hold_amount: Minor
    route: Annotated[tuple[Digest, ...], AtMost(HOPS_MAX)]
    order: Signed | None
    mandate: Id | None
    note: Digest | None


@dataclass(frozen=True, slots=True)
class Settled:
    """The hold was claimed: the money goes to the partner's mirror account, against the preimage."""

    KIND: ClassVar[str] = "abroad/settled"
    payment: Id
    preimage: Preimage


@dataclass(frozen=True, slots=True)
class Refunded:
    """The hold was waived: the money goes back to the member."""

    KIND: ClassVar[str] = "abroad/refunded"
    payment: Id
    reason: Reason


@dataclass(frozen=True, slots=True)
class Arrived:
    """A hold for an invoice of ours: it is claimed, and our member credited. `worth` is in our minor units."""

    KIND: ClassVar[str] = "abroad/arrived"
    payment: Id
    partner: Digest
    link: Digest
    worth: Minor
    invoice: Annotated[bytes, AtMost(INVOICE_BYTES_MAX)]
    preimage: Preimage


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A hold on one link goes on over another. `worth` and `cost` are both sides in our minor units."""

    KIND: ClassVar[str] = "abroad/forwarded"
    hold_in: Id
    link_in: Digest
    amount_in: Minor
    worth: Minor
    hold_out: Id
    link_out: Digest
    amount_out: Minor
    cost: Minor
    currency: Annotated[str, AtMost(12)]


@dataclass(frozen=True, slots=True)
class Passed:
    """The hold that went on was claimed: so is the one that came, with the same preimage."""

    KIND: ClassVar[str] = "abroad/passed"
    link_out: Digest
    hold_out: Id
    preimage: Preimage


@dataclass(frozen=True, slots=True)
class Returned:
    """The hold that went on was waived: so is the one that came."""

    KIND: ClassVar[str] = "abroad/returned"
    link_out: Digest
    hold_out: Id
    reason: Reason


@dataclass(frozen=True, slots=True)
class Reconciled:
    """After a restore: what a link says was claimed and the ledger has lost goes to the account of the commons.

    `paid` and `received` are link minor units, `cost` and `worth` the same in our currency.
    """

    KIND: ClassVar[str] = "abroad/reconciled"
    link: Digest
    paid: Minor
    cost: Minor
    received: Minor
    worth: Minor
    currency: Annotated[str, AtMost(12)]


@dataclass(slots=True)
class Claimed:
    """What the ledger knows to be claimed on a link, link minor units: by the partner, and by us."""

    paid: int = 0
    received: int = 0


@dataclass(slots=True)
class Forwards:
    """What this network passes on, from either end, and the invoices of ours that are paid, by nonce."""

    by_in: dict[tuple[bytes, bytes], Forwarded] = field(default_factory=dict[tuple[bytes, bytes], Forwarded])
    open_out: dict[tuple[bytes, bytes], Forwarded] = field(default_factory=dict[tuple[bytes, bytes], Forwarded])
    paid: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    ended: dict[tuple[bytes, bytes], bytes | str] = field(default_factory=dict[tuple[bytes, bytes], bytes | str])
    """How holds that went on have ended: the preimage, or why they came back."""
    under_way: dict[bytes, Sent] = field(default_factory=dict[bytes, Sent])
    """Payments of our members that are neither settled nor refunded."""
    claimed: dict[bytes, Claimed] = field(default_factory=dict[bytes, Claimed])

    def on(self, link: bytes) -> Claimed:
        """Return what the ledger knows to be claimed on a link."""
        return self.claimed.setdefault(link, Claimed())


def next_hold_id(hold: bytes, link_in: bytes) -> bytes:
    """Return the id of the hold by which this one goes on: the same at every attempt."""
    return digest("forward", link_in + hold)[:16]


# The payer's node.


def plan_send(desk: Desk, wish: Pay, order: Order | None) -> Plan | Refused:
    """Accept a quote: debit the payer into the holds account and place the first hold, in one transaction."""
    book = desk.book
    quotes = book.of(Quotes)
    if order is None:
        payment = desk.chance(16) if wish.payment is None else parse_uuid(wish.payment)
        quote = quotes.given.get(parse_uuid(wish.quote or "") or b"")
    else:
        payment, quote = order.payment, quotes.by_invoice.get(order.invoice or b"")
    if payment is None:
        return refuse(Rejection.MALFORMED, field="payment")
    if quote is None or quote.invoice is None or quote.condition is None or quote.invoice_signature is None:
        return refuse(Rejection.PAYMENT_EXISTS if payment in book.payments else Rejection.QUOTE_UNKNOWN)
    if wish.pending:
        # Between networks the preimage alone decides: there is nothing for the payee to post.
        return refuse(Rejection.ORDER_MISMATCH, field="pending")
    # Anybody may have asked for the quote: it is the payer of the wish that the asker speaks for.
    if order is None and wish.payer != quote.payer.id:
        return refuse(Rejection.ORDER_MISMATCH, field="payer")
    mandate = None if wish.mandate is None else parse_uuid(wish.mandate)
    if order is None:
        note, texts = salted(desk, wish.note)
    else:
        note, texts = order.note, note_texts(order.note, wish.note, wish.note_salt)
        if isinstance(texts, Refused):
            return texts
    sent = Sent(
        payment=payment,
        payer=quote.payer.id if order is None else order.payer,
        debit=quote.debit,
        payee=quote.payee_handle,
        invoice=quote.invoice,
        link=quote.hops[0].link,
        hold_amount=quote.hops[0].amount,
        route=tuple(hop.network for hop in quote.hops),
        order=wish.order,
        mandate=mandate,
        note=note,
    )
    authority = _authority(book, sent, desk.now)
    if isinstance(authority, Refused):
        return authority
    link = book.of(Links).by_id[sent.link]
    onward = encode(to_map(Onward(quote.invoice, quote.invoice_signature, quote.hops[1:])))
    place = Place(link.id, HoldItem(payment, sent.hold_amount, quote.condition, onward))
    refused = (
        _mismatch(sent, order, quote)
        or _misquoted(book, wish, quote)
        or (refuse(Rejection.QUOTE_EXPIRED) if desk.now > quote.not_after_ms else None)
        or book.ledger.debit_refusal(authority.account, sent.debit)
        or authority.short_of(sent.debit)
        or (None if link.gives(sent.hold_amount) else refuse(Rejection.LINK_NOT_OPEN, state=link.state.value))
        or link.refusal(place)
    )
    if refused is not None:
        return refused
    quotes.use(quote)
    return Plan(uuid_text(payment), (Write(sent),), texts, (place,))


def _mismatch(sent: Sent, order: Order | None, quote: Quote) -> Refused | None:
    if order is None:
        return None
    for name, fits in (
        ("payer", order.payer == quote.payer.id),
        ("payee", (order.payee_network, order.payee) == (quote.payee_network, quote.payee)),
        ("amount", order.amount == quote.amount),
        ("condition", order.condition == quote.condition),
        ("pending", not order.pending),
    ):
        if not fits:
            return refuse(Rejection.ORDER_MISMATCH, field=name)
    if sent.debit > order.max_debit:
        return refuse(Rejection.MAX_DEBIT_EXCEEDED, debit=sent.debit, max_debit=order.max_debit)
    return None


def _misquoted(book: Book, wish: Pay, quote: Quote) -> Refused | None:
    """Return why what a member names beside a quote is not in it: the payee, and what it gets or what it costs."""
    if wish.payee is not None:
        found = find_payee(book, wish.payee)
        if isinstance(found, Refused):
            return found
        if found[0] != quote.payee_network or not names(found[1], quote.payee, quote.payee_handle):
            return refuse(Rejection.ORDER_MISMATCH, field="payee")
    if wish.amount is None:
        return None
    own = book.currencies[quote.payer.currency]
    gets = minor_of(wish.amount, quote.payee.rpartition(".")[2], quote.amount_scale)
    costs = minor_of(wish.amount, own.code, own.scale)
    return None if gets == quote.amount or costs == quote.debit else refuse(Rejection.ORDER_MISMATCH, field="amount")


def _authority(book: Book, sent: Sent, at_ms: int) -> Authority | Refused:
    """Return on what a payment rests, or why nothing is paid: the same answer on every node; no limits."""
    if sent.order is None:
        found = entrust(book, sent.payer, sent.payment, at_ms, sent.mandate)
    else:
        order = book.heard(sent.order, Order)
        found = order if isinstance(order, Refused) else authorise(book, order, at_ms, sent.mandate)
    if isinstance(found, Refused):
        return found
    account, code = found.account, found.account.currency
    if book.currencies[code].closed:
        return refuse(Rejection.CURRENCY_CLOSED, currency=code)
    # What waits in the account of holds may all go to one partner yet.
    waiting = book.ledger.accounts[holds_account(code)].balance_minor + sent.debit
    changes = (account.id, -sent.debit), (holds_account(code), sent.debit), (link_account(sent.link, code), waiting)
    return _uncountable(book, *changes) or found


def _uncountable(book: Book, *changes: tuple[str, int]) -> Refused | None:
    """Return AMOUNT_TOO_LARGE where a balance would go beyond int64; a mirror account may still have to be opened."""
    return uncountable(book, *(change for change in changes if change[0] in book.ledger.accounts))


# What follows from the records of a link.


def resolve(desk: Desk, link: Link) -> Iterator[Plan]:
    """Yield what is to be done about a link's open holds; each plan is carried out before the next is asked for."""
    book = desk.book
    forwards = book.of(Forwards)
    if link.reopened:
        yield from _taken_up(book, link)
    yield from _settled(book, link)
    for hold in sorted(link.now.holds_in):
        # A hold that went on is answered when the one that it became is, never before.
        if (link.id, hold) not in forwards.by_in:
            yield _answer(desk, link, hold)
    if link.reopened:
        yield from _after_loss(book, link)
    if link.idle_grant > 0:
        yield Plan("", steps=(GiveBack(link.id, link.idle_grant),))


def _settled(book: Book, link: Link) -> Iterator[Plan]:
    """Pass on what the partner has claimed and waived of our holds."""
    forwards = book.of(Forwards)
    partner = link.side.partner
    for hold, preimage in sorted(partner.claims.items()):
        payment = book.payments.get(hold)
        forward = forwards.open_out.get((link.id, hold))
        if forward is not None:
            yield Plan(
                "",
                (Write(Passed(link.id, hold, preimage)),),
                steps=_claimed(book, forward, preimage),
            )
        elif payment is not None and _waits_on(payment, link):
            yield Plan("", (Write(Settled(hold, preimage)),))
    for hold, told in sorted(partner.waived.items()):
        # A word that is none of ours would travel on, at any length that a partner likes.
        reason = told if told in Rejection.__members__ else Rejection.PARTNER_REFUSED.value
        payment = book.payments.get(hold)
        forward = forwards.open_out.get((link.id, hold))
        if forward is not None:
            yield Plan(
                "",
                (Write(Returned(link.id, hold, reason)),),
                steps=_waived(book, forward, reason),
            )
        elif payment is not None and _waits_on(payment, link):
            yield Plan("", (Write(Refunded(hold, reason)),))


def _taken_up(book: Book, link: Link) -> Iterator[Plan]:
    """Write again that holds have gone on, where the ledger has lost it and the links still show both ends.

    Else the one that came would be waived while the one that went is open.
    """
    links = book.of(Links).by_id
    forwards = book.of(Forwards)
    came = [link]
    if any((link.id, hold) not in forwards.open_out and hold not in book.payments for hold in link.side.own.holds):
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
                yield from _settled(book, link_out)
                break


def _after_loss(book: Book, link: Link) -> Iterator[Plan]:
    """Bring ledger and link together where one of them came back from an old copy without the other.

    What is open in the ledger alone was never promised in a record that still counts; what is claimed on the
    link alone was lost in the ledger.
    """
    forwards = book.of(Forwards)
    for payment, sent in list(forwards.under_way.items()):
        if sent.link == link.id and payment not in link.now.own.holds:
            yield Plan("", (Write(Refunded(payment, Rejection.RECOVERING.value)),))
    for forward in list(forwards.open_out.values()):
        if forward.link_out == link.id and forward.hold_out not in link.now.own.holds:
            reason = Rejection.RECOVERING.value
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


def _waits_on(payment: Payment, link: Link) -> bool:
    return (
        payment.abroad is not None
        and payment.debit_minor is not None
        and payment.abroad.link == id_text(link.id)
        and payment.state is PaymentState.PENDING
    )


def _answer(desk: Desk, link: Link, hold: bytes) -> Plan:
    """Claim, forward or waive a hold that has just come."""
    plan = _claim_or_forward(desk, link, hold)
    return Plan("", steps=(Waive(link.id, hold, plan.value),)) if isinstance(plan, Rejection) else plan


def _claim_or_forward(desk: Desk, link: Link, hold: bytes) -> Plan | Rejection:
    ended = desk.book.of(Forwards).ended.get((link.id, hold))
    if ended is not None:
        # Our answer was lost with an old copy, not what it was; or the partner uses an id for a second hold.
        if isinstance(ended, bytes):
            again = link.reopened and condition_of(ended) == link.now.holds_in[hold].condition
            return Plan("", steps=(Claim(link.id, hold, ended),)) if again else Rejection.PAYMENT_EXISTS
        return Plan("", steps=(Waive(link.id, hold, ended),))
    onward = _read_onward(link.onward_in[hold])
    if onward is None:
        return Rejection.MALFORMED
    if not link.takes(sum(one.amount for one in link.now.holds_in.values())):
        return Rejection.LINK_NOT_OPEN
    return _forward(desk, link, hold, onward) if onward.hops else _arrive(desk, link, hold, onward)


def _read_onward(data: bytes) -> Onward | None:
    try:
        fields = decode(data)
        return from_map(Onward, fields) if isinstance(fields, dict) else None
    except (CodecFault, ShapeFault):
        return None


def _arrive(desk: Desk, link: Link, hold: bytes, onward: Onward) -> Plan | Rejection:
    book = desk.book
    held = link.now.holds_in[hold]
    invoice = read_invoice(onward.invoice)
    identity = book.of(Directory).networks[book.network].identity
    if invoice is None or not is_signed_by(identity, invoice, onward.invoice, onward.signature):
        return Rejection.SIGNATURE_INVALID
    preimage = preimage_of(desk.secret, invoice.nonce)
    exact = (
        invoice.link == link.id
        and invoice.hold_amount == held.amount
        and invoice.condition == held.condition == condition_of(preimage)
    )
    if not exact:
        return Rejection.ORDER_MISMATCH
    if not is_open(invoice, desk.now):
        return Rejection.QUOTE_EXPIRED
    if book.of(Forwards).paid.get(invoice.nonce) == hold and link.reopened:
        return Plan("", steps=(Claim(link.id, hold, preimage),))
    if invoice.nonce in book.of(Forwards).paid or hold in book.payments:
        return Rejection.PAYMENT_EXISTS
    refusal = arrival_refusal(book, invoice, desk.now)
    if refusal is not None:
        return refusal
    worth = link.settings.rate.down(held.amount)
    if worth < invoice.amount:
        # The rate was changed between the quote and the hold: the payer asks again.
        return Rejection.QUOTE_EXPIRED
    if worth > AMOUNT_MINOR_MAX:
        # Rounding up to whole units of the link can carry it beyond what an entry can say.
        return Rejection.AMOUNT_TOO_LARGE
    code = link.settings.currency
    changes = (link_account(link.id, code), -worth), (exchange_account(code), worth - invoice.amount)
    if _uncountable(book, *changes) is not None:
        return Rejection.AMOUNT_TOO_LARGE
    noted = book.of(Quotes).notes.pop(invoice.nonce, None)
    texts = () if noted is None or invoice.note is None else ((invoice.note, noted.text),)
    arrived = Arrived(hold, link.partner, link.id, worth, onward.invoice, preimage)
    return Plan("", (Write(arrived),), texts, (Claim(link.id, hold, preimage),))


def _forward(desk: Desk, link: Link, hold: bytes, onward: Onward) -> Plan | Rejection:
    book = desk.book
    links = book.of(Links).by_id
    held, hop = link.now.holds_in[hold], onward.hops[0]
    link_out = links.get(hop.link)
    if link_out is None or link_out is link or link_out.partner != hop.network:
        return Rejection.ROUTE_INVALID
    if link_out.is_lost:
        # It may have gone on before a restore: only what the partner kept for us can tell.
        return Plan("")
    if not link_out.gives(hop.amount):
        return Rejection.LINK_NOT_OPEN
    if link_out.settings.currency != link.settings.currency:
        return Rejection.CURRENCY_MISMATCH
    if book.currencies[link.settings.currency].closed:
        return Rejection.CURRENCY_CLOSED
    if hop.amount <= 0 or held.amount < needed_in(link, link_out, hop.amount):
        return Rejection.QUOTE_EXPIRED
    forwarded = _forwarded(link, hold, held.amount, link_out, hop.amount)
    if forwarded.worth > AMOUNT_MINOR_MAX:
        return Rejection.AMOUNT_TOO_LARGE
    rest = encode(to_map(Onward(onward.invoice, onward.signature, onward.hops[1:])))
    place = Place(link_out.id, HoldItem(forwarded.hold_out, hop.amount, held.condition, rest))
    refused = link_out.refusal(place)
    if refused is not None:
        return refused.reason
    return Plan("", (Write(forwarded),), steps=(place,))


def _forwarded(link_in: Link, hold: bytes, amount_in: int, link_out: Link, amount_out: int) -> Forwarded:
    worth, cost = link_in.settings.rate.down(amount_in), link_out.settings.rate.up(amount_out)
    hold_out, currency = next_hold_id(hold, link_in.id), link_out.settings.currency
    return Forwarded(hold, link_in.id, amount_in, worth, hold_out, link_out.id, amount_out, cost, currency)


# The fold.


def check(book: Book, entered: Entered) -> Rejection | None:
    """Accept what has authority and its preimage, each thing once: the same answer on every node."""
    refused = book.misplaced(entered)
    if refused is not None:
        return refused.reason
    body = entered.body
    forwards = book.of(Forwards)
    if isinstance(body, Sent):
        authority = _authority(book, body, entered.at_ms)
        if isinstance(authority, Refused):
            return authority.reason
        return _check_sent(book, body)
    if isinstance(body, Settled | Refunded):
        payment = book.payments.get(body.payment)
        if payment is None or payment.abroad is None or payment.debit_minor is None:
            return Rejection.PAYMENT_UNKNOWN
        if payment.state is not PaymentState.PENDING:
            return Rejection.STATE_CONFLICT
        if isinstance(body, Settled) and not _fits(body.preimage, forwards.under_way[body.payment]):
            return Rejection.ORDER_MISMATCH
        return None
    if isinstance(body, Arrived):
        return _check_arrived(book, body)
    if isinstance(body, Forwarded):
        known = (body.link_in, body.hold_in) in forwards.by_in or (
            body.link_out,
            body.hold_out,
        ) in forwards.open_out
        if body.currency not in book.currencies:
            return Rejection.CURRENCY_UNKNOWN
        return Rejection.STATE_CONFLICT if known or not body.worth >= body.cost > 0 else None
    if isinstance(body, Reconciled):
        return None if body.currency in book.currencies else Rejection.CURRENCY_UNKNOWN
    assert isinstance(body, Passed | Returned)
    return None if (body.link_out, body.hold_out) in forwards.open_out else Rejection.STATE_CONFLICT


def _check_sent(book: Book, sent: Sent) -> Rejection | None:
    invoice = read_invoice(sent.invoice)
    if invoice is None or sent.debit <= 0 or sent.hold_amount <= 0 or not sent.route or not is_foreign(sent.payee):
        return Rejection.MALFORMED
    if sent.order is None:
        return None
    order = book.said(sent.order, Order)
    if isinstance(order, Refused):
        return order.reason
    fits = (
        (order.payment, order.payer, order.invoice) == (sent.payment, sent.payer, invoice_hash(sent.invoice))
        and (order.payee_network, order.payee, order.amount) == (invoice.network, invoice.account, invoice.amount)
        and order.condition == invoice.condition
        and sent.debit <= order.max_debit
    )
    return None if fits else Rejection.ORDER_MISMATCH


def _check_arrived(book: Book, arrived: Arrived) -> Rejection | None:
    invoice, forwards = read_invoice(arrived.invoice), book.of(Forwards)
    if invoice is None or invoice.network != book.network or invoice.account not in book.ledger.accounts:
        return Rejection.MALFORMED
    if not is_foreign(invoice.payer):
        return Rejection.MALFORMED
    if invoice.nonce in forwards.paid or arrived.payment in book.payments:
        return Rejection.PAYMENT_EXISTS
    fits = condition_of(arrived.preimage) == invoice.condition and arrived.worth >= invoice.amount > 0
    return None if fits else Rejection.ORDER_MISMATCH


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    """Move the money of one step."""
    match entered.body:
        case Sent() as sent:
            return _fold_sent(book, entered, sent)
        case Settled(id):
            payment, payer = _close(book, id, PaymentState.POSTED, entered)
            assert payment.abroad is not None and payment.debit_minor is not None
            link = parse_id(payment.abroad.link)
            assert link is not None
            mirror = _mirror(book, link, payer.currency, entered.seq)
            return _move(holds_account(payer.currency), mirror, payment.debit_minor, "payment", payment)
        case Refunded(id, reason):
            payment, payer = _close(book, id, PaymentState.VOIDED, entered)
            assert payment.abroad is not None and payment.debit_minor is not None
            known = reason in Rejection.__members__
            payment.abroad.reason = Rejection(reason) if known else Rejection.PARTNER_REFUSED
            return _move(holds_account(payer.currency), payer.id, payment.debit_minor, "void", payment)
        case Arrived() as arrived:
            return _fold_arrived(book, entered, arrived)
        case Forwarded() as forwarded:
            forwards = book.of(Forwards)
            forwards.by_in[forwarded.link_in, forwarded.hold_in] = forwarded
            forwards.open_out[forwarded.link_out, forwarded.hold_out] = forwarded
            book.passing[forwarded.currency] = book.passing.get(forwarded.currency, 0) + 1
            return ()
        case Passed(link_out, hold_out, preimage):
            return _fold_passed(book, _end_forward(book, link_out, hold_out, preimage), entered.seq)
        case Returned(link_out, hold_out, reason):
            _end_forward(book, link_out, hold_out, reason)
            return ()
        case Reconciled() as reconciled:
            return _fold_reconciled(book, reconciled, entered.seq)
        case _:
            raise AssertionError("no entry of this feature")


def _fold_sent(book: Book, entered: Entered, sent: Sent) -> Sequence[Posting]:
    invoice = read_invoice(sent.invoice)
    authority = _authority_of_fold(book, sent)
    assert invoice is not None
    account = authority.account
    payment = Payment(
        id=sent.payment,
        arrival=entered.seq,
        at_ms=entered.at_ms,
        payer=account.id,
        payee=sent.payee,
        debit_minor=sent.debit,
        amount_minor=invoice.amount,
        state=PaymentState.PENDING,
        auth=authority.auth,
        rests_on=authority.rests_on,
        said=None if sent.order is None else order_digest(sent.order),
        note=sent.note,
        mandate=sent.mandate,
        balance_minor=account.balance_minor - sent.debit,
        abroad=Abroad(
            invoice.network,
            invoice.account.rpartition(".")[2],
            invoice.scale,
            tuple(map(id_text, sent.route)),
            id_text(sent.link),
        ),
    )
    order = None if sent.order is None else book.said(sent.order, Order)
    assert not isinstance(order, Refused)
    authority.spend(sent.debit, None if order is None else order.order_seq)
    book.add_payment(payment)
    book.of(Forwards).under_way[sent.payment] = sent
    account.held_minor += sent.debit
    return _move(account.id, holds_account(account.currency), sent.debit, "hold", payment)


def _authority_of_fold(book: Book, sent: Sent) -> Authority:
    account = book.ledger.accounts[sent.payer]
    assert account.member is not None
    key = None
    if sent.order is not None:
        order = book.said(sent.order, Order)
        assert not isinstance(order, Refused)
        key = book.members[book.member_by_key[order.key]].keys[order.key]
    mandate = None if sent.mandate is None else book.mandates[sent.mandate]
    return Authority(account, book.members[account.member], key, mandate)


def _close(book: Book, id: bytes, state: PaymentState, entered: Entered) -> tuple[Payment, Account]:
    payment = book.payments[id]
    payment.state, payment.closed, payment.closed_at_ms = state, entered.seq, entered.at_ms
    payer = book.ledger.accounts[payment.payer]
    assert payment.debit_minor is not None
    payer.held_minor -= payment.debit_minor
    sent = book.of(Forwards).under_way.pop(id)
    if state is PaymentState.POSTED:
        book.of(Forwards).on(sent.link).paid += sent.hold_amount
    return payment, payer


def _fits(preimage: bytes, sent: Sent) -> bool:
    invoice = read_invoice(sent.invoice)
    return invoice is not None and condition_of(preimage) == invoice.condition


def _move(source: str, target: str, amount: int, kind: str, payment: Payment) -> tuple[Posting, Posting]:
    other = payment.payee if payment.debit_minor is not None else payment.payer
    return Posting(source, -amount, kind, payment.id, other), Posting(target, amount, kind, payment.id, other)


def _fold_arrived(book: Book, entered: Entered, arrived: Arrived) -> Sequence[Posting]:
    invoice = read_invoice(arrived.invoice)
    assert invoice is not None
    account = book.ledger.accounts[invoice.account]
    payment = Payment(
        id=arrived.payment,
        arrival=entered.seq,
        at_ms=entered.at_ms,
        payer=invoice.payer,
        payee=account.id,
        debit_minor=None,
        amount_minor=invoice.amount,
        state=PaymentState.POSTED,
        auth=PaymentAuth.ABROAD,
        note=invoice.note,
        request=invoice.request,
        abroad=Abroad(arrived.partner, account.currency, invoice.scale, (), id_text(arrived.link)),
    )
    book.add_payment(payment)
    book.of(Forwards).paid[invoice.nonce] = arrived.payment
    book.of(Forwards).on(arrived.link).received += invoice.hold_amount
    request = None if invoice.request is None else book.requests.get(invoice.request)
    if request is not None:
        request.state, request.payment = RequestState.PAID, payment.id
    mirror = _mirror(book, arrived.link, account.currency, entered.seq)
    rounding = arrived.worth - invoice.amount
    return (
        Posting(mirror, -arrived.worth, "payment", payment.id, account.id),
        *((Posting(exchange_account(account.currency), rounding, "rounding", payment.id, mirror),) if rounding else ()),
        *received(book, payment, account),
    )


def _mirror(book: Book, link: bytes, currency: str, arrival: int) -> str:
    """Return our mirror account of a partner, opened if this is the first that the ledger says of it."""
    account = link_account(link, currency)
    if account not in book.ledger.accounts:
        book.ledger.open(Account(account, currency, None, None, None, arrival))
    return account


def _fold_passed(book: Book, forwarded: Forwarded, arrival: int) -> Sequence[Posting]:
    currency = forwarded.currency
    mirror_in = _mirror(book, forwarded.link_in, currency, arrival)
    mirror_out = _mirror(book, forwarded.link_out, currency, arrival)
    kept = forwarded.worth - forwarded.cost
    forwards = book.of(Forwards)
    forwards.on(forwarded.link_in).received += forwarded.amount_in
    forwards.on(forwarded.link_out).paid += forwarded.amount_out
    return (
        Posting(mirror_in, -forwarded.worth, "forward", None, mirror_out),
        Posting(mirror_out, forwarded.cost, "forward", None, mirror_in),
        *((Posting(exchange_account(currency), kept, "fee", None, mirror_in),) if kept else ()),
    )


def _end_forward(book: Book, link_out: bytes, hold_out: bytes, outcome: bytes | str) -> Forwarded:
    forwards = book.of(Forwards)
    forwarded = forwards.open_out.pop((link_out, hold_out))
    del forwards.by_in[forwarded.link_in, forwarded.hold_in]
    book.passing[forwarded.currency] -= 1
    forwards.ended[forwarded.link_in, forwarded.hold_in] = outcome
    return forwarded


def _fold_reconciled(book: Book, body: Reconciled, arrival: int) -> Sequence[Posting]:
    known = book.of(Forwards).on(body.link)
    known.paid += body.paid
    known.received += body.received
    mirror, commons = _mirror(book, body.link, body.currency, arrival), commons_account(body.currency)
    change = body.cost - body.worth
    return (
        Posting(mirror, change, "reconciliation", None, commons),
        Posting(commons, -change, "reconciliation", None, mirror),
    )


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell the member whose payment has gone out, come in, arrived or come back."""
    match entered.body:
        case Sent(payment=id):
            word = "payment.pending"
        case Settled(payment=id) | Arrived(payment=id):
            word = "payment.posted"
        case Refunded(payment=id):
            word = "payment.voided"
        case _:
            return ()
    return (News(word, uuid_text(id), parties(book, book.payments[id])),)


FEATURE = Feature(
    name="abroad",
    entries=(Sent, Settled, Refunded, Arrived, Forwarded, Passed, Returned, Reconciled),
    check=check,
    fold=fold,
    news=news,
)
