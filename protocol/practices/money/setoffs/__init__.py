# SPDX-License-Identifier: AGPL-3.0-or-later
"""Set-offs inside a network: what members owe each other and let be set off is cancelled by one balanced entry.

The entry tells how much of which payment request is cancelled; what balances change by follows from it. Every
node checks that nobody is drawn in who has not consented, nor further; how much is cancelled is the author's
choice, who takes the largest set-off under the head of the ledger as salt, so that others can compute it again.
"""

from protocol.book.declaration import READERS, STEWARDS, Act, List, Practice, Show
from protocol.practices.money.setoffs.entries import CONSENT_EXCEEDED, SetOffMade
from protocol.practices.money.setoffs.rules import check, fold, news, plan_clear
from protocol.practices.money.setoffs.views import (
    ClearObligations,
    ObligationsShown,
    SetOffListed,
    SetOffShown,
    SetOffsWanted,
    view_obligations,
    view_set_off,
    view_set_offs,
)

PRACTICE = Practice(
    name="obligations",
    entries=(SetOffMade,),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Show(
            "obligations",
            ObligationsShown,
            view=view_obligations,
            id_is="the code of a currency",
            who=READERS,
            example="mutirao obligations show HORA",
        ),
        Act(
            "obligations",
            "clear",
            ClearObligations,
            plan=plan_clear,
            who=STEWARDS,
            example="mutirao obligations clear HORA",
        ),
        Show("set-offs", SetOffShown, view=view_set_off, example="mutirao set-offs show ID"),
        List("set-offs", SetOffsWanted, SetOffListed, view=view_set_offs, own=True, example="mutirao set-offs list"),
    ),
    refusals=(CONSENT_EXCEEDED,),
)
