# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a savings group says to a ledger: a cycle of two meetings, and what every node refuses of it."""

from dataclasses import replace
from typing import Any

from riacho import NODE, Riacho, hora

from protocol.book.money import Amount
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.credit.savings.entries import (
    CycleOpened,
    GroupFounded,
    JoinSavings,
    MeetingHeld,
    SavingsJoined,
    SavingsRow,
    SheetNoted,
    SheetSigned,
    SignSheet,
    meeting_id,
)
from protocol.practices.credit.savings.state import GROUPS, SavingsGroup
from protocol.practices.credit.savings.wishes import FoundGroup, HoldMeeting, NoteSheet, OpenCycle, RowTold
from protocol.practices.money.currencies.views import CloseCurrency, CreateCurrency
from protocol.practices.people.members.views import Approve, Suspend

NOTHING = bytes(16)
NOBODY = "X" * 16
HOLDERS = ("alda", "wila", "xica")


def savings(told: Riacho) -> None:
    """Three with the keys and one without save, lend and share out; the keys of two do."""
    told.admit("alda")
    for handle in (*HOLDERS[1:], "yara"):
        told.admit(handle, has_key=False)
    wish = FoundGroup("Tuesday", "HORA", hora(1_00), HOLDERS, shares_max=50, keys_needed=2)
    name = told.do("savings-groups.create", wish, who="alda").id
    group = _id(name)
    _refused_beginnings(told, group)
    for handle in (*HOLDERS, "yara"):
        _say(told, "savings-groups.join", JoinSavings(group, hora(60_00) if handle == "yara" else None), name, handle)
    told.do("savings-groups.open", OpenCycle(), name, "alda")
    told.refuse("a cycle that is open", CycleOpened(group, NOTHING), "STATE_CONFLICT")
    rows = (RowTold("alda", 40, social=hora(50)), RowTold("wila", 30, lent=hora(20_00)), RowTold("xica", 20))
    meeting = told.do("savings-meetings.create", NoteSheet(group, 1, rows), who="alda").id
    _refused_sheets(told, group)
    _hold(told, meeting, refusing=True)
    kept = told.world.nodes[NODE].replica.book.rows(GROUPS)[group]
    told.refuse("a share-out with an open loan", _sheet(kept, number=2, share_out=True), "CYCLE_NOT_CLEAR")
    again = told.do("savings-meetings.create", NoteSheet(group, 2, (RowTold("yara"),)), who="alda").id
    dropped = _id(again)
    rows = (RowTold("wila", repaid=hora(22_00)), RowTold("yara", 10, granted=hora(25)))
    last = told.do("savings-meetings.create", NoteSheet(group, 2, rows, share_out=True), who="alda").id
    told.refuse("a sheet that was dropped, booked", MeetingHeld(dropped), "STATE_CONFLICT")
    signs = SheetSigned(None, SignSheet(dropped, told.id_of("wila")))
    told.refuse("a sheet that was dropped, signed", signs, "STATE_CONFLICT")
    _hold(told, last)
    _in_a_closed_currency(told)


def _say(told: Riacho, operation: str, wish: Any, subject: str, who: str) -> None:
    """Let a member say it: alda by her key, the others by word."""
    brought = Brought(told.sign(operation, wish, "alda")) if who == "alda" else wish
    told.do(operation, brought, subject, who)


def _hold(told: Riacho, meeting: str, *, refusing: bool = False) -> None:
    name = _id(meeting)
    _say(told, "savings-meetings.sign", SignSheet(name), meeting, "alda")
    if refusing:
        _refused_keys(told, name)
    _say(told, "savings-meetings.sign", SignSheet(name), meeting, "wila")
    told.do("savings-meetings.hold", HoldMeeting(), meeting, "alda")


def _refused_beginnings(told: Riacho, group: bytes) -> None:
    """Refuse groups that cannot be, and who cannot join."""
    said = told.said(GroupFounded)
    fine = replace(said, group=NOTHING)
    told.refuse("a savings group that there is", said, "DUPLICATE")
    for says, changed, code in (
        ("in no currency", {"currency": "NADA"}, "CURRENCY_UNKNOWN"),
        ("in a closed currency", {"currency": "SOL"}, "CURRENCY_CLOSED"),
        ("of two key-holders", {"key_holders": said.key_holders[:2]}, "MALFORMED"),
        ("of nobody's keys", {"key_holders": (*said.key_holders[:2], NOBODY)}, "MEMBER_UNKNOWN"),
        ("of who has left", {"key_holders": (*said.key_holders[:2], told.id_of("tereza"))}, "MEMBER_NOT_ACTIVE"),
    ):
        told.refuse(f"a savings group {says}", replace(fine, **changed), code)
    told.admit("hector", has_key=False)
    told.leave("hector")
    told.refuse("a cycle of no group", CycleOpened(NOTHING, NOTHING), "NOT_FOUND")
    told.refuse("a cycle of a group whose key-holders have not joined", CycleOpened(group, NOTHING), "SAVER_UNKNOWN")
    yara, alda = told.id_of("yara"), told.id_of("alda")
    word = JoinSavings(group, None, yara)
    for says, changed, code in (
        ("of no group", {"group": NOTHING}, "NOT_FOUND"),
        ("of nobody", {"member": NOBODY}, "MEMBER_UNKNOWN"),
        ("by word of who has a key", {"member": alda}, "FORBIDDEN"),
        ("who lets nothing be taken", {"most": hora(0)}, "AMOUNT_NOT_POSITIVE"),
        ("who names another currency", {"most": Amount(1, "SOL", 0)}, "CURRENCY_MISMATCH"),
        ("with too many decimals", {"most": Amount(1, None, 3)}, "SCALE_EXCEEDED"),
        ("with too much", {"most": Amount(2**62, None, 0)}, "AMOUNT_TOO_LARGE"),
        ("of who has left", {"member": told.id_of("hector")}, "MEMBER_NOT_ACTIVE"),
    ):
        told.refuse(f"a saver {says}", SavingsJoined(None, replace(word, **changed)), code)
    told.refuse(
        "a saver whom another's key names",
        SavingsJoined(told.sign("savings-groups.join", word, "alda"), None),
        "FORBIDDEN",
    )


def _refused_sheets(told: Riacho, name: bytes) -> None:
    """Refuse sheets that do not stand."""
    group = told.world.nodes[NODE].replica.book.rows(GROUPS)[name]
    alda, wila, yara = (told.id_of(one) for one in ("alda", "wila", "yara"))
    fine = SavingsRow(alda, 1, 0, 0, 0, 0, 0, written_off=False)
    told.refuse("a sheet that there is", told.said(SheetNoted), "DUPLICATE")
    told.refuse("a sheet of no group", replace(_sheet(group, fine), group=NOTHING), "NOT_FOUND")
    told.refuse("a sheet of another cycle", replace(_sheet(group, fine), cycle=NOTHING), "STATE_CONFLICT")
    told.refuse("a sheet under a made-up id", replace(_sheet(group, fine), meeting=NOTHING), "MALFORMED")
    told.refuse("a sheet of a meeting to come", _sheet(group, fine, number=2), "STATE_CONFLICT")
    for says, row, code in (
        ("of who does not save", replace(fine, member=told.id_of("ana")), "SAVER_UNKNOWN"),
        ("with too many shares", replace(fine, shares=51), "SHEET_ROW_WRONG"),
        ("that pays back what nobody owes", replace(fine, repaid=1), "SHEET_ROW_WRONG"),
        ("that takes more than was agreed", replace(fine, member=yara, social=60_01), "SHEET_ROW_WRONG"),
        ("that lends more than there is", replace(fine, lent=1_01), "GROUP_FUND_SHORT"),
        ("that grants more than there is", replace(fine, granted=1), "GROUP_FUND_SHORT"),
    ):
        told.refuse(f"a sheet with a row {says}", _sheet(group, row), code)
    told.refuse("a sheet with a member twice", _sheet(group, fine, fine), "SHEET_ROW_WRONG")
    lent = replace(fine, member=wila, lent=1_00)
    told.refuse("a sheet that lends and shares out", _sheet(group, lent, share_out=True), "SHEET_ROW_WRONG")


def _sheet(group: SavingsGroup, *rows: SavingsRow, number: int = 1, share_out: bool = False) -> SheetNoted:
    name = meeting_id(group.id, group.cycle, number, rows, share_out=share_out)
    return SheetNoted(name, group.id, group.cycle, number, rows, share_out)


def _refused_keys(told: Riacho, name: bytes) -> None:
    """Refuse keys that do not open the box, and what is booked without them."""
    told.refuse("a meeting with one key of two", MeetingHeld(name), "KEYS_MISSING")
    told.refuse("a meeting that nobody has noted", MeetingHeld(NOTHING), "NOT_FOUND")
    word = SignSheet(name, told.id_of("wila"))
    for says, changed, code in (
        ("of no meeting", {"meeting": NOTHING}, "NOT_FOUND"),
        ("of nobody", {"member": NOBODY}, "MEMBER_UNKNOWN"),
        ("of who holds none", {"member": told.id_of("yara")}, "FORBIDDEN"),
    ):
        told.refuse(f"a key {says}", SheetSigned(None, replace(word, **changed)), code)
    again = SheetSigned(told.sign("savings-meetings.sign", SignSheet(name), "alda"), None)
    told.refuse("a key that was turned", again, "DUPLICATE")


def _in_a_closed_currency(told: Riacho) -> None:
    """A group whose currency closes, and whose member is suspended."""
    told.do("currencies.create", CreateCurrency("MEL", "Mel", Amount(100, None, 0), scale=0))
    for handle in (*HOLDERS, "yara"):
        told.do("members.approve", Approve("MEL"), handle)
    wish = FoundGroup("Friday", "MEL", Amount(1, None, 0), HOLDERS, keys_needed=2)
    name = told.do("savings-groups.create", wish, who="alda").id
    for handle in (*HOLDERS, "yara"):
        _say(told, "savings-groups.join", JoinSavings(_id(name)), name, handle)
    told.do("savings-groups.open", OpenCycle(), name, "alda")
    rows = (RowTold("yara", 1),)
    meeting = told.do("savings-meetings.create", NoteSheet(_id(name), 1, rows), who="alda").id
    told.do("members.suspend", Suspend(), "xica")
    told.refuse(
        "a key of who is suspended", SheetSigned(None, SignSheet(_id(meeting), told.id_of("xica"))), "MEMBER_NOT_ACTIVE"
    )
    for handle in ("alda", "wila"):
        _say(told, "savings-meetings.sign", SignSheet(_id(meeting)), meeting, handle)
    told.do("members.suspend", Suspend(), "yara")
    told.refuse("a meeting in which who is suspended pays", MeetingHeld(_id(meeting)), "MEMBER_NOT_ACTIVE")
    group = told.world.nodes[NODE].replica.book.rows(GROUPS)[_id(name)]
    other = _sheet(group, SavingsRow(told.id_of("yara"), 2, 0, 0, 0, 0, 0, written_off=False))
    told.refuse("a sheet on which who is suspended pays", other, "MEMBER_NOT_ACTIVE")
    told.do("currencies.close", CloseCurrency(), "MEL")
    told.refuse("a sheet in a closed currency", other, "CURRENCY_CLOSED")
    told.refuse("a meeting in a closed currency", MeetingHeld(_id(meeting)), "CURRENCY_CLOSED")


def _id(name: str) -> bytes:
    found = parse_uuid(name)
    assert found is not None
    return found
