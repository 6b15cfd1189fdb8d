# SPDX-License-Identifier: AGPL-3.0-or-later
"""Absences: a member is on leave from one day to another, as the group has agreed; practices ask less of it then.

It pays and is paid as before. What it is spared, such as dues, each practice says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import STEWARDS, Act, At, Desk, Doc, Entered, List, News, Plan, Practice, Show, Write
from protocol.book.ledger import Posting
from protocol.book.members import MemberState
from protocol.book.refusals import MALFORMED, MEMBER_UNKNOWN, NOT_FOUND, Reason, Refused, refuse
from protocol.book.signed import MemberId, Time
from protocol.lanes.entry import Millis


@dataclass(frozen=True, slots=True)
class AbsenceSet:
    """A member is on leave from one hour until another; it replaces what was set before."""

    KIND: ClassVar[str] = "absences/set"
    member: MemberId
    from_ms: Time
    until_ms: Time


@dataclass(slots=True)
class Absence:
    """When a member is on leave, milliseconds since 1970; the place of the entry that says so."""

    member: str
    from_ms: Millis
    until_ms: Millis
    arrival: int


@dataclass(slots=True)
class Absences:
    """The newest absence of each member that had one."""

    by_member: dict[str, Absence] = field(default_factory=dict[str, Absence])


@dataclass(frozen=True, slots=True)
class SetAbsence:
    """Let a member be on leave from one day to another; an end that is over ends it."""

    until: Annotated[At, Doc("until when")]
    since: Annotated[At | None, Doc("from when on; default: now")] = None


@dataclass(frozen=True, slots=True)
class AbsencesWanted:
    """Who is on leave, or will be."""


@dataclass(frozen=True, slots=True)
class AbsenceShown:
    """When a member is on leave."""

    member: Annotated[str, Doc("the member's handle")]
    since: Annotated[At, Doc("from when on")]
    until: Annotated[At, Doc("until when")]
    away: Annotated[bool, Doc("whether it is on leave now")]


def is_away(book: Book, member: str, at_ms: Millis) -> bool:
    """Tell whether a member is on leave at an hour."""
    found = book.of(Absences).by_member.get(member)
    return found is not None and found.from_ms <= at_ms < found.until_ms


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, AbsenceSet)
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: AbsenceSet) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if body.until_ms < body.from_ms:
        return refuse(MALFORMED, field="until", expected="a time after its beginning")
    member = book.members.get(body.member)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=body.member)
    return member.inactive() if member.state is MemberState.LEFT else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, AbsenceSet)
    absence = Absence(body.member, body.from_ms, body.until_ms, entered.seq)
    by_member = book.of(Absences).by_member
    # Taken out first, so that the list stays in the order of arrival.
    by_member.pop(body.member, None)
    by_member[body.member] = absence
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    assert isinstance(entered.body, AbsenceSet)
    yield News("absence.set", entered.body.member, (entered.body.member,))


def plan_set(desk: Desk, address: str, wish: SetAbsence) -> Plan | Refused:
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    since = desk.now if wish.since is None else wish.since
    # An end in the past ends an absence that was set: from then on nobody is away.
    body = AbsenceSet(member.id, min(since, wish.until) if wish.since is None else since, wish.until)
    return _against(desk.book, body) or Plan(member.id, (Write(body),))


def view_absence(desk: Desk, address: str) -> AbsenceShown | Refused:
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    found = desk.book.of(Absences).by_member.get(member.id)
    return refuse(NOT_FOUND) if found is None else _shown(desk, found)


def view_absences(desk: Desk, wanted: AbsencesWanted, after: int) -> Iterable[tuple[int, AbsenceShown]]:
    del wanted
    found = (one for one in desk.book.of(Absences).by_member.values() if one.arrival >= after)
    return ((one.arrival + 1, _shown(desk, one)) for one in found if one.until_ms > desk.now)


def _shown(desk: Desk, one: Absence) -> AbsenceShown:
    handle = desk.book.members[one.member].handle
    return AbsenceShown(handle, one.from_ms, one.until_ms, is_away(desk.book, one.member, desk.now))


PRACTICE = Practice(
    name="absences",
    entries=(AbsenceSet,),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Act(
            "absences",
            "set",
            SetAbsence,
            plan=plan_set,
            who=STEWARDS,
            example="mutirao absences set ana --until 2027-03-01T00:00:00Z",
        ),
        Show(
            "absences",
            AbsenceShown,
            view=view_absence,
            id_is="the member's id, or its handle",
            example="mutirao absences show ana",
        ),
        List("absences", AbsencesWanted, AbsenceShown, view=view_absences, example="mutirao absences list"),
    ),
)
