# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is said of a participatory guarantee changes: visits, issues, how far a plot has come, and when it is due."""

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from protocol.book.agenda import Agenda
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, News, Plan, Write
from protocol.book.ledger import Posting
from protocol.book.personal import digest_of
from protocol.book.private import Owned
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.wishes import said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.marks.guarantee.entries import (
    AppealRuled,
    ApplyForPlot,
    CertificationAppealed,
    CertificationApplied,
    CertificationDecided,
    CertificationSuspended,
    CertifierEnrolled,
    CertifyVerdict,
    ClearIssue,
    DiaryNoted,
    ExcuseVisitor,
    GuaranteeSaid,
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
from protocol.practices.marks.guarantee.rules import speaker_in
from protocol.practices.marks.guarantee.state import (
    CERTIFICATION_LIFE,
    CERTIFIED_DAYS,
    DIARIES,
    RULINGS,
    STATE_BY_VERDICT,
    AppealKept,
    CertificationKept,
    CertificationState,
    CertifierKept,
    DiaryKept,
    Guarantees,
    IssueKept,
    PlotKept,
    VisitKept,
    VisitReport,
    entrants_now,
)
from protocol.practices.marks.guarantee.visiting import reporters

OWN_NAME = "guarantee"
"""The practice's name."""
_TIMED = (CertificationState.CORRECTIVE, CertificationState.CERTIFIED)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    guarantee, seq, at_ms, body = book.of(Guarantees), entered.seq, entered.at_ms, entered.body
    assert isinstance(body, GuaranteeSaid)
    match body:
        case PlotRegistered(plot):
            guarantee.plots[plot] = PlotKept(seq, at_ms, body)
        case DiaryNoted(line, plot, what, done_ms, note):
            owner = guarantee.plots[plot].said.member
            book.rows(DIARIES).add(DiaryKept(line, seq, at_ms, plot, owner, what, done_ms, note))
        case CertifierEnrolled(member):
            guarantee.certifiers.pop(member, None)
            guarantee.certifiers[member] = CertifierKept(seq, at_ms, body)
        case CertificationApplied():
            said = said_in(book, body, ApplyForPlot)
            name, state = said.wish.certification or b"", CERTIFICATION_LIFE.after(None, body.KIND)
            guarantee.certifications[name] = CertificationKept(
                name, seq, at_ms, said.wish.plot, speaker_in(said), bytes.fromhex(said.wish.pledge), state
            )
        case VisitCalled(visit, certification):
            kept = VisitKept(seq, at_ms, body, entered.id, entrants_now(book), None)
            guarantee.visits[visit] = kept
            if certification is not None:
                _visits(guarantee, kept, certification)
        case VisitDrawn(visit, numbers):
            guarantee.visits[visit].numbers, guarantee.visits[visit].drawn_ms = numbers, at_ms
        case VisitUnsealed(visit, certification):
            _visits(guarantee, guarantee.visits[visit], certification)
        case VisitorExcused():
            excuse = said_in(book, body, ExcuseVisitor)
            visit = guarantee.visits[excuse.wish.visit]
            visit.excused = (*visit.excused, speaker_in(excuse))
        case _:
            _fold_certification(book, body, at_ms)
    return ()


def _visits(guarantee: Guarantees, visit: VisitKept, certification: bytes) -> None:
    kept = guarantee.certifications[certification]
    visit.certification, kept.visits = certification, (*kept.visits, visit.said.visit)


Later = (
    CertificationDecided | CertificationSuspended | CertificationAppealed | AppealRuled | IssueCleared | VisitReported
    | IssueRaised
)  # fmt: skip


def _fold_certification(book: Book, body: Later, at_ms: Millis) -> None:
    guarantee = book.of(Guarantees)
    kept = guarantee.certifications[certification_of(book, body) or b""]
    match body:
        case VisitReported():
            said = said_in(book, body, ReportVisit)
            visit = guarantee.visits[said.wish.visit]
            report = VisitReport(speaker_in(said), at_ms, said.wish.kept, digest_of(said.wish.note))
            visit.reports = (*visit.reports, report)
            reached = visit.complete and kept.state is CertificationState.APPLIED
            state = CertificationState.VISITED if reached else kept.state
            kept.state = CERTIFICATION_LIFE.after(kept.state, body.KIND, state)
        case IssueRaised():
            wrong = said_in(book, body, RaiseIssue)
            number, due_ms = len(kept.issues) + 1, at_ms + wrong.wish.days * DAY_MS
            note = digest_of(wrong.wish.note)
            issue = IssueKept(number, wrong.wish.visit, speaker_in(wrong), at_ms, due_ms, note)
            kept.issues, kept.state = (*kept.issues, issue), CERTIFICATION_LIFE.after(kept.state, body.KIND)
        case IssueCleared():
            right = said_in(book, body, ClearIssue)
            issue = kept.issues[right.wish.issue - 1]
            issue.cleared_by, issue.cleared_ms, issue.how = speaker_in(right), at_ms, digest_of(right.wish.note)
            kept.state = CERTIFICATION_LIFE.after(kept.state, body.KIND)
        case CertificationDecided(_, verdict):
            kept.changed_ms = at_ms
            _decide(book, kept, verdict, body.KIND, at_ms)
        case CertificationSuspended():
            kept.state = CERTIFICATION_LIFE.after(kept.state, body.KIND)
            kept.changed_ms = kept.suspended_ms = at_ms
        case CertificationAppealed(_, council, reason):
            kept.state = CERTIFICATION_LIFE.after(kept.state, body.KIND)
            kept.appeal = AppealKept(council, at_ms, reason)
        case AppealRuled():
            _rule(book, kept, body, at_ms)
        case _:
            assert_never(body)
    due_ms = kept.open_due_ms if kept.state in _TIMED else None
    book.of(Agenda).put(OWN_NAME, kept.id, None if due_ms is None else due_ms + 1)


def _decide(book: Book, kept: CertificationKept, verdict: CertifyVerdict, kind: str, at_ms: Millis) -> None:
    kept.state = CERTIFICATION_LIFE.after(kept.state, kind, STATE_BY_VERDICT[verdict])
    kept.suspended_ms = None
    if verdict is not CertifyVerdict.CERTIFIED:
        return
    if kept.since_ms is None:
        kept.since_ms, kept.until_ms = at_ms, at_ms + CERTIFIED_DAYS * DAY_MS
    for one in sorted(reporters(book, kept)):
        book.of(Guarantees).pairs += [(at_ms, one, kept.member), (at_ms, kept.member, one)]


def _rule(book: Book, kept: CertificationKept, body: AppealRuled, at_ms: Millis) -> None:
    said, appeal = said_in(book, body, RuleOnAppeal), kept.appeal
    assert appeal is not None
    appeal.rulings[speaker_in(said)] = verdict = said.wish.verdict
    if list(appeal.rulings.values()).count(verdict) >= RULINGS:
        appeal.ruled_ms = at_ms
        if verdict is not None:
            _decide(book, kept, verdict, body.KIND, at_ms)


def certification_of(book: Book, body: Body) -> bytes | None:
    """Return the certification that an entry is about; None of a plot, a certifier, or what is not told yet."""
    match body:
        case VisitReported():
            visit = said_in(book, body, ReportVisit).wish.visit
        case IssueRaised():
            visit = said_in(book, body, RaiseIssue).wish.visit
        case VisitorExcused():
            visit = said_in(book, body, ExcuseVisitor).wish.visit
        case CertificationApplied():
            return said_in(book, body, ApplyForPlot).wish.certification
        case IssueCleared():
            return said_in(book, body, ClearIssue).wish.certification
        case AppealRuled():
            return said_in(book, body, RuleOnAppeal).wish.certification
        case VisitCalled() | VisitDrawn():
            visit = body.visit
        case CertificationDecided() | CertificationSuspended() | CertificationAppealed() | VisitUnsealed():
            return body.certification
        case _:
            return None
    return book.of(Guarantees).visits[visit].certification


def agenda(desk: Desk, row: bytes) -> Iterator[Plan]:
    """Suspend what was not put right by its day."""
    kept = desk.book.of(Guarantees).certifications[row]
    late = kept.overdue(desk.now)
    if late is not None:
        yield Plan(uuid_text(row), (Write(CertificationSuspended(row, late.number)),))


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell all members of what is public; of a visit without notice only that there is one."""
    body, everybody = entered.body, tuple(book.members)
    if isinstance(body, PlotRegistered | DiaryNoted):
        return
    if isinstance(body, CertifierEnrolled):
        yield News("certifier.enrolled", body.member, everybody)
        return
    name = certification_of(book, body)
    noun, _, verb = body.KIND.partition("/")
    if noun == "visits":
        yield News(f"visit.{verb}", uuid_text(visit_named(book, body)), everybody)
    elif name is not None:
        yield News(f"certification.{verb}", uuid_text(name), everybody)


def visit_named(book: Book, body: Body) -> bytes:
    """Return the visit that an entry is about."""
    match body:
        case VisitReported():
            return said_in(book, body, ReportVisit).wish.visit
        case IssueRaised():
            return said_in(book, body, RaiseIssue).wish.visit
        case VisitorExcused():
            return said_in(book, body, ExcuseVisitor).wish.visit
        case _:
            assert isinstance(body, VisitCalled | VisitDrawn | VisitUnsealed)
            return body.visit


def owned(book: Book, body: Body) -> Iterator[Owned]:
    """Yield the words of a diary, a visitor or an appeal: each is its author's own."""
    guarantee = book.of(Guarantees)
    match body:
        case DiaryNoted(line, plot, _, _, text):
            author, about = guarantee.plots[plot].said.member, f"diaries/{uuid_text(line)}"
        case CertificationAppealed(certification, _, text):
            author, about = guarantee.certifications[certification].member, f"certifications/{uuid_text(certification)}"
        case IssueCleared():
            right = said_in(book, body, ClearIssue)
            text, author = digest_of(right.wish.note), speaker_in(right)
            about = f"certifications/{uuid_text(right.wish.certification)}"
        case VisitReported():
            said = said_in(book, body, ReportVisit)
            text, author, about = digest_of(said.wish.note), speaker_in(said), f"visits/{uuid_text(said.wish.visit)}"
        case _:
            assert isinstance(body, IssueRaised)
            wrong = said_in(book, body, RaiseIssue)
            text, author, about = digest_of(wrong.wish.note), speaker_in(wrong), f"visits/{uuid_text(wrong.wish.visit)}"
    if text is not None:
        yield Owned(text, author, about)
