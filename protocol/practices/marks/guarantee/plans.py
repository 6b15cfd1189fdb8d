# SPDX-License-Identifier: AGPL-3.0-or-later
"""How plots, visits and decisions are planned at their home: who may ask, and what only the home knows."""

from dataclasses import replace
from typing import Any

from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Role, Write
from protocol.book.members import Member
from protocol.book.personal import NOTE_CHARS_MAX, salted, text_refusal
from protocol.book.refusals import FORBIDDEN, MALFORMED, NOT_FOUND, Refused, foremost, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said
from protocol.practices.market.hours import hour_meant
from protocol.practices.market.places import read_place
from protocol.practices.marks.guarantee.entries import (
    AppealRuled,
    ApplyForPlot,
    CertificationAppealed,
    CertificationApplied,
    CertificationDecided,
    CertifierEnrolled,
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
from protocol.practices.marks.guarantee.rules import (
    against_applying,
    against_clearing,
    against_guarantee,
    against_ruling,
    spoken,
    spoken_against,
)
from protocol.practices.marks.guarantee.state import Guarantees, VisitKept, kept_certification, visit_seal
from protocol.practices.marks.guarantee.visiting import (
    against_excusing,
    against_raising,
    against_reporting_on,
    against_target,
)
from protocol.practices.marks.guarantee.wishes import (
    AppealCertification,
    CallVisit,
    DecideCertification,
    DrawVisit,
    EnrolCertifier,
    NoteDiary,
    RegisterPlot,
)
from protocol.practices.people.authority import acts_for
from protocol.practices.people.contacts import whose
from protocol.wire.keys import digest

CALLERS = frozenset({Role.STEWARD, Role.COMMITTEE})


def _by_or_steward(desk: Desk, member: Member) -> Refused | None:
    """Return why somebody may not tell of a member what it keeps no key for: itself may, and a steward."""
    allowed = desk.actor.role is Role.STEWARD or desk.actor.member == member.id
    return None if allowed else refuse(FORBIDDEN, allowed="the member itself, or a steward")


def _written(desk: Desk, shows: str, body: GuaranteeSaid, texts: tuple[tuple[bytes, str], ...] = ()) -> Plan | Refused:
    return against_guarantee(desk.book, body, desk.now) or Plan(shows, (Write(body),), texts=texts)


def plan_register(desk: Desk, wish: RegisterPlot) -> Plan | Refused:
    """Tell of a plot; where it is is rounded before anything else is made of it."""
    member, place = whose(desk, wish.member), read_place("place", wish.place)
    refused = foremost(*(one for one in (member, place) if isinstance(one, Refused)))
    if refused is not None or isinstance(member, Refused) or isinstance(place, Refused) or place is None:
        return refused or refuse(MALFORMED, field="place", expected="where it is")
    body = PlotRegistered(drawn_id(desk.chance), member.id, wish.name, place, wish.ares, wish.codes)
    return _by_or_steward(desk, member) or _written(desk, uuid_text(body.plot), body)


def plan_note(desk: Desk, wish: NoteDiary) -> Plan | Refused:
    """Write down what was done."""
    book, plot = desk.book, desk.book.of(Guarantees).plots.get(wish.plot)
    done = hour_meant(book, "on", wish.on, is_end=False)
    refused = foremost(text_refusal("note", wish.note, NOTE_CHARS_MAX), done if isinstance(done, Refused) else None)
    if refused is not None or plot is None or isinstance(done, Refused):
        return refused or refuse(NOT_FOUND)
    note, texts = salted(desk, wish.note)
    line = book.drawn(drawn_id(desk.chance))
    body = DiaryNoted(line, wish.plot, wish.what, desk.now if done is None else done, note)
    return _by_or_steward(desk, book.members[plot.said.member]) or _written(desk, uuid_text(line), body, texts)


def plan_enrol(desk: Desk, wish: EnrolCertifier) -> Plan | Refused:
    """Take part, or no more."""
    member = whose(desk, wish.member)
    household = member if wish.household is None else resolve_member(desk.book, wish.household)
    if isinstance(member, Refused) or isinstance(household, Refused):
        return member if isinstance(member, Refused) else household  # type: ignore[return-value]
    body = CertifierEnrolled(member.id, wish.kind, household.id)
    return _by_or_steward(desk, member) or _written(desk, member.id, body)


def _told(desk: Desk, said: Said[Any]) -> Said[Any] | Refused:
    """Return what a member without a key, or a steward for it, tells, with the member by its id."""
    if said.signed is not None:
        return said
    member = whose(desk, said.wish.member)
    if isinstance(member, Refused):
        return member
    if not acts_for(desk.actor, member):
        return refuse(FORBIDDEN, allowed="the member itself")
    return replace(said, wish=replace(said.wish, member=member.id))


def plan_apply(desk: Desk, said: Said[ApplyForPlot]) -> Plan | Refused:
    """Pledge, and ask that a plot is certified."""
    told = _told(desk, said)
    if isinstance(told, Refused):
        return told
    refused = against_applying(desk.book, told, desk.now)
    return refused or Plan(uuid_text(told.wish.certification or b""), (Write(CertificationApplied(*told.held)),))


def plan_decide(desk: Desk, name: str, wish: DecideCertification) -> Plan | Refused:
    """Decide, as the certifiers have voted."""
    return _written(desk, name, CertificationDecided(parse_uuid(name) or bytes(16), wish.verdict))


def plan_appeal(desk: Desk, name: str, wish: AppealCertification) -> Plan | Refused:
    """Ask a council to look at it."""
    kept = kept_certification(desk.book, name)
    refused = text_refusal("reason", wish.reason, NOTE_CHARS_MAX)
    if refused is not None or isinstance(kept, Refused):
        return refused or kept  # type: ignore[return-value]
    reason, texts = salted(desk, wish.reason)
    body = CertificationAppealed(kept.id, wish.council, reason)
    return _by_or_steward(desk, desk.book.members[kept.member]) or _written(desk, name, body, texts)


def plan_rule(desk: Desk, name: str, said: Said[RuleOnAppeal]) -> Plan | Refused:
    """Say as one of the board what is to stand."""
    told = _told(desk, said)
    if isinstance(told, Refused):
        return told
    return against_ruling(desk.book, told, desk.now) or Plan(name, (Write(AppealRuled(*told.held)),))


def plan_clear(desk: Desk, name: str, said: Said[ClearIssue]) -> Plan | Refused:
    """Say as a visitor that an issue is put right."""
    told = _told(desk, said)
    if isinstance(told, Refused):
        return told
    return against_clearing(desk.book, told) or Plan(name, (Write(IssueCleared(*told.held)),))


def seal_salt(desk: Desk, visit: bytes) -> bytes:
    """Return what the home seals a visit with: it follows from the node's own secret, and is kept nowhere else."""
    return digest("visit-salt", desk.secret + visit)


def plot_visited(desk: Desk, visit: VisitKept) -> bytes | None:
    """Return the certification that a visit is for; None of one without notice, where this is not its home."""
    if visit.said.sealed is None or visit.certification is not None:
        return visit.certification
    salt = seal_salt(desk, visit.said.visit)
    names = desk.book.of(Guarantees).certifications
    return next((one for one in names if visit_seal(one, salt) == visit.said.sealed), None)


def plan_call(desk: Desk, wish: CallVisit) -> Plan | Refused:
    """Call a visit; one without notice names its plot by a seal."""
    known = hour_meant(desk.book, "known", wish.known, is_end=True)
    refused = text_refusal("source", wish.source, len(wish.source))
    if isinstance(known, Refused) or known is None or refused is not None:
        return refused or known or refuse(MALFORMED, field="known", expected="an hour")  # type: ignore[return-value]
    visit = drawn_id(desk.chance)
    sealed = visit_seal(wish.certification, seal_salt(desk, visit)) if wish.unannounced else None
    body = VisitCalled(visit, None if wish.unannounced else wish.certification, sealed, wish.source, known)
    written = _written(desk, uuid_text(visit), body)
    if isinstance(written, Refused) or sealed is None:
        return written
    return against_target(desk.book, body, wish.certification, desk.now) or written


def plan_draw(desk: Desk, name: str, wish: DrawVisit) -> Plan | Refused:
    """Tell the public numbers."""
    return _written(desk, name, VisitDrawn(parse_uuid(name) or bytes(16), wish.numbers))


def plan_excuse(desk: Desk, name: str, said: Said[ExcuseVisitor]) -> Plan | Refused:
    """Let the next go."""
    return _spoken_of_visit(desk, name, said, against_excusing, VisitorExcused)


def plan_raise(desk: Desk, name: str, said: Said[RaiseIssue]) -> Plan | Refused:
    """Say what is wrong."""
    return _spoken_of_visit(desk, name, said, against_raising, IssueRaised)


def _spoken_of_visit(desk: Desk, name: str, said: Said[Any], against: Any, entry: Any) -> Plan | Refused:
    told = _told(desk, said)
    if isinstance(told, Refused):
        return told
    return spoken_against(desk.book, told, against, desk.now) or Plan(name, (Write(entry(*told.held)),))


def plan_report(desk: Desk, name: str, said: Said[ReportVisit]) -> Plan | Refused:
    """Report; of a visit without notice the first report tells which plot it was."""
    told, book = _told(desk, said), desk.book
    if isinstance(told, Refused):
        return told
    member, visit = spoken(book, told), book.of(Guarantees).visits.get(told.wish.visit)
    target = None if visit is None else plot_visited(desk, visit)
    if isinstance(member, Refused) or visit is None or target is None:
        return member if isinstance(member, Refused) else refuse(NOT_FOUND)
    refused = against_reporting_on(book, member, visit, target, desk.now)
    if refused is not None:
        return refused
    unsealed = VisitUnsealed(visit.said.visit, target, seal_salt(desk, visit.said.visit))
    first = (Write(unsealed),) if visit.certification is None else ()
    return Plan(name, (*first, Write(VisitReported(*told.held))))


def visits_of(book: Book, member: str, desk: Desk) -> list[VisitKept]:
    """Return the visits to which a member was drawn, as far as this node can tell."""
    guarantee = book.of(Guarantees)
    found: list[VisitKept] = []
    for visit in guarantee.visits.values():
        target = plot_visited(desk, visit)
        if target is not None and visit.numbers is not None:
            owner = guarantee.certifications[target].member
            if any(one.member == member for one in guarantee.visitors(visit, owner)):
                found.append(visit)
    return found
