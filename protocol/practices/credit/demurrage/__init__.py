# SPDX-License-Identifier: AGPL-3.0-or-later
"""Demurrage: a part of what is held goes to the commons each month, as the group has voted."""

from protocol.book.declaration import Act, List, Practice, Show
from protocol.practices.credit.demurrage.entries import DemurrageSet, DemurrageTaken
from protocol.practices.credit.demurrage.rules import GATE, check, due, fold, news, plan_set
from protocol.practices.credit.demurrage.views import (
    DemurrageShown,
    DemurrageWanted,
    SetDemurrage,
    view_all,
    view_one,
)

PRACTICE = Practice(
    name="demurrage",
    entries=(DemurrageSet, DemurrageTaken),
    check=check,
    fold=fold,
    due=due,
    news=news,
    operations=(
        Act(
            "demurrage",
            "set",
            SetDemurrage,
            plan=plan_set,
            gate=GATE,
            example="mutirao demurrage set CREDITO --basis-points 200 --day 1",
        ),
        Show(
            "demurrage",
            DemurrageShown,
            view=view_one,
            id_is="the code of a currency",
            example="mutirao demurrage show CREDITO",
        ),
        List("demurrage", DemurrageWanted, DemurrageShown, view=view_all, example="mutirao demurrage list"),
    ),
)
