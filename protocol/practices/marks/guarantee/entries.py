# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of a participatory guarantee: plots, diaries, certifiers, visits, what they found, decisions."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import BoardKind, Doc, OwnId, Ref, Seers, Uuid
from protocol.book.personal import Note
from protocol.book.signed import Digest, Id16, MemberId, Signed, Time
from protocol.practices.market.intents import IntentPlace
from protocol.wire.shape import AtMost, Length, Range

PLOT_NAME_CHARS_MAX = 40
PLOT_CODES_MAX = 16
ARES_MAX = 10_000_000
ISSUES_MAX = 32
ISSUE_DAYS_MAX = 366
DRAW_SOURCE_CHARS_MAX = 120
DRAW_NUMBERS_CHARS_MAX = 80

PlotName = Annotated[str, AtMost(PLOT_NAME_CHARS_MAX)]
PlotCodes = Annotated[tuple[Annotated[str, AtMost(5)], ...], AtMost(PLOT_CODES_MAX)]
Ares = Annotated[int, Range(1, ARES_MAX)]
IssueNumber = Annotated[int, Range(1, ISSUES_MAX)]
IssueDays = Annotated[int, Range(1, ISSUE_DAYS_MAX)]
Speaker = Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("who says it; default: yourself")]


class CertifierKind(StrEnum):
    """As what a member visits: as one who farms, or as one who buys; or no more."""

    PEER = "peer"
    CONSUMER = "consumer"
    NONE = "none"


class DiaryKind(StrEnum):
    """What was done on a plot."""

    SOWING = "sowing"
    FERTILISING = "fertilising"
    PROTECTION = "protection"
    HARVEST = "harvest"
    PURCHASE = "purchase"
    OTHER = "other"


class CertifyVerdict(StrEnum):
    """What is decided of a plot: it is certified, has to be put right first, is refused, or is visited anew."""

    CERTIFIED = "certified"
    CORRECTIVE = "corrective"
    REFUSED = "refused"
    REVISIT = "revisit"


@dataclass(frozen=True, slots=True)
class PlotRegistered:
    """A member farms a plot: where to about a kilometre, how large in ares, of which items by beginnings of codes."""

    KIND: ClassVar[str] = "plots/registered"
    plot: Id16
    member: Annotated[MemberId, Ref("members")]
    name: PlotName
    place: IntentPlace
    ares: Ares
    codes: PlotCodes


@dataclass(frozen=True, slots=True)
class DiaryNoted:
    """What was done on a plot, and when; the words for it lie outside the ledger."""

    KIND: ClassVar[str] = "diaries/noted"
    line: Id16
    plot: Id16
    what: DiaryKind
    done_ms: Time
    note: Digest | None


@dataclass(frozen=True, slots=True)
class CertifierEnrolled:
    """A member may be drawn as a visitor, or no more; `household` is a member with whom it lives, or itself."""

    KIND: ClassVar[str] = "certifiers/enrolled"
    member: Annotated[MemberId, Ref("members")]
    kind: CertifierKind
    household: MemberId


@dataclass(frozen=True, slots=True)
class ApplyForPlot:
    """Ask that a plot of yours is certified, and pledge to keep the group's rules: your key signs both."""

    plot: Annotated[Id16, Uuid, Doc("the plot")]
    pledge: Annotated[
        str, Length(64), Doc("the SHA-256 of the text of the rules that you pledge to keep, in hexadecimal")
    ]
    member: Speaker = None
    certification: Annotated[Id16 | None, Uuid, OwnId, Doc("your own UUID for it; makes a retry safe")] = None


@dataclass(frozen=True, slots=True)
class CertificationApplied:
    """Who farms a plot pledges, and asks that it is certified, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "certifications/applied"
    OPERATION: ClassVar[str] = "certifications.apply"
    WISH: ClassVar[type[ApplyForPlot]] = ApplyForPlot
    signed: Signed | None
    word: ApplyForPlot | None


@dataclass(frozen=True, slots=True)
class CertificationDecided:
    """The certifiers have decided, by motion."""

    KIND: ClassVar[str] = "certifications/decided"
    certification: Id16
    verdict: CertifyVerdict


@dataclass(frozen=True, slots=True)
class CertificationSuspended:
    """What had to be put right is not, and its day is over."""

    KIND: ClassVar[str] = "certifications/suspended"
    certification: Id16
    issue: IssueNumber


@dataclass(frozen=True, slots=True)
class CertificationAppealed:
    """Who farms the plot asks a council to look at what was decided."""

    KIND: ClassVar[str] = "certifications/appealed"
    certification: Id16
    council: Id16
    reason: Digest | None


@dataclass(frozen=True, slots=True)
class RuleOnAppeal:
    """Say as one of a council's board what is to become of an appeal; what three say alike is done."""

    certification: Annotated[Id16, Uuid, Doc("the certification")]
    verdict: Annotated[CertifyVerdict | None, Doc("what is to stand instead; default: what was decided stands")] = None
    member: Speaker = None


@dataclass(frozen=True, slots=True)
class AppealRuled:
    """One of a council's board says what is to become of an appeal, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "certifications/ruled"
    OPERATION: ClassVar[str] = "certifications.rule"
    WISH: ClassVar[type[RuleOnAppeal]] = RuleOnAppeal
    signed: Signed | None
    word: RuleOnAppeal | None


@dataclass(frozen=True, slots=True)
class ClearIssue:
    """Say as one who has visited the plot that what was wrong is put right."""

    certification: Annotated[Id16, Uuid, Doc("the certification")]
    issue: Annotated[IssueNumber, Doc("its number, counted from 1")]
    note: Annotated[Note | None, Doc("how; kept outside the ledger, erasable")] = None
    member: Speaker = None


@dataclass(frozen=True, slots=True)
class IssueCleared:
    """What was wrong is put right, as a visitor says by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "certifications/cleared"
    OPERATION: ClassVar[str] = "certifications.clear"
    WISH: ClassVar[type[ClearIssue]] = ClearIssue
    signed: Signed | None
    word: ClearIssue | None


@dataclass(frozen=True, slots=True)
class VisitCalled:
    """A visit is called: from now on it is fixed who may be drawn, and from which public numbers, known at an hour.

    One without notice names the certification by a digest alone (`sealed`), until somebody has been there.
    """

    KIND: ClassVar[str] = "visits/called"
    visit: Id16
    certification: Id16 | None
    sealed: Digest | None
    source: Annotated[str, AtMost(DRAW_SOURCE_CHARS_MAX)]
    known_ms: Time


@dataclass(frozen=True, slots=True)
class VisitDrawn:
    """The public numbers are these: who visits follows from them."""

    KIND: ClassVar[str] = "visits/drawn"
    visit: Id16
    numbers: Annotated[str, AtMost(DRAW_NUMBERS_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class VisitUnsealed:
    """Which plot was visited without notice, now that somebody has been there."""

    KIND: ClassVar[str] = "visits/unsealed"
    visit: Id16
    certification: Id16
    salt: Annotated[bytes, Length(32)]


@dataclass(frozen=True, slots=True)
class ExcuseVisitor:
    """Say that you cannot go: the next of the draw goes in your place."""

    visit: Annotated[Id16, Uuid, Doc("the visit")]
    member: Speaker = None


@dataclass(frozen=True, slots=True)
class VisitorExcused:
    """Who was drawn cannot go, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "visits/excused"
    OPERATION: ClassVar[str] = "visits.excuse"
    WISH: ClassVar[type[ExcuseVisitor]] = ExcuseVisitor
    signed: Signed | None
    word: ExcuseVisitor | None


@dataclass(frozen=True, slots=True)
class ReportVisit:
    """Report as a visitor that you have been there, and whether the rules are kept."""

    visit: Annotated[Id16, Uuid, Doc("the visit")]
    kept: Annotated[bool, Doc("whether the rules are kept, as far as you have seen")]
    note: Annotated[Note | None, Doc("what you have seen; kept outside the ledger, erasable")] = None
    member: Speaker = None


@dataclass(frozen=True, slots=True)
class VisitReported:
    """A visitor has been there, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "visits/reported"
    OPERATION: ClassVar[str] = "visits.report"
    WISH: ClassVar[type[ReportVisit]] = ReportVisit
    signed: Signed | None
    word: ReportVisit | None


@dataclass(frozen=True, slots=True)
class RaiseIssue:
    """Say as one who has been there what is wrong, and within how many days it has to be put right."""

    visit: Annotated[Id16, Uuid, Doc("the visit")]
    days: Annotated[IssueDays, Doc("within how many days")]
    note: Annotated[Note | None, Doc("what; kept outside the ledger, erasable")] = None
    member: Speaker = None


@dataclass(frozen=True, slots=True)
class IssueRaised:
    """Something is wrong (a non-conformity), as a visitor says by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "visits/issue-raised"
    OPERATION: ClassVar[str] = "visits.raise"
    WISH: ClassVar[type[RaiseIssue]] = RaiseIssue
    signed: Signed | None
    word: RaiseIssue | None


@dataclass(frozen=True, slots=True)
class BoardGuarantee:
    """A certification as it stands on the board, for buyers anywhere: neither where the plot is, nor what was found.

    `due_ms` is when the first open issue has to be put right: from then on it counts as suspended, said or not.
    """

    KIND: ClassVar[str] = "guarantee/certification"
    certification: Id16
    holder: Annotated[str, AtMost(32)]
    plot: PlotName
    codes: PlotCodes
    pledge: Digest
    since_ms: Time
    until_ms: Time
    due_ms: Time | None
    suspended_ms: Time | None


GUARANTEE_ITEMS = BoardKind(BoardGuarantee, frozenset({Seers.EVERYBODY}))
GuaranteeSaid = (
    PlotRegistered | DiaryNoted | CertifierEnrolled | CertificationApplied | CertificationDecided
    | CertificationSuspended | CertificationAppealed | AppealRuled | IssueCleared | VisitCalled | VisitDrawn
    | VisitUnsealed | VisitorExcused | VisitReported | IssueRaised
)  # fmt: skip
