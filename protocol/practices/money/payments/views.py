# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments as members see them, how pending ones are answered, and what of them waits for a member."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import resolve_account
from protocol.book.book import Book
from protocol.book.declaration import READERS, At, Desk, Doc, Entered, Errand, News, RowsWanted, TextRef, Urgency
from protocol.book.ledger import Account
from protocol.book.money import Amount
from protocol.book.parties import concerned
from protocol.book.payments import PAYMENTS, Payment, PaymentAuth, PaymentState
from protocol.book.personal import Search, digest_of, no_word_in, shown_text
from protocol.book.private import Owned
from protocol.book.refusals import FORBIDDEN, PAYMENT_UNKNOWN, ReasonCode, Refused, refuse
from protocol.book.requests import RequestState
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.wishes import said_in
from protocol.lanes.entry import Body
from protocol.practices.money.payments.entries import Paid, Pay, Posted, Reversed, ReversePayment, Voided
from protocol.practices.people.authority import may_see
from protocol.wire.shape import AtMost


def today(desk: Desk) -> Iterator[Errand]:
    """Yield the pending payments that a member is to post, or to void."""
    book = desk.book
    for account in book.ledger.of_member(desk.actor.member or ""):
        if not account.awaited_minor:
            continue
        for payment in book.payments.find("account", account.id):
            if payment.state is PaymentState.PENDING and payment.payee == account.id:
                payer = book.name_of(payment.payer)
                yield Errand(
                    uuid_text(payment.id),
                    payer,
                    "payments.to_post",
                    f"{payer} has paid you, and waits for you to say that all is well",
                    "payments.post",
                    Urgency.WAITED_FOR,
                    figure=book.amount(account.currency, payment.amount_minor),
                )


@dataclass(frozen=True, slots=True)
class PostPayment:
    """Take a pending payment: its payee does, once it has delivered."""


@dataclass(frozen=True, slots=True)
class VoidPayment:
    """Give a pending payment back: its payee does, or a steward."""


@dataclass(frozen=True, slots=True)
class PaymentsWanted:
    """Payments of your own accounts, oldest first, or the best first; for those who read all, everybody's."""

    account: Annotated[str | None, AtMost(64), Doc("only payments of this account or handle")] = None
    state: Annotated[PaymentState | None, Doc("only payments in this state")] = None
    search: Search = None


@dataclass(frozen=True, slots=True)
class PaymentShown:
    """A payment."""

    id: Annotated[str, Doc("its UUID")]
    state: Annotated[PaymentState, Doc("where its money is")]
    auth: Annotated[PaymentAuth, Doc("on whose word the payer was debited")]
    payer: Annotated[str, Doc("who pays: a handle, or an address in another network")]
    payee: Annotated[str, Doc("who is paid: a handle, or an address in another network")]
    payer_account: Annotated[str, Doc("the payer's account")]
    payee_account: Annotated[str, Doc("the payee's account")]
    amount: Annotated[Amount, Doc("what the payee gets, before any levy")]
    debit: Annotated[
        Amount | None, Doc("what the payer pays, its levy counted, in its own currency; null where that is abroad")
    ]
    levy: Annotated[Amount | None, Doc("what the commons took of what the payee got; null: nothing")]
    payer_levy: Annotated[
        Amount | None, Doc("what the payer pays to the commons on top, in its own currency; null: nothing")
    ]
    refunds: Annotated[str | None, Doc("the payment of which it gives back all or a part")]
    refunded: Annotated[Amount | None, Doc("what refunds have given back of it; null: nothing")]
    note: Annotated[TextRef | None, Doc("what it is for")]
    created_at: Annotated[At, Doc("when it was ordered")]
    closed_at: Annotated[At | None, Doc("when it was posted after pending, voided or reversed")]
    mandate: Annotated[str | None, Doc("the mandate under which a helper paid")]
    request: Annotated[str | None, Doc("the payment request that it paid")]
    schedule: Annotated[str | None, Doc("the scheduled payment that brought it")]
    mixed: Annotated[str | None, Doc("the payment in several currencies of which it is a part")]
    route: Annotated[tuple[str, ...], Doc("the networks that it passes, where it leaves this one")]
    links: Annotated[tuple[str, ...], Doc("the links by which it leaves or comes; several, where it is split")]
    reason: Annotated[ReasonCode | None, Doc("why it, or a part of it, was given back")]
    entry: Annotated[int, Doc("its place in the ledger lane")]


def news(book: Book, entered: Entered) -> Iterable[News]:
    match entered.body:
        case Paid():
            payment = book.payment_at(entered.seq)
            word = "pending" if payment.was_pending else "posted"
            if payment.request is not None:
                yield News("payment-request.paid", uuid_text(payment.request), concerned(book, payment))
        case Posted(name):
            payment, word = book.payments[name], "posted"
        case Voided(name):
            payment, word = book.payments[name], "voided"
        case Reversed() as body:
            payment, word = book.payments[said_in(book, body, ReversePayment).wish.payment], "reversed"
            request = None if payment.request is None else book.requests[payment.request]
            if request is not None and request.state is RequestState.OPEN:
                yield News("payment-request.reopened", uuid_text(request.id), concerned(book, payment))
        case _:
            raise AssertionError(entered.body)
    yield News(f"payment.{word}", uuid_text(payment.id), concerned(book, payment))


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield the note of a payment: it is the payer's."""
    assert isinstance(body, Paid)
    wish = said_in(book, body, Pay).wish
    note = digest_of(wish.note)
    if note is not None:
        yield Owned(note, book.owner_of(wish.payer or ""), f"payments/{uuid_text(wish.payment or b'')}")


def view_payment(desk: Desk, name: str) -> PaymentShown | Refused:
    payment = desk.book.payments.get(parse_uuid(name) or b"")
    if payment is None:
        return refuse(PAYMENT_UNKNOWN)
    if not may_see(desk.actor, *concerned(desk.book, payment)):
        return refuse(FORBIDDEN, allowed="payer and payee")
    return _shown(desk.book, payment)


def view_payments(desk: Desk, wanted: PaymentsWanted, after: int, limit: int) -> RowsWanted | Refused:
    found = _wanted(desk, wanted)
    if isinstance(found, Refused):
        return found
    if wanted.search is not None and (refused := no_word_in(wanted.search)):
        return refused
    book, state = desk.book, wanted.state
    return RowsWanted(
        PAYMENTS,
        after,
        limit,
        lambda payment: _shown(book, payment),
        found,
        None if state is None else lambda payment: payment.state is state,
        open_only=state is PaymentState.PENDING,
        search=wanted.search,
    )


def _wanted(desk: Desk, wanted: PaymentsWanted) -> tuple[tuple[str, str], ...] | Refused | None:
    """Return under which accounts the payments are found that somebody may see, None where it is all of them."""
    book = desk.book
    if wanted.account is not None:
        account = resolve_account(book, wanted.account)
        if isinstance(account, Refused):
            return account
        if not may_see(desk.actor, account.member):
            return refuse(FORBIDDEN, allowed="the account's own member")
        return (("account", account.id),)
    if desk.actor.role in READERS:
        return None
    return tuple(("account", own.id) for own in book.ledger.of_member(desk.actor.member or ""))


def _shown(book: Book, payment: Payment) -> PaymentShown:
    accounts, abroad = book.ledger.accounts, payment.abroad
    payer, payee = accounts.get(payment.payer), accounts.get(payment.payee)
    return PaymentShown(
        id=uuid_text(payment.id),
        state=payment.state,
        auth=payment.auth,
        payer=book.name_of(payment.payer, payment.arrival),
        payee=book.name_of(payment.payee, payment.arrival),
        payer_account=payment.payer,
        payee_account=payment.payee,
        amount=_amount(book, payment, payee),
        debit=None
        if payer is None or payment.debit_minor is None
        else book.amount(payer.currency, payment.debit_minor),
        levy=None if payee is None or not payment.levy_minor else book.amount(payee.currency, payment.levy_minor),
        payer_levy=None
        if payer is None or not payment.payer_levy_minor
        else book.amount(payer.currency, payment.payer_levy_minor),
        refunds=_id_text(payment.refunds),
        refunded=_refunded(book, payment),
        note=shown_text(payment.note),
        created_at=payment.at_ms,
        closed_at=payment.closed_at_ms,
        mandate=_id_text(payment.mandate),
        request=_id_text(payment.request),
        schedule=_id_text(payment.schedule),
        mixed=_id_text(payment.mixed),
        route=() if abroad is None else abroad.route,
        links=() if abroad is None else abroad.links,
        reason=None if abroad is None else abroad.reason,
        entry=payment.arrival,
    )


def _refunded(book: Book, payment: Payment) -> Amount | None:
    """Return what refunds give back of a payment, in the currency of its account here."""
    here = payment.payer if payment.payer in book.ledger.accounts else payment.payee
    return book.amount(here.rpartition(".")[2], payment.refunded_minor) if payment.refunded_minor else None


def _amount(book: Book, payment: Payment, payee: Account | None) -> Amount:
    if payee is not None:
        return book.amount(payee.currency, payment.amount_minor)
    assert payment.abroad is not None
    return Amount(payment.amount_minor, payment.abroad.code, payment.abroad.scale)


def _id_text(name: bytes | None) -> str | None:
    return None if name is None else uuid_text(name)
