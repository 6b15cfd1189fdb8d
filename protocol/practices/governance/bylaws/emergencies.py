# SPDX-License-Identifier: AGPL-3.0-or-later
"""Emergencies: enough of the committee change a rule at once, for a while; what the group has decided lies beneath."""

from collections.abc import Iterator
from dataclasses import replace

from protocol.book.agenda import Agenda
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, News, Plan, Write
from protocol.book.members import Member
from protocol.book.parameters import TIME_ZONE, Decided, Setting, Stored, Zone, stored_value
from protocol.book.refusals import (
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    STATE_CONFLICT,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.timezones import MINUTE_MS
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Millis
from protocol.practices.governance.bylaws.entries import (
    BackEmergency,
    CallEmergency,
    EmergencyBacked,
    EmergencyCalled,
    EmergencyLapsed,
    EmergencySaid,
    EmergencyState,
)
from protocol.practices.governance.bylaws.refusals import COMMITTEE_SMALL, EMERGENCY_UNKNOWN
from protocol.practices.governance.bylaws.state import (
    EMERGENCY_HOURS,
    EMERGENCY_LIFE,
    Bylaws,
    Emergency,
    How,
    RuleKey,
    RuleStep,
    committee,
    needed,
)
from protocol.practices.governance.parameters import find_parameter, parameter_id, read_value
from protocol.practices.people.authority import not_said_by, speaks_as

OF_ALL = ("motions.", "bylaws.")
"""How the names of rules begin that no emergency changes: by them the group decides, and says who may hurry."""


def against_emergency(book: Book, body: EmergencySaid, at_ms: Millis) -> Refused | None:
    """Return why an entry on an emergency may not stand: the same answer on every node."""
    match body:
        case EmergencyCalled():
            return against_called(book, body, said_in(book, body, CallEmergency))
        case EmergencyBacked():
            return against_backed(book, said_in(book, body, BackEmergency), at_ms)
        case EmergencyLapsed():
            emergency = book.of(Bylaws).emergencies.get(body.emergency)
            if emergency is None:
                return refuse(EMERGENCY_UNKNOWN)
            conflict = EMERGENCY_LIFE.conflict(emergency.state, body.KIND)
            if conflict is None and at_ms < emergency.until_ms:
                return refuse(STATE_CONFLICT, state="not due yet")
            return conflict


def against_called(book: Book, body: EmergencyCalled, said: Said[CallEmergency]) -> Refused | None:
    """Return why an emergency may not be called: by whom, on which rule, to which value."""
    wish, bylaws, key = said.wish, book.of(Bylaws), (body.name, body.currency or "")
    refused = foremost(_against_backer(book, said), _unlike_wish(book, body, wish))
    if body.name == TIME_ZONE.name or body.name.startswith(OF_ALL):
        refused = foremost(refused, refuse(FORBIDDEN, allowed="all members, by motion"))
    standing = [bylaws.emergencies[id] for id in bylaws.standing if bylaws.emergencies[id].key == key]
    if bylaws.has(wish.emergency) or any(_backer(said) in one.backers for one in standing):
        refused = foremost(refused, refuse(DUPLICATE))
    refused = foremost(refused, _under_another(book, key))
    seated, most = len(committee(book)), needed(book)
    return foremost(refused, refuse(COMMITTEE_SMALL, seated=seated, needed=most) if seated < most else None)


def _unlike_wish(book: Book, body: EmergencyCalled, wish: CallEmergency) -> Refused | None:
    """Return that what stands of the parameter is not what was wished, as far as this program can tell."""
    if parameter_id(body.name, body.currency) != wish.name or (body.number is not None and body.text is not None):
        return refuse(MALFORMED, field="name", expected="what was wished")
    if body.currency is not None and body.currency not in book.currencies:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    parameter = book.parameters.get(body.name)
    if parameter is None or parameter.of_currency is (body.currency is None) or isinstance(parameter.kind, Zone):
        return None
    read = read_value(book, parameter, body.currency, wish.value)
    if isinstance(read, Refused):
        return read
    same = read == Stored(body.number, body.text)
    return None if same else refuse(MALFORMED, field="value", expected="what was wished")


def against_backed(book: Book, said: Said[BackEmergency], at_ms: Millis) -> Refused | None:
    """Return why somebody may not agree to an emergency."""
    emergency = book.of(Bylaws).emergencies.get(said.wish.emergency)
    if emergency is None:
        return refuse(EMERGENCY_UNKNOWN)
    refused = _against_backer(book, said)
    conflict = EMERGENCY_LIFE.conflict(emergency.state, EmergencyBacked.KIND)
    if conflict is None and at_ms > emergency.until_ms:
        conflict = refuse(STATE_CONFLICT, state=EmergencyState.EXPIRED.value)
    conflict = conflict or _under_another(book, emergency.key)
    again = refuse(DUPLICATE) if _backer(said) in emergency.backers else None
    return foremost(refused, conflict, again)


def _under_another(book: Book, key: RuleKey) -> Refused | None:
    """Return that an emergency lies over a rule already: one at a time."""
    return refuse(STATE_CONFLICT, state="under another emergency") if key in book.of(Decided).over else None


def _backer(said: Said[CallEmergency] | Said[BackEmergency]) -> str:
    """Return the id of who agrees: of whose key signed it, or of whom the wish names."""
    return said.wish.member or "" if said.member is None else said.member.id


def _against_backer(book: Book, said: Said[CallEmergency] | Said[BackEmergency]) -> Refused | None:
    id = _backer(said)
    member = book.members.get(id)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=id)
    if said.wish.member not in (None, id):
        return refuse(FORBIDDEN, allowed="the member itself")
    refused = not_said_by(said, member) or member.inactive()
    return refused or (None if id in committee(book) else refuse(FORBIDDEN, allowed="the committee"))


def fold(book: Book, body: EmergencySaid, entered: Entered) -> None:
    """Fold an entry on an emergency: with enough who agree its value lies over the rule, and then no more."""
    bylaws, at_ms = book.of(Bylaws), entered.at_ms
    match body:
        case EmergencyCalled():
            said = said_in(book, body, CallEmergency)
            assert said.wish.emergency is not None
            emergency = Emergency(
                said.wish.emergency,
                entered.seq,
                at_ms,
                (body.name, body.currency or ""),
                Stored(body.number, body.text),
                at_ms + book.parameter(EMERGENCY_HOURS) * 60 * MINUTE_MS,
                EMERGENCY_LIFE.after(None, body.KIND),
                {_backer(said): at_ms},
            )
            bylaws.emergencies[emergency.id], bylaws.standing[emergency.id] = emergency, None
        case EmergencyBacked():
            backed = said_in(book, body, BackEmergency)
            emergency = bylaws.emergencies[backed.wish.emergency]
            emergency.backers[_backer(backed)] = at_ms
            enough = len(committee(book) & emergency.backers.keys()) >= needed(book)
            chosen = EmergencyState.IN_FORCE if enough else EmergencyState.CALLED
            emergency.state = EMERGENCY_LIFE.after(emergency.state, body.KIND, chosen)
            if enough:
                emergency.since_ms = at_ms
                emergency.until_ms = at_ms + book.parameter(EMERGENCY_HOURS) * 60 * MINUTE_MS
                book.of(Decided).over[emergency.key] = Setting(entered.seq, at_ms, emergency.stored)
                bylaws.note(emergency.key, RuleStep(at_ms, emergency.stored, How.EMERGENCY, None, emergency.id))
        case EmergencyLapsed():
            emergency = bylaws.emergencies[body.emergency]
            emergency.state = EMERGENCY_LIFE.after(emergency.state, body.KIND)
            del bylaws.standing[emergency.id]
            if emergency.state is EmergencyState.LAPSED:
                decided = book.of(Decided)
                del decided.over[emergency.key]
                beneath = decided.by_name.get(emergency.key)
                stored = Stored() if beneath is None else beneath.stored
                bylaws.note(emergency.key, RuleStep(at_ms, stored, How.LAPSED, None, emergency.id))
    due = emergency.until_ms if emergency.id in bylaws.standing else None
    book.of(Agenda).put("bylaws", emergency.id, due)


def plan_call(desk: Desk, said: Said[CallEmergency]) -> Plan | Refused:
    book = desk.book
    found = find_parameter(book, said.wish.name)
    if isinstance(found, Refused):
        return found
    if said.signed is None:
        member = speaks_as(desk, said.wish.member)
        if isinstance(member, Refused):
            return member
        said = Said(replace(said.wish, member=member.id))
    parameter, currency = found
    stored = read_value(book, parameter, currency, said.wish.value)
    if isinstance(stored, Refused):
        return stored
    body = EmergencyCalled(*said.held, parameter.name, currency, stored.number, stored.text)
    refused = against_called(book, body, said) or parameter.holds(book, stored_value(parameter, stored), currency)
    return refused or Plan(uuid_text(said.wish.emergency or b""), (Write(body),))


def plan_back(desk: Desk, name: str, said: Said[BackEmergency]) -> Plan | Refused:
    book = desk.book
    emergency = book.of(Bylaws).emergencies.get(said.wish.emergency)
    if emergency is None:
        return refuse(EMERGENCY_UNKNOWN)
    if said.signed is None:
        member: Member | Refused = speaks_as(desk, said.wish.member)
        if isinstance(member, Refused):
            return member
        said = Said(replace(said.wish, member=member.id))
    refused = against_backed(book, said, desk.now) or _would_break(book, emergency)
    return refused or Plan(name, (Write(EmergencyBacked(*said.held)),))


def _would_break(book: Book, emergency: Emergency) -> Refused | None:
    """Return why an emergency may not come to hold in this book, for the author alone to ask."""
    name, code = emergency.key
    parameter = book.parameters.get(name)
    return None if parameter is None else parameter.holds(book, stored_value(parameter, emergency.stored), code or None)


def news(book: Book, body: EmergencySaid) -> Iterator[News]:
    """Tell the committee of an emergency that is called, and all members of one that holds or has lapsed."""
    if isinstance(body, EmergencyLapsed):
        id = body.emergency
    elif isinstance(body, EmergencyCalled):
        id = said_in(book, body, CallEmergency).wish.emergency or b""
    else:
        id = said_in(book, body, BackEmergency).wish.emergency
    emergency = book.of(Bylaws).emergencies[id]
    is_waiting = emergency.state is EmergencyState.CALLED
    audience = tuple(sorted(committee(book))) if is_waiting else tuple(book.members)
    word = "called" if isinstance(body, EmergencyCalled) else "backed" if is_waiting else emergency.state.value
    yield News(
        f"emergency.{word}", uuid_text(id), audience, {"rule": parameter_id(emergency.key[0], emergency.key[1] or None)}
    )
