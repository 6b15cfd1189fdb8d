# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which entries on visits may stand: who calls and draws them, who has been there, and what is wrong there."""

import re

from protocol.book.book import Book
from protocol.book.members import Member
from protocol.book.refusals import DUPLICATE, MALFORMED, NOT_FOUND, STATE_CONFLICT, Refused, refuse
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.marks.guarantee.entries import (
    ISSUES_MAX,
    CertifierKind,
    ExcuseVisitor,
    IssueRaised,
    RaiseIssue,
    ReportVisit,
    VisitCalled,
    VisitDrawn,
    VisitReported,
    VisitUnsealed,
)
from protocol.practices.marks.guarantee.lots import DIGITS_MIN, SEATS
from protocol.practices.marks.guarantee.refusals import DRAW_NOT_HELD, LOT_TOO_SMALL, NOT_A_VISITOR
from protocol.practices.marks.guarantee.state import (
    CERTIFICATION_LIFE,
    VISIT_DAYS,
    CertificationKept,
    Guarantees,
    VisitKept,
    entrants_now,
    visit_seal,
)

_NUMBERS = re.compile("[0-9]+( [0-9]+)*")


def against_calling(book: Book, body: VisitCalled, at_ms: Millis) -> Refused | None:
    if (body.certification is None) == (body.sealed is None):
        return refuse(MALFORMED, field="certification", expected="one, or its seal")
    if not body.source.strip():
        return refuse(MALFORMED, field="source", expected="which public draw")
    if not at_ms < body.known_ms <= at_ms + VISIT_DAYS * DAY_MS:
        return refuse(MALFORMED, field="known", expected=f"later than now, within {VISIT_DAYS} days")
    if body.visit in book.of(Guarantees).visits:
        return refuse(DUPLICATE)
    return None if body.certification is None else against_target(book, body, body.certification, at_ms)


def against_target(book: Book, body: VisitCalled, certification: bytes, at_ms: Millis) -> Refused | None:
    """Return why a plot cannot be visited now."""
    guarantee = book.of(Guarantees)
    kept = guarantee.certifications.get(certification)
    if kept is None:
        return refuse(NOT_FOUND)
    conflict = CERTIFICATION_LIFE.conflict(kept.state, VisitReported.KIND)
    if conflict is not None:
        return conflict
    visits = (guarantee.visits[one] for one in kept.visits)
    if any(not one.complete and at_ms <= one.lapses_ms for one in visits):
        return refuse(STATE_CONFLICT, state="a visit is under way")
    peers, consumers = guarantee.fitting(VisitKept(0, at_ms, body, b"", entrants_now(book), None), kept.member)
    if peers < SEATS[0][1] or consumers < SEATS[1][1]:
        return refuse(LOT_TOO_SMALL, peers=peers, consumers=consumers)
    return book.members[kept.member].inactive()


def numbers_refusal(numbers: str) -> Refused | None:
    """Return why these are not the numbers of a public draw."""
    digits = sum(map(str.isdigit, numbers))
    if _NUMBERS.fullmatch(numbers) and digits >= DIGITS_MIN:
        return None
    return refuse(MALFORMED, field="numbers", expected=f"digits and single blanks, {DIGITS_MIN} digits at least")


def against_drawing(book: Book, body: VisitDrawn, at_ms: Millis) -> Refused | None:
    visit = book.of(Guarantees).visits.get(body.visit)
    refused = numbers_refusal(body.numbers)
    if refused is not None or visit is None:
        return refused or refuse(NOT_FOUND)
    if visit.numbers is not None:
        return refuse(STATE_CONFLICT, state="drawn")
    if at_ms < visit.said.known_ms:
        return refuse(DRAW_NOT_HELD, source=visit.said.source, known=visit.said.known_ms)
    return _lapsed(visit, at_ms)


def _lapsed(visit: VisitKept, at_ms: Millis) -> Refused | None:
    return refuse(STATE_CONFLICT, state="lapsed") if at_ms > visit.lapses_ms else None


def against_unsealing(book: Book, body: VisitUnsealed) -> Refused | None:
    guarantee = book.of(Guarantees)
    visit, kept = guarantee.visits.get(body.visit), guarantee.certifications.get(body.certification)
    if visit is None or kept is None:
        return refuse(NOT_FOUND)
    if visit.certification is not None or visit.numbers is None:
        return refuse(STATE_CONFLICT, state="not drawn" if visit.numbers is None else "told")
    if visit_seal(body.certification, body.salt) != visit.said.sealed:
        return refuse(MALFORMED, field="salt", expected="what the seal was made with")
    return CERTIFICATION_LIFE.conflict(kept.state, VisitReported.KIND)


def against_excusing(book: Book, member: Member, wish: ExcuseVisitor, at_ms: Millis) -> Refused | None:
    guarantee = book.of(Guarantees)
    visit = guarantee.visits.get(wish.visit)
    if visit is None:
        return refuse(NOT_FOUND)
    if visit.numbers is None:
        return refuse(STATE_CONFLICT, state="not drawn")
    if visit.certification is None:
        # Nobody is told whom a visit without notice is for: whoever might go may say that it cannot.
        could = {one.member for one in visit.entrants if one.kind is not CertifierKind.NONE} - {*visit.excused}
    else:
        owner = guarantee.certifications[visit.certification].member
        could = {one.member for one in guarantee.visitors(visit, owner)}
    if member.id not in could:
        return refuse(NOT_A_VISITOR, member=member.handle)
    if any(one.member == member.id for one in visit.reports):
        return refuse(STATE_CONFLICT, state="reported")
    return _lapsed(visit, at_ms)


def against_visit_report(book: Book, member: Member, wish: ReportVisit, at_ms: Millis) -> Refused | None:
    visit = book.of(Guarantees).visits.get(wish.visit)
    if visit is None or visit.certification is None:
        return refuse(NOT_FOUND)
    return against_reporting_on(book, member, visit, visit.certification, at_ms)


def against_reporting_on(
    book: Book, member: Member, visit: VisitKept, certification: bytes, at_ms: Millis
) -> Refused | None:
    """Return why somebody may not report on a visit to a plot."""
    guarantee = book.of(Guarantees)
    kept = guarantee.certifications[certification]
    if member.id not in {one.member for one in guarantee.visitors(visit, kept.member)}:
        return refuse(NOT_A_VISITOR, member=member.handle)
    if any(one.member == member.id for one in visit.reports):
        return refuse(DUPLICATE)
    return _lapsed(visit, at_ms) or CERTIFICATION_LIFE.conflict(kept.state, VisitReported.KIND)


def against_raising(book: Book, member: Member, wish: RaiseIssue, at_ms: Millis) -> Refused | None:
    guarantee = book.of(Guarantees)
    visit = guarantee.visits.get(wish.visit)
    if visit is None or visit.certification is None:
        return refuse(NOT_FOUND)
    if all(one.member != member.id for one in visit.reports):
        return refuse(NOT_A_VISITOR, member=member.handle)
    kept = guarantee.certifications[visit.certification]
    if len(kept.issues) >= ISSUES_MAX:
        return refuse(STATE_CONFLICT, state=f"{ISSUES_MAX} issues")
    return _lapsed(visit, at_ms) or CERTIFICATION_LIFE.conflict(kept.state, IssueRaised.KIND)


def reporters(book: Book, kept: CertificationKept) -> set[str]:
    """Return who has been on a plot and reported."""
    visits = book.of(Guarantees).visits
    return {report.member for one in kept.visits for report in visits[one].reports}
