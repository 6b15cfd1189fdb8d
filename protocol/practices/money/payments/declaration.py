# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments: how members pay each other, at once or pending until the payee says so, and pay back.

The payer alone can take nothing back: a pending payment ends by the payee's word or a steward's, a
posted one is reversed with the payee's consent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.book import (
    PAYMENTS,
    Book,
    MemberState,
    Payment,
    PaymentAuth,
    PaymentState,
    RequestState,
    commons_account,
    concerned,
    parties,
)
from protocol.book.declaration import (
    KEY_OR_WORD,
    READERS,
    Act,
    At,
    Create,
    Desk,
    Doc,
    Entered,
    List,
    News,
    Plan,
    Practice,
    Ref,
    Role,
    RowsWanted,
    Show,
    TextRef,
    Uuid,
    Write,
)
from protocol.book.ledger import Account, Posting
from protocol.book.money import Amount
from protocol.book.personal import NOTE_BYTES_MAX, digest_of, shown_text
from protocol.book.private import Owned, Private
from protocol.book.refusals import (
    CURRENCY_CLOSED,
    FORBIDDEN,
    PAYMENT_UNKNOWN,
    STATE_CONFLICT,
    Reason,
    ReasonCode,
    Refused,
    refuse,
)
from protocol.book.signed import Id, Signed, parse_uuid, uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.money.payments.rules import (
    MAX_DEBIT_EXCEEDED,
    Paid,
    Pay,
    examine,
    pay_form,
    payable_of,
    plan_pay,
    record,
)
from protocol.practices.money.payments.transfers import begin, post, reserved, reverse, void
from protocol.practices.money.payments.views import today
from protocol.practices.people.authority import PAYMENT_EXISTS, acts_for, may_see, not_said_by
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class Posted:
    """A pending payment reaches its payee."""

    KIND: ClassVar[str] = "payments/posted"
    payment: Id


@dataclass(frozen=True, slots=True)
class Voided:
    """A pending payment goes back to its payer."""

    KIND: ClassVar[str] = "payments/voided"
    payment: Id


@dataclass(frozen=True, slots=True)
class ReversePayment:
    """Pay a payment back whole: its payee says so."""

    payment: Annotated[Id, Uuid, Ref("payments"), Doc("the payment")]


@dataclass(frozen=True, slots=True)
class Reversed:
    """A posted payment is paid back whole, by its payee's signed wish or word (custodial)."""

    KIND: ClassVar[str] = "payments/reversed"
    OPERATION: ClassVar[str] = "payments.reverse"
    WISH: ClassVar[type[ReversePayment]] = ReversePayment
    signed: Signed | None
    word: ReversePayment | None


@dataclass(frozen=True, slots=True)
class PostPayment:
    """Take a pending payment: its payee does, once it has delivered."""


@dataclass(frozen=True, slots=True)
class VoidPayment:
    """Give a pending payment back: its payee does, or a steward."""


@dataclass(frozen=True, slots=True)
class PaymentsWanted:
    """Payments of your own accounts, oldest first; for those who read all, everybody's."""

    account: Annotated[str | None, AtMost(64), Doc("only payments of this account or handle")] = None
    state: Annotated[PaymentState | None, Doc("only payments in this state")] = None


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
    debit: Annotated[Amount | None, Doc("what the payer pays, in its own currency; null where that is abroad")]
    levy: Annotated[Amount | None, Doc("what the commons took of it; null: nothing")]
    note: Annotated[TextRef | None, Doc("what it is for")]
    created_at: Annotated[At, Doc("when it was ordered")]
    closed_at: Annotated[At | None, Doc("when it was posted after pending, voided or reversed")]
    mandate: Annotated[str | None, Doc("the mandate under which a helper paid")]
    request: Annotated[str | None, Doc("the payment request that it paid")]
    schedule: Annotated[str | None, Doc("the scheduled payment that brought it")]
    route: Annotated[tuple[str, ...], Doc("the networks that it passes, where it leaves this one")]
    links: Annotated[tuple[str, ...], Doc("the links by which it leaves or comes; several, where it is split")]
    reason: Annotated[ReasonCode | None, Doc("why it, or a part of it, was given back")]
    entry: Annotated[int, Doc("its place in the ledger lane")]


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    match entered.body:
        case Paid() as body:
            parts = payable_of(book, body)
            payment = record(parts, entered.seq, entered.at_ms)
            parts.authority.spend(parts.amount_minor)
            if payment.request is not None:
                book.requests.change(payment.request).settle(payment.id)
            return begin(book, payment)
        case Posted() as body:
            return post(book, book.payments.change(body.payment), entered)
        case Voided() as body:
            return void(book, book.payments.change(body.payment), entered)
        case Reversed() as body:
            return reverse(book, book.payments.change(said_in(book, body, ReversePayment).wish.payment), entered)
        case _:
            raise AssertionError(entered.body)


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


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case Paid():
            found = examine(book, said_in(book, body, Pay), at_ms, author=False)
            if isinstance(found, Refused):
                return found
            book.examined = body, found
            return None
        case Posted(name):
            payment = _local(book, name, PaymentState.PENDING)
            if isinstance(payment, Refused):
                return payment
            payee = book.ledger.accounts[payment.payee]
            refused = None if payee.member is None else book.members[payee.member].inactive()
            commons = commons_account(payee.currency)
            return refused or book.ledger.uncountable((commons, payment.amount_minor))
        case Voided(name):
            payment = _local(book, name, PaymentState.PENDING)
            return payment if isinstance(payment, Refused) else None
        case Reversed():
            return _against_reversal(book, said_in(book, body, ReversePayment))
        case _:
            raise AssertionError(body)


def _local(book: Book, name: bytes, state: PaymentState) -> Payment | Refused:
    """Return a payment within the network that is in this state."""
    payment = book.payments.get(name)
    if payment is None:
        return refuse(PAYMENT_UNKNOWN)
    if payment.state is not state:
        return refuse(STATE_CONFLICT, state=payment.state.value)
    if payment.abroad is not None:
        return refuse(STATE_CONFLICT, state="between networks")
    return payment


def _against_reversal(book: Book, said: Said[ReversePayment]) -> Refused | None:
    payment = _local(book, said.wish.payment, PaymentState.POSTED)
    if isinstance(payment, Refused):
        return payment
    book.requests.need(() if payment.request is None else (payment.request,))
    payee = book.ledger.accounts[payment.payee].member
    if payee is not None and (refused := not_said_by(said, book.members[payee])):
        return refused
    if payee is None and said.device is not None:
        return refuse(FORBIDDEN, allowed="the network itself")
    for name in parties(book, payment):
        member = book.members[name]
        if member.state is MemberState.LEFT:
            return member.inactive()
    payer, currency = book.ledger.accounts[payment.payer], book.ledger.accounts[payment.payee].currency
    if book.currencies[currency].closed:
        return refuse(CURRENCY_CLOSED, currency=currency)
    return book.ledger.uncountable(
        (payment.payee, -payment.amount_minor),
        (payer.id, reserved(payer) + payment.amount_minor),
        (commons_account(currency), -payment.levy_minor),
    )


def plan_post(desk: Desk, name: str, wish: PostPayment) -> Plan | Refused:
    del wish
    book = desk.book
    payment = book.payments.get(parse_uuid(name) or b"")
    if payment is None:
        return refuse(PAYMENT_UNKNOWN)
    if not _speaks_for_payee(desk, payment):
        return refuse(FORBIDDEN, allowed="the payee")
    body = Posted(payment.id)
    refused = _against(book, body, desk.now)
    if refused is None:
        refused = book.ledger.credit_refusal(book.ledger.accounts[payment.payee], payment.amount_minor)
    return refused or Plan(uuid_text(payment.id), (Write(body),))


def plan_void(desk: Desk, name: str, wish: VoidPayment) -> Plan | Refused:
    del wish
    payment = desk.book.payments.get(parse_uuid(name) or b"")
    if payment is None:
        return refuse(PAYMENT_UNKNOWN)
    if desk.actor.role is not Role.STEWARD and not _speaks_for_payee(desk, payment):
        return refuse(FORBIDDEN, allowed="the payee and stewards")
    body = Voided(payment.id)
    return _against(desk.book, body, desk.now) or Plan(uuid_text(payment.id), (Write(body),))


def plan_reverse(desk: Desk, name: str, said: Said[ReversePayment]) -> Plan | Refused:
    book = desk.book
    payment = book.payments.get(said.wish.payment)
    if payment is None:
        return refuse(PAYMENT_UNKNOWN)
    signed = said.signed is not None
    # The payer may bring what the payee has signed.
    may = may_see(desk.actor, *parties(book, payment)) if signed else _speaks_for_payee(desk, payment)
    if not may:
        return refuse(FORBIDDEN, allowed="payer and payee" if signed else "the payee")
    refused = _against_reversal(book, said)
    if refused is None:
        payee = book.ledger.accounts[payment.payee]
        refused = book.ledger.debit_refusal(payee, payment.amount_minor - payment.levy_minor)
    return refused or Plan(name, (Write(Reversed(*said.held)),))


def _speaks_for_payee(desk: Desk, payment: Payment) -> bool:
    account = desk.book.ledger.accounts.get(payment.payee)
    if account is None or account.member is None:
        return desk.actor.role is Role.STEWARD
    return acts_for(desk.actor, desk.book.members[account.member])


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
    book, state = desk.book, wanted.state
    return RowsWanted(
        PAYMENTS,
        after,
        limit,
        lambda payment: _shown(book, payment),
        found,
        None if state is None else lambda payment: payment.state is state,
        open_only=state is PaymentState.PENDING,
    )


def _wanted(desk: Desk, wanted: PaymentsWanted) -> tuple[tuple[str, str], ...] | Refused | None:
    """Return under which accounts the payments are found that somebody may see, None where it is all of them."""
    book = desk.book
    if wanted.account is not None:
        account = book.resolve_account(wanted.account)
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
        note=shown_text(payment.note),
        created_at=payment.at_ms,
        closed_at=payment.closed_at_ms,
        mandate=_id_text(payment.mandate),
        request=_id_text(payment.request),
        schedule=_id_text(payment.schedule),
        route=() if abroad is None else abroad.route,
        links=() if abroad is None else abroad.links,
        reason=None if abroad is None else abroad.reason,
        entry=payment.arrival,
    )


def _amount(book: Book, payment: Payment, payee: Account | None) -> Amount:
    if payee is not None:
        return book.amount(payee.currency, payment.amount_minor)
    assert payment.abroad is not None
    return Amount(payment.amount_minor, payment.abroad.code, payment.abroad.scale)


def _id_text(name: bytes | None) -> str | None:
    return None if name is None else uuid_text(name)


PRACTICE = Practice(
    name="payments",
    today=today,
    entries=(Paid, Posted, Voided, Reversed),
    check=check,
    fold=fold,
    news=news,
    private=(Private("note", NOTE_BYTES_MAX, (Paid,), owned),),
    operations=(
        Create(
            "payments",
            Pay,
            plan=plan_pay,
            form=pay_form,
            signed=KEY_OR_WORD,
            example='mutirao payments create --key ana.key --payee bia --amount 12.50 --note "bread"',
        ),
        Act("payments", "post", PostPayment, plan=plan_post, example="mutirao payments post ID"),
        Act("payments", "void", VoidPayment, plan=plan_void, example="mutirao payments void ID"),
        Act(
            "payments",
            "reverse",
            ReversePayment,
            plan=plan_reverse,
            signed=KEY_OR_WORD,
            about="payment",
            by_anybody=True,
            example="mutirao payments reverse ID",
        ),
        Show("payments", PaymentShown, view=view_payment, example="mutirao payments show ID"),
        List(
            "payments",
            PaymentsWanted,
            PaymentShown,
            rows=view_payments,
            own=True,
            example="mutirao payments list --state pending",
        ),
    ),
    refusals=(
        PAYMENT_EXISTS,
        MAX_DEBIT_EXCEEDED,
    ),
)
