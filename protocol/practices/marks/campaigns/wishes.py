# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members ask about campaigns, and what is said of who owns whom."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import At, Doc, OneOf, Ref
from protocol.book.personal import NOTE_CHARS_MAX
from protocol.practices.marks.campaigns.entries import (
    DEMAND_CHARS_MAX,
    EVIDENCE_CHARS_MAX,
    REPLY_CHARS_MAX,
    CampaignKind,
    CampaignName,
)
from protocol.wire.shape import AtMost

NETWORK_NAME_CHARS_MAX = 64
STAKE_SHARE_CHARS_MAX = 8
STAKE_DAY_CHARS_MAX = 10


@dataclass(frozen=True, slots=True)
class CallCampaign:
    """Call for a boycott or for a campaign of support: it counts once the group has adopted it by a motion.

    Its words are read by the group until the review date, and by other networks once it is adopted.
    """

    kind: Annotated[CampaignKind, Doc("boycott: buy nothing of it; support: buy of it")]
    target: Annotated[CampaignName, Doc("the short name of the enterprise, or network/enterprise")]
    demand: Annotated[str, AtMost(DEMAND_CHARS_MAX), Doc("what has to change, so that the campaign is won")]
    evidence: Annotated[str, AtMost(EVIDENCE_CHARS_MAX), Doc("where what it rests on can be read")]
    review_at: Annotated[At, Doc("when it ends by itself: within a year")]
    about: Annotated[
        str | None,
        AtMost(ADDRESS_CHARS_MAX),
        Ref("members"),
        Doc("the target where it is a member here: it may reply, and has no vote; default: the member called so"),
    ] = None
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who calls for it; default: you")] = (
        None
    )


@dataclass(frozen=True, slots=True)
class AdoptCampaign:
    """Adopt a campaign that was called for: the group votes on it."""


@dataclass(frozen=True, slots=True)
class SuspendCampaign:
    """Suspend a campaign: nobody is excluded by it meanwhile, and other networks see it no more."""


@dataclass(frozen=True, slots=True)
class ResumeCampaign:
    """Let a suspended campaign count again."""


@dataclass(frozen=True, slots=True)
class WinCampaign:
    """Say that a campaign is won: its demand is met."""


@dataclass(frozen=True, slots=True)
class WithdrawCampaign:
    """Withdraw a campaign that was not adopted yet; its words are taken down."""


@dataclass(frozen=True, slots=True)
class ReplyCampaign:
    """Reply to a campaign as its target, or bring what it has replied; the newest reply is shown with the campaign."""

    text: Annotated[str, AtMost(REPLY_CHARS_MAX), Doc("what the target says")]


@dataclass(frozen=True, slots=True)
class ExemptCampaign:
    """Exempt one that a campaign covers from it, or take that back; the group votes on it."""

    name: Annotated[CampaignName, Doc("the short name of the enterprise")]
    exempt: Annotated[bool, Doc("false takes the exemption back")] = True


@dataclass(frozen=True, slots=True)
class CampaignsWanted:
    """Campaigns of this network, and those that others tell of."""

    target: Annotated[CampaignName | None, Doc("only those that cover this one")] = None
    network: Annotated[
        str | None, AtMost(NETWORK_NAME_CHARS_MAX), Doc("only those of this network, by its handle or id")
    ] = None
    state: Annotated[
        str | None,
        AtMost(16),
        OneOf(("proposed", "adopted", "suspended", "won", "expired", "withdrawn"), more=True),
        Doc("only those in this state"),
    ] = None


@dataclass(frozen=True, slots=True)
class FollowCampaigns:
    """Follow the campaigns of another network as if they were ours, or one of them; the group votes on it."""

    network: Annotated[str, AtMost(NETWORK_NAME_CHARS_MAX), Doc("whose they are, by the network's handle or id")]
    campaign: Annotated[str | None, AtMost(36), Doc("this one alone, by its id; default: all of its campaigns")] = None


@dataclass(frozen=True, slots=True)
class UnfollowCampaigns:
    """Follow them no more; of a network that is followed as a whole, one campaign may be left out so."""


@dataclass(frozen=True, slots=True)
class FollowsWanted:
    """What the group follows."""


@dataclass(frozen=True, slots=True)
class SayStake:
    """Say what one enterprise holds of another; it takes the place of what was said of the two."""

    owner: Annotated[CampaignName, Doc("who holds it, by its short name")]
    owned: Annotated[CampaignName, Doc("of whom, by its short name")]
    share: Annotated[str, AtMost(STAKE_SHARE_CHARS_MAX), Doc("how much, such as 60%, with two decimals at most")]
    source: Annotated[str, AtMost(NOTE_CHARS_MAX), Doc("where it was read; erasable")]
    day: Annotated[str, AtMost(STAKE_DAY_CHARS_MAX), Doc("of which day that is, such as 2026-11-30")]


@dataclass(frozen=True, slots=True)
class RemoveStake:
    """Take back what was said of who holds what."""


@dataclass(frozen=True, slots=True)
class StakesWanted:
    """Who holds what of whom."""

    name: Annotated[CampaignName | None, Doc("only what this one holds, or what is held of it")] = None
