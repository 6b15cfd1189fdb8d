# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a ledger says of payments between networks: their entries, when one may stand, and what it moves.

What is to be written, and when, `protocol.settlement.holds` decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

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
from protocol.economy.feature import Entered, Feature, News
from protocol.economy.ledger import Account, Posting
from protocol.economy.orders import AccountId, Digest, Id, Minor, Order, Signed, uuid_text
from protocol.economy.paying import order_digest
from protocol.economy.transfers import received, uncountable
from protocol.keys import id_text, parse_id
from protocol.rejection import Refused, Rejection, refuse
from protocol.settlement.invoices import condition_of, invoice_hash, read_invoice
from protocol.settlement.quotes import is_foreign
from protocol.settlement.records import link_account
from protocol.shape import AtMost, Length
from protocol.sync.messages import HOPS_MAX, INVOICE_BYTES_MAX

ADDRESS_CHARS_MAX = 160
Preimage = Annotated[bytes, Length(32)]
Reason = Annotated[str, AtMost(64)]


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


def authority_of(book: Book, sent: Sent, at_ms: int) -> Authority | Refused:
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
    return beyond_count(book, *changes) or found


def beyond_count(book: Book, *changes: tuple[str, int]) -> Refused | None:
    """Return AMOUNT_TOO_LARGE where a balance would go beyond int64; a mirror account may still have to be opened."""
    return uncountable(book, *(change for change in changes if change[0] in book.ledger.accounts))


def check(book: Book, entered: Entered) -> Rejection | None:
    """Accept what has authority and its preimage, each thing once: the same answer on every node."""
    refused = book.misplaced(entered)
    if refused is not None:
        return refused.reason
    body = entered.body
    forwards = book.of(Forwards)
    if isinstance(body, Sent):
        authority = authority_of(book, body, entered.at_ms)
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
