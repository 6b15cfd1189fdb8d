# SPDX-License-Identifier: AGPL-3.0-or-later
"""Care: members care for each other without a price; who has received it confirms the hours, and no balance changes."""

from protocol.book.declaration import Act, Create, Invariant, List, Practice, Show
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.practices.market.care.entries import CareConfirmed, CareDenied, CareGiven
from protocol.practices.market.care.rules import check, fold, news, owned, plan_confirm, plan_deny, plan_give
from protocol.practices.market.care.state import CARE, CARE_LIFE, unlike_care
from protocol.practices.market.care.views import (
    CareHoursShown,
    CareHoursWanted,
    CareShown,
    CareWanted,
    ConfirmCare,
    DenyCare,
    GiveCare,
    today,
    view_all_hours,
    view_care,
    view_cares,
    view_hours,
    week,
)

PRACTICE = Practice(
    name="care",
    entries=(CareGiven, CareConfirmed, CareDenied),
    check=check,
    fold=fold,
    news=news,
    today=today,
    week=week,
    tables=(CARE,),
    private=(Private("note", NOTE_BYTES_MAX, (CareGiven,), owned),),
    invariants=(Invariant("hours of care that are given are received", unlike_care),),
    operations=(
        Create("care", GiveCare, plan=plan_give, verb="give",
               example='mutirao care give --receiver bia --hours 12 --note "nights at the hospital"'),
        Act("care", "confirm", ConfirmCare, plan=plan_confirm, example="mutirao care confirm CARE"),
        Act("care", "deny", DenyCare, plan=plan_deny, example="mutirao care deny CARE"),
        Show("care", CareShown, view=view_care, example="mutirao care show CARE"),
        List("care", CareWanted, CareShown, rows=view_cares, own=True, example="mutirao care list --state told"),
        Show("care-hours", CareHoursShown, view=view_hours, id_is="the member's id, or its handle",
             example="mutirao care-hours show ana"),
        List("care-hours", CareHoursWanted, CareHoursShown, view=view_all_hours, example="mutirao care-hours list"),
    ),
    lives=(CARE_LIFE,),
)  # fmt: skip
