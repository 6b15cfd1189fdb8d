# SPDX-License-Identifier: AGPL-3.0-or-later
"""Savings groups as members see them: terms for all, who has saved and owes what for their own people."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import READERS, At, Desk, Doc, Errand, Ref, RowsWanted, Urgency, Uuid
from protocol.book.money import Amount
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, Refused, refuse
from protocol.book.signed import Id16, parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.practices.credit.savings.entries import SavingsRow
from protocol.practices.credit.savings.state import (
    GROUPS,
    MEETINGS,
    CycleState,
    FundLoan,
    Meeting,
    MeetingState,
    SavingsGroup,
    keys_needed,
)
from protocol.practices.credit.savings.wishes import CHARGE

SOON_MS = 7 * DAY_MS
"""How long before a meeting it is told of."""


@dataclass(frozen=True, slots=True)
class SaverShown:
    """What a member has saved with a group in this cycle, and what it owes the group's fund."""

    member: Annotated[str, Doc("the handle")]
    shares: Annotated[int, Doc("how many shares it has bought")]
    saved: Annotated[Amount, Doc("what it has paid for them")]
    owes: Annotated[Amount, Doc("what of its loan is to be paid back, charge included")]
    due: Annotated[int | None, Doc("at which meeting that is due; null: it owes nothing")]
    late: Annotated[bool, Doc("whether that meeting was held already")]


@dataclass(frozen=True, slots=True)
class SavingsGroupShown:
    """A savings group: on which terms it saves and lends, what its funds hold, and who has saved what."""

    id: Annotated[str, Doc("its id")]
    title: Annotated[str, Doc("what it is called")]
    share: Annotated[Amount, Doc("what a share costs")]
    shares_max: Annotated[int, Doc("the most shares that one buys at one meeting")]
    charge: Annotated[str, Doc("the service charge of a loan, once, as a part of it")]
    due_after: Annotated[int, Doc("after how many meetings a loan is due")]
    key_holders: Annotated[tuple[str, ...], Doc("the handles of those who hold its keys")]
    keys_needed: Annotated[int, Doc("how many of them sign a sheet, so that it counts")]
    state: Annotated[CycleState | None, Doc("open: it saves; closed: it has shared out; null: it has not begun")]
    cycle: Annotated[int, Doc("how many cycles it has begun")]
    held: Annotated[int, Doc("how many meetings of this cycle were held")]
    next_at: Annotated[At | None, Doc("when it meets next; null while no cycle is open")]
    loan_fund: Annotated[Amount, Doc("what the loan fund holds now, without what is lent out")]
    lent_out: Annotated[Amount, Doc("what is lent out, charges included")]
    charges: Annotated[Amount, Doc("what service charges have brought in this cycle")]
    social_fund: Annotated[Amount, Doc("what the social fund holds, which stays when the cycle ends")]
    shares: Annotated[int, Doc("how many shares there are")]
    noted: Annotated[str | None, Doc("the meeting whose sheet waits for keys; null: none")]
    savers: Annotated[tuple[SaverShown, ...], Doc("who saves, shown to the group's own and to who coordinates")]


@dataclass(frozen=True, slots=True)
class SavingsGroupsWanted:
    """The savings groups that there are."""


@dataclass(frozen=True, slots=True)
class SavingsRowShown:
    """What one member has paid and got at a meeting."""

    member: Annotated[str, Doc("the handle")]
    shares: Annotated[int, Doc("how many shares it buys")]
    social: Annotated[Amount, Doc("what it pays into the social fund")]
    fine: Annotated[Amount, Doc("its fine")]
    repaid: Annotated[Amount, Doc("what it pays back of its loan")]
    lent: Annotated[Amount, Doc("what it is lent")]
    granted: Annotated[Amount, Doc("what it is granted of the social fund")]
    written_off: Annotated[bool, Doc("whether what is left of its loan is not asked for any more")]


@dataclass(frozen=True, slots=True)
class ShareOutShown:
    """What a share-out has brought to somebody."""

    member: Annotated[str, Doc("the handle")]
    amount: Annotated[Amount, Doc("how much")]


@dataclass(frozen=True, slots=True)
class SavingsMeetingShown:
    """The sheet of a meeting, and which key-holders have signed it."""

    id: Annotated[str, Doc("its id, which follows from all that the sheet says: whoever signs it signs the figures")]
    group: Annotated[str, Doc("the id of the group")]
    number: Annotated[int, Doc("the how-manieth meeting of the cycle it is")]
    state: Annotated[MeetingState, Doc("noted: it waits for keys; held: it is booked; dropped: another took its place")]
    rows: Annotated[tuple[SavingsRowShown, ...], Doc("what each member has paid and got")]
    share_out: Annotated[bool, Doc("whether the cycle ends with it")]
    signed: Annotated[tuple[str, ...], Doc("the handles of the key-holders who have signed it")]
    keys_needed: Annotated[int, Doc("how many have to")]
    shared: Annotated[tuple[ShareOutShown, ...], Doc("what the share-out has brought to whom")]
    noted_at: Annotated[At, Doc("when it was typed in")]
    held_at: Annotated[At | None, Doc("when it was booked; null: it was not")]


@dataclass(frozen=True, slots=True)
class SavingsMeetingsWanted:
    """The meetings of a savings group."""

    group: Annotated[Id16, Uuid, Ref("savings-groups"), Doc("the group")]


def is_seen(desk: Desk, group: SavingsGroup) -> bool:
    """Tell whether somebody may see who has saved what: its own people, and those who read all."""
    insiders = (*group.savers, *group.said.key_holders)
    return desk.actor.role in READERS or desk.actor.member in insiders


def view_group(desk: Desk, name: str) -> SavingsGroupShown | Refused:
    group = desk.book.rows(GROUPS).get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if group is None else group_shown(desk, group)


def view_groups(desk: Desk, wanted: SavingsGroupsWanted, after: int) -> Iterable[tuple[int, SavingsGroupShown]]:
    del wanted
    return ((cursor, group_shown(desk, group)) for cursor, group in desk.book.rows(GROUPS).since(after))


def group_shown(desk: Desk, group: SavingsGroup) -> SavingsGroupShown:
    """Return a group as whoever asks may see it."""
    book, said = desk.book, group.said

    def amount(minor: int) -> Amount:
        return book.amount(said.currency, minor)

    return SavingsGroupShown(
        id=uuid_text(group.id),
        title=said.title,
        share=amount(said.share),
        shares_max=said.shares_max,
        charge=CHARGE.show(said.charge, 0),
        due_after=said.due_after,
        key_holders=tuple(book.members[one].handle for one in said.key_holders),
        keys_needed=keys_needed(book, group),
        state=group.state,
        cycle=group.cycles,
        held=group.held,
        next_at=group.next_ms,
        loan_fund=amount(group.fund_minor),
        lent_out=amount(sum(loan.left_minor for _, loan in group.loans)),
        charges=amount(group.charges_minor),
        social_fund=amount(group.social_minor),
        shares=sum(saver.shares for saver in group.savers.values()),
        noted=None if group.noted is None else uuid_text(group.noted),
        savers=tuple(_savers(book, group)) if is_seen(desk, group) else (),
    )


def _savers(book: Book, group: SavingsGroup) -> Iterator[SaverShown]:
    for name, saver in group.savers.items():
        loan = saver.loan
        yield SaverShown(
            member=book.members[name].handle,
            shares=saver.shares,
            saved=book.amount(group.said.currency, saver.shares * group.said.share),
            owes=book.amount(group.said.currency, 0 if loan is None else loan.left_minor),
            due=None if loan is None else loan.due,
            late=loan is not None and loan.due <= group.held,
        )


def view_meeting(desk: Desk, name: str) -> SavingsMeetingShown | Refused:
    meeting = desk.book.rows(MEETINGS).get(parse_uuid(name) or b"")
    if meeting is None or not is_seen(desk, desk.book.rows(GROUPS)[meeting.group]):
        return refuse(NOT_FOUND)
    return _meeting_shown(desk.book, meeting)


def view_meetings(desk: Desk, wanted: SavingsMeetingsWanted, after: int, limit: int) -> RowsWanted | Refused:
    group = desk.book.rows(GROUPS).get(wanted.group)
    if group is None:
        return refuse(NOT_FOUND)
    if not is_seen(desk, group):
        return refuse(FORBIDDEN, allowed="members of the group, and those who coordinate")
    return RowsWanted(
        MEETINGS, after, limit, lambda meeting: _meeting_shown(desk.book, meeting), (("group", wanted.group),)
    )


def _meeting_shown(book: Book, meeting: Meeting) -> SavingsMeetingShown:
    group = book.rows(GROUPS)[meeting.group]
    code = group.said.currency
    return SavingsMeetingShown(
        id=uuid_text(meeting.id),
        group=uuid_text(group.id),
        number=meeting.number,
        state=meeting.state,
        rows=tuple(_row_shown(book, code, row) for row in meeting.rows),
        share_out=meeting.share_out,
        signed=tuple(book.members[one].handle for one in meeting.signed),
        keys_needed=keys_needed(book, group),
        shared=tuple(_share_shown(book, code, member, minor) for member, minor in meeting.shared),
        noted_at=meeting.at_ms,
        held_at=meeting.held_ms,
    )


def _share_shown(book: Book, code: str, member: str, minor: int) -> ShareOutShown:
    return ShareOutShown(book.members[member].handle, book.amount(code, minor))


def _row_shown(book: Book, code: str, row: SavingsRow) -> SavingsRowShown:
    amounts = (row.social, row.fine, row.repaid, row.lent, row.granted)
    social, fine, repaid, lent, granted = (book.amount(code, one) for one in amounts)
    handle = book.members[row.member].handle
    return SavingsRowShown(handle, row.shares, social, fine, repaid, lent, granted, row.written_off)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield a member's keys that are waited for, what it owes its groups' funds, and which of them meet soon."""
    member = desk.actor.member or ""
    for group in desk.book.rows(GROUPS).find("member", member):
        meeting = None if group.noted is None else desk.book.rows(MEETINGS)[group.noted]
        if meeting is not None and member in group.said.key_holders and member not in meeting.signed:
            title, name = group.said.title, uuid_text(meeting.id)
            yield Errand(
                name, title, "savings-groups.to_sign", f"The sheet of {title} waits for your key",
                "savings-meetings.sign", Urgency.WAITED_FOR, count=meeting.number,
            )  # fmt: skip
        if group.next_ms is None or group.next_ms > desk.now + SOON_MS:
            continue
        loan = group.savers[member].loan
        yield _due_errand(desk.book, group, loan if loan is not None and loan.due <= group.held + 1 else None)


def _due_errand(book: Book, group: SavingsGroup, loan: FundLoan | None) -> Errand:
    title, name = group.said.title, uuid_text(group.id)
    owes = 0 if loan is None else loan.left_minor
    said = f"{title} meets: your loan is due" if owes else f"{title} meets: a share costs"
    return Errand(
        name, title, "savings-groups.loan_due" if owes else "savings-groups.share_due", said, "savings-groups.show",
        Urgency.DATE, figure=book.amount(group.said.currency, owes or group.said.share), until_ms=group.next_ms,
    )  # fmt: skip


def week(desk: Desk) -> Iterator[Errand]:
    """Yield which groups meet soon or have not met, and whose loans are late."""
    groups = desk.book.rows(GROUPS)
    for group in groups.find("standing", "late"):
        late, title = group.late, group.said.title
        left = sum(loan.left_minor for _, loan in late)
        yield Errand(
            uuid_text(group.id), title, "savings-groups.late", f"Loans of {title} are late", "savings-groups.show",
            Urgency.WAITED_FOR, figure=desk.book.amount(group.said.currency, left), count=len(late),
        )  # fmt: skip
    for group in groups.due(desk.now + SOON_MS):
        title = group.said.title
        yield Errand(
            uuid_text(group.id), title, "savings-groups.meets", f"{title} meets", "savings-meetings.create",
            Urgency.DATE, count=group.held + 1, until_ms=group.next_ms,
        )  # fmt: skip
