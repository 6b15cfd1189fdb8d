# SPDX-License-Identifier: AGPL-3.0-or-later
"""What campaigns say to a ledger: called for, adopted by motions, over on their day; who owns whom."""

from dataclasses import replace
from typing import Any

from riacho import DAY_MS, Riacho
from trace_clubs import carried

from protocol.book.declaration import MotionWish
from protocol.book.signed import parse_uuid
from protocol.practices.marks.campaigns.entries import (
    STAKE_WHOLE,
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
    WinCampaign,
    WithdrawCampaign,
)
from protocol.wire.keys import id_text

NOTHING = bytes(16)
NOBODY = "X" * 16
REVIEW_DAYS = 20
LONGEST_MS = 365 * DAY_MS
STEPS: dict[str, Any] = {
    "adopt": AdoptCampaign(), "suspend": SuspendCampaign(), "resume": ResumeCampaign(), "win": WinCampaign(),
}  # fmt: skip


def campaigns(told: Riacho) -> None:
    """Boycotts that are won or over on their day, adopted or not, suspended or not; one is withdrawn."""
    _stakes(told)
    won, soon, early, idle, gone, late = (_called(told, target) for target in ("p", "q", "r", "s", "t", "u"))
    _refused(told, won)
    told.do("campaigns.reply", ReplyCampaign("By letter: no"), won)
    told.do("campaigns.withdraw", WithdrawCampaign(), gone, "bia")
    network = next(one.network for one in told.world.nodes.values() if one.network != told.network)
    steps = [(name, "adopt") for name in (won, soon, early, late)]
    steps += [(won, "suspend"), (late, "suspend")]
    follow = MotionWish("campaign-follows.create", "", FollowCampaigns(id_text(network)))
    carried(told, "Campaigns", *_wishes(steps), MotionWish("campaigns.exempt", soon, ExemptCampaign("q")), follow)
    for name in (soon, late):
        told.do("campaigns.reply", ReplyCampaign("By letter: never"), name)
    wrong = CampaignState.WITHDRAWN
    _stays(told, idle, CampaignState.SUSPENDED, CampaignState.WON, CampaignState.PROPOSED)
    _stays(told, soon, wrong, CampaignState.ADOPTED, CampaignState.PROPOSED)
    _stays(told, late, wrong, CampaignState.SUSPENDED, CampaignState.PROPOSED)
    steps = [(won, "resume"), (won, "suspend"), (won, "win"), (early, "win")]
    back = MotionWish("campaigns.exempt", soon, ExemptCampaign("q", exempt=False))
    carried(told, "Campaigns again", *_wishes(steps), back)
    day = told.said(CampaignCalled).review_ms
    expired = CampaignMoved(_id(soon), CampaignState.EXPIRED)
    told.refuse("a campaign that ends before its day", expired, "REVIEW_TO_COME", day - 1)
    told.accept("a campaign that ends on its day", expired, day)
    told.world.now = day
    told.world.tick(1)
    for name in (won, idle, gone):
        _stays(told, name, *CampaignState)
        told.refuse(
            f"a reply to a campaign that is {_state(told, name)}", CampaignReplied(_id(name), None), "STATE_CONFLICT"
        )


def _wishes(steps: list[tuple[str, str]]) -> list[MotionWish]:
    return [MotionWish(f"campaigns.{step}", name, STEPS[step]) for name, step in steps]


def _called(told: Riacho, target: str) -> str:
    until = told.world.now // DAY_MS * DAY_MS + REVIEW_DAYS * DAY_MS
    wish = CallCampaign(CampaignKind.BOYCOTT, target, "Pay the growers", "a report", until)
    return told.do("campaigns.create", wish, who="bia").id


def _stakes(told: Riacho) -> None:
    """P owns 60% of Q, and Q 55% of R."""
    for owner, owned, share in (("p", "q", "60%"), ("q", "r", "55%"), ("x", "z", "1%")):
        stake = told.do("stakes.create", SayStake(owner, owned, share, "trade register", "2026-11-30"))
    told.do("stakes.remove", RemoveStake(), stake.id)
    said = told.said(StakeSaid)
    told.refuse("a stake that nobody has told", StakeRemoved("x", "z"), "NOT_FOUND")
    rest = StakeSaid("x", "q", STAKE_WHOLE - 6_000, said.day, said.source)
    told.accept("owners of the whole", rest)
    told.refuse("owners of more than the whole", replace(rest, share=rest.share + 1), "STAKES_ABOVE_WHOLE")
    told.refuse("a stake in oneself", replace(rest, owner="q"), "MALFORMED")
    told.refuse("an owner without a short name", replace(rest, owner="X Ltd"), "MALFORMED")
    told.refuse("a stake of no day", replace(rest, day=20_260_230), "MALFORMED")


def _refused(told: Riacho, name: str) -> None:
    said = told.said(CampaignCalled)
    fine = replace(said, campaign=NOTHING, target="v")
    now = told.world.now
    for says, changed, code in (
        ("that there is", {"campaign": _id(name)}, "DUPLICATE"),
        ("about no name", {"target": "V!"}, "MALFORMED"),
        ("that nobody calls for", {"caller": NOBODY}, "MEMBER_UNKNOWN"),
        ("about a member that there is not", {"about": NOBODY}, "MEMBER_UNKNOWN"),
        ("that one who is suspended calls for", {"caller": told.id_of("dora")}, "MEMBER_NOT_ACTIVE"),
        ("a second time", {"target": "p"}, "CAMPAIGN_RUNS"),
        ("that is over at once", {"review_ms": now}, "REVIEW_TOO_FAR"),
        ("for more than a year", {"review_ms": now + LONGEST_MS + 1}, "REVIEW_TOO_FAR"),
    ):
        told.refuse(f"a campaign {says}", replace(fine, **changed), code)
    for says, until in (("a moment", now + 1), ("a year", now + LONGEST_MS)):
        told.accept(f"a campaign for {says}", replace(fine, review_ms=until))
    told.accept("support of who is boycotted", replace(fine, kind=CampaignKind.SUPPORT, target="p"))
    told.refuse("a campaign that no motion adopts", CampaignMoved(_id(name), CampaignState.ADOPTED), "MOTION_NEEDED")
    told.refuse("no campaign, adopted", CampaignMoved(NOTHING, CampaignState.ADOPTED), "NOT_FOUND")
    told.refuse("a reply to no campaign", CampaignReplied(NOTHING, None), "NOT_FOUND")
    told.refuse("a reply of one who is not its target", CampaignReplied(_id(name), told.id_of("bia")), "MALFORMED")
    exempt = CampaignExempted(told.network, _id(name), "q", exempt=True)
    told.refuse("who is exempt without a motion", exempt, "MOTION_NEEDED")
    told.refuse("no name, exempt", replace(exempt, name="Q!"), "MALFORMED")
    follow = CampaignsFollowed(told.network, None, follows=True)
    told.refuse("campaigns of our own, followed", follow, "MALFORMED")
    told.refuse("campaigns followed without a motion", replace(follow, network=bytes(32)), "MOTION_NEEDED")


def _stays(told: Riacho, name: str, *to: CampaignState) -> None:
    """Show that a campaign does not come from its state to these."""
    for state in to:
        says = f"a campaign that is {_state(told, name)} and becomes {state.value}"
        told.refuse(says, CampaignMoved(_id(name), state), "STATE_CONFLICT")


def _state(told: Riacho, name: str) -> str:
    return told.do("campaigns.show", None, name).state.value


def _id(name: str) -> bytes:
    found = parse_uuid(name)
    assert found is not None
    return found
