# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is said of projects changes: how far each has come, what its tranches have paid, and what its reports say."""

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from protocol.book.book import Book
from protocol.book.declaration import Entered, News
from protocol.book.ledger import Posting
from protocol.book.personal import digest_of
from protocol.book.private import Owned
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body
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
from protocol.practices.governance.projects.rules import ProjectSaid, speaker_id, spent_minor
from protocol.practices.governance.projects.state import (
    APPROVALS,
    PROJECT_LIFE,
    TRANCHE_LIFE,
    Project,
    Projects,
    ProjectState,
    TrancheKept,
    TrancheState,
    council_of,
    purse_of,
)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, ProjectSaid)
    if isinstance(body, ProjectProposed):
        state = TRANCHE_LIFE.after(None, body.KIND)
        tranches = tuple(TrancheKept(number, minor, state) for number, minor in enumerate(body.tranches, 1))
        book.of(Projects).by_id[body.project] = Project(
            body, entered.seq, entered.at_ms, tranches, PROJECT_LIFE.after(None, body.KIND)
        )
        return ()
    project = book.of(Projects).by_id[named_project(book, body)]
    match body:
        case ProjectEndorsed():
            _endorse(book, entered, project, speaker_id(said_in(book, body, EndorseProject)))
        case ProjectApproved():
            project.state = PROJECT_LIFE.after(project.state, body.KIND)
            project.approved_ms, project.by_motion = entered.at_ms, True
        case ProjectFunded():
            return _pay(book, entered, project)
        case ProjectReported():
            _report(book, entered, project, said_in(book, body, ReportProject))
        case ReportReviewed():
            _review(project, said_in(book, body, ReviewReport).wish)
        case ProjectStopped():
            project.state = PROJECT_LIFE.after(project.state, body.KIND)
        case _:
            assert_never(body)
    return ()


def _endorse(book: Book, entered: Entered, project: Project, member: str) -> None:
    project.endorsed = (*project.endorsed, member)
    board = council_of(book, project).board(entered.at_ms)
    # Whose seat has fallen free since it endorsed a project is not of the board that approves it.
    enough = sum(one in board for one in project.endorsed) >= book.parameter(APPROVALS)
    state = ProjectState.APPROVED if enough else ProjectState.PROPOSED
    project.state = PROJECT_LIFE.after(project.state, ProjectEndorsed.KIND, state)
    if enough:
        project.approved_ms = entered.at_ms


def _pay(book: Book, entered: Entered, project: Project) -> Sequence[Posting]:
    tranche, purse = project.next, purse_of(book, project.said.fund, project.said.currency)
    assert tranche is not None and purse is not None
    project.state = PROJECT_LIFE.after(project.state, ProjectFunded.KIND)
    tranche.state, tranche.paid_ms = TRANCHE_LIFE.after(tranche.state, ProjectFunded.KIND), entered.at_ms
    tranche.due_ms = entered.at_ms + project.said.report_days * DAY_MS
    return purse.pay(project.account, tranche.amount_minor)


def _report(book: Book, entered: Entered, project: Project, said: Said[ReportProject]) -> None:
    tranche, spent = project.tranches[said.wish.tranche - 1], spent_minor(book, project, said.wish)
    assert isinstance(spent, int)
    project.state = PROJECT_LIFE.after(project.state, ProjectReported.KIND)
    tranche.state, tranche.reported_ms = TRANCHE_LIFE.after(tranche.state, ProjectReported.KIND), entered.at_ms
    tranche.spent_minor, tranche.note, tranche.reason = spent, digest_of(said.wish.note), None


def _review(project: Project, wish: ReviewReport) -> None:
    tranche = project.tranches[wish.tranche - 1]
    is_good = wish.verdict is ReportVerdict.ACCEPTED
    verdict = TrancheState.ACCEPTED if is_good else TrancheState.REJECTED
    tranche.state = TRANCHE_LIFE.after(tranche.state, ReportReviewed.KIND, verdict)
    tranche.reason = digest_of(wish.reason)
    done = all(one.state is TrancheState.ACCEPTED for one in project.tranches)
    going_on = ProjectState.REPORTED if done else ProjectState.FUNDED
    state = ProjectState.STOPPED if project.state is ProjectState.STOPPED else going_on
    project.state = PROJECT_LIFE.after(project.state, ReportReviewed.KIND, state)


def named_project(book: Book, body: Body) -> bytes:
    """Return the project that an entry is about."""
    match body:
        case ProjectEndorsed():
            return said_in(book, body, EndorseProject).wish.project
        case ProjectReported():
            return said_in(book, body, ReportProject).wish.project
        case ReportReviewed():
            return said_in(book, body, ReviewReport).wish.project
        case _:
            assert isinstance(body, ProjectProposed | ProjectApproved | ProjectFunded | ProjectStopped)
            return body.project


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    name = named_project(book, body)
    project, everybody = book.of(Projects).by_id[name], tuple(book.members)
    yield News(f"project.{body.KIND.partition('/')[2]}", uuid_text(name), everybody)
    if isinstance(body, ProjectEndorsed) and project.state is ProjectState.APPROVED:
        yield News("project.approved", uuid_text(name), everybody)
    if isinstance(body, ProjectFunded):
        due = {"tranche": body.tranche, "report_days": project.said.report_days}
        yield News("project.report-owed", uuid_text(name), (project.member,), due)
    if isinstance(body, ReportReviewed) and said_in(book, body, ReviewReport).wish.verdict is ReportVerdict.REJECTED:
        tranche = said_in(book, body, ReviewReport).wish.tranche
        yield News("project.report-owed", uuid_text(name), (project.member,), {"tranche": tranche})


def owned(book: Book, body: Body) -> Iterator[Owned]:
    """Yield what a report says, and why it was accepted or rejected: each is its author's own."""
    about = f"projects/{uuid_text(named_project(book, body))}"
    if isinstance(body, ProjectReported):
        said = said_in(book, body, ReportProject)
        text, author = digest_of(said.wish.note), speaker_id(said)
    else:
        assert isinstance(body, ReportReviewed)
        review = said_in(book, body, ReviewReport)
        text, author = digest_of(review.wish.reason), speaker_id(review)
    if text is not None:
        yield Owned(text, author, about)
