# SPDX-License-Identifier: AGPL-3.0-or-later
"""Projects as all members see them: what was approved, paid and reported, and what is late."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_member
from protocol.book.arrivals import since
from protocol.book.declaration import At, Desk, Doc, OneOf, Ref, TextRef, Uuid
from protocol.book.money import Amount
from protocol.book.personal import shown_text
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import Id16, uuid_text
from protocol.practices.governance.councils.state import Councils
from protocol.practices.governance.projects.entries import (
    PROJECT_TITLE_CHARS_MAX,
    TRANCHES_MAX,
    ReportDays,
)
from protocol.practices.governance.projects.state import (
    APPROVALS,
    LATE_DAYS,
    Project,
    Projects,
    ProjectState,
    TrancheKept,
    TrancheState,
    council_of,
    project_named,
)
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost

APPROVED_BY = ("board", "members")


@dataclass(frozen=True, slots=True)
class ProposeProject:
    """Ask a council to pay a project in tranches; you report on each, and all members see what became of it."""

    council: Annotated[Id16, Uuid, Doc("the council that decides")]
    title: Annotated[str, AtMost(PROJECT_TITLE_CHARS_MAX), Doc("what it is for; stands in the ledger for good")]
    currency: Annotated[Code, Ref("currencies"), Doc("in which currency")]
    tranches: Annotated[
        tuple[Amount, ...], AtMost(TRANCHES_MAX), Doc("how much is paid at a time, in the order in which it is paid")
    ]
    fund: Annotated[Id16 | None, Uuid, Doc("the fund that pays it; default: the commons")] = None
    report_days: Annotated[ReportDays, Doc("within how many days of each tranche its report is due")] = 30
    member: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("the handle of whom it pays; default: yourself")
    ] = None


@dataclass(frozen=True, slots=True)
class ApproveProject:
    """Approve a project in place of the board: all members vote, but those whom it pays."""


@dataclass(frozen=True, slots=True)
class FundProject:
    """Pay the next tranche of a project that is approved, unless a report on an earlier one is overdue."""


@dataclass(frozen=True, slots=True)
class StopProject:
    """Pay nothing more to a project: yours, while nobody has approved it; any other by a vote."""


@dataclass(frozen=True, slots=True)
class ProjectsWanted:
    """All projects: every member sees them."""

    council: Annotated[Id16 | None, Uuid, Doc("only those of one council")] = None
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("only those that pay one member")] = None
    state: Annotated[ProjectState | None, Doc("only those in this state")] = None
    late: Annotated[bool, Doc("only those of which a report is late")] = False


@dataclass(frozen=True, slots=True)
class TrancheShown:
    """A tranche of a project, and the report on it."""

    number: Annotated[int, Doc("which one, counted from 1")]
    state: Annotated[TrancheState, Doc("planned, paid, reported, or its report rejected or accepted")]
    amount: Annotated[Amount, Doc("how much it is")]
    paid_at: Annotated[At | None, Doc("when it was paid; null: not yet")]
    report_due: Annotated[At | None, Doc("when the report on it is due")]
    days_late: Annotated[int, Doc("how many days the report is late now; 0: it is not owed, or not due")]
    reported_at: Annotated[At | None, Doc("when it was last reported on")]
    spent: Annotated[Amount | None, Doc("how much of it is spent, by that report")]
    note: Annotated[TextRef | None, Doc("what was done with it")]
    reason: Annotated[TextRef | None, Doc("why the comptroller accepted or rejected the report")]


@dataclass(frozen=True, slots=True)
class ProjectShown:
    """A project: public accounts of what was approved, paid and reported."""

    id: Annotated[str, Doc("its id")]
    state: Annotated[ProjectState, Doc("how far it has come")]
    title: Annotated[str, Doc("what it is for")]
    council: Annotated[str, Doc("the id of the council that decides")]
    council_title: Annotated[str, Doc("what that council is called")]
    member: Annotated[str, Doc("the handle of whom it pays, and who reports")]
    fund: Annotated[str | None, Doc("the id of the fund that pays it; null: the commons")]
    amount: Annotated[Amount, Doc("all its tranches together")]
    paid: Annotated[Amount, Doc("what was paid of it")]
    tranches: Annotated[tuple[TrancheShown, ...], Doc("its tranches, in order")]
    endorsed_by: Annotated[tuple[str, ...], Doc("the handles of those of the board who are for it")]
    approvals: Annotated[int, Doc("how many of the board it takes")]
    approved_by: Annotated[
        Annotated[str, OneOf(APPROVED_BY)] | None, Doc("the board, or all members by motion; null: nobody yet")
    ]
    approved_at: Annotated[At | None, Doc("when it was approved")]
    blocked: Annotated[bool, Doc("whether a report is so late that nothing more is paid")]
    proposed_at: Annotated[At, Doc("when it was proposed")]


@dataclass(frozen=True, slots=True)
class AccountsOfProjectsWanted:
    """The public accounts of all projects in sums."""

    council: Annotated[Id16 | None, Uuid, Doc("only those of one council")] = None


@dataclass(frozen=True, slots=True)
class CurrencyOfProjects:
    """What was approved, paid and reported in one currency."""

    currency: Annotated[str, Doc("the code of the currency")]
    approved: Annotated[Amount, Doc("all tranches of projects that were approved")]
    paid: Annotated[Amount, Doc("what was paid of them")]
    reported: Annotated[Amount, Doc("the tranches on which a report stands that is not rejected")]
    accepted: Annotated[Amount, Doc("the tranches whose report the comptroller has accepted")]
    late: Annotated[Amount, Doc("the tranches whose report is late")]
    reports_late: Annotated[int, Doc("how many reports are late")]


@dataclass(frozen=True, slots=True)
class AccountsOfProjects:
    """The public accounts: what was approved, paid and reported, and what is late, by currency."""

    currencies: Annotated[tuple[CurrencyOfProjects, ...], Doc("each currency in which a project was proposed")]


def view_project(desk: Desk, name: str) -> ProjectShown | Refused:
    found = project_named(desk.book, name)
    return found if isinstance(found, Refused) else _shown(desk, found)


def view_projects(desk: Desk, wanted: ProjectsWanted, after: int) -> Iterator[tuple[int, ProjectShown]] | Refused:
    book, member = desk.book, None if wanted.member is None else resolve_member(desk.book, wanted.member)
    if isinstance(member, Refused):
        return member
    found = since(list(book.of(Projects).by_id.values()), after)
    return (
        (cursor, _shown(desk, one))
        for cursor, one in found
        if wanted.council in (None, one.said.council)
        and (member is None or member.id == one.member)
        and wanted.state in (None, one.state)
        and (not wanted.late or any(tranche.late_days(desk.now) for tranche in one.tranches))
    )


def view_project_accounts(desk: Desk, wanted: AccountsOfProjectsWanted) -> AccountsOfProjects | Refused:
    book = desk.book
    if wanted.council is not None and wanted.council not in book.of(Councils).by_id:
        return refuse(NOT_FOUND)
    projects = [one for one in book.of(Projects).by_id.values() if wanted.council in (None, one.said.council)]
    return AccountsOfProjects(
        tuple(
            _sums(desk, code, [one for one in projects if one.said.currency == code])
            for code in sorted({one.said.currency for one in projects})
        )
    )


def _sums(desk: Desk, code: str, projects: list[Project]) -> CurrencyOfProjects:
    tranches = [tranche for one in projects for tranche in one.tranches]
    late = [one for one in tranches if one.late_days(desk.now)]

    def amount(found: list[TrancheKept]) -> Amount:
        return desk.book.amount(code, sum(one.amount_minor for one in found))

    told = (TrancheState.REPORTED, TrancheState.ACCEPTED)
    return CurrencyOfProjects(
        currency=code,
        approved=amount([tranche for one in projects if one.approved_ms is not None for tranche in one.tranches]),
        paid=amount([one for one in tranches if one.paid_ms is not None]),
        reported=amount([one for one in tranches if one.state in told]),
        accepted=amount([one for one in tranches if one.state is TrancheState.ACCEPTED]),
        late=amount(late),
        reports_late=len(late),
    )


def _shown(desk: Desk, project: Project) -> ProjectShown:
    book, code, now = desk.book, project.said.currency, desk.now
    by = "members" if project.by_motion else "board"
    return ProjectShown(
        id=uuid_text(project.id),
        state=project.state,
        title=project.said.title,
        council=uuid_text(project.said.council),
        council_title=council_of(book, project).title,
        member=book.members[project.member].handle,
        fund=None if project.said.fund is None else uuid_text(project.said.fund),
        amount=book.amount(code, project.amount_minor),
        paid=book.amount(code, project.paid_minor),
        tranches=tuple(_tranche_shown(desk, code, one) for one in project.tranches),
        endorsed_by=tuple(book.members[one].handle for one in project.endorsed),
        approvals=book.parameter(APPROVALS),
        approved_by=None if project.approved_ms is None else by,
        approved_at=project.approved_ms,
        blocked=project.overdue(now, book.parameter(LATE_DAYS)) is not None,
        proposed_at=project.at_ms,
    )


def _tranche_shown(desk: Desk, code: str, tranche: TrancheKept) -> TrancheShown:
    return TrancheShown(
        number=tranche.number,
        state=tranche.state,
        amount=desk.book.amount(code, tranche.amount_minor),
        paid_at=tranche.paid_ms,
        report_due=tranche.due_ms,
        days_late=tranche.late_days(desk.now),
        reported_at=tranche.reported_ms,
        spent=None if tranche.spent_minor is None else desk.book.amount(code, tranche.spent_minor),
        note=shown_text(tranche.note),
        reason=shown_text(tranche.reason),
    )
