# SPDX-License-Identifier: AGPL-3.0-or-later
"""What holds of pledges on every node, and what is planned of them at their home."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from protocol.book.agenda import Agenda
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, News, Plan, Write
from protocol.book.ledger import Posting
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    Stage,
    foremost,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Millis
from protocol.practices.chains.pledges.entries import (
    DRIVE_DAYS_MAX,
    DRIVE_VALUE_MAX,
    PLEDGES_MAX,
    DriveCalled,
    DriveMoved,
    DriveState,
    Pledged,
    PledgeKept,
    PledgesSaid,
)
from protocol.practices.chains.pledges.state import DRIVE_LIFE, DRIVES_MAX, Drive, Pledges, drive_of
from protocol.practices.chains.pledges.wishes import (
    CallDrive,
    CloseDrive,
    KeepPledge,
    OpenDrive,
    PledgePurchase,
)
from protocol.practices.chains.refusals import CHAIN_FULL
from protocol.practices.chains.supply import is_item, quantity_read
from protocol.practices.chains.telling import COORDINATORS, value_minor
from protocol.practices.chains.written import decimal_text
from protocol.practices.market.intents import PARTS_OF_UNIT
from protocol.practices.market.units import BY_CODE
from protocol.practices.people.authority import acts_for, speaks_as

PLEDGE_DRIVES = "pledge-drives"

PLEDGES_MISSING = Reason(
    "PLEDGES_MISSING",
    Stage.RULE,
    422,
    "There are not enough pledges yet",
    "It pays for itself from {needed} a month on; pledges count {counted}. Nothing was opened.",
    heading="Not yet: {missing} missing",
    ways=("ask more members to pledge: mutirao pledge-drives pledge", "lower what it costs, and call again"),
)
DRIVE_TOO_LONG = Reason(
    "DRIVE_TOO_LONG",
    Stage.RULE,
    422,
    "Pledges are collected for a year at most",
    "The last day has to lie ahead, by {maximum} days at most. Nothing was called for.",
    heading="Within {maximum} days",
    ways=("name an earlier day",),
)
PLEDGE_REFUSALS = (PLEDGES_MISSING, DRIVE_TOO_LONG)


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, PledgesSaid)
    refused = book.misplaced(entered) or pledge_refusal(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def pledge_refusal(book: Book, body: PledgesSaid, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if isinstance(body, DriveCalled):
        return _against_call(book, body, at_ms)
    drive = book.of(Pledges).by_id.get(body.drive)
    if drive is None:
        return refuse(NOT_FOUND)
    match body:
        case Pledged():
            return _against_pledge(book, drive, body)
        case DriveMoved():
            is_early = body.to is DriveState.LAPSED and at_ms < drive.said.until_ms
            if is_early or body.to not in DRIVE_LIFE.ends(drive.state, body.KIND):
                return refuse(STATE_CONFLICT, state=drive.state.value)
            return None
        case PledgeKept():
            if not 1 <= body.period % 100 <= 12:
                return refuse(MALFORMED, field="period", expected="a month, such as 202611")
            if body.member not in drive.pledges:
                return refuse(MEMBER_UNKNOWN, member=body.member)
            return DRIVE_LIFE.conflict(drive.state, body.KIND)


def _against_call(book: Book, body: DriveCalled, at_ms: Millis) -> Refused | None:
    if not is_item(body.item) or body.unit not in BY_CODE:
        return refuse(MALFORMED, field="item", expected="a code of CPC or words, and a unit")
    if body.drive in book.of(Pledges).by_id:
        return refuse(DUPLICATE)
    if body.starter not in book.members:
        return refuse(MEMBER_UNKNOWN, member=body.starter)
    is_near = at_ms < body.until_ms <= at_ms + DRIVE_DAYS_MAX * DAY_MS
    return foremost(
        book.members[body.starter].inactive(), None if is_near else refuse(DRIVE_TOO_LONG, maximum=DRIVE_DAYS_MAX)
    )


def _against_pledge(book: Book, drive: Drive, body: Pledged) -> Refused | None:
    if body.member not in book.members:
        return refuse(MEMBER_UNKNOWN, member=body.member)
    if not body.quantity and body.member not in drive.pledges:
        return refuse(NOT_FOUND)
    return foremost(DRIVE_LIFE.conflict(drive.state, body.KIND), book.members[body.member].inactive())


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, by_id = entered.body, book.of(Pledges).by_id
    assert isinstance(body, PledgesSaid)
    if isinstance(body, DriveCalled):
        by_id[body.drive] = Drive(body, entered.seq, DRIVE_LIFE.after(None, body.KIND))
        book.of(Agenda).put(PLEDGE_DRIVES, body.drive, body.until_ms)
        return ()
    drive = by_id[body.drive]
    match body:
        case Pledged():
            drive.state = DRIVE_LIFE.after(drive.state, body.KIND)
            drive.pledges.pop(body.member, None)
            if body.quantity:
                drive.pledges[body.member] = body.quantity
        case PledgeKept():
            drive.state = DRIVE_LIFE.after(drive.state, body.KIND)
            drive.kept[body.member, body.period] = drive.pledges[body.member], body.quantity
        case DriveMoved():
            drive.state = DRIVE_LIFE.after(drive.state, body.KIND, body.to)
            book.of(Agenda).put(PLEDGE_DRIVES, body.drive, None)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell all of what would open, its starter and pledgers of what comes of it, and a member of what it has kept."""
    body = entered.body
    assert isinstance(body, PledgesSaid)
    drive, name = book.of(Pledges).by_id[body.drive], uuid_text(body.drive)
    match body:
        case DriveCalled():
            yield News("pledge-drive.called", name, tuple(book.members))
        case Pledged():
            yield News("pledge-drive.pledged", name, (drive.said.starter, body.member))
        case DriveMoved():
            yield News(f"pledge-drive.{body.to.value}", name, (drive.said.starter, *drive.pledges))
        case PledgeKept():
            yield News("pledge.kept", name, (body.member,))


def agenda(desk: Desk, row: bytes) -> Iterator[Plan]:
    """End a drive whose last day has come."""
    del desk
    yield Plan(uuid_text(row), (Write(DriveMoved(row, DriveState.LAPSED)),))


def plan_call(desk: Desk, wish: CallDrive) -> Plan | Refused:
    book = desk.book
    starter, fixed, margin = speaks_as(desk, wish.member), value_minor(wish.fixed), value_minor(wish.margin)
    much = quantity_read(f"1 {wish.unit}")
    refused = foremost(*(one for one in (starter, fixed, margin, much) if isinstance(one, Refused)))
    if refused or isinstance(starter, Refused) or isinstance(much, Refused):
        return refused or refuse(NOT_FOUND)
    assert isinstance(fixed, int) and isinstance(margin, int)
    for field, value in (("fixed", fixed), ("margin", margin)):
        if not 0 < value <= DRIVE_VALUE_MAX:
            return refuse(MALFORMED, field=field, expected="an amount above zero")
    if sum(not DRIVE_LIFE.is_final(one.state) for one in book.of(Pledges).by_id.values()) >= DRIVES_MAX:
        return refuse(CHAIN_FULL, maximum=DRIVES_MAX)
    name = book.drawn(drawn_id(desk.chance))
    body = DriveCalled(name, starter.id, wish.item, much[1], fixed, margin, wish.until)
    return pledge_refusal(book, body, desk.now) or Plan(uuid_text(name), (Write(body),))


def plan_pledge(desk: Desk, name: str, wish: PledgePurchase) -> Plan | Refused:
    drive, member = drive_of(desk.book, name), speaks_as(desk, wish.member)
    refused = foremost(*(one for one in (drive, member) if isinstance(one, Refused)))
    if refused or isinstance(drive, Refused) or isinstance(member, Refused):
        return refused or refuse(NOT_FOUND)
    quantity = read_units(wish.quantity, drive)
    if isinstance(quantity, Refused):
        return quantity
    if member.id not in drive.pledges and len(drive.pledges) >= PLEDGES_MAX:
        return refuse(CHAIN_FULL, maximum=PLEDGES_MAX)
    body = Pledged(drive.said.drive, member.id, quantity)
    return pledge_refusal(desk.book, body, desk.now) or Plan(name, (Write(body),))


def read_units(text: str, drive: Drive) -> int | Refused:
    """Return a quantity in thousandths of a drive's unit: a number alone, or one with that unit."""
    number = text.strip()
    much = quantity_read(number if " " in number else f"{number} {drive.said.unit}")
    if isinstance(much, Refused):
        return much
    return much[0] if much[1] == drive.said.unit else refuse(MALFORMED, field="quantity", expected=drive.said.unit)


def plan_open(desk: Desk, name: str, wish: OpenDrive) -> Plan | Refused:
    del wish
    drive = _own_drive(desk, name)
    if isinstance(drive, Refused):
        return drive
    if refused := pledge_refusal(desk.book, DriveMoved(drive.said.drive, DriveState.OPEN), desk.now):
        return refused
    counted = desk.book.of(Pledges).counted(drive)
    if counted < drive.break_even:
        told = {"needed": drive.break_even, "counted": counted, "missing": drive.break_even - counted}
        return refuse(PLEDGES_MISSING, **{word: units_text(parts) for word, parts in told.items()})
    return Plan(name, (Write(DriveMoved(drive.said.drive, DriveState.OPEN)),))


def units_text(parts: int) -> str:
    """Return thousandths of a unit as they are read: 20, or 20.5."""
    text = decimal_text(Fraction(parts, PARTS_OF_UNIT), 3)
    return text.rstrip("0").rstrip(".")


def plan_close(desk: Desk, name: str, wish: CloseDrive) -> Plan | Refused:
    del wish
    drive = _own_drive(desk, name)
    if isinstance(drive, Refused):
        return drive
    body = DriveMoved(drive.said.drive, DriveState.CLOSED)
    return pledge_refusal(desk.book, body, desk.now) or Plan(name, (Write(body),))


def plan_keep(desk: Desk, name: str, wish: KeepPledge) -> Plan | Refused:
    drive = _own_drive(desk, name)
    if isinstance(drive, Refused):
        return drive
    member = desk.book.member_by_handle.get(wish.member, wish.member)
    quantity = read_units(wish.quantity, drive)
    if isinstance(quantity, Refused):
        return quantity
    body = PledgeKept(drive.said.drive, member, wish.period, quantity)
    return pledge_refusal(desk.book, body, desk.now) or Plan(name, (Write(body),))


def _own_drive(desk: Desk, name: str) -> Drive | Refused:
    drive = drive_of(desk.book, name)
    if isinstance(drive, Refused) or is_starter(desk, drive):
        return drive
    return refuse(FORBIDDEN, allowed="who would open it, and those who coordinate")


def is_starter(desk: Desk, drive: Drive) -> bool:
    """Tell whether somebody acts for who would open it, or coordinates."""
    return desk.actor.role in COORDINATORS or acts_for(desk.actor, desk.book.members[drive.said.starter])
