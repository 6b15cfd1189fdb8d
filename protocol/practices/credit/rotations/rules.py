# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rotating work: a day counts a day, whoever works it, and what a rotation moves sums to zero.

The days are kept in a currency of the group, so that what a leaver has received beyond what it has given is the
commons' as any leaver's debt. A day is debited to who has received it, by its own word; whether it may owe so much, the
author sees.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import assert_never

from protocol.book.accounts import account_id
from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, News, Plan, Write
from protocol.book.ledger import Posting
from protocol.book.money import minor_of, payable
from protocol.book.personal import text_refusal
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    SAME_ACCOUNT,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body
from protocol.practices.credit.rotations.entries import (
    ROTATION_TITLE_CHARS_MAX,
    ROTATION_WORKERS_MAX,
    ConfirmDay,
    DayConfirmed,
    DayDenied,
    DayWorked,
    RotationFounded,
    RotationJoined,
    RotationSaid,
)
from protocol.practices.credit.rotations.state import ROTATIONS, WORK_DAY_LIFE, WORK_DAYS, WorkDay, Worked, WorkRotation
from protocol.practices.credit.rotations.views import DenyDay, FoundRotation, JoinRotation, TellDay
from protocol.practices.people.authority import acts_for, not_said_by


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, RotationSaid)
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: Body) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    assert isinstance(body, RotationSaid)
    match body:
        case RotationFounded():
            return _against_founding(book, body)
        case RotationJoined():
            return _against_joining(book, body)
        case DayWorked():
            return _against_working(book, body)
        case DayConfirmed():
            return _against_confirming(book, said_in(book, body, ConfirmDay))
        case DayDenied(name):
            day = book.rows(WORK_DAYS).get(name)
            return refuse(NOT_FOUND) if day is None else WORK_DAY_LIFE.conflict(day.state, body.KIND)
        case _:
            assert_never(body)


def _against_founding(book: Book, body: RotationFounded) -> Refused | None:
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    if body.rotation in book.rows(ROTATIONS):
        return refuse(DUPLICATE)
    return refuse(CURRENCY_CLOSED, currency=body.currency) if currency.closed else None


def _against_joining(book: Book, body: RotationJoined) -> Refused | None:
    rotation, member = book.rows(ROTATIONS).get(body.rotation), book.members.get(body.member)
    if rotation is None:
        return refuse(NOT_FOUND)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=body.member)
    if account_id(member.id, rotation.said.currency) not in book.ledger.accounts:
        return refuse(ACCOUNT_UNKNOWN, member=member.handle)
    if member.id in rotation.workers:
        return refuse(DUPLICATE)
    full = refuse(STATE_CONFLICT, state="full") if len(rotation.workers) >= ROTATION_WORKERS_MAX else None
    return foremost(full, member.inactive())


def _against_working(book: Book, body: DayWorked) -> Refused | None:
    rotation = book.rows(ROTATIONS).get(body.rotation)
    if rotation is None:
        return refuse(NOT_FOUND)
    if body.work in book.rows(WORK_DAYS):
        return refuse(DUPLICATE)
    for name in (body.worker, body.receiver):
        if name not in rotation.workers:
            member = book.members.get(name)
            return refuse(MEMBER_UNKNOWN, member=name if member is None else member.handle)
    if body.worker == body.receiver:
        return refuse(SAME_ACCOUNT)
    inactive = book.members[body.worker].inactive() or book.members[body.receiver].inactive()
    closed = book.currencies[rotation.said.currency].closed
    return inactive or (refuse(CURRENCY_CLOSED, currency=rotation.said.currency) if closed else None)


def _receiver(said: Said[ConfirmDay]) -> str:
    """Return the id of who confirms: of whose key signed it, or of whom the wish names."""
    return said.wish.member or "" if said.member is None else said.member.id


def _against_confirming(book: Book, said: Said[ConfirmDay]) -> Refused | None:
    day = book.rows(WORK_DAYS).get(said.wish.work)
    if day is None:
        return refuse(NOT_FOUND)
    name = _receiver(said)
    member = book.members.get(name)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=name)
    rotation = book.rows(ROTATIONS)[day.rotation]
    currency, owed = rotation.said.currency, rotation.said.day
    strange = name != day.receiver or said.wish.member not in (None, name)
    return foremost(
        refuse(FORBIDDEN, allowed="who has received it") if strange else None,
        not_said_by(said, member, capped=False),
        WORK_DAY_LIFE.conflict(day.state, DayConfirmed.KIND),
        member.inactive(),
        book.members[day.worker].inactive(),
        refuse(CURRENCY_CLOSED, currency=currency) if book.currencies[currency].closed else None,
        book.ledger.uncountable((account_id(day.receiver, currency), -owed), (account_id(day.worker, currency), owed)),
    )


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, RotationSaid)
    rotations, days = book.rows(ROTATIONS), book.rows(WORK_DAYS)
    match body:
        case RotationFounded():
            rotations.add(WorkRotation(body, entered.seq))
        case RotationJoined():
            rotations.change(body.rotation).workers[body.member] = Worked()
        case DayWorked():
            state = WORK_DAY_LIFE.after(None, body.KIND)
            days.add(WorkDay(body.work, entered.seq, entered.at_ms, body.rotation, body.worker, body.receiver, state))
        case DayConfirmed():
            day = days.change(said_in(book, body, ConfirmDay).wish.work)
            day.state = WORK_DAY_LIFE.after(day.state, body.KIND)
            return _counted_day(rotations.change(day.rotation), day)
        case DayDenied(name):
            day = days.change(name)
            day.state = WORK_DAY_LIFE.after(day.state, body.KIND)
        case _:
            assert_never(body)
    return ()


def _counted_day(rotation: WorkRotation, day: WorkDay) -> Sequence[Posting]:
    said, pair = rotation.said, (day.worker, day.receiver)
    rotation.pairs[pair] = rotation.pairs.get(pair, 0) + 1
    rotation.workers[day.worker].given += 1
    rotation.workers[day.receiver].received += 1
    worker, receiver = account_id(day.worker, said.currency), account_id(day.receiver, said.currency)
    return (
        Posting(receiver, -said.day, "work-day", None, worker),
        Posting(worker, said.day, "work-day", None, receiver),
    )


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, RotationSaid)
    match body:
        case RotationFounded():
            yield News("rotation.founded", uuid_text(body.rotation), tuple(book.members))
        case RotationJoined():
            yield News("rotation.joined", uuid_text(body.rotation), (body.member,))
        case DayWorked():
            yield News("work-day.told", uuid_text(body.work), (body.worker, body.receiver))
        case DayConfirmed() | DayDenied():
            name = said_in(book, body, ConfirmDay).wish.work if isinstance(body, DayConfirmed) else body.work
            day = book.rows(WORK_DAYS)[name]
            yield News(f"work-day.{day.state}", uuid_text(name), (day.worker, day.receiver))
        case _:
            assert_never(body)


def plan_found(desk: Desk, wish: FoundRotation) -> Plan | Refused:
    book = desk.book
    currency = book.currencies.get(wish.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=wish.currency)
    day = minor_of(wish.day, currency.code, currency.scale)
    refused = foremost(
        text_refusal("title", wish.title, ROTATION_TITLE_CHARS_MAX),
        None if wish.title.strip() else refuse(MALFORMED, field="title", expected="a name"),
        payable(day) if isinstance(day, int) else day,
    )
    if refused:
        return refused
    assert isinstance(day, int)
    body = RotationFounded(book.drawn(drawn_id(desk.chance)), wish.title, currency.code, day)
    return _against(book, body) or Plan(uuid_text(body.rotation), (Write(body),))


def plan_join(desk: Desk, name: str, wish: JoinRotation) -> Plan | Refused:
    member = _for_whom(desk, wish.member)
    if isinstance(member, Refused):
        return member
    body = RotationJoined(parse_uuid(name) or b"", member)
    return _against(desk.book, body) or Plan(name, (Write(body),))


def _for_whom(desk: Desk, address: str | None) -> str | Refused:
    """Return the id of the member for whom somebody speaks: itself, or one without a key."""
    told = desk.actor.member if address is None else address
    if told is None:
        return refuse(MALFORMED, field="member", expected="whose word it is")
    member = resolve_member(desk.book, told)
    if isinstance(member, Refused):
        return member
    return member.id if acts_for(desk.actor, member) else refuse(FORBIDDEN, allowed="the member itself")


def plan_tell(desk: Desk, wish: TellDay) -> Plan | Refused:
    worker, receiver = _for_whom(desk, wish.worker), resolve_member(desk.book, wish.receiver)
    if isinstance(worker, Refused) or isinstance(receiver, Refused):
        return foremost(*(one for one in (worker, receiver) if isinstance(one, Refused))) or refuse(MALFORMED)
    body = DayWorked(desk.book.drawn(drawn_id(desk.chance)), wish.rotation, worker, receiver.id)
    return _against(desk.book, body) or Plan(uuid_text(body.work), (Write(body),))


def plan_confirm(desk: Desk, name: str, said: Said[ConfirmDay]) -> Plan | Refused:
    book = desk.book
    if said.signed is None:
        member = _for_whom(desk, said.wish.member)
        if isinstance(member, Refused):
            return member
        said = replace(said, wish=replace(said.wish, member=member))
    refused = _against_confirming(book, said)
    if refused:
        return refused
    day = book.rows(WORK_DAYS)[said.wish.work]
    terms = book.rows(ROTATIONS)[day.rotation].said
    receiver, worker = (book.ledger.accounts[account_id(one, terms.currency)] for one in (day.receiver, day.worker))
    refused = book.ledger.debit_refusal(receiver, terms.day) or book.ledger.credit_refusal(worker, terms.day)
    return refused or Plan(name, (Write(DayConfirmed(*said.held)),))


def plan_deny(desk: Desk, name: str, wish: DenyDay) -> Plan | Refused:
    del wish
    book = desk.book
    day = book.rows(WORK_DAYS).get(parse_uuid(name) or b"")
    if day is None:
        return refuse(NOT_FOUND)
    if not any(acts_for(desk.actor, book.members[one]) for one in (day.receiver, day.worker)):
        return refuse(FORBIDDEN, allowed="who has worked it, and who has received it")
    body = DayDenied(day.id)
    return _against(book, body) or Plan(name, (Write(body),))
