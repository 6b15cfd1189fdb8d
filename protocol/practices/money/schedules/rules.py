# SPDX-License-Identifier: AGPL-3.0-or-later
"""When an order to pay later may stand, what is done when it is due, and what becomes of it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from protocol.book.addresses import local_part, resolve_account
from protocol.book.agenda import Agenda
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Plan, Write
from protocol.book.forms import payable_form
from protocol.book.ledger import Account, Posting
from protocol.book.members import Auth, MemberState
from protocol.book.money import minor_of, payable
from protocol.book.parameters import TIME_ZONE
from protocol.book.payments import PAYMENT_LIFE, Payment, PaymentAuth
from protocol.book.personal import digest_of
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    KEY_UNKNOWN,
    MALFORMED,
    NOT_FOUND,
    ORDER_EXPIRED,
    STATE_CONFLICT,
    Reason,
    Refused,
    Stage,
    foremost,
    refuse,
)
from protocol.book.signed import occurrence_id, parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.money.payments.transfers import begin_payment, beyond_limits, unable
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
from protocol.practices.money.schedules.state import SCHEDULE_LIFE, Schedule, Schedules, ScheduleState
from protocol.practices.money.schedules.views import CancelSchedule, PauseSchedule, ResumeSchedule
from protocol.practices.people.authority import PAYMENT_EXISTS, acts_for, not_said_by, spoken_for
from protocol.practices.people.devices import KeyRevoked, RevokeKey
from protocol.practices.people.guardians.entries import KeyRestored
from protocol.practices.people.returns import MemberReturned

SCHEDULE_LOCAL_ONLY = Reason(
    "SCHEDULE_LOCAL_ONLY",
    Stage.RULE,
    422,
    "Scheduled payments stay within the network",
    "They cannot pay to another network. Nothing was set up.",
    heading="Standing orders stay in the network",
    ways=("pay each time by hand",),
)
OCCURRENCE_OVERTAKEN = Reason(
    "OCCURRENCE_OVERTAKEN",
    Stage.RULE,
    422,
    "The node was away until a later payment of this standing order was due",
    "Of those that came due meanwhile only the newest was paid.",
    heading="A payment of a standing order was left out",
    ways=("pay it by hand",),
)
SCHEDULE_END_UNSAID = Reason(
    "SCHEDULE_END_UNSAID",
    Stage.RULE,
    422,
    "A payment with a rhythm needs a number of times, or none: until it is cancelled",
    "It would be paid {rhythm}, but only once. Nothing was set up.",
    heading="How many times is it paid?",
    ways=("say how many times: --times 12", "let it stand until it is cancelled: --times 0", "pay once: --rhythm once"),
)
LATE_MS_MAX = DAY_MS
"""How long before it is written a standing order may begin: clocks differ, the past is not made up for."""


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    if isinstance(entered.body, Scheduled):
        _schedule(book, entered.body, entered)
        return ()
    schedules = book.of(Schedules)
    schedule = schedules.by_id[_named(entered.body)]
    postings: Sequence[Posting] = ()
    match entered.body:
        case Ran(_, occurrence):
            schedule.paid += 1
            schedule.occurrence += 1
            postings = begin_payment(book, _payment(schedule, occurrence, entered))
        case Missed(_, occurrence, reason):
            schedule.missed.append((occurrence, entered.at_ms, reason))
            schedule.occurrence += 1
        case Paused() | ScheduleCancelled():
            pass
        case Continued():
            while schedule.occurrence < schedule.runs and schedule.next_at_ms < entered.at_ms:
                schedule.occurrence += 1
        case _:
            raise AssertionError(entered.body)
    schedule.move(entered.body.KIND)
    _note_hour(book, schedule)
    return postings


def end_with_keys(book: Book, entered: Entered) -> Sequence[Posting]:
    """Let what rests on a key of the payer's that counts no more be cancelled at once."""
    body = entered.body
    assert isinstance(body, KeyRevoked | KeyRestored | MemberReturned)
    name = said_in(book, body, RevokeKey).wish.member if isinstance(body, KeyRevoked) else body.member
    for schedule in book.of(Schedules).by_member.get(name, ()):
        if SCHEDULE_LIFE.allows(schedule.state, ScheduleCancelled.KIND) and _is_unsigned(book, schedule):
            book.of(Agenda).put("scheduled-payments", schedule.id, entered.at_ms)
    return ()


def _is_unsigned(book: Book, schedule: Schedule) -> bool:
    """Tell whether the key that signed a standing order, or the one in its place, counts no more."""
    return book.members[book.ledger.accounts[schedule.payer].member or ""].has_ended(schedule.rests_on)


def _note_hour(book: Book, schedule: Schedule) -> None:
    hour = schedule.next_at_ms if schedule.state is ScheduleState.ACTIVE else None
    book.of(Agenda).put("scheduled-payments", schedule.id, hour)


def agenda(desk: Desk, row: bytes) -> Iterator[Plan]:
    """Yield what the hour brings: an occurrence whose time has come pays, or is missed for a reason."""
    schedule = desk.book.of(Schedules).by_id[row]
    yield Plan(uuid_text(schedule.id), (Write(_outcome(desk.book, schedule, desk.now)),))


def _outcome(book: Book, schedule: Schedule, now: Millis) -> Ran | Missed | ScheduleCancelled:
    payer, payee = (book.ledger.accounts[account] for account in (schedule.payer, schedule.payee))
    members = [book.members[account.member] for account in (payer, payee) if account.member is not None]
    gone = any(member.state is MemberState.LEFT for member in members)
    if gone or _is_unsigned(book, schedule) or book.currencies[payer.currency].closed:
        return ScheduleCancelled(schedule.id)
    if _is_overtaken(schedule, now):
        return Missed(schedule.id, schedule.occurrence, OCCURRENCE_OVERTAKEN.code)
    refused = _unable(book, schedule) or beyond_limits(book, payer, payee, schedule.amount_minor, now)
    ran = Ran(schedule.id, schedule.occurrence)
    refused = refused or book.veto(ran, now)
    if refused is None:
        return ran
    return Missed(schedule.id, schedule.occurrence, refused.reason.code)


def _is_overtaken(schedule: Schedule, now: Millis) -> bool:
    """Tell whether the occurrence after the next one is due too: after a gap one of each order is paid, the newest."""
    following = schedule.occurrence + 1
    return following < schedule.runs and schedule.due_at(following) <= now


def _unable(book: Book, schedule: Schedule) -> Refused | None:
    """Return why the next occurrence cannot be paid: the same answer on every node; no limits."""
    payer, payee = (book.ledger.accounts[account] for account in (schedule.payer, schedule.payee))
    exists = occurrence_id(schedule.id, schedule.occurrence) in book.payments
    return foremost(
        refuse(KEY_UNKNOWN) if _is_unsigned(book, schedule) else None,
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
        PAYMENT_LIFE.after(None, entered.body.KIND),
        PaymentAuth.STANDING,
        schedule.rests_on,
        note=schedule.note,
        schedule=schedule.id,
    )


def _schedule(book: Book, body: Scheduled, entered: Entered) -> None:
    said = said_in(book, body, SchedulePayment)
    wish = said.wish
    payer = book.ledger.accounts[wish.payer or ""]
    payee = resolve_account(book, wish.payee, payer.currency)
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
        SCHEDULE_LIFE.after(None, body.KIND),
        body.zone,
    )
    schedules = book.of(Schedules)
    schedules.by_id[schedule.id] = schedule
    _note_hour(book, schedule)
    for member in {payer.member: None, payee.member: None}:
        if member is not None:
            schedules.by_member.setdefault(member, []).append(schedule)


def _named(body: Body) -> bytes:
    assert isinstance(body, Ran | Missed | Paused | Continued | ScheduleCancelled)
    return body.schedule


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if isinstance(body, Scheduled):
        # One written before there were zones counts in UTC.
        refused = None if body.zone in (None, zone_here(book)) else refuse(MALFORMED, field="zone")
        return _against_order(book, said_in(book, body, SchedulePayment), at_ms) or refused
    schedule = book.of(Schedules).by_id.get(_named(body))
    if schedule is None:
        return refuse(NOT_FOUND)
    conflict = SCHEDULE_LIFE.conflict(schedule.state, body.KIND)
    match body:
        case Ran(_, occurrence) | Missed(_, occurrence) if conflict is None:
            if occurrence != schedule.occurrence:
                return refuse(STATE_CONFLICT, state=schedule.state.value)
            if at_ms < schedule.next_at_ms:
                return refuse(STATE_CONFLICT, state="not due yet")
            return _unable(book, schedule) if isinstance(body, Ran) else None
        case _:
            return conflict


def _against_order(book: Book, said: Said[SchedulePayment], at_ms: Millis) -> Refused | None:
    wish = said.wish
    payer = book.ledger.accounts.get(wish.payer or "")
    if payer is None or payer.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=wish.payer or "")
    member = book.members[payer.member]
    amount, payee = _amount_minor(book, wish), resolve_account(book, wish.payee, payer.currency)
    # By its form alone: what other nodes know of this network's handle would not be the same everywhere.
    elsewhere = "@" in wish.payee or ":" in wish.payee
    refused = foremost(
        amount if isinstance(amount, Refused) else payable(amount),
        _misfit(wish),
        not_said_by(said, member, capped=False),  # what a capped key could order for years to come would be no cap
        payee if isinstance(payee, Refused) and not elsewhere else None,
        refuse(DUPLICATE) if wish.schedule in book.of(Schedules).by_id else None,
        refuse(ORDER_EXPIRED) if wish.first_at < at_ms - LATE_MS_MAX else None,
        refuse(SCHEDULE_LOCAL_ONLY) if elsewhere else None,
        member.inactive(),
    )
    if isinstance(payee, Refused):
        return refused
    return foremost(refused, unable(book, payer, payee))


def _misfit(wish: SchedulePayment) -> Refused | None:
    """Return that a rhythm and a number of times do not go together."""
    fits = wish.rhythm is not Rhythm.ONCE or wish.times == 1
    return None if fits else refuse(MALFORMED, field="times", expected="1 where it is paid once")


def schedule_form(desk: Desk, wish: SchedulePayment) -> Refused | None:
    """Return why a standing order cannot be read, whoever brings it: amount, rhythm."""
    return payable_form(desk.book, wish.amount) or _misfit(wish)


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
    refused = _against_order(book, said, desk.now) or _unended(said.wish)
    return refused or Plan(uuid_text(said.wish.schedule or b""), (Write(Scheduled(*said.held, zone_here(book))),))


def zone_here(book: Book) -> str:
    """Return the group's time zone as it is stored."""
    zone = book.parameter(TIME_ZONE)
    return f"{zone.name} {zone.rule}"


def _unended(wish: SchedulePayment) -> Refused | None:
    """Return that a rhythm has no end: paid once alone it would have none."""
    is_said = wish.rhythm is Rhythm.ONCE or wish.times != 1
    return None if is_said else refuse(SCHEDULE_END_UNSAID, rhythm=wish.rhythm.value)


def _told(desk: Desk, wish: SchedulePayment) -> SchedulePayment | Refused:
    """Return the wish that a member without a key, or a steward for it, tells, with the accounts by their ids."""
    book = desk.book
    address = desk.actor.member if wish.payer is None else wish.payer
    if address is None:
        return refuse(MALFORMED, field="payer", expected="a value")
    payer = spoken_for(desk, address, wish.amount.asset_code, allowed="the payer")
    local = local_part(book, wish.payee)
    payee = resolve_account(book, local or "", None if isinstance(payer, Refused) else payer.currency)
    refused = foremost(
        payer if isinstance(payer, Refused) else None,
        refuse(SCHEDULE_LOCAL_ONLY) if local is None else payee if isinstance(payee, Refused) else None,
        refuse(DUPLICATE) if wish.schedule in book.of(Schedules).by_id else None,
        refuse(ORDER_EXPIRED) if wish.first_at < desk.now - LATE_MS_MAX else None,
    )
    if isinstance(payer, Refused) or isinstance(payee, Refused) or local is None:
        assert refused is not None
        return refused
    if payer.member is None:
        return refuse(FORBIDDEN, allowed="the payer")
    return replace(wish, payer=payer.id, payee=payee.id)


def plan_pause(desk: Desk, name: str, wish: PauseSchedule) -> Plan | Refused:
    del wish
    return _plan_about(desk, name, Paused)


def plan_resume(desk: Desk, name: str, wish: ResumeSchedule) -> Plan | Refused:
    del wish
    return _plan_about(desk, name, Continued)


def plan_cancel(desk: Desk, name: str, wish: CancelSchedule) -> Plan | Refused:
    del wish
    return _plan_about(desk, name, ScheduleCancelled)


def _plan_about(
    desk: Desk, name: str, kind: type[Paused] | type[Continued] | type[ScheduleCancelled]
) -> Plan | Refused:
    book = desk.book
    schedule = book.of(Schedules).by_id.get(parse_uuid(name) or b"")
    if schedule is None:
        return refuse(NOT_FOUND)
    if not acts_for(desk.actor, book.members[book.ledger.accounts[schedule.payer].member or ""]):
        return refuse(FORBIDDEN, allowed="the payer")
    body = kind(schedule.id)
    return _against(book, body, desk.now) or Plan(name, (Write(body),))
