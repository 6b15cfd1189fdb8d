# SPDX-License-Identifier: AGPL-3.0-or-later
"""Federations as a practice: the wishes, the words, and what is shown."""

from protocol.book.declaration import STEWARDS, Act, Create, List, Practice, Show
from protocol.peers.budgets import RESTS_ON
from protocol.peers.pinning import AUDIENCES
from protocol.peers.ties import TIES
from protocol.practices.between.federations.charters import (
    FEDERATION_UNKNOWN,
    WORDS,
    fellows,
    hear,
    spoken_of,
    unhear,
)
from protocol.practices.between.federations.membership import (
    CreateFederation,
    EndorseNetwork,
    ExpelNetwork,
    JoinFederation,
    LeaveFederation,
    due,
    news,
    plan_create,
    plan_endorse,
    plan_expel,
    plan_join,
    plan_leave,
)
from protocol.practices.between.federations.places import memberships
from protocol.practices.between.federations.views import (
    FederationListed,
    FederationShown,
    FederationsWanted,
    list_federations,
    show_federation,
)

PRACTICE = Practice(
    name="federations",
    entries=(),
    due=due,
    news=news,
    words=WORDS,
    hear=hear,
    unhear=unhear,
    operations=(
        Create("federations", CreateFederation, plan=plan_create, who=STEWARDS,
               example="mutirao federations create --name 'Vale do Sol' --unit HORA --founders serra --founders campo "
               "--endorsements 2 --rhythm-minutes 1440"),
        Act("federations", "join", JoinFederation, plan=plan_join, who=STEWARDS,
            example="mutirao federations join FEDERATION"),
        Act("federations", "leave", LeaveFederation, plan=plan_leave, who=STEWARDS,
            example="mutirao federations leave FEDERATION"),
        Act("federations", "endorse", EndorseNetwork, plan=plan_endorse, who=STEWARDS,
            example="mutirao federations endorse FEDERATION --network encants"),
        Act("federations", "expel", ExpelNetwork, plan=plan_expel, who=STEWARDS,
            example="mutirao federations expel FEDERATION --network encants"),
        Show("federations", FederationShown, view=show_federation, example="mutirao federations show FEDERATION"),
        List("federations", FederationsWanted, FederationListed, view=list_federations,
             example="mutirao federations list --place member"),
    ),
    fills=(TIES.by(fellows), RESTS_ON.by(spoken_of), AUDIENCES.by(memberships)),
    refusals=(FEDERATION_UNKNOWN,),
)  # fmt: skip
