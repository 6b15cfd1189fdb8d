# SPDX-License-Identifier: AGPL-3.0-or-later
"""Kiosks: who may issue out of reach, what it is given for that, and what becomes of one that has forked."""

from collections.abc import Iterable, Iterator, Sequence

from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Errand, News, Plan, Urgency, Write
from protocol.book.ledger import Posting
from protocol.book.money import minor_of, payable
from protocol.book.refusals import (
    AMOUNT_NOT_POSITIVE,
    DUPLICATE,
    KEY_UNACCEPTABLE,
    MALFORMED,
    NOT_FOUND,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Body
from protocol.practices.credit.kiosks.entries import (
    KioskForked,
    KioskRegistered,
    KioskSynced,
    KioskTillMoved,
    RightsSent,
)
from protocol.practices.credit.kiosks.refusals import KIOSK_FROZEN
from protocol.practices.credit.kiosks.state import (
    KIOSK_UNSEEN_DAYS,
    PLACED,
    Kiosk,
    Kiosks,
    newest_place,
    place_id,
    reserve_behind,
)
from protocol.practices.credit.kiosks.taking import against_syncing, forks, new_ones, read_of, take_in
from protocol.practices.credit.kiosks.views import FillKioskTill, RegisterKiosk, SendRights, SyncKiosk
from protocol.practices.credit.reserves.rights import exhausted, reserve_of, short
from protocol.practices.credit.reserves.state import NODE
from protocol.practices.credit.reserves.views import state_amount, state_minor
from protocol.practices.people.authority import KEY_TAKEN
from protocol.wire.keys import is_acceptable_key

DAY_OF_KIOSK_MS = 24 * 60 * 60 * 1_000


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: Body) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if isinstance(body, KioskRegistered):
        return _against_registering(book, body)
    assert isinstance(body, RightsSent | KioskTillMoved | KioskSynced | KioskForked)
    kiosk = book.of(Kiosks).by_id.get(body.kiosk)
    if kiosk is None:
        return refuse(NOT_FOUND)
    if isinstance(body, KioskTillMoved):
        return _against_filling(book, kiosk, body)
    if kiosk.forked_at is not None:
        return refuse(KIOSK_FROZEN, place=kiosk.forked_at)
    match body:
        case RightsSent():
            return exhausted(reserve_behind(book, kiosk), NODE, body.amount)
        case KioskSynced():
            return against_syncing(book, kiosk, body.statements)
        case KioskForked():
            return _against_freezing(book, kiosk, body)


def _against_registering(book: Book, body: KioskRegistered) -> Refused | None:
    reserve = reserve_of(book, body.currency)
    if isinstance(reserve, Refused):
        return reserve
    if not is_acceptable_key(body.key):
        return refuse(KEY_UNACCEPTABLE)
    known = book.of(Kiosks)
    if body.key in known.by_key or body.key in book.member_by_key:
        return refuse(KEY_TAKEN)
    taken = body.kiosk in known.by_id or any(one.name == body.name for one in known.by_id.values())
    if taken:
        return refuse(DUPLICATE)
    return None if body.name.strip() else refuse(MALFORMED, field="name", expected="a name")


def _against_filling(book: Book, kiosk: Kiosk, body: KioskTillMoved) -> Refused | None:
    reserve = reserve_behind(book, kiosk)
    if not body.amount:
        return refuse(AMOUNT_NOT_POSITIVE)
    there = reserve.in_bank_minor if body.amount > 0 else max(0, kiosk.till_minor)
    return short(reserve, there, abs(body.amount))


def _against_freezing(book: Book, kiosk: Kiosk, body: KioskForked) -> Refused | None:
    first, second = read_of(book, kiosk, body.first), read_of(book, kiosk, body.second)
    if isinstance(first, Refused) or isinstance(second, Refused):
        return first if isinstance(first, Refused) else second if isinstance(second, Refused) else None
    stands = forks(book, kiosk, (body.second,))
    is_proof = first.said.place == second.said.place and stands is not None and stands[0].signed == body.first
    return None if is_proof else refuse(MALFORMED, field="second", expected="another statement at the same place")


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, kiosks = entered.body, book.of(Kiosks)
    match body:
        case KioskRegistered():
            kiosk = Kiosk(body.kiosk, entered.seq, entered.at_ms, body.currency, body.name, body.key)
            kiosks.by_id[kiosk.id], kiosks.by_key[kiosk.key] = kiosk, kiosk.id
        case RightsSent():
            kiosk = kiosks.by_id[body.kiosk]
            reserve = reserve_behind(book, kiosk)
            reserve.rights = reserve.rights.send(NODE, kiosk.id, body.amount)
            kiosk.given_minor += body.amount
        case KioskTillMoved():
            kiosk = kiosks.by_id[body.kiosk]
            kiosk.till_minor += body.amount
            reserve_behind(book, kiosk).away_minor += body.amount
        case KioskSynced():
            return take_in(book, kiosks.by_id[body.kiosk], body, entered)
        case KioskForked():
            _freeze(book, kiosks.by_id[body.kiosk], body)
        case _:
            raise AssertionError(body)
    return ()


def _freeze(book: Book, kiosk: Kiosk, body: KioskForked) -> None:
    stands = forks(book, kiosk, (body.second,))
    assert stands is not None
    at, reserve = stands[0], reserve_behind(book, kiosk)
    kiosk.forked_at, kiosk.proof = at.place, (body.first.data, body.second.data)
    kiosk.risk_minor = at.held_minor + kiosk.given_minor - at.given_minor
    reserve.rights = reserve.rights.freeze(kiosk.id)


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, KioskRegistered | RightsSent | KioskTillMoved | KioskSynced | KioskForked)
    del book
    yield News(f"kiosk.{body.KIND.partition('/')[2]}", uuid_text(body.kiosk))


def plan_register(desk: Desk, wish: RegisterKiosk) -> Plan | Refused:
    body = KioskRegistered(drawn_id(desk.chance), wish.reserve, wish.name, wish.public_key)
    return _against(desk.book, body) or Plan(uuid_text(body.kiosk), (Write(body),))


def _named(desk: Desk, name: str) -> Kiosk | Refused:
    return desk.book.of(Kiosks).by_id.get(parse_uuid(name) or b"") or refuse(NOT_FOUND)


def plan_send(desk: Desk, name: str, wish: SendRights) -> Plan | Refused:
    kiosk = _named(desk, name)
    if isinstance(kiosk, Refused):
        return kiosk
    amount = minor_of(wish.amount, kiosk.currency, desk.book.currencies[kiosk.currency].scale)
    refused = amount if isinstance(amount, Refused) else payable(amount)
    if refused is not None or isinstance(amount, Refused):
        return refused or refuse(MALFORMED)
    body = RightsSent(kiosk.id, amount)
    return _against(desk.book, body) or Plan(name, (Write(body),))


def plan_fill_kiosk(desk: Desk, name: str, wish: FillKioskTill) -> Plan | Refused:
    kiosk = _named(desk, name)
    if isinstance(kiosk, Refused):
        return kiosk
    amount = state_minor(desk.book, reserve_behind(desk.book, kiosk), wish.amount)
    if isinstance(amount, Refused):
        return amount
    body = KioskTillMoved(kiosk.id, amount)
    return _against(desk.book, body) or Plan(name, (Write(body),))


def plan_sync(desk: Desk, name: str, wish: SyncKiosk) -> Plan | Refused:
    """Take in what is new; what was taken in before changes nothing, and a fork freezes the kiosk."""
    book, kiosk = desk.book, _named(desk, name)
    if isinstance(kiosk, Refused):
        return kiosk
    most, known = newest_place(reserve_behind(book, kiosk), kiosk), list[bytes]()
    for signed in wish.statements:
        read = read_of(book, kiosk, signed)
        if isinstance(read, Refused):
            return read
        if read.said.place <= most:
            known.append(place_id(kiosk.id, read.said.place))
    book.rows(PLACED).need(known)
    fork = forks(book, kiosk, wish.statements)
    if fork is not None and kiosk.forked_at is None:
        body: Body = KioskForked(kiosk.id, fork[0].signed, fork[1])
    else:
        new = new_ones(book, kiosk, wish.statements)
        if not new and fork is None and wish.statements:
            return Plan(name)
        body = KioskSynced(kiosk.id, new)
    return _against(book, body) or Plan(name, (Write(body),))


def week(desk: Desk) -> Iterator[Errand]:
    """Yield which kiosks have forked, owe state money, or were not heard from."""
    book = desk.book
    since_ms = desk.now - book.parameter(KIOSK_UNSEEN_DAYS) * DAY_OF_KIOSK_MS
    for kiosk in book.of(Kiosks).by_id.values():
        reserve = reserve_behind(book, kiosk)
        name = uuid_text(kiosk.id)
        if kiosk.forked_at is not None:
            figure = book.amount(kiosk.currency, kiosk.risk_minor)
            said = "a kiosk has signed twice at one place, and is frozen"
            yield Errand(name, kiosk.name, "kiosks.forked", said, "kiosks.show", Urgency.STOPPED, figure=figure)
        elif (kiosk.synced_ms or kiosk.at_ms) < since_ms:
            held = book.amount(kiosk.currency, reserve.rights.held(kiosk.id))
            said = "a kiosk was not heard from, and may issue as much"
            yield Errand(name, kiosk.name, "kiosks.unseen", said, "kiosks.sync", Urgency.WAITED_FOR, figure=held)
        if kiosk.unmet_minor:
            figure = state_amount(book, reserve, kiosk.unmet_minor)
            said = "a kiosk has paid for currency that nobody gave back"
            yield Errand(name, kiosk.name, "kiosks.unmet", said, "kiosks.show", Urgency.PEOPLE, figure=figure)
