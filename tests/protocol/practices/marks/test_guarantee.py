# SPDX-License-Identifier: AGPL-3.0-or-later
"""A farm is visited by peers and consumers who are drawn, is certified, and is suspended on the day by itself."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from protocol.book.refusals import DUPLICATE, FORBIDDEN, MALFORMED, NOT_FOUND, STATE_CONFLICT, Refused
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.governance.councils.views import CouncilsWanted, ElectBoard, FoundCouncil
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.governance.projects.refusals import NOT_OF_COUNCIL
from protocol.practices.marks.guarantee.entries import (
    ApplyForPlot,
    CertificationSuspended,
    CertifierKind,
    CertifyVerdict,
    ClearIssue,
    DiaryKind,
    ExcuseVisitor,
    RaiseIssue,
    ReportVisit,
    RuleOnAppeal,
)
from protocol.practices.marks.guarantee.refusals import (
    DRAW_NOT_HELD,
    ISSUE_OVERDUE,
    LOT_TOO_SMALL,
    NOT_A_VISITOR,
    VISIT_INCOMPLETE,
)
from protocol.practices.marks.guarantee.state import CertificationState, Guarantees
from protocol.practices.marks.guarantee.wishes import (
    AppealCertification,
    CallVisit,
    CertificationsWanted,
    DecideCertification,
    DiaryWanted,
    DrawVisit,
    EnrolCertifier,
    NoteDiary,
    RegisterPlot,
    VisitsWanted,
)
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, keys_of, snapshot
from tests.protocol.practices.governance.communal import carry
from tests.protocol.practices.marks.farmers import (
    CONSUMERS,
    LOTTERY,
    NUMBERS,
    PEERS,
    RULES,
    applied,
    call,
    certified,
    decide,
    drawn,
    growers,
    hour,
    id_of,
    plot,
    raise_issue,
    report,
    shown,
)


@pytest.fixture
def riacho() -> Group:
    return growers()


def listed_by(group: Group, who: str, name: str, wanted: Any) -> list[Any]:
    found = group.list(who, name, wanted)
    assert isinstance(found, list)
    return found


def errands(group: Group, who: str, span: ErrandSpan = ErrandSpan.TODAY) -> list[str]:
    found = group.list(who, "errands.list", ErrandsWanted(span))
    assert isinstance(found, list)
    return [one.sentence for one in found if one.sentence.startswith(("visits.", "certifications."))]


def test_two_visitors_are_too_few_and_four_are_enough(riacho: Group) -> None:
    name = applied(riacho)
    assert errands(riacho, "steward", ErrandSpan.WEEK) == ["certifications.to_visit"]
    visit = drawn(riacho, name)
    assert len(visit.visitors) == 4 and set(visit.visitors[:3]) < set(PEERS) and visit.visitors[3] in CONSUMERS
    assert errands(riacho, visit.visitors[0]) == ["visits.to_make"]
    assert not report(riacho, visit.id, *visit.visitors[:2]).complete
    refused = riacho.ask("ana", "certifications.decide", DecideCertification(CertifyVerdict.CERTIFIED), name)
    assert isinstance(refused, Refused) and refused.reason is VISIT_INCOMPLETE
    assert {"peers": 2, "consumers": 0, "reports": 2}.items() <= refused.figures.items()
    assert report(riacho, visit.id, *visit.visitors[2:]).complete
    assert shown(riacho, name).state is CertificationState.VISITED
    assert errands(riacho, "steward", ErrandSpan.WEEK) == ["certifications.to_decide"]
    seen = decide(riacho, name)
    assert (seen.state, seen.counts, seen.until - seen.since) == (CertificationState.CERTIFIED, True, 365 * DAY_MS)
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_an_issue_due_in_60_days_and_open_on_day_61_suspends(riacho: Group) -> None:
    name = applied(riacho)
    visit = drawn(riacho, name)
    report(riacho, visit.id, *visit.visitors)
    raise_issue(riacho, visit.id, visit.visitors[0], days=60)
    raised = riacho.now
    assert decide(riacho, name).state is CertificationState.CERTIFIED
    assert errands(riacho, "elio") == ["certifications.put_right"]
    early = CertificationSuspended(id_of(name), 1)
    riacho.pass_time(raised + 60 * DAY_MS)
    assert riacho.check(early) is STATE_CONFLICT
    assert shown(riacho, name).counts, "on day 60 it may still be put right"
    riacho.pass_time(raised + 61 * DAY_MS)
    seen = shown(riacho, name)
    assert (seen.state, seen.counts, seen.suspended_at) == (CertificationState.SUSPENDED, False, riacho.now)
    assert riacho.news[-1].type == "certification.suspended"
    verdict = DecideCertification(CertifyVerdict.CERTIFIED)
    refused = riacho.ask("ana", "certifications.decide", verdict, name)
    assert isinstance(refused, Refused) and refused.reason is ISSUE_OVERDUE
    assert {"issue": 1, "days": 1}.items() <= refused.figures.items()
    assert riacho.refusal("eva", "certifications.clear", ClearIssue(id_of(name), 1), name) is NOT_A_VISITOR
    riacho.do(visit.visitors[1], "certifications.clear", ClearIssue(id_of(name), 1, "a hedge stands"), name)
    clear = ClearIssue(id_of(name), 1)
    assert riacho.refusal(visit.visitors[1], "certifications.clear", clear, name) is STATE_CONFLICT
    again = decide(riacho, name)
    assert (again.counts, again.until) == (True, seen.until), "what was certified for a year stays so long"
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_an_issue_put_right_in_time_suspends_nothing(riacho: Group) -> None:
    name = applied(riacho)
    visit = drawn(riacho, name)
    report(riacho, visit.id, *visit.visitors)
    raise_issue(riacho, visit.id, visit.visitors[0], days=60)
    raised = riacho.now
    decide(riacho, name, CertifyVerdict.CORRECTIVE)
    riacho.do(visit.visitors[0], "certifications.clear", ClearIssue(id_of(name), 1), name)
    riacho.pass_time(raised + 61 * DAY_MS)
    assert shown(riacho, name).state is CertificationState.CORRECTIVE
    assert decide(riacho, name).counts


def expected(visit: Any, home: str, barred: frozenset[str] = frozenset()) -> list[str]:
    """Draw again, by hand, from what a visit shows: as anybody may, without this program."""
    seed = sha256(b"mutirao/v1/visitors\0" + bytes.fromhex(visit.called) + visit.numbers.encode()).digest()
    lots = {one.id: sha256(b"mutirao/v1/visitor\0" + seed + one.id.encode()).digest() for one in visit.entrants}
    ranked = sorted(visit.entrants, key=lambda one: lots[one.id])
    found: list[str] = []
    houses = {home}
    for kind, upto in (("peer", 3), ("consumer", 4)):
        for one in ranked:
            free = len(found) < upto and one.kind == kind
            if free and one.household not in houses and one.member not in barred:
                houses.add(one.household)
                found.append(one.member)
    return found


def test_everybody_can_draw_again_and_other_numbers_draw_others(riacho: Group) -> None:
    name = applied(riacho)
    visit = drawn(riacho, name)
    home = riacho.member("elio").id
    assert list(visit.visitors) == expected(visit, home)
    assert {"eva", "elio"} & set(visit.visitors) == set(), "nobody of the household visited goes"
    others = {tuple(expected(replace(visit, numbers=f"{one:010}"), home)) for one in range(200)}
    assert len(others) > 20
    assert {one for names in others for one in names} == {*PEERS, *CONSUMERS}


def test_numbers_are_told_once_after_the_draw_and_bound_who_may_be_drawn_before(riacho: Group) -> None:
    name = applied(riacho)
    assert riacho.refusal("ana", "visits.call", call_wish(riacho, name)) is FORBIDDEN
    visit = call(riacho, name)
    assert isinstance(again := call(riacho, name), Refused) and again.reason is STATE_CONFLICT
    assert riacho.refusal("steward", "visits.draw", DrawVisit(NUMBERS), visit.id) is DRAW_NOT_HELD
    riacho.admit("late", custodial=True)
    riacho.do("late", "certifiers.enrol", EnrolCertifier(CertifierKind.PEER))
    riacho.pass_time(riacho.now + 2 * DAY_MS)
    assert errands(riacho, "steward", ErrandSpan.WEEK) == ["visits.to_draw"]
    for numbers in ("", "1234567", "1234 5678 ", "12345678a", "1234  5678"):
        assert riacho.refusal("steward", "visits.draw", DrawVisit(numbers), visit.id) is MALFORMED
    seen = riacho.do("steward", "visits.draw", DrawVisit("1234 5678"), visit.id)
    assert "late" not in [one.member for one in seen.entrants]
    assert riacho.refusal("steward", "visits.draw", DrawVisit(NUMBERS), visit.id) is STATE_CONFLICT


def call_wish(group: Group, name: str) -> CallVisit:
    return CallVisit(id_of(name), LOTTERY, hour(group, 1))


def may_go(group: Group, visit: str, who: str) -> bool:
    """Tell whether some numbers of two hundred would draw a member."""
    guarantees = group.book.of(Guarantees)
    kept = guarantees.visits[id_of(visit)]
    owner = guarantees.certifications[kept.certification or b""].member
    drawn_all = (guarantees.visitors(replace(kept, numbers=f"{one:010}"), owner) for one in range(200))
    return any(one.member == group.member(who).id for visitors in drawn_all for one in visitors)


def test_friends_do_not_certify_friends_within_a_year(riacho: Group) -> None:
    first = certified(riacho, "elio")
    visitors = riacho.view("steward", "visits.show", shown(riacho, first).visits[0]).visitors
    peer = visitors[0]
    other = applied(riacho, peer, name="valley")
    visit = drawn(riacho, other)
    assert "elio" in visit.barred and "elio" not in visit.visitors
    assert not may_go(riacho, visit.id, "elio"), "whatever the numbers"
    later = shown(riacho, other, peer)
    assert later.state is CertificationState.APPLIED
    riacho.pass_time(riacho.now + 366 * DAY_MS)
    again = drawn(riacho, other)
    assert "elio" not in again.barred, "a year later they may visit one another"
    assert may_go(riacho, again.id, "elio")


def test_too_few_to_draw_from(riacho: Group) -> None:
    name = applied(riacho)
    for one in PEERS[:3]:
        riacho.do(one, "certifiers.enrol", EnrolCertifier(CertifierKind.NONE))
    few = call(riacho, name)
    assert isinstance(few, Refused) and few.reason is LOT_TOO_SMALL
    assert few.figures == {"peers": 2, "consumers": 3}
    riacho.do(PEERS[0], "certifiers.enrol", EnrolCertifier(CertifierKind.PEER, household=PEERS[3]))
    again = call(riacho, name)
    assert isinstance(again, Refused) and again.figures["peers"] == 2, "one household goes once"
    riacho.do(PEERS[0], "certifiers.enrol", EnrolCertifier(CertifierKind.PEER))
    assert not isinstance(call(riacho, name), Refused)


def test_who_cannot_go_makes_room_for_the_next_and_moves_nobody_else(riacho: Group) -> None:
    name = applied(riacho)
    visit = drawn(riacho, name)
    first, *others = visit.visitors
    outside = next(one for one in PEERS if one not in visit.visitors)
    wish = ExcuseVisitor(id_of(visit))
    assert riacho.refusal(outside, "visits.excuse", wish, visit.id) is NOT_A_VISITOR
    report(riacho, visit.id, others[0])
    assert riacho.refusal(others[0], "visits.excuse", wish, visit.id) is STATE_CONFLICT
    seen = riacho.do(first, "visits.excuse", wish, visit.id)
    assert first not in seen.visitors and set(others) < set(seen.visitors) and len(seen.visitors) == 4
    assert riacho.refusal(first, "visits.report", ReportVisit(id_of(visit), kept=True), visit.id) is NOT_A_VISITOR
    report(riacho, visit.id, *(one for one in seen.visitors if one != others[0]))
    assert decide(riacho, name).counts


def test_a_visit_without_notice_is_told_to_its_visitors_alone(riacho: Group) -> None:
    name = certified(riacho)
    few = call(riacho, name, unannounced=True)
    assert isinstance(few, Refused) and few.figures == {"peers": 2, "consumers": 2}, "who certified it stays away"
    riacho.admit("jana", "kiko", custodial=True)
    for one in ("jana", "kiko"):
        riacho.do(one, "certifiers.enrol", EnrolCertifier(CertifierKind.PEER))
    visit = drawn(riacho, name, unannounced=True)
    assert visit.certification == name and visit.unannounced, "a steward, who has called it, knows"
    away = riacho.view("elio", "visits.show", visit.id)
    assert (away.certification, away.visitors, away.barred) == (None, None, None)
    assert name not in str(away) and errands(riacho, "elio") == []
    goes = visit.visitors[0]
    assert riacho.view(goes, "visits.show", visit.id).certification == name
    assert errands(riacho, goes) == ["visits.to_make"]
    assert [one.id for one in listed_by(riacho, goes, "visits.list", VisitsWanted(mine=True))][-1:] == [visit.id]
    elsewhere = copy_of(riacho.written).of(Guarantees).visits[id_of(visit)]
    assert elsewhere.certification is None, "no replica can tell"
    assert riacho.refusal(goes, "visits.raise", RaiseIssue(id_of(visit), 30), visit.id) is NOT_FOUND
    report(riacho, visit.id, goes)
    raise_issue(riacho, visit.id, goes, days=30)
    now = riacho.view("elio", "visits.show", visit.id)
    assert (now.certification, now.visitors) == (name, visit.visitors)
    raised = riacho.now
    riacho.pass_time(raised + 31 * DAY_MS)
    assert shown(riacho, name).state is CertificationState.SUSPENDED
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def council(group: Group, *board: str) -> str:
    everybody = ("elio", "eva", *PEERS, *CONSUMERS)
    carry(group, group.do("ana", "councils.create", FoundCouncil("Ethics council")), *everybody)
    [found] = listed_by(group, "ana", "councils.list", CouncilsWanted())
    carry(group, group.do("ana", "councils.elect", ElectBoard(board), found.id), *everybody)
    return found.id


def test_a_council_hears_an_appeal_and_three_of_its_board_who_have_no_part_in_it_decide(riacho: Group) -> None:
    board = ("lia", "mara", "nilo", "otto")
    riacho.admit(*board, custodial=True)
    ethics = council(riacho, *board, "eva")
    name = applied(riacho)
    visit = drawn(riacho, name)
    report(riacho, visit.id, *visit.visitors)
    rule = RuleOnAppeal(id_of(name), CertifyVerdict.CERTIFIED)
    appeal = AppealCertification(id_of(ethics), "it was put right")
    assert riacho.refusal("elio", "certifications.appeal", appeal, name) is STATE_CONFLICT
    assert decide(riacho, name, CertifyVerdict.REFUSED).state is CertificationState.REFUSED
    assert riacho.refusal("lia", "certifications.rule", rule, name) is STATE_CONFLICT
    assert riacho.refusal("ana", "certifications.appeal", appeal, name) is FORBIDDEN
    riacho.do("elio", "certifications.appeal", appeal, name)
    assert riacho.refusal("elio", "certifications.appeal", appeal, name) is STATE_CONFLICT
    assert errands(riacho, "lia") == ["certifications.to_rule"] and errands(riacho, "eva") == []
    assert riacho.refusal("eva", "certifications.rule", rule, name) is FORBIDDEN
    assert riacho.refusal("ana", "certifications.rule", rule, name) is NOT_OF_COUNCIL
    riacho.do("lia", "certifications.rule", rule, name)
    assert riacho.refusal("lia", "certifications.rule", rule, name) is DUPLICATE
    riacho.do("mara", "certifications.rule", RuleOnAppeal(id_of(name)), name)
    assert not riacho.do("nilo", "certifications.rule", rule, name).counts
    seen = riacho.do("otto", "certifications.rule", rule, name)
    assert seen.counts and seen.appeal.ruled_at == riacho.now
    assert riacho.refusal("elio", "certifications.appeal", appeal, name) is STATE_CONFLICT
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_an_appeal_is_late_after_30_days(riacho: Group) -> None:
    ethics = council(riacho, "ana", "bia")
    name = applied(riacho)
    visit = drawn(riacho, name)
    report(riacho, visit.id, *visit.visitors)
    decide(riacho, name, CertifyVerdict.REFUSED)
    decided = riacho.book.of(Guarantees).certifications[id_of(name)].changed_ms
    assert decided is not None
    riacho.pass_time(decided + 30 * DAY_MS + 1)
    assert riacho.refusal("elio", "certifications.appeal", AppealCertification(id_of(ethics)), name) is STATE_CONFLICT


def test_a_plot_is_told_to_a_kilometre_and_its_diary_is_private(riacho: Group) -> None:
    seen = plot(riacho)
    assert seen.place == "geo:-23.56,-46.63"
    assert "-23.5567" not in repr(snapshot(riacho.book))
    note = NoteDiary(id_of(seen), DiaryKind.FERTILISING, note="two carts of manure")
    line = riacho.do("elio", "diaries.note", note)
    assert line.note is not None and riacho.texts[line.note.digest] == "two carts of manure"
    assert "manure" not in repr([one.body for one in riacho.written])
    assert riacho.refusal("ana", "diaries.note", note) is FORBIDDEN
    assert [one.id for one in listed_by(riacho, "elio", "diaries.list", DiaryWanted(id_of(seen)))] == [line.id]
    assert isinstance(riacho.view("ana", "diaries.show", line.id), Refused)
    name = riacho.do("elio", "certifications.apply", ApplyForPlot(id_of(seen), RULES)).id
    visit = drawn(riacho, name)
    assert riacho.view(visit.visitors[0], "diaries.show", line.id).id == line.id, "who visits reads it"
    late = replace(note, on="2999-01-01")
    assert riacho.refusal("elio", "diaries.note", late) is MALFORMED


@pytest.mark.parametrize(
    "changed",
    [{"name": "hill 3"}, {"name": ""}, {"place": "here"}, {"codes": ()}, {"codes": ("00",)}, {"codes": ("01", "01")}],
)
def test_a_plot_of_no_form_is_refused(riacho: Group, changed: dict[str, Any]) -> None:
    terms: dict[str, Any] = {"name": "hill-3", "place": "geo:-23.55,-46.63", "ares": 250, "codes": ("0123",)}
    assert riacho.refusal("elio", "plots.register", RegisterPlot(**{**terms, **changed})) is MALFORMED


def test_who_farms_pledges_with_her_own_key_and_once(riacho: Group) -> None:
    riacho.admit("rosa")
    field = plot(riacho, "rosa")
    wish = ApplyForPlot(id_of(field), RULES)
    assert riacho.refusal("rosa", "certifications.apply", replace(wish, member="rosa")) is FORBIDDEN
    assert riacho.refusal("elio", "certifications.apply", wish) is FORBIDDEN
    assert riacho.refusal("rosa", "certifications.apply", brought(riacho, replace(wish, pledge="G" * 64))) is MALFORMED
    signed = replace(wish, certification=drawn_id(riacho.chance))
    name = riacho.do("rosa", "certifications.apply", brought(riacho, signed)).id
    assert parse_uuid(name) == signed.certification
    again = replace(wish, certification=drawn_id(riacho.chance))
    assert riacho.refusal("rosa", "certifications.apply", brought(riacho, again)) is STATE_CONFLICT


def brought(group: Group, wish: ApplyForPlot) -> Brought:
    return Brought(group.sign("certifications.apply", wish, keys_of("rosa")))


def test_a_certified_plot_is_looked_at_anew_in_its_last_90_days(riacho: Group) -> None:
    name = certified(riacho)
    kept = riacho.book.of(Guarantees).certifications[id_of(name)]
    wish = ApplyForPlot(kept.plot, RULES)
    assert riacho.refusal("elio", "certifications.apply", wish) is STATE_CONFLICT
    assert kept.until_ms is not None
    riacho.pass_time(kept.until_ms - 50 * DAY_MS)
    assert errands(riacho, "steward", ErrandSpan.WEEK) == ["certifications.ends"]
    assert riacho.do("elio", "certifications.apply", wish).state is CertificationState.APPLIED
    assert len(listed_by(riacho, "elio", "certifications.list", CertificationsWanted(holder="elio"))) == 2
    riacho.pass_time(kept.until_ms + 1)
    assert not shown(riacho, name).counts
    assert uuid_text(kept.id) == name
