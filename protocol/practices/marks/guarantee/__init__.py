# SPDX-License-Identifier: AGPL-3.0-or-later
"""Participatory guarantee: peers and consumers visit farms, drawn by a lot that everybody can check, and certify them.

A plot is applied for, visited by three peers and a consumer of other households, put right where it has to be, and
certified for a year by the vote of those who take part; what is not put right by its day is suspended by itself.
Networks elsewhere see on the board what stands.
"""

from protocol.book.declaration import (
    ANYONE,
    KEY_OR_WORD,
    SIGNED_IN,
    Act,
    Create,
    Invariant,
    List,
    Practice,
    Show,
)
from protocol.book.personal import NOTE_BYTES_MAX
from protocol.book.private import Private
from protocol.practices.marks.guarantee.board import due
from protocol.practices.marks.guarantee.entries import (
    GUARANTEE_ITEMS,
    AppealRuled,
    ApplyForPlot,
    CertificationAppealed,
    CertificationApplied,
    CertificationDecided,
    CertificationSuspended,
    CertifierEnrolled,
    ClearIssue,
    DiaryNoted,
    ExcuseVisitor,
    IssueCleared,
    IssueRaised,
    PlotRegistered,
    RaiseIssue,
    ReportVisit,
    RuleOnAppeal,
    VisitCalled,
    VisitDrawn,
    VisitorExcused,
    VisitReported,
    VisitUnsealed,
)
from protocol.practices.marks.guarantee.errands import today, week
from protocol.practices.marks.guarantee.folds import OWN_NAME, agenda, fold, news, owned
from protocol.practices.marks.guarantee.labelling import CERTIFIED_SCHEME
from protocol.practices.marks.guarantee.plans import (
    CALLERS,
    plan_appeal,
    plan_apply,
    plan_call,
    plan_clear,
    plan_decide,
    plan_draw,
    plan_enrol,
    plan_excuse,
    plan_note,
    plan_raise,
    plan_register,
    plan_report,
    plan_rule,
)
from protocol.practices.marks.guarantee.refusals import GUARANTEE_REFUSALS
from protocol.practices.marks.guarantee.rules import CERTIFIERS, DECISION, check
from protocol.practices.marks.guarantee.state import CERTIFICATION_LIFE, DIARIES, astray, certifiers_of, kin_of
from protocol.practices.marks.guarantee.views import (
    view_certification,
    view_certifications,
    view_certifier,
    view_certifiers,
    view_diary,
    view_line,
    view_plot,
    view_plots,
    view_visit,
    view_visits,
)
from protocol.practices.marks.guarantee.wishes import (
    AppealCertification,
    CallVisit,
    CertificationShown,
    CertificationsWanted,
    CertifierShown,
    CertifiersWanted,
    DecideCertification,
    DiaryShown,
    DiaryWanted,
    DrawVisit,
    EnrolCertifier,
    NoteDiary,
    PlotShown,
    PlotsWanted,
    RegisterPlot,
    VisitShown,
    VisitsWanted,
)

_ABROAD = "its id; behind an @ the other network's handle or id, where it is another than yours"

PRACTICE = Practice(
    name=OWN_NAME,
    entries=(
        PlotRegistered, DiaryNoted, CertifierEnrolled, CertificationApplied, CertificationDecided,
        CertificationSuspended, CertificationAppealed, AppealRuled, IssueCleared, VisitCalled, VisitDrawn,
        VisitUnsealed, VisitorExcused, VisitReported, IssueRaised,
    ),
    check=check,
    fold=fold,
    news=news,
    due=due,
    agenda=agenda,
    today=today,
    week=week,
    boards=(GUARANTEE_ITEMS,),
    tables=(DIARIES,),
    private=(
        Private("diary", NOTE_BYTES_MAX, (DiaryNoted,), owned),
        Private("finding", NOTE_BYTES_MAX, (VisitReported, IssueRaised, IssueCleared, CertificationAppealed), owned),
    ),
    parameters=(CERTIFIED_SCHEME,),
    electorates={CERTIFIERS: certifiers_of},
    parties={"certifications": kin_of},
    invariants=(Invariant("who certifies is of another household, and has been there", astray),),
    lives=(CERTIFICATION_LIFE,),
    operations=(
        Create("plots", RegisterPlot, plan=plan_register, verb="register",
               example="mutirao plots register --name hill-3 --place geo:-23.55,-46.63 --ares 250 --codes 0123"),
        Show("plots", PlotShown, view=view_plot, example="mutirao plots show ID"),
        List("plots", PlotsWanted, PlotShown, view=view_plots, example="mutirao plots list --member elio"),
        Create("diaries", NoteDiary, plan=plan_note, verb="note",
               example="mutirao diaries note --plot ID --what fertilising --note 'two carts of manure'"),
        Show("diaries", DiaryShown, view=view_line, id_is="the id of a line of a diary",
             example="mutirao diaries show ID"),
        List("diaries", DiaryWanted, DiaryShown, rows=view_diary, example="mutirao diaries list --plot ID"),
        Create("certifiers", EnrolCertifier, plan=plan_enrol, verb="enrol",
               example="mutirao certifiers enrol --kind peer --household ana"),
        Show("certifiers", CertifierShown, view=view_certifier, id_is="the member's handle or id",
             example="mutirao certifiers show ana"),
        List("certifiers", CertifiersWanted, CertifierShown, view=view_certifiers,
             example="mutirao certifiers list"),
        Create("certifications", ApplyForPlot, plan=plan_apply, verb="apply", signed=KEY_OR_WORD,
               example="mutirao certifications apply --plot ID --pledge SHA256 --key elio.key"),
        Act("certifications", "decide", DecideCertification, plan=plan_decide, who=SIGNED_IN, gate=DECISION,
            example="mutirao certifications decide ID --verdict certified"),
        Act("certifications", "appeal", AppealCertification, plan=plan_appeal,
            example="mutirao certifications appeal ID --council ID --reason 'it was put right'"),
        Act("certifications", "rule", RuleOnAppeal, plan=plan_rule, signed=KEY_OR_WORD, about="certification",
            example="mutirao certifications rule ID --verdict certified --key ana.key"),
        Act("certifications", "clear", ClearIssue, plan=plan_clear, signed=KEY_OR_WORD, about="certification",
            example="mutirao certifications clear ID --issue 1 --note 'the hedge stands' --key ana.key"),
        Show("certifications", CertificationShown, view=view_certification, who=ANYONE, id_is=_ABROAD,
             example="mutirao certifications show ID@serra"),
        List("certifications", CertificationsWanted, CertificationShown, view=view_certifications, who=ANYONE,
             example="mutirao certifications list --network serra --counts"),
        Create("visits", CallVisit, plan=plan_call, who=CALLERS, verb="call",
               example="mutirao visits call --certification ID --source 'Federal lottery 5912' --known 2026-12-20"),
        Act("visits", "draw", DrawVisit, plan=plan_draw, who=CALLERS,
            example="mutirao visits draw ID --numbers '48213 90772'"),
        Act("visits", "excuse", ExcuseVisitor, plan=plan_excuse, signed=KEY_OR_WORD, about="visit",
            example="mutirao visits excuse ID --key ana.key"),
        Act("visits", "report", ReportVisit, plan=plan_report, signed=KEY_OR_WORD, about="visit",
            example="mutirao visits report ID --kept --note 'healthy soil' --key ana.key"),
        Act("visits", "raise", RaiseIssue, plan=plan_raise, signed=KEY_OR_WORD, about="visit",
            example="mutirao visits raise ID --days 60 --note 'no hedge to the east' --key ana.key"),
        Show("visits", VisitShown, view=view_visit, example="mutirao visits show ID"),
        List("visits", VisitsWanted, VisitShown, view=view_visits, example="mutirao visits list --mine"),
    ),
    refusals=GUARANTEE_REFUSALS,
)  # fmt: skip
