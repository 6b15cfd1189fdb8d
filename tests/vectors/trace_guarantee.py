# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a participatory guarantee says to a ledger: a farm visited, put right, certified, suspended, and an appeal."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from riacho import DAY_MS, NODE, Riacho

from protocol.book.gates import MotionWish
from protocol.book.members import Auth, MemberState
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.governance.councils.state import Councils
from protocol.practices.governance.councils.views import ElectBoard, FoundCouncil
from protocol.practices.governance.motions.entries import Ballot, MakeMotion, Vote
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
    DiaryKind,
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
from protocol.practices.marks.guarantee.lots import drawn_visitors
from protocol.practices.marks.guarantee.state import Guarantees
from protocol.practices.marks.guarantee.wishes import (
    AppealCertification,
    CallVisit,
    DecideCertification,
    DrawVisit,
    EnrolCertifier,
    NoteDiary,
    RegisterPlot,
)

NOTHING = bytes(16)
NOBODY = "X" * 16
FARMER, GUEST = "elvira", "ester"
PEERS = ("paula", "paulo", "pedro", "petra")
CONSUMERS = ("clelia", "clovis")
BOARD = ("livia", "marta", "nestor", "otavio", "clovis")
PLEDGE = sha256(b"No poison, no burning.").hexdigest()
NUMBERS = "48213 90772"
CERTIFIED = CertifyVerdict.CERTIFIED


def guarantee(told: Riacho) -> None:
    """Elvira's hill is visited by four who are drawn, and without notice too; what is not put right suspends it."""
    told.admit(FARMER)
    for handle in dict.fromkeys((GUEST, *PEERS, *CONSUMERS, *BOARD)):
        told.admit(handle, has_key=False)
    for kind, names in ((CertifierKind.PEER, (FARMER, *PEERS)), (CertifierKind.CONSUMER, CONSUMERS)):
        for one in names:
            told.do("certifiers.enrol", EnrolCertifier(kind), who=one)
    told.do("certifiers.enrol", EnrolCertifier(CertifierKind.PEER, household=FARMER), who=GUEST)
    plot = _plots(told)
    name = _applied(told, plot)
    visit = _called(told, name)
    _visited(told, name, visit)
    _decided_on(told, name)
    _appealed(told, name)


def _kept(told: Riacho) -> Guarantees:
    return told.world.nodes[NODE].replica.book.of(Guarantees)


def _id(shown: Any) -> bytes:
    return parse_uuid(shown if isinstance(shown, str) else shown.id) or NOTHING


def _plots(told: Riacho) -> bytes:
    hill = RegisterPlot("hill-3", "geo:-23.55678,-46.63456", 250, ("0123", "0291"))
    plot = _id(told.do("plots.register", hill, who=FARMER))
    said = told.said(PlotRegistered)
    assert said.place == IntentPlace(-2_356, -4_663)
    told.refuse("a plot that there is", said, "DUPLICATE")
    fine = replace(said, plot=NOTHING)
    told.accept("a plot of one item", replace(fine, codes=("01",)))
    for says, changed, code in (
        ("whose name has a blank", {"name": "hill 3"}, "MALFORMED"),
        ("for no item", {"codes": ()}, "MALFORMED"),
        ("for an item twice", {"codes": ("01", "01")}, "MALFORMED"),
        ("for no code", {"codes": ("00",)}, "MALFORMED"),
        ("of nobody", {"member": NOBODY}, "MEMBER_UNKNOWN"),
        ("of who has left", {"member": told.id_of("tereza")}, "MEMBER_NOT_ACTIVE"),
    ):
        told.refuse(f"a plot {says}", replace(fine, **changed), code)
    told.do("diaries.note", NoteDiary(plot, DiaryKind.FERTILISING, note="two carts of manure"), who=FARMER)
    line = told.said(DiaryNoted)
    told.refuse("a line of a diary that there is", line, "DUPLICATE")
    told.refuse("a line of no plot's diary", replace(line, line=NOTHING, plot=NOTHING), "NOT_FOUND")
    now = told.world.now
    told.accept("a line of just now", replace(line, line=NOTHING, done_ms=now), now)
    told.refuse("a line of what is to come", replace(line, line=NOTHING, done_ms=now + 1), "MALFORMED", now)
    enrolled = told.said(CertifierEnrolled)
    told.refuse("nobody who takes part", replace(enrolled, member=NOBODY), "MEMBER_UNKNOWN")
    told.refuse("who lives with nobody", replace(enrolled, household=NOBODY), "MEMBER_UNKNOWN")
    told.refuse("who has left, taking part", replace(enrolled, member=told.id_of("tereza")), "MEMBER_NOT_ACTIVE")
    return plot


def _applied(told: Riacho, plot: bytes) -> str:
    wish = ApplyForPlot(plot, PLEDGE, None, drawn_id(told.world.rng.randbytes))
    farmer = told.id_of(FARMER)
    other = CertificationApplied(None, replace(wish, certification=NOTHING, member=told.id_of("paula")))
    told.refuse("a pledge for another's plot", other, "FORBIDDEN")
    told.refuse("a pledge for no plot", CertificationApplied(None, replace(other.word, plot=NOTHING)), "NOT_FOUND")  # type: ignore[type-var]
    by_word = CertificationApplied(None, replace(wish, member=farmer))
    told.refuse("a pledge by word of who has a key", by_word, "FORBIDDEN")
    name = told.wish("certifications.apply", wish, FARMER).id
    vague = told.sign("certifications.apply", replace(wish, pledge="G" * 64), FARMER)
    told.refuse("a pledge to nothing", CertificationApplied(vague, None), "MALFORMED")
    again = told.sign("certifications.apply", wish, FARMER)
    told.refuse("a pledge that there is", CertificationApplied(again, None), "DUPLICATE")
    second = told.sign("certifications.apply", replace(wish, certification=b"\1" * 16), FARMER)
    told.refuse("a second pledge for a plot", CertificationApplied(second, None), "STATE_CONFLICT")
    told.refuse("a verdict before any visit", CertificationDecided(_id(name), CERTIFIED), "VISIT_INCOMPLETE")
    told.refuse("a verdict on nothing", CertificationDecided(NOTHING, CERTIFIED), "NOT_FOUND")
    return name


def _stamp(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat()


def _called(told: Riacho, name: str) -> str:
    now = told.world.now
    body = VisitCalled(NOTHING, _id(name), None, "Federal lottery 5912", now + DAY_MS)
    told.accept("a visit whose draw is 90 days ahead", replace(body, known_ms=now + 90 * DAY_MS), now)
    told.accept("a visit whose draw comes next", replace(body, known_ms=now + 1), now)
    for says, changed, code in (
        ("with a seal besides", {"sealed": bytes(32)}, "MALFORMED"),
        ("to nothing", {"certification": None}, "MALFORMED"),
        ("without a draw", {"source": " "}, "MALFORMED"),
        ("whose draw was held", {"known_ms": now}, "MALFORMED"),
        ("whose draw is far ahead", {"known_ms": now + 90 * DAY_MS + 1}, "MALFORMED"),
        ("to no plot", {"certification": NOTHING}, "NOT_FOUND"),
    ):
        told.refuse(f"a visit {says}", replace(body, **changed), code, now)
    for one in PEERS[2:]:
        told.do("certifiers.enrol", EnrolCertifier(CertifierKind.NONE), who=one)
    told.refuse("a visit for which there are two peers", body, "LOT_TOO_SMALL", now)
    for one in PEERS[2:]:
        told.do("certifiers.enrol", EnrolCertifier(CertifierKind.PEER), who=one)
    for one in CONSUMERS:
        told.do("certifiers.enrol", EnrolCertifier(CertifierKind.CONSUMER, household=PEERS[0]), who=one)
    told.refuse("a visit for which no consumer is left", body, "LOT_TOO_SMALL", now)
    for one in CONSUMERS:
        told.do("certifiers.enrol", EnrolCertifier(CertifierKind.CONSUMER), who=one)
    wish = CallVisit(_id(name), "Federal lottery 5912", _stamp(told.world.now + DAY_MS))
    visit = told.do("visits.call", wish).id
    told.refuse("a visit that there is", replace(body, visit=_id(visit), known_ms=told.world.now + 1), "DUPLICATE")
    told.refuse("a second visit at once", replace(body, known_ms=told.world.now + DAY_MS), "STATE_CONFLICT")
    lapses = _kept(told).visits[_id(visit)].lapses_ms
    later = replace(body, known_ms=lapses + DAY_MS)
    told.refuse("a second visit before the first lapses", later, "STATE_CONFLICT", lapses)
    told.accept("a second visit when the first has lapsed", later, lapses + 1)
    return visit


def _visited(told: Riacho, name: str, visit: str) -> None:
    kept = _kept(told).visits[_id(visit)]
    numbers = VisitDrawn(_id(visit), NUMBERS)
    known, lapses = kept.said.known_ms, kept.lapses_ms
    told.accept("numbers at the hour of their draw", numbers, known)
    told.refuse("numbers before they can be known", numbers, "DRAW_NOT_HELD", known - 1)
    told.refuse("numbers of no visit", replace(numbers, visit=NOTHING), "NOT_FOUND", known)
    told.accept("numbers of eight digits", replace(numbers, numbers="12345678"), known)
    for told_numbers in ("1234567", "1234  5678", "1234567a"):
        told.refuse(f"numbers such as {told_numbers}", replace(numbers, numbers=told_numbers), "MALFORMED", known)
    told.accept("numbers in the last moment of a visit", numbers, lapses)
    told.refuse("numbers when a visit has lapsed", numbers, "STATE_CONFLICT", lapses + 1)
    told.refuse("an excuse before the draw", _excuse(told, visit, "paula"), "STATE_CONFLICT")
    told.world.now = known + DAY_MS
    told.do("visits.draw", DrawVisit(NUMBERS), visit)
    told.refuse("numbers a second time", numbers, "STATE_CONFLICT")
    guarantees = _kept(told)
    drawn = [one.member for one in guarantees.visitors(kept, told.id_of(FARMER))]
    handles = {told.id_of(one): one for one in (*PEERS, *CONSUMERS)}
    out = next(one for one in PEERS if told.id_of(one) not in drawn)
    told.refuse("an excuse of no visitor", _excuse(told, visit, out), "NOT_A_VISITOR")
    told.refuse("an excuse from no visit", _excuse(told, uuid_text(NOTHING), out), "NOT_FOUND")
    told.refuse(
        "an excuse when the visit has lapsed", _excuse(told, visit, handles[drawn[0]]), "STATE_CONFLICT", lapses + 1
    )
    told.refuse("a report by who was not drawn", _report(told, visit, out), "NOT_A_VISITOR")
    told.do("visits.excuse", ExcuseVisitor(_id(visit)), visit, handles[drawn[0]])
    told.refuse("a report by who was excused", _report(told, visit, handles[drawn[0]]), "NOT_A_VISITOR")
    goes = [handles[one.member] for one in guarantees.visitors(kept, told.id_of(FARMER))]
    assert out in goes, "the next goes"
    first = _report(told, visit, goes[0])
    told.accept("a report in the last moment of a visit", first, lapses)
    told.refuse("a report when the visit has lapsed", first, "STATE_CONFLICT", lapses + 1)
    told.refuse("a report on no visit", _report(told, uuid_text(NOTHING), goes[0]), "NOT_FOUND")
    told.refuse("a visit reported by nobody", VisitReported(None, replace(first.word, member=NOBODY)), "MEMBER_UNKNOWN")  # type: ignore[type-var]
    raised = _raise(told, visit, goes[0])
    told.refuse("an issue of who has not been there", raised, "NOT_A_VISITOR")
    for number, one in enumerate(goes, 1):
        told.do("visits.report", ReportVisit(_id(visit), kept=True, note="healthy soil"), visit, one)
        if number == 2:
            told.refuse("a report twice", _report(told, visit, one), "DUPLICATE")
            told.refuse("an excuse of who has reported", _excuse(told, visit, one), "STATE_CONFLICT")
            few = CertificationDecided(_id(name), CERTIFIED)
            told.refuse("a verdict after two of four reports", few, "VISIT_INCOMPLETE")
    told.accept("an issue in the last moment of a visit", raised, lapses)
    told.refuse("an issue when the visit has lapsed", raised, "STATE_CONFLICT", lapses + 1)
    told.refuse("an issue of no visit", _raise(told, uuid_text(NOTHING), goes[0]), "NOT_FOUND")
    told.do("visits.raise", RaiseIssue(_id(visit), 60, "no hedge to the east"), visit, goes[0])
    _unannounced(told, name)
    _issues(told, name, goes)


def _excuse(told: Riacho, visit: str, who: str) -> VisitorExcused:
    return VisitorExcused(None, ExcuseVisitor(_id(visit), told.id_of(who)))


def _report(told: Riacho, visit: str, who: str) -> VisitReported:
    return VisitReported(None, ReportVisit(_id(visit), kept=True, member=told.id_of(who)))


def _raise(told: Riacho, visit: str, who: str) -> IssueRaised:
    return IssueRaised(None, RaiseIssue(_id(visit), 60, None, told.id_of(who)))


def _unannounced(told: Riacho, name: str) -> None:
    wish = CallVisit(_id(name), "Federal lottery 5918", _stamp(told.world.now + DAY_MS), unannounced=True)
    visit = told.do("visits.call", wish).id
    told.refuse("a report before it is told what is visited", _report(told, visit, "paula"), "NOT_FOUND")
    told.refuse("an issue before it is told what is visited", _raise(told, visit, "paula"), "NOT_FOUND")
    early = VisitUnsealed(_id(visit), _id(name), bytes(32))
    told.refuse("a seal broken before the draw", early, "STATE_CONFLICT")
    told.world.now += 2 * DAY_MS
    told.do("visits.draw", DrawVisit(NUMBERS), visit)
    told.refuse("an excuse of who takes no part", _excuse(told, visit, "livia"), "NOT_A_VISITOR")
    told.accept("an excuse of who may be drawn", _excuse(told, visit, "petra"))
    kept, farmer = _kept(told).visits[_id(visit)], told.id_of(FARMER)
    seed = kept.seed or b""
    handles = {told.id_of(one): one for one in (*PEERS, *CONSUMERS)}
    goes = handles[drawn_visitors(kept.entrants, seed, farmer, frozenset({farmer}), ())[0].member]
    told.refuse("a seal of another salt", early, "MALFORMED")
    told.do("visits.report", ReportVisit(_id(visit), kept=True), visit, goes)
    broken = told.said(VisitUnsealed)
    told.refuse("a seal broken twice", broken, "STATE_CONFLICT")
    told.refuse("a seal of no visit", replace(broken, visit=NOTHING), "NOT_FOUND")
    told.refuse("a seal of no plot", replace(broken, certification=NOTHING), "NOT_FOUND")


def _issues(told: Riacho, name: str, goes: list[str]) -> None:
    cleared = IssueCleared(None, ClearIssue(_id(name), 1, None, told.id_of(goes[1])))
    told.accept("an issue cleared by another visitor", cleared)
    for says, changed, code in (
        ("of nothing", {"certification": NOTHING}, "NOT_FOUND"),
        ("that there is not", {"issue": 2}, "NOT_FOUND"),
        ("by who has not been there", {"member": told.id_of("livia")}, "NOT_A_VISITOR"),
        ("by nobody", {"member": NOBODY}, "MEMBER_UNKNOWN"),
    ):
        told.refuse(f"an issue cleared {says}", IssueCleared(None, replace(cleared.word, **changed)), code)  # type: ignore[type-var]
    due = _kept(told).certifications[_id(name)].issues[0].due_ms
    verdict = CertificationDecided(_id(name), CERTIFIED)
    told.refuse("a verdict in time that nobody has voted for", verdict, "MOTION_NEEDED", due)
    told.refuse("a verdict though an issue is overdue", verdict, "ISSUE_OVERDUE", due + 1)


def _decide(told: Riacho, wish: MotionWish, *voters: str) -> None:
    """Let members carry a motion, and a week pass."""
    motion = told.do("motions.create", MakeMotion("The guarantee", (wish,)), who=PEERS[0])
    vote = Vote(_id(motion), Ballot.YES)
    members = told.world.nodes[NODE].replica.book.members.values()
    everybody = (one.handle for one in members if one.auth is Auth.CUSTODIAL and one.state is MemberState.ACTIVE)
    for one in voters or everybody:
        told.do("motions.vote", vote, motion.id, one)
    if not voters:
        for who in ("alda", FARMER):
            told.do("motions.vote", Brought(told.sign("motions.vote", vote, who)), motion.id, who)
    told.world.now += 7 * DAY_MS
    told.world.tick(1)
    assert told.do("motions.show", None, motion.id).state == "executed"


def _decided_on(told: Riacho, name: str) -> None:
    suspended = CertificationSuspended(_id(name), 1)
    due = _kept(told).certifications[_id(name)].issues[0].due_ms
    told.refuse("what is not certified, suspended", suspended, "STATE_CONFLICT", due + 1)
    _decide(told, MotionWish("certifications.decide", name, DecideCertification(CERTIFIED)), *PEERS, *CONSUMERS)
    kept = _kept(told).certifications[_id(name)]
    told.refuse("what is certified, certified", CertificationDecided(_id(name), CERTIFIED), "STATE_CONFLICT")
    told.refuse("what is in time, suspended", suspended, "STATE_CONFLICT", due)
    told.refuse("an issue that there is not, suspending", replace(suspended, issue=2), "NOT_FOUND", due + 1)
    told.refuse("nothing, suspended", replace(suspended, certification=NOTHING), "NOT_FOUND", due + 1)
    assert kept.until_ms is not None
    again = ApplyForPlot(kept.plot, PLEDGE, None, b"\1" * 16)
    late = kept.until_ms - 90 * DAY_MS
    signed = told.sign("certifications.apply", again, FARMER, not_after_ms=late)
    told.accept("a pledge 90 days before the end", CertificationApplied(signed, None), late)
    told.refuse("a pledge for what is certified", CertificationApplied(signed, None), "STATE_CONFLICT", late - 1)
    later = max(_kept(told).visits[one].lapses_ms for one in kept.visits) + 1
    called = VisitCalled(NOTHING, kept.id, None, "Federal lottery 5930", later + 1)
    told.refuse("a visit by who has certified it within a year", called, "LOT_TOO_SMALL", later)
    year = told.world.now + 366 * DAY_MS
    told.accept("a visit by who has certified it a year ago", replace(called, known_ms=year + 1), year)
    told.world.now = due + DAY_MS
    told.world.tick(1)
    assert _kept(told).certifications[_id(name)].state == "suspended"
    told.refuse("what is suspended, suspended", suspended, "STATE_CONFLICT")


def _appealed(told: Riacho, name: str) -> None:
    _decide(told, MotionWish("councils.create", "", FoundCouncil("Ethics")))
    [*_, council] = told.world.nodes[NODE].replica.book.of(Councils).by_id
    _decide(told, MotionWish("councils.elect", uuid_text(council), ElectBoard(BOARD)))
    kept = _kept(told).certifications[_id(name)]
    body = CertificationAppealed(kept.id, council, None)
    ends = (kept.changed_ms or 0) + 30 * DAY_MS
    told.accept("an appeal on the thirtieth day", body, ends)
    told.refuse("an appeal after thirty days", body, "STATE_CONFLICT", ends + 1)
    told.refuse("an appeal against nothing", replace(body, certification=NOTHING), "NOT_FOUND")
    told.refuse("an appeal to no council", replace(body, council=NOTHING), "NOT_FOUND")
    ruled = AppealRuled(None, RuleOnAppeal(kept.id, CertifyVerdict.CORRECTIVE, told.id_of("livia")))
    told.refuse("a ruling on what nobody has appealed against", ruled, "STATE_CONFLICT")
    visitor = next(iter(_kept(told).visits[kept.visits[0]].reports)).member
    told.do("certifications.appeal", AppealCertification(council, "the hedge stands"), name, FARMER)
    told.refuse("an appeal twice", body, "STATE_CONFLICT")
    for says, changed, code in (
        ("on nothing", {"certification": NOTHING}, "NOT_FOUND"),
        ("by who is not of the board", {"member": visitor}, "NOT_OF_COUNCIL"),
        ("that certifies what is not put right", {"verdict": CERTIFIED}, "ISSUE_OVERDUE"),
        ("by nobody", {"member": NOBODY}, "MEMBER_UNKNOWN"),
    ):
        told.refuse(f"a ruling {says}", AppealRuled(None, replace(ruled.word, **changed)), code)  # type: ignore[type-var]
    clearer = next(one for one in PEERS if told.id_of(one) == visitor)
    told.do("certifications.clear", ClearIssue(kept.id, 1, "a hedge stands"), name, clearer)
    again = IssueCleared(None, ClearIssue(kept.id, 1, None, visitor))
    told.refuse("an issue cleared twice", again, "STATE_CONFLICT")
    reporters = {one.member for visit in kept.visits for one in _kept(told).visits[visit].reports}
    taking_part = next((one for one in BOARD if told.id_of(one) in reporters), None)
    if taking_part is not None:
        own = AppealRuled(None, RuleOnAppeal(kept.id, CERTIFIED, told.id_of(taking_part)))
        told.refuse("a ruling by who has been there", own, "FORBIDDEN")
    certified = RuleOnAppeal(kept.id, CERTIFIED)
    for one in BOARD[:3]:
        told.do("certifications.rule", certified, name, one)
        if one == "livia":
            told.refuse("a ruling twice", AppealRuled(None, replace(certified, member=told.id_of(one))), "DUPLICATE")
    assert _kept(told).certifications[kept.id].state == "certified"
    told.refuse("an appeal against a ruling", body, "STATE_CONFLICT")
    fourth = AppealRuled(None, replace(certified, member=told.id_of("otavio")))
    told.refuse("a ruling when three have ruled", fourth, "STATE_CONFLICT")
