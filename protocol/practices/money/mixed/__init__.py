# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments in several currencies at once, whole or not at all: what is backed and what is not, side by side."""

from protocol.book.declaration import KEY_OR_WORD, Create, Practice, Show
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.practices.money.mixed.entries import MixedPaid, PayMixed
from protocol.practices.money.mixed.rules import check, fold, mixed_form, plan_mixed
from protocol.practices.money.mixed.views import MixedPaymentShown, news, owned, view_mixed

PRACTICE = Practice(
    name="mixed-payments",
    entries=(MixedPaid,),
    check=check,
    fold=fold,
    news=news,
    private=(Private("note", NOTE_BYTES_MAX, (MixedPaid,), owned),),
    operations=(
        Create(
            "mixed-payments",
            PayMixed,
            plan=plan_mixed,
            form=mixed_form,
            signed=KEY_OR_WORD,
            example="mutirao mixed-payments create --payer ana --payee bia --amounts 40.00FLOR --amounts 60.00REAL",
        ),
        Show(
            "mixed-payments",
            MixedPaymentShown,
            view=view_mixed,
            id_is="the payment's UUID",
            example="mutirao mixed-payments show ID",
        ),
    ),
)
