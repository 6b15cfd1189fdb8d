# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a project is proposed, approved, paid and reported on: what every node asks of what is said of it.

That a fund or the commons holds so much, and that the member's account bears it, is the author's to check.
"""

from typing import TypeVar, assert_never

from protocol.book.accounts import account_id
from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Entered, ungated
from protocol.book.members import Member
from protocol.book.money import AMOUNT_MINOR_MAX, minor_of
from protocol.book.personal import digest_of
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_TOO_LARGE,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Millis
from protocol.practices.governance.councils.state import Councils
from protocol.practices.governance.projects.entries import (
    EndorseProject,
    ProjectApproved,
    ProjectEndorsed,
    ProjectFunded,
    ProjectProposed,
    ProjectReported,
    ProjectStopped,
    ReportProject,
    ReportReviewed,
    ReportVerdict,
    ReviewReport,
)
from protocol.practices.governance.projects.refusals import NOT_OF_COUNCIL, PROJECT_RECUSED, REPORT_OVERDUE
from protocol.practices.governance.projects.state import (
    LATE_DAYS,
    PROJECT_LIFE,
    TRANCHE_LIFE,
    VOTE,
    Project,
    Projects,
    ProjectState,
    TrancheKept,
    council_of,
    purse_of,
    touched_by,
)
from protocol.practices.people.authority import not_said_by

OfficeWish = TypeVar("OfficeWish", EndorseProject, ReportProject, ReviewReport)
ProjectSaid = (
    ProjectProposed
    | ProjectEndorsed
    | ProjectApproved
    | ProjectFunded
    | ProjectReported
    | ReportReviewed
    | ProjectStopped
)


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, ProjectSaid)
    refused = book.misplaced(entered) or against_project(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def against_project(book: Book, body: ProjectSaid, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case ProjectProposed():
            return _against_proposing(book, body)
        case ProjectEndorsed():
            return against_endorsing(book, said_in(book, body, EndorseProject), at_ms)
        case ProjectReported():
            return against_reporting(book, said_in(book, body, ReportProject))
        case ReportReviewed():
            return against_reviewing(book, said_in(book, body, ReviewReport), at_ms)
        case ProjectApproved() | ProjectFunded() | ProjectStopped():
            return _against_going_on(book, body, at_ms)
        case _:
            assert_never(body)


def _against_proposing(book: Book, body: ProjectProposed) -> Refused | None:
    currency, member = book.currencies.get(body.currency), book.members.get(body.member)
    if not body.tranches:
        return refuse(MALFORMED, field="tranches", expected="at least one")
    if sum(body.tranches) > AMOUNT_MINOR_MAX:
        return refuse(AMOUNT_TOO_LARGE, maximum=AMOUNT_MINOR_MAX)
    if body.council not in book.of(Councils).by_id:
        return refuse(NOT_FOUND)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=body.member)
    if body.project in book.of(Projects).by_id:
        return refuse(DUPLICATE)
    purse = purse_of(book, body.fund, body.currency)
    if purse is None:
        return refuse(NOT_FOUND)
    if purse.currency != body.currency:
        return refuse(CURRENCY_MISMATCH, currency=purse.currency)
    if account_id(member.id, currency.code) not in book.ledger.accounts:
        return member.inactive() or refuse(ACCOUNT_UNKNOWN, member=member.handle)
    return member.inactive() or (refuse(CURRENCY_CLOSED, currency=currency.code) if currency.closed else None)


def _against_going_on(
    book: Book, body: ProjectApproved | ProjectFunded | ProjectStopped, at_ms: Millis
) -> Refused | None:
    project = book.of(Projects).by_id.get(body.project)
    if project is None:
        return refuse(NOT_FOUND)
    conflict = PROJECT_LIFE.conflict(project.state, body.KIND)
    if conflict is not None:
        return conflict
    match body:
        case ProjectApproved():
            return ungated(book, VOTE)
        case ProjectFunded():
            return _against_paying(book, project, body, at_ms)
        case ProjectStopped():
            # Before it is approved its member withdraws it, which moves nothing and takes nothing from anybody.
            return None if project.state is ProjectState.PROPOSED else ungated(book, VOTE)
        case _:
            assert_never(body)


def _against_paying(book: Book, project: Project, body: ProjectFunded, at_ms: Millis) -> Refused | None:
    tranche, currency = project.next, project.said.currency
    if tranche is None or tranche.number != body.tranche:
        return refuse(STATE_CONFLICT, state="paid already" if tranche is None else f"at tranche {tranche.number}")
    refused = book.members[project.member].inactive()
    if refused is None and book.currencies[currency].closed:
        refused = refuse(CURRENCY_CLOSED, currency=currency)
    refused = refused or council_of(book, project).incomplete(at_ms) or _overdue(book, project, at_ms)
    if refused is not None:
        return refused
    purse = purse_of(book, project.said.fund, currency)
    assert purse is not None, "a purse stays"
    return book.ledger.uncountable((purse.account, -tranche.amount_minor), (project.account, tranche.amount_minor))


def _overdue(book: Book, project: Project, at_ms: Millis) -> Refused | None:
    """Return REPORT_OVERDUE where a report on what was paid is so late that nothing more is paid."""
    most = book.parameter(LATE_DAYS)
    late = project.overdue(at_ms, most)
    if late is None:
        return None
    days = late.late_days(at_ms)
    return refuse(REPORT_OVERDUE, project=project.said.title, tranche=late.number, days=days, most=most)


def speaker_id(said: Said[OfficeWish]) -> str:
    """Return who says something of a project: whose key has signed, or the member that a word names."""
    return said.wish.member or "" if said.member is None else said.member.id


def _spoken(book: Book, said: Said[OfficeWish]) -> Member | Refused:
    member = resolve_member(book, speaker_id(said))
    if isinstance(member, Refused):
        return member
    if said.wish.member is not None and resolve_member(book, said.wish.member) is not member:
        return refuse(FORBIDDEN, allowed="the member itself")
    return not_said_by(said, member, capped=False) or member


def _found(book: Book, said: Said[OfficeWish]) -> tuple[Member, Project] | Refused:
    """Return who says something of which project."""
    member, project = _spoken(book, said), book.of(Projects).by_id.get(said.wish.project)
    if isinstance(member, Refused):
        return member
    return refuse(NOT_FOUND) if project is None else (member, project)


def against_endorsing(book: Book, said: Said[EndorseProject], at_ms: Millis) -> Refused | None:
    found = _found(book, said)
    if isinstance(found, Refused):
        return found
    member, project = found
    council = council_of(book, project)
    refused = _recused(book, project, member) or off_board(book, project, member, at_ms)
    if refused is not None:
        return refused
    if member.id in project.endorsed:
        return refuse(DUPLICATE)
    conflict = PROJECT_LIFE.conflict(project.state, ProjectEndorsed.KIND)
    return conflict or member.inactive() or council.incomplete(at_ms)


def _recused(book: Book, project: Project, member: Member) -> Refused | None:
    if member.id not in touched_by(book, project):
        return None
    return refuse(PROJECT_RECUSED, member=member.handle, project=project.said.title)


def off_board(book: Book, project: Project, member: Member, at_ms: Millis) -> Refused | None:
    """Return NOT_OF_COUNCIL where a member does not sit on the board of a project's council at an hour."""
    council = council_of(book, project)
    if member.id in council.board(at_ms):
        return None
    return refuse(NOT_OF_COUNCIL, member=member.handle, allowed="the board", council=council.title)


def against_reporting(book: Book, said: Said[ReportProject]) -> Refused | None:
    spent = said.wish.spent
    if spent.value < 0:
        return refuse(MALFORMED, field="spent", expected="not below zero")
    found = _found(book, said)
    if isinstance(found, Refused):
        return found
    member, project = found
    if member.id != project.member:
        return refuse(FORBIDDEN, allowed="who was paid")
    tranche = _tranche_for(project, said.wish.tranche, ProjectReported.KIND)
    if isinstance(tranche, Refused):
        return tranche
    minor = spent_minor(book, project, said.wish)
    if isinstance(minor, Refused):
        return minor
    above = minor > tranche.amount_minor
    return refuse(MALFORMED, field="spent", expected="at most what was paid") if above else None


def spent_minor(book: Book, project: Project, wish: ReportProject) -> int | Refused:
    """Return what a report says to be spent, in minor units of the project's currency."""
    code = project.said.currency
    return minor_of(wish.spent, code, book.currencies[code].scale)


def _tranche_for(project: Project, number: int, kind: str) -> TrancheKept | Refused:
    """Return a tranche of which something may be said now: a report, or what the comptroller says of it."""
    tranche = project.tranche(number)
    if tranche is None:
        return refuse(NOT_FOUND)
    return TRANCHE_LIFE.conflict(tranche.state, kind) or tranche


def against_reviewing(book: Book, said: Said[ReviewReport], at_ms: Millis) -> Refused | None:
    wish = said.wish
    if wish.verdict is ReportVerdict.REJECTED and digest_of(wish.reason) is None:
        return refuse(MALFORMED, field="reason", expected="why it is rejected")
    found = _found(book, said)
    if isinstance(found, Refused):
        return found
    member, project = found
    council = council_of(book, project)
    refused = _recused(book, project, member)
    if refused is None and council.comptroller_at(at_ms) != member.id:
        refused = refuse(NOT_OF_COUNCIL, member=member.handle, allowed="the comptroller", council=council.title)
    if refused is not None:
        return refused
    tranche = _tranche_for(project, wish.tranche, ReportReviewed.KIND)
    return tranche if isinstance(tranche, Refused) else member.inactive()
