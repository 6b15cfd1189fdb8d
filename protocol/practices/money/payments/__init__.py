# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments within the network."""

from protocol.book.declaration import KEY_OR_WORD, Act, Create, List, Practice, Show, Way
from protocol.book.payments import PAYMENT_LIFE
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.practices.money.payments.entries import Paid, Pay, Posted, Reversed, ReversePayment, Voided
from protocol.practices.money.payments.paying import MAX_DEBIT_EXCEEDED, pay_form, plan_pay
from protocol.practices.money.payments.refunds import REFUND_EXCEEDS
from protocol.practices.money.payments.rules import check, fold, plan_post, plan_reverse, plan_void
from protocol.practices.money.payments.views import (
    PaymentShown,
    PaymentsWanted,
    PostPayment,
    VoidPayment,
    news,
    owned,
    today,
    view_payment,
    view_payments,
)
from protocol.practices.people.authority import PAYMENT_EXISTS

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
            ways=(
                Way("PayHere", "Pay a member of this network, or the commons.", without=("invoice", "condition")),
                Way(
                    "PayAbroad",
                    "Pay in another network, at the price of a quote that its `invoice` names.",
                    without=("pending", "condition"),
                    needs=("invoice",),
                ),
            ),
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
        REFUND_EXCEEDS,
    ),
    lives=(PAYMENT_LIFE,),
)
