# SPDX-License-Identifier: AGPL-3.0-or-later
"""Members: how one is invited, joins, is approved with accounts and limits, is suspended, and leaves.

Who leaves takes nothing along and leaves nothing behind: the commons takes over the balance.
"""

from protocol.book.declaration import ANYONE, KEY_OR_WORD, STEWARDS, Act, Create, List, Practice, Show
from protocol.book.members import MEMBER_LIFE
from protocol.book.personal import NAME_BYTES_MAX
from protocol.book.private import Private
from protocol.practices.people.authority import KEY_TAKEN, SIGNATURE_NEEDED
from protocol.practices.people.called import name_owned
from protocol.practices.people.members.entries import (
    Approved,
    Leave,
    LimitsSet,
    MemberJoined,
    MemberLeft,
    Resumed,
    Suspended,
)
from protocol.practices.people.members.rules import (
    check,
    fold,
    limits_form,
    plan_approve,
    plan_join,
    plan_leave,
    plan_resume,
    plan_set_limits,
    plan_suspend,
)
from protocol.practices.people.members.views import (
    Approve,
    Join,
    MemberShown,
    MembersWanted,
    Resume,
    SetLimits,
    Suspend,
    find_members,
    member_named,
    news,
    view_member,
    view_members,
    week,
)

PRACTICE = Practice(
    name="members",
    week=week,
    parties={"members": member_named},
    entries=(MemberJoined, Approved, LimitsSet, Suspended, Resumed, MemberLeft),
    check=check,
    fold=fold,
    news=news,
    private=(Private("name", NAME_BYTES_MAX, (MemberJoined,), name_owned),),
    operations=(
        Create(
            "members",
            Join,
            plan=plan_join,
            who=ANYONE,
            verb="join",
            example="mutirao members join --code K7QX-2NDA-PLM4-6RTZ --handle ana",
        ),
        Act(
            "members",
            "approve",
            Approve,
            plan=plan_approve,
            form=limits_form,
            who=STEWARDS,
            example="mutirao members approve ana --currency HORA --credit-limit 200.00",
        ),
        Act(
            "members",
            "set-limits",
            SetLimits,
            plan=plan_set_limits,
            form=limits_form,
            who=STEWARDS,
            example="mutirao members set-limits ana --credit-limit 200.00",
        ),
        Act(
            "members",
            "suspend",
            Suspend,
            plan=plan_suspend,
            who=STEWARDS,
            example="mutirao members suspend ana",
        ),
        Act("members", "resume", Resume, plan=plan_resume, who=STEWARDS, example="mutirao members resume ana"),
        Act(
            "members",
            "leave",
            Leave,
            plan=plan_leave,
            signed=KEY_OR_WORD,
            about="member",
            example="mutirao members leave ana --key ana.key",
        ),
        Show(
            "members",
            MemberShown,
            view=view_member,
            id_is="the member's id, or its handle",
            example="mutirao members show ana",
        ),
        List(
            "members",
            MembersWanted,
            MemberShown,
            view=view_members,
            rows=find_members,
            example="mutirao members list --state pending",
        ),
    ),
    refusals=(KEY_TAKEN, SIGNATURE_NEEDED),
    lives=(MEMBER_LIFE,),
)
