# SPDX-License-Identifier: AGPL-3.0-or-later
"""A participatory guarantee as the book keeps it: plots, who may be drawn, visits, and how far each plot has come."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from protocol.book.book import Book
from protocol.book.lifecycle import Lifecycle
from protocol.book.members import MemberState
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid
from protocol.book.tables import Table
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.marks.guarantee.entries import (
    AppealRuled,
    CertificationAppealed,
    CertificationApplied,
    CertificationDecided,
    CertificationSuspended,
    CertifierEnrolled,
    CertifierKind,
    CertifyVerdict,
    DiaryKind,
    IssueCleared,
    IssueRaised,
    PlotRegistered,
    VisitCalled,
    VisitReported,
)
from protocol.practices.marks.guarantee.lots import SEATS, LotEntrant, draw_seed, drawn_visitors, seats_filled
from protocol.wire.keys import digest

CERTIFIED_DAYS = 365
"""So long a certification counts."""
PAIR_DAYS = 365
"""Who certified the other within so many days before a visit is called does not go."""
VISIT_DAYS = 90
"""So long a visit that was called waits for its visitors; then another may be called."""
APPEAL_DAYS = 30
RULINGS = 3
"""How many of a council's board have to say the same."""


class CertificationState(StrEnum):
    """How far a plot has come."""

    APPLIED = "applied"
    VISITED = "visited"
    CORRECTIVE = "corrective"
    CERTIFIED = "certified"
    SUSPENDED = "suspended"
    REFUSED = "refused"


_S = CertificationState
_STANDING = (_S.VISITED, _S.CORRECTIVE, _S.CERTIFIED, _S.SUSPENDED)
_DECIDED = (_S.CORRECTIVE, _S.CERTIFIED, _S.SUSPENDED, _S.REFUSED)
_VERDICTS = (_S.CERTIFIED, _S.CORRECTIVE, _S.REFUSED, _S.APPLIED)
CERTIFICATION_LIFE = Lifecycle(
    "certifications",
    CertificationState,
    {
        (None, CertificationApplied.KIND): _S.APPLIED,
        (_S.APPLIED, VisitReported.KIND): (_S.APPLIED, _S.VISITED),
        **{(state, VisitReported.KIND): state for state in _STANDING},
        **{(state, IssueRaised.KIND): state for state in (_S.APPLIED, *_STANDING)},
        **{(state, IssueCleared.KIND): state for state in (_S.APPLIED, *_STANDING)},
        (_S.VISITED, CertificationDecided.KIND): _VERDICTS,
        (_S.CORRECTIVE, CertificationDecided.KIND): _VERDICTS,
        (_S.CERTIFIED, CertificationDecided.KIND): (_S.CORRECTIVE, _S.REFUSED, _S.APPLIED),
        (_S.SUSPENDED, CertificationDecided.KIND): _VERDICTS,
        (_S.CORRECTIVE, CertificationSuspended.KIND): _S.SUSPENDED,
        (_S.CERTIFIED, CertificationSuspended.KIND): _S.SUSPENDED,
        **{(state, CertificationAppealed.KIND): state for state in _DECIDED},
        **{(state, AppealRuled.KIND): (state, *(one for one in _VERDICTS if one is not state)) for state in _DECIDED},
    },
)
STATE_BY_VERDICT = {
    CertifyVerdict.CERTIFIED: _S.CERTIFIED,
    CertifyVerdict.CORRECTIVE: _S.CORRECTIVE,
    CertifyVerdict.REFUSED: _S.REFUSED,
    CertifyVerdict.REVISIT: _S.APPLIED,
}


@dataclass(slots=True)
class PlotKept:
    """A plot, and the place in the ledger lane at which it was told."""

    arrival: int
    at_ms: Millis
    said: PlotRegistered


@dataclass(slots=True)
class DiaryKept:
    """A line of a plot's diary."""

    id: bytes
    arrival: int
    at_ms: Millis
    plot: bytes
    member: str
    what: DiaryKind
    done_ms: Millis
    note: bytes | None


DIARIES = Table(
    "diaries",
    DiaryKept,
    by={"plot": lambda line: (line.plot,), "member": lambda line: (line.member,)},
    closed=lambda line: line.arrival >= 0,
)
"""No rule asks for a line again: all are stored at once."""


@dataclass(slots=True)
class CertifierKept:
    """Who may be drawn."""

    arrival: int
    at_ms: Millis
    said: CertifierEnrolled


@dataclass(slots=True)
class VisitReport:
    """What a visitor says."""

    member: str
    at_ms: Millis
    kept: bool
    note: bytes | None


@dataclass(slots=True)
class VisitKept:
    """A visit: what its draw was fixed by, and who has reported. `called` is the id of the entry that called it."""

    arrival: int
    at_ms: Millis
    said: VisitCalled
    called: bytes
    entrants: tuple[LotEntrant, ...]
    certification: bytes | None
    numbers: str | None = None
    drawn_ms: Millis | None = None
    excused: tuple[str, ...] = ()
    reports: tuple[VisitReport, ...] = ()

    @property
    def seed(self) -> bytes | None:
        """The seed of its draw, once the numbers are known."""
        return None if self.numbers is None else draw_seed(self.called, self.numbers)

    @property
    def lapses_ms(self) -> Millis:
        """Until when it waits for its visitors."""
        return self.said.known_ms + VISIT_DAYS * DAY_MS

    def home_of(self, member: str) -> str:
        """Return the household of a member as it was when the visit was called."""
        return next((one.household for one in self.entrants if one.member == member), member)

    def reported(self) -> tuple[int, int]:
        """Return how many peers and consumers have reported."""
        who = {one.member for one in self.reports}
        return seats_filled(one for one in self.entrants if one.member in who)

    @property
    def complete(self) -> bool:
        """Whether as many of each kind have reported as it takes."""
        return self.reported() == tuple(seats for _, seats in SEATS)


@dataclass(slots=True)
class IssueKept:
    """Something that is wrong (a non-conformity), until when it has to be put right, and who says that it is."""

    number: int
    visit: bytes
    raised_by: str
    raised_ms: Millis
    due_ms: Millis
    note: bytes | None
    cleared_by: str | None = None
    cleared_ms: Millis | None = None
    how: bytes | None = None

    def overdue(self, at_ms: Millis) -> bool:
        """Tell whether it is open though its last moment is over."""
        return self.cleared_ms is None and at_ms > self.due_ms


@dataclass(slots=True)
class AppealKept:
    """What a council is asked, and what its board has said so far."""

    council: bytes
    at_ms: Millis
    reason: bytes | None
    rulings: dict[str, CertifyVerdict | None] = field(default_factory=dict[str, CertifyVerdict | None])
    """By member of its board; nothing: what was decided stands."""
    ruled_ms: Millis | None = None


@dataclass(slots=True)
class CertificationKept:
    """A plot on its way to being certified, and afterwards.

    `changed_ms` is when that came about against which one may appeal: by a vote, or by the day an issue was due.
    """

    id: bytes
    arrival: int
    at_ms: Millis
    plot: bytes
    member: str
    pledge: bytes
    state: CertificationState
    visits: tuple[bytes, ...] = ()
    issues: tuple[IssueKept, ...] = ()
    since_ms: Millis | None = None
    until_ms: Millis | None = None
    suspended_ms: Millis | None = None
    changed_ms: Millis | None = None
    appeal: AppealKept | None = None

    @property
    def open_due_ms(self) -> Millis | None:
        """When the first open issue has to be put right."""
        return min((one.due_ms for one in self.issues if one.cleared_ms is None), default=None)

    def overdue(self, at_ms: Millis) -> IssueKept | None:
        """Return the first issue that is overdue."""
        return next((one for one in self.issues if one.overdue(at_ms)), None)

    @property
    def appealed(self) -> bool:
        """Whether a council has still to say something."""
        return self.appeal is not None and self.appeal.ruled_ms is None

    def counts(self, at_ms: Millis) -> bool:
        """Tell whether buyers may rely on it at an hour."""
        in_date = self.until_ms is not None and at_ms <= self.until_ms
        return self.state is CertificationState.CERTIFIED and in_date and self.overdue(at_ms) is None


@dataclass(slots=True)
class Guarantees:
    """All that the ledger has said of it."""

    plots: dict[bytes, PlotKept] = field(default_factory=dict[bytes, PlotKept])
    certifiers: dict[str, CertifierKept] = field(default_factory=dict[str, CertifierKept])
    certifications: dict[bytes, CertificationKept] = field(default_factory=dict[bytes, CertificationKept])
    visits: dict[bytes, VisitKept] = field(default_factory=dict[bytes, VisitKept])
    pairs: list[tuple[Millis, str, str]] = field(default_factory=list[tuple[int, str, str]])
    """Who, having visited, has helped to certify whom, and when; in both orders."""

    def household(self, member: str) -> str:
        """Return by whom a member's household is named: where the chain of those whom members live with ends."""
        walked: list[str] = []
        while member not in walked:
            walked.append(member)
            kept = self.certifiers.get(member)
            member = member if kept is None else kept.said.household
        return min(walked[walked.index(member) :])

    def partners(self, member: str, until_ms: Millis) -> frozenset[str]:
        """Return who certified a member, or was certified by it, within a year before an hour."""
        since = until_ms - PAIR_DAYS * DAY_MS
        return frozenset(other for at_ms, one, other in self.pairs if one == member and since < at_ms <= until_ms)

    def visitors(self, visit: VisitKept, member: str) -> tuple[LotEntrant, ...]:
        """Return who visits a member: nobody before the draw is held."""
        seed = visit.seed
        if seed is None:
            return ()
        barred = self.partners(member, visit.at_ms) | {member}
        return drawn_visitors(visit.entrants, seed, visit.home_of(member), barred, visit.excused)

    def fitting(self, visit: VisitKept, member: str) -> tuple[int, int]:
        """Return how many peers and consumers there are to be drawn for a member, whatever the numbers will be.

        A household goes once. So its peers are counted once, and a consumer that lives with a peer counts no more
        than it does where three peers' households have gone.
        """
        home, barred = visit.home_of(member), self.partners(member, visit.at_ms) | {member}
        fit = [one for one in visit.entrants if one.household != home and one.member not in barred]
        peers = {one.household for one in fit if one.kind is CertifierKind.PEER}
        consumers = {one.household for one in fit if one.kind is CertifierKind.CONSUMER}
        return len(peers), max(len(consumers - peers), len(consumers) - SEATS[0][1], 0)


def entrants_now(book: Book) -> tuple[LotEntrant, ...]:
    """Return who may be drawn now, by id."""
    guarantee = book.of(Guarantees)
    active = (one for one in guarantee.certifiers if book.members[one].state is MemberState.ACTIVE)
    kinds = ((one, guarantee.certifiers[one].said.kind) for one in sorted(active))
    return tuple(LotEntrant(one, kind, guarantee.household(one)) for one, kind in kinds)


def certifiers_of(book: Book) -> Iterator[str]:
    """Yield who decides: peers and consumers who take part and are active."""
    return (one.member for one in entrants_now(book) if one.kind is not CertifierKind.NONE)


def kept_certification(book: Book, name: str) -> CertificationKept | Refused:
    """Return the certification of this network that a path names."""
    return book.of(Guarantees).certifications.get(parse_uuid(name) or b"") or refuse(NOT_FOUND)


def kin_of(book: Book, name: str) -> Iterator[str]:
    """Yield whom a certification is about: who farms the plot, and its household; they do not vote on it."""
    kept = kept_certification(book, name)
    if isinstance(kept, CertificationKept):
        guarantee = book.of(Guarantees)
        home = guarantee.household(kept.member)
        yield from sorted({kept.member, *(one for one in guarantee.certifiers if guarantee.household(one) == home)})


def visit_seal(certification: bytes, salt: bytes) -> bytes:
    """Return the digest by which a visit without notice names what is visited."""
    return digest("visit-seal", salt + certification)


def astray(book: Book) -> str | None:
    """Complain of a visitor of the household visited, or a certification that counts without a visit by all."""
    guarantee = book.of(Guarantees)
    for kept in guarantee.certifications.values():
        visits = [guarantee.visits[one] for one in kept.visits]
        for visit in visits:
            homes = [visit.home_of(one.member) for one in visit.reports]
            if visit.home_of(kept.member) in homes or len(set(homes)) < len(homes):
                return f"{visit.said.visit.hex()} was made by one household twice, or by the one visited"
        if kept.since_ms is not None and not any(visit.complete for visit in visits):
            return f"{kept.id.hex()} is certified without a visit"
    return None
