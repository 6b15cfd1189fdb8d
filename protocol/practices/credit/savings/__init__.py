# SPDX-License-Identifier: AGPL-3.0-or-later
"""Savings groups: shares bought at meetings, loans of what was saved, a social fund, and a share-out at the end.

The practice of village savings and loan associations: the box has three locks, and opens before all. Here a
key-holder's key is its signature on the sheet of a meeting, and nothing is booked before enough of them have signed it.
"""

from collections.abc import Iterable

from protocol.book.book import Book
from protocol.book.declaration import KEY_OR_WORD, Act, Create, Invariant, List, Practice, Reckon, Show
from protocol.book.signed import parse_uuid
from protocol.practices.credit.savings.entries import (
    CycleOpened,
    GroupFounded,
    JoinSavings,
    MeetingHeld,
    SavingsJoined,
    SheetNoted,
    SheetSigned,
    SignSheet,
)
from protocol.practices.credit.savings.plans import (
    FOUNDERS,
    plan_found,
    plan_hold,
    plan_join,
    plan_note,
    plan_open,
    plan_sign,
)
from protocol.practices.credit.savings.printed import BLANK_FORMS, BlankSheetShown, BlankSheetWanted, view_blank
from protocol.practices.credit.savings.refusals import SAVINGS_REFUSALS
from protocol.practices.credit.savings.rules import check, fold, news
from protocol.practices.credit.savings.state import (
    CYCLE_LIFE,
    GROUPS,
    MEETING_LIFE,
    MEETINGS,
    SAVINGS,
    funds_unlike,
)
from protocol.practices.credit.savings.views import (
    SavingsGroupShown,
    SavingsGroupsWanted,
    SavingsMeetingShown,
    SavingsMeetingsWanted,
    today,
    view_group,
    view_groups,
    view_meeting,
    view_meetings,
    week,
)
from protocol.practices.credit.savings.wishes import FoundGroup, HoldMeeting, NoteSheet, OpenCycle


def _savers(book: Book, name: str) -> Iterable[str]:
    """Yield who saves with a group, and so does not vote on it."""
    group = book.rows(GROUPS).get(parse_uuid(name) or b"")
    return () if group is None else group.savers


PRACTICE = Practice(
    name="savings",
    entries=(GroupFounded, SavingsJoined, CycleOpened, SheetNoted, SheetSigned, MeetingHeld),
    check=check,
    fold=fold,
    news=news,
    today=today,
    week=week,
    tables=(GROUPS, MEETINGS),
    accounts=(SAVINGS,),
    invariants=(Invariant("the funds of all groups are what their account holds", funds_unlike),),
    parties={"savings-groups": _savers},
    operations=(
        Create("savings-groups", FoundGroup, plan=plan_found, who=FOUNDERS,
               example='mutirao savings-groups create --title "Tuesday" --currency HORA --share 1.00'
               " --key-holders ana --key-holders bia --key-holders caio"),
        Act("savings-groups", "join", JoinSavings, plan=plan_join, signed=KEY_OR_WORD, about="group",
            example="mutirao savings-groups join GROUP --most 30.00"),
        Act("savings-groups", "open", OpenCycle, plan=plan_open, who=FOUNDERS,
            example="mutirao savings-groups open GROUP"),
        Show("savings-groups", SavingsGroupShown, view=view_group, example="mutirao savings-groups show GROUP"),
        List("savings-groups", SavingsGroupsWanted, SavingsGroupShown, view=view_groups,
             example="mutirao savings-groups list"),
        Create("savings-meetings", NoteSheet, plan=plan_note, who=FOUNDERS,
               example="mutirao savings-meetings create --group GROUP --number 1 --rows member=ana,shares=2"
               " --rows member=bia,shares=1,social=0.50"),
        Act("savings-meetings", "sign", SignSheet, plan=plan_sign, signed=KEY_OR_WORD, about="meeting",
            example="mutirao savings-meetings sign MEETING"),
        Act("savings-meetings", "hold", HoldMeeting, plan=plan_hold, who=FOUNDERS,
            example="mutirao savings-meetings hold MEETING"),
        Show("savings-meetings", SavingsMeetingShown, view=view_meeting,
             example="mutirao savings-meetings show MEETING"),
        List("savings-meetings", SavingsMeetingsWanted, SavingsMeetingShown, rows=view_meetings,
             example="mutirao savings-meetings list --group GROUP"),
        Reckon("savings-sheets", "blank", BlankSheetWanted, BlankSheetShown, view=view_blank, forms=BLANK_FORMS,
               example="mutirao savings-sheets blank --group GROUP --output sheet.html"),
    ),
    refusals=SAVINGS_REFUSALS,
    lives=(CYCLE_LIFE, MEETING_LIFE),
)  # fmt: skip
