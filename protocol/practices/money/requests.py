# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payment requests: a payee asks to be paid an amount, by anybody or by one member, and is, or is not."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from protocol.book.book import REQUESTS, Book, MemberState, Request, RequestState, concerned
from protocol.book.declaration import (
    READERS,
    Act,
    At,
    Create,
    Desk,
    Doc,
    Entered,
    Errand,
    List,
    News,
    Plan,
    Practice,
    Ref,
    RowsWanted,
    Show,
    TextRef,
    Urgency,
    Uuid,
    Waiting,
    Write,
)
from protocol.book.ledger import Posting
from protocol.book.money import Amount, minor_of, payable
from protocol.book.personal import NOTE_BYTES_MAX, NOTE_CHARS_MAX, salted, shown_text, text_refusal
from protocol.book.private import Owned, Private
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    SAME_ACCOUNT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import AccountId, Digest, Id, MemberId, Minor, Time, parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said
from protocol.lanes.entry import Body, Millis
from protocol.practices.money.payments.rules import ADDRESS_CHARS_MAX, REQUEST_CLOSED, Pay, plan_pay
from protocol.practices.people.authority import acts_for, may_see
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class Requested:
    """A payee asks for an amount (minor units); of one member, or of anybody."""

    KIND: ClassVar[str] = "payment-requests/requested"
    request: Annotated[Id, Ref("payment-requests")]
    payee: AccountId
    amount: Minor
    payer: MemberId | None
    not_after_ms: Time | None
    note: Digest | None


@dataclass(frozen=True, slots=True)
class Declined:
    """The member who was asked will not pay."""

    KIND: ClassVar[str] = "payment-requests/declined"
    request: Id


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The payee asks no more."""

    KIND: ClassVar[str] = "payment-requests/cancelled"
    request: Id


@dataclass(frozen=True, slots=True)
class AskPayment:
    """Ask to be paid: show it as a link or a code, or name the member who should pay."""

    amount: Annotated[Amount, Doc("how much")]
    payee: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Doc("the account or handle to be paid; default: your own")
    ] = None
    payer: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("the handle of the one member who may pay")] = None
    not_after: Annotated[At | None, Doc("until when it can be paid; default: until cancelled")] = None
    note: Annotated[str | None, AtMost(NOTE_CHARS_MAX), Doc("what it is for; erasable")] = None


@dataclass(frozen=True, slots=True)
class PayRequest:
    """Pay what is left of it, by word of mouth; who has a key signs a payment that names the request."""

    payer: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("who pays; default: you")] = None
    note: Annotated[str | None, AtMost(NOTE_CHARS_MAX), Doc("a note of your own; erasable")] = None
    mandate: Annotated[Id | None, Uuid, Doc("the mandate under which a helper pays")] = None


@dataclass(frozen=True, slots=True)
class DeclineRequest:
    """Say that you will not pay what is asked of you."""


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Ask no more."""


@dataclass(frozen=True, slots=True)
class RequestsWanted:
    """Requests that you made, or that name you; for those who read all, everybody's."""

    state: Annotated[RequestState | None, Doc("only requests in this state")] = None


@dataclass(frozen=True, slots=True)
class RequestShown:
    """A payment request."""

    id: Annotated[str, Doc("its UUID")]
    state: Annotated[RequestState, Doc("what became of it")]
    payee: Annotated[str, Doc("the handle of who is to be paid")]
    payee_account: Annotated[str, Doc("the account to be paid")]
    amount: Annotated[Amount, Doc("how much")]
    set_off: Annotated[Amount, Doc("what set-offs have cancelled of it")]
    left: Annotated[Amount, Doc("what of it is unpaid")]
    payer: Annotated[str | None, Doc("the handle of the one member who may pay; null: anybody")]
    note: Annotated[TextRef | None, Doc("what it is for")]
    created_at: Annotated[At, Doc("when it was made")]
    not_after: Annotated[At | None, Doc("until when it can be paid; null: until cancelled")]
    payment: Annotated[str | None, Doc("the payment that paid it, or the last of it; null: none did")]


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    match entered.body:
        case Requested() as body:
            request = Request(
                body.request,
                entered.seq,
                entered.at_ms,
                body.payee,
                body.amount,
                body.payer,
                body.not_after_ms,
                body.note,
            )
            book.requests.add(request)
        case Declined(name):
            book.requests.change(name).state = RequestState.DECLINED
        case Cancelled(name):
            book.requests.change(name).state = RequestState.CANCELLED
        case _:
            raise AssertionError(entered.body)
    return ()


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield the note of a request: it is the payee's, who asks."""
    assert isinstance(body, Requested)
    if body.note is not None:
        yield Owned(body.note, book.owner_of(body.payee), f"payment-requests/{uuid_text(body.request)}")


def news(book: Book, entered: Entered) -> Iterable[News]:
    match entered.body:
        case Requested(name):
            word = "created"
        case Declined(name):
            word = "declined"
        case Cancelled(name):
            word = "cancelled"
        case _:
            raise AssertionError(entered.body)
    yield News(f"payment-request.{word}", uuid_text(name), _concerned(book, book.requests[name]))


def _concerned(book: Book, request: Request) -> tuple[str, ...]:
    payee = book.ledger.accounts[request.payee].member or ""
    return (payee,) if request.payer is None else (payee, request.payer)


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case Requested():
            return _against_request(book, body)
        case Declined(name) | Cancelled(name):
            request = book.requests.get(name)
            if request is None:
                return refuse(NOT_FOUND)
            if isinstance(body, Declined) and request.payer is None:
                return refuse(FORBIDDEN, allowed="the member who is asked")
            state = request.state_at(at_ms)
            return None if state is RequestState.OPEN else refuse(REQUEST_CLOSED, state=state.value)
        case _:
            raise AssertionError(body)


def _against_request(book: Book, body: Requested) -> Refused | None:
    account = book.ledger.accounts.get(body.payee)
    if account is None or account.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=body.payee)
    payee = book.members[account.member]
    refusals: list[Refused | None] = [payable(body.amount), payee.inactive()]
    if body.payer is not None and body.payer not in book.members:
        refusals.append(refuse(MEMBER_UNKNOWN, member=body.payer))
    elif body.payer is not None and book.members[body.payer].state is MemberState.LEFT:
        refusals.append(book.members[body.payer].inactive())
    if body.payer == account.member:
        refusals.append(refuse(SAME_ACCOUNT))
    if body.request in book.requests:
        refusals.append(refuse(DUPLICATE))
    if book.currencies[account.currency].closed:
        refusals.append(refuse(CURRENCY_CLOSED, currency=account.currency))
    return foremost(*refusals)


def plan_ask(desk: Desk, wish: AskPayment) -> Plan | Refused:
    book = desk.book
    address = desk.actor.member if wish.payee is None else wish.payee
    if address is None:
        return refuse(MALFORMED, field="payee", expected="a value")
    account = book.resolve_account(address, wish.amount.asset_code)
    if isinstance(account, Refused):
        return account
    if account.member is None or not acts_for(desk.actor, book.members[account.member]):
        return refuse(FORBIDDEN, allowed="the payee")
    payer = None if wish.payer is None else book.resolve_member(book.local(wish.payer) or wish.payer)
    if isinstance(payer, Refused):
        return payer
    amount = minor_of(wish.amount, account.currency, book.currencies[account.currency].scale)
    if isinstance(amount, Refused):
        return amount
    if wish.not_after is not None and wish.not_after <= desk.now:
        return refuse(MALFORMED, field="not_after", expected="a time to come")
    note, texts = salted(desk, wish.note)
    request, payer_id = book.drawn(drawn_id(desk.chance)), None if payer is None else payer.id
    body = Requested(request, account.id, amount, payer_id, wish.not_after, note)
    refused = foremost(text_refusal("note", wish.note, NOTE_CHARS_MAX), _against(book, body, desk.now))
    return refused or Plan(uuid_text(body.request), (Write(body),), texts)


def plan_pay_request(desk: Desk, name: str, wish: PayRequest) -> Plan | Waiting | Refused:
    book = desk.book
    request = book.requests.get(parse_uuid(name) or b"")
    if request is None:
        return refuse(NOT_FOUND)
    amount = book.amount(book.ledger.accounts[request.payee].currency, request.left_minor)
    refused = text_refusal("note", wish.note, NOTE_CHARS_MAX)
    if refused:
        return refused
    note, texts = salted(desk, wish.note)
    pay = Pay(
        request.payee, amount, wish.payer,
        payment=book.drawn(drawn_id(desk.chance)), note=note, mandate=wish.mandate, request=request.id,
    )  # fmt: skip
    planned = plan_pay(desk, Said(pay))
    return replace(planned, shows=name, texts=texts) if isinstance(planned, Plan) else planned


def plan_decline(desk: Desk, name: str, wish: DeclineRequest) -> Plan | Refused:
    del wish
    request = desk.book.requests.get(parse_uuid(name) or b"")
    if request is None:
        return refuse(NOT_FOUND)
    if request.payer is None or not acts_for(desk.actor, desk.book.members[request.payer]):
        return refuse(FORBIDDEN, allowed="the member who is asked")
    body = Declined(request.id)
    return _against(desk.book, body, desk.now) or Plan(name, (Write(body),))


def plan_cancel(desk: Desk, name: str, wish: CancelRequest) -> Plan | Refused:
    del wish
    book = desk.book
    request = book.requests.get(parse_uuid(name) or b"")
    if request is None:
        return refuse(NOT_FOUND)
    payee = book.members[book.ledger.accounts[request.payee].member or ""]
    if not acts_for(desk.actor, payee):
        return refuse(FORBIDDEN, allowed="the payee")
    body = Cancelled(request.id)
    return _against(book, body, desk.now) or Plan(name, (Write(body),))


def view_request(desk: Desk, name: str) -> RequestShown | Refused:
    request = desk.book.requests.get(parse_uuid(name) or b"")
    if request is None:
        return refuse(NOT_FOUND)
    # One that names nobody is passed on as a link or a code: whoever has it may pay it.
    payment = None if request.payment is None else desk.book.payments.get(request.payment)
    helped = () if payment is None else concerned(desk.book, payment)
    if request.payer is not None and not may_see(desk.actor, *_concerned(desk.book, request), *helped):
        return refuse(FORBIDDEN, allowed="payee and payer")
    return _shown(desk, request)


def view_requests(desk: Desk, wanted: RequestsWanted, after: int, limit: int) -> RowsWanted:
    state, now = wanted.state, desk.now
    return RowsWanted(
        REQUESTS,
        after,
        limit,
        lambda request: _shown(desk, request),
        None if desk.actor.role in READERS else (("member", desk.actor.member or ""),),
        None if state is None else lambda request: request.state_at(now) is state,
        open_only=state in (RequestState.OPEN, RequestState.EXPIRED),
    )


def _shown(desk: Desk, request: Request) -> RequestShown:
    book = desk.book
    currency = book.ledger.accounts[request.payee].currency
    return RequestShown(
        id=uuid_text(request.id),
        state=request.state_at(desk.now),
        payee=book.name_of(request.payee),
        payee_account=request.payee,
        amount=book.amount(currency, request.amount_minor),
        set_off=book.amount(currency, request.set_off_minor),
        left=book.amount(currency, 0 if request.state is RequestState.PAID else request.left_minor),
        payer=None if request.payer is None else book.members[request.payer].handle,
        note=shown_text(request.note),
        created_at=request.at_ms,
        not_after=request.not_after_ms,
        payment=None if request.payment is None else uuid_text(request.payment),
    )


def today(desk: Desk) -> Iterator[Errand]:
    """Yield what a member is asked to pay, by itself alone."""
    book, member = desk.book, desk.actor.member
    for request in book.requests.values():
        if request.payer is None or request.state_at(desk.now) is not RequestState.OPEN:
            continue
        payer = book.ledger.accounts.get(request.payer)
        if request.payer == member or (payer is not None and payer.member == member):
            payee = book.ledger.accounts[request.payee]
            handle = book.name_of(payee.id)
            yield Errand(
                uuid_text(request.id),
                handle,
                "payment-requests.to_pay",
                f"{handle} asks you to pay",
                "payment-requests.pay",
                Urgency.WAITED_FOR,
                figure=book.amount(payee.currency, request.left_minor),
                until_ms=request.not_after_ms,
            )


PRACTICE = Practice(
    today=today,
    name="payment-requests",
    entries=(Requested, Declined, Cancelled),
    check=check,
    fold=fold,
    news=news,
    private=(Private("note", NOTE_BYTES_MAX, (Requested,), owned),),
    operations=(
        Create(
            "payment-requests",
            AskPayment,
            plan=plan_ask,
            example='mutirao payment-requests create --amount 12.50 --note "bread" --payer ana',
        ),
        Act(
            "payment-requests",
            "pay",
            PayRequest,
            plan=plan_pay_request,
            example="mutirao payment-requests pay ID --key ana.key",
        ),
        Act(
            "payment-requests",
            "decline",
            DeclineRequest,
            plan=plan_decline,
            example="mutirao payment-requests decline ID",
        ),
        Act(
            "payment-requests",
            "cancel",
            CancelRequest,
            plan=plan_cancel,
            example="mutirao payment-requests cancel ID",
        ),
        Show("payment-requests", RequestShown, view=view_request, example="mutirao payment-requests show ID"),
        List(
            "payment-requests",
            RequestsWanted,
            RequestShown,
            rows=view_requests,
            own=True,
            example="mutirao payment-requests list --state open",
        ),
    ),
    refusals=(REQUEST_CLOSED,),
)
