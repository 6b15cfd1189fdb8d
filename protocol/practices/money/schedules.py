# SPDX-License-Identifier: AGPL-3.0-or-later
"""Scheduled payments: an order given once that pays later, once or again and again, within the network.

Each occurrence either pays or is missed for a reason that is shown; neither is tried again. Whoever
gave the order may pause, resume and cancel it without a signature, since that only lowers its force.
"""

from bisect import insort
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.book import Auth, Book, MemberState, Payment, PaymentAuth, PaymentState, since
from protocol.book.declaration import (
    KEY_OR_WORD,
    READERS,
    Act,
    At,
    Create,
    Desk,
    Doc,
    Entered,
    List,
    Moment,
    News,
    OwnId,
    Plan,
    Practice,
    Ref,
    Show,
    TextRef,
    Uuid,
    Write,
)
from protocol.book.ledger import Account, Posting
from protocol.book.money import Amount, minor_of, payable
from protocol.book.personal import NOTE_BYTES_MAX, Note, digest_of, shown_text
from protocol.book.private import Owned, Private
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    ORDER_EXPIRED,
    STATE_CONFLICT,
    Reason,
    ReasonCode,
    Refused,
    Stage,
    foremost,
    refuse,
)
from protocol.book.signed import Id, Signed, Time, occurrence_id, parse_uuid, uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.money.payments.rules import ADDRESS_CHARS_MAX
from protocol.practices.money.payments.transfers import begin, beyond_limits, unable
from protocol.practices.people.authority import PAYMENT_EXISTS, acts_for, may_see, not_said_by
from protocol.wire.shape import AtMost, Range

SCHEDULE_LOCAL_ONLY = Reason("SCHEDULE_LOCAL_ONLY", Stage.RULE, 422, "Scheduled payments stay within the network")

DAY_MS = 24 * 60 * 60 * 1_000
LATE_MS_MAX = DAY_MS
"""How long before it is written a standing order may begin: clocks differ, the past is not made up for."""
TIMES_MAX = 1_200
"""A hundred years of months."""
DUE_MAX = 100
"""Occurrences carried out at one tick, so that a node that was down long still answers in between."""
MISSED_SHOWN_MAX = 20


class Rhythm(StrEnum):
    """How often a standing order runs; months run on the same day, or the last one of a shorter month."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class SchedulePayment:
    """Pay later, once or again and again, within the network."""

    payee: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Doc("who is paid, in this network")]
    amount: Annotated[Amount, Doc("how much each time")]
    first_at: Annotated[Time, Moment, Doc("when it is paid first")]
    rhythm: Annotated[Rhythm, Doc("how often; default: once")] = Rhythm.ONCE
    times: Annotated[int, Range(1, TIMES_MAX), Doc("how many times in all; default: once")] = 1
    payer: Annotated[
        str | None,
        AtMost(ADDRESS_CHARS_MAX),
        Ref("accounts"),
        Doc("handle or account that pays; default: your own. A signed wish names the account by id"),
    ] = None
    schedule: Annotated[Id | None, Uuid, OwnId, Doc("a UUID of your own for it; makes a retry safe")] = None
    note: Annotated[Note | None, Doc("what it is for; erasable")] = None


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A standing order: by signature, or by word of mouth (custodial)."""

    KIND: ClassVar[str] = "scheduled-payments/scheduled"
    OPERATION: ClassVar[str] = "scheduled-payments.create"
    WISH: ClassVar[type[SchedulePayment]] = SchedulePayment
    signed: Signed | None
    word: SchedulePayment | None


@dataclass(frozen=True, slots=True)
class Ran:
    """The n-th occurrence, counted from 0, is paid."""

    KIND: ClassVar[str] = "scheduled-payments/ran"
    schedule: Id
    occurrence: Annotated[int, Range(0, TIMES_MAX)]


@dataclass(frozen=True, slots=True)
class Missed:
    """The n-th occurrence, counted from 0, could not be paid."""

    KIND: ClassVar[str] = "scheduled-payments/missed"
    schedule: Id
    occurrence: Annotated[int, Range(0, TIMES_MAX)]
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class Paused:
    """Nothing is paid until it is resumed."""

    KIND: ClassVar[str] = "scheduled-payments/paused"
    schedule: Id


@dataclass(frozen=True, slots=True)
class Continued:
    """It pays again; the occurrences whose time has passed meanwhile are skipped."""

    KIND: ClassVar[str] = "scheduled-payments/continued"
    schedule: Id


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Nothing is paid any more."""

    KIND: ClassVar[str] = "scheduled-payments/cancelled"
    schedule: Id


class ScheduleState(StrEnum):
    """Whether a standing order goes on."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"
    CANCELLED = "cancelled"


@dataclass(slots=True)
class Schedule:
    """A standing order and how far it has come; `occurrence` is the next one, counted from 0."""

    id: bytes
    arrival: int
    at_ms: Millis
    payer: str
    payee: str
    amount_minor: int
    first_at_ms: Millis
    rhythm: Rhythm
    times: int
    note: bytes | None
    auth: Auth
    rests_on: tuple[int, ...]
    said: bytes | None
    state: ScheduleState = ScheduleState.ACTIVE
    occurrence: int = 0
    paid: int = 0
    missed: list[tuple[int, Millis, ReasonCode]] = field(default_factory=list[tuple[int, Millis, ReasonCode]])

    @property
    def next_at_ms(self) -> Millis:
        """When the next occurrence is due."""
        return time_of(self.first_at_ms, self.rhythm, self.occurrence)


@dataclass(slots=True)
class Schedules:
    """All standing orders; `agenda` holds (when, id) of the next occurrence of each active one, sorted."""

    by_id: dict[bytes, Schedule] = field(default_factory=dict[bytes, Schedule])
    by_member: dict[str, list[Schedule]] = field(default_factory=dict[str, list[Schedule]])
    agenda: list[tuple[Millis, bytes]] = field(default_factory=list[tuple[Millis, bytes]])


def time_of(first_at_ms: Millis, rhythm: Rhythm, occurrence: int) -> Millis:
    """Return when the n-th occurrence is due, in UTC; a month too short for its day has it on its last."""
    match rhythm:
        case Rhythm.ONCE | Rhythm.DAILY:
            return first_at_ms + occurrence * DAY_MS
        case Rhythm.WEEKLY:
            return first_at_ms + occurrence * 7 * DAY_MS
        case Rhythm.MONTHLY:
            days, of_day_ms = divmod(first_at_ms, DAY_MS)
            first = _EPOCH + timedelta(days=days)
            years, month = divmod(first.month - 1 + occurrence, 12)
            year, month = first.year + years, month + 1
            day = min(first.day, monthrange(year, month)[1])
            return (datetime(year, month, day, tzinfo=UTC) - _EPOCH).days * DAY_MS + of_day_ms


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    times: Annotated[int, Doc("how many times in all")]
    first_at: Annotated[At, Doc("when it is due first")]
    next_at: Annotated[At | None, Doc("when it is due next; null: never, or not until it is resumed")]
    paid: Annotated[int, Doc("how many times it has paid")]
    missed: Annotated[int, Doc("how many times it could not pay")]
    last_missed: Annotated[tuple[MissedShown, ...], Doc("the newest of those, oldest first")]
    note: Annotated[TextRef | None, Doc("what it is for")]
    created_at: Annotated[At, Doc("when it was made")]


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    if isinstance(entered.body, Scheduled):
        _schedule(book, entered.body, entered)
        return ()
    schedules = book.of(Schedules)
    schedule = schedules.by_id[_named(entered.body)]
    if schedule.state is ScheduleState.ACTIVE:
        schedules.agenda.remove((schedule.next_at_ms, schedule.id))
    postings: Sequence[Posting] = ()
    match entered.body:
        case Ran(_, occurrence):
            schedule.paid += 1
            schedule.occurrence += 1
            postings = begin(book, _payment(schedule, occurrence, entered))
        case Missed(_, occurrence, reason):
            schedule.missed.append((occurrence, entered.at_ms, reason))
            schedule.occurrence += 1
        case Paused():
            schedule.state = ScheduleState.PAUSED
        case Continued():
            schedule.state = ScheduleState.ACTIVE
            while schedule.occurrence < schedule.times and schedule.next_at_ms < entered.at_ms:
                schedule.occurrence += 1
        case Cancelled():
            schedule.state = ScheduleState.CANCELLED
        case _:
            raise AssertionError(entered.body)
    if schedule.state is ScheduleState.ACTIVE:
        if schedule.occurrence == schedule.times:
            schedule.state = ScheduleState.ENDED
        else:
            insort(schedules.agenda, (schedule.next_at_ms, schedule.id))
    return postings


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
        case Cancelled(name):
            word = "cancelled"
        case _:
            raise AssertionError(entered.body)
    yield News(f"scheduled-payment.{word}", uuid_text(name), _parties(book, name))


def due(desk: Desk) -> Iterator[Plan]:
    """Yield what the hour brings: each occurrence whose time has come pays, or is missed for a reason."""
    agenda = desk.book.of(Schedules).agenda
    for _ in range(DUE_MAX):
        if not agenda or agenda[0][0] > desk.now:
            return
        schedule = desk.book.of(Schedules).by_id[agenda[0][1]]
        yield Plan(uuid_text(schedule.id), (Write(_outcome(desk.book, schedule, desk.now)),))


def _outcome(book: Book, schedule: Schedule, now: Millis) -> Ran | Missed | Cancelled:
    payer, payee = (book.ledger.accounts[account] for account in (schedule.payer, schedule.payee))
    members = [book.members[account.member] for account in (payer, payee) if account.member is not None]
    gone = any(member.state is MemberState.LEFT for member in members)
    if gone or book.currencies[payer.currency].closed:
        return Cancelled(schedule.id)
    refused = _unable(book, schedule) or beyond_limits(book, payer, payee, schedule.amount_minor)
    ran = Ran(schedule.id, schedule.occurrence)
    refused = refused or book.veto(ran, now)
    if refused is None:
        return ran
    return Missed(schedule.id, schedule.occurrence, refused.reason.code)


def _unable(book: Book, schedule: Schedule) -> Refused | None:
    """Return why the next occurrence cannot be paid: the same answer on every node; no limits."""
    payer, payee = (book.ledger.accounts[account] for account in (schedule.payer, schedule.payee))
    exists = occurrence_id(schedule.id, schedule.occurrence) in book.payments
    return foremost(
        refuse(PAYMENT_EXISTS) if exists else None,
        book.members[payer.member or ""].inactive(),
        unable(book, payer, payee, schedule.amount_minor),
    )


def _payment(schedule: Schedule, occurrence: int, entered: Entered) -> Payment:
    return Payment(
        occurrence_id(schedule.id, occurrence),
        entered.seq,
        entered.at_ms,
        schedule.payer,
        schedule.payee,
        schedule.amount_minor,
        schedule.amount_minor,
        PaymentState.POSTED,
        PaymentAuth.STANDING,
        schedule.rests_on,
        note=schedule.note,
        schedule=schedule.id,
    )


def _schedule(book: Book, body: Scheduled, entered: Entered) -> None:
    said = said_in(book, body, SchedulePayment)
    wish = said.wish
    payer = book.ledger.accounts[wish.payer or ""]
    payee = book.resolve_account(wish.payee, payer.currency)
    amount = _amount_minor(book, wish)
    assert isinstance(payee, Account) and not isinstance(amount, Refused) and wish.schedule is not None
    schedule = Schedule(
        wish.schedule,
        entered.seq,
        entered.at_ms,
        payer.id,
        payee.id,
        amount,
        wish.first_at,
        wish.rhythm,
        wish.times,
        digest_of(wish.note),
        Auth.CUSTODIAL if said.signed is None else Auth.SELF,
        (entered.seq, *said.rests_on),
        said.digest,
    )
    schedules = book.of(Schedules)
    schedules.by_id[schedule.id] = schedule
    insort(schedules.agenda, (schedule.next_at_ms, schedule.id))
    for member in {payer.member: None, payee.member: None}:
        if member is not None:
            schedules.by_member.setdefault(member, []).append(schedule)


def _named(body: Body) -> bytes:
    assert isinstance(body, Ran | Missed | Paused | Continued | Cancelled)
    return body.schedule


def _parties(book: Book, name: bytes) -> tuple[str, ...]:
    schedule = book.of(Schedules).by_id[name]
    ends = (book.ledger.accounts[account].member for account in (schedule.payer, schedule.payee))
    return tuple(member for member in ends if member is not None)


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if isinstance(body, Scheduled):
        return _against_order(book, said_in(book, body, SchedulePayment), at_ms)
    schedule = book.of(Schedules).by_id.get(_named(body))
    if schedule is None:
        return refuse(NOT_FOUND)
    conflict = refuse(STATE_CONFLICT, state=schedule.state.value)
    match body:
        case Ran(_, occurrence) | Missed(_, occurrence):
            if schedule.state is not ScheduleState.ACTIVE or occurrence != schedule.occurrence:
                return conflict
            if at_ms < schedule.next_at_ms:
                return refuse(STATE_CONFLICT, state="not due yet")
            return _unable(book, schedule) if isinstance(body, Ran) else None
        case Paused():
            return None if schedule.state is ScheduleState.ACTIVE else conflict
        case Continued():
            return None if schedule.state is ScheduleState.PAUSED else conflict
        case _:
            return None if schedule.state in (ScheduleState.ACTIVE, ScheduleState.PAUSED) else conflict


def _against_order(book: Book, said: Said[SchedulePayment], at_ms: Millis) -> Refused | None:
    wish = said.wish
    payer = book.ledger.accounts.get(wish.payer or "")
    if payer is None or payer.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=wish.payer or "")
    member = book.members[payer.member]
    amount = _amount_minor(book, wish)
    # What a capped key could order for years to come would be no cap.
    refused = foremost(
        amount if isinstance(amount, Refused) else payable(amount), not_said_by(said, member, capped=False)
    )
    if refused:
        return refused
    # By its form alone: what other nodes know of this network's handle would not be the same everywhere.
    if "@" in wish.payee or ":" in wish.payee:
        return refuse(SCHEDULE_LOCAL_ONLY)
    payee = book.resolve_account(wish.payee, payer.currency)
    if isinstance(payee, Refused):
        return payee
    if wish.schedule in book.of(Schedules).by_id:
        return refuse(DUPLICATE)
    if wish.rhythm is Rhythm.ONCE and wish.times != 1:
        return refuse(MALFORMED, field="times", expected="1 where it is paid once")
    late = refuse(ORDER_EXPIRED) if wish.first_at < at_ms - LATE_MS_MAX else None
    return foremost(late, member.inactive(), unable(book, payer, payee))


def _amount_minor(book: Book, wish: SchedulePayment) -> int | Refused:
    """Return how much is paid each time, in minor units of the payer's currency."""
    code = book.ledger.accounts[wish.payer or ""].currency
    return minor_of(wish.amount, code, book.currencies[code].scale)


def plan_schedule(desk: Desk, said: Said[SchedulePayment]) -> Plan | Refused:
    book = desk.book
    known = book.of(Schedules).by_id.get(said.wish.schedule or b"")
    if said.signed is None:
        told = _told(desk, said.wish)
        if isinstance(told, Refused):
            return told
        said = replace(said, wish=told)
    elif known is not None and known.said == said.digest:
        return Plan(uuid_text(known.id))
    refused = _against_order(book, said, desk.now)
    return refused or Plan(uuid_text(said.wish.schedule or b""), (Write(Scheduled(*said.held)),))


def _told(desk: Desk, wish: SchedulePayment) -> SchedulePayment | Refused:
    """Return the wish that a member without a key, or a steward for it, tells, with the accounts by their ids."""
    book = desk.book
    address = desk.actor.member if wish.payer is None else wish.payer
    if address is None:
        return refuse(MALFORMED, field="payer", expected="a value")
    payer = book.resolve_account(address, wish.amount.asset_code)
    if isinstance(payer, Refused):
        return payer
    if payer.member is None or not acts_for(desk.actor, book.members[payer.member]):
        return refuse(FORBIDDEN, allowed="the payer")
    local = book.local(wish.payee)
    if local is None:
        return refuse(SCHEDULE_LOCAL_ONLY)
    payee = book.resolve_account(local, payer.currency)
    return payee if isinstance(payee, Refused) else replace(wish, payer=payer.id, payee=payee.id)


def plan_pause(desk: Desk, name: str, wish: PauseSchedule) -> Plan | Refused:
    del wish
    return _plan_about(desk, name, Paused)


def plan_resume(desk: Desk, name: str, wish: ResumeSchedule) -> Plan | Refused:
    del wish
    return _plan_about(desk, name, Continued)


def plan_cancel(desk: Desk, name: str, wish: CancelSchedule) -> Plan | Refused:
    del wish
    return _plan_about(desk, name, Cancelled)


def _plan_about(desk: Desk, name: str, kind: type[Paused] | type[Continued] | type[Cancelled]) -> Plan | Refused:
    book = desk.book
    schedule = book.of(Schedules).by_id.get(parse_uuid(name) or b"")
    if schedule is None:
        return refuse(NOT_FOUND)
    if not acts_for(desk.actor, book.members[book.ledger.accounts[schedule.payer].member or ""]):
        return refuse(FORBIDDEN, allowed="the payer")
    body = kind(schedule.id)
    return _against(book, body, desk.now) or Plan(name, (Write(body),))


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


PRACTICE = Practice(
    name="scheduled-payments",
    entries=(Scheduled, Ran, Missed, Paused, Continued, Cancelled),
    check=check,
    fold=fold,
    news=news,
    due=due,
    private=(Private("note", NOTE_BYTES_MAX, (Scheduled,), owned),),
    operations=(
        Create(
            "scheduled-payments",
            SchedulePayment,
            plan=plan_schedule,
            signed=KEY_OR_WORD,
            example="mutirao scheduled-payments create --key ana.key --payee bia --amount 10.00 "
            "--first-at 2027-01-31T08:00:00Z --rhythm monthly --times 12",
        ),
        Act(
            "scheduled-payments",
            "pause",
            PauseSchedule,
            plan=plan_pause,
            example="mutirao scheduled-payments pause ID",
        ),
        Act(
            "scheduled-payments",
            "resume",
            ResumeSchedule,
            plan=plan_resume,
            example="mutirao scheduled-payments resume ID",
        ),
        Act(
            "scheduled-payments",
            "cancel",
            CancelSchedule,
            plan=plan_cancel,
            example="mutirao scheduled-payments cancel ID",
        ),
        Show(
            "scheduled-payments",
            ScheduleShown,
            view=view_schedule,
            example="mutirao scheduled-payments show ID",
        ),
        List(
            "scheduled-payments",
            SchedulesWanted,
            ScheduleShown,
            view=view_schedules,
            own=True,
            example="mutirao scheduled-payments list --state active",
        ),
    ),
    refusals=(SCHEDULE_LOCAL_ONLY,),
)
