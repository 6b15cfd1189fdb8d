# SPDX-License-Identifier: AGPL-3.0-or-later
"""The commons: what the group owns in each currency, spent for all to see."""

from protocol.book.declaration import STEWARDS, Act, List, Practice, Show
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.practices.money.commons.entries import Collected, PaidOut
from protocol.practices.money.commons.rules import check, fold, gate, news, owned, plan_collect, plan_pay
from protocol.practices.money.commons.state import STEWARD_LIMIT
from protocol.practices.money.commons.views import Collect, CommonsShown, CommonsWanted, PayOut, view_all, view_one

PRACTICE = Practice(
    name="commons",
    entries=(PaidOut, Collected),
    check=check,
    fold=fold,
    news=news,
    private=(Private("note", NOTE_BYTES_MAX, (PaidOut,), owned),),
    parameters=(STEWARD_LIMIT,),
    operations=(
        Act(
            "commons",
            "pay",
            PayOut,
            plan=plan_pay,
            who=STEWARDS,
            gate=gate,
            example='mutirao commons pay HORA --payee dora --amount 25.00 --note "cleaning the hall"',
        ),
        Act(
            "commons",
            "collect",
            Collect,
            plan=plan_collect,
            who=STEWARDS,
            example="mutirao commons collect HORA",
        ),
        Show(
            "commons", CommonsShown, view=view_one, id_is="the code of a currency", example="mutirao commons show HORA"
        ),
        List("commons", CommonsWanted, CommonsShown, view=view_all, example="mutirao commons list"),
    ),
)
