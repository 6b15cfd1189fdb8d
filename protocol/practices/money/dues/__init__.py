# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dues: what members pay to the commons by the calendar, as the group has voted."""

from protocol.book.declaration import STEWARDS, Act, Create, List, Practice, Show
from protocol.practices.money.dues.entries import DuesEnded, DuesSet, DuesTaken
from protocol.practices.money.dues.rules import GATE, check, due, fold, news, plan_end, plan_set
from protocol.practices.money.dues.views import DuesShown, DuesWanted, EndDues, SetDues, view_all, view_one

PRACTICE = Practice(
    name="dues",
    entries=(DuesSet, DuesTaken, DuesEnded),
    check=check,
    fold=fold,
    due=due,
    news=news,
    operations=(
        Create(
            "dues",
            SetDues,
            plan=plan_set,
            gate=GATE,
            example='mutirao dues create --title "the hall" --currency HORA --amount 2.00',
        ),
        Act("dues", "end", EndDues, plan=plan_end, who=STEWARDS, example="mutirao dues end ID"),
        Show("dues", DuesShown, view=view_one, example="mutirao dues show ID"),
        List("dues", DuesWanted, DuesShown, view=view_all, example="mutirao dues list"),
    ),
)
