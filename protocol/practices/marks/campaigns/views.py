# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members see of campaigns: their words with the target's reply, whom they cover and by which chain."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Errand, TextRef, ToldOnce, Urgency
from protocol.book.parameters import Percentage
from protocol.book.personal import shown_text
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.lanes.directory import Directory
from protocol.practices.between.networks.known import find_network
from protocol.practices.marks.campaigns.boards import (
    CampaignHeard,
    covered_heard,
    group_reply,
    group_words,
    heard_campaigns,
)
from protocol.practices.marks.campaigns.control import Covered, Stake, minority_of
from protocol.practices.marks.campaigns.entries import CampaignKind, CampaignState
from protocol.practices.marks.campaigns.rules import follow_name
from protocol.practices.marks.campaigns.state import (
    CAMPAIGN_LIFE,
    Campaign,
    Campaigns,
    FollowHeld,
    StakeHeld,
    stake_id,
)
from protocol.practices.marks.campaigns.wishes import CampaignsWanted, FollowsWanted, StakesWanted
from protocol.wire.keys import id_text

REVIEW_SOON_MS = 14 * DAY_MS
COVERED_SHOWN_MAX = 200
_HEARD_PLACE = 1 << 40
"""Campaigns of other networks come after our own."""
_PERCENT = Percentage()


@dataclass(frozen=True, slots=True)
class CoveredShown:
    """One whom a campaign covers."""

    name: Annotated[str, Doc("its short name")]
    chain: Annotated[str, Doc("who owns whom, from the target on, each link over 50%; empty for the target itself")]
    product: Annotated[str, Doc("what of it is the target's in the end; the campaign does not go by that")]
    exempt: Annotated[bool, Doc("whether the group here exempts it")]


@dataclass(frozen=True, slots=True)
class MinorityStake:
    """What somebody who is covered holds of one who is not: half of it or less."""

    owner: Annotated[str, Doc("who holds it")]
    owned: Annotated[str, Doc("of whom")]
    share: Annotated[str, Doc("how much")]


@dataclass(frozen=True, slots=True)
class CampaignShown:
    """A campaign, whom it covers, and what its target says to it."""

    id: Annotated[str, Doc("its id")]
    kind: Annotated[CampaignKind, Doc("boycott: buy nothing of it; support: buy of it")]
    target: Annotated[str, Doc("the short name of whom it is about")]
    state: Annotated[CampaignState, Doc("how far it has come; of other networks those are told that are adopted")]
    counts: Annotated[bool, Doc("whether it counts here now: adopted here, or followed")]
    network: Annotated[str, Doc("whose it is, by the network's id")]
    handle: Annotated[str | None, Doc("what that network calls itself")]
    demand: Annotated[str | None, ToldOnce, Doc("what has to change; null once its words have gone")]
    evidence: Annotated[str | None, ToldOnce, Doc("where what it rests on can be read; null once its words have gone")]
    reply: Annotated[str | None, ToldOnce, Doc("what the target says; null: nothing yet, or gone")]
    replied_at: Annotated[At | None, Doc("when it said that, of our own; null: not yet, or of another network")]
    caller: Annotated[str | None, Doc("who has called for it; null of other networks")]
    called_at: Annotated[At | None, Doc("when that was; null of other networks")]
    adopted_at: Annotated[At | None, Doc("when the group has adopted it; null: not yet, or of another network")]
    motion: Annotated[str | None, Doc("the newest motion that has moved it; null: none, or of another network")]
    review_at: Annotated[At, Doc("when it ends by itself")]
    covers: Annotated[tuple[CoveredShown, ...], Doc("whom it covers: the target, then by chains of control")]
    minority: Annotated[tuple[MinorityStake, ...], Doc("stakes of those that are covered in others that are not")]


@dataclass(frozen=True, slots=True)
class FollowShown:
    """That the group follows another network's campaigns, or one of them."""

    id: Annotated[str, Doc("the network's id, and of one campaign a dot and its id")]
    network: Annotated[str, Doc("whose they are, by the network's id")]
    handle: Annotated[str | None, Doc("what that network calls itself")]
    campaign: Annotated[str | None, Doc("the campaign's id; null: all of them")]
    follows: Annotated[bool, Doc("whether it does so now")]
    decided_at: Annotated[At, Doc("when that was decided")]


@dataclass(frozen=True, slots=True)
class StakeShown:
    """What one enterprise holds of another."""

    id: Annotated[str, Doc("its id: it follows from the two names")]
    owner: Annotated[str, Doc("who holds it")]
    owned: Annotated[str, Doc("of whom")]
    share: Annotated[str, Doc("how much")]
    controls: Annotated[bool, Doc("whether it is more than half: campaigns follow it then")]
    day: Annotated[str, Doc("of which day that is")]
    source: Annotated[TextRef | None, Doc("where it was read; null: erased")]


def view_campaign(desk: Desk, name: str) -> CampaignShown | Refused:
    id = parse_uuid(name) or b""
    own = desk.book.of(Campaigns).by_id.get(id)
    if own is not None:
        return _own_shown(desk, own)
    heard = next((one for _, one in heard_campaigns(desk.book, desk.now) if one.told.campaign == id), None)
    return refuse(NOT_FOUND) if heard is None else _heard_shown(desk.book, heard)


def view_campaigns(desk: Desk, wanted: CampaignsWanted, after: int) -> Iterator[tuple[int, CampaignShown]] | Refused:
    network = None if wanted.network is None else find_network(desk.book, wanted.network)
    return network if isinstance(network, Refused) else _listed(desk, wanted, network, after)


def _listed(
    desk: Desk, wanted: CampaignsWanted, network: bytes | None, after: int
) -> Iterator[tuple[int, CampaignShown]]:
    def is_wanted(shown: CampaignShown) -> bool:
        covers = wanted.target is None or any(one.name == wanted.target for one in shown.covers)
        return covers and wanted.state in (None, shown.state.value)

    book = desk.book
    if network in (None, book.network):
        for cursor, one in since(list(book.of(Campaigns).by_id.values()), after):
            shown = _own_shown(desk, one)
            if is_wanted(shown):
                yield cursor, shown
    for arrival, heard in heard_campaigns(book, desk.now):
        if network in (None, heard.network) and _HEARD_PLACE + arrival > after:
            shown = _heard_shown(book, heard)
            if is_wanted(shown):
                yield _HEARD_PLACE + arrival, shown


def _own_shown(desk: Desk, one: Campaign) -> CampaignShown:
    book, state = desk.book, desk.book.of(Campaigns)
    words, covered = group_words(book, one), state.covered(one.said.target)
    is_over = one.state is CampaignState.ADOPTED and one.said.review_ms <= desk.now
    return CampaignShown(
        id=uuid_text(one.id),
        kind=one.said.kind,
        target=one.said.target,
        state=CampaignState.EXPIRED if is_over else one.state,
        counts=one.state is CampaignState.ADOPTED and not is_over,
        network=id_text(book.network),
        handle=book.handle,
        demand=None if words is None else words.demand,
        evidence=None if words is None else words.evidence,
        reply=group_reply(book, one),
        replied_at=one.replied_ms,
        caller=book.members[one.said.caller].handle,
        called_at=one.at_ms,
        adopted_at=one.adopted_ms,
        motion=uuid_text(one.motion) if one.motion else None,
        review_at=one.said.review_ms,
        covers=_covers(book, book.network, one.id, covered),
        minority=_minority(covered, state.all_stakes()),
    )


def _heard_shown(book: Book, heard: CampaignHeard) -> CampaignShown:
    told, (covered, stakes) = heard.told, covered_heard(book, heard)
    return CampaignShown(
        id=uuid_text(told.campaign),
        kind=told.kind,
        target=told.target,
        state=CampaignState.ADOPTED,
        counts=book.of(Campaigns).is_followed(heard.network, told.campaign),
        network=id_text(heard.network),
        handle=book.of(Directory).handle(heard.network),
        demand=told.demand,
        evidence=told.evidence,
        reply=heard.reply,
        replied_at=None,
        caller=None,
        called_at=None,
        adopted_at=None,
        motion=None,
        review_at=told.review_ms,
        covers=_covers(book, heard.network, told.campaign, covered),
        minority=_minority(covered, stakes),
    )


def _covers(book: Book, network: bytes, campaign: bytes, covered: Iterable[Covered]) -> tuple[CoveredShown, ...]:
    exempt = book.of(Campaigns).exempt.get((network, campaign), ())
    shown = (CoveredShown(one.name, one.said, _percent(one), one.name in exempt) for one in covered)
    return tuple(shown)[:COVERED_SHOWN_MAX]


def _percent(one: Covered) -> str:
    return _PERCENT.show(int(one.product * 10_000), 0)


def _minority(covered: Iterable[Covered], stakes: Iterable[Stake]) -> tuple[MinorityStake, ...]:
    found = minority_of(covered, stakes)[:COVERED_SHOWN_MAX]
    return tuple(MinorityStake(one.owner, one.owned, _PERCENT.show(one.share, 0)) for one in found)


def view_follow(desk: Desk, name: str) -> FollowShown | Refused:
    found = next((one for one in desk.book.of(Campaigns).follows.values() if _follow_id(one) == name), None)
    return refuse(NOT_FOUND) if found is None else _follow_shown(desk.book, found)


def view_follows(desk: Desk, wanted: FollowsWanted, after: int) -> Iterable[tuple[int, FollowShown]]:
    del wanted
    held = sorted(desk.book.of(Campaigns).follows.values(), key=lambda one: one.arrival)
    return ((cursor, _follow_shown(desk.book, one)) for cursor, one in since(held, after))


def _follow_id(one: FollowHeld) -> str:
    return follow_name(one.network, one.campaign)


def _follow_shown(book: Book, one: FollowHeld) -> FollowShown:
    campaign = None if one.campaign is None else uuid_text(one.campaign)
    handle = book.of(Directory).handle(one.network)
    return FollowShown(_follow_id(one), id_text(one.network), handle, campaign, one.follows, one.at_ms)


def view_stake(desk: Desk, name: str) -> StakeShown | Refused:
    held = stake_held(desk.book, name)
    return refuse(NOT_FOUND) if held is None else stake_shown(held)


def view_stakes(desk: Desk, wanted: StakesWanted, after: int) -> Iterable[tuple[int, StakeShown]]:
    held = [one for place, one in desk.book.of(Campaigns).stakes.items() if wanted.name is None or wanted.name in place]
    return ((cursor, stake_shown(one)) for cursor, one in since(held, after))


def stake_held(book: Book, name: str) -> StakeHeld | None:
    """Return what is said of a stake, by its id."""
    id = parse_uuid(name)
    return next((one for place, one in book.of(Campaigns).stakes.items() if stake_id(*place) == id), None)


def stake_shown(held: StakeHeld, *, gone: bool = False) -> StakeShown:
    """Return a stake as it is shown; of one that has just gone without its source."""
    said = held.said
    day = f"{said.day // 10_000}-{said.day // 100 % 100:02}-{said.day % 100:02}"
    stake = Stake(said.owner, said.owned, said.share)
    source = None if gone else shown_text(said.source)
    name = uuid_text(stake_id(said.owner, said.owned))
    return StakeShown(name, said.owner, said.owned, _PERCENT.show(said.share, 0), stake.controls, day, source)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield the campaigns to which a member may reply, being their target."""
    for one in desk.book.of(Campaigns).by_id.values():
        is_asked = one.said.about is not None and one.said.about == desk.actor.member and one.replied_ms is None
        if is_asked and not CAMPAIGN_LIFE.is_final(one.state):
            yield Errand(
                uuid_text(one.id), one.said.target, "campaigns.reply", "A campaign names you: you may reply",
                "campaigns.reply", Urgency.WAITED_FOR, until_ms=one.said.review_ms,
            )  # fmt: skip


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the campaigns that wait for a motion, and those whose review date is near."""
    for one in desk.book.of(Campaigns).by_id.values():
        if one.state is CampaignState.PROPOSED:
            yield Errand(
                uuid_text(one.id), one.said.target, "campaigns.proposed",
                f"A campaign about {one.said.target} waits for the group", "campaigns.adopt", Urgency.WAITED_FOR,
                until_ms=one.said.review_ms,
            )  # fmt: skip
        elif not CAMPAIGN_LIFE.is_final(one.state) and one.said.review_ms <= desk.now + REVIEW_SOON_MS:
            yield Errand(
                uuid_text(one.id), one.said.target, "campaigns.review",
                f"The campaign about {one.said.target} ends soon", "campaigns.show", Urgency.DATE,
                until_ms=one.said.review_ms,
            )  # fmt: skip
