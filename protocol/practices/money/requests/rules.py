# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a request may stand, be paid, declined and cancelled."""

from collections.abc import Sequence
from dataclasses import replace

from protocol.book.addresses import local_part, resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Plan, Waiting, Write
from protocol.book.forms import payable_form
from protocol.book.ledger import Posting
from protocol.book.members import MemberState
from protocol.book.money import minor_of, payable
from protocol.book.personal import NOTE_CHARS_MAX, salted, text_refusal
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
from protocol.book.requests import REQUEST_LIFE, Request
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said
from protocol.lanes.entry import Body, Millis
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.payments.paying import REQUEST_CLOSED, plan_pay
from protocol.practices.money.requests.entries import Declined, RequestCancelled, Requested
from protocol.practices.money.requests.views import AskPayment, CancelRequest, DeclineRequest, PayRequest
from protocol.practices.people.authority import acts_for, spoken_for


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
                REQUEST_LIFE.after(None, body.KIND),
            )
            book.requests.add(request)
        case Declined(name) | RequestCancelled(name):
            request = book.requests.change(name)
            request.state = REQUEST_LIFE.after(request.state, entered.body.KIND)
        case _:
            raise AssertionError(entered.body)
    return ()


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case Requested():
            return against_request(book, body)
        case Declined(name) | RequestCancelled(name):
            request = book.requests.get(name)
            if request is None:
                return refuse(NOT_FOUND)
            if isinstance(body, Declined) and request.payer is None:
                return refuse(FORBIDDEN, allowed="the member who is asked")
            state = request.state_at(at_ms)
            return None if REQUEST_LIFE.allows(state, body.KIND) else refuse(REQUEST_CLOSED, state=state.value)
        case _:
            raise AssertionError(body)


def against_request(book: Book, body: Requested) -> Refused | None:
    """Return why nobody may be asked so for a payment: the same answer on every node."""
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
    account = spoken_for(desk, address, wish.amount.asset_code, allowed="the payee")
    payer = None if wish.payer is None else resolve_member(book, local_part(book, wish.payer) or wish.payer)
    refused = foremost(*(one for one in (account, payer) if isinstance(one, Refused)))
    if isinstance(account, Refused) or isinstance(payer, Refused):
        assert refused is not None
        return refused
    if account.member is None:
        return refuse(FORBIDDEN, allowed="the payee")
    amount = minor_of(wish.amount, account.currency, book.currencies[account.currency].scale)
    if isinstance(amount, Refused):
        return amount
    note, texts = salted(desk, wish.note)
    request, payer_id = book.drawn(drawn_id(desk.chance)), None if payer is None else payer.id
    body = Requested(request, account.id, amount, payer_id, wish.not_after, note)
    return _against(book, body, desk.now) or Plan(uuid_text(body.request), (Write(body),), texts)


def ask_form(desk: Desk, wish: AskPayment) -> Refused | None:
    """Return why it cannot be read what somebody asks for: note, amount, until when."""
    refused = text_refusal("note", wish.note, NOTE_CHARS_MAX) or payable_form(desk.book, wish.amount)
    late = wish.not_after is not None and wish.not_after <= desk.now
    return refused or (refuse(MALFORMED, field="not_after", expected="a time to come") if late else None)


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
    body = RequestCancelled(request.id)
    return _against(book, body, desk.now) or Plan(name, (Write(body),))
