# SPDX-License-Identifier: AGPL-3.0-or-later
"""Projects as the book keeps them: how far each has come, what was paid, reported and is late."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from protocol.book.accounts import account_id, commons_account
from protocol.book.book import Book
from protocol.book.declaration import Motion, Parameter, Slot
from protocol.book.ledger import Posting
from protocol.book.lifecycle import Lifecycle
from protocol.book.parameters import Number
from protocol.book.refusals import LIMIT_EXCEEDED, NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.governance.companies.state import Companies
from protocol.practices.governance.councils.entries import BOARD_SEATS
from protocol.practices.governance.councils.state import Council, Councils
from protocol.practices.governance.projects.entries import (
    ProjectApproved,
    ProjectEndorsed,
    ProjectFunded,
    ProjectProposed,
    ProjectReported,
    ProjectStopped,
    ReportReviewed,
)

VOTE = Motion()
TRANCHE_POSTED_AS = "project"
"""The word on the statement for a tranche."""
APPROVALS: Parameter[int] = Parameter(
    "projects.approvals",
    Number(1, BOARD_SEATS, "members"),
    3,
    "how many of the board of five have to approve a project",
    changed_by=VOTE,
)
LATE_DAYS: Parameter[int] = Parameter(
    "projects.late_days",
    Number(1, 366, "days"),
    30,
    "how many days late a report stops what comes next of its project",
    changed_by=VOTE,
)


@dataclass(frozen=True, slots=True)
class Purse:
    """Of what a project is paid besides the commons: its currency, how much it lacks, and the postings that pay.

    `short` tells why it cannot pay so much (minor units), for the author alone to ask; `pay` is part of the fold.
    """

    currency: str
    short: Callable[[int], Refused | None]
    pay: Callable[[str, int], Sequence[Posting]]
    account: str


PROJECT_PURSES: Slot[Callable[[Book, bytes], Purse | None]] = Slot(
    "finds by its id a purse of the group that pays projects"
)


class ProjectState(StrEnum):
    """How far a project has come; it is reported once all its tranches are paid and the report on each is accepted."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    FUNDED = "funded"
    REPORTED = "reported"
    STOPPED = "stopped"


class TrancheState(StrEnum):
    """How far a tranche has come: once it is paid a report is owed, and again where one was rejected."""

    PLANNED = "planned"
    PAID = "paid"
    REPORTED = "reported"
    REJECTED = "rejected"
    ACCEPTED = "accepted"


_P, _T = ProjectState, TrancheState
PROJECT_LIFE = Lifecycle(
    "projects",
    ProjectState,
    {
        (None, ProjectProposed.KIND): _P.PROPOSED,
        (_P.PROPOSED, ProjectEndorsed.KIND): (_P.PROPOSED, _P.APPROVED),
        (_P.PROPOSED, ProjectApproved.KIND): _P.APPROVED,
        (_P.APPROVED, ProjectFunded.KIND): _P.FUNDED,
        (_P.FUNDED, ProjectFunded.KIND): _P.FUNDED,
        (_P.FUNDED, ProjectReported.KIND): _P.FUNDED,
        (_P.FUNDED, ReportReviewed.KIND): (_P.FUNDED, _P.REPORTED),
        (_P.PROPOSED, ProjectStopped.KIND): _P.STOPPED,
        (_P.APPROVED, ProjectStopped.KIND): _P.STOPPED,
        (_P.FUNDED, ProjectStopped.KIND): _P.STOPPED,
        (_P.STOPPED, ProjectReported.KIND): _P.STOPPED,
        (_P.STOPPED, ReportReviewed.KIND): _P.STOPPED,
    },
)
TRANCHE_LIFE = Lifecycle(
    "project-tranches",
    TrancheState,
    {
        (None, ProjectProposed.KIND): _T.PLANNED,
        (_T.PLANNED, ProjectFunded.KIND): _T.PAID,
        (_T.PAID, ProjectReported.KIND): _T.REPORTED,
        (_T.REJECTED, ProjectReported.KIND): _T.REPORTED,
        (_T.REPORTED, ReportReviewed.KIND): (_T.ACCEPTED, _T.REJECTED),
    },
)


@dataclass(slots=True)
class TrancheKept:
    """A tranche (minor units), when it was paid, when its report is due, and what the newest one says."""

    number: int
    amount_minor: int
    state: TrancheState = TrancheState.PLANNED
    paid_ms: Millis | None = None
    due_ms: Millis | None = None
    reported_ms: Millis | None = None
    spent_minor: int | None = None
    note: bytes | None = None
    reason: bytes | None = None

    @property
    def owes_report(self) -> bool:
        """Whether a report is owed: it was paid, and nobody has reported, or what was said was rejected."""
        return self.state in (TrancheState.PAID, TrancheState.REJECTED)

    def late_days(self, at_ms: Millis) -> int:
        """Return how many whole days its report is late at an hour, 0 where it is not owed or not due."""
        if not self.owes_report or self.due_ms is None:
            return 0
        return max(0, at_ms - self.due_ms) // DAY_MS


@dataclass(slots=True)
class Project:
    """A project: what was proposed, its tranches, who of the board is for it, and when it was approved, by whom."""

    said: ProjectProposed
    arrival: int
    at_ms: Millis
    tranches: tuple[TrancheKept, ...]
    state: ProjectState = ProjectState.PROPOSED
    endorsed: tuple[str, ...] = ()
    approved_ms: Millis | None = None
    by_motion: bool = False

    @property
    def id(self) -> bytes:
        """Its id."""
        return self.said.project

    @property
    def member(self) -> str:
        """The id of the member that is paid, and reports."""
        return self.said.member

    @property
    def account(self) -> str:
        """The account to which tranches are paid."""
        return account_id(self.said.member, self.said.currency)

    @property
    def amount_minor(self) -> int:
        """All its tranches together."""
        return sum(one.amount_minor for one in self.tranches)

    @property
    def paid_minor(self) -> int:
        """What was paid of it."""
        return sum(one.amount_minor for one in self.tranches if one.paid_ms is not None)

    @property
    def next(self) -> TrancheKept | None:
        """The tranche that is paid next, None where all are."""
        return next((one for one in self.tranches if one.paid_ms is None), None)

    def tranche(self, number: int) -> TrancheKept | None:
        """Return a tranche by its number, counted from 1."""
        return self.tranches[number - 1] if 1 <= number <= len(self.tranches) else None

    def overdue(self, at_ms: Millis, late_days: int) -> TrancheKept | None:
        """Return the tranche whose report is latest at an hour, if it is so many days late."""
        latest = max(self.tranches, key=lambda one: (one.late_days(at_ms), -one.number))
        return latest if latest.late_days(at_ms) >= late_days else None


@dataclass(slots=True)
class Projects:
    """All projects by id, in the order in which they were proposed."""

    by_id: dict[bytes, Project] = field(default_factory=dict[bytes, Project])


def project_named(book: Book, name: str) -> Project | Refused:
    """Return the project that a path names."""
    return book.of(Projects).by_id.get(parse_uuid(name) or b"") or refuse(NOT_FOUND)


def council_of(book: Book, project: Project) -> Council:
    """Return the council that a project was proposed to."""
    return book.of(Councils).by_id[project.said.council]


def touched_by(book: Book, project: Project) -> frozenset[str]:
    """Return the ids of those whom a project pays: its member, and the workers where that is a company."""
    company = book.of(Companies).by_member.get(project.member)
    return frozenset((project.member, *(() if company is None else company.pay)))


def touched_named(book: Book, name: str) -> Iterator[str]:
    """Yield whom the project that a path names pays: they do not vote on it."""
    found = project_named(book, name)
    if isinstance(found, Project):
        yield from sorted(touched_by(book, found))


def purse_of(book: Book, fund: bytes | None, currency: str) -> Purse | None:
    """Return of what a project is paid: the commons of its currency, or what another practice knows by this id."""
    if fund is not None:
        found = (find(book, fund) for find in book.fillings(PROJECT_PURSES))
        return next((one for one in found if one is not None), None)
    own = commons_account(currency)

    def short(amount_minor: int) -> Refused | None:
        held = book.ledger.accounts[own].balance_minor
        if amount_minor <= held:
            return None
        return refuse(
            LIMIT_EXCEEDED, available=max(0, held), missing=amount_minor - max(0, held), limit=0,
            projected_balance=held - amount_minor, currency=currency,
        )  # fmt: skip

    def pay(account: str, amount_minor: int) -> Sequence[Posting]:
        return (
            Posting(own, -amount_minor, TRANCHE_POSTED_AS, None, account),
            Posting(account, amount_minor, TRANCHE_POSTED_AS, None, own),
        )

    return Purse(currency, short, pay, own)


def out_of_order(book: Book) -> str | None:
    """Complain of a project that was paid without approval, out of turn, or is reported while a report is missing."""
    for project in book.of(Projects).by_id.values():
        paid = [one.paid_ms is not None for one in project.tranches]
        states = {one.state for one in project.tranches}
        if paid != sorted(paid, reverse=True) or (any(paid) and project.approved_ms is None):
            return f"{uuid_text(project.id)} was paid out of turn, or without approval"
        if (project.state is ProjectState.REPORTED) is not (states == {TrancheState.ACCEPTED}) and (
            project.state is not ProjectState.STOPPED
        ):
            return f"{uuid_text(project.id)} is {project.state}, and its tranches are {sorted(states)}"
    return None
