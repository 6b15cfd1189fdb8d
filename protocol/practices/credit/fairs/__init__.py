# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fairs: a day of trade that is tallied on paper, typed in later as a whole, and paid once nobody objects."""

from protocol.book.declaration import KEY_OR_WORD, STEWARDS, Act, Create, List, Practice, Reckon, Show
from protocol.practices.credit.fairs.entries import AnswerTally, FairHeld, TallyAnswered, TallyEntered, TallyPosted
from protocol.practices.credit.fairs.rules import (
    FAIRS_NAME,
    TALLY_ROW_WRONG,
    agenda,
    check,
    fold,
    news,
    plan_answer,
    plan_enter,
    plan_hold,
    today,
    week,
)
from protocol.practices.credit.fairs.state import FAIRS, OBJECT_HOURS, TALLIES, TALLY_LIFE
from protocol.practices.credit.fairs.views import (
    FAIR_SHEET_FORMS,
    EnterTally,
    FairSheetShown,
    FairSheetWanted,
    FairShown,
    FairsWanted,
    HoldFair,
    TalliesWanted,
    TallyShown,
    view_fair,
    view_fair_sheet,
    view_fairs,
    view_tallies,
    view_tally,
)

PRACTICE = Practice(
    name=FAIRS_NAME,
    entries=(FairHeld, TallyEntered, TallyAnswered, TallyPosted),
    check=check,
    fold=fold,
    agenda=agenda,
    news=news,
    today=today,
    week=week,
    tables=(FAIRS, TALLIES),
    lives=(TALLY_LIFE,),
    parameters=(OBJECT_HOURS,),
    refusals=(TALLY_ROW_WRONG,),
    operations=(
        Create(
            "fairs",
            HoldFair,
            plan=plan_hold,
            verb="hold",
            who=STEWARDS,
            example="mutirao fairs hold --title 'Spring fair' --date 2027-09-25 --currency CREDITO --stalls Bread",
        ),
        Show("fairs", FairShown, view=view_fair, example="mutirao fairs show ID"),
        List("fairs", FairsWanted, FairShown, view=view_fairs, example="mutirao fairs list"),
        Reckon(
            "fairs",
            "sheet",
            FairSheetWanted,
            FairSheetShown,
            view=view_fair_sheet,
            forms=FAIR_SHEET_FORMS,
            example="mutirao fairs sheet --fair ID --format html",
        ),
        Create(
            "tallies",
            EnterTally,
            plan=plan_enter,
            verb="enter",
            who=STEWARDS,
            example="mutirao tallies enter --fair ID --sheet 1"
            """ --rows '{"payer":"ana","payee":"bia","amount":{"value":"500","asset_scale":2}}'""",
        ),
        Act(
            "tallies",
            "answer",
            AnswerTally,
            plan=plan_answer,
            signed=KEY_OR_WORD,
            about="tally",
            example="mutirao tallies answer ID --no-agrees",
        ),
        Show("tallies", TallyShown, view=view_tally, example="mutirao tallies show ID"),
        List("tallies", TalliesWanted, TallyShown, rows=view_tallies, example="mutirao tallies list"),
    ),
)
