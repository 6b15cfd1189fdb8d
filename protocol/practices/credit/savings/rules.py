# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a savings group may begin, meet and share out, and what that changes.

Who joins agrees by its own key that the sheets of the group's meetings debit its account, at most so much at each; a
sheet counts once enough key-holders have signed it. So no operator, and no one key-holder, moves a group's money.
"""

from collections.abc import Iterable, Sequence
from typing import assert_never

from protocol.book.accounts import account_id
from protocol.book.book import Book
from protocol.book.declaration import Entered, News
from protocol.book.ledger import Posting
from protocol.book.money import minor_of
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.credit.savings.entries import (
    KEY_HOLDERS,
    SAVERS_MAX,
    CycleOpened,
    GroupFounded,
    JoinSavings,
    MeetingHeld,
    SavingsJoined,
    SavingsSaid,
    SheetNoted,
    SheetSigned,
    SignSheet,
    meeting_id,
)
from protocol.practices.credit.savings.refusals import KEYS_MISSING, SAVER_UNKNOWN
from protocol.practices.credit.savings.sheets import book_share_out, book_sheet, sheet_refusal
from protocol.practices.credit.savings.state import (
    CYCLE_LIFE,
    GROUPS,
    MEETING_LIFE,
    MEETINGS,
    CycleState,
    Meeting,
    MeetingState,
    Saver,
    SavingsGroup,
    keys_needed,
)
from protocol.practices.people.authority import not_said_by


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, SavingsSaid)
    refused = book.misplaced(entered) or savings_refusal(book, entered.body)
    return refused.reason if refused else None


def savings_refusal(book: Book, body: Body) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    assert isinstance(body, SavingsSaid)
    match body:
        case GroupFounded():
            return _against_founding(book, body)
        case SavingsJoined():
            return join_refusal(book, said_in(book, body, JoinSavings))
        case CycleOpened(group_id, _):
            return _against_opening(book, group_id)
        case SheetNoted():
            return _against_sheet(book, body)
        case SheetSigned():
            return sign_refusal(book, said_in(book, body, SignSheet))
        case MeetingHeld(name):
            return _against_holding(book, name)
        case _:
            assert_never(body)


def _against_founding(book: Book, body: GroupFounded) -> Refused | None:
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    if body.group in book.rows(GROUPS):
        return refuse(DUPLICATE)
    if len(set(body.key_holders)) != KEY_HOLDERS:
        return refuse(MALFORMED, field="key_holders", expected=f"{KEY_HOLDERS} different members")
    for name in body.key_holders:
        member = book.members.get(name)
        if member is None:
            return refuse(MEMBER_UNKNOWN, member=name)
        if refused := member.inactive():
            return refused
    return refuse(CURRENCY_CLOSED, currency=body.currency) if currency.closed else None


def who_said(said: Said[JoinSavings] | Said[SignSheet]) -> str:
    """Return the id of who says it: of whose key signed it, or of whom the wish names."""
    return said.wish.member or "" if said.member is None else said.member.id


def join_refusal(book: Book, said: Said[JoinSavings]) -> Refused | None:
    """Return why somebody cannot save with a group."""
    group = book.rows(GROUPS).get(said.wish.group)
    if group is None:
        return refuse(NOT_FOUND)
    name = who_said(said)
    member = book.members.get(name)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=name)
    most = _most_minor(book, group, said.wish)
    refused = foremost(
        _of_another(said.wish.member, name),
        not_said_by(said, member, capped=False),
        member.inactive(),
        most if isinstance(most, Refused) else None,
    )
    if refused:
        return refused
    if account_id(name, group.said.currency) not in book.ledger.accounts:
        return refuse(ACCOUNT_UNKNOWN, member=member.handle)
    full = name not in group.savers and len(group.savers) >= SAVERS_MAX
    return refuse(STATE_CONFLICT, state="full") if full else None


def _of_another(named: str | None, name: str) -> Refused | None:
    return None if named in (None, name) else refuse(FORBIDDEN, allowed="the member itself")


def _most_minor(book: Book, group: SavingsGroup, wish: JoinSavings) -> int | Refused | None:
    if wish.most is None:
        return None
    currency = book.currencies[group.said.currency]
    minor = minor_of(wish.most, currency.code, currency.scale)
    return refuse(AMOUNT_NOT_POSITIVE) if isinstance(minor, int) and minor <= 0 else minor


def _against_opening(book: Book, name: bytes) -> Refused | None:
    group = book.rows(GROUPS).get(name)
    if group is None:
        return refuse(NOT_FOUND)
    if group.state is CycleState.OPEN:
        return refuse(STATE_CONFLICT, state="open")
    absent = next((one for one in group.said.key_holders if one not in group.savers), None)
    return None if absent is None else refuse(SAVER_UNKNOWN, member=book.members[absent].handle)


def _against_sheet(book: Book, body: SheetNoted) -> Refused | None:
    group = book.rows(GROUPS).get(body.group)
    if group is None:
        return refuse(NOT_FOUND)
    if group.state is not CycleState.OPEN or body.cycle != group.cycle:
        return refuse(STATE_CONFLICT, state="no open cycle of the group")
    if body.meeting != meeting_id(body.group, body.cycle, body.number, body.rows, share_out=body.share_out):
        return refuse(MALFORMED, field="meeting", expected="the id that follows from the sheet")
    known = book.rows(MEETINGS).get(body.meeting)
    if known is not None and known.state is not MeetingState.DROPPED:
        return refuse(DUPLICATE)
    if body.number != group.held + 1:
        return refuse(STATE_CONFLICT, state=f"meeting {group.held + 1} that comes next")
    return sheet_refusal(book, group, body.rows, share_out=body.share_out)


def sign_refusal(book: Book, said: Said[SignSheet]) -> Refused | None:
    """Return why somebody's key does not open the box for a sheet."""
    meeting = book.rows(MEETINGS).get(said.wish.meeting)
    if meeting is None:
        return refuse(NOT_FOUND)
    name = who_said(said)
    member = book.members.get(name)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=name)
    holds = name in book.rows(GROUPS)[meeting.group].said.key_holders
    return foremost(
        _of_another(said.wish.member, name),
        not_said_by(said, member, capped=False),
        None if holds else refuse(FORBIDDEN, allowed="the group's key-holders"),
        MEETING_LIFE.conflict(meeting.state, SheetSigned.KIND),
        refuse(DUPLICATE) if name in meeting.signed else None,
        member.inactive(),
    )


def _against_holding(book: Book, name: bytes) -> Refused | None:
    meeting = book.rows(MEETINGS).get(name)
    if meeting is None:
        return refuse(NOT_FOUND)
    conflict = MEETING_LIFE.conflict(meeting.state, MeetingHeld.KIND)
    if conflict:
        return conflict
    group = book.rows(GROUPS)[meeting.group]
    needed, signed = keys_needed(book, group), len(meeting.signed)
    if signed < needed:
        waits = ", ".join(book.members[one].handle for one in group.said.key_holders if one not in meeting.signed)
        return refuse(KEYS_MISSING, needed=needed, signed=signed, missing=needed - signed, who=waits)
    return sheet_refusal(book, group, meeting.rows, share_out=meeting.share_out)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, SavingsSaid)
    groups, meetings = book.rows(GROUPS), book.rows(MEETINGS)
    match body:
        case GroupFounded():
            groups.add(SavingsGroup(body, entered.seq))
        case SavingsJoined():
            said = said_in(book, body, JoinSavings)
            _join(book, groups.change(said.wish.group), said)
        case CycleOpened(name, cycle):
            _open(groups.change(name), cycle, body.KIND, entered.at_ms)
        case SheetNoted():
            _note(book, body, entered)
        case SheetSigned():
            said = said_in(book, body, SignSheet)
            meeting = meetings.change(said.wish.meeting)
            meeting.signed = (*meeting.signed, who_said(said))
        case MeetingHeld(name):
            return _hold(book, meetings.change(name), entered)
        case _:
            assert_never(body)
    return ()


def _join(book: Book, group: SavingsGroup, said: Said[JoinSavings]) -> None:
    most = _most_minor(book, group, said.wish)
    assert not isinstance(most, Refused)
    group.savers.setdefault(who_said(said), Saver(most)).most_minor = most


def _open(group: SavingsGroup, cycle: bytes, kind: str, at_ms: Millis) -> None:
    group.state = CYCLE_LIFE.after(None, kind)
    group.cycle, group.cycles, group.held = cycle, group.cycles + 1, 0
    group.next_ms = at_ms + group.said.every_days * DAY_MS


def _note(book: Book, body: SheetNoted, entered: Entered) -> None:
    group, meetings = book.rows(GROUPS).change(body.group), book.rows(MEETINGS)
    if group.noted is not None:
        former = meetings.change(group.noted)
        former.state = MEETING_LIFE.after(former.state, body.KIND)
    group.noted = body.meeting
    if body.meeting in meetings:
        again = meetings.change(body.meeting)
        again.state, again.signed = MEETING_LIFE.after(again.state, body.KIND), ()
        return
    meeting = Meeting(
        body.meeting, entered.seq, entered.at_ms, body.group, body.cycle, body.number, body.rows, body.share_out
    )
    meeting.state = MEETING_LIFE.after(None, body.KIND)
    meetings.add(meeting)


def _hold(book: Book, meeting: Meeting, entered: Entered) -> Sequence[Posting]:
    group = book.rows(GROUPS).change(meeting.group)
    kind = entered.body.KIND
    meeting.state, meeting.held_ms = MEETING_LIFE.after(meeting.state, kind), entered.at_ms
    group.noted, group.held = None, meeting.number
    group.next_ms = entered.at_ms + group.said.every_days * DAY_MS
    postings = book_sheet(group, meeting.rows, meeting.number)
    chosen = CycleState.CLOSED if meeting.share_out else CycleState.OPEN
    group.state = CYCLE_LIFE.after(group.state, kind, chosen)
    if meeting.share_out:
        shared, meeting.shared = book_share_out(book, group)
        postings += shared
        group.next_ms = None
    return postings


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, SavingsSaid)
    match body:
        case GroupFounded():
            yield News("savings-group.founded", uuid_text(body.group), body.key_holders)
        case SavingsJoined():
            said = said_in(book, body, JoinSavings)
            yield News("savings-group.joined", uuid_text(said.wish.group), (who_said(said),))
        case CycleOpened(name, _):
            yield News("savings-group.opened", uuid_text(name), tuple(book.rows(GROUPS)[name].savers))
        case SheetNoted():
            holders = book.rows(GROUPS)[body.group].said.key_holders
            yield News("savings-meeting.noted", uuid_text(body.meeting), holders)
        case SheetSigned():
            meeting = book.rows(MEETINGS)[said_in(book, body, SignSheet).wish.meeting]
            holders = book.rows(GROUPS)[meeting.group].said.key_holders
            yield News("savings-meeting.signed", uuid_text(meeting.id), holders, {"keys": len(meeting.signed)})
        case MeetingHeld(name):
            meeting = book.rows(MEETINGS)[name]
            yield News("savings-meeting.held", uuid_text(name), tuple(book.rows(GROUPS)[meeting.group].savers))
        case _:
            assert_never(body)
