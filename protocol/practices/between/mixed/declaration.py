# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments in several currencies to a partner network: their price, and what they write in our ledger."""

from protocol.book.declaration import Create, Practice, Show
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.peers.home import PROCEED
from protocol.peers.messages import QuoteDenied, QuoteGiven, QuoteWanted
from protocol.peers.talks import HEARS, Hears, at_desk
from protocol.practices.between.mixed.asking import (
    AskMixedQuote,
    hear_mixed_denied,
    hear_mixed_wanted,
    plan_mixed_quote,
    proceed,
)
from protocol.practices.between.mixed.entries import MixedArrived, MixedSent
from protocol.practices.between.mixed.refusals import MIXED_REFUSALS
from protocol.practices.between.mixed.rules import check, fold, news, owned
from protocol.practices.between.mixed.sending import hear_mixed_given, plan_send_mixed
from protocol.practices.between.mixed.views import MixedQuoteShown, show_mixed_quote
from protocol.practices.money.mixed.rules import PAY_MIXED_ABROAD

PRACTICE = Practice(
    name="mixed-abroad",
    entries=(MixedSent, MixedArrived),
    check=check,
    fold=fold,
    news=news,
    private=(Private("note", NOTE_BYTES_MAX, (MixedSent, MixedArrived), owned),),
    operations=(
        Create(
            "mixed-quotes",
            AskMixedQuote,
            plan=plan_mixed_quote,
            example="mutirao mixed-quotes create --payee bia@serra --amounts 40.00FLOR --amounts 60.00REAL",
        ),
        Show("mixed-quotes", MixedQuoteShown, view=show_mixed_quote),
    ),
    fills=(
        PAY_MIXED_ABROAD.by(plan_send_mixed),
        # Whoever knows no payments in several currencies counts and answers the first of them alone.
        HEARS.by(Hears(QuoteWanted, at_desk(hear_mixed_wanted))),
        HEARS.by(Hears(QuoteGiven, at_desk(hear_mixed_given))),
        HEARS.by(Hears(QuoteDenied, at_desk(hear_mixed_denied))),
        PROCEED.by(proceed),
    ),
    refusals=MIXED_REFUSALS,
)
