# SPDX-License-Identifier: AGPL-3.0-or-later
"""Councils: a board of five that all members elect for a term, and a comptroller who is none of them."""

from protocol.book.declaration import SIGNED_IN, Act, Create, Invariant, List, Practice, Show
from protocol.practices.governance.councils.entries import BoardElected, ComptrollerElected, CouncilFounded
from protocol.practices.governance.councils.refusals import COUNCIL_REFUSALS
from protocol.practices.governance.councils.rules import (
    check,
    fold,
    news,
    plan_elect,
    plan_elect_comptroller,
    plan_found,
)
from protocol.practices.governance.councils.state import ELECTION, TERM_DAYS, uneven, vacate
from protocol.practices.governance.councils.views import (
    CouncilShown,
    CouncilsWanted,
    ElectBoard,
    ElectComptroller,
    FoundCouncil,
    view_council,
    view_councils,
    week,
)
from protocol.practices.people.members.entries import MemberLeft

PRACTICE = Practice(
    name="councils",
    entries=(CouncilFounded, BoardElected, ComptrollerElected),
    check=check,
    fold=fold,
    news=news,
    week=week,
    after={MemberLeft: vacate},
    invariants=(Invariant("a board has five seats, and its comptroller none of them", uneven),),
    parameters=(TERM_DAYS,),
    operations=(
        Create(
            "councils",
            FoundCouncil,
            plan=plan_found,
            gate=ELECTION,
            example='mutirao councils create --title "Banco comunal Riacho"',
        ),
        Act(
            "councils",
            "elect",
            ElectBoard,
            plan=plan_elect,
            who=SIGNED_IN,
            gate=ELECTION,
            example="mutirao councils elect ID --members ana --members bia",
        ),
        Act(
            "councils",
            "elect-comptroller",
            ElectComptroller,
            plan=plan_elect_comptroller,
            who=SIGNED_IN,
            gate=ELECTION,
            example="mutirao councils elect-comptroller ID --member flor",
        ),
        Show("councils", CouncilShown, view=view_council, example="mutirao councils show ID"),
        List("councils", CouncilsWanted, CouncilShown, view=view_councils, example="mutirao councils list"),
    ),
    refusals=COUNCIL_REFUSALS,
)
