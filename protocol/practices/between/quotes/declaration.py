# SPDX-License-Identifier: AGPL-3.0-or-later
"""Quotes: what a payment costs the payer, asked along the route and computed backward from the payee.

Where the payer names no way, the cheapest that is published is asked first, then the next, PATHS_MAX at most;
only where no single way has room is a payment split over several. Open questions and quotes are kept in
memory only: losing them costs a member a second try and nothing else.
"""

from protocol.book.declaration import Create, Practice, Reckon, Show
from protocol.peers.home import PROCEED
from protocol.peers.messages import QuoteDenied, QuoteGiven, QuoteWanted
from protocol.peers.talks import HEARS, Hears, at_desk
from protocol.practices.between.quotes.answers import hear_wanted
from protocol.practices.between.quotes.asking import plan_quote
from protocol.practices.between.quotes.most import MostShown, MostWanted, view_most
from protocol.practices.between.quotes.prices import hear_denied, hear_given, proceed
from protocol.practices.between.quotes.refusals import QUOTE_REFUSALS
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.between.quotes.views import QuoteShown, show_quote

PRACTICE = Practice(
    name="quotes",
    entries=(),
    operations=(
        Create(
            "quotes",
            AskQuote,
            plan=plan_quote,
            example="mutirao quotes create --payee bia@serra --amount 12.50",
        ),
        Reckon(
            "quotes",
            "most",
            MostWanted,
            MostShown,
            view=view_most,
            example="mutirao quotes most --payee bia@serra",
        ),
        Show("quotes", QuoteShown, view=show_quote),
    ),
    fills=(
        HEARS.by(Hears(QuoteWanted, at_desk(hear_wanted), counted=True)),
        HEARS.by(Hears(QuoteGiven, at_desk(hear_given))),
        HEARS.by(Hears(QuoteDenied, at_desk(hear_denied))),
        PROCEED.by(proceed),
    ),
    refusals=QUOTE_REFUSALS,
)
