# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests as members see them, and how they are made and answered."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import (
    READERS,
    At,
    Desk,
    Doc,
    Entered,
    Errand,
    News,
    RowsWanted,
    Slot,
    TextRef,
    Urgency,
    Uuid,
)
from protocol.book.money import Amount
from protocol.book.parties import concerned
from protocol.book.personal import NOTE_CHARS_MAX, Search, no_word_in, shown_text
from protocol.book.private import Owned
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, Refused, refuse
from protocol.book.requests import REQUESTS, Request, RequestState
from protocol.book.signed import Id16, parse_uuid, uuid_text
from protocol.lanes.entry import Body
from protocol.practices.money.payments.entries import PAYEE_ADDRESS_CHARS_MAX
from protocol.practices.money.requests.entries import Declined, RequestCancelled, Requested
from protocol.practices.people.authority import may_see
from protocol.wire.shape import AtMost

REQUEST_RESTS: Slot[Callable[[Desk, Request], bool]] = Slot(
    "tells whether a payer is not reminded of a payment request meanwhile, though it is open"
)


@dataclass(frozen=True, slots=True)
class AskPayment:
    """Ask to be paid: show it as a link or a code, or name the member who should pay."""

    amount: Annotated[Amount, Doc("how much")]
    payee: Annotated[
        str | None, AtMost(PAYEE_ADDRESS_CHARS_MAX), Doc("the account or handle to be paid; default: your own")
    ] = None
    payer: Annotated[str | None, AtMost(PAYEE_ADDRESS_CHARS_MAX), Doc("the handle of the one member who may pay")] = (
        None
    )
    not_after: Annotated[At | None, Doc("until when it can be paid; default: until cancelled")] = None
    note: Annotated[str | None, AtMost(NOTE_CHARS_MAX), Doc("what it is for; erasable")] = None


@dataclass(frozen=True, slots=True)
class PayRequest:
    """Pay what is left of it: with a key you sign a payment that names it, without one the node takes your word."""

    payer: Annotated[str | None, AtMost(PAYEE_ADDRESS_CHARS_MAX), Doc("who pays; default: you")] = None
    note: Annotated[str | None, AtMost(NOTE_CHARS_MAX), Doc("a note of your own; erasable")] = None
    mandate: Annotated[Id16 | None, Uuid, Doc("the mandate under which a helper pays")] = None


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
    search: Search = None


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
        case RequestCancelled(name):
            word = "cancelled"
        case _:
            raise AssertionError(entered.body)
    yield News(f"payment-request.{word}", uuid_text(name), _concerned(book, book.requests[name]))


def _concerned(book: Book, request: Request) -> tuple[str, ...]:
    payee = book.ledger.accounts[request.payee].member or ""
    return (payee,) if request.payer is None else (payee, request.payer)


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


def view_requests(desk: Desk, wanted: RequestsWanted, after: int, limit: int) -> RowsWanted | Refused:
    if wanted.search is not None and (refused := no_word_in(wanted.search)):
        return refused
    state, now = wanted.state, desk.now
    return RowsWanted(
        REQUESTS,
        after,
        limit,
        lambda request: _shown(desk, request),
        None if desk.actor.role in READERS else (("member", desk.actor.member or ""),),
        None if state is None else lambda request: request.state_at(now) is state,
        open_only=state in (RequestState.OPEN, RequestState.EXPIRED),
        search=wanted.search,
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
        is_asked = request.payer == member or (payer is not None and payer.member == member)
        if is_asked and not any(rests(desk, request) for rests in book.fillings(REQUEST_RESTS)):
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
