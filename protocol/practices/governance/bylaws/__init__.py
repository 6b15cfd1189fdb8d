# SPDX-License-Identifier: AGPL-3.0-or-later
"""By-laws: what rules hold, since when, by which decision; they change with notice, or briefly in an emergency."""

from protocol.book.declaration import KEY_OR_WORD, SIGNED_IN, Act, Create, Invariant, List, Practice, Show
from protocol.practices.governance.bylaws.emergencies import plan_back, plan_call
from protocol.practices.governance.bylaws.entries import (
    BackEmergency,
    CallEmergency,
    ChangeRule,
    EmergenciesWanted,
    EmergencyBacked,
    EmergencyCalled,
    EmergencyLapsed,
    RuleAnnounced,
    RuleCame,
    RuleDropped,
)
from protocol.practices.governance.bylaws.refusals import BYLAW_REFUSALS
from protocol.practices.governance.bylaws.rules import (
    agenda,
    change_gate,
    check,
    fold,
    news,
    note_set,
    plan_change,
    unannounced,
)
from protocol.practices.governance.bylaws.state import BYLAW_PARAMETERS, CHANGE_LIFE, EMERGENCY_LIFE, unlike_history
from protocol.practices.governance.bylaws.views import (
    BylawShown,
    EmergencyShown,
    today,
    view_bylaw,
    view_bylaws,
    view_emergencies,
    view_emergency,
    week,
)
from protocol.practices.governance.parameters import ParameterSet, ParametersWanted

PRACTICE = Practice(
    name="bylaws",
    entries=(RuleAnnounced, RuleCame, RuleDropped, EmergencyCalled, EmergencyBacked, EmergencyLapsed),
    check=check,
    fold=fold,
    news=news,
    agenda=agenda,
    today=today,
    week=week,
    before={ParameterSet: unannounced},
    after={ParameterSet: note_set},
    parameters=BYLAW_PARAMETERS,
    invariants=(Invariant("what holds is what was decided last", unlike_history),),
    operations=(
        Show(
            "bylaws",
            BylawShown,
            view=view_bylaw,
            id_is="the name of the parameter; where each currency has its own, with a point and the code behind it",
            example="mutirao bylaws show motions.quorum",
        ),
        List("bylaws", ParametersWanted, BylawShown, view=view_bylaws, example="mutirao bylaws list --practice bylaws"),
        Act(
            "bylaws",
            "change",
            ChangeRule,
            plan=plan_change,
            who=SIGNED_IN,
            gate=change_gate,
            example="mutirao bylaws change bylaws.notice_days --value 30",
        ),
        Create(
            "emergencies",
            CallEmergency,
            plan=plan_call,
            signed=KEY_OR_WORD,
            example="mutirao emergencies create --name payments.day_cap.HORA --value 50",
        ),
        Act(
            "emergencies",
            "back",
            BackEmergency,
            plan=plan_back,
            signed=KEY_OR_WORD,
            about="emergency",
            example="mutirao emergencies back ID",
        ),
        Show("emergencies", EmergencyShown, view=view_emergency, example="mutirao emergencies show ID"),
        List(
            "emergencies", EmergenciesWanted, EmergencyShown, view=view_emergencies, example="mutirao emergencies list"
        ),
    ),
    refusals=BYLAW_REFUSALS,
    lives=(CHANGE_LIFE, EMERGENCY_LIFE),
)
