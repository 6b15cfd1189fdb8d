# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clearing between networks: what is written and said of it, and what time and other homes bring."""

from protocol.book.declaration import READERS, STEWARDS, Act, Create, List, Practice, Show
from protocol.peers.home import PROCEED
from protocol.peers.messages import CircleAsked, Probe, ProbeMet, QuoteDenied
from protocol.peers.talks import HEARS, Hears, at_desk
from protocol.practices.between.clearing import asking, probes, rounds
from protocol.practices.between.clearing.entries import (
    CircleBegun,
    CircleLeft,
    Cleared,
    ClearingSet,
    Failed,
    RoundJoined,
    RoundOpened,
    Turned,
)
from protocol.practices.between.clearing.intents import Intended, Valued, hear, unhear
from protocol.practices.between.clearing.part import (
    OpenRound,
    SetClearing,
    ValueCurrency,
    plan_open,
    plan_set,
    plan_value,
)
from protocol.practices.between.clearing.rules import check, fold, news
from protocol.practices.between.clearing.views import (
    RoundShown,
    RoundsWanted,
    SettingsShown,
    view_round,
    view_rounds,
    view_settings,
)

PRACTICE = Practice(
    name="clearing",
    entries=(ClearingSet, RoundOpened, RoundJoined, CircleBegun, Turned, Cleared, Failed, CircleLeft),
    check=check,
    fold=fold,
    news=news,
    words=(Intended, Valued),
    hear=hear,
    unhear=unhear,
    operations=(
        Create("clearings", OpenRound, plan=plan_open, who=STEWARDS, verb="open", example="mutirao clearings open"),
        Show("clearings", RoundShown, view=view_round,
             id_is="the round: the hour at which it was opened, in milliseconds", who=READERS,
             example="mutirao clearings show ROUND"),
        List("clearings", RoundsWanted, RoundShown, view=view_rounds, who=READERS, example="mutirao clearings list"),
        Create("clearing-terms", SetClearing, plan=plan_set, who=STEWARDS, verb="set",
               example="mutirao clearing-terms set --on --publish"),
        Show("clearing-terms", SettingsShown, view=view_settings, who=READERS, id_is="the id of this network",
             example="mutirao clearing-terms show NETWORK"),
        Act("currencies", "value", ValueCurrency, plan=plan_value, who=STEWARDS,
            example="mutirao currencies value HORA --value 1.5"),
    ),
    due=rounds.due,
    fills=(
        HEARS.by(Hears(QuoteDenied, at_desk(asking.hear_denied))),
        HEARS.by(Hears(CircleAsked, at_desk(asking.hear_asked), counted=True)),
        HEARS.by(Hears(Probe, at_desk(probes.hear_probe), counted=True)),
        HEARS.by(Hears(ProbeMet, at_desk(probes.hear_met))),
        PROCEED.by(probes.proceed),
        PROCEED.by(rounds.proceed),
    ),
)  # fmt: skip
