# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rules that change with notice: announced, in force at their hour, or dropped where they would break something."""

from collections.abc import Iterable, Iterator, Sequence

from protocol.book.agenda import Agenda
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, News, Plan, Write, ungated
from protocol.book.gates import Motion, UnderMotion
from protocol.book.ledger import Posting
from protocol.book.parameters import Decided, Setting, Stored, stored_value
from protocol.book.refusals import (
    CURRENCY_UNKNOWN,
    DUPLICATE,
    MALFORMED,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.governance.bylaws import emergencies
from protocol.practices.governance.bylaws.entries import (
    ChangeRule,
    ChangeState,
    EmergencyBacked,
    EmergencyCalled,
    EmergencyLapsed,
    RuleAnnounced,
    RuleCame,
    RuleDropped,
    RuleSaid,
)
from protocol.practices.governance.bylaws.refusals import CHANGE_UNKNOWN, NOTICE_SHORT
from protocol.practices.governance.bylaws.state import CHANGE_LIFE, Bylaws, How, RuleChange, RuleStep, notice_ms
from protocol.practices.governance.parameters import (
    ParameterSet,
    bylaw_gate,
    find_parameter,
    parameter_id,
    wished_value,
)


def check(book: Book, entered: Entered) -> Reason | None:
    body = entered.body
    refused = book.misplaced(entered)
    if refused is None and isinstance(body, EmergencyCalled | EmergencyBacked | EmergencyLapsed):
        refused = emergencies.against_emergency(book, body, entered.at_ms)
    elif refused is None:
        assert isinstance(body, RuleAnnounced | RuleCame | RuleDropped)
        refused = against_change(book, body, entered.at_ms)
    return refused.reason if refused else None


def against_change(book: Book, body: RuleSaid, at_ms: Millis) -> Refused | None:
    """Return why an entry on a change may not stand: the same answer on every node, whatever it knows of the rule."""
    bylaws = book.of(Bylaws)
    if isinstance(body, RuleAnnounced):
        return _against_announcing(book, body, at_ms)
    change = bylaws.changes.get(body.change)
    if change is None:
        return refuse(CHANGE_UNKNOWN)
    conflict = CHANGE_LIFE.conflict(change.state, body.KIND)
    if conflict is None and at_ms < change.from_ms:
        return refuse(STATE_CONFLICT, state="not due yet")
    return conflict


def _against_announcing(book: Book, body: RuleAnnounced, at_ms: Millis) -> Refused | None:
    if body.number is not None and body.text is not None:
        return refuse(MALFORMED, field="text", expected="a number or a text")
    if body.currency is not None and body.currency not in book.currencies:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    if book.of(Bylaws).has(body.change):
        return refuse(DUPLICATE)
    parameter = book.parameters.get(body.name)
    gate = None if parameter is None else bylaw_gate(book, parameter)
    refused = None if gate is None else ungated(book, gate)
    if refused is not None:
        return refused
    if body.from_ms < at_ms:
        return refuse(MALFORMED, field="starts", expected="an hour to come")
    notice = notice_ms(book, parameter)
    return refuse(NOTICE_SHORT, days=notice // DAY_MS) if body.from_ms < at_ms + notice else None


def unannounced(book: Book, entered: Entered) -> Refused | None:
    """Return NOTICE_SHORT where what the group alone changes would change at once, and the group has said not so."""
    assert isinstance(entered.body, ParameterSet)
    notice = notice_ms(book, book.parameters.get(entered.body.name))
    return refuse(NOTICE_SHORT, days=notice // DAY_MS) if notice else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    if isinstance(body, EmergencyCalled | EmergencyBacked | EmergencyLapsed):
        emergencies.fold(book, body, entered)
        return ()
    bylaws = book.of(Bylaws)
    if isinstance(body, RuleAnnounced):
        stored, key = Stored(body.number, body.text), (body.name, body.currency or "")
        motion, state = book.of(UnderMotion).at(entered.seq), CHANGE_LIFE.after(None, body.KIND)
        change = RuleChange(body.change, entered.seq, entered.at_ms, key, stored, body.from_ms, motion, state)
        bylaws.changes[change.id], bylaws.coming[change.id] = change, None
        book.of(Agenda).put("bylaws", change.id, change.from_ms)
        return ()
    assert isinstance(body, RuleCame | RuleDropped)
    change = bylaws.changes[body.change]
    change.state = CHANGE_LIFE.after(change.state, body.KIND)
    del bylaws.coming[change.id]
    book.of(Agenda).put("bylaws", change.id, None)
    if isinstance(body, RuleDropped):
        change.reason = body.reason
    else:
        book.of(Decided).by_name[change.key] = Setting(entered.seq, entered.at_ms, change.stored)
        bylaws.note(change.key, RuleStep(entered.at_ms, change.stored, How.ANNOUNCED, change.motion))
    return ()


def note_set(book: Book, entered: Entered) -> Sequence[Posting]:
    """Keep in the history of a rule what was set at once."""
    body = entered.body
    assert isinstance(body, ParameterSet)
    step = RuleStep(entered.at_ms, Stored(body.number, body.text), How.SET, book.of(UnderMotion).at(entered.seq))
    book.of(Bylaws).note((body.name, body.currency or ""), step)
    return ()


def change_gate(desk: Desk, name: str, wish: ChangeRule) -> Motion | None:
    """Return on which terms the group changes a rule, None where a role does."""
    del wish
    found = find_parameter(desk.book, name)
    return None if isinstance(found, Refused) else bylaw_gate(desk.book, found[0])


def plan_change(desk: Desk, name: str, wish: ChangeRule) -> Plan | Refused:
    book = desk.book
    found = find_parameter(book, name)
    if isinstance(found, Refused):
        return found
    parameter, currency = found
    stored = wished_value(desk, parameter, currency, wish.value)
    if isinstance(stored, Refused):
        return stored
    from_ms = desk.now + notice_ms(book, parameter) if wish.starts is None else max(0, wish.starts)
    body = RuleAnnounced(desk.chance(16), parameter.name, currency, stored.number, stored.text, from_ms)
    refused = against_change(book, body, desk.now) or parameter.holds(book, stored_value(parameter, stored), currency)
    return refused or Plan(parameter_id(parameter.name, currency), (Write(body),))


def agenda(desk: Desk, row: bytes) -> Iterator[Plan]:
    """Yield what an hour brings: a change comes into force or is dropped; an emergency lapses."""
    bylaws = desk.book.of(Bylaws)
    change = bylaws.changes.get(row)
    if change is None:
        yield Plan("", (Write(EmergencyLapsed(row)),))
        return
    name, currency = change.key
    parameter, code = desk.book.parameters.get(name), currency or None
    refused = None
    if parameter is not None and parameter.of_currency is (code is not None):
        refused = parameter.holds(desk.book, stored_value(parameter, change.stored), code)
    yield Plan("", (Write(RuleCame(row) if refused is None else RuleDropped(row, refused.reason.code)),))


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    if isinstance(body, EmergencyCalled | EmergencyBacked | EmergencyLapsed):
        yield from emergencies.news(book, body)
        return
    assert isinstance(body, RuleAnnounced | RuleCame | RuleDropped)
    change = book.of(Bylaws).changes[body.change]
    word = "changed" if change.state is ChangeState.IN_FORCE else change.state.value
    name, currency = change.key
    yield News(f"bylaw.{word}", parameter_id(name, currency or None), tuple(book.members))
