# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a ledger says of payments between networks: their entries, when one may stand, and what it moves.

What is to be written, and when, `protocol.practices.between.abroad.holds` decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.book import (
    Abroad,
    Book,
    Payment,
    PaymentAuth,
    PaymentState,
    commons_account,
    exchange_account,
    holds_account,
    parties,
)
from protocol.book.declaration import Entered, News
from protocol.book.ledger import Account, Posting
from protocol.book.money import minor_of
from protocol.book.personal import digest_of
from protocol.book.private import Owned
from protocol.book.refusals import (
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    MALFORMED,
    ORDER_MISMATCH,
    PAYMENT_UNKNOWN,
    STATE_CONFLICT,
    Reason,
    ReasonCode,
    Refused,
    refuse,
)
from protocol.book.signed import Digest, Id, Minor, Signed, uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body
from protocol.peers.messages import CIRCLE_BYTES_MAX, HOPS_MAX, INVOICE_BYTES_MAX, PATHS_MAX
from protocol.practices.between.clearing.circles import read_circle
from protocol.practices.between.links.records import link_account
from protocol.practices.between.quotes.answers import is_foreign
from protocol.practices.between.quotes.invoices import Invoice, condition_of, invoice_hash, read_invoice
from protocol.practices.money.payments.rules import MAX_DEBIT_EXCEEDED, Pay, own_minor
from protocol.practices.money.payments.transfers import received
from protocol.practices.people.authority import PAYMENT_EXISTS, Authority, authorise
from protocol.wire.keys import digest, id_text
from protocol.wire.shape import AtMost, Length

ADDRESS_CHARS_MAX = 160
COME_MAX = 32
"""Of how many holds a payment that comes may consist: more than PATHS_MAX, since a part may have come twice."""
Preimage = Annotated[bytes, Length(32)]


@dataclass(frozen=True, slots=True)
class Part:
    """What goes over one way: the hold on its first link, and the debit for it in the payer's minor units.

    `amount` is what the payee shall get of it, in its minor units; `route` the networks that it passes.
    """

    link: Digest
    hold: Id
    hold_amount: Minor
    debit: Minor
    amount: Minor
    route: Annotated[tuple[Digest, ...], AtMost(HOPS_MAX)]


@dataclass(frozen=True, slots=True)
class Sent:
    """A member is debited into the holds account, and a hold is placed on the first link of each way."""

    KIND: ClassVar[str] = "abroad/sent"
    OPERATION: ClassVar[str] = "payments.create"
    WISH: ClassVar[type[Pay]] = Pay
    payee: Annotated[str, AtMost(ADDRESS_CHARS_MAX)]
    invoice: Annotated[bytes, AtMost(INVOICE_BYTES_MAX)]
    signature: Annotated[bytes, Length(64)]
    parts: Annotated[tuple[Part, ...], AtMost(PATHS_MAX)]
    signed: Signed | None
    word: Pay | None

    @property
    def debit(self) -> int:
        """What the payer is debited at first, in its minor units."""
        return sum(part.debit for part in self.parts)


@dataclass(frozen=True, slots=True)
class Rerouted:
    """The hold of a part was waived on its way: the part goes another way, under the same payment."""

    KIND: ClassVar[str] = "abroad/rerouted"
    payment: Id
    hold: Id
    reason: ReasonCode
    part: Part


@dataclass(frozen=True, slots=True)
class Settled:
    """A part's hold was claimed: its money goes to the partner's mirror account, against the preimage."""

    KIND: ClassVar[str] = "abroad/settled"
    payment: Id
    hold: Id
    preimage: Preimage


@dataclass(frozen=True, slots=True)
class Refunded:
    """A part's hold was waived: its money goes back to the member."""

    KIND: ClassVar[str] = "abroad/refunded"
    payment: Id
    hold: Id
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class Come:
    """A hold for an invoice of ours, in minor units of its link; `worth` is the same in our currency's."""

    link: Digest
    hold: Id
    amount: Minor
    worth: Minor


@dataclass(frozen=True, slots=True)
class Arrived:
    """Holds for an invoice of ours, together worth what it asks: they are claimed, and our member credited."""

    KIND: ClassVar[str] = "abroad/arrived"
    payment: Id
    partner: Digest
    parts: Annotated[tuple[Come, ...], AtMost(COME_MAX)]
    invoice: Annotated[bytes, AtMost(INVOICE_BYTES_MAX)]
    preimage: Preimage

    @property
    def worth(self) -> int:
        """What has come in all, in our minor units."""
        return sum(part.worth for part in self.parts)


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
    circle: Annotated[bytes, AtMost(CIRCLE_BYTES_MAX)] | None
    """Where it clears debts: the circle. Then rounding, or the member's own tolerance, may make it cost more."""


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
    reason: ReasonCode


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
class UnderWay:
    """A payment of a member of ours whose holds are open: its parts by hold, and the ways taken so far."""

    sent: Sent
    wish: Pay
    """What the payer has wished."""
    parts: dict[bytes, Part]
    ways: list[tuple[bytes, ...]]
    paid_minor: int = 0
    """What of its debit was claimed."""

    @property
    def debit_minor(self) -> int:
        """What the payer is debited now: what was claimed, and what is under way."""
        return self.paid_minor + sum(part.debit for part in self.parts.values())


def next_hold_id(hold: bytes, link_in: bytes) -> bytes:
    """Return the id of the hold by which this one goes on: the same at every attempt."""
    return digest("forward", link_in + hold)[:16]


def part_hold(payment: bytes, number: int) -> bytes:
    """Return the id of the hold by which a payment takes its way of this number, from 0."""
    return payment if number == 0 else digest("part", payment + bytes((number,)))[:16]


@dataclass(slots=True)
class Forwards:
    """What this network passes on, from either end, and the invoices of ours that are paid, by nonce."""

    by_in: dict[tuple[bytes, bytes], Forwarded] = field(default_factory=dict[tuple[bytes, bytes], Forwarded])
    open_out: dict[tuple[bytes, bytes], Forwarded] = field(default_factory=dict[tuple[bytes, bytes], Forwarded])
    paid: dict[bytes, frozenset[tuple[bytes, bytes]]] = field(
        default_factory=dict[bytes, frozenset[tuple[bytes, bytes]]]
    )
    """The links and holds that paid them."""
    ended: dict[tuple[bytes, bytes], bytes | str] = field(default_factory=dict[tuple[bytes, bytes], bytes | str])
    """How holds that went on have ended: the preimage, or why they came back."""
    under_way: dict[bytes, UnderWay] = field(default_factory=dict[bytes, UnderWay])
    """Payments of our members of which a hold is open."""
    part_of: dict[tuple[bytes, bytes], bytes] = field(default_factory=dict[tuple[bytes, bytes], bytes])
    """The payment of a member of ours to which an open hold belongs, by link and hold."""
    claimed: dict[bytes, Claimed] = field(default_factory=dict[bytes, Claimed])
    circles: dict[bytes, Forwarded] = field(default_factory=dict[bytes, Forwarded])
    """By which holds we have joined circles that others initiated, by their ids."""

    def on(self, link: bytes) -> Claimed:
        """Return what the ledger knows to be claimed on a link."""
        return self.claimed.setdefault(link, Claimed())


def authority_of(book: Book, sent: Sent, said: Said[Pay], at_ms: int) -> Authority | Refused:
    """Return on what a payment rests, or why nothing is paid: the same answer on every node; no limits."""
    wish = said.wish
    found = authorise(book, said, wish.payer or "", wish.payment, wish.mandate, at_ms)
    if isinstance(found, Refused):
        return found
    account, code = found.account, found.account.currency
    if book.currencies[code].closed:
        return refuse(CURRENCY_CLOSED, currency=code)
    return beyond_holds(book, account, sent.debit, sent.parts) or found


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
        return _check_sent(book, body, said.wish)
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
        return None if body.currency in book.currencies else CURRENCY_UNKNOWN
    assert isinstance(body, Passed | Returned)
    return None if (body.link_out, body.hold_out) in forwards.open_out else STATE_CONFLICT


def _check_sent(book: Book, sent: Sent, wish: Pay) -> Reason | None:
    invoice = read_invoice(sent.invoice)
    if invoice is None or not sent.parts or not is_foreign(sent.payee) or wish.payment is None:
        return MALFORMED
    for number, part in enumerate(sent.parts):
        if not _is_way(part) or part.hold != part_hold(wish.payment, number):
            return MALFORMED
    if sum(part.amount for part in sent.parts) != invoice.amount:
        return MALFORMED
    most = max_debit(book, wish)
    fits = (
        (wish.invoice, wish.condition) == (invoice_hash(sent.invoice), invoice.condition)
        and wish.payee == address_of(invoice)
        and minor_of(wish.amount, invoice.account.rpartition(".")[2], invoice.scale) == invoice.amount
        and not wish.pending
        and most is not None
        and sent.debit <= most
    )
    return None if fits else ORDER_MISMATCH


def address_of(invoice: Invoice) -> str:
    """Return the address of whom an invoice asks to pay, as a wish names it."""
    return f"mutirao:{id_text(invoice.network)}/{invoice.account}"


def _is_way(part: Part) -> bool:
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
        return None if _fits(body.preimage, under_way.sent) else ORDER_MISMATCH
    if isinstance(body, Refunded):
        return None
    before, part = under_way.parts[body.hold], body.part
    number = len(under_way.ways)
    most = max_debit(book, under_way.wish)
    if not _is_way(part) or part.amount != before.amount or part.hold != part_hold(body.payment, number):
        return MALFORMED
    if under_way.paid_minor or number >= PATHS_MAX:
        return STATE_CONFLICT
    more = part.debit - before.debit
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
    if invoice is None or invoice.network != book.network or invoice.account not in book.ledger.accounts:
        return MALFORMED
    holds = {(part.link, part.hold) for part in arrived.parts}
    if not is_foreign(invoice.payer) or not holds or len(holds) < len(arrived.parts):
        return MALFORMED
    book.requests.need(() if invoice.request is None else (invoice.request,))
    if invoice.nonce in forwards.paid or arrived.payment in book.payments:
        return PAYMENT_EXISTS
    fits = condition_of(arrived.preimage) == invoice.condition and arrived.worth >= invoice.amount > 0
    return None if fits else ORDER_MISMATCH


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    """Move the money of one step."""
    match entered.body:
        case Sent() as sent:
            return _fold_sent(book, entered, sent)
        case Settled(id, hold):
            payment, payer, part = _end_part(book, id, hold)
            under_way = book.of(Forwards).under_way[id]
            if not under_way.paid_minor:
                # The receipt shows the preimage, whichever of the payment's holds ends last.
                payment.rests_on = (*payment.rests_on, entered.seq)
            under_way.paid_minor += part.debit
            book.of(Forwards).on(part.link).paid += part.hold_amount
            _close(book, payment, under_way, entered)
            mirror = mirror_account(book, part.link, payer.currency, entered.seq)
            return _move(holds_account(payer.currency), mirror, part.debit, "payment", payment)
        case Refunded(id, hold, reason):
            payment, payer, part = _end_part(book, id, hold)
            assert payment.abroad is not None
            payment.abroad.reason = reason
            sent = book.of(Forwards).under_way[id].sent
            authority_of_wish(book, said_in(book, sent, Pay)).spend(-part.debit)
            _close(book, payment, book.of(Forwards).under_way[id], entered)
            return _move(holds_account(payer.currency), payer.id, part.debit, "void", payment)
        case Rerouted() as rerouted:
            return _fold_rerouted(book, rerouted)
        case Arrived() as arrived:
            return _fold_arrived(book, entered, arrived)
        case Forwarded() as forwarded:
            forwards = book.of(Forwards)
            forwards.by_in[forwarded.link_in, forwarded.hold_in] = forwarded
            forwards.open_out[forwarded.link_out, forwarded.hold_out] = forwarded
            circle = None if forwarded.circle is None else read_circle(forwarded.circle)
            if circle is not None:
                forwards.circles[circle.id] = forwarded
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
    said = said_in(book, sent, Pay)
    wish, authority = said.wish, authority_of_wish(book, said)
    assert invoice is not None and wish.payment is not None
    account = authority.account
    payment = Payment(
        id=wish.payment,
        arrival=entered.seq,
        at_ms=entered.at_ms,
        payer=account.id,
        payee=sent.payee,
        debit_minor=sent.debit,
        amount_minor=invoice.amount,
        state=PaymentState.PENDING,
        auth=authority.auth,
        rests_on=authority.rests_on,
        said=said.digest,
        note=digest_of(wish.note),
        mandate=wish.mandate,
        balance_minor=account.balance_minor - sent.debit,
        abroad=Abroad(invoice.network, invoice.account.rpartition(".")[2], invoice.scale),
    )
    _note_ways(payment, sent.parts)
    authority.spend(sent.debit)
    book.add_payment(payment)
    forwards = book.of(Forwards)
    ways = [part.route for part in sent.parts]
    forwards.under_way[payment.id] = UnderWay(sent, wish, {part.hold: part for part in sent.parts}, ways)
    forwards.part_of.update({(part.link, part.hold): payment.id for part in sent.parts})
    account.held_minor += sent.debit
    return _move(account.id, holds_account(account.currency), sent.debit, "hold", payment)


def authority_of_wish(book: Book, said: Said[Pay]) -> Authority:
    """Return on what a payment rests that the book holds."""
    account = book.ledger.accounts[said.wish.payer or ""]
    assert account.member is not None
    mandate = None if said.wish.mandate is None else book.mandates[said.wish.mandate]
    return Authority(account, book.members[account.member], said.device, mandate)


def _note_ways(payment: Payment, parts: Iterable[Part]) -> None:
    """Show by which links a payment leaves, and which networks it passes."""
    assert payment.abroad is not None
    payment.abroad.links = tuple(dict.fromkeys(id_text(part.link) for part in parts))
    payment.abroad.route = tuple(dict.fromkeys(id_text(network) for part in parts for network in part.route))


def _end_part(book: Book, id: bytes, hold: bytes) -> tuple[Payment, Account, Part]:
    forwards, payment = book.of(Forwards), book.payments.change(id)
    payer, part = book.ledger.accounts[payment.payer], forwards.under_way[id].parts.pop(hold)
    payer.held_minor -= part.debit
    del forwards.part_of[part.link, hold]
    return payment, payer, part


def _close(book: Book, payment: Payment, under_way: UnderWay, entered: Entered) -> None:
    """End a payment whose last hold has ended: it is posted if any was claimed, and then cost what these did."""
    if under_way.parts:
        return
    payment.state = PaymentState.POSTED if under_way.paid_minor else PaymentState.VOIDED
    payment.closed, payment.closed_at_ms = entered.seq, entered.at_ms
    payment.debit_minor = under_way.paid_minor or payment.debit_minor
    del book.of(Forwards).under_way[payment.id]


def _fold_rerouted(book: Book, rerouted: Rerouted) -> Sequence[Posting]:
    payment, payer, before = _end_part(book, rerouted.payment, rerouted.hold)
    forwards, part = book.of(Forwards), rerouted.part
    under_way = forwards.under_way[payment.id]
    under_way.parts[part.hold] = part
    under_way.ways.append(part.route)
    forwards.part_of[part.link, part.hold] = payment.id
    payer.held_minor += part.debit
    payment.debit_minor = under_way.debit_minor
    _note_ways(payment, under_way.parts.values())
    more = part.debit - before.debit
    authority_of_wish(book, said_in(book, under_way.sent, Pay)).spend(more)
    if more < 0:
        return _move(holds_account(payer.currency), payer.id, -more, "void", payment)
    return _move(payer.id, holds_account(payer.currency), more, "hold", payment) if more else ()


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
        abroad=Abroad(arrived.partner, account.currency, invoice.scale),
    )
    assert payment.abroad is not None
    payment.abroad.links = tuple(dict.fromkeys(id_text(part.link) for part in arrived.parts))
    book.add_payment(payment)
    forwards = book.of(Forwards)
    forwards.paid[invoice.nonce] = frozenset((part.link, part.hold) for part in arrived.parts)
    for part in arrived.parts:
        forwards.on(part.link).received += part.amount
    request = None if invoice.request is None else book.requests.get(invoice.request)
    if request is not None:
        book.requests.change(request.id).settle(payment.id)
    mirrors = [mirror_account(book, part.link, account.currency, entered.seq) for part in arrived.parts]
    exchange, rounding = exchange_account(account.currency), arrived.worth - invoice.amount
    return (
        *(
            Posting(mirror, -part.worth, "payment", payment.id, account.id)
            for mirror, part in zip(mirrors, arrived.parts, strict=True)
        ),
        *((Posting(exchange, rounding, "rounding", payment.id, mirrors[0]),) if rounding else ()),
        *received(book, payment, account),
    )


def mirror_account(book: Book, link: bytes, currency: str, arrival: int) -> str:
    """Return our mirror account of a partner, opened if this is the first that the ledger says of it."""
    account = link_account(link, currency)
    if account not in book.ledger.accounts:
        book.ledger.open(Account(account, currency, None, None, None, arrival))
    return account


def _fold_passed(book: Book, forwarded: Forwarded, arrival: int) -> Sequence[Posting]:
    currency = forwarded.currency
    mirror_in = mirror_account(book, forwarded.link_in, currency, arrival)
    mirror_out = mirror_account(book, forwarded.link_out, currency, arrival)
    kept = forwarded.worth - forwarded.cost
    kind = "forward" if forwarded.circle is None else "clearing"
    forwards = book.of(Forwards)
    forwards.on(forwarded.link_in).received += forwarded.amount_in
    forwards.on(forwarded.link_out).paid += forwarded.amount_out
    return (
        Posting(mirror_in, -forwarded.worth, kind, None, mirror_out),
        Posting(mirror_out, forwarded.cost, kind, None, mirror_in),
        *(
            (Posting(exchange_account(currency), kept, "fee" if forwarded.circle is None else kind, None, mirror_in),)
            if kept
            else ()
        ),
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
    mirror, commons = mirror_account(book, body.link, body.currency, arrival), commons_account(body.currency)
    change = body.cost - body.worth
    return (
        Posting(mirror, change, "reconciliation", None, commons),
        Posting(commons, -change, "reconciliation", None, mirror),
    )


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell the member whose payment has gone out, come in, arrived or come back."""
    match entered.body:
        case Sent():
            id, word = book.payment_at(entered.seq).id, "payment.pending"
        case Settled(payment=id) | Arrived(payment=id):
            word = "payment.posted"
        case Refunded(payment=id):
            word = "payment.voided"
        case _:
            return ()
    if isinstance(entered.body, Settled | Refunded):
        ended = book.payments[id].state
        if ended is PaymentState.PENDING:
            return ()
        word = f"payment.{ended.value}"
    return (News(word, uuid_text(id), parties(book, book.payments[id])),)


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield the note of a payment that leaves, which is the payer's, or of one that has come, which is the payee's."""
    match body:
        case Sent():
            wish = said_in(book, body, Pay).wish
            note, account, payment = digest_of(wish.note), wish.payer or "", wish.payment or b""
        case Arrived(payment=payment):
            invoice = read_invoice(body.invoice)
            note, account = (None, "") if invoice is None else (invoice.note, invoice.account)
        case _:
            raise AssertionError(body)
    if note is not None:
        yield Owned(note, book.owner_of(account), f"payments/{uuid_text(payment)}")
