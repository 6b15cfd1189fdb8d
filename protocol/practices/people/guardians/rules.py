# SPDX-License-Identifier: AGPL-3.0-or-later
"""How guardians put a new key in place of a lost one: k of n back it, it is public for three days, none objects."""

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, News, Plan, Write
from protocol.book.ledger import Posting
from protocol.book.members import Auth, Member, MemberState
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    ORDER_MISMATCH,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Millis
from protocol.practices.people.authority import not_said_by
from protocol.practices.people.devices import let_only
from protocol.practices.people.guardians.entries import (
    BackKey,
    GuardiansBody,
    GuardiansNamed,
    KeyBacked,
    KeyOpposed,
    KeyRestored,
    NameGuardians,
    ObjectToKey,
)
from protocol.practices.people.guardians.state import AllGuarded, Guarded
from protocol.practices.people.joinings import against_new_key, joining_in

DELAY_MS = 3 * 24 * 60 * 60 * 1_000
"""How long all can see that a new key comes, before it does."""


def check(book: Book, entered: Entered) -> Reason | None:
    body = entered.body
    assert isinstance(body, GuardiansBody)
    match body:
        case GuardiansNamed():
            refused = _against_naming(book, said_in(book, body, NameGuardians))
        case KeyBacked():
            refused = _against_backing(book, said_in(book, body, BackKey))
        case KeyOpposed():
            refused = _against_objection(book, said_in(book, body, ObjectToKey))
        case KeyRestored():
            refused = book.misplaced(entered) or _against_restoring(book, body, entered.at_ms)
        case _:
            assert_never(body)
    return refused.reason if refused else None


def _present(book: Book, name: str) -> Member | Refused:
    member = book.members.get(name)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=name)
    return (member.inactive() or member) if member.state is MemberState.LEFT else member


def _against_naming(book: Book, said: Said[NameGuardians]) -> Refused | None:
    wish = said.wish
    member = _present(book, wish.member)
    if isinstance(member, Refused):
        return member
    refused = not_said_by(said, member, capped=False)
    found = [_present(book, name) for name in wish.guardians]
    refused = refused or next((one for one in found if isinstance(one, Refused)), None)
    if refused:
        return refused
    others = set(wish.guardians) - {member.id}
    if len(others) < len(wish.guardians):
        return refuse(MALFORMED, field="guardians", expected="other members, each once")
    if wish.guardians and wish.needed > len(wish.guardians):
        return refuse(MALFORMED, field="needed", expected=f"at most {len(wish.guardians)}")
    return None


def _against_backing(book: Book, said: Said[BackKey]) -> Refused | None:
    wish = said.wish
    member = _present(book, wish.member)
    if isinstance(member, Refused):
        return member
    guarded = book.of(AllGuarded).by_member.get(member.id)
    assert said.member is not None and said.device is not None
    if guarded is None or said.member.id not in guarded.guardians or said.device.cap_minor is not None:
        return refuse(FORBIDDEN, allowed="the member's guardians, by a key without a cap")
    joining = wish.joining or guarded.joinings.get(wish.new_key)
    if joining is None:
        return refuse(MALFORMED, field="joining", expected="what the new key signed, the first time")
    refused = against_new_key(book, joining, member.handle)
    if refused:
        return refused
    if joining_in(joining).key != wish.new_key:
        return refuse(ORDER_MISMATCH, field="new_key")
    again = guarded.backed.get(said.member.id) == wish.new_key
    return refuse(DUPLICATE) if again else said.member.inactive()


def _against_objection(book: Book, said: Said[ObjectToKey]) -> Refused | None:
    member = _present(book, said.wish.member)
    if isinstance(member, Refused):
        return member
    refused = not_said_by(said, member)
    guarded = book.of(AllGuarded).by_member.get(member.id)
    nothing = guarded is None or not guarded.backed
    return refused or (refuse(STATE_CONFLICT, state="without a new key to object to") if nothing else None)


def _against_restoring(book: Book, body: KeyRestored, at_ms: Millis) -> Refused | None:
    member = _present(book, body.member)
    if isinstance(member, Refused):
        return member
    guarded = book.of(AllGuarded).by_member.get(member.id)
    coming = None if guarded is None else guarded.coming
    if guarded is None or coming is None or guarded.due_ms is None or at_ms < guarded.due_ms:
        return refuse(STATE_CONFLICT, state="not due yet")
    if guarded.joinings[coming] != body.joining:
        return refuse(ORDER_MISMATCH, field="new_key")
    return against_new_key(book, body.joining, member.handle)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, by_member = entered.body, book.of(AllGuarded).by_member
    assert isinstance(body, GuardiansBody)
    match body:
        case GuardiansNamed():
            wish = said_in(book, body, NameGuardians).wish
            known = by_member.pop(wish.member, None)
            if wish.guardians:
                arrival = entered.seq if known is None else known.arrival
                by_member[wish.member] = Guarded(wish.member, arrival, wish.guardians, wish.needed)
        case KeyBacked():
            said = said_in(book, body, BackKey)
            assert said.member is not None
            _back(by_member[said.wish.member], said.member.id, said.wish, entered.at_ms)
        case KeyOpposed():
            by_member[said_in(book, body, ObjectToKey).wish.member].end()
        case KeyRestored():
            by_member[body.member].end()
            let_only(book, book.members[body.member], joining_in(body.joining).key, entered.seq)
        case _:
            assert_never(body)
    return ()


def _back(guarded: Guarded, guardian: str, wish: BackKey, at_ms: Millis) -> None:
    before = guarded.coming
    guarded.backed.pop(guardian, None)
    guarded.backed[guardian] = wish.new_key
    if wish.joining is not None:
        guarded.joinings.setdefault(wish.new_key, wish.joining)
    guarded.joinings = {key: guarded.joinings[key] for key in dict.fromkeys(guarded.backed.values())}
    if guarded.coming != before:
        guarded.due_ms = None if guarded.coming is None else at_ms + DELAY_MS


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, GuardiansBody)
    if isinstance(body, KeyRestored):
        yield News("guardians.restored", body.member, (body.member,))
        yield News("member.keys-changed", body.member, (body.member,))
        return
    member = said_in(book, body, body.WISH).wish.member
    guarded = book.of(AllGuarded).by_member.get(member)
    audience = (member, *(() if guarded is None else guarded.guardians))
    yield News(body.KIND.replace("/", "."), member, audience)


def due(desk: Desk) -> Iterator[Plan]:
    """Yield the new keys whose time has come."""
    for guarded in list(desk.book.of(AllGuarded).by_member.values()):
        if guarded.due_ms is None or guarded.due_ms > desk.now or guarded.coming is None:
            continue
        body = KeyRestored(guarded.member, guarded.joinings[guarded.coming])
        if _against_restoring(desk.book, body, desk.now) is None:
            yield Plan(guarded.member, (Write(body),))


def plan_name(desk: Desk, address: str, said: Said[NameGuardians]) -> Plan | Refused:
    del address
    assert said.signed is not None
    refused = _against_naming(desk.book, said)
    if refused is None and any(desk.book.members[one].auth is Auth.CUSTODIAL for one in said.wish.guardians):
        # By the author alone: a guardian may lose its key later, and the naming stands all the same.
        refused = refuse(MALFORMED, field="guardians", expected="members with a key of their own: it signs for yours")
    return refused or Plan(said.wish.member, (Write(GuardiansNamed(said.signed)),))


def plan_back(desk: Desk, address: str, said: Said[BackKey]) -> Plan | Refused:
    del address
    assert said.signed is not None
    return _against_backing(desk.book, said) or Plan(said.wish.member, (Write(KeyBacked(said.signed)),))


def plan_object(desk: Desk, address: str, said: Said[ObjectToKey]) -> Plan | Refused:
    del address
    assert said.signed is not None
    return _against_objection(desk.book, said) or Plan(said.wish.member, (Write(KeyOpposed(said.signed)),))
