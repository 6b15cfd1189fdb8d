# SPDX-License-Identifier: AGPL-3.0-or-later
"""Chains: what follows from what a network's enterprises and households buy. Nothing here writes anything."""

from protocol.book.declaration import Practice, Reckon
from protocol.book.spreadsheet import FIGURE_FORMS
from protocol.practices.chains.figures.breaking import FragilityShown, FragilityWanted
from protocol.practices.chains.figures.choosing import LeastBadShown, LeastBadWanted
from protocol.practices.chains.figures.funding import CalendarShown, CalendarWanted, ReinvestShown, ReinvestWanted
from protocol.practices.chains.figures.linking import (
    MissingLinksShown,
    MissingLinksWanted,
    SimulateWanted,
    SimulationShown,
)
from protocol.practices.chains.figures.refusals import FIGURES_REFUSALS
from protocol.practices.chains.figures.sharing import (
    LeaksShown,
    LeaksWanted,
    RetainedShown,
    RetainedWanted,
    SharesShown,
    SharesWanted,
)
from protocol.practices.chains.figures.views import (
    MONTHLY_INCOME,
    view_calendar,
    view_fragility,
    view_leaks,
    view_least_bad,
    view_missing_links,
    view_reinvestment,
    view_retained,
    view_shares,
    view_simulation,
)

PRACTICE = Practice(
    name="chains",
    entries=(),
    operations=(
        Reckon("chains", "shares", SharesWanted, SharesShown, view=view_shares, forms=FIGURE_FORMS,
               example="mutirao chains shares"),
        Reckon("chains", "leaks", LeaksWanted, LeaksShown, view=view_leaks, forms=FIGURE_FORMS,
               example="mutirao chains leaks --most 20"),
        Reckon("chains", "retained", RetainedWanted, RetainedShown, view=view_retained, forms=FIGURE_FORMS,
               example="mutirao chains retained"),
        Reckon("chains", "missing-links", MissingLinksWanted, MissingLinksShown, view=view_missing_links,
               forms=FIGURE_FORMS, example="mutirao chains missing-links --income 700"),
        Reckon("chains", "least-bad", LeastBadWanted, LeastBadShown, view=view_least_bad, told=True,
               example="mutirao chains least-bad --weights labour=.30,ecology=.25,ownership=.45 --item energy"),
        Reckon("chains", "reinvest", ReinvestWanted, ReinvestShown, view=view_reinvestment,
               example="mutirao chains reinvest --fund 8000"),
        Reckon("chains", "calendar", CalendarWanted, CalendarShown, view=view_calendar,
               example="mutirao chains calendar --months 24"),
        Reckon("chains", "simulate", SimulateWanted, SimulationShown, view=view_simulation,
               example="mutirao chains simulate --candidates mill,soap=0.6"),
        Reckon("chains", "fragility", FragilityWanted, FragilityShown, view=view_fragility, forms=FIGURE_FORMS,
               example="mutirao chains fragility"),
    ),
    parameters=(MONTHLY_INCOME,),
    refusals=FIGURES_REFUSALS,
)  # fmt: skip
