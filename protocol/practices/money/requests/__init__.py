# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payment requests: a payee asks to be paid an amount, by anybody or by one member, and is, or is not."""

from protocol.book.declaration import Act, Create, List, Practice, Show
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.book.requests import REQUEST_LIFE
from protocol.practices.money.payments.paying import REQUEST_CLOSED
from protocol.practices.money.requests.entries import Declined, RequestCancelled, Requested
from protocol.practices.money.requests.rules import (
    ask_form,
    check,
    fold,
    plan_ask,
    plan_cancel,
    plan_decline,
    plan_pay_request,
)
from protocol.practices.money.requests.views import (
    AskPayment,
    CancelRequest,
    DeclineRequest,
    PayRequest,
    RequestShown,
    RequestsWanted,
    news,
    owned,
    today,
    view_request,
    view_requests,
)

PRACTICE = Practice(
    today=today,
    name="payment-requests",
    entries=(Requested, Declined, RequestCancelled),
    check=check,
    fold=fold,
    news=news,
    private=(Private("note", NOTE_BYTES_MAX, (Requested,), owned),),
    operations=(
        Create(
            "payment-requests",
            AskPayment,
            plan=plan_ask,
            form=ask_form,
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
    lives=(REQUEST_LIFE,),
)
