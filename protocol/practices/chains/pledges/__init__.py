# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pledges: members say how much they would buy in a month, so that an enterprise opens once it pays for itself.

What a member has kept of earlier pledges is what its next one counts.
"""

from protocol.book.declaration import Act, Create, Invariant, List, Practice, Show
from protocol.practices.chains.pledges.entries import DriveCalled, DriveMoved, Pledged, PledgeKept
from protocol.practices.chains.pledges.rules import (
    PLEDGE_DRIVES,
    PLEDGE_REFUSALS,
    agenda,
    check,
    fold,
    news,
    plan_call,
    plan_close,
    plan_keep,
    plan_open,
    plan_pledge,
)
from protocol.practices.chains.pledges.state import DRIVE_LIFE, pledged_too_much
from protocol.practices.chains.pledges.views import DriveShown, today, view_drive, view_drives, week
from protocol.practices.chains.pledges.wishes import (
    CallDrive,
    CloseDrive,
    DrivesWanted,
    KeepPledge,
    OpenDrive,
    PledgePurchase,
)

PRACTICE = Practice(
    name=PLEDGE_DRIVES,
    entries=(DriveCalled, Pledged, DriveMoved, PledgeKept),
    check=check,
    fold=fold,
    news=news,
    today=today,
    week=week,
    agenda=agenda,
    invariants=(Invariant("no pledge is of nothing", pledged_too_much),),
    operations=(
        Create("pledge-drives", CallDrive, plan=plan_call,
               example="mutirao pledge-drives create --item soap --unit kg --fixed 600 --margin 1.50"
               " --until 2027-03-01T00:00:00Z"),
        Act("pledge-drives", "pledge", PledgePurchase, plan=plan_pledge,
            example="mutirao pledge-drives pledge DRIVE --quantity 20"),
        Act("pledge-drives", "open", OpenDrive, plan=plan_open, example="mutirao pledge-drives open DRIVE"),
        Act("pledge-drives", "close", CloseDrive, plan=plan_close, example="mutirao pledge-drives close DRIVE"),
        Act("pledge-drives", "keep", KeepPledge, plan=plan_keep,
            example="mutirao pledge-drives keep DRIVE --member ana --period 202611 --quantity 15"),
        Show("pledge-drives", DriveShown, view=view_drive, example="mutirao pledge-drives show DRIVE"),
        List("pledge-drives", DrivesWanted, DriveShown, view=view_drives,
             example="mutirao pledge-drives list --state collecting"),
    ),
    refusals=PLEDGE_REFUSALS,
    lives=(DRIVE_LIFE,),
)  # fmt: skip
