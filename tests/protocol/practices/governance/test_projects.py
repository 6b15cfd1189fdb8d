# SPDX-License-Identifier: AGPL-3.0-or-later
"""Projects of a communal bank: approved by three of five, paid in tranches, reported on, for all to see."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    AMOUNT_TOO_LARGE,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_UNKNOWN,
    MOTION_NEEDED,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.wishes import Brought
from protocol.practices.credit.funds.entries import FundKind, FundPart, PayFund, WithdrawFund
from protocol.practices.credit.funds.refusals import FUND_SHORT
from protocol.practices.credit.funds.state import Funds
from protocol.practices.credit.funds.views import CreateFund
from protocol.practices.governance.companies.entries import FoundCompany
from protocol.practices.governance.councils.refusals import BOARD_INCOMPLETE
from protocol.practices.governance.councils.views import ElectBoard
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.governance.motions.entries import Ballot, MotionState, Vote
from protocol.practices.governance.motions.refusals import RECUSED
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.governance.projects.entries import (
    EndorseProject,
    ProjectApproved,
    ProjectFunded,
    ProjectProposed,
    ProjectStopped,
    ReportProject,
    ReportVerdict,
)
from protocol.practices.governance.projects.refusals import NOT_OF_COUNCIL, PROJECT_RECUSED, REPORT_OVERDUE
from protocol.practices.governance.projects.state import Project, Projects, ProjectState, TrancheState
from protocol.practices.governance.projects.views import (
    AccountsOfProjectsWanted,
    ApproveProject,
    FundProject,
    ProjectsWanted,
    ProposeProject,
    StopProject,
    view_project_accounts,
)
from protocol.practices.money.currencies.views import CloseCurrency
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, keys_of, snapshot
from tests.protocol.practices.governance.communal import (
    BOARD,
    bank,
    carry,
    comunal,
    elect,
    endorse,
    fund,
    id_of,
    pass_days,
    propose,
    report,
    review,
)


@pytest.fixture
def riacho() -> tuple[Group, str]:
    return bank()


def shown(group: Group, project: str, who: str = "gil") -> Any:
    return group.view(who, "projects.show", project)


def kept(group: Group, project: str) -> Project:
    return group.book.of(Projects).by_id[parse_uuid(project) or b""]


def approved(group: Group, council: str, *tranches: int, **changed: Any) -> str:
    """Let gil propose a pump, and three of the board approve it."""
    project = propose(group, council, *(tranches or (60_00, 40_00)), **changed)
    assert endorse(group, project, *BOARD[:3]).state is ProjectState.APPROVED
    return project


def errands(group: Group, who: str, span: ErrandSpan = ErrandSpan.TODAY) -> list[Any]:
    found = group.list(who, "errands.list", ErrandsWanted(span))
    assert isinstance(found, list)
    return [one for one in found if one.sentence.startswith("projects.")]


def sums(group: Group) -> tuple[int, ...]:
    found = view_project_accounts(group.desk(group.actor("bia")), AccountsOfProjectsWanted())
    assert not isinstance(found, Refused)
    [one] = found.currencies
    told = (one.approved, one.paid, one.reported, one.accepted, one.late)
    return (*(amount.value for amount in told), one.reports_late)


def test_three_of_five_approve_two_tranches_are_paid_and_reported(riacho: tuple[Group, str]) -> None:
    group, council = riacho
    project = propose(group, council, 60_00, 40_00)
    assert [one.sentence for one in errands(group, "ana")] == ["projects.to_endorse"]
    assert errands(group, "flor") == errands(group, "gil") == []
    assert sums(group) == (0, 0, 0, 0, 0, 0)
    assert endorse(group, project, "ana", "bia").state is ProjectState.PROPOSED
    assert errands(group, "ana") == []
    seen = endorse(group, project, "caio")
    assert (seen.state, seen.approved_by, seen.endorsed_by) == (ProjectState.APPROVED, "board", BOARD[:3])
    assert sums(group) == (100_00, 0, 0, 0, 0, 0)
    assert fund(group, project).state is ProjectState.FUNDED
    assert (group.balance("gil", "COMUNAL"), group.book.ledger.accounts["commons.COMUNAL"].balance_minor) == (
        60_00, 40_00,
    )  # fmt: skip
    assert group.statement("gil", f"{group.member('gil').id}.COMUNAL")[-1].kind == "project"
    [owed] = errands(group, "gil")
    assert (owed.sentence, owed.figure, owed.until) == ("projects.report_owed", comunal(60_00), group.now + 30 * DAY_MS)
    assert {one.type: one.audience for one in group.news[-2:]} == {
        "project.funded": tuple(group.book.members),
        "project.report-owed": (group.member("gil").id,),
    }
    report(group, project, 1, 58_50)
    assert errands(group, "gil") == []
    assert [one.sentence for one in errands(group, "flor")] == ["projects.to_review"]
    assert sums(group) == (100_00, 60_00, 60_00, 0, 0, 0)
    review(group, project, 1, ReportVerdict.ACCEPTED)
    assert fund(group, project, "steward").paid == comunal(100_00)
    report(group, project, 2, 40_00)
    seen = review(group, project, 2, ReportVerdict.ACCEPTED)
    assert seen.state is ProjectState.REPORTED
    assert [(one.state, one.spent) for one in seen.tranches] == [
        (TrancheState.ACCEPTED, comunal(58_50)), (TrancheState.ACCEPTED, comunal(40_00)),
    ]  # fmt: skip
    assert sums(group) == (100_00, 100_00, 100_00, 100_00, 0, 0)
    assert group.refusal("ana", "projects.fund", FundProject(), project) is STATE_CONFLICT
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_a_board_of_four_approves_and_pays_nothing() -> None:
    group, council = bank(*BOARD[:4])
    project = propose(group, council, 60_00, 40_00)
    assert errands(group, "ana") == []
    refused = group.ask("ana", "projects.endorse", EndorseProject(parse_uuid(project) or b""), project)
    assert (refused.reason, refused.figures["filled"], refused.figures["seats"]) == (BOARD_INCOMPLETE, 4, 5)
    elect(group, council, "elio")
    endorse(group, project, "ana", "bia", "caio")
    group.leave("elio")
    refused = fund(group, project)
    assert (refused.reason, refused.figures["filled"]) == (BOARD_INCOMPLETE, 4)
    assert group.check(ProjectFunded(parse_uuid(project) or b"", 1)) is BOARD_INCOMPLETE, "no node takes it"
    assert group.balance("gil", "COMUNAL") == 0


def test_a_report_30_days_late_blocks_the_next_tranche(riacho: tuple[Group, str]) -> None:
    group, council = riacho
    project = approved(group, council, 30_00, 30_00, 40_00)
    fund(group, project)
    due = shown(group, project).tranches[0].report_due
    assert due == group.now + 30 * DAY_MS
    group.pass_time(due - 7 * DAY_MS)
    [soon] = errands(group, "steward", ErrandSpan.WEEK)
    assert (soon.sentence, soon.who, soon.count) == ("projects.report_due", "gil", 1)
    group.pass_time(due + 29 * DAY_MS)
    [late] = errands(group, "steward", ErrandSpan.WEEK)
    assert (late.sentence, late.count, late.urgency) == ("projects.report_late", 29, "people")
    assert (shown(group, project).blocked, shown(group, project).tranches[0].days_late) == (False, 29)
    group.pass_time(due + 30 * DAY_MS - 1)
    assert fund(group, project).paid == comunal(60_00), "29 days late it is still paid"
    group.pass_time(due + 30 * DAY_MS)
    refused = fund(group, project)
    assert refused.reason is REPORT_OVERDUE
    assert {name: refused.figures[name] for name in ("tranche", "days", "most")} == {
        "tranche": 1, "days": 30, "most": 30,
    }  # fmt: skip
    assert REPORT_OVERDUE.heading.format(**refused.figures) == "Report 1 is 30 days late"
    assert group.check(ProjectFunded(parse_uuid(project) or b"", 3)) is REPORT_OVERDUE, "no node takes it"
    assert group.balance("gil", "COMUNAL") == 60_00
    [late] = errands(group, "steward", ErrandSpan.WEEK)
    assert (late.count, late.urgency) == (30, "stopped")
    assert [one.urgency for one in errands(group, "gil")] == ["stopped", "date"]
    assert sums(group)[-2:] == (30_00, 1)
    listed = group.list("bia", "projects.list", ProjectsWanted(late=True))
    assert isinstance(listed, list) and [(one.id, one.blocked) for one in listed] == [(project, True)]
    report(group, project, 1, 30_00)
    assert fund(group, project).paid == comunal(100_00), "who has reported is paid"
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_a_report_that_is_rejected_is_owed_from_the_day_on_which_it_was_due(riacho: tuple[Group, str]) -> None:
    group, council = riacho
    project = approved(group, council)
    fund(group, project)
    pass_days(group, 60)
    report(group, project, 1, 60_00)
    assert not shown(group, project).blocked
    assert review(group, project, 1, ReportVerdict.REJECTED).reason is MALFORMED, "the comptroller says why"
    seen = review(group, project, 1, ReportVerdict.REJECTED, reason="no receipts")
    assert (seen.tranches[0].state, seen.blocked) == (TrancheState.REJECTED, True)
    assert "no receipts" in group.texts.values()
    assert group.news[-1].type == "project.report-owed"
    assert fund(group, project).reason is REPORT_OVERDUE
    assert review(group, project, 1, ReportVerdict.ACCEPTED).reason is STATE_CONFLICT
    report(group, project, 1, 60_00)
    review(group, project, 1, ReportVerdict.ACCEPTED)
    assert report(group, project, 1, 60_00).reason is STATE_CONFLICT
    assert fund(group, project).paid == comunal(100_00)


def test_whom_it_pays_does_not_decide_on_it(riacho: tuple[Group, str]) -> None:
    group, council = riacho
    group.do("gil", "companies.create", FoundCompany("COMUNAL", ("ana", "flor")))
    project = propose(group, council, 60_00)
    for recused in ("ana", "gil"):
        refused = group.ask(recused, "projects.endorse", EndorseProject(parse_uuid(project) or b""), project)
        assert (refused.reason, refused.figures["member"]) == (PROJECT_RECUSED, recused)
    own = propose(group, council, 1_00, who="bia")
    assert group.ask("bia", "projects.endorse", EndorseProject(parse_uuid(own) or b""), own).reason is PROJECT_RECUSED
    assert endorse(group, project, "bia", "caio", "dora").state is ProjectState.APPROVED
    fund(group, project, "bia")
    report(group, project, 1, 60_00)
    assert review(group, project, 1, ReportVerdict.ACCEPTED).reason is PROJECT_RECUSED, "flor works there"


def test_only_those_of_the_council_decide_and_each_once(riacho: tuple[Group, str]) -> None:
    group, council = riacho
    project = propose(group, council, 60_00)
    wish = EndorseProject(parse_uuid(project) or b"")
    refused = group.ask("flor", "projects.endorse", wish, project)
    assert (refused.reason, refused.figures["allowed"]) == (NOT_OF_COUNCIL, "the board")
    endorse(group, project, "ana")
    assert group.refusal("ana", "projects.endorse", wish, project) is DUPLICATE
    assert group.refusal("steward", "projects.endorse", wish, project) is MALFORMED
    assert group.refusal("bia", "projects.endorse", replace(wish, member="caio"), project) is FORBIDDEN
    assert group.do("steward", "projects.endorse", replace(wish, member="caio"), project).endorsed_by == ("ana", "caio")
    endorse(group, project, "bia")
    assert group.refusal("dora", "projects.endorse", wish, project) is STATE_CONFLICT
    assert fund(group, project, "flor").reason is NOT_OF_COUNCIL
    assert fund(group, project, "gil").reason is NOT_OF_COUNCIL
    fund(group, project)
    assert report(group, project, 1, 1, "ana").reason is FORBIDDEN
    assert report(group, project, 1, 60_01).reason is MALFORMED
    assert report(group, project, 1, -1).reason is MALFORMED
    assert report(group, project, 2, 1).reason is NOT_FOUND
    report(group, project, 1, 60_00)
    refused = review(group, project, 1, ReportVerdict.ACCEPTED, "ana")
    assert (refused.reason, refused.figures["allowed"]) == (NOT_OF_COUNCIL, "the comptroller")


def test_who_has_left_the_board_is_not_counted_among_three() -> None:
    group, council = bank()
    project = propose(group, council, 60_00)
    endorse(group, project, "ana", "bia")
    group.leave("bia")
    carry(
        group, group.do("gil", "councils.elect", ElectBoard(("gil",)), council), "ana", "caio", "dora", "elio", "flor"
    )
    assert endorse(group, project, "caio").state is ProjectState.PROPOSED, "ana and caio are two"
    assert endorse(group, project, "dora").state is ProjectState.APPROVED


def test_all_members_may_approve_it_in_place_of_the_board(riacho: tuple[Group, str]) -> None:
    group, council = riacho
    project = propose(group, council, 60_00)
    asked = group.do("bia", "projects.approve", ApproveProject(), project)
    assert asked.recused == ("gil",)
    assert group.refusal("gil", "motions.vote", Vote(id_of(asked), Ballot.YES), asked.id) is RECUSED
    assert carry(group, asked).state is MotionState.EXECUTED
    assert (shown(group, project).state, shown(group, project).approved_by) == (ProjectState.APPROVED, "members")
    name = parse_uuid(propose(group, council, 1_00)) or b""
    assert group.check(ProjectApproved(name)) is MOTION_NEEDED
    assert group.check(ProjectFunded(name, 1)) is STATE_CONFLICT, "not before it is approved"
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_a_fund_pays_what_it_holds() -> None:
    group, council = bank()
    carry(group, group.do("gil", "funds.create", CreateFund("waterworks", "COMUNAL")))
    [found] = group.book.of(Funds).by_id.values()
    paid = PayFund(found.id, comunal(50_00), FundPart.GIFT)
    group.do("gil", "funds.pay", paid, uuid_text(found.id))
    project = approved(group, council, 30_00, 30_00, fund=found.id)
    assert fund(group, project).fund == uuid_text(found.id)
    assert (found.free_minor, group.balance("gil", "COMUNAL")) == (20_00, -20_00)
    refused = fund(group, project)
    assert (refused.reason, refused.figures["missing"]) == (FUND_SHORT, 10_00)


def test_a_fund_gives_no_savings_of_its_members_away() -> None:
    group, council = bank()
    carry(group, group.do("gil", "funds.create", CreateFund("savings and works", "COMUNAL", FundKind.LENDING)))
    [found] = group.book.of(Funds).by_id.values()
    for part, amount in ((FundPart.SAVINGS, 60_00), (FundPart.GIFT, 25_00)):
        group.do("gil", "funds.pay", PayFund(found.id, comunal(amount), part), uuid_text(found.id))
    project = approved(group, council, 20_00, 6_00, fund=found.id)
    assert fund(group, project).fund == uuid_text(found.id)
    refused = fund(group, project)
    assert (refused.reason, refused.figures["available"], refused.figures["missing"]) == (FUND_SHORT, 5_00, 1_00)
    group.do("gil", "funds.withdraw", WithdrawFund(found.id, comunal(60_00)), uuid_text(found.id))
    assert found.free_minor == 5_00, "all that was saved came back"
    commons = approved(group, council, 100_01)
    refused = fund(group, commons)
    assert (refused.reason, refused.figures["missing"]) == (LIMIT_EXCEEDED, 1)
    assert list(group.book.complaints()) == []
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_it_is_withdrawn_before_it_is_approved_and_stopped_by_a_vote_after(riacho: tuple[Group, str]) -> None:
    group, council = riacho
    mine = propose(group, council, 10_00)
    assert group.do("gil", "projects.stop", StopProject(), mine).state is ProjectState.STOPPED
    assert group.refusal("ana", "projects.endorse", EndorseProject(parse_uuid(mine) or b""), mine) is STATE_CONFLICT
    project = approved(group, council)
    fund(group, project)
    assert group.check(ProjectStopped(parse_uuid(project) or b"")) is MOTION_NEEDED
    carry(group, group.do("ana", "projects.stop", StopProject(), project))
    assert fund(group, project).reason is STATE_CONFLICT
    assert [one.sentence for one in errands(group, "gil")] == ["projects.report_owed"], "what was paid is reported"
    report(group, project, 1, 60_00)
    assert review(group, project, 1, ReportVerdict.ACCEPTED).state is ProjectState.STOPPED
    assert group.refusal("gil", "projects.stop", StopProject(), uuid_text(bytes(16))) is NOT_FOUND
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_the_group_decides_how_many_approve_and_how_late_is_too_late(riacho: tuple[Group, str]) -> None:
    group, council = riacho
    carry(group, group.do("ana", "parameters.set", SetParameter("5"), "projects.approvals"))
    carry(group, group.do("ana", "parameters.set", SetParameter("10"), "projects.late_days"))
    project = propose(group, council, 30_00, 30_00)
    assert endorse(group, project, *BOARD[:4]).state is ProjectState.PROPOSED
    endorse(group, project, "elio")
    fund(group, project)
    pass_days(group, 40)
    assert fund(group, project).figures["days"] == 10


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"title": " "}, MALFORMED),
        ({"title": "x" * 101}, MALFORMED),
        ({"tranches": ()}, MALFORMED),
        ({"tranches": (comunal(0),)}, AMOUNT_NOT_POSITIVE),
        ({"tranches": (comunal(2**62), comunal(2**62))}, AMOUNT_TOO_LARGE),
        ({"tranches": (Amount(1_00, "HORA", 2),)}, CURRENCY_MISMATCH),
        ({"currency": "FLOR"}, CURRENCY_UNKNOWN),
        ({"council": bytes(16)}, NOT_FOUND),
        ({"fund": bytes(16)}, NOT_FOUND),
        ({"member": "nobody"}, MEMBER_UNKNOWN),
        ({"member": "ana"}, FORBIDDEN),
    ],
)
def test_what_cannot_be_proposed(riacho: tuple[Group, str], changed: Any, reason: Reason) -> None:
    group, council = riacho
    wish = ProposeProject(parse_uuid(council) or b"", "a pump", "COMUNAL", (comunal(1_00),))
    assert group.refusal("gil", "projects.propose", replace(wish, **changed)) is reason


def test_every_node_asks_the_same_of_a_proposal(riacho: tuple[Group, str]) -> None:
    group, council = riacho
    group.currency("HORA")
    gil = group.member("gil").id
    said = ProjectProposed(bytes(16), parse_uuid(council) or b"", gil, "a pump", "COMUNAL", (1_00,), None, 30)
    assert group.check(said) is None
    assert group.check(replace(said, currency="HORA")) is ACCOUNT_UNKNOWN
    assert group.check(replace(said, member="m0")) is MEMBER_UNKNOWN
    carry(group, group.do("gil", "funds.create", CreateFund("hours", "HORA")))
    [hours] = group.book.of(Funds).by_id
    assert group.check(replace(said, fund=hours)) is CURRENCY_MISMATCH
    group.do("steward", "currencies.close", CloseCurrency(), "HORA")
    assert group.check(replace(said, currency="HORA")) is ACCOUNT_UNKNOWN
    name = propose(group, council, 1_00)
    assert group.check(replace(said, project=parse_uuid(name) or b"")) is DUPLICATE


def test_a_member_with_a_key_signs_what_it_says() -> None:
    group, council = bank(*BOARD[:4])
    group.admit("hugo")
    carry(group, group.do("gil", "councils.elect", ElectBoard(("hugo",)), council))
    project = propose(group, council, 60_00)
    wish = EndorseProject(parse_uuid(project) or b"")
    assert group.refusal("hugo", "projects.endorse", wish, project) is FORBIDDEN
    signed = group.sign("projects.endorse", wish, keys_of("hugo"))
    assert group.do("hugo", "projects.endorse", Brought(signed), project).endorsed_by == ("hugo",)
    other = group.sign("projects.endorse", replace(wish, member=group.member("ana").id), keys_of("hugo"))
    assert group.refusal("hugo", "projects.endorse", Brought(other), project) is FORBIDDEN


def test_what_a_report_says_is_its_authors_own(riacho: tuple[Group, str]) -> None:
    group, council = riacho
    project = approved(group, council)
    fund(group, project)
    wish = ReportProject(parse_uuid(project) or b"", 1, comunal(1_00), "the pump runs")
    seen = group.do("gil", "projects.report", wish, project)
    assert group.texts[seen.tranches[0].note.digest] == "the pump runs"
    assert "the pump runs" not in str(group.written)


def test_the_auditor_sees_a_tranche_that_was_paid_out_of_turn(riacho: tuple[Group, str]) -> None:
    group, council = riacho
    project = kept(group, approved(group, council))
    project.tranches[1].paid_ms = group.now
    [said] = group.book.complaints()
    assert "out of turn" in str(said)
    project.tranches[1].paid_ms = None
    project.state = ProjectState.REPORTED
    [said] = group.book.complaints()
    assert "is reported" in str(said)
