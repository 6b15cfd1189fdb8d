# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is planned of a savings group at its home: who may ask, and what a member's account can bear."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from protocol.book.accounts import account_id
from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Role, Write
from protocol.book.money import decimal, minor_of, payable
from protocol.book.personal import text_refusal
from protocol.book.refusals import (
    CURRENCY_UNKNOWN,
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said
from protocol.practices.credit.savings.entries import (
    SAVINGS_TITLE_CHARS_MAX,
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
from protocol.practices.credit.savings.refusals import SHEET_ROW_WRONG
from protocol.practices.credit.savings.rules import join_refusal, savings_refusal, sign_refusal
from protocol.practices.credit.savings.sheets import row_sums, row_wrong
from protocol.practices.credit.savings.state import GROUPS, MEETINGS, MeetingState, SavingsGroup
from protocol.practices.credit.savings.wishes import (
    CHARGE,
    FoundGroup,
    HoldMeeting,
    NoteSheet,
    OpenCycle,
    RowTold,
)
from protocol.practices.people.authority import acts_for

T = TypeVar("T", JoinSavings, SignSheet)
GROUP_COORDINATORS = frozenset({Role.STEWARD, Role.COMMITTEE})
FOUNDERS = frozenset({Role.MEMBER, *GROUP_COORDINATORS})


def plan_found(desk: Desk, wish: FoundGroup) -> Plan | Refused:
    book = desk.book
    currency = book.currencies.get(wish.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=wish.currency)
    share = minor_of(wish.share, currency.code, currency.scale)
    charge = CHARGE.read(wish.charge, currency.scale)
    refused = foremost(
        text_refusal("title", wish.title, SAVINGS_TITLE_CHARS_MAX),
        None if wish.title.strip() else refuse(MALFORMED, field="title", expected="a name"),
        payable(share) if isinstance(share, int) else share,
        None if charge is not None else refuse(MALFORMED, field="charge", expected=CHARGE.expected),
    )
    holders = [resolve_member(book, one) for one in wish.key_holders]
    refused = refused or next((one for one in holders if isinstance(one, Refused)), None)
    if refused:
        return refused
    assert isinstance(share, int) and charge is not None and charge.number is not None
    body = GroupFounded(
        book.drawn(drawn_id(desk.chance)), wish.title, currency.code, share, wish.shares_max, charge.number,
        wish.due_after, wish.every_days, tuple(one.id for one in holders if not isinstance(one, Refused)),
        wish.keys_needed,
    )  # fmt: skip
    return savings_refusal(book, body) or Plan(uuid_text(body.group), (Write(body),))


def plan_join(desk: Desk, name: str, said: Said[JoinSavings]) -> Plan | Refused:
    told = _told_by_word(desk, said)
    if isinstance(told, Refused):
        return told
    return join_refusal(desk.book, told) or Plan(name, (Write(SavingsJoined(*told.held)),))


def plan_sign(desk: Desk, name: str, said: Said[SignSheet]) -> Plan | Refused:
    told = _told_by_word(desk, said)
    if isinstance(told, Refused):
        return told
    return sign_refusal(desk.book, told) or Plan(name, (Write(SheetSigned(*told.held)),))


def _told_by_word(desk: Desk, said: Said[T]) -> Said[T] | Refused:
    """Return what is said, with the member by its id where it, or a steward for one without a key, tells it by word."""
    if said.signed is not None:
        return said
    address = desk.actor.member if said.wish.member is None else said.wish.member
    if address is None:
        return refuse(MALFORMED, field="member", expected="whose word it is")
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    if not acts_for(desk.actor, member):
        return refuse(FORBIDDEN, allowed="the member itself")
    return replace(said, wish=replace(said.wish, member=member.id))


def plan_open(desk: Desk, name: str, wish: OpenCycle) -> Plan | Refused:
    del wish
    group = group_for(desk, name)
    if isinstance(group, Refused):
        return group
    body = CycleOpened(group.id, desk.book.drawn(drawn_id(desk.chance)))
    return savings_refusal(desk.book, body) or Plan(name, (Write(body),))


def group_for(desk: Desk, name: str | bytes) -> SavingsGroup | Refused:
    """Return a group of which whoever asks may dispose: one of its own, or who coordinates."""
    group = desk.book.rows(GROUPS).get(parse_uuid(name) or b"" if isinstance(name, str) else name)
    if group is None:
        return refuse(NOT_FOUND)
    insiders = (*group.savers, *group.said.key_holders)
    if desk.actor.role in GROUP_COORDINATORS or desk.actor.member in insiders:
        return group
    return refuse(FORBIDDEN, allowed="members of the group, and those who coordinate")


def plan_note(desk: Desk, wish: NoteSheet) -> Plan | Refused:
    group = group_for(desk, wish.group)
    if isinstance(group, Refused):
        return group
    rows: list[SavingsRow] = []
    for number, told in enumerate(wish.rows, 1):
        row = _row(desk.book, group, number, told)
        if isinstance(row, Refused):
            return row
        rows.append(row)
    told = tuple(rows)
    name = meeting_id(group.id, group.cycle, wish.number, told, share_out=wish.share_out)
    known = desk.book.rows(MEETINGS).get(name)
    if known is not None and known.state is not MeetingState.DROPPED:
        return Plan(uuid_text(name))
    body = SheetNoted(name, group.id, group.cycle, wish.number, told, wish.share_out)
    refused = savings_refusal(desk.book, body) or _unbearable(desk.book, group, told)
    return refused or Plan(uuid_text(name), (Write(body),))


def _row(book: Book, group: SavingsGroup, number: int, told: RowTold) -> SavingsRow | Refused:
    """Return a row in minor units, or that it cannot be read: which row, and what of it."""

    def wrong(field: str, expected: str) -> Refused:
        return refuse(SHEET_ROW_WRONG, row=number, member=told.member, field=field, expected=expected)

    member = resolve_member(book, told.member)
    if isinstance(member, Refused):
        return wrong("member", "the handle of somebody who saves with the group")
    currency = book.currencies[group.said.currency]
    parts: list[int] = []
    for field in ("social", "fine", "repaid", "lent", "granted"):
        amount = getattr(told, field)
        minor = 0 if amount is None else minor_of(amount, currency.code, currency.scale)
        if isinstance(minor, Refused) or minor < 0:
            return wrong(field, f"an amount of {currency.code} with {currency.scale} decimals at most, not below zero")
        parts.append(minor)
    social, fine, repaid, lent, granted = parts
    return SavingsRow(member.id, told.shares, social, fine, repaid, lent, granted, told.written_off)


def _unbearable(book: Book, group: SavingsGroup, rows: Sequence[SavingsRow]) -> Refused | None:
    """Return which row takes more of an account than it may owe, or brings more than it may hold: the author alone."""
    currency = book.currencies[group.said.currency]
    for number, row in enumerate(rows, 1):
        account, net = book.ledger.accounts[account_id(row.member, currency.code)], row_sums(group, row).net
        if net < 0 and (refused := book.ledger.debit_refusal(account, -net)):
            bears = decimal(int(refused.figures["available"]), currency.scale)
            return row_wrong(book, number, row, "what is paid", f"at most {bears}, by the limit of the account")
        if net > 0 and (refused := book.ledger.credit_refusal(account, net)):
            bears = decimal(int(refused.figures["available"]), currency.scale)
            return row_wrong(book, number, row, "what is got", f"at most {bears}, by the ceiling of the account")
    return None


def plan_hold(desk: Desk, name: str, wish: HoldMeeting) -> Plan | Refused:
    del wish
    meeting = desk.book.rows(MEETINGS).get(parse_uuid(name) or b"")
    if meeting is None:
        return refuse(NOT_FOUND)
    group = group_for(desk, meeting.group)
    if isinstance(group, Refused):
        return group
    body = MeetingHeld(meeting.id)
    refused = savings_refusal(desk.book, body) or _unbearable(desk.book, group, meeting.rows)
    return refused or Plan(name, (Write(body),))
