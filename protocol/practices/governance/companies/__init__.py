# SPDX-License-Identifier: AGPL-3.0-or-later
"""Self-managed companies: members work, confirm each other's hours, and vote on what becomes of the surplus."""

from protocol.book.declaration import KEY_OR_WORD, SIGNED_IN, Act, Create, Invariant, List, Practice, Show
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.practices.governance.companies.entries import (
    Advanced,
    CompanyFounded,
    Confirmed,
    ConfirmWork,
    FoundCompany,
    Logged,
    LogWork,
    SurplusAllocated,
    TakeAdvance,
    WorkersSet,
)
from protocol.practices.governance.companies.folds import dissolve, fold, owned
from protocol.practices.governance.companies.plans import (
    plan_advance,
    plan_allocate,
    plan_confirm,
    plan_found,
    plan_log,
    plan_set_workers,
    workers_gate,
)
from protocol.practices.governance.companies.refusals import COMPANY_REFUSALS
from protocol.practices.governance.companies.rules import check
from protocol.practices.governance.companies.state import (
    PARAMETERS,
    SET_ASIDE,
    WORK,
    WORK_LIFE,
    WORKERS,
    unlike,
    workers_of,
)
from protocol.practices.governance.companies.views import (
    AllocateSurplus,
    CompaniesWanted,
    CompanyShown,
    SetWorkers,
    WorkShown,
    WorkWanted,
    news,
    today,
    view_companies,
    view_company,
    view_work,
    view_works,
    week,
)
from protocol.practices.people.members.entries import MemberLeft

PRACTICE = Practice(
    name="companies",
    entries=(CompanyFounded, WorkersSet, Logged, Confirmed, Advanced, SurplusAllocated),
    check=check,
    fold=fold,
    news=news,
    today=today,
    week=week,
    after={MemberLeft: dissolve},
    accounts=(SET_ASIDE,),
    invariants=(Invariant("what companies keep is in their account", unlike),),
    private=(Private("work", NOTE_BYTES_MAX, (Logged,), owned),),
    tables=(WORK,),
    parameters=PARAMETERS,
    electorates_of={WORKERS: workers_of},
    operations=(
        Create(
            "companies",
            FoundCompany,
            plan=plan_found,
            signed=KEY_OR_WORD,
            example="mutirao companies create --currency HORA --workers ana --workers bia --member oficina",
        ),
        Act(
            "companies",
            "set-workers",
            SetWorkers,
            plan=plan_set_workers,
            who=SIGNED_IN,
            gate=workers_gate,
            example="mutirao companies set-workers oficina --workers ana --workers bia --pay 100 --pay 120 --hired 1",
        ),
        Act(
            "companies",
            "advance",
            TakeAdvance,
            plan=plan_advance,
            signed=KEY_OR_WORD,
            about="company",
            example="mutirao companies advance oficina --worker ana --amount 20.00",
        ),
        Act(
            "companies",
            "allocate",
            AllocateSurplus,
            plan=plan_allocate,
            who=SIGNED_IN,
            gate=workers_gate,
            example="mutirao companies allocate oficina --surplus 3000.00 --period 202612",
        ),
        Show(
            "companies",
            CompanyShown,
            view=view_company,
            id_is="the handle, or the id, of the member that is the company",
            example="mutirao companies show oficina",
        ),
        List("companies", CompaniesWanted, CompanyShown, view=view_companies, example="mutirao companies list"),
        Create(
            "work",
            LogWork,
            plan=plan_log,
            signed=KEY_OR_WORD,
            example="mutirao work create --company oficina --hours 7.5 --key ana.key",
        ),
        Act(
            "work",
            "confirm",
            ConfirmWork,
            plan=plan_confirm,
            signed=KEY_OR_WORD,
            about="work",
            example="mutirao work confirm ID",
        ),
        Show("work", WorkShown, view=view_work, example="mutirao work show ID"),
        List("work", WorkWanted, WorkShown, rows=view_works, own=True, example="mutirao work list --company oficina"),
    ),
    refusals=COMPANY_REFUSALS,
    lives=(WORK_LIFE,),
)
