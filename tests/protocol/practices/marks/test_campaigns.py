# SPDX-License-Identifier: AGPL-3.0-or-later
"""Boycotts and campaigns of support: chains of control, review dates, replies, motions; what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.declaration import Actor, Publication, Role
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    MOTION_NEEDED,
    NETWORK_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    TEXT_NOT_NFC,
    Reason,
    Refused,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Body
from protocol.peers.boards import Boards, published, seers_of
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.governance.motions.refusals import RECUSED
from protocol.practices.marks.campaigns.boards import (
    STAKE_ITEMS,
    TOLD_ITEMS,
    CampaignTold,
    group_words,
    told_stakes,
)
from protocol.practices.marks.campaigns.control import Stake, covered_by, minority_of
from protocol.practices.marks.campaigns.entries import (
    CampaignCalled,
    CampaignExempted,
    CampaignKind,
    CampaignMoved,
    CampaignReplied,
    CampaignsFollowed,
    CampaignState,
    StakeRemoved,
    StakeSaid,
)
from protocol.practices.marks.campaigns.force import campaigns_in_force
from protocol.practices.marks.campaigns.refusals import (
    CAMPAIGN_RUNS,
    CAMPAIGNS_FULL,
    NOT_COVERED,
    REVIEW_TO_COME,
    REVIEW_TOO_FAR,
    STAKES_ABOVE_WHOLE,
)
from protocol.practices.marks.campaigns.state import CAMPAIGNS_MAX, STAKES_MAX, Campaigns
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
from tests.protocol.practices.credit.club import Club, club
from tests.protocol.practices.desk import NETWORK, copy_of, snapshot

P_OWNS_Q = SayStake("p", "q", "60%", "trade register", "2026-11-30")
Q_OWNS_R = SayStake("q", "r", "55%", "trade register", "2026-11-30")


@pytest.fixture
def group() -> Club:
    return club()


def call(group: Club, **changed: Any) -> CallCampaign:
    told: dict[str, Any] = {
        "kind": CampaignKind.BOYCOTT, "target": "p", "demand": "Pay the growers", "evidence": "report of 2026",
        "review_at": group.now + 90 * DAY_MS, "member": "ana",
    }  # fmt: skip
    return CallCampaign(**(told | changed))


def called(group: Club, **changed: Any) -> str:
    return group.do("steward", "campaigns.create", call(group, **changed)).id


def adopted(group: Club, **changed: Any) -> str:
    name = called(group, **changed)
    group.decide("campaigns.adopt", AdoptCampaign(), name)
    return name


def stakes(group: Club) -> None:
    for one in (P_OWNS_Q, Q_OWNS_R):
        group.do("steward", "stakes.create", one)


def show(group: Club, name: str) -> Any:
    return group.view("ana", "campaigns.show", name)


def names(group: Club) -> list[tuple[str, str]]:
    """Return who counts as boycotted now, and why."""
    return [(name, one.why(name)) for one in campaigns_in_force(group.book, group.now) for name in one.names]


def test_r_is_covered_though_the_product_is_a_third(group: Club) -> None:
    stakes(group)
    name = adopted(group)
    shown = show(group, name)
    assert (shown.state, shown.counts) == (CampaignState.ADOPTED, True)
    assert [(one.name, one.chain, one.product) for one in shown.covers] == [
        ("p", "", "100%"),
        ("q", "p owns 60% of q", "60%"),
        ("r", "p owns 60% of q, q owns 55% of r", "33%"),
    ]
    assert [name for name, _ in names(group)] == ["p", "q", "r"]
    assert names(group)[2][1].endswith(": p owns 60% of q, q owns 55% of r")
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_each_link_is_over_half_and_minority_stakes_are_shown() -> None:
    held = [Stake("p", "q", 5_000), Stake("p", "s", 5_001), Stake("s", "t", 3_000), Stake("x", "p", 9_000)]
    covered = covered_by("p", held)
    assert [one.name for one in covered] == ["p", "s"], "half is not control, and nobody is covered upwards"
    assert minority_of(covered, held) == [Stake("p", "q", 5_000), Stake("s", "t", 3_000)]


def test_a_ring_of_owners_ends() -> None:
    ring = [Stake("p", "q", 9_000), Stake("q", "r", 9_000), Stake("r", "p", 9_000)]
    assert [one.name for one in covered_by("p", ring)] == ["p", "q", "r"]


def test_the_nearest_chain_is_told_whatever_the_order() -> None:
    held = [Stake("p", "a", 6_000), Stake("p", "b", 6_000), Stake("a", "c", 6_000), Stake("c", "d", 6_000),
            Stake("b", "d", 7_000)]  # fmt: skip
    for told in (held, held[::-1]):
        assert covered_by("p", told)[-1].said == "p owns 60% of b, b owns 70% of d"


def test_past_its_review_date_it_expires_by_itself(group: Club) -> None:
    name = adopted(group)
    review_ms = show(group, name).review_at
    group.now = review_ms - 1
    assert [who for who, _ in names(group)] == ["p"]
    group.now = review_ms
    assert names(group) == [], "no tick is needed"
    assert (show(group, name).state, show(group, name).counts) == (CampaignState.EXPIRED, False)
    group.pass_time(review_ms)
    assert group.book.of(Campaigns).by_id[_id(name)].state is CampaignState.EXPIRED
    assert group.written[-1].body == CampaignMoved(_id(name), CampaignState.EXPIRED)
    assert group.refusal("steward", "campaigns.suspend", SuspendCampaign(), name) is STATE_CONFLICT
    assert called(group) != name, "it may be called for again"


def test_its_words_are_the_groups_until_it_is_adopted(group: Club) -> None:
    name = called(group)
    assert (show(group, name).demand, show(group, name).evidence) == ("Pay the growers", "report of 2026")
    group.pass_time(group.now + 1)
    assert [seers_of(item).value for _, item, _ in published(group.book, TOLD_ITEMS)] == ["group"]
    stakes(group)
    group.decide("campaigns.adopt", AdoptCampaign(), name)
    group.pass_time(group.now + 1)
    assert sorted(seers_of(item).value for _, item, _ in published(group.book, TOLD_ITEMS)) == ["everybody", "group"]
    [(_, item, told)] = published(group.book, STAKE_ITEMS)
    assert [(one.owner, one.owned, one.share) for one in told.stakes] == [("p", "q", 6_000), ("q", "r", 5_500)]  # type: ignore[attr-defined]
    assert item.said.not_after == show(group, name).review_at
    before = group.book.of(Boards).changes
    group.pass_time(group.now + 1)
    assert group.book.of(Boards).changes == before, "nothing is told twice"
    group.decide("campaigns.suspend", SuspendCampaign(), name)
    group.pass_time(group.now + 1)
    assert [seers_of(item).value for _, item, _ in published(group.book, TOLD_ITEMS)] == ["group"]
    group.decide("campaigns.resume", ResumeCampaign(), name)
    group.pass_time(group.now + 1)
    assert len(list(published(group.book, TOLD_ITEMS))) == 2
    group.set("campaigns.published", "nothing")
    group.pass_time(group.now + 1)
    assert len(list(published(group.book, TOLD_ITEMS))) == 1


def test_words_that_are_not_those_called_for_are_not_told(group: Club) -> None:
    name = called(group)
    one = next(iter(group.book.of(Campaigns).by_id.values()))
    [(_, item, body)] = published(group.book, TOLD_ITEMS)
    assert isinstance(body, CampaignTold) and body.words == one.said.words
    group.pin(Publication(item.said.item, replace(body, demand="Close it"), item.said.not_after, item.said.seen_by))
    assert group_words(group.book, one) is None and show(group, name).demand is None


def test_the_target_replies_and_does_not_vote(group: Club) -> None:
    group.admit("dora", custodial=True)
    name = called(group, target="dora")
    assert [one.sentence for one in _errands(group, "dora")] == ["campaigns.reply"]
    motion = group.do("steward", "campaigns.adopt", AdoptCampaign(), name)
    refused = group.ask("dora", "motions.vote", Vote(_id(motion.id), Ballot.NO), motion.id)
    assert isinstance(refused, Refused) and refused.reason is RECUSED
    assert group.refusal("bia", "campaigns.reply", ReplyCampaign("no"), name) is FORBIDDEN
    assert group.refusal(Actor(Role.COMMITTEE), "campaigns.reply", ReplyCampaign("no"), name) is FORBIDDEN
    assert group.refusal("dora", "campaigns.reply", ReplyCampaign(" "), name) is MALFORMED
    shown = group.do("dora", "campaigns.reply", ReplyCampaign("We pay since May"), name)
    assert (shown.reply, shown.replied_at) == ("We pay since May", group.now)
    assert not _errands(group, "dora")
    assert group.do("dora", "campaigns.reply", ReplyCampaign("We pay since June"), name).reply == "We pay since June"


def test_who_coordinates_brings_the_reply_of_one_outside(group: Club) -> None:
    name = called(group)
    assert group.refusal("ana", "campaigns.reply", ReplyCampaign("no"), name) is FORBIDDEN
    assert group.do("steward", "campaigns.reply", ReplyCampaign("By letter: no"), name).reply == "By letter: no"


def test_support_is_the_same_with_the_opposite_sign(group: Club) -> None:
    name = adopted(group, kind=CampaignKind.SUPPORT, target="bakery")
    [one] = campaigns_in_force(group.book, group.now)
    assert (one.kind, one.covers("bakery"), uuid_text(one.campaign)) == (CampaignKind.SUPPORT, True, name)
    assert one.why("bakery").startswith("support of bakery by ")
    called(group, target="bakery")


def test_the_group_exempts_one_that_is_covered(group: Club) -> None:
    stakes(group)
    name = adopted(group)
    assert group.refusal("steward", "campaigns.exempt", ExemptCampaign("z"), name) is NOT_COVERED
    assert group.refusal("steward", "campaigns.exempt", ExemptCampaign("r", exempt=False), name) is NOT_COVERED
    group.decide("campaigns.exempt", ExemptCampaign("r"), name)
    [one] = campaigns_in_force(group.book, group.now)
    assert [one.covers(who) for who in ("p", "q", "r")] == [True, True, False]
    assert [who.exempt for who in show(group, name).covers] == [False, False, True]
    group.decide("campaigns.exempt", ExemptCampaign("r", exempt=False), name)
    [one] = campaigns_in_force(group.book, group.now)
    assert one.covers("r")
    group.decide("campaigns.win", WinCampaign(), name)
    assert group.refusal("steward", "campaigns.exempt", ExemptCampaign("r"), name) is STATE_CONFLICT
    assert group.refusal("steward", "campaigns.exempt", ExemptCampaign("r"), uuid_text(bytes(16))) is NOT_FOUND


def test_who_called_withdraws_before_it_is_adopted_and_its_words_go(group: Club) -> None:
    name = called(group)
    assert group.refusal("bia", "campaigns.withdraw", WithdrawCampaign(), name) is FORBIDDEN
    shown = group.do("ana", "campaigns.withdraw", WithdrawCampaign(), name)
    assert (shown.state, show(group, name).demand) == (CampaignState.WITHDRAWN, None)
    later = adopted(group)
    assert group.refusal("ana", "campaigns.withdraw", WithdrawCampaign(), later) is STATE_CONFLICT


def test_each_step_has_its_state(group: Club) -> None:
    name = called(group)
    for verb, wish in (("suspend", SuspendCampaign()), ("resume", ResumeCampaign()), ("win", WinCampaign())):
        assert group.refusal("steward", f"campaigns.{verb}", wish, name) is STATE_CONFLICT
    group.decide("campaigns.adopt", AdoptCampaign(), name)
    assert group.refusal("steward", "campaigns.adopt", AdoptCampaign(), name) is STATE_CONFLICT
    assert group.refusal("steward", "campaigns.resume", ResumeCampaign(), name) is STATE_CONFLICT
    group.decide("campaigns.suspend", SuspendCampaign(), name)
    assert group.refusal("steward", "campaigns.adopt", AdoptCampaign(), name) is STATE_CONFLICT
    assert names(group) == []
    group.decide("campaigns.win", WinCampaign(), name)
    assert show(group, name).state is CampaignState.WON
    assert group.refusal("steward", "campaigns.adopt", AdoptCampaign(), uuid_text(bytes(16))) is NOT_FOUND


def test_what_is_refused_of_a_call(group: Club) -> None:
    def refused(**changed: Any) -> Reason:
        return group.refusal("steward", "campaigns.create", call(group, **changed))

    before = snapshot(group.book)
    assert refused(target="P") is MALFORMED
    assert refused(demand="  ") is MALFORMED
    assert refused(evidence="x" * 141) is MALFORMED
    assert refused(demand="e\u0301") is TEXT_NOT_NFC
    assert refused(review_at=group.now) is REVIEW_TOO_FAR
    assert refused(review_at=group.now + 365 * DAY_MS + 1) is REVIEW_TOO_FAR
    assert refused(about="nobody") is MEMBER_UNKNOWN
    assert group.refusal("bia", "campaigns.create", call(group)) is FORBIDDEN, "nobody calls in another's name"
    assert snapshot(group.book) == before
    called(group, review_at=group.now + 365 * DAY_MS)
    assert refused() is CAMPAIGN_RUNS
    state = group.book.of(Campaigns)
    [one] = state.by_id.values()
    kept = dict(state.by_id)
    state.by_id.update((bytes([n % 256, n // 256]) * 8, one) for n in range(CAMPAIGNS_MAX - 1))
    assert refused(target="other") is CAMPAIGNS_FULL
    state.by_id = kept


def test_what_is_refused_of_a_stake(group: Club) -> None:
    stakes(group)

    def refused(owner: str = "x", owned: str = "q", share: str = "40%", **changed: Any) -> Reason:
        told = {"source": "register", "day": "2026-11-30"} | changed
        return group.refusal("steward", "stakes.create", SayStake(owner, owned, share, **told))

    assert refused(share="40.01%") is STAKES_ABOVE_WHOLE
    assert refused(share="0%") is MALFORMED
    assert refused(share="0.4") is MALFORMED
    assert refused(owner="q") is MALFORMED
    assert refused(owner="Q Ltd") is MALFORMED
    assert refused(day="2026-02-30") is MALFORMED
    assert refused(day="soon") is MALFORMED
    assert refused(source="") is MALFORMED
    assert group.refusal("ana", "stakes.create", P_OWNS_Q) is FORBIDDEN
    told = group.ask("steward", "stakes.create", SayStake("x", "q", "50%", "register", "2026-11-30"))
    assert (told.figures["held"], told.figures["available"]) == ("60%", "40%")
    shown = group.do("steward", "stakes.create", SayStake("x", "q", "40%", "register", "2026-11-30"))
    assert (shown.share, shown.controls, shown.day) == ("40%", False, "2026-11-30")
    assert (
        group.do("steward", "stakes.create", SayStake("p", "q", "59.99%", "register", "2026-12-01")).day == "2026-12-01"
    )
    listed = group.listed("ana", "stakes.list", StakesWanted("q"))
    assert [(one.owner, one.owned) for one in listed] == [("p", "q"), ("q", "r"), ("x", "q")]
    group.do("steward", "stakes.remove", RemoveStake(), shown.id)
    assert group.refusal("steward", "stakes.remove", RemoveStake(), shown.id) is NOT_FOUND
    assert group.view("ana", "stakes.show", shown.id).reason is NOT_FOUND
    held = group.book.of(Campaigns).stakes
    some = next(iter(held.values()))
    group.book.of(Campaigns).stakes = held | {(f"o{n}", "z"): some for n in range(STAKES_MAX)}
    assert refused(owned="y") is CAMPAIGNS_FULL
    group.book.of(Campaigns).stakes = held


def test_what_no_node_takes(group: Club) -> None:
    name = _id(called(group))
    one = group.book.of(Campaigns).by_id[name]
    said, ana = one.said, group.member("ana").id
    none = bytes(16)
    refused: list[tuple[Body, Reason]] = [
        (said, DUPLICATE),
        (CampaignCalled(none, said.kind, "Z!", None, ana, bytes(32), said.review_ms), MALFORMED),
        (CampaignCalled(none, said.kind, "z", None, "nobody", bytes(32), said.review_ms), MEMBER_UNKNOWN),
        (CampaignCalled(none, said.kind, "z", "nobody", ana, bytes(32), said.review_ms), MEMBER_UNKNOWN),
        (CampaignCalled(none, said.kind, "z", None, ana, bytes(32), group.now), REVIEW_TOO_FAR),
        (CampaignCalled(none, said.kind, "p", None, ana, bytes(32), said.review_ms), CAMPAIGN_RUNS),
        (CampaignMoved(name, CampaignState.ADOPTED), MOTION_NEEDED),
        (CampaignMoved(name, CampaignState.WON), STATE_CONFLICT),
        (CampaignMoved(name, CampaignState.EXPIRED), REVIEW_TO_COME),
        (CampaignMoved(none, CampaignState.ADOPTED), NOT_FOUND),
        (CampaignReplied(none, None), NOT_FOUND),
        (CampaignReplied(name, ana), MALFORMED),
        (CampaignExempted(NETWORK, name, "p", exempt=True), MOTION_NEEDED),
        (CampaignExempted(NETWORK, name, "P", exempt=True), MALFORMED),
        (CampaignsFollowed(NETWORK, None, follows=True), MALFORMED),
        (CampaignsFollowed(bytes(32), None, follows=True), MOTION_NEEDED),
        (StakeSaid("p", "q", 1, 20_261_301, bytes(32)), MALFORMED),
        (StakeRemoved("p", "q"), NOT_FOUND),
    ]
    for body, reason in refused:
        assert group.check(body) is reason, body
    group.do("ana", "campaigns.withdraw", WithdrawCampaign(), uuid_text(name))
    assert group.check(CampaignReplied(name, None)) is STATE_CONFLICT
    group.book.members[ana].state = group.book.members[ana].state.__class__.SUSPENDED
    assert group.check(CampaignCalled(none, said.kind, "z", None, ana, bytes(32), said.review_ms)) is MEMBER_NOT_ACTIVE


def test_other_networks_are_followed_by_motion(group: Club) -> None:
    assert group.refusal("steward", "campaign-follows.create", FollowCampaigns("nowhere")) is NETWORK_UNKNOWN
    assert group.refusal("steward", "campaign-follows.stop", UnfollowCampaigns(), "nonsense") is NOT_FOUND
    assert group.listed("ana", "campaign-follows.list", FollowsWanted()) == []
    assert group.view("ana", "campaign-follows.show", "nonsense").reason is NOT_FOUND


def test_lists_and_the_week(group: Club) -> None:
    stakes(group)
    name = called(group)
    assert [one.sentence for one in _errands(group, "steward", ErrandSpan.WEEK)] == ["campaigns.proposed"]
    group.decide("campaigns.adopt", AdoptCampaign(), name)
    assert _errands(group, "steward", ErrandSpan.WEEK) == []
    group.now = show(group, name).review_at - 14 * DAY_MS
    assert [one.sentence for one in _errands(group, "steward", ErrandSpan.WEEK)] == ["campaigns.review"]
    assert [one.id for one in group.listed("ana", "campaigns.list", CampaignsWanted(target="r"))] == [name]
    assert group.listed("ana", "campaigns.list", CampaignsWanted(target="z")) == []
    assert group.listed("ana", "campaigns.list", CampaignsWanted(state="won")) == []
    assert {one.type for one in group.news} >= {"campaign.called", "campaign.moved"}


def test_as_many_stakes_are_told_as_an_item_holds() -> None:
    held = [Stake("p", f"m{n}", 100) for n in range(12)] + [Stake("p", "q", 6_000)]
    told = told_stakes(held, "p")
    assert len(told) == 10 and told[0].owned == "q", "links of control go first"


def test_the_longest_campaign_fits_on_the_board(group: Club) -> None:
    name = called(group, demand="𝔐" * 280, evidence="𝔐" * 140, target="a" * 64)
    assert show(group, name).demand == "𝔐" * 280
    assert group.do("steward", "campaigns.reply", ReplyCampaign("𝔐" * 450), name).reply == "𝔐" * 450


def _errands(group: Club, who: str, span: ErrandSpan = ErrandSpan.TODAY) -> list[Any]:
    found = group.listed(who, "errands.list", ErrandsWanted(span))
    return [one for one in found if one.sentence.startswith("campaigns.")]


def _id(name: str) -> bytes:
    found = parse_uuid(name)
    assert found is not None
    return found
