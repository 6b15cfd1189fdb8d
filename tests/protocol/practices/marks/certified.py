# SPDX-License-Identifier: AGPL-3.0-or-later
"""Plots on all ways that their certification may go, told entry by entry as no home would: for lifecycles."""

from typing import Any

from protocol.book.gates import UnderMotion
from protocol.practices.governance.councils.state import Councils
from protocol.practices.market.intents import IntentPlace
from protocol.practices.marks.guarantee.entries import (
    AppealRuled,
    ApplyForPlot,
    CertificationAppealed,
    CertificationApplied,
    CertificationDecided,
    CertificationSuspended,
    CertifierEnrolled,
    CertifierKind,
    CertifyVerdict,
    ClearIssue,
    IssueCleared,
    IssueRaised,
    PlotRegistered,
    RaiseIssue,
    ReportVisit,
    RuleOnAppeal,
    VisitCalled,
    VisitDrawn,
    VisitReported,
    VisitUnsealed,
)
from protocol.practices.marks.guarantee.state import CertificationState, Guarantees, visit_seal

VERDICTS = {
    "certified": CertifyVerdict.CERTIFIED,
    "corrective": CertifyVerdict.CORRECTIVE,
    "refused": CertifyVerdict.REFUSED,
    "again": CertifyVerdict.REVISIT,
}
PATHS = tuple(
    path.split()
    for path in (
        "looked certified looked corrective looked certified late looked refused council:certified corrective again",
        "certified late certified refused council:corrective",
        "corrective refused",
        "corrective late corrective council:certified corrective council:refused",
        "open refused over council:again",
        "certified again over",
        "again",
        "certified council:corrective certified council:refused",
        "certified council:again",
        "corrective council:again",
        "corrective late refused",
        "corrective late again",
        "corrective late council:certified corrective late council:corrective certified late council:refused",
        "corrective late council:again",
        "corrective appealed again unruled",
    )
)
"""What is decided of a plot that was visited, by its certifiers or by a council; `late` is suspended by its day.

Where it is `looked` at, one more has been there without notice, and something was wrong and put right at once. What is
`open` has to be put right still, and where it is `over` nothing more may be said.
"""
DAY_MS = 86_400_000


class PlotTold:
    """One plot, its certification and its visits, in a book that is told entry by entry."""

    def __init__(self, told: Any, number: int) -> None:
        self.told, self.book = told, told.book
        self.farmer, *self.judges = (told.book.member_by_handle[one] for one in ("livia", "marta", "nestor", "otavio"))
        self.name, self.visit, self.other = (bytes([number, kind]) * 8 for kind in (1, 2, 3))
        self.issues = 0
        plot = bytes([number, 4]) * 8
        told.tell(PlotRegistered(plot, self.farmer, f"plot-{number}", IntentPlace(0, 0), 1, ("01",)))
        told.tell(CertificationApplied(None, ApplyForPlot(plot, "0" * 64, self.farmer, self.name)))
        known = told.entered.at_ms + 1_000
        sealed = visit_seal(self.name, bytes(32))
        told.tell(VisitCalled(self.visit, self.name, None, "a lottery", known))
        told.tell(VisitCalled(self.other, None, sealed, "a lottery", known))
        told.tell(VisitDrawn(self.visit, "12345678"), after_ms=2_000)
        told.tell(VisitDrawn(self.other, "12345678"))
        first, *others = self.visitors
        self.report(self.visit, first)
        self.wrong()
        told.tell(VisitUnsealed(self.other, self.name, bytes(32)))
        for one in others:
            self.report(self.visit, one)

    @property
    def visitors(self) -> list[str]:
        """Who was drawn to visit it with notice."""
        return self.drawn(self.visit)

    def drawn(self, visit: bytes) -> list[str]:
        guarantees = self.book.of(Guarantees)
        return [one.member for one in guarantees.visitors(guarantees.visits[visit], self.farmer)]

    def report(self, visit: bytes, who: str, code: str = "") -> None:
        self.told.tell(VisitReported(None, ReportVisit(visit, kept=True, member=who)), code)

    def wrong(self, days: int = 60, *, stays: bool = False) -> None:
        """Raise an issue, and clear it unless it stays."""
        self.told.tell(IssueRaised(None, RaiseIssue(self.visit, days, None, self.visitors[0])))
        self.issues += 1
        if not stays:
            self.clear()

    def clear(self, code: str = "") -> None:
        self.told.tell(IssueCleared(None, ClearIssue(self.name, self.issues, None, self.visitors[0])), code)

    def go(self, step: str) -> None:
        """Take one step."""
        tell, (by, _, verdict) = self.told.tell, step.partition(":")
        if verdict:
            self.appeal()
            for one in self.judges:
                tell(AppealRuled(None, RuleOnAppeal(self.name, VERDICTS[verdict], one)))
        elif by in VERDICTS:
            under = self.book.of(UnderMotion)
            under.electorate, under.left = "certifiers", 2
            tell(CertificationDecided(self.name, VERDICTS[by]))
        elif by == "late":
            self.wrong(1, stays=True)
            tell(CertificationSuspended(self.name, self.issues), after_ms=2 * DAY_MS)
            self.clear()
        elif by == "appealed":
            self.appeal()
        elif by == "unruled":
            for verdict in (None, CertifyVerdict.CORRECTIVE):
                tell(AppealRuled(None, RuleOnAppeal(self.name, verdict, self.judges[0])), "STATE_CONFLICT")
        elif by == "open":
            self.wrong(stays=True)
        elif by == "looked":
            self.report(self.other, self.drawn(self.other)[len(self.book.of(Guarantees).visits[self.other].reports)])
            self.wrong()
        else:
            self.over()

    def appeal(self, code: str = "") -> None:
        councils = self.book.of(Councils).by_id
        ethics = next(one for one, kept in councils.items() if kept.title == "Ethics")
        self.told.tell(CertificationAppealed(self.name, ethics, None), code)

    def over(self) -> None:
        """Show what may not be done any more: where it is refused, and where it has to be visited anew."""
        if self.book.of(Guarantees).certifications[self.name].state is CertificationState.APPLIED:
            self.appeal("STATE_CONFLICT")
            return
        self.report(self.other, self.drawn(self.other)[-1], "STATE_CONFLICT")
        self.told.tell(IssueRaised(None, RaiseIssue(self.visit, 1, None, self.visitors[0])), "STATE_CONFLICT")
        self.clear("STATE_CONFLICT")
        under = self.book.of(UnderMotion)
        under.electorate, under.left = "certifiers", 2
        self.told.tell(CertificationDecided(self.name, CertifyVerdict.CORRECTIVE), "STATE_CONFLICT")


def certifications(told: Any) -> None:
    """Take plots all ways that there are: all are visited before one is certified, so that the same may go."""
    elvira = told.book.member_by_handle["elvira"]
    told.tell(CertifierEnrolled(elvira, CertifierKind.NONE, elvira))
    plots = [PlotTold(told, number) for number in range(1, len(PATHS) + 1)]
    for plot, path in zip(plots, PATHS, strict=True):
        for step in path:
            plot.go(step)
