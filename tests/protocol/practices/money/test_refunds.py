# SPDX-License-Identifier: AGPL-3.0-or-later
"""Refunds: all or a part of a payment goes back as a payment that names it, never more in sum than it was."""

from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.payments import Payment, PaymentState
from protocol.book.refusals import FORBIDDEN, ORDER_MISMATCH, PAYMENT_UNKNOWN, STATE_CONFLICT, Refused
from protocol.book.signed import uuid_text
from protocol.book.uuids import drawn_id
from protocol.practices.money.currencies.views import SetLevy
from protocol.practices.money.payments.entries import Pay, ReversePayment
from protocol.practices.money.payments.refunds import REFUND_EXCEEDS
from tests.protocol.practices.desk import Group, copy_of, snapshot


@pytest.fixture
def riacho() -> Group:
    group = Group()
    group.currency()
    group.admit("ana", "bia", "caio", custodial=True)
    return group


def refund(group: Group, payment: Payment, minor: int, **changed: Any) -> Any:
    told = {
        "payer": payment.payee,
        "payee": payment.payer,
        "payment": drawn_id(group.chance),
        "refunds": payment.id,
    } | changed
    return group.ask("bia", "payments.create", Pay(amount=Amount(minor, "HORA", 2), **told))


def test_parts_go_back_and_together_no_more_than_was_paid(riacho: Group) -> None:
    payment = riacho.pay("ana", "bia", 20_00)
    shown = refund(riacho, payment, 5_00)
    assert (shown.refunds, shown.amount.value) == (uuid_text(payment.id), 5_00)
    assert refund(riacho, payment, 10_00).state is PaymentState.POSTED
    refused = refund(riacho, payment, 6_00)
    assert isinstance(refused, Refused) and refused.reason is REFUND_EXCEEDS and refused.figures["available"] == 5_00
    assert (riacho.balance("ana"), riacho.balance("bia")) == (-5_00, 5_00)
    first = riacho.view("ana", "payments.show", uuid_text(payment.id))
    assert (first.state, first.refunded.value) == (PaymentState.POSTED, 15_00)
    again = riacho.ask("bia", "payments.reverse", ReversePayment(payment.id), uuid_text(payment.id))
    assert again.reason is REFUND_EXCEEDS, "whole it would be more than is left"
    assert refund(riacho, payment, 5_00).state is PaymentState.POSTED
    assert refund(riacho, payment, 1).figures["available"] == 0
    assert riacho.balance("ana") == riacho.balance("bia") == 0
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_what_is_no_refund(riacho: Group) -> None:
    payment, gone = riacho.pay("ana", "bia", 20_00), riacho.pay("ana", "bia", 1_00)
    riacho.do("bia", "payments.reverse", ReversePayment(gone.id), uuid_text(gone.id))
    caio = riacho.account("caio").id
    assert refund(riacho, payment, 1_00, refunds=bytes(16)).reason is PAYMENT_UNKNOWN
    assert refund(riacho, payment, 1_00, payee=caio).reason is ORDER_MISMATCH, "Ana has paid"
    assert refund(riacho, payment, 1_00, pending=True).reason is ORDER_MISMATCH
    assert refund(riacho, gone, 1_00).reason is STATE_CONFLICT, "it was paid back whole"
    wish = Pay(
        payee="ana", amount=Amount(1_00, "HORA", 2), payer=caio, payment=drawn_id(riacho.chance), refunds=payment.id
    )
    assert riacho.ask("caio", "payments.create", wish).reason is FORBIDDEN, "Bia was paid"
    refund(riacho, payment, 5_00)
    back = riacho.lines[-1].payment
    assert back is not None
    of_refund = riacho.ask("ana", "payments.reverse", ReversePayment(back), uuid_text(back))
    assert of_refund.reason is STATE_CONFLICT
    other = Pay(
        payee="bia", amount=Amount(1_00, "HORA", 2), payer=payment.payer, payment=drawn_id(riacho.chance), refunds=back
    )
    assert riacho.ask("ana", "payments.create", other).reason is STATE_CONFLICT


def test_the_levy_goes_back_in_proportion_and_all_of_it_with_the_last_part(riacho: Group) -> None:
    riacho.do("steward", "currencies.set-levy", SetLevy(250, until_repaid=False), "HORA")
    payment = riacho.pay("ana", "bia", 10_00)
    assert (riacho.balance("bia"), riacho.balance("commons")) == (9_75, 25)
    for part, commons in ((3_33, 17), (3_33, 9), (3_34, 0)):
        refund(riacho, payment, part)
        assert riacho.balance("commons") == commons
    assert riacho.balance("ana") == riacho.balance("bia") == 0, "no levy is taken of what comes back"
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)
