# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which entries on plots, certifications and appeals may stand: the same answer on every node."""

import re
from collections.abc import Sequence
from typing import Any, assert_never

from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Entered, Motion, ungated
from protocol.book.members import Member
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Millis
from protocol.practices.governance.councils.state import Councils
from protocol.practices.governance.projects.refusals import NOT_OF_COUNCIL
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
from protocol.practices.marks.guarantee.refusals import ISSUE_OVERDUE, NOT_A_VISITOR, VISIT_INCOMPLETE
from protocol.practices.marks.guarantee.state import (
    APPEAL_DAYS,
    CERTIFICATION_LIFE,
    DIARIES,
    STATE_BY_VERDICT,
    CertificationKept,
    CertificationState,
    Guarantees,
    IssueKept,
    kin_of,
)
from protocol.practices.marks.guarantee.visiting import (
    against_calling,
    against_drawing,
    against_excusing,
    against_raising,
    against_unsealing,
    against_visit_report,
    reporters,
)
from protocol.practices.people.authority import not_said_by

CERTIFIERS = "certifiers"
DECISION = Motion(electorate=CERTIFIERS)
RENEW_DAYS = 90
"""So long before a certification ends its plot may be looked at anew."""
_CODE = re.compile("(?!00)[0-9]{1,5}")
_HEX = re.compile("[0-9a-f]{64}")
_PLOT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


OfVisits = VisitCalled | VisitDrawn | VisitUnsealed | VisitorExcused | VisitReported | IssueRaised


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, GuaranteeSaid)
    refused = book.misplaced(entered) or against_guarantee(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def against_guarantee(book: Book, body: GuaranteeSaid, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand."""
    match body:
        case PlotRegistered():
            return _against_plot(book, body)
        case DiaryNoted():
            return _against_line(book, body, at_ms)
        case CertifierEnrolled():
            return _against_enrolling(book, body)
        case CertificationApplied():
            return against_applying(book, said_in(book, body, ApplyForPlot), at_ms)
        case CertificationDecided():
            return _against_deciding(book, body, at_ms)
        case CertificationSuspended():
            return _against_suspending(book, body, at_ms)
        case CertificationAppealed():
            return _against_appealing(book, body, at_ms)
        case AppealRuled():
            return against_ruling(book, said_in(book, body, RuleOnAppeal), at_ms)
        case IssueCleared():
            return against_clearing(book, said_in(book, body, ClearIssue))
        case _:
            return _against_visit(book, body, at_ms)


def _against_visit(book: Book, body: OfVisits, at_ms: Millis) -> Refused | None:
    match body:
        case VisitCalled():
            return against_calling(book, body, at_ms)
        case VisitDrawn():
            return against_drawing(book, body, at_ms)
        case VisitUnsealed():
            return against_unsealing(book, body)
        case VisitorExcused():
            return spoken_against(book, said_in(book, body, ExcuseVisitor), against_excusing, at_ms)
        case VisitReported():
            return spoken_against(book, said_in(book, body, ReportVisit), against_visit_report, at_ms)
        case IssueRaised():
            return spoken_against(book, said_in(book, body, RaiseIssue), against_raising, at_ms)
        case _:
            assert_never(body)


def codes_refusal(codes: Sequence[str]) -> Refused | None:
    """Return why these are no beginnings of item codes, each once."""
    fine = codes and len(set(codes)) == len(codes) and all(_CODE.fullmatch(one) for one in codes)
    return None if fine else refuse(MALFORMED, field="codes", expected="up to five digits of CPC 2.1 each, each once")


def _against_plot(book: Book, body: PlotRegistered) -> Refused | None:
    member = book.members.get(body.member)
    if not _PLOT_NAME.fullmatch(body.name):
        return refuse(MALFORMED, field="name", expected="letters, digits, points and dashes")
    refused = codes_refusal(body.codes)
    if refused is not None or member is None:
        return refused or refuse(MEMBER_UNKNOWN, member=body.member)
    return refuse(DUPLICATE) if body.plot in book.of(Guarantees).plots else member.inactive()


def _against_line(book: Book, body: DiaryNoted, at_ms: Millis) -> Refused | None:
    plot = book.of(Guarantees).plots.get(body.plot)
    if body.done_ms > at_ms:
        return refuse(MALFORMED, field="on", expected="not later than now")
    if plot is None:
        return refuse(NOT_FOUND)
    return refuse(DUPLICATE) if body.line in book.rows(DIARIES) else book.members[plot.said.member].inactive()


def _against_enrolling(book: Book, body: CertifierEnrolled) -> Refused | None:
    unknown = next((one for one in (body.member, body.household) if one not in book.members), None)
    return book.members[body.member].inactive() if unknown is None else refuse(MEMBER_UNKNOWN, member=unknown)


def speaker_in(said: Said[Any]) -> str:
    """Return who says something: whose key has signed, or the member that a word names."""
    return said.wish.member or "" if said.member is None else said.member.id


def spoken(book: Book, said: Said[Any]) -> Member | Refused:
    """Return who says something, if that member says it and is active."""
    member = resolve_member(book, speaker_in(said))
    if isinstance(member, Refused):
        return member
    if said.wish.member is not None and resolve_member(book, said.wish.member) is not member:
        return refuse(FORBIDDEN, allowed="the member itself")
    return not_said_by(said, member, capped=False) or member.inactive() or member


def spoken_against(book: Book, said: Said[Any], against: Any, *more: Any) -> Refused | None:
    """Return why what somebody says may not stand: who says it first, then what `against` finds."""
    member = spoken(book, said)
    return member if isinstance(member, Refused) else against(book, member, said.wish, *more)


def against_applying(book: Book, said: Said[ApplyForPlot], at_ms: Millis) -> Refused | None:
    member, guarantee = spoken(book, said), book.of(Guarantees)
    plot = guarantee.plots.get(said.wish.plot)
    if isinstance(member, Refused) or plot is None:
        return member if isinstance(member, Refused) else refuse(NOT_FOUND)
    if _HEX.fullmatch(said.wish.pledge) is None:
        return refuse(MALFORMED, field="pledge", expected="a SHA-256 in hexadecimal")
    if plot.said.member != member.id:
        return refuse(FORBIDDEN, allowed="who farms the plot")
    if said.wish.certification in guarantee.certifications:
        return refuse(DUPLICATE)
    going = next((one for one in guarantee.certifications.values() if _goes_on(one, said.wish.plot, at_ms)), None)
    return None if going is None else refuse(STATE_CONFLICT, state=going.state.value)


def _goes_on(kept: CertificationKept, plot: bytes, at_ms: Millis) -> bool:
    """Tell whether a plot is on its way, or certified for longer than the time in which that is renewed."""
    if kept.plot != plot or kept.state is CertificationState.REFUSED:
        return False
    return kept.until_ms is None or at_ms < kept.until_ms - RENEW_DAYS * DAY_MS


def _against_deciding(book: Book, body: CertificationDecided, at_ms: Millis) -> Refused | None:
    kept = book.of(Guarantees).certifications.get(body.certification)
    if kept is None:
        return refuse(NOT_FOUND)
    if kept.state is CertificationState.APPLIED:
        newest = book.of(Guarantees).visits[kept.visits[-1]] if kept.visits else None
        peers, consumers = (0, 0) if newest is None else newest.reported()
        return refuse(VISIT_INCOMPLETE, peers=peers, consumers=consumers, reports=peers + consumers)
    return _unfit(kept, body.verdict, CertificationDecided.KIND, at_ms) or foremost(
        book.members[kept.member].inactive(), ungated(book, DECISION)
    )


def _unfit(kept: CertificationKept, verdict: CertifyVerdict, kind: str, at_ms: Millis) -> Refused | None:
    """Return why a verdict cannot be given of a plot as it is."""
    if STATE_BY_VERDICT[verdict] not in CERTIFICATION_LIFE.ends(kept.state, kind):
        return refuse(STATE_CONFLICT, state=kept.state.value)
    if verdict is not CertifyVerdict.CERTIFIED:
        return None
    if kept.until_ms is not None and at_ms > kept.until_ms:
        return refuse(STATE_CONFLICT, state="expired")
    late = kept.overdue(at_ms)
    return None if late is None else refuse(ISSUE_OVERDUE, issue=late.number, days=days_late(late, at_ms))


def days_late(issue: IssueKept, at_ms: Millis) -> int:
    """Return since how many days an issue is overdue; a day that has begun counts."""
    return -((issue.due_ms - at_ms) // DAY_MS)


def _against_suspending(book: Book, body: CertificationSuspended, at_ms: Millis) -> Refused | None:
    kept = book.of(Guarantees).certifications.get(body.certification)
    if kept is None or body.issue > len(kept.issues):
        return refuse(NOT_FOUND)
    conflict = CERTIFICATION_LIFE.conflict(kept.state, CertificationSuspended.KIND)
    if conflict is not None or kept.issues[body.issue - 1].overdue(at_ms):
        return conflict
    return refuse(STATE_CONFLICT, state="not overdue")


def _against_appealing(book: Book, body: CertificationAppealed, at_ms: Millis) -> Refused | None:
    kept = book.of(Guarantees).certifications.get(body.certification)
    if kept is None or body.council not in book.of(Councils).by_id:
        return refuse(NOT_FOUND)
    conflict = CERTIFICATION_LIFE.conflict(kept.state, CertificationAppealed.KIND)
    if conflict is not None or kept.changed_ms is None:
        return conflict or refuse(STATE_CONFLICT, state=kept.state.value)
    if kept.appeal is not None and kept.appeal.at_ms >= kept.changed_ms:
        return refuse(STATE_CONFLICT, state="appealed")
    if at_ms > kept.changed_ms + APPEAL_DAYS * DAY_MS:
        return refuse(STATE_CONFLICT, state=f"decided more than {APPEAL_DAYS} days ago")
    return book.members[kept.member].inactive()


def against_ruling(book: Book, said: Said[RuleOnAppeal], at_ms: Millis) -> Refused | None:
    member = spoken(book, said)
    kept = book.of(Guarantees).certifications.get(said.wish.certification)
    if isinstance(member, Refused) or kept is None:
        return member if isinstance(member, Refused) else refuse(NOT_FOUND)
    if kept.appeal is None or not kept.appealed:
        return refuse(STATE_CONFLICT, state="not appealed")
    council = book.of(Councils).by_id[kept.appeal.council]
    if member.id not in council.board(at_ms):
        return refuse(NOT_OF_COUNCIL, member=member.handle, allowed="the board", council=council.title)
    if member.id in {*kin_of(book, uuid_text(kept.id)), *reporters(book, kept)}:
        return refuse(FORBIDDEN, allowed="those of the board who have no part in it")
    if member.id in kept.appeal.rulings:
        return refuse(DUPLICATE)
    if said.wish.verdict is None:
        return CERTIFICATION_LIFE.conflict(kept.state, AppealRuled.KIND)
    return _unfit(kept, said.wish.verdict, AppealRuled.KIND, at_ms)


def against_clearing(book: Book, said: Said[ClearIssue]) -> Refused | None:
    member = spoken(book, said)
    kept = book.of(Guarantees).certifications.get(said.wish.certification)
    if isinstance(member, Refused) or kept is None or said.wish.issue > len(kept.issues):
        return member if isinstance(member, Refused) else refuse(NOT_FOUND)
    if member.id not in reporters(book, kept):
        return refuse(NOT_A_VISITOR, member=member.handle)
    if kept.issues[said.wish.issue - 1].cleared_ms is not None:
        return refuse(STATE_CONFLICT, state="cleared")
    return CERTIFICATION_LIFE.conflict(kept.state, IssueCleared.KIND)
