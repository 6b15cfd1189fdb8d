# SPDX-License-Identifier: AGPL-3.0-or-later
"""Grants: what a club gives to whoever begins, as far as those who sell can carry it; what circulates is published."""

from protocol.book.declaration import ANYONE, KEY_OR_WORD, Act, Create, List, Practice, Show
from protocol.practices.credit.circulation import (
    ACTIVE_DAYS,
    CAP_BASE,
    CAP_PER_SELLER,
    NEAR_CAP,
    OVER_ISSUE,
    forget_gone,
    posted,
)
from protocol.practices.credit.grants.entries import (
    GrantIssued,
    GrantRequested,
    GrantSponsored,
    GrantWithdrawn,
    SponsorGrant,
)
from protocol.practices.credit.grants.rules import (
    GRANTED_BEFORE,
    OFFER_NEEDED,
    SPONSORS_MISSING,
    check,
    fold,
    news,
    plan_request,
    plan_sponsor,
    plan_withdraw,
    week,
)
from protocol.practices.credit.grants.state import GRANT_LIFE, GRANTS, ISSUE, SPONSORS
from protocol.practices.credit.grants.views import (
    CirculationShown,
    CirculationWanted,
    GrantShown,
    GrantsWanted,
    RequestGrant,
    WithdrawGrant,
    view_circulation,
    view_circulations,
    view_grant,
    view_grants,
)
from protocol.practices.people.members.entries import MemberLeft

PRACTICE = Practice(
    name="grants",
    entries=(GrantRequested, GrantSponsored, GrantIssued, GrantWithdrawn),
    check=check,
    fold=fold,
    posted=posted,
    news=news,
    week=week,
    after={MemberLeft: forget_gone},
    accounts=(ISSUE,),
    tables=(GRANTS,),
    lives=(GRANT_LIFE,),
    parameters=(CAP_PER_SELLER, CAP_BASE, ACTIVE_DAYS, NEAR_CAP, SPONSORS),
    refusals=(OVER_ISSUE, GRANTED_BEFORE, OFFER_NEEDED, SPONSORS_MISSING),
    operations=(
        Create(
            "grants",
            RequestGrant,
            plan=plan_request,
            verb="request",
            example="mutirao grants request --currency CREDITO --amount 50.00 --offer ID",
        ),
        Act(
            "grants",
            "sponsor",
            SponsorGrant,
            plan=plan_sponsor,
            signed=KEY_OR_WORD,
            about="grant",
            example="mutirao grants sponsor ID --key bia.key",
        ),
        Act("grants", "withdraw", WithdrawGrant, plan=plan_withdraw, example="mutirao grants withdraw ID"),
        Show("grants", GrantShown, view=view_grant, example="mutirao grants show ID"),
        List("grants", GrantsWanted, GrantShown, rows=view_grants, example="mutirao grants list --state issued"),
        Show(
            "circulation",
            CirculationShown,
            view=view_circulation,
            id_is="the code of a currency",
            who=ANYONE,
            example="mutirao circulation show CREDITO",
        ),
        List(
            "circulation",
            CirculationWanted,
            CirculationShown,
            view=view_circulations,
            who=ANYONE,
            example="mutirao circulation list",
        ),
    ),
)
