# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a project is proposed, approved, paid, reported on and stopped at its home: who may ask, and what bears it."""

from dataclasses import replace

from protocol.book.addresses import resolve_member
from protocol.book.declaration import Desk, Motion, Plan, Role, Write
from protocol.book.members import Member
from protocol.book.money import minor_of, payable
from protocol.book.personal import text_refusal
from protocol.book.refusals import CURRENCY_UNKNOWN, FORBIDDEN, MALFORMED, NOT_FOUND, STATE_CONFLICT, Refused, refuse
from protocol.book.signed import uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said
from protocol.practices.governance.projects.entries import (
    PROJECT_TITLE_CHARS_MAX,
    EndorseProject,
    ProjectApproved,
    ProjectEndorsed,
    ProjectFunded,
    ProjectProposed,
    ProjectReported,
    ProjectStopped,
    ReportProject,
    ReportReviewed,
    ReviewReport,
)
from protocol.practices.governance.projects.rules import (
    OfficeWish,
    against_endorsing,
    against_project,
    against_reporting,
    against_reviewing,
    off_board,
)
from protocol.practices.governance.projects.state import (
    PROJECT_LIFE,
    VOTE,
    Project,
    ProjectState,
    project_named,
    purse_of,
)
from protocol.practices.governance.projects.views import ApproveProject, FundProject, ProposeProject, StopProject
from protocol.practices.people.authority import acts_for

PAYERS = frozenset({Role.STEWARD, Role.COMMITTEE})


def plan_propose(desk: Desk, wish: ProposeProject) -> Plan | Refused:
    book = desk.book
    refused = text_refusal("title", wish.title, PROJECT_TITLE_CHARS_MAX)
    if refused is None and not wish.title.strip():
        refused = refuse(MALFORMED, field="title", expected="a name")
    address = desk.actor.member if wish.member is None else wish.member
    if address is None:
        refused = refused or refuse(MALFORMED, field="member", expected="whom it pays")
    member = resolve_member(book, address or "")
    currency = book.currencies.get(wish.currency)
    if refused is not None or isinstance(member, Refused):
        return refused or (member if isinstance(member, Refused) else refuse(MALFORMED))
    if not acts_for(desk.actor, member) and desk.actor.role is not Role.STEWARD:
        return refuse(FORBIDDEN, allowed="the member itself")
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=wish.currency)
    tranches: list[int] = []
    for amount in wish.tranches:
        minor = minor_of(amount, currency.code, currency.scale)
        refused = minor if isinstance(minor, Refused) else payable(minor)
        if refused is not None or isinstance(minor, Refused):
            return refused or refuse(MALFORMED)
        tranches.append(minor)
    body = ProjectProposed(
        drawn_id(desk.chance), wish.council, member.id, wish.title, currency.code, tuple(tranches), wish.fund,
        wish.report_days,
    )  # fmt: skip
    return against_project(book, body, desk.now) or Plan(uuid_text(body.project), (Write(body),))


def _told(desk: Desk, said: Said[OfficeWish]) -> Said[OfficeWish] | Refused:
    """Return what a member without a key, or a steward for it, tells, with the member by its id."""
    if said.signed is not None:
        return said
    address = desk.actor.member if said.wish.member is None else said.wish.member
    if address is None:
        return refuse(MALFORMED, field="member", expected="who says it")
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    if not acts_for(desk.actor, member):
        return refuse(FORBIDDEN, allowed="the member itself")
    return replace(said, wish=replace(said.wish, member=member.id))


def plan_endorse(desk: Desk, name: str, said: Said[EndorseProject]) -> Plan | Refused:
    told = _told(desk, said)
    if isinstance(told, Refused):
        return told
    return against_endorsing(desk.book, told, desk.now) or Plan(name, (Write(ProjectEndorsed(*told.held)),))


def plan_report(desk: Desk, name: str, said: Said[ReportProject]) -> Plan | Refused:
    told = _told(desk, said)
    if isinstance(told, Refused):
        return told
    return against_reporting(desk.book, told) or Plan(name, (Write(ProjectReported(*told.held)),))


def plan_review(desk: Desk, name: str, said: Said[ReviewReport]) -> Plan | Refused:
    told = _told(desk, said)
    if isinstance(told, Refused):
        return told
    return against_reviewing(desk.book, told, desk.now) or Plan(name, (Write(ReportReviewed(*told.held)),))


def plan_approve(desk: Desk, name: str, wish: ApproveProject) -> Plan | Refused:
    del wish
    project = project_named(desk.book, name)
    if isinstance(project, Refused):
        return project
    body = ProjectApproved(project.id)
    return against_project(desk.book, body, desk.now) or Plan(name, (Write(body),))


def plan_fund(desk: Desk, name: str, wish: FundProject) -> Plan | Refused:
    del wish
    book, project = desk.book, project_named(desk.book, name)
    if isinstance(project, Refused):
        return project
    refused = _not_paying(desk, project)
    tranche = project.next
    if refused is not None or tranche is None:
        return refused or PROJECT_LIFE.conflict(project.state, ProjectFunded.KIND) or _paid_already()
    body = ProjectFunded(project.id, tranche.number)
    refused = against_project(book, body, desk.now)
    purse = purse_of(book, project.said.fund, project.said.currency)
    assert purse is not None, "a purse stays"
    refused = refused or purse.short(tranche.amount_minor)
    refused = refused or book.ledger.credit_refusal(book.ledger.accounts[project.account], tranche.amount_minor)
    return refused or Plan(name, (Write(body),))


def _paid_already() -> Refused:
    return refuse(STATE_CONFLICT, state="paid already")


def _not_paying(desk: Desk, project: Project) -> Refused | None:
    """Return why whoever asks does not pay out tranches: the board does, and those who coordinate."""
    if desk.actor.role in PAYERS:
        return None
    if desk.actor.member is None:
        return refuse(FORBIDDEN, allowed="the board, and those who coordinate")
    return off_board(desk.book, project, desk.book.members[desk.actor.member], desk.now)


def stop_gate(desk: Desk, name: str, wish: StopProject) -> Motion | None:
    """Return the vote that it takes, None where a member withdraws what nobody has approved yet."""
    del wish
    project = project_named(desk.book, name)
    return None if isinstance(project, Refused) or _withdraws(desk, project) else VOTE


def _withdraws(desk: Desk, project: Project) -> bool:
    member: Member = desk.book.members[project.member]
    return project.state is ProjectState.PROPOSED and acts_for(desk.actor, member)


def plan_stop(desk: Desk, name: str, wish: StopProject) -> Plan | Refused:
    del wish
    project = project_named(desk.book, name)
    if isinstance(project, Refused):
        return refuse(NOT_FOUND)
    if desk.actor.role is not Role.ASSEMBLY and not _withdraws(desk, project):
        return refuse(FORBIDDEN, allowed="who proposed it, or all members by motion")
    body = ProjectStopped(project.id)
    return against_project(desk.book, body, desk.now) or Plan(name, (Write(body),))
