# SPDX-License-Identifier: AGPL-3.0-or-later
"""Chains without a centre: networks tell what stays with each enterprise, and what is bought outside in sums."""

from protocol.book.declaration import List, Practice, Reckon
from protocol.book.spreadsheet import FIGURE_FORMS
from protocol.peers.boards import BOARD_NEWS
from protocol.practices.chains.entries import (
    EnterpriseRemoved,
    EnterpriseSaid,
    RecipeRemoved,
    RecipeSaid,
    SupplyRemoved,
    SupplySaid,
)
from protocol.practices.chains.published.bodies import CHAIN_KINDS
from protocol.practices.chains.published.renewal import PUBLISHED, due, hear_told, look_at_chain
from protocol.practices.chains.published.staying import retained_by
from protocol.practices.chains.published.views import (
    FederationLinksShown,
    FederationLinksWanted,
    RetainedShareShown,
    RetainedSharesWanted,
    list_retained_shares,
    view_federation_links,
)
from protocol.practices.market.matches.finding import RETAINED

CHAIN_FIGURES = (EnterpriseSaid, EnterpriseRemoved, SupplySaid, SupplyRemoved, RecipeSaid, RecipeRemoved)

PRACTICE = Practice(
    name="retained-shares",
    entries=(),
    boards=CHAIN_KINDS,
    parameters=(PUBLISHED,),
    fills=(BOARD_NEWS.by(hear_told), RETAINED.by(retained_by)),
    due=due,
    after=dict.fromkeys(CHAIN_FIGURES, look_at_chain),
    operations=(
        List("retained-shares", RetainedSharesWanted, RetainedShareShown, view=list_retained_shares,
             example="mutirao retained-shares list --network serra"),
        Reckon("chains", "federation-links", FederationLinksWanted, FederationLinksShown, view=view_federation_links,
               forms=FIGURE_FORMS, example="mutirao chains federation-links --federation FEDERATION"),
    ),
)  # fmt: skip
