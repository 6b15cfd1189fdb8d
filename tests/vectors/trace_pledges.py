# SPDX-License-Identifier: AGPL-3.0-or-later
"""What pledges say to a ledger: a drive that opens and closes, one that is given up, and what every node refuses."""

from dataclasses import replace

from riacho import DAY_MS, Riacho

from protocol.book.money import Amount
from protocol.book.signed import parse_uuid
from protocol.practices.chains.pledges.entries import (
    DriveCalled,
    DriveMoved,
    DriveState,
    Pledged,
    PledgeKept,
)
from protocol.practices.chains.pledges.wishes import CallDrive, CloseDrive, KeepPledge, OpenDrive, PledgePurchase

NOTHING = bytes(16)
NOBODY = "X" * 16
LONGEST_MS = 365 * DAY_MS


def pledges(told: Riacho) -> None:
    """Fixed costs of 600 and a margin of 1.50: 400 are pledged, it opens, half of them is bought."""
    call = CallDrive("soap", "kg", Amount(600), Amount(1_50, None, 2), told.world.now + 30 * DAY_MS)
    name, spare = (told.do("pledge-drives.create", call, who="wila").id for _ in range(2))
    drive, bia, gone = _id(name), told.id_of("bia"), told.id_of("tereza")
    said, now = told.said(DriveCalled, 0), told.world.now
    fine = replace(said, drive=NOTHING)
    told.refuse("a drive that there is", said, "DUPLICATE")
    told.refuse("a drive of nobody", replace(fine, starter=NOBODY), "MEMBER_UNKNOWN")
    told.refuse("a drive of who has left", replace(fine, starter=gone), "MEMBER_NOT_ACTIVE")
    told.refuse("a drive in no unit", replace(fine, unit="x"), "MALFORMED")
    told.refuse("a drive that is over at once", replace(fine, until_ms=now), "DRIVE_TOO_LONG")
    told.refuse("a drive for more than a year", replace(fine, until_ms=now + LONGEST_MS + 1), "DRIVE_TOO_LONG")
    for says, until in (("a moment", now + 1), ("a year", now + LONGEST_MS)):
        told.accept(f"a drive for {says}", replace(fine, until_ms=until))
    told.refuse("a pledge for no drive", Pledged(NOTHING, bia, 1), "NOT_FOUND")
    told.refuse("a pledge of nobody", Pledged(drive, NOBODY, 1), "MEMBER_UNKNOWN")
    told.refuse("a pledge of who has left", Pledged(drive, gone, 1), "MEMBER_NOT_ACTIVE")
    told.refuse("a pledge taken back that there is not", Pledged(drive, bia, 0), "NOT_FOUND")
    told.do("pledge-drives.pledge", PledgePurchase("400"), name, "bia")
    told.do("pledge-drives.pledge", PledgePurchase("5"), name, "wila")
    told.do("pledge-drives.pledge", PledgePurchase("0"), name, "wila")
    kept = PledgeKept(drive, bia, 202_611, 1)
    told.refuse("what is bought of no drive", replace(kept, drive=NOTHING), "NOT_FOUND")
    told.refuse("what is bought in a month 13", replace(kept, period=202_613), "MALFORMED")
    told.refuse("what one has bought that has not pledged", replace(kept, member=told.id_of("wila")), "MEMBER_UNKNOWN")
    told.refuse("what is bought before it is open", kept, "STATE_CONFLICT")
    told.refuse("no drive, open", DriveMoved(NOTHING, DriveState.OPEN), "NOT_FOUND")
    lapsed = DriveMoved(drive, DriveState.LAPSED)
    told.refuse("a drive that lapses before its day", lapsed, "STATE_CONFLICT", said.until_ms - 1)
    told.accept("a drive that lapses on its day", lapsed, said.until_ms)
    told.refuse("a drive that is not yet called for", DriveMoved(drive, DriveState.COLLECTING), "STATE_CONFLICT")
    told.do("pledge-drives.open", OpenDrive(), name, "wila")
    told.do("pledge-drives.keep", KeepPledge("bia", 202_611, "200"), name, "wila")
    told.do("pledge-drives.pledge", PledgePurchase("300"), name, "bia")
    for state in (DriveState.COLLECTING, DriveState.OPEN, DriveState.LAPSED):
        body = DriveMoved(drive, state)
        told.refuse(f"an open drive that is {state.value}", body, "STATE_CONFLICT", said.until_ms)
    told.do("pledge-drives.close", CloseDrive(), name, "wila")
    told.do("pledge-drives.close", CloseDrive(), spare, "wila")
    for state in DriveState:
        body = DriveMoved(drive, state)
        told.refuse(f"a closed drive that is {state.value}", body, "STATE_CONFLICT", said.until_ms)
    told.refuse("a pledge for a drive that is closed", Pledged(drive, bia, 1), "STATE_CONFLICT")
    told.refuse("what is bought of a drive that is closed", kept, "STATE_CONFLICT")


def _id(name: str) -> bytes:
    found = parse_uuid(name)
    assert found is not None
    return found
