# SPDX-License-Identifier: AGPL-3.0-or-later
"""Care without a price: hours count once their receiver confirms them, and no balance moves.

In the words of ValueFlows it is an event of work that no commitment answers. Nothing here posts anything.
"""

from collections.abc import Iterable, Sequence
from typing import assert_never

from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, News, Plan, Write
from protocol.book.ledger import Posting
from protocol.book.money import parse_decimal
from protocol.book.personal import NOTE_CHARS_MAX, salted, text_refusal
from protocol.book.private import Owned
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    SAME_ACCOUNT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Body
from protocol.practices.market.care.entries import CARE_HOURS_MAX, CareConfirmed, CareDenied, CareGiven, CareSaid
from protocol.practices.market.care.state import CARE, CARE_LIFE, CARE_SCALE, CareKept, Carers
from protocol.practices.market.care.views import ConfirmCare, DenyCare, GiveCare
from protocol.practices.people.authority import acts_for, speaks_as


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, CareSaid)
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: CareSaid) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case CareGiven():
            return _against_giving(book, body)
        case CareConfirmed(name):
            care = book.rows(CARE).get(name)
            if care is None:
                return refuse(NOT_FOUND)
            conflict = CARE_LIFE.conflict(care.state, body.KIND)
            return conflict or book.members[care.receiver].inactive() or book.members[care.giver].inactive()
        case CareDenied(name):
            care = book.rows(CARE).get(name)
            return refuse(NOT_FOUND) if care is None else CARE_LIFE.conflict(care.state, body.KIND)
        case _:
            assert_never(body)


def _against_giving(book: Book, body: CareGiven) -> Refused | None:
    if body.care in book.rows(CARE):
        return refuse(DUPLICATE)
    for name in (body.giver, body.receiver):
        member = book.members.get(name)
        if member is None:
            return refuse(MEMBER_UNKNOWN, member=name)
        if refused := member.inactive():
            return refused
    return refuse(SAME_ACCOUNT) if body.giver == body.receiver else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, cares = entered.body, book.rows(CARE)
    assert isinstance(body, CareSaid)
    match body:
        case CareGiven(name, giver, receiver, hours, note):
            state = CARE_LIFE.after(None, body.KIND)
            cares.add(CareKept(name, entered.at_ms, giver, receiver, hours, note, state))
        case CareConfirmed(name) | CareDenied(name):
            care = cares.change(name)
            care.state = CARE_LIFE.after(care.state, body.KIND)
            if isinstance(body, CareConfirmed):
                book.of(Carers).count(care)
        case _:
            assert_never(body)
    return ()


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield what a giver says of its care: it is the giver's own."""
    del book
    assert isinstance(body, CareGiven)
    if body.note is not None:
        yield Owned(body.note, body.giver, f"care/{uuid_text(body.care)}")


def news(book: Book, entered: Entered) -> Iterable[News]:
    assert isinstance(entered.body, CareSaid)
    care = book.rows(CARE)[entered.body.care]
    yield News(f"care.{care.state}", uuid_text(care.id), (care.giver, care.receiver))


def plan_give(desk: Desk, wish: GiveCare) -> Plan | Refused:
    book, hours = desk.book, parse_decimal(wish.hours, CARE_SCALE)
    fits = isinstance(hours, int) and 0 < hours <= CARE_HOURS_MAX
    expected = f"more than 0, at most {CARE_HOURS_MAX // 100}, such as 7.5"
    refused = None if fits else refuse(MALFORMED, field="hours", expected=expected)
    refused = text_refusal("note", wish.note, NOTE_CHARS_MAX) or refused
    giver, receiver = speaks_as(desk, wish.giver), resolve_member(book, wish.receiver)
    if refused or isinstance(giver, Refused) or isinstance(receiver, Refused) or not isinstance(hours, int):
        return foremost(refused, *(one for one in (giver, receiver) if isinstance(one, Refused))) or refuse(MALFORMED)
    note, texts = salted(desk, wish.note)
    body = CareGiven(book.drawn(drawn_id(desk.chance)), giver.id, receiver.id, hours, note)
    return _against(book, body) or Plan(uuid_text(body.care), (Write(body),), texts)


def plan_confirm(desk: Desk, name: str, wish: ConfirmCare) -> Plan | Refused:
    del wish
    care = desk.book.rows(CARE).get(parse_uuid(name) or b"")
    if care is None:
        return refuse(NOT_FOUND)
    if not acts_for(desk.actor, desk.book.members[care.receiver]):
        return refuse(FORBIDDEN, allowed="who has received it")
    body = CareConfirmed(care.id)
    return _against(desk.book, body) or Plan(name, (Write(body),))


def plan_deny(desk: Desk, name: str, wish: DenyCare) -> Plan | Refused:
    del wish
    care = desk.book.rows(CARE).get(parse_uuid(name) or b"")
    if care is None:
        return refuse(NOT_FOUND)
    if not any(acts_for(desk.actor, desk.book.members[one]) for one in (care.receiver, care.giver)):
        return refuse(FORBIDDEN, allowed="who has given it, and who has received it")
    body = CareDenied(care.id)
    return _against(desk.book, body) or Plan(name, (Write(body),))
