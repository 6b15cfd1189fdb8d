# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rotating work: members work days for each other by turns, and who has received a day confirms it."""

from protocol.book.declaration import KEY_OR_WORD, Act, Create, List, Practice, Show
from protocol.practices.credit.rotations.entries import (
    ConfirmDay,
    DayConfirmed,
    DayDenied,
    DayWorked,
    RotationFounded,
    RotationJoined,
)
from protocol.practices.credit.rotations.rules import (
    check,
    fold,
    news,
    plan_confirm,
    plan_deny,
    plan_found,
    plan_join,
    plan_tell,
)
from protocol.practices.credit.rotations.state import ROTATIONS, WORK_DAY_LIFE, WORK_DAYS
from protocol.practices.credit.rotations.views import (
    DenyDay,
    FoundRotation,
    JoinRotation,
    RotationShown,
    RotationsWanted,
    TellDay,
    WorkDayShown,
    WorkDaysWanted,
    today,
    view_day,
    view_days,
    view_rotation,
    view_rotations,
    week,
)

PRACTICE = Practice(
    name="rotations",
    entries=(RotationFounded, RotationJoined, DayWorked, DayConfirmed, DayDenied),
    check=check,
    fold=fold,
    news=news,
    today=today,
    week=week,
    tables=(ROTATIONS, WORK_DAYS),
    operations=(
        Create("rotations", FoundRotation, plan=plan_found,
               example='mutirao rotations create --title "Twelve fields" --currency DIA --day 1.00'),
        Act("rotations", "join", JoinRotation, plan=plan_join, example="mutirao rotations join ROTATION"),
        Show("rotations", RotationShown, view=view_rotation, example="mutirao rotations show ROTATION"),
        List("rotations", RotationsWanted, RotationShown, view=view_rotations, example="mutirao rotations list"),
        Create("work-days", TellDay, plan=plan_tell, verb="tell",
               example="mutirao work-days tell --rotation ROTATION --receiver ana"),
        Act("work-days", "confirm", ConfirmDay, plan=plan_confirm, signed=KEY_OR_WORD, about="work",
            example="mutirao work-days confirm DAY"),
        Act("work-days", "deny", DenyDay, plan=plan_deny, example="mutirao work-days deny DAY"),
        Show("work-days", WorkDayShown, view=view_day, example="mutirao work-days show DAY"),
        List("work-days", WorkDaysWanted, WorkDayShown, rows=view_days, own=True,
             example="mutirao work-days list --state told"),
    ),
    lives=(WORK_DAY_LIFE,),
)  # fmt: skip
