# SPDX-License-Identifier: AGPL-3.0-or-later
"""Campaigns travel on boards: another network follows those that it chooses, and they vanish when they are over."""

from typing import Any

import pytest
from simulation.groups import exchange
from simulation.world import World

from protocol.book.declaration import Actor, Refused, Role
from protocol.book.signed import parse_uuid
from protocol.book.timezones import DAY_MS
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.marks.campaigns.entries import CampaignKind
from protocol.practices.marks.campaigns.force import campaigns_in_force
from protocol.practices.marks.campaigns.wishes import (
    AdoptCampaign,
    CallCampaign,
    CampaignsWanted,
    ExemptCampaign,
    FollowCampaigns,
    ReplyCampaign,
    SayStake,
    SuspendCampaign,
    UnfollowCampaigns,
)


@pytest.fixture
def world() -> World:
    world = World()
    for name in ("riacho", "serra"):
        exchange(world, name, name.upper()[:4], "ana")
    world.join("riacho", "serra")
    world.tick(2)
    return world


def decide(world: World, name: str, operation: str, wish: Any, subject: str = "") -> None:
    """Let a group of one vote for something, and a week pass."""
    motion = world.granted(name, operation, wish, subject=subject)
    ana = Actor(Role.MEMBER, world.nodes[name].replica.book.member_by_handle["ana"])
    vote = Vote(parse_uuid(motion.id) or b"", Ballot.YES)
    world.granted(name, "motions.vote", vote, subject=motion.id, actor=ana)
    world.now += 7 * DAY_MS
    world.tick(3)


def called(world: World, target: str = "p") -> str:
    ana = Actor(Role.MEMBER, world.nodes["riacho"].replica.book.member_by_handle["ana"])
    wish = CallCampaign(CampaignKind.BOYCOTT, target, "Pay the growers", "report of 2026", world.now + 90 * DAY_MS)
    return world.granted("riacho", "campaigns.create", wish, actor=ana).id


def listed(world: World, name: str) -> list[Any]:
    return list(world.granted(name, "campaigns.list", CampaignsWanted()).items)


def names(world: World, name: str) -> list[str]:
    book = world.nodes[name].replica.book
    return [who for one in campaigns_in_force(book, world.now) for who in one.names if one.covers(who)]


def stake(world: World, name: str, owner: str, owned: str, share: str) -> None:
    world.granted(name, "stakes.create", SayStake(owner, owned, share, "register", "2026-11-30"))


def test_a_campaign_is_followed_with_its_chain_and_the_targets_reply(world: World) -> None:
    campaign = called(world)
    stake(world, "riacho", "p", "q", "60%")
    stake(world, "riacho", "p", "s", "20%")
    stake(world, "serra", "q", "r", "55%")
    world.tick(2)
    assert listed(world, "serra") == [], "what is proposed is the own group's"
    decide(world, "riacho", "campaigns.adopt", AdoptCampaign(), campaign)
    world.granted("riacho", "campaigns.reply", ReplyCampaign("We pay since May"), subject=campaign)
    world.tick(3)
    [shown] = listed(world, "serra")
    assert (shown.id, shown.handle, shown.demand, shown.reply) == (
        campaign, "riacho", "Pay the growers", "We pay since May",
    )  # fmt: skip
    assert (shown.counts, shown.caller, shown.state) == (False, None, "adopted")
    assert [one.name for one in shown.covers] == ["p", "q", "r"], "riacho knows of q, and serra of r"
    assert [(one.owned, one.share) for one in shown.minority] == [("s", "20%")]
    assert names(world, "serra") == []
    decide(world, "serra", "campaign-follows.create", FollowCampaigns("riacho"))
    assert names(world, "serra") == ["p", "q", "r"]
    decide(world, "serra", "campaigns.exempt", ExemptCampaign("r"), campaign)
    assert names(world, "serra") == ["p", "q"]
    assert names(world, "riacho") == ["p", "q"]
    stake(world, "serra", "p", "q", "40%")
    assert names(world, "serra") == ["p"], "what serra itself knows goes before"
    world.restart("serra")
    assert names(world, "serra") == ["p"]
    decide(world, "riacho", "campaigns.suspend", SuspendCampaign(), campaign)
    assert (names(world, "serra"), listed(world, "serra")) == ([], []), "it vanishes everywhere"


def test_past_its_review_date_it_is_gone_there_too_though_the_link_is_cut(world: World) -> None:
    decide(world, "serra", "campaign-follows.create", FollowCampaigns("riacho"))
    decide(world, "riacho", "campaigns.adopt", AdoptCampaign(), called(world))
    assert names(world, "serra") == ["p"]
    world.cut("riacho", "serra")
    world.now += 90 * DAY_MS
    assert names(world, "serra") == []
    world.tick(2)
    assert listed(world, "serra") == []


def test_a_network_follows_one_campaign_or_all_but_one(world: World) -> None:
    first, second = called(world), called(world, "z")
    for one in (first, second):
        decide(world, "riacho", "campaigns.adopt", AdoptCampaign(), one)
    decide(world, "serra", "campaign-follows.create", FollowCampaigns("riacho", first))
    assert names(world, "serra") == ["p"]
    follow = world.granted("serra", "campaign-follows.list").items[0].id
    decide(world, "serra", "campaign-follows.stop", UnfollowCampaigns(), follow)
    assert names(world, "serra") == []
    decide(world, "serra", "campaign-follows.create", FollowCampaigns("riacho"))
    assert names(world, "serra") == ["z"], "what was left out stays out"
    all_of = follow.partition(".")[0]
    decide(world, "serra", "campaign-follows.stop", UnfollowCampaigns(), all_of)
    assert names(world, "serra") == []
    refused = world.ask("serra", "campaign-follows.create", FollowCampaigns("riacho", "nonsense"))
    assert isinstance(refused, Refused) and refused.reason.code == "NOT_FOUND"
