# SPDX-License-Identifier: AGPL-3.0-or-later
"""Campaigns on boards: their words for the own group while they are proposed, and for others once they are adopted.

What stands on a board is withdrawn everywhere, and ends by itself at the campaign's review date. So do its words here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, ClassVar, NamedTuple, Self

from protocol.book.book import Book
from protocol.book.declaration import BoardKind, Desk, News, Plan, Publication, Seers
from protocol.book.personal import text_digest
from protocol.book.refusals import Refused
from protocol.book.signed import Id16, Time, uuid_text
from protocol.lanes.entry import Body, Millis
from protocol.lanes.items import BoardItem
from protocol.peers.boards import Boards, HeldItem, body_of, published, seers_of
from protocol.practices.between.announcements import board_full, seen_by_named
from protocol.practices.marks.campaigns.control import Covered, Stake, covered_by, minority_of
from protocol.practices.marks.campaigns.entries import (
    DEMAND_CHARS_MAX,
    EVIDENCE_CHARS_MAX,
    REPLY_CHARS_MAX,
    CampaignKind,
    CampaignName,
    CampaignState,
    StakePart,
)
from protocol.practices.marks.campaigns.state import PUBLISHED_CAMPAIGNS, Campaign, Campaigns
from protocol.wire.shape import AtMost, Length

STAKES_TOLD_MAX = 10
"""Stakes that are told with a campaign: those first that make others covered."""
SALT_LENGTH = 16


@dataclass(frozen=True, slots=True)
class CampaignTold:
    """A campaign in its network's words; `salt` is what the words' digest in the ledger was made with."""

    KIND: ClassVar[str] = "campaigns/told"
    campaign: Id16
    kind: CampaignKind
    target: CampaignName
    demand: Annotated[str, AtMost(DEMAND_CHARS_MAX)]
    evidence: Annotated[str, AtMost(EVIDENCE_CHARS_MAX)]
    salt: Annotated[bytes, Length(SALT_LENGTH)]
    review_ms: Time

    @property
    def words(self) -> bytes:
        """The digest by which the ledger names its words."""
        return words_digest(self.salt, self.demand, self.evidence)


@dataclass(frozen=True, slots=True)
class ReplyTold:
    """What a campaign's target says to it."""

    KIND: ClassVar[str] = "campaigns/reply"
    campaign: Id16
    text: Annotated[str, AtMost(REPLY_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class StakeTold:
    """What one holds of another, in hundredths of a percent."""

    owner: CampaignName
    owned: CampaignName
    share: StakePart


@dataclass(frozen=True, slots=True)
class StakesTold:
    """Who owns whom, as far as a campaign goes by it."""

    KIND: ClassVar[str] = "campaigns/stakes"
    campaign: Id16
    stakes: Annotated[tuple[StakeTold, ...], AtMost(STAKES_TOLD_MAX)]


TOLD_ITEMS, REPLY_ITEMS, STAKE_ITEMS = CAMPAIGN_KINDS = tuple(
    BoardKind(body) for body in (CampaignTold, ReplyTold, StakesTold)
)


class CampaignHeard(NamedTuple):
    """A campaign as a network tells it: the reply of its target, and who owns whom by its word."""

    network: bytes
    told: CampaignTold
    reply: str | None
    stakes: tuple[Stake, ...]


@dataclass(slots=True)
class CampaignTelling:
    """Whether what our board has to say is other than what it says: no part of the fold."""

    TRANSIENT: ClassVar[bool] = True
    is_stale: bool = True
    seen_by: tuple[bytes, ...] | None = None

    def __deepcopy__(self, memo: object) -> Self:
        """A trial of wishes sees this one."""
        return self


def words_digest(salt: bytes, demand: str, evidence: str) -> bytes:
    """Return the digest by which the ledger names what a campaign says."""
    return text_digest(salt, f"{demand}\0{evidence}")


def campaign_item(network: bytes, campaign: bytes, kind: str, seen_by: tuple[bytes, ...]) -> bytes:
    """Return the id of an item about a campaign for these readers: the same each time, so that one replaces another."""
    parts = (b"mutirao/v1/campaign", network, campaign, kind.encode(), b"".join(seen_by))
    return sha256(b"\0".join(parts)).digest()[:16]


def for_group(book: Book, body: CampaignTold | ReplyTold, until_ms: Millis) -> Publication:
    """Return that our own group reads something about a campaign."""
    readers = (book.network,)
    return Publication(campaign_item(book.network, body.campaign, body.KIND, readers), body, until_ms, readers)


def group_words(book: Book, campaign: Campaign) -> CampaignTold | None:
    """Return what a campaign of ours says, None once that has gone or where it is not what was called for."""
    body = _own(book, campaign.id, TOLD_ITEMS)
    return body if isinstance(body, CampaignTold) and body.words == campaign.said.words else None


def group_reply(book: Book, campaign: Campaign) -> str | None:
    """Return what the target of a campaign of ours has replied."""
    body = _own(book, campaign.id, REPLY_ITEMS)
    return body.text if isinstance(body, ReplyTold) else None


def _own(book: Book, campaign: bytes, kind: BoardKind) -> Body | None:
    item = book.of(Boards).get(book.network, campaign_item(book.network, campaign, kind.body.KIND, (book.network,)))
    return None if item is None else body_of(item, kind)


def withdrawn_words(book: Book, campaign: bytes) -> tuple[Publication, ...]:
    """Return that nobody reads any more what our group was told of a campaign."""
    items = (campaign_item(book.network, campaign, kind.body.KIND, (book.network,)) for kind in CAMPAIGN_KINDS)
    return tuple(Publication(one, None) for one in items if book.of(Boards).get(book.network, one) is not None)


def heard_campaigns(book: Book, now: Millis) -> Iterator[tuple[int, CampaignHeard]]:
    """Yield the campaigns that other networks have adopted and tell, by arrival: those that are not over."""
    replies = {place: body.text for place, body in _by_campaign(book, REPLY_ITEMS) if isinstance(body, ReplyTold)}
    stakes = {place: body.stakes for place, body in _by_campaign(book, STAKE_ITEMS) if isinstance(body, StakesTold)}
    for arrival, item, body in published(book, TOLD_ITEMS):
        assert isinstance(body, CampaignTold)
        if item.network != book.network and body.review_ms > now:
            place = (item.network, body.campaign)
            links = tuple(Stake(one.owner, one.owned, one.share) for one in stakes.get(place, ()))
            yield arrival, CampaignHeard(item.network, body, replies.get(place), links)


def _by_campaign(book: Book, kind: BoardKind) -> Iterator[tuple[tuple[bytes, bytes], Body]]:
    for _, item, body in published(book, kind):
        assert isinstance(body, ReplyTold | StakesTold)
        yield (item.network, body.campaign), body


def told_stakes(stakes: list[Stake], target: str) -> tuple[StakeTold, ...]:
    """Return the stakes that a campaign goes by, as they are told: links of control first, then minority stakes."""
    covered = covered_by(target, stakes)
    links = dict.fromkeys(link for one in covered for link in one.links)
    found = (*links, *minority_of(covered, stakes))
    return tuple(StakeTold(*one) for one in found[:STAKES_TOLD_MAX])


def hear_own(book: Book, before: HeldItem | None, after: HeldItem | None) -> Iterable[News]:
    """Note that our own board says something else of a campaign; nobody is told."""
    for one in (before, after):
        if one is not None and one.item.network == book.network and one.item.said.kind.startswith("campaigns/"):
            book.of(CampaignTelling).is_stale = True
    return ()


def tell_campaigns(desk: Desk) -> Iterator[Plan]:
    """Put on our board what other networks read of campaigns that the group has adopted, and take down the others."""
    book, now = desk.book, desk.now
    telling, seen_by = book.of(CampaignTelling), campaign_readers(book)
    if not telling.is_stale and telling.seen_by == seen_by:
        return
    telling.is_stale, telling.seen_by = False, seen_by
    wanted = {} if seen_by is None else _wanted(book, seen_by, now)
    standing = _standing(book)
    for id in sorted(standing.keys() - wanted.keys()):
        yield Plan(uuid_text(id), published=(Publication(id, None),))
    has_room = True
    for id, (body, until_ms) in wanted.items():
        item = standing.get(id)
        if item is None or _said(item) != body:
            has_room = board_full(book, id) is None
            if has_room:
                yield Plan(uuid_text(id), published=(Publication(id, body, until_ms, seen_by or ()),))
    telling.is_stale = not has_room


def _wanted(book: Book, seen_by: tuple[bytes, ...], now: Millis) -> dict[bytes, tuple[Body, Millis]]:
    state = book.of(Campaigns)
    stakes, found = state.all_stakes(), dict[bytes, tuple[Body, Millis]]()
    for one in state.by_id.values():
        words = group_words(book, one) if one.state is CampaignState.ADOPTED and one.said.review_ms > now else None
        if words is None:
            continue
        reply, links = group_reply(book, one), told_stakes(stakes, one.said.target)
        bodies: tuple[Body | None, ...] = (
            words,
            None if reply is None else ReplyTold(one.id, reply),
            StakesTold(one.id, links) if links else None,
        )
        for body in bodies:
            if body is not None:
                found[campaign_item(book.network, one.id, body.KIND, seen_by)] = body, one.said.review_ms
    return found


def _standing(book: Book) -> dict[bytes, BoardItem]:
    return {
        item.said.item: item
        for kind in CAMPAIGN_KINDS
        for _, item, _ in published(book, kind, book.network)
        if seers_of(item) is not Seers.GROUP
    }


def _said(item: BoardItem) -> Body | None:
    return next((body for kind in CAMPAIGN_KINDS if (body := body_of(item, kind)) is not None), None)


def campaign_readers(book: Book) -> tuple[bytes, ...] | None:
    """Return who reads what the group has adopted, as it stands in an item; None: nobody."""
    told_to = book.parameter(PUBLISHED_CAMPAIGNS)
    if told_to == "everybody":
        return ()
    found = seen_by_named(book, Seers.FEDERATIONS, ()) if told_to == "federations" else None
    return None if isinstance(found, Refused) else found


def covered_heard(book: Book, heard: CampaignHeard) -> tuple[list[Covered], list[Stake]]:
    """Return whom a campaign of another network covers, by its stakes and ours, and all these: ours go before."""
    ours = book.of(Campaigns).stakes
    theirs = [one for one in heard.stakes if (one.owner, one.owned) not in ours]
    stakes = [*book.of(Campaigns).all_stakes(), *theirs]
    return list(covered_by(heard.told.target, stakes)), stakes
