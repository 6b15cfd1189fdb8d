# SPDX-License-Identifier: AGPL-3.0-or-later
"""What holds of campaigns on every node: who may move one, when it is over, that nobody owns more than the whole."""

import re
from collections.abc import Iterable, Sequence
from datetime import date

from protocol.book.agenda import Agenda
from protocol.book.book import Book
from protocol.book.declaration import Entered, News, ungated
from protocol.book.gates import UnderMotion
from protocol.book.ledger import Posting
from protocol.book.parameters import Percentage
from protocol.book.private import Owned
from protocol.book.refusals import (
    DUPLICATE,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Body, Millis
from protocol.practices.marks.campaigns.boards import CampaignTelling
from protocol.practices.marks.campaigns.entries import (
    CAMPAIGN_NAME,
    REVIEW_DAYS_MAX,
    STAKE_WHOLE,
    CampaignCalled,
    CampaignExempted,
    CampaignMoved,
    CampaignReplied,
    CampaignsFollowed,
    CampaignsSaid,
    CampaignState,
    StakeRemoved,
    StakeSaid,
)
from protocol.practices.marks.campaigns.refusals import (
    CAMPAIGN_RUNS,
    REVIEW_TO_COME,
    REVIEW_TOO_FAR,
    STAKES_ABOVE_WHOLE,
)
from protocol.practices.marks.campaigns.state import (
    CAMPAIGN_GATE,
    CAMPAIGN_LIFE,
    Campaign,
    Campaigns,
    FollowHeld,
    StakeHeld,
    stake_id,
    stake_source_owner,
)
from protocol.wire.keys import id_text

CAMPAIGNS = "campaigns"
_HOUR_MS = DAY_MS // 24
ALONE = (CampaignState.WITHDRAWN, CampaignState.EXPIRED)
"""To where a campaign comes without a motion: by its caller, or as its day has come."""
_PERCENT = Percentage()


def check(book: Book, entered: Entered) -> Reason | None:
    body = entered.body
    assert isinstance(body, CampaignsSaid)
    refused = book.misplaced(entered) or campaign_refusal(book, body, entered.at_ms)
    return refused.reason if refused else None


def campaign_refusal(book: Book, body: CampaignsSaid, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case CampaignCalled():
            return _against_call(book, body, at_ms)
        case CampaignMoved():
            return _against_move(book, body, at_ms)
        case CampaignReplied():
            return _against_reply(book, body)
        case CampaignExempted():
            return _misnamed(body.name) or ungated(book, CAMPAIGN_GATE)
        case CampaignsFollowed():
            if body.network == book.network:
                return refuse(MALFORMED, field="network", expected="another network")
            return ungated(book, CAMPAIGN_GATE)
        case StakeSaid():
            return _against_stake(book, body)
        case StakeRemoved():
            return None if (body.owner, body.owned) in book.of(Campaigns).stakes else refuse(NOT_FOUND)


def _misnamed(*names: str) -> Refused | None:
    wrong = any(re.fullmatch(CAMPAIGN_NAME, one) is None for one in names)
    return refuse(MALFORMED, field="target", expected="a short name such as acme, or network/acme") if wrong else None


def _against_call(book: Book, body: CampaignCalled, at_ms: Millis) -> Refused | None:
    state = book.of(Campaigns)
    if refused := _misnamed(body.target):
        return refused
    if body.campaign in state.by_id:
        return refuse(DUPLICATE)
    for name in (body.caller, body.about):
        if name is not None and name not in book.members:
            return refuse(MEMBER_UNKNOWN, member=name)
    runs = any(
        (one.said.kind, one.said.target) == (body.kind, body.target) and not CAMPAIGN_LIFE.is_final(one.state)
        for one in state.by_id.values()
    )
    is_near = at_ms < body.review_ms <= at_ms + REVIEW_DAYS_MAX * DAY_MS
    return foremost(
        refuse(CAMPAIGN_RUNS, target=body.target) if runs else None,
        book.members[body.caller].inactive(),
        None if is_near else refuse(REVIEW_TOO_FAR, maximum=REVIEW_DAYS_MAX),
    )


def _against_move(book: Book, body: CampaignMoved, at_ms: Millis) -> Refused | None:
    one = book.of(Campaigns).by_id.get(body.campaign)
    if one is None:
        return refuse(NOT_FOUND)
    if body.to not in CAMPAIGN_LIFE.ends(one.state, body.KIND):
        return refuse(STATE_CONFLICT, state=one.state.value)
    if body.to is CampaignState.EXPIRED and at_ms < one.said.review_ms:
        return refuse(REVIEW_TO_COME, hours=-(-(one.said.review_ms - at_ms) // _HOUR_MS))
    return None if body.to in ALONE else ungated(book, CAMPAIGN_GATE)


def _against_reply(book: Book, body: CampaignReplied) -> Refused | None:
    one = book.of(Campaigns).by_id.get(body.campaign)
    if one is None:
        return refuse(NOT_FOUND)
    if body.member is not None and body.member != one.said.about:
        return refuse(MALFORMED, field="member", expected="the campaign's target")
    return CAMPAIGN_LIFE.conflict(one.state, body.KIND)


def _against_stake(book: Book, body: StakeSaid) -> Refused | None:
    if refused := _misnamed(body.owner, body.owned):
        return refused
    if body.owner == body.owned:
        return refuse(MALFORMED, field="owned", expected="another than the owner")
    if not _is_day(body.day):
        return refuse(MALFORMED, field="day", expected="a day, such as 2026-11-30")
    others = sum(
        one.said.share
        for (owner, owned), one in book.of(Campaigns).stakes.items()
        if owned == body.owned and owner != body.owner
    )
    if others + body.share > STAKE_WHOLE:
        held, available = (_PERCENT.show(one, 0) for one in (others, STAKE_WHOLE - others))
        return refuse(STAKES_ABOVE_WHOLE, owned=body.owned, held=held, available=available)
    return None


def _is_day(day: int) -> bool:
    try:
        date(day // 10_000, day // 100 % 100, day % 100)
    except ValueError:
        return False
    return True


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, state = entered.body, book.of(Campaigns)
    assert isinstance(body, CampaignsSaid)
    book.of(CampaignTelling).is_stale = True
    match body:
        case CampaignCalled():
            begun = CAMPAIGN_LIFE.after(None, body.KIND)
            state.by_id[body.campaign] = Campaign(body, entered.seq, entered.at_ms, begun)
            book.of(Agenda).put(CAMPAIGNS, body.campaign, body.review_ms)
        case CampaignMoved():
            _move(book, state.by_id[body.campaign], body, entered.at_ms)
        case CampaignReplied():
            one = state.by_id[body.campaign]
            one.state, one.replied_ms = CAMPAIGN_LIFE.after(one.state, body.KIND), entered.at_ms
        case CampaignExempted():
            place = body.network, body.campaign
            others = tuple(one for one in state.exempt.pop(place, ()) if one != body.name)
            exempt = tuple(sorted((*others, body.name))) if body.exempt else others
            if exempt:
                state.exempt[place] = exempt
        case CampaignsFollowed():
            state.follows[body.network, body.campaign] = FollowHeld(
                entered.seq, entered.at_ms, body.network, body.campaign, body.follows
            )
        case StakeSaid():
            before = state.stakes.get((body.owner, body.owned))
            arrival = entered.seq if before is None else before.arrival
            state.stakes[body.owner, body.owned] = StakeHeld(arrival, body)
        case StakeRemoved():
            del state.stakes[body.owner, body.owned]
    return ()


def _move(book: Book, one: Campaign, body: CampaignMoved, at_ms: Millis) -> None:
    one.state = CAMPAIGN_LIFE.after(one.state, body.KIND, body.to)
    if body.to not in ALONE:
        one.motion = book.of(UnderMotion).motion
    if body.to is CampaignState.ADOPTED and one.adopted_ms is None:
        one.adopted_ms = at_ms
    if CAMPAIGN_LIFE.is_final(one.state):
        book.of(Agenda).put(CAMPAIGNS, one.id, None)


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell all members of a campaign that is called for or has come on, and its target that it may reply."""
    body, everybody = entered.body, tuple(book.members)
    assert isinstance(body, CampaignsSaid)
    match body:
        case CampaignCalled():
            yield News("campaign.called", uuid_text(body.campaign), everybody)
        case CampaignMoved():
            yield News("campaign.moved", uuid_text(body.campaign), everybody, {"state": body.to.value})
        case CampaignReplied():
            yield News("campaign.replied", uuid_text(body.campaign), everybody)
        case CampaignExempted():
            yield News("campaign.exempted", uuid_text(body.campaign), everybody, {"name": body.name})
        case CampaignsFollowed():
            yield News("campaign.followed", follow_name(body.network, body.campaign), everybody)
        case StakeSaid() | StakeRemoved():
            pass


def follow_name(network: bytes, campaign: bytes | None) -> str:
    """Return the id under which it is shown that something is followed."""
    return id_text(network) if campaign is None else f"{id_text(network)}.{uuid_text(campaign)}"


def owned_source(book: Book, body: Body) -> Iterable[Owned]:
    """Yield where a stake was read: each text is its own owner's, so that it goes alone."""
    del book
    assert isinstance(body, StakeSaid)
    yield Owned(body.source, stake_source_owner(body.source), f"stakes/{uuid_text(stake_id(body.owner, body.owned))}")
