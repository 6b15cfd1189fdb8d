# SPDX-License-Identifier: AGPL-3.0-or-later
"""Scheduled payments: an order given once that pays later, once or again and again, within the network.

Each occurrence either pays or is missed for a reason that is shown; neither is tried again. Whoever
gave the order may pause, resume and cancel it without a signature, since that only lowers its force.
"""

from protocol.book.declaration import KEY_OR_WORD, Act, Create, List, Practice, Show
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.practices.money.schedules.entries import (
    Continued,
    Missed,
    Paused,
    Ran,
    ScheduleCancelled,
    Scheduled,
    SchedulePayment,
)
from protocol.practices.money.schedules.rules import (
    OCCURRENCE_OVERTAKEN,
    SCHEDULE_END_UNSAID,
    SCHEDULE_LOCAL_ONLY,
    agenda,
    check,
    end_with_keys,
    fold,
    plan_cancel,
    plan_pause,
    plan_resume,
    plan_schedule,
    schedule_form,
)
from protocol.practices.money.schedules.state import SCHEDULE_LIFE
from protocol.practices.money.schedules.views import (
    CancelSchedule,
    PauseSchedule,
    ResumeSchedule,
    ScheduleShown,
    SchedulesWanted,
    news,
    owned,
    view_schedule,
    view_schedules,
)
from protocol.practices.people.devices import KeyRevoked
from protocol.practices.people.guardians.entries import KeyRestored
from protocol.practices.people.returns import MemberReturned

PRACTICE = Practice(
    name="scheduled-payments",
    entries=(Scheduled, Ran, Missed, Paused, Continued, ScheduleCancelled),
    check=check,
    fold=fold,
    news=news,
    agenda=agenda,
    after={KeyRevoked: end_with_keys, KeyRestored: end_with_keys, MemberReturned: end_with_keys},
    private=(Private("note", NOTE_BYTES_MAX, (Scheduled,), owned),),
    operations=(
        Create(
            "scheduled-payments",
            SchedulePayment,
            plan=plan_schedule,
            form=schedule_form,
            signed=KEY_OR_WORD,
            example="mutirao scheduled-payments create --key ana.key --payee bia --amount 10.00 "
            "--first-at 2027-01-31T08:00:00Z --rhythm monthly --times 12",
        ),
        Act(
            "scheduled-payments",
            "pause",
            PauseSchedule,
            plan=plan_pause,
            example="mutirao scheduled-payments pause ID",
        ),
        Act(
            "scheduled-payments",
            "resume",
            ResumeSchedule,
            plan=plan_resume,
            example="mutirao scheduled-payments resume ID",
        ),
        Act(
            "scheduled-payments",
            "cancel",
            CancelSchedule,
            plan=plan_cancel,
            example="mutirao scheduled-payments cancel ID",
        ),
        Show(
            "scheduled-payments",
            ScheduleShown,
            view=view_schedule,
            example="mutirao scheduled-payments show ID",
        ),
        List(
            "scheduled-payments",
            SchedulesWanted,
            ScheduleShown,
            view=view_schedules,
            own=True,
            example="mutirao scheduled-payments list --state active",
        ),
    ),
    refusals=(SCHEDULE_LOCAL_ONLY, SCHEDULE_END_UNSAID, OCCURRENCE_OVERTAKEN),
    lives=(SCHEDULE_LIFE,),
)
