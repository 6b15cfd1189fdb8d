# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of campaigns: who calls for one, how the group moves it, who owns whom, which ones it follows.

The words of a campaign stand in no entry: they are on the network's board until its review date, and an entry names
them by their salted digest. Names are short keys and handles. A stake is in hundredths of a percent.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.money import BASIS_POINTS
from protocol.book.signed import Digest, Id16, MemberId, Time
from protocol.wire.shape import AtMost, Range, Spelt

CAMPAIGN_NAME_CHARS_MAX = 65
CAMPAIGN_NAME = "[a-z0-9][a-z0-9.-]{0,63}(?:/[a-z][a-z0-9-]{0,31})?"
"""How an enterprise is named: its short key, a handle, or network/key; 65 characters at most."""
DEMAND_CHARS_MAX = 280
EVIDENCE_CHARS_MAX = 140
REPLY_CHARS_MAX = 450
REVIEW_DAYS_MAX = 365
STAKE_WHOLE = BASIS_POINTS
CONTROL_ABOVE = STAKE_WHOLE // 2
"""Who holds more than this of an enterprise controls it."""

CampaignName = Annotated[str, AtMost(CAMPAIGN_NAME_CHARS_MAX), Spelt(CAMPAIGN_NAME)]
StakePart = Annotated[int, Range(1, STAKE_WHOLE)]


class CampaignKind(StrEnum):
    """What a campaign asks for: to buy nothing of somebody, or to buy of somebody."""

    BOYCOTT = "boycott"
    SUPPORT = "support"


class CampaignState(StrEnum):
    """How far a campaign has come."""

    PROPOSED = "proposed"
    ADOPTED = "adopted"
    SUSPENDED = "suspended"
    WON = "won"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class CampaignCalled:
    """A member calls for a campaign: its words by their salted digest, and the day on which it ends by itself.

    `about` is the target where that is a member here, who does not vote on it.
    """

    KIND: ClassVar[str] = "campaigns/called"
    campaign: Id16
    kind: CampaignKind
    target: CampaignName
    about: MemberId | None
    caller: MemberId
    words: Digest
    review_ms: Time


@dataclass(frozen=True, slots=True)
class CampaignMoved:
    """A campaign has come so far: by the group, by its caller who withdraws it, or because its day has come."""

    KIND: ClassVar[str] = "campaigns/moved"
    campaign: Id16
    to: CampaignState


@dataclass(frozen=True, slots=True)
class CampaignReplied:
    """The target has replied: itself, as a member here, or in words that were received from it (no member)."""

    KIND: ClassVar[str] = "campaigns/replied"
    campaign: Id16
    member: MemberId | None


@dataclass(frozen=True, slots=True)
class CampaignExempted:
    """The group exempts one that a campaign covers, ours or one of another network, or takes that back."""

    KIND: ClassVar[str] = "campaigns/exempted"
    network: Digest
    campaign: Id16
    name: CampaignName
    exempt: bool


@dataclass(frozen=True, slots=True)
class CampaignsFollowed:
    """The group follows all campaigns of another network, or this one alone; or does so no more."""

    KIND: ClassVar[str] = "campaigns/followed"
    network: Digest
    campaign: Id16 | None
    follows: bool


@dataclass(frozen=True, slots=True)
class StakeSaid:
    """Somebody holds so much of an enterprise, as of a day (a year, month and day as one number: 20261130).

    It takes the place of what was said of the two. `source` is the salted digest of where it was read.
    """

    KIND: ClassVar[str] = "stakes/said"
    owner: CampaignName
    owned: CampaignName
    share: StakePart
    day: Annotated[int, Range(19_000_101, 30_001_231)]
    source: Digest


@dataclass(frozen=True, slots=True)
class StakeRemoved:
    """Nothing is said any more of what one holds of the other."""

    KIND: ClassVar[str] = "stakes/removed"
    owner: CampaignName
    owned: CampaignName


CampaignsSaid = (
    CampaignCalled | CampaignMoved | CampaignReplied | CampaignExempted | CampaignsFollowed | StakeSaid | StakeRemoved
)
