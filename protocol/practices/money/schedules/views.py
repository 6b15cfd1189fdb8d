# SPDX-License-Identifier: AGPL-3.0-or-later
"""Scheduled payments as members see them, and how they are paused, resumed and cancelled."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import READERS, At, Desk, Doc, Entered, News, TextRef
from protocol.book.members import Auth
from protocol.book.money import Amount
from protocol.book.personal import digest_of, shown_text
from protocol.book.private import Owned
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, ReasonCode, Refused, refuse
from protocol.book.signed import occurrence_id, parse_uuid, uuid_text
from protocol.book.wishes import said_in
from protocol.lanes.entry import Body
from protocol.practices.money.schedules.entries import (
    Continued,
    Missed,
    Paused,
    Ran,
    Rhythm,
    ScheduleCancelled,
    Scheduled,
    SchedulePayment,
)
from protocol.practices.money.schedules.state import Schedule, Schedules, ScheduleState
from protocol.practices.people.authority import may_see

MISSED_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class PauseSchedule:
    """Pay nothing until it is resumed."""


@dataclass(frozen=True, slots=True)
class ResumeSchedule:
    """Pay again from the next occurrence on; those that passed meanwhile are skipped."""


@dataclass(frozen=True, slots=True)
class CancelSchedule:
    """Pay nothing any more."""


@dataclass(frozen=True, slots=True)
class SchedulesWanted:
    """Scheduled payments from or to your accounts; for those who read all, everybody's."""

    state: Annotated[ScheduleState | None, Doc("only those in this state")] = None


@dataclass(frozen=True, slots=True)
class MissedShown:
    """An occurrence that could not be paid, and is not tried again."""

    occurrence: Annotated[int, Doc("which one, counted from 1")]
    at: Annotated[At, Doc("when it was tried")]
    reason: Annotated[ReasonCode, Doc("why")]


@dataclass(frozen=True, slots=True)
class ScheduleShown:
    """A scheduled payment."""

    id: Annotated[str, Doc("its UUID")]
    state: Annotated[ScheduleState, Doc("whether it goes on")]
    auth: Annotated[Auth, Doc("whether the payer signed it, or the network wrote it on its word")]
    payer: Annotated[str, Doc("the handle of who pays")]
    payee: Annotated[str, Doc("the handle of who is paid")]
    payer_account: Annotated[str, Doc("the payer's account")]
    payee_account: Annotated[str, Doc("the payee's account")]
    amount: Annotated[Amount, Doc("how much each time")]
    rhythm: Annotated[Rhythm, Doc("how often")]
    times: Annotated[int, Doc("how many times in all; 0: until it is cancelled")]
    zone: Annotated[str, Doc("by the clocks of which time zone its days and hours count")]
    first_at: Annotated[At, Doc("when it is due first")]
    next_at: Annotated[At | None, Doc("when it is due next; null: never, or not until it is resumed")]
    paid: Annotated[int, Doc("how many times it has paid")]
    missed: Annotated[int, Doc("how many times it could not pay")]
    last_missed: Annotated[tuple[MissedShown, ...], Doc("the newest of those, oldest first")]
    note: Annotated[TextRef | None, Doc("what it is for")]
    created_at: Annotated[At, Doc("when it was made")]


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield the note of a scheduled payment: it is the payer's."""
    assert isinstance(body, Scheduled)
    wish = said_in(book, body, SchedulePayment).wish
    note = digest_of(wish.note)
    if note is not None:
        yield Owned(note, book.owner_of(wish.payer or ""), f"scheduled-payments/{uuid_text(wish.schedule or b'')}")


def news(book: Book, entered: Entered) -> Iterable[News]:
    match entered.body:
        case Scheduled() as body:
            name, word = said_in(book, body, SchedulePayment).wish.schedule or b"", "created"
        case Ran(name, occurrence):
            payment, word = occurrence_id(name, occurrence), "ran"
            yield News("payment.posted", uuid_text(payment), _parties(book, name))
        case Missed(name):
            word = "missed"
        case Paused(name):
            word = "paused"
        case Continued(name):
            word = "resumed"
        case ScheduleCancelled(name):
            word = "cancelled"
        case _:
            raise AssertionError(entered.body)
    yield News(f"scheduled-payment.{word}", uuid_text(name), _parties(book, name))


def _parties(book: Book, name: bytes) -> tuple[str, ...]:
    schedule = book.of(Schedules).by_id[name]
    ends = (book.ledger.accounts[account].member for account in (schedule.payer, schedule.payee))
    return tuple(member for member in ends if member is not None)


def view_schedule(desk: Desk, name: str) -> ScheduleShown | Refused:
    schedule = desk.book.of(Schedules).by_id.get(parse_uuid(name) or b"")
    if schedule is None:
        return refuse(NOT_FOUND)
    if not may_see(desk.actor, *_parties(desk.book, schedule.id)):
        return refuse(FORBIDDEN, allowed="payer and payee")
    return _shown(desk.book, schedule)


def view_schedules(desk: Desk, wanted: SchedulesWanted, after: int) -> Iterable[tuple[int, ScheduleShown]]:
    schedules = desk.book.of(Schedules)
    if desk.actor.role in READERS:
        found = list(schedules.by_id.values())
    else:
        found = schedules.by_member.get(desk.actor.member or "", [])
    return (
        (cursor, _shown(desk.book, one)) for cursor, one in since(found, after) if wanted.state in (None, one.state)
    )


def _shown(book: Book, schedule: Schedule) -> ScheduleShown:
    return ScheduleShown(
        id=uuid_text(schedule.id),
        state=schedule.state,
        auth=schedule.auth,
        payer=book.name_of(schedule.payer),
        payee=book.name_of(schedule.payee),
        payer_account=schedule.payer,
        payee_account=schedule.payee,
        amount=book.amount(book.ledger.accounts[schedule.payer].currency, schedule.amount_minor),
        rhythm=schedule.rhythm,
        times=schedule.times,
        zone="UTC" if schedule.zone is None else schedule.zone.partition(" ")[0],
        first_at=schedule.first_at_ms,
        next_at=schedule.next_at_ms if schedule.state is ScheduleState.ACTIVE else None,
        paid=schedule.paid,
        missed=len(schedule.missed),
        last_missed=tuple(
            MissedShown(occurrence + 1, at_ms, reason)
            for occurrence, at_ms, reason in schedule.missed[-MISSED_SHOWN_MAX:]
        ),
        note=shown_text(schedule.note),
        created_at=schedule.at_ms,
    )
