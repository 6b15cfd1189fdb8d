# SPDX-License-Identifier: AGPL-3.0-or-later
"""Campaigns: boycotts and support, each with a demand, its evidence, a review date and the target's reply.

A group adopts them by motions, and follows those of other networks that it chooses. They follow chains of control.
"""

from protocol.book.declaration import Act, Create, Invariant, List, Practice, Show
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.peers.boards import BOARD_NEWS
from protocol.practices.marks.campaigns.boards import CAMPAIGN_KINDS, hear_own, tell_campaigns
from protocol.practices.marks.campaigns.entries import (
    CampaignCalled,
    CampaignExempted,
    CampaignMoved,
    CampaignReplied,
    CampaignsFollowed,
    StakeRemoved,
    StakeSaid,
)
from protocol.practices.marks.campaigns.plans import (
    MODERATORS,
    agenda,
    plan_adopt,
    plan_call,
    plan_exempt,
    plan_follow,
    plan_reply,
    plan_resume,
    plan_stake,
    plan_suspend,
    plan_unfollow,
    plan_unstake,
    plan_win,
    plan_withdraw,
    target_of,
)
from protocol.practices.marks.campaigns.refusals import CAMPAIGN_REFUSALS
from protocol.practices.marks.campaigns.rules import CAMPAIGNS, check, fold, news, owned_source
from protocol.practices.marks.campaigns.state import (
    CAMPAIGN_GATE,
    CAMPAIGN_LIFE,
    PUBLISHED_CAMPAIGNS,
    ungated_campaigns,
)
from protocol.practices.marks.campaigns.views import (
    CampaignShown,
    FollowShown,
    StakeShown,
    today,
    view_campaign,
    view_campaigns,
    view_follow,
    view_follows,
    view_stake,
    view_stakes,
    week,
)
from protocol.practices.marks.campaigns.wishes import (
    AdoptCampaign,
    CallCampaign,
    CampaignsWanted,
    ExemptCampaign,
    FollowCampaigns,
    FollowsWanted,
    RemoveStake,
    ReplyCampaign,
    ResumeCampaign,
    SayStake,
    StakesWanted,
    SuspendCampaign,
    UnfollowCampaigns,
    WinCampaign,
    WithdrawCampaign,
)

PRACTICE = Practice(
    name=CAMPAIGNS,
    entries=(
        CampaignCalled, CampaignMoved, CampaignReplied, CampaignExempted, CampaignsFollowed, StakeSaid, StakeRemoved,
    ),
    check=check,
    fold=fold,
    news=news,
    today=today,
    week=week,
    agenda=agenda,
    due=tell_campaigns,
    boards=CAMPAIGN_KINDS,
    private=(Private("stake", NOTE_BYTES_MAX, (StakeSaid,), owned_source),),
    parameters=(PUBLISHED_CAMPAIGNS,),
    parties={CAMPAIGNS: target_of},
    fills=(BOARD_NEWS.by(hear_own),),
    invariants=(Invariant("every campaign that counts was adopted by a motion", ungated_campaigns),),
    operations=(
        Create("campaigns", CallCampaign, plan=plan_call,
               example="mutirao campaigns create --kind boycott --target acme --demand 'Pay the growers'"
               " --evidence 'https://example.org/report' --review-at 2027-03-01T00:00:00Z"),
        Act("campaigns", "adopt", AdoptCampaign, plan=plan_adopt, gate=CAMPAIGN_GATE,
            example="mutirao campaigns adopt CAMPAIGN"),
        Act("campaigns", "suspend", SuspendCampaign, plan=plan_suspend, gate=CAMPAIGN_GATE,
            example="mutirao campaigns suspend CAMPAIGN"),
        Act("campaigns", "resume", ResumeCampaign, plan=plan_resume, gate=CAMPAIGN_GATE,
            example="mutirao campaigns resume CAMPAIGN"),
        Act("campaigns", "win", WinCampaign, plan=plan_win, gate=CAMPAIGN_GATE,
            example="mutirao campaigns win CAMPAIGN"),
        Act("campaigns", "withdraw", WithdrawCampaign, plan=plan_withdraw,
            example="mutirao campaigns withdraw CAMPAIGN"),
        Act("campaigns", "reply", ReplyCampaign, plan=plan_reply,
            example="mutirao campaigns reply CAMPAIGN --text 'We pay the growers more from May on'"),
        Act("campaigns", "exempt", ExemptCampaign, plan=plan_exempt, gate=CAMPAIGN_GATE,
            example="mutirao campaigns exempt CAMPAIGN --name acme-south"),
        Show("campaigns", CampaignShown, view=view_campaign, example="mutirao campaigns show CAMPAIGN"),
        List("campaigns", CampaignsWanted, CampaignShown, view=view_campaigns,
             example="mutirao campaigns list --target acme"),
        Create("campaign-follows", FollowCampaigns, plan=plan_follow, gate=CAMPAIGN_GATE,
               example="mutirao campaign-follows create --network serra"),
        Act("campaign-follows", "stop", UnfollowCampaigns, plan=plan_unfollow, gate=CAMPAIGN_GATE,
            example="mutirao campaign-follows stop FOLLOW"),
        Show("campaign-follows", FollowShown, view=view_follow, id_is="the network's id, and of one campaign its id",
             example="mutirao campaign-follows show FOLLOW"),
        List("campaign-follows", FollowsWanted, FollowShown, view=view_follows,
             example="mutirao campaign-follows list"),
        Create("stakes", SayStake, plan=plan_stake, who=MODERATORS,
               example="mutirao stakes create --owner acme --owned acme-south --share 60%"
               " --source 'trade register' --day 2026-11-30"),
        Act("stakes", "remove", RemoveStake, plan=plan_unstake, who=MODERATORS,
            example="mutirao stakes remove STAKE"),
        Show("stakes", StakeShown, view=view_stake, example="mutirao stakes show STAKE"),
        List("stakes", StakesWanted, StakeShown, view=view_stakes, example="mutirao stakes list --name acme"),
    ),
    refusals=CAMPAIGN_REFUSALS,
    lives=(CAMPAIGN_LIFE,),
)  # fmt: skip
