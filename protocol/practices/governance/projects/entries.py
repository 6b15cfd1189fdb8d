# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of projects: proposed, approved, paid in tranches, reported on, and each report looked at."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import Doc, Ref, Uuid
from protocol.book.money import Amount
from protocol.book.personal import Note
from protocol.book.signed import Id16, MemberId, Signed
from protocol.practices.money.commons.entries import Positive
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Range

PROJECT_TITLE_CHARS_MAX = 100
TRANCHES_MAX = 12
REPORT_DAYS_MAX = 366

Tranche = Annotated[int, Range(1, TRANCHES_MAX)]
ReportDays = Annotated[int, Range(1, REPORT_DAYS_MAX)]


class ReportVerdict(StrEnum):
    """What the comptroller says of a report."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class ProjectProposed:
    """A member asks a council for money, in tranches (minor units), from a fund or, without one, from the commons.

    On each tranche it will report within so many days.
    """

    KIND: ClassVar[str] = "projects/proposed"
    project: Id16
    council: Id16
    member: Annotated[MemberId, Ref("members")]
    title: Annotated[str, AtMost(PROJECT_TITLE_CHARS_MAX)]
    currency: Code
    tranches: Annotated[tuple[Positive, ...], AtMost(TRANCHES_MAX)]
    fund: Id16 | None
    report_days: ReportDays


@dataclass(frozen=True, slots=True)
class EndorseProject:
    """Approve a project as one of the board; with as many as it takes, it is approved."""

    project: Annotated[Id16, Uuid, Doc("the project")]
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("who of the board; default: yourself")] = None


@dataclass(frozen=True, slots=True)
class ProjectEndorsed:
    """One of the board is for a project, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "projects/endorsed"
    OPERATION: ClassVar[str] = "projects.endorse"
    WISH: ClassVar[type[EndorseProject]] = EndorseProject
    signed: Signed | None
    word: EndorseProject | None


@dataclass(frozen=True, slots=True)
class ProjectApproved:
    """All members have approved a project, by motion, in place of the board."""

    KIND: ClassVar[str] = "projects/approved"
    project: Id16


@dataclass(frozen=True, slots=True)
class ProjectFunded:
    """The next tranche of a project, of this number, is paid."""

    KIND: ClassVar[str] = "projects/funded"
    project: Id16
    tranche: Tranche


@dataclass(frozen=True, slots=True)
class ReportProject:
    """Report what became of a tranche."""

    project: Annotated[Id16, Uuid, Doc("the project")]
    tranche: Annotated[Tranche, Doc("on which tranche, counted from 1")]
    spent: Annotated[Amount, Doc("how much of it is spent")]
    note: Annotated[Note | None, Doc("what was done with it; kept outside the ledger, erasable")] = None
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("who reports; default: yourself")] = None


@dataclass(frozen=True, slots=True)
class ProjectReported:
    """Who was paid a tranche reports on it, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "projects/reported"
    OPERATION: ClassVar[str] = "projects.report"
    WISH: ClassVar[type[ReportProject]] = ReportProject
    signed: Signed | None
    word: ReportProject | None


@dataclass(frozen=True, slots=True)
class ReviewReport:
    """Accept or reject a report as the comptroller; one that is rejected is owed anew."""

    project: Annotated[Id16, Uuid, Doc("the project")]
    tranche: Annotated[Tranche, Doc("the report on which tranche, counted from 1")]
    verdict: Annotated[ReportVerdict, Doc("accepted or rejected")]
    reason: Annotated[Note | None, Doc("why; needed to reject it; kept outside the ledger, erasable")] = None
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("the comptroller; default: yourself")] = None


@dataclass(frozen=True, slots=True)
class ReportReviewed:
    """The comptroller accepts or rejects a report, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "projects/reviewed"
    OPERATION: ClassVar[str] = "projects.review"
    WISH: ClassVar[type[ReviewReport]] = ReviewReport
    signed: Signed | None
    word: ReviewReport | None


@dataclass(frozen=True, slots=True)
class ProjectStopped:
    """Nothing more is paid to a project: its member withdraws it before it is approved, or all decide so by motion."""

    KIND: ClassVar[str] = "projects/stopped"
    project: Id16
