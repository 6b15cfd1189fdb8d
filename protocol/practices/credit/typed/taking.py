# SPDX-License-Identifier: AGPL-3.0-or-later
"""A shop takes what a customer without a phone types in: a code of its paper, or its number and PIN."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import At, Desk, Doc, Plan
from protocol.book.money import Amount
from protocol.book.parties import concerned
from protocol.book.payments import PaymentAuth
from protocol.book.refusals import MALFORMED, PAYMENT_UNKNOWN, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.credit.typed.codes import PayByCode, plan_pay_code
from protocol.practices.credit.typed.pins import PIN_DIGITS_MAX, PayByPin, plan_pay_pin
from protocol.practices.people.authority import may_see
from protocol.wire.shape import AtMost, Range


@dataclass(frozen=True, slots=True)
class TakeTyped:
    """Take a payment at your shop by what your customer types: a code of its paper, or its number and PIN."""

    amount: Annotated[Amount, Doc("how much")]
    code: Annotated[str | None, AtMost(64), Doc("the code, as it stands on the paper")] = None
    number: Annotated[int | None, Range(1, 2**31), Doc("the customer's number, where it pays by PIN")] = None
    pin: Annotated[str | None, AtMost(PIN_DIGITS_MAX), Doc("its PIN, which it types itself")] = None
    payee: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Doc("the account that is paid, of yours; default: the only one")
    ] = None


@dataclass(frozen=True, slots=True)
class TypedPaymentShown:
    """A payment that was typed in at a shop; the network paid on its customer's word."""

    id: Annotated[str, Doc("the payment's id")]
    payer: Annotated[str, Doc("who paid")]
    payee: Annotated[str, Doc("who was paid")]
    amount: Annotated[Amount, Doc("how much")]
    at: Annotated[At, Doc("when")]
    auth: Annotated[PaymentAuth, Doc("on whose word: custodial")]


def plan_take(desk: Desk, wish: TakeTyped) -> Plan | Refused:
    if wish.code is not None and wish.number is None and wish.pin is None:
        return plan_pay_code(desk, PayByCode(wish.code, wish.amount, wish.payee))
    if wish.code is None and wish.number is not None and wish.pin is not None:
        return plan_pay_pin(desk, PayByPin(wish.number, wish.pin, wish.amount, wish.payee))
    return refuse(MALFORMED, field="code", expected="either a code, or a number and its PIN")


def view_typed(desk: Desk, name: str) -> TypedPaymentShown | Refused:
    book = desk.book
    payment = book.payments.get(parse_uuid(name) or b"")
    if payment is None or not may_see(desk.actor, *concerned(book, payment)):
        return refuse(PAYMENT_UNKNOWN)
    code = payment.payee.partition(".")[2]
    return TypedPaymentShown(
        uuid_text(payment.id),
        book.name_of(payment.payer),
        book.name_of(payment.payee),
        book.amount(code, payment.amount_minor),
        payment.at_ms,
        payment.auth,
    )
