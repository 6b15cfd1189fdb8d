# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is planned of campaigns at their home: who may ask, and what goes on the board."""

from collections.abc import Iterable, Iterator

from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Role, Write
from protocol.book.parameters import Percentage
from protocol.book.personal import NOTE_CHARS_MAX, salted, text_refusal
from protocol.book.refusals import FORBIDDEN, MALFORMED, NOT_FOUND, STATE_CONFLICT, Refused, foremost, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Body
from protocol.practices.between.announcements import board_full
from protocol.practices.between.networks.known import find_network
from protocol.practices.marks.campaigns.boards import (
    SALT_LENGTH,
    CampaignTold,
    ReplyTold,
    for_group,
    heard_campaigns,
    withdrawn_words,
    words_digest,
)
from protocol.practices.marks.campaigns.entries import (
    DEMAND_CHARS_MAX,
    EVIDENCE_CHARS_MAX,
    REPLY_CHARS_MAX,
    CampaignCalled,
    CampaignExempted,
    CampaignMoved,
    CampaignReplied,
    CampaignsFollowed,
    CampaignState,
    StakeRemoved,
    StakeSaid,
)
from protocol.practices.marks.campaigns.force import CampaignInForce, campaign_in_force
from protocol.practices.marks.campaigns.refusals import CAMPAIGNS_FULL, NOT_COVERED
from protocol.practices.marks.campaigns.rules import campaign_refusal, follow_name
from protocol.practices.marks.campaigns.state import (
    CAMPAIGN_LIFE,
    CAMPAIGNS_MAX,
    STAKES_MAX,
    Campaign,
    Campaigns,
    campaign_of,
    stake_id,
    stake_source_owner,
)
from protocol.practices.marks.campaigns.views import stake_held, stake_shown
from protocol.practices.marks.campaigns.wishes import (
    AdoptCampaign,
    CallCampaign,
    ExemptCampaign,
    FollowCampaigns,
    RemoveStake,
    ReplyCampaign,
    ResumeCampaign,
    SayStake,
    SuspendCampaign,
    UnfollowCampaigns,
    WinCampaign,
    WithdrawCampaign,
)
from protocol.practices.people.authority import acts_for, speaks_as
from protocol.wire.keys import parse_id

MODERATORS = frozenset({Role.STEWARD, Role.COMMITTEE})
NAMES_TOLD_MAX = 5
_PERCENT = Percentage(least=1)


def plan_call(desk: Desk, wish: CallCampaign) -> Plan | Refused:
    book = desk.book
    caller = speaks_as(desk, wish.member)
    about = _about(book, wish)
    running = sum(not CAMPAIGN_LIFE.is_final(one.state) for one in book.of(Campaigns).by_id.values())
    refused = foremost(
        *(one for one in (caller, about) if isinstance(one, Refused)),
        _unsaid("demand", wish.demand, DEMAND_CHARS_MAX),
        _unsaid("evidence", wish.evidence, EVIDENCE_CHARS_MAX),
    )
    if refused is not None or isinstance(caller, Refused) or isinstance(about, Refused):
        return refused or refuse(NOT_FOUND)
    if running >= CAMPAIGNS_MAX:
        return refuse(CAMPAIGNS_FULL, maximum=CAMPAIGNS_MAX)
    salt, name = desk.chance(SALT_LENGTH), book.drawn(drawn_id(desk.chance))
    body = CampaignCalled(
        name, wish.kind, wish.target, about, caller.id, words_digest(salt, wish.demand, wish.evidence), wish.review_at
    )
    told = CampaignTold(name, wish.kind, wish.target, wish.demand, wish.evidence, salt, wish.review_at)
    said = for_group(book, told, wish.review_at)
    refused = campaign_refusal(book, body, desk.now) or board_full(book, said.item)
    return refused or Plan(uuid_text(name), (Write(body),), published=(said,))


def _about(book: Book, wish: CallCampaign) -> str | Refused | None:
    """Return the member whom a campaign is about, None where its target is none."""
    if wish.about is None:
        return book.member_by_handle.get(wish.target)
    member = resolve_member(book, wish.about)
    return member if isinstance(member, Refused) else member.id


def _unsaid(field: str, text: str, chars_max: int) -> Refused | None:
    if not text.strip():
        return refuse(MALFORMED, field=field, expected="some words")
    return text_refusal(field, text, chars_max)


def plan_adopt(desk: Desk, name: str, wish: AdoptCampaign) -> Plan | Refused:
    del wish
    return _moved(desk, name, CampaignState.ADOPTED, CampaignState.PROPOSED)


def plan_suspend(desk: Desk, name: str, wish: SuspendCampaign) -> Plan | Refused:
    del wish
    return _moved(desk, name, CampaignState.SUSPENDED)


def plan_resume(desk: Desk, name: str, wish: ResumeCampaign) -> Plan | Refused:
    del wish
    return _moved(desk, name, CampaignState.ADOPTED, CampaignState.SUSPENDED)


def plan_win(desk: Desk, name: str, wish: WinCampaign) -> Plan | Refused:
    del wish
    return _moved(desk, name, CampaignState.WON)


def _moved(desk: Desk, name: str, to: CampaignState, only_from: CampaignState | None = None) -> Plan | Refused:
    """Return the plan that moves a campaign, whoever asks; from one state alone where one is told."""
    one = campaign_of(desk.book, name)
    if isinstance(one, Refused):
        return one
    body = CampaignMoved(one.id, to)
    if only_from is not None and one.state is not only_from:
        return refuse(STATE_CONFLICT, state=one.state.value)
    return campaign_refusal(desk.book, body, desk.now) or Plan(uuid_text(one.id), (Write(body),))


def plan_withdraw(desk: Desk, name: str, wish: WithdrawCampaign) -> Plan | Refused:
    del wish
    one = campaign_of(desk.book, name)
    if isinstance(one, Refused):
        return one
    if desk.actor.role not in MODERATORS and not acts_for(desk.actor, desk.book.members[one.said.caller]):
        return refuse(FORBIDDEN, allowed="who called for it, and those who coordinate")
    body = CampaignMoved(one.id, CampaignState.WITHDRAWN)
    refused = campaign_refusal(desk.book, body, desk.now)
    return refused or Plan(uuid_text(one.id), (Write(body),), published=withdrawn_words(desk.book, one.id))


def plan_reply(desk: Desk, name: str, wish: ReplyCampaign) -> Plan | Refused:
    """Return the plan that notes a reply: of a member that is the target, or as coordinators have received it."""
    book = desk.book
    one = campaign_of(book, name)
    if isinstance(one, Refused):
        return one
    about = None if one.said.about is None else book.members[one.said.about]
    is_own = about is not None and acts_for(desk.actor, about)
    if not is_own and (about is not None or desk.actor.role not in MODERATORS):
        return refuse(FORBIDDEN, allowed="its target" if about else "those who coordinate, in the target's words")
    body = CampaignReplied(one.id, None if about is None else about.id)
    said = for_group(book, ReplyTold(one.id, wish.text), one.said.review_ms)
    refused = _unsaid("text", wish.text, REPLY_CHARS_MAX) or campaign_refusal(book, body, desk.now)
    return refused or board_full(book, said.item) or Plan(uuid_text(one.id), (Write(body),), published=(said,))


def plan_exempt(desk: Desk, name: str, wish: ExemptCampaign) -> Plan | Refused:
    """Return the plan that exempts one from a campaign that counts here: ours, or one that is followed."""
    found = campaign_in_force(desk.book, parse_uuid(name) or b"", desk.now)
    if found is None:
        one = campaign_of(desk.book, name)
        if isinstance(one, Refused):
            return one
        return refuse(STATE_CONFLICT, state=one.state.value)
    if refused := _uncovered(found, wish):
        return refused
    body = CampaignExempted(found.network, found.campaign, wish.name, wish.exempt)
    return campaign_refusal(desk.book, body, desk.now) or Plan(name, (Write(body),))


def _uncovered(found: CampaignInForce, wish: ExemptCampaign) -> Refused | None:
    if wish.name in (found.names if wish.exempt else found.exempt):
        return None
    told = list(found.names if wish.exempt else found.exempt)[:NAMES_TOLD_MAX]
    return refuse(NOT_COVERED, name=wish.name, names=", ".join(told) or "nobody")


def plan_follow(desk: Desk, wish: FollowCampaigns) -> Plan | Refused:
    network = find_network(desk.book, wish.network)
    if isinstance(network, Refused):
        return network
    campaign = None if wish.campaign is None else parse_uuid(wish.campaign)
    if wish.campaign is not None:
        told = (one.told.campaign for _, one in heard_campaigns(desk.book, desk.now) if one.network == network)
        if campaign is None or campaign not in told:
            return refuse(NOT_FOUND)
    return _followed(desk, CampaignsFollowed(network, campaign, follows=True))


def plan_unfollow(desk: Desk, name: str, wish: UnfollowCampaigns) -> Plan | Refused:
    del wish
    network, campaign = named_follow(name)
    if not _is_any_followed(desk.book, network, campaign):
        return refuse(NOT_FOUND)
    return _followed(desk, CampaignsFollowed(network, campaign, follows=False))


def _is_any_followed(book: Book, network: bytes, campaign: bytes | None) -> bool:
    state = book.of(Campaigns)
    if campaign is not None:
        return state.is_followed(network, campaign)
    held = state.follows.get((network, None))
    return held is not None and held.follows


def _followed(desk: Desk, body: CampaignsFollowed) -> Plan | Refused:
    name = follow_name(body.network, body.campaign)
    return campaign_refusal(desk.book, body, desk.now) or Plan(name, (Write(body),))


def named_follow(name: str) -> tuple[bytes, bytes | None]:
    """Return the network and the campaign that the id of what is followed names; nonsense names nothing."""
    network, dot, campaign = name.partition(".")
    return parse_id(network) or b"", (parse_uuid(campaign) or b"") if dot else None


def plan_stake(desk: Desk, wish: SayStake) -> Plan | Refused:
    book = desk.book
    share, day = _PERCENT.read(wish.share, 0), _day(wish.day)
    held = book.of(Campaigns).stakes.get((wish.owner, wish.owned))
    refused = foremost(
        None if share is not None else refuse(MALFORMED, field="share", expected=_PERCENT.expected),
        None if day is not None else refuse(MALFORMED, field="day", expected="a day, such as 2026-11-30"),
        _unsaid("source", wish.source, NOTE_CHARS_MAX),
    )
    if refused is not None or share is None or share.number is None or day is None:
        return refused or refuse(MALFORMED, field="share", expected=_PERCENT.expected)
    if held is None and len(book.of(Campaigns).stakes) >= STAKES_MAX:
        return refuse(CAMPAIGNS_FULL, maximum=STAKES_MAX)
    source, texts = salted(desk, wish.source)
    assert source is not None
    body = StakeSaid(wish.owner, wish.owned, share.number, day, source)
    gone = () if held is None else (stake_source_owner(held.said.source),)
    name = uuid_text(stake_id(wish.owner, wish.owned))
    return campaign_refusal(book, body, desk.now) or Plan(name, (Write(body),), texts, erases=gone)


def _day(text: str) -> int | None:
    parts = text.split("-")
    if [len(one) for one in parts] != [4, 2, 2] or not all(one.isascii() and one.isdigit() for one in parts):
        return None
    found = int("".join(parts))
    return found if found >= 19_000_101 else None


def plan_unstake(desk: Desk, name: str, wish: RemoveStake) -> Plan | Refused:
    del wish
    held = stake_held(desk.book, name)
    if held is None:
        return refuse(NOT_FOUND)
    body: Body = StakeRemoved(held.said.owner, held.said.owned)
    return Plan(
        name, (Write(body),), erases=(stake_source_owner(held.said.source),), answer=stake_shown(held, gone=True)
    )


def agenda(desk: Desk, row: bytes) -> Iterator[Plan]:
    """End a campaign whose review date has come."""
    del desk
    yield Plan(uuid_text(row), (Write(CampaignMoved(row, CampaignState.EXPIRED)),))


def target_of(book: Book, name: str) -> Iterable[str]:
    """Yield whom a campaign is about: it has no vote on it."""
    one: Campaign | Refused = campaign_of(book, name)
    return () if isinstance(one, Refused) or one.said.about is None else (one.said.about,)
