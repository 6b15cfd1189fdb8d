# SPDX-License-Identifier: AGPL-3.0-or-later
"""Campaigns as the book keeps them: how far each has come, who owns whom, what is followed and who is exempt."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.book.declaration import Motion, Parameter
from protocol.book.lifecycle import Lifecycle
from protocol.book.parameters import Choice
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid
from protocol.book.uuids import derived_id
from protocol.lanes.entry import Millis
from protocol.practices.marks.campaigns.control import Covered, Stake, covered_by
from protocol.practices.marks.campaigns.entries import (
    CampaignCalled,
    CampaignMoved,
    CampaignReplied,
    CampaignState,
    StakeSaid,
)
from protocol.wire.keys import digest

CAMPAIGN_GATE = Motion()
"""What is adopted, suspended, won, followed or exempt is decided by the group."""
CAMPAIGNS_MAX = 400
"""Campaigns of one network that are not over."""
STAKES_MAX = 2_000
PUBLISHED_CAMPAIGNS: Parameter[str] = Parameter(
    "campaigns.published",
    Choice(("nothing", "federations", "everybody")),
    "everybody",
    "who reads the campaigns that the group has adopted, and so may follow them",
    CAMPAIGN_GATE,
)
_S, _CALLED, _MOVED, _REPLIED = CampaignState, CampaignCalled.KIND, CampaignMoved.KIND, CampaignReplied.KIND
CAMPAIGN_LIFE = Lifecycle(
    "campaigns",
    CampaignState,
    {
        (None, _CALLED): _S.PROPOSED,
        (_S.PROPOSED, _MOVED): (_S.ADOPTED, _S.WITHDRAWN, _S.EXPIRED),
        (_S.ADOPTED, _MOVED): (_S.SUSPENDED, _S.WON, _S.EXPIRED),
        (_S.SUSPENDED, _MOVED): (_S.ADOPTED, _S.WON, _S.EXPIRED),
        **{(state, _REPLIED): state for state in (_S.PROPOSED, _S.ADOPTED, _S.SUSPENDED)},
    },
)


@dataclass(slots=True)
class Campaign:
    """A campaign of this network: how far it has come and by which motion; `replied_ms` is when its target replied."""

    said: CampaignCalled
    arrival: int
    at_ms: Millis
    state: CampaignState
    adopted_ms: Millis | None = None
    motion: bytes = b""
    replied_ms: Millis | None = None

    @property
    def id(self) -> bytes:
        """Its id."""
        return self.said.campaign


@dataclass(slots=True)
class StakeHeld:
    """What one holds of another, and where it was said first."""

    arrival: int
    said: StakeSaid


@dataclass(slots=True)
class FollowHeld:
    """What the group follows, and where it was decided."""

    arrival: int
    at_ms: Millis
    network: bytes
    campaign: bytes | None
    follows: bool


@dataclass(slots=True)
class Campaigns:
    """All campaigns of this network by id, the stakes that it knows of, and what it follows of others."""

    by_id: dict[bytes, Campaign] = field(default_factory=dict[bytes, Campaign])
    stakes: dict[tuple[str, str], StakeHeld] = field(default_factory=dict[tuple[str, str], StakeHeld])
    follows: dict[tuple[bytes, bytes | None], FollowHeld] = field(
        default_factory=dict[tuple[bytes, bytes | None], FollowHeld]
    )
    exempt: dict[tuple[bytes, bytes], tuple[str, ...]] = field(
        default_factory=dict[tuple[bytes, bytes], tuple[str, ...]]
    )
    """Who is exempt, by network and campaign."""

    def all_stakes(self) -> list[Stake]:
        """Return all stakes that this network knows of."""
        return [Stake(one.said.owner, one.said.owned, one.said.share) for one in self.stakes.values()]

    def covered(self, target: str) -> Sequence[Covered]:
        """Return whom a campaign about a target covers by what is known here."""
        return covered_by(target, self.all_stakes())

    def is_followed(self, network: bytes, campaign: bytes) -> bool:
        """Tell whether the group follows a campaign: by its own decision, or as all of its network's."""
        found = self.follows.get((network, campaign)) or self.follows.get((network, None))
        return found is not None and found.follows


def campaign_of(book: Book, name: str) -> Campaign | Refused:
    """Return a campaign of this network by its id."""
    found = book.of(Campaigns).by_id.get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if found is None else found


def ungated_campaigns(book: Book) -> str | None:
    """Return which campaign stands that no motion has adopted: what is always so of them."""
    for one in book.of(Campaigns).by_id.values():
        was_adopted = one.state in (_S.ADOPTED, _S.SUSPENDED, _S.WON)
        if was_adopted and not one.motion:
            return f"campaign {one.id.hex()} is {one.state.value} by no motion"
    return None


def stake_id(owner: str, owned: str) -> bytes:
    """Return the id of what one holds of another: it follows from the two."""
    return derived_id(digest("stake", f"{owner}\0{owned}".encode()))


def stake_source_owner(source: bytes) -> str:
    """Return as whose the source of a stake is kept."""
    return f"stake-{source[:16].hex()}"
