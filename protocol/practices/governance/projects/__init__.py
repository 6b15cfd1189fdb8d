# SPDX-License-Identifier: AGPL-3.0-or-later
"""Projects: a council approves what a group pays in tranches, each is reported on, and all members see the accounts."""

from protocol.book.declaration import KEY_OR_WORD, SIGNED_IN, Act, Create, Invariant, List, Practice, Reckon, Show
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.practices.governance.projects.entries import (
    EndorseProject,
    ProjectApproved,
    ProjectEndorsed,
    ProjectFunded,
    ProjectProposed,
    ProjectReported,
    ProjectStopped,
    ReportProject,
    ReportReviewed,
    ReviewReport,
)
from protocol.practices.governance.projects.errands import today, week
from protocol.practices.governance.projects.folds import fold, news, owned
from protocol.practices.governance.projects.plans import (
    plan_approve,
    plan_endorse,
    plan_fund,
    plan_propose,
    plan_report,
    plan_review,
    plan_stop,
    stop_gate,
)
from protocol.practices.governance.projects.refusals import PROJECT_REFUSALS
from protocol.practices.governance.projects.rules import check
from protocol.practices.governance.projects.state import (
    APPROVALS,
    LATE_DAYS,
    PROJECT_LIFE,
    TRANCHE_LIFE,
    VOTE,
    out_of_order,
    touched_named,
)
from protocol.practices.governance.projects.views import (
    AccountsOfProjects,
    AccountsOfProjectsWanted,
    ApproveProject,
    FundProject,
    ProjectShown,
    ProjectsWanted,
    ProposeProject,
    StopProject,
    view_project,
    view_project_accounts,
    view_projects,
)

PRACTICE = Practice(
    name="projects",
    entries=(
        ProjectProposed,
        ProjectEndorsed,
        ProjectApproved,
        ProjectFunded,
        ProjectReported,
        ReportReviewed,
        ProjectStopped,
    ),
    check=check,
    fold=fold,
    news=news,
    today=today,
    week=week,
    private=(Private("report", NOTE_BYTES_MAX, (ProjectReported, ReportReviewed), owned),),
    parties={"projects": touched_named},
    parameters=(APPROVALS, LATE_DAYS),
    lives=(PROJECT_LIFE, TRANCHE_LIFE),
    invariants=(Invariant("projects are paid in turn, once they are approved", out_of_order),),
    operations=(
        Create(
            "projects",
            ProposeProject,
            plan=plan_propose,
            verb="propose",
            example="mutirao projects propose --council ID --title pump --currency COMUNAL"
            " --tranches 60.00 --tranches 40.00",
        ),
        Act(
            "projects",
            "endorse",
            EndorseProject,
            plan=plan_endorse,
            signed=KEY_OR_WORD,
            about="project",
            example="mutirao projects endorse ID --key ana.key",
        ),
        Act(
            "projects",
            "approve",
            ApproveProject,
            plan=plan_approve,
            who=SIGNED_IN,
            gate=VOTE,
            example="mutirao projects approve ID",
        ),
        Act("projects", "fund", FundProject, plan=plan_fund, example="mutirao projects fund ID"),
        Act(
            "projects",
            "report",
            ReportProject,
            plan=plan_report,
            signed=KEY_OR_WORD,
            about="project",
            example='mutirao projects report ID --tranche 1 --spent 60.00 --note "the pump runs"',
        ),
        Act(
            "projects",
            "review",
            ReviewReport,
            plan=plan_review,
            signed=KEY_OR_WORD,
            about="project",
            example="mutirao projects review ID --tranche 1 --verdict accepted",
        ),
        Act(
            "projects",
            "stop",
            StopProject,
            plan=plan_stop,
            who=SIGNED_IN,
            gate=stop_gate,
            example="mutirao projects stop ID",
        ),
        Show("projects", ProjectShown, view=view_project, example="mutirao projects show ID"),
        List("projects", ProjectsWanted, ProjectShown, view=view_projects, example="mutirao projects list --late"),
        Reckon(
            "projects",
            "accounts",
            AccountsOfProjectsWanted,
            AccountsOfProjects,
            view=view_project_accounts,
            example="mutirao projects accounts",
        ),
    ),
    refusals=PROJECT_REFUSALS,
)
