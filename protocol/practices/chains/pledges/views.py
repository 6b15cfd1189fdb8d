# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members see of pledges: from how much on it pays, how much is pledged, and how much lacks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.declaration import At, Desk, Doc, Errand, Urgency
from protocol.book.money import Amount
from protocol.book.refusals import Refused
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.practices.chains.pledges.entries import DriveState
from protocol.practices.chains.pledges.rules import is_starter, units_text
from protocol.practices.chains.pledges.state import Drive, Pledges, drive_of
from protocol.practices.chains.pledges.wishes import DrivesWanted
from protocol.practices.chains.telling import shown_value
from protocol.practices.chains.written import share_text

DRIVE_SOON_MS = 14 * DAY_MS


@dataclass(frozen=True, slots=True)
class PledgeShown:
    """What a member would buy in a month."""

    member: Annotated[str, Doc("the member's handle")]
    quantity: Annotated[str, Doc("how much it has pledged")]
    kept: Annotated[str, Doc("which part of what it pledged before it has bought; 1 where nothing is known")]
    counts: Annotated[str, Doc("how much that counts")]


@dataclass(frozen=True, slots=True)
class DriveShown:
    """What a member would open, and whether it would pay for itself."""

    id: Annotated[str, Doc("its id")]
    starter: Annotated[str, Doc("who would open it, by handle")]
    item: Annotated[str, Doc("what it would make")]
    unit: Annotated[str, Doc("in which unit it is sold, by the code of UN/CEFACT")]
    fixed: Annotated[Amount, Doc("what it costs in a month, whatever it sells")]
    margin: Annotated[Amount, Doc("what a unit sold leaves")]
    state: Annotated[DriveState, Doc("collecting: pledges are collected; open; closed; lapsed: its day was over")]
    until: Annotated[At, Doc("until when pledges are collected")]
    break_even: Annotated[str, Doc("from how many units a month on it pays for itself: fixed by margin, rounded up")]
    pledged: Annotated[str, Doc("how much is pledged in a month")]
    counted: Annotated[str, Doc("how much that counts, by what members kept of earlier pledges")]
    missing: Annotated[str, Doc("how much lacks yet")]
    said: Annotated[str, Doc("the same in words: go, or not yet")]
    members: Annotated[int, Doc("how many have pledged")]
    own: Annotated[str | None, Doc("how much you have pledged; null: nothing")]
    pledges: Annotated[tuple[PledgeShown, ...], Doc("who has pledged what, for who would open it and who coordinates")]


def view_drive(desk: Desk, name: str) -> DriveShown | Refused:
    drive = drive_of(desk.book, name)
    return drive if isinstance(drive, Refused) else _shown(desk, drive)


def view_drives(desk: Desk, wanted: DrivesWanted, after: int) -> Iterable[tuple[int, DriveShown]]:
    found = [one for one in desk.book.of(Pledges).by_id.values() if wanted.state in (None, one.state.value)]
    return ((cursor, _shown(desk, one)) for cursor, one in since(found, after))


def _shown(desk: Desk, drive: Drive) -> DriveShown:
    book, said, pledges = desk.book, drive.said, desk.book.of(Pledges)
    counted = pledges.counted(drive)
    missing = max(0, drive.break_even - counted)
    own = drive.pledges.get(desk.actor.member or "")
    return DriveShown(
        id=uuid_text(said.drive),
        starter=book.members[said.starter].handle,
        item=said.item,
        unit=said.unit,
        fixed=shown_value(said.fixed),
        margin=shown_value(said.margin),
        state=drive.state,
        until=said.until_ms,
        break_even=units_text(drive.break_even),
        pledged=units_text(sum(drive.pledges.values())),
        counted=units_text(counted),
        missing=units_text(missing),
        said=f"not yet: {units_text(missing)} missing" if missing else "go",
        members=len(drive.pledges),
        own=None if own is None else units_text(own),
        pledges=tuple(_pledges(desk, drive)) if is_starter(desk, drive) else (),
    )


def _pledges(desk: Desk, drive: Drive) -> Iterator[PledgeShown]:
    for member, quantity in drive.pledges.items():
        kept = desk.book.of(Pledges).kept_by(member)
        handle = desk.book.members[member].handle
        yield PledgeShown(handle, units_text(quantity), share_text(kept), units_text(int(quantity * kept)))


def today(desk: Desk) -> Iterator[Errand]:
    """Yield what a member would open and can, and what it has pledged that is open by now."""
    member, pledges = desk.actor.member, desk.book.of(Pledges)
    for id, drive in pledges.by_id.items():
        item, is_go = drive.said.item, pledges.counted(drive) >= drive.break_even
        if drive.state is DriveState.COLLECTING and drive.said.starter == member and is_go:
            yield Errand(
                uuid_text(id), item, "pledge-drives.go", f"Enough is pledged: {item} can open", "pledge-drives.open",
                Urgency.WAITED_FOR, until_ms=drive.said.until_ms,
            )  # fmt: skip
        if drive.state is DriveState.OPEN and member in drive.pledges:
            yield Errand(
                uuid_text(id), item, "pledge-drives.buy", f"You have pledged to buy {item} each month",
                "pledge-drives.show", Urgency.NEWS, count=drive.pledges[member] // 1_000,
            )  # fmt: skip


def week(desk: Desk) -> Iterator[Errand]:
    """Yield what lapses soon without enough pledges."""
    pledges = desk.book.of(Pledges)
    for id, drive in pledges.by_id.items():
        missing = drive.break_even - pledges.counted(drive)
        is_soon = drive.said.until_ms <= desk.now + DRIVE_SOON_MS
        if drive.state is DriveState.COLLECTING and is_soon and missing > 0:
            item = drive.said.item
            yield Errand(
                uuid_text(id), item, "pledge-drives.missing", f"Pledges for {item} lack yet", "pledge-drives.show",
                Urgency.DATE, count=-(-missing // 1_000), until_ms=drive.said.until_ms,
            )  # fmt: skip
