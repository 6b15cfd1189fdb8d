# SPDX-License-Identifier: AGPL-3.0-or-later
"""Motions: what the group decides together; a carried motion does what it wishes, in the group's name."""

from protocol.book.declaration import KEY_OR_WORD, MEMBERS, Act, Create, List, Practice, Show
from protocol.book.private import Private
from protocol.peers.home import KEEPS, Keeping
from protocol.practices.governance.motions.entries import (
    BALLOT_CHARS_MAX,
    TEXT_BYTES_MAX,
    MakeMotion,
    MotionClosed,
    MotionCounted,
    MotionDrafted,
    MotionExecuted,
    MotionFailed,
    MotionOpened,
    MotionsWanted,
    OpenMotion,
    SecretlyVoted,
    Vote,
    Voted,
    VoteSecretly,
)
from protocol.practices.governance.motions.moving import move, plan_make, plan_open, plan_vote, plan_vote_secretly
from protocol.practices.governance.motions.refusals import MOTION_REFUSALS
from protocol.practices.governance.motions.rules import (
    agenda,
    check,
    fold,
    forget_ballots,
    news,
    owned,
    owned_ballot,
    take_ballot,
)
from protocol.practices.governance.motions.state import (
    DRAFT_DAYS,
    LEAST_MINUTES,
    MAJORITY,
    MOTION_LIFE,
    OPEN_DAYS,
    OPEN_MAX,
    QUORUM,
    active_members,
)
from protocol.practices.governance.motions.views import MotionShown, today, view_motion, view_motions, week

BALLOT = "ballot"
"""The kind under which the home keeps how members have voted in secret."""

PRACTICE = Practice(
    name="motions",
    version=2,
    private=(
        Private("motion", TEXT_BYTES_MAX, (MotionDrafted,), owned),
        Private(BALLOT, BALLOT_CHARS_MAX, (SecretlyVoted,), owned_ballot, sealed=True),
    ),
    fills=(KEEPS.by(Keeping(BALLOT, take_ballot, forget_ballots)),),
    entries=(
        MotionDrafted,
        MotionOpened,
        Voted,
        SecretlyVoted,
        MotionClosed,
        MotionCounted,
        MotionExecuted,
        MotionFailed,
    ),
    check=check,
    fold=fold,
    news=news,
    agenda=agenda,
    today=today,
    week=week,
    moves=move,
    electorates={MEMBERS: active_members},
    parameters=(QUORUM, MAJORITY, OPEN_DAYS, LEAST_MINUTES, DRAFT_DAYS, OPEN_MAX),
    operations=(
        Create("motions", MakeMotion, plan=plan_make, example='mutirao motions create --text "A shed for our tools"'),
        Act("motions", "open", OpenMotion, plan=plan_open, example="mutirao motions open ID"),
        Act(
            "motions",
            "vote",
            Vote,
            plan=plan_vote,
            example="mutirao motions vote ID --ballot yes",
            signed=KEY_OR_WORD,
            about="motion",
        ),
        Act(
            "motions",
            "vote-secretly",
            VoteSecretly,
            plan=plan_vote_secretly,
            example="mutirao motions vote-secretly ID --ballot yes",
            signed=KEY_OR_WORD,
            about="motion",
        ),
        Show("motions", MotionShown, view=view_motion, example="mutirao motions show ID"),
        List("motions", MotionsWanted, MotionShown, view=view_motions, example="mutirao motions list --state open"),
    ),
    refusals=MOTION_REFUSALS,
    lives=(MOTION_LIFE,),
)
